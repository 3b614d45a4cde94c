use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::{CustomerKind, Instant, RelatedCustomer, Tier, UnitRef, UserRef};

/// By which rules customers fall back into the pool of their unit, and are taken from there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PoolPolicy {
    /// For tiers that have a rule; customers of others never fall back.
    pub rules: Vec<PoolRule>,
    /// How many days before whoever is responsible is told; nobody falls back without it.
    pub notice_days: u32,
    /// How many customers a relationship manager may take a day; null for any number.
    pub claims_per_day: Option<u32>,
    /// For how many days whoever was responsible last may not take a customer back.
    pub hold_days: u32,
    pub version: i64,
    pub updated_at: Instant,
}

/// After how many days without a contact customers of a tier fall back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PoolRule {
    pub tier: Tier,
    #[validate(range(min = 30, max = 3650))]
    #[cfg_attr(feature = "schema", schema(minimum = 30, maximum = 3650, example = 180))]
    pub days: u32,
}

/// Rules to set, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PoolPolicyDefinition {
    #[validate(length(max = 5), nested)]
    #[cfg_attr(feature = "schema", schema(max_items = 5))]
    pub rules: Vec<PoolRule>,
    #[validate(range(min = 1, max = 90))]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 90, example = 14))]
    pub notice_days: u32,
    #[validate(range(min = 1, max = 1000))]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 1000, example = 10))]
    pub claims_per_day: Option<u32>,
    #[validate(range(max = 365))]
    #[cfg_attr(feature = "schema", schema(maximum = 365, example = 30))]
    pub hold_days: u32,
}

/// A customer in the pool: nobody is responsible, and relationship managers of the unit may take it. Little is told before somebody does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PoolCustomer {
    /// The customer's.
    pub id: Uuid,
    #[cfg_attr(feature = "schema", schema(example = "C000000018"))]
    pub customer_no: String,
    pub name: String,
    pub kind: CustomerKind,
    pub tier: Tier,
    pub city: Option<String>,
    pub org_unit: UnitRef,
    /// Who was responsible last.
    pub previous_owner: UserRef,
    pub fell_at: Instant,
    pub last_contacted_at: Option<Instant>,
    /// The day from which on you may take it; null where that is not for you.
    pub claimable_from: Option<NaiveDate>,
    /// Of the customer.
    pub version: i64,
}

/// A customer that is about to fall back into the pool unless somebody contacts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PoolWarning {
    /// The customer's.
    pub id: Uuid,
    pub customer: RelatedCustomer,
    pub org_unit: UnitRef,
    pub owner: Option<UserRef>,
    pub last_contacted_at: Option<Instant>,
    pub falls_on: NaiveDate,
}
