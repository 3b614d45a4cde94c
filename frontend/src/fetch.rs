//! One hook for everything that is read: shows what is known at once, then what the server says now.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::rc::Rc;

use yew::prelude::*;

use crate::api::ApiError;

/// Answers kept for going back to a page.
const KEPT: usize = 40;

thread_local! {
    static CACHE: RefCell<VecDeque<(String, Rc<dyn Any>)>> = const { RefCell::new(VecDeque::new()) };
}

fn recall<T: 'static>(key: &str) -> Option<Rc<T>> {
    CACHE.with_borrow(|cache| {
        cache.iter().find(|(k, _)| k == key).and_then(|(_, v)| Rc::clone(v).downcast().ok())
    })
}

fn remember(key: &str, value: Rc<dyn Any>) {
    CACHE.with_borrow_mut(|cache| {
        cache.retain(|(k, _)| k != key);
        cache.push_front((key.to_owned(), value));
        cache.truncate(KEPT);
    });
}

/// Forgets everything read, as when another user signs in.
pub fn forget_all() {
    CACHE.take();
}

/// Something that comes from the server.
#[derive(PartialEq)]
pub struct Remote<T> {
    /// The newest that is known, perhaps of an earlier visit.
    pub data: Option<Rc<T>>,
    /// Why the last attempt came to nothing.
    pub error: Option<Rc<ApiError>>,
    pub loading: bool,
}

impl<T> Clone for Remote<T> {
    fn clone(&self) -> Self {
        Remote { data: self.data.clone(), error: self.error.clone(), loading: self.loading }
    }
}

/// What `use_query` gives.
pub struct Query<T> {
    pub remote: Remote<T>,
    /// Asks again.
    pub reload: Callback<()>,
    /// Puts in what a change has answered.
    pub set: Callback<T>,
}

/// Reads something named by `key` and reads it again when the key changes; `None` reads nothing.
#[hook]
pub fn use_query<T, F, A>(key: Option<String>, read: F) -> Query<T>
where
    T: 'static,
    F: FnOnce() -> A + 'static,
    A: Future<Output = Result<T, ApiError>> + 'static,
{
    let state = use_state(|| (None::<String>, Remote::<T> { data: None, error: None, loading: true }));
    let round = use_state(|| 0_u32);
    // Answers that come after the question has changed belong to nobody.
    let turn = use_mut_ref(|| Rc::new(Cell::new(0_u32)));

    use_effect_with((key.clone(), *round), {
        let (state, turn) = (state.clone(), turn.borrow().clone());
        move |(key, _): &(Option<String>, u32)| {
            turn.set(turn.get() + 1);
            if let Some(key) = key.clone() {
                let mine = turn.get();
                let known = recall::<T>(&key);
                state.set((Some(key.clone()), Remote { data: known.clone(), error: None, loading: true }));
                spawn!((turn), {
                    let outcome = read().await;
                    if turn.get() != mine {
                        return;
                    }
                    let remote = match outcome {
                        Ok(value) => {
                            let value = Rc::new(value);
                            remember(&key, Rc::clone(&value) as Rc<dyn Any>);
                            Remote { data: Some(value), error: None, loading: false }
                        }
                        Err(error) => Remote { data: known, error: Some(Rc::new(error)), loading: false },
                    };
                    state.set((Some(key), remote));
                });
            }
        }
    });
    use_effect_with((), {
        let turn = turn.borrow().clone();
        move |()| move || turn.set(turn.get() + 1)
    });

    let reload = use_callback((), {
        let round = round.setter();
        let count = Cell::new(0_u32);
        move |(), ()| {
            count.set(count.get() + 1);
            round.set(count.get());
        }
    });
    let set = {
        let (state, key) = (state.setter(), key.clone());
        Callback::from(move |value: T| {
            let value = Rc::new(value);
            if let Some(key) = &key {
                remember(key, Rc::clone(&value) as Rc<dyn Any>);
            }
            state.set((key.clone(), Remote { data: Some(value), error: None, loading: false }));
        })
    };
    // Until the effect has run, what is held still belongs to the key before.
    let remote = if state.0 == key {
        state.1.clone()
    } else {
        Remote { data: key.as_deref().and_then(recall), error: None, loading: true }
    };
    Query { remote, reload, set }
}

/// Forgets the answers whose name begins so, after a change that they do not show.
pub fn forget(prefix: &str) {
    CACHE.with_borrow_mut(|cache| cache.retain(|(key, _)| !key.starts_with(prefix)));
}
