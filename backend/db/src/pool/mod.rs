//! The database for async handlers: bounded queues before threads that each have a connection.

mod group;
mod job;
mod transaction;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use diesel::r2d2::Pool;
use tokio::sync::oneshot;

use crate::manager::Manager;
use crate::{Condition, DatabaseUrl, DbConn, DbError, Engine, sqlite};
use group::{serve_checkpoints, serve_groups};
use job::{Job, PlannedJob, ReadJob, Task, WriteJob, run_plan};

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
        send_blocking(&self.writes, job, answer)
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
        send_blocking(&self.reads, job, answer)
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
                return Err(ended().into());
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

fn send_blocking<T, E: From<DbError>>(
    queue: &Sender<Task>,
    job: Box<dyn Job>,
    answer: oneshot::Receiver<Result<T, E>>,
) -> Result<T, E> {
    queue.send(Task { job, since: Instant::now() }).map_err(|_| ended())?;
    answer.blocking_recv().unwrap_or_else(|_| Err(unanswered().into()))
}

fn ended() -> DbError {
    DbError::Unavailable("the database threads have ended".into())
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

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> Result<(), DbError> {
    std::thread::Builder::new()
        .name(name)
        .spawn(run)
        .map(drop)
        .map_err(|error| DbError::Unavailable(error.to_string()))
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
