//! Taking back a whole import: a job of its own, which goes through what the import has done from its end to its beginning, some changes in a
//! transaction. What has been changed since, or is in use, stays as it is and is told, line by line. A change that is taken back is
//! forgotten in the same transaction, so a crash repeats and loses none.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use guanxi_api::{BulkStatus, ImportTarget, ImportUndo, JobCounts, JobKind};
use guanxi_db::{DbConn, Id, Moment};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::access::sealing::Context;
use crate::access::{Actor, Keys, Right, sessions};
use crate::customers::{self, ConflictBefore, CustomerId, CustomerState, House, LineOutcome};
use crate::error::{Code, Error, FieldError, Result};
use crate::holdings::{self, HoldingId};
use crate::imports::brought::{Before, Done, Was, right_to};
use crate::imports::start::own_input;
use crate::imports::store::{self, ChangeRow, ImportedRow, ProblemRow};
use crate::imports::{Input, problems};
use crate::installation::Settings;
use crate::interactions::{self, InteractionId};
use crate::jobs::{self, Advance, Bench, Claim, Ended, JobId, Progress};
use crate::org::Directory;
use crate::relations::{self, HouseholdId, RelationId};
use crate::surveys::{self, AnswerId};
use crate::tasks;

/// Changes of a transaction.
const STEP: i64 = 200;
/// The target of changes of customers, beside [`ImportTarget`].
const CUSTOMER: &str = "customer";
/// That of conflicts with verified fields, whose places come after all that a record brings.
const CONFLICT: &str = "field_conflict";
const CONFLICTS: i32 = 1000;
/// What ties customers to others stands after all lines of the file, as it was written after them: so it is taken back first.
const TIES: i64 = 1 << 40;

/// Writes down what a step of an import has done, in its transaction; `numbers` are the lines of the file, in the order of `outcomes`.
///
/// # Errors
/// When the database fails.
pub(super) fn note(
    conn: &mut DbConn,
    keys: &Keys,
    job_id: JobId,
    numbers: &[i64],
    outcomes: &[LineOutcome],
    done: &[Done],
) -> Result<()> {
    let mut rows = Vec::with_capacity(outcomes.len() + done.len());
    for (line, outcome) in numbers.iter().zip(outcomes) {
        let (Some(id), Some(version)) = (outcome.id, outcome.version) else { continue };
        for (place, opened) in (CONFLICTS..).zip(&outcome.conflicts) {
            let before = opened.before.as_ref();
            rows.push(ChangeRow {
                job_id,
                line: *line,
                place,
                target: CONFLICT.to_owned(),
                record_id: Id::new(opened.id.uuid()),
                customer_id: id,
                version: opened.version,
                key: None,
                before: before.map(|was| sealed(keys, (job_id, *line, place), was)).transpose()?,
            });
        }
        if !matches!(outcome.status, BulkStatus::Created | BulkStatus::Updated) {
            continue;
        }
        rows.push(ChangeRow {
            job_id,
            line: *line,
            place: 0,
            target: CUSTOMER.to_owned(),
            record_id: Id::new(id.uuid()),
            customer_id: id,
            version,
            key: None,
            before: outcome
                .before
                .as_ref()
                .map(|state| sealed(keys, (job_id, *line, 0), state))
                .transpose()?,
        });
    }
    for one in done {
        let Some(line) = numbers.get(one.line) else { continue };
        let place = i32::try_from(one.place).unwrap_or(i32::MAX - 1) + 1;
        rows.push(ChangeRow {
            job_id,
            line: *line,
            place,
            target: one.target.as_str().to_owned(),
            record_id: one.record_id,
            customer_id: one.customer_id,
            version: one.version,
            key: Some(one.key.to_vec()),
            before: one.before.as_ref().map(|was| sealed(keys, (job_id, *line, place), was)).transpose()?,
        });
    }
    store::insert_changes(conn, &rows)
}

/// The same for ties; `numbers` are the lines that they come from, by the lines of `done`.
///
/// # Errors
/// When the database fails.
pub(super) fn note_ties(
    conn: &mut DbConn,
    keys: &Keys,
    job_id: JobId,
    numbers: &[i64],
    done: &[Done],
) -> Result<()> {
    let numbers: Vec<i64> = numbers.iter().map(|number| number + TIES).collect();
    note(conn, keys, job_id, &numbers, &[], done)
}

/// The line of the file that a change comes from.
const fn line_of(row: &ChangeRow) -> i64 {
    if row.line > TIES { row.line - TIES } else { row.line }
}

fn context((job, line, place): (JobId, i64, i32)) -> Vec<u8> {
    let mut id = job.uuid().as_bytes().to_vec();
    id.extend(line.to_be_bytes());
    id.extend(place.to_be_bytes());
    id
}

fn sealed_at(id: &[u8]) -> Context<'_> {
    Context { table: "import_change", column: "before", id }
}

fn sealed(keys: &Keys, at: (JobId, i64, i32), was: &impl Serialize) -> Result<Vec<u8>> {
    let open = serde_json::to_vec(was).map_err(Error::internal)?;
    keys.data().seal(&open, &sealed_at(&context(at))).map_err(Error::internal)
}

/// How something was, if the import has not made it.
fn before<T: DeserializeOwned>(keys: &Keys, row: &ChangeRow) -> Result<Option<T>> {
    let open = |sealed: &Vec<u8>| {
        let at = context((row.job_id, row.line, row.place));
        let open = keys.data().open(sealed, &sealed_at(&at)).map_err(Error::internal)?;
        serde_json::from_slice(&open).map_err(Error::internal)
    };
    row.before.as_ref().map(open).transpose()
}

/// Starts to undo an import of one's own.
///
/// # Errors
/// 404 when there is none, 403 when it is somebody else's or the actor may not write what it has brought, 409 when it has not ended, has done
/// nothing, or is undone already.
pub fn start_undo(conn: &mut DbConn, actor: &Actor, id: JobId) -> Result<JobId> {
    let (input, _) = own_input(conn, actor, id)?;
    if input.mapping.records.iter().any(|record| !actor.may(right_to(record.target))) {
        return Err(Error::forbidden());
    }
    let by = jobs::undo(conn, actor, id, JobKind::Import)?;
    if store::last_changes(conn, id, 1)?.is_empty() {
        return Err(Error::conflict("", "nothing_to_undo"));
    }
    Ok(by)
}

/// What a step needs, whatever its changes are.
struct Work {
    claim: Claim,
    import: JobId,
    keys: Arc<Keys>,
    settings: Settings,
}

/// Works on undoing an import until it ends or `stop` is set.
///
/// # Errors
/// When the database fails: then the job waits until its lease has run out, and somebody goes on after the last step.
pub(super) fn run(
    bench: &Bench,
    claim: &Claim,
    stop: &AtomicBool,
    now: fn() -> Moment,
    each: impl FnMut(i64),
) -> Result<Ended> {
    let told: ImportUndo = serde_json::from_value(claim.input.clone()).map_err(Error::internal)?;
    let work = Arc::new(Work {
        claim: claim.clone(),
        import: JobId::new(told.import_id),
        keys: Arc::clone(&bench.keys),
        settings: bench.settings.clone(),
    });
    if claim.total.is_none() {
        let of = Arc::clone(&work);
        bench.db.write_blocking(move |conn| {
            let total = store::count_changes(conn, of.import)?;
            jobs::set_total(conn, &Actor::operator_job(now(), of.claim.id.uuid()), &of.claim, total)
        })?;
    }
    jobs::do_steps((bench, claim), stop, now, each, move |conn, now| step(conn, &work, now))
}

/// Takes some changes back, in one transaction with how far the job is, and gives how many; none when the job has ended.
fn step(conn: &mut DbConn, work: &Work, now: Moment) -> Result<Option<i64>> {
    let Work { claim, import, keys, settings } = work;
    let operator = Actor::operator_job(now, claim.id.uuid());
    let actor = match claim.created_by {
        None => operator,
        Some(user) => match sessions::acting_for(conn, user, claim.id.uuid(), now)? {
            Some(actor) if actor.may(Right::RunImports) => actor,
            _ => return refuse(conn, &operator, claim, FieldError::new("", "may_import_no_longer")),
        },
    };
    if jobs::keep(conn, &actor, claim)? == Advance::Cancelled {
        return Ok(None);
    }
    let Some(input) = input(conn, &actor, *import)? else {
        return refuse(conn, &actor, claim, FieldError::new("", "import_is_gone"));
    };
    if let Some(record) = input.mapping.records.iter().find(|record| !actor.may(right_to(record.target))) {
        let field = FieldError::new("", "may_bring_no_longer").with("target", record.target.as_str());
        return refuse(conn, &actor, claim, field);
    }
    let rows = store::last_changes(conn, *import, STEP)?;
    let Some(last) = rows.last().map(|row| (row.line, row.place)) else {
        jobs::finish(conn, &actor, claim, json!({})).map(drop)?;
        return Ok(None);
    };
    let house = House { keys, settings, directory: &Directory::default() };
    let mut undoing =
        Undoing { actor: &actor, house, source: &input.mapping.source, left: Vec::new(), gone: Vec::new() };
    undoing.take_back(conn, &rows)?;
    let told: Vec<ProblemRow> = undoing
        .left
        .iter()
        .map(|(row, why)| problems::left(&actor, keys, claim.id, line_of(row), &why.as_field(&row.target)))
        .collect::<Result<_>>()?;
    store::insert_problems(conn, &told)?;
    store::remove_changes_from(conn, *import, last)?;
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let failed = count(undoing.left.len());
    let counts = JobCounts { updated: count(rows.len()) - failed, failed, ..JobCounts::default() };
    let processed = count(rows.len());
    let progress = Progress { processed, counts, lasts: true };
    match jobs::advance(conn, &actor, claim, progress)? {
        Advance::GoOn => Ok(Some(processed)),
        Advance::Cancelled => Ok(None),
    }
}

fn refuse(conn: &mut DbConn, actor: &Actor, claim: &Claim, why: FieldError) -> Result<Option<i64>> {
    jobs::fail(conn, actor, claim, &why)?;
    Ok(None)
}

/// What the import was told; none when it is kept no longer.
fn input(conn: &mut DbConn, actor: &Actor, import: JobId) -> Result<Option<Input>> {
    match jobs::input(conn, actor, import, JobKind::Import) {
        Ok((input, _)) => serde_json::from_value(input).map_err(Error::internal).map(Some),
        Err(error) if error.code == Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Why something stays as it is.
#[derive(Clone, Copy, Debug)]
enum Left {
    ChangedSince,
    InUse,
}

impl Left {
    fn as_field(self, target: &str) -> FieldError {
        match self {
            Left::InUse => FieldError::new("", "in_use_since"),
            Left::ChangedSince => match ImportTarget::from_code(target) {
                None => FieldError::new("", "customer_changed_since"),
                Some(ImportTarget::Holding) => FieldError::new("", "holding_changed_since"),
                Some(ImportTarget::Interaction) => FieldError::new("", "contact_changed_since"),
                Some(ImportTarget::SurveyAnswer) => FieldError::new("", "answer_followed_up"),
                Some(ImportTarget::Relation) => FieldError::new("", "relation_changed_since"),
                Some(ImportTarget::Household) => FieldError::new("", "household_changed_since"),
            },
        }
    }
}

/// The changes of a step, and those of them that stay.
struct Undoing<'a> {
    actor: &'a Actor,
    house: House<'a>,
    /// The system that the file came from.
    source: &'a str,
    left: Vec<(&'a ChangeRow, Left)>,
    /// Keys, as `imported_record` has them, of households that are no longer there.
    gone: Vec<Vec<u8>>,
}

impl<'a> Undoing<'a> {
    fn take_back(&mut self, conn: &mut DbConn, rows: &'a [ChangeRow]) -> Result<()> {
        let of = |target: &str| rows.iter().filter(|row| row.target == target).collect::<Vec<_>>();
        self.relations(conn, &of(ImportTarget::Relation.as_str()))?;
        self.households(conn, &of(ImportTarget::Household.as_str()))?;
        self.holdings(conn, &of(ImportTarget::Holding.as_str()))?;
        self.contacts(conn, &of(ImportTarget::Interaction.as_str()))?;
        self.answers(conn, &of(ImportTarget::SurveyAnswer.as_str()))?;
        self.conflicts(conn, &of(CONFLICT))?;
        self.forget(conn, rows)?;
        self.customers(conn, &of(CUSTOMER))
    }

    fn relations(&mut self, conn: &mut DbConn, rows: &[&'a ChangeRow]) -> Result<()> {
        // Records that tell of a relation from both sides share its versions: what one of them is taken back from is what the other one left.
        let mut stands: HashMap<(RelationId, i64), i64> = HashMap::new();
        for row in rows {
            let id = RelationId::new(row.record_id.uuid());
            let which = (row.customer_id, id);
            let version = stands.get(&(id, row.version)).copied().unwrap_or(row.version);
            match before::<Before>(self.house.keys, row)? {
                Some(Before { was: Was::Relation(was), stood, .. }) => {
                    let done = relations::change(conn, self.actor, self.house, which, version, &was)
                        .and_then(|()| relations::relation_stands(conn, id));
                    if let Ok(now) = &done {
                        stands.extend([((id, stood), *now), ((id, row.version), *now)]);
                        store::stands_again(conn, row.record_id, (row.version, *now))?;
                    }
                    self.settle_as(conn, row, done, Some(stood))?;
                }
                _ => {
                    let done = relations::archive(conn, self.actor, which, version);
                    self.settle(row, done)?;
                }
            }
        }
        Ok(())
    }

    /// Members of one household are taken back together. They have one version where they came together, and the one before it where
    /// they came before.
    fn households(&mut self, conn: &mut DbConn, rows: &[&'a ChangeRow]) -> Result<()> {
        let mut of_household: BTreeMap<HouseholdId, Vec<&'a ChangeRow>> = BTreeMap::new();
        for row in rows {
            of_household.entry(HouseholdId::new(row.record_id.uuid())).or_default().push(row);
        }
        let ids: Vec<HouseholdId> = of_household.keys().copied().collect();
        let now = relations::household_stands(conn, &ids)?;
        for (id, rows) in of_household {
            let stands = now.get(&id).copied().unwrap_or_default();
            let mut versions = HashSet::from([stands]);
            let (mut untouched, mut were, mut key) = (Vec::new(), Vec::new(), Vec::new());
            for row in rows {
                match before::<Before>(self.house.keys, row)? {
                    Some(Before { was: Was::Member { was, household }, stood, .. })
                        if versions.contains(&row.version) =>
                    {
                        versions.insert(stood);
                        untouched.push(row);
                        were.push(was);
                        key = household;
                    }
                    _ => self.left.push((row, Left::ChangedSince)),
                }
            }
            if untouched.is_empty() {
                continue;
            }
            match relations::leave(conn, self.actor, self.house, (id, stands), &were) {
                Ok(left) => {
                    for stood in versions {
                        store::stands_again(conn, Id::new(id.uuid()), (stood, left.version))?;
                    }
                    if left.archived {
                        self.gone.push(key);
                    }
                }
                Err(error) if error.code.status() < 500 => self.leave(untouched.into_iter()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn holdings(&mut self, conn: &mut DbConn, rows: &[&'a ChangeRow]) -> Result<()> {
        let (changed, made): (Vec<&ChangeRow>, Vec<&ChangeRow>) =
            rows.iter().partition(|row| row.before.is_some());
        let id = |row: &ChangeRow| HoldingId::new(row.record_id.uuid());
        let loaded: Vec<(HoldingId, i64)> = made.iter().map(|row| (id(row), row.version)).collect();
        let gone = holdings::withdraw_many(conn, self.actor, self.house, &loaded)?;
        self.leave(made.into_iter().filter(|row| !gone.contains(&id(row))));
        for row in changed {
            let is = holdings::stated(conn, self.actor, id(row));
            let untouched = matches!(&is, Ok((_, version)) if *version == row.version);
            let before = before::<Before>(self.house.keys, row)?;
            let restated = match &before {
                Some(Before { was: Was::Holding(was), .. }) if untouched => {
                    holdings::restate(conn, self.actor, self.house, id(row), was)
                        .and_then(|()| Ok(holdings::stated(conn, self.actor, id(row))?.1))
                }
                _ => is.and(Err(Error::new(Code::Stale))),
            };
            self.settle_as(conn, row, restated, before.map(|before| before.stood))?;
        }
        Ok(())
    }

    fn contacts(&mut self, conn: &mut DbConn, rows: &[&'a ChangeRow]) -> Result<()> {
        for row in rows {
            let id = InteractionId::new(row.record_id.uuid());
            match before::<Before>(self.house.keys, row)? {
                Some(Before { was: Was::Contact(was), stood, .. }) => {
                    let done = interactions::change(conn, self.actor, id, row.version, &was);
                    self.settle_as(conn, row, done.map(|contact| contact.version), Some(stood))?;
                }
                _ => {
                    let done = interactions::archive(conn, self.actor, id, row.version);
                    self.settle(row, done.map(drop))?;
                }
            }
        }
        Ok(())
    }

    fn answers(&mut self, conn: &mut DbConn, rows: &[&'a ChangeRow]) -> Result<()> {
        let id = |row: &ChangeRow| AnswerId::new(row.record_id.uuid());
        let ids: Vec<AnswerId> = rows.iter().map(|row| id(row)).collect();
        let gone = surveys::withdraw_many(conn, self.actor, &ids)?;
        self.leave(rows.iter().copied().filter(|row| !gone.contains(&id(row))));
        Ok(())
    }

    /// What somebody has decided meanwhile stands, and nobody has to be told.
    fn conflicts(&mut self, conn: &mut DbConn, rows: &[&'a ChangeRow]) -> Result<()> {
        for row in rows {
            let before = before::<ConflictBefore>(self.house.keys, row)?;
            let id = Id::new(row.record_id.uuid());
            let done = customers::withdraw_conflict(conn, self.actor, id, row.version, before.as_ref());
            if before.is_some() && matches!(done, Ok(true)) {
                store::stands_again(conn, row.record_id, (row.version - 1, row.version + 1))?;
            }
            self.settle(row, done.map(drop))?;
        }
        Ok(())
    }

    /// What is gone can come anew; what is again what an earlier file has made it is known by what that file said.
    fn forget(&self, conn: &mut DbConn, rows: &[ChangeRow]) -> Result<()> {
        let left: HashSet<(i64, i32)> = self.left.iter().map(|(row, _)| (row.line, row.place)).collect();
        let undone = || rows.iter().filter(|row| !left.contains(&(row.line, row.place)));
        let (mut gone, mut changed) = (Vec::new(), HashMap::new());
        for row in undone() {
            match (&row.key, before_of_record(self.house.keys, row)?) {
                (Some(key), None) => gone.push(key.as_slice()),
                (Some(key), Some(before)) if before.said.is_empty() => gone.push(key.as_slice()),
                (Some(key), Some(before)) => drop(changed.insert(key.as_slice(), before)),
                (None, _) => {}
            }
        }
        gone.extend(self.gone.iter().map(Vec::as_slice));
        store::forget_imported(conn, &gone)?;
        let keys: Vec<&[u8]> = changed.keys().copied().collect();
        for (key, known) in store::imported(conn, &keys)? {
            if let Some(before) = changed.remove(key.as_slice()) {
                let (said, job_id) = (before.said, JobId::new(before.job_id));
                store::update_imported(conn, &ImportedRow { said, job_id, ..known })?;
            }
        }
        Ok(())
    }

    fn customers(&mut self, conn: &mut DbConn, rows: &[&'a ChangeRow]) -> Result<()> {
        let made: Vec<CustomerId> =
            rows.iter().filter(|row| row.before.is_none()).map(|row| row.customer_id).collect();
        let mut used: HashSet<CustomerId> = holdings::holders_among(conn, &made)?.into_iter().collect();
        used.extend(interactions::contacted_among(conn, &made)?);
        used.extend(surveys::answered_among(conn, &made)?);
        used.extend(tasks::concerned_among(conn, &made)?);
        used.extend(relations::tied_among(conn, &made)?);
        // A customer whom several records have changed stands again under another version when the later ones are taken back.
        let mut stands: HashMap<CustomerId, (i64, i64)> = HashMap::new();
        for row in rows {
            let id = row.customer_id;
            let again = stands.get(&id).filter(|(stood, _)| *stood == row.version);
            let version = again.map_or(row.version, |(_, stands)| *stands);
            match before::<CustomerState>(self.house.keys, row)? {
                Some(was) => {
                    let done = customers::put_back(conn, self.actor, id, version, &was);
                    if done.is_ok() {
                        stands.insert(id, (row.version - 1, version + 1));
                    }
                    self.settle_as(conn, row, done.map(|()| version + 1), Some(row.version - 1))?;
                }
                None if used.contains(&id) => self.left.push((*row, Left::InUse)),
                None => {
                    let done = customers::withdraw(conn, self.actor, id, version, self.source);
                    self.settle(row, done)?;
                }
            }
        }
        Ok(())
    }

    fn leave(&mut self, rows: impl Iterator<Item = &'a ChangeRow>) {
        self.left.extend(rows.map(|row| (row, Left::ChangedSince)));
    }

    /// As [`Undoing::settle`] for what stands again as it `stood`, now under another version: earlier imports can be taken back, too.
    fn settle_as(
        &mut self,
        conn: &mut DbConn,
        row: &'a ChangeRow,
        stands: Result<i64>,
        stood: Option<i64>,
    ) -> Result<()> {
        if let (Ok(stands), Some(stood)) = (&stands, stood) {
            store::stands_again(conn, row.record_id, (stood, *stands))?;
        }
        self.settle(row, stands.map(drop))
    }

    /// What cannot be taken back stays; what broke ends the step.
    fn settle(&mut self, row: &'a ChangeRow, done: Result<()>) -> Result<()> {
        match done {
            Ok(()) => Ok(()),
            Err(error) if error.code.status() < 500 => {
                self.left.push((row, Left::ChangedSince));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// How a thing was that a record brings; none of customers.
fn before_of_record(keys: &Keys, row: &ChangeRow) -> Result<Option<Before>> {
    if row.target == CUSTOMER || row.target == CONFLICT { Ok(None) } else { before(keys, row) }
}
