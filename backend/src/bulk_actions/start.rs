use std::collections::HashSet;

use guanxi_api::{BulkAction, BulkActionKind, BulkTask, JobKind, NewBulkAction, Tag};
use guanxi_db::{Condition, DbConn};
use serde_json::json;
use uuid::Uuid;

use crate::access::{Actor, OrgUnitId, Right, UserId};
use crate::customers::{self, House, TagId};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::jobs::{self, JobId, NewJob};
use crate::text;
use crate::{org, tasks};

/// Most customers that a filter may choose.
const MOST: usize = 10_000;

/// What is to be done, once it is known to be one thing.
pub(super) enum Act<'a> {
    Assign(&'a guanxi_api::Assignment),
    CreateTask(&'a BulkTask),
    Tag(TagId),
    Untag(TagId),
}

impl<'a> Act<'a> {
    pub(super) fn of(action: &'a BulkAction) -> Option<Self> {
        let BulkAction { assign, create_task, tag, untag } = action;
        match (assign, create_task, tag, untag) {
            (Some(assignment), None, None, None) => Some(Act::Assign(assignment)),
            (None, Some(task), None, None) => Some(Act::CreateTask(task)),
            (None, None, Some(tag), None) => Some(Act::Tag(TagId::new(tag.tag_id))),
            (None, None, None, Some(tag)) => Some(Act::Untag(TagId::new(tag.tag_id))),
            _ => None,
        }
    }

    const fn kind(&self) -> BulkActionKind {
        match self {
            Act::Assign(_) => BulkActionKind::Assign,
            Act::CreateTask(_) => BulkActionKind::CreateTask,
            Act::Tag(_) => BulkActionKind::Tag,
            Act::Untag(_) => BulkActionKind::Untag,
        }
    }

    /// The right without which nobody does it, even to one customer.
    pub(super) const fn right(&self) -> Right {
        match self {
            Act::Assign(_) => Right::AssignCustomers,
            Act::CreateTask(_) => Right::WriteTasks,
            Act::Tag(_) | Act::Untag(_) => Right::EditCustomers,
        }
    }
}

/// Writes down a job that does something to many customers.
///
/// # Errors
/// 403 without the right to do it to one; 400 for a filter that cannot be read and 403 for a field that the actor sees masked; 422 when
/// it is not one action or not one way to choose, when a filter finds none or too many, and for a wrong title or day of a task, unit, owner or tag.
pub fn start(conn: &mut DbConn, actor: &Actor, house: House<'_>, new: &NewBulkAction) -> Result<JobId> {
    let act = Act::of(&new.action).ok_or_else(|| Error::field("/action", "exactly_one"))?;
    if !actor.may(act.right()) {
        return Err(Error::forbidden());
    }
    check(conn, actor, house, &act)?;
    let ids = chosen(conn, actor, house, new)?;
    let audited = json!({
        "action": act.kind(),
        "filter": new.selection.filter,
        "customers": ids.len(),
        "org_unit_id": new.action.assign.as_ref().and_then(|to| to.org_unit_id),
        "owner_id": new.action.assign.as_ref().and_then(|to| to.owner_id),
        "tag_id": new.action.tag.or(new.action.untag).map(|tag| tag.tag_id),
    });
    let title = match &act {
        Act::Assign(to) => match (to.owner_id, to.org_unit_id) {
            (Some(owner), _) => org::user_summary(conn, UserId::new(owner))?
                .map(|owner| owner.display_name)
                .ok_or_else(|| Error::field("/action/assign/owner_id", "not_found"))?,
            (None, Some(unit)) => {
                org::unit_ref(conn, OrgUnitId::new(unit))?.name.in_language(actor.language()).to_owned()
            }
            (None, None) => ids.len().to_string(),
        },
        Act::CreateTask(task) => task.title.clone(),
        Act::Tag(tag) | Act::Untag(tag) => customers::tag(conn, *tag)?.name,
    };
    let job = NewJob {
        kind: JobKind::Bulk,
        title,
        dry_run: false,
        input: json!({ "kind": act.kind(), "filter": new.selection.filter, "action": new.action }),
        audited,
        reason: None,
    };
    let id = jobs::create(conn, actor, job)?;
    jobs::add_targets(conn, id, &ids)?;
    Ok(id)
}

/// What would be wrong for every customer is said at once.
fn check(conn: &mut DbConn, actor: &Actor, house: House<'_>, act: &Act<'_>) -> Result<()> {
    match act {
        Act::CreateTask(task) => {
            let mut wrong = Wrong::default();
            if let Err(broken) = text::line(&task.title, 200) {
                wrong.add(FieldError::broken("/action/create_task/title", broken));
            }
            if let Err(broken) = tasks::check_due(actor, house, task.due_on) {
                wrong.add(FieldError::broken("/action/create_task/due_on", broken));
            }
            wrong.unless(Some(()))
        }
        Act::Tag(tag) => {
            let known = known_tag(conn, *tag, "/action/tag/tag_id")?;
            if known.archived_at.is_some() {
                return Err(Error::field("/action/tag/tag_id", "tag_archived"));
            }
            Ok(())
        }
        Act::Untag(tag) => known_tag(conn, *tag, "/action/untag/tag_id").map(drop),
        Act::Assign(to) => {
            let Some(unit) = to.org_unit_id else { return Ok(()) };
            let placed =
                customers::can_place(conn, actor, OrgUnitId::new(unit), to.owner_id.map(UserId::new));
            let at = |field: FieldError| FieldError {
                pointer: format!("/action/assign{}", field.pointer),
                ..field
            };
            placed.map_err(|error| Error { fields: error.fields.into_iter().map(at).collect(), ..error })
        }
    }
}

fn known_tag(conn: &mut DbConn, tag: TagId, pointer: &'static str) -> Result<Tag> {
    customers::tag(conn, tag).map_err(|error| match error.code {
        Code::NotFound => Error::field(pointer, "not_found"),
        _ => error,
    })
}

/// The customers that are meant. Those that are named are not looked at before it is their turn.
fn chosen(conn: &mut DbConn, actor: &Actor, house: House<'_>, new: &NewBulkAction) -> Result<Vec<Uuid>> {
    match (&new.selection.ids, &new.selection.filter) {
        (Some(ids), None) => {
            let mut seen = HashSet::new();
            Ok(ids.iter().copied().filter(|id| seen.insert(*id)).collect())
        }
        (None, Some(filter)) => {
            let all = Condition::everything();
            let found = customers::briefs_by_filter(conn, actor, house.keys, filter, all, MOST + 1);
            let at =
                |field: FieldError| FieldError { pointer: format!("/selection{}", field.pointer), ..field };
            let found: Vec<customers::CustomerBrief> = found
                .map_err(|error| Error { fields: error.fields.iter().cloned().map(at).collect(), ..error })?;
            match found.len() {
                0 => Err(Error::field("/selection/filter", "nobody_selected")),
                1..=MOST => Ok(found.into_iter().map(|brief| brief.id.uuid()).collect()),
                _ => {
                    let many = FieldError::new("/selection/filter", "too_many_selected").with("max", MOST);
                    Err(Error { fields: vec![many], ..Error::new(Code::ValidationFailed) })
                }
            }
        }
        _ => Err(Error::field("/selection", "exactly_one")),
    }
}

/// Starts to undo what the actor has done to many customers.
///
/// # Errors
/// 404 when there is no such job, 403 when it is somebody else's, 409 when it has not ended, has done nothing or is undone already.
pub fn start_undo(conn: &mut DbConn, actor: &Actor, id: JobId) -> Result<JobId> {
    let by = jobs::undo(conn, actor, id, JobKind::Bulk)?;
    if jobs::targets(conn, id, jobs::DONE, 1)?.is_empty() {
        return Err(Error::conflict("", "nothing_to_undo"));
    }
    Ok(by)
}
