//! Grades: how much a customer is worth, by a score whose parts are shown, with what it brings and costs, its lifetime value and the recency,
//! frequency and monetary value of its purchases.
//!
//! The rules are the bank's. Customers are graded anew when the change feed tells of something that the score follows from, when the rules change,
//! and each day, because purchases and contacts grow old. What a customer's page shows is worked out when it is asked for; what lists and the report need
//! is kept.

mod evaluation;
mod measures;
mod policy;
mod report;
mod routes;
mod rules;
mod store;
#[cfg(test)]
mod tests;

pub use evaluation::{do_some_work, has_work, misgraded, of_customer};
pub use policy::{cadences, policy, set_policy};
pub use report::report;

use crate::error::{Error, Result};

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::get_grade_policy)
        .service(routes::set_grade_policy)
        .service(routes::get_customer_grade)
        .service(routes::get_value_report);
}

/// A code that the database holds, as its type.
fn known<T>(value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::internal("a code that is none"))
}
