use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use guanxi_api::{
    AuditEntry, ConflictResolution, Customer, FieldConflict, FieldSources, FieldVerification, ListQuery, Page,
};
use guanxi_db::DbConn;

use super::FieldConflictMark;
use crate::access::{May, kinds};
use crate::app::AppState;
use crate::customers::routes::changed;
use crate::customers::{self, CustomerMark};
use crate::error::{Error, Result};
use crate::idempotency::{self, Once};
use crate::listing::ListRequest;
use crate::web::{self as answer, Document, IfMatch, Json, PathId, Query};

fn field_of(request: &HttpRequest) -> String {
    request.match_info().get("field").unwrap_or_default().to_owned()
}

/// Where the values of a customer come from.
///
/// Of every field that has a value, and of those that were cleared: whose word it is, since when, and whether it was verified.
#[utoipa::path(operation_id = "getFieldSources", tag = "customers",
    params(("id" = uuid::Uuid, Path, description = "The customer")),
    responses((status = 200, body = FieldSources, description = "The fields and their sources")))]
#[get("/customers/{id}/fields")]
pub async fn get_field_sources(
    who: May<kinds::ViewCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
) -> Result<HttpResponse> {
    let (actor, id) = (who.actor(), *id);
    let sources = state.db.read(move |conn| customers::field_sources(conn, &actor, id)).await?;
    Ok(answer::ok(&sources))
}

/// Note whether a field of a customer was verified.
///
/// With the customer, or against a document. From then on other systems no longer change the field: what they offer opens a conflict.
#[utoipa::path(operation_id = "setFieldVerification", tag = "customers", request_body = FieldVerification,
    params(("id" = uuid::Uuid, Path, description = "The customer"), ("field" = String, Path, description = "Name of the field", pattern = "^[a-z_]{1,40}$"),
        ("If-Match" = String, Header, description = "The customer's tag", example = "\"1-0\"")),
    responses((status = 200, body = Customer, description = "The customer")))]
#[put("/customers/{id}/fields/{field}/verification")]
pub async fn set_field_verification(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
    body: Json<FieldVerification>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, field, verified) = (*id, field_of(&request), body.0.verified);
    changed(who.actor(), &state, once, id, move |conn, actor, _| {
        customers::set_verified(conn, actor, (id, &field), version.0, verified)
    })
    .await
}

/// The history of one field of a customer.
#[utoipa::path(operation_id = "getFieldHistory", tag = "customers",
    params(("id" = uuid::Uuid, Path, description = "The customer"), ("field" = String, Path, description = "Name of the field", pattern = "^[a-z_]{1,40}$"), ListQuery),
    responses((status = 200, body = Page<AuditEntry>, description = "Who has changed it, newest first")))]
#[get("/customers/{id}/fields/{field}/history")]
pub async fn get_field_history(
    request: HttpRequest,
    who: May<kinds::ViewCustomerHistory>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let field = field_of(&request);
    let page = state
        .db
        .read(move |conn| customers::field_history(conn, &actor, shared.house(), (id, &field), &asked))
        .await?;
    Ok(answer::page(&request, &page))
}

/// List conflicts between verified fields and what other systems say.
///
/// The newest offers first; a filter on `state` asks for those that are resolved.
#[utoipa::path(operation_id = "listFieldConflicts", tag = "customers", params(ListQuery),
    responses((status = 200, body = Page<FieldConflict>, description = "A page of conflicts")))]
#[get("/field-conflicts")]
pub async fn list_field_conflicts(
    request: HttpRequest,
    who: May<kinds::ViewFieldConflicts>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state.db.read(move |conn| customers::conflicts(conn, &actor, &shared.keys, &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Read a conflict.
#[utoipa::path(operation_id = "getFieldConflict", tag = "customers",
    params(("id" = uuid::Uuid, Path, description = "The conflict"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = FieldConflict, description = "The conflict", headers(("ETag" = String, description = "Its tag"))),
        (status = 304, description = "Not changed")))]
#[get("/field-conflicts/{id}")]
pub async fn get_field_conflict(
    request: HttpRequest,
    who: May<kinds::ViewFieldConflicts>,
    state: web::Data<AppState>,
    id: PathId<FieldConflictMark>,
) -> Result<HttpResponse> {
    let (actor, id) = (who.actor(), *id);
    let conflict = state.db.read(move |conn| customers::conflict(conn, &actor, id)).await?;
    let tag = Document::tag_of(&conflict, &who, conflict.version);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&conflict, &tag)))
}

/// Decide which of two values is right.
///
/// The offered value, when it is taken, counts as verified by who decides.
#[utoipa::path(operation_id = "resolveFieldConflict", tag = "customers", request_body = ConflictResolution,
    params(("id" = uuid::Uuid, Path, description = "The conflict"), ("If-Match" = String, Header, description = "Its tag", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "8 to 128 visible characters; the same request with the same key is done once", nullable = false)),
    responses((status = 200, body = FieldConflict, description = "The conflict, resolved", headers(("ETag" = String, description = "Its tag")))))]
#[post("/field-conflicts/{id}/resolve")]
pub async fn resolve_field_conflict(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<FieldConflictMark>,
    version: IfMatch,
    body: Json<ConflictResolution>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (actor, shared, id, take) = (who.actor(), state.clone(), *id, body.0.take);
    let (conflict, replayed) = state
        .db
        .write(move |conn| {
            let act =
                |conn: &mut DbConn| customers::resolve(conn, &actor, shared.house(), id, version.0, take);
            match idempotency::once(conn, &actor, &once, act, |_| Some(id.uuid()))? {
                Once::Done(conflict) => Ok((conflict, false)),
                Once::Replayed(_) => Ok::<_, Error>((customers::conflict(conn, &actor, id)?, true)),
            }
        })
        .await?;
    let mut response = answer::ok_tagged(&conflict, &Document::tag_of(&conflict, &who, conflict.version));
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}
