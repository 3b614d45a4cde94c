//! Customers: finding them, reading and changing what is known of them, adding one.

mod actions;
mod columns;
mod contacts;
mod facts;
mod history;
mod identity;
mod list;
mod new;
mod page;
mod profile;
mod reveal;
mod team;
mod wealth;

pub use list::CustomersPage;
pub use new::NewCustomerPage;
pub use page::CustomerPage;

use std::cell::RefCell;

use guanxi_api::{CustomerKind, CustomerStatus};
use uuid::Uuid;
use yew::AttrValue;

use crate::i18n::I18n;
use crate::ui::Tone;

/// A customer that was looked at in this visit.
#[derive(Clone, PartialEq)]
pub struct Recent {
    pub id: Uuid,
    pub name: String,
    pub customer_no: String,
}

thread_local! {
    // In memory only: names are personal data and the browser's storage outlives the visit.
    static RECENT: RefCell<Vec<Recent>> = const { RefCell::new(Vec::new()) };
}

/// Notes that a customer has been opened.
fn visited(recent: Recent) {
    RECENT.with_borrow_mut(|list| {
        list.retain(|other| other.id != recent.id);
        list.insert(0, recent);
        list.truncate(8);
    });
}

/// The customers opened last, the last one first.
pub fn recent() -> Vec<Recent> {
    RECENT.with_borrow(Clone::clone)
}

/// What a field of the profile is called.
pub fn fact_label(path: &str, i: I18n) -> Option<AttrValue> {
    CustomerKind::ALL.iter().find_map(|kind| facts::find(*kind, path)).map(|fact| i.t(fact.label))
}

/// Forgets them, when another user signs in.
pub fn forget_recent() {
    RECENT.take();
}

/// What a status says beyond its word.
const fn tone_of(status: CustomerStatus) -> Tone {
    match status {
        CustomerStatus::Prospect => Tone::Information,
        CustomerStatus::Active => Tone::Good,
        CustomerStatus::Dormant => Tone::Warning,
        CustomerStatus::Lost => Tone::Neutral,
    }
}
