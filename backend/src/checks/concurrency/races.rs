//! The same for every operation that takes `If-Match`: many call it at once from one version, and one of them is obeyed. What they are called on
//! and with is what the matrix of access makes.

use std::collections::BTreeSet;
use std::sync::Barrier;

use serde_json::{Value, json};

use super::patiently;
use crate::checks::access::cells::{Cell, cells};
use crate::checks::access::matrix::{body, place_of};
use crate::checks::access::policy::{Operation, document};
use crate::checks::access::things::{Thing, make_things};
use crate::testing::{Answer, Client, TestApp};

const CLIENTS: usize = 12;
/// How often a record is changed from its newest version.
const ROUNDS: usize = 3;

/// What is deleted, or is in the pool no more, has no version that could be an old one.
const GONE: u16 = 404;

/// The changes whose records show who has made them: what each client writes differently, and where the record shows it.
const TOLD: &[(&str, &str, &str)] = &[
    ("PATCH /care-plans/{id}", "/goal", "/goal"),
    ("PATCH /customers/{id}", "/notes", "/notes"),
    ("PATCH /holdings/{id}", "/note", "/note"),
    ("PATCH /households/{id}", "/name", "/name"),
    ("PATCH /interactions/{id}", "/notes", "/notes"),
    ("PATCH /org-units/{id}", "/name/en", "/name/en"),
    ("PATCH /products/{id}", "/terms", "/terms"),
    ("PATCH /questionnaires/{id}", "/title/en", "/title/en"),
    ("PATCH /stand-ins/{id}", "/note", "/note"),
    ("PATCH /surveys/{id}", "/name", "/name"),
    ("PATCH /tags/{id}", "/name", "/name"),
    ("PATCH /tasks/{id}", "/title", "/title"),
    ("PATCH /users/{id}", "/display_name", "/display_name"),
    ("PATCH /views/{id}", "/name", "/name"),
    ("PUT /contact-targets", "/meetings_a_day", "/targets/meetings_a_day"),
    ("PUT /grade-policy", "/discount_percent", "/rules/discount_percent"),
    ("PUT /import-mappings/{id}", "/name", "/name"),
    ("PUT /pool-policy", "/notice_days", "/notice_days"),
    ("PUT /segment-schemes/{id}", "/name/en", "/name/en"),
    ("PUT /segments/{id}", "/rank", "/rank"),
    ("PUT /tier-policies/{id}", "/grace_days", "/grace_days"),
    ("PUT /tiers", "/tiers/0/cadence_days", "/tiers/0/cadence_days"),
];

/// Changes that are told by their version alone.
const UNTOLD: &[(&str, &str)] = &[
    ("PATCH /customers/{id}/contact-points/{contact_point_id}", "it stands masked in its customer"),
    ("PATCH /customers/{id}/relations/{relation_id}", "it stands in a list"),
    ("PUT /customers/{id}/external-ids/{source}", "it is one of several of its customer"),
    ("PUT /customers/{id}/fields/{field}/verification", "all say the same"),
    ("PUT /customers/{id}/team", "all say the same"),
    ("PUT /holdings/{id}/co-owners", "all say the same"),
    ("PUT /team-rules", "all say the same"),
];

/// A cell of the matrix in which the operation is done, for each that the contract says takes `If-Match`.
fn versioned() -> Vec<Cell> {
    let document = document();
    let mut wanted = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("an item") {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            if parameters.iter().any(|parameter| parameter["name"] == "If-Match") {
                wanted.insert(format!("{} {}", method.to_uppercase(), path.trim_start_matches("/api/v1")));
            }
        }
    }
    let done: Vec<Cell> = cells().into_iter().filter(|cell| !cell.leaves_everything()).collect();
    let cell_of = |name: &String| {
        let found = done.iter().find(|cell| cell.operation.to_string() == *name);
        *found.unwrap_or_else(|| panic!("the matrix has no cell in which {name} is done"))
    };
    wanted.iter().map(cell_of).collect()
}

fn told(operation: &Operation) -> Option<(&'static str, &'static str)> {
    let name = operation.to_string();
    TOLD.iter().find(|(of, ..)| *of == name).map(|(_, sent, shown)| (*sent, *shown))
}

/// Where the record that the operation changes is read, if it is one that is read by itself.
fn read_at(operation: &Operation, path: &str) -> Option<String> {
    let elsewhere = ["/relations/", "/invitations/", "/merge", "/pool/"];
    if elsewhere.iter().any(|part| operation.path.contains(part)) {
        return None;
    }
    let (before, _) = operation.path.split_once("{id}").unwrap_or((operation.path, ""));
    let parts =
        before.trim_end_matches('/').split('/').count() + usize::from(operation.path.contains("{id}"));
    Some(path.split('/').take(parts).collect::<Vec<_>>().join("/"))
}

/// The body of one of many clients.
fn own_body(app: &TestApp, cell: &Cell, thing: &Thing, (round, n): (usize, usize)) -> Option<Value> {
    let mut body = body(cell.operation, app, cell.caller, thing)?;
    if let Some((at, _)) = told(cell.operation) {
        let place = body.pointer_mut(at).unwrap_or_else(|| panic!("{}: no {at}", cell.operation));
        *place = match place.as_i64() {
            Some(number) => json!(number + i64::try_from(round * CLIENTS + n).expect("small")),
            None => json!(format!("{round}-{n} {}", place.as_str().unwrap_or_default())),
        };
    }
    Some(body)
}

/// The version that an answer tells of: of what it holds, or of its tag.
fn version_of(answer: &Answer) -> Option<i64> {
    let tag = answer.header("ETag").map(|tag| tag.trim_matches('"'));
    tag.and_then(|tag| tag.split('-').next()?.parse().ok()).or_else(|| answer.json()["version"].as_i64())
}

/// Everybody's answer to what they sent at once, with what they sent.
fn at_once(
    client: &Client,
    cell: &Cell,
    (path, tag): (&str, &str),
    bodies: Vec<Option<Value>>,
) -> Vec<(Option<Value>, Answer)> {
    let barrier = Barrier::new(bodies.len());
    std::thread::scope(|scope| {
        let threads: Vec<_> = bodies
            .into_iter()
            .map(|body| {
                let (client, barrier) = (client.clone(), &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let headers = [("If-Match", tag)];
                    let answer =
                        patiently(|| client.send(cell.operation.method, path, &headers, body.as_ref()));
                    (body, answer)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a client")).collect()
    })
}

/// What is wrong with the answers of those who changed one thing at once.
fn race(app: &TestApp, cell: &Cell, thing: &Thing) -> Result<(), String> {
    let operation = cell.operation;
    let client = cell.caller.client(app);
    let (path, mut read) = place_of(operation, app, thing);
    let told = told(operation);
    for round in 0..if told.is_some() { ROUNDS } else { 1 } {
        let bodies = (0..CLIENTS).map(|n| own_body(app, cell, thing, (round, n))).collect();
        let answers = at_once(&client, cell, (&path, &format!("\"{read}-0\"")), bodies);
        let (done, refused): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|(_, answer)| answer.status < 300);
        let [(sent, won)] = done.as_slice() else {
            let first = refused.first().map(|(_, answer)| (answer.status, answer.text()));
            return Err(format!("round {round}: {} were obeyed; refused {first:?}", done.len()));
        };
        let is_gone = won.status == 204;
        let late = match operation.path {
            _ if is_gone => GONE,
            "/pool/{id}/claim" => GONE,
            // A survivor that takes nothing over keeps its version; the other customer is archived.
            "/customers/{id}/merge" => 409,
            _ => 412,
        };
        if let Some((_, other)) = refused.iter().find(|(_, answer)| answer.status != late) {
            return Err(format!("round {round}: {} instead of {late}: {}", other.status, other.text()));
        }
        let Some(place) = read_at(operation, &path) else { continue };
        let last = client.get(&place);
        if is_gone {
            return if last.status == 404 { Ok(()) } else { Err(format!("{place} is still there")) };
        }
        let newest = version_of(won).ok_or("the answer tells no version")?;
        let seen = (last.status, version_of(&last));
        if newest != read + 1 || seen != (200, Some(newest)) {
            return Err(format!("round {round}: {read} became {newest}, and {place} says {seen:?}"));
        }
        if let Some((written, shown)) = told {
            let (last, sent) = (last.json(), sent.as_ref().and_then(|body| body.pointer(written)));
            if last.pointer(shown) != sent {
                return Err(format!(
                    "round {round}: {sent:?} was obeyed, and {:?} stands there",
                    last.pointer(shown)
                ));
            }
        }
        read = newest;
    }
    Ok(())
}

#[test]
fn c1_every_versioned_change_is_done_once_from_a_version() {
    let app = TestApp::start();
    let cells = versioned();
    let things = make_things(&app, "r", &cells);
    let mut faults = Vec::new();
    for (cell, thing) in cells.iter().zip(&things) {
        if let Err(fault) = race(&app, cell, thing) {
            faults.push(format!("{cell}: {fault}"));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cells.len(), faults.join("\n"));
}

#[test]
fn c1_every_change_of_a_record_tells_who_made_it_or_why_not() {
    let changes: BTreeSet<String> = versioned()
        .iter()
        .filter(|cell| ["PATCH", "PUT"].contains(&cell.operation.method))
        .map(|cell| cell.operation.to_string())
        .collect();
    let told = TOLD.iter().map(|(name, ..)| *name);
    let listed: Vec<&str> = told.chain(UNTOLD.iter().map(|(name, _)| *name)).collect();
    let names: BTreeSet<String> = listed.iter().map(ToString::to_string).collect();
    assert_eq!(names.len(), listed.len(), "a change stands in both lists, or twice in one");
    assert_eq!(names, changes);
}
