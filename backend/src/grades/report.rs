use std::collections::BTreeMap;

use chrono::{Months, NaiveDate};
use guanxi_api::{
    Amount, CurvePoint, GradeShare, Instant, Money, RfmClass, RfmShare, ValueReport, ValueShare,
};
use guanxi_db::DbConn;

use crate::access::{Actor, Scope};
use crate::customers::House;
use crate::error::Result;
use crate::grades::evaluation::{BAND, GRADE, LOST, RFM, Shares};
use crate::grades::{policy, store};

/// What part of the contribution those carry who are counted as carrying the bank, in percent.
const CARRIED_PERCENT: i128 = 80;

/// Who carries the bank, of the customers that the actor sees: the kept sums of units, and of a book its customers, summed when it is asked for.
///
/// # Errors
/// When the database fails.
pub fn report(conn: &mut DbConn, actor: &Actor, house: House<'_>) -> Result<ValueReport> {
    let scope = Scope::of(actor);
    let mut sums: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
    match scope.units() {
        Some(units) => {
            for (axis, place, customers, contribution) in store::shares(conn, units)? {
                sums.insert((axis, place), (customers, contribution));
            }
        }
        None => {
            let mut shares = Shares::default();
            store::values_of_book(conn, &scope)?.iter().for_each(|row| shares.weigh(row, 1));
            for ((_, axis, place), (customers, contribution)) in shares.0 {
                let sum = sums.entry((axis.to_owned(), place)).or_default();
                sum.0 += customers;
                sum.1 = sum.1.saturating_add(contribution);
            }
        }
    }
    let money = |amount| Money { amount: Amount(amount), currency: house.settings.base_currency.clone() };
    let of_axis = |axis: &str| {
        let axis = axis.to_owned();
        let end = format!("{axis}\0");
        sums.range((axis, String::new())..(end, String::new()))
            .map(|((_, place), sum)| (place.as_str(), *sum))
    };
    let mut bands: Vec<(i32, (i64, i64))> =
        of_axis(BAND).filter_map(|(place, sum)| Some((place.parse().ok()?, sum))).collect();
    bands.sort_by_key(|(band, _)| std::cmp::Reverse(*band));
    let curve = cumulated(bands.iter().map(|(_, sum)| *sum));
    let all = curve.last().copied().unwrap_or_default();
    let unprofitable = bands.iter().find(|(band, _)| *band < 0).map_or((0, 0), |(_, sum)| *sum);
    let first_month = months_before(house.settings.day(actor.now()), 11);
    let mut lost: BTreeMap<&str, i64> = BTreeMap::new();
    for (place, (customers, _)) in of_axis(LOST) {
        if let Some((grade, _)) = place.split_once(':').filter(|(_, month)| *month >= first_month.as_str()) {
            *lost.entry(grade).or_default() += customers;
        }
    }
    let by_grade: BTreeMap<&str, (i64, i64)> = of_axis(GRADE).collect();
    let grades = policy::policy(conn)?.rules.grades.into_iter().map(|grade| {
        let (customers, contribution) = by_grade.get(grade.code.as_str()).copied().unwrap_or_default();
        let lost = lost.get(grade.code.as_str()).copied().unwrap_or_default();
        let retention_percent = stayed(customers, lost);
        GradeShare {
            grade: grade.code,
            customers,
            contribution: money(contribution),
            lost,
            retention_percent,
        }
    });
    let rfm = of_axis(RFM).filter_map(|(place, (customers, _))| {
        let (recency, frequency) = place.split_once(':')?;
        let (recency, frequency) = (recency.parse().ok()?, frequency.parse().ok()?);
        Some(RfmShare { recency, frequency, class: RfmClass::of(recency, frequency), customers })
    });
    Ok(ValueReport {
        customers: all.0,
        contribution: money(all.1),
        grades: grades.collect(),
        carrying: carrying(&curve),
        curve: curve
            .iter()
            .map(|(customers, sum)| CurvePoint { customers: *customers, contribution: money(*sum) })
            .collect(),
        unprofitable: ValueShare { customers: unprofitable.0, contribution: money(unprofitable.1) },
        rfm: rfm.collect(),
        as_of: Instant(actor.now().to_utc()),
    })
}

fn months_before(day: NaiveDate, months: u32) -> String {
    day.checked_sub_months(Months::new(months)).unwrap_or(day).format("%Y-%m").to_string()
}

fn cumulated(bands: impl Iterator<Item = (i64, i64)>) -> Vec<(i64, i64)> {
    bands
        .scan((0_i64, 0_i64), |sum, (customers, contribution)| {
            *sum = (sum.0 + customers, sum.1.saturating_add(contribution));
            Some(*sum)
        })
        .collect()
}

/// How many of the most valuable customers bring 80 percent of what all of them bring; within a band all are taken to bring the same, so that it is a tenth of a
/// power of ten off at most.
fn carrying(curve: &[(i64, i64)]) -> Option<i64> {
    let all = i128::from(curve.last()?.1);
    if all <= 0 {
        return None;
    }
    let wanted = all * CARRIED_PERCENT;
    let mut before = (0_i64, 0_i64);
    for point in curve {
        if i128::from(point.1) * 100 >= wanted {
            let missing = wanted - i128::from(before.1) * 100;
            let brought = i128::from(point.1 - before.1) * 100;
            let customers = i128::from(point.0 - before.0);
            // Whoever brings the last of it counts whole.
            let part = (customers * missing + brought - 1) / brought.max(1);
            return Some(before.0 + i64::try_from(part).unwrap_or(0));
        }
        before = *point;
    }
    None
}

/// How many of a hundred have stayed.
fn stayed(customers: i64, lost: i64) -> Option<u32> {
    let all = customers + lost;
    (all > 0).then(|| u32::try_from((customers * 200 + all) / (2 * all)).unwrap_or(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_carry_the_bank_are_counted_within_a_band() {
        let curve = cumulated([(1, 50), (10, 40), (100, 10), (50, -20)].into_iter());
        assert_eq!(curve, [(1, 50), (11, 90), (111, 100), (161, 80)]);
        // 80 percent of 80 is 64: one brings 50, and four of the ten who bring 4 each the 14 that are missing.
        assert_eq!(carrying(&curve), Some(5));
        assert_eq!(carrying(&cumulated([(1, 5), (1, -5)].into_iter())), None);
        assert_eq!(carrying(&[]), None);
    }

    #[test]
    fn whoever_stayed_is_counted_of_all_who_were_there() {
        assert_eq!(
            (stayed(0, 0), stayed(3, 1), stayed(0, 2), stayed(2, 1)),
            (None, Some(75), Some(0), Some(67))
        );
    }

    #[test]
    fn a_year_of_months_ends_with_this_one() {
        assert_eq!(months_before("2026-11-28".parse().expect("a day"), 11), "2025-12");
        assert_eq!(months_before("2026-12-31".parse().expect("a day"), 10), "2026-02");
    }
}
