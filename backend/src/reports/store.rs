use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use guanxi_db::{Condition, DbConn, DbError, DbUuid, Statement};

use crate::access::{OrgUnitId, Scope};
use crate::error::Result;

/// What the customers of one tier add to a unit.
#[derive(Queryable)]
pub(super) struct ShareRow {
    pub(super) unit_id: OrgUnitId,
    pub(super) unit_zh: String,
    pub(super) unit_en: String,
    pub(super) tier: String,
    pub(super) customers: i64,
    /// In 1/10000 of the base currency.
    pub(super) aum: i64,
}

/// The shares of everything that a scope has, in one statement: the kept ones with what waits to be folded into them, or those of a book.
pub(super) fn shares(conn: &mut DbConn, scope: &Scope) -> Result<Vec<ShareRow>> {
    let sums = |from: Condition| {
        Condition::new()
            .sql(
                "SELECT org_unit.id, org_unit.name_zh, org_unit.name_en, share.tier, CAST(SUM(share.customers) AS bigint), \
                 CAST(SUM(share.aum) AS bigint) FROM (",
            )
            .part(from)
            .sql(
                ") AS share JOIN org_unit ON org_unit.id = share.org_unit_id \
                 GROUP BY org_unit.id, org_unit.name_zh, org_unit.name_en, share.tier",
            )
    };
    let statement = match scope.units() {
        Some(units) => sums(
            Condition::new()
                .sql("SELECT customer.org_unit_id, customer.tier, customer.customers, customer.aum FROM portfolio AS customer WHERE ")
                .part(units.clone())
                .sql(
                    " UNION ALL SELECT customer.org_unit_id, customer.tier, customer.customers, customer.aum \
                     FROM portfolio_change AS customer WHERE ",
                )
                .part(units),
        ),
        None => sums(
            Condition::new()
                .sql(
                    "SELECT customer.org_unit_id, customer_figures.tier, 1 AS customers, customer_figures.aum FROM customer \
                     JOIN customer_figures ON customer_figures.customer_id = customer.id WHERE (",
                )
                .part(scope.customers())
                .sql(") AND customer.archived = ")
                .bind(guanxi_db::Value::Bool(false)),
        ),
    };
    let rows = Statement::<(DbUuid, Text, Text, Text, BigInt, BigInt)>::new(statement)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}
