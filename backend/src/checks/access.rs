//! Who may do what to whose customers, seen from the outside: every operation, every role, every place that a customer can have.

mod canaries;
mod cells;
mod existence;
mod masked_fields;
mod masking;
mod mass_assignment;
mod matrix;
mod policy;
mod rows;
mod surveys;
mod sweep;
mod things;
