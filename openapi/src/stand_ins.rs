use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::codes::codes;
use crate::common::{clearable, present};
use crate::{Instant, UnitRef, UserRef};

codes! {
    /// Why somebody is away.
    AbsenceReason {
        Leave = "leave",
        Sickness = "sickness",
        Training = "training",
        BusinessTrip = "business_trip",
        Other = "other",
    }
}

codes! {
    /// Where a stand-in stands today.
    StandInState {
        /// It begins on a later day.
        Planned = "planned",
        Active = "active",
        Ended = "ended",
        /// It was ended before it began.
        Cancelled = "cancelled",
    }
}

/// Somebody who looks after the customers of a relationship manager who is away: sees them, works them and their tasks, and owns none of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StandIn {
    pub id: Uuid,
    /// Who is away.
    pub absent: UserRef,
    /// The unit of who is away.
    pub org_unit: UnitRef,
    /// Who stands in.
    pub stand_in: UserRef,
    pub reason: AbsenceReason,
    pub note: Option<String>,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub until: NaiveDate,
    pub state: StandInState,
    pub created_by: Option<UserRef>,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// A stand-in to arrange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewStandIn {
    /// A relationship manager of one's units; relationship managers name themselves.
    pub absent_user_id: Uuid,
    /// A relationship manager or the head of an outlet, of one's units, who is there all the time.
    pub stand_in_user_id: Uuid,
    pub reason: AbsenceReason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 1000))]
    #[cfg_attr(feature = "schema", schema(max_length = 1000, example = "有事请打手机"))]
    pub note: Option<String>,
    /// From today on.
    pub from: NaiveDate,
    /// A year later at most.
    pub until: NaiveDate,
}

/// Changes to a stand-in that has not ended; absent members stay as they are, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct StandInPatch {
    /// The last day, from today on.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub until: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[validate(length(max = 1000))]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, max_length = 1000))]
    pub note: Option<Option<String>>,
}
