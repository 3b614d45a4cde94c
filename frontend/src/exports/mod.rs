//! Exports: a list as it stands on the screen becomes a file, by a job that is followed in its place.

use guanxi_api::{CsvProfile, ExportFormat, ExportList, JobDetails, NewExport};
use uuid::Uuid;
use yew::prelude::*;

use crate::api::{self, ApiError};
use crate::checks::Errors;
use crate::dom;
use crate::fetch::{self, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::imports::{JobProgress, use_job};
use crate::labels::{Label, by_code, options};
use crate::once::use_once;
use crate::parts::LazyExportDialog;
use crate::session::{may, right, use_me};
use crate::ui::{
    Button, Column, Dialog, Icon, InputKind, Look, Notice, Segments, Sort, TextField, use_toasts,
};

/// Rows above which a file needs a reason.
const FREE: u32 = 1_000;

/// The right that a list takes beside the one to export.
const fn right_of(list: ExportList) -> &'static str {
    match list {
        ExportList::Customers => right::EDIT_CUSTOMERS,
        ExportList::Interactions => right::WRITE_INTERACTIONS,
        ExportList::Tasks => right::WRITE_TASKS,
        ExportList::Holdings => right::EDIT_HOLDINGS,
        ExportList::AuditEntries => right::VIEW_AUDIT,
    }
}

/// An order in words.
pub fn order_words(sort: &str, columns: &[Column]) -> AttrValue {
    let words = |key: &str| {
        let sort = Sort::read(key);
        let column = columns.iter().find(|column| column.key == sort.key)?;
        Some(format!("{} {}", column.label, if sort.descending { "↓" } else { "↑" }))
    };
    sort.split(',').filter_map(words).collect::<Vec<_>>().join(" · ").into()
}

#[derive(Clone, Properties, PartialEq)]
pub struct ExportButtonProps {
    pub list: ExportList,
    #[prop_or_default]
    pub q: AttrValue,
    #[prop_or_default]
    pub filter: AttrValue,
    /// Of the API; empty for the list's own.
    #[prop_or_default]
    pub sort: AttrValue,
    /// What the list is narrowed by, in words.
    #[prop_or_default]
    pub narrowed: Vec<AttrValue>,
    /// The order in words, where it can be chosen.
    #[prop_or_default]
    pub order: AttrValue,
    /// Only these rows, chosen one by one.
    #[prop_or_default]
    pub ids: Vec<Uuid>,
    /// The columns of the file; without them, all that there are.
    #[prop_or_default]
    pub columns: Vec<String>,
    /// Stands where rows were chosen.
    #[prop_or_default]
    pub small: bool,
}

/// The button over a list, for those who may take it out.
#[function_component]
pub fn ExportButton(props: &ExportButtonProps) -> Html {
    let i = use_i18n();
    let open = use_state(|| false);
    let allowed = use_me().is_some_and(|me| may(&me, right::RUN_EXPORTS) && may(&me, right_of(props.list)));
    if !allowed {
        return html!();
    }
    let onclose = cb!((open), |()| open.set(false));
    html! {
        <>
            <Button icon={Icon::Download} small={props.small} onclick={cb!((open), |_: MouseEvent| open.set(true))}>{ i.t(if props.small { Msg::ExportsButtonChosen } else { Msg::ExportsButton }) }</Button>
            if *open { <LazyExportDialog of={props.clone()} {onclose} /> }
        </>
    }
}

#[derive(Clone, Properties, PartialEq)]
pub struct ExportDialogProps {
    pub of: ExportButtonProps,
    pub onclose: Callback<()>,
}

/// What becomes a file and how; then how far it is, and the file.
#[function_component]
pub fn ExportDialog(props: &ExportDialogProps) -> Html {
    let i = use_i18n();
    let job = use_state(|| None::<Uuid>);
    let list = props.of.list.label(i);
    html! {
        <Dialog title={i.t(Msg::ExportsTitle { list: &list })} onclose={props.onclose.clone()} dirty={job.is_some().then_some(false)}>
            { match *job {
                None => html! { <ExportForm of={props.of.clone()} onstart={cb!((job), |id: Uuid| job.set(Some(id)))} onclose={props.onclose.clone()} /> },
                Some(id) => html! { <Followed {id} /> },
            } }
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
struct ExportFormProps {
    of: ExportButtonProps,
    onstart: Callback<Uuid>,
    onclose: Callback<()>,
}

#[function_component]
fn ExportForm(props: &ExportFormProps) -> Html {
    let i = use_i18n();
    let me = use_me();
    let format = use_state(|| ExportFormat::Xlsx);
    let profile = use_state(|| CsvProfile::Spreadsheet);
    let reason = use_state(String::new);
    let errors = use_state(Errors::default);
    let refused = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);
    let once = use_once();
    let of = &props.of;
    let some = |text: &AttrValue| (!text.is_empty()).then(|| text.to_string());
    let new = NewExport {
        list: of.list,
        q: some(&of.q),
        filter: some(&of.filter),
        sort: some(&of.sort),
        ids: (!of.ids.is_empty()).then(|| of.ids.clone()),
        columns: (!of.columns.is_empty()).then(|| of.columns.clone()),
        format: *format,
        profile: *profile,
        language: Some(i.lang),
        reason: Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty()),
    };
    // Counted anew each time: the list may have grown since.
    let key = use_memo((), |()| format!("export-count/{}", dom::random_id()));
    let counted = use_query::<(u32, bool), _, _>(of.ids.is_empty().then(|| (*key).clone()), {
        let new = new.clone();
        move || async move { api::jobs::count(&new).await }
    });
    let rows = if of.ids.is_empty() {
        counted.remote.data.as_deref().copied()
    } else {
        Some((of.ids.len() as u32, true))
    };
    let owes = rows.is_some_and(|(rows, _)| rows > FREE) || errors.at("/reason").is_some();
    let onstart = &props.onstart;
    let onsubmit = cb!((new, errors, refused, busy, once, onstart), |event: SubmitEvent| {
        event.prevent_default();
        let mut found = Errors::check(&new, i);
        if owes && new.reason.is_none() {
            found.add("/reason", i.t(Msg::CheckRequired));
        }
        errors.set(found.clone());
        if !found.is_empty() || *busy {
            return;
        }
        busy.set(true);
        spawn!((new, errors, refused, busy, once, onstart), {
            match once.answered(api::jobs::start_export(&new, &once.key(&new)).await) {
                Ok(details) => {
                    fetch::forget("jobs?");
                    onstart.emit(details.job.id);
                }
                Err(error) => {
                    busy.set(false);
                    errors.set(Errors::of(&error));
                    refused.set(Some(error));
                }
            }
        });
    });
    let total = match rows {
        None => "…".into(),
        Some((rows, true)) => i.number(rows).into(),
        Some((rows, false)) => i.t(Msg::ExportsMore { count: &i.number(rows) }),
    };
    let searched = (!of.q.is_empty()).then(|| i.t(Msg::ExportsSearched { q: &of.q }));
    let narrowed: Vec<String> = searched.iter().chain(&of.narrowed).map(ToString::to_string).collect();
    let narrowed = if !of.ids.is_empty() {
        i.t(Msg::ExportsChosenRows)
    } else if narrowed.is_empty() {
        i.t(Msg::ExportsEverything)
    } else {
        narrowed.join("\n").into()
    };
    let close = &props.onclose;
    let besides = refused.as_ref().and_then(|error| {
        let shown = error.errors.iter().any(|field| field.pointer == "/reason");
        (!shown).then(|| {
            error.errors.first().map_or_else(|| error.detail(i), |first| first.message.clone().into())
        })
    });
    html! {
        <form class="form" {onsubmit} novalidate=true>
            if let Some(text) = besides { <Notice tone="bad" alert=true>{ text }</Notice> }
            <dl class="facts">
                <div class="fact"><dt>{ i.t(Msg::ExportsRows) }</dt><dd><span role="status" class="inline">{ total }</span></dd></div>
                <div class="fact"><dt>{ i.t(Msg::ExportsNarrowed) }</dt><dd><span class="inline">{ narrowed }</span></dd></div>
                if !of.columns.is_empty() { <div class="fact"><dt>{ i.t(Msg::ExportsColumns) }</dt><dd><span class="inline">{ i.t(Msg::ExportsColumnsShown) }</span></dd></div> }
                if !of.order.is_empty() { <div class="fact"><dt>{ i.t(Msg::ExportsOrder) }</dt><dd><span class="inline">{ &of.order }</span></dd></div> }
            </dl>
            <Segments label={i.t(Msg::ExportsFormat)} name="export-format" options={options::<ExportFormat>(i)} value={format.code()}
                onchange={cb!((format), |code: String| if let Some(chosen) = by_code(&code) { format.set(chosen) })} />
            if me.is_some_and(|me| may(&me, right::EXPORT_RAW)) {
                <Segments label={i.t(Msg::ExportsProfile)} name="export-profile" options={options::<CsvProfile>(i)} value={profile.code()}
                    onchange={cb!((profile), |code: String| if let Some(chosen) = by_code(&code) { profile.set(chosen) })} />
            }
            if owes {
                <TextField id="export-reason" kind={InputKind::Text} label={i.t(Msg::ExportsReason)} value={(*reason).clone()} required=true
                    hint={i.t(Msg::ExportsReasonHint { max: &i.number(FREE) })} error={errors.at("/reason")} oninput={cb!((reason), |text: String| reason.set(text))} />
            }
            <p class="small muted">{ i.t(Msg::ExportsText) }</p>
            <div class="form__actions">
                <Button submit=true look={Look::Primary} icon={Icon::Download} busy={*busy}>{ i.t(Msg::ExportsStart) }</Button>
                <Button look={Look::Quiet} onclick={cb!((close), |_: MouseEvent| close.emit(()))}>{ i.t(Msg::CommonCancel) }</Button>
            </div>
        </form>
    }
}

#[derive(Properties, PartialEq)]
struct FollowedProps {
    id: Uuid,
}

#[function_component]
fn Followed(props: &FollowedProps) -> Html {
    let i = use_i18n();
    let query = use_job(Some(props.id));
    match (&query.remote.data, &query.remote.error) {
        (Some(details), _) => html! {
            <div class="stack">
                <JobProgress details={details.clone()} set={query.set.clone()} />
                <p class="small muted">{ i.t(Msg::ExportsGoing) }</p>
            </div>
        },
        (None, Some(error)) => html! { <Notice tone="bad" alert=true>{ error.detail(i) }</Notice> },
        (None, None) => html! { <p role="status">{ "…" }</p> },
    }
}

#[derive(Properties, PartialEq)]
pub struct JobFileButtonProps {
    pub id: Uuid,
    pub name: AttrValue,
}

/// Fetches what a job has made.
#[function_component]
pub fn JobFileButton(props: &JobFileButtonProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let busy = use_state(|| false);
    let (id, name) = (props.id, &props.name);
    let onclick = cb!((toasts, busy, name), |_: MouseEvent| {
        if *busy {
            return;
        }
        busy.set(true);
        spawn!((toasts, busy, name), {
            match api::jobs::file(id).await {
                Ok(file) => dom::save(&file, &name),
                Err(error) => toasts.fail(&error, i),
            }
            busy.set(false);
        });
    });
    html! { <Button look={Look::Primary} icon={Icon::Download} busy={*busy} {onclick}>{ i.t(Msg::ExportsDownload) }</Button> }
}

/// What an export was told, a name and a value each.
pub fn told(details: &JobDetails, i: I18n) -> Vec<(AttrValue, AttrValue)> {
    let Some(export) = &details.export else { return Vec::new() };
    let mut told = vec![
        (i.t(Msg::ExportsList), export.list.label(i)),
        (i.t(Msg::ExportsFormat), export.format.label(i)),
        (i.t(Msg::ExportsProfile), export.profile.label(i)),
    ];
    if export.searched {
        told.push((i.t(Msg::ExportsNarrowed), i.t(Msg::ExportsBySearch)));
    }
    if let Some(chosen) = export.chosen {
        told.push((i.t(Msg::ExportsChosen), i.number(u32::try_from(chosen).unwrap_or(u32::MAX)).into()));
    }
    if let Some(columns) = &export.columns {
        told.push((i.t(Msg::ExportsColumns), columns.join(", ").into()));
    }
    let texts = [
        (Msg::ExportsFilter, &export.filter),
        (Msg::ExportsOrder, &export.sort),
        (Msg::ExportsReason, &export.reason),
    ];
    told.extend(texts.into_iter().filter_map(|(name, text)| Some((i.t(name), text.clone()?.into()))));
    told
}
