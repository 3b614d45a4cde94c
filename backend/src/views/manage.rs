use guanxi_api::{Instant, NewSavedView, Page, SavedView, SavedViewPatch, UserRef, ViewList, ViewSharing};
use guanxi_db::{Condition, DbConn, DbError, Doc, Id, Value};
use serde_json::json;

use crate::access::{Actor, Keys, OrgUnitId, Right, UserId};
use crate::audit;
use crate::customers::CUSTOMERS;
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::listing::filter::FieldType::{Code as Codes, Id as AnId, Instant as AnInstant};
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::org;
use crate::text;
use crate::views::ViewId;
use crate::views::store::{self, ViewRow, WholeRow};

/// Most views that a user may have of a list.
const MOST: i64 = 50;
const MAX_NAME: usize = 60;

/// What views can be filtered and sorted by.
pub(crate) static VIEWS: Resource = Resource {
    name: "views",
    fields: &[
        Field::new("list", "saved_view.list", Codes(ViewList::CODES)),
        Field::new("sharing", "saved_view.sharing", Codes(ViewSharing::CODES)),
        Field::new("owner_id", "saved_view.owner_id", AnId),
        Field::new("created_at", "saved_view.created_at", AnInstant).sortable(),
        Field::new("updated_at", "saved_view.updated_at", AnInstant).sortable(),
    ],
    default_sort: "created_at",
    id_column: "saved_view.id",
    unless_asked: None,
};

/// The list that a view is of.
fn resource(list: ViewList) -> &'static Resource {
    match list {
        ViewList::Customers => &CUSTOMERS,
    }
}

/// What decides which views an actor sees.
pub(super) struct Sight {
    pub(super) me: Option<UserId>,
    /// The actor's unit and those above it.
    pub(super) units: Vec<OrgUnitId>,
    /// Whether views that others share are seen wherever they are shared.
    pub(super) everywhere: bool,
}

impl Sight {
    fn of(conn: &mut DbConn, actor: &Actor) -> Result<Sight> {
        let units = match actor.org_unit_id() {
            Some(unit) => org::line_of(conn, unit)?,
            None => Vec::new(),
        };
        Ok(Sight { me: actor.user_id(), units, everywhere: actor.may(Right::PublishViews) })
    }
}

/// One's own views and those that are shared with one, of a list or of all, the oldest first.
///
/// # Errors
/// As every list.
pub fn list(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    list: Option<ViewList>,
    request: &ListRequest,
) -> Result<Page<SavedView>> {
    let of_list = list.map(|list| list.as_str().to_owned());
    let mut listing =
        ListRequest { q: of_list.clone(), ..request.clone() }.read(&VIEWS, actor, keys.cursor())?;
    if let Some(code) = of_list {
        listing.filter =
            listing.filter.and(Condition::new().sql("saved_view.list = ").bind(Value::Text(code)));
    }
    let sight = Sight::of(conn, actor)?;
    let mut rows = store::list(conn, &sight, listing.condition(), listing.ordering(), listing.rows())?;
    let sort_value = |row: &WholeRow, field: &str| {
        Value::Moment(if field == "updated_at" { row.view.updated_at } else { row.view.created_at })
    };
    let mut info = listing.page(&mut rows, keys.cursor(), sort_value, |row| Id::new(row.view.id.uuid()))?;
    if listing.total {
        set_total(&mut info, store::count(conn, &sight, listing.filter.clone())?);
    }
    let data = rows.into_iter().map(|row| wire(actor, keys, row)).collect::<Result<_>>()?;
    Ok(Page { data, page: info })
}

/// A view that the actor sees.
///
/// # Errors
/// 404 when there is none.
pub fn read(conn: &mut DbConn, actor: &Actor, keys: &Keys, id: ViewId) -> Result<SavedView> {
    let sight = Sight::of(conn, actor)?;
    wire(actor, keys, store::find(conn, &sight, id)?)
}

fn wire(actor: &Actor, keys: &Keys, row: WholeRow) -> Result<SavedView> {
    let WholeRow { view, owner, chosen } = row;
    let none = || Error::internal("a code that is none");
    let list = ViewList::from_code(&view.list).ok_or_else(none)?;
    let runs = check(actor, keys, list, view.filter.as_deref(), view.sort.as_deref());
    Ok(SavedView {
        id: view.id.uuid(),
        list,
        sharing: ViewSharing::from_code(&view.sharing).ok_or_else(none)?,
        columns: serde_json::from_value(view.shown.0.clone()).map_err(Error::internal)?,
        is_default: chosen,
        can_change: may_change(actor, &view),
        refused: runs.is_err(),
        owner: UserRef { id: view.owner_id.uuid(), display_name: owner },
        version: view.version,
        updated_at: Instant(view.updated_at.to_utc()),
        name: view.name,
        filter: view.filter,
        sort: view.sort,
    })
}

/// Its owner; a shared one also those who keep order in what the bank shares.
fn may_change(actor: &Actor, view: &ViewRow) -> bool {
    let shared = view.sharing != ViewSharing::Private.as_str();
    actor.user_id() == Some(view.owner_id) || (shared && actor.may(Right::PublishViews))
}

/// Reads a filter and an order as the list would when they came in its address.
///
/// # Errors
/// 403 for a field that the actor sees masked, 422 for what cannot be read; both with a pointer.
fn check(actor: &Actor, keys: &Keys, list: ViewList, filter: Option<&str>, sort: Option<&str>) -> Result<()> {
    let request = ListRequest {
        filter: filter.map(str::to_owned),
        sort: sort.map(str::to_owned),
        ..ListRequest::default()
    };
    request.read(resource(list), actor, keys.cursor()).map(drop).map_err(|error| {
        let at = |field: FieldError| FieldError { pointer: format!("/{}", field.pointer), ..field };
        let fields = error.fields.iter().cloned().map(at).collect();
        match error.code {
            Code::FilterInvalid | Code::SortInvalid => Error::fields(fields),
            _ => Error { fields, ..error },
        }
    })
}

/// Keeps a view of the actor's own.
///
/// # Errors
/// 403 for sharing it further than the actor may and for a field that the actor sees masked; 409 when the name is taken or there are too
/// many; 422 with what breaks a rule.
pub fn create(conn: &mut DbConn, actor: &Actor, keys: &Keys, new: &NewSavedView) -> Result<ViewId> {
    let owner = actor.user_id().ok_or_else(Error::forbidden)?;
    create_for(conn, actor, keys, owner, new)
}

/// Keeps a view of a user.
///
/// # Errors
/// As [`create`].
pub fn create_for(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    owner_id: UserId,
    new: &NewSavedView,
) -> Result<ViewId> {
    may_share(actor, new.sharing)?;
    let name = line(&new.name)?;
    check(actor, keys, new.list, new.filter.as_deref(), new.sort.as_deref())?;
    if store::count_of(conn, owner_id, new.list.as_str())? >= MOST {
        return Err(too_many());
    }
    let row = ViewRow {
        id: actor.new_id(),
        list: new.list.as_str().to_owned(),
        name,
        sharing: new.sharing.as_str().to_owned(),
        owner_id,
        org_unit_id: shared_with(conn, owner_id, new.sharing)?,
        filter: new.filter.clone(),
        sort: new.sort.clone(),
        shown: Doc(json!(new.columns)),
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    };
    store::insert(conn, &row).map_err(taken)?;
    note(conn, actor, None, &row, "created")?;
    Ok(row.id)
}

fn too_many() -> Error {
    Error {
        fields: vec![FieldError::new("", "too_many_views").with("max", MOST)],
        ..Error::new(Code::StateConflict)
    }
}

fn taken(error: DbError) -> Error {
    match error {
        DbError::Unique => Error::conflict("/name", "taken"),
        other => Error::from(other),
    }
}

fn line(name: &str) -> Result<String> {
    let mut wrong = Wrong::default();
    let name = text::line(name, MAX_NAME).map_err(|broken| wrong.add(FieldError::broken("/name", broken)));
    wrong.unless(name.ok())
}

/// # Errors
/// 403 naming the member, for whoever may not share so far.
fn may_share(actor: &Actor, sharing: ViewSharing) -> Result<()> {
    let may = match sharing {
        ViewSharing::Private => true,
        ViewSharing::Unit => actor.may(Right::ShareViews),
        ViewSharing::Bank => actor.may(Right::PublishViews),
    };
    if may {
        return Ok(());
    }
    Err(Error { fields: vec![FieldError::new("/sharing", "may_not_share_so_far")], ..Error::forbidden() })
}

fn shared_with(conn: &mut DbConn, owner: UserId, sharing: ViewSharing) -> Result<Option<OrgUnitId>> {
    if sharing != ViewSharing::Unit {
        return Ok(None);
    }
    let owner = org::user_summary(conn, owner)?.ok_or_else(Error::not_found)?;
    Ok(Some(owner.org_unit_id))
}

/// A view that the actor may change, as of a version.
fn of_version(conn: &mut DbConn, actor: &Actor, id: ViewId, version: i64) -> Result<ViewRow> {
    let sight = Sight::of(conn, actor)?;
    let WholeRow { view, chosen, .. } = store::find(conn, &sight, id)?;
    if !may_change(actor, &view) {
        return Err(Error::forbidden());
    }
    if view.version != version {
        return Err(stale(actor, view.version, chosen));
    }
    Ok(view)
}

fn stale(actor: &Actor, version: i64, chosen: bool) -> Error {
    Error::new(Code::Stale).with_header("ETag", crate::web::etag(actor, version, chosen.into()))
}

/// Changes a view.
///
/// # Errors
/// 404 when there is none; 403 when it is somebody else's; 412 when the version is another one; else as [`create`].
pub fn change(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    (id, version): (ViewId, i64),
    patch: &SavedViewPatch,
) -> Result<()> {
    let before = of_version(conn, actor, id, version)?;
    let mut after = ViewRow { version: version + 1, updated_at: actor.now(), ..before.clone() };
    if let Some(name) = &patch.name {
        after.name = line(name)?;
    }
    if let Some(sharing) = patch.sharing.filter(|sharing| sharing.as_str() != before.sharing) {
        may_share(actor, sharing)?;
        after.org_unit_id = shared_with(conn, before.owner_id, sharing)?;
        sharing.as_str().clone_into(&mut after.sharing);
    }
    if let Some(filter) = &patch.filter {
        after.filter.clone_from(filter);
    }
    if let Some(sort) = &patch.sort {
        after.sort.clone_from(sort);
    }
    if let Some(columns) = &patch.columns {
        after.shown = Doc(json!(columns));
    }
    // What stays as it is may be changed by whoever could not have set it.
    if after.filter != before.filter || after.sort != before.sort {
        let list = ViewList::from_code(&after.list).ok_or_else(|| Error::internal("a list that is none"))?;
        check(actor, keys, list, after.filter.as_deref(), after.sort.as_deref())?;
    }
    if document(&before) == document(&after) {
        return Ok(());
    }
    if !store::update(conn, &after, version).map_err(taken)? {
        return Err(stale(actor, version + 1, false));
    }
    note(conn, actor, Some(&before), &after, "updated")
}

/// Deletes a view; whoever saw it first sees the whole list again.
///
/// # Errors
/// 404 when there is none; 403 when it is somebody else's; 412 when the version is another one.
pub fn delete(conn: &mut DbConn, actor: &Actor, id: ViewId, version: i64) -> Result<()> {
    let before = of_version(conn, actor, id, version)?;
    if !store::delete(conn, id, version)? {
        return Err(stale(actor, version + 1, false));
    }
    let change = audit::Change {
        resource_type: "view",
        resource_id: id.uuid(),
        action: "deleted",
        version: version + 1,
        changes: audit::changes_between(&document(&before), &json!({})),
        reason: None,
    };
    audit::record(conn, actor, &change)
}

/// Has the actor see a view first when the list is opened.
///
/// # Errors
/// 404 when there is none.
pub fn choose(conn: &mut DbConn, actor: &Actor, id: ViewId) -> Result<()> {
    let sight = Sight::of(conn, actor)?;
    let view = store::find(conn, &sight, id)?.view;
    match actor.user_id() {
        Some(me) => store::choose(conn, me, &view.list, id),
        None => Err(Error::forbidden()),
    }
}

/// Has the actor see the whole list first again, if it was this view.
///
/// # Errors
/// 404 when there is none.
pub fn unchoose(conn: &mut DbConn, actor: &Actor, id: ViewId) -> Result<()> {
    let sight = Sight::of(conn, actor)?;
    store::find(conn, &sight, id)?;
    match actor.user_id() {
        Some(me) => store::unchoose(conn, me, id),
        None => Err(Error::forbidden()),
    }
}

fn document(row: &ViewRow) -> serde_json::Value {
    json!({
        "list": row.list,
        "name": row.name,
        "sharing": row.sharing,
        "org_unit_id": row.org_unit_id.map(Id::uuid),
        "filter": row.filter,
        "sort": row.sort,
        "columns": row.shown.0,
    })
}

fn note(
    conn: &mut DbConn,
    actor: &Actor,
    before: Option<&ViewRow>,
    after: &ViewRow,
    action: &'static str,
) -> Result<()> {
    let change = audit::Change {
        resource_type: "view",
        resource_id: after.id.uuid(),
        action,
        version: after.version,
        changes: audit::changes_between(&before.map_or_else(|| json!({}), document), &document(after)),
        reason: None,
    };
    audit::record(conn, actor, &change)
}
