use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use diesel::connection::{SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;

use super::{CopyError, Restoring, TableCounts, remove_if_there, sync, sync_parent, table_counts, texts};
use crate::{DatabaseUrl, DbConn, migrate, sqlite};

/// What SQLite keeps beside a database file.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

pub(super) fn copy(database: &Path, to: &Path) -> Result<(), CopyError> {
    // Opening would make one.
    if !database.exists() {
        return Err(CopyError::File(format!("{}: there is no database", database.display())));
    }
    // SQLite reads a name that begins with `file:` as a URI.
    let to = std::path::absolute(to).map_err(|error| CopyError::file(to, &error))?;
    // Not through `DatabaseUrl::connect`, whose connections log what takes long: this does.
    let mut conn = SqliteConnection::establish(&database.to_string_lossy())?;
    sqlite::prepare(&mut conn)?;
    diesel::sql_query("VACUUM INTO ?").bind::<Text, _>(to.to_string_lossy()).execute(&mut conn)?;
    drop(conn);
    let damage = damage(&mut open_copy(&to)?)?;
    if damage.is_empty() { Ok(()) } else { Err(CopyError::Damaged(damage)) }
}

/// Opens a copy so that nothing is written to it or beside it.
pub(super) fn open_copy(file: &Path) -> Result<DbConn, CopyError> {
    let path = std::path::absolute(file).map_err(|error| CopyError::file(file, &error))?;
    let mut uri = String::from("file:");
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02x}");
        }
    }
    let mut conn = SqliteConnection::establish(&format!("{uri}?immutable=1"))?;
    conn.batch_execute("PRAGMA query_only = 1; PRAGMA trusted_schema = 0; PRAGMA mmap_size = 0")?;
    Ok(DbConn::Sqlite(conn))
}

/// What is wrong with a database file, in one line; nothing when it is whole.
fn damage(conn: &mut DbConn) -> Result<String, CopyError> {
    let mut found = texts(conn, "SELECT integrity_check AS value FROM pragma_integrity_check")?;
    found.retain(|line| line != "ok");
    let orphans = texts(
        conn,
        "SELECT 'rows of ' || \"table\" || ' refer to rows of ' || parent || ' that are not there' AS value \
         FROM pragma_foreign_key_check GROUP BY 1",
    )?;
    found.extend(orphans);
    Ok(found.join("; "))
}

pub(super) fn check(file: &Path) -> Result<TableCounts, CopyError> {
    let mut conn = open_copy(file)?;
    let damage = damage(&mut conn)?;
    if !damage.is_empty() {
        return Err(CopyError::Damaged(damage));
    }
    Ok(table_counts(&mut conn)?)
}

/// The name of a file with something after it.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

pub(super) fn check_empty(database: &Path) -> Result<(), CopyError> {
    let rest = BESIDE.map(|ending| beside(database, ending));
    match std::iter::once(database).chain(rest.iter().map(PathBuf::as_path)).find(|path| path.exists()) {
        Some(found) => Err(CopyError::File(format!("{} is there already", found.display()))),
        None => Ok(()),
    }
}

pub(super) fn restore(database: &Path, restoring: &Restoring<'_>) -> Result<(), CopyError> {
    let unfinished = beside(database, ".restoring");
    let leftovers = || {
        std::iter::once(unfinished.clone())
            .chain(BESIDE.map(|ending| beside(&unfinished, ending)))
            .try_for_each(|path| remove_if_there(&path).map_err(|error| CopyError::file(&path, &error)))
    };
    leftovers()?;
    let done = fill(&unfinished, restoring).and_then(|()| {
        check_empty(database)?;
        fs::rename(&unfinished, database)
            .and_then(|()| sync_parent(database))
            .map_err(|error| CopyError::file(database, &error))
    });
    if done.is_err() {
        // What cannot be removed now is removed before the next attempt.
        let _ = leftovers();
    }
    done
}

fn fill(unfinished: &Path, restoring: &Restoring<'_>) -> Result<(), CopyError> {
    let failed = |error: io::Error| CopyError::file(unfinished, &error);
    let mut from = fs::File::open(restoring.copy).map_err(|error| CopyError::file(restoring.copy, &error))?;
    let mut to =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(unfinished).map_err(failed)?;
    io::copy(&mut from, &mut to).map_err(failed)?;
    drop(to);
    let mut conn = DatabaseUrl::Sqlite(unfinished.to_owned()).connect()?;
    if table_counts(&mut conn)? != *restoring.tables {
        return Err(CopyError::Damaged(
            "its tables have other numbers of rows than its manifest says".into(),
        ));
    }
    if let DbConn::Sqlite(conn) = &mut conn {
        type Transactions = <SqliteConnection as Connection>::TransactionManager;
        Transactions::begin_transaction(conn)?;
        for statement in restoring.statements {
            conn.batch_execute(statement)?;
        }
        Transactions::commit_transaction(conn)?;
    }
    migrate(&mut conn)?;
    if let DbConn::Sqlite(conn) = &mut conn {
        sqlite::checkpoint(conn)?;
    }
    // Closing the last connection removes what it kept beside the file.
    drop(conn);
    if let Some(left) = BESIDE.map(|ending| beside(unfinished, ending)).into_iter().find(|path| path.exists())
    {
        return Err(CopyError::File(format!(
            "{} is still there: something else has it open",
            left.display()
        )));
    }
    sync(unfinished).map_err(failed)
}
