use std::collections::BTreeMap;
use std::rc::Rc;

use guanxi_api::{BulkActionKind, BulkDetails, ImportDetails, JobDetails, JobKind, RecordMapping};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::brought::{self, template};
use super::duplicates::Duplicates;
use super::list::who;
use super::problems::Problems;
use super::progress::{JobProgress, state_badge, use_job};
use super::{codes, is_going};
use crate::api;
use crate::exports::told;
use crate::fetch;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::once::use_once;
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::ui::{
    Button, ConfirmDialog, EmptyState, ErrorPanel, HelpNote, Icon, Link, Page, Panel, Skeleton, Time,
    use_toasts,
};

#[derive(Properties, PartialEq)]
pub struct JobPageProps {
    pub id: Uuid,
}

/// One job: how far it is, what came of it, what was not taken, and what it was told.
#[function_component]
pub fn JobPage(props: &JobPageProps) -> Html {
    let i = use_i18n();
    let me = use_me();
    let runs = me.as_ref().is_some_and(|me| may(me, right::RUN_IMPORTS));
    let query = use_job(Some(props.id));
    let Some(details) = query.remote.data.clone() else {
        return html! {
            <Page title={i.t(Msg::JobTitle)}>
                { match &query.remote.error {
                    Some(error) if error.is_missing() => html! { <EmptyState icon={Icon::Upload} title={i.t(Msg::JobMissing)} text={i.t(Msg::JobMissingText)} /> },
                    Some(error) => html! { <ErrorPanel what={i.t(Msg::JobsFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                    None => html! { <Skeleton bare=true rows=8 /> },
                } }
            </Page>
        };
    };
    let job = &details.job;
    let title = super::title(job, i);
    let heading =
        html! { <h1><span class="header__title"><span>{ &title }</span>{ state_badge(job, i) }</span></h1> };
    let help = match (job.kind, job.dry_run) {
        (JobKind::Export, _) => Msg::JobHelpExport,
        (JobKind::ImportUndo, _) => Msg::JobHelpUndo,
        (JobKind::Bulk, _) => Msg::BulkHelp,
        (JobKind::DuplicateSearch, _) => Msg::PairsJobHelp,
        (JobKind::BulkUndo, _) => Msg::BulkHelpUndo,
        (JobKind::Import, true) => Msg::JobHelpDryRun,
        (JobKind::Import, false) => Msg::JobHelp,
    };
    let bulk = job.kind == JobKind::Bulk
        && me.is_some_and(|me| job.created_by.as_ref().is_some_and(|by| by.id == me.id));
    let runs = runs && job.kind == JobKind::Import;
    let actions = html! {
        <>
            if runs && can_be_undone(&details) { <UndoButton id={job.id} /> }
            if bulk && can_be_undone(&details) { <UndoButton id={job.id} bulk=true /> }
            if runs { <Button icon={Icon::Plus} to={Route::NewImport.to_path()}>{ i.t(Msg::JobsNew) }</Button> }
        </>
    };
    html! {
        <Page title={title.clone()} {heading} {actions}>
            <div class="header__facts">
                <span>{ i.t(Msg::FieldKind) }{ " " }<b>{ job.kind.label(i) }</b></span>
                <span>{ i.t(Msg::JobBy) }{ " " }<b>{ who(job, i) }</b></span>
                <span>{ i.t(Msg::JobAt) }{ " " }<b><Time at={job.created_at} /></b></span>
                if let Some(at) = job.finished_at { <span>{ i.t(Msg::JobFinished) }{ " " }<b><Time {at} /></b></span> }
                if let Some(import) = &details.import { <span>{ i.t(Msg::ImportsSource) }{ " " }<b>{ &import.mapping.source }</b></span> }
                <span>{ i.t(Msg::JobKept) }{ " " }<b><Time at={job.expires_at} /></b></span>
            </div>
            <HelpNote text={i.t(help)} />
            <JobProgress details={Rc::clone(&details)} set={query.set.clone()} />
            if let Some(id) = details.undone_by { <p><Link to={Route::Job { id }.to_path()}>{ i.t(if job.kind == JobKind::Bulk { Msg::BulkUndoneBy } else { Msg::JobUndoneBy }) }</Link></p> }
            <Outcome details={Rc::clone(&details)} />
            if let Some(told) = &details.bulk {
                <Panel title={i.t(Msg::JobMapping)}>{ bulk_facts(told, i) }</Panel>
            } else if let Some(undo) = &details.bulk_undo {
                <p><Link to={Route::Job { id: undo.bulk_id }.to_path()}>{ i.t(Msg::BulkUndoes) }</Link></p>
            } else if let Some(undo) = &details.undo {
                <p><Link to={Route::Job { id: undo.import_id }.to_path()}>{ i.t(Msg::JobUndoes) }</Link></p>
            } else {
                <Panel title={i.t(Msg::JobMapping)}>
                    if let Some(import) = &details.import { { mapping(import, i) } } else {
                        <dl class="facts">{ for told(&details, i).into_iter().map(|(name, value)| html! { <div class="fact"><dt>{ name }</dt><dd><span class="inline">{ value }</span></dd></div> }) }</dl>
                    }
                </Panel>
            }
        </Page>
    }
}

/// What a bulk action does, to whom, and why it left some as they were.
fn bulk_facts(told: &BulkDetails, i: I18n) -> Html {
    let what = match told.kind {
        BulkActionKind::Assign => Msg::BulkAssigned,
        BulkActionKind::CreateTask => Msg::BulkTaskSet,
        BulkActionKind::Tag => Msg::BulkTagged,
        BulkActionKind::Untag => Msg::BulkUntagged,
    };
    let fact = |name: AttrValue, value: Html| html! { <div class="fact"><dt>{ name }</dt><dd><span class="inline">{ value }</span></dd></div> };
    html! {
        <dl class="facts">
            { fact(i.t(Msg::BulkWhat), html! { { i.t(what) } }) }
            if let Some(filter) = &told.filter { { fact(i.t(Msg::ExportsFilter), html! { { filter.clone() } }) } }
            { for told.refused.iter().map(|refusal| {
                let count = i.number(u32::try_from(refusal.count).unwrap_or(u32::MAX));
                fact(i.t(Msg::BulkRefusedCount { count: &count }), html! { { refusal.message.clone() } })
            }) }
        </dl>
    }
}

/// Whether an import or a bulk action has done something that has not been taken back.
fn can_be_undone(details: &JobDetails) -> bool {
    let job = &details.job;
    let wrote = !job.dry_run && job.counts.created + job.counts.updated + job.counts.conflicts > 0;
    matches!(job.kind, JobKind::Import | JobKind::Bulk)
        && wrote
        && !is_going(job.state)
        && details.undone_by.is_none()
}

#[derive(Properties, PartialEq)]
struct UndoButtonProps {
    id: Uuid,
    /// It is a bulk action.
    #[prop_or_default]
    bulk: bool,
}

/// Takes an import or a bulk action back, after having said what that means.
#[function_component]
fn UndoButton(props: &UndoButtonProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let asking = use_state(|| false);
    let once = use_once();
    let UndoButtonProps { id, bulk } = *props;
    let begin = cb!((asking, once, toasts), |()| {
        asking.set(false);
        spawn!((once, toasts), {
            let key = once.key(&id);
            let started = if bulk {
                api::customers::undo_bulk(id, &key).await
            } else {
                api::jobs::undo(id, &key).await
            };
            match once.answered(started) {
                Ok(made) => {
                    fetch::forget("job");
                    route::go(&Route::Job { id: made.job.id }.to_path());
                }
                Err(error) => toasts.fail(&error, i),
            }
        });
    });
    let (action, title, text) = if bulk {
        (Msg::BulkUndo, Msg::BulkUndoTitle, Msg::BulkUndoText)
    } else {
        (Msg::JobUndo, Msg::JobUndoTitle, Msg::JobUndoText)
    };
    let action = i.t(action);
    html! {
        <>
            <Button icon={Icon::ArchiveRestore} onclick={cb!((asking), |_: MouseEvent| asking.set(true))}>{ &action }</Button>
            if *asking {
                <ConfirmDialog title={i.t(title)} {action} danger=true onconfirm={begin} onclose={cb!((asking), |()| asking.set(false))}>
                    <p>{ i.t(text) }</p>
                </ConfirmDialog>
            }
        </>
    }
}

#[derive(Properties, PartialEq)]
pub struct OutcomeProps {
    pub details: Rc<JobDetails>,
    /// Records whose customer may be there already stand among them.
    #[prop_or(true)]
    pub lists: bool,
}

/// The records whose customer may be there already and those that were not taken, once no more of them can come.
#[function_component]
pub fn Outcome(props: &OutcomeProps) -> Html {
    let job = &props.details.job;
    html! {
        <>
            if props.lists && job.counts.duplicates > 0 && !is_going(job.state) { <Duplicates key={format!("{}-duplicates", job.id)} details={Rc::clone(&props.details)} /> }
            if job.counts.failed > 0 && !is_going(job.state) { <Problems key={job.id.to_string()} details={Rc::clone(&props.details)} /> }
        </>
    }
}

/// A line of what an import was told: where something comes from, what it becomes, and what its values become.
type Told = (String, AttrValue, String);

/// What was told of a field: the template that it is made of, what its values become, and its codes in words.
fn said(
    columns: &[String],
    name: AttrValue,
    from: &str,
    (values, otherwise): (&BTreeMap<String, String>, Option<&String>),
    known: &[(AttrValue, AttrValue)],
    i: I18n,
) -> Told {
    let value = |code: &str| {
        let found = known.iter().find(|(known, _)| known == code);
        found.map_or_else(|| code.to_owned(), |(_, words)| words.to_string())
    };
    let column = columns.iter().find(|column| from == template(column));
    // Without a column it is the same for all records.
    let origin = match column {
        Some(column) => column.clone(),
        None if from.contains('{') => from.to_owned(),
        None => i.t(Msg::JobFixed { value: &value(from) }).to_string(),
    };
    let values = values.iter().map(|(from, code)| format!("{from} → {}", value(code)));
    let others = otherwise.iter().map(|code| format!("{} → {}", i.t(Msg::ImportsOthers), value(code)));
    let values: Vec<String> = values.chain(others).collect();
    (origin, name, values.join(&i.t(Msg::CommonListComma)))
}

/// What became of each column, and what each record brought besides its customer.
fn mapping(import: &ImportDetails, i: I18n) -> Html {
    let columns = &import.columns;
    let customer = import.mapping.customer.iter().map(|part| {
        let values = (&part.values, part.otherwise.as_ref());
        said(columns, part.field.label(i), &part.from, values, &codes(part.field, &[], i), i)
    });
    let none = BTreeMap::new();
    let record = |record: &RecordMapping| {
        let key = said(columns, i.t(Msg::ImportRecordsKey), &record.key, (&none, None), &[], i);
        let when = record.when.iter().map(|when| (when.clone(), i.t(Msg::ImportRecordsWhen), String::new()));
        let fields = record.fields.iter().map(|part| {
            let label = part.field.label(i);
            let name = match &part.question {
                Some(question) => i.t(Msg::ImportRecordsOne { kind: &label, number: question }),
                None => label,
            };
            let known = brought::codes(record.target, part.field, i);
            said(columns, name, &part.from, (&part.values, part.otherwise.as_ref()), &known, i)
        });
        part_of(Some(record.target.label(i)), [key].into_iter().chain(when).chain(fields))
    };
    html! {
        <div class="scrolls" tabindex="0" role="group" aria-label={i.t(Msg::JobMapping)}>
            <table class="figures">
                <thead><tr>
                    <th scope="col">{ i.t(Msg::ImportsColumn) }</th><th scope="col">{ i.t(Msg::ImportsBecomes) }</th><th scope="col">{ i.t(Msg::JobValues) }</th>
                </tr></thead>
                { part_of(None, customer) }
                { for import.mapping.records.iter().map(record) }
            </table>
        </div>
    }
}

/// Lines that belong together, below a heading.
fn part_of(heading: Option<AttrValue>, lines: impl Iterator<Item = Told>) -> Html {
    html! {
        <tbody>
            if let Some(heading) = heading { <tr><th scope="rowgroup" colspan="3" class="figures__part">{ heading }</th></tr> }
            { for lines.map(|(from, name, values)| html! { <tr><th scope="row">{ from }</th><td>{ name }</td><td>{ values }</td></tr> }) }
        </tbody>
    }
}
