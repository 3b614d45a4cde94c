use guanxi_api::{
    Assignment, AuditEntry, ConflictResolution, ConflictSide, ContactPointPatch, Customer, CustomerOverview,
    CustomerPatch, CustomerSearch, CustomerSummary, ExternalIdValue, FieldConflict, FieldSources,
    FieldVerification, JobDetails, NewBulkAction, NewContactPoint, NewCustomer, Page, Reveal, Revealed, Team,
};
use uuid::Uuid;

use super::{ApiError, Call, Tagged, query};

/// Lists by a filter without personal data, which may stand in an address.
pub async fn list(
    filter: &str,
    sort: &str,
    cursor: &str,
    total: bool,
) -> Result<Page<CustomerSummary>, ApiError> {
    let include = if total { "total" } else { "" };
    let query = query(&[("filter", filter), ("sort", sort), ("cursor", cursor), ("include", include)]);
    Call::get(format!("/customers{query}")).read().await
}

/// Finds by text; the text goes in the body, since addresses are logged.
pub async fn search(search: &CustomerSearch) -> Result<Page<CustomerSummary>, ApiError> {
    Call::post("/customers/search").json(search).read().await
}

pub async fn get(id: Uuid) -> Result<Tagged<Customer>, ApiError> {
    Call::get(format!("/customers/{id}")).read_tagged().await
}

/// The customer with everything that one wants to know before a contact. Its tag is that of the customer.
pub async fn overview(id: Uuid) -> Result<Tagged<CustomerOverview>, ApiError> {
    Call::get(format!("/customers/{id}/overview")).read_tagged().await
}

pub async fn create(new: &NewCustomer, key: &str) -> Result<Customer, ApiError> {
    Call::post("/customers").json(new).once(key).read().await
}

pub async fn patch(id: Uuid, etag: &str, patch: &CustomerPatch) -> Result<Tagged<Customer>, ApiError> {
    Call::patch(format!("/customers/{id}")).if_match(etag).json(patch).read_tagged().await
}

pub async fn archive(id: Uuid, etag: &str) -> Result<Tagged<Customer>, ApiError> {
    Call::post(format!("/customers/{id}/archive")).if_match(etag).read_tagged().await
}

pub async fn restore(id: Uuid, etag: &str) -> Result<Tagged<Customer>, ApiError> {
    Call::post(format!("/customers/{id}/restore")).if_match(etag).read_tagged().await
}

pub async fn assign(id: Uuid, etag: &str, to: &Assignment) -> Result<(), ApiError> {
    Call::post(format!("/customers/{id}/assign")).if_match(etag).json(to).send().await.map(drop)
}

pub async fn set_team(id: Uuid, etag: &str, team: &Team) -> Result<Tagged<Customer>, ApiError> {
    Call::put(format!("/customers/{id}/team")).if_match(etag).json(team).read_tagged().await
}

pub async fn reveal(id: Uuid, ask: &Reveal) -> Result<Revealed, ApiError> {
    Call::post(format!("/customers/{id}/reveal")).json(ask).read().await
}

pub async fn history(id: Uuid, cursor: &str) -> Result<Page<AuditEntry>, ApiError> {
    Call::get(format!("/customers/{id}/history{}", query(&[("cursor", cursor)]))).read().await
}

pub async fn field_sources(id: Uuid) -> Result<FieldSources, ApiError> {
    Call::get(format!("/customers/{id}/fields")).read().await
}

pub async fn verify(id: Uuid, etag: &str, field: &str, verified: bool) -> Result<Tagged<Customer>, ApiError> {
    Call::put(format!("/customers/{id}/fields/{field}/verification"))
        .if_match(etag)
        .json(&FieldVerification { verified })
        .read_tagged()
        .await
}

pub async fn field_history(id: Uuid, field: &str, cursor: &str) -> Result<Page<AuditEntry>, ApiError> {
    let query = query(&[("cursor", cursor)]);
    Call::get(format!("/customers/{id}/fields/{field}/history{query}")).read().await
}

pub async fn conflicts(filter: &str, cursor: &str) -> Result<Page<FieldConflict>, ApiError> {
    let query = query(&[("filter", filter), ("cursor", cursor)]);
    Call::get(format!("/field-conflicts{query}")).read().await
}

pub async fn resolve(conflict: &FieldConflict, take: ConflictSide) -> Result<FieldConflict, ApiError> {
    Call::post(format!("/field-conflicts/{}/resolve", conflict.id))
        .if_match(&format!("\"{}-0\"", conflict.version))
        .json(&ConflictResolution { take })
        .read()
        .await
}

pub async fn add_contact_point(
    id: Uuid,
    etag: &str,
    new: &NewContactPoint,
    key: &str,
) -> Result<Tagged<Customer>, ApiError> {
    Call::post(format!("/customers/{id}/contact-points"))
        .if_match(etag)
        .once(key)
        .json(new)
        .read_tagged()
        .await
}

pub async fn patch_contact_point(
    id: Uuid,
    etag: &str,
    point: Uuid,
    patch: &ContactPointPatch,
) -> Result<Tagged<Customer>, ApiError> {
    Call::patch(format!("/customers/{id}/contact-points/{point}"))
        .if_match(etag)
        .json(patch)
        .read_tagged()
        .await
}

pub async fn remove_contact_point(id: Uuid, etag: &str, point: Uuid) -> Result<Tagged<Customer>, ApiError> {
    Call::delete(format!("/customers/{id}/contact-points/{point}")).if_match(etag).read_tagged().await
}

pub async fn set_external_id(
    id: Uuid,
    etag: &str,
    source: &str,
    value: &ExternalIdValue,
) -> Result<Tagged<Customer>, ApiError> {
    Call::put(format!("/customers/{id}/external-ids/{source}")).if_match(etag).json(value).read_tagged().await
}

pub async fn remove_external_id(id: Uuid, etag: &str, source: &str) -> Result<Tagged<Customer>, ApiError> {
    Call::delete(format!("/customers/{id}/external-ids/{source}")).if_match(etag).read_tagged().await
}

/// Starts a job that does something to many customers.
pub async fn start_bulk(new: &NewBulkAction, key: &str) -> Result<JobDetails, ApiError> {
    Call::post("/customers/bulk-actions").json(new).once(key).read().await
}

/// Starts the job that takes that back.
pub async fn undo_bulk(id: Uuid, key: &str) -> Result<JobDetails, ApiError> {
    Call::post(format!("/customers/bulk-actions/{id}/undo")).once(key).read().await
}
