use std::fmt;

use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use validator::Validate;

use crate::Language;

/// A moment in UTC, to the microsecond; on the wire RFC 3339 with six digits, `2026-11-22T02:30:00.123456Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub DateTime<Utc>);

impl Instant {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn micros(self) -> i64 {
        self.0.timestamp_micros()
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time) = (self.0.date_naive(), self.0.time());
        let (Ok(year @ 0..=9999), nanos @ 0..1_000_000_000) = (u32::try_from(date.year()), time.nanosecond())
        else {
            return f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true));
        };
        // Lists have three of these a line, and chrono's formatter takes several times as long.
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let parts = [
            (0..4, year),
            (5..7, date.month()),
            (8..10, date.day()),
            (11..13, time.hour()),
            (14..16, time.minute()),
            (17..19, time.second()),
            (20..26, nanos / 1000),
        ];
        for (place, mut value) in parts {
            for digit in text.get_mut(place).unwrap_or_default().iter_mut().rev() {
                *digit = b'0' + u8::try_from(value % 10).unwrap_or_default();
                value /= 10;
            }
        }
        f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text)
            .map(|at| Instant(at.with_timezone(&Utc)))
            .map_err(|_| de::Error::custom("expected an RFC 3339 instant"))
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for Instant {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::DateTime)))
            .description(Some("UTC, RFC 3339 with six digits"))
            .examples([serde_json::json!("2026-11-22T02:30:00.123456Z")])
            .into()
    }
}
#[cfg(feature = "schema")]
impl utoipa::ToSchema for Instant {}

/// An exact amount: integer of 1/10000 of the currency's unit; on the wire a string with four decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub i64);

impl Amount {
    /// Reads a decimal with up to four places, such as `1234.56`; `None` if it is anything else or too large.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || fraction.len() > 4 || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        if digits.contains('.') && fraction.is_empty() {
            return None;
        }
        let units: i64 = whole.parse().ok()?;
        let parts: i64 = format!("{fraction:0<4}").parse().ok()?;
        let value = units.checked_mul(10_000)?.checked_add(parts)?;
        Some(Amount(if negative { -value } else { value }))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let value = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:04}", value / 10_000, value % 10_000)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Amount::parse(&text)
            .ok_or_else(|| de::Error::custom("expected a decimal string with up to four places"))
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for Amount {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("Decimal with up to four places; answers always have four"))
            .pattern(Some(r"^-?[0-9]{1,14}(\.[0-9]{1,4})?$"))
            .examples([serde_json::json!("1234.5600")])
            .into()
    }
}
#[cfg(feature = "schema")]
impl utoipa::ToSchema for Amount {}

/// Money: an exact amount and its currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Money {
    pub amount: Amount,
    /// ISO 4217 code.
    #[validate(custom(function = currency_code))]
    #[cfg_attr(feature = "schema", schema(pattern = "^[A-Z]{3}$", example = "CNY"))]
    pub currency: String,
}

fn currency_code(code: &str) -> Result<(), validator::ValidationError> {
    if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) {
        Ok(())
    } else {
        Err(validator::ValidationError::new("currency"))
    }
}

/// A name that an administrator enters in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LocalName {
    #[serde(rename = "zh-CN")]
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100))]
    #[cfg_attr(feature = "schema", schema(example = "滨江支行"))]
    pub zh_cn: String,
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100))]
    #[cfg_attr(feature = "schema", schema(example = "Riverside branch"))]
    pub en: String,
}

impl LocalName {
    /// The name in one language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::ZhCn => &self.zh_cn,
            Language::En => &self.en,
        }
    }
}

/// Reads a member of a merge patch: absent is `None` (with `#[serde(default)]`), `null` is `Some(None)`.
pub(crate) fn clearable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Reads a member that may be absent (with `#[serde(default)]`) but not `null`, which would clear what cannot be cleared.
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written_exactly() {
        for (text, value) in [
            ("0", 0),
            ("1234.5600", 12_345_600),
            ("-0.0001", -1),
            ("12.3", 123_000),
            ("100000", 1_000_000_000),
        ] {
            assert_eq!(Amount::parse(text), Some(Amount(value)), "{text}");
        }
        for text in ["", "-", ".5", "1.", "1.23456", "1e3", "+1", " 1", "99999999999999999999", "1,000"] {
            assert_eq!(Amount::parse(text), None, "{text}");
        }
        assert_eq!(Amount(-1).to_string(), "-0.0001");
        assert_eq!(Amount(12_345_600).to_string(), "1234.5600");
    }

    #[test]
    fn instants_have_six_digits() {
        let at: Instant = serde_json::from_str("\"2026-11-22T10:30:00+08:00\"").unwrap();
        assert_eq!(serde_json::to_string(&at).unwrap(), "\"2026-11-22T02:30:00.000000Z\"");
    }

    #[test]
    fn instants_of_all_times_are_written_as_chrono_writes_them() {
        let (first, last) = (-80_000_000_000_000_000_i64, 300_000_000_000_000_000);
        for micros in (first..last).step_by(1_234_567_890_123) {
            let at = DateTime::from_timestamp_micros(micros).unwrap();
            assert_eq!(Instant(at).to_string(), at.to_rfc3339_opts(SecondsFormat::Micros, true));
        }
        let leap = DateTime::from_timestamp(1_483_228_799, 1_500_000_000).unwrap();
        assert_eq!(Instant(leap).to_string(), "2016-12-31T23:59:60.500000Z");
    }
}
