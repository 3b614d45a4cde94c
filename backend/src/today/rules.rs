//! What needs no database: names of lines, birthdays, and what presses most.

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, NaiveDate};
use guanxi_api::{TaskPriority, Tier, TodayLine, TodayReason};
use uuid::Uuid;

/// Days before a birthday on which it stands in the list.
pub(super) const BIRTHDAY_NOTICE: u64 = 7;
/// Days before a maturity on which it stands in the list, and on which it presses.
pub(super) const MATURITY_NOTICE: u64 = 30;
const MATURITY_PRESSES: u64 = 7;

/// Names a line that is not a task, as long as it stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineId {
    pub reason: TodayReason,
    /// The customer; of a maturity, the holding.
    pub subject: Uuid,
    /// The birthday, the maturity, or the day on which a contact stood in the list.
    pub day: NaiveDate,
}

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.reason, self.subject, self.day)
    }
}

/// No line has such a name.
#[derive(Debug, PartialEq, Eq)]
pub struct NoLine;

impl FromStr for LineId {
    type Err = NoLine;

    fn from_str(text: &str) -> Result<Self, NoLine> {
        let (reason, rest) = text.split_once('-').ok_or(NoLine)?;
        let (subject, day) = rest.split_at_checked(36).ok_or(NoLine)?;
        let line = LineId {
            reason: TodayReason::from_code(reason).ok_or(NoLine)?,
            subject: subject.parse().map_err(|_| NoLine)?,
            day: day.strip_prefix('-').and_then(|day| day.parse().ok()).ok_or(NoLine)?,
        };
        // One name each: dates and ids can be written in several ways.
        if line.to_string() == text { Ok(line) } else { Err(NoLine) }
    }
}

/// The days from today on whose birthdays stand in the list.
pub(super) fn birthdays(today: NaiveDate) -> Vec<NaiveDate> {
    today.iter_days().take(usize::try_from(BIRTHDAY_NOTICE).unwrap_or(0) + 1).collect()
}

/// The first birthday from a day on. Whoever was born on a leap day celebrates on the last day of February in other years.
pub(super) fn next_birthday(born: NaiveDate, from: NaiveDate) -> Option<NaiveDate> {
    let in_year = |year| {
        NaiveDate::from_ymd_opt(year, born.month(), born.day())
            .or_else(|| NaiveDate::from_ymd_opt(year, 2, 28))
    };
    in_year(from.year()).filter(|day| *day >= from).or_else(|| in_year(from.year() + 1))
}

/// How pressing a line is, for the order of the list: the smaller, the more.
pub(super) fn pressing(line: &TodayLine, today: NaiveDate) -> impl Ord + use<> {
    let soon = |days: u64| today.checked_add_days(Days::new(days)).is_some_and(|last| line.due_on <= last);
    let high = line.task.as_ref().is_some_and(|task| task.priority == TaskPriority::High);
    let group = match line.reason {
        TodayReason::LowScore => 0,
        TodayReason::TaskDue if high || line.due_on < today => 1,
        TodayReason::TaskDue => 2,
        TodayReason::Maturity if soon(MATURITY_PRESSES) => 3,
        TodayReason::Birthday if soon(0) => 4,
        TodayReason::ContactDue | TodayReason::VisitDue => 5,
        TodayReason::Birthday => 6,
        TodayReason::Maturity => 7,
    };
    let tier = line.customer.as_ref().and_then(|customer| customer.tier).unwrap_or(Tier::Mass);
    // Of customers who wait the most valuable come first, of days the nearest.
    let by_tier = (line.reason == TodayReason::ContactDue).then_some(Reverse(tier));
    (group, by_tier, line.due_on, Reverse(tier), line.id.clone())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn names_of_lines_are_read_as_they_are_written_and_in_no_other_way() {
        let line = LineId { reason: TodayReason::ContactDue, subject: Uuid::nil(), day: day("2026-11-26") };
        let name = "contact_due-00000000-0000-0000-0000-000000000000-2026-11-26";
        assert_eq!((line.to_string().as_str(), name.parse()), (name, Ok(line)));
        for wrong in [
            "",
            "contact_due",
            "contact_due-00000000-0000-0000-0000-000000000000",
            "contact_due-00000000-0000-0000-0000-000000000000-2026-11-6",
            "contact_due-00000000-0000-0000-0000-000000000000-+2026-11-26",
            "contact_due-0000000000000000000000000000000客0000-2026-11-26",
            "nothing-00000000-0000-0000-0000-000000000000-2026-11-26",
            "contact_due-{0000000-0000-0000-0000-00000000000}-2026-11-26",
        ] {
            assert_eq!(wrong.parse::<LineId>(), Err(NoLine), "{wrong}");
        }
    }

    #[test]
    fn birthdays_come_once_a_year() {
        for (born, from, next) in [
            ("1980-11-26", "2026-11-26", "2026-11-26"),
            ("1980-11-25", "2026-11-26", "2027-11-25"),
            ("1980-01-01", "2026-12-31", "2027-01-01"),
            ("1980-02-29", "2026-02-28", "2026-02-28"),
            ("1980-02-29", "2028-02-28", "2028-02-29"),
            ("1980-02-29", "2027-03-01", "2028-02-29"),
        ] {
            assert_eq!(next_birthday(day(born), day(from)), Some(day(next)), "{born} from {from}");
        }
    }

    proptest! {
        #[test]
        fn a_birthday_is_within_a_year_and_on_its_day(born in 0_i32..40_000, from in 40_000_i32..60_000) {
            let at = |days| NaiveDate::from_num_days_from_ce_opt(693_595 + days).expect("a day");
            let (born, from) = (at(born), at(from));
            let next = next_birthday(born, from).expect("a birthday");
            prop_assert!(next >= from && (next - from).num_days() <= 366);
            prop_assert!(next.day() == born.day() || (born.month(), born.day(), next.day()) == (2, 29, 28));
            prop_assert_eq!(next.month(), born.month());
        }

        #[test]
        fn no_text_is_more_than_one_line(text in "[a-z_]{1,12}-[0-9a-f-]{30,40}-[0-9-]{8,11}") {
            if let Ok(line) = text.parse::<LineId>() {
                prop_assert_eq!(line.to_string(), text);
            }
        }
    }
}
