use std::rc::Rc;

use guanxi_api::{AuditEntry, Page as Rows};
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::use_location;

use super::words::{action_words, field_words, resource_words};
use crate::api;
use crate::fetch::use_query;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::route::{self, Route};
use crate::ui::{
    Column, EmptyState, ErrorPanel, FilterChips, FilterField, FilterKind, FilterTerm, HelpNote, Icon, Link,
    OnPhone, Page, Pagination, Row, Skeleton, Table,
};

const PAGE: u32 = 50;

fn row(entry: &AuditEntry, i: I18n) -> Row {
    let to = entry.resource_id.and_then(|id| match entry.resource_type.as_str() {
        "customer" => Some(Route::Customer { id }),
        "user" => Some(Route::User { id }),
        _ => None,
    });
    let kind = resource_words(&entry.resource_type, i).unwrap_or_else(|| entry.resource_type.clone().into());
    let fields: Vec<String> = entry
        .changes
        .iter()
        .map(|change| field_words(&change.field, &serde_json::Value::Null, i).0.to_string())
        .collect();
    let what = action_words(&entry.action, i);
    Row {
        key: entry.id.to_string().into(),
        off: false,
        cells: vec![
            html! { <time datetime={entry.at.to_string()}>{ i.second(entry.at) }</time> },
            html! { { &entry.actor.name } },
            match to {
                Some(to) => html! { <Link to={to.to_path()} class="table__link">{ what }</Link> },
                None => html! { { what } },
            },
            html! { { kind } },
            html! { { fields.join(&i.t(Msg::CommonListComma)) } },
            html! { { entry.reason.clone().unwrap_or_default() } },
            html! { <span class="mono">{ entry.seq.clone().unwrap_or_default() }</span> },
            html! { <span class="mono">{ &entry.request_id }</span> },
        ],
    }
}

/// Who did what, over everything.
#[function_component]
pub fn AuditPage() -> Html {
    let i = use_i18n();
    let location = use_location();
    let params = location.and_then(|l| UrlSearchParams::new_with_str(l.query_str()).ok());
    let filter = params.and_then(|p| p.get("filter")).unwrap_or_default();
    let place = use_state(|| (String::new(), Vec::<String>::new()));
    let cursors = if place.0 == filter { place.1.clone() } else { Vec::new() };
    let cursor = cursors.last().cloned().unwrap_or_default();
    let rows = use_query::<Rows<AuditEntry>, _, _>(Some(format!("audit?{filter}&{cursor}")), {
        let filter = filter.clone();
        move || async move { api::audit::list(&filter, &cursor).await }
    });
    let columns = Rc::new(vec![
        Column::new("at", i.t(Msg::AuditAt)).phone(OnPhone::Line),
        Column::new("actor", i.t(Msg::AuditActor)).phone(OnPhone::Line),
        Column::new("action", i.t(Msg::AuditAction)).phone(OnPhone::Title),
        Column::new("resource", i.t(Msg::AuditResource)).phone(OnPhone::Hidden),
        Column::new("changes", i.t(Msg::AuditChanges)).phone(OnPhone::Line),
        Column::new("reason", i.t(Msg::AuditReason)).phone(OnPhone::Line),
        Column::new("seq", i.t(Msg::AuditSeq)).number(),
        Column::new("request", i.t(Msg::AuditRequest)),
    ]);
    let codes = |list: &[&'static str], words: &dyn Fn(&str) -> AttrValue| {
        FilterKind::Codes(list.iter().map(|code| (AttrValue::Static(code), words(code))).collect())
    };
    let actions = [
        "customer.created",
        "customer.updated",
        "customer.revealed",
        "customer.assigned",
        "customer.archived",
        "customer.restored",
        "user.created",
        "user.updated",
        "user.archived",
        "user.restored",
        "org_unit.created",
        "org_unit.updated",
    ];
    let fields = vec![
        FilterField {
            key: "action".into(),
            label: i.t(Msg::AuditAction),
            kind: codes(&actions, &|code| action_words(code, i)),
            nullable: false,
        },
        FilterField {
            key: "resource_type".into(),
            label: i.t(Msg::AuditResource),
            kind: codes(&["customer", "user", "org_unit"], &|code| {
                resource_words(code, i).unwrap_or_default()
            }),
            nullable: false,
        },
    ];
    let read = FilterTerm::read_all(&filter, &fields);
    let foreign = read.is_none().then(|| AttrValue::from(filter.clone()));
    let set_terms = Callback::from(|terms: Vec<FilterTerm>| {
        route::go(&format!(
            "{}{}",
            Route::Audit.to_path(),
            api::query(&[("filter", &FilterTerm::write_all(&terms))])
        ));
    });
    let go_to = |cursors: Vec<String>| {
        let (place, filter) = (place.clone(), filter.clone());
        Callback::from(move |()| place.set((filter.clone(), cursors.clone())))
    };
    let data = rows.remote.data.clone();
    let next = data
        .as_ref()
        .and_then(|rows| rows.page.next.clone())
        .map(|next| go_to(cursors.iter().cloned().chain([next]).collect()));
    let back = cursors.split_last().map(|(_, before)| go_to(before.to_vec()));
    html! {
        <Page title={i.t(Msg::AuditTitle)} fill=true>
            <HelpNote text={i.t(Msg::AuditHelp)} />
            <div class="filters" role="search"><FilterChips {fields} terms={read.unwrap_or_default()} {foreign} onchange={set_terms} /></div>
            { match (data, &rows.remote.error) {
                (Some(data), _) if data.data.is_empty() => html! { <EmptyState icon={Icon::ScrollText} title={i.t(Msg::AuditNone)} text={i.t(Msg::AuditNoneText)} /> },
                (Some(data), _) => html! {
                    <>
                        <Table caption={i.t(Msg::AuditTitle)} {columns} rows={data.data.iter().map(|entry| row(entry, i)).collect::<Vec<_>>()} />
                        <Pagination before={cursors.len() as u32 * PAGE} rows={data.data.len() as u32} onback={back} onnext={next} />
                    </>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::AuditFailed)} error={error.clone()} retry={rows.reload.clone()} /> },
                (None, None) => html! { <Skeleton rows=12 /> },
            } }
        </Page>
    }
}
