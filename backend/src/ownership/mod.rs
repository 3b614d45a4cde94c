//! Who looks after a customer: which roles a tier demands and who lacks them ([`care`]), the handover of a book from one relationship
//! manager to others ([`handovers`]), who stands in for one who is away ([`stand_ins`]), what is to be reached with a customer ([`plans`]), when
//! its leaders visit it ([`visits`]), and the pool that customers without a contact fall back to ([`pool`]). The record of owners itself is kept
//! by `customers`, in the transaction that changes an owner.
//!
//! What a customer's care lacks is kept in `customer_care` as customers are looked at: the job loop follows the change feed and looks at whom the
//! events are about, and walks over all customers when the rules have changed.

mod care;
mod carrying;
mod handovers;
pub mod plans;
pub mod pool;
mod routes;
mod rules;
mod sheet;
pub mod stand_ins;
mod store;
#[cfg(test)]
mod tests;
pub mod visits;

pub(crate) use care::GAPS;
pub use care::{complete_team, do_some_work, gaps, has_work, set_team_rules, team_rules, wrong_care};
pub use carrying::{do_some_handing, has_handing, purge_access};
pub(crate) use handovers::HANDOVERS;
pub use handovers::{answer, cancel, handover, list, propose};
pub(crate) use plans::PLANS;
pub(crate) use pool::{POOL, WARNINGS};
pub use pool::{do_some_pool_work, has_pool_work, wrong_pool};
pub(crate) use sheet::SHEET;
pub use sheet::lines;
pub(crate) use stand_ins::STAND_INS;
pub(crate) use visits::VISITS;
pub use visits::visits_due;

use guanxi_db::Id;

use crate::error::{Error, Result};

/// Marks ids of handovers.
#[derive(Debug)]
pub enum HandoverMark {}
pub type HandoverId = Id<HandoverMark>;

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::get_ownership)
        .service(routes::sign_ownership)
        .service(routes::list_losses)
        .service(routes::get_team_rules)
        .service(routes::set_team_rules)
        .service(routes::list_care_gaps)
        .service(routes::complete_team)
        .service(routes::list_handovers)
        .service(routes::propose_handover)
        .service(routes::get_handover)
        .service(routes::answer_handover)
        .service(routes::cancel_handover)
        .service(routes::list_handover_customers)
        .service(stand_ins::routes::list_stand_ins)
        .service(stand_ins::routes::arrange_stand_in)
        .service(stand_ins::routes::get_stand_in)
        .service(stand_ins::routes::change_stand_in)
        .service(stand_ins::routes::end_stand_in)
        .service(plans::routes::list_care_plans)
        .service(plans::routes::begin_care_plan)
        .service(plans::routes::get_care_plan)
        .service(plans::routes::change_care_plan)
        .service(plans::routes::add_care_step)
        .service(plans::routes::end_care_plan)
        .service(visits::routes::list_leader_visits)
        .service(visits::routes::plan_leader_visit)
        .service(pool::routes::list_pool)
        .service(pool::routes::claim_customer)
        .service(pool::routes::list_pool_warnings)
        .service(pool::routes::get_pool_policy)
        .service(pool::routes::set_pool_policy);
}

/// A code that the database holds, as its type.
fn known<T>(value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::internal("a code that is none"))
}
