use chrono::Days;
use guanxi_api::Role;
use serde_json::{Value, json};

use crate::access::Actor;
use crate::testing::{Client, TestApp};
use crate::{clock, grades, verify};

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn day(app: &TestApp, ago: u64) -> String {
    (app.state.settings.day(clock::now()) - Days::new(ago)).to_string()
}

fn customer(client: &Client, name: &str, more: &Value) -> String {
    let mut new = json!({"kind": "person", "name": name});
    new.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    text(&client.post("/customers", &new).expect(201).json()["id"])
}

fn product(app: &TestApp, kind: &str) -> String {
    let new = json!({"code": format!("p-{kind}"), "kind": kind, "name": {"zh-CN": "产品", "en": "Product"}, "currency": "CNY"});
    text(&app.role(Role::Admin).post("/products", &new).expect(201).json()["id"])
}

fn hold(app: &TestApp, customer: &str, product: &str, amount: &str, ago: u64) -> String {
    let new = json!({"product_id": product, "amount": amount, "opened_on": day(app, ago)});
    let made = app.role(Role::Rm).post(&format!("/customers/{customer}/holdings"), &new).expect(201);
    text(&made.json()["id"])
}

/// What the job loop does for grades, after so many days.
fn work_after(app: &TestApp, days: i64) {
    loop {
        let state = app.state.clone();
        let more = app.db(move |conn| {
            let actor = Actor::job(clock::now().plus_seconds(days * 86_400));
            crate::audit::publish(conn)?;
            grades::do_some_work(conn, &actor, &state.settings)
        });
        if !more {
            return;
        }
    }
}

fn work(app: &TestApp) {
    work_after(app, 0);
}

fn grade(client: &Client, customer: &str) -> Value {
    client.get(&format!("/customers/{customer}/grade")).expect(200).json()
}

/// The grade as it is kept.
fn kept(client: &Client, customer: &str) -> Value {
    client.get(&format!("/customers/{customer}")).expect(200).json()["figures"]["value"].clone()
}

fn wrong(app: &TestApp) -> Vec<String> {
    app.db(verify::verify).wrong
}

fn part(grade: &Value, name: &str) -> Value {
    let parts = grade["parts"].as_array().expect("parts");
    parts.iter().find(|part| part["part"] == name).expect("the part").clone()
}

#[test]
fn a_grade_shows_what_it_follows_from() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let profile = json!({"income_band": "above_5m", "needs": ["preservation", "retirement", "tax"], "customer_since": day(&app, 4000),
        "outside_assets": [{"institution": "别家银行", "kind": "fund", "as_of": "2025-01-01", "estimate": {"amount": "1000000", "currency": "CNY"}}]});
    let id = customer(&rm, "张三丰", &profile);
    assert_eq!(kept(&rm, &id), Value::Null, "not graded yet");
    let (deposit, insurance) = (product(&app, "deposit"), product(&app, "insurance"));
    hold(&app, &id, &deposit, "900000", 20);
    hold(&app, &id, &insurance, "100000", 400);
    let call = json!({"kind": "call", "direction": "outbound", "purpose": "complaint", "outcome": "reached", "occurred_at": clock::now().to_utc()});
    rm.post(&format!("/customers/{id}/interactions"), &call).expect(201);
    work(&app);
    let found = grade(&rm, &id);
    // 0.8 % of 900,000 and 1.5 % of 100,000, less 50 for the year and 15 for a call.
    assert_eq!(
        found["income"],
        json!([
            {"kind": "deposit", "holdings": 1, "value": {"amount": "900000.0000", "currency": "CNY"}, "margin_basis_points": 80,
                "income": {"amount": "7200.0000", "currency": "CNY"}},
            {"kind": "insurance", "holdings": 1, "value": {"amount": "100000.0000", "currency": "CNY"}, "margin_basis_points": 150,
                "income": {"amount": "1500.0000", "currency": "CNY"}},
        ])
    );
    assert_eq!(
        found["costs"],
        json!([
            {"kind": null, "contacts": null, "cost": {"amount": "50.0000", "currency": "CNY"}},
            {"kind": "call", "contacts": 1, "cost": {"amount": "15.0000", "currency": "CNY"}},
        ])
    );
    assert_eq!(found["contribution"]["amount"], "8635.0000");
    // Two kinds: of a hundred 48 stay; 8,635 * 48 / (110 - 48).
    assert_eq!(
        found["lifetime_value"],
        json!({"value": {"amount": "6685.1612", "currency": "CNY"}, "retention_percent": 48, "discount_percent": 10})
    );
    assert_eq!(
        found["rfm"],
        json!({"last_purchase_on": day(&app, 20), "purchases": 1, "purchased": {"amount": "900000.0000", "currency": "CNY"},
            "recency": 5, "frequency": 2, "monetary": 4, "class": "recent"})
    );
    for (name, value, points) in [
        ("assets", json!("1000000.0000"), 75),
        ("contribution", json!("8635.0000"), 60),
        ("depth", json!("2"), 40),
        ("income_band", json!("above_5m"), 100),
        ("outside_assets", json!("1000000.0000"), 80),
        ("needs", json!("3"), 100),
        ("loyalty", json!("10"), 100),
        ("purchase_frequency", json!("1"), 30),
        ("complaints", json!("1"), 50),
    ] {
        let part = part(&found, name);
        assert_eq!((&part["value"], &part["points"]), (&value, &json!(points)), "{name}");
    }
    // 25 * 75 + 20 * 60 + 15 * 40 + 5 * 100 + 5 * 80 + 5 * 100 + 10 * 100 + 10 * 30 + 5 * 50, in hundredths.
    assert_eq!(
        (&found["score"], &found["grade"], &found["next_from_score"]),
        (&json!(66), &json!("A"), &Value::Null)
    );
    assert_eq!(
        kept(&rm, &id),
        json!({"grade": "A", "score": 66, "contribution": found["contribution"], "lifetime_value": found["lifetime_value"]["value"]})
    );
    assert_eq!(wrong(&app), Vec::<String>::new());
    app.user("rm_b1").get(&format!("/customers/{id}/grade")).expect(404);
    let masked = app.role(Role::Service).get(&format!("/customers/{id}")).expect(200).json();
    assert_eq!(masked["figures"]["value"], Value::Null);
}

#[test]
fn lists_are_filtered_and_sorted_by_grade_and_value() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let deposit = product(&app, "deposit");
    let make = |name: &str, amount: Option<&str>| {
        let id = customer(&rm, name, &json!({}));
        if let Some(amount) = amount {
            hold(&app, &id, &deposit, amount, 20);
        }
        id
    };
    make("张三丰", Some("9000000"));
    make("李若兰", Some("50000"));
    make("王小明", None);
    work(&app);
    let names = |filter: &str, sort: &str| -> Vec<String> {
        let found = rm.post("/customers/search", &json!({"filter": filter, "sort": sort})).expect(200).json();
        found["data"].as_array().expect("rows").iter().map(|row| text(&row["name"])).collect()
    };
    assert_eq!(names("contribution gt 0", "-contribution"), ["张三丰", "李若兰"]);
    assert_eq!(names("contribution lt 0", "name"), ["王小明"]);
    assert_eq!(names(r#"kind eq "person""#, "lifetime_value"), ["王小明", "李若兰", "张三丰"]);
    assert_eq!(names(r#"grade in ("A", "B")"#, "name"), ["张三丰"]);
    assert_eq!(names(r#"rfm_class eq "dormant""#, "name"), ["王小明"]);
    assert_eq!(names("rfm_recency ge 4 and grade_score lt 50", "name"), ["李若兰"]);
    assert_eq!(names("last_purchase_on eq null", "name"), ["王小明"]);
    let problem = app.role(Role::Teller).post("/customers/search", &json!({"filter": r#"grade eq "A""#}));
    assert_eq!(problem.expect(403).json()["code"], "field_not_filterable");
}

#[test]
fn the_report_says_who_carries_the_bank() {
    let app = TestApp::start();
    let (rm, head) = (app.role(Role::Rm), app.role(Role::OutletHead));
    let empty = head.get("/reports/value").expect(200).json();
    assert_eq!((&empty["customers"], &empty["carrying"]), (&json!(0), &Value::Null));
    let deposit = product(&app, "deposit");
    let mut ids = Vec::new();
    for (name, amount) in
        [("张三丰", Some("9000000")), ("李若兰", Some("100000")), ("王小明", None), ("赵一曼", None)]
    {
        let id = customer(&rm, name, &json!({}));
        if let Some(amount) = amount {
            hold(&app, &id, &deposit, amount, 20);
        }
        ids.push(id);
    }
    work(&app);
    for client in [&rm, &head, &app.role(Role::BranchManager), &app.role(Role::Auditor)] {
        let report = client.get("/reports/value").expect(200).json();
        // 71,950 and 750, less 50 for each of two.
        assert_eq!(
            (&report["customers"], &report["contribution"]["amount"]),
            (&json!(4), &json!("72600.0000"))
        );
        assert_eq!(report["carrying"], 1);
        assert_eq!(
            report["unprofitable"],
            json!({"customers": 2, "contribution": {"amount": "-100.0000", "currency": "CNY"}})
        );
        let curve: Vec<(Value, Value)> = report["curve"]
            .as_array()
            .expect("points")
            .iter()
            .map(|point| (point["customers"].clone(), point["contribution"]["amount"].clone()))
            .collect();
        assert_eq!(
            curve,
            [
                (json!(1), json!("71950.0000")),
                (json!(2), json!("72700.0000")),
                (json!(4), json!("72600.0000"))
            ]
        );
        assert_eq!(
            report["rfm"],
            json!([
                {"recency": 1, "frequency": 1, "class": "dormant", "customers": 2},
                {"recency": 5, "frequency": 2, "class": "recent", "customers": 2},
            ])
        );
    }
    let other = app.user("rm_b1").get("/reports/value").expect(200).json();
    assert_eq!(other["customers"], 0);

    // A lost customer is counted with the grade that it had, an archived one nowhere.
    let best = grade(&rm, &ids[0])["grade"].clone();
    let path = format!("/customers/{}", ids[0]);
    rm.patch(&path, &rm.get(&path).expect(200).tag(), &json!({"status": "lost"})).expect(200);
    let path = format!("/customers/{}", ids[3]);
    head.act(&format!("{path}/archive"), &head.get(&path).expect(200).tag()).expect(200);
    work(&app);
    for client in [&rm, &head] {
        let report = client.get("/reports/value").expect(200).json();
        assert_eq!(report["customers"], 2);
        let shares = report["grades"].as_array().expect("grades");
        let of_best = shares.iter().find(|share| share["grade"] == best).expect("the grade");
        assert_eq!((&of_best["customers"], &of_best["lost"]), (&json!(0), &json!(1)));
        assert_eq!(of_best["retention_percent"], 0);
    }
    assert_eq!(wrong(&app), Vec::<String>::new());
    // Next year it is no loss of these months any more, and stays lost since the same day.
    work_after(&app, 400);
    assert_eq!(kept(&rm, &ids[0])["grade"], best);
}

#[test]
fn other_rules_grade_everybody_anew_and_wrong_ones_are_refused_by_name() {
    let app = TestApp::start();
    let (admin, rm) = (app.role(Role::Admin), app.role(Role::Rm));
    let id = customer(&rm, "张三丰", &json!({}));
    work(&app);
    assert_eq!(kept(&rm, &id)["grade"], "C");
    let found = admin.get("/grade-policy").expect(200);
    let (tag, mut rules) = (found.tag(), found.json()["rules"].clone());
    let refused = |change: &dyn Fn(&mut Value), expected: &[(&str, &str)]| {
        let mut rules = rules.clone();
        change(&mut rules);
        let problem = admin.put("/grade-policy", &tag, &rules).expect(422).json();
        let fields: Vec<(String, String)> = problem["errors"]
            .as_array()
            .expect("errors")
            .iter()
            .map(|error| (text(&error["pointer"]), text(&error["code"])))
            .collect();
        let expected: Vec<(String, String)> =
            expected.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect();
        assert_eq!(fields, expected);
    };
    refused(&|rules| rules["grades"][0]["code"] = json!("a"), &[("/grades/0/code", "grade_code")]);
    refused(&|rules| rules["grades"][1]["code"] = json!("A"), &[("/grades/1/code", "duplicate")]);
    refused(&|rules| rules["grades"][2]["from_score"] = json!(5), &[("/grades/2/from_score", "grades_fall")]);
    refused(
        &|rules| rules["grades"][1]["from_score"] = json!(60),
        &[("/grades/1/from_score", "grades_fall")],
    );
    refused(&|rules| rules["person"][0]["weight"] = json!(26), &[("/person", "weights_sum")]);
    refused(&|rules| rules["person"][1]["part"] = json!("assets"), &[("/person/1/part", "duplicate")]);
    refused(
        &|rules| {
            rules["organisation"][0] =
                json!({"part": "income_band", "weight": 20, "codes": [{"code": "above_5m", "points": 3}]})
        },
        &[("/organisation/0/part", "not_for_this_kind")],
    );
    refused(&|rules| rules["person"][0]["steps"] = json!([]), &[("/person/0/steps", "required")]);
    refused(
        &|rules| rules["person"][0]["steps"][1]["from"] = json!("1"),
        &[("/person/0/steps", "not_rising")],
    );
    refused(
        &|rules| rules["person"][3]["codes"][0]["code"] = json!("rich"),
        &[("/person/3/codes/0/code", "unknown_code")],
    );
    refused(&|rules| rules["income"][1]["kind"] = json!("deposit"), &[("/income/1/kind", "duplicate")]);
    refused(&|rules| rules["income"][0]["fee"] = json!("-1"), &[("/income/0/fee", "not_negative")]);
    refused(&|rules| rules["costs"]["per_year"] = json!("-1"), &[("/costs/per_year", "not_negative")]);
    refused(&|rules| rules["rfm"]["frequency"] = json!([3, 1, 6, 12]), &[("/rfm/frequency", "not_rising")]);
    refused(
        &|rules| rules["attrition_percent"] = json!([62, 62, 52, 42, 27]),
        &[("/attrition_percent", "length")],
    );
    refused(&|rules| rules["discount_percent"] = json!(0), &[("/discount_percent", "range")]);
    rm.put("/grade-policy", &tag, &rules).expect(403);

    rules["grades"] = json!([
        {"code": "GOLD", "from_score": 5, "cadence_days": 9}, {"code": "B2", "from_score": 1}, {"code": "C", "from_score": 0},
    ]);
    let set = admin.put("/grade-policy", &tag, &rules).expect(200);
    assert_eq!(
        (&set.json()["version"], &set.json()["rules"]["grades"][0]["code"]),
        (&json!(2), &json!("GOLD"))
    );
    admin.put("/grade-policy", &tag, &rules).expect(412);
    let unchanged = admin.put("/grade-policy", &set.tag(), &rules).expect(200);
    assert_eq!(unchanged.json()["version"], 2);
    work(&app);
    assert_eq!(kept(&rm, &id)["grade"], "GOLD", "no complaints are worth five points");
    assert_eq!(wrong(&app), Vec::<String>::new());
    let trail = app
        .role(Role::Auditor)
        .get("/audit-entries?filter=action%20eq%20%22grade_policy.updated%22")
        .expect(200);
    assert_eq!(trail.json()["data"].as_array().expect("entries").len(), 1);
}

#[test]
fn what_grows_old_lowers_a_grade_without_a_change_of_the_customer() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let id = customer(&rm, "张三丰", &json!({"customer_since": day(&app, 8000)}));
    let deposit = product(&app, "deposit");
    hold(&app, &id, &deposit, "5000", 20);
    work(&app);
    let found = |filter: &str| {
        let found = rm.post("/customers/search", &json!({"filter": filter})).expect(200).json();
        found["data"].as_array().expect("rows").len()
    };
    assert_eq!((found("rfm_recency eq 5"), found("rfm_frequency eq 2")), (1, 1));
    let before = kept(&rm, &id)["score"].as_u64().expect("a score");
    work_after(&app, 400);
    assert_eq!((found("rfm_recency eq 1"), found("rfm_frequency eq 1")), (1, 1));
    let after = kept(&rm, &id)["score"].as_u64().expect("a score");
    assert!(after < before, "{after} of {before}: a purchase less");
}
