//! What is done to many customers at once: handing them over, setting a task about each, giving them a tag
//! or taking it. A job does it, some customers in a transaction, each
//! with the rights that the user who started it has at that moment; whom they may not change is left as it is and counted, with the reason.
//! A job of its own takes it back, as far as things are still what it made them.

mod routes;
mod run;
mod start;
#[cfg(test)]
mod tests;
mod undo;

pub use run::run;
pub use start::{start, start_undo};

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config.service(routes::start_bulk_action).service(routes::undo_bulk_action);
}
