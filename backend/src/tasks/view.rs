use guanxi_api::{
    Assignee, Assignees, AuditEntry, CustomerRef, Instant, Page, Role, Task, TaskPriority, TaskSource,
    TaskStatus, UserRef,
};
use guanxi_db::{DbConn, Id};
use serde_json::{Value, json};

use crate::access::{Actor, Keys, UnitScope};
use crate::audit;
use crate::customers::{self, CustomerId};
use crate::error::Result;
use crate::listing::ListRequest;
use crate::tasks::store::{self, TaskRow, WholeRow};
use crate::tasks::{TaskId, known};

/// Most colleagues that are offered for a task.
const OFFERED: i64 = 200;

/// A task.
///
/// # Errors
/// 404 for one that the actor does not see.
pub fn read(conn: &mut DbConn, actor: &Actor, id: TaskId) -> Result<Task> {
    wire(store::find(conn, actor, id)?)
}

/// The history of a task, newest first.
///
/// # Errors
/// 404 for one that the actor does not see; else as every list.
pub fn history(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    id: TaskId,
    request: &ListRequest,
) -> Result<Page<AuditEntry>> {
    store::find(conn, actor, id)?;
    audit::history(conn, actor, keys, ("task", id.uuid()), request)
}

/// Who may be given a task: about a customer those who look after it, else those of the actor's units.
///
/// # Errors
/// 404 for a customer that the actor does not see.
pub fn assignees(conn: &mut DbConn, actor: &Actor, customer: Option<CustomerId>) -> Result<Assignees> {
    if let Some(customer) = customer {
        customers::named(conn, actor, customer)?;
    }
    let rows = store::candidates(conn, UnitScope::of(actor).units(), (customer, actor.now()), OFFERED)?;
    let data = rows.into_iter().map(|(id, display_name, role)| {
        Ok(Assignee { id: id.uuid(), display_name, role: known(Role::from_code(&role))? })
    });
    Ok(Assignees { data: data.collect::<Result<_>>()? })
}

pub(super) fn wire(row: WholeRow) -> Result<Task> {
    let WholeRow { task, customer, assignee, creator } = row;
    let customer = task.customer_id.zip(customer);
    Ok(Task {
        id: task.id.uuid(),
        customer: customer.map(|(id, (customer_no, name))| CustomerRef { id: id.uuid(), customer_no, name }),
        title: task.title,
        notes: task.notes,
        assignee: UserRef { id: task.assignee_id.uuid(), display_name: assignee },
        creator: task
            .creator_id
            .map(|id| UserRef { id: id.uuid(), display_name: creator.unwrap_or_default() }),
        due_on: task.due_on,
        priority: known(TaskPriority::from_code(&task.priority))?,
        status: known(TaskStatus::from_code(&task.status))?,
        source: known(TaskSource::from_code(&task.source))?,
        source_id: task.source_id.map(Id::uuid),
        outcome: task.outcome,
        done_at: task.done_at.map(|at| Instant(at.to_utc())),
        version: task.version,
        created_at: Instant(task.created_at.to_utc()),
        updated_at: Instant(task.updated_at.to_utc()),
    })
}

/// What the history shows of a task.
pub(super) fn audited(task: &TaskRow) -> Value {
    json!({
        "customer_id": task.customer_id.map(Id::uuid),
        "title": task.title,
        "notes": task.notes,
        "assignee_id": task.assignee_id.uuid(),
        "due_on": task.due_on,
        "priority": task.priority,
        "status": task.status,
        "source": task.source,
        "outcome": task.outcome,
    })
}

/// Those of these customers about whom there is an open task.
///
/// # Errors
/// When the database fails.
pub fn concerned_among(conn: &mut DbConn, customers: &[CustomerId]) -> Result<Vec<CustomerId>> {
    store::concerned_among(conn, customers)
}
