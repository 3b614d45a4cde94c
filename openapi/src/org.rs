use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::common::present;
use crate::{Instant, LocalName, OrgUnitKind};

/// A unit of the bank: the head office, a branch, a sub-branch or an outlet, in one tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrgUnit {
    pub id: Uuid,
    /// Null only for the head office.
    pub parent_id: Option<Uuid>,
    pub kind: OrgUnitKind,
    /// The bank's own short code of the unit, unique.
    #[cfg_attr(feature = "schema", schema(example = "0101"))]
    pub code: String,
    pub name: LocalName,
    /// 0 for the head office, one more for each level below.
    pub depth: u32,
    pub archived_at: Option<Instant>,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// A unit to be created below another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewOrgUnit {
    pub parent_id: Uuid,
    pub kind: OrgUnitKind,
    #[validate(length(min = 1, max = 20))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 20))]
    #[cfg_attr(feature = "schema", schema(pattern = "^[A-Za-z0-9_-]{1,20}$", example = "0101"))]
    pub code: String,
    #[validate(nested)]
    pub name: LocalName,
}

/// Changes to a unit; absent members stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct OrgUnitPatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 20))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 20))]
    #[cfg_attr(feature = "schema", schema(pattern = "^[A-Za-z0-9_-]{1,20}$", nullable = false))]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(nested)]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub name: Option<LocalName>,
    /// Moves the unit, with everything below it, under another parent.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub parent_id: Option<Uuid>,
}
