use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::codes::codes;
use crate::{
    Amount, BusinessState, CustomerKind, IncomeBand, Instant, InteractionKind, Money, OrganisationSize,
    ProductKind,
};

codes! {
    /// What a customer is judged by.
    GradePart {
        /// The average of the assets, in the base currency.
        Assets = "assets",
        /// What the customer brings in a year less what serving it costs, in the base currency.
        Contribution = "contribution",
        /// The number of kinds of products held.
        Depth = "depth",
        IncomeBand = "income_band",
        /// What is known to be held at other banks, in the base currency.
        OutsideAssets = "outside_assets",
        /// The number of needs on record.
        Needs = "needs",
        /// Full years since the customer became one.
        Loyalty = "loyalty",
        /// Purchases of the last 365 days.
        PurchaseFrequency = "purchase_frequency",
        /// Complaints and low survey answers of the last 365 days.
        Complaints = "complaints",
        CreditRating = "credit_rating",
        OrganisationSize = "organisation_size",
        BusinessState = "business_state",
    }
}

codes! {
    /// What the value of a part is.
    GradeMeasure {
        Money = "money",
        Number = "number",
        Code = "code",
    }
}

impl GradePart {
    /// Whether customers of a kind can be judged by it.
    pub const fn is_for(self, kind: CustomerKind) -> bool {
        match self {
            GradePart::IncomeBand => matches!(kind, CustomerKind::Person),
            GradePart::CreditRating | GradePart::OrganisationSize | GradePart::BusinessState => {
                matches!(kind, CustomerKind::Organisation)
            }
            _ => true,
        }
    }

    /// What its value is.
    pub const fn measure(self) -> GradeMeasure {
        match self {
            GradePart::Assets | GradePart::Contribution | GradePart::OutsideAssets => GradeMeasure::Money,
            GradePart::Depth
            | GradePart::Needs
            | GradePart::Loyalty
            | GradePart::PurchaseFrequency
            | GradePart::Complaints => GradeMeasure::Number,
            GradePart::IncomeBand
            | GradePart::CreditRating
            | GradePart::OrganisationSize
            | GradePart::BusinessState => GradeMeasure::Code,
        }
    }

    /// The codes that its value can be; none where it is a number, or any text.
    pub const fn codes(self) -> Option<&'static [&'static str]> {
        match self {
            GradePart::IncomeBand => Some(IncomeBand::CODES),
            GradePart::OrganisationSize => Some(OrganisationSize::CODES),
            GradePart::BusinessState => Some(BusinessState::CODES),
            _ => None,
        }
    }
}

codes! {
    /// What recency and frequency of purchases say of a customer, each from 1 to 5.
    RfmClass {
        /// Recency and frequency of 4 or more.
        Champion = "champion",
        /// Recency and frequency of 3 or more.
        Loyal = "loyal",
        /// Recency of 4 or more, but seldom.
        Recent = "recent",
        /// Frequency of 3 or more, but not lately.
        AtRisk = "at_risk",
        /// Recency of 3, and seldom.
        Occasional = "occasional",
        /// Neither lately nor often.
        Dormant = "dormant",
    }
}

impl RfmClass {
    /// The class of a customer with these scores.
    pub const fn of(recency: u32, frequency: u32) -> Self {
        match (recency, frequency) {
            (4.., 4..) => RfmClass::Champion,
            (3.., 3..) => RfmClass::Loyal,
            (4.., _) => RfmClass::Recent,
            (_, 3..) => RfmClass::AtRisk,
            (3, _) => RfmClass::Occasional,
            _ => RfmClass::Dormant,
        }
    }
}

/// How customers are graded, and what they are thought to bring and to cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct GradePolicy {
    pub rules: GradeRules,
    pub version: i64,
    pub updated_at: Instant,
}

/// The rules of grades, set together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GradeRules {
    /// From the best to the last, which begins at 0.
    #[validate(length(min = 2, max = 10), nested)]
    #[cfg_attr(feature = "schema", schema(min_items = 2, max_items = 10))]
    pub grades: Vec<GradeRule>,
    /// What persons are judged by; the weights are 100 together.
    #[validate(length(min = 1, max = 12), nested)]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 12))]
    pub person: Vec<GradePartRule>,
    /// What organisations are judged by; the weights are 100 together.
    #[validate(length(min = 1, max = 12), nested)]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 12))]
    pub organisation: Vec<GradePartRule>,
    /// What holdings bring in a year, by the kind of product; kinds that are not named bring nothing.
    #[validate(length(max = 40), nested)]
    #[cfg_attr(feature = "schema", schema(max_items = 40))]
    pub income: Vec<IncomeRule>,
    #[validate(nested)]
    pub costs: ServiceCosts,
    #[validate(nested)]
    pub rfm: RfmRules,
    /// How many of a hundred customers are lost in a year: of those who hold no kind of products, one kind, two, three, four, and five or
    /// more.
    #[validate(length(min = 6, max = 6), custom(function = percents))]
    #[cfg_attr(feature = "schema", schema(min_items = 6, max_items = 6, example = json!([62, 62, 52, 42, 27, 12])))]
    pub attrition_percent: Vec<u32>,
    /// By so much a year what comes later is worth less.
    #[validate(range(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 100, example = 10))]
    pub discount_percent: u32,
}

fn percents(values: &[u32]) -> Result<(), validator::ValidationError> {
    if values.iter().all(|value| *value <= 100) {
        Ok(())
    } else {
        Err(validator::ValidationError::new("percent"))
    }
}

/// One grade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GradeRule {
    /// One to four capital letters or figures, a letter first.
    #[validate(length(min = 1, max = 4))]
    #[cfg_attr(feature = "schema", schema(pattern = "^[A-Z][A-Z0-9]{0,3}$", example = "A"))]
    pub code: String,
    /// The score from which a customer has it.
    #[validate(range(max = 100))]
    #[cfg_attr(feature = "schema", schema(maximum = 100, example = 60))]
    pub from_score: u32,
    /// Most days between two contacts; null where the grade demands none.
    #[serde(default)]
    #[validate(range(min = 1, max = 3650))]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 3650))]
    pub cadence_days: Option<u32>,
}

/// How much a part weighs, and how many points its value is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GradePartRule {
    pub part: GradePart,
    #[validate(range(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 100))]
    pub weight: u32,
    /// Where the value is an amount or a number: the points from each value on, rising values; below the first there are none.
    #[serde(default)]
    #[validate(length(max = 20), nested)]
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    pub steps: Vec<GradeStep>,
    /// Where the value is a code: the points of each; those that are not named have none.
    #[serde(default)]
    #[validate(length(max = 40), nested)]
    #[cfg_attr(feature = "schema", schema(max_items = 40))]
    pub codes: Vec<GradeCode>,
}

/// The points from a value on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GradeStep {
    /// In the unit of the part: the base currency, or how many.
    pub from: Amount,
    #[validate(range(max = 100))]
    #[cfg_attr(feature = "schema", schema(maximum = 100))]
    pub points: u32,
}

/// The points of a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GradeCode {
    #[validate(length(min = 1, max = 40))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 40, example = "AAA"))]
    pub code: String,
    #[validate(range(max = 100))]
    #[cfg_attr(feature = "schema", schema(maximum = 100))]
    pub points: u32,
}

/// What active holdings of a kind bring in a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct IncomeRule {
    pub kind: ProductKind,
    /// Of the value, in hundredths of a percent.
    #[validate(range(max = 10_000))]
    #[cfg_attr(feature = "schema", schema(maximum = 10_000, example = 80))]
    pub margin_basis_points: u32,
    /// Of each holding, in the base currency.
    pub fee: Amount,
}

/// What serving a customer costs, in the base currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ServiceCosts {
    /// In a year, whoever the customer is.
    pub per_year: Amount,
    /// Each contact of the last 365 days, by its kind; kinds that are not named cost nothing.
    #[validate(length(max = 40))]
    #[cfg_attr(feature = "schema", schema(max_items = 40))]
    pub contacts: Vec<ContactCost>,
}

/// What a contact of a kind costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ContactCost {
    pub kind: InteractionKind,
    pub cost: Amount,
}

/// The four limits between the scores 1 to 5 of recency, frequency and monetary value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RfmRules {
    /// Days since the last purchase, rising: up to the first is 5, beyond the last, or never, is 1.
    #[validate(length(min = 4, max = 4))]
    #[cfg_attr(feature = "schema", schema(min_items = 4, max_items = 4, example = json!([30, 90, 180, 365])))]
    pub recency_days: Vec<u32>,
    /// Purchases of the last 365 days, rising: below the first is 1, from the last on is 5.
    #[validate(length(min = 4, max = 4))]
    #[cfg_attr(feature = "schema", schema(min_items = 4, max_items = 4, example = json!([1, 3, 6, 12])))]
    pub frequency: Vec<u32>,
    /// What was bought in the last 365 days, in the base currency, rising: below the first is 1, from the last on is 5.
    #[validate(length(min = 4, max = 4))]
    #[cfg_attr(feature = "schema", schema(min_items = 4, max_items = 4))]
    pub monetary: Vec<Amount>,
}

/// The grade of a customer and what it is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomerValue {
    #[cfg_attr(feature = "schema", schema(example = "A"))]
    pub grade: String,
    /// Of 100.
    pub score: u32,
    /// What the customer brings in a year less what serving it costs.
    pub contribution: Money,
    pub lifetime_value: Money,
}

/// The grade of a customer with everything that it follows from, as of now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomerGrade {
    #[cfg_attr(feature = "schema", schema(example = "A"))]
    pub grade: String,
    /// Of 100: the points of the parts, each by its weight, rounded to the nearest.
    pub score: u32,
    /// The score from which the customer would have the next better grade; null for the best.
    pub next_from_score: Option<u32>,
    pub parts: Vec<ScoredPart>,
    /// What the customer brings in a year, by the kind of product.
    pub income: Vec<KindIncome>,
    /// What serving it costs in a year.
    pub costs: Vec<KindCost>,
    /// Income less costs.
    pub contribution: Money,
    pub lifetime_value: LifetimeValue,
    pub rfm: Rfm,
    pub as_of: NaiveDate,
}

/// A part of the score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ScoredPart {
    pub part: GradePart,
    /// An amount in the base currency, a number or a code; null where nothing is known, which is worth no points.
    pub value: Option<String>,
    /// Of 100.
    pub points: u32,
    /// Of 100 for all parts.
    pub weight: u32,
}

/// What holdings of a kind bring in a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct KindIncome {
    pub kind: ProductKind,
    pub holdings: u32,
    pub value: Money,
    pub margin_basis_points: u32,
    pub income: Money,
}

/// What contacts of a kind have cost in the last 365 days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct KindCost {
    /// Null for what every customer costs in a year.
    pub kind: Option<InteractionKind>,
    /// Null with the kind.
    pub contacts: Option<u32>,
    pub cost: Money,
}

/// What a customer is worth to the bank over the years: `contribution * r / (1 + i - r)`, where `r` is the part of such customers that
/// stays in a year and `i` the discount, for a contribution that stays the same (Gupta and Lehmann, Customers as Assets, Journal of
/// Interactive Marketing 17, 2003).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LifetimeValue {
    pub value: Money,
    /// How many of a hundred who hold as many kinds of products stay in a year.
    pub retention_percent: u32,
    pub discount_percent: u32,
}

/// Recency, frequency and monetary value of purchases: holdings that were opened, and what was deposited, bought or brought in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Rfm {
    pub last_purchase_on: Option<NaiveDate>,
    /// In the last 365 days.
    pub purchases: u32,
    /// In the last 365 days, without the fractions of a unit.
    pub purchased: Money,
    /// From 1 to 5, as are the others.
    pub recency: u32,
    pub frequency: u32,
    pub monetary: u32,
    pub class: RfmClass,
}

/// Who carries the bank: what the customers that the caller sees bring, by grade and from the most valuable to the least.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ValueReport {
    /// Without archived and lost ones.
    pub customers: i64,
    /// Income less costs of a year, of all of them.
    pub contribution: Money,
    /// From the best to the last.
    pub grades: Vec<GradeShare>,
    /// Customers and their contribution together, from the most valuable on: a point for each band of value, which are ten to a power of ten.
    pub curve: Vec<CurvePoint>,
    /// How many of the most valuable customers bring 80 percent of the contribution of all; null when all together bring nothing.
    pub carrying: Option<i64>,
    /// Customers who cost more than they bring.
    pub unprofitable: ValueShare,
    pub rfm: Vec<RfmShare>,
    pub as_of: Instant,
}

/// Customers of a grade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct GradeShare {
    pub grade: String,
    pub customers: i64,
    pub contribution: Money,
    /// Customers with this grade when they were lost, in this month and the eleven before it.
    pub lost: i64,
    /// How many of a hundred have stayed, of those who are there and those lost; null for none.
    pub retention_percent: Option<u32>,
}

/// A point of the curve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CurvePoint {
    pub customers: i64,
    pub contribution: Money,
}

/// Customers and what they contribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ValueShare {
    pub customers: i64,
    pub contribution: Money,
}

/// Customers with scores of recency and frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RfmShare {
    pub recency: u32,
    pub frequency: u32,
    pub class: RfmClass,
    pub customers: i64,
}
