use chrono::{Days, NaiveDate};
use guanxi_api::{TaskPriority, TaskSource};
use guanxi_db::{DbConn, Moment};

use crate::access::{Actor, UserId};
use crate::error::Result;
use crate::installation::Settings;
use crate::org;
use crate::surveys::AnswerId;
use crate::surveys::store::{self, FollowUpRow, Standing};
use crate::tasks::{self, Opening};

/// Days in which a low score is followed up.
const DAYS: u64 = 2;
/// How the title of its task begins; the survey's name follows. A title is what people entered, so it has no second language.
const TITLE: &str = "低分回访 · ";

/// Opens the task of following a low score up, for its [`assignee`].
///
/// `reason` names the questions with low scores.
///
/// # Errors
/// When the database fails.
pub(super) fn open_task(
    conn: &mut DbConn,
    actor: &Actor,
    settings: &Settings,
    answer_id: AnswerId,
    (standing, survey_name): (&Standing, &str),
    reason: String,
) -> Result<()> {
    let assignee_id = assignee(conn, standing)?;
    let today = settings.day(actor.now());
    let mut follow_up = row(answer_id, standing, assignee_id, today, reason, actor.now());
    if let Some(assignee_id) = assignee_id {
        let opening = Opening {
            customer_id: Some(standing.customer_id),
            title: format!("{TITLE}{survey_name}"),
            notes: Some(follow_up.reason.clone()),
            assignee_id: Some(assignee_id),
            due_on: follow_up.due_on,
            priority: TaskPriority::High,
            source: TaskSource::Survey,
            source_id: Some(answer_id.uuid()),
            source_on: None,
        };
        follow_up.task_id = Some(tasks::open_for(conn, actor, assignee_id, opening)?);
    }
    store::insert_follow_ups(conn, &[follow_up])
}

/// Who follows a low score up: the customer's owner, or the head of its unit where it has none, or one whose account is closed.
///
/// # Errors
/// When the database fails.
pub(super) fn assignee(conn: &mut DbConn, standing: &Standing) -> Result<Option<UserId>> {
    if let Some(owner) = standing.owner_id
        && org::user_summary(conn, owner)?.is_some_and(|owner| !owner.archived)
    {
        return Ok(Some(owner));
    }
    org::head_of_unit(conn, standing.org_unit_id)
}

/// A follow-up as it is kept.
pub(super) fn row(
    answer_id: AnswerId,
    standing: &Standing,
    assignee_id: Option<UserId>,
    answered_on: NaiveDate,
    reason: String,
    created_at: Moment,
) -> FollowUpRow {
    FollowUpRow {
        answer_id,
        customer_id: standing.customer_id,
        assignee_id,
        due_on: answered_on.checked_add_days(Days::new(DAYS)).unwrap_or(answered_on),
        reason,
        task_id: None,
        created_at,
    }
}
