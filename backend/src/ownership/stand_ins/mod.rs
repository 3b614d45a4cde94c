//! Who looks after the customers of a relationship manager who is away. Whoever stands in sees and works them as their owner does, by
//! [`crate::access::Scope`]; the owner stays responsible.

pub(super) mod routes;
mod store;
#[cfg(test)]
mod tests;

use chrono::{Days, NaiveDate};
use guanxi_api::{
    AbsenceReason, Instant, NewStandIn, Page, Role, StandIn, StandInPatch, StandInState, TaskPriority,
    TaskSource,
};
use guanxi_db::{DbConn, Id, Moment, Value};
use serde_json::json;

use crate::access::{Actor, Reach, UnitScope, UserId};
use crate::customers::House;
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::ownership::known;
use crate::tasks::{self, Opening};
use crate::{audit, messages, org, text};
use store::StandInRow;

/// Marks ids of stand-ins.
#[derive(Debug)]
pub enum StandInMark {}
pub type StandInId = Id<StandInMark>;

/// How many days one may last, and how far ahead it may begin.
const MOST_DAYS: u64 = 366;
const MAX_NOTE: usize = 1000;

static FIELDS: &[Field] = &[
    Field::new("from", "stand_in.begins_on", FieldType::Date).sortable(),
    Field::new("until", "stand_in.ends_on", FieldType::Date),
    Field::new("absent_user_id", "stand_in.absent_id", FieldType::Id),
    Field::new("stand_in_user_id", "stand_in.user_id", FieldType::Id),
    Field::new("org_unit_id", "stand_in.org_unit_id", FieldType::Id),
    Field::new("reason", "stand_in.reason", FieldType::Code(AbsenceReason::CODES)),
    Field::new("cancelled", "stand_in.cancelled", FieldType::Bool),
];

pub(crate) static STAND_INS: Resource = Resource {
    name: "stand-ins",
    fields: FIELDS,
    default_sort: "-from",
    id_column: "stand_in.id",
    unless_asked: None,
};

/// The stand-ins of one's units, and one's own, the last to begin first.
///
/// # Errors
/// As every list.
pub fn list(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
) -> Result<Page<StandIn>> {
    let listing = request.read(&STAND_INS, actor, house.keys.cursor())?;
    let mut rows = store::list(conn, actor, &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |row, _| Value::Date(row.begins_on),
        |row| Id::new(row.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count(conn, actor, &listing)?);
    }
    let data = rows.into_iter().map(|row| wire(conn, actor, house, row)).collect::<Result<_>>()?;
    Ok(Page { data, page: info })
}

/// A stand-in.
///
/// # Errors
/// 404 for one that the actor does not see.
pub fn stand_in(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: StandInId) -> Result<StandIn> {
    let row = store::find(conn, actor, id)?;
    wire(conn, actor, house, row)
}

fn wire(conn: &mut DbConn, actor: &Actor, house: House<'_>, row: StandInRow) -> Result<StandIn> {
    let names = house.directory.newest(conn)?;
    let now = actor.now();
    let state = match &row {
        row if row.cancelled => StandInState::Cancelled,
        row if row.ends_at <= now => StandInState::Ended,
        row if row.begins_at > now => StandInState::Planned,
        _ => StandInState::Active,
    };
    Ok(StandIn {
        id: row.id.uuid(),
        absent: names.user(row.absent_id)?,
        org_unit: names.unit(row.org_unit_id)?,
        stand_in: names.user(row.user_id)?,
        reason: known(AbsenceReason::from_code(&row.reason))?,
        note: row.note,
        from: row.begins_on,
        until: row.ends_on,
        state,
        created_by: row.created_by.map(|id| names.user(id)).transpose()?,
        version: row.version,
        created_at: Instant(row.created_at.to_utc()),
        updated_at: Instant(row.updated_at.to_utc()),
    })
}

/// Arranges who stands in for somebody. Whoever does is told so by a task.
///
/// # Errors
/// 422 for people who are none, work elsewhere or are of the wrong role, for the head of another outlet, for days that have passed, lie far ahead or in the
/// wrong order, for an absence that has somebody already, for somebody who is away then, and for the absence of somebody who stands in then.
pub fn arrange(conn: &mut DbConn, actor: &Actor, house: House<'_>, new: &NewStandIn) -> Result<StandIn> {
    let today = house.settings.day(actor.now());
    let mut wrong = Wrong::default();
    let (absent_id, user_id) = (UserId::new(new.absent_user_id), UserId::new(new.stand_in_user_id));
    let absent = colleague(conn, actor, absent_id, "/absent_user_id", &[Role::Rm]);
    let absent = wrong.keep(absent)?;
    if actor.reach() == Reach::Team && actor.user_id() != Some(absent_id) {
        wrong.add(FieldError::new("/absent_user_id", "not_oneself"));
    }
    if absent_id == user_id {
        wrong.add(FieldError::new("/stand_in_user_id", "stands_in_for_oneself"));
    }
    let roles = [Role::Rm, Role::OutletHead];
    let stand_in = wrong.keep(colleague(conn, actor, user_id, "/stand_in_user_id", &roles))?;
    // Standing in, too, a head sees the customers of their own outlet alone.
    if let (Some(absent), Some(head)) = (&absent, stand_in.filter(|user| user.role == Role::OutletHead))
        && head.org_unit_id != absent.org_unit_id
    {
        wrong.add(FieldError::new("/stand_in_user_id", "stands_in_for_nobody"));
    }
    let far = |day: NaiveDate| day.checked_add_days(Days::new(MOST_DAYS)).unwrap_or(NaiveDate::MAX);
    if new.from < today {
        wrong.add(FieldError::new("/from", "in_the_past"));
    } else if new.from > far(today) {
        wrong.add(FieldError::new("/from", "too_far_ahead").with("max", MOST_DAYS));
    }
    check_last_day(new.from, new.until, &mut wrong);
    let note = text::paragraphs(new.note.as_deref().unwrap_or_default(), MAX_NOTE)
        .map_err(|broken| wrong.add(FieldError::broken("/note", broken)));
    let (absent, note) = wrong.unless(absent.zip(note.ok()))?;

    // Of two who arrange the same, the second finds what the first has written.
    store::lock_users(conn, &[absent_id, user_id])?;
    let (begins_at, ends_at) = instants(house, (new.from, new.until));
    check_free(conn, (absent_id, user_id), (begins_at.max(actor.now()), ends_at), None)?;
    let title = messages::task_title(actor.language(), "stand_in")
        .replace("{name}", &absent.display_name)
        .replace("{from}", &new.from.to_string())
        .replace("{until}", &new.until.to_string());
    let id: StandInId = actor.new_id();
    let told = Opening {
        customer_id: None,
        title,
        notes: note.clone(),
        assignee_id: None,
        due_on: new.from,
        priority: TaskPriority::High,
        source: TaskSource::StandIn,
        source_id: Some(id.uuid()),
        source_on: None,
    };
    let row = StandInRow {
        id,
        absent_id,
        org_unit_id: absent.org_unit_id,
        user_id,
        reason: new.reason.as_str().to_owned(),
        note,
        begins_on: new.from,
        ends_on: new.until,
        begins_at,
        ends_at,
        cancelled: false,
        task_id: Some(tasks::open_for(conn, actor, user_id, told)?),
        created_by: actor.user_id(),
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    };
    store::insert(conn, &row)?;
    record(conn, actor, None, &row, "created")?;
    wire(conn, actor, house, row)
}

/// The beginning of the first day and the end of the last.
fn instants(house: House<'_>, (from, until): (NaiveDate, NaiveDate)) -> (Moment, Moment) {
    let after = until.succ_opt().unwrap_or(until);
    (house.settings.start_of(from), house.settings.start_of(after))
}

fn check_last_day(from: NaiveDate, until: NaiveDate, wrong: &mut Wrong) {
    if until < from {
        wrong.add(FieldError::new("/until", "ends_before_it_begins"));
    } else if from.checked_add_days(Days::new(MOST_DAYS)).is_some_and(|last| until > last) {
        wrong.add(FieldError::new("/until", "too_far_ahead").with("max", MOST_DAYS));
    }
}

/// # Errors
/// 422 when somebody stands in for the one at some of this time already, or the one stands in for somebody else, or the other is away.
fn check_free(
    conn: &mut DbConn,
    (absent, user): (UserId, UserId),
    time: (Moment, Moment),
    but: Option<StandInId>,
) -> Result<()> {
    // Whoever makes one longer says no more than until when.
    let at = |arranging: &'static str| if but.is_some() { "/until" } else { arranging };
    let mut wrong = Wrong::default();
    if store::is_away(conn, absent, time, but)? {
        wrong.add(FieldError::new("/until", "has_a_stand_in"));
    }
    if store::stands_in(conn, absent, time)? {
        wrong.add(FieldError::new(at("/absent_user_id"), "stands_in_then"));
    }
    if store::is_away(conn, user, time, None)? {
        wrong.add(FieldError::new(at("/stand_in_user_id"), "is_away"));
    }
    wrong.unless(Some(()))
}

/// Somebody of the actor's units who works here and has one of some roles.
fn colleague(
    conn: &mut DbConn,
    actor: &Actor,
    id: UserId,
    at: &str,
    roles: &[Role],
) -> Result<org::UserSummary> {
    let refuse = |code| Err(Error::field(at, code));
    match org::user_summary(conn, id)? {
        None => refuse("not_found"),
        Some(user) if !UnitScope::of(actor).contains(&user.unit_path) => refuse("not_in_scope"),
        Some(user) if !roles.contains(&user.role) => refuse("stands_in_for_nobody"),
        Some(user) if user.archived => refuse("archived"),
        Some(user) => Ok(user),
    }
}

/// Changes the last day or the note of a stand-in that has not ended.
///
/// # Errors
/// 404 for one that the actor does not see, 403 for whoever is neither away nor leads a unit of theirs, 409 when it has ended, 412, 422 as [`arrange`].
pub fn change(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, version): (StandInId, i64),
    patch: &StandInPatch,
) -> Result<StandIn> {
    let before = to_change(conn, actor, id, version)?;
    let mut after = before.clone();
    let mut wrong = Wrong::default();
    if let Some(until) = patch.until {
        if until < house.settings.day(actor.now()) {
            wrong.add(FieldError::new("/until", "in_the_past"));
        } else {
            check_last_day(before.begins_on, until, &mut wrong);
        }
        after.ends_on = until;
        (_, after.ends_at) = instants(house, (before.begins_on, until));
    }
    if let Some(note) = &patch.note {
        match text::paragraphs(note.as_deref().unwrap_or_default(), MAX_NOTE) {
            Ok(note) => after.note = note,
            Err(broken) => wrong.add(FieldError::broken("/note", broken)),
        }
    }
    wrong.unless(Some(()))?;
    if after.ends_on > before.ends_on {
        let time = (before.begins_at.max(actor.now()), after.ends_at);
        check_free(conn, (before.absent_id, before.user_id), time, Some(id))?;
    }
    write(conn, actor, house, &before, after, "updated")
}

/// Ends a stand-in now, or cancels one that has not begun.
///
/// # Errors
/// As [`change`].
pub fn end(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: StandInId,
    version: i64,
) -> Result<StandIn> {
    let before = to_change(conn, actor, id, version)?;
    let mut after = before.clone();
    if before.begins_at > actor.now() {
        after.cancelled = true;
        after.ends_at = before.begins_at;
    } else {
        after.ends_on = house.settings.day(actor.now());
        after.ends_at = actor.now();
    }
    if let Some(task) = before.task_id {
        tasks::end(conn, actor, task, !after.cancelled)?;
    }
    let action = if after.cancelled { "cancelled" } else { "ended" };
    write(conn, actor, house, &before, after, action)
}

/// A stand-in that the actor is about to change, at this version and not ended. Nobody else changes it or arranges another meanwhile.
fn to_change(conn: &mut DbConn, actor: &Actor, id: StandInId, version: i64) -> Result<StandInRow> {
    let seen = store::find(conn, actor, id)?;
    store::lock_users(conn, &[seen.absent_id, seen.user_id])?;
    let row = store::find(conn, actor, id)?;
    let unit = org::unit(conn, row.org_unit_id)?;
    let arranges =
        actor.reach() != Reach::Team && unit.is_some_and(|unit| UnitScope::of(actor).contains(&unit.path));
    if !arranges && actor.user_id() != Some(row.absent_id) {
        return Err(Error::forbidden());
    }
    if row.version != version {
        let tag = crate::web::etag(actor, row.version, 0);
        return Err(Error::new(Code::Stale).with_header("ETag", tag));
    }
    if row.cancelled || row.ends_at <= actor.now() {
        return Err(Error::conflict("/state", "stand_in_ended"));
    }
    Ok(row)
}

fn write(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    before: &StandInRow,
    mut after: StandInRow,
    action: &'static str,
) -> Result<StandIn> {
    if audited(before) == audited(&after) {
        return wire(conn, actor, house, after);
    }
    after.version = before.version + 1;
    after.updated_at = actor.now();
    if !store::update(conn, &after, before.version)? {
        return Err(Error::new(Code::Stale));
    }
    record(conn, actor, Some(before), &after, action)?;
    wire(conn, actor, house, after)
}

fn audited(row: &StandInRow) -> serde_json::Value {
    json!({
        "absent_user_id": row.absent_id.uuid(),
        "stand_in_user_id": row.user_id.uuid(),
        "reason": row.reason,
        "note": row.note,
        "from": row.begins_on,
        "until": row.ends_on,
        "cancelled": row.cancelled,
        "ends_at": Instant(row.ends_at.to_utc()),
    })
}

fn record(
    conn: &mut DbConn,
    actor: &Actor,
    before: Option<&StandInRow>,
    after: &StandInRow,
    action: &'static str,
) -> Result<()> {
    let changes = audit::changes_between(&before.map_or_else(|| json!({}), audited), &audited(after));
    audit::record(
        conn,
        actor,
        &audit::Change {
            resource_type: "stand_in",
            resource_id: after.id.uuid(),
            action,
            version: after.version,
            changes,
            reason: None,
        },
    )
}
