use chrono::NaiveDate;
use guanxi_api::{Me, TaskPriority, TodayLine, TodayReason};
use yew::prelude::*;
use yew_router::Routable;

use super::words;
use crate::i18n::{I18n, Msg};
use crate::labels::Label;
use crate::route::Route;
use crate::session::{may, right};
use crate::ui::{Badge, Button, Icon, Link, Look, Menu, MenuItem, TierMark, Time, Tone};

/// What can be done with a line.
#[derive(Clone)]
pub struct Acts {
    pub log: Callback<TodayLine>,
    pub done: Callback<TodayLine>,
    pub postpone: Callback<TodayLine>,
    pub hand_over: Callback<TodayLine>,
    /// Takes back what was done last.
    pub undo: Callback<()>,
}

/// The outline of a reason; its word stands in the filter and is read aloud.
const fn icon_of(reason: TodayReason) -> Icon {
    match reason {
        TodayReason::LowScore => Icon::TriangleAlert,
        TodayReason::TaskDue => Icon::CircleCheck,
        TodayReason::Maturity => Icon::Wallet,
        TodayReason::Birthday => Icon::Cake,
        TodayReason::ContactDue => Icon::Phone,
        TodayReason::VisitDue => Icon::CalendarCheck,
    }
}

/// A line of today.
pub fn draw(line: &TodayLine, day: NaiveDate, me: &Me, act: &Acts, i: I18n) -> Html {
    let label = line.reason.label(i);
    let reason = words::reason(line, day, i);
    html! {
        <li key={line.id.clone()} class="today__line" data-line={line.id.clone()}>
            <span class="today__sign" title={label.clone()}>{ icon_of(line.reason).draw() }<span class="sr-only">{ label }</span></span>
            <div class="today__who">
                { match &line.customer {
                    Some(customer) => html! {
                        <>
                            <Link to={Route::Customer { id: customer.id }.to_path()} class="table__link today__link">{ &customer.name }</Link>
                            if let Some(tier) = customer.tier { <span class="small"><TierMark {tier} /></span> }
                        </>
                    },
                    None => html! { <Link to={Route::Tasks.to_path()} class="table__link today__link">{ &reason }</Link> },
                } }
            </div>
            <div class="today__why">{ why(line, reason, me, i) }</div>
            <div class="today__reach small muted">
                if let Some(customer) = &line.customer {
                    if let Some(phone) = &customer.phone { <span class="nowrap">{ phone }</span> }
                    <span class="nowrap">
                        if let Some(at) = customer.last_contacted_at { <span class="sr-only">{ i.t(Msg::TodayLast) }{ " " }</span><Time {at} relative=true /> } else { { i.t(Msg::TodayLastNever) } }
                    </span>
                }
            </div>
            <span class="today__due">{ due(line, day, i) }</span>
            <span class="today__acts">{ buttons(line, day, me, act, i) }</span>
        </li>
    }
}

fn why(line: &TodayLine, reason: AttrValue, me: &Me, i: I18n) -> Html {
    let task = line.task.as_ref();
    let refuses = line.customer.as_ref().is_some_and(|customer| customer.do_not_contact);
    html! {
        <>
            if line.customer.is_some() { <span>{ reason }</span> }
            if let Some(holding) = &line.holding {
                <span class="nowrap">
                    <data value={holding.amount.to_string()} title={format!("{} {}", i.amount(holding.amount), holding.currency)}>
                        { i.short_amount(holding.amount) }{ " " }{ &holding.currency }
                    </data>
                </span>
                if holding.auto_renewal { <Badge>{ i.t(Msg::HoldingAutoRenewal) }</Badge> }
            }
            if let Some(notes) = task.and_then(|task| task.notes.as_ref()) { <span class="muted">{ notes }</span> }
            if task.is_some_and(|task| task.priority == TaskPriority::High && line.reason != TodayReason::LowScore) {
                <Badge tone={Tone::Warning}>{ TaskPriority::High.label(i) }</Badge>
            }
            if let Some(task) = task.filter(|task| task.assignee.id != me.id) { <span class="muted">{ &task.assignee.display_name }</span> }
            if task.is_none() && let Some(colleague) = &line.stands_in_for { <span class="muted">{ i.t(Msg::TodayStandsInFor { name: &colleague.display_name }) }</span> }
            if refuses { <Badge tone={Tone::Bad}>{ i.t(Msg::TodayDoNotContact) }</Badge> }
        </>
    }
}

fn due(line: &TodayLine, day: NaiveDate, i: I18n) -> Html {
    let tone = match words::days_between(day, line.due_on) {
        ..0 => Tone::Bad,
        0 => Tone::Warning,
        1.. => Tone::Neutral,
    };
    let exact = line.due_on.to_string();
    html! { <Badge {tone}><time datetime={exact.clone()} title={exact}>{ words::due(line, day, i) }</time></Badge> }
}

fn buttons(line: &TodayLine, day: NaiveDate, me: &Me, act: &Acts, i: I18n) -> Html {
    let run = |run: &Callback<TodayLine>| cb!((run, line), |()| run.emit(line.clone()));
    let press = |run: &Callback<TodayLine>| cb!((run, line), |_: MouseEvent| run.emit(line.clone()));
    let item = |icon, text: Msg<'_>, then: &Callback<TodayLine>| MenuItem::Action {
        icon: Some(icon),
        text: i.t(text),
        danger: false,
        run: run(then),
    };
    let logs = may(me, right::WRITE_INTERACTIONS)
        && line.customer.as_ref().is_some_and(|customer| !customer.do_not_contact);
    let works = may(me, right::WRITE_TASKS);
    let mut items = vec![item(Icon::Calendar, Msg::TasksPostpone, &act.postpone)];
    if line.task.is_some() {
        items.push(item(Icon::UserPlus, Msg::TasksHandOver, &act.hand_over));
    }
    let name = words::name(line, day, i);
    html! {
        <>
            if logs { <Button small=true look={Look::Quiet} icon={Icon::MessageCircle} onclick={press(&act.log)}>{ i.t(Msg::LogAction) }</Button> }
            if works {
                <Button small=true icon={Icon::Check} onclick={press(&act.done)}>{ i.t(Msg::TasksComplete) }</Button>
                <Menu label={i.t(Msg::TasksMenu { title: &name })} button={Icon::Ellipsis.draw()} {items}
                    class={classes!("button", "button--quiet", "button--icon", "button--small")} />
            }
        </>
    }
}
