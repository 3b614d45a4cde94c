//! Idempotency keys: the row that says a request was done is written in the transaction that does it, so the key exists if and
//! only if the effect does. It keeps a reference to the result, not the result: a replay is read anew, under today's masks.

mod store;

use actix_web::{HttpRequest, web};
use aws_lc_rs::digest;
use guanxi_db::{DbConn, DbError, Id};
use serde::Serialize;
use uuid::Uuid;

use crate::access::Actor;
use crate::app::AppState;
use crate::error::{Code, Error, Result};

/// How long a key is remembered.
const LIFETIME_SECONDS: i64 = 7 * 24 * 3600;

/// A request that may carry an idempotency key.
#[derive(Clone, Debug)]
pub struct Request {
    key: Option<String>,
    fingerprint: Vec<u8>,
}

impl Request {
    /// Whether it may come again and is to be done once.
    pub fn may_come_again(&self) -> bool {
        self.key.is_some()
    }
}

/// What came of it.
#[derive(Debug)]
pub enum Once<T> {
    /// It was done now.
    Done(T),
    /// It was done before, with this resource.
    Replayed(Option<Uuid>),
}

impl Request {
    /// Reads the header and fingerprints method, path and body.
    ///
    /// # Errors
    /// 400 for a key that is not 8 to 128 visible ASCII characters, bare or in quotes.
    pub fn read(request: &HttpRequest, body: &impl Serialize) -> Result<Request> {
        Request::of(request, &[&serde_json::to_vec(body).map_err(Error::internal)?])
    }

    /// The same for what a request holds in other forms than one JSON text.
    ///
    /// # Errors
    /// As [`Request::read`].
    pub fn of(request: &HttpRequest, parts: &[&[u8]]) -> Result<Request> {
        let invalid = || Error::new(Code::IdempotencyKeyInvalid);
        let mut values = request.headers().get_all("Idempotency-Key");
        let key = values.next().map(|value| {
            value.to_str().map_err(|_| invalid()).and_then(|text| parse(text).ok_or_else(invalid))
        });
        if values.next().is_some() {
            return Err(invalid());
        }
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [request.method().as_str(), request.path()] {
            context.update(part.as_bytes());
            context.update(&[0]);
        }
        for (n, part) in parts.iter().enumerate() {
            if n > 0 {
                context.update(&[0]);
            }
            context.update(part);
        }
        Ok(Request { key: key.transpose()?, fingerprint: context.finish().as_ref().to_vec() })
    }

    /// The same, for what must not be sent without a key.
    ///
    /// # Errors
    /// 400 without one.
    pub fn required(self) -> Result<Request> {
        if self.key.is_some() { Ok(self) } else { Err(Error::new(Code::IdempotencyKeyRequired)) }
    }
}

fn parse(text: &str) -> Option<String> {
    let text = text.trim();
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let fits = (8..=128).contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| bare.to_owned())
}

/// Does something at most once for a key. `resource` names what a replay will read.
///
/// # Errors
/// What `act` gives; 422 when the key was used for another request, 409 while another one with it is being done.
pub fn once<T>(
    conn: &mut DbConn,
    actor: &Actor,
    request: &Request,
    act: impl FnOnce(&mut DbConn) -> Result<T>,
    resource: impl FnOnce(&T) -> Option<Uuid>,
) -> Result<Once<T>> {
    let Some(key) = &request.key else { return act(conn).map(Once::Done) };
    let row = store::KeyRow {
        principal_id: Id::new(actor.principal()),
        key: key.clone(),
        fingerprint: request.fingerprint.clone(),
        resource_id: None,
        expires_at: actor.now().plus_seconds(LIFETIME_SECONDS),
    };
    // Expired keys of this principal may be used again.
    store::forget_expired(conn, row.principal_id, key, actor.now())?;
    let claimed = match store::claim(conn, &row) {
        Err(error) if is_lock_timeout(&error) => {
            return Err(Error::new(Code::IdempotencyInProgress).with_header("Retry-After", 1));
        }
        other => other.map_err(Error::from)?,
    };
    if !claimed {
        let (fingerprint, resource) = store::find(conn, row.principal_id, key)?;
        return if fingerprint == request.fingerprint {
            Ok(Once::Replayed(resource.map(Id::uuid)))
        } else {
            Err(Error::new(Code::IdempotencyKeyReused))
        };
    }
    let done = act(conn)?;
    if let Some(id) = resource(&done) {
        store::remember(conn, row.principal_id, key, Id::new(id))?;
    }
    Ok(Once::Done(done))
}

/// Reads a resource that was written before.
pub type Reader<T> = fn(&mut DbConn, &Actor, &AppState, Uuid) -> Result<T>;

/// Does something to one resource in a transaction of its own, at most once for a key; the resource, and whether it was done before. Of the
/// second argument the first part names the resource, the other one reads it again.
///
/// # Errors
/// As [`once`].
pub async fn written<T: Send + 'static>(
    state: &web::Data<AppState>,
    actor: Actor,
    request: Request,
    act: impl Fn(&mut DbConn, &Actor, &AppState) -> Result<T> + Send + 'static,
    (id_of, read): (fn(&T) -> Uuid, Reader<T>),
) -> Result<(T, bool)> {
    let shared = state.clone();
    state
        .db
        .write(move |conn| {
            let act = |conn: &mut DbConn| act(conn, &actor, &shared);
            match once(conn, &actor, &request, act, |made| Some(id_of(made)))? {
                Once::Done(made) => Ok((made, false)),
                Once::Replayed(id) => {
                    let id = id.ok_or_else(Error::not_found)?;
                    Ok((read(conn, &actor, &shared, id)?, true))
                }
            }
        })
        .await
}

/// Sets something of which there is one, such as a policy, in a transaction of its own, at most once for a key; what it is then, and whether it
/// was set before.
///
/// # Errors
/// As [`once`].
pub async fn set<T: Send + 'static>(
    state: &web::Data<AppState>,
    actor: Actor,
    request: Request,
    act: impl Fn(&mut DbConn, &Actor) -> Result<T> + Send + 'static,
    read: fn(&mut DbConn) -> Result<T>,
) -> Result<(T, bool)> {
    state
        .db
        .write(move |conn| match once(conn, &actor, &request, |conn| act(conn, &actor), |_| None)? {
            Once::Done(set) => Ok((set, false)),
            Once::Replayed(_) => Ok((read(conn)?, true)),
        })
        .await
}

fn is_lock_timeout(error: &DbError) -> bool {
    matches!(error, DbError::LockTimeout)
}

/// Removes keys that have expired; gives how many.
///
/// # Errors
/// When the database fails.
pub fn purge(conn: &mut DbConn, now: guanxi_db::Moment) -> Result<usize> {
    store::purge(conn, now)
}
