use guanxi_api::{Assignment, BulkUndo, JobCounts, JobKind, TaskStatus};
use guanxi_db::{DbConn, Moment};
use serde_json::json;

use crate::access::{Actor, UserId};
use crate::bulk_actions::run::{Input, STEP, Work, actor};
use crate::bulk_actions::start::Act;
use crate::customers::{self, CustomerId, Given};
use crate::error::{Code, Error, FieldError, Result};
use crate::jobs::{self, Advance, JobId, Progress, Target};
use crate::tasks::{self, TaskId};

/// Takes some of it back, in one transaction with how far the job is, and gives how much; none when the job has ended.
pub(super) fn step(conn: &mut DbConn, work: &Work, now: Moment) -> Result<Option<i64>> {
    let claim = &work.claim;
    let told: BulkUndo = serde_json::from_value(claim.input.clone()).map_err(Error::internal)?;
    let bulk = JobId::new(told.bulk_id);
    let operator = Actor::operator_job(now, claim.id.uuid());
    let input = match jobs::input(conn, &operator, bulk, JobKind::Bulk) {
        Ok((input, _)) => serde_json::from_value::<Input>(input).map_err(Error::internal)?,
        Err(error) if error.code == Code::NotFound => {
            jobs::fail(conn, &operator, claim, &FieldError::new("", "bulk_action_is_gone"))?;
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let act = Act::of(&input.action).ok_or_else(|| Error::internal("a bulk action that is none"))?;
    let Some(actor) = actor(conn, work, &act, now)? else { return Ok(None) };
    if claim.total.is_none() && claim.processed == 0 {
        let total = jobs::count_targets(conn, bulk, jobs::DONE)?;
        jobs::set_total(conn, &actor, claim, total)?;
    }
    if jobs::keep(conn, &actor, claim)? == Advance::Cancelled {
        return Ok(None);
    }
    let targets = jobs::targets(conn, bulk, jobs::DONE, STEP)?;
    if targets.is_empty() {
        jobs::finish(conn, &actor, claim, json!({})).map(drop)?;
        return Ok(None);
    }
    let processed = i64::try_from(targets.len()).unwrap_or(i64::MAX);
    let mut ids: Vec<CustomerId> = targets.iter().map(|target| CustomerId::new(target.customer_id)).collect();
    ids.sort();
    customers::lock_all(conn, &ids)?;
    let mut counts = JobCounts::default();
    for mut target in targets {
        let taken_back = match take_back(conn, &actor, work, (bulk, &act), &target) {
            Ok(taken_back) => taken_back,
            // Out of the actor's sight or rights by now.
            Err(error) if error.code.status() < 500 => false,
            Err(error) => return Err(error),
        };
        let (outcome, count) =
            if taken_back { (jobs::UNDONE, &mut counts.updated) } else { (jobs::LEFT, &mut counts.failed) };
        *count += 1;
        outcome.clone_into(&mut target.outcome);
        jobs::settle(conn, bulk, &target)?;
    }
    match jobs::advance(conn, &actor, claim, Progress { processed, counts, lasts: true })? {
        Advance::GoOn => Ok(Some(processed)),
        Advance::Cancelled => Ok(None),
    }
}

/// Takes back what the job `bulk` did to one customer; false when that is no longer as the job left it.
fn take_back(
    conn: &mut DbConn,
    actor: &Actor,
    work: &Work,
    (bulk, act): (JobId, &Act<'_>),
    target: &Target,
) -> Result<bool> {
    let id = CustomerId::new(target.customer_id);
    match act {
        Act::Assign(to) => {
            let is = customers::brief(conn, actor, id)?;
            let unit = to.org_unit_id.or(target.org_unit_id);
            if is.archived
                || Some(is.org_unit_id.uuid()) != unit
                || is.owner_id.map(UserId::uuid) != to.owner_id
            {
                return Ok(false);
            }
            let back = Assignment { org_unit_id: target.org_unit_id, owner_id: target.owner_id };
            customers::assign_now(conn, actor, id, &back)?;
            Ok(true)
        }
        Act::CreateTask(_) => {
            let Some(task) = target.task_id.map(TaskId::new) else { return Ok(false) };
            let is = tasks::read(conn, actor, task)?;
            if is.status != TaskStatus::Open {
                return Ok(false);
            }
            tasks::work(conn, actor, work.house(), task, is.version, &tasks::Work::Cancel)?;
            Ok(true)
        }
        // One that somebody else has given since is theirs.
        Act::Tag(tag) => Ok(customers::take_tag(conn, actor, (id, *tag), Some(bulk))?.is_some()),
        Act::Untag(tag) => {
            let Some(at) = target.tagged_at else { return Ok(false) };
            let given = Given { at, by: target.tagged_by.map(UserId::new) };
            customers::put_tag_back(conn, actor, (id, *tag), given)
        }
    }
}
