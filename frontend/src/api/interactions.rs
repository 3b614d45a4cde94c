use guanxi_api::{AuditEntry, Interaction, InteractionPatch, InteractionSearch, NewInteraction, Page};
use uuid::Uuid;

use super::{ApiError, Call, query};

/// The tag of what was read in a list: the version is what counts.
pub fn tag(version: i64) -> String {
    format!("\"{version}-0\"")
}

/// Finds by words of notes; they go in the body, since addresses are logged.
pub async fn search(search: &InteractionSearch) -> Result<Page<Interaction>, ApiError> {
    Call::post("/interactions/search").json(search).read().await
}

pub async fn timeline(customer: Uuid, filter: &str, cursor: &str) -> Result<Page<Interaction>, ApiError> {
    let query = query(&[("filter", filter), ("cursor", cursor), ("limit", "20")]);
    Call::get(format!("/customers/{customer}/interactions{query}")).read().await
}

pub async fn create(customer: Uuid, new: &NewInteraction, key: &str) -> Result<Interaction, ApiError> {
    Call::post(format!("/customers/{customer}/interactions")).json(new).once(key).read().await
}

pub async fn get(id: Uuid) -> Result<Interaction, ApiError> {
    Call::get(format!("/interactions/{id}")).read().await
}

pub async fn patch(id: Uuid, version: i64, patch: &InteractionPatch) -> Result<Interaction, ApiError> {
    Call::patch(format!("/interactions/{id}")).if_match(&tag(version)).json(patch).read().await
}

/// Archives it, or restores it.
pub async fn put_away(id: Uuid, version: i64, away: bool) -> Result<Interaction, ApiError> {
    let verb = if away { "archive" } else { "restore" };
    Call::post(format!("/interactions/{id}/{verb}")).if_match(&tag(version)).read().await
}

pub async fn history(id: Uuid, cursor: &str) -> Result<Page<AuditEntry>, ApiError> {
    Call::get(format!("/interactions/{id}/history{}", query(&[("cursor", cursor)]))).read().await
}
