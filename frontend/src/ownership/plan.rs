use chrono::NaiveDate;
use guanxi_api::{
    CarePlan, CarePlanEnd, CarePlanPatch, CarePlanState, CareStep, NewCarePlan, NewCareStep, Page as Rows,
    TaskStatus,
};
use uuid::Uuid;
use yew::prelude::*;

use super::plans::state_badge;
use super::visits::VisitsPanel;
use crate::api;
use crate::checks::Errors;
use crate::draft::{Values, in_words, use_draft, use_seen, values};
use crate::fetch::{self, use_query};
use crate::form::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::once::use_once;
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, DateField, Dialog, EmptyState, ErrorPanel, HelpNote, Icon, Look, Panel, Segments,
    Skeleton, TextArea, TextField, Tone, date_of, use_toasts,
};

#[derive(Properties, PartialEq, Clone)]
pub struct CareTabProps {
    /// Of the customer.
    pub id: Uuid,
    /// Whether it may be changed.
    pub open: bool,
}

#[derive(Clone, PartialEq)]
enum Doing {
    Beginning,
    Changing,
    AddingStep,
    Ending,
}

/// What is to be reached with a customer, and when its leaders visit it.
#[function_component]
pub fn CareTab(props: &CareTabProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let me = use_me();
    let id = props.id;
    let writes = props.open && me.as_ref().is_some_and(|me| may(me, right::WRITE_CARE_PLANS));
    let doing = use_state(|| None::<Doing>);
    let query = use_query::<Rows<CarePlan>, _, _>(Some(format!("care-plans/of/{id}")), move || async move {
        api::ownership::plans(&format!("customer_id eq \"{id}\" and state ne null"), "").await
    });
    let reload = query.reload.clone();
    let done = cb!((doing, reload, toasts), |()| {
        doing.set(None);
        toasts.say(i.t(Msg::PlanSaved));
        fetch::forget("tasks/");
        reload.emit(());
    });
    let close = cb!((doing), |()| doing.set(None));
    let begin = |what: Doing| cb!((doing, what), |_: MouseEvent| doing.set(Some(what.clone())));
    let complete = cb!((reload, toasts), |step: CareStep| {
        spawn!((reload, toasts), {
            if let Err(error) = api::tasks::complete_step(step.task_id, step.version).await {
                toasts.fail(&error, i);
            }
            fetch::forget("tasks/");
            reload.emit(());
        });
    });
    let body = match (&query.remote.data, &query.remote.error) {
        (Some(rows), _) => {
            let active = rows.data.iter().find(|plan| plan.state == CarePlanState::Active);
            let past = rows.data.iter().filter(|plan| plan.state != CarePlanState::Active);
            let actions = html! {
                if writes {
                    if active.is_some() {
                        <span class="acts">
                            <Button small=true icon={Icon::Plus} onclick={begin(Doing::AddingStep)}>{ i.t(Msg::PlanAddStep) }</Button>
                            <Button small=true icon={Icon::Pencil} onclick={begin(Doing::Changing)}>{ i.t(Msg::PlanChange) }</Button>
                            <Button small=true icon={Icon::Check} onclick={begin(Doing::Ending)}>{ i.t(Msg::PlanEnd) }</Button>
                        </span>
                    } else {
                        <Button small=true look={Look::Primary} icon={Icon::Plus} onclick={begin(Doing::Beginning)}>{ i.t(Msg::PlanNew) }</Button>
                    }
                }
            };
            html! {
                <>
                    <Panel title={i.t(Msg::PlanOne)} {actions}>
                        { match active {
                            Some(plan) => shown(plan, writes.then_some(&complete), i),
                            None => html! { <EmptyState icon={Icon::ListChecks} title={i.t(Msg::PlanNone)} text={i.t(Msg::PlanNoneText)} /> },
                        } }
                    </Panel>
                    { for past.map(|plan| html! {
                        <Panel key={plan.id.to_string()} title={i.t(Msg::PlanOf { day: &plan.starts_on.to_string() })}>{ shown(plan, None, i) }</Panel>
                    }) }
                    { match (&*doing, active) {
                        (Some(Doing::Beginning), _) => html! { <NewPlanDialog {id} ondone={done} onclose={close} /> },
                        (Some(Doing::Changing), Some(plan)) => html! { <ChangeDialog plan={plan.clone()} ondone={done} onclose={close} /> },
                        (Some(Doing::AddingStep), Some(plan)) => html! { <StepDialog plan={plan.clone()} ondone={done} onclose={close} /> },
                        (Some(Doing::Ending), Some(plan)) => html! { <EndDialog plan={plan.clone()} ondone={done} onclose={close} /> },
                        _ => html!(),
                    } }
                </>
            }
        }
        (None, Some(error)) => {
            html! { <ErrorPanel what={i.t(Msg::OwnershipFailed)} error={error.clone()} retry={query.reload.clone()} /> }
        }
        (None, None) => html! { <Skeleton bare=true rows=4 /> },
    };
    html! {
        <div class="care">
            <HelpNote text={i.t(Msg::PlanHelp)} />
            { body }
            <VisitsPanel {id} />
        </div>
    }
}

fn shown(plan: &CarePlan, complete: Option<&Callback<CareStep>>, i: I18n) -> Html {
    let today = i.today();
    let late = plan.state == CarePlanState::Active && plan.review_on < today;
    html! {
        <>
            <p class="care__goal">{ &plan.goal }{ " " }{ state_badge(plan.state, i) }</p>
            <p class="small muted">
                { i.t(Msg::PlanSince { day: &plan.starts_on.to_string() }) }{ " · " }
                { match plan.ended_on {
                    Some(day) => i.t(Msg::PlanEndedOn { day: &day.to_string() }),
                    None => i.t(Msg::PlanReviewOn { day: &plan.review_on.to_string() }),
                } }
                if late { { " " }<Badge tone={Tone::Bad}>{ i.t(Msg::PlanReviewDue) }</Badge> }
            </p>
            if let Some(outcome) = &plan.outcome { <p>{ outcome }</p> }
            <ul class="lines" aria-label={i.t(Msg::PlanSteps)}>{ for plan.steps.iter().map(|step| step_line(step, complete, today, i)) }</ul>
        </>
    }
}

fn step_line(step: &CareStep, complete: Option<&Callback<CareStep>>, today: NaiveDate, i: I18n) -> Html {
    let open = step.status == TaskStatus::Open;
    let tone = if open && step.due_on < today { Tone::Bad } else { Tone::Neutral };
    html! {
        <li key={step.task_id.to_string()}>
            <span class="lines__main">
                <b>{ &step.title }</b>
                <span class="small muted">{ &step.assignee.display_name }{ step.outcome.as_ref().map(|outcome| format!(" · {outcome}")).unwrap_or_default() }</span>
            </span>
            { match step.done_on {
                Some(day) => html! { <Badge tone={Tone::Good}>{ i.t(Msg::PlanStepDone { day: &day.to_string() }) }</Badge> },
                None => html! { <Badge {tone}>{ step.due_on.to_string() }</Badge> },
            } }
            if let Some(complete) = complete.filter(|_| open) {
                <span class="lines__acts"><Button small=true icon={Icon::Check} onclick={cb!((complete, step), |_: MouseEvent| complete.emit(step.clone()))}>{ i.t(Msg::TasksComplete) }</Button></span>
            }
        </li>
    }
}

/// A day that was typed; what is wrong with it stands at its field.
fn day_at(errors: &mut Errors, at: &str, text: &str, i: I18n) -> NaiveDate {
    match date_of(text, i) {
        Ok(Some(day)) => return day,
        Ok(None) => errors.add(at, i.t(Msg::CheckRequired)),
        Err(wrong) => errors.add(at, wrong),
    }
    i.today()
}

#[derive(Properties, PartialEq)]
struct NewPlanProps {
    id: Uuid,
    ondone: Callback<()>,
    onclose: Callback<()>,
}

/// Begins a plan, with its steps.
#[function_component]
fn NewPlanDialog(props: &NewPlanProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let id = props.id;
    let goal = use_state(String::new);
    let review = use_state(|| (i.today() + chrono::Days::new(90)).to_string());
    let steps = use_state(|| vec![(String::new(), i.today().to_string())]);
    let once = use_once();
    let onsubmit = cb!((form, goal, review, steps, once), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let review_on = day_at(&mut errors, "/review_on", &review, i);
        let mut new = NewCarePlan { goal: goal.trim().to_owned(), review_on, steps: Vec::new() };
        for (n, (title, due)) in steps.iter().enumerate() {
            let due_on = day_at(&mut errors, &format!("/steps/{n}/due_on"), due, i);
            new.steps.push(NewCareStep { title: title.trim().to_owned(), due_on, assignee_id: None });
        }
        for (at, message) in Errors::check(&new, i).iter() {
            errors.add(at, message);
        }
        let once = once.clone();
        form.send(errors, async move {
            once.answered(api::ownership::begin_plan(id, &new, &once.key(&new)).await).map(drop)
        });
    });
    let set = |n: usize, change: fn(&mut (String, String), String)| {
        cb!((steps), |text: String| {
            let mut all = (*steps).clone();
            if let Some(step) = all.get_mut(n) {
                change(step, text);
            }
            steps.set(all);
        })
    };
    let step = |(n, (title, due)): (usize, &(String, String))| {
        let remove = cb!((steps), |_: MouseEvent| {
            let mut all = (*steps).clone();
            all.remove(n);
            steps.set(all);
        });
        html! {
            <div class="share" key={n}>
                <TextField id={format!("step-{n}")} label={i.t(Msg::PlanStep)} value={title.clone()} oninput={set(n, |step, text| step.0 = text)} error={form.at(&format!("/steps/{n}/title"))} />
                <DateField id={format!("step-due-{n}")} label={i.t(Msg::FieldDueOn)} value={due.clone()} oninput={set(n, |step, text| step.1 = text)} error={form.at(&format!("/steps/{n}/due_on"))} />
                if steps.len() > 1 { <Button small=true look={Look::Quiet} icon={Icon::Trash} onclick={remove}>{ i.t(Msg::HandoverRemove) }</Button> }
            </div>
        }
    };
    let add = cb!((steps), |_: MouseEvent| {
        let mut all = (*steps).clone();
        all.push((String::new(), i.today().to_string()));
        steps.set(all);
    });
    let shown: Vec<String> = (0..steps.len())
        .flat_map(|n| [format!("/steps/{n}/title"), format!("/steps/{n}/due_on")])
        .chain(["/goal", "/review_on"].map(str::to_owned))
        .collect();
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    html! {
        <Dialog title={i.t(Msg::PlanNew)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                <TextArea id="plan-goal" label={i.t(Msg::PlanGoal)} value={(*goal).clone()} required=true autofocus=true oninput={cb!((goal), |text: String| goal.set(text))} error={form.at("/goal")} />
                <DateField id="plan-review" label={i.t(Msg::PlanReview)} value={(*review).clone()} oninput={cb!((review), |text: String| review.set(text))} error={form.at("/review_on")} />
                { for steps.iter().enumerate().map(step) }
                <p><Button small=true icon={Icon::Plus} onclick={add}>{ i.t(Msg::PlanAddStep) }</Button></p>
                <p class="small muted">{ i.t(Msg::PlanStepsHint) }</p>
                { form.notice(&shown) }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::PlanBegin) }</Button></div>
            </form>
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
struct PlanProps {
    plan: CarePlan,
    ondone: Callback<()>,
    onclose: Callback<()>,
}

const GOAL: &str = "/goal";
const REVIEW: &str = "/review_on";

fn values_of(plan: &CarePlan) -> Values {
    values([(GOAL, plan.goal.clone()), (REVIEW, plan.review_on.to_string())])
}

/// What whoever works a plan goes by.
fn standing_of(plan: &CarePlan, i: I18n) -> Values {
    let steps = plan.steps.iter().map(|step| step.title.as_str()).collect::<Vec<_>>().join(", ");
    let mut standing = values_of(plan);
    standing.extend(values([
        ("/state", in_words::<CarePlanState>(plan.state.as_str(), i).to_string()),
        ("/steps", steps),
        ("/updated_at", i.minute(plan.updated_at)),
    ]));
    standing
}

fn words(pointer: &str, value: &str, i: I18n) -> (AttrValue, AttrValue) {
    let label = match pointer {
        GOAL => Msg::PlanGoal,
        REVIEW => Msg::PlanReview,
        "/state" => Msg::FieldStatus,
        "/steps" => Msg::PlanSteps,
        _ => Msg::FieldUpdatedAt,
    };
    (i.t(label), value.to_owned().into())
}

/// Another goal, another day of review.
#[function_component]
fn ChangeDialog(props: &PlanProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let plan = use_seen(&props.plan);
    let draft = use_draft(values_of(&plan));
    let onsubmit = cb!((form, plan, draft), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let review_on = day_at(&mut errors, REVIEW, &draft.at(REVIEW), i);
        let patch = CarePlanPatch {
            goal: Some(draft.at(GOAL).trim().to_owned()),
            review_on: (review_on != plan.review_on).then_some(review_on),
        };
        for (at, message) in Errors::check(&patch, i).iter() {
            errors.add(at, message);
        }
        let plan = plan.clone();
        form.send(errors, async move {
            let change = api::ownership::change_plan(&plan, &patch);
            plan.save(change, api::ownership::plan(plan.id)).await.map(drop)
        });
    });
    html! {
        <Dialog title={i.t(Msg::PlanChange)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                <TextArea id="plan-goal" label={i.t(Msg::PlanGoal)} value={draft.at(GOAL)} required=true oninput={draft.set(GOAL)} error={form.at(GOAL)} />
                <DateField id="plan-review" label={i.t(Msg::PlanReview)} value={draft.at(REVIEW)} oninput={draft.set(REVIEW)} error={form.at(REVIEW)} />
                { draft.notice(&form, &[GOAL, REVIEW], |pointer, value| words(pointer, value, i)) }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}

/// One more step.
#[function_component]
fn StepDialog(props: &PlanProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let plan = use_seen(&props.plan);
    let draft = use_draft(standing_of(&plan, i));
    let title = use_state(String::new);
    let due = use_state(|| i.today().to_string());
    let onsubmit = cb!((form, title, due, plan), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let due_on = day_at(&mut errors, "/due_on", &due, i);
        let new = NewCareStep { title: title.trim().to_owned(), due_on, assignee_id: None };
        for (at, message) in Errors::check(&new, i).iter() {
            errors.add(at, message);
        }
        let plan = plan.clone();
        form.send(errors, async move {
            let add = api::ownership::add_step(&plan, &new);
            plan.save(add, api::ownership::plan(plan.id)).await.map(drop)
        });
    });
    html! {
        <Dialog title={i.t(Msg::PlanAddStep)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                <TextField id="step" label={i.t(Msg::PlanStep)} value={(*title).clone()} required=true autofocus=true oninput={cb!((title), |text: String| title.set(text))} error={form.at("/title")} />
                <DateField id="step-due" label={i.t(Msg::FieldDueOn)} value={(*due).clone()} oninput={cb!((due), |text: String| due.set(text))} error={form.at("/due_on")} />
                <p class="small muted">{ i.t(Msg::PlanStepsHint) }</p>
                { draft.standing(&form, &["/title", "/due_on"], &props.onclose, |pointer, value| words(pointer, value, i)) }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}

const ACHIEVED: &str = "achieved";

/// What came of it.
#[function_component]
fn EndDialog(props: &PlanProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let plan = use_seen(&props.plan);
    let draft = use_draft(standing_of(&plan, i));
    let state = use_state(|| ACHIEVED.to_owned());
    let outcome = use_state(String::new);
    let onsubmit = cb!((form, state, outcome, plan), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let achieved = state.as_str() == ACHIEVED;
        let outcome = Some(outcome.trim().to_owned()).filter(|outcome| !outcome.is_empty());
        if !achieved && outcome.is_none() {
            errors.add("/outcome", i.t(Msg::CheckRequired));
        }
        let (plan, end) = (plan.clone(), CarePlanEnd { achieved, outcome });
        form.send(errors, async move {
            let ended = api::ownership::end_plan(&plan, &end);
            plan.save(ended, api::ownership::plan(plan.id)).await.map(drop)
        });
    });
    let options = vec![
        (ACHIEVED.into(), i.t(Msg::CarePlanStateAchieved)),
        ("abandoned".into(), i.t(Msg::CarePlanStateAbandoned)),
    ];
    html! {
        <Dialog title={i.t(Msg::PlanEnd)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                <Segments label={i.t(Msg::PlanCame)} name="plan-state" {options} value={(*state).clone()} onchange={cb!((state), |code: String| state.set(code))} />
                <TextArea id="plan-outcome" label={i.t(Msg::PlanOutcome)} value={(*outcome).clone()} oninput={cb!((outcome), |text: String| outcome.set(text))} error={form.at("/outcome")} />
                <p class="small muted">{ i.t(Msg::PlanEndHint) }</p>
                { draft.standing(&form, &["/outcome"], &props.onclose, |pointer, value| words(pointer, value, i)) }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::PlanEnd) }</Button></div>
            </form>
        </Dialog>
    }
}
