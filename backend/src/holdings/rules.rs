//! What is true of holdings and transactions whatever the database and the protocol: pure functions over values.

use chrono::{Datelike, NaiveDate};
use guanxi_api::{Amount, Quantity, TransactionKind};

use crate::error::FieldError;
use crate::text::{self, Broken};

/// Largest amount of one holding or transaction, in 1/10000: a hundred billion units.
const MOST: i64 = 1_000_000_000_000_000;
/// What lists sort holdings without a maturity by.
pub(super) const NEVER: Option<NaiveDate> = NaiveDate::from_ymd_opt(9999, 12, 31);
const MAX_NOTE: usize = 1000;

/// By which day lists sort a holding.
pub(super) fn maturity(matures_on: Option<NaiveDate>) -> NaiveDate {
    matures_on.or(NEVER).unwrap_or(NaiveDate::MAX)
}

/// What a transaction adds to the amount of its holding.
pub(super) fn effect(kind: TransactionKind, amount: Amount) -> i64 {
    if kind.takes() { -amount.0 } else { amount.0 }
}

/// The amount of a transaction: more than nothing, and of an adjustment anything but nothing.
pub(super) fn check_amount(kind: TransactionKind, amount: Amount) -> Result<(), FieldError> {
    if kind == TransactionKind::Adjustment {
        if amount.0 == 0 {
            return Err(FieldError::new("/amount", "not_zero"));
        }
    } else if amount.0 <= 0 {
        return Err(FieldError::new("/amount", "positive"));
    }
    check_size("/amount", amount.0)
}

/// That an amount is one that holdings may have.
pub(super) fn check_size(pointer: &'static str, amount: i64) -> Result<(), FieldError> {
    if (-MOST..=MOST).contains(&amount) {
        return Ok(());
    }
    let most = Amount(MOST).to_string();
    Err(FieldError::new(pointer, "range").with("min", format!("-{most}")).with("max", most))
}

/// How much of something: more than nothing.
pub(super) fn check_quantity(quantity: Option<Quantity>) -> Result<(), FieldError> {
    let Some(quantity) = quantity else { return Ok(()) };
    if quantity.number.0 <= 0 {
        return Err(FieldError::new("/quantity/number", "positive"));
    }
    check_size("/quantity/number", quantity.number.0)
}

/// A day of something that has happened, not before the day of opening.
pub(super) fn check_day(
    pointer: &'static str,
    day: NaiveDate,
    opened_on: Option<NaiveDate>,
    today: NaiveDate,
) -> Result<(), FieldError> {
    let earliest = NaiveDate::from_ymd_opt(1850, 1, 1).unwrap_or(NaiveDate::MIN);
    if day > today {
        Err(FieldError::new(pointer, "in_the_future"))
    } else if opened_on.is_some_and(|opened| day < opened) {
        Err(FieldError::new(pointer, "before_opening"))
    } else if day < earliest {
        Err(FieldError::new(pointer, "too_long_ago"))
    } else {
        Ok(())
    }
}

/// A day that balances are asked for by: of a year that both engines know.
pub(super) fn check_asked(name: &'static str, day: Option<NaiveDate>) -> Result<(), FieldError> {
    if day.is_none_or(|day| (1..=9999).contains(&day.year())) {
        return Ok(());
    }
    Err(FieldError::new(name, "range").with("min", "0001-01-01").with("max", "9999-12-31"))
}

/// A day of maturity: not before the opening, and a year that lists can tell from none.
pub(super) fn check_maturity(matures_on: Option<NaiveDate>, opened_on: NaiveDate) -> Result<(), FieldError> {
    match matures_on {
        Some(day) if day < opened_on => Err(FieldError::new("/matures_on", "before_opening")),
        Some(day) if NEVER.is_some_and(|never| day >= never) => {
            Err(FieldError::new("/matures_on", "too_far_ahead").with("max", 36_500))
        }
        _ => Ok(()),
    }
}

/// What is kept of an account or contract number: its last four characters.
pub(super) fn reference(text: &str) -> Result<Option<String>, Broken> {
    let Some(text) = text::optional_line(text, 40)? else { return Ok(None) };
    if text.contains('*') {
        return Err(Broken::new("masked_value_written"));
    }
    let characters: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let plain = text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '/' | '.'));
    match characters.len().checked_sub(4).and_then(|from| characters.get(from..)) {
        Some(tail) if plain => Ok(Some(format!("****{}", tail.iter().collect::<String>()))),
        _ => Err(Broken::new("reference_format")),
    }
}

pub(super) fn note(text: &str) -> Result<Option<String>, Broken> {
    text::paragraphs(text, MAX_NOTE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_kind_moves_the_amount_one_way() {
        for kind in TransactionKind::ALL {
            let effect = effect(*kind, Amount(7));
            assert_eq!(effect.abs(), 7, "{kind}");
            assert_eq!(effect < 0, kind.takes(), "{kind}");
        }
        assert_eq!(effect(TransactionKind::Adjustment, Amount(-7)), -7);
        assert_eq!(effect(TransactionKind::Withdrawal, Amount(7)), -7);
        assert_eq!(effect(TransactionKind::Drawdown, Amount(7)), 7);
    }

    #[test]
    fn only_an_adjustment_has_a_sign() {
        let code = |kind, amount| check_amount(kind, Amount(amount)).map_err(|field| field.code.into_owned());
        assert_eq!(code(TransactionKind::Deposit, 1), Ok(()));
        assert_eq!(code(TransactionKind::Deposit, 0), Err("positive".into()));
        assert_eq!(code(TransactionKind::Deposit, -1), Err("positive".into()));
        assert_eq!(code(TransactionKind::Adjustment, -1), Ok(()));
        assert_eq!(code(TransactionKind::Adjustment, 0), Err("not_zero".into()));
        assert_eq!(code(TransactionKind::Deposit, MOST + 1), Err("range".into()));
    }

    #[test]
    fn only_the_end_of_a_reference_is_kept() {
        assert_eq!(reference("6222 0212 3456 7890"), Ok(Some("****7890".into())));
        assert_eq!(reference("HT-2026-0042"), Ok(Some("****0042".into())));
        assert_eq!(reference("  "), Ok(None));
        assert_eq!(reference("123").unwrap_err().code, "reference_format");
        assert_eq!(reference("****7890").unwrap_err().code, "masked_value_written");
        assert_eq!(reference("1234<b>").unwrap_err().code, "reference_format");
    }

    #[test]
    fn days_lie_between_the_opening_and_today() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let (opened, today) = (day("2026-01-10"), day("2026-11-26"));
        let code =
            |text| check_day("/day", day(text), Some(opened), today).map_err(|field| field.code.into_owned());
        assert_eq!(code("2026-01-10"), Ok(()));
        assert_eq!(code("2026-11-26"), Ok(()));
        assert_eq!(code("2026-01-09"), Err("before_opening".into()));
        assert_eq!(code("2026-11-27"), Err("in_the_future".into()));
        assert!(check_maturity(Some(opened), opened).is_ok());
        assert!(check_maturity(Some(day("2026-01-09")), opened).is_err());
        assert!(check_maturity(NEVER, opened).is_err());
    }

    proptest! {
        #[test]
        fn no_reference_gives_away_more_than_four_characters(text in "[A-Za-z0-9]{5,40}") {
            let kept = reference(&text).expect("a reference").expect("something");
            prop_assert_eq!(kept.len(), 8);
            prop_assert!(text.ends_with(&kept[4..]));
        }
    }
}
