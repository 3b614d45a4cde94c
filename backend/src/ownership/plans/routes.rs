use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use guanxi_api::{CarePlan, CarePlanEnd, CarePlanPatch, ListQuery, NewCarePlan, NewCareStep, Page};
use guanxi_db::{DbConn, Id};

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::customers::CustomerMark;
use crate::error::Result;
use crate::idempotency;
use crate::listing::ListRequest;
use crate::ownership::plans::{self, CarePlanMark};
use crate::web::{self as answer, Document, IfMatch, Json, PathId, Query};

/// List care plans.
///
/// Those that are under way, unless the filter names `state`. Those to be looked at first before others.
#[utoipa::path(operation_id = "listCarePlans", tag = "ownership", params(ListQuery),
    responses((status = 200, body = Page<CarePlan>, description = "A page of care plans")))]
#[get("/care-plans")]
pub async fn list_care_plans(
    request: HttpRequest,
    who: May<kinds::ViewCarePlans>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state.db.read(move |conn| plans::list(conn, &actor, shared.house(), &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// One write, at most once for an idempotency key; whether it was done before.
async fn written(
    state: &web::Data<AppState>,
    actor: Actor,
    once: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor, &AppState) -> Result<CarePlan> + Send + 'static,
) -> Result<(CarePlan, bool)> {
    let read = |conn: &mut DbConn, actor: &Actor, shared: &AppState, id| {
        plans::plan(conn, actor, shared.house(), Id::new(id))
    };
    idempotency::written(state, actor, once, act, (|made| made.id, read)).await
}

fn changed(who: &Actor, (made, replayed): (CarePlan, bool)) -> HttpResponse {
    let mut response = answer::ok_tagged(&made, &Document::tag_of(&made, who, made.version));
    if replayed {
        answer::mark_replayed(&mut response);
    }
    response
}

/// Begin the care plan of a customer.
///
/// A customer has one at a time. Its steps are tasks.
#[utoipa::path(operation_id = "beginCarePlan", tag = "ownership", request_body = NewCarePlan,
    params(("id" = uuid::Uuid, Path, description = "The customer"),
        ("Idempotency-Key" = Option<String>, Header, description = "Begins at most one for a key")),
    responses((status = 201, body = CarePlan, description = "Begun",
        headers(("Location" = String, description = "Where it is"), ("ETag" = String, description = "Its version")))))]
#[post("/customers/{id}/care-plans")]
pub async fn begin_care_plan(
    request: HttpRequest,
    who: May<kinds::WriteCarePlans>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    body: Json<NewCarePlan>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, new) = (*id, body.0);
    let (made, replayed) = written(&state, who.actor(), once, move |conn, actor, shared| {
        plans::begin(conn, actor, shared.house(), id, &new)
    })
    .await?;
    let tag = Document::tag_of(&made, &who, made.version);
    Ok(answer::created(&made, &format!("/api/v1/care-plans/{}", made.id), &tag, replayed))
}

/// A care plan.
#[utoipa::path(operation_id = "getCarePlan", tag = "ownership",
    params(("id" = uuid::Uuid, Path, description = "The care plan"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = CarePlan, description = "The care plan",
            headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed")))]
#[get("/care-plans/{id}")]
pub async fn get_care_plan(
    request: HttpRequest,
    who: May<kinds::ViewCarePlans>,
    state: web::Data<AppState>,
    id: PathId<CarePlanMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let found = state.db.read(move |conn| plans::plan(conn, &actor, shared.house(), id)).await?;
    let tag = Document::tag_of(&found, &who, found.version);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&found, &tag)))
}

/// Change the goal of a care plan, or the day on which it is looked at again.
#[utoipa::path(operation_id = "changeCarePlan", tag = "ownership", request_body = CarePlanPatch,
    params(("id" = uuid::Uuid, Path, description = "The care plan"),
        ("If-Match" = String, Header, description = "The tag that it was read with", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = CarePlan, description = "Changed",
        headers(("ETag" = String, description = "Its new version")))))]
#[patch("/care-plans/{id}")]
pub async fn change_care_plan(
    request: HttpRequest,
    who: May<kinds::WriteCarePlans>,
    state: web::Data<AppState>,
    id: PathId<CarePlanMark>,
    version: IfMatch,
    body: Json<CarePlanPatch>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, patch) = (*id, body.0);
    let made = written(&state, who.actor(), once, move |conn, actor, shared| {
        plans::change(conn, actor, shared.house(), (id, version.0), &patch)
    })
    .await?;
    Ok(changed(&who, made))
}

/// Add a step to a care plan.
#[utoipa::path(operation_id = "addCareStep", tag = "ownership", request_body = NewCareStep,
    params(("id" = uuid::Uuid, Path, description = "The care plan"),
        ("If-Match" = String, Header, description = "The tag that it was read with", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Adds at most one for a key")),
    responses((status = 200, body = CarePlan, description = "The plan with the step",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/care-plans/{id}/steps")]
pub async fn add_care_step(
    request: HttpRequest,
    who: May<kinds::WriteCarePlans>,
    state: web::Data<AppState>,
    id: PathId<CarePlanMark>,
    version: IfMatch,
    body: Json<NewCareStep>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, new) = (*id, body.0);
    let made = written(&state, who.actor(), once, move |conn, actor, shared| {
        plans::add_step(conn, actor, shared.house(), (id, version.0), &new)
    })
    .await?;
    Ok(changed(&who, made))
}

/// End a care plan.
///
/// Steps that are still open are cancelled.
#[utoipa::path(operation_id = "endCarePlan", tag = "ownership", request_body = CarePlanEnd,
    params(("id" = uuid::Uuid, Path, description = "The care plan"),
        ("If-Match" = String, Header, description = "The tag that it was read with", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Ends at most once for a key")),
    responses((status = 200, body = CarePlan, description = "Ended",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/care-plans/{id}/end")]
pub async fn end_care_plan(
    request: HttpRequest,
    who: May<kinds::WriteCarePlans>,
    state: web::Data<AppState>,
    id: PathId<CarePlanMark>,
    version: IfMatch,
    body: Json<CarePlanEnd>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, end) = (*id, body.0);
    let made = written(&state, who.actor(), once, move |conn, actor, shared| {
        plans::end(conn, actor, shared.house(), (id, version.0), &end)
    })
    .await?;
    Ok(changed(&who, made))
}
