use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use guanxi_api::{Customer, ListQuery, Page, PoolCustomer, PoolPolicy, PoolPolicyDefinition, PoolWarning};
use guanxi_db::DbConn;

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::customers::{self, CustomerMark};
use crate::error::Result;
use crate::idempotency;
use crate::listing::ListRequest;
use crate::ownership::pool;
use crate::web::{self as answer, Document, IfMatch, Json, PathId, Query};

/// List the customers in the pool.
///
/// Customers of one's units who lost their owner for want of a contact and whom nobody has taken yet. The last to fall back first.
#[utoipa::path(operation_id = "listPool", tag = "ownership", params(ListQuery),
    responses((status = 200, body = Page<PoolCustomer>, description = "A page of customers")))]
#[get("/pool")]
pub async fn list_pool(
    request: HttpRequest,
    who: May<kinds::ViewPool>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state.db.read(move |conn| pool::list(conn, &actor, shared.house(), &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Take a customer from the pool.
///
/// You become its owner, and have signed for it; open tasks of the last owner about it become yours.
#[utoipa::path(operation_id = "claimCustomer", tag = "ownership",
    params(("id" = uuid::Uuid, Path, description = "The customer"),
        ("If-Match" = String, Header, description = "The tag of the version that the list gives", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Takes it at most once for a key")),
    responses((status = 200, body = Customer, description = "The customer, now yours")))]
#[post("/pool/{id}/claim")]
pub async fn claim_customer(
    request: HttpRequest,
    who: May<kinds::ClaimCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let id = *id;
    customers::changed(who.actor(), &state, once, id, move |conn, actor, shared| {
        pool::claim(conn, actor, shared.house(), id, version.0)
    })
    .await
}

/// List the customers who are about to fall back into the pool.
///
/// Unless somebody contacts them. The soonest first.
#[utoipa::path(operation_id = "listPoolWarnings", tag = "ownership", params(ListQuery),
    responses((status = 200, body = Page<PoolWarning>, description = "A page of customers")))]
#[get("/pool-warnings")]
pub async fn list_pool_warnings(
    request: HttpRequest,
    who: May<kinds::ViewPool>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state.db.read(move |conn| pool::warnings(conn, &actor, shared.house(), &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// By which rules customers fall back into the pool.
#[utoipa::path(operation_id = "getPoolPolicy", tag = "ownership",
    params(("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = PoolPolicy, description = "The rules",
            headers(("ETag" = String, description = "Their version"))),
        (status = 304, description = "Not changed")))]
#[get("/pool-policy")]
pub async fn get_pool_policy(
    request: HttpRequest,
    who: May<kinds::ViewPoolPolicy>,
    state: web::Data<AppState>,
) -> Result<HttpResponse> {
    let policy = state.db.read(pool::policy).await?;
    let tag = Document::tag_of(&policy, &who, policy.version);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&policy, &tag)))
}

/// Set by which rules customers fall back into the pool.
///
/// A new rule takes no customer at once: whoever is responsible has the whole notice first.
#[utoipa::path(operation_id = "setPoolPolicy", tag = "ownership", request_body = PoolPolicyDefinition,
    params(("If-Match" = String, Header, description = "The tag that the change was made from", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = PoolPolicy, description = "The rules from now on",
        headers(("ETag" = String, description = "Their new version")))))]
#[put("/pool-policy")]
pub async fn set_pool_policy(
    request: HttpRequest,
    who: May<kinds::ManagePool>,
    state: web::Data<AppState>,
    version: IfMatch,
    body: Json<PoolPolicyDefinition>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let new = body.0;
    let set = move |conn: &mut DbConn, actor: &Actor| pool::set_policy(conn, actor, version.0, &new);
    let (policy, replayed) = idempotency::set(&state, who.actor(), once, set, pool::policy).await?;
    let mut response = answer::ok_tagged(&policy, &Document::tag_of(&policy, &who, policy.version));
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}
