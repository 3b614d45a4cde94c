use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::common::{clearable, present};
use crate::{
    Amount, HoldingChannel, HoldingStatus, Instant, Money, ProductRef, QuantityUnit, Tier, TransactionKind,
};

/// What a customer holds of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Holding {
    pub id: Uuid,
    pub customer: HolderRef,
    pub product: ProductRef,
    pub status: HoldingStatus,
    /// ISO 4217 code of `amount` and `cost`.
    #[cfg_attr(feature = "schema", schema(example = "CNY"))]
    pub currency: String,
    /// What is held, in its own currency; what is owed of a loan.
    pub amount: Amount,
    /// The amount in the base currency, at today's rate; of a closed holding, at that of its last day.
    pub value: Money,
    /// Whether it belongs to the customer's assets, while it is active.
    pub counts_as_asset: bool,
    /// How much of it, where that is counted beside its amount.
    pub quantity: Option<Quantity>,
    /// What was paid for it.
    pub cost: Option<Amount>,
    pub opened_on: NaiveDate,
    pub matures_on: Option<NaiveDate>,
    /// Whether it starts again when it matures.
    pub auto_renewal: bool,
    pub closed_on: Option<NaiveDate>,
    pub channel: HoldingChannel,
    /// The end of its account or contract number; nobody keeps the rest.
    #[cfg_attr(feature = "schema", schema(example = "****4711"))]
    pub reference: Option<String>,
    pub note: Option<String>,
    /// How many transactions it has. While it has none, currency and amount can be put right.
    pub transactions: u32,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// Whose holding it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HolderRef {
    pub id: Uuid,
    pub customer_no: String,
    pub name: String,
    pub tier: Tier,
}

/// A number of grams, shares or units, with up to four decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Quantity {
    pub number: Amount,
    pub unit: QuantityUnit,
}

/// A holding to be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewHolding {
    pub product_id: Uuid,
    /// Without it, the product's.
    #[serde(default)]
    #[validate(length(equal = 3))]
    #[cfg_attr(feature = "schema", schema(pattern = "^[A-Z]{3}$", example = "CNY"))]
    pub currency: Option<String>,
    /// At the end of the day of opening, before any transaction.
    pub amount: Amount,
    #[serde(default)]
    #[validate(nested)]
    pub quantity: Option<Quantity>,
    #[serde(default)]
    pub cost: Option<Amount>,
    /// Today or earlier, in the bank's zone.
    pub opened_on: NaiveDate,
    /// Without it, the end of the product's term, if it has one.
    #[serde(default)]
    pub matures_on: Option<NaiveDate>,
    #[serde(default)]
    pub auto_renewal: bool,
    #[serde(default = "unknown")]
    pub channel: HoldingChannel,
    /// An account or contract number, of which only the last four characters are kept.
    #[serde(default)]
    #[validate(length(min = 4, max = 40))]
    #[cfg_attr(feature = "schema", schema(min_length = 4, max_length = 40))]
    pub reference: Option<String>,
    #[serde(default)]
    #[validate(length(max = 1000))]
    #[cfg_attr(feature = "schema", schema(max_length = 1000))]
    pub note: Option<String>,
}

fn unknown() -> HoldingChannel {
    HoldingChannel::Unknown
}

/// Changes to a holding; absent members stay as they are, `null` clears.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct HoldingPatch {
    /// `active` or `matured`; what is closed is opened again by its own operation.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub status: Option<HoldingStatus>,
    /// Only while it has no transactions.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(equal = 3))]
    #[cfg_attr(feature = "schema", schema(pattern = "^[A-Z]{3}$", nullable = false))]
    pub currency: Option<String>,
    /// Only while it has no transactions; after that, an adjustment changes it.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[validate(nested)]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Quantity>))]
    pub quantity: Option<Option<Quantity>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<Amount>))]
    pub cost: Option<Option<Amount>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<NaiveDate>))]
    pub matures_on: Option<Option<NaiveDate>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub auto_renewal: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub channel: Option<HoldingChannel>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[validate(length(min = 4, max = 40))]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, min_length = 4, max_length = 40))]
    pub reference: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[validate(length(max = 1000))]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, max_length = 1000))]
    pub note: Option<Option<String>>,
}

/// Closes a holding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CloseHolding {
    /// Without it, today. Not before its last transaction.
    pub closed_on: Option<NaiveDate>,
}

/// Something that moved the amount of a holding. Never changed; a wrong one is cancelled by a counter-entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HoldingTransaction {
    pub id: Uuid,
    pub holding_id: Uuid,
    pub product: ProductRef,
    /// In the bank's zone.
    pub day: NaiveDate,
    pub kind: TransactionKind,
    pub currency: String,
    /// More than nothing, except of an adjustment.
    pub amount: Amount,
    /// What it added to the amount of the holding.
    pub effect: Amount,
    pub channel: HoldingChannel,
    pub note: Option<String>,
    /// The transaction that this counter-entry cancels.
    pub reverses: Option<Uuid>,
    /// The counter-entry that cancels it.
    pub reversed_by: Option<Uuid>,
    pub created_at: Instant,
}

/// A transaction to be recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewHoldingTransaction {
    /// From the day of opening to today, in the bank's zone.
    pub day: NaiveDate,
    pub kind: TransactionKind,
    /// In the holding's currency; more than nothing, except for an adjustment.
    pub amount: Amount,
    #[serde(default = "unknown")]
    pub channel: HoldingChannel,
    #[serde(default)]
    #[validate(length(max = 500))]
    #[cfg_attr(feature = "schema", schema(max_length = 500))]
    pub note: Option<String>,
}

/// Cancels a transaction by a counter-entry of the same day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Reversal {
    /// Why it was wrong.
    #[validate(length(min = 3, max = 500))]
    #[cfg_attr(feature = "schema", schema(min_length = 3, max_length = 500, example = "Entered twice"))]
    pub reason: String,
}

/// The amount at the end of a day on which it changed. Until the next such day it stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HoldingBalance {
    pub day: NaiveDate,
    pub amount: Amount,
    pub currency: String,
}

/// What is asked of the balances of a holding, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct BalanceQuery {
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", param(nullable = false))]
    pub from: Option<NaiveDate>,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", param(nullable = false))]
    pub to: Option<NaiveDate>,
    /// Rows a page, 1 to 200; 50 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(range(min = 1, max = 200))]
    #[cfg_attr(feature = "schema", param(minimum = 1, maximum = 200, nullable = false))]
    pub limit: Option<u32>,
    /// `page.next` of the page before, with the same days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", param(max_length = 4096, nullable = false))]
    pub cursor: Option<String>,
}
