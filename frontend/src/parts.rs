//! Pages that many users never open lie in files of their own, which the browser loads when the first of them is opened.
//!
//! What only the pages of one part need goes into its file, what several parts need into a file that they share; everything that is
//! reached from `main` stays in the app. The build finds out which is which.

// `wasm_split` writes the functions through which a part is entered as foreign ones.
#![allow(unsafe_code)]

use std::rc::Rc;

use wasm_split_helpers::{SplitLoaderError, wasm_split};
use yew::prelude::*;

use crate::api::ApiError;
use crate::audit::AuditPage;
use crate::customers::{BulkDialog, BulkDialogProps};
use crate::dom;
use crate::duplicates::{DuplicatePage, DuplicatesPage};
use crate::fetch::use_query;
use crate::holdings::{HoldingsTab, HoldingsTabProps};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::imports::{JobPage, JobsPage, NewImportPage};
use crate::org::{NewUserPage, UnitsPage, UserPage, UsersPage};
use crate::ownership::{
    CareTab, CareTabProps, HandoverPage, OwnershipPage, OwnershipPanel, OwnershipPanelProps,
};
use crate::products::{ProductsPage, RatesPage};
use crate::quality::{ConflictsPage, DataQualityPage, FieldDialog, FieldDialogProps};
use crate::relations::{OwnersPanel, OwnersProps, RelationsTab, RelationsTabProps};
use crate::reports::{ReportsPage, TargetsPage};
use crate::route::Route;
use crate::segments::{SegmentsPage, SegmentsTab, SegmentsTabProps};
use crate::surveys::{QuestionnairePage, SurveyPage, SurveysPage};
use crate::tags::{TagLine, TagLineProps, TagsPage};
use crate::tiers::{TierWatchPage, TiersPage};
use crate::ui::{Button, EmptyState, Icon, Page, Skeleton, TagMark, use_toasts};
use crate::value::{GradeRulesPage, ValuePage, ValueTab, ValueTabProps};
use crate::views::{ViewBar, ViewBarProps};

/// Draws the page of a route of its part.
type Pages = fn(&Route) -> Html;

/// Pages that are loaded together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Surveys and questionnaires.
    Surveys,
    /// Figures for heads and managers.
    Reports,
    /// Files of customers, and jobs.
    Imports,
    /// Where values come from, which of two is right, and what is missing.
    Quality,
    /// Who belongs to which tier from which assets on, and who is about to move.
    Tiers,
    /// Who looks after customers.
    Ownership,
    /// Customers who are alike.
    Segments,
    /// What customers are worth, and how they are graded.
    Value,
    /// What administrators set, and the audit trail.
    Administration,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Part::Surveys => "surveys",
            Part::Reports => "reports",
            Part::Imports => "imports",
            Part::Quality => "quality",
            Part::Tiers => "tiers",
            Part::Ownership => "ownership",
            Part::Segments => "segments",
            Part::Value => "value",
            Part::Administration => "administration",
        }
    }

    async fn load(self) -> Result<Pages, ApiError> {
        match self {
            Part::Surveys => surveys().await,
            Part::Reports => reports().await,
            Part::Imports => imports().await,
            Part::Quality => quality().await,
            Part::Tiers => tiers().await,
            Part::Ownership => ownership().await,
            Part::Segments => segments().await,
            Part::Value => value().await,
            Part::Administration => administration().await,
        }
    }
}

impl From<SplitLoaderError> for ApiError {
    fn from(_: SplitLoaderError) -> Self {
        ApiError::unreachable()
    }
}

#[wasm_split(surveys, fallible)]
fn surveys() -> Result<Pages, ApiError> {
    Ok(|route| match route {
        Route::Surveys => html! { <SurveysPage /> },
        Route::Survey { id } => html! { <SurveyPage key={id.to_string()} id={*id} /> },
        Route::Questionnaire { id } => html! { <QuestionnairePage key={id.to_string()} id={*id} /> },
        _ => html!(),
    })
}

#[wasm_split(reports, fallible)]
fn reports() -> Result<Pages, ApiError> {
    Ok(|route| match route {
        Route::Reports => html! { <ReportsPage /> },
        Route::ContactTargets => html! { <TargetsPage /> },
        _ => html!(),
    })
}

#[wasm_split(imports, fallible)]
fn imports() -> Result<Pages, ApiError> {
    Ok(|route| match route {
        Route::NewImport => html! { <NewImportPage /> },
        Route::Jobs => html! { <JobsPage /> },
        Route::Job { id } => html! { <JobPage key={id.to_string()} id={*id} /> },
        _ => html!(),
    })
}

#[wasm_split(quality, fallible)]
fn quality() -> Result<Pages, ApiError> {
    Ok(|route| match route {
        Route::FieldConflicts => html! { <ConflictsPage /> },
        Route::Duplicates => html! { <DuplicatesPage /> },
        Route::Duplicate { id } => html! { <DuplicatePage key={id.to_string()} id={*id} /> },
        Route::DataQuality => html! { <DataQualityPage /> },
        _ => html!(),
    })
}

#[wasm_split(tiers, fallible)]
fn tiers() -> Result<Pages, ApiError> {
    Ok(|route| match route {
        Route::Tiers => html! { <TiersPage /> },
        Route::TierWatch => html! { <TierWatchPage /> },
        _ => html!(),
    })
}

#[wasm_split(ownership, fallible)]
fn ownership() -> Result<Pages, ApiError> {
    Ok(|route| match route {
        Route::Ownership => html! { <OwnershipPage /> },
        Route::Handover { id } => html! { <HandoverPage key={id.to_string()} id={*id} /> },
        _ => html!(),
    })
}

#[wasm_split(ownership, fallible)]
fn ownership_panel() -> Result<fn(&OwnershipPanelProps) -> Html, ApiError> {
    Ok(|props| html! { <OwnershipPanel ..props.clone() /> })
}

#[wasm_split(ownership, fallible)]
fn care_tab() -> Result<fn(&CareTabProps) -> Html, ApiError> {
    Ok(|props| html! { <CareTab ..props.clone() /> })
}

#[wasm_split(segments, fallible)]
fn segments() -> Result<Pages, ApiError> {
    Ok(|route| match route {
        Route::Segments => html! { <SegmentsPage /> },
        _ => html!(),
    })
}

#[wasm_split(segments, fallible)]
fn segments_tab() -> Result<fn(&SegmentsTabProps) -> Html, ApiError> {
    Ok(|props| html! { <SegmentsTab ..props.clone() /> })
}

#[wasm_split(value, fallible)]
fn value() -> Result<Pages, ApiError> {
    Ok(|route| match route {
        Route::Value => html! { <ValuePage /> },
        Route::GradeRules => html! { <GradeRulesPage /> },
        _ => html!(),
    })
}

#[wasm_split(value, fallible)]
fn value_tab() -> Result<fn(&ValueTabProps) -> Html, ApiError> {
    Ok(|props| html! { <ValueTab ..props.clone() /> })
}

#[wasm_split(quality, fallible)]
fn field_dialog() -> Result<fn(&FieldDialogProps) -> Html, ApiError> {
    Ok(|props| html! { <FieldDialog ..props.clone() /> })
}

#[wasm_split(holdings, fallible)]
fn holdings_tab() -> Result<fn(&HoldingsTabProps) -> Html, ApiError> {
    Ok(|props| html! { <HoldingsTab ..props.clone() /> })
}

#[wasm_split(relations, fallible)]
fn relations_tab() -> Result<fn(&RelationsTabProps) -> Html, ApiError> {
    Ok(|props| html! { <RelationsTab ..props.clone() /> })
}

#[wasm_split(relations, fallible)]
fn owners() -> Result<fn(&OwnersProps) -> Html, ApiError> {
    Ok(|props| html! { <OwnersPanel ..props.clone() /> })
}

#[wasm_split(views, fallible)]
fn bulk_dialog() -> Result<fn(&BulkDialogProps) -> Html, ApiError> {
    Ok(|props| html! { <BulkDialog ..props.clone() /> })
}

#[wasm_split(tags, fallible)]
fn tag_line() -> Result<fn(&TagLineProps) -> Html, ApiError> {
    Ok(|props| html! { <TagLine ..props.clone() /> })
}

#[wasm_split(views, fallible)]
fn view_bar() -> Result<fn(&ViewBarProps) -> Html, ApiError> {
    Ok(|props| html! { <ViewBar ..props.clone() /> })
}

#[wasm_split(administration, fallible)]
fn administration() -> Result<Pages, ApiError> {
    Ok(|route| match route {
        Route::Users => html! { <UsersPage /> },
        Route::NewUser => html! { <NewUserPage /> },
        Route::User { id } => html! { <UserPage key={id.to_string()} id={*id} /> },
        Route::Units => html! { <UnitsPage /> },
        Route::Products => html! { <ProductsPage /> },
        Route::Rates => html! { <RatesPage /> },
        Route::Audit => html! { <AuditPage /> },
        Route::Tags => html! { <TagsPage /> },
        _ => html!(),
    })
}

#[derive(Properties, PartialEq)]
pub struct PartPageProps {
    pub part: Part,
    pub route: Route,
}

/// A page of a part, as soon as that is here.
#[function_component]
pub fn PartPage(props: &PartPageProps) -> Html {
    let i = use_i18n();
    let part = props.part;
    let query = use_query(Some(format!("part/{}", part.name())), move || part.load());
    match (&query.remote.data, &query.remote.error) {
        (Some(pages), _) => pages(&props.route),
        (None, Some(_)) => html! { <Page title={i.t(Msg::ErrorPartTitle)}>{ lost(&query.reload, i) }</Page> },
        (None, None) => html! { <div class="page"><Skeleton bare=true /></div> },
    }
}

/// Says that a part did not come, and what to do.
fn lost(reload: &Callback<()>, i: I18n) -> Html {
    let retry = reload.reform(|_: MouseEvent| ());
    html! {
        <EmptyState icon={Icon::WifiOff} title={i.t(Msg::ErrorPartTitle)} text={i.t(Msg::ErrorPartText)}>
            <Button icon={Icon::RefreshCw} onclick={retry}>{ i.t(Msg::CommonRetry) }</Button>
            <Button onclick={|_| dom::reload()}>{ i.t(Msg::ShellReload) }</Button>
        </EmptyState>
    }
}

/// [`HoldingsTab`], as soon as its part is here.
#[function_component]
pub fn LazyHoldingsTab(props: &HoldingsTabProps) -> Html {
    let i = use_i18n();
    let query = use_query(Some("part/holdings".to_owned()), holdings_tab);
    match (&query.remote.data, &query.remote.error) {
        (Some(draw), _) => draw(props),
        (None, Some(_)) => lost(&query.reload, i),
        (None, None) => html! { <Skeleton bare=true /> },
    }
}

/// [`RelationsTab`], as soon as its part is here.
#[function_component]
pub fn LazyRelationsTab(props: &RelationsTabProps) -> Html {
    let i = use_i18n();
    let query = use_query(Some("part/relations".to_owned()), relations_tab);
    match (&query.remote.data, &query.remote.error) {
        (Some(draw), _) => draw(props),
        (None, Some(_)) => lost(&query.reload, i),
        (None, None) => html! { <Skeleton bare=true /> },
    }
}

/// [`SegmentsTab`], as soon as its part is here.
#[function_component]
pub fn LazySegmentsTab(props: &SegmentsTabProps) -> Html {
    let i = use_i18n();
    let query = use_query(Some("part/segments_tab".to_owned()), segments_tab);
    match (&query.remote.data, &query.remote.error) {
        (Some(draw), _) => draw(props),
        (None, Some(_)) => lost(&query.reload, i),
        (None, None) => html! { <Skeleton bare=true /> },
    }
}

/// [`ValueTab`], as soon as its part is here.
#[function_component]
pub fn LazyValueTab(props: &ValueTabProps) -> Html {
    let i = use_i18n();
    let query = use_query(Some("part/value_tab".to_owned()), value_tab);
    match (&query.remote.data, &query.remote.error) {
        (Some(draw), _) => draw(props),
        (None, Some(_)) => lost(&query.reload, i),
        (None, None) => html! { <Skeleton bare=true /> },
    }
}

/// [`ViewBar`], as soon as its part is here. Without it the list is what the address says.
#[function_component]
pub fn LazyViewBar(props: &ViewBarProps) -> Html {
    let query = use_query(Some("part/views".to_owned()), view_bar);
    use_effect_with(query.remote.error.is_some(), {
        let onready = props.onready.clone();
        move |failed| {
            if *failed {
                onready.emit(());
            }
        }
    });
    match &query.remote.data {
        Some(draw) => draw(props),
        None => html! { <div class="views"></div> },
    }
}

/// [`TagLine`], as soon as its part is here; until then, and without it, the tags alone.
#[function_component]
pub fn LazyTagLine(props: &TagLineProps) -> Html {
    let i = use_i18n();
    let query = use_query(Some("part/tag_line".to_owned()), tag_line);
    match &query.remote.data {
        Some(draw) => draw(props),
        None => html! {
            <div class="tagline">
                if !props.tags.is_empty() {
                    <ul class="tags" aria-label={i.t(Msg::TagsTitle)}>{ for props.tags.iter().map(|given| html! { <li key={given.tag.id.to_string()}><TagMark tag={given.tag.clone()} /></li> }) }</ul>
                }
            </div>
        },
    }
}

/// [`OwnershipPanel`], as soon as its part is here.
#[function_component]
pub fn LazyOwnershipPanel(props: &OwnershipPanelProps) -> Html {
    let i = use_i18n();
    let query = use_query(Some("part/ownership_panel".to_owned()), ownership_panel);
    match (&query.remote.data, &query.remote.error) {
        (Some(draw), _) => draw(props),
        (None, Some(_)) => lost(&query.reload, i),
        (None, None) => html!(),
    }
}

/// [`CareTab`], as soon as its part is here.
#[function_component]
pub fn LazyCareTab(props: &CareTabProps) -> Html {
    let i = use_i18n();
    let query = use_query(Some("part/care_tab".to_owned()), care_tab);
    match (&query.remote.data, &query.remote.error) {
        (Some(draw), _) => draw(props),
        (None, Some(_)) => lost(&query.reload, i),
        (None, None) => html! { <Skeleton bare=true rows=6 /> },
    }
}

/// [`OwnersPanel`], as soon as its part is here.
#[function_component]
pub fn LazyOwnersPanel(props: &OwnersProps) -> Html {
    let i = use_i18n();
    let query = use_query(Some("part/owners".to_owned()), owners);
    match (&query.remote.data, &query.remote.error) {
        (Some(draw), _) => draw(props),
        (None, Some(_)) => lost(&query.reload, i),
        (None, None) => html!(),
    }
}

/// [`BulkDialog`], as soon as its part is here.
#[function_component]
pub fn LazyBulkDialog(props: &BulkDialogProps) -> Html {
    let query = use_query(Some("part/bulk_dialog".to_owned()), bulk_dialog);
    match (&query.remote.data, &query.remote.error) {
        (Some(draw), _) => draw(props),
        (None, Some(error)) => {
            html! { <FailedDialog error={error.clone()} onclose={props.onclose.clone()} /> }
        }
        (None, None) => html!(),
    }
}

/// [`FieldDialog`], as soon as its part is here.
#[function_component]
pub fn LazyFieldDialog(props: &FieldDialogProps) -> Html {
    let query = use_query(Some("part/field_dialog".to_owned()), field_dialog);
    match (&query.remote.data, &query.remote.error) {
        (Some(draw), _) => draw(props),
        (None, Some(error)) => {
            html! { <FailedDialog error={error.clone()} onclose={props.onclose.clone()} /> }
        }
        (None, None) => html!(),
    }
}

#[derive(Properties, PartialEq)]
struct FailedDialogProps {
    error: Rc<ApiError>,
    onclose: Callback<()>,
}

/// Says that a dialog could not be loaded.
#[function_component]
fn FailedDialog(props: &FailedDialogProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    use_effect_with((), {
        let (error, onclose) = (props.error.clone(), props.onclose.clone());
        move |()| {
            toasts.fail(&error, i);
            onclose.emit(());
        }
    });
    html!()
}
