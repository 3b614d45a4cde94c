//! Clients that create customers, as fast as the server answers or at a pace, and remember what it has acknowledged.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::http::Client;
use crate::{Context, Failure, Outcome};

/// How many clients write at once.
pub const CLIENTS: usize = 24;

/// What the clients have seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Ids of customers whose creation the server has acknowledged.
    pub acknowledged: Vec<String>,
    /// Keys of requests whose connection closed before the first byte of an answer.
    pub unanswered: Vec<String>,
    /// Requests that got half an answer, none in time, or one that says the server has failed.
    pub failed: Vec<String>,
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.unanswered.extend(other.unanswered);
        self.failed.extend(other.failed);
    }
}

/// Creates customers from [`CLIENTS`] connections while `meanwhile` runs, each after a `pause`; a client stops when nobody listens any more.
///
/// # Errors
/// Those of `meanwhile`.
pub fn while_creating(
    address: SocketAddr,
    authorization: &str,
    pause: Duration,
    meanwhile: impl FnOnce(&AtomicU64) -> Outcome,
) -> Outcome<Seen> {
    let (stop, acknowledged) = (AtomicBool::new(false), AtomicU64::new(0));
    let seen = Mutex::new(Seen::default());
    let outcome = thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mine = create_until(address, authorization, pause, &stop, &acknowledged);
                seen.lock().unwrap_or_else(PoisonError::into_inner).add(mine);
            });
        }
        let outcome = meanwhile(&acknowledged);
        stop.store(true, Ordering::Relaxed);
        outcome
    });
    outcome?;
    Ok(seen.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn create_until(
    address: SocketAddr,
    authorization: &str,
    pause: Duration,
    stop: &AtomicBool,
    acknowledged: &AtomicU64,
) -> Seen {
    let mut client = Client::new(address);
    let mut seen = Seen::default();
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(pause);
        let Ok(number) = random() else { break };
        let key = format!("\"{number:016x}\"");
        match create(&mut client, authorization, &key, &name_of(&key)) {
            Ok(answer) if answer.status == 201 => {
                let id = answer.json()["id"].as_str().map(str::to_owned);
                seen.acknowledged.extend(id);
                acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Ok(answer) => {
                seen.failed.push(format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body)));
                thread::sleep(Duration::from_millis(50));
            }
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => break,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => seen.unanswered.push(key),
            Err(error) => seen.failed.push(error.to_string()),
        }
    }
    seen
}

/// The name of the customer that is created under a key, so that the request can be sent again.
pub fn name_of(key: &str) -> String {
    format!("测试{}", key.trim_matches('"'))
}

/// Creates one customer under an idempotency key.
///
/// # Errors
/// Those of [`Client::send`].
pub fn create(
    client: &mut Client,
    authorization: &str,
    key: &str,
    name: &str,
) -> std::io::Result<crate::http::Answer> {
    let headers = [("Authorization", authorization), ("Idempotency-Key", key)];
    client.post("/api/v1/customers", &headers, &json!({ "kind": "person", "name": name }))
}

/// Reads every one of these customers, over [`CLIENTS`] connections; an error names one that is not there.
///
/// # Errors
/// When one can't be read.
pub fn read_all(address: SocketAddr, authorization: &str, ids: &[String]) -> Outcome {
    let share = ids.len().div_ceil(CLIENTS).max(1);
    thread::scope(|scope| {
        let read: Vec<_> = ids
            .chunks(share)
            .map(|ids| scope.spawn(move || read_each(address, authorization, ids)))
            .collect();
        read.into_iter()
            .try_for_each(|read| read.join().unwrap_or_else(|_| Err(Failure::new("a reader has panicked"))))
    })
}

fn read_each(address: SocketAddr, authorization: &str, ids: &[String]) -> Outcome {
    let mut client = Client::new(address);
    for id in ids {
        let answer = client
            .get(&format!("/api/v1/customers/{id}"), &[("Authorization", authorization)])
            .context(id)?;
        if answer.status != 200 {
            return Err(Failure::new(format!("acknowledged customer {id}: {}", answer.status)));
        }
    }
    Ok(())
}

/// A random number.
///
/// # Errors
/// When the system has none.
pub fn random() -> Outcome<u64> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}
