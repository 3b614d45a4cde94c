//! The audit trail: for one object as its history, for all of them as the auditor's list.

mod list;
mod words;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use guanxi_api::{AuditEntry, Page};
use serde_json::Value;
use yew::prelude::*;

use crate::api::ApiError;
use crate::fetch::use_query;
use crate::i18n::{Msg, use_i18n};
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
    let more = use_state(|| Rc::new((Vec::<AuditEntry>::new(), None::<Option<String>>)));
    let busy = use_state(|| false);
    let read = props.read.clone();
    let first =
        use_query::<Page<AuditEntry>, _, _>(Some(props.name.to_string()), move || read.emit(String::new()));
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
            .map(|value| props.words.emit((field.to_owned(), value.clone())).1)
            .filter(|text| !text.is_empty())
    };
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
            changes: entry
                .changes
                .iter()
                .map(|change| HistoryChange {
                    field: props.words.emit((change.field.clone(), Value::Null)).0,
                    before: words(&change.field, &change.before),
                    after: words(&change.field, &change.after),
                })
                .collect(),
            alert: entry.action.ends_with("revealed"),
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
