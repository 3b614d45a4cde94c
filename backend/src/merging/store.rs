use diesel::prelude::*;
use guanxi_db::schema::{customer, customer_merge, customer_merge_row};
use guanxi_db::{Condition, DbConn, DbError, DbUuid, Doc, Id, Moment, Statement, Value, insert_many};
use uuid::Uuid;

use crate::access::{Scope, UserId};
use crate::customers::CustomerId;
use crate::error::Result;
use crate::listing::{COUNTED, Listing};
use crate::merging::CustomerMergeId;

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = customer_merge, treat_none_as_default_value = false)]
pub(super) struct MergeRow {
    pub(super) id: CustomerMergeId,
    pub(super) survivor_id: CustomerId,
    pub(super) merged_id: CustomerId,
    pub(super) taken: Doc,
    pub(super) moved: Doc,
    pub(super) kept: Doc,
    pub(super) reason: Option<String>,
    pub(super) merged_at: Moment,
    pub(super) merged_by: Option<UserId>,
    pub(super) undone_at: Option<Moment>,
    pub(super) undone_by: Option<UserId>,
    pub(super) version: i64,
}

/// Things of a customer that go over as rows of a table.
pub(super) struct Target {
    /// In the ledger.
    pub(super) name: &'static str,
    /// What tells a row apart among those of its customer.
    select: &'static str,
    /// Which rows stay where they are, because the other customer has the like: conditions that end where that customer's id and `)` follow.
    unless: &'static [&'static str],
    update: &'static str,
    key: &'static str,
}

/// A table whose rows have an id and a customer. The last argument is the part of `WHERE` that says what goes over.
macro_rules! target {
    ($name:literal, $table:literal, $key:literal, $set:literal, $unless:expr) => {
        Target {
            name: $name,
            select: concat!(
                "SELECT ",
                $table,
                ".",
                $key,
                " FROM ",
                $table,
                " WHERE ",
                $table,
                ".customer_id = "
            ),
            unless: $unless,
            update: concat!("UPDATE ", $table, " SET ", $set, "customer_id = "),
            key: concat!(
                " AND ",
                $key,
                " IN (SELECT moved.row_id FROM customer_merge_row AS moved WHERE moved.merge_id = "
            ),
        }
    };
}

/// In the order in which they go over. Those that are written anew by what they belong to, such as the transactions of a holding, follow it.
pub(super) const TARGETS: [Target; 10] = [
    target!("holding", "holding", "id", "version = version + 1, ", &[]),
    target!("interaction", "interaction", "id", "version = version + 1, ", &[]),
    target!("task", "task", "id", "version = version + 1, ", &[]),
    target!("care_plan", "care_plan", "id", "version = version + 1, ", &[]),
    target!(
        "co_owner",
        "holding_co_owner",
        "holding_id",
        "",
        &[
            " AND NOT EXISTS (SELECT 1 FROM holding_co_owner AS own WHERE own.holding_id = holding_co_owner.holding_id AND own.customer_id = ",
            // Nobody owns jointly what is theirs.
            " AND NOT EXISTS (SELECT 1 FROM holding WHERE holding.id = holding_co_owner.holding_id AND holding.customer_id = ",
        ]
    ),
    target!(
        "household",
        "household_member",
        "household_id",
        "",
        &[
            " AND NOT EXISTS (SELECT 1 FROM household_member AS own WHERE own.household_id = household_member.household_id AND own.customer_id = "
        ]
    ),
    target!(
        "survey_invitation",
        "survey_invitation",
        "id",
        "version = version + 1, ",
        &[
            " AND NOT EXISTS (SELECT 1 FROM survey_invitation AS own WHERE own.survey_id = survey_invitation.survey_id AND own.customer_id = "
        ]
    ),
    target!(
        "survey_answer",
        "survey_answer",
        "id",
        "",
        &[
            " AND NOT EXISTS (SELECT 1 FROM survey_answer AS own WHERE own.survey_id = survey_answer.survey_id AND own.customer_id = "
        ]
    ),
    target!(
        "tag",
        "customer_tag",
        "tag_id",
        "",
        &[
            " AND NOT EXISTS (SELECT 1 FROM customer_tag AS own WHERE own.tag_id = customer_tag.tag_id AND own.customer_id = "
        ]
    ),
    target!("survey_follow_up", "survey_follow_up", "answer_id", "", &[]),
];

/// Where the customer stands beside what it owns, without a choice of its own: table and column of what it belongs to.
const FOLLOWERS: [(&str, &str, &str); 3] = [
    (
        "holding",
        "UPDATE holding_transaction SET customer_id = ",
        " AND holding_id IN (SELECT moved.row_id FROM customer_merge_row AS moved WHERE moved.merge_id = ",
    ),
    (
        "holding",
        "UPDATE imported_record SET customer_id = ",
        " AND record_id IN (SELECT moved.row_id FROM customer_merge_row AS moved WHERE moved.merge_id = ",
    ),
    (
        "interaction",
        "UPDATE imported_record SET customer_id = ",
        " AND record_id IN (SELECT moved.row_id FROM customer_merge_row AS moved WHERE moved.merge_id = ",
    ),
];

fn id<T>(id: Id<T>) -> Value {
    Value::Id(Id::new(id.uuid()))
}

/// The rows of a target that go from one customer to another one.
pub(super) fn to_move(
    conn: &mut DbConn,
    target: &Target,
    (from, to): (CustomerId, CustomerId),
) -> Result<Vec<Uuid>> {
    let mut select = Condition::unkept().sql(target.select).bind(id(from));
    for unless in target.unless {
        select = select.sql(unless).bind(id(to)).sql(")");
    }
    let rows: Vec<Id<()>> = Statement::<DbUuid>::new(select).load(conn).map_err(DbError::from)?;
    Ok(rows.into_iter().map(Id::uuid).collect())
}

/// Writes into the ledger what goes over; the flag is a contact point's.
pub(super) fn note(
    conn: &mut DbConn,
    merge: CustomerMergeId,
    target: &str,
    rows: &[(Uuid, bool)],
) -> Result<()> {
    for rows in rows.chunks(500) {
        let rows: Vec<_> = rows
            .iter()
            .map(|(row, was_primary)| LedgerRow {
                merge_id: merge,
                target: target.to_owned(),
                row_id: Id::new(*row),
                was_primary: *was_primary,
            })
            .collect();
        insert_many!(conn, customer_merge_row::table, rows.as_slice()).map_err(DbError::from)?;
    }
    Ok(())
}

#[derive(Insertable, Clone)]
#[diesel(table_name = customer_merge_row, treat_none_as_default_value = false)]
struct LedgerRow {
    merge_id: CustomerMergeId,
    target: String,
    row_id: Id<()>,
    was_primary: bool,
}

/// Gives the rows of a target that stand in the ledger from one customer to another one, and what belongs to them. What the other one has the like of
/// stays: a customer that is archived may have got something since it went up in another one.
pub(super) fn repoint(
    conn: &mut DbConn,
    merge: CustomerMergeId,
    target: &Target,
    (from, to): (CustomerId, CustomerId),
) -> Result<()> {
    let none: &'static [&'static str] = &[];
    let followers = FOLLOWERS.iter().filter(|(of, ..)| *of == target.name);
    let all = std::iter::once((target.update, target.key, target.unless))
        .chain(followers.map(|(_, update, key)| (*update, *key, none)));
    for (update, key, unless) in all {
        let mut update = Condition::unkept()
            .sql(update)
            .bind(id(to))
            .sql(" WHERE customer_id = ")
            .bind(id(from))
            .sql(key)
            .bind(id(merge))
            .sql(" AND moved.target = ")
            .bind(Value::Text(target.name.to_owned()))
            .sql(")");
        for unless in unless {
            update = update.sql(unless).bind(id(to)).sql(")");
        }
        Statement::new(update).execute(conn)?;
    }
    Ok(())
}

/// What the ledger has of a target.
pub(super) fn ledger(conn: &mut DbConn, merge: CustomerMergeId, target: &str) -> Result<Vec<(Uuid, bool)>> {
    let rows: Vec<(Id<()>, bool)> = customer_merge_row::table
        .filter(customer_merge_row::merge_id.eq(merge))
        .filter(customer_merge_row::target.eq(target))
        .order(customer_merge_row::row_id)
        .select((customer_merge_row::row_id, customer_merge_row::was_primary))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows.into_iter().map(|(id, was_primary)| (id.uuid(), was_primary)).collect())
}

/// Takes a customer from among the co-owners of what it holds itself; gives those holdings.
pub(super) fn no_longer_own_co_owner(conn: &mut DbConn, customer: CustomerId) -> Result<Vec<Uuid>> {
    let own = || {
        Condition::unkept()
            .sql("holding_co_owner WHERE holding_co_owner.customer_id = ")
            .bind(id(customer))
            .sql(" AND holding_co_owner.holding_id IN (SELECT holding.id FROM holding WHERE holding.customer_id = ")
            .bind(id(customer))
            .sql(")")
    };
    let select = Condition::unkept().sql("SELECT holding_co_owner.holding_id FROM ").part(own());
    let rows: Vec<Id<()>> = Statement::<DbUuid>::new(select).load(conn).map_err(DbError::from)?;
    Statement::new(Condition::unkept().sql("DELETE FROM ").part(own())).execute(conn)?;
    Ok(rows.into_iter().map(Id::uuid).collect())
}

/// Puts a customer back among the co-owners of holdings that are still there.
pub(super) fn co_owner_again(conn: &mut DbConn, customer: CustomerId, holdings: &[Uuid]) -> Result<()> {
    for holding in holdings {
        let insert = Condition::unkept()
            .sql("INSERT INTO holding_co_owner (holding_id, customer_id) SELECT holding.id, ")
            .bind(id(customer))
            .sql(" FROM holding WHERE holding.id = ")
            .bind(Value::Id(Id::new(*holding)))
            .sql(" AND NOT EXISTS (SELECT 1 FROM holding_co_owner AS own WHERE own.holding_id = holding.id AND own.customer_id = ")
            .bind(id(customer))
            .sql(")");
        Statement::new(insert).execute(conn)?;
    }
    Ok(())
}

pub(super) fn insert(conn: &mut DbConn, row: &MergeRow) -> Result<()> {
    diesel::insert_into(customer_merge::table).values(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

pub(super) fn set_moved(conn: &mut DbConn, id: CustomerMergeId, moved: &Doc) -> Result<()> {
    diesel::update(customer_merge::table.find(id))
        .set(customer_merge::moved.eq(moved))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// A merge into a customer that a scope has.
pub(super) fn find(conn: &mut DbConn, scope: &Scope, id: CustomerMergeId) -> Result<MergeRow> {
    let row = customer_merge::table
        .inner_join(customer::table)
        .filter(customer_merge::id.eq(id))
        .filter(scope.customer())
        .select(MergeRow::as_select())
        .first(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn list(conn: &mut DbConn, scope: &Scope, listing: &Listing) -> Result<Vec<MergeRow>> {
    let rows = customer_merge::table
        .inner_join(customer::table)
        .filter(Condition::unkept().part(scope.customers()).and(listing.condition()))
        .order(listing.ordering().first(listing.rows()))
        .select(MergeRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count(conn: &mut DbConn, scope: &Scope, listing: &Listing) -> Result<i64> {
    let ids = customer_merge::table
        .inner_join(customer::table)
        .filter(Condition::unkept().part(scope.customers()).and(listing.filter.clone()))
        .select(customer_merge::id)
        .limit(COUNTED + 1)
        .load::<CustomerMergeId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// Whether something went up in a customer after a merge, and still is there.
pub(super) fn has_later(conn: &mut DbConn, row: &MergeRow) -> Result<bool> {
    let later = customer_merge::table
        .filter(customer_merge::survivor_id.eq(row.survivor_id))
        .filter(customer_merge::merged_at.gt(row.merged_at))
        .filter(customer_merge::undone_at.is_null())
        .select(customer_merge::id)
        .first::<CustomerMergeId>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(later.is_some())
}

/// Notes that a merge is undone; false when it has another version by now.
pub(super) fn set_undone(conn: &mut DbConn, row: &MergeRow, from_version: i64) -> Result<bool> {
    let changed =
        diesel::update(customer_merge::table.find(row.id).filter(customer_merge::version.eq(from_version)))
            .set((
                customer_merge::undone_at.eq(row.undone_at),
                customer_merge::undone_by.eq(row.undone_by),
                customer_merge::version.eq(row.version),
            ))
            .execute(conn)
            .map_err(DbError::from)?;
    Ok(changed > 0)
}

/// Id, number and name of customers, whoever sees them.
pub(super) fn names(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<(CustomerId, String, String)>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        let these = ids.iter().map(|one| Some(id(*one)));
        let rows: Vec<(CustomerId, String, String)> = customer::table
            .filter(Condition::unkept().sql("customer.id IN (").bind_all(these).sql(")"))
            .select((customer::id, customer::customer_no, customer::name))
            .load(conn)
            .map_err(DbError::from)?;
        found.extend(rows);
    }
    Ok(found)
}
