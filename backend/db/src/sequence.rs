use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::{DbConn, DbError};

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

/// The next running number of a customer. Numbers are never used twice; on PostgreSQL a transaction that fails leaves a gap.
///
/// # Errors
/// When the database fails.
pub fn next_customer_number(conn: &mut DbConn) -> Result<i64, DbError> {
    next_customer_numbers(conn, 1)?.pop().ok_or(DbError::NotFound)
}

/// The next running numbers of so many customers, ascending.
///
/// # Errors
/// When the database fails.
pub fn next_customer_numbers(conn: &mut DbConn, count: i64) -> Result<Vec<i64>, DbError> {
    match conn {
        DbConn::Pg(conn) => {
            let mut numbers =
                diesel::sql_query("SELECT nextval('customer_number') AS value FROM generate_series(1, $1)")
                    .bind::<BigInt, _>(count)
                    .load::<Number>(conn)?;
            numbers.sort_by_key(|number| number.value);
            Ok(numbers.into_iter().map(|number| number.value).collect())
        }
        DbConn::Sqlite(conn) => {
            let last: Number = diesel::sql_query(
                "UPDATE customer_number SET value = value + $1 WHERE id = 1 RETURNING value",
            )
            .bind::<BigInt, _>(count)
            .get_result(conn)?;
            Ok((last.value - count + 1..=last.value).collect())
        }
    }
}
