use std::rc::Rc;

use guanxi_api::{CarePlan, CarePlanState, TaskStatus};
use yew::prelude::*;
use yew_router::Routable;

use super::pages::use_pages;
use crate::api;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, options};
use crate::route::Route;
use crate::settings::use_settings;
use crate::ui::{
    Badge, Column, EmptyState, HelpNote, Icon, Link, OnPhone, Row, Select, Table, TierMark, Tone,
};

/// The page of a customer, where its plan stands.
pub fn place_of(plan: &CarePlan) -> String {
    format!("{}?tab=care", Route::Customer { id: plan.customer.id }.to_path())
}

/// A plan's state as a mark.
pub fn state_badge(state: CarePlanState, i: I18n) -> Html {
    let tone = match state {
        CarePlanState::Active => Tone::Warning,
        CarePlanState::Achieved => Tone::Good,
        CarePlanState::Abandoned => Tone::Neutral,
    };
    html! { <Badge {tone}>{ state.label(i) }</Badge> }
}

/// The care plans of the customers that one sees, those to be looked at first before others.
#[function_component]
pub fn PlansTab() -> Html {
    let (i, settings) = (use_i18n(), use_settings());
    let state = use_state(String::new);
    let filter = if state.is_empty() { String::new() } else { format!("state eq \"{}\"", *state) };
    let plans = use_pages(format!("care-plans/{filter}"), move |cursor| async move {
        api::ownership::plans(&filter, &cursor).await
    });
    let restart = plans.restart();
    let choose = cb!((state, restart), |code: String| {
        restart.emit(());
        state.set(code);
    });
    let today = i.today();
    let row = |plan: &CarePlan| {
        let done = plan.steps.iter().filter(|step| step.status == TaskStatus::Done).count();
        let late = plan.state == CarePlanState::Active && plan.review_on < today;
        let next = plan.steps.iter().find(|step| step.status == TaskStatus::Open);
        Row {
            key: plan.id.to_string().into(),
            name: plan.customer.name.clone().into(),
            off: plan.state != CarePlanState::Active,
            cells: vec![
                html! { <Link to={place_of(plan)} class="table__link">{ &plan.customer.name }</Link> },
                html! { <TierMark tier={plan.customer.tier} /> },
                html! { { &plan.goal } },
                html! { <span class="badges"><span class="nowrap">{ plan.review_on.to_string() }</span>if late { <Badge tone={Tone::Bad}>{ i.t(Msg::PlanReviewDue) }</Badge> }</span> },
                html! { { i.t(Msg::PlanDone { done: &i.number(done as u32), all: &i.number(plan.steps.len() as u32) }) } },
                html! { { next.map(|step| format!("{} · {}", step.due_on, step.title)).unwrap_or_default() } },
                state_badge(plan.state, i),
            ],
        }
    };
    let columns = Rc::new(vec![
        Column::new("name", i.t(Msg::FieldName)).phone(OnPhone::Title),
        Column::new("tier", i.t(Msg::FieldTier)).phone(OnPhone::Mark),
        Column::new("goal", i.t(Msg::PlanGoal)).long().phone(OnPhone::Line),
        Column::new("review", i.t(Msg::PlanReview)).phone(OnPhone::Named),
        Column::new("steps", i.t(Msg::PlanSteps)).phone(OnPhone::Named),
        Column::new("next", i.t(Msg::PlanNext)).long(),
        Column::new("state", i.t(Msg::FieldStatus)),
    ]);
    let states: Vec<(AttrValue, AttrValue)> = options::<CarePlanState>(i)
        .into_iter()
        .filter(|(code, _)| *code != CarePlanState::Active.as_str())
        .collect();
    let empty = html! { <EmptyState icon={Icon::ListChecks} title={i.t(Msg::PlansNone)} text={i.t(Msg::PlansNoneText)} /> };
    let table = |rows: &[CarePlan]| {
        html! { <Table plain=true caption={i.t(Msg::PlanTitle)} {columns} letters={settings.now.shortcuts} rows={rows.iter().map(row).collect::<Vec<_>>()} /> }
    };
    html! {
        <>
            <HelpNote text={i.t(Msg::PlanHelp)} />
            <div class="list-bar"><Select id="plan-state" label={i.t(Msg::OwnershipKind)} options={states} none={CarePlanState::Active.label(i)} value={(*state).clone()} onchange={choose} /></div>
            { plans.show(empty, table, i) }
        </>
    }
}
