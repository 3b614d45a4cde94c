use std::rc::Rc;

use guanxi_api::{FieldMapping, ImportDetails, JobDetails, JobKind};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::list::who;
use super::problems::Problems;
use super::progress::{JobProgress, state_badge, use_job};
use super::{codes, is_going};
use crate::exports::told;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::ui::{Button, EmptyState, ErrorPanel, HelpNote, Icon, Page, Panel, Skeleton, Time};

#[derive(Properties, PartialEq)]
pub struct JobPageProps {
    pub id: Uuid,
}

/// One job: how far it is, what came of it, what was not taken, and what it was told.
#[function_component]
pub fn JobPage(props: &JobPageProps) -> Html {
    let i = use_i18n();
    let runs = use_me().is_some_and(|me| may(&me, right::RUN_IMPORTS));
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
    let heading = html! { <h1><span class="header__title"><span>{ &job.title }</span>{ state_badge(job, i) }</span></h1> };
    let help = match (job.kind, job.dry_run) {
        (JobKind::Export, _) => Msg::JobHelpExport,
        (JobKind::Import, true) => Msg::JobHelpDryRun,
        (JobKind::Import, false) => Msg::JobHelp,
    };
    let runs = runs && job.kind == JobKind::Import;
    let actions = html! {
        if runs { <Button icon={Icon::Plus} to={Route::NewImport.to_path()}>{ i.t(Msg::JobsNew) }</Button> }
    };
    html! {
        <Page title={job.title.clone()} {heading} {actions}>
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
            <Outcome details={Rc::clone(&details)} />
            <Panel title={i.t(Msg::JobMapping)}>
                if let Some(import) = &details.import { { mapping(import, i) } } else {
                    <dl class="facts">{ for told(&details, i).into_iter().map(|(name, value)| html! { <div class="fact"><dt>{ name }</dt><dd><span class="inline">{ value }</span></dd></div> }) }</dl>
                }
            </Panel>
        </Page>
    }
}

#[derive(Properties, PartialEq)]
pub struct OutcomeProps {
    pub details: Rc<JobDetails>,
}

/// The records that were not taken, once no more of them can come.
#[function_component]
pub fn Outcome(props: &OutcomeProps) -> Html {
    let job = &props.details.job;
    html! {
        if job.counts.failed > 0 && !is_going(job.state) { <Problems key={job.id.to_string()} details={Rc::clone(&props.details)} /> }
    }
}

/// What became of each column.
fn mapping(import: &ImportDetails, i: I18n) -> Html {
    let value = |part: &FieldMapping, code: &str| {
        let known = codes(part.field, &[], i).into_iter().find(|(known, _)| known == code);
        known.map_or_else(|| code.to_owned(), |(_, words)| words.to_string())
    };
    let line = |part: &FieldMapping| {
        let column = import.columns.iter().find(|name| part.from == format!("{{{name}}}"));
        // Without a column it is the same for all records.
        let from = match column {
            Some(column) => column.clone(),
            None if part.from.contains('{') => part.from.clone(),
            None => i.t(Msg::JobFixed { value: &value(part, &part.from) }).to_string(),
        };
        let values = part.values.iter().map(|(from, code)| format!("{from} → {}", value(part, code)));
        let others =
            part.otherwise.iter().map(|code| format!("{} → {}", i.t(Msg::ImportsOthers), value(part, code)));
        let values: Vec<String> = values.chain(others).collect();
        html! {
            <tr><th scope="row">{ from }</th><td>{ part.field.label(i) }</td><td>{ values.join(&i.t(Msg::CommonListComma)) }</td></tr>
        }
    };
    html! {
        <div class="scrolls" tabindex="0" role="group" aria-label={i.t(Msg::JobMapping)}>
            <table class="figures">
                <thead><tr>
                    <th scope="col">{ i.t(Msg::ImportsColumn) }</th><th scope="col">{ i.t(Msg::ImportsBecomes) }</th><th scope="col">{ i.t(Msg::JobValues) }</th>
                </tr></thead>
                <tbody>{ for import.mapping.customer.iter().map(line) }</tbody>
            </table>
        </div>
    }
}
