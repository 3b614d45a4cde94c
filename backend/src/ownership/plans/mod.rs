//! Care plans: what is to be reached with a customer, by which steps, and when it is looked at again. A step is a task, so it stands in the
//! list of the day of whoever is to do it, and is done, postponed and handed over like any other.

pub(super) mod routes;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use guanxi_api::{
    CarePlan, CarePlanEnd, CarePlanPatch, CarePlanState, CareStep, Instant, NewCarePlan, NewCareStep, Page,
    Task, TaskPriority, TaskSource, TaskStatus,
};
use guanxi_db::{Condition, DbConn, Id, Value};
use serde_json::json;
use uuid::Uuid;

use crate::access::{Actor, Scope, UserId};
use crate::customers::{self, CustomerBrief, CustomerId, House};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::ownership::known;
use crate::tasks::{self, Opening, TaskId};
use crate::{audit, text};
use store::PlanRow;

/// Marks ids of care plans.
#[derive(Debug)]
pub enum CarePlanMark {}
pub type CarePlanId = Id<CarePlanMark>;

/// How many days ahead a plan may be looked at again: two years.
const REVIEW_AHEAD: u64 = 731;
const MAX_TEXT: usize = 1000;
const MOST_STEPS: usize = 30;

static FIELDS: &[Field] = &[
    Field::new("review_on", "care_plan.review_on", FieldType::Date).sortable(),
    Field::new("state", "care_plan.state", FieldType::Code(CarePlanState::CODES)),
    Field::new("customer_id", "care_plan.customer_id", FieldType::Id),
    Field::new("org_unit_id", "customer.org_unit_id", FieldType::Id),
    Field::new("owner_id", "customer.owner_id", FieldType::Id).nullable(),
];

/// Those that are under way, unless somebody asks for others.
pub(crate) static PLANS: Resource = Resource {
    name: "care-plans",
    fields: FIELDS,
    default_sort: "review_on",
    id_column: "care_plan.id",
    unless_asked: Some(("state", active)),
};

fn active() -> Condition {
    Condition::new().sql("care_plan.state = 'active'")
}

/// The care plans of the customers that the actor sees, those to be looked at first before others.
///
/// # Errors
/// As every list.
pub fn list(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
) -> Result<Page<CarePlan>> {
    let listing = request.read(&PLANS, actor, house.keys.cursor())?;
    let scope = Scope::of(actor);
    let mut rows = store::list(conn, &scope, &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |row, _| Value::Date(row.review_on),
        |row| Id::new(row.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count(conn, &scope, &listing)?);
    }
    Ok(Page { data: wire_all(conn, actor, house, rows)?, page: info })
}

/// A care plan.
///
/// # Errors
/// 404 for one of a customer that the actor does not see.
pub fn plan(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: CarePlanId) -> Result<CarePlan> {
    let row = store::find(conn, &Scope::of(actor), id)?;
    wire(conn, actor, house, row)
}

fn wire(conn: &mut DbConn, actor: &Actor, house: House<'_>, row: PlanRow) -> Result<CarePlan> {
    wire_all(conn, actor, house, vec![row])?.pop().ok_or_else(Error::not_found)
}

fn wire_all(conn: &mut DbConn, actor: &Actor, house: House<'_>, rows: Vec<PlanRow>) -> Result<Vec<CarePlan>> {
    let customers: Vec<CustomerId> = rows.iter().map(|row| row.customer_id).collect();
    let customers = customers::related(conn, actor, house, &customers)?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id.uuid()).collect();
    let mut steps: HashMap<Uuid, Vec<CareStep>> = HashMap::new();
    for (plan, task) in tasks::steps_of(conn, &ids)? {
        // Of those that were taken back nothing is left to be said.
        if task.status != TaskStatus::Cancelled {
            steps.entry(plan).or_default().push(step(house, task));
        }
    }
    let names = house.directory.newest(conn)?;
    let wire = |row: PlanRow| {
        Ok(CarePlan {
            id: row.id.uuid(),
            customer: customers.get(&row.customer_id).cloned().ok_or_else(Error::not_found)?,
            goal: row.goal,
            starts_on: row.starts_on,
            review_on: row.review_on,
            state: known(CarePlanState::from_code(&row.state))?,
            outcome: row.outcome,
            ended_on: row.ended_at.map(|at| house.settings.day(at)),
            steps: steps.remove(&row.id.uuid()).unwrap_or_default(),
            created_by: row.created_by.map(|id| names.user(id)).transpose()?,
            version: row.version,
            created_at: Instant(row.created_at.to_utc()),
            updated_at: Instant(row.updated_at.to_utc()),
        })
    };
    rows.into_iter().map(wire).collect()
}

fn step(house: House<'_>, task: Task) -> CareStep {
    CareStep {
        task_id: task.id,
        title: task.title,
        assignee: task.assignee,
        due_on: task.due_on,
        status: task.status,
        outcome: task.outcome,
        done_on: task.done_at.map(|at| house.settings.day(at.0.into())),
        version: task.version,
    }
}

/// Begins the care plan of a customer.
///
/// # Errors
/// 404 for a customer that the actor does not see, 403 for one that is only seen for a while, 409 where one is under way or the customer is archived, 422 with
/// every wrong field.
pub fn begin(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    customer: CustomerId,
    new: &NewCarePlan,
) -> Result<CarePlan> {
    customers::changeable(conn, actor, customer)?;
    customers::lock(conn, customer)?;
    let brief = customers::brief(conn, actor, customer)?;
    if brief.archived {
        return Err(Error::conflict("", "already_archived"));
    }
    if store::has_active(conn, customer)? {
        return Err(Error::conflict("", "has_a_care_plan"));
    }
    let today = house.settings.day(actor.now());
    let mut wrong = Wrong::default();
    let goal = text::paragraphs(&new.goal, MAX_TEXT)
        .map_err(|broken| wrong.add(FieldError::broken("/goal", broken)))
        .ok()
        .flatten();
    if goal.is_none() {
        wrong.add(FieldError::new("/goal", "required"));
    }
    check_review(new.review_on, today, &mut wrong);
    let id: CarePlanId = actor.new_id();
    let mut steps = Vec::with_capacity(new.steps.len());
    for (n, step) in new.steps.iter().enumerate() {
        let opening = opening(&brief, id, step);
        steps.extend(wrong.keep(tasks::check(conn, actor, house, &opening, &format!("/steps/{n}")))?);
    }
    let goal = wrong.unless(goal)?;
    let row = PlanRow {
        id,
        customer_id: customer,
        goal,
        starts_on: today,
        review_on: new.review_on,
        state: CarePlanState::Active.as_str().to_owned(),
        outcome: None,
        ended_at: None,
        created_by: actor.user_id(),
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    };
    store::insert(conn, &row)?;
    let changes = audit::changes_between(&json!({}), &audited(&row));
    record(conn, actor, &row, "created", changes)?;
    for step in steps {
        tasks::write(conn, actor, step)?;
    }
    wire(conn, actor, house, row)
}

fn check_review(day: NaiveDate, today: NaiveDate, wrong: &mut Wrong) {
    if day < today {
        wrong.add(FieldError::new("/review_on", "in_the_past"));
    } else if today.checked_add_days(Days::new(REVIEW_AHEAD)).is_some_and(|last| day > last) {
        wrong.add(FieldError::new("/review_on", "too_far_ahead").with("max", REVIEW_AHEAD));
    }
}

fn opening(customer: &CustomerBrief, plan: CarePlanId, step: &NewCareStep) -> Opening {
    Opening {
        customer_id: Some(customer.id),
        title: step.title.clone(),
        notes: None,
        assignee_id: step.assignee_id.map(UserId::new).or(customer.owner_id),
        due_on: step.due_on,
        priority: TaskPriority::Normal,
        source: TaskSource::CarePlan,
        source_id: Some(plan.uuid()),
        source_on: None,
    }
}

/// Adds a step to a care plan that is under way.
///
/// # Errors
/// As [`change`]; 409 for more than 30 steps.
pub fn add_step(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, version): (CarePlanId, i64),
    new: &NewCareStep,
) -> Result<CarePlan> {
    let before = to_change(conn, actor, id, version)?;
    if tasks::steps_of(conn, &[id.uuid()])?.len() >= MOST_STEPS {
        return Err(Error::conflict("/steps", "too_many_steps"));
    }
    let brief = customers::brief(conn, actor, before.customer_id)?;
    tasks::open(conn, actor, house, &opening(&brief, id, new), "")?;
    let change =
        guanxi_api::FieldChange { field: "step".into(), before: None, after: Some(json!(new.title)) };
    let after = written(conn, actor, &before, before.clone(), "step_added", vec![change])?;
    wire(conn, actor, house, after)
}

/// Changes goal or day of review.
///
/// # Errors
/// 404 for a plan of a customer that the actor does not see, 403 for one that is only seen for a while, 409 when the plan has ended, 412, 422 with every wrong field.
pub fn change(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, version): (CarePlanId, i64),
    patch: &CarePlanPatch,
) -> Result<CarePlan> {
    let before = to_change(conn, actor, id, version)?;
    let mut after = before.clone();
    let mut wrong = Wrong::default();
    if let Some(goal) = &patch.goal {
        match text::paragraphs(goal, MAX_TEXT) {
            Ok(Some(goal)) => after.goal = goal,
            Ok(None) => wrong.add(FieldError::new("/goal", "required")),
            Err(broken) => wrong.add(FieldError::broken("/goal", broken)),
        }
    }
    if let Some(day) = patch.review_on {
        check_review(day, house.settings.day(actor.now()), &mut wrong);
        after.review_on = day;
    }
    wrong.unless(Some(()))?;
    let changes = audit::changes_between(&audited(&before), &audited(&after));
    if changes.is_empty() {
        return wire(conn, actor, house, before);
    }
    let after = written(conn, actor, &before, after, "updated", changes)?;
    wire(conn, actor, house, after)
}

/// Ends a care plan; the steps that are still open are cancelled.
///
/// # Errors
/// As [`change`].
pub fn end(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, version): (CarePlanId, i64),
    end: &CarePlanEnd,
) -> Result<CarePlan> {
    let before = to_change(conn, actor, id, version)?;
    let outcome = text::paragraphs(end.outcome.as_deref().unwrap_or_default(), MAX_TEXT)
        .map_err(|broken| Error::fields(vec![FieldError::broken("/outcome", broken)]))?;
    if !end.achieved && outcome.is_none() {
        return Err(Error::field("/outcome", "required"));
    }
    for (_, task) in tasks::steps_of(conn, &[id.uuid()])? {
        tasks::end(conn, actor, TaskId::new(task.id), false)?;
    }
    let state = if end.achieved { CarePlanState::Achieved } else { CarePlanState::Abandoned };
    let after =
        PlanRow { state: state.as_str().to_owned(), outcome, ended_at: Some(actor.now()), ..before.clone() };
    let changes = audit::changes_between(&audited(&before), &audited(&after));
    let after = written(conn, actor, &before, after, state.as_str(), changes)?;
    wire(conn, actor, house, after)
}

/// A plan that the actor is about to change, at this version and under way. Nobody else changes it meanwhile.
fn to_change(conn: &mut DbConn, actor: &Actor, id: CarePlanId, version: i64) -> Result<PlanRow> {
    store::lock(conn, id)?;
    let row = store::find(conn, &Scope::of(actor), id)?;
    customers::changeable(conn, actor, row.customer_id)?;
    if row.version != version {
        let tag = crate::web::etag(actor, row.version, 0);
        return Err(Error::new(Code::Stale).with_header("ETag", tag));
    }
    if row.state == CarePlanState::Active.as_str() {
        Ok(row)
    } else {
        Err(Error::conflict("/state", "care_plan_ended"))
    }
}

fn written(
    conn: &mut DbConn,
    actor: &Actor,
    before: &PlanRow,
    mut after: PlanRow,
    action: &'static str,
    changes: Vec<guanxi_api::FieldChange>,
) -> Result<PlanRow> {
    after.version = before.version + 1;
    after.updated_at = actor.now();
    if !store::update(conn, &after, before.version)? {
        return Err(Error::new(Code::Stale));
    }
    record(conn, actor, &after, action, changes)?;
    Ok(after)
}

fn audited(row: &PlanRow) -> serde_json::Value {
    json!({
        "customer_id": row.customer_id.uuid(),
        "goal": row.goal,
        "review_on": row.review_on,
        "state": row.state,
        "outcome": row.outcome,
    })
}

fn record(
    conn: &mut DbConn,
    actor: &Actor,
    row: &PlanRow,
    action: &'static str,
    changes: Vec<guanxi_api::FieldChange>,
) -> Result<()> {
    audit::record(
        conn,
        actor,
        &audit::Change {
            resource_type: "care_plan",
            resource_id: row.id.uuid(),
            action,
            version: row.version,
            changes,
            reason: None,
        },
    )
}

/// Those of these customers who have a care plan that is under way.
///
/// # Errors
/// When the database fails.
pub(super) fn planned_for(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<CustomerId>> {
    store::planned_for(conn, ids)
}
