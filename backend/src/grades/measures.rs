use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use guanxi_api::{
    Amount, CustomerKind, CustomerStatus, HoldingStatus, InteractionKind, OutsideAsset, ProductKind, Rate,
};
use guanxi_db::DbConn;

use crate::access::OrgUnitId;
use crate::customers::CustomerId;
use crate::error::Result;
use crate::grades::known;
use crate::grades::rules::{Held, Measures, Purchases, year_ago};
use crate::grades::store::{self, SubjectRow};
use crate::installation::Settings;
use crate::products::{self, rules::convert};

/// A customer with what its grade follows from.
pub(super) struct Subject {
    pub(super) id: CustomerId,
    pub(super) unit_id: OrgUnitId,
    pub(super) archived: bool,
    pub(super) lost: bool,
    pub(super) measures: Measures,
}

/// What is known of these customers, in no order: so many statements for all of them.
pub(super) fn subjects(
    conn: &mut DbConn,
    settings: &Settings,
    today: NaiveDate,
    ids: &[CustomerId],
) -> Result<Vec<Subject>> {
    let rates = products::rates_of_day(conn, settings, today)?;
    let from = year_ago(today);
    let mut held: HashMap<CustomerId, BTreeMap<ProductKind, Held>> = HashMap::new();
    let mut purchases: HashMap<CustomerId, Purchases> = HashMap::new();
    for row in store::holdings(conn, ids)? {
        if row.status == HoldingStatus::Active.as_str() {
            let kind = known(ProductKind::from_code(&row.kind))?;
            let of_kind = held.entry(row.customer_id).or_default();
            let of_kind = of_kind.entry(kind).or_insert(Held { kind, holdings: 0, value: 0 });
            of_kind.holdings += 1;
            of_kind.value = of_kind.value.saturating_add(row.value);
        }
        if row.opening_amount > 0 {
            let amount =
                rates.get(&row.currency).map_or(0, |rate| convert(Amount(row.opening_amount), *rate).0);
            let (count, amount) = if row.opened_on >= from { (1, amount) } else { (0, 0) };
            purchases.entry(row.customer_id).or_default().add(row.opened_on, count, whole(amount));
        }
    }
    for row in store::purchases(conn, ids, from)? {
        let units = Amount(row.units.saturating_mul(10_000));
        let amount = rates.get(&row.currency).map_or(0, |rate| convert(units, *rate).0);
        let count = u32::try_from(row.count).unwrap_or(u32::MAX);
        purchases.entry(row.customer_id).or_default().add(row.last_on, count, whole(amount));
    }
    let since = settings.start_of(from);
    let mut contacts: HashMap<CustomerId, Vec<(InteractionKind, u32)>> = HashMap::new();
    let mut complaints: HashMap<CustomerId, u32> = HashMap::new();
    for (id, kind, count, complained) in store::contacts(conn, ids, since)? {
        let kind = known(InteractionKind::from_code(&kind))?;
        contacts.entry(id).or_default().push((kind, u32::try_from(count).unwrap_or(u32::MAX)));
        *complaints.entry(id).or_default() += u32::try_from(complained).unwrap_or(0);
    }
    for (id, low) in store::low_answers(conn, ids, since)? {
        *complaints.entry(id).or_default() += u32::try_from(low).unwrap_or(0);
    }
    let subject = |row: SubjectRow| -> Result<Subject> {
        let id = row.id;
        let text =
            |member: &str| row.details.0.get(member).and_then(|value| value.as_str()).map(str::to_owned);
        let since = row.customer_since.unwrap_or_else(|| settings.day(row.created_at));
        let measures = Measures {
            kind: known(CustomerKind::from_code(&row.kind))?,
            average_aum: row.average_aum,
            coverage: u32::try_from(row.coverage).unwrap_or(0),
            since,
            held: held.remove(&id).unwrap_or_default().into_values().collect(),
            contacts: contacts.remove(&id).unwrap_or_default(),
            complaints: complaints.remove(&id).unwrap_or_default(),
            purchases: purchases.remove(&id).unwrap_or_default(),
            outside_assets: outside_assets(&row.details.0, &rates),
            needs: row
                .details
                .0
                .get("needs")
                .and_then(|needs| needs.as_array())
                .map_or(0, |needs| u32::try_from(needs.len()).unwrap_or(u32::MAX)),
            income_band: row.income_band.clone(),
            credit_rating: text("credit_rating"),
            organisation_size: text("organisation_size"),
            business_state: text("business_state"),
        };
        Ok(Subject {
            id,
            unit_id: row.org_unit_id,
            archived: row.archived,
            lost: row.status == CustomerStatus::Lost.as_str(),
            measures,
        })
    };
    store::subjects(conn, ids)?.into_iter().map(subject).collect()
}

/// An amount without its fraction of a unit.
fn whole(amount: i64) -> i64 {
    amount - amount % 10_000
}

/// What is known to be held at other banks, in the base currency; what has no estimate, or no rate, counts nothing.
fn outside_assets(details: &serde_json::Value, rates: &BTreeMap<String, Rate>) -> i64 {
    let assets = details.get("outside_assets").cloned().unwrap_or_default();
    let assets: Vec<OutsideAsset> = serde_json::from_value(assets).unwrap_or_default();
    let valued = assets.into_iter().filter_map(|asset| {
        let estimate = asset.estimate?;
        Some(convert(estimate.amount, *rates.get(&estimate.currency)?).0)
    });
    valued.fold(0, i64::saturating_add)
}
