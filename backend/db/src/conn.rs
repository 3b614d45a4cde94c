use diesel::MultiConnection;
use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

/// A connection to either engine.
#[derive(MultiConnection)]
pub enum DbConn {
    Pg(PgConnection),
    Sqlite(SqliteConnection),
}

/// Which database stands behind a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Postgres,
    Sqlite,
}

impl DbConn {
    pub fn engine(&self) -> Engine {
        match self {
            DbConn::Pg(_) => Engine::Postgres,
            DbConn::Sqlite(_) => Engine::Sqlite,
        }
    }
}

/// Runs one query text against whichever connection it is: for the statements that diesel supports on both engines but not on
/// their enum (`on_conflict`, batch insert, `as_returning`, `union`).
#[macro_export]
macro_rules! on_each {
    ($conn:ident => $query:expr) => {
        match $conn {
            $crate::DbConn::Pg($conn) => $query,
            $crate::DbConn::Sqlite($conn) => $query,
        }
    };
}
