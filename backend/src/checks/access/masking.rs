use diesel::prelude::*;
use guanxi_api::{CsvProfile, ExportList, Role};
use guanxi_db::schema::customer_figures;
use guanxi_db::{DbError, Id};
use serde_json::{Value, json};
use uuid::Uuid;

use super::canaries::{
    CONTACTS, HELD, HIDDEN, NAMES, RESTRICTED, Watch, canaries, capture_log, logged, whole,
};
use super::rows::Ledger;
use crate::access::rights::Right;
use crate::customers::CustomerId;
use crate::testing::{Client, TestApp};

fn secret() -> Value {
    json!({
        "kind": "person", "name": "欧阳若兰",
        "identity": {"kind": "resident_card", "number": "11010519491231002X"},
        "contact_points": [
            {"kind": "phone", "value": "13987654321"},
            {"kind": "email", "value": "canary.bird@example.com"},
            {"kind": "wechat", "value": "canary_wx_7713"},
            {"kind": "address", "value": "浙江省杭州市西湖区灵隐路七号金丝雀"},
        ],
        "birth_date": "1949-12-31", "income_band": "above_5m", "notes": "夜莺一", "character": "夜莺二", "dislikes": "夜莺三",
        "outside_assets": [{"institution": "夜莺四", "kind": "fund", "as_of": "2025-01-01",
            "estimate": {"amount": "7654321.9876", "currency": "CNY"}}],
        "needs": ["cross_border_reporting"], "goals": ["emigration"], "risks": ["concentration"],
    })
}

/// A customer with a canary in every sensitive field, whom every role of outlet `a1` and above sees; its id and contact points.
pub(super) fn plant(app: &TestApp, watch: &mut Watch) -> (Uuid, Vec<Uuid>) {
    let head = app.role(Role::OutletHead);
    let mut new = secret();
    new["owner_id"] = json!(app.fixture.user("rm"));
    let key = [("Idempotency-Key", "canary-key-0001")];
    let created = head.send("POST", "/customers", &key, Some(&new)).expect(201);
    watch.look("POST /customers", Some(Role::OutletHead), &created);
    watch.look(
        "POST /customers again",
        Some(Role::OutletHead),
        &head.send("POST", "/customers", &key, Some(&new)).expect(201),
    );
    let body = created.json();
    let id: Uuid = body["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let team = json!({"members": [{"user_id": app.fixture.user("adviser"), "role": "adviser"}]});
    let mut answer = head.put(&format!("/customers/{id}/team"), &created.tag(), &team).expect(200);

    // Values that were and are no more stand in the history.
    let path = format!("/customers/{id}");
    let changes = [
        json!({"identity": {"kind": "resident_card", "number": "440524188001010014"}, "name": "慕容雪"}),
        json!({"identity": {"kind": "resident_card", "number": "11010519491231002X"}, "name": "欧阳若兰"}),
        json!({"notes": "other", "outside_assets": []}),
        json!({"notes": "夜莺一", "outside_assets": secret()["outside_assets"]}),
    ];
    for patch in changes {
        answer = head.patch(&path, &answer.tag(), &patch).expect(200);
        watch.look("PATCH /customers/{id}", Some(Role::OutletHead), &answer);
    }
    for (kind, value, next) in [
        ("phone", "13712348765", "13987654321"),
        ("email", "Kanari.Vogel@example.com", "canary.bird@example.com"),
    ] {
        answer = head
            .send(
                "POST",
                &format!("{path}/contact-points"),
                &[("If-Match", &answer.tag())],
                Some(&json!({"kind": kind, "value": value})),
            )
            .expect(200);
        watch.look("POST contact-points", Some(Role::OutletHead), &answer);
        let points = answer.json()["contact_points"].as_array().cloned().expect("a list");
        let point = points
            .iter()
            .rfind(|point| point["kind"] == kind && point["primary"] == false)
            .expect("the new one");
        let place = format!("{path}/contact-points/{}", point["id"].as_str().expect("an id"));
        answer = head.patch(&place, &answer.tag(), &json!({"value": next})).expect(200);
        watch.look("PATCH contact-points", Some(Role::OutletHead), &answer);
        answer = head.delete(&place, &answer.tag()).expect(200);
        watch.look("DELETE contact-points", Some(Role::OutletHead), &answer);
    }
    plant_holding(app, watch, id);
    app.db(move |conn| {
        let row: CustomerId = Id::new(id);
        diesel::update(customer_figures::table.find(row))
            .set((customer_figures::aum.eq(76_543_219_876_i64), customer_figures::tier.eq("private")))
            .execute(conn)
            .map_err(DbError::from)?;
        Ok(())
    });
    plant_contact(app, watch, id);
    let shown = answer.json();
    let points = shown["contact_points"].as_array().expect("a list").iter();
    (id, points.map(|point| point["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")).collect())
}

/// A holding with canaries in its reference, its note and its amount, and a transaction with one in its note.
fn plant_holding(app: &TestApp, watch: &mut Watch, id: Uuid) {
    let head = app.role(Role::OutletHead);
    let new = json!({"code": "canary", "kind": "deposit", "name": {"zh-CN": "存款", "en": "Deposit"}, "currency": "CNY"});
    let product = app.role(Role::Admin).post("/products", &new).expect(201).json()["id"].clone();
    let new = json!({
        "product_id": product, "amount": "7654321.9876", "opened_on": "2026-01-05", "reference": "6222 0219 8765 4711",
        "note": "夜莺五",
    });
    let opened = head.post(&format!("/customers/{id}/holdings"), &new).expect(201);
    watch.look("POST holdings", Some(Role::OutletHead), &opened);
    let path = format!("/holdings/{}", opened.json()["id"].as_str().expect("an id"));
    let new = json!({"day": "2026-01-06", "kind": "deposit", "amount": "1", "note": "夜莺六"});
    let entry = head.post(&format!("{path}/transactions"), &new).expect(201);
    watch.look("POST transactions", Some(Role::OutletHead), &entry);
    let why = json!({"reason": "夜莺六"});
    let entry = entry.json()["id"].as_str().expect("an id").to_owned();
    head.post(&format!("{path}/transactions/{entry}/reverse"), &why).expect(201);
    for role in Role::ALL {
        let client = app.role(*role);
        for end in ["", "/history", "/transactions", "/balances"] {
            let answer = client.get(&format!("{path}{end}"));
            watch.look(&format!("GET {path}{end}"), Some(*role), &answer);
            let shows = !matches!(end, "/balances") && answer.status == 200;
            assert!(
                !shows || !canaries(&whole(&answer), &HELD).is_empty(),
                "{role} sees no note at {path}{end}"
            );
        }
        for end in ["holdings", "transactions", "tier-history"] {
            let path = format!("/customers/{id}/{end}");
            watch.look(&format!("GET {path}"), Some(*role), &client.get(&path));
        }
        for query in ["", "?filter=value%20ge%207654321.9876", "?sort=-value", "?filter=note%20eq%20%22x%22"]
        {
            watch.look(
                &format!("GET /holdings{query}"),
                Some(*role),
                &client.get(&format!("/holdings{query}")),
            );
        }
        watch.look("PATCH", Some(*role), &client.patch(&path, "\"9-0\"", &json!({"amount": "1"})));
    }
}

/// A contact with a canary in its notes, then and now, and tasks with others.
fn plant_contact(app: &TestApp, watch: &mut Watch, customer: Uuid) {
    let rm = app.role(Role::Rm);
    let today = app.state.settings.day(crate::clock::now());
    let contact = json!({
        "kind": "call", "purpose": "service", "outcome": "reached", "notes": "百灵鸟一",
        "next_step": {"title": "百灵鸟二", "due_on": today},
    });
    let created = rm.post(&format!("/customers/{customer}/interactions"), &contact).expect(201);
    watch.look("POST interactions", Some(Role::Rm), &created);
    let path = format!("/interactions/{}", created.json()["id"].as_str().expect("an id"));
    let changed = rm.patch(&path, &created.tag(), &json!({"notes": "Nightjar"})).expect(200);
    watch.look("PATCH interactions", Some(Role::Rm), &changed);
    let back = rm.patch(&path, &changed.tag(), &json!({"notes": "百灵鸟一 nightjar"})).expect(200);
    watch.look("PATCH interactions", Some(Role::Rm), &back);
    let task = json!({"title": "百灵鸟三", "due_on": today, "customer_id": customer});
    watch.look("POST tasks", Some(Role::Rm), &rm.post("/tasks", &task).expect(201));
}

/// Every way to read, and every way to be refused with a sensitive value in the request.
fn probe(app: &TestApp, watch: &mut Watch, role: Option<Role>, client: &Client, id: Uuid, point: Uuid) {
    let user = app.fixture.user("rm");
    let unit = app.fixture.unit("a1");
    let reads = [
        "/customers?limit=1&include=total",
        "/customers?sort=-updated_at",
        "/customers?filter=archived%20eq%20false",
        &format!("/customers/{id}"),
        &format!("/customers/{id}/history"),
        &format!("/customers/{id}/history?limit=1"),
        "/audit-entries?limit=200",
        "/audit-entries?filter=resource_type%20eq%20%22customer%22",
        "/me",
        "/auth/sessions",
        "/users?limit=200",
        &format!("/users/{user}"),
        &format!("/users/{user}/history"),
        "/org-units",
        &format!("/org-units/{unit}"),
        &format!("/org-units/{unit}/history"),
        "/interactions",
        "/tasks",
        "/tasks?filter=assignee_id%20ne%20null",
        &format!("/customers/{id}/interactions"),
        &format!("/customers/{id}/tasks"),
        // Refused.
        "/interactions?filter=notes%20eq%20%22nightjar%22",
        "/tasks?filter=title%20eq%20%22nightjar%22",
        "/customers/13987654321",
        "/customers?limit=0",
        "/customers?cursor=canary.bird",
        "/customers?filter=full_name%20eq%20%2213987654321%22",
        "/customers?filter=phone%20eq%20%2213987654321%22",
        "/customers?filter=aum%20eq%20%2213987654321%22",
        "/customers?filter=city%20eq%20%22%E9%87%91%E4%B8%9D%E9%9B%80",
        "/customers?filter=created_at%20gt%20%2211010519491231002X%22",
        "//api/v1/nothing/13987654321",
    ];
    for path in reads {
        let mut quiet = client.clone();
        quiet.checks_contract = !path.starts_with("//");
        let answer = quiet.get(path);
        watch.look(&format!("GET {path}"), role, &answer);
    }
    for q in [
        "欧阳",
        "13987654321",
        "4321",
        "11010519491231002X",
        "canary.bird@example.com",
        "canary_wx_7713",
        "金丝雀",
    ] {
        watch.look(
            "POST /customers/search",
            role,
            &client.post("/customers/search", &json!({"q": q, "include": "total"})),
        );
    }
    for q in ["百灵鸟", "nightjar"] {
        watch.look("POST /interactions/search", role, &client.post("/interactions/search", &json!({"q": q})));
    }
    let tag = "\"99-0\"";
    let tagged = [("If-Match", tag)];
    let customer = format!("/customers/{id}");
    let wrong: [(&str, String, Value); 24] = [
        ("POST", "/customers/search".into(), json!({"filter": "phone eq \"13987654321\""})),
        ("POST", "/customers/search".into(), json!({"filter": "full_name eq 13987654321"})),
        ("POST", "/customers/search".into(), json!({"q": "13987654321", "cursor": "canary.bird"})),
        ("POST", "/customers/search".into(), json!({"q": 13_987_654_321_i64})),
        ("POST", "/interactions/search".into(), json!({"q": "13987654321", "cursor": "canary.bird"})),
        (
            "POST",
            format!("{customer}/interactions"),
            json!({"kind": "13987654321", "purpose": "sale", "outcome": "sold"}),
        ),
        ("POST", "/tasks".into(), json!({"title": "nightjar", "due_on": "13987654321"})),
        (
            "POST",
            "/customers".into(),
            json!({"kind": "person", "name": "慕容雪", "identity": {"kind": "resident_card", "number": "110105194912310021"}}),
        ),
        (
            "POST",
            "/customers".into(),
            json!({"kind": "person", "name": "慕容雪", "identity": {"kind": "unified_social_credit_code", "number": "11010519491231002X"}}),
        ),
        ("POST", "/customers".into(), json!({"kind": "13987654321", "name": "慕容雪"})),
        ("POST", "/customers".into(), json!({"kind": "person", "name": {"full": "13987654321"}})),
        (
            "POST",
            "/customers".into(),
            json!({"kind": "person", "name": "慕容雪", "contact_points": [
            {"kind": "phone", "value": "13987654x21"}, {"kind": "email", "value": "canary_bad_mail"}, {"kind": "wechat", "value": "金丝雀"},
            {"kind": "phone", "value": "139****4321"}]}),
        ),
        (
            "POST",
            "/customers".into(),
            json!({"kind": "person", "name": "慕容雪", "contact_points": [{"kind": "phone", "value": 13_987_654_321_i64}]}),
        ),
        (
            "POST",
            "/customers".into(),
            json!({"kind": "person", "name": "慕容雪", "birth_date": "13987654321"}),
        ),
        (
            "POST",
            "/customers".into(),
            json!({"kind": "person", "name": "慕容雪", "org_unit_id": "13987654321"}),
        ),
        (
            "POST",
            "/customers".into(),
            json!({"kind": "person", "name": "x".repeat(201), "notes": "金丝雀".repeat(2000)}),
        ),
        (
            "PATCH",
            customer.clone(),
            json!({"identity": {"kind": "resident_card", "number": "110105194912310021"}}),
        ),
        (
            "PATCH",
            customer.clone(),
            json!({"identity": {"kind": "resident_card", "number": "11010519491231002X"}}),
        ),
        ("PATCH", format!("{customer}/contact-points/{point}"), json!({"value": "13987654x21"})),
        ("PATCH", format!("{customer}/contact-points/{point}"), json!({"value": "13987654321"})),
        ("POST", format!("{customer}/contact-points"), json!({"kind": "email", "value": "canary_bad_mail"})),
        (
            "POST",
            format!("{customer}/reveal"),
            json!({"fields": ["13987654321"], "reason": "the customer asked"}),
        ),
        ("POST", format!("{customer}/reveal"), json!({"fields": ["identity"], "reason": "x"})),
        (
            "PUT",
            "/customers/by-external/CORE/1".into(),
            json!({"kind": "organisation", "name": "慕容雪", "identity": {"kind": "passport", "number": "55667788990011"}}),
        ),
    ];
    for (method, path, body) in wrong {
        let answer = client.send(method, &path, &tagged, Some(&body));
        assert!(answer.status >= 400, "{method} {path} with {body} as {role:?} gave {}", answer.status);
        watch.look(&format!("{method} {path} with {body}"), role, &answer);
    }
    for body in
        [&b"{\"kind\":\"person\",\"name\":\"13987654321"[..], b"13987654321", b"\"canary.bird@example.com\""]
    {
        let answer =
            client.send_bytes("POST", "/customers", &[("Content-Type", "application/json")], Some(body));
        assert!(answer.status >= 400);
        watch.look("POST /customers with what is not JSON", role, &answer);
    }
    let answer =
        client.send_bytes("POST", "/customers", &[("Content-Type", "text/plain")], Some(b"13987654321"));
    watch.look("POST /customers as text", role, &answer);
    let key = [("Idempotency-Key", "canary-key-0001")];
    let mut other = secret();
    other["name"] = json!("慕容雪");
    if role.is_some_and(|role| role == Role::OutletHead) {
        let answer = client.send("POST", "/customers", &key, Some(&other)).expect(422);
        watch.look("POST /customers with a used key", role, &answer);
    }
}

/// Every list as a file of every form, for every role that gets one.
fn look_at_files(app: &TestApp, watch: &mut Watch) {
    let mut made = 0;
    for role in Role::ALL {
        let client = app.role(*role);
        for list in ExportList::ALL {
            for profile in CsvProfile::ALL {
                // What is searched for stays out of the log and of the rows, too.
                let q = matches!(list, ExportList::Customers).then_some("13987654321");
                let mut new = json!({"list": list, "format": "csv", "profile": profile, "q": q});
                new.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
                let key = Uuid::now_v7().to_string();
                let answer = client.send("POST", "/jobs/exports", &[("Idempotency-Key", &key)], Some(&new));
                watch.look("POST /jobs/exports", Some(*role), &answer);
                if answer.status != 202 {
                    continue;
                }
                app.export_all();
                let path = format!("/jobs/{}", answer.json()["id"].as_str().expect("an id"));
                let job = client.get(&path).expect(200);
                watch.look("GET /jobs/{id} of an export", Some(*role), &job);
                assert_eq!(job.json()["state"], "succeeded", "{}", job.text());
                let file = client.get(&format!("{path}/file")).expect(200);
                watch.look(&format!("GET /jobs/{{id}}/file of {list}"), Some(*role), &file);
                made += 1;
            }
        }
    }
    // Four lists of four roles, of managers in both profiles, and the auditors' in both.
    assert_eq!(made, 4 * (1 + 3 * 2) + 2);
}

#[test]
fn b4_sensitive_values_come_out_by_a_reveal_only() {
    capture_log();
    let app = TestApp::start();
    let mut watch = Watch::default();
    let (id, points) = plant(&app, &mut watch);
    for role in Role::ALL.iter().copied().map(Some).chain([None]) {
        let client = role.map_or_else(|| app.anonymous(), |role| app.role(role));
        probe(&app, &mut watch, role, &client, id, points[0]);
    }
    assert!(
        watch.leaks.is_empty(),
        "{} of {} answers hold canaries:\n{}",
        watch.leaks.len(),
        watch.looked,
        watch.leaks.join("\n")
    );
    assert!(watch.looked > 500, "only {} answers were looked at", watch.looked);

    look_at_files(&app, &mut watch);
    assert!(watch.leaks.is_empty(), "files hold canaries:\n{}", watch.leaks.join("\n"));

    // The canaries are there at all: who may see them does.
    let seen = whole(&app.role(Role::Rm).get(&format!("/customers/{id}")).expect(200));
    // All but the amount as it is stored.
    for canary in RESTRICTED.iter().filter(|canary| **canary != "76543219876") {
        assert!(seen.contains(canary), "{canary} is not in {seen}");
    }
    for role in [Role::Rm, Role::Adviser, Role::OutletHead, Role::BranchManager, Role::Service, Role::Auditor]
    {
        let notes = whole(&app.role(role).get("/interactions").expect(200));
        assert!(notes.contains("百灵鸟一"), "{role} does not see the notes");
    }
    let history = whole(&app.role(Role::Auditor).get("/audit-entries?limit=200").expect(200));
    assert!(history.contains("夜莺四") && history.contains("139****4321"), "{history}");

    // A reveal gives them, exactly to those who may.
    let mut fields: Vec<String> = vec!["identity".into()];
    fields.extend(points.iter().map(Uuid::to_string));
    let body = json!({"fields": fields, "reason": "the customer asked"});
    for role in Role::ALL {
        let answer = app.role(*role).post(&format!("/customers/{id}/reveal"), &body);
        if Right::RevealCustomers.roles().contains(role) {
            let values: Vec<String> = answer.expect(200).json()["values"]
                .as_array()
                .expect("values")
                .iter()
                .map(|value| value["value"].as_str().expect("text").to_owned())
                .collect();
            for value in [
                "11010519491231002X",
                "+8613987654321",
                "canary.bird@example.com",
                "canary_wx_7713",
                "浙江省杭州市西湖区灵隐路七号金丝雀",
            ] {
                // Service staff sees every customer; the others all look after this one.
                assert!(
                    values.iter().any(|revealed| revealed == value),
                    "{role} is not given {value}: {values:?}"
                );
            }
            assert_eq!(values.len(), fields.len());
        } else {
            let refused = answer.expect(403);
            assert_eq!(canaries(&whole(&refused), &HIDDEN), Vec::<&str>::new(), "{role}");
        }
    }
    // The record of a reveal says which field, and holds no value.
    let mut after = Watch::default();
    for role in [Role::Rm, Role::BranchManager, Role::Auditor] {
        after.look(
            "history after reveals",
            Some(role),
            &app.role(role).get(&format!("/customers/{id}/history?limit=200")).expect(200),
        );
    }
    after.look(
        "audit after reveals",
        Some(Role::Auditor),
        &app.role(Role::Auditor).get("/audit-entries?limit=200").expect(200),
    );
    assert!(after.leaks.is_empty(), "{}", after.leaks.join("\n"));

    // At rest: nowhere in the clear, not even as bytes; events and keys hold no values at all.
    for row in Ledger::of(&app).rows(&app) {
        assert_eq!(canaries(&row, &HIDDEN), Vec::<&str>::new(), "{row}");
        if ["change_event:", "idempotency_key:", "audit_entry:"].iter().any(|table| row.starts_with(table)) {
            assert_eq!(canaries(&row, &RESTRICTED), Vec::<&str>::new(), "{row}");
            assert_eq!(canaries(&row, &NAMES), Vec::<&str>::new(), "{row}");
            assert_eq!(canaries(&row, &CONTACTS), Vec::<&str>::new(), "{row}");
        }
    }

    let log = logged();
    assert!(
        log.contains("answered") && log.contains("/api/v1/customers/{id}"),
        "the log was not caught: {log}"
    );
    for line in log.lines() {
        let found = [&HIDDEN[..], &RESTRICTED, &NAMES, &CONTACTS].map(|of| canaries(line, of)).concat();
        assert!(found.is_empty(), "{found:?} in the log: {line}");
    }
}

#[test]
fn b4_restricted_roles_see_neither_facts_nor_figures() {
    let app = TestApp::start();
    let (id, _) = plant(&app, &mut Watch::default());
    let masked = [
        "birth_date",
        "birth_year",
        "income_band",
        "notes",
        "character",
        "dislikes",
        "outside_assets",
        "goals",
        "needs",
        "risks",
    ];
    for role in [Role::Teller, Role::Service, Role::Admin] {
        let customer = app.role(role).get(&format!("/customers/{id}")).expect(200).json();
        for member in masked {
            let value = &customer[member];
            assert!(value.is_null() || *value == json!([]), "{role} sees {member}: {value}");
            assert!(
                customer["_masked"].as_array().expect("a list").contains(&json!(member)),
                "{role} is not told of {member}"
            );
        }
        assert_eq!(
            (&customer["figures"]["tier"], &customer["figures"]["aum"]),
            (&Value::Null, &Value::Null),
            "{role}"
        );
        for answer in [
            app.role(role).get("/customers").expect(200),
            app.role(role).post("/customers/search", &json!({"q": "欧阳"})).expect(200),
        ] {
            let row = &answer.json()["data"][0];
            assert_eq!((&row["tier"], &row["aum"]), (&Value::Null, &Value::Null), "{role}");
            assert_eq!(row["phone"], "139****4321", "{role}");
        }
    }
    for role in
        [Role::Rm, Role::Adviser, Role::OutletHead, Role::DeputyManager, Role::BranchManager, Role::Auditor]
    {
        let customer = app.role(role).get(&format!("/customers/{id}")).expect(200).json();
        for member in masked {
            let value = &customer[member];
            assert!(!value.is_null() && *value != json!([]), "{role} does not see {member}");
        }
        assert_eq!(customer["figures"]["tier"], "private", "{role}");
    }
}
