use std::marker::PhantomData;

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};

use crate::{Condition, DbConn, DbError, MultiBackend};

/// A whole statement of the program's own text with bound values, for what diesel has no words for. Unlike `sql_query` it
/// stays prepared by its text. `ST` is the SQL type of its rows.
#[derive(Clone, Debug)]
pub struct Statement<ST = ()> {
    text_and_values: Condition,
    rows: PhantomData<ST>,
}

impl<ST> Statement<ST> {
    pub fn new(text_and_values: Condition) -> Self {
        Statement { text_and_values, rows: PhantomData }
    }
}

impl Statement {
    /// Runs it; gives how many rows it changed.
    ///
    /// # Errors
    /// When the database fails.
    pub fn execute(self, conn: &mut DbConn) -> Result<usize, DbError> {
        Ok(RunQueryDsl::execute(self, conn)?)
    }
}

/// Runs statements one after the other.
///
/// # Errors
/// The first that the database gives.
pub fn execute_all(conn: &mut DbConn, statements: Vec<Condition>) -> Result<(), DbError> {
    statements.into_iter().try_for_each(|statement| Statement::new(statement).execute(conn).map(drop))
}

impl<ST> QueryFragment<MultiBackend> for Statement<ST> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.text_and_values.walk_bare(out)
    }
}

impl<ST> QueryId for Statement<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> Query for Statement<ST> {
    type SqlType = ST;
}

impl<ST> RunQueryDsl<DbConn> for Statement<ST> {}
