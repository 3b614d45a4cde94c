//! Who looks after a customer: which roles a tier demands and who lacks them ([`care`]), and the handover of a book from one relationship
//! manager to others ([`handovers`]). The record of owners itself is kept by `customers`, in the transaction that changes an owner.
//!
//! What a customer's care lacks is kept in `customer_care` as customers are looked at: the job loop follows the change feed and looks at whom the
//! events are about, and walks over all customers when the rules have changed.

mod care;
mod carrying;
mod handovers;
mod routes;
mod rules;
mod sheet;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use care::GAPS;
pub use care::{complete_team, do_some_work, gaps, has_work, set_team_rules, team_rules, wrong_care};
pub use carrying::{do_some_handing, has_handing, purge_access};
pub(crate) use handovers::HANDOVERS;
pub use handovers::{answer, cancel, handover, list, propose};
pub(crate) use sheet::SHEET;
pub use sheet::lines;

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
        .service(routes::list_handover_customers);
}

/// A code that the database holds, as its type.
fn known<T>(value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::internal("a code that is none"))
}
