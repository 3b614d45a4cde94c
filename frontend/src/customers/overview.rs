//! What one wants to know of a customer before a contact, ahead of the profile.

use chrono::NaiveDate;
use guanxi_api::{CustomerOverview, Holding, HoldingStatus, Interaction, NextMaturity, SurveyAnswer, Task};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use crate::i18n::{I18n, Msg};
use crate::interactions::tone_of;
use crate::labels::Label;
use crate::route::Route;
use crate::ui::{Badge, Link, Panel, Time, Tone};

/// Lines of a part; the rest stands on its tab.
const FIRST: usize = 3;

/// Holdings with what matures next, open tasks, last contacts and last answers, as far as one's role sees them.
pub fn overview(of: &CustomerOverview, i: I18n) -> Html {
    let id = of.customer.id;
    let seen = of.holdings.is_some()
        || of.tasks.is_some()
        || of.interactions.is_some()
        || of.survey_answers.is_some();
    if !seen {
        return html!();
    }
    html! {
        <div class="glance">
            if let Some(tasks) = &of.tasks { { part(Msg::GlanceTasks, (id, "contacts"), tasks.len(), Msg::GlanceNoTasks, html! { { for tasks.iter().take(FIRST).map(|task| task_line(task, i)) } }, i) } }
            if let Some(holdings) = &of.holdings { { part(Msg::CustomerHoldings, (id, "holdings"), holdings.len(), Msg::HoldingsNone, holdings_lines(holdings, of.next_maturity.as_ref(), i), i) } }
            if let Some(contacts) = &of.interactions { { part(Msg::GlanceContacts, (id, "contacts"), contacts.len(), Msg::ContactsNone, html! { { for contacts.iter().take(FIRST).map(|contact| contact_line(contact, i)) } }, i) } }
            if let Some(answers) = &of.survey_answers { { part(Msg::GlanceAnswers, (id, "surveys"), answers.len(), Msg::AnswersNone, html! { { for answers.iter().take(FIRST).map(|answer| answer_line(answer, i)) } }, i) } }
        </div>
    }
}

fn part(title: Msg<'_>, (id, tab): (Uuid, &str), count: usize, none: Msg<'_>, lines: Html, i: I18n) -> Html {
    let title = i.t(title);
    let to = format!("{}?tab={tab}", Route::Customer { id }.to_path());
    let actions = html! { if count > 0 { <Link {to} class="link small" label={i.t(Msg::GlanceAllOf { title: &title })}>{ i.t(Msg::GlanceAll) }</Link> } };
    html! {
        <Panel {title} {actions} flush=true>
            if count == 0 { <p class="combo__none">{ i.t(none) }</p> } else { <ul class="glance__lines">{ lines }</ul> }
        </Panel>
    }
}

/// A day and how far off it is; what is past stands out.
fn day(on: NaiveDate, i: I18n) -> Html {
    let days = (on - i.today()).num_days();
    let tone = match days {
        ..0 => Tone::Bad,
        0..=7 => Tone::Warning,
        8.. => Tone::Neutral,
    };
    html! { <Badge {tone}><time datetime={on.to_string()} title={on.to_string()}>{ i.in_days(days) }</time></Badge> }
}

fn task_line(task: &Task, i: I18n) -> Html {
    html! { <li key={task.id.to_string()}><span class="grow">{ &task.title }</span>{ day(task.due_on, i) }</li> }
}

fn holdings_lines(holdings: &[Holding], next: Option<&NextMaturity>, i: I18n) -> Html {
    let active = holdings.iter().filter(|holding| holding.status == HoldingStatus::Active);
    // What matures next stands above the others.
    let rest = active.filter(|holding| next.is_none_or(|next| next.holding_id != holding.id));
    let room = FIRST - usize::from(next.is_some());
    html! {
        <>
            if let Some(next) = next {
                <li class="glance__next">
                    <span class="grow">
                        { next.product.name.in_language(i.lang).to_owned() }
                        <small class="muted">
                            { i.t(if next.auto_renewal { Msg::GlanceRenews } else { Msg::GlanceMatures }) }{ " " }
                            <span class="nowrap">{ next.matures_on.to_string() }</span>{ " · " }
                            <span class="nowrap">{ i.short_amount(next.value.amount) }{ " " }{ &next.value.currency }</span>
                        </small>
                    </span>
                    { day(next.matures_on, i) }
                </li>
            }
            { for rest.take(room).map(|holding| html! {
                <li key={holding.id.to_string()}>
                    <span class="grow">{ holding.product.name.in_language(i.lang).to_owned() }</span>
                    <span class="glance__end">{ i.short_amount(holding.value.amount) }{ " " }{ &holding.value.currency }</span>
                </li>
            }) }
        </>
    }
}

fn contact_line(contact: &Interaction, i: I18n) -> Html {
    html! {
        <li key={contact.id.to_string()}>
            <span class="grow">
                { contact.kind.label(i) }{ " " }<Badge tone={tone_of(contact.outcome)}>{ contact.outcome.label(i) }</Badge>
                if let Some(notes) = &contact.notes { <small class="muted glance__notes">{ notes }</small> }
            </span>
            <span class="glance__end"><Time at={contact.occurred_at} relative=true /></span>
        </li>
    }
}

fn answer_line(answer: &SurveyAnswer, i: I18n) -> Html {
    let score = answer.answers.iter().find_map(|question| Some((question.score?, question.kind.scale()?.1)));
    let comment = answer.answers.iter().find_map(|question| question.comment.as_ref());
    html! {
        <li key={answer.id.to_string()}>
            <span class="grow">
                { &answer.survey.name }{ " " }
                if let Some((score, most)) = score { <b>{ score }{ " / " }{ most }</b>{ " " } }
                if answer.low { <Badge tone={Tone::Bad}>{ i.t(Msg::AnswerLow) }</Badge> }
                if let Some(comment) = comment { <small class="muted glance__notes">{ comment }</small> }
            </span>
            if let Some(at) = answer.answered_at { <span class="glance__end"><Time {at} relative=true /></span> }
        </li>
    }
}
