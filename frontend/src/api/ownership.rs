use guanxi_api::{
    CareGap, CarePlan, CarePlanEnd, CarePlanPatch, Customer, CustomerLoss, Handover, HandoverAnswer,
    HandoverLine, LeaderVisit, NewCarePlan, NewCareStep, NewHandover, NewStandIn, OwnershipPeriod, Page,
    PoolCustomer, PoolPolicy, PoolPolicyDefinition, PoolWarning, StandIn, StandInPatch, TeamRules,
    TeamRulesDefinition, VisitPlan,
};
use uuid::Uuid;

use super::interactions::tag;
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

pub async fn stand_ins(filter: &str, cursor: &str) -> Result<Page<StandIn>, ApiError> {
    Call::get(page("/stand-ins", filter, cursor)).read().await
}

pub async fn stand_in(id: Uuid) -> Result<StandIn, ApiError> {
    Call::get(format!("/stand-ins/{id}")).read().await
}

pub async fn arrange_stand_in(new: &NewStandIn, key: &str) -> Result<StandIn, ApiError> {
    Call::post("/stand-ins").json(new).once(key).read().await
}

pub async fn change_stand_in(stand_in: &StandIn, patch: &StandInPatch) -> Result<StandIn, ApiError> {
    let path = format!("/stand-ins/{}", stand_in.id);
    Call::patch(path).if_match(&tag(stand_in.version)).json(patch).read().await
}

pub async fn end_stand_in(stand_in: &StandIn) -> Result<StandIn, ApiError> {
    let path = format!("/stand-ins/{}/end", stand_in.id);
    Call::post(path).if_match(&tag(stand_in.version)).read().await
}

pub async fn plans(filter: &str, cursor: &str) -> Result<Page<CarePlan>, ApiError> {
    Call::get(page("/care-plans", filter, cursor)).read().await
}

pub async fn plan(id: Uuid) -> Result<CarePlan, ApiError> {
    Call::get(format!("/care-plans/{id}")).read().await
}

pub async fn begin_plan(customer: Uuid, new: &NewCarePlan, key: &str) -> Result<CarePlan, ApiError> {
    Call::post(format!("/customers/{customer}/care-plans")).json(new).once(key).read().await
}

pub async fn change_plan(plan: &CarePlan, patch: &CarePlanPatch) -> Result<CarePlan, ApiError> {
    Call::patch(format!("/care-plans/{}", plan.id)).if_match(&tag(plan.version)).json(patch).read().await
}

pub async fn add_step(plan: &CarePlan, new: &NewCareStep) -> Result<CarePlan, ApiError> {
    Call::post(format!("/care-plans/{}/steps", plan.id)).if_match(&tag(plan.version)).json(new).read().await
}

pub async fn end_plan(plan: &CarePlan, end: &CarePlanEnd) -> Result<CarePlan, ApiError> {
    Call::post(format!("/care-plans/{}/end", plan.id)).if_match(&tag(plan.version)).json(end).read().await
}

pub async fn visits(filter: &str, cursor: &str) -> Result<Page<LeaderVisit>, ApiError> {
    Call::get(page("/leader-visits", filter, cursor)).read().await
}

pub async fn plan_visit(id: Uuid, plan: &VisitPlan) -> Result<LeaderVisit, ApiError> {
    Call::post(format!("/leader-visits/{id}/plan")).json(plan).read().await
}

pub async fn pool(cursor: &str) -> Result<Page<PoolCustomer>, ApiError> {
    Call::get(page("/pool", "", cursor)).read().await
}

pub async fn pool_warnings(cursor: &str) -> Result<Page<PoolWarning>, ApiError> {
    Call::get(page("/pool-warnings", "", cursor)).read().await
}

/// Takes a customer from the pool.
pub async fn claim(customer: &PoolCustomer) -> Result<Customer, ApiError> {
    Call::post(format!("/pool/{}/claim", customer.id)).if_match(&tag(customer.version)).read().await
}

pub async fn pool_policy() -> Result<Tagged<PoolPolicy>, ApiError> {
    Call::get("/pool-policy").read_tagged().await
}

pub async fn set_pool_policy(etag: &str, to: &PoolPolicyDefinition) -> Result<Tagged<PoolPolicy>, ApiError> {
    Call::put("/pool-policy").if_match(etag).json(to).read_tagged().await
}
