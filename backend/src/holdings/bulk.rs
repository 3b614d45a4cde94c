use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use guanxi_api::{
    Amount, HoldingChannel, HoldingPatch, HoldingStatus, NewHoldingTransaction, Quantity, TransactionKind,
};
use guanxi_db::{DbConn, Moment};
use serde::{Deserialize, Serialize};

use crate::access::{Actor, Scope};
use crate::audit;
use crate::customers::{self, CustomerId, House};
use crate::error::{Error, FieldError, Result, Wrong};
use crate::holdings::store::{self, BalanceRow, HoldingRow, TransactionRow};
use crate::holdings::value::revalue_many;
use crate::holdings::{HoldingId, manage, rules, transactions, view};
use crate::products::{self, ProductId};

/// A holding for [`load`], with the transactions that made it what it is.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub customer_id: CustomerId,
    pub product_id: ProductId,
    pub status: HoldingStatus,
    pub currency: String,
    /// Before any transaction.
    pub opening_amount: Amount,
    pub quantity: Option<Quantity>,
    pub cost: Option<Amount>,
    pub opened_on: NaiveDate,
    pub matures_on: Option<NaiveDate>,
    pub auto_renewal: bool,
    pub closed_on: Option<NaiveDate>,
    pub channel: HoldingChannel,
    /// An account or contract number, of which the end is kept.
    pub reference: Option<String>,
    pub transactions: Vec<LoadedTransaction>,
    pub created_at: Moment,
}

/// A transaction of a [`Loaded`] holding.
#[derive(Clone, Copy, Debug)]
pub struct LoadedTransaction {
    pub day: NaiveDate,
    pub kind: TransactionKind,
    pub amount: Amount,
    pub channel: HoldingChannel,
}

/// What is wrong with a holding that is to be [`load`]ed.
///
/// # Errors
/// 422 with every wrong field, as when a holding is opened.
pub fn check(loaded: &Loaded, today: NaiveDate) -> Result<()> {
    let mut wrong = Wrong::default();
    let mut note = |checked: Result<(), FieldError>| {
        if let Err(field) = checked {
            wrong.add(field);
        }
    };
    note(rules::check_day("/opened_on", loaded.opened_on, None, today));
    note(rules::check_maturity(loaded.matures_on, loaded.opened_on));
    for transaction in &loaded.transactions {
        note(rules::check_day("/day", transaction.day, Some(loaded.opened_on), today));
        note(rules::check_amount(transaction.kind, transaction.amount));
    }
    note(rules::check_size("/amount", loaded.amount()));
    if let Err(broken) = loaded.reference.as_deref().map(rules::reference).transpose() {
        wrong.add(FieldError::broken("/reference", broken));
    }
    wrong.unless(Some(()))
}

impl Loaded {
    /// What is held after all transactions, in 1/10000.
    fn amount(&self) -> i64 {
        let moved = |transaction: &LoadedTransaction| rules::effect(transaction.kind, transaction.amount);
        self.transactions.iter().map(moved).fold(self.opening_amount.0, i64::saturating_add)
    }
}

/// Gives customers, whom the caller has locked or has just created, what else they hold, for jobs: one audit entry for all of it, no event
/// for each holding. Gives the ids in the order of what was loaded.
///
/// # Errors
/// When a product is none, a currency has no rate or a rule is broken; then nothing is written.
pub fn load(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    holdings: &[Loaded],
) -> Result<Vec<HoldingId>> {
    if holdings.is_empty() {
        return Ok(Vec::new());
    }
    let today = house.settings.day(actor.now());
    let rates = products::rates_of_day(conn, house.settings, today)?;
    let mut rows = Vec::with_capacity(holdings.len());
    let (mut transactions, mut balances) = (Vec::new(), Vec::new());
    for loaded in holdings {
        check(loaded, today)?;
        let rate = rates.get(&loaded.currency).ok_or_else(|| Error::internal("a currency without a rate"))?;
        let row = row(actor, loaded)?;
        let value = products::rules::convert(Amount(row.amount), *rate).0;
        entries(actor, loaded, row.id, &mut transactions, &mut balances);
        rows.push(HoldingRow { value, ..row });
    }
    store::insert_many(conn, &rows, &transactions, &balances)?;
    let customers: BTreeSet<CustomerId> = holdings.iter().map(|loaded| loaded.customer_id).collect();
    revalue_many(conn, actor, house, &customers.into_iter().collect::<Vec<_>>())?;
    let counts = [("count", rows.len()), ("transactions", transactions.len())];
    audit::note_many(conn, actor, "holding", "created_many", &counts)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// What another system says of a holding that came from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Restated {
    pub currency: String,
    pub amount: Amount,
    /// `active` or `matured`.
    pub status: HoldingStatus,
    pub matures_on: Option<NaiveDate>,
}

/// Whether [`restate`] would be refused.
///
/// # Errors
/// 404 for one that the actor does not see, 403 for one of a customer that the actor does not look after; 409 for a closed one; 422 for another
/// currency or a day that breaks a rule.
pub fn check_restated(conn: &mut DbConn, actor: &Actor, id: HoldingId, restated: &Restated) -> Result<()> {
    let row = store::find(conn, &Scope::of(actor), id)?.holding;
    customers::changeable(conn, actor, row.customer_id)?;
    if row.status == HoldingStatus::Closed.as_str() {
        return Err(Error::conflict("", "closed"));
    }
    let mut wrong = Wrong::default();
    if row.currency != restated.currency {
        wrong.add(FieldError::new("/currency", "currency_differs"));
    }
    for checked in [
        rules::check_maturity(restated.matures_on, row.opened_on),
        rules::check_size("/amount", restated.amount.0),
    ] {
        if let Err(field) = checked {
            wrong.add(field);
        }
    }
    wrong.unless(Some(()))
}

/// Makes a holding what another system says of it: a difference in its amount is an adjustment of today.
///
/// # Errors
/// As [`check_restated`].
pub fn restate(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: HoldingId,
    restated: &Restated,
) -> Result<()> {
    let row = manage::locked(conn, actor, id)?.holding;
    check_restated(conn, actor, id, restated)?;
    let patch = HoldingPatch {
        status: Some(restated.status),
        matures_on: Some(restated.matures_on),
        ..HoldingPatch::default()
    };
    manage::change(conn, actor, house, (id, row.version), &patch)?;
    if row.amount != restated.amount.0 {
        let new = NewHoldingTransaction {
            day: house.settings.day(actor.now()),
            kind: TransactionKind::Adjustment,
            amount: Amount(restated.amount.0.saturating_sub(row.amount)),
            channel: HoldingChannel::Unknown,
            note: None,
        };
        transactions::record(conn, actor, house, id, &new)?;
    }
    Ok(())
}

/// What another system could have said of a holding as it is, and its [`stand`].
///
/// # Errors
/// 404 for one that the actor does not see.
pub fn stated(conn: &mut DbConn, actor: &Actor, id: HoldingId) -> Result<(Restated, i64)> {
    let row = store::find(conn, &Scope::of(actor), id)?.holding;
    let restated = Restated {
        currency: row.currency.clone(),
        amount: Amount(row.amount),
        status: view::known(HoldingStatus::from_code(&row.status))?,
        matures_on: row.matures_on,
    };
    Ok((restated, stand(row.version, row.entries)))
}

/// A number that rises with every change of a holding and with every transaction, which do not raise its version.
fn stand(version: i64, entries: i32) -> i64 {
    version.saturating_add(i64::from(entries))
}

/// The [`stand`] of a holding that was [`load`]ed and that nobody has touched since.
pub fn loaded_stand(loaded: &Loaded) -> i64 {
    stand(1, i32::try_from(loaded.transactions.len()).unwrap_or(i32::MAX))
}

/// Removes holdings that were loaded, as far as they stand where they did; the figures of their customers follow. One audit entry for all
/// of it. Gives those that are gone.
///
/// # Errors
/// When the database fails.
pub fn withdraw_many(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    loaded: &[(HoldingId, i64)],
) -> Result<HashSet<HoldingId>> {
    let ids: Vec<HoldingId> = loaded.iter().map(|(id, _)| *id).collect();
    let scope = Scope::of(actor);
    let owned: BTreeSet<CustomerId> =
        store::stands(conn, &scope, &ids)?.into_iter().map(|row| row.customer_id).collect();
    for id in &owned {
        customers::lock(conn, *id)?;
    }
    let noted: HashMap<HoldingId, i64> = loaded.iter().copied().collect();
    let mut untouched = store::stands(conn, &scope, &ids)?;
    untouched.retain(|row| noted.get(&row.id) == Some(&stand(row.version, row.entries)));
    if untouched.is_empty() {
        return Ok(HashSet::new());
    }
    let gone: Vec<HoldingId> = untouched.iter().map(|row| row.id).collect();
    store::remove_many(conn, &gone)?;
    let customers: BTreeSet<CustomerId> = untouched.iter().map(|row| row.customer_id).collect();
    revalue_many(conn, actor, house, &customers.into_iter().collect::<Vec<_>>())?;
    audit::note_many(conn, actor, "holding", "removed_many", &[("count", gone.len())])?;
    Ok(gone.into_iter().collect())
}

/// Those of these customers who hold something, or have held it.
///
/// # Errors
/// When the database fails.
pub fn holders_among(conn: &mut DbConn, customers: &[CustomerId]) -> Result<Vec<CustomerId>> {
    store::holders_among(conn, customers)
}

fn row(actor: &Actor, loaded: &Loaded) -> Result<HoldingRow> {
    let reference = loaded.reference.as_deref().map(rules::reference).transpose();
    let reference =
        reference.map_err(|broken| Error::fields(vec![FieldError::broken("/reference", broken)]))?;
    Ok(HoldingRow {
        id: actor.new_id(),
        customer_id: loaded.customer_id,
        product_id: loaded.product_id,
        status: loaded.status.as_str().to_owned(),
        currency: loaded.currency.clone(),
        amount: loaded.amount(),
        opening_amount: loaded.opening_amount.0,
        value: 0,
        quantity: loaded.quantity.map(|quantity| quantity.number.0),
        quantity_unit: loaded.quantity.map(|quantity| quantity.unit.as_str().to_owned()),
        cost: loaded.cost.map(|cost| cost.0),
        opened_on: loaded.opened_on,
        matures_on: loaded.matures_on,
        maturity: rules::maturity(loaded.matures_on),
        auto_renewal: loaded.auto_renewal,
        closed_on: loaded.closed_on,
        channel: loaded.channel.as_str().to_owned(),
        reference: reference.flatten(),
        note: None,
        entries: i32::try_from(loaded.transactions.len()).unwrap_or(i32::MAX),
        version: 1,
        created_at: loaded.created_at,
        updated_at: loaded.created_at,
    })
}

/// The transactions of a holding, and its balance on each day on which it changed.
fn entries(
    actor: &Actor,
    loaded: &Loaded,
    id: HoldingId,
    transactions: &mut Vec<TransactionRow>,
    balances: &mut Vec<BalanceRow>,
) {
    let mut by_day: BTreeMap<NaiveDate, i64> = BTreeMap::from([(loaded.opened_on, 0)]);
    for transaction in &loaded.transactions {
        let delta = rules::effect(transaction.kind, transaction.amount);
        *by_day.entry(transaction.day).or_default() += delta;
        transactions.push(TransactionRow {
            id: actor.new_id(),
            holding_id: id,
            customer_id: loaded.customer_id,
            day: transaction.day,
            kind: transaction.kind.as_str().to_owned(),
            amount: transaction.amount.0,
            delta,
            channel: transaction.channel.as_str().to_owned(),
            note: None,
            reverses_id: None,
            created_at: loaded.created_at,
        });
    }
    let mut amount = loaded.opening_amount.0;
    for (day, moved) in by_day {
        amount += moved;
        balances.push(BalanceRow { holding_id: id, day, amount });
    }
}
