use guanxi_api::{Interaction, InteractionPatch};
use guanxi_db::{DbConn, Id, Moment};

use crate::access::{Actor, Right, Scope};
use crate::audit;
use crate::customers::{self, CustomerId};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::interactions::create::MAX_NOTES;
use crate::interactions::store::{self, InteractionRow};
use crate::interactions::{InteractionId, rules, view};
use crate::text;

/// What an actor may do with a contact that they see.
enum Hand {
    /// A manager, or the author within a day of recording it.
    Free,
    /// The author, later: with a reason.
    WithReason,
}

/// # Errors
/// 403 for who is neither its author nor a manager.
fn hand(actor: &Actor, row: &InteractionRow) -> Result<Hand> {
    // Who assigns customers manages those who look after them.
    if actor.user_id().is_none() || actor.may(Right::AssignCustomers) {
        return Ok(Hand::Free);
    }
    match row.author_id == actor.user_id() {
        true if rules::is_fresh(row.created_at, actor.now()) => Ok(Hand::Free),
        true => Ok(Hand::WithReason),
        false => Err(Error::forbidden()),
    }
}

/// Changes a contact. Its author owes a reason from a day after recording it on.
///
/// # Errors
/// 404 for one with a customer that the actor does not see, 403 for who is neither its author nor a manager, 412 when the version is no
/// longer the newest, 422 with every wrong field.
pub fn change(
    conn: &mut DbConn,
    actor: &Actor,
    id: InteractionId,
    version: i64,
    patch: &InteractionPatch,
) -> Result<Interaction> {
    edit(conn, actor, id, version, "updated", |row, hand| {
        let mut wrong = Wrong::default();
        let given = text::optional_line(patch.reason.as_deref().unwrap_or_default(), 500)
            .map_err(|broken| wrong.add(FieldError::broken("/reason", broken)));
        if matches!((&hand, &given), (Hand::WithReason, Ok(None))) {
            wrong.add(FieldError::new("/reason", "owed_after_a_day"));
        }
        if let Some(at) = patch.occurred_at {
            row.occurred_at = Moment(at.micros());
            if let Err(broken) = rules::occurred_at(row.occurred_at, actor.now()) {
                wrong.add(FieldError::broken("/occurred_at", broken));
            }
        }
        if let Some(notes) = &patch.notes {
            match text::paragraphs(notes.as_deref().unwrap_or_default(), MAX_NOTES) {
                Ok(notes) => row.notes = notes,
                Err(broken) => wrong.add(FieldError::broken("/notes", broken)),
            }
        }
        let given = wrong.unless(given.ok())?;
        let code = |code: &'static str| code.to_owned();
        if let Some(kind) = patch.kind {
            row.kind = code(kind.as_str());
        }
        if let Some(direction) = patch.direction {
            row.direction = code(direction.as_str());
        }
        if let Some(purpose) = patch.purpose {
            row.purpose = code(purpose.as_str());
        }
        if let Some(outcome) = patch.outcome {
            row.outcome = code(outcome.as_str());
        }
        if let Some(mood) = patch.mood {
            row.mood = mood.map(|mood| code(mood.as_str()));
        }
        if let Some(minutes) = patch.duration_minutes {
            row.duration_minutes = minutes.and_then(|minutes| minutes.try_into().ok());
        }
        Ok(given)
    })
}

/// Takes a contact out of the lists; it stays readable by its id.
///
/// # Errors
/// 409 for one that is archived, 403 also for the author from a day after recording it on; else as [`change`].
pub fn archive(conn: &mut DbConn, actor: &Actor, id: InteractionId, version: i64) -> Result<Interaction> {
    edit(conn, actor, id, version, "archived", |row, hand| {
        only_free(&hand)?;
        if row.archived {
            return Err(Error::conflict("", "already_archived"));
        }
        row.archived = true;
        row.archived_at = Some(actor.now());
        Ok(None)
    })
}

/// Puts an archived contact back into the lists.
///
/// # Errors
/// 409 for one that is not archived; else as [`archive`].
pub fn restore(conn: &mut DbConn, actor: &Actor, id: InteractionId, version: i64) -> Result<Interaction> {
    edit(conn, actor, id, version, "restored", |row, hand| {
        only_free(&hand)?;
        if !row.archived {
            return Err(Error::conflict("", "not_archived"));
        }
        row.archived = false;
        row.archived_at = None;
        Ok(None)
    })
}

fn only_free(hand: &Hand) -> Result<()> {
    match hand {
        Hand::Free => Ok(()),
        Hand::WithReason => Err(Error::forbidden()),
    }
}

/// Changes a contact from a version on; `act` changes the row and gives the reason. Nothing is written when nothing differs.
fn edit(
    conn: &mut DbConn,
    actor: &Actor,
    id: InteractionId,
    version: i64,
    action: &'static str,
    act: impl FnOnce(&mut InteractionRow, Hand) -> Result<Option<String>>,
) -> Result<Interaction> {
    store::lock(conn, id)?;
    let mut whole = store::find(conn, &Scope::of(actor), id)?;
    let before = whole.interaction.clone();
    customers::changeable(conn, actor, before.customer_id)?;
    let hand = hand(actor, &before)?;
    if before.version != version {
        return Err(stale(actor, before.version));
    }
    let row = &mut whole.interaction;
    let reason = act(row, hand)?;
    let changes = audit::changes_between(&view::audited(&before), &view::audited(row));
    if changes.is_empty() {
        return view::wire(whole);
    }
    row.version = before.version + 1;
    row.updated_at = actor.now();
    let searched = rules::searched(row.notes.as_deref().unwrap_or_default());
    if row.notes != before.notes {
        guanxi_db::notes::index_again(conn, Id::new(id.uuid()), &rules::tokens(&searched))?;
    }
    let customer = row.customer_id;
    customers::lock_figures(conn, customer)?;
    if !store::update(conn, row, searched, before.version)? {
        return Err(stale(actor, before.version + 1));
    }
    refresh_last_contact(conn, customer)?;
    let change = audit::Change {
        resource_type: "interaction",
        resource_id: id.uuid(),
        action,
        version: row.version,
        changes,
        reason: reason.as_deref(),
    };
    audit::record(conn, actor, &change)?;
    view::wire(whole)
}

/// Works out anew when a customer was last reached, after contacts came or went otherwise.
///
/// # Errors
/// When the database fails.
pub fn refresh_last_contact(conn: &mut DbConn, id: CustomerId) -> Result<()> {
    customers::lock_figures(conn, id)?;
    let last = store::last_contact(conn, id)?.unwrap_or(Moment::EARLIEST);
    customers::set_last_contact(conn, id, last)
}

fn stale(actor: &Actor, version: i64) -> Error {
    Error::new(Code::Stale).with_header("ETag", crate::web::etag(actor, version, 0))
}
