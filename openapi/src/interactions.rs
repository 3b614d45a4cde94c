use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::common::{clearable, present};
use crate::{
    CustomerRef, Direction, Include, Instant, InteractionKind, InteractionOutcome, InteractionPurpose, Mood,
    UserRef,
};

/// A contact with a customer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Interaction {
    pub id: Uuid,
    pub customer: CustomerRef,
    pub kind: InteractionKind,
    pub direction: Direction,
    pub purpose: InteractionPurpose,
    pub outcome: InteractionOutcome,
    pub mood: Option<Mood>,
    pub duration_minutes: Option<u32>,
    pub occurred_at: Instant,
    pub notes: Option<String>,
    /// Who was in touch; null for what a job or an import wrote.
    pub author: Option<UserRef>,
    pub archived_at: Option<Instant>,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl std::fmt::Debug for Interaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interaction").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A contact to be recorded. Its author is whoever records it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewInteraction {
    pub kind: InteractionKind,
    /// The bank began it, unless told otherwise.
    #[serde(default = "outbound")]
    #[cfg_attr(feature = "schema", schema(default = "outbound"))]
    pub direction: Direction,
    pub purpose: InteractionPurpose,
    pub outcome: InteractionOutcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mood: Option<Mood>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(range(min = 0, max = 1440))]
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 1440))]
    pub duration_minutes: Option<u32>,
    /// When it happened; now, unless told otherwise. At most 5 minutes ahead of the server's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 4000))]
    #[cfg_attr(feature = "schema", schema(max_length = 4000))]
    pub notes: Option<String>,
    /// Becomes a task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(nested)]
    pub next_step: Option<NextStep>,
}

fn outbound() -> Direction {
    Direction::Outbound
}

impl std::fmt::Debug for NewInteraction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewInteraction").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What is to be done after a contact.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NextStep {
    #[validate(length(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 200, example = "发送产品说明书"))]
    pub title: String,
    /// From today on.
    pub due_on: NaiveDate,
    /// Whose task it is; the author's, unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<Uuid>,
}

impl std::fmt::Debug for NextStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NextStep").field("due_on", &self.due_on).finish_non_exhaustive()
    }
}

/// Changes to a contact; absent members stay as they are, `null` clears.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct InteractionPatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub kind: Option<InteractionKind>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub direction: Option<Direction>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub purpose: Option<InteractionPurpose>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub outcome: Option<InteractionOutcome>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Mood>))]
    pub mood: Option<Option<Mood>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[validate(range(min = 0, max = 1440))]
    #[cfg_attr(feature = "schema", schema(value_type = Option<u32>, minimum = 0, maximum = 1440))]
    pub duration_minutes: Option<Option<u32>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub occurred_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[validate(length(max = 4000))]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, max_length = 4000))]
    pub notes: Option<Option<String>>,
    /// Why it is corrected; the author owes it from a day after recording on. Stands in the history.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 500))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 500, nullable = false))]
    pub reason: Option<String>,
}

impl std::fmt::Debug for InteractionPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InteractionPatch").finish_non_exhaustive()
    }
}

/// A search among contacts. The text goes through this body, since URLs are logged.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct InteractionSearch {
    /// Words of the notes, all of which must be there: parts of Chinese text, beginnings of words in Latin letters and of numbers of less
    /// than seven digits.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100))]
    #[cfg_attr(feature = "schema", schema(nullable = false, example = "大额存单"))]
    pub q: Option<String>,
    /// The filter grammar of the list.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false, max_length = 2048))]
    pub filter: Option<String>,
    /// Sort keys of the list.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false, max_length = 200))]
    pub sort: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(range(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", schema(nullable = false, minimum = 1, maximum = 200))]
    pub limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false, max_length = 4096))]
    pub cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub include: Option<Include>,
}

impl std::fmt::Debug for InteractionSearch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InteractionSearch").finish_non_exhaustive()
    }
}
