use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use guanxi_api::{NewSavedView, Page, SavedView, SavedViewPatch, ViewListQuery};
use guanxi_db::DbConn;

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::error::{Error, Result};
use crate::idempotency::{self, Once};
use crate::listing::ListRequest;
use crate::views::{self, ViewId, ViewMark};
use crate::web::{self as answer, Document, IfMatch, Json, PathId, Query};

fn tag(actor: &Actor, view: &SavedView) -> String {
    Document::tag_of(view, actor, view.version)
}

/// List views.
///
/// One's own and those that are shared with one, the oldest first. Administrators see all that are shared.
#[utoipa::path(operation_id = "listViews", tag = "views", params(ViewListQuery),
    responses((status = 200, body = Page<SavedView>, description = "A page of views")))]
#[get("/views")]
pub async fn list_views(
    request: HttpRequest,
    who: May<kinds::UseViews>,
    state: web::Data<AppState>,
    query: Query<ViewListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared) = (who.actor(), state.clone());
    let ViewListQuery { list, filter, sort, limit, cursor, include } = query.0;
    let asked =
        ListRequest { filter, sort, limit, cursor, total: include.is_some(), ..ListRequest::default() };
    let page = state.db.read(move |conn| views::list(conn, &actor, &shared.keys, list, &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Keep a view.
///
/// Unit heads and managers may share one with their unit and those below, administrators with the bank. At most 50 of a list.
#[utoipa::path(operation_id = "createView", tag = "views", request_body = NewSavedView,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes at most one for a key")),
    responses((status = 201, body = SavedView, description = "The view",
        headers(("Location" = String, description = "Where it is"), ("ETag" = String, description = "Its tag")))))]
#[post("/views")]
pub async fn create_view(
    request: HttpRequest,
    who: May<kinds::UseViews>,
    state: web::Data<AppState>,
    body: Json<NewSavedView>,
) -> Result<HttpResponse> {
    let (actor, shared, new) = (who.actor(), state.clone(), body.0);
    let once = idempotency::Request::read(&request, &new)?;
    let (view, replayed) = state
        .db
        .write(move |conn| {
            let create = |conn: &mut DbConn| views::create(conn, &actor, &shared.keys, &new);
            let (id, replayed) = match idempotency::once(conn, &actor, &once, create, |id| Some(id.uuid()))? {
                Once::Done(id) => (id, false),
                Once::Replayed(id) => (id.map(ViewId::new).ok_or_else(Error::not_found)?, true),
            };
            Ok::<_, Error>((views::read(conn, &actor, &shared.keys, id)?, replayed))
        })
        .await?;
    Ok(answer::created(&view, &format!("/api/v1/views/{}", view.id), &tag(&who, &view), replayed))
}

/// A view.
#[utoipa::path(operation_id = "getView", tag = "views",
    params(("id" = uuid::Uuid, Path, description = "The view"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = SavedView, description = "The view", headers(("ETag" = String, description = "Its tag"))),
        (status = 304, description = "Not changed")))]
#[get("/views/{id}")]
pub async fn get_view(
    request: HttpRequest,
    who: May<kinds::UseViews>,
    state: web::Data<AppState>,
    id: PathId<ViewMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let view = state.db.read(move |conn| views::read(conn, &actor, &shared.keys, id)).await?;
    let tag = tag(&who, &view);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&view, &tag)))
}

/// Change a view.
///
/// A JSON merge patch (RFC 7396): absent members stay, `null` clears. One's own; administrators also those that are shared.
#[utoipa::path(operation_id = "changeView", tag = "views", request_body = SavedViewPatch,
    params(("id" = uuid::Uuid, Path, description = "The view"),
        ("If-Match" = String, Header, description = "The tag that the change was made from", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = SavedView, description = "The view after the change",
        headers(("ETag" = String, description = "Its new tag")))))]
#[patch("/views/{id}")]
pub async fn change_view(
    request: HttpRequest,
    who: May<kinds::UseViews>,
    state: web::Data<AppState>,
    id: PathId<ViewMark>,
    version: IfMatch,
    body: Json<SavedViewPatch>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (actor, shared, id, patch) = (who.actor(), state.clone(), *id, body.0);
    let (view, replayed) = state
        .db
        .write(move |conn| {
            let act = |conn: &mut DbConn| views::change(conn, &actor, &shared.keys, (id, version.0), &patch);
            let done = idempotency::once(conn, &actor, &once, act, |()| Some(id.uuid()))?;
            let view = views::read(conn, &actor, &shared.keys, id)?;
            Ok::<_, Error>((view, matches!(done, Once::Replayed(_))))
        })
        .await?;
    let mut response = answer::ok_tagged(&view, &tag(&who, &view));
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}

/// Delete a view.
///
/// One's own; administrators also those that are shared.
#[utoipa::path(operation_id = "deleteView", tag = "views",
    params(("id" = uuid::Uuid, Path, description = "The view"),
        ("If-Match" = String, Header, description = "The tag of the view", example = "\"1-0\"")),
    responses((status = 204, description = "It is gone")))]
#[delete("/views/{id}")]
pub async fn delete_view(
    who: May<kinds::UseViews>,
    state: web::Data<AppState>,
    id: PathId<ViewMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let (actor, id) = (who.actor(), *id);
    state.db.write(move |conn| views::delete(conn, &actor, id, version.0)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// See a view first.
///
/// The choice is one's own, also of a view that somebody else shares.
#[utoipa::path(operation_id = "chooseView", tag = "views",
    params(("id" = uuid::Uuid, Path, description = "The view")),
    responses((status = 200, body = SavedView, description = "The view", headers(("ETag" = String, description = "Its tag")))))]
#[put("/views/{id}/default")]
pub async fn choose_view(
    who: May<kinds::UseViews>,
    state: web::Data<AppState>,
    id: PathId<ViewMark>,
) -> Result<HttpResponse> {
    chosen(&who, &state, *id, views::choose).await
}

/// See the whole list first again.
#[utoipa::path(operation_id = "unchooseView", tag = "views",
    params(("id" = uuid::Uuid, Path, description = "The view")),
    responses((status = 200, body = SavedView, description = "The view", headers(("ETag" = String, description = "Its tag")))))]
#[delete("/views/{id}/default")]
pub async fn unchoose_view(
    who: May<kinds::UseViews>,
    state: web::Data<AppState>,
    id: PathId<ViewMark>,
) -> Result<HttpResponse> {
    chosen(&who, &state, *id, views::unchoose).await
}

async fn chosen(
    who: &May<kinds::UseViews>,
    state: &web::Data<AppState>,
    id: ViewId,
    act: fn(&mut DbConn, &Actor, ViewId) -> Result<()>,
) -> Result<HttpResponse> {
    let (actor, shared) = (who.actor(), state.clone());
    let view = state
        .db
        .write(move |conn| {
            act(conn, &actor, id)?;
            views::read(conn, &actor, &shared.keys, id)
        })
        .await?;
    Ok(answer::ok_tagged(&view, &tag(who, &view)))
}
