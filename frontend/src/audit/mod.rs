//! The audit trail: for one object as its history, for all of them as the auditor's list.

mod list;
mod words;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use guanxi_api::{AuditEntry, FieldChange, OrgUnit, Page};
use serde_json::Value;
use uuid::Uuid;
use yew::prelude::*;

use crate::api::ApiError;
use crate::fetch::use_query;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::org::{use_units, use_user_names};
use crate::session::{may, right, use_me};
use crate::ui::{
    Button, EmptyState, ErrorPanel, HistoryChange, HistoryEntry, HistoryList, Icon, Skeleton, use_toasts,
};

pub use list::AuditPage;
pub use words::{action_words, field_words};

/// An answer on its way.
pub type Reading<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

#[derive(Properties, PartialEq)]
pub struct HistoryPagesProps {
    /// Names the history among everything that is read.
    pub name: AttrValue,
    /// Reads the page at a cursor; the first one at an empty cursor.
    pub read: Callback<String, Reading<Page<AuditEntry>>>,
    /// A field and its value in words.
    pub words: Callback<(String, Value), (AttrValue, AttrValue)>,
}

/// The history of one object, more of it on demand.
#[function_component]
pub fn HistoryPages(props: &HistoryPagesProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let me = use_me();
    let units = use_units();
    let more = use_state(|| Rc::new((Vec::<AuditEntry>::new(), None::<Option<String>>)));
    let busy = use_state(|| false);
    let read = props.read.clone();
    let first =
        use_query::<Page<AuditEntry>, _, _>(Some(props.name.to_string()), move || read.emit(String::new()));
    let read_so_far = first.remote.data.iter().flat_map(|page| &page.data).chain(&more.0);
    let owners =
        use_user_names(colleagues_in(read_so_far), me.as_ref().is_some_and(|me| may(me, right::VIEW_USERS)));
    let Some(page) = first.remote.data.clone() else {
        return match &first.remote.error {
            Some(error) => {
                html! { <ErrorPanel what={i.t(Msg::HistoryFailed)} error={error.clone()} retry={first.reload.clone()} /> }
            }
            None => html! { <Skeleton bare=true rows=4 /> },
        };
    };
    let next = more.1.clone().unwrap_or_else(|| page.page.next.clone());
    let words = |field: &str, value: &Option<Value>| {
        value
            .as_ref()
            .filter(|value| !value.is_null())
            .map(|value| match name_of(field, value, &units, &owners, i) {
                Some(name) => Value::from(name.to_string()),
                None => value.clone(),
            })
            .map(|value| props.words.emit((field.to_owned(), value)).1)
            .filter(|text| !text.is_empty())
    };
    let named = |change: &FieldChange| props.words.emit((change.field.clone(), Value::Null)).0;
    let change = |change: &FieldChange| HistoryChange {
        field: named(change),
        before: words(&change.field, &change.before),
        after: words(&change.field, &change.after),
    };
    let revealed = |entry: &AuditEntry| entry.action.ends_with(".revealed");
    let entries: Vec<HistoryEntry> = page
        .data
        .iter()
        .chain(&more.0)
        .map(|entry| HistoryEntry {
            key: entry.id.to_string().into(),
            at: entry.at,
            who: entry.actor.name.clone().into(),
            what: action_words(&entry.action, i),
            reason: entry.reason.clone().map(AttrValue::from),
            seen: if revealed(entry) { entry.changes.iter().map(named).collect() } else { Vec::new() },
            changes: if revealed(entry) { Vec::new() } else { entry.changes.iter().map(change).collect() },
            alert: revealed(entry),
        })
        .collect();
    if entries.is_empty() {
        return html! { <EmptyState icon={Icon::History} title={i.t(Msg::HistoryNone)} /> };
    }
    let read = &props.read;
    let load = next.map(|cursor| {
        cb!((read, more, busy, toasts, cursor), |_: MouseEvent| {
            if *busy {
                return;
            }
            busy.set(true);
            let reading = read.emit(cursor.clone());
            spawn!((more, busy, toasts), {
                match reading.await {
                    Ok(page) => {
                        let list = more.0.iter().cloned().chain(page.data).collect();
                        more.set(Rc::new((list, Some(page.page.next))));
                    }
                    Err(error) => toasts.fail(&error, i),
                }
                busy.set(false);
            });
        })
    });
    html! {
        <>
            <HistoryList {entries} />
            if let Some(onclick) = load { <div><Button busy={*busy} {onclick}>{ i.t(Msg::HistoryMore) }</Button></div> }
        </>
    }
}

/// The fields that hold the id of a colleague.
const COLLEAGUES: [&str; 3] = ["owner_id", "author_id", "assignee_id"];

/// The colleagues whom changes name by their ids.
fn colleagues_in<'a>(entries: impl Iterator<Item = &'a AuditEntry>) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = entries
        .flat_map(|entry| &entry.changes)
        .filter(|change| COLLEAGUES.contains(&change.field.as_str()))
        .flat_map(|change| [&change.before, &change.after])
        .filter_map(|value| Uuid::parse_str(value.as_ref()?.as_str()?).ok())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The name of the unit or colleague that a change names by id.
fn name_of(
    field: &str,
    value: &Value,
    units: &[OrgUnit],
    colleagues: &[(AttrValue, AttrValue)],
    i: I18n,
) -> Option<AttrValue> {
    let id = value.as_str()?;
    match field {
        "org_unit_id" | "parent_id" => {
            let unit = units.iter().find(|unit| unit.id.to_string() == id)?;
            Some(unit.name.in_language(i.lang).to_owned().into())
        }
        // Not everyone may see who all the colleagues are.
        field if COLLEAGUES.contains(&field) => {
            let found = colleagues.iter().find(|(key, _)| key == id).map(|(_, name)| name.clone());
            Some(found.unwrap_or_else(|| i.t(Msg::HistoryColleague)))
        }
        _ => None,
    }
}
