use diesel::RunQueryDsl;
use diesel::sql_types::{BigInt, Text};
use guanxi_db::{Condition, DbConn, DbError, DbUuid, Id, Statement, Value};

use crate::access::OrgUnitId;
use crate::error::Result;

/// What a share grows or shrinks by; its place in the order does not matter.
pub(super) fn insert_change(
    conn: &mut DbConn,
    unit: OrgUnitId,
    tier: &str,
    customers: i64,
    aum: i64,
) -> Result<()> {
    let insert = Condition::new()
        .sql("INSERT INTO portfolio_change (org_unit_id, tier, customers, aum) VALUES (")
        .bind_all(values(unit, tier, customers, aum))
        .sql(")");
    Statement::new(insert).execute(conn)?;
    Ok(())
}

fn values(unit: OrgUnitId, tier: &str, customers: i64, aum: i64) -> [Option<Value>; 4] {
    [
        Some(Value::Id(Id::new(unit.uuid()))),
        Some(Value::Text(tier.to_owned())),
        Some(Value::Integer(customers)),
        Some(Value::Integer(aum)),
    ]
}

/// Removes some changes and gives them.
pub(super) fn take_changes(conn: &mut DbConn, most: i64) -> Result<Vec<(OrgUnitId, String, i64, i64)>> {
    let taken = Condition::new()
        // Up to a number rather than by ids: the plan that PostgreSQL keeps of an empty table compared every id with every other.
        .sql("DELETE FROM portfolio_change WHERE id <= (SELECT MAX(oldest.id) FROM (SELECT portfolio_change.id FROM portfolio_change \
              ORDER BY portfolio_change.id LIMIT ")
        .bind(Value::Integer(most))
        .sql(") AS oldest) RETURNING org_unit_id, tier, customers, aum");
    let changes =
        Statement::<(DbUuid, Text, BigInt, BigInt)>::new(taken).load(conn).map_err(DbError::from)?;
    Ok(changes)
}

/// Adds to the kept figures of a share.
pub(super) fn add(conn: &mut DbConn, unit: OrgUnitId, tier: &str, customers: i64, aum: i64) -> Result<()> {
    let upsert = Condition::new()
        .sql("INSERT INTO portfolio (org_unit_id, tier, customers, aum) VALUES (")
        .bind_all(values(unit, tier, customers, aum))
        .sql(
            ") ON CONFLICT (org_unit_id, tier) DO UPDATE SET customers = portfolio.customers + excluded.customers, \
             aum = portfolio.aum + excluded.aum",
        );
    Statement::new(upsert).execute(conn)?;
    Ok(())
}

/// Whether changes wait to be folded.
pub(super) fn has_changes(conn: &mut DbConn) -> Result<bool> {
    let any = Condition::new().sql("SELECT portfolio_change.id FROM portfolio_change LIMIT 1");
    let found = Statement::<BigInt>::new(any).load::<i64>(conn).map_err(DbError::from)?;
    Ok(!found.is_empty())
}
