use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary};
use guanxi_db::schema::{audit_document, audit_entry, change_event, user_account};
use guanxi_db::{Condition, DbConn, DbError, DbUuid, Doc, Engine, Id, Moment, Value, insert_many};
use uuid::Uuid;

use crate::audit::AuditEntryId;
use crate::error::Result;
use crate::listing::{COUNTED, Listing};

/// How many rows the publisher takes at once.
const BATCH: i64 = 1000;

pub(super) struct NewEntry {
    pub(super) id: AuditEntryId,
    pub(super) at: Moment,
    pub(super) actor_kind: String,
    pub(super) actor_id: Option<Id<()>>,
    pub(super) action: String,
    pub(super) resource_type: String,
    pub(super) resource_id: Option<Id<()>>,
    pub(super) request_id: String,
    pub(super) reason: Option<String>,
    pub(super) document_digest: Vec<u8>,
}

/// What writes an entry, its document and its event, and what they tell of: on PostgreSQL one statement, since each is a round trip there.
pub(super) fn recording(
    engine: Engine,
    entry: NewEntry,
    document: Doc,
    event: Option<NewEvent>,
    mut statements: Vec<Condition>,
) -> Vec<Condition> {
    let id = |id: Uuid| Some(Value::Id(Id::new(id)));
    let text = |text: String| Some(Value::Text(text));
    statements.push(
        Condition::new()
            .sql(
                "INSERT INTO audit_entry (id, at, actor_kind, actor_id, action, resource_type, resource_id, request_id, reason, \
                 document_digest) VALUES (",
            )
            .bind_all([
                id(entry.id.uuid()),
                Some(Value::Moment(entry.at)),
                text(entry.actor_kind),
                entry.actor_id.and_then(|actor| id(actor.uuid())),
                text(entry.action),
                text(entry.resource_type),
                entry.resource_id.and_then(|resource| id(resource.uuid())),
                text(entry.request_id),
                entry.reason.and_then(text),
                Some(Value::Bytes(entry.document_digest)),
            ])
            .sql(")"),
    );
    statements.push(
        Condition::new()
            .sql("INSERT INTO audit_document (entry_id, document) VALUES (")
            .bind_all([id(entry.id.uuid()), Some(Value::Doc(document))])
            .sql(")"),
    );
    if let Some(event) = event {
        statements.push(
            Condition::new()
                .sql("INSERT INTO change_event (kind, resource_type, resource_id, version, changed, at) VALUES (")
                .bind_all([
                    text(event.kind),
                    text(event.resource_type),
                    id(event.resource_id.uuid()),
                    Some(Value::Integer(event.version)),
                    Some(Value::Doc(event.changed)),
                    Some(Value::Moment(event.at)),
                ])
                .sql(")"),
        );
    }
    match engine {
        Engine::Postgres => vec![at_once(statements)],
        Engine::Sqlite => statements,
    }
}

/// One statement that does what these do; none of them sees what another one writes.
fn at_once(mut statements: Vec<Condition>) -> Condition {
    // Every part has a name of its own; the text stays the same for the same parts, so it stays prepared.
    const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let last = statements.pop().unwrap_or_default();
    let parts = statements.into_iter().zip(NAMES).enumerate();
    let with = parts.fold(Condition::new(), |all, (place, (statement, name))| {
        all.sql(if place == 0 { "WITH " } else { ", " }).sql(name).sql(" AS (").part(statement).sql(")")
    });
    with.sql(" ").part(last)
}

/// Writes an event without an entry.
pub(super) fn insert_event(conn: &mut DbConn, event: NewEvent) -> Result<()> {
    diesel::insert_into(change_event::table).values(event).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// Writes events without entries, in this order.
pub(super) fn insert_events(conn: &mut DbConn, events: &[NewEvent]) -> Result<()> {
    insert_many!(conn, change_event::table, events).map_err(DbError::from)?;
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = change_event, treat_none_as_default_value = false)]
pub(super) struct NewEvent {
    pub(super) kind: String,
    pub(super) resource_type: String,
    pub(super) resource_id: Id<()>,
    pub(super) version: i64,
    pub(super) changed: Doc,
    pub(super) at: Moment,
}

#[derive(Queryable)]
pub(super) struct EntryRow {
    pub(super) id: AuditEntryId,
    pub(super) seq: Option<i64>,
    pub(super) at: Moment,
    pub(super) actor_kind: String,
    pub(super) actor_id: Option<Id<()>>,
    pub(super) actor_name: Option<String>,
    pub(super) action: String,
    pub(super) resource_type: String,
    pub(super) resource_id: Option<Id<()>>,
    pub(super) request_id: String,
    pub(super) reason: Option<String>,
    pub(super) document: Option<Doc>,
}

/// That an entry tells of a change of a field. Looks into documents, so something else has to say which few.
pub(super) fn changes_field(engine: Engine, field: &str) -> Condition {
    match engine {
        Engine::Postgres => Condition::new()
            .sql("audit_document.document @> ")
            .bind(Value::Doc(Doc(serde_json::json!([{ "field": field }])))),
        Engine::Sqlite => Condition::new()
            .sql("EXISTS (SELECT 1 FROM json_each(audit_document.document) AS change WHERE change.value ->> 'field' = ")
            .bind(Value::Text(field.to_owned()))
            .sql(")"),
    }
}

/// Entries of one resource, or all.
pub(super) fn list(
    conn: &mut DbConn,
    resource: Option<(&'static str, Uuid)>,
    listing: &Listing,
) -> Result<Vec<EntryRow>> {
    let mut query = audit_entry::table
        .left_join(user_account::table.on(user_account::id.nullable().eq(audit_entry::actor_id)))
        .left_join(audit_document::table)
        .select((
            audit_entry::id,
            audit_entry::seq,
            audit_entry::at,
            audit_entry::actor_kind,
            audit_entry::actor_id,
            user_account::display_name.nullable(),
            audit_entry::action,
            audit_entry::resource_type,
            audit_entry::resource_id,
            audit_entry::request_id,
            audit_entry::reason,
            audit_document::document.nullable(),
        ))
        .into_boxed();
    if let Some((kind, id)) = resource {
        query = query
            .filter(audit_entry::resource_type.eq(kind))
            .filter(audit_entry::resource_id.eq(Id::<()>::new(id)));
    }
    let rows = query
        .filter(listing.condition())
        .order(listing.ordering().first(listing.rows()))
        .load::<EntryRow>(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count(
    conn: &mut DbConn,
    resource: Option<(&'static str, Uuid)>,
    listing: &Listing,
) -> Result<i64> {
    let mut query = audit_entry::table.left_join(audit_document::table).select(audit_entry::id).into_boxed();
    if let Some((kind, id)) = resource {
        query = query
            .filter(audit_entry::resource_type.eq(kind))
            .filter(audit_entry::resource_id.eq(Id::<()>::new(id)));
    }
    let counted = query
        .filter(listing.filter.clone())
        .limit(COUNTED + 1)
        .load::<AuditEntryId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(counted.len()).unwrap_or(i64::MAX))
}

/// When an actor did the thing that is so many back, the last being the first, of those since a moment.
pub(super) fn done_before(
    conn: &mut DbConn,
    actor: Id<()>,
    action: &str,
    (since, back): (Moment, u32),
) -> Result<Option<Moment>> {
    let at = audit_entry::table
        .filter(audit_entry::actor_id.eq(actor))
        .filter(audit_entry::action.eq(action))
        .filter(audit_entry::at.gt(since))
        .order(audit_entry::at.desc())
        .offset(i64::from(back) - 1)
        .limit(1)
        .select(audit_entry::at)
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(at)
}

pub(super) fn last_by_jobs(conn: &mut DbConn, resource_type: &str, action: &str) -> Result<Option<Moment>> {
    let last = audit_entry::table
        .filter(audit_entry::resource_type.eq(resource_type))
        .filter(audit_entry::action.eq(format!("{resource_type}.{action}")))
        .filter(audit_entry::actor_kind.eq("job"))
        .order((audit_entry::resource_id.desc(), audit_entry::id.desc()))
        .select(audit_entry::at)
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(last)
}

/// Gives committed events without a number the next ones, in the order of their ids.
pub(super) fn number_events(conn: &mut DbConn) -> Result<usize> {
    let numbered = diesel::sql_query(
        "UPDATE change_event SET seq = last.seq + fresh.place \
         FROM (SELECT COALESCE(MAX(seq), 0) AS seq FROM change_event) AS last, \
              (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS place FROM \
                  (SELECT id FROM change_event WHERE seq IS NULL ORDER BY id LIMIT $1) AS waiting) AS fresh \
         WHERE change_event.id = fresh.id",
    )
    .bind::<BigInt, _>(BATCH)
    .execute(conn)
    .map_err(DbError::from)?;
    Ok(numbered)
}

/// The number of the newest published event; 0 before the first.
pub(super) fn last_event(conn: &mut DbConn) -> Result<i64> {
    let last = change_event::table
        .filter(change_event::seq.is_not_null())
        .order(change_event::seq.desc())
        .select(change_event::seq.assume_not_null())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(last.unwrap_or_default())
}

/// The next published events after one: number, type and id of what changed.
pub(super) fn events_after(conn: &mut DbConn, seq: i64, most: i64) -> Result<Vec<(i64, String, Id<()>)>> {
    let rows = change_event::table
        .filter(change_event::seq.gt(seq))
        .order(change_event::seq)
        .select((change_event::seq.assume_not_null(), change_event::resource_type, change_event::resource_id))
        .limit(most)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Number and hash of the newest sealed entry; zero and nothing for an empty chain.
pub(super) fn end_of_chain(conn: &mut DbConn) -> Result<Option<(i64, Vec<u8>)>> {
    let last = audit_entry::table
        .filter(audit_entry::seq.is_not_null())
        .order(audit_entry::seq.desc())
        .select((audit_entry::seq.assume_not_null(), audit_entry::hash.assume_not_null()))
        .first::<(i64, Vec<u8>)>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(Some(last.unwrap_or_default()))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_entry)]
pub(super) struct UnsealedRow {
    pub(super) id: AuditEntryId,
    pub(super) at: Moment,
    pub(super) actor_kind: String,
    pub(super) actor_id: Option<Id<()>>,
    pub(super) action: String,
    pub(super) resource_type: String,
    pub(super) resource_id: Option<Id<()>>,
    pub(super) request_id: String,
    pub(super) reason: Option<String>,
    pub(super) document_digest: Vec<u8>,
}

pub(super) fn unsealed(conn: &mut DbConn) -> Result<Vec<UnsealedRow>> {
    let rows = audit_entry::table
        .filter(audit_entry::seq.is_null())
        .order(audit_entry::id)
        .limit(BATCH)
        .select(UnsealedRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Writes place and hash of entries that join the chain.
pub(super) fn seal(conn: &mut DbConn, sealed: &[(AuditEntryId, i64, Vec<u8>)]) -> Result<()> {
    match conn {
        DbConn::Pg(conn) => {
            let ids: Vec<AuditEntryId> = sealed.iter().map(|(id, ..)| *id).collect();
            let seqs: Vec<i64> = sealed.iter().map(|(_, seq, _)| *seq).collect();
            let hashes: Vec<&[u8]> = sealed.iter().map(|(.., hash)| hash.as_slice()).collect();
            diesel::sql_query(
                "UPDATE audit_entry SET seq = sealed.seq, hash = sealed.hash \
                 FROM UNNEST($1, $2, $3) AS sealed (id, seq, hash) WHERE audit_entry.id = sealed.id",
            )
            .bind::<Array<DbUuid>, _>(ids)
            .bind::<Array<BigInt>, _>(seqs)
            .bind::<Array<Binary>, _>(hashes)
            .execute(conn)
            .map_err(DbError::from)?;
        }
        DbConn::Sqlite(conn) => {
            for (id, seq, hash) in sealed {
                diesel::update(audit_entry::table.find(id))
                    .set((audit_entry::seq.eq(seq), audit_entry::hash.eq(hash)))
                    .execute(conn)
                    .map_err(DbError::from)?;
            }
        }
    }
    Ok(())
}

type Sealed = (i64, Vec<u8>, UnsealedRow, Option<Doc>);

pub(super) fn sealed_after(conn: &mut DbConn, seq: i64, limit: i64) -> Result<Vec<Sealed>> {
    let rows = audit_entry::table
        .left_join(audit_document::table)
        .filter(audit_entry::seq.gt(seq))
        .order(audit_entry::seq)
        .limit(limit)
        .select((
            audit_entry::seq.assume_not_null(),
            audit_entry::hash.assume_not_null(),
            UnsealedRow::as_select(),
            audit_document::document.nullable(),
        ))
        .load::<Sealed>(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Whether an event has no number or an entry no place in the chain. The order makes both engines go by the index of what waits, whatever
/// they believe of how much that is.
/// Whether a change event waits for its number.
pub(super) fn has_unnumbered(conn: &mut DbConn) -> Result<bool> {
    let event = change_event::table
        .filter(change_event::seq.is_null())
        .order(change_event::id)
        .select(change_event::id)
        .first::<i64>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(event.is_some())
}

pub(super) fn has_unpublished(conn: &mut DbConn) -> Result<bool> {
    if has_unnumbered(conn)? {
        return Ok(true);
    }
    let entry = audit_entry::table
        .filter(audit_entry::seq.is_null())
        .order(audit_entry::id)
        .select(audit_entry::id)
        .first::<AuditEntryId>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(entry.is_some())
}
