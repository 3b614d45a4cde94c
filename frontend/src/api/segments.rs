use guanxi_api::{
    CustomerSegments, LocalName, SegmentDefinition, SegmentOverride, SegmentPreview, SegmentReport,
    SegmentRule, SegmentSchemeDefinition, SegmentSchemes,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{ApiError, Call};

fn tag(version: i64) -> String {
    format!("\"{version}-0\"")
}

/// A scheme or a segment by its name.
#[derive(Clone, PartialEq, Deserialize)]
pub struct NamedSegment {
    pub code: String,
    pub name: LocalName,
    pub archived_at: Option<String>,
    /// Of a scheme, its segments.
    #[serde(default)]
    pub segments: Vec<NamedSegment>,
}

/// All schemes by their names, for a list to choose from.
#[derive(Clone, PartialEq, Deserialize)]
pub struct NamedSchemes {
    pub schemes: Vec<NamedSegment>,
}

pub async fn names() -> Result<NamedSchemes, ApiError> {
    Call::get("/segment-schemes").read().await
}

pub async fn schemes() -> Result<SegmentSchemes, ApiError> {
    Call::get("/segment-schemes").read().await
}

pub async fn create_scheme(new: &SegmentSchemeDefinition, key: &str) -> Result<(), ApiError> {
    Call::post("/segment-schemes").json(new).once(key).send().await.map(drop)
}

pub async fn set_scheme(id: Uuid, version: i64, to: &SegmentSchemeDefinition) -> Result<(), ApiError> {
    Call::put(format!("/segment-schemes/{id}")).if_match(&tag(version)).json(to).send().await.map(drop)
}

pub async fn create(scheme: Uuid, new: &SegmentDefinition, key: &str) -> Result<(), ApiError> {
    Call::post(format!("/segment-schemes/{scheme}/segments")).json(new).once(key).send().await.map(drop)
}

pub async fn set(id: Uuid, version: i64, to: &SegmentDefinition) -> Result<(), ApiError> {
    Call::put(format!("/segments/{id}")).if_match(&tag(version)).json(to).send().await.map(drop)
}

/// Takes a scheme or a segment out of use, or into use again; `of` is the path of its kind.
pub async fn keep(of: &str, id: Uuid, version: i64, archive: bool) -> Result<(), ApiError> {
    let verb = if archive { "archive" } else { "restore" };
    Call::post(format!("/{of}/{id}/{verb}")).if_match(&tag(version)).send().await.map(drop)
}

/// Whom a rule finds; keeps nothing.
pub async fn preview(rule: &str) -> Result<SegmentPreview, ApiError> {
    Call::post("/segments/preview").json(&SegmentRule { rule: rule.to_owned() }).read().await
}

pub async fn of_customer(id: Uuid) -> Result<CustomerSegments, ApiError> {
    Call::get(format!("/customers/{id}/segments")).read().await
}

/// Decides, whatever the rules say.
pub async fn decide(
    id: Uuid,
    scheme: Uuid,
    decision: &SegmentOverride,
    key: &str,
) -> Result<CustomerSegments, ApiError> {
    Call::put(format!("/customers/{id}/segments/{scheme}")).json(decision).once(key).read().await
}

/// Leaves it to the rules again.
pub async fn undecide(id: Uuid, scheme: Uuid) -> Result<CustomerSegments, ApiError> {
    Call::delete(format!("/customers/{id}/segments/{scheme}")).read().await
}

pub async fn report() -> Result<SegmentReport, ApiError> {
    Call::get("/reports/segments").read().await
}
