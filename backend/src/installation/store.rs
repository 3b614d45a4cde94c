use diesel::prelude::*;
use guanxi_db::schema::{installation, lease};
use guanxi_db::{DbConn, DbError, Id, on_each};

use crate::access::Actor;
use crate::error::Result;
use crate::installation::Settings;

#[derive(Queryable, Selectable)]
#[diesel(table_name = installation)]
pub(super) struct Row {
    pub(super) base_currency: String,
    pub(super) time_zone: String,
    pub(super) key_check: Vec<u8>,
    pub(super) argon2_memory_kib: i32,
    pub(super) argon2_iterations: i32,
}

pub(super) fn find(conn: &mut DbConn) -> Result<Option<Row>> {
    let row =
        installation::table.find(1).select(Row::as_select()).first(conn).optional().map_err(DbError::from)?;
    Ok(row)
}

/// What backups ask of a database that may be of an older schema: columns that were there from the beginning.
pub(super) fn epoch_and_key(conn: &mut DbConn) -> Result<Option<(Id<()>, Vec<u8>)>> {
    let found = installation::table
        .find(1)
        .select((installation::feed_epoch, installation::key_check))
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(found)
}

pub(super) fn insert(conn: &mut DbConn, actor: &Actor, settings: &Settings, key_check: &[u8]) -> Result<()> {
    let epoch: Id<()> = actor.new_id();
    diesel::insert_into(installation::table)
        .values((
            installation::id.eq(1),
            installation::base_currency.eq(&settings.base_currency),
            installation::time_zone.eq(&settings.time_zone),
            installation::feed_epoch.eq(epoch),
            installation::key_check.eq(key_check),
            installation::argon2_memory_kib
                .eq(i32::try_from(settings.passwords.memory_kib).unwrap_or(i32::MAX)),
            installation::argon2_iterations
                .eq(i32::try_from(settings.passwords.iterations).unwrap_or(i32::MAX)),
            installation::created_at.eq(actor.now()),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

pub(super) fn write_probe(conn: &mut DbConn) -> Result<()> {
    let holder: Id<()> = Id::new(uuid::Uuid::nil());
    let now = crate::clock::now();
    let row = (lease::name.eq("write_probe"), lease::holder.eq(holder), lease::expires_at.eq(now));
    on_each!(conn => diesel::insert_into(lease::table)
        .values(row)
        .on_conflict(lease::name)
        .do_update()
        .set(lease::expires_at.eq(now))
        .execute(conn))
    .map_err(DbError::from)?;
    Ok(())
}
