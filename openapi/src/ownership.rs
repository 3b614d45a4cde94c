use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::codes::codes;
use crate::common::present;
use crate::{CustomerRef, Instant, Money, RelatedCustomer, TeamMember, TeamRole, Tier, UnitRef, UserRef};

codes! {
    /// How somebody came to be responsible for a customer, or ceased to be.
    OwnershipHow {
        /// The customer was made with an owner.
        Created = "created",
        Assigned = "assigned",
        Handover = "handover",
        /// A file or another system named the owner.
        Import = "import",
        /// Already so when the record began.
        Recorded = "recorded",
        /// The customer fell back into the pool for want of a contact.
        Pool = "pool",
        /// Somebody took the customer from the pool.
        Claimed = "claimed",
    }
}

codes! {
    /// Why somebody hands over a book.
    HandoverReason {
        Leaves = "leaves",
        Moves = "moves",
        Absence = "absence",
        Rebalancing = "rebalancing",
    }
}

codes! {
    /// Where a handover stands.
    HandoverState {
        /// Somebody has not answered yet.
        Proposed = "proposed",
        /// Everybody has answered; it is carried out on its day.
        Accepted = "accepted",
        Done = "done",
        /// Nobody takes any of the customers.
        Declined = "declined",
        Cancelled = "cancelled",
    }
}

codes! {
    /// What somebody who is to take customers says.
    HandoverAnswerState {
        Waiting = "waiting",
        Accepted = "accepted",
        Declined = "declined",
    }
}

codes! {
    /// What became of a customer of a handover.
    HandoverLineState {
        Waiting = "waiting",
        Moved = "moved",
        /// Somebody else was responsible already when its turn came, or whoever was to take it could not any more.
        Skipped = "skipped",
        /// Whoever was to take it has declined, or the handover was cancelled.
        Stays = "stays",
    }
}

/// A time during which one person was responsible for a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OwnershipPeriod {
    pub id: Uuid,
    pub owner: UserRef,
    pub from: NaiveDate,
    /// Null while it goes on.
    pub to: Option<NaiveDate>,
    pub how: OwnershipHow,
    /// Who decided it; null where no person did.
    pub by: Option<UserRef>,
    /// The day on which the owner accepted it.
    pub signed_on: Option<NaiveDate>,
    pub ended_how: Option<OwnershipHow>,
    pub ended_by: Option<UserRef>,
    /// The day on which the customer was lost while this owner was responsible, the last one.
    pub lost_on: Option<NaiveDate>,
}

/// A customer who was lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomerLoss {
    pub id: Uuid,
    pub customer: CustomerRef,
    /// The unit that the customer belonged to then.
    pub org_unit: UnitRef,
    /// Who was responsible then; null for nobody.
    pub owner: Option<UserRef>,
    pub lost_on: NaiveDate,
    pub recorded_by: Option<UserRef>,
    /// The day on which the customer came back.
    pub returned_on: Option<NaiveDate>,
}

/// Which roles look after the customers of each tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TeamRules {
    /// One for each tier, the lowest first.
    pub rules: Vec<TeamRule>,
    pub version: i64,
    pub updated_at: Instant,
}

/// Which roles look after a customer of a tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TeamRule {
    pub tier: Tier,
    /// `rm` is the one who is responsible. None: the outlet as a whole.
    pub roles: Vec<TeamRole>,
    /// Whether a customer is to have a care plan.
    pub care_plan: bool,
    /// Which leaders of the team visit a customer, and how often.
    pub visits: Vec<VisitRule>,
}

/// After how many days a leader visits a customer again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VisitRule {
    /// `outlet_head`, `deputy_manager` or `branch_manager`.
    pub role: TeamRole,
    #[validate(range(min = 7, max = 1830))]
    #[cfg_attr(feature = "schema", schema(minimum = 7, maximum = 1830, example = 90))]
    pub days: u32,
}

/// Which roles are to look after a customer of a tier. What is left out stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TeamRuleDefinition {
    pub tier: Tier,
    #[validate(length(max = 5))]
    #[cfg_attr(feature = "schema", schema(max_items = 5))]
    pub roles: Vec<TeamRole>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub care_plan: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(max = 3), nested)]
    #[cfg_attr(feature = "schema", schema(max_items = 3, nullable = false))]
    pub visits: Option<Vec<VisitRule>>,
}

/// Rules to set, whole: one for each tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TeamRulesDefinition {
    #[validate(length(min = 5, max = 5), nested)]
    #[cfg_attr(feature = "schema", schema(min_items = 5, max_items = 5))]
    pub rules: Vec<TeamRuleDefinition>,
}

/// A customer whose care lacks something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CareGap {
    /// The customer's.
    pub id: Uuid,
    pub customer: RelatedCustomer,
    pub org_unit: UnitRef,
    pub owner: Option<UserRef>,
    /// Nobody who still works here is responsible, although the tier demands it.
    pub no_owner: bool,
    /// Whoever is responsible has not accepted it yet.
    pub unsigned: bool,
    /// Roles of the team that the tier demands and nobody has.
    pub missing: Vec<TeamRole>,
    /// The tier demands a care plan, and there is none.
    pub no_plan: bool,
    /// Who would fill them: the head of the unit, and the managers above it.
    pub proposed: Vec<TeamMember>,
    pub since: Instant,
    /// Of the customer.
    pub version: i64,
}

/// A book, or part of it, on its way from one person to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Handover {
    pub id: Uuid,
    pub from: UserRef,
    /// The unit of who hands over.
    pub org_unit: UnitRef,
    pub reason: HandoverReason,
    pub note: Option<String>,
    pub effective_on: NaiveDate,
    /// For how many days who hands over still sees the customers.
    pub double_access_days: u16,
    pub state: HandoverState,
    pub to: Vec<HandoverReceiver>,
    /// How many customers it is about.
    pub customers: u32,
    pub moved: u32,
    pub skipped: u32,
    /// Customers of who hands over that no rule took.
    pub remaining: u32,
    pub proposed_by: Option<UserRef>,
    pub finished_at: Option<Instant>,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// Who is to take customers, and what they say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HandoverReceiver {
    pub user: UserRef,
    /// Which customers, in the grammar of the list of customers; null for all that are left.
    pub filter: Option<String>,
    pub customers: u32,
    pub state: HandoverAnswerState,
    pub answered_at: Option<Instant>,
    /// Why it was declined.
    pub reason: Option<String>,
}

/// A handover to propose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewHandover {
    pub from_user_id: Uuid,
    /// Each customer goes to the first whose filter finds it.
    #[validate(length(min = 1, max = 20), nested)]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 20))]
    pub to: Vec<NewHandoverReceiver>,
    pub reason: HandoverReason,
    #[serde(default)]
    #[validate(length(max = 1000))]
    #[cfg_attr(feature = "schema", schema(max_length = 1000))]
    pub note: Option<String>,
    pub effective_on: NaiveDate,
    #[serde(default = "thirty")]
    #[validate(range(max = 365))]
    #[cfg_attr(feature = "schema", schema(maximum = 365, default = 30))]
    pub double_access_days: u16,
}

fn thirty() -> u16 {
    30
}

/// Who is to take which customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewHandoverReceiver {
    pub user_id: Uuid,
    /// In the grammar of the list of customers; without it all that are left, archived ones too.
    #[serde(default)]
    #[validate(length(min = 1, max = 2048))]
    #[cfg_attr(
        feature = "schema",
        schema(min_length = 1, max_length = 2048, example = "tier in (\"gold\", \"platinum\")")
    )]
    pub filter: Option<String>,
}

/// What somebody says who is to take customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HandoverAnswer {
    #[cfg_attr(feature = "schema", schema(example = true))]
    pub accepts: bool,
    /// Needed to decline.
    #[serde(default)]
    #[validate(length(min = 1, max = 500))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 500))]
    pub reason: Option<String>,
}

/// A customer of a handover with what is under way: a line of the handover sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HandoverLine {
    /// The customer's.
    pub id: Uuid,
    pub customer: RelatedCustomer,
    pub to: UserRef,
    pub state: HandoverLineState,
    pub last_contacted_at: Option<Instant>,
    /// Open tasks, those due first before others; at most ten.
    pub tasks: Vec<HandoverItem>,
    /// Next steps that were agreed on in a contact; at most ten.
    pub promises: Vec<HandoverItem>,
    /// Contacts about complaints in the last 90 days, the newest first; at most ten.
    pub complaints: Vec<HandoverItem>,
    /// What matures within 90 days; at most ten.
    pub maturities: Vec<HandoverMaturity>,
}

/// Something that is under way with a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HandoverItem {
    pub id: Uuid,
    /// Of a task its title, of a contact its notes, shortened.
    pub text: Option<String>,
    /// The day on which it is due; of a contact that of the contact.
    pub on: NaiveDate,
}

/// A holding that matures soon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HandoverMaturity {
    pub id: Uuid,
    pub product: crate::LocalName,
    pub value: Money,
    pub on: NaiveDate,
}
