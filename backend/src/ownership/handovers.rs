use std::collections::{HashMap, HashSet};

use chrono::{Days, NaiveDate};
use guanxi_api::{
    Handover, HandoverAnswer, HandoverAnswerState, HandoverLineState, HandoverReason, HandoverReceiver,
    HandoverState, Instant, NewHandover, Page, Role, TaskPriority, TaskSource,
};
use guanxi_db::{DbConn, Id, Value};
use serde_json::json;

use crate::access::{Actor, UnitScope, UserId};
use crate::customers::{self, CustomerId, House};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::ownership::store::{self, HandoverRow, LineRow, ReceiverRow};
use crate::ownership::{HandoverId, known};
use crate::tasks::{self, Opening};
use crate::{audit, messages, org, text};

/// Most customers of one handover.
const MOST: usize = 5_000;
/// How many days ahead the day of a handover may lie.
const AHEAD: u64 = 366;
/// What finds all customers, archived ones too.
const ALL: &str = "archived in (true, false)";

static FIELDS: &[Field] = &[
    Field::new("state", "handover.state", FieldType::Code(HandoverState::CODES)),
    Field::new("reason", "handover.reason", FieldType::Code(HandoverReason::CODES)),
    Field::new("from_user_id", "handover.from_user_id", FieldType::Id),
    Field::new("effective_on", "handover.effective_on", FieldType::Date),
    Field::new("created_at", "handover.created_at", FieldType::Instant).sortable(),
];

pub(crate) static HANDOVERS: Resource = Resource {
    name: "handovers",
    fields: FIELDS,
    default_sort: "-created_at",
    id_column: "handover.id",
    unless_asked: None,
};

/// Handovers that the actor sees, the newest first.
///
/// # Errors
/// As every list.
pub fn list(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
) -> Result<Page<Handover>> {
    let listing = request.read(&HANDOVERS, actor, house.keys.cursor())?;
    let mut rows = store::list(conn, actor, &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |row, _| Value::Moment(row.created_at),
        |row| Id::new(row.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count(conn, actor, &listing)?);
    }
    Ok(Page { data: wire_all(conn, house, rows)?, page: info })
}

/// A handover.
///
/// # Errors
/// 404 for one that the actor does not see.
pub fn handover(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: HandoverId) -> Result<Handover> {
    let row = store::find(conn, actor, id)?;
    wire(conn, house, row)
}

pub(super) fn wire(conn: &mut DbConn, house: House<'_>, row: HandoverRow) -> Result<Handover> {
    wire_all(conn, house, vec![row])?.pop().ok_or_else(Error::not_found)
}

fn wire_all(conn: &mut DbConn, house: House<'_>, rows: Vec<HandoverRow>) -> Result<Vec<Handover>> {
    let names = house.directory.newest(conn)?;
    let ids: Vec<HandoverId> = rows.iter().map(|row| row.id).collect();
    let mut receivers: HashMap<HandoverId, Vec<HandoverReceiver>> = HashMap::new();
    let count = |number: i32| u32::try_from(number).map_err(Error::internal);
    for row in store::receivers(conn, &ids)? {
        receivers.entry(row.handover_id).or_default().push(HandoverReceiver {
            user: names.user(row.user_id)?,
            filter: row.rule,
            customers: count(row.customers)?,
            state: known(HandoverAnswerState::from_code(&row.state))?,
            answered_at: row.answered_at.map(|at| Instant(at.to_utc())),
            reason: row.answer_reason,
        });
    }
    let wire = |row: HandoverRow| {
        Ok(Handover {
            id: row.id.uuid(),
            from: names.user(row.from_user_id)?,
            org_unit: names.unit(row.org_unit_id)?,
            reason: known(HandoverReason::from_code(&row.reason))?,
            note: row.note,
            effective_on: row.effective_on,
            double_access_days: u16::try_from(row.double_access_days).map_err(Error::internal)?,
            state: known(HandoverState::from_code(&row.state))?,
            to: receivers.remove(&row.id).unwrap_or_default(),
            customers: count(row.customers)?,
            moved: count(row.moved)?,
            skipped: count(row.skipped)?,
            remaining: count(row.remaining)?,
            proposed_by: row.proposed_by.map(|id| names.user(id)).transpose()?,
            finished_at: row.finished_at.map(|at| Instant(at.to_utc())),
            version: row.version,
            created_at: Instant(row.created_at.to_utc()),
            updated_at: Instant(row.updated_at.to_utc()),
        })
    };
    rows.into_iter().map(wire).collect()
}

/// Proposes to hand the customers of one relationship manager to others: each goes to the first whose filter finds it. Whoever is to take
/// some is told so by a task.
///
/// # Errors
/// 422 for people who are none, work elsewhere or are no relationship managers, for a day that has passed or lies far ahead, for rules that
/// find nobody, and for more customers than one handover may have; 400 for a filter that cannot be read.
pub fn propose(conn: &mut DbConn, actor: &Actor, house: House<'_>, new: &NewHandover) -> Result<Handover> {
    let today = house.settings.day(actor.now());
    let mut wrong = Wrong::default();
    let from_id = UserId::new(new.from_user_id);
    let from = wrong.keep(relationship_manager(conn, actor, from_id, "/from_user_id", true))?;
    let mut seen = HashSet::from([new.from_user_id]);
    for (n, to) in new.to.iter().enumerate() {
        let at = format!("/to/{n}/user_id");
        if seen.insert(to.user_id) {
            wrong.keep(relationship_manager(conn, actor, UserId::new(to.user_id), &at, false))?;
        } else {
            wrong.add(FieldError::new(at, "duplicate"));
        }
    }
    if new.effective_on < today {
        wrong.add(FieldError::new("/effective_on", "in_the_past"));
    } else if today.checked_add_days(Days::new(AHEAD)).is_some_and(|last| new.effective_on > last) {
        wrong.add(FieldError::new("/effective_on", "too_far_ahead").with("max", AHEAD));
    }
    let note = text::paragraphs(new.note.as_deref().unwrap_or_default(), 1000)
        .map_err(|broken| wrong.add(FieldError::broken("/note", broken)));
    let (from, note) = wrong.unless(from.zip(note.ok()))?;

    let id: HandoverId = actor.new_id();
    let shares = shares(conn, actor, house, new)?;
    let taken: usize = shares.iter().map(Vec::len).sum();
    let owned = usize::try_from(store::owned_by(conn, from_id)?).unwrap_or(usize::MAX);
    let number = |count: usize| i32::try_from(count).map_err(Error::internal);
    let row = HandoverRow {
        id,
        from_user_id: from_id,
        org_unit_id: from.org_unit_id,
        reason: new.reason.as_str().to_owned(),
        note,
        effective_on: new.effective_on,
        double_access_days: new.double_access_days.into(),
        state: HandoverState::Proposed.as_str().to_owned(),
        customers: number(taken)?,
        moved: 0,
        skipped: 0,
        remaining: number(owned.saturating_sub(taken))?,
        proposed_by: actor.user_id(),
        finished_at: None,
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    };
    let mut receivers = Vec::with_capacity(new.to.len());
    for ((place, to), share) in (0..).zip(&new.to).zip(&shares) {
        let title = messages::task_title(actor.language(), "handover")
            .replace("{name}", &from.display_name)
            .replace("{count}", &share.len().to_string());
        let opening = task(title, None, new.effective_on, id);
        receivers.push(ReceiverRow {
            handover_id: id,
            user_id: UserId::new(to.user_id),
            place,
            rule: to.filter.clone(),
            customers: number(share.len())?,
            state: HandoverAnswerState::Waiting.as_str().to_owned(),
            answered_at: None,
            answer_reason: None,
            task_id: Some(tasks::open_for(conn, actor, UserId::new(to.user_id), opening)?),
        });
    }
    store::insert_handover(conn, &row)?;
    store::insert_receivers(conn, &receivers)?;
    let lines = lines(conn, id, new, &shares)?;
    store::insert_lines(conn, &lines)?;
    record(conn, actor, None, &row, "created", None)?;
    wire(conn, house, row)
}

fn task(title: String, notes: Option<String>, due_on: NaiveDate, of: HandoverId) -> Opening {
    Opening {
        customer_id: None,
        title,
        notes,
        assignee_id: None,
        due_on,
        priority: TaskPriority::High,
        source: TaskSource::Handover,
        source_id: Some(of.uuid()),
        source_on: None,
    }
}

/// A relationship manager of the actor's units.
fn relationship_manager(
    conn: &mut DbConn,
    actor: &Actor,
    id: UserId,
    at: &str,
    closed_too: bool,
) -> Result<org::UserSummary> {
    let refuse = |code| Err(Error::field(at, code));
    match org::user_summary(conn, id)? {
        None => refuse("not_found"),
        Some(user) if !UnitScope::of(actor).contains(&user.unit_path) => refuse("not_in_scope"),
        Some(user) if user.role != Role::Rm => refuse("not_a_relationship_manager"),
        Some(user) if user.archived && !closed_too => refuse("archived"),
        Some(user) => Ok(user),
    }
}

/// The customers that go to each.
fn shares(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    new: &NewHandover,
) -> Result<Vec<Vec<CustomerId>>> {
    let of_owner = store::of_owner(UserId::new(new.from_user_id));
    let mut taken = HashSet::new();
    let mut shares = Vec::with_capacity(new.to.len());
    for (n, to) in new.to.iter().enumerate() {
        let filter = to.filter.as_deref().unwrap_or(ALL);
        let found = customers::briefs_by_filter(conn, actor, house.keys, filter, of_owner.clone(), MOST + 1)
            .map_err(|mut error| {
                for field in error.fields.iter_mut().filter(|field| field.pointer == "/filter") {
                    field.pointer = format!("/to/{n}/filter");
                }
                error
            })?;
        let share: Vec<CustomerId> =
            found.into_iter().map(|brief| brief.id).filter(|id| taken.insert(*id)).collect();
        if share.is_empty() {
            return Err(Error::field(format!("/to/{n}"), "no_customers"));
        }
        if taken.len() > MOST {
            return Err(Error::fields(vec![FieldError::new("/to", "too_many_customers").with("max", MOST)]));
        }
        shares.push(share);
    }
    Ok(shares)
}

/// The lines of the sheet, the largest assets first.
fn lines(
    conn: &mut DbConn,
    id: HandoverId,
    new: &NewHandover,
    shares: &[Vec<CustomerId>],
) -> Result<Vec<LineRow>> {
    let all: Vec<CustomerId> = shares.iter().flatten().copied().collect();
    let assets: HashMap<CustomerId, i64> = store::assets(conn, &all)?.into_iter().collect();
    let pairs = new.to.iter().zip(shares).flat_map(|(to, share)| share.iter().map(|id| (to.user_id, *id)));
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort_by_key(|(_, id)| (std::cmp::Reverse(assets.get(id).copied()), *id));
    let line = |(place, (user, customer_id))| LineRow {
        handover_id: id,
        customer_id,
        user_id: UserId::new(user),
        place,
        state: HandoverLineState::Waiting.as_str().to_owned(),
    };
    Ok((0..).zip(pairs).map(line).collect())
}

/// What somebody who is to take customers says to that. When everybody has answered, the handover is carried out on its day.
///
/// # Errors
/// 404 for a handover that the actor does not see, 403 when they are not to take any of it, 409 when they have answered, or it has ended; 412; 422
/// for declining without a reason.
pub fn answer(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, version): (HandoverId, i64),
    answer: &HandoverAnswer,
) -> Result<Handover> {
    let before = to_change(conn, actor, id, version, Some(()))?;
    let mut receivers = store::receivers(conn, &[id])?;
    let own = receivers.iter_mut().find(|row| Some(row.user_id) == actor.user_id());
    let own = own.ok_or_else(Error::forbidden)?;
    if own.state != HandoverAnswerState::Waiting.as_str() {
        return Err(Error::conflict("/state", "handover_answered"));
    }
    let reason = text::paragraphs(answer.reason.as_deref().unwrap_or_default(), 500)
        .map_err(|broken| Error::fields(vec![FieldError::broken("/reason", broken)]))?;
    if !answer.accepts && reason.is_none() {
        return Err(Error::field("/reason", "required"));
    }
    let said = if answer.accepts { HandoverAnswerState::Accepted } else { HandoverAnswerState::Declined };
    own.state = said.as_str().to_owned();
    own.answered_at = Some(actor.now());
    own.answer_reason.clone_from(&reason);
    store::update_receiver(conn, own)?;
    if let Some(task) = own.task_id {
        tasks::end(conn, actor, task, true)?;
    }
    if !answer.accepts {
        store::keep_waiting(conn, id, actor.user_id())?;
        tell_proposer(conn, actor, house, &before, reason.as_deref())?;
    }
    let waits = |row: &ReceiverRow| row.state == HandoverAnswerState::Waiting.as_str();
    let takes = |row: &ReceiverRow| row.state == HandoverAnswerState::Accepted.as_str();
    let mut after = before.clone();
    if !receivers.iter().any(waits) {
        let any = receivers.iter().any(takes);
        let state = if any { HandoverState::Accepted } else { HandoverState::Declined };
        after.state = state.as_str().to_owned();
        after.finished_at = (!any).then_some(actor.now());
    }
    write(conn, actor, &before, after, said.as_str(), reason.as_deref(), house)
}

/// Whoever has proposed a handover has a task when somebody declines.
fn tell_proposer(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    handover: &HandoverRow,
    reason: Option<&str>,
) -> Result<()> {
    let Some(proposer) = handover.proposed_by else { return Ok(()) };
    let Some(from) = org::user_summary(conn, handover.from_user_id)? else { return Ok(()) };
    let title =
        messages::task_title(actor.language(), "handover_declined").replace("{name}", &from.display_name);
    let today = house.settings.day(actor.now());
    let opening = task(title, reason.map(str::to_owned), today, handover.id);
    tasks::open_for(conn, actor, proposer, opening).map(drop)
}

/// Takes a proposal back, as long as no customer was moved by it.
///
/// # Errors
/// 404 for a handover that the actor does not see, 409 when it has begun or ended, 412.
pub fn cancel(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: HandoverId,
    version: i64,
) -> Result<Handover> {
    let before = to_change(conn, actor, id, version, None)?;
    if before.moved + before.skipped > 0 {
        return Err(Error::conflict("/state", "handover_begun"));
    }
    for receiver in store::receivers(conn, &[id])? {
        if let Some(task) = receiver.task_id.filter(|_| receiver.answered_at.is_none()) {
            tasks::end(conn, actor, task, false)?;
        }
    }
    store::keep_waiting(conn, id, None)?;
    let mut after = before.clone();
    after.state = HandoverState::Cancelled.as_str().to_owned();
    after.finished_at = Some(actor.now());
    write(conn, actor, &before, after, "cancelled", None, house)
}

/// A handover that the actor is about to change, at this version and not ended; with `proposed`, nor accepted by all. Nobody else changes it meanwhile.
fn to_change(
    conn: &mut DbConn,
    actor: &Actor,
    id: HandoverId,
    version: i64,
    proposed: Option<()>,
) -> Result<HandoverRow> {
    store::lock(conn, id)?;
    let row = store::find(conn, actor, id)?;
    if row.version != version {
        let tag = crate::web::etag(actor, row.version, 0);
        return Err(Error::new(Code::Stale).with_header("ETag", tag));
    }
    let is_open = row.state == HandoverState::Proposed.as_str()
        || (proposed.is_none() && row.state == HandoverState::Accepted.as_str());
    if is_open { Ok(row) } else { Err(Error::conflict("/state", "handover_ended")) }
}

fn write(
    conn: &mut DbConn,
    actor: &Actor,
    before: &HandoverRow,
    mut after: HandoverRow,
    action: &'static str,
    reason: Option<&str>,
    house: House<'_>,
) -> Result<Handover> {
    after.version = before.version + 1;
    after.updated_at = actor.now();
    if !store::update(conn, &after, before.version)? {
        return Err(Error::new(Code::Stale));
    }
    record(conn, actor, Some(before), &after, action, reason)?;
    wire(conn, house, after)
}

/// Puts a change of a handover on record.
///
/// # Errors
/// When the database fails.
pub(super) fn record(
    conn: &mut DbConn,
    actor: &Actor,
    before: Option<&HandoverRow>,
    after: &HandoverRow,
    action: &'static str,
    reason: Option<&str>,
) -> Result<()> {
    let document = |row: &HandoverRow| {
        json!({
            "from_user_id": row.from_user_id.uuid(),
            "reason": row.reason,
            "note": row.note,
            "effective_on": row.effective_on,
            "double_access_days": row.double_access_days,
            "state": row.state,
            "customers": row.customers,
            "moved": row.moved,
            "skipped": row.skipped,
        })
    };
    let mut changes = audit::changes_between(&before.map_or_else(|| json!({}), document), &document(after));
    if changes.is_empty() {
        // Of several who are asked, one has answered.
        changes.push(guanxi_api::FieldChange {
            field: "answer".into(),
            before: None,
            after: Some(json!(action)),
        });
    }
    audit::record(
        conn,
        actor,
        &audit::Change {
            resource_type: "handover",
            resource_id: after.id.uuid(),
            action,
            version: after.version,
            changes,
            reason,
        },
    )
}
