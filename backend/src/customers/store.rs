use diesel::prelude::*;
use guanxi_db::schema::{
    contact_point, customer, customer_figures, customer_team, external_id, identity_document, org_unit,
    user_account,
};
use guanxi_db::{Condition, DbConn, DbError, Doc, Id, Moment, Value, on_each};

use crate::access::{OrgUnitId, OrgUnitMark, Scope, UserId, UserMark};
use crate::customers::{ContactPointId, CustomerId};
use crate::error::Result;
use crate::listing::{COUNTED, Listing};

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = customer, treat_none_as_null = true)]
pub(super) struct CustomerRow {
    pub(super) id: CustomerId,
    pub(super) search_key: i64,
    pub(super) customer_no: String,
    pub(super) kind: String,
    pub(super) status: String,
    pub(super) name: String,
    pub(super) name_sort: String,
    pub(super) gender: Option<String>,
    pub(super) birth_date: Option<chrono::NaiveDate>,
    pub(super) birth_year: Option<i32>,
    pub(super) marital_status: Option<String>,
    pub(super) province: Option<String>,
    pub(super) city: Option<String>,
    pub(super) occupation: Option<String>,
    pub(super) industry: Option<String>,
    pub(super) income_band: Option<String>,
    pub(super) source: Option<String>,
    pub(super) risk_attribute: Option<String>,
    pub(super) customer_since: Option<chrono::NaiveDate>,
    pub(super) do_not_contact: bool,
    pub(super) restricted: bool,
    pub(super) details: Doc,
    pub(super) phone_masked: Option<String>,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) owner_id: Option<UserId>,
    pub(super) archived_at: Option<Moment>,
    pub(super) archived: bool,
    pub(super) search_version: i16,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = customer_figures)]
pub(super) struct FiguresRow {
    pub(super) customer_id: CustomerId,
    pub(super) tier: String,
    pub(super) aum: i64,
    pub(super) city: Option<String>,
    pub(super) archived: bool,
    pub(super) version: i64,
    pub(super) as_of: Moment,
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = identity_document)]
pub(super) struct IdentityRow {
    pub(super) customer_id: CustomerId,
    pub(super) kind: String,
    pub(super) cipher: Vec<u8>,
    pub(super) masked: String,
    pub(super) value_hash: Vec<u8>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = contact_point, treat_none_as_null = true)]
pub(super) struct ContactPointRow {
    pub(super) id: ContactPointId,
    pub(super) customer_id: CustomerId,
    pub(super) kind: String,
    pub(super) usage: String,
    pub(super) is_primary: bool,
    pub(super) verified: bool,
    pub(super) source: String,
    pub(super) cipher: Vec<u8>,
    pub(super) masked: String,
    pub(super) value_hash: Vec<u8>,
    pub(super) tail_hash: Option<Vec<u8>>,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = external_id)]
pub(super) struct ExternalIdRow {
    pub(super) source: String,
    pub(super) value: String,
    pub(super) customer_id: CustomerId,
}

#[derive(Insertable, Clone)]
#[diesel(table_name = customer_team)]
pub(super) struct TeamRow {
    pub(super) customer_id: CustomerId,
    pub(super) user_id: UserId,
    pub(super) role: String,
}

/// The customer and what stands beside it in one row, if the scope has it.
#[derive(Queryable)]
pub(super) struct WholeRow {
    pub(super) customer: CustomerRow,
    pub(super) figures: FiguresRow,
    pub(super) unit_zh: String,
    pub(super) unit_en: String,
    pub(super) owner_name: Option<String>,
}

pub(super) fn find(conn: &mut DbConn, scope: &Scope, id: CustomerId) -> Result<WholeRow> {
    let row = customer::table
        .inner_join(customer_figures::table)
        .inner_join(org_unit::table)
        .left_join(user_account::table)
        .filter(customer::id.eq(id))
        .filter(scope.customer())
        .select((
            CustomerRow::as_select(),
            FiguresRow::as_select(),
            org_unit::name_zh,
            org_unit::name_en,
            user_account::display_name.nullable(),
        ))
        .first::<WholeRow>(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

/// Makes concurrent changes of one customer go one after the other: the row stays locked until the transaction ends.
pub(super) fn lock(conn: &mut DbConn, id: CustomerId) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        customer::table
            .find(id)
            .select(customer::id)
            .for_update()
            .first::<CustomerId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn identity(conn: &mut DbConn, id: CustomerId) -> Result<Option<IdentityRow>> {
    let row = identity_document::table
        .find(id)
        .select(IdentityRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn contact_points(conn: &mut DbConn, id: CustomerId) -> Result<Vec<ContactPointRow>> {
    let rows = contact_point::table
        .filter(contact_point::customer_id.eq(id))
        .order((contact_point::kind, contact_point::is_primary.desc(), contact_point::id))
        .select(ContactPointRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn external_ids(conn: &mut DbConn, id: CustomerId) -> Result<Vec<ExternalIdRow>> {
    let rows = external_id::table
        .filter(external_id::customer_id.eq(id))
        .order(external_id::source)
        .select(ExternalIdRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Id, display name and role of each member.
pub(super) fn team(conn: &mut DbConn, id: CustomerId) -> Result<Vec<(Id<UserMark>, String, String)>> {
    let rows = customer_team::table
        .inner_join(user_account::table)
        .filter(customer_team::customer_id.eq(id))
        .order((customer_team::role, user_account::name_sort, user_account::id))
        .select((user_account::id, user_account::display_name, customer_team::role))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// What is written for a new customer.
pub(super) struct NewRows {
    pub(super) customer: CustomerRow,
    pub(super) figures: FiguresRow,
    pub(super) identity: Option<IdentityRow>,
    pub(super) contact_points: Vec<ContactPointRow>,
    pub(super) external_ids: Vec<ExternalIdRow>,
    pub(super) tokens: Vec<String>,
}

pub(super) fn insert(conn: &mut DbConn, rows: &NewRows) -> Result<(), DbError> {
    diesel::insert_into(customer::table).values(&rows.customer).execute(conn)?;
    diesel::insert_into(customer_figures::table).values(&rows.figures).execute(conn)?;
    if let Some(identity) = &rows.identity {
        diesel::insert_into(identity_document::table).values(identity).execute(conn)?;
    }
    if !rows.contact_points.is_empty() {
        on_each!(conn => diesel::insert_into(contact_point::table).values(&rows.contact_points).execute(conn))?;
    }
    insert_external_ids(conn, &rows.external_ids)?;
    guanxi_db::search::index_customer(conn, rows.customer.id, rows.customer.search_key, &rows.tokens)
}

pub(super) fn insert_external_ids(conn: &mut DbConn, rows: &[ExternalIdRow]) -> Result<(), DbError> {
    if !rows.is_empty() {
        on_each!(conn => diesel::insert_into(external_id::table).values(rows).execute(conn))?;
    }
    Ok(())
}

/// Writes a changed customer over the version it was made from; false when that is no longer the version.
pub(super) fn update(conn: &mut DbConn, row: &CustomerRow, from_version: i64) -> Result<bool> {
    let changed = diesel::update(customer::table.find(row.id).filter(customer::version.eq(from_version)))
        .set(row)
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(changed > 0)
}

/// Keeps what the figures repeat of the customer.
pub(super) fn update_figures_keys(
    conn: &mut DbConn,
    id: CustomerId,
    city: Option<&str>,
    archived: bool,
) -> Result<()> {
    diesel::update(customer_figures::table.find(id))
        .set((customer_figures::city.eq(city), customer_figures::archived.eq(archived)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

pub(super) fn replace_identity(conn: &mut DbConn, id: CustomerId, row: Option<&IdentityRow>) -> Result<()> {
    diesel::delete(identity_document::table.find(id)).execute(conn).map_err(DbError::from)?;
    if let Some(row) = row {
        diesel::insert_into(identity_document::table).values(row).execute(conn).map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn insert_contact_point(conn: &mut DbConn, row: &ContactPointRow) -> Result<()> {
    diesel::insert_into(contact_point::table).values(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn update_contact_point(conn: &mut DbConn, row: &ContactPointRow) -> Result<()> {
    diesel::update(contact_point::table.find(row.id)).set(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn delete_contact_point(conn: &mut DbConn, id: ContactPointId) -> Result<()> {
    diesel::delete(contact_point::table.find(id)).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// Takes the mark of the first choice from all contact points of a kind but one.
pub(super) fn demote_others(
    conn: &mut DbConn,
    id: CustomerId,
    kind: &str,
    except: ContactPointId,
) -> Result<()> {
    diesel::update(
        contact_point::table
            .filter(contact_point::customer_id.eq(id))
            .filter(contact_point::kind.eq(kind))
            .filter(contact_point::is_primary.eq(true))
            .filter(contact_point::id.ne(except)),
    )
    .set(contact_point::is_primary.eq(false))
    .execute(conn)
    .map_err(DbError::from)?;
    Ok(())
}

pub(super) fn delete_external_id(conn: &mut DbConn, id: CustomerId, source: &str) -> Result<bool> {
    let deleted = diesel::delete(
        external_id::table.filter(external_id::customer_id.eq(id)).filter(external_id::source.eq(source)),
    )
    .execute(conn)
    .map_err(DbError::from)?;
    Ok(deleted > 0)
}

pub(super) fn by_external_id(conn: &mut DbConn, source: &str, value: &str) -> Result<Option<CustomerId>> {
    let found = external_id::table
        .find((source, value))
        .select(external_id::customer_id)
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(found)
}

pub(super) fn replace_team(conn: &mut DbConn, id: CustomerId, rows: &[TeamRow]) -> Result<()> {
    diesel::delete(customer_team::table.filter(customer_team::customer_id.eq(id)))
        .execute(conn)
        .map_err(DbError::from)?;
    if !rows.is_empty() {
        on_each!(conn => diesel::insert_into(customer_team::table).values(rows).execute(conn))
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// A line of a list.
#[derive(Queryable)]
pub(super) struct SummaryRow {
    pub(super) id: CustomerId,
    pub(super) customer_no: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) name_sort: String,
    pub(super) status: String,
    pub(super) gender: Option<String>,
    pub(super) city: Option<String>,
    pub(super) org_unit_id: Id<OrgUnitMark>,
    pub(super) unit_zh: String,
    pub(super) unit_en: String,
    pub(super) owner_id: Option<UserId>,
    pub(super) owner_name: Option<String>,
    pub(super) tier: String,
    pub(super) aum: i64,
    pub(super) phone_masked: Option<String>,
    pub(super) customer_since: Option<chrono::NaiveDate>,
    pub(super) archived_at: Option<Moment>,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

/// A page of the customers that a scope has, and that `found` (a condition of a search) lets through.
pub(super) fn list(
    conn: &mut DbConn,
    scope: &Scope,
    found: Option<&Condition>,
    listing: &Listing,
) -> Result<Vec<SummaryRow>> {
    let condition = scope.customers().and(listing.condition());
    let condition = match found {
        Some(found) => condition.and(found.clone()),
        None => condition,
    };
    let rows = customer::table
        .inner_join(customer_figures::table)
        .inner_join(org_unit::table)
        .left_join(user_account::table)
        .filter(condition)
        .order(listing.ordering())
        .limit(listing.rows())
        .select((
            customer::id,
            customer::customer_no,
            customer::kind,
            customer::name,
            customer::name_sort,
            customer::status,
            customer::gender,
            customer::city,
            customer::org_unit_id,
            org_unit::name_zh,
            org_unit::name_en,
            customer::owner_id,
            user_account::display_name.nullable(),
            customer_figures::tier,
            customer_figures::aum,
            customer::phone_masked,
            customer::customer_since,
            customer::archived_at,
            customer::version,
            customer::created_at,
            customer::updated_at,
        ))
        .load::<SummaryRow>(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// How many customers a list has, counted no further than needed.
pub(super) fn count(
    conn: &mut DbConn,
    scope: &Scope,
    found: Option<&Condition>,
    listing: &Listing,
) -> Result<i64> {
    let condition = scope.customers().and(listing.filter.clone());
    let condition = match found {
        Some(found) => condition.and(found.clone()),
        None => condition,
    };
    let ids = customer::table
        .inner_join(customer_figures::table)
        .filter(condition)
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
    let mut found = Vec::new();
    for value in values {
        let ids: Vec<CustomerId> = match value {
            Exactly::PhoneTail(hash) => contact_point::table
                .filter(contact_point::tail_hash.eq(hash))
                .select(contact_point::customer_id)
                .limit(MOST_EXACT)
                .load(conn),
            Exactly::ContactValue(hash) => contact_point::table
                .filter(contact_point::value_hash.eq(hash))
                .select(contact_point::customer_id)
                .limit(MOST_EXACT)
                .load(conn),
            Exactly::Identity(hash) => identity_document::table
                .filter(identity_document::value_hash.eq(hash))
                .select(identity_document::customer_id)
                .limit(MOST_EXACT)
                .load(conn),
            Exactly::CustomerNo(number) => {
                customer::table.filter(customer::customer_no.eq(number)).select(customer::id).load(conn)
            }
            Exactly::ExternalId(text) => external_id::table
                .filter(external_id::value.eq(text))
                .select(external_id::customer_id)
                .limit(MOST_EXACT)
                .load(conn),
        }
        .map_err(DbError::from)?;
        found.extend(ids);
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// The condition on customers found by tokens or by an exact value.
pub(super) fn found_condition(conn: &DbConn, tokens: &[(String, bool)], exactly: &[CustomerId]) -> Condition {
    let mut condition = Condition::new().sql("customer.id IN (");
    if !tokens.is_empty() {
        condition = condition.part(guanxi_db::search::ids_with_tokens(conn.engine(), tokens));
        if exactly.is_empty() {
            return condition.sql(")");
        }
        condition = condition.sql(" UNION ");
    }
    if exactly.is_empty() {
        return Condition::nothing();
    }
    // The number of values is in the text.
    let mut condition = Condition::unkept()
        .part(condition)
        .sql("SELECT exactly.id FROM customer AS exactly WHERE exactly.id IN (");
    for (n, id) in exactly.iter().enumerate() {
        condition = condition.sql(if n > 0 { ", " } else { "" }).bind(Value::Id(Id::new(id.uuid())));
    }
    condition.sql("))")
}

/// Customers whose tokens were made by older rules: id, key of the index, kind, name.
pub(super) fn outdated_tokens(
    conn: &mut DbConn,
    version: i16,
    limit: i64,
) -> Result<Vec<(CustomerId, i64, String, String)>> {
    let rows = customer::table
        .filter(customer::search_version.lt(version))
        .select((customer::id, customer::search_key, customer::kind, customer::name))
        .limit(limit)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// The rules that the tokens of a customer were made by, and its sort key by the same. No change that anyone sees.
pub(super) fn set_search_version(
    conn: &mut DbConn,
    id: CustomerId,
    version: i16,
    name_sort: &str,
) -> Result<()> {
    diesel::update(customer::table.find(id))
        .set((customer::search_version.eq(version), customer::name_sort.eq(name_sort)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// Many new customers at once, for jobs: a statement a table.
pub(super) fn insert_many(conn: &mut DbConn, rows: &[NewRows], teams: &[TeamRow]) -> Result<(), DbError> {
    let customers: Vec<&CustomerRow> = rows.iter().map(|row| &row.customer).collect();
    let figures: Vec<&FiguresRow> = rows.iter().map(|row| &row.figures).collect();
    let identities: Vec<&IdentityRow> = rows.iter().filter_map(|row| row.identity.as_ref()).collect();
    let points: Vec<&ContactPointRow> = rows.iter().flat_map(|row| &row.contact_points).collect();
    let external: Vec<&ExternalIdRow> = rows.iter().flat_map(|row| &row.external_ids).collect();
    on_each!(conn => {
        diesel::insert_into(customer::table).values(customers).execute(conn)?;
        diesel::insert_into(customer_figures::table).values(figures).execute(conn)?;
        diesel::insert_into(identity_document::table).values(identities).execute(conn)?;
        diesel::insert_into(contact_point::table).values(points).execute(conn)?;
        diesel::insert_into(external_id::table).values(external).execute(conn)?;
        diesel::insert_into(customer_team::table).values(teams).execute(conn)?;
    });
    let tokens: Vec<_> =
        rows.iter().map(|row| (row.customer.id, row.customer.search_key, &row.tokens)).collect();
    guanxi_db::search::index_new_customers(conn, &tokens)
}
