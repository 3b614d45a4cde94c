use guanxi_api::Role;
use serde_json::{Value, json};

use crate::testing::{Answer, Client, TestApp};
use crate::verify;

/// Sends lines with a key of their own; each is JSON, or a text as it stands.
fn call(client: &Client, query: &str, key: &str, lines: &[Value]) -> Answer {
    let text = |line: &Value| line.as_str().map_or_else(|| line.to_string(), str::to_owned);
    let body = lines.iter().map(text).collect::<Vec<_>>().join("\n");
    let headers = [("Content-Type", "application/x-ndjson"), ("Idempotency-Key", key)];
    client.send_bytes("POST", &format!("/bulk/customers{query}"), &headers, Some(body.as_bytes()))
}

fn line(id: &str, version: i64, data: Value) -> Value {
    json!({"external": {"source": "erp", "id": id}, "source_version": version, "data": data})
}

fn statuses(outcome: &Value) -> Vec<&str> {
    let results = outcome["results"].as_array().expect("results");
    results.iter().map(|result| result["status"].as_str().expect("a status")).collect()
}

fn summary(outcome: &Value) -> [u64; 5] {
    ["created", "updated", "unchanged", "stale", "failed"]
        .map(|name| outcome["summary"][name].as_u64().expect(name))
}

fn person(name: &str) -> Value {
    json!({"kind": "person", "name": name, "city": "杭州"})
}

#[test]
fn lines_create_change_leave_and_come_too_late() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let first = call(
        &head,
        "",
        "erp-0001",
        &[
            line(
                "C-1",
                10,
                json!({
                    "kind": "person", "name": " 王伟 ", "city": "杭州", "employer": "武当派",
                    "identity": {"kind": "resident_card", "number": "11010519491231002x"},
                    "contact_points": [{"kind": "phone", "value": "138 0013 8000"}],
                }),
            ),
            json!(""),
            line("C-2", 10, json!({"kind": "organisation", "name": "金桂贸易有限公司"})),
        ],
    )
    .expect(200)
    .json();
    assert_eq!(summary(&first), [2, 0, 0, 0, 0]);
    assert_eq!(first["results"][1]["line"], 3, "empty lines are counted");
    let path = format!("/customers/{}", first["results"][0]["id"].as_str().expect("an id"));
    let customer = head.get(&path).expect(200).json();
    assert_eq!(customer["name"], "王伟");
    assert_eq!(customer["identity"]["number"], "110***********002X");
    assert_eq!(customer["external_ids"], json!([{"source": "erp", "id": "C-1"}]));
    assert_eq!(customer["contact_points"][0]["value"], "138****8000");

    let second = call(
        &head,
        "",
        "erp-0002",
        &[
            line("C-1", 12, json!({"name": "王薇", "employer": null, "contact_points": [{"kind": "phone", "value": "13900001111"}]})),
            line("C-2", 9, json!({"name": "旧名"})),
        ],
    )
    .expect(200)
    .json();
    assert_eq!(statuses(&second), ["updated", "stale"]);
    let changed = head.get(&path).expect(200).json();
    assert_eq!(
        (&changed["name"], &changed["city"], &changed["employer"]),
        (&json!("王薇"), &json!("杭州"), &Value::Null)
    );
    assert_eq!(changed["version"], 2);
    assert_eq!(changed["contact_points"], customer["contact_points"], "what an existing customer keeps");
    for (q, found) in [("王薇", 1), ("wangwei", 1), ("王伟", 0)] {
        let page = head.post("/customers/search", &json!({"q": q})).expect(200).json();
        assert_eq!(page["data"].as_array().expect("rows").len(), found, "{q}");
    }

    // The same again changes nothing, but the version of the other system is noted.
    let lines = [line("C-1", 20, json!({"name": "王薇"})), line("C-2", 10, json!({}))];
    let third = call(&head, "", "erp-0003", &lines).expect(200).json();
    assert_eq!(statuses(&third), ["unchanged", "unchanged"]);
    let late = call(&head, "", "erp-0004", &[line("C-1", 19, json!({"name": "晚了"}))]).expect(200).json();
    assert_eq!(statuses(&late), ["stale"]);
    // Without a version a line is always in time.
    let unversioned = json!({"external": {"source": "erp", "id": "C-1"}, "data": {"city": "苏州"}});
    assert_eq!(statuses(&call(&head, "", "erp-0005", &[unversioned]).expect(200).json()), ["updated"]);
    assert_eq!(head.get(&path).expect(200).json()["version"], 3);
    let found = head.get("/customers?filter=city%20eq%20%22%E8%8B%8F%E5%B7%9E%22").expect(200).json();
    assert_eq!(found["data"][0]["id"], changed["id"], "the list knows the city");
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn wrong_lines_fail_alone_or_all_together() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    call(&head, "", "first-key", &[line("E-1", 1, json!({"kind": "organisation", "name": "有了"}))])
        .expect(200);
    // Another branch has this one.
    let elsewhere = json!({"kind": "person", "name": "别处"});
    let other = app.user("head_b1");
    call(&other, "", "first-key", &[line("E-2", 1, elsewhere)]).expect(200);
    let lines = [
        line("N-1", 1, person("好的")),
        json!("{\"external\":"),
        line("N-2", 1, json!({"name": "没有种类"})),
        line("N-3", 1, json!({"kind": "person", "name": "", "phone": "13800138000"})),
        line(
            "N-4",
            1,
            json!({"kind": "person", "name": "坏", "birth_date": "2999-01-01", "contact_points": [{"kind": "phone", "value": "12"}]}),
        ),
        line("N-1", 1, person("又来")),
        line("E-1", 2, json!({"kind": "person", "name": "换种类"})),
        line("E-2", 2, json!({"name": "看不见"})),
        line("E-1", 3, json!({"name": "新名"})),
        line("N-5", 1, json!({"kind": "person", "name": "错机构", "org_unit_id": app.fixture.unit("b1")})),
        line("N-6", 1, json!({"kind": "person", "name": "掩码", "city": "138****5678"})),
        json!({"external": {"source": "ERP", "id": "x"}, "data": {"kind": "person", "name": "系统名"}}),
        line("N-7", -1, person("负数")),
        line("E-1", 4, json!({"restricted": {"reason": "只有原因"}})),
    ];
    let errors = |answer: &Value, n: usize| -> Vec<(String, String)> {
        let errors = answer["results"][n]["problem"]["errors"].as_array().expect("errors");
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
    };
    let tried = call(&head, "?dry_run=true", "second-key", &lines).expect(207).json();
    let atomic = call(&head, "?mode=atomic", "third-key", &lines).expect(422);
    let pointers: Vec<String> = atomic.fields().into_iter().map(|(pointer, _)| pointer).collect();
    assert!(pointers.contains(&"/5/data/birth_date".to_owned()), "{pointers:?}");
    assert!(!pointers.iter().any(|pointer| pointer.starts_with("/1/")), "{pointers:?}");
    let none = head.post("/customers/search", &json!({"q": "好的"})).expect(200).json();
    assert_eq!(none["data"], json!([]), "neither a dry run nor a failed atomic call writes");

    let done = call(&head, "?mode=partial", "fourth-key", &lines).expect(207).json();
    let mut wanted = vec!["failed"; lines.len()];
    wanted[0] = "created";
    assert_eq!(statuses(&done), wanted);
    assert_eq!(summary(&done), [1, 0, 0, 0, 13]);
    assert_eq!(done["results"][1]["problem"]["code"], "malformed");
    assert_eq!(done["results"][7]["problem"]["code"], "not_found");
    for (n, pointer, code) in [
        (2, "/data/kind", "required"),
        (3, "/data/phone", "unknown_member"),
        (4, "/data/birth_date", "in_the_future"),
        (5, "/external/id", "duplicate"),
        (6, "/data/kind", "kind_differs"),
        (8, "/external/id", "duplicate"),
        (9, "/data/org_unit_id", "not_in_scope"),
        (10, "/data/city", "masked_value_written"),
        (11, "/external/source", "system_name"),
        (12, "/source_version", "range"),
    ] {
        assert!(
            errors(&done, n).contains(&(pointer.to_owned(), code.to_owned())),
            "{n}: {:?}",
            errors(&done, n)
        );
    }
    assert_eq!(errors(&done, 4).len(), 2, "all that is wrong with a line is told");
    for n in 1..lines.len() {
        assert_eq!(tried["results"][n], done["results"][n], "a dry run tells what would be");
    }
    assert_eq!(tried["results"][0]["id"], Value::Null);
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn a_call_is_done_once_for_its_key_and_recorded_once() {
    let app = TestApp::start();
    let (head, auditor) = (app.role(Role::OutletHead), app.role(Role::Auditor));
    let lines: Vec<Value> =
        (0..30).map(|n| line(&format!("P-{n}"), 1, person(&format!("第{n}人")))).collect();
    let first = call(&head, "", "night-2026-11-26", &lines).expect(200);
    // Somebody changes one; the call sent again does not undo it.
    let path = format!("/customers/{}", first.json()["results"][4]["id"].as_str().expect("an id"));
    let tag = head.get(&path).expect(200).tag();
    head.patch(&path, &tag, &json!({"name": "改过"})).expect(200);
    let again = call(&head, "", "night-2026-11-26", &lines).expect(200);
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    assert_eq!(again.json(), first.json());
    assert_eq!(head.get(&path).expect(200).json()["name"], "改过");
    assert_eq!(
        call(&head, "?mode=atomic", "night-2026-11-26", &lines).expect(422).code(),
        "idempotency_key_reused"
    );
    // One entry for the call; an event for each customer.
    let entries =
        auditor.get("/audit-entries?filter=action%20eq%20%22customer.upserted_many%22").expect(200).json();
    assert_eq!(entries["data"].as_array().expect("rows").len(), 1);
    assert_eq!(entries["data"][0]["changes"][0], json!({"field": "created", "before": null, "after": 30}));
    let events = app.db(|conn| {
        use diesel::prelude::*;
        use guanxi_db::schema::change_event;
        let of_kind = change_event::table.filter(change_event::kind.eq("customer.created"));
        of_kind.count().get_result::<i64>(conn).map_err(|error| guanxi_db::DbError::from(error).into())
    });
    assert_eq!(events, 30);
    let later = crate::clock::now().plus_seconds(8 * 24 * 3600);
    assert_eq!(app.db(move |conn| crate::customers::purge_bulk_outcomes(conn, later)), 1);
}

#[test]
fn what_is_no_bulk_call_is_told_so() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let one = line("C-1", 1, person("一"));
    let body = one.to_string();
    let lines = ("Content-Type", "application/x-ndjson");
    let send = |headers: &[(&str, &str)], body: &[u8]| {
        head.send_bytes("POST", "/bulk/customers", headers, Some(body))
    };
    assert_eq!(send(&[lines], body.as_bytes()).expect(400).code(), "idempotency_key_required");
    let key = ("Idempotency-Key", "some-key-1");
    assert_eq!(
        send(&[key, ("Content-Type", "application/json")], body.as_bytes()).expect(415).code(),
        "unsupported_media_type"
    );
    assert_eq!(send(&[key, lines], b" \n\n").expect(422).fields(), [(String::new(), "required".to_owned())]);
    let many = format!("{body}\n").repeat(1001);
    assert_eq!(send(&[key, lines], many.as_bytes()).expect(413).code(), "too_large");
    let long = vec![b'x'; 5 * 1024 * 1024 + 1];
    assert_eq!(send(&[key, lines], &long).expect(413).code(), "too_large");
    assert_eq!(call(&head, "?mode=some", "some-key-1", &[one]).expect(400).code(), "invalid_parameter");
    assert_eq!(
        call(&head, "", "some-key-1", &[json!("\u{fffd}")]).expect(207).json()["results"][0]["problem"]["code"],
        "malformed"
    );
}

/// A value for every member of a profile of this kind of customer, or the other one of two.
fn full(kind: &str, other: bool) -> Value {
    let text = |name: &str| format!("{name}{}", if other { "乙" } else { "甲" });
    let pick = |values: [&str; 2]| values[usize::from(other)].to_owned();
    let mut data = json!({
        "name": text("名"), "form_of_address": text("称呼"), "province": text("省"), "city": text("市"), "employer": text("单位"),
        "occupation": text("职业"), "industry": text("行业"), "income_band": pick(["below_100k", "from_100k_to_300k"]),
        "preferred_channel": pick(["phone", "sms"]), "preferred_language": pick(["zh-CN", "en"]),
        "source": pick(["own_circle", "introduced"]), "risk_attribute": pick(["c1", "c2"]),
        "customer_since": pick(["2001-02-03", "2004-05-06"]), "hobbies": text("爱好"), "character": text("性格"),
        "dislikes": text("忌讳"), "needs": [pick(["investment", "preservation"])], "risks": [pick(["health", "liability"])],
        "goals": [pick(["education", "retirement"])], "preferences": text("偏好"), "notes": text("备注"),
        "do_not_contact": {"all": other, "channels": [pick(["sms", "email"])], "hours": {"from": pick(["21:00", "22:00"]), "to": "09:00"}},
        "restricted": {"reason": text("原因"), "source": text("来源"), "until": null},
        "outside_assets": [{"institution": text("他行"), "kind": "fund", "as_of": pick(["2025-01-01", "2025-02-01"]), "estimate": null}],
    });
    let own = match kind {
        "person" => json!({
            "gender": pick(["female", "male"]), "birth_date": pick(["1980-01-02", "1981-02-03"]),
            "birth_year": if other { 1981 } else { 1980 }, "marital_status": pick(["single", "married"]), "children": u8::from(other),
        }),
        _ => json!({
            "business_state": pick(["start_up", "growing"]), "organisation_size": pick(["micro", "small"]),
            "credit_rating": text("A"), "legal_representative": text("法人"),
        }),
    };
    data.as_object_mut().expect("an object").extend(own.as_object().expect("an object").clone());
    data
}

#[test]
fn every_member_of_a_profile_is_created_and_changed() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let known = |data: &Value, name: &&&str| data.get(**name).is_some();
    let (person, organisation) = (full("person", false), full("organisation", false));
    let missing: Vec<_> = guanxi_api::CustomerProfile::FIELDS
        .iter()
        .filter(|name| !known(&person, name) && !known(&organisation, name))
        .collect();
    assert_eq!(missing, Vec::<&&str>::new(), "members that this test does not know");
    for (round, other) in [false, true].into_iter().enumerate() {
        let lines = ["person", "organisation"].map(|kind| {
            let mut data = full(kind, other);
            data["kind"] = json!(kind);
            data["status"] = json!(if other { "dormant" } else { "active" });
            line(kind, 1, data)
        });
        let outcome = call(&head, "", &format!("round-{round}-of-two"), &lines).expect(200).json();
        assert_eq!(statuses(&outcome), [if other { "updated" } else { "created" }; 2]);
        for (n, kind) in ["person", "organisation"].into_iter().enumerate() {
            let id = outcome["results"][n]["id"].as_str().expect("an id");
            let shown = head.get(&format!("/customers/{id}")).expect(200).json();
            for (name, value) in full(kind, other).as_object().expect("an object") {
                assert_eq!(&shown[name], value, "{kind} {name} in round {round}");
            }
            assert_eq!(shown["status"], if other { "dormant" } else { "active" });
        }
        let again = call(&head, "", &format!("again-{round}-of-two"), &lines).expect(200).json();
        assert_eq!(statuses(&again), ["unchanged", "unchanged"]);
    }
}

#[test]
fn whoever_only_still_sees_a_customer_changes_nothing_of_it() {
    use diesel::prelude::*;
    use guanxi_db::schema::customer_access;

    let app = TestApp::start();
    let (rm, other) = (app.role(Role::Rm), app.user("rm2"));
    let made = call(&other, "", "erp-seen-1", &[line("C-1", 1, person("王伟"))]).expect(200).json();
    let id: uuid::Uuid = made["results"][0]["id"].as_str().expect("an id").parse().expect("an id");
    let unseen = call(&rm, "", "erp-seen-2", &[line("C-1", 2, json!({"city": "苏州"}))]).expect(207).json();
    assert_eq!(unseen["results"][0]["problem"]["code"], "not_found");

    let user = crate::access::UserId::new(app.fixture.user("rm"));
    app.db(move |conn| {
        let until = guanxi_db::Moment(i64::MAX / 2);
        diesel::insert_into(customer_access::table)
            .values((
                customer_access::user_id.eq(user),
                customer_access::customer_id.eq(crate::customers::CustomerId::new(id)),
                customer_access::until.eq(until),
            ))
            .execute(conn)
            .map(drop)
            .map_err(|error| guanxi_db::DbError::from(error).into())
    });
    rm.get(&format!("/customers/{id}")).expect(200);
    let seen = call(&rm, "", "erp-seen-3", &[line("C-1", 3, json!({"city": "苏州"}))]).expect(207).json();
    assert_eq!(seen["results"][0]["problem"]["code"], "forbidden");
    assert_eq!(other.get(&format!("/customers/{id}")).expect(200).json()["city"], "杭州");
}
