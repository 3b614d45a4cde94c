//! What jobs have made. The file is on disk before its row is written, in the transaction that ends its job; so whoever sees the row has a
//! whole file. One without a row, left behind by a server that died in between, is removed by the job loop.

use guanxi_api::{ExportFormat, JobFile};
use guanxi_db::{DbConn, Id, Moment};
use uuid::Uuid;

use crate::access::Actor;
use crate::error::{Error, Result};
use crate::jobs::JobId;
use crate::jobs::store::{self, FileRow};
use crate::jobs::work::{self, Claim};
use crate::text::hexadecimal;

/// A file that a job has written.
#[derive(Clone, Debug)]
pub struct MadeFile {
    /// Under which it lies.
    pub id: Uuid,
    /// What people are offered it as.
    pub name: String,
    pub format: ExportFormat,
    /// Size in bytes.
    pub bytes: i64,
    /// SHA-256.
    pub digest: Vec<u8>,
}

/// Where a file lies, and how it is handed out.
#[derive(Clone, Debug)]
pub struct StoredFile {
    pub id: Uuid,
    pub name: String,
    pub format: ExportFormat,
    /// Size in bytes.
    pub bytes: u64,
}

/// Ends a job that has made a file, which is kept as long as the job is.
///
/// # Errors
/// 409 when the lease has been lost: then the file is nobody's.
pub fn finish_with(conn: &mut DbConn, actor: &Actor, claim: &Claim, made: &MadeFile) -> Result<()> {
    let made_of = serde_json::json!({ "bytes": made.bytes, "digest": hexadecimal(&made.digest) });
    let expires_at = work::finish(conn, actor, claim, made_of)?;
    let row = FileRow {
        job_id: claim.id,
        file_id: Id::new(made.id),
        name: made.name.clone(),
        format: made.format.as_str().to_owned(),
        bytes: made.bytes,
        digest: made.digest.clone(),
        expires_at,
    };
    store::insert_file(conn, row)
}

/// What is shown of the file that a job has made, if it has.
pub(super) fn shown(conn: &mut DbConn, job: JobId) -> Result<Option<JobFile>> {
    let found = store::find_file(conn, job)?;
    Ok(found.map(|row| JobFile { digest: hexadecimal(&row.digest), name: row.name, bytes: row.bytes }))
}

/// The file that a job of one's own has made.
///
/// # Errors
/// 404 when there is none, or the job is somebody else's, whoever asks.
pub fn file(conn: &mut DbConn, actor: &Actor, job: JobId) -> Result<StoredFile> {
    let own = store::find(conn, actor, job)?.job.created_by == actor.user_id();
    let row = store::find_file(conn, job)?.filter(|row| own && row.expires_at > actor.now());
    let row = row.ok_or_else(Error::not_found)?;
    Ok(StoredFile {
        id: row.file_id.uuid(),
        format: ExportFormat::from_code(&row.format)
            .ok_or_else(|| Error::internal("a format that is none"))?,
        bytes: u64::try_from(row.bytes).unwrap_or(0),
        name: row.name,
    })
}

/// Files that are kept no longer, in the order of their jobs, a hundred at most: each with its job.
///
/// # Errors
/// When the database fails.
pub fn expired_files(conn: &mut DbConn, now: Moment, after: Option<JobId>) -> Result<Vec<(JobId, Uuid)>> {
    let found = store::expired_files(conn, now, after)?;
    Ok(found.into_iter().map(|(job, file)| (job, file.uuid())).collect())
}

/// Every file that a job has made, in the order of their jobs, a thousand at most: its job, its id, and whether it is kept no longer.
///
/// # Errors
/// When the database fails.
pub fn stored_files(
    conn: &mut DbConn,
    after: Option<JobId>,
    now: Moment,
) -> Result<Vec<(JobId, Uuid, bool)>> {
    let found = store::files_after(conn, after, now)?;
    Ok(found.into_iter().map(|(job, file, expired)| (job, file.uuid(), expired)).collect())
}

/// Forgets the file of a job, which has been removed.
///
/// # Errors
/// When the database fails.
pub fn forget_file(conn: &mut DbConn, job: JobId) -> Result<()> {
    store::remove_file(conn, job)
}

/// Whether a job has made a file.
///
/// # Errors
/// When the database fails.
pub fn is_file(conn: &mut DbConn, id: Uuid) -> Result<bool> {
    store::is_file(conn, Id::new(id))
}
