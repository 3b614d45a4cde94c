use diesel::prelude::*;
use guanxi_db::schema::idempotency_key;
use guanxi_db::{DbConn, DbError, Id, Moment, on_each};

use crate::error::Result;

#[derive(Insertable)]
#[diesel(table_name = idempotency_key, treat_none_as_default_value = false)]
pub(super) struct KeyRow {
    pub(super) principal_id: Id<()>,
    pub(super) key: String,
    pub(super) fingerprint: Vec<u8>,
    pub(super) resource_id: Option<Id<()>>,
    pub(super) expires_at: Moment,
}

/// Takes the key; false when it is taken. On PostgreSQL it waits for a transaction that is taking it.
pub(super) fn claim(conn: &mut DbConn, row: &KeyRow) -> Result<bool, DbError> {
    let inserted = on_each!(conn => diesel::insert_into(idempotency_key::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn))?;
    Ok(inserted > 0)
}

pub(super) fn find(conn: &mut DbConn, principal: Id<()>, key: &str) -> Result<(Vec<u8>, Option<Id<()>>)> {
    let found = idempotency_key::table
        .find((principal, key))
        .select((idempotency_key::fingerprint, idempotency_key::resource_id))
        .first(conn)
        .map_err(DbError::from)?;
    Ok(found)
}

pub(super) fn remember(conn: &mut DbConn, principal: Id<()>, key: &str, resource: Id<()>) -> Result<()> {
    diesel::update(idempotency_key::table.find((principal, key)))
        .set(idempotency_key::resource_id.eq(resource))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

pub(super) fn forget_expired(conn: &mut DbConn, principal: Id<()>, key: &str, now: Moment) -> Result<()> {
    diesel::delete(idempotency_key::table.find((principal, key)).filter(idempotency_key::expires_at.le(now)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

pub(super) fn purge(conn: &mut DbConn, now: Moment) -> Result<usize> {
    let removed = diesel::delete(idempotency_key::table.filter(idempotency_key::expires_at.le(now)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(removed)
}
