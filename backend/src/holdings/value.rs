use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use guanxi_api::{Amount, HoldingStatus, Rate, TierReason, TransactionKind};
use guanxi_db::{DbConn, Id, Moment};

use crate::access::Actor;
use crate::customers::{self, Assets, CustomerId, House, Largest};
use crate::due::{self, Kind, Work};
use crate::error::Result;
use crate::holdings::store::{self, HeldRow, LargestRow};
use crate::installation::Settings;
use crate::products::{self, ProductId, rules};

/// Customers whose holdings are valued anew in one transaction.
const REVALUED_AT_ONCE: i64 = 50;

/// Values what a customer holds at today's rates and writes the figures that follow; `deal` is the transaction that is the reason, if one
/// is. Whoever calls it has locked the customer.
///
/// # Errors
/// When the database fails.
pub(super) fn revalue(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    deal: Deal<'_>,
) -> Result<()> {
    let today = house.settings.day(actor.now());
    let mut rates = BTreeMap::new();
    let mut held = store::held(conn, &[id])?;
    for held in &mut held {
        let rate = match rates.get(&held.currency) {
            Some(rate) => *rate,
            None => {
                let rate = products::rate_of_day(conn, house.settings, &held.currency, today)?;
                rates.insert(held.currency.clone(), rate);
                rate
            }
        };
        revalue_one(conn, held, rate)?;
    }
    let largest = match deal {
        Deal::None => Largest::Same,
        Deal::Made { currency, amount, day } => {
            let rate = products::rate_of_day(conn, house.settings, currency, today)?;
            rate.map_or(Largest::Same, |rate| Largest::AtLeast(rules::convert(amount, rate), day))
        }
        Deal::Cancelled => {
            let rates = products::rates_of_day(conn, house.settings, today)?;
            let found = store::largest_transactions(conn, &[id], &DEALS)?;
            Largest::Is(largest(found.iter(), &rates))
        }
    };
    let assets = Assets { largest, ..assets(&held) };
    customers::set_assets(conn, actor, today, &[(id, assets)], TierReason::Assets)
}

/// The same for a customer to whom holdings came, or from whom they went, otherwise than by dealing.
///
/// # Errors
/// When the database fails.
pub fn revalue_of(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: CustomerId) -> Result<()> {
    revalue(conn, actor, house, id, Deal::Cancelled)
}

/// The transaction because of which a customer's figures may have changed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deal<'a> {
    /// Something else, or a transaction that is no deal, such as interest.
    None,
    Made {
        currency: &'a str,
        amount: Amount,
        day: NaiveDate,
    },
    /// One that was made is none any more.
    Cancelled,
}

impl<'a> Deal<'a> {
    pub(super) fn of(kind: &str, currency: &'a str, amount: i64, day: NaiveDate) -> Self {
        if DEALS.contains(&kind) { Deal::Made { currency, amount: Amount(amount), day } } else { Deal::None }
    }
}

/// What customers do of their own accord.
const DEALS: [&str; 7] = [
    TransactionKind::Deposit.as_str(),
    TransactionKind::Withdrawal.as_str(),
    TransactionKind::Purchase.as_str(),
    TransactionKind::Redemption.as_str(),
    TransactionKind::TransferIn.as_str(),
    TransactionKind::TransferOut.as_str(),
    TransactionKind::Repayment.as_str(),
];

/// The largest of some transactions, in the base currency at the rates of today.
fn largest<'a>(
    found: impl Iterator<Item = &'a LargestRow>,
    rates: &BTreeMap<String, Rate>,
) -> Option<(Amount, NaiveDate)> {
    let valued = found.filter_map(|row| {
        let rate = rates.get(&row.currency)?;
        Some((rules::convert(Amount(row.amount), *rate), row.day))
    });
    valued.max_by_key(|(amount, day)| (amount.0, *day))
}

/// As [`revalue`] for many customers, for jobs.
///
/// # Errors
/// When the database fails.
pub(super) fn revalue_many(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    ids: &[CustomerId],
) -> Result<()> {
    let rates = products::rates_of_day(conn, house.settings, house.settings.day(actor.now()))?;
    let mut of: HashMap<CustomerId, Vec<HeldRow>> = HashMap::new();
    for mut held in store::held(conn, ids)? {
        let rate = rates.get(&held.currency).copied();
        revalue_one(conn, &mut held, rate)?;
        of.entry(held.customer_id).or_default().push(held);
    }
    let mut deals: HashMap<CustomerId, Vec<LargestRow>> = HashMap::new();
    for row in store::largest_transactions(conn, ids, &DEALS)? {
        deals.entry(row.customer_id).or_default().push(row);
    }
    let assets = ids.iter().map(|id| {
        let found = largest(deals.get(id).into_iter().flatten(), &rates);
        let assets = assets(of.get(id).map_or(&[], Vec::as_slice));
        (*id, Assets { largest: Largest::Is(found), ..assets })
    });
    let assets: Vec<(CustomerId, Assets)> = assets.collect();
    let today = house.settings.day(actor.now());
    customers::set_assets(conn, actor, today, &assets, TierReason::Import)
}

/// Nothing is opened in a currency without a rate, and rates stay; should there be none, the value stays too.
fn revalue_one(conn: &mut DbConn, held: &mut HeldRow, rate: Option<Rate>) -> Result<()> {
    let value = rate.map_or(held.value, |rate| rules::convert(Amount(held.amount), rate).0);
    if value != held.value {
        store::set_value(conn, held.id, value)?;
        held.value = value;
    }
    Ok(())
}

/// What active holdings come to.
fn assets(held: &[HeldRow]) -> Assets {
    let active = || held.iter().filter(|held| held.status == HoldingStatus::Active.as_str());
    let aum = active().filter(|held| held.counts).map(|held| i128::from(held.value)).sum();
    let kinds: BTreeSet<&str> = active().map(|held| held.kind.as_str()).collect();
    let coverage = i32::try_from(kinds.len()).unwrap_or(i32::MAX);
    Assets { aum: rules::clamp(aum), coverage, largest: Largest::Same }
}

/// Whether a rate has become valid that nothing was valued by yet.
///
/// # Errors
/// When the database fails.
pub fn has_rates_waiting(conn: &mut DbConn, settings: &Settings, now: Moment) -> Result<bool> {
    products::has_rates_waiting(conn, settings.day(now))
}

/// Makes the holdings due to be valued anew whose currencies have another rate today than yesterday; gives in how many currencies.
///
/// # Errors
/// When the database fails.
pub fn make_rates_due(conn: &mut DbConn, actor: &Actor, house: House<'_>) -> Result<usize> {
    products::due_rates(conn, actor, house.settings.day(actor.now()))
}

/// Does one chunk of the work that is due, or that a new day has brought for tiers; false when there is none.
///
/// # Errors
/// When the database fails.
pub fn do_some_work(conn: &mut DbConn, actor: &Actor, house: House<'_>) -> Result<bool> {
    let today = house.settings.day(actor.now());
    let Some(work) = due::next(conn)? else {
        return Ok(customers::review_some_tiers(conn, actor, today)? > 0);
    };
    let after = work.after.map(|id| CustomerId::new(id.uuid()));
    let last = match work.kind {
        Kind::Tiers => customers::retier_some(conn, actor, today, after)?,
        Kind::Currency | Kind::Product => {
            let ids = holders(conn, &work, after)?;
            for id in &ids {
                customers::lock(conn, *id)?;
                revalue(conn, actor, house, *id, Deal::None)?;
            }
            ids.last().copied()
        }
    };
    due::advance(conn, &work, last.map(|id| Id::new(id.uuid())))?;
    Ok(true)
}

fn holders(conn: &mut DbConn, work: &Work, after: Option<CustomerId>) -> Result<Vec<CustomerId>> {
    match work.subject.parse::<ProductId>() {
        Ok(product) if work.kind == Kind::Product => {
            store::holders_of_product(conn, product, after, REVALUED_AT_ONCE)
        }
        _ => store::holders_in_currency(conn, &work.subject, after, REVALUED_AT_ONCE),
    }
}
