use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::sqlite::SqliteConnection;

use crate::{DbConn, DbError};

/// `ANALYZE` of PostgreSQL without a name takes every table of the database, and holds what it has taken until the transaction ends: whoever
/// changes tables in another schema at that time would wait for it, and it for them.
pub(crate) const ANALYSE_OWN: &str = "DO $$ DECLARE own text; BEGIN \
    FOR own IN SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename \
    LOOP EXECUTE 'ANALYZE ' || own; END LOOP; END $$";

/// Lets the engine look at all of its tables, so that it plans with their true sizes: after much was written at once.
///
/// # Errors
/// When the database fails.
pub fn analyse(conn: &mut DbConn) -> Result<(), DbError> {
    match conn {
        // Only this transaction may take as long as it needs.
        DbConn::Pg(conn) => conn.batch_execute(&format!("SET LOCAL statement_timeout = 0; {ANALYSE_OWN}"))?,
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
