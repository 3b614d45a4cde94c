use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;

use chrono::{Datelike, NaiveDate, NaiveDateTime};
use guanxi_api::{Amount, Instant};
use js_sys::{Array, Function, Intl, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::{I18n, Lang};

thread_local! {
    /// The bank's business time zone, known once someone has signed in.
    static ZONE: RefCell<String> = RefCell::new("Asia/Shanghai".into());
    /// How each language says how long ago something was.
    static RELATIVE: RefCell<HashMap<Lang, Intl::RelativeTimeFormat>> = RefCell::new(HashMap::new());
    /// The browser's formatting functions, which are dear to make.
    static FORMATS: RefCell<HashMap<(Lang, Kind), Function>> = RefCell::new(HashMap::new());
}

/// Sets the zone that instants are shown in.
pub fn set_zone(zone: &str) {
    ZONE.with_borrow_mut(|held| {
        if held != zone {
            zone.clone_into(held);
            FORMATS.with_borrow_mut(HashMap::clear);
        }
    });
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Whole,
    /// A figure with the decimals that it has.
    Figure,
    Money,
    Compact,
    /// `2026-11-22 10:30`, as tables show it; Swedish is the locale that writes so.
    Minute,
    Second,
    /// `Sunday, 22 November 2026`
    FullDay,
    Month,
    /// `November 2026`
    MonthOfYear,
    Weekday,
    ShortWeekday,
    Compare,
}

fn options(pairs: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (key, value) in pairs {
        let _ = Reflect::set(&object, &JsValue::from_str(key), value);
    }
    object
}

fn make(lang: Lang, kind: Kind) -> Function {
    let swedish = matches!(kind, Kind::Minute | Kind::Second);
    let locales = Array::of1(&JsValue::from_str(if swedish { "sv-SE" } else { lang.as_str() }));
    let zone = || ZONE.with_borrow(|zone| JsValue::from_str(zone));
    match kind {
        Kind::Whole => Intl::NumberFormat::new(&locales, &Object::new()).format(),
        Kind::Figure => {
            Intl::NumberFormat::new(&locales, &options(&[("maximumFractionDigits", 4.into())])).format()
        }
        Kind::Money => {
            let digits = [("minimumFractionDigits", 2.into()), ("maximumFractionDigits", 2.into())];
            Intl::NumberFormat::new(&locales, &options(&digits)).format()
        }
        Kind::Compact => {
            let short = [("notation", "compact".into()), ("maximumFractionDigits", 2.into())];
            Intl::NumberFormat::new(&locales, &options(&short)).format()
        }
        Kind::Minute => {
            let short = [("dateStyle", "short".into()), ("timeStyle", "short".into()), ("timeZone", zone())];
            Intl::DateTimeFormat::new(&locales, &options(&short)).format()
        }
        Kind::Second => {
            let medium =
                [("dateStyle", "short".into()), ("timeStyle", "medium".into()), ("timeZone", zone())];
            Intl::DateTimeFormat::new(&locales, &options(&medium)).format()
        }
        // A day has no zone: it is formatted as midnight in the zone that it was made in.
        Kind::FullDay | Kind::Month | Kind::MonthOfYear | Kind::Weekday | Kind::ShortWeekday => {
            let mut parts = vec![("timeZone", "UTC".into())];
            match kind {
                Kind::Month => {
                    let style = if lang == Lang::ZhCn { "numeric" } else { "long" };
                    parts.push(("month", style.into()));
                }
                Kind::MonthOfYear => parts.extend([("year", "numeric".into()), ("month", "long".into())]),
                Kind::Weekday => parts.push(("weekday", "long".into())),
                Kind::ShortWeekday => parts.push(("weekday", "short".into())),
                _ => parts.push(("dateStyle", "full".into())),
            }
            Intl::DateTimeFormat::new(&locales, &options(&parts)).format()
        }
        Kind::Compare => {
            let tag = if lang == Lang::ZhCn { "zh-CN-u-co-pinyin" } else { "en" };
            Intl::Collator::new(&Array::of1(&JsValue::from_str(tag)), &options(&[("numeric", true.into())]))
                .compare()
        }
    }
}

fn with<R>(lang: Lang, kind: Kind, run: impl FnOnce(&Function) -> R) -> R {
    let function =
        FORMATS.with_borrow_mut(|held| held.entry((lang, kind)).or_insert_with(|| make(lang, kind)).clone());
    run(&function)
}

fn apply(lang: Lang, kind: Kind, value: &JsValue) -> String {
    with(lang, kind, |function| {
        function.call1(&JsValue::NULL, value).ok().and_then(|text| text.as_string()).unwrap_or_default()
    })
}

impl I18n {
    /// A count: `1,284`.
    pub fn number(self, value: u32) -> String {
        apply(self.lang, Kind::Whole, &value.into())
    }

    /// A figure as a filter has it, its digits grouped: `100,000`; as it stands if it is none.
    pub fn figure(self, text: &str) -> String {
        let shown = apply(self.lang, Kind::Figure, &JsValue::from_str(text));
        if shown == "NaN" { text.to_owned() } else { shown }
    }

    /// A figure in few digits: `10万`, `100K`.
    pub fn short_figure(self, text: &str) -> String {
        apply(self.lang, Kind::Compact, &JsValue::from_str(text))
    }

    /// An amount to the cent, without its currency, which the heading carries: `1,234,567.50`.
    pub fn amount(self, amount: Amount) -> String {
        // As a decimal string it keeps all its digits; a float would not.
        apply(self.lang, Kind::Money, &JsValue::from_str(&amount.to_string()))
    }

    /// An amount in few digits: `123.46万`, `1.23M`.
    pub fn short_amount(self, amount: Amount) -> String {
        apply(self.lang, Kind::Compact, &JsValue::from_str(&amount.to_string()))
    }

    /// `2026-11-22 10:30` in the bank's zone.
    pub fn minute(self, at: Instant) -> String {
        apply(self.lang, Kind::Minute, &js_date(at))
    }

    /// `2026-11-22 10:30:07` in the bank's zone.
    pub fn second(self, at: Instant) -> String {
        apply(self.lang, Kind::Second, &js_date(at))
    }

    /// Today in the bank's zone.
    pub fn today(self) -> NaiveDate {
        let now = js_sys::Date::new(&JsValue::from_f64(crate::dom::now()));
        let text = apply(self.lang, Kind::Minute, &now.unchecked_into());
        text.get(..10).and_then(|day| day.parse().ok()).unwrap_or_default()
    }

    /// The day of an instant in the bank's zone.
    pub fn day_of(self, at: Instant) -> Option<NaiveDate> {
        self.minute(at).get(..10)?.parse().ok()
    }

    /// The instant at which it is so late in the bank's zone.
    pub fn instant(self, local: NaiveDateTime) -> Option<Instant> {
        let mut at = local.and_utc();
        // Where the clocks change between the guess and the answer, the second look is right.
        for _ in 0..2 {
            let shown = NaiveDateTime::parse_from_str(&self.second(Instant(at)), "%Y-%m-%d %H:%M:%S").ok()?;
            at += local - shown;
        }
        Some(Instant(at))
    }

    /// `Sunday, 22 November 2026`, `2026年11月22日星期日`.
    pub fn full_day(self, day: NaiveDate) -> String {
        apply(self.lang, Kind::FullDay, &js_day(day))
    }

    /// `November 2026`, `2026年11月`.
    pub fn month_of(self, day: NaiveDate) -> String {
        apply(self.lang, Kind::MonthOfYear, &js_day(day))
    }

    /// The name of a month by its number in the year.
    pub fn month_name(self, month: u32) -> String {
        let day = NaiveDate::from_ymd_opt(2026, month, 1).unwrap_or_default();
        apply(self.lang, Kind::Month, &js_day(day))
    }

    /// The name of a day's weekday.
    pub fn weekday(self, day: NaiveDate, long: bool) -> String {
        apply(self.lang, if long { Kind::Weekday } else { Kind::ShortWeekday }, &js_day(day))
    }

    /// How long ago or ahead: `3 分钟前`, `yesterday`.
    pub fn relative(self, at: Instant) -> String {
        let seconds = (at.micros() as f64 / 1e6) - crate::dom::now() / 1e3;
        let (size, unit) = match seconds.abs() {
            s if s < 45.0 => (1.0, "second"),
            s if s < 2_700.0 => (60.0, "minute"),
            s if s < 64_800.0 => (3_600.0, "hour"),
            s if s < 2_592_000.0 => (86_400.0, "day"),
            s if s < 31_536_000.0 => (2_592_000.0, "month"),
            _ => (31_536_000.0, "year"),
        };
        relative(self.lang, if unit == "second" { 0.0 } else { (seconds / size).round() }, unit)
    }

    /// How many days ahead or ago: `in 3 days`, `今天`, `yesterday`.
    pub fn in_days(self, days: i64) -> String {
        relative(self.lang, days as f64, "day")
    }

    /// The order in which people expect names: pinyin in Chinese.
    pub fn compare(self, a: &str, b: &str) -> Ordering {
        let order = with(self.lang, Kind::Compare, |function| {
            function
                .call2(&JsValue::NULL, &JsValue::from_str(a), &JsValue::from_str(b))
                .ok()
                .and_then(|n| n.as_f64())
        });
        order.and_then(|n| n.partial_cmp(&0.0)).unwrap_or(Ordering::Equal)
    }
}

fn relative(lang: Lang, count: f64, unit: &str) -> String {
    RELATIVE.with_borrow_mut(|held| {
        let format = held.entry(lang).or_insert_with(|| {
            let locales = Array::of1(&JsValue::from_str(lang.as_str()));
            Intl::RelativeTimeFormat::new(&locales, &options(&[("numeric", "auto".into())]))
        });
        String::from(format.format(count, unit))
    })
}

fn js_date(at: Instant) -> JsValue {
    js_sys::Date::new(&JsValue::from_f64(at.micros() as f64 / 1e3)).unchecked_into()
}

/// Midnight of a day in UTC.
fn js_day(day: NaiveDate) -> JsValue {
    const EPOCH: i32 = 719_163;
    let millis = f64::from(day.num_days_from_ce() - EPOCH) * 86_400_000.0;
    js_sys::Date::new(&JsValue::from_f64(millis)).unchecked_into()
}
