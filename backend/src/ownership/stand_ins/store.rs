use chrono::NaiveDate;
use diesel::prelude::*;
use guanxi_db::schema::{org_unit, stand_in, user_account};
use guanxi_db::{Condition, DbConn, DbError, Id, Moment, Value};

use crate::access::{Actor, OrgUnitId, Reach, UnitScope, UserId};
use crate::error::Result;
use crate::listing::{COUNTED, Listing};
use crate::ownership::stand_ins::StandInId;
use crate::tasks::TaskId;

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = stand_in, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct StandInRow {
    pub(super) id: StandInId,
    pub(super) absent_id: UserId,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) user_id: UserId,
    pub(super) reason: String,
    pub(super) note: Option<String>,
    pub(super) begins_on: NaiveDate,
    pub(super) ends_on: NaiveDate,
    pub(super) begins_at: Moment,
    pub(super) ends_at: Moment,
    pub(super) cancelled: bool,
    pub(super) task_id: Option<TaskId>,
    pub(super) created_by: Option<UserId>,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

/// The stand-ins that an actor sees: those of the units, and those that are about oneself.
fn visible(actor: &Actor) -> Condition {
    let of_units = UnitScope::of(actor).units();
    match (actor.reach(), actor.user_id()) {
        (Reach::Nobody, _) => Condition::nothing(),
        (Reach::All, _) | (_, None) => of_units,
        (_, Some(me)) => {
            let me = || Value::Id(Id::new(me.uuid()));
            let own = Condition::new().sql("stand_in.user_id = ").bind(me());
            of_units.or(own.sql(" OR stand_in.absent_id = ").bind(me()))
        }
    }
}

pub(super) fn find(conn: &mut DbConn, actor: &Actor, id: StandInId) -> Result<StandInRow> {
    let row = stand_in::table
        .inner_join(org_unit::table)
        .filter(stand_in::id.eq(id))
        .filter(visible(actor))
        .select(StandInRow::as_select())
        .first(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn list(conn: &mut DbConn, actor: &Actor, listing: &Listing) -> Result<Vec<StandInRow>> {
    let rows = stand_in::table
        .inner_join(org_unit::table)
        .filter(Condition::unkept().part(visible(actor)).and(listing.condition()))
        .order(listing.ordering().first(listing.rows()))
        .select(StandInRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count(conn: &mut DbConn, actor: &Actor, listing: &Listing) -> Result<i64> {
    let ids = stand_in::table
        .inner_join(org_unit::table)
        .filter(Condition::unkept().part(visible(actor)).and(listing.filter.clone()))
        .select(stand_in::id)
        .limit(COUNTED + 1)
        .load::<StandInId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// Holds everything else that is arranged about some users until the transaction ends. SQLite has one writer anyway.
pub(super) fn lock_users(conn: &mut DbConn, users: &[UserId]) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        user_account::table
            .filter(user_account::id.eq_any(users.iter().copied()))
            .order(user_account::id)
            .select(user_account::id)
            .for_update()
            .load::<UserId>(conn)
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// Whether somebody is away at some time from a moment to another; `but` does not count.
pub(super) fn is_away(
    conn: &mut DbConn,
    user: UserId,
    (from, until): (Moment, Moment),
    but: Option<StandInId>,
) -> Result<bool> {
    let found = stand_in::table
        .filter(stand_in::absent_id.eq(user))
        .filter(stand_in::begins_at.lt(until))
        .filter(stand_in::ends_at.gt(from))
        .filter(stand_in::cancelled.eq(false))
        .select(stand_in::id)
        .limit(2)
        .load::<StandInId>(conn)
        .map_err(DbError::from)?;
    Ok(found.into_iter().any(|id| Some(id) != but))
}

/// Whether somebody stands in for a colleague at some time from a moment to another.
pub(super) fn stands_in(conn: &mut DbConn, user: UserId, (from, until): (Moment, Moment)) -> Result<bool> {
    let found = stand_in::table
        .filter(stand_in::user_id.eq(user))
        .filter(stand_in::begins_at.lt(until))
        .filter(stand_in::ends_at.gt(from))
        .filter(stand_in::cancelled.eq(false))
        .select(stand_in::id)
        .first::<StandInId>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(found.is_some())
}

pub(super) fn insert(conn: &mut DbConn, row: &StandInRow) -> Result<()> {
    diesel::insert_into(stand_in::table).values(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// Writes a changed stand-in over the version it was made from; false when that is no longer the version.
pub(super) fn update(conn: &mut DbConn, row: &StandInRow, from_version: i64) -> Result<bool> {
    let changed = diesel::update(stand_in::table.find(row.id).filter(stand_in::version.eq(from_version)))
        .set(row)
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(changed > 0)
}
