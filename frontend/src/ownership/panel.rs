use guanxi_api::{OwnershipPeriod, Page as Rows};
use uuid::Uuid;
use yew::prelude::*;

use crate::api;
use crate::fetch::use_query;
use crate::i18n::{Msg, use_i18n};
use crate::labels::Label;
use crate::session::{may, right, use_me};
use crate::ui::{Badge, Button, ErrorPanel, Icon, Look, Panel, Skeleton, Tone, use_toasts};

#[derive(Properties, PartialEq, Clone)]
pub struct OwnershipPanelProps {
    pub id: Uuid,
    /// Of the customer: with another one there may be another owner.
    pub version: i64,
}

/// Who was responsible for a customer, and the signature of who is.
#[function_component]
pub fn OwnershipPanel(props: &OwnershipPanelProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let me = use_me();
    let id = props.id;
    let name = format!("ownership/of/{id}/{}", props.version);
    let query = use_query::<Rows<OwnershipPeriod>, _, _>(Some(name), move || async move {
        api::ownership::of_customer(id, "").await
    });
    let reload = query.reload.clone();
    let sign = cb!((reload, toasts), |_: MouseEvent| {
        spawn!((reload, toasts), {
            match api::ownership::sign(id).await {
                Ok(_) => toasts.say(i.t(Msg::OwnershipSigned)),
                Err(error) => toasts.fail(&error, i),
            }
            reload.emit(());
        });
    });
    let mine = me.as_ref().filter(|me| may(me, right::SIGN_OWNERSHIP)).map(|me| me.id);
    let line = |period: &OwnershipPeriod| {
        let to = period.to.map(|day| day.to_string()).unwrap_or_default();
        let open = period.to.is_none();
        let by = period.by.as_ref().map(|by| by.display_name.clone()).unwrap_or_default();
        html! {
            <li key={period.id.to_string()}>
                <span class="lines__main">
                    <b>{ &period.owner.display_name }</b>
                    <span class="small muted">{ format!("{} – {to}", period.from) }{ " · " }{ period.how.label(i) }{ if by.is_empty() { String::new() } else { format!(" · {by}") } }</span>
                    <span class="badges">
                        if let Some(day) = period.signed_on { <Badge tone={Tone::Good}>{ i.t(Msg::OwnershipSignedOn { day: &day.to_string() }) }</Badge> }
                        else if open { <Badge tone={Tone::Warning}>{ i.t(Msg::OwnershipUnsigned) }</Badge> }
                        if let Some(day) = period.lost_on { <Badge tone={Tone::Bad}>{ i.t(Msg::OwnershipLostDay { day: &day.to_string() }) }</Badge> }
                    </span>
                </span>
                if open && period.signed_on.is_none() && mine == Some(period.owner.id) {
                    <span class="lines__acts"><Button small=true look={Look::Primary} icon={Icon::Check} onclick={sign.clone()}>{ i.t(Msg::OwnershipSign) }</Button></span>
                }
            </li>
        }
    };
    html! {
        <Panel title={i.t(Msg::OwnershipRecord)} flush=true>
            { match (&query.remote.data, &query.remote.error) {
                (Some(rows), _) if rows.data.is_empty() => html! { <p class="combo__none">{ i.t(Msg::OwnershipNobody) }</p> },
                (Some(rows), _) => html! { <ul class="lines">{ for rows.data.iter().map(line) }</ul> },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::OwnershipFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                (None, None) => html! { <Skeleton bare=true rows=2 /> },
            } }
        </Panel>
    }
}
