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
use crate::{Condition, DatabaseUrl, DbConn, DbError, Engine, Statement, execute_all, sqlite};

/// How many closures one durable commit of SQLite takes at most, and for how long it collects them.
const GROUP: usize = 256;
const GROUP_TIME: Duration = Duration::from_millis(20);
/// The least time between two looks at how long SQLite's log is.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_millis(20);
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
        let wait = options.wait;
        for n in 0..options.read_threads {
            let (pool, queue) = (read_pool.clone(), read_queue.clone());
            spawn(format!("db-read-{n}"), move || serve(&pool, &queue, wait))?;
        }
        if engine == Engine::Sqlite {
            let (committed, commits) = bounded(1);
            spawn("db-write-0".into(), move || serve_groups(&write_pool, &write_queue, wait, &committed))?;
            let (url, cache) = (options.url.clone(), options.write_cache);
            spawn("db-checkpoint".into(), move || serve_checkpoints(&url, cache, &commits))?;
        } else {
            for n in 0..options.write_threads {
                let (pool, queue) = (write_pool.clone(), write_queue.clone());
                spawn(format!("db-write-{n}"), move || serve(&pool, &queue, wait))?;
            }
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
    /// stays. It may be run again, at most three times in all, when the connection was lost, another transaction was met, or on SQLite a
    /// closure of the same transaction has failed.
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

    /// Like [`Db::write`], for what is written at the end and at once: `plan` reads, locks nothing, and gives the statements that write. A single
    /// one needs no transaction around it, which saves PostgreSQL two round trips. It is not run again when the connection was lost during it.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub async fn write_planned<T, E>(
        &self,
        mut plan: impl FnMut(&mut DbConn) -> Result<(Vec<Condition>, T), E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        match self.engine {
            Engine::Sqlite => self.write(move |conn| run_plan(conn, &mut plan)).await,
            Engine::Postgres => {
                let (reply, answer) = oneshot::channel();
                self.send(&self.writes, Box::new(PlannedJob { plan, reply }), answer).await
            }
        }
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

/// A write that is planned first, for PostgreSQL.
struct PlannedJob<F, T, E> {
    plan: F,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for PlannedJob<F, T, E>
where
    F: FnMut(&mut DbConn) -> Result<(Vec<Condition>, T), E> + Send + 'static,
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
{
    fn run_alone(self: Box<Self>, pool: &Pool<Manager>) {
        let PlannedJob { mut plan, reply } = *self;
        for attempts in 1..=ATTEMPTS {
            let last = attempts == ATTEMPTS;
            let result = match connection(pool) {
                Ok(mut conn) => attempt_planned(&mut conn, &mut plan, last),
                Err(error) => Some(Err(error.into())),
            };
            if let Some(result) = result {
                let _ = reply.send(result);
                return;
            }
        }
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

fn run_plan<T, E: From<DbError>>(
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

fn changed_rows(conn: &mut DbConn) -> Result<i64, DbError> {
    match conn {
        DbConn::Pg(_) => Err(only_sqlite()),
        DbConn::Sqlite(conn) => sqlite::changed_rows(conn),
    }
}

fn in_transaction(conn: &mut DbConn) -> Result<bool, DbError> {
    match conn {
        DbConn::Pg(_) => Err(only_sqlite()),
        DbConn::Sqlite(conn) => sqlite::in_transaction(conn),
    }
}

fn only_sqlite() -> DbError {
    DbError::Unavailable("only SQLite's writes share a transaction".into())
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

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> Result<(), DbError> {
    std::thread::Builder::new()
        .name(name)
        .spawn(run)
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
fn serve_groups(pool: &Pool<Manager>, queue: &Receiver<Task>, wait: Duration, committed: &Sender<()>) {
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
fn serve_checkpoints(url: &DatabaseUrl, cache: u32, commits: &Receiver<()>) {
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
