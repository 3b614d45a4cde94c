use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use guanxi_db::schema::{customer, field_conflict, user_account};
use guanxi_db::{Condition, DbConn, DbError, Doc, Id, Moment, Value, insert_many};

use super::conflicts::FieldConflictId;
use crate::access::{Scope, UserId};
use crate::customers::CustomerId;
use crate::customers::store::CustomerRow;
use crate::error::Result;
use crate::listing::{COUNTED, Listing};

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = field_conflict, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct ConflictRow {
    pub(super) id: FieldConflictId,
    pub(super) customer_id: CustomerId,
    pub(super) field: String,
    pub(super) system: String,
    pub(super) offered: Doc,
    pub(super) state: String,
    pub(super) offered_at: Moment,
    pub(super) resolved_at: Option<Moment>,
    pub(super) resolved_by: Option<UserId>,
    pub(super) version: i64,
}

/// A conflict, its customer, and the name of who has resolved it.
#[derive(Queryable)]
pub(super) struct WholeConflict {
    pub(super) conflict: ConflictRow,
    pub(super) customer: CustomerRow,
    pub(super) resolved_by: Option<String>,
}

macro_rules! whole {
    () => {
        field_conflict::table
            .inner_join(customer::table)
            .left_join(user_account::table.on(user_account::id.nullable().eq(field_conflict::resolved_by)))
            .select((
                ConflictRow::as_select(),
                CustomerRow::as_select(),
                user_account::display_name.nullable(),
            ))
    };
}

pub(super) fn find(conn: &mut DbConn, scope: &Scope, id: FieldConflictId) -> Result<WholeConflict> {
    let row = whole!()
        .filter(field_conflict::id.eq(id))
        .filter(scope.customer())
        .first(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

/// Makes concurrent decisions wait for each other.
pub(super) fn lock(conn: &mut DbConn, id: FieldConflictId) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        field_conflict::table
            .find(id)
            .select(field_conflict::id)
            .for_update()
            .first::<FieldConflictId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn list(conn: &mut DbConn, scope: &Scope, listing: &Listing) -> Result<Vec<WholeConflict>> {
    let rows = whole!()
        .filter(scope.customer())
        .filter(listing.condition())
        .order(listing.ordering().first(listing.rows()))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count(conn: &mut DbConn, scope: &Scope, listing: &Listing) -> Result<i64> {
    let ids = field_conflict::table
        .inner_join(customer::table)
        .filter(scope.customer())
        .filter(listing.filter.clone())
        .select(field_conflict::id)
        .limit(COUNTED + 1)
        .load::<FieldConflictId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// All conflicts of some customers, resolved ones too.
pub(super) fn of_customers(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<ConflictRow>> {
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    let among = Condition::unkept().sql("field_conflict.customer_id IN (").bind_all(ids).sql(")");
    let rows = field_conflict::table
        .filter(among)
        .select(ConflictRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn insert_many(conn: &mut DbConn, rows: &[ConflictRow]) -> Result<()> {
    for rows in rows.chunks(500) {
        insert_many!(conn, field_conflict::table, rows).map_err(DbError::from)?;
    }
    Ok(())
}

/// Writes a conflict over the version it was made from; false when that is no longer the version.
pub(super) fn update(conn: &mut DbConn, row: &ConflictRow, from_version: i64) -> Result<bool> {
    let changed =
        diesel::update(field_conflict::table.find(row.id).filter(field_conflict::version.eq(from_version)))
            .set(row)
            .execute(conn)
            .map_err(DbError::from)?;
    Ok(changed > 0)
}

/// The names of some users.
pub(super) fn names(conn: &mut DbConn, ids: BTreeSet<UserId>) -> Result<HashMap<UserId, String>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = ids.into_iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    let among = Condition::unkept().sql("user_account.id IN (").bind_all(ids).sql(")");
    let rows = user_account::table
        .filter(among)
        .select((user_account::id, user_account::display_name))
        .load::<(UserId, String)>(conn)
        .map_err(DbError::from)?;
    Ok(rows.into_iter().collect())
}
