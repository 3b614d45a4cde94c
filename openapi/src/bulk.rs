use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::{CustomerUpsert, ExternalId, FieldProblem};

/// What the query of a bulk call says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct BulkQuery {
    /// `partial` writes the lines that are right, `atomic` all or none; `partial` unless told.
    #[serde(default)]
    #[cfg_attr(feature = "schema", param(nullable = false))]
    pub mode: BulkMode,
    /// Tells what would be done and does nothing.
    #[serde(default)]
    #[cfg_attr(feature = "schema", param(nullable = false))]
    pub dry_run: bool,
}

/// What happens to the other lines when one is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BulkMode {
    #[default]
    Partial,
    Atomic,
}

/// One line of a bulk upsert of customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BulkCustomer {
    /// The key of the customer in the other system.
    #[validate(nested)]
    pub external: ExternalId,
    /// Rises with every change there. A line with a lower one than is known comes too late and is not applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(range(min = 0))]
    #[cfg_attr(feature = "schema", schema(minimum = 0, example = 918))]
    pub source_version: Option<i64>,
    #[validate(nested)]
    pub data: CustomerUpsert,
}

/// What came of a bulk call, line by line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BulkOutcome {
    pub summary: BulkSummary,
    pub results: Vec<BulkResult>,
}

/// How many lines came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BulkSummary {
    pub created: u32,
    pub updated: u32,
    pub unchanged: u32,
    pub stale: u32,
    pub failed: u32,
}

/// What came of one line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BulkResult {
    /// Counted from 1, empty lines too.
    pub line: u32,
    /// The key that the line names, if it could be read.
    pub external_id: Option<String>,
    pub status: BulkStatus,
    /// The customer; null where there is none (yet).
    pub id: Option<Uuid>,
    /// The customer's version after it.
    pub version: Option<i64>,
    /// Fields that kept a verified value; the one of the line waits as a conflict for someone to decide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<String>,
    /// Why the line failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub problem: Option<BulkProblem>,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BulkStatus {
    Created,
    Updated,
    /// The customer is as the line says: no version, no event.
    Unchanged,
    /// A newer version of the other system is known.
    Stale,
    Failed,
}

/// Why a line failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BulkProblem {
    #[cfg_attr(feature = "schema", schema(example = "validation_failed"))]
    pub code: String,
    #[cfg_attr(feature = "schema", schema(example = "1 field is not valid"))]
    pub detail: String,
    /// The fields that are wrong, pointers into the line.
    pub errors: Vec<FieldProblem>,
}
