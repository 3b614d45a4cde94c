//! The full-text index of notes on contacts: FTS5 on SQLite, a GIN index over `tsvector` on PostgreSQL, with the same tokens.

use diesel::prelude::*;

use crate::search::TokenIndex;
use crate::{Condition, DbConn, DbError, DbUuid, Engine, Id, Statement, Value};

/// The statement that puts a new interaction into the index.
pub fn indexing(engine: Engine, id: Id<()>, tokens: &[String]) -> Condition {
    let tokens = Value::Text(tokens.join(" "));
    match engine {
        Engine::Postgres => Condition::new()
            .sql("INSERT INTO interaction_search (interaction_id, tokens) VALUES (")
            .bind(Value::Id(id))
            .sql(", array_to_tsvector(string_to_array(")
            .bind(tokens)
            .sql(", ' ')))"),
        // Values, not INSERT … SELECT: that may fail half-way, so SQLite would guard it by a savepoint, for which FTS5 writes a segment.
        Engine::Sqlite => Condition::new()
            .sql("INSERT INTO interaction_search (rowid, tokens) VALUES ((SELECT search_key FROM interaction WHERE id = ")
            .bind(Value::Id(id))
            .sql("), ")
            .bind(tokens)
            .sql(")"),
    }
}

/// Puts an interaction into the index, in place of what it was found by.
///
/// # Errors
/// When the database fails.
pub fn index_again(conn: &mut DbConn, id: Id<()>, tokens: &[String]) -> Result<(), DbError> {
    let engine = conn.engine();
    let removal = match engine {
        Engine::Postgres => Condition::new()
            .sql("DELETE FROM interaction_search WHERE interaction_id = ")
            .bind(Value::Id(id)),
        Engine::Sqlite => Condition::new()
            .sql("DELETE FROM interaction_search WHERE rowid = (SELECT search_key FROM interaction WHERE id = ")
            .bind(Value::Id(id))
            .sql(")"),
    };
    Statement::new(removal).execute(conn)?;
    if !tokens.is_empty() {
        Statement::new(indexing(engine, id, tokens)).execute(conn)?;
    }
    Ok(())
}

/// Puts many new interactions into the index.
///
/// # Errors
/// When the database fails.
pub fn index_many(conn: &mut DbConn, notes: &[(Id<()>, Vec<String>)]) -> Result<(), DbError> {
    match conn {
        DbConn::Pg(conn) => {
            use diesel::sql_types::{Array, Text};
            diesel::sql_query(
                "INSERT INTO interaction_search (interaction_id, tokens) \
                 SELECT id, array_to_tsvector(string_to_array(tokens, ' ')) FROM UNNEST($1, $2) AS fresh (id, tokens)",
            )
            .bind::<Array<DbUuid>, _>(notes.iter().map(|(id, _)| *id).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(notes.iter().map(|(_, tokens)| tokens.join(" ")).collect::<Vec<_>>())
            .execute(conn)?;
        }
        DbConn::Sqlite(_) => {
            for (id, tokens) in notes {
                Statement::new(indexing(Engine::Sqlite, *id, tokens)).execute(conn)?;
            }
        }
    }
    Ok(())
}

const NOTES: TokenIndex = TokenIndex { table: "interaction_search", key: "interaction_id" };

/// The interactions with all these tokens, as a condition on `interaction`, unless they are more than `most`: then none is given. A token
/// with `true` may be the beginning of one.
///
/// # Errors
/// When the database fails.
pub fn among_hits(
    conn: &mut DbConn,
    tokens: &[(String, bool)],
    most: usize,
) -> Result<Option<Condition>, DbError> {
    let engine = conn.engine();
    let among = |keys: Value| match engine {
        Engine::Postgres => {
            Condition::new().sql("interaction.id IN (SELECT UNNEST(CAST(").bind(keys).sql(" AS uuid[])))")
        }
        Engine::Sqlite => Condition::new()
            .sql("interaction.search_key IN (SELECT hit.value FROM json_each(")
            .bind(keys)
            .sql(") AS hit)"),
    };
    Ok(NOTES.keys(conn, tokens, most)?.map(among))
}
