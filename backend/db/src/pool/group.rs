//! SQLite's writer: one transaction for all that waits, and the log that its commits leave.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use diesel::r2d2::Pool;

use super::job::{Job, Task, connection};
use super::transaction::{begin, changed_rows, commit, in_transaction, only_sqlite, rollback, savepoint};
use crate::manager::Manager;
use crate::{DatabaseUrl, DbConn, DbError, sqlite};

/// How many closures one durable commit takes at most, and for how long it collects them.
const GROUP: usize = 256;
const GROUP_TIME: Duration = Duration::from_millis(20);
/// The least time between two looks at how long the log is.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_millis(20);

/// SQLite's one writer: everything that waits goes into one transaction, each closure undone by itself when it fails, and all are
/// answered after the one durable commit.
pub(super) fn serve_groups(
    pool: &Pool<Manager>,
    queue: &Receiver<Task>,
    wait: Duration,
    committed: &Sender<()>,
) {
    while let Ok(first) = queue.recv() {
        let mut conn = match connection(pool) {
            Ok(conn) => conn,
            Err(error) => {
                first.job.answer(Err(error));
                continue;
            }
        };
        if let Err(error) = begin(&mut conn) {
            first.job.answer(Err(error));
            continue;
        }
        let started = Instant::now();
        let mut group = Group::default();
        let mut broken = None;
        let mut next = Some(first);
        while let Some(task) = next.take() {
            if task.since.elapsed() > wait {
                task.job.answer(Err(DbError::Overloaded));
            } else {
                broken = group.run(&mut conn, task.job).err();
            }
            if broken.is_none() && group.done.len() < GROUP && started.elapsed() < GROUP_TIME {
                next = queue.try_recv().ok();
            }
        }
        let outcome = match broken {
            None => commit(&mut conn),
            Some(error) => Err(error),
        };
        if let Err(error) = &outcome {
            tracing::error!(%error, waiting = group.done.len(), "a group of writes failed; none was acknowledged");
            let _ = rollback(&mut conn);
        }
        for Done { job, .. } in group.done {
            job.answer(outcome.as_ref().map(|_| ()).map_err(|error| DbError::Unavailable(error.to_string())));
        }
        // When it is full, a look at the log is due anyway.
        let _ = committed.try_send(());
    }
}

/// Moves SQLite's log into its file after commits, beside the writer, so that no request waits for that.
pub(super) fn serve_checkpoints(url: &DatabaseUrl, cache: u32, commits: &Receiver<()>) {
    let mut own: Option<DbConn> = None;
    while commits.recv().is_ok() {
        if let Err(error) = checkpoint_beside(url, cache, &mut own) {
            tracing::warn!(%error, "the log was not moved into the database file");
            own = None;
        }
        std::thread::sleep(BETWEEN_CHECKPOINTS);
    }
}

fn checkpoint_beside(url: &DatabaseUrl, cache: u32, own: &mut Option<DbConn>) -> Result<(), DbError> {
    let conn = match own {
        Some(conn) => conn,
        None => own.insert(url.connect()?),
    };
    match conn {
        DbConn::Pg(_) => Err(only_sqlite()),
        DbConn::Sqlite(conn) => sqlite::checkpoint_beside(conn, cache),
    }
}

/// The closures of one transaction. They run without savepoints, for which SQLite would keep every page that they change and the full-text
/// index would write a segment each. When one fails that has written something, all are undone, and those before it run once more, from
/// then on each in a savepoint.
#[derive(Default)]
struct Group {
    done: Vec<Done>,
    guarded: bool,
}

/// A closure that has run, and whether what it did is in the transaction.
struct Done {
    job: Box<dyn Job>,
    kept: bool,
}

impl Group {
    /// An error means that nothing of the group can be kept.
    fn run(&mut self, conn: &mut DbConn, mut job: Box<dyn Job>) -> Result<(), DbError> {
        let outcome =
            if self.guarded { run_guarded(conn, job.as_mut()) } else { self.run_bare(conn, job.as_mut()) };
        // Whatever the outcome, whoever waits for the closure has to hear of it.
        self.done.push(Done { job, kept: *outcome.as_ref().unwrap_or(&false) });
        outcome.map(drop)
    }

    fn run_bare(&mut self, conn: &mut DbConn, job: &mut dyn Job) -> Result<bool, DbError> {
        let before = changed_rows(conn)?;
        if job.run_in_group(conn) {
            return Ok(true);
        }
        if changed_rows(conn)? == before && in_transaction(conn)? {
            return Ok(false);
        }
        rollback(conn)?;
        begin(conn)?;
        for done in self.done.iter_mut().filter(|done| done.kept) {
            self.guarded = true;
            done.kept = run_guarded(conn, done.job.as_mut())?;
        }
        Ok(false)
    }
}

/// Runs a closure in a savepoint; whether it is kept.
fn run_guarded(conn: &mut DbConn, job: &mut dyn Job) -> Result<bool, DbError> {
    savepoint(conn)?;
    let kept = job.run_in_group(conn);
    if kept {
        commit(conn)?
    } else {
        rollback(conn)?
    }
    Ok(kept)
}
