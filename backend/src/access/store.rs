use diesel::prelude::*;
use guanxi_db::schema::{org_unit, refresh_token, session, signing_key, stand_in, user_account};
use guanxi_db::{DbConn, DbError, Doc, Moment};

use crate::access::actor::{OrgUnitId, SessionId, UserId};
use crate::error::Result;

/// What sign-in needs to know of a user.
#[derive(Queryable, Selectable, Clone)]
#[diesel(table_name = user_account)]
pub(super) struct AccountRow {
    pub(super) id: UserId,
    pub(super) username: String,
    pub(super) display_name: String,
    pub(super) role: String,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) password_hash: String,
    pub(super) must_change_password: bool,
    pub(super) failed_attempts: i32,
    pub(super) locked_until: Option<Moment>,
    pub(super) auth_epoch: i64,
    pub(super) preferences: Doc,
    pub(super) archived: bool,
    pub(super) version: i64,
    pub(super) password_expires_at: Option<Moment>,
}

pub(super) fn account_by_name(conn: &mut DbConn, username: &str) -> Result<Option<AccountRow>> {
    let row = user_account::table
        .filter(user_account::username.eq(username))
        .select(AccountRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn account(conn: &mut DbConn, id: UserId) -> Result<AccountRow> {
    let row =
        user_account::table.find(id).select(AccountRow::as_select()).first(conn).map_err(DbError::from)?;
    Ok(row)
}

/// The account, its row locked until the transaction ends, so that attempts to sign in are counted one after the other.
pub(super) fn lock_account(conn: &mut DbConn, id: UserId) -> Result<AccountRow> {
    if let DbConn::Pg(conn) = conn {
        user_account::table
            .find(id)
            .select(user_account::id)
            .for_no_key_update()
            .first::<UserId>(conn)
            .map_err(DbError::from)?;
    }
    account(conn, id)
}

/// The names and the path of a unit.
pub(super) fn unit(conn: &mut DbConn, id: OrgUnitId) -> Result<(String, String, String)> {
    let row = org_unit::table
        .find(id)
        .select((org_unit::name_zh, org_unit::name_en, org_unit::path))
        .first(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn set_failures(
    conn: &mut DbConn,
    id: UserId,
    failed_attempts: i32,
    locked_until: Option<Moment>,
) -> Result<()> {
    diesel::update(user_account::table.find(id))
        .set((user_account::failed_attempts.eq(failed_attempts), user_account::locked_until.eq(locked_until)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

pub(super) fn set_password(
    conn: &mut DbConn,
    id: UserId,
    hash: &str,
    must_change: bool,
    now: Moment,
) -> Result<()> {
    diesel::update(user_account::table.find(id))
        .set((
            user_account::password_hash.eq(hash),
            user_account::must_change_password.eq(must_change),
            user_account::password_expires_at.eq(None::<Moment>),
            user_account::failed_attempts.eq(0),
            user_account::locked_until.eq(None::<Moment>),
            user_account::version.eq(user_account::version + 1),
            user_account::updated_at.eq(now),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// A better hash of the same password: no change that anyone sees.
pub(super) fn rehash(conn: &mut DbConn, id: UserId, hash: &str) -> Result<()> {
    diesel::update(user_account::table.find(id))
        .set(user_account::password_hash.eq(hash))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

pub(super) fn set_preferences(conn: &mut DbConn, id: UserId, preferences: &Doc) -> Result<()> {
    diesel::update(user_account::table.find(id))
        .set(user_account::preferences.eq(preferences))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// Makes every token of a user worthless.
pub(super) fn raise_epoch(conn: &mut DbConn, id: UserId) -> Result<()> {
    diesel::update(user_account::table.find(id))
        .set(user_account::auth_epoch.eq(user_account::auth_epoch + 1))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = session, treat_none_as_default_value = false)]
pub(super) struct SessionRow {
    pub(super) id: SessionId,
    pub(super) user_id: UserId,
    pub(super) generation: i64,
    pub(super) signed_in_at: Moment,
    pub(super) last_seen_at: Moment,
    pub(super) rotated_at: Moment,
    pub(super) expires_at: Moment,
    pub(super) revoked_at: Option<Moment>,
    pub(super) revoked_because: Option<String>,
    pub(super) user_agent: String,
    pub(super) address: String,
}

pub(super) fn insert_session(conn: &mut DbConn, row: &SessionRow) -> Result<()> {
    diesel::insert_into(session::table).values(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn session(conn: &mut DbConn, id: SessionId) -> Result<Option<SessionRow>> {
    let row = session::table
        .find(id)
        .select(SessionRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// The session, its row locked until the transaction ends, so that two refreshes go one after the other.
pub(super) fn lock_session(conn: &mut DbConn, id: SessionId) -> Result<Option<SessionRow>> {
    if let DbConn::Pg(conn) = conn {
        session::table
            .find(id)
            .select(session::id)
            .for_update()
            .first::<SessionId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    self::session(conn, id)
}

pub(super) fn live_sessions(
    conn: &mut DbConn,
    user: UserId,
    now: Moment,
    idle_since: Moment,
) -> Result<Vec<SessionRow>> {
    let rows = session::table
        .filter(session::user_id.eq(user))
        .filter(session::revoked_at.is_null())
        .filter(session::expires_at.gt(now))
        .filter(session::last_seen_at.gt(idle_since))
        .order(session::signed_in_at.desc())
        .limit(200)
        .select(SessionRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn revoke(conn: &mut DbConn, id: SessionId, now: Moment, because: &str) -> Result<()> {
    diesel::update(session::table.find(id).filter(session::revoked_at.is_null()))
        .set((session::revoked_at.eq(now), session::revoked_because.eq(because)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

pub(super) fn revoke_all(conn: &mut DbConn, user: UserId, now: Moment, because: &str) -> Result<()> {
    diesel::update(session::table.filter(session::user_id.eq(user)).filter(session::revoked_at.is_null()))
        .set((session::revoked_at.eq(now), session::revoked_because.eq(because)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

pub(super) fn rotate(conn: &mut DbConn, id: SessionId, generation: i64, now: Moment) -> Result<()> {
    diesel::update(session::table.find(id))
        .set((session::generation.eq(generation), session::rotated_at.eq(now), session::last_seen_at.eq(now)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

pub(super) fn insert_refresh_token(
    conn: &mut DbConn,
    hash: &[u8],
    session_id: SessionId,
    generation: i64,
) -> Result<()> {
    diesel::insert_into(refresh_token::table)
        .values((
            refresh_token::hash.eq(hash),
            refresh_token::session_id.eq(session_id),
            refresh_token::generation.eq(generation),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// The session and generation that a refresh token belongs to, however old it is.
pub(super) fn refresh_token(conn: &mut DbConn, hash: &[u8]) -> Result<Option<(SessionId, i64)>> {
    let row = refresh_token::table
        .find(hash)
        .select((refresh_token::session_id, refresh_token::generation))
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// Removes sessions that ended long ago, with their tokens.
pub(super) fn purge_sessions(conn: &mut DbConn, ended_before: Moment) -> Result<usize> {
    let removed = diesel::delete(session::table.filter(session::expires_at.lt(ended_before)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(removed)
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = signing_key, treat_none_as_default_value = false)]
pub(super) struct SigningKeyRow {
    pub(super) kid: String,
    pub(super) public_key: Vec<u8>,
    pub(super) private_key: Vec<u8>,
    pub(super) created_at: Moment,
}

pub(super) fn signing_keys(conn: &mut DbConn) -> Result<Vec<SigningKeyRow>> {
    let rows = signing_key::table
        .order(signing_key::created_at.desc())
        .limit(8)
        .select(SigningKeyRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn insert_signing_key(conn: &mut DbConn, row: &SigningKeyRow) -> Result<()> {
    diesel::insert_into(signing_key::table).values(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn delete_signing_keys(conn: &mut DbConn, created_before: Moment) -> Result<usize> {
    let removed = diesel::delete(signing_key::table.filter(signing_key::created_at.lt(created_before)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(removed)
}

/// A session with what a request must know of its user.
#[derive(Queryable)]
pub(super) struct SeenRow {
    pub(super) user_id: UserId,
    pub(super) role: String,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) org_unit_path: String,
    pub(super) auth_epoch: i64,
    pub(super) must_change_password: bool,
    pub(super) archived: bool,
    pub(super) revoked_at: Option<Moment>,
    pub(super) expires_at: Moment,
}

pub(super) fn seen(conn: &mut DbConn, id: SessionId) -> Result<Option<SeenRow>> {
    let row = session::table
        .inner_join(user_account::table.inner_join(org_unit::table))
        .filter(session::id.eq(id))
        .select((
            user_account::id,
            user_account::role,
            user_account::org_unit_id,
            org_unit::path,
            user_account::auth_epoch,
            user_account::must_change_password,
            user_account::archived,
            session::revoked_at,
            session::expires_at,
        ))
        .first::<SeenRow>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// Most colleagues for whom somebody stands in at once.
const STOOD_IN_FOR: i64 = 20;

/// The colleagues for whom a user stands in at a moment.
pub(super) fn stood_in_for(conn: &mut DbConn, user: UserId, at: Moment) -> Result<Vec<UserId>> {
    let absent = stand_in::table
        .filter(stand_in::user_id.eq(user))
        .filter(stand_in::begins_at.le(at))
        .filter(stand_in::ends_at.gt(at))
        .order((stand_in::begins_at, stand_in::id))
        .limit(STOOD_IN_FOR)
        .select(stand_in::absent_id)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(absent)
}

/// What an account may do by now.
#[derive(Queryable)]
pub(super) struct AccountOfJob {
    pub(super) role: String,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) org_unit_path: String,
    pub(super) auth_epoch: i64,
}

/// An account that is not closed.
pub(super) fn account_of(conn: &mut DbConn, id: UserId) -> Result<Option<AccountOfJob>> {
    let row = user_account::table
        .inner_join(org_unit::table)
        .filter(user_account::id.eq(id))
        .filter(user_account::archived.eq(false))
        .select((user_account::role, user_account::org_unit_id, org_unit::path, user_account::auth_epoch))
        .first::<AccountOfJob>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}
