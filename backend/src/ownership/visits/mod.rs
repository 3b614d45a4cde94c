//! Visits of leaders: when the head of an outlet, a deputy or a branch manager in the team of a customer is to visit it next, by the rules of its
//! tier, and who is in arrears. Kept in `leader_visit` as customers are looked at ([`super::care`]); a planned visit is a task of the leader.

pub(super) mod routes;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use chrono::NaiveDate;
use guanxi_api::{LeaderVisit, Page, Task, TaskPriority, TaskSource, TeamRole, Tier, VisitPlan};
use guanxi_db::{DbConn, Id, Moment, Value};
use uuid::Uuid;

use crate::access::{Actor, Scope, UserId};
use crate::customers::{self, CustomerId, House};
use crate::error::{Error, Result};
use crate::installation::Settings;
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::messages;
use crate::ownership::{care, known, rules};
use crate::tasks::{self, Opening, TaskId};
use store::{ListedRow, VisitRow};

/// Marks ids of visits that leaders are to make.
#[derive(Debug)]
pub enum LeaderVisitMark {}
pub type LeaderVisitId = Id<LeaderVisitMark>;

static FIELDS: &[Field] = &[
    Field::new("due_on", "leader_visit.due_on", FieldType::Date).sortable(),
    Field::new("leader_id", "leader_visit.user_id", FieldType::Id),
    Field::new("role", "leader_visit.role", FieldType::Code(TeamRole::CODES)),
    Field::new("tier", "leader_visit.tier", FieldType::Code(Tier::CODES)),
    Field::new("customer_id", "leader_visit.customer_id", FieldType::Id),
    Field::new("org_unit_id", "customer.org_unit_id", FieldType::Id),
];

pub(crate) static VISITS: Resource = Resource {
    name: "leader-visits",
    fields: FIELDS,
    default_sort: "due_on",
    id_column: "leader_visit.id",
    unless_asked: None,
};

/// A leader who is to visit a customer, by the rules.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visitor {
    pub(super) customer: CustomerId,
    pub(super) user: UserId,
    pub(super) role: TeamRole,
    pub(super) tier: Tier,
    pub(super) rank: i32,
    pub(super) days: u32,
}

/// The visits to the customers that the actor sees, those due first before others.
///
/// # Errors
/// As every list.
pub fn list(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
) -> Result<Page<LeaderVisit>> {
    let listing = request.read(&VISITS, actor, house.keys.cursor())?;
    let scope = Scope::of(actor);
    let mut rows = store::list(conn, &scope, &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |row, _| Value::Date(row.visit.due_on),
        |row| Id::new(row.visit.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count(conn, &scope, &listing)?);
    }
    Ok(Page { data: wire_all(conn, actor, house, rows)?, page: info })
}

/// A visit to a customer that the actor sees.
///
/// # Errors
/// 404 for any other.
pub fn visit(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: LeaderVisitId) -> Result<LeaderVisit> {
    let row = store::find(conn, &Scope::of(actor), id)?;
    wire_all(conn, actor, house, vec![row])?.pop().ok_or_else(Error::not_found)
}

fn wire_all(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    rows: Vec<ListedRow>,
) -> Result<Vec<LeaderVisit>> {
    let ids: Vec<CustomerId> = rows.iter().map(|row| row.visit.customer_id).collect();
    let customers = customers::related(conn, actor, house, &ids)?;
    let mut planned: HashMap<(CustomerId, Uuid), Task> = HashMap::new();
    for (customer, task) in tasks::planned_visits(conn, &ids)? {
        planned.entry((customer, task.assignee.id)).or_insert(task);
    }
    let demands = care::demands(conn)?;
    let names = house.directory.newest(conn)?;
    let today = house.settings.day(actor.now());
    let wire = |ListedRow { visit: row, org_unit_id, owner_id }: ListedRow| {
        let (role, tier) = (known(TeamRole::from_code(&row.role))?, known(Tier::from_code(&row.tier))?);
        let task = planned.get(&(row.customer_id, row.user_id.uuid()));
        let arrears = (today - row.due_on).num_days().max(0);
        Ok(LeaderVisit {
            id: row.id.uuid(),
            customer: customers.get(&row.customer_id).cloned().ok_or_else(Error::not_found)?,
            org_unit: names.unit(org_unit_id)?,
            owner: owner_id.map(|id| names.user(id)).transpose()?,
            leader: names.user(row.user_id)?,
            role,
            interval_days: demands.visits.get(&(tier, role)).copied().unwrap_or_default(),
            last_visited_on: row.last_visited_at.map(|at| house.settings.day(at)),
            due_on: row.due_on,
            arrears_days: u32::try_from(arrears).map_err(Error::internal)?,
            planned_on: task.map(|task| task.due_on),
            task_id: task.map(|task| task.id),
        })
    };
    rows.into_iter().map(wire).collect()
}

/// Plans one's own visit for a day: a task, which is postponed or given up as every task.
///
/// # Errors
/// 404 for a visit to a customer that the actor does not see, 403 for that of somebody else, 409 where it is planned, 422 for a day that has passed or lies far ahead.
pub fn plan(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: LeaderVisitId,
    plan: &VisitPlan,
) -> Result<LeaderVisit> {
    let seen = store::find(conn, &Scope::of(actor), id)?;
    if actor.user_id() != Some(seen.visit.user_id) {
        return Err(Error::forbidden());
    }
    let customer = seen.visit.customer_id;
    customers::lock(conn, customer)?;
    let planned = tasks::planned_visits(conn, &[customer])?;
    if planned.iter().any(|(_, task)| task.assignee.id == seen.visit.user_id.uuid()) {
        return Err(Error::conflict("/planned_on", "visit_is_planned"));
    }
    let name = customers::named(conn, actor, customer)?.name;
    let opening = Opening {
        customer_id: Some(customer),
        title: messages::task_title(actor.language(), "leader_visit").replace("{name}", &name),
        notes: plan.notes.clone(),
        assignee_id: actor.user_id(),
        due_on: plan.planned_on,
        priority: TaskPriority::Normal,
        source: TaskSource::LeaderVisit,
        source_id: Some(customer.uuid()),
        source_on: Some(house.settings.day(actor.now())),
    };
    let checked = tasks::check(conn, actor, house, &opening, "").map_err(|mut error| {
        for field in error.fields.iter_mut().filter(|field| field.pointer == "/due_on") {
            "/planned_on".clone_into(&mut field.pointer);
        }
        error
    })?;
    tasks::write(conn, actor, checked)?;
    visit(conn, actor, house, id)
}

/// The actor's visits that are due by a day and neither planned nor made meanwhile, those due first before others; with `only`, that to one customer.
///
/// # Errors
/// When the database fails.
pub fn visits_due(
    conn: &mut DbConn,
    actor: &Actor,
    (by, only): (NaiveDate, Option<CustomerId>),
    most: i64,
) -> Result<Vec<(CustomerId, NaiveDate)>> {
    let Some(me) = actor.user_id() else { return Ok(Vec::new()) };
    store::due(conn, &Scope::of(actor), me, (by, only), most)
}

/// What is to be kept of visitors, given what was.
fn wanted(
    settings: &Settings,
    visitors: &[Visitor],
    before: &HashMap<(CustomerId, UserId), VisitRow>,
    last: &HashMap<(CustomerId, UserId), Moment>,
    now: Moment,
) -> Vec<VisitRow> {
    let row = |visitor: &Visitor| {
        let who = (visitor.customer, visitor.user);
        let was = before.get(&who);
        let since = was.map_or(now, |was| was.since);
        let last_visited_at = last.get(&who).copied();
        let from = settings.day(last_visited_at.unwrap_or(since));
        VisitRow {
            id: was.map_or(Id::new(Uuid::nil()), |was| was.id),
            customer_id: visitor.customer,
            user_id: visitor.user,
            role: visitor.role.as_str().to_owned(),
            tier: visitor.tier.as_str().to_owned(),
            rank: visitor.rank,
            last_visited_at,
            since,
            due_on: rules::days_after(from, visitor.days),
        }
    };
    visitors.iter().map(row).collect()
}

fn kept(conn: &mut DbConn, ids: &[CustomerId]) -> Result<HashMap<(CustomerId, UserId), VisitRow>> {
    Ok(store::of(conn, ids)?.into_iter().map(|row| ((row.customer_id, row.user_id), row)).collect())
}

fn last_visits(conn: &mut DbConn, visitors: &[Visitor]) -> Result<HashMap<(CustomerId, UserId), Moment>> {
    let mut ids: Vec<CustomerId> = visitors.iter().map(|visitor| visitor.customer).collect();
    ids.sort_unstable();
    ids.dedup();
    let last = store::last_visits(conn, &ids)?;
    Ok(last.into_iter().map(|(customer, user, at)| ((customer, user), at)).collect())
}

/// Keeps what the rules say of visits to some customers. A visit that was made ends the task by which it was planned; one of before the plan does not.
pub(super) fn keep(
    conn: &mut DbConn,
    (actor, settings): (&Actor, &Settings),
    ids: &[CustomerId],
    visitors: &[Visitor],
) -> Result<()> {
    let mut before = kept(conn, ids)?;
    if before.is_empty() && visitors.is_empty() {
        return Ok(());
    }
    let last = last_visits(conn, visitors)?;
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    let mut made: HashMap<(CustomerId, Uuid), Moment> = HashMap::new();
    for row in wanted(settings, visitors, &before, &last, actor.now()) {
        match before.remove(&(row.customer_id, row.user_id)) {
            Some(was) if was == row => {}
            Some(was) => {
                if let Some(at) = row.last_visited_at.filter(|at| was.last_visited_at < Some(*at)) {
                    made.insert((row.customer_id, row.user_id.uuid()), at);
                }
                gone.push(was.id);
                new.push(row);
            }
            None => new.push(VisitRow { id: actor.new_id(), ..row }),
        }
    }
    gone.extend(before.into_values().map(|row| row.id));
    store::remove(conn, &gone)?;
    store::insert(conn, &new)?;
    let visited: Vec<CustomerId> = made.keys().map(|(customer, _)| *customer).collect();
    for (customer, task) in tasks::planned_visits(conn, &visited)? {
        let at = made.get(&(customer, task.assignee.id));
        if at.is_some_and(|at| at.to_utc() >= task.created_at.0) {
            tasks::end(conn, actor, TaskId::new(task.id), true)?;
        }
    }
    Ok(())
}

/// How many of the visits that are kept of some customers are not what the rules say.
pub(super) fn wrong(
    conn: &mut DbConn,
    settings: &Settings,
    ids: &[CustomerId],
    visitors: &[Visitor],
) -> Result<i64> {
    let before = kept(conn, ids)?;
    let last = last_visits(conn, visitors)?;
    let wanted = wanted(settings, visitors, &before, &last, Moment::EARLIEST);
    let right = wanted.iter().filter(|row| before.get(&(row.customer_id, row.user_id)) == Some(*row)).count();
    i64::try_from(wanted.len().max(before.len()) - right).map_err(Error::internal)
}
