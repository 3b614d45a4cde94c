//! E4: a server that is asked to stop finishes what it has begun.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::load::{self, Writes};
use crate::server::Setup;
use crate::stage::Counts;
use crate::{Context, Failure, Outcome};

/// A server must have ended within this.
const LIMIT: Duration = Duration::from_secs(35);

/// Sends SIGTERM `rounds` times while clients write. No request may get half an answer, be refused with 5xx, or be
/// carried out without an answer.
///
/// # Errors
/// Naming the request that failed, or the time it took to end.
pub fn run(setup: &Setup, rounds: u32) -> Outcome<Counts> {
    setup.prepare(200)?;
    let mut suspects: Vec<String> = Vec::new();
    let (mut answered, mut slowest) = (0, Duration::ZERO);
    for round in 1..=rounds {
        let mut server = setup.start(Duration::from_secs(10))?;
        let authorization = server.authorization("rm")?;
        carried_out_in_silence(&mut server.client(), &authorization, &suspects)?;
        let address = server.address();
        let mut ended_after = None;
        let seen = load::while_writing(
            address,
            &authorization,
            (Writes::Customers, Duration::ZERO),
            |acknowledged| {
                let start = Instant::now();
                while acknowledged.load(Ordering::Relaxed) < 50 && start.elapsed() < Duration::from_secs(20) {
                    thread::sleep(Duration::from_millis(2));
                }
                thread::sleep(Duration::from_micros(load::random()? % 200_000));
                let asked = Instant::now();
                server.signal(Signal::TERM);
                let status = server.wait(LIMIT)?;
                ended_after = status.filter(std::process::ExitStatus::success).map(|_| asked.elapsed());
                Ok(())
            },
        )?;
        let Some(time) = ended_after else {
            return Err(Failure::new(format!("round {round}: the server did not end well within {LIMIT:?}")));
        };
        slowest = slowest.max(time);
        if let Some(failure) = seen.failed.first() {
            return Err(Failure::new(format!(
                "round {round}: {} requests failed, first: {failure}",
                seen.failed.len()
            )));
        }
        answered += seen.acknowledged.len();
        suspects = seen.unanswered;
    }
    let server = setup.start(Duration::from_secs(10))?;
    carried_out_in_silence(&mut server.client(), &server.authorization("rm")?, &suspects)?;
    print!("{answered} requests answered, {rounds} stops, {slowest:.1?} at most   ");
    Ok(Counts::ONE)
}

/// A connection may close between two requests; a request sent into that moment must not have been carried out. Sent
/// again under its key, it would be answered as a replay if it had been.
fn carried_out_in_silence(client: &mut crate::http::Client, authorization: &str, keys: &[String]) -> Outcome {
    for key in keys {
        let answer = load::create(client, authorization, key, &load::name_of(key)).context(key)?;
        if answer.header("idempotency-replayed") == Some("true") {
            return Err(Failure::new(format!(
                "the request with key {key} was carried out but never answered"
            )));
        }
    }
    Ok(())
}
