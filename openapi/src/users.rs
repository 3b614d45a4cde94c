use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::common::present;
use crate::{Include, Instant, Role, UnitRef};

/// A member of staff who can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct User {
    pub id: Uuid,
    #[cfg_attr(feature = "schema", schema(example = "lin.rm"))]
    pub username: String,
    pub display_name: String,
    pub role: Role,
    pub org_unit: UnitRef,
    /// Archived users cannot sign in and keep their place in the history.
    pub archived_at: Option<Instant>,
    /// Sign-in is refused until then after too many wrong passwords.
    pub locked_until: Option<Instant>,
    pub must_change_password: bool,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// What is asked of the list of users.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct UserListQuery {
    /// Display name or part of it, pinyin or its initials, or the beginning of a part of the sign-in name; several words are all
    /// looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(
        feature = "schema",
        param(min_length = 1, max_length = 100, nullable = false, example = "lxy")
    )]
    pub q: Option<String>,
    /// Filter expression, such as `role eq "rm"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", param(max_length = 2048, nullable = false))]
    pub filter: Option<String>,
    /// Sort keys, comma-separated, `-` for descending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", param(max_length = 200, nullable = false))]
    pub sort: Option<String>,
    /// Rows a page, 1 to 200; 50 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(range(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", param(minimum = 1, maximum = 200, nullable = false))]
    pub limit: Option<u32>,
    /// `page.next` of the page before, with the same search text, filter and sort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", param(max_length = 4096, nullable = false))]
    pub cursor: Option<String>,
    /// `total` counts the whole list, to 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", param(nullable = false))]
    pub include: Option<Include>,
}

/// A user to be created. The answer carries a password to hand over, shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Lower-case letters, digits, dots, hyphens and underscores; starts with a letter.
    #[validate(length(min = 2, max = 64))]
    #[cfg_attr(feature = "schema", schema(min_length = 2, max_length = 64))]
    #[cfg_attr(feature = "schema", schema(pattern = "^[a-z][a-z0-9._-]{1,63}$", example = "lin.rm"))]
    pub username: String,
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100))]
    pub display_name: String,
    pub role: Role,
    pub org_unit_id: Uuid,
}

/// Changes to a user; absent members stay as they are. A change of role or unit ends the user's sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct UserPatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100))]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub role: Option<Role>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub org_unit_id: Option<Uuid>,
}

/// A user and the password to hand over, which has to be changed at the first sign-in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UserWithPassword {
    pub user: User,
    /// Shown this once; null when an earlier answer to the same Idempotency-Key showed it.
    pub password: Option<String>,
}

impl std::fmt::Debug for UserWithPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserWithPassword").field("user", &self.user).finish_non_exhaustive()
    }
}
