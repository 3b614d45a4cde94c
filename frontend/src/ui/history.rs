use guanxi_api::Instant;
use yew::prelude::*;

use super::Time;
use crate::i18n::{Msg, use_i18n};

/// One field before and after, as people read it.
#[derive(Clone, PartialEq)]
pub struct HistoryChange {
    pub field: AttrValue,
    pub before: Option<AttrValue>,
    pub after: Option<AttrValue>,
}

/// Who did what, when.
#[derive(Clone, PartialEq)]
pub struct HistoryEntry {
    pub key: AttrValue,
    pub at: Instant,
    pub who: AttrValue,
    pub what: AttrValue,
    pub reason: Option<AttrValue>,
    pub changes: Vec<HistoryChange>,
    /// What was seen, where nothing was changed.
    pub seen: Vec<AttrValue>,
    /// Someone saw what is masked, or the like.
    pub alert: bool,
}

#[derive(Properties, PartialEq)]
pub struct HistoryListProps {
    pub entries: Vec<HistoryEntry>,
}

#[derive(Properties, PartialEq)]
pub struct ChangesProps {
    pub changes: Vec<HistoryChange>,
}

/// Fields before and after.
#[function_component]
pub fn Changes(props: &ChangesProps) -> Html {
    let i = use_i18n();
    let none = || html! { <span class="muted">{ i.t(Msg::HistoryEmpty) }</span> };
    let change = |change: &HistoryChange| {
        html! {
            <>
                <dt>{ &change.field }</dt>
                <dd>
                    if let Some(before) = &change.before {
                        <del><span class="sr-only">{ i.t(Msg::HistoryBefore) }</span>{ before }</del>
                        <span class="arrow" aria-hidden="true"></span>
                    }
                    if let Some(after) = &change.after { <ins><span class="sr-only">{ i.t(Msg::HistoryAfter) }</span>{ after }</ins> } else { { none() } }
                </dd>
            </>
        }
    };
    html! { <dl class="changes">{ for props.changes.iter().map(change) }</dl> }
}

/// What happened, newest first.
#[function_component]
pub fn HistoryList(props: &HistoryListProps) -> Html {
    let i = use_i18n();
    html! {
        <ol class="timeline">
            { for props.entries.iter().map(|entry| html! {
                <li key={entry.key.to_string()} class={entry.alert.then_some("is-alert")}>
                    <div class="timeline__head"><b>{ &entry.who }</b><span>{ &entry.what }</span><Time at={entry.at} /></div>
                    if !entry.seen.is_empty() { <p class="small">{ entry.seen.join(&i.t(Msg::CommonListComma)) }</p> }
                    if let Some(reason) = &entry.reason { <p class="small muted">{ i.t(Msg::HistoryReason { reason }) }</p> }
                    if !entry.changes.is_empty() { <Changes changes={entry.changes.clone()} /> }
                </li>
            }) }
        </ol>
    }
}
