use std::sync::mpsc;
use std::time::Duration;

use chrono::{Days, NaiveDate};
use diesel::connection::SimpleConnection;
use guanxi_api::{Amount, Role, Tier};
use guanxi_db::{DbError, Engine};
use serde_json::{Value, json};

use crate::access::Actor;
use crate::customers::CustomerId;
use crate::error::Error;
use crate::testing::{Client, TestApp};
use crate::{clock, customers, holdings, verify};

/// How long a transaction stays open after its write.
const HELD: Duration = Duration::from_millis(300);

fn today(app: &TestApp) -> NaiveDate {
    app.state.settings.day(clock::now())
}

fn in_days(app: &TestApp, days: u64) -> NaiveDate {
    today(app) + Days::new(days)
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn product(app: &TestApp) -> String {
    let new = json!({"code": "dd", "kind": "deposit", "name": {"zh-CN": "活期", "en": "Demand"}, "currency": "CNY"});
    text(&app.role(Role::Admin).post("/products", &new).expect(201).json()["id"])
}

fn customer(client: &Client, name: &str) -> String {
    text(&client.post("/customers", &json!({"kind": "person", "name": name})).expect(201).json()["id"])
}

/// Gives a customer a deposit; gives the path of the holding.
fn deposit(app: &TestApp, client: &Client, customer: &str, product: &str, amount: &str) -> String {
    let new = json!({"product_id": product, "amount": amount, "opened_on": today(app)});
    let made = client.post(&format!("/customers/{customer}/holdings"), &new).expect(201).json();
    format!("/holdings/{}", text(&made["id"]))
}

fn transact(app: &TestApp, client: &Client, holding: &str, kind: &str, amount: &str) -> String {
    let new = json!({"day": today(app), "kind": kind, "amount": amount});
    text(&client.post(&format!("{holding}/transactions"), &new).expect(201).json()["id"])
}

fn figures(client: &Client, customer: &str) -> Value {
    client.get(&format!("/customers/{customer}")).expect(200).json()["figures"].clone()
}

/// What the job loop does for tiers after so many days.
fn after_days(app: &TestApp, days: i64) {
    loop {
        let state = app.state.clone();
        let more = app.db(move |conn| {
            let actor = Actor::job(clock::now().plus_seconds(days * 86_400));
            customers::put_in_force(conn, &actor, state.settings.day(actor.now()))?;
            holdings::do_some_work(conn, &actor, state.house())
        });
        if !more {
            break;
        }
    }
}

/// Makes everything that the books have said so far so many days older.
fn age_books(app: &TestApp, days: i64) {
    app.db(move |conn| {
        let older = match conn.engine() {
            Engine::Sqlite => format!("UPDATE aum_balance SET day = DATE(day, '-{days} days')"),
            Engine::Postgres => format!("UPDATE aum_balance SET day = day - {days}"),
        };
        conn.batch_execute(&older).map_err(|error| DbError::from(error).into())
    });
}

fn rules(thresholds: [i64; 5]) -> Value {
    let rule = |(tier, threshold): (&Tier, i64)| {
        json!({
            "tier": tier, "threshold": Amount(threshold * 10_000).to_string(), "cadence_days": null,
            "servicing_channel": "relationship_manager",
        })
    };
    Tier::ALL.iter().zip(thresholds).map(rule).collect()
}

fn plan(app: &TestApp, days: u64, thresholds: [i64; 5]) -> Value {
    json!({
        "valid_from": in_days(app, days), "basis": "monthly_average", "grace_days": 0, "candidate_percent": 90,
        "gem_amount": "200000", "tiers": rules(thresholds),
    })
}

fn names(client: &Client, filter: &str, sort: &str) -> Vec<String> {
    let query = json!({"filter": filter, "sort": sort});
    let found = client.post("/customers/search", &query).expect(200).json();
    found["data"].as_array().expect("rows").iter().map(|row| text(&row["name"])).collect()
}

fn wrong(app: &TestApp) -> Vec<String> {
    app.db(verify::verify).wrong
}

#[test]
fn a_tier_follows_the_average_and_falls_when_the_grace_ends() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let product = product(&app);
    let id = customer(&rm, "张三丰");
    let held = deposit(&app, &rm, &id, &product, "150000");
    let first = figures(&rm, &id);
    assert_eq!((&first["tier"], &first["average_aum"]["amount"]), (&json!("gold"), &json!("150000.0000")));
    assert_eq!(first["standing"], Value::Null);

    age_books(&app, 60);
    transact(&app, &rm, &held, "withdrawal", "100000");
    let fallen = figures(&rm, &id);
    assert_eq!(fallen["aum"]["amount"], "50000.0000");
    assert_eq!(fallen["average_aum"]["amount"], "146666.6666", "one of thirty evenings");
    assert_eq!((&fallen["tier"], &fallen["standing"]), (&json!("gold"), &Value::Null));
    assert_eq!(wrong(&app), Vec::<String>::new());

    // Fifteen evenings later sixteen of thirty have the smaller sum.
    after_days(&app, 15);
    let below = figures(&rm, &id);
    assert_eq!(below["average_aum"]["amount"], "96666.6666");
    assert_eq!(below["tier"], "gold", "the grace has begun");
    assert_eq!(below["standing"]["demotes_on"], json!(in_days(&app, 105)));
    assert_eq!(names(&rm, "in_grace eq true", "demotes_on"), ["张三丰"]);
    let listed = rm.get("/customers?filter=in_grace%20eq%20true").expect(200).json();
    assert_eq!(listed["data"][0]["standing"]["demotes_on"], json!(in_days(&app, 105)));
    assert_eq!(wrong(&app), Vec::<String>::new());

    after_days(&app, 104);
    assert_eq!(figures(&rm, &id)["tier"], "gold");
    after_days(&app, 105);
    let ended = figures(&rm, &id);
    assert_eq!((&ended["tier"], &ended["standing"]["demotes_on"]), (&json!("mass"), &Value::Null));
    assert_eq!(ended["standing"]["gem"]["amount"]["amount"], "100000.0000", "the withdrawal");
    let history = rm.get(&format!("/customers/{id}/tier-history")).expect(200).json()["data"].clone();
    let line = &history[0];
    assert_eq!(
        (&line["reason"], &line["from"], &line["to"]),
        (&json!("grace_ended"), &json!("gold"), &json!("mass"))
    );
    assert_eq!(line["threshold"]["amount"], "100000.0000", "the one that was missed");
    assert_eq!(line["average_aum"]["amount"], "50000.0000");
    assert_eq!((&history[1]["to"], &history[1]["reason"]), (&json!("gold"), &json!("assets")));
    assert_eq!(wrong(&app), Vec::<String>::new());
}

#[test]
fn who_recovers_in_the_grace_period_stays_and_who_grows_rises_as_days_pass() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let product = product(&app);
    let (back, grows) = (customer(&rm, "张三丰"), customer(&rm, "李若兰"));
    let held = deposit(&app, &rm, &back, &product, "100000");
    let growing = deposit(&app, &rm, &grows, &product, "50000");
    age_books(&app, 60);
    transact(&app, &rm, &held, "withdrawal", "3000");
    assert_eq!(figures(&rm, &back)["standing"]["demotes_on"], json!(in_days(&app, 90)), "99,900 on average");
    transact(&app, &rm, &held, "deposit", "3000");
    assert_eq!(figures(&rm, &back)["standing"], Value::Null);

    transact(&app, &rm, &growing, "deposit", "70000");
    let before = figures(&rm, &grows);
    assert_eq!((&before["tier"], &before["average_aum"]["amount"]), (&json!("mass"), &json!("52333.3333")));
    after_days(&app, 14);
    let near = figures(&rm, &grows);
    assert_eq!(
        near["standing"]["promotion"],
        json!({"tier": "gold", "missing": {"amount": "15000.0000", "currency": "CNY"}})
    );
    assert_eq!(names(&rm, "promotion_candidate eq true", "promotion_gap"), ["李若兰"]);
    after_days(&app, 22);
    assert_eq!(figures(&rm, &grows)["tier"], "gold");
    let history = rm.get(&format!("/customers/{grows}/tier-history")).expect(200).json()["data"][0].clone();
    assert_eq!(
        (&history["reason"], &history["threshold"]["amount"]),
        (&json!("average"), &json!("100000.0000"))
    );
    assert_eq!(wrong(&app), Vec::<String>::new());
}

#[test]
fn a_policy_is_planned_changed_withdrawn_and_comes_into_force_on_its_day() {
    let app = TestApp::start();
    let (admin, rm) = (app.role(Role::Admin), app.role(Role::Rm));
    let product = product(&app);
    let id = customer(&rm, "张三丰");
    deposit(&app, &rm, &id, &product, "60000");
    let refused = |body: &Value, status: u16| admin.post("/tier-policies", body).expect(status).fields();
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    let mut body = plan(&app, 10, [0, 50_000, 1_000_000, 5_000_000, 8_000_000]);
    rm.post("/tier-policies", &body).expect(403);
    body["valid_from"] = json!(today(&app));
    assert_eq!(refused(&body, 422), [pair("/valid_from", "not_later")]);
    body["valid_from"] = json!(in_days(&app, 2000));
    assert_eq!(refused(&body, 422), [pair("/valid_from", "too_far_ahead")]);
    body["valid_from"] = json!(in_days(&app, 10));
    body["gem_amount"] = json!("0");
    body["tiers"][2]["threshold"] = json!("50000");
    assert_eq!(
        refused(&body, 422),
        [pair("/tiers/2/threshold", "rising_thresholds"), pair("/gem_amount", "positive")]
    );
    body["tiers"][2]["threshold"] = json!("1000000");
    body["gem_amount"] = json!("200000");
    body["grace_days"] = json!(731);
    assert_eq!(refused(&body, 422), [pair("/grace_days", "range")]);
    body["grace_days"] = json!(0);
    let planned = admin.post("/tier-policies", &body).expect(201);
    assert_eq!((&planned.json()["state"], &planned.json()["version"]), (&json!("planned"), &json!(1)));
    let path = format!("/tier-policies/{}", text(&planned.json()["id"]));
    assert_eq!(refused(&body, 409), [pair("/valid_from", "taken")]);

    body["candidate_percent"] = json!(70);
    let changed = admin.put(&path, &planned.tag(), &body).expect(200);
    assert_eq!(changed.json()["candidate_percent"], 70);
    admin.put(&path, &planned.tag(), &body).expect(412);
    let other = plan(&app, 20, [0, 1, 2, 3, 4]);
    let other = admin.post("/tier-policies", &other).expect(201);
    let other_path = format!("/tier-policies/{}", text(&other.json()["id"]));
    admin.send("DELETE", &other_path, &[("If-Match", "\"7-0\"")], None).expect(412);
    admin.send("DELETE", &other_path, &[("If-Match", &other.tag())], None).expect(204);
    rm.get(&other_path).expect(404);

    let states = || {
        let found = rm.get("/tier-policies").expect(200).json();
        let state = |policy: &Value| text(&policy["state"]);
        found["data"].as_array().expect("policies").iter().map(state).collect::<Vec<_>>()
    };
    assert_eq!(states(), ["planned", "in_force"]);
    let before = admin.get("/tiers").expect(200);
    assert_eq!(
        (&before.json()["basis"], &before.json()["grace_days"]),
        (&json!("monthly_average"), &json!(90))
    );
    after_days(&app, 9);
    assert_eq!(figures(&rm, &id)["tier"], "mass");
    after_days(&app, 10);
    assert_eq!(states(), ["in_force", "past"]);
    assert_eq!(figures(&rm, &id)["tier"], "gold");
    let history = rm.get(&format!("/customers/{id}/tier-history")).expect(200).json()["data"][0].clone();
    assert_eq!(
        (&history["reason"], &history["threshold"]["amount"]),
        (&json!("policy"), &json!("50000.0000"))
    );
    let stale = json!({"tiers": rules([0, 1, 2, 3, 4])});
    admin.put("/tiers", &before.tag(), &stale).expect(412);
    let in_force = admin.get("/tiers").expect(200);
    assert_eq!(in_force.json()["candidate_percent"], 70);
    assert_eq!(admin.put(&path, &in_force.tag(), &body).expect(409).fields()[0].1, "not_planned");
    assert_eq!(
        admin.send("DELETE", &path, &[("If-Match", &in_force.tag())], None).expect(409).fields()[0].1,
        "not_planned"
    );
    assert_eq!(wrong(&app), Vec::<String>::new());
}

#[test]
fn no_version_of_a_policy_falls_when_it_comes_into_force() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let mut body = plan(&app, 10, [0, 50_000, 1_000_000, 5_000_000, 8_000_000]);
    let mut planned = admin.post("/tier-policies", &body).expect(201);
    let path = format!("/tier-policies/{}", text(&planned.json()["id"]));
    for percent in [50, 60, 70, 80] {
        body["candidate_percent"] = json!(percent);
        planned = admin.put(&path, &planned.tag(), &body).expect(200);
    }
    let version = |policy: &Value| policy["version"].as_i64().expect("a number");
    let highest = version(&planned.json()).max(version(&admin.get("/tiers").expect(200).json()));
    after_days(&app, 10);
    let in_force = admin.get(&path).expect(200).json();
    assert_eq!((&in_force["state"], version(&in_force)), (&json!("in_force"), highest + 1));
}

#[test]
fn figures_count_what_a_contact_changed_meanwhile() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let product = product(&app);
    let id = customer(&rm, "张三丰");
    let row = CustomerId::new(id.parse().expect("an id"));
    let version = || app.db(move |conn| customers::figures_version(conn, row));
    let before = version();
    let (reached, is_reached) = mpsc::channel();
    std::thread::scope(|scope| {
        let db = app.state.db.clone();
        let contact = scope.spawn(move || {
            db.write_blocking(move |conn| {
                customers::contacted_many(conn, &[(row, clock::now())])?;
                let _ = reached.send(());
                std::thread::sleep(HELD);
                Ok::<(), Error>(())
            })
        });
        is_reached.recv().expect("the customer is reached");
        deposit(&app, &rm, &id, &product, "150000");
        contact.join().expect("no panic").expect("it commits");
    });
    assert_eq!(version(), before + 2);
    let told: i64 = app.db(move |conn| {
        use diesel::prelude::*;
        use guanxi_db::schema::change_event;
        change_event::table
            .filter(change_event::kind.eq("customer.figures_updated"))
            .filter(change_event::resource_id.eq(row))
            .order(change_event::id.desc())
            .select(change_event::version)
            .first(conn)
            .map_err(|error| DbError::from(error).into())
    });
    assert_eq!(told, before + 2);
}

#[test]
fn what_is_set_from_today_keeps_what_was_before() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let first = admin.get("/tiers").expect(200);
    let body = json!({"tiers": first.json()["tiers"], "basis": "today", "gem_amount": "300000"});
    let second = admin.put("/tiers", &first.tag(), &body).expect(200);
    assert_eq!((&second.json()["basis"], &second.json()["grace_days"]), (&json!("today"), &json!(90)));
    assert_eq!(second.json()["valid_from"], json!(today(&app)));
    let again = admin.put("/tiers", &second.tag(), &body).expect(200);
    assert_eq!(again.tag(), second.tag(), "nothing differs");
    let body = json!({"tiers": first.json()["tiers"], "grace_days": 5});
    let third = admin.put("/tiers", &second.tag(), &body).expect(200);
    assert_eq!(
        (&third.json()["id"], &third.json()["basis"]),
        (&second.json()["id"], &json!("today")),
        "the same day"
    );
    let found = admin.get("/tier-policies?sort=valid_from").expect(200).json();
    let past = &found["data"][0];
    assert_eq!((&past["state"], &past["basis"]), (&json!("past"), &json!("monthly_average")));
    assert_eq!(found["data"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_simulation_says_who_would_move_and_changes_nothing() {
    let app = TestApp::start();
    let (admin, manager, rm) = (app.role(Role::Admin), app.role(Role::BranchManager), app.role(Role::Rm));
    let product = product(&app);
    for (name, amount) in [("甲", "1500000"), ("乙", "2500000"), ("丙", "90000"), ("丁", "120000")] {
        deposit(&app, &rm, &customer(&rm, name), &product, amount);
    }
    let elsewhere = app.user("rm_b1");
    deposit(&app, &elsewhere, &customer(&elsewhere, "戊"), &product, "1100000");
    let thresholds = |platinum: &str| {
        json!({"tiers": [
            {"tier": "mass", "threshold": "0"}, {"tier": "gold", "threshold": "80000"}, {"tier": "platinum", "threshold": platinum},
            {"tier": "diamond", "threshold": "5000000"}, {"tier": "private", "threshold": "8000000"},
        ]})
    };
    let tags = || (admin.get("/tiers").expect(200).tag(), wrong(&app));
    let before = tags();
    rm.post("/tiers/simulation", &thresholds("2000000")).expect(403);
    let seen = manager.post("/tiers/simulation", &thresholds("2000000")).expect(200).json();
    let counts = |of: &Value| {
        let tiers = of["tiers"].as_array().expect("tiers").iter();
        tiers.map(|tier| (tier["customers_now"].clone(), tier["customers"].clone())).collect::<Vec<_>>()
    };
    let pairs = |of: [(i64, i64); 5]| of.map(|(now, then)| (json!(now), json!(then)));
    assert_eq!(counts(&seen), pairs([(1, 0), (1, 3), (2, 1), (0, 0), (0, 0)]));
    assert_eq!(
        (&seen["tiers"][2]["threshold_now"], &seen["tiers"][2]["threshold"]),
        (&json!("1000000.0000"), &json!("2000000.0000"))
    );
    let moves = seen["moves"].as_array().expect("moves");
    let ways: Vec<_> = moves
        .iter()
        .map(|step| (text(&step["from"]), text(&step["to"]), step["customers"].clone()))
        .collect();
    assert_eq!(
        ways,
        [("platinum".into(), "gold".into(), json!(1)), ("mass".into(), "gold".into(), json!(1))]
    );
    assert_eq!(names(&manager, &text(&moves[0]["filter"]), "name"), ["甲"]);
    assert_eq!(names(&manager, &text(&moves[1]["filter"]), "name"), ["丙"]);
    let whole = admin.post("/tiers/simulation", &thresholds("2000000")).expect(200).json();
    assert_eq!(whole["moves"][0]["customers"], 2, "of the whole bank");
    assert_eq!(tags(), before);
    let fields = admin.post("/tiers/simulation", &thresholds("70000")).expect(422).fields();
    assert_eq!(fields, [("/tiers/2/threshold".to_owned(), "rising_thresholds".to_owned())]);
}

#[test]
fn a_hidden_gem_is_an_ordinary_customer_with_one_large_transaction() {
    let app = TestApp::start();
    let (admin, rm) = (app.role(Role::Admin), app.role(Role::Rm));
    let product = product(&app);
    let gems = || names(&rm, "hidden_gem eq true", "-largest_transaction");
    let mut entries = Vec::new();
    for (name, amount) in [("甲", "150000"), ("乙", "250000"), ("丙", "90000")] {
        let id = customer(&rm, name);
        let held = deposit(&app, &rm, &id, &product, "10");
        // Two on one day, so that the average of the day is small.
        let entry = transact(&app, &rm, &held, "withdrawal", amount);
        transact(&app, &rm, &held, "deposit", amount);
        entries.push((id, held, entry));
    }
    assert_eq!(gems(), ["乙", "甲"]);
    let gem = figures(&rm, &entries[1].0)["standing"]["gem"].clone();
    assert_eq!((&gem["amount"]["amount"], &gem["day"]), (&json!("250000.0000"), &json!(today(&app))));
    // The larger of two is cancelled, then the smaller.
    let (id, held, entry) = &entries[1];
    let both = rm.get(&format!("{held}/transactions")).expect(200).json();
    for line in both["data"].as_array().expect("two") {
        rm.post(&format!("{held}/transactions/{}/reverse", text(&line["id"])), &json!({"reason": "wrong"}))
            .expect(201);
    }
    assert!(both["data"].as_array().expect("two").iter().any(|line| line["id"] == json!(entry)));
    assert_eq!(gems(), ["甲"]);
    assert_eq!(figures(&rm, id)["standing"], Value::Null);
    // What interest and adjustments move is not the customer's doing.
    transact(&app, &rm, held, "interest", "600000");
    let tiers = admin.get("/tiers").expect(200);
    let body = json!({"tiers": tiers.json()["tiers"], "gem_amount": "50000"});
    admin.put("/tiers", &tiers.tag(), &body).expect(200);
    after_days(&app, 0);
    assert_eq!(gems(), ["甲", "丙"]);
    assert_eq!(wrong(&app), Vec::<String>::new());
}
