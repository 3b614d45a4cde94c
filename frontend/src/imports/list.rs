use guanxi_api::{Job, JobKind, JobState, Page as Rows};
use yew::prelude::*;
use yew_router::Routable;

use super::progress::{done_of, state_badge, use_polling};
use super::{count, is_going};
use crate::api;
use crate::fetch::use_query;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, options};
use crate::listing::{ListBody, ListRows, ListWords, use_listing};
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::ui::{
    Button, Column, FilterField, FilterKind, HelpNote, Icon, Link, Look, OnPhone, Page, Row, Time,
};

/// Milliseconds after which a list in which something goes on is read again.
const EVERY: u32 = 3_000;

fn row(job: &Job, i: I18n) -> Row {
    Row {
        key: job.id.to_string().into(),
        name: super::title(job, i),
        off: false,
        cells: vec![
            html! { <Link to={Route::Job { id: job.id }.to_path()} class="table__link">{ super::title(job, i) }</Link> },
            state_badge(job, i),
            html! { { job.kind.label(i) } },
            html! { { done_of(job, i) } },
            html! { { count(job.counts.created, i) } },
            html! { { count(job.counts.updated, i) } },
            html! { { count(job.counts.failed, i) } },
            html! { { who(job, i) } },
            html! { <Time at={job.created_at} relative=true /> },
        ],
    }
}

/// Who started a job.
pub fn who(job: &Job, i: I18n) -> AttrValue {
    job.created_by
        .as_ref()
        .map_or_else(|| i.t(Msg::JobByCommandLine), |user| user.display_name.clone().into())
}

/// Jobs, the newest first, and the way to a new import.
#[function_component]
pub fn JobsPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let listing = use_listing(Route::Jobs.to_path(), "-created_at");
    let rows = use_query::<Rows<Job>, _, _>(Some(listing.key("jobs")), {
        let (filter, sort, cursor) = (listing.filter.clone(), listing.sort.clone(), listing.cursor());
        move || async move { api::jobs::list(&filter, &sort, &cursor).await }
    });
    let going = rows.remote.data.iter().flat_map(|page| &page.data).any(|job| is_going(job.state));
    use_polling(going, rows.remote.loading, EVERY, &rows.reload);
    let columns = vec![
        Column::new("title", i.t(Msg::JobName)).phone(OnPhone::Title),
        Column::new("state", i.t(Msg::FieldStatus)).phone(OnPhone::Mark),
        Column::new("kind", i.t(Msg::FieldKind)),
        Column::new("processed", i.t(Msg::JobRecords)).number().phone(OnPhone::Line),
        Column::new("created", i.t(Msg::JobCreated)).number(),
        Column::new("updated", i.t(Msg::JobUpdated)).number(),
        Column::new("failed", i.t(Msg::JobFailed)).number(),
        Column::new("created_by", i.t(Msg::JobBy)).phone(OnPhone::Line),
        Column::new("created_at", i.t(Msg::JobAt)).sort("created_at").phone(OnPhone::Line),
    ];
    let field = |key: &'static str, label, kind| FilterField {
        key: key.into(),
        label: i.t(label),
        kind,
        nullable: false,
    };
    let fields = vec![
        field("state", Msg::FieldStatus, FilterKind::Codes(options::<JobState>(i))),
        field("kind", Msg::FieldKind, FilterKind::Codes(options::<JobKind>(i))),
        field("created_at", Msg::JobAt, FilterKind::Moment),
    ];
    let actions = html! {
        if me.is_some_and(|me| may(&me, right::RUN_IMPORTS)) {
            <Button look={Look::Primary} icon={Icon::Plus} to={Route::NewImport.to_path()}>{ i.t(Msg::JobsNew) }</Button>
        }
    };
    html! {
        <Page title={i.t(Msg::JobsTitle)} fill=true {actions}>
            <HelpNote text={i.t(Msg::JobsHelp)} />
            <ListBody {listing} {fields} {columns} rows={ListRows::of(&rows.remote, |job| row(job, i))} retry={rows.reload.clone()} words={ListWords {
                caption: i.t(Msg::JobsTitle),
                icon: Icon::Upload,
                none: i.t(Msg::JobsNone),
                none_text: i.t(Msg::JobsNoneText),
                failed: i.t(Msg::JobsFailed),
            }} />
        </Page>
    }
}
