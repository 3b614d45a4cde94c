use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::Assignment;
use crate::codes::codes;
use crate::common::present;

/// Something that is done to many customers by a job.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewBulkAction {
    #[validate(nested)]
    pub selection: CustomerSelection,
    #[validate(nested)]
    pub action: BulkAction,
}

/// Shows nothing of what a task says.
impl std::fmt::Debug for NewBulkAction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewBulkAction").finish_non_exhaustive()
    }
}

/// Which customers: either by their ids or by a filter of their list, of those that the user sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CustomerSelection {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 1000))]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 1000, nullable = false))]
    pub ids: Option<Vec<Uuid>>,
    /// All that the list would show with it, 10,000 at most; empty for all that it shows without one.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(max = 2048))]
    #[cfg_attr(
        feature = "schema",
        schema(max_length = 2048, nullable = false, example = r#"tier eq "gold""#)
    )]
    pub filter: Option<String>,
}

/// What is done to each: exactly one of its members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct BulkAction {
    /// Hands them to a unit and an owner.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(nested)]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub assign: Option<Assignment>,
    /// Sets a task about each of them.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(nested)]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub create_task: Option<BulkTask>,
    /// Gives them a tag.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub tag: Option<BulkTag>,
    /// Takes a tag from them.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub untag: Option<BulkTag>,
}

/// A tag that many customers get or lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BulkTag {
    pub tag_id: Uuid,
}

/// A task that is set about each of many customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BulkTask {
    #[validate(length(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200, example = "邀请参加沙龙"))]
    pub title: String,
    /// From today on.
    pub due_on: NaiveDate,
    /// Whose tasks they are; without it, those of each customer's owner.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub assignee_id: Option<Uuid>,
}

codes! {
    /// What is done to many customers.
    BulkActionKind {
        Assign = "assign",
        CreateTask = "create_task",
        Tag = "tag",
        Untag = "untag",
    }
}

/// What a bulk action was told to do, and why some customers are as they were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BulkDetails {
    pub kind: BulkActionKind,
    /// The filter that customers were chosen by; null where they were named.
    pub filter: Option<String>,
    pub refused: Vec<BulkRefusal>,
}

/// How many customers were refused for a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BulkRefusal {
    #[cfg_attr(feature = "schema", schema(example = "unit_of_owner"))]
    pub code: String,
    pub message: String,
    pub count: i64,
}

/// What the undoing of a bulk action was told to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BulkUndo {
    /// The bulk action that it takes back.
    pub bulk_id: Uuid,
}
