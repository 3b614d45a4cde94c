use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use guanxi_api::{CustomerKind, RelationRole};
use guanxi_db::schema::{household, household_member, relation};
use guanxi_db::{Condition, DbConn, DbError, Id, Moment, Value, insert_many, on_each};

use crate::access::{Reach, Scope};
use crate::customers::CustomerId;
use crate::error::Result;
use crate::listing::{COUNTED, Listing};
use crate::names::name_sort;
use crate::relations::{HouseholdId, RelationId};

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = relation, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct RelationRow {
    pub(super) id: RelationId,
    pub(super) from_id: CustomerId,
    pub(super) to_id: CustomerId,
    /// What `from_id` is to `to_id`.
    pub(super) kind: String,
    pub(super) share_percent: Option<i32>,
    pub(super) title: Option<String>,
    pub(super) authority: Option<String>,
    pub(super) note: Option<String>,
    pub(super) since: Option<NaiveDate>,
    pub(super) until: Option<NaiveDate>,
    pub(super) archived: bool,
    pub(super) archived_at: Option<Moment>,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = household, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct HouseholdRow {
    pub(super) id: HouseholdId,
    pub(super) name: String,
    pub(super) archived: bool,
    pub(super) archived_at: Option<Moment>,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
    pub(super) name_sort: String,
}

impl HouseholdRow {
    /// Gives it another name, with its sound; gives the one that it had.
    pub(super) fn rename(&mut self, name: String) -> String {
        self.name_sort = name_sort(CustomerKind::Person, &name);
        std::mem::replace(&mut self.name, name)
    }
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = household_member)]
pub(super) struct MemberRow {
    pub(super) household_id: HouseholdId,
    pub(super) customer_id: CustomerId,
    pub(super) role: String,
    pub(super) is_primary: bool,
}

pub(super) fn find(conn: &mut DbConn, id: RelationId) -> Result<Option<RelationRow>> {
    let row = relation::table
        .find(id)
        .select(RelationRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// The relations of some customers that are not archived. Either end is found by its own index.
pub(super) fn of_customers(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<RelationRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows: Vec<RelationRow> = Vec::new();
    for end in ["relation.from_id IN (", "relation.to_id IN ("] {
        let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
        let found: Vec<RelationRow> = relation::table
            .filter(Condition::unkept().sql(end).bind_all(ids).sql(")"))
            .filter(relation::archived.eq(false))
            .order(relation::id)
            .select(RelationRow::as_select())
            .load(conn)
            .map_err(DbError::from)?;
        rows.extend(found);
    }
    rows.sort_by_key(|row| row.id);
    rows.dedup_by_key(|row| row.id);
    Ok(rows)
}

pub(super) fn insert(conn: &mut DbConn, row: &RelationRow) -> Result<(), DbError> {
    diesel::insert_into(relation::table).values(row).execute(conn)?;
    Ok(())
}

pub(super) fn insert_all(conn: &mut DbConn, rows: &[RelationRow]) -> Result<()> {
    insert_many!(conn, relation::table, rows).map_err(DbError::from)?;
    Ok(())
}

/// Writes a relation over the version it was made from; false when that is no longer the version.
pub(super) fn update(conn: &mut DbConn, row: &RelationRow, from_version: i64) -> Result<bool, DbError> {
    let changed = diesel::update(relation::table.find(row.id).filter(relation::version.eq(from_version)))
        .set(row)
        .execute(conn)?;
    Ok(changed > 0)
}

/// Who has brought a customer.
pub(super) fn referrer_of(conn: &mut DbConn, id: CustomerId) -> Result<Option<CustomerId>> {
    let found = relation::table
        .filter(relation::to_id.eq(id))
        .filter(relation::archived.eq(false))
        .filter(relation::kind.eq(RelationRole::Referrer.as_str()))
        .select(relation::from_id)
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(found)
}

/// Who has brought whom of these customers, as pairs of who was brought and by whom.
pub(super) fn referrers_of(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<(CustomerId, CustomerId)>> {
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    let found = relation::table
        .filter(Condition::unkept().sql("relation.to_id IN (").bind_all(ids).sql(")"))
        .filter(relation::archived.eq(false))
        .filter(relation::kind.eq(RelationRole::Referrer.as_str()))
        .select((relation::to_id, relation::from_id))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(found)
}

/// Whom a customer has brought, by their ids.
pub(super) fn referred_by(conn: &mut DbConn, id: CustomerId, most: usize) -> Result<Vec<CustomerId>> {
    let found = relation::table
        .filter(relation::from_id.eq(id))
        .filter(relation::archived.eq(false))
        .filter(relation::kind.eq(RelationRole::Referrer.as_str()))
        .order(relation::to_id)
        .limit(i64::try_from(most).unwrap_or(i64::MAX))
        .select(relation::to_id)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(found)
}

pub(super) fn household(conn: &mut DbConn, id: HouseholdId) -> Result<Option<HouseholdRow>> {
    let row = household::table
        .find(id)
        .select(HouseholdRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// Some households, archived or not; on PostgreSQL locked in the order of their ids, where they are to be written.
pub(super) fn households(conn: &mut DbConn, ids: &[HouseholdId], writes: bool) -> Result<Vec<HouseholdRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    if let (DbConn::Pg(conn), true) = (&mut *conn, writes) {
        household::table
            .filter(household::id.eq_any(ids))
            .order(household::id)
            .select(household::id)
            .for_no_key_update()
            .load::<HouseholdId>(conn)
            .map_err(DbError::from)?;
    }
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    let among = Condition::unkept().sql("household.id IN (").bind_all(ids).sql(")");
    let rows =
        household::table.filter(among).select(HouseholdRow::as_select()).load(conn).map_err(DbError::from)?;
    Ok(rows)
}

/// That a household has a member in a scope. What is looked after by few is found from its customers, so that the bank's households are not
/// walked for it; where it is most of the bank, each household of the list is asked.
fn with_a_member(scope: &Scope, reach: Reach) -> Condition {
    match reach {
        Reach::Nobody => Condition::nothing(),
        // Each has a member.
        Reach::All => Condition::everything(),
        Reach::Team | Reach::Unit => Condition::unkept()
            .sql("household.id IN (SELECT belongs.household_id FROM customer JOIN household_member AS belongs ON belongs.customer_id = customer.id WHERE ")
            .part(scope.customers())
            .sql(")"),
        Reach::Subtree => Condition::unkept()
            .sql("EXISTS (SELECT 1 FROM household_member AS belongs JOIN customer ON customer.id = belongs.customer_id WHERE belongs.household_id = household.id AND (")
            .part(scope.customer())
            .sql("))"),
    }
}

/// What households are looked for by.
pub(super) struct Wanted<'a> {
    /// What the sound of a name begins with.
    pub(super) sound: Option<&'a str>,
    /// What the name itself begins with.
    pub(super) characters: Option<&'a str>,
    /// Members.
    pub(super) members: Vec<CustomerId>,
}

/// That a household is named so or has one of some members: a set of few ids, whatever the order of the list.
fn among(wanted: &Wanted<'_>) -> Condition {
    let named = wanted.sound.map(|sound| {
        let named = Condition::new()
            .sql("SELECT named.id FROM household AS named WHERE named.archived IN (")
            .bind_all([Some(Value::Bool(false)), Some(Value::Bool(true))])
            .sql(") AND named.name_sort >= ")
            .bind(Value::Text(sound.to_owned()))
            .sql(" AND named.name_sort < ")
            .bind(Value::Text(format!("{sound}\u{10ffff}")));
        match wanted.characters {
            None => named,
            Some(text) => named
                .sql(" AND substr(named.name, 1, length(")
                .bind(Value::Text(text.to_owned()))
                .sql(")) = ")
                .bind(Value::Text(text.to_owned())),
        }
    });
    let members = (!wanted.members.is_empty()).then(|| {
        let ids = wanted.members.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
        Condition::new()
            .sql(
                "SELECT belongs.household_id FROM household_member AS belongs WHERE belongs.customer_id IN (",
            )
            .bind_all(ids)
            .sql(")")
    });
    let either = match (named, members) {
        (Some(named), Some(members)) => named.sql(" UNION ").part(members),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return Condition::nothing(),
    };
    Condition::unkept().sql("household.id IN (").part(either).sql(")")
}

/// A page of the households of which somebody in a scope is a member.
pub(super) fn list_households(
    conn: &mut DbConn,
    (scope, reach): (&Scope, Reach),
    listing: &Listing,
    wanted: Option<&Wanted<'_>>,
) -> Result<Vec<HouseholdRow>> {
    let rows = household::table
        .select(HouseholdRow::as_select())
        .into_boxed()
        .filter(with_a_member(scope, reach))
        .filter(wanted.map_or_else(Condition::everything, among))
        .filter(listing.condition())
        .order(listing.ordering().first(listing.rows()))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// How many there are, counted no further than lists do.
pub(super) fn count_households(
    conn: &mut DbConn,
    (scope, reach): (&Scope, Reach),
    listing: &Listing,
    wanted: Option<&Wanted<'_>>,
) -> Result<i64> {
    let counted = household::table
        .select(household::id)
        .into_boxed()
        .filter(with_a_member(scope, reach))
        .filter(wanted.map_or_else(Condition::everything, among))
        .filter(listing.filter.clone())
        .limit(COUNTED + 1)
        .load::<HouseholdId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(counted.len()).unwrap_or(i64::MAX))
}

/// Households whose name has no sound yet, as far as `most`; archived ones as well.
pub(super) fn unsorted(conn: &mut DbConn, most: i64) -> Result<Vec<(HouseholdId, String)>> {
    let unsorted = Condition::unkept()
        .sql("household.archived IN (")
        .bind_all([Some(Value::Bool(false)), Some(Value::Bool(true))])
        .sql(") AND household.name_sort = ")
        .bind(Value::Text(String::new()));
    let rows = household::table
        .filter(unsorted)
        .limit(most)
        .select((household::id, household::name))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Keeps how the name of a household sounds, unless it has another name by now.
pub(super) fn sort(conn: &mut DbConn, id: HouseholdId, name: &str, sound: &str) -> Result<()> {
    diesel::update(household::table.find(id).filter(household::name.eq(name)))
        .set(household::name_sort.eq(sound))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// Makes concurrent changes of one household go one after the other.
pub(super) fn lock_household(conn: &mut DbConn, id: HouseholdId) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        household::table
            .find(id)
            .select(household::id)
            .for_no_key_update()
            .first::<HouseholdId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// The households of a customer that are not archived, by their names.
pub(super) fn households_of(conn: &mut DbConn, id: CustomerId) -> Result<Vec<HouseholdRow>> {
    let rows = household_member::table
        .inner_join(household::table)
        .filter(household_member::customer_id.eq(id))
        .filter(household::archived.eq(false))
        .order((household::name_sort, household::id))
        .select(HouseholdRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn members(conn: &mut DbConn, ids: &[HouseholdId]) -> Result<Vec<MemberRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    let among = Condition::unkept().sql("household_member.household_id IN (").bind_all(ids).sql(")");
    let rows = household_member::table
        .filter(among)
        .select(MemberRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn insert_household(conn: &mut DbConn, row: &HouseholdRow) -> Result<()> {
    diesel::insert_into(household::table).values(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// Writes a household over the version it was made from; false when that is no longer the version.
pub(super) fn update_household(conn: &mut DbConn, row: &HouseholdRow, from_version: i64) -> Result<bool> {
    let changed = diesel::update(household::table.find(row.id).filter(household::version.eq(from_version)))
        .set(row)
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(changed > 0)
}

pub(super) fn replace_members(conn: &mut DbConn, id: HouseholdId, rows: &[MemberRow]) -> Result<()> {
    diesel::delete(household_member::table.filter(household_member::household_id.eq(id)))
        .execute(conn)
        .map_err(DbError::from)?;
    on_each!(conn => diesel::insert_into(household_member::table).values(rows).execute(conn))
        .map_err(DbError::from)?;
    Ok(())
}

/// In how many households that are not archived these customers are, of those who are in some.
pub(super) fn households_by_member(
    conn: &mut DbConn,
    ids: &[CustomerId],
) -> Result<HashMap<CustomerId, usize>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = ids.iter().map(|id| Some(Value::Id(Id::new(id.uuid()))));
    let among = Condition::unkept().sql("household_member.customer_id IN (").bind_all(ids).sql(")");
    let rows: Vec<CustomerId> = household_member::table
        .inner_join(household::table)
        .filter(among)
        .filter(household::archived.eq(false))
        .select(household_member::customer_id)
        .load(conn)
        .map_err(DbError::from)?;
    let mut counts = HashMap::new();
    for id in rows {
        *counts.entry(id).or_default() += 1;
    }
    Ok(counts)
}
