use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use guanxi_db::schema::{
    customer, customer_figures, holding, holding_balance, holding_co_owner, holding_transaction, product,
};
use guanxi_db::{Condition, DbConn, DbError, DbUuid, Id, Moment, Statement, Value, insert_many};

use crate::access::{Actor, Scope};
use crate::customers::CustomerId;
use crate::error::Result;
use crate::holdings::{HoldingId, TransactionId};
use crate::listing::{COUNTED, Listing};
use crate::products::ProductId;

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = holding, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct HoldingRow {
    pub(super) id: HoldingId,
    pub(super) customer_id: CustomerId,
    pub(super) product_id: ProductId,
    pub(super) status: String,
    pub(super) currency: String,
    pub(super) amount: i64,
    /// The amount before any transaction.
    pub(super) opening_amount: i64,
    /// In the base currency.
    pub(super) value: i64,
    pub(super) quantity: Option<i64>,
    pub(super) quantity_unit: Option<String>,
    pub(super) cost: Option<i64>,
    pub(super) opened_on: NaiveDate,
    pub(super) matures_on: Option<NaiveDate>,
    /// `matures_on`, or the last of days.
    pub(super) maturity: NaiveDate,
    pub(super) auto_renewal: bool,
    pub(super) closed_on: Option<NaiveDate>,
    pub(super) channel: String,
    pub(super) reference: Option<String>,
    pub(super) note: Option<String>,
    /// Number of transactions.
    pub(super) entries: i32,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

#[derive(Queryable, Selectable, Clone)]
#[diesel(table_name = product)]
pub(super) struct ProductColumns {
    pub(super) id: ProductId,
    pub(super) code: String,
    pub(super) kind: String,
    pub(super) name_zh: String,
    pub(super) name_en: String,
    pub(super) counts_as_asset: bool,
}

/// A holding with what stands beside it.
#[derive(Queryable, Clone)]
pub(super) struct WholeRow {
    pub(super) holding: HoldingRow,
    pub(super) product: ProductColumns,
    pub(super) customer_no: String,
    pub(super) customer_name: String,
    pub(super) tier: String,
}

macro_rules! whole {
    () => {
        (
            HoldingRow::as_select(),
            ProductColumns::as_select(),
            customer::customer_no,
            customer::name,
            customer_figures::tier,
        )
    };
}

/// The holding, if the scope has its customer.
pub(super) fn find(conn: &mut DbConn, scope: &Scope, id: HoldingId) -> Result<WholeRow> {
    let row = holding::table
        .inner_join(customer::table.inner_join(customer_figures::table))
        .inner_join(product::table)
        .filter(holding::id.eq(id))
        .filter(scope.customer())
        .select(whole!())
        .first::<WholeRow>(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

/// The first holdings of an order that a scope has and that meet a condition.
pub(super) fn list(
    conn: &mut DbConn,
    scope: &Scope,
    condition: Condition,
    listing: &Listing,
) -> Result<Vec<WholeRow>> {
    let rows = holding::table
        .inner_join(customer::table.inner_join(customer_figures::table))
        .inner_join(product::table)
        .filter(scope.customers().and(condition))
        .order(listing.ordering().first(listing.rows()))
        .select(whole!())
        .load::<WholeRow>(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// How many holdings a list has, counted no further than needed.
pub(super) fn count(conn: &mut DbConn, scope: &Scope, condition: Condition) -> Result<i64> {
    let ids = holding::table
        .inner_join(customer::table.inner_join(customer_figures::table))
        .inner_join(product::table)
        .filter(scope.customers().and(condition))
        .select(holding::id)
        .limit(COUNTED + 1)
        .load::<HoldingId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// The condition that a holding is one customer's.
pub(super) fn of_customer(id: CustomerId) -> Condition {
    Condition::new().sql("holding.customer_id = ").bind(Value::Id(Id::new(id.uuid())))
}

/// The condition that a holding is not closed.
pub(super) fn not_closed() -> Condition {
    Condition::new()
        .sql("holding.status <> ")
        .bind(Value::Text(guanxi_api::HoldingStatus::Closed.as_str().to_owned()))
}

/// The condition that the actor looks after the customer as its owner, or in the owner's stead; a book is found by its index.
pub(super) fn in_own_books(actor: &Actor) -> Condition {
    Condition::new()
        .sql("holding.customer_id IN (SELECT own.id FROM customer AS own WHERE ")
        .part(actor.own("own.owner_id"))
        .sql(")")
}

/// The condition that a holding matures from a day to a day.
pub(super) fn maturing(from: NaiveDate, to: NaiveDate) -> Condition {
    Condition::new()
        .sql("holding.maturity >= ")
        .bind(Value::Date(from))
        .sql(" AND holding.maturity <= ")
        .bind(Value::Date(to))
}

/// Most holdings that are read of some customers at once.
const MATURING_AT_ONCE: i64 = 5_000;

/// Active holdings of some customers that mature from a day to a day, the soonest first, with the names of their products.
pub(super) fn maturing_among(
    conn: &mut DbConn,
    ids: &[CustomerId],
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<(HoldingRow, String, String)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    let rows = holding::table
        .inner_join(product::table)
        .filter(Condition::unkept().sql("holding.customer_id IN (").bind_all(ids).sql(")"))
        .filter(holding::status.eq(guanxi_api::HoldingStatus::Active.as_str()))
        .filter(maturing(from, to))
        .order((holding::maturity, holding::id))
        .limit(MATURING_AT_ONCE)
        .select((HoldingRow::as_select(), product::name_zh, product::name_en))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn insert(conn: &mut DbConn, row: &HoldingRow) -> Result<()> {
    diesel::insert_into(holding::table).values(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// Writes a changed holding over the version it was made from; false when that is no longer the version.
pub(super) fn update(conn: &mut DbConn, row: &HoldingRow, from_version: i64) -> Result<bool> {
    let changed = diesel::update(holding::table.find(row.id).filter(holding::version.eq(from_version)))
        .set(row)
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(changed > 0)
}

/// What customers have that is not closed: customer, id, status, currency, amount, value, kind of product, whether that counts.
#[derive(Queryable)]
pub(super) struct HeldRow {
    pub(super) customer_id: CustomerId,
    pub(super) id: HoldingId,
    pub(super) status: String,
    pub(super) currency: String,
    pub(super) amount: i64,
    pub(super) value: i64,
    pub(super) kind: String,
    pub(super) counts: bool,
}

pub(super) fn held(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<HeldRow>> {
    let mut rows = Vec::new();
    // Few numbers of parameters, so that few statements are kept prepared.
    for ids in ids.chunks(500) {
        rows.extend(
            holding::table
                .inner_join(product::table)
                .filter(holding::customer_id.eq_any(ids.iter().copied()))
                .filter(holding::status.ne("closed"))
                .select((
                    holding::customer_id,
                    holding::id,
                    holding::status,
                    holding::currency,
                    holding::amount,
                    holding::value,
                    product::kind,
                    product::counts_as_asset,
                ))
                .load::<HeldRow>(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(rows)
}

/// The largest transaction of a customer in a currency.
#[derive(Queryable, Clone)]
pub(super) struct LargestRow {
    pub(super) customer_id: CustomerId,
    pub(super) currency: String,
    pub(super) amount: i64,
    pub(super) day: NaiveDate,
}

/// The largest transactions of these kinds that were not cancelled: one for each customer and currency.
pub(super) fn largest_transactions(
    conn: &mut DbConn,
    ids: &[CustomerId],
    kinds: &[&str],
) -> Result<Vec<LargestRow>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        let select = Condition::with_list_of(ids.len())
            .sql(
                "SELECT ranked.customer_id, ranked.currency, ranked.amount, ranked.day FROM (SELECT holding_transaction.customer_id, \
                 holding.currency, holding_transaction.amount, holding_transaction.day, ROW_NUMBER() OVER (PARTITION BY \
                 holding_transaction.customer_id, holding.currency ORDER BY holding_transaction.amount DESC, holding_transaction.day DESC) \
                 AS place FROM holding_transaction JOIN holding ON holding.id = holding_transaction.holding_id \
                 WHERE holding_transaction.reverses_id IS NULL AND NOT EXISTS (SELECT 1 FROM holding_transaction AS counter \
                 WHERE counter.reverses_id = holding_transaction.id) AND holding_transaction.kind IN (",
            )
            .bind_all(kinds.iter().map(|kind| Some(Value::Text((*kind).to_owned()))))
            .sql(") AND holding_transaction.customer_id IN (")
            .bind_all(ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid())))))
            .sql(")) AS ranked WHERE ranked.place = 1");
        let rows = Statement::<(DbUuid, Text, BigInt, diesel::sql_types::Date)>::new(select)
            .load(conn)
            .map_err(DbError::from)?;
        found.extend::<Vec<LargestRow>>(rows);
    }
    Ok(found)
}

pub(super) fn set_value(conn: &mut DbConn, id: HoldingId, value: i64) -> Result<()> {
    diesel::update(holding::table.find(id))
        .set(holding::value.eq(value))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// The next customers, in the order of their ids, who hold something in a currency.
pub(super) fn holders_in_currency(
    conn: &mut DbConn,
    currency: &str,
    after: Option<CustomerId>,
    limit: i64,
) -> Result<Vec<CustomerId>> {
    let ids = holding::table
        .filter(holding::currency.eq(currency))
        .filter(beyond(after))
        .select(holding::customer_id)
        .distinct()
        .order(holding::customer_id)
        .limit(limit)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(ids)
}

/// The next customers, in the order of their ids, who hold a product.
pub(super) fn holders_of_product(
    conn: &mut DbConn,
    id: ProductId,
    after: Option<CustomerId>,
    limit: i64,
) -> Result<Vec<CustomerId>> {
    let ids = holding::table
        .filter(holding::product_id.eq(id))
        .filter(beyond(after))
        .select(holding::customer_id)
        .distinct()
        .order(holding::customer_id)
        .limit(limit)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(ids)
}

fn beyond(after: Option<CustomerId>) -> Condition {
    match after {
        Some(id) => Condition::new().sql("holding.customer_id > ").bind(Value::Id(Id::new(id.uuid()))),
        None => Condition::everything(),
    }
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = holding_transaction, treat_none_as_default_value = false)]
pub(super) struct TransactionRow {
    pub(super) id: TransactionId,
    pub(super) holding_id: HoldingId,
    pub(super) customer_id: CustomerId,
    pub(super) day: NaiveDate,
    pub(super) kind: String,
    pub(super) amount: i64,
    /// What it added to the amount of the holding.
    pub(super) delta: i64,
    pub(super) channel: String,
    pub(super) note: Option<String>,
    pub(super) reverses_id: Option<TransactionId>,
    pub(super) created_at: Moment,
}

/// A transaction with what stands beside it.
#[derive(Queryable, Clone)]
pub(super) struct ShownTransaction {
    pub(super) row: TransactionRow,
    pub(super) currency: String,
    pub(super) product: ProductColumns,
}

/// Writes a transaction and moves the amount of its holding, which the caller has locked.
pub(super) fn insert_transaction(conn: &mut DbConn, row: &TransactionRow) -> Result<(), DbError> {
    diesel::insert_into(holding_transaction::table).values(row).execute(conn)?;
    diesel::update(holding::table.find(row.holding_id))
        .set((holding::amount.eq(holding::amount + row.delta), holding::entries.eq(holding::entries + 1)))
        .execute(conn)?;
    Ok(())
}

/// A transaction of a holding that the caller may see.
pub(super) fn transaction(
    conn: &mut DbConn,
    holding_id: HoldingId,
    id: TransactionId,
) -> Result<ShownTransaction> {
    let row = holding_transaction::table
        .inner_join(holding::table.inner_join(product::table))
        .filter(holding_transaction::id.eq(id))
        .filter(holding_transaction::holding_id.eq(holding_id))
        .select((TransactionRow::as_select(), holding::currency, ProductColumns::as_select()))
        .first::<ShownTransaction>(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

/// The first transactions of an order that meet a condition, which says whose they are.
pub(super) fn transactions(
    conn: &mut DbConn,
    condition: Condition,
    listing: &Listing,
) -> Result<Vec<ShownTransaction>> {
    let rows = holding_transaction::table
        .inner_join(holding::table.inner_join(product::table))
        .filter(condition)
        .order(listing.ordering().first(listing.rows()))
        .select((TransactionRow::as_select(), holding::currency, ProductColumns::as_select()))
        .load::<ShownTransaction>(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_transactions(conn: &mut DbConn, condition: Condition) -> Result<i64> {
    let ids = holding_transaction::table
        .inner_join(holding::table.inner_join(product::table))
        .filter(condition)
        .select(holding_transaction::id)
        .limit(COUNTED + 1)
        .load::<TransactionId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// The condition that a transaction is one holding's.
pub(super) fn of_holding(id: HoldingId) -> Condition {
    Condition::new().sql("holding_transaction.holding_id = ").bind(Value::Id(Id::new(id.uuid())))
}

/// The condition that a transaction is one customer's.
pub(super) fn transactions_of(id: CustomerId) -> Condition {
    Condition::new().sql("holding_transaction.customer_id = ").bind(Value::Id(Id::new(id.uuid())))
}

/// Which of some transactions are cancelled, and by which counter-entry.
pub(super) fn reversals(
    conn: &mut DbConn,
    ids: &[TransactionId],
) -> Result<Vec<(Option<TransactionId>, TransactionId)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    let among = Condition::unkept().sql("holding_transaction.reverses_id IN (").bind_all(ids).sql(")");
    let rows = holding_transaction::table
        .filter(among)
        .select((holding_transaction::reverses_id, holding_transaction::id))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// The day of the last transaction of a holding.
pub(super) fn last_day(conn: &mut DbConn, id: HoldingId) -> Result<Option<NaiveDate>> {
    let day = holding_transaction::table
        .filter(holding_transaction::holding_id.eq(id))
        .order(holding_transaction::day.desc())
        .select(holding_transaction::day)
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(day)
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = holding_balance, treat_none_as_default_value = false)]
pub(super) struct BalanceRow {
    pub(super) holding_id: HoldingId,
    pub(super) day: NaiveDate,
    pub(super) amount: i64,
}

pub(super) fn insert_balance(conn: &mut DbConn, row: &BalanceRow) -> Result<()> {
    diesel::insert_into(holding_balance::table).values(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// Sets the balance of a day that has one.
pub(super) fn set_balance(conn: &mut DbConn, row: &BalanceRow) -> Result<()> {
    diesel::update(holding_balance::table.find((row.holding_id, row.day)))
        .set(holding_balance::amount.eq(row.amount))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// Adds to the balances from a day on. A day without one gets its own, from the day before it.
pub(super) fn move_balances(conn: &mut DbConn, id: HoldingId, day: NaiveDate, delta: i64) -> Result<()> {
    let before: Option<BalanceRow> = holding_balance::table
        .filter(holding_balance::holding_id.eq(id))
        .filter(holding_balance::day.le(day))
        .order(holding_balance::day.desc())
        .select(BalanceRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    if before.as_ref().is_none_or(|before| before.day < day) {
        let amount = before.map_or(0, |before| before.amount);
        insert_balance(conn, &BalanceRow { holding_id: id, day, amount })?;
    }
    diesel::update(
        holding_balance::table
            .filter(holding_balance::holding_id.eq(id))
            .filter(holding_balance::day.ge(day)),
    )
    .set(holding_balance::amount.eq(holding_balance::amount + delta))
    .execute(conn)
    .map_err(DbError::from)?;
    Ok(())
}

/// The balances of a holding in the order of the listing.
pub(super) fn balances(
    conn: &mut DbConn,
    id: HoldingId,
    condition: Condition,
    listing: &Listing,
) -> Result<Vec<BalanceRow>> {
    let rows = holding_balance::table
        .filter(holding_balance::holding_id.eq(id))
        .filter(condition)
        .order(listing.ordering().first(listing.rows()))
        .select(BalanceRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// The condition on balances of these days.
pub(super) fn between(from: Option<NaiveDate>, to: Option<NaiveDate>) -> Condition {
    let bound = |relation, day| Condition::new().sql(relation).bind(Value::Date(day));
    let from = from.map(|day| bound("holding_balance.day >= ", day));
    let to = to.map(|day| bound("holding_balance.day <= ", day));
    match (from, to) {
        (Some(from), Some(to)) => from.and(to),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => Condition::everything(),
    }
}

/// Rows a statement: bounded by the number of values that SQLite binds at once.
const HOLDINGS_AT_ONCE: usize = 1000;
const TRANSACTIONS_AT_ONCE: usize = 2000;
const BALANCES_AT_ONCE: usize = 8000;

/// Many new holdings at once, for jobs.
pub(super) fn insert_many(
    conn: &mut DbConn,
    holdings: &[HoldingRow],
    transactions: &[TransactionRow],
    balances: &[BalanceRow],
) -> Result<()> {
    let mut write = || -> Result<(), DbError> {
        for rows in holdings.chunks(HOLDINGS_AT_ONCE) {
            insert_many!(conn, holding::table, rows)?;
        }
        for rows in transactions.chunks(TRANSACTIONS_AT_ONCE) {
            insert_many!(conn, holding_transaction::table, rows)?;
        }
        for rows in balances.chunks(BALANCES_AT_ONCE) {
            insert_many!(conn, holding_balance::table, rows)?;
        }
        Ok(())
    };
    Ok(write()?)
}

/// Whose a holding is, and what says whether it has been touched.
#[derive(Queryable)]
pub(super) struct StandRow {
    pub(super) id: HoldingId,
    pub(super) customer_id: CustomerId,
    pub(super) version: i64,
    pub(super) entries: i32,
}

/// Those of these holdings that a scope has.
pub(super) fn stands(conn: &mut DbConn, scope: &Scope, ids: &[HoldingId]) -> Result<Vec<StandRow>> {
    let mut rows = Vec::with_capacity(ids.len());
    for ids in ids.chunks(500) {
        rows.extend(
            holding::table
                .inner_join(customer::table)
                .filter(holding::id.eq_any(ids.iter().copied()))
                .filter(scope.customer())
                .select((holding::id, holding::customer_id, holding::version, holding::entries))
                .load::<StandRow>(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(rows)
}

/// Removes holdings with their transactions and balances.
pub(super) fn remove_many(conn: &mut DbConn, ids: &[HoldingId]) -> Result<()> {
    for ids in ids.chunks(500) {
        let of_transaction = holding_transaction::holding_id.eq_any(ids.iter().copied());
        diesel::delete(holding_transaction::table.filter(of_transaction))
            .execute(conn)
            .map_err(DbError::from)?;
        let of_balance = holding_balance::holding_id.eq_any(ids.iter().copied());
        diesel::delete(holding_balance::table.filter(of_balance)).execute(conn).map_err(DbError::from)?;
        let of_holding = holding::id.eq_any(ids.iter().copied());
        diesel::delete(holding::table.filter(of_holding)).execute(conn).map_err(DbError::from)?;
    }
    Ok(())
}

/// Those of these customers who have a holding, closed ones too.
pub(super) fn holders_among(conn: &mut DbConn, customers: &[CustomerId]) -> Result<Vec<CustomerId>> {
    let mut found = Vec::new();
    for customers in customers.chunks(500) {
        found.extend(
            holding::table
                .filter(holding::customer_id.eq_any(customers.iter().copied()))
                .select(holding::customer_id)
                .distinct()
                .load::<CustomerId>(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

/// Who holds these holdings besides the customers under whom they are booked, by their ids.
pub(super) fn co_owners(conn: &mut DbConn, ids: &[HoldingId]) -> Result<HashMap<HoldingId, Vec<CustomerId>>> {
    let mut owners: HashMap<HoldingId, Vec<CustomerId>> = HashMap::new();
    if ids.is_empty() {
        return Ok(owners);
    }
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    let rows: Vec<(HoldingId, CustomerId)> = holding_co_owner::table
        .filter(Condition::unkept().sql("holding_co_owner.holding_id IN (").bind_all(ids).sql(")"))
        .order((holding_co_owner::holding_id, holding_co_owner::customer_id))
        .select((holding_co_owner::holding_id, holding_co_owner::customer_id))
        .load(conn)
        .map_err(DbError::from)?;
    for (holding, customer) in rows {
        owners.entry(holding).or_default().push(customer);
    }
    Ok(owners)
}

pub(super) fn replace_co_owners(conn: &mut DbConn, id: HoldingId, owners: &[CustomerId]) -> Result<()> {
    diesel::delete(holding_co_owner::table.filter(holding_co_owner::holding_id.eq(id)))
        .execute(conn)
        .map_err(DbError::from)?;
    for owner in owners {
        diesel::insert_into(holding_co_owner::table)
            .values((holding_co_owner::holding_id.eq(id), holding_co_owner::customer_id.eq(owner)))
            .execute(conn)
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// Id, holder, kind of product, whether that counts, and value of a holding.
type SharedRow = (HoldingId, CustomerId, String, bool, i64);

/// The active holdings that some customers hold or co-own.
pub(super) fn shared_by(conn: &mut DbConn, customers: &[CustomerId]) -> Result<Vec<SharedRow>> {
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    let ids = || customers.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    let co_owned = Condition::unkept()
        .sql("holding.id IN (SELECT owned.holding_id FROM holding_co_owner AS owned WHERE owned.customer_id IN (")
        .bind_all(ids())
        .sql("))");
    let mut rows = Vec::new();
    for held in [Condition::unkept().sql("holding.customer_id IN (").bind_all(ids()).sql(")"), co_owned] {
        let found: Vec<SharedRow> = holding::table
            .inner_join(product::table)
            .filter(held)
            .filter(holding::status.eq(guanxi_api::HoldingStatus::Active.as_str()))
            .select((
                holding::id,
                holding::customer_id,
                product::kind,
                product::counts_as_asset,
                holding::value,
            ))
            .load(conn)
            .map_err(DbError::from)?;
        rows.extend(found);
    }
    rows.sort_by_key(|row| row.0);
    rows.dedup_by_key(|row| row.0);
    Ok(rows)
}
