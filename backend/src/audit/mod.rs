//! Who did what: every write records an audit entry and a change event in its own transaction, through [`record`].
//!
//! Entries and events are written without a place in the order; the publisher ([`publish`]) numbers the events and chains the
//! entries within a second. The chain is over a digest of the document that says what changed, so that the document of
//! an erased person can go and the chain still holds.

mod routes;
mod store;
#[cfg(test)]
mod tests;

use aws_lc_rs::digest;
use guanxi_api::{AuditActor, AuditEntry, FieldChange, Page};
use guanxi_db::{Condition, DbConn, Doc, Engine, Id, Moment, Value, execute_all};
use serde_json::json;
use uuid::Uuid;

use crate::access::{Actor, Keys};
use crate::error::Result;
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Privacy, Resource};

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config.service(routes::list_entries);
}

/// Marks ids of audit entries.
#[derive(Debug)]
pub enum AuditEntryMark {}
pub type AuditEntryId = Id<AuditEntryMark>;

/// What a transaction did to one resource.
#[derive(Debug)]
pub struct Change<'a> {
    /// Such as `customer`.
    pub resource_type: &'static str,
    pub resource_id: Uuid,
    /// What happened, without the resource: `created`, `updated`, `archived`.
    pub action: &'static str,
    /// The resource's version after it.
    pub version: i64,
    /// Before and after, sensitive values masked.
    pub changes: Vec<FieldChange>,
    pub reason: Option<&'a str>,
}

/// Records a write: one audit entry and one change event.
///
/// # Errors
/// When the database fails.
pub fn record(conn: &mut DbConn, actor: &Actor, change: &Change<'_>) -> Result<()> {
    record_with(conn, actor, change, Vec::new())
}

/// Does a write and records it: its statements (`INSERT`, `UPDATE`), the entry and the event. On PostgreSQL that is one statement, because a
/// statement is a round trip; none of them sees what another one writes.
///
/// # Errors
/// When the database fails.
pub fn record_with(
    conn: &mut DbConn,
    actor: &Actor,
    change: &Change<'_>,
    statements: Vec<Condition>,
) -> Result<()> {
    Ok(execute_all(conn, recording(conn.engine(), actor, change, statements))?)
}

/// The statements of [`record_with`], for those who run them themselves.
pub fn recording(
    engine: Engine,
    actor: &Actor,
    change: &Change<'_>,
    statements: Vec<Condition>,
) -> Vec<Condition> {
    let entry = Entry {
        action: format!("{}.{}", change.resource_type, change.action),
        resource_type: change.resource_type,
        resource_id: Some(change.resource_id),
        changes: &change.changes,
        reason: change.reason,
    };
    let changed = change.changes.iter().map(|change| change.field.as_str()).collect::<Vec<_>>();
    let event = store::NewEvent {
        kind: entry.action.clone(),
        resource_type: change.resource_type.to_owned(),
        resource_id: Id::new(change.resource_id),
        version: change.version,
        changed: Doc(json!(changed)),
        at: actor.now(),
    };
    recording_of(engine, actor, &entry, Some(event), statements)
}

/// A change event without an audit entry: what followed from a write that is on record itself.
#[derive(Debug)]
pub struct Event<'a> {
    /// Such as `customer.figures_updated`.
    pub kind: &'static str,
    pub resource_type: &'static str,
    pub resource_id: Uuid,
    /// The version of what changed, after it.
    pub version: i64,
    /// Names of what changed.
    pub changed: &'a [&'static str],
}

/// Puts an event into the change feed.
///
/// # Errors
/// When the database fails.
pub fn announce(conn: &mut DbConn, actor: &Actor, event: &Event<'_>) -> Result<()> {
    store::insert_event(conn, new_event(actor, event))
}

/// Puts many events into the change feed, for writes that have one audit entry in common.
///
/// # Errors
/// When the database fails.
pub fn announce_all(conn: &mut DbConn, actor: &Actor, events: &[Event<'_>]) -> Result<()> {
    let events: Vec<_> = events.iter().map(|event| new_event(actor, event)).collect();
    store::insert_events(conn, &events)
}

fn new_event(actor: &Actor, event: &Event<'_>) -> store::NewEvent {
    store::NewEvent {
        kind: event.kind.to_owned(),
        resource_type: event.resource_type.to_owned(),
        resource_id: Id::new(event.resource_id),
        version: event.version,
        changed: Doc(json!(event.changed)),
        at: actor.now(),
    }
}

/// Something that happened without changing a resource: a sign-in, a reveal.
#[derive(Debug)]
pub struct Entry<'a> {
    pub action: String,
    pub resource_type: &'static str,
    pub resource_id: Option<Uuid>,
    pub changes: &'a [FieldChange],
    pub reason: Option<&'a str>,
}

/// Records something that is no write of a resource.
///
/// # Errors
/// When the database fails.
pub fn note(conn: &mut DbConn, actor: &Actor, entry: &Entry<'_>) -> Result<()> {
    Ok(execute_all(conn, recording_of(conn.engine(), actor, entry, None, Vec::new()))?)
}

/// Records a write of many resources at once by its counts, such as `("count", 250)`: one entry for all of them.
///
/// # Errors
/// When the database fails.
pub fn note_many(
    conn: &mut DbConn,
    actor: &Actor,
    resource_type: &'static str,
    action: &str,
    counts: &[(&str, usize)],
) -> Result<()> {
    let changes: Vec<FieldChange> = counts
        .iter()
        .map(|(name, count)| FieldChange {
            field: (*name).to_owned(),
            before: None,
            after: Some(json!(count)),
        })
        .collect();
    let action = format!("{resource_type}.{action}");
    note(conn, actor, &Entry { action, resource_type, resource_id: None, changes: &changes, reason: None })
}

fn recording_of(
    engine: Engine,
    actor: &Actor,
    entry: &Entry<'_>,
    event: Option<store::NewEvent>,
    statements: Vec<Condition>,
) -> Vec<Condition> {
    let document = serde_json::to_value(entry.changes).unwrap_or_default();
    let id: AuditEntryId = actor.new_id();
    let document_digest = digest_of(&document);
    store::recording(
        engine,
        store::NewEntry {
            id,
            at: actor.now(),
            actor_kind: actor.kind().to_owned(),
            actor_id: actor.user_id().map(|id| Id::new(id.uuid())),
            action: entry.action.clone(),
            resource_type: entry.resource_type.to_owned(),
            resource_id: entry.resource_id.map(Id::new),
            request_id: actor.request_id().to_owned(),
            reason: entry.reason.map(str::to_owned),
            document_digest,
        },
        Doc(document),
        event,
        statements,
    )
}

fn digest_of(document: &serde_json::Value) -> Vec<u8> {
    digest::digest(&digest::SHA256, document.to_string().as_bytes()).as_ref().to_vec()
}

/// How many seconds an actor has to wait until something may be done again that may be done so often an hour; `None` when it may be at once.
///
/// # Errors
/// When the database fails.
pub fn seconds_to_wait(conn: &mut DbConn, actor: &Actor, action: &str, quota: u32) -> Result<Option<i64>> {
    let Some(id) = actor.user_id() else { return Ok(None) };
    let hour_ago = actor.now().plus_seconds(-3600);
    if quota == 0 {
        return Ok(Some(3600));
    }
    let in_the_way = store::done_before(conn, Id::new(id.uuid()), action, (hour_ago, quota))?;
    Ok(in_the_way.map(|at| hour_ago.seconds_until(at)))
}

/// When the job loop of some server last did something to a kind of resource of which there are few entries.
///
/// # Errors
/// When the database fails.
pub fn last_by_jobs(conn: &mut DbConn, resource_type: &str, action: &str) -> Result<Option<Moment>> {
    store::last_by_jobs(conn, resource_type, action)
}

static FIELDS: &[Field] = &[
    Field::new("at", "audit_entry.at", FieldType::Instant).sortable(),
    Field::new("action", "audit_entry.action", FieldType::Text),
    Field::new("resource_type", "audit_entry.resource_type", FieldType::Text),
    Field::new("resource_id", "audit_entry.resource_id", FieldType::Id).nullable(),
    Field::new("actor_id", "audit_entry.actor_id", FieldType::Id).nullable(),
    Field::new("request_id", "audit_entry.request_id", FieldType::Text).privacy(Privacy::Open),
];

pub(crate) static ENTRIES: Resource = Resource {
    name: "audit-entries",
    fields: FIELDS,
    default_sort: "-at",
    id_column: "audit_entry.id",
    unless_asked: None,
};

/// The audit trail, newest first.
///
/// # Errors
/// As every list.
pub fn list(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    request: &ListRequest,
) -> Result<Page<AuditEntry>> {
    let listing = request.read(&ENTRIES, actor, keys.cursor())?;
    page(conn, keys, &listing, None)
}

/// The history of one resource, newest first. The caller has made sure that the actor may see the resource.
///
/// # Errors
/// As every list.
pub fn history(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    resource: (&'static str, Uuid),
    request: &ListRequest,
) -> Result<Page<AuditEntry>> {
    let listing = listing_of(actor, keys, format!("{}/{}", resource.0, resource.1), request)?;
    page(conn, keys, &listing, Some(resource))
}

/// The history of one field of a resource, newest first. The caller has made sure that the actor may see the resource.
///
/// # Errors
/// As every list.
pub fn history_of_field(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    resource: (&'static str, Uuid),
    field: &str,
    request: &ListRequest,
) -> Result<Page<AuditEntry>> {
    let mut listing = listing_of(actor, keys, format!("{}/{}/{field}", resource.0, resource.1), request)?;
    listing.filter = listing.filter.and(store::changes_field(conn.engine(), field));
    page(conn, keys, &listing, Some(resource))
}

/// The entries of something as a list of its own: a cursor of one history leads nowhere in another.
fn listing_of(
    actor: &Actor,
    keys: &Keys,
    of: String,
    request: &ListRequest,
) -> Result<crate::listing::Listing> {
    let scoped = ListRequest { q: Some(of), ..request.clone() };
    scoped.read(&ENTRIES, actor, keys.cursor())
}

fn page(
    conn: &mut DbConn,
    keys: &Keys,
    listing: &crate::listing::Listing,
    resource: Option<(&'static str, Uuid)>,
) -> Result<Page<AuditEntry>> {
    let mut rows = store::list(conn, resource, listing)?;
    let mut info = listing.page(
        &mut rows,
        keys.cursor(),
        |row, _| Value::Moment(row.at),
        |row| Id::new(row.id.uuid()),
    )?;
    if listing.total {
        let counted = store::count(conn, resource, listing)?;
        crate::listing::set_total(&mut info, counted);
    }
    let data = rows.into_iter().map(|row| AuditEntry {
        id: row.id.uuid(),
        seq: row.seq.map(|seq| seq.to_string()),
        at: guanxi_api::Instant(row.at.to_utc()),
        actor: AuditActor {
            kind: row.actor_kind,
            id: row.actor_id.map(Id::uuid),
            name: row.actor_name.unwrap_or_default(),
        },
        action: row.action,
        resource_type: row.resource_type,
        resource_id: row.resource_id.map(Id::uuid),
        request_id: row.request_id,
        changes: row
            .document
            .and_then(|document| serde_json::from_value::<Vec<FieldChange>>(document.0).ok())
            .unwrap_or_default(),
        reason: row.reason,
    });
    Ok(Page { data: data.collect(), page: info })
}

/// What changed between two states of a resource, member by member.
pub fn changes_between(before: &serde_json::Value, after: &serde_json::Value) -> Vec<FieldChange> {
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else { return Vec::new() };
    let names = after.keys().chain(before.keys().filter(|name| !after.contains_key(*name)));
    let present = |value: Option<&serde_json::Value>| value.filter(|value| !value.is_null()).cloned();
    names
        .map(|name| FieldChange {
            field: name.clone(),
            before: present(before.get(name)),
            after: present(after.get(name)),
        })
        .filter(|change| change.before != change.after)
        .collect()
}

/// The number of the newest published event; 0 before the first.
///
/// # Errors
/// When the database fails.
pub fn last_event(conn: &mut DbConn) -> Result<i64> {
    store::last_event(conn)
}

/// The next published events after one: number, type and id of what changed.
///
/// # Errors
/// When the database fails.
pub fn events_after(conn: &mut DbConn, seq: i64, most: i64) -> Result<Vec<(i64, String, Id<()>)>> {
    store::events_after(conn, seq, most)
}

/// Whether something waits for the publisher.
///
/// # Errors
/// When the database fails.
pub fn has_unpublished(conn: &mut DbConn) -> Result<bool> {
    store::has_unpublished(conn)
}

/// Whether change events wait for the publisher: what follows from them cannot have been done yet.
///
/// # Errors
/// When the database fails.
pub fn has_unnumbered(conn: &mut DbConn) -> Result<bool> {
    store::has_unnumbered(conn)
}

/// Numbers change events and chains audit entries, as far as they are committed; gives how many. One publisher works at a time.
///
/// # Errors
/// When the database fails.
pub fn publish(conn: &mut DbConn) -> Result<usize> {
    let events = store::number_events(conn)?;
    let Some((mut seq, mut previous)) = store::end_of_chain(conn)? else { return Ok(events) };
    let unsealed = store::unsealed(conn)?;
    let mut sealed = Vec::with_capacity(unsealed.len());
    for entry in unsealed {
        seq += 1;
        previous = link(&previous, seq, &entry);
        sealed.push((entry.id, seq, previous.clone()));
    }
    store::seal(conn, &sealed)?;
    Ok(events + sealed.len())
}

/// The hash of an entry in the chain: SHA-256 over the one before it and every column of its own.
fn link(previous: &[u8], seq: i64, entry: &store::UnsealedRow) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut add = |bytes: &[u8]| {
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    };
    add(previous);
    add(&seq.to_be_bytes());
    add(entry.id.uuid().as_bytes());
    add(&entry.at.0.to_be_bytes());
    add(entry.actor_kind.as_bytes());
    add(entry.actor_id.map(|id| *id.uuid().as_bytes()).unwrap_or_default().as_slice());
    add(entry.action.as_bytes());
    add(entry.resource_type.as_bytes());
    add(entry.resource_id.map(|id| *id.uuid().as_bytes()).unwrap_or_default().as_slice());
    add(entry.request_id.as_bytes());
    add(entry.reason.as_deref().unwrap_or_default().as_bytes());
    add(&entry.document_digest);
    context.finish().as_ref().to_vec()
}

/// Follows the chain from its beginning; gives how many entries it holds.
///
/// # Errors
/// When the database fails, or an entry was changed or taken out: the problem names its place.
pub fn verify_chain(conn: &mut DbConn) -> Result<std::result::Result<i64, String>> {
    let (mut seq, mut previous) = (0, Vec::new());
    loop {
        let entries = store::sealed_after(conn, seq, 1000)?;
        if entries.is_empty() {
            return Ok(Ok(seq));
        }
        for (found_seq, found_hash, entry, document) in entries {
            seq += 1;
            if found_seq != seq {
                return Ok(Err(format!("entry {seq} is missing")));
            }
            if link(&previous, seq, &entry) != found_hash {
                return Ok(Err(format!("entry {seq} was changed")));
            }
            if document.is_some_and(|document| digest_of(&document.0) != entry.document_digest) {
                return Ok(Err(format!("the document of entry {seq} was changed")));
            }
            previous = found_hash;
        }
    }
}
