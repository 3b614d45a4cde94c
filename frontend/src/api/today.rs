use guanxi_api::{Task, TaskCompletion, TaskPostponement, Today};

use super::{ApiError, Call};

pub async fn get() -> Result<Today, ApiError> {
    Call::get("/today").read().await
}

/// Done with a line that is no task; answers with the task that stands for it from now on.
pub async fn complete(line: &str) -> Result<Task, ApiError> {
    Call::post(format!("/today/{line}/complete")).json(&TaskCompletion::default()).read().await
}

/// Puts a line that is no task off; answers with the task that stands for it from now on.
pub async fn postpone(line: &str, to: &TaskPostponement) -> Result<Task, ApiError> {
    Call::post(format!("/today/{line}/postpone")).json(to).read().await
}
