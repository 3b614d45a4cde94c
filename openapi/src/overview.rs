use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Customer, CustomerTag, Holding, Interaction, Money, ProductRef, SurveyAnswer, Task};

/// A customer and everything that one wants to know before a contact, in one answer. What a role does not see is null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CustomerOverview {
    pub customer: Customer,
    /// The last contacts, newest first.
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    pub interactions: Option<Vec<Interaction>>,
    /// What the customer holds, active ones first, the greatest first; closed ones are left out.
    #[cfg_attr(feature = "schema", schema(max_items = 200))]
    pub holdings: Option<Vec<Holding>>,
    /// Open tasks about the customer, those due first before others.
    #[cfg_attr(feature = "schema", schema(max_items = 50))]
    pub tasks: Option<Vec<Task>>,
    /// The last answers to surveys, newest first.
    #[cfg_attr(feature = "schema", schema(max_items = 5))]
    pub survey_answers: Option<Vec<SurveyAnswer>>,
    /// By name.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(max_items = 30))]
    pub tags: Option<Vec<CustomerTag>>,
    /// What matures next, from today on.
    pub next_maturity: Option<NextMaturity>,
    /// Which part of what the customer owns lies here; null where nothing is known of other banks.
    #[serde(default)]
    pub wallet: Option<ShareOfWallet>,
}

/// Share of wallet: assets here ÷ (assets here + estimates of those at other banks), in the base currency at today's rates. Loans and cards are
/// no assets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ShareOfWallet {
    /// Assets under management.
    pub inside: Money,
    /// The estimates together.
    pub outside: Money,
    /// In whole percent; null while nothing has an estimate.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 100, example = 62))]
    pub percent: Option<u8>,
    /// Assets at other banks that are left out, having no estimate or being in a currency without a rate.
    pub left_out: u32,
    /// The day of the oldest estimate that counts.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = Date))]
    pub oldest: Option<NaiveDate>,
}

/// The holding that matures next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NextMaturity {
    pub holding_id: Uuid,
    pub product: ProductRef,
    #[cfg_attr(feature = "schema", schema(value_type = String, format = Date))]
    pub matures_on: NaiveDate,
    pub auto_renewal: bool,
    /// In the base currency.
    pub value: Money,
}
