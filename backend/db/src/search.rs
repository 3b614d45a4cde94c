//! The full-text index of customers: FTS5 on SQLite, a GIN index over `tsvector` on PostgreSQL. Tokens are made by the
//! server and are the same on both; they hold only letters a–z, digits and CJK characters.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use crate::{Condition, DbConn, DbError, DbUuid, Engine, Id, Statement, Value};

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

mod by_row {
    diesel::table! {
        #[sql_name = "customer_search"]
        customer_search (rowid) {
            rowid -> BigInt,
        }
    }
}

/// The customers whose tokens the index found, as a statement takes them.
#[derive(Clone, Debug)]
pub struct Hits {
    keys: String,
    count: usize,
}

impl Hits {
    pub fn count(&self) -> usize {
        self.count
    }

    /// Their ids, as a subquery.
    pub fn ids(&self, engine: Engine) -> Condition {
        let keys = Value::Text(self.keys.clone());
        match engine {
            Engine::Postgres => Condition::new().sql("SELECT UNNEST(CAST(").bind(keys).sql(" AS uuid[]))"),
            Engine::Sqlite => Condition::new()
                .sql("SELECT listed.id FROM json_each(")
                .bind(keys)
                .sql(") AS hit CROSS JOIN customer AS listed ON listed.search_key = hit.value"),
        }
    }
}

/// The customers that have all these tokens, `most` of them at most; one with `true` may be the beginning of a token.
///
/// # Errors
/// When the database fails.
pub fn hits(conn: &mut DbConn, tokens: &[(String, bool)], most: i64) -> Result<Hits, DbError> {
    let engine = conn.engine();
    let Some(terms) = terms(engine, tokens) else { return Ok(Hits { keys: String::new(), count: 0 }) };
    let (keys, around) = match engine {
        Engine::Postgres => {
            // Materialized, so that it is planned for all its rows and by the index: with the limit in sight the planner
            // would rather read the table from its beginning, which takes long when it is wrong about a word.
            let found = Statement::<DbUuid>::new(
                Condition::new()
                    .sql(
                        "WITH found AS MATERIALIZED (SELECT customer_search.customer_id FROM customer_search \
                         WHERE customer_search.tokens @@ CAST(",
                    )
                    .bind(terms)
                    .sql(" AS tsquery)) SELECT found.customer_id FROM found LIMIT ")
                    .bind(Value::Integer(most)),
            )
            .load::<Id<()>>(conn)?;
            (found.iter().map(|id| id.uuid().to_string()).collect::<Vec<_>>(), ('{', '}'))
        }
        Engine::Sqlite => {
            let found = by_row::customer_search::table
                .filter(Condition::new().sql("customer_search MATCH ").bind(terms))
                .select(by_row::customer_search::rowid)
                .limit(most)
                .load::<i64>(conn)?;
            (found.iter().map(i64::to_string).collect(), ('[', ']'))
        }
    };
    Ok(Hits { count: keys.len(), keys: format!("{}{}{}", around.0, keys.join(","), around.1) })
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
fn terms(engine: Engine, tokens: &[(String, bool)]) -> Option<Value> {
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
