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

/// Inserts many rows: by COPY on PostgreSQL, which reads a row without parsing a text for it and without a plan; a statement for as
/// many as SQLite binds values at once.
///
/// `$rows` is a slice, or a vector, of what the table takes with every column given.
#[macro_export]
macro_rules! insert_many {
    ($conn:ident, $table:expr, $rows:expr) => {{
        let rows = $rows;
        match $conn {
            _ if rows.is_empty() => Ok(0),
            $crate::DbConn::Pg(conn) if rows.len() >= $crate::COPY_FROM => {
                diesel::copy_from($table).from_insertable(rows).execute(conn)
            }
            $crate::DbConn::Pg(conn) => diesel::insert_into($table).values(rows).execute(conn),
            $crate::DbConn::Sqlite(conn) => diesel::insert_into($table).values(rows).execute(conn),
        }
    }};
}

/// From so many rows on COPY is worth its second round trip.
pub const COPY_FROM: usize = 8;
