//! Contacts with customers: who was in touch, how, what about, and what came of it; the timeline of a customer, and the search in notes.
//!
//! A contact belongs to its customer: whoever sees the customer sees its contacts, with their notes. It is written by its author alone.
//! For a day the author changes it freely, later with a reason that stands in the history; a manager who sees the customer always may.
//! Its next step becomes a task in the same transaction. When the customer was last reached stands in the customer's figures.
//!
//! Notes are personal data: they are searched through a body, and stand in no URL, log or change event.

mod change;
mod create;
mod list;
mod routes;
mod rules;
mod store;
mod targets;
#[cfg(test)]
mod tests;
mod view;

pub use change::{archive, change, refresh_last_contact, restore};
pub use create::{Draft, Prepared, Ready, check, create_many, draft, make_ready, plan, write_many};
pub(crate) use list::INTERACTIONS;
#[cfg(test)]
pub(crate) use list::{FIELDS, search_by};
pub use list::{complaints_among, latest, list, search, timeline};
pub use targets::{set_targets, targets};
pub use view::{contacted_among, history, read};

use guanxi_db::Id;

use crate::error::{Error, Result};

/// Marks ids of interactions.
#[derive(Debug)]
pub enum InteractionMark {}
pub type InteractionId = Id<InteractionMark>;

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::list_interactions)
        .service(routes::search_interactions)
        .service(routes::get_interaction)
        .service(routes::change_interaction)
        .service(routes::archive_interaction)
        .service(routes::restore_interaction)
        .service(routes::get_interaction_history)
        .service(routes::list_customer_interactions)
        .service(routes::create_interaction)
        .service(routes::get_contact_targets)
        .service(routes::set_contact_targets);
}

/// A code that the database holds, as its type.
fn known<T>(value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::internal("a code that is none"))
}
