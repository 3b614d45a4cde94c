use chrono::{Datelike, Days, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use guanxi_db::schema::{segment, segment_member, segment_scheme, user_account};
use guanxi_db::{Condition, DbConn, DbError, DbUuid, Doc, Id, Moment, Statement, Value, insert_many};

use uuid::Uuid;

use crate::access::{OrgUnitId, Scope, UserId};
use crate::customers::CustomerId;
use crate::error::Result;
use crate::installation::Settings;
use crate::listing::{COUNTED, Comparison, Rule};
use crate::segments::{SchemeId, SegmentId};

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = segment_scheme, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct SchemeRow {
    pub(super) id: SchemeId,
    pub(super) code: String,
    pub(super) name_zh: String,
    pub(super) name_en: String,
    pub(super) applies_to: Option<String>,
    pub(super) place: i32,
    pub(super) evaluated_on: Option<NaiveDate>,
    pub(super) archived: bool,
    pub(super) archived_at: Option<Moment>,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = segment, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct SegmentRow {
    pub(super) id: SegmentId,
    pub(super) scheme_id: SchemeId,
    pub(super) code: String,
    pub(super) name_zh: String,
    pub(super) name_en: String,
    pub(super) description_zh: Option<String>,
    pub(super) description_en: Option<String>,
    /// The smaller is asked first.
    pub(super) place: i32,
    pub(super) rule: String,
    pub(super) risk_from: String,
    pub(super) risk_to: String,
    pub(super) contribution: String,
    pub(super) service_cost: String,
    pub(super) cadence_days: Option<i32>,
    pub(super) preferred_channel: Option<String>,
    pub(super) product_preferences: Doc,
    pub(super) product_exclusions: Doc,
    pub(super) acts_as_group: bool,
    pub(super) archived: bool,
    pub(super) archived_at: Option<Moment>,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

/// All schemes, in their order, archived ones last.
pub(super) fn schemes(conn: &mut DbConn) -> Result<Vec<SchemeRow>> {
    let rows = segment_scheme::table
        .order((segment_scheme::archived, segment_scheme::place, segment_scheme::id))
        .select(SchemeRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// All segments, in the order in which they are asked, archived ones last.
pub(super) fn segments(conn: &mut DbConn) -> Result<Vec<SegmentRow>> {
    let rows = segment::table
        .order((segment::archived, segment::place, segment::id))
        .select(SegmentRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn scheme(conn: &mut DbConn, id: SchemeId) -> Result<Option<SchemeRow>> {
    let row = segment_scheme::table
        .find(id)
        .select(SchemeRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn segment(conn: &mut DbConn, id: SegmentId) -> Result<Option<SegmentRow>> {
    let row = segment::table
        .find(id)
        .select(SegmentRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn insert_scheme(conn: &mut DbConn, row: &SchemeRow) -> Result<(), DbError> {
    diesel::insert_into(segment_scheme::table).values(row).execute(conn)?;
    Ok(())
}

/// False when the version is another one.
pub(super) fn update_scheme(conn: &mut DbConn, row: &SchemeRow, from_version: i64) -> Result<bool> {
    let updated =
        diesel::update(segment_scheme::table.find(row.id).filter(segment_scheme::version.eq(from_version)))
            .set(row)
            .execute(conn)
            .map_err(DbError::from)?;
    Ok(updated > 0)
}

pub(super) fn insert_segment(conn: &mut DbConn, row: &SegmentRow) -> Result<(), DbError> {
    diesel::insert_into(segment::table).values(row).execute(conn)?;
    Ok(())
}

/// False when the version is another one.
pub(super) fn update_segment(conn: &mut DbConn, row: &SegmentRow, from_version: i64) -> Result<bool> {
    let updated = diesel::update(segment::table.find(row.id).filter(segment::version.eq(from_version)))
        .set(row)
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(updated > 0)
}

#[derive(Queryable, Selectable, Insertable, Clone, PartialEq)]
#[diesel(table_name = segment_member, treat_none_as_default_value = false)]
pub(super) struct MemberRow {
    pub(super) customer_id: CustomerId,
    pub(super) scheme_id: SchemeId,
    pub(super) segment_id: Option<SegmentId>,
    /// Where the rules alone put the customer.
    pub(super) ruled_id: Option<SegmentId>,
    pub(super) applies: bool,
    pub(super) source: String,
    pub(super) since: Moment,
    pub(super) reason: Option<String>,
    pub(super) until: Option<NaiveDate>,
    pub(super) decided_by: Option<UserId>,
    /// The unit under which the customer is counted; none for an archived one.
    pub(super) counted_unit_id: Option<OrgUnitId>,
    /// The assets with which it is counted, in 1/10000 of the base currency.
    pub(super) counted_aum: i64,
}

/// The condition on members with these ids. Its statements are not kept: the plan that PostgreSQL keeps of an empty table reads a full one
/// whole.
fn members_among(ids: &[CustomerId]) -> Condition {
    let values = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    Condition::unkept().sql("segment_member.customer_id IN (").bind_all(values).sql(")")
}

pub(super) fn members_of(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<MemberRow>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        found.extend(
            segment_member::table
                .filter(members_among(ids))
                .select(MemberRow::as_select())
                .load(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

pub(super) fn decided_by(conn: &mut DbConn, ids: &[UserId]) -> Result<Vec<(UserId, String)>> {
    let rows = user_account::table
        .filter(user_account::id.eq_any(ids.iter().copied()))
        .select((user_account::id, user_account::display_name))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn cadences(conn: &mut DbConn) -> Result<Vec<i32>> {
    let days = segment::table
        .inner_join(segment_scheme::table)
        .filter(segment::archived.eq(false).and(segment_scheme::archived.eq(false)))
        .filter(segment::cadence_days.is_not_null())
        .select(segment::cadence_days.assume_not_null())
        .distinct()
        .order(segment::cadence_days)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(days)
}

/// The smallest number of days of the segments of customers, of schemes in use.
pub(super) fn cadences_of(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<(CustomerId, Option<i32>)>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        found.extend::<Vec<(CustomerId, Option<i32>)>>(
            segment_member::table
                .inner_join(segment_scheme::table)
                .inner_join(segment::table.on(segment::id.nullable().eq(segment_member::segment_id)))
                .filter(segment_scheme::archived.eq(false))
                .filter(segment_member::customer_id.eq_any(ids.iter().copied()))
                .group_by(segment_member::customer_id)
                .select((segment_member::customer_id, diesel::dsl::min(segment::cadence_days)))
                .load(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

/// Adds customers and assets, in 1/10000 of the base currency, to what is kept of a place in a unit.
pub(super) fn add_share(
    conn: &mut DbConn,
    (unit, place): (OrgUnitId, Uuid),
    customers: i64,
    aum: i64,
) -> Result<()> {
    let upsert = Condition::new()
        .sql("INSERT INTO segment_share (org_unit_id, place_id, customers, aum) VALUES (")
        .bind_all([
            Some(Value::Id(Id::new(unit.uuid()))),
            Some(Value::Id(Id::new(place))),
            Some(Value::Integer(customers)),
            Some(Value::Integer(aum)),
        ])
        .sql(
            ") ON CONFLICT (org_unit_id, place_id) DO UPDATE SET customers = segment_share.customers + excluded.customers, \
             aum = segment_share.aum + excluded.aum",
        );
    Statement::new(upsert).execute(conn)?;
    Ok(())
}

/// Takes these customers out of a scheme.
pub(super) fn remove_members(conn: &mut DbConn, scheme: SchemeId, ids: &[CustomerId]) -> Result<()> {
    for ids in ids.chunks(500) {
        diesel::delete(
            segment_member::table.filter(segment_member::scheme_id.eq(scheme)).filter(members_among(ids)),
        )
        .execute(conn)
        .map_err(DbError::from)?;
    }
    Ok(())
}

/// Writes where customers stand in a scheme, in place of what was there.
pub(super) fn set_members(conn: &mut DbConn, scheme: SchemeId, rows: &[MemberRow]) -> Result<()> {
    let ids: Vec<CustomerId> = rows.iter().map(|row| row.customer_id).collect();
    remove_members(conn, scheme, &ids)?;
    insert_many!(conn, segment_member::table, rows).map_err(DbError::from)?;
    Ok(())
}

/// The day and the moments that rules compare with, as a table of one row called `today`.
fn today(settings: &Settings, day: NaiveDate) -> Condition {
    let ago = |days: u64| day.checked_sub_days(Days::new(days)).unwrap_or(day);
    Condition::new()
        .sql("(SELECT ")
        .bind(Value::Integer(day.year().into()))
        .sql(" AS this_year, ")
        .bind(Value::Text(day.format("%m-%d").to_string()))
        .sql(" AS month_day, ")
        .bind(Value::Date(ago(365)))
        .sql(" AS year_ago, ")
        .bind(Value::Date(ago(90)))
        .sql(" AS quarter_ago, ")
        .bind(Value::Moment(settings.start_of(ago(89))))
        .sql(" AS since) AS today")
}

/// Everything that a rule may speak of.
fn subjects(settings: &Settings, day: NaiveDate) -> Condition {
    Condition::new()
        .sql(" FROM customer JOIN customer_figures ON customer_figures.customer_id = customer.id CROSS JOIN ")
        .part(today(settings, day))
}

/// Where the rules of a scheme put a customer.
#[derive(Queryable)]
pub(super) struct PlacedRow {
    pub(super) customer_id: CustomerId,
    /// The number of the rule that holds, from 1; 0 for none, -1 where the scheme is not for the customer.
    pub(super) rule: i64,
    pub(super) archived: bool,
    pub(super) unit_id: OrgUnitId,
    /// In 1/10000 of the base currency.
    pub(super) aum: i64,
}

/// Asks the rules of a scheme, one after the other, about customers: one statement for all of them.
pub(super) fn placed(
    conn: &mut DbConn,
    (settings, day): (&Settings, NaiveDate),
    applies_to: Option<&Rule>,
    rules: &[&Rule],
    which: Condition,
) -> Result<Vec<PlacedRow>> {
    // Without rules and a condition there would be no arm.
    let mut select = Condition::unkept().sql("SELECT customer.id, CAST(CASE WHEN customer.archived THEN -1");
    if let Some(rule) = applies_to {
        select = select.sql(" WHEN NOT (").part(rule.condition()).sql(") THEN -1");
    }
    for (n, rule) in (1_i64..).zip(rules) {
        select = select.sql(" WHEN ").part(rule.condition()).sql(" THEN ").literal(Value::Integer(n));
    }
    let select = select
        .sql(" ELSE 0 END AS bigint), customer.archived, customer.org_unit_id, customer_figures.aum")
        .part(subjects(settings, day))
        .sql(" WHERE ")
        .part(which);
    let rows =
        Statement::<(DbUuid, BigInt, Bool, DbUuid, BigInt)>::new(select).load(conn).map_err(DbError::from)?;
    Ok(rows)
}

/// The condition on customers with these ids.
pub(super) fn these(ids: &[CustomerId]) -> Condition {
    if ids.is_empty() {
        return Condition::nothing();
    }
    let values = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    Condition::unkept().sql("customer.id IN (").bind_all(values).sql(")")
}

/// For schemes in use, all customers were looked at on a day.
pub(super) fn set_evaluated(conn: &mut DbConn, day: NaiveDate) -> Result<()> {
    diesel::update(segment_scheme::table.filter(segment_scheme::archived.eq(false)))
        .set(segment_scheme::evaluated_on.eq(day))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// Customers that a scope has, that are not archived and for whom a rule holds; the first by name, and how many, counted no further than
/// needed.
pub(super) fn found_by(
    conn: &mut DbConn,
    scope: &Scope,
    (settings, day): (&Settings, NaiveDate),
    rule: &Rule,
    most: i64,
) -> Result<(Vec<CustomerId>, i64)> {
    let select = |columns: &'static str| {
        Condition::unkept()
            .sql(columns)
            .part(subjects(settings, day))
            .sql(" WHERE NOT customer.archived AND (")
            .part(scope.customers())
            .sql(") AND (")
            .part(rule.condition())
            .sql(")")
    };
    let first = select("SELECT customer.id")
        .sql(" ORDER BY customer.name_sort, customer.id LIMIT ")
        .bind(Value::Integer(most));
    let first = Statement::<DbUuid>::new(first).load(conn).map_err(DbError::from)?;
    let counted = Condition::unkept()
        .sql("SELECT COUNT(*) FROM (")
        .part(select("SELECT customer.id"))
        .sql(" LIMIT ")
        .bind(Value::Integer(COUNTED + 1))
        .sql(") AS found");
    let counted = Statement::<BigInt>::new(counted).load::<i64>(conn).map_err(DbError::from)?;
    Ok((first, counted.into_iter().sum()))
}

/// Which comparisons of a rule hold for a customer, and what it has in their fields.
pub(super) fn asked(
    conn: &mut DbConn,
    (settings, day): (&Settings, NaiveDate),
    id: CustomerId,
    comparisons: &[Comparison],
) -> Result<Vec<(bool, Option<String>)>> {
    let mut all = Condition::unkept();
    for (n, comparison) in (1_i64..).zip(comparisons) {
        all = all
            .sql(if n > 1 { " UNION ALL SELECT " } else { "SELECT " })
            .literal(Value::Integer(n))
            .sql(" AS number, CASE WHEN ")
            .part(comparison.condition.clone())
            .sql(" THEN 1 ELSE 0 END AS holds, ");
        all = if comparison.field.kind.is_set() {
            all.sql("CAST(NULL AS text)")
        } else {
            all.sql("CAST(").sql(comparison.field.column).sql(" AS text)")
        };
        all = all
            .sql(" AS value")
            .part(subjects(settings, day))
            .sql(" WHERE customer.id = ")
            .bind(Value::Id(Id::new(id.uuid())));
    }
    if comparisons.is_empty() {
        return Ok(Vec::new());
    }
    let whole = Condition::unkept()
        .sql("SELECT CAST(asked.number AS bigint), CAST(asked.holds AS bigint), asked.value FROM (")
        .part(all)
        .sql(") AS asked ORDER BY 1");
    let rows: Vec<(i64, i64, Option<String>)> =
        Statement::<(BigInt, BigInt, Nullable<Text>)>::new(whole).load(conn).map_err(DbError::from)?;
    Ok(rows.into_iter().map(|(_, holds, value)| (holds == 1, value)).collect())
}

/// Customers and assets that a scope has by segment, or by scheme for those in none of its segments; archived ones do not count. What is kept
/// of units, or, of a book, summed when it is asked for.
pub(super) fn shares(conn: &mut DbConn, scope: &Scope) -> Result<Vec<(Id<()>, i64, i64)>> {
    let sums = Condition::new().sql(
        "SELECT customer.place_id, CAST(SUM(customer.customers) AS bigint), CAST(SUM(customer.aum) AS bigint) FROM ",
    );
    let from = match scope.units() {
        Some(units) => sums.sql("segment_share AS customer WHERE ").part(units),
        None => sums
            .sql(
                "(SELECT COALESCE(segment_member.segment_id, segment_member.scheme_id) AS place_id, 1 AS customers, \
                 segment_member.counted_aum AS aum FROM customer JOIN segment_member ON segment_member.customer_id = customer.id \
                 WHERE segment_member.counted_unit_id IS NOT NULL AND (",
            )
            .part(scope.customers())
            .sql(")) AS customer"),
    };
    let grouped = from.sql(" GROUP BY customer.place_id HAVING SUM(customer.customers) > 0");
    let rows = Statement::<(DbUuid, BigInt, BigInt)>::new(grouped).load(conn).map_err(DbError::from)?;
    Ok(rows)
}

/// For how many units and places what is kept is not what the members say.
pub(super) fn wrong_shares(conn: &mut DbConn) -> Result<i64> {
    let wrong = Condition::new().sql(
        "SELECT COUNT(*) FROM (SELECT said.unit_id, said.place_id FROM (\
         SELECT segment_share.org_unit_id AS unit_id, segment_share.place_id, segment_share.customers, segment_share.aum FROM segment_share \
         UNION ALL SELECT segment_member.counted_unit_id, COALESCE(segment_member.segment_id, segment_member.scheme_id), -1, \
         -segment_member.counted_aum FROM segment_member WHERE segment_member.counted_unit_id IS NOT NULL) AS said \
         GROUP BY said.unit_id, said.place_id HAVING SUM(said.customers) <> 0 OR SUM(said.aum) <> 0) AS wrong",
    );
    let found = Statement::<BigInt>::new(wrong).load::<i64>(conn).map_err(DbError::from)?;
    Ok(found.into_iter().sum())
}
