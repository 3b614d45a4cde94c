use guanxi_api::Role;
use serde_json::{Value, json};

use crate::clock;
use crate::testing::{Answer, Client, TestApp};

fn day(app: &TestApp, days: u64) -> String {
    let today = app.state.settings.day(clock::now());
    today.checked_add_days(chrono::Days::new(days)).expect("a day").to_string()
}

fn customer(client: &Client) -> String {
    let created = client.post("/customers", &json!({"kind": "person", "name": "张三丰"})).expect(201);
    created.json()["id"].as_str().expect("an id").to_owned()
}

fn path(answer: &Answer) -> String {
    format!("/tasks/{}", answer.json()["id"].as_str().expect("an id"))
}

fn titles(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let rows = body["data"].as_array().expect("rows");
    rows.iter().map(|row| row["title"].as_str().expect("a title").to_owned()).collect()
}

#[test]
fn a_task_is_set_worked_and_opened_again() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let created = rm
        .post("/tasks", &json!({"title": " 回访 ", "due_on": day(&app, 0), "priority": "high"}))
        .expect(201);
    let body = created.json();
    assert_eq!(
        (&body["title"], &body["status"], &body["priority"]),
        (&json!("回访"), &json!("open"), &json!("high"))
    );
    assert_eq!(
        (&body["assignee"], &body["creator"]),
        (&body["creator"], &json!({"id": app.fixture.user("rm"), "display_name": "User rm"}))
    );
    let path = path(&created);
    let post = |verb: &str, tag: &str, body: Value| {
        rm.send("POST", &format!("{path}/{verb}"), &[("If-Match", tag)], Some(&body))
    };
    post("complete", "\"9-0\"", json!({})).expect(412);
    let refused =
        post("postpone", &created.tag(), json!({"due_on": "2001-01-01", "reason": "  "})).expect(422);
    assert_eq!(
        refused.fields(),
        [("/due_on", "in_the_past"), ("/reason", "required")]
            .map(|(at, code)| (at.to_owned(), code.to_owned()))
    );
    let later =
        post("postpone", &created.tag(), json!({"due_on": day(&app, 7), "reason": "客户出差"})).expect(200);
    assert_eq!(later.json()["due_on"], json!(day(&app, 7)));
    let patched = rm.patch(&path, &later.tag(), &json!({"title": "上门回访", "notes": "带资料"})).expect(200);
    let done = post("complete", &patched.tag(), json!({"outcome": "已签约"})).expect(200);
    assert_eq!((&done.json()["status"], &done.json()["outcome"]), (&json!("done"), &json!("已签约")));
    assert!(done.json()["done_at"].is_string());
    assert_eq!(titles(&rm.get("/tasks").expect(200)), Vec::<String>::new());
    assert_eq!(titles(&rm.get("/tasks?filter=status%20eq%20%22done%22").expect(200)), ["上门回访"]);
    for verb in ["complete", "cancel"] {
        let again = if verb == "cancel" {
            rm.act(&format!("{path}/cancel"), &done.tag())
        } else {
            post(verb, &done.tag(), json!({}))
        };
        assert_eq!(again.expect(409).fields(), [("/status".to_owned(), "not_open".to_owned())]);
    }
    rm.patch(&path, &done.tag(), &json!({"title": "x"})).expect(409);
    let open = rm.act(&format!("{path}/reopen"), &done.tag()).expect(200);
    assert_eq!((&open.json()["outcome"], &open.json()["done_at"]), (&Value::Null, &Value::Null));
    rm.act(&format!("{path}/reopen"), &open.tag()).expect(409);
    rm.act(&format!("{path}/cancel"), &open.tag()).expect(200);
    let history = rm.get(&format!("{path}/history")).expect(200).json();
    let entries: Vec<(&str, &Value)> = history["data"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| (entry["action"].as_str().expect("an action"), &entry["reason"]))
        .collect();
    let actions: Vec<&str> = entries.iter().map(|entry| entry.0).collect();
    assert_eq!(
        actions,
        [
            "task.cancelled",
            "task.reopened",
            "task.completed",
            "task.updated",
            "task.postponed",
            "task.created"
        ]
    );
    assert_eq!(entries[4].1, "客户出差");
}

#[test]
fn a_task_is_given_to_those_who_can_do_it() {
    let app = TestApp::start();
    let (rm, head) = (app.role(Role::Rm), app.role(Role::OutletHead));
    let customer = customer(&rm);
    let tag = head.get(&format!("/customers/{customer}")).expect(200).tag();
    let team = json!({"members": [{"user_id": app.fixture.user("adviser"), "role": "adviser"}]});
    head.put(&format!("/customers/{customer}/team"), &tag, &team).expect(200);
    let give = |name: &str, about: bool| {
        let mut new = json!({"title": "跟进", "due_on": day(&app, 1), "assignee_id": app.fixture.user(name)});
        if about {
            new["customer_id"] = json!(customer);
        }
        rm.post("/tasks", &new)
    };
    for (name, about, code) in [
        ("adviser", true, None),
        ("outlet_head", true, None),
        ("branch_manager", true, None),
        ("service", true, None),
        ("rm2", true, Some("sees_not_the_customer")),
        ("rm_b1", true, Some("sees_not_the_customer")),
        ("teller", true, Some("works_no_tasks")),
        ("auditor", true, Some("works_no_tasks")),
        ("rm2", false, None),
        ("rm_b1", false, Some("not_in_scope")),
    ] {
        let answer = give(name, about);
        match code {
            None => drop(answer.expect(201)),
            Some(code) => {
                assert_eq!(
                    answer.expect(422).fields(),
                    [("/assignee_id".to_owned(), code.to_owned())],
                    "{name} {about}"
                );
            }
        }
    }
    let refused = rm
        .post("/tasks", &json!({"title": "x", "due_on": day(&app, 1), "customer_id": uuid::Uuid::now_v7()}));
    assert_eq!(refused.expect(422).fields(), [("/customer_id".to_owned(), "not_found".to_owned())]);
    // Of a customer whom one does not see nothing is told, although the assignee sees it.
    let new = json!({"kind": "person", "name": "李四", "owner_id": app.fixture.user("rm_b1")});
    let elsewhere = app.user("head_b1").post("/customers", &new).expect(201).json()["id"].clone();
    let colleague = app.fixture.user("rm_b1");
    for unknown in [elsewhere, json!(uuid::Uuid::now_v7())] {
        let new =
            json!({"title": "x", "due_on": day(&app, 1), "customer_id": unknown, "assignee_id": colleague});
        let refused = rm.post("/tasks", &new).expect(422);
        assert_eq!(refused.fields(), [("/customer_id".to_owned(), "not_found".to_owned())]);
    }

    // Who is offered is who may be given it.
    let offered = |query: &str| -> Vec<String> {
        let found = rm.get(&format!("/tasks/assignees{query}")).expect(200).json();
        let mut names: Vec<String> = found["data"]
            .as_array()
            .expect("colleagues")
            .iter()
            .map(|user| user["display_name"].as_str().expect("a name").trim_start_matches("User ").to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(
        offered(&format!("?customer_id={customer}")),
        ["adviser", "branch_manager", "deputy_manager", "outlet_head", "rm"]
    );
    assert_eq!(offered(""), ["adviser", "outlet_head", "rm", "rm2"]);
    rm.get(&format!("/tasks/assignees?customer_id={}", uuid::Uuid::now_v7())).expect(404);
}

#[test]
fn a_task_is_seen_by_who_looks_after_its_customer() {
    let app = TestApp::start();
    let (rm, head, service) = (app.role(Role::Rm), app.role(Role::OutletHead), app.role(Role::Service));
    let customer = customer(&rm);
    let new = json!({"title": "客户任务", "due_on": day(&app, 1), "customer_id": customer, "assignee_id": app.fixture.user("outlet_head")});
    let about = rm.post("/tasks", &new).expect(201);
    let own = rm.post("/tasks", &json!({"title": "自己的", "due_on": day(&app, 2)})).expect(201);
    let all = "/tasks?filter=assignee_id%20ne%20null";
    assert_eq!(titles(&rm.get("/tasks").expect(200)), ["自己的"]);
    assert_eq!(titles(&rm.get(all).expect(200)), ["客户任务", "自己的"]);
    assert_eq!(titles(&head.get("/tasks").expect(200)), ["客户任务"]);
    assert_eq!(titles(&app.role(Role::BranchManager).get(all).expect(200)), ["客户任务"]);
    assert_eq!(titles(&app.role(Role::Auditor).get(all).expect(200)), ["客户任务", "自己的"]);
    assert_eq!(titles(&service.get(all).expect(200)), Vec::<String>::new());
    for stranger in ["rm2", "rm_b1", "head_b1", "service"] {
        let client = app.user(stranger);
        client.get(&path(&about)).expect(404);
        client.get(&path(&own)).expect(404);
        client.act(&format!("{}/cancel", path(&about)), &about.tag()).expect(404);
    }
    let of_customer = format!("/customers/{customer}/tasks");
    assert_eq!(titles(&rm.get(&of_customer).expect(200)), ["客户任务"]);
    app.user("rm2").get(&of_customer).expect(404);
    for role in [Role::Teller, Role::Admin] {
        app.role(role).get("/tasks").expect(403);
    }

    // Handed over, it is the assignee's; the customer handed over, it leaves the sight of the one who had it.
    let hand = json!({"assignee_id": app.fixture.user("service"), "note": "请回电"});
    let handed = head
        .send("POST", &format!("{}/hand-over", path(&about)), &[("If-Match", &about.tag())], Some(&hand))
        .expect(200);
    assert_eq!(handed.json()["assignee"]["display_name"], "User service");
    assert_eq!(titles(&service.get("/tasks").expect(200)), ["客户任务"]);
    let hand = json!({"assignee_id": app.fixture.user("rm2")});
    let given = rm
        .send("POST", &format!("{}/hand-over", path(&own)), &[("If-Match", &own.tag())], Some(&hand))
        .expect(200);
    assert_eq!(given.json()["assignee"]["display_name"], "User rm2");
    let tag = head.get(&format!("/customers/{customer}")).expect(200).tag();
    let assign = json!({"owner_id": app.fixture.user("rm2")});
    head.send("POST", &format!("/customers/{customer}/assign"), &[("If-Match", &tag)], Some(&assign))
        .expect(200);
    rm.get(&path(&about)).expect(404);
    assert_eq!(titles(&app.user("rm2").get(all).expect(200)), ["客户任务", "自己的"]);
}

#[test]
fn tasks_come_by_their_day_page_by_page() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    for n in [5, 1, 3, 1, 4, 0, 2] {
        rm.post("/tasks", &json!({"title": format!("{n}"), "due_on": day(&app, n)})).expect(201);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = rm.get(&format!("/tasks?limit=2&include=total{cursor}")).expect(200);
        seen.extend(titles(&page));
        assert_eq!(page.json()["page"]["total"], 7);
        match page.json()["page"]["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["0", "1", "1", "2", "3", "4", "5"]);
    let due = format!("/tasks?filter=due_on%20le%20%22{}%22", day(&app, 1));
    assert_eq!(titles(&rm.get(&due).expect(200)), ["0", "1", "1"]);
}
