use chrono::Days;
use guanxi_api::Role;
use serde_json::{Value, json};

use crate::access::Actor;
use crate::testing::{Answer, Client, PASSWORD, TestApp};
use crate::{clock, ownership, verify};

pub(super) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

pub(super) fn day(app: &TestApp, ahead: u64) -> String {
    (app.state.settings.day(clock::now()) + Days::new(ahead)).to_string()
}

/// What the job loop does for this room, after so many days.
pub(super) fn work_after(app: &TestApp, days: i64) {
    loop {
        let state = app.state.clone();
        let more = app.db(move |conn| {
            let actor = Actor::job(clock::now().plus_seconds(days * 86_400));
            crate::audit::publish(conn)?;
            let handed = ownership::do_some_handing(conn, &actor, &state.settings)?;
            let pooled = ownership::do_some_pool_work(conn, &actor, &state.settings)?;
            Ok(handed | pooled | ownership::do_some_work(conn, &actor, &state.settings)?)
        });
        if !more {
            return;
        }
    }
}

pub(super) fn work(app: &TestApp) {
    work_after(app, 0);
}

pub(super) fn verified(app: &TestApp) {
    work(app);
    let wrong = app.db(|conn| verify::verify(conn).map(|report| report.wrong));
    assert_eq!(wrong, Vec::<String>::new());
}

/// A customer of an outlet, perhaps somebody's: path and tag.
pub(super) fn customer(app: &TestApp, head: &Client, name: &str, owner: Option<&str>) -> (String, String) {
    let owner = owner.map(|name| app.fixture.user(name));
    let answer = head
        .post("/customers", &json!({"kind": "person", "name": name, "status": "active", "owner_id": owner}))
        .expect(201);
    (format!("/customers/{}", text(&answer.json()["id"])), answer.tag())
}

/// Brings a customer into a tier by what it holds.
pub(super) fn enrich(app: &TestApp, head: &Client, path: &str, amount: &str) {
    let code = format!("d{}", &uuid::Uuid::now_v7().simple().to_string()[20..]);
    let product = app
        .role(Role::Admin)
        .post(
            "/products",
            &json!({"code": code, "kind": "deposit", "name": {"zh-CN": "存款", "en": "Deposit"}, "currency": "CNY"}),
        )
        .expect(201)
        .json();
    let held = json!({"product_id": product["id"], "amount": amount, "opened_on": "2026-01-05", "matures_on": day(app, 20)});
    head.post(&format!("{path}/holdings"), &held).expect(201);
}

pub(super) fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().expect("a list").iter().map(|row| text(&row["id"])).collect()
}

pub(super) fn id_of(path: &str) -> String {
    path.trim_start_matches("/customers/").to_owned()
}

fn sign(client: &Client, path: &str) -> Answer {
    client.send("POST", &format!("{path}/ownership/signature"), &[], None)
}

/// A call that is made from a version and has a body.
pub(super) fn tagged(client: &Client, path: &str, tag: &str, body: &Value) -> Answer {
    client.send("POST", path, &[("If-Match", tag)], Some(body))
}

/// What is wrong, by its code.
pub(super) fn first_code(answer: &Answer) -> String {
    answer.fields().first().map(|(_, code)| code.clone()).unwrap_or_default()
}

pub(super) fn user(app: &TestApp, name: &str) -> String {
    app.fixture.user(name).to_string()
}

#[test]
fn who_is_responsible_stands_on_record_and_signs() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let rm = app.user("rm");
    let (path, tag) = customer(&app, &head, "张三丰", Some("rm"));
    let record = head.get(&format!("{path}/ownership")).expect(200).json();
    assert_eq!(record["data"][0]["owner"]["id"], user(&app, "rm"));
    assert_eq!(record["data"][0]["how"], "created");
    assert_eq!(record["data"][0]["by"]["id"], user(&app, "outlet_head"));
    assert_eq!(record["data"][0]["signed_on"], Value::Null);

    sign(&app.user("rm2"), &path).expect(404);
    let signed = sign(&rm, &path).expect(200).json();
    assert_eq!(signed["signed_on"], day(&app, 0));
    let twice = sign(&rm, &path).expect(409);
    assert_eq!(first_code(&twice), "already_signed");

    head.put(
        &format!("{path}/team"),
        &tag,
        &json!({"members": [{"user_id": user(&app, "rm"), "role": "adviser"}]}),
    )
    .expect(200);
    let tag = head.get(&path).expect(200).tag();
    let assigned =
        tagged(&head, &format!("{path}/assign"), &tag, &json!({"owner_id": user(&app, "rm2")})).expect(200);
    sign(&rm, &path).expect(403);
    let record = head.get(&format!("{path}/ownership")).expect(200).json();
    assert_eq!(record["data"][0]["owner"]["id"], user(&app, "rm2"));
    assert_eq!(record["data"][0]["how"], "assigned");
    assert_eq!(record["data"][1]["ended_how"], "assigned");
    assert_eq!(record["data"][1]["to"], day(&app, 0));

    // Who was responsible when the customer was lost stands there, and in a list.
    let lost = head.patch(&path, &assigned.tag(), &json!({"status": "lost"})).expect(200);
    let losses = head.get("/customer-losses").expect(200).json();
    assert_eq!(losses["data"][0]["owner"]["id"], user(&app, "rm2"));
    assert_eq!(losses["data"][0]["returned_on"], Value::Null);
    assert_eq!(app.user("rm_b1").get("/customer-losses").expect(200).json()["data"], json!([]));
    let record = head.get(&format!("{path}/ownership")).expect(200).json();
    assert_eq!(record["data"][0]["lost_on"], day(&app, 0));
    head.patch(&path, &lost.tag(), &json!({"status": "active"})).expect(200);
    let losses = head.get("/customer-losses").expect(200).json();
    assert_eq!(losses["data"][0]["returned_on"], day(&app, 0));

    let tag = head.get(&path).expect(200).tag();
    tagged(&head, &format!("{path}/assign"), &tag, &json!({"owner_id": null})).expect(200);
    let record = head.get(&format!("{path}/ownership")).expect(200).json();
    assert!(record["data"].as_array().expect("a list").iter().all(|row| row["to"] != Value::Null));
    verified(&app);
}

#[test]
fn whose_care_lacks_something_is_listed_and_filled() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let (path, _) = customer(&app, &head, "李四", None);
    let (owned, _) = customer(&app, &head, "王五", Some("rm"));
    work(&app);
    assert_eq!(head.get("/care-gaps").expect(200).json()["data"], json!([]), "mass customers need nobody");

    enrich(&app, &head, &path, "2000000");
    enrich(&app, &head, &owned, "200000");
    work(&app);
    let gaps = head.get("/care-gaps").expect(200).json();
    assert_eq!(ids(&gaps), [id_of(&path), id_of(&owned)], "the highest tier first");
    assert_eq!(gaps["data"][0]["missing"], json!(["deputy_manager", "outlet_head", "rm"]));
    assert_eq!(gaps["data"][0]["no_owner"], true);
    assert_eq!(gaps["data"][0]["proposed"][1]["user"]["id"], user(&app, "outlet_head"));
    assert_eq!(gaps["data"][1]["unsigned"], true);
    let no_owner = head.get("/care-gaps?filter=no_owner%20eq%20true").expect(200).json();
    assert_eq!(ids(&no_owner), [id_of(&path)]);
    assert_eq!(app.user("rm_b1").get("/care-gaps").expect(200).json()["data"], json!([]));

    sign(&app.user("rm"), &owned).expect(200);
    for path in [&path, &owned] {
        let tag = head.get(path).expect(200).tag();
        head.act(&format!("{path}/team/completion"), &tag).expect(200);
    }
    work(&app);
    let gaps = head.get("/care-gaps").expect(200).json();
    assert_eq!(gaps["data"].as_array().expect("a list").len(), 1);
    assert_eq!(gaps["data"][0]["missing"], json!(["rm"]));
    let tag = head.get(&path).expect(200).tag();
    let full = head.act(&format!("{path}/team/completion"), &tag).expect(409);
    assert_eq!(first_code(&full), "nobody_to_add");

    // A colleague who leaves leaves a gap.
    let admin = app.role(Role::Admin);
    let deputy = format!("/users/{}", user(&app, "deputy_manager"));
    let tag = admin.get(&deputy).expect(200).tag();
    admin.act(&format!("{deputy}/archive"), &tag).expect(200);
    work(&app);
    let gaps = head.get("/care-gaps").expect(200).json();
    assert_eq!(gaps["data"][0]["missing"], json!(["deputy_manager", "rm"]));

    // Other rules, other gaps.
    let rules = admin.get("/team-rules").expect(200);
    assert_eq!(
        rules.json()["rules"][1],
        json!({"tier": "gold", "roles": ["outlet_head", "rm"], "care_plan": false, "visits": []})
    );
    let mut wanted = rules.json()["rules"].clone();
    wanted[2]["roles"] = json!(["outlet_head"]);
    wanted[2]["care_plan"] = json!(false);
    head.put("/team-rules", &rules.tag(), &json!({"rules": wanted})).expect(403);
    let changed = admin.put("/team-rules", &rules.tag(), &json!({"rules": wanted})).expect(200);
    admin.put("/team-rules", &rules.tag(), &json!({"rules": wanted})).expect(412);
    work(&app);
    assert_eq!(head.get("/care-gaps").expect(200).json()["data"], json!([]));
    wanted[3]["tier"] = json!("mass");
    let twice = admin.put("/team-rules", &changed.tag(), &json!({"rules": wanted})).expect(422);
    assert_eq!(first_code(&twice), "duplicate");
    verified(&app);
}

/// Whoever only still sees a customer writes nothing of it: neither in the profile nor beside it.
fn changes_nothing(former: &Client, customer: &str, own: &str, contact: &str) {
    let held = former.get(&format!("{customer}/holdings")).expect(200).json()["data"][0].clone();
    let holding = format!("/holdings/{}", text(&held["id"]));
    let tag = former.get(&holding).expect(200).tag();
    former.patch(&holding, &tag, &json!({"auto_renewal": true})).expect(403);
    former.put(&format!("{holding}/co-owners"), &tag, &json!({"customer_ids": [id_of(own)]})).expect(403);
    let paid = json!({"kind": "deposit", "amount": "1", "day": held["opened_on"]});
    former.post(&format!("{holding}/transactions"), &paid).expect(403);
    let more = json!({"product_id": held["product"]["id"], "amount": "1", "opened_on": held["opened_on"]});
    former.post(&format!("{customer}/holdings"), &more).expect(403);
    let call = json!({"kind": "call", "purpose": "service", "outcome": "reached"});
    former.post(&format!("{customer}/interactions"), &call).expect(403);
    let tag = former.get(contact).expect(200).tag();
    former.patch(contact, &tag, &json!({"outcome": "sold"})).expect(403);
    let relation = json!({"other_id": id_of(own), "role": "friend"});
    former.post(&format!("{customer}/relations"), &relation).expect(403);
    former
        .post(
            "/households",
            &json!({"name": "张家", "members": [{"customer_id": id_of(customer), "role": "head"}]}),
        )
        .expect(403);
    let scheme =
        former.get(&format!("{customer}/segments")).expect(200).json()["schemes"][0]["scheme"]["id"].clone();
    let decision = json!({"segment_id": null, "reason": "不合适"});
    former.send("PUT", &format!("{customer}/segments/{}", text(&scheme)), &[], Some(&decision)).expect(403);
    let task = former.get(&format!("{customer}/tasks")).expect(200).json()["data"][0].clone();
    let (place, tag) = (format!("/tasks/{}", text(&task["id"])), format!("\"{}-0\"", task["version"]));
    former.patch(&place, &tag, &json!({"title": "x"})).expect(403);
    for (act, body) in [
        ("complete", json!({})),
        ("postpone", json!({"due_on": task["due_on"], "reason": "客户出差"})),
        ("hand-over", json!({"assignee_id": task["assignee"]["id"]})),
    ] {
        tagged(former, &format!("{place}/{act}"), &tag, &body).expect(403);
    }
    former.act(&format!("{place}/cancel"), &tag).expect(403);
    let new = json!({"title": "回访", "due_on": task["due_on"], "customer_id": id_of(customer)});
    former.post("/tasks", &new).expect(403);
    former.send("POST", &format!("{customer}/ownership/signature"), &[], None).expect(403);
}

#[test]
fn a_book_is_handed_over_by_rule_once_it_is_accepted() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let (rm, rm2) = (app.user("rm"), app.user("rm2"));
    let (rich, _) = customer(&app, &head, "张三丰", Some("rm"));
    let (other, _) = customer(&app, &head, "李四", Some("rm"));
    let (not_theirs, _) = customer(&app, &head, "王五", Some("rm2"));
    enrich(&app, &head, &rich, "2000000");
    let task = rm
        .post("/tasks", &json!({"title": "送材料", "due_on": day(&app, 3), "customer_id": id_of(&rich)}))
        .expect(201)
        .json();
    let complaint = json!({"kind": "call", "purpose": "complaint", "outcome": "reached", "notes": "排队太久",
        "next_step": {"title": "回电", "due_on": day(&app, 2)}});
    let contact = rm.post(&format!("{rich}/interactions"), &complaint).expect(201);
    let contact = format!("/interactions/{}", text(&contact.json()["id"]));

    let new = |to: Value, on: String| json!({"from_user_id": user(&app, "rm"), "to": to, "reason": "moves", "effective_on": on});
    let wrong = head
        .post(
            "/handovers",
            &new(
                json!([{"user_id": user(&app, "rm")}, {"user_id": user(&app, "rm_b1")}]),
                "2020-01-01".into(),
            ),
        )
        .expect(422);
    assert_eq!(
        wrong.fields(),
        [("/to/0/user_id", "duplicate"), ("/to/1/user_id", "not_in_scope"), ("/effective_on", "in_the_past")]
            .map(|(at, code)| (at.to_owned(), code.to_owned()))
    );
    let nobody = new(json!([{"user_id": user(&app, "rm2"), "filter": "tier eq \"private\""}]), day(&app, 0));
    let nobody = head.post("/handovers", &nobody).expect(422);
    assert_eq!(first_code(&nobody), "no_customers");
    let unread = new(json!([{"user_id": user(&app, "rm2"), "filter": "nothing eq 1"}]), day(&app, 0));
    let unread = head.post("/handovers", &unread).expect(400);
    assert_eq!(unread.fields()[0].0, "/to/0/filter");

    let by_tier = new(json!([{"user_id": user(&app, "rm2"), "filter": "tier ne \"mass\""}]), day(&app, 0));
    let proposed = head.post("/handovers", &by_tier).expect(201);
    let (path, tag) = (format!("/handovers/{}", text(&proposed.json()["id"])), proposed.tag());
    assert_eq!(
        (proposed.json()["customers"].clone(), proposed.json()["remaining"].clone()),
        (json!(1), json!(1))
    );
    assert_eq!(proposed.json()["state"], "proposed");
    rm2.get(&rich).expect(404);
    app.user("rm_b1").get(&path).expect(404);

    let sheet = rm2.get(&format!("{path}/customers")).expect(200).json();
    let line = &sheet["data"][0];
    assert_eq!((line["id"].clone(), line["state"].clone()), (json!(id_of(&rich)), json!("waiting")));
    assert_eq!(line["tasks"][0]["text"], "送材料");
    assert_eq!(line["promises"][0]["text"], "回电");
    assert_eq!(line["complaints"][0]["text"], "排队太久");
    assert_eq!(line["maturities"][0]["on"], day(&app, 20));

    let of_mine = |client: &Client, task: &Value| {
        let list = client.get("/today").expect(200).json();
        list["lines"].as_array().expect("lines").iter().any(|line| line["task"]["source_id"] == *task)
    };
    let handover = json!(text(&proposed.json()["id"]));
    let tasks = rm2.get("/tasks?filter=source%20eq%20%22handover%22").expect(200).json();
    assert_eq!(tasks["data"][0]["source_id"], handover);
    assert!(of_mine(&rm2, &handover));
    tagged(&rm, &format!("{path}/acceptance"), &tag, &json!({"accepts": true})).expect(403);
    let accepted = tagged(&rm2, &format!("{path}/acceptance"), &tag, &json!({"accepts": true})).expect(200);
    assert_eq!(accepted.json()["state"], "accepted");
    assert!(!of_mine(&rm2, &handover), "its task is done");

    work(&app);
    let done = head.get(&path).expect(200).json();
    assert_eq!(
        (done["state"].clone(), done["moved"].clone(), done["skipped"].clone()),
        (json!("done"), json!(1), json!(0))
    );
    let now = rm2.get(&rich).expect(200);
    assert_eq!(now.json()["owner"]["id"], user(&app, "rm2"));
    assert_eq!(
        rm2.get(&format!("/tasks/{}", text(&task["id"]))).expect(200).json()["assignee"]["id"],
        user(&app, "rm2")
    );
    let record = rm2.get(&format!("{rich}/ownership")).expect(200).json();
    assert_eq!(record["data"][0]["how"], "handover");
    assert_eq!(record["data"][0]["by"]["id"], user(&app, "outlet_head"));
    assert_eq!(record["data"][0]["signed_on"], day(&app, 0));
    assert_eq!(head.get(&other).expect(200).json()["owner"]["id"], user(&app, "rm"));
    assert_eq!(head.get(&not_theirs).expect(200).json()["owner"]["id"], user(&app, "rm2"));

    // For a month the former owner still sees the customer, and changes nothing.
    let seen = rm.get(&rich).expect(200);
    assert!(ids(&rm.get("/customers").expect(200).json()).contains(&id_of(&rich)));
    rm.patch(&rich, &seen.tag(), &json!({"city": "杭州"})).expect(403);
    changes_nothing(&rm, &rich, &other, &contact);
    let survey = crate::surveys::running_survey(&head, false);
    let answer = json!({"customer_id": id_of(&rich), "answers": [{"question": "nps", "score": 10}]});
    rm.post(&format!("/surveys/{survey}/answers"), &answer).expect(403);
    // What is under way with the customer is told for as long.
    let told = |client: &Client| {
        let sheet = client.get(&format!("{path}/customers?include=total")).expect(200).json();
        (ids(&sheet), sheet["page"]["total"].clone())
    };
    assert_eq!(told(&rm), (vec![id_of(&rich)], json!(1)));
    app.db(|conn| ownership::purge_access(conn, clock::now().plus_seconds(32 * 86_400)).map(drop));
    rm.get(&rich).expect(404);
    assert_eq!(told(&rm), (Vec::new(), json!(0)));
    assert_eq!(told(&rm2), (vec![id_of(&rich)], json!(1)));
    assert_eq!(told(&head), (vec![id_of(&rich)], json!(1)));
    head.act(&format!("{path}/cancel"), &head.get(&path).expect(200).tag()).expect(409);
    verified(&app);
}

#[test]
fn whoever_has_moved_to_another_branch_takes_no_customer_there() {
    let app = TestApp::start();
    let (head, admin) = (app.role(Role::OutletHead), app.role(Role::Admin));
    let (path, _) = customer(&app, &head, "张三丰", Some("rm"));
    let new = json!({"from_user_id": user(&app, "rm"), "to": [{"user_id": user(&app, "rm2")}], "reason": "moves",
        "effective_on": day(&app, 5), "double_access_days": 0});
    let proposed = head.post("/handovers", &new).expect(201);
    let handover = format!("/handovers/{}", text(&proposed.json()["id"]));
    let accepts = json!({"accepts": true});
    tagged(&app.user("rm2"), &format!("{handover}/acceptance"), &proposed.tag(), &accepts).expect(200);
    let account = format!("/users/{}", user(&app, "rm2"));
    let tag = admin.get(&account).expect(200).tag();
    admin.patch(&account, &tag, &json!({"org_unit_id": app.fixture.unit("b1")})).expect(200);
    let moved = app.anonymous().sign_in("rm2", PASSWORD);
    let sheet = format!("{handover}/customers");
    assert_eq!(ids(&moved.get(&sheet).expect(200).json()), [id_of(&path)]);
    work_after(&app, 6);
    let done = head.get(&handover).expect(200).json();
    assert_eq!((&done["state"], &done["moved"], &done["skipped"]), (&json!("done"), &json!(0), &json!(1)));
    let stays = head.get(&path).expect(200).json();
    assert_eq!(stays["owner"]["id"], user(&app, "rm"));
    // Nothing more is told of a customer who was not taken.
    moved.get(&path).expect(404);
    assert_eq!(ids(&moved.get(&sheet).expect(200).json()), Vec::<String>::new());
    assert_eq!(ids(&head.get(&sheet).expect(200).json()), [id_of(&path)]);

    // To another outlet of the branch a customer goes with whoever takes it.
    let manager = app.role(Role::BranchManager);
    let mut near = new.clone();
    near["to"][0]["user_id"] = json!(user(&app, "rm_a2"));
    let proposed = manager.post("/handovers", &near).expect(201);
    let handover = format!("/handovers/{}", text(&proposed.json()["id"]));
    tagged(&app.user("rm_a2"), &format!("{handover}/acceptance"), &proposed.tag(), &accepts).expect(200);
    work_after(&app, 6);
    let taken = manager.get(&path).expect(200).json();
    assert_eq!(
        (&taken["owner"]["id"], &taken["org_unit"]["id"]),
        (&json!(user(&app, "rm_a2")), &json!(app.fixture.unit("a2")))
    );
    verified(&app);
}

#[test]
fn every_step_of_a_handover_stands_on_record() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    for n in 0..26 {
        customer(&app, &head, &format!("张{n}"), Some("rm"));
    }
    let new = json!({"from_user_id": user(&app, "rm"), "to": [{"user_id": user(&app, "rm2")}], "reason": "leaves",
        "effective_on": day(&app, 0), "double_access_days": 0});
    let proposed = head.post("/handovers", &new).expect(201);
    let handover = format!("/handovers/{}", text(&proposed.json()["id"]));
    let accepts = json!({"accepts": true});
    tagged(&app.user("rm2"), &format!("{handover}/acceptance"), &proposed.tag(), &accepts).expect(200);
    work(&app);
    let done = head.get(&handover).expect(200).json();
    assert_eq!((&done["state"], &done["moved"]), (&json!("done"), &json!(26)));
    let entries = "/audit-entries?filter=resource_type%20eq%20%22handover%22";
    let entries = app.role(Role::Auditor).get(entries).expect(200).json();
    let entries = entries["data"].as_array().expect("a list");
    let actions: Vec<String> = entries.iter().map(|entry| text(&entry["action"])).collect();
    assert_eq!(actions, ["handover.done", "handover.carried_out", "handover.accepted", "handover.created"]);
    // As many as there are versions, and each says how far it went.
    assert_eq!(done["version"], json!(actions.len()));
    let moved = |entry: &Value| {
        let changes = entry["changes"].as_array().expect("changes");
        let moved = changes.iter().find(|change| change["field"] == "moved").expect("how many");
        (moved["before"].clone(), moved["after"].clone())
    };
    assert_eq!(moved(&entries[1]), (json!(0), json!(25)));
    assert_eq!(moved(&entries[0]), (json!(25), json!(26)));
}

#[test]
fn double_access_ends_by_itself() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let (path, _) = customer(&app, &head, "张三丰", None);
    let id = crate::customers::CustomerId::new(id_of(&path).parse().expect("an id"));
    let me = crate::access::UserId::new(app.fixture.user("rm"));
    let sees = |until: guanxi_db::Moment| {
        app.db(move |conn| crate::ownership::store::give_access(conn, me, id, until));
        app.user("rm").get(&path).status
    };
    assert_eq!(app.user("rm").get(&path).status, 404);
    assert_eq!(sees(clock::now().plus_seconds(-1)), 404, "its time is over, though the row is still there");
    assert_eq!(sees(clock::now().plus_seconds(3600)), 200);
}

#[test]
fn what_is_declined_or_cancelled_stays() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let rm2 = app.user("rm2");
    let (path, _) = customer(&app, &head, "张三丰", Some("rm"));
    let new = json!({"from_user_id": user(&app, "rm"), "to": [{"user_id": user(&app, "rm2")}], "reason": "leaves",
        "effective_on": day(&app, 0), "double_access_days": 0});
    let proposed = head.post("/handovers", &new).expect(201);
    let handover = format!("/handovers/{}", text(&proposed.json()["id"]));
    let bare = tagged(&rm2, &format!("{handover}/acceptance"), &proposed.tag(), &json!({"accepts": false}));
    assert_eq!(bare.expect(422).fields(), [("/reason".to_owned(), "required".to_owned())]);
    let declined = tagged(
        &rm2,
        &format!("{handover}/acceptance"),
        &proposed.tag(),
        &json!({"accepts": false, "reason": "太多"}),
    )
    .expect(200)
    .json();
    assert_eq!(
        (declined["state"].clone(), declined["to"][0]["reason"].clone()),
        (json!("declined"), json!("太多"))
    );
    let told = head.get("/tasks?filter=source%20eq%20%22handover%22").expect(200).json();
    assert_eq!(told["data"][0]["notes"], "太多");
    assert_eq!(rm2.get(&format!("{handover}/customers")).expect(200).json()["data"], json!([]));

    let later = json!({"from_user_id": user(&app, "rm"), "to": [{"user_id": user(&app, "rm2")}], "reason": "leaves",
        "effective_on": day(&app, 5), "double_access_days": 0});
    let proposed = head.post("/handovers", &later).expect(201);
    let handover = format!("/handovers/{}", text(&proposed.json()["id"]));
    let accepted =
        tagged(&rm2, &format!("{handover}/acceptance"), &proposed.tag(), &json!({"accepts": true}))
            .expect(200);
    work(&app);
    assert_eq!(head.get(&handover).expect(200).json()["state"], "accepted", "its day has not come");
    head.act(&format!("{handover}/cancel"), &accepted.tag()).expect(200);
    work_after(&app, 6);
    assert_eq!(head.get(&path).expect(200).json()["owner"]["id"], user(&app, "rm"));

    // On its day it is carried out; without double access the former owner sees the customer no more.
    let proposed = head.post("/handovers", &later).expect(201);
    let handover = format!("/handovers/{}", text(&proposed.json()["id"]));
    tagged(&rm2, &format!("{handover}/acceptance"), &proposed.tag(), &json!({"accepts": true})).expect(200);
    work_after(&app, 6);
    assert_eq!(head.get(&path).expect(200).json()["owner"]["id"], user(&app, "rm2"));
    app.user("rm").get(&path).expect(404);
    verified(&app);
}
