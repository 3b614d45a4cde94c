use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::r2d2::{Pool, PooledConnection};
use tokio::sync::oneshot;

use crate::manager::Manager;
use crate::{DatabaseUrl, DbConn, DbError, Engine, sqlite};

/// How many closures one durable commit of SQLite takes at most, and for how long it collects them.
const GROUP: usize = 256;
const GROUP_TIME: Duration = Duration::from_millis(20);
/// A closure that is run again after losing its connection or meeting another transaction.
const ATTEMPTS: usize = 3;

/// Sizes of the database layer.
#[derive(Clone, Debug)]
pub struct DbOptions {
    pub url: DatabaseUrl,
    /// Threads that read, each with a connection.
    pub read_threads: usize,
    /// Threads that write. SQLite always has one.
    pub write_threads: usize,
    /// Requests that may wait for each kind of thread.
    pub queue: usize,
    /// How long one may wait before it is refused.
    pub wait: Duration,
    /// Cache of the connection that writes to SQLite, in KiB.
    pub write_cache: u32,
}

/// The cache that a server writes to SQLite with, in KiB: the upper pages of the indexes that a write touches.
const SERVER_WRITE_CACHE: u32 = 16 * 1024;

impl DbOptions {
    /// What suits a server on a machine with so many cores.
    pub fn for_cores(url: DatabaseUrl, cores: usize) -> Self {
        let write_threads = match url.engine() {
            Engine::Sqlite => 1,
            Engine::Postgres => (cores * 4).max(4),
        };
        DbOptions {
            url,
            read_threads: (cores * 2).max(2),
            write_threads,
            queue: 1024,
            wait: Duration::from_secs(2),
            write_cache: SERVER_WRITE_CACHE,
        }
    }
}

/// The database, for async handlers: closures go to database threads through a bounded queue.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
    wait: Duration,
    reads: Sender<Task>,
    writes: Sender<Task>,
    waiting: Arc<AtomicUsize>,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl Db {
    /// Connects and starts the database threads. They end when the last clone of this is dropped.
    ///
    /// # Errors
    /// When the database cannot be reached or must not be used as it is set up.
    pub fn open(options: &DbOptions) -> Result<Db, DbError> {
        options.url.check_engine()?;
        let engine = options.url.engine();
        let write_threads = if engine == Engine::Sqlite { 1 } else { options.write_threads };
        let pool = |threads: usize, write_cache: Option<u32>| {
            Pool::builder()
                .max_size(u32::try_from(threads).unwrap_or(u32::MAX))
                .min_idle(Some(0))
                // A broken connection is noticed when it is used, and replaced; asking each time costs a round trip.
                .test_on_check_out(false)
                .connection_timeout(options.wait)
                .build(Manager { url: options.url.clone(), write_cache })
                .map_err(|error| DbError::Unavailable(error.to_string()))
        };
        let read_pool = pool(options.read_threads, None)?;
        let write_pool = pool(write_threads, Some(options.write_cache))?;
        let (reads, read_queue) = bounded(options.queue);
        let (writes, write_queue) = bounded(options.queue);
        for n in 0..options.read_threads {
            spawn(format!("db-read-{n}"), read_pool.clone(), read_queue.clone(), options.wait, serve)?;
        }
        for n in 0..write_threads {
            let run = if engine == Engine::Sqlite { serve_groups } else { serve };
            spawn(format!("db-write-{n}"), write_pool.clone(), write_queue.clone(), options.wait, run)?;
        }
        Ok(Db { engine, wait: options.wait, reads, writes, waiting: Arc::default() })
    }

    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// How many closures are on their way through the queues and threads.
    pub fn in_flight(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Runs `f` on a database thread.
    ///
    /// # Errors
    /// What `f` gives; [`DbError::Overloaded`] when the queue is full or the wait was too long.
    pub async fn read<T, E>(
        &self,
        f: impl FnOnce(&mut DbConn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (job, answer) = ReadJob::boxed(f, false);
        self.send(&self.reads, job, answer).await
    }

    /// Runs `f` on a database thread, all its statements on one snapshot: for answers whose figures must agree.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub async fn snapshot<T, E>(
        &self,
        f: impl FnOnce(&mut DbConn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (job, answer) = ReadJob::boxed(f, true);
        self.send(&self.reads, job, answer).await
    }

    /// Runs `f` in a write transaction and answers after its commit is durable. If `f` fails or panics, nothing of it
    /// stays. It may be run again, at most three times in all, when the connection was lost or another transaction was met.
    ///
    /// # Errors
    /// What `f` gives; [`DbError::Overloaded`] or [`DbError::Unavailable`] when nothing was written.
    pub async fn write<T, E>(
        &self,
        f: impl FnMut(&mut DbConn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (job, answer) = WriteJob::boxed(f);
        self.send(&self.writes, job, answer).await
    }

    /// [`Db::write`] for threads that are not async: command-line tools and the job loop.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn write_blocking<T, E>(
        &self,
        f: impl FnMut(&mut DbConn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (job, answer) = WriteJob::boxed(f);
        self.writes
            .send(Task { job, since: Instant::now() })
            .map_err(|_| E::from(DbError::Unavailable("the database threads have ended".into())))?;
        answer.blocking_recv().unwrap_or_else(|_| Err(unanswered().into()))
    }

    /// [`Db::read`] for threads that are not async.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub fn read_blocking<T, E>(
        &self,
        f: impl FnOnce(&mut DbConn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (job, answer) = ReadJob::boxed(f, false);
        self.reads
            .send(Task { job, since: Instant::now() })
            .map_err(|_| E::from(DbError::Unavailable("the database threads have ended".into())))?;
        answer.blocking_recv().unwrap_or_else(|_| Err(unanswered().into()))
    }

    /// Moves SQLite's write-ahead log into its file; nothing on PostgreSQL.
    ///
    /// # Errors
    /// When the database fails.
    pub fn checkpoint(&self) -> Result<(), DbError> {
        self.read_blocking(|conn| match conn {
            DbConn::Pg(_) => Ok(()),
            DbConn::Sqlite(conn) => sqlite::checkpoint(conn),
        })
    }

    async fn send<T, E: From<DbError>>(
        &self,
        queue: &Sender<Task>,
        job: Box<dyn Job>,
        answer: oneshot::Receiver<Result<T, E>>,
    ) -> Result<T, E> {
        match queue.try_send(Task { job, since: Instant::now() }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(DbError::Overloaded.into()),
            Err(TrySendError::Disconnected(_)) => {
                return Err(DbError::Unavailable("the database threads have ended".into()).into());
            }
        }
        let _guard = InFlight::enter(&self.waiting);
        answer.await.unwrap_or_else(|_| Err(unanswered().into()))
    }

    /// How long a request may wait for a database thread.
    pub fn wait(&self) -> Duration {
        self.wait
    }
}

fn unanswered() -> DbError {
    DbError::Unavailable("a database thread ended".into())
}

struct InFlight(Arc<AtomicUsize>);

impl InFlight {
    fn enter(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(count))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A closure on its way to a database thread.
struct Task {
    job: Box<dyn Job>,
    since: Instant,
}

trait Job: Send {
    /// Runs on a connection of its own, with its own transaction if it writes, and answers.
    fn run_alone(self: Box<Self>, pool: &Pool<Manager>);
    /// Runs inside a group's transaction; false means that what it did must be undone.
    fn run_in_group(&mut self, conn: &mut DbConn) -> bool;
    /// Answers, with its own error if it had one, else with the group's outcome.
    fn answer(self: Box<Self>, group: Result<(), DbError>);
}

struct ReadJob<F, T, E> {
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
    fn boxed(f: F, snapshot: bool) -> (Box<dyn Job>, oneshot::Receiver<Result<T, E>>) {
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

    fn run_in_group(&mut self, _: &mut DbConn) -> bool {
        false
    }

    fn answer(self: Box<Self>, group: Result<(), DbError>) {
        if let Err(error) = group {
            let _ = self.reply.send(Err(error.into()));
        }
    }
}

struct WriteJob<F, T, E> {
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
    fn boxed(f: F) -> (Box<dyn Job>, oneshot::Receiver<Result<T, E>>) {
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
        for attempts in 1..=ATTEMPTS {
            // A new one each time: the pool replaces a connection that was lost.
            let result = match connection(pool) {
                Ok(mut conn) => attempt(&mut conn, &mut f, attempts == ATTEMPTS),
                Err(error) => Some(Err(error.into())),
            };
            if let Some(result) = result {
                let _ = reply.send(result);
                return;
            }
        }
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

fn begin(conn: &mut DbConn) -> Result<(), DbError> {
    match conn {
        DbConn::Pg(conn) => AnsiTransactionManager::begin_transaction(conn)?,
        DbConn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")?,
    }
    Ok(())
}

fn begin_snapshot(conn: &mut DbConn) -> Result<(), DbError> {
    match conn {
        DbConn::Pg(conn) => AnsiTransactionManager::begin_transaction_sql(
            conn,
            "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
        )?,
        DbConn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN DEFERRED")?,
    }
    Ok(())
}

fn savepoint(conn: &mut DbConn) -> Result<(), DbError> {
    match conn {
        DbConn::Pg(conn) => AnsiTransactionManager::begin_transaction(conn)?,
        DbConn::Sqlite(conn) => AnsiTransactionManager::begin_transaction(conn)?,
    }
    Ok(())
}

fn commit(conn: &mut DbConn) -> Result<(), DbError> {
    match conn {
        DbConn::Pg(conn) => AnsiTransactionManager::commit_transaction(conn)?,
        DbConn::Sqlite(conn) => AnsiTransactionManager::commit_transaction(conn)?,
    }
    Ok(())
}

fn rollback(conn: &mut DbConn) -> Result<(), DbError> {
    match conn {
        DbConn::Pg(conn) => AnsiTransactionManager::rollback_transaction(conn)?,
        DbConn::Sqlite(conn) => AnsiTransactionManager::rollback_transaction(conn)?,
    }
    Ok(())
}

type Serve = fn(&Pool<Manager>, &Receiver<Task>, Duration);

fn spawn(
    name: String,
    pool: Pool<Manager>,
    queue: Receiver<Task>,
    wait: Duration,
    serve: Serve,
) -> Result<(), DbError> {
    std::thread::Builder::new()
        .name(name)
        .spawn(move || serve(&pool, &queue, wait))
        .map(drop)
        .map_err(|error| DbError::Unavailable(error.to_string()))
}

fn connection(pool: &Pool<Manager>) -> Result<PooledConnection<Manager>, DbError> {
    pool.get().map_err(|error| DbError::Unavailable(error.to_string()))
}

/// A thread that runs one closure after the other.
fn serve(pool: &Pool<Manager>, queue: &Receiver<Task>, wait: Duration) {
    while let Ok(task) = queue.recv() {
        if task.since.elapsed() > wait {
            task.job.answer(Err(DbError::Overloaded));
            continue;
        }
        task.job.run_alone(pool);
    }
}

/// SQLite's one writer: everything that waits goes into one transaction, each closure undone by itself when it fails, and all are
/// answered after the one durable commit.
fn serve_groups(pool: &Pool<Manager>, queue: &Receiver<Task>, wait: Duration) {
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
        let mut done = Vec::new();
        let (mut broken, mut is_first) = (None, true);
        let mut next = Some(first);
        while let Some(task) = next.take() {
            let mut job = task.job;
            if task.since.elapsed() > wait {
                job.answer(Err(DbError::Overloaded));
            } else {
                match run_in_group(&mut conn, job.as_mut(), is_first) {
                    Ok(written) => is_first &= !written,
                    Err(error) => broken = Some(error),
                }
                done.push(job);
            }
            if broken.is_none() && done.len() < GROUP && started.elapsed() < GROUP_TIME {
                next = queue.try_recv().ok();
            }
        }
        let outcome = match broken {
            None => commit(&mut conn),
            Some(error) => Err(error),
        };
        if let Err(error) = &outcome {
            tracing::error!(%error, waiting = done.len(), "a group of writes failed; none was acknowledged");
            let _ = rollback(&mut conn);
        }
        for job in done {
            job.answer(outcome.as_ref().map(|_| ()).map_err(|error| DbError::Unavailable(error.to_string())));
        }
    }
}

/// Runs a closure so that only what it did is undone when it fails. While nothing else is in the transaction that is all of it, and SQLite
/// need not keep every page that the closure changes for a savepoint. True when there is something in the transaction now.
fn run_in_group(conn: &mut DbConn, job: &mut dyn Job, is_first: bool) -> Result<bool, DbError> {
    if is_first {
        if job.run_in_group(conn) {
            return Ok(true);
        }
        rollback(conn)?;
        begin(conn)?;
        return Ok(false);
    }
    savepoint(conn)?;
    if job.run_in_group(conn) {
        commit(conn)?
    } else {
        rollback(conn)?
    }
    Ok(true)
}
