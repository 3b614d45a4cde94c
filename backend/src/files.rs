//! Files that belong to rows, sealed at rest: below `files/` of the data directory, each under its id. With several servers on one
//! database the directory is shared between them.
//!
//! A file is a row of sealed pieces, so that neither writing nor reading it holds more of it than one piece. Each piece is bound to its
//! file, its place and whether it is the last one: none can be swapped, repeated or cut off without being noticed.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use guanxi_db::Moment;
use uuid::Uuid;

use crate::access::Keys;
use crate::access::sealing::Context;

/// Bytes of a piece before it is sealed.
const PIECE: usize = 64 * 1024;
/// Most bytes that sealing adds to a piece.
const SEAL: usize = 64;

/// Where files lie.
#[derive(Clone, Debug)]
pub struct FileStore {
    folder: PathBuf,
    keys: Arc<Keys>,
}

impl FileStore {
    /// Files below a directory, which is made when the first one is written.
    pub fn new(folder: PathBuf, keys: Arc<Keys>) -> Self {
        FileStore { folder, keys }
    }

    /// Begins a file. It is there once it is finished, whole or not at all.
    ///
    /// # Errors
    /// When the file system fails.
    pub fn create(&self, id: Uuid) -> io::Result<SealedWriter> {
        fs::create_dir_all(&self.folder)?;
        let path = self.path(id);
        let unfinished = unfinished(&path);
        Ok(SealedWriter {
            file: BufWriter::new(File::create(&unfinished)?),
            keys: Arc::clone(&self.keys),
            id,
            piece: Vec::with_capacity(PIECE),
            written: 0,
            unfinished: Some(unfinished),
            path,
        })
    }

    /// Reads a file from its beginning.
    ///
    /// # Errors
    /// When there is none, or the file system fails.
    pub fn open(&self, id: Uuid) -> io::Result<SealedReader> {
        Ok(SealedReader {
            file: BufReader::new(File::open(self.path(id))?),
            keys: Arc::clone(&self.keys),
            id,
            piece: Vec::new(),
            at: 0,
            read: 0,
            ended: false,
        })
    }

    /// Removes a file, finished or not, if there is one.
    ///
    /// # Errors
    /// When the file system fails.
    pub fn remove(&self, id: Uuid) -> io::Result<()> {
        for path in [self.path(id), unfinished(&self.path(id))] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The files, finished or not, whose ids were made before a moment.
    ///
    /// # Errors
    /// When the file system fails.
    pub fn older_than(&self, moment: Moment) -> io::Result<Vec<Uuid>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let id = path.file_stem().and_then(|name| name.to_str()?.parse::<Uuid>().ok());
            let made = id.and_then(|id| id.get_timestamp()).map(|at| at.to_unix().0);
            let before = u64::try_from(moment.0 / 1_000_000).unwrap_or(0);
            found.extend(id.filter(|_| made.is_some_and(|made| made < before)));
        }
        Ok(found)
    }

    /// The directory; there once a file was created.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, id: Uuid) -> PathBuf {
        self.folder.join(id.to_string())
    }
}

/// Where a file lies until it is finished.
fn unfinished(path: &Path) -> PathBuf {
    path.with_extension("part")
}

/// The place of a piece: its file, its number, and whether the file ends with it.
fn place(id: Uuid, number: u64, last: bool) -> [u8; 25] {
    let mut place = [0; 25];
    place[..16].copy_from_slice(id.as_bytes());
    place[16..24].copy_from_slice(&number.to_be_bytes());
    place[24] = u8::from(last);
    place
}

fn context(place: &[u8]) -> Context<'_> {
    Context { table: "files", column: "piece", id: place }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a stored file is damaged or was sealed with another key")
}

/// A file that is being written.
#[derive(Debug)]
pub struct SealedWriter {
    file: BufWriter<File>,
    keys: Arc<Keys>,
    id: Uuid,
    piece: Vec<u8>,
    written: u64,
    /// Where it lies until it is finished.
    unfinished: Option<PathBuf>,
    path: PathBuf,
}

impl SealedWriter {
    fn seal(&mut self, last: bool) -> io::Result<()> {
        let place = place(self.id, self.written, last);
        let sealed = self
            .keys
            .data()
            .seal(&self.piece, &context(&place))
            .map_err(|error| io::Error::other(error.to_string()))?;
        let length = u32::try_from(sealed.len()).map_err(io::Error::other)?;
        self.file.write_all(&[u8::from(last)])?;
        self.file.write_all(&length.to_be_bytes())?;
        self.file.write_all(&sealed)?;
        self.written += 1;
        self.piece.clear();
        Ok(())
    }

    /// Ends the file; it is on disk when this returns.
    ///
    /// # Errors
    /// When the file system fails.
    pub fn finish(mut self) -> io::Result<()> {
        self.seal(true)?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        if let Some(unfinished) = self.unfinished.take() {
            fs::rename(unfinished, &self.path)?;
        }
        match self.path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Write for SealedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() == PIECE {
            self.seal(false)?;
        }
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend(bytes.iter().take(taken));
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What was not finished is not kept.
impl Drop for SealedWriter {
    fn drop(&mut self) {
        if let Some(unfinished) = self.unfinished.take() {
            let _ = fs::remove_file(unfinished);
        }
    }
}

/// A file that is being read.
#[derive(Debug)]
pub struct SealedReader {
    file: BufReader<File>,
    keys: Arc<Keys>,
    id: Uuid,
    piece: Vec<u8>,
    at: usize,
    read: u64,
    ended: bool,
}

impl SealedReader {
    fn next_piece(&mut self) -> io::Result<()> {
        let mut head = [0; 5];
        self.file.read_exact(&mut head).map_err(|_| damaged())?;
        let [last, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| damaged())?;
        if length > PIECE + SEAL || last > 1 {
            return Err(damaged());
        }
        let mut sealed = vec![0; length];
        self.file.read_exact(&mut sealed).map_err(|_| damaged())?;
        let place = place(self.id, self.read, last == 1);
        self.piece = self.keys.data().open(&sealed, &context(&place)).map_err(|_| damaged())?.to_vec();
        self.at = 0;
        self.read += 1;
        self.ended = last == 1;
        Ok(())
    }
}

impl Read for SealedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            if self.ended {
                return Ok(0);
            }
            self.next_piece()?;
        }
        let rest = self.piece.get(self.at..).unwrap_or_default();
        let taken = rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        self.at += taken;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::MasterKey;

    fn store(folder: &tempfile::TempDir) -> FileStore {
        FileStore::new(
            folder.path().to_owned(),
            Arc::new(
                Keys::new(&MasterKey::from_text("Z3VhbnhpIHRlc3Qga2V5LCBmb3IgbWFkZS11cCBkYXQ=").unwrap())
                    .unwrap(),
            ),
        )
    }

    fn write(store: &FileStore, id: Uuid, bytes: &[u8]) {
        let mut writer = store.create(id).unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap();
    }

    fn read(store: &FileStore, id: Uuid) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        store.open(id)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn what_was_written_is_read_and_lies_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7] {
            let bytes: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let id = Uuid::now_v7();
            write(&store, id, &bytes);
            assert_eq!(read(&store, id).unwrap(), bytes, "{length}");
            let stored = fs::read(folder.path().join(id.to_string())).unwrap();
            assert!(length < 64 || !stored.windows(32).any(|window| window == &bytes[..32]), "{length}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 6, "no unfinished file is left");
    }

    #[test]
    fn a_file_that_is_cut_off_changed_or_another_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let (id, other) = (Uuid::now_v7(), Uuid::now_v7());
        write(&store, id, &vec![7; 2 * PIECE + 10]);
        let path = folder.path().join(id.to_string());
        let whole = fs::read(&path).unwrap();
        let first = 5 + usize::try_from(u32::from_be_bytes(whole[1..5].try_into().unwrap())).unwrap();
        let mut changed = whole.clone();
        changed[first + 100] ^= 1;
        // The whole of the first two pieces, and the second piece said to be the last one.
        let mut shortened = whole[..2 * first].to_vec();
        shortened[first] = 1;
        for damage in [&whole[..whole.len() - 1], &whole[..first], &changed, &shortened, &[][..]] {
            fs::write(&path, damage).unwrap();
            assert_eq!(read(&store, id).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
        fs::write(folder.path().join(other.to_string()), &whole).unwrap();
        assert!(read(&store, other).is_err());
    }

    #[test]
    fn old_files_are_found_by_their_ids() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let id = Uuid::now_v7();
        assert_eq!(store.older_than(Moment(i64::MAX)).unwrap(), Vec::<Uuid>::new());
        write(&store, id, b"x");
        fs::write(folder.path().join("notes.txt"), "somebody's").unwrap();
        let made = i64::try_from(id.get_timestamp().unwrap().to_unix().0).unwrap() * 1_000_000;
        assert_eq!(store.older_than(Moment(made)).unwrap(), Vec::<Uuid>::new());
        assert_eq!(store.older_than(Moment(made + 1_000_000)).unwrap(), [id]);
        store.remove(id).unwrap();
        assert_eq!(store.older_than(Moment(i64::MAX)).unwrap(), Vec::<Uuid>::new());
    }

    #[test]
    fn what_is_not_finished_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let mut writer = store.create(Uuid::now_v7()).unwrap();
        writer.write_all(&[1; 100_000]).unwrap();
        drop(writer);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
