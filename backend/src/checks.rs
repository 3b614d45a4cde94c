//! The checks that prove that the house holds, each named after its row (`a2_…`, `b1_…`), so that `cargo xtask check A2` runs it.

mod access;
mod architecture;
mod concurrency;
mod contract;
mod database;
mod headers;
mod paging;
mod plans;
mod sessions;
