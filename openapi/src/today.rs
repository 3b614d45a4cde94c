use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Holding, Instant, Task, Tier, TodayReason, UserRef};

/// Whom to contact and what to do today, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Today {
    /// Today in the zone of the bank.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = Date))]
    pub day: NaiveDate,
    /// The most pressing first; of each reason 100 at most.
    #[cfg_attr(feature = "schema", schema(max_items = 600))]
    pub lines: Vec<TodayLine>,
    /// Every reason, with its number of lines.
    pub counts: Vec<TodayCount>,
}

/// How many lines have a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TodayCount {
    pub reason: TodayReason,
    pub lines: u32,
    /// Whether there are more than are listed.
    pub more: bool,
}

/// Something to do, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TodayLine {
    /// Names the line until it is worked: for `complete` and `postpone`.
    #[cfg_attr(
        feature = "schema",
        schema(example = "birthday-0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b-2026-11-26")
    )]
    pub id: String,
    pub reason: TodayReason,
    /// The day of the birthday or the maturity, the day by which a contact or a task is due.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = Date))]
    pub due_on: NaiveDate,
    /// The customer that it is about, if it is about one.
    pub customer: Option<CustomerGlance>,
    /// The task, where it is one: it is worked as every task.
    pub task: Option<Task>,
    /// What matures.
    pub holding: Option<Holding>,
    /// In how many days the customer's tier or a segment demands a contact, whichever is stricter.
    pub cadence_days: Option<i32>,
    /// How old the customer becomes.
    pub age: Option<i32>,
    /// Whose customer or task it is, where one stands in for a colleague.
    pub stands_in_for: Option<UserRef>,
}

/// What one needs to see of a customer before a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomerGlance {
    pub id: Uuid,
    #[cfg_attr(feature = "schema", schema(example = "C000000018"))]
    pub customer_no: String,
    pub name: String,
    /// Null where you see it masked.
    pub tier: Option<Tier>,
    /// The first phone number, masked.
    #[cfg_attr(feature = "schema", schema(example = "138****5678"))]
    pub phone: Option<String>,
    pub last_contacted_at: Option<Instant>,
    /// The customer wants no contact at all.
    pub do_not_contact: bool,
}
