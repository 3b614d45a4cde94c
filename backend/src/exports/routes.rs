use actix_web::{HttpRequest, HttpResponse, post, web};
use guanxi_api::{JobDetails, NewExport};

use crate::access::{May, kinds};
use crate::app::AppState;
use crate::error::Result;
use crate::jobs::{accepted, started};
use crate::web::Json;
use crate::{exports, idempotency};

/// Start an export.
///
/// A list becomes a file: the rows that the user sees, masked as the list masks them. Above 1,000 rows a reason is needed. Once the job has
/// succeeded, its file is at `/jobs/{id}/file` for seven days.
#[utoipa::path(operation_id = "startExport", tag = "jobs", request_body = NewExport,
    params(("Idempotency-Key" = String, Header, description = "8 to 128 visible characters; the same request with the same key is done once")),
    responses((status = 202, body = JobDetails, description = "The job is written down",
        headers(("Location" = String, description = "Where the job is"), ("Retry-After" = String, description = "When to ask for its progress, in seconds")))))]
#[post("/jobs/exports")]
pub async fn start_export(
    request: HttpRequest,
    who: May<kinds::RunExports>,
    state: web::Data<AppState>,
    body: Json<NewExport>,
) -> Result<HttpResponse> {
    let (actor, new) = (who.actor(), body.0);
    let once = idempotency::Request::read(&request, &new)?.required()?;
    let (by, shared, asked) = (actor.clone(), state.clone(), new.clone());
    // Counting may take longer than a write may last.
    let counted = state
        .db
        .read(move |conn| {
            let house = shared.house();
            exports::count(conn, &by, house, &asked)
        })
        .await?;
    let (shared, quota) = (state.clone(), state.quotas.exports());
    let (details, replayed) = started(&state, actor, once, move |conn, actor| {
        let house = shared.house();
        exports::start(conn, actor, house, quota, (&new, counted))
    })
    .await?;
    Ok(accepted(&details, replayed))
}
