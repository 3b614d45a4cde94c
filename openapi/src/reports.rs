use serde::{Deserialize, Serialize};

use crate::{Instant, Money, Tier, UnitRef};

/// Customers and assets under management of everything that the asking user sees, by tier and by unit. Archived customers do not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PortfolioReport {
    pub as_of: Instant,
    /// All of them.
    pub customers: i64,
    /// In the base currency.
    pub aum: Money,
    /// Every tier, from private banking down, also those without customers.
    pub tiers: Vec<TierShare>,
    /// The units with the most assets first; those without customers are left out.
    #[cfg_attr(feature = "schema", schema(max_items = 200))]
    pub units: Vec<UnitShare>,
    /// How many units with customers there are, listed or not.
    pub units_in_all: i64,
}

/// What one tier adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TierShare {
    pub tier: Tier,
    pub customers: i64,
    pub aum: Money,
}

/// What one unit adds, without the units below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UnitShare {
    pub unit: UnitRef,
    pub customers: i64,
    pub aum: Money,
}
