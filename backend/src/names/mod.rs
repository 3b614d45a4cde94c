//! Names of people and organisations: how they are read, sorted and found. Pure functions that rooms share, so that customers and
//! staff are found by the same rules.

pub mod reading;
pub mod search;
mod sort;
pub mod variants;

pub use sort::name_sort;
