use chrono::NaiveDate;
use diesel::prelude::*;
use guanxi_api::{InteractionKind, InteractionOutcome, TaskSource};
use guanxi_db::schema::{customer, leader_visit};
use guanxi_db::{
    Condition, DbConn, DbError, DbMoment, DbUuid, Id, Moment, Ordering, Statement, Value, insert_many,
};

use crate::access::{OrgUnitId, Scope, UserId};
use crate::customers::CustomerId;
use crate::error::Result;
use crate::listing::{COUNTED, Listing};
use crate::ownership::visits::LeaderVisitId;
use crate::tasks;

#[derive(Queryable, Selectable, Insertable, Clone, PartialEq, Eq)]
#[diesel(table_name = leader_visit, treat_none_as_default_value = false)]
pub(super) struct VisitRow {
    pub(super) id: LeaderVisitId,
    pub(super) customer_id: CustomerId,
    pub(super) user_id: UserId,
    pub(super) role: String,
    pub(super) tier: String,
    pub(super) rank: i32,
    pub(super) last_visited_at: Option<Moment>,
    pub(super) since: Moment,
    pub(super) due_on: NaiveDate,
}

/// A visit, and where its customer belongs.
#[derive(Queryable)]
pub(super) struct ListedRow {
    pub(super) visit: VisitRow,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) owner_id: Option<UserId>,
}

fn among(column: &'static str, ids: &[CustomerId]) -> Condition {
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    Condition::unkept().sql(column).sql(" IN (").bind_all(ids).sql(")")
}

/// The condition on a contact that the customer was there.
fn met() -> Condition {
    let unconnected = InteractionOutcome::UNCONNECTED.map(|code| Some(Value::Text(code.to_owned())));
    Condition::new().sql("interaction.outcome NOT IN (").bind_all(unconnected).sql(")")
}

pub(super) fn list(conn: &mut DbConn, scope: &Scope, listing: &Listing) -> Result<Vec<ListedRow>> {
    let rows = leader_visit::table
        .inner_join(customer::table)
        .filter(Condition::unkept().part(scope.customers()).and(listing.condition()))
        .order(listing.ordering().first(listing.rows()))
        .select((VisitRow::as_select(), customer::org_unit_id, customer::owner_id))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count(conn: &mut DbConn, scope: &Scope, listing: &Listing) -> Result<i64> {
    let ids = leader_visit::table
        .inner_join(customer::table)
        .filter(Condition::unkept().part(scope.customers()).and(listing.filter.clone()))
        .select(leader_visit::id)
        .limit(COUNTED + 1)
        .load::<LeaderVisitId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

pub(super) fn find(conn: &mut DbConn, scope: &Scope, id: LeaderVisitId) -> Result<ListedRow> {
    let row = leader_visit::table
        .inner_join(customer::table)
        .filter(leader_visit::id.eq(id))
        .filter(scope.customer())
        .select((VisitRow::as_select(), customer::org_unit_id, customer::owner_id))
        .first(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

/// The visits of a leader that are due by a day, for which there is no task, and after which there was none that the rules have not counted yet. One at which
/// nobody was met is none.
pub(super) fn due(
    conn: &mut DbConn,
    scope: &Scope,
    user: UserId,
    (by, only): (NaiveDate, Option<CustomerId>),
    most: i64,
) -> Result<Vec<(CustomerId, NaiveDate)>> {
    let week_ago = by.checked_sub_days(chrono::Days::new(6)).unwrap_or(by);
    let of_customer =
        "worked.source_id = leader_visit.customer_id AND worked.assignee_id = leader_visit.user_id";
    let mut due = Condition::unkept()
        .sql("leader_visit.user_id = ")
        .bind(Value::Id(Id::new(user.uuid())))
        .sql(" AND leader_visit.due_on <= ")
        .bind(Value::Date(by))
        .sql(" AND customer.archived = FALSE AND customer.do_not_contact = FALSE AND NOT EXISTS (SELECT 1 FROM interaction \
              WHERE interaction.customer_id = leader_visit.customer_id AND interaction.archived = FALSE \
              AND interaction.author_id = leader_visit.user_id AND interaction.kind = 'visit' \
              AND interaction.occurred_at > COALESCE(leader_visit.last_visited_at, leader_visit.since) AND ")
        .part(met())
        .sql(")")
        .and(tasks::no_task_for(TaskSource::LeaderVisit, of_customer, (week_ago, by), true))
        .and(scope.customer());
    if let Some(id) = only {
        due = due.and(among("leader_visit.customer_id", &[id]));
    }
    let order = Ordering::by(vec![("leader_visit.due_on", false), ("leader_visit.id", false)]);
    let rows = leader_visit::table
        .inner_join(customer::table)
        .filter(due)
        .order(order.first(most))
        .select((leader_visit::customer_id, leader_visit::due_on))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// What is kept of some customers.
pub(super) fn of(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<VisitRow>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        found.extend::<Vec<VisitRow>>(
            leader_visit::table
                .filter(among("leader_visit.customer_id", ids))
                .select(VisitRow::as_select())
                .load(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

pub(super) fn remove(conn: &mut DbConn, ids: &[LeaderVisitId]) -> Result<()> {
    for ids in ids.chunks(500) {
        let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
        let these = Condition::unkept().sql("leader_visit.id IN (").bind_all(ids).sql(")");
        diesel::delete(leader_visit::table.filter(these)).execute(conn).map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn insert(conn: &mut DbConn, rows: &[VisitRow]) -> Result<()> {
    for rows in rows.chunks(500) {
        insert_many!(conn, leader_visit::table, rows).map_err(DbError::from)?;
    }
    Ok(())
}

/// When each author last visited some customers and met them.
pub(super) fn last_visits(
    conn: &mut DbConn,
    ids: &[CustomerId],
) -> Result<Vec<(CustomerId, UserId, Moment)>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        let select = Condition::unkept()
            .sql("SELECT interaction.customer_id, interaction.author_id, MAX(interaction.occurred_at) FROM interaction WHERE ")
            .part(among("interaction.customer_id", ids))
            .sql(" AND interaction.archived = FALSE AND interaction.author_id IS NOT NULL AND interaction.kind = ")
            .bind(Value::Text(InteractionKind::Visit.as_str().to_owned()))
            .sql(" AND ")
            .part(met())
            .sql(" GROUP BY interaction.customer_id, interaction.author_id");
        let rows = Statement::<(DbUuid, DbUuid, DbMoment)>::new(select).load(conn).map_err(DbError::from)?;
        found.extend::<Vec<(CustomerId, UserId, Moment)>>(rows);
    }
    Ok(found)
}
