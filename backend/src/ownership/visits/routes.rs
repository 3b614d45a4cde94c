use actix_web::{HttpRequest, HttpResponse, get, post, web};
use guanxi_api::{LeaderVisit, ListQuery, Page, VisitPlan};
use guanxi_db::{DbConn, Id};

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::error::Result;
use crate::idempotency;
use crate::listing::ListRequest;
use crate::ownership::visits::{self, LeaderVisitMark};
use crate::web::{self as answer, Json, PathId, Query};

/// List the visits that leaders are to make.
///
/// By the rules of the tier each leader of a customer's team visits it every so many days. Those due first before others.
#[utoipa::path(operation_id = "listLeaderVisits", tag = "ownership", params(ListQuery),
    responses((status = 200, body = Page<LeaderVisit>, description = "A page of visits")))]
#[get("/leader-visits")]
pub async fn list_leader_visits(
    request: HttpRequest,
    who: May<kinds::ViewOwnership>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state.db.read(move |conn| visits::list(conn, &actor, shared.house(), &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Plan one's own visit.
///
/// For a day, as a task of one's own, which is postponed or cancelled as every task. Logging the visit completes it.
#[utoipa::path(operation_id = "planLeaderVisit", tag = "ownership", request_body = VisitPlan,
    params(("id" = uuid::Uuid, Path, description = "The visit"),
        ("Idempotency-Key" = Option<String>, Header, description = "Plans at most once for a key")),
    responses((status = 200, body = LeaderVisit, description = "Planned")))]
#[post("/leader-visits/{id}/plan")]
pub async fn plan_leader_visit(
    request: HttpRequest,
    who: May<kinds::PlanVisits>,
    state: web::Data<AppState>,
    id: PathId<LeaderVisitMark>,
    body: Json<VisitPlan>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, plan) = (*id, body.0);
    let act = move |conn: &mut DbConn, actor: &Actor, shared: &AppState| {
        visits::plan(conn, actor, shared.house(), id, &plan)
    };
    let read = |conn: &mut DbConn, actor: &Actor, shared: &AppState, id| {
        visits::visit(conn, actor, shared.house(), Id::new(id))
    };
    let (made, replayed) =
        idempotency::written(&state, who.actor(), once, act, (|made: &LeaderVisit| made.id, read)).await?;
    let mut response = answer::ok(&made);
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}
