//! The database layer: the only place that knows there are two engines.
//!
//! One text for both: queries are written once against [`DbConn`], diesel's enum over a PostgreSQL and a SQLite connection.
//!
//! | works on `&mut DbConn` directly | needs [`on_each!`] (same text, checked for both) | differs, so it is a `match` in here |
//! |---|---|---|
//! | select, joins, group, boxed queries, single-row insert, update, delete, `returning(columns)` | `on_conflict`, `as_returning`, `union` | row locks, full text, sequences, pragmas |
//!
//! Many rows of one table go in by [`insert_many!`].
//!
//! Rooms get their connection from [`Db::read`], [`Db::snapshot`] or [`Db::write`] and never open a transaction themselves.

#![forbid(unsafe_code)]

pub mod backup;
mod condition;
mod conn;
mod error;
mod instrument;
pub mod load;
mod manager;
mod migrate;
pub mod notes;
mod pool;
pub mod schema;
pub mod search;
mod sequence;
mod sqlite;
mod statement;
mod statistics;
mod types;

pub use condition::{Condition, Ordering, Value};
pub use conn::{COPY_FROM, DbConn, Engine, MultiBackend};
pub use error::DbError;
pub use manager::DatabaseUrl;
pub use migrate::{known_versions, migrate, pending_migrations};
pub use pool::{Db, DbOptions};
pub use sequence::{next_customer_number, next_customer_numbers};
pub use statement::{Statement, execute_all};
pub use statistics::{analyse, renew_statistics};
pub use types::{Coded, Day, DbDoc, DbMoment, DbUuid, Doc, Id, Moment};
