use guanxi_api::{Handover, HandoverAnswer, HandoverAnswerState, HandoverItem, HandoverLine, HandoverState};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::handovers::state_badge;
use super::pages::use_pages;
use crate::api::{self, Tagged};
use crate::checks::Errors;
use crate::draft::{Values, use_draft, use_seen, values};
use crate::fetch::{self, use_query};
use crate::form::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, ConfirmDialog, Dialog, EmptyState, ErrorPanel, HelpNote, Icon, Link, Look, Page, Panel,
    Skeleton, TextField, TierMark, Time, Tone, use_toasts,
};

#[derive(Properties, PartialEq)]
pub struct HandoverPageProps {
    pub id: Uuid,
}

/// One handover: who takes what, and the sheet.
#[function_component]
pub fn HandoverPage(props: &HandoverPageProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let id = props.id;
    let me = use_me();
    let declining = use_state(|| false);
    let cancelling = use_state(|| false);
    let query = use_query::<Tagged<Handover>, _, _>(Some(format!("handover/{id}")), move || {
        api::ownership::handover(id)
    });
    let Some(tagged) = query.remote.data.clone() else {
        return html! {
            <Page title={i.t(Msg::HandoverTitle)}>
                { match &query.remote.error {
                    Some(error) if error.is_missing() => html! { <EmptyState icon={Icon::Users} title={i.t(Msg::HandoverMissing)} /> },
                    Some(error) => html! { <ErrorPanel what={i.t(Msg::OwnershipFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                    None => html! { <Skeleton bare=true rows=8 /> },
                } }
            </Page>
        };
    };
    let handover = tagged.value.clone();
    let etag = tagged.etag.clone();
    let (set, reload) = (query.set.clone(), query.reload.clone());
    let mine = me.as_ref().filter(|me| may(me, right::ANSWER_HANDOVERS)).map(|me| me.id);
    let waits = handover.state == HandoverState::Proposed
        && handover.to.iter().any(|to| Some(to.user.id) == mine && to.state == HandoverAnswerState::Waiting);
    let begun = handover.moved + handover.skipped > 0;
    let cancels = me.as_ref().is_some_and(|me| may(me, right::PROPOSE_HANDOVERS))
        && matches!(handover.state, HandoverState::Proposed | HandoverState::Accepted)
        && !begun;
    let settled = cb!((set, reload, toasts), |done: Result<Tagged<Handover>, api::ApiError>| {
        match done {
            Ok(now) => {
                set.emit(now);
                toasts.say(i.t(Msg::HandoverSaved));
            }
            Err(error) => {
                toasts.fail(&error, i);
                reload.emit(());
            }
        }
        fetch::forget("handovers?");
    });
    let accept = cb!((settled, etag), |_: MouseEvent| {
        spawn!((settled, etag), {
            let said = HandoverAnswer { accepts: true, reason: None };
            settled.emit(api::ownership::answer(id, &etag, &said).await);
        });
    });
    let cancel = cb!((settled, etag, cancelling), |()| {
        cancelling.set(false);
        spawn!((settled, etag), {
            settled.emit(api::ownership::cancel(id, &etag).await);
        });
    });
    let declined = cb!((settled, declining), |now: Tagged<Handover>| {
        declining.set(false);
        settled.emit(Ok(now));
    });
    let print = Callback::from(|_: MouseEvent| crate::dom::print());
    let actions = html! {
        <>
            <Button icon={Icon::ScrollText} onclick={print}>{ i.t(Msg::HandoverPrint) }</Button>
            if cancels { <Button onclick={cb!((cancelling), |_: MouseEvent| cancelling.set(true))}>{ i.t(Msg::HandoverCancel) }</Button> }
            if waits {
                <Button onclick={cb!((declining), |_: MouseEvent| declining.set(true))}>{ i.t(Msg::HandoverDecline) }</Button>
                <Button look={Look::Primary} icon={Icon::Check} onclick={accept}>{ i.t(Msg::HandoverAccept) }</Button>
            }
        </>
    };
    let title = i.t(Msg::HandoverOf { name: &handover.from.display_name });
    let heading = html! {
        <h1><span class="header__title"><span>{ &title }</span>{ state_badge(handover.state, i) }</span></h1>
    };
    let receiver = |to: &guanxi_api::HandoverReceiver| {
        let tone = match to.state {
            HandoverAnswerState::Waiting => Tone::Warning,
            HandoverAnswerState::Accepted => Tone::Good,
            HandoverAnswerState::Declined => Tone::Bad,
        };
        html! {
            <li key={to.user.id.to_string()}>
                <span class="lines__main">
                    <b>{ &to.user.display_name }</b>
                    <span class="small muted">{ i.t(Msg::HandoverTakes { count: &i.number(to.customers) }) }{ to.filter.as_ref().map(|filter| format!(" · {filter}")).unwrap_or_default() }</span>
                    if let Some(reason) = &to.reason { <span class="small">{ reason }</span> }
                </span>
                <Badge {tone}>{ to.state.label(i) }</Badge>
            </li>
        }
    };
    html! {
        <Page title={title.clone()} {heading} {actions}>
            <div class="header__facts">
                <span>{ i.t(Msg::HandoverReason) }{ " " }<b>{ handover.reason.label(i) }</b></span>
                <span>{ i.t(Msg::HandoverOn) }{ " " }<b>{ handover.effective_on.to_string() }</b></span>
                <span>{ i.t(Msg::HandoverDays) }{ " " }<b>{ i.number(u32::from(handover.double_access_days)) }</b></span>
                <span>{ i.t(Msg::HandoverCustomers) }{ " " }<b>{ i.number(handover.customers) }</b></span>
                <span>{ i.t(Msg::HandoverMoved) }{ " " }<b>{ i.number(handover.moved) }</b></span>
                if handover.skipped > 0 { <span>{ i.t(Msg::HandoverSkipped) }{ " " }<b>{ i.number(handover.skipped) }</b></span> }
                if handover.remaining > 0 { <span>{ i.t(Msg::HandoverRemaining) }{ " " }<b>{ i.number(handover.remaining) }</b></span> }
                if let Some(by) = &handover.proposed_by { <span>{ i.t(Msg::HandoverBy) }{ " " }<b>{ &by.display_name }</b></span> }
            </div>
            if let Some(note) = &handover.note { <p>{ note }</p> }
            <HelpNote text={i.t(Msg::HandoverPageHelp)} />
            <Panel title={i.t(Msg::HandoverTo)} flush=true><ul class="lines">{ for handover.to.iter().map(receiver) }</ul></Panel>
            <Sheet {id} version={handover.version} />
            if *declining { <DeclineDialog first={(*tagged).clone()} ondone={declined} onclose={cb!((declining), |()| declining.set(false))} /> }
            if *cancelling {
                <ConfirmDialog title={i.t(Msg::HandoverCancel)} action={i.t(Msg::HandoverCancel)} onconfirm={cancel} onclose={cb!((cancelling), |()| cancelling.set(false))}>
                    <p>{ i.t(Msg::HandoverCancelText) }</p>
                </ConfirmDialog>
            }
        </Page>
    }
}

#[derive(Properties, PartialEq)]
struct SheetProps {
    id: Uuid,
    version: i64,
}

/// The customers with what is under way.
#[function_component]
fn Sheet(props: &SheetProps) -> Html {
    let i = use_i18n();
    let SheetProps { id, version } = *props;
    let lines = use_pages(format!("handover/{id}/sheet/{version}"), move |cursor| async move {
        api::ownership::sheet(id, &cursor).await
    });
    let empty = html! { <EmptyState icon={Icon::Users} title={i.t(Msg::HandoverEmpty)} /> };
    let sheet = |rows: &[HandoverLine]| html! { <div class="sheet">{ for rows.iter().map(|line| customer(line, i)) }</div> };
    lines.show(empty, sheet, i)
}

fn customer(line: &HandoverLine, i: I18n) -> Html {
    let items = |title: Msg<'static>, items: &[HandoverItem]| {
        html! {
            if !items.is_empty() {
                <dt>{ i.t(title) }</dt>
                { for items.iter().map(|item| html! { <dd key={item.id.to_string()}><span class="muted">{ item.on.to_string() }</span>{ " " }{ item.text.clone().unwrap_or_default() }</dd> }) }
            }
        }
    };
    html! {
        <section class="sheet__line" key={line.id.to_string()}>
            <h3><Link to={Route::Customer { id: line.id }.to_path()} class="table__link">{ &line.customer.name }</Link>{ " " }<TierMark tier={line.customer.tier} />{ " " }<Badge>{ line.state.label(i) }</Badge></h3>
            <p class="small muted">
                { &line.customer.customer_no }{ " · " }{ i.amount(line.customer.aum.amount) }{ " " }{ line.customer.aum.currency.to_string() }{ " · " }{ i.t(Msg::HandoverTo) }{ " " }{ &line.to.display_name }{ " · " }
                { i.t(Msg::FieldLastContactedAt) }{ " " }
                { match line.last_contacted_at { Some(at) => html! { <Time {at} /> }, None => html! { { i.t(Msg::TodayLastNever) } } } }
            </p>
            <dl class="sheet__items">
                { items(Msg::HandoverTasks, &line.tasks) }
                { items(Msg::HandoverPromises, &line.promises) }
                { items(Msg::HandoverComplaints, &line.complaints) }
                if !line.maturities.is_empty() {
                    <dt>{ i.t(Msg::HandoverMaturities) }</dt>
                    { for line.maturities.iter().map(|held| html! { <dd key={held.id.to_string()}><span class="muted">{ held.on.to_string() }</span>{ " " }{ held.product.in_language(i.lang).to_owned() }{ " " }{ i.amount(held.value.amount) }</dd> }) }
                }
            </dl>
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct DeclineProps {
    first: Tagged<Handover>,
    ondone: Callback<Tagged<Handover>>,
    onclose: Callback<()>,
}

/// What whoever answers a handover goes by.
fn standing_of(handover: &Handover, i: I18n) -> Values {
    let to = handover.to.iter().map(|to| format!("{} ({})", to.user.display_name, to.state.label(i)));
    values([
        ("/state", handover.state.label(i).to_string()),
        ("/to", to.collect::<Vec<_>>().join(", ")),
        ("/updated_at", i.minute(handover.updated_at)),
    ])
}

/// Declines with a reason.
#[function_component]
fn DeclineDialog(props: &DeclineProps) -> Html {
    let i = use_i18n();
    let DeclineProps { first, ondone, onclose } = props;
    let seen = use_seen(first);
    let draft = use_draft(standing_of(&seen.value, i));
    let form = use_form(Callback::noop());
    let reason = use_state(String::new);
    let onsubmit = cb!((form, reason, seen, ondone), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let said = HandoverAnswer { accepts: false, reason: Some(reason.trim().to_owned()) };
        if reason.trim().is_empty() {
            errors.add("/reason", i.t(Msg::CheckRequired));
        }
        let (seen, ondone) = (seen.clone(), ondone.clone());
        form.send(errors, async move {
            let id = seen.value.id;
            let answer = api::ownership::answer(id, &seen.etag, &said);
            ondone.emit(seen.save(answer, api::ownership::handover(id)).await?);
            Ok(())
        });
    });
    let words = |pointer: &str, value: &str| {
        let label = match pointer {
            "/state" => Msg::FieldStatus,
            "/to" => Msg::HandoverTo,
            _ => Msg::FieldUpdatedAt,
        };
        (i.t(label), value.to_owned().into())
    };
    html! {
        <Dialog title={i.t(Msg::HandoverDecline)} onclose={onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                <TextField id="decline-reason" label={i.t(Msg::HandoverDeclineReason)} value={(*reason).clone()} required=true
                    oninput={cb!((reason), |text: String| reason.set(text))} error={form.at("/reason")} />
                { draft.standing(&form, &["/reason"], onclose, words) }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::HandoverDecline) }</Button></div>
            </form>
        </Dialog>
    }
}
