//! What is true of products and rates whatever the database and the protocol: pure functions over values.

use guanxi_api::{Amount, LocalName, Rate};

use crate::error::FieldError;
use crate::text::{self, Broken};

const CODE_PATTERN: &str = "^[A-Za-z0-9_-]{1,40}$";
const MAX_NAME: usize = 100;
const MAX_TERMS: usize = 2000;
/// Scale of [`Rate`].
const SCALE: i128 = 100_000_000;

/// The bank's own code of a product.
pub(super) fn check_code(code: &str) -> Result<(), Broken> {
    let fits = (1..=40).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if fits { Ok(()) } else { Err(Broken::new("format").with("expected", CODE_PATTERN)) }
}

/// An ISO 4217 code by its form.
///
/// # Errors
/// `currency`.
pub fn check_currency(code: &str) -> Result<(), Broken> {
    let fits = code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
    if fits { Ok(()) } else { Err(Broken::new("currency")) }
}

/// Both names of a product as they are stored.
pub(super) fn name(name: &LocalName) -> Result<LocalName, Vec<FieldError>> {
    let zh_cn = text::line(&name.zh_cn, MAX_NAME).map_err(|broken| FieldError::broken("/name/zh-CN", broken));
    let en = text::line(&name.en, MAX_NAME).map_err(|broken| FieldError::broken("/name/en", broken));
    match (zh_cn, en) {
        (Ok(zh_cn), Ok(en)) => Ok(LocalName { zh_cn, en }),
        (zh_cn, en) => Err(zh_cn.err().into_iter().chain(en.err()).collect()),
    }
}

pub(super) fn terms(terms: &str) -> Result<Option<String>, Broken> {
    text::paragraphs(terms, MAX_TERMS)
}

/// An amount in the base currency: exact, then rounded half to even to 1/10000 (as in ISO 80000-1, annex B, rule A). What does not fit
/// becomes the largest or smallest amount there is.
pub fn convert(amount: Amount, rate: Rate) -> Amount {
    let exact = i128::from(amount.0) * i128::from(rate.0);
    let (whole, rest) = (exact.div_euclid(SCALE), exact.rem_euclid(SCALE));
    let up = rest * 2 > SCALE || (rest * 2 == SCALE && whole % 2 != 0);
    clamp(whole + i128::from(up))
}

/// A sum as an amount; what does not fit becomes the largest or smallest amount there is.
pub fn clamp(sum: i128) -> Amount {
    Amount(i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        let half = Rate(50_000_000);
        for (amount, value) in [(1, 0), (2, 1), (3, 2), (5, 2), (7, 4), (-1, 0), (-3, -2), (-5, -2), (-7, -4)]
        {
            assert_eq!(convert(Amount(amount), half), Amount(value), "{amount}");
        }
        assert_eq!(convert(Amount(10_000_000), Rate(712_345_678)), Amount(71_234_568));
        assert_eq!(convert(Amount(i64::MAX), Rate(200_000_000)), Amount(i64::MAX));
        assert_eq!(convert(Amount(i64::MIN), Rate(200_000_000)), Amount(i64::MIN));
    }

    #[test]
    fn codes_and_currencies() {
        for good in ["td_1y", "A-1", "0"] {
            assert!(check_code(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "理财", &"a".repeat(41)] {
            assert!(check_code(bad).is_err(), "{bad}");
        }
        assert!(check_currency("USD").is_ok());
        for bad in ["usd", "US", "USDT", "12A", "¥¥¥"] {
            assert!(check_currency(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn one_for_one_changes_nothing(amount in any::<i64>()) {
            prop_assert_eq!(convert(Amount(amount), Rate::ONE), Amount(amount));
        }

        /// Never further than half a step from the exact value; and exactly half a step only to an even one.
        #[test]
        fn the_nearest_amount_is_given(amount in -1_000_000_000_000_i64..1_000_000_000_000, rate in 1_i64..100_000_000_000) {
            let exact = i128::from(amount) * i128::from(rate);
            let given = i128::from(convert(Amount(amount), Rate(rate)).0);
            let distance = (exact - given * SCALE).abs();
            prop_assert!(distance * 2 <= SCALE);
            prop_assert!(distance * 2 < SCALE || given % 2 == 0);
        }

        #[test]
        fn the_opposite_amount_is_worth_the_opposite(amount in -1_000_000_000_000_i64..1_000_000_000_000, rate in 1_i64..100_000_000_000) {
            prop_assert_eq!(convert(Amount(-amount), Rate(rate)).0, -convert(Amount(amount), Rate(rate)).0);
        }
    }
}
