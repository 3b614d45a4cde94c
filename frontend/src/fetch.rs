//! One hook for everything that is read: shows what is known at once, then what the server says now.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use yew::prelude::*;

use crate::api::ApiError;

/// Answers kept for going back to a page.
const KEPT: usize = 40;

/// Whatever was read; the hook itself knows no types, so that it is in the program once and not for each of them.
type Anything = Rc<dyn Any>;
type Answer = Pin<Box<dyn Future<Output = Result<Anything, ApiError>>>>;

thread_local! {
    static CACHE: RefCell<VecDeque<(String, Anything)>> = const { RefCell::new(VecDeque::new()) };
}

fn recall(key: &str) -> Option<Anything> {
    CACHE.with_borrow(|cache| cache.iter().find(|(k, _)| k == key).map(|(_, value)| Rc::clone(value)))
}

fn remember(key: &str, value: Anything) {
    CACHE.with_borrow_mut(|cache| {
        cache.retain(|(k, _)| k != key);
        cache.push_front((key.to_owned(), value));
        cache.truncate(KEPT);
    });
}

/// A query on the page.
struct Mounted {
    id: u32,
    /// What it shows could not be fetched again.
    outdated: bool,
    reload: Callback<()>,
}

thread_local! {
    static LAST: Cell<u32> = const { Cell::new(0) };
    static MOUNTED: RefCell<Vec<Mounted>> = const { RefCell::new(Vec::new()) };
    static LISTENER: RefCell<Callback<bool>> = RefCell::new(Callback::noop());
}

/// Says who is told whether the page shows what could not be fetched again.
pub fn listen(listener: Callback<bool>) {
    LISTENER.set(listener);
}

/// Changes what is known of the queries on the page.
fn note(change: impl FnOnce(&mut Vec<Mounted>)) {
    let is_outdated = |mounted: &[Mounted]| mounted.iter().any(|query| query.outdated);
    let told = MOUNTED.with_borrow_mut(|mounted| {
        let before = is_outdated(mounted);
        change(mounted);
        let now = is_outdated(mounted);
        (before != now).then_some(now)
    });
    if let Some(now) = told {
        LISTENER.with_borrow(Callback::clone).emit(now);
    }
}

fn note_outdated(id: u32, outdated: bool) {
    note(|mounted| {
        if let Some(query) = mounted.iter_mut().find(|query| query.id == id) {
            query.outdated = outdated;
        }
    });
}

/// Asks again for everything on the page, or only for what could not be fetched again.
pub fn ask_again(all: bool) {
    let reloads: Vec<Callback<()>> = MOUNTED.with_borrow(|mounted| {
        mounted.iter().filter(|query| all || query.outdated).map(|query| query.reload.clone()).collect()
    });
    for reload in reloads {
        reload.emit(());
    }
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

/// What is known of something, whatever it is.
#[derive(Clone)]
struct Held {
    data: Option<Anything>,
    error: Option<Rc<ApiError>>,
    loading: bool,
}

/// Reads something named by `key` and reads it again when the key changes; `None` reads nothing.
#[hook]
pub fn use_query<T, F, A>(key: Option<String>, read: F) -> Query<T>
where
    T: 'static,
    F: FnOnce() -> A + 'static,
    A: Future<Output = Result<T, ApiError>> + 'static,
{
    let read = move || Box::pin(async move { Ok(Rc::new(read().await?) as Anything) }) as Answer;
    let (held, reload, set) = use_held(key, Box::new(read));
    let data = held.data.and_then(|data| data.downcast().ok());
    let remote = Remote { data, error: held.error, loading: held.loading };
    Query { remote, reload, set: set.reform(|value: T| Rc::new(value) as Anything) }
}

/// Reads something that changes renew: with another `state` of the same `thing`, what is shown stays until the newer is
/// there, so that nothing in it, an open menu say, goes away twice.
#[hook]
pub fn use_renewed<T, F, A>(thing: String, state: String, read: F) -> Query<T>
where
    T: 'static,
    F: FnOnce() -> A + 'static,
    A: Future<Output = Result<T, ApiError>> + 'static,
{
    let mut query = use_query(Some(format!("{thing}/{state}")), read);
    let last = use_mut_ref(|| None::<(String, Rc<T>)>);
    if let Some(data) = &query.remote.data {
        *last.borrow_mut() = Some((thing, Rc::clone(data)));
    } else if let Some(error) = &query.remote.error {
        if error.is_withheld() {
            last.take();
        }
    } else {
        let last = last.borrow();
        query.remote.data = last.as_ref().filter(|(of, _)| *of == thing).map(|(_, data)| Rc::clone(data));
    }
    query
}

#[hook]
fn use_held(
    key: Option<String>,
    read: Box<dyn FnOnce() -> Answer>,
) -> (Held, Callback<()>, Callback<Anything>) {
    let state = use_state(|| (None::<String>, Held { data: None, error: None, loading: true }));
    let round = use_state(|| 0_u32);
    // Answers that come after the question has changed belong to nobody, and so do those to what was asked before a change.
    let turn = use_mut_ref(|| Rc::new(Cell::new(0_u32)));
    let asked = use_mut_ref(|| None::<String>);
    let id = *use_memo((), |()| {
        LAST.set(LAST.get() + 1);
        LAST.get()
    });

    use_effect_with((key.clone(), *round), {
        let (state, turn, asked) = (state.clone(), turn.borrow().clone(), asked.clone());
        move |(key, _): &(Option<String>, u32)| {
            turn.set(turn.get() + 1);
            if asked.replace(key.clone()) != *key {
                note_outdated(id, false);
            }
            if let Some(key) = key.clone() {
                let mine = turn.get();
                let known = recall(&key);
                state.set((Some(key.clone()), Held { data: known.clone(), error: None, loading: true }));
                spawn!((turn), {
                    let outcome = read().await;
                    if turn.get() != mine {
                        return;
                    }
                    let held = match outcome {
                        Ok(value) => {
                            remember(&key, Rc::clone(&value));
                            note_outdated(id, false);
                            Held { data: Some(value), error: None, loading: false }
                        }
                        Err(error) => {
                            // What this user may no longer see is not shown because it was seen before.
                            let known = if error.is_withheld() {
                                CACHE.with_borrow_mut(|cache| cache.retain(|(k, _)| *k != key));
                                None
                            } else {
                                known
                            };
                            note_outdated(id, known.is_some());
                            Held { data: known, error: Some(Rc::new(error)), loading: false }
                        }
                    };
                    state.set((Some(key), held));
                });
            }
        }
    });
    let reload = use_callback((), {
        let round = round.setter();
        let count = Cell::new(0_u32);
        move |(), ()| {
            count.set(count.get() + 1);
            round.set(count.get());
        }
    });
    use_effect_with((), {
        let (turn, reload) = (turn.borrow().clone(), reload.clone());
        move |()| {
            note(|mounted| mounted.push(Mounted { id, outdated: false, reload }));
            move || {
                turn.set(turn.get() + 1);
                note(|mounted| mounted.retain(|query| query.id != id));
            }
        }
    });
    let set = {
        let (state, key, turn) = (state.setter(), key.clone(), turn.borrow().clone());
        Callback::from(move |value: Anything| {
            if let Some(key) = &key {
                remember(key, Rc::clone(&value));
            }
            // What is shown meanwhile may be something else.
            if *asked.borrow() == key {
                turn.set(turn.get() + 1);
                note_outdated(id, false);
                state.set((key.clone(), Held { data: Some(value), error: None, loading: false }));
            }
        })
    };
    // Until the effect has run, what is held still belongs to the key before.
    let held = if state.0 == key {
        state.1.clone()
    } else {
        Held { data: key.as_deref().and_then(recall), error: None, loading: true }
    };
    (held, reload, set)
}

/// Forgets the answers whose name begins so, after a change that they do not show.
pub fn forget(prefix: &str) {
    CACHE.with_borrow_mut(|cache| cache.retain(|(key, _)| !key.starts_with(prefix)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_outdated_as_long_as_one_query_is() {
        let told = Rc::new(RefCell::new(Vec::new()));
        listen(cb!((told), |now| told.borrow_mut().push(now)));
        let asked = Rc::new(Cell::new(0));
        for id in [1, 2] {
            let reload = cb!((asked), |()| asked.set(asked.get() + id));
            note(|mounted| mounted.push(Mounted { id, outdated: false, reload }));
        }
        note_outdated(1, true);
        note_outdated(2, true);
        note_outdated(1, false);
        assert_eq!(*told.borrow(), [true]);
        ask_again(false);
        assert_eq!(asked.get(), 2);
        ask_again(true);
        assert_eq!(asked.get(), 2 + 3);
        note(|mounted| mounted.retain(|query| query.id != 2));
        assert_eq!(*told.borrow(), [true, false]);
    }
}
