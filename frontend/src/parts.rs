//! Pages that many users never open lie in files of their own, which the browser loads when the first of them is opened.
//!
//! What only the pages of one part need goes into its file, what several parts need into a file that they share; everything that is
//! reached from `main` stays in the app. The build finds out which is which.

// `wasm_split` writes the functions through which a part is entered as foreign ones.
#![allow(unsafe_code)]

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use wasm_split_helpers::{SplitLoaderError, wasm_split};
use yew::prelude::*;

use crate::account::{MustChangePassword, PreferencesPage, SessionsPage};
use crate::api::{ApiError, doubt};
use crate::audit::AuditPage;
use crate::customers::{BulkDialog, BulkDialogProps, CustomerPage, NewCustomerPage};
use crate::dom;
use crate::duplicates::{DuplicatePage, DuplicatesPage};
use crate::exports::{ExportDialog, ExportDialogProps};
use crate::fetch::use_query;
use crate::help::HelpPage;
use crate::holdings::{HoldingsPage, HoldingsTab, HoldingsTabProps};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::imports::{JobPage, JobsPage, NewImportPage};
use crate::interactions::{ContactsPage, LogDialog, LogDialogProps};
use crate::org::{NewUserPage, UnitsPage, UserPage, UsersPage};
use crate::ownership::{
    CareTab, CareTabProps, HandoverPage, OwnershipPage, OwnershipPanel, OwnershipPanelProps,
};
use crate::products::{ProductsPage, RatesPage};
use crate::quality::{ConflictsPage, DataQualityPage, FieldDialog, FieldDialogProps};
use crate::relations::{
    HouseholdPage, HouseholdsPage, OwnersPanel, OwnersProps, RelationsTab, RelationsTabProps,
};
use crate::reports::{ReportsPage, TargetsPage};
use crate::route::Route;
use crate::segments::{SegmentsPage, SegmentsTab, SegmentsTabProps};
use crate::surveys::{CustomerAnswers, CustomerAnswersProps, QuestionnairePage, SurveyPage, SurveysPage};
use crate::tags::{TagLine, TagLineProps, TagsPage};
use crate::tasks::{HandOverDialog, PostponeDialog, PostponeProps, TasksPage, WorkProps};
use crate::tiers::{TierWatchPage, TiersPage};
use crate::ui::{
    Button, EmptyState, FilterDialog, FilterDialogProps, Icon, Page, Skeleton, TagMark, TermForm,
    TermFormProps, use_toasts,
};
use crate::value::{GradeRulesPage, ValuePage, ValueTab, ValueTabProps};
use crate::views::{ViewBar, ViewBarProps};

/// Draws the page of a route of its part.
type Pages = fn(&Route) -> Html;

/// Pages that are loaded together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// What a day comes to after its first page: one customer, tasks, contacts, what matures; and what one sets for oneself. One file, since
    /// each further one divides what the others share.
    Daily,
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
    /// Which customers belong together.
    Relations,
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
            Part::Daily => "daily",
            Part::Surveys => "surveys",
            Part::Reports => "reports",
            Part::Imports => "imports",
            Part::Quality => "quality",
            Part::Tiers => "tiers",
            Part::Ownership => "ownership",
            Part::Relations => "relations",
            Part::Segments => "segments",
            Part::Value => "value",
            Part::Administration => "administration",
        }
    }

    async fn load(self) -> Result<Pages, ApiError> {
        match self {
            Part::Daily => daily().await,
            Part::Surveys => surveys().await,
            Part::Reports => reports().await,
            Part::Imports => imports().await,
            Part::Quality => quality().await,
            Part::Tiers => tiers().await,
            Part::Ownership => ownership().await,
            Part::Relations => relations().await,
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

#[wasm_split(daily, fallible)]
fn daily() -> Result<Pages, ApiError> {
    Ok(|route| match route {
        Route::NewCustomer => html! { <NewCustomerPage /> },
        Route::Customer { id } => html! { <CustomerPage key={id.to_string()} id={*id} /> },
        Route::Holdings => html! { <HoldingsPage /> },
        Route::Contacts => html! { <ContactsPage /> },
        Route::Tasks => html! { <TasksPage /> },
        Route::Preferences => html! { <PreferencesPage /> },
        Route::Sessions => html! { <SessionsPage /> },
        Route::Help => html! { <HelpPage /> },
        _ => html!(),
    })
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

#[wasm_split(relations, fallible)]
fn relations() -> Result<Pages, ApiError> {
    Ok(|route| match route {
        Route::Households => html! { <HouseholdsPage /> },
        Route::Household { id } => html! { <HouseholdPage key={id.to_string()} id={*id} /> },
        _ => html!(),
    })
}

#[wasm_split(segments, fallible)]
fn segments() -> Result<Pages, ApiError> {
    Ok(|route| match route {
        Route::Segments => html! { <SegmentsPage /> },
        _ => html!(),
    })
}

#[wasm_split(value, fallible)]
fn value() -> Result<Pages, ApiError> {
    Ok(|route| match route {
        Route::Value => html! { <ValuePage /> },
        Route::GradeRules => html! { <GradeRulesPage /> },
        _ => html!(),
    })
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

// What has been loaded, by its name. It stays: code is never out of date, and no user's own.
thread_local! {
    static HERE: RefCell<Vec<(&'static str, Rc<dyn Any>)>> = const { RefCell::new(Vec::new()) };
}

fn known<T: Copy + 'static>(name: &str) -> Option<T> {
    let found = HERE.with_borrow(|here| here.iter().find(|(n, _)| *n == name).map(|(_, it)| Rc::clone(it)));
    found?.downcast_ref().copied()
}

fn keep<T: 'static>(name: &'static str, it: T) {
    HERE.with_borrow_mut(|here| {
        here.retain(|(n, _)| *n != name);
        here.push((name, Rc::new(it)));
    });
}

/// A function of a part, as far as it is here.
struct Loaded<T> {
    draw: Option<T>,
    error: Option<Rc<ApiError>>,
    reload: Callback<()>,
    i: I18n,
}

/// Loads a function of a part, unless it is here.
#[hook]
fn use_part<T, F, A>(name: &'static str, load: F) -> Loaded<T>
where
    T: Copy + 'static,
    F: FnOnce() -> A + 'static,
    A: Future<Output = Result<T, ApiError>> + 'static,
{
    let i = use_i18n();
    let here = known(name);
    let key = here.is_none().then(|| format!("part/{name}"));
    let query = use_query::<(), _, _>(key, move || async move {
        keep(name, load().await.inspect_err(|_| doubt())?);
        Ok(())
    });
    Loaded { draw: here, error: query.remote.error, reload: query.reload, i }
}

/// What stands in the place of something that is not here yet, or does not come.
enum Stead {
    /// Of the content of a tab.
    Tab,
    /// Of a panel among others.
    Panel,
    /// Of a dialog.
    Dialog(Callback<()>),
    /// Of a form inside something that is open.
    Form,
}

impl Stead {
    fn draw(self, error: Option<Rc<ApiError>>, reload: &Callback<()>, i: I18n) -> Html {
        match (self, error) {
            (Stead::Tab, None) => html! { <Skeleton bare=true /> },
            (Stead::Form, None) => html! { <Skeleton bare=true rows=3 /> },
            (Stead::Panel | Stead::Dialog(_), None) => html!(),
            (Stead::Dialog(onclose), Some(error)) => html! { <FailedDialog {error} {onclose} /> },
            (_, Some(_)) => lost(reload, i),
        }
    }
}

/// A component of a part: a function that loads it, and the component that stands for it until it is here.
macro_rules! lazy {
    ($(#[$about:meta])* $lazy:ident, $load:ident: $part:ident :: $component:ident($props:ident), $stead:expr) => {
        #[wasm_split($part, fallible)]
        fn $load() -> Result<fn(&$props) -> Html, ApiError> {
            Ok(|props| html! { <$component ..props.clone() /> })
        }

        $(#[$about])*
        #[function_component]
        pub fn $lazy(props: &$props) -> Html {
            let part = use_part(stringify!($load), $load);
            let stead: fn(&$props) -> Stead = $stead;
            match part.draw {
                Some(draw) => draw(props),
                None => stead(props).draw(part.error, &part.reload, part.i),
            }
        }
    };
}

lazy!(
    /// [`HoldingsTab`], as soon as its part is here.
    LazyHoldingsTab, holdings_tab: holdings::HoldingsTab(HoldingsTabProps), |_| Stead::Tab
);
lazy!(
    /// [`RelationsTab`], as soon as its part is here.
    LazyRelationsTab, relations_tab: relations::RelationsTab(RelationsTabProps), |_| Stead::Tab
);
lazy!(
    /// [`SegmentsTab`], as soon as its part is here.
    LazySegmentsTab, segments_tab: segments::SegmentsTab(SegmentsTabProps), |_| Stead::Tab
);
lazy!(
    /// [`ValueTab`], as soon as its part is here.
    LazyValueTab, value_tab: value::ValueTab(ValueTabProps), |_| Stead::Tab
);
lazy!(
    /// [`CustomerAnswers`], as soon as its part is here.
    LazyCustomerAnswers, customer_answers: surveys::CustomerAnswers(CustomerAnswersProps), |_| Stead::Tab
);
lazy!(
    /// [`OwnershipPanel`], as soon as its part is here.
    LazyOwnershipPanel, ownership_panel: ownership::OwnershipPanel(OwnershipPanelProps), |_| Stead::Panel
);
lazy!(
    /// [`CareTab`], as soon as its part is here.
    LazyCareTab, care_tab: ownership::CareTab(CareTabProps), |_| Stead::Tab
);
lazy!(
    /// [`OwnersPanel`], as soon as its part is here.
    LazyOwnersPanel, owners: relations::OwnersPanel(OwnersProps), |_| Stead::Panel
);
lazy!(
    /// [`BulkDialog`], as soon as its part is here.
    LazyBulkDialog, bulk_dialog: views::BulkDialog(BulkDialogProps), |props| Stead::Dialog(props.onclose.clone())
);
lazy!(
    /// [`FieldDialog`], as soon as its part is here.
    LazyFieldDialog, field_dialog: quality::FieldDialog(FieldDialogProps), |props| Stead::Dialog(props.onclose.clone())
);
lazy!(
    /// [`LogDialog`], as soon as its part is here.
    LazyLogDialog, log_dialog: daily::LogDialog(LogDialogProps), |props| Stead::Dialog(props.onclose.clone())
);
lazy!(
    /// [`PostponeDialog`], as soon as its part is here.
    LazyPostponeDialog, postpone_dialog: daily::PostponeDialog(PostponeProps), |props| Stead::Dialog(props.onclose.clone())
);
lazy!(
    /// [`HandOverDialog`], as soon as its part is here.
    LazyHandOverDialog, hand_over_dialog: daily::HandOverDialog(WorkProps), |props| Stead::Dialog(props.onclose.clone())
);
lazy!(
    /// [`ExportDialog`], as soon as its part is here.
    LazyExportDialog, export_dialog: daily::ExportDialog(ExportDialogProps), |props| Stead::Dialog(props.onclose.clone())
);
lazy!(
    /// [`TermForm`], as soon as its part is here.
    LazyTermForm, term_form: daily::TermForm(TermFormProps), |_| Stead::Form
);
lazy!(
    /// [`FilterDialog`], as soon as its part is here.
    LazyFilterDialog, filter_dialog: daily::FilterDialog(FilterDialogProps), |props| Stead::Dialog(props.onclose.clone())
);
#[wasm_split(daily, fallible)]
fn must_change_password() -> Result<fn() -> Html, ApiError> {
    Ok(|| html! { <MustChangePassword /> })
}

/// [`MustChangePassword`], as soon as its part is here.
#[function_component]
pub fn LazyMustChangePassword() -> Html {
    let part = use_part("must_change_password", must_change_password);
    match part.draw {
        Some(draw) => draw(),
        None => Stead::Tab.draw(part.error, &part.reload, part.i),
    }
}

#[wasm_split(daily, fallible)]
fn tag_line() -> Result<fn(&TagLineProps) -> Html, ApiError> {
    Ok(|props| html! { <TagLine ..props.clone() /> })
}

/// [`TagLine`], as soon as its part is here; until then, and without it, the tags alone.
#[function_component]
pub fn LazyTagLine(props: &TagLineProps) -> Html {
    let part = use_part("tag_line", tag_line);
    let i = part.i;
    match part.draw {
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

#[wasm_split(views, fallible)]
fn view_bar() -> Result<fn(&ViewBarProps) -> Html, ApiError> {
    Ok(|props| html! { <ViewBar ..props.clone() /> })
}

/// [`ViewBar`], as soon as its part is here. Without it the list is what the address says.
#[function_component]
pub fn LazyViewBar(props: &ViewBarProps) -> Html {
    let part = use_part("view_bar", view_bar);
    use_effect_with(part.error.is_some(), {
        let onready = props.onready.clone();
        move |failed| {
            if *failed {
                onready.emit(());
            }
        }
    });
    match part.draw {
        Some(draw) => draw(props),
        None => html! { <div class="views"></div> },
    }
}

/// Loads what the work of a day comes to next. If it does not come, it is asked for again when it is wanted.
pub fn fetch_ahead() {
    spawn!((), {
        let Ok(pages) = daily().await else { return };
        keep(Part::Daily.name(), pages);
        // They lie in the file that has just come.
        if let Ok(draw) = log_dialog().await {
            keep("log_dialog", draw);
        }
        if let Ok(draw) = postpone_dialog().await {
            keep("postpone_dialog", draw);
        }
        if let Ok(draw) = term_form().await {
            keep("term_form", draw);
        }
        if let Ok(draw) = tag_line().await {
            keep("tag_line", draw);
        }
    });
}

#[derive(Properties, PartialEq)]
pub struct PartPageProps {
    pub part: Part,
    pub route: Route,
}

/// A page of a part, as soon as that is here.
#[function_component]
pub fn PartPage(props: &PartPageProps) -> Html {
    let part = props.part;
    let loaded = use_part(part.name(), move || part.load());
    match (loaded.draw, &loaded.error) {
        (Some(pages), _) => pages(&props.route),
        (None, Some(_)) => {
            html! { <Page title={loaded.i.t(Msg::ErrorPartTitle)}>{ lost(&loaded.reload, loaded.i) }</Page> }
        }
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
