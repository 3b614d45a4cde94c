use actix_web::{HttpRequest, HttpResponse, get, post, web};
use guanxi_api::{CustomerMerge, ListQuery, MergePreview, MergePreviewQuery, NewCustomerMerge, Page};
use guanxi_db::DbConn;
use uuid::Uuid;

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::customers::{CustomerId, CustomerMark};
use crate::error::Result;
use crate::idempotency;
use crate::listing::ListRequest;
use crate::merging::{self, CustomerMergeId, CustomerMergeMark};
use crate::web::{self as answer, Document, IfMatch, Json, PathId, Query};

/// Look at what merging two customers would do.
///
/// In what they differ, with a suggestion for each field, and how much would go over. Nothing is changed.
#[utoipa::path(operation_id = "previewMerge", tag = "duplicates",
    params(("id" = uuid::Uuid, Path, description = "The customer that stays"), MergePreviewQuery),
    responses((status = 200, body = MergePreview, description = "What it would do")))]
#[get("/customers/{id}/merge-preview")]
pub async fn preview_merge(
    who: May<kinds::MergeCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    query: Query<MergePreviewQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, ids) = (who.actor(), state.clone(), (*id, CustomerId::new(query.0.other_id)));
    let found = state.db.read(move |conn| merging::preview(conn, &actor, shared.house(), ids)).await?;
    Ok(answer::ok(&found))
}

/// Merge another customer into this one.
///
/// Contact points, holdings, contacts, tasks, relations, households, team and survey answers go over, but for what the survivor has itself; the other
/// one is archived. It can be undone completely, also later.
#[utoipa::path(operation_id = "mergeCustomers", tag = "duplicates", request_body = NewCustomerMerge,
    params(("id" = uuid::Uuid, Path, description = "The customer that stays"),
        ("If-Match" = String, Header, description = "The tag that it was read with", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Merges at most once for a key")),
    responses((status = 201, body = CustomerMerge, description = "Merged",
        headers(("Location" = String, description = "Where the merge is"), ("ETag" = String, description = "Its version")))))]
#[post("/customers/{id}/merge")]
pub async fn merge_customers(
    request: HttpRequest,
    who: May<kinds::MergeCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
    body: Json<NewCustomerMerge>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, new) = (*id, body.0);
    let (made, replayed) = written(&state, who.actor(), once, move |conn, actor, shared| {
        merging::merge(conn, actor, shared.house(), (id, version.0), &new)
    })
    .await?;
    let tag = Document::tag_of(&made, &who, made.version);
    Ok(answer::created(&made, &format!("/api/v1/customer-merges/{}", made.id), &tag, replayed))
}

/// List customers that went up in others.
///
/// The last first.
#[utoipa::path(operation_id = "listCustomerMerges", tag = "duplicates", params(ListQuery),
    responses((status = 200, body = Page<CustomerMerge>, description = "A page of merges")))]
#[get("/customer-merges")]
pub async fn list_merges(
    request: HttpRequest,
    who: May<kinds::ViewDuplicates>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state.db.read(move |conn| merging::merges(conn, &actor, shared.house(), &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// A merge.
#[utoipa::path(operation_id = "getCustomerMerge", tag = "duplicates",
    params(("id" = uuid::Uuid, Path, description = "The merge"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = CustomerMerge, description = "The merge",
            headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed")))]
#[get("/customer-merges/{id}")]
pub async fn get_merge(
    request: HttpRequest,
    who: May<kinds::ViewDuplicates>,
    state: web::Data<AppState>,
    id: PathId<CustomerMergeMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let found = state.db.read(move |conn| merging::merge_of(conn, &actor, shared.house(), id)).await?;
    let tag = Document::tag_of(&found, &who, found.version);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&found, &tag)))
}

/// Undo a merge.
///
/// What went over goes back as far as it is still there. Fields that were taken over get the values from before, unless they were changed since; what was
/// added to the survivor since stays with it. Of several merges into one customer the last is undone first.
#[utoipa::path(operation_id = "undoCustomerMerge", tag = "duplicates",
    params(("id" = uuid::Uuid, Path, description = "The merge"),
        ("If-Match" = String, Header, description = "The tag that it was read with", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Undoes at most once for a key")),
    responses((status = 200, body = CustomerMerge, description = "Undone",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/customer-merges/{id}/undo")]
pub async fn undo_merge(
    request: HttpRequest,
    who: May<kinds::MergeCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMergeMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let id = *id;
    let (made, replayed) = written(&state, who.actor(), once, move |conn, actor, shared| {
        merging::undo(conn, actor, shared.house(), (id, version.0))
    })
    .await?;
    let mut response = answer::ok_tagged(&made, &Document::tag_of(&made, &who, made.version));
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}

async fn written(
    state: &web::Data<AppState>,
    actor: Actor,
    once: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor, &AppState) -> Result<CustomerMerge> + Send + 'static,
) -> Result<(CustomerMerge, bool)> {
    let read = |conn: &mut DbConn, actor: &Actor, shared: &AppState, id: Uuid| {
        merging::merge_of(conn, actor, shared.house(), CustomerMergeId::new(id))
    };
    idempotency::written(state, actor, once, act, (|made| made.id, read)).await
}
