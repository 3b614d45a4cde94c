use diesel::prelude::*;
use diesel::sql_types::BigInt;
use guanxi_db::schema::{customer_tag, tag, user_account};
use guanxi_db::{Condition, DbConn, DbError, Engine, Id, Moment, Value};

use crate::access::UserId;
use crate::customers::{CustomerId, TagId};
use crate::error::Result;
use crate::listing::{COUNTED, Listing};

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = tag, treat_none_as_default_value = false)]
pub(super) struct TagRow {
    pub(super) id: TagId,
    pub(super) name: String,
    pub(super) name_folded: String,
    pub(super) name_sort: String,
    pub(super) colour: String,
    pub(super) description: Option<String>,
    pub(super) customers: i64,
    pub(super) archived: bool,
    pub(super) archived_at: Option<Moment>,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

/// What names a tag.
#[derive(Queryable, Selectable, Clone)]
#[diesel(table_name = tag)]
pub(super) struct NamedRow {
    pub(super) id: TagId,
    pub(super) name: String,
    pub(super) name_sort: String,
    pub(super) colour: String,
    pub(super) archived: bool,
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = customer_tag, treat_none_as_default_value = false)]
pub(super) struct GivenRow {
    pub(super) customer_id: CustomerId,
    pub(super) tag_id: TagId,
    pub(super) added_at: Moment,
    pub(super) added_by: Option<UserId>,
    /// The job that gave it.
    pub(super) job_id: Option<Id<()>>,
}

/// A tag of a customer, and who gave it.
#[derive(Queryable)]
pub(super) struct TaggedRow {
    pub(super) tag: NamedRow,
    pub(super) given: GivenRow,
    pub(super) by_name: Option<String>,
}

pub(super) fn list(conn: &mut DbConn, listing: &Listing) -> Result<Vec<TagRow>> {
    let rows = tag::table
        .select(TagRow::as_select())
        .into_boxed()
        .filter(listing.condition())
        .order(listing.ordering().first(listing.rows()))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count(conn: &mut DbConn, listing: &Listing) -> Result<i64> {
    let counted = tag::table
        .select(tag::id)
        .into_boxed()
        .filter(listing.filter.clone())
        .limit(COUNTED + 1)
        .load::<TagId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(counted.len()).unwrap_or(i64::MAX))
}

/// How many are in use, counted no further than `most`.
pub(super) fn count_in_use(conn: &mut DbConn, most: i64) -> Result<i64> {
    let counted = tag::table
        .filter(tag::archived.eq(false))
        .select(tag::id)
        .limit(most)
        .load::<TagId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(counted.len()).unwrap_or(i64::MAX))
}

pub(super) fn find(conn: &mut DbConn, id: TagId) -> Result<Option<TagRow>> {
    let row =
        tag::table.find(id).select(TagRow::as_select()).first(conn).optional().map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn insert(conn: &mut DbConn, row: &TagRow) -> Result<(), DbError> {
    diesel::insert_into(tag::table).values(row).execute(conn)?;
    Ok(())
}

/// Writes a tag over a version of it; false when that is no longer the version. How many customers have it moves meanwhile and stays.
pub(super) fn update(conn: &mut DbConn, row: &TagRow, from_version: i64) -> Result<bool, DbError> {
    let updated = diesel::update(tag::table.find(row.id).filter(tag::version.eq(from_version)))
        .set((
            tag::name.eq(&row.name),
            tag::name_folded.eq(&row.name_folded),
            tag::name_sort.eq(&row.name_sort),
            tag::colour.eq(&row.colour),
            tag::description.eq(&row.description),
            tag::archived.eq(row.archived),
            tag::archived_at.eq(row.archived_at),
            tag::version.eq(row.version),
            tag::updated_at.eq(row.updated_at),
        ))
        .execute(conn)?;
    Ok(updated > 0)
}

pub(super) fn add_to_count(conn: &mut DbConn, id: TagId, more: i64) -> Result<()> {
    diesel::update(tag::table.find(id))
        .set(tag::customers.eq(tag::customers + more))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// Lengths of lists of customers whose statements are kept: one of them, a usual page, the longest one.
const LENGTHS: [usize; 3] = [1, 50, 200];

/// The rows of some customers. Every page and every overview asks for them, so that the statement is to be read once: what is missing to a
/// kept length is the last id again. PostgreSQL plans one for several anew with what the table has become, which begins empty; of one
/// customer it takes the index whatever the table is.
fn of(engine: Engine, ids: &[CustomerId]) -> Condition {
    let is_kept = |length: &usize| ids.len() <= *length && (engine == Engine::Sqlite || *length == 1);
    let length = LENGTHS.into_iter().find(is_kept);
    let condition = if length.is_some() { Condition::new() } else { Condition::unkept() };
    let missing = length.unwrap_or(ids.len()) - ids.len();
    let all = ids.iter().chain(std::iter::repeat_n(ids.last(), missing).flatten());
    let values = all.map(|id| Some(Value::Id(Id::new(id.uuid()))));
    condition.sql("customer_tag.customer_id IN (").bind_all(values).sql(")")
}

/// The tags of some customers, in no order.
pub(super) fn of_customers(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<(CustomerId, NamedRow)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = customer_tag::table
        .inner_join(tag::table)
        .filter(of(conn.engine(), ids))
        .select((customer_tag::customer_id, NamedRow::as_select()))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// The tags of a customer and who gave them, in no order.
pub(super) fn of_customer(conn: &mut DbConn, id: CustomerId) -> Result<Vec<TaggedRow>> {
    let rows = customer_tag::table
        .inner_join(tag::table)
        .left_join(user_account::table)
        .filter(of(conn.engine(), &[id]))
        .select((NamedRow::as_select(), GivenRow::as_select(), user_account::display_name.nullable()))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_of(conn: &mut DbConn, id: CustomerId) -> Result<i64> {
    let counted = customer_tag::table
        .filter(of(conn.engine(), &[id]))
        .select(diesel::dsl::count_star())
        .first(conn)
        .map_err(DbError::from)?;
    Ok(counted)
}

pub(super) fn given(conn: &mut DbConn, id: CustomerId, tag: TagId) -> Result<Option<GivenRow>> {
    let row = customer_tag::table
        .find((id, tag))
        .select(GivenRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn insert_given(conn: &mut DbConn, row: &GivenRow) -> Result<()> {
    diesel::insert_into(customer_tag::table).values(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn delete_given(conn: &mut DbConn, id: CustomerId, tag: TagId) -> Result<()> {
    diesel::delete(customer_tag::table.find((id, tag))).execute(conn).map_err(DbError::from)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many tags say another number of customers than have them.
pub(super) fn wrong_counts(conn: &mut DbConn) -> Result<i64> {
    let found: Count = diesel::sql_query(
        "SELECT COUNT(*) AS count FROM tag LEFT JOIN (SELECT customer_tag.tag_id, COUNT(*) AS customers FROM customer_tag \
         GROUP BY customer_tag.tag_id) AS given ON given.tag_id = tag.id WHERE COALESCE(given.customers, 0) <> tag.customers",
    )
    .get_result(conn)
    .map_err(DbError::from)?;
    Ok(found.count)
}
