use diesel::prelude::*;
use guanxi_api::{CustomerKind, CustomerStatus, Gender, Tier};
use guanxi_db::schema::{customer, customer_figures, customer_pair, directory};
use guanxi_db::{Coded, Condition, Day, DbConn, DbError, DbUuid, Id, Moment, Ordering, Statement, Value};

use crate::access::{OrgUnitMark, Scope, UserId};
use crate::customers::CustomerId;
use crate::customers::store::{QualityRow, ValueRow, WatchedRow};
use crate::error::Result;
use crate::listing::COUNTED;

/// A line of a list.
#[derive(Queryable)]
pub(super) struct SummaryRow {
    pub(super) id: CustomerId,
    pub(super) customer_no: String,
    pub(super) kind: Coded<CustomerKind>,
    pub(super) name: String,
    pub(super) name_sort: String,
    pub(super) status: Coded<CustomerStatus>,
    pub(super) gender: Option<Coded<Gender>>,
    pub(super) city: Option<String>,
    pub(super) org_unit_id: Id<OrgUnitMark>,
    pub(super) owner_id: Option<UserId>,
    pub(super) tier: Coded<Tier>,
    pub(super) watched: WatchedRow,
    pub(super) value: ValueRow,
    pub(super) quality: QualityRow,
    pub(super) aum: i64,
    pub(super) phone_masked: Option<String>,
    pub(super) customer_since: Option<Day>,
    pub(super) archived_at: Option<Moment>,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
    pub(super) last_contacted_at: Moment,
    /// Whether the name begins with what was asked for.
    pub(super) begins: bool,
    /// Of the names of units and users.
    pub(super) directory_version: i64,
}

/// The columns of a line; `$begins` is what says whether the name begins with what was asked for.
macro_rules! summary_columns {
    ($begins:expr) => {
        (
            customer::id,
            customer::customer_no,
            customer::kind,
            customer::name,
            customer::name_sort,
            customer::status,
            customer::gender,
            customer::city,
            customer::org_unit_id,
            customer::owner_id,
            customer_figures::tier,
            WatchedRow::as_select(),
            ValueRow::as_select(),
            QualityRow::as_select(),
            customer_figures::aum,
            customer::phone_masked,
            customer::customer_since,
            customer::archived_at,
            customer::version,
            customer::created_at,
            customer::updated_at,
            customer_figures::last_contacted_at,
            $begins,
            directory::table.select(directory::version).single_value().assume_not_null(),
        )
    };
}

/// The first customers of an order that a scope has and that meet a condition; of each, whether `begins` holds.
pub(super) fn list(
    conn: &mut DbConn,
    scope: &Scope,
    condition: Condition,
    begins: Condition,
    order: Ordering,
    limit: i64,
) -> Result<Vec<SummaryRow>> {
    let rows = customer::table
        .inner_join(customer_figures::table)
        .filter(scope.customers().and(condition))
        .order(order.first(limit))
        .select(summary_columns!(begins))
        .load::<SummaryRow>(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// The columns by which the customers with a pair of characters in their names are in order.
pub(super) const ORDER_OF_PAIR: [(&str, bool); 2] =
    [("customer_pair.name_sort", false), ("customer_pair.customer_id", false)];

/// The first customers by name with a pair of characters in it, those that it `begins` or the others.
pub(super) fn list_of_pair(
    conn: &mut DbConn,
    scope: &Scope,
    pair: &str,
    begins: bool,
    condition: Condition,
    limit: i64,
) -> Result<Vec<SummaryRow>> {
    let rows = customer::table
        .inner_join(customer_pair::table)
        .inner_join(customer_figures::table)
        .filter(customer_pair::pair.eq(pair).and(customer_pair::begins.eq(begins)))
        .filter(scope.customers().and(condition))
        .order(Ordering::by(ORDER_OF_PAIR.to_vec()).first(limit))
        .select(summary_columns!(customer_pair::begins))
        .load::<SummaryRow>(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// The sort key so many places after the first one that a scope has and that meets a condition on sort keys; none where there are not so
/// many.
pub(super) fn name_after(
    conn: &mut DbConn,
    scope: &Scope,
    condition: Condition,
    places: i64,
) -> Result<Option<String>> {
    let name = customer::table
        .filter(customer::archived.eq(false).and(scope.customers().and(condition)))
        .order((customer::name_sort, customer::id))
        .select(customer::name_sort)
        .offset(places)
        .limit(1)
        .first::<String>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(name)
}

/// Whether a text is the name of something besides part of a name, or the pairs of some customer are still those of older rules.
pub(super) fn pairs_are_not_all(conn: &mut DbConn, exactly: &[Exactly], version: i16) -> Result<bool> {
    let found = Statement::<DbUuid>::new(
        Condition::new()
            .sql("SELECT customer.id FROM customer WHERE ")
            .part(among(ids_of_exact(exactly)))
            // The oldest by its index; a bare condition would read a bank from end to end that has no such customer.
            .sql(
                " UNION ALL SELECT oldest.id FROM (SELECT customer.id, customer.search_version FROM customer \
                 ORDER BY customer.search_version LIMIT 1) AS oldest WHERE oldest.search_version < ",
            )
            .bind(Value::Integer(i64::from(version))),
    )
    .load::<CustomerId>(conn)
    .map_err(DbError::from)?;
    Ok(!found.is_empty())
}

/// How many customers a list has, counted no further than needed.
pub(super) fn count(conn: &mut DbConn, scope: &Scope, condition: Condition) -> Result<i64> {
    let ids = customer::table
        .inner_join(customer_figures::table)
        .filter(scope.customers().and(condition))
        .select(customer::id)
        .limit(COUNTED + 1)
        .load::<CustomerId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// A number or address that a search may mean, as its index has it.
pub(super) enum Exactly {
    PhoneTail(Vec<u8>),
    ContactValue(Vec<u8>),
    Identity(Vec<u8>),
    CustomerNo(String),
    ExternalId(String),
}

/// Most customers that an exact value finds.
const MOST_EXACT: i64 = 1000;

/// The customers that one of these values belongs to.
pub(super) fn found_exactly(conn: &mut DbConn, values: &[Exactly]) -> Result<Vec<CustomerId>> {
    let mut found = customer::table
        .filter(among(ids_of_exact(values)))
        .select(customer::id)
        .load::<CustomerId>(conn)
        .map_err(DbError::from)?;
    found.sort();
    Ok(found)
}

/// The ids that these values belong to, as subqueries.
pub(super) fn ids_of_exact(values: &[Exactly]) -> Vec<Condition> {
    let first_of = |select: &'static str, value: Value| {
        Condition::new()
            .sql("SELECT exactly.id FROM (")
            .sql(select)
            .bind(value)
            .sql(" LIMIT ")
            .bind(Value::Integer(MOST_EXACT))
            .sql(") AS exactly")
    };
    values
        .iter()
        .map(|value| match value {
            Exactly::PhoneTail(hash) => first_of(
                "SELECT contact_point.customer_id AS id FROM contact_point WHERE contact_point.tail_hash = ",
                Value::Bytes(hash.clone()),
            ),
            Exactly::ContactValue(hash) => first_of(
                "SELECT contact_point.customer_id AS id FROM contact_point WHERE contact_point.value_hash = ",
                Value::Bytes(hash.clone()),
            ),
            Exactly::Identity(hash) => first_of(
                "SELECT identity_document.customer_id AS id FROM identity_document WHERE identity_document.value_hash = ",
                Value::Bytes(hash.clone()),
            ),
            Exactly::CustomerNo(number) => first_of(
                "SELECT numbered.id FROM customer AS numbered WHERE numbered.customer_no = ",
                Value::Text(number.clone()),
            ),
            Exactly::ExternalId(text) => first_of(
                "SELECT external_id.customer_id AS id FROM external_id WHERE external_id.value = ",
                Value::Text(text.clone()),
            ),
        })
        .collect()
}

/// The condition that a customer is among those that subqueries give.
pub(super) fn among(ids: Vec<Condition>) -> Condition {
    if ids.is_empty() {
        return Condition::nothing();
    }
    let mut condition = Condition::new().sql("customer.id IN (");
    for (n, ids) in ids.into_iter().enumerate() {
        condition = condition.sql(if n > 0 { " UNION ALL " } else { "" }).part(ids);
    }
    condition.sql(")")
}

/// The condition that a customer's name begins with a text.
pub(super) fn begins_with(conn: &DbConn, text: &str) -> Condition {
    guanxi_db::search::contains(conn.engine(), "customer.beginnings", format!(" {text}"))
}

/// The condition that a sort key is no later than a text.
pub(super) fn sorted_up_to(end: Option<String>) -> Condition {
    end.map_or_else(Condition::everything, |end| {
        Condition::new().sql("customer.name_sort <= ").bind(Value::Text(end))
    })
}

/// The condition on sort keys between two texts, so that a walk in the order of names need not go through the whole bank. Where a page
/// goes on after a row, that row is its beginning.
pub(super) fn sorted_between(from: Option<String>, until: Option<String>) -> Condition {
    let bound = |relation, text| Condition::new().sql(relation).bind(Value::Text(text));
    let from = from.map(|text| bound("customer.name_sort >= ", text));
    let until = until.map(|text| bound("customer.name_sort < ", text));
    match (from, until) {
        (Some(from), Some(until)) => from.and(until),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => Condition::everything(),
    }
}
