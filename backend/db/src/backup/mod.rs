//! The whole database as one file, and the way back: a copy of a single instant, made while others write.
//!
//! | | SQLite | PostgreSQL |
//! |---|---|---|
//! | copy | `VACUUM INTO`, then a check of its integrity | `pg_dump` on a snapshot that this process has exported |
//! | what stands in the copy | the file itself | a second look at the same snapshot |
//! | restore | a file that appears by renaming | one transaction, from `pg_restore` through `psql` |

mod postgres;
mod programs;
mod sqlite;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::{DatabaseUrl, DbConn, DbError, Engine, migrate};

/// How many rows each table has.
pub type TableCounts = BTreeMap<String, i64>;

/// Why there is no copy, or no way back from one.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("{0}")]
    File(String),
    /// A program of PostgreSQL is missing, too old or not content.
    #[error("{0}")]
    Program(String),
    /// The copy is not whole.
    #[error("{0}")]
    Damaged(String),
    #[error("it was asked to stop")]
    Stopped,
}

impl CopyError {
    fn file(path: &Path, error: &io::Error) -> Self {
        CopyError::File(format!("{}: {error}", path.display()))
    }
}

impl From<diesel::result::Error> for CopyError {
    fn from(error: diesel::result::Error) -> Self {
        CopyError::Database(error.into())
    }
}

impl From<diesel::result::ConnectionError> for CopyError {
    fn from(error: diesel::result::ConnectionError) -> Self {
        CopyError::Database(error.into())
    }
}

/// Copies the database as it is at one instant into a new file that only its owner can read, and reads what `read` reads at that very
/// instant. Neither keeps anybody from writing. The file is on disk when this returns; when it fails, whoever called removes the file.
///
/// # Errors
/// When the database, the file system or `pg_dump` fails, what `read` gives, and [`CopyError::Stopped`] soon after `stop` is set.
pub fn copy_database<T, E: From<CopyError>>(
    url: &DatabaseUrl,
    to: &Path,
    stop: &AtomicBool,
    read: impl FnOnce(&mut DbConn) -> Result<T, E>,
) -> Result<T, E> {
    create_private(to).map_err(|error| CopyError::file(to, &error))?;
    let found = match url {
        DatabaseUrl::Sqlite(path) => {
            sqlite::copy(path, to)?;
            read(&mut sqlite::open_copy(to)?)?
        }
        DatabaseUrl::Postgres(url) => postgres::copy(url, to, stop, read)?,
    };
    sync(to).map_err(|error| CopyError::file(to, &error))?;
    Ok(found)
}

/// Looks for what it takes to copy a database, so that its absence is told before a copy is due.
///
/// # Errors
/// When `pg_dump` is missing or older than the server, or the server cannot be reached.
pub fn check_programs(url: &DatabaseUrl) -> Result<(), CopyError> {
    match url {
        DatabaseUrl::Sqlite(_) => Ok(()),
        DatabaseUrl::Postgres(url) => postgres::check_programs(url),
    }
}

/// Reads a copy from beginning to end and gives how many rows are in each of its tables. Needs no database.
///
/// # Errors
/// [`CopyError::Damaged`] when it is not whole.
pub fn check_copy(engine: Engine, file: &Path) -> Result<TableCounts, CopyError> {
    match engine {
        Engine::Sqlite => sqlite::check(file),
        Engine::Postgres => postgres::check(file),
    }
}

/// What is restored, and how it goes on.
#[derive(Debug)]
pub struct Restoring<'a> {
    pub copy: &'a Path,
    /// The schema of PostgreSQL that the tables were in.
    pub schema: Option<&'a str>,
    /// How many rows each table must have.
    pub tables: &'a TableCounts,
    /// Statements that belong to the restore: without them nobody sees its data.
    pub statements: &'a [String],
}

/// Fills an empty database from a copy. Copy and statements appear together or not at all.
///
/// # Errors
/// When the target is not empty, the copy is not what it should be, or the database, the file system or a program fails.
pub fn restore_database(url: &DatabaseUrl, restoring: &Restoring<'_>) -> Result<(), CopyError> {
    check_empty(url)?;
    match url {
        DatabaseUrl::Sqlite(path) => sqlite::restore(path, restoring),
        DatabaseUrl::Postgres(url) => postgres::restore(url, restoring),
    }
}

/// Brings a database that was restored to the newest schema. On SQLite that was done before it appeared.
///
/// # Errors
/// When the database fails.
pub fn renew_schema(url: &DatabaseUrl) -> Result<(), CopyError> {
    let mut conn = url.connect()?;
    migrate(&mut conn)?;
    match conn.engine() {
        Engine::Sqlite => Ok(()),
        Engine::Postgres => postgres::analyse(&mut conn),
    }
}

/// Refuses a target that has something in it.
///
/// # Errors
/// With what is there.
pub fn check_empty(url: &DatabaseUrl) -> Result<(), CopyError> {
    match url {
        DatabaseUrl::Sqlite(path) => sqlite::check_empty(path),
        DatabaseUrl::Postgres(_) => postgres::check_empty(&mut url.connect()?),
    }
}

#[derive(QueryableByName)]
struct TextRow {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

fn texts(conn: &mut DbConn, sql: &str) -> Result<Vec<String>, DbError> {
    let rows: Vec<TextRow> = diesel::sql_query(sql).load(conn)?;
    Ok(rows.into_iter().filter_map(|row| row.value).collect())
}

/// How many rows each table has, those of the migrations among them.
///
/// # Errors
/// When the database fails.
pub fn table_counts(conn: &mut DbConn) -> Result<TableCounts, DbError> {
    let names = match conn.engine() {
        // What is in a full-text index stands in ordinary tables beside it.
        Engine::Sqlite => {
            "SELECT name AS value FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow') \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        }
        Engine::Postgres => {
            "SELECT relname::text AS value FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
             WHERE nspname = current_schema() AND relkind IN ('r', 'p')"
        }
    };
    let mut counts = TableCounts::new();
    for name in texts(conn, names)? {
        let sql = format!("SELECT COUNT(*) AS value FROM {}", quoted(&name));
        let count: CountRow = diesel::sql_query(sql).get_result(conn)?;
        counts.insert(name, count.value);
    }
    Ok(counts)
}

/// The migrations that a database has had, oldest first. Unlike diesel's own way of asking this writes nothing.
///
/// # Errors
/// When the database fails, or was never migrated.
pub fn applied_versions(conn: &mut DbConn) -> Result<Vec<String>, DbError> {
    texts(conn, "SELECT version AS value FROM __diesel_schema_migrations ORDER BY version")
}

/// The schema that the tables are in; none on SQLite.
///
/// # Errors
/// When the database fails.
pub fn schema_of_tables(conn: &mut DbConn) -> Result<Option<String>, DbError> {
    match conn.engine() {
        Engine::Sqlite => Ok(None),
        Engine::Postgres => Ok(texts(conn, "SELECT current_schema()::text AS value")?.pop()),
    }
}

/// A name as SQL takes any name.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Makes an empty file that only its owner can read.
fn create_private(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map(drop)
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes what a folder lists survive a loss of power.
fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync(parent.unwrap_or(Path::new(".")))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
