//! C7: an import goes on after `kill -9` where it was, with nothing lost and nothing twice.

use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::load;
use crate::server::{Server, Setup};
use crate::stage::Counts;
use crate::{Context, Failure, Outcome};

/// A server must be ready again within this.
const READY: Duration = Duration::from_secs(10);
/// Records of the file for each kill.
const RECORDS: u64 = 10_000;
/// A product of the demo data.
const PRODUCT: &str = "dd";
/// Every so manieth record is wrong.
const WRONG: u64 = 1000;
/// The longest that a server may take to get on: the lease of the one that was killed, and then some.
const PATIENCE: Duration = Duration::from_secs(180);

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
    let job = start(&server, &file(records))?;
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
    let again = start(&server, &file(records))?;
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

/// A file of customers with what they hold, some of them without a name.
fn file(records: u64) -> String {
    let mut text = String::from("id,name,city,phone,balance\n");
    for n in 0..records {
        let name = if n % WRONG == WRONG - 1 { "" } else { "王小明" };
        let _ = writeln!(text, "R-{n},{name},杭州,138{n:08},{}", n % 1_000_000);
    }
    text
}

fn start(server: &Server, file: &str) -> Outcome<String> {
    let authorization = server.authorization("branch_manager")?;
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "text/csv")];
    let mut client = server.client();
    let answer =
        client.send("POST", "/api/v1/uploads?name=c7.csv", &headers, file.as_bytes()).context("the file")?;
    if answer.status != 201 {
        return Err(Failure::new(format!("the file: {}", String::from_utf8_lossy(&answer.body))));
    }
    let field = |field: &str, from: &str| json!({ "field": field, "from": from });
    let new = json!({
        "upload_id": answer.json()["id"],
        "mapping": { "source": "c7", "customer": [
            field("external_id", "{id}"), field("kind", "person"), field("name", "{name}"),
            field("city", "{city}"), field("phone", "{phone}"),
        ], "records": [{ "target": "holding", "key": "deposit", "fields": [
            field("product_code", PRODUCT), field("amount", "{balance}"), field("opened_on", "2020-01-01"),
        ] }] },
    });
    let key = format!("c7-{:x}", load::random()?);
    let headers = [("Authorization", authorization.as_str()), ("Idempotency-Key", key.as_str())];
    let answer = client.post("/api/v1/jobs/imports", &headers, &new).context("the job")?;
    match answer.json()["id"].as_str() {
        Some(id) if answer.status == 202 => Ok(id.to_owned()),
        _ => Err(Failure::new(format!("the job: {}", String::from_utf8_lossy(&answer.body)))),
    }
}

/// Waits until so many records are done or the job has ended.
fn wait(server: &Server, job: &str, goal: u64) -> Outcome<Value> {
    let mut authorization = server.authorization("branch_manager")?;
    let mut client = server.client();
    let (mut moved, mut last, mut signed_in) = (Instant::now(), None, Instant::now());
    loop {
        if signed_in.elapsed() > Duration::from_secs(300) {
            authorization = server.authorization("branch_manager")?;
            signed_in = Instant::now();
        }
        let path = format!("/api/v1/jobs/{job}");
        let seen = client.get(&path, &[("Authorization", &authorization)]).context("the job")?.json();
        let processed = seen["processed"].as_u64();
        if seen["finished_at"].is_string() || processed.is_some_and(|processed| processed >= goal) {
            return Ok(seen);
        }
        if processed != last {
            (moved, last) = (Instant::now(), processed);
        }
        if moved.elapsed() > PATIENCE {
            return Err(Failure::new(format!("the job does not get on: {seen}")));
        }
        thread::sleep(Duration::from_millis(20));
    }
}
