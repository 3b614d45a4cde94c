//! What records bring besides their customers, written down. Each thing is known by a keyed hash of its key in the system that it comes
//! from, with a keyed hash of what was said of it: the same file changes nothing, another amount moves the holding that is there.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::mem;

use guanxi_api::{
    AnswerSource, ExternalId, ImportTarget, Instant, Interaction, InteractionPatch, RelationPatch,
};
use guanxi_db::{DbConn, Id};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::{Actor, Keys, Right};
use crate::customers::{self, CustomerId, House};
use crate::error::{Code, Error, FieldError, Result};
use crate::holdings::{self, HoldingId, Loaded, Restated};
use crate::imports::mapping::Line;
use crate::imports::records::{Brought, BroughtAnswer, BroughtContact, BroughtHolding, What};
use crate::imports::store::{self, ImportedRow};
use crate::imports::ties::{self, Ahead};
use crate::interactions::{self, InteractionId, Prepared};
use crate::jobs::JobId;
use crate::relations::WasMember;
use crate::surveys::{self, Recorded, SurveyId};

/// The right that bringing something takes.
pub(super) const fn right_to(target: ImportTarget) -> Right {
    match target {
        ImportTarget::Holding => Right::EditHoldings,
        ImportTarget::Interaction => Right::WriteInteractions,
        ImportTarget::SurveyAnswer => Right::AnswerSurveys,
        ImportTarget::Relation | ImportTarget::Household => Right::EditCustomers,
    }
}

/// Something that is to be written down.
#[derive(Debug)]
pub(super) struct Todo {
    /// The line that brings it.
    pub(super) line: usize,
    pub(super) place: usize,
    pub(super) key: [u8; 32],
    pub(super) said: [u8; 32],
    pub(super) what: What,
    /// What it was, where an earlier file has brought it and said something else.
    pub(super) known: Option<ImportedRow>,
}

/// Something that a line brings, by its key.
pub(super) fn todo(keys: &Keys, (source, external_id): (&str, &str), line: usize, brought: Brought) -> Todo {
    let target = brought.what.target().as_str();
    let parts = [source, external_id, target, &brought.key];
    let key = keys.keyed_hash("imported_record", &parts.join("\u{0}"));
    let said = keys.keyed_hash("imported_record.said", &brought.said);
    Todo { line, place: brought.place, key, said, what: brought.what, known: None }
}

/// Leaves what earlier files have not brought, or not with the same words.
///
/// # Errors
/// When the database fails.
pub(super) fn keep_new(conn: &mut DbConn, todo: &mut Vec<Todo>) -> Result<()> {
    let known = store::imported(conn, &todo.iter().map(|one| one.key.as_slice()).collect::<Vec<_>>())?;
    todo.retain_mut(|one| match known.get(one.key.as_slice()) {
        Some(row) if row.said == one.said => false,
        row => {
            one.known = row.cloned();
            true
        }
    });
    Ok(())
}

/// Takes what lines bring, and finds out what of it is to be done; `into` are the customers of lines that are not found by their keys, and lines that bring what cannot be taken become errors.
///
/// # Errors
/// When the database fails.
pub(super) fn plan(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (source, ahead): (&str, &Ahead),
    lines: &mut [Result<Line>],
    into: &[Option<CustomerId>],
) -> Result<Vec<Todo>> {
    let mut todo = Vec::new();
    let mut refused: Vec<(usize, FieldError)> = Vec::new();
    for (at, line) in lines.iter_mut().enumerate() {
        let Ok(line) = line else { continue };
        let mut seen = HashSet::new();
        for brought in mem::take(&mut line.brought) {
            let one = self::todo(house.keys, (source, &line.customer.external.id), at, brought);
            if !seen.insert(one.key) {
                refused.push((at, at_place(one.place, "key", FieldError::new("", "duplicate"))));
            }
            todo.push(one);
        }
    }
    keep_new(conn, &mut todo)?;
    let customers = receiving(conn, actor, source, (lines, into), &todo)?;
    refused.extend(out_of_reach(conn, actor, &customers)?);
    for one in &todo {
        if let Some(found) = one.hindrance(conn, actor)? {
            refused.push((one.line, found));
        }
    }
    refused.extend(asked_already(conn, &customers, &todo)?);
    refused.extend(ties::hindrances(conn, actor, house, (source, ahead), (lines, into), &todo)?);
    let mut wrong: BTreeMap<usize, Vec<FieldError>> = BTreeMap::new();
    for (line, field) in refused {
        let fields = wrong.entry(line).or_default();
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    todo.retain(|one| !wrong.contains_key(&one.line));
    for (line, fields) in wrong {
        if let Some(line) = lines.get_mut(line) {
            *line = Err(Error::fields(fields));
        }
    }
    Ok(todo)
}

pub(super) fn at_place(place: usize, member: &str, field: FieldError) -> FieldError {
    FieldError { pointer: format!("/records/{place}/{member}"), ..field }
}

/// To whom lines bring something besides ties, as far as the customer is there: of one that went up in another one, that one.
fn receiving(
    conn: &mut DbConn,
    actor: &Actor,
    source: &str,
    (lines, into): (&[Result<Line>], &[Option<CustomerId>]),
    todo: &[Todo],
) -> Result<BTreeMap<usize, CustomerId>> {
    let bringing: BTreeSet<usize> =
        todo.iter().filter(|one| !one.what.is_tie()).map(|one| one.line).collect();
    let mut keys: Vec<(usize, ExternalId)> = Vec::with_capacity(bringing.len());
    for at in bringing {
        if let Some(Ok(line)) = lines.get(at) {
            keys.push((at, ExternalId { source: source.to_owned(), id: line.customer.external.id.clone() }));
        }
    }
    let known = customers::ids_by_keys(conn, &keys.iter().map(|(_, key)| key).collect::<Vec<_>>())?;
    let mut customers: BTreeMap<usize, CustomerId> = BTreeMap::new();
    for (at, key) in &keys {
        let into = into.get(*at).copied().flatten();
        if let Some(id) = into.or_else(|| known.get(&key.id).copied()) {
            customers.insert(*at, id);
        }
    }
    let ids: BTreeSet<CustomerId> = customers.values().copied().collect();
    let survivors = survivors(conn, actor, ids, false)?;
    for id in customers.values_mut() {
        *id = survivors.get(id).copied().unwrap_or(*id);
    }
    Ok(customers)
}

/// Those of some customers that went up in others, each with the one that is left of it in the end. If the actor `writes`, that one stays locked until the
/// transaction ends.
fn survivors(
    conn: &mut DbConn,
    actor: &Actor,
    ids: BTreeSet<CustomerId>,
    writes: bool,
) -> Result<BTreeMap<CustomerId, CustomerId>> {
    let mut ends: BTreeMap<CustomerId, CustomerId> = BTreeMap::new();
    if ids.is_empty() {
        return Ok(ends);
    }
    // Whoever went up in another one is archived.
    let briefs = customers::briefs(conn, actor, &ids.into_iter().collect::<Vec<_>>())?;
    let mut gone: Vec<CustomerId> =
        briefs.into_iter().filter(|brief| brief.archived).map(|brief| brief.id).collect();
    while !gone.is_empty() {
        let mut went: BTreeMap<CustomerId, CustomerId> = BTreeMap::new();
        for id in gone {
            if let Some(survivor) = customers::merged_into(conn, id)? {
                went.insert(id, survivor);
            }
        }
        let next: BTreeSet<CustomerId> = went.values().copied().collect();
        gone = next.into_iter().collect();
        if writes {
            customers::lock_all(conn, &gone)?;
        }
        for end in ends.values_mut() {
            *end = went.get(end).copied().unwrap_or(*end);
        }
        ends.extend(went);
    }
    Ok(ends)
}

/// The lines whose customers the actor does not look after: the one that another one went up in may be of another unit.
fn out_of_reach(
    conn: &mut DbConn,
    actor: &Actor,
    customers: &BTreeMap<usize, CustomerId>,
) -> Result<Vec<(usize, FieldError)>> {
    let ids: Vec<CustomerId> = customers.values().copied().collect();
    let own = customers::changeable_among(conn, actor, &ids)?;
    let foreign = customers.iter().filter(|(_, id)| !own.contains(id));
    Ok(foreign.map(|(line, _)| (*line, not_looked_after())).collect())
}

fn not_looked_after() -> FieldError {
    FieldError::new("", "customer_out_of_reach")
}

/// Answers of customers who were asked before they came by a file.
fn asked_already(
    conn: &mut DbConn,
    customers: &BTreeMap<usize, CustomerId>,
    todo: &[Todo],
) -> Result<Vec<(usize, FieldError)>> {
    let mut by_survey: HashMap<SurveyId, Vec<(&Todo, CustomerId)>> = HashMap::new();
    for one in todo.iter().filter(|one| one.known.is_none()) {
        if let (What::Answer(answer), Some(customer)) = (&one.what, customers.get(&one.line)) {
            by_survey.entry(answer.survey.id()).or_default().push((one, *customer));
        }
    }
    let mut refused = Vec::new();
    for (survey, answers) in by_survey {
        let ids: Vec<CustomerId> = answers.iter().map(|(_, id)| *id).collect();
        let asked: HashSet<CustomerId> = surveys::asked_already(conn, survey, &ids)?.into_iter().collect();
        refused.extend(answers.iter().filter(|(_, id)| asked.contains(id)).map(|(one, _)| {
            (one.line, at_place(one.place, "answer", FieldError::new("", "already_answered")))
        }));
    }
    Ok(refused)
}

/// Puts those in the place of the customers of lines that bring something who have what is said of them: of one that went up in another one, that one.
/// They stay locked until the transaction ends.
///
/// # Errors
/// When the database fails.
pub(super) fn to_survivors(
    conn: &mut DbConn,
    actor: &Actor,
    todo: &[Todo],
    customers: &mut [Option<CustomerId>],
) -> Result<()> {
    let bringing = todo.iter().filter(|one| !one.what.is_tie());
    let ids = bringing.filter_map(|one| customers.get(one.line).copied().flatten()).collect();
    let survivors = survivors(conn, actor, ids, true)?;
    for id in customers.iter_mut().flatten() {
        *id = survivors.get(id).copied().unwrap_or(*id);
    }
    Ok(())
}

impl Todo {
    /// Why what is there cannot become what the file says now.
    fn hindrance(&self, conn: &mut DbConn, actor: &Actor) -> Result<Option<FieldError>> {
        let Some(known) = &self.known else { return Ok(None) };
        match &self.what {
            What::Holding(holding) => {
                let id = HoldingId::new(known.record_id.uuid());
                match holdings::check_restated(conn, actor, id, &restated(holding)) {
                    Ok(()) => Ok(None),
                    Err(error) if error.code.status() >= 500 => Err(error),
                    Err(error) if matches!(error.code, Code::NotFound | Code::Forbidden) => {
                        Ok(Some(not_looked_after()))
                    }
                    Err(error) => {
                        let code = error.fields.first().map_or(error.code.as_str(), |field| &field.code);
                        let member = match error.fields.first().map(|field| field.pointer.as_str()) {
                            Some("/currency") => "currency",
                            Some("/matures_on") => "matures_on",
                            _ => "amount",
                        };
                        Ok(Some(at_place(self.place, member, FieldError::new("", code.to_owned()))))
                    }
                }
            }
            What::Contact(_) => {
                let id = InteractionId::new(known.record_id.uuid());
                let contact = interactions::read(conn, actor, id)
                    .and_then(|contact| customers::changeable(conn, actor, Id::new(contact.customer.id)));
                match contact {
                    Ok(()) => Ok(None),
                    Err(error) if error.code.status() >= 500 => Err(error),
                    Err(_) => Ok(Some(not_looked_after())),
                }
            }
            What::Relation(_) | What::Member(_) => Ok(None),
            // What somebody has answered stands.
            What::Answer(_) => {
                Ok(Some(at_place(self.place, "answer", FieldError::new("", "answered_otherwise"))))
            }
        }
    }
}

fn restated(holding: &BroughtHolding) -> Restated {
    let BroughtHolding { amount, status, matures_on, .. } = holding;
    Restated { currency: holding.currency.clone(), amount: *amount, status: *status, matures_on: *matures_on }
}

/// A holding as it is loaded.
pub(super) fn loaded(actor: &Actor, customer_id: CustomerId, holding: &BroughtHolding) -> Loaded {
    Loaded {
        customer_id,
        product_id: holding.product_id,
        status: holding.status,
        currency: holding.currency.clone(),
        opening_amount: holding.amount,
        quantity: None,
        cost: None,
        opened_on: holding.opened_on,
        matures_on: holding.matures_on,
        auto_renewal: false,
        closed_on: None,
        channel: holding.channel,
        reference: holding.reference.clone(),
        transactions: Vec::new(),
        created_at: actor.now(),
    }
}

/// A contact as it is recorded.
pub(super) fn prepared(actor: &Actor, customer_id: CustomerId, contact: &BroughtContact) -> Prepared {
    Prepared {
        customer_id,
        author_id: contact.author_id,
        kind: contact.kind,
        direction: contact.direction,
        purpose: contact.purpose,
        outcome: contact.outcome,
        mood: contact.mood,
        duration_minutes: contact.duration_minutes,
        occurred_at: contact.occurred_at,
        notes: contact.notes.clone(),
        recorded_at: actor.now(),
    }
}

fn recorded(customer_id: CustomerId, answer: &BroughtAnswer) -> Recorded {
    Recorded {
        customer_id,
        answers: Some(answer.answers.clone()),
        at: answer.at,
        source: AnswerSource::Imported,
        followed_up: false,
    }
}

/// Writes what lines bring, but for what ties customers to others; `customers` are those of the lines, as far as they were taken. Gives what was done.
///
/// # Errors
/// When the database fails, or something was changed by somebody else in the meantime.
pub(super) fn write(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    job: JobId,
    todo: &[Todo],
    customers: &[Option<CustomerId>],
) -> Result<Vec<Done>> {
    let mut rows = Vec::with_capacity(todo.len());
    let mut done = Vec::with_capacity(todo.len());
    let (mut held, mut contacts) = (Vec::new(), Vec::new());
    let mut answers: BTreeMap<SurveyId, Vec<(&Todo, Recorded)>> = BTreeMap::new();
    for one in todo.iter().filter(|one| !one.what.is_tie()) {
        let Some(customer) = customers.get(one.line).copied().flatten() else { continue };
        match (&one.known, &one.what) {
            (Some(known), what) => {
                let (was, stood, version) = restate(conn, actor, house, known.record_id, what)?;
                let before = Before { said: known.said.clone(), job_id: known.job_id.uuid(), stood, was };
                done.push(one.done(customer, known.record_id, version, Some(before)));
                let (said, job_id) = (one.said.to_vec(), job);
                let row = ImportedRow { said, job_id, updated_at: actor.now(), ..known.clone() };
                store::update_imported(conn, &row)?;
            }
            (None, What::Holding(holding)) => held.push((one, loaded(actor, customer, holding))),
            (None, What::Contact(contact)) => contacts.push((one, prepared(actor, customer, contact))),
            (None, What::Answer(answer)) => {
                answers.entry(answer.survey.id()).or_default().push((one, recorded(customer, answer)));
            }
            (None, What::Relation(_) | What::Member(_)) => {}
        }
    }
    let mut keep = |one: &Todo, customer_id: CustomerId, record_id: Id<()>, version: i64| {
        done.push(one.done(customer_id, record_id, version, None));
        rows.push(ImportedRow {
            key: one.key.to_vec(),
            target: one.what.target().as_str().to_owned(),
            record_id,
            customer_id,
            said: one.said.to_vec(),
            job_id: job,
            updated_at: actor.now(),
        });
    };
    let (of, held): (Vec<&Todo>, Vec<Loaded>) = held.into_iter().unzip();
    for ((one, loaded), id) in of.into_iter().zip(&held).zip(holdings::load(conn, actor, house, &held)?) {
        keep(one, loaded.customer_id, Id::new(id.uuid()), holdings::loaded_stand(loaded));
    }
    let (of, contacts): (Vec<&Todo>, Vec<Prepared>) = contacts.into_iter().unzip();
    let ids = interactions::create_many(conn, actor, &contacts)?;
    for ((one, contact), id) in of.into_iter().zip(&contacts).zip(ids) {
        keep(one, contact.customer_id, Id::new(id.uuid()), 1);
    }
    for (survey, answers) in answers {
        let (of, answers): (Vec<&Todo>, Vec<Recorded>) = answers.into_iter().unzip();
        let ids = surveys::record_many(conn, actor, house, survey, &answers)?;
        for ((one, answer), id) in of.into_iter().zip(&answers).zip(ids) {
            keep(one, answer.customer_id, Id::new(id.uuid()), 1);
        }
    }
    store::insert_imported(conn, &rows)?;
    Ok(done)
}

/// What was done to one thing that a record brings.
#[derive(Debug)]
pub(super) struct Done {
    /// The line that brings it.
    pub(super) line: usize,
    /// Among what the line brings, counted from 0.
    pub(super) place: usize,
    pub(super) target: ImportTarget,
    pub(super) key: [u8; 32],
    pub(super) customer_id: CustomerId,
    pub(super) record_id: Id<()>,
    /// What tells whether anybody has changed it since.
    pub(super) version: i64,
    /// How it was; none where it was made.
    pub(super) before: Option<Before>,
}

/// How something was that an earlier file had brought, or that was there without any.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Before {
    /// What the earlier file said of it, as a keyed hash; empty where no file had brought it.
    pub(super) said: Vec<u8>,
    pub(super) job_id: Uuid,
    /// Its version, as [`Done`] has it.
    pub(super) stood: i64,
    pub(super) was: Was,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Was {
    Holding(Restated),
    Contact(Box<InteractionPatch>),
    Relation(Box<RelationPatch>),
    Member {
        was: WasMember,
        /// By what the household is known, as a keyed hash.
        household: Vec<u8>,
    },
}

impl Todo {
    pub(super) fn done(
        &self,
        customer_id: CustomerId,
        record_id: Id<()>,
        version: i64,
        before: Option<Before>,
    ) -> Done {
        let (line, place, target, key) = (self.line, self.place, self.what.target(), self.key);
        Done { line, place, target, key, customer_id, record_id, version, before }
    }
}

/// Makes what an earlier file has brought what this one says; gives how it was, its version before, and its version after.
fn restate(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: Id<()>,
    what: &What,
) -> Result<(Was, i64, i64)> {
    match what {
        What::Holding(holding) => {
            let id = HoldingId::new(id.uuid());
            let (was, stood) = holdings::stated(conn, actor, id)?;
            holdings::restate(conn, actor, house, id, &restated(holding))?;
            let (_, version) = holdings::stated(conn, actor, id)?;
            Ok((Was::Holding(was), stood, version))
        }
        What::Contact(contact) => {
            let id = InteractionId::new(id.uuid());
            let was = interactions::read(conn, actor, id)?;
            let stood = was.version;
            let patch = InteractionPatch {
                kind: Some(contact.kind),
                direction: Some(contact.direction),
                purpose: Some(contact.purpose),
                outcome: Some(contact.outcome),
                mood: Some(contact.mood),
                duration_minutes: Some(contact.duration_minutes.and_then(|minutes| minutes.try_into().ok())),
                occurred_at: Some(Instant(contact.occurred_at.to_utc())),
                notes: Some(contact.notes.clone()),
                ..InteractionPatch::default()
            };
            let version = interactions::change(conn, actor, id, stood, &patch)?.version;
            Ok((Was::Contact(Box::new(as_it_was(was))), stood, version))
        }
        What::Answer(_) => Err(Error::internal("an answer that stands")),
        What::Relation(_) | What::Member(_) => Err(Error::internal("a tie before its time")),
    }
}

/// The change that makes a contact what it was.
fn as_it_was(contact: Interaction) -> InteractionPatch {
    InteractionPatch {
        kind: Some(contact.kind),
        direction: Some(contact.direction),
        purpose: Some(contact.purpose),
        outcome: Some(contact.outcome),
        mood: Some(contact.mood),
        duration_minutes: Some(contact.duration_minutes),
        occurred_at: Some(contact.occurred_at),
        notes: Some(contact.notes),
        ..InteractionPatch::default()
    }
}
