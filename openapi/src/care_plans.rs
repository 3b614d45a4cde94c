use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::codes::codes;
use crate::common::present;
use crate::{Instant, RelatedCustomer, TaskStatus, UserRef};

codes! {
    /// Where a care plan stands.
    CarePlanState {
        Active = "active",
        /// Its goal was reached.
        Achieved = "achieved",
        /// It was given up.
        Abandoned = "abandoned",
    }
}

/// What is to be reached with a customer, by which steps, and when it is looked at again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CarePlan {
    pub id: Uuid,
    pub customer: RelatedCustomer,
    pub goal: String,
    pub starts_on: NaiveDate,
    /// The day on which it is looked at again.
    pub review_on: NaiveDate,
    pub state: CarePlanState,
    /// What came of it.
    pub outcome: Option<String>,
    pub ended_on: Option<NaiveDate>,
    /// Those due first before others; at most 30.
    pub steps: Vec<CareStep>,
    pub created_by: Option<UserRef>,
    /// Of the plan; a step is worked as a task.
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// A step of a care plan: a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CareStep {
    /// Of the task, by which it is done, postponed or given to somebody else.
    pub task_id: Uuid,
    pub title: String,
    pub assignee: UserRef,
    pub due_on: NaiveDate,
    pub status: TaskStatus,
    pub outcome: Option<String>,
    pub done_on: Option<NaiveDate>,
    /// Of the task.
    pub version: i64,
}

/// A care plan to begin. A customer has one at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewCarePlan {
    #[validate(length(min = 1, max = 1000))]
    #[cfg_attr(
        feature = "schema",
        schema(min_length = 1, max_length = 1000, example = "两年内完成养老规划，资产提升到 800 万")
    )]
    pub goal: String,
    /// The day on which it is looked at again: from today on, two years later at most.
    pub review_on: NaiveDate,
    #[validate(length(min = 1, max = 30), nested)]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 30))]
    pub steps: Vec<NewCareStep>,
}

/// A step to add to a care plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewCareStep {
    #[validate(length(min = 1, max = 200))]
    #[cfg_attr(
        feature = "schema",
        schema(min_length = 1, max_length = 200, example = "上门了解家庭资产状况")
    )]
    pub title: String,
    /// From today on.
    pub due_on: NaiveDate,
    /// Whose task it is; without one that of the customer's owner, or where there is none, one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<Uuid>,
}

/// Changes to an active care plan; absent members stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CarePlanPatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 1000))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 1000, nullable = false))]
    pub goal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub review_on: Option<NaiveDate>,
}

/// What came of a care plan. Its open steps are cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CarePlanEnd {
    #[cfg_attr(feature = "schema", schema(example = true))]
    pub achieved: bool,
    /// In words; needed to give one up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1000))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 1000))]
    pub outcome: Option<String>,
}
