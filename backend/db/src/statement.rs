use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};

use crate::{Condition, DbConn, DbError, MultiBackend};

/// A whole statement of the program's own text with bound values, for what diesel has no words for. Unlike `sql_query` it
/// stays prepared by its text.
#[derive(Clone, Debug)]
pub struct Statement(Condition);

impl Statement {
    pub fn new(text_and_values: Condition) -> Self {
        Statement(text_and_values)
    }

    /// Runs it; gives how many rows it changed.
    ///
    /// # Errors
    /// When the database fails.
    pub fn execute(self, conn: &mut DbConn) -> Result<usize, DbError> {
        Ok(RunQueryDsl::execute(self, conn)?)
    }
}

impl QueryFragment<MultiBackend> for Statement {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.0.walk_bare(out)
    }
}

impl QueryId for Statement {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<DbConn> for Statement {}
