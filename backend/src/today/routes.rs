use actix_web::{HttpRequest, HttpResponse, get, post, web};
use guanxi_api::{Task, TaskCompletion, TaskPostponement, Today};
use guanxi_db::DbConn;

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::error::{Error, Result};
use crate::idempotency::{self, Once};
use crate::tasks::{self, TaskId, Work};
use crate::today::{self, LineId};
use crate::web::{self as answer, Document, Json};

/// Get what is due today.
///
/// Own customers to be contacted and own tasks, the most pressing first, each with its reason. A line that is a task is worked as a
/// task; the others are completed or postponed by their `id`, and a contact that is logged takes its line away.
#[utoipa::path(operation_id = "getToday", tag = "today",
    responses((status = 200, body = Today, description = "What is due")))]
#[get("/today")]
pub async fn get_today(who: May<kinds::ViewTasks>, state: web::Data<AppState>) -> Result<HttpResponse> {
    let (actor, shared) = (who.actor(), state.clone());
    let list = state.db.read(move |conn| today::today(conn, &actor, shared.house())).await?;
    Ok(answer::ok(&list))
}

/// Say that a line of today is done.
///
/// It becomes a task that is done.
#[utoipa::path(operation_id = "completeTodayLine", tag = "today", request_body = TaskCompletion,
    params(("line" = String, Path, description = "The line's id", max_length = 100),
        ("Idempotency-Key" = Option<String>, Header, description = "8 to 128 visible characters; the same request with the same key is done once", nullable = false)),
    responses((status = 201, body = Task, description = "The task that the line became",
        headers(("Location" = String, description = "Where the task is"), ("ETag" = String, description = "Its tag")))))]
#[post("/today/{line}/complete")]
pub async fn complete_line(
    request: HttpRequest,
    who: May<kinds::WriteTasks>,
    state: web::Data<AppState>,
    line: web::Path<String>,
    body: Json<TaskCompletion>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    worked(who.actor(), &state, &line, once, Work::Complete(body.0)).await
}

/// Postpone a line of today.
///
/// It becomes a task that is due on the later day.
#[utoipa::path(operation_id = "postponeTodayLine", tag = "today", request_body = TaskPostponement,
    params(("line" = String, Path, description = "The line's id", max_length = 100),
        ("Idempotency-Key" = Option<String>, Header, description = "8 to 128 visible characters; the same request with the same key is done once", nullable = false)),
    responses((status = 201, body = Task, description = "The task that the line became",
        headers(("Location" = String, description = "Where the task is"), ("ETag" = String, description = "Its tag")))))]
#[post("/today/{line}/postpone")]
pub async fn postpone_line(
    request: HttpRequest,
    who: May<kinds::WriteTasks>,
    state: web::Data<AppState>,
    line: web::Path<String>,
    body: Json<TaskPostponement>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    worked(who.actor(), &state, &line, once, Work::Postpone(body.0)).await
}

async fn worked(
    actor: Actor,
    state: &web::Data<AppState>,
    line: &str,
    once: idempotency::Request,
    work: Work,
) -> Result<HttpResponse> {
    let line: LineId = line.parse().map_err(|_| Error::not_found())?;
    let shared = state.clone();
    let (task, tag, replayed) = state
        .db
        .write(move |conn| {
            let act = |conn: &mut DbConn| today::work(conn, &actor, shared.house(), line, &work);
            let (task, replayed) = match idempotency::once(conn, &actor, &once, act, |task| Some(task.id))? {
                Once::Done(task) => (task, false),
                Once::Replayed(id) => {
                    let id = id.map(TaskId::new).ok_or_else(Error::not_found)?;
                    (tasks::read(conn, &actor, id)?, true)
                }
            };
            let tag = Document::tag_of(&task, &actor, task.version);
            Ok::<_, Error>((task, tag, replayed))
        })
        .await?;
    Ok(answer::created(&task, &format!("/api/v1/tasks/{}", task.id), &tag, replayed))
}
