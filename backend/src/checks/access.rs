//! Who may do what to whose customers, seen from the outside: every operation, every role, every place that a customer can have.

mod canaries;
pub(super) mod cells;
mod existence;
mod masked_fields;
mod masking;
mod mass_assignment;
pub(super) mod matrix;
pub(super) mod policy;
mod rows;
mod surveys;
mod sweep;
pub(super) mod things;
