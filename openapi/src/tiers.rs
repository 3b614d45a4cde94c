use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::codes::codes;
use crate::{Amount, Instant, Money};

codes! {
    /// The layer by assets under management.
    Tier {
        Mass = "mass",
        Gold = "gold",
        Platinum = "platinum",
        Diamond = "diamond",
        Private = "private",
    }
}

impl Tier {
    /// The tier above this one.
    pub fn next(self) -> Option<Tier> {
        Tier::ALL.iter().copied().find(|tier| *tier > self)
    }
}

codes! {
    /// Why a customer came into another tier.
    TierReason {
        /// What the customer holds became worth more or less.
        Assets = "assets",
        /// The thresholds changed.
        Policy = "policy",
        Import = "import",
        /// Days passed, and the average of the assets reached another threshold.
        Average = "average",
        /// The average had been below the threshold for as long as the grace period lasts.
        GraceEnded = "grace_ended",
    }
}

codes! {
    /// Who serves the customers of a tier.
    ServicingChannel {
        PhoneCentre = "phone_centre",
        RelationshipManager = "relationship_manager",
        PrivateBanking = "private_banking",
    }
}

codes! {
    /// Which assets decide on the tier.
    TierBasis {
        /// Those of today.
        Today = "today",
        /// The mean of the ends of the last 30 days.
        MonthlyAverage = "monthly_average",
        /// The mean of the ends of the last 365 days.
        YearlyAverage = "yearly_average",
    }
}

impl TierBasis {
    /// Over how many days, today with them, the assets are averaged.
    pub const fn days(self) -> u32 {
        match self {
            TierBasis::Today => 1,
            TierBasis::MonthlyAverage => 30,
            TierBasis::YearlyAverage => 365,
        }
    }
}

codes! {
    TierPolicyState {
        /// Valid from a later day on.
        Planned = "planned",
        InForce = "in_force",
        Past = "past",
    }
}

/// What follows from the assets of a customer, from a day on: the layers, from the lowest to the highest, and how customers move between
/// them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TierPolicy {
    pub id: Uuid,
    pub state: TierPolicyState,
    /// The first day, in the bank's zone; the next policy ends it.
    pub valid_from: NaiveDate,
    pub basis: TierBasis,
    /// So many days a customer stays in a tier whose threshold the assets no longer reach.
    pub grace_days: u32,
    /// From this part of the next threshold on, in percent, a customer is a candidate for promotion.
    pub candidate_percent: u32,
    /// A customer of the lowest tier with a single transaction of this size, in the base currency, is a hidden gem.
    pub gem_amount: Amount,
    pub tiers: Vec<TierRule>,
    pub version: i64,
    pub updated_at: Instant,
}

/// One layer of customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TierRule {
    pub tier: Tier,
    /// Assets in the base currency from which a customer belongs to it; 0 for the lowest.
    pub threshold: Amount,
    /// Most days between two contacts; null where none is due.
    #[serde(default)]
    #[validate(range(min = 1, max = 3650))]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 3650))]
    pub cadence_days: Option<u32>,
    pub servicing_channel: ServicingChannel,
}

/// All layers, set together, from today on; what is absent stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TierRules {
    /// Every tier once, from the lowest to the highest, with rising thresholds. New thresholds sort all customers anew.
    #[validate(length(min = 1, max = 5), nested)]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 5))]
    pub tiers: Vec<TierRule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<TierBasis>,
    /// So many days a customer stays in a tier whose threshold the assets no longer reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(range(min = 0, max = 730))]
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 730))]
    pub grace_days: Option<u32>,
    /// From this part of the next threshold on, in percent, a customer is a candidate for promotion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(range(min = 1, max = 99))]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 99))]
    pub candidate_percent: Option<u32>,
    /// A customer of the lowest tier with a single transaction of this size, in the base currency, is a hidden gem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gem_amount: Option<Amount>,
}

/// A policy for a later day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PlannedTierPolicy {
    /// Later than today, in the bank's zone; on no day of another policy.
    pub valid_from: NaiveDate,
    pub basis: TierBasis,
    #[validate(range(min = 0, max = 730))]
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 730, example = 90))]
    pub grace_days: u32,
    #[validate(range(min = 1, max = 99))]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 99, example = 80))]
    pub candidate_percent: u32,
    pub gem_amount: Amount,
    #[validate(length(min = 1, max = 5), nested)]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 5))]
    pub tiers: Vec<TierRule>,
}

/// What of a customer's tier wants attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TierStanding {
    /// The average of the assets that the tier follows from.
    pub average_aum: Money,
    /// For candidates: the tier above and what is missing to it.
    pub promotion: Option<TierPromotion>,
    /// The end of the grace period of a customer whose average is below the threshold: on this day it falls, unless the
    /// average has risen by then.
    pub demotes_on: Option<NaiveDate>,
    /// For hidden gems: the largest single transaction on record.
    pub gem: Option<LargestTransaction>,
}

/// The next tier, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TierPromotion {
    pub tier: Tier,
    /// What the average lacks of the threshold.
    pub missing: Money,
}

/// A transaction by its size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LargestTransaction {
    /// In the base currency.
    pub amount: Money,
    pub day: Option<NaiveDate>,
}

/// A customer came into another tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TierChange {
    pub id: Uuid,
    /// Null when the customer had none on record before.
    pub from: Option<Tier>,
    pub to: Tier,
    /// The assets at that moment.
    pub aum: Money,
    /// The average that decided; null of changes from before averages.
    #[serde(default)]
    pub average_aum: Option<Money>,
    /// The threshold that the average reached, of the new tier, or fell below, of the old one; null of changes from before averages.
    #[serde(default)]
    pub threshold: Option<Money>,
    pub reason: TierReason,
    pub at: Instant,
}

/// Thresholds to be tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TierThresholds {
    /// Every tier once, from the lowest to the highest, with rising thresholds from 0 on.
    #[validate(length(min = 1, max = 5))]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 5))]
    pub tiers: Vec<TierThreshold>,
}

/// From which assets on a tier would begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TierThreshold {
    pub tier: Tier,
    /// In the base currency.
    pub threshold: Amount,
}

/// What other thresholds would make of the customers that the asking user sees, as their averages are now. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TierSimulation {
    pub as_of: Instant,
    pub basis: TierBasis,
    /// Whoever falls does so when the grace period ends.
    pub grace_days: u32,
    /// Every tier, from the lowest to the highest.
    pub tiers: Vec<SimulatedTier>,
    /// Who moves from where to where, the most assets first.
    pub moves: Vec<TierMove>,
}

/// A tier before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SimulatedTier {
    pub tier: Tier,
    /// The threshold in force.
    pub threshold_now: Amount,
    pub threshold: Amount,
    pub customers_now: i64,
    pub customers: i64,
    pub aum_now: Money,
    pub aum: Money,
}

/// Customers that would move between two tiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TierMove {
    pub from: Tier,
    pub to: Tier,
    pub customers: i64,
    pub aum: Money,
    /// A filter for the list of customers that finds these.
    #[cfg_attr(
        feature = "schema",
        schema(example = r#"tier eq "platinum" and average_aum ge 1000000 and average_aum lt 2000000"#)
    )]
    pub filter: String,
}
