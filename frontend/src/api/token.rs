//! The access token: in memory only, renewed by one request at a time, and of one user as long as the page stands.

use std::cell::{Cell, RefCell};

use futures_channel::oneshot;
use guanxi_api::SignedIn;
use uuid::Uuid;

use super::{ApiError, auth};
use crate::dom;

/// Milliseconds before its end at which a token is renewed.
const MARGIN: f64 = 30_000.0;

struct Token {
    value: String,
    /// By this browser's clock, in milliseconds.
    ends: f64,
}

thread_local! {
    static TOKEN: RefCell<Option<Token>> = const { RefCell::new(None) };
    static RENEWING: Cell<bool> = const { Cell::new(false) };
    /// Whose page this is.
    static OWNER: Cell<Option<Uuid>> = const { Cell::new(None) };
    /// The cookie, which all tabs share, is of somebody else by now.
    static TAKEN: Cell<bool> = const { Cell::new(false) };
    static WAITING: RefCell<Vec<oneshot::Sender<Result<String, ApiError>>>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the token of whoever has just signed in here: from now on the page is theirs.
pub fn keep(signed_in: &SignedIn) {
    OWNER.set(Some(signed_in.me.id));
    TAKEN.set(false);
    // This browser's clock may be wrong by hours; a token lives ten minutes by any clock.
    let left = signed_in.expires_at.micros() as f64 / 1e3 - dom::now();
    let ends = dom::now() + left.clamp(2.0 * MARGIN, 600_000.0);
    TOKEN.set(Some(Token { value: signed_in.access_token.clone(), ends }));
}

/// Keeps a renewed token, unless it is of another user than the page.
pub fn renew(signed_in: &SignedIn) -> Result<(), ApiError> {
    if met(signed_in.me.id) == Some(false) {
        return Err(ApiError::someone_else());
    }
    keep(signed_in);
    Ok(())
}

/// Takes note of who is signed in in this browser now: whether it is the user of this page, if that has one.
pub fn met(user: Uuid) -> Option<bool> {
    let own = OWNER.get()? == user;
    TAKEN.set(!own);
    if !own {
        forget();
    }
    Some(own)
}

/// Whether the cookie is of another user than the page.
pub fn is_taken() -> bool {
    TAKEN.get()
}

/// Drops the token.
pub fn forget() {
    TOKEN.set(None);
}

/// Drops the token, and the page is nobody's.
pub fn leave() {
    forget();
    OWNER.set(None);
    TAKEN.set(false);
}

/// A token that is good for a while, renewed if need be.
pub async fn bearer() -> Result<String, ApiError> {
    if TAKEN.get() {
        return Err(ApiError::someone_else());
    }
    let held = TOKEN.with_borrow(|token| {
        token.as_ref().filter(|t| t.ends - MARGIN > dom::now()).map(|t| t.value.clone())
    });
    if let Some(value) = held {
        return Ok(value);
    }
    if RENEWING.get() {
        let (sender, renewed) = oneshot::channel();
        WAITING.with_borrow_mut(|waiting| waiting.push(sender));
        return renewed.await.unwrap_or_else(|_| Err(ApiError::unreachable()));
    }
    RENEWING.set(true);
    let outcome = Box::pin(auth::refresh()).await.map(|signed_in| signed_in.access_token);
    RENEWING.set(false);
    for waiting in WAITING.take() {
        let _ = waiting.send(outcome.clone());
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_stays_its_users() {
        let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(met(other), None, "a page that is nobody's is taken from nobody");
        OWNER.set(Some(own));
        TOKEN.set(Some(Token { value: "own".into(), ends: f64::MAX }));
        assert_eq!(met(own), Some(true));
        assert!(TOKEN.with_borrow(Option::is_some));
        assert_eq!(met(other), Some(false));
        assert!(is_taken() && TOKEN.with_borrow(Option::is_none));
        assert_eq!(met(own), Some(true));
        assert!(!is_taken(), "its user is back");
        met(other);
        leave();
        assert_eq!((met(other), is_taken()), (None, false));
    }
}
