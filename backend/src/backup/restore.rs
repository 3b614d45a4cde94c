use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use guanxi_db::backup::{Restoring, check_empty, renew_schema, restore_database};
use guanxi_db::{Moment, known_versions};
use uuid::Uuid;

use super::folder::{at, copy_private, make_private};
use super::make::{check_files, stored_files};
use super::manifest::Manifest;
use super::store;
use super::{BackupError, Source, failed};

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The name of the backup.
    pub name: String,
    pub manifest: Manifest,
    /// The new epoch of change events.
    pub feed_epoch: Uuid,
}

/// Restores a backup into an installation that has no database yet. Everything is checked before anything is written, and the
/// database appears last and whole.
///
/// # Errors
/// With what is wrong; then there is no more than before.
pub fn restore(target: &Source, folder: &Path, now: Moment) -> Result<Restored, BackupError> {
    let manifest = Manifest::read(folder, &target.keys)?;
    let engine = target.database.engine();
    if manifest.engine.engine() != engine {
        return Err(failed(format!(
            "the backup is one of {:?}, and the database of the settings one of {engine:?}",
            manifest.engine
        )));
    }
    let known = known_versions(engine).map_err(guanxi_db::backup::CopyError::from)?;
    if !known.contains(&manifest.schema) {
        return Err(failed(format!(
            "the backup was made by version {} with schema {}, which this program does not know: it takes that version or a newer one",
            manifest.product_version, manifest.schema
        )));
    }
    check_files(folder, &manifest)?;
    check_empty(&target.database)?;

    let mut copied = Copied::default();
    make_private(&target.files)?;
    for (id, file) in stored_files(&manifest) {
        copied.copy(&folder.join(&file.name), &target.files.join(id.to_string()))?;
    }
    copied.sync(&target.files)?;
    let feed_epoch = Uuid::now_v7();
    let restoring = Restoring {
        copy: &folder.join(manifest.engine.database_file()),
        schema: manifest.postgres_schema.as_deref(),
        tables: &manifest.tables,
        statements: &store::renewal(engine, &manifest.tables, feed_epoch, now),
    };
    let restored = restore_database(&target.database, &restoring);
    // A connection that is lost at its end may have been lost after the commit: then the files belong to rows.
    if restored.is_ok() || check_empty(&target.database).is_err() {
        copied.keep();
    }
    restored?;
    renew_schema(&target.database).map_err(|error| {
        failed(format!("the backup was restored, but not brought to the newest schema (`guanxi migrate` does that): {error}"))
    })?;
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Restored { name, manifest, feed_epoch })
}

/// Files that were copied into the data directory; removed again unless they are to stay.
#[derive(Default)]
struct Copied(Vec<PathBuf>);

impl Copied {
    fn copy(&mut self, from: &Path, to: &Path) -> Result<(), BackupError> {
        let unfinished = to.with_extension("part");
        // An attempt that was broken off may have left both; no row speaks of them, for there is no database.
        for path in [&unfinished, to] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(path, &error)),
                _ => {}
            }
        }
        self.0.push(unfinished.clone());
        copy_private(from, &unfinished).map_err(|error| at(&unfinished, &error))?;
        fs::rename(&unfinished, to).map_err(|error| at(to, &error))?;
        self.0.push(to.to_owned());
        Ok(())
    }

    fn sync(&self, folder: &Path) -> Result<(), BackupError> {
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| at(folder, &error))
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d6_files_of_a_restore_that_fails_go_again() {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("from"), root.path().join(Uuid::nil().to_string()));
        fs::write(&from, "sealed").unwrap();
        let mut copied = Copied::default();
        copied.copy(&from, &to).unwrap();
        assert!(to.exists());
        assert!(copied.copy(&root.path().join("none"), &root.path().join("other")).is_err());
        drop(copied);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "only what was there before");
        let mut copied = Copied::default();
        copied.copy(&from, &to).unwrap();
        copied.keep();
        assert_eq!(fs::read(&to).unwrap(), b"sealed");
    }
}
