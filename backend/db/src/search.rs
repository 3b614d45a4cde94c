//! The full-text index of customers: FTS5 on SQLite, a GIN index over `tsvector` on PostgreSQL. Tokens are made by the
//! server and are the same on both; they hold only letters a–z, digits and CJK characters.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use crate::{Condition, DbConn, DbError, DbUuid, Engine, Id, Value};

/// Puts the tokens of a customer into the index, in place of those it had.
///
/// # Errors
/// When the database fails.
pub fn index_customer<T>(
    conn: &mut DbConn,
    id: Id<T>,
    search_key: i64,
    tokens: &[String],
) -> Result<(), DbError> {
    match conn {
        DbConn::Pg(conn) => diesel::sql_query(
            "INSERT INTO customer_search (customer_id, tokens) VALUES ($1, array_to_tsvector($2)) \
             ON CONFLICT (customer_id) DO UPDATE SET tokens = excluded.tokens",
        )
        .bind::<DbUuid, _>(id)
        .bind::<Array<Text>, _>(tokens)
        .execute(conn)?,
        DbConn::Sqlite(conn) => {
            diesel::sql_query("INSERT OR REPLACE INTO customer_search (rowid, tokens) VALUES ($1, $2)")
                .bind::<BigInt, _>(search_key)
                .bind::<Text, _>(tokens.join(" "))
                .execute(conn)?
        }
    };
    Ok(())
}

/// The ids of the customers that have all these tokens, as a subquery; one with `true` may be the beginning of a token.
/// Tokens with anything but letters, digits and CJK characters match nothing.
pub fn ids_with_tokens(engine: Engine, tokens: &[(String, bool)]) -> Condition {
    let plain = |token: &str| !token.is_empty() && token.chars().all(char::is_alphanumeric);
    if tokens.is_empty() || !tokens.iter().all(|(token, _)| plain(token)) {
        return Condition::new().sql("SELECT customer_id FROM customer_figures WHERE 1 = 0");
    }
    let terms = |quote: char, beginning: &str, and: &str| {
        let term = |(token, open): &(String, bool)| {
            format!("{quote}{token}{quote}{}", if *open { beginning } else { "" })
        };
        tokens.iter().map(term).collect::<Vec<_>>().join(and)
    };
    match engine {
        Engine::Postgres => Condition::new()
            .sql("SELECT customer_search.customer_id FROM customer_search WHERE customer_search.tokens @@ CAST(")
            .bind(Value::Text(terms('\'', ":*", " & ")))
            .sql(" AS tsquery)"),
        Engine::Sqlite => Condition::new()
            .sql("SELECT found.id FROM customer_search CROSS JOIN customer AS found ON found.search_key = customer_search.rowid WHERE customer_search MATCH ")
            .bind(Value::Text(terms('"', " *", " AND "))),
    }
}

/// Puts the tokens of many new customers into the index.
///
/// # Errors
/// When the database fails.
pub fn index_new_customers<T>(
    conn: &mut DbConn,
    customers: &[(Id<T>, i64, &Vec<String>)],
) -> Result<(), DbError> {
    match conn {
        DbConn::Pg(conn) => {
            let ids: Vec<Id<T>> = customers.iter().map(|(id, _, _)| *id).collect();
            let tokens: Vec<String> = customers.iter().map(|(_, _, tokens)| tokens.join(" ")).collect();
            diesel::sql_query(
                "INSERT INTO customer_search (customer_id, tokens) \
                 SELECT id, array_to_tsvector(string_to_array(tokens, ' ')) FROM UNNEST($1, $2) AS fresh (id, tokens)",
            )
            .bind::<Array<DbUuid>, _>(ids)
            .bind::<Array<Text>, _>(tokens)
            .execute(conn)?;
        }
        DbConn::Sqlite(conn) => {
            for (_, search_key, tokens) in customers {
                diesel::sql_query("INSERT INTO customer_search (rowid, tokens) VALUES ($1, $2)")
                    .bind::<BigInt, _>(*search_key)
                    .bind::<Text, _>(tokens.join(" "))
                    .execute(conn)?;
            }
        }
    }
    Ok(())
}
