use guanxi_api::{CustomerTags, NewTag, Page, Tag, TagPatch};
use uuid::Uuid;

use super::interactions::tag;
use super::{ApiError, Call, query};

pub async fn list(filter: &str, sort: &str, cursor: &str) -> Result<Page<Tag>, ApiError> {
    let query = query(&[("filter", filter), ("sort", sort), ("cursor", cursor)]);
    Call::get(format!("/tags{query}")).read().await
}

/// Every tag that a filter leaves, page by page: there are 500 in use at most.
pub async fn all(filter: &str) -> Result<Vec<Tag>, ApiError> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let query = query(&[("filter", filter), ("limit", "200"), ("cursor", &cursor)]);
        let page: Page<Tag> = Call::get(format!("/tags{query}")).read().await?;
        found.extend(page.data);
        match page.page.next {
            Some(next) => cursor = next,
            None => return Ok(found),
        }
    }
}

pub async fn get(id: Uuid) -> Result<Tag, ApiError> {
    Call::get(format!("/tags/{id}")).read().await
}

pub async fn create(new: &NewTag, key: &str) -> Result<Tag, ApiError> {
    Call::post("/tags").json(new).once(key).read().await
}

pub async fn patch(id: Uuid, version: i64, patch: &TagPatch) -> Result<(), ApiError> {
    Call::patch(format!("/tags/{id}")).if_match(&tag(version)).json(patch).send().await.map(drop)
}

/// `archive` or `restore`.
pub async fn act(id: Uuid, version: i64, action: &str) -> Result<(), ApiError> {
    Call::post(format!("/tags/{id}/{action}")).if_match(&tag(version)).send().await.map(drop)
}

pub async fn give(customer: Uuid, tag: Uuid) -> Result<CustomerTags, ApiError> {
    Call::put(format!("/customers/{customer}/tags/{tag}")).read().await
}

pub async fn take(customer: Uuid, tag: Uuid) -> Result<CustomerTags, ApiError> {
    Call::delete(format!("/customers/{customer}/tags/{tag}")).read().await
}
