use std::collections::HashMap;

use diesel::prelude::*;
use guanxi_api::{DuplicateState, JobKind};
use guanxi_db::schema::{duplicate_pair, installation, job};
use guanxi_db::{Condition, DbConn, DbError, Doc, Id, Moment, Value, insert_many};

use crate::access::{Scope, UserId};
use crate::customers::CustomerId;
use crate::duplicates::DuplicatePairId;
use crate::duplicates::search::Found;
use crate::error::Result;
use crate::jobs::JobId;
use crate::listing::{COUNTED, Listing};

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = duplicate_pair, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct PairRow {
    pub(super) id: DuplicatePairId,
    pub(super) first_id: CustomerId,
    pub(super) second_id: CustomerId,
    pub(super) score: i16,
    pub(super) evidence: Doc,
    pub(super) state: String,
    pub(super) search_id: JobId,
    pub(super) found_at: Moment,
    pub(super) decided_at: Option<Moment>,
    pub(super) decided_by: Option<UserId>,
    pub(super) reason: Option<String>,
    pub(super) version: i64,
}

/// Makes concurrent starts of searches go one after the other, by the one row that every bank has.
pub(super) fn lock_searches(conn: &mut DbConn) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        installation::table
            .select(installation::id)
            .for_no_key_update()
            .first::<i32>(conn)
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// Whether a search waits or runs.
pub(super) fn is_under_way(conn: &mut DbConn) -> Result<bool> {
    let found = job::table
        .filter(job::finished_at.is_null())
        .filter(job::kind.eq(JobKind::DuplicateSearch.as_str()))
        .select(job::id)
        .first::<JobId>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(found.is_some())
}

fn among(column: &'static str, ids: impl Iterator<Item = CustomerId>) -> Condition {
    let ids = ids.map(|id| Some(Value::Id(Id::new(id.uuid()))));
    Condition::unkept().sql(column).sql(" IN (").bind_all(ids).sql(")")
}

/// Those of some pairs that are written down already.
pub(super) fn known(
    conn: &mut DbConn,
    pairs: &[Found],
) -> Result<HashMap<(CustomerId, CustomerId), PairRow>> {
    if pairs.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<PairRow> = duplicate_pair::table
        .filter(among("duplicate_pair.first_id", pairs.iter().map(|pair| pair.first)))
        .select(PairRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows.into_iter().map(|row| ((row.first_id, row.second_id), row)).collect())
}

/// Notes that a pair was found again. One that is open may have another score by now.
pub(super) fn found_again(conn: &mut DbConn, before: &PairRow, again: &PairRow) -> Result<()> {
    let target = duplicate_pair::table.find(before.id);
    let differs = before.score != again.score || before.evidence.0 != again.evidence.0;
    if before.state == DuplicateState::Open.as_str() && differs {
        diesel::update(target)
            .set((
                duplicate_pair::score.eq(again.score),
                duplicate_pair::evidence.eq(&again.evidence),
                duplicate_pair::search_id.eq(again.search_id),
                duplicate_pair::version.eq(before.version + 1),
            ))
            .execute(conn)
            .map_err(DbError::from)?;
    } else {
        diesel::update(target)
            .set(duplicate_pair::search_id.eq(again.search_id))
            .execute(conn)
            .map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn insert(conn: &mut DbConn, rows: &[PairRow]) -> Result<()> {
    insert_many!(conn, duplicate_pair::table, rows).map_err(DbError::from)?;
    Ok(())
}

/// Removes what is open and was last found by another search.
pub(super) fn remove_open_of_others(conn: &mut DbConn, search: JobId) -> Result<()> {
    diesel::delete(
        duplicate_pair::table
            .filter(duplicate_pair::state.eq(DuplicateState::Open.as_str()))
            .filter(duplicate_pair::search_id.ne(search)),
    )
    .execute(conn)
    .map_err(DbError::from)?;
    Ok(())
}

/// The pairs of which a scope has at least one side. Those of a book are looked up by its customers; whoever sees units sees so many that the pairs
/// are walked in their order.
fn visible(scope: &Scope) -> Condition {
    match scope.units() {
        None => Condition::unkept()
            .sql("duplicate_pair.id IN (SELECT pair.id FROM customer JOIN duplicate_pair AS pair ON pair.first_id = customer.id WHERE (")
            .part(scope.customers())
            .sql(") UNION SELECT pair.id FROM customer JOIN duplicate_pair AS pair ON pair.second_id = customer.id WHERE (")
            .part(scope.customers())
            .sql("))"),
        Some(units) => Condition::unkept()
            .sql("EXISTS (SELECT 1 FROM customer WHERE customer.id IN (duplicate_pair.first_id, duplicate_pair.second_id) AND (")
            .part(units)
            .sql("))"),
    }
}

/// Both of them in the lists: one that was archived since is nobody's double.
fn in_lists() -> Condition {
    Condition::unkept().sql(
        "NOT EXISTS (SELECT 1 FROM customer WHERE customer.id IN (duplicate_pair.first_id, duplicate_pair.second_id) \
         AND customer.archived AND duplicate_pair.state = 'open')",
    )
}

pub(super) fn list(conn: &mut DbConn, scope: &Scope, listing: &Listing) -> Result<Vec<PairRow>> {
    let rows = duplicate_pair::table
        .filter(visible(scope).and(in_lists()).and(listing.condition()))
        .order(listing.ordering().first(listing.rows()))
        .select(PairRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count(conn: &mut DbConn, scope: &Scope, listing: &Listing) -> Result<i64> {
    let ids = duplicate_pair::table
        .filter(visible(scope).and(in_lists()).and(listing.filter.clone()))
        .select(duplicate_pair::id)
        .limit(COUNTED + 1)
        .load::<DuplicatePairId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

pub(super) fn find(conn: &mut DbConn, scope: &Scope, id: DuplicatePairId) -> Result<PairRow> {
    let row = duplicate_pair::table
        .filter(duplicate_pair::id.eq(id))
        .filter(visible(scope))
        .select(PairRow::as_select())
        .first(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

/// The pair of two customers.
pub(super) fn of_both(conn: &mut DbConn, one: CustomerId, other: CustomerId) -> Result<Option<PairRow>> {
    let row = duplicate_pair::table
        .filter(duplicate_pair::first_id.eq(one.min(other)))
        .filter(duplicate_pair::second_id.eq(one.max(other)))
        .select(PairRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// Writes a changed pair over the version it was made from; false when that is no longer the version.
pub(super) fn update(conn: &mut DbConn, row: &PairRow, from_version: i64) -> Result<bool> {
    let changed =
        diesel::update(duplicate_pair::table.find(row.id).filter(duplicate_pair::version.eq(from_version)))
            .set(row)
            .execute(conn)
            .map_err(DbError::from)?;
    Ok(changed > 0)
}
