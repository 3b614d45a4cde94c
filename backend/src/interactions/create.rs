use std::collections::BTreeMap;

use guanxi_api::{
    Direction, Interaction, InteractionKind, InteractionOutcome, InteractionPurpose, Mood, NewInteraction,
    TaskPriority, TaskSource,
};
use guanxi_db::{Condition, DbConn, Engine, Id, Moment};
use serde_json::json;

use crate::access::{Actor, Scope, UserId};
use crate::audit;
use crate::customers::{self, CustomerId, House};
use crate::error::{Error, FieldError, Result, Wrong};
use crate::interactions::store::{self, InteractionRow, WholeRow};
use crate::interactions::{InteractionId, rules, view};
use crate::tasks;
use crate::text;

pub(super) const MAX_NOTES: usize = 4000;

/// What of a new contact can be said without the database, so that the thread that writes has less to do.
pub struct Draft {
    id: InteractionId,
    occurred_at: Moment,
    notes: Option<String>,
    /// The text that it is found by, and the tokens of that.
    searched: String,
    tokens: Vec<String>,
    wrong: Vec<FieldError>,
}

/// Cleans and checks what a new contact says. What is wrong is told by [`plan`], and only to those who see the customer.
pub fn draft(actor: &Actor, new: &NewInteraction) -> Draft {
    let occurred_at = new.occurred_at.map_or(actor.now(), |at| Moment(at.micros()));
    let mut wrong = Vec::new();
    if let Err(broken) = rules::occurred_at(occurred_at, actor.now()) {
        wrong.push(FieldError::broken("/occurred_at", broken));
    }
    let notes = text::paragraphs(new.notes.as_deref().unwrap_or_default(), MAX_NOTES)
        .map_err(|broken| wrong.push(FieldError::broken("/notes", broken)))
        .unwrap_or_default();
    let searched = rules::searched(notes.as_deref().unwrap_or_default());
    let tokens = rules::tokens(&searched);
    Draft { id: actor.new_id(), occurred_at, notes, searched, tokens, wrong }
}

/// A contact that is to be recorded, and the statements that do it: the row, what it is found by, the customer's figures, the audit entry and
/// the event, on PostgreSQL in one, and its next step as a task.
///
/// # Errors
/// 404 for a customer that the actor does not see, 422 with every wrong field.
pub fn plan(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    customer_id: CustomerId,
    new: &NewInteraction,
    draft: &Draft,
) -> Result<(Vec<Condition>, Interaction)> {
    let Some((customer_no, customer_name, author)) =
        store::names_for(conn, &Scope::to_change(actor), customer_id, actor.user_id())?
    else {
        return Err(customers::changeable(conn, actor, customer_id).err().unwrap_or_else(Error::not_found));
    };
    let mut wrong = Wrong::default();
    draft.wrong.iter().for_each(|field| wrong.add(field.clone()));
    let task = match &new.next_step {
        None => Some(None),
        Some(step) => {
            let opening = tasks::Opening {
                customer_id: Some(customer_id),
                title: step.title.clone(),
                notes: None,
                assignee_id: step.assignee_id.map(UserId::new),
                due_on: step.due_on,
                priority: TaskPriority::Normal,
                source: TaskSource::Interaction,
                source_id: Some(draft.id.uuid()),
                source_on: None,
            };
            wrong.keep(tasks::check(conn, actor, house, &opening, "/next_step"))?.map(Some)
        }
    };
    let task = wrong.unless(task)?;
    let row = InteractionRow {
        id: draft.id,
        customer_id,
        author_id: actor.user_id(),
        kind: new.kind.as_str().to_owned(),
        direction: new.direction.as_str().to_owned(),
        purpose: new.purpose.as_str().to_owned(),
        outcome: new.outcome.as_str().to_owned(),
        mood: new.mood.map(|mood| mood.as_str().to_owned()),
        duration_minutes: new.duration_minutes.and_then(|minutes| minutes.try_into().ok()),
        occurred_at: draft.occurred_at,
        notes: draft.notes.clone(),
        archived_at: None,
        archived: false,
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    };
    let mut statements = recording(conn.engine(), actor, &row, draft, new.outcome);
    if let Some(task) = task {
        statements.extend(tasks::recording(conn.engine(), actor, task));
    }
    Ok((statements, view::wire(WholeRow { interaction: row, customer_no, customer_name, author })?))
}

fn recording(
    engine: Engine,
    actor: &Actor,
    row: &InteractionRow,
    draft: &Draft,
    outcome: InteractionOutcome,
) -> Vec<Condition> {
    let mut statements = vec![store::insertion(row, draft.searched.clone())];
    if !draft.tokens.is_empty() {
        statements.push(guanxi_db::notes::indexing(engine, Id::new(row.id.uuid()), &draft.tokens));
    }
    if outcome.is_connected() {
        statements.push(customers::contacted(row.customer_id, row.occurred_at));
    }
    let change = audit::Change {
        resource_type: "interaction",
        resource_id: row.id.uuid(),
        action: "created",
        version: row.version,
        changes: audit::changes_between(&json!({}), &view::audited(row)),
        reason: None,
    };
    audit::recording(engine, actor, &change, statements)
}

/// A contact for [`create_many`], whose values keep the rules.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub customer_id: CustomerId,
    pub author_id: Option<UserId>,
    pub kind: InteractionKind,
    pub direction: Direction,
    pub purpose: InteractionPurpose,
    pub outcome: InteractionOutcome,
    pub mood: Option<Mood>,
    pub duration_minutes: Option<i32>,
    pub occurred_at: Moment,
    pub notes: Option<String>,
    /// When it was written down.
    pub recorded_at: Moment,
}

/// What is wrong with a contact that [`create_many`] is to record.
///
/// # Errors
/// 422 with every wrong field.
pub fn check(contact: &Prepared, now: Moment) -> Result<()> {
    clean_notes(contact, now).map(drop)
}

fn clean_notes(contact: &Prepared, now: Moment) -> Result<Option<String>> {
    let mut wrong = Wrong::default();
    if let Err(broken) = rules::occurred_at(contact.occurred_at, now) {
        wrong.add(FieldError::broken("/occurred_at", broken));
    }
    let notes = text::paragraphs(contact.notes.as_deref().unwrap_or_default(), MAX_NOTES)
        .map_err(|broken| wrong.add(FieldError::broken("/notes", broken)));
    wrong.unless(notes.ok())
}

/// Contacts of which every rule is kept and that are not written yet.
#[derive(Default)]
pub struct Ready {
    /// Each with the text that it is found by.
    rows: Vec<(InteractionRow, String)>,
    tokens: Vec<(Id<()>, Vec<String>)>,
    /// When these customers were reached for the last time.
    reached: BTreeMap<CustomerId, Moment>,
}

/// Checks many contacts and makes up what is written of them, without the database.
///
/// # Errors
/// 422 for one that breaks a rule.
pub fn make_ready(actor: &Actor, contacts: &[Prepared]) -> Result<Ready> {
    let mut ready = Ready::default();
    for contact in contacts {
        let notes = clean_notes(contact, actor.now())?;
        let id: InteractionId = actor.new_id();
        let searched = rules::searched(notes.as_deref().unwrap_or_default());
        let found_by = rules::tokens(&searched);
        if !found_by.is_empty() {
            ready.tokens.push((Id::new(id.uuid()), found_by));
        }
        if contact.outcome.is_connected() {
            let last = ready.reached.entry(contact.customer_id).or_insert(contact.occurred_at);
            *last = contact.occurred_at.max(*last);
        }
        let row = InteractionRow {
            id,
            customer_id: contact.customer_id,
            author_id: contact.author_id,
            kind: contact.kind.as_str().to_owned(),
            direction: contact.direction.as_str().to_owned(),
            purpose: contact.purpose.as_str().to_owned(),
            outcome: contact.outcome.as_str().to_owned(),
            mood: contact.mood.map(|mood| mood.as_str().to_owned()),
            duration_minutes: contact.duration_minutes,
            occurred_at: contact.occurred_at,
            notes,
            archived_at: None,
            archived: false,
            version: 1,
            created_at: contact.recorded_at,
            updated_at: contact.recorded_at,
        };
        ready.rows.push((row, searched));
    }
    Ok(ready)
}

/// Records many contacts at once, for jobs: one audit entry for all of them, no event for each. Gives their ids in their order.
///
/// # Errors
/// When the database fails.
pub fn write_many(conn: &mut DbConn, actor: &Actor, ready: &Ready) -> Result<Vec<InteractionId>> {
    let Ready { rows, tokens, reached } = ready;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    store::insert_many(conn, rows)?;
    guanxi_db::notes::index_many(conn, tokens)?;
    customers::contacted_many(conn, &reached.iter().map(|(id, at)| (*id, *at)).collect::<Vec<_>>())?;
    audit::note_many(conn, actor, "interaction", "created_many", &[("count", rows.len())])?;
    Ok(rows.iter().map(|(row, _)| row.id).collect())
}

/// [`make_ready`] and [`write_many`].
///
/// # Errors
/// As both; then nothing is written.
pub fn create_many(conn: &mut DbConn, actor: &Actor, contacts: &[Prepared]) -> Result<Vec<InteractionId>> {
    write_many(conn, actor, &make_ready(actor, contacts)?)
}
