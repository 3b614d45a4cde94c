use guanxi_api::{Page, PlannedTierPolicy, TierPolicy, TierRules, TierSimulation, TierThresholds};
use uuid::Uuid;

use super::{ApiError, Call, Tagged, query};

/// The policy in force.
pub async fn in_force() -> Result<Tagged<TierPolicy>, ApiError> {
    Call::get("/tiers").read_tagged().await
}

/// Changes what is in force, from today on.
pub async fn change(etag: &str, rules: &TierRules) -> Result<Tagged<TierPolicy>, ApiError> {
    Call::put("/tiers").if_match(etag).json(rules).read_tagged().await
}

/// All policies, those of the latest days first.
pub async fn policies(cursor: &str) -> Result<Page<TierPolicy>, ApiError> {
    Call::get(format!("/tier-policies{}", query(&[("cursor", cursor)]))).read().await
}

pub async fn policy(id: Uuid) -> Result<Tagged<TierPolicy>, ApiError> {
    Call::get(format!("/tier-policies/{id}")).read_tagged().await
}

pub async fn plan(policy: &PlannedTierPolicy, key: &str) -> Result<Tagged<TierPolicy>, ApiError> {
    Call::post("/tier-policies").once(key).json(policy).read_tagged().await
}

pub async fn replan(
    id: Uuid,
    etag: &str,
    policy: &PlannedTierPolicy,
) -> Result<Tagged<TierPolicy>, ApiError> {
    Call::put(format!("/tier-policies/{id}")).if_match(etag).json(policy).read_tagged().await
}

pub async fn withdraw(id: Uuid, etag: &str) -> Result<(), ApiError> {
    Call::delete(format!("/tier-policies/{id}")).if_match(etag).send().await.map(drop)
}

/// What other thresholds would make of the customers; changes nothing.
pub async fn simulate(thresholds: &TierThresholds) -> Result<TierSimulation, ApiError> {
    Call::post("/tiers/simulation").json(thresholds).read().await
}
