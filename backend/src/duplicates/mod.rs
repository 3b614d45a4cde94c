//! Customers who may be one: a search over the whole bank finds them, somebody decides. Two who are one are merged in `merging`.

mod check;
mod likeness;
mod pairs;
mod routes;
mod search;
mod store;
#[cfg(test)]
mod tests;

pub use check::check;
pub(crate) use pairs::DUPLICATES;
pub use pairs::{dismiss, merged, pair, pairs, reopen, told_apart};
pub use search::{find_now, run, start};

use guanxi_db::Id;

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::list_duplicates)
        .service(routes::get_duplicate)
        .service(routes::dismiss_duplicate)
        .service(routes::reopen_duplicate)
        .service(routes::search_duplicates)
        .service(routes::check_for_duplicate);
}

/// Marks ids of pairs of customers.
#[derive(Debug)]
pub enum DuplicatePairMark {}
pub type DuplicatePairId = Id<DuplicatePairMark>;
