//! Jobs: work that takes longer than a request. A job is a row; the job loop of some server takes it by a lease, does it in small steps
//! and writes down how far it is in the transaction of each step. When that server dies, another one goes on after the last step
//! as soon as the lease has run out. What a job makes is a file that lies sealed until the job expires, for the user who started it.

mod files;
mod list;
mod routes;
mod store;
mod targets;
mod work;

use guanxi_api::{BulkActionKind, BulkDetails, Job, JobDetails, JobKind, JobState};
use guanxi_db::{DbConn, Id};
use serde::Deserialize;
use serde_json::Value;

pub use files::{MadeFile, StoredFile, expired_files, file, finish_with, forget_file, is_file, stored_files};
pub(crate) use list::JOBS;
pub use list::list;
pub(crate) use routes::{accepted, started};
pub use targets::{
    DONE, LEFT, Target, UNCHANGED, UNDONE, WAITING, add_targets, count_all_targets, count_targets,
    remove_some_targets, settle, targets,
};
pub use work::{
    Advance, Bench, Claim, Ended, Progress, advance, begin_anew, claim, claim_this, do_steps, expired, fail,
    finish, is_waiting, keep, let_go, put_off, remove, set_total, unfinished,
};

use crate::access::Actor;
use crate::audit;
use crate::error::{Error, Result};
use store::JobRow;

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::list_jobs)
        .service(routes::get_job)
        .service(routes::cancel_job)
        .service(routes::get_job_file);
}

/// Marks ids of jobs.
#[derive(Debug)]
pub enum JobMark {}
pub type JobId = Id<JobMark>;

/// How long a job and its files are kept, in seconds.
pub const KEPT_SECONDS: i64 = 7 * 24 * 3600;

/// A job to be done.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub kind: JobKind,
    /// What people call it.
    pub title: String,
    pub dry_run: bool,
    /// What its kind needs to know. Nothing in it may stand open in the database that is stored sealed elsewhere.
    pub input: Value,
    /// What the audit trail keeps of it, beside its kind and title.
    pub audited: Value,
    /// Why it is done, where that is asked for.
    pub reason: Option<String>,
}

/// Writes down a job, to be taken by the next server that looks.
///
/// # Errors
/// When the database fails.
pub fn create(conn: &mut DbConn, actor: &Actor, new: NewJob) -> Result<JobId> {
    let (mut after, reason) = (new.audited.clone(), new.reason.clone());
    let row = JobRow::new(actor, new);
    store::insert(conn, &row)?;
    if let Some(members) = after.as_object_mut() {
        members.insert("kind".into(), row.kind.clone().into());
        members.insert("title".into(), row.title.clone().into());
        members.insert("dry_run".into(), row.dry_run.into());
    }
    let changes = audit::changes_between(&Value::Object(serde_json::Map::new()), &after);
    let change = audit::Change { reason: reason.as_deref(), ..change(&row, "created", changes) };
    audit::record(conn, actor, &change)?;
    Ok(row.id)
}

/// How many seconds the actor has to wait until another job of a kind may be started, of which there are so many an hour; `None` when it may be at once.
///
/// # Errors
/// When the database fails.
pub fn seconds_to_wait(conn: &mut DbConn, actor: &Actor, kind: JobKind, quota: u32) -> Result<Option<i64>> {
    let Some(id) = actor.user_id() else { return Ok(None) };
    let hour_ago = actor.now().plus_seconds(-3600);
    if quota == 0 {
        return Ok(Some(3600));
    }
    let in_the_way = store::started_before(conn, id, kind, (hour_ago, quota))?;
    Ok(in_the_way.map(|at| hour_ago.seconds_until(at)))
}

/// A job of one's own; auditors see all.
///
/// # Errors
/// 404 when there is none.
pub fn read(conn: &mut DbConn, actor: &Actor, id: JobId) -> Result<Job> {
    list::wire(actor.language(), store::find(conn, actor, id)?)
}

/// A job of one's own with what it was told to do and what it has made; auditors see all.
///
/// # Errors
/// 404 when there is none.
pub fn details(conn: &mut DbConn, actor: &Actor, id: JobId) -> Result<JobDetails> {
    let row = store::find(conn, actor, id)?;
    let input = row.job.input.0.clone();
    let undone_by = row.job.undone_by.map(Id::uuid);
    let job = list::wire(actor.language(), row)?;
    let told = |kind| (job.kind == kind).then_some(&input);
    Ok(JobDetails {
        import: read_input(told(JobKind::Import))?,
        export: read_input(told(JobKind::Export))?,
        undo: read_input(told(JobKind::ImportUndo))?,
        bulk: bulk(conn, actor, &job, &input)?,
        bulk_undo: read_input(told(JobKind::BulkUndo))?,
        undone_by,
        file: files::shown(conn, id)?,
        job,
    })
}

/// What a bulk action was told, and whom it was refused for.
fn bulk(conn: &mut DbConn, actor: &Actor, job: &Job, input: &Value) -> Result<Option<BulkDetails>> {
    if job.kind != JobKind::Bulk {
        return Ok(None);
    }
    let told: BulkInput = read_input(Some(input))?.ok_or_else(Error::not_found)?;
    let refused = targets::refused(conn, actor, Id::new(job.id))?;
    Ok(Some(BulkDetails { kind: told.kind, filter: told.filter, refused }))
}

#[derive(Deserialize)]
struct BulkInput {
    kind: BulkActionKind,
    filter: Option<String>,
}

/// What is shown of an input is part of it.
fn read_input<T: serde::de::DeserializeOwned>(input: Option<&Value>) -> Result<Option<T>> {
    input.map(|input| T::deserialize(input).map_err(Error::internal)).transpose()
}

/// What a job of a kind was told, and whether it is the actor's own.
///
/// # Errors
/// 404 when there is none.
pub fn input(conn: &mut DbConn, actor: &Actor, id: JobId, kind: JobKind) -> Result<(Value, bool)> {
    let row = store::find(conn, actor, id)?.job;
    if row.kind != kind.as_str() {
        return Err(Error::not_found());
    }
    Ok((row.input.0, row.created_by == actor.user_id()))
}

/// Asks a job of one's own to end after the step that it is at; one that waits ends at once.
///
/// # Errors
/// 404 when there is none, 403 when it is somebody else's, 409 when it has ended.
pub fn cancel(conn: &mut DbConn, actor: &Actor, id: JobId) -> Result<()> {
    let mut row = store::lock(conn, actor, id)?;
    if row.created_by != actor.user_id() {
        return Err(Error::forbidden());
    }
    if row.state == JobState::Cancelled.as_str() {
        return Ok(());
    }
    if row.finished_at.is_some() {
        return Err(Error::conflict("/state", "job_has_ended"));
    }
    if !row.cancel_requested {
        row.cancel_requested = true;
        row.version += 1;
        if row.state == JobState::Queued.as_str() {
            row.state = JobState::Cancelled.as_str().to_owned();
            row.finished_at = Some(actor.now());
        }
        store::update(conn, &row)?;
        audit::record(conn, actor, &change(&row, "cancelled", Vec::new()))?;
    }
    Ok(())
}

/// Starts the job that undoes an import or a bulk action of one's own.
///
/// # Errors
/// 404 when there is none, 403 when it is somebody else's, 409 when it has not ended, has done nothing or is undone already.
pub fn undo(conn: &mut DbConn, actor: &Actor, id: JobId, kind: JobKind) -> Result<JobId> {
    let mut row = store::lock(conn, actor, id)?;
    if row.kind != kind.as_str() {
        return Err(Error::not_found());
    }
    if row.created_by != actor.user_id() {
        return Err(Error::forbidden());
    }
    if row.finished_at.is_none() {
        return Err(Error::conflict("/state", "job_has_not_ended"));
    }
    if row.dry_run || row.created + row.updated + row.conflicts == 0 {
        return Err(Error::conflict("", "nothing_to_undo"));
    }
    // One that was broken off leaves something to undo.
    let broken_off =
        |state: &str| state == JobState::Cancelled.as_str() || state == JobState::Failed.as_str();
    if let Some(by) = row.undone_by
        && !store::state(conn, by)?.is_some_and(|state| broken_off(&state))
    {
        return Err(Error::conflict("", "already_undone"));
    }
    let (kind, told) = if kind == JobKind::Bulk {
        (JobKind::BulkUndo, serde_json::json!({ "bulk_id": id.uuid() }))
    } else {
        (JobKind::ImportUndo, serde_json::json!({ "import_id": id.uuid() }))
    };
    let new = NewJob {
        kind,
        title: row.title.clone(),
        dry_run: false,
        input: told.clone(),
        audited: told,
        reason: None,
    };
    let by = create(conn, actor, new)?;
    row.undone_by = Some(by);
    row.version += 1;
    store::update(conn, &row)?;
    Ok(by)
}

fn change(
    row: &JobRow,
    action: &'static str,
    changes: Vec<guanxi_api::FieldChange>,
) -> audit::Change<'static> {
    audit::Change {
        resource_type: "job",
        resource_id: row.id.uuid(),
        action,
        version: row.version,
        changes,
        reason: None,
    }
}
