//! Jobs: work that takes longer than a request. A job is a row; the job loop of some server takes it by a lease, does it in small steps
//! and writes down how far it is in the transaction of each step. When that server dies, another one goes on after the last step
//! as soon as the lease has run out.

mod list;
mod routes;
mod store;
mod work;

use guanxi_api::{Job, JobKind, JobState};
use guanxi_db::{DbConn, Id};
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use list::JOBS;
pub use list::list;
pub use work::{
    Advance, Claim, Progress, advance, claim, claim_this, expired, fail, finish, is_waiting, keep, let_go,
    put_off, remove, set_total, unfinished,
};

use crate::access::Actor;
use crate::audit;
use crate::error::{Error, Result};
use store::JobRow;

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(routes::list_jobs);
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
    /// What its kind needs to know.
    pub input: Value,
    /// SHA-256 of the file that it works on, in hexadecimal digits, for the audit trail.
    pub digest: String,
}

/// Writes down a job, to be taken by the next server that looks.
///
/// # Errors
/// When the database fails.
pub fn create(conn: &mut DbConn, actor: &Actor, new: NewJob) -> Result<JobId> {
    let digest = new.digest.clone();
    let row = JobRow::new(actor, new);
    store::insert(conn, &row)?;
    let after = json!({ "kind": row.kind, "title": row.title, "dry_run": row.dry_run, "digest": digest });
    record(conn, actor, &row, "created", audit::changes_between(&json!({}), &after))?;
    Ok(row.id)
}

/// A job of one's own; auditors see all.
///
/// # Errors
/// 404 when there is none.
pub fn read(conn: &mut DbConn, actor: &Actor, id: JobId) -> Result<Job> {
    list::wire(actor.language(), store::find(conn, actor, id)?)
}

/// What a job was told, and whether it is the actor's own.
///
/// # Errors
/// 404 when there is none.
pub fn input(conn: &mut DbConn, actor: &Actor, id: JobId) -> Result<(Value, bool)> {
    let row = store::find(conn, actor, id)?.job;
    Ok((row.input.0, row.created_by == actor.user_id()))
}

/// Asks a job to end after the step that it is at; one that waits ends at once.
///
/// # Errors
/// 404 when there is none, 409 when it has ended.
pub fn cancel(conn: &mut DbConn, actor: &Actor, id: JobId) -> Result<Job> {
    let mut row = store::lock(conn, actor, id)?;
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
        record(conn, actor, &row, "cancelled", Vec::new())?;
    }
    read(conn, actor, id)
}

fn record(
    conn: &mut DbConn,
    actor: &Actor,
    row: &JobRow,
    action: &'static str,
    changes: Vec<guanxi_api::FieldChange>,
) -> Result<()> {
    let change = audit::Change {
        resource_type: "job",
        resource_id: row.id.uuid(),
        action,
        version: row.version,
        changes,
        reason: None,
    };
    audit::record(conn, actor, &change)
}
