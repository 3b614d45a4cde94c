use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use guanxi_api::{BulkAction, JobCounts, JobKind, TaskPriority, TaskSource};
use guanxi_db::{DbConn, Moment};
use serde::Deserialize;
use serde_json::json;

use crate::access::{Actor, Keys, OrgUnitId, UserId, sessions};
use crate::bulk_actions::start::Act;
use crate::bulk_actions::undo;
use crate::customers::{self, CustomerId, House};
use crate::error::{Code, Error, FieldError, Result};
use crate::installation::Settings;
use crate::jobs::{self, Advance, Bench, Claim, Ended, Progress, Target};
use crate::org::Directory;
use crate::tasks::{self, Opening};

/// Customers of a transaction: each is a handful of statements, and others wait meanwhile.
pub(super) const STEP: i64 = 100;

/// What a job was told.
#[derive(Deserialize)]
pub(super) struct Input {
    pub(super) action: BulkAction,
}

/// What a step needs.
pub(super) struct Work {
    pub(super) claim: Claim,
    keys: Arc<Keys>,
    settings: Settings,
    directory: Directory,
}

impl Work {
    pub(super) fn house(&self) -> House<'_> {
        House { keys: &self.keys, settings: &self.settings, directory: &self.directory }
    }
}

/// Works on a bulk action, or on undoing one, until it ends or `stop` is set. `each` is told how many customers are done after each step.
///
/// # Errors
/// When the database fails: then the job waits until its lease has run out, and somebody goes on after the last step.
pub fn run(
    bench: &Bench,
    claim: &Claim,
    stop: &AtomicBool,
    now: fn() -> Moment,
    each: impl FnMut(i64),
) -> Result<Ended> {
    let work = Arc::new(Work {
        claim: claim.clone(),
        keys: Arc::clone(&bench.keys),
        settings: bench.settings.clone(),
        directory: Directory::default(),
    });
    let step = if claim.kind == JobKind::BulkUndo { undo::step } else { step };
    jobs::do_steps((bench, claim), stop, now, each, move |conn, now| step(conn, &work, now))
}

/// Who does a step: the user who started the job, with the rights of this moment; nothing when they may not do it any more, and the job
/// has ended for that.
pub(super) fn actor(conn: &mut DbConn, work: &Work, act: &Act<'_>, now: Moment) -> Result<Option<Actor>> {
    let job = work.claim.id.uuid();
    let found = match work.claim.created_by {
        Some(user) => sessions::acting_for(conn, user, job, now)?,
        None => None,
    };
    if let Some(actor) = found.filter(|actor| actor.may(act.right())) {
        return Ok(Some(actor));
    }
    let operator = Actor::operator_job(now, job);
    jobs::fail(conn, &operator, &work.claim, &FieldError::new("", "may_do_so_no_longer"))?;
    Ok(None)
}

/// Does it to some customers, in one transaction with how far the job is, and gives to how many; none when the job has ended.
fn step(conn: &mut DbConn, work: &Work, now: Moment) -> Result<Option<i64>> {
    let claim = &work.claim;
    let input: Input = serde_json::from_value(claim.input.clone()).map_err(Error::internal)?;
    let act = Act::of(&input.action).ok_or_else(|| Error::internal("a bulk action that is none"))?;
    let Some(actor) = actor(conn, work, &act, now)? else { return Ok(None) };
    if claim.total.is_none() && claim.processed == 0 {
        let total = jobs::count_all_targets(conn, claim.id)?;
        jobs::set_total(conn, &actor, claim, total)?;
    }
    if jobs::keep(conn, &actor, claim)? == Advance::Cancelled {
        return Ok(None);
    }
    let targets = jobs::targets(conn, claim.id, jobs::WAITING, STEP)?;
    if targets.is_empty() {
        jobs::finish(conn, &actor, claim, json!({})).map(drop)?;
        return Ok(None);
    }
    let mut counts = JobCounts::default();
    let processed = i64::try_from(targets.len()).unwrap_or(i64::MAX);
    // Whoever changes several customers locks them in the order of their ids.
    let mut ids: Vec<CustomerId> = targets.iter().map(|target| CustomerId::new(target.customer_id)).collect();
    ids.sort();
    customers::lock_all(conn, &ids)?;
    for mut target in targets {
        match change(conn, &actor, work, &act, &mut target) {
            Ok(true) => {
                jobs::DONE.clone_into(&mut target.outcome);
                counts.updated += 1;
            }
            Ok(false) => {
                jobs::UNCHANGED.clone_into(&mut target.outcome);
                counts.unchanged += 1;
            }
            Err(error) if error.code.status() < 500 => {
                target.outcome = reason(&error);
                counts.failed += 1;
            }
            Err(error) => return Err(error),
        }
        jobs::settle(conn, claim.id, &target)?;
    }
    match jobs::advance(conn, &actor, claim, Progress { processed, counts, lasts: true })? {
        Advance::GoOn => Ok(Some(processed)),
        Advance::Cancelled => Ok(None),
    }
}

/// The code of why a customer was refused.
fn reason(error: &Error) -> String {
    match error.fields.first() {
        Some(field) => field.code.to_string(),
        None if error.code == Code::Forbidden => "customer_out_of_reach".to_owned(),
        None => "not_found".to_owned(),
    }
}

/// Does it to one customer; whether that changed anything. What is wrong is found before anything is written.
fn change(conn: &mut DbConn, actor: &Actor, work: &Work, act: &Act<'_>, target: &mut Target) -> Result<bool> {
    let id = CustomerId::new(target.customer_id);
    let before = customers::brief(conn, actor, id)?;
    if before.archived {
        return Err(Error::conflict("", "archived"));
    }
    match act {
        Act::Assign(to) => {
            let unit = to.org_unit_id.map_or(before.org_unit_id, OrgUnitId::new);
            let owner = to.owner_id.map(UserId::new);
            if (unit, owner) == (before.org_unit_id, before.owner_id) {
                return Ok(false);
            }
            customers::assign_now(conn, actor, id, to)?;
            target.org_unit_id = Some(before.org_unit_id.uuid());
            target.owner_id = before.owner_id.map(UserId::uuid);
        }
        Act::CreateTask(task) => {
            customers::changeable(conn, actor, id)?;
            let assignee = task.assignee_id.map(UserId::new).or(before.owner_id);
            let opening = Opening {
                customer_id: Some(id),
                title: task.title.clone(),
                notes: None,
                assignee_id: Some(assignee.ok_or_else(|| Error::field("", "customer_has_no_owner"))?),
                due_on: task.due_on,
                priority: TaskPriority::Normal,
                source: TaskSource::Manual,
                source_id: None,
                source_on: None,
            };
            target.task_id = Some(tasks::open(conn, actor, work.house(), &opening, "")?.uuid());
        }
        Act::Tag(tag) => return customers::give_tag(conn, actor, (id, *tag), Some(work.claim.id)),
        Act::Untag(tag) => {
            let Some(given) = customers::take_tag(conn, actor, (id, *tag), None)? else { return Ok(false) };
            target.tagged_at = Some(given.at);
            target.tagged_by = given.by.map(UserId::uuid);
        }
    }
    Ok(true)
}
