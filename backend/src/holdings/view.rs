use guanxi_api::{
    Amount, AuditEntry, HolderRef, Holding, HoldingChannel, HoldingStatus, Instant, Money, Page, Quantity,
    QuantityUnit, Tier,
};
use guanxi_db::DbConn;
use serde_json::{Value, json};

use crate::access::{Actor, Scope};
use crate::audit;
use crate::customers::House;
use crate::error::{Error, Result};
use crate::holdings::HoldingId;
use crate::holdings::store::{self, HoldingRow, WholeRow};
use crate::listing::ListRequest;
use crate::products::product_ref;

/// A holding.
///
/// # Errors
/// 404 for one whose customer the actor does not see.
pub fn read(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: HoldingId) -> Result<Holding> {
    wire(house, store::find(conn, &Scope::of(actor), id)?)
}

/// The history of a holding, newest first; its transactions are a list of their own.
///
/// # Errors
/// 404 for one whose customer the actor does not see; else as every list.
pub fn history(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: HoldingId,
    request: &ListRequest,
) -> Result<Page<AuditEntry>> {
    store::find(conn, &Scope::of(actor), id)?;
    audit::history(conn, actor, house.keys, ("holding", id.uuid()), request)
}

/// The tag of a holding. What is shown of it changes with its transactions, its product and its customer, without a new version.
pub fn tag(actor: &Actor, holding: &Holding) -> String {
    crate::web::Document::tag_of(holding, actor, holding.version)
}

pub(super) fn known<T>(value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::internal("a code that is none"))
}

pub(super) fn quantity(row: &HoldingRow) -> Option<Quantity> {
    let unit = row.quantity_unit.as_deref().and_then(QuantityUnit::from_code)?;
    Some(Quantity { number: Amount(row.quantity?), unit })
}

pub(super) fn wire(house: House<'_>, row: WholeRow) -> Result<Holding> {
    let WholeRow { holding: row, product, customer_no, customer_name, tier } = row;
    Ok(Holding {
        id: row.id.uuid(),
        customer: HolderRef {
            id: row.customer_id.uuid(),
            customer_no,
            name: customer_name,
            tier: known(Tier::from_code(&tier))?,
        },
        counts_as_asset: product.counts_as_asset,
        product: product_ref(product.id, product.code, &product.kind, product.name_zh, product.name_en)?,
        status: known(HoldingStatus::from_code(&row.status))?,
        amount: Amount(row.amount),
        value: Money { amount: Amount(row.value), currency: house.settings.base_currency.clone() },
        quantity: quantity(&row),
        cost: row.cost.map(Amount),
        opened_on: row.opened_on,
        matures_on: row.matures_on,
        auto_renewal: row.auto_renewal,
        closed_on: row.closed_on,
        channel: known(HoldingChannel::from_code(&row.channel))?,
        transactions: u32::try_from(row.entries).unwrap_or_default(),
        version: row.version,
        created_at: Instant(row.created_at.to_utc()),
        updated_at: Instant(row.updated_at.to_utc()),
        currency: row.currency,
        reference: row.reference,
        note: row.note,
    })
}

/// What the audit trail compares before and after a change.
pub(super) fn audited(row: &HoldingRow) -> Value {
    json!({
        "customer_id": row.customer_id.uuid(),
        "product_id": row.product_id.uuid(),
        "status": row.status,
        "currency": row.currency,
        "amount": Amount(row.amount),
        "quantity": quantity(row),
        "cost": row.cost.map(Amount),
        "opened_on": row.opened_on,
        "matures_on": row.matures_on,
        "auto_renewal": row.auto_renewal,
        "closed_on": row.closed_on,
        "channel": row.channel,
        "reference": row.reference,
        "note": row.note,
    })
}
