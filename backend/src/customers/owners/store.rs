use diesel::prelude::*;
use diesel::sql_types::BigInt;
use guanxi_db::schema::{customer, customer_loss, customer_ownership};
use guanxi_db::{Condition, DbConn, DbError, Id, Moment, Statement, Value, insert_many};

use super::{Cause, CustomerLossMark};
use crate::access::{OrgUnitId, Scope, UserId};
use crate::customers::CustomerId;
use crate::error::Result;
use crate::listing::{COUNTED, Listing};

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = customer_ownership, treat_none_as_default_value = false)]
pub(super) struct PeriodRow {
    pub(super) id: Id<()>,
    pub(super) customer_id: CustomerId,
    pub(super) owner_id: UserId,
    pub(super) began_at: Moment,
    pub(super) how: String,
    pub(super) began_by: Option<UserId>,
    pub(super) signed_at: Option<Moment>,
    pub(super) ended_at: Option<Moment>,
    pub(super) ended_how: Option<String>,
    pub(super) ended_by: Option<UserId>,
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = customer_loss, treat_none_as_default_value = false)]
pub(super) struct LossRow {
    pub(super) id: Id<CustomerLossMark>,
    pub(super) customer_id: CustomerId,
    pub(super) owner_id: Option<UserId>,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) lost_at: Moment,
    pub(super) recorded_by: Option<UserId>,
    pub(super) returned_at: Option<Moment>,
}

fn among(column: &'static str, ids: &[CustomerId]) -> Condition {
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    Condition::unkept().sql(column).sql(" IN (").bind_all(ids).sql(")")
}

pub(super) fn end(conn: &mut DbConn, ids: &[CustomerId], cause: Cause, at: Moment) -> Result<()> {
    for ids in ids.chunks(500) {
        diesel::update(
            customer_ownership::table
                .filter(among("customer_ownership.customer_id", ids))
                .filter(customer_ownership::ended_at.is_null()),
        )
        .set((
            customer_ownership::ended_at.eq(at),
            customer_ownership::ended_how.eq(cause.how.as_str()),
            customer_ownership::ended_by.eq(cause.by),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn begin(conn: &mut DbConn, rows: &[PeriodRow]) -> Result<()> {
    insert_many!(conn, customer_ownership::table, rows).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn insert_losses(conn: &mut DbConn, rows: &[LossRow]) -> Result<()> {
    insert_many!(conn, customer_loss::table, rows).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn end_losses(conn: &mut DbConn, ids: &[CustomerId], at: Moment) -> Result<()> {
    for ids in ids.chunks(500) {
        diesel::update(
            customer_loss::table
                .filter(among("customer_loss.customer_id", ids))
                .filter(customer_loss::returned_at.is_null()),
        )
        .set(customer_loss::returned_at.eq(at))
        .execute(conn)
        .map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn periods(conn: &mut DbConn, id: CustomerId, listing: &Listing) -> Result<Vec<PeriodRow>> {
    let rows = customer_ownership::table
        .filter(customer_ownership::customer_id.eq(id))
        .filter(listing.condition())
        .order(listing.ordering().first(listing.rows()))
        .select(PeriodRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_periods(conn: &mut DbConn, id: CustomerId, listing: &Listing) -> Result<i64> {
    let ids = customer_ownership::table
        .filter(customer_ownership::customer_id.eq(id))
        .filter(listing.filter.clone())
        .select(customer_ownership::id)
        .limit(COUNTED + 1)
        .load::<Id<()>>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// The line without an end.
pub(super) fn open_period(conn: &mut DbConn, id: CustomerId) -> Result<Option<PeriodRow>> {
    let row = customer_ownership::table
        .filter(customer_ownership::customer_id.eq(id))
        .filter(customer_ownership::ended_at.is_null())
        .select(PeriodRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// Of these customers those whose owner has not signed, and how the owner came to be that.
pub(super) fn unsigned(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<(CustomerId, String)>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        found.extend::<Vec<(CustomerId, String)>>(
            customer_ownership::table
                .filter(among("customer_ownership.customer_id", ids))
                .filter(customer_ownership::ended_at.is_null())
                .filter(customer_ownership::signed_at.is_null())
                .select((customer_ownership::customer_id, customer_ownership::how))
                .load(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

pub(super) fn set_signed(conn: &mut DbConn, row: &PeriodRow) -> Result<()> {
    diesel::update(customer_ownership::table.find(row.id))
        .set(customer_ownership::signed_at.eq(row.signed_at))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

pub(super) fn sign_many(conn: &mut DbConn, ids: &[CustomerId], at: Moment) -> Result<()> {
    for ids in ids.chunks(500) {
        diesel::update(
            customer_ownership::table
                .filter(among("customer_ownership.customer_id", ids))
                .filter(customer_ownership::ended_at.is_null()),
        )
        .set(customer_ownership::signed_at.eq(at))
        .execute(conn)
        .map_err(DbError::from)?;
    }
    Ok(())
}

/// The times that a customer was lost, the last ones.
pub(super) fn losses_of(conn: &mut DbConn, id: CustomerId) -> Result<Vec<LossRow>> {
    let rows = customer_loss::table
        .filter(customer_loss::customer_id.eq(id))
        .order((customer_loss::lost_at.desc(), customer_loss::id.desc()))
        .limit(200)
        .select(LossRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn losses(
    conn: &mut DbConn,
    scope: &Scope,
    listing: &Listing,
) -> Result<Vec<(LossRow, String, String)>> {
    let rows = customer_loss::table
        .inner_join(customer::table)
        .filter(scope.customers().and(listing.condition()))
        .order(listing.ordering().first(listing.rows()))
        .select((LossRow::as_select(), customer::customer_no, customer::name))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_losses(conn: &mut DbConn, scope: &Scope, listing: &Listing) -> Result<i64> {
    let ids = customer_loss::table
        .inner_join(customer::table)
        .filter(scope.customers().and(listing.filter.clone()))
        .select(customer_loss::id)
        .limit(COUNTED + 1)
        .load::<Id<CustomerLossMark>>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// For how many customers the record names another owner than the customer does.
pub(super) fn wrong_owners(conn: &mut DbConn) -> Result<i64> {
    let wrong = Condition::new().sql(
        "SELECT COUNT(*) FROM customer LEFT JOIN customer_ownership ON customer_ownership.customer_id = customer.id \
         AND customer_ownership.ended_at IS NULL WHERE customer.owner_id IS DISTINCT FROM customer_ownership.owner_id",
    );
    let found = Statement::<BigInt>::new(wrong).load::<i64>(conn).map_err(DbError::from)?;
    Ok(found.into_iter().sum())
}
