use actix_web::{HttpRequest, HttpResponse, get, web};
use guanxi_api::{Job, ListQuery, Page};

use crate::access::{May, kinds};
use crate::app::AppState;
use crate::error::Result;
use crate::jobs;
use crate::listing::ListRequest;
use crate::web::{self as answer, Query};

/// List jobs.
///
/// One's own, the newest first; auditors see all. A job is kept for seven days after its end.
#[utoipa::path(operation_id = "listJobs", tag = "jobs", params(ListQuery),
    responses((status = 200, body = Page<Job>, description = "A page of jobs")))]
#[get("/jobs")]
pub async fn list_jobs(
    request: HttpRequest,
    who: May<kinds::ViewJobs>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state.db.read(move |conn| jobs::list(conn, &actor, &shared.keys, &asked)).await?;
    Ok(answer::page(&request, &page))
}
