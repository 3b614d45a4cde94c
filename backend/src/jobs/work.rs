use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use guanxi_api::{JobCounts, JobKind, JobState};
use guanxi_db::{Db, DbConn, Doc, Id, Moment};
use serde_json::{Value, json};

use crate::access::{Actor, Keys, UserId};
use crate::audit;
use crate::error::{Error, FieldError, Result};
use crate::files::FileStore;
use crate::installation::Settings;
use crate::jobs::store::{self, JobRow};
use crate::jobs::{JobId, change};

/// How long a job is its worker's after each step.
const LEASE_SECONDS: i64 = 60;
/// How often a job is taken again after its worker died or the database failed.
const MOST_ATTEMPTS: i32 = 5;

/// What the work of jobs needs.
#[derive(Clone, Debug)]
pub struct Bench {
    pub db: Db,
    pub keys: Arc<Keys>,
    pub settings: Settings,
    pub files: FileStore,
}

/// How the work on a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The job is done, has failed or was cancelled.
    Over,
    /// It was told to stop; another one goes on.
    Stopped,
}

/// A job that somebody works on.
#[derive(Clone, Debug)]
pub struct Claim {
    pub id: JobId,
    pub kind: JobKind,
    pub dry_run: bool,
    pub input: Value,
    /// Records that are done.
    pub processed: i64,
    pub total: Option<i64>,
    /// Whom it works for; nobody when the command line started it.
    pub created_by: Option<UserId>,
    holder: Id<()>,
}

/// What a step did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    pub processed: i64,
    pub counts: JobCounts,
    /// Whether a job that is taken again goes on after this step, and does not begin anew.
    pub lasts: bool,
}

/// How it goes on after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    GoOn,
    /// Somebody has asked it to end, and it has.
    Cancelled,
}

/// Whether a job of a kind waits for somebody to take it.
///
/// # Errors
/// When the database fails.
pub fn is_waiting(conn: &mut DbConn, kind: JobKind, now: Moment) -> Result<bool> {
    store::is_waiting(conn, kind, now)
}

/// Takes the oldest job of a kind that nobody works on. One that has been taken too often fails instead.
///
/// # Errors
/// When the database fails.
pub fn claim(conn: &mut DbConn, actor: &Actor, holder: Id<()>, kind: JobKind) -> Result<Option<Claim>> {
    let Some(row) = store::lock_waiting(conn, kind, actor.now())? else { return Ok(None) };
    take(conn, actor, holder, row)
}

/// Takes one job, if nobody works on it.
///
/// # Errors
/// 404 when there is none; when the database fails.
pub fn claim_this(conn: &mut DbConn, actor: &Actor, holder: Id<()>, id: JobId) -> Result<Option<Claim>> {
    let row = store::lock(conn, actor, id)?;
    if row.finished_at.is_some() {
        return Err(Error::conflict("/state", "job_has_ended"));
    }
    if row.lease_until > actor.now() { Ok(None) } else { take(conn, actor, holder, row) }
}

/// The command line's own jobs that have not ended: each with whether it is a dry run and what it was told.
///
/// # Errors
/// When the database fails.
pub fn unfinished(conn: &mut DbConn, actor: &Actor) -> Result<Vec<(JobId, bool, Value)>> {
    let rows = store::unfinished(conn, actor)?;
    Ok(rows.into_iter().map(|row| (row.id, row.dry_run, row.input.0)).collect())
}

fn take(conn: &mut DbConn, actor: &Actor, holder: Id<()>, mut row: JobRow) -> Result<Option<Claim>> {
    let Some(kind) = JobKind::from_code(&row.kind) else {
        return Err(Error::internal("a kind of job that is none"));
    };
    if row.cancel_requested {
        end(conn, actor, row, JobState::Cancelled, None, json!({}))?;
        return Ok(None);
    }
    if row.attempts >= MOST_ATTEMPTS {
        let given_up = FieldError::new("", "job_given_up");
        end(conn, actor, row, JobState::Failed, Some(&given_up), json!({}))?;
        return Ok(None);
    }
    row.attempts += 1;
    row.lease_holder = holder;
    row.lease_until = actor.now().plus_seconds(LEASE_SECONDS);
    row.state = JobState::Running.as_str().to_owned();
    row.started_at = row.started_at.or(Some(actor.now()));
    row.version += 1;
    store::update(conn, &row)?;
    Ok(Some(Claim {
        id: row.id,
        kind,
        dry_run: row.dry_run,
        input: row.input.0,
        processed: row.processed,
        total: row.total,
        created_by: row.created_by,
        holder,
    }))
}

/// Says how many records there are.
///
/// # Errors
/// 409 when the lease has been lost.
pub fn set_total(conn: &mut DbConn, actor: &Actor, claim: &Claim, total: i64) -> Result<()> {
    let mut row = held(conn, claim)?;
    row.total = Some(total);
    renew(&mut row, actor);
    store::update(conn, &row)
}

/// Writes down a step, in the transaction that does it, and renews the lease.
///
/// # Errors
/// 409 when the lease has been lost: then what the step did must not be kept.
pub fn advance(conn: &mut DbConn, actor: &Actor, claim: &Claim, progress: Progress) -> Result<Advance> {
    let mut row = held(conn, claim)?;
    if row.cancel_requested && progress.processed == 0 {
        end(conn, actor, row, JobState::Cancelled, None, json!({}))?;
        return Ok(Advance::Cancelled);
    }
    row.processed += progress.processed;
    row.created += progress.counts.created;
    row.updated += progress.counts.updated;
    row.unchanged += progress.counts.unchanged;
    row.failed += progress.counts.failed;
    row.duplicates += progress.counts.duplicates;
    row.merged += progress.counts.merged;
    row.skipped += progress.counts.skipped;
    row.conflicts += progress.counts.conflicts;
    if progress.lasts && progress.processed > 0 {
        // What gets on is not about to be given up.
        row.attempts = 1;
    }
    renew(&mut row, actor);
    if row.cancel_requested {
        end(conn, actor, row, JobState::Cancelled, None, json!({}))?;
        return Ok(Advance::Cancelled);
    }
    store::update(conn, &row)?;
    Ok(Advance::GoOn)
}

/// Takes back what is written of the steps of a job that begins anew whenever it is taken.
///
/// # Errors
/// 409 when the lease has been lost.
pub fn begin_anew(conn: &mut DbConn, actor: &Actor, claim: &Claim) -> Result<()> {
    let mut row = held(conn, claim)?;
    (row.processed, row.created, row.updated, row.unchanged, row.failed) = (0, 0, 0, 0, 0);
    (row.duplicates, row.merged, row.skipped, row.conflicts) = (0, 0, 0, 0);
    renew(&mut row, actor);
    store::update(conn, &row)
}

/// Ends a job that has done all its records. `made` stands in the audit trail beside its counts. Gives when the job is removed.
///
/// # Errors
/// 409 when the lease has been lost.
pub fn finish(conn: &mut DbConn, actor: &Actor, claim: &Claim, made: Value) -> Result<Moment> {
    let row = held(conn, claim)?;
    let taken = row.created + row.updated + row.unchanged + row.skipped;
    let state = match (row.failed, taken) {
        (0, _) => JobState::Succeeded,
        (_, 0) => JobState::Failed,
        _ => JobState::PartiallySucceeded,
    };
    let nothing = FieldError::new("", "no_record_taken");
    end(conn, actor, row, state, (state == JobState::Failed).then_some(&nothing), made)
}

/// Ends a job that cannot go on, with the reason.
///
/// # Errors
/// 409 when the lease has been lost.
pub fn fail(conn: &mut DbConn, actor: &Actor, claim: &Claim, because: &FieldError) -> Result<()> {
    let row = held(conn, claim)?;
    end(conn, actor, row, JobState::Failed, Some(because), json!({})).map(drop)
}

/// Works on a job until a step says that it has ended, or `stop` is set. A step is one transaction, with how far the job is, and gives how many
/// rows it did; `each` is told how many are done after it.
///
/// # Errors
/// When the database fails: then the job waits until its lease has run out, and somebody goes on after the last step.
pub fn do_steps(
    (bench, claim): (&Bench, &Claim),
    stop: &AtomicBool,
    now: fn() -> Moment,
    mut each: impl FnMut(i64),
    step: impl Fn(&mut DbConn, Moment) -> Result<Option<i64>> + Clone + Send + 'static,
) -> Result<Ended> {
    let mut done = claim.processed;
    loop {
        if stop.load(Ordering::SeqCst) {
            let claim = claim.clone();
            bench.db.write_blocking(move |conn| {
                let_go(conn, &Actor::operator_job(now(), claim.id.uuid()), &claim)
            })?;
            return Ok(Ended::Stopped);
        }
        let step = step.clone();
        match bench.db.write_blocking(move |conn| step(conn, now()))? {
            Some(count) => {
                done += count;
                each(done);
            }
            None => return Ok(Ended::Over),
        }
    }
}

/// Lets somebody else take a job at once, because this server stops.
///
/// # Errors
/// 409 when the lease has been lost.
pub fn let_go(conn: &mut DbConn, actor: &Actor, claim: &Claim) -> Result<()> {
    let mut row = held(conn, claim)?;
    row.lease_until = actor.now();
    row.attempts -= 1;
    store::update(conn, &row)
}

/// Lets a job wait for a little, longer after each attempt, because something got in the way of it.
///
/// # Errors
/// 409 when the lease has been lost.
pub fn put_off(conn: &mut DbConn, actor: &Actor, claim: &Claim) -> Result<()> {
    let mut row = held(conn, claim)?;
    row.lease_until = actor.now().plus_seconds(i64::from(row.attempts) * 2);
    store::update(conn, &row)
}

/// Renews the lease before and between steps.
///
/// # Errors
/// 409 when the lease has been lost.
pub fn keep(conn: &mut DbConn, actor: &Actor, claim: &Claim) -> Result<Advance> {
    advance(conn, actor, claim, Progress::default())
}

fn held(conn: &mut DbConn, claim: &Claim) -> Result<JobRow> {
    store::lock_held(conn, claim.id, claim.holder)?.ok_or_else(|| Error::conflict("", "lease_lost"))
}

fn renew(row: &mut JobRow, actor: &Actor) {
    row.lease_until = actor.now().plus_seconds(LEASE_SECONDS);
    row.version += 1;
}

fn end(
    conn: &mut DbConn,
    actor: &Actor,
    mut row: JobRow,
    state: JobState,
    because: Option<&FieldError>,
    made: Value,
) -> Result<Moment> {
    row.state = state.as_str().to_owned();
    row.finished_at = Some(actor.now());
    row.expires_at = actor.now().plus_seconds(super::KEPT_SECONDS);
    row.problem = because.map(|field| Doc(json!({ "code": field.code, "params": field.params })));
    row.version += 1;
    store::update(conn, &row)?;
    let mut after = json!({ "state": row.state });
    let some = |count: i64| (count > 0).then_some(count);
    let counts = if row.kind == JobKind::Export.as_str() {
        json!({ "rows": row.processed })
    } else {
        json!({
            "created": row.created,
            "updated": row.updated,
            "unchanged": row.unchanged,
            "failed": row.failed,
            "duplicates": some(row.duplicates),
            "merged": some(row.merged),
            "skipped": some(row.skipped),
            "conflicts": some(row.conflicts),
        })
    };
    if let (Some(after), Value::Object(counts), Value::Object(made)) = (after.as_object_mut(), counts, made) {
        after.extend(counts.into_iter().chain(made));
    }
    audit::record(conn, actor, &change(&row, "ended", audit::changes_between(&json!({}), &after)))?;
    Ok(row.expires_at)
}

/// Jobs that are kept no longer, a hundred at most; what belongs to them goes before they do.
///
/// # Errors
/// When the database fails.
pub fn expired(conn: &mut DbConn, now: Moment) -> Result<Vec<JobId>> {
    store::expired(conn, now, 100)
}

/// Removes jobs to which nothing belongs any more.
///
/// # Errors
/// When the database fails.
pub fn remove(conn: &mut DbConn, ids: &[JobId]) -> Result<()> {
    store::remove(conn, ids)
}
