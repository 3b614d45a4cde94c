use std::collections::BTreeSet;

use guanxi_api::Role;
use serde_json::{Value, json};

use super::matrix::{new_care_plan, new_handover, new_stand_in, pool_policy, team_rules, thresholds};
use super::policy::{OPERATIONS, Operation, document};
use super::rows::{Ledger, difference};
use super::things::{GROUPS, planned_tiers, scheme_definition, segment_definition};
use crate::testing::{Client, PASSWORD, TestApp};

/// Members that the server decides on, or columns that a careless handler would take over. Those that an operation's own
/// schema declares are left out there.
const SERVER_OWNED: [&str; 70] = [
    "id",
    "version",
    "owner",
    "owner_id",
    "org_unit",
    "org_unit_id",
    "customer_no",
    "created_at",
    "updated_at",
    "archived_at",
    "archived",
    "figures",
    "tier",
    "aum",
    "as_of",
    "role",
    "rights",
    "created_by",
    "updated_by",
    "_masked",
    "masked",
    "password",
    "password_hash",
    "auth_epoch",
    "must_change_password",
    "failed_attempts",
    "locked_until",
    "username",
    "search_key",
    "search_version",
    "name_sort",
    "path",
    "depth",
    "parent_id",
    "is_primary",
    "source",
    "status",
    "kind",
    "cipher",
    "value_hash",
    "tail_hash",
    "customer_id",
    "user_id",
    "session_id",
    "actor_id",
    "seq",
    "hash",
    "expires_at",
    "team",
    "contact_points",
    "external_ids",
    "details",
    "value",
    "opening_amount",
    "entries",
    "transactions",
    "effect",
    "reverses_id",
    "applied",
    "maturity",
    "author",
    "author_id",
    "creator",
    "creator_id",
    "assignee",
    "source_id",
    "source_on",
    "done_at",
    "searched",
    "last_contacted_at",
];

/// A value of a kind that the member could have.
fn value_of(member: &str) -> Value {
    match member {
        "entries" | "transactions" => json!(7),
        "applied" => json!(true),
        "value" | "opening_amount" | "effect" => json!("99999999.0000"),
        "version" | "auth_epoch" | "failed_attempts" | "search_key" | "search_version" | "depth" | "seq" => {
            json!(99)
        }
        "archived" | "must_change_password" | "is_primary" => json!(true),
        "created_at" | "updated_at" | "archived_at" | "locked_until" | "as_of" | "expires_at" => {
            json!("2001-01-01T00:00:00.000000Z")
        }
        "aum" => json!({"amount": "99999999.0000", "currency": "CNY"}),
        "figures" => json!({"tier": "private", "aum": {"amount": "99999999.0000", "currency": "CNY"}}),
        "tier" => json!("private"),
        "role" => json!("admin"),
        "team" | "contact_points" | "external_ids" | "rights" | "masked" | "_masked" => json!([]),
        "id" | "owner_id" | "org_unit_id" | "parent_id" | "customer_id" | "user_id" | "session_id"
        | "actor_id" | "author_id" | "creator_id" | "source_id" => {
            json!("01900000-0000-7000-8000-000000000001")
        }
        _ => json!("forged"),
    }
}

/// The schema behind references, and behind the half of an alternative that is not null.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).expect("a schema that exists");
        return resolve(document, target);
    }
    for way in ["oneOf", "anyOf", "allOf"] {
        if let Some(found) =
            schema[way].as_array().and_then(|options| options.iter().find(|option| option["type"] != "null"))
        {
            return resolve(document, found);
        }
    }
    schema
}

/// Every object in a body: its pointer, and the members that its schema declares.
fn objects(
    document: &Value,
    schema: &Value,
    body: &Value,
    at: &str,
    found: &mut Vec<(String, BTreeSet<String>)>,
) {
    let schema = resolve(document, schema);
    match body {
        Value::Object(members) => {
            let declared = schema["properties"]
                .as_object()
                .unwrap_or_else(|| panic!("no members are declared at {at:?}"));
            found.push((at.to_owned(), declared.keys().cloned().collect()));
            for (name, value) in members {
                let part = declared.get(name).unwrap_or_else(|| panic!("{at}/{name} is not declared"));
                objects(document, part, value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate().take(1) {
                objects(document, &schema["items"], item, &format!("{at}/{n}"), found);
            }
        }
        _ => {}
    }
}

fn profile() -> Value {
    json!({
        "name": "李晓梅", "city": "杭州",
        "identity": {"kind": "resident_card", "number": "11010519491231002X"},
        "do_not_contact": {"all": false, "channels": ["sms"], "hours": {"from": "21:00", "to": "09:00"}},
        "restricted": {"reason": "complaint", "source": "compliance"},
        "outside_assets": [{"institution": "别家银行", "kind": "fund", "as_of": "2025-01-01",
            "estimate": {"amount": "1000.0000", "currency": "CNY"}}],
    })
}

fn new_customer() -> Value {
    let mut new = profile();
    new["kind"] = json!("person");
    new["contact_points"] = json!([{"kind": "phone", "value": "13912345678"}]);
    new["external_ids"] = json!([{"source": "crm", "id": "77"}]);
    new
}

/// A body that the operation would take.
fn body(operation: &Operation, app: &TestApp) -> Value {
    let unit = app.fixture.unit("a1");
    match (operation.method, operation.path) {
        ("POST", "/auth/sign-in") => json!({"username": "rm", "password": PASSWORD}),
        ("POST", "/auth/password") => {
            json!({"current_password": PASSWORD, "new_password": "seven lanterns over the lake"})
        }
        ("PATCH", "/me/preferences") => json!({"theme": "dark"}),
        ("POST", "/org-units") => {
            json!({"parent_id": app.fixture.unit("b"), "kind": "outlet", "code": "0777", "name": {"zh-CN": "新", "en": "New"}})
        }
        ("PATCH", "/org-units/{id}") => json!({"name": {"zh-CN": "新", "en": "New"}}),
        ("POST", "/users") => {
            json!({"username": "new.rm", "display_name": "New", "role": "rm", "org_unit_id": unit})
        }
        ("PATCH", "/users/{id}") => json!({"display_name": "Somebody else"}),
        ("POST", "/customers") | ("PUT", "/customers/by-external/{source}/{external_id}") => new_customer(),
        ("POST", "/bulk/customers") => {
            let mut data = profile();
            data["kind"] = json!("person");
            data["contact_points"] = json!([{"kind": "phone", "value": "13912345678"}]);
            json!({"external": {"source": "crm", "id": "77"}, "source_version": 1, "data": data})
        }
        ("POST", "/customers/search") => json!({"q": "李"}),
        ("PATCH", "/customers/{id}") => profile(),
        ("POST", "/customers/{id}/reveal") => json!({"fields": ["identity"], "reason": "the customer asked"}),
        ("POST", "/customers/{id}/assign") => json!({"owner_id": null}),
        ("PUT", "/customers/{id}/team") => {
            json!({"members": [{"user_id": app.fixture.user("rm2"), "role": "rm"}]})
        }
        ("POST", "/customers/{id}/contact-points") => json!({"kind": "phone", "value": "13900001111"}),
        ("PATCH", "/customers/{id}/contact-points/{contact_point_id}") => json!({"use": "work"}),
        ("PUT", "/customers/{id}/external-ids/{source}") => json!({"id": "78"}),
        ("PUT", "/tiers") => {
            json!({"tiers": guanxi_api::Tier::CODES.iter().enumerate().map(|(n, tier)| json!({
            "tier": tier, "threshold": format!("{}", n * 1000), "cadence_days": 7, "servicing_channel": "phone_centre",
        })).collect::<Vec<_>>()})
        }
        ("PUT", "/grade-policy") => {
            app.role(guanxi_api::Role::Admin).get("/grade-policy").json()["rules"].clone()
        }
        ("POST", "/tiers/simulation") => thresholds(),
        ("POST", "/customers/bulk-actions") => json!({
            "selection": {"ids": [uuid::Uuid::now_v7()]},
            "action": {"create_task": {"title": "回访", "due_on": app.state.settings.day(crate::clock::now())}},
        }),
        ("POST", "/tags") => json!({"name": "x", "colour": "teal"}),
        ("PATCH", "/tags/{id}") => json!({"name": "x", "description": "Changed"}),
        ("POST", "/views") => {
            json!({"list": "customers", "name": "x", "filter": "status eq \"active\"", "columns": ["name"]})
        }
        ("PATCH", "/views/{id}") => json!({"name": "x", "sort": "-updated_at"}),
        ("PUT", "/team-rules") => team_rules(),
        ("POST", "/stand-ins") => new_stand_in(app, None),
        ("PATCH", "/stand-ins/{id}") => json!({"note": "Changed"}),
        ("POST", "/customers/{id}/care-plans") => new_care_plan(app),
        ("PATCH", "/care-plans/{id}") => json!({"goal": "Changed"}),
        ("POST", "/care-plans/{id}/steps") => json!({"title": "Call", "due_on": "2026-12-31"}),
        ("POST", "/care-plans/{id}/end") => json!({"achieved": true}),
        ("POST", "/leader-visits/{id}/plan") => json!({"planned_on": "2026-12-31"}),
        ("PUT", "/pool-policy") => pool_policy(),
        ("POST", "/handovers") => new_handover(app),
        ("POST", "/handovers/{id}/acceptance") => json!({"accepts": true}),
        ("POST", "/segment-schemes") => json!(scheme_definition("x")),
        ("PUT", "/segment-schemes/{id}") => json!(scheme_definition("x")),
        ("POST", "/segment-schemes/{id}/segments") | ("PUT", "/segments/{id}") => {
            json!(segment_definition("x"))
        }
        ("POST", "/segments/preview") => json!({"rule": "age ge 20"}),
        ("PUT", "/customers/{id}/segments/{scheme_id}") => {
            json!({"segment_id": null, "reason": "She said so"})
        }
        ("POST", "/tier-policies") => json!(planned_tiers(&app.state.settings, 900)),
        ("PUT", "/tier-policies/{id}") => json!(planned_tiers(&app.state.settings, 901)),
        ("POST", "/products") => json!({
            "code": "new", "kind": "fund", "name": {"zh-CN": "基金", "en": "Fund"}, "currency": "CNY",
        }),
        ("PATCH", "/products/{id}") => json!({"name": {"zh-CN": "基金", "en": "Fund"}}),
        ("POST", "/exchange-rates") => {
            json!({"currency": "USD", "valid_from": "2026-01-01", "rate": "7.1"})
        }
        ("POST", "/customers/{id}/holdings") => json!({
            "product_id": unit, "amount": "10", "opened_on": "2026-01-01", "quantity": {"number": "1", "unit": "grams"},
        }),
        ("PATCH", "/holdings/{id}") => json!({"quantity": {"number": "1", "unit": "grams"}}),
        ("POST", "/holdings/{id}/close") => json!({}),
        ("POST", "/holdings/{id}/transactions") => {
            json!({"day": "2026-01-01", "kind": "deposit", "amount": "1"})
        }
        ("POST", "/holdings/{id}/transactions/{transaction_id}/reverse") => json!({"reason": "twice"}),
        ("POST", "/interactions/search") => json!({"q": "理财"}),
        ("PATCH", "/interactions/{id}") => json!({"notes": "改过"}),
        ("POST", "/customers/{id}/interactions") => json!({
            "kind": "call", "purpose": "service", "outcome": "reached", "notes": "谈过",
            "next_step": {"title": "回访", "due_on": "2999-01-01"},
        }),
        ("PUT", "/holdings/{id}/co-owners") => json!({"customer_ids": []}),
        ("POST", "/customers/{id}/relations") => json!({"other_id": unit, "role": "friend"}),
        ("PATCH", "/customers/{id}/relations/{relation_id}") => json!({"note": "Changed"}),
        ("POST", "/households") => {
            json!({"name": "张家", "members": [{"customer_id": unit, "role": "head"}]})
        }
        ("POST", "/households/search") => json!({"q": "张家"}),
        ("PATCH", "/households/{id}") => json!({"name": "张氏一家"}),
        ("PUT", "/customers/{id}/fields/{field}/verification") => json!({"verified": true}),
        ("POST", "/field-conflicts/{id}/resolve") => json!({"take": "offered"}),
        ("POST", "/duplicates/{id}/dismissal") => json!({"reason": "twins"}),
        ("POST", "/customers/duplicate-check") => {
            json!({"kind": "person", "name": "张三丰", "phone": "13800138000"})
        }
        ("POST", "/customers/{id}/merge") => json!({"other_id": uuid::Uuid::now_v7(), "other_version": 1}),
        ("POST", "/tasks") => json!({"title": "回访", "due_on": "2999-01-01"}),
        ("PATCH", "/tasks/{id}") => json!({"title": "再回访"}),
        ("PUT", "/contact-targets") => json!({"meetings_a_day": 6, "connected_calls_a_day": 21}),
        ("POST", "/today/{line}/complete") => json!({"outcome": "好了"}),
        ("POST", "/today/{line}/postpone") => json!({"due_on": "2999-01-01", "reason": "出差"}),
        ("POST", "/tasks/{id}/complete") => json!({"outcome": "好了"}),
        ("POST", "/tasks/{id}/postpone") => json!({"due_on": "2999-01-01", "reason": "出差"}),
        ("POST", "/tasks/{id}/hand-over") => json!({"assignee_id": app.fixture.user("rm")}),
        ("POST", "/questionnaires") | ("PATCH", "/questionnaires/{id}") => json!({
            "title": {"zh-CN": "问卷", "en": "Questionnaire"},
            "questions": [{"key": "channel", "kind": "single_choice", "text": {"zh-CN": "渠道", "en": "Channel"},
                "options": [{"code": "a", "label": {"zh-CN": "甲", "en": "A"}}], "ask_if": {"question": "nps", "at_most": 6}}],
        }),
        ("POST", "/surveys") => json!({
            "name": "Wave", "questionnaire_id": app.fixture.unit("a1"), "closes_at": "2100-01-01T00:00:00.000000Z",
            "low_score": {"csat": 2, "nps": 6, "ces": 3},
        }),
        ("PATCH", "/surveys/{id}") => json!({"name": "Wave", "low_score": {"csat": 2, "nps": 6, "ces": 3}}),
        ("POST", "/surveys/{id}/invitations") => json!({"customer_ids": [app.fixture.user("rm")]}),
        ("POST", "/surveys/{id}/answers") => {
            json!({"customer_id": app.fixture.user("rm"), "answers": [{"question": "nps", "score": 9}]})
        }
        ("POST", "/jobs/imports") => json!({
            "upload_id": unit, "layout": {"encoding": "utf_8"}, "mapping": super::matrix::mapping(),
        }),
        ("POST", "/import-mappings") | ("PUT", "/import-mappings/{id}") => super::matrix::kept_mapping("x"),
        ("POST", "/jobs/exports") => json!({"list": "customers", "format": "csv"}),
        ("POST", "/jobs/{id}/corrections") => json!({"records": [{"line": 2, "values": ["1"]}]}),
        _ => panic!("{operation} takes a body that this test does not know"),
    }
}

/// The body with one member more in the object that the pointer names.
fn forged(body: &Value, pointer: &str, member: &str) -> Value {
    let mut forged = body.clone();
    forged.pointer_mut(pointer).expect("an object of the body")[member] = value_of(member);
    forged
}

#[test]
fn b3_members_that_the_server_owns_are_refused_in_every_body() {
    let app = TestApp::start();
    let ledger = Ledger::of(&app);
    let document = document();
    let head = app.role(Role::OutletHead);
    let created = head
        .post(
            "/customers",
            &json!({
                "kind": "person", "name": "李晓梅", "owner_id": app.fixture.user("rm"),
                "contact_points": [{"kind": "phone", "value": "13912345678"}], "external_ids": [{"source": "core", "id": "1"}],
            }),
        )
        .expect(201)
        .json();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let (customer, point) = (text(&created["id"]), text(&created["contact_points"][0]["id"]));
    let admin = app.role(Role::Admin);
    let new = json!({"code": "p", "kind": "deposit", "name": {"zh-CN": "存", "en": "D"}, "currency": "CNY"});
    let product = text(&admin.post("/products", &new).expect(201).json()["id"]);
    let new = json!({"product_id": product, "amount": "10", "opened_on": "2026-01-01"});
    let holding = text(&head.post(&format!("/customers/{customer}/holdings"), &new).expect(201).json()["id"]);
    let new = json!({"day": "2026-01-01", "kind": "deposit", "amount": "1"});
    let entry = text(&head.post(&format!("/holdings/{holding}/transactions"), &new).expect(201).json()["id"]);
    let today = app.state.settings.day(crate::clock::now());
    let contact = json!({"kind": "call", "purpose": "service", "outcome": "reached"});
    let interaction = head.post(&format!("/customers/{customer}/interactions"), &contact).expect(201);
    let task = head.post("/tasks", &json!({"title": "回访", "due_on": today})).expect(201);
    let (interaction, task) = (text(&interaction.json()["id"]), text(&task.json()["id"]));
    let rm = app.role(Role::Rm);
    let rows = ledger.rows(&app);
    let (mut tried, mut wrong) = (0, Vec::new());
    for operation in OPERATIONS {
        let item = &document["paths"][format!("/api/v1{}", operation.path)][operation.method.to_lowercase()];
        let content = &item["requestBody"]["content"];
        if content.is_null() {
            continue;
        }
        if operation.path == "/uploads" {
            // A file has no members.
            continue;
        }
        let lines = operation.takes_lines();
        let media = if lines { "application/x-ndjson" } else { "application/json" };
        let schema = &content[media]["schema"];
        assert!(!schema.is_null(), "{operation} takes something that is not JSON");
        let of_head = [
            "/bulk",
            "/care-plans",
            "/customers",
            "/duplicates",
            "/field-conflicts",
            "/handovers",
            "/holdings",
            "/households",
            "/interactions",
            "/jobs/exports",
            "/leader-visits",
            "/stand-ins",
            "/tasks",
            "/today",
        ];
        let is_heads = of_head.iter().any(|start| operation.path.starts_with(start));
        let is_heads = is_heads || operation.path == "/surveys/{id}/answers";
        let client: &Client = if operation.path.ends_with("/acceptance") {
            &rm
        } else if is_heads {
            &head
        } else {
            &admin
        };
        let id = match operation.path.split('/').nth(1) {
            Some("org-units") => app.fixture.unit("b1").to_string(),
            Some("users") => app.fixture.user("rm").to_string(),
            Some("products") => product.clone(),
            Some("holdings") => holding.clone(),
            Some("interactions") => interaction.clone(),
            Some("tasks") => task.clone(),
            _ => customer.clone(),
        };
        let path = operation
            .path
            .replace("{id}", &id)
            .replace("{line}", &format!("contact_due-{customer}-2026-01-01"))
            .replace("{contact_point_id}", &point)
            .replace("{transaction_id}", &entry)
            .replace("{source}", "core")
            .replace("{scheme_id}", &GROUPS.to_string())
            .replace("{external_id}", "1");
        let (path, line) = if lines { (format!("{path}?mode=atomic"), "/1") } else { (path, "") };
        let body = body(operation, &app);
        let mut places = Vec::new();
        objects(&document, schema, &body, "", &mut places);
        for (pointer, declared) in places {
            for member in SERVER_OWNED.iter().filter(|member| !declared.contains(**member)) {
                let forged = forged(&body, &pointer, member);
                let headers =
                    [("If-Match", "\"1-0\""), ("Content-Type", media), ("Idempotency-Key", "forged-1")];
                let answer = client.send(operation.method, &path, &headers, Some(&forged));
                tried += 1;
                let refused = [(format!("{line}{pointer}/{member}"), "unknown_member".to_owned())];
                if answer.status != 422 || answer.fields() != refused {
                    wrong.push(format!(
                        "{operation} with {pointer}/{member}: {} {:?}",
                        answer.status,
                        answer.fields()
                    ));
                }
            }
        }
        let changed = difference(&rows, &ledger.rows(&app));
        assert!(changed.is_empty(), "{operation} wrote\n{}", changed.join("\n"));
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 500, "only {tried} bodies were tried");
}

#[test]
fn b3_what_the_contract_lets_a_body_say_stays_within_the_rights() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    // Nobody gives themselves another role.
    let me = format!("/users/{}", app.fixture.user("admin"));
    let tag = admin.get(&me).expect(200).tag();
    let ledger = Ledger::of(&app);
    let rows = ledger.rows(&app);
    admin.patch(&me, &tag, &json!({"role": "auditor"})).expect(409);
    // A relationship manager names neither another unit nor another owner.
    let rm = app.role(Role::Rm);
    let rows_after_sign_in = ledger.rows(&app);
    assert!(
        difference(&rows, &rows_after_sign_in)
            .iter()
            .all(|row| row.contains("audit_") || row.contains("user_account"))
    );
    for member in ["org_unit_id", "owner_id"] {
        let value = if member == "owner_id" { app.fixture.user("rm2") } else { app.fixture.unit("b1") };
        let answer =
            rm.post("/customers", &json!({"kind": "person", "name": "王小明", member: value})).expect(422);
        assert_eq!(answer.fields().first().map(|field| field.0.clone()), Some(format!("/{member}")));
    }
    assert_eq!(difference(&rows_after_sign_in, &ledger.rows(&app)), Vec::<String>::new());
}
