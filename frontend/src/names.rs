//! The names of customers and users where only their ids are at hand.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use uuid::Uuid;
use yew::prelude::*;

use crate::api;

/// Names that are asked for at the same time.
const LANES: usize = 4;

/// What an id belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Named {
    Customer,
    User,
}

thread_local! {
    // In memory only: names are personal data. Nothing stands for what cannot be seen.
    static NAMES: RefCell<Vec<(Uuid, Option<String>)>> = const { RefCell::new(Vec::new()) };
}

/// The name, if it is known.
pub fn known(id: Uuid) -> Option<String> {
    NAMES.with_borrow(|names| names.iter().find(|(other, _)| *other == id)?.1.clone())
}

/// Keeps a name that was read for another purpose.
pub fn remember(id: Uuid, name: Option<String>) {
    NAMES.with_borrow_mut(|names| {
        names.retain(|(other, _)| *other != id);
        names.push((id, name));
    });
}

/// Forgets who is who, when another user signs in.
pub fn forget() {
    NAMES.take();
}

/// Nothing if there was no answer, so that it is asked again another time.
async fn ask(kind: Named, id: Uuid) -> Option<Option<String>> {
    let name = match kind {
        Named::Customer => api::customers::get(id).await.map(|customer| customer.value.profile.name),
        Named::User => api::users::get(id).await.map(|user| user.value.display_name),
    };
    match name {
        Ok(name) => Some(Some(name)),
        Err(error) if error.is_missing() => Some(None),
        Err(_) => None,
    }
}

/// Asks for the names that are not known yet, and shows the component again as they come in.
#[hook]
pub fn use_names(wanted: Vec<(Named, Uuid)>) {
    let round = use_state(|| 0_u32);
    use_effect_with(wanted, move |wanted| {
        let mut missing = NAMES.with_borrow(|names| {
            let mut missing = wanted.clone();
            missing.retain(|(_, id)| !names.iter().any(|(other, _)| other == id));
            missing
        });
        missing.sort_by_key(|(_, id)| *id);
        missing.dedup();
        let lanes = missing.len().min(LANES);
        let left = Rc::new(RefCell::new(missing));
        let count = Rc::new(Cell::new(*round));
        for _ in 0..lanes {
            spawn!((left, round, count), {
                loop {
                    let next = left.borrow_mut().pop();
                    let Some((kind, id)) = next else { break };
                    if let Some(name) = ask(kind, id).await {
                        remember(id, name);
                    }
                }
                count.set(count.get() + 1);
                round.set(count.get());
            });
        }
    });
}
