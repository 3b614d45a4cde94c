use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Integer};
use guanxi_db::schema::{contact_point, customer, customer_figures, identity_document};
use guanxi_db::{Condition, DbConn, DbError, DbUuid, Id, Statement, Value};

use crate::customers::CustomerId;
use crate::customers::store::{CustomerRow, FiguresRow};
use crate::error::Result;

/// The condition that a column has one of some ids; its text grows with their number.
fn of(column: &'static str, ids: &[CustomerId]) -> Condition {
    if ids.is_empty() {
        return Condition::nothing();
    }
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    Condition::unkept().sql(column).sql(" IN (").bind_all(ids).sql(")")
}

/// Writes what is kept of customers' data; on PostgreSQL in one statement, because each is a round trip.
pub(super) fn set(conn: &mut DbConn, rows: &[&FiguresRow]) -> Result<()> {
    match conn {
        DbConn::Pg(conn) if !rows.is_empty() => {
            diesel::sql_query(
                "UPDATE customer_figures SET completeness = new.completeness, missing = new.missing, data_gap = new.gap \
                 FROM UNNEST($1, $2, $3, $4) AS new (id, completeness, missing, gap) WHERE customer_id = new.id",
            )
            .bind::<Array<DbUuid>, _>(rows.iter().map(|row| row.customer_id).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|row| row.completeness).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|row| row.missing).collect::<Vec<_>>())
            .bind::<Array<Bool>, _>(rows.iter().map(|row| row.data_gap).collect::<Vec<_>>())
            .execute(conn)
            .map_err(DbError::from)?;
        }
        DbConn::Pg(_) => {}
        DbConn::Sqlite(conn) => {
            for row in rows {
                diesel::update(customer_figures::table.find(row.customer_id))
                    .set((
                        customer_figures::completeness.eq(row.completeness),
                        customer_figures::missing.eq(row.missing),
                        customer_figures::data_gap.eq(row.data_gap),
                    ))
                    .execute(conn)
                    .map_err(DbError::from)?;
            }
        }
    }
    Ok(())
}

/// Some customers of whom it is not known how complete their data are.
pub(super) fn unrated(conn: &mut DbConn, most: i64) -> Result<Vec<CustomerId>> {
    let select = Condition::new()
        .sql(
            "SELECT customer_figures.customer_id FROM customer_figures WHERE customer_figures.completeness < 0 \
             ORDER BY customer_figures.customer_id LIMIT ",
        )
        .bind(Value::Integer(most));
    let ids = Statement::<DbUuid>::new(select).load(conn).map_err(DbError::from)?;
    Ok(ids)
}

pub(super) fn figures(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<FiguresRow>> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(500) {
        let rows: Vec<FiguresRow> = customer_figures::table
            .filter(of("customer_figures.customer_id", ids))
            .select(FiguresRow::as_select())
            .load(conn)
            .map_err(DbError::from)?;
        found.extend(rows);
    }
    Ok(found)
}

pub(super) fn rows(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<(CustomerRow, FiguresRow)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = customer::table
        .inner_join(customer_figures::table)
        .filter(of("customer.id", ids))
        .select((CustomerRow::as_select(), FiguresRow::as_select()))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// The kinds of contact points that customers have.
pub(super) fn contact_kinds(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<(CustomerId, String)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = contact_point::table
        .filter(of("contact_point.customer_id", ids))
        .select((contact_point::customer_id, contact_point::kind))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Those of some customers who have an identity document.
pub(super) fn identified(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<CustomerId>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = identity_document::table
        .filter(of("identity_document.customer_id", ids))
        .select(identity_document::customer_id)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}
