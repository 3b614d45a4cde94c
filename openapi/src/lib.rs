//! The REST contract of Guanxi as Rust types: what goes over the wire, no more.
//!
//! The server serialises these types and the web app reads them, so the two cannot drift apart; `openapi.json` beside this
//! crate is generated from them (feature `schema`) for everyone else. The rules that a form can check before it is sent
//! (lengths, ranges) are `validator` rules on the types; rules that need the database are the server's.
//!
//! Conventions: every code is lower `snake_case`; ids are UUIDv7; instants are UTC with six digits; money is a string with
//! four decimals beside its currency; in a patch an absent member is unchanged and `null` clears.

#![forbid(unsafe_code)]

mod audit;
mod bulk;
mod bulk_actions;
mod care_plans;
mod codes;
mod common;
mod customers;
mod duplicates;
mod exports;
mod grades;
mod holdings;
mod imports;
mod interactions;
mod jobs;
mod leader_visits;
mod org;
mod overview;
mod ownership;
mod page;
mod pool;
mod problem;
mod products;
mod provenance;
mod relations;
mod reports;
mod segments;
mod session;
mod stand_ins;
mod surveys;
mod tags;
mod tasks;
mod tiers;
mod today;
mod users;
mod views;

pub use audit::*;
pub use bulk::*;
pub use bulk_actions::*;
pub use care_plans::*;
pub use codes::*;
pub use common::*;
pub use customers::*;
pub use duplicates::*;
pub use exports::*;
pub use grades::*;
pub use holdings::*;
pub use imports::*;
pub use interactions::*;
pub use jobs::*;
pub use leader_visits::*;
pub use org::*;
pub use overview::*;
pub use ownership::*;
pub use page::*;
pub use pool::*;
pub use problem::*;
pub use products::*;
pub use provenance::*;
pub use relations::*;
pub use reports::*;
pub use segments::*;
pub use session::*;
pub use stand_ins::*;
pub use surveys::*;
pub use tags::*;
pub use tasks::*;
pub use tiers::*;
pub use today::*;
pub use users::*;
pub use views::*;
