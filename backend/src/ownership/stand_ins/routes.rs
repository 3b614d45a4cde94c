use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use guanxi_api::{ListQuery, NewStandIn, Page, StandIn, StandInPatch};
use guanxi_db::{DbConn, Id};

use crate::access::{Actor, May, UserId, kinds};
use crate::app::AppState;
use crate::error::Result;
use crate::idempotency;
use crate::listing::ListRequest;
use crate::ownership::stand_ins::{self, StandInMark};
use crate::web::{self as answer, Document, IfMatch, Json, PathId, Query};

/// List stand-ins.
///
/// Those of one's units, and those that are about oneself. The last to begin first.
#[utoipa::path(operation_id = "listStandIns", tag = "ownership", params(ListQuery),
    responses((status = 200, body = Page<StandIn>, description = "A page of stand-ins")))]
#[get("/stand-ins")]
pub async fn list_stand_ins(
    request: HttpRequest,
    who: May<kinds::ViewStandIns>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state.db.read(move |conn| stand_ins::list(conn, &actor, shared.house(), &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// One write, at most once for an idempotency key; whether it was done before.
async fn written(
    state: &web::Data<AppState>,
    actor: Actor,
    once: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor, &AppState) -> Result<StandIn> + Send + 'static,
) -> Result<(StandIn, bool)> {
    let read = |conn: &mut DbConn, actor: &Actor, shared: &AppState, id| {
        stand_ins::stand_in(conn, actor, shared.house(), Id::new(id))
    };
    let (made, replayed) =
        idempotency::written(state, actor, once, act, (|made: &StandIn| made.id, read)).await?;
    // Whose customers somebody sees is part of what is remembered of their sessions.
    state.gate.forget_user(UserId::new(made.stand_in.id));
    Ok((made, replayed))
}

fn changed(who: &Actor, (made, replayed): (StandIn, bool)) -> HttpResponse {
    let mut response = answer::ok_tagged(&made, &Document::tag_of(&made, who, made.version));
    if replayed {
        answer::mark_replayed(&mut response);
    }
    response
}

/// Arrange a stand-in.
///
/// From the first to the last day whoever stands in sees and works the customers and tasks of who is away. Heads and managers arrange it
/// for their units, relationship managers for themselves.
#[utoipa::path(operation_id = "arrangeStandIn", tag = "ownership", request_body = NewStandIn,
    params(("Idempotency-Key" = Option<String>, Header, description = "Arranges at most one for a key")),
    responses((status = 201, body = StandIn, description = "Arranged",
        headers(("Location" = String, description = "Where it is"), ("ETag" = String, description = "Its version")))))]
#[post("/stand-ins")]
pub async fn arrange_stand_in(
    request: HttpRequest,
    who: May<kinds::ManageStandIns>,
    state: web::Data<AppState>,
    body: Json<NewStandIn>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let new = body.0;
    let (made, replayed) = written(&state, who.actor(), once, move |conn, actor, shared| {
        stand_ins::arrange(conn, actor, shared.house(), &new)
    })
    .await?;
    let tag = Document::tag_of(&made, &who, made.version);
    Ok(answer::created(&made, &format!("/api/v1/stand-ins/{}", made.id), &tag, replayed))
}

/// A stand-in.
#[utoipa::path(operation_id = "getStandIn", tag = "ownership",
    params(("id" = uuid::Uuid, Path, description = "The stand-in"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = StandIn, description = "The stand-in",
            headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed")))]
#[get("/stand-ins/{id}")]
pub async fn get_stand_in(
    request: HttpRequest,
    who: May<kinds::ViewStandIns>,
    state: web::Data<AppState>,
    id: PathId<StandInMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let found = state.db.read(move |conn| stand_ins::stand_in(conn, &actor, shared.house(), id)).await?;
    let tag = Document::tag_of(&found, &who, found.version);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&found, &tag)))
}

/// Change the last day or the note of a stand-in.
#[utoipa::path(operation_id = "changeStandIn", tag = "ownership", request_body = StandInPatch,
    params(("id" = uuid::Uuid, Path, description = "The stand-in"),
        ("If-Match" = String, Header, description = "The tag that it was read with", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = StandIn, description = "Changed",
        headers(("ETag" = String, description = "Its new version")))))]
#[patch("/stand-ins/{id}")]
pub async fn change_stand_in(
    request: HttpRequest,
    who: May<kinds::ManageStandIns>,
    state: web::Data<AppState>,
    id: PathId<StandInMark>,
    version: IfMatch,
    body: Json<StandInPatch>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, patch) = (*id, body.0);
    let made = written(&state, who.actor(), once, move |conn, actor, shared| {
        stand_ins::change(conn, actor, shared.house(), (id, version.0), &patch)
    })
    .await?;
    Ok(changed(&who, made))
}

/// End a stand-in.
///
/// At once; one that has not begun is cancelled.
#[utoipa::path(operation_id = "endStandIn", tag = "ownership",
    params(("id" = uuid::Uuid, Path, description = "The stand-in"),
        ("If-Match" = String, Header, description = "The tag that it was read with", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Ends at most once for a key")),
    responses((status = 200, body = StandIn, description = "Ended",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/stand-ins/{id}/end")]
pub async fn end_stand_in(
    request: HttpRequest,
    who: May<kinds::ManageStandIns>,
    state: web::Data<AppState>,
    id: PathId<StandInMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let id = *id;
    let made = written(&state, who.actor(), once, move |conn, actor, shared| {
        stand_ins::end(conn, actor, shared.house(), id, version.0)
    })
    .await?;
    Ok(changed(&who, made))
}
