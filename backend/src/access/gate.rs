use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use guanxi_db::{DbConn, Id, Moment};

use crate::access::actor::{SessionId, SignedInUser, UserId};
use crate::access::sessions;
use crate::app::AppState;
use crate::error::{Code, Error, Result};

/// How old what is known of a session may be, in microseconds. Changes made by this server are seen at once.
const FRESH_MICROS: i64 = 5_000_000;
/// Sessions that are remembered before old ones are dropped.
const ROOM: usize = 20_000;

/// Checks access tokens: first the signature, then whether the session still stands.
#[derive(Debug, Default)]
pub struct Gate {
    seen: RwLock<HashMap<SessionId, (Moment, Arc<SignedInUser>)>>,
}

impl Gate {
    /// The user that a token stands for.
    ///
    /// # Errors
    /// 401 for a token that is not valid, or whose session has ended or was overtaken by a change of password or role.
    pub(super) async fn admit(
        &self,
        state: &AppState,
        token: &str,
        now: Moment,
    ) -> Result<Arc<SignedInUser>> {
        let unauthenticated = || Error::new(Code::Unauthenticated);
        let claims = state.signer.verify(token, now)?;
        let session_id: SessionId = Id::new(claims.session);
        let user = match self.known(session_id, now) {
            Some(user) => user,
            None => {
                let found = state
                    .db
                    .read(move |conn: &mut DbConn| sessions::seen(conn, session_id, now))
                    .await?
                    .ok_or_else(unauthenticated)?;
                let user = Arc::new(found);
                self.remember(session_id, now, Arc::clone(&user));
                user
            }
        };
        if user.id.uuid() == claims.subject && user.auth_epoch == claims.auth_epoch {
            Ok(user)
        } else {
            Err(unauthenticated())
        }
    }

    fn known(&self, id: SessionId, now: Moment) -> Option<Arc<SignedInUser>> {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        let (at, user) = seen.get(&id)?;
        (now.0 - at.0 < FRESH_MICROS).then(|| Arc::clone(user))
    }

    fn remember(&self, id: SessionId, now: Moment, user: Arc<SignedInUser>) {
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= ROOM {
            seen.retain(|_, (at, _)| now.0 - at.0 < FRESH_MICROS);
        }
        seen.insert(id, (now, user));
    }

    /// Forgets a session: the next request looks at the database.
    pub fn forget_session(&self, id: SessionId) {
        self.seen.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// Forgets every session of a user.
    pub fn forget_user(&self, id: UserId) {
        self.seen.write().unwrap_or_else(PoisonError::into_inner).retain(|_, (_, user)| user.id != id);
    }

    /// Forgets everyone: the tree of units changed.
    pub fn forget_all(&self) {
        self.seen.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
