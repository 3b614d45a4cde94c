//! Customers whose tier has a story: some whose assets have gone down and whose grace period runs, and ordinary ones who once moved a
//! large sum.

use chrono::{Days, NaiveDate};
use guanxi_api::{
    Amount, ExternalId, HoldingStatus, NewHoldingTransaction, ProductKind, Tier, TierPolicy, TransactionKind,
};
use guanxi_db::{DbConn, Id};

use super::generator;
use crate::access::Actor;
use crate::customers::{self, CustomerId, House};
use crate::error::Result;
use crate::holdings;

/// Among how many customers they are looked for.
const LOOKED_AT: u64 = 4_000;
/// How many days ago part of the assets went, and how many days ago the tier still followed from what they had been.
const LEFT: u64 = 22;
const STILL_HIGH: u64 = 10;
/// One in so many of those near the next tier has come down from it.
const ONE_IN: usize = 2;
const GEMS: usize = 40;
/// What a hidden gem moved, in 1/10000 of the base currency.
const MOVED: i64 = 1_800_000_000;

pub(super) fn make(conn: &mut DbConn, actor: &Actor, house: House<'_>, customers: u64) -> Result<()> {
    let today = house.settings.day(actor.now());
    let policy = customers::tiers(conn)?;
    let (mut near, mut ordinary) = (Vec::new(), Vec::new());
    for part in looked_at(conn, customers)?.chunks(500) {
        for customer in customers::related(conn, actor, house, part)?.into_values() {
            let (id, aum) = (CustomerId::new(customer.id), customer.aum.amount);
            match threshold_near(&policy, customer.tier, aum) {
                _ if customer.archived_at.is_some() => {}
                Some(threshold) => near.push((id, threshold)),
                None if customer.tier == Tier::Mass => ordinary.push(id),
                None => {}
            }
        }
    }
    near.sort();
    ordinary.sort();
    fall(conn, actor, today, &near)?;
    move_large_sums(conn, actor, house, today, &ordinary)
}

fn looked_at(conn: &mut DbConn, customers: u64) -> Result<Vec<CustomerId>> {
    let keys: Vec<ExternalId> = (0..customers.min(LOOKED_AT)).map(generator::external_id).collect();
    let mut ids = Vec::new();
    for source in ["core", "erp"] {
        let of: Vec<&ExternalId> = keys.iter().filter(|key| key.source == source).collect();
        ids.extend(customers::ids_by_keys(conn, &of)?.into_values());
    }
    Ok(ids)
}

/// The next threshold, for whoever has at least four fifths of it.
fn threshold_near(policy: &TierPolicy, tier: Tier, aum: Amount) -> Option<Amount> {
    let next = policy.tiers.iter().find(|rule| rule.tier > tier)?.threshold;
    (aum.0 >= next.0 / 5 * 4).then_some(next)
}

/// Gives some customers a past with more, and has their tier follow it: as days passed, the average came down.
fn fall(conn: &mut DbConn, actor: &Actor, today: NaiveDate, near: &[(CustomerId, Amount)]) -> Result<()> {
    let ago = |days: u64| today.checked_sub_days(Days::new(days)).unwrap_or(today);
    let fallen: Vec<(CustomerId, Amount)> = near.iter().step_by(ONE_IN).copied().collect();
    let before: Vec<(CustomerId, Amount)> =
        fallen.iter().map(|(id, threshold)| (*id, Amount(threshold.0 / 10 * 13))).collect();
    customers::move_balances(conn, today, ago(LEFT), &before, ago(90))?;
    let ids: Vec<CustomerId> = fallen.iter().map(|(id, _)| *id).collect();
    let days = i64::try_from(STILL_HIGH).unwrap_or_default();
    let earlier = Actor::operator(actor.now().plus_seconds(-days * 86_400));
    for ids in ids.chunks(250) {
        customers::review_tiers_of(conn, &earlier, ago(STILL_HIGH), ids)?;
        customers::review_tiers_of(conn, actor, today, ids)?;
    }
    Ok(())
}

/// Has some ordinary customers take a large sum in and out again.
fn move_large_sums(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    today: NaiveDate,
    ordinary: &[CustomerId],
) -> Result<()> {
    let mut made = 0;
    for (n, id) in ordinary.iter().enumerate() {
        if made == GEMS {
            break;
        }
        let held = holdings::held_by(conn, actor, house, *id, 20)?;
        let account = held.iter().find(|holding| {
            holding.status == HoldingStatus::Active
                && holding.product.kind == ProductKind::Deposit
                && holding.currency == house.settings.base_currency
        });
        let Some(account) = account else { continue };
        let day = today.checked_sub_days(Days::new(5 + n as u64 % 60)).unwrap_or(today);
        if account.opened_on > day {
            continue;
        }
        // Out before in: on the day of the first balance a sum that is there for a moment would be the average.
        for kind in [TransactionKind::TransferOut, TransactionKind::TransferIn] {
            let new = NewHoldingTransaction {
                day,
                kind,
                amount: Amount(MOVED + 10_000_000 * (made as i64 * 37 % 100)),
                channel: account.channel,
                note: None,
            };
            holdings::record(conn, actor, house, Id::new(account.id), &new)?;
        }
        made += 1;
    }
    Ok(())
}
