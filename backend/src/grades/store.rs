use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Text};
use guanxi_api::{InteractionPurpose, TransactionKind};
use guanxi_db::schema::{
    customer, customer_figures, customer_value, grade_policy, holding, product, value_share,
};
use guanxi_db::{Condition, DbConn, DbError, DbUuid, Doc, Id, Moment, Statement, Value, insert_many};

use crate::access::{OrgUnitId, Scope};
use crate::customers::CustomerId;
use crate::error::Result;

#[derive(Queryable, Selectable)]
#[diesel(table_name = grade_policy)]
pub(super) struct PolicyRow {
    pub(super) rules: Doc,
    pub(super) version: i64,
    pub(super) updated_at: Moment,
}

pub(super) fn policy(conn: &mut DbConn) -> Result<PolicyRow> {
    let row = grade_policy::table.select(PolicyRow::as_select()).first(conn).map_err(DbError::from)?;
    Ok(row)
}

/// False when the version is another one.
pub(super) fn set_policy(conn: &mut DbConn, rules: &Doc, from_version: i64, now: Moment) -> Result<bool> {
    let updated = diesel::update(grade_policy::table.filter(grade_policy::version.eq(from_version)))
        .set((
            grade_policy::rules.eq(rules),
            grade_policy::version.eq(from_version + 1),
            grade_policy::updated_at.eq(now),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(updated > 0)
}

/// What of a customer itself its grade follows from.
#[derive(Queryable)]
pub(super) struct SubjectRow {
    pub(super) id: CustomerId,
    pub(super) kind: String,
    pub(super) status: String,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) archived: bool,
    pub(super) customer_since: Option<NaiveDate>,
    pub(super) created_at: Moment,
    pub(super) income_band: Option<String>,
    pub(super) details: Doc,
    pub(super) average_aum: i64,
    pub(super) coverage: i32,
}

/// The condition on rows of a table with these customers. Its statements are not kept: the plan that PostgreSQL keeps of an empty table reads a
/// full one whole.
fn of(column: &'static str, ids: &[CustomerId]) -> Condition {
    let values = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    Condition::unkept().sql(column).sql(" IN (").bind_all(values).sql(")")
}

/// Customers that are asked about in one statement.
const ASKED_AT_ONCE: usize = 500;

pub(super) fn subjects(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<SubjectRow>> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(ASKED_AT_ONCE) {
        found.extend::<Vec<SubjectRow>>(
            customer::table
                .inner_join(customer_figures::table)
                .filter(of("customer.id", ids))
                .select((
                    customer::id,
                    customer::kind,
                    customer::status,
                    customer::org_unit_id,
                    customer::archived,
                    customer::customer_since,
                    customer::created_at,
                    customer::income_band,
                    customer::details,
                    customer_figures::average_aum,
                    customer_figures::coverage,
                ))
                .load(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

/// A holding, as far as it counts.
#[derive(Queryable)]
pub(super) struct HoldingRow {
    pub(super) customer_id: CustomerId,
    pub(super) kind: String,
    pub(super) status: String,
    pub(super) currency: String,
    /// In the base currency.
    pub(super) value: i64,
    pub(super) opening_amount: i64,
    pub(super) opened_on: NaiveDate,
}

pub(super) fn holdings(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<HoldingRow>> {
    let mut found = Vec::new();
    for ids in ids.chunks(ASKED_AT_ONCE) {
        found.extend::<Vec<HoldingRow>>(
            holding::table
                .inner_join(product::table)
                .filter(of("holding.customer_id", ids))
                .select((
                    holding::customer_id,
                    product::kind,
                    holding::status,
                    holding::currency,
                    holding::value,
                    holding::opening_amount,
                    holding::opened_on,
                ))
                .load(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

/// Purchases of a customer in a currency.
#[derive(Queryable)]
pub(super) struct PurchasesRow {
    pub(super) customer_id: CustomerId,
    pub(super) currency: String,
    /// From the day on.
    pub(super) count: i64,
    /// From the day on, in whole units.
    pub(super) units: i64,
    pub(super) last_on: NaiveDate,
}

/// What was deposited, bought or brought in and not cancelled: counted and summed from a day on.
pub(super) fn purchases(conn: &mut DbConn, ids: &[CustomerId], from: NaiveDate) -> Result<Vec<PurchasesRow>> {
    let kinds = [TransactionKind::Deposit, TransactionKind::Purchase, TransactionKind::TransferIn];
    let mut found = Vec::new();
    for ids in ids.chunks(ASKED_AT_ONCE) {
        let select = Condition::unkept()
            .sql("SELECT holding_transaction.customer_id, holding.currency, COUNT(*) FILTER (WHERE holding_transaction.day >= ")
            .bind(Value::Date(from))
            // Whole units, so that no sum is too large for a number.
            .sql("), CAST(COALESCE(SUM(holding_transaction.amount / 10000) FILTER (WHERE holding_transaction.day >= ")
            .bind(Value::Date(from))
            .sql(
                "), 0) AS bigint), MAX(holding_transaction.day) FROM holding_transaction \
                 JOIN holding ON holding.id = holding_transaction.holding_id WHERE holding_transaction.reverses_id IS NULL \
                 AND NOT EXISTS (SELECT 1 FROM holding_transaction AS counter WHERE counter.reverses_id = holding_transaction.id) \
                 AND holding_transaction.kind IN (",
            )
            .bind_all(kinds.iter().map(|kind| Some(Value::Text(kind.as_str().to_owned()))))
            .sql(") AND ")
            .part(of("holding_transaction.customer_id", ids))
            .sql(" GROUP BY holding_transaction.customer_id, holding.currency");
        let rows = Statement::<(DbUuid, Text, BigInt, BigInt, Date)>::new(select)
            .load::<PurchasesRow>(conn)
            .map_err(DbError::from)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Contacts of customers since a moment by kind, and how many of them were about complaints.
pub(super) fn contacts(
    conn: &mut DbConn,
    ids: &[CustomerId],
    since: Moment,
) -> Result<Vec<(CustomerId, String, i64, i64)>> {
    let mut found = Vec::new();
    for ids in ids.chunks(ASKED_AT_ONCE) {
        let select = Condition::unkept()
            .sql("SELECT interaction.customer_id, interaction.kind, COUNT(*), COUNT(*) FILTER (WHERE interaction.purpose = ")
            .bind(Value::Text(InteractionPurpose::Complaint.as_str().to_owned()))
            .sql(") FROM interaction WHERE interaction.archived = FALSE AND interaction.occurred_at >= ")
            .bind(Value::Moment(since))
            .sql(" AND ")
            .part(of("interaction.customer_id", ids))
            .sql(" GROUP BY interaction.customer_id, interaction.kind");
        let rows: Vec<(CustomerId, String, i64, i64)> =
            Statement::<(DbUuid, Text, BigInt, BigInt)>::new(select).load(conn).map_err(DbError::from)?;
        found.extend(rows);
    }
    Ok(found)
}

/// How many low answers customers have given since a moment.
pub(super) fn low_answers(
    conn: &mut DbConn,
    ids: &[CustomerId],
    since: Moment,
) -> Result<Vec<(CustomerId, i64)>> {
    let mut found = Vec::new();
    for ids in ids.chunks(ASKED_AT_ONCE) {
        let select = Condition::unkept()
            .sql("SELECT survey_answer.customer_id, COUNT(*) FROM survey_answer WHERE survey_answer.low = TRUE AND survey_answer.answered_at >= ")
            .bind(Value::Moment(since))
            .sql(" AND ")
            .part(of("survey_answer.customer_id", ids))
            .sql(" GROUP BY survey_answer.customer_id");
        let rows: Vec<(CustomerId, i64)> =
            Statement::<(DbUuid, BigInt)>::new(select).load(conn).map_err(DbError::from)?;
        found.extend(rows);
    }
    Ok(found)
}

/// The value of a customer as it is counted.
#[derive(Queryable, Selectable, Insertable, Clone, Debug, PartialEq)]
#[diesel(table_name = customer_value, treat_none_as_default_value = false)]
pub(super) struct ValueRow {
    pub(super) customer_id: CustomerId,
    /// The unit under which it is counted; none for an archived one.
    pub(super) org_unit_id: Option<OrgUnitId>,
    pub(super) grade: String,
    /// In 1/10000 of the base currency.
    pub(super) contribution: i64,
    pub(super) recency: i16,
    pub(super) frequency: i16,
    pub(super) monetary: i16,
    pub(super) rfm_class: String,
    pub(super) last_purchase_on: Option<NaiveDate>,
    /// The day on which the customer was first seen as lost.
    pub(super) lost_on: Option<NaiveDate>,
}

pub(super) fn values(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<ValueRow>> {
    let mut found = Vec::new();
    for ids in ids.chunks(ASKED_AT_ONCE) {
        found.extend(
            customer_value::table
                .filter(of("customer_value.customer_id", ids))
                .select(ValueRow::as_select())
                .load(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

/// Writes the values of customers, in place of what was there.
pub(super) fn set_values(conn: &mut DbConn, rows: &[ValueRow]) -> Result<()> {
    let ids: Vec<CustomerId> = rows.iter().map(|row| row.customer_id).collect();
    for ids in ids.chunks(ASKED_AT_ONCE) {
        diesel::delete(customer_value::table.filter(of("customer_value.customer_id", ids)))
            .execute(conn)
            .map_err(DbError::from)?;
    }
    insert_many!(conn, customer_value::table, rows).map_err(DbError::from)?;
    Ok(())
}

/// The values of a book, which has no kept sums.
pub(super) fn values_of_book(conn: &mut DbConn, scope: &Scope) -> Result<Vec<ValueRow>> {
    let rows = customer_value::table
        .inner_join(customer::table)
        .filter(customer_value::org_unit_id.is_not_null())
        .filter(scope.customers())
        .select(ValueRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Customers and their contribution at a place of an axis.
pub(super) type ShareRow = (String, String, i64, i64);

/// The kept sums of some units.
pub(super) fn shares(conn: &mut DbConn, units: Condition) -> Result<Vec<ShareRow>> {
    let sums = Condition::new()
        .sql(
            "SELECT customer.axis, customer.place, CAST(SUM(customer.customers) AS bigint), CAST(SUM(customer.contribution) AS bigint) \
             FROM value_share AS customer WHERE ",
        )
        .part(units)
        .sql(" GROUP BY customer.axis, customer.place HAVING SUM(customer.customers) > 0");
    let rows = Statement::<(Text, Text, BigInt, BigInt)>::new(sums).load(conn).map_err(DbError::from)?;
    Ok(rows)
}

/// What is kept of every unit, for checks.
pub(super) fn all_shares(conn: &mut DbConn) -> Result<Vec<(OrgUnitId, ShareRow)>> {
    let rows = value_share::table
        .select((
            value_share::org_unit_id,
            (value_share::axis, value_share::place, value_share::customers, value_share::contribution),
        ))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Adds customers and their contribution to what is kept of a place in a unit.
pub(super) fn add_share(
    conn: &mut DbConn,
    unit: OrgUnitId,
    (axis, place, customers, contribution): (&str, &str, i64, i64),
) -> Result<()> {
    let upsert = Condition::new()
        .sql("INSERT INTO value_share (org_unit_id, axis, place, customers, contribution) VALUES (")
        .bind_all([
            Some(Value::Id(Id::new(unit.uuid()))),
            Some(Value::Text(axis.to_owned())),
            Some(Value::Text(place.to_owned())),
            Some(Value::Integer(customers)),
            Some(Value::Integer(contribution)),
        ])
        .sql(
            ") ON CONFLICT (org_unit_id, axis, place) DO UPDATE SET customers = value_share.customers + excluded.customers, \
             contribution = value_share.contribution + excluded.contribution",
        );
    Statement::new(upsert).execute(conn)?;
    Ok(())
}
