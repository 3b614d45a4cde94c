use guanxi_api::{ContactReport, InteractionKind, InteractionOutcome, ManagerContacts};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::{FIRST, figure, list, number};
use crate::i18n::{I18n, Msg};
use crate::route::Route;
use crate::ui::{Button, Look, meter};

/// Authors that a filter names at most; it stands in an address.
const AUTHORS: usize = 20;

#[derive(Clone, Copy, PartialEq)]
enum Which {
    Meetings,
    Calls,
}

fn quoted(codes: impl Iterator<Item = String>) -> String {
    codes.map(|code| format!("\"{code}\"")).collect::<Vec<_>>().join(",")
}

/// The contacts behind a number: of this kind, in which the customer was reached, from Monday on, by these authors.
fn behind(which: Which, report: &ContactReport, authors: &[Uuid]) -> AttrValue {
    let kinds: &[InteractionKind] = match which {
        Which::Meetings => &InteractionKind::MEETINGS,
        Which::Calls => &[InteractionKind::Call],
    };
    let reached = InteractionOutcome::ALL.iter().filter(|outcome| outcome.is_connected());
    let mut filter = format!(
        "kind in ({}) and outcome in ({})",
        quoted(kinds.iter().map(ToString::to_string)),
        quoted(reached.map(ToString::to_string))
    );
    filter.push_str(&format!(" and occurred_at ge \"{}\"", report.from_instant));
    match authors {
        [] => {}
        [one] => filter.push_str(&format!(" and author_id eq \"{one}\"")),
        many if many.len() <= AUTHORS => {
            filter.push_str(&format!(" and author_id in ({})", quoted(many.iter().map(Uuid::to_string))));
        }
        _ => {}
    }
    list(&Route::Contacts.to_path(), &filter, "")
}

/// The contacts of this week beside their targets; the first relationship managers unless `all`.
pub(super) fn draw(report: &ContactReport, all: &UseStateHandle<bool>, i: I18n) -> Html {
    let everyone: Vec<Uuid> = report.managers.iter().map(|line| line.manager.id).collect();
    let total = |which: Which, label: Msg<'_>, count: i64, target: i64| {
        let label = i.t(label);
        html! {
            <div class="goal">
                <dt>{ &label }</dt>
                <dd>
                    <span class="goal__figure">{ figure(behind(which, report, &everyone), number(count, i), label) }</span>
                    <span class="muted small">{ i.t(Msg::ReportsOf { target: &number(target, i) }) }</span>
                    { meter(part(count, target), count >= target) }
                </dd>
            </div>
        }
    };
    let many = report.managers.len() > 1;
    let shown = if **all { report.managers.len() } else { FIRST };
    let toggle = cb!((all), |_: MouseEvent| all.set(!*all));
    let listed = i64::try_from(report.managers.len()).unwrap_or(i64::MAX);
    html! {
        <>
            <dl class="goals">
                { total(Which::Meetings, Msg::ReportsMeetings, report.total.meetings, report.target.meetings) }
                { total(Which::Calls, Msg::ReportsCalls, report.total.connected_calls, report.target.connected_calls) }
            </dl>
            <p class="muted small">{ i.t(Msg::ReportsContactsNote {
                day: &report.from.to_string(), days: &report.working_days.to_string(),
                meetings: &report.targets.meetings_a_day.to_string(), calls: &report.targets.connected_calls_a_day.to_string(),
            }) }</p>
            if many {
                <table class="figures figures--bars">
                    <caption class="sr-only">{ i.t(Msg::ReportsContacts) }</caption>
                    <thead><tr>
                        <th scope="col">{ i.t(Msg::FieldOwner) }</th>
                        <th scope="col" class="number">{ i.t(Msg::ReportsMeetings) }</th><td class="bar"></td>
                        <th scope="col" class="number">{ i.t(Msg::ReportsCalls) }</th><td class="bar"></td>
                    </tr></thead>
                    <tbody>{ for report.managers.iter().take(shown).map(|line| manager(line, report, i)) }</tbody>
                </table>
            }
            if report.managers.len() > FIRST {
                <div><Button small=true look={Look::Quiet} onclick={toggle}>
                    { if **all { i.t(Msg::ReportsFewer) } else { i.t(Msg::ReportsAll { count: &number(listed, i) }) } }
                </Button></div>
            }
            if report.managers_in_all > listed { <p class="muted small">{ i.t(Msg::ReportsManagersInAll { count: &number(report.managers_in_all, i) }) }</p> }
        </>
    }
}

fn manager(line: &ManagerContacts, report: &ContactReport, i: I18n) -> Html {
    let name = line.manager.display_name.clone();
    let days = i64::from(report.working_days);
    let cells = |which, count: i64, a_day: i32| {
        let target = i64::from(a_day) * days;
        html! {
            <>
                <td class="number">{ figure(behind(which, report, &[line.manager.id]), number(count, i), name.clone()) }</td>
                <td class="bar">{ meter(part(count, target), count >= target) }</td>
            </>
        }
    };
    html! {
        <tr key={line.manager.id.to_string()}>
            <th scope="row"><span class="nowrap">{ &name }</span>{ " " }<small class="muted">{ line.unit.name.in_language(i.lang).to_owned() }</small></th>
            { cells(Which::Meetings, line.counts.meetings, report.targets.meetings_a_day) }
            { cells(Which::Calls, line.counts.connected_calls, report.targets.connected_calls_a_day) }
        </tr>
    }
}

/// How much of a target is reached; without a target there is nothing to miss.
fn part(count: i64, target: i64) -> f64 {
    if target > 0 { count as f64 / target as f64 } else { 1.0 }
}
