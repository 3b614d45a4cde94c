use guanxi_api::{
    CustomerMerge, DuplicateCheck, DuplicateCheckResult, DuplicateDismissal, DuplicatePair, JobDetails,
    MergePreview, NewCustomerMerge, Page,
};
use uuid::Uuid;

use super::{ApiError, Call, Tagged, query};

pub async fn list(filter: &str, cursor: &str) -> Result<Page<DuplicatePair>, ApiError> {
    Call::get(format!("/duplicates{}", query(&[("filter", filter), ("cursor", cursor)]))).read().await
}

pub async fn pair(id: Uuid) -> Result<Tagged<DuplicatePair>, ApiError> {
    Call::get(format!("/duplicates/{id}")).read_tagged().await
}

pub async fn dismiss(
    id: Uuid,
    etag: &str,
    why: &DuplicateDismissal,
) -> Result<Tagged<DuplicatePair>, ApiError> {
    Call::post(format!("/duplicates/{id}/dismissal")).if_match(etag).json(why).read_tagged().await
}

pub async fn reopen(id: Uuid, etag: &str) -> Result<Tagged<DuplicatePair>, ApiError> {
    Call::post(format!("/duplicates/{id}/reopen")).if_match(etag).read_tagged().await
}

/// Searches the whole bank.
pub async fn search(key: &str) -> Result<JobDetails, ApiError> {
    Call::post("/jobs/duplicate-searches").once(key).read().await
}

/// Whether somebody who is about to be entered is a customer already.
pub async fn check(asked: &DuplicateCheck) -> Result<DuplicateCheckResult, ApiError> {
    Call::post("/customers/duplicate-check").json(asked).read().await
}

pub async fn preview(survivor: Uuid, other: Uuid) -> Result<MergePreview, ApiError> {
    Call::get(format!("/customers/{survivor}/merge-preview?other_id={other}")).read().await
}

pub async fn merge(survivor: Uuid, etag: &str, new: &NewCustomerMerge) -> Result<CustomerMerge, ApiError> {
    Call::post(format!("/customers/{survivor}/merge")).if_match(etag).json(new).read().await
}

pub async fn merges(filter: &str, cursor: &str) -> Result<Page<CustomerMerge>, ApiError> {
    Call::get(format!("/customer-merges{}", query(&[("filter", filter), ("cursor", cursor)]))).read().await
}

/// Undoes a merge as it is now.
pub async fn undo(merge: &CustomerMerge) -> Result<CustomerMerge, ApiError> {
    Call::post(format!("/customer-merges/{}/undo", merge.id))
        .if_match(&format!("\"{}-0\"", merge.version))
        .read()
        .await
}
