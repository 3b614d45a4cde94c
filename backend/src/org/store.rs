use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};
use guanxi_api::{LocalName, OrgUnitKind, Role};
use guanxi_db::schema::{customer, directory, org_unit, user_account};
use guanxi_db::{Condition, DbConn, DbError, Doc, Id, Moment, Statement, Value};

use crate::access::{OrgUnitId, UserId};
use crate::error::Result;
use crate::listing::{COUNTED, Listing};

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = org_unit, treat_none_as_default_value = false)]
pub(super) struct UnitRow {
    pub(super) id: OrgUnitId,
    pub(super) parent_id: Option<OrgUnitId>,
    pub(super) kind: String,
    pub(super) code: String,
    pub(super) name_zh: String,
    pub(super) name_en: String,
    pub(super) path: String,
    pub(super) depth: i32,
    pub(super) archived_at: Option<Moment>,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

/// Holds every other change of the tree until the transaction ends, so that no unit is put under one that is being moved or
/// archived. SQLite has one writer anyway. Rows that refer to the head office are not held up.
pub(super) fn lock_tree(conn: &mut DbConn) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        org_unit::table
            .filter(org_unit::parent_id.is_null())
            .select(org_unit::id)
            .for_no_key_update()
            .first::<OrgUnitId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn unit(conn: &mut DbConn, id: OrgUnitId) -> Result<Option<UnitRow>> {
    let row = org_unit::table
        .find(id)
        .select(UnitRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// The unit, kept as it is until the transaction ends: nobody archives it while something is put into it.
pub(super) fn unit_kept(conn: &mut DbConn, id: OrgUnitId) -> Result<Option<UnitRow>> {
    if let DbConn::Pg(conn) = conn {
        org_unit::table
            .find(id)
            .select(org_unit::id)
            .for_share()
            .first::<OrgUnitId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    unit(conn, id)
}

pub(super) fn root(conn: &mut DbConn) -> Result<Option<UnitRow>> {
    let row = org_unit::table
        .filter(org_unit::parent_id.is_null())
        .select(UnitRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn unit_id_by_code(conn: &mut DbConn, code: &str) -> Result<Option<OrgUnitId>> {
    let id = org_unit::table
        .filter(org_unit::code.eq(code))
        .select(org_unit::id)
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(id)
}

pub(super) fn list_units(conn: &mut DbConn, listing: &Listing) -> Result<Vec<UnitRow>> {
    let rows = org_unit::table
        .select(UnitRow::as_select())
        .into_boxed()
        .filter(listing.condition())
        .order(listing.ordering().first(listing.rows()))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_units(conn: &mut DbConn, listing: &Listing) -> Result<i64> {
    let counted = org_unit::table
        .select(org_unit::id)
        .into_boxed()
        .filter(listing.filter.clone())
        .limit(COUNTED + 1)
        .load::<OrgUnitId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(counted.len()).unwrap_or(i64::MAX))
}

pub(super) fn insert_unit(conn: &mut DbConn, row: &UnitRow) -> Result<(), DbError> {
    diesel::insert_into(org_unit::table).values(row).execute(conn)?;
    names_changed(conn)
}

/// Code, names and parent; false when the version is another one.
pub(super) fn update_unit(
    conn: &mut DbConn,
    id: OrgUnitId,
    version: i64,
    code: &str,
    name: &LocalName,
    parent: Option<OrgUnitId>,
    now: Moment,
) -> Result<bool, DbError> {
    let updated = diesel::update(org_unit::table.find(id).filter(org_unit::version.eq(version)))
        .set((
            org_unit::code.eq(code),
            org_unit::name_zh.eq(&name.zh_cn),
            org_unit::name_en.eq(&name.en),
            org_unit::parent_id.eq(parent),
            org_unit::version.eq(org_unit::version + 1),
            org_unit::updated_at.eq(now),
        ))
        .execute(conn)?;
    names_changed(conn)?;
    Ok(updated > 0)
}

/// Tells all servers that a unit or a user has a name that they do not know yet.
fn names_changed(conn: &mut DbConn) -> Result<(), DbError> {
    diesel::update(directory::table).set(directory::version.eq(directory::version + 1)).execute(conn)?;
    Ok(())
}

/// How often names have changed.
pub(super) fn directory_version(conn: &mut DbConn) -> Result<i64> {
    Ok(directory::table.select(directory::version).first(conn).map_err(DbError::from)?)
}

/// Every unit with its names in Chinese and English.
pub(super) fn names_of_units(conn: &mut DbConn) -> Result<Vec<(OrgUnitId, String, String)>> {
    let names = org_unit::table.select((org_unit::id, org_unit::name_zh, org_unit::name_en));
    Ok(names.load(conn).map_err(DbError::from)?)
}

/// Every user with their name.
pub(super) fn names_of_users(conn: &mut DbConn) -> Result<Vec<(UserId, String)>> {
    let names = user_account::table.select((user_account::id, user_account::display_name));
    Ok(names.load(conn).map_err(DbError::from)?)
}

/// The paths of a unit and of all below it, in one statement.
pub(super) fn move_subtree(conn: &mut DbConn, from: &str, to: &str, deeper: i32) -> Result<()> {
    let after_prefix = i32::try_from(from.len()).unwrap_or(i32::MAX).saturating_add(1);
    diesel::sql_query(
        "UPDATE org_unit SET path = $1 || substr(path, $2), depth = depth + $3 WHERE path >= $4 AND path < $5",
    )
    .bind::<Text, _>(to)
    .bind::<Integer, _>(after_prefix)
    .bind::<Integer, _>(deeper)
    .bind::<Text, _>(from)
    .bind::<Text, _>(end_of_subtree(from))
    .execute(conn)
    .map_err(DbError::from)?;
    Ok(())
}

/// How deep the deepest unit of a subtree lies.
pub(super) fn deepest(conn: &mut DbConn, path: &str) -> Result<i32> {
    let depth = org_unit::table
        .filter(org_unit::path.ge(path))
        .filter(org_unit::path.lt(end_of_subtree(path)))
        .order(org_unit::depth.desc())
        .select(org_unit::depth)
        .first(conn)
        .map_err(DbError::from)?;
    Ok(depth)
}

/// Paths end in `/`, and `0` is the character after it.
fn end_of_subtree(path: &str) -> String {
    format!("{}0", path.strip_suffix('/').unwrap_or(path))
}

pub(super) fn set_unit_archived(
    conn: &mut DbConn,
    id: OrgUnitId,
    version: i64,
    archived_at: Option<Moment>,
    now: Moment,
) -> Result<bool> {
    let updated = diesel::update(org_unit::table.find(id).filter(org_unit::version.eq(version)))
        .set((
            org_unit::archived_at.eq(archived_at),
            org_unit::version.eq(org_unit::version + 1),
            org_unit::updated_at.eq(now),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(updated > 0)
}

/// What still uses a unit.
pub(super) fn uses_of_unit(conn: &mut DbConn, id: OrgUnitId) -> Result<Option<&'static str>> {
    let child = org_unit::table
        .filter(org_unit::parent_id.eq(id))
        .filter(org_unit::archived_at.is_null())
        .select(org_unit::id)
        .first::<OrgUnitId>(conn)
        .optional()
        .map_err(DbError::from)?;
    if child.is_some() {
        return Ok(Some("has_units"));
    }
    let user = user_account::table
        .filter(user_account::org_unit_id.eq(id))
        .filter(user_account::archived.eq(false))
        .select(user_account::id)
        .first::<UserId>(conn)
        .optional()
        .map_err(DbError::from)?;
    if user.is_some() {
        return Ok(Some("has_users"));
    }
    let held = customer::table
        .filter(customer::org_unit_id.eq(id))
        .filter(customer::archived.eq(false))
        .select(customer::org_unit_id)
        .first::<OrgUnitId>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(held.map(|_| "has_customers"))
}

#[derive(Queryable, Selectable, Clone)]
#[diesel(table_name = user_account)]
pub(super) struct UserRow {
    pub(super) id: UserId,
    pub(super) username: String,
    pub(super) display_name: String,
    pub(super) name_sort: String,
    pub(super) role: String,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) must_change_password: bool,
    pub(super) locked_until: Option<Moment>,
    pub(super) archived_at: Option<Moment>,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

/// A user with the names and the path of the unit.
#[derive(Queryable, Clone)]
pub(super) struct PlacedUserRow {
    pub(super) user: UserRow,
    pub(super) unit_name_zh: String,
    pub(super) unit_name_en: String,
    pub(super) unit_path: String,
}

pub(super) fn user(conn: &mut DbConn, id: UserId) -> Result<Option<PlacedUserRow>> {
    let row = user_account::table
        .inner_join(org_unit::table)
        .filter(user_account::id.eq(id))
        .select((UserRow::as_select(), org_unit::name_zh, org_unit::name_en, org_unit::path))
        .first::<PlacedUserRow>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// The user, kept as they are until the transaction ends: nobody changes role or unit while a customer is handed to them.
pub(super) fn user_kept(conn: &mut DbConn, id: UserId) -> Result<Option<PlacedUserRow>> {
    if let DbConn::Pg(conn) = conn {
        user_account::table
            .find(id)
            .select(user_account::id)
            .for_share()
            .first::<UserId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    user(conn, id)
}

/// The heads and managers of some units: id, role, how deep the unit lies, name to sort by.
pub(super) fn heads_of(conn: &mut DbConn, units: &[OrgUnitId]) -> Result<Vec<(UserId, String, i32, String)>> {
    let roles = [Role::OutletHead, Role::DeputyManager, Role::BranchManager].map(Role::as_str);
    let rows = user_account::table
        .inner_join(org_unit::table)
        .filter(user_account::org_unit_id.eq_any(units.iter().copied()))
        .filter(user_account::archived.eq(false))
        .filter(user_account::role.eq_any(roles))
        .select((user_account::id, user_account::role, org_unit::depth, user_account::name_sort))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// The paths of some units.
pub(super) fn paths_of(conn: &mut DbConn, ids: &[OrgUnitId]) -> Result<Vec<(OrgUnitId, String)>> {
    let rows = org_unit::table
        .filter(org_unit::id.eq_any(ids.iter().copied()))
        .select((org_unit::id, org_unit::path))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Heads and managers of some units: id, role, path of the unit, name.
pub(super) fn leaders_in(
    conn: &mut DbConn,
    units: &[OrgUnitId],
) -> Result<Vec<(UserId, String, String, String)>> {
    let roles = [Role::OutletHead, Role::BranchManager, Role::DeputyManager].map(Role::as_str);
    let rows = user_account::table
        .inner_join(org_unit::table)
        .filter(user_account::org_unit_id.eq_any(units.iter().copied()))
        .filter(user_account::archived.eq(false))
        .filter(user_account::role.eq_any(roles))
        .select((user_account::id, user_account::role, org_unit::path, user_account::name_sort))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// How many customers a user owns; with a path, only those whose unit is not this one or below it.
pub(super) fn customers_of(conn: &mut DbConn, id: UserId, outside: Option<&str>) -> Result<i64> {
    let outside = match outside {
        None => Condition::everything(),
        Some(path) => Condition::new()
            .sql("org_unit.path < ")
            .bind(Value::Text(path.to_owned()))
            .sql(" OR org_unit.path >= ")
            .bind(Value::Text(end_of_subtree(path))),
    };
    let count = customer::table
        .inner_join(org_unit::table)
        .filter(customer::owner_id.eq(id))
        .filter(customer::archived.eq(false))
        .filter(outside)
        .select(diesel::dsl::count_star())
        .first(conn)
        .map_err(DbError::from)?;
    Ok(count)
}

/// How many customers of a subtree have an owner who is in one of some units.
pub(super) fn customers_of_staff(conn: &mut DbConn, of: &[OrgUnitId], path: &str) -> Result<i64> {
    let of = of.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    let select = Condition::unkept()
        .sql(
            "SELECT COUNT(*) FROM user_account JOIN customer ON customer.owner_id = user_account.id \
             JOIN org_unit ON org_unit.id = customer.org_unit_id WHERE user_account.org_unit_id IN (",
        )
        .bind_all(of)
        .sql(") AND customer.archived = ")
        .bind(Value::Bool(false))
        .sql(" AND org_unit.path >= ")
        .bind(Value::Text(path.to_owned()))
        .sql(" AND org_unit.path < ")
        .bind(Value::Text(end_of_subtree(path)));
    let counted = Statement::<BigInt>::new(select).load::<i64>(conn).map_err(DbError::from)?;
    Ok(counted.into_iter().sum())
}

/// Kinds and paths of some units.
pub(super) fn kinds_and_paths(conn: &mut DbConn, ids: &[OrgUnitId]) -> Result<Vec<(String, String)>> {
    let rows = org_unit::table
        .filter(org_unit::id.eq_any(ids.iter().copied()))
        .order(org_unit::path)
        .select((org_unit::kind, org_unit::path))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn user_id_by_name(conn: &mut DbConn, username: &str) -> Result<Option<UserId>> {
    let id = user_account::table
        .filter(user_account::username.eq(username))
        .select(user_account::id)
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(id)
}

pub(super) fn any_user(conn: &mut DbConn) -> Result<bool> {
    let user = user_account::table
        .select(user_account::id)
        .first::<UserId>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(user.is_some())
}

/// Users who have all these tokens; one with `true` may be the beginning of a token. The staff of a bank are few enough to ask each.
pub(super) fn has_tokens(conn: &DbConn, tokens: &[(String, bool)]) -> Condition {
    let has = |(token, open): &(String, bool)| {
        let text = if *open { format!(" {token}") } else { format!(" {token} ") };
        guanxi_db::search::contains(conn.engine(), "user_account.tokens", text)
    };
    tokens.iter().map(has).reduce(Condition::and).unwrap_or_else(Condition::nothing)
}

/// Users whose tokens were made by older rules: id, sign-in name, display name.
pub(super) fn outdated_tokens(
    conn: &mut DbConn,
    version: i16,
    limit: i64,
) -> Result<Vec<(UserId, String, String)>> {
    let rows = user_account::table
        .filter(user_account::search_version.lt(version))
        .select((user_account::id, user_account::username, user_account::display_name))
        .limit(limit)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// By what a user is sorted and found, and the version of the rules for it. No change that anyone sees.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = user_account, treat_none_as_default_value = false)]
pub(super) struct FoundBy {
    pub(super) name_sort: String,
    pub(super) tokens: String,
    pub(super) search_version: i16,
}

pub(super) fn set_found_by(conn: &mut DbConn, id: UserId, found_by: &FoundBy) -> Result<()> {
    diesel::update(user_account::table.find(id)).set(found_by).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// Users of the units that `scope` says, and that a condition lets through.
pub(super) fn list_users(
    conn: &mut DbConn,
    scope: Condition,
    listing: &Listing,
) -> Result<Vec<PlacedUserRow>> {
    let rows = user_account::table
        .inner_join(org_unit::table)
        .select((UserRow::as_select(), org_unit::name_zh, org_unit::name_en, org_unit::path))
        .into_boxed()
        .filter(scope.and(listing.condition()))
        .order(listing.ordering().first(listing.rows()))
        .load::<PlacedUserRow>(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_users(conn: &mut DbConn, scope: Condition, listing: &Listing) -> Result<i64> {
    let counted = user_account::table
        .inner_join(org_unit::table)
        .select(user_account::id)
        .into_boxed()
        .filter(scope.and(listing.filter.clone()))
        .limit(COUNTED + 1)
        .load::<UserId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(counted.len()).unwrap_or(i64::MAX))
}

#[derive(Insertable)]
#[diesel(table_name = user_account, treat_none_as_default_value = false)]
pub(super) struct NewUserRow {
    pub(super) id: UserId,
    pub(super) username: String,
    pub(super) display_name: String,
    #[diesel(embed)]
    pub(super) found_by: FoundBy,
    pub(super) role: String,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) password_hash: String,
    pub(super) must_change_password: bool,
    pub(super) password_expires_at: Option<Moment>,
    pub(super) failed_attempts: i32,
    pub(super) auth_epoch: i64,
    pub(super) preferences: Doc,
    pub(super) archived: bool,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

pub(super) fn insert_user(conn: &mut DbConn, row: &NewUserRow) -> Result<(), DbError> {
    diesel::insert_into(user_account::table).values(row).execute(conn)?;
    names_changed(conn)
}

/// What an administrator may change of a user.
pub(super) struct UserChange<'a> {
    pub(super) display_name: &'a str,
    pub(super) found_by: FoundBy,
    pub(super) role: Role,
    pub(super) org_unit_id: OrgUnitId,
}

/// False when the version is another one.
pub(super) fn update_user(
    conn: &mut DbConn,
    id: UserId,
    version: i64,
    change: &UserChange<'_>,
    now: Moment,
) -> Result<bool> {
    let updated = diesel::update(user_account::table.find(id).filter(user_account::version.eq(version)))
        .set((
            user_account::display_name.eq(change.display_name),
            &change.found_by,
            user_account::role.eq(change.role.as_str()),
            user_account::org_unit_id.eq(change.org_unit_id),
            user_account::version.eq(user_account::version + 1),
            user_account::updated_at.eq(now),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    names_changed(conn)?;
    Ok(updated > 0)
}

pub(super) fn set_user_archived(
    conn: &mut DbConn,
    id: UserId,
    version: i64,
    archived_at: Option<Moment>,
    now: Moment,
) -> Result<bool> {
    let updated = diesel::update(user_account::table.find(id).filter(user_account::version.eq(version)))
        .set((
            user_account::archived_at.eq(archived_at),
            user_account::archived.eq(archived_at.is_some()),
            user_account::version.eq(user_account::version + 1),
            user_account::updated_at.eq(now),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(updated > 0)
}

/// A password that somebody else chose, good until a moment, and the account open again.
pub(super) fn reset_password(
    conn: &mut DbConn,
    id: UserId,
    (hash, expires_at): (&str, Moment),
    now: Moment,
) -> Result<()> {
    diesel::update(user_account::table.find(id))
        .set((
            user_account::password_hash.eq(hash),
            user_account::must_change_password.eq(true),
            user_account::password_expires_at.eq(expires_at),
            user_account::failed_attempts.eq(0),
            user_account::locked_until.eq(None::<Moment>),
            user_account::version.eq(user_account::version + 1),
            user_account::updated_at.eq(now),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

impl UnitRow {
    pub(super) fn kind(&self) -> Option<OrgUnitKind> {
        OrgUnitKind::from_code(&self.kind)
    }
}
