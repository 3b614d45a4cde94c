use chrono::NaiveDate;
use guanxi_api::{Page, Task, TaskPriority, TaskSource, TaskStatus};
use guanxi_db::{Condition, DbConn, Id, Ordering, Value};
use uuid::Uuid;

use crate::access::{Actor, Keys};
use crate::customers::{self, CustomerId};
use crate::error::{Error, Result};
use crate::listing::filter::FieldType::{Code, Date, Id as AnId, Instant};
use crate::listing::{Field, ListRequest, Listing, Resource, set_total};
use crate::tasks::store::{self, WholeRow};
use crate::tasks::view;

/// What tasks can be filtered and sorted by.
pub(crate) static FIELDS: &[Field] = &[
    Field::new("due_on", "task.due_on", Date).sortable(),
    Field::new("status", "task.status", Code(TaskStatus::CODES)),
    Field::new("priority", "task.priority", Code(TaskPriority::CODES)),
    Field::new("source", "task.source", Code(TaskSource::CODES)),
    Field::new("assignee_id", "task.assignee_id", AnId),
    Field::new("creator_id", "task.creator_id", AnId).nullable(),
    Field::new("customer_id", "task.customer_id", AnId).nullable(),
    Field::new("created_at", "task.created_at", Instant).sortable(),
    Field::new("updated_at", "task.updated_at", Instant).sortable(),
];

pub(crate) static TASKS: Resource = Resource {
    name: "tasks",
    fields: FIELDS,
    default_sort: "due_on",
    id_column: "task.id",
    unless_asked: Some(("status", open)),
};

fn open() -> Condition {
    Condition::new().sql("task.status = ").bind(Value::Text(TaskStatus::Open.as_str().to_owned()))
}

/// The tasks that the actor sees, those due first before others. Unless the filter names whose they are or whom they are about, only the
/// actor's own; unless it names a status, only open ones.
///
/// # Errors
/// As every list.
pub fn list(conn: &mut DbConn, actor: &Actor, keys: &Keys, request: &ListRequest) -> Result<Page<Task>> {
    let mut listing = request.read(&TASKS, actor, keys.cursor())?;
    let says_whose = ["assignee_id", "creator_id", "customer_id"].iter().any(|name| listing.asks_for(name));
    if actor.user_id().is_some() && !says_whose {
        listing.filter = listing.filter.and(mine(actor));
    }
    page(conn, actor, keys, &listing)
}

/// The tasks about a customer, as [`list`].
///
/// # Errors
/// 404 for a customer that the actor does not see; else as every list.
pub fn of_customer(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    id: CustomerId,
    request: &ListRequest,
) -> Result<Page<Task>> {
    customers::named(conn, actor, id)?;
    let scoped = ListRequest { q: Some(id.to_string()), ..request.clone() };
    let mut listing = scoped.read(&TASKS, actor, keys.cursor())?;
    listing.filter = listing.filter.and(about(id));
    page(conn, actor, keys, &listing)
}

/// The open tasks about a customer, those due first before others; none about a customer that the actor does not see.
///
/// # Errors
/// When the database fails.
pub fn open_about(conn: &mut DbConn, actor: &Actor, id: CustomerId, most: i64) -> Result<Vec<Task>> {
    first(conn, actor, about(id).and(open()), most)
}

/// The open tasks about some customers, those due first before others, whoever sees them: the caller decides what may be said of them.
///
/// # Errors
/// When the database fails.
pub fn open_among(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<(CustomerId, Task)>> {
    let rows = store::open_among(conn, ids)?.into_iter();
    let wire = |row: WholeRow| {
        let customer = row.task.customer_id.ok_or_else(|| Error::internal("a task about nobody"))?;
        Ok((customer, view::wire(row)?))
    };
    rows.map(wire).collect()
}

/// The tasks that are the steps of some care plans, those due first before others, whoever sees them; each with its plan.
///
/// # Errors
/// When the database fails.
pub fn steps_of(conn: &mut DbConn, plans: &[Uuid]) -> Result<Vec<(Uuid, Task)>> {
    let sourced = store::sourced(conn, "task.source = 'care_plan'", plans)?;
    sourced.into_iter().map(|(plan, row)| Ok((plan, view::wire(row)?))).collect()
}

/// The open tasks by which leaders have planned to visit some customers, those due first before others, whoever sees them; each with its customer.
///
/// # Errors
/// When the database fails.
pub fn planned_visits(conn: &mut DbConn, customers: &[CustomerId]) -> Result<Vec<(CustomerId, Task)>> {
    let ids: Vec<Uuid> = customers.iter().map(|id| id.uuid()).collect();
    let planned = store::sourced(conn, "task.source = 'leader_visit' AND task.status = 'open'", &ids)?;
    planned.into_iter().map(|(customer, row)| Ok((CustomerId::new(customer), view::wire(row)?))).collect()
}

/// The actor's open tasks that are due by a day, those that follow a low score aside.
///
/// # Errors
/// When the database fails.
pub fn due(conn: &mut DbConn, actor: &Actor, by: NaiveDate, most: i64) -> Result<Vec<Task>> {
    let due = Condition::new()
        .sql("task.due_on <= ")
        .bind(Value::Date(by))
        .sql(" AND task.source <> ")
        .bind(Value::Text(TaskSource::Survey.as_str().to_owned()));
    first(conn, actor, mine(actor).and(open()).and(due), most)
}

/// The actor's open tasks that follow a low score, whenever they are due.
///
/// # Errors
/// When the database fails.
pub fn low_scores(conn: &mut DbConn, actor: &Actor, most: i64) -> Result<Vec<Task>> {
    let of_surveys =
        Condition::new().sql("task.source = ").bind(Value::Text(TaskSource::Survey.as_str().to_owned()));
    first(conn, actor, mine(actor).and(open()).and(of_surveys), most)
}

fn mine(actor: &Actor) -> Condition {
    // What a colleague who is away is to do about no customer is seen by nobody else anyway.
    actor.own("task.assignee_id")
}

/// The condition that a line of Today has not become a task: there is none of its source from a day to a day that `stands_for` it (SQL
/// that compares the task `worked` with the line's row), cancelled ones aside; with `or_open`, no open one of any day either.
pub fn no_task_for(
    source: TaskSource,
    stands_for: &'static str,
    days: (NaiveDate, NaiveDate),
    or_open: bool,
) -> Condition {
    store::no_task_for(source, stands_for, days, or_open)
}

/// The first tasks that meet a condition and that the actor sees, those due first before others.
fn first(conn: &mut DbConn, actor: &Actor, condition: Condition, most: i64) -> Result<Vec<Task>> {
    let order = Ordering::by(vec![("task.due_on", false), ("task.id", false)]);
    store::list(conn, actor, condition, order, most)?.into_iter().map(view::wire).collect()
}

fn about(id: CustomerId) -> Condition {
    Condition::new().sql("task.customer_id = ").bind(Value::Id(Id::new(id.uuid())))
}

fn page(conn: &mut DbConn, actor: &Actor, keys: &Keys, listing: &Listing) -> Result<Page<Task>> {
    let mut rows = store::list(conn, actor, listing.condition(), listing.ordering(), listing.rows())?;
    let mut info = listing.page(&mut rows, keys.cursor(), sort_value, |row| Id::new(row.task.id.uuid()))?;
    if listing.total {
        set_total(&mut info, store::count(conn, actor, listing.filter.clone())?);
    }
    Ok(Page { data: rows.into_iter().map(view::wire).collect::<Result<_>>()?, page: info })
}

fn sort_value(row: &WholeRow, field: &str) -> Value {
    match field {
        "created_at" => Value::Moment(row.task.created_at),
        "updated_at" => Value::Moment(row.task.updated_at),
        _ => Value::Date(row.task.due_on),
    }
}
