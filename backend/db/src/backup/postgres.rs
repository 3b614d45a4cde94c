use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::programs::{self, Running};
use super::{CopyError, CountRow, Restoring, TableCounts, quoted, schema_of_tables, texts};
use crate::{DatabaseUrl, DbConn, DbError};

/// How long `pg_dump` waits for a table that somebody changes the columns of.
const LOCK_WAIT_MILLIS: u32 = 60_000;

/// A connection for what takes as long as it takes, of which no statement is logged as slow.
fn connect(url: &str) -> Result<DbConn, CopyError> {
    let mut conn = DatabaseUrl::Postgres(url.to_owned()).connect()?;
    conn.set_instrumentation(|_: diesel::connection::InstrumentationEvent<'_>| {});
    conn.batch_execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")?;
    Ok(conn)
}

/// The major version of the server.
fn server_version(conn: &mut DbConn) -> Result<u32, CopyError> {
    let version = texts(conn, "SELECT current_setting('server_version_num') AS value")?.pop();
    Ok(version.and_then(|version| version.parse::<u32>().ok()).unwrap_or(0) / 10_000)
}

pub(super) fn check_programs(url: &str) -> Result<(), CopyError> {
    programs::find("pg_dump", server_version(&mut connect(url)?)?).map(drop)
}

pub(super) fn copy<T, E: From<CopyError>>(
    url: &str,
    to: &Path,
    stop: &AtomicBool,
    read: impl FnOnce(&mut DbConn) -> Result<T, E>,
) -> Result<T, E> {
    let mut conn = connect(url)?;
    let pg_dump = programs::find("pg_dump", server_version(&mut conn)?)?;
    conn.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").map_err(CopyError::from)?;
    let snapshot =
        texts(&mut conn, "SELECT pg_export_snapshot() AS value").map_err(CopyError::from)?.concat();
    let schema = schema_of_tables(&mut conn).map_err(CopyError::from)?;
    let schema = schema.ok_or_else(|| CopyError::File("the search path leads to no schema".into()))?;
    let mut command = Command::new(pg_dump);
    command
        .args(["--format=custom", "--no-password", "--strict-names"])
        .arg(format!("--lock-wait-timeout={LOCK_WAIT_MILLIS}"))
        .arg(format!("--snapshot={snapshot}"))
        .arg(format!("--schema={}", quoted(&schema)))
        .arg("--file")
        .arg(to)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    programs::to_database(&mut command, url)?;
    let dumping = Running::start(&mut command)?;
    // The snapshot stands until this transaction ends, which is after the program has.
    let found = read(&mut conn)?;
    dumping.wait(stop)?;
    conn.batch_execute("ROLLBACK").map_err(CopyError::from)?;
    Ok(found)
}

/// Unpacks the whole dump and counts the rows that it would write.
pub(super) fn check(file: &Path) -> Result<TableCounts, CopyError> {
    let mut command = Command::new(programs::find("pg_restore", 0)?);
    command
        .args(["--data-only", "--file=-"])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .env("LC_ALL", "C");
    let mut reading = Running::start(&mut command)?;
    let counts = match reading.child.stdout.take() {
        Some(script) => count_rows(BufReader::new(script)),
        None => Err(io::Error::other("pg_restore says nothing")),
    };
    let counts = counts.map_err(|error| CopyError::Damaged(error.to_string()))?;
    reading.wait(&AtomicBool::new(false)).map_err(|error| CopyError::Damaged(error.to_string()))?;
    Ok(counts)
}

/// Counts the lines between `COPY schema.table (…) FROM stdin;` and `\.`: within them a line is a row.
fn count_rows(mut script: impl BufRead) -> io::Result<TableCounts> {
    let mut counts = TableCounts::new();
    let (mut line, mut table) = (Vec::new(), None::<(String, i64)>);
    loop {
        line.clear();
        if script.read_until(b'\n', &mut line)? == 0 {
            return match table {
                None => Ok(counts),
                Some((name, _)) => Err(io::Error::other(format!("the rows of {name} break off"))),
            };
        }
        table = match table {
            Some((name, count)) if line == b"\\.\n" => {
                counts.insert(name, count);
                None
            }
            Some((name, count)) => Some((name, count + 1)),
            None => table_of(&line).map(|name| (name, 0)),
        };
    }
}

fn table_of(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?.strip_prefix("COPY ")?.strip_suffix(" FROM stdin;\n")?;
    let place = line.split(" (").next()?;
    let name = place.rsplit('.').next()?;
    Some(name.trim_matches('"').to_owned())
}

pub(super) fn check_empty(conn: &mut DbConn) -> Result<(), CopyError> {
    let there: CountRow = diesel::sql_query(
        "SELECT COUNT(*) AS value FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
         WHERE nspname = current_schema() AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')",
    )
    .get_result(conn)?;
    if there.value == 0 {
        return Ok(());
    }
    Err(CopyError::File(format!("the database is not empty: {} tables and the like are in it", there.value)))
}

pub(super) fn restore(url: &str, restoring: &Restoring<'_>) -> Result<(), CopyError> {
    let mut conn = connect(url)?;
    let version = server_version(&mut conn)?;
    let target = schema_of_tables(&mut conn)?;
    drop(conn);
    let schema = restoring.schema.unwrap_or("public");
    if target.as_deref() != Some(schema) {
        return Err(CopyError::File(format!(
            "the tables of the backup are of the schema {schema}, but the search path of the target leads to {}",
            target.as_deref().unwrap_or("no schema")
        )));
    }
    let pg_restore = programs::find("pg_restore", version)?;
    let psql = programs::beside(&pg_restore, "psql", version)?;

    let mut command = Command::new(pg_restore);
    // With the schema named, the schema itself is left out: it is there.
    command
        .args(["--file=-", "--no-owner", "--no-privileges", "--exit-on-error"])
        .arg(format!("--schema={schema}"))
        .arg(restoring.copy)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .env("LC_ALL", "C");
    let mut writing = Running::start(&mut command)?;
    let mut command = Command::new(psql);
    command
        .args(["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--file=-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    programs::to_database(&mut command, url)?;
    let mut filling = Running::start(&mut command)?;
    let (Some(mut script), Some(mut input)) = (writing.child.stdout.take(), filling.child.stdin.take())
    else {
        return Err(CopyError::Program("pg_restore and psql cannot be connected".into()));
    };
    let never = AtomicBool::new(false);
    // Only this process writes the COMMIT, and only after everything else has gone well. Whatever dies before it, psql's connection ends without
    // one, and nothing stays.
    let fed = input.write_all(b"BEGIN;\n").and_then(|()| pump(&mut script, &mut input));
    drop(script);
    if fed.is_err() {
        return Err(filling.failure());
    }
    writing.wait(&never)?;
    let end = format!("{}COMMIT;\n", ending(schema, restoring));
    if input.write_all(end.as_bytes()).and_then(|()| input.flush()).is_err() {
        return Err(filling.failure());
    }
    drop(input);
    filling.wait(&never)
}

fn pump(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    io::copy(from, to).map(drop)
}

/// What comes after the data: whether all rows are there, and the statements that belong to the restore.
fn ending(schema: &str, restoring: &Restoring<'_>) -> String {
    let mut text = format!("SET LOCAL search_path TO {};\n", quoted(schema));
    for (table, rows) in restoring.tables {
        let literal = table.replace('\'', "''");
        let _ = writeln!(
            text,
            "DO $check$ BEGIN IF (SELECT COUNT(*) FROM {}) <> {rows} THEN RAISE EXCEPTION 'table % has not {rows} rows', '{literal}'; END IF; END $check$;",
            quoted(table),
        );
    }
    for statement in restoring.statements {
        let _ = writeln!(text, "{statement};");
    }
    text
}

/// Lets the planner see the tables that have just been filled.
pub(super) fn analyse(conn: &mut DbConn) -> Result<(), CopyError> {
    conn.batch_execute("SET statement_timeout = 0").map_err(DbError::from)?;
    conn.batch_execute(crate::statistics::ANALYSE_OWN).map_err(DbError::from)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_script_are_counted() {
        let script = "SET x = 1;\nCOPY public.customer (id, name) FROM stdin;\n1\tCOPY a.b (c) FROM stdin;\n2\t\\\\.\n\\.\n\n\
                      COPY s.\"__diesel\" (v) FROM stdin;\n\\.\nSELECT 1;\n";
        let counts = count_rows(script.as_bytes()).unwrap();
        assert_eq!(counts, TableCounts::from([("__diesel".to_owned(), 0), ("customer".to_owned(), 2)]));
        let broken_off = script.split("\\.\n").next().unwrap();
        assert!(count_rows(broken_off.as_bytes()).is_err());
    }

    #[test]
    fn the_end_of_a_restore_checks_and_renews() {
        let tables = TableCounts::from([("customer".to_owned(), 7)]);
        let statements = ["DELETE FROM lease".to_owned()];
        let restoring =
            Restoring { copy: Path::new("x"), schema: None, tables: &tables, statements: &statements };
        let text = ending("a\"b", &restoring);
        assert!(text.starts_with("SET LOCAL search_path TO \"a\"\"b\";\n"), "{text}");
        assert!(text.contains("(SELECT COUNT(*) FROM \"customer\") <> 7"), "{text}");
        assert!(text.ends_with("DELETE FROM lease;\n"), "{text}");
    }
}
