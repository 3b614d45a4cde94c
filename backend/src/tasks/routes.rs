use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use guanxi_api::{
    AssigneeQuery, Assignees, AuditEntry, ListQuery, NewTask, Page, Task, TaskCompletion, TaskHandOver,
    TaskPatch, TaskPostponement,
};
use guanxi_db::DbConn;

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::customers::{CustomerId, CustomerMark};
use crate::error::{Error, Result};
use crate::idempotency::{self, Once};
use crate::listing::ListRequest;
use crate::tasks::{self, TaskId, TaskMark, Work};
use crate::web::{self as answer, Document, IfMatch, Json, PathId, Query};

fn tag(actor: &Actor, task: &Task) -> String {
    Document::tag_of(task, actor, task.version)
}

/// Runs a change that may be repeated with the same Idempotency-Key, and shows the task after it.
async fn changed(
    actor: Actor,
    state: &web::Data<AppState>,
    request: idempotency::Request,
    id: TaskId,
    act: impl Fn(&mut DbConn, &Actor, &AppState) -> Result<Task> + Send + 'static,
) -> Result<HttpResponse> {
    let shared = state.clone();
    let (task, tag, replayed) = state
        .db
        .write(move |conn| {
            let act = |conn: &mut DbConn| act(conn, &actor, &shared);
            let (task, replayed) = match idempotency::once(conn, &actor, &request, act, |_| Some(id.uuid()))?
            {
                Once::Done(task) => (task, false),
                Once::Replayed(_) => (tasks::read(conn, &actor, id)?, true),
            };
            let tag = tag(&actor, &task);
            Ok::<_, Error>((task, tag, replayed))
        })
        .await?;
    let mut response = answer::ok_tagged(&task, &tag);
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}

async fn worked(
    actor: Actor,
    state: &web::Data<AppState>,
    id: TaskId,
    version: IfMatch,
    once: idempotency::Request,
    work: Work,
) -> Result<HttpResponse> {
    changed(actor, state, once, id, move |conn, actor, state| {
        tasks::work(conn, actor, state.house(), id, version.0, &work)
    })
    .await
}

/// List tasks.
///
/// One's own open tasks, those due first before others. A filter on `assignee_id`, `creator_id` or `customer_id` asks for others that one
/// sees (`assignee_id ne null`: all of them), one on `status` for those that are done or cancelled.
#[utoipa::path(operation_id = "listTasks", tag = "tasks", params(ListQuery),
    responses((status = 200, body = Page<Task>, description = "A page of tasks")))]
#[get("/tasks")]
pub async fn list_tasks(
    request: HttpRequest,
    who: May<kinds::ViewTasks>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state.db.read(move |conn| tasks::list(conn, &actor, &shared.keys, &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Set a task.
#[utoipa::path(operation_id = "createTask", tag = "tasks", request_body = NewTask,
    params(("Idempotency-Key" = Option<String>, Header, description = "8 to 128 visible characters; the same request with the same key is done once", nullable = false)),
    responses((status = 201, body = Task, description = "Set",
        headers(("Location" = String, description = "Where the task is"), ("ETag" = String, description = "Its tag")))))]
#[post("/tasks")]
pub async fn create_task(
    request: HttpRequest,
    who: May<kinds::WriteTasks>,
    state: web::Data<AppState>,
    body: Json<NewTask>,
) -> Result<HttpResponse> {
    let (actor, shared, new) = (who.actor(), state.clone(), body.0);
    let once = idempotency::Request::read(&request, &new)?;
    let (task, tag, replayed) = state
        .db
        .write(move |conn| {
            let create = |conn: &mut DbConn| tasks::create(conn, &actor, shared.house(), &new);
            let (id, replayed) = match idempotency::once(conn, &actor, &once, create, |id| Some(id.uuid()))? {
                Once::Done(id) => (id, false),
                Once::Replayed(id) => (id.map(TaskId::new).ok_or_else(Error::not_found)?, true),
            };
            let task = tasks::read(conn, &actor, id)?;
            let tag = tag(&actor, &task);
            Ok::<_, Error>((task, tag, replayed))
        })
        .await?;
    Ok(answer::created(&task, &format!("/api/v1/tasks/{}", task.id), &tag, replayed))
}

/// List who may be given a task.
///
/// For a task about a customer those who look after it, else colleagues of one's own units. By name.
#[utoipa::path(operation_id = "listAssignees", tag = "tasks", params(AssigneeQuery),
    responses((status = 200, body = Assignees, description = "Colleagues who work tasks")))]
#[get("/tasks/assignees")]
pub async fn list_assignees(
    who: May<kinds::WriteTasks>,
    state: web::Data<AppState>,
    query: Query<AssigneeQuery>,
) -> Result<HttpResponse> {
    let (actor, customer) = (who.actor(), query.0.customer_id.map(CustomerId::new));
    let found = state.db.read(move |conn| tasks::assignees(conn, &actor, customer)).await?;
    Ok(answer::ok(&found))
}

/// Get a task.
#[utoipa::path(operation_id = "getTask", tag = "tasks", params(("id" = uuid::Uuid, Path, description = "The task")),
    responses((status = 200, body = Task, description = "The task", headers(("ETag" = String, description = "Its tag"))),
        (status = 304, description = "The client has it already")))]
#[get("/tasks/{id}")]
pub async fn get_task(
    request: HttpRequest,
    who: May<kinds::ViewTasks>,
    state: web::Data<AppState>,
    id: PathId<TaskMark>,
) -> Result<HttpResponse> {
    let (actor, id) = (who.actor(), *id);
    let task = state.db.read(move |conn| tasks::read(conn, &actor, id)).await?;
    let tag = tag(&who, &task);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&task, &tag)))
}

/// Change a task.
///
/// A JSON merge patch (RFC 7396): absent members stay, `null` clears. Only an open task changes.
#[utoipa::path(operation_id = "changeTask", tag = "tasks", request_body = TaskPatch,
    params(("id" = uuid::Uuid, Path, description = "The task"), ("If-Match" = String, Header, description = "The tag it was read with", example = "\"1-0\"")),
    responses((status = 200, body = Task, description = "The task after the change")))]
#[patch("/tasks/{id}")]
pub async fn change_task(
    request: HttpRequest,
    who: May<kinds::WriteTasks>,
    state: web::Data<AppState>,
    id: PathId<TaskMark>,
    version: IfMatch,
    body: Json<TaskPatch>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, patch) = (*id, body.0);
    changed(who.actor(), &state, once, id, move |conn, actor, _| {
        tasks::change(conn, actor, id, version.0, &patch)
    })
    .await
}

/// Say that a task is done.
#[utoipa::path(operation_id = "completeTask", tag = "tasks", request_body = TaskCompletion,
    params(("id" = uuid::Uuid, Path, description = "The task"), ("If-Match" = String, Header, description = "The tag it was read with", example = "\"1-0\"")),
    responses((status = 200, body = Task, description = "Done")))]
#[post("/tasks/{id}/complete")]
pub async fn complete_task(
    request: HttpRequest,
    who: May<kinds::WriteTasks>,
    state: web::Data<AppState>,
    id: PathId<TaskMark>,
    version: IfMatch,
    body: Json<TaskCompletion>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    worked(who.actor(), &state, *id, version, once, Work::Complete(body.0)).await
}

/// Postpone a task.
#[utoipa::path(operation_id = "postponeTask", tag = "tasks", request_body = TaskPostponement,
    params(("id" = uuid::Uuid, Path, description = "The task"), ("If-Match" = String, Header, description = "The tag it was read with", example = "\"1-0\"")),
    responses((status = 200, body = Task, description = "Postponed")))]
#[post("/tasks/{id}/postpone")]
pub async fn postpone_task(
    request: HttpRequest,
    who: May<kinds::WriteTasks>,
    state: web::Data<AppState>,
    id: PathId<TaskMark>,
    version: IfMatch,
    body: Json<TaskPostponement>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    worked(who.actor(), &state, *id, version, once, Work::Postpone(body.0)).await
}

/// Hand a task over.
#[utoipa::path(operation_id = "handOverTask", tag = "tasks", request_body = TaskHandOver,
    params(("id" = uuid::Uuid, Path, description = "The task"), ("If-Match" = String, Header, description = "The tag it was read with", example = "\"1-0\"")),
    responses((status = 200, body = Task, description = "Handed over")))]
#[post("/tasks/{id}/hand-over")]
pub async fn hand_over_task(
    request: HttpRequest,
    who: May<kinds::WriteTasks>,
    state: web::Data<AppState>,
    id: PathId<TaskMark>,
    version: IfMatch,
    body: Json<TaskHandOver>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    worked(who.actor(), &state, *id, version, once, Work::HandOver(body.0)).await
}

/// Cancel a task.
#[utoipa::path(operation_id = "cancelTask", tag = "tasks",
    params(("id" = uuid::Uuid, Path, description = "The task"), ("If-Match" = String, Header, description = "The tag it was read with", example = "\"1-0\"")),
    responses((status = 200, body = Task, description = "Cancelled")))]
#[post("/tasks/{id}/cancel")]
pub async fn cancel_task(
    request: HttpRequest,
    who: May<kinds::WriteTasks>,
    state: web::Data<AppState>,
    id: PathId<TaskMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    worked(who.actor(), &state, *id, version, once, Work::Cancel).await
}

/// Open a task again.
#[utoipa::path(operation_id = "reopenTask", tag = "tasks",
    params(("id" = uuid::Uuid, Path, description = "The task"), ("If-Match" = String, Header, description = "The tag it was read with", example = "\"1-0\"")),
    responses((status = 200, body = Task, description = "Open")))]
#[post("/tasks/{id}/reopen")]
pub async fn reopen_task(
    request: HttpRequest,
    who: May<kinds::WriteTasks>,
    state: web::Data<AppState>,
    id: PathId<TaskMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    worked(who.actor(), &state, *id, version, once, Work::Reopen).await
}

/// The history of a task.
#[utoipa::path(operation_id = "getTaskHistory", tag = "tasks",
    params(("id" = uuid::Uuid, Path, description = "The task"), ListQuery),
    responses((status = 200, body = Page<AuditEntry>, description = "Who did what, newest first")))]
#[get("/tasks/{id}/history")]
pub async fn get_task_history(
    request: HttpRequest,
    who: May<kinds::ViewTasks>,
    state: web::Data<AppState>,
    id: PathId<TaskMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let page = state.db.read(move |conn| tasks::history(conn, &actor, &shared.keys, id, &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// The tasks about a customer.
///
/// Open ones, unless a filter names `status`; those due first before others.
#[utoipa::path(operation_id = "listCustomerTasks", tag = "tasks",
    params(("id" = uuid::Uuid, Path, description = "The customer"), ListQuery),
    responses((status = 200, body = Page<Task>, description = "A page of tasks")))]
#[get("/customers/{id}/tasks")]
pub async fn list_customer_tasks(
    request: HttpRequest,
    who: May<kinds::ViewTasks>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let page = state.db.read(move |conn| tasks::of_customer(conn, &actor, &shared.keys, id, &asked)).await?;
    Ok(answer::page(&request, &page))
}
