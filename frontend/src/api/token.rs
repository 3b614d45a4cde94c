//! The access token: in memory only, renewed by one request at a time.

use std::cell::{Cell, RefCell};

use futures_channel::oneshot;
use guanxi_api::SignedIn;

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
    static WAITING: RefCell<Vec<oneshot::Sender<Result<String, ApiError>>>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the token of an answer.
pub fn keep(signed_in: &SignedIn) {
    // This browser's clock may be wrong by hours; a token lives ten minutes by any clock.
    let left = signed_in.expires_at.micros() as f64 / 1e3 - dom::now();
    let ends = dom::now() + left.clamp(2.0 * MARGIN, 600_000.0);
    TOKEN.set(Some(Token { value: signed_in.access_token.clone(), ends }));
}

/// Drops the token.
pub fn forget() {
    TOKEN.set(None);
}

/// A token that is good for a while, renewed if need be.
pub async fn bearer() -> Result<String, ApiError> {
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
