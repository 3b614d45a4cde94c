use std::sync::atomic::AtomicBool;

use guanxi_api::{JobKind, Role};
use serde_json::{Value, json};

use crate::jobs::Claim;
use crate::testing::{Answer, Client, TestApp};
use crate::{clock, duplicates};

fn person(client: &Client, name: &str, more: &Value) -> String {
    let mut new = json!({"kind": "person", "name": name});
    new.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
    let made = client.post("/customers", &new).expect(201).json();
    made["id"].as_str().expect("an id").to_owned()
}

fn phone(number: &str) -> Value {
    json!({"contact_points": [{"kind": "phone", "value": number}]})
}

fn ask(client: &Client) -> Answer {
    let key = uuid::Uuid::now_v7().to_string();
    client.send("POST", "/jobs/duplicate-searches", &[("Idempotency-Key", &key)], None)
}

fn run(app: &TestApp, claim: &Claim) {
    duplicates::run(&app.bench(), claim, &AtomicBool::new(false), clock::now).expect("the search ends");
}

fn search(app: &TestApp) {
    ask(&app.role(Role::Admin)).expect(202);
    run(app, &app.claim_job(JobKind::DuplicateSearch).expect("a job"));
}

fn pairs(client: &Client, query: &str) -> Vec<Value> {
    client.get(&format!("/duplicates{query}")).expect(200).json()["data"].as_array().expect("pairs").clone()
}

fn path(pair: &Value) -> String {
    format!("/duplicates/{}", pair["id"].as_str().expect("an id"))
}

fn tag(client: &Client, path: &str) -> String {
    client.get(path).expect(200).tag()
}

#[test]
fn a_search_finds_those_who_are_entered_twice() {
    let app = TestApp::start();
    let (head, manager) = (app.role(Role::OutletHead), app.role(Role::BranchManager));
    let one = person(&head, "张三丰", &phone("13800138000"));
    let other = person(&head, "張三豐", &phone("+86 138 0013 8000"));
    person(&head, "李四", &phone("13800138000"));
    person(&head, "张三丰", &phone("13900139000"));
    search(&app);
    let found = pairs(&head, "");
    assert_eq!(found.len(), 1, "{found:?}");
    let ids: Vec<&str> = found[0]["customers"]
        .as_array()
        .expect("two")
        .iter()
        .map(|side| side["customer"]["id"].as_str().expect("an id"))
        .collect();
    assert_eq!(ids, [&one, &other]);
    assert_eq!(found[0]["evidence"], json!(["same_name", "same_phone"]));
    assert_eq!(found[0]["score"], 67);
    assert!(
        app.user("rm").get("/duplicates").expect(200).json()["data"].as_array().expect("none").is_empty()
    );
    app.role(Role::Teller).get("/duplicates").expect(403);
    app.role(Role::Rm)
        .send("POST", "/jobs/duplicate-searches", &[("Idempotency-Key", "12345678")], None)
        .expect(403);

    // Decided, it is not proposed again, whatever a later search finds.
    let pair = path(&found[0]);
    let said = |reason: &str| {
        head.send(
            "POST",
            &format!("{pair}/dismissal"),
            &[("If-Match", "\"1-0\"")],
            Some(&json!({"reason": reason})),
        )
    };
    assert_eq!(said(" ").expect(422).fields()[0], ("/reason".to_owned(), "required".to_owned()));
    assert_eq!(said("双胞胎").expect(200).json()["state"], "dismissed");
    said("又来").expect(412);
    head.send(
        "POST",
        &format!("{pair}/dismissal"),
        &[("If-Match", &tag(&head, &pair))],
        Some(&json!({"reason": "x"})),
    )
    .expect(409);
    search(&app);
    assert!(pairs(&head, "").is_empty());
    assert_eq!(pairs(&manager, "?filter=state%20eq%20%22dismissed%22").len(), 1);
    head.act(&format!("{pair}/reopen"), &tag(&head, &pair)).expect(200);
    assert_eq!(pairs(&manager, "").len(), 1);

    // What is no longer alike is no longer open.
    let customer = format!("/customers/{other}");
    head.patch(&customer, &tag(&head, &customer), &json!({"name": "李莫愁"})).expect(200);
    search(&app);
    assert!(pairs(&manager, "").is_empty());
    head.get(&pair).expect(404);
}

#[test]
fn one_search_is_under_way_at_a_time() {
    let app = TestApp::start();
    let (admin, manager) = (app.role(Role::Admin), app.role(Role::BranchManager));
    let refused = |answer: &Answer| {
        assert_eq!(
            (answer.status, answer.fields()),
            (409, vec![(String::new(), "search_under_way".to_owned())])
        );
    };
    for _ in 0..5 {
        // Of two that are asked for at once one is started.
        let mut answers: Vec<Answer> = std::thread::scope(|scope| {
            let asked = [&admin, &manager].map(|client| scope.spawn(move || ask(client)));
            asked.map(|answer| answer.join().expect("an answer")).into()
        });
        answers.sort_by_key(|answer| answer.status);
        assert_eq!(answers[0].status, 202, "{}", answers[0].text());
        refused(&answers[1]);
        refused(&ask(&admin));
        let claim = app.claim_job(JobKind::DuplicateSearch).expect("a job");
        assert!(app.claim_job(JobKind::DuplicateSearch).is_none());
        refused(&ask(&manager));
        run(&app, &claim);
    }
    // What has started one finds it again, and what was cancelled is over.
    let key = [("Idempotency-Key", "search-2026-11-29")];
    let started = || {
        let answer = admin.send("POST", "/jobs/duplicate-searches", &key, None).expect(202);
        answer.json()["id"].as_str().expect("an id").to_owned()
    };
    let job = started();
    assert_eq!(started(), job);
    admin.post(&format!("/jobs/{job}/cancel"), &json!(null)).expect(200);
    ask(&manager).expect(202);
}

#[test]
fn of_a_customer_elsewhere_only_the_unit_is_told() {
    let app = TestApp::start();
    let rm = app.user("rm");
    let mine = person(&rm, "张三丰", &phone("13800138000"));
    let elsewhere = app.user("rm_b1");
    let theirs = person(&elsewhere, "张三丰", &phone("13800138000"));
    search(&app);
    for (client, seen, hidden) in [(&rm, &mine, &theirs), (&elsewhere, &theirs, &mine)] {
        let found = pairs(client, "");
        assert_eq!(found.len(), 1);
        let sides = found[0]["customers"].as_array().expect("two");
        let side =
            |known: bool| sides.iter().find(|side| side["customer"].is_null() != known).expect("a side");
        assert_eq!(side(true)["customer"]["id"], json!(seen));
        assert!(side(false)["org_unit"]["id"].is_string());
        assert_eq!(side(false)["owner"], Value::Null);
        assert!(!found[0].to_string().contains(hidden.as_str()), "nothing else is told");
    }
    assert!(pairs(&app.user("rm2"), "").is_empty());
    let pair = path(&pairs(&rm, "")[0]);
    app.user("rm2").get(&pair).expect(404);
}

#[test]
fn whoever_enters_a_customer_is_told_that_there_is_one() {
    let app = TestApp::start();
    let (rm, elsewhere) = (app.user("rm"), app.user("rm_b1"));
    let id = person(&rm, "张三丰", &phone("13800138000"));
    let ask = |client: &Client, body: &Value| {
        client.post("/customers/duplicate-check", body).expect(200).json()["found"].clone()
    };
    assert_eq!(ask(&rm, &json!({"kind": "person", "name": "李四", "phone": "13800138000"})), Value::Null);
    let asked_alike = json!({"kind": "person", "name": "张三丰", "phone": "138-0013-8000"});
    assert_eq!(ask(&rm, &asked_alike)["customer"]["id"], json!(id));
    let traditional = json!({"kind": "person", "name": "張三豐", "phone": "13800138000"});
    assert_eq!(ask(&rm, &traditional)["customer"]["id"], json!(id));
    let found = ask(&elsewhere, &asked_alike);
    assert_eq!((&found["customer"], &found["likeness"]), (&Value::Null, &json!("phone_and_name")));
    assert!(found["org_unit"]["name"].is_object());
    assert_eq!(ask(&elsewhere, &json!({"kind": "person", "name": "张三丰"})), Value::Null);
    assert_eq!(
        ask(&elsewhere, &json!({"kind": "person", "name": "张三丰", "phone": "nonsense"})),
        Value::Null
    );
    app.role(Role::Teller).post("/customers/duplicate-check", &asked_alike).expect(403);
}
