use guanxi_api::{
    ConflictSide, ConflictState, CustomerKind, CustomerRef, CustomerStatus, FieldConflict, Instant, Page,
    UserRef,
};
use guanxi_db::{Condition, DbConn, Doc, Id, Moment, Value as SqlValue};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::store::{self, ConflictRow, WholeConflict};
use super::{Sources, Word};
use crate::access::{Actor, Keys, Scope, UserId};
use crate::audit;
use crate::customers::change::{edit, write_profile};
use crate::customers::{self, CustomerId, House, known, profile};
use crate::error::{Code, Error, Result};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};

/// Marks ids of conflicts.
#[derive(Debug)]
pub enum FieldConflictMark {}
pub(super) type FieldConflictId = Id<FieldConflictMark>;

/// What conflicts can be filtered and sorted by.
static FIELDS: &[Field] = &[
    Field::new("state", "field_conflict.state", FieldType::Code(ConflictState::CODES)),
    Field::new("field", "field_conflict.field", FieldType::Text),
    Field::new("system", "field_conflict.system", FieldType::Text),
    Field::new("customer_id", "field_conflict.customer_id", FieldType::Id),
    Field::new("offered_at", "field_conflict.offered_at", FieldType::Instant).sortable(),
];

/// How conflicts are listed.
pub static CONFLICTS: Resource = Resource {
    name: "field-conflicts",
    fields: FIELDS,
    default_sort: "-offered_at",
    id_column: "field_conflict.id",
    unless_asked: Some(("state", open)),
};

fn open() -> Condition {
    Condition::new()
        .sql("field_conflict.state = ")
        .bind(SqlValue::Text(ConflictState::Open.as_str().to_owned()))
}

/// What a system says of fields that keep their values.
pub(in crate::customers) struct Offer<'a> {
    pub(in crate::customers) customer_id: CustomerId,
    pub(in crate::customers) system: &'a str,
    pub(in crate::customers) values: Vec<(&'static str, Value)>,
}

/// A conflict that an offer has opened.
#[derive(Clone, Debug)]
pub struct OpenedConflict {
    pub id: Id<FieldConflictMark>,
    pub customer_id: CustomerId,
    pub version: i64,
    /// How it was, where there was one already.
    pub before: Option<ConflictBefore>,
}

/// How a conflict was before another value was offered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConflictBefore {
    offered: Value,
    state: String,
    /// Microseconds.
    offered_at: i64,
    resolved_at: Option<i64>,
    resolved_by: Option<Uuid>,
}

/// What offers would open, by customer and without doing it.
///
/// # Errors
/// When the database fails.
pub(in crate::customers) fn would_open(
    conn: &mut DbConn,
    actor: &Actor,
    offers: &[Offer<'_>],
) -> Result<Vec<OpenedConflict>> {
    let (new, renewed) = to_open(conn, actor, offers)?;
    Ok(opened(&new, &renewed))
}

fn opened(new: &[ConflictRow], renewed: &[(ConflictRow, ConflictRow)]) -> Vec<OpenedConflict> {
    let of = |row: &ConflictRow, before: Option<&ConflictRow>| OpenedConflict {
        id: row.id,
        customer_id: row.customer_id,
        version: row.version,
        before: before.map(|before| ConflictBefore {
            offered: before.offered.0.clone(),
            state: before.state.clone(),
            offered_at: before.offered_at.0,
            resolved_at: before.resolved_at.map(|at| at.0),
            resolved_by: before.resolved_by.map(|id| id.uuid()),
        }),
    };
    let new = new.iter().map(|row| of(row, None));
    new.chain(renewed.iter().map(|(row, before)| of(row, Some(before)))).collect()
}

/// Opens conflicts for what was offered, and tells which. What is offered again opens nothing, nor does what was declined before.
///
/// # Errors
/// When the database fails.
pub(in crate::customers) fn offer(
    conn: &mut DbConn,
    actor: &Actor,
    offers: &[Offer<'_>],
) -> Result<Vec<OpenedConflict>> {
    let (new, renewed) = to_open(conn, actor, offers)?;
    store::insert_many(conn, &new)?;
    for (row, before) in &renewed {
        store::update(conn, row, before.version)?;
    }
    let events: Vec<audit::Event<'_>> = new
        .iter()
        .chain(renewed.iter().map(|(row, _)| row))
        .map(|row| audit::Event {
            kind: "field_conflict.opened",
            resource_type: "field_conflict",
            resource_id: row.id.uuid(),
            version: row.version,
            changed: &["offered", "state"],
        })
        .collect();
    if !events.is_empty() {
        audit::announce_all(conn, actor, &events)?;
        audit::note_many(conn, actor, "field_conflict", "opened_many", &[("count", events.len())])?;
    }
    Ok(opened(&new, &renewed))
}

/// New conflicts, and those that are opened again with what they were.
type ToOpen = (Vec<ConflictRow>, Vec<(ConflictRow, ConflictRow)>);

fn to_open(conn: &mut DbConn, actor: &Actor, offers: &[Offer<'_>]) -> Result<ToOpen> {
    if offers.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let customers: Vec<CustomerId> = offers.iter().map(|offer| offer.customer_id).collect();
    let known = store::of_customers(conn, &customers)?;
    let (mut new, mut renewed) = (Vec::new(), Vec::new());
    for offer in offers {
        for (field, value) in &offer.values {
            let before = known.iter().find(|row| {
                row.customer_id == offer.customer_id && row.field == *field && row.system == offer.system
            });
            let id = before.map_or_else(|| actor.new_id(), |row| row.id);
            let row = ConflictRow {
                id,
                customer_id: offer.customer_id,
                field: (*field).to_owned(),
                system: offer.system.to_owned(),
                offered: Doc(value.clone()),
                state: ConflictState::Open.as_str().to_owned(),
                offered_at: actor.now(),
                resolved_at: None,
                resolved_by: None,
                version: before.map_or(1, |row| row.version + 1),
            };
            match before {
                None => new.push(row),
                Some(before)
                    if before.offered.0 == *value
                        && [ConflictState::Open, ConflictState::Declined]
                            .iter()
                            .any(|state| state.as_str() == before.state) => {}
                Some(before) => renewed.push((row, before.clone())),
            }
        }
    }
    Ok((new, renewed))
}

/// Takes back that a conflict was opened: it is again what it was, or withdrawn. One that somebody has decided meanwhile, or that has another
/// value by now, stays; gives whether it was taken back.
///
/// # Errors
/// 404 for one about a customer that the actor does not see.
pub fn withdraw_conflict(
    conn: &mut DbConn,
    actor: &Actor,
    id: Id<FieldConflictMark>,
    version: i64,
    before: Option<&ConflictBefore>,
) -> Result<bool> {
    store::lock(conn, id)?;
    let is = store::find(conn, &Scope::of(actor), id)?.conflict;
    if is.version != version || is.state != ConflictState::Open.as_str() {
        return Ok(false);
    }
    let withdrawn = ConflictRow {
        state: ConflictState::Withdrawn.as_str().to_owned(),
        resolved_at: Some(actor.now()),
        resolved_by: actor.user_id(),
        version: version + 1,
        ..is.clone()
    };
    let after = match before {
        None => withdrawn,
        Some(before) => ConflictRow {
            offered: Doc(before.offered.clone()),
            state: before.state.clone(),
            offered_at: Moment(before.offered_at),
            resolved_at: before.resolved_at.map(Moment),
            resolved_by: before.resolved_by.map(UserId::new),
            ..withdrawn
        },
    };
    if !store::update(conn, &after, version)? {
        return Err(Error::new(Code::Stale));
    }
    let changes = audit::changes_between(
        &json!({"state": is.state}),
        &json!({"state": after.state, "field": after.field, "customer_id": after.customer_id.uuid()}),
    );
    let change = audit::Change {
        resource_type: "field_conflict",
        resource_id: id.uuid(),
        action: ConflictState::Withdrawn.as_str(),
        version: after.version,
        changes,
        reason: None,
    };
    audit::record(conn, actor, &change)?;
    Ok(true)
}

/// The conflicts about customers that the actor sees, the newest offers first; unless the filter names a state, open ones.
///
/// # Errors
/// As every list.
pub fn conflicts(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    request: &ListRequest,
) -> Result<Page<FieldConflict>> {
    let listing = request.read(&CONFLICTS, actor, keys.cursor())?;
    let scope = Scope::of(actor);
    let mut rows = store::list(conn, &scope, &listing)?;
    let mut info = listing.page(
        &mut rows,
        keys.cursor(),
        |row, _| SqlValue::Moment(row.conflict.offered_at),
        |row| Id::new(row.conflict.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count(conn, &scope, &listing)?);
    }
    Ok(Page { data: rows.into_iter().map(wire).collect::<Result<_>>()?, page: info })
}

/// A conflict.
///
/// # Errors
/// 404 for one about a customer that the actor does not see.
pub fn conflict(conn: &mut DbConn, actor: &Actor, id: FieldConflictId) -> Result<FieldConflict> {
    wire(store::find(conn, &Scope::of(actor), id)?)
}

/// Decides which of the two values is right. The offered one, when it is taken, counts as verified by who decides.
///
/// # Errors
/// 404 as [`conflict`], 409 for one that is resolved, 412 when the version is no longer the newest, 422 when the offered value breaks a rule.
pub fn resolve(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: FieldConflictId,
    version: i64,
    take: ConflictSide,
) -> Result<FieldConflict> {
    store::lock(conn, id)?;
    let whole = store::find(conn, &Scope::of(actor), id)?;
    customers::changeable(conn, actor, whole.customer.id)?;
    let before = whole.conflict;
    if before.version != version {
        let tag = crate::web::etag(actor, before.version, 0);
        return Err(Error::new(Code::Stale).with_header("ETag", tag));
    }
    if before.state != ConflictState::Open.as_str() {
        return Err(Error::conflict("", "already_resolved"));
    }
    let state = match take {
        ConflictSide::Offered => ConflictState::Accepted,
        ConflictSide::Current => ConflictState::Declined,
    };
    if take == ConflictSide::Offered {
        accept(conn, actor, house, &before, whole.customer.version)?;
    }
    let after = ConflictRow {
        state: state.as_str().to_owned(),
        resolved_at: Some(actor.now()),
        resolved_by: actor.user_id(),
        version: version + 1,
        ..before.clone()
    };
    if !store::update(conn, &after, version)? {
        return Err(Error::new(Code::Stale));
    }
    let changes = audit::changes_between(
        &json!({"state": before.state}),
        &json!({"state": after.state, "field": after.field, "customer_id": after.customer_id.uuid()}),
    );
    audit::record(
        conn,
        actor,
        &audit::Change {
            resource_type: "field_conflict",
            resource_id: id.uuid(),
            action: state.as_str(),
            version: after.version,
            changes,
            reason: None,
        },
    )?;
    conflict(conn, actor, id)
}

fn accept(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    conflict: &ConflictRow,
    version: i64,
) -> Result<()> {
    let today = house.settings.day(actor.now());
    let word = Word {
        by: actor.user_id().map(|id| id.uuid()),
        verified: true,
        ..Word::of_system(actor, &conflict.system)
    };
    edit(conn, actor, conflict.customer_id, version, "updated", |conn, whole| {
        let row = &mut whole.row.customer;
        let kind = known(CustomerKind::from_code(&row.kind))?;
        let mut sources = Sources::of(row)?;
        sources.note([conflict.field.as_str()], &word);
        if conflict.field == "status" {
            let status = conflict.offered.0.as_str().and_then(CustomerStatus::from_code);
            row.status = known(status)?.as_str().to_owned();
            return profile::store_sources(&sources, row);
        }
        let mut document = serde_json::to_value(profile::load(row)?).map_err(Error::internal)?;
        document[&conflict.field] = conflict.offered.0.clone();
        if document[&conflict.field].is_null()
            && let Some(members) = document.as_object_mut()
        {
            members.remove(&conflict.field);
        }
        let mut changed = serde_json::from_value(document)
            .map_err(|_| Error::field(format!("/{}", conflict.field), "no_longer_valid"))?;
        profile::clean(kind, &mut changed, today)?;
        write_profile(conn, kind, &changed, &sources, row)
    })
}

fn wire(row: WholeConflict) -> Result<FieldConflict> {
    let WholeConflict { conflict, customer, resolved_by } = row;
    let present = |value: Value| Some(value).filter(|value| !value.is_null());
    let mut document = serde_json::to_value(profile::load(&customer)?).map_err(Error::internal)?;
    document["status"] = json!(customer.status);
    Ok(FieldConflict {
        id: conflict.id.uuid(),
        customer: CustomerRef {
            id: customer.id.uuid(),
            customer_no: customer.customer_no,
            name: customer.name,
        },
        current: document.get(&conflict.field).cloned().and_then(present),
        field: conflict.field,
        system: conflict.system,
        offered: present(conflict.offered.0),
        state: known(ConflictState::from_code(&conflict.state))?,
        offered_at: Instant(conflict.offered_at.to_utc()),
        resolved_at: conflict.resolved_at.map(|at| Instant(at.to_utc())),
        resolved_by: conflict
            .resolved_by
            .map(|id| UserRef { id: id.uuid(), display_name: resolved_by.unwrap_or_default() }),
        version: conflict.version,
    })
}
