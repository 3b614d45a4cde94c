use std::collections::HashMap;

use guanxi_api::{DuplicateEvidence, DuplicatePair, DuplicateSide, DuplicateState, Instant, Page};
use guanxi_db::{Condition, DbConn, Id, Value};
use serde_json::json;

use crate::access::{Actor, Scope};
use crate::audit;
use crate::customers::{self, CustomerId, House, known};
use crate::duplicates::DuplicatePairId;
use crate::duplicates::store::{self, PairRow};
use crate::error::{Code, Error, FieldError, Result};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::text;

static FIELDS: &[Field] = &[
    Field::new("score", "duplicate_pair.score", FieldType::Integer).sortable(),
    Field::new("found_at", "duplicate_pair.found_at", FieldType::Instant).sortable(),
    Field::new("state", "duplicate_pair.state", FieldType::Code(DuplicateState::CODES)),
];

pub(crate) static DUPLICATES: Resource = Resource {
    name: "duplicates",
    fields: FIELDS,
    default_sort: "-score",
    id_column: "duplicate_pair.id",
    unless_asked: Some(("state", open)),
};

fn open() -> Condition {
    Condition::new().sql("duplicate_pair.state = 'open'")
}

/// Pairs of customers who may be one, of which the actor sees at least one; the likeliest first.
///
/// # Errors
/// As every list.
pub fn pairs(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
) -> Result<Page<DuplicatePair>> {
    let listing = request.read(&DUPLICATES, actor, house.keys.cursor())?;
    let scope = Scope::of(actor);
    let mut rows = store::list(conn, &scope, &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |row, field| match field {
            "found_at" => Value::Moment(row.found_at),
            _ => Value::Integer(row.score.into()),
        },
        |row| Id::new(row.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count(conn, &scope, &listing)?);
    }
    Ok(Page { data: wire(conn, actor, house, rows)?, page: info })
}

/// One of them.
///
/// # Errors
/// 404 for one of which the actor sees neither side.
pub fn pair(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: DuplicatePairId,
) -> Result<DuplicatePair> {
    let row = store::find(conn, &Scope::of(actor), id)?;
    wire(conn, actor, house, vec![row])?.pop().ok_or_else(Error::not_found)
}

fn wire(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    rows: Vec<PairRow>,
) -> Result<Vec<DuplicatePair>> {
    let mut ids: Vec<CustomerId> = rows.iter().flat_map(|row| [row.first_id, row.second_id]).collect();
    ids.sort_unstable();
    ids.dedup();
    let seen = customers::related(conn, actor, house, &ids)?;
    let places: HashMap<CustomerId, customers::Place> = customers::places(conn, &ids)?;
    let names = house.directory.newest(conn)?;
    let side = |id: CustomerId| -> Result<DuplicateSide> {
        let (unit, owner) = *places.get(&id).ok_or_else(Error::not_found)?;
        let customer = seen.get(&id).cloned();
        // Whose customer it is is known to those who see it.
        let owner = owner.filter(|_| customer.is_some()).map(|owner| names.user(owner)).transpose()?;
        Ok(DuplicateSide { customer, org_unit: names.unit(unit)?, owner })
    };
    let pair = |row: PairRow| -> Result<DuplicatePair> {
        let codes: Vec<String> = serde_json::from_value(row.evidence.0).map_err(Error::internal)?;
        Ok(DuplicatePair {
            id: row.id.uuid(),
            customers: vec![side(row.first_id)?, side(row.second_id)?],
            score: u8::try_from(row.score).unwrap_or_default(),
            evidence: codes
                .iter()
                .map(|code| known(DuplicateEvidence::from_code(code)))
                .collect::<Result<_>>()?,
            state: known(DuplicateState::from_code(&row.state))?,
            found_at: Instant(row.found_at.to_utc()),
            decided_at: row.decided_at.map(|at| Instant(at.to_utc())),
            decided_by: row.decided_by.map(|id| names.user(id)).transpose()?,
            reason: row.reason,
            version: row.version,
        })
    };
    rows.into_iter().map(pair).collect()
}

/// Says that two customers are two: they are not proposed again.
///
/// # Errors
/// 404 as [`pair`], 403 for whoever looks after neither, 409 for what is decided, 412 when the version is another one, 422 without a reason.
pub fn dismiss(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, version): (DuplicatePairId, i64),
    reason: &str,
) -> Result<DuplicatePair> {
    let before = to_change(conn, actor, (id, version), DuplicateState::Open)?;
    let reason = text::line(reason, 500)
        .map_err(|broken| Error::fields(vec![FieldError::broken("/reason", broken)]))?;
    let after = decided(actor, &before, DuplicateState::Dismissed, Some(reason));
    write(conn, actor, &before, &after, "dismissed")?;
    pair(conn, actor, house, id)
}

/// Proposes two customers again that were said to be two.
///
/// # Errors
/// As [`dismiss`].
pub fn reopen(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, version): (DuplicatePairId, i64),
) -> Result<DuplicatePair> {
    let before = to_change(conn, actor, (id, version), DuplicateState::Dismissed)?;
    let after =
        PairRow { decided_at: None, decided_by: None, ..decided(actor, &before, DuplicateState::Open, None) };
    write(conn, actor, &before, &after, "reopened")?;
    pair(conn, actor, house, id)
}

/// Notes that two customers were merged.
///
/// # Errors
/// When the database fails.
pub fn merged(conn: &mut DbConn, actor: &Actor, one: CustomerId, other: CustomerId) -> Result<()> {
    settle(conn, actor, (one, other), DuplicateState::Merged, "merged")
}

/// Notes that two customers who were merged are two after all.
///
/// # Errors
/// When the database fails.
pub fn told_apart(conn: &mut DbConn, actor: &Actor, one: CustomerId, other: CustomerId) -> Result<()> {
    settle(conn, actor, (one, other), DuplicateState::Dismissed, "told_apart")
}

fn settle(
    conn: &mut DbConn,
    actor: &Actor,
    (one, other): (CustomerId, CustomerId),
    state: DuplicateState,
    action: &'static str,
) -> Result<()> {
    let Some(before) = store::of_both(conn, one, other)? else { return Ok(()) };
    let after = decided(actor, &before, state, None);
    write(conn, actor, &before, &after, action)
}

fn to_change(
    conn: &mut DbConn,
    actor: &Actor,
    (id, version): (DuplicatePairId, i64),
    from: DuplicateState,
) -> Result<PairRow> {
    let row = store::find(conn, &Scope::of(actor), id)?;
    if !customers::some_changeable(conn, actor, &[row.first_id, row.second_id])? {
        return Err(Error::forbidden());
    }
    if row.version != version {
        let tag = crate::web::etag(actor, row.version, 0);
        return Err(Error::new(Code::Stale).with_header("ETag", tag));
    }
    if row.state != from.as_str() {
        return Err(match from {
            DuplicateState::Open => Error::conflict("", "already_decided"),
            _ => Error::conflict("", "not_dismissed"),
        });
    }
    Ok(row)
}

fn decided(actor: &Actor, before: &PairRow, state: DuplicateState, reason: Option<String>) -> PairRow {
    PairRow {
        state: state.as_str().to_owned(),
        decided_at: Some(actor.now()),
        decided_by: actor.user_id(),
        reason,
        version: before.version + 1,
        ..before.clone()
    }
}

fn write(
    conn: &mut DbConn,
    actor: &Actor,
    before: &PairRow,
    after: &PairRow,
    action: &'static str,
) -> Result<()> {
    if !store::update(conn, after, before.version)? {
        return Err(Error::new(Code::Stale));
    }
    let document = |row: &PairRow| json!({"state": row.state, "reason": row.reason, "customers": [row.first_id.uuid(), row.second_id.uuid()]});
    let change = audit::Change {
        resource_type: "duplicate",
        resource_id: after.id.uuid(),
        action,
        version: after.version,
        changes: audit::changes_between(&document(before), &document(after)),
        reason: after.reason.as_deref(),
    };
    audit::record(conn, actor, &change)
}
