use chrono::{Days, NaiveDate, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use guanxi_db::Moment;

/// A time of every day in the bank's zone.
#[derive(Clone, Copy, Debug)]
pub struct Daily {
    pub at: NaiveTime,
    pub zone: Tz,
}

impl Daily {
    /// Whether none was made since the latest time that has come. So a time that was missed is made up for, once.
    pub fn is_due(&self, last: Option<Moment>, now: Moment) -> bool {
        last.is_none_or(|last| self.latest(now).is_some_and(|due| last < due))
    }

    /// The latest time that has come by now.
    fn latest(&self, now: Moment) -> Option<Moment> {
        let today = now.to_utc().with_timezone(&self.zone).date_naive();
        // Where the clocks skip the time of today, it comes later in the day; one zone has skipped a whole day.
        let days = (0..=3).filter_map(|before| today.checked_sub_days(Days::new(before)));
        days.filter_map(|day| self.moment_of(day)).find(|moment| *moment <= now)
    }

    /// When the time of a day is: the first of two where the clocks go back, and the first moment after the gap where they skip it.
    fn moment_of(&self, day: NaiveDate) -> Option<Moment> {
        let local = day.and_time(self.at);
        let minutes =
            (0..=2 * 24 * 60).filter_map(|minutes| local.checked_add_signed(TimeDelta::minutes(minutes)));
        let mut moments = minutes.filter_map(|local| self.zone.from_local_datetime(&local).earliest());
        moments.next().map(|moment| Moment::from(moment.to_utc()))
    }
}

/// The name of a backup: its moment in UTC, so that names stand in the order of time.
pub(super) fn name_of(at: Moment) -> String {
    at.to_utc().format("%Y%m%dT%H%M%SZ").to_string()
}

/// Whether a folder could be a backup by its name.
pub(super) fn is_name(name: &str) -> bool {
    chrono::NaiveDateTime::parse_from_str(name, "%Y%m%dT%H%M%SZ").is_ok() && name.len() == 16
}

/// Which of some backups go when so many of the newest are kept.
pub(super) fn surplus(mut names: Vec<String>, keep: usize) -> Vec<String> {
    names.sort_unstable_by(|one, other| other.cmp(one));
    names.into_iter().skip(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daily(at: &str, zone: &str) -> Daily {
        Daily { at: NaiveTime::parse_from_str(at, "%H:%M").unwrap(), zone: zone.parse().unwrap() }
    }

    fn moment(text: &str) -> Moment {
        Moment::from(text.parse::<chrono::DateTime<chrono::Utc>>().unwrap())
    }

    #[track_caller]
    fn latest(daily: Daily, now: &str, expected: &str) {
        assert_eq!(daily.latest(moment(now)), Some(moment(expected)), "{now}");
    }

    #[test]
    fn a_backup_is_due_once_a_day_in_the_banks_zone() {
        let shanghai = daily("02:00", "Asia/Shanghai");
        // 02:00 in Shanghai is 18:00 in UTC on the day before.
        latest(shanghai, "2026-11-26T17:59:59Z", "2026-11-25T18:00:00Z");
        latest(shanghai, "2026-11-26T18:00:00Z", "2026-11-26T18:00:00Z");
        let due = |last: &str, now: &str| shanghai.is_due(Some(moment(last)), moment(now));
        assert!(!due("2026-11-25T18:00:03Z", "2026-11-26T17:59:59Z"));
        assert!(due("2026-11-25T18:00:03Z", "2026-11-26T18:00:00Z"));
        assert!(!due("2026-11-26T18:00:00Z", "2026-11-26T18:00:01Z"));
    }

    #[test]
    fn what_was_missed_is_made_up_for_once() {
        let shanghai = daily("02:00", "Asia/Shanghai");
        assert!(shanghai.is_due(None, moment("2026-11-26T09:00:00Z")), "there has never been one");
        let started = moment("2026-11-26T09:00:00Z");
        assert!(
            shanghai.is_due(Some(moment("2026-11-22T18:00:05Z")), started),
            "the server was down for days"
        );
        assert!(
            !shanghai.is_due(Some(started), moment("2026-11-26T17:00:00Z")),
            "one makes up for all of them"
        );
        assert!(
            shanghai.is_due(Some(started), moment("2026-11-26T18:00:00Z")),
            "and the next time comes as usual"
        );
    }

    #[test]
    fn clocks_that_change_skip_no_day_and_repeat_none() {
        // On 29 March 2026 Berlin's clocks go from 02:00 to 03:00, on 25 October from 03:00 back to 02:00.
        let berlin = daily("02:30", "Europe/Berlin");
        latest(berlin, "2026-03-29T00:59:59Z", "2026-03-28T01:30:00Z");
        latest(berlin, "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z");
        latest(berlin, "2026-03-30T00:29:59Z", "2026-03-29T01:00:00Z");
        latest(berlin, "2026-03-30T00:30:00Z", "2026-03-30T00:30:00Z");
        latest(berlin, "2026-10-25T00:29:59Z", "2026-10-24T00:30:00Z");
        latest(berlin, "2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z");
        latest(berlin, "2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z");
        latest(berlin, "2026-10-26T01:30:00Z", "2026-10-26T01:30:00Z");
        // Apia went from the end of 29 December 2011 to the beginning of 31 December.
        let apia = daily("12:00", "Pacific/Apia");
        latest(apia, "2011-12-30T09:59:59Z", "2011-12-29T22:00:00Z");
        latest(apia, "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z");
        latest(apia, "2011-12-30T22:00:00Z", "2011-12-30T22:00:00Z");
    }

    #[test]
    fn there_are_as_many_backups_as_days_whatever_the_zone() {
        for zone in ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"] {
            for at in ["00:00", "01:59", "02:00", "02:30", "23:59"] {
                let (daily, mut last, mut made) = (daily(at, zone), None, 0);
                let mut now = moment("2026-01-01T12:00:00Z");
                let end = moment("2027-01-01T12:00:00Z");
                while now < end {
                    if daily.is_due(last, now) {
                        (last, made) = (Some(now), made + 1);
                    }
                    now = now.plus_seconds(600);
                }
                // One when it is first started, and one a day.
                assert_eq!(made, 366, "{zone} {at}");
            }
        }
    }

    #[test]
    fn the_newest_are_kept() {
        let names =
            |days: &[u32]| days.iter().map(|day| format!("202611{day:02}T180000Z")).collect::<Vec<_>>();
        assert_eq!(surplus(names(&[3, 1, 2, 5, 4]), 2), names(&[3, 2, 1]));
        assert_eq!(surplus(names(&[3, 1]), 7), names(&[]));
    }

    #[test]
    fn names_are_moments() {
        let name = name_of(moment("2026-11-26T18:00:03.987654Z"));
        assert_eq!(name, "20261126T180003Z");
        assert!(is_name(&name));
        for other in
            ["20261126T180003", "20261326T180003Z", ".unfinished-1", "2026-11-26", "20261126T180003Z.old", ""]
        {
            assert!(!is_name(other), "{other}");
        }
    }
}
