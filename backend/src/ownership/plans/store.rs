use chrono::NaiveDate;
use diesel::prelude::*;
use guanxi_db::schema::{care_plan, customer};
use guanxi_db::{Condition, DbConn, DbError, Id, Moment, Value};

use crate::access::{Scope, UserId};
use crate::customers::CustomerId;
use crate::error::Result;
use crate::listing::{COUNTED, Listing};
use crate::ownership::plans::CarePlanId;

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = care_plan, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct PlanRow {
    pub(super) id: CarePlanId,
    pub(super) customer_id: CustomerId,
    pub(super) goal: String,
    pub(super) starts_on: NaiveDate,
    pub(super) review_on: NaiveDate,
    pub(super) state: String,
    pub(super) outcome: Option<String>,
    pub(super) ended_at: Option<Moment>,
    pub(super) created_by: Option<UserId>,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

pub(super) fn insert(conn: &mut DbConn, row: &PlanRow) -> Result<()> {
    diesel::insert_into(care_plan::table).values(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// Holds every other change of a plan until the transaction ends. SQLite has one writer anyway.
pub(super) fn lock(conn: &mut DbConn, id: CarePlanId) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        care_plan::table
            .find(id)
            .select(care_plan::id)
            .for_update()
            .first::<CarePlanId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn find(conn: &mut DbConn, scope: &Scope, id: CarePlanId) -> Result<PlanRow> {
    let row = care_plan::table
        .inner_join(customer::table)
        .filter(care_plan::id.eq(id))
        .filter(scope.customer())
        .select(PlanRow::as_select())
        .first(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn list(conn: &mut DbConn, scope: &Scope, listing: &Listing) -> Result<Vec<PlanRow>> {
    let rows = care_plan::table
        .inner_join(customer::table)
        .filter(Condition::unkept().part(scope.customers()).and(listing.condition()))
        .order(listing.ordering().first(listing.rows()))
        .select(PlanRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count(conn: &mut DbConn, scope: &Scope, listing: &Listing) -> Result<i64> {
    let ids = care_plan::table
        .inner_join(customer::table)
        .filter(Condition::unkept().part(scope.customers()).and(listing.filter.clone()))
        .select(care_plan::id)
        .limit(COUNTED + 1)
        .load::<CarePlanId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// Writes a changed plan over the version it was made from; false when that is no longer the version.
pub(super) fn update(conn: &mut DbConn, row: &PlanRow, from_version: i64) -> Result<bool> {
    let changed = diesel::update(care_plan::table.find(row.id).filter(care_plan::version.eq(from_version)))
        .set(row)
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(changed > 0)
}

pub(super) fn has_active(conn: &mut DbConn, customer: CustomerId) -> Result<bool> {
    Ok(!planned_for(conn, &[customer])?.is_empty())
}

/// Those of these customers who have a plan that is under way.
pub(super) fn planned_for(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<CustomerId>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
        let of = Condition::unkept()
            .sql("care_plan.state = 'active' AND care_plan.customer_id IN (")
            .bind_all(ids)
            .sql(")");
        found.extend::<Vec<CustomerId>>(
            care_plan::table.filter(of).select(care_plan::customer_id).load(conn).map_err(DbError::from)?,
        );
    }
    Ok(found)
}
