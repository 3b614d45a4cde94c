use guanxi_api::{Task, TaskCompletion, TaskHandOver, TaskPatch, TaskPostponement, TaskStatus};
use guanxi_db::DbConn;

use crate::access::{Actor, UserId};
use crate::audit;
use crate::customers::{self, CustomerId, House};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::tasks::open::{MAX_NOTES, MAX_TITLE, may_be_given};
use crate::tasks::store::{self, TaskRow};
use crate::tasks::{TaskId, rules, view};
use crate::text;

/// What can be done with a task.
#[derive(Clone, Debug)]
pub enum Work {
    Complete(TaskCompletion),
    Postpone(TaskPostponement),
    HandOver(TaskHandOver),
    Cancel,
    Reopen,
}

impl Work {
    /// What the history calls it.
    const fn action(&self) -> &'static str {
        match self {
            Work::Complete(_) => "completed",
            Work::Postpone(_) => "postponed",
            Work::HandOver(_) => "handed_over",
            Work::Cancel => "cancelled",
            Work::Reopen => "reopened",
        }
    }
}

/// Works a task from a version on, and gives it as it is then: whoever hands a task over may not see it any more.
///
/// # Errors
/// 404 for a task that the actor does not see, 403 for one about a customer that is only seen for a while, 412 when the version is no longer
/// the newest, 409 when the task is not open (to be opened again: when it is, or when its line of Today has become another task
/// meanwhile), 422 with every wrong field.
pub fn work(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: TaskId,
    version: i64,
    work: &Work,
) -> Result<Task> {
    let before = at_version(conn, actor, id, version)?;
    let mut after = before.clone();
    let open = before.status == TaskStatus::Open.as_str();
    if matches!(work, Work::Reopen) == open {
        return Err(Error::conflict("/status", if open { "already_open" } else { "not_open" }));
    }
    if matches!(work, Work::Reopen) && store::line_has_another(conn, &before)? {
        return Err(Error::conflict("/status", "has_another_task"));
    }
    let mut reason = None;
    let end = |status: TaskStatus, row: &mut TaskRow| {
        row.status = status.as_str().to_owned();
        row.done_at = Some(actor.now());
    };
    match work {
        Work::Complete(completion) => {
            let outcome = completion.outcome.as_deref().unwrap_or_default();
            after.outcome = text::paragraphs(outcome, 500)
                .map_err(|broken| Error::fields(vec![FieldError::broken("/outcome", broken)]))?;
            end(TaskStatus::Done, &mut after);
        }
        Work::Cancel => end(TaskStatus::Cancelled, &mut after),
        Work::Reopen => {
            after.status = TaskStatus::Open.as_str().to_owned();
            (after.outcome, after.done_at) = (None, None);
        }
        Work::Postpone(postponement) => {
            let mut wrong = Wrong::default();
            if let Err(broken) = rules::due_on(postponement.due_on, house.settings.day(actor.now())) {
                wrong.add(FieldError::broken("/due_on", broken));
            }
            let given = text::line(&postponement.reason, 500)
                .map_err(|broken| wrong.add(FieldError::broken("/reason", broken)));
            reason = Some(wrong.unless(given.ok())?);
            after.due_on = postponement.due_on;
        }
        Work::HandOver(hand_over) => {
            let mut wrong = Wrong::default();
            let assignee = UserId::new(hand_over.assignee_id);
            if let Err(code) = may_be_given(conn, actor, assignee, before.customer_id)? {
                wrong.add(FieldError::new("/assignee_id", code));
            }
            let note = text::paragraphs(hand_over.note.as_deref().unwrap_or_default(), 500)
                .map_err(|broken| wrong.add(FieldError::broken("/note", broken)));
            reason = wrong.unless(note.ok())?;
            after.assignee_id = assignee;
        }
    }
    write(conn, actor, &before, after, work.action(), reason.as_deref())
}

/// Changes title, notes or priority of a task, and gives it as it is then.
///
/// # Errors
/// As [`work`].
pub fn change(conn: &mut DbConn, actor: &Actor, id: TaskId, version: i64, patch: &TaskPatch) -> Result<Task> {
    let before = at_version(conn, actor, id, version)?;
    if before.status != TaskStatus::Open.as_str() {
        return Err(Error::conflict("/status", "not_open"));
    }
    let mut after = before.clone();
    let mut wrong = Wrong::default();
    if let Some(title) = &patch.title {
        match text::line(title, MAX_TITLE) {
            Ok(title) => after.title = title,
            Err(broken) => wrong.add(FieldError::broken("/title", broken)),
        }
    }
    if let Some(notes) = &patch.notes {
        match text::paragraphs(notes.as_deref().unwrap_or_default(), MAX_NOTES) {
            Ok(notes) => after.notes = notes,
            Err(broken) => wrong.add(FieldError::broken("/notes", broken)),
        }
    }
    wrong.unless(Some(()))?;
    if let Some(priority) = patch.priority {
        after.priority = priority.as_str().to_owned();
    }
    write(conn, actor, &before, after, "updated", None)
}

fn at_version(conn: &mut DbConn, actor: &Actor, id: TaskId, version: i64) -> Result<TaskRow> {
    let row = store::find(conn, actor, id)?.task;
    if let Some(customer) = row.customer_id {
        customers::changeable(conn, actor, customer)?;
    }
    if row.version == version { Ok(row) } else { Err(stale(actor, row.version)) }
}

fn stale(actor: &Actor, version: i64) -> Error {
    Error::new(Code::Stale).with_header("ETag", crate::web::etag(actor, version, 0))
}

/// Writes what differs, if anything does; gives the task as it is then.
fn write(
    conn: &mut DbConn,
    actor: &Actor,
    before: &TaskRow,
    mut after: TaskRow,
    action: &'static str,
    reason: Option<&str>,
) -> Result<Task> {
    let id = before.id;
    let changes = audit::changes_between(&view::audited(before), &view::audited(&after));
    let after_all = |conn: &mut DbConn| view::wire(store::find(conn, &Actor::operator(actor.now()), id)?);
    if changes.is_empty() {
        return after_all(conn);
    }
    after.version = before.version + 1;
    after.updated_at = actor.now();
    if !store::update(conn, &after, before.version)? {
        return Err(stale(actor, before.version + 1));
    }
    let change = audit::Change {
        resource_type: "task",
        resource_id: after.id.uuid(),
        action,
        version: after.version,
        changes,
        reason,
    };
    audit::record(conn, actor, &change)?;
    after_all(conn)
}

/// Hands the open tasks of somebody about a customer to somebody else, whoever sees them meanwhile.
///
/// # Errors
/// When the database fails.
pub fn pass_on(
    conn: &mut DbConn,
    actor: &Actor,
    customer: CustomerId,
    (from, to): (UserId, UserId),
) -> Result<()> {
    for before in store::open_of(conn, customer, from)? {
        let after = TaskRow { assignee_id: to, ..before.clone() };
        write(conn, actor, &before, after, "handed_over", None)?;
    }
    Ok(())
}

/// Ends a task with what it asked for: done, or else cancelled. One that has ended stays as it is.
///
/// # Errors
/// When the database fails.
pub fn end(conn: &mut DbConn, actor: &Actor, id: TaskId, done: bool) -> Result<()> {
    let before = store::find(conn, &Actor::operator(actor.now()), id)?.task;
    if before.status != TaskStatus::Open.as_str() {
        return Ok(());
    }
    let (status, action) =
        if done { (TaskStatus::Done, "completed") } else { (TaskStatus::Cancelled, "cancelled") };
    let after = TaskRow { status: status.as_str().to_owned(), done_at: Some(actor.now()), ..before.clone() };
    write(conn, actor, &before, after, action, None).map(drop)
}
