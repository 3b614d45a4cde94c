use guanxi_api::{AuditEntry, NewUser, Page, User, UserPatch, UserWithPassword};
use uuid::Uuid;
use web_sys::AbortSignal;

use super::{ApiError, Call, Tagged, query};

pub async fn list(filter: &str, sort: &str, cursor: &str) -> Result<Page<User>, ApiError> {
    let query = query(&[("filter", filter), ("sort", sort), ("cursor", cursor)]);
    Call::get(format!("/users{query}")).read().await
}

/// The first users whose name or user name holds a text, for a field to offer.
pub async fn find(
    text: &str,
    filter: &str,
    most: u32,
    until: Option<AbortSignal>,
) -> Result<Page<User>, ApiError> {
    let most = most.to_string();
    let query = query(&[("q", text), ("filter", filter), ("sort", "display_name"), ("limit", &most)]);
    Call::get(format!("/users{query}")).until(until).read().await
}

pub async fn get(id: Uuid) -> Result<Tagged<User>, ApiError> {
    Call::get(format!("/users/{id}")).read_tagged().await
}

pub async fn create(new: &NewUser, key: &str) -> Result<UserWithPassword, ApiError> {
    Call::post("/users").json(new).once(key).read().await
}

pub async fn patch(id: Uuid, etag: &str, patch: &UserPatch) -> Result<Tagged<User>, ApiError> {
    Call::patch(format!("/users/{id}")).if_match(etag).json(patch).read_tagged().await
}

pub async fn archive(id: Uuid, etag: &str) -> Result<Tagged<User>, ApiError> {
    Call::post(format!("/users/{id}/archive")).if_match(etag).read_tagged().await
}

pub async fn restore(id: Uuid, etag: &str) -> Result<Tagged<User>, ApiError> {
    Call::post(format!("/users/{id}/restore")).if_match(etag).read_tagged().await
}

pub async fn reset_password(id: Uuid, etag: &str, key: &str) -> Result<UserWithPassword, ApiError> {
    Call::post(format!("/users/{id}/reset-password")).if_match(etag).once(key).read().await
}

pub async fn history(id: Uuid, cursor: &str) -> Result<Page<AuditEntry>, ApiError> {
    Call::get(format!("/users/{id}/history{}", query(&[("cursor", cursor)]))).read().await
}
