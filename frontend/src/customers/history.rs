use guanxi_api::{AuditEntry, CustomerKind, Page};
use uuid::Uuid;
use yew::prelude::*;

use super::facts;
use crate::api;
use crate::audit::{HistoryPages, field_words};
use crate::i18n::{I18n, use_i18n};

#[derive(Properties, PartialEq)]
pub struct HistoryTabProps {
    pub id: Uuid,
    pub kind: CustomerKind,
    /// A new version has a new history.
    pub version: i64,
}

/// What happened to a customer's record.
#[function_component]
pub fn HistoryTab(props: &HistoryTabProps) -> Html {
    let i = use_i18n();
    let (id, kind) = (props.id, props.kind);
    let read = use_callback(id, |cursor: String, id| {
        let id = *id;
        Box::pin(async move { api::customers::history(id, &cursor).await })
            as crate::audit::Reading<Page<AuditEntry>>
    });
    html! { <HistoryPages key={props.version.to_string()} name={format!("customer/{id}/history/{}", props.version)} {read} words={Callback::from(move |(field, value): (String, serde_json::Value)| words(kind, &field, &value, i))} /> }
}

fn words(kind: CustomerKind, field: &str, value: &serde_json::Value, i: I18n) -> (AttrValue, AttrValue) {
    match facts::find(kind, field) {
        Some(fact) => (i.t(fact.label), fact.words(value, i)),
        None => field_words(field, value, i),
    }
}
