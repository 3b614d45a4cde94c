//! Signing in and staying signed in.
//!
//! The access token lives ten minutes; the refresh token, in a cookie, is replaced at each use. It is not stored: it is derived
//! from the master key, the session and its generation, and only its SHA-256 is in the database. So whoever presents the token
//! just replaced, within 30 seconds (another tab, a lost answer), gets the current one again, while an older one means that
//! somebody copied it: then the whole session ends.

use guanxi_api::{Language, LocalName, Me, Preferences, PreferencesPatch, Role, Session, Sessions, UnitRef};
use guanxi_db::{DbConn, Doc, Id, Moment};

use crate::access::actor::{Actor, Ids, SessionId, UserId, Who};
use crate::access::keys::Keys;
use crate::access::rights::Right;
use crate::access::{store, tokens};
use crate::audit;
use crate::error::{Code, Error, Result};
use crate::installation::Settings;

/// A session that is not refreshed for so long has ended.
const IDLE_SECONDS: i64 = 30 * 60;
/// A session ends so long after the sign-in, whatever happens.
const ABSOLUTE_SECONDS: i64 = 12 * 3600;
/// How long the refresh token just replaced is still honoured.
const GRACE_SECONDS: i64 = 30;
/// Wrong passwords before an account is locked for a while.
const FREE_ATTEMPTS: i32 = 5;
/// The longest lock, in minutes.
const LONGEST_LOCK: i64 = 15;

/// Where a request to sign in comes from.
#[derive(Clone, Debug)]
pub struct Client {
    pub user_agent: String,
    pub address: String,
}

/// What a sign-in or a refresh gives.
#[derive(Debug)]
pub struct Granted {
    pub user_id: UserId,
    pub session_id: SessionId,
    pub auth_epoch: i64,
    pub refresh_token: String,
    /// Seconds until the cookie is worthless.
    pub refresh_seconds: i64,
    pub me: Me,
}

/// What is needed to check a password, read before the slow hashing begins.
#[derive(Clone)]
pub struct Candidate {
    row: store::AccountRow,
}

impl Candidate {
    /// The stored hash to check against.
    pub fn password_hash(&self) -> &str {
        &self.row.password_hash
    }

    pub fn username(&self) -> &str {
        &self.row.username
    }

    /// Whether the password was to be handed over and changed, and the time for that is over.
    pub fn is_expired(&self, now: Moment) -> bool {
        self.row.password_expires_at.is_some_and(|until| until <= now)
    }
}

/// The account that somebody wants to sign in to; none for an unknown or archived one, which looks the same from outside.
///
/// # Errors
/// 429 while the account is locked.
pub fn candidate(conn: &mut DbConn, username: &str, now: Moment) -> Result<Option<Candidate>> {
    let Some(row) = store::account_by_name(conn, &username.to_lowercase())? else { return Ok(None) };
    if row.archived {
        return Ok(None);
    }
    check_lock(row.locked_until, now)?;
    Ok(Some(Candidate { row }))
}

/// Refuses an account that is locked until a later moment.
pub(super) fn check_lock(until: Option<Moment>, now: Moment) -> Result<()> {
    let Some(until) = until.filter(|until| *until > now) else { return Ok(()) };
    let seconds = (until.0 - now.0) / 1_000_000 + 1;
    Err(Error::new(Code::AccountLocked).with_header("Retry-After", seconds))
}

/// Until when so many wrong passwords in a row lock an account: from the fifth on for 1, 2, 4 … 15 minutes.
pub(super) fn locked_until(failures: i32, now: Moment) -> Option<Moment> {
    (failures >= FREE_ATTEMPTS).then(|| {
        let doublings = u32::try_from(failures - FREE_ATTEMPTS).unwrap_or_default().min(10);
        let minutes = (1_i64 << doublings).min(LONGEST_LOCK);
        now.plus_seconds(minutes * 60)
    })
}

/// Counts a wrong password, which may lock the account.
///
/// # Errors
/// 429 when others that were on their way at the same time have locked it; then right and wrong passwords look the same.
pub fn failed(conn: &mut DbConn, actor: &Actor, candidate: &Candidate) -> Result<()> {
    let id = candidate.row.id;
    let row = store::lock_account(conn, id)?;
    check_lock(row.locked_until, actor.now())?;
    let failures = row.failed_attempts.saturating_add(1);
    let until = locked_until(failures, actor.now());
    store::set_failures(conn, id, failures, until)?;
    note(conn, actor, id, if until.is_some() { "locked" } else { "sign_in_failed" })
}

/// Records a sign-in with a name that is nobody's, without the name: people type passwords there. The write takes as long as the one
/// for a wrong password, so that time does not tell who has an account.
///
/// # Errors
/// When the database fails.
pub fn failed_for_nobody(conn: &mut DbConn, actor: &Actor) -> Result<()> {
    let entry = audit::Entry {
        action: "session.sign_in_failed".to_owned(),
        resource_type: "user",
        resource_id: None,
        changes: &[],
        reason: None,
    };
    audit::note(conn, actor, &entry)
}

/// Opens a session for a user whose password was right. `better_hash` replaces a hash made with weaker parameters.
///
/// # Errors
/// 401 when the account changed meanwhile, 429 when it was locked meanwhile.
pub fn open(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    settings: &Settings,
    candidate: &Candidate,
    client: &Client,
    better_hash: Option<&str>,
) -> Result<Granted> {
    let now = actor.now();
    let user = store::lock_account(conn, candidate.row.id)?;
    check_lock(user.locked_until, now)?;
    if user.archived || user.auth_epoch != candidate.row.auth_epoch {
        return Err(Error::new(Code::SignInFailed));
    }
    if user.failed_attempts > 0 {
        store::set_failures(conn, user.id, 0, None)?;
    }
    if let Some(hash) = better_hash {
        store::rehash(conn, user.id, hash)?;
    }
    let id: SessionId = actor.new_id();
    store::insert_session(
        conn,
        &store::SessionRow {
            id,
            user_id: user.id,
            generation: 1,
            signed_in_at: now,
            last_seen_at: now,
            rotated_at: now,
            expires_at: now.plus_seconds(ABSOLUTE_SECONDS),
            revoked_at: None,
            revoked_because: None,
            user_agent: client.user_agent.clone(),
            address: client.address.clone(),
        },
    )?;
    let token = keys.refresh_token(id.uuid(), 1);
    store::insert_refresh_token(conn, &tokens::token_hash(&token), id, 1)?;
    note(conn, &actor.shown_to_be(user.id), user.id, "signed_in")?;
    let auth_epoch = user.auth_epoch;
    let user_id = user.id;
    Ok(Granted {
        user_id,
        session_id: id,
        auth_epoch,
        refresh_token: token,
        refresh_seconds: IDLE_SECONDS,
        me: me_of(conn, settings, user)?,
    })
}

/// What a refresh comes to.
#[derive(Debug)]
pub enum Refreshed {
    Granted(Box<Granted>),
    /// An old token came back: the session was ended.
    Reused(SessionId),
}

/// Replaces a refresh token.
///
/// # Errors
/// 401 for a token that is unknown or whose session has ended.
pub fn refresh(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    settings: &Settings,
    token: &str,
) -> Result<Refreshed> {
    let ended = || Error::new(Code::SessionExpired);
    let now = actor.now();
    let (session_id, generation) =
        store::refresh_token(conn, &tokens::token_hash(token))?.ok_or_else(ended)?;
    let session = store::lock_session(conn, session_id)?.ok_or_else(ended)?;
    let idle = session.last_seen_at.plus_seconds(IDLE_SECONDS) <= now;
    if session.revoked_at.is_some() || session.expires_at <= now || idle {
        return Err(ended());
    }
    let user = store::account(conn, session.user_id)?;
    if user.archived {
        return Err(ended());
    }
    let in_grace =
        generation + 1 == session.generation && now <= session.rotated_at.plus_seconds(GRACE_SECONDS);
    let current = if generation == session.generation {
        let next = generation + 1;
        let token = keys.refresh_token(session_id.uuid(), next);
        store::insert_refresh_token(conn, &tokens::token_hash(&token), session_id, next)?;
        store::rotate(conn, session_id, next, now)?;
        token
    } else if in_grace {
        keys.refresh_token(session_id.uuid(), session.generation)
    } else {
        store::revoke(conn, session_id, now, "refresh_token_reused")?;
        store::raise_epoch(conn, user.id)?;
        note(conn, actor, user.id, "refresh_token_reused")?;
        return Ok(Refreshed::Reused(session_id));
    };
    let until = session.expires_at.seconds() - now.seconds();
    Ok(Refreshed::Granted(Box::new(Granted {
        user_id: user.id,
        session_id,
        auth_epoch: user.auth_epoch,
        refresh_token: current,
        refresh_seconds: until.min(IDLE_SECONDS),
        me: me_of(conn, settings, user)?,
    })))
}

/// Ends the session that a refresh token belongs to; gives it, if there was one.
///
/// # Errors
/// When the database fails.
pub fn sign_out(conn: &mut DbConn, actor: &Actor, token: &str) -> Result<Option<SessionId>> {
    let Some((session_id, _)) = store::refresh_token(conn, &tokens::token_hash(token))? else {
        return Ok(None);
    };
    let Some(session) = store::session(conn, session_id)? else { return Ok(None) };
    if session.revoked_at.is_none() {
        store::revoke(conn, session_id, actor.now(), "signed_out")?;
        note(conn, &actor.shown_to_be(session.user_id), session.user_id, "signed_out")?;
    }
    Ok(Some(session_id))
}

/// Ends all sessions of a user and makes their tokens worthless.
///
/// # Errors
/// When the database fails.
pub fn end_all(conn: &mut DbConn, actor: &Actor, user: UserId, because: &str) -> Result<()> {
    store::revoke_all(conn, user, actor.now(), because)?;
    store::raise_epoch(conn, user)
}

/// Ends all of one's own sessions.
///
/// # Errors
/// When the database fails.
pub fn sign_out_everywhere(conn: &mut DbConn, actor: &Actor) -> Result<()> {
    let user = actor.user_id().ok_or_else(Error::forbidden)?;
    end_all(conn, actor, user, "signed_out_everywhere")?;
    note(conn, actor, user, "signed_out_everywhere")
}

/// One's own live sessions, newest first.
///
/// # Errors
/// When the database fails.
pub fn list(conn: &mut DbConn, actor: &Actor) -> Result<Sessions> {
    let user = actor.user_id().ok_or_else(Error::forbidden)?;
    let now = actor.now();
    let rows = store::live_sessions(conn, user, now, now.plus_seconds(-IDLE_SECONDS))?;
    let instant = |at: Moment| guanxi_api::Instant(at.to_utc());
    let data = rows.into_iter().map(|row| Session {
        id: row.id.uuid(),
        current: actor.session_id() == Some(row.id),
        signed_in_at: instant(row.signed_in_at),
        last_seen_at: instant(row.last_seen_at),
        expires_at: instant(row.expires_at),
        user_agent: row.user_agent,
        address: row.address,
    });
    Ok(Sessions { data: data.collect() })
}

/// Ends one of one's own sessions.
///
/// # Errors
/// 404 for one that is not one's own.
pub fn revoke(conn: &mut DbConn, actor: &Actor, id: SessionId) -> Result<()> {
    let session = store::session(conn, id)?.filter(|session| Some(session.user_id) == actor.user_id());
    let session = session.ok_or_else(Error::not_found)?;
    store::revoke(conn, id, actor.now(), "revoked")?;
    note(conn, actor, session.user_id, "session_revoked")
}

/// The signed-in user.
///
/// # Errors
/// When the database fails.
pub fn me(conn: &mut DbConn, actor: &Actor, settings: &Settings) -> Result<Me> {
    let user = store::account(conn, actor.user_id().ok_or_else(Error::forbidden)?)?;
    me_of(conn, settings, user)
}

/// Changes one's own preferences.
///
/// # Errors
/// When the database fails.
pub fn change_preferences(
    conn: &mut DbConn,
    actor: &Actor,
    settings: &Settings,
    patch: &PreferencesPatch,
) -> Result<Me> {
    let user = store::account(conn, actor.user_id().ok_or_else(Error::forbidden)?)?;
    let mut preferences = read_preferences(&user);
    preferences.language = patch.language.unwrap_or(preferences.language);
    preferences.theme = patch.theme.unwrap_or(preferences.theme);
    preferences.density = patch.density.unwrap_or(preferences.density);
    preferences.gain_colour = patch.gain_colour.unwrap_or(preferences.gain_colour);
    preferences.shortcuts = patch.shortcuts.unwrap_or(preferences.shortcuts);
    if let Some(columns) = &patch.customer_columns {
        preferences.customer_columns.clone_from(columns);
    }
    let document = Doc(serde_json::to_value(&preferences).map_err(Error::internal)?);
    store::set_preferences(conn, user.id, &document)?;
    Ok(Me { preferences, ..me_of(conn, settings, user)? })
}

/// The account of the signed-in user, for a change of its password.
///
/// # Errors
/// When the database fails.
pub fn own_account(conn: &mut DbConn, actor: &Actor) -> Result<Candidate> {
    let row = store::account(conn, actor.user_id().ok_or_else(Error::forbidden)?)?;
    Ok(Candidate { row })
}

/// Sets one's own password; all other sessions end, and this one as well.
///
/// # Errors
/// 409 when the password changed since `account` was read.
pub fn change_password(conn: &mut DbConn, actor: &Actor, account: &Candidate, hash: &str) -> Result<()> {
    let row = store::lock_account(conn, account.row.id)?;
    if row.password_hash != account.row.password_hash {
        return Err(Error::conflict("", "changed_meanwhile"));
    }
    store::set_password(conn, row.id, hash, false, actor.now())?;
    end_all(conn, actor, row.id, "password_changed")?;
    audit::record(
        conn,
        actor,
        &audit::Change {
            resource_type: "user",
            resource_id: row.id.uuid(),
            action: "password_changed",
            version: row.version + 1,
            changes: Vec::new(),
            reason: None,
        },
    )
}

/// The user behind a session, if it still stands.
///
/// # Errors
/// When the database fails.
pub(super) fn seen(
    conn: &mut DbConn,
    id: SessionId,
    now: Moment,
) -> Result<Option<crate::access::actor::SignedInUser>> {
    let row = store::seen(conn, id)?;
    let Some(row) = row.filter(|row| !row.archived && row.revoked_at.is_none() && row.expires_at > now)
    else {
        return Ok(None);
    };
    let stands_in_for = store::stood_in_for(conn, row.user_id, now)?;
    Ok(Role::from_code(&row.role).map(|role| crate::access::actor::SignedInUser {
        id: row.user_id,
        session_id: id,
        role,
        org_unit_id: row.org_unit_id,
        org_unit_path: row.org_unit_path,
        auth_epoch: row.auth_epoch,
        must_change_password: row.must_change_password,
        stands_in_for,
    }))
}

/// Who acts in a job of a user: with the rights and the scope that this user has by now. None when the account is closed.
///
/// # Errors
/// When the database fails.
pub fn acting_for(conn: &mut DbConn, user: UserId, job: uuid::Uuid, now: Moment) -> Result<Option<Actor>> {
    let Some(row) = store::account_of(conn, user)? else { return Ok(None) };
    let stands_in_for = store::stood_in_for(conn, user, now)?;
    Ok(Role::from_code(&row.role).map(|role| {
        let user = crate::access::actor::SignedInUser {
            id: user,
            session_id: Id::new(uuid::Uuid::nil()),
            role,
            org_unit_id: row.org_unit_id,
            org_unit_path: row.org_unit_path,
            auth_epoch: row.auth_epoch,
            must_change_password: false,
            stands_in_for,
        };
        Actor::job_for(user, now, job)
    }))
}

fn read_preferences(user: &store::AccountRow) -> Preferences {
    serde_json::from_value(user.preferences.0.clone()).unwrap_or_default()
}

fn me_of(conn: &mut DbConn, settings: &Settings, user: store::AccountRow) -> Result<Me> {
    let (zh_cn, en, _) = store::unit(conn, user.org_unit_id)?;
    let role = Role::from_code(&user.role).ok_or_else(|| Error::internal("a role that is none"))?;
    Ok(Me {
        id: user.id.uuid(),
        role,
        org_unit: UnitRef { id: user.org_unit_id.uuid(), name: LocalName { zh_cn, en } },
        rights: Right::names_of(role),
        preferences: read_preferences(&user),
        must_change_password: user.must_change_password,
        time_zone: settings.time_zone.clone(),
        base_currency: settings.base_currency.clone(),
        username: user.username,
        display_name: user.display_name,
    })
}

fn note(conn: &mut DbConn, actor: &Actor, user: UserId, what: &str) -> Result<()> {
    let entry = audit::Entry {
        action: format!("session.{what}"),
        resource_type: "user",
        resource_id: Some(user.uuid()),
        changes: &[],
        reason: None,
    };
    audit::note(conn, actor, &entry)
}

/// An actor for the time before anyone is signed in: it may write nothing but the traces of a sign-in.
pub(super) fn nobody(now: Moment, request_id: &str, language: Language) -> Actor {
    Actor { who: Who::Visitor(None), now, request_id: request_id.into(), language, ids: Ids::default() }
}

/// Removes sessions that ended a week ago.
///
/// # Errors
/// When the database fails.
pub fn purge(conn: &mut DbConn, now: Moment) -> Result<usize> {
    store::purge_sessions(conn, now.plus_seconds(-7 * 24 * 3600))
}
