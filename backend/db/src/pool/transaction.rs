//! Transactions by hand: a group of closures shares one, with savepoints inside, which diesel's own closures cannot say.

use diesel::connection::{AnsiTransactionManager, TransactionManager};

use crate::{DbConn, DbError, sqlite};

pub(super) fn changed_rows(conn: &mut DbConn) -> Result<i64, DbError> {
    match conn {
        DbConn::Pg(_) => Err(only_sqlite()),
        DbConn::Sqlite(conn) => sqlite::changed_rows(conn),
    }
}

pub(super) fn in_transaction(conn: &mut DbConn) -> Result<bool, DbError> {
    match conn {
        DbConn::Pg(_) => Err(only_sqlite()),
        DbConn::Sqlite(conn) => sqlite::in_transaction(conn),
    }
}

pub(super) fn only_sqlite() -> DbError {
    DbError::Unavailable("only SQLite's writes share a transaction".into())
}

pub(super) fn begin(conn: &mut DbConn) -> Result<(), DbError> {
    match conn {
        DbConn::Pg(conn) => AnsiTransactionManager::begin_transaction(conn)?,
        DbConn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")?,
    }
    Ok(())
}

pub(super) fn begin_snapshot(conn: &mut DbConn) -> Result<(), DbError> {
    match conn {
        DbConn::Pg(conn) => AnsiTransactionManager::begin_transaction_sql(
            conn,
            "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
        )?,
        DbConn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN DEFERRED")?,
    }
    Ok(())
}

pub(super) fn savepoint(conn: &mut DbConn) -> Result<(), DbError> {
    match conn {
        DbConn::Pg(conn) => AnsiTransactionManager::begin_transaction(conn)?,
        DbConn::Sqlite(conn) => AnsiTransactionManager::begin_transaction(conn)?,
    }
    Ok(())
}

pub(super) fn commit(conn: &mut DbConn) -> Result<(), DbError> {
    match conn {
        DbConn::Pg(conn) => AnsiTransactionManager::commit_transaction(conn)?,
        DbConn::Sqlite(conn) => AnsiTransactionManager::commit_transaction(conn)?,
    }
    Ok(())
}

pub(super) fn rollback(conn: &mut DbConn) -> Result<(), DbError> {
    match conn {
        DbConn::Pg(conn) => AnsiTransactionManager::rollback_transaction(conn)?,
        DbConn::Sqlite(conn) => AnsiTransactionManager::rollback_transaction(conn)?,
    }
    Ok(())
}
