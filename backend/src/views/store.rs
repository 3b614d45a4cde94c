use diesel::prelude::*;
use guanxi_db::schema::{default_view, saved_view, user_account};
use guanxi_db::{Condition, DbConn, DbError, Doc, Id, Moment, Ordering, Statement, Value};

use crate::access::{OrgUnitId, UserId};
use crate::error::Result;
use crate::listing::COUNTED;
use crate::views::ViewId;
use crate::views::manage::Sight;

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = saved_view, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct ViewRow {
    pub(super) id: ViewId,
    pub(super) list: String,
    pub(super) name: String,
    pub(super) sharing: String,
    pub(super) owner_id: UserId,
    /// The unit that it is shared with.
    pub(super) org_unit_id: Option<OrgUnitId>,
    pub(super) filter: Option<String>,
    pub(super) sort: Option<String>,
    /// Codes of columns.
    pub(super) shown: Doc,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

/// A view, the name of its owner, and whether the user who asks sees it first.
#[derive(Queryable, Clone)]
pub(super) struct WholeRow {
    pub(super) view: ViewRow,
    pub(super) owner: String,
    pub(super) chosen: bool,
}

macro_rules! whole {
    ($sight:expr) => {
        saved_view::table
            .inner_join(user_account::table.on(user_account::id.eq(saved_view::owner_id)))
            .left_join(
                default_view::table.on(default_view::view_id
                    .eq(saved_view::id)
                    .and(default_view::user_id.eq($sight.me.unwrap_or(UserId::new(uuid::Uuid::nil()))))),
            )
            .select((
                ViewRow::as_select(),
                user_account::display_name,
                default_view::view_id.nullable().is_not_null(),
            ))
    };
}

/// The views that somebody sees. Each way to see one has an index of its own; an `OR` would read all views of the bank.
fn visible(sight: &Sight) -> Condition {
    let me = Value::Id(Id::new(sight.me.map_or_else(uuid::Uuid::nil, UserId::uuid)));
    let mut seen = Condition::unkept()
        .sql("saved_view.id IN (SELECT own.id FROM saved_view AS own WHERE own.owner_id = ")
        .bind(me)
        .sql(" UNION ALL SELECT known.id FROM saved_view AS known WHERE known.sharing = 'bank'");
    if sight.everywhere {
        seen = seen
            .sql(" UNION ALL SELECT given.id FROM saved_view AS given WHERE given.org_unit_id IS NOT NULL");
    } else if !sight.units.is_empty() {
        let units = sight.units.iter().map(|unit| Some(Value::Id(Id::new(unit.uuid()))));
        seen = seen
            .sql(" UNION ALL SELECT given.id FROM saved_view AS given WHERE given.org_unit_id IN (")
            .bind_all(units)
            .sql(")");
    }
    seen.sql(")")
}

pub(super) fn find(conn: &mut DbConn, sight: &Sight, id: ViewId) -> Result<WholeRow> {
    let row = whole!(sight)
        .filter(saved_view::id.eq(id))
        .filter(visible(sight))
        .first(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn list(
    conn: &mut DbConn,
    sight: &Sight,
    condition: Condition,
    order: Ordering,
    limit: i64,
) -> Result<Vec<WholeRow>> {
    let rows = whole!(sight)
        .filter(visible(sight).and(condition))
        .order(order.first(limit))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count(conn: &mut DbConn, sight: &Sight, condition: Condition) -> Result<i64> {
    let ids = saved_view::table
        .filter(visible(sight).and(condition))
        .select(saved_view::id)
        .limit(COUNTED + 1)
        .load::<ViewId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// How many views of a list a user has.
pub(super) fn count_of(conn: &mut DbConn, owner: UserId, list: &str) -> Result<i64> {
    let count = saved_view::table
        .filter(saved_view::owner_id.eq(owner))
        .filter(saved_view::list.eq(list))
        .count()
        .get_result(conn)
        .map_err(DbError::from)?;
    Ok(count)
}

pub(super) fn insert(conn: &mut DbConn, row: &ViewRow) -> Result<(), DbError> {
    diesel::insert_into(saved_view::table).values(row).execute(conn)?;
    Ok(())
}

/// False when the version is another one.
pub(super) fn update(conn: &mut DbConn, row: &ViewRow, version: i64) -> Result<bool, DbError> {
    let of_version = saved_view::table.filter(saved_view::id.eq(row.id).and(saved_view::version.eq(version)));
    Ok(diesel::update(of_version).set(row).execute(conn)? == 1)
}

/// Deletes a view and what users have chosen of it; false when the version is another one.
pub(super) fn delete(conn: &mut DbConn, id: ViewId, version: i64) -> Result<bool> {
    if let DbConn::Pg(conn) = conn {
        // Nobody chooses it in between.
        let locked = saved_view::table.find(id).select(saved_view::id).for_update().first::<ViewId>(conn);
        locked.map_err(DbError::from)?;
    }
    diesel::delete(default_view::table.filter(default_view::view_id.eq(id)))
        .execute(conn)
        .map_err(DbError::from)?;
    let of_version = saved_view::table.filter(saved_view::id.eq(id).and(saved_view::version.eq(version)));
    Ok(diesel::delete(of_version).execute(conn).map_err(DbError::from)? == 1)
}

pub(super) fn choose(conn: &mut DbConn, user: UserId, list: &str, view: ViewId) -> Result<()> {
    let upsert = Condition::new()
        .sql("INSERT INTO default_view (user_id, list, view_id) VALUES (")
        .bind_all([
            Some(Value::Id(Id::new(user.uuid()))),
            Some(Value::Text(list.to_owned())),
            Some(Value::Id(Id::new(view.uuid()))),
        ])
        .sql(") ON CONFLICT (user_id, list) DO UPDATE SET view_id = excluded.view_id");
    match Statement::new(upsert).execute(conn) {
        // It has just been deleted.
        Err(DbError::ForeignKey) => Err(crate::error::Error::not_found()),
        done => Ok(done.map(drop)?),
    }
}

pub(super) fn unchoose(conn: &mut DbConn, user: UserId, view: ViewId) -> Result<()> {
    let chosen = default_view::user_id.eq(user).and(default_view::view_id.eq(view));
    diesel::delete(default_view::table.filter(chosen)).execute(conn).map_err(DbError::from)?;
    Ok(())
}
