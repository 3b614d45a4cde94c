//! Taking back whole imports.

use std::sync::atomic::{AtomicBool, Ordering};

use guanxi_api::{JobKind, Role};
use serde_json::{Value, json};

use super::records::{FILE, mapping, product, survey, total};
use super::{outcome, path, post, send, start};
use crate::jobs::Ended;
use crate::testing::{Client, TestApp};
use crate::{clock, imports, verify};

pub(super) fn import(app: &TestApp, client: &Client, text: &str, mapping: Value) -> Value {
    let upload = send(client, "c.csv", text.as_bytes()).expect(201).json();
    let job = start(client, &upload, mapping, false);
    app.work();
    job
}

pub(super) fn undo(client: &Client, job: &Value) -> Value {
    post(client, &format!("{}/undo", path(job)), &json!({})).expect(202).json()
}

fn refused(client: &Client, job: &Value) -> String {
    let answer = post(client, &format!("{}/undo", path(job)), &json!({})).expect(409);
    answer.fields().into_iter().map(|(_, code)| code).collect()
}

/// State, changes taken back, changes left.
pub(super) fn undone(client: &Client, job: &Value) -> (String, i64, i64) {
    let (state, [_, back, _, left]) = outcome(client, job);
    (state, back, left)
}

pub(super) fn customer(client: &Client, name: &str) -> Value {
    let found = client.post("/customers/search", &json!({"q": name})).expect(200).json();
    let id = found["data"][0]["id"].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned();
    client.get(&format!("/customers/{id}")).expect(200).json()
}

fn of_customer(client: &Client, customer: &Value, what: &str) -> Vec<Value> {
    let id = customer["id"].as_str().expect("an id");
    let rows = client.get(&format!("/customers/{id}/{what}")).expect(200).json();
    rows["data"].as_array().expect("rows").clone()
}

/// Lines of the file of an undoing of which something was left, and why.
pub(super) fn left(client: &Client, job: &Value) -> Vec<(i64, String)> {
    let rows = client.get(&format!("{}/problems", path(job))).expect(200).json();
    let told = |row: &Value| {
        let code = row["problems"][0]["code"].as_str().expect("a code").to_owned();
        (row["line"].as_i64().expect("a line"), code)
    };
    rows["data"].as_array().expect("rows").iter().map(told).collect()
}

fn bank() -> (TestApp, Client, String) {
    let app = TestApp::start();
    let (admin, head) = (app.role(Role::Admin), app.role(Role::OutletHead));
    product(&admin, "D1", "deposit", "CNY");
    let survey = survey(&head, "Taken over");
    (app, head, survey)
}

#[test]
fn an_import_is_taken_back_as_if_it_had_never_been() {
    let (app, head, survey) = bank();
    let figures =
        |client: &Client| ["customers", "holdings", "interactions"].map(|list| total(client, list, ""));
    let none = figures(&head);
    let first = import(&app, &head, FILE, mapping());
    let brought = figures(&head);
    assert_eq!(outcome(&head, &first), ("succeeded".to_owned(), [3, 0, 0, 0]));

    // A second file says something else of two of them.
    let other = FILE
        .replace("王一", "王壹")
        .replace("1,234.50", "2,000")
        .replace("已接通", "未接通")
        .replace("赵三,,,", "赵三,6222000055556666,90,");
    let second = import(&app, &head, &other, mapping());
    assert_eq!(outcome(&head, &second), ("succeeded".to_owned(), [0, 2, 1, 0]));
    assert_eq!(customer(&head, "王壹")["figures"]["aum"]["amount"], "2000.0000");

    let job = undo(&head, &second);
    assert_eq!((&job["kind"], &job["undo"]["import_id"]), (&json!("import_undo"), &second["id"]));
    app.work();
    assert_eq!(undone(&head, &job), ("succeeded".to_owned(), 4, 0));
    assert_eq!(head.get(&path(&second)).expect(200).json()["undone_by"], job["id"]);
    let one = customer(&head, "王一");
    assert_eq!(one["figures"]["aum"]["amount"], "1234.5000");
    assert_eq!(of_customer(&head, &one, "holdings")[0]["amount"], "1234.5000");
    assert_eq!(of_customer(&head, &one, "interactions")[0]["outcome"], "reached");
    assert_eq!(of_customer(&head, &customer(&head, "赵三"), "holdings"), Vec::<Value>::new());
    assert_eq!(figures(&head), brought);
    // What the first file said is known again.
    let again = import(&app, &head, FILE, mapping());
    assert_eq!(outcome(&head, &again), ("succeeded".to_owned(), [0, 0, 3, 0]));
    assert_eq!(refused(&head, &again), "nothing_to_undo");

    let job = undo(&head, &first);
    app.work();
    assert_eq!(undone(&head, &job), ("succeeded".to_owned(), 8, 0));
    assert_eq!(figures(&head), none);
    let archived = head.get(&format!("/customers/{}", one["id"].as_str().unwrap())).expect(200).json();
    assert_eq!((archived["archived_at"].is_null(), &archived["external_ids"]), (false, &json!([])));
    let figures_of = &archived["figures"];
    assert_eq!(
        (&figures_of["aum"]["amount"], &figures_of["last_contacted_at"]),
        (&json!("0.0000"), &Value::Null)
    );
    let results = head.get(&format!("/surveys/{survey}/results")).expect(200).json();
    assert_eq!(results["answered"], 0, "{results}");
    assert_eq!(refused(&head, &first), "already_undone");
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());

    // It can come anew.
    let anew = import(&app, &head, FILE, mapping());
    assert_eq!(outcome(&head, &anew), ("succeeded".to_owned(), [3, 0, 0, 0]));
    assert_eq!(figures(&head), brought);
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn what_was_touched_since_stays_and_is_told() {
    let (app, head, _) = bank();
    let job = import(&app, &head, FILE, mapping());
    let [one, two, three] = ["王一", "李二", "赵三"].map(|name| customer(&head, name));
    // Somebody moves the holding of the first, changes the second, and talks with the third.
    let holding = of_customer(&head, &one, "holdings")[0]["id"].as_str().unwrap().to_owned();
    let moved = json!({"day": "2024-01-02", "kind": "deposit", "amount": "5.0000", "channel": "counter"});
    head.post(&format!("/holdings/{holding}/transactions"), &moved).expect(201);
    let two_path = format!("/customers/{}", two["id"].as_str().unwrap());
    let tag = head.get(&two_path).expect(200).tag();
    head.patch(&two_path, &tag, &json!({"city": "杭州"})).expect(200);
    let three_path = format!("/customers/{}/interactions", three["id"].as_str().unwrap());
    let talk =
        json!({"kind": "call", "direction": "outbound", "purpose": "relationship", "outcome": "reached"});
    head.post(&three_path, &talk).expect(201);

    let undoing = undo(&head, &job);
    app.work();
    assert_eq!(undone(&head, &undoing), ("partially_succeeded".to_owned(), 4, 4));
    let pair = |line: i64, code: &str| (line, code.to_owned());
    let mut told = left(&head, &undoing);
    told.sort();
    let wanted = [
        pair(2, "holding_changed_since"),
        pair(2, "in_use_since"),
        pair(3, "customer_changed_since"),
        pair(4, "in_use_since"),
    ];
    assert_eq!(told, wanted);
    for (customer, aum) in [(&one, "1239.5000"), (&two, "0.0000"), (&three, "0.0000")] {
        let path = format!("/customers/{}", customer["id"].as_str().unwrap());
        let shown = head.get(&path).expect(200).json();
        assert_eq!((&shown["archived_at"], &shown["figures"]["aum"]["amount"]), (&Value::Null, &json!(aum)));
        assert_eq!(shown["external_ids"][0]["source"], "core");
    }
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn who_may_undo_what() {
    let (app, head, _) = bank();
    let upload = send(&head, "c.csv", FILE.as_bytes()).expect(201).json();
    let tried = start(&head, &upload, mapping(), true);
    assert_eq!(refused(&head, &tried), "job_has_not_ended");
    app.work();
    assert_eq!(refused(&head, &tried), "nothing_to_undo");
    let job = import(&app, &head, FILE, mapping());
    head.post(&format!("{}/undo", path(&job)), &json!({})).expect(400);
    for (username, status) in [("deputy_manager", 404), ("auditor", 403), ("rm", 403)] {
        post(&app.user(username), &format!("{}/undo", path(&job)), &json!({})).expect(status);
    }
    // Twice with the same key is once.
    let key = [("Idempotency-Key", "undo-this-one")];
    let undo_path = format!("{}/undo", path(&job));
    let first = head.send("POST", &undo_path, &key, None).expect(202);
    let again = head.send("POST", &undo_path, &key, None).expect(202);
    assert_eq!(
        (first.json()["id"].clone(), again.header("Idempotency-Replayed")),
        (again.json()["id"].clone(), Some("true"))
    );
    assert_eq!(refused(&head, &job), "already_undone");
    // An undoing that is cancelled can be begun again.
    head.send("POST", &format!("{}/cancel", path(&first.json())), &[], None).expect(200);
    let undoing = undo(&head, &job);
    post(&head, &format!("{}/undo", path(&undoing)), &json!({})).expect(404);
    app.work();
    assert_eq!(undone(&head, &undoing), ("succeeded".to_owned(), 8, 0));
}

#[test]
fn an_undoing_goes_on_where_it_was_broken_off() {
    let (app, head, _) = bank();
    let lines: String = (0..450).map(|n| format!("{n},第{n}人,,,否,,\n")).collect();
    let text = format!("客户号,姓名,账号,余额,投诉,结果,评分\n{lines}");
    let before = total(&head, "customers", "");
    let job = import(&app, &head, &text, mapping());
    assert_eq!(outcome(&head, &job), ("succeeded".to_owned(), [450, 0, 0, 0]));
    let undoing = undo(&head, &job);
    let claim = app.claim_job(JobKind::ImportUndo).expect("a job");
    let stop = AtomicBool::new(false);
    let run = |claim, each: fn(&AtomicBool)| {
        imports::run(&app.bench(), claim, &stop, clock::now, |_| each(&stop)).expect("the work")
    };
    assert_eq!(run(&claim, |stop| stop.store(true, Ordering::SeqCst)), Ended::Stopped);
    assert_eq!(head.get(&path(&undoing)).expect(200).json()["processed"], 200);
    stop.store(false, Ordering::SeqCst);
    let claim = app.claim_job(JobKind::ImportUndo).expect("it was let go");
    assert_eq!(run(&claim, |_| {}), Ended::Over);
    assert_eq!(undone(&head, &undoing), ("succeeded".to_owned(), 450, 0));
    assert_eq!(total(&head, "customers", ""), before);
    assert!(left(&head, &undoing).is_empty());
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}
