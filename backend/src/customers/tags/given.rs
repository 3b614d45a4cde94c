use std::collections::HashMap;

use guanxi_api::{CustomerTag, CustomerTags, Instant, TagColour, TagRef, UserRef};
use guanxi_db::{DbConn, Id, Moment};
use serde_json::json;

use crate::access::{Actor, Right, UserId};
use crate::audit::{self, changes_between};
use crate::customers::tags::store::{self, GivenRow, TagRow};
use crate::customers::{CustomerId, TagId, brief, changeable, known, lock, visible};
use crate::error::{Code, Error, FieldError, Result};
use crate::jobs::JobId;

/// Most tags of a customer.
const MOST: i64 = 30;

/// When and by whom a customer was given a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    pub at: Moment,
    pub by: Option<UserId>,
}

/// The tags of a customer, by name.
///
/// # Errors
/// 404 for a customer that the actor does not see.
pub fn tags_of(conn: &mut DbConn, actor: &Actor, id: CustomerId) -> Result<CustomerTags> {
    visible(conn, actor, id)?;
    Ok(CustomerTags { tags: tags_of_seen(conn, id)? })
}

/// The tags, by name, of a customer whom the actor was found to see.
///
/// # Errors
/// When the database fails.
pub fn tags_of_seen(conn: &mut DbConn, id: CustomerId) -> Result<Vec<CustomerTag>> {
    let wire = |row: store::TaggedRow| {
        let by = row.given.added_by;
        Ok(CustomerTag {
            tag: named(row.tag)?,
            added_at: Instant(row.given.added_at.to_utc()),
            added_by: by.map(|id| UserRef { id: id.uuid(), display_name: row.by_name.unwrap_or_default() }),
        })
    };
    let mut rows = store::of_customer(conn, id)?;
    rows.sort_by(|a, b| (&a.tag.name_sort, a.tag.id).cmp(&(&b.tag.name_sort, b.tag.id)));
    rows.into_iter().map(wire).collect()
}

fn named(row: store::NamedRow) -> Result<TagRef> {
    Ok(TagRef {
        id: row.id.uuid(),
        name: row.name,
        colour: known(TagColour::from_code(&row.colour))?,
        archived: row.archived,
    })
}

/// The tags of the customers of a page, by name, in one statement; nothing for an actor who sees them masked.
///
/// # Errors
/// When the database fails.
pub(in crate::customers) fn of_page(
    conn: &mut DbConn,
    actor: &Actor,
    ids: &[CustomerId],
) -> Result<Option<HashMap<CustomerId, Vec<TagRef>>>> {
    if !actor.may(Right::ViewCustomerTags) {
        return Ok(None);
    }
    let mut rows = store::of_customers(conn, ids)?;
    rows.sort_by(|(_, a), (_, b)| (&a.name_sort, a.id).cmp(&(&b.name_sort, b.id)));
    let mut found: HashMap<CustomerId, Vec<TagRef>> = HashMap::new();
    for (customer, row) in rows {
        found.entry(customer).or_default().push(named(row)?);
    }
    Ok(Some(found))
}

/// A customer whose tags the actor may change, kept to this transaction, and the tag.
fn both(conn: &mut DbConn, actor: &Actor, id: CustomerId, tag: TagId) -> Result<TagRow> {
    changeable(conn, actor, id)?;
    lock(conn, id)?;
    if brief(conn, actor, id)?.archived {
        return Err(Error::conflict("", "archived"));
    }
    store::find(conn, tag)?.ok_or_else(Error::not_found)
}

/// Gives a customer a tag; false when it has it already. `job` is the job that does so, where one does.
///
/// # Errors
/// 404 for a customer that the actor does not see and for a tag that is none; 403 for a customer that is only seen; 409 for an archived
/// customer or tag, and when the customer has too many.
pub fn give_tag(
    conn: &mut DbConn,
    actor: &Actor,
    (id, tag): (CustomerId, TagId),
    job: Option<JobId>,
) -> Result<bool> {
    let row = both(conn, actor, id, tag)?;
    if store::given(conn, id, tag)?.is_some() {
        return Ok(false);
    }
    if row.archived {
        return Err(Error::conflict("", "tag_archived"));
    }
    let given = Given { at: actor.now(), by: actor.user_id() };
    insert(conn, actor, (id, &row), given, job)?;
    Ok(true)
}

fn insert(
    conn: &mut DbConn,
    actor: &Actor,
    (id, tag): (CustomerId, &TagRow),
    given: Given,
    job: Option<JobId>,
) -> Result<()> {
    if store::count_of(conn, id)? >= MOST {
        let full = FieldError::new("", "too_many_tags_of_customer").with("max", MOST);
        return Err(Error { fields: vec![full], ..Error::new(Code::StateConflict) });
    }
    let row = GivenRow {
        customer_id: id,
        tag_id: tag.id,
        added_at: given.at,
        added_by: given.by,
        job_id: job.map(|job| Id::new(job.uuid())),
    };
    store::insert_given(conn, &row)?;
    store::add_to_count(conn, tag.id, 1)?;
    note(conn, actor, id, (None, Some(tag)), "added")
}

/// Takes a tag from a customer; nothing when it does not have it. With a `job`, only a tag that this job has given.
///
/// # Errors
/// 404 for a customer that the actor does not see and for a tag that is none; 403 for a customer that is only seen; 409 for an archived one.
pub fn take_tag(
    conn: &mut DbConn,
    actor: &Actor,
    (id, tag): (CustomerId, TagId),
    job: Option<JobId>,
) -> Result<Option<Given>> {
    let row = both(conn, actor, id, tag)?;
    let Some(given) = store::given(conn, id, tag)? else { return Ok(None) };
    if job.is_some_and(|job| given.job_id.map(Id::uuid) != Some(job.uuid())) {
        return Ok(None);
    }
    store::delete_given(conn, id, tag)?;
    store::add_to_count(conn, tag, -1)?;
    note(conn, actor, id, (Some(&row), None), "removed")?;
    Ok(Some(Given { at: given.added_at, by: given.added_by }))
}

/// Gives a customer a tag back that was taken from it, as it was given then, archived or not; false when it has it again.
///
/// # Errors
/// As [`give_tag`].
pub fn put_tag_back(
    conn: &mut DbConn,
    actor: &Actor,
    (id, tag): (CustomerId, TagId),
    given: Given,
) -> Result<bool> {
    let row = both(conn, actor, id, tag)?;
    if store::given(conn, id, tag)?.is_some() {
        return Ok(false);
    }
    insert(conn, actor, (id, &row), given, None)?;
    Ok(true)
}

/// For how many tags the number of customers that have it is not the number that is kept.
///
/// # Errors
/// When the database fails.
pub fn wrong_tag_counts(conn: &mut DbConn) -> Result<i64> {
    store::wrong_counts(conn)
}

fn note(
    conn: &mut DbConn,
    actor: &Actor,
    id: CustomerId,
    (before, after): (Option<&TagRow>, Option<&TagRow>),
    action: &'static str,
) -> Result<()> {
    let document = |row: Option<&TagRow>| json!({ "tag": row.map(|row| &row.name) });
    let change = audit::Change {
        resource_type: "customer_tag",
        resource_id: id.uuid(),
        action,
        version: actor.now().0,
        changes: changes_between(&document(before), &document(after)),
        reason: None,
    };
    audit::record(conn, actor, &change)
}
