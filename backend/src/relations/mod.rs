//! Which customers belong together: relations with their inverse, the network around a customer, who has brought whom, and households with
//! their common balance sheet.
//!
//! A relation is one row, whichever side it is seen from. Whoever sees one of the two customers sees that there is a relation; who the other one
//! is only those are told who see it as well. The same holds for the members of a household, and what is summed up is what the actor sees.

mod balance;
mod households;
mod joining;
mod manage;
mod network;
mod routes;
mod rules;
mod store;
#[cfg(test)]
mod tests;
mod ties;

pub use balance::balance_sheet;
pub(crate) use households::HOUSEHOLDS;
pub use households::{
    archive_household, change_household, change_members, create_household, household, household_history,
    households_of, list_households, lock_households, renew_sounds, restore_household, search_households,
};
pub use joining::{
    Gathering, Joined, Joining, Left, WasMember, household_stands, is_household_full, join_many, leave,
};
pub use manage::{
    archive, change, create, move_relations, move_relations_back, relation, relation_stands, relations,
    restore,
};
pub use network::{network, referrals};
pub use ties::{Tie, Tied, Told, check_told, misfit, tie_many, tied_among};

use guanxi_db::Id;

use crate::error::{Error, Result};

/// Marks ids of relations.
#[derive(Debug)]
pub enum RelationMark {}
/// Marks ids of households.
#[derive(Debug)]
pub enum HouseholdMark {}

pub type RelationId = Id<RelationMark>;
pub type HouseholdId = Id<HouseholdMark>;

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::list_relations)
        .service(routes::create_relation)
        .service(routes::change_relation)
        .service(routes::archive_relation)
        .service(routes::restore_relation)
        .service(routes::get_network)
        .service(routes::get_referrals)
        .service(routes::list_households_of_customer)
        .service(routes::list_households)
        .service(routes::create_household)
        .service(routes::search_households)
        .service(routes::get_household)
        .service(routes::change_household)
        .service(routes::archive_household)
        .service(routes::restore_household)
        .service(routes::get_household_history)
        .service(routes::get_balance_sheet);
}

/// A code that the database holds, as its type.
fn known<T>(value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::internal("a code that is none"))
}
