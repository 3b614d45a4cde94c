//! The key under which a request has its effect once, however often it is sent.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;
use yew::prelude::*;

use crate::api::ApiError;
use crate::dom;

/// A key, and the body that it was made for.
#[derive(Default)]
struct Given {
    key: String,
    body: Option<String>,
}

impl Given {
    fn of(&mut self, body: Option<String>, new: impl FnOnce() -> String) -> String {
        // What cannot be written down is equal to nothing.
        if body.is_none() || self.body != body {
            *self = Given { key: new(), body };
        }
        self.key.clone()
    }
}

/// The `Idempotency-Key` of what a form sends.
#[derive(Clone)]
pub struct Once(Rc<RefCell<Given>>);

/// Keys for a form.
#[hook]
pub fn use_once() -> Once {
    Once(use_mut_ref(Given::default))
}

impl Once {
    /// The key for a body: the one before as long as the body stays as it was, since the server takes a key with another body for a mistake.
    pub fn key(&self, body: &impl Serialize) -> String {
        self.0.borrow_mut().of(serde_json::to_string(body).ok(), dom::random_id)
    }

    /// Takes note of what became of a request: once it was done or refused, what is sent next is another one. Any other failure leaves open
    /// whether it was done, so that sending it again must be the same request.
    pub fn answered<T>(&self, outcome: Result<T, ApiError>) -> Result<T, ApiError> {
        if outcome.as_ref().err().is_none_or(ApiError::is_refusal) {
            self.0.take();
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_body_has_another_key() {
        let mut keys = ["a", "b", "c"].into_iter().map(str::to_owned);
        let mut given = Given::default();
        let mut key = |body: &str| given.of(Some(body.to_owned()), || keys.next().unwrap());
        assert_eq!(key("1"), "a");
        assert_eq!(key("1"), "a");
        assert_eq!(key("2"), "b");
        assert_eq!(key("1"), "c");
    }
}
