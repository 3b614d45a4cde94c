use guanxi_api::{
    CareGap, CustomerLoss, Handover, HandoverAnswer, HandoverLine, NewHandover, OwnershipPeriod, Page,
    TeamRules, TeamRulesDefinition,
};
use uuid::Uuid;

use super::{ApiError, Call, Tagged, query};

fn page(path: &str, filter: &str, cursor: &str) -> String {
    format!("{path}{}", query(&[("filter", filter), ("cursor", cursor)]))
}

pub async fn gaps(filter: &str, cursor: &str) -> Result<Page<CareGap>, ApiError> {
    Call::get(page("/care-gaps", filter, cursor)).read().await
}

pub async fn losses(cursor: &str) -> Result<Page<CustomerLoss>, ApiError> {
    Call::get(page("/customer-losses", "", cursor)).read().await
}

pub async fn rules() -> Result<Tagged<TeamRules>, ApiError> {
    Call::get("/team-rules").read_tagged().await
}

pub async fn set_rules(etag: &str, to: &TeamRulesDefinition) -> Result<Tagged<TeamRules>, ApiError> {
    Call::put("/team-rules").if_match(etag).json(to).read_tagged().await
}

/// Fills the team of a customer with those who lead its units.
pub async fn complete_team(id: Uuid, etag: &str) -> Result<(), ApiError> {
    Call::post(format!("/customers/{id}/team/completion")).if_match(etag).send().await.map(drop)
}

pub async fn of_customer(id: Uuid, cursor: &str) -> Result<Page<OwnershipPeriod>, ApiError> {
    Call::get(page(&format!("/customers/{id}/ownership"), "", cursor)).read().await
}

pub async fn sign(id: Uuid) -> Result<OwnershipPeriod, ApiError> {
    Call::post(format!("/customers/{id}/ownership/signature")).read().await
}

pub async fn handovers(cursor: &str) -> Result<Page<Handover>, ApiError> {
    Call::get(page("/handovers", "", cursor)).read().await
}

pub async fn handover(id: Uuid) -> Result<Tagged<Handover>, ApiError> {
    Call::get(format!("/handovers/{id}")).read_tagged().await
}

pub async fn propose(new: &NewHandover, key: &str) -> Result<Handover, ApiError> {
    Call::post("/handovers").json(new).once(key).read().await
}

pub async fn answer(id: Uuid, etag: &str, said: &HandoverAnswer) -> Result<Tagged<Handover>, ApiError> {
    Call::post(format!("/handovers/{id}/acceptance")).if_match(etag).json(said).read_tagged().await
}

pub async fn cancel(id: Uuid, etag: &str) -> Result<Tagged<Handover>, ApiError> {
    Call::post(format!("/handovers/{id}/cancel")).if_match(etag).read_tagged().await
}

pub async fn sheet(id: Uuid, cursor: &str) -> Result<Page<HandoverLine>, ApiError> {
    Call::get(page(&format!("/handovers/{id}/customers"), "", cursor)).read().await
}
