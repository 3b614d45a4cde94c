use std::rc::Rc;

use gloo_timers::callback::Timeout;
use guanxi_api::{Job, JobCounts, JobDetails, JobKind};
use uuid::Uuid;
use yew::prelude::*;

use super::{count, is_going, tone_of};
use crate::api;
use crate::exports::JobFileButton;
use crate::fetch::{self, Query, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::session::{may, right, use_me};
use crate::ui::{Badge, Button, ConfirmDialog, Notice, Tone, use_toasts};

/// Milliseconds after which one looks again.
pub const EVERY: u32 = 1_000;

/// Looks again and again while something is going on, each time after the answer to the last look.
#[hook]
pub fn use_polling(going: bool, loading: bool, every: u32, reload: &Callback<()>) {
    let reload = reload.clone();
    use_effect_with((going, loading), move |(going, loading)| {
        let timer = (*going && !*loading).then(|| Timeout::new(every, move || reload.emit(())));
        move || drop(timer)
    });
}

/// A job, followed until it has ended.
#[hook]
pub fn use_job(id: Option<Uuid>) -> Query<JobDetails> {
    let query = use_query::<JobDetails, _, _>(id.map(|id| format!("job/{id}")), move || {
        api::jobs::get(id.unwrap_or_default())
    });
    let going = query.remote.data.as_ref().is_some_and(|details| is_going(details.job.state));
    use_polling(going, query.remote.loading, EVERY, &query.reload);
    query
}

/// The state of a job, and whether it only tries.
pub fn state_badge(job: &Job, i: I18n) -> Html {
    html! {
        <>
            <Badge tone={tone_of(job.state)}>{ job.state.label(i) }</Badge>
            if job.dry_run { { " " }<Badge tone={Tone::Information}>{ i.t(Msg::JobDryRun) }</Badge> }
        </>
    }
}

/// How many records are done, of how many.
pub fn done_of(job: &Job, i: I18n) -> AttrValue {
    let processed = count(job.processed, i);
    match job.total {
        Some(total) => i.t(Msg::JobOf { processed: &processed, total: &count(total, i) }),
        None => processed.into(),
    }
}

#[derive(Properties, PartialEq)]
pub struct JobProgressProps {
    pub details: Rc<JobDetails>,
    /// Takes the job as it is after it was told to end.
    pub set: Callback<JobDetails>,
}

/// How far a job is, what has come of it, and a way to end it.
#[function_component]
pub fn JobProgress(props: &JobProgressProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let job = &props.details.job;
    let me = use_me();
    let is_own = me.as_ref().is_some_and(|me| job.created_by.as_ref().is_some_and(|by| by.id == me.id));
    let may_end = is_own && me.is_some_and(|me| may(&me, right::CANCEL_JOBS));
    let asking = use_state(|| false);
    let is_export = job.kind == JobKind::Export;
    let (id, set) = (job.id, &props.set);
    let end = cb!((asking, set, toasts), |()| {
        asking.set(false);
        spawn!((set, toasts), {
            match api::jobs::cancel(id).await {
                Ok(details) => set.emit(details),
                Err(error) => toasts.fail(&error, i),
            }
            fetch::forget("jobs?");
        });
    });
    let going = is_going(job.state);
    let JobCounts { created, updated, unchanged, failed, duplicates, merged, skipped, conflicts } =
        job.counts;
    // What most imports have none of is shown by those that have some.
    let besides = [
        (Msg::JobDuplicates, duplicates),
        (Msg::JobMerged, merged),
        (Msg::JobSkipped, skipped),
        (Msg::JobConflicts, conflicts),
    ];
    let besides = besides.into_iter().filter(|(_, records)| *records > 0);
    let figures: Vec<(Msg<'static>, i64)> = match (job.kind, job.dry_run) {
        (JobKind::Export, _) => Vec::new(),
        (JobKind::DuplicateSearch, _) => {
            vec![(Msg::PairsFoundNew, created), (Msg::PairsKnown, unchanged)]
        }
        (JobKind::Bulk, _) => {
            vec![(Msg::BulkDone, updated), (Msg::BulkUnchanged, unchanged), (Msg::BulkRefused, failed)]
        }
        (JobKind::ImportUndo | JobKind::BulkUndo, _) => {
            vec![(Msg::JobTakenBack, updated), (Msg::JobLeft, failed)]
        }
        (JobKind::Import, true) => vec![
            (Msg::JobWouldCreate, created),
            (Msg::JobWouldUpdate, updated),
            (Msg::JobWouldKeep, unchanged),
            (Msg::JobWouldFail, failed),
        ],
        (JobKind::Import, false) => vec![
            (Msg::JobCreated, created),
            (Msg::JobUpdated, updated),
            (Msg::JobUnchanged, unchanged),
            (Msg::JobFailed, failed),
        ],
    };
    let text = match (job.kind, job.dry_run) {
        (JobKind::Export, _) => Msg::JobCancelExport,
        (JobKind::ImportUndo | JobKind::BulkUndo, _) => Msg::JobCancelUndo,
        (JobKind::Bulk, _) => Msg::BulkCancelText,
        (JobKind::DuplicateSearch, _) => Msg::PairsCancelText,
        (JobKind::Import, true) => Msg::JobCancelDryRun,
        (JobKind::Import, false) => Msg::JobCancelText,
    };
    let file = props.details.file.as_ref().filter(|_| is_own);
    html! {
        <div class="stack">
            <p class="row" role="status">
                { state_badge(job, i) }
                if going && job.cancel_requested { <span>{ i.t(Msg::JobEnding) }</span> }
            </p>
            if let Some(problem) = &job.problem { <Notice tone="bad" alert=true>{ &problem.message }</Notice> }
            if going {
                <div class="row">
                    <progress class="progress grow" max={job.total.map(|total| total.max(1).to_string())} value={job.total.map(|_| job.processed.to_string())} aria-label={i.t(Msg::JobProgress)} />
                    <span class="small nowrap">{ done_of(job, i) }</span>
                    if may_end && !job.cancel_requested {
                        <Button small=true onclick={cb!((asking), |_: MouseEvent| asking.set(true))}>{ i.t(Msg::JobCancel) }</Button>
                    }
                </div>
            }
            if is_export && !going { <p>{ i.t(Msg::ExportsWritten { rows: &count(job.processed, i) }) }</p> }
            if let Some(file) = file { <div><JobFileButton {id} name={file.name.clone()} /></div> }
            if !is_export { <dl class="stats">
                { for figures.into_iter().chain(besides).map(|(words, records)| html! { <div class="stat"><dt>{ i.t(words) }</dt><dd>{ count(records, i) }</dd></div> }) }
            </dl> }
            if *asking && going {
                <ConfirmDialog title={i.t(Msg::JobCancelTitle)} action={i.t(Msg::JobCancel)} danger=true onconfirm={end} onclose={cb!((asking), |()| asking.set(false))}>
                    <p>{ i.t(text) }</p>
                </ConfirmDialog>
            }
        </div>
    }
}
