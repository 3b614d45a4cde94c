use chrono::NaiveDate;
use diesel::prelude::*;
use guanxi_db::schema::{
    customer, customer_figures, customer_ownership, org_unit, pool_customer, pool_policy, pool_rule,
    pool_warning, user_account,
};
use guanxi_db::{Condition, DbConn, DbError, Id, Moment, Value, insert_many};

use crate::access::{OrgUnitId, Scope, UnitScope, UserId};
use crate::customers::CustomerId;
use crate::error::Result;
use crate::listing::{COUNTED, Listing};

#[derive(Queryable, Selectable, AsChangeset, Clone)]
#[diesel(table_name = pool_policy, treat_none_as_null = true)]
pub(super) struct PolicyRow {
    pub(super) notice_days: i32,
    pub(super) claims_per_day: Option<i32>,
    pub(super) hold_days: i32,
    pub(super) version: i64,
    pub(super) updated_at: Moment,
}

#[derive(Queryable, Selectable, Insertable, Clone, PartialEq, Eq)]
#[diesel(table_name = pool_warning, treat_none_as_default_value = false)]
pub(super) struct WarningRow {
    pub(super) customer_id: CustomerId,
    pub(super) warned_on: NaiveDate,
    pub(super) falls_on: NaiveDate,
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = pool_customer)]
pub(super) struct FallenRow {
    pub(super) customer_id: CustomerId,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) previous_owner_id: UserId,
    pub(super) fell_at: Moment,
}

/// A customer in the pool, with what is told of it.
#[derive(Queryable)]
pub(super) struct ListedRow {
    pub(super) fallen: FallenRow,
    pub(super) customer_no: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) tier: String,
    pub(super) city: Option<String>,
    pub(super) last_contacted_at: Moment,
    pub(super) version: i64,
}

/// A warning, and where its customer belongs.
#[derive(Queryable)]
pub(super) struct WarnedRow {
    pub(super) warning: WarningRow,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) owner_id: Option<UserId>,
    pub(super) last_contacted_at: Moment,
}

fn among(column: &'static str, ids: &[CustomerId]) -> Condition {
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    Condition::unkept().sql(column).sql(" IN (").bind_all(ids).sql(")")
}

pub(super) fn policy(conn: &mut DbConn) -> Result<PolicyRow> {
    let row = pool_policy::table.select(PolicyRow::as_select()).first(conn).map_err(DbError::from)?;
    Ok(row)
}

/// Makes changes of the rules go one after the other.
pub(super) fn lock_policy(conn: &mut DbConn) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        pool_policy::table.select(pool_policy::id).for_update().first::<i32>(conn).map_err(DbError::from)?;
    }
    Ok(())
}

/// Tier and number of days of every rule.
pub(super) fn rules(conn: &mut DbConn) -> Result<Vec<(String, i32)>> {
    let rows =
        pool_rule::table.select((pool_rule::tier, pool_rule::days)).load(conn).map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn set_policy(conn: &mut DbConn, row: &PolicyRow, rules: &[(&str, i32)]) -> Result<()> {
    diesel::update(pool_policy::table).set(row).execute(conn).map_err(DbError::from)?;
    diesel::delete(pool_rule::table).execute(conn).map_err(DbError::from)?;
    for (tier, days) in rules {
        diesel::insert_into(pool_rule::table)
            .values((pool_rule::tier.eq(*tier), pool_rule::days.eq(*days)))
            .execute(conn)
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// Of those who have fallen back, those whom nobody has taken: whoever has an owner meanwhile is taken out when it is looked at.
fn waiting() -> Condition {
    Condition::unkept().sql("customer.owner_id IS NULL AND customer.archived = FALSE")
}

pub(super) fn fallen(conn: &mut DbConn, units: &UnitScope, listing: &Listing) -> Result<Vec<ListedRow>> {
    let rows = pool_customer::table
        .inner_join(org_unit::table)
        .inner_join(customer::table.inner_join(customer_figures::table))
        .filter(waiting().and(units.units()).and(listing.condition()))
        .order(listing.ordering().first(listing.rows()))
        .select((
            FallenRow::as_select(),
            customer::customer_no,
            customer::name,
            customer::kind,
            customer_figures::tier,
            customer::city,
            customer_figures::last_contacted_at,
            customer::version,
        ))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_fallen(conn: &mut DbConn, units: &UnitScope, listing: &Listing) -> Result<i64> {
    let ids = pool_customer::table
        .inner_join(org_unit::table)
        .inner_join(customer::table)
        .filter(waiting().and(units.units()).and(listing.filter.clone()))
        .select(pool_customer::customer_id)
        .limit(COUNTED + 1)
        .load::<CustomerId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

pub(super) fn find_fallen(conn: &mut DbConn, units: &UnitScope, id: CustomerId) -> Result<FallenRow> {
    let row = pool_customer::table
        .inner_join(org_unit::table)
        .inner_join(customer::table)
        .filter(pool_customer::customer_id.eq(id))
        .filter(waiting().and(units.units()))
        .select(FallenRow::as_select())
        .first(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn fallen_among(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<FallenRow>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        found.extend::<Vec<FallenRow>>(
            pool_customer::table
                .filter(among("pool_customer.customer_id", ids))
                .select(FallenRow::as_select())
                .load(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

pub(super) fn insert_fallen(conn: &mut DbConn, row: &FallenRow) -> Result<()> {
    diesel::insert_into(pool_customer::table).values(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn move_fallen(conn: &mut DbConn, id: CustomerId, unit: OrgUnitId) -> Result<()> {
    diesel::update(pool_customer::table.find(id))
        .set(pool_customer::org_unit_id.eq(unit))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

pub(super) fn remove_fallen(conn: &mut DbConn, ids: &[CustomerId]) -> Result<()> {
    for ids in ids.chunks(500) {
        diesel::delete(pool_customer::table.filter(among("pool_customer.customer_id", ids)))
            .execute(conn)
            .map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn warnings(conn: &mut DbConn, scope: &Scope, listing: &Listing) -> Result<Vec<WarnedRow>> {
    let rows = pool_warning::table
        .inner_join(customer::table.inner_join(customer_figures::table))
        .filter(Condition::unkept().part(scope.customers()).and(listing.condition()))
        .order(listing.ordering().first(listing.rows()))
        .select((
            WarningRow::as_select(),
            customer::org_unit_id,
            customer::owner_id,
            customer_figures::last_contacted_at,
        ))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_warnings(conn: &mut DbConn, scope: &Scope, listing: &Listing) -> Result<i64> {
    let ids = pool_warning::table
        .inner_join(customer::table)
        .filter(Condition::unkept().part(scope.customers()).and(listing.filter.clone()))
        .select(pool_warning::customer_id)
        .limit(COUNTED + 1)
        .load::<CustomerId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

pub(super) fn warnings_of(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<WarningRow>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        found.extend::<Vec<WarningRow>>(
            pool_warning::table
                .filter(among("pool_warning.customer_id", ids))
                .select(WarningRow::as_select())
                .load(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

pub(super) fn remove_warnings(conn: &mut DbConn, ids: &[CustomerId]) -> Result<()> {
    for ids in ids.chunks(500) {
        diesel::delete(pool_warning::table.filter(among("pool_warning.customer_id", ids)))
            .execute(conn)
            .map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn insert_warnings(conn: &mut DbConn, rows: &[WarningRow]) -> Result<()> {
    for rows in rows.chunks(500) {
        insert_many!(conn, pool_warning::table, rows).map_err(DbError::from)?;
    }
    Ok(())
}

/// Whether somebody falls back by a day.
pub(super) fn has_due(conn: &mut DbConn, today: NaiveDate) -> Result<bool> {
    let found = pool_warning::table
        .filter(pool_warning::falls_on.le(today))
        .select(pool_warning::customer_id)
        .first::<CustomerId>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(found.is_some())
}

/// The first who fall back by a day, nobody else's until the transaction ends.
pub(super) fn own_due(conn: &mut DbConn, today: NaiveDate, most: i64) -> Result<Vec<CustomerId>> {
    let due = pool_warning::table
        .filter(pool_warning::falls_on.le(today))
        .order((pool_warning::falls_on, pool_warning::customer_id))
        .limit(most)
        .select(pool_warning::customer_id);
    let found = match conn {
        DbConn::Pg(conn) => due.for_update().skip_locked().load(conn),
        DbConn::Sqlite(conn) => due.load(conn),
    };
    Ok(found.map_err(DbError::from)?)
}

/// What decides on whether a customer falls back.
#[derive(Queryable)]
pub(super) struct LookedAtRow {
    pub(super) id: CustomerId,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) owner_id: Option<UserId>,
    pub(super) archived: bool,
    pub(super) status: String,
    pub(super) do_not_contact: bool,
    pub(super) tier: String,
    pub(super) last_contacted_at: Moment,
    /// Since when the owner has been responsible; none without an owner.
    pub(super) began_at: Option<Moment>,
}

pub(super) fn looked_at(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<LookedAtRow>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        found.extend::<Vec<LookedAtRow>>(
            customer::table
                .inner_join(customer_figures::table)
                .left_join(
                    customer_ownership::table.on(customer_ownership::customer_id
                        .eq(customer::id)
                        .and(customer_ownership::ended_at.is_null())),
                )
                .filter(among("customer.id", ids))
                .select((
                    customer::id,
                    customer::org_unit_id,
                    customer::owner_id,
                    customer::archived,
                    customer::status,
                    customer::do_not_contact,
                    customer_figures::tier,
                    customer_figures::last_contacted_at,
                    customer_ownership::began_at.nullable(),
                ))
                .load(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

/// Holds everything else that a user takes until the transaction ends. SQLite has one writer anyway.
pub(super) fn lock_user(conn: &mut DbConn, user: UserId) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        user_account::table
            .find(user)
            .select(user_account::id)
            .for_no_key_update()
            .first::<UserId>(conn)
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// How many customers somebody has taken since a moment.
pub(super) fn claimed_since(conn: &mut DbConn, user: UserId, since: Moment) -> Result<i64> {
    let claimed = Condition::unkept()
        .sql("customer_ownership.how = 'claimed' AND customer_ownership.owner_id = ")
        .bind(Value::Id(Id::new(user.uuid())))
        .sql(" AND customer_ownership.began_at >= ")
        .bind(Value::Moment(since));
    let count = customer_ownership::table
        .filter(claimed)
        .select(diesel::dsl::count_star())
        .first(conn)
        .map_err(DbError::from)?;
    Ok(count)
}
