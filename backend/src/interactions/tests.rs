use diesel::prelude::*;
use guanxi_api::Role;
use guanxi_db::schema::{audit_entry, change_event, interaction};
use guanxi_db::{DbError, Id, Moment};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock;
use crate::customers::CustomerId;
use crate::testing::{Answer, Client, TestApp};
use crate::verify::verify;

fn customer(client: &Client) -> String {
    let created = client.post("/customers", &json!({"kind": "person", "name": "张三丰"})).expect(201);
    created.json()["id"].as_str().expect("an id").to_owned()
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().expect("an id").to_owned()
}

fn call(notes: &str) -> Value {
    json!({"kind": "call", "purpose": "relationship", "outcome": "reached", "notes": notes})
}

fn day(app: &TestApp, days: u64) -> chrono::NaiveDate {
    app.state.settings.day(clock::now()).checked_add_days(chrono::Days::new(days)).expect("a day")
}

/// Makes an interaction look as if it had been recorded so many hours ago.
fn age(app: &TestApp, id: &str, hours: i64) {
    let id: Id<super::InteractionMark> = id.parse().expect("an id");
    app.db(move |conn| {
        let at = clock::now().plus_seconds(-hours * 3600);
        diesel::update(interaction::table.filter(interaction::id.eq(id)))
            .set(interaction::created_at.eq(at))
            .execute(conn)
            .map_err(DbError::from)?;
        Ok(())
    });
}

#[test]
fn a_contact_is_recorded_with_its_next_step_and_the_customer_was_reached() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let customer = customer(&rm);
    let before = rm.get(&format!("/customers/{customer}")).expect(200);
    assert_eq!(before.json()["figures"]["last_contacted_at"], Value::Null);

    let at = "2026-01-05T02:30:00.000000Z";
    let new = json!({
        "kind": "visit", "direction": "inbound", "purpose": "maturity", "outcome": "interested", "mood": "positive",
        "duration_minutes": 35, "occurred_at": at, "notes": "  大额存单到期，想看看理财。\r\nWants a fund. ",
        "next_step": {"title": "送产品说明书", "due_on": day(&app, 3)},
    });
    let path = format!("/customers/{customer}/interactions");
    let created = rm.post(&path, &new).expect(201);
    let body = created.json();
    assert_eq!(body["notes"], "大额存单到期，想看看理财。\nWants a fund.");
    assert_eq!(
        (&body["kind"], &body["direction"], &body["mood"]),
        (&json!("visit"), &json!("inbound"), &json!("positive"))
    );
    assert_eq!((&body["duration_minutes"], &body["occurred_at"]), (&json!(35), &json!(at)));
    assert_eq!(body["author"]["id"], json!(app.fixture.user("rm")));
    assert_eq!(body["author"]["display_name"], "User rm");
    assert_eq!(body["customer"]["name"], "张三丰");
    assert_eq!(created.header("Location"), Some(format!("/api/v1/interactions/{}", id(&created)).as_str()));
    let read = rm.get(&format!("/interactions/{}", id(&created))).expect(200);
    assert_eq!(read.json(), body, "what was written is what is read");
    assert_eq!(read.tag(), created.tag());

    let after = rm.get(&format!("/customers/{customer}")).expect(200);
    assert_eq!(after.json()["figures"]["last_contacted_at"], at);
    assert_eq!(after.json()["version"], before.json()["version"], "nobody's edit becomes stale by a contact");
    assert_ne!(after.tag(), before.tag());
    let row = &rm.get("/customers?sort=-last_contacted_at").expect(200).json()["data"][0];
    assert_eq!(row["last_contacted_at"], at);

    let tasks = rm.get("/tasks").expect(200).json();
    let [task] = tasks["data"].as_array().expect("tasks").as_slice() else { panic!("{tasks}") };
    assert_eq!((&task["title"], &task["source"]), (&json!("送产品说明书"), &json!("interaction")));
    assert_eq!((&task["source_id"], &task["customer"]["id"]), (&body["id"], &json!(customer)));
    assert_eq!(task["assignee"]["id"], json!(app.fixture.user("rm")));

    let (entries, events) = app.db(|conn| {
        let entries = audit_entry::table
            .filter(audit_entry::action.eq_any(["interaction.created", "task.created"]))
            .count()
            .get_result::<i64>(conn)
            .map_err(DbError::from)?;
        let events = change_event::table
            .filter(change_event::kind.eq("interaction.created"))
            .count()
            .get_result::<i64>(conn)
            .map_err(DbError::from)?;
        Ok((entries, events))
    });
    assert_eq!((entries, events), (2, 1));
    let history = rm.get(&format!("/interactions/{}/history", id(&created))).expect(200).json();
    assert_eq!(history["data"][0]["action"], "interaction.created");

    // Not reached is no contact; an older one changes nothing; what is left out is now, and by the bank.
    for (outcome, at, last) in [
        ("not_reached", "2026-02-01T00:00:00Z", at),
        ("left_message", "2026-02-02T00:00:00Z", at),
        ("sold", "2025-12-01T00:00:00Z", at),
        ("declined", "2026-02-03T00:00:00Z", "2026-02-03T00:00:00.000000Z"),
    ] {
        let new = json!({"kind": "call", "purpose": "sale", "outcome": outcome, "occurred_at": at});
        rm.post(&path, &new).expect(201);
        let shown = rm.get(&format!("/customers/{customer}")).expect(200).json();
        assert_eq!(shown["figures"]["last_contacted_at"], last, "{outcome}");
    }
    let now = rm.post(&path, &call("")).expect(201).json();
    assert_eq!((&now["notes"], &now["direction"]), (&Value::Null, &json!("outbound")));
    assert_eq!(now["occurred_at"], now["created_at"]);
    let timeline = rm.get(&path).expect(200).json();
    let times: Vec<&str> = timeline["data"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["occurred_at"].as_str())
        .collect();
    assert_eq!(times.len(), 6);
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
    assert_eq!(app.db(verify).wrong, Vec::<String>::new());
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let path = format!("/customers/{}/interactions", customer(&rm));
    let ahead = guanxi_api::Instant(clock::now().plus_seconds(900).to_utc());
    let new = json!({
        "kind": "call", "purpose": "sale", "outcome": "reached", "occurred_at": ahead, "notes": "a\u{0}b",
        "next_step": {"title": "  ", "due_on": "2001-01-01", "assignee_id": app.fixture.user("rm_b1")},
    });
    let mut wrong = rm.post(&path, &new).expect(422).fields();
    wrong.sort();
    let wanted = [
        ("/next_step/assignee_id", "sees_not_the_customer"),
        ("/next_step/due_on", "in_the_past"),
        ("/next_step/title", "required"),
        ("/notes", "control_character"),
        ("/occurred_at", "in_the_future"),
    ];
    assert_eq!(wrong, wanted.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    for (member, value, code) in [
        ("kind", json!("pigeon"), "unknown_code"),
        ("duration_minutes", json!(1441), "range"),
        ("notes", json!("x".repeat(4001)), "length"),
        ("author_id", json!(Uuid::now_v7()), "unknown_member"),
        ("occurred_at", json!("1960-01-01T00:00:00Z"), "too_early"),
    ] {
        let mut new = call("好");
        new[member] = value;
        let fields = rm.post(&path, &new).expect(422).fields();
        let code = if member == "notes" { "length_max" } else { code };
        assert!(
            fields == [(format!("/{member}"), code.to_owned())]
                || fields == [(format!("/{member}"), "length".to_owned())],
            "{member}: {fields:?}"
        );
    }
    let ahead = guanxi_api::Instant(clock::now().plus_seconds(240).to_utc());
    let mut new = call("");
    new["occurred_at"] = json!(ahead);
    rm.post(&path, &new).expect(201);
    assert_eq!(rm.get("/tasks").expect(200).json()["data"], json!([]), "a refused contact leaves no task");
}

#[test]
fn the_author_changes_a_contact_for_a_day_and_then_with_a_reason() {
    let app = TestApp::start();
    let (rm, head) = (app.role(Role::Rm), app.role(Role::OutletHead));
    let customer = customer(&rm);
    let created = rm.post(&format!("/customers/{customer}/interactions"), &call("想买国债")).expect(201);
    let path = format!("/interactions/{}", id(&created));
    rm.send("PATCH", &path, &[], Some(&json!({"notes": "x"}))).expect(428);
    rm.patch(&path, "\"7-0\"", &json!({"notes": "x"})).expect(412);
    let changed =
        rm.patch(&path, &created.tag(), &json!({"notes": "想买基金", "mood": "neutral"})).expect(200);
    assert_eq!(changed.json()["version"], 2);
    let same = rm.patch(&path, &changed.tag(), &json!({"notes": "想买基金"})).expect(200);
    assert_eq!(same.json()["version"], 2, "what changes nothing is no version");

    // A colleague who sees the customer reads it and no more.
    let team = json!({"members": [{"user_id": app.fixture.user("adviser"), "role": "adviser"}]});
    let tag = head.get(&format!("/customers/{customer}")).expect(200).tag();
    head.put(&format!("/customers/{customer}/team"), &tag, &team).expect(200);
    let adviser = app.role(Role::Adviser);
    adviser.get(&path).expect(200);
    adviser.patch(&path, &changed.tag(), &json!({"mood": null})).expect(403);
    adviser.act(&format!("{path}/archive"), &changed.tag()).expect(403);

    age(&app, &id(&created), 25);
    let refused = rm.patch(&path, &changed.tag(), &json!({"notes": "其实是国债"})).expect(422);
    assert_eq!(refused.fields(), [("/reason".to_owned(), "owed_after_a_day".to_owned())]);
    rm.act(&format!("{path}/archive"), &changed.tag()).expect(403);
    let corrected =
        rm.patch(&path, &changed.tag(), &json!({"notes": "其实是国债", "reason": "记错了"})).expect(200);
    let entry = &rm.get(&format!("{path}/history")).expect(200).json()["data"][0];
    assert_eq!((&entry["action"], &entry["reason"]), (&json!("interaction.updated"), &json!("记错了")));
    assert_eq!(entry["changes"], json!([{"field": "notes", "before": "想买基金", "after": "其实是国债"}]));

    // A manager may without.
    let by_head = head.patch(&path, &corrected.tag(), &json!({"mood": null})).expect(200);
    let archived = head.act(&format!("{path}/archive"), &by_head.tag()).expect(200);
    assert!(archived.json()["archived_at"].is_string());
    head.act(&format!("{path}/archive"), &archived.tag()).expect(409);
    let listed = |filter: &str| {
        let rows = rm.get(&format!("/interactions?{filter}")).expect(200).json();
        rows["data"].as_array().map(Vec::len)
    };
    assert_eq!((listed(""), listed("filter=archived%20eq%20true")), (Some(0), Some(1)));
    rm.get(&path).expect(200);
    let shown = || {
        rm.get(&format!("/customers/{customer}")).expect(200).json()["figures"]["last_contacted_at"].clone()
    };
    assert_eq!(shown(), Value::Null, "an archived contact is none");
    head.act(&format!("{path}/restore"), &archived.tag()).expect(200);
    assert_eq!(shown(), created.json()["occurred_at"]);
}

#[test]
fn notes_are_found_by_their_words_newest_first() {
    let app = TestApp::start();
    let (rm, other) = (app.role(Role::Rm), app.user("rm_b1"));
    let (own, foreign) = (customer(&rm), customer(&other));
    let write = |client: &Client, customer: &str, notes: &str| {
        id(&client.post(&format!("/customers/{customer}/interactions"), &call(notes)).expect(201))
    };
    let first = write(&rm, &own, "王先生问大额存单利率，电话13987654321");
    let second = write(&rm, &own, "谈了ＥＴＦ基金与大额存单 Fund switch");
    let third = write(&other, &foreign, "大额存单");
    let find = |client: &Client, body: Value| -> Vec<String> {
        let found = client.post("/interactions/search", &body).expect(200).json();
        let rows = found["data"].as_array().expect("rows");
        rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    };
    let by = |q: &str| find(&rm, json!({"q": q}));
    assert_eq!(by("大额存单"), [second.clone(), first.clone()]);
    assert_eq!(by("etf"), std::slice::from_ref(&second));
    assert_eq!(by("fun 存单"), std::slice::from_ref(&second));
    assert_eq!(by("率"), std::slice::from_ref(&first));
    for q in ["存大", "13987654321", "8765", "und", "。"] {
        assert_eq!(by(q), Vec::<String>::new(), "{q}");
    }
    assert_eq!(
        find(&rm, json!({"q": "存单", "filter": "occurred_at gt \"2999-01-01T00:00:00Z\""})),
        Vec::<String>::new()
    );
    assert_eq!(find(&rm, json!({"filter": format!("customer_id eq \"{own}\"")})).len(), 2);
    assert_eq!(find(&app.role(Role::Auditor), json!({"q": "存单"})), [third, second.clone(), first.clone()]);
    let page = rm
        .post("/interactions/search", &json!({"q": "存单", "limit": 1, "include": "total"}))
        .expect(200)
        .json();
    assert_eq!((&page["data"][0]["id"], &page["page"]["total"]), (&json!(second), &json!(2)));
    let next = json!({"q": "存单", "limit": 1, "cursor": page["page"]["next"]});
    assert_eq!(find(&rm, next), std::slice::from_ref(&first));
    rm.post("/interactions/search", &json!({"q": "别的", "limit": 1, "cursor": page["page"]["next"]}))
        .expect(400);

    // What was corrected is found by its new words only.
    let read = rm.get(&format!("/interactions/{first}")).expect(200);
    rm.patch(&format!("/interactions/{first}"), &read.tag(), &json!({"notes": "问国债"})).expect(200);
    assert_eq!((by("存单"), by("国债")), (vec![second.clone()], vec![first.clone()]));
    let read = rm.get(&format!("/interactions/{second}")).expect(200);
    rm.patch(&format!("/interactions/{second}"), &read.tag(), &json!({"notes": null})).expect(200);
    assert_eq!(by("存单"), Vec::<String>::new());
}

/// What somebody does to the contacts of one customer.
#[derive(Clone, Debug)]
enum Act {
    Record { outcome: usize, days_ago: i64 },
    Archive(usize),
    Restore(usize),
    Correct { which: usize, outcome: usize, days_ago: i64 },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let (outcome, days) = (0..8_usize, 0..400_i64);
    let act = prop_oneof![
        3 => (outcome.clone(), days.clone()).prop_map(|(outcome, days_ago)| Act::Record { outcome, days_ago }),
        2 => (0..20_usize).prop_map(Act::Archive),
        1 => (0..20_usize).prop_map(Act::Restore),
        2 => (0..20_usize, outcome, days)
            .prop_map(|(which, outcome, days_ago)| Act::Correct { which, outcome, days_ago }),
    ];
    prop::collection::vec(act, 1..25)
}

/// The tag after an act that may have been done before.
fn keep(tag: &mut String, answer: &Answer) {
    if answer.status == 200 {
        *tag = answer.tag();
    } else {
        assert_eq!(answer.status, 409, "{}", answer.text());
    }
}

#[test]
fn the_last_contact_is_what_the_contacts_say_whatever_is_done() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let codes = guanxi_api::InteractionOutcome::CODES;
    let config = ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(acts in acts())| {
        let customer = customer(&head);
        let mut contacts: Vec<(String, String)> = Vec::new();
        let at = |days: i64| json!(guanxi_api::Instant(clock::now().plus_seconds(-days * 86_400).to_utc()));
        for act in acts {
            let count = contacts.len();
            match act {
                Act::Record { outcome, days_ago } => {
                    let new = json!({"kind": "call", "purpose": "other", "outcome": codes[outcome], "occurred_at": at(days_ago)});
                    let made = head.post(&format!("/customers/{customer}/interactions"), &new).expect(201);
                    contacts.push((id(&made), made.tag()));
                }
                Act::Archive(n) if count > 0 => {
                    let (id, tag) = contacts[n % count].clone();
                    keep(&mut contacts[n % count].1, &head.act(&format!("/interactions/{id}/archive"), &tag));
                }
                Act::Restore(n) if count > 0 => {
                    let (id, tag) = contacts[n % count].clone();
                    keep(&mut contacts[n % count].1, &head.act(&format!("/interactions/{id}/restore"), &tag));
                }
                Act::Correct { which, outcome, days_ago } if count > 0 => {
                    let (id, tag) = contacts[which % count].clone();
                    let patch = json!({"outcome": codes[outcome], "occurred_at": at(days_ago)});
                    keep(&mut contacts[which % count].1, &head.patch(&format!("/interactions/{id}"), &tag, &patch));
                }
                _ => {}
            }
        }
        let row: CustomerId = customer.parse().expect("an id");
        let wanted = app.db(move |conn| super::store::last_contact(conn, row)).unwrap_or(Moment::EARLIEST);
        let shown = head.get(&format!("/customers/{customer}")).expect(200).json()["figures"]["last_contacted_at"].clone();
        let wanted = if wanted == Moment::EARLIEST { Value::Null } else { json!(guanxi_api::Instant(wanted.to_utc())) };
        prop_assert_eq!(shown, wanted);
    });
    let wrong = app.db(verify).wrong;
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn verify_names_a_last_contact_that_is_none() {
    use guanxi_db::schema::customer_figures;
    let app = TestApp::start();
    customer(&app.role(Role::Rm));
    app.db(|conn| {
        diesel::update(customer_figures::table)
            .set(customer_figures::last_contacted_at.eq(clock::now()))
            .execute(conn)
            .map_err(|error| DbError::from(error).into())
    });
    let [wrong] = app.db(verify).wrong.try_into().expect("one finding");
    assert!(wrong.contains("last reached"), "{wrong}");
}
