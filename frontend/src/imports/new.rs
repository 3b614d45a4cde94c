use std::rc::Rc;

use guanxi_api::{
    DuplicateAction, DuplicateDecision, FileLayout, ImportDuplicate, JobState, NewImport, Upload,
};
use uuid::Uuid;
use web_sys::File;
use yew::prelude::*;
use yew_router::Routable;

use super::duplicates::{Decisions, Duplicates, MOST as MOST_DECISIONS};
use super::job::Outcome;
use super::mapping::Mapping;
use super::plan::{Change, Plan};
use super::progress::{JobProgress, use_job};
use super::{count, is_going, reasons};
use crate::checks::Errors;
use crate::fetch;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::once::use_once;
use crate::org::use_units;
use crate::route::Route;
use crate::ui::{Button, FileDrop, HelpNote, Look, Notice, Page};
use crate::{api, dom};

/// Bytes of a file at most.
const MOST: f64 = 209_715_200.0;

/// The steps on the way, in their order.
const STEPS: [Msg<'static>; 4] =
    [Msg::ImportsStepFile, Msg::ImportsStepMapping, Msg::ImportsStepDryRun, Msg::ImportsStepRun];
const FILE: usize = 0;
const MAPPING: usize = 1;
const DRY_RUN: usize = 2;
const RUN: usize = 3;

/// The size of a file.
fn size(bytes: f64, i: I18n) -> AttrValue {
    if bytes < 1e6 {
        i.t(Msg::ImportsKilobytes { size: &i.number((bytes / 1e3).ceil() as u32) })
    } else {
        i.t(Msg::ImportsMegabytes { size: &i.figure(&format!("{:.1}", bytes / 1e6)) })
    }
}

/// An import, from the choice of a file to what came of it.
#[function_component]
pub fn NewImportPage() -> Html {
    let i = use_i18n();
    let units = use_units();
    let at = use_state(|| FILE);
    let plan = use_state(|| None::<Rc<Plan>>);
    // The same for those who change it: they may do so twice before the page has followed.
    let latest = use_mut_ref(|| None::<Plan>);
    let sending = use_state(|| None::<AttrValue>);
    let busy = use_state(|| false);
    let refused = use_state(Vec::<AttrValue>::new);
    let errors = use_state(Errors::default);
    let dry_run = use_state(|| None::<(Rc<NewImport>, Uuid)>);
    let run = use_state(|| None::<Uuid>);
    // What is decided about single records counts for the dry run that found them.
    let decisions = use_state(|| Rc::new(Decisions::new()));
    let decided = use_mut_ref(Decisions::new);
    let once = use_once();
    // A list that was refused another choice has to be drawn anew to show the old one.
    let drawn = use_state(|| 0_u32);

    let followed = match *at {
        DRY_RUN => dry_run.as_ref().map(|(_, id)| *id),
        RUN => *run,
        _ => None,
    };
    let job = use_job(followed);
    // What has just been begun is not known yet, and what was known before is something else.
    let details = job.remote.data.clone().filter(|details| Some(details.job.id) == followed);

    let show = cb!((at, refused, errors), |step: usize| {
        refused.set(Vec::new());
        errors.set(Errors::default());
        at.set(step);
    });
    let first = use_mut_ref(|| true);
    use_effect_with(*at, move |_| {
        if !first.replace(false) {
            dom::focus("import-step");
        }
    });

    let edit = use_callback((), {
        let (plan, latest, refused, errors) =
            (plan.setter(), latest.clone(), refused.setter(), errors.setter());
        move |change: Change, ()| {
            if let Some(now) = latest.borrow_mut().as_mut() {
                change(now);
                plan.set(Some(Rc::new(now.clone())));
                refused.set(Vec::new());
                errors.set(Errors::default());
            }
        }
    });
    let take = cb!((plan, latest, units), |upload: Upload| {
        let next = Plan::of(upload, latest.borrow().as_ref(), &units);
        plan.set(Some(Rc::new(next.clone())));
        latest.replace(Some(next));
    });
    let onfile = cb!((take, show, sending, refused), |file: File| {
        if sending.is_some() {
            return;
        }
        if file.size() > MOST {
            refused.set(vec![i.t(Msg::ImportsTooLarge)]);
            return;
        }
        refused.set(Vec::new());
        sending.set(Some(file.name().into()));
        spawn!((take, show, sending, refused), {
            match api::jobs::upload(file).await {
                Ok(upload) => {
                    take.emit(upload);
                    show.emit(MAPPING);
                }
                Err(error) => refused.set(reasons(&error, i)),
            }
            sending.set(None);
        });
    });
    // Only the last choice counts, in whichever order the answers come.
    let turn = use_mut_ref(|| 0_u32);
    let onlayout = cb!((take, plan, busy, refused, drawn, turn), |layout: FileLayout| {
        let Some(id) = plan.as_ref().map(|plan| plan.upload.id) else { return };
        let mine = turn.take() + 1;
        turn.replace(mine);
        busy.set(true);
        refused.set(Vec::new());
        spawn!((take, busy, refused, drawn, turn), {
            let answer = api::jobs::read_again(id, &layout).await;
            if *turn.borrow() != mine {
                return;
            }
            match answer {
                Ok(upload) => take.emit(upload),
                Err(error) => {
                    refused.set(reasons(&error, i));
                    drawn.set(*drawn + 1);
                }
            }
            busy.set(false);
        });
    });

    let state = details.as_ref().map(|details| details.job.state);
    let start = cb!((dry_run, run, at, busy, refused, errors, once, decisions, decided), |new: NewImport| {
        if *busy {
            return;
        }
        busy.set(true);
        spawn!((dry_run, run, at, busy, refused, errors, once, decisions, decided), {
            let started = once.answered(api::jobs::start_import(&new, &once.key(&new)).await);
            match started {
                Ok(made) => {
                    fetch::forget("jobs?");
                    if new.dry_run {
                        decided.borrow_mut().clear();
                        decisions.set(Rc::new(Decisions::new()));
                        dry_run.set(Some((Rc::new(new), made.job.id)));
                        at.set(DRY_RUN);
                    } else {
                        run.set(Some(made.job.id));
                        at.set(RUN);
                    }
                }
                Err(error) => {
                    errors.set(Errors::of(&error));
                    refused.set(reasons(&error, i));
                }
            }
            busy.set(false);
        });
    });
    let try_it = cb!((latest, dry_run, start, show), |_: MouseEvent| {
        let Some(new) = latest.borrow().as_ref().filter(|plan| plan.wrong(i).is_empty()).map(Plan::body)
        else {
            return;
        };
        match &*dry_run {
            Some((tried, _)) if **tried == new => show.emit(DRY_RUN),
            _ => start.emit(new),
        }
    });
    // What was tried is what is done, to the letter.
    let do_it = cb!((dry_run, start, decided), |_: MouseEvent| {
        if let Some((tried, _)) = &*dry_run {
            let decided = decided.borrow();
            let decisions =
                decided.iter().map(|(row, (_, action))| DuplicateDecision { row: *row, action: *action });
            let new = NewImport { dry_run: false, decisions: decisions.collect(), ..(**tried).clone() };
            start.emit(new);
        }
    });
    let decide = use_callback((), {
        let (decisions, decided) = (decisions.setter(), decided.clone());
        move |(row, action): (ImportDuplicate, DuplicateAction), ()| {
            let mut decided = decided.borrow_mut();
            if action == row.action {
                decided.remove(&row.line);
            } else if decided.len() < MOST_DECISIONS || decided.contains_key(&row.line) {
                decided.insert(row.line, (row.action, action));
            }
            decisions.set(Rc::new(decided.clone()));
        }
    });
    // A dry run that came to nothing is not gone back to.
    let back_to_mapping = cb!((dry_run, show), |_: MouseEvent| {
        if matches!(state, Some(JobState::Failed | JobState::Cancelled)) {
            dry_run.set(None);
        }
        show.emit(MAPPING);
    });
    let to_file = cb!((show), |_: MouseEvent| show.emit(FILE));
    let to_mapping = cb!((show), |_: MouseEvent| show.emit(MAPPING));
    let again = cb!((plan, latest, dry_run, run, show), |_: MouseEvent| {
        plan.set(None);
        latest.replace(None);
        dry_run.set(None);
        run.set(None);
        show.emit(FILE);
    });

    let step = |(n, words): (usize, &Msg<'static>)| {
        let words = i.t(*words);
        let inside = html! { <><b /><span>{ words }</span></> };
        let current = (n == *at).then_some("step");
        html! {
            <li aria-current={current} class={(n < *at).then_some("is-done")}>
                // What was imported cannot be taken back by going back.
                if n < *at && run.is_none() {
                    <button type="button" class="steps__step" onclick={cb!((show), |_: MouseEvent| show.emit(n))}>{ inside }</button>
                } else {
                    <span class="steps__step">{ inside }</span>
                }
            </li>
        }
    };
    let progress = || match (&details, &job.remote.error) {
        (Some(details), _) => html! { <JobProgress details={Rc::clone(details)} set={job.set.clone()} /> },
        (None, Some(error)) => html! { <Notice tone="bad" alert=true>{ error.detail(i) }</Notice> },
        (None, None) => html! { <p role="status" class="muted">{ i.t(Msg::CommonLoading) }</p> },
    };
    let outcome = || html! { if let Some(details) = &details { <Outcome details={Rc::clone(details)} /> } };
    let body = match (*at, &*plan) {
        (MAPPING, Some(plan)) => html! {
            <>
                <Mapping key={drawn.to_string()} plan={Rc::clone(plan)} units={units.clone()} errors={(*errors).clone()} {edit} {onlayout} />
                { problems(&refused) }
                <div class="form__actions">
                    <Button onclick={to_file}>{ i.t(Msg::ImportsBack) }</Button>
                    <Button look={Look::Primary} busy={*busy} disabled={!plan.wrong(i).is_empty()} onclick={try_it}>{ i.t(Msg::ImportsStartDryRun) }</Button>
                </div>
            </>
        },
        (DRY_RUN, Some(_)) => {
            let counts = details.as_ref().map(|details| details.job.counts).unwrap_or_default();
            let left = |action: DuplicateAction| i64::from(action == DuplicateAction::Skip);
            let changed: i64 = decisions.values().map(|(tried, action)| left(*tried) - left(*action)).sum();
            let takes = (counts.created + counts.updated + changed).max(0);
            let decides = details.as_ref().filter(|_| counts.duplicates > 0);
            let tried = matches!(state, Some(JobState::Succeeded | JobState::PartiallySucceeded));
            html! {
                <>
                    <HelpNote text={i.t(Msg::ImportsDryRunHelp)} />
                    { progress() }
                    if tried && takes == 0 { <Notice>{ i.t(Msg::ImportsNothing) }</Notice> }
                    { problems(&refused) }
                    <div class="form__actions">
                        <Button onclick={back_to_mapping}>{ i.t(Msg::ImportsBack) }</Button>
                        if tried && takes > 0 {
                            <Button look={Look::Primary} busy={*busy} onclick={do_it}>{ i.t(Msg::ImportsStart { count: &count(takes, i) }) }</Button>
                        }
                    </div>
                    if let (true, Some(details)) = (tried, decides) {
                        <Duplicates details={Rc::clone(details)} decisions={Rc::clone(&*decisions)} {decide} />
                    }
                    if let Some(details) = &details { <Outcome details={Rc::clone(details)} lists=false /> }
                </>
            }
        }
        (RUN, Some(_)) => html! {
            <>
                <HelpNote text={i.t(Msg::ImportsRunHelp)} />
                { progress() }
                <div class="form__actions">
                    if state.is_some_and(|state| !is_going(state)) {
                        <Button look={Look::Primary} to={Route::Customers.to_path()}>{ i.t(Msg::CustomersShowAll) }</Button>
                        <Button onclick={again}>{ i.t(Msg::ImportsAgain) }</Button>
                    }
                    if let Some(id) = *run { <Button to={Route::Job { id }.to_path()}>{ i.t(Msg::ImportsToJob) }</Button> }
                </div>
                { outcome() }
            </>
        },
        (_, plan) => html! {
            <>
                <HelpNote text={i.t(Msg::ImportsFileHelp)} />
                <FileDrop id="import-file" label={i.t(Msg::ImportsChooseFile)} hint={i.t(Msg::ImportsAccepts)} accept=".xlsx,.csv,.tsv,.txt,.gz,text/csv,text/plain"
                    disabled={sending.is_some()} {onfile} />
                <div role="status">
                    if let Some(name) = &*sending { <p class="muted">{ i.t(Msg::ImportsSending { name }) }</p> }
                </div>
                { problems(&refused) }
                if let Some(plan) = plan {
                    <p>{ i.t(Msg::ImportsChosen { name: &plan.upload.name, size: &size(plan.upload.bytes as f64, i) }) }</p>
                    <div class="form__actions"><Button look={Look::Primary} onclick={to_mapping}>{ i.t(Msg::ImportsNext) }</Button></div>
                }
            </>
        },
    };
    let title = STEPS.get(*at).map(|words| i.t(*words)).unwrap_or_default();
    html! {
        <Page title={i.t(Msg::ImportsTitle)}>
            <HelpNote text={i.t(Msg::ImportsHelp)} />
            <ol class="steps" aria-label={i.t(Msg::ImportsSteps)}>{ for STEPS.iter().enumerate().map(step) }</ol>
            <h2 id="import-step" tabindex="-1">{ title }</h2>
            { body }
        </Page>
    }
}

/// Why the server has not taken something.
fn problems(refused: &[AttrValue]) -> Html {
    html! {
        if !refused.is_empty() {
            <Notice tone="bad" alert=true><ul>{ for refused.iter().map(|reason| html! { <li>{ reason }</li> }) }</ul></Notice>
        }
    }
}
