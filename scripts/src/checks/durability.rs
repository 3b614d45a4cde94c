//! D1: what the server has acknowledged survives `kill -9`.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::load::{self, Writes};
use crate::server::Setup;
use crate::stage::Counts;
use crate::{Failure, Outcome};

/// A server must be ready again within this.
const READY: Duration = Duration::from_secs(10);
/// Writes that have to be acknowledged in all, for a run of 50 kills.
const WRITES: usize = 10_000;

/// Kills the server `rounds` times at random moments while clients write; afterwards everything acknowledged must be
/// readable and the database sound.
///
/// # Errors
/// Naming what was lost or was too slow.
pub fn run(setup: &Setup, rounds: u32) -> Outcome<Counts> {
    setup.prepare(200)?;
    let mut all: Vec<load::Acknowledged> = Vec::new();
    let mut slowest = Duration::ZERO;
    for round in 1..=rounds {
        let server = setup.start(READY)?;
        slowest = slowest.max(server.ready_after());
        let authorization = server.authorization("rm")?;
        let recent = all.len().saturating_sub(2_000);
        load::read_all(server.address(), &authorization, all.get(recent..).unwrap_or_default())?;
        let goal = (WRITES / 50) as u64 + load::random()? % 100;
        let seen = load::while_writing(
            server.address(),
            &authorization,
            (Writes::Everything, Duration::ZERO),
            |acknowledged| {
                let start = Instant::now();
                while acknowledged.load(Ordering::Relaxed) < goal && start.elapsed() < Duration::from_secs(20)
                {
                    thread::sleep(Duration::from_millis(2));
                }
                thread::sleep(Duration::from_micros(load::random()? % 30_000));
                server.signal(Signal::KILL);
                Ok(())
            },
        )?;
        if let Some(refusal) = seen.failed.iter().find(|text| text.starts_with(['3', '4', '5'])) {
            return Err(Failure::new(format!("round {round}: a write was answered with {refusal}")));
        }
        all.extend(seen.acknowledged);
    }
    if all.len() < WRITES / 50 * rounds as usize {
        return Err(Failure::new(format!("only {} writes were acknowledged in {rounds} rounds", all.len())));
    }
    let server = setup.start(READY)?;
    load::read_all(server.address(), &server.authorization("rm")?, &all)?;
    drop(server);
    setup.run(&["verify"])?;
    print!("{} acknowledged writes, {rounds} kills, ready after {slowest:.1?} at most   ", all.len());
    Ok(Counts::ONE)
}
