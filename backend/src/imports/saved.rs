//! Mappings that people keep under a name, to be used again with the next file. One's own are one's own; those that are shared may be used by
//! everybody who imports, and are shared and changed by those who answer for that.

use std::collections::HashSet;

use guanxi_api::{
    ImportMapping, Instant, Page, SavedMapping, SavedMappingDefinition, SavedMappingRef, UserRef,
};
use guanxi_db::{DbConn, DbError, Doc, Id, Value};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::access::{Actor, Keys, Right, UserId};
use crate::audit;
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::imports::SavedMappingId;
use crate::imports::mapping::Plan;
use crate::imports::store::{self, MappingRow, NamedMapping};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::text;

/// What kept mappings can be filtered and sorted by.
pub(crate) static MAPPINGS: Resource = Resource {
    name: "import-mappings",
    fields: &[
        Field::new("name", "import_mapping.name", FieldType::Text).sortable(),
        Field::new("shared", "import_mapping.shared", FieldType::Bool),
        Field::new("updated_at", "import_mapping.updated_at", FieldType::Instant).sortable(),
    ],
    default_sort: "name",
    id_column: "import_mapping.id",
    unless_asked: None,
};

/// Most mappings that one user keeps, and most that the bank shares.
const MOST: i64 = 200;

/// One's own mappings and those that are shared, by their names.
///
/// # Errors
/// As every list.
pub fn mappings(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    request: &ListRequest,
) -> Result<Page<SavedMappingRef>> {
    let listing = request.read(&MAPPINGS, actor, keys.cursor())?;
    let mut rows = store::mappings(conn, actor, listing.condition(), listing.ordering(), listing.rows())?;
    let mut info = listing.page(
        &mut rows,
        keys.cursor(),
        |row, field| match field {
            "updated_at" => Value::Moment(row.row.updated_at),
            _ => Value::Text(row.row.name.clone()),
        },
        |row| Id::new(row.row.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_mappings(conn, actor, listing.filter.clone())?);
    }
    Ok(Page { data: rows.into_iter().map(known).collect::<Result<_>>()?, page: info })
}

/// A mapping of one's own, or one that is shared.
///
/// # Errors
/// 404 for any other.
pub fn mapping(conn: &mut DbConn, actor: &Actor, id: SavedMappingId) -> Result<SavedMapping> {
    let found = store::mapping(conn, actor, id)?.ok_or_else(Error::not_found)?;
    Ok(SavedMapping {
        mapping: read(&found.row.mapping)?,
        created_at: Instant(found.row.created_at.to_utc()),
        known: known(found)?,
    })
}

/// The one shared mapping of a name.
///
/// # Errors
/// 404 when there is none.
pub fn shared_mapping(conn: &mut DbConn, name: &str) -> Result<ImportMapping> {
    let row = store::shared_mapping(conn, name)?.ok_or_else(Error::not_found)?;
    read(&row.mapping)
}

fn read<T: DeserializeOwned>(doc: &Doc) -> Result<T> {
    serde_json::from_value(doc.0.clone()).map_err(Error::internal)
}

fn known(found: NamedMapping) -> Result<SavedMappingRef> {
    let NamedMapping { row, creator } = found;
    Ok(SavedMappingRef {
        id: row.id.uuid(),
        created_by: UserRef { id: row.created_by.uuid(), display_name: creator },
        columns: read(&row.header)?,
        used_columns: read(&row.used)?,
        name: row.name,
        shared: row.shared,
        version: row.version,
        updated_at: Instant(row.updated_at.to_utc()),
    })
}

/// Keeps a mapping.
///
/// # Errors
/// 403 for who may not share, when it is to be shared; 409 for a name that is taken, and when there are too many; 422 with everything that
/// does not fit the columns.
pub fn keep_mapping(
    conn: &mut DbConn,
    actor: &Actor,
    definition: &SavedMappingDefinition,
) -> Result<SavedMapping> {
    let Some(owner) = actor.user_id() else { return Err(Error::forbidden()) };
    let id = keep_mapping_for(conn, actor, owner, definition)?;
    mapping(conn, actor, id)
}

/// Keeps a mapping for somebody; gives its id.
///
/// # Errors
/// As [`keep_mapping`].
pub fn keep_mapping_for(
    conn: &mut DbConn,
    actor: &Actor,
    owner: UserId,
    definition: &SavedMappingDefinition,
) -> Result<SavedMappingId> {
    if definition.shared && !actor.may(Right::ShareImportMappings) {
        return Err(Error::forbidden());
    }
    let (name, used) = checked(definition)?;
    if store::mappings_of(conn, owner)? >= MOST {
        return Err(Error::conflict("", "too_many_mappings"));
    }
    refuse_too_many_shared(conn, definition.shared)?;
    let row = MappingRow {
        id: actor.new_id(),
        name,
        shared: definition.shared,
        created_by: owner,
        header: doc(&definition.columns)?,
        used: doc(&used)?,
        mapping: doc(&definition.mapping)?,
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    };
    store::insert_mapping(conn, &row).map_err(taken)?;
    note(conn, actor, (row.id, 1), "created", (&json!({}), &document(&row)))?;
    Ok(row.id)
}

fn refuse_too_many_shared(conn: &mut DbConn, shared: bool) -> Result<()> {
    if shared && store::shared_mappings(conn)? >= MOST {
        return Err(Error::conflict("", "too_many_mappings"));
    }
    Ok(())
}

/// The name as it is kept, and the columns that the mapping needs.
fn checked(definition: &SavedMappingDefinition) -> Result<(String, Vec<String>)> {
    let SavedMappingDefinition { name, columns, mapping, .. } = definition;
    let mut wrong = Wrong::default();
    let name = match text::line(name, 100) {
        Ok(name) => Some(name),
        Err(broken) => {
            wrong.add(FieldError::broken("/name", broken));
            None
        }
    };
    if let Err(broken) = text::line(&mapping.source, 40) {
        wrong.add(FieldError::broken("/mapping/source", broken));
    }
    let mut seen = HashSet::new();
    for (at, column) in columns.iter().enumerate() {
        let at = format!("/columns/{at}");
        match text::paragraphs(column, 500) {
            Err(broken) => wrong.add(FieldError::broken(at, broken)),
            Ok(_) if !seen.insert(column) => wrong.add(FieldError::new(at, "duplicate")),
            Ok(_) => {}
        }
    }
    let used = wrong.keep(Plan::of(mapping, columns))?.map(|plan| {
        let used = plan.used();
        columns.iter().enumerate().filter(|(at, _)| used.contains(at)).map(|(_, name)| name.clone()).collect()
    });
    wrong.unless(name.zip(used))
}

fn doc(value: &impl serde::Serialize) -> Result<Doc> {
    serde_json::to_value(value).map(Doc).map_err(Error::internal)
}

fn taken(error: DbError) -> Error {
    match error {
        DbError::Unique => Error::conflict("/name", "taken"),
        other => other.into(),
    }
}

/// Sets a mapping of one's own, or one that is shared.
///
/// # Errors
/// 404 as [`mapping`]; 412 when the version is another one; 403, 409 and 422 as [`keep_mapping`].
pub fn set_mapping(
    conn: &mut DbConn,
    actor: &Actor,
    (id, version): (SavedMappingId, i64),
    definition: &SavedMappingDefinition,
) -> Result<SavedMapping> {
    let before = to_change(conn, actor, id, version)?;
    if definition.shared && !actor.may(Right::ShareImportMappings) {
        return Err(Error::forbidden());
    }
    let (name, used) = checked(definition)?;
    refuse_too_many_shared(conn, definition.shared && !before.shared)?;
    let after = MappingRow {
        name,
        shared: definition.shared,
        header: doc(&definition.columns)?,
        used: doc(&used)?,
        mapping: doc(&definition.mapping)?,
        version: version + 1,
        updated_at: actor.now(),
        ..before.clone()
    };
    if document(&before) != document(&after) {
        if !store::update_mapping(conn, &after, version).map_err(taken)? {
            return Err(stale(actor, version + 1));
        }
        note(conn, actor, (id, version + 1), "updated", (&document(&before), &document(&after)))?;
    }
    match store::mapping(conn, actor, id)? {
        Some(_) => mapping(conn, actor, id),
        // Somebody else's that is no longer shared: it is shown once more.
        None => Ok(SavedMapping {
            mapping: definition.mapping.clone(),
            created_at: Instant(after.created_at.to_utc()),
            known: known(NamedMapping { row: after, creator: String::new() })?,
        }),
    }
}

/// Removes a mapping of one's own, or one that is shared.
///
/// # Errors
/// 404 as [`mapping`]; 403 for who may not share, when it is somebody else's; 412 when the version is another one.
pub fn remove_mapping(conn: &mut DbConn, actor: &Actor, (id, version): (SavedMappingId, i64)) -> Result<()> {
    let before = to_change(conn, actor, id, version)?;
    store::remove_mapping(conn, id)?;
    note(conn, actor, (id, version + 1), "removed", (&document(&before), &json!({})))
}

/// A mapping that the actor may change, nobody else's to change until the transaction ends.
fn to_change(conn: &mut DbConn, actor: &Actor, id: SavedMappingId, version: i64) -> Result<MappingRow> {
    store::lock_mapping(conn, id)?;
    let row = store::mapping(conn, actor, id)?.ok_or_else(Error::not_found)?.row;
    if Some(row.created_by) != actor.user_id() && !actor.may(Right::ShareImportMappings) {
        return Err(Error::forbidden());
    }
    if row.version == version { Ok(row) } else { Err(stale(actor, row.version)) }
}

fn stale(actor: &Actor, version: i64) -> Error {
    Error::new(Code::Stale).with_header("ETag", crate::web::etag(actor, version, 0))
}

fn document(row: &MappingRow) -> serde_json::Value {
    json!({"name": row.name, "shared": row.shared.then_some(true), "columns": row.header.0, "mapping": row.mapping.0})
}

fn note(
    conn: &mut DbConn,
    actor: &Actor,
    (id, version): (SavedMappingId, i64),
    action: &'static str,
    (before, after): (&serde_json::Value, &serde_json::Value),
) -> Result<()> {
    let change = audit::Change {
        resource_type: "import_mapping",
        resource_id: id.uuid(),
        action,
        version,
        changes: audit::changes_between(before, after),
        reason: None,
    };
    audit::record(conn, actor, &change)
}
