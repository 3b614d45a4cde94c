use guanxi_api::Role;
use serde_json::{Value, json};

use crate::testing::{Client, TestApp};

/// Creates a customer and gives its path and tag.
fn create(client: &Client, body: &Value) -> (String, String) {
    let answer = client.post("/customers", body).expect(201);
    (format!("/customers/{}", answer.json()["id"].as_str().expect("an id")), answer.tag())
}

#[test]
fn a_customer_is_created_found_changed_archived_and_restored() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let (path, tag) = create(
        &head,
        &json!({
            "kind": "person", "name": " 张三丰 ", "city": "杭州", "status": "active",
            "identity": {"kind": "resident_card", "number": "11010519491231002x"},
            "contact_points": [
                {"kind": "phone", "value": "138 0013 8000", "use": "work"},
                {"kind": "email", "value": "zhang@Example.com"}
            ],
            "external_ids": [{"source": "core", "id": "4711"}]
        }),
    );
    let customer = head.get(&path).expect(200).json();
    assert_eq!(customer["name"], "张三丰");
    assert_eq!(customer["birth_date"], "1949-12-31", "taken from the identity number");
    assert_eq!(customer["identity"]["number"], "110***********002X");
    assert_eq!(customer["contact_points"][1]["value"], "138****8000");
    assert_eq!(customer["contact_points"][1]["primary"], true);

    for q in
        ["三丰", "zhangsan", "sanfeng", "zsf", "张s", "8000", "13800138000", "4711", "11010519491231002X"]
    {
        let found = head.post("/customers/search", &json!({"q": q})).expect(200).json();
        assert_eq!(found["data"][0]["name"], "张三丰", "{q}");
    }
    let none = head.post("/customers/search", &json!({"q": "李四"})).expect(200).json();
    assert_eq!(none["data"], json!([]));

    let changed = head.patch(&path, &tag, &json!({"city": null, "employer": "武当派"})).expect(200);
    assert_eq!(changed.json()["city"], Value::Null);
    assert_eq!(changed.json()["employer"], "武当派");
    assert_eq!(changed.json()["version"], 2);
    let stale = head.patch(&path, &tag, &json!({"city": "上海"})).expect(412);
    assert_eq!(stale.tag(), changed.tag(), "the current tag is told");

    let archived = head.act(&format!("{path}/archive"), &changed.tag()).expect(200);
    assert_eq!(head.get("/customers").expect(200).json()["data"], json!([]));
    let asked = head.get("/customers?filter=archived%20eq%20true").expect(200).json();
    assert_eq!(asked["data"][0]["name"], "张三丰");
    head.act(&format!("{path}/archive"), &archived.tag()).expect(409);
    head.act(&format!("{path}/restore"), &archived.tag()).expect(200);
    assert_eq!(head.get("/customers").expect(200).json()["data"][0]["name"], "张三丰");

    let history = head.get(&format!("{path}/history")).expect(200).json();
    let actions: Vec<&str> = history["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|entry| entry["action"].as_str())
        .collect();
    assert_eq!(actions, ["customer.restored", "customer.archived", "customer.updated", "customer.created"]);
    assert_eq!(
        history["data"][2]["changes"],
        json!([
            {"field": "city", "before": "杭州", "after": null},
            {"field": "employer", "before": null, "after": "武当派"},
        ])
    );
}

#[test]
fn masked_values_are_revealed_on_record_only() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let (path, _) = create(
        &rm,
        &json!({"kind": "person", "name": "李四", "contact_points": [{"kind": "phone", "value": "13912345678"}]}),
    );
    let point =
        rm.get(&path).expect(200).json()["contact_points"][0]["id"].as_str().expect("an id").to_owned();
    let reveal = format!("{path}/reveal");
    let revealed =
        rm.post(&reveal, &json!({"fields": [point], "reason": "call back as agreed"})).expect(200).json();
    assert_eq!(revealed["values"][0]["value"], "+8613912345678");
    let missing = rm.post(&reveal, &json!({"fields": ["identity"], "reason": "call back"})).expect(422);
    assert_eq!(missing.fields(), [("/fields/0".to_owned(), "not_found".to_owned())]);
    app.role(Role::Admin).post(&reveal, &json!({"fields": [point], "reason": "curious"})).expect(403);
    let history = rm.get(&format!("{path}/history")).expect(200).json();
    assert_eq!(history["data"][0]["action"], "customer.revealed");
    assert_eq!(history["data"][0]["reason"], "call back as agreed");
    assert!(!history.to_string().contains("13912345678"));
}
