use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text};
use guanxi_api::{Amount, Tier, TierPolicyState};
use guanxi_db::schema::{
    aum_balance, customer, customer_figures, customer_tier_history, tier_policy_rule, tier_policy_set,
};
use guanxi_db::{
    Condition, DbConn, DbError, DbMoment, DbUuid, Id, Moment, Statement, Value, insert_many, on_each,
};

use crate::access::{OrgUnitId, Scope, UserId};
use crate::customers::portfolio::Book;
use crate::customers::store::FiguresRow;
use crate::customers::{CustomerId, TierPolicyId};
use crate::error::Result;
use crate::listing::{COUNTED, Listing};

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = tier_policy_set)]
pub(super) struct PolicyRow {
    pub(super) id: TierPolicyId,
    pub(super) state: String,
    pub(super) valid_from: NaiveDate,
    pub(super) basis: String,
    pub(super) grace_days: i32,
    pub(super) candidate_percent: i32,
    pub(super) gem_amount: i64,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = tier_policy_rule, treat_none_as_default_value = false)]
pub(super) struct RuleRow {
    pub(super) policy_id: TierPolicyId,
    pub(super) tier: String,
    pub(super) threshold: i64,
    pub(super) cadence_days: Option<i32>,
    pub(super) servicing_channel: String,
}

/// The policy in force with its rules, in one statement: whoever changes assets asks for it.
pub(super) fn in_force(conn: &mut DbConn) -> Result<(PolicyRow, Vec<RuleRow>)> {
    let rows: Vec<(PolicyRow, RuleRow)> = tier_policy_set::table
        .inner_join(tier_policy_rule::table)
        .filter(tier_policy_set::state.eq(TierPolicyState::InForce.as_str()))
        .select((PolicyRow::as_select(), RuleRow::as_select()))
        .load(conn)
        .map_err(DbError::from)?;
    let policy = rows.first().map(|(policy, _)| policy.clone()).ok_or(DbError::NotFound)?;
    Ok((policy, rows.into_iter().map(|(_, rule)| rule).collect()))
}

pub(super) fn policy(conn: &mut DbConn, id: TierPolicyId) -> Result<Option<PolicyRow>> {
    let row = tier_policy_set::table
        .find(id)
        .select(PolicyRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn rules_of(conn: &mut DbConn, ids: &[TierPolicyId]) -> Result<Vec<RuleRow>> {
    let rows = tier_policy_rule::table
        .filter(tier_policy_rule::policy_id.eq_any(ids.iter().copied()))
        .select(RuleRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn policies(conn: &mut DbConn, listing: &Listing) -> Result<Vec<PolicyRow>> {
    let rows = tier_policy_set::table
        .select(PolicyRow::as_select())
        .into_boxed()
        .filter(listing.condition())
        .order(listing.ordering().first(listing.rows()))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_policies(conn: &mut DbConn, listing: &Listing) -> Result<i64> {
    let ids = tier_policy_set::table
        .select(tier_policy_set::id)
        .into_boxed()
        .filter(listing.filter.clone())
        .limit(COUNTED + 1)
        .load::<TierPolicyId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// Makes changes of policies go one after the other, until the transaction ends.
pub(super) fn lock_policies(conn: &mut DbConn) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        tier_policy_set::table
            .filter(tier_policy_set::state.eq(TierPolicyState::InForce.as_str()))
            .select(tier_policy_set::id)
            .for_update()
            .load::<TierPolicyId>(conn)
            .map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn policy_of_day(conn: &mut DbConn, day: NaiveDate) -> Result<Option<TierPolicyId>> {
    let id = tier_policy_set::table
        .filter(tier_policy_set::valid_from.eq(day))
        .select(tier_policy_set::id)
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(id)
}

/// Planned policies whose day has come, the earliest first.
pub(super) fn planned_until(conn: &mut DbConn, today: NaiveDate) -> Result<Vec<TierPolicyId>> {
    let ids = tier_policy_set::table
        .filter(tier_policy_set::state.eq(TierPolicyState::Planned.as_str()))
        .filter(tier_policy_set::valid_from.le(today))
        .order(tier_policy_set::valid_from)
        .select(tier_policy_set::id)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(ids)
}

pub(super) fn insert_policy(conn: &mut DbConn, row: &PolicyRow, rules: &[RuleRow]) -> Result<(), DbError> {
    diesel::insert_into(tier_policy_set::table).values(row).execute(conn)?;
    insert_many!(conn, tier_policy_rule::table, rules)?;
    Ok(())
}

/// Writes a policy anew, but for when it was made.
pub(super) fn update_policy(conn: &mut DbConn, row: &PolicyRow, rules: &[RuleRow]) -> Result<()> {
    diesel::update(tier_policy_set::table.find(row.id))
        .set((
            tier_policy_set::state.eq(&row.state),
            tier_policy_set::valid_from.eq(row.valid_from),
            tier_policy_set::basis.eq(&row.basis),
            tier_policy_set::grace_days.eq(row.grace_days),
            tier_policy_set::candidate_percent.eq(row.candidate_percent),
            tier_policy_set::gem_amount.eq(row.gem_amount),
            tier_policy_set::version.eq(row.version),
            tier_policy_set::updated_at.eq(row.updated_at),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    remove_rules(conn, row.id)?;
    insert_many!(conn, tier_policy_rule::table, rules).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn set_state(conn: &mut DbConn, id: TierPolicyId, state: TierPolicyState) -> Result<()> {
    diesel::update(tier_policy_set::table.find(id))
        .set(tier_policy_set::state.eq(state.as_str()))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

fn remove_rules(conn: &mut DbConn, id: TierPolicyId) -> Result<()> {
    diesel::delete(tier_policy_rule::table.filter(tier_policy_rule::policy_id.eq(id)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

pub(super) fn remove_policy(conn: &mut DbConn, id: TierPolicyId) -> Result<()> {
    remove_rules(conn, id)?;
    diesel::delete(tier_policy_set::table.find(id)).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// Books and figures of some customers, in no order.
pub(super) fn figures_of(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<(Book, FiguresRow)>> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(500) {
        let figures = customer_figures::table.inner_join(customer::table).select((
            customer::org_unit_id,
            customer::owner_id,
            FiguresRow::as_select(),
        ));
        let rows: QueryResult<Vec<(OrgUnitId, Option<UserId>, FiguresRow)>> = match ids {
            // One alone, as most often, keeps its statement.
            [one] => figures.filter(customer_figures::customer_id.eq(*one)).load(conn),
            many => figures.filter(customer_figures::customer_id.eq_any(many.iter().copied())).load(conn),
        };
        let rows = rows.map_err(DbError::from)?;
        found.extend(rows.into_iter().map(|(unit, owner, figures)| (Book::new(unit, owner), figures)));
    }
    Ok(found)
}

/// Says what the assets of customers are from a day on.
pub(super) fn set_balances(conn: &mut DbConn, day: NaiveDate, assets: &[(CustomerId, Amount)]) -> Result<()> {
    if assets.is_empty() {
        return Ok(());
    }
    match conn {
        DbConn::Pg(conn) => {
            diesel::sql_query(
                "INSERT INTO aum_balance (customer_id, day, aum) SELECT id, $3, aum FROM UNNEST($1, $2) AS new (id, aum) \
                 ON CONFLICT (customer_id, day) DO UPDATE SET aum = excluded.aum",
            )
            .bind::<Array<DbUuid>, _>(assets.iter().map(|(id, _)| *id).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(assets.iter().map(|(_, aum)| aum.0).collect::<Vec<_>>())
            .bind::<Date, _>(day)
            .execute(conn)
            .map_err(DbError::from)?;
        }
        DbConn::Sqlite(conn) => {
            for (id, aum) in assets {
                diesel::insert_into(aum_balance::table)
                    .values((
                        aum_balance::customer_id.eq(*id),
                        aum_balance::day.eq(day),
                        aum_balance::aum.eq(aum.0),
                    ))
                    .on_conflict((aum_balance::customer_id, aum_balance::day))
                    .do_update()
                    .set(aum_balance::aum.eq(aum.0))
                    .execute(conn)
                    .map_err(DbError::from)?;
            }
        }
    }
    Ok(())
}

/// All balances of a customer, in the order of their days.
pub(super) fn all_balances(conn: &mut DbConn, id: CustomerId) -> Result<Vec<(NaiveDate, i64)>> {
    let rows = aum_balance::table
        .filter(aum_balance::customer_id.eq(id))
        .order(aum_balance::day)
        .select((aum_balance::day, aum_balance::aum))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn replace_balances(
    conn: &mut DbConn,
    id: CustomerId,
    balances: &[(NaiveDate, i64)],
) -> Result<()> {
    diesel::delete(aum_balance::table.filter(aum_balance::customer_id.eq(id)))
        .execute(conn)
        .map_err(DbError::from)?;
    for balances in balances.chunks(500) {
        let rows: Vec<_> = balances
            .iter()
            .map(|(day, aum)| {
                (aum_balance::customer_id.eq(id), aum_balance::day.eq(*day), aum_balance::aum.eq(*aum))
            })
            .collect();
        on_each!(conn => diesel::insert_into(aum_balance::table).values(&rows).execute(conn))
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// Removes what the tier history of a customer says since a moment.
pub(super) fn forget_tier_history(conn: &mut DbConn, id: CustomerId, since: Moment) -> Result<()> {
    diesel::delete(
        customer_tier_history::table
            .filter(customer_tier_history::customer_id.eq(id))
            .filter(customer_tier_history::at.ge(since)),
    )
    .execute(conn)
    .map_err(DbError::from)?;
    Ok(())
}

/// Makes the balances of customers of one day those of another one.
pub(super) fn move_balances(
    conn: &mut DbConn,
    ids: &[CustomerId],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<()> {
    for ids in ids.chunks(500) {
        let update = Condition::unkept()
            .sql("UPDATE aum_balance SET day = ")
            .bind(Value::Date(to))
            .sql(" WHERE day = ")
            .bind(Value::Date(from))
            .sql(" AND customer_id IN (")
            .bind_all(ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid())))))
            .sql(")");
        Statement::new(update).execute(conn)?;
    }
    Ok(())
}

/// The balances of customers by day, of each from the last one not after `first_day` on.
pub(super) fn balances(
    conn: &mut DbConn,
    ids: &[CustomerId],
    first_day: NaiveDate,
) -> Result<Vec<(CustomerId, NaiveDate, i64)>> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(500) {
        let these = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
        let select = Condition::with_list_of(ids.len())
            .sql("SELECT aum_balance.customer_id, aum_balance.day, aum_balance.aum FROM aum_balance WHERE aum_balance.customer_id IN (")
            .bind_all(these)
            .sql(
                ") AND aum_balance.day >= COALESCE((SELECT MAX(last.day) FROM aum_balance AS last \
                 WHERE last.customer_id = aum_balance.customer_id AND last.day <= ",
            )
            .bind(Value::Date(first_day))
            .sql("), ")
            .bind(Value::Date(first_day))
            .sql(") ORDER BY aum_balance.customer_id, aum_balance.day");
        let rows: Vec<(CustomerId, NaiveDate, i64)> =
            Statement::<(DbUuid, Date, BigInt)>::new(select).load(conn).map_err(DbError::from)?;
        found.extend(rows);
    }
    Ok(found)
}

/// What is written of a customer's figures; each is of one customer.
#[derive(Clone, Debug)]
pub(super) struct FiguresChange {
    pub(super) id: CustomerId,
    pub(super) tier: Tier,
    pub(super) aum: i64,
    pub(super) coverage: i32,
    pub(super) average_aum: i64,
    pub(super) promotion_gap: i64,
    pub(super) promotion_candidate: bool,
    pub(super) in_grace: bool,
    pub(super) demotes_on: NaiveDate,
    pub(super) largest_transaction: i64,
    pub(super) largest_transaction_on: Option<NaiveDate>,
    pub(super) hidden_gem: bool,
    pub(super) review_on: NaiveDate,
    pub(super) data_gap: bool,
}

#[derive(QueryableByName)]
struct WrittenRow {
    #[diesel(sql_type = DbUuid)]
    customer_id: CustomerId,
    #[diesel(sql_type = BigInt)]
    version: i64,
}

/// Writes figures; gives their versions after it. On PostgreSQL in one statement, because each is a round trip.
pub(super) fn set_figures(
    conn: &mut DbConn,
    rows: &[FiguresChange],
    now: Moment,
) -> Result<HashMap<CustomerId, i64>> {
    // Counted up where it stands: a contact raises the version as well, and waits for no lock of the customer.
    match conn {
        DbConn::Pg(_) if rows.is_empty() => Ok(HashMap::new()),
        DbConn::Pg(conn) => {
            let written: Vec<WrittenRow> = diesel::sql_query(
                "UPDATE customer_figures SET tier = new.tier, aum = new.aum, coverage = new.coverage, average_aum = new.average, \
                 promotion_gap = new.gap, promotion_candidate = new.candidate, in_grace = new.in_grace, demotes_on = new.demotes_on, \
                 largest_transaction = new.largest, largest_transaction_on = new.largest_on, hidden_gem = new.gem, \
                 review_on = new.review_on, version = customer_figures.version + 1, data_gap = new.data_gap, as_of = $15 \
                 FROM UNNEST($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS new \
                 (id, tier, aum, coverage, average, gap, candidate, in_grace, demotes_on, largest, largest_on, gem, review_on, data_gap) \
                 WHERE customer_id = new.id RETURNING customer_id, version",
            )
            .bind::<Array<DbUuid>, _>(rows.iter().map(|row| row.id).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.tier.as_str()).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.aum).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|row| row.coverage).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.average_aum).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.promotion_gap).collect::<Vec<_>>())
            .bind::<Array<Bool>, _>(rows.iter().map(|row| row.promotion_candidate).collect::<Vec<_>>())
            .bind::<Array<Bool>, _>(rows.iter().map(|row| row.in_grace).collect::<Vec<_>>())
            .bind::<Array<Date>, _>(rows.iter().map(|row| row.demotes_on).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.largest_transaction).collect::<Vec<_>>())
            .bind::<Array<Nullable<Date>>, _>(
                rows.iter().map(|row| row.largest_transaction_on).collect::<Vec<_>>(),
            )
            .bind::<Array<Bool>, _>(rows.iter().map(|row| row.hidden_gem).collect::<Vec<_>>())
            .bind::<Array<Date>, _>(rows.iter().map(|row| row.review_on).collect::<Vec<_>>())
            .bind::<Array<Bool>, _>(rows.iter().map(|row| row.data_gap).collect::<Vec<_>>())
            .bind::<DbMoment, _>(now)
            .load(conn)
            .map_err(DbError::from)?;
            Ok(written.into_iter().map(|row| (row.customer_id, row.version)).collect())
        }
        DbConn::Sqlite(conn) => {
            let mut written = HashMap::with_capacity(rows.len());
            for row in rows {
                let version: i64 = diesel::update(customer_figures::table.find(row.id))
                    .set((
                        customer_figures::tier.eq(row.tier.as_str()),
                        customer_figures::aum.eq(row.aum),
                        customer_figures::coverage.eq(row.coverage),
                        customer_figures::average_aum.eq(row.average_aum),
                        customer_figures::promotion_gap.eq(row.promotion_gap),
                        customer_figures::promotion_candidate.eq(row.promotion_candidate),
                        customer_figures::in_grace.eq(row.in_grace),
                        customer_figures::demotes_on.eq(row.demotes_on),
                        customer_figures::largest_transaction.eq(row.largest_transaction),
                        customer_figures::largest_transaction_on.eq(row.largest_transaction_on),
                        customer_figures::hidden_gem.eq(row.hidden_gem),
                        customer_figures::review_on.eq(row.review_on),
                        customer_figures::version.eq(customer_figures::version + 1),
                        customer_figures::data_gap.eq(row.data_gap),
                        customer_figures::as_of.eq(now),
                    ))
                    .returning(customer_figures::version)
                    .get_result(conn)
                    .map_err(DbError::from)?;
                written.insert(row.id, version);
            }
            Ok(written)
        }
    }
}

/// Some customers whose figures are to be looked at again by a day.
pub(super) fn to_review(conn: &mut DbConn, today: NaiveDate, limit: i64) -> Result<Vec<CustomerId>> {
    let select = Condition::new()
        // The first bound is that of the index.
        .sql("SELECT customer_figures.customer_id FROM customer_figures WHERE customer_figures.review_on < '9999-12-31' \
              AND customer_figures.review_on <= ")
        .bind(Value::Date(today))
        .sql(" ORDER BY customer_figures.review_on, customer_figures.customer_id LIMIT ")
        .bind(Value::Integer(limit));
    let ids = Statement::<DbUuid>::new(select).load(conn).map_err(DbError::from)?;
    Ok(ids)
}

/// Customers and assets by the tier that they have and the one that thresholds, from the lowest to the highest, would give them.
pub(super) fn reached(
    conn: &mut DbConn,
    scope: &Scope,
    everyone: bool,
    thresholds: &[(Tier, Amount)],
) -> Result<Vec<(String, String, i64, i64)>> {
    let mut select = Condition::new().sql(
        "SELECT counted.tier, counted.reached, COUNT(*), CAST(SUM(counted.aum) AS bigint) FROM \
         (SELECT customer_figures.tier, customer_figures.aum, CASE",
    );
    for (tier, threshold) in thresholds.iter().skip(1).rev() {
        select = select
            .sql(" WHEN customer_figures.average_aum >= ")
            .bind(Value::Integer(threshold.0))
            .sql(" THEN '")
            .sql(tier.as_str())
            .sql("'");
    }
    select = select.sql(" ELSE 'mass' END AS reached FROM customer_figures");
    if !everyone {
        select = select.sql(" JOIN customer ON customer.id = customer_figures.customer_id");
    }
    select = select.sql(" WHERE customer_figures.archived = ").bind(Value::Bool(false));
    if !everyone {
        select = select.sql(" AND (").part(scope.customers()).sql(")");
    }
    let rows = Statement::<(Text, Text, BigInt, BigInt)>::new(
        select.sql(") AS counted GROUP BY counted.tier, counted.reached"),
    )
    .load(conn)
    .map_err(DbError::from)?;
    Ok(rows)
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = customer_tier_history, treat_none_as_default_value = false)]
pub(super) struct TierHistoryRow {
    pub(super) id: Id<()>,
    pub(super) customer_id: CustomerId,
    pub(super) from_tier: Option<String>,
    pub(super) to_tier: String,
    pub(super) aum: i64,
    pub(super) reason: String,
    pub(super) at: Moment,
    pub(super) average_aum: Option<i64>,
    pub(super) threshold: Option<i64>,
}

pub(super) fn insert_tier_history(conn: &mut DbConn, rows: &[TierHistoryRow]) -> Result<()> {
    insert_many!(conn, customer_tier_history::table, rows).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn tier_history(
    conn: &mut DbConn,
    id: CustomerId,
    listing: &Listing,
) -> Result<Vec<TierHistoryRow>> {
    let rows = customer_tier_history::table
        .filter(customer_tier_history::customer_id.eq(id))
        .filter(listing.condition())
        .order(listing.ordering().first(listing.rows()))
        .select(TierHistoryRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_tier_history(conn: &mut DbConn, id: CustomerId, listing: &Listing) -> Result<i64> {
    let ids = customer_tier_history::table
        .filter(customer_tier_history::customer_id.eq(id))
        .filter(listing.filter.clone())
        .select(customer_tier_history::id)
        .limit(COUNTED + 1)
        .load::<Id<()>>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}
