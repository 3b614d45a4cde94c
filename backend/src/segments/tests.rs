use chrono::Days;
use guanxi_api::Role;
use guanxi_db::DbError;
use serde_json::{Value, json};

use crate::access::Actor;
use crate::listing::Rule;
use crate::segments::fields::{FIELDS, RULES};
use crate::segments::{self, store};
use crate::testing::{Client, TestApp};
use crate::{clock, verify};

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn day(app: &TestApp, ahead: u64) -> String {
    (app.state.settings.day(clock::now()) + Days::new(ahead)).to_string()
}

/// A person with more of a profile.
fn person(client: &Client, name: &str, more: &Value) -> String {
    let mut new = json!({"kind": "person", "name": name});
    new.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    text(&client.post("/customers", &new).expect(201).json()["id"])
}

/// A step of what the job loop does for segments, after so many days; false when there is nothing to do.
fn step_after(app: &TestApp, days: i64) -> bool {
    let state = app.state.clone();
    app.db(move |conn| {
        let actor = Actor::job(clock::now().plus_seconds(days * 86_400));
        crate::audit::publish(conn)?;
        segments::do_some_work(conn, &actor, &state.settings)
    })
}

/// All that it does then.
fn work_after(app: &TestApp, days: i64) {
    while step_after(app, days) {}
}

fn work(app: &TestApp) {
    work_after(app, 0);
}

/// The segment of a customer in a scheme, by their codes.
fn segment(client: &Client, customer: &str, scheme: &str) -> Value {
    let found = client.get(&format!("/customers/{customer}/segments")).expect(200).json();
    let schemes = found["schemes"].as_array().expect("schemes").clone();
    schemes.into_iter().find(|of| of["scheme"]["code"] == scheme).expect("the scheme")
}

fn code(client: &Client, customer: &str, scheme: &str) -> Value {
    segment(client, customer, scheme)["segment"]["code"].clone()
}

fn scheme_id(client: &Client, code: &str) -> String {
    let found = client.get("/segment-schemes").expect(200).json();
    let schemes = found["schemes"].as_array().expect("schemes");
    text(&schemes.iter().find(|scheme| scheme["code"] == code).expect("the scheme")["id"])
}

fn definition(code: &str, rank: i32, rule: &str) -> Value {
    json!({
        "code": code, "name": {"zh-CN": "客群", "en": "Segment"}, "rank": rank, "rule": rule, "risk_from": "conservative",
        "risk_to": "balanced", "contribution": "mid", "service_cost": "low", "cadence_days": 14,
        "product_preferences": ["fund", "deposit", "fund"],
    })
}

fn wrong(app: &TestApp) -> Vec<String> {
    app.db(verify::verify).wrong
}

#[test]
fn the_default_schemes_are_there_and_their_rules_are_canonical() {
    let app = TestApp::start();
    let found = app.role(Role::Teller).get("/segment-schemes").expect(200).json();
    let schemes = found["schemes"].as_array().expect("schemes");
    let codes: Vec<(String, usize)> = schemes
        .iter()
        .map(|scheme| (text(&scheme["code"]), scheme["segments"].as_array().expect("segments").len()))
        .collect();
    assert_eq!(codes, [("group".into(), 7), ("attitude".into(), 4), ("life_situation".into(), 6)]);
    let rows = app.db(store::segments);
    for row in &rows {
        assert_eq!(Rule::read(&row.rule, &RULES, "").expect("a rule").text(), row.rule, "{}", row.code);
    }
    let hmt = schemes[0]["segments"].as_array().expect("segments")[0].clone();
    assert_eq!(
        (&hmt["code"], &hmt["cadence_days"], &hmt["priority"]),
        (&json!("hmt"), &json!(3), &json!("first"))
    );
}

/// A server that dies leaves changes that have no number yet; nobody can have looked at whom they are about.
#[test]
fn whom_nobody_can_have_looked_at_yet_is_not_misplaced() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    person(&rm, "李若兰", &json!({"occupation": "中学教师"}));
    work(&app);
    let kept = "customers are in the segments that the rules say, and counted there".to_owned();
    assert!(app.db(verify::verify).checked.contains(&kept));
    person(&rm, "张三丰", &json!({"birth_year": 1950, "occupation": "退休"}));
    let report = app.db(verify::verify);
    assert_eq!(report.wrong, Vec::<String>::new());
    assert!(!report.checked.contains(&kept), "{:?}", report.checked);
}

#[test]
fn customers_are_put_into_segments_and_leave_them_as_they_change() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let old = json!({"birth_year": 1950, "occupation": "退休"});
    let (retired, teacher) =
        (person(&rm, "张三丰", &old), person(&rm, "李若兰", &json!({"occupation": "中学教师"})));
    let firm = text(
        &rm.post("/customers", &json!({"kind": "organisation", "name": "金桂贸易"})).expect(201).json()["id"],
    );
    work(&app);
    assert_eq!(code(&rm, &retired, "group"), "retiree");
    assert_eq!(code(&rm, &retired, "life_situation"), "retired");
    assert_eq!(code(&rm, &teacher, "group"), "professional");
    assert_eq!(segment(&rm, &firm, "group")["applies"], false);
    assert_eq!(
        segment(&rm, &teacher, "attitude")["applies"],
        false,
        "only for those who hold an investment product"
    );
    let why = segment(&rm, &retired, "group");
    let age = clock::now().to_utc().format("%Y").to_string().parse::<i64>().expect("a year") - 1950;
    assert_eq!(
        why["because"],
        json!([
            {"comparison": "age ge 50", "field": "age", "holds": true, "value": age.to_string()},
            {"comparison": r#"occupation in ("退休", "退休人员", "离休", "已退休")"#, "field": "occupation", "holds": true, "value": "退休"},
        ])
    );
    assert_eq!(wrong(&app), Vec::<String>::new());

    let path = format!("/customers/{teacher}");
    let tag = rm.get(&path).expect(200).tag();
    rm.patch(&path, &tag, &json!({"occupation": "退休", "birth_year": 1960})).expect(200);
    work(&app);
    assert_eq!(code(&rm, &teacher, "group"), "retiree");
    let names = |filter: &str| -> Vec<String> {
        let found =
            rm.post("/customers/search", &json!({"filter": filter, "sort": "name"})).expect(200).json();
        found["data"].as_array().expect("rows").iter().map(|row| text(&row["name"])).collect()
    };
    assert_eq!(names(r#"segment has "retiree""#), ["李若兰", "张三丰"]);
    assert_eq!(names(r#"segment in ("hmt", "retired") and gender eq null"#), ["李若兰", "张三丰"]);
    assert_eq!(names("segment eq null"), ["金桂贸易"]);
    assert_eq!(names(r#"unplaced has "group""#), Vec::<String>::new());
    let events: Vec<String> = app.db(|conn| {
        use diesel::prelude::*;
        use guanxi_db::schema::change_event;
        change_event::table
            .filter(change_event::resource_type.eq("customer_segments"))
            .select(change_event::kind)
            .load(conn)
            .map_err(|error| DbError::from(error).into())
    });
    assert_eq!(events, ["customer.segments_updated"; 3]);
    assert_eq!(wrong(&app), Vec::<String>::new());
}

#[test]
fn holdings_make_an_attitude_and_whoever_fits_none_is_unplaced() {
    let app = TestApp::start();
    let (admin, rm) = (app.role(Role::Admin), app.role(Role::Rm));
    let product = |code: &str, kind: &str| {
        let new = json!({"code": code, "kind": kind, "name": {"zh-CN": code, "en": code}, "currency": "CNY"});
        text(&admin.post("/products", &new).expect(201).json()["id"])
    };
    let (deposit, fund) = (product("dd", "deposit"), product("f", "fund"));
    let id = person(&rm, "张三丰", &json!({"birth_year": 1950}));
    let open = |product: &str, amount: &str| {
        let new = json!({"product_id": product, "amount": amount, "opened_on": day(&app, 0)});
        rm.post(&format!("/customers/{id}/holdings"), &new).expect(201);
    };
    open(&deposit, "90000");
    work(&app);
    assert_eq!(segment(&rm, &id, "attitude")["applies"], false);
    open(&fund, "9000");
    work(&app);
    let now = segment(&rm, &id, "attitude");
    assert_eq!(now["segment"]["code"], "conservative_retiree");
    let share = now["because"]
        .as_array()
        .expect("reasons")
        .iter()
        .find(|why| why["field"] == "deposit_share")
        .expect("it");
    assert_eq!((&share["value"], &share["holds"]), (&json!("90"), &json!(true)), "{now}");
    open(&fund, "60000");
    work(&app);
    let now = segment(&rm, &id, "attitude");
    assert_eq!((&now["segment"], &now["applies"]), (&Value::Null, &json!(true)));
    let report = rm.get("/reports/segments").expect(200).json();
    assert_eq!(report["unplaced"][0]["customers"], 1);
    assert_eq!(report["unplaced"][0]["aum"]["amount"], "159000.0000");
    let found =
        rm.post("/customers/search", &json!({"filter": r#"unplaced has "attitude""#})).expect(200).json();
    assert_eq!(found["data"][0]["name"], "张三丰");
    assert_eq!(wrong(&app), Vec::<String>::new());
}

#[test]
fn a_person_decides_otherwise_with_a_reason_and_for_a_time() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let id = person(&rm, "张三丰", &json!({"birth_year": 1950, "occupation": "退休"}));
    work(&app);
    let scheme = scheme_id(&rm, "group");
    let all = rm.get(&format!("/segment-schemes/{scheme}")).expect(200).json();
    let id_of = |code: &str| {
        let segments = all["segments"].as_array().expect("segments");
        text(&segments.iter().find(|segment| segment["code"] == code).expect("it")["id"])
    };
    let path = format!("/customers/{id}/segments/{scheme}");
    let refused = |body: &Value| rm.send("PUT", &path, &[], Some(body)).expect(422).fields();
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(refused(&json!({"segment_id": null, "reason": "  "})), [pair("/reason", "required")]);
    let other = scheme_id(&rm, "attitude");
    let other = rm.get(&format!("/segment-schemes/{other}")).expect(200).json()["segments"][0]["id"].clone();
    assert_eq!(
        refused(&json!({"segment_id": other, "reason": "x"})),
        [pair("/segment_id", "not_of_the_scheme")]
    );
    assert_eq!(
        refused(&json!({"segment_id": null, "reason": "x", "until": "2020-01-01"})),
        [pair("/until", "in_the_past")]
    );
    rm.send("DELETE", &path, &[], None).expect(409);
    let body =
        json!({"segment_id": id_of("sme_owner"), "reason": "他还在经营茶叶店", "until": day(&app, 10)});
    app.user("rm_b1").send("PUT", &path, &[], Some(&body)).expect(404);
    rm.send("PUT", &path, &[], Some(&body)).expect(200);
    let now = segment(&rm, &id, "group");
    assert_eq!(
        (&now["segment"]["code"], &now["by_rule"]["code"], &now["source"], &now["reason"]),
        (&json!("sme_owner"), &json!("retiree"), &json!("override"), &json!("他还在经营茶叶店"))
    );
    assert_eq!(now["decided_by"]["id"], json!(app.fixture.user("rm")));
    assert_eq!(now["because"].as_array().expect("reasons")[0]["holds"], false);
    // A change of the customer does not end it, its last day does.
    let customer = format!("/customers/{id}");
    let tag = rm.get(&customer).expect(200).tag();
    rm.patch(&customer, &tag, &json!({"city": "苏州"})).expect(200);
    work(&app);
    assert_eq!(code(&rm, &id, "group"), "sme_owner");
    assert_eq!(wrong(&app), Vec::<String>::new());
    work_after(&app, 10);
    assert_eq!(code(&rm, &id, "group"), "sme_owner");
    work_after(&app, 11);
    assert_eq!(code(&rm, &id, "group"), "retiree");

    let body = json!({"segment_id": null, "reason": "He does not want to be one of them"});
    rm.send("PUT", &path, &[], Some(&body)).expect(200);
    assert_eq!(code(&rm, &id, "group"), Value::Null);
    let back = rm.send("DELETE", &path, &[], None).expect(200).json();
    assert_eq!(back["schemes"][0]["segment"]["code"], "retiree");
    let entries = app
        .role(Role::Auditor)
        .get("/audit-entries?filter=resource_type%20eq%20%22customer_segment%22")
        .expect(200)
        .json();
    let actions: Vec<String> =
        entries["data"].as_array().expect("entries").iter().map(|entry| text(&entry["action"])).collect();
    assert_eq!(
        actions,
        ["customer_segment.restored", "customer_segment.overridden", "customer_segment.overridden"]
    );
}

#[test]
fn who_was_looked_at_before_midnight_is_looked_at_again_on_the_next_day() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let id = person(&rm, "张三丰", &json!({"birth_year": 1950, "occupation": "退休"}));
    work(&app);
    let scheme = scheme_id(&rm, "group");
    let all = rm.get(&format!("/segment-schemes/{scheme}")).expect(200).json();
    let segments = all["segments"].as_array().expect("segments");
    let other = segments.iter().find(|segment| segment["code"] == "sme_owner").expect("it")["id"].clone();
    let body = json!({"segment_id": other, "reason": "他还在经营茶叶店", "until": day(&app, 1)});
    rm.send("PUT", &format!("/customers/{id}/segments/{scheme}"), &[], Some(&body)).expect(200);
    work(&app);

    // The walk of the next day looks at everybody, and comes to its end when the day after that has begun.
    assert!(step_after(&app, 1));
    assert_eq!(code(&rm, &id, "group"), "sme_owner");
    let evaluated = || rm.get("/segment-schemes").expect(200).json()["schemes"][0]["evaluated_on"].clone();
    assert!(step_after(&app, 2));
    assert_eq!(evaluated(), json!(day(&app, 0)), "not all have been looked at on one day");
    work_after(&app, 2);
    assert_eq!(code(&rm, &id, "group"), "retiree");
    assert_eq!(evaluated(), json!(day(&app, 2)));
}

#[test]
fn an_administrator_sets_segments_and_everybody_is_looked_at_again() {
    let app = TestApp::start();
    let (admin, rm) = (app.role(Role::Admin), app.role(Role::Rm));
    let cities = ["苏州", "上海", "苏州"];
    let make = |(n, city): (usize, &&str)| person(&rm, &format!("张{n}"), &json!({"city": city}));
    let ids: Vec<String> = cities.iter().enumerate().map(make).collect();
    work(&app);
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    let new = json!({"code": "place", "name": {"zh-CN": "地区", "en": "Place"}, "applies_to": "kind eq \"person\""});
    rm.post("/segment-schemes", &new).expect(403);
    let scheme = admin.post("/segment-schemes", &new).expect(201);
    admin.post("/segment-schemes", &new).expect(409);
    let path = format!("/segment-schemes/{}", text(&scheme.json()["id"]));
    let segments = format!("{path}/segments");
    let refused = |body: &Value, status: u16| admin.post(&segments, body).expect(status).fields();
    assert_eq!(
        refused(&definition("suzhou", 1, "name eq \"x\""), 422),
        [pair("/rule", "filter_unknown_field")]
    );
    assert_eq!(refused(&definition("suzhou", 1, "city eq"), 422)[0].0, "/rule");
    assert_eq!(refused(&definition("Su zhou", 1, "age ge 3"), 422), [pair("/code", "code_format")]);
    assert_eq!(refused(&definition("suzhou", 0, "age ge 3"), 422)[0].0, "/rank");
    let mut body = definition("suzhou", 1, "city eq   \"苏州\"");
    body["risk_from"] = json!("aggressive");
    body["product_exclusions"] = json!(["fund"]);
    assert_eq!(
        refused(&body, 422),
        [pair("/risk_to", "before_risk_from"), pair("/product_exclusions", "preferred_too")]
    );
    body["risk_from"] = json!("conservative");
    body["product_exclusions"] = json!(["trust"]);
    let made = admin.post(&segments, &body).expect(201);
    assert_eq!(
        (&made.json()["rule"], &made.json()["product_preferences"]),
        (&json!("city eq \"苏州\""), &json!(["deposit", "fund"]))
    );
    assert_eq!(refused(&body, 409), [pair("/code", "taken")]);
    work(&app);
    let places = || ids.iter().map(|id| code(&rm, id, "place")).collect::<Vec<_>>();
    assert_eq!(places(), [json!("suzhou"), Value::Null, json!("suzhou")]);

    let one = format!("/segments/{}", text(&made.json()["id"]));
    body["rule"] = json!("city in (\"苏州\", \"上海\")");
    body["code"] = json!("other");
    assert_eq!(admin.put(&one, &made.tag(), &body).expect(422).fields(), [pair("/code", "cannot_change")]);
    body["code"] = json!("suzhou");
    let set = admin.put(&one, &made.tag(), &body).expect(200);
    admin.put(&one, &made.tag(), &body).expect(412);
    work(&app);
    assert_eq!(places(), ["suzhou", "suzhou", "suzhou"].map(|code| json!(code)));
    let first = admin.post(&segments, &definition("shanghai", 1, "city eq \"上海\"")).expect(201);
    let rank = json!({"rank": 2});
    body["rank"] = rank["rank"].clone();
    let set = admin.put(&one, &set.tag(), &body).expect(200);
    work(&app);
    assert_eq!(
        places(),
        ["suzhou", "shanghai", "suzhou"].map(|code| json!(code)),
        "the first rule that holds"
    );
    let first_path = format!("/segments/{}", text(&first.json()["id"]));
    let archived = admin.act(&format!("{first_path}/archive"), &first.tag()).expect(200);
    admin.act(&format!("{first_path}/archive"), &archived.tag()).expect(409);
    work(&app);
    assert_eq!(places(), ["suzhou", "suzhou", "suzhou"].map(|code| json!(code)));
    admin.act(&format!("{first_path}/restore"), &archived.tag()).expect(200);
    work(&app);
    assert_eq!(places()[1], "shanghai");
    assert_eq!(wrong(&app), Vec::<String>::new());

    let scheme_tag = admin.get(&path).expect(200).tag();
    let gone = admin.act(&format!("{path}/archive"), &scheme_tag).expect(200);
    admin.post(&segments, &definition("late", 9, "age ge 3")).expect(409);
    let found = rm.get(&format!("/customers/{}/segments", ids[0])).expect(200).json();
    assert_eq!(found["schemes"].as_array().map(Vec::len), Some(3));
    let search = json!({"filter": "segment has \"suzhou\""});
    assert_eq!(rm.post("/customers/search", &search).expect(200).json()["data"], json!([]));
    admin.act(&format!("{path}/restore"), &gone.tag()).expect(200);
    work(&app);
    assert_eq!(places()[0], "suzhou");
    drop(set);
}

#[test]
fn a_rule_is_tried_before_it_is_kept() {
    let app = TestApp::start();
    let (admin, head, rm) = (app.role(Role::Admin), app.role(Role::OutletHead), app.role(Role::Rm));
    for n in 0..12 {
        person(&rm, &format!("张{n}"), &json!({"birth_year": 1990 + n}));
    }
    person(&app.user("rm_b1"), "李四", &json!({"birth_year": 1990}));
    rm.post("/segments/preview", &json!({"rule": "age ge 3"})).expect(403);
    let seen = head.post("/segments/preview", &json!({"rule": "birth"})).expect(422);
    assert_eq!(seen.fields()[0].0, "/rule");
    let year = clock::now().to_utc().format("%Y").to_string().parse::<i32>().expect("a year");
    let older = |age: i32| json!({"rule": format!("age ge {age}")});
    let seen = head.post("/segments/preview", &older(year - 1991)).expect(200).json();
    assert_eq!((&seen["customers"], &seen["more"]), (&json!(2), &json!(false)));
    assert_eq!(
        seen["sample"].as_array().expect("rows").iter().map(|row| text(&row["name"])).collect::<Vec<_>>(),
        ["张0", "张1"]
    );
    // Those who see customers masked could find out about one of them.
    let masked = admin.post("/segments/preview", &older(year - 1991)).expect(200).json();
    assert_eq!((&masked["customers"], &masked["sample"]), (&Value::Null, &json!([])));
    let many = admin.post("/segments/preview", &older(3)).expect(200).json();
    assert_eq!((&many["customers"], &many["sample"]), (&json!(13), &json!([])));
}

#[test]
fn what_is_counted_follows_customers_through_the_bank() {
    let app = TestApp::start();
    let (head, manager) = (app.role(Role::OutletHead), app.role(Role::BranchManager));
    let ids: Vec<String> =
        (0..3).map(|n| person(&head, &format!("张{n}"), &json!({"occupation": "房东"}))).collect();
    work(&app);
    let count = |client: &Client| {
        let report = client.get("/reports/segments").expect(200).json();
        let shares = report["segments"].as_array().expect("shares").iter();
        shares.map(|share| share["customers"].as_i64().expect("a number")).sum::<i64>()
    };
    assert_eq!((count(&head), count(&manager), count(&app.user("rm_b1"))), (3, 3, 0));
    let tag = |id: &String| manager.get(&format!("/customers/{id}")).expect(200).tag();
    let away = json!({"org_unit_id": app.fixture.unit("a2"), "owner_id": null});
    let assign = format!("/customers/{}/assign", ids[0]);
    manager.send("POST", &assign, &[("If-Match", &tag(&ids[0]))], Some(&away)).expect(200);
    manager.act(&format!("/customers/{}/archive", ids[1]), &tag(&ids[1])).expect(200);
    work(&app);
    assert_eq!((count(&head), count(&manager)), (1, 2));
    assert_eq!(wrong(&app), Vec::<String>::new());
    manager.act(&format!("/customers/{}/restore", ids[1]), &tag(&ids[1])).expect(200);
    work(&app);
    assert_eq!((count(&head), count(&manager)), (2, 3));
    app.db(|conn| {
        use diesel::connection::SimpleConnection;
        conn.batch_execute("UPDATE segment_share SET customers = customers + 1")
            .map_err(|error| DbError::from(error).into())
    });
    assert_eq!(wrong(&app).len(), 1);
}

#[test]
fn cancelled_transactions_count_in_no_rule() {
    let app = TestApp::start();
    let (admin, head, rm) = (app.role(Role::Admin), app.role(Role::OutletHead), app.role(Role::Rm));
    let new = json!({"code": "f", "kind": "fund", "name": {"zh-CN": "f", "en": "f"}, "currency": "CNY"});
    let fund = text(&admin.post("/products", &new).expect(201).json()["id"]);
    let rules = ["purchases_365_days ge 1", "transactions_90_days ge 1", r#"channels_365_days has "phone""#];
    let scheme = json!({"code": "habit", "name": {"zh-CN": "习惯", "en": "Habit"}, "applies_to": "kind eq \"person\""});
    let scheme = text(&admin.post("/segment-schemes", &scheme).expect(201).json()["id"]);
    let segments = format!("/segment-schemes/{scheme}/segments");
    admin.post(&segments, &definition("active", 1, &rules.join(" or "))).expect(201);

    let id = person(&rm, "张三丰", &json!({"birth_year": 1950}));
    let new = json!({"product_id": fund, "amount": "1000", "opened_on": day(&app, 0)});
    let holding = text(&rm.post(&format!("/customers/{id}/holdings"), &new).expect(201).json()["id"]);
    let found = || {
        rules.map(|rule| {
            head.post("/segments/preview", &json!({"rule": rule})).expect(200).json()["customers"].clone()
        })
    };
    let path = format!("/holdings/{holding}/transactions");
    let new = json!({"day": day(&app, 0), "kind": "purchase", "amount": "500", "channel": "phone"});
    let entry = text(&rm.post(&path, &new).expect(201).json()["id"]);
    work(&app);
    assert_eq!((found(), code(&rm, &id, "habit")), ([1, 1, 1].map(|count| json!(count)), json!("active")));

    rm.post(&format!("{path}/{entry}/reverse"), &json!({"reason": "记错了账户"})).expect(201);
    work(&app);
    assert_eq!((found(), code(&rm, &id, "habit")), ([0, 0, 0].map(|count| json!(count)), Value::Null));
    assert_eq!(wrong(&app), Vec::<String>::new());
}

/// Every field of the rules can be asked on the engine, alone and as a reason.
#[test]
fn every_field_of_a_rule_can_be_asked() {
    use crate::listing::filter::FieldType;
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let id = person(&rm, "张三丰", &json!({"birth_date": "1980-05-06", "marital_status": "married"}));
    let customer = crate::customers::CustomerId::new(id.parse().expect("an id"));
    for field in FIELDS {
        let value = match field.kind {
            FieldType::Code(codes) | FieldType::Codes(codes) => json!(codes[0]).to_string(),
            FieldType::Bool => "true".to_owned(),
            FieldType::Integer | FieldType::Money => "1".to_owned(),
            FieldType::Date => "\"2020-01-01\"".to_owned(),
            _ => "\"x\"".to_owned(),
        };
        let op = if field.kind.is_set() { "has" } else { "eq" };
        let text = format!("{} {op} {value} or {} eq null", field.name, field.name);
        let rule = Rule::read(&text, &RULES, "").expect("a rule");
        let state = app.state.clone();
        let day = app.state.settings.day(clock::now());
        let (placed, asked) = app.db(move |conn| {
            let when = (&state.settings, day);
            let placed = store::placed(conn, when, Some(&rule), &[&rule], store::these(&[customer]))?;
            Ok((placed.len(), store::asked(conn, when, customer, &rule.comparisons())?))
        });
        assert_eq!((placed, asked.len()), (1, 2), "{}", field.name);
        assert_eq!(asked[1].1.is_none(), asked[1].0 || field.kind.is_set(), "{}: {asked:?}", field.name);
    }
}
