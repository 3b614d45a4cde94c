use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::r2d2::ManageConnection;
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;

use crate::instrument::SlowStatements;
use crate::{DbConn, DbError, Engine, sqlite};

/// Where the database is. The scheme chooses the engine: `sqlite:PATH` or `postgres://…`.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    Sqlite(PathBuf),
    /// The address as libpq takes it, password included.
    Postgres(String),
}

/// The password of a PostgreSQL address is not shown.
impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DatabaseUrl::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            DatabaseUrl::Postgres(url) => {
                let rest = url.split_once("://").map_or("", |(_, rest)| rest);
                let shown = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                let shown = shown.split('?').next().unwrap_or_default();
                write!(f, "postgres://{shown}")
            }
        }
    }
}

impl std::str::FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err("sqlite: needs a path".into());
            }
            return Ok(DatabaseUrl::Sqlite(path.into()));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(DatabaseUrl::Postgres(text.to_owned()));
        }
        Err("a database address starts with sqlite: or postgres://".into())
    }
}

impl DatabaseUrl {
    pub fn engine(&self) -> Engine {
        match self {
            DatabaseUrl::Sqlite(_) => Engine::Sqlite,
            DatabaseUrl::Postgres(_) => Engine::Postgres,
        }
    }

    /// Opens one connection, set up and checked.
    ///
    /// # Errors
    /// When the database cannot be reached or is not as it must be.
    pub fn connect(&self) -> Result<DbConn, DbError> {
        let mut conn = match self {
            DatabaseUrl::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
                sqlite::prepare(&mut conn)?;
                DbConn::Sqlite(conn)
            }
            DatabaseUrl::Postgres(url) => {
                let mut conn = PgConnection::establish(url)?;
                // The cost is that of solid-state disks; with that of turning ones a tenth of the bank is rather read whole. A kept
                // statement keeps one plan for all values: planning a list anew takes twice as long as reading its page.
                conn.batch_execute(
                    "SET TIME ZONE 'UTC'; SET random_page_cost = 1.1; SET plan_cache_mode = force_generic_plan; \
                     SET statement_timeout = '10s'; SET lock_timeout = '5s'; \
                     SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = warning",
                )?;
                DbConn::Pg(conn)
            }
        };
        conn.set_instrumentation(SlowStatements::default());
        Ok(conn)
    }

    /// Refuses an engine that is too old, built wrongly or set up so that an acknowledged write could be lost.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn check_engine(&self) -> Result<(), DbError> {
        match &mut self.connect()? {
            DbConn::Sqlite(conn) => sqlite::check_build(conn),
            DbConn::Pg(conn) => check_postgres(conn),
        }
    }
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    value: String,
}

fn check_postgres(conn: &mut PgConnection) -> Result<(), DbError> {
    let mut setting = |name: &str| -> Result<String, DbError> {
        let row: Setting = diesel::sql_query("SELECT current_setting($1) AS value")
            .bind::<Text, _>(name)
            .get_result(conn)?;
        Ok(row.value)
    };
    let version: u32 = setting("server_version_num")?.parse().unwrap_or(0);
    if version < 150_000 {
        return Err(DbError::Unavailable(format!("PostgreSQL {} is older than 15", version / 10_000)));
    }
    for name in ["fsync", "full_page_writes"] {
        if setting(name)? != "on" {
            return Err(DbError::Unavailable(format!(
                "PostgreSQL's {name} is off: an acknowledged write could be lost"
            )));
        }
    }
    let commit = setting("synchronous_commit")?;
    if !["on", "remote_apply", "remote_write"].contains(&commit.as_str()) {
        return Err(DbError::Unavailable(format!(
            "PostgreSQL's synchronous_commit is {commit}: an acknowledged write could be lost"
        )));
    }
    if setting("data_checksums")? != "on" {
        tracing::warn!("PostgreSQL runs without data checksums; damage on its disk would go unseen");
    }
    Ok(())
}

/// Makes and replaces the connections of a pool.
pub(crate) struct Manager {
    pub(crate) url: DatabaseUrl,
    /// Cache of the connection that writes to SQLite, in KiB; none for those that read.
    pub(crate) write_cache: Option<u32>,
}

impl ManageConnection for Manager {
    type Connection = DbConn;
    type Error = DbError;

    fn connect(&self) -> Result<DbConn, DbError> {
        let mut conn = self.url.connect()?;
        if let (DbConn::Sqlite(conn), Some(cache)) = (&mut conn, self.write_cache) {
            sqlite::prepare_to_write(conn, cache)?;
        }
        Ok(conn)
    }

    fn is_valid(&self, conn: &mut DbConn) -> Result<(), DbError> {
        conn.batch_execute("SELECT 1").map_err(DbError::from)
    }

    fn has_broken(&self, conn: &mut DbConn) -> bool {
        std::thread::panicking() || diesel::r2d2::R2D2Connection::is_broken(conn)
    }
}
