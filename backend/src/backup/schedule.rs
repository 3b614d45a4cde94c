//! The thread of `serve` that makes a backup every day. It does nothing else, so neither requests nor jobs wait for it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use guanxi_db::backup::check_programs;
use guanxi_db::{Db, Moment};
use uuid::Uuid;

use super::folder;
use super::make::{Made, make};
use super::manifest::Manifest;
use super::rules::Daily;
use super::{BackupError, RESOURCE, Source, failed, record_made};
use crate::access::Actor;
use crate::config::Backups;
use crate::error::Result;
use crate::web::BackupMetrics;
use crate::{audit, background};

/// How often it is asked whether a backup is due.
const PAUSE: Duration = Duration::from_secs(10);
/// How long a server may make a backup without saying that it is still there, and how often it says so.
const LEASE_SECONDS: i64 = 60;
const RENEWAL: Duration = Duration::from_secs(20);
/// How long it waits after a failure, in seconds.
const AGAIN_SECONDS: i64 = 3600;
/// How long a server that stops waits for this thread. SQLite's copying cannot be broken off; the process then ends in the middle of it, and
/// what it leaves goes with the next backup.
const PATIENCE: Duration = Duration::from_secs(2);
/// A stop of the whole server reaches `pg_dump` before it reaches this thread.
const HINDSIGHT: Duration = Duration::from_secs(1);

/// What the thread works with.
#[derive(Debug)]
pub struct Work {
    pub db: Db,
    pub source: Source,
    pub plan: Backups,
    pub zone: chrono_tz::Tz,
    pub metrics: BackupMetrics,
    pub clock: fn() -> Moment,
}

/// The running thread; it ends when this is told to or dropped.
#[derive(Debug)]
pub struct Schedule {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Schedule {
    /// Starts the thread.
    ///
    /// # Errors
    /// When no thread can be had.
    pub fn start(work: Work) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("backups".into()).spawn(move || run(&work, &seen))?;
        Ok(Schedule { stop, thread: Some(thread) })
    }

    /// What ends the thread, and a backup that it is making, when it is set.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// Ends the thread.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let Some(thread) = self.thread.take() else { return };
        thread.thread().unpark();
        let asked = Instant::now();
        while !thread.is_finished() && asked.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(10));
        }
        if !thread.is_finished() {
            tracing::warn!("a backup is broken off");
        } else if thread.join().is_err() {
            tracing::error!("the thread of the backups panicked");
        }
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(work: &Work, stop: &AtomicBool) {
    if let Err(error) = check_programs(&work.source.database) {
        tracing::error!(%error, "backups will fail as things are");
    }
    let mut shown = None;
    while !stop.load(Ordering::SeqCst) {
        if let Err(error) = work.turn(stop) {
            tracing::warn!(%error, "asking whether a backup is due failed; it is asked again");
        }
        work.show(&mut shown);
        std::thread::park_timeout(PAUSE);
    }
}

impl Work {
    /// Makes a backup if one is due and no other server makes it. A failure of the backup is no error here: it is logged and counted.
    pub(super) fn turn(&self, stop: &AtomicBool) -> Result<()> {
        let (daily, now) = (Daily { at: self.plan.at, zone: self.zone }, (self.clock)());
        // Looking first keeps an idle server from writing.
        if !daily.is_due(self.db.read_blocking(last_made)?, now) {
            return Ok(());
        }
        // Another one for each attempt: so the lease of one that has failed keeps this server away as well.
        let holder = Uuid::now_v7();
        let taken = self.db.write_blocking(move |conn| {
            // Another server may have made it since.
            Ok::<_, crate::error::Error>(
                background::hold_lease(conn, LEASE, holder, now, now.plus_seconds(LEASE_SECONDS))?
                    && daily.is_due(last_made(conn)?, now),
            )
        })?;
        if !taken {
            return Ok(());
        }
        let outcome = match self.make_holding(holder, now, stop) {
            Err(BackupError::Failed(why)) => {
                std::thread::sleep(HINDSIGHT);
                if stop.load(Ordering::SeqCst) { Err(BackupError::Stopped) } else { Err(failed(why)) }
            }
            outcome => outcome,
        };
        let now = (self.clock)();
        let free_at = match &outcome {
            Ok(made) => {
                tracing::info!(name = made.name, bytes = made.manifest.bytes(), "a backup was made");
                self.remove_surplus(&made.manifest);
                now
            }
            Err(BackupError::Stopped) => now,
            Err(BackupError::Failed(why)) => {
                tracing::error!(%why, "a backup failed; it is tried again in an hour");
                self.metrics.count_failure();
                now.plus_seconds(AGAIN_SECONDS)
            }
        };
        let made = outcome.ok();
        self.db.write_blocking(move |conn| {
            if let Some(made) = &made {
                record_made(conn, &Actor::job(now), made)?;
            }
            background::hold_lease(conn, LEASE, holder, now, free_at).map(drop)
        })
    }

    /// Makes a backup and meanwhile keeps the lease.
    fn make_holding(
        &self,
        holder: Uuid,
        now: Moment,
        stop: &AtomicBool,
    ) -> std::result::Result<Made, BackupError> {
        std::thread::scope(|scope| {
            let (done, ended) = mpsc::channel::<()>();
            let renew = move || {
                while ended.recv_timeout(RENEWAL) == Err(RecvTimeoutError::Timeout) {
                    let now = (self.clock)();
                    let until = now.plus_seconds(LEASE_SECONDS);
                    let kept = self
                        .db
                        .write_blocking(move |conn| background::hold_lease(conn, LEASE, holder, now, until));
                    if let Err(error) = kept {
                        tracing::warn!(%error, "the lease of the backup was not renewed");
                    }
                }
            };
            std::thread::Builder::new()
                .name("backup-lease".into())
                .spawn_scoped(scope, renew)
                .map_err(failed)?;
            // A panic is a backup that has failed, and not the end of all backups.
            let work = || make(&self.source, &self.plan.folder, now, stop);
            let made = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(failed("it panicked")));
            drop(done);
            made
        })
    }

    fn remove_surplus(&self, newest: &Manifest) {
        let removed =
            folder::remove_surplus(&self.plan.folder, self.plan.keep, newest.feed_epoch, &self.source.keys);
        match removed {
            Ok(names) if names.is_empty() => {}
            Ok(names) => tracing::info!(?names, "old backups were removed"),
            Err(error) => tracing::warn!(%error, "an old backup cannot be removed"),
        }
    }

    /// Shows the newest backup of the folder in the metrics, whichever server has made it.
    fn show(&self, shown: &mut Option<String>) {
        let newest = folder::names(&self.plan.folder).pop();
        if newest == *shown {
            return;
        }
        let manifest = newest
            .as_ref()
            .and_then(|name| Manifest::read(&self.plan.folder.join(name), &self.source.keys).ok());
        if let Some(manifest) = manifest {
            self.metrics.show_last(manifest.at.timestamp(), manifest.bytes());
        }
        *shown = newest;
    }
}

/// The lease that the server has which makes a backup.
const LEASE: &str = "backup";

/// When the last backup of the schedule was made.
fn last_made(conn: &mut guanxi_db::DbConn) -> Result<Option<Moment>> {
    audit::last_by_jobs(conn, RESOURCE, "created")
}
