//! Numbers that are well formed, belong to nobody and are different for every customer.
//!
//! Region codes of documents end in the counties 99 downwards, which GB/T 2260 does not use; telephone numbers lie in the
//! satellite ranges 1349 and 1740, which no carrier gives to subscribers' mobiles.

use chrono::NaiveDate;
use guanxi_api::Gender;

/// Days of a year and sequences of a day and gender that a resident card can hold.
const CARDS_OF_A_COUNTY: u64 = 365 * 500;
/// Counties that are not in use, so that 90 × 182,500 cards are different.
const COUNTIES: u64 = 90;

/// Sends `0..modulus` one to one to itself, so that neighbours come apart; `factor` has no divisor in common with it.
fn scatter(seed: u64, n: u64, modulus: u64, factor: u64) -> u64 {
    // Fibonacci hashing, so that neighbouring seeds come apart as well.
    let start = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
    ((n % modulus) * factor + start % modulus) % modulus
}

/// Number of customer `n` among 10^8, different for every one of them.
pub(super) fn eight_digits(seed: u64, n: u64) -> u64 {
    scatter(seed, n, 100_000_000, 61_803_399)
}

/// The last two digits of a region code.
fn county(n: u64) -> u64 {
    99 - (n / CARDS_OF_A_COUNTY) % COUNTIES
}

/// A region code of six digits that no place has.
pub(super) fn region_code(region: &str, n: u64) -> String {
    format!("{region}{:02}", county(n))
}

/// A resident identity number (GB 11643-1999) and the birth date in it, for someone born in `year`.
///
/// County, day of the year and sequence come from `n` alone, so numbers differ whatever else is drawn.
pub(super) fn resident_card(
    seed: u64,
    n: u64,
    region: &str,
    year: i32,
    gender: Gender,
) -> (NaiveDate, String) {
    card(seed, n, &region_code(region, n), year, gender)
}

/// The number of a foreign permanent resident (form of December 2023): 9 and otherwise built like a resident card.
pub(super) fn permanent_residence(
    seed: u64,
    n: u64,
    region: &str,
    year: i32,
    gender: Gender,
) -> (NaiveDate, String) {
    let province = region.get(..2).unwrap_or_default();
    card(seed, n, &format!("9{province}0{:02}", county(n)), year, gender)
}

fn card(seed: u64, n: u64, beginning: &str, year: i32, gender: Gender) -> (NaiveDate, String) {
    let place = scatter(seed, n, CARDS_OF_A_COUNTY, 112_787);
    let ordinal = u32::try_from(place / 500).unwrap_or_default() + 1;
    let sequence = place % 500 * 2 + u64::from(gender == Gender::Male);
    let birth_date = NaiveDate::from_yo_opt(year, ordinal).unwrap_or_default();
    (birth_date, with_check(format!("{beginning}{}{sequence:03}", birth_date.format("%Y%m%d"))))
}

/// Digits with their check character after ISO 7064 MOD 11-2.
fn with_check(mut digits: String) -> String {
    let sum = digits.bytes().fold(0, |sum, b| (sum + u32::from(b - b'0')) * 2 % 11);
    digits.push(char::from_digit((12 - sum) % 11, 10).unwrap_or('X'));
    digits
}

/// GB 32100-2015: digits and the letters but I, O, S, V and Z, valued by their place.
const CREDIT_CODE_SET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// An organisation code (GB 11714-1997): eight characters and their check character.
fn organisation_code(body: &str) -> String {
    let weights = [3, 7, 9, 10, 5, 8, 4, 2];
    let values = body.chars().filter_map(|c| c.to_digit(36));
    let sum: u32 = values.zip(weights).map(|(value, weight)| value * weight).sum();
    let check = char::from_digit((11 - sum % 11) % 11, 10).unwrap_or('X');
    format!("{body}{check}")
}

/// A unified social credit code (GB 32100-2015) of an enterprise, different for the first ten million customers.
pub(super) fn credit_code(seed: u64, n: u64, region: &str) -> String {
    // No series of organisation codes begins with W.
    let organisation = organisation_code(&format!("W{:07}", scatter(seed, n, 10_000_000, 6_180_339)));
    let mut code = format!("91{}{organisation}", region_code(region, n));
    let mut weight = 1;
    let mut sum = 0;
    for byte in code.bytes() {
        let value = CREDIT_CODE_SET.iter().position(|c| *c == byte).unwrap_or_default();
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    code.push(CREDIT_CODE_SET.get((31 - sum % 31) % 31).copied().map_or('0', char::from));
    code
}

/// The first telephone number of a customer, different for the first ten million of them.
pub(super) fn phone(seed: u64, n: u64) -> String {
    format!("1349{:07}", scatter(seed, n, 10_000_000, 6_180_339))
}

/// A second telephone number, different for six million customers.
pub(super) fn second_phone(seed: u64, n: u64) -> String {
    let number = scatter(seed, n, 6_000_000, 3_708_203);
    format!("1740{number:07}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn check_characters_of_the_standard() {
        // The two examples of GB 11643-1999.
        assert_eq!(with_check("11010519491231002".to_owned()), "11010519491231002X");
        assert_eq!(with_check("44052418800101001".to_owned()), "440524188001010014");
        // The example of GB 11714-1997.
        assert_eq!(organisation_code("D2143569"), "D2143569X");
    }

    #[test]
    fn numbers_do_not_repeat_where_a_county_is_full() {
        let numbers = |numbers: &mut HashSet<String>, from: u64| {
            for n in from..from + 2_000 {
                numbers.insert(resident_card(7, n, "3101", 1980, Gender::Female).1);
            }
        };
        let mut seen = HashSet::new();
        numbers(&mut seen, 0);
        numbers(&mut seen, CARDS_OF_A_COUNTY);
        numbers(&mut seen, CARDS_OF_A_COUNTY * 5);
        assert_eq!(seen.len(), 6_000);
    }

    #[test]
    fn scattering_is_one_to_one() {
        fn divisor(a: u64, b: u64) -> u64 {
            if b == 0 { a } else { divisor(b, a % b) }
        }
        for (modulus, factor) in [
            (100_000_000, 61_803_399),
            (CARDS_OF_A_COUNTY, 112_787),
            (10_000_000, 6_180_339),
            (6_000_000, 3_708_203),
        ] {
            assert_eq!(divisor(modulus, factor), 1, "{modulus}");
        }
    }
}
