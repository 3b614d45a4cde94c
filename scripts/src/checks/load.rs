//! Clients that create customers, change them and record contacts, as fast as the server answers or at a pace, and remember what it has
//! acknowledged.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::http::{Answer, Client};
use crate::{Context, Failure, Outcome};

/// How many clients write at once.
pub const CLIENTS: usize = 24;

/// What clients write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Writes {
    /// New customers only.
    Customers,
    /// New customers, and of each a change and a contact.
    Everything,
}

/// A write that the server has acknowledged, by what reading shows from then on.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    path: String,
    member: &'static str,
    value: String,
}

/// What the clients have seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Writes that the server has acknowledged.
    pub acknowledged: Vec<Acknowledged>,
    /// Keys of creations of customers whose connection closed before the first byte of an answer.
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

/// Writes over [`CLIENTS`] connections while `meanwhile` runs, each time after a `pause`; a client stops when nobody listens any more.
///
/// # Errors
/// Those of `meanwhile`.
pub fn while_writing(
    address: SocketAddr,
    authorization: &str,
    (writes, pause): (Writes, Duration),
    meanwhile: impl FnOnce(&AtomicU64) -> Outcome,
) -> Outcome<Seen> {
    let (stop, acknowledged) = (AtomicBool::new(false), AtomicU64::new(0));
    let seen = Mutex::new(Seen::default());
    let outcome = thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut writer =
                    Writer { client: Client::new(address), authorization, seen: Seen::default() };
                while !stop.load(Ordering::Relaxed) {
                    if !writer.turn(writes, pause, &acknowledged) {
                        break;
                    }
                }
                let mine = writer.seen;
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

struct Writer<'a> {
    client: Client,
    authorization: &'a str,
    seen: Seen,
}

impl Writer<'_> {
    /// Creates a customer and does with it what else is to be written; false when there is nobody to ask any more.
    fn turn(&mut self, writes: Writes, pause: Duration, count: &AtomicU64) -> bool {
        thread::sleep(pause);
        let Ok(number) = random() else { return false };
        let key = format!("\"{number:016x}\"");
        let name = name_of(&key);
        let answer = match create(&mut self.client, self.authorization, &key, &name) {
            Ok(answer) if answer.status == 201 => answer,
            Ok(answer) => return self.refused(&answer),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                self.seen.unanswered.push(key);
                return true;
            }
            Err(error) => return self.broken(&error),
        };
        let body = answer.json();
        let customer = format!("/api/v1/customers/{}", body["id"].as_str().unwrap_or_default());
        self.acknowledge(customer.clone(), "name", name, count);
        if writes == Writes::Customers {
            return true;
        }

        let tag = answer.header("etag").unwrap_or_default().to_owned();
        let headers = [
            ("Authorization", self.authorization),
            ("If-Match", &tag),
            ("Content-Type", "application/merge-patch+json"),
        ];
        let notes = format!("记下{number:016x}");
        let change = json!({ "notes": notes }).to_string();
        match self.client.send("PATCH", &customer, &headers, change.as_bytes()) {
            Ok(answer) if answer.status == 200 => self.acknowledge(customer.clone(), "notes", notes, count),
            Ok(answer) => return self.refused(&answer),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return true,
            Err(error) => return self.broken(&error),
        }

        let notes = format!("谈过{number:016x}");
        let contact = json!({ "kind": "call", "purpose": "service", "outcome": "reached", "notes": notes });
        let headers = [("Authorization", self.authorization)];
        match self.client.post(&format!("{customer}/interactions"), &headers, &contact) {
            Ok(answer) if answer.status == 201 => {
                let body = answer.json();
                let contact = format!("/api/v1/interactions/{}", body["id"].as_str().unwrap_or_default());
                self.acknowledge(contact, "notes", notes, count);
                true
            }
            Ok(answer) => self.refused(&answer),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => true,
            Err(error) => self.broken(&error),
        }
    }

    fn acknowledge(&mut self, path: String, member: &'static str, value: String, count: &AtomicU64) {
        self.seen.acknowledged.push(Acknowledged { path, member, value });
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn refused(&mut self, answer: &Answer) -> bool {
        self.seen.failed.push(format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body)));
        thread::sleep(Duration::from_millis(50));
        true
    }

    fn broken(&mut self, error: &std::io::Error) -> bool {
        let listens = error.kind() != ErrorKind::ConnectionRefused;
        if listens {
            self.seen.failed.push(error.to_string());
        }
        listens
    }
}

/// The name of the customer that is created under a key, so that the request can be sent again.
pub fn name_of(key: &str) -> String {
    format!("测试{}", key.trim_matches('"'))
}

/// Creates one customer under an idempotency key.
///
/// # Errors
/// Those of [`Client::send`].
pub fn create(client: &mut Client, authorization: &str, key: &str, name: &str) -> std::io::Result<Answer> {
    let headers = [("Authorization", authorization), ("Idempotency-Key", key)];
    client.post("/api/v1/customers", &headers, &json!({ "kind": "person", "name": name }))
}

/// Reads what each of these writes must have left, over [`CLIENTS`] connections; an error names one that is lost.
///
/// # Errors
/// When one can't be read, or shows something else.
pub fn read_all(address: SocketAddr, authorization: &str, writes: &[Acknowledged]) -> Outcome {
    let share = writes.len().div_ceil(CLIENTS).max(1);
    thread::scope(|scope| {
        let read: Vec<_> = writes
            .chunks(share)
            .map(|writes| scope.spawn(move || read_each(address, authorization, writes)))
            .collect();
        read.into_iter()
            .try_for_each(|read| read.join().unwrap_or_else(|_| Err(Failure::new("a reader has panicked"))))
    })
}

fn read_each(address: SocketAddr, authorization: &str, writes: &[Acknowledged]) -> Outcome {
    let mut client = Client::new(address);
    for Acknowledged { path, member, value } in writes {
        let answer = client.get(path, &[("Authorization", authorization)]).context(path)?;
        if answer.status != 200 {
            return Err(Failure::new(format!("acknowledged, but GET {path} gives {}", answer.status)));
        }
        let shown = answer.json();
        if shown[member] != *value.as_str() {
            return Err(Failure::new(format!(
                "acknowledged as {value}, but GET {path} shows {member} as {}",
                shown[member]
            )));
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
