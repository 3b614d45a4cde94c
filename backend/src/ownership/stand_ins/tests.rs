use guanxi_api::Role;
use serde_json::{Value, json};

use crate::ownership::tests::{customer, day, first_code, id_of, ids, text, user};
use crate::testing::{Client, TestApp};

fn arranged(app: &TestApp, absent: &str, stands_in: &str, from: u64, until: u64) -> Value {
    json!({
        "absent_user_id": user(app, absent), "stand_in_user_id": user(app, stands_in), "reason": "leave",
        "from": day(app, from), "until": day(app, until), "note": "Back on Monday",
    })
}

fn sees(client: &Client, path: &str) -> bool {
    client.get(path).status == 200
}

#[test]
fn whoever_stands_in_works_the_book_of_who_is_away() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let (path, _) = customer(&app, &head, "张三丰", Some("rm"));
    let task = json!({"title": "Call", "customer_id": id_of(&path), "due_on": day(&app, 0)});
    app.user("rm").post("/tasks", &task).expect(201);
    let own = json!({"title": "Dentist", "due_on": day(&app, 0)});
    app.user("rm").post("/tasks", &own).expect(201);
    assert!(!sees(&app.user("rm2"), &path));

    let made = head.post("/stand-ins", &arranged(&app, "rm", "rm2", 0, 3)).expect(201);
    let stand_in = made.json();
    assert_eq!((&stand_in["state"], &stand_in["absent"]["id"]), (&json!("active"), &json!(user(&app, "rm"))));

    let rm2 = app.user("rm2");
    assert!(sees(&rm2, &path));
    assert_eq!(ids(&rm2.get("/customers").expect(200).json()), [id_of(&path)]);
    let tag = rm2.get(&path).expect(200).tag();
    rm2.patch(&path, &tag, &json!({"city": "苏州"})).expect(200);
    // What is due in the other's book stands in one's own day, and says whose it is; what the other has for himself does not.
    let today = rm2.get("/today").expect(200).json();
    let lines = today["lines"].as_array().expect("lines");
    let of_rm: Vec<&Value> =
        lines.iter().filter(|line| line["stands_in_for"]["id"] == user(&app, "rm")).collect();
    assert_eq!(of_rm.len(), 1, "{today:#}");
    assert_eq!(of_rm[0]["task"]["title"], "Call");
    assert!(!lines.iter().any(|line| line["task"]["title"] == "Dentist"));
    // Being told is a task.
    assert!(lines.iter().any(|line| line["task"]["source"] == "stand_in"), "{today:#}");
    let offered = head.get(&format!("/tasks/assignees?customer_id={}", id_of(&path))).expect(200).json();
    assert!(offered["data"].as_array().expect("a list").iter().any(|one| one["id"] == user(&app, "rm2")));
    // The owner stays responsible.
    assert_eq!(rm2.get(&path).expect(200).json()["owner"]["id"], user(&app, "rm"));
    rm2.send("POST", &format!("{path}/ownership/signature"), &[], None).expect(403);

    let place = format!("/stand-ins/{}", text(&stand_in["id"]));
    rm2.act(&format!("{place}/end"), &made.tag()).expect(403);
    let ended = app.user("rm").act(&format!("{place}/end"), &made.tag()).expect(200).json();
    assert_eq!((&ended["state"], &ended["until"]), (&json!("ended"), &json!(day(&app, 0))));
    assert!(!sees(&app.user("rm2"), &path));
    let again = head.act(&format!("{place}/end"), &head.get(&place).expect(200).tag()).expect(409);
    assert_eq!(first_code(&again), "stand_in_ended");
    // After the end of one another one may begin.
    head.post("/stand-ins", &arranged(&app, "rm", "rm2", 0, 1)).expect(201);
}

#[test]
fn a_stand_in_is_arranged_for_days_and_people_that_fit() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let rm = app.user("rm");
    let refused = |client: &Client, body: &Value, field: &str, code: &str| {
        let answer = client.post("/stand-ins", body).expect(422);
        let found = answer.fields();
        assert!(found.contains(&(field.to_owned(), code.to_owned())), "{found:?} lacks {field} {code}");
    };
    let made = head.post("/stand-ins", &arranged(&app, "rm", "rm2", 5, 9)).expect(201);
    assert_eq!(made.json()["state"], "planned");
    refused(&head, &arranged(&app, "rm", "outlet_head", 9, 12), "/until", "has_a_stand_in");
    refused(&head, &arranged(&app, "rm2", "rm", 7, 7), "/stand_in_user_id", "is_away");
    // Whoever stands in is there.
    refused(&head, &arranged(&app, "rm2", "outlet_head", 9, 12), "/absent_user_id", "stands_in_then");
    // The head of another outlet would see nothing.
    let manager = app.role(Role::BranchManager);
    let other = arranged(&app, "rm_a2", "outlet_head", 20, 21);
    refused(&manager, &other, "/stand_in_user_id", "stands_in_for_nobody");
    refused(&head, &arranged(&app, "rm2", "rm2", 20, 21), "/stand_in_user_id", "stands_in_for_oneself");
    refused(&head, &arranged(&app, "rm2", "teller", 20, 21), "/stand_in_user_id", "stands_in_for_nobody");
    refused(&head, &arranged(&app, "teller", "rm", 20, 21), "/absent_user_id", "stands_in_for_nobody");
    refused(&head, &arranged(&app, "rm_a2", "rm", 20, 21), "/absent_user_id", "not_in_scope");
    refused(&head, &arranged(&app, "rm2", "rm", 21, 20), "/until", "ends_before_it_begins");
    refused(&head, &arranged(&app, "rm2", "rm", 400, 401), "/from", "too_far_ahead");
    refused(&head, &arranged(&app, "rm2", "rm", 20, 400), "/until", "too_far_ahead");
    refused(&rm, &arranged(&app, "rm2", "rm", 20, 21), "/absent_user_id", "not_oneself");
    let mut gone = arranged(&app, "rm2", "rm", 0, 1);
    gone["absent_user_id"] = json!(uuid::Uuid::now_v7());
    refused(&head, &gone, "/absent_user_id", "not_found");
    let mut past = arranged(&app, "rm2", "rm", 0, 1);
    past["from"] = json!("2026-01-01");
    refused(&head, &past, "/from", "in_the_past");

    // One's own absence, as long as nobody is in the way.
    rm.post("/stand-ins", &arranged(&app, "rm", "rm2", 10, 11)).expect(201);
    let place = format!("/stand-ins/{}", text(&made.json()["id"]));
    let longer = rm.patch(&place, &made.tag(), &json!({"until": day(&app, 10)})).expect(422);
    assert_eq!(first_code(&longer), "has_a_stand_in");
    let changed = rm.patch(&place, &made.tag(), &json!({"until": day(&app, 6), "note": null})).expect(200);
    assert_eq!((&changed.json()["until"], &changed.json()["note"]), (&json!(day(&app, 6)), &Value::Null));
    rm.patch(&place, &made.tag(), &json!({"note": "x"})).expect(412);
    assert_eq!(
        rm.get("/stand-ins?filter=cancelled%20eq%20false").expect(200).json()["data"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );

    let cancelled = rm.act(&format!("{place}/end"), &changed.tag()).expect(200).json();
    assert_eq!(cancelled["state"], "cancelled");
    // Whoever stands in no more at that time may be away.
    head.post("/stand-ins", &arranged(&app, "rm2", "outlet_head", 5, 8)).expect(201);
    app.user("rm_b1").get(&place).expect(404);
}
