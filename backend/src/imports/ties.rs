//! What ties the customers of a file to others: relations, and places in households. It is written when all records have been taken, in a second
//! pass over the file, because the other customer may be that of a later record. Whether that can be done is looked at before, with all else that a
//! record says; what only turns out then becomes a problem of a record whose customer is taken already. A tie that is written is known by its key
//! from then on, so a second pass that is broken off begins anew and repeats nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use guanxi_api::{CustomerKind, ExternalId, ImportTarget, JobCounts, RecordField};
use guanxi_db::{DbConn, Id};

use crate::access::{Actor, Keys};
use crate::customers::{self, CustomerId, House};
use crate::error::{Error, FieldError, Result};
use crate::imports::bank::{Bank, relation_field};
use crate::imports::brought::{self, Before, Done, Todo, Was, at_place};
use crate::imports::mapping::{Line, Plan};
use crate::imports::reading::Record;
use crate::imports::records::{BroughtMember, BroughtRelation, What};
use crate::imports::store::{self, ImportedRow};
use crate::imports::{problems, undo};
use crate::jobs::JobId;
use crate::relations::{self, Gathering, HouseholdId, Joined, Joining, Tie, Tied};

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The keys of all customers of a file, by their hashes.
#[derive(Debug, Default)]
pub(super) struct Ahead(HashSet<u64>);

impl Ahead {
    pub(super) fn comes(&mut self, key: &str) {
        self.0.insert(hash(key));
    }

    fn has(&self, key: &str) -> bool {
        self.0.contains(&hash(key))
    }
}

/// What a file has said of a household so far.
#[derive(Debug, Default)]
struct Named {
    members: usize,
    /// The line that names its primary member.
    primary: Option<u64>,
}

/// The households that the records of a file have named, by hashes of their keys.
#[derive(Debug, Default)]
pub(super) struct Households(HashMap<u64, Named>);

impl Households {
    /// What a record says of households that an earlier one forbids.
    pub(super) fn meet(&mut self, plan: &Plan, record: &Record) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        for (place, key, primary) in plan.households(record) {
            let named = self.0.entry(hash(&key)).or_default();
            if relations::is_household_full(named.members) {
                wrong.push(at_place(place, "key", FieldError::new("", "too_many_members")));
            }
            named.members += 1;
            match named.primary {
                Some(line) if primary => {
                    let field = FieldError::new("", "second_primary").with("line", line);
                    wrong.push(at_place(place, RecordField::Primary.as_str(), field));
                }
                None if primary => named.primary = Some(record.line),
                _ => {}
            }
        }
        wrong
    }
}

/// A tie that is to be there.
struct Wanted<'a> {
    todo: &'a Todo,
    /// Its customer's key.
    key: &'a str,
    /// Its customer; none for one who comes by this record.
    own: Option<CustomerId>,
    /// What its customer will be, where the record says so.
    kind: Option<CustomerKind>,
}

/// What became of a tie.
enum Came {
    Relation(Tied),
    Member(Joined, [u8; 32]),
    /// The other customer comes by a later record.
    Later,
}

/// Why what lines say of ties cannot be, as far as that is known before the customers of the file are there.
///
/// # Errors
/// When the database fails.
pub(super) fn hindrances(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (source, ahead): (&str, &Ahead),
    (lines, into): (&[Result<Line>], &[Option<CustomerId>]),
    todo: &[Todo],
) -> Result<Vec<(usize, FieldError)>> {
    let of_line = |one: &Todo| lines.get(one.line).and_then(|line| line.as_ref().ok());
    let ties: Vec<(&Todo, &Line)> =
        todo.iter().filter(|one| one.what.is_tie()).filter_map(|one| Some((one, of_line(one)?))).collect();
    if ties.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<&ExternalId> = ties.iter().map(|(_, line)| &line.customer.external).collect();
    let known = customers::ids_by_keys(conn, &keys)?;
    let wanted: Vec<Wanted<'_>> = ties
        .iter()
        .map(|(one, line)| {
            let key = line.customer.external.id.as_str();
            let own = into.get(one.line).copied().flatten().or_else(|| known.get(key).copied());
            Wanted { todo: one, key, own, kind: line.customer.data.kind }
        })
        .collect();
    let came = tie(conn, actor, house, (source, Some(ahead)), &wanted, false)?;
    let wrong = ties.iter().zip(came).filter_map(|((one, _), came)| Some((one.line, came.err()?)));
    Ok(wrong.collect())
}

/// By what a household is known that a system has under this key.
fn household_key(keys: &Keys, source: &str, key: &str) -> [u8; 32] {
    let parts = [source, "", ImportTarget::Household.as_str(), key];
    keys.keyed_hash("imported_record", &parts.join("\u{0}"))
}

/// Looks whether ties can be, and ties them if it `writes`; gives what came of each. Without `ahead` all customers of the file are there.
fn tie(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (source, ahead): (&str, Option<&Ahead>),
    wanted: &[Wanted<'_>],
    writes: bool,
) -> Result<Vec<std::result::Result<Came, FieldError>>> {
    let mut came: Vec<Option<std::result::Result<Came, FieldError>>> = wanted.iter().map(|_| None).collect();
    let mut set = |at: usize, what: std::result::Result<Came, FieldError>| {
        if let Some(place) = came.get_mut(at) {
            *place = Some(what);
        }
    };
    let mut between = Vec::new();
    let mut members: Vec<(usize, &BroughtMember)> = Vec::new();
    for (at, one) in wanted.iter().enumerate() {
        match &one.todo.what {
            What::Relation(relation) => between.push((at, relation)),
            What::Member(member) => members.push((at, member)),
            What::Holding(_) | What::Contact(_) | What::Answer(_) => {}
        }
    }
    for (at, what) in relate(conn, actor, house, (source, ahead), (wanted, &between), writes)? {
        set(at, what);
    }
    for (at, what) in gather(conn, actor, house, source, (wanted, &members), writes)? {
        set(at, what);
    }
    let none = || Error::internal("a tie that nobody looked at");
    came.into_iter().map(|came| came.ok_or_else(none)).collect()
}

type Outcomes = Vec<(usize, std::result::Result<Came, FieldError>)>;

fn relate(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (source, ahead): (&str, Option<&Ahead>),
    (wanted, between): (&[Wanted<'_>], &[(usize, &BroughtRelation)]),
    writes: bool,
) -> Result<Outcomes> {
    let keys: HashSet<&str> = between.iter().map(|(_, relation)| relation.other.as_str()).collect();
    let keys: Vec<ExternalId> =
        keys.into_iter().map(|id| ExternalId { source: source.to_owned(), id: id.to_owned() }).collect();
    let others = customers::ids_by_keys(conn, &keys.iter().collect::<Vec<_>>())?;
    let known: Vec<CustomerId> = others.values().copied().collect();
    let seen = customers::related(conn, actor, house, &known)?;
    let (mut outcomes, mut ties, mut at_ties) = (Outcomes::new(), Vec::new(), Vec::new());
    for (at, relation) in between {
        let Some(one) = wanted.get(*at) else { continue };
        let wrong = |found: FieldError| (*at, Err(told(one.todo.place, found)));
        let other = others.get(&relation.other).copied();
        outcomes.push(match (one.own, other) {
            (None, _) if relation.other == one.key => wrong(FieldError::new("/other_id", "itself")),
            (_, None) if ahead.is_some_and(|ahead| ahead.has(&relation.other)) => (*at, Ok(Came::Later)),
            (_, None) => wrong(FieldError::new("/other_id", "not_in_scope")),
            (None, Some(other)) => match seen.get(&other) {
                None => wrong(FieldError::new("/other_id", "not_in_scope")),
                Some(other) => {
                    let misfit = one.kind.and_then(|own| relations::misfit(own, other.kind, relation.role));
                    misfit.map_or_else(|| (*at, Ok(Came::Later)), wrong)
                }
            },
            (Some(customer_id), Some(other_id)) => {
                let (role, told) = (relation.role, relation.told.clone());
                let noted_before = one.todo.known.is_some();
                ties.push(Tie { customer_id, other_id, role, told, noted_before });
                at_ties.push((*at, one.todo.place));
                continue;
            }
        });
    }
    let tied = relations::tie_many(conn, actor, house, &ties, writes)?;
    outcomes.extend(
        at_ties
            .into_iter()
            .zip(tied)
            .map(|((at, place), tied)| (at, tied.map(Came::Relation).map_err(|found| told(place, found)))),
    );
    Ok(outcomes)
}

/// What is wrong with a relation, as a problem of its record.
fn told(place: usize, found: FieldError) -> FieldError {
    let member = relation_field(&found.pointer).as_str();
    match found.code.as_ref() {
        "customer_out_of_reach" => found,
        // Whom one does not see looks as if nobody were there.
        "not_in_scope" => at_place(place, member, FieldError::new("", "no_such_other")),
        _ => at_place(place, member, found),
    }
}

fn gather(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    source: &str,
    (wanted, members): (&[Wanted<'_>], &[(usize, &BroughtMember)]),
    writes: bool,
) -> Result<Outcomes> {
    let mut of_household: BTreeMap<[u8; 32], Vec<(usize, &BroughtMember)>> = BTreeMap::new();
    for (at, member) in members {
        let key = household_key(house.keys, source, &member.household);
        of_household.entry(key).or_default().push((*at, member));
    }
    let keys: Vec<&[u8]> = of_household.keys().map(<[u8; 32]>::as_slice).collect();
    let known = store::imported(conn, &keys)?;
    let gatherings: Vec<Gathering> = of_household
        .iter()
        .map(|(key, members)| Gathering {
            id: known.get(key.as_slice()).map(|row| HouseholdId::new(row.record_id.uuid())),
            members: members
                .iter()
                .map(|(at, member)| Joining {
                    customer_id: wanted.get(*at).and_then(|one| one.own),
                    role: member.role,
                    primary: member.primary,
                    name: member.name.clone(),
                })
                .collect(),
        })
        .collect();
    let joined = relations::join_many(conn, actor, house, &gatherings, writes)?;
    let mut outcomes = Outcomes::new();
    for ((key, members), joined) in of_household.into_iter().zip(joined) {
        for ((at, _), joined) in members.into_iter().zip(joined) {
            let place = wanted.get(at).map_or(0, |one| one.todo.place);
            let wrong = |found: FieldError| match found.code.as_ref() {
                "customer_out_of_reach" => found,
                _ => at_place(place, "key", found),
            };
            outcomes.push((at, joined.map(|joined| Came::Member(joined, key)).map_err(wrong)));
        }
    }
    Ok(outcomes)
}

/// A record of the second pass, with what it says of ties.
struct Read<'a> {
    record: &'a Record,
    line: i64,
    key: String,
    own: Option<CustomerId>,
}

/// Ties the customers of some records, all of which have been taken before, to others; gives how the counts of the job change.
///
/// # Errors
/// When the database fails.
pub(super) fn take(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (plan, job): (&Plan, JobId),
    records: &[Record],
) -> Result<JobCounts> {
    let line_of = |record: &Record| i64::try_from(record.line).unwrap_or(i64::MAX);
    let lines: Vec<i64> = records.iter().map(line_of).collect();
    // Those that were not taken tie nobody, and those whose tie could not be are told already.
    let told: HashSet<i64> = store::known_lines(conn, job, &lines)?.into_iter().collect();
    let mut wrong: BTreeMap<usize, Vec<FieldError>> = BTreeMap::new();
    let (mut read, mut todo) = (Vec::new(), Vec::new());
    let mut bank = Bank::new(conn, house.settings, actor);
    for record in records.iter().filter(|record| !told.contains(&line_of(record))) {
        let Some(key) = plan.key(record) else { continue };
        match plan.read_ties(record, &mut bank) {
            Err(error) if error.code.status() >= 500 => return Err(error),
            Err(error) => drop(wrong.insert(read.len(), error.fields)),
            Ok(brought) => {
                let of = (plan.source(), key.as_str());
                todo.extend(brought.into_iter().map(|one| brought::todo(house.keys, of, read.len(), one)));
            }
        }
        read.push(Read { record, line: line_of(record), key, own: None });
    }
    brought::keep_new(conn, &mut todo)?;
    find_own(conn, plan.source(), job, &mut read, &todo)?;
    let mut wanted = Vec::with_capacity(todo.len());
    for one in &todo {
        // Who was left out by a decision on duplicates is tied to nobody.
        if let Some((of, own)) = read.get(one.line).and_then(|of| Some((of, of.own?))) {
            wanted.push(Wanted { todo: one, key: &of.key, own: Some(own), kind: None });
        }
    }
    let came = tie(conn, actor, house, (plan.source(), None), &wanted, true)?;
    let mut writing = Writing { actor, job, rows: Vec::new(), done: Vec::new(), formed: HashSet::new() };
    for (one, came) in wanted.iter().zip(came) {
        match came {
            Ok(came) => writing.note(conn, one, came)?,
            Err(found) => wrong.entry(one.todo.line).or_default().push(found),
        }
    }
    store::insert_imported(conn, &writing.rows)?;
    undo::note_ties(
        conn,
        house.keys,
        job,
        &read.iter().map(|of| of.line).collect::<Vec<_>>(),
        &writing.done,
    )?;
    tell(conn, actor, house.keys, (plan, job), &read, wrong)
}

/// Finds the customers of records with ties by their keys. A record that was merged with a customer who has another key of the system is found by
/// what the import did.
fn find_own(conn: &mut DbConn, source: &str, job: JobId, read: &mut [Read<'_>], todo: &[Todo]) -> Result<()> {
    let asked: HashSet<usize> = todo.iter().map(|one| one.line).collect();
    let keys: Vec<ExternalId> = asked
        .iter()
        .filter_map(|at| read.get(*at))
        .map(|of| ExternalId { source: source.to_owned(), id: of.key.clone() })
        .collect();
    let known = customers::ids_by_keys(conn, &keys.iter().collect::<Vec<_>>())?;
    let mut lines = Vec::new();
    for (_, of) in read.iter_mut().enumerate().filter(|(at, _)| asked.contains(at)) {
        of.own = known.get(&of.key).copied();
        if of.own.is_none() {
            lines.push(of.line);
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    let merged = store::merged_lines(conn, job, &lines)?;
    let changed = store::customers_of_lines(conn, job, &lines)?;
    for of in read.iter_mut().filter(|of| of.own.is_none()) {
        let changed = || changed.get(&of.line).map(|(id, _)| *id);
        of.own = merged.get(&of.line).copied().or_else(changed);
    }
    Ok(())
}

/// What is written of ties, beside the ties themselves.
struct Writing<'a> {
    actor: &'a Actor,
    job: JobId,
    rows: Vec<ImportedRow>,
    done: Vec<Done>,
    /// Households that are known by their keys from now on.
    formed: HashSet<[u8; 32]>,
}

impl Writing<'_> {
    fn note(&mut self, conn: &mut DbConn, one: &Wanted<'_>, came: Came) -> Result<()> {
        let Some(customer_id) = one.own else { return Ok(()) };
        let (record_id, version, was) = match came {
            Came::Later => return Ok(()),
            Came::Relation(tied) => {
                let was = tied.before.map(|(patch, stood)| (Was::Relation(Box::new(patch)), stood));
                (Id::new(tied.id.uuid()), tied.version, was)
            }
            Came::Member(joined, household) => {
                let record_id = Id::new(joined.id.uuid());
                if joined.stood.is_none() && self.formed.insert(household) {
                    let target = ImportTarget::Household;
                    self.rows.push(self.row(
                        (household.to_vec(), target),
                        record_id,
                        customer_id,
                        &household,
                    ));
                }
                let stood = joined.stood.unwrap_or(joined.version);
                let was = Was::Member { was: joined.was, household: household.to_vec() };
                (record_id, joined.version, Some((was, stood)))
            }
        };
        let known = one.todo.known.as_ref();
        let before = was.map(|(was, stood)| Before {
            said: known.map(|row| row.said.clone()).unwrap_or_default(),
            job_id: known.map_or(self.job, |row| row.job_id).uuid(),
            stood,
            was,
        });
        self.done.push(one.todo.done(customer_id, record_id, version, before));
        let target = one.todo.what.target();
        let row = self.row((one.todo.key.to_vec(), target), record_id, customer_id, &one.todo.said);
        match known {
            Some(_) => store::update_imported(conn, &row)?,
            None => self.rows.push(row),
        }
        Ok(())
    }

    fn row(
        &self,
        (key, target): (Vec<u8>, ImportTarget),
        record_id: Id<()>,
        customer_id: CustomerId,
        said: &[u8],
    ) -> ImportedRow {
        let (said, target) = (said.to_vec(), target.as_str().to_owned());
        let (job_id, updated_at) = (self.job, self.actor.now());
        ImportedRow { key, target, record_id, customer_id, said, job_id, updated_at }
    }
}

/// Keeps the records of which a tie could not be, and gives how that changes the counts: they were counted as taken.
fn tell(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    (plan, job): (&Plan, JobId),
    read: &[Read<'_>],
    wrong: BTreeMap<usize, Vec<FieldError>>,
) -> Result<JobCounts> {
    let mut counts = JobCounts::default();
    if wrong.is_empty() {
        return Ok(counts);
    }
    let lines: Vec<i64> = wrong.keys().filter_map(|at| Some(read.get(*at)?.line)).collect();
    let made = store::customers_of_lines(conn, job, &lines)?;
    let mut rows = Vec::with_capacity(wrong.len());
    for (at, fields) in wrong {
        let Some(of) = read.get(at) else { continue };
        rows.push(problems::row(actor, keys, job, plan, of.record, &Error::fields(fields))?);
        counts.failed += 1;
        match made.get(&of.line) {
            Some((_, true)) => counts.created -= 1,
            _ => counts.updated -= 1,
        }
    }
    store::insert_problems(conn, &rows)?;
    Ok(counts)
}
