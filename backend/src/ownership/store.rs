use chrono::NaiveDate;
use diesel::prelude::*;
use guanxi_api::{HandoverLineState, HandoverState};
use guanxi_db::schema::{
    care_plan_rule, customer, customer_access, customer_care, customer_figures, customer_team, handover,
    handover_customer, handover_receiver, org_unit, team_policy, team_rule, user_account, visit_rule,
};
use guanxi_db::{Condition, DbConn, DbError, Id, Moment, Statement, Value, insert_many};

use crate::access::{Actor, OrgUnitId, Reach, Scope, UnitScope, UserId};
use crate::customers::CustomerId;
use crate::error::Result;
use crate::listing::{COUNTED, Listing};
use crate::ownership::HandoverId;
use crate::tasks::TaskId;

fn among(column: &'static str, ids: &[CustomerId]) -> Condition {
    if ids.is_empty() {
        return Condition::nothing();
    }
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    Condition::unkept().sql(column).sql(" IN (").bind_all(ids).sql(")")
}

/// Version and time of the rules.
pub(super) fn policy(conn: &mut DbConn) -> Result<(i64, Moment)> {
    let row = team_policy::table
        .select((team_policy::version, team_policy::updated_at))
        .first(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

/// Makes changes of the rules go one after the other.
pub(super) fn lock_policy(conn: &mut DbConn) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        team_policy::table.select(team_policy::id).for_update().first::<i32>(conn).map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn set_policy(conn: &mut DbConn, version: i64, at: Moment) -> Result<()> {
    diesel::update(team_policy::table)
        .set((team_policy::version.eq(version), team_policy::updated_at.eq(at)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// Tier and role of every rule.
pub(super) fn rules(conn: &mut DbConn) -> Result<Vec<(String, String)>> {
    let rows =
        team_rule::table.select((team_rule::tier, team_rule::role)).load(conn).map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn replace_rules(conn: &mut DbConn, rows: &[(&str, &str)]) -> Result<()> {
    diesel::delete(team_rule::table).execute(conn).map_err(DbError::from)?;
    for (tier, role) in rows {
        diesel::insert_into(team_rule::table)
            .values((team_rule::tier.eq(*tier), team_rule::role.eq(*role)))
            .execute(conn)
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// The tiers that demand a care plan.
pub(super) fn plan_rules(conn: &mut DbConn) -> Result<Vec<String>> {
    let rows = care_plan_rule::table.select(care_plan_rule::tier).load(conn).map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn replace_plan_rules(conn: &mut DbConn, tiers: &[&str]) -> Result<()> {
    diesel::delete(care_plan_rule::table).execute(conn).map_err(DbError::from)?;
    for tier in tiers {
        diesel::insert_into(care_plan_rule::table)
            .values(care_plan_rule::tier.eq(*tier))
            .execute(conn)
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// Tier, role and number of days of every rule on visits.
pub(super) fn visit_rules(conn: &mut DbConn) -> Result<Vec<(String, String, i32)>> {
    let rows = visit_rule::table
        .select((visit_rule::tier, visit_rule::role, visit_rule::days))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn replace_visit_rules(conn: &mut DbConn, rows: &[(&str, &str, i32)]) -> Result<()> {
    diesel::delete(visit_rule::table).execute(conn).map_err(DbError::from)?;
    for (tier, role, days) in rows {
        diesel::insert_into(visit_rule::table)
            .values((visit_rule::tier.eq(*tier), visit_rule::role.eq(*role), visit_rule::days.eq(*days)))
            .execute(conn)
            .map_err(DbError::from)?;
    }
    Ok(())
}

#[derive(Queryable, Selectable, Insertable, Clone, PartialEq, Eq)]
#[diesel(table_name = customer_care, treat_none_as_default_value = false)]
pub(super) struct CareRow {
    pub(super) customer_id: CustomerId,
    pub(super) tier: String,
    pub(super) rank: i32,
    pub(super) no_owner: bool,
    pub(super) unsigned: bool,
    pub(super) incomplete: bool,
    pub(super) missing: i32,
    pub(super) since: Moment,
    pub(super) no_plan: bool,
}

/// What is kept of a customer, and where it belongs.
#[derive(Queryable)]
pub(super) struct GapRow {
    pub(super) care: CareRow,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) owner_id: Option<UserId>,
    pub(super) version: i64,
}

pub(super) fn gaps(conn: &mut DbConn, scope: &Scope, listing: &Listing) -> Result<Vec<GapRow>> {
    let rows = customer_care::table
        .inner_join(customer::table)
        .filter(Condition::unkept().part(scope.customers()).and(listing.condition()))
        .order(listing.ordering().first(listing.rows()))
        .select((CareRow::as_select(), customer::org_unit_id, customer::owner_id, customer::version))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_gaps(conn: &mut DbConn, scope: &Scope, listing: &Listing) -> Result<i64> {
    let ids = customer_care::table
        .inner_join(customer::table)
        .filter(Condition::unkept().part(scope.customers()).and(listing.filter.clone()))
        .select(customer_care::customer_id)
        .limit(COUNTED + 1)
        .load::<CustomerId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

pub(super) fn care_of(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<CareRow>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        found.extend::<Vec<CareRow>>(
            customer_care::table
                .filter(among("customer_care.customer_id", ids))
                .select(CareRow::as_select())
                .load(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

pub(super) fn remove_care(conn: &mut DbConn, ids: &[CustomerId]) -> Result<()> {
    for ids in ids.chunks(500) {
        diesel::delete(customer_care::table.filter(among("customer_care.customer_id", ids)))
            .execute(conn)
            .map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn insert_care(conn: &mut DbConn, rows: &[CareRow]) -> Result<()> {
    for rows in rows.chunks(500) {
        insert_many!(conn, customer_care::table, rows).map_err(DbError::from)?;
    }
    Ok(())
}

/// What decides on the care of a customer.
#[derive(Queryable)]
pub(super) struct CaredForRow {
    pub(super) id: CustomerId,
    pub(super) archived: bool,
    pub(super) status: String,
    pub(super) tier: String,
    /// Whether the account of the owner is closed; none without an owner.
    pub(super) owner_archived: Option<bool>,
}

pub(super) fn cared_for(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<CaredForRow>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        found.extend::<Vec<CaredForRow>>(
            customer::table
                .inner_join(customer_figures::table)
                .left_join(user_account::table)
                .filter(among("customer.id", ids))
                .select((
                    customer::id,
                    customer::archived,
                    customer::status,
                    customer_figures::tier,
                    user_account::archived.nullable(),
                ))
                .load(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

/// The parts that colleagues whose accounts are open have in the teams of customers.
pub(super) fn teams(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<(CustomerId, UserId, String)>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        found.extend::<Vec<(CustomerId, UserId, String)>>(
            customer_team::table
                .inner_join(user_account::table)
                .filter(among("customer_team.customer_id", ids))
                .filter(user_account::archived.eq(false))
                .select((customer_team::customer_id, customer_team::user_id, customer_team::role))
                .load(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = handover, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct HandoverRow {
    pub(super) id: HandoverId,
    pub(super) from_user_id: UserId,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) reason: String,
    pub(super) note: Option<String>,
    pub(super) effective_on: NaiveDate,
    pub(super) double_access_days: i32,
    pub(super) state: String,
    pub(super) customers: i32,
    pub(super) moved: i32,
    pub(super) skipped: i32,
    pub(super) remaining: i32,
    pub(super) proposed_by: Option<UserId>,
    pub(super) finished_at: Option<Moment>,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = handover_receiver, primary_key(handover_id, user_id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct ReceiverRow {
    pub(super) handover_id: HandoverId,
    pub(super) user_id: UserId,
    pub(super) place: i32,
    pub(super) rule: Option<String>,
    pub(super) customers: i32,
    pub(super) state: String,
    pub(super) answered_at: Option<Moment>,
    pub(super) answer_reason: Option<String>,
    pub(super) task_id: Option<TaskId>,
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = handover_customer, treat_none_as_default_value = false)]
pub(super) struct LineRow {
    pub(super) handover_id: HandoverId,
    pub(super) customer_id: CustomerId,
    pub(super) user_id: UserId,
    pub(super) place: i32,
    pub(super) state: String,
}

/// The handovers that an actor sees: of a book one's own and those to oneself, else those of one's units.
fn visible(actor: &Actor) -> Condition {
    let id = |id: UserId| Value::Id(Id::new(id.uuid()));
    match (actor.reach(), actor.user_id()) {
        (Reach::All, _) => Condition::everything(),
        (Reach::Team, Some(me)) => Condition::new()
            .sql("handover.from_user_id = ")
            .bind(id(me))
            .sql(" OR handover.id IN (SELECT own.handover_id FROM handover_receiver AS own WHERE own.user_id = ")
            .bind(id(me))
            .sql(")"),
        (Reach::Unit | Reach::Subtree, _) => UnitScope::of(actor).units(),
        _ => Condition::nothing(),
    }
}

pub(super) fn insert_handover(conn: &mut DbConn, row: &HandoverRow) -> Result<()> {
    diesel::insert_into(handover::table).values(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn insert_receivers(conn: &mut DbConn, rows: &[ReceiverRow]) -> Result<()> {
    insert_many!(conn, handover_receiver::table, rows).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn insert_lines(conn: &mut DbConn, rows: &[LineRow]) -> Result<()> {
    for rows in rows.chunks(500) {
        insert_many!(conn, handover_customer::table, rows).map_err(DbError::from)?;
    }
    Ok(())
}

/// Holds every other change of a handover until the transaction ends. SQLite has one writer anyway.
pub(super) fn lock(conn: &mut DbConn, id: HandoverId) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        handover::table
            .find(id)
            .select(handover::id)
            .for_update()
            .first::<HandoverId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn find(conn: &mut DbConn, actor: &Actor, id: HandoverId) -> Result<HandoverRow> {
    let row = handover::table
        .inner_join(org_unit::table)
        .filter(handover::id.eq(id))
        .filter(visible(actor))
        .select(HandoverRow::as_select())
        .first(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn list(conn: &mut DbConn, actor: &Actor, listing: &Listing) -> Result<Vec<HandoverRow>> {
    let rows = handover::table
        .inner_join(org_unit::table)
        .filter(Condition::unkept().part(visible(actor)).and(listing.condition()))
        .order(listing.ordering().first(listing.rows()))
        .select(HandoverRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count(conn: &mut DbConn, actor: &Actor, listing: &Listing) -> Result<i64> {
    let ids = handover::table
        .inner_join(org_unit::table)
        .filter(Condition::unkept().part(visible(actor)).and(listing.filter.clone()))
        .select(handover::id)
        .limit(COUNTED + 1)
        .load::<HandoverId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// Writes a changed handover over the version it was made from; false when that is no longer the version.
pub(super) fn update(conn: &mut DbConn, row: &HandoverRow, from_version: i64) -> Result<bool> {
    let changed = diesel::update(handover::table.find(row.id).filter(handover::version.eq(from_version)))
        .set(row)
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(changed > 0)
}

/// Who is to take customers of these handovers, in their order.
pub(super) fn receivers(conn: &mut DbConn, ids: &[HandoverId]) -> Result<Vec<ReceiverRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    let among = Condition::unkept().sql("handover_receiver.handover_id IN (").bind_all(ids).sql(")");
    let rows = handover_receiver::table
        .filter(among)
        .order((handover_receiver::handover_id, handover_receiver::place))
        .select(ReceiverRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn update_receiver(conn: &mut DbConn, row: &ReceiverRow) -> Result<()> {
    diesel::update(handover_receiver::table.find((row.handover_id, row.user_id)))
        .set(row)
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// What waits stays where it is: that of one receiver, or all.
pub(super) fn keep_waiting(conn: &mut DbConn, id: HandoverId, of: Option<UserId>) -> Result<()> {
    let mine = match of {
        None => Condition::everything(),
        Some(user) => {
            Condition::new().sql("handover_customer.user_id = ").bind(Value::Id(Id::new(user.uuid())))
        }
    };
    diesel::update(
        handover_customer::table
            .filter(handover_customer::handover_id.eq(id))
            .filter(handover_customer::state.eq(HandoverLineState::Waiting.as_str()))
            .filter(mine),
    )
    .set(handover_customer::state.eq(HandoverLineState::Stays.as_str()))
    .execute(conn)
    .map_err(DbError::from)?;
    Ok(())
}

/// Whether a handover that everybody has answered is to be carried out by a day.
pub(super) fn is_due(conn: &mut DbConn, today: NaiveDate) -> Result<bool> {
    let found = handover::table
        .filter(handover::state.eq(HandoverState::Accepted.as_str()))
        .filter(handover::effective_on.le(today))
        .select(handover::id)
        .first::<HandoverId>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(found.is_some())
}

/// The first of them, nobody else's until the transaction ends.
pub(super) fn own_due(conn: &mut DbConn, today: NaiveDate) -> Result<Option<HandoverRow>> {
    let due = handover::table
        .filter(handover::state.eq(HandoverState::Accepted.as_str()))
        .filter(handover::effective_on.le(today))
        .order((handover::effective_on, handover::id))
        .select(handover::id);
    let found: Option<HandoverId> = match conn {
        DbConn::Pg(conn) => due.for_update().skip_locked().first(conn).optional(),
        DbConn::Sqlite(conn) => due.first(conn).optional(),
    }
    .map_err(DbError::from)?;
    let Some(id) = found else { return Ok(None) };
    let row = handover::table.find(id).select(HandoverRow::as_select()).first(conn).map_err(DbError::from)?;
    Ok(Some(row))
}

pub(super) fn waiting(conn: &mut DbConn, id: HandoverId, most: i64) -> Result<Vec<LineRow>> {
    let rows = handover_customer::table
        .filter(handover_customer::handover_id.eq(id))
        .filter(handover_customer::state.eq(HandoverLineState::Waiting.as_str()))
        .order(handover_customer::place)
        .limit(most)
        .select(LineRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn set_line(conn: &mut DbConn, line: &LineRow, state: HandoverLineState) -> Result<()> {
    diesel::update(handover_customer::table.find((line.handover_id, line.customer_id)))
        .set(handover_customer::state.eq(state.as_str()))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// Lets somebody still see a customer until a moment, or longer where that was so already.
pub(super) fn give_access(
    conn: &mut DbConn,
    user: UserId,
    customer: CustomerId,
    until: Moment,
) -> Result<()> {
    let id = |uuid| Some(Value::Id(Id::new(uuid)));
    let upsert = Condition::new()
        .sql("INSERT INTO customer_access (user_id, customer_id, until) VALUES (")
        .bind_all([id(user.uuid()), id(customer.uuid()), Some(Value::Moment(until))])
        .sql(
            ") ON CONFLICT (user_id, customer_id) DO UPDATE SET until = CASE WHEN customer_access.until < excluded.until \
             THEN excluded.until ELSE customer_access.until END",
        );
    Statement::new(upsert).execute(conn)?;
    Ok(())
}

pub(super) fn purge_access(conn: &mut DbConn, now: Moment) -> Result<usize> {
    let removed = diesel::delete(customer_access::table.filter(customer_access::until.le(now)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(removed)
}

/// How many customers a user owns.
pub(super) fn owned_by(conn: &mut DbConn, user: UserId) -> Result<i64> {
    let count = customer::table
        .filter(customer::owner_id.eq(user))
        .select(diesel::dsl::count_star())
        .first(conn)
        .map_err(DbError::from)?;
    Ok(count)
}

/// The condition that a customer belongs to an owner.
pub(super) fn of_owner(user: UserId) -> Condition {
    Condition::new().sql("customer.owner_id = ").bind(Value::Id(Id::new(user.uuid())))
}

/// The assets of customers, in 1/10000 of the base currency.
pub(super) fn assets(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<(CustomerId, i64)>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        found.extend::<Vec<(CustomerId, i64)>>(
            customer_figures::table
                .filter(among("customer_figures.customer_id", ids))
                .select((customer_figures::customer_id, customer_figures::aum))
                .load(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

/// A line of the sheet, and when the customer was last reached.
pub(super) fn lines(
    conn: &mut DbConn,
    id: HandoverId,
    shown: Condition,
    listing: &Listing,
) -> Result<Vec<(LineRow, Moment)>> {
    let rows = handover_customer::table
        .inner_join(customer::table.inner_join(customer_figures::table))
        .filter(handover_customer::handover_id.eq(id))
        .filter(shown.and(listing.condition()))
        .order(listing.ordering().first(listing.rows()))
        .select((LineRow::as_select(), customer_figures::last_contacted_at))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_lines(
    conn: &mut DbConn,
    id: HandoverId,
    shown: Condition,
    listing: &Listing,
) -> Result<i64> {
    let ids = handover_customer::table
        .inner_join(customer::table)
        .filter(handover_customer::handover_id.eq(id))
        .filter(shown.and(listing.filter.clone()))
        .select(handover_customer::customer_id)
        .limit(COUNTED + 1)
        .load::<CustomerId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// The lines that stand in a sheet: those of one receiver or all; of a handover that is under way what waits, and else the customers that a scope has.
pub(super) fn shown(of: Option<UserId>, is_under_way: bool, scope: &Scope) -> Condition {
    let seen = scope.customer();
    let waiting = Condition::new().sql("handover_customer.state = 'waiting'");
    mine(of).and(if is_under_way { waiting.or(seen) } else { seen })
}

/// The lines of one receiver, but for those that they do not take; or all.
fn mine(of: Option<UserId>) -> Condition {
    match of {
        None => Condition::everything(),
        Some(user) => Condition::new()
            .sql("handover_customer.user_id = ")
            .bind(Value::Id(Id::new(user.uuid())))
            .sql(" AND handover_customer.state <> 'stays'"),
    }
}
