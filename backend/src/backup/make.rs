use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use guanxi_db::backup::{CopyError, check_copy, copy_database, table_counts};
use guanxi_db::{DbConn, Moment, backup, known_versions};
use uuid::Uuid;

use super::folder::{self, Draft, at, copy_private, entry_of, make_private};
use super::manifest::{FileEntry, Manifest, stored_id, stored_name};
use super::{BackupError, Source, failed};
use crate::imports::UploadId;
use crate::{imports, installation, jobs};

/// A backup that lies on disk, whole.
#[derive(Clone, Debug)]
pub struct Made {
    pub folder: PathBuf,
    pub name: String,
    pub manifest: Manifest,
}

/// Makes a backup of a running installation in a folder, beside those that are there. Everything that was acknowledged before `now` is in it.
///
/// # Errors
/// With what is wrong; then there is no backup. [`BackupError::Stopped`] soon after `stop` is set.
pub fn make(source: &Source, folder: &Path, now: Moment, stop: &AtomicBool) -> Result<Made, BackupError> {
    folder::clear_abandoned(folder);
    let draft = Draft::begin(folder)?;
    let mut manifest = Manifest::new(source.database.engine(), now.to_utc(), &source.keys);
    let database = manifest.engine.database_file().to_owned();
    let stored = copy_database(&source.database, &draft.path().join(&database), stop, |conn| {
        look(conn, source, &mut manifest, now)
    })?;
    manifest.files.push(entry_of(draft.path(), database)?);
    make_private(&draft.path().join("files"))?;
    for (id, expired) in stored {
        go_on(stop)?;
        match copy_stored(source, draft.path(), id)? {
            Some(entry) => manifest.files.push(entry),
            None => {
                if !expired {
                    tracing::warn!(file = %id, "a stored file is gone: the backup is without it");
                }
                manifest.missing.push(id);
            }
        }
    }
    go_on(stop)?;
    let (manifest, text) = manifest.sealed(&source.keys)?;
    let folder = draft.finish(&text, now)?;
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Made { folder, name, manifest })
}

fn go_on(stop: &AtomicBool) -> Result<(), BackupError> {
    if stop.load(Ordering::Relaxed) { Err(BackupError::Stopped) } else { Ok(()) }
}

/// Looks at what is copied: writes into the manifest what the database is, and gives the files that its rows speak of, each with whether it is
/// kept no longer.
fn look(
    conn: &mut DbConn,
    source: &Source,
    manifest: &mut Manifest,
    now: Moment,
) -> Result<Vec<(Uuid, bool)>, BackupError> {
    let epoch = installation::feed_epoch(conn, &source.keys)?;
    manifest.feed_epoch =
        epoch.ok_or_else(|| failed("the database was never set up: there is nothing to keep"))?;
    let applied = backup::applied_versions(conn).map_err(CopyError::from)?;
    let known = known_versions(conn.engine()).map_err(CopyError::from)?;
    if applied.iter().any(|version| !known.contains(version)) {
        return Err(failed("the database is of a newer version, which it takes to back it up"));
    }
    manifest.schema = applied.into_iter().next_back().unwrap_or_default();
    manifest.postgres_schema = backup::schema_of_tables(conn).map_err(CopyError::from)?;
    manifest.tables = table_counts(conn).map_err(CopyError::from)?;
    let mut stored = Vec::new();
    if manifest.tables.contains_key("upload") {
        let mut after: Option<UploadId> = None;
        loop {
            let some = imports::stored_files(conn, after, now)?;
            let Some((last, _)) = some.last() else { break };
            after = Some(*last);
            stored.extend(some.into_iter().map(|(id, expired)| (id.uuid(), expired)));
        }
    }
    if manifest.tables.contains_key("job_file") {
        let mut after = None;
        loop {
            let some = jobs::stored_files(conn, after, now)?;
            let Some((last, ..)) = some.last() else { break };
            after = Some(*last);
            stored.extend(some.into_iter().map(|(_, id, expired)| (id, expired)));
        }
    }
    Ok(stored)
}

/// Copies a stored file, sealed as it is. None when it is gone: housekeeping removes what is kept no longer at any time.
fn copy_stored(source: &Source, backup: &Path, id: Uuid) -> Result<Option<FileEntry>, BackupError> {
    let (name, from) = (stored_name(id), source.files.join(id.to_string()));
    let to = backup.join(&name);
    match copy_private(&from, &to) {
        Ok((bytes, sha256)) => Ok(Some(FileEntry { name, bytes, sha256 })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::remove_file(&to).map_err(|error| at(&to, &error))?;
            Ok(None)
        }
        Err(error) => Err(at(&from, &error)),
    }
}

/// Reads a backup back: its manifest, the hash of every file, and the database from beginning to end with the number of rows in every table.
///
/// # Errors
/// Naming the file that is not as it was made.
pub fn verify(folder: &Path, keys: &crate::access::Keys) -> Result<Manifest, BackupError> {
    let manifest = Manifest::read(folder, keys)?;
    check_files(folder, &manifest)?;
    let database = folder.join(manifest.engine.database_file());
    let found = check_copy(manifest.engine.engine(), &database)
        .map_err(|error| failed(format!("{}: {error}", database.display())))?;
    for table in manifest.tables.keys().chain(found.keys()) {
        let (wanted, found) = (manifest.tables.get(table), found.get(table));
        if wanted != found {
            let rows = |count: Option<&i64>| count.map_or_else(|| "none".to_owned(), i64::to_string);
            return Err(failed(format!(
                "{}: of table {table} there are {} rows instead of {}",
                database.display(),
                rows(found),
                rows(wanted)
            )));
        }
    }
    Ok(manifest)
}

/// Compares every file of a backup with what its manifest says.
pub(super) fn check_files(folder: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    if !manifest.files.iter().any(|file| file.name == manifest.engine.database_file()) {
        return Err(failed(format!("{}: it has no database", folder.display())));
    }
    for file in &manifest.files {
        if entry_of(folder, file.name.clone())? != *file {
            return Err(failed(format!("{}: it is not as it was made", folder.join(&file.name).display())));
        }
    }
    Ok(())
}

/// The stored files of a backup: each with its id.
pub(super) fn stored_files(manifest: &Manifest) -> impl Iterator<Item = (Uuid, &FileEntry)> {
    manifest.files.iter().filter_map(|file| Some((stored_id(&file.name)?, file)))
}
