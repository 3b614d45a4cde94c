//! What people are to do, and by when: set by hand, as the next step of a contact ([`open`]), or for something that
//! happened ([`open_for`]).
//!
//! A task about a customer belongs to whoever looks after that customer: all of them see it and may work it, and it leaves the sight of
//! an assignee who no longer sees the customer. A task about nobody is its assignee's and its creator's. Service staff, who see every
//! customer, see the tasks that they set or were given. A task ends by being done or cancelled, and can be opened again.

mod list;
mod open;
mod routes;
mod rules;
mod store;
#[cfg(test)]
mod tests;
mod view;
mod work;

#[cfg(test)]
pub(crate) use list::FIELDS;
pub(crate) use list::TASKS;
pub use list::{
    due, list, low_scores, no_task_for, of_customer, open_about, open_among, planned_visits, steps_of,
};
pub use open::{
    Checked, Opening, Prepared, check, check_due, create, create_many, open, open_for, recording, write,
};
pub use view::{assignees, concerned_among, history, read};
pub use work::{Work, change, end, pass_on, work};

use guanxi_db::Id;

use crate::error::{Error, Result};

/// Marks ids of tasks.
#[derive(Debug)]
pub enum TaskMark {}
pub type TaskId = Id<TaskMark>;

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::list_tasks)
        .service(routes::create_task)
        .service(routes::list_assignees)
        .service(routes::get_task)
        .service(routes::change_task)
        .service(routes::complete_task)
        .service(routes::postpone_task)
        .service(routes::hand_over_task)
        .service(routes::cancel_task)
        .service(routes::reopen_task)
        .service(routes::get_task_history)
        .service(routes::list_customer_tasks);
}

/// A code that the database holds, as its type.
fn known<T>(value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::internal("a code that is none"))
}
