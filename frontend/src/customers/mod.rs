//! Customers: finding them, reading and changing what is known of them, adding one.

mod actions;
mod bulk;
mod columns;
mod completeness;
mod contacts;
mod dealings;
mod facts;
mod history;
mod identity;
mod list;
mod new;
mod overview;
mod page;
mod profile;
mod reveal;
mod standing;
mod team;
mod wealth;

pub use bulk::{Bulk, BulkDialog, BulkDialogProps};
pub use completeness::missing_words;
pub use list::CustomersPage;
pub use new::NewCustomerPage;
pub use page::{CustomerPage, Subject};

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
    static LISTED: RefCell<Vec<Uuid>> = const { RefCell::new(Vec::new()) };
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

/// Notes the customers that a list shows, in their order.
pub fn listed(ids: Vec<Uuid>) {
    LISTED.set(ids);
}

/// Where a customer stands in the list that was seen last: its place, and who comes before and after.
#[derive(Clone, PartialEq, Debug)]
struct Neighbours {
    place: usize,
    count: usize,
    before: Option<Uuid>,
    after: Option<Uuid>,
}

fn neighbours(id: Uuid) -> Option<Neighbours> {
    LISTED.with_borrow(|list| {
        let at = list.iter().position(|other| *other == id)?;
        let before = at.checked_sub(1).and_then(|before| list.get(before)).copied();
        Some(Neighbours { place: at + 1, count: list.len(), before, after: list.get(at + 1).copied() })
    })
}

/// What a field of the profile is called.
pub fn fact_label(path: &str, i: I18n) -> Option<AttrValue> {
    CustomerKind::ALL.iter().find_map(|kind| facts::find(*kind, path)).map(|fact| i.t(fact.label))
}

/// A field of the profile and its value in words; nothing for what is no such field.
pub fn fact_words(path: &str, value: &serde_json::Value, i: I18n) -> Option<(AttrValue, AttrValue)> {
    let fact = CustomerKind::ALL.iter().find_map(|kind| facts::find(*kind, path))?;
    Some((i.t(fact.label), fact.words(value, i)))
}

/// Forgets them, when another user signs in.
pub fn forget_recent() {
    RECENT.take();
    LISTED.take();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_those_of_the_list() {
        let ids: Vec<Uuid> = (1..=3).map(Uuid::from_u128).collect();
        listed(ids.clone());
        let at = |place, before, after| Some(Neighbours { place, count: 3, before, after });
        assert_eq!(neighbours(ids[0]), at(1, None, Some(ids[1])));
        assert_eq!(neighbours(ids[1]), at(2, Some(ids[0]), Some(ids[2])));
        assert_eq!(neighbours(ids[2]), at(3, Some(ids[1]), None));
        assert_eq!(neighbours(Uuid::from_u128(9)), None);
        forget_recent();
        assert_eq!(neighbours(ids[0]), None);
    }
}
