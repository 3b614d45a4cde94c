//! Work on many rows that a change makes due: written down in the transaction of the change, done by the job loop in chunks that are
//! short transactions. How far it is stands in the row, so it goes on after a crash; a change during it starts it again.

mod store;

use guanxi_db::{DbConn, Id};

use crate::access::Actor;
use crate::error::Result;

macro_rules! kinds {
    ($($(#[$meta:meta])* $name:ident = $code:literal,)+) => {
        /// What is to be done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($(#[$meta])* $name),+ }

        impl Kind {
            const fn as_str(self) -> &'static str {
                match self { $(Kind::$name => $code),+ }
            }

            fn from_code(code: &str) -> Option<Kind> {
                match code { $($code => Some(Kind::$name),)+ _ => None }
            }
        }
    };
}

kinds! {
    /// The subject, a currency, has another rate: the holdings in it are valued anew.
    Currency = "currency",
    /// The subject, a product, counts as an asset from now on, or no more: its holders are valued anew.
    Product = "product",
    /// The thresholds of the tiers changed: all customers are sorted anew.
    Tiers = "tiers",
}

/// A piece of work.
#[derive(Clone, Debug)]
pub struct Work {
    pub kind: Kind,
    /// What it is about, such as a currency.
    pub subject: String,
    /// The last row that is done.
    pub after: Option<Id<()>>,
}

/// Makes work due. Where the same is being done, it starts again.
///
/// # Errors
/// When the database fails.
pub fn add(conn: &mut DbConn, actor: &Actor, kind: Kind, subject: &str) -> Result<()> {
    store::add(conn, kind.as_str(), subject, actor.now())
}

/// The oldest work that is due, nobody else's until the transaction ends.
///
/// # Errors
/// When the database fails.
pub fn next(conn: &mut DbConn) -> Result<Option<Work>> {
    let row = store::next(conn)?;
    Ok(row.and_then(|row| Some(Work { kind: Kind::from_code(&row.0)?, subject: row.1, after: row.2 })))
}

/// Says how far a piece of work is; without a last row, that it is done.
///
/// # Errors
/// When the database fails.
pub fn advance(conn: &mut DbConn, work: &Work, last: Option<Id<()>>) -> Result<()> {
    match last {
        Some(last) => store::advance(conn, work.kind.as_str(), &work.subject, last),
        None => store::finish(conn, work.kind.as_str(), &work.subject),
    }
}

/// How many pieces of work are due.
///
/// # Errors
/// When the database fails.
pub fn count(conn: &mut DbConn) -> Result<i64> {
    store::count(conn)
}
