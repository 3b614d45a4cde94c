//! Loading a bank into an empty database: what is worth paying once at the end instead of with every row.

use diesel::connection::SimpleConnection;

use crate::{DbConn, DbError};

/// Lets the full-text indexes of PostgreSQL gather many new rows before they sort them in. Needs to own the indexes.
///
/// # Errors
/// When the database fails.
pub fn begin(conn: &mut DbConn) -> Result<(), DbError> {
    on_postgres(
        conn,
        "ALTER INDEX customer_search_tokens SET (fastupdate = on, gin_pending_list_limit = 16384); \
         ALTER INDEX interaction_search_tokens SET (gin_pending_list_limit = 16384)",
    )
}

/// Begins one of the transactions that load: sorting in what was gathered may take more than a request may.
///
/// # Errors
/// When the database fails.
pub fn begin_transaction(conn: &mut DbConn) -> Result<(), DbError> {
    on_postgres(conn, "SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '64MB'")
}

/// Makes the indexes what the migrations have made them, with nothing gathered left.
///
/// # Errors
/// When the database fails.
pub fn end(conn: &mut DbConn) -> Result<(), DbError> {
    on_postgres(
        conn,
        "SET LOCAL statement_timeout = 0; \
         ALTER INDEX customer_search_tokens SET (fastupdate = off); \
         ALTER INDEX customer_search_tokens RESET (gin_pending_list_limit); \
         ALTER INDEX interaction_search_tokens SET (gin_pending_list_limit = 512); \
         SELECT gin_clean_pending_list('customer_search_tokens'), gin_clean_pending_list('interaction_search_tokens')",
    )
}

fn on_postgres(conn: &mut DbConn, statements: &str) -> Result<(), DbError> {
    match conn {
        DbConn::Pg(conn) => conn.batch_execute(statements).map_err(DbError::from),
        DbConn::Sqlite(_) => Ok(()),
    }
}
