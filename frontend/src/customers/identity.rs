use guanxi_api::{
    CustomerKind, CustomerPatch, ExternalId, ExternalIdValue, IdentityDocument, IdentityKind, ProfilePiece,
};
use yew::prelude::*;

use super::completeness::Wanted;
use super::page::{Subject, SubjectProps, WantedProps};
use super::reveal::Secret;
use crate::api;
use crate::checks::Errors;
use crate::draft::{use_draft, use_seen, values};
use crate::form::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::ui::{Button, Dialog, Icon, IconButton, Look, Panel, Select, TextField, use_toasts};

/// The kinds of document that a kind of customer has.
pub fn identity_kinds(kind: CustomerKind, i: I18n) -> Vec<(AttrValue, AttrValue)> {
    let mut kinds = options::<IdentityKind>(i);
    let code = IdentityKind::UnifiedSocialCreditCode.as_str();
    match kind {
        CustomerKind::Person => kinds.retain(|(c, _)| c != code),
        CustomerKind::Organisation => kinds.retain(|(c, _)| c == code || c == IdentityKind::Other.as_str()),
    }
    kinds
}

/// The identity document, its number masked.
#[function_component]
pub fn IdentityPanel(props: &WantedProps) -> Html {
    let i = use_i18n();
    let open = use_state(|| false);
    use_effect_with(*props.wanted, {
        let (open, wanted) = (open.clone(), props.wanted.clone());
        move |now: &Wanted| {
            if now.piece == Some(ProfilePiece::Identity) {
                open.set(true);
                wanted.set(Wanted::default());
            }
        }
    });
    let subject = &props.subject;
    let customer = subject.customer();
    let start = cb!((open), |_: MouseEvent| open.set(true));
    let close = cb!((open), |()| open.set(false));
    let (icon, label) = match customer.identity {
        Some(_) => (Icon::Pencil, Msg::IdentityEdit),
        None => (Icon::Plus, Msg::IdentityAdd),
    };
    let actions = html! { if subject.may_edit() { <IconButton small=true {icon} label={i.t(label)} onclick={start} /> } };
    html! {
        <Panel title={i.t(Msg::IdentityTitle)} {actions} flush=true>
            if let Some(identity) = &customer.identity {
                <ul class="lines"><li>
                    { Icon::IdCard.draw() }
                    <span class="lines__main">
                        <Secret customer={subject.id} field="identity" name={identity.kind.label(i)} masked={identity.number.clone()} />
                        <span class="small muted">{ identity.kind.label(i) }</span>
                    </span>
                </li></ul>
            } else {
                <p class="combo__none">{ i.t(Msg::IdentityNone) }</p>
            }
            if *open { <IdentityDialog subject={subject.clone()} onclose={close} /> }
        </Panel>
    }
}

#[derive(Properties, PartialEq)]
struct IdentityDialogProps {
    subject: Subject,
    onclose: Callback<()>,
}

/// A document in words, its number masked.
fn said(identity: Option<&IdentityDocument>, i: I18n) -> String {
    identity.map(|identity| format!("{} {}", identity.kind.label(i), identity.number)).unwrap_or_default()
}

#[function_component]
fn IdentityDialog(props: &IdentityDialogProps) -> Html {
    let i = use_i18n();
    let subject = &props.subject;
    let kinds = identity_kinds(subject.customer().kind, i);
    let first = kinds.first().and_then(|(code, _)| by_code(code)).unwrap_or(IdentityKind::Other);
    let kind = use_state(|| subject.customer().identity.as_ref().map_or(first, |identity| identity.kind));
    let number = use_state(String::new);
    let onclose = &props.onclose;
    let form = use_form(onclose.clone());
    let seen = use_seen(&*subject.tagged);
    let draft = use_draft(values([("/identity", said(seen.value.identity.as_ref(), i))]));
    let send = cb!((subject, form, seen), |identity: Option<IdentityDocument>| {
        let patch = CustomerPatch { identity: Some(identity), ..CustomerPatch::default() };
        let found = Errors::check(&patch, i);
        let (subject, seen) = (subject.clone(), seen.clone());
        form.send(found, async move {
            let change = api::customers::patch(subject.id, &seen.etag, &patch);
            subject.set.emit(seen.save(change, subject.newest()).await?);
            Ok(())
        });
    });
    let onsubmit = cb!((send, kind, number), |event: SubmitEvent| {
        event.prevent_default();
        send.emit(Some(IdentityDocument { kind: *kind, number: number.trim().to_owned() }));
    });
    let remove = cb!((send), |_: MouseEvent| send.emit(None));
    html! {
        <Dialog title={i.t(Msg::IdentityTitle)} onclose={onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.standing(&form, &["/identity", "/identity/number"], onclose, |_, value| (i.t(Msg::IdentityTitle), value.to_owned().into())) }
                <Select id="identity-kind" label={i.t(Msg::IdentityKindLabel)} options={kinds} value={kind.code()}
                    onchange={cb!((kind), |code: String| kind.set(by_code(&code).unwrap_or(*kind)))} />
                <TextField id="identity-number" label={i.t(Msg::IdentityNumber)} value={(*number).clone()} oninput={cb!((number), |text| number.set(text))}
                    error={form.at("/identity/number").or_else(|| form.at("/identity"))} required=true autofocus=true hint={i.t(Msg::IdentityHint)} />
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button>
                    if seen.value.identity.is_some() { <Button look={Look::Quiet} icon={Icon::Trash} onclick={remove}>{ i.t(Msg::CommonRemove) }</Button> }
                </div>
            </form>
        </Dialog>
    }
}

/// The customer's keys in other systems.
#[function_component]
pub fn ExternalIdPanel(props: &SubjectProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let open = use_state(|| false);
    let subject = &props.subject;
    let edit = subject.may_edit();
    let start = cb!((open), |_: MouseEvent| open.set(true));
    let close = cb!((open), |()| open.set(false));
    let actions = html! { if edit { <IconButton small=true icon={Icon::Plus} label={i.t(Msg::ExternalAdd)} onclick={start} /> } };
    let line = |external: &ExternalId| {
        let source = &external.source;
        let remove = cb!((subject, toasts, source), |_: MouseEvent| {
            spawn!((subject, toasts, source), {
                match api::customers::remove_external_id(subject.id, subject.etag(), &source).await {
                    Ok(tagged) => {
                        subject.set.emit(tagged);
                        toasts.say(i.t(Msg::ExternalRemoved));
                    }
                    Err(error) => {
                        toasts.fail(&error, i);
                        subject.reload.emit(());
                    }
                }
            });
        });
        html! {
            <li key={source.clone()}>
                <span class="lines__main"><span class="mono">{ &external.id }</span><span class="small muted">{ source }</span></span>
                if edit { <span class="lines__acts"><IconButton small=true icon={Icon::Trash} label={i.t(Msg::ExternalRemove { source })} onclick={remove} /></span> }
            </li>
        }
    };
    let ids = &subject.customer().external_ids;
    html! {
        <Panel title={i.t(Msg::ExternalTitle)} {actions} flush=true>
            if ids.is_empty() {
                <p class="combo__none">{ i.t(Msg::ExternalNone) }</p>
            } else {
                <ul class="lines">{ for ids.iter().map(line) }</ul>
            }
            if *open { <ExternalIdDialog subject={subject.clone()} onclose={close} /> }
        </Panel>
    }
}

#[function_component]
fn ExternalIdDialog(props: &IdentityDialogProps) -> Html {
    let i = use_i18n();
    let source = use_state(String::new);
    let value = use_state(String::new);
    let (subject, onclose) = (&props.subject, &props.onclose);
    let form = use_form(onclose.clone());
    let seen = use_seen(&*subject.tagged);
    let keys = seen.value.external_ids.iter().map(|key| format!("{} {}", key.source, key.id));
    let draft = use_draft(values([("/external_ids", keys.collect::<Vec<_>>().join(", "))]));
    let onsubmit = cb!((subject, source, value, form, seen), |event: SubmitEvent| {
        event.prevent_default();
        let whole = ExternalId { source: source.trim().to_owned(), id: value.trim().to_owned() };
        let (subject, seen) = (subject.clone(), seen.clone());
        form.send(Errors::check(&whole, i), async move {
            let body = ExternalIdValue { id: whole.id };
            let change = api::customers::set_external_id(subject.id, &seen.etag, &whole.source, &body);
            subject.set.emit(seen.save(change, subject.newest()).await?);
            Ok(())
        });
    });
    html! {
        <Dialog title={i.t(Msg::ExternalAdd)} onclose={onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.standing(&form, &["/source", "/id"], onclose, |_, value| (i.t(Msg::ExternalTitle), value.to_owned().into())) }
                <TextField id="external-source" label={i.t(Msg::ExternalSource)} value={(*source).clone()} oninput={cb!((source), |text| source.set(text))}
                    error={form.at("/source")} hint={i.t(Msg::ExternalSourceHint)} required=true autofocus=true />
                <TextField id="external-id" label={i.t(Msg::ExternalId)} value={(*value).clone()} oninput={cb!((value), |text| value.set(text))}
                    error={form.at("/id")} required=true />
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}
