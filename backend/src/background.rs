//! The job loop: what runs by itself, in five threads of `serve`. One publishes, keeps house and does what changes have made due, in short
//! steps; the others work on jobs, which take long: one on imports and on undoing them, one on exports, one on what is done to many customers, one on searches for duplicates, so that none waits for another.
//! `GUANXI_JOBS=off` leaves all of them out; with several servers on one database a lease row lets one of them publish at a time, and each job has a lease of its own.

mod store;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::web;
use guanxi_api::JobKind;
use guanxi_db::{DbConn, Id, Moment};
use uuid::Uuid;

use crate::access::{Actor, rotate_signing_keys, sessions};
use crate::app::AppState;
use crate::error::{Error, Result};
use crate::imports::UploadId;
use crate::jobs::{Bench, Claim, Ended, JobId};
use crate::{
    audit, bulk_actions, clock, customers, due, duplicates, exports, grades, holdings, idempotency, imports,
    jobs, org, ownership, relations, segments,
};

/// How often the loop looks for work.
const PAUSE: Duration = Duration::from_millis(250);
/// So many requests at the database are a crowd, which is let through before what follows from changes.
const CROWD: usize = 8;
/// How many times as long as it has worked the loop then leaves what follows alone.
const REST: i64 = 3;
/// What follows from changes and from the new day, and what does a chunk of it.
const FOLLOWS: [(&str, Work); 4] = [
    ("work that is due", do_due_work),
    ("putting customers into segments", do_segment_work),
    ("grading customers", do_grade_work),
    ("looking at the care of customers", do_ownership_work),
];
/// What is made anew after the rules for it have changed.
const RENEWED: [Renewal; 4] =
    [org::renew_search, customers::renew_search, customers::renew_completeness, relations::renew_sounds];
/// How long a server may hold the publisher's lease without renewing it.
const LEASE_SECONDS: i64 = 10;
/// How often expired things are removed and keys looked at.
const HOUSEKEEPING_SECONDS: i64 = 600;

/// How long a file may lie before it has a row: longer than any takes to arrive.
const LONELY_SECONDS: i64 = 24 * 3600;

/// Does a chunk of work; false when there was none.
type Work = fn(&web::Data<AppState>, Moment) -> Result<bool>;
/// Makes some anew; gives how many.
type Renewal = fn(&mut DbConn) -> Result<usize>;

/// The running loop; it ends when this is told to or dropped.
#[derive(Debug)]
pub struct JobLoop {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl JobLoop {
    /// Starts the loop.
    ///
    /// # Errors
    /// When no thread can be had.
    pub fn start(state: web::Data<AppState>) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let start = |name: &str, work: fn(&web::Data<AppState>, &AtomicBool)| {
            let (state, seen) = (state.clone(), Arc::clone(&stop));
            std::thread::Builder::new().name(name.into()).spawn(move || work(&state, &seen))
        };
        Ok(JobLoop {
            threads: vec![
                start("background", run)?,
                start("imports", work_on_imports)?,
                start("exports", work_on_exports)?,
                start("bulk", work_on_bulk_actions)?,
                start("searches", work_on_searches)?,
            ],
            stop,
        })
    }

    /// Ends the loop after what it is doing.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the job loop panicked");
            }
        }
    }
}

impl Drop for JobLoop {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(state: &web::Data<AppState>, stop: &AtomicBool) {
    let holder = Uuid::now_v7();
    let (mut housekeeping_due, mut resting_until) = (Moment(0), Moment(0));
    let mut is_renewing = false;
    while !stop.load(Ordering::SeqCst) {
        let now = clock::now();
        // Looking first keeps an idle server from writing four times a second.
        let published = match state.db.read_blocking(audit::has_unpublished) {
            Ok(true) => state.db.write_blocking(move |conn| publish_if_leader(conn, holder, now)),
            Ok(false) => Ok(0),
            Err(error) => Err(error),
        };
        if let Err(error) = &published {
            tracing::warn!(%error, "publishing failed; it is tried again");
        }
        if let Err(error) = fold_portfolio(state, holder, now) {
            tracing::warn!(%error, "folding figures failed; it is tried again");
        }
        if now >= housekeeping_due {
            housekeeping_due = now.plus_seconds(HOUSEKEEPING_SECONDS);
            is_renewing = true;
            if let Err(error) = keep_house(state, now) {
                tracing::warn!(%error, "housekeeping failed; it is tried again");
            }
        }
        let mut has_worked = false;
        if now >= resting_until {
            has_worked = do_what_follows(state, now);
            is_renewing = is_renewing && renew_some(state);
            has_worked |= is_renewing;
        }
        if has_worked {
            resting_until = rests_until(now, clock::now(), state.db.in_flight());
        }
        // A full batch means that more waits.
        if !matches!(published, Ok(done) if done >= 1000) && !has_worked {
            std::thread::sleep(PAUSE);
        }
    }
}

/// Until when what follows from changes waits after a chunk of it, with so many requests at the database.
fn rests_until(began: Moment, ended: Moment, requests: usize) -> Moment {
    if requests < CROWD { ended } else { Moment(ended.0 + REST * (ended.0 - began.0)) }
}

/// Does a chunk of what follows from changes and from the new day; false when there was none.
fn do_what_follows(state: &web::Data<AppState>, now: Moment) -> bool {
    let mut has_worked = false;
    for (what, work) in FOLLOWS {
        match work(state, now) {
            Ok(worked) => has_worked |= worked,
            Err(error) => tracing::warn!(%error, "{what} failed; it is tried again"),
        }
    }
    has_worked
}

/// Makes a chunk anew of what is due; false when nothing is left, and after a failure, until the house is kept again.
fn renew_some(state: &web::Data<AppState>) -> bool {
    for renew in RENEWED {
        match state.db.write_blocking(renew) {
            Ok(0) => {}
            Ok(_) => return true,
            Err(error) => {
                tracing::warn!(%error, "renewing failed; it is tried again");
                return false;
            }
        }
    }
    false
}

fn work_on_imports(state: &web::Data<AppState>, stop: &AtomicBool) {
    work_on_jobs(state, stop, &[JobKind::Import, JobKind::ImportUndo], |bench, claim| {
        imports::run(bench, claim, stop, clock::now, |_| {})
    });
}

fn work_on_exports(state: &web::Data<AppState>, stop: &AtomicBool) {
    work_on_jobs(state, stop, &[JobKind::Export], |bench, claim| {
        exports::run(bench, claim, stop, clock::now, |_| {})
    });
}

fn work_on_bulk_actions(state: &web::Data<AppState>, stop: &AtomicBool) {
    work_on_jobs(state, stop, &[JobKind::Bulk, JobKind::BulkUndo], |bench, claim| {
        bulk_actions::run(bench, claim, stop, clock::now, |_| {})
    });
}

fn work_on_searches(state: &web::Data<AppState>, stop: &AtomicBool) {
    work_on_jobs(state, stop, &[JobKind::DuplicateSearch], |bench, claim| {
        duplicates::run(bench, claim, stop, clock::now)
    });
}

fn work_on_jobs(
    state: &web::Data<AppState>,
    stop: &AtomicBool,
    kinds: &'static [JobKind],
    work_on: impl Fn(&Bench, &Claim) -> Result<Ended>,
) {
    let holder = Id::new(Uuid::now_v7());
    let bench = Bench {
        db: state.db.clone(),
        keys: Arc::clone(&state.keys),
        settings: state.settings.clone(),
        files: state.files.clone(),
    };
    while !stop.load(Ordering::SeqCst) {
        let now = clock::now();
        let waiting = state.db.read_blocking(move |conn| {
            for kind in kinds {
                if jobs::is_waiting(conn, *kind, now)? {
                    return Ok(Some(*kind));
                }
            }
            Ok(None)
        });
        let claimed = match waiting {
            Ok(Some(kind)) => {
                state.db.write_blocking(move |conn| jobs::claim(conn, &Actor::job(now), holder, kind))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        match claimed {
            Ok(Some(claim)) => {
                // A panic ends the work on one job, which is given up after some attempts, and not the thread for all of them.
                let worked = catch_unwind(AssertUnwindSafe(|| work_on(&bench, &claim)));
                let worked = worked.unwrap_or_else(|_| Err(Error::internal("the work on a job panicked")));
                if let Err(error) = worked {
                    tracing::warn!(%error, job = %claim.id, "a job failed; it is tried again");
                    let put_off =
                        move |conn: &mut DbConn| jobs::put_off(conn, &Actor::job(clock::now()), &claim);
                    if let Err(error) = state.db.write_blocking(put_off) {
                        tracing::warn!(%error, "the job waits until its lease has run out");
                    }
                }
            }
            Ok(None) => std::thread::sleep(PAUSE),
            Err(error) => {
                tracing::warn!(%error, "looking for jobs failed; it is tried again");
                std::thread::sleep(PAUSE);
            }
        }
    }
}

/// Numbers events and seals audit entries if this server holds the lease, which it takes when it is free.
///
/// # Errors
/// When the database fails.
pub fn publish_if_leader(conn: &mut DbConn, holder: Uuid, now: Moment) -> Result<usize> {
    let held = store::hold_lease(conn, "publisher", Id::new(holder), now, now.plus_seconds(LEASE_SECONDS))?;
    if held { audit::publish(conn) } else { Ok(0) }
}

/// Takes or renews a lease that one of several servers may have; false while another holder has it.
///
/// # Errors
/// When the database fails.
pub fn hold_lease(conn: &mut DbConn, name: &str, holder: Uuid, now: Moment, until: Moment) -> Result<bool> {
    store::hold_lease(conn, name, Id::new(holder), now, until)
}

fn fold_portfolio(state: &web::Data<AppState>, holder: Uuid, now: Moment) -> Result<()> {
    while state.db.read_blocking(customers::portfolio_has_changes)? {
        let folded = state.db.write_blocking(move |conn| {
            let until = now.plus_seconds(LEASE_SECONDS);
            if store::hold_lease(conn, "portfolio", Id::new(holder), now, until)? {
                customers::fold_portfolio(conn)
            } else {
                Ok(0)
            }
        })?;
        if folded == 0 {
            break;
        }
    }
    Ok(())
}

/// Does a chunk of the work that changes, or a new day, have made due; false when there is none.
fn do_due_work(state: &web::Data<AppState>, now: Moment) -> Result<bool> {
    let shared = state.clone();
    let is_new_rate =
        state.db.read_blocking(move |conn| holdings::has_rates_waiting(conn, &shared.settings, now))?;
    let today = state.settings.day(now);
    let is_due = is_new_rate
        || state.db.read_blocking(due::count)? > 0
        || state.db.read_blocking(move |conn| customers::has_tiers_to_review(conn, today))?;
    if !is_due {
        return Ok(false);
    }
    let shared = state.clone();
    state.db.write_blocking(move |conn| {
        let house = shared.house();
        let actor = Actor::job(now);
        holdings::make_rates_due(conn, &actor, house)?;
        customers::put_in_force(conn, &actor, today)?;
        holdings::do_some_work(conn, &actor, house)
    })
}

/// Puts some customers into segments anew; false when there are none.
fn do_segment_work(state: &web::Data<AppState>, now: Moment) -> Result<bool> {
    let today = state.settings.day(now);
    if !state.db.read_blocking(move |conn| segments::has_work(conn, today))? {
        return Ok(false);
    }
    let shared = state.clone();
    state.db.write_blocking(move |conn| segments::do_some_work(conn, &Actor::job(now), &shared.settings))
}

/// Grades some customers anew; false when there are none.
fn do_grade_work(state: &web::Data<AppState>, now: Moment) -> Result<bool> {
    let today = state.settings.day(now);
    if !state.db.read_blocking(move |conn| grades::has_work(conn, today))? {
        return Ok(false);
    }
    let shared = state.clone();
    state.db.write_blocking(move |conn| grades::do_some_work(conn, &Actor::job(now), &shared.settings))
}

/// Looks at the care of some customers, hands some over and has some fall back into the pool; false when there are none.
fn do_ownership_work(state: &web::Data<AppState>, now: Moment) -> Result<bool> {
    let today = state.settings.day(now);
    let mut worked = false;
    if state.db.read_blocking(move |conn| ownership::has_handing(conn, today))? {
        let shared = state.clone();
        worked = state.db.write_blocking(move |conn| {
            ownership::do_some_handing(conn, &Actor::job(now), &shared.settings)
        })?;
    }
    if state.db.read_blocking(move |conn| ownership::has_work(conn, today))? {
        let shared = state.clone();
        worked |= state
            .db
            .write_blocking(move |conn| ownership::do_some_work(conn, &Actor::job(now), &shared.settings))?;
    }
    if state.db.read_blocking(move |conn| ownership::has_pool_work(conn, today))? {
        let shared = state.clone();
        worked |= state.db.write_blocking(move |conn| {
            ownership::do_some_pool_work(conn, &Actor::job(now), &shared.settings)
        })?;
    }
    Ok(worked)
}

/// Removes what is kept no longer, and renews statistics and keys.
pub(crate) fn keep_house(state: &web::Data<AppState>, now: Moment) -> Result<()> {
    let keys = Arc::clone(&state.keys);
    state.db.write_blocking(move |conn| {
        idempotency::purge(conn, now)?;
        customers::purge_bulk_outcomes(conn, now)?;
        ownership::purge_access(conn, now)?;
        sessions::purge(conn, now)?;
        rotate_signing_keys(conn, &keys, now)
    })?;
    state.db.write_blocking(|conn| guanxi_db::renew_statistics(conn).map_err(Error::from))?;
    state.signer.reload(&state.db, &state.keys, now)?;
    remove_expired_files(state, now)
}

/// Removes jobs and files that are kept no longer: first the file, then what is known of it, so that no file is left that nothing knows of.
fn remove_expired_files(state: &web::Data<AppState>, now: Moment) -> Result<()> {
    remove_expired_job_files(state, now)?;
    while state.db.write_blocking(move |conn| imports::remove_expired_jobs(conn, now))? > 0 {}
    let mut after = None;
    loop {
        let expired = state.db.read_blocking(move |conn| imports::expired(conn, now, after))?;
        let Some(last) = expired.last() else { break };
        after = Some(*last);
        for id in expired {
            // One that cannot be removed does not keep the others.
            match state.files.remove(id.uuid()) {
                Ok(()) => state.db.write_blocking(move |conn| imports::forget(conn, id))?,
                Err(error) => tracing::warn!(%error, file = %id, "an expired file cannot be removed"),
            }
        }
    }
    // A server that died between a file and its row leaves the file alone.
    for id in state.files.older_than(now.plus_seconds(-LONELY_SECONDS)).map_err(Error::internal)? {
        let is_known = move |conn: &mut DbConn| {
            Ok::<_, Error>(imports::is_known(conn, UploadId::new(id))? || jobs::is_file(conn, id)?)
        };
        if !state.db.read_blocking(is_known)? {
            state.files.remove(id).map_err(Error::internal)?;
        }
    }
    Ok(())
}

/// Removes what jobs have made that are kept no longer; a job whose file is still there stays as well.
fn remove_expired_job_files(state: &web::Data<AppState>, now: Moment) -> Result<()> {
    let mut after: Option<JobId> = None;
    loop {
        let expired = state.db.read_blocking(move |conn| jobs::expired_files(conn, now, after))?;
        let Some((last, _)) = expired.last() else { return Ok(()) };
        after = Some(*last);
        for (job, file) in expired {
            match state.files.remove(file) {
                Ok(()) => state.db.write_blocking(move |conn| jobs::forget_file(conn, job))?,
                Err(error) => tracing::warn!(%error, %job, "an expired file cannot be removed"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;
    use guanxi_api::Role;
    use guanxi_db::DbError;
    use guanxi_db::schema::{customer, user_account};
    use serde_json::json;

    use super::*;
    use crate::testing::TestApp;

    /// Users and customers whose search tokens are to be made anew.
    fn outdated(app: &TestApp) -> (i64, i64) {
        app.db(|conn| {
            let users = user_account::table.filter(user_account::search_version.eq(0)).count();
            let customers = customer::table.filter(customer::search_version.eq(0)).count();
            Ok((
                users.get_result(conn).map_err(DbError::from)?,
                customers.get_result(conn).map_err(DbError::from)?,
            ))
        })
    }

    fn set_back(app: &TestApp) {
        app.db(|conn| {
            diesel::update(user_account::table)
                .set(user_account::search_version.eq(0))
                .execute(conn)
                .map_err(DbError::from)?;
            diesel::update(customer::table)
                .set(customer::search_version.eq(0))
                .execute(conn)
                .map_err(DbError::from)?;
            Ok(())
        });
    }

    #[test]
    fn what_is_made_anew_is_made_in_chunks_between_which_the_loop_goes_on() {
        let app = TestApp::start();
        app.role(Role::Rm).post("/customers", &json!({"kind": "person", "name": "张三丰"})).expect(201);
        set_back(&app);
        let all = outdated(&app);
        assert_eq!((all.0 > 0, all.1), (true, 1));
        keep_house(&app.state, clock::now()).expect("kept");
        assert_eq!(outdated(&app), all, "not while the house is kept");
        let turns = [0, 1, 2].map(|_| (renew_some(&app.state), outdated(&app)));
        assert_eq!(turns, [(true, (0, 1)), (true, (0, 0)), (false, (0, 0))]);

        set_back(&app);
        let mut running = JobLoop::start(app.state.clone()).expect("threads");
        let end = clock::now().plus_seconds(30);
        while outdated(&app) != (0, 0) && clock::now() < end {
            std::thread::sleep(PAUSE);
        }
        running.stop();
        assert_eq!(outdated(&app), (0, 0));
    }

    #[test]
    fn what_follows_waits_while_requests_are_many() {
        let (began, ended) = (Moment(1_000_000), Moment(1_200_000));
        assert_eq!(rests_until(began, ended, 0), ended);
        assert_eq!(rests_until(began, ended, CROWD - 1), ended);
        assert_eq!(rests_until(began, ended, CROWD), Moment(1_800_000));
    }
}
