use guanxi_api::{
    AuditEntry, CustomerRef, Direction, Instant, Interaction, InteractionKind, InteractionOutcome,
    InteractionPurpose, Mood, Page, UserRef,
};
use guanxi_db::{DbConn, Id};
use serde_json::{Value, json};

use crate::access::{Actor, Keys, Scope};
use crate::audit;
use crate::customers::CustomerId;
use crate::error::Result;
use crate::interactions::store::{self, InteractionRow, WholeRow};
use crate::interactions::{InteractionId, known};
use crate::listing::ListRequest;

/// A contact.
///
/// # Errors
/// 404 for one with a customer that the actor does not see.
pub fn read(conn: &mut DbConn, actor: &Actor, id: InteractionId) -> Result<Interaction> {
    wire(store::find(conn, &Scope::of(actor), id)?)
}

/// The history of a contact, newest first.
///
/// # Errors
/// 404 for one with a customer that the actor does not see; else as every list.
pub fn history(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    id: InteractionId,
    request: &ListRequest,
) -> Result<Page<AuditEntry>> {
    store::find(conn, &Scope::of(actor), id)?;
    audit::history(conn, actor, keys, ("interaction", id.uuid()), request)
}

pub(super) fn wire(row: WholeRow) -> Result<Interaction> {
    let WholeRow { interaction: row, customer_no, customer_name, author } = row;
    let instant = |at: guanxi_db::Moment| Instant(at.to_utc());
    Ok(Interaction {
        id: row.id.uuid(),
        customer: CustomerRef { id: row.customer_id.uuid(), customer_no, name: customer_name },
        kind: known(InteractionKind::from_code(&row.kind))?,
        direction: known(Direction::from_code(&row.direction))?,
        purpose: known(InteractionPurpose::from_code(&row.purpose))?,
        outcome: known(InteractionOutcome::from_code(&row.outcome))?,
        mood: row.mood.as_deref().map(|mood| known(Mood::from_code(mood))).transpose()?,
        duration_minutes: row.duration_minutes.and_then(|minutes| minutes.try_into().ok()),
        occurred_at: instant(row.occurred_at),
        notes: row.notes,
        author: row.author_id.map(|id| UserRef { id: id.uuid(), display_name: author.unwrap_or_default() }),
        archived_at: row.archived_at.map(instant),
        version: row.version,
        created_at: instant(row.created_at),
        updated_at: instant(row.updated_at),
    })
}

/// What the history shows of a contact.
pub(super) fn audited(row: &InteractionRow) -> Value {
    json!({
        "customer_id": row.customer_id.uuid(),
        "kind": row.kind,
        "direction": row.direction,
        "purpose": row.purpose,
        "outcome": row.outcome,
        "mood": row.mood,
        "duration_minutes": row.duration_minutes,
        "occurred_at": Instant(row.occurred_at.to_utc()),
        "notes": row.notes,
        "author_id": row.author_id.map(Id::uuid),
        "archived_at": row.archived_at.map(|at| Instant(at.to_utc())),
    })
}

/// Those of these customers with whom there is a contact that is not archived.
///
/// # Errors
/// When the database fails.
pub fn contacted_among(conn: &mut DbConn, customers: &[CustomerId]) -> Result<Vec<CustomerId>> {
    store::contacted_among(conn, customers)
}
