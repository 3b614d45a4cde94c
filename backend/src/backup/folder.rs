use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use uuid::Uuid;

use super::manifest::{FileEntry, MANIFEST, Manifest};
use super::rules;
use super::{BackupError, failed};
use crate::access::Keys;
use crate::text::hexadecimal;

/// How the names of folders begin that are not backups yet, or no longer.
const UNFINISHED: &str = ".unfinished-";
/// How many bytes of a file are in memory at a time.
const PIECE: usize = 128 * 1024;

/// An error with the file that it is about.
pub(super) fn at(path: &Path, error: &io::Error) -> BackupError {
    failed(format!("{}: {error}", path.display()))
}

/// Makes a folder, and those above it, that only its owner can look into.
pub(super) fn make_private(folder: &Path) -> Result<(), BackupError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| at(folder, &error))
}

/// A backup that is being made, under a name that no backup has. Removed with everything in it unless it is finished.
#[derive(Debug)]
pub(super) struct Draft {
    folder: PathBuf,
    path: PathBuf,
    /// Locked as long as somebody works on it, so that others can tell what a crash has left.
    lock: Option<File>,
    finished: bool,
}

impl Draft {
    /// Begins a backup in a folder.
    pub(super) fn begin(folder: &Path) -> Result<Self, BackupError> {
        make_private(folder)?;
        let path = folder.join(format!("{UNFINISHED}{}", Uuid::now_v7()));
        make_private(&path)?;
        // Where a file system knows no locks, nobody takes the folder for abandoned either.
        let lock = File::open(&path).ok().filter(|folder| folder.try_lock().is_ok());
        Ok(Draft { folder: folder.to_owned(), path, lock, finished: false })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the manifest as the last file and gives the backup its name, when all of it is on disk. The name of another one is never taken:
    /// then it gets that of a later second.
    pub(super) fn finish(
        mut self,
        manifest: &str,
        moment: guanxi_db::Moment,
    ) -> Result<PathBuf, BackupError> {
        let path = self.path.join(MANIFEST);
        write_private(&path, manifest.as_bytes()).map_err(|error| at(&path, &error))?;
        sync_folders(&self.path).map_err(|error| at(&self.path, &error))?;
        for second in 0..3600 {
            let named = self.folder.join(rules::name_of(moment.plus_seconds(second)));
            if named.exists() {
                continue;
            }
            fs::rename(&self.path, &named).map_err(|error| at(&named, &error))?;
            self.finished = true;
            File::open(&self.folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|error| at(&self.folder, &error))?;
            return Ok(named);
        }
        Err(failed(format!("{}: there is a backup of every second", self.folder.display())))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.finished {
            let _ = fs::remove_dir_all(&self.path);
        }
        self.lock = None;
    }
}

/// Makes what a folder and those in it list survive a loss of power.
fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    File::open(folder)?.sync_all()
}

/// Removes what crashes have left in a folder.
pub(super) fn clear_abandoned(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_unfinished = entry.file_name().to_str().is_some_and(|name| name.starts_with(UNFINISHED));
        let Some(lock) = File::open(entry.path()).ok().filter(|_| is_unfinished) else { continue };
        if lock.try_lock().is_ok()
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::warn!(%error, folder = %entry.path().display(), "an unfinished backup cannot be removed");
        }
    }
}

/// The names of what looks like a backup, oldest first.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> =
        named.filter(|name| rules::is_name(name) && folder.join(name).join(MANIFEST).is_file()).collect();
    names.sort_unstable();
    names
}

/// Removes the oldest backups of one database, so that so many are left; gives their names. What is not its own stays: a backup made with another
/// key, or from before the database was restored, or one whose manifest cannot be read.
pub(super) fn remove_surplus(
    folder: &Path,
    keep: usize,
    of: Uuid,
    keys: &Keys,
) -> Result<Vec<String>, BackupError> {
    let mut own = names(folder);
    own.retain(|name| {
        Manifest::read(&folder.join(name), keys).is_ok_and(|manifest| manifest.feed_epoch == of)
    });
    let surplus = rules::surplus(own, keep);
    for name in &surplus {
        // First the name goes, so that half a backup never looks like a whole one.
        let (named, unnamed) = (folder.join(name), folder.join(format!("{UNFINISHED}{}", Uuid::now_v7())));
        fs::rename(&named, &unnamed).map_err(|error| at(&named, &error))?;
        fs::remove_dir_all(&unnamed).map_err(|error| at(&unnamed, &error))?;
    }
    Ok(surplus)
}

/// Writes a new file that only its owner can read; it is on disk when this returns.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Hands a file over in pieces; gives its size and its SHA-256 in hexadecimal digits.
fn digest_of(path: &Path, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut context, mut bytes) = (digest::Context::new(&digest::SHA256), 0);
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece)?;
        let read = piece.get(..read).unwrap_or_default();
        if read.is_empty() {
            return Ok((bytes, hexadecimal(context.finish().as_ref())));
        }
        context.update(read);
        bytes += read.len() as u64;
        each(read)?;
    }
}

/// The entry of a file that lies in a backup.
pub(super) fn entry_of(backup: &Path, name: String) -> Result<FileEntry, BackupError> {
    let path = backup.join(&name);
    let (bytes, sha256) = digest_of(&path, |_| Ok(())).map_err(|error| at(&path, &error))?;
    Ok(FileEntry { name, bytes, sha256 })
}

/// Copies a file to where none is, for its owner alone; it is on disk when this returns. Gives its size and its SHA-256.
pub(super) fn copy_private(from: &Path, to: &Path) -> io::Result<(u64, String)> {
    let mut source = OpenOptions::new();
    let mut copy = source.write(true).create_new(true).mode(0o600).open(to)?;
    let found = digest_of(from, |piece| copy.write_all(piece))?;
    copy.sync_all()?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use guanxi_db::{Engine, Moment};

    use super::*;
    use crate::access::MasterKey;

    fn keys() -> Keys {
        Keys::new(&MasterKey::from_text("Z3VhbnhpIHRlc3Qga2V5LCBmb3IgbWFkZS11cCBkYXQ=").unwrap()).unwrap()
    }

    fn make(folder: &Path, second: i64, epoch: Uuid, keys: &Keys) -> String {
        let mut manifest = Manifest::new(Engine::Sqlite, chrono::DateTime::UNIX_EPOCH, keys);
        manifest.feed_epoch = epoch;
        let draft = Draft::begin(folder).unwrap();
        let text = manifest.sealed(keys).unwrap().1;
        let path = draft.finish(&text, Moment::EARLIEST.plus_seconds(second)).unwrap();
        path.file_name().unwrap().to_str().unwrap().to_owned()
    }

    fn left(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn d6_a_backup_has_no_name_before_it_is_whole() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("backups");
        let draft = Draft::begin(&folder).unwrap();
        write_private(&draft.path().join("guanxi.db"), b"rows").unwrap();
        assert_eq!(names(&folder), Vec::<String>::new());
        // As a process does that is killed: nothing is tidied up, and its locks are gone.
        let (path, mut draft) = (draft.path().to_owned(), std::mem::ManuallyDrop::new(draft));
        clear_abandoned(&folder);
        assert!(path.exists(), "somebody works on it");
        draft.lock = None;
        assert_eq!(names(&folder), Vec::<String>::new());
        write_private(&path.join(MANIFEST), b"{}").unwrap();
        assert_eq!(names(&folder), Vec::<String>::new(), "not even with its manifest");
        clear_abandoned(&folder);
        assert_eq!(left(&folder), 0, "what a crash has left goes with the next backup");

        drop(Draft::begin(&folder).unwrap());
        assert_eq!(left(&folder), 0, "what has failed leaves nothing");
        let name = make(&folder, 5, Uuid::nil(), &keys());
        assert_eq!((names(&folder), name.as_str()), (vec![name.clone()], "19700101T000005Z"));
        assert_eq!(
            make(&folder, 5, Uuid::nil(), &keys()),
            "19700101T000006Z",
            "no backup takes the name of another"
        );
    }

    #[test]
    fn d6_only_the_owner_reads_a_backup() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("all/backups");
        let name = make(&folder, 5, Uuid::nil(), &keys());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join(&name)), 0o700);
        assert_eq!(mode(&folder.join(&name).join(MANIFEST)), 0o600);
    }

    #[test]
    fn d6_only_old_backups_of_the_same_database_are_removed() {
        let root = tempfile::tempdir().unwrap();
        let (folder, keys) = (root.path(), keys());
        let other = Keys::new(
            &MasterKey::from_text("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
                .unwrap(),
        )
        .unwrap();
        let epoch = Uuid::now_v7();
        let foreign = make(folder, 1, epoch, &other);
        let before = make(folder, 2, Uuid::now_v7(), &keys);
        let own: Vec<String> = (3..8).map(|second| make(folder, second, epoch, &keys)).collect();
        let broken = make(folder, 9, epoch, &keys);
        fs::write(folder.join(&broken).join(MANIFEST), "{").unwrap();
        fs::create_dir(folder.join("20200101T000000Z")).unwrap();
        fs::write(folder.join("notes.txt"), "somebody's").unwrap();
        assert_eq!(remove_surplus(folder, 2, epoch, &keys).unwrap(), [&*own[2], &*own[1], &*own[0]]);
        assert_eq!(names(folder), [foreign, before, own[3].clone(), own[4].clone(), broken]);
        assert_eq!(remove_surplus(folder, 2, epoch, &keys).unwrap(), Vec::<String>::new());
        assert_eq!(left(folder), 7);
    }
}
