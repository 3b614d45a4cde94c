use guanxi_api::{Assignees, NewTask, Page, Task, TaskHandOver, TaskPostponement};
use serde::Serialize;
use uuid::Uuid;

use super::interactions::tag;
use super::{ApiError, Call, query};

/// The tasks about a customer, or those that a filter names; without one, one's own.
pub async fn list(customer: Option<Uuid>, filter: &str, cursor: &str) -> Result<Page<Task>, ApiError> {
    let query = query(&[("filter", filter), ("cursor", cursor), ("limit", "100")]);
    let path = customer.map_or_else(|| "/tasks".to_owned(), |id| format!("/customers/{id}/tasks"));
    Call::get(format!("{path}{query}")).read().await
}

pub async fn get(id: Uuid) -> Result<Task, ApiError> {
    Call::get(format!("/tasks/{id}")).read().await
}

pub async fn create(new: &NewTask, key: &str) -> Result<Task, ApiError> {
    Call::post("/tasks").json(new).once(key).read().await
}

pub async fn assignees(customer: Option<Uuid>) -> Result<Assignees, ApiError> {
    let id = customer.map(|id| id.to_string()).unwrap_or_default();
    Call::get(format!("/tasks/assignees{}", query(&[("customer_id", &id)]))).read().await
}

async fn act(task: &Task, verb: &str, body: Option<&impl Serialize>) -> Result<Task, ApiError> {
    let call = Call::post(format!("/tasks/{}/{verb}", task.id)).if_match(&tag(task.version));
    match body {
        Some(body) => call.json(body).read().await,
        None => call.read().await,
    }
}

pub async fn complete(task: &Task) -> Result<Task, ApiError> {
    act(task, "complete", Some(&guanxi_api::TaskCompletion::default())).await
}

/// Completes the task that is a step of something else, of which no more is known.
pub async fn complete_step(id: Uuid, version: i64) -> Result<Task, ApiError> {
    let done = guanxi_api::TaskCompletion::default();
    Call::post(format!("/tasks/{id}/complete")).if_match(&tag(version)).json(&done).read().await
}

pub async fn postpone(task: &Task, to: &TaskPostponement) -> Result<Task, ApiError> {
    act(task, "postpone", Some(to)).await
}

pub async fn hand_over(task: &Task, to: &TaskHandOver) -> Result<Task, ApiError> {
    act(task, "hand-over", Some(to)).await
}

pub async fn cancel(task: &Task) -> Result<Task, ApiError> {
    act(task, "cancel", None::<&()>).await
}

pub async fn reopen(task: &Task) -> Result<Task, ApiError> {
    act(task, "reopen", None::<&()>).await
}
