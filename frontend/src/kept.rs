//! What a page shows beyond its address (the page of a list, a text that is looked for, how far it was scrolled), kept for each entry of the
//! browser's history: who goes back finds the page as it was left. In memory only, since what is looked for may be a name.

use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Deref;
use std::rc::Rc;

use yew::prelude::*;
use yew_router::history::{BrowserHistory, History, Location};
use yew_router::hooks::use_location;

/// Most values kept, those written last.
const MOST: usize = 300;
/// The name of how far a page is scrolled.
pub const SCROLLED: AttrValue = AttrValue::Static("scrolled");

/// A value with the entry and the name that it is kept for.
type One = (Entry, AttrValue, Rc<dyn Any>);

thread_local! {
    static KEPT: RefCell<VecDeque<One>> = const { RefCell::new(VecDeque::new()) };
}

/// An entry of the history.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Entry(String);

impl Entry {
    /// The one that a location belongs to. What the app itself did not put there has no id.
    pub fn of(location: &Location) -> Self {
        Entry(match location.id() {
            Some(id) => id.to_string(),
            None => format!("{}{}", location.path(), location.query_str()),
        })
    }
}

/// What was kept under a name.
pub fn recall<T: Clone + 'static>(entry: &Entry, name: &AttrValue) -> Option<T> {
    KEPT.with_borrow(|kept| {
        let (_, _, value) = kept.iter().find(|(at, called, _)| at == entry && called == name)?;
        value.downcast_ref::<T>().cloned()
    })
}

/// Keeps a value under a name.
pub fn remember<T: 'static>(entry: &Entry, name: &AttrValue, value: T) {
    KEPT.with_borrow_mut(|kept| {
        kept.retain(|(at, called, _)| !(at == entry && called == name));
        kept.push_front((entry.clone(), name.clone(), Rc::new(value)));
        kept.truncate(MOST);
    });
}

/// Gives what was kept for an entry to the one that has taken its place; how far it is scrolled depends on what is shown there.
pub fn hand_on(from: &Entry, to: &Entry) {
    KEPT.with_borrow_mut(|kept| {
        for (at, ..) in kept.iter_mut().filter(|(at, called, _)| at == from && *called != SCROLLED) {
            at.clone_from(to);
        }
    });
}

/// Forgets everything, when another user signs in.
pub fn forget_all() {
    KEPT.take();
}

/// A value of the entry that is shown.
pub struct Kept<T> {
    now: T,
    held: Rc<RefCell<Held<T>>>,
    name: AttrValue,
    renew: UseForceUpdateHandle,
}

/// The entry that a page was drawn for last, its path, and the value there.
struct Held<T> {
    entry: Entry,
    path: String,
    value: T,
}

impl<T: Clone> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Kept {
            now: self.now.clone(),
            held: Rc::clone(&self.held),
            name: self.name.clone(),
            renew: self.renew.clone(),
        }
    }
}

impl<T: PartialEq> PartialEq for Kept<T> {
    fn eq(&self, other: &Self) -> bool {
        self.now == other.now && Rc::ptr_eq(&self.held, &other.held)
    }
}

impl<T> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.now
    }
}

impl<T: Clone + 'static> Kept<T> {
    /// Takes another value, as the handle of a state does.
    pub fn set(&self, value: T) {
        let here = BrowserHistory::new().location();
        let entry = {
            let mut held = self.held.borrow_mut();
            // After a step within the page the value belongs to where that has led, although it is not drawn yet.
            if here.path() == held.path {
                held.entry = Entry::of(&here);
            }
            held.value = value.clone();
            held.entry.clone()
        };
        remember(&entry, &self.name, value);
        self.renew.force_update();
    }
}

/// A state that goes back with the history. A new entry takes over what the page shows at the moment; `first` is what a page begins with.
#[hook]
pub fn use_kept<T: Clone + 'static>(name: impl Into<AttrValue>, first: impl FnOnce() -> T) -> Kept<T> {
    let name = name.into();
    let location = use_location();
    let entry = location.as_ref().map(Entry::of).unwrap_or_default();
    let path = location.as_ref().map_or("", |location| location.path());
    let renew = use_force_update();
    let held = use_mut_ref(|| Held {
        value: recall(&entry, &name).unwrap_or_else(first),
        entry: entry.clone(),
        path: path.to_owned(),
    });
    let now = {
        let mut held = held.borrow_mut();
        if held.entry != entry {
            if let Some(value) = recall(&entry, &name) {
                held.value = value;
            } else if held.path == path {
                // Another path is another page, which this one is only just leaving for.
                remember(&entry, &name, held.value.clone());
            }
            held.entry.clone_from(&entry);
            path.clone_into(&mut held.path);
        }
        held.value.clone()
    };
    Kept { now, held, name, renew }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: AttrValue = AttrValue::Static("page");
    const TEXT: AttrValue = AttrValue::Static("text");

    fn entry(name: &str) -> Entry {
        Entry(name.to_owned())
    }

    #[test]
    fn an_entry_has_what_was_kept_for_it_and_hands_it_on() {
        let (one, two) = (entry("1"), entry("2"));
        remember(&one, &PAGE, 3_u32);
        remember(&one, &TEXT, "lin".to_owned());
        remember(&two, &PAGE, 1_u32);
        remember(&one, &PAGE, 4_u32);
        remember(&one, &SCROLLED, 5_u32);
        assert_eq!(recall(&one, &PAGE), Some(4_u32));
        assert_eq!(recall(&two, &PAGE), Some(1_u32));
        assert_eq!(recall::<u32>(&one, &TEXT), None);
        let three = entry("3");
        hand_on(&one, &three);
        assert_eq!(recall(&three, &TEXT), Some("lin".to_owned()));
        assert_eq!(recall::<u32>(&one, &PAGE), None);
        assert_eq!(recall::<u32>(&three, &SCROLLED), None);
        forget_all();
        assert_eq!(recall::<u32>(&two, &PAGE), None);
    }

    #[test]
    fn what_was_written_long_ago_goes() {
        for number in 0..=MOST {
            remember(&entry(&number.to_string()), &PAGE, number);
        }
        assert_eq!(recall::<usize>(&entry("0"), &PAGE), None);
        assert_eq!(recall(&entry("1"), &PAGE), Some(1_usize));
        forget_all();
    }
}
