use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use guanxi_api::InteractionOutcome;
use guanxi_db::{Condition, DbConn, DbError, Moment, Statement, Value};

use crate::error::Result;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// What the engine itself finds damaged. PostgreSQL checks its pages by `pg_amcheck`, outside.
pub(super) fn integrity(conn: &mut DbConn) -> Result<Vec<String>> {
    if matches!(conn, DbConn::Pg(_)) {
        return Ok(Vec::new());
    }
    let lines: Vec<Line> = diesel::sql_query("SELECT integrity_check AS line FROM pragma_integrity_check")
        .load(conn)
        .map_err(DbError::from)?;
    Ok(lines.into_iter().map(|line| line.line).filter(|line| line != "ok").collect())
}

/// What must hold between tables, and for how many rows it does not.
pub(super) fn differences(conn: &mut DbConn) -> Result<Vec<(&'static str, i64)>> {
    let rules = [
        (
            "every customer has figures that repeat its city and whether it is archived",
            "SELECT COUNT(*) AS count FROM customer LEFT JOIN customer_figures ON customer_figures.customer_id = customer.id \
             WHERE customer_figures.customer_id IS NULL OR customer_figures.archived <> customer.archived \
                OR COALESCE(customer_figures.city, '') <> COALESCE(customer.city, '')",
        ),
        (
            "a customer has at most one first choice among its contact points of a kind",
            "SELECT COUNT(*) AS count FROM (SELECT customer_id FROM contact_point WHERE is_primary GROUP BY customer_id, kind \
             HAVING COUNT(*) > 1) AS several",
        ),
        (
            "the pairs of characters in names are kept under the sort keys of the names",
            "SELECT COUNT(*) AS count FROM customer_pair JOIN customer ON customer.id = customer_pair.customer_id \
             WHERE customer_pair.name_sort <> customer.name_sort",
        ),
        (
            "the path of a unit continues the path of its parent",
            "SELECT COUNT(*) AS count FROM org_unit JOIN org_unit AS parent ON parent.id = org_unit.parent_id \
             WHERE org_unit.depth <> parent.depth + 1 OR SUBSTR(org_unit.path, 1, LENGTH(parent.path)) <> parent.path",
        ),
    ];
    let mut found = Vec::new();
    for (what, sql) in rules {
        let count: Count = diesel::sql_query(sql).get_result(conn).map_err(DbError::from)?;
        found.push((what, count.count));
    }
    found.push(("customers were last reached when their contacts say so", wrong_last_contacts(conn)?));
    Ok(found)
}

/// For how many customers the last contact is another one than their interactions say.
fn wrong_last_contacts(conn: &mut DbConn) -> Result<i64> {
    let unconnected = InteractionOutcome::UNCONNECTED.map(|code| Some(Value::Text(code.to_owned())));
    let counts = Statement::<BigInt>::new(
        Condition::new()
            .sql(
                "SELECT COUNT(*) FROM customer_figures LEFT JOIN (SELECT interaction.customer_id, MAX(interaction.occurred_at) AS at \
                 FROM interaction WHERE NOT interaction.archived AND interaction.outcome NOT IN (",
            )
            .bind_all(unconnected)
            .sql(
                ") GROUP BY interaction.customer_id) AS contact ON contact.customer_id = customer_figures.customer_id \
                 WHERE customer_figures.last_contacted_at <> COALESCE(contact.at, ",
            )
            .bind(Value::Moment(Moment::EARLIEST))
            .sql(")"),
    )
    .load::<i64>(conn)
    .map_err(DbError::from)?;
    Ok(counts.into_iter().sum())
}

/// Most customers that a finding names.
const NAMED: i64 = 5;

/// What must hold of the owners of customers; for each rule how many customers it does not hold for, and the numbers of some.
pub(super) fn owners(conn: &mut DbConn) -> Result<Vec<(&'static str, i64, Vec<String>)>> {
    let rules = [
        (
            "the owner of a customer is a relationship manager of its unit or of one above it",
            "FROM customer JOIN user_account ON user_account.id = customer.owner_id \
             JOIN org_unit AS own ON own.id = user_account.org_unit_id JOIN org_unit AS held ON held.id = customer.org_unit_id \
             WHERE NOT customer.archived AND (user_account.role <> 'rm' OR SUBSTR(held.path, 1, LENGTH(own.path)) <> own.path)",
        ),
        (
            "the owner of a customer has an open account",
            "FROM customer JOIN user_account ON user_account.id = customer.owner_id \
             WHERE NOT customer.archived AND user_account.archived",
        ),
    ];
    let mut found = Vec::new();
    for (what, which) in rules {
        let count: Count = diesel::sql_query(format!("SELECT COUNT(*) AS count {which}"))
            .get_result(conn)
            .map_err(DbError::from)?;
        let some: Vec<Line> = diesel::sql_query(format!(
            "SELECT customer.customer_no AS line {which} ORDER BY 1 LIMIT {NAMED}"
        ))
        .load(conn)
        .map_err(DbError::from)?;
        found.push((what, count.count, some.into_iter().map(|line| line.line).collect()));
    }
    Ok(found)
}
