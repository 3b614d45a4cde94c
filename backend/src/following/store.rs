use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::prelude::*;
use guanxi_db::schema::{
    care_plan, customer, customer_follower, customer_team, holding, holding_transaction, interaction,
    pool_customer, pool_warning, survey_answer,
};
use guanxi_db::{Condition, DbConn, DbError, Id, Value};

use crate::access::UserId;
use crate::customers::CustomerId;
use crate::error::Result;

/// How far a follower is.
#[derive(Queryable, Selectable, Clone, Copy, Debug)]
#[diesel(table_name = customer_follower)]
pub(super) struct ProgressRow {
    pub(super) event_seq: i64,
    pub(super) walking: bool,
    /// The last customer that the walk has looked at.
    pub(super) after: Option<CustomerId>,
    /// The day on which the walk began; where none goes on, the last one.
    pub(super) walked_on: Option<NaiveDate>,
}

pub(super) fn progress(conn: &mut DbConn, name: &str) -> Result<ProgressRow> {
    let row = customer_follower::table
        .find(name)
        .select(ProgressRow::as_select())
        .first(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

/// The same, nobody else's until the transaction ends; none while it is somebody else's.
pub(super) fn own_progress(conn: &mut DbConn, name: &str) -> Result<Option<ProgressRow>> {
    let row = match conn {
        DbConn::Pg(conn) => customer_follower::table
            .find(name)
            .select(ProgressRow::as_select())
            .for_update()
            .skip_locked()
            .first(conn)
            .optional(),
        DbConn::Sqlite(conn) => {
            customer_follower::table.find(name).select(ProgressRow::as_select()).first(conn).optional()
        }
    };
    Ok(row.map_err(DbError::from)?)
}

pub(super) fn set_event(conn: &mut DbConn, name: &str, seq: i64) -> Result<()> {
    diesel::update(customer_follower::table.find(name))
        .set(customer_follower::event_seq.eq(seq))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// Has a walk begin with the first customer.
pub(super) fn begin_walk(conn: &mut DbConn, name: &str) -> Result<()> {
    diesel::update(customer_follower::table.find(name))
        .set((customer_follower::walking.eq(true), customer_follower::after.eq(None::<CustomerId>)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// Has the walk of a day go on after a customer.
pub(super) fn walk_on(conn: &mut DbConn, name: &str, after: CustomerId, day: NaiveDate) -> Result<()> {
    diesel::update(customer_follower::table.find(name))
        .set((
            customer_follower::walking.eq(true),
            customer_follower::after.eq(after),
            customer_follower::walked_on.eq(day),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// The walk is at its end, and was the one of a day.
pub(super) fn end_walk(conn: &mut DbConn, name: &str, day: NaiveDate) -> Result<()> {
    diesel::update(customer_follower::table.find(name))
        .set((
            customer_follower::walking.eq(false),
            customer_follower::after.eq(None::<CustomerId>),
            customer_follower::walked_on.eq(day),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// Whose these are.
pub(super) fn customers_of(
    conn: &mut DbConn,
    resource_type: &str,
    ids: &BTreeSet<Id<()>>,
) -> Result<Vec<CustomerId>> {
    let ids = ids.iter().map(|id| id.uuid());
    let found = match resource_type {
        "customer" | "customer_figures" => return Ok(ids.map(CustomerId::new).collect()),
        "holding" => holding::table
            .filter(holding::id.eq_any(ids.map(Id::<()>::new)))
            .select(holding::customer_id)
            .load(conn),
        "holding_transaction" => holding_transaction::table
            .filter(holding_transaction::id.eq_any(ids.map(Id::<()>::new)))
            .select(holding_transaction::customer_id)
            .load(conn),
        "care_plan" => care_plan::table
            .filter(care_plan::id.eq_any(ids.map(Id::<()>::new)))
            .select(care_plan::customer_id)
            .load(conn),
        "interaction" => interaction::table
            .filter(interaction::id.eq_any(ids.map(Id::<()>::new)))
            .select(interaction::customer_id)
            .load(conn),
        "survey_answer" => survey_answer::table
            .filter(survey_answer::id.eq_any(ids.map(Id::<()>::new)))
            .filter(survey_answer::customer_id.is_not_null())
            .select(survey_answer::customer_id.assume_not_null())
            .load(conn),
        _ => return Ok(Vec::new()),
    };
    Ok(found.map_err(DbError::from)?)
}

/// Whom these contacts reached, of those whom their authors are to visit by plan.
pub(super) fn visited(conn: &mut DbConn, interactions: &BTreeSet<Id<()>>) -> Result<Vec<CustomerId>> {
    let ids = interactions.iter().map(|id| Some(Value::Id(*id)));
    let of = Condition::unkept().sql("interaction.id IN (").bind_all(ids).sql(
        ") AND EXISTS (SELECT 1 FROM leader_visit WHERE leader_visit.customer_id = interaction.customer_id \
             AND leader_visit.user_id = interaction.author_id)",
    );
    let found =
        interaction::table.filter(of).select(interaction::customer_id).load(conn).map_err(DbError::from)?;
    Ok(found)
}

/// Those of these customers who are in the pool, or about to be.
pub(super) fn pooled_among(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<CustomerId>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        let among = |column: &'static str| {
            let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
            Condition::unkept().sql(column).sql(" IN (").bind_all(ids).sql(")")
        };
        let warned: Vec<CustomerId> = pool_warning::table
            .filter(among("pool_warning.customer_id"))
            .select(pool_warning::customer_id)
            .load(conn)
            .map_err(DbError::from)?;
        let fallen: Vec<CustomerId> = pool_customer::table
            .filter(among("pool_customer.customer_id"))
            .select(pool_customer::customer_id)
            .load(conn)
            .map_err(DbError::from)?;
        found.extend(warned.into_iter().chain(fallen));
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Customers that a user owns or is in the team of.
pub(super) fn looked_after_by(conn: &mut DbConn, user: UserId, most: usize) -> Result<Vec<CustomerId>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut found: Vec<CustomerId> = customer::table
        .filter(customer::owner_id.eq(user))
        .select(customer::id)
        .limit(most)
        .load(conn)
        .map_err(DbError::from)?;
    found.extend::<Vec<CustomerId>>(
        customer_team::table
            .filter(customer_team::user_id.eq(user))
            .select(customer_team::customer_id)
            .limit(most)
            .load(conn)
            .map_err(DbError::from)?,
    );
    Ok(found)
}
