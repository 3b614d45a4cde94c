use std::collections::HashMap;

use guanxi_api::{
    Amount, BalanceQuery, HoldingBalance, HoldingChannel, HoldingStatus, HoldingTransaction, Instant,
    NewHoldingTransaction, Page, Reversal, TransactionKind,
};
use guanxi_db::{Condition, DbConn, DbError, Id, Value};
use serde_json::json;

use crate::access::{Actor, Scope};
use crate::audit;
use crate::customers::{self, CustomerId, House};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::holdings::manage::locked;
use crate::holdings::store::{self, HoldingRow, ShownTransaction, TransactionRow};
use crate::holdings::value::{self, Deal};
use crate::holdings::view::known;
use crate::holdings::{HoldingId, TransactionId, rules};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::products::product_ref;

static FIELDS: &[Field] = &[
    Field::new("day", "holding_transaction.day", FieldType::Date).sortable(),
    Field::new("kind", "holding_transaction.kind", FieldType::Code(TransactionKind::CODES)),
    Field::new("channel", "holding_transaction.channel", FieldType::Code(HoldingChannel::CODES)),
    Field::new("amount", "holding_transaction.amount", FieldType::Money),
];

pub(crate) static TRANSACTIONS: Resource = Resource {
    name: "transactions",
    fields: FIELDS,
    default_sort: "-day",
    id_column: "holding_transaction.id",
    unless_asked: None,
};

static DAYS: &[Field] = &[Field::new("day", "holding_balance.day", FieldType::Date).sortable()];

static BALANCES: Resource = Resource {
    name: "balances",
    fields: DAYS,
    default_sort: "-day",
    id_column: "holding_balance.holding_id",
    unless_asked: None,
};

/// Records a transaction: it moves the amount of its holding, the balances from its day on, and the figures of the customer.
///
/// # Errors
/// 404 for a holding whose customer the actor does not see; 409 for a closed one; 422 for a day before the opening or in the future, and
/// for an amount that is none.
pub fn record(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: HoldingId,
    new: &NewHoldingTransaction,
) -> Result<HoldingTransaction> {
    let holding = locked(conn, actor, id)?.holding;
    must_be_open(&holding)?;
    let today = house.settings.day(actor.now());
    let mut wrong = Wrong::default();
    let delta = rules::effect(new.kind, new.amount);
    let checks = [
        rules::check_day("/day", new.day, Some(holding.opened_on), today),
        rules::check_amount(new.kind, new.amount),
        rules::check_size("/amount", holding.amount.saturating_add(delta)),
    ];
    checks.into_iter().filter_map(std::result::Result::err).for_each(|field| wrong.add(field));
    let note = new.note.as_deref().map(rules::note).transpose();
    let note = wrong.keep(note.map_err(|broken| Error::fields(vec![FieldError::broken("/note", broken)])))?;
    let note = wrong.unless(note)?.flatten();
    let row = TransactionRow {
        id: actor.new_id(),
        holding_id: id,
        customer_id: holding.customer_id,
        day: new.day,
        kind: new.kind.as_str().to_owned(),
        amount: new.amount.0,
        delta,
        channel: new.channel.as_str().to_owned(),
        note,
        reverses_id: None,
        created_at: actor.now(),
    };
    store::insert_transaction(conn, &row)?;
    follow(conn, actor, house, &holding, &row, None)
}

/// Cancels a transaction by a counter-entry of the same day, once.
///
/// # Errors
/// 404 for a holding whose customer the actor does not see and for a transaction of another one; 409 for a closed holding, and for a
/// transaction that is cancelled or is a counter-entry.
pub fn reverse(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, transaction): (HoldingId, TransactionId),
    reversal: &Reversal,
) -> Result<HoldingTransaction> {
    let holding = locked(conn, actor, id)?.holding;
    let wrong = store::transaction(conn, id, transaction)?.row;
    must_be_open(&holding)?;
    if wrong.reverses_id.is_some() {
        return Err(Error::conflict("", "is_reversal"));
    }
    if let Err(field) = rules::check_size("/amount", holding.amount.saturating_sub(wrong.delta)) {
        return Err(Error::fields(vec![FieldError { pointer: String::new(), ..field }]));
    }
    let reason = rules::note(&reversal.reason)
        .map_err(|broken| Error::fields(vec![FieldError::broken("/reason", broken)]))?;
    let reason = reason.ok_or_else(|| Error::field("/reason", "required"))?;
    let row = TransactionRow {
        id: actor.new_id(),
        delta: -wrong.delta,
        note: Some(reason.clone()),
        reverses_id: Some(wrong.id),
        created_at: actor.now(),
        ..wrong
    };
    store::insert_transaction(conn, &row).map_err(|error| match error {
        DbError::Unique => Error::conflict("", "already_reversed"),
        other => Error::from(other),
    })?;
    follow(conn, actor, house, &holding, &row, Some(&reason))
}

fn must_be_open(holding: &HoldingRow) -> Result<()> {
    if holding.status == HoldingStatus::Closed.as_str() {
        return Err(Error::conflict("", "closed"));
    }
    Ok(())
}

/// What follows from a transaction that was written.
fn follow(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    holding: &HoldingRow,
    row: &TransactionRow,
    reason: Option<&str>,
) -> Result<HoldingTransaction> {
    store::move_balances(conn, row.holding_id, row.day, row.delta)?;
    let after = json!({
        "holding_id": row.holding_id.uuid(),
        "customer_id": row.customer_id.uuid(),
        "day": row.day,
        "kind": row.kind,
        "currency": holding.currency,
        "amount": Amount(row.amount),
        "effect": Amount(row.delta),
        "channel": row.channel,
        "note": row.note,
        "reverses": row.reverses_id.map(Id::uuid),
    });
    let change = audit::Change {
        resource_type: "holding_transaction",
        resource_id: row.id.uuid(),
        action: "created",
        version: 1,
        changes: audit::changes_between(&json!({}), &after),
        reason,
    };
    audit::record(conn, actor, &change)?;
    let deal = match row.reverses_id {
        Some(_) => Deal::Cancelled,
        None => Deal::of(&row.kind, &holding.currency, row.amount, row.day),
    };
    value::revalue(conn, actor, house, row.customer_id, deal)?;
    transaction(conn, actor, (row.holding_id, row.id))
}

/// A transaction of a holding.
///
/// # Errors
/// 404 for a holding whose customer the actor does not see, and for a transaction of another one.
pub fn transaction(
    conn: &mut DbConn,
    actor: &Actor,
    (holding, id): (HoldingId, TransactionId),
) -> Result<HoldingTransaction> {
    store::find(conn, &Scope::of(actor), holding)?;
    let shown = store::transaction(conn, holding, id)?;
    let reversed_by = store::reversals(conn, &[id])?.into_iter().map(|(_, by)| by).next();
    wire(shown, reversed_by)
}

/// The transactions of a holding, newest day first unless told otherwise.
///
/// # Errors
/// 404 for a holding whose customer the actor does not see; else as every list.
pub fn transactions(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: HoldingId,
    request: &ListRequest,
) -> Result<Page<HoldingTransaction>> {
    store::find(conn, &Scope::of(actor), id)?;
    page(conn, actor, house, (id.to_string(), request), store::of_holding(id))
}

/// All transactions of a customer, newest day first unless told otherwise.
///
/// # Errors
/// 404 for a customer that the actor does not see; else as every list.
pub fn of_customer(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    request: &ListRequest,
) -> Result<Page<HoldingTransaction>> {
    customers::visible(conn, actor, id)?;
    page(conn, actor, house, (id.to_string(), request), store::transactions_of(id))
}

fn page(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (of_what, request): (String, &ListRequest),
    of: Condition,
) -> Result<Page<HoldingTransaction>> {
    let request = ListRequest { q: Some(of_what), ..request.clone() };
    let listing = request.read(&TRANSACTIONS, actor, house.keys.cursor())?;
    let mut rows = store::transactions(conn, of.clone().and(listing.condition()), &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |shown, _| Value::Date(shown.row.day),
        |shown| Id::new(shown.row.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_transactions(conn, of.and(listing.filter.clone()))?);
    }
    let ids: Vec<TransactionId> = rows.iter().map(|shown| shown.row.id).collect();
    let reversed: HashMap<_, _> = store::reversals(conn, &ids)?.into_iter().collect();
    let data = rows.into_iter().map(|shown| {
        let by = reversed.get(&Some(shown.row.id)).copied();
        wire(shown, by)
    });
    Ok(Page { data: data.collect::<Result<_>>()?, page: info })
}

fn wire(shown: ShownTransaction, reversed_by: Option<TransactionId>) -> Result<HoldingTransaction> {
    let ShownTransaction { row, currency, product } = shown;
    Ok(HoldingTransaction {
        id: row.id.uuid(),
        holding_id: row.holding_id.uuid(),
        product: product_ref(product.id, product.code, &product.kind, product.name_zh, product.name_en)?,
        day: row.day,
        kind: known(TransactionKind::from_code(&row.kind))?,
        currency,
        amount: Amount(row.amount),
        effect: Amount(row.delta),
        channel: known(HoldingChannel::from_code(&row.channel))?,
        note: row.note,
        reverses: row.reverses_id.map(Id::uuid),
        reversed_by: reversed_by.map(Id::uuid),
        created_at: Instant(row.created_at.to_utc()),
    })
}

/// The balances of a holding on the days on which it changed, newest first.
///
/// # Errors
/// 400 for days before the year 1 or after 9999, 404 for a holding whose customer the actor does not see; else as every list.
pub fn balances(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: HoldingId,
    asked: &BalanceQuery,
) -> Result<Page<HoldingBalance>> {
    let checks = [rules::check_asked("from", asked.from), rules::check_asked("to", asked.to)];
    let wrong: Vec<FieldError> = checks.into_iter().filter_map(std::result::Result::err).collect();
    if !wrong.is_empty() {
        return Err(Error { fields: wrong, ..Error::new(Code::InvalidParameter) });
    }
    let currency = store::find(conn, &Scope::of(actor), id)?.holding.currency;
    let request = ListRequest {
        limit: asked.limit,
        cursor: asked.cursor.clone(),
        q: Some(format!("{id}/{:?}/{:?}", asked.from, asked.to)),
        ..ListRequest::default()
    };
    let listing = request.read(&BALANCES, actor, house.keys.cursor())?;
    let days = store::between(asked.from, asked.to);
    let mut rows = store::balances(conn, id, days.and(listing.condition()), &listing)?;
    let info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |row, _| Value::Date(row.day),
        |row| Id::new(row.holding_id.uuid()),
    )?;
    let data = rows.into_iter().map(|row| HoldingBalance {
        day: row.day,
        amount: Amount(row.amount),
        currency: currency.clone(),
    });
    Ok(Page { data: data.collect(), page: info })
}
