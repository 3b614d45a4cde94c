use guanxi_api::{
    AuditEntry, Instant, LocalName, NewOrgUnit, OrgUnit, OrgUnitKind, OrgUnitPatch, Page, UnitRef,
};
use guanxi_db::{Condition, DbConn, DbError, Id, Value};
use serde_json::json;

use crate::access::{Actor, Keys, OrgUnitId};
use crate::audit::{self, changes_between};
use crate::error::{Code, Error, FieldError, Result};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Privacy, Resource, set_total};
use crate::org::users::none_owned;
use crate::org::{rules, store};

static FIELDS: &[Field] = &[
    Field::new("path", "org_unit.path", FieldType::Text).sortable().privacy(Privacy::Order),
    Field::new("code", "org_unit.code", FieldType::Text).sortable(),
    Field::new("kind", "org_unit.kind", FieldType::Code(OrgUnitKind::CODES)),
    Field::new("parent_id", "org_unit.parent_id", FieldType::Id).nullable(),
    Field::new("depth", "org_unit.depth", FieldType::Integer),
    Field::new("archived", "(org_unit.archived_at IS NOT NULL)", FieldType::Bool),
    Field::new("updated_at", "org_unit.updated_at", FieldType::Instant).sortable(),
];

pub(crate) static UNITS: Resource = Resource {
    name: "org-units",
    fields: FIELDS,
    default_sort: "path",
    id_column: "org_unit.id",
    unless_asked: Some(("archived", present)),
};

fn present() -> Condition {
    Condition::new().sql("org_unit.archived_at IS NULL")
}

/// What other rooms need to know of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    pub id: OrgUnitId,
    pub kind: OrgUnitKind,
    pub name: LocalName,
    /// The ids from the root to it; the path of a unit below begins with it.
    pub path: String,
    pub archived: bool,
}

/// A unit by its id, archived or not; `None` when there is none.
///
/// # Errors
/// When the database fails.
pub fn unit(conn: &mut DbConn, id: OrgUnitId) -> Result<Option<Unit>> {
    store::unit(conn, id)?.map(known).transpose()
}

/// [`unit`] for something that is about to be put into it: until the transaction ends nobody archives it.
///
/// # Errors
/// When the database fails.
pub fn unit_for_new(conn: &mut DbConn, id: OrgUnitId) -> Result<Option<Unit>> {
    store::unit_kept(conn, id)?.map(known).transpose()
}

fn known(row: store::UnitRow) -> Result<Unit> {
    Ok(Unit {
        id: row.id,
        kind: kind_of(&row)?,
        path: row.path,
        archived: row.archived_at.is_some(),
        name: LocalName { zh_cn: row.name_zh, en: row.name_en },
    })
}

/// The path of the branch that a unit belongs to: its own or that of the nearest branch above it; of the head office where there is
/// none.
///
/// # Errors
/// 404 when there is no such unit.
pub fn branch_path(conn: &mut DbConn, id: OrgUnitId) -> Result<String> {
    let row = store::unit(conn, id)?.ok_or_else(Error::not_found)?;
    let above: Vec<OrgUnitId> = rules::ids_of_path(&row.path).into_iter().map(Id::new).collect();
    let above = store::kinds_and_paths(conn, &above)?;
    let nearest = above.iter().rev().find(|(kind, _)| kind == OrgUnitKind::Branch.as_str());
    Ok(nearest.or(above.first()).map_or(row.path, |(_, path)| path.clone()))
}

/// The ids of a unit and of those above it, from the root on.
///
/// # Errors
/// 404 when there is no such unit.
pub fn line_of(conn: &mut DbConn, id: OrgUnitId) -> Result<Vec<OrgUnitId>> {
    let row = store::unit(conn, id)?.ok_or_else(Error::not_found)?;
    Ok(rules::ids_of_path(&row.path).into_iter().map(Id::new).collect())
}

/// A unit, named.
///
/// # Errors
/// 404 when there is none.
pub fn unit_ref(conn: &mut DbConn, id: OrgUnitId) -> Result<UnitRef> {
    let row = store::unit(conn, id)?.ok_or_else(Error::not_found)?;
    Ok(UnitRef { id: row.id.uuid(), name: LocalName { zh_cn: row.name_zh, en: row.name_en } })
}

/// The unit with a bank's own code, archived or not.
///
/// # Errors
/// When the database fails.
pub fn unit_by_code(conn: &mut DbConn, code: &str) -> Result<Option<OrgUnitId>> {
    store::unit_id_by_code(conn, code)
}

/// The head office.
///
/// # Errors
/// 404 before the first start has made it.
pub fn root(conn: &mut DbConn) -> Result<OrgUnit> {
    wire(store::root(conn)?.ok_or_else(Error::not_found)?)
}

/// A unit as the API shows it. Every actor sees every unit.
///
/// # Errors
/// 404 when there is none.
pub fn unit_details(conn: &mut DbConn, id: OrgUnitId) -> Result<OrgUnit> {
    wire(store::unit(conn, id)?.ok_or_else(Error::not_found)?)
}

/// Units, in the order of the tree unless told otherwise.
///
/// # Errors
/// As every list.
pub fn list_units(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    request: &ListRequest,
) -> Result<Page<OrgUnit>> {
    let listing = request.read(&UNITS, actor, keys.cursor())?;
    let mut rows = store::list_units(conn, &listing)?;
    let mut info = listing.page(
        &mut rows,
        keys.cursor(),
        |row, field| match field {
            "code" => Value::Text(row.code.clone()),
            "updated_at" => Value::Moment(row.updated_at),
            _ => Value::Text(row.path.clone()),
        },
        |row| Id::new(row.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_units(conn, &listing)?);
    }
    Ok(Page { data: rows.into_iter().map(wire).collect::<Result<_>>()?, page: info })
}

/// What happened to a unit, newest first.
///
/// # Errors
/// 404 when there is none; as every list.
pub fn unit_history(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    id: OrgUnitId,
    request: &ListRequest,
) -> Result<Page<AuditEntry>> {
    store::unit(conn, id)?.ok_or_else(Error::not_found)?;
    audit::history(conn, actor, keys, ("org_unit", id.uuid()), request)
}

/// The head office, the only unit without a parent; made once, at the first start.
///
/// # Errors
/// 409 when there is one already; 422 for a code or a name that is not taken.
pub fn create_root(conn: &mut DbConn, actor: &Actor, code: &str, name: &LocalName) -> Result<OrgUnit> {
    if store::root(conn)?.is_some() {
        return Err(Error::conflict("/parent_id", "taken"));
    }
    insert(conn, actor, None, OrgUnitKind::HeadOffice, code, name)
}

/// A new unit below another.
///
/// # Errors
/// 422 for a parent that is not there, is archived or is of a level below, for a wrong code or name; 409 when the code is taken.
pub fn create_unit(conn: &mut DbConn, actor: &Actor, new: &NewOrgUnit) -> Result<OrgUnit> {
    store::lock_tree(conn)?;
    let parent = store::unit(conn, Id::new(new.parent_id))?;
    let parent = parent.ok_or_else(|| Error::field("/parent_id", "not_found"))?;
    check_parent(new.kind, &parent, "/kind")?;
    if parent.depth >= rules::MAX_DEPTH {
        return Err(too_deep());
    }
    insert(conn, actor, Some(&parent), new.kind, &new.code, &new.name)
}

fn insert(
    conn: &mut DbConn,
    actor: &Actor,
    parent: Option<&store::UnitRow>,
    kind: OrgUnitKind,
    code: &str,
    name: &LocalName,
) -> Result<OrgUnit> {
    let (code, name) = checked(code, name)?;
    let id: OrgUnitId = actor.new_id();
    let row = store::UnitRow {
        id,
        parent_id: parent.map(|parent| parent.id),
        kind: kind.as_str().to_owned(),
        code,
        name_zh: name.zh_cn,
        name_en: name.en,
        path: rules::path(parent.map(|parent| parent.path.as_str()), id.uuid()),
        depth: parent.map_or(0, |parent| parent.depth + 1),
        archived_at: None,
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    };
    store::insert_unit(conn, &row).map_err(code_taken)?;
    record(conn, actor, None, &row, "created")?;
    wire(row)
}

/// Changes code, names or place of a unit; a new place takes the whole subtree along.
///
/// # Errors
/// 404, 412 when the version is another one; 422 for a parent that cannot be one (its own subtree, an archived unit, a level
/// below) or a wrong code or name; 409 when the code is taken, the head office is to be moved, or customers have an owner above the unit
/// who would not be above it in the new place.
pub fn change_unit(
    conn: &mut DbConn,
    actor: &Actor,
    id: OrgUnitId,
    version: i64,
    patch: &OrgUnitPatch,
) -> Result<OrgUnit> {
    if patch.parent_id.is_some() {
        store::lock_tree(conn)?;
    }
    let before = at_version(conn, actor, id, version)?;
    let own_name = LocalName { zh_cn: before.name_zh.clone(), en: before.name_en.clone() };
    let (code, name) =
        checked(patch.code.as_deref().unwrap_or(&before.code), patch.name.as_ref().unwrap_or(&own_name))?;
    let new_parent = patch.parent_id.map(OrgUnitId::new).filter(|parent| before.parent_id != Some(*parent));
    let parent = new_parent.map(|parent| place_to_move(conn, &before, parent)).transpose()?;
    if parent.is_none() && code == before.code && name == own_name {
        return wire(before);
    }
    let parent_id = parent.as_ref().map(|parent| parent.id).or(before.parent_id);
    let updated =
        store::update_unit(conn, id, version, &code, &name, parent_id, actor.now()).map_err(code_taken)?;
    if !updated {
        return Err(stale(conn, actor, id));
    }
    if let Some(parent) = &parent {
        let path = rules::path(Some(&parent.path), id.uuid());
        store::move_subtree(conn, &before.path, &path, parent.depth + 1 - before.depth)?;
        // Asked after the move: whoever puts a customer into the subtree waits for it, and whoever did before is done.
        check_owners(conn, &before.path, &path)?;
    }
    let after = store::unit(conn, id)?.ok_or_else(Error::not_found)?;
    record(conn, actor, Some(&before), &after, "updated")?;
    wire(after)
}

/// Refuses a move of a subtree that takes customers away from below their owner. Only an owner above the subtree does not go along.
fn check_owners(conn: &mut DbConn, from: &str, to: &str) -> Result<()> {
    let above = rules::ids_of_path(to);
    let left = rules::ids_of_path(from).into_iter().filter(|id| !above.contains(id));
    let left: Vec<OrgUnitId> = left.map(OrgUnitId::new).collect();
    if left.is_empty() {
        return Ok(());
    }
    none_owned("/parent_id", store::customers_of_staff(conn, &left, to)?)
}

/// Gives the head office its names: for the demo and the first set-up, where nobody knows a version yet.
///
/// # Errors
/// 404 before the first start has made it; 422 for a wrong name.
pub fn rename_root(conn: &mut DbConn, actor: &Actor, name: &LocalName) -> Result<OrgUnit> {
    let root = root(conn)?;
    let patch = OrgUnitPatch { name: Some(name.clone()), ..OrgUnitPatch::default() };
    change_unit(conn, actor, Id::new(root.id), root.version, &patch)
}

/// Where a unit is moved to, if it may be.
fn place_to_move(conn: &mut DbConn, moved: &store::UnitRow, parent: OrgUnitId) -> Result<store::UnitRow> {
    if moved.parent_id.is_none() {
        return Err(Error::conflict("/parent_id", "root_unit"));
    }
    let parent = store::unit(conn, parent)?.ok_or_else(|| Error::field("/parent_id", "not_found"))?;
    if parent.path.starts_with(&moved.path) {
        return Err(Error::field("/parent_id", "own_subtree"));
    }
    check_parent(kind_of(moved)?, &parent, "/parent_id")?;
    if store::deepest(conn, &moved.path)? - moved.depth + parent.depth + 1 > rules::MAX_DEPTH {
        return Err(too_deep());
    }
    Ok(parent)
}

/// Takes a unit out of use.
///
/// # Errors
/// 404, 412 when the version is another one; 409 while it has active units, users or customers, and for the head office.
pub fn archive_unit(conn: &mut DbConn, actor: &Actor, id: OrgUnitId, version: i64) -> Result<OrgUnit> {
    store::lock_tree(conn)?;
    let before = at_version(conn, actor, id, version)?;
    if before.parent_id.is_none() {
        return Err(Error::conflict("", "root_unit"));
    }
    if before.archived_at.is_some() {
        return Err(Error::conflict("", "already_archived"));
    }
    // The unit first: whoever puts something into it at this moment holds its row until that can be seen.
    if !store::set_unit_archived(conn, id, version, Some(actor.now()), actor.now())? {
        return Err(stale(conn, actor, id));
    }
    if let Some(used) = store::uses_of_unit(conn, id)? {
        return Err(Error::conflict("", used));
    }
    let after = store::unit(conn, id)?.ok_or_else(Error::not_found)?;
    record(conn, actor, Some(&before), &after, "archived")?;
    wire(after)
}

/// Takes an archived unit into use again.
///
/// # Errors
/// 404, 412 when the version is another one; 409 when it is in use or its parent is archived.
pub fn restore_unit(conn: &mut DbConn, actor: &Actor, id: OrgUnitId, version: i64) -> Result<OrgUnit> {
    store::lock_tree(conn)?;
    let before = at_version(conn, actor, id, version)?;
    if before.archived_at.is_none() {
        return Err(Error::conflict("", "not_archived"));
    }
    let parent = before.parent_id.map(|parent| store::unit(conn, parent)).transpose()?.flatten();
    if parent.is_some_and(|parent| parent.archived_at.is_some()) {
        return Err(Error::conflict("/parent_id", "archived"));
    }
    if !store::set_unit_archived(conn, id, version, None, actor.now())? {
        return Err(stale(conn, actor, id));
    }
    let after = store::unit(conn, id)?.ok_or_else(Error::not_found)?;
    record(conn, actor, Some(&before), &after, "restored")?;
    wire(after)
}

/// The tag of a unit. Its depth changes when a unit above it is moved, without a new version.
pub fn unit_tag(actor: &Actor, unit: &OrgUnit) -> String {
    crate::web::etag(actor, unit.version, i64::from(unit.depth))
}

fn at_version(conn: &mut DbConn, actor: &Actor, id: OrgUnitId, version: i64) -> Result<store::UnitRow> {
    let row = store::unit(conn, id)?.ok_or_else(Error::not_found)?;
    if row.version == version { Ok(row) } else { Err(stale_by(actor, row)) }
}

fn stale(conn: &mut DbConn, actor: &Actor, id: OrgUnitId) -> Error {
    match store::unit(conn, id) {
        Ok(Some(row)) => stale_by(actor, row),
        Ok(None) => Error::not_found(),
        Err(error) => error,
    }
}

fn stale_by(actor: &Actor, row: store::UnitRow) -> Error {
    match wire(row) {
        Ok(unit) => Error::new(Code::Stale).with_header("ETag", unit_tag(actor, &unit)),
        Err(error) => error,
    }
}

/// `pointer` names what a client would change to put an order of levels right.
fn check_parent(kind: OrgUnitKind, parent: &store::UnitRow, pointer: &str) -> Result<()> {
    if parent.archived_at.is_some() {
        return Err(Error::field("/parent_id", "archived"));
    }
    let above = kind_of(parent)?;
    if rules::may_stand_under(kind, above) {
        return Ok(());
    }
    let field =
        FieldError::new(pointer, "kind_order").with("kind", kind.as_str()).with("parent", above.as_str());
    Err(Error::fields(vec![field]))
}

fn too_deep() -> Error {
    Error::fields(vec![FieldError::new("/parent_id", "tree_too_deep").with("max", rules::MAX_DEPTH)])
}

fn checked(code: &str, name: &LocalName) -> Result<(String, LocalName)> {
    let code_problem = rules::check_code(code).err().map(|broken| rules::field("/code", &broken));
    match (code_problem, rules::unit_name(name)) {
        (None, Ok(name)) => Ok((code.to_owned(), name)),
        (code, name) => {
            Err(Error::fields(code.into_iter().chain(name.err().into_iter().flatten()).collect()))
        }
    }
}

fn code_taken(error: DbError) -> Error {
    match error {
        DbError::Unique => Error::conflict("/code", "taken"),
        other => Error::from(other),
    }
}

fn kind_of(row: &store::UnitRow) -> Result<OrgUnitKind> {
    row.kind().ok_or_else(|| Error::internal("a kind of unit that is none"))
}

fn record(
    conn: &mut DbConn,
    actor: &Actor,
    before: Option<&store::UnitRow>,
    after: &store::UnitRow,
    action: &'static str,
) -> Result<()> {
    let change = audit::Change {
        resource_type: "org_unit",
        resource_id: after.id.uuid(),
        action,
        version: after.version,
        changes: changes_between(&before.map_or_else(|| json!({}), document), &document(after)),
        reason: None,
    };
    audit::record(conn, actor, &change)
}

fn document(row: &store::UnitRow) -> serde_json::Value {
    json!({
        "parent_id": row.parent_id.map(Id::uuid),
        "kind": row.kind,
        "code": row.code,
        "name": LocalName { zh_cn: row.name_zh.clone(), en: row.name_en.clone() },
        "archived_at": row.archived_at.map(|at| Instant(at.to_utc())),
    })
}

fn wire(row: store::UnitRow) -> Result<OrgUnit> {
    Ok(OrgUnit {
        id: row.id.uuid(),
        parent_id: row.parent_id.map(Id::uuid),
        kind: kind_of(&row)?,
        depth: u32::try_from(row.depth).map_err(Error::internal)?,
        archived_at: row.archived_at.map(|at| Instant(at.to_utc())),
        version: row.version,
        created_at: Instant(row.created_at.to_utc()),
        updated_at: Instant(row.updated_at.to_utc()),
        code: row.code,
        name: LocalName { zh_cn: row.name_zh, en: row.name_en },
    })
}
