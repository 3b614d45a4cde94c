use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use diesel::upsert::excluded;
use guanxi_api::{BulkCustomer, ExternalId};
use guanxi_db::schema::{bulk_outcome, customer, external_id};
use guanxi_db::{Condition, DbConn, DbError, Doc, Id, Moment, Value};

use crate::access::Scope;
use crate::customers::CustomerId;
use crate::customers::bulk::{BulkOutcomeId, Changed};
use crate::customers::store::{self as rows, CustomerRow, ExternalIdRow};
use crate::error::{Code, Error, Result};

/// How long the outcome of a call is kept: as long as idempotency keys.
const KEPT_SECONDS: i64 = 7 * 24 * 3600;

/// What is known of keys of other systems, by system and key.
pub(super) fn by_keys(
    conn: &mut DbConn,
    keys: &[&ExternalId],
) -> Result<HashMap<(String, String), ExternalIdRow>> {
    let mut of_source: HashMap<&str, Vec<Option<Value>>> = HashMap::new();
    for key in keys {
        of_source.entry(&key.source).or_default().push(Some(Value::Text(key.id.clone())));
    }
    let mut known = HashMap::new();
    for (source, values) in of_source {
        let among = Condition::unkept().sql("external_id.value IN (").bind_all(values).sql(")");
        let found: Vec<ExternalIdRow> = external_id::table
            .filter(external_id::source.eq(source))
            .filter(among)
            .select(ExternalIdRow::as_select())
            .load(conn)
            .map_err(DbError::from)?;
        known.extend(found.into_iter().map(|row| ((row.source.clone(), row.value.clone()), row)));
    }
    Ok(known)
}

/// Which of some customers have keys, and of which systems.
pub(super) fn keyed(conn: &mut DbConn, ids: &[CustomerId]) -> Result<HashSet<(CustomerId, String)>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    let among = Condition::unkept().sql("external_id.customer_id IN (").bind_all(ids).sql(")");
    let found: Vec<(CustomerId, String)> = external_id::table
        .filter(among)
        .select((external_id::customer_id, external_id::source))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(found.into_iter().collect())
}

/// Those of the customers that the scope has.
pub(super) fn rows(
    conn: &mut DbConn,
    scope: &Scope,
    ids: &[CustomerId],
) -> Result<HashMap<CustomerId, CustomerRow>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<CustomerRow> = customer::table
        .filter(rows::these(ids))
        .filter(scope.customer())
        .select(CustomerRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(found.into_iter().map(|row| (row.id, row)).collect())
}

/// Writes changed customers over the versions that they were made from.
pub(super) fn update(conn: &mut DbConn, changed: &[Changed]) -> Result<()> {
    if changed.is_empty() {
        return Ok(());
    }
    match conn {
        DbConn::Pg(conn) => update_at_once(conn, changed)?,
        DbConn::Sqlite(_) => {
            for step in changed {
                if !rows::update(conn, &step.before, &step.after)? {
                    return Err(Error::new(Code::Stale));
                }
            }
        }
    }
    for Changed { before, after, found_by, .. } in changed {
        if before.city != after.city {
            rows::update_figures_keys(conn, after.id, after.city.as_deref(), after.archived)?;
        }
        if let Some(found_by) = found_by {
            guanxi_db::search::index_customer(conn, found_by.clone())?;
        }
    }
    Ok(())
}

/// One statement for all rows, which are locked: on PostgreSQL a statement is a round trip.
fn update_at_once(conn: &mut diesel::PgConnection, changed: &[Changed]) -> Result<(), DbError> {
    let after: Vec<&CustomerRow> = changed.iter().map(|step| &step.after).collect();
    diesel::insert_into(customer::table)
        .values(after)
        .on_conflict(customer::id)
        .do_update()
        .set((
            customer::status.eq(excluded(customer::status)),
            customer::name.eq(excluded(customer::name)),
            customer::name_sort.eq(excluded(customer::name_sort)),
            customer::gender.eq(excluded(customer::gender)),
            customer::birth_date.eq(excluded(customer::birth_date)),
            customer::birth_year.eq(excluded(customer::birth_year)),
            customer::marital_status.eq(excluded(customer::marital_status)),
            customer::province.eq(excluded(customer::province)),
            customer::city.eq(excluded(customer::city)),
            customer::occupation.eq(excluded(customer::occupation)),
            customer::industry.eq(excluded(customer::industry)),
            customer::income_band.eq(excluded(customer::income_band)),
            customer::source.eq(excluded(customer::source)),
            customer::risk_attribute.eq(excluded(customer::risk_attribute)),
            customer::customer_since.eq(excluded(customer::customer_since)),
            customer::do_not_contact.eq(excluded(customer::do_not_contact)),
            customer::restricted.eq(excluded(customer::restricted)),
            customer::details.eq(excluded(customer::details)),
            customer::search_version.eq(excluded(customer::search_version)),
            customer::version.eq(excluded(customer::version)),
            customer::updated_at.eq(excluded(customer::updated_at)),
            customer::beginnings.eq(excluded(customer::beginnings)),
        ))
        .execute(conn)?;
    Ok(())
}

/// Notes the versions that lines bring along, where they bring one that is newer than what is known.
pub(super) fn set_source_versions(conn: &mut DbConn, lines: &[&BulkCustomer]) -> Result<()> {
    let newer: Vec<(&ExternalId, i64)> =
        lines.iter().filter_map(|line| Some((&line.external, line.source_version?))).collect();
    if newer.is_empty() {
        return Ok(());
    }
    match conn {
        DbConn::Pg(conn) => {
            let text = |of: fn(&ExternalId) -> &str| newer.iter().map(|(key, _)| of(key)).collect::<Vec<_>>();
            diesel::sql_query(
                "UPDATE external_id SET source_version = new.version FROM UNNEST($1, $2, $3) AS new (source, value, version) \
                 WHERE external_id.source = new.source AND external_id.value = new.value \
                 AND external_id.source_version IS DISTINCT FROM new.version",
            )
            .bind::<Array<Text>, _>(text(|key| &key.source))
            .bind::<Array<Text>, _>(text(|key| &key.id))
            .bind::<Array<BigInt>, _>(newer.iter().map(|(_, version)| *version).collect::<Vec<_>>())
            .execute(conn)
            .map_err(DbError::from)?;
        }
        DbConn::Sqlite(conn) => {
            for (key, version) in newer {
                diesel::update(external_id::table.find((&key.source, &key.id)))
                    .filter(external_id::source_version.is_null().or(external_id::source_version.ne(version)))
                    .set(external_id::source_version.eq(version))
                    .execute(conn)
                    .map_err(DbError::from)?;
            }
        }
    }
    Ok(())
}

/// Keeps the outcome of a call.
pub(super) fn keep(
    conn: &mut DbConn,
    id: BulkOutcomeId,
    outcome: serde_json::Value,
    at: Moment,
) -> Result<()> {
    diesel::insert_into(bulk_outcome::table)
        .values((
            bulk_outcome::id.eq(id),
            bulk_outcome::outcome.eq(Doc(outcome)),
            bulk_outcome::created_at.eq(at),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// What is kept of a call.
pub(super) fn kept(conn: &mut DbConn, id: BulkOutcomeId) -> Result<serde_json::Value> {
    let Doc(outcome) =
        bulk_outcome::table.find(id).select(bulk_outcome::outcome).first(conn).map_err(DbError::from)?;
    Ok(outcome)
}

/// Removes outcomes whose keys have expired; gives how many.
pub(super) fn purge(conn: &mut DbConn, now: Moment) -> Result<usize> {
    let oldest = now.plus_seconds(-KEPT_SECONDS);
    let removed = diesel::delete(bulk_outcome::table.filter(bulk_outcome::created_at.lt(oldest)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(removed)
}
