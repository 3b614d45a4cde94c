use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::{
    Instant, Money, ResultFigures, SurveyRef, SurveyStatus, Tier, UnitRef, UserRef, WithheldBecause,
};

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

/// How complete the profiles of all customers are that the asking user sees, by who is responsible and by unit. Archived customers do not
/// count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DataQualityReport {
    pub as_of: Instant,
    /// The share of the demanded pieces, by weight and in percent, that customers at gold and above must reach.
    pub required_percent: i32,
    /// All of them.
    pub total: QualityFigures,
    /// By who is responsible, whoever has most to complete first.
    #[cfg_attr(feature = "schema", schema(max_items = 200))]
    pub books: Vec<BookQuality>,
    /// How many books there are, listed or not.
    pub books_in_all: i64,
    /// By unit, without the units below it, the one with most to complete first; those without customers are left out.
    #[cfg_attr(feature = "schema", schema(max_items = 200))]
    pub units: Vec<UnitQuality>,
    /// How many units with customers there are, listed or not.
    pub units_in_all: i64,
}

/// How complete the profiles of some customers are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct QualityFigures {
    pub customers: i64,
    /// The mean of their completeness, 0 to 100 with one decimal; null while none is worked out.
    pub completeness: Option<f64>,
    /// Customers at gold and above.
    pub demanded: i64,
    /// Those among them whose data must be completed.
    pub data_gaps: i64,
    /// The share of customers at gold and above that reach what is demanded, 0 to 1; null where there are none.
    pub reached: Option<f64>,
}

/// The customers of one relationship manager, or those of nobody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct BookQuality {
    /// Who is responsible; null for the customers of nobody.
    pub owner: Option<UserRef>,
    pub figures: QualityFigures,
}

/// The customers of one unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UnitQuality {
    pub unit: UnitRef,
    pub figures: QualityFigures,
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

/// Contacts that every relationship manager should have on a working day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ContactTargets {
    /// Visits, meetings at the branch and by video at which the customer was met.
    #[validate(range(min = 0, max = 1000))]
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 1000, example = 5))]
    pub meetings_a_day: i32,
    /// Calls in which the customer was reached.
    #[validate(range(min = 0, max = 1000))]
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 1000, example = 20))]
    pub connected_calls_a_day: i32,
}

/// The targets as they are now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ContactTargetPolicy {
    pub targets: ContactTargets,
    pub version: i64,
    pub updated_at: Instant,
}

/// Contacts of this week against their targets, of the relationship managers of the asking user's unit and of those below it; for whoever
/// looks after an own book, the own ones alone. A contact counts for its author, whoever looks after the customer now; archived ones do
/// not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ContactReport {
    pub as_of: Instant,
    /// The Monday of this week in the zone of the bank.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = Date))]
    pub from: NaiveDate,
    /// When that Monday begins: contacts from then on count.
    pub from_instant: Instant,
    /// Days from Monday to Friday, up to and with today.
    pub working_days: i32,
    pub targets: ContactTargets,
    /// All of them together.
    pub total: ContactCounts,
    /// What all of them together should have had by the end of today.
    pub target: ContactCounts,
    /// By name.
    #[cfg_attr(feature = "schema", schema(max_items = 200))]
    pub managers: Vec<ManagerContacts>,
    /// How many relationship managers there are, listed or not.
    pub managers_in_all: i64,
}

/// Numbers of contacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ContactCounts {
    /// Visits, meetings at the branch and by video at which the customer was met.
    pub meetings: i64,
    /// Calls in which the customer was reached.
    pub connected_calls: i64,
}

/// The contacts of one relationship manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ManagerContacts {
    pub manager: UserRef,
    pub unit: UnitRef,
    pub counts: ContactCounts,
}

/// Active holdings of the customers that the asking user sees, by how soon they mature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MaturityReport {
    pub as_of: Instant,
    /// Today in the zone of the bank, with which every span begins.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = Date))]
    pub from: NaiveDate,
    /// 7, 30 and 90 days; each has the ones before it in it.
    pub spans: Vec<MaturitySpan>,
}

/// What matures within some days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct MaturitySpan {
    pub days: i32,
    /// Its last day.
    #[cfg_attr(feature = "schema", schema(value_type = String, format = Date))]
    pub until: NaiveDate,
    pub holdings: i64,
    /// The value of those among them that count as assets, in the base currency.
    pub assets: Money,
}

/// What came of the latest surveys, over the customers that the asking user sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SatisfactionReport {
    pub as_of: Instant,
    /// The share of satisfied answers that is aimed at.
    pub target_satisfaction: f64,
    /// Surveys that are or were open, the latest first.
    #[cfg_attr(feature = "schema", schema(max_items = 5))]
    pub surveys: Vec<SurveyFigures>,
}

/// The figures of one survey.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SurveyFigures {
    pub survey: SurveyRef,
    pub status: SurveyStatus,
    pub invited: i64,
    pub answered: i64,
    /// Null where nobody was invited.
    pub response_rate: Option<f64>,
    /// Why there are no figures.
    pub withheld: Option<WithheldBecause>,
    pub figures: Option<ResultFigures>,
}
