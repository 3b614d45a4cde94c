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
