//! What is true of customers whatever the database and the protocol: pure functions over values.

pub mod completeness;
pub mod contact;
pub mod customer_no;
pub mod identity;
pub mod search;
