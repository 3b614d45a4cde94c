use guanxi_api::Role;
use serde_json::{Value, json};

use crate::customers::fold_portfolio;
use crate::testing::{Client, TestApp};

/// Creates customers in units of the fixture, with owners.
fn bank(app: &TestApp) -> Vec<String> {
    let head = app.role(Role::OutletHead);
    let other = app.user("head_b1");
    let mut paths = Vec::new();
    for (client, owner) in [(&head, Some("rm")), (&head, Some("rm")), (&head, None), (&other, Some("rm_b1"))]
    {
        let owner = owner.map(|name| app.fixture.user(name));
        let new = json!({"kind": "person", "name": "张三", "owner_id": owner});
        let id = client.post("/customers", &new).expect(201).json()["id"].clone();
        paths.push(format!("/customers/{}", id.as_str().expect("an id")));
    }
    paths
}

fn report(client: &Client) -> Value {
    client.get("/reports/portfolio").expect(200).json()
}

fn counts(client: &Client) -> (i64, i64) {
    let report = report(client);
    let all = report["customers"].as_i64().expect("a number");
    let by_tier: i64 =
        report["tiers"].as_array().expect("tiers").iter().filter_map(|tier| tier["customers"].as_i64()).sum();
    let by_unit: i64 =
        report["units"].as_array().expect("units").iter().filter_map(|unit| unit["customers"].as_i64()).sum();
    assert_eq!((by_tier, by_unit), (all, all), "{report}");
    (all, report["units_in_all"].as_i64().expect("a number"))
}

#[test]
fn everyone_sees_the_figures_of_their_own_customers() {
    let app = TestApp::start();
    let paths = bank(&app);
    let look = || {
        [Role::Rm, Role::OutletHead, Role::BranchManager, Role::Auditor].map(|role| counts(&app.role(role)))
    };
    // Before anything is folded, and after.
    let wanted = [(2, 1), (3, 1), (3, 1), (4, 2)];
    assert_eq!(look(), wanted);
    assert_eq!(app.db(fold_portfolio), 4);
    assert_eq!(app.db(fold_portfolio), 0);
    assert_eq!(look(), wanted);

    let head = app.role(Role::OutletHead);
    let tag = head.get(&paths[0]).expect(200).tag();
    head.act(&format!("{}/archive", paths[0]), &tag).expect(200);
    assert_eq!(look(), [(1, 1), (2, 1), (2, 1), (3, 2)]);
    for role in [Role::Teller, Role::Service, Role::Admin] {
        app.role(role).get("/reports/portfolio").expect(403);
    }
}

#[test]
fn figures_follow_a_customer_to_another_unit() {
    let app = TestApp::start();
    let paths = bank(&app);
    let manager = app.role(Role::BranchManager);
    let tag = manager.get(&paths[2]).expect(200).tag();
    let away = json!({"org_unit_id": app.fixture.unit("a2")});
    manager.send("POST", &format!("{}/assign", paths[2]), &[("If-Match", &tag)], Some(&away)).expect(200);
    assert_eq!(counts(&manager), (3, 2));
    assert_eq!(counts(&app.role(Role::OutletHead)), (2, 1));
    app.db(fold_portfolio);
    assert_eq!(counts(&manager), (3, 2));
    let report = app.db(crate::verify::verify);
    assert!(report.wrong.is_empty(), "{:?}", report.wrong);
}

#[test]
fn figures_that_were_not_kept_are_found() {
    let app = TestApp::start();
    bank(&app);
    app.db(fold_portfolio);
    app.db(|conn| {
        use diesel::prelude::*;
        use guanxi_db::schema::portfolio;
        diesel::update(portfolio::table)
            .set(portfolio::aum.eq(portfolio::aum + 1))
            .execute(conn)
            .map_err(|error| guanxi_db::DbError::from(error).into())
    });
    let report = app.db(crate::verify::verify);
    assert_eq!(report.wrong.len(), 1, "{:?}", report.wrong);
    assert!(report.wrong[0].contains("customers and assets of units"), "{:?}", report.wrong);
}

fn log(client: &Client, customer: &str, kind: &str, outcome: &str) {
    let new = json!({"kind": kind, "purpose": "relationship", "outcome": outcome});
    client.post(&format!("{customer}/interactions"), &new).expect(201);
}

#[test]
fn contacts_of_the_week_count_for_their_author_against_the_target() {
    let app = TestApp::start();
    let paths = bank(&app);
    let (rm, other) = (app.role(Role::Rm), app.user("rm_b1"));
    for (kind, outcome) in [
        ("call", "reached"),
        ("call", "sold"),
        ("call", "not_reached"),
        ("visit", "reached"),
        ("visit", "left_message"),
        ("video", "interested"),
        ("wechat", "reached"),
    ] {
        log(&rm, &paths[0], kind, outcome);
    }
    log(&other, &paths[3], "branch_meeting", "reached");
    // An archived contact and one of another week count no more.
    let old = json!({"kind": "call", "purpose": "relationship", "outcome": "reached", "occurred_at": "2026-01-05T02:00:00.000000Z"});
    rm.post(&format!("{}/interactions", paths[0]), &old).expect(201);
    let report = |client: &Client| client.get("/reports/contacts").expect(200).json();
    let of_rm = report(&rm);
    assert_eq!(of_rm["total"], json!({"meetings": 2, "connected_calls": 2}));
    assert_eq!((&of_rm["managers_in_all"], &of_rm["managers"][0]["counts"]), (&json!(1), &of_rm["total"]));
    let days = of_rm["working_days"].as_i64().expect("a number");
    assert!((1..=5).contains(&days));
    assert_eq!(of_rm["target"], json!({"meetings": 5 * days, "connected_calls": 20 * days}));

    // A manager sees those of the relationship managers below; rm and rm2 in a1, rm_a2 beside them, rm_b1 in another branch.
    for (role, managers, meetings) in
        [(Role::OutletHead, 2, 2), (Role::BranchManager, 3, 2), (Role::Auditor, 4, 3)]
    {
        let report = report(&app.role(role));
        assert_eq!(
            (&report["managers_in_all"], &report["total"]["meetings"]),
            (&json!(managers), &json!(meetings)),
            "{role}"
        );
        assert_eq!(report["target"]["meetings"], json!(5 * days * managers));
        assert_eq!(report["managers"].as_array().map(Vec::len), Some(managers as usize));
    }

    // The targets are data.
    let admin = app.role(Role::Admin);
    let before = rm.get("/contact-targets").expect(200);
    assert_eq!(before.json()["targets"], json!({"meetings_a_day": 5, "connected_calls_a_day": 20}));
    let new = json!({"meetings_a_day": 3, "connected_calls_a_day": 8});
    rm.put("/contact-targets", &before.tag(), &new).expect(403);
    admin
        .put("/contact-targets", &before.tag(), &json!({"meetings_a_day": -1, "connected_calls_a_day": 8}))
        .expect(422);
    admin.send("PUT", "/contact-targets", &[], Some(&new)).expect(428);
    let after = admin.put("/contact-targets", &before.tag(), &new).expect(200);
    assert_eq!(admin.put("/contact-targets", &after.tag(), &new).expect(200).tag(), after.tag());
    admin.put("/contact-targets", &before.tag(), &new).expect(412);
    assert_eq!(report(&rm)["target"], json!({"meetings": 3 * days, "connected_calls": 8 * days}));
}

#[test]
fn maturities_are_counted_over_what_one_sees_and_only_assets_are_summed() {
    let app = TestApp::start();
    let paths = bank(&app);
    let admin = app.role(Role::Admin);
    let today = app.state.settings.day(crate::clock::now());
    let product = |code: &str, kind: &str| {
        let new = json!({"code": code, "kind": kind, "name": {"zh-CN": code, "en": code}, "currency": "CNY"});
        admin.post("/products", &new).expect(201).json()["id"].clone()
    };
    let (deposit, loan) = (product("D", "deposit"), product("L", "loan"));
    let hold = |client: &Client, customer: usize, product: &Value, days: u64, amount: &str| {
        let day = today.checked_add_days(chrono::Days::new(days)).expect("a day");
        let new = json!({"product_id": product, "amount": amount, "opened_on": today, "matures_on": day});
        client.post(&format!("{}/holdings", paths[customer]), &new).expect(201);
    };
    let (rm, head, other) = (app.role(Role::Rm), app.role(Role::OutletHead), app.user("head_b1"));
    hold(&rm, 0, &deposit, 0, "100");
    hold(&rm, 0, &deposit, 7, "10");
    hold(&rm, 0, &loan, 8, "5000");
    hold(&rm, 1, &deposit, 90, "1");
    hold(&rm, 1, &deposit, 91, "7777");
    hold(&head, 2, &deposit, 30, "1000");
    hold(&other, 3, &deposit, 1, "20000");
    let spans = |client: &Client| -> Vec<(i64, String)> {
        let report = client.get("/reports/maturities").expect(200).json();
        let spans = report["spans"].as_array().expect("spans").clone();
        spans
            .iter()
            .map(|span| {
                let amount = span["assets"]["amount"].as_str().expect("an amount");
                (span["holdings"].as_i64().expect("a number"), amount.to_owned())
            })
            .collect()
    };
    let wanted =
        |figures: [(i64, &str); 3]| figures.map(|(n, amount)| (n, format!("{amount}.0000"))).to_vec();
    assert_eq!(spans(&rm), wanted([(2, "110"), (3, "110"), (4, "111")]));
    assert_eq!(spans(&head), wanted([(2, "110"), (4, "1110"), (5, "1111")]));
    assert_eq!(spans(&app.role(Role::Auditor)), wanted([(3, "20110"), (5, "21110"), (6, "21111")]));
    // The list behind the figure has as many.
    let until = today.checked_add_days(chrono::Days::new(30)).expect("a day");
    let filter = format!("matures_on%20ge%20%22{today}%22%20and%20matures_on%20le%20%22{until}%22");
    let list = head.get(&format!("/holdings?filter={filter}&include=total")).expect(200).json();
    assert_eq!(list["page"]["total"], 4, "{list}");
}

#[test]
fn the_latest_surveys_are_reported_as_their_results_are() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let report = |client: &Client| client.get("/reports/satisfaction").expect(200).json();
    assert_eq!(report(&head)["surveys"], json!([]));
    let survey = crate::surveys::running_survey(&head, false);
    let customer = crate::surveys::new_customer(&head, "张三丰", json!({}));
    let link = crate::surveys::link_for(&head, &survey, &customer);
    crate::surveys::post_form(&app.anonymous(), &link, crate::surveys::GOOD);
    for _ in 0..6 {
        crate::surveys::running_survey(&head, true);
    }
    let all = report(&head);
    assert_eq!(
        (&all["target_satisfaction"], all["surveys"].as_array().map(Vec::len)),
        (&json!(0.9), Some(5))
    );
    assert_eq!(all["surveys"][0]["withheld"], "until_closed");
    // The first is the seventh newest.
    let results = head.get(&format!("/surveys/{survey}/results")).expect(200).json();
    assert_eq!(results["answered"], 1);
    assert!(
        all["surveys"].as_array().expect("surveys").iter().all(|one| one["survey"]["id"] != json!(survey))
    );
}

#[test]
fn surveys_of_others_push_none_of_ones_own_out_of_the_report() {
    let app = TestApp::start();
    let (head, other) = (app.role(Role::OutletHead), app.user("head_b1"));
    let own = crate::surveys::running_survey(&head, false);
    let newer: Vec<String> = (0..5).map(|_| crate::surveys::running_survey(&other, false)).collect();
    let newer: Vec<&String> = newer.iter().rev().collect();

    let reported = |client: &Client| -> Vec<String> {
        let report = client.get("/reports/satisfaction").expect(200).json();
        let id = |one: &Value| one["survey"]["id"].as_str().expect("an id").to_owned();
        report["surveys"].as_array().expect("surveys").iter().map(id).collect()
    };
    for role in [Role::Rm, Role::OutletHead, Role::BranchManager] {
        assert_eq!(reported(&app.role(role)), std::slice::from_ref(&own), "{role}");
    }
    assert_eq!(reported(&other).iter().collect::<Vec<_>>(), newer);
    assert_eq!(reported(&app.role(Role::Auditor)).iter().collect::<Vec<_>>(), newer);
}
