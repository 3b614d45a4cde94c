use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::common::{clearable, present};
use crate::{CustomerRef, Instant, Role, TaskPriority, TaskSource, TaskStatus, UserRef};

/// Something that somebody is to do.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Task {
    pub id: Uuid,
    /// The customer that it is about, if it is about one.
    pub customer: Option<CustomerRef>,
    pub title: String,
    pub notes: Option<String>,
    pub assignee: UserRef,
    /// Who set it; null for what a job set.
    pub creator: Option<UserRef>,
    pub due_on: NaiveDate,
    pub priority: TaskPriority,
    pub status: TaskStatus,
    pub source: TaskSource,
    /// What it comes from, such as the contact whose next step it is.
    pub source_id: Option<Uuid>,
    /// What came of it, in words.
    pub outcome: Option<String>,
    /// When it was done or cancelled.
    pub done_at: Option<Instant>,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Task").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A task to be set.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    #[validate(length(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200, example = "回访张三丰"))]
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 4000))]
    #[cfg_attr(feature = "schema", schema(max_length = 4000))]
    pub notes: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<Uuid>,
    /// Whose task it is; one's own, unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<Uuid>,
    /// From today on.
    pub due_on: NaiveDate,
    #[serde(default = "normal")]
    #[cfg_attr(feature = "schema", schema(default = "normal"))]
    pub priority: TaskPriority,
}

fn normal() -> TaskPriority {
    TaskPriority::Normal
}

impl std::fmt::Debug for NewTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewTask").field("due_on", &self.due_on).finish_non_exhaustive()
    }
}

/// Changes to an open task; absent members stay as they are, `null` clears.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct TaskPatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200, nullable = false))]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[validate(length(max = 4000))]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, max_length = 4000))]
    pub notes: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub priority: Option<TaskPriority>,
}

impl std::fmt::Debug for TaskPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaskPatch").finish_non_exhaustive()
    }
}

/// What came of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct TaskCompletion {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 500))]
    #[cfg_attr(feature = "schema", schema(max_length = 500, example = "客户已签约"))]
    pub outcome: Option<String>,
}

/// A later day for a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TaskPostponement {
    /// From today on.
    pub due_on: NaiveDate,
    /// Stands in the history.
    #[validate(length(min = 1, max = 500))]
    #[cfg_attr(
        feature = "schema",
        schema(min_length = 1, max_length = 500, example = "客户出差，下周再联系")
    )]
    pub reason: String,
}

/// Gives a task to somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TaskHandOver {
    pub assignee_id: Uuid,
    /// Stands in the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 500))]
    #[cfg_attr(feature = "schema", schema(max_length = 500, example = "请网点理财经理跟进"))]
    pub note: Option<String>,
}

/// Who may be given a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Assignees {
    /// By name, 200 at most.
    pub data: Vec<Assignee>,
}

/// Somebody who may be given a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Assignee {
    pub id: Uuid,
    pub display_name: String,
    pub role: Role,
}

/// About whom a task is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct AssigneeQuery {
    /// The customer that the task is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", param(nullable = false))]
    pub customer_id: Option<Uuid>,
}
