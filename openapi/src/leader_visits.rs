use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::{RelatedCustomer, TeamRole, UnitRef, UserRef};

/// When a leader of a customer's team is to visit it next, by the rules of the tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LeaderVisit {
    pub id: Uuid,
    pub customer: RelatedCustomer,
    pub org_unit: UnitRef,
    pub owner: Option<UserRef>,
    pub leader: UserRef,
    pub role: TeamRole,
    /// After how many days a visit is demanded again.
    pub interval_days: u32,
    pub last_visited_on: Option<NaiveDate>,
    pub due_on: NaiveDate,
    /// For how many days it has been due.
    pub arrears_days: u32,
    /// The day for which the leader has planned it.
    pub planned_on: Option<NaiveDate>,
    /// The leader's task of that day.
    pub task_id: Option<Uuid>,
}

/// The day of a visit to plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VisitPlan {
    /// From today on.
    pub planned_on: NaiveDate,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 1000))]
    #[cfg_attr(feature = "schema", schema(max_length = 1000, example = "带上最新的产品材料"))]
    pub notes: Option<String>,
}
