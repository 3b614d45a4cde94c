use chrono::{Days, NaiveDate};
use guanxi_api::{HandoverLineState, HandoverState};
use guanxi_db::{DbConn, Moment};

use crate::access::Actor;
use crate::customers;
use crate::error::Result;
use crate::installation::Settings;
use crate::ownership::handovers::record;
use crate::ownership::store;
use crate::tasks;

/// Customers that change hands in one transaction.
const AT_ONCE: i64 = 25;

/// Whether a handover is to be carried out.
///
/// # Errors
/// When the database fails.
pub fn has_handing(conn: &mut DbConn, today: NaiveDate) -> Result<bool> {
    store::is_due(conn, today)
}

/// Hands some customers over: owner, open tasks, and for a while what the former owner still sees. False when there are none, or another server
/// does it.
///
/// # Errors
/// When the database fails.
pub fn do_some_handing(conn: &mut DbConn, actor: &Actor, settings: &Settings) -> Result<bool> {
    let today = settings.day(actor.now());
    let Some(before) = store::own_due(conn, today)? else { return Ok(false) };
    let days = u64::try_from(before.double_access_days).unwrap_or_default();
    let until = today.checked_add_days(Days::new(days + 1)).map(|day| settings.start_of(day));
    let waiting = store::waiting(conn, before.id, AT_ONCE)?;
    let mut after = before.clone();
    for line in &waiting {
        let between = (before.from_user_id, line.user_id);
        if customers::hand_over(conn, actor, line.customer_id, between, before.proposed_by)? {
            tasks::pass_on(conn, actor, line.customer_id, between)?;
            if let Some(until) = until.filter(|_| days > 0) {
                store::give_access(conn, before.from_user_id, line.customer_id, until)?;
            }
            store::set_line(conn, line, HandoverLineState::Moved)?;
            after.moved += 1;
        } else {
            store::set_line(conn, line, HandoverLineState::Skipped)?;
            after.skipped += 1;
        }
    }
    let ends = waiting.len() < usize::try_from(AT_ONCE).unwrap_or_default();
    if ends {
        after.state = HandoverState::Done.as_str().to_owned();
        after.finished_at = Some(actor.now());
    }
    after.version += 1;
    after.updated_at = actor.now();
    store::update(conn, &after, before.version)?;
    record(conn, actor, Some(&before), &after, if ends { "done" } else { "carried_out" }, None)?;
    Ok(true)
}

/// Removes what nobody sees any more by it; gives how many.
///
/// # Errors
/// When the database fails.
pub fn purge_access(conn: &mut DbConn, now: Moment) -> Result<usize> {
    store::purge_access(conn, now)
}
