use std::collections::BTreeMap;

use chrono::NaiveDate;
use guanxi_api::{Rate, Role};
use serde_json::{Value, json};

use crate::products;
use crate::testing::{Client, TestApp};

fn new(code: &str) -> Value {
    json!({"code": code, "kind": "fund", "name": {"zh-CN": "债券基金", "en": "Bond fund"}, "currency": "CNY"})
}

fn path(product: &Value) -> String {
    format!("/products/{}", product["id"].as_str().expect("an id"))
}

fn codes(client: &Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("/products{query}")).expect(200).json();
    let rows = page["data"].as_array().expect("rows").iter();
    rows.map(|row| row["code"].as_str().expect("a code").to_owned()).collect()
}

#[test]
fn a_product_lives_in_the_catalogue() {
    let app = TestApp::start();
    let (admin, rm) = (app.role(Role::Admin), app.role(Role::Rm));
    let created = admin.post("/products", &new("fund_bond")).expect(201);
    let product = created.json();
    assert_eq!((&product["counts_as_asset"], &product["version"]), (&json!(true), &json!(1)));
    admin.post("/products", &json!({"code": "visa", "kind": "card", "name": {"zh-CN": "卡", "en": "Card"}, "currency": "CNY"})).expect(201);
    assert_eq!(codes(&rm, ""), ["fund_bond", "visa"]);
    assert_eq!(codes(&rm, "?filter=counts_as_asset%20eq%20false"), ["visa"], "cards are no assets");
    assert_eq!(codes(&rm, "?sort=-code"), ["visa", "fund_bond"]);

    let path = path(&product);
    let changed = admin
        .patch(&path, &created.tag(), &json!({"risk_grade": "r3", "term_days": 90, "terms": "申购费 0.8%"}))
        .expect(200);
    assert_eq!(changed.json()["risk_grade"], "r3");
    let cleared =
        admin.patch(&path, &changed.tag(), &json!({"risk_grade": null, "term_days": null})).expect(200);
    assert_eq!(
        (&cleared.json()["risk_grade"], &cleared.json()["terms"]),
        (&Value::Null, &json!("申购费 0.8%"))
    );
    admin.patch(&path, &created.tag(), &json!({"terms": "x"})).expect(412);
    admin.send("PATCH", &path, &[], Some(&json!({"terms": "x"}))).expect(428);
    let same = admin.patch(&path, &cleared.tag(), &json!({"term_days": null})).expect(200);
    assert_eq!(same.json()["version"], cleared.json()["version"], "nothing differs");

    let archived = admin.act(&format!("{path}/archive"), &same.tag()).expect(200);
    assert_eq!(codes(&rm, ""), ["visa"]);
    assert_eq!(codes(&rm, "?filter=archived%20eq%20true"), ["fund_bond"]);
    rm.get(&path).expect(200);
    admin.act(&format!("{path}/archive"), &archived.tag()).expect(409);
    let restored = admin.act(&format!("{path}/restore"), &archived.tag()).expect(200);
    admin.act(&format!("{path}/restore"), &restored.tag()).expect(409);
    let history = rm.get(&format!("{path}/history")).expect(200).json();
    let actions: Vec<&str> = history["data"]
        .as_array()
        .expect("entries")
        .iter()
        .filter_map(|entry| entry["action"].as_str())
        .collect();
    assert_eq!(
        actions,
        ["product.restored", "product.archived", "product.updated", "product.updated", "product.created"]
    );
}

#[test]
fn what_is_wrong_with_a_product_is_told_at_once() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    admin.post("/products", &new("a")).expect(201);
    assert_eq!(admin.post("/products", &new("a")).expect(409).fields(), [("/code".into(), "taken".into())]);
    let wrong = json!({"code": "a b", "kind": "fund", "name": {"zh-CN": " ", "en": "x"}, "currency": "usd"});
    let fields = admin.post("/products", &wrong).expect(422).fields();
    assert_eq!(
        fields,
        [
            ("/currency".to_owned(), "currency".to_owned()),
            ("/code".to_owned(), "format".to_owned()),
            ("/name/zh-CN".to_owned(), "required".to_owned()),
        ]
    );
}

#[test]
fn a_rate_holds_from_its_day_and_can_be_put_right() {
    let app = TestApp::start();
    let (admin, rm) = (app.role(Role::Admin), app.role(Role::Rm));
    let rate = |currency: &str, day: &str, rate: &str| {
        admin.post("/exchange-rates", &json!({"currency": currency, "valid_from": day, "rate": rate}))
    };
    let first = rate("USD", "2026-01-01", "7.1").expect(201).json();
    assert_eq!((&first["rate"], &first["version"]), (&json!("7.10000000"), &json!(1)));
    let right = rate("USD", "2026-01-01", "7.2").expect(201).json();
    assert_eq!(
        (&right["id"], &right["rate"], &right["version"]),
        (&first["id"], &json!("7.20000000"), &json!(2))
    );
    rate("HKD", "2026-02-01", "0.91").expect(201);
    let page = rm.get("/exchange-rates").expect(200).json();
    let days: Vec<_> =
        page["data"].as_array().expect("rows").iter().map(|row| row["valid_from"].clone()).collect();
    assert_eq!(days, ["2026-02-01", "2026-01-01"]);
    let page = rm.get("/exchange-rates?limit=1").expect(200).json();
    let next = page["page"]["next"].as_str().expect("a next page");
    let second = rm.get(&format!("/exchange-rates?limit=1&cursor={next}")).expect(200).json();
    assert_eq!(second["data"][0]["valid_from"], "2026-01-01");

    assert_eq!(
        rate("CNY", "2026-01-01", "1").expect(422).fields(),
        [("/currency".into(), "base_currency".into())]
    );
    assert_eq!(
        rate("USD", "2036-01-01", "7").expect(422).fields(),
        [("/valid_from".into(), "too_far_ahead".into())]
    );
    for bad in ["0", "-1", "7.123456789", "x"] {
        rate("USD", "2026-01-01", bad).expect(422);
    }
    rm.post("/exchange-rates", &json!({"currency": "USD", "valid_from": "2026-01-01", "rate": "7"}))
        .expect(403);
}

#[test]
fn the_rates_of_a_day_are_the_newest_of_each_currency_that_are_valid() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let rates_on = |month: u32| {
        let settings = app.bench().settings;
        app.db(move |conn| {
            let day = NaiveDate::from_ymd_opt(2026, month, 15).expect("a day");
            products::rates_of_day(conn, &settings, day)
        })
    };
    assert_eq!(rates_on(6), BTreeMap::from([("CNY".to_owned(), Rate::ONE)]), "the base currency alone");
    for (currency, day, rate) in [
        ("USD", "2026-01-01", "7.1"),
        ("USD", "2026-03-01", "7.2"),
        ("USD", "2026-05-01", "7.3"),
        ("HKD", "2026-04-15", "0.91"),
        ("EUR", "2026-11-01", "8"),
    ] {
        let rate = json!({"currency": currency, "valid_from": day, "rate": rate});
        admin.post("/exchange-rates", &rate).expect(201);
    }
    let expected = |rates: &[(&str, &str)]| -> BTreeMap<String, Rate> {
        let rate = |text: &str| Rate::parse(text).expect("a rate");
        rates.iter().map(|(currency, text)| ((*currency).to_owned(), rate(text))).collect()
    };
    assert_eq!(rates_on(2), expected(&[("CNY", "1"), ("USD", "7.1")]));
    assert_eq!(rates_on(4), expected(&[("CNY", "1"), ("HKD", "0.91"), ("USD", "7.2")]), "from the day on");
    assert_eq!(rates_on(6), expected(&[("CNY", "1"), ("HKD", "0.91"), ("USD", "7.3")]));
}
