//! Today: whom to contact and what to do, the most pressing first, each with its reason.
//!
//! A line is either a task of the actor or follows from own customers at the moment it is asked for: a contact that the tier demands, a
//! birthday, a maturity. Such a line is never kept. Logging a contact makes a contact that was due vanish; setting a line aside turns it
//! into a task ([`work`]), done at once or due later, which stands in the history of work like any other and can be handed over.

mod routes;
mod rules;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use chrono::{Datelike, Days, NaiveDate};
use guanxi_api::{
    CustomerGlance, Holding, Instant, Task, TaskPriority, TaskSource, Tier, Today, TodayCount, TodayLine,
    TodayReason, UserRef,
};
use guanxi_db::{DbConn, Moment};
use uuid::Uuid;

use crate::access::{Actor, MaskProfile, Scope, UserId};
use crate::customers::{self, CustomerId, House};
use crate::error::{Error, Result};
use crate::tasks::{self, Opening, Work};
use crate::{grades, holdings, messages, ownership, segments};
pub use rules::LineId;
use store::{Demands, GlanceRow};

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config.service(routes::get_today).service(routes::complete_line).service(routes::postpone_line);
}

/// Most lines of one reason.
const LINES: usize = 100;
/// Rows that are asked for, one more to know whether there are more.
const ROWS: i64 = 101;

/// What is due today in the book of whoever asks.
///
/// # Errors
/// When the database fails.
pub fn today(conn: &mut DbConn, actor: &Actor, house: House<'_>) -> Result<Today> {
    let day = house.settings.day(actor.now());
    let mut reasons: Vec<(TodayReason, Vec<TodayLine>)> = vec![
        (TodayReason::LowScore, of_tasks(tasks::low_scores(conn, actor, ROWS)?, TodayReason::LowScore)),
        (TodayReason::TaskDue, of_tasks(tasks::due(conn, actor, day, ROWS)?, TodayReason::TaskDue)),
        (TodayReason::Maturity, maturities(conn, actor, house, None)?),
        (TodayReason::Birthday, birthdays(conn, actor, house, None)?),
        (TodayReason::ContactDue, contacts_due(conn, actor, house, None)?),
        (TodayReason::VisitDue, visits_due(conn, actor, house, None)?),
    ];
    let counts = reasons.iter_mut().map(|(reason, lines)| {
        let more = lines.len() > LINES;
        lines.truncate(LINES);
        TodayCount { reason: *reason, lines: u32::try_from(lines.len()).unwrap_or(u32::MAX), more }
    });
    let counts = counts.collect();
    let mut lines: Vec<TodayLine> = reasons.into_iter().flat_map(|(_, lines)| lines).collect();
    add_glances(conn, actor, house, &mut lines)?;
    lines.sort_by_cached_key(|line| rules::pressing(line, day));
    Ok(Today { day, lines, counts })
}

fn of_tasks(tasks: Vec<Task>, reason: TodayReason) -> Vec<TodayLine> {
    let line = |task: Task| TodayLine {
        id: format!("{reason}-{}-{}", task.id, task.due_on),
        due_on: task.due_on,
        task: Some(task),
        ..nothing_but(reason)
    };
    tasks.into_iter().map(line).collect()
}

fn nothing_but(reason: TodayReason) -> TodayLine {
    TodayLine {
        id: String::new(),
        reason,
        due_on: NaiveDate::MIN,
        customer: None,
        task: None,
        holding: None,
        cadence_days: None,
        age: None,
        stands_in_for: None,
    }
}

/// Shows the customers of tasks and holdings, all read at once, and whose book or task it is where one stands in for a colleague.
fn add_glances(conn: &mut DbConn, actor: &Actor, house: House<'_>, lines: &mut [TodayLine]) -> Result<()> {
    let subject = |line: &TodayLine| {
        let of_task = line.task.as_ref().and_then(|task| task.customer.as_ref()).map(|customer| customer.id);
        of_task.or(line.holding.as_ref().map(|holding| holding.customer.id))
    };
    let mut ids: Vec<CustomerId> = lines.iter().filter_map(subject).map(CustomerId::new).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = store::these(conn, &Scope::of(actor), &ids)?;
    let owners: HashMap<Uuid, Option<UserId>> =
        rows.iter().map(|row| (row.id.uuid(), row.owner_id)).collect();
    let found: HashMap<Uuid, CustomerGlance> =
        rows.into_iter().map(|row| Ok((row.id.uuid(), glance(actor, row)?))).collect::<Result<_>>()?;
    for line in lines {
        let of_task = line.task.as_ref().map(|task| UserId::new(task.assignee.id));
        if line.customer.is_none() {
            let owner = subject(line).and_then(|id| owners.get(&id).copied().flatten());
            line.stands_in_for = absent(conn, actor, house, of_task.or(owner))?;
            line.customer = subject(line).and_then(|id| found.get(&id).cloned());
        }
    }
    Ok(())
}

/// Whose something is, if it is that of a colleague for whom the actor stands in.
fn absent(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    whose: Option<UserId>,
) -> Result<Option<UserRef>> {
    // Few stand in for anybody, and for all others no name is read.
    let Some(user) = whose.filter(|user| actor.stands_in_for().contains(user)) else { return Ok(None) };
    house.directory.newest(conn)?.user(user).map(Some)
}

fn glance(actor: &Actor, row: GlanceRow) -> Result<CustomerGlance> {
    let restricted = actor.mask_profile() == MaskProfile::Restricted;
    Ok(CustomerGlance {
        id: row.id.uuid(),
        tier: if restricted { None } else { Some(tier(&row)?) },
        customer_no: row.customer_no,
        name: row.name,
        phone: row.phone_masked,
        last_contacted_at: (row.last_contacted_at > Moment::EARLIEST)
            .then(|| Instant(row.last_contacted_at.to_utc())),
        do_not_contact: row.do_not_contact,
    })
}

fn tier(row: &GlanceRow) -> Result<Tier> {
    Tier::from_code(&row.tier).ok_or_else(|| Error::internal("a tier that is none"))
}

/// Own customers whose tier, grade, or one of whose segments, demands a contact by today: the strictest of them decides.
fn contacts_due(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    only: Option<CustomerId>,
) -> Result<Vec<TodayLine>> {
    let day = house.settings.day(actor.now());
    let rules = customers::tiers(conn)?.tiers;
    let of_segments = segments::cadences(conn)?;
    let grades = grades::cadences(conn)?;
    let demands = Demands { tiers: &rules, grades: &grades, segments: &of_segments };
    let rows = store::silent(conn, (actor, house.settings), only, (&demands, day), ROWS)?;
    let ids: Vec<CustomerId> = rows.iter().map(|row| row.id).collect();
    let by_segment = segments::cadences_of(conn, &ids)?;
    let due = rows.into_iter().map(|row| {
        let tier = tier(&row)?;
        let by_tier = rules.iter().find(|rule| rule.tier == tier).and_then(|rule| rule.cadence_days);
        let by_grade =
            grades.iter().find(|(grade, _)| row.grade.as_ref() == Some(grade)).map(|(_, days)| *days);
        let cadence = by_tier.into_iter().chain(by_segment.get(&row.id).copied()).chain(by_grade).min();
        let stands_in_for = absent(conn, actor, house, row.owner_id)?;
        Ok(TodayLine { stands_in_for, ..contact_due(actor, house, cadence, (row, day))? })
    });
    due.collect()
}

fn contact_due(
    actor: &Actor,
    house: House<'_>,
    cadence: Option<u32>,
    (row, day): (GlanceRow, NaiveDate),
) -> Result<TodayLine> {
    let since = house.settings.day(row.last_contacted_at.max(row.created_at));
    let due_on = since.checked_add_days(Days::new(u64::from(cadence.unwrap_or_default()))).unwrap_or(day);
    let line = LineId { reason: TodayReason::ContactDue, subject: row.id.uuid(), day };
    Ok(TodayLine {
        id: line.to_string(),
        due_on,
        customer: Some(glance(actor, row)?),
        cadence_days: cadence.and_then(|days| i32::try_from(days).ok()),
        ..nothing_but(TodayReason::ContactDue)
    })
}

/// Birthdays of own customers from today on. However many there are on the next days, those of today stand there.
fn birthdays(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    only: Option<CustomerId>,
) -> Result<Vec<TodayLine>> {
    let day = house.settings.day(actor.now());
    let days = rules::birthdays(day);
    let (today, ahead) = days.split_at(days.len().min(1));
    let mut rows = store::celebrating(conn, actor, only, today, ROWS)?;
    let more = ROWS - i64::try_from(rows.len()).unwrap_or(ROWS);
    if more > 0 {
        rows.extend(store::celebrating(conn, actor, only, ahead, more)?);
    }
    let line = |row: GlanceRow| {
        let born = row.birth_date?;
        let due_on = rules::next_birthday(born, day)?;
        Some((row, due_on, due_on.year() - born.year()))
    };
    rows.into_iter()
        .filter_map(line)
        .map(|(row, due_on, age)| {
            let line = LineId { reason: TodayReason::Birthday, subject: row.id.uuid(), day: due_on };
            Ok(TodayLine {
                id: line.to_string(),
                due_on,
                stands_in_for: absent(conn, actor, house, row.owner_id)?,
                customer: Some(glance(actor, row)?),
                age: Some(age),
                ..nothing_but(TodayReason::Birthday)
            })
        })
        .collect()
}

/// What matures in the hands of own customers, from today on.
fn maturities(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    only: Option<Uuid>,
) -> Result<Vec<TodayLine>> {
    let day = house.settings.day(actor.now());
    let last = day.checked_add_days(Days::new(rules::MATURITY_NOTICE)).unwrap_or(day);
    let condition = store::maturity_not_worked(only, (day, last));
    let most = u32::try_from(LINES).unwrap_or(u32::MAX);
    let held = holdings::maturing(conn, actor, house, (day, last), condition, most)?;
    let line = |holding: Holding| {
        let due_on = holding.matures_on?;
        let line = LineId { reason: TodayReason::Maturity, subject: holding.id, day: due_on };
        Some(TodayLine {
            id: line.to_string(),
            due_on,
            holding: Some(holding),
            ..nothing_but(TodayReason::Maturity)
        })
    };
    Ok(held.into_iter().filter_map(line).collect())
}

/// The visits that the actor, as a leader of teams, is to make by today.
fn visits_due(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    only: Option<CustomerId>,
) -> Result<Vec<TodayLine>> {
    let day = house.settings.day(actor.now());
    let due = ownership::visits_due(conn, actor, (day, only), ROWS)?;
    let ids: Vec<CustomerId> = due.iter().map(|(id, _)| *id).collect();
    let found: HashMap<CustomerId, GlanceRow> =
        store::these(conn, &Scope::of(actor), &ids)?.into_iter().map(|row| (row.id, row)).collect();
    let line = |(id, due_on): (CustomerId, NaiveDate)| {
        let row = found.get(&id).cloned().ok_or_else(Error::not_found)?;
        let line = LineId { reason: TodayReason::VisitDue, subject: id.uuid(), day };
        Ok(TodayLine {
            id: line.to_string(),
            due_on,
            customer: Some(glance(actor, row)?),
            ..nothing_but(TodayReason::VisitDue)
        })
    };
    due.into_iter().map(line).collect()
}

/// The line with this name and its customer, if it stands in the list now.
fn find(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: LineId) -> Result<(TodayLine, CustomerId)> {
    let customer = Some(CustomerId::new(id.subject));
    let mut lines = match id.reason {
        TodayReason::ContactDue => contacts_due(conn, actor, house, customer)?,
        TodayReason::Birthday => birthdays(conn, actor, house, customer)?,
        TodayReason::Maturity => maturities(conn, actor, house, Some(id.subject))?,
        TodayReason::VisitDue => visits_due(conn, actor, house, customer)?,
        TodayReason::LowScore | TodayReason::TaskDue => Vec::new(),
    };
    add_glances(conn, actor, house, &mut lines)?;
    let name = id.to_string();
    let found = lines.into_iter().find(|line| line.id == name).and_then(|line| {
        let customer = CustomerId::new(line.customer.as_ref()?.id);
        Some((line, customer))
    });
    found.ok_or_else(Error::not_found)
}

/// Turns a line into a task and works it: done, or due on a later day. Gives the task.
///
/// # Errors
/// 404 when no such line stands in the list, such as when somebody has worked it already; else as [`tasks::work`].
pub fn work(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: LineId, work: &Work) -> Result<Task> {
    let (_, customer) = find(conn, actor, house, id)?;
    // Whoever works the same line at the same time waits, and then finds it gone.
    customers::lock(conn, customer)?;
    let (line, customer) = find(conn, actor, house, id)?;
    let source = match line.reason {
        TodayReason::Birthday => TaskSource::Birthday,
        TodayReason::Maturity => TaskSource::Maturity,
        TodayReason::VisitDue => TaskSource::LeaderVisit,
        TodayReason::ContactDue | TodayReason::LowScore | TodayReason::TaskDue => TaskSource::ContactDue,
    };
    let opening = Opening {
        customer_id: Some(customer),
        title: title(actor, &line),
        notes: None,
        assignee_id: actor.user_id(),
        due_on: line.due_on.max(house.settings.day(actor.now())),
        priority: TaskPriority::Normal,
        source,
        source_id: Some(id.subject),
        source_on: Some(id.day),
    };
    let task = tasks::open(conn, actor, house, &opening, "")?;
    tasks::work(conn, actor, house, task, 1, work)
}

/// What the task is called. A title is what people would have written, so it is in the language of whoever works the line.
fn title(actor: &Actor, line: &TodayLine) -> String {
    let language = actor.language();
    let product = line.holding.as_ref().map(|holding| holding.product.name.in_language(language).to_owned());
    let name = line.customer.as_ref().map(|customer| customer.name.clone()).unwrap_or_default();
    messages::task_title(language, line.reason.as_str())
        .replace("{name}", &name)
        .replace("{product}", &product.unwrap_or_default())
        .replace("{day}", &line.due_on.to_string())
}
