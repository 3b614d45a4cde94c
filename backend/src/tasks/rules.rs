//! What is true of tasks whatever the database and the protocol.

use chrono::{Days, NaiveDate};

use crate::text::Broken;

/// How far ahead a task may be due.
const MOST_DAYS: u64 = 5 * 366;

/// A day by which something is to be done.
///
/// # Errors
/// `in_the_past`, and `too_far_ahead` for more than five years.
pub(super) fn due_on(day: NaiveDate, today: NaiveDate) -> Result<(), Broken> {
    if day < today {
        return Err(Broken::new("in_the_past"));
    }
    let last = today.checked_add_days(Days::new(MOST_DAYS));
    if last.is_some_and(|last| day > last) {
        Err(Broken::new("too_far_ahead").with("max", MOST_DAYS))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_task_is_due_from_today_to_five_years_ahead(offset in -4000_i64..4000) {
            let today = NaiveDate::from_ymd_opt(2026, 11, 26).unwrap();
            let day = today + chrono::Duration::days(offset);
            let code = due_on(day, today).err().map(|broken| broken.code);
            let wanted = match offset {
                ..0 => Some("in_the_past"),
                0..=1830 => None,
                _ => Some("too_far_ahead"),
            };
            prop_assert_eq!(code, wanted);
        }
    }
}
