//! The key under which a request has its effect once, however often it is sent.

use std::cell::RefCell;
use std::rc::Rc;

use yew::prelude::*;

use crate::api::ApiError;
use crate::dom;

/// The `Idempotency-Key` of what a form sends.
#[derive(Clone)]
pub struct Once(Rc<RefCell<String>>);

/// A key for a form.
#[hook]
pub fn use_once() -> Once {
    Once(use_mut_ref(dom::random_id))
}

impl Once {
    /// The key of the next request.
    pub fn key(&self) -> String {
        self.0.borrow().clone()
    }

    /// Takes note of what became of a request: once it was done or refused, what is sent next is another one. Any other failure leaves open
    /// whether it was done, so that sending it again must be the same request.
    pub fn answered<T>(&self, outcome: &Result<T, ApiError>) {
        if outcome.as_ref().err().is_none_or(ApiError::is_refusal) {
            self.0.replace(dom::random_id());
        }
    }
}
