use diesel::RunQueryDsl;
use diesel::sql_types::{BigInt, Text};
use guanxi_db::{Condition, DbConn, DbError, DbUuid, Id, Statement, Value};

use crate::access::{OrgUnitId, UserId};
use crate::customers::portfolio::{Book, Share, Weight};
use crate::error::Result;

/// What a share grows or shrinks by; its place in the order does not matter.
pub(super) fn insert_change(conn: &mut DbConn, share: &Share, weight: Weight) -> Result<()> {
    let insert = Condition::new()
        .sql(
            "INSERT INTO portfolio_change (aum, org_unit_id, owner_id, tier, customers, rated, completeness, gaps) VALUES (",
        )
        .bind(Value::Integer(weight.aum))
        .sql(", ")
        .bind_all(values(share, weight))
        .sql(")");
    Statement::new(insert).execute(conn)?;
    Ok(())
}

fn values(share: &Share, weight: Weight) -> [Option<Value>; 7] {
    let [customers, rated, completeness, gaps] = weight.of_data().map(|number| Some(Value::Integer(number)));
    [
        Some(Value::Id(Id::new(share.book.unit.uuid()))),
        Some(Value::Id(Id::new(share.book.owner.uuid()))),
        Some(Value::Text(share.tier.clone())),
        customers,
        rated,
        completeness,
        gaps,
    ]
}

type ChangeRow = (OrgUnitId, UserId, String, i64, i64, i64, i64, i64);
type ChangeColumns = (DbUuid, DbUuid, Text, BigInt, BigInt, BigInt, BigInt, BigInt);

/// Removes some changes and gives them.
pub(super) fn take_changes(conn: &mut DbConn, most: i64) -> Result<Vec<(Share, Weight)>> {
    let taken = Condition::new()
        // Up to a number rather than by ids: the plan that PostgreSQL keeps of an empty table compared every id with every other.
        .sql("DELETE FROM portfolio_change WHERE id <= (SELECT MAX(oldest.id) FROM (SELECT portfolio_change.id FROM portfolio_change \
              ORDER BY portfolio_change.id LIMIT ")
        .bind(Value::Integer(most))
        .sql(
            ") AS oldest) RETURNING org_unit_id, owner_id, tier, customers, aum, rated, completeness, gaps",
        );
    let changes: Vec<ChangeRow> = Statement::<ChangeColumns>::new(taken).load(conn).map_err(DbError::from)?;
    let change = |(unit, owner, tier, customers, aum, rated, completeness, gaps)| {
        let share = Share { book: Book { unit, owner }, tier };
        (share, Weight { customers, aum, rated, completeness, gaps })
    };
    Ok(changes.into_iter().map(change).collect())
}

/// Adds to the customers and assets of a unit in a tier.
pub(super) fn add(conn: &mut DbConn, unit: OrgUnitId, tier: &str, customers: i64, aum: i64) -> Result<()> {
    let upsert = Condition::new()
        .sql("INSERT INTO portfolio (org_unit_id, tier, customers, aum) VALUES (")
        .bind_all([
            Some(Value::Id(Id::new(unit.uuid()))),
            Some(Value::Text(tier.to_owned())),
            Some(Value::Integer(customers)),
            Some(Value::Integer(aum)),
        ])
        .sql(
            ") ON CONFLICT (org_unit_id, tier) DO UPDATE SET customers = portfolio.customers + excluded.customers, \
             aum = portfolio.aum + excluded.aum",
        );
    Statement::new(upsert).execute(conn)?;
    Ok(())
}

/// Adds to what is kept of the data of a book.
pub(super) fn add_to_book(conn: &mut DbConn, share: &Share, weight: Weight) -> Result<()> {
    let upsert = Condition::new()
        .sql("INSERT INTO quality_share (org_unit_id, owner_id, tier, customers, rated, completeness, gaps) VALUES (")
        .bind_all(values(share, weight))
        .sql(
            ") ON CONFLICT (org_unit_id, owner_id, tier) DO UPDATE SET customers = quality_share.customers + excluded.customers, \
             rated = quality_share.rated + excluded.rated, completeness = quality_share.completeness + excluded.completeness, \
             gaps = quality_share.gaps + excluded.gaps",
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
