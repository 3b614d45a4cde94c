use chrono::NaiveDate;
use guanxi_api::{NewTask, TaskPriority, TaskSource, TaskStatus};
use guanxi_db::{Condition, DbConn, Engine, Id, Moment, execute_all};
use serde_json::json;
use uuid::Uuid;

use crate::access::{Actor, Right, UnitScope, UserId};
use crate::audit;
use crate::customers::{self, CustomerId, House};
use crate::error::{Code, FieldError, Result, Wrong};
use crate::org;
use crate::tasks::store::{self, TaskRow};
use crate::tasks::{TaskId, rules, view};
use crate::text;

pub(super) const MAX_TITLE: usize = 200;
pub(super) const MAX_NOTES: usize = 4000;

/// A task to be set, by a person or by another room.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Whoever sets the task has made sure that the actor may speak of this customer.
    pub customer_id: Option<CustomerId>,
    pub title: String,
    pub notes: Option<String>,
    /// Without one, the actor's own.
    pub assignee_id: Option<UserId>,
    pub due_on: NaiveDate,
    pub priority: TaskPriority,
    pub source: TaskSource,
    /// What it comes from.
    pub source_id: Option<Uuid>,
    /// The day of the line of Today that it stands for.
    pub source_on: Option<NaiveDate>,
}

/// A task that keeps every rule, to be written by [`write`].
pub struct Checked(TaskRow);

impl std::fmt::Debug for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Checked").field(&self.0.id).finish()
    }
}

/// Sets a task in the caller's transaction. `at` is where its members stand in the request, such as `/next_step`; empty for its top.
///
/// # Errors
/// As [`check`].
pub fn open(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    opening: &Opening,
    at: &str,
) -> Result<TaskId> {
    let checked = check(conn, actor, house, opening, at)?;
    write(conn, actor, checked)
}

/// Checks a task that is to be set, so that a request that does more than that can tell of all its wrong fields at once.
///
/// # Errors
/// 422 for a wrong title, day or notes, and for an assignee who is none: unknown, closed, without the right to work tasks, not seeing
/// the customer, or (where there is none) outside of the actor's units.
pub fn check(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    opening: &Opening,
    at: &str,
) -> Result<Checked> {
    let mut wrong = Wrong::default();
    let title = text::line(&opening.title, MAX_TITLE)
        .map_err(|broken| wrong.add(FieldError::broken(format!("{at}/title"), broken)))
        .unwrap_or_default();
    let notes = text::paragraphs(opening.notes.as_deref().unwrap_or_default(), MAX_NOTES)
        .map_err(|broken| wrong.add(FieldError::broken(format!("{at}/notes"), broken)))
        .unwrap_or_default();
    if let Err(broken) = rules::due_on(opening.due_on, house.settings.day(actor.now())) {
        wrong.add(FieldError::broken(format!("{at}/due_on"), broken));
    }
    let assignee = opening.assignee_id.or(actor.user_id());
    match assignee {
        None => wrong.add(FieldError::new(format!("{at}/assignee_id"), "required")),
        Some(assignee) => {
            if let Err(code) = may_be_given(conn, actor, assignee, opening.customer_id)? {
                wrong.add(FieldError::new(format!("{at}/assignee_id"), code));
            }
        }
    }
    let assignee_id = wrong.unless(assignee)?;
    let opening = Opening { title, notes, ..opening.clone() };
    Ok(Checked(row(actor, opening, assignee_id)))
}

fn row(actor: &Actor, opening: Opening, assignee_id: UserId) -> TaskRow {
    TaskRow {
        id: actor.new_id(),
        customer_id: opening.customer_id,
        title: opening.title,
        notes: opening.notes,
        assignee_id,
        creator_id: actor.user_id(),
        due_on: opening.due_on,
        priority: opening.priority.as_str().to_owned(),
        status: TaskStatus::Open.as_str().to_owned(),
        source: opening.source.as_str().to_owned(),
        source_id: opening.source_id.map(Id::new),
        source_on: opening.source_on,
        outcome: None,
        done_at: None,
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    }
}

/// Sets a task that follows from something that happened, for whoever looks after the customer: nobody asked for it, so there is nobody
/// to be told what would be wrong with it.
///
/// # Errors
/// When the database fails.
pub fn open_for(conn: &mut DbConn, actor: &Actor, assignee_id: UserId, opening: Opening) -> Result<TaskId> {
    let title = opening.title.chars().take(MAX_TITLE).collect();
    write(conn, actor, Checked(row(actor, Opening { title, ..opening }, assignee_id)))
}

/// Whether a task may be due on a day.
///
/// # Errors
/// `in_the_past`, and `too_far_ahead` for more than five years.
pub fn check_due(
    actor: &Actor,
    house: House<'_>,
    due_on: NaiveDate,
) -> std::result::Result<(), text::Broken> {
    rules::due_on(due_on, house.settings.day(actor.now()))
}

/// Whether somebody may be given a task, or why not.
pub(super) fn may_be_given(
    conn: &mut DbConn,
    actor: &Actor,
    assignee: UserId,
    customer: Option<CustomerId>,
) -> Result<Result<(), &'static str>> {
    // Whoever sets a task sees its customer, and may work tasks.
    if actor.user_id() == Some(assignee) {
        return Ok(Ok(()));
    }
    let Some(user) = org::user_summary(conn, assignee)? else { return Ok(Err("not_found")) };
    if user.archived {
        return Ok(Err("archived"));
    }
    if !Right::WriteTasks.is_given_to(user.role) {
        return Ok(Err("works_no_tasks"));
    }
    Ok(match customer {
        Some(customer) if customers::is_seen_by(conn, &user, customer, actor.now())? => Ok(()),
        Some(_) => Err("sees_not_the_customer"),
        None if UnitScope::of(actor).contains(&user.unit_path) => Ok(()),
        None => Err("not_in_scope"),
    })
}

/// The statements that write a task that was checked.
pub fn recording(engine: Engine, actor: &Actor, Checked(row): Checked) -> Vec<Condition> {
    let change = audit::Change {
        resource_type: "task",
        resource_id: row.id.uuid(),
        action: "created",
        version: row.version,
        changes: audit::changes_between(&json!({}), &view::audited(&row)),
        reason: None,
    };
    audit::recording(engine, actor, &change, vec![store::insertion(&row)])
}

/// Sets a task that was checked.
///
/// # Errors
/// When the database fails.
pub fn write(conn: &mut DbConn, actor: &Actor, checked: Checked) -> Result<TaskId> {
    let id = checked.0.id;
    execute_all(conn, recording(conn.engine(), actor, checked))?;
    Ok(id)
}

/// Sets a task that somebody asks for.
///
/// # Errors
/// 403 for a customer that is only seen for a while, 422 with every wrong field.
pub fn create(conn: &mut DbConn, actor: &Actor, house: House<'_>, new: &NewTask) -> Result<TaskId> {
    let mut customer_id = new.customer_id.map(CustomerId::new);
    let mut assignee_id = new.assignee_id.map(UserId::new);
    let mut wrong = Wrong::default();
    if let Some(id) = customer_id {
        match customers::changeable(conn, actor, id) {
            Err(error) if error.code == Code::NotFound => {
                wrong.add(FieldError::new("/customer_id", "not_found"));
                // What is said of the assignee would tell whether there is such a customer elsewhere.
                (customer_id, assignee_id) = (None, None);
            }
            checked => checked?,
        }
    }
    let opening = Opening {
        customer_id,
        title: new.title.clone(),
        notes: new.notes.clone(),
        assignee_id,
        due_on: new.due_on,
        priority: new.priority,
        source: TaskSource::Manual,
        source_id: None,
        source_on: None,
    };
    let checked = wrong.keep(check(conn, actor, house, &opening, ""))?;
    write(conn, actor, wrong.unless(checked)?)
}

/// A task for [`create_many`], whatever its state.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub customer_id: Option<CustomerId>,
    pub title: String,
    pub assignee_id: UserId,
    pub creator_id: Option<UserId>,
    pub due_on: NaiveDate,
    pub priority: TaskPriority,
    pub status: TaskStatus,
    pub source: TaskSource,
    pub outcome: Option<String>,
    pub done_at: Option<Moment>,
    pub created_at: Moment,
}

/// Creates many tasks at once, for jobs: one audit entry for all of them, no event for each.
///
/// # Errors
/// When the database fails.
pub fn create_many(conn: &mut DbConn, actor: &Actor, tasks: &[Prepared]) -> Result<()> {
    if tasks.is_empty() {
        return Ok(());
    }
    let rows: Vec<TaskRow> = tasks
        .iter()
        .map(|task| TaskRow {
            id: actor.new_id(),
            customer_id: task.customer_id,
            title: task.title.clone(),
            notes: None,
            assignee_id: task.assignee_id,
            creator_id: task.creator_id,
            due_on: task.due_on,
            priority: task.priority.as_str().to_owned(),
            status: task.status.as_str().to_owned(),
            source: task.source.as_str().to_owned(),
            source_id: None,
            source_on: None,
            outcome: task.outcome.clone(),
            done_at: task.done_at,
            version: 1,
            created_at: task.created_at,
            updated_at: task.done_at.unwrap_or(task.created_at),
        })
        .collect();
    store::insert_many(conn, &rows)?;
    audit::note_many(conn, actor, "task", "created_many", &[("count", rows.len())])
}
