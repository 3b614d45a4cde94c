//! The figures of customers that are merged, kept so that undoing it can put them back.

use chrono::NaiveDate;
use guanxi_api::Tier;
use guanxi_db::{DbConn, Moment};
use serde::{Deserialize, Serialize};

use crate::access::Actor;
use crate::audit;
use crate::customers::portfolio::Moves;
use crate::customers::tiers::store::{self, FiguresChange};
use crate::customers::{CustomerId, completeness, known};
use crate::error::{Error, Result};

/// What the books and the tiers said of a customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeptFigures {
    tier: String,
    aum: i64,
    coverage: i32,
    average_aum: i64,
    promotion_gap: i64,
    promotion_candidate: bool,
    demotes_on: NaiveDate,
    largest_transaction: i64,
    largest_transaction_on: Option<NaiveDate>,
    hidden_gem: bool,
    review_on: NaiveDate,
    /// Microseconds.
    as_of: i64,
    /// Of the days on which they changed, in order.
    balances: Vec<(NaiveDate, i64)>,
}

/// The figures of a customer as they are.
///
/// # Errors
/// When the database fails.
pub fn keep_figures(conn: &mut DbConn, id: CustomerId) -> Result<KeptFigures> {
    let (_, figures) = store::figures_of(conn, &[id])?.pop().ok_or_else(Error::not_found)?;
    Ok(KeptFigures {
        tier: figures.tier,
        aum: figures.aum,
        coverage: figures.coverage,
        average_aum: figures.average_aum,
        promotion_gap: figures.promotion_gap,
        promotion_candidate: figures.promotion_candidate,
        demotes_on: figures.demotes_on,
        largest_transaction: figures.largest_transaction,
        largest_transaction_on: figures.largest_transaction_on,
        hidden_gem: figures.hidden_gem,
        review_on: figures.review_on,
        as_of: figures.as_of.0,
        balances: store::all_balances(conn, id)?,
    })
}

/// What two courses of balances come to together.
fn together(one: &[(NaiveDate, i64)], other: &[(NaiveDate, i64)]) -> Vec<(NaiveDate, i64)> {
    let mut days: Vec<NaiveDate> = one.iter().chain(other).map(|(day, _)| *day).collect();
    days.sort_unstable();
    days.dedup();
    days.into_iter().map(|day| (day, on(one, day).saturating_add(on(other, day)))).collect()
}

/// The balance of a day: that of the last change not after it.
fn on(balances: &[(NaiveDate, i64)], day: NaiveDate) -> i64 {
    balances.iter().rev().find(|(changed, _)| *changed <= day).map_or(0, |(_, aum)| *aum)
}

/// Says that a customer has had, on every day, what two of them had.
///
/// # Errors
/// When the database fails.
pub fn join_balances(
    conn: &mut DbConn,
    id: CustomerId,
    own: &KeptFigures,
    other: &KeptFigures,
) -> Result<()> {
    store::replace_balances(conn, id, &together(&own.balances, &other.balances))
}

/// Puts back what the books and the tiers said of a customer at the merge of `since`, on the bank's day `merged_on`. For the days after it the customer has
/// what its row says without `of_other`, the assets that the other one brought along; the tier history since then goes.
///
/// # Errors
/// When the database fails.
pub fn put_figures_back(
    conn: &mut DbConn,
    id: CustomerId,
    kept: &KeptFigures,
    (since, merged_on): (Moment, NaiveDate),
    of_other: Option<&KeptFigures>,
) -> Result<()> {
    let (unit, now) = store::figures_of(conn, &[id])?.pop().ok_or_else(Error::not_found)?;
    let mut balances = kept.balances.clone();
    if let Some(other) = of_other {
        let later = store::all_balances(conn, id)?.into_iter().filter(|(day, _)| *day > merged_on);
        balances.extend(later.map(|(day, aum)| (day, aum.saturating_sub(other.aum).max(0))));
    }
    store::replace_balances(conn, id, &balances)?;
    store::forget_tier_history(conn, id, since)?;
    let tier = known(Tier::from_code(&kept.tier))?;
    let data_gap = completeness::is_gap_at(&now, tier);
    let mut moves = Moves::default();
    moves.refigure(unit, &now, (tier.as_str(), kept.aum, data_gap));
    moves.record(conn)?;
    let row = FiguresChange {
        id,
        tier,
        data_gap,
        aum: kept.aum,
        coverage: kept.coverage,
        average_aum: kept.average_aum,
        promotion_gap: kept.promotion_gap,
        promotion_candidate: kept.promotion_candidate,
        in_grace: kept.demotes_on != super::NEVER,
        demotes_on: kept.demotes_on,
        largest_transaction: kept.largest_transaction,
        largest_transaction_on: kept.largest_transaction_on,
        hidden_gem: kept.hidden_gem,
        review_on: kept.review_on,
    };
    store::set_figures(conn, &[row], Moment(kept.as_of)).map(drop)
}

/// The version of the figures of a customer.
///
/// # Errors
/// When the database fails.
pub fn figures_version(conn: &mut DbConn, id: CustomerId) -> Result<i64> {
    let (_, figures) = store::figures_of(conn, &[id])?.pop().ok_or_else(Error::not_found)?;
    Ok(figures.version)
}

/// Says in the change feed that the figures of a customer are others.
///
/// # Errors
/// When the database fails.
pub fn tell_of_figures(conn: &mut DbConn, actor: &Actor, (id, version): (CustomerId, i64)) -> Result<()> {
    let event = audit::Event {
        kind: "customer.figures_updated",
        resource_type: "customer_figures",
        resource_id: id.uuid(),
        version,
        changed: &["tier", "aum"],
    };
    audit::announce_all(conn, actor, &[event])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, n).expect("a day")
    }

    #[test]
    fn two_courses_are_added_day_by_day() {
        let one = [(day(1), 100), (day(5), 50)];
        let other = [(day(3), 10), (day(5), 20), (day(9), 0)];
        assert_eq!(together(&one, &other), [(day(1), 100), (day(3), 110), (day(5), 70), (day(9), 50)]);
        assert_eq!(together(&one, &[]), one);
    }
}
