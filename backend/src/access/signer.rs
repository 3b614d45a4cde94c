use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use guanxi_db::{Db, DbConn, Moment};

use crate::access::keys::Keys;
use crate::access::sealing::Context;
use crate::access::store;
use crate::access::tokens::{
    self, AccessClaims, Grant, LIFETIME_SECONDS, Realm, SigningKey, TokenError, TokenKeys,
};
use crate::error::{Code, Error, Result};

/// A signing key is replaced after so long.
const KEY_SECONDS: i64 = 90 * 24 * 3600;
/// An old key is published until its last token has expired, with time to spare.
const OVERLAP_SECONDS: i64 = 24 * 3600;
const AUDIENCE: &str = "guanxi-api";
/// Tokens that are remembered as good.
const ROOM: usize = 20_000;
/// The first-party web app.
const WEB_APP: &str = "guanxi-web";

/// Issues and checks access tokens with the keys that the database holds.
#[derive(Debug)]
pub struct Signer {
    keys: RwLock<TokenKeys>,
    issuer: String,
    /// Tokens whose signature was found good, by their SHA-256: checking one costs more than reading a customer.
    good: RwLock<HashMap<[u8; 32], AccessClaims>>,
}

impl Signer {
    /// Reads the signing keys, or makes the first one.
    ///
    /// # Errors
    /// When the database fails or the master key is not the one that sealed them.
    pub fn open(conn: &mut DbConn, keys: &Keys, issuer: &str, now: Moment) -> Result<Self> {
        Ok(Signer {
            keys: RwLock::new(load(conn, keys, now)?),
            issuer: issuer.to_owned(),
            good: RwLock::default(),
        })
    }

    /// A token for a session, and when it expires.
    ///
    /// # Errors
    /// When the library fails.
    pub fn issue(&self, grant: (uuid::Uuid, uuid::Uuid, i64), now: Moment) -> Result<(String, Moment)> {
        let (subject, session, auth_epoch) = grant;
        let grant = Grant { subject, session, auth_epoch, client_id: WEB_APP };
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let token = tokens::issue(&keys, &self.realm(), &grant, now.0).map_err(Error::internal)?;
        Ok((token, Moment(now.seconds() * 1_000_000).plus_seconds(LIFETIME_SECONDS)))
    }

    /// What a token says, if it is one of ours and in time.
    ///
    /// # Errors
    /// 401 whatever is wrong with it.
    pub fn verify(&self, token: &str, now: Moment) -> Result<AccessClaims> {
        self.check(token, now).map_err(|error| {
            let code =
                if error == TokenError::Expired { Code::SessionExpired } else { Code::Unauthenticated };
            Error { cause: Some(error.to_string()), ..Error::new(code) }
        })
    }

    fn check(&self, token: &str, now: Moment) -> std::result::Result<AccessClaims, TokenError> {
        let name = tokens::token_hash(token);
        let known = self.good.read().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if let Some(claims) = known {
            return claims.check_time(now.0).map(|()| claims);
        }
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let claims = tokens::verify(&keys, &self.realm(), token, now.0)?;
        // Under the lock of the keys: a token of a key that is being retired must not be remembered after it.
        let mut good = self.good.write().unwrap_or_else(PoisonError::into_inner);
        if good.len() >= ROOM {
            good.retain(|_, claims| claims.check_time(now.0).is_ok());
        }
        if good.len() < ROOM {
            good.insert(name, claims.clone());
        }
        Ok(claims)
    }

    /// The public keys, as a JSON Web Key Set.
    pub fn jwks(&self) -> serde_json::Value {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).jwks()
    }

    fn realm(&self) -> Realm<'_> {
        Realm { issuer: &self.issuer, audience: AUDIENCE }
    }

    /// Takes over keys that another server or the day job made.
    ///
    /// # Errors
    /// When the database fails.
    pub fn reload(&self, db: &Db, keys: &Arc<Keys>, now: Moment) -> Result<()> {
        let keys = Arc::clone(keys);
        let loaded = db.write_blocking(move |conn| load(conn, &keys, now))?;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        self.good.write().unwrap_or_else(PoisonError::into_inner).clear();
        *keys = loaded;
        Ok(())
    }
}

/// The keys of the database: the newest signs, all that are published verify. Makes one when there is none.
fn load(conn: &mut DbConn, keys: &Keys, now: Moment) -> Result<TokenKeys> {
    let mut rows = store::signing_keys(conn)?;
    if rows.is_empty() {
        add_key(conn, keys, now)?;
        rows = store::signing_keys(conn)?;
    }
    let newest = rows.first().ok_or_else(|| Error::internal("no signing key"))?;
    let context = Context { table: "signing_key", column: "private_key", id: newest.kid.as_bytes() };
    let pkcs8 = keys.signing_keys().open(&newest.private_key, &context).map_err(Error::internal)?;
    let current = SigningKey::from_pkcs8(&pkcs8).map_err(Error::internal)?;
    let older = rows.iter().skip(1).filter_map(|row| <[u8; 32]>::try_from(row.public_key.as_slice()).ok());
    Ok(TokenKeys::new(&current, older.collect::<Vec<_>>()))
}

fn add_key(conn: &mut DbConn, keys: &Keys, now: Moment) -> Result<()> {
    let key = SigningKey::generate().map_err(Error::internal)?;
    let context = Context { table: "signing_key", column: "private_key", id: key.kid().as_bytes() };
    let row = store::SigningKeyRow {
        kid: key.kid().to_owned(),
        public_key: key.public_key().to_vec(),
        private_key: keys.signing_keys().seal(key.pkcs8(), &context).map_err(Error::internal)?,
        created_at: now,
    };
    store::insert_signing_key(conn, &row)
}

/// Makes a new signing key when the newest is 90 days old, and forgets those whose tokens have all expired. True when something
/// changed.
///
/// # Errors
/// When the database fails.
pub fn rotate_signing_keys(conn: &mut DbConn, keys: &Keys, now: Moment) -> Result<bool> {
    let rows = store::signing_keys(conn)?;
    let is_old = rows.first().is_none_or(|newest| newest.created_at.plus_seconds(KEY_SECONDS) <= now);
    if is_old {
        add_key(conn, keys, now)?;
    }
    let forgotten = match rows.first() {
        Some(newest) if !is_old && newest.created_at.plus_seconds(OVERLAP_SECONDS) <= now => {
            store::delete_signing_keys(conn, newest.created_at)?
        }
        _ => 0,
    };
    Ok(is_old || forgotten > 0)
}
