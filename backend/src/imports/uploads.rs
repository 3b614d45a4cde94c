use std::io::{self, Read, Write};

use aws_lc_rs::digest;
use guanxi_api::{FileLayout, Instant, Upload};
use guanxi_db::{DbConn, Moment};

use crate::access::Actor;
use crate::audit;
use crate::error::{Error, FieldError, Result};
use crate::files::{FileStore, SealedWriter};
use crate::imports::UploadId;
use crate::imports::columns::{self, HEAD, Inspected};
use crate::imports::reading::{ReadError, unpacked};
use crate::imports::store::{self, UploadRow};
use crate::imports::workbook;
use crate::jobs::{self, KEPT_SECONDS};
use crate::text::{self, hexadecimal};

/// Rows that are removed in one transaction.
pub(super) const REMOVED_AT_ONCE: usize = 1000;

/// Largest file, in bytes.
pub const MAX_UPLOAD: u64 = 200 * 1024 * 1024;

/// A file that is being received.
pub struct Received {
    id: UploadId,
    writer: SealedWriter,
    digest: digest::Context,
    bytes: u64,
    /// Its first bytes, by which workbooks are known.
    head: Vec<u8>,
}

/// Shows what is known of it so far.
impl std::fmt::Debug for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Received").field("id", &self.id).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// A file that lies on disk, whole.
#[derive(Debug)]
pub struct Stored {
    id: UploadId,
    bytes: i64,
    digest: Vec<u8>,
}

impl Received {
    /// Begins to receive a file.
    ///
    /// # Errors
    /// When the file system fails.
    pub fn begin(files: &FileStore, actor: &Actor) -> Result<Self> {
        let id: UploadId = actor.new_id();
        let writer = files.create(id.uuid()).map_err(Error::internal)?;
        Ok(Received { id, writer, digest: digest::Context::new(&digest::SHA256), bytes: 0, head: Vec::new() })
    }

    /// Takes what has come.
    ///
    /// # Errors
    /// 413 when the file is too large; when the file system fails.
    pub fn take(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        if self.bytes > MAX_UPLOAD {
            return Err(Error::new(crate::error::Code::TooLarge));
        }
        let missing = workbook::MAGIC.len().saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(missing));
        self.digest.update(bytes);
        self.writer.write_all(bytes).map_err(Error::internal)
    }

    /// Ends a file of any kind: what lies on disk of a workbook is then the text of a sheet, the first with cells unless it is named.
    ///
    /// # Errors
    /// 422 for a workbook that cannot be read or has no such sheet, 413 when its text is too large; when the file system fails.
    pub fn end_as_text(self, files: &FileStore, actor: &Actor, sheet: Option<&str>) -> Result<Stored> {
        let is_workbook = self.head == workbook::MAGIC;
        if !is_workbook && sheet.is_some() {
            return Err(Error::field("sheet", "no_workbook"));
        }
        let stored = self.end()?;
        if !is_workbook {
            return Ok(stored);
        }
        let text = text_of(files, actor, &stored, sheet);
        files.remove(stored.id.uuid()).map_err(Error::internal)?;
        text
    }

    /// Ends the file; it is on disk when this returns.
    ///
    /// # Errors
    /// When the file system fails.
    pub fn end(self) -> Result<Stored> {
        self.writer.finish().map_err(Error::internal)?;
        Ok(Stored {
            id: self.id,
            bytes: i64::try_from(self.bytes).unwrap_or(i64::MAX),
            digest: self.digest.finish().as_ref().to_vec(),
        })
    }
}

fn text_of(files: &FileStore, actor: &Actor, stored: &Stored, sheet: Option<&str>) -> Result<Stored> {
    if u64::try_from(stored.bytes).unwrap_or(u64::MAX) > workbook::MOST_BYTES {
        let field = FieldError::new("", "workbook_too_large").with("max", workbook::MOST_BYTES >> 20);
        return Err(Error::fields(vec![field]));
    }
    let mut file = Vec::new();
    files
        .open(stored.id.uuid())
        .and_then(|mut sealed| sealed.read_to_end(&mut file))
        .map_err(Error::internal)?;
    let mut received = Received::begin(files, actor)?;
    workbook::to_text(file, sheet, &mut |text| received.take(text))?;
    received.end()
}

/// Writes down a file that has been received. Who fails here leaves a file that nothing refers to; it is removed by the caller.
///
/// # Errors
/// 422 for a name that is none.
pub fn receive(conn: &mut DbConn, actor: &Actor, name: &str, stored: &Stored) -> Result<UploadId> {
    let name =
        text::line(name, 200).map_err(|broken| Error::fields(vec![FieldError::broken("name", broken)]))?;
    let row = UploadRow {
        id: stored.id,
        name,
        bytes: stored.bytes,
        digest: stored.digest.clone(),
        created_by: actor.user_id(),
        created_at: actor.now(),
        expires_at: actor.now().plus_seconds(KEPT_SECONDS),
    };
    let after = serde_json::json!({ "bytes": row.bytes, "digest": hexadecimal(&row.digest) });
    store::insert_upload(conn, row)?;
    let entry = audit::Entry {
        action: "upload.created".to_owned(),
        resource_type: "upload",
        resource_id: Some(stored.id.uuid()),
        changes: &audit::changes_between(&serde_json::json!({}), &after),
        reason: None,
    };
    audit::note(conn, actor, &entry)?;
    Ok(stored.id)
}

impl Stored {
    /// The id under which it lies.
    pub fn id(&self) -> UploadId {
        self.id
    }
}

/// A file of one's own.
///
/// # Errors
/// 404 when there is none.
pub fn find(conn: &mut DbConn, actor: &Actor, id: UploadId) -> Result<Sent> {
    Ok(Sent(store::find_upload(conn, actor, id)?))
}

/// A file that was sent in.
pub struct Sent(pub(super) UploadRow);

impl Sent {
    /// The id under which it lies.
    pub fn id(&self) -> UploadId {
        self.0.id
    }
}

/// Shows no name.
impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sent").field("id", &self.0.id).finish_non_exhaustive()
    }
}

/// Reads the beginning of a file.
///
/// # Errors
/// 422 for what is no table of text; 404 when the file is gone.
pub(super) fn inspected(files: &FileStore, row: &UploadRow, layout: &FileLayout) -> Result<Inspected> {
    let mut head = Vec::new();
    let most = HEAD + 1;
    let bytes = u64::try_from(row.bytes).unwrap_or(0);
    files
        .open(row.id.uuid())
        .and_then(|file| unpacked(file, bytes))
        .and_then(|text| text.take(most as u64).read_to_end(&mut head))
        .map_err(unreadable)?;
    let whole = head.len() < most;
    head.truncate(HEAD);
    columns::inspect(&head, whole, layout)
}

fn unreadable(error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::NotFound {
        return Error::not_found();
    }
    match ReadError::from(error) {
        ReadError::File(field) => Error::fields(vec![field]),
        ReadError::Io(error) => Error::internal(error),
    }
}

/// A file with how it is read. Reads the file, so it is called outside of transactions.
///
/// # Errors
/// 422 for what is no table of text; 404 when the file is gone.
pub fn inspect(files: &FileStore, Sent(row): &Sent, layout: &FileLayout) -> Result<Upload> {
    let Inspected { layout, columns } = inspected(files, row, layout)?;
    Ok(Upload {
        id: row.id.uuid(),
        name: row.name.clone(),
        bytes: row.bytes,
        digest: hexadecimal(&row.digest),
        layout,
        columns,
        created_at: Instant(row.created_at.to_utc()),
        expires_at: Instant(row.expires_at.to_utc()),
    })
}

/// Whether anything is known of a file.
///
/// # Errors
/// When the database fails.
pub fn is_known(conn: &mut DbConn, id: UploadId) -> Result<bool> {
    store::is_upload(conn, id)
}

/// Files that are kept no longer, in the order of their ids, a hundred at most.
///
/// # Errors
/// When the database fails.
pub fn expired(conn: &mut DbConn, now: Moment, after: Option<UploadId>) -> Result<Vec<UploadId>> {
    store::expired_uploads(conn, now, after)
}

/// Removes some of what belongs to jobs that are kept no longer, and those to which nothing belongs; gives how many rows, none at the end.
///
/// # Errors
/// When the database fails.
pub fn remove_expired_jobs(conn: &mut DbConn, now: Moment) -> Result<usize> {
    let expired = jobs::expired(conn, now)?;
    let mut removed = 0;
    for job in expired {
        removed += store::remove_some_problems(conn, job)? + store::remove_some_changes(conn, job)?;
        removed += jobs::remove_some_targets(conn, job)?;
        removed += store::remove_some_duplicates(conn, job)?;
        if removed >= REMOVED_AT_ONCE {
            return Ok(removed);
        }
        jobs::remove(conn, &[job])?;
        removed += 1;
    }
    Ok(removed)
}

/// Every file that rows speak of, in the order of the ids, a thousand at most; each with whether it is kept no longer.
///
/// # Errors
/// When the database fails.
pub fn stored_files(
    conn: &mut DbConn,
    after: Option<UploadId>,
    now: Moment,
) -> Result<Vec<(UploadId, bool)>> {
    store::uploads_after(conn, after, now)
}

/// Forgets a file, which has been removed.
///
/// # Errors
/// When the database fails.
pub fn forget(conn: &mut DbConn, id: UploadId) -> Result<()> {
    store::remove_upload(conn, id)
}
