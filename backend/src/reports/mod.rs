//! What managers look at: figures over everything that the actor sees. This room reads every table and writes none.
//!
//! Figures of a bank are kept as they change (`customers::portfolio`); those of a book are summed when they are asked for, because a book
//! is a few hundred customers.

mod routes;
mod store;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use guanxi_api::{Amount, Instant, LocalName, Money, PortfolioReport, Tier, TierShare, UnitRef, UnitShare};
use guanxi_db::DbConn;
use uuid::Uuid;

use crate::access::{Actor, Scope};
use crate::error::Result;
use crate::installation::Settings;

/// The routes of this room.
pub fn routes(config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>) {
    config.service(routes::get_portfolio_report);
}

/// Most units that a report lists.
const UNITS: usize = 200;

/// What a sum adds up: customers, and assets in 1/10000 of the base currency.
#[derive(Clone, Copy, Default)]
struct Sum {
    customers: i64,
    aum: i64,
}

impl Sum {
    fn add(&mut self, customers: i64, aum: i64) {
        self.customers += customers;
        self.aum = self.aum.saturating_add(aum);
    }
}

/// Customers and assets of everything that the actor sees, by tier and by unit.
///
/// # Errors
/// When the database fails.
pub fn portfolio(conn: &mut DbConn, actor: &Actor, settings: &Settings) -> Result<PortfolioReport> {
    let money = |aum: i64| Money { amount: Amount(aum), currency: settings.base_currency.clone() };
    let mut all = Sum::default();
    let mut tiers: BTreeMap<String, Sum> = BTreeMap::new();
    let mut units: BTreeMap<Uuid, (LocalName, Sum)> = BTreeMap::new();
    for row in store::shares(conn, &Scope::of(actor))? {
        all.add(row.customers, row.aum);
        tiers.entry(row.tier).or_default().add(row.customers, row.aum);
        let name = LocalName { zh_cn: row.unit_zh, en: row.unit_en };
        let unit = units.entry(row.unit_id.uuid()).or_insert_with(|| (name, Sum::default()));
        unit.1.add(row.customers, row.aum);
    }
    units.retain(|_, (_, sum)| sum.customers > 0);
    let units_in_all = i64::try_from(units.len()).unwrap_or(i64::MAX);
    let mut units: Vec<_> = units.into_iter().collect();
    units.sort_by_key(|(id, (_, sum))| (Reverse(sum.aum), *id));
    units.truncate(UNITS);
    let share_of = |tier: &Tier| {
        let sum = tiers.get(tier.as_str()).copied().unwrap_or_default();
        TierShare { tier: *tier, customers: sum.customers, aum: money(sum.aum) }
    };
    Ok(PortfolioReport {
        as_of: Instant(actor.now().to_utc()),
        customers: all.customers,
        aum: money(all.aum),
        tiers: Tier::ALL.iter().rev().map(share_of).collect(),
        units: units
            .into_iter()
            .map(|(id, (name, sum))| UnitShare {
                unit: UnitRef { id, name },
                customers: sum.customers,
                aum: money(sum.aum),
            })
            .collect(),
        units_in_all,
    })
}
