//! The customers of the bank: persons and organisations, how to reach them, who looks after them, and how they are found.
//!
//! Every function takes the actor, whose [`Scope`](crate::access::Scope) says which customers exist for them: any other is
//! not found. Identity numbers and contact points are stored encrypted, found by keyed hashes and shown masked; [`reveal`]
//! gives them in the clear, on record. A change is made from a version and fails when it is no longer the newest.

mod bulk;
mod change;
mod comparable;
mod completeness;
mod contact_points;
mod contacted;
mod create;
mod duplicates;
mod external_ids;
mod fields;
mod grading;
mod list;
mod merge;
mod owners;
mod ownership;
mod portfolio;
mod profile;
mod provenance;
mod reveal;
mod routes;
pub mod rules;
mod selection;
mod store;
mod tags;
#[cfg(test)]
mod tests;
mod tiers;
mod view;
mod withdrawal;

pub use bulk::{
    BulkLine, BulkOutcomeId, LineOutcome, ids_by_keys, kept_outcome, purge_bulk_outcomes, try_upsert_many,
    upsert_lines, upsert_many,
};
pub use change::{archive, change, renew_search, restore};
pub use comparable::{Comparable, comparable_after, count_in_lists};
pub use completeness::{renew_completeness, wrong_completeness};
pub use contact_points::{add_contact_point, change_contact_point, remove_contact_point};
pub use contacted::{contacted, contacted_many, is_seen_by, lock_figures, named, set_last_contact};
pub use create::{Prepared, Ready, create, create_many, make_ready, write_many};
pub use duplicates::{Likely, LikelyTold, likely, likely_told};
pub use external_ids::{Upserted, remove_external_id, set_external_id, upsert};
pub(crate) use fields::CUSTOMERS;
#[cfg(test)]
pub(crate) use fields::FIELDS;
pub use grading::{Graded, grades_of, set_grades};
#[cfg(test)]
pub(crate) use list::{Reach, search_by};
pub use list::{list, list_chosen, search};
pub use merge::{Differences, TakenOver, differences, give_back, merged_into, take_over};
pub(crate) use owners::{LOSSES, OWNERSHIP};
pub use owners::{claim, fall_back, hand_over, losses, ownership_of, sign, sign_all, unsigned, wrong_owners};
pub use ownership::{add_to_team, assign, assign_now, can_place, set_team};
pub use portfolio::{fold_portfolio, portfolio_has_changes};
pub use provenance::{
    CONFLICTS, ConflictBefore, FieldConflictMark, OpenedConflict, conflict, conflicts, field_history,
    field_sources, resolve, set_verified, withdraw_conflict,
};
pub use reveal::reveal;
pub(crate) use routes::changed;
pub use selection::{
    CustomerBrief, Place, brief, briefs, briefs_by_filter, ids_after, lock_all, places, related,
    wants_no_contact,
};
pub(crate) use tags::TAGS;
pub use tags::{
    Given, archive_tag, change_tag, create_tag, give_tag, list_tags, put_tag_back, restore_tag, tag,
    tag_history, tags_of, tags_of_seen, take_tag, wrong_tag_counts,
};
pub use tiers::{
    Assets, KeptFigures, Largest, figures_version, has_tiers_to_review, join_balances, keep_figures, lock,
    move_balances, plan_tiers, put_figures_back, put_in_force, retier_some, review_some_tiers,
    review_tiers_of, set_assets, set_tiers, simulate_tiers, tell_of_figures, tier_for, tier_history,
    tier_policies, tiers,
};
pub(crate) use tiers::{TIER_HISTORY, TIER_POLICIES};
pub use view::{changeable, changeable_among, history, read, some_changeable, visible};
pub use withdrawal::{CustomerState, put_back, withdraw};

use guanxi_db::Id;

use crate::access::Keys;
use crate::access::sealing::Context;
use crate::error::{Error, Result};
use crate::installation::Settings;
use crate::org::Directory;

/// Marks ids of customers.
#[derive(Debug)]
pub enum CustomerMark {}
/// Marks ids of contact points.
#[derive(Debug)]
pub enum ContactPointMark {}

/// Marks ids of tags.
#[derive(Debug)]
pub enum TagMark {}

/// Marks ids of policies of tiers.
#[derive(Debug)]
pub enum TierPolicyMark {}

pub type CustomerId = Id<CustomerMark>;
pub type ContactPointId = Id<ContactPointMark>;
pub type TagId = Id<TagMark>;
pub type TierPolicyId = Id<TierPolicyMark>;

/// What the rules of this room need beside the actor: keys, settings, and the names of units and users.
#[derive(Clone, Copy, Debug)]
pub struct House<'a> {
    pub keys: &'a Keys,
    pub settings: &'a Settings,
    pub directory: &'a Directory,
}

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::list_customers)
        .service(routes::create_customer)
        .service(routes::search_customers)
        .service(routes::upsert_customer)
        .service(routes::upsert_customers)
        .service(routes::get_customer)
        .service(routes::change_customer)
        .service(routes::archive_customer)
        .service(routes::restore_customer)
        .service(routes::get_customer_history)
        .service(routes::reveal_customer)
        .service(routes::assign_customer)
        .service(routes::set_customer_team)
        .service(routes::add_contact_point)
        .service(routes::change_contact_point)
        .service(routes::remove_contact_point)
        .service(routes::set_external_id)
        .service(routes::remove_external_id)
        .service(tags::routes::list_tags)
        .service(tags::routes::create_tag)
        .service(tags::routes::get_tag)
        .service(tags::routes::change_tag)
        .service(tags::routes::archive_tag)
        .service(tags::routes::restore_tag)
        .service(tags::routes::tag_history)
        .service(tags::routes::get_customer_tags)
        .service(tags::routes::give_customer_tag)
        .service(tags::routes::take_customer_tag)
        .service(tiers::routes::get_tiers)
        .service(tiers::routes::set_tiers)
        .service(tiers::routes::simulate_tiers)
        .service(tiers::routes::list_tier_policies)
        .service(tiers::routes::plan_tiers)
        .service(tiers::routes::get_tier_policy)
        .service(tiers::routes::change_planned_tiers)
        .service(tiers::routes::withdraw_planned_tiers)
        .service(tiers::routes::tier_history)
        .service(provenance::routes::get_field_sources)
        .service(provenance::routes::set_field_verification)
        .service(provenance::routes::get_field_history)
        .service(provenance::routes::list_field_conflicts)
        .service(provenance::routes::get_field_conflict)
        .service(provenance::routes::resolve_field_conflict);
}

/// Purposes of keyed hashes: equal values of two kinds have nothing in common.
mod purpose {
    pub(super) const IDENTITY: &str = "identity";
    pub(super) const CONTACT: &str = "contact";
    pub(super) const PHONE_TAIL: &str = "phone_tail";
}

fn identity_context(id: &CustomerId) -> Context<'_> {
    Context { table: "identity_document", column: "cipher", id: id.as_bytes() }
}

fn contact_context(id: &ContactPointId) -> Context<'_> {
    Context { table: "contact_point", column: "cipher", id: id.as_bytes() }
}

fn seal(keys: &Keys, value: &str, context: &Context<'_>) -> Result<Vec<u8>> {
    keys.data().seal(value.as_bytes(), context).map_err(Error::internal)
}

fn open(keys: &Keys, sealed: &[u8], context: &Context<'_>) -> Result<String> {
    keys.data().open_text(sealed, context).map_err(Error::internal)
}

/// A code that the database holds, as its type.
pub(crate) fn known<T>(value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::internal("a code that is none"))
}
