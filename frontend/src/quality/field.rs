use guanxi_api::{AuditEntry, Customer, FieldConflict, FieldSource, Page};
use yew::prelude::*;

use super::{Decide, words};
use crate::api::{self, Tagged};
use crate::audit::{HistoryPages, Reading};
use crate::customers::Subject;
use crate::fetch::use_renewed;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::session::{may, right};
use crate::ui::{Button, Dialog, Icon, Look, Notice, Shape, use_toasts};

#[derive(Properties, PartialEq, Clone)]
pub struct FieldDialogProps {
    pub subject: Subject,
    /// Name of the member of the customer.
    pub field: AttrValue,
    pub label: AttrValue,
    /// Its value in words.
    pub value: AttrValue,
    /// What another system says instead.
    pub conflicts: Vec<FieldConflict>,
    /// A conflict was resolved.
    pub onresolve: Callback<()>,
    pub onclose: Callback<()>,
}

/// Whose word a field is, who has checked it, what another system says, and how it came to be what it is.
#[function_component]
pub fn FieldDialog(props: &FieldDialogProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let busy = use_state(|| false);
    let subject = &props.subject;
    let (id, version) = (subject.id, subject.customer().version);
    let told = use_renewed(format!("customer/{id}/fields"), version.to_string(), move || {
        api::customers::field_sources(id)
    });
    let sources = told.remote.data.as_deref().map(|told| told.fields.as_slice()).unwrap_or_default();
    // None for a field that nobody ever filled.
    let source = sources.iter().find(|source| *source.field == *props.field);
    let verified = source.is_some_and(|source| source.verified_at.is_some());
    let set = {
        let (subject, field) = (subject.clone(), props.field.clone());
        cb!((busy, toasts, subject, field), |_: MouseEvent| {
            if *busy {
                return;
            }
            busy.set(true);
            spawn!((busy, toasts, subject, field), {
                match verify(&subject, &field, !verified).await {
                    Ok(changed) => subject.set.emit(changed),
                    Err(error) => toasts.fail(&error, i),
                }
                busy.set(false);
            });
        })
    };
    let read = use_callback((id, props.field.clone()), |cursor: String, (id, field)| {
        let (id, field) = (*id, field.clone());
        Box::pin(async move {
            let mut page = api::customers::field_history(id, &field, &cursor).await?;
            // What else the same entry has changed is in the history of the customer.
            page.data.iter_mut().for_each(|entry| entry.changes.retain(|change| change.field == *field));
            Ok(page)
        }) as Reading<Page<AuditEntry>>
    });
    let close = props.onclose.clone();
    let filled = source.is_some();
    let footer = html! {
        <>
            <Button onclick={move |_| close.emit(())}>{ i.t(Msg::CommonClose) }</Button>
            if subject.may_edit() && filled {
                <Button look={if verified { Look::Plain } else { Look::Primary }} icon={Icon::BadgeCheck} busy={*busy} onclick={set}>
                    { i.t(if verified { Msg::FieldUnverify } else { Msg::FieldVerify }) }
                </Button>
            }
        </>
    };
    let decides = may(&subject.me, right::EDIT_CUSTOMERS);
    html! {
        <Dialog title={props.label.clone()} shape={Shape::Wide} onclose={props.onclose.clone()} {footer}>
            <dl class="details">
                <dt>{ i.t(Msg::FieldValue) }</dt><dd>{ if props.value.is_empty() { i.t(Msg::CommonNone) } else { props.value.clone() } }</dd>
                if let Some(source) = source { { source_facts(source, i) } }
            </dl>
            { for props.conflicts.iter().map(|conflict| html! {
                <Notice tone="warn" key={conflict.id.to_string()}>
                    <p>{ i.t(Msg::ConflictsSays { system: &conflict.system, value: &words(&conflict.field, conflict.offered.as_ref(), i).1 }) }</p>
                    if decides { <Decide conflict={conflict.clone()} ondone={props.onresolve.clone()} /> }
                </Notice>
            }) }
            if may(&subject.me, right::VIEW_CUSTOMER_HISTORY) {
                <h3>{ i.t(Msg::CustomerHistory) }</h3>
                <HistoryPages name={format!("customer/{id}/field/{}/{}", props.field, subject.customer().version)} {read}
                    words={Callback::from(move |(field, value): (String, serde_json::Value)| words(&field, Some(&value), i))} />
            }
        </Dialog>
    }
}

fn source_facts(source: &FieldSource, i: I18n) -> Html {
    let mut from = source.source.label(i).to_string();
    if let Some(system) = &source.system {
        from = format!("{from} ({system})");
    }
    let by = |at, who: &Option<guanxi_api::UserRef>| {
        let who = who.as_ref().map(|user| user.display_name.as_str()).unwrap_or_default();
        html! { <>{ i.minute(at) }{ " " }<span class="name">{ who }</span></> }
    };
    html! {
        <>
            <dt>{ i.t(Msg::FieldFrom) }</dt><dd>{ from }</dd>
            <dt>{ i.t(Msg::FieldSetAt) }</dt><dd>{ by(source.set_at, &source.set_by) }</dd>
            <dt>{ i.t(Msg::FieldVerified) }</dt>
            <dd>
                { match source.verified_at {
                    Some(at) => by(at, &source.verified_by),
                    None => html! { <span class="muted">{ i.t(Msg::FieldNotVerified) }</span> },
                } }
            </dd>
        </>
    }
}

/// Verifies the newest version, as long as the value is the one that is shown.
async fn verify(subject: &Subject, field: &str, verified: bool) -> Result<Tagged<Customer>, api::ApiError> {
    api::customers::verify(subject.id, subject.etag(), field, verified).await
}
