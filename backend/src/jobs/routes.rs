use std::io::Read;

use actix_web::body::SizedStream;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use futures_util::stream;
use guanxi_api::{ExportFormat, Job, JobDetails, ListQuery, Page};
use guanxi_db::DbConn;

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::error::{Error, Result};
use crate::files::SealedReader;
use crate::idempotency::{self, Once};
use crate::jobs::{self, JobId, JobMark};
use crate::listing::ListRequest;
use crate::web::{self as answer, Document, PathId, Query, attachment, in_background};

/// How much of a file is read at a time.
const READ_AT_ONCE: usize = 256 * 1024;

fn tag(actor: &Actor, details: &JobDetails) -> String {
    Document::tag_of(details, actor, details.job.version)
}

/// A job that was written down, to be asked for its progress.
pub(crate) fn accepted(details: &JobDetails, replayed: bool) -> HttpResponse {
    let mut response = HttpResponse::Accepted()
        .insert_header((LOCATION, format!("/api/v1/jobs/{}", details.job.id)))
        .insert_header((RETRY_AFTER, "2"))
        .json(details);
    if replayed {
        answer::mark_replayed(&mut response);
    }
    response
}

/// Writes a job down once, however often it is asked for; whether it was there already.
pub(crate) async fn started(
    state: &web::Data<AppState>,
    actor: Actor,
    once: idempotency::Request,
    start: impl Fn(&mut DbConn, &Actor) -> Result<JobId> + Send + 'static,
) -> Result<(JobDetails, bool)> {
    state
        .db
        .write(move |conn| {
            let start = |conn: &mut DbConn| start(conn, &actor);
            let (id, replayed) = match idempotency::once(conn, &actor, &once, start, |id| Some(id.uuid()))? {
                Once::Done(id) => (id, false),
                Once::Replayed(id) => (id.map(JobId::new).ok_or_else(Error::not_found)?, true),
            };
            Ok::<_, Error>((jobs::details(conn, &actor, id)?, replayed))
        })
        .await
}

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

/// Read a job.
///
/// One's own; auditors see all.
#[utoipa::path(operation_id = "getJob", tag = "jobs", params(("id" = String, Path, description = "Id of the job")),
    responses((status = 200, body = JobDetails, description = "The job", headers(("ETag" = String, description = "Its tag")))))]
#[get("/jobs/{id}")]
pub async fn get_job(
    request: HttpRequest,
    who: May<kinds::ViewJobs>,
    state: web::Data<AppState>,
    id: PathId<JobMark>,
) -> Result<HttpResponse> {
    let (actor, id) = (who.actor(), id.0);
    let by = actor.clone();
    let details = state.db.read(move |conn| jobs::details(conn, &by, id)).await?;
    let tag = tag(&actor, &details);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&details, &tag)))
}

/// Cancel a job.
///
/// One's own. It ends after the step that it is at; what an import has done stays done, what an export has written is gone.
#[utoipa::path(operation_id = "cancelJob", tag = "jobs", params(("id" = String, Path, description = "Id of the job")),
    responses((status = 200, body = JobDetails, description = "It ends", headers(("ETag" = String, description = "Its tag")))))]
#[post("/jobs/{id}/cancel")]
pub async fn cancel_job(
    who: May<kinds::CancelJobs>,
    state: web::Data<AppState>,
    id: PathId<JobMark>,
) -> Result<HttpResponse> {
    let (actor, id) = (who.actor(), id.0);
    let by = actor.clone();
    let details = state
        .db
        .write(move |conn| {
            jobs::cancel(conn, &by, id)?;
            jobs::details(conn, &by, id)
        })
        .await?;
    Ok(answer::ok_tagged(&details, &tag(&actor, &details)))
}

/// Download what a job has made.
///
/// The file of an export, for the user who started it, as long as the job is kept.
#[utoipa::path(operation_id = "getJobFile", tag = "jobs", params(("id" = String, Path, description = "Id of the job")),
    responses((status = 200, description = "The file", content(
        (String = "text/csv", example = json!("customer_no,name\r\nC000000018,张三丰\r\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("PK")),
    ))))]
#[get("/jobs/{id}/file")]
pub async fn get_job_file(
    who: May<kinds::RunExports>,
    state: web::Data<AppState>,
    id: PathId<JobMark>,
) -> Result<HttpResponse> {
    let (actor, id, files) = (who.actor(), id.0, state.files.clone());
    let stored = state.db.read(move |conn| jobs::file(conn, &actor, id)).await?;
    let lies_at = stored.id;
    let reader = in_background(move || {
        files.open(lies_at).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::not_found(),
            _ => Error::internal(error),
        })
    })
    .await?;
    let media = match stored.format {
        ExportFormat::Csv => "text/csv; charset=utf-8",
        ExportFormat::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    };
    let plain = format!("export-{id}.{}", stored.format);
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media))
        .insert_header((CONTENT_DISPOSITION, attachment(&plain, &stored.name)))
        .body(SizedStream::new(stored.bytes, stream::unfold(Some(reader), next_piece))))
}

/// The next piece of a file and what is left of it. A piece that cannot be read ends the answer before its announced length, so that
/// nobody takes half a file for a whole one.
async fn next_piece(reader: Option<SealedReader>) -> Option<(Result<Bytes>, Option<SealedReader>)> {
    let mut reader = reader?;
    let read = in_background(move || {
        let mut piece = Vec::new();
        reader.by_ref().take(READ_AT_ONCE as u64).read_to_end(&mut piece).map_err(Error::internal)?;
        Ok((piece, reader))
    });
    match read.await {
        Ok((piece, _)) if piece.is_empty() => None,
        Ok((piece, reader)) => Some((Ok(Bytes::from(piece)), Some(reader))),
        Err(error) => {
            tracing::error!(cause = error.cause, "a stored file cannot be read on");
            Some((Err(error), None))
        }
    }
}
