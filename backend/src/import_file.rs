//! `guanxi import`: the same job as a request starts, run by the command line, beside a live server too.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use guanxi_api::{DuplicateAction, FileLayout, ImportMapping, JobDetails, NewImport};
use guanxi_db::{Id, Moment};
use uuid::Uuid;
use validator::Validate;

use crate::access::Actor;
use crate::error::{Code, Error, Result};
use crate::imports::{self, Checked, Received, check, run, start};
use crate::jobs::{self, Bench, Claim, JobId, details};
use crate::web::read_json;

/// A mapping as it stands in a file, with how the data file is read.
#[derive(Clone, Debug, serde::Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct MappingFile {
    #[serde(default)]
    #[validate(nested)]
    pub layout: FileLayout,
    #[validate(nested)]
    pub mapping: ImportMapping,
}

/// What an import from the command line is told.
#[derive(Debug)]
pub struct Order<'a> {
    pub file: &'a Path,
    /// A file with it, or else the name of one that the bank shares.
    pub mapping: &'a Path,
    pub dry_run: bool,
    pub duplicates: DuplicateAction,
}

/// How often it is looked whether a job that another process left behind is free.
const LOOK: Duration = Duration::from_secs(1);

/// Imports a file; `each` is told how many records are done and how many there are. An import of the same file by the same mapping that was
/// broken off goes on where it ended.
///
/// # Errors
/// 422 with what does not fit; when a file cannot be read, or the database fails.
pub fn import_file(
    bench: &Bench,
    order: &Order<'_>,
    now: fn() -> Moment,
    mut each: impl FnMut(i64, Option<i64>),
) -> Result<JobDetails> {
    let cannot = |path: &Path, why: std::io::Error| Error::internal(format!("{}: {why}", path.display()));
    let MappingFile { layout, mapping } = match std::fs::read(order.mapping) {
        Ok(text) => read_json(&text)?,
        Err(why) => {
            let name = order.mapping.to_string_lossy().into_owned();
            let shared = bench.db.read_blocking(move |conn| imports::shared_mapping(conn, &name));
            let mapping = shared.map_err(|error| match error.code {
                Code::NotFound => cannot(order.mapping, why),
                _ => error,
            })?;
            MappingFile { layout: FileLayout::default(), mapping }
        }
    };
    let name = order.file.file_name().map_or_else(|| "import".into(), |name| name.to_string_lossy());
    let actor = Actor::operator(now());
    let mut received = Received::begin(&bench.files, &actor)?;
    let mut file = File::open(order.file).map_err(|why| cannot(order.file, why))?;
    let mut piece = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut piece).map_err(|why| cannot(order.file, why))?;
        if read == 0 {
            break;
        }
        received.take(piece.get(..read).unwrap_or_default())?;
    }
    let stored = received.end_as_text(&bench.files, &actor, None)?;
    let (by, name) = (actor.clone(), name.into_owned());
    let sent = bench.db.write_blocking(move |conn| {
        let id = imports::receive(conn, &by, &name, &stored)?;
        imports::find(conn, &by, id)
    })?;
    let new = NewImport {
        upload_id: Uuid::nil(),
        layout,
        mapping,
        dry_run: order.dry_run,
        duplicates: order.duplicates,
        decisions: Vec::new(),
    };
    let file = sent.id();
    let forget = || {
        bench.files.remove(file.uuid()).map_err(Error::internal)?;
        bench.db.write_blocking(move |conn| imports::forget(conn, file))
    };
    let checked = match check(&bench.files, &sent, &new) {
        Ok(checked) => checked,
        Err(error) => {
            forget()?;
            return Err(error);
        }
    };
    let claim = match claim(bench, &actor, checked, now)? {
        Taken::New(claim) => claim,
        Taken::Left(claim) => {
            forget()?;
            claim
        }
        Taken::Ended(id) => {
            forget()?;
            return bench.db.read_blocking(move |conn| details(conn, &actor, id));
        }
    };
    let (id, total) = (claim.id, std::cell::Cell::new(claim.total));
    let stop = AtomicBool::new(false);
    run(bench, &claim, &stop, now, |done| {
        if total.get().is_none() {
            let by = actor.clone();
            let known = bench.db.read_blocking(move |conn| jobs::read(conn, &by, id));
            total.set(known.ok().and_then(|job| job.total));
        }
        each(done, total.get());
    })?;
    bench.db.read_blocking(move |conn| details(conn, &actor, id))
}

/// The job that an import is.
enum Taken {
    New(Claim),
    /// It was broken off, and has its file already.
    Left(Claim),
    /// It was broken off, and a server has brought it to its end.
    Ended(JobId),
}

/// Takes the job of an import that was broken off, else a new one.
fn claim(bench: &Bench, actor: &Actor, checked: Checked, now: fn() -> Moment) -> Result<Taken> {
    let holder = Id::new(Uuid::now_v7());
    let by = actor.clone();
    let left = bench.db.read_blocking(move |conn| jobs::unfinished(conn, &by))?;
    let same = left.into_iter().find(|(_, dry_run, input)| checked.is_of(*dry_run, input));
    let id: JobId = match same {
        Some((id, ..)) => id,
        None => {
            let by = actor.clone();
            let claim = bench.db.write_blocking(move |conn| {
                let id = start(conn, &by, &checked)?;
                jobs::claim_this(conn, &by, holder, id)?
                    .ok_or_else(|| Error::internal("another process took the job"))
            })?;
            return Ok(Taken::New(claim));
        }
    };
    Ok(free(bench, id, now)?.map_or(Taken::Ended(id), Taken::Left))
}

/// Takes a job that another process may be working on, as soon as it is free; none when it has ended.
fn free(bench: &Bench, id: JobId, now: fn() -> Moment) -> Result<Option<Claim>> {
    let holder = Id::new(Uuid::now_v7());
    loop {
        let at = Actor::operator(now());
        match bench.db.write_blocking(move |conn| jobs::claim_this(conn, &at, holder, id)) {
            Ok(Some(claim)) => return Ok(Some(claim)),
            Ok(None) => std::thread::sleep(LOOK),
            Err(error) if error.fields.iter().any(|field| field.code == "job_has_ended") => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

/// Takes back what an import from the command line has done; an undoing that was broken off goes on.
///
/// # Errors
/// 404 when there is no such import; 409 when it has not ended, has done nothing or is undone already; when the database fails.
pub fn undo_import(bench: &Bench, import: Uuid, now: fn() -> Moment) -> Result<JobDetails> {
    let actor = Actor::operator(now());
    let (by, import) = (actor.clone(), JobId::new(import));
    let left = bench.db.read_blocking(move |conn| details(conn, &by, import))?.undone_by;
    let by = actor.clone();
    let unfinished = bench.db.read_blocking(move |conn| jobs::unfinished(conn, &by))?;
    let broken_off = left.map(JobId::new).filter(|id| unfinished.iter().any(|(other, ..)| other == id));
    let id = match broken_off {
        Some(id) => id,
        None => {
            let by = actor.clone();
            bench.db.write_blocking(move |conn| imports::start_undo(conn, &by, import))?
        }
    };
    if let Some(claim) = free(bench, id, now)? {
        run(bench, &claim, &AtomicBool::new(false), now, |_| {})?;
    }
    bench.db.read_blocking(move |conn| details(conn, &actor, id))
}
