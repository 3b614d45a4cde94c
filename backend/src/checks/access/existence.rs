use std::time::{Duration, Instant};

use guanxi_api::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::access::rights::MaskProfile;
use crate::testing::{Answer, Client, TestApp};

pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The list by its URL and by a body.
fn listed(client: &Client, parameter: &str, text: &str) -> [(&'static str, Answer); 2] {
    [
        ("GET", client.get(&format!("/customers?{parameter}={}", encoded(text)))),
        ("POST", client.post("/customers/search", &json!({parameter: text}))),
    ]
}

/// A customer of outlet `a1`, owned by `rm`, with `adviser` in the team.
fn customer(app: &TestApp, body: Value) -> String {
    let head = app.role(Role::OutletHead);
    let mut new = json!({"kind": "person", "name": "欧阳若兰", "owner_id": app.fixture.user("rm")});
    for (name, value) in body.as_object().expect("members") {
        new[name] = value.clone();
    }
    let created = head.post("/customers", &new).expect(201);
    let id = created.json()["id"].as_str().expect("an id").to_owned();
    let team = json!({"members": [{"user_id": app.fixture.user("adviser"), "role": "adviser"}]});
    head.put(&format!("/customers/{id}/team"), &created.tag(), &team).expect(200);
    id
}

#[test]
fn b5_masked_fields_cannot_be_filtered_or_sorted_by() {
    let app = TestApp::start();
    customer(&app, json!({"birth_date": "1949-12-31", "income_band": "above_5m"}));
    let filters = [
        "aum gt 1",
        "kind eq \"person\" and aum le 99999999",
        "not (aum gt 1)",
        "kind eq \"organisation\" or (kind eq \"person\" and aum ge 5)",
        "tier eq \"mass\"",
        "tier in (\"mass\", \"gold\")",
        "birth_date eq \"1949-12-31\"",
        "birth_date eq null",
        "birth_year lt 1950",
        "income_band ne \"above_5m\"",
    ];
    for role in Role::ALL {
        let client = app.role(*role);
        let restricted = MaskProfile::of(*role) == MaskProfile::Restricted;
        for filter in filters {
            for (way, answer) in listed(&client, "filter", filter) {
                if restricted {
                    let answer = answer.expect(403);
                    assert_eq!(answer.code(), "field_not_filterable", "{role} {way} {filter}");
                    assert!(answer.json().get("data").is_none(), "{role} {way} {filter}");
                } else {
                    assert_eq!(answer.status, 200, "{role} {way} {filter}: {}", answer.text());
                }
            }
        }
        for sort in ["aum", "-aum", "aum,name", "name,-aum"] {
            for (way, answer) in listed(&client, "sort", sort) {
                if restricted {
                    let answer = answer.expect(403);
                    assert_eq!(answer.code(), "field_not_filterable", "{role} {way} {sort}");
                } else {
                    assert_eq!(answer.status, 200, "{role} {way} {sort}: {}", answer.text());
                }
            }
        }
        for sort in ["tier", "-tier", "birth_date", "birth_year", "income_band", "phone", "identity", "notes"]
        {
            for (way, answer) in listed(&client, "sort", sort) {
                assert!(matches!(answer.status, 400 | 403), "{role} {way} {sort}: {}", answer.status);
            }
        }
    }
}

#[test]
fn b5_names_and_numbers_are_not_filtered_by_in_urls() {
    let app = TestApp::start();
    customer(&app, json!({"contact_points": [{"kind": "phone", "value": "13987654321"}]}));
    for role in Role::ALL {
        let client = app.role(*role);
        let [(_, by_url), (_, by_body)] = listed(&client, "filter", "full_name eq \"欧阳若兰\"");
        by_url.expect(400);
        assert_eq!(by_body.expect(200).json()["data"].as_array().map(Vec::len), Some(1), "{role}");
        for field in [
            "name",
            "phone",
            "phone_masked",
            "contact_points",
            "identity",
            "notes",
            "value_hash",
            "tail_hash",
            "details",
        ] {
            for (way, answer) in listed(&client, "filter", &format!("{field} eq \"13987654321\"")) {
                assert_eq!(
                    (answer.status, answer.code()),
                    (400, "filter_invalid".into()),
                    "{role} {way} {field}"
                );
            }
        }
        let refused = client.get("/customers?q=13987654321").expect(400);
        assert_eq!(refused.code(), "unknown_parameter", "{role}");
    }
}

#[test]
fn b5_a_search_tells_no_masked_value() {
    let app = TestApp::start();
    let secret = json!({
        "birth_date": "1949-12-31", "income_band": "above_5m", "notes": "金丝雀甲", "character": "金丝雀乙", "dislikes": "金丝雀丙",
        "outside_assets": [{"institution": "金丝雀丁", "kind": "fund", "as_of": "2025-01-01"}], "goals": ["emigration"],
        "contact_points": [{"kind": "phone", "value": "13987654321"}, {"kind": "email", "value": "canary.bird@example.com"},
            {"kind": "wechat", "value": "canary_7713"}, {"kind": "address", "value": "浙江省杭州市西湖区灵隐路七号金丝雀"}],
        "identity": {"kind": "resident_card", "number": "11010519491231002X"},
    });
    let id = customer(&app, secret);
    let finds = |client: &Client, q: &str| {
        let found = client.post("/customers/search", &json!({"q": q})).expect(200).json();
        found["data"].as_array().expect("a list").iter().any(|row| row["id"] == id.as_str())
    };
    for role in Role::ALL {
        let client = app.role(*role);
        // Parts of numbers and addresses find nobody, whoever asks; nor does anything that a restricted role sees masked.
        for q in [
            "1949-12-31",
            "19491231",
            "1949",
            "above_5m",
            "金丝雀",
            "金丝雀甲",
            "金丝雀丁",
            "emigration",
            "mass",
            "1398765",
            "8765",
            "5432",
            "110105",
            "11010519491231",
            "002X",
            "canary",
            "canary.bird",
            "@example.com",
            "7713",
            "灵隐路",
            "西湖区",
        ] {
            assert!(!finds(&client, q), "{role} finds by {q}");
        }
        // Whole numbers and the last four digits of a phone are what one recognises a customer by.
        for q in ["13987654321", "4321", "11010519491231002X", "canary.bird@example.com", "欧阳"] {
            assert!(finds(&client, q), "{role} does not find by {q}");
        }
    }
    // And of nobody else's customers, whole number or not.
    for stranger in ["rm2", "rm_a2", "rm_b1", "head_b1"] {
        for q in ["13987654321", "4321", "11010519491231002X", "欧阳"] {
            assert!(!finds(&app.user(stranger), q), "{stranger} finds by {q}");
        }
        let found = app
            .user(stranger)
            .post("/customers/search", &json!({"q": "13987654321", "include": "total"}))
            .expect(200);
        assert_eq!(found.json()["page"]["total"], 0, "{stranger}");
    }
}

#[test]
fn b5_a_cursor_serves_only_whom_it_was_given_to() {
    let app = TestApp::start();
    for name in ["甲一", "乙二", "丙三"] {
        customer(&app, json!({"name": name}));
    }
    let page = app.role(Role::OutletHead).get("/customers?limit=1&sort=-aum").expect(200).json();
    let cursor = page["page"]["next"].as_str().expect("a next page").to_owned();
    for role in [Role::Teller, Role::Service, Role::Admin, Role::Rm, Role::BranchManager] {
        let client = app.role(role);
        for path in ["/customers?limit=1&cursor=", "/customers?limit=1&sort=-aum&cursor="] {
            let answer = client.get(&format!("{path}{cursor}"));
            assert!(matches!(answer.status, 400 | 403), "{role} {path}: {}", answer.status);
        }
    }
}

fn without_request_id(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    assert!(body["request_id"].is_string());
    body["request_id"] = Value::Null;
    (answer.status, body)
}

fn header_names(answer: &Answer) -> Vec<String> {
    let mut names: Vec<String> = answer.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
    names.sort();
    names
}

#[test]
fn b5_an_unknown_customer_and_one_outside_the_scope_look_the_same() {
    let app = TestApp::start();
    let created = app
        .user("head_b1")
        .post(
            "/customers",
            &json!({"kind": "person", "name": "欧阳若兰",
        "contact_points": [{"kind": "phone", "value": "13987654321"}]}),
        )
        .expect(201)
        .json();
    let id = created["id"].as_str().expect("an id").to_owned();
    let point = created["contact_points"][0]["id"].as_str().expect("an id").to_owned();
    let calls: [(&str, &str, Option<Value>); 12] = [
        ("GET", "", None),
        ("PATCH", "", Some(json!({"city": "苏州"}))),
        ("GET", "/history", None),
        ("GET", "/history?limit=1&include=total", None),
        ("POST", "/reveal", Some(json!({"fields": [point], "reason": "the customer asked"}))),
        ("POST", "/archive", None),
        ("POST", "/restore", None),
        ("POST", "/assign", Some(json!({"owner_id": null}))),
        ("PUT", "/team", Some(json!({"members": []}))),
        ("POST", "/contact-points", Some(json!({"kind": "phone", "value": "13900001111"}))),
        ("PUT", "/external-ids/core", Some(json!({"id": "7"}))),
        ("DELETE", "/external-ids/core", None),
    ];
    for role in
        [Role::Rm, Role::Adviser, Role::OutletHead, Role::Teller, Role::DeputyManager, Role::BranchManager]
    {
        let client = app.role(role);
        for (method, path, body) in &calls {
            // A version that is the newest, an old one, and none at all.
            for tag in [Some("\"1-0\""), Some("\"7-0\""), None] {
                let headers: Vec<(&str, &str)> = tag.iter().map(|tag| ("If-Match", *tag)).collect();
                let ask = |id: &str| {
                    client.send(method, &format!("/customers/{id}{path}"), &headers, body.as_ref())
                };
                let (outside, unknown) = (ask(&id), ask(&Uuid::now_v7().to_string()));
                assert_eq!(
                    without_request_id(&outside),
                    without_request_id(&unknown),
                    "{role} {method} {path} {tag:?}"
                );
                assert_eq!(header_names(&outside), header_names(&unknown), "{role} {method} {path} {tag:?}");
                assert!(outside.status >= 400, "{role} {method} {path} {tag:?}");
            }
        }
    }

    let client = app.role(Role::Rm);
    let time = |id: &str| {
        let started = Instant::now();
        client.get(&format!("/customers/{id}")).expect(404);
        started.elapsed()
    };
    let (mut outside, mut unknown): (Vec<Duration>, Vec<Duration>) =
        (0..1000).map(|_| (time(&id), time(&Uuid::now_v7().to_string()))).unzip();
    outside.sort();
    unknown.sort();
    let (outside, unknown) = (outside[500], unknown[500]);
    eprintln!(
        "B5: median of 1,000 pairs: outside the scope {outside:?}, unknown {unknown:?}, difference {:?}",
        outside.abs_diff(unknown)
    );
}

/// The members of a document, without their values.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Null => Value::Null,
        _ => json!("…"),
    }
}

#[test]
fn b5_an_identity_number_of_another_branch_is_taken_as_a_new_one() {
    let app = TestApp::start();
    let new = |number: &str| {
        json!({"kind": "person", "name": "欧阳若兰", "identity": {"kind": "resident_card", "number": number},
        "contact_points": [{"kind": "phone", "value": "13987654321"}]})
    };
    app.user("head_b1").post("/customers", &new("11010519491231002X")).expect(201);
    let head = app.role(Role::OutletHead);
    let same = head.post("/customers", &new("11010519491231002X")).expect(201);
    let fresh = head.post("/customers", &new("440524188001010014")).expect(201);
    assert_eq!(shape(&same.json()), shape(&fresh.json()));
    assert_eq!(header_names(&same), header_names(&fresh));
    let patched = |answer: &Answer, number: &str| {
        let path = format!("/customers/{}", answer.json()["id"].as_str().expect("an id"));
        head.patch(&path, &answer.tag(), &json!({"identity": {"kind": "resident_card", "number": number}}))
            .expect(200)
    };
    assert_eq!(
        shape(&patched(&fresh, "11010519491231002X").json()),
        shape(&patched(&same, "440524188001010014").json())
    );
}
