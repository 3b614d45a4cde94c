use guanxi_api::{NewOrgUnit, OrgUnit, OrgUnitPatch, Page};
use uuid::Uuid;

use super::interactions::tag;
use super::{ApiError, Call, query};

/// Every unit that there is: the tree is small enough to be held whole.
pub async fn all(archived: bool) -> Result<Vec<OrgUnit>, ApiError> {
    let filter = if archived { "archived eq true or archived eq false" } else { "" };
    let mut units = Vec::new();
    let mut cursor = String::new();
    loop {
        let query = query(&[("filter", filter), ("limit", "200"), ("cursor", &cursor)]);
        let page: Page<OrgUnit> = Call::get(format!("/org-units{query}")).read().await?;
        units.extend(page.data);
        match page.page.next {
            Some(next) => cursor = next,
            None => return Ok(units),
        }
    }
}

pub async fn get(id: Uuid) -> Result<OrgUnit, ApiError> {
    Call::get(format!("/org-units/{id}")).read().await
}

pub async fn create(new: &NewOrgUnit, key: &str) -> Result<OrgUnit, ApiError> {
    Call::post("/org-units").json(new).once(key).read().await
}

pub async fn patch(id: Uuid, version: i64, patch: &OrgUnitPatch) -> Result<OrgUnit, ApiError> {
    Call::patch(format!("/org-units/{id}")).if_match(&tag(version)).json(patch).read().await
}

pub async fn archive(id: Uuid, version: i64) -> Result<(), ApiError> {
    Call::post(format!("/org-units/{id}/archive")).if_match(&tag(version)).send().await.map(drop)
}

pub async fn restore(id: Uuid, version: i64) -> Result<(), ApiError> {
    Call::post(format!("/org-units/{id}/restore")).if_match(&tag(version)).send().await.map(drop)
}
