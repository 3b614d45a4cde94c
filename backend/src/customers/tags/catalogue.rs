use guanxi_api::{AuditEntry, CustomerKind, Instant, NewTag, Page, Tag, TagColour, TagPatch};
use guanxi_db::{Condition, DbConn, DbError, Id, Value};
use serde_json::json;

use crate::access::{Actor, Keys};
use crate::audit::{self, changes_between};
use crate::customers::tags::store::{self, TagRow};
use crate::customers::{TagId, known};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Privacy, Resource, set_total};
use crate::names::name_sort;
use crate::names::reading::fold;
use crate::text;

/// Most tags that are in use: the catalogue is chosen from at a glance.
const MOST: i64 = 500;
const MAX_NAME: usize = 40;
const MAX_DESCRIPTION: usize = 200;

/// What tags can be filtered and sorted by.
pub(crate) static TAGS: Resource = Resource {
    name: "tags",
    fields: &[
        Field::new("name", "tag.name_sort", FieldType::Text).sortable().privacy(Privacy::Order),
        Field::new("colour", "tag.colour", FieldType::Code(TagColour::CODES)),
        Field::new("archived", "tag.archived", FieldType::Bool),
        Field::new("created_at", "tag.created_at", FieldType::Instant).sortable(),
    ],
    default_sort: "name",
    id_column: "tag.id",
    unless_asked: Some(("archived", in_use)),
};

fn in_use() -> Condition {
    Condition::new().sql("tag.archived = ").bind(Value::Bool(false))
}

/// The catalogue, by name unless told otherwise.
///
/// # Errors
/// As every list.
pub fn list_tags(conn: &mut DbConn, actor: &Actor, keys: &Keys, request: &ListRequest) -> Result<Page<Tag>> {
    let listing = request.read(&TAGS, actor, keys.cursor())?;
    let mut rows = store::list(conn, &listing)?;
    let value = |row: &TagRow, field: &str| match field {
        "created_at" => Value::Moment(row.created_at),
        _ => Value::Text(row.name_sort.clone()),
    };
    let mut info = listing.page(&mut rows, keys.cursor(), value, |row| Id::new(row.id.uuid()))?;
    if listing.total {
        set_total(&mut info, store::count(conn, &listing)?);
    }
    Ok(Page { data: rows.into_iter().map(wire).collect::<Result<_>>()?, page: info })
}

/// A tag.
///
/// # Errors
/// 404 when there is none.
pub fn tag(conn: &mut DbConn, id: TagId) -> Result<Tag> {
    wire(store::find(conn, id)?.ok_or_else(Error::not_found)?)
}

/// What happened to a tag, newest first.
///
/// # Errors
/// 404 when there is none; else as every list.
pub fn tag_history(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    id: TagId,
    request: &ListRequest,
) -> Result<Page<AuditEntry>> {
    store::find(conn, id)?.ok_or_else(Error::not_found)?;
    audit::history(conn, actor, keys, ("tag", id.uuid()), request)
}

/// The ETag of a tag: its version, and how many customers have it.
pub fn tag_tag(actor: &Actor, tag: &Tag) -> String {
    crate::web::etag(actor, tag.version, tag.customers)
}

fn wire(row: TagRow) -> Result<Tag> {
    Ok(Tag {
        id: row.id.uuid(),
        name: row.name,
        colour: known(TagColour::from_code(&row.colour))?,
        description: row.description,
        customers: row.customers,
        archived_at: row.archived_at.map(|at| Instant(at.to_utc())),
        version: row.version,
        created_at: Instant(row.created_at.to_utc()),
        updated_at: Instant(row.updated_at.to_utc()),
    })
}

/// By which a name is there once. One of signs alone, of which folding leaves nothing, stands for itself.
fn folded(name: &str) -> String {
    let folded = fold(name).split_whitespace().collect::<Vec<_>>().join(" ");
    if folded.is_empty() { name.to_owned() } else { folded }
}

/// Adds a tag to the catalogue.
///
/// # Errors
/// 422 with every field that breaks a rule; 409 when the name is taken and when too many tags are in use.
pub fn create_tag(conn: &mut DbConn, actor: &Actor, new: &NewTag) -> Result<Tag> {
    let (name, description) = checked(&new.name, new.description.as_deref())?;
    room_for_one(conn)?;
    let row = TagRow {
        id: actor.new_id(),
        name_folded: folded(&name),
        name_sort: name_sort(CustomerKind::Organisation, &name),
        name,
        colour: new.colour.as_str().to_owned(),
        description,
        customers: 0,
        archived: false,
        archived_at: None,
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    };
    store::insert(conn, &row).map_err(taken)?;
    record(conn, actor, None, &row, "created")?;
    wire(row)
}

fn room_for_one(conn: &mut DbConn) -> Result<()> {
    if store::count_in_use(conn, MOST)? < MOST {
        return Ok(());
    }
    let full = FieldError::new("", "too_many_tags").with("max", MOST);
    Err(Error { fields: vec![full], ..Error::new(Code::StateConflict) })
}

fn checked(name: &str, description: Option<&str>) -> Result<(String, Option<String>)> {
    let mut wrong = Wrong::default();
    let name = text::line(name, MAX_NAME).map_err(|broken| wrong.add(FieldError::broken("/name", broken)));
    let description = description.map(|text| text::line(text, MAX_DESCRIPTION)).transpose();
    let description = description.map_err(|broken| wrong.add(FieldError::broken("/description", broken)));
    wrong.unless(name.ok().zip(description.ok()))
}

fn taken(error: DbError) -> Error {
    match error {
        DbError::Unique => Error::conflict("/name", "taken"),
        other => Error::from(other),
    }
}

/// Changes a tag.
///
/// # Errors
/// 404 when there is none; 412 when the version is another one; 422 with every field that breaks a rule; 409 when the name is taken.
pub fn change_tag(
    conn: &mut DbConn,
    actor: &Actor,
    (id, version): (TagId, i64),
    patch: &TagPatch,
) -> Result<Tag> {
    let before = of_version(conn, actor, id, version)?;
    let description = patch.description.clone().unwrap_or_else(|| before.description.clone());
    let (name, description) = checked(patch.name.as_deref().unwrap_or(&before.name), description.as_deref())?;
    let after = TagRow {
        name_folded: folded(&name),
        name_sort: name_sort(CustomerKind::Organisation, &name),
        name,
        description,
        colour: patch.colour.map_or(before.colour.clone(), |colour| colour.as_str().to_owned()),
        ..before.clone()
    };
    write(conn, actor, &before, after, "updated")
}

/// Takes a tag out of use: nobody is given it any more.
///
/// # Errors
/// 404 when there is none; 412 when the version is another one; 409 when it is archived.
pub fn archive_tag(conn: &mut DbConn, actor: &Actor, id: TagId, version: i64) -> Result<Tag> {
    let before = of_version(conn, actor, id, version)?;
    if before.archived {
        return Err(Error::conflict("", "already_archived"));
    }
    let after = TagRow { archived: true, archived_at: Some(actor.now()), ..before.clone() };
    write(conn, actor, &before, after, "archived")
}

/// Takes a tag into use again.
///
/// # Errors
/// 404 when there is none; 412 when the version is another one; 409 when it is not archived and when too many are in use.
pub fn restore_tag(conn: &mut DbConn, actor: &Actor, id: TagId, version: i64) -> Result<Tag> {
    let before = of_version(conn, actor, id, version)?;
    if !before.archived {
        return Err(Error::conflict("", "not_archived"));
    }
    room_for_one(conn)?;
    let after = TagRow { archived: false, archived_at: None, ..before.clone() };
    write(conn, actor, &before, after, "restored")
}

fn of_version(conn: &mut DbConn, actor: &Actor, id: TagId, version: i64) -> Result<TagRow> {
    let row = store::find(conn, id)?.ok_or_else(Error::not_found)?;
    if row.version == version { Ok(row) } else { Err(stale(actor, row.version)) }
}

fn stale(actor: &Actor, version: i64) -> Error {
    Error::new(Code::Stale).with_header("ETag", crate::web::etag(actor, version, 0))
}

/// Writes a changed tag over the version it was made from; nothing when nothing differs.
fn write(
    conn: &mut DbConn,
    actor: &Actor,
    before: &TagRow,
    after: TagRow,
    action: &'static str,
) -> Result<Tag> {
    if document(before) == document(&after) {
        return wire(after);
    }
    let after = TagRow { version: before.version + 1, updated_at: actor.now(), ..after };
    if !store::update(conn, &after, before.version).map_err(taken)? {
        return Err(stale(actor, before.version + 1));
    }
    record(conn, actor, Some(before), &after, action)?;
    tag(conn, after.id)
}

fn document(row: &TagRow) -> serde_json::Value {
    json!({
        "name": row.name,
        "colour": row.colour,
        "description": row.description,
        "archived": row.archived.then_some(true),
    })
}

fn record(
    conn: &mut DbConn,
    actor: &Actor,
    before: Option<&TagRow>,
    after: &TagRow,
    action: &'static str,
) -> Result<()> {
    let change = audit::Change {
        resource_type: "tag",
        resource_id: after.id.uuid(),
        action,
        version: after.version,
        changes: changes_between(&before.map_or_else(|| json!({}), document), &document(after)),
        reason: None,
    };
    audit::record(conn, actor, &change)
}
