use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl};
use guanxi_db::{DbError, on_each};

use crate::error::Error;
use crate::testing::{TestApp, TestDatabase};

/// Tables that say when someone was last seen, not what the bank knows.
const TRANSIENT: [&str; 3] = ["session", "refresh_token", "lease"];

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(app: &TestApp, sql: String) -> Vec<String> {
    let found: Result<Vec<Line>, Error> = app.state.db.read_blocking(move |conn| {
        let found = on_each!(conn => diesel::sql_query(sql).load::<Line>(conn));
        found.map_err(|error| Error::from(DbError::from(error)))
    });
    found.expect("the database reads").into_iter().map(|line| line.line).collect()
}

/// Reads every row of every table there is, so that a new table is compared without being named anywhere.
pub struct Ledger {
    sql: String,
}

impl Ledger {
    /// All tables but those of sessions.
    pub fn of(app: &TestApp) -> Ledger {
        let tables = if TestDatabase::is_postgres() {
            "SELECT tablename::text AS line FROM pg_tables WHERE schemaname = current_schema() AND tablename NOT LIKE '\\_\\_%'"
        } else {
            "SELECT name AS line FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 2) <> '__' \
             AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%\\_search%' ESCAPE '\\'"
        };
        let tables: Vec<String> = lines(app, tables.to_owned())
            .into_iter()
            .filter(|name| !TRANSIENT.contains(&name.as_str()))
            .collect();
        assert!(
            tables.iter().any(|name| name == "customer") && tables.iter().any(|name| name == "audit_entry"),
            "{tables:?}"
        );
        let selects: Vec<String> = tables.iter().map(|table| select(app, table)).collect();
        Ledger { sql: selects.join(" UNION ALL ") }
    }

    /// Every row as text, in a fixed order.
    pub fn rows(&self, app: &TestApp) -> Vec<String> {
        let mut rows = lines(app, self.sql.clone());
        rows.sort_unstable();
        rows
    }
}

fn select(app: &TestApp, table: &str) -> String {
    if TestDatabase::is_postgres() {
        return format!("SELECT '{table}: ' || t::text AS line FROM \"{table}\" AS t");
    }
    let columns = lines(app, format!("SELECT name AS line FROM pragma_table_info('{table}')"));
    let quoted: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
    format!("SELECT '{table}: ' || {} AS line FROM \"{table}\"", quoted.join(" || ',' || "))
}

/// The rows that only one of two states has; empty when they are the same.
pub fn difference(before: &[String], after: &[String]) -> Vec<String> {
    if before == after {
        return Vec::new();
    }
    let gone = before.iter().filter(|row| after.binary_search(row).is_err()).map(|row| format!("- {row}"));
    let come = after.iter().filter(|row| before.binary_search(row).is_err()).map(|row| format!("+ {row}"));
    gone.chain(come).collect()
}
