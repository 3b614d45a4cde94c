use diesel::prelude::*;
use guanxi_api::InteractionOutcome;
use guanxi_db::schema::{contact_target, customer, interaction, user_account};
use guanxi_db::{Condition, DbConn, DbError, Id, Moment, Ordering, Value, insert_many};

use crate::access::{Scope, UserId};
use crate::customers::CustomerId;
use crate::error::Result;
use crate::interactions::InteractionId;
use crate::listing::COUNTED;

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = interaction, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct InteractionRow {
    pub(super) id: InteractionId,
    pub(super) customer_id: CustomerId,
    pub(super) author_id: Option<UserId>,
    pub(super) kind: String,
    pub(super) direction: String,
    pub(super) purpose: String,
    pub(super) outcome: String,
    pub(super) mood: Option<String>,
    pub(super) duration_minutes: Option<i32>,
    pub(super) occurred_at: Moment,
    pub(super) notes: Option<String>,
    pub(super) archived_at: Option<Moment>,
    pub(super) archived: bool,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

/// An interaction and the names that belong to it.
#[derive(Queryable, Clone)]
pub(super) struct WholeRow {
    pub(super) interaction: InteractionRow,
    pub(super) customer_no: String,
    pub(super) customer_name: String,
    pub(super) author: Option<String>,
}

macro_rules! whole {
    () => {
        interaction::table.inner_join(customer::table).left_join(user_account::table).select((
            InteractionRow::as_select(),
            customer::customer_no,
            customer::name,
            user_account::display_name.nullable(),
        ))
    };
}

pub(super) fn find(conn: &mut DbConn, scope: &Scope, id: InteractionId) -> Result<WholeRow> {
    let row = whole!()
        .filter(interaction::id.eq(id))
        .filter(scope.customer())
        .first::<WholeRow>(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

/// Makes concurrent changes of one interaction go one after the other.
pub(super) fn lock(conn: &mut DbConn, id: InteractionId) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        interaction::table
            .find(id)
            .select(interaction::id)
            .for_update()
            .first::<InteractionId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// Number and name of a customer that the scope has, and the name of an author; none for any other customer.
pub(super) fn names_for(
    conn: &mut DbConn,
    scope: &Scope,
    id: CustomerId,
    author: Option<UserId>,
) -> Result<Option<(String, String, Option<String>)>> {
    let author = user_account::table
        .filter(user_account::id.nullable().eq(author))
        .select(user_account::display_name)
        .single_value();
    let row = customer::table
        .filter(customer::id.eq(id))
        .filter(scope.customer())
        .select((customer::customer_no, customer::name, author))
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn list(
    conn: &mut DbConn,
    scope: Condition,
    condition: Condition,
    order: Ordering,
    limit: i64,
) -> Result<Vec<WholeRow>> {
    let rows =
        whole!().filter(scope.and(condition)).order(order.first(limit)).load(conn).map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count(conn: &mut DbConn, scope: Condition, condition: Condition) -> Result<i64> {
    let ids = interaction::table
        .inner_join(customer::table)
        .filter(scope.and(condition))
        .select(interaction::id)
        .limit(COUNTED + 1)
        .load::<InteractionId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// The condition that a part is in what is searched of the notes.
pub(super) fn has_part(conn: &DbConn, part: &str) -> Condition {
    guanxi_db::search::contains(conn.engine(), "interaction.searched", part.to_owned())
}

/// The statement that writes a new interaction, for [`crate::audit::record_with`].
pub(super) fn insertion(row: &InteractionRow, searched: String) -> Condition {
    let id = |uuid| Some(Value::Id(Id::new(uuid)));
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    Condition::new()
        .sql(
            "INSERT INTO interaction (id, customer_id, author_id, kind, direction, purpose, outcome, mood, duration_minutes, occurred_at, \
             notes, searched, archived_at, archived, version, created_at, updated_at) VALUES (",
        )
        .bind_all([
            id(row.id.uuid()),
            id(row.customer_id.uuid()),
            row.author_id.and_then(|author| id(author.uuid())),
            text(&row.kind),
            text(&row.direction),
            text(&row.purpose),
            text(&row.outcome),
            row.mood.as_deref().and_then(text),
            row.duration_minutes.map(|minutes| Value::Integer(minutes.into())),
            Some(Value::Moment(row.occurred_at)),
            row.notes.as_deref().and_then(text),
            Some(Value::Text(searched)),
            row.archived_at.map(Value::Moment),
            Some(Value::Bool(row.archived)),
            Some(Value::Integer(row.version)),
            Some(Value::Moment(row.created_at)),
            Some(Value::Moment(row.updated_at)),
        ])
        .sql(")")
}

/// Every column of a new interaction, one by one: COPY takes no row within a row.
macro_rules! columns {
    ($row:ident, $searched:ident) => {
        (
            interaction::id.eq(&$row.id),
            interaction::customer_id.eq(&$row.customer_id),
            interaction::author_id.eq(&$row.author_id),
            interaction::kind.eq(&$row.kind),
            interaction::direction.eq(&$row.direction),
            interaction::purpose.eq(&$row.purpose),
            interaction::outcome.eq(&$row.outcome),
            interaction::mood.eq(&$row.mood),
            interaction::duration_minutes.eq(&$row.duration_minutes),
            interaction::occurred_at.eq(&$row.occurred_at),
            interaction::notes.eq(&$row.notes),
            interaction::archived_at.eq(&$row.archived_at),
            interaction::archived.eq(&$row.archived),
            interaction::version.eq(&$row.version),
            interaction::created_at.eq(&$row.created_at),
            interaction::updated_at.eq(&$row.updated_at),
            interaction::searched.eq($searched),
        )
    };
}

/// Many new interactions at once, for jobs.
pub(super) fn insert_many(conn: &mut DbConn, rows: &[(InteractionRow, String)]) -> Result<()> {
    for rows in rows.chunks(500) {
        let rows: Vec<_> = rows.iter().map(|(row, searched)| columns!(row, searched)).collect();
        insert_many!(conn, interaction::table, rows).map_err(DbError::from)?;
    }
    Ok(())
}

/// Writes a changed interaction over the version it was made from; false when that is no longer the version.
pub(super) fn update(
    conn: &mut DbConn,
    row: &InteractionRow,
    searched: String,
    from_version: i64,
) -> Result<bool> {
    let one = interaction::table.filter(interaction::id.eq(row.id));
    let changed = diesel::update(one.filter(interaction::version.eq(from_version)))
        .set((row, interaction::searched.eq(searched)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(changed > 0)
}

/// When a customer was last reached; none if never.
pub(super) fn last_contact(conn: &mut DbConn, id: CustomerId) -> Result<Option<Moment>> {
    let at = interaction::table
        .filter(interaction::customer_id.eq(id))
        .filter(interaction::archived.eq(false))
        .filter(interaction::outcome.ne_all(InteractionOutcome::UNCONNECTED))
        .order((interaction::occurred_at.desc(), interaction::id.desc()))
        .select(interaction::occurred_at)
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(at)
}

#[derive(Queryable, Selectable, AsChangeset)]
#[diesel(table_name = contact_target)]
pub(super) struct TargetRow {
    pub(super) meetings_a_day: i32,
    pub(super) connected_calls_a_day: i32,
    pub(super) version: i64,
    pub(super) updated_at: Moment,
}

pub(super) fn targets(conn: &mut DbConn) -> Result<TargetRow> {
    let row = contact_target::table.select(TargetRow::as_select()).first(conn).map_err(DbError::from)?;
    Ok(row)
}

/// Writes the targets over the version they were made from; false when that is no longer the version.
pub(super) fn set_targets(conn: &mut DbConn, row: &TargetRow, from_version: i64) -> Result<bool> {
    let changed = diesel::update(contact_target::table.filter(contact_target::version.eq(from_version)))
        .set(row)
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(changed > 0)
}

/// Those of these customers with whom there is a contact that is not archived.
pub(super) fn contacted_among(conn: &mut DbConn, customers: &[CustomerId]) -> Result<Vec<CustomerId>> {
    let mut found = Vec::new();
    for customers in customers.chunks(500) {
        found.extend(
            interaction::table
                .filter(interaction::customer_id.eq_any(customers.iter().copied()))
                .filter(interaction::archived.eq(false))
                .select(interaction::customer_id)
                .distinct()
                .load::<CustomerId>(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

/// Contacts about complaints of some customers since a moment, the newest first.
pub(super) fn complaints_among(
    conn: &mut DbConn,
    ids: &[CustomerId],
    since: Moment,
    most: i64,
) -> Result<Vec<InteractionRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    let rows = interaction::table
        .filter(Condition::unkept().sql("interaction.customer_id IN (").bind_all(ids).sql(")"))
        .filter(interaction::archived.eq(false))
        .filter(interaction::purpose.eq(guanxi_api::InteractionPurpose::Complaint.as_str()))
        .filter(interaction::occurred_at.ge(since))
        .order((interaction::occurred_at.desc(), interaction::id.desc()))
        .limit(most)
        .select(InteractionRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}
