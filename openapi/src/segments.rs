use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::codes::codes;
use crate::{Channel, Instant, LocalName, LocalText, Money, ProductKind, RelatedCustomer, UserRef};

codes! {
    /// How much of something.
    SegmentLevel {
        Low = "low",
        LowMid = "low_mid",
        Mid = "mid",
        MidHigh = "mid_high",
        High = "high",
    }
}

codes! {
    /// How much risk the members of a segment like to take.
    RiskAppetite {
        Conservative = "conservative",
        Balanced = "balanced",
        Aggressive = "aggressive",
    }
}

codes! {
    /// Which segments come first, by what they bring and what they cost.
    SegmentPriority {
        First = "first",
        Second = "second",
        Third = "third",
    }
}

impl SegmentPriority {
    /// First where the contribution is above the service cost, third where it is below, second where they are alike; what contributes
    /// more than the middle is never third.
    pub fn of(contribution: SegmentLevel, service_cost: SegmentLevel) -> Self {
        match contribution.cmp(&service_cost) {
            std::cmp::Ordering::Greater => SegmentPriority::First,
            std::cmp::Ordering::Equal => SegmentPriority::Second,
            std::cmp::Ordering::Less if contribution > SegmentLevel::Mid => SegmentPriority::Second,
            std::cmp::Ordering::Less => SegmentPriority::Third,
        }
    }
}

codes! {
    /// Who put a customer into a segment.
    SegmentSource {
        /// The rule of the segment.
        Rule = "rule",
        /// A person, whatever the rules say.
        Override = "override",
    }
}

/// Every scheme by which customers are put into segments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SegmentSchemes {
    /// In their order; archived ones come last.
    pub schemes: Vec<SegmentScheme>,
}

/// One way to look at customers: each is in at most one of its segments, the first whose rule holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SegmentScheme {
    pub id: Uuid,
    #[cfg_attr(feature = "schema", schema(example = "attitude"))]
    pub code: String,
    pub name: LocalName,
    /// A rule that says for whom the scheme is; null for every customer.
    #[cfg_attr(feature = "schema", schema(example = "familiar eq true"))]
    pub applies_to: Option<String>,
    /// In the order in which the rules are asked; archived ones come last.
    pub segments: Vec<Segment>,
    /// The day up to which all customers were looked at.
    pub evaluated_on: Option<NaiveDate>,
    pub archived_at: Option<Instant>,
    pub version: i64,
    pub updated_at: Instant,
}

/// A scheme as it is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SegmentSchemeDefinition {
    /// Stays what it was when it was made.
    #[validate(length(min = 1, max = 40))]
    #[cfg_attr(feature = "schema", schema(pattern = "^[a-z][a-z0-9_]{0,39}$", example = "attitude"))]
    pub code: String,
    #[validate(nested)]
    pub name: LocalName,
    #[serde(default)]
    #[validate(length(min = 1, max = 2048))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 2048, example = "familiar eq true"))]
    pub applies_to: Option<String>,
}

/// Customers who are alike, and how they are served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Segment {
    pub id: Uuid,
    pub scheme_id: Uuid,
    #[cfg_attr(feature = "schema", schema(example = "retiree"))]
    pub code: String,
    pub name: LocalName,
    pub description: Option<LocalText>,
    /// The smaller is asked first.
    pub rank: i32,
    /// Who belongs to it: a filter over profile, holdings and behaviour.
    #[cfg_attr(feature = "schema", schema(example = r#"age ge 50 and occupation in ("退休")"#))]
    pub rule: String,
    pub risk_from: RiskAppetite,
    pub risk_to: RiskAppetite,
    pub contribution: SegmentLevel,
    pub service_cost: SegmentLevel,
    /// Derived from contribution and service cost.
    pub priority: SegmentPriority,
    /// Most days between two contacts; null where none is due.
    pub cadence_days: Option<u32>,
    pub preferred_channel: Option<Channel>,
    pub product_preferences: Vec<ProductKind>,
    pub product_exclusions: Vec<ProductKind>,
    /// Whether its members do what others of them do.
    pub acts_as_group: bool,
    pub archived_at: Option<Instant>,
    pub version: i64,
    pub updated_at: Instant,
}

/// A segment as it is set. A new rule puts all customers into segments anew, shortly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SegmentDefinition {
    /// One of its own over all schemes; stays what it was when it was made.
    #[validate(length(min = 1, max = 40))]
    #[cfg_attr(feature = "schema", schema(pattern = "^[a-z][a-z0-9_]{0,39}$", example = "retiree"))]
    pub code: String,
    #[validate(nested)]
    pub name: LocalName,
    #[serde(default)]
    #[validate(nested)]
    pub description: Option<LocalText>,
    #[validate(range(min = 1, max = 1000))]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 1000))]
    pub rank: i32,
    #[validate(length(min = 1, max = 2048))]
    #[cfg_attr(
        feature = "schema",
        schema(min_length = 1, max_length = 2048, example = r#"age ge 50 and occupation in ("退休")"#)
    )]
    pub rule: String,
    pub risk_from: RiskAppetite,
    pub risk_to: RiskAppetite,
    pub contribution: SegmentLevel,
    pub service_cost: SegmentLevel,
    #[serde(default)]
    #[validate(range(min = 1, max = 3650))]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 3650))]
    pub cadence_days: Option<u32>,
    #[serde(default)]
    pub preferred_channel: Option<Channel>,
    #[serde(default)]
    #[validate(length(max = 16))]
    #[cfg_attr(feature = "schema", schema(max_items = 16))]
    pub product_preferences: Vec<ProductKind>,
    #[serde(default)]
    #[validate(length(max = 16))]
    #[cfg_attr(feature = "schema", schema(max_items = 16))]
    pub product_exclusions: Vec<ProductKind>,
    #[serde(default)]
    pub acts_as_group: bool,
}

/// A rule to be tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SegmentRule {
    #[validate(length(min = 1, max = 2048))]
    #[cfg_attr(
        feature = "schema",
        schema(min_length = 1, max_length = 2048, example = r#"age ge 50 and deposit_share ge 80"#)
    )]
    pub rule: String,
}

/// Whom a rule finds among the customers that the asking user sees. Archived customers do not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SegmentPreview {
    /// How many; counted up to 10,000. Null where they are fewer than ten and the caller sees customers masked.
    pub customers: Option<i64>,
    /// Whether there are more than were counted.
    pub more: bool,
    /// The first of them by name, up to 20; none where the caller sees customers masked.
    pub sample: Vec<RelatedCustomer>,
}

/// A scheme, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SegmentRef {
    pub id: Uuid,
    pub code: String,
    pub name: LocalName,
}

/// The segments of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomerSegments {
    /// One for each scheme that is in use, in their order.
    pub schemes: Vec<CustomerSegment>,
}

/// Where a customer stands in a scheme, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomerSegment {
    pub scheme: SegmentRef,
    /// Whether the scheme is for this customer.
    pub applies: bool,
    /// Null for a customer who is in none.
    pub segment: Option<SegmentRef>,
    /// Where the rules alone would put the customer, as far as they were last asked.
    pub by_rule: Option<SegmentRef>,
    pub source: SegmentSource,
    pub since: Option<Instant>,
    /// Why a person has decided otherwise.
    pub reason: Option<String>,
    /// The last day of that decision; null when it has no end.
    pub until: Option<NaiveDate>,
    pub decided_by: Option<UserRef>,
    /// Every comparison of the rule of `segment`, or of `by_rule` where a person has decided otherwise, with what the customer has.
    pub because: Vec<SegmentReason>,
    pub cadence_days: Option<u32>,
}

/// One comparison of a rule, asked of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SegmentReason {
    #[cfg_attr(feature = "schema", schema(example = "age ge 50"))]
    pub comparison: String,
    #[cfg_attr(feature = "schema", schema(example = "age"))]
    pub field: String,
    pub holds: bool,
    /// What the customer has in the field, as text; null where it has nothing, and for sets.
    #[cfg_attr(feature = "schema", schema(example = "63"))]
    pub value: Option<String>,
}

/// Puts a customer into a segment, whatever the rules say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SegmentOverride {
    /// One of the scheme; null for none of them.
    pub segment_id: Option<Uuid>,
    #[validate(length(min = 1, max = 500))]
    #[cfg_attr(
        feature = "schema",
        schema(min_length = 1, max_length = 500, example = "He has told me that he has retired")
    )]
    pub reason: String,
    /// The last day of it, today or later; without it, until somebody ends it.
    #[serde(default)]
    pub until: Option<NaiveDate>,
}

/// How many of the customers that the asking user sees are in which segment. Archived customers do not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SegmentReport {
    pub as_of: Instant,
    /// Segments without customers are left out.
    pub segments: Vec<SegmentShare>,
    /// Customers whom a scheme is for and who are in none of its segments, by scheme.
    pub unplaced: Vec<UnplacedShare>,
}

/// What one segment adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SegmentShare {
    pub segment_id: Uuid,
    pub customers: i64,
    pub aum: Money,
}

/// Customers in none of the segments of a scheme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UnplacedShare {
    pub scheme_id: Uuid,
    pub customers: i64,
    pub aum: Money,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priority_follows_from_what_a_segment_brings_and_costs() {
        use SegmentLevel::{High, Low, LowMid, Mid, MidHigh};
        for (contribution, cost, priority) in [
            (High, LowMid, SegmentPriority::First),
            (MidHigh, Mid, SegmentPriority::First),
            (Mid, Mid, SegmentPriority::Second),
            (MidHigh, High, SegmentPriority::Second),
            (Low, Mid, SegmentPriority::Third),
            (Mid, MidHigh, SegmentPriority::Third),
            (Low, Low, SegmentPriority::Second),
        ] {
            assert_eq!(SegmentPriority::of(contribution, cost), priority, "{contribution} {cost}");
        }
    }
}
