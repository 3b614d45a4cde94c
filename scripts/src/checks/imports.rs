//! C7: an import goes on after `kill -9` where it was, with nothing lost and nothing twice.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::load;
use crate::jobs::{WRONG, file_of_customers, start_import, wait};
use crate::server::Setup;
use crate::stage::Counts;
use crate::{Failure, Outcome};

/// A server must be ready again within this.
const READY: Duration = Duration::from_secs(10);
/// Records of the file for each kill.
const RECORDS: u64 = 10_000;

/// Kills the server `rounds` times while it imports a file; afterwards every right record must be a customer, once, and every wrong one be
/// told of, once.
///
/// # Errors
/// Naming what was lost, was there twice or took too long.
pub fn run(setup: &Setup, rounds: u32) -> Outcome<Counts> {
    setup.prepare(200)?;
    let records = RECORDS * u64::from(rounds);
    let wrong = records / WRONG;
    let server = setup.start(READY)?;
    let job = start_import(&server, &file_of_customers(records))?;
    let (mut server, mut done, mut most) = (Some(server), 0, 0);
    for round in 1..=rounds {
        let running = match server.take() {
            Some(server) => server,
            None => setup.start(READY)?,
        };
        let goal = done + 1 + load::random()? % RECORDS;
        let seen =
            wait(&running, &job, goal).map_err(|error| Failure::new(format!("round {round}: {error}")))?;
        thread::sleep(Duration::from_micros(load::random()? % 200_000));
        done = seen["processed"].as_u64().unwrap_or(0);
        most = most.max(running.memory().unwrap_or(0));
        running.signal(Signal::KILL);
    }
    let server = setup.start(READY)?;
    let ended = wait(&server, &job, u64::MAX)?;
    let counts = ["created", "updated", "unchanged", "failed"].map(|name| ended["counts"][name].as_u64());
    let expected = [records - wrong, 0, 0, wrong].map(Some);
    if ended["state"] != "partially_succeeded" || counts != expected {
        return Err(Failure::new(format!(
            "created, updated, unchanged, failed: {counts:?}, not {expected:?}"
        )));
    }
    let again = start_import(&server, &file_of_customers(records))?;
    let ended = wait(&server, &again, u64::MAX)?;
    let unchanged = ended["counts"]["unchanged"].as_u64();
    if unchanged != Some(records - wrong) {
        return Err(Failure::new(format!("a second run found {} to do", ended["counts"])));
    }
    most = most.max(server.memory().unwrap_or(0));
    drop(server);
    setup.run(&["verify"])?;
    print!("{records} records, {rounds} kills, {} MiB at most   ", most >> 20);
    Ok(Counts::ONE)
}
