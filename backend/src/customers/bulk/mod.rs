//! Customers as another system has them, many in one call, each found by its key there.
//!
//! What is known of all lines is read with one statement a table, and what they change is written with one a table: a bulk call costs
//! its lines, not its round trips. One audit entry stands for the call, an event for each customer.

mod store;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use guanxi_api::{
    BulkCustomer, BulkMode, BulkOutcome, BulkProblem, BulkResult, BulkStatus, BulkSummary, CustomerKind,
    CustomerProfile, ExternalId, NewCustomer,
};
use guanxi_db::search::FoundByName;
use guanxi_db::{DbConn, Id, Moment, next_customer_numbers};

use crate::access::{Actor, OrgUnitId, Scope, UserId};
use crate::audit;
use crate::customers::create::{self, Checked, Place};
use crate::customers::portfolio::Moves;
use crate::customers::provenance::{self, Offer, OpenedConflict, Sources, Word, keep_status, keep_verified};
use crate::customers::store::{self as rows, CustomerRow, ExternalIdRow, NewRows};
use crate::customers::withdrawal::CustomerState;
use crate::customers::{
    CustomerId, House, change, completeness, external_ids, known, owners, ownership, profile,
};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::names::search;
use crate::web::read_json;

/// Most lines of one call; more are a job's.
const MOST_LINES: usize = 1000;

/// The id under which the outcome of a call is kept for those who send it again.
pub type BulkOutcomeId = Id<BulkOutcomeMark>;
/// Marks ids of kept outcomes.
#[derive(Debug)]
pub enum BulkOutcomeMark {}

/// Creates and changes customers by lines of JSON, and keeps the outcome.
///
/// # Errors
/// 413 for too many lines, 422 for none; 422 naming every wrong line when the mode is `atomic`, and then nothing is written; 409 when
/// another call has created one of the customers in the meantime.
pub fn upsert_many(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    body: &[u8],
    mode: BulkMode,
) -> Result<(BulkOutcomeId, BulkOutcome)> {
    let lines = read(body)?;
    let mut call = Call { actor, house, writes: true, places: HashMap::new() };
    let steps = call.plan(conn, &lines)?;
    let outcome = outcome(actor, &lines, &steps);
    refuse_if_atomic(mode, &lines, &steps)?;
    call.write(conn, &lines, steps, &outcome)?;
    let id = actor.new_id();
    store::keep(conn, id, serde_json::to_value(&outcome).map_err(Error::internal)?, actor.now())?;
    Ok((id, outcome))
}

/// What [`upsert_many`] would do, without doing it: customers that it would create have no ids yet. Runs in a write transaction, as the
/// real call does, because units and owners are kept from changing while they are looked at.
///
/// # Errors
/// As [`upsert_many`].
pub fn try_upsert_many(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    body: &[u8],
    mode: BulkMode,
) -> Result<BulkOutcome> {
    let lines = read(body)?;
    let mut call = Call { actor, house, writes: false, places: HashMap::new() };
    let steps = call.plan(conn, &lines)?;
    refuse_if_atomic(mode, &lines, &steps)?;
    let mut outcome = outcome(actor, &lines, &steps);
    for result in outcome.results.iter_mut().filter(|result| result.status == BulkStatus::Created) {
        result.id = None;
    }
    Ok(outcome)
}

/// What came of a line.
#[derive(Debug)]
pub struct LineOutcome {
    pub status: BulkStatus,
    /// The customer, unless the line failed; of one that is only told, not one that exists.
    pub id: Option<CustomerId>,
    /// Its version after the line.
    pub version: Option<i64>,
    /// How it was, where the line has changed it.
    pub before: Option<CustomerState>,
    pub error: Option<Error>,
    /// The conflicts that it has opened, or would open.
    pub conflicts: Vec<OpenedConflict>,
}

/// The customers that another system knows by these keys.
///
/// # Errors
/// When the database fails.
pub fn ids_by_keys(conn: &mut DbConn, keys: &[&ExternalId]) -> Result<HashMap<String, CustomerId>> {
    let mut ids: HashMap<String, CustomerId> =
        store::by_keys(conn, keys)?.into_iter().map(|((_, value), row)| (value, row.customer_id)).collect();
    // What belongs to a customer that went up in another one belongs to that one, which may have gone up in a third.
    let mut asked: Vec<CustomerId> = ids.values().copied().collect();
    while !asked.is_empty() {
        let went: HashMap<CustomerId, CustomerId> = rows::merged_into(conn, &asked)?.into_iter().collect();
        for id in ids.values_mut() {
            *id = went.get(id).copied().unwrap_or(*id);
        }
        asked = went.into_values().collect();
    }
    Ok(ids)
}

/// Creates and changes customers by lines that a job has read, or tells what it would do; gives what came of each line. The lines are
/// about customers that no other line is about. Those that exist stay locked until the transaction ends.
///
/// # Errors
/// 409 when another call has created one of the customers in the meantime; when the database fails.
pub fn upsert_lines(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    lines: &[BulkLine],
    writes: bool,
) -> Result<Vec<LineOutcome>> {
    let mut call = Call { actor, house, writes, places: HashMap::new() };
    let steps = call.plan(conn, lines)?;
    let outcome = outcome(actor, lines, &steps);
    let mut rest = Vec::with_capacity(steps.len());
    for step in &steps {
        let before = match step {
            Step::Change(changed) if writes => {
                let state = CustomerState::of(&changed.before)?;
                Some(match &changed.linked {
                    Some(key) => state.linked(&key.source),
                    None => state,
                })
            }
            _ => None,
        };
        rest.push((before, step.error().cloned()));
    }
    let opened = if writes {
        call.write(conn, lines, steps, &outcome)?
    } else {
        let read = lines.iter().zip(&steps);
        let offers = read.filter_map(|(line, step)| offer_of(line.read.as_ref().ok()?, step));
        provenance::would_open(conn, actor, &offers.collect::<Vec<_>>())?
    };
    let conflicts_of = |id: Option<uuid::Uuid>| {
        opened.iter().filter(|one| Some(one.customer_id.uuid()) == id).cloned().collect()
    };
    let outcomes = outcome.results.iter().zip(rest).map(|(result, (before, error))| LineOutcome {
        conflicts: conflicts_of(result.id),
        status: result.status,
        id: result.id.map(CustomerId::new),
        version: result.version,
        before,
        error,
    });
    Ok(outcomes.collect())
}

/// What came of an earlier call.
///
/// # Errors
/// 404 when it is no longer known.
pub fn kept_outcome(conn: &mut DbConn, id: BulkOutcomeId) -> Result<BulkOutcome> {
    serde_json::from_value(store::kept(conn, id)?).map_err(Error::internal)
}

/// Removes the outcomes of calls whose keys have expired; gives how many.
///
/// # Errors
/// When the database fails.
pub fn purge_bulk_outcomes(conn: &mut DbConn, now: Moment) -> Result<usize> {
    store::purge(conn, now)
}

/// What is said of a customer, or why it cannot be read.
#[derive(Debug)]
pub struct BulkLine {
    /// Its line in what it comes from, counted from 1.
    pub number: u32,
    pub read: Result<BulkCustomer>,
    /// The customer that it is about, whatever its key says; it gets the key if it has none of that system.
    pub into: Option<CustomerId>,
}

fn read(body: &[u8]) -> Result<Vec<BulkLine>> {
    let texts = (1..).zip(body.split(|byte| *byte == b'\n'));
    let filled: Vec<(u32, &[u8])> = texts
        .map(|(number, text)| (number, text.trim_ascii()))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    if filled.len() > MOST_LINES {
        return Err(Error::new(Code::TooLarge));
    }
    if filled.is_empty() {
        return Err(Error::field("", "required"));
    }
    let mut seen = HashSet::new();
    let lines = filled.into_iter().map(|(number, text)| {
        let read = read_line(text).and_then(|line| {
            let key = (line.external.source.clone(), line.external.id.clone());
            if seen.insert(key) { Ok(line) } else { Err(Error::field("/external/id", "duplicate")) }
        });
        BulkLine { number, read, into: None }
    });
    Ok(lines.collect())
}

fn read_line(text: &[u8]) -> Result<BulkCustomer> {
    let mut line: BulkCustomer = read_json(text)?;
    line.external.id = external_ids::key(&line.external.id, "/external/id")?;
    Ok(line)
}

/// What is to be done about a line.
enum Step {
    Create(Box<Created>),
    Change(Box<Changed>),
    /// The customer is as the line says.
    Leave {
        id: CustomerId,
        version: i64,
        offers: Offers,
    },
    Stale {
        id: CustomerId,
        version: i64,
    },
    Fail(Error),
}

impl Step {
    fn offers(&self) -> &[(&'static str, serde_json::Value)] {
        match self {
            Step::Change(changed) => &changed.offers,
            Step::Leave { offers, .. } => offers,
            _ => &[],
        }
    }

    fn error(&self) -> Option<&Error> {
        match self {
            Step::Fail(error) => Some(error),
            _ => None,
        }
    }
}

/// What a line says of fields that keep their verified values.
type Offers = Vec<(&'static str, serde_json::Value)>;

struct Created {
    new: NewCustomer,
    checked: Checked,
    place: Place,
}

struct Changed {
    before: CustomerRow,
    after: CustomerRow,
    /// Set when the name is another one.
    found_by: Option<FoundByName>,
    members: Vec<&'static str>,
    offers: Offers,
    /// The key that the customer gets.
    linked: Option<ExternalIdRow>,
}

struct Call<'a> {
    actor: &'a Actor,
    house: House<'a>,
    /// Whether what is read stays as it is until the transaction ends.
    writes: bool,
    /// What was found out about placing customers with a unit and an owner.
    places: HashMap<(OrgUnitId, Option<UserId>), Option<Error>>,
}

impl Call<'_> {
    fn plan(&mut self, conn: &mut DbConn, lines: &[BulkLine]) -> Result<Vec<Step>> {
        let keys: Vec<&ExternalId> =
            lines.iter().filter_map(|line| line.read.as_ref().ok()).map(|line| &line.external).collect();
        let mut known = store::by_keys(conn, &keys)?;
        let merged: Vec<CustomerId> = lines.iter().filter_map(|line| line.into).collect();
        let mut ids: Vec<CustomerId> = known.values().map(|key| key.customer_id).collect();
        ids.extend(&merged);
        ids.sort_unstable();
        ids.dedup();
        if self.writes {
            rows::lock_many(conn, &ids)?;
            if lines.iter().flat_map(|line| &line.read).any(|read| read.source_version.is_some()) {
                // Another call may have brought a later version before the lock was given.
                for (key, newest) in store::by_keys(conn, &keys)? {
                    known.entry(key).and_modify(|key| key.source_version = newest.source_version);
                }
            }
        }
        let mut rows = store::rows(conn, &Scope::to_change(self.actor), &ids)?;
        let others: Vec<CustomerId> = ids.iter().copied().filter(|id| !rows.contains_key(id)).collect();
        let only_seen = rows::seen_among(conn, &Scope::of(self.actor), &others)?;
        let refused = |id: &CustomerId| {
            if only_seen.contains(id) { Error::forbidden() } else { Error::not_found() }
        };
        let keyed = store::keyed(conn, &merged)?;
        let mut steps = Vec::with_capacity(lines.len());
        let mut met = HashSet::new();
        for line in lines {
            let step = match &line.read {
                Err(error) => Err(error.clone()),
                Ok(read) if line.into.is_some() => match line.into.filter(|id| met.insert(*id)) {
                    None => Err(Error::field("/external", "duplicate")),
                    Some(id) => match rows.remove(&id) {
                        None => Err(refused(&id)),
                        Some(row) => {
                            let has_key = keyed.contains(&(id, read.external.source.clone()));
                            self.change(row, read, !has_key)
                        }
                    },
                },
                Ok(line) => match known.get(&(line.external.source.clone(), line.external.id.clone())) {
                    None => self.create(conn, line),
                    // A customer with two keys is changed by the first line that names it.
                    Some(key) if !met.insert(key.customer_id) => Err(Error::field("/external", "duplicate")),
                    Some(key) => match rows.remove(&key.customer_id) {
                        None => Err(refused(&key.customer_id)),
                        Some(row)
                            if line.source_version.is_some_and(|new| Some(new) < key.source_version) =>
                        {
                            Ok(Step::Stale { id: row.id, version: row.version })
                        }
                        Some(row) => self.change(row, line, false),
                    },
                },
            };
            steps.push(match step {
                Ok(step) => step,
                Err(error) if error.code.status() < 500 => Step::Fail(error),
                Err(error) => return Err(error),
            });
        }
        Ok(steps)
    }

    fn create(&mut self, conn: &mut DbConn, line: &BulkCustomer) -> Result<Step> {
        let mut wrong = Wrong::default();
        let (kind, name) = (line.data.kind, line.data.name.clone());
        for (pointer, missing) in [("/kind", kind.is_none()), ("/name", name.is_none())] {
            if missing {
                wrong.add(FieldError::new(pointer, "required"));
            }
        }
        let kind = kind.unwrap_or(CustomerKind::Person);
        let blank =
            CustomerProfile { name: name.unwrap_or_else(|| "?".to_owned()), ..CustomerProfile::default() };
        let profile = change::merged(&blank, &line.data.patch(), &mut wrong)?;
        let new = line.data.new_customer(kind, profile);
        let (unit_id, owner_id) = create::wanted_place(self.actor, &new);
        let place = match unit_id {
            None => {
                wrong.add(FieldError::new("/org_unit_id", "required"));
                None
            }
            Some(unit_id) => wrong
                .keep(self.check_placement(conn, unit_id, owner_id))?
                .map(|()| Place { unit_id, owner_id }),
        };
        let checked = wrong.keep(create::check(self.actor, self.house, &new))?;
        let (checked, place) = in_data(wrong.unless(checked.zip(place)))?;
        Ok(Step::Create(Box::new(Created { new, checked, place })))
    }

    /// The units and owners of a call are few.
    fn check_placement(
        &mut self,
        conn: &mut DbConn,
        unit_id: OrgUnitId,
        owner_id: Option<UserId>,
    ) -> Result<()> {
        let refused = match self.places.get(&(unit_id, owner_id)) {
            Some(refused) => refused.clone(),
            None => {
                let refused = ownership::check_placement(conn, self.actor, unit_id, owner_id).err();
                self.places.entry((unit_id, owner_id)).or_insert(refused).clone()
            }
        };
        refused.map_or(Ok(()), Err)
    }

    /// What a line changes of a customer, which may get its key besides.
    fn change(&self, row: CustomerRow, line: &BulkCustomer, link: bool) -> Result<Step> {
        if line.data.kind.is_some_and(|kind| kind.as_str() != row.kind) {
            return Err(Error::conflict("/data/kind", "kind_differs"));
        }
        let kind = known(CustomerKind::from_code(&row.kind))?;
        let before = profile::load(&row)?;
        let mut wrong = Wrong::default();
        let patched = change::patched(&before, &line.data.patch(), kind, self.today(), &mut wrong)?;
        let mut profile = in_data(wrong.unless(Some(patched)))?;
        let mut sources = Sources::of(&row)?;
        let mut offers = keep_verified(&before, &mut profile, &sources)?;
        let mut after = row.clone();
        if let Some(status) = line.data.status {
            offers.extend(keep_status(&mut after, status, &sources));
        }
        let mut members = before.differences(&profile);
        if after.status != row.status {
            members.push("status");
        }
        if members.is_empty() && !link {
            return Ok(Step::Leave { id: row.id, version: row.version, offers });
        }
        sources.note(members.iter().copied(), &Word::of_system(self.actor, &line.external.source));
        let renamed = profile.name != before.name || row.search_version != search::SEARCH_VERSION;
        let found_by = if renamed {
            Some(profile::store(kind, &profile, &sources, &mut after)?)
        } else {
            profile::store_members(&profile, &sources, &mut after)?;
            None
        };
        let linked = link.then(|| ExternalIdRow {
            source: line.external.source.clone(),
            value: line.external.id.clone(),
            customer_id: row.id,
            source_version: line.source_version,
        });
        if linked.is_some() {
            members.push("external_ids");
        }
        after.version += 1;
        after.updated_at = self.actor.now();
        Ok(Step::Change(Box::new(Changed { before: row, after, found_by, members, offers, linked })))
    }

    fn today(&self) -> NaiveDate {
        self.house.settings.day(self.actor.now())
    }

    fn write(
        &self,
        conn: &mut DbConn,
        lines: &[BulkLine],
        steps: Vec<Step>,
        outcome: &BulkOutcome,
    ) -> Result<Vec<OpenedConflict>> {
        let mut numbers = match outcome.summary.created {
            0 => Vec::new(),
            count => next_customer_numbers(conn, i64::from(count))?,
        }
        .into_iter();
        let (mut new, mut changed, mut versions) = (Vec::new(), Vec::new(), Vec::new());
        let mut moves = Moves::default();
        let mut offers = Vec::new();
        for (line, step) in lines.iter().zip(steps) {
            let Ok(line) = &line.read else { continue };
            offers.extend(offer_of(line, &step));
            match step {
                Step::Create(created) => {
                    let number = numbers.next().ok_or_else(|| Error::internal("too few numbers"))?;
                    let rows = self.rows(*created, line, number)?;
                    moves.add(&rows.customer, &rows.figures);
                    new.push(rows);
                }
                Step::Change(step) => {
                    changed.push(*step);
                    versions.push(line);
                }
                Step::Leave { .. } => versions.push(line),
                Step::Stale { .. } | Step::Fail(_) => {}
            }
        }
        if !new.is_empty() {
            rows::insert_many(conn, &new, &[]).map_err(create::taken)?;
        }
        store::update(conn, &changed)?;
        let both = changed.iter().map(|step| (&step.before, &step.after));
        completeness::keep_rows(conn, &mut moves, both)?;
        let linked: Vec<ExternalIdRow> = changed.iter().filter_map(|step| step.linked.clone()).collect();
        rows::insert_external_ids(conn, &linked).map_err(create::taken)?;
        let written: Vec<_> = new
            .iter()
            .map(|rows| (None, &rows.customer))
            .chain(changed.iter().map(|step| (Some(&step.before), &step.after)))
            .collect();
        owners::record(conn, self.actor, owners::Cause::of(self.actor, "upserted_many"), &written)?;
        store::set_source_versions(conn, &versions)?;
        moves.record(conn)?;
        let created =
            new.iter().map(|rows| event("customer.created", &rows.customer, CustomerProfile::FIELDS));
        let updated = changed.iter().map(|step| event("customer.updated", &step.after, &step.members));
        audit::announce_all(conn, self.actor, &created.chain(updated).collect::<Vec<_>>())?;
        let opened = provenance::offer(conn, self.actor, &offers)?;
        let numbers = || lines.iter().map(|line| line.number);
        let among = (numbers().min().unwrap_or(0), numbers().max().unwrap_or(0));
        self.record(conn, outcome, among)?;
        Ok(opened)
    }

    fn rows(&self, created: Created, line: &BulkCustomer, number: i64) -> Result<NewRows> {
        let Created { new, checked, place } = created;
        let word = Word::of_system(self.actor, &line.external.source);
        let mut rows = create::rows(self.actor, &new, checked, &place, &word)?;
        create::set_number(&mut rows, number);
        rows.external_ids.push(ExternalIdRow {
            source: line.external.source.clone(),
            value: line.external.id.clone(),
            customer_id: rows.customer.id,
            source_version: line.source_version,
        });
        Ok(rows)
    }

    fn record(&self, conn: &mut DbConn, outcome: &BulkOutcome, (first, last): (u32, u32)) -> Result<()> {
        let BulkSummary { created, updated, .. } = outcome.summary;
        if created + updated == 0 {
            return Ok(());
        }
        let counts = [("created", created), ("updated", updated), ("first_line", first), ("last_line", last)];
        let counts = counts.map(|(name, count)| (name, count as usize));
        audit::note_many(conn, self.actor, "customer", "upserted_many", &counts)
    }
}

/// What a line offers for fields that keep their values.
fn offer_of<'a>(line: &'a BulkCustomer, step: &Step) -> Option<Offer<'a>> {
    let customer_id = match step {
        Step::Change(changed) => changed.after.id,
        Step::Leave { id, .. } => *id,
        _ => return None,
    };
    let values = step.offers().to_vec();
    (!values.is_empty()).then(|| Offer { customer_id, system: &line.external.source, values })
}

fn event<'a>(kind: &'static str, row: &CustomerRow, changed: &'a [&'static str]) -> audit::Event<'a> {
    audit::Event {
        kind,
        resource_type: "customer",
        resource_id: row.id.uuid(),
        version: row.version,
        changed,
    }
}

/// What is wrong with the data of a line, as seen from the line.
fn in_data<T>(checked: Result<T>) -> Result<T> {
    checked.map_err(|mut error| {
        for field in &mut error.fields {
            field.pointer.insert_str(0, "/data");
        }
        error
    })
}

fn outcome(actor: &Actor, lines: &[BulkLine], steps: &[Step]) -> BulkOutcome {
    let mut summary = BulkSummary::default();
    let results = lines.iter().zip(steps).map(|(line, step)| {
        let (status, customer, problem) = match step {
            Step::Create(created) => (BulkStatus::Created, Some((created.checked.id, 1)), None),
            Step::Change(step) => (BulkStatus::Updated, Some((step.after.id, step.after.version)), None),
            Step::Leave { id, version, .. } => (BulkStatus::Unchanged, Some((*id, *version)), None),
            Step::Stale { id, version } => (BulkStatus::Stale, Some((*id, *version)), None),
            Step::Fail(error) => (BulkStatus::Failed, None, Some(problem(actor, error))),
        };
        *match status {
            BulkStatus::Created => &mut summary.created,
            BulkStatus::Updated => &mut summary.updated,
            BulkStatus::Unchanged => &mut summary.unchanged,
            BulkStatus::Stale => &mut summary.stale,
            BulkStatus::Failed => &mut summary.failed,
        } += 1;
        BulkResult {
            line: line.number,
            external_id: line.read.as_ref().ok().map(|line| line.external.id.clone()),
            status,
            id: customer.map(|(id, _)| id.uuid()),
            version: customer.map(|(_, version)| version),
            conflicts: step.offers().iter().map(|(field, _)| (*field).to_owned()).collect(),
            problem,
        }
    });
    let results = results.collect();
    BulkOutcome { summary, results }
}

fn problem(actor: &Actor, error: &Error) -> BulkProblem {
    let problem = error.problem(actor.language(), actor.request_id());
    BulkProblem { code: problem.code, detail: problem.detail, errors: problem.errors }
}

fn refuse_if_atomic(mode: BulkMode, lines: &[BulkLine], steps: &[Step]) -> Result<()> {
    let failed = lines.iter().zip(steps).filter_map(|(line, step)| match step {
        Step::Fail(error) if mode == BulkMode::Atomic => Some((line.number, error)),
        _ => None,
    });
    let fields: Vec<FieldError> = failed
        .flat_map(|(number, error)| {
            let whole = error.fields.is_empty().then(|| FieldError::new("", error.code.as_str()));
            let fields: Vec<FieldError> = error.fields.iter().cloned().chain(whole).collect();
            fields
                .into_iter()
                .map(move |field| FieldError { pointer: format!("/{number}{}", field.pointer), ..field })
        })
        .collect();
    if fields.is_empty() { Ok(()) } else { Err(Error::fields(fields)) }
}
