use std::collections::BTreeMap;

use guanxi_api::{
    Amount, Instant, Money, SimulatedTier, Tier, TierMove, TierSimulation, TierThreshold, TierThresholds,
};
use guanxi_db::DbConn;

use crate::access::{Actor, Reach, Scope};
use crate::customers::tiers::{policy, store};
use crate::customers::{House, known};
use crate::error::{Result, Wrong};

/// Customers and their assets.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    customers: i64,
    /// In 1/10000 of the base currency.
    aum: i64,
}

impl Group {
    fn add(&mut self, other: Group) {
        self.customers += other.customers;
        self.aum = self.aum.saturating_add(other.aum);
    }
}

/// What other thresholds would make of the customers that the actor sees; it changes nothing. Grace is left out: whoever falls is counted
/// where the average is.
///
/// # Errors
/// 422 unless every tier stands there once, from the lowest to the highest, with rising thresholds from 0 on.
pub fn simulate_tiers(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    tried: &TierThresholds,
) -> Result<TierSimulation> {
    let thresholds: Vec<(Tier, Amount)> =
        tried.tiers.iter().map(|rule| (rule.tier, rule.threshold)).collect();
    let mut wrong = Wrong::default();
    policy::check_thresholds(&thresholds, &mut wrong);
    wrong.unless(Some(()))?;
    let in_force = policy::tiers(conn)?;
    let everyone = actor.reach() == Reach::All;
    let money = |amount| Money { amount: Amount(amount), currency: house.settings.base_currency.clone() };
    let (mut now, mut then): (BTreeMap<Tier, Group>, BTreeMap<Tier, Group>) = Default::default();
    let mut moves = Vec::new();
    for (from, to, customers, aum) in store::reached(conn, &Scope::of(actor), everyone, &thresholds)? {
        let (from, to) = (known(Tier::from_code(&from))?, known(Tier::from_code(&to))?);
        let group = Group { customers, aum };
        now.entry(from).or_default().add(group);
        then.entry(to).or_default().add(group);
        if from != to {
            let filter = filter(from, to, &tried.tiers);
            moves.push(TierMove { from, to, customers, aum: money(aum), filter });
        }
    }
    moves.sort_by(|a, b| b.aum.amount.cmp(&a.aum.amount).then(a.from.cmp(&b.from)).then(a.to.cmp(&b.to)));
    let tiers = tried.tiers.iter().map(|TierThreshold { tier, threshold }| {
        let (now, then) =
            (now.get(tier).copied().unwrap_or_default(), then.get(tier).copied().unwrap_or_default());
        let own = in_force.tiers.iter().find(|rule| rule.tier == *tier);
        SimulatedTier {
            tier: *tier,
            threshold_now: own.map_or(Amount(0), |rule| rule.threshold),
            threshold: *threshold,
            customers_now: now.customers,
            customers: then.customers,
            aum_now: money(now.aum),
            aum: money(then.aum),
        }
    });
    Ok(TierSimulation {
        as_of: Instant(actor.now().to_utc()),
        basis: in_force.basis,
        grace_days: in_force.grace_days,
        tiers: tiers.collect(),
        moves,
    })
}

/// Those of one tier whose average lies between the threshold of another one and the next.
fn filter(from: Tier, to: Tier, thresholds: &[TierThreshold]) -> String {
    let of = |tier: Tier| thresholds.iter().find(|rule| rule.tier == tier).map(|rule| rule.threshold);
    let mut filter = format!("tier eq \"{from}\"");
    if let Some(threshold) = of(to).filter(|threshold| threshold.0 > 0) {
        filter.push_str(&format!(" and average_aum ge {threshold}"));
    }
    if let Some(threshold) = to.next().and_then(of) {
        filter.push_str(&format!(" and average_aum lt {threshold}"));
    }
    filter
}
