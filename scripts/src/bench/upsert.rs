//! Bulk calls, one after another, as an ERP makes them at night.

use std::time::{Duration, Instant};

use xtask::server::Server;
use xtask::{Failure, Outcome};

use crate::load::Round;

/// Customers that are written over and over.
pub const ROWS: usize = 10_000;
/// Lines of one call: as many as the server takes.
const LINES: usize = 1_000;

/// Makes the customers if they are not there, then changes every one of them, again and again.
///
/// # Errors
/// When a call fails or leaves a line as it was.
pub fn calls(server: &Server, time: Duration) -> Outcome<Round> {
    let mut client = server.client();
    let token = server.authorization("branch_manager")?;
    let started = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let mut round = started.as_micros();
    let mut call = |part: usize| -> Outcome<Duration> {
        round += 1;
        let lines = (part * LINES..(part + 1) * LINES).map(|n| {
            let data = serde_json::json!({
                "kind": "person", "name": format!("批量{n}"), "city": "杭州", "occupation": format!("职业{round}"),
            });
            serde_json::json!({ "external": { "source": "bench", "id": format!("B-{n}") }, "data": data }).to_string()
        });
        let body = lines.collect::<Vec<_>>().join("\n");
        let key = format!("bench-{round}");
        let headers = [
            ("Authorization", token.as_str()),
            ("Content-Type", "application/x-ndjson"),
            ("Idempotency-Key", key.as_str()),
        ];
        let start = Instant::now();
        let answer = client.send("POST", "/api/v1/bulk/customers", &headers, body.as_bytes())?;
        let taken = start.elapsed();
        let summary = &answer.json()["summary"];
        let written = summary["created"].as_u64().unwrap_or(0) + summary["updated"].as_u64().unwrap_or(0);
        if written == LINES as u64 {
            Ok(taken)
        } else {
            Err(Failure::new(format!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body))))
        }
    };
    for part in 0..ROWS / LINES {
        call(part)?;
    }
    let start = Instant::now();
    let mut taken = Vec::new();
    while start.elapsed() < time {
        taken.push(call(taken.len() % (ROWS / LINES))?.as_secs_f64() * 1000.0);
    }
    let rate = (taken.len() * LINES) as f64 / start.elapsed().as_secs_f64();
    Ok(Round::of(taken, rate))
}
