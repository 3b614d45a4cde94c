//! The work of an import: outside of requests, by the job loop or the command line.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use guanxi_api::{BulkStatus, CsvProfile, Delimiter, DuplicateAction, JobCounts, JobKind, TextEncoding};
use guanxi_db::{DbConn, Moment};
use serde_json::json;

use crate::access::{Actor, Keys, Right, sessions};
use crate::customers::{self, BulkLine, CustomerId, House, LineOutcome};
use crate::error::{Error, FieldError, Result};
use crate::imports::bank::Bank;
use crate::imports::duplicates::{self, Documents, Known};
use crate::imports::mapping::{Line, Plan};
use crate::imports::reading::{ReadError, Record, Records, decoded, unpacked};
use crate::imports::ties::{self, Ahead, Households};
use crate::imports::{Input, brought, problems, store, undo};
use crate::installation::Settings;
use crate::jobs::{self, Advance, Bench, Claim, Ended, Progress};
use crate::org::Directory;
use crate::spreadsheet;

/// Records of a transaction: with fifteen rows each they take some 50 ms.
const STEP: usize = 200;
/// Most records of a file: their keys are held in memory.
const MOST_RECORDS: i64 = 2_000_000;
/// After how many records of a pass over the file the lease is renewed: well within a second.
const BREATH: i64 = 20_000;
/// How often a step is tried that others get in the way of.
const ATTEMPTS: usize = 3;

/// What a step needs, whatever its records are.
struct Work {
    claim: Claim,
    input: Input,
    plan: Plan,
    keys: Arc<Keys>,
    settings: Settings,
}

/// Works on an import, or on undoing one, until it ends or `stop` is set. `each` is told how many records, or changes, are done after each step.
///
/// # Errors
/// When the database or the file system fails: then the job waits until its lease has run out, and somebody goes on after the last step.
pub fn run(
    bench: &Bench,
    claim: &Claim,
    stop: &AtomicBool,
    now: fn() -> Moment,
    mut each: impl FnMut(i64),
) -> Result<Ended> {
    if claim.kind == JobKind::ImportUndo {
        return undo::run(bench, claim, stop, now, each);
    }
    let input: Input = serde_json::from_value(claim.input.clone()).map_err(Error::internal)?;
    let plan = Plan::of(&input.mapping, &input.columns)?;
    let work = Arc::new(Work {
        claim: claim.clone(),
        input,
        plan,
        keys: Arc::clone(&bench.keys),
        settings: bench.settings.clone(),
    });
    match take_all(bench, &work, stop, now, &mut each) {
        Ok(ended) => Ok(ended),
        Err(Failure::Work(error)) => Err(error),
        Err(Failure::Job(field)) => {
            bench.db.write_blocking(move |conn| {
                let actor = Actor::operator_job(now(), work.claim.id.uuid());
                jobs::fail(conn, &actor, &work.claim, &field)
            })?;
            Ok(Ended::Over)
        }
    }
}

/// Why the work ends early.
enum Failure {
    /// Something broke; it is tried again.
    Work(Error),
    /// The job cannot be done.
    Job(FieldError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Work(error)
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::File(field) => Failure::Job(field),
            ReadError::Io(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Failure::Job(FieldError::new("", "file_is_gone"))
            }
            ReadError::Io(error) => Failure::Work(Error::internal(error)),
        }
    }
}

/// The records of a file after those that name its columns.
struct Table {
    records: Records<Box<dyn Read>>,
    guarded: bool,
}

impl Table {
    fn open(bench: &Bench, input: &Input) -> std::result::Result<Table, ReadError> {
        let file = bench.files.open(input.upload_id)?;
        let text = unpacked(file, u64::try_from(input.bytes).unwrap_or(0))?;
        let encoding = input.layout.encoding.unwrap_or(TextEncoding::Utf8);
        let delimiter = input.layout.delimiter.unwrap_or(Delimiter::Comma);
        let mut records = Records::new(Box::new(decoded(text, encoding)) as Box<dyn Read>, delimiter);
        for _ in 0..input.layout.header_record.unwrap_or(1) {
            records.next()?;
        }
        Ok(Table { records, guarded: input.layout.profile == Some(CsvProfile::Spreadsheet) })
    }

    fn next(&mut self) -> std::result::Result<Option<Record>, ReadError> {
        let mut record = self.records.next()?;
        if let (true, Some(record)) = (self.guarded, &mut record) {
            for value in &mut record.values {
                let plain = spreadsheet::unguarded(value);
                if plain.len() < value.len() {
                    *value = plain.to_owned();
                }
            }
        }
        Ok(record)
    }
}

/// The keys that have been met, by their hashes: a file names a customer once.
#[derive(Default)]
struct Met(HashSet<u64>);

impl Met {
    /// Whether a key is met for the first time.
    fn is_new(&mut self, key: Option<&str>) -> bool {
        key.is_none_or(|key| {
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            self.0.insert(hasher.finish())
        })
    }
}

fn take_all(
    bench: &Bench,
    work: &Arc<Work>,
    stop: &AtomicBool,
    now: fn() -> Moment,
    each: &mut impl FnMut(i64),
) -> std::result::Result<Ended, Failure> {
    let mut ahead = Ahead::default();
    // The customers whom others are tied to may come later.
    if work.claim.total.is_none() || work.plan.ties() {
        let mut table = Table::open(bench, &work.input)?;
        let mut total = 0;
        while let Some(record) = table.next()? {
            total += 1;
            if let Some(key) = work.plan.key(&record).filter(|_| work.plan.ties()) {
                ahead.comes(&key);
            }
            if total > MOST_RECORDS {
                let field = FieldError::new("", "too_many_records").with("max", MOST_RECORDS);
                return Err(Failure::Job(field));
            }
            if let Some(ended) = breathe(bench, work, stop, now, total)? {
                return Ok(ended);
            }
        }
        let of = Arc::clone(work);
        bench.db.write_blocking(move |conn| {
            jobs::set_total(conn, &Actor::operator_job(now(), of.claim.id.uuid()), &of.claim, total)
        })?;
    }
    let mut table = Table::open(bench, &work.input)?;
    let mut met = Met::default();
    let mut documents = Documents::default();
    let mut households = Households::default();
    let ahead = Arc::new(ahead);
    let mut done = 0;
    while done < work.claim.processed {
        let Some(record) = table.next()? else { break };
        if met.is_new(work.plan.key(&record).as_deref()) {
            documents.earlier(work.plan.document(&record).as_deref(), record.line);
            households.meet(&work.plan, &record);
        }
        done += 1;
        if let Some(ended) = breathe(bench, work, stop, now, done)? {
            return Ok(ended);
        }
    }
    loop {
        if stop.load(Ordering::SeqCst) {
            return Ok(stopped(bench, work, now)?);
        }
        let mut records = Vec::with_capacity(STEP);
        while records.len() < STEP {
            let Some(record) = table.next()? else { break };
            let first = met.is_new(work.plan.key(&record).as_deref());
            let document = work.plan.document(&record).filter(|_| first);
            let of_line = documents.earlier(document.as_deref(), record.line);
            let untied = if first { households.meet(&work.plan, &record) } else { Vec::new() };
            records.push(Taken { record, first, of_line, untied });
        }
        let count = i64::try_from(records.len()).unwrap_or(i64::MAX);
        let (of, records) = (Arc::clone(work), Arc::new(records));
        if count == 0 {
            if let Some(ended) = tie_all(bench, work, stop, now, &mut || each(done))? {
                return Ok(ended);
            }
            bench.db.write_blocking(move |conn| {
                jobs::finish(conn, &Actor::operator_job(now(), of.claim.id.uuid()), &of.claim, json!({}))
                    .map(drop)
            })?;
            return Ok(Ended::Over);
        }
        let stepped = patiently(|| {
            let (of, records, ahead) = (Arc::clone(&of), Arc::clone(&records), Arc::clone(&ahead));
            bench.db.write_blocking(move |conn| step(conn, &of, &records, &ahead, now()))
        })?;
        done += count;
        each(done);
        match stepped {
            Stepped::On(Advance::GoOn) => {}
            Stepped::On(Advance::Cancelled) => return Ok(Ended::Over),
            Stepped::Refused(field) => return Err(Failure::Job(field)),
        }
    }
}

/// Ties the customers of a file to others, now that all of them are there; gives how the job ended, if it did.
fn tie_all(
    bench: &Bench,
    work: &Arc<Work>,
    stop: &AtomicBool,
    now: fn() -> Moment,
    each: &mut dyn FnMut(),
) -> std::result::Result<Option<Ended>, Failure> {
    if work.claim.dry_run || !work.plan.ties() {
        return Ok(None);
    }
    let mut table = Table::open(bench, &work.input)?;
    loop {
        if stop.load(Ordering::SeqCst) {
            return Ok(Some(stopped(bench, work, now)?));
        }
        let mut records = Vec::with_capacity(STEP);
        while records.len() < STEP {
            let Some(record) = table.next()? else { break };
            records.push(record);
        }
        if records.is_empty() {
            return Ok(None);
        }
        let (of, records) = (Arc::clone(work), Arc::new(records));
        let stepped = bench.db.write_blocking(move |conn| tie_some(conn, &of, &records, now()))?;
        each();
        match stepped {
            Stepped::On(Advance::GoOn) => {}
            Stepped::On(Advance::Cancelled) => return Ok(Some(Ended::Over)),
            Stepped::Refused(field) => return Err(Failure::Job(field)),
        }
    }
}

/// Looks, every few thousand records of a pass over the file, whether the work is to stop, and keeps the lease.
fn breathe(
    bench: &Bench,
    work: &Arc<Work>,
    stop: &AtomicBool,
    now: fn() -> Moment,
    read: i64,
) -> Result<Option<Ended>> {
    if read % BREATH != 0 {
        return Ok(None);
    }
    if stop.load(Ordering::SeqCst) {
        return stopped(bench, work, now).map(Some);
    }
    let of = Arc::clone(work);
    let kept = bench.db.write_blocking(move |conn| {
        jobs::keep(conn, &Actor::operator_job(now(), of.claim.id.uuid()), &of.claim)
    })?;
    Ok((kept == Advance::Cancelled).then_some(Ended::Over))
}

fn stopped(bench: &Bench, work: &Arc<Work>, now: fn() -> Moment) -> Result<Ended> {
    let of = Arc::clone(work);
    bench.db.write_blocking(move |conn| {
        jobs::let_go(conn, &Actor::operator_job(now(), of.claim.id.uuid()), &of.claim)
    })?;
    Ok(Ended::Stopped)
}

/// Does a step again when somebody else has created one of its customers in the meantime: then it is one that exists.
fn patiently<T>(step: impl Fn() -> Result<T>) -> Result<T> {
    let taken = |error: &Error| error.fields.iter().any(|field| field.code == "taken");
    (1..ATTEMPTS)
        .find_map(|_| match step() {
            Err(error) if taken(&error) => None,
            other => Some(other),
        })
        .unwrap_or_else(step)
}

/// How a step went.
enum Stepped {
    On(Advance),
    /// Nothing was written: whoever started the job may no longer.
    Refused(FieldError),
}

/// A record of a step.
struct Taken {
    record: Record,
    /// It is the first of the file with its key.
    first: bool,
    /// The line of an earlier one with the same identity document.
    of_line: Option<i64>,
    /// What earlier ones of the file forbid it to say of households.
    untied: Vec<FieldError>,
}

impl Taken {
    fn line(&self) -> i64 {
        i64::try_from(self.record.line).unwrap_or(i64::MAX)
    }
}

/// What came of a record.
enum Came {
    Of(Box<LineOutcome>, bool),
    /// It changes the customer of an earlier record, which a dry run does not make.
    WouldMerge,
    Skipped,
}

/// Who works on an import, with the rights of this moment; otherwise how the step ends before anything is done.
fn begin(conn: &mut DbConn, work: &Work, now: Moment) -> Result<std::result::Result<Actor, Stepped>> {
    let Work { claim, plan, .. } = work;
    let actor = match claim.created_by {
        None => Actor::operator_job(now, claim.id.uuid()),
        Some(user) => {
            let actor = sessions::acting_for(conn, user, claim.id.uuid(), now)?;
            match actor.filter(|actor| actor.may(Right::RunImports)) {
                Some(actor) => actor,
                None => return Ok(Err(Stepped::Refused(FieldError::new("", "may_import_no_longer")))),
            }
        }
    };
    // Whoever has lost the lease or was told to end does nothing more.
    if jobs::keep(conn, &actor, claim)? == Advance::Cancelled {
        return Ok(Err(Stepped::On(Advance::Cancelled)));
    }
    if let Some(target) = plan.targets().find(|target| !actor.may(brought::right_to(*target))) {
        let field = FieldError::new("", "may_bring_no_longer").with("target", target.as_str());
        return Ok(Err(Stepped::Refused(field)));
    }
    Ok(Ok(actor))
}

/// Ties the customers of some records to others, in one transaction with what that changes of the counts.
fn tie_some(conn: &mut DbConn, work: &Work, records: &[Record], now: Moment) -> Result<Stepped> {
    let Work { claim, plan, keys, settings, .. } = work;
    let actor = match begin(conn, work, now)? {
        Ok(actor) => actor,
        Err(ended) => return Ok(ended),
    };
    let house = House { keys, settings, directory: &Directory::default() };
    let counts = ties::take(conn, &actor, house, (plan, claim.id), records)?;
    jobs::advance(conn, &actor, claim, Progress { processed: 0, counts, lasts: true }).map(Stepped::On)
}

/// Takes some records, in one transaction with how far the job is.
fn step(conn: &mut DbConn, work: &Work, records: &[Taken], ahead: &Ahead, now: Moment) -> Result<Stepped> {
    let Work { claim, plan, keys, settings, .. } = work;
    let actor = match begin(conn, work, now)? {
        Ok(actor) => actor,
        Err(ended) => return Ok(ended),
    };
    let house = House { keys, settings, directory: &Directory::default() };
    let mut bank = Bank::new(conn, settings, &actor);
    let mut lines = Vec::with_capacity(records.len());
    for taken in records {
        lines.push(match plan.read(&taken.record, &mut bank) {
            Ok(_) if !taken.first => Err(Error::field("/external/id", "duplicate")),
            Err(error) if error.code.status() >= 500 => return Err(error),
            Ok(_) if !taken.untied.is_empty() => Err(Error::fields(taken.untied.clone())),
            read => read,
        });
    }
    let told: Vec<_> =
        records.iter().zip(&lines).map(|(taken, line)| (taken.line(), taken.of_line, line)).collect();
    let mut known = duplicates::find(conn, &actor, house, &work.input, &told)?;
    let came = take(conn, (work, ahead), &actor, house, (records, lines), &mut known)?;
    let mut counts = JobCounts::default();
    let (mut wrong, mut likely) = (Vec::new(), Vec::new());
    let one = |yes: bool| i64::from(yes);
    for (taken, (came, found)) in records.iter().zip(came.iter().zip(&known.found)) {
        if let Some(found) = found {
            counts.duplicates += 1;
            likely.push(duplicates::row(&actor, claim.id, taken.line(), found));
        }
        let merges = found.is_some_and(|found| found.action == DuplicateAction::Merge);
        let (outcome, brings) = match came {
            Came::Of(outcome, brings) => (outcome, *brings),
            Came::WouldMerge => {
                counts.updated += 1;
                counts.merged += 1;
                continue;
            }
            Came::Skipped => {
                counts.skipped += 1;
                continue;
            }
        };
        *match outcome.status {
            BulkStatus::Created => &mut counts.created,
            BulkStatus::Unchanged if brings => &mut counts.updated,
            BulkStatus::Updated => &mut counts.updated,
            BulkStatus::Unchanged | BulkStatus::Stale => &mut counts.unchanged,
            BulkStatus::Failed => &mut counts.failed,
        } += 1;
        counts.merged += one(merges && outcome.status != BulkStatus::Failed);
        counts.conflicts += i64::try_from(outcome.conflicts.len()).unwrap_or(i64::MAX);
        if let Some(error) = &outcome.error {
            wrong.push(problems::row(&actor, keys, claim.id, plan, &taken.record, error)?);
        }
    }
    store::insert_problems(conn, &wrong)?;
    store::insert_duplicates(conn, &likely)?;
    let processed = i64::try_from(records.len()).unwrap_or(i64::MAX);
    jobs::advance(conn, &actor, claim, Progress { processed, counts, lasts: true }).map(Stepped::On)
}

/// Does what was decided about each record. Those that change a customer whom another one of the step makes or changes come after it,
/// so it may take several rounds.
fn take(
    conn: &mut DbConn,
    (work, ahead): (&Work, &Ahead),
    actor: &Actor,
    house: House<'_>,
    (records, lines): (&[Taken], Vec<Result<Line>>),
    known: &mut Known,
) -> Result<Vec<Came>> {
    let mut came: Vec<Option<Came>> = records.iter().map(|_| None).collect();
    let mut waiting: Vec<Option<Result<Line>>> = lines.into_iter().map(Some).collect();
    let mut first_round = true;
    loop {
        let (mut met, mut merged) = (HashSet::new(), HashSet::new());
        let (mut round, mut later) = (Vec::new(), Vec::new());
        for (at, line) in waiting.iter_mut().enumerate().filter(|(_, line)| line.is_some()) {
            let decided =
                known.found.get(at).copied().flatten().filter(|_| line.as_ref().is_some_and(Result::is_ok));
            match decided.map(|found| (found.action, found.customer)) {
                Some((DuplicateAction::Skip, _)) => {
                    *line = None;
                    set(&mut came, at, Came::Skipped);
                }
                Some((DuplicateAction::Merge, None)) if work.claim.dry_run => {
                    *line = None;
                    set(&mut came, at, Came::WouldMerge);
                }
                // Its customer is that of an earlier record, which this round may make.
                Some((DuplicateAction::Merge, None)) if first_round => later.push(at),
                Some((DuplicateAction::Merge, Some(id))) if met.contains(&id) || !merged.insert(id) => {
                    later.push(at);
                }
                Some((DuplicateAction::Merge, into)) => {
                    round.extend(line.take().map(|line| (at, line, into)))
                }
                _ => match known.keyed.get(at).copied().flatten() {
                    Some(id) if merged.contains(&id) => later.push(at),
                    id => {
                        met.extend(id);
                        round.extend(line.take().map(|line| (at, line, None)));
                    }
                },
            }
        }
        for (at, outcome, brings) in take_round(conn, (work, ahead), actor, house, records, round)? {
            set(&mut came, at, Came::Of(Box::new(outcome), brings));
        }
        if later.is_empty() {
            break;
        }
        if first_round {
            find_made(conn, work, actor, house, (records, &waiting), (&later, &mut known.found))?;
        }
        first_round = false;
    }
    came.into_iter()
        .collect::<Option<Vec<Came>>>()
        .ok_or_else(|| Error::internal("a record that nobody took"))
}

fn set(came: &mut [Option<Came>], at: usize, what: Came) {
    if let Some(place) = came.get_mut(at) {
        *place = Some(what);
    }
}

/// Looks anew for the customers of records that wait for earlier ones. Where the earlier one was not taken they are nobody's duplicates.
fn find_made(
    conn: &mut DbConn,
    work: &Work,
    actor: &Actor,
    house: House<'_>,
    (records, waiting): (&[Taken], &[Option<Result<Line>>]),
    (later, found): (&[usize], &mut [Option<duplicates::Found>]),
) -> Result<()> {
    let told: Vec<_> = later
        .iter()
        .filter_map(|at| Some((records.get(*at)?, waiting.get(*at)?.as_ref()?)))
        .map(|(taken, line)| (taken.line(), taken.of_line, line))
        .collect();
    let anew = duplicates::find(conn, actor, house, &work.input, &told)?;
    for (at, anew) in later.iter().zip(anew.found) {
        let waits = found.get_mut(*at).filter(|found| found.is_some_and(|found| found.customer.is_none()));
        if let Some(place) = waits {
            *place = anew.filter(|found| found.customer.is_some());
        }
    }
    Ok(())
}

/// Takes records none of which is about the customer of another.
fn take_round(
    conn: &mut DbConn,
    (work, ahead): (&Work, &Ahead),
    actor: &Actor,
    house: House<'_>,
    records: &[Taken],
    round: Vec<(usize, Result<Line>, Option<CustomerId>)>,
) -> Result<Vec<(usize, LineOutcome, bool)>> {
    let Work { claim, plan, keys, .. } = work;
    let (mut places, mut lines, mut into) = (Vec::new(), Vec::new(), Vec::new());
    for (at, line, customer) in round {
        places.push(at);
        lines.push(line);
        into.push(customer);
    }
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let todo = brought::plan(conn, actor, house, (plan.source(), ahead), &mut lines, &into)?;
    let numbered = places.iter().zip(lines.into_iter().zip(&into)).map(|(at, (read, into))| BulkLine {
        number: records.get(*at).map_or(0, |taken| u32::try_from(taken.record.line).unwrap_or(u32::MAX)),
        read: read.map(|line| line.customer),
        into: *into,
    });
    let lines: Vec<BulkLine> = numbered.collect();
    let outcomes = customers::upsert_lines(conn, actor, house, &lines, !claim.dry_run)?;
    if !claim.dry_run {
        let mut taken: Vec<Option<CustomerId>> = outcomes.iter().map(|outcome| outcome.id).collect();
        brought::to_survivors(conn, actor, &todo, &mut taken)?;
        let done = brought::write(conn, actor, house, claim.id, &todo, &taken)?;
        let numbers: Vec<i64> = lines.iter().map(|line| i64::from(line.number)).collect();
        undo::note(conn, keys, claim.id, &numbers, &outcomes, &done)?;
    }
    let bringing: HashSet<usize> = todo.iter().map(|one| one.line).collect();
    let came = places.into_iter().zip(outcomes).enumerate();
    Ok(came.map(|(n, (at, outcome))| (at, outcome, bringing.contains(&n))).collect())
}
