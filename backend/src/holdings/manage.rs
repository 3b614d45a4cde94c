use chrono::{Days, NaiveDate};
use guanxi_api::{Amount, CloseHolding, Holding, HoldingPatch, HoldingStatus, NewHolding, Quantity};
use guanxi_db::DbConn;

use crate::access::{Actor, Scope};
use crate::audit;
use crate::customers::{self, CustomerId, House};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::holdings::store::{self, BalanceRow, HoldingRow, WholeRow};
use crate::holdings::value::{self, Deal};
use crate::holdings::{HoldingId, rules, view};
use crate::listing::ListRequest;
use crate::products::{self, ProductId};

/// Opens a holding of a customer; its figures follow.
///
/// # Errors
/// 404 for a customer that the actor does not see; 422 with every field that breaks a rule: among them a product that is archived, and a
/// currency that has no exchange rate.
pub fn open(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    customer: CustomerId,
    new: &NewHolding,
) -> Result<Holding> {
    customers::changeable(conn, actor, customer)?;
    customers::lock(conn, customer)?;
    let today = house.settings.day(actor.now());
    let mut wrong = Wrong::default();
    let product = products::product_for_new(conn, ProductId::new(new.product_id))?;
    let product = match product {
        Some(product) if product.archived => {
            wrong.add(FieldError::new("/product_id", "archived"));
            None
        }
        Some(product) => Some(product),
        None => {
            wrong.add(FieldError::new("/product_id", "not_found"));
            None
        }
    };
    let currency = new.currency.clone().or_else(|| product.as_ref().map(|product| product.currency.clone()));
    if let Some(currency) = &currency {
        wrong.keep(check_currency(conn, house, currency, today))?;
    }
    let term = product.as_ref().and_then(|product| product.term_days);
    let matures_on = new
        .matures_on
        .or_else(|| term.and_then(|days| new.opened_on.checked_add_days(Days::new(u64::from(days)))));
    let mut check = |checked: Result<(), FieldError>| {
        if let Err(field) = checked {
            wrong.add(field);
        }
    };
    check(rules::check_day("/opened_on", new.opened_on, None, today));
    check(rules::check_maturity(matures_on, new.opened_on));
    let texts = checked(
        &mut wrong,
        &Values { amount: new.amount.0, quantity: new.quantity, cost: new.cost },
        new.reference.as_deref(),
        new.note.as_deref(),
    )?;
    let (product, currency) = wrong.unless(product.zip(currency))?;
    let row = HoldingRow {
        id: actor.new_id(),
        customer_id: customer,
        product_id: product.id,
        status: HoldingStatus::Active.as_str().to_owned(),
        currency,
        amount: new.amount.0,
        opening_amount: new.amount.0,
        value: 0,
        quantity: new.quantity.map(|quantity| quantity.number.0),
        quantity_unit: new.quantity.map(|quantity| quantity.unit.as_str().to_owned()),
        cost: new.cost.map(|cost| cost.0),
        opened_on: new.opened_on,
        matures_on,
        maturity: rules::maturity(matures_on),
        auto_renewal: new.auto_renewal,
        closed_on: None,
        channel: new.channel.as_str().to_owned(),
        reference: texts.reference,
        note: texts.note,
        entries: 0,
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    };
    store::insert(conn, &row)?;
    let opening = BalanceRow { holding_id: row.id, day: row.opened_on, amount: row.amount };
    store::insert_balance(conn, &opening)?;
    note(conn, actor, None, &row, "created")?;
    value::revalue(conn, actor, house, customer, Deal::None)?;
    view::read(conn, actor, house, row.id)
}

/// A currency by its form, and that it has a rate today.
fn check_currency(conn: &mut DbConn, house: House<'_>, currency: &str, today: NaiveDate) -> Result<()> {
    if let Err(broken) = products::rules::check_currency(currency) {
        return Err(Error::fields(vec![FieldError::broken("/currency", broken)]));
    }
    match products::rate_of_day(conn, house.settings, currency, today)? {
        Some(_) => Ok(()),
        None => Err(Error::field("/currency", "no_exchange_rate")),
    }
}

struct Values {
    amount: i64,
    quantity: Option<Quantity>,
    cost: Option<Amount>,
}

struct Texts {
    reference: Option<String>,
    note: Option<String>,
}

/// Checks values and cleans texts; what is wrong is added.
fn checked(wrong: &mut Wrong, values: &Values, reference: Option<&str>, note: Option<&str>) -> Result<Texts> {
    let cost = values.cost.map_or(Ok(()), |cost| {
        if cost.0 < 0 {
            Err(FieldError::new("/cost", "not_negative"))
        } else {
            rules::check_size("/cost", cost.0)
        }
    });
    for checked in [rules::check_size("/amount", values.amount), rules::check_quantity(values.quantity), cost]
    {
        if let Err(field) = checked {
            wrong.add(field);
        }
    }
    let reference = reference.map(rules::reference).transpose();
    let reference = wrong
        .keep(reference.map_err(|broken| Error::fields(vec![FieldError::broken("/reference", broken)])))?;
    let note = note.map(rules::note).transpose();
    let note = wrong.keep(note.map_err(|broken| Error::fields(vec![FieldError::broken("/note", broken)])))?;
    Ok(Texts { reference: reference.flatten().flatten(), note: note.flatten().flatten() })
}

/// A holding, with its customer locked until the transaction ends, at the version that a change was made from.
pub(super) fn at_version(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: HoldingId,
    version: i64,
) -> Result<WholeRow> {
    let row = locked(conn, actor, id)?;
    if row.holding.version == version {
        return Ok(row);
    }
    let tag = view::tag(actor, &view::wire(house, row)?);
    Err(Error::new(Code::Stale).with_header("ETag", tag))
}

/// A holding of a customer whom the actor looks after, with its customer locked until the transaction ends.
pub(super) fn locked(conn: &mut DbConn, actor: &Actor, id: HoldingId) -> Result<WholeRow> {
    let scope = Scope::of(actor);
    let seen = store::find(conn, &scope, id)?;
    customers::changeable(conn, actor, seen.holding.customer_id)?;
    customers::lock(conn, seen.holding.customer_id)?;
    store::find(conn, &scope, id)
}

/// Writes a changed holding; nothing when nothing differs.
fn write(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    before: &HoldingRow,
    after: HoldingRow,
    action: &'static str,
) -> Result<Holding> {
    if view::audited(before) != view::audited(&after) {
        let after = HoldingRow { version: before.version + 1, updated_at: actor.now(), ..after };
        if !store::update(conn, &after, before.version)? {
            return Err(Error::internal("a locked holding changed"));
        }
        note(conn, actor, Some(before), &after, action)?;
        value::revalue(conn, actor, house, after.customer_id, Deal::None)?;
    }
    view::read(conn, actor, house, before.id)
}

fn note(
    conn: &mut DbConn,
    actor: &Actor,
    before: Option<&HoldingRow>,
    after: &HoldingRow,
    action: &'static str,
) -> Result<()> {
    let nothing = serde_json::json!({});
    let change = audit::Change {
        resource_type: "holding",
        resource_id: after.id.uuid(),
        action,
        version: after.version,
        changes: audit::changes_between(&before.map_or(nothing, view::audited), &view::audited(after)),
        reason: None,
    };
    audit::record(conn, actor, &change)
}

/// Changes a holding. Currency and opening amount only while it has no transactions.
///
/// # Errors
/// 404, 412 when the version is another one; 409 for a closed one; 422 with every field that breaks a rule.
pub fn change(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, version): (HoldingId, i64),
    patch: &HoldingPatch,
) -> Result<Holding> {
    let before = at_version(conn, actor, house, id, version)?.holding;
    if before.status == HoldingStatus::Closed.as_str() {
        return Err(Error::conflict("", "closed"));
    }
    let today = house.settings.day(actor.now());
    let mut wrong = Wrong::default();
    let mut after = before.clone();
    match patch.status {
        Some(HoldingStatus::Closed) => wrong.add(FieldError::new("/status", "by_operation")),
        Some(status) => after.status = status.as_str().to_owned(),
        None => {}
    }
    if let Some(currency) = &patch.currency {
        after.currency.clone_from(currency);
        if after.currency != before.currency {
            if before.entries > 0 {
                wrong.add(FieldError::new("/currency", "has_transactions"));
            }
            wrong.keep(check_currency(conn, house, currency, today))?;
        }
    }
    if let Some(amount) = patch.amount {
        after.amount = amount.0;
        after.opening_amount = amount.0;
        if after.amount != before.amount && before.entries > 0 {
            wrong.add(FieldError::new("/amount", "has_transactions"));
        }
    }
    if let Some(quantity) = patch.quantity {
        after.quantity = quantity.map(|quantity| quantity.number.0);
        after.quantity_unit = quantity.map(|quantity| quantity.unit.as_str().to_owned());
    }
    if let Some(cost) = patch.cost {
        after.cost = cost.map(|cost| cost.0);
    }
    if let Some(matures_on) = patch.matures_on {
        after.matures_on = matures_on;
        after.maturity = rules::maturity(matures_on);
        if let Err(field) = rules::check_maturity(matures_on, before.opened_on) {
            wrong.add(field);
        }
    }
    after.auto_renewal = patch.auto_renewal.unwrap_or(before.auto_renewal);
    if let Some(channel) = patch.channel {
        after.channel = channel.as_str().to_owned();
    }
    let values =
        Values { amount: after.amount, quantity: view::quantity(&after), cost: after.cost.map(Amount) };
    let texts = checked(
        &mut wrong,
        &values,
        patch.reference.as_ref().and_then(Option::as_deref),
        patch.note.as_ref().and_then(Option::as_deref),
    )?;
    wrong.unless(Some(()))?;
    if patch.reference.is_some() {
        after.reference = texts.reference;
    }
    if patch.note.is_some() {
        after.note = texts.note;
    }
    if after.amount == before.amount {
        after.opening_amount = before.opening_amount;
    } else {
        let opening = BalanceRow { holding_id: id, day: before.opened_on, amount: after.amount };
        store::set_balance(conn, &opening)?;
    }
    write(conn, actor, house, &before, after, "updated")
}

/// Closes a holding: it is no asset any more and takes no transactions.
///
/// # Errors
/// 404, 412 when the version is another one; 409 for a closed one; 422 for a day in the future or before its last transaction.
pub fn close(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, version): (HoldingId, i64),
    how: &CloseHolding,
) -> Result<Holding> {
    let before = at_version(conn, actor, house, id, version)?.holding;
    if before.status == HoldingStatus::Closed.as_str() {
        return Err(Error::conflict("", "already_closed"));
    }
    let today = house.settings.day(actor.now());
    let closed_on = how.closed_on.unwrap_or(today);
    if let Err(field) = rules::check_day("/closed_on", closed_on, Some(before.opened_on), today) {
        return Err(Error::fields(vec![field]));
    }
    if store::last_day(conn, id)?.is_some_and(|last| closed_on < last) {
        return Err(Error::field("/closed_on", "before_last_transaction"));
    }
    let after = HoldingRow {
        status: HoldingStatus::Closed.as_str().to_owned(),
        closed_on: Some(closed_on),
        ..before.clone()
    };
    write(conn, actor, house, &before, after, "closed")
}

/// Opens a closed holding again, as it was.
///
/// # Errors
/// 404, 412 when the version is another one; 409 for one that is not closed.
pub fn reopen(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, version): (HoldingId, i64),
) -> Result<Holding> {
    let before = at_version(conn, actor, house, id, version)?.holding;
    if before.status != HoldingStatus::Closed.as_str() {
        return Err(Error::conflict("", "not_closed"));
    }
    let status = status_before(conn, actor, house, id)?.as_str().to_owned();
    let after = HoldingRow { status, closed_on: None, ..before.clone() };
    write(conn, actor, house, &before, after, "reopened")
}

/// What a closed holding was when somebody closed it, as the last word on its status has it. One that came closed is taken for active.
fn status_before(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: HoldingId) -> Result<HoldingStatus> {
    let newest = ListRequest { limit: Some(1), ..ListRequest::default() };
    let page = audit::history_of_field(conn, actor, house.keys, ("holding", id.uuid()), "status", &newest)?;
    let closed = page.data.into_iter().filter(|entry| entry.action == "holding.closed");
    let before = closed
        .flat_map(|entry| entry.changes)
        .filter(|change| change.field == "status")
        .find_map(|change| HoldingStatus::from_code(change.before?.as_str()?));
    Ok(before.unwrap_or(HoldingStatus::Active))
}
