use diesel::prelude::*;
use guanxi_db::schema::{contact_point, customer, identity_document, org_unit};
use guanxi_db::{Condition, DbConn, DbError, Value};

use crate::customers::CustomerId;
use crate::customers::store::these;
use crate::error::Result;

/// Somebody whom a hash is of.
#[derive(Queryable, Clone)]
pub(super) struct LikelyRow {
    pub(super) hash: Vec<u8>,
    pub(super) id: CustomerId,
    pub(super) name: String,
}

/// Most customers that some hashes of phones are looked up for: a number that hundreds have says nothing.
const LIKELY: i64 = 5000;

fn hashes(column: &'static str, hashes: &[Vec<u8>]) -> Condition {
    Condition::unkept()
        .sql(column)
        .sql(" IN (")
        .bind_all(hashes.iter().map(|hash| Some(Value::Bytes(hash.clone()))))
        .sql(")")
}

/// The customers with some identity documents.
pub(super) fn by_identity(conn: &mut DbConn, wanted: &[Vec<u8>]) -> Result<Vec<LikelyRow>> {
    let mut found = Vec::new();
    for wanted in wanted.chunks(500) {
        let rows: Vec<LikelyRow> = identity_document::table
            .inner_join(customer::table)
            .filter(hashes("identity_document.value_hash", wanted))
            .filter(customer::archived.eq(false))
            .select((identity_document::value_hash, customer::id, customer::name))
            .limit(LIKELY)
            .load(conn)
            .map_err(DbError::from)?;
        found.extend(rows);
    }
    Ok(found)
}

/// The customers with some phones.
pub(super) fn by_phone(conn: &mut DbConn, wanted: &[Vec<u8>]) -> Result<Vec<LikelyRow>> {
    let mut found = Vec::new();
    for wanted in wanted.chunks(500) {
        let rows: Vec<LikelyRow> = contact_point::table
            .inner_join(customer::table)
            .filter(hashes("contact_point.value_hash", wanted))
            .filter(contact_point::kind.eq("phone"))
            .filter(customer::archived.eq(false))
            .select((contact_point::value_hash, customer::id, customer::name))
            .limit(LIKELY)
            .load(conn)
            .map_err(DbError::from)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Id, number, name and the two names of the unit of a customer.
pub(super) type LikelyTold = (CustomerId, String, String, String, String);

/// Number, name and unit of some customers, whoever sees them.
pub(super) fn likely_told(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<LikelyTold>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = customer::table
        .inner_join(org_unit::table)
        .filter(these(ids))
        .select((customer::id, customer::customer_no, customer::name, org_unit::name_zh, org_unit::name_en))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}
