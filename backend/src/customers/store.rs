use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::Array;
use guanxi_db::schema::{
    contact_point, customer, customer_figures, customer_merge, customer_team, external_id, identity_document,
    org_unit, user_account,
};
use guanxi_db::search::FoundByName;
use guanxi_db::{
    Condition, DbConn, DbError, DbMoment, DbUuid, Doc, Id, Moment, Ordering, Statement, Value, insert_many,
    on_each,
};

use crate::access::{OrgUnitId, Scope, UserId};
use crate::customers::{ContactPointId, CustomerBrief, CustomerId};
use crate::error::Result;

#[derive(Queryable, Selectable, Insertable, Clone, PartialEq)]
#[diesel(table_name = customer, treat_none_as_default_value = false)]
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
    /// The texts that the name begins with, each after a space.
    pub(super) beginnings: String,
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = customer_figures, treat_none_as_default_value = false)]
pub(super) struct FiguresRow {
    pub(super) customer_id: CustomerId,
    pub(super) tier: String,
    pub(super) aum: i64,
    pub(super) city: Option<String>,
    pub(super) archived: bool,
    pub(super) version: i64,
    pub(super) as_of: Moment,
    pub(super) coverage: i32,
    pub(super) last_contacted_at: Moment,
    /// What the tier follows from.
    pub(super) average_aum: i64,
    pub(super) promotion_gap: i64,
    pub(super) promotion_candidate: bool,
    pub(super) in_grace: bool,
    pub(super) demotes_on: chrono::NaiveDate,
    pub(super) largest_transaction: i64,
    pub(super) largest_transaction_on: Option<chrono::NaiveDate>,
    pub(super) hidden_gem: bool,
    pub(super) review_on: chrono::NaiveDate,
    pub(super) grade: Option<String>,
    pub(super) grade_score: i32,
    pub(super) contribution: i64,
    pub(super) lifetime_value: i64,
    /// Counts the changes of the grade and what it follows from.
    pub(super) grade_version: i64,
    /// How complete the profile is: 0 to 100, below while that is not worked out.
    pub(super) completeness: i32,
    /// The pieces that are missing, a bit for each.
    pub(super) missing: i32,
    /// Whether the tier demands more than is there.
    pub(super) data_gap: bool,
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = identity_document, treat_none_as_default_value = false)]
pub(super) struct IdentityRow {
    pub(super) customer_id: CustomerId,
    pub(super) kind: String,
    pub(super) cipher: Vec<u8>,
    pub(super) masked: String,
    pub(super) value_hash: Vec<u8>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = contact_point, treat_none_as_null = true, treat_none_as_default_value = false)]
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
#[diesel(table_name = external_id, treat_none_as_default_value = false)]
pub(super) struct ExternalIdRow {
    pub(super) source: String,
    pub(super) value: String,
    pub(super) customer_id: CustomerId,
    /// The version of the customer in the other system, where that tells it.
    pub(super) source_version: Option<i64>,
}

#[derive(Insertable, Clone)]
#[diesel(table_name = customer_team, treat_none_as_default_value = false)]
pub(super) struct TeamRow {
    pub(super) customer_id: CustomerId,
    pub(super) user_id: UserId,
    pub(super) role: String,
}

/// What of a customer's tier may want attention.
#[derive(Queryable, Selectable, Clone, Copy)]
#[diesel(table_name = customer_figures)]
pub(super) struct WatchedRow {
    pub(super) average_aum: i64,
    pub(super) promotion_candidate: bool,
    pub(super) promotion_gap: i64,
    pub(super) in_grace: bool,
    pub(super) demotes_on: chrono::NaiveDate,
    pub(super) hidden_gem: bool,
    pub(super) largest_transaction: i64,
    pub(super) largest_transaction_on: Option<chrono::NaiveDate>,
}

impl WatchedRow {
    pub(super) fn of(figures: &FiguresRow) -> Self {
        WatchedRow {
            average_aum: figures.average_aum,
            promotion_candidate: figures.promotion_candidate,
            promotion_gap: figures.promotion_gap,
            in_grace: figures.in_grace,
            demotes_on: figures.demotes_on,
            hidden_gem: figures.hidden_gem,
            largest_transaction: figures.largest_transaction,
            largest_transaction_on: figures.largest_transaction_on,
        }
    }
}

/// The grade of a customer and what it is worth.
#[derive(Queryable, Selectable, Clone)]
#[diesel(table_name = customer_figures)]
pub(super) struct ValueRow {
    pub(super) grade: Option<String>,
    pub(super) grade_score: i32,
    pub(super) contribution: i64,
    pub(super) lifetime_value: i64,
}

impl ValueRow {
    pub(super) fn of(figures: &FiguresRow) -> Self {
        ValueRow {
            grade: figures.grade.clone(),
            grade_score: figures.grade_score,
            contribution: figures.contribution,
            lifetime_value: figures.lifetime_value,
        }
    }
}

/// How complete the profile of a customer is, as [`FiguresRow`] has it.
#[derive(Queryable, Selectable, Clone, Copy)]
#[diesel(table_name = customer_figures)]
pub(super) struct QualityRow {
    pub(super) completeness: i32,
    pub(super) missing: i32,
    pub(super) data_gap: bool,
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

/// Makes concurrent changes of one customer go one after the other: the row stays locked until the transaction ends. What refers to the
/// customer is still written, a contact say: that it is there is asked after the figures are locked, and would wait for one who waits for them.
pub(super) fn lock(conn: &mut DbConn, id: CustomerId) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        customer::table
            .find(id)
            .select(customer::id)
            .for_no_key_update()
            .first::<CustomerId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// Makes concurrent changes of these customers go one after the other, as [`lock`].
pub(super) fn lock_many(conn: &mut DbConn, ids: &[CustomerId]) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        customer::table
            .filter(customer::id.eq_any(ids))
            .order(customer::id)
            .select(customer::id)
            .for_no_key_update()
            .load::<CustomerId>(conn)
            .map_err(DbError::from)?;
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

pub(super) fn contact_points(conn: &mut DbConn, id: CustomerId) -> Result<Vec<ContactPointRow>> {
    let rows = contact_point::table
        .filter(contact_point::customer_id.eq(id))
        .order((contact_point::kind, contact_point::is_primary.desc(), contact_point::id))
        .select(ContactPointRow::as_select())
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
    pub(super) found_by: FoundByName,
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
    guanxi_db::search::index_new_customer(conn, rows.found_by.clone())
}

pub(super) fn insert_external_ids(conn: &mut DbConn, rows: &[ExternalIdRow]) -> Result<(), DbError> {
    if !rows.is_empty() {
        on_each!(conn => diesel::insert_into(external_id::table).values(rows).execute(conn))?;
    }
    Ok(())
}

/// Writes what differs between two states of a customer over the version that the first one has; false when that is no longer the version.
///
/// Only columns that differ are set: SQLite writes every index anew that has a column in the list, whether its value is another one or not.
pub(super) fn update(conn: &mut DbConn, before: &CustomerRow, after: &CustomerRow) -> Result<bool> {
    let changed = differing(before, after);
    let facts = changed.iter().filter(|(column, _)| !OF_EVERY_CHANGE.contains(column)).count();
    let start = if facts > KEPT_FACTS { Condition::unkept() } else { Condition::new() };
    let mut statement = start.sql("UPDATE customer SET version = ").bind(Value::Integer(after.version));
    for (column, value) in changed {
        statement = statement.sql(", ").sql(column).sql(" = ").bind_all([value]);
    }
    let statement = statement
        .sql(" WHERE id = ")
        .bind(Value::Id(Id::new(after.id.uuid())))
        .sql(" AND version = ")
        .bind(Value::Integer(before.version));
    Ok(Statement::new(statement).execute(conn)? > 0)
}

/// What every change sets: when it was made, and whose word it is.
const OF_EVERY_CHANGE: [&str; 2] = ["details", "updated_at"];

/// Changes of at most so many facts keep their prepared statements: most are of one or two, and of those there are few texts.
const KEPT_FACTS: usize = 2;

macro_rules! differing {
    ($before:ident, $after:ident, $($column:ident: $value:expr,)*) => {{
        let mut found = Vec::new();
        $(if $before.$column != $after.$column {
            found.push((stringify!($column), $value(&$after.$column)));
        })*
        found
    }};
}

/// The columns of a customer, but for its version, that are others after a change, with what they are then.
fn differing(before: &CustomerRow, after: &CustomerRow) -> Vec<(&'static str, Option<Value>)> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let optional = |text: &Option<String>| text.clone().map(Value::Text);
    let date = |date: &Option<chrono::NaiveDate>| date.map(Value::Date);
    let flag = |flag: &bool| Some(Value::Bool(*flag));
    differing!(before, after,
        status: text,
        name: text,
        name_sort: text,
        gender: optional,
        birth_date: date,
        birth_year: |year: &Option<i32>| year.map(|year| Value::Integer(year.into())),
        marital_status: optional,
        province: optional,
        city: optional,
        occupation: optional,
        industry: optional,
        income_band: optional,
        source: optional,
        risk_attribute: optional,
        customer_since: date,
        do_not_contact: flag,
        restricted: flag,
        details: |details: &Doc| Some(Value::Doc(details.clone())),
        phone_masked: optional,
        org_unit_id: |id: &OrgUnitId| Some(Value::Id(Id::new(id.uuid()))),
        owner_id: |id: &Option<UserId>| id.map(|id| Value::Id(Id::new(id.uuid()))),
        archived_at: |at: &Option<Moment>| at.map(Value::Moment),
        archived: flag,
        search_version: |version: &i16| Some(Value::Integer((*version).into())),
        created_at: |at: &Moment| Some(Value::Moment(*at)),
        updated_at: |at: &Moment| Some(Value::Moment(*at)),
        beginnings: text,
    )
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

/// Gives a contact point to another customer.
pub(super) fn move_contact_point(
    conn: &mut DbConn,
    id: ContactPointId,
    to: CustomerId,
    is_primary: bool,
) -> Result<()> {
    diesel::update(contact_point::table.find(id))
        .set((contact_point::customer_id.eq(to), contact_point::is_primary.eq(is_primary)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// Of some customers those that went up in another one, with that one.
pub(super) fn merged_into(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<(CustomerId, CustomerId)>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        let among = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
        let merged = Condition::with_list_of(ids.len()).sql("customer_merge.merged_id IN (");
        let rows: Vec<(CustomerId, CustomerId)> = customer_merge::table
            .filter(merged.bind_all(among).sql(")"))
            .filter(customer_merge::undone_at.is_null())
            .select((customer_merge::merged_id, customer_merge::survivor_id))
            .load(conn)
            .map_err(DbError::from)?;
        found.extend(rows);
    }
    Ok(found)
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

/// By what a customer is sorted and found beside the tokens, and the version of the rules for it.
#[derive(AsChangeset)]
#[diesel(table_name = customer)]
pub(super) struct FoundBy {
    pub(super) name_sort: String,
    pub(super) beginnings: String,
    pub(super) search_version: i16,
}

/// Brings a customer to the newest rules of finding. No change that anyone sees.
pub(super) fn set_found_by(conn: &mut DbConn, id: CustomerId, found_by: &FoundBy) -> Result<()> {
    diesel::update(customer::table.find(id)).set(found_by).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// Many new customers at once, for jobs: a statement a table.
pub(super) fn insert_many(conn: &mut DbConn, rows: &[NewRows], teams: &[TeamRow]) -> Result<(), DbError> {
    let customers: Vec<&CustomerRow> = rows.iter().map(|row| &row.customer).collect();
    let figures: Vec<&FiguresRow> = rows.iter().map(|row| &row.figures).collect();
    let identities: Vec<&IdentityRow> = rows.iter().filter_map(|row| row.identity.as_ref()).collect();
    let points: Vec<&ContactPointRow> = rows.iter().flat_map(|row| &row.contact_points).collect();
    let external: Vec<&ExternalIdRow> = rows.iter().flat_map(|row| &row.external_ids).collect();
    insert_many!(conn, customer::table, customers)?;
    insert_many!(conn, customer_figures::table, figures)?;
    insert_many!(conn, identity_document::table, identities)?;
    insert_many!(conn, contact_point::table, points)?;
    insert_many!(conn, external_id::table, external)?;
    insert_many!(conn, customer_team::table, teams)?;
    guanxi_db::search::index_new_customers(conn, rows.iter().map(|row| row.found_by.clone()).collect())
}

/// The id, number and name of a customer that a scope has; none for any other.
pub(super) fn named(
    conn: &mut DbConn,
    scope: &Scope,
    id: CustomerId,
) -> Result<Option<(CustomerId, String, String)>> {
    let row = customer::table
        .filter(customer::id.eq(id))
        .filter(scope.customer())
        .select((customer::id, customer::customer_no, customer::name))
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// Keeps the figures of a customer to this transaction until it ends.
pub(super) fn lock_figures(conn: &mut DbConn, id: CustomerId) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        customer_figures::table
            .find(id)
            .select(customer_figures::customer_id)
            .for_update()
            .first::<CustomerId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// Writes that customers were reached; on PostgreSQL one statement, because each is a round trip.
pub(super) fn contacted_many(conn: &mut DbConn, reached: &[(CustomerId, Moment)]) -> Result<()> {
    if reached.is_empty() {
        return Ok(());
    }
    match conn {
        DbConn::Pg(conn) => {
            diesel::sql_query(
                "UPDATE customer_figures SET last_contacted_at = GREATEST(last_contacted_at, new.at), version = version + 1 \
                 FROM UNNEST($1, $2) AS new (id, at) WHERE customer_id = new.id",
            )
            .bind::<Array<DbUuid>, _>(reached.iter().map(|(id, _)| *id).collect::<Vec<_>>())
            .bind::<Array<DbMoment>, _>(reached.iter().map(|(_, at)| *at).collect::<Vec<_>>())
            .execute(conn)
            .map_err(DbError::from)?;
        }
        DbConn::Sqlite(_) => {
            for (id, at) in reached {
                Statement::new(super::contacted(*id, *at)).execute(conn)?;
            }
        }
    }
    Ok(())
}

/// Writes when a customer was last reached, if that is another moment than is known.
pub(super) fn set_last_contact(conn: &mut DbConn, id: CustomerId, at: Moment) -> Result<()> {
    diesel::update(customer_figures::table.find(id).filter(customer_figures::last_contacted_at.ne(at)))
        .set((
            customer_figures::last_contacted_at.eq(at),
            customer_figures::version.eq(customer_figures::version + 1),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// The condition on customers with these ids.
pub(super) fn these(ids: &[CustomerId]) -> Condition {
    if ids.is_empty() {
        return Condition::nothing();
    }
    // Its text grows with the number of ids.
    let values = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    Condition::unkept().sql("customer.id IN (").bind_all(values).sql(")")
}

/// The first customers by their ids that a scope has and that meet a condition.
pub(super) fn briefs(
    conn: &mut DbConn,
    scope: &Scope,
    condition: Condition,
    most: usize,
) -> Result<Vec<CustomerBrief>> {
    let rows = customer::table
        .inner_join(customer_figures::table)
        .filter(scope.customers().and(condition))
        .order(Ordering::by(vec![("customer.id", false)]).first(i64::try_from(most).unwrap_or(i64::MAX)))
        .select((
            customer::id,
            customer::customer_no,
            customer::name,
            customer::org_unit_id,
            customer::owner_id,
            customer::do_not_contact,
            customer::archived,
        ))
        .load::<(CustomerId, String, String, OrgUnitId, Option<UserId>, bool, bool)>(conn)
        .map_err(DbError::from)?;
    let brief = |(id, customer_no, name, org_unit_id, owner_id, do_not_contact, archived)| CustomerBrief {
        id,
        customer_no,
        name,
        org_unit_id,
        owner_id,
        do_not_contact,
        archived,
    };
    Ok(rows.into_iter().map(brief).collect())
}

/// A customer as relations name it.
#[derive(Queryable)]
pub(super) struct RelatedRow {
    pub(super) id: CustomerId,
    pub(super) customer_no: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) tier: String,
    pub(super) aum: i64,
    pub(super) archived_at: Option<Moment>,
}

/// Those of these customers that the scope has.
pub(super) fn related(conn: &mut DbConn, scope: &Scope, ids: &[CustomerId]) -> Result<Vec<RelatedRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = customer::table
        .inner_join(customer_figures::table)
        .filter(these(ids))
        .filter(scope.customer())
        .select((
            customer::id,
            customer::customer_no,
            customer::name,
            customer::kind,
            customer_figures::tier,
            customer_figures::aum,
            customer::archived_at,
        ))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Unit and owner of some customers.
pub(super) fn places(
    conn: &mut DbConn,
    ids: &[CustomerId],
) -> Result<Vec<(CustomerId, OrgUnitId, Option<UserId>)>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        let rows: Vec<(CustomerId, OrgUnitId, Option<UserId>)> = customer::table
            .filter(these(ids))
            .select((customer::id, customer::org_unit_id, customer::owner_id))
            .load(conn)
            .map_err(DbError::from)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Those of some customers that a scope has.
pub(super) fn seen_among(
    conn: &mut DbConn,
    scope: &Scope,
    ids: &[CustomerId],
) -> Result<HashSet<CustomerId>> {
    let mut seen = HashSet::new();
    for ids in ids.chunks(500) {
        let rows: Vec<CustomerId> = customer::table
            .filter(these(ids))
            .filter(scope.customer())
            .select(customer::id)
            .load(conn)
            .map_err(DbError::from)?;
        seen.extend(rows);
    }
    Ok(seen)
}
