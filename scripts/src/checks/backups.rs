//! D6: a backup that is made while clients write holds everything acknowledged before it, is restored elsewhere, and is never half there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::load::{self, Writes};
use crate::postgres::Postgres;
use crate::processes::{Process, log_to};
use crate::server::Setup;
use crate::stage::Counts;
use crate::{Context, Failure, Outcome};

/// A server must be ready within this.
const READY: Duration = Duration::from_secs(10);
/// The longest that a backup may take here.
const PATIENCE: Duration = Duration::from_secs(300);
/// Every so manieth backup is restored; in between one is killed.
const RESTORED: u32 = 5;
/// Between two writes of a client: together they write some 200 customers a second, more than any bank does. As fast as they can they
/// leave a backup no turn on the machine that they share with it, and the bank grows ever faster.
const PAUSE: Duration = Duration::from_millis(100);
/// What a restore of a GiB may take, and the least that any may.
const SECONDS_PER_GIB: f64 = 600.0;
const LEAST_SECONDS: f64 = 10.0;

/// Makes `rounds` backups under load, kills as many in the middle, and restores some of them.
///
/// # Errors
/// Naming what was lost, was half there or took too long.
pub fn run(setup: &Setup, rounds: u32) -> Outcome<Counts> {
    setup.prepare(5_000)?;
    let folder = setup.data.join("backups");
    let server = setup.start(READY)?;
    let mut acknowledged: Vec<load::Acknowledged> = Vec::new();
    let (mut slowest, mut restored, mut bytes) = (Duration::from_millis(500), Duration::ZERO, 0);
    for round in 1..=rounds {
        let authorization = server.authorization("rm")?;
        let mut before = 0;
        let seen =
            load::while_writing(server.address(), &authorization, (Writes::Customers, PAUSE), |count| {
                let goal = 20 + load::random()? % 100;
                let start = Instant::now();
                while count.load(Ordering::Relaxed) < goal && start.elapsed() < Duration::from_secs(20) {
                    thread::sleep(Duration::from_millis(2));
                }
                kill_one(setup, &folder, slowest)?;
                before = count.load(Ordering::Relaxed);
                let start = Instant::now();
                back_up(setup, &folder)?;
                slowest = slowest.max(start.elapsed());
                Ok(())
            })?;
        if let Some(failure) = seen.failed.first() {
            return Err(Failure::new(format!("round {round}: a creation was answered with {failure}")));
        }
        let newest = all_whole(setup, &folder)?;
        // The clients' lists are put together at the end, so what was acknowledged first is known by number only: all of earlier rounds, and so
        // many of this one.
        if round % RESTORED == 0 || round == rounds {
            let (time, size) = restore(setup, &newest, &acknowledged, before)?;
            (restored, bytes) = (restored.max(time), size);
        }
        acknowledged.extend(seen.acknowledged);
        for name in names(&folder)? {
            fs::remove_dir_all(folder.join(name))?;
        }
    }
    drop(server);
    setup.run(&["verify"])?;
    let mib = bytes >> 20;
    print!(
        "{rounds} backups of {slowest:.1?} at most, {rounds} kills, restored in {restored:.1?} at most ({mib} MiB)   "
    );
    Ok(Counts::ONE)
}

fn back_up(setup: &Setup, folder: &Path) -> Outcome {
    let folder = folder.display().to_string();
    setup.run(&["backup", "--to", &folder])
}

/// Begins a backup and kills it at a random moment.
fn kill_one(setup: &Setup, folder: &Path, within: Duration) -> Outcome {
    let folder = folder.display().to_string();
    let mut process = Process::start(log_to(&mut setup.command(&["backup", "--to", &folder]), &setup.log)?)?;
    let micros = u64::try_from(within.as_micros()).unwrap_or(u64::MAX).max(1);
    thread::sleep(Duration::from_micros(load::random()? % micros));
    process.signal(Signal::KILL);
    process.wait(PATIENCE)?;
    Ok(())
}

/// The names of what looks like backups, oldest first.
fn names(folder: &Path) -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).context(folder.display())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Every backup must be whole, whatever was killed; gives the newest one. What kills have left goes with the next backup.
fn all_whole(setup: &Setup, folder: &Path) -> Outcome<PathBuf> {
    let names = names(folder)?;
    for name in &names {
        setup.run(&["backup", "--verify", &folder.join(name).display().to_string()])?;
    }
    let unfinished = fs::read_dir(folder)?.count() - names.len();
    if unfinished > 0 {
        return Err(Failure::new(format!(
            "{unfinished} unfinished backups are still there after another one"
        )));
    }
    names.last().map(|name| folder.join(name)).ok_or_else(|| Failure::new("there is no backup"))
}

/// Restores a backup elsewhere, where everything acknowledged before it must be; gives the time and the size.
fn restore(
    setup: &Setup,
    backup: &Path,
    earlier: &[load::Acknowledged],
    before: u64,
) -> Outcome<(Duration, u64)> {
    let data = setup.data.join("restored");
    let _ = fs::remove_dir_all(&data);
    fs::create_dir_all(&data)?;
    let elsewhere = if setup.database.starts_with("sqlite:") {
        Setup::sqlite(setup.binary.clone(), &data, &setup.log)
    } else {
        let url = Postgres::at(&setup.database)?.fresh_database("check_d6_restored")?;
        Setup::postgres(setup.binary.clone(), &data, &url, &setup.log)
    };
    fs::copy(setup.data.join("demo-sign-ins.txt"), data.join("demo-sign-ins.txt"))?;
    let start = Instant::now();
    elsewhere.run(&["restore", &backup.display().to_string()])?;
    let time = start.elapsed();
    let mut bytes = 0;
    for entry in fs::read_dir(backup)? {
        bytes += entry?.metadata()?.len();
    }
    let limit = (bytes as f64 / f64::from(1 << 30) * SECONDS_PER_GIB).max(LEAST_SECONDS);
    if time.as_secs_f64() > limit {
        return Err(Failure::new(format!(
            "a restore of {bytes} bytes took {time:.1?}, more than {limit:.0} s"
        )));
    }
    elsewhere.run(&["verify"])?;
    let server = elsewhere.start(READY)?;
    let authorization = server.authorization("rm")?;
    load::read_all(server.address(), &authorization, earlier)?;
    let wanted = 5_000 + earlier.len() as u64 + before;
    let found = rows(backup, "customer")?;
    if found < wanted {
        return Err(Failure::new(format!(
            "{wanted} customers were acknowledged before the backup, {found} are in it"
        )));
    }
    // And it goes on from there.
    let key = format!("\"{:016x}\"", load::random()?);
    let answer = load::create(&mut server.client(), &authorization, &key, &load::name_of(&key))
        .context("a creation")?;
    if answer.status != 201 {
        return Err(Failure::new(format!(
            "a creation after the restore was answered with {}",
            answer.status
        )));
    }
    Ok((time, bytes))
}

/// How many rows of a table a backup says that it has; the restore has compared it with the table.
fn rows(backup: &Path, table: &str) -> Outcome<u64> {
    let text = fs::read_to_string(backup.join("manifest.json"))?;
    let manifest: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| Failure::new(format!("manifest.json: {error}")))?;
    manifest["tables"][table].as_u64().ok_or_else(|| Failure::new(format!("the manifest has no {table}")))
}
