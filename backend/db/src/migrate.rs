use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::{DbConn, DbError, Engine};

const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Brings the database to the newest schema; gives the versions that were applied.
///
/// # Errors
/// When a migration fails; the database is then as the last migration that succeeded left it.
pub fn migrate(conn: &mut DbConn) -> Result<Vec<String>, DbError> {
    let applied = match conn {
        DbConn::Pg(conn) => {
            diesel::connection::SimpleConnection::batch_execute(conn, "SET statement_timeout = 0")?;
            let applied = versions(conn.run_pending_migrations(POSTGRES));
            diesel::connection::SimpleConnection::batch_execute(conn, "SET statement_timeout = '10s'")?;
            applied
        }
        DbConn::Sqlite(conn) => versions(conn.run_pending_migrations(SQLITE)),
    };
    applied.map_err(|error| DbError::Unavailable(format!("migration failed: {error}")))
}

fn versions<V: std::fmt::Display, E>(result: Result<Vec<V>, E>) -> Result<Vec<String>, E> {
    result.map(|versions| versions.iter().map(ToString::to_string).collect())
}

/// How many migrations this binary knows that the database does not have.
///
/// # Errors
/// When the database cannot be read.
pub fn pending_migrations(conn: &mut DbConn) -> Result<usize, DbError> {
    let pending = match conn {
        DbConn::Pg(conn) => conn.pending_migrations(POSTGRES).map(|list| list.len()),
        DbConn::Sqlite(conn) => conn.pending_migrations(SQLITE).map(|list| list.len()),
    };
    pending.map_err(|error| DbError::Unavailable(format!("migrations cannot be read: {error}")))
}

/// The migrations that this binary knows, oldest first.
///
/// # Errors
/// When what was built in cannot be read.
pub fn known_versions(engine: Engine) -> Result<Vec<String>, DbError> {
    let names = match engine {
        Engine::Postgres => MigrationSource::<Pg>::migrations(&POSTGRES)
            .map(|list| list.iter().map(|migration| migration.name().version().to_string()).collect()),
        Engine::Sqlite => MigrationSource::<Sqlite>::migrations(&SQLITE)
            .map(|list| list.iter().map(|migration| migration.name().version().to_string()).collect()),
    };
    let mut versions: Vec<String> =
        names.map_err(|error| DbError::Unavailable(format!("migrations cannot be read: {error}")))?;
    versions.sort();
    Ok(versions)
}
