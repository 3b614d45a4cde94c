//! What goes to the database threads: closures that read or write, each with whom it answers.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use diesel::r2d2::{Pool, PooledConnection};
use tokio::sync::oneshot;

use super::transaction::{begin, begin_snapshot, commit, rollback};
use super::unanswered;
use crate::manager::Manager;
use crate::{Condition, DbConn, DbError, Statement, execute_all};

/// A closure that is run again after losing its connection or meeting another transaction.
const ATTEMPTS: usize = 3;

/// A closure on its way to a database thread.
pub(super) struct Task {
    pub(super) job: Box<dyn Job>,
    pub(super) since: Instant,
}

pub(super) trait Job: Send {
    /// Runs on a connection of its own, with its own transaction if it writes, and answers.
    fn run_alone(self: Box<Self>, pool: &Pool<Manager>);
    /// Runs inside a group's transaction; false means that what it did must be undone. Only writes to SQLite are grouped.
    fn run_in_group(&mut self, _: &mut DbConn) -> bool {
        false
    }
    /// Answers, with its own error if it had one, else with the group's outcome.
    fn answer(self: Box<Self>, group: Result<(), DbError>);
}

pub(super) struct ReadJob<F, T, E> {
    f: F,
    reply: oneshot::Sender<Result<T, E>>,
    snapshot: bool,
}

impl<F, T, E> ReadJob<F, T, E>
where
    F: FnOnce(&mut DbConn) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    pub(super) fn boxed(f: F, snapshot: bool) -> (Box<dyn Job>, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (Box::new(ReadJob { f, reply, snapshot }), answer)
    }
}

impl<F, T, E> Job for ReadJob<F, T, E>
where
    F: FnOnce(&mut DbConn) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    fn run_alone(self: Box<Self>, pool: &Pool<Manager>) {
        let ReadJob { f, reply, snapshot } = *self;
        // The asker has gone: a timed-out or closed request costs no database time.
        if reply.is_closed() {
            return;
        }
        let result = connection(pool).map_err(E::from).and_then(|mut conn| {
            if !snapshot {
                return guarded(|| f(&mut conn));
            }
            begin_snapshot(&mut conn)?;
            let result = guarded(|| f(&mut conn));
            match rollback(&mut conn) {
                Err(error) if result.is_ok() => Err(error.into()),
                _ => result,
            }
        });
        let _ = reply.send(result);
    }

    fn answer(self: Box<Self>, group: Result<(), DbError>) {
        if let Err(error) = group {
            let _ = self.reply.send(Err(error.into()));
        }
    }
}

pub(super) struct WriteJob<F, T, E> {
    f: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> WriteJob<F, T, E>
where
    F: FnMut(&mut DbConn) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    pub(super) fn boxed(f: F) -> (Box<dyn Job>, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (Box::new(WriteJob { f, result: None, reply }), answer)
    }
}

impl<F, T, E> Job for WriteJob<F, T, E>
where
    F: FnMut(&mut DbConn) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    fn run_alone(self: Box<Self>, pool: &Pool<Manager>) {
        let WriteJob { mut f, reply, .. } = *self;
        let _ = reply.send(persevere(pool, |conn, last| attempt(conn, &mut f, last)));
    }

    fn run_in_group(&mut self, conn: &mut DbConn) -> bool {
        let result = guarded(|| (self.f)(conn));
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn answer(self: Box<Self>, group: Result<(), DbError>) {
        let answer = match (self.result, group) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(error)), _) => Err(error),
            (None, Ok(())) => Err(unanswered().into()),
            (_, Err(error)) => Err(error.into()),
        };
        let _ = self.reply.send(answer);
    }
}

/// A write that is planned first, for PostgreSQL.
pub(super) struct PlannedJob<F, T, E> {
    pub(super) plan: F,
    pub(super) reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for PlannedJob<F, T, E>
where
    F: FnMut(&mut DbConn) -> Result<(Vec<Condition>, T), E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    fn run_alone(self: Box<Self>, pool: &Pool<Manager>) {
        let PlannedJob { mut plan, reply } = *self;
        let _ = reply.send(persevere(pool, |conn, last| attempt_planned(conn, &mut plan, last)));
    }

    fn answer(self: Box<Self>, group: Result<(), DbError>) {
        if let Err(error) = group {
            let _ = self.reply.send(Err(error.into()));
        }
    }
}

/// Up to [`ATTEMPTS`] at something, until it has a result.
fn persevere<T, E: From<DbError>>(
    pool: &Pool<Manager>,
    mut attempt: impl FnMut(&mut DbConn, bool) -> Option<Result<T, E>>,
) -> Result<T, E> {
    for attempts in 1..=ATTEMPTS {
        // A new one each time: the pool replaces a connection that was lost.
        let mut conn = connection(pool)?;
        if let Some(result) = attempt(&mut conn, attempts == ATTEMPTS) {
            return result;
        }
    }
    Err(unanswered().into())
}

pub(super) fn run_plan<T, E: From<DbError>>(
    conn: &mut DbConn,
    plan: &mut impl FnMut(&mut DbConn) -> Result<(Vec<Condition>, T), E>,
) -> Result<T, E> {
    let (statements, value) = plan(conn)?;
    execute_all(conn, statements)?;
    Ok(value)
}

/// One attempt at a planned write; `None` when another one may cure what it met.
fn attempt_planned<T, E: From<DbError>>(
    conn: &mut DbConn,
    plan: &mut impl FnMut(&mut DbConn) -> Result<(Vec<Condition>, T), E>,
    last: bool,
) -> Option<Result<T, E>> {
    DbError::take_curable();
    let (statements, value) = match guarded(|| plan(conn)) {
        Ok(planned) => planned,
        Err(_) if DbError::take_curable() && !last => return None,
        Err(error) => return Some(Err(error)),
    };
    let written = match statements.as_slice() {
        [statement] => Statement::new(statement.clone()).execute(conn).map(drop),
        _ => attempt(conn, &mut |conn| execute_all(conn, statements.clone()), last)?,
    };
    match written {
        Ok(()) => Some(Ok(value)),
        Err(DbError::Conflict) if !last => None,
        // Whether a statement during which the connection was lost took effect is not known: running it again could do it twice.
        Err(error) => Some(Err(error.into())),
    }
}

/// One attempt at a transaction; `None` when another one may cure what it met.
fn attempt<T, E: From<DbError>>(
    conn: &mut DbConn,
    f: &mut impl FnMut(&mut DbConn) -> Result<T, E>,
    last: bool,
) -> Option<Result<T, E>> {
    DbError::take_curable();
    if let Err(error) = begin(conn) {
        return if DbError::take_curable() && !last { None } else { Some(Err(error.into())) };
    }
    match guarded(|| f(conn)) {
        Ok(value) => match commit(conn) {
            Ok(()) => Some(Ok(value)),
            Err(DbError::Conflict) if !last => None,
            // Whether a commit whose connection was lost took effect is not known: running it again could do it twice.
            Err(error) => Some(Err(error.into())),
        },
        Err(error) => {
            let curable = DbError::take_curable();
            let _ = rollback(conn);
            if curable && !last { None } else { Some(Err(error)) }
        }
    }
}

fn guarded<T, E: From<DbError>>(f: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(f))
        .unwrap_or_else(|panic| Err(DbError::Panicked(panic_text(panic.as_ref())).into()))
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}

pub(super) fn connection(pool: &Pool<Manager>) -> Result<PooledConnection<Manager>, DbError> {
    pool.get().map_err(|error| DbError::Unavailable(error.to_string()))
}
