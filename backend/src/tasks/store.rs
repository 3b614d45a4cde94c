use diesel::prelude::*;
use guanxi_api::{TaskSource, TaskStatus};
use guanxi_db::schema::{customer, org_unit, task, user_account};
use guanxi_db::{Condition, DbConn, DbError, Id, Moment, Ordering, Value, insert_many};

use crate::access::{Actor, Reach, Right, Scope, UserId};
use crate::customers::CustomerId;
use crate::error::Result;
use crate::listing::COUNTED;
use crate::tasks::TaskId;

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = task, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct TaskRow {
    pub(super) id: TaskId,
    pub(super) customer_id: Option<CustomerId>,
    pub(super) title: String,
    pub(super) notes: Option<String>,
    pub(super) assignee_id: UserId,
    pub(super) creator_id: Option<UserId>,
    pub(super) due_on: chrono::NaiveDate,
    pub(super) priority: String,
    pub(super) status: String,
    pub(super) source: String,
    pub(super) source_id: Option<Id<()>>,
    pub(super) outcome: Option<String>,
    pub(super) done_at: Option<Moment>,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
    /// The day of the line of Today that it stands for.
    pub(super) source_on: Option<chrono::NaiveDate>,
}

/// A task and the names that belong to it.
#[derive(Queryable, Clone)]
pub(super) struct WholeRow {
    pub(super) task: TaskRow,
    pub(super) customer: Option<(String, String)>,
    pub(super) assignee: String,
    pub(super) creator: Option<String>,
}

diesel::alias!(user_account as setter: Setter);

macro_rules! whole {
    () => {
        task::table
            .inner_join(user_account::table.on(user_account::id.eq(task::assignee_id)))
            .left_join(setter.on(setter.field(user_account::id).nullable().eq(task::creator_id)))
            .left_join(customer::table.on(customer::id.nullable().eq(task::customer_id)))
            .select((
                TaskRow::as_select(),
                (customer::customer_no, customer::name).nullable(),
                user_account::display_name,
                setter.field(user_account::display_name).nullable(),
            ))
    };
}

/// The tasks that an actor sees, as a condition on `task` and the customer that it may have.
fn visible(actor: &Actor) -> Condition {
    let Some(me) = actor.user_id() else {
        let everything = actor.reach() == Reach::All;
        return if everything { Condition::everything() } else { Condition::nothing() };
    };
    let me = || Value::Id(Id::new(me.uuid()));
    let own = Condition::new().sql("task.assignee_id = ").bind(me()).sql(" OR task.creator_id = ").bind(me());
    match (actor.reach(), actor.may(Right::WriteTasks)) {
        (Reach::All, false) => Condition::everything(),
        (Reach::All, true) => own,
        _ => {
            let of_nobody = Condition::new().sql("task.customer_id IS NULL").and(own);
            of_nobody.or(Scope::of(actor).customer())
        }
    }
}

pub(super) fn find(conn: &mut DbConn, actor: &Actor, id: TaskId) -> Result<WholeRow> {
    let row = whole!().filter(task::id.eq(id)).filter(visible(actor)).first(conn).map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn list(
    conn: &mut DbConn,
    actor: &Actor,
    condition: Condition,
    order: Ordering,
    limit: i64,
) -> Result<Vec<WholeRow>> {
    let rows = whole!()
        .filter(visible(actor).and(condition))
        .order(order.first(limit))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// The open tasks of somebody about a customer.
pub(super) fn open_of(conn: &mut DbConn, customer: CustomerId, assignee: UserId) -> Result<Vec<TaskRow>> {
    let rows = task::table
        .filter(task::customer_id.eq(customer))
        .filter(task::status.eq(TaskStatus::Open.as_str()))
        .filter(task::assignee_id.eq(assignee))
        .order(task::id)
        .select(TaskRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Most open tasks that are read about some customers at once.
const OPEN_AT_ONCE: i64 = 5_000;

/// The open tasks about some customers, those due first before others.
pub(super) fn open_among(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<WholeRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    let rows = whole!()
        .filter(Condition::unkept().sql("task.customer_id IN (").bind_all(ids).sql(")"))
        .filter(task::status.eq(TaskStatus::Open.as_str()))
        .order((task::due_on, task::id))
        .limit(OPEN_AT_ONCE)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// The tasks of a kind of source (SQL on `task`) that come from some things, each with what it comes from, those due first before others.
pub(super) fn sourced(
    conn: &mut DbConn,
    of: &'static str,
    ids: &[uuid::Uuid],
) -> Result<Vec<(uuid::Uuid, WholeRow)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(*id))));
    let from = Condition::unkept().sql(of).sql(" AND task.source_id IN (").bind_all(ids).sql(")");
    let rows: Vec<WholeRow> = whole!()
        .filter(from)
        .order((task::due_on, task::id))
        .limit(OPEN_AT_ONCE)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows.into_iter().filter_map(|row| Some((row.task.source_id?.uuid(), row))).collect())
}

pub(super) fn count(conn: &mut DbConn, actor: &Actor, condition: Condition) -> Result<i64> {
    let ids = task::table
        .left_join(customer::table.on(customer::id.nullable().eq(task::customer_id)))
        .filter(visible(actor).and(condition))
        .select(task::id)
        .limit(COUNTED + 1)
        .load::<TaskId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// The statement that writes a new task, for [`crate::audit::record_with`].
pub(super) fn insertion(row: &TaskRow) -> Condition {
    let id = |uuid| Some(Value::Id(Id::new(uuid)));
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    Condition::new()
        .sql(
            "INSERT INTO task (id, customer_id, title, notes, assignee_id, creator_id, due_on, priority, status, source, source_id, \
             outcome, done_at, version, created_at, updated_at, source_on) VALUES (",
        )
        .bind_all([
            id(row.id.uuid()),
            row.customer_id.and_then(|customer| id(customer.uuid())),
            text(&row.title),
            row.notes.as_deref().and_then(text),
            id(row.assignee_id.uuid()),
            row.creator_id.and_then(|creator| id(creator.uuid())),
            Some(Value::Date(row.due_on)),
            text(&row.priority),
            text(&row.status),
            text(&row.source),
            row.source_id.map(Value::Id),
            row.outcome.as_deref().and_then(text),
            row.done_at.map(Value::Moment),
            Some(Value::Integer(row.version)),
            Some(Value::Moment(row.created_at)),
            Some(Value::Moment(row.updated_at)),
            row.source_on.map(Value::Date),
        ])
        .sql(")")
}

/// Many new tasks at once, for jobs.
pub(super) fn insert_many(conn: &mut DbConn, rows: &[TaskRow]) -> Result<()> {
    for rows in rows.chunks(500) {
        insert_many!(conn, task::table, rows).map_err(DbError::from)?;
    }
    Ok(())
}

/// Writes a changed task over the version it was made from; false when that is no longer the version.
pub(super) fn update(conn: &mut DbConn, row: &TaskRow, from_version: i64) -> Result<bool> {
    let changed = diesel::update(task::table.find(row.id).filter(task::version.eq(from_version)))
        .set(row)
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(changed > 0)
}

/// Whether the line of Today that a task stood for has become another one. Each leader has a line of their own for the visit to a customer.
pub(super) fn line_has_another(conn: &mut DbConn, row: &TaskRow) -> Result<bool> {
    let Some(day) = row.source_on else { return Ok(false) };
    let whose = if row.source == TaskSource::LeaderVisit.as_str() {
        Condition::new().sql("task.assignee_id = ").bind(Value::Id(Id::new(row.assignee_id.uuid())))
    } else {
        Condition::everything()
    };
    let others = task::table
        .filter(task::source.eq(&row.source))
        .filter(task::source_id.eq(row.source_id))
        .filter(task::source_on.eq(day))
        .filter(task::status.ne(TaskStatus::Cancelled.as_str()))
        .filter(task::id.ne(row.id))
        .filter(whose)
        .select(task::id)
        .first::<TaskId>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(others.is_some())
}

/// The condition that there is no task of a source (`worked`, not cancelled) that `stands_for` a line of one of some days; none that is
/// still open either, whatever its day, where `or_open`.
pub(super) fn no_task_for(
    source: TaskSource,
    stands_for: &'static str,
    (from, to): (chrono::NaiveDate, chrono::NaiveDate),
    or_open: bool,
) -> Condition {
    let code = |code: &str| Value::Text(code.to_owned());
    let within = Condition::new()
        .sql("worked.source_on >= ")
        .bind(Value::Date(from))
        .sql(" AND worked.source_on <= ")
        .bind(Value::Date(to));
    let still_open = Condition::new().sql("worked.status = ").bind(code(TaskStatus::Open.as_str()));
    Condition::new()
        .sql("NOT EXISTS (SELECT 1 FROM task AS worked WHERE worked.source_on IS NOT NULL AND worked.status <> 'cancelled' AND worked.source = ")
        .bind(code(source.as_str()))
        .sql(" AND ")
        .sql(stands_for)
        .sql(" AND (")
        .part(if or_open { within.or(still_open) } else { within })
        .sql("))")
}

/// Id, name and role of the users who may be given a task, by name. About nobody: those of the units. About a customer: those who look
/// after it, as `Scope` has it, and the service staff of the units.
pub(super) fn candidates(
    conn: &mut DbConn,
    units: Condition,
    (customer, now): (Option<CustomerId>, Moment),
    limit: i64,
) -> Result<Vec<(UserId, String, String)>> {
    let roles: Vec<&str> = Right::WriteTasks.roles().iter().map(|role| role.as_str()).collect();
    let condition = match customer {
        None => units,
        Some(customer) => {
            let id = || Value::Id(Id::new(customer.uuid()));
            let service = Condition::new().sql("user_account.role = 'service'").and(units);
            Condition::new()
                .sql(
                    "user_account.role IN ('rm', 'adviser') AND EXISTS (SELECT 1 FROM customer_team \
                     WHERE customer_team.user_id = user_account.id AND customer_team.customer_id = ",
                )
                .bind(id())
                .sql(
                    ") OR EXISTS (SELECT 1 FROM customer JOIN org_unit AS held ON held.id = customer.org_unit_id WHERE customer.id = ",
                )
                .bind(id())
                .sql(
                    " AND (user_account.role IN ('rm', 'adviser') AND EXISTS (SELECT 1 FROM stand_in WHERE stand_in.user_id = user_account.id \
                     AND stand_in.absent_id = customer.owner_id AND stand_in.begins_at <= ",
                )
                .bind(Value::Moment(now))
                .sql(" AND stand_in.ends_at > ")
                .bind(Value::Moment(now))
                .sql(
                    ") OR user_account.role IN ('rm', 'adviser') AND customer.owner_id = user_account.id \
                     OR user_account.role = 'outlet_head' AND held.id = org_unit.id \
                     OR user_account.role IN ('deputy_manager', 'branch_manager') \
                     AND SUBSTR(held.path, 1, LENGTH(org_unit.path)) = org_unit.path))",
                )
                .or(service)
        }
    };
    let rows = user_account::table
        .inner_join(org_unit::table)
        .filter(user_account::archived.eq(false))
        .filter(user_account::role.eq_any(roles))
        .filter(condition)
        .order((user_account::name_sort, user_account::id))
        .select((user_account::id, user_account::display_name, user_account::role))
        .limit(limit)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Those of these customers about whom there is an open task.
pub(super) fn concerned_among(conn: &mut DbConn, customers: &[CustomerId]) -> Result<Vec<CustomerId>> {
    let mut found = Vec::new();
    for customers in customers.chunks(500) {
        found.extend(
            task::table
                .filter(task::customer_id.eq_any(customers.iter().copied()))
                .filter(task::status.eq(TaskStatus::Open.as_str()))
                .select(task::customer_id.assume_not_null())
                .distinct()
                .load::<CustomerId>(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}
