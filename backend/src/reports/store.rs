use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use guanxi_api::{HoldingStatus, InteractionKind, InteractionOutcome, Role, Tier};
use guanxi_db::{Condition, DbConn, DbError, DbUuid, Id, Moment, Statement, Value};

use crate::access::{OrgUnitId, Scope, UnitScope, UserId};
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

/// What the customers of one owner in one unit add up to.
#[derive(Queryable)]
pub(super) struct QualityRow {
    pub(super) unit_id: OrgUnitId,
    /// All zeros for the customers of nobody.
    pub(super) owner_id: UserId,
    pub(super) customers: i64,
    pub(super) rated: i64,
    pub(super) completeness: i64,
    /// At gold and above.
    pub(super) demanded: i64,
    pub(super) gaps: i64,
}

/// How complete the data are of everything that a scope has, in one statement: what is kept with what waits to be folded into it, or that of
/// a book.
pub(super) fn quality(conn: &mut DbConn, scope: &Scope) -> Result<Vec<QualityRow>> {
    let source = match scope.units() {
        Some(units) => Condition::new()
            .sql(
                "SELECT customer.org_unit_id, customer.owner_id, customer.tier, customer.customers, customer.rated, customer.completeness, \
                 customer.gaps FROM quality_share AS customer WHERE ",
            )
            .part(units.clone())
            .sql(
                " UNION ALL SELECT customer.org_unit_id, customer.owner_id, customer.tier, customer.customers, customer.rated, \
                 customer.completeness, customer.gaps FROM portfolio_change AS customer WHERE ",
            )
            .part(units),
        None => Condition::new()
            .sql("SELECT customer.org_unit_id, COALESCE(customer.owner_id, ")
            .bind(Value::Id(Id::new(uuid::Uuid::nil())))
            .sql(
                ") AS owner_id, customer_figures.tier, 1 AS customers, CASE WHEN customer_figures.completeness < 0 THEN 0 ELSE 1 END AS rated, \
                 CASE WHEN customer_figures.completeness < 0 THEN 0 ELSE customer_figures.completeness END AS completeness, \
                 CASE WHEN customer_figures.data_gap THEN 1 ELSE 0 END AS gaps FROM customer \
                 JOIN customer_figures ON customer_figures.customer_id = customer.id WHERE (",
            )
            .part(scope.customers())
            .sql(") AND customer.archived = ")
            .bind(Value::Bool(false)),
    };
    let statement = Condition::new()
        .sql(
            "SELECT share.org_unit_id, share.owner_id, CAST(SUM(share.customers) AS bigint), CAST(SUM(share.rated) AS bigint), \
             CAST(SUM(share.completeness) AS bigint), CAST(SUM(CASE WHEN share.tier = ",
        )
        .bind(code(Tier::Mass.as_str()))
        .sql(" THEN 0 ELSE share.customers END) AS bigint), CAST(SUM(share.gaps) AS bigint) FROM (")
        .part(source)
        .sql(") AS share GROUP BY share.org_unit_id, share.owner_id");
    let rows = Statement::<(DbUuid, DbUuid, BigInt, BigInt, BigInt, BigInt, BigInt)>::new(statement)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

fn code(code: &str) -> Value {
    Value::Text(code.to_owned())
}

/// The condition on `user_account` and `org_unit` that somebody is an active relationship manager of some units; or that it is one user.
pub(super) fn managers(units: &UnitScope, only: Option<UserId>) -> Condition {
    match only {
        Some(user) => Condition::new().sql("user_account.id = ").bind(Value::Id(Id::new(user.uuid()))),
        None => Condition::new()
            .sql("user_account.role = ")
            .bind(code(Role::Rm.as_str()))
            .sql(" AND user_account.archived = ")
            .bind(Value::Bool(false))
            .and(units.units()),
    }
}

/// A relationship manager.
#[derive(Queryable)]
pub(super) struct ManagerRow {
    pub(super) id: UserId,
    pub(super) display_name: String,
    pub(super) unit_id: OrgUnitId,
    pub(super) unit_zh: String,
    pub(super) unit_en: String,
}

/// The first of them by name.
pub(super) fn list_managers(conn: &mut DbConn, managers: Condition, most: i64) -> Result<Vec<ManagerRow>> {
    use guanxi_db::schema::{org_unit, user_account};
    let rows = user_account::table
        .inner_join(org_unit::table)
        .filter(managers)
        .order((user_account::name_sort, user_account::id))
        .select((
            user_account::id,
            user_account::display_name,
            org_unit::id,
            org_unit::name_zh,
            org_unit::name_en,
        ))
        .limit(most)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_managers(conn: &mut DbConn, managers: Condition) -> Result<i64> {
    use guanxi_db::schema::{org_unit, user_account};
    let count = user_account::table
        .inner_join(org_unit::table)
        .filter(managers)
        .count()
        .get_result(conn)
        .map_err(DbError::from)?;
    Ok(count)
}

/// Meetings and connected calls of each of some users from a moment on; those who had neither are left out.
pub(super) fn contacts(
    conn: &mut DbConn,
    managers: Condition,
    from: Moment,
) -> Result<Vec<(UserId, i64, i64)>> {
    let call = || code(InteractionKind::Call.as_str());
    let kinds = InteractionKind::MEETINGS.iter().chain(&[InteractionKind::Call]);
    let statement = Condition::new()
        .sql("SELECT interaction.author_id, CAST(SUM(CASE WHEN interaction.kind = ")
        .bind(call())
        .sql(" THEN 0 ELSE 1 END) AS bigint), CAST(SUM(CASE WHEN interaction.kind = ")
        .bind(call())
        .sql(
            " THEN 1 ELSE 0 END) AS bigint) FROM interaction WHERE interaction.author_id IN (SELECT user_account.id FROM user_account \
             JOIN org_unit ON org_unit.id = user_account.org_unit_id WHERE ",
        )
        .part(managers)
        .sql(") AND interaction.archived = ")
        .bind(Value::Bool(false))
        .sql(" AND interaction.occurred_at >= ")
        .bind(Value::Moment(from))
        .sql(" AND interaction.kind IN (")
        .bind_all(kinds.map(|kind| Some(code(kind.as_str()))))
        .sql(") AND interaction.outcome NOT IN (")
        .bind_all(InteractionOutcome::UNCONNECTED.map(|outcome| Some(code(outcome))))
        .sql(") GROUP BY interaction.author_id");
    let rows = Statement::<(DbUuid, BigInt, BigInt)>::new(statement).load(conn).map_err(DbError::from)?;
    Ok(rows)
}

/// Of the active holdings of a scope that mature from a day on: up to each of three days, the last one the latest, how many, and the
/// value of those that count as assets.
pub(super) fn maturing(
    conn: &mut DbConn,
    scope: &Scope,
    from: NaiveDate,
    until: [NaiveDate; 3],
) -> Result<[(i64, i64); 3]> {
    let mut sums = Condition::new().sql("SELECT ");
    for (n, day) in until.into_iter().enumerate() {
        sums = sums
            .sql(if n == 0 { "" } else { ", " })
            .sql("CAST(COUNT(CASE WHEN holding.maturity <= ")
            .bind(Value::Date(day))
            .sql(" THEN 1 END) AS bigint), CAST(COALESCE(SUM(CASE WHEN holding.maturity <= ")
            .bind(Value::Date(day))
            .sql(" AND product.counts_as_asset THEN holding.value ELSE 0 END), 0) AS bigint)");
    }
    let statement = sums
        .sql(
            " FROM holding JOIN customer ON customer.id = holding.customer_id JOIN product ON product.id = holding.product_id \
             WHERE holding.status = ",
        )
        .bind(code(HoldingStatus::Active.as_str()))
        .sql(" AND holding.maturity >= ")
        .bind(Value::Date(from))
        .sql(" AND holding.maturity <= ")
        .bind(Value::Date(until[2]))
        .sql(" AND customer.archived = ")
        .bind(Value::Bool(false))
        .sql(" AND (")
        .part(scope.customers())
        .sql(")");
    let (a, b, c, d, e, f) = Statement::<(BigInt, BigInt, BigInt, BigInt, BigInt, BigInt)>::new(statement)
        .get_result(conn)
        .map_err(DbError::from)?;
    Ok([(a, b), (c, d), (e, f)])
}
