use chrono::{Days, NaiveDate};

use crate::ownership::rules::days_after;

/// What decides on whether a customer falls back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// The day of the last contact, or on which the owner began, whichever is later.
    pub(super) silent_since: NaiveDate,
    /// The day on which the owner was told.
    pub(super) warned_on: Option<NaiveDate>,
}

/// When the owner was told and when the customer falls back, once that is at most `notice` days ahead. Whoever has been silent for longer than the
/// rule allows when it is set still has the whole notice.
pub(super) fn warning(
    standing: Standing,
    days: u32,
    notice: u32,
    today: NaiveDate,
) -> Option<(NaiveDate, NaiveDate)> {
    let over_on = days_after(standing.silent_since, days);
    let told_from = over_on.checked_sub_days(Days::new(notice.into())).unwrap_or(over_on);
    if today < told_from {
        return None;
    }
    // What was told of an earlier silence is not held against a new one, however early that was told.
    let told_from = told_from.max(standing.silent_since);
    let warned_on = standing.warned_on.filter(|day| *day >= told_from).unwrap_or(today);
    Some((warned_on, over_on.max(days_after(warned_on, notice))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(offset: u32) -> NaiveDate {
        days_after(NaiveDate::from_ymd_opt(2026, 1, 1).unwrap(), offset)
    }

    #[test]
    fn nobody_falls_back_without_notice() {
        let silent = |warned_on| Standing { silent_since: day(0), warned_on };
        assert_eq!(warning(silent(None), 180, 14, day(165)), None);
        assert_eq!(warning(silent(None), 180, 14, day(166)), Some((day(166), day(180))));
        assert_eq!(warning(silent(Some(day(166))), 180, 14, day(179)), Some((day(166), day(180))));
        // The rule was set after it had been broken.
        assert_eq!(warning(silent(None), 180, 14, day(400)), Some((day(400), day(414))));
        assert_eq!(warning(silent(Some(day(400))), 180, 14, day(410)), Some((day(400), day(414))));
        // With more days of notice than the rule has, the owner is told from the first silent day on.
        let again = |warned_on| Standing { silent_since: day(50), warned_on: Some(warned_on) };
        assert_eq!(warning(again(day(20)), 30, 60, day(70)), Some((day(70), day(130))));
        assert_eq!(warning(again(day(50)), 30, 60, day(70)), Some((day(50), day(110))));
    }

    proptest! {
        #[test]
        fn a_warning_is_given_in_time_and_stays(
            silent in 0_u32..400, days in 30_u32..400, notice in 1_u32..90, waited in 0_u32..1200,
        ) {
            let today = silent + waited;
            let standing = Standing { silent_since: day(silent), warned_on: None };
            match warning(standing, days, notice, day(today)) {
                None => prop_assert!(today + notice < silent + days),
                Some((warned_on, falls_on)) => {
                    prop_assert_eq!(warned_on, day(today));
                    prop_assert!(falls_on >= day(silent + days) && falls_on >= day(today + notice));
                    let later = Standing { warned_on: Some(warned_on), ..standing };
                    for after in 0..notice {
                        prop_assert_eq!(
                            warning(later, days, notice, day(today + after)), Some((warned_on, falls_on))
                        );
                    }
                }
            }
        }

        #[test]
        fn an_earlier_silence_takes_no_notice_away(
            silent in 1_u32..400, days in 1_u32..200, notice in 1_u32..200, waited in 0_u32..400, before in 1_u32..400,
        ) {
            let today = day(silent + waited);
            let told = Standing { silent_since: day(silent), warned_on: Some(day(silent.saturating_sub(before))) };
            let anew = Standing { warned_on: None, ..told };
            prop_assert_eq!(warning(told, days, notice, today), warning(anew, days, notice, today));
        }
    }
}
