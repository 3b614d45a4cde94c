use chrono::Days;
use guanxi_api::Role;
use serde_json::{Value, json};

use crate::clock;
use crate::testing::{Client, TestApp};

/// A customer with something of everything.
fn customer(app: &TestApp) -> String {
    let (rm, admin, head) = (app.role(Role::Rm), app.role(Role::Admin), app.role(Role::OutletHead));
    let id = crate::surveys::new_customer(&rm, "张三丰", json!({}));
    let today = app.state.settings.day(clock::now());
    let in_days = |days: u64| today.checked_add_days(Days::new(days)).expect("a day");
    let new = json!({"code": "TD1", "kind": "deposit", "name": {"zh-CN": "定期", "en": "Deposit"}, "currency": "CNY"});
    let product = admin.post("/products", &new).expect(201).json()["id"].clone();
    for (amount, days) in [("100", 20), ("300", 10), ("200", 40)] {
        let new =
            json!({"product_id": product, "amount": amount, "opened_on": today, "matures_on": in_days(days)});
        let held = rm.post(&format!("/customers/{id}/holdings"), &new).expect(201);
        if amount == "200" {
            let close = format!("/holdings/{}/close", held.json()["id"].as_str().expect("an id"));
            rm.send("POST", &close, &[("If-Match", &held.tag())], Some(&json!({}))).expect(200);
        }
    }
    for n in 0..22 {
        let new = json!({"kind": "call", "purpose": "service", "outcome": "reached", "notes": format!("第{n}次"),
            "occurred_at": format!("2026-01-{:02}T02:00:00.000000Z", n + 1)});
        rm.post(&format!("/customers/{id}/interactions"), &new).expect(201);
    }
    for (title, days) in [("later", 9), ("sooner", 2)] {
        rm.post("/tasks", &json!({"title": title, "due_on": in_days(days), "customer_id": id})).expect(201);
    }
    let survey = crate::surveys::running_survey(&head, false);
    let link = crate::surveys::link_for(&head, &survey, &id);
    crate::surveys::post_form(&app.anonymous(), &link, crate::surveys::GOOD);
    id
}

fn count(value: &Value) -> Option<usize> {
    value.as_array().map(Vec::len)
}

#[test]
fn an_overview_has_everything_in_one_answer() {
    let app = TestApp::start();
    let id = customer(&app);
    let rm = app.role(Role::Rm);
    let answer = rm.get(&format!("/customers/{id}/overview")).expect(200);
    let overview = answer.json();
    assert_eq!(overview["customer"], rm.get(&format!("/customers/{id}")).expect(200).json());
    assert_eq!(overview["customer"]["figures"]["aum"]["amount"], "400.0000");
    assert_eq!((count(&overview["interactions"]), count(&overview["holdings"])), (Some(20), Some(2)));
    assert_eq!(overview["interactions"][0]["notes"], "第21次");
    assert_eq!(overview["holdings"][0]["amount"], "300.0000");
    let titles: Vec<_> =
        overview["tasks"].as_array().expect("tasks").iter().map(|task| task["title"].clone()).collect();
    assert_eq!(titles, ["sooner", "later"]);
    assert_eq!(overview["survey_answers"][0]["answers"][0]["score"], 9);
    assert_eq!(overview["next_maturity"]["holding_id"], overview["holdings"][0]["id"]);
    // Each part is as its own list has it.
    let list = |path: &str| rm.get(&format!("/customers/{id}/{path}")).expect(200).json()["data"].clone();
    assert_eq!(overview["interactions"], list("interactions?limit=20"));
    assert_eq!(overview["tasks"], list("tasks"));
    assert_eq!(overview["survey_answers"], list("survey-answers?limit=5"));
    assert_eq!(overview["holdings"], list("holdings?filter=status%20ne%20%22closed%22"));

    // The tag is the customer's, and moves with every part.
    let tag = answer.tag();
    let same = rm.send("GET", &format!("/customers/{id}/overview"), &[("If-None-Match", &tag)], None);
    assert_eq!(same.status, 304);
    rm.post(
        "/tasks",
        &json!({"title": "x", "due_on": app.state.settings.day(clock::now()), "customer_id": id}),
    )
    .expect(201);
    assert_ne!(rm.get(&format!("/customers/{id}/overview")).expect(200).tag(), tag);
    rm.patch(&format!("/customers/{id}"), &tag, &json!({"city": "苏州"})).expect(200);
    rm.patch(&format!("/customers/{id}"), &tag, &json!({"city": "杭州"})).expect(412);
}

#[test]
fn an_overview_shows_what_the_role_may_see() {
    let app = TestApp::start();
    let id = customer(&app);
    let parts = |client: &Client| {
        let overview = client.get(&format!("/customers/{id}/overview")).expect(200).json();
        ["interactions", "holdings", "tasks", "survey_answers"].map(|part| count(&overview[part]))
    };
    for (role, wanted) in [
        (Role::Rm, [Some(20), Some(2), Some(2), Some(1)]),
        (Role::OutletHead, [Some(20), Some(2), Some(2), Some(1)]),
        (Role::Auditor, [Some(20), Some(2), Some(2), Some(1)]),
        // Service staff see tasks that are theirs, and no assets.
        (Role::Service, [Some(20), None, Some(0), Some(1)]),
        (Role::Teller, [None, None, None, None]),
        (Role::Admin, [None, None, None, Some(1)]),
    ] {
        assert_eq!(parts(&app.role(role)), wanted, "{role}");
    }
    for other in ["rm2", "rm_b1", "head_b1"] {
        app.user(other).get(&format!("/customers/{id}/overview")).expect(404);
    }
}
