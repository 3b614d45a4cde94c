//! Customers who are alike: schemes of segments, each with a rule over profile, holdings and behaviour.
//!
//! Of a scheme a customer is in at most one segment, the first by rank whose rule holds. The rules run as SQL, those of a scheme in one
//! statement. Customers are put into segments anew when the change feed tells of something that rules speak of, when a rule changes, and
//! each day, because age and behaviour change by themselves. A person may decide otherwise, with a reason and for as long as they say.

mod catalogue;
mod evaluation;
pub(crate) mod fields;
mod members;
mod preview;
mod routes;
mod store;
#[cfg(test)]
mod tests;

pub use catalogue::{
    archive_scheme, archive_segment, create_scheme, create_segment, restore_scheme, restore_segment, scheme,
    schemes, segment, set_scheme, set_segment,
};
pub use evaluation::{do_some_work, has_work, misplaced};
pub use members::{cadences, cadences_of, end_override, of_customer, override_segment};
pub use preview::{preview, report};

use guanxi_db::Id;

use crate::error::{Error, Result};

/// Marks ids of schemes.
#[derive(Debug)]
pub enum SchemeMark {}
/// Marks ids of segments.
#[derive(Debug)]
pub enum SegmentMark {}

pub type SchemeId = Id<SchemeMark>;
pub type SegmentId = Id<SegmentMark>;

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::list_segment_schemes)
        .service(routes::create_segment_scheme)
        .service(routes::get_segment_scheme)
        .service(routes::set_segment_scheme)
        .service(routes::archive_segment_scheme)
        .service(routes::restore_segment_scheme)
        .service(routes::create_segment)
        .service(routes::preview_segment)
        .service(routes::get_segment)
        .service(routes::set_segment)
        .service(routes::archive_segment)
        .service(routes::restore_segment)
        .service(routes::get_customer_segments)
        .service(routes::override_customer_segment)
        .service(routes::end_customer_segment_override)
        .service(routes::get_segment_report);
}

/// A code that the database holds, as its type.
fn known<T>(value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::internal("a code that is none"))
}
