//! The layers of customers: which tier follows from the assets, by a policy that the bank sets, and when a customer moves.

mod assess;
mod history;
mod kept;
mod policy;
pub(super) mod routes;
mod simulation;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use chrono::NaiveDate;
use guanxi_api::{
    Amount, LargestTransaction, Money, Tier, TierPolicy, TierPromotion, TierReason, TierStanding,
};
use guanxi_db::DbConn;

pub use assess::tier_for;
pub(super) use assess::{NEVER, NO_GAP};
pub(crate) use history::TIER_HISTORY;
pub use history::tier_history;
pub use kept::{
    KeptFigures, figures_version, join_balances, keep_figures, put_figures_back, tell_of_figures,
};
pub(crate) use policy::TIER_POLICIES;
pub use policy::{
    change_planned_tiers, plan_tiers, put_in_force, set_tiers, tier_policies, tier_policy, tiers,
    withdraw_planned_tiers,
};
pub use simulation::simulate_tiers;

use crate::access::Actor;
use crate::audit;
use crate::customers::portfolio::{Book, Moves};
use crate::customers::store::{self as customer_store, FiguresRow, WatchedRow};
use crate::customers::tiers::assess::{Average, Before};
use crate::customers::tiers::store::{FiguresChange, TierHistoryRow};
use crate::customers::{CustomerId, House, completeness, known};
use crate::error::Result;

/// Customers whose tiers are looked at again in one transaction.
const REVIEWED_AT_ONCE: i64 = 1_000;

/// What a customer's holdings come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assets {
    /// In the base currency.
    pub aum: Amount,
    /// Number of distinct kinds of products actively held.
    pub coverage: i32,
    pub largest: Largest,
}

/// What is known of the largest single transaction of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Largest {
    /// It is what it was.
    Same,
    /// It may be this one, of so much in the base currency.
    AtLeast(Amount, NaiveDate),
    /// It is this one, or there is none.
    Is(Option<(Amount, NaiveDate)>),
}

impl Largest {
    fn after(self, before: (i64, Option<NaiveDate>)) -> (i64, Option<NaiveDate>) {
        match self {
            Largest::AtLeast(amount, day) if amount.0 > before.0 => (amount.0, Some(day)),
            Largest::Same | Largest::AtLeast(..) => before,
            Largest::Is(found) => found.map_or((0, None), |(amount, day)| (amount.0, Some(day))),
        }
    }
}

/// Makes concurrent changes of what belongs to one customer go one after the other, until the transaction ends. Whoever derives figures
/// takes it before reading what they follow from.
///
/// # Errors
/// When the database fails.
pub fn lock(conn: &mut DbConn, id: CustomerId) -> Result<()> {
    customer_store::lock(conn, id)
}

/// Writes what customers' holdings come to on a day, with the tiers that follow; nothing of those of whom nothing differs. Whoever calls
/// it has [`lock`]ed the customers. A new tier stands in the tier history, and the change feed says `customer.figures_updated`. Who is above
/// the lowest tier from the beginning gets the first line of the tier history.
///
/// # Errors
/// When the database fails.
pub fn set_assets(
    conn: &mut DbConn,
    actor: &Actor,
    today: NaiveDate,
    assets: &[(CustomerId, Assets)],
    reason: TierReason,
) -> Result<()> {
    let policy = tiers(conn)?;
    let ids: Vec<CustomerId> = assets.iter().map(|(id, _)| *id).collect();
    let mut known: HashMap<CustomerId, (Book, FiguresRow)> = store::figures_of(conn, &ids)?
        .into_iter()
        .map(|(book, figures)| (figures.customer_id, (book, figures)))
        .collect();
    let found = assets.iter().filter_map(|(id, assets)| {
        let (book, figures) = known.remove(id)?;
        Some((book, figures, *assets))
    });
    let found: Vec<_> = found.collect();
    write(conn, actor, (&policy, today), found, reason)
}

/// Sorts some customers after `after` into the tiers of the policy in force; gives the last of them, nothing when there are no more.
///
/// # Errors
/// When the database fails.
pub fn retier_some(
    conn: &mut DbConn,
    actor: &Actor,
    today: NaiveDate,
    after: Option<CustomerId>,
) -> Result<Option<CustomerId>> {
    let ids = customer_store::customers_after(conn, after, REVIEWED_AT_ONCE)?;
    review(conn, actor, today, &ids, TierReason::Policy)?;
    Ok(ids.last().copied())
}

/// Whether there are policies to be put into force, or customers whose average has moved or whose grace has ended.
///
/// # Errors
/// When the database fails.
pub fn has_tiers_to_review(conn: &mut DbConn, today: NaiveDate) -> Result<bool> {
    Ok(!store::to_review(conn, today, 1)?.is_empty() || !store::planned_until(conn, today)?.is_empty())
}

/// Looks at some of them again, as far as days that have passed are the reason; gives how many.
///
/// # Errors
/// When the database fails.
pub fn review_some_tiers(conn: &mut DbConn, actor: &Actor, today: NaiveDate) -> Result<usize> {
    let ids = store::to_review(conn, today, REVIEWED_AT_ONCE)?;
    review(conn, actor, today, &ids, TierReason::Average)?;
    Ok(ids.len())
}

/// Looks at the tiers of these customers as on a day.
///
/// # Errors
/// When the database fails.
pub fn review_tiers_of(conn: &mut DbConn, actor: &Actor, today: NaiveDate, ids: &[CustomerId]) -> Result<()> {
    review(conn, actor, today, ids, TierReason::Average)
}

/// Says that what the books have of customers since `today` is so since an earlier day, and what they had before that, from `first` on.
///
/// # Errors
/// When the database fails.
pub fn move_balances(
    conn: &mut DbConn,
    today: NaiveDate,
    since: NaiveDate,
    before: &[(CustomerId, Amount)],
    first: NaiveDate,
) -> Result<()> {
    let ids: Vec<CustomerId> = before.iter().map(|(id, _)| *id).collect();
    store::move_balances(conn, &ids, today, since)?;
    store::set_balances(conn, first, before)
}

fn review(
    conn: &mut DbConn,
    actor: &Actor,
    today: NaiveDate,
    ids: &[CustomerId],
    reason: TierReason,
) -> Result<()> {
    customer_store::lock_many(conn, ids)?;
    // After the lock: whoever held it may have changed both.
    let policy = tiers(conn)?;
    let found = store::figures_of(conn, ids)?.into_iter().map(|(book, figures)| {
        let assets = Assets { aum: Amount(figures.aum), coverage: figures.coverage, largest: Largest::Same };
        (book, figures, assets)
    });
    let found: Vec<_> = found.collect();
    write(conn, actor, (&policy, today), found, reason)
}

fn write(
    conn: &mut DbConn,
    actor: &Actor,
    (policy, today): (&TierPolicy, NaiveDate),
    customers: Vec<(Book, FiguresRow, Assets)>,
    reason: TierReason,
) -> Result<()> {
    let moved = customers.iter().filter(|(_, figures, assets)| figures.aum != assets.aum.0);
    let moved: Vec<_> = moved.map(|(_, figures, assets)| (figures.customer_id, assets.aum)).collect();
    store::set_balances(conn, today, &moved)?;
    let ids: Vec<CustomerId> = customers.iter().map(|(_, figures, _)| figures.customer_id).collect();
    let mut balances = balances(conn, policy, today, &ids)?;
    let (mut history, mut moves) = (Vec::new(), Moves::default());
    let (mut rows, mut changed) = (Vec::new(), Vec::new());
    for (book, figures, assets) in customers {
        let own = balances.remove(&figures.customer_id).unwrap_or_default();
        let average = assess::average(&own, assets.aum, policy.basis, today);
        let step = Refigured::of((policy, today), &figures, assets, average)?;
        // A customer who was made with a tier has no line of its history yet.
        let is_first = figures.version == 1 && step.row.tier != Tier::Mass;
        if !step.differs && !is_first {
            continue;
        }
        if step.moves(&figures) {
            let after = (step.row.tier.as_str(), step.row.aum, step.row.data_gap);
            moves.refigure(book, &figures, after);
        }
        history.extend(step.history(actor, policy, &figures, reason, is_first));
        changed.push(step.changed);
        rows.push(step.row);
    }
    moves.record(conn)?;
    store::insert_tier_history(conn, &history)?;
    let versions = store::set_figures(conn, &rows, actor.now())?;
    let events: Vec<audit::Event<'_>> = rows
        .iter()
        .zip(&changed)
        .filter(|(_, changed)| !changed.is_empty())
        .filter_map(|(row, changed)| {
            Some(audit::Event {
                kind: "customer.figures_updated",
                resource_type: "customer_figures",
                resource_id: row.id.uuid(),
                version: *versions.get(&row.id)?,
                changed,
            })
        })
        .collect();
    audit::announce_all(conn, actor, &events)
}

/// What the books said of customers, as far as the average of a policy needs it.
fn balances(
    conn: &mut DbConn,
    policy: &TierPolicy,
    today: NaiveDate,
    ids: &[CustomerId],
) -> Result<HashMap<CustomerId, Vec<(NaiveDate, i64)>>> {
    let mut of: HashMap<CustomerId, Vec<(NaiveDate, i64)>> = HashMap::new();
    if policy.basis.days() > 1 {
        for (id, day, aum) in store::balances(conn, ids, assess::first_day(policy.basis, today))? {
            of.entry(id).or_default().push((day, aum));
        }
    }
    Ok(of)
}

/// What assets and days make of a customer's figures.
struct Refigured {
    row: FiguresChange,
    before: Before,
    /// Whether anything is written.
    differs: bool,
    /// The members that the change feed tells of. An average moves with every day, which would be most of the feed.
    changed: Vec<&'static str>,
}

impl Refigured {
    fn of(
        (policy, today): (&TierPolicy, NaiveDate),
        figures: &FiguresRow,
        assets: Assets,
        average: Average,
    ) -> Result<Self> {
        let tier = known(Tier::from_code(&figures.tier))?;
        // Whoever was made with a tier has not earned it by what they hold: there is nothing to keep.
        let kept = if figures.version == 1 { Tier::Mass } else { tier };
        let before = Before { tier: kept, demotes_on: figures.demotes_on };
        let (largest, largest_on) =
            assets.largest.after((figures.largest_transaction, figures.largest_transaction_on));
        let standing = assess::stand(policy, before, average, largest, today);
        let mut changed = Vec::new();
        let mut note = |name: &'static str, differs: bool| changed.extend(differs.then_some(name));
        note("tier", tier != standing.tier);
        note("aum", figures.aum != assets.aum.0);
        note("coverage", figures.coverage != assets.coverage);
        note("largest_transaction", figures.largest_transaction != largest);
        note("demotes_on", figures.demotes_on != standing.demotes_on);
        let row = FiguresChange {
            id: figures.customer_id,
            tier: standing.tier,
            aum: assets.aum.0,
            coverage: assets.coverage,
            average_aum: average.amount.0,
            promotion_gap: standing.promotion_gap,
            promotion_candidate: standing.promotion_candidate,
            in_grace: standing.demotes_on != NEVER,
            demotes_on: standing.demotes_on,
            largest_transaction: largest,
            largest_transaction_on: largest_on,
            hidden_gem: standing.hidden_gem,
            review_on: standing.review_on,
            data_gap: completeness::is_gap_at(figures, standing.tier),
        };
        let differs = !changed.is_empty()
            || figures.average_aum != row.average_aum
            || figures.promotion_gap != row.promotion_gap
            || figures.promotion_candidate != row.promotion_candidate
            || figures.largest_transaction_on != row.largest_transaction_on
            || figures.hidden_gem != row.hidden_gem
            || figures.review_on != row.review_on;
        Ok(Refigured { row, before, differs, changed })
    }

    /// Whether the customer counts elsewhere, or with another sum, in the portfolio of its unit.
    fn moves(&self, figures: &FiguresRow) -> bool {
        figures.tier != self.row.tier.as_str() || figures.aum != self.row.aum
    }

    /// The line of the tier history, if the tier is another one or the first.
    fn history(
        &self,
        actor: &Actor,
        policy: &TierPolicy,
        figures: &FiguresRow,
        reason: TierReason,
        is_first: bool,
    ) -> Option<TierHistoryRow> {
        if !is_first && self.before.tier == self.row.tier {
            return None;
        }
        let (reason, threshold) = assess::because(policy, self.before, self.row.tier, reason);
        Some(TierHistoryRow {
            id: actor.new_id(),
            customer_id: self.row.id,
            from_tier: (!is_first).then(|| figures.tier.clone()),
            to_tier: self.row.tier.as_str().to_owned(),
            aum: self.row.aum,
            reason: reason.as_str().to_owned(),
            at: actor.now(),
            average_aum: Some(self.row.average_aum),
            threshold: Some(threshold.0),
        })
    }
}

/// What of a customer's tier wants attention, if anything does.
pub(super) fn standing(house: House<'_>, tier: Tier, watched: &WatchedRow) -> Option<TierStanding> {
    let WatchedRow { promotion_candidate, in_grace, hidden_gem, .. } = *watched;
    if !promotion_candidate && !in_grace && !hidden_gem {
        return None;
    }
    let money = |amount| Money { amount: Amount(amount), currency: house.settings.base_currency.clone() };
    let next = tier.next().filter(|_| promotion_candidate);
    Some(TierStanding {
        average_aum: money(watched.average_aum),
        promotion: next.map(|tier| TierPromotion { tier, missing: money(watched.promotion_gap) }),
        demotes_on: in_grace.then_some(watched.demotes_on),
        gem: hidden_gem.then(|| LargestTransaction {
            amount: money(watched.largest_transaction),
            day: watched.largest_transaction_on,
        }),
    })
}

/// Gives those of new customers who are made with assets what follows from these, but for the tier, which they are made with; gives their
/// assets.
pub(super) fn first_standings<'a>(
    conn: &mut DbConn,
    today: NaiveDate,
    figures: impl Iterator<Item = &'a mut FiguresRow>,
) -> Result<Vec<(CustomerId, Amount)>> {
    let with_assets: Vec<&mut FiguresRow> = figures.filter(|figures| figures.aum != 0).collect();
    if with_assets.is_empty() {
        return Ok(Vec::new());
    }
    let policy = tiers(conn)?;
    let mut assets = Vec::with_capacity(with_assets.len());
    for figures in with_assets {
        let before = Before { tier: known(Tier::from_code(&figures.tier))?, demotes_on: NEVER };
        let average = Average { amount: Amount(figures.aum), moves: false };
        let standing = assess::stand(&policy, before, average, 0, today);
        figures.average_aum = figures.aum;
        figures.promotion_gap = standing.promotion_gap;
        figures.promotion_candidate = standing.promotion_candidate;
        figures.in_grace = standing.demotes_on != NEVER;
        figures.demotes_on = standing.demotes_on;
        figures.review_on = standing.review_on;
        assets.push((figures.customer_id, average.amount));
    }
    Ok(assets)
}

/// The balances that stand beside the assets with which customers are made.
pub(super) fn first_balances(
    conn: &mut DbConn,
    today: NaiveDate,
    assets: &[(CustomerId, Amount)],
) -> Result<()> {
    store::set_balances(conn, today, assets)
}
