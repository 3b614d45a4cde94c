use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use guanxi_db::schema::{exchange_rate, product};
use guanxi_db::{Condition, DbConn, DbError, Moment, Statement, Value};

use crate::error::Result;
use crate::listing::{COUNTED, Listing};
use crate::products::{ProductId, RateId};

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = product, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct ProductRow {
    pub(super) id: ProductId,
    pub(super) code: String,
    pub(super) kind: String,
    pub(super) name_zh: String,
    pub(super) name_en: String,
    pub(super) risk_grade: Option<String>,
    pub(super) currency: String,
    pub(super) counts_as_asset: bool,
    pub(super) term_days: Option<i32>,
    pub(super) terms: Option<String>,
    pub(super) archived_at: Option<Moment>,
    pub(super) archived: bool,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

pub(super) fn product(conn: &mut DbConn, id: ProductId) -> Result<Option<ProductRow>> {
    let row = product::table
        .find(id)
        .select(ProductRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// The product, kept as it is until the transaction ends: nobody archives it while something new is held of it.
pub(super) fn product_kept(conn: &mut DbConn, id: ProductId) -> Result<Option<ProductRow>> {
    if let DbConn::Pg(conn) = conn {
        product::table
            .find(id)
            .select(product::id)
            .for_share()
            .first::<ProductId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    product(conn, id)
}

pub(super) fn product_id(conn: &mut DbConn, code: &str) -> Result<Option<ProductId>> {
    let id = product::table
        .filter(product::code.eq(code))
        .select(product::id)
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(id)
}

pub(super) fn list_products(conn: &mut DbConn, listing: &Listing) -> Result<Vec<ProductRow>> {
    let rows = product::table
        .select(ProductRow::as_select())
        .into_boxed()
        .filter(listing.condition())
        .order(listing.ordering().first(listing.rows()))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_products(conn: &mut DbConn, listing: &Listing) -> Result<i64> {
    let counted = product::table
        .select(product::id)
        .into_boxed()
        .filter(listing.filter.clone())
        .limit(COUNTED + 1)
        .load::<ProductId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(counted.len()).unwrap_or(i64::MAX))
}

pub(super) fn insert_product(conn: &mut DbConn, row: &ProductRow) -> Result<(), DbError> {
    diesel::insert_into(product::table).values(row).execute(conn)?;
    Ok(())
}

/// False when the version is another one.
pub(super) fn update_product(
    conn: &mut DbConn,
    row: &ProductRow,
    from_version: i64,
) -> Result<bool, DbError> {
    let updated = diesel::update(product::table.find(row.id).filter(product::version.eq(from_version)))
        .set(row)
        .execute(conn)?;
    Ok(updated > 0)
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = exchange_rate)]
pub(super) struct RateRow {
    pub(super) id: RateId,
    pub(super) currency: String,
    pub(super) valid_from: NaiveDate,
    pub(super) rate: i64,
    pub(super) applied: bool,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

pub(super) fn rate(conn: &mut DbConn, id: RateId) -> Result<Option<RateRow>> {
    let row = exchange_rate::table
        .find(id)
        .select(RateRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// The rate that a currency was given for a day, locked until the transaction ends.
pub(super) fn rate_from(conn: &mut DbConn, currency: &str, valid_from: NaiveDate) -> Result<Option<RateRow>> {
    if let DbConn::Pg(conn) = conn {
        exchange_rate::table
            .filter(exchange_rate::currency.eq(currency))
            .filter(exchange_rate::valid_from.eq(valid_from))
            .select(exchange_rate::id)
            .for_update()
            .first::<RateId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    let row = exchange_rate::table
        .filter(exchange_rate::currency.eq(currency))
        .filter(exchange_rate::valid_from.eq(valid_from))
        .select(RateRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// The rate of a currency on a day: the newest that is not later.
pub(super) fn rate_of_day(conn: &mut DbConn, currency: &str, day: NaiveDate) -> Result<Option<i64>> {
    let rate = exchange_rate::table
        .filter(exchange_rate::currency.eq(currency))
        .filter(exchange_rate::valid_from.le(day))
        .order(exchange_rate::valid_from.desc())
        .select(exchange_rate::rate)
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(rate)
}

/// The rate on a day of every currency that has one. The index is entered once for each currency and not read whole, however many days
/// have rates.
pub(super) fn rates_of_day(conn: &mut DbConn, day: NaiveDate) -> Result<Vec<(String, i64)>> {
    let select = Condition::new()
        .sql(
            "WITH RECURSIVE known (currency) AS (SELECT min(currency) FROM exchange_rate UNION ALL \
             SELECT (SELECT min(currency) FROM exchange_rate WHERE currency > known.currency) \
             FROM known WHERE known.currency IS NOT NULL), \
             valid (currency, rate) AS (SELECT currency, (SELECT rate FROM exchange_rate \
             WHERE exchange_rate.currency = known.currency AND exchange_rate.valid_from <= ",
        )
        .bind(Value::Date(day))
        .sql(
            " ORDER BY exchange_rate.valid_from DESC LIMIT 1) FROM known) \
             SELECT currency, rate FROM valid WHERE rate IS NOT NULL",
        );
    Ok(Statement::<(Text, BigInt)>::new(select).load(conn).map_err(DbError::from)?)
}

pub(super) fn insert_rate(conn: &mut DbConn, row: &RateRow) -> Result<(), DbError> {
    diesel::insert_into(exchange_rate::table).values(row).execute(conn)?;
    Ok(())
}

pub(super) fn correct_rate(conn: &mut DbConn, row: &RateRow) -> Result<()> {
    diesel::update(exchange_rate::table.find(row.id))
        .set((
            exchange_rate::rate.eq(row.rate),
            exchange_rate::applied.eq(row.applied),
            exchange_rate::version.eq(row.version),
            exchange_rate::updated_at.eq(row.updated_at),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// The currencies of rates that have become valid and that nothing was valued by yet.
pub(super) fn waiting_rates(conn: &mut DbConn, today: NaiveDate) -> Result<Vec<String>> {
    let found = exchange_rate::table
        .filter(exchange_rate::applied.eq(false))
        .filter(exchange_rate::valid_from.le(today))
        .select(exchange_rate::currency)
        .distinct()
        .order(exchange_rate::currency)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(found)
}

pub(super) fn mark_applied(conn: &mut DbConn, currency: &str, today: NaiveDate) -> Result<()> {
    diesel::update(
        exchange_rate::table
            .filter(exchange_rate::currency.eq(currency))
            .filter(exchange_rate::applied.eq(false))
            .filter(exchange_rate::valid_from.le(today)),
    )
    .set(exchange_rate::applied.eq(true))
    .execute(conn)
    .map_err(DbError::from)?;
    Ok(())
}

pub(super) fn list_rates(conn: &mut DbConn, listing: &Listing) -> Result<Vec<RateRow>> {
    let rows = exchange_rate::table
        .select(RateRow::as_select())
        .into_boxed()
        .filter(listing.condition())
        .order(listing.ordering().first(listing.rows()))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_rates(conn: &mut DbConn, listing: &Listing) -> Result<i64> {
    let counted = exchange_rate::table
        .select(exchange_rate::id)
        .into_boxed()
        .filter(listing.filter.clone())
        .limit(COUNTED + 1)
        .load::<RateId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(counted.len()).unwrap_or(i64::MAX))
}
