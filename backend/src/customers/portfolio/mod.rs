//! Customers and assets of each unit by tier, kept as they change, so that a dashboard reads a few rows instead of the bank.

mod store;

use std::collections::BTreeMap;

use guanxi_db::DbConn;

use crate::access::OrgUnitId;
use crate::customers::store::{CustomerRow, FiguresRow};
use crate::error::Result;

/// Changes that the job loop folds in one transaction.
const FOLDED_AT_ONCE: i64 = 2000;

/// What one customer, or several alike, add to the figures of their unit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Share {
    unit: OrgUnitId,
    tier: String,
}

/// Number of customers and assets, in 1/10000 of the base currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Weight {
    customers: i64,
    aum: i64,
}

/// What is to be added to and taken from the kept figures of units by tier.
#[derive(Debug, Default)]
pub(super) struct Moves(BTreeMap<Share, Weight>);

impl Moves {
    /// A customer who is there now; an archived one counts nowhere.
    pub(super) fn add(&mut self, customer: &CustomerRow, figures: &FiguresRow) {
        self.weigh(customer, figures, 1);
    }

    /// A customer as it was.
    pub(super) fn take(&mut self, customer: &CustomerRow, figures: &FiguresRow) {
        self.weigh(customer, figures, -1);
    }

    /// A customer of a unit whose figures became others.
    pub(super) fn refigure(&mut self, unit: OrgUnitId, before: &FiguresRow, (tier, aum): (&str, i64)) {
        if !before.archived {
            self.weigh_share(unit, &before.tier, before.aum, -1);
            self.weigh_share(unit, tier, aum, 1);
        }
    }

    fn weigh(&mut self, customer: &CustomerRow, figures: &FiguresRow, sign: i64) {
        if !customer.archived {
            self.weigh_share(customer.org_unit_id, &figures.tier, figures.aum, sign);
        }
    }

    fn weigh_share(&mut self, unit: OrgUnitId, tier: &str, aum: i64, sign: i64) {
        let weight = self.0.entry(Share { unit, tier: tier.to_owned() }).or_default();
        weight.customers += sign;
        weight.aum = weight.aum.saturating_add(aum.saturating_mul(sign));
    }

    /// Writes what does not cancel out.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn record(self, conn: &mut DbConn) -> Result<()> {
        for (share, weight) in self.0.into_iter().filter(|(_, weight)| *weight != Weight::default()) {
            store::insert_change(conn, share.unit, &share.tier, weight.customers, weight.aum)?;
        }
        Ok(())
    }
}

/// Whether changes wait to be folded.
///
/// # Errors
/// When the database fails.
pub fn portfolio_has_changes(conn: &mut DbConn) -> Result<bool> {
    store::has_changes(conn)
}

/// Folds changes into the kept figures; gives how many. One server does it at a time, which the caller sees to.
///
/// # Errors
/// When the database fails.
pub fn fold_portfolio(conn: &mut DbConn) -> Result<usize> {
    let changes = store::take_changes(conn, FOLDED_AT_ONCE)?;
    let count = changes.len();
    let mut sums: BTreeMap<Share, Weight> = BTreeMap::new();
    for (unit, tier, customers, aum) in changes {
        let weight = sums.entry(Share { unit, tier }).or_default();
        weight.customers += customers;
        weight.aum = weight.aum.saturating_add(aum);
    }
    for (share, weight) in sums {
        store::add(conn, share.unit, &share.tier, weight.customers, weight.aum)?;
    }
    Ok(count)
}
