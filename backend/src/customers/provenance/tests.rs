use guanxi_api::Role;
use serde_json::{Value, json};

use crate::testing::{Answer, Client, TestApp};
use crate::verify;

/// Sends one line of a system with a key of its own.
fn sync(client: &Client, system: &str, data: &Value) -> Value {
    let line = json!({"external": {"source": system, "id": "C-1"}, "data": data});
    let key = uuid::Uuid::now_v7().to_string();
    let headers = [("Content-Type", "application/x-ndjson"), ("Idempotency-Key", key.as_str())];
    let body = line.to_string();
    let answer = client.send_bytes("POST", "/bulk/customers", &headers, Some(body.as_bytes()));
    answer.expect(200).json()["results"][0].clone()
}

/// Changes something from the version that it has now.
fn change(client: &Client, method: &str, path: &str, of: &str, body: &Value) -> Answer {
    let tag = client.get(of).expect(200).header("etag").expect("a tag").to_owned();
    client.send(method, path, &[("If-Match", &tag)], Some(body))
}

/// What is said of a field.
fn source(client: &Client, customer: &str, field: &str) -> Value {
    let sources = client.get(&format!("{customer}/fields")).expect(200).json();
    let fields = sources["fields"].as_array().expect("fields").clone();
    fields.into_iter().find(|source| source["field"] == field).unwrap_or_default()
}

fn conflicts(client: &Client, filter: &str) -> Vec<Value> {
    client.get(&format!("/field-conflicts{filter}")).expect(200).json()["data"]
        .as_array()
        .expect("rows")
        .clone()
}

/// A customer that the core system has brought, and its path.
fn brought(head: &Client) -> String {
    let made = sync(head, "core", &json!({"kind": "person", "name": "王伟", "city": "杭州"}));
    assert_eq!(made["status"], "created");
    format!("/customers/{}", made["id"].as_str().expect("an id"))
}

#[test]
fn a_field_says_whose_word_it_is() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let customer = brought(&head);
    let said = source(&head, &customer, "city");
    assert_eq!((&said["source"], &said["system"]), (&json!("core_system"), &json!("core")));
    assert_eq!(said["set_by"], Value::Null);
    assert_eq!(source(&head, &customer, "employer"), Value::Null, "nothing is said of an empty field");

    let patch = json!({"city": "苏州", "provided_by": "customer", "verified": true});
    change(&head, "PATCH", &customer, &customer, &patch).expect(200);
    let said = source(&head, &customer, "city");
    assert_eq!((&said["source"], &said["system"]), (&json!("customer"), &Value::Null));
    assert_eq!(said["set_by"]["id"], app.fixture.user("outlet_head").to_string());
    assert_eq!(said["verified_by"], said["set_by"]);
    assert_eq!(source(&head, &customer, "name")["source"], "core_system", "the others stay as they are");

    // Another value is another word, which nobody has checked.
    change(&head, "PATCH", &customer, &customer, &json!({"city": "南京", "status": "active"})).expect(200);
    let said = source(&head, &customer, "city");
    assert_eq!((&said["source"], &said["verified_at"]), (&json!("staff"), &Value::Null));
    assert_eq!(source(&head, &customer, "status")["source"], "staff");
    // What a change leaves as it is keeps its source.
    change(&head, "PATCH", &customer, &customer, &json!({"name": "王伟", "city": "南京"})).expect(200);
    assert_eq!(source(&head, &customer, "name")["source"], "core_system");
    change(&head, "PATCH", &customer, &customer, &json!({"city": null})).expect(200);
    assert_eq!(source(&head, &customer, "city")["source"], "staff", "who has cleared it is known");

    let own = head.post("/customers", &json!({"kind": "person", "name": "李晓梅"})).expect(201).json();
    let own = format!("/customers/{}", own["id"].as_str().expect("an id"));
    let said = source(&head, &own, "name");
    assert_eq!(
        (&said["source"], &said["set_by"]["id"]),
        (&json!("staff"), &json!(app.fixture.user("outlet_head")))
    );
    let erp = sync(&head, "erp", &json!({"kind": "person", "name": "赵敏"}));
    let erp = format!("/customers/{}", erp["id"].as_str().expect("an id"));
    assert_eq!(source(&head, &erp, "name")["source"], "erp");
}

#[test]
fn who_sees_fields_masked_sees_nothing_of_them() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let customer = brought(&head);
    change(&head, "PATCH", &customer, &customer, &json!({"notes": "喜欢茶"})).expect(200);
    assert_eq!(source(&head, &customer, "notes")["source"], "staff");
    let verified = json!({"verified": true});
    for field in ["notes", "city"] {
        change(&head, "PUT", &format!("{customer}/fields/{field}/verification"), &customer, &verified)
            .expect(200);
    }
    let teller = app.role(Role::Teller);
    assert_eq!(teller.get(&customer).expect(200).json()["verified"], json!(["city"]));
    assert_eq!(source(&teller, &customer, "notes"), Value::Null);
    assert_eq!(source(&teller, &customer, "city")["source"], "core_system");
}

#[test]
fn a_verified_field_is_changed_by_no_system_without_a_decision() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let customer = brought(&head);
    let verification = format!("{customer}/fields/city/verification");
    let verified =
        change(&head, "PUT", &verification, &customer, &json!({"verified": true})).expect(200).json();
    assert_eq!((&verified["version"], &verified["verified"]), (&json!(2), &json!(["city"])));
    let said = source(&head, &customer, "city");
    assert_eq!(said["source"], "core_system", "who has said it stays");
    assert_eq!(said["verified_by"]["id"], app.fixture.user("outlet_head").to_string());
    // Again changes nothing.
    let again = change(&head, "PUT", &verification, &customer, &json!({"verified": true})).expect(200).json();
    assert_eq!(again["version"], 2);

    let result = sync(&head, "core", &json!({"city": "宁波", "employer": "武当派"}));
    assert_eq!((&result["status"], &result["conflicts"]), (&json!("updated"), &json!(["city"])));
    let kept = head.get(&customer).expect(200).json();
    assert_eq!((&kept["city"], &kept["employer"]), (&json!("杭州"), &json!("武当派")));
    let open = conflicts(&head, "");
    assert_eq!(open.len(), 1);
    let conflict = &open[0];
    assert_eq!((&conflict["current"], &conflict["offered"]), (&json!("杭州"), &json!("宁波")));
    assert_eq!((&conflict["field"], &conflict["system"]), (&json!("city"), &json!("core")));

    // The same offer opens nothing more; another one renews it.
    let result = sync(&head, "core", &json!({"city": "宁波"}));
    assert_eq!((&result["status"], &result["conflicts"]), (&json!("unchanged"), &json!(["city"])));
    assert_eq!(conflicts(&head, "")[0]["version"], 1);
    sync(&head, "core", &json!({"city": null}));
    let renewed = conflicts(&head, "")[0].clone();
    assert_eq!((&renewed["version"], &renewed["offered"]), (&json!(2), &Value::Null));
    // A system with another name has an offer of its own.
    let upsert = json!({"kind": "person", "name": "王伟", "city": "上海", "employer": "武当派"});
    let external = format!("{customer}/external-ids/erp");
    change(&head, "PUT", &external, &customer, &json!({"id": "7"})).expect(200);
    head.send("PUT", "/customers/by-external/erp/7", &[], Some(&upsert)).expect(200);
    assert_eq!(conflicts(&head, "").len(), 2);
    assert_eq!(head.get(&customer).expect(200).json()["city"], "杭州");
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn a_conflict_is_resolved_once_for_either_value() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let customer = brought(&head);
    let verify = |field: &str| {
        let path = format!("{customer}/fields/{field}/verification");
        change(&head, "PUT", &path, &customer, &json!({"verified": true})).expect(200);
    };
    verify("city");
    verify("name");
    sync(&head, "core", &json!({"city": "宁波", "name": "王威"}));
    let of = |field: &str| {
        let filter = format!("?filter=field%20eq%20%22{field}%22%20and%20state%20ne%20null");
        let found = conflicts(&head, &filter);
        assert_eq!(found.len(), 1);
        format!("/field-conflicts/{}", found[0]["id"].as_str().expect("an id"))
    };

    let city = of("city");
    let body = json!({"take": "offered"});
    head.send("POST", &format!("{city}/resolve"), &[("If-Match", "\"7-0\"")], Some(&body)).expect(412);
    let taken = change(&head, "POST", &format!("{city}/resolve"), &city, &body).expect(200).json();
    assert_eq!((&taken["state"], &taken["current"]), (&json!("accepted"), &json!("宁波")));
    assert_eq!(taken["resolved_by"]["id"], app.fixture.user("outlet_head").to_string());
    let said = source(&head, &customer, "city");
    assert_eq!((&said["source"], &said["system"]), (&json!("core_system"), &json!("core")));
    assert_eq!(said["verified_by"]["id"], app.fixture.user("outlet_head").to_string());
    let twice = change(&head, "POST", &format!("{city}/resolve"), &city, &body).expect(409).json();
    assert_eq!(twice["errors"][0]["code"], "already_resolved");

    let name = of("name");
    let kept = change(&head, "POST", &format!("{name}/resolve"), &name, &json!({"take": "current"}));
    assert_eq!(kept.expect(200).json()["state"], "declined");
    assert_eq!(head.get(&customer).expect(200).json()["name"], "王伟");
    assert!(conflicts(&head, "").is_empty());
    // What was declined is not asked again, a third value is.
    sync(&head, "core", &json!({"name": "王威", "city": "宁波"}));
    assert!(conflicts(&head, "").is_empty());
    sync(&head, "core", &json!({"name": "王蔚"}));
    assert_eq!(conflicts(&head, "")[0]["offered"], "王蔚");
    // A taken value can come into question again.
    sync(&head, "core", &json!({"city": "杭州"}));
    assert_eq!(conflicts(&head, "").len(), 2);

    let history = head.get(&format!("{customer}/fields/city/history")).expect(200).json();
    let entries = history["data"].as_array().expect("entries");
    assert!(entries.iter().all(|entry| {
        entry["changes"].as_array().expect("changes").iter().any(|change| change["field"] == "city")
    }));
    assert_eq!(entries.len(), 1, "the creation by lines has one entry for all of them");
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn the_history_of_a_field_has_its_changes_alone() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let new = json!({"kind": "person", "name": "李晓梅", "city": "杭州"});
    let made = rm.post("/customers", &new).expect(201).json();
    let customer = format!("/customers/{}", made["id"].as_str().expect("an id"));
    for n in 0..7 {
        change(&rm, "PATCH", &customer, &customer, &json!({"employer": format!("雇主{n}")})).expect(200);
        if n % 3 == 0 {
            change(&rm, "PATCH", &customer, &customer, &json!({"city": format!("城市{n}")})).expect(200);
        }
    }
    let mut path = format!("{customer}/fields/city/history?limit=2&include=total");
    let mut found = Vec::new();
    loop {
        let page = rm.get(&path).expect(200).json();
        assert_eq!(page["page"]["total"], 4);
        for entry in page["data"].as_array().expect("entries") {
            let changes = entry["changes"].as_array().expect("changes");
            let city = changes.iter().find(|change| change["field"] == "city").expect("the city");
            found.push(city["after"].clone());
        }
        let Some(next) = page["page"]["next"].as_str() else { break };
        path = format!("{customer}/fields/city/history?limit=2&include=total&cursor={next}");
    }
    assert_eq!(found, ["城市6", "城市3", "城市0", "杭州"]);
    rm.get(&format!("{customer}/fields/nonsense/history")).expect(404);
    rm.get(&format!("/customers/{}/fields/city/history", uuid::Uuid::now_v7())).expect(404);
}

#[test]
fn what_says_nothing_is_not_verified() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let customer = brought(&head);
    for field in ["employer", "needs", "do_not_contact", "restricted", "identity"] {
        let path = format!("{customer}/fields/{field}/verification");
        let refused = change(&head, "PUT", &path, &customer, &json!({"verified": true})).expect(409).json();
        assert_eq!(refused["errors"][0]["code"], "nothing_to_verify", "{field}");
    }
    let path = format!("{customer}/fields/version/verification");
    change(&head, "PUT", &path, &customer, &json!({"verified": true})).expect(404);
    // Verified no longer: systems may change it again.
    let path = format!("{customer}/fields/city/verification");
    change(&head, "PUT", &path, &customer, &json!({"verified": true})).expect(200);
    change(&head, "PUT", &path, &customer, &json!({"verified": false})).expect(200);
    assert_eq!(sync(&head, "core", &json!({"city": "宁波"}))["conflicts"], Value::Null);
    assert_eq!(head.get(&customer).expect(200).json()["city"], "宁波");
}

#[test]
fn a_verified_status_stays_until_somebody_takes_another() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let customer = brought(&head);
    let verified = json!({"verified": true});
    change(&head, "PUT", &format!("{customer}/fields/status/verification"), &customer, &verified).expect(200);
    let before = head.get(&customer).expect(200).json()["status"].clone();
    sync(&head, "core", &json!({"status": "dormant"}));
    assert_eq!(head.get(&customer).expect(200).json()["status"], before);
    let open = conflicts(&head, "");
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(
        (&open[0]["field"], &open[0]["current"], &open[0]["offered"]),
        (&json!("status"), &before, &json!("dormant"))
    );
    let path = format!("/field-conflicts/{}", open[0]["id"].as_str().expect("an id"));
    change(&head, "POST", &format!("{path}/resolve"), &path, &json!({"take": "offered"})).expect(200);
    let taken = head.get(&customer).expect(200).json();
    assert_eq!(taken["status"], "dormant");
    assert!(taken["verified"].as_array().expect("fields").contains(&json!("status")));
    assert_eq!(conflicts(&head, ""), Vec::<Value>::new());
}

#[test]
fn a_verified_birthday_keeps_its_year() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let customer = brought(&head);
    let patch = json!({"birth_date": "1980-03-04", "verified": true});
    change(&head, "PATCH", &customer, &customer, &patch).expect(200);
    sync(&head, "core", &json!({"birth_date": "1981-03-04"}));
    let kept = head.get(&customer).expect(200).json();
    assert_eq!((&kept["birth_date"], &kept["birth_year"]), (&json!("1980-03-04"), &json!(1980)));
}
