use actix_web::{HttpRequest, HttpResponse, get, post, web};
use guanxi_api::{
    DuplicateCheck, DuplicateCheckResult, DuplicateDismissal, DuplicatePair, JobDetails, ListQuery, Page,
};
use guanxi_db::DbConn;
use uuid::Uuid;

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::duplicates::{self, DuplicatePairId, DuplicatePairMark};
use crate::error::Result;
use crate::idempotency;
use crate::jobs::{accepted, started};
use crate::listing::ListRequest;
use crate::web::{self as answer, Document, IfMatch, Json, PathId, Query};

/// List customers who may be one.
///
/// Pairs that a search over the whole bank has found, the likeliest first; without a filter of the state those on which nobody has decided. Of a
/// customer that the caller does not see, only the unit is told.
#[utoipa::path(operation_id = "listDuplicates", tag = "duplicates", params(ListQuery),
    responses((status = 200, body = Page<DuplicatePair>, description = "A page of pairs")))]
#[get("/duplicates")]
pub async fn list_duplicates(
    request: HttpRequest,
    who: May<kinds::ViewDuplicates>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state.db.read(move |conn| duplicates::pairs(conn, &actor, shared.house(), &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Two customers who may be one.
#[utoipa::path(operation_id = "getDuplicate", tag = "duplicates",
    params(("id" = uuid::Uuid, Path, description = "The pair"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = DuplicatePair, description = "The pair",
            headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed")))]
#[get("/duplicates/{id}")]
pub async fn get_duplicate(
    request: HttpRequest,
    who: May<kinds::ViewDuplicates>,
    state: web::Data<AppState>,
    id: PathId<DuplicatePairMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let found = state.db.read(move |conn| duplicates::pair(conn, &actor, shared.house(), id)).await?;
    let tag = Document::tag_of(&found, &who, found.version);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&found, &tag)))
}

/// Say that two customers are two.
///
/// They are not proposed again, whatever later searches find.
#[utoipa::path(operation_id = "dismissDuplicate", tag = "duplicates", request_body = DuplicateDismissal,
    params(("id" = uuid::Uuid, Path, description = "The pair"),
        ("If-Match" = String, Header, description = "The tag that it was read with", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Decides at most once for a key")),
    responses((status = 200, body = DuplicatePair, description = "Decided",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/duplicates/{id}/dismissal")]
pub async fn dismiss_duplicate(
    request: HttpRequest,
    who: May<kinds::DecideDuplicates>,
    state: web::Data<AppState>,
    id: PathId<DuplicatePairMark>,
    version: IfMatch,
    body: Json<DuplicateDismissal>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, said) = (*id, body.0);
    decided(&state, who.actor(), once, move |conn, actor, shared| {
        duplicates::dismiss(conn, actor, shared.house(), (id, version.0), &said.reason)
    })
    .await
}

/// Propose two customers again that were said to be two.
#[utoipa::path(operation_id = "reopenDuplicate", tag = "duplicates",
    params(("id" = uuid::Uuid, Path, description = "The pair"),
        ("If-Match" = String, Header, description = "The tag that it was read with", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Decides at most once for a key")),
    responses((status = 200, body = DuplicatePair, description = "Open again",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/duplicates/{id}/reopen")]
pub async fn reopen_duplicate(
    request: HttpRequest,
    who: May<kinds::DecideDuplicates>,
    state: web::Data<AppState>,
    id: PathId<DuplicatePairMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let id = *id;
    decided(&state, who.actor(), once, move |conn, actor, shared| {
        duplicates::reopen(conn, actor, shared.house(), (id, version.0))
    })
    .await
}

async fn decided(
    state: &web::Data<AppState>,
    actor: Actor,
    once: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor, &AppState) -> Result<DuplicatePair> + Send + 'static,
) -> Result<HttpResponse> {
    let read = |conn: &mut DbConn, actor: &Actor, shared: &AppState, id: Uuid| {
        duplicates::pair(conn, actor, shared.house(), DuplicatePairId::new(id))
    };
    let who = actor.clone();
    let (made, replayed) = idempotency::written(state, actor, once, act, (|made| made.id, read)).await?;
    let mut response = answer::ok_tagged(&made, &Document::tag_of(&made, &who, made.version));
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}

/// Search the whole bank for customers who may be one.
///
/// A job compares names in every script and by their sound, phones, e-mail addresses, identity documents and birth dates. Open pairs that it does
/// not find again are removed. While a search waits or runs no other one is started.
#[utoipa::path(operation_id = "searchDuplicates", tag = "duplicates",
    params(("Idempotency-Key" = String, Header, description = "8 to 128 visible characters; the same request with the same key is done once")),
    responses((status = 202, body = JobDetails, description = "The job is written down",
        headers(("Location" = String, description = "Where the job is"), ("Retry-After" = String, description = "When to ask for its progress, in seconds")))))]
#[post("/jobs/duplicate-searches")]
pub async fn search_duplicates(
    request: HttpRequest,
    who: May<kinds::SearchDuplicates>,
    state: web::Data<AppState>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?.required()?;
    let (details, replayed) = started(&state, who.actor(), once, duplicates::start).await?;
    Ok(accepted(&details, replayed))
}

/// Ask whether somebody is a customer of the bank already.
///
/// By the identity document, or by a phone together with the name, over the whole bank. Of a customer that the caller does not see, only the unit is
/// told.
#[utoipa::path(operation_id = "checkForDuplicate", tag = "duplicates", request_body = DuplicateCheck,
    responses((status = 200, body = DuplicateCheckResult, description = "Who was found")))]
#[post("/customers/duplicate-check")]
pub async fn check_for_duplicate(
    who: May<kinds::CreateCustomers>,
    state: web::Data<AppState>,
    body: Json<DuplicateCheck>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), body.0);
    let result = state.db.read(move |conn| duplicates::check(conn, &actor, shared.house(), &asked)).await?;
    Ok(answer::ok(&result))
}
