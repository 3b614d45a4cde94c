use guanxi_api::Role;
use serde_json::{Value, json};

use crate::clock;
use crate::ownership::tests::{
    customer, day, enrich, first_code, id_of, ids, tagged, text, user, verified, work,
};
use crate::testing::{Client, TestApp};

/// A platinum customer whom the deputy is to visit.
fn visited(app: &TestApp, name: &str) -> String {
    let head = app.role(Role::OutletHead);
    let (path, _) = customer(app, &head, name, Some("rm"));
    enrich(app, &head, &path, "1500000");
    let tag = head.get(&path).expect(200).tag();
    let team = json!({"members": [{"user_id": user(app, "deputy_manager"), "role": "deputy_manager"}]});
    head.put(&format!("{path}/team"), &tag, &team).expect(200);
    work(app);
    path
}

fn visits(client: &Client, path: &str) -> Vec<Value> {
    let list = client
        .get(&format!("/leader-visits?filter=customer_id%20eq%20%22{}%22", id_of(path)))
        .expect(200)
        .json();
    list["data"].as_array().expect("a list").clone()
}

fn log_visit(client: &Client, path: &str, days_ago: i64) {
    log_outcome(client, path, days_ago, "reached");
}

fn log_outcome(client: &Client, path: &str, days_ago: i64, outcome: &str) {
    let at = clock::now().plus_seconds(-days_ago * 86_400).to_utc().to_rfc3339();
    let visit = json!({
        "kind": "visit", "direction": "outbound", "purpose": "relationship", "outcome": outcome, "occurred_at": at,
    });
    client.post(&format!("{path}/interactions"), &visit).expect(201);
}

fn day_ago(app: &TestApp, days: i64) -> String {
    app.state.settings.day(clock::now().plus_seconds(-days * 86_400)).to_string()
}

#[test]
fn a_leader_visits_by_the_rule_of_the_tier() {
    let app = TestApp::start();
    let deputy = app.role(Role::DeputyManager);
    let path = visited(&app, "张三丰");
    let first = visits(&deputy, &path);
    assert_eq!(first.len(), 1, "{first:#?}");
    assert_eq!(
        (&first[0]["leader"]["id"], &first[0]["interval_days"]),
        (&json!(user(&app, "deputy_manager")), &json!(365))
    );
    assert_eq!((&first[0]["due_on"], &first[0]["arrears_days"]), (&json!(day(&app, 365)), &json!(0)));

    // One of long ago puts it into arrears, whoever else has called since.
    log_visit(&deputy, &path, 400);
    log_visit(&app.user("rm"), &path, 1);
    work(&app);
    let late = &visits(&deputy, &path)[0];
    assert_eq!((&late["last_visited_on"], &late["arrears_days"]), (&json!(day_ago(&app, 400)), &json!(35)));
    assert_eq!(late["id"], first[0]["id"], "the same line");
    let reasons = |client: &Client| -> Vec<String> {
        let today = client.get("/today").expect(200).json();
        today["lines"].as_array().expect("lines").iter().map(|line| text(&line["reason"])).collect()
    };
    assert_eq!(reasons(&deputy), ["visit_due"]);
    let filter = format!("/leader-visits?filter=due_on%20lt%20%22{}%22", day(&app, 0));
    assert_eq!(ids(&app.role(Role::BranchManager).get(&filter).expect(200).json()).len(), 1);

    // A planned one is a task, and a visit completes it.
    let place = format!("/leader-visits/{}", text(&late["id"]));
    app.role(Role::OutletHead)
        .post(&format!("{place}/plan"), &json!({"planned_on": day(&app, 3)}))
        .expect(403);
    let past = deputy.post(&format!("{place}/plan"), &json!({"planned_on": "2026-01-01"})).expect(422);
    assert_eq!(past.fields(), [("/planned_on".to_owned(), "in_the_past".to_owned())]);
    let planned =
        deputy.post(&format!("{place}/plan"), &json!({"planned_on": day(&app, 3)})).expect(200).json();
    assert_eq!(planned["planned_on"], day(&app, 3));
    let twice = deputy.post(&format!("{place}/plan"), &json!({"planned_on": day(&app, 4)})).expect(409);
    assert_eq!(first_code(&twice), "visit_is_planned");
    assert!(reasons(&deputy).is_empty(), "it is planned for later");
    log_visit(&deputy, &path, 0);
    work(&app);
    let task = deputy.get(&format!("/tasks/{}", text(&planned["task_id"]))).expect(200).json();
    assert_eq!(task["status"], "done");
    let made = &visits(&deputy, &path)[0];
    assert_eq!((&made["due_on"], &made["planned_on"]), (&json!(day(&app, 365)), &Value::Null));
    verified(&app);
}

#[test]
fn leaders_of_one_customer_plan_their_visits_on_the_same_day() {
    let app = TestApp::start();
    let (head, deputy, manager) =
        (app.role(Role::OutletHead), app.role(Role::DeputyManager), app.role(Role::BranchManager));
    let (path, _) = customer(&app, &head, "张三丰", Some("rm"));
    enrich(&app, &head, &path, "6000000");
    let tag = head.get(&path).expect(200).tag();
    let member = |name: &str| json!({"user_id": user(&app, name), "role": name});
    let team = json!({"members": [member("deputy_manager"), member("branch_manager")]});
    head.put(&format!("{path}/team"), &tag, &team).expect(200);
    log_visit(&manager, &path, 500);
    work(&app);
    let plan_of = |name: &str| {
        let rows = visits(&head, &path);
        let own = rows.iter().find(|row| row["leader"]["id"] == user(&app, name)).expect("a visit");
        format!("/leader-visits/{}/plan", text(&own["id"]))
    };
    let tomorrow = json!({"planned_on": day(&app, 1)});
    let planned = deputy.post(&plan_of("deputy_manager"), &tomorrow).expect(200).json();

    // The other leader's line of the day becomes a task of its own.
    let lines = manager.get("/today").expect(200).json()["lines"].clone();
    assert_eq!(lines[0]["reason"], "visit_due", "{lines:#}");
    let aside = json!({"due_on": day(&app, 2), "reason": "away"});
    let line = format!("/today/{}/postpone", text(&lines[0]["id"]));
    let others = tagged(&manager, &line, "\"1-0\"", &aside).expect(201).json();

    // Whoever has been there plans the next visit on the same day.
    let place = |task: &Value| format!("/tasks/{}", text(task));
    let first = place(&planned["task_id"]);
    let complete = |client: &Client, task: &str| {
        let tag = client.get(task).expect(200).tag();
        tagged(client, &format!("{task}/complete"), &tag, &json!({})).expect(200).tag()
    };
    let done = complete(&deputy, &first);
    let next = deputy.post(&plan_of("deputy_manager"), &tomorrow).expect(200).json();
    assert_ne!(next["task_id"], planned["task_id"]);
    let again = deputy.act(&format!("{first}/reopen"), &done).expect(409);
    assert_eq!(first_code(&again), "has_another_task");
    let others = place(&others["id"]);
    let done = complete(&manager, &others);
    manager.act(&format!("{others}/reopen"), &done).expect(200);
    verified(&app);
}

#[test]
fn a_visit_counts_where_somebody_was_met_and_ends_no_later_plan() {
    let app = TestApp::start();
    let deputy = app.role(Role::DeputyManager);
    let path = visited(&app, "张三丰");
    log_visit(&deputy, &path, 500);
    work(&app);
    let is_due = || {
        let lines = deputy.get("/today").expect(200).json()["lines"].clone();
        lines.as_array().expect("lines").iter().any(|line| line["reason"] == "visit_due")
    };
    for outcome in ["not_reached", "left_message"] {
        log_outcome(&deputy, &path, 0, outcome);
        assert!(is_due(), "{outcome}, and nobody has looked at the customer since");
    }
    work(&app);
    let late = visits(&deputy, &path)[0].clone();
    assert_eq!((&late["last_visited_on"], is_due()), (&json!(day_ago(&app, 500)), true));

    // One of some days ago that is told of now is not the one that was planned meanwhile.
    let plan = format!("/leader-visits/{}/plan", text(&late["id"]));
    let planned = deputy.post(&plan, &json!({"planned_on": day(&app, 3)})).expect(200).json();
    log_visit(&deputy, &path, 2);
    work(&app);
    let row = visits(&deputy, &path)[0].clone();
    assert_eq!(
        (&row["last_visited_on"], &row["planned_on"]),
        (&json!(day_ago(&app, 2)), &json!(day(&app, 3)))
    );
    let task = deputy.get(&format!("/tasks/{}", text(&planned["task_id"]))).expect(200).json();
    assert_eq!(task["status"], "open");
    verified(&app);
}

#[test]
fn a_visit_that_was_logged_leaves_the_day_at_once_and_rules_decide_who_visits() {
    let app = TestApp::start();
    let deputy = app.role(Role::DeputyManager);
    let path = visited(&app, "张三丰");
    log_visit(&deputy, &path, 500);
    work(&app);
    let lines = || deputy.get("/today").expect(200).json()["lines"].clone();
    let line = lines()[0].clone();
    assert_eq!(line["reason"], "visit_due");
    // Set aside, it is the leader's task of another day.
    let aside = json!({"due_on": day(&app, 2), "reason": "away"});
    let task = tagged(&deputy, &format!("/today/{}/postpone", text(&line["id"])), "\"1-0\"", &aside)
        .expect(201)
        .json();
    assert_eq!((&task["source"], &task["source_id"]), (&json!("leader_visit"), &json!(id_of(&path))));
    assert_eq!(visits(&deputy, &path)[0]["planned_on"], day(&app, 2));
    deputy
        .act(&format!("/tasks/{}/cancel", text(&task["id"])), &format!("\"{}-0\"", task["version"]))
        .expect(200);
    assert_eq!(lines()[0]["reason"], "visit_due");
    // Nobody has looked at the customer since.
    log_visit(&deputy, &path, 0);
    assert_eq!(lines(), json!([]));

    let admin = app.role(Role::Admin);
    let rules = admin.get("/team-rules").expect(200);
    let mut new = rules.json()["rules"].clone();
    for rule in new.as_array_mut().expect("rules") {
        rule["visits"] = json!([]);
    }
    let wrong = {
        let mut wrong = new.clone();
        wrong[0]["visits"] = json!([{"role": "rm", "days": 30}]);
        wrong
    };
    let refused = admin.put("/team-rules", &rules.tag(), &json!({"rules": wrong})).expect(422);
    assert_eq!(refused.fields(), [("/rules/0/visits/0/role".to_owned(), "leads_no_unit".to_owned())]);
    admin.put("/team-rules", &rules.tag(), &json!({"rules": new})).expect(200);
    work(&app);
    assert!(visits(&deputy, &path).is_empty());
    verified(&app);
}
