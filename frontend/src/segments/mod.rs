//! Segments: customers who are alike, by which rules, and how they are served.

mod builder;
mod fields;
mod form;
mod page;
mod rule;
mod tab;

pub use page::SegmentsPage;
pub use tab::{SegmentsTab, SegmentsTabProps};
