use guanxi_api::{OwnershipPeriod, Page as Rows, StandIn, StandInState};
use uuid::Uuid;
use yew::prelude::*;

use crate::api;
use crate::fetch::use_query;
use crate::i18n::{Msg, use_i18n};
use crate::labels::Label;
use crate::session::{may, right, use_me};
use crate::ui::{Badge, Button, ErrorPanel, Icon, Look, Notice, Panel, Skeleton, Tone, use_toasts};

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
    let owner = query.remote.data.as_ref().and_then(|rows| {
        rows.data.first().filter(|period| period.to.is_none()).map(|period| period.owner.id)
    });
    html! {
        <Panel title={i.t(Msg::OwnershipRecord)} flush=true>
            if let Some(owner) = owner { <Away {owner} /> }
            { match (&query.remote.data, &query.remote.error) {
                (Some(rows), _) if rows.data.is_empty() => html! { <p class="combo__none">{ i.t(Msg::OwnershipNobody) }</p> },
                (Some(rows), _) => html! { <ul class="lines">{ for rows.data.iter().map(line) }</ul> },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::OwnershipFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                (None, None) => html! { <Skeleton bare=true rows=2 /> },
            } }
        </Panel>
    }
}

#[derive(Properties, PartialEq)]
struct AwayProps {
    owner: Uuid,
}

/// Who stands in for an owner who is away today.
#[function_component]
fn Away(props: &AwayProps) -> Html {
    let i = use_i18n();
    let me = use_me();
    let sees = me.as_ref().is_some_and(|me| may(me, right::VIEW_STAND_INS));
    let today = i.today();
    let filter = format!(
        "absent_user_id eq \"{}\" and from le \"{today}\" and until ge \"{today}\" and cancelled eq false",
        props.owner
    );
    let key = sees.then(|| format!("stand-ins/for/{}", props.owner));
    let found =
        use_query::<Rows<StandIn>, _, _>(
            key,
            move || async move { api::ownership::stand_ins(&filter, "").await },
        );
    let active =
        found.remote.data.as_ref().and_then(|rows| {
            rows.data.iter().find(|stand_in| stand_in.state == StandInState::Active).cloned()
        });
    match active {
        Some(stand_in) => html! {
            <Notice tone="info">{ i.t(Msg::StandInNow { name: &stand_in.absent.display_name, day: &stand_in.until.to_string(), other: &stand_in.stand_in.display_name }) }</Notice>
        },
        None => html!(),
    }
}
