use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Text};
use guanxi_api::Tier;
use guanxi_db::schema::{customer, customer_figures, customer_tier_history, tier_policy};
use guanxi_db::{Condition, DbConn, DbError, DbMoment, DbUuid, Id, Moment, Ordering, Value, insert_many};

use crate::access::OrgUnitId;
use crate::customers::CustomerId;
use crate::customers::store::FiguresRow;
use crate::customers::tiers::Assets;
use crate::error::Result;
use crate::listing::{COUNTED, Listing};

#[derive(Queryable, Selectable, Clone)]
#[diesel(table_name = tier_policy)]
pub(super) struct TierRow {
    pub(super) tier: String,
    pub(super) threshold: i64,
    pub(super) cadence_days: Option<i32>,
    pub(super) servicing_channel: String,
    pub(super) version: i64,
    pub(super) updated_at: Moment,
}

/// The layers, from the lowest threshold to the highest.
pub(super) fn tiers(conn: &mut DbConn) -> Result<Vec<TierRow>> {
    let rows = tier_policy::table
        .order(tier_policy::threshold)
        .select(TierRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Writes all layers; false when they are not of the version.
pub(super) fn set_tiers(conn: &mut DbConn, rows: &[TierRow], from_version: i64) -> Result<bool> {
    let mut changed = 0;
    for row in rows {
        changed +=
            diesel::update(tier_policy::table.find(&row.tier).filter(tier_policy::version.eq(from_version)))
                .set((
                    tier_policy::threshold.eq(row.threshold),
                    tier_policy::cadence_days.eq(row.cadence_days),
                    tier_policy::servicing_channel.eq(&row.servicing_channel),
                    tier_policy::version.eq(row.version),
                    tier_policy::updated_at.eq(row.updated_at),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
    }
    Ok(changed == rows.len())
}

/// The unit and the figures of a customer.
pub(super) fn figures(conn: &mut DbConn, id: CustomerId) -> Result<Option<(OrgUnitId, FiguresRow)>> {
    let row = customer_figures::table
        .inner_join(customer::table)
        .filter(customer_figures::customer_id.eq(id))
        .select((customer::org_unit_id, FiguresRow::as_select()))
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// Units and figures of some customers, in no order.
pub(super) fn figures_of(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<(OrgUnitId, FiguresRow)>> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(500) {
        found.extend(
            customer_figures::table
                .inner_join(customer::table)
                .filter(customer_figures::customer_id.eq_any(ids.iter().copied()))
                .select((customer::org_unit_id, FiguresRow::as_select()))
                .load(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

pub(super) fn set_assets(
    conn: &mut DbConn,
    id: CustomerId,
    tier: &str,
    assets: Assets,
    version: i64,
    now: Moment,
) -> Result<()> {
    diesel::update(customer_figures::table.find(id))
        .set((
            customer_figures::tier.eq(tier),
            customer_figures::aum.eq(assets.aum.0),
            customer_figures::coverage.eq(assets.coverage),
            customer_figures::version.eq(version),
            customer_figures::as_of.eq(now),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// What [`set_assets`] writes of a customer.
pub(super) struct AssetsRow {
    pub(super) id: CustomerId,
    pub(super) tier: Tier,
    pub(super) assets: Assets,
    pub(super) version: i64,
}

/// As [`set_assets`] for many customers; on PostgreSQL one statement, because each is a round trip.
pub(super) fn set_assets_of_many(conn: &mut DbConn, rows: &[AssetsRow], now: Moment) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    match conn {
        DbConn::Pg(conn) => {
            diesel::sql_query(
                "UPDATE customer_figures SET tier = new.tier, aum = new.aum, coverage = new.coverage, version = new.version, as_of = $6 \
                 FROM UNNEST($1, $2, $3, $4, $5) AS new (id, tier, aum, coverage, version) WHERE customer_id = new.id",
            )
            .bind::<Array<DbUuid>, _>(rows.iter().map(|row| row.id).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.tier.as_str()).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.assets.aum.0).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|row| row.assets.coverage).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.version).collect::<Vec<_>>())
            .bind::<DbMoment, _>(now)
            .execute(conn)
            .map_err(DbError::from)?;
        }
        DbConn::Sqlite(_) => {
            for row in rows {
                set_assets(conn, row.id, row.tier.as_str(), row.assets, row.version, now)?;
            }
        }
    }
    Ok(())
}

/// The next customers in the order of their ids.
pub(super) fn customers_after(
    conn: &mut DbConn,
    after: Option<CustomerId>,
    limit: i64,
) -> Result<Vec<CustomerId>> {
    let place = match after {
        Some(id) => Condition::new().sql("customer.id > ").bind(Value::Id(Id::new(id.uuid()))),
        None => Condition::everything(),
    };
    let ids = customer::table
        .filter(place)
        .order(Ordering::by(vec![("customer.id", false)]).first(limit))
        .select(customer::id)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(ids)
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
