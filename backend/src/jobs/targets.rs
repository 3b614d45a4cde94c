//! What a job works on one by one. What it is to work on is fixed when it is started, so that "these 312" are these, whatever happens
//! meanwhile; what came of each is written in the transaction that does it.

use guanxi_api::BulkRefusal;
use guanxi_db::{DbConn, Id, Moment};
use uuid::Uuid;

use crate::access::Actor;
use crate::error::Result;
use crate::jobs::JobId;
use crate::jobs::store::{self, TargetRow};
use crate::messages;

/// Nothing has been done to it yet.
pub const WAITING: &str = "waiting";
/// The job has changed it.
pub const DONE: &str = "done";
/// It was what the job would have made it.
pub const UNCHANGED: &str = "unchanged";
/// What the job did was taken back.
pub const UNDONE: &str = "undone";
/// It stays as it is although the job is undone: it has changed since.
pub const LEFT: &str = "left";

/// Something that a job works on.
#[derive(Clone, Debug)]
pub struct Target {
    /// From 1 on.
    pub place: i32,
    pub customer_id: Uuid,
    /// One of the words above, or the code of why it was refused.
    pub outcome: String,
    /// How it was.
    pub org_unit_id: Option<Uuid>,
    pub owner_id: Option<Uuid>,
    /// The task that was set about it.
    pub task_id: Option<Uuid>,
    /// When and by whom it was given the tag that was taken away.
    pub tagged_at: Option<Moment>,
    pub tagged_by: Option<Uuid>,
}

/// Fixes what a job is to work on.
///
/// # Errors
/// When the database fails.
pub fn add_targets(conn: &mut DbConn, job: JobId, customers: &[Uuid]) -> Result<()> {
    let rows: Vec<TargetRow> = (1..)
        .zip(customers)
        .map(|(place, id)| TargetRow {
            job_id: job,
            place,
            customer_id: Id::new(*id),
            outcome: WAITING.to_owned(),
            org_unit_id: None,
            owner_id: None,
            task_id: None,
            tagged_at: None,
            tagged_by: None,
        })
        .collect();
    store::insert_targets(conn, &rows)
}

/// The first of what a job works on with an outcome.
///
/// # Errors
/// When the database fails.
pub fn targets(conn: &mut DbConn, job: JobId, outcome: &str, most: i64) -> Result<Vec<Target>> {
    let target = |row: TargetRow| Target {
        place: row.place,
        customer_id: row.customer_id.uuid(),
        outcome: row.outcome,
        org_unit_id: row.org_unit_id.map(Id::uuid),
        owner_id: row.owner_id.map(Id::uuid),
        task_id: row.task_id.map(Id::uuid),
        tagged_at: row.tagged_at,
        tagged_by: row.tagged_by.map(Id::uuid),
    };
    Ok(store::targets(conn, job, outcome, most)?.into_iter().map(target).collect())
}

/// Writes down what came of something.
///
/// # Errors
/// When the database fails.
pub fn settle(conn: &mut DbConn, job: JobId, target: &Target) -> Result<()> {
    let row = TargetRow {
        job_id: job,
        place: target.place,
        customer_id: Id::new(target.customer_id),
        outcome: target.outcome.clone(),
        org_unit_id: target.org_unit_id.map(Id::new),
        owner_id: target.owner_id.map(Id::new),
        task_id: target.task_id.map(Id::new),
        tagged_at: target.tagged_at,
        tagged_by: target.tagged_by.map(Id::new),
    };
    store::update_target(conn, &row)
}

/// How many have an outcome.
///
/// # Errors
/// When the database fails.
pub fn count_targets(conn: &mut DbConn, job: JobId, outcome: &str) -> Result<i64> {
    Ok(store::outcomes(conn, job)?
        .into_iter()
        .filter(|(code, _)| code == outcome)
        .map(|(_, count)| count)
        .sum())
}

/// How many there are.
///
/// # Errors
/// When the database fails.
pub fn count_all_targets(conn: &mut DbConn, job: JobId) -> Result<i64> {
    Ok(store::outcomes(conn, job)?.into_iter().map(|(_, count)| count).sum())
}

/// Why some were refused, the most frequent reason first.
pub(super) fn refused(conn: &mut DbConn, actor: &Actor, job: JobId) -> Result<Vec<BulkRefusal>> {
    let mut found = store::outcomes(conn, job)?;
    found.retain(|(code, _)| ![WAITING, DONE, UNCHANGED, UNDONE, LEFT].contains(&code.as_str()));
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let refusal = |(code, count): (String, i64)| BulkRefusal {
        message: messages::field(actor.language(), &code, &serde_json::Map::new()),
        code,
        count,
    };
    Ok(found.into_iter().map(refusal).collect())
}

/// Removes some of what a job has worked on that is kept no longer; gives how many.
///
/// # Errors
/// When the database fails.
pub fn remove_some_targets(conn: &mut DbConn, job: JobId) -> Result<usize> {
    store::remove_some_targets(conn, job)
}
