use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use aws_lc_rs::rand;
use guanxi_api::{
    AuditEntry, Instant, LocalName, NewUser, Page, Preferences, Role, UnitRef, User, UserPatch,
};
use guanxi_db::{Condition, DbConn, DbError, Doc, Id, Moment, Value};
use serde_json::json;

use crate::access::{Actor, Keys, OrgUnitId, UnitScope, UserId, sessions};
use crate::audit::{self, changes_between};
use crate::error::{Code, Error, FieldError, Result};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Privacy, Resource, set_total};
use crate::names::search;
use crate::org::units::{Unit, unit_for_new};
use crate::org::{rules, store};

/// Users whose search tokens are renewed in one transaction.
const RENEWED_AT_ONCE: i64 = 200;

static FIELDS: &[Field] = &[
    Field::new("display_name", "user_account.name_sort", FieldType::Text).sortable().privacy(Privacy::Order),
    Field::new("username", "user_account.username", FieldType::Text).sortable(),
    Field::new("role", "user_account.role", FieldType::Code(Role::CODES)),
    Field::new("org_unit_id", "user_account.org_unit_id", FieldType::Id),
    Field::new("archived", "user_account.archived", FieldType::Bool),
    Field::new("created_at", "user_account.created_at", FieldType::Instant).sortable(),
    Field::new("updated_at", "user_account.updated_at", FieldType::Instant).sortable(),
];

pub(crate) static USERS: Resource = Resource {
    name: "users",
    fields: FIELDS,
    default_sort: "display_name",
    id_column: "user_account.id",
    unless_asked: Some(("archived", present)),
};

fn present() -> Condition {
    Condition::new().sql("user_account.archived = ").bind(Value::Bool(false))
}

/// What other rooms need to know of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    pub id: UserId,
    pub display_name: String,
    pub role: Role,
    pub org_unit_id: OrgUnitId,
    pub unit_path: String,
    pub archived: bool,
}

/// A user by the id, archived or not; `None` when there is none. Without a scope: the caller decides what may be said of it.
///
/// # Errors
/// When the database fails.
pub fn user_summary(conn: &mut DbConn, id: UserId) -> Result<Option<UserSummary>> {
    store::user(conn, id)?.map(summary).transpose()
}

fn summary(row: store::PlacedUserRow) -> Result<UserSummary> {
    Ok(UserSummary {
        id: row.user.id,
        role: role_of(&row.user)?,
        display_name: row.user.display_name,
        org_unit_id: row.user.org_unit_id,
        unit_path: row.unit_path,
        archived: row.user.archived_at.is_some(),
    })
}

/// Who answers for a unit: its outlet head or manager, else that of the nearest unit above it that has one. Of several in one unit the
/// branch manager comes before the deputy, and then by name.
///
/// # Errors
/// When the database fails.
pub fn head_of_unit(conn: &mut DbConn, unit: OrgUnitId) -> Result<Option<UserId>> {
    let Some(unit) = crate::org::unit(conn, unit)? else { return Ok(None) };
    let above: Vec<OrgUnitId> = rules::ids_of_path(&unit.path).into_iter().map(OrgUnitId::new).collect();
    let heads = store::heads_of(conn, &above)?;
    let rank = |role: &str| match Role::from_code(role) {
        Some(Role::OutletHead) => 0,
        Some(Role::BranchManager) => 1,
        _ => 2,
    };
    let nearest =
        heads.into_iter().min_by_key(|(id, role, depth, name)| (-depth, rank(role), name.clone(), *id));
    Ok(nearest.map(|(id, ..)| id))
}

/// Of these units who would look after a customer in each part of a team but the responsible one: the nearest head, deputy manager and
/// branch manager in the unit or above it.
///
/// # Errors
/// When the database fails.
pub fn leaders_of(conn: &mut DbConn, units: &[OrgUnitId]) -> Result<HashMap<OrgUnitId, Vec<(Role, UserId)>>> {
    let paths = store::paths_of(conn, units)?;
    let mut above: Vec<OrgUnitId> =
        paths.iter().flat_map(|(_, path)| rules::ids_of_path(path)).map(OrgUnitId::new).collect();
    above.sort_unstable();
    above.dedup();
    let heads = store::leaders_in(conn, &above)?;
    let roles = [Role::OutletHead, Role::DeputyManager, Role::BranchManager];
    let nearest = |path: &str, role: Role| {
        let within = |(_, of, at, _): &&(UserId, String, String, String)| {
            *of == role.as_str() && path.starts_with(at.as_str())
        };
        let found = heads.iter().filter(within);
        found
            .min_by_key(|(id, _, at, name)| (std::cmp::Reverse(at.len()), name.clone(), *id))
            .map(|(id, ..)| (role, *id))
    };
    let of = |(unit, path): (OrgUnitId, String)| {
        (unit, roles.iter().filter_map(|role| nearest(&path, *role)).collect())
    };
    Ok(paths.into_iter().map(of).collect())
}

/// [`user_summary`] of somebody who is about to own a customer: until the transaction ends nobody changes role or unit.
///
/// # Errors
/// When the database fails.
pub fn user_for_owner(conn: &mut DbConn, id: UserId) -> Result<Option<UserSummary>> {
    store::user_kept(conn, id)?.map(summary).transpose()
}

/// The user with a sign-in name, archived or not.
///
/// # Errors
/// When the database fails.
pub fn user_by_name(conn: &mut DbConn, username: &str) -> Result<Option<UserId>> {
    store::user_id_by_name(conn, username)
}

/// Whether there is any user, archived or not: an installation that is in use has one.
///
/// # Errors
/// When the database fails.
pub fn any_user(conn: &mut DbConn) -> Result<bool> {
    store::any_user(conn)
}

/// A user as the API shows it.
///
/// # Errors
/// 404 when there is none in the actor's units.
pub fn user_details(conn: &mut DbConn, actor: &Actor, id: UserId) -> Result<User> {
    wire(actor, visible(conn, actor, id)?)
}

fn visible(conn: &mut DbConn, actor: &Actor, id: UserId) -> Result<store::PlacedUserRow> {
    let row = store::user(conn, id)?.filter(|row| UnitScope::of(actor).contains(&row.unit_path));
    row.ok_or_else(Error::not_found)
}

/// The users of the actor's units, by name unless told otherwise; with a search text, those with all its parts in their names.
///
/// # Errors
/// As every list.
pub fn list_users(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    request: &ListRequest,
) -> Result<Page<User>> {
    let listing = request.read(&USERS, actor, keys.cursor())?;
    let mut scope = UnitScope::of(actor).units();
    if let Some(q) = &request.q {
        let tokens: Vec<(String, bool)> =
            search::query(q).tokens.into_iter().map(|token| (token.text, token.prefix)).collect();
        scope = scope.and(store::has_tokens(conn, &tokens));
    }
    let mut rows = store::list_users(conn, scope.clone(), &listing)?;
    let mut info = listing.page(
        &mut rows,
        keys.cursor(),
        |row, field| match field {
            "username" => Value::Text(row.user.username.clone()),
            "created_at" => Value::Moment(row.user.created_at),
            "updated_at" => Value::Moment(row.user.updated_at),
            _ => Value::Text(row.user.name_sort.clone()),
        },
        |row| Id::new(row.user.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_users(conn, scope, &listing)?);
    }
    Ok(Page { data: rows.into_iter().map(|row| wire(actor, row)).collect::<Result<_>>()?, page: info })
}

/// What happened to a user and their account, newest first.
///
/// # Errors
/// 404 when there is none in the actor's units; as every list.
pub fn user_history(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    id: UserId,
    request: &ListRequest,
) -> Result<Page<AuditEntry>> {
    visible(conn, actor, id)?;
    audit::history(conn, actor, keys, ("user", id.uuid()), request)
}

/// A password to hand over: 138 bits, in characters that nobody confuses.
///
/// # Errors
/// When the system gives no randomness.
pub fn one_time_password() -> Result<String> {
    let mut random = [0; 64];
    rand::fill(&mut random).map_err(Error::internal)?;
    rules::one_time_password(&random).ok_or_else(|| Error::internal("too little randomness"))
}

/// Until when a password that was made now to be handed over opens the account: seven days.
pub fn hand_over_until(now: Moment) -> Moment {
    now.plus_seconds(7 * 24 * 3600)
}

/// The password of a new user, hashed before the transaction began.
#[derive(Clone, Copy, Debug)]
pub struct NewPassword<'a> {
    pub hash: &'a str,
    /// Somebody else chose it: nothing but changing it until it is changed.
    pub must_change: bool,
    /// Until when it opens the account; for good when there is no such moment.
    pub expires_at: Option<Moment>,
}

/// A new user.
///
/// # Errors
/// 422 for a wrong name, or a unit that is not there, archived or not the actor's; 409 when the sign-in name is taken.
pub fn create_user(
    conn: &mut DbConn,
    actor: &Actor,
    new: &NewUser,
    password: NewPassword<'_>,
) -> Result<User> {
    let mut wrong = Vec::new();
    if let Err(broken) = rules::check_username(&new.username) {
        wrong.push(rules::field("/username", &broken));
    }
    let display_name = rules::display_name(&new.display_name)
        .map_err(|broken| wrong.push(rules::field("/display_name", &broken)))
        .unwrap_or_default();
    let unit = unit_to_be_in(conn, actor, Id::new(new.org_unit_id))?.map_err(|field| wrong.push(field)).ok();
    let Some(unit) = unit.filter(|_| wrong.is_empty()) else { return Err(Error::fields(wrong)) };
    let id: UserId = actor.new_id();
    let row = store::NewUserRow {
        id,
        username: new.username.clone(),
        found_by: found_by(&new.username, &display_name),
        display_name,
        role: new.role.as_str().to_owned(),
        org_unit_id: unit.id,
        password_hash: password.hash.to_owned(),
        must_change_password: password.must_change,
        password_expires_at: password.expires_at,
        failed_attempts: 0,
        auth_epoch: 1,
        preferences: Doc(serde_json::to_value(Preferences::default()).map_err(Error::internal)?),
        archived: false,
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    };
    store::insert_user(conn, &row).map_err(|error| match error {
        DbError::Unique => Error::conflict("/username", "taken"),
        other => Error::from(other),
    })?;
    let after = store::user(conn, id)?.ok_or_else(Error::not_found)?;
    record(conn, actor, None, &after, "created")?;
    wire(actor, after)
}

/// The unit that a user is put into, or what is wrong with it.
fn unit_to_be_in(
    conn: &mut DbConn,
    actor: &Actor,
    id: OrgUnitId,
) -> Result<std::result::Result<Unit, FieldError>> {
    let wrong = |code| Ok(Err(FieldError::new("/org_unit_id", code)));
    match unit_for_new(conn, id)? {
        None => wrong("not_found"),
        Some(unit) if unit.archived => wrong("archived"),
        Some(unit) if !UnitScope::of(actor).contains(&unit.path) => wrong("not_in_scope"),
        Some(unit) => Ok(Ok(unit)),
    }
}

/// Refuses a role or unit with which a user could not own the customers that they own.
fn check_owned(conn: &mut DbConn, user: &store::PlacedUserRow, role: Role, pointer: &str) -> Result<()> {
    let outside = (role == Role::Rm).then_some(user.unit_path.as_str());
    none_owned(pointer, store::customers_of(conn, user.user.id, outside)?)
}

/// Refuses what so many customers stand against whose owner could not own them after it.
pub(super) fn none_owned(pointer: &str, count: i64) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let mut refused = Error::conflict(pointer, "owns_customers");
    refused.fields = refused.fields.into_iter().map(|field| field.with("count", count)).collect();
    Err(refused)
}

fn found_by(username: &str, display_name: &str) -> store::FoundBy {
    store::FoundBy {
        name_sort: rules::sort_key(display_name),
        tokens: rules::tokens(username, display_name),
        search_version: search::SEARCH_VERSION,
    }
}

/// Makes the search tokens of some users anew after the rules for them have changed; gives how many.
///
/// # Errors
/// When the database fails.
pub fn renew_search(conn: &mut DbConn) -> Result<usize> {
    let outdated = store::outdated_tokens(conn, search::SEARCH_VERSION, RENEWED_AT_ONCE)?;
    for (id, username, display_name) in &outdated {
        store::set_found_by(conn, *id, &found_by(username, display_name))?;
    }
    Ok(outdated.len())
}

/// Changes name, role or unit of a user. A new role or unit ends all sessions; the caller then makes the gate forget the user.
///
/// # Errors
/// 404, 412 when the version is another one; 422 for a wrong name or unit; 409 for one's own role, and for a role or unit
/// with which the user could not own the customers that they own.
pub fn change_user(
    conn: &mut DbConn,
    actor: &Actor,
    id: UserId,
    version: i64,
    patch: &UserPatch,
) -> Result<User> {
    let before = at_version(conn, actor, id, version)?;
    let (old_role, old_unit) = (role_of(&before.user)?, before.user.org_unit_id);
    let mut wrong = Vec::new();
    let display_name = match &patch.display_name {
        Some(name) => rules::display_name(name)
            .map_err(|broken| wrong.push(rules::field("/display_name", &broken)))
            .unwrap_or_default(),
        None => before.user.display_name.clone(),
    };
    let role = patch.role.unwrap_or(old_role);
    let org_unit_id = patch.org_unit_id.map_or(old_unit, OrgUnitId::new);
    if org_unit_id != old_unit
        && let Err(field) = unit_to_be_in(conn, actor, org_unit_id)?
    {
        wrong.push(field);
    }
    if !wrong.is_empty() {
        return Err(Error::fields(wrong));
    }
    // Nobody takes the last administrator's rights away by mistake, or gives themselves others.
    if role != old_role && actor.user_id() == Some(id) {
        return Err(Error::conflict("/role", "own_role"));
    }
    if display_name == before.user.display_name && role == old_role && org_unit_id == old_unit {
        return wire(actor, before);
    }
    let found_by = found_by(&before.user.username, &display_name);
    let change = store::UserChange { display_name: &display_name, found_by, role, org_unit_id };
    if !store::update_user(conn, id, version, &change, actor.now())? {
        return Err(stale(conn, actor, id));
    }
    let after = store::user(conn, id)?.ok_or_else(Error::not_found)?;
    // Asked after the change: whoever hands a customer to this user now waits for it, and whoever did before is done.
    if role != old_role || org_unit_id != old_unit {
        check_owned(conn, &after, role, if role == old_role { "/org_unit_id" } else { "/role" })?;
    }
    if role != old_role {
        sessions::end_all(conn, actor, id, "role_changed")?;
    } else if org_unit_id != old_unit {
        sessions::end_all(conn, actor, id, "unit_changed")?;
    }
    let after = store::user(conn, id)?.ok_or_else(Error::not_found)?;
    record(conn, actor, Some(&before), &after, "updated")?;
    wire(actor, after)
}

/// Closes a user's account and ends all sessions; the caller then makes the gate forget the user.
///
/// # Errors
/// 404, 412 when the version is another one; 409 for one's own account and one that is closed.
pub fn archive_user(conn: &mut DbConn, actor: &Actor, id: UserId, version: i64) -> Result<User> {
    let before = at_version(conn, actor, id, version)?;
    if actor.user_id() == Some(id) {
        return Err(Error::conflict("", "own_account"));
    }
    if before.user.archived_at.is_some() {
        return Err(Error::conflict("", "already_archived"));
    }
    if !store::set_user_archived(conn, id, version, Some(actor.now()), actor.now())? {
        return Err(stale(conn, actor, id));
    }
    sessions::end_all(conn, actor, id, "account_archived")?;
    let after = store::user(conn, id)?.ok_or_else(Error::not_found)?;
    record(conn, actor, Some(&before), &after, "archived")?;
    wire(actor, after)
}

/// Opens a closed account again, with its old password.
///
/// # Errors
/// 404, 412 when the version is another one; 409 when it is open or its unit is archived.
pub fn restore_user(conn: &mut DbConn, actor: &Actor, id: UserId, version: i64) -> Result<User> {
    let before = at_version(conn, actor, id, version)?;
    if before.user.archived_at.is_none() {
        return Err(Error::conflict("", "not_archived"));
    }
    if unit_for_new(conn, before.user.org_unit_id)?.is_none_or(|unit| unit.archived) {
        return Err(Error::conflict("/org_unit_id", "archived"));
    }
    if !store::set_user_archived(conn, id, version, None, actor.now())? {
        return Err(stale(conn, actor, id));
    }
    let after = store::user(conn, id)?.ok_or_else(Error::not_found)?;
    record(conn, actor, Some(&before), &after, "restored")?;
    wire(actor, after)
}

/// Sets a password to hand over, unlocks the account and ends all sessions; the caller then makes the gate forget the user.
///
/// # Errors
/// 404; 409 for one's own account, whose password takes the old one to change, and one that is closed.
pub fn reset_password(conn: &mut DbConn, actor: &Actor, id: UserId, hash: &str) -> Result<User> {
    let before = visible(conn, actor, id)?;
    if actor.user_id() == Some(id) {
        return Err(Error::conflict("", "own_account"));
    }
    if before.user.archived_at.is_some() {
        return Err(Error::conflict("", "already_archived"));
    }
    store::reset_password(conn, id, (hash, hand_over_until(actor.now())), actor.now())?;
    sessions::end_all(conn, actor, id, "password_reset")?;
    let after = store::user(conn, id)?.ok_or_else(Error::not_found)?;
    record(conn, actor, Some(&before), &after, "password_reset")?;
    wire(actor, after)
}

/// The tag of a user: also the unit's name and a lock change what is shown, without a new version.
pub fn user_tag(actor: &Actor, user: &User) -> String {
    let mut hasher = DefaultHasher::new();
    (&user.org_unit.name.zh_cn, &user.org_unit.name.en, user.locked_until).hash(&mut hasher);
    crate::web::etag(actor, user.version, hasher.finish().cast_signed())
}

fn at_version(conn: &mut DbConn, actor: &Actor, id: UserId, version: i64) -> Result<store::PlacedUserRow> {
    let row = visible(conn, actor, id)?;
    if row.user.version == version { Ok(row) } else { Err(stale_by(actor, row)) }
}

fn stale(conn: &mut DbConn, actor: &Actor, id: UserId) -> Error {
    match visible(conn, actor, id) {
        Ok(row) => stale_by(actor, row),
        Err(error) => error,
    }
}

fn stale_by(actor: &Actor, row: store::PlacedUserRow) -> Error {
    match wire(actor, row) {
        Ok(user) => Error::new(Code::Stale).with_header("ETag", user_tag(actor, &user)),
        Err(error) => error,
    }
}

fn role_of(row: &store::UserRow) -> Result<Role> {
    Role::from_code(&row.role).ok_or_else(|| Error::internal("a role that is none"))
}

fn record(
    conn: &mut DbConn,
    actor: &Actor,
    before: Option<&store::PlacedUserRow>,
    after: &store::PlacedUserRow,
    action: &'static str,
) -> Result<()> {
    let change = audit::Change {
        resource_type: "user",
        resource_id: after.user.id.uuid(),
        action,
        version: after.user.version,
        changes: changes_between(&before.map_or_else(|| json!({}), document), &document(after)),
        reason: None,
    };
    audit::record(conn, actor, &change)
}

fn document(row: &store::PlacedUserRow) -> serde_json::Value {
    let user = &row.user;
    json!({
        "username": user.username,
        "display_name": user.display_name,
        "role": user.role,
        "org_unit_id": user.org_unit_id.uuid(),
        "must_change_password": user.must_change_password,
        "archived_at": user.archived_at.map(|at| Instant(at.to_utc())),
    })
}

fn wire(actor: &Actor, row: store::PlacedUserRow) -> Result<User> {
    let role = role_of(&row.user)?;
    let user = row.user;
    Ok(User {
        id: user.id.uuid(),
        role,
        org_unit: UnitRef {
            id: user.org_unit_id.uuid(),
            name: LocalName { zh_cn: row.unit_name_zh, en: row.unit_name_en },
        },
        archived_at: user.archived_at.map(|at| Instant(at.to_utc())),
        locked_until: user
            .locked_until
            .filter(|until| *until > actor.now())
            .map(|until| Instant(until.to_utc())),
        must_change_password: user.must_change_password,
        version: user.version,
        created_at: Instant(user.created_at.to_utc()),
        updated_at: Instant(user.updated_at.to_utc()),
        username: user.username,
        display_name: user.display_name,
    })
}
