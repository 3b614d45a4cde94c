use actix_web::{HttpRequest, HttpResponse, post, web};
use guanxi_api::{JobDetails, NewBulkAction};

use crate::access::{May, kinds};
use crate::app::AppState;
use crate::error::Result;
use crate::jobs::{JobMark, accepted, started};
use crate::web::{Json, PathId};
use crate::{bulk_actions, idempotency};

/// Do something to many customers.
///
/// A job hands them over, sets a task about each, gives them a tag or takes it, with the rights of the user who starts it. Those that the user may not change stay as
/// they are; the job tells how many and why. Handing over takes the right to it. Who the customers are is fixed at the start.
#[utoipa::path(operation_id = "startBulkAction", tag = "customers", request_body = NewBulkAction,
    params(("Idempotency-Key" = String, Header, description = "8 to 128 visible characters; the same request with the same key is done once")),
    responses((status = 202, body = JobDetails, description = "The job is written down",
        headers(("Location" = String, description = "Where the job is"), ("Retry-After" = String, description = "When to ask for its progress, in seconds")))))]
#[post("/customers/bulk-actions")]
pub async fn start_bulk_action(
    request: HttpRequest,
    who: May<kinds::RunBulkActions>,
    state: web::Data<AppState>,
    body: Json<NewBulkAction>,
) -> Result<HttpResponse> {
    let (actor, shared, new) = (who.actor(), state.clone(), body.0);
    let once = idempotency::Request::read(&request, &new)?.required()?;
    let start = move |conn: &mut _, actor: &_| bulk_actions::start(conn, actor, shared.house(), &new);
    let (details, replayed) = started(&state, actor, once, start).await?;
    Ok(accepted(&details, replayed))
}

/// Undo what was done to many customers.
///
/// One's own that has ended, as long as it is kept. Customers that are still where the job has put them go back to the unit and the owner that
/// they had; tasks that are still open are cancelled; tags that the job gave go, and those that it took come back. What has changed since stays and is counted.
#[utoipa::path(operation_id = "undoBulkAction", tag = "customers",
    params(("id" = String, Path, description = "Id of the job"),
        ("Idempotency-Key" = String, Header, description = "8 to 128 visible characters; the same request with the same key is done once")),
    responses((status = 202, body = JobDetails, description = "The job that undoes it is written down",
        headers(("Location" = String, description = "Where the job is"), ("Retry-After" = String, description = "When to ask for its progress, in seconds")))))]
#[post("/customers/bulk-actions/{id}/undo")]
pub async fn undo_bulk_action(
    request: HttpRequest,
    who: May<kinds::RunBulkActions>,
    state: web::Data<AppState>,
    id: PathId<JobMark>,
) -> Result<HttpResponse> {
    let (actor, id) = (who.actor(), id.0);
    let once = idempotency::Request::read(&request, &id.uuid())?.required()?;
    let start = move |conn: &mut _, actor: &_| bulk_actions::start_undo(conn, actor, id);
    let (details, replayed) = started(&state, actor, once, start).await?;
    Ok(accepted(&details, replayed))
}
