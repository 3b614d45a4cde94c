use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use guanxi_api::{
    ListQuery, Page, PlannedTierPolicy, TierChange, TierPolicy, TierRules, TierSimulation, TierThresholds,
};
use guanxi_db::{DbConn, Id};

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::customers::{CustomerMark, TierPolicyMark, tiers};
use crate::error::{Error, Result};
use crate::idempotency::{self, Once};
use crate::listing::ListRequest;
use crate::web::{self as answer, Document, IfMatch, Json, PathId, Query};

/// Runs a change of a policy that may be repeated with the same Idempotency-Key; gives the policy after it.
async fn changed(
    actor: Actor,
    state: &web::Data<AppState>,
    once: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor, &AppState) -> Result<TierPolicy> + Send + 'static,
) -> Result<(TierPolicy, bool)> {
    let shared = state.clone();
    state
        .db
        .write(move |conn| {
            let act = |conn: &mut DbConn| act(conn, &actor, &shared);
            match idempotency::once(conn, &actor, &once, act, |policy| Some(policy.id))? {
                Once::Done(policy) => Ok((policy, false)),
                Once::Replayed(id) => {
                    let id = id.map(Id::new).ok_or_else(Error::not_found)?;
                    Ok::<_, Error>((tiers::tier_policy(conn, id)?, true))
                }
            }
        })
        .await
}

fn shown(who: &Actor, (policy, replayed): (TierPolicy, bool)) -> HttpResponse {
    let mut response = answer::ok_tagged(&policy, &Document::tag_of(&policy, who, policy.version));
    if replayed {
        answer::mark_replayed(&mut response);
    }
    response
}

/// The layers of customers: from which assets on, how often they are contacted, and who serves them.
#[utoipa::path(operation_id = "getTiers", tag = "customers",
    params(("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = TierPolicy, description = "The layers",
            headers(("ETag" = String, description = "Their version"))),
        (status = 304, description = "Not changed")))]
#[get("/tiers")]
pub async fn get_tiers(
    request: HttpRequest,
    who: May<kinds::ViewTiers>,
    state: web::Data<AppState>,
) -> Result<HttpResponse> {
    let policy = state.db.read(tiers::tiers).await?;
    let tag = Document::tag_of(&policy, &who, policy.version);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&policy, &tag)))
}

/// Set the layers of customers, all together, from today on.
///
/// What decides on tiers, such as new thresholds, sorts all customers anew, shortly.
#[utoipa::path(operation_id = "setTiers", tag = "customers", request_body = TierRules,
    params(("If-Match" = String, Header, description = "The tag that the change was made from", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = TierPolicy, description = "The layers from now on",
        headers(("ETag" = String, description = "Their new version")))))]
#[put("/tiers")]
pub async fn set_tiers(
    request: HttpRequest,
    who: May<kinds::ManageTiers>,
    state: web::Data<AppState>,
    version: IfMatch,
    body: Json<TierRules>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let rules = body.0;
    let done = changed(who.actor(), &state, once, move |conn, actor, state| {
        tiers::set_tiers(conn, actor, &state.settings, version.0, &rules)
    });
    Ok(shown(&who, done.await?))
}

/// Try other thresholds: who would move?
///
/// Counts the customers that the caller sees by the averages that they have now. Nothing is changed.
#[utoipa::path(operation_id = "simulateTiers", tag = "customers", request_body = TierThresholds,
    responses((status = 200, body = TierSimulation, description = "What the thresholds would make of the customers")))]
#[post("/tiers/simulation")]
pub async fn simulate_tiers(
    who: May<kinds::SimulateTiers>,
    state: web::Data<AppState>,
    body: Json<TierThresholds>,
) -> Result<HttpResponse> {
    let (actor, shared, tried) = (who.actor(), state.clone(), body.0);
    let simulation =
        state.db.read(move |conn| tiers::simulate_tiers(conn, &actor, shared.house(), &tried)).await?;
    Ok(answer::ok(&simulation))
}

/// The policies of tiers: those planned, the one in force, those of the past; the latest first unless told otherwise.
#[utoipa::path(operation_id = "listTierPolicies", tag = "customers", params(ListQuery),
    responses((status = 200, body = Page<TierPolicy>, description = "A page of policies",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/tier-policies")]
pub async fn list_tier_policies(
    request: HttpRequest,
    who: May<kinds::ViewTiers>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let found = state.db.read(move |conn| tiers::tier_policies(conn, &actor, shared.house(), &asked)).await?;
    Ok(answer::page(&request, &found))
}

/// Plan the layers of customers from a later day on.
#[utoipa::path(operation_id = "planTiers", tag = "customers", request_body = PlannedTierPolicy,
    params(("Idempotency-Key" = Option<String>, Header, description = "Plans at most once for a key")),
    responses((status = 201, body = TierPolicy, description = "Planned",
        headers(("Location" = String, description = "Where it is"), ("ETag" = String, description = "Its version")))))]
#[post("/tier-policies")]
pub async fn plan_tiers(
    request: HttpRequest,
    who: May<kinds::ManageTiers>,
    state: web::Data<AppState>,
    body: Json<PlannedTierPolicy>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let planned = body.0;
    let (policy, replayed) = changed(who.actor(), &state, once, move |conn, actor, state| {
        tiers::plan_tiers(conn, actor, &state.settings, &planned)
    })
    .await?;
    let place = format!("/api/v1/tier-policies/{}", policy.id);
    Ok(answer::created(&policy, &place, &Document::tag_of(&policy, &who, policy.version), replayed))
}

/// A policy of tiers.
#[utoipa::path(operation_id = "getTierPolicy", tag = "customers",
    params(("id" = uuid::Uuid, Path, description = "The policy"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = TierPolicy, description = "The policy",
            headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed")))]
#[get("/tier-policies/{id}")]
pub async fn get_tier_policy(
    request: HttpRequest,
    who: May<kinds::ViewTiers>,
    state: web::Data<AppState>,
    id: PathId<TierPolicyMark>,
) -> Result<HttpResponse> {
    let id = *id;
    let policy = state.db.read(move |conn| tiers::tier_policy(conn, id)).await?;
    let tag = Document::tag_of(&policy, &who, policy.version);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&policy, &tag)))
}

/// Change a planned policy of tiers.
#[utoipa::path(operation_id = "changePlannedTiers", tag = "customers", request_body = PlannedTierPolicy,
    params(("id" = uuid::Uuid, Path, description = "The policy"),
        ("If-Match" = String, Header, description = "The tag that the change was made from", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = TierPolicy, description = "The policy after the change",
        headers(("ETag" = String, description = "Its new version")))))]
#[put("/tier-policies/{id}")]
pub async fn change_planned_tiers(
    request: HttpRequest,
    who: May<kinds::ManageTiers>,
    state: web::Data<AppState>,
    id: PathId<TierPolicyMark>,
    version: IfMatch,
    body: Json<PlannedTierPolicy>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, planned) = (*id, body.0);
    let done = changed(who.actor(), &state, once, move |conn, actor, state| {
        tiers::change_planned_tiers(conn, actor, &state.settings, (id, version.0), &planned)
    });
    Ok(shown(&who, done.await?))
}

/// Take a planned policy of tiers back.
#[utoipa::path(operation_id = "withdrawPlannedTiers", tag = "customers",
    params(("id" = uuid::Uuid, Path, description = "The policy"),
        ("If-Match" = String, Header, description = "The tag of the policy", example = "\"1-0\"")),
    responses((status = 204, description = "It is gone")))]
#[delete("/tier-policies/{id}")]
pub async fn withdraw_planned_tiers(
    who: May<kinds::ManageTiers>,
    state: web::Data<AppState>,
    id: PathId<TierPolicyMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let (actor, id) = (who.actor(), *id);
    state.db.write(move |conn| tiers::withdraw_planned_tiers(conn, &actor, (id, version.0))).await?;
    Ok(answer::deleted())
}

/// When a customer came into which tier, newest first.
#[utoipa::path(operation_id = "getTierHistory", tag = "customers",
    params(("id" = uuid::Uuid, Path, description = "The customer"), ListQuery),
    responses((status = 200, body = Page<TierChange>, description = "A page of changes",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/customers/{id}/tier-history")]
pub async fn tier_history(
    request: HttpRequest,
    who: May<kinds::ViewHoldings>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let changes =
        state.db.read(move |conn| tiers::tier_history(conn, &actor, shared.house(), id, &asked)).await?;
    Ok(answer::page(&request, &changes))
}
