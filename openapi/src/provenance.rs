use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;
use validator::Validate;

use crate::{ConflictSide, ConflictState, CustomerRef, Instant, UserRef, ValueSource};

/// Where the value of a field of a customer comes from, and who has checked it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FieldSource {
    /// Name of the member of the customer.
    #[cfg_attr(feature = "schema", schema(example = "city"))]
    pub field: String,
    pub source: ValueSource,
    /// Short name of the other system, where one has said it.
    #[cfg_attr(feature = "schema", schema(example = "core"))]
    pub system: Option<String>,
    pub set_at: Instant,
    /// The colleague who entered it.
    pub set_by: Option<UserRef>,
    /// When it was checked with the customer or against a document. Other systems do not change a field that was: they open a conflict.
    pub verified_at: Option<Instant>,
    pub verified_by: Option<UserRef>,
}

/// Where the values of a customer come from: the fields that have one, and those that were cleared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FieldSources {
    pub fields: Vec<FieldSource>,
}

/// Whether a field was checked with the customer or against a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FieldVerification {
    #[cfg_attr(feature = "schema", schema(example = true))]
    pub verified: bool,
}

/// Another value that a system has offered for a field that was verified. The field stays as it is until someone decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FieldConflict {
    pub id: Uuid,
    pub customer: CustomerRef,
    /// Name of the member of the customer.
    #[cfg_attr(feature = "schema", schema(example = "city"))]
    pub field: String,
    /// Short name of the system that offers the other value.
    #[cfg_attr(feature = "schema", schema(example = "core"))]
    pub system: String,
    /// The value that the customer has now; null for none.
    pub current: Option<Value>,
    /// The value that the system offers; null for none.
    pub offered: Option<Value>,
    pub state: ConflictState,
    pub offered_at: Instant,
    pub resolved_at: Option<Instant>,
    pub resolved_by: Option<UserRef>,
    pub version: i64,
}

/// Which of two values is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ConflictResolution {
    pub take: ConflictSide,
}
