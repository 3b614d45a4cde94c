//! The work of an export: outside of requests, by the job loop.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use guanxi_api::{ExportFormat, JobCounts};
use guanxi_db::{DbConn, Moment};
use uuid::Uuid;

use crate::access::{Actor, sessions};
use crate::customers::{CustomerId, House};
use crate::error::{Code, Error, FieldError, Result};
use crate::exports::lists::{self, Asked, Part, Rows};
use crate::exports::start::sealed_for;
use crate::exports::table::{MOST_ROWS_OF_SHEET, Manner, Measured, Table, TableError};
use crate::exports::{Input, ROWS_WITHOUT_REASON, columns};
use crate::jobs::{self, Advance, Bench, Claim, Ended, MadeFile, Progress};
use crate::org::Directory;

/// Rows of a page, and pages of a read: some 20 ms of a database thread.
const PAGE: u32 = 200;
const PAGES_AT_ONCE: usize = 5;
/// Most rows of a file: their ids are held in memory, so that none is written twice.
const MOST_ROWS: i64 = 2_000_000;
/// How often a read is tried that found no free database thread within two seconds: other work goes first.
const PATIENCE: usize = 10;
/// How long a file is written before the lease is renewed, in seconds.
const BREATH_SECONDS: i64 = 10;

/// What every step needs.
struct Work {
    bench: Bench,
    claim: Claim,
    input: Input,
    asked: Asked,
    directory: Directory,
    now: fn() -> Moment,
}

/// Why the work ends early.
enum Failure {
    /// Something broke; it is tried again.
    Work(Error),
    /// The job cannot be done.
    Job(FieldError),
    /// Somebody has told the job to end.
    Cancelled,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Work(error)
    }
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        match error {
            TableError::TextTooLong => Failure::Job(FieldError::new("", "text_too_long_for_xlsx")),
            TableError::Other(error) => Failure::Work(error),
        }
    }
}

fn counted(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Works on an export until it ends or `stop` is set: writes the file from its beginning, whatever was written before. `each` is told how
/// many rows are written after each step.
///
/// # Errors
/// When the database or the file system fails: then the job waits until its lease has run out, and somebody begins anew.
pub fn run(
    bench: &Bench,
    claim: &Claim,
    stop: &AtomicBool,
    now: fn() -> Moment,
    mut each: impl FnMut(i64),
) -> Result<Ended> {
    let input: Input = serde_json::from_value(claim.input.clone()).map_err(Error::internal)?;
    let principal = claim.created_by.map_or(Uuid::nil(), |user| user.uuid());
    let open = |sealed: &Vec<u8>| bench.keys.data().open_text(sealed, &sealed_for(&principal));
    let q = input.sealed_q.as_ref().map(open).transpose().map_err(Error::internal)?;
    let ids = match input.chosen {
        None => None,
        Some(most) => {
            let job = claim.id;
            let targets =
                bench.db.read_blocking(move |conn| jobs::targets(conn, job, jobs::WAITING, most))?;
            Some(targets.into_iter().map(|target| CustomerId::new(target.customer_id)).collect())
        }
    };
    let asked = Asked {
        list: input.list,
        q,
        filter: input.filter.clone(),
        sort: input.sort.clone(),
        ids,
        columns: input.columns.clone(),
    };
    let work = Arc::new(Work {
        bench: bench.clone(),
        claim: claim.clone(),
        input,
        asked,
        directory: Directory::default(),
        now,
    });
    // Each beginning has a file of its own: whoever has lost the lease and does not know it yet writes to another one.
    let file = Actor::operator_job(now(), claim.id.uuid()).new_id::<()>().uuid();
    match work.write_file(file, stop, &mut each) {
        Ok(ended) => Ok(ended),
        Err(Failure::Work(error)) => {
            // Another server has the job. After other failures the row may be there, whatever the answer was.
            if error.code == Code::StateConflict {
                bench.files.remove(file).map_err(Error::internal)?;
            }
            Err(error)
        }
        Err(Failure::Cancelled) => Ok(Ended::Over),
        Err(Failure::Job(field)) => {
            work.write(move |conn, work, actor| jobs::fail(conn, actor, &work.claim, &field))?;
            Ok(Ended::Over)
        }
    }
}

impl Work {
    /// Does a write of the job itself.
    fn write<T: Send + 'static>(
        self: &Arc<Self>,
        mut act: impl FnMut(&mut DbConn, &Work, &Actor) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let work = Arc::clone(self);
        self.bench.db.write_blocking(move |conn| {
            let actor = Actor::operator_job((work.now)(), work.claim.id.uuid());
            act(conn, &work, &actor)
        })
    }

    /// Renews the lease.
    fn keep(self: &Arc<Self>) -> Result<Advance> {
        self.write(|conn, work, actor| jobs::keep(conn, actor, &work.claim))
    }

    fn write_file(
        self: &Arc<Self>,
        file: Uuid,
        stop: &AtomicBool,
        each: &mut impl FnMut(i64),
    ) -> std::result::Result<Ended, Failure> {
        let total = self.input.rows;
        self.write(move |conn, work, actor| {
            jobs::begin_anew(conn, actor, &work.claim)?;
            match total {
                Some(total) => jobs::set_total(conn, actor, &work.claim, total),
                None => Ok(()),
            }
        })?;
        let files = &self.bench.files;
        let writer = files.create(file).map_err(Error::internal)?;
        let cancelled = Arc::new(AtomicBool::new(false));
        let to = Measured::new(writer, self.breath(&cancelled));
        let zone = self.bench.settings.zone();
        let Input { list, format, profile, language, .. } = self.input;
        let manner = Manner { list, format, profile, language, zone };
        let heads = columns::shown_heads(list, self.input.columns.as_deref(), profile);
        let written = self.write_rows(Table::begin(manner, &heads, to, files.folder())?, stop, each);
        if cancelled.load(Ordering::SeqCst) {
            return Err(Failure::Cancelled);
        }
        let Some((to, rows)) = written? else {
            self.write(|conn, work, actor| jobs::let_go(conn, actor, &work.claim))?;
            return Ok(Ended::Stopped);
        };
        let (writer, bytes, digest) = to.end();
        writer.finish().map_err(Error::internal)?;
        self.write(move |conn, work, actor| {
            // The list may have grown or shrunk since it was counted.
            jobs::set_total(conn, actor, &work.claim, rows)?;
            let name = jobs::read(conn, actor, work.claim.id)?.title;
            let made = MadeFile { id: file, name, format, bytes, digest: digest.clone() };
            jobs::finish_with(conn, actor, &work.claim, &made)
        })?;
        Ok(Ended::Over)
    }

    /// Reads page by page and writes row by row; gives the file, whole but not ended, and its rows; nothing when it was told to stop.
    fn write_rows<W: io::Write + Send>(
        self: &Arc<Self>,
        mut table: Table<W>,
        stop: &AtomicBool,
        each: &mut impl FnMut(i64),
    ) -> std::result::Result<Option<(Measured<W>, i64)>, Failure> {
        let (most, too_many) = self.most_rows();
        let mut written = HashSet::new();
        let mut cursor = None;
        loop {
            if stop.load(Ordering::SeqCst) {
                return Ok(None);
            }
            let pages = self.read(cursor.take())?;
            let before = written.len();
            for (id, cells) in pages.iter().flat_map(|page| &page.rows) {
                // One that has moved back in the list comes again.
                if !written.insert(*id) {
                    continue;
                }
                if counted(written.len()) > most {
                    return Err(Failure::Job(too_many.with("max", most)));
                }
                table.row(cells)?;
            }
            let processed = counted(written.len() - before);
            let progress = Progress { processed, counts: JobCounts::default(), lasts: false };
            match self.write(move |conn, work, actor| jobs::advance(conn, actor, &work.claim, progress))? {
                Advance::GoOn => {}
                Advance::Cancelled => return Err(Failure::Cancelled),
            }
            each(counted(written.len()));
            cursor = pages.last().and_then(|page| page.page.next.clone());
            if cursor.is_none() {
                return Ok(Some((table.end()?, counted(written.len()))));
            }
        }
    }

    /// How many rows the file may have, and what is said when there are more.
    fn most_rows(&self) -> (i64, FieldError) {
        match (&self.input.reason, self.input.format) {
            (None, _) => (ROWS_WITHOUT_REASON, FieldError::new("", "reason_needed")),
            (Some(_), ExportFormat::Csv) => (MOST_ROWS, FieldError::new("", "too_many_rows")),
            (Some(_), ExportFormat::Xlsx) => {
                (MOST_ROWS_OF_SHEET, FieldError::new("", "too_many_rows_for_xlsx"))
            }
        }
    }

    /// The next pages, for the user who started the job with the rights of this moment.
    fn read(self: &Arc<Self>, cursor: Option<String>) -> std::result::Result<Vec<Rows>, Failure> {
        let mut tries = 1;
        loop {
            let (work, cursor) = (Arc::clone(self), cursor.clone());
            match self.bench.db.read_blocking(move |conn| work.pages(conn, cursor)) {
                Ok(Some(pages)) => return Ok(pages),
                Ok(None) => return Err(Failure::Job(FieldError::new("", "may_export_no_longer"))),
                Err(error) if error.code == Code::Overloaded && tries < PATIENCE => tries += 1,
                // What could be read when the job was started cannot be read with other rights.
                Err(error) if error.code.status() < 500 => {
                    let field = error.fields.into_iter().next();
                    let told = field.unwrap_or_else(|| FieldError::new("", "may_export_no_longer"));
                    return Err(Failure::Job(FieldError { pointer: String::new(), ..told }));
                }
                Err(error) => return Err(Failure::Work(error)),
            }
        }
    }

    /// Nothing when the user may no longer take the list out.
    fn pages(&self, conn: &mut DbConn, mut cursor: Option<String>) -> Result<Option<Vec<Rows>>> {
        let (now, job) = ((self.now)(), self.claim.id.uuid());
        let actor = match self.claim.created_by {
            None => Some(Actor::operator_job(now, job)),
            Some(user) => sessions::acting_for(conn, user, job, now)?,
        };
        let may = |actor: &Actor| lists::may_export(actor, self.input.list, self.input.profile);
        let Some(actor) = actor.filter(may) else { return Ok(None) };
        let house =
            House { keys: &self.bench.keys, settings: &self.bench.settings, directory: &self.directory };
        let mut pages = Vec::with_capacity(PAGES_AT_ONCE);
        while pages.len() < PAGES_AT_ONCE {
            let part = Part { limit: PAGE, cursor, total: false };
            let page = lists::page(conn, &actor, house, (&self.asked, self.input.profile), part)?;
            cursor = page.page.next.clone();
            pages.push(page);
            if cursor.is_none() {
                break;
            }
        }
        Ok(Some(pages))
    }

    /// Renews the lease while a file is packed, and notes when the job is to end.
    fn breath(self: &Arc<Self>, cancelled: &Arc<AtomicBool>) -> Box<dyn FnMut() -> io::Result<()> + Send> {
        let (work, cancelled) = (Arc::clone(self), Arc::clone(cancelled));
        let mut last = (work.now)();
        Box::new(move || {
            let now = (work.now)();
            if now < last.plus_seconds(BREATH_SECONDS) {
                return Ok(());
            }
            last = now;
            match work.keep() {
                Ok(Advance::GoOn) => Ok(()),
                Ok(Advance::Cancelled) => {
                    cancelled.store(true, Ordering::SeqCst);
                    Err(io::Error::other("the job was cancelled"))
                }
                Err(error) => Err(io::Error::other(error.cause.unwrap_or_default())),
            }
        })
    }
}
