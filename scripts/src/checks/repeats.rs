//! C2: however often a request is sent under one key, and whenever the server dies, its effect exists once.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::load;
use crate::http::{Answer, Client};
use crate::server::{Server, Setup};
use crate::stage::Counts;
use crate::{Context, Failure, Outcome};

/// How many send the same request at once.
const CLIENTS: usize = 50;
/// In one of so many rounds the server is killed.
const KILLED_IN: u32 = 10;
/// A server must be ready again within this.
const READY: Duration = Duration::from_secs(10);
/// The longest time from the first byte of a round to the kill.
const KILL_WITHIN_MICROS: u64 = 60_000;
/// How names begin that this check gives.
const NAME: &str = "重复";

/// What became of the requests of a round.
#[derive(Debug, Default)]
struct Round {
    /// The customers that answers named.
    ids: BTreeSet<String>,
    /// Answers that were no replay.
    first: usize,
    /// Answers that should not have come.
    wrong: Vec<String>,
}

/// Sends one create [`CLIENTS`] times at once under one key, `rounds` times, kills the server in the midst of every tenth,
/// and repeats the request afterwards. There must be one customer a round.
///
/// # Errors
/// Naming the round and what came out otherwise.
pub fn run(setup: &Setup, rounds: u32) -> Outcome<Counts> {
    setup.prepare(200)?;
    let mut server = setup.start(READY)?;
    let mut mine = server.authorization("rm")?;
    let mut other = server.authorization("outlet_head")?;
    let (mut kills, mut after_commit) = (0, 0);
    for round in 1..=rounds {
        let key = format!("\"c2-{:016x}\"", load::random()?);
        let name = format!("{NAME}{round}");
        let killed = round % KILLED_IN == 0;
        let seen = at_once(&server, &mine, &key, &name, killed)?;
        if killed {
            drop(server);
            server = setup.start(READY)?;
            mine = server.authorization("rm")?;
            other = server.authorization("outlet_head")?;
        }
        let failed = |what: String| Err(Failure::new(format!("round {round}: {what}")));
        if let Some(wrong) = seen.wrong.first() {
            return failed(wrong.clone());
        }
        if !killed && (seen.ids.len(), seen.first) != (1, 1) {
            return failed(format!(
                "{} customers, {} answers that are no replay",
                seen.ids.len(),
                seen.first
            ));
        }

        let mut client = server.client();
        let again = patiently(&mut client, &mine, &key, &name)?;
        let replayed = again.header("idempotency-replayed") == Some("true");
        let id = id_of(&again)?;
        // Only a server that died without having told anybody may not have done it.
        let must_replay = !killed || !seen.ids.is_empty();
        if seen.ids.iter().any(|acknowledged| *acknowledged != id) || (must_replay && !replayed) {
            return failed(format!("repeated, it gave {id}, replayed {replayed}, after {:?}", seen.ids));
        }
        if killed {
            kills += 1;
            after_commit += u32::from(replayed);
        }
        let reused = patiently(&mut client, &mine, &key, "另一个")?;
        if reused.status != 422 || reused.json()["code"] != "idempotency_key_reused" {
            return failed(format!("another body under the key gave {}", shown(&reused)));
        }
        let elsewhere = patiently(&mut client, &other, &key, &format!("{NAME}别人{round}"))?;
        if elsewhere.header("idempotency-replayed").is_some() || id_of(&elsewhere)? == id {
            return failed(format!("another user's key gave {}", shown(&elsewhere)));
        }
    }
    let names = names(&mut server.client(), &server.authorization("auditor")?)?;
    let wanted: Vec<String> =
        (1..=rounds).flat_map(|round| [format!("{NAME}{round}"), format!("{NAME}别人{round}")]).collect();
    let counted = |name: &str| names.iter().filter(|other| *other == name).count();
    if let Some(name) = wanted.iter().find(|name| counted(name) != 1) {
        return Err(Failure::new(format!("{} customers are called {name}", counted(name))));
    }
    if names.len() != wanted.len() {
        return Err(Failure::new(format!("{} customers instead of {}", names.len(), wanted.len())));
    }
    drop(server);
    setup.run(&["verify"])?;
    print!("{rounds} rounds, {kills} kills, {after_commit} of them after the commit   ");
    Ok(Counts::ONE)
}

/// One round; with `kill` the server dies at a random moment of it.
fn at_once(server: &Server, authorization: &str, key: &str, name: &str, kill: bool) -> Outcome<Round> {
    let barrier = Barrier::new(CLIENTS + 1);
    // Most of what matters happens early: each half of the time gets as many kills as the half before it.
    let pause = Duration::from_micros((load::random()? % KILL_WITHIN_MICROS) >> (load::random()? % 6));
    let answers: Vec<std::io::Result<Answer>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = server.client();
                    barrier.wait();
                    load::create(&mut client, authorization, key, name)
                })
            })
            .collect();
        barrier.wait();
        if kill {
            thread::sleep(pause);
            server.signal(Signal::KILL);
        }
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let mut round = Round::default();
    for answer in answers {
        match answer {
            Ok(answer) if answer.status == 201 => {
                round.ids.insert(id_of(&answer)?);
                round.first += usize::from(answer.header("idempotency-replayed").is_none());
            }
            // It waits for the one that holds the key, or for a place in the queue, and says so.
            Ok(answer) if matches!(answer.status, 409 | 503) && answer.header("retry-after").is_some() => {}
            Ok(answer) => round.wrong.push(shown(&answer)),
            Err(_) if kill => {}
            Err(error) => round.wrong.push(error.to_string()),
        }
    }
    Ok(round)
}

/// Creates, and asks again while the server is busy with the same key.
fn patiently(client: &mut Client, authorization: &str, key: &str, name: &str) -> Outcome<Answer> {
    let start = Instant::now();
    loop {
        let answer = load::create(client, authorization, key, name).context(key)?;
        if !matches!(answer.status, 409 | 503) || start.elapsed() > READY {
            return Ok(answer);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn id_of(answer: &Answer) -> Outcome<String> {
    let id = answer.json()["id"].as_str().map(str::to_owned);
    id.filter(|_| answer.status == 201)
        .ok_or_else(|| Failure::new(format!("no customer in {}", shown(answer))))
}

fn shown(answer: &Answer) -> String {
    format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body))
}

/// The names of all customers that this check has made.
fn names(client: &mut Client, authorization: &str) -> Outcome<Vec<String>> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/customers?limit=200{cursor}");
        let answer = client.get(&path, &[("Authorization", authorization)]).context("the list")?;
        let page = answer.json();
        let Value::Array(rows) = &page["data"] else { return Err(Failure::new(shown(&answer))) };
        let found = rows.iter().filter_map(|row| row["name"].as_str());
        names.extend(found.filter(|name| name.starts_with(NAME)).map(str::to_owned));
        let Some(next) = page["page"]["next"].as_str() else { return Ok(names) };
        cursor = format!("&cursor={next}");
    }
}
