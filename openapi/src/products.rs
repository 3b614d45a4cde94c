use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;
use validator::Validate;

use crate::common::{clearable, present};
use crate::{Instant, LocalName, ProductKind, RiskGrade};

/// A product that the bank offers or knows customers to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Product {
    pub id: Uuid,
    /// The bank's own code of the product, unique.
    #[cfg_attr(feature = "schema", schema(example = "td_1y"))]
    pub code: String,
    pub kind: ProductKind,
    pub name: LocalName,
    /// Null where the product has no grade.
    pub risk_grade: Option<RiskGrade>,
    /// ISO 4217 code in which it is held unless a holding says otherwise.
    #[cfg_attr(feature = "schema", schema(example = "CNY"))]
    pub currency: String,
    /// Whether what is held of it belongs to the assets under management.
    pub counts_as_asset: bool,
    /// Days from opening to maturity; null where it has no term.
    pub term_days: Option<u32>,
    /// Conditions in the bank's words.
    pub terms: Option<String>,
    pub archived_at: Option<Instant>,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// A product, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ProductRef {
    pub id: Uuid,
    pub code: String,
    pub kind: ProductKind,
    pub name: LocalName,
}

/// A product to be added to the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewProduct {
    #[validate(length(min = 1, max = 40))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 40))]
    #[cfg_attr(feature = "schema", schema(pattern = "^[A-Za-z0-9_-]{1,40}$", example = "td_1y"))]
    pub code: String,
    pub kind: ProductKind,
    #[validate(nested)]
    pub name: LocalName,
    #[serde(default)]
    pub risk_grade: Option<RiskGrade>,
    #[validate(length(equal = 3))]
    #[cfg_attr(feature = "schema", schema(pattern = "^[A-Z]{3}$", example = "CNY"))]
    pub currency: String,
    /// Without it, as usual for the kind: all but cards and loans.
    #[serde(default)]
    pub counts_as_asset: Option<bool>,
    #[serde(default)]
    #[validate(range(min = 1, max = 36500))]
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 36500))]
    pub term_days: Option<u32>,
    #[serde(default)]
    #[validate(length(max = 2000))]
    #[cfg_attr(feature = "schema", schema(max_length = 2000))]
    pub terms: Option<String>,
}

/// Changes to a product; absent members stay as they are, `null` clears. Its kind and currency stay what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ProductPatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 40))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 40))]
    #[cfg_attr(feature = "schema", schema(pattern = "^[A-Za-z0-9_-]{1,40}$", nullable = false))]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(nested)]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub name: Option<LocalName>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<RiskGrade>))]
    pub risk_grade: Option<Option<RiskGrade>>,
    /// The customers who hold it are valued anew.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub counts_as_asset: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[validate(range(min = 1, max = 36500))]
    #[cfg_attr(feature = "schema", schema(value_type = Option<u32>, minimum = 1, maximum = 36500))]
    pub term_days: Option<Option<u32>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "clearable")]
    #[validate(length(max = 2000))]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, max_length = 2000))]
    pub terms: Option<Option<String>>,
}

/// Units of the base currency for one unit of another: integer of 1/100000000; on the wire a string with eight decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(pub i64);

impl Rate {
    /// One for one.
    pub const ONE: Rate = Rate(100_000_000);

    /// Reads a positive decimal with up to six digits before and eight after the point; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let fits = (1..=6).contains(&whole.len()) && fraction.len() <= 8 && digits(whole) && digits(fraction);
        if !fits || (text.contains('.') && fraction.is_empty()) {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let parts: i64 = format!("{fraction:0<8}").parse().ok()?;
        Some(Rate(whole * 100_000_000 + parts)).filter(|rate| rate.0 > 0)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:08}", self.0 / 100_000_000, self.0 % 100_000_000)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Rate::parse(&text)
            .ok_or_else(|| de::Error::custom("expected a positive decimal string with up to eight places"))
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for Rate {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("Positive decimal with up to eight places; answers always have eight"))
            .pattern(Some(r"^[0-9]{1,6}(\.[0-9]{1,8})?$"))
            .examples([serde_json::json!("7.12345678")])
            .into()
    }
}
#[cfg(feature = "schema")]
impl utoipa::ToSchema for Rate {}

/// What one unit of a currency is worth in the base currency from a day on, until the next rate of that currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ExchangeRate {
    pub id: Uuid,
    /// ISO 4217 code.
    #[cfg_attr(feature = "schema", schema(example = "USD"))]
    pub currency: String,
    /// In the bank's zone.
    pub valid_from: NaiveDate,
    pub rate: Rate,
    /// Raised when the rate of a day is put right.
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// A rate from a day on. One for a currency and day that have a rate takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewExchangeRate {
    #[validate(length(equal = 3))]
    #[cfg_attr(feature = "schema", schema(pattern = "^[A-Z]{3}$", example = "USD"))]
    pub currency: String,
    pub valid_from: NaiveDate,
    pub rate: Rate,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_written_exactly() {
        for (text, value) in [("7.12345678", 712_345_678), ("1", 100_000_000), ("0.00000001", 1)] {
            assert_eq!(Rate::parse(text), Some(Rate(value)), "{text}");
        }
        for text in ["", "0", "0.0", "-1", ".5", "1.", "1.123456789", "1234567", "1e3", "+1"] {
            assert_eq!(Rate::parse(text), None, "{text}");
        }
        assert_eq!(Rate(712_345_678).to_string(), "7.12345678");
        assert_eq!(Rate(1).to_string(), "0.00000001");
    }
}
