//! Who is to be looked at again: for everything that is derived from a customer, those of whom the change feed tells, and all of them, chunk by
//! chunk, when a rule has changed and whenever a day has begun.

mod store;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use guanxi_db::{DbConn, Id};

use crate::access::UserId;
use crate::audit;
use crate::customers::{self, CustomerId};
use crate::error::Result;
use crate::following::store::ProgressRow;

/// Customers that are looked at in one transaction while all of them are.
const WALKED_AT_ONCE: i64 = 1_000;
/// Change events that are looked at in one transaction.
const EVENTS_AT_ONCE: i64 = 500;

/// Whoever looks after more than so many customers has all customers looked at when something about them changes.
const LOOKED_AFTER: usize = 1_000;
const USER: &str = "user";

/// Who derives something from customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follower {
    Segments,
    Grades,
    /// What the care of customers lacks, and when leaders are to visit them.
    Care,
    /// Who falls back into the pool for want of a contact.
    Pool,
}

impl Follower {
    /// Whether a new day alone makes a difference.
    const fn is_daily(self) -> bool {
        !matches!(self, Follower::Care)
    }

    /// Whether something follows from things of this type.
    fn reads(self, resource_type: &str) -> bool {
        match self {
            Follower::Segments | Follower::Grades => resource_type != USER,
            Follower::Care => {
                ["customer", "customer_figures", "care_plan", "interaction", USER].contains(&resource_type)
            }
            Follower::Pool => ["customer", "customer_figures", "interaction"].contains(&resource_type),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Follower::Segments => "segments",
            Follower::Grades => "grades",
            Follower::Care => "care",
            Follower::Pool => "pool",
        }
    }
}

/// Customers who are to be looked at now.
#[derive(Debug)]
pub struct Step {
    pub customers: Vec<CustomerId>,
    /// Whether all of them have been looked at with these.
    pub ends_walk: bool,
}

/// Whether there are customers to be looked at again: because something about them changed, because a rule did, or because a new day has begun.
///
/// # Errors
/// When the database fails.
pub fn has_work(conn: &mut DbConn, follower: Follower, today: NaiveDate) -> Result<bool> {
    let progress = store::progress(conn, follower.name())?;
    Ok(is_walk_due(follower, &progress, today) || audit::last_event(conn)? > progress.event_seq)
}

/// The next customers to be looked at, locked until the transaction ends; that they were is written with what follows from it. None when there are
/// none, or another server has them.
///
/// # Errors
/// When the database fails.
pub fn next(conn: &mut DbConn, follower: Follower, today: NaiveDate) -> Result<Option<Step>> {
    let Some(progress) = store::own_progress(conn, follower.name())? else { return Ok(None) };
    // What has just changed comes first: somebody may be looking at it.
    let events = audit::events_after(conn, progress.event_seq, EVENTS_AT_ONCE)?;
    let step = if let Some((last, _, _)) = events.last() {
        store::set_event(conn, follower.name(), *last)?;
        Step { customers: concerned(conn, follower, &events)?, ends_walk: false }
    } else if is_walk_due(follower, &progress, today) {
        let after = progress.after.filter(|_| progress.walking);
        let began_on = after.and(progress.walked_on).unwrap_or(today);
        let customers = customers::ids_after(conn, after, WALKED_AT_ONCE)?;
        // Whom a walk passed before midnight has not been looked at on the day that has begun meanwhile.
        let is_outrun = follower.is_daily() && began_on < today;
        match customers.last() {
            Some(last) => store::walk_on(conn, follower.name(), *last, began_on)?,
            None if is_outrun => begin_walk(conn, follower)?,
            None => store::end_walk(conn, follower.name(), began_on)?,
        }
        Step { ends_walk: customers.is_empty() && !is_outrun, customers }
    } else {
        return Ok(None);
    };
    if !step.customers.is_empty() {
        customers::lock_all(conn, &step.customers)?;
    }
    Ok(Some(step))
}

fn is_walk_due(follower: Follower, progress: &ProgressRow, today: NaiveDate) -> bool {
    progress.walking || progress.walked_on.is_none_or(|day| follower.is_daily() && day < today)
}

/// Has all customers be looked at again.
///
/// # Errors
/// When the database fails.
pub fn begin_walk(conn: &mut DbConn, follower: Follower) -> Result<()> {
    store::begin_walk(conn, follower.name())
}

/// The day on which all customers were last looked at; none while some are to be looked at again.
///
/// # Errors
/// When the database fails.
pub fn settled_on(conn: &mut DbConn, follower: Follower) -> Result<Option<NaiveDate>> {
    let progress = store::progress(conn, follower.name())?;
    let is_behind =
        progress.walking || audit::last_event(conn)? > progress.event_seq || audit::has_unnumbered(conn)?;
    Ok(progress.walked_on.filter(|_| !is_behind))
}

/// Looks at all customers chunk by chunk, for checks.
///
/// # Errors
/// When the database fails, and what `look_at` gives.
pub fn walk(
    conn: &mut DbConn,
    mut look_at: impl FnMut(&mut DbConn, &[CustomerId]) -> Result<()>,
) -> Result<()> {
    let mut after = None;
    loop {
        let ids = customers::ids_after(conn, after, WALKED_AT_ONCE)?;
        let Some(last) = ids.last() else { return Ok(()) };
        after = Some(*last);
        look_at(conn, &ids)?;
    }
}

/// The customers that events are about, as far as something is derived from it; somebody who looks after very many has all looked at.
fn concerned(
    conn: &mut DbConn,
    follower: Follower,
    events: &[(i64, String, Id<()>)],
) -> Result<Vec<CustomerId>> {
    let mut of: BTreeMap<&str, BTreeSet<Id<()>>> = BTreeMap::new();
    for (_, resource_type, id) in events.iter().filter(|(_, resource_type, _)| follower.reads(resource_type))
    {
        of.entry(resource_type).or_default().insert(*id);
    }
    let mut customers = BTreeSet::new();
    for user in of.remove(USER).unwrap_or_default() {
        let looked_after = store::looked_after_by(conn, UserId::new(user.uuid()), LOOKED_AFTER + 1)?;
        if looked_after.len() > LOOKED_AFTER {
            begin_walk(conn, follower)?;
        } else {
            customers.extend(looked_after);
        }
    }
    for (resource_type, ids) in of {
        customers.extend(match (follower, resource_type) {
            // Most contacts are those of somebody else.
            (Follower::Care, "interaction") => store::visited(conn, &ids)?,
            _ => store::customers_of(conn, resource_type, &ids)?,
        });
    }
    let customers: Vec<CustomerId> = customers.into_iter().collect();
    match follower {
        // Who is not about to fall back falls back on a day, not at once.
        Follower::Pool => store::pooled_among(conn, &customers),
        _ => Ok(customers),
    }
}
