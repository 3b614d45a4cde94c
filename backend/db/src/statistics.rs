use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::sqlite::SqliteConnection;

use crate::{DbConn, DbError};

/// Lets the engine look at all of its tables, so that it plans with their true sizes: after much was written at once.
///
/// # Errors
/// When the database fails.
pub fn analyse(conn: &mut DbConn) -> Result<(), DbError> {
    match conn {
        // Only this transaction may take as long as it needs.
        DbConn::Pg(conn) => conn.batch_execute("SET LOCAL statement_timeout = 0; ANALYZE")?,
        DbConn::Sqlite(conn) => {
            conn.batch_execute("ANALYZE")?;
            forget_samples(conn)?;
        }
    }
    Ok(())
}

/// Lets SQLite look at the tables that it has never looked at or that are ten times as large as when it did, a thousand rows of an index
/// at most. PostgreSQL sees to that by itself.
///
/// # Errors
/// When the database fails.
pub fn renew_statistics(conn: &mut DbConn) -> Result<(), DbError> {
    if let DbConn::Sqlite(conn) = conn {
        conn.batch_execute(
            "PRAGMA analysis_limit = 1000; PRAGMA optimize = 0x10002; PRAGMA analysis_limit = 0",
        )?;
        forget_samples(conn)?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Sampled {
    #[diesel(sql_type = Bool)]
    has_samples: bool,
}

/// Drops the samples of values that ANALYZE takes: plans here do not depend on values (QPSG), and every connection would keep all samples
/// in memory.
fn forget_samples(conn: &mut SqliteConnection) -> Result<(), DbError> {
    let sampled: Sampled = diesel::sql_query(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat4') AS has_samples",
    )
    .get_result(conn)?;
    if sampled.has_samples {
        conn.batch_execute("DELETE FROM sqlite_stat4")?;
    }
    Ok(())
}
