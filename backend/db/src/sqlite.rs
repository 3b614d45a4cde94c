use diesel::connection::SimpleConnection;
use diesel::expression::functions::declare_sql_function;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;

use crate::DbError;

/// Below it, two connections that write and checkpoint together could corrupt the file (the WAL-reset bug).
const OLDEST_VERSION: [u32; 3] = [3, 51, 3];

/// Cache of a connection, in KiB.
const CACHE: i64 = 2000;
/// Size of a page, in KiB.
const PAGE_KIB: u32 = 4;

/// What every connection is set to, and must read back.
const PRAGMAS: [(&str, i64); 6] = [
    ("busy_timeout", 5000),
    ("foreign_keys", 1),
    // FULL: a commit is on the disk when it is acknowledged.
    ("synchronous", 2),
    ("mmap_size", 0),
    ("cache_size", -CACHE),
    ("trusted_schema", 0),
];

#[derive(QueryableByName)]
struct Reading {
    #[diesel(sql_type = Text)]
    value: String,
}

fn read(conn: &mut SqliteConnection, sql: &str) -> Result<Vec<String>, DbError> {
    Ok(diesel::sql_query(sql).load::<Reading>(conn)?.into_iter().map(|row| row.value).collect())
}

/// Sets up a new connection and refuses one that is not as it must be.
pub(crate) fn prepare(conn: &mut SqliteConnection) -> Result<(), DbError> {
    let refuse = |why: String| Err(DbError::Unavailable(why));
    conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL;")?;
    let mode = read(conn, "SELECT journal_mode AS value FROM pragma_journal_mode")?;
    if mode != ["wal"] {
        return refuse(format!("PRAGMA journal_mode reads {mode:?} instead of wal"));
    }
    for (name, value) in PRAGMAS {
        conn.batch_execute(&format!("PRAGMA {name} = {value}"))?;
    }
    for (name, value) in PRAGMAS {
        let found = diesel::dsl::sql::<BigInt>(&format!("PRAGMA {name}")).get_result::<i64>(conn)?;
        if found != value {
            return refuse(format!("PRAGMA {name} reads {found} instead of {value}"));
        }
    }
    Ok(())
}

/// Refuses a SQLite that is too old or built with options that make Guanxi slow or unsafe.
pub(crate) fn check_build(conn: &mut SqliteConnection) -> Result<(), DbError> {
    let version = read(conn, "SELECT sqlite_version() AS value")?.concat();
    let parts: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
    if parts.as_slice() < OLDEST_VERSION.as_slice() {
        return Err(DbError::Unavailable(format!("SQLite {version} is older than 3.51.3")));
    }
    let options = read(conn, "SELECT compile_options AS value FROM pragma_compile_options")?;
    let has = |option: &str| options.iter().any(|found| found == option);
    if !has("ENABLE_QPSG") || has("ENABLE_MEMORY_MANAGEMENT") || !has("THREADSAFE=2") {
        return Err(DbError::Unavailable(
            "SQLite was not built with the flags in .cargo/config.toml (LIBSQLITE3_FLAGS); build from the workspace".into(),
        ));
    }
    Ok(())
}

/// Sets up the connection that writes. No other one does, so what it has in its cache stays true from one commit to the next: `cache` KiB
/// of it. The log goes over to the database file on a thread of its own; the writer itself sees to it when it holds twice as much as the
/// cache, and as little of it is left to do then, the log soon begins anew. What undoes a savepoint is kept in memory too.
pub(crate) fn prepare_to_write(conn: &mut SqliteConnection, cache: u32) -> Result<(), DbError> {
    let pages = 2 * cache / PAGE_KIB;
    conn.batch_execute(&format!(
        "PRAGMA cache_size = -{cache}; PRAGMA wal_autocheckpoint = {pages}; PRAGMA temp_store = MEMORY"
    ))?;
    Ok(())
}

#[declare_sql_function]
extern "SQL" {
    /// How many rows the connection has written since it was opened.
    fn total_changes() -> BigInt;
}

/// How many rows the connection has written since it was opened, whether or not they stayed.
pub(crate) fn changed_rows(conn: &mut SqliteConnection) -> Result<i64, DbError> {
    Ok(diesel::select(total_changes()).get_result(conn)?)
}

/// Whether a transaction is open: some errors, such as that of a full disk, end it.
pub(crate) fn in_transaction(conn: &mut SqliteConnection) -> Result<bool, DbError> {
    // No statement tells; but another transaction can be begun only where none is open.
    if conn.batch_execute("BEGIN").is_err() {
        return Ok(true);
    }
    conn.batch_execute("ROLLBACK")?;
    Ok(false)
}

#[derive(QueryableByName)]
struct Pages {
    #[diesel(sql_type = BigInt)]
    log: i64,
    #[diesel(sql_type = BigInt)]
    checkpointed: i64,
}

/// Moves what the write-ahead log holds into the database file, if that is a quarter of a cache of this size, beside those who read and write.
pub(crate) fn checkpoint_beside(conn: &mut SqliteConnection, cache: u32) -> Result<(), DbError> {
    let waiting = diesel::sql_query("PRAGMA wal_checkpoint(NOOP)").get_result::<Pages>(conn)?;
    if waiting.log - waiting.checkpointed >= i64::from(cache / PAGE_KIB / 4) {
        diesel::sql_query("PRAGMA wal_checkpoint(PASSIVE)").execute(conn)?;
    }
    Ok(())
}

/// Moves what the write-ahead log holds into the database file and empties the log.
pub(crate) fn checkpoint(conn: &mut SqliteConnection) -> Result<(), DbError> {
    diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").execute(conn)?;
    Ok(())
}
