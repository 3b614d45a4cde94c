//! Ways to reach a customer: what is well formed, the one form that is stored and hashed, and the masks.

use std::fmt;

use email_address::{EmailAddress, Options};
use guanxi_api::ContactPointKind;
use phonenumber::country::Id as Region;
use unicode_normalization::UnicodeNormalization;

use crate::text::{self, Broken};

/// Longest postal address, in characters.
pub const MAX_ADDRESS: usize = 200;
/// Longest e-mail address, in characters (RFC 5321 §4.5.3.1.3 with erratum 1690).
const MAX_EMAIL: usize = 254;
/// The region of numbers that are written without a country.
const HOME: Region = Region::CN;

/// A contact point that is well formed, in the one form in which it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Normalised {
    /// Phones in E.164 with a possible extension as `;ext=` (RFC 3966), e-mail addresses with a lower-case domain,
    /// the others as text.
    pub value: String,
    /// What a list shows.
    pub masked: String,
    /// What is hashed for exact search and for finding duplicates: E.164, an e-mail address or WeChat id in lower
    /// case, a postal address as it is.
    pub match_key: String,
    /// The last four digits of a phone, hashed on their own.
    pub tail: Option<String>,
}

/// Shows the masked form only.
impl fmt::Debug for Normalised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Normalised").field("masked", &self.masked).finish_non_exhaustive()
    }
}

/// Checks a contact point against the rules of its kind.
///
/// # Errors
/// `masked_value_written`, and of the kind: `phone_format` {`expected`}, `email_format`, `wechat_format`, or what
/// [`text::line`] finds wrong with an address.
pub fn check(kind: ContactPointKind, value: &str) -> Result<Normalised, Broken> {
    match kind {
        ContactPointKind::Phone => check_phone(value),
        ContactPointKind::Email => check_email(value),
        ContactPointKind::Wechat => check_wechat(value),
        ContactPointKind::Address => check_address(value),
    }
}

fn check_phone(value: &str) -> Result<Normalised, Broken> {
    not_masked(value)?;
    let (e164, extension) =
        read_phone(value).ok_or_else(|| Broken::new("phone_format").with("expected", "E.164"))?;
    let extension = extension.map(|extension| format!(";ext={extension}")).unwrap_or_default();
    Ok(Normalised {
        masked: mask_phone(&e164),
        tail: phone_tail(&e164),
        value: format!("{e164}{extension}"),
        match_key: e164,
    })
}

/// Reads a phone number as people write it; without a country it is Chinese. It must be valid by the numbering
/// plan of its country (ITU-T E.164 and libphonenumber's metadata). The extension of a switchboard follows `转`, `ext`,
/// `ext.` or (RFC 3966) `;ext=`.
fn read_phone(value: &str) -> Option<(String, Option<String>)> {
    let text = value.trim().nfkc().take(64).collect::<String>().to_lowercase();
    let marks = [";ext=", "ext.", "ext", "转", "轉"];
    let (number, extension) = match marks.iter().find_map(|mark| text.split_once(mark)) {
        Some((number, extension)) => (number, Some(extension.trim())),
        None => (text.as_str(), None),
    };
    let is_extension =
        |text: &str| (1..=7).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if extension.is_some_and(|extension| !is_extension(extension)) {
        return None;
    }
    let plain =
        number.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')' | '.' | '–'));
    let digits = number.chars().filter(char::is_ascii_digit).count();
    // E.164 has at most 15 digits; an international prefix such as 00 may come before them.
    if !plain || !(5..=18).contains(&digits) {
        return None;
    }
    let phone = phonenumber::parse(Some(HOME), number).ok().filter(phonenumber::PhoneNumber::is_valid)?;
    let e164 = phone.format().mode(phonenumber::Mode::E164).to_string();
    Some((e164, extension.map(str::to_owned)))
}

/// A phone number as typed, in E.164 without its extension; `None` when it is not a valid number.
pub fn phone_to_e164(value: &str) -> Option<String> {
    read_phone(value).map(|(e164, _)| e164)
}

/// The last four digits of a number in E.164.
pub fn phone_tail(e164: &str) -> Option<String> {
    let digits: Vec<char> = e164.chars().filter(char::is_ascii_digit).collect();
    digits.last_chunk::<4>().map(|tail| tail.iter().collect())
}

/// The mask of a number in E.164: a Chinese one as it is dialled at home, with the first three and the last four
/// digits (`138****5678`, `010****5678`), another one with its leading four characters, which hold the country,
/// and its last four digits (`+852****4567`, `+165****0000`). Every other digit is one `*`; of a very short
/// number only the last two digits stay.
pub fn mask_phone(e164: &str) -> String {
    let shown = match e164.strip_prefix("+86") {
        Some(national) if national.starts_with('1') && national.len() == 11 => national.to_owned(),
        Some(national) if national.starts_with("400") || national.starts_with("800") => national.to_owned(),
        Some(national) => format!("0{national}"),
        None => e164.to_owned(),
    };
    let length = shown.chars().count();
    let head = if shown.starts_with('+') { 4 } else { 3 };
    let (head, tail) = if length > head + 5 { (head, 4) } else { (0, 2) };
    shown.chars().enumerate().map(|(i, c)| if i < head || i + tail >= length { c } else { '*' }).collect()
}

fn check_email(value: &str) -> Result<Normalised, Broken> {
    not_masked(value)?;
    let wrong = || Broken::new("email_format");
    let value: String = value.trim().nfc().collect();
    let options = Options::default().with_required_tld().without_display_text().without_domain_literal();
    let unusual = value.chars().any(|c| text::is_forbidden(c) || c.is_whitespace() || c == '"');
    if unusual || value.chars().nth(MAX_EMAIL).is_some() {
        return Err(wrong());
    }
    let address = EmailAddress::parse_with_options(&value, options).map_err(|_| wrong())?;
    let value = format!("{}@{}", address.local_part(), address.domain().to_lowercase());
    Ok(Normalised {
        masked: mask_email(&value),
        // By RFC 5321 the local part may tell upper from lower case; no provider in use does.
        match_key: value.to_lowercase(),
        tail: None,
        value,
    })
}

/// The mask of an e-mail address: its first character and its domain (`z***@example.com`); always three `*`, so
/// that the length stays hidden.
pub fn mask_email(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}***@{domain}")
}

fn check_wechat(value: &str) -> Result<Normalised, Broken> {
    not_masked(value)?;
    let value: String = value.trim().nfkc().take(64).collect();
    let well_formed = (6..=20).contains(&value.len())
        && value.starts_with(|c: char| c.is_ascii_alphabetic())
        && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if !well_formed {
        return Err(Broken::new("wechat_format"));
    }
    let masked = format!(
        "{}***{}",
        value.get(..1).unwrap_or_default(),
        value.get(value.len() - 1..).unwrap_or_default()
    );
    Ok(Normalised { masked, match_key: value.to_lowercase(), tail: None, value })
}

fn check_address(value: &str) -> Result<Normalised, Broken> {
    not_masked(value)?;
    let value = text::line(value, MAX_ADDRESS)?;
    Ok(Normalised { masked: mask_address(&value), match_key: value.clone(), value, tail: None })
}

/// The mask of a postal address: its first six characters at most, and no more than a third of it, which is
/// province and city in a Chinese address (`广东省深圳市***`); always three `*`.
pub fn mask_address(address: &str) -> String {
    let shown = (address.chars().count() / 3).min(6);
    let head: String = address.chars().take(shown).collect();
    format!("{head}***")
}

/// Whether a value looks like a mask that came back from a form or an export: a star or bullet, or two or more
/// `x` inside a number. No phone, e-mail address in use, WeChat id or identity number has them.
pub fn looks_masked(value: &str) -> bool {
    if value.contains(['*', '＊', '∗', '✱', '﹡', '•', '●', '█', '■']) {
        return true;
    }
    let is_x = |c: char| matches!(c, 'x' | 'X' | 'ｘ' | 'Ｘ' | '×');
    let is_number =
        value.chars().all(|c| is_x(c) || c.is_numeric() || matches!(c, '+' | '-' | ' ' | '(' | ')'));
    is_number && value.chars().any(char::is_numeric) && value.chars().filter(|c| is_x(*c)).count() >= 2
}

/// Refuses a value that [`looks_masked`].
///
/// # Errors
/// `masked_value_written`.
pub fn not_masked(value: &str) -> Result<(), Broken> {
    if looks_masked(value) { Err(Broken::new("masked_value_written")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn phone(value: &str) -> Normalised {
        check(ContactPointKind::Phone, value).unwrap()
    }

    fn code(kind: ContactPointKind, value: &str) -> &'static str {
        check(kind, value).unwrap_err().code
    }

    #[test]
    fn phones() {
        let cases = [
            ("13800005678", "+8613800005678", "138****5678"),
            (" 138 0000-5678 ", "+8613800005678", "138****5678"),
            ("１３８００００５６７８", "+8613800005678", "138****5678"),
            ("+86 138 0000 5678", "+8613800005678", "138****5678"),
            ("0086-13800005678", "+8613800005678", "138****5678"),
            ("8613800005678", "+8613800005678", "138****5678"),
            ("(010) 8234 5678", "+861082345678", "010****5678"),
            ("0755-82345678", "+8675582345678", "075*****5678"),
            ("400-800-1234", "+864008001234", "400***1234"),
            ("+1 650 253 0000", "+16502530000", "+165****0000"),
            ("+852 9123 4567", "+85291234567", "+852****4567"),
        ];
        for (typed, e164, masked) in cases {
            let read = phone(typed);
            assert_eq!((read.value.as_str(), read.masked.as_str()), (e164, masked), "{typed}");
            assert_eq!(read.match_key, e164);
            assert_eq!(read.tail.as_deref(), e164.get(e164.len() - 4..));
            assert_eq!(phone_to_e164(typed).as_deref(), Some(e164));
        }
        assert_eq!(format!("{:?}", phone("13800005678")), r#"Normalised { masked: "138****5678", .. }"#);
    }

    #[test]
    fn phones_with_extension() {
        for typed in [
            "010-82345678转801",
            "010-82345678 转 801",
            "010-82345678 ext. 801",
            "(010)82345678EXT801",
            "+861082345678;ext=801",
        ] {
            let read = phone(typed);
            assert_eq!(read.value, "+861082345678;ext=801", "{typed}");
            assert_eq!((read.match_key.as_str(), read.tail.as_deref()), ("+861082345678", Some("5678")));
            assert_eq!(phone(&read.value), read);
        }
    }

    #[test]
    fn not_phones() {
        for bad in [
            "",
            "12345",
            "1380000567",
            "138000056789",
            "13800005678 13900001111",
            "abc13800005678",
            "张三",
            "+999 12345678",
            "010-82345678转",
            "010-82345678转八",
            "010-82345678 ext 1;ext=2",
            "13800005678;phone-context=+1",
            "1380000567O",
            "110105194912310021",
        ] {
            assert_eq!(code(ContactPointKind::Phone, bad), "phone_format", "{bad}");
        }
        assert_eq!(code(ContactPointKind::Phone, "138****5678"), "masked_value_written");
        assert_eq!(code(ContactPointKind::Phone, "138xxxx5678"), "masked_value_written");
    }

    #[test]
    fn emails() {
        let read = check(ContactPointKind::Email, " Zhang.San+bank@Example.COM ").unwrap();
        assert_eq!(read.value, "Zhang.San+bank@example.com");
        assert_eq!(read.match_key, "zhang.san+bank@example.com");
        assert_eq!(read.masked, "Z***@example.com");
        assert!(check(ContactPointKind::Email, "z@qq.com").is_ok());
        assert!(check(ContactPointKind::Email, "张三@例子.中国").is_ok());
        for bad in [
            "",
            "zhang",
            "@qq.com",
            "z@",
            "z@localhost",
            "z@[127.0.0.1]",
            "Zhang <z@qq.com>",
            "z @qq.com",
            "z@qq..com",
            "\"a b\"@qq.com",
            "z\u{202e}@qq.com",
            "z@qq.com\n",
        ] {
            let expected = if bad == "z@qq.com\n" { None } else { Some("email_format") };
            assert_eq!(
                check(ContactPointKind::Email, bad).err().map(|broken| broken.code),
                expected,
                "{bad}"
            );
        }
        assert_eq!(code(ContactPointKind::Email, "z***@qq.com"), "masked_value_written");
        assert_eq!(code(ContactPointKind::Email, &format!("{}@qq.com", "a".repeat(250))), "email_format");
    }

    #[test]
    fn wechat_ids() {
        let read = check(ContactPointKind::Wechat, "Zhang_San-88").unwrap();
        assert_eq!((read.masked.as_str(), read.match_key.as_str()), ("Z***8", "zhang_san-88"));
        assert!(check(ContactPointKind::Wechat, "wxid_0123456789abcd").is_ok());
        for bad in ["", "zhang", "1zhangsan", "zhang san", "张三张三张三", "a23456789012345678901"] {
            assert_eq!(code(ContactPointKind::Wechat, bad), "wechat_format", "{bad}");
        }
        assert_eq!(code(ContactPointKind::Wechat, "Z***8"), "masked_value_written");
    }

    #[test]
    fn addresses() {
        let read = check(ContactPointKind::Address, " 广东省深圳市福田区深南大道1号·A座 101 室 ").unwrap();
        assert_eq!(
            (read.value.as_str(), read.masked.as_str()),
            ("广东省深圳市福田区深南大道1号·A座 101 室", "广东省深圳市***")
        );
        assert_eq!(check(ContactPointKind::Address, "上海").unwrap().masked, "***");
        assert_eq!(code(ContactPointKind::Address, "广东省深圳市***"), "masked_value_written");
        assert_eq!(code(ContactPointKind::Address, &"长".repeat(201)), "too_long");
        assert_eq!(code(ContactPointKind::Address, " "), "required");
    }

    #[test]
    fn what_looks_masked() {
        for masked in
            ["138****5678", "110***********1234", "138XXXX5678", "138××××5678", "•••• 5678", "z＊＊@qq.com"]
        {
            assert!(looks_masked(masked), "{masked}");
        }
        for clear in
            ["13800005678", "11010519491231002X", "xx_zhang", "Max@xx.com", "买买提·吐尔逊", "", "xx"]
        {
            assert!(!looks_masked(clear), "{clear}");
        }
    }

    proptest! {
        #[test]
        fn chinese_mobiles(number in "1[3-9][0-9]{9}", glue in prop::sample::select(&["", " ", "-"][..])) {
            let typed = format!("{}{glue}{}{glue}{}", &number[..3], &number[3..7], &number[7..]);
            if let Ok(read) = check(ContactPointKind::Phone, &typed) {
                prop_assert_eq!(read.value, format!("+86{number}"));
                prop_assert_eq!(read.masked, format!("{}****{}", &number[..3], &number[7..]));
            }
        }

        #[test]
        fn never_panics_and_is_stable(kind in prop::sample::select(ContactPointKind::ALL), value in prop_oneof![
            any::<String>(), "[+0-9() x转ext.;=-]{0,24}", "[a-zA-Z0-9._+-]{0,12}@[a-z0-9.-]{0,12}", "[a-zA-Z][a-z0-9_-]{4,21}",
        ]) {
            if let Ok(read) = check(kind, &value) {
                prop_assert_eq!(&check(kind, &read.value).unwrap(), &read);
                prop_assert!(not_masked(&read.masked).is_err());
                prop_assert!(!read.masked.contains(&read.value));
            }
        }
    }
}
