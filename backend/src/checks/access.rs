//! Who may do what to whose customers, seen from the outside: every operation, every role, every place that a customer can have.

mod existence;
mod mass_assignment;
mod masking;
mod matrix;
mod policy;
mod rows;
