//! Values as tables write them: days, numbers, amounts.

use chrono::{Days, NaiveDate};
use guanxi_api::Amount;
use unicode_normalization::UnicodeNormalization;

/// Full-width letters and digits as the usual ones.
pub(super) fn narrow(text: &str) -> String {
    text.nfkc().collect()
}

/// A day. Year, month and day stand in that order, however they are separated; where the month is an English word, also day, month and
/// year. A number of five digits is what table programs count days by (ECMA-376 part 1, 18.17.4.1: days since 1899-12-30).
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let text = narrow(text);
    let parts: Vec<&str> = day_of(&text)
        .split(['-', '/', '.', ' ', ',', '年', '月', '日'])
        .filter(|part| !part.is_empty())
        .collect();
    let number =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u32>().ok())?;
    let named = parts.iter().enumerate().find_map(|(at, part)| Some((at, month_named(part)?)));
    let (year, month, day) = match (parts.as_slice(), named) {
        ([first, second, third], Some((at, month))) => {
            let rest: Vec<&str> = [first, second, third]
                .iter()
                .enumerate()
                .filter(|(n, _)| *n != at)
                .map(|(_, part)| **part)
                .collect();
            match rest.as_slice() {
                [year, day] if year.len() == 4 && at == 1 => (number(year)?, month, number(day)?),
                [day, year] if year.len() == 4 => (number(year)?, month, number(day)?),
                _ => return None,
            }
        }
        ([year, month, day], None) if year.len() == 4 => (number(year)?, number(month)?, number(day)?),
        ([whole], _) if whole.len() == 8 && whole.is_ascii() => {
            (number(whole.get(..4)?)?, number(whole.get(4..6)?)?, number(whole.get(6..)?)?)
        }
        ([serial], _) if serial.len() == 5 => {
            return NaiveDate::from_ymd_opt(1899, 12, 30)?
                .checked_add_days(Days::new(number(serial)?.into()));
        }
        _ => return None,
    };
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

/// A day without the time that a table program adds to it.
fn day_of(text: &str) -> &str {
    let end = text.find(':').and_then(|colon| text.get(..colon)?.rfind(['T', ' ']));
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// The number of a month by its English name or the first three letters of it.
fn month_named(word: &str) -> Option<u32> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.to_lowercase();
    let fits = |name: &&str| **name == *word || (word.len() == 3 && name.starts_with(&word));
    (1..).zip(NAMES).find(|(_, name)| fits(name)).map(|(number, _)| number)
}

/// An amount of money: with thousands separated or not, a sign or parentheses for less than nothing, and a sign of its currency.
pub(super) fn amount(text: &str) -> Option<Amount> {
    let text: String = narrow(text)
        .chars()
        .filter(|character| {
            !character.is_whitespace() && !matches!(character, ',' | '\'' | '¥' | '€' | '$' | '£' | '元')
        })
        .map(|character| if character == '−' { '-' } else { character })
        .collect();
    let (negative, digits) = match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inside) => (true, inside),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    // More places than an amount has say nothing where they are zeros.
    let digits = match digits.split_once('.') {
        Some((whole, fraction)) if fraction.len() > 4 => {
            let (kept, rest) = fraction.split_at_checked(4)?;
            if !rest.bytes().all(|byte| byte == b'0') {
                return None;
            }
            format!("{whole}.{kept}")
        }
        Some((whole, "")) => whole.to_owned(),
        _ => digits.to_owned(),
    };
    let Amount(units) = Amount::parse(&digits)?;
    match (negative, units) {
        (true, units) if units < 0 => None,
        (true, units) => Some(Amount(-units)),
        (false, units) => Some(Amount(units)),
    }
}

/// A whole number, thousands separated or not, with nothing behind its point.
pub(super) fn whole(text: &str) -> Option<i64> {
    let text: String =
        narrow(text).chars().filter(|character| !matches!(character, ',' | ' ' | '\'')).collect();
    let (digits, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.bytes().all(|byte| byte == b'0') { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_and_numbers_are_read_as_tables_write_them() {
        let day = NaiveDate::from_ymd_opt(2024, 3, 5);
        for text in [
            "2024-03-05",
            "2024/3/5",
            "2024.3.5",
            "20240305",
            "2024年3月5日",
            "2024-03-05 00:00:00",
            "２０２４/３/５",
            "2024-03-05T00:00:00",
            "2024-mar-5",
            "5 March 2024",
            "Mar 5, 2024",
            "45356",
        ] {
            assert_eq!(date(text), day, "{text}");
        }
        for text in [
            "",
            "5/3/2024",
            "2024-13-01",
            "2024",
            "24-3-5",
            "2024-3",
            "20240230",
            "昨天",
            "2024-+3-5",
            "5 Marchember 2024",
            "5-mar-24",
            "may 2024",
            "123456",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
        for (text, number) in
            [("1,234", Some(1234)), ("12.00", Some(12)), ("１２", Some(12)), ("1.5", None), ("x", None)]
        {
            assert_eq!(whole(text), number, "{text}");
        }
    }

    #[test]
    fn amounts_are_read_as_tables_write_them() {
        for (text, expected) in [
            ("0", Some(0)),
            ("83807.86", Some(838_078_600)),
            ("1,234.5", Some(12_345_000)),
            ("１，２３４．５", Some(12_345_000)),
            ("￥1 234.50元", Some(12_345_000)),
            ("-71", Some(-710_000)),
            ("−71", Some(-710_000)),
            ("(71.00)", Some(-710_000)),
            ("+3", Some(30_000)),
            ("12.", Some(120_000)),
            ("0.12340000", Some(1_234)),
            ("0.12345", None),
            ("(-1)", None),
            ("--1", None),
            ("1e5", None),
            ("", None),
            ("x", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(amount(text).map(|amount| amount.0), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_value_is_too_strange(text in ".{0,40}") {
            date(&text);
            whole(&text);
            amount(&text);
        }

        #[test]
        fn an_amount_is_read_as_it_is_written(units in any::<i64>()) {
            let amount_given = Amount(units / 10);
            prop_assert_eq!(amount(&amount_given.to_string()), Some(amount_given));
        }
    }
}
