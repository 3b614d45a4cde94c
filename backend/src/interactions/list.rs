use guanxi_api::{
    Direction, Include, Interaction, InteractionKind, InteractionOutcome, InteractionPurpose,
    InteractionSearch, Mood, Page,
};
use guanxi_db::{Condition, DbConn, Id, Moment, Ordering, Value};

use crate::access::{Actor, Keys, Scope};
use crate::customers::{self, CustomerId};
use crate::error::Result;
use crate::interactions::store::{self, WholeRow};
use crate::interactions::{rules, view};
use crate::listing::filter::FieldType::{Bool, Code, Id as AnId, Instant, Integer};
use crate::listing::{Field, ListRequest, Listing, Resource, set_total};

/// Most contacts found by their notes that are looked up and put in order. Where there are more, the list is walked in its own order and
/// each row is asked, which finds a page soon because they are many.
const FEW: usize = 5000;

/// What contacts can be filtered and sorted by.
pub(crate) static FIELDS: &[Field] = &[
    Field::new("kind", "interaction.kind", Code(InteractionKind::CODES)),
    Field::new("direction", "interaction.direction", Code(Direction::CODES)),
    Field::new("purpose", "interaction.purpose", Code(InteractionPurpose::CODES)),
    Field::new("outcome", "interaction.outcome", Code(InteractionOutcome::CODES)),
    Field::new("mood", "interaction.mood", Code(Mood::CODES)).nullable(),
    Field::new("duration_minutes", "interaction.duration_minutes", Integer).nullable(),
    Field::new("author_id", "interaction.author_id", AnId).nullable(),
    Field::new("customer_id", "interaction.customer_id", AnId),
    Field::new("org_unit_id", "customer.org_unit_id", AnId),
    Field::new("owner_id", "customer.owner_id", AnId).nullable(),
    Field::new("occurred_at", "interaction.occurred_at", Instant).sortable(),
    Field::new("archived", "interaction.archived", Bool),
];

pub(crate) static INTERACTIONS: Resource = Resource {
    name: "interactions",
    fields: FIELDS,
    default_sort: "-occurred_at",
    id_column: "interaction.id",
    unless_asked: Some(("archived", present)),
};

fn present() -> Condition {
    Condition::new().sql("interaction.archived = ").bind(Value::Bool(false))
}

/// The contacts with the customers that the actor sees, newest first.
///
/// # Errors
/// As every list.
pub fn list(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    request: &ListRequest,
) -> Result<Page<Interaction>> {
    let listing = request.read(&INTERACTIONS, actor, keys.cursor())?;
    page(conn, keys, &Scope::of(actor).customers(), &listing)
}

/// The contacts with one customer, newest first.
///
/// # Errors
/// 404 for a customer that the actor does not see; else as every list.
pub fn timeline(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    id: CustomerId,
    request: &ListRequest,
) -> Result<Page<Interaction>> {
    customers::named(conn, actor, id)?;
    let scoped = ListRequest { q: Some(id.to_string()), ..request.clone() };
    let mut listing = scoped.read(&INTERACTIONS, actor, keys.cursor())?;
    listing.filter = listing.filter.and(of_customer(id));
    page(conn, keys, &Scope::of(actor).customer(), &listing)
}

/// The last contacts with one customer, newest first; none of a customer that the actor does not see.
///
/// # Errors
/// When the database fails.
pub fn latest(conn: &mut DbConn, actor: &Actor, id: CustomerId, most: i64) -> Result<Vec<Interaction>> {
    let condition = of_customer(id).and(present());
    let order = Ordering::by(vec![("interaction.occurred_at", true), ("interaction.id", true)]);
    let rows = store::list(conn, Scope::of(actor).customer(), condition, order, most)?;
    rows.into_iter().map(view::wire).collect()
}

fn of_customer(id: CustomerId) -> Condition {
    Condition::new().sql("interaction.customer_id = ").bind(Value::Id(Id::new(id.uuid())))
}

/// The contacts that the actor sees and whose notes have all words of a text, newest first.
///
/// # Errors
/// As every list.
pub fn search(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    request: &InteractionSearch,
) -> Result<Page<Interaction>> {
    search_by(conn, actor, keys, request, FEW)
}

/// [`search`], with the number up to which contacts found by their notes are few.
pub(crate) fn search_by(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    request: &InteractionSearch,
    few: usize,
) -> Result<Page<Interaction>> {
    let asked = ListRequest {
        filter: request.filter.clone(),
        sort: request.sort.clone(),
        limit: request.limit,
        cursor: request.cursor.clone(),
        total: request.include == Some(Include::Total),
        q: request.q.as_ref().map(|q| format!("notes\0{q}")),
        in_body: true,
    };
    let mut listing = asked.read(&INTERACTIONS, actor, keys.cursor())?;
    if let Some(q) = &request.q {
        let found = match rules::question(q) {
            None => Condition::nothing(),
            Some(question) => found(conn, &question, few)?,
        };
        listing.filter = listing.filter.and(found);
    }
    page(conn, keys, &Scope::of(actor).customers(), &listing)
}

/// The condition on contacts whose notes answer a question.
fn found(conn: &mut DbConn, question: &rules::Question, few: usize) -> Result<Condition> {
    // The number of words is part of the text, so the statement is not kept.
    let has_parts = question
        .parts
        .iter()
        .fold(Condition::unkept().sql("1 = 1"), |all, part| all.and(store::has_part(conn, part)));
    Ok(match guanxi_db::notes::among_hits(conn, &question.tokens, few)? {
        Some(hits) => hits.and(has_parts),
        None => has_parts,
    })
}

fn page(conn: &mut DbConn, keys: &Keys, scope: &Condition, listing: &Listing) -> Result<Page<Interaction>> {
    let mut rows = store::list(conn, scope.clone(), listing.condition(), listing.ordering(), listing.rows())?;
    let mut info = listing.page(
        &mut rows,
        keys.cursor(),
        |row, _| Value::Moment(row.interaction.occurred_at),
        |row: &WholeRow| Id::new(row.interaction.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count(conn, scope.clone(), listing.filter.clone())?);
    }
    Ok(Page { data: rows.into_iter().map(view::wire).collect::<Result<_>>()?, page: info })
}

/// Most contacts that are read about some customers at once.
const AT_ONCE: i64 = 2_000;

/// A contact about a complaint: customer, contact, when and notes.
pub type Complaint = (CustomerId, uuid::Uuid, Moment, Option<String>);

/// Contacts about complaints of some customers since a moment, the newest first. Whoever asks decides what may be said of them.
///
/// # Errors
/// When the database fails.
pub fn complaints_among(conn: &mut DbConn, ids: &[CustomerId], since: Moment) -> Result<Vec<Complaint>> {
    let rows = store::complaints_among(conn, ids, since, AT_ONCE)?.into_iter();
    Ok(rows.map(|row| (row.customer_id, row.id.uuid(), row.occurred_at, row.notes)).collect())
}
