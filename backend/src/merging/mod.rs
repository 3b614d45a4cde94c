//! Two customers who are one: everything of the one goes over to the other, and can be given back completely, also later and after further edits.
//!
//! Nothing is deleted. A ledger says which rows went over; what the other one has itself stays where it was, with the customer that is taken out of
//! the lists. The figures of both are kept as they were.

mod merge;
mod routes;
mod store;
#[cfg(test)]
mod tests;
mod undo;

pub(crate) use merge::MERGES;
pub use merge::{merge, merge_of, merges, preview};
pub use undo::undo;

use guanxi_db::Id;

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::preview_merge)
        .service(routes::merge_customers)
        .service(routes::list_merges)
        .service(routes::get_merge)
        .service(routes::undo_merge);
}

/// Marks ids of merges.
#[derive(Debug)]
pub enum CustomerMergeMark {}
pub type CustomerMergeId = Id<CustomerMergeMark>;
