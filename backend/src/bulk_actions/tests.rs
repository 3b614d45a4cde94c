use std::sync::atomic::{AtomicBool, Ordering};

use chrono::Days;
use diesel::prelude::*;
use guanxi_api::{JobKind, Role};
use guanxi_db::schema::customer_access;
use guanxi_db::{DbError, Id};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::testing::{Answer, Client, TestApp};
use crate::{bulk_actions, clock};

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn people(client: &Client, count: usize, owner: Option<Uuid>) -> Vec<String> {
    let person = |n| {
        let new = json!({"kind": "person", "name": format!("张{n}"), "owner_id": owner});
        text(&client.post("/customers", &new).expect(201).json()["id"])
    };
    (0..count).map(person).collect()
}

fn send(client: &Client, path: &str, body: Option<&Value>) -> Answer {
    client.send("POST", path, &[("Idempotency-Key", &Uuid::now_v7().to_string())], body)
}

fn start(client: &Client, selection: &Value, action: &Value) -> Answer {
    let body = json!({"selection": selection, "action": action});
    send(client, "/customers/bulk-actions", Some(&body))
}

/// Does all jobs of a kind that wait, as the job loop of a server would.
fn work(app: &TestApp, kind: JobKind) {
    let stop = AtomicBool::new(false);
    while let Some(claim) = app.claim_job(kind) {
        bulk_actions::run(&app.bench(), &claim, &stop, clock::now, |_| {}).expect("it works");
    }
}

/// The job as it is after its work.
fn done(app: &TestApp, client: &Client, started: &Answer) -> Value {
    work(app, JobKind::Bulk);
    client.get(&format!("/jobs/{}", text(&started.json()["id"]))).expect(200).json()
}

fn undone(app: &TestApp, client: &Client, job: &Value) -> Value {
    let path = format!("/customers/bulk-actions/{}/undo", text(&job["id"]));
    let by = send(client, &path, None).expect(202).json();
    work(app, JobKind::BulkUndo);
    client.get(&format!("/jobs/{}", text(&by["id"]))).expect(200).json()
}

fn counts(job: &Value) -> [i64; 3] {
    ["updated", "unchanged", "failed"].map(|name| job["counts"][name].as_i64().expect("a number"))
}

fn place(client: &Client, id: &str) -> (String, Option<String>) {
    let customer = client.get(&format!("/customers/{id}")).expect(200).json();
    let owner = customer["owner"]["id"].as_str().map(str::to_owned);
    (text(&customer["org_unit"]["id"]), owner)
}

fn task(app: &TestApp, title: &str) -> Value {
    let day = app.state.settings.day(clock::now()) + Days::new(7);
    json!({"create_task": {"title": title, "due_on": day}})
}

#[test]
fn many_are_handed_over_and_come_back() {
    let app = TestApp::start();
    let (manager, head) = (app.role(Role::BranchManager), app.role(Role::OutletHead));
    let rm = app.fixture.user("rm");
    let ids = people(&head, 3, Some(rm));
    let strangers = people(&app.user("head_b1"), 1, None);
    let rm2 = app.fixture.user("rm2");
    let assign = json!({"assign": {"org_unit_id": app.fixture.unit("a1"), "owner_id": rm2}});
    let selection = json!({"ids": [&ids[0], &ids[1], &ids[2], &strangers[0], &ids[0]]});
    let started = start(&manager, &selection, &assign).expect(202);
    // Fixed when it was started, done when it is its turn.
    assert_eq!(place(&manager, &ids[0]).1, Some(rm.to_string()));
    let job = done(&app, &manager, &started);
    assert_eq!((counts(&job), &job["state"]), ([3, 0, 1], &json!("partially_succeeded")));
    assert_eq!(
        (&job["total"], &job["bulk"]["kind"], &job["title"]),
        (&json!(4), &json!("assign"), &json!("User rm2"))
    );
    assert_eq!(job["bulk"]["refused"][0]["code"], json!("not_found"));
    assert_eq!(place(&manager, &ids[1]).1, Some(rm2.to_string()));
    // What is as it should be stays.
    let again = start(&manager, &json!({"ids": ids}), &assign).expect(202);
    assert_eq!(counts(&done(&app, &manager, &again)), [0, 3, 0]);
    // One has moved on since, and stays there.
    let path = format!("/customers/{}", ids[2]);
    let tag = manager.get(&path).expect(200).tag();
    let on = json!({"org_unit_id": app.fixture.unit("a2"), "owner_id": null});
    manager.send("POST", &format!("{path}/assign"), &[("If-Match", &tag)], Some(&on)).expect(200);
    let back = undone(&app, &manager, &job);
    assert_eq!((counts(&back), &back["bulk_undo"]["bulk_id"]), ([2, 0, 1], &job["id"]));
    assert_eq!(place(&manager, &ids[0]), (app.fixture.unit("a1").to_string(), Some(rm.to_string())));
    assert_eq!(place(&manager, &ids[2]), (app.fixture.unit("a2").to_string(), None));
    let undo = format!("/customers/bulk-actions/{}/undo", text(&job["id"]));
    assert_eq!(send(&manager, &undo, None).expect(409).fields()[0].1, "already_undone");
    // Each is on record with who started it.
    let history = manager.get(&format!("/customers/{}/history", ids[0])).expect(200).json();
    assert_eq!(history["data"][0]["action"], json!("customer.assigned"));
}

#[test]
fn a_task_is_set_about_each_that_a_filter_finds() {
    let app = TestApp::start();
    let (head, rm) = (app.role(Role::OutletHead), app.role(Role::Rm));
    people(&head, 2, Some(app.fixture.user("rm")));
    people(&head, 1, Some(app.fixture.user("rm2")));
    people(&head, 1, None);
    let started = start(&head, &json!({"filter": ""}), &task(&app, "邀请参加沙龙")).expect(202);
    let job = done(&app, &head, &started);
    assert_eq!(counts(&job), [3, 0, 1]);
    assert_eq!(job["bulk"]["refused"][0]["code"], json!("customer_has_no_owner"));
    let open =
        |client: &Client| client.get("/tasks").expect(200).json()["data"].as_array().expect("rows").clone();
    assert_eq!((open(&rm).len(), open(&app.user("rm2")).len()), (2, 1));
    assert_eq!(open(&rm)[0]["title"], json!("邀请参加沙龙"));
    // One is done by now; the others are cancelled.
    let path = format!("/tasks/{}", text(&open(&rm)[0]["id"]));
    let tag = rm.get(&path).expect(200).tag();
    rm.send("POST", &format!("{path}/complete"), &[("If-Match", &tag)], Some(&json!({}))).expect(200);
    assert_eq!(counts(&undone(&app, &head, &job)), [2, 0, 1]);
    assert_eq!((open(&rm).len(), open(&app.user("rm2")).len()), (0, 0));
    // A relationship manager reaches their own customers alone.
    let own = start(
        &rm,
        &json!({"filter": "status eq \"prospect\" or status ne \"prospect\""}),
        &task(&app, "回访"),
    )
    .expect(202);
    assert_eq!(counts(&done(&app, &rm, &own)), [2, 0, 0]);
}

#[test]
fn no_task_is_set_about_a_customer_who_is_only_seen_for_a_while() {
    let app = TestApp::start();
    let (head, rm2) = (app.role(Role::OutletHead), app.user("rm2"));
    let ids = people(&head, 1, Some(app.fixture.user("rm")));
    let (former, customer): (Id<()>, Id<()>) =
        (Id::new(app.fixture.user("rm2")), Id::new(ids[0].parse().expect("an id")));
    app.db(move |conn| {
        diesel::insert_into(customer_access::table)
            .values((
                customer_access::user_id.eq(former),
                customer_access::customer_id.eq(customer),
                customer_access::until.eq(clock::now().plus_seconds(3600)),
            ))
            .execute(conn)
            .map_err(|error| DbError::from(error).into())
    });
    rm2.get(&format!("/customers/{}", ids[0])).expect(200);
    let job = done(&app, &rm2, &start(&rm2, &json!({"ids": ids}), &task(&app, "回访")).expect(202));
    assert_eq!(
        (counts(&job), &job["bulk"]["refused"][0]["code"]),
        ([0, 0, 1], &json!("customer_out_of_reach"))
    );
}

#[test]
fn what_cannot_be_done_is_not_started() {
    let app = TestApp::start();
    let (head, rm) = (app.role(Role::OutletHead), app.role(Role::Rm));
    let ids = json!({"ids": people(&head, 1, None)});
    let assign = json!({"assign": {"owner_id": null}});
    // Handing over is for managers.
    start(&rm, &ids, &assign).expect(403);
    let wrong = |selection: &Value, action: &Value| {
        start(&head, selection, action).expect(422).fields().into_iter().next().expect("a field")
    };
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    let one = task(&app, "回访");
    assert_eq!(wrong(&ids, &json!({})), pair("/action", "exactly_one"));
    assert_eq!(wrong(&json!({}), &one), pair("/selection", "exactly_one"));
    assert_eq!(
        wrong(&json!({"filter": "status eq \"lost\""}), &one),
        pair("/selection/filter", "nobody_selected")
    );
    let past = json!({"create_task": {"title": "回访", "due_on": "2020-01-01"}});
    assert_eq!(wrong(&ids, &past), pair("/action/create_task/due_on", "in_the_past"));
    let away = json!({"assign": {"org_unit_id": app.fixture.unit("b1"), "owner_id": null}});
    assert_eq!(wrong(&ids, &away), pair("/action/assign/org_unit_id", "not_in_scope"));
    start(&head, &json!({"filter": "nonsense eq 1"}), &one).expect(400);
    let body = json!({"selection": ids, "action": one});
    head.post("/customers/bulk-actions", &body).expect(400);
    // The same request with the same key is one job.
    let key = [("Idempotency-Key", "bulk-once-1")];
    let twice =
        || head.send("POST", "/customers/bulk-actions", &key, Some(&body)).expect(202).json()["id"].clone();
    assert_eq!(twice(), twice());
}

#[test]
fn a_job_goes_on_where_it_was_and_ends_when_it_is_told_to() {
    let app = TestApp::start();
    let manager = app.role(Role::BranchManager);
    // More than one step.
    people(&app.role(Role::OutletHead), 130, Some(app.fixture.user("rm")));
    let all = json!({"filter": ""});
    let started = start(&manager, &all, &task(&app, "一")).expect(202);
    let id = text(&started.json()["id"]);
    let stop = AtomicBool::new(false);
    let claim = app.claim_job(JobKind::Bulk).expect("it waits");
    // The server stops after the first step; another one goes on.
    bulk_actions::run(&app.bench(), &claim, &stop, clock::now, |_| stop.store(true, Ordering::SeqCst))
        .expect("it works");
    let half = manager.get(&format!("/jobs/{id}")).expect(200).json();
    assert_eq!((&half["processed"], &half["total"]), (&json!(100), &json!(130)));
    let job = done(&app, &manager, &started);
    assert_eq!((counts(&job), &job["state"]), ([130, 0, 0], &json!("succeeded")));
    let tasks = |client: &Client| {
        client.get("/tasks?include=total&limit=1&filter=assignee_id%20ne%20null").expect(200).json()["page"]["total"].clone()
    };
    assert_eq!(tasks(&manager), json!(130));
    // One that is cancelled on its way leaves what it has done, which can be taken back.
    let started = start(&manager, &all, &task(&app, "二")).expect(202);
    let id = text(&started.json()["id"]);
    let claim = app.claim_job(JobKind::Bulk).expect("it waits");
    let cancel = manager.clone();
    let path = format!("/jobs/{id}/cancel");
    bulk_actions::run(&app.bench(), &claim, &AtomicBool::new(false), clock::now, |_| {
        cancel.send("POST", &path, &[], None).expect(200);
    })
    .expect("it works");
    let job = manager.get(&format!("/jobs/{id}")).expect(200).json();
    assert_eq!((counts(&job), &job["state"]), ([100, 0, 0], &json!("cancelled")));
    assert_eq!(counts(&undone(&app, &manager, &job)), [100, 0, 0]);
    assert_eq!(tasks(&manager), json!(130));
}

#[test]
fn many_are_given_a_tag_and_only_those_lose_it_again() {
    let app = TestApp::start();
    let (head, rm) = (app.role(Role::OutletHead), app.role(Role::Rm));
    let ids = people(&head, 3, Some(app.fixture.user("rm")));
    let strangers = people(&app.user("head_b1"), 1, None);
    let tag = text(&head.post("/tags", &json!({"name": "春节礼品"})).expect(201).json()["id"]);
    let give = |id: &str| rm.send("PUT", &format!("/customers/{id}/tags/{tag}"), &[], None).expect(200);
    let take = |id: &str| rm.send("DELETE", &format!("/customers/{id}/tags/{tag}"), &[], None).expect(200);
    let has = |id: &str| {
        let tags = head.get(&format!("/customers/{id}/tags")).expect(200).json();
        tags["tags"].as_array().expect("a list").first().cloned()
    };
    give(&ids[0]);
    let first = has(&ids[0]);
    let all = json!({"ids": [&ids[0], &ids[1], &ids[2], &strangers[0]]});
    let job = done(&app, &rm, &start(&rm, &all, &json!({"tag": {"tag_id": tag}})).expect(202));
    assert_eq!(
        (counts(&job), &job["bulk"]["kind"], &job["title"]),
        ([2, 1, 1], &json!("tag"), &json!("春节礼品"))
    );
    assert_eq!(job["bulk"]["refused"][0]["code"], json!("not_found"));
    assert_eq!((has(&ids[0]), has(&ids[1]).is_some()), (first.clone(), true));
    // Somebody takes it from one and gives it again: that is theirs now.
    take(&ids[2]);
    give(&ids[2]);
    let back = undone(&app, &rm, &job);
    assert_eq!(counts(&back), [1, 0, 1]);
    assert_eq!((has(&ids[0]), has(&ids[1]), has(&ids[2]).is_some()), (first.clone(), None, true));
    // The other way round: who has it loses it and gets it back as it was.
    let untag = json!({"untag": {"tag_id": tag}});
    let job = done(&app, &rm, &start(&rm, &json!({"ids": ids}), &untag).expect(202));
    assert_eq!((counts(&job), &job["bulk"]["kind"]), ([2, 1, 0], &json!("untag")));
    assert_eq!(has(&ids[0]), None);
    let shown = head.get(&format!("/tags/{tag}")).expect(200);
    assert_eq!(shown.json()["customers"], json!(0));
    // Although the tag is archived by now.
    app.role(Role::Admin).act(&format!("/tags/{tag}/archive"), &shown.tag()).expect(200);
    assert_eq!(counts(&undone(&app, &rm, &job)), [2, 0, 0]);
    assert_eq!(
        (has(&ids[0]).map(|given| given["added_at"].clone()), has(&ids[1])),
        (first.map(|given| given["added_at"].clone()), None)
    );
    let wrong = |action: &Value| {
        start(&rm, &json!({"ids": ids}), action).expect(422).fields().into_iter().next().expect("a field")
    };
    assert_eq!(wrong(&json!({"tag": {"tag_id": tag}})).1, "tag_archived");
    assert_eq!(wrong(&json!({"untag": {"tag_id": Uuid::now_v7()}})).1, "not_found");
    assert_eq!(wrong(&json!({"tag": {"tag_id": tag}, "untag": {"tag_id": tag}})).1, "exactly_one");
    assert_eq!(app.db(crate::verify::verify).wrong, Vec::<String>::new());
}
