use diesel::connection::SimpleConnection;
use guanxi_api::Role;
use guanxi_db::DbError;
use serde_json::{Value, json};

use crate::access::Actor;
use crate::customers::{self, fold_portfolio, renew_completeness};
use crate::testing::{Client, TestApp};
use crate::{clock, verify};

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn read(client: &Client, path: &str) -> Value {
    client.get(path).expect(200).json()["completeness"].clone()
}

fn change(client: &Client, path: &str, patch: &Value) -> Value {
    let tag = client.get(path).expect(200).tag();
    client.patch(path, &tag, patch).expect(200).json()["completeness"].clone()
}

fn add_point(client: &Client, path: &str, kind: &str, value: &str) -> String {
    let tag = client.get(path).expect(200).tag();
    let new = json!({"kind": kind, "value": value});
    let made = client.send("POST", &format!("{path}/contact-points"), &[("If-Match", &tag)], Some(&new));
    let points = made.expect(200).json()["contact_points"].clone();
    let points = points.as_array().expect("points").clone();
    text(&points.iter().find(|point| point["kind"] == kind).expect("the point")["id"])
}

/// Gives a customer so much money that the tier is gold; gives the path of the holding.
fn make_gold(app: &TestApp, client: &Client, path: &str, product: &str) -> String {
    let today = app.state.settings.day(clock::now());
    let new = json!({"product_id": product, "amount": "200000", "opened_on": today});
    format!("/holdings/{}", text(&client.post(&format!("{path}/holdings"), &new).expect(201).json()["id"]))
}

fn product(app: &TestApp) -> String {
    let new = json!({"code": "dd", "kind": "deposit", "name": {"zh-CN": "活期", "en": "Demand"}, "currency": "CNY"});
    text(&app.role(Role::Admin).post("/products", &new).expect(201).json()["id"])
}

/// The customers of a list, each with its score.
fn listed(client: &Client, query: &str) -> Vec<(String, i64)> {
    let rows = client.get(&format!("/customers?{query}")).expect(200).json()["data"].clone();
    let rows = rows.as_array().expect("rows").clone();
    rows.iter()
        .map(|row| (text(&row["name"]), row["completeness"]["score"].as_i64().expect("a score")))
        .collect()
}

/// That what is kept is what the data say, before and after it is folded.
fn sound(app: &TestApp) {
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
    while app.db(fold_portfolio) > 0 {}
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

/// Lets so many days pass for tiers.
fn after_days(app: &TestApp, days: u64) {
    let today = app.state.settings.day(clock::now()) + chrono::Days::new(days);
    while app.db(move |conn| customers::review_some_tiers(conn, &Actor::job(clock::now()), today)) > 0 {}
}

/// Leaves what is kept as a migration does.
fn forget(app: &TestApp) {
    app.db(|conn| {
        while fold_portfolio(conn)? > 0 {}
        let forget = "UPDATE customer_figures SET completeness = -1, missing = 0, data_gap = FALSE; \
             UPDATE quality_share SET rated = 0, completeness = 0, gaps = 0";
        conn.batch_execute(forget).map_err(|error| DbError::from(error).into())
    });
}

const GAPS: &str = "filter=data_gap%20eq%20true&sort=completeness";

#[test]
fn a_score_follows_everything_that_counts() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let new = json!({"kind": "person", "name": "张三", "city": "杭州", "identity": {"kind": "resident_card", "number": "11010519491231002X"}});
    let path = format!("/customers/{}", text(&rm.post("/customers", &new).expect(201).json()["id"]));
    // The number tells the birthday.
    assert_eq!(
        read(&rm, &path),
        json!({
            "score": 25, "missing": ["phone", "address", "employer", "occupation", "risk_attribute", "email_or_wechat"],
            "required_missing": ["phone", "address", "employer", "occupation"], "required_share": 0, "data_gap": false,
        })
    );
    let phone = add_point(&rm, &path, "phone", "13800138000");
    add_point(&rm, &path, "address", "杭州市西湖区北山路 1 号");
    assert_eq!(read(&rm, &path)["score"], 65);
    let after = change(&rm, &path, &json!({"employer": "武当派", "risk_attribute": "c3"}));
    assert_eq!((&after["score"], &after["required_share"]), (&json!(85), &json!(83)));
    sound(&app);
    let tag = rm.get(&path).expect(200).tag();
    rm.delete(&format!("{path}/contact-points/{phone}"), &tag).expect(200);
    let after = change(&rm, &path, &json!({"identity": null, "city": null}));
    assert_eq!(after["missing"], json!(["phone", "identity", "occupation", "email_or_wechat", "city"]));
    assert_eq!(listed(&rm, "sort=completeness"), [("张三".to_owned(), 45)]);
    sound(&app);
}

#[test]
fn lines_of_other_systems_and_their_return_keep_the_score() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let send = |key: &str, data: Value| {
        let line = json!({"external": {"source": "erp", "id": "C-1"}, "data": data}).to_string();
        let headers = [("Content-Type", "application/x-ndjson"), ("Idempotency-Key", key)];
        let answer = head.send_bytes("POST", "/bulk/customers", &headers, Some(line.as_bytes()));
        text(&answer.expect(200).json()["results"][0]["id"])
    };
    let id = send(
        "quality-01",
        json!({"kind": "organisation", "name": "金桂贸易有限公司", "industry": "贸易", "contact_points": [{"kind": "phone", "value": "13800138000"}]}),
    );
    let path = format!("/customers/{id}");
    assert_eq!(read(&head, &path)["score"], 30);
    send(
        "quality-02",
        json!({"industry": null, "legal_representative": "王伟", "business_state": "stable", "city": "杭州"}),
    );
    let after = read(&head, &path);
    assert_eq!((&after["score"], &after["required_share"]), (&json!(40), &json!(50)));
    assert_eq!(listed(&head, "sort=-completeness"), [("金桂贸易有限公司".to_owned(), 40)]);
    sound(&app);
}

#[test]
fn gold_and_above_must_be_completed() {
    let app = TestApp::start();
    let (rm, head) = (app.role(Role::Rm), app.role(Role::OutletHead));
    let product = product(&app);
    let make = |name: &str| {
        format!(
            "/customers/{}",
            text(&rm.post("/customers", &json!({"kind": "person", "name": name})).expect(201).json()["id"])
        )
    };
    let (one, two) = (make("甲"), make("乙"));
    assert_eq!(listed(&rm, GAPS), []);
    let holding = make_gold(&app, &rm, &one, &product);
    make_gold(&app, &rm, &two, &product);
    assert_eq!(read(&rm, &one)["data_gap"], true);
    add_point(&rm, &two, "phone", "13800138000");
    assert_eq!(listed(&rm, GAPS), [("甲".to_owned(), 0), ("乙".to_owned(), 20)]);
    let report = |client: &Client| client.get("/reports/data-quality").expect(200).json();
    for client in [&rm, &head, &app.role(Role::Auditor)] {
        assert_eq!(
            report(client)["total"],
            json!({"customers": 2, "completeness": 10.0, "demanded": 2, "data_gaps": 2, "reached": 0.0})
        );
    }
    add_point(&rm, &two, "address", "杭州市西湖区北山路 1 号");
    change(&rm, &two, &json!({"occupation": "教师"}));
    sound(&app);
    // The customers go with their owner, and leave with the archive.
    let other = app.fixture.user("rm2");
    let tag = head.get(&two).expect(200).tag();
    let new_owner = json!({"owner_id": other});
    head.send("POST", &format!("{two}/assign"), &[("If-Match", &tag)], Some(&new_owner)).expect(200);
    let books = |client: &Client| {
        let books = report(client)["books"].as_array().expect("books").clone();
        let of = |book: &Value| {
            (
                text(&book["owner"]["id"]),
                book["figures"]["data_gaps"].clone(),
                book["figures"]["reached"].clone(),
            )
        };
        books.iter().map(of).collect::<Vec<_>>()
    };
    let me = app.fixture.user("rm").to_string();
    let wanted = [(me, json!(1), json!(0.0)), (other.to_string(), json!(0), json!(1.0))];
    assert_eq!(books(&head), wanted);
    assert_eq!(books(&rm), wanted[..1]);
    sound(&app);
    assert_eq!(books(&head), wanted);
    let tag = head.get(&two).expect(200).tag();
    head.act(&format!("{two}/archive"), &tag).expect(200);
    assert_eq!(books(&head), wanted[..1]);
    // Whoever falls to the lowest tier owes nothing.
    let today = app.state.settings.day(clock::now());
    let all = json!({"day": today, "kind": "withdrawal", "amount": "200000"});
    rm.post(&format!("{holding}/transactions"), &all).expect(201);
    after_days(&app, 200);
    assert_eq!((listed(&rm, GAPS), &read(&rm, &one)["data_gap"]), (Vec::new(), &json!(false)));
    sound(&app);
}

#[test]
fn those_who_see_no_tiers_are_not_told_of_gaps() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let id =
        text(&rm.post("/customers", &json!({"kind": "person", "name": "张三"})).expect(201).json()["id"]);
    for role in [Role::Teller, Role::Service, Role::Admin] {
        let client = app.role(role);
        let seen = read(&client, &format!("/customers/{id}"));
        assert_eq!((&seen["score"], &seen["data_gap"]), (&json!(0), &Value::Null), "{role}");
        let refused = client.get(&format!("/customers?{GAPS}")).expect(403);
        assert_eq!(refused.code(), "field_not_filterable");
        client.get("/reports/data-quality").expect(403);
    }
}

#[test]
fn what_is_not_known_yet_is_worked_out_by_itself() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let product = product(&app);
    let id = text(
        &rm.post("/customers", &json!({"kind": "person", "name": "张三", "city": "杭州"})).expect(201).json()
            ["id"],
    );
    let path = format!("/customers/{id}");
    make_gold(&app, &rm, &path, &product);
    add_point(&rm, &path, "phone", "13800138000");
    forget(&app);
    sound(&app);
    let row =
        |client: &Client| client.get("/customers").expect(200).json()["data"][0]["completeness"].clone();
    assert_eq!(row(&rm), Value::Null);
    // Whoever is changed meanwhile is looked at whole.
    change(&rm, &path, &json!({"occupation": "教师"}));
    assert_eq!(row(&rm)["score"], 35);
    forget(&app);
    assert_eq!(app.db(renew_completeness), 1);
    assert_eq!(app.db(renew_completeness), 0);
    assert_eq!((&row(&rm)["score"], &row(&rm)["data_gap"]), (&json!(35), &json!(true)));
    sound(&app);
}

#[test]
fn what_was_kept_wrong_is_found() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    rm.post("/customers", &json!({"kind": "person", "name": "张三"})).expect(201);
    sound(&app);
    let spoil = |statement: &'static str| {
        app.db(move |conn| conn.batch_execute(statement).map_err(|error| DbError::from(error).into()));
        app.db(verify::verify).wrong
    };
    let wrong = spoil("UPDATE customer_figures SET missing = 1");
    assert!(wrong.len() == 1 && wrong[0].contains("completeness of customers"), "{wrong:?}");
    let wrong = spoil("UPDATE customer_figures SET missing = 511; UPDATE quality_share SET gaps = gaps + 1");
    assert!(wrong.len() == 1 && wrong[0].contains("completeness of books"), "{wrong:?}");
}
