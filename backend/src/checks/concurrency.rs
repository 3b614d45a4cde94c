use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Barrier, mpsc};
use std::time::Duration;

use guanxi_api::Role;
use serde_json::{Value, json};

use super::paging::is_full;
use crate::customers::{self, CustomerId};
use crate::error::Error;
use crate::testing::{Answer, Client, TestApp, TestDatabase};

/// How long somebody waits who should not have to.
const PATIENCE: Duration = Duration::from_secs(5);

/// The answer, asked for again while the server says that it is overloaded: then nothing was written.
fn patiently(ask: impl Fn() -> Answer) -> Answer {
    loop {
        let answer = ask();
        if answer.status != 503 {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn version(body: &Value) -> i64 {
    body["version"].as_i64().expect("a version")
}

#[test]
fn c1_each_version_is_changed_once() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let created = rm.post("/customers", &json!({"kind": "person", "name": "王伟"})).expect(201);
    let customer = format!("/customers/{}", created.json()["id"].as_str().expect("an id"));
    let contact = json!({"kind": "call", "purpose": "sale", "outcome": "reached"});
    let contact = rm.post(&format!("{customer}/interactions"), &contact).expect(201);
    let contact = format!("/interactions/{}", contact.json()["id"].as_str().expect("an id"));
    let today = app.state.settings.day(crate::clock::now());
    let task = rm.post("/tasks", &json!({"title": "回访", "due_on": today})).expect(201);
    let task = format!("/tasks/{}", task.json()["id"].as_str().expect("an id"));
    for (path, member) in [(customer, "occupation"), (contact, "notes"), (task, "title")] {
        change_from_everywhere(&rm, &path, member);
    }
}

#[test]
fn c1_a_contact_is_recorded_while_its_customer_is_looked_at() {
    // On SQLite one writes at a time.
    if !TestDatabase::is_postgres() {
        return;
    }
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let created = rm.post("/customers", &json!({"kind": "person", "name": "王伟"})).expect(201).json();
    let id: uuid::Uuid = created["id"].as_str().expect("an id").parse().expect("a UUID");
    let (locked, is_locked) = mpsc::channel();
    let (done, is_done) = mpsc::channel();
    std::thread::scope(|scope| {
        let db = app.state.db.clone();
        let looked_at = scope.spawn(move || {
            db.write_blocking(move |conn| {
                customers::lock_all(conn, &[CustomerId::new(id)])?;
                locked.send(()).expect("somebody waits");
                Ok::<bool, Error>(is_done.recv_timeout(PATIENCE).is_ok())
            })
        });
        is_locked.recv().expect("the customer is locked");
        let contact = json!({"kind": "call", "purpose": "sale", "outcome": "reached"});
        let answer = rm.post(&format!("/customers/{id}/interactions"), &contact);
        // Without anybody there it waited until the other one's patience was over.
        let _ = done.send(());
        answer.expect(201);
        assert!(looked_at.join().expect("no panic").expect("it commits"), "the contact waited");
    });
}

/// Changes one resource from many clients that read it first; each version must be changed by one of them.
fn change_from_everywhere(rm: &Client, path: &str, member: &str) {
    const CLIENTS: usize = 100;
    const ROUNDS: usize = 3;
    let barrier = Barrier::new(CLIENTS);
    let answers: Vec<(i64, Answer)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CLIENTS)
            .map(|n| {
                let (rm, barrier) = (rm.clone(), &barrier);
                scope.spawn(move || {
                    let mut answers = Vec::new();
                    for round in 0..ROUNDS {
                        // In the first round all of them hold the same version.
                        let read = patiently(|| rm.get(path)).expect(200);
                        if round == 0 {
                            barrier.wait();
                        }
                        let change = json!({member: format!("{n}-{round}")});
                        answers.push((
                            version(&read.json()),
                            patiently(|| rm.patch(path, &read.tag(), &change)),
                        ));
                    }
                    answers
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a client")).collect()
    });
    assert_eq!(answers.len(), CLIENTS * ROUNDS);
    let mut successes: BTreeMap<i64, usize> = BTreeMap::new();
    for (read, answer) in &answers {
        match answer.status {
            200 => {
                *successes.entry(*read).or_default() += 1;
                assert_eq!(version(&answer.json()), read + 1);
            }
            412 => assert!(answer.header("ETag").is_some(), "a refused change names the newest version"),
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert!(successes.values().all(|times| *times == 1), "a version was changed twice: {successes:?}");
    assert_eq!(successes.get(&1), Some(&1));
    let last = rm.get(path).expect(200).json();
    assert_eq!(version(&last), 1 + i64::try_from(successes.len()).expect("small"));
    let changed_to: BTreeSet<i64> = successes.keys().map(|read| read + 1).collect();
    assert_eq!(changed_to, (2..=version(&last)).collect(), "a version is missing");
}

/// A create under a key, and what came of it.
fn create(client: &Client, key: &str, name: &str) -> Answer {
    let body = json!({"kind": "person", "name": name});
    patiently(|| client.send("POST", "/customers", &[("Idempotency-Key", key)], Some(&body)))
}

fn names(app: &TestApp) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    let (auditor, mut cursor) = (app.role(Role::Auditor), String::new());
    loop {
        let page = auditor.get(&format!("/customers?limit=200{cursor}")).expect(200).json();
        for row in page["data"].as_array().expect("rows") {
            *names.entry(row["name"].as_str().expect("a name").to_owned()).or_default() += 1;
        }
        let Some(next) = page["page"]["next"].as_str() else { return names };
        cursor = format!("&cursor={next}");
    }
}

#[test]
fn c2_a_key_creates_once() {
    const CLIENTS: usize = 50;
    let rounds = if is_full() { 200 } else { 20 };
    let app = TestApp::start();
    let (rm, other) = (app.user("rm"), app.user("rm_b1"));
    for round in 0..rounds {
        let (key, name) = (format!("c2-round-{round}"), format!("王{round}"));
        let barrier = Barrier::new(CLIENTS);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..CLIENTS)
                .map(|_| {
                    let (rm, key, name, barrier) = (rm.clone(), &key, &name, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        create(&rm, key, name)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("a client")).collect()
        });
        let mut ids = BTreeSet::new();
        let mut first = 0;
        for answer in answers {
            // PostgreSQL lets a client wait for the one that holds the key; after 5 s it says so.
            if answer.status == 409 {
                assert_eq!(answer.code(), "idempotency_in_progress");
                continue;
            }
            let answer = answer.expect(201);
            ids.insert(answer.json()["id"].as_str().expect("an id").to_owned());
            first += usize::from(answer.header("Idempotency-Replayed").is_none());
        }
        assert_eq!((ids.len(), first), (1, 1), "round {round}: ids, and answers that are no replay");

        let replay = create(&rm, &key, &name).expect(201);
        assert_eq!(replay.header("Idempotency-Replayed"), Some("true"));
        assert!(ids.contains(replay.json()["id"].as_str().expect("an id")));
        let location = replay.header("Location").expect("a place").to_owned();
        assert!(location.ends_with(replay.json()["id"].as_str().expect("an id")));
        assert_eq!(create(&rm, &key, "另一个").expect(422).code(), "idempotency_key_reused");
        let elsewhere = create(&other, &key, &format!("李{round}")).expect(201);
        assert!(elsewhere.header("Idempotency-Replayed").is_none(), "another user's key is another key");
        assert!(!ids.contains(elsewhere.json()["id"].as_str().expect("an id")));
    }
    let names = names(&app);
    for round in 0..rounds {
        assert_eq!(names.get(&format!("王{round}")), Some(&1), "round {round}");
        assert_eq!(names.get(&format!("李{round}")), Some(&1), "round {round}");
    }
    assert_eq!(names.len(), 2 * rounds);

    // A failure is not remembered: the corrected request may carry the same key.
    let wrong = json!({"kind": "person", "name": "赵", "external_ids": [{"source": "ERP!", "id": "1"}]});
    rm.send("POST", "/customers", &[("Idempotency-Key", "c2-corrected")], Some(&wrong)).expect(422);
    assert!(create(&rm, "c2-corrected", "赵").expect(201).header("Idempotency-Replayed").is_none());
}

#[test]
fn c2_a_key_records_one_contact_and_one_task() {
    const CLIENTS: usize = 50;
    let rounds = if is_full() { 200 } else { 5 };
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let created = rm.post("/customers", &json!({"kind": "person", "name": "王伟"})).expect(201);
    let customer = format!("/customers/{}", created.json()["id"].as_str().expect("an id"));
    let path = format!("{customer}/interactions");
    let today = app.state.settings.day(crate::clock::now());
    for round in 0..rounds {
        let key = format!("c2-contact-{round}");
        let body = json!({"kind": "call", "purpose": "sale", "outcome": "reached", "notes": format!("第{round}次"),
            "next_step": {"title": format!("第{round}步"), "due_on": today}});
        let record = || patiently(|| rm.send("POST", &path, &[("Idempotency-Key", &key)], Some(&body)));
        let barrier = Barrier::new(CLIENTS);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..CLIENTS)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        record()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("a client")).collect()
        });
        let done = answers.into_iter().filter(|answer| answer.status != 409).map(|answer| answer.expect(201));
        let ids: BTreeSet<String> =
            done.map(|answer| answer.json()["id"].as_str().expect("an id").to_owned()).collect();
        assert_eq!(ids.len(), 1, "round {round}");
        assert_eq!(record().expect(201).header("Idempotency-Replayed"), Some("true"));
        let other = json!({"kind": "visit", "purpose": "sale", "outcome": "reached"});
        let refused = rm.send("POST", &path, &[("Idempotency-Key", &key)], Some(&other)).expect(422);
        assert_eq!(refused.code(), "idempotency_key_reused");
    }
    for list in [path, format!("{customer}/tasks")] {
        let page = rm.get(&format!("{list}?include=total")).expect(200).json();
        assert_eq!(page["page"]["total"], rounds, "{list}");
    }
}

mod races;
