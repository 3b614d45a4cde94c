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
