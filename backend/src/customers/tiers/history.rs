use guanxi_api::{Amount, Instant, Money, Page, Tier, TierChange, TierReason};
use guanxi_db::{DbConn, Id, Value};

use crate::access::{Actor, Scope};
use crate::customers::store as customer_store;
use crate::customers::tiers::store;
use crate::customers::{CustomerId, House, known};
use crate::error::Result;
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};

static FIELDS: &[Field] = &[
    Field::new("at", "customer_tier_history.at", FieldType::Instant).sortable(),
    Field::new("to", "customer_tier_history.to_tier", FieldType::Code(Tier::CODES)),
    Field::new("reason", "customer_tier_history.reason", FieldType::Code(TierReason::CODES)),
];

pub(crate) static TIER_HISTORY: Resource = Resource {
    name: "tier-history",
    fields: FIELDS,
    default_sort: "-at",
    id_column: "customer_tier_history.id",
    unless_asked: None,
};

/// When a customer came into which tier, newest first.
///
/// # Errors
/// 404 for a customer that the actor does not see; else as every list.
pub fn tier_history(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    request: &ListRequest,
) -> Result<Page<TierChange>> {
    customer_store::find(conn, &Scope::of(actor), id)?;
    let asked = ListRequest { q: Some(id.to_string()), ..request.clone() };
    let listing = asked.read(&TIER_HISTORY, actor, house.keys.cursor())?;
    let mut rows = store::tier_history(conn, id, &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |row, _| Value::Moment(row.at),
        |row| Id::new(row.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_tier_history(conn, id, &listing)?);
    }
    let money = |amount| Money { amount: Amount(amount), currency: house.settings.base_currency.clone() };
    let data = rows.into_iter().map(|row| {
        Ok(TierChange {
            id: row.id.uuid(),
            from: row.from_tier.map(|tier| known(Tier::from_code(&tier))).transpose()?,
            to: known(Tier::from_code(&row.to_tier))?,
            aum: money(row.aum),
            average_aum: row.average_aum.map(money),
            threshold: row.threshold.map(money),
            reason: known(TierReason::from_code(&row.reason))?,
            at: Instant(row.at.to_utc()),
        })
    });
    Ok(Page { data: data.collect::<Result<_>>()?, page: info })
}
