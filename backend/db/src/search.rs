//! The full-text index of customers: FTS5 on SQLite, a GIN index over `tsvector` on PostgreSQL. Tokens are made by the
//! server and are the same on both; they hold only letters a–z, digits and CJK characters.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use crate::{Condition, DbConn, DbError, DbUuid, Engine, Id, Statement, Value};

/// By what a customer is found by name.
#[derive(Clone, Debug)]
pub struct FoundByName {
    pub id: Id<()>,
    /// The row of the full-text index on SQLite.
    pub search_key: i64,
    pub tokens: Vec<String>,
    /// The pairs of characters in the name, and whether the name begins with the first one.
    pub pairs: Vec<String>,
    pub begins: bool,
    pub name_sort: String,
}

/// Puts a customer into the index, in place of what it was found by.
///
/// # Errors
/// When the database fails.
pub fn index_customer(conn: &mut DbConn, found_by: FoundByName) -> Result<(), DbError> {
    let id = Value::Id(found_by.id);
    Statement::new(Condition::new().sql("DELETE FROM customer_pair WHERE customer_id = ").bind(id))
        .execute(conn)?;
    index_new_customer(conn, found_by)
}

/// Puts a new customer into the index.
///
/// # Errors
/// When the database fails.
pub fn index_new_customer(conn: &mut DbConn, found_by: FoundByName) -> Result<(), DbError> {
    let id = || Value::Id(found_by.id);
    let tokens = Value::Text(found_by.tokens.join(" "));
    match conn.engine() {
        // One statement, because a statement is a round trip.
        Engine::Postgres => {
            let first = found_by.pairs.first().filter(|_| found_by.begins).cloned();
            Statement::new(
                Condition::new()
                    .sql("WITH tokens AS (INSERT INTO customer_search (customer_id, tokens) VALUES (")
                    .bind(id())
                    .sql(", array_to_tsvector(string_to_array(")
                    .bind(tokens)
                    .sql(
                        ", ' '))) ON CONFLICT (customer_id) DO UPDATE SET tokens = excluded.tokens) \
                         INSERT INTO customer_pair (pair, begins, name_sort, customer_id) SELECT pair, pair = ",
                    )
                    .bind(Value::Text(first.unwrap_or_default()))
                    .sql(", ")
                    .bind(Value::Text(found_by.name_sort))
                    .sql(", ")
                    .bind(id())
                    .sql(" FROM UNNEST(string_to_array(")
                    .bind(Value::Text(found_by.pairs.join(" ")))
                    .sql(", ' ')) AS pair"),
            )
            .execute(conn)?;
        }
        Engine::Sqlite => {
            Statement::new(
                Condition::new()
                    .sql("INSERT OR REPLACE INTO customer_search (rowid, tokens) VALUES (")
                    .bind(Value::Integer(found_by.search_key))
                    .sql(", ")
                    .bind(tokens)
                    .sql(")"),
            )
            .execute(conn)?;
            for (n, pair) in found_by.pairs.iter().enumerate() {
                Statement::new(
                    Condition::new()
                        .sql("INSERT INTO customer_pair (pair, begins, name_sort, customer_id) VALUES (")
                        .bind_all([
                            Some(Value::Text(pair.clone())),
                            Some(Value::Bool(n == 0 && found_by.begins)),
                            Some(Value::Text(found_by.name_sort.clone())),
                            Some(id()),
                        ])
                        .sql(")"),
                )
                .execute(conn)?;
            }
        }
    }
    Ok(())
}

/// A full-text index: tokens by row on SQLite, by a key on PostgreSQL.
pub(crate) struct TokenIndex {
    pub(crate) table: &'static str,
    /// The key on PostgreSQL.
    pub(crate) key: &'static str,
}

const CUSTOMERS: TokenIndex = TokenIndex { table: "customer_search", key: "customer_id" };

impl TokenIndex {
    /// The rows or keys with all these tokens as a list of the engine, an array or JSON, unless they are more than `most`: then none
    /// is given. A token with `true` may be the beginning of one.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) fn keys(
        &self,
        conn: &mut DbConn,
        tokens: &[(String, bool)],
        most: usize,
    ) -> Result<Option<Value>, DbError> {
        let engine = conn.engine();
        let limit = Value::Integer(i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1));
        let list = |keys: Vec<String>| {
            Value::Text(match engine {
                Engine::Postgres => format!("{{{}}}", keys.join(",")),
                Engine::Sqlite => format!("[{}]", keys.join(",")),
            })
        };
        let Some(terms) = terms(engine, tokens) else { return Ok(Some(list(Vec::new()))) };
        let found = Condition::new();
        Ok(match engine {
            Engine::Postgres => {
                // Materialized, so that it is planned for all its rows and by the index: with the limit in sight the planner
                // would rather read the table from its beginning, which takes long when it is wrong about a word.
                let found = found
                    .sql("WITH found AS MATERIALIZED (SELECT ")
                    .sql(self.key)
                    .sql(" AS id FROM ")
                    .sql(self.table)
                    .sql(" WHERE tokens @@ CAST(")
                    .bind(terms)
                    .sql(" AS tsquery)) SELECT found.id FROM found LIMIT ")
                    .bind(limit);
                let found: Vec<Id<()>> = Statement::<DbUuid>::new(found).load(conn)?;
                let keys = || list(found.iter().map(|id| id.uuid().to_string()).collect());
                (found.len() <= most).then(keys)
            }
            Engine::Sqlite => {
                let found = found
                    .sql("SELECT rowid FROM ")
                    .sql(self.table)
                    .sql(" WHERE ")
                    .sql(self.table)
                    .sql(" MATCH ")
                    .bind(terms)
                    .sql(" LIMIT ")
                    .bind(limit);
                let found: Vec<i64> = Statement::<BigInt>::new(found).load(conn)?;
                let keys = || list(found.iter().map(i64::to_string).collect());
                (found.len() <= most).then(keys)
            }
        })
    }
}

/// The ids of the customers that have all these tokens, as a subquery, unless they are more than `most`: then none is given. A token
/// with `true` may be the beginning of one.
///
/// # Errors
/// When the database fails.
pub fn ids_of_hits(
    conn: &mut DbConn,
    tokens: &[(String, bool)],
    most: usize,
) -> Result<Option<Condition>, DbError> {
    let engine = conn.engine();
    let ids = |keys: Value| match engine {
        Engine::Postgres => Condition::new().sql("SELECT UNNEST(CAST(").bind(keys).sql(" AS uuid[]))"),
        Engine::Sqlite => Condition::new()
            .sql("SELECT listed.id FROM json_each(")
            .bind(keys)
            .sql(") AS hit CROSS JOIN customer AS listed ON listed.search_key = hit.value"),
    };
    Ok(CUSTOMERS.keys(conn, tokens, most)?.map(ids))
}

/// The ids of all customers that have all these tokens, as a subquery from which an engine starts.
pub fn ids_of_all_hits(engine: Engine, tokens: &[(String, bool)]) -> Condition {
    let Some(terms) = terms(engine, tokens) else {
        return Condition::new().sql("SELECT id FROM customer WHERE 1 = 0");
    };
    match engine {
        // An array, which the planner takes for short: of a subquery it would rather ask each customer in the order of the list.
        Engine::Postgres => Condition::new()
            .sql(
                "SELECT UNNEST(ARRAY(SELECT customer_search.customer_id FROM customer_search \
                 WHERE customer_search.tokens @@ CAST(",
            )
            .bind(terms)
            .sql(" AS tsquery)))"),
        Engine::Sqlite => Condition::new()
            .sql(
                "SELECT listed.id FROM customer_search CROSS JOIN customer AS listed \
                 ON listed.search_key = customer_search.rowid WHERE customer_search MATCH ",
            )
            .bind(terms),
    }
}

/// The condition that a customer has all these tokens, which no engine takes for the place to start from: it is asked of the rows
/// that a list goes through in its own order.
pub fn has_tokens(engine: Engine, tokens: &[(String, bool)]) -> Condition {
    let Some(terms) = terms(engine, tokens) else { return Condition::nothing() };
    match engine {
        Engine::Postgres => Condition::new()
            .sql("(SELECT own.tokens FROM customer_search AS own WHERE own.customer_id = customer.id) @@ CAST(")
            .bind(terms)
            .sql(" AS tsquery)"),
        // The sign keeps SQLite from the index on the key.
        Engine::Sqlite => Condition::new()
            .sql("+customer.search_key IN (SELECT rowid FROM customer_search WHERE customer_search MATCH ")
            .bind(terms)
            .sql(")"),
    }
}

/// The condition that a text is somewhere in a column of texts.
pub fn contains(engine: Engine, column: &'static str, text: String) -> Condition {
    let function = match engine {
        Engine::Postgres => "strpos(",
        Engine::Sqlite => "instr(",
    };
    Condition::new().sql(function).sql(column).sql(", ").bind(Value::Text(text)).sql(") > 0")
}

/// The tokens in the language of the engine's index; none when there are none. Tokens with anything but letters, digits and CJK
/// characters match nothing.
pub(crate) fn terms(engine: Engine, tokens: &[(String, bool)]) -> Option<Value> {
    let plain = |token: &str| !token.is_empty() && token.chars().all(char::is_alphanumeric);
    if tokens.is_empty() || !tokens.iter().all(|(token, _)| plain(token)) {
        return None;
    }
    let (quote, beginning, and) = match engine {
        Engine::Postgres => ('\'', ":*", " & "),
        Engine::Sqlite => ('"', " *", " AND "),
    };
    let term = |(token, open): &(String, bool)| {
        format!("{quote}{token}{quote}{}", if *open { beginning } else { "" })
    };
    Some(Value::Text(tokens.iter().map(term).collect::<Vec<_>>().join(and)))
}

/// Puts many new customers into the index.
///
/// # Errors
/// When the database fails.
pub fn index_new_customers(conn: &mut DbConn, customers: Vec<FoundByName>) -> Result<(), DbError> {
    match conn {
        DbConn::Pg(conn) => {
            let column = |text: fn(&FoundByName) -> String| customers.iter().map(text).collect::<Vec<_>>();
            diesel::sql_query(
                "WITH fresh AS (SELECT * FROM UNNEST($1, $2, $3, $4, $5) AS fresh (id, tokens, pairs, first, name_sort)), \
                 indexed AS (INSERT INTO customer_search (customer_id, tokens) \
                 SELECT id, array_to_tsvector(string_to_array(tokens, ' ')) FROM fresh) \
                 INSERT INTO customer_pair (pair, begins, name_sort, customer_id) \
                 SELECT pair, pair = first, name_sort, id FROM fresh, UNNEST(string_to_array(pairs, ' ')) AS pair",
            )
            .bind::<Array<DbUuid>, _>(customers.iter().map(|customer| customer.id).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(column(|customer| customer.tokens.join(" ")))
            .bind::<Array<Text>, _>(column(|customer| customer.pairs.join(" ")))
            .bind::<Array<Text>, _>(column(|customer| {
                customer.pairs.first().filter(|_| customer.begins).cloned().unwrap_or_default()
            }))
            .bind::<Array<Text>, _>(column(|customer| customer.name_sort.clone()))
            .execute(conn)?;
        }
        DbConn::Sqlite(_) => {
            for customer in customers {
                index_new_customer(conn, customer)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_for_the_engines() {
        let tokens = [("张三".to_owned(), false), ("zs".to_owned(), true)];
        let text = |text: &str| Some(Value::Text(text.to_owned()));
        assert_eq!(terms(Engine::Sqlite, &tokens), text(r#""张三" AND "zs" *"#));
        assert_eq!(terms(Engine::Postgres, &tokens), text("'张三' & 'zs':*"));
        assert_eq!(terms(Engine::Sqlite, &[]), None);
        assert_eq!(terms(Engine::Postgres, &[("a' | 'b".to_owned(), false)]), None);
    }
}
