//! Imports and exports, as a client starts them and waits for them.

use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::server::Server;
use crate::{Context, Failure, Outcome};

/// A product of the demo data.
const PRODUCT: &str = "dd";
/// Every so manieth record is wrong.
pub const WRONG: u64 = 1000;
/// The longest that a server may take to get on: the lease of one that was killed, and then some.
const PATIENCE: Duration = Duration::from_secs(180);

/// A file of customers with what they hold; every so manieth, as [`WRONG`] says, has no name.
#[must_use]
pub fn file_of_customers(records: u64) -> String {
    let mut text = String::from("id,name,city,phone,balance\n");
    for n in 0..records {
        let name = if n % WRONG == WRONG - 1 { "" } else { "王小明" };
        let _ = writeln!(text, "R-{n},{name},杭州,138{n:08},{}", n % 1_000_000);
    }
    text
}

/// Sends a file of [`file_of_customers`] in and has it imported; gives the id of the job.
///
/// # Errors
/// When the server does not take it.
pub fn start_import(server: &Server, file: &str) -> Outcome<String> {
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
    start(server, &authorization, "imports", &new)
}

/// Starts a job; gives its id.
fn start(server: &Server, authorization: &str, kind: &str, new: &Value) -> Outcome<String> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let key = format!("xtask-{}", now.as_nanos());
    let headers = [("Authorization", authorization), ("Idempotency-Key", key.as_str())];
    let answer = server.client().post(&format!("/api/v1/jobs/{kind}"), &headers, new).context("the job")?;
    match answer.json()["id"].as_str() {
        Some(id) if answer.status == 202 => Ok(id.to_owned()),
        _ => Err(Failure::new(format!("the job: {}", String::from_utf8_lossy(&answer.body)))),
    }
}

/// Has all customers exported into a file of this format; gives the id of the job.
///
/// # Errors
/// When the server does not take it.
pub fn start_export(server: &Server, format: &str) -> Outcome<String> {
    let authorization = server.authorization("branch_manager")?;
    let new = json!({ "list": "customers", "format": format, "reason": "what an export takes" });
    start(server, &authorization, "exports", &new)
}

/// Waits until so many records are done or the job has ended; gives the job as it is then.
///
/// # Errors
/// When it does not get on.
pub fn wait(server: &Server, job: &str, goal: u64) -> Outcome<Value> {
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
