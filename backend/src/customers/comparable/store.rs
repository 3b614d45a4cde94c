use diesel::prelude::*;
use guanxi_db::schema::{contact_point, customer, identity_document};
use guanxi_db::{Condition, DbConn, DbError, Doc, Id, Ordering, Value};

use crate::customers::CustomerId;
use crate::error::Result;

/// What customers are compared by that stands in their own row.
#[derive(Queryable, Selectable)]
#[diesel(table_name = customer)]
pub(super) struct ComparableRow {
    pub(super) id: CustomerId,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) birth_date: Option<chrono::NaiveDate>,
    pub(super) birth_year: Option<i32>,
    pub(super) gender: Option<String>,
    pub(super) city: Option<String>,
    pub(super) details: Doc,
}

pub(super) fn comparable_after(
    conn: &mut DbConn,
    after: Option<CustomerId>,
    limit: i64,
) -> Result<Vec<ComparableRow>> {
    let place = match after {
        Some(id) => Condition::new().sql("customer.id > ").bind(Value::Id(Id::new(id.uuid()))),
        None => Condition::everything(),
    };
    let rows = customer::table
        .filter(place)
        .filter(customer::archived.eq(false))
        .order(Ordering::by(vec![("customer.id", false)]).first(limit))
        .select(ComparableRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Kind and hash of the documents of customers from one to another one by their ids.
pub(super) fn identities_between(
    conn: &mut DbConn,
    first: CustomerId,
    last: CustomerId,
) -> Result<Vec<(CustomerId, String, Vec<u8>)>> {
    let rows = identity_document::table
        .filter(identity_document::customer_id.between(first, last))
        .select((identity_document::customer_id, identity_document::kind, identity_document::value_hash))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// The same of phones and e-mail addresses.
pub(super) fn reached_between(
    conn: &mut DbConn,
    first: CustomerId,
    last: CustomerId,
) -> Result<Vec<(CustomerId, String, Vec<u8>)>> {
    let rows = contact_point::table
        .filter(contact_point::customer_id.between(first, last))
        .filter(contact_point::kind.eq("phone").or(contact_point::kind.eq("email")))
        .select((contact_point::customer_id, contact_point::kind, contact_point::value_hash))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_in_lists(conn: &mut DbConn) -> Result<i64> {
    let count = customer::table
        .filter(customer::archived.eq(false))
        .select(diesel::dsl::count_star())
        .first(conn)
        .map_err(DbError::from)?;
    Ok(count)
}
