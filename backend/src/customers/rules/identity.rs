//! Numbers of identity documents: what is well formed, what follows from them, how they are masked.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use guanxi_api::{Gender, IdentityKind};
use unicode_normalization::UnicodeNormalization;

use super::contact::not_masked;
use crate::text::Broken;

/// Oldest age that a birth date in a number may give, in years; nobody has reached it.
const OLDEST: i32 = 150;

/// A number that is well formed for its kind, in the one form in which it is stored and hashed.
#[derive(Clone, PartialEq, Eq)]
pub struct Normalised {
    /// Upper case, half width, without spaces and hyphens; a resident card of 15 digits in its 18 digits.
    pub number: String,
    /// [`mask`] of the number.
    pub masked: String,
    /// Where the number holds it.
    pub birth_date: Option<NaiveDate>,
    /// Where the number holds it.
    pub gender: Option<Gender>,
}

/// Shows the masked form only.
impl fmt::Debug for Normalised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Normalised").field("masked", &self.masked).finish_non_exhaustive()
    }
}

/// Checks a number against the rules of its kind; `today` is the bank's day.
///
/// - `resident_card`: GB 11643-1999, 18 characters: province of GB/T 2260 (or 81, 82, 83 of the residence permits
///   for people of Hong Kong, Macau and Taiwan, which have the same form), birth date, odd or even sequence for
///   male or female, check character of ISO 7064 MOD 11-2. The 15 digits of GB 11643-1989 (a year of two digits,
///   no check character) are taken as well and completed to the 18 that the same person has today: the year is
///   19xx, but 18xx for the sequences 996 to 999, which were kept for people past a hundred.
/// - `permanent_residence`: since December 2023 18 characters that begin with 9 and are otherwise built like a
///   citizen's number with the same check character (National Immigration Administration, rules of 2023), before
///   that three letters of the nationality and 12 digits.
/// - `hong_kong_macau_permit`: H or M and 8 digits, or 10 with the count of renewals of older permits.
/// - `taiwan_permit`: 8 digits, or the older 10 digits with or without a letter in parentheses.
/// - `passport`: at most 9 letters and digits (ICAO Doc 9303 part 4), with a digit among them, at least 5.
/// - `unified_social_credit_code`: GB 32100-2015, 18 characters of its set, positions 3 to 8 digits, check
///   character by weights 3^(i-1) mod 31.
/// - `other`: 2 to 40 letters and digits, with `-`, `/`, `.`, `(` and `)`.
///
/// # Errors
/// `masked_value_written`, `identity_format`, `identity_region`, `identity_birth_date` or
/// `identity_check_character`.
pub fn check(kind: IdentityKind, number: &str, today: NaiveDate) -> Result<Normalised, Broken> {
    // Two X may stand beside each other in a credit code: both of its check characters can be one.
    let starred = number.contains(['*', '＊', '•']);
    if kind != IdentityKind::UnifiedSocialCreditCode || starred {
        not_masked(number)?;
    }
    let mut number: String =
        number.trim().nfkc().filter(|c| !c.is_whitespace()).take(64).collect::<String>().to_uppercase();
    if kind != IdentityKind::Other {
        number.retain(|c| !matches!(c, '-' | '(' | ')'));
    }
    let (mut birth_date, mut gender) = (None, None);
    let mut read = |number: &str| {
        let (date, sex) = read_person(number, today)?;
        (birth_date, gender) = (Some(date), Some(sex));
        Ok(())
    };
    match kind {
        IdentityKind::ResidentCard => {
            number = match number.len() {
                15 => complete_resident_card(&number).ok_or_else(format)?,
                _ => number,
            };
            if !is_18_with_check(&number) {
                return Err(format());
            }
            if !number.get(..2).is_some_and(|province| PROVINCES.contains(&province)) {
                return Err(Broken::new("identity_region"));
            }
            read(&number)?;
        }
        IdentityKind::PermanentResidence => {
            if number.starts_with('9') && is_18_with_check(&number) {
                read(&number)?;
            } else if !matches(&number, &[(3, letter), (12, digit)]) {
                return Err(format());
            }
        }
        IdentityKind::HongKongMacauPermit => {
            let permit = number.starts_with(['H', 'M'])
                && (matches(&number, &[(1, letter), (8, digit)])
                    || matches(&number, &[(1, letter), (10, digit)]));
            if !permit {
                return Err(format());
            }
        }
        IdentityKind::TaiwanPermit => {
            let forms: [&[CharacterRun]; 3] = [&[(8, digit)], &[(10, digit)], &[(10, digit), (1, letter)]];
            if !forms.into_iter().any(|form| matches(&number, form)) {
                return Err(format());
            }
        }
        IdentityKind::Passport => {
            let well_formed = (5..=9).contains(&number.len())
                && number.chars().all(|c| digit(c) || letter(c))
                && number.chars().any(digit);
            if !well_formed {
                return Err(format());
            }
        }
        IdentityKind::UnifiedSocialCreditCode => check_credit_code(&number)?,
        IdentityKind::Other => {
            let well_formed = (2..=40).contains(&number.chars().count())
                && number.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '/' | '.' | '(' | ')'))
                && number.chars().any(char::is_alphanumeric);
            if !well_formed {
                return Err(format());
            }
        }
    }
    Ok(Normalised { masked: mask(&number), number, birth_date, gender })
}

/// Whether a number of this kind tells who an organisation is rather than a person.
pub const fn is_of_organisation(kind: IdentityKind) -> bool {
    matches!(kind, IdentityKind::UnifiedSocialCreditCode)
}

/// The masked form: of 15 characters or more the first three and the last four stay (`110***********1234`: the
/// province and what staff ask for on the telephone), of 8 or more the first and the last three, of shorter ones
/// the last one. Every other character is one `*`, so that the length can be seen.
pub fn mask(number: &str) -> String {
    let length = number.chars().count();
    let (head, tail) = match length {
        15.. => (3, 4),
        8..=14 => (1, 3),
        _ => (0, 1),
    };
    let shown = |index: usize| index < head || index + tail >= length;
    number.chars().enumerate().map(|(index, c)| if shown(index) { c } else { '*' }).collect()
}

fn format() -> Broken {
    Broken::new("identity_format")
}

fn digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn letter(c: char) -> bool {
    c.is_ascii_uppercase()
}

fn all_digits(text: &str) -> bool {
    text.chars().all(digit)
}

/// So many characters of one class.
type CharacterRun = (usize, fn(char) -> bool);

/// Whether the text is made of these runs and nothing else.
fn matches(text: &str, runs: &[CharacterRun]) -> bool {
    let mut characters = text.chars();
    runs.iter()
        .all(|(length, class)| characters.by_ref().take(*length).filter(|c| class(*c)).count() == *length)
        && characters.next().is_none()
}

/// 17 digits and a digit or X.
fn is_18_with_check(number: &str) -> bool {
    matches(number, &[(17, digit), (1, |c| digit(c) || c == 'X')])
}

/// Provinces by GB/T 2260, then 81, 82 and 83 of the residence permits for people of Hong Kong, Macau and Taiwan.
const PROVINCES: [&str; 35] = [
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42",
    "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82",
    "83",
];

/// Birth date and gender of an 18-character number, once its check character is right.
fn read_person(number: &str, today: NaiveDate) -> Result<(NaiveDate, Gender), Broken> {
    let body = number.get(..17).ok_or_else(format)?;
    let wrong_date = || Broken::new("identity_birth_date");
    let birth_date = number
        .get(6..14)
        .and_then(|date| NaiveDate::parse_from_str(date, "%Y%m%d").ok())
        .ok_or_else(wrong_date)?;
    if birth_date > today || today.year() - birth_date.year() > OLDEST {
        return Err(wrong_date());
    }
    if number.chars().next_back() != mod_11_2(body) {
        return Err(Broken::new("identity_check_character"));
    }
    let sequence = body.chars().next_back().and_then(|c| c.to_digit(10)).ok_or_else(format)?;
    Ok((birth_date, if sequence % 2 == 1 { Gender::Male } else { Gender::Female }))
}

/// The number of an old resident card (15 digits, GB 11643-1989) as the 18 characters that the same person has
/// by GB 11643-1999; `None` when it is not one.
pub fn complete_resident_card(number: &str) -> Option<String> {
    if !matches(number, &[(15, digit)]) {
        return None;
    }
    let (region, rest) = number.split_at_checked(6)?;
    let century = if matches!(rest.get(6..)?, "996" | "997" | "998" | "999") { "18" } else { "19" };
    let body = format!("{region}{century}{rest}");
    let check = mod_11_2(&body)?;
    Some(format!("{body}{check}"))
}

/// The check character of ISO 7064 MOD 11-2 over digits.
fn mod_11_2(digits: &str) -> Option<char> {
    let sum = digits.chars().try_fold(0, |sum, c| Some((sum + c.to_digit(10)?) * 2 % 11))?;
    let check = (12 - sum) % 11;
    if check == 10 { Some('X') } else { char::from_digit(check, 10) }
}

/// GB 32100-2015: digits and the letters but I, O, S, V and Z, valued by their place.
const CREDIT_CODE_SET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

fn check_credit_code(code: &str) -> Result<(), Broken> {
    let values: Option<Vec<usize>> = code.chars().map(|c| CREDIT_CODE_SET.find(c)).collect();
    let values = values.filter(|values| values.len() == 18).ok_or_else(format)?;
    if !code.get(2..8).is_some_and(all_digits) {
        return Err(format());
    }
    let mut weight = 1;
    let mut sum = 0;
    for value in values.iter().take(17) {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    if values.last() == Some(&((31 - sum % 31) % 31)) {
        Ok(())
    } else {
        Err(Broken::new("identity_check_character"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 22).unwrap()
    }

    fn code(kind: IdentityKind, number: &str) -> &'static str {
        check(kind, number, today()).unwrap_err().code
    }

    #[test]
    fn resident_cards() {
        // The two examples of GB 11643-1999.
        let card = check(IdentityKind::ResidentCard, " 11010519491231002x ", today()).unwrap();
        assert_eq!(card.number, "11010519491231002X");
        assert_eq!(card.birth_date, NaiveDate::from_ymd_opt(1949, 12, 31));
        assert_eq!(card.gender, Some(Gender::Female));
        assert_eq!(card.masked, "110***********002X");
        assert_eq!(format!("{card:?}"), r#"Normalised { masked: "110***********002X", .. }"#);
        let card = check(IdentityKind::ResidentCard, "44052418800101001４", today()).unwrap();
        assert_eq!((card.number.as_str(), card.gender), ("440524188001010014", Some(Gender::Male)));

        let bad = [
            ("110105194912310021", "identity_check_character"),
            ("11010519491231002", "identity_format"),
            ("11010519491231002XX", "masked_value_written"),
            ("1101051949123100 2X2", "identity_format"),
            ("A1010519491231002X", "identity_format"),
            ("110105A9491231002X", "identity_format"),
            ("160105194912310020", "identity_region"),
            ("110105194913310027", "identity_birth_date"),
            ("110105202611230025", "identity_birth_date"),
            ("110105174912310025", "identity_birth_date"),
            ("110105194902300025", "identity_birth_date"),
            ("", "identity_format"),
            ("110***********002X", "masked_value_written"),
        ];
        for (number, expected) in bad {
            assert_eq!(code(IdentityKind::ResidentCard, number), expected, "{number}");
        }
    }

    #[test]
    fn old_resident_cards_are_completed() {
        let card = check(IdentityKind::ResidentCard, "110105491231002", today()).unwrap();
        assert_eq!(card.number, "11010519491231002X");
        let old = check(IdentityKind::ResidentCard, "110105891231998", today()).unwrap();
        assert_eq!(old.birth_date, NaiveDate::from_ymd_opt(1889, 12, 31));
        assert_eq!(code(IdentityKind::ResidentCard, "11010549123100X"), "identity_format");
        assert_eq!(code(IdentityKind::ResidentCard, "110105491331002"), "identity_birth_date");
    }

    #[test]
    fn residence_permits_have_the_same_form() {
        let body = "81000019900101001";
        let number = format!("{body}{}", mod_11_2(body).unwrap());
        assert!(check(IdentityKind::ResidentCard, &number, today()).is_ok());
    }

    #[test]
    fn other_kinds() {
        use IdentityKind::{HongKongMacauPermit, Other, Passport, PermanentResidence, TaiwanPermit};
        let body = "91184019810317001";
        let permanent = format!("{body}{}", mod_11_2(body).unwrap());
        let good = [
            (Passport, "E12345678", "E12345678", "E*****678"),
            (Passport, "ej 1234567", "EJ1234567", "E*****567"),
            (HongKongMacauPermit, "H12345678", "H12345678", "H*****678"),
            (HongKongMacauPermit, "m1234567801", "M1234567801", "M*******801"),
            (TaiwanPermit, "12345678", "12345678", "1****678"),
            (TaiwanPermit, "0012345678(B)", "0012345678B", "0*******78B"),
            (PermanentResidence, "CAN110001090501", "CAN110001090501", "CAN********0501"),
            (Other, "军字第1234567号", "军字第1234567号", "军*******67号"),
        ];
        for (kind, typed, number, masked) in good {
            let read = check(kind, typed, today()).unwrap();
            assert_eq!((read.number.as_str(), read.masked.as_str()), (number, masked), "{typed}");
            assert_eq!((read.birth_date, read.gender), (None, None));
        }
        let read = check(PermanentResidence, &permanent, today()).unwrap();
        assert_eq!(read.birth_date, NaiveDate::from_ymd_opt(1981, 3, 17));
        assert_eq!(read.gender, Some(Gender::Male));
        let bad = [
            (Passport, "ABCDEFGH"),
            (Passport, "E123"),
            (Passport, "E123456789"),
            (Passport, "E1234567中"),
            (HongKongMacauPermit, "A12345678"),
            (HongKongMacauPermit, "H123456789"),
            (TaiwanPermit, "1234567"),
            (TaiwanPermit, "123456789A"),
            (PermanentResidence, "CA1110001090501"),
            (PermanentResidence, "911840198103170"),
            (Other, "?"),
            (Other, "-/"),
        ];
        for (kind, number) in bad {
            assert_eq!(code(kind, number), "identity_format", "{number}");
        }
    }

    #[test]
    fn credit_codes() {
        use IdentityKind::UnifiedSocialCreditCode;
        // The first is the standard's example with its right check character, the others are published codes.
        for number in ["91350100M000100Y43", "9144030071526726XG", "914403001922038216", "91330100799655058B"]
        {
            assert_eq!(check(UnifiedSocialCreditCode, number, today()).unwrap().number, number);
        }
        assert!(check(UnifiedSocialCreditCode, "91350100m000100y43", today()).is_ok());
        assert_eq!(code(UnifiedSocialCreditCode, "91350100M000100Y44"), "identity_check_character");
        for bad in
            ["91350100M000100Y4", "9135010OM000100Y43", "9135A100M000100Y43", "91350100M000100Z43", "", "统"]
        {
            assert_eq!(code(UnifiedSocialCreditCode, bad), "identity_format", "{bad}");
        }
        assert_eq!(mask("91350100M000100Y43"), "913***********0Y43");
    }

    #[test]
    fn masks_short_numbers_too() {
        assert_eq!(mask("1234567"), "******7");
        assert_eq!(mask("1"), "1");
        assert_eq!(mask(""), "");
    }

    prop_compose! {
        fn any_card()(province in prop::sample::select(&PROVINCES[..]), region in 0..10_000, day in 0_i64..45_000,
            sequence in 0..1_000) -> String {
            let born = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap() + chrono::Duration::days(day);
            let body = format!("{province}{region:04}{}{sequence:03}", born.format("%Y%m%d"));
            let check = mod_11_2(&body).unwrap();
            format!("{body}{check}")
        }
    }

    proptest! {
        #[test]
        fn made_cards_are_valid_and_one_wrong_character_is_found(
            number in any_card(), position in 0_usize..18, digit in b'0'..=b'9') {
            prop_assert_eq!(check(IdentityKind::ResidentCard, &number, today()).unwrap().number, number.clone());
            let mut wrong = number.clone().into_bytes();
            prop_assume!(wrong[position] != digit);
            wrong[position] = digit;
            prop_assert!(check(IdentityKind::ResidentCard, &String::from_utf8(wrong).unwrap(), today()).is_err());
        }

        #[test]
        fn the_check_character_is_that_of_the_standards_weights(body in "[0-9]{17}") {
            const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
            let sum: u32 = body.chars().zip(WEIGHTS).map(|(c, weight)| c.to_digit(10).unwrap() * weight).sum();
            let expected = "10X98765432".chars().nth((sum % 11) as usize);
            prop_assert_eq!(mod_11_2(&body), expected);
        }

        #[test]
        fn never_panics_and_is_stable(kind in prop::sample::select(IdentityKind::ALL),
            number in prop_oneof![any::<String>(), "[0-9A-ZX*() -]{0,22}"]) {
            if let Ok(read) = check(kind, &number, today()) {
                let again = check(kind, &read.number, today()).unwrap();
                prop_assert_eq!(&again.number, &read.number);
                prop_assert_eq!(read.masked.chars().count(), read.number.chars().count());
                prop_assert!(read.masked.contains('*'));
                prop_assert!(not_masked(&read.masked).is_err());
            }
        }
    }
}
