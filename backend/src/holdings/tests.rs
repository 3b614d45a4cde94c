use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;

use chrono::{Days, NaiveDate};
use guanxi_api::{Amount, Role, Tier};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::{Value, json};

use crate::access::Actor;
use crate::clock;
use crate::testing::{Answer, Client, TestApp};
use crate::{due, holdings, verify};

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

fn product(app: &TestApp, code: &str, kind: &str, currency: &str) -> String {
    let new = json!({"code": code, "kind": kind, "name": {"zh-CN": code, "en": code}, "currency": currency});
    text(&app.role(Role::Admin).post("/products", &new).expect(201).json()["id"])
}

fn rate(app: &TestApp, currency: &str, day: NaiveDate, rate: &str) {
    let new = json!({"currency": currency, "valid_from": day, "rate": rate});
    app.role(Role::Admin).post("/exchange-rates", &new).expect(201);
}

fn customer(client: &Client, name: &str) -> String {
    text(&client.post("/customers", &json!({"kind": "person", "name": name})).expect(201).json()["id"])
}

fn today(app: &TestApp) -> NaiveDate {
    app.state.settings.day(clock::now())
}

fn ago(app: &TestApp, days: u64) -> NaiveDate {
    today(app).checked_sub_days(Days::new(days)).expect("a day")
}

fn open(client: &Client, customer: &str, product: &str, amount: &str, day: NaiveDate) -> Answer {
    let new = json!({"product_id": product, "amount": amount, "opened_on": day});
    client.post(&format!("/customers/{customer}/holdings"), &new)
}

/// Does all work that is due, as the job loop would.
fn work(app: &TestApp) {
    work_later(app, 0);
}

/// The same as many days from now.
fn work_later(app: &TestApp, days: i64) {
    loop {
        let state = app.state.clone();
        let more = app.db(move |conn| {
            let house = state.house();
            let actor = Actor::job(clock::now().plus_seconds(days * 86_400));
            holdings::make_rates_due(conn, &actor, house)?;
            holdings::do_some_work(conn, &actor, house)
        });
        if !more {
            return;
        }
    }
}

/// Assets, tier and coverage of a customer.
fn figures(client: &Client, customer: &str) -> (String, String, u64) {
    let figures = client.get(&format!("/customers/{customer}")).expect(200).json()["figures"].clone();
    (text(&figures["aum"]["amount"]), text(&figures["tier"]), figures["coverage"].as_u64().expect("a number"))
}

/// Has the tier follow from the assets of today, at once.
fn without_grace(app: &TestApp) {
    let admin = app.role(Role::Admin);
    let tiers = admin.get("/tiers").expect(200);
    let rules = json!({"tiers": tiers.json()["tiers"], "basis": "today", "grace_days": 0});
    admin.put("/tiers", &tiers.tag(), &rules).expect(200);
}

fn wrong(app: &TestApp) -> Vec<String> {
    app.db(verify::verify).wrong
}

#[test]
fn a_holding_is_opened_moved_closed_and_opened_again() {
    let app = TestApp::start();
    without_grace(&app);
    let rm = app.role(Role::Rm);
    let (deposit, card) = (product(&app, "td", "deposit", "CNY"), product(&app, "visa", "card", "CNY"));
    let id = customer(&rm, "张三丰");
    let new = json!({
        "product_id": deposit, "amount": "150000", "opened_on": ago(&app, 30), "matures_on": today(&app),
        "auto_renewal": true, "channel": "counter", "reference": "6222 0212 3456 7890", "note": "到期电话",
    });
    let opened = rm.post(&format!("/customers/{id}/holdings"), &new).expect(201);
    let holding = opened.json();
    assert_eq!(holding["reference"], "****7890");
    assert_eq!(holding["value"], json!({"amount": "150000.0000", "currency": "CNY"}));
    assert_eq!(figures(&rm, &id), ("150000.0000".into(), "gold".into(), 1));
    open(&rm, &id, &card, "3000", today(&app)).expect(201);
    assert_eq!(figures(&rm, &id), ("150000.0000".into(), "gold".into(), 2), "a card counts, but is no asset");

    let path = format!("/holdings/{}", text(&holding["id"]));
    let move_by = |kind: &str, amount: &str, day: NaiveDate| {
        rm.post(&format!("{path}/transactions"), &json!({"day": day, "kind": kind, "amount": amount}))
    };
    let withdrawn = move_by("withdrawal", "60000.5", ago(&app, 10)).expect(201).json();
    assert_eq!((&withdrawn["amount"], &withdrawn["effect"]), (&json!("60000.5000"), &json!("-60000.5000")));
    assert_eq!(figures(&rm, &id), ("89999.5000".into(), "mass".into(), 2));
    move_by("interest", "100", ago(&app, 20)).expect(201);
    move_by("adjustment", "-0.5", ago(&app, 10)).expect(201);
    let balances = rm.get(&format!("{path}/balances")).expect(200).json();
    let balances: Vec<(String, String)> = balances["data"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| (text(&row["day"]), text(&row["amount"])))
        .collect();
    assert_eq!(
        balances,
        [
            (ago(&app, 10).to_string(), "90099.0000".to_owned()),
            (ago(&app, 20).to_string(), "150100.0000".to_owned()),
            (ago(&app, 30).to_string(), "150000.0000".to_owned()),
        ]
    );
    let some = rm
        .get(&format!("{path}/balances?from={}&to={}&limit=1", ago(&app, 25), ago(&app, 15)))
        .expect(200)
        .json();
    assert_eq!((some["data"].as_array().map(Vec::len), &some["page"]["next"]), (Some(1), &Value::Null));

    // Transactions spoil nobody's editing, yet the representation is another one.
    let read = rm.get(&path).expect(200);
    assert_ne!(read.tag(), opened.tag());
    let patched = rm.patch(&path, &opened.tag(), &json!({"note": null, "matures_on": null})).expect(200);
    assert_eq!((&patched.json()["note"], &patched.json()["version"]), (&Value::Null, &json!(2)));
    rm.patch(&path, &opened.tag(), &json!({"note": "x"})).expect(412);
    for (change, pointer) in [(json!({"amount": "1"}), "/amount"), (json!({"currency": "USD"}), "/currency")]
    {
        let fields = rm.patch(&path, &patched.tag(), &change).expect(422).fields();
        assert_eq!(fields, [(pointer.to_owned(), "has_transactions".to_owned())]);
    }

    let close =
        |tag: &str, body: Value| rm.send("POST", &format!("{path}/close"), &[("If-Match", tag)], Some(&body));
    let early = close(&patched.tag(), json!({"closed_on": ago(&app, 11)})).expect(422);
    assert_eq!(early.fields(), [("/closed_on".to_owned(), "before_last_transaction".to_owned())]);
    let closed = close(&patched.tag(), json!({})).expect(200);
    assert_eq!(closed.json()["closed_on"], json!(today(&app)));
    assert_eq!(figures(&rm, &id), ("0.0000".into(), "mass".into(), 1));
    close(&closed.tag(), json!({})).expect(409);
    assert_eq!(
        move_by("deposit", "1", today(&app)).expect(409).fields(),
        [(String::new(), "closed".to_owned())]
    );
    rm.patch(&path, &closed.tag(), &json!({"note": "x"})).expect(409);
    let reopened = rm.act(&format!("{path}/reopen"), &closed.tag()).expect(200);
    rm.act(&format!("{path}/reopen"), &reopened.tag()).expect(409);
    assert_eq!(figures(&rm, &id), ("90099.0000".into(), "mass".into(), 2));
    let matured = rm.patch(&path, &reopened.tag(), &json!({"status": "matured"})).expect(200);
    assert_eq!(figures(&rm, &id), ("0.0000".into(), "mass".into(), 1), "what has matured is no asset");
    let by = rm.patch(&path, &matured.tag(), &json!({"status": "closed"})).expect(422).fields();
    assert_eq!(by, [("/status".to_owned(), "by_operation".to_owned())]);

    let history = rm.get(&format!("/customers/{id}/tier-history")).expect(200).json();
    let tiers: Vec<_> =
        history["data"].as_array().expect("rows").iter().map(|row| row["to"].clone()).collect();
    assert_eq!(tiers, ["mass", "gold"]);
    assert_eq!(history["data"][1]["reason"], "assets");
    assert_eq!(wrong(&app), Vec::<String>::new());
}

#[test]
fn a_closed_holding_is_opened_again_as_what_it_was() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let deposit = product(&app, "td", "deposit", "CNY");
    let id = customer(&rm, "张三丰");
    let opened = open(&rm, &id, &deposit, "1000", ago(&app, 30)).expect(201).json();
    let path = format!("/holdings/{}", text(&opened["id"]));
    for (status, assets) in [("matured", "0.0000"), ("active", "1000.0000"), ("matured", "0.0000")] {
        let tag = rm.get(&path).expect(200).tag();
        let set = rm.patch(&path, &tag, &json!({"status": status})).expect(200).tag();
        let close = [("If-Match", set.as_str())];
        let closed = rm.send("POST", &format!("{path}/close"), &close, Some(&json!({}))).expect(200);
        assert_eq!(closed.json()["status"], "closed");
        let again = rm.act(&format!("{path}/reopen"), &closed.tag()).expect(200).json();
        assert_eq!((&again["status"], &again["closed_on"]), (&json!(status), &Value::Null));
        assert_eq!(figures(&rm, &id).0, assets);
    }
    assert_eq!(wrong(&app), Vec::<String>::new());
}

#[test]
fn balances_are_asked_for_by_days_that_every_database_knows() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let deposit = product(&app, "dd", "deposit", "CNY");
    let opened = open(&rm, &customer(&rm, "张三丰"), &deposit, "1000", ago(&app, 30)).expect(201).json();
    let balances = |query: &str| rm.get(&format!("/holdings/{}/balances?{query}", text(&opened["id"])));
    for day in ["-9999-01-01", "-0001-12-31", "0000-12-31", "%2B12345-01-01"] {
        for name in ["from", "to"] {
            let refused = balances(&format!("{name}={day}")).expect(400);
            assert_eq!(refused.code(), "invalid_parameter");
            assert_eq!(refused.fields(), [(name.to_owned(), "range".to_owned())]);
        }
    }
    let all = balances("from=0001-01-01&to=9999-12-31").expect(200).json();
    assert_eq!(all["data"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_transaction_is_cancelled_once() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let deposit = product(&app, "dd", "deposit", "CNY");
    let (id, other) = (customer(&rm, "张三丰"), customer(&rm, "李四光"));
    let holding = |id: &str| text(&open(&rm, id, &deposit, "100", ago(&app, 9)).expect(201).json()["id"]);
    let (own, foreign) = (holding(&id), holding(&other));
    let new = json!({"day": ago(&app, 5), "kind": "deposit", "amount": "1000"});
    let path = format!("/holdings/{own}/transactions");
    let entry = text(&rm.post(&path, &new).expect(201).json()["id"]);
    let why = json!({"reason": "记错了账户"});
    rm.post(&format!("/holdings/{foreign}/transactions/{entry}/reverse"), &why).expect(404);
    let counter = rm.post(&format!("{path}/{entry}/reverse"), &why).expect(201).json();
    assert_eq!((&counter["effect"], &counter["reverses"]), (&json!("-1000.0000"), &json!(entry)));
    assert_eq!(counter["day"], json!(ago(&app, 5)));
    let again = rm.post(&format!("{path}/{entry}/reverse"), &why).expect(409);
    assert_eq!(again.fields(), [(String::new(), "already_reversed".to_owned())]);
    let back = rm.post(&format!("{path}/{}/reverse", text(&counter["id"])), &why).expect(409);
    assert_eq!(back.fields(), [(String::new(), "is_reversal".to_owned())]);
    assert_eq!(figures(&rm, &id).0, "100.0000");
    let page = rm.get(&format!("/customers/{id}/transactions")).expect(200).json();
    let rows = page["data"].as_array().expect("rows");
    assert_eq!(rows.len(), 2);
    let cancelled = rows.iter().find(|row| row["id"] == json!(entry)).expect("the first one");
    assert_eq!(cancelled["reversed_by"], counter["id"]);
    assert_eq!(wrong(&app), Vec::<String>::new());
}

#[test]
fn what_is_wrong_with_a_holding_is_told_at_once() {
    let app = TestApp::start();
    let (admin, rm) = (app.role(Role::Admin), app.role(Role::Rm));
    let id = customer(&rm, "张三丰");
    let dollars = product(&app, "usd", "deposit", "USD");
    let path = format!("/customers/{id}/holdings");
    let new = json!({
        "product_id": dollars, "amount": "999999999999", "opened_on": "2099-01-01", "cost": "-1", "reference": "****1234",
        "quantity": {"number": "0", "unit": "grams"}, "matures_on": "2098-01-01",
    });
    let found: BTreeMap<String, String> = rm.post(&path, &new).expect(422).fields().into_iter().collect();
    let expected = [
        ("/amount", "range"),
        ("/cost", "not_negative"),
        ("/currency", "no_exchange_rate"),
        ("/matures_on", "before_opening"),
        ("/opened_on", "in_the_future"),
        ("/quantity/number", "positive"),
        ("/reference", "masked_value_written"),
    ];
    assert_eq!(found, expected.map(|(at, code)| (at.to_owned(), code.to_owned())).into());
    rate(&app, "USD", today(&app), "7");
    let opened = open(&rm, &id, &dollars, "10", today(&app)).expect(201).json();
    assert_eq!(opened["value"]["amount"], "70.0000");

    let product_path = format!("/products/{dollars}");
    admin.act(&format!("{product_path}/archive"), &admin.get(&product_path).expect(200).tag()).expect(200);
    let fields = open(&rm, &id, &dollars, "10", today(&app)).expect(422).fields();
    assert_eq!(fields, [("/product_id".to_owned(), "archived".to_owned())]);
    let entry = |day: NaiveDate, kind: &str, amount: &str| {
        let path = format!("/holdings/{}/transactions", text(&opened["id"]));
        rm.post(&path, &json!({"day": day, "kind": kind, "amount": amount})).expect(422).fields()
    };
    assert_eq!(
        entry(ago(&app, 1), "deposit", "-1"),
        [("/day".to_owned(), "before_opening".to_owned()), ("/amount".to_owned(), "positive".to_owned()),]
    );
    let tomorrow = today(&app).succ_opt().expect("a day");
    assert_eq!(
        entry(tomorrow, "adjustment", "0"),
        [("/day".to_owned(), "in_the_future".to_owned()), ("/amount".to_owned(), "not_zero".to_owned()),]
    );
}

#[test]
fn values_follow_rates_and_what_counts_as_an_asset() {
    let app = TestApp::start();
    without_grace(&app);
    let (admin, rm) = (app.role(Role::Admin), app.role(Role::Rm));
    rate(&app, "USD", ago(&app, 100), "7");
    let dollars = product(&app, "usd", "deposit", "USD");
    let id = customer(&rm, "张三丰");
    let opened = open(&rm, &id, &dollars, "20000", ago(&app, 10)).expect(201);
    assert_eq!(figures(&rm, &id), ("140000.0000".into(), "gold".into(), 1));
    work(&app);
    // One for tomorrow waits for tomorrow.
    rate(&app, "USD", today(&app).succ_opt().expect("a day"), "4");
    work(&app);
    assert_eq!(figures(&rm, &id).0, "140000.0000");
    rate(&app, "USD", today(&app), "8");
    work(&app);
    assert_eq!(figures(&rm, &id).0, "160000.0000");
    assert_eq!(wrong(&app), Vec::<String>::new());
    work_later(&app, 1);
    assert_eq!(figures(&rm, &id), ("80000.0000".into(), "mass".into(), 1));
    work(&app);

    let path = format!("/products/{dollars}");
    let tag = admin.get(&path).expect(200).tag();
    admin.patch(&path, &tag, &json!({"counts_as_asset": false})).expect(200);
    assert_eq!(app.db(due::count), 1, "it is done later, in chunks");
    work(&app);
    assert_eq!(app.db(due::count), 0);
    assert_eq!(figures(&rm, &id), ("0.0000".into(), "mass".into(), 1));
    let other = rm.patch(
        &format!("/holdings/{}", text(&opened.json()["id"])),
        &opened.tag(),
        &json!({"currency": "CNY", "amount": "5"}),
    );
    assert_eq!(
        other.expect(200).json()["value"]["amount"],
        "5.0000",
        "without transactions it can be put right"
    );
}

#[test]
fn whoever_is_made_with_a_tier_has_that_of_the_holdings_from_the_first_one_on() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let deposit = product(&app, "dd", "deposit", "CNY");
    let new = guanxi_api::NewCustomer::named(guanxi_api::CustomerKind::Person, "张三丰");
    let prepared = crate::customers::Prepared {
        new,
        org_unit_id: crate::access::OrgUnitId::new(app.fixture.unit("a1")),
        owner_id: Some(crate::access::UserId::new(app.fixture.user("rm"))),
        team: Vec::new(),
        tier: Tier::Gold,
        aum: Amount(2_000_000_000),
        created_at: clock::now(),
        updated_at: clock::now(),
        archived: false,
    };
    let state = app.state.clone();
    let id = app.db(move |conn| {
        let made = crate::customers::create_many(
            conn,
            &Actor::operator(clock::now()),
            state.house(),
            std::slice::from_ref(&prepared),
        )?;
        Ok(made[0].to_string())
    });
    assert_eq!(figures(&rm, &id).1, "gold");
    open(&rm, &id, &deposit, "1000", today(&app)).expect(201);
    assert_eq!(figures(&rm, &id), ("1000.0000".into(), "mass".into(), 1), "without grace");
    assert_eq!(wrong(&app), Vec::<String>::new());
}

#[test]
fn new_thresholds_sort_all_customers_anew() {
    let app = TestApp::start();
    let (admin, rm) = (app.role(Role::Admin), app.role(Role::Rm));
    let deposit = product(&app, "dd", "deposit", "CNY");
    let ids: Vec<String> = (0..130).map(|n| customer(&rm, &format!("张{n}"))).collect();
    for id in ids.iter().step_by(40) {
        open(&rm, id, &deposit, "60000", today(&app)).expect(201);
    }
    let tiers = admin.get("/tiers").expect(200);
    let mut rules = json!({"tiers": tiers.json()["tiers"]});
    let cadences: Vec<&Value> =
        rules["tiers"].as_array().expect("five").iter().map(|rule| &rule["cadence_days"]).collect();
    assert_eq!(cadences, [&Value::Null, &json!(14), &json!(7), &json!(7), &json!(7)]);
    assert_eq!(rules["tiers"][0]["servicing_channel"], "phone_centre");
    rules["tiers"][1]["threshold"] = json!("50000");
    rm.put("/tiers", &tiers.tag(), &rules).expect(403);
    let changed = admin.put("/tiers", &tiers.tag(), &rules).expect(200);
    admin.put("/tiers", &tiers.tag(), &rules).expect(412);
    assert_eq!(figures(&rm, &ids[40]).1, "mass", "not yet");
    work(&app);
    for (n, id) in ids.iter().enumerate().step_by(20) {
        assert_eq!(figures(&rm, id).1, if n % 40 == 0 { "gold" } else { "mass" }, "{n}");
    }
    let history = rm.get(&format!("/customers/{}/tier-history", ids[40])).expect(200).json();
    assert_eq!(
        (&history["data"][0]["reason"], &history["data"][0]["from"]),
        (&json!("policy"), &json!("mass"))
    );
    assert_eq!(wrong(&app), Vec::<String>::new());

    rules["tiers"][2]["threshold"] = json!("50000");
    let fields = admin.put("/tiers", &changed.tag(), &rules).expect(422).fields();
    assert_eq!(fields, [("/tiers/2/threshold".to_owned(), "rising_thresholds".to_owned())]);
}

#[test]
fn c1_concurrent_transactions_lose_nothing() {
    const CLIENTS: usize = 20;
    const EACH: usize = 5;
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let deposit = product(&app, "dd", "deposit", "CNY");
    let id = customer(&rm, "张三丰");
    let held: Vec<String> =
        (0..3).map(|_| text(&open(&rm, &id, &deposit, "0", ago(&app, 5)).expect(201).json()["id"])).collect();
    let barrier = Barrier::new(CLIENTS);
    std::thread::scope(|scope| {
        for n in 0..CLIENTS {
            let (rm, held, barrier, app) = (rm.clone(), &held, &barrier, &app);
            scope.spawn(move || {
                barrier.wait();
                for k in 0..EACH {
                    let path = format!("/holdings/{}/transactions", held[(n + k) % held.len()]);
                    let day = ago(app, (n % 5) as u64);
                    let new = json!({"day": day, "kind": "deposit", "amount": "10"});
                    let key = format!("c1-transaction-{n}-{k}");
                    while rm.send("POST", &path, &[("Idempotency-Key", &key)], Some(&new)).status != 201 {
                        std::thread::sleep(std::time::Duration::from_millis(20));
                    }
                }
            });
        }
    });
    let expected = Amount(i64::try_from(CLIENTS * EACH).expect("small") * 100_000).to_string();
    assert_eq!(figures(&rm, &id).0, expected);
    assert_eq!(wrong(&app), Vec::<String>::new());
}

#[test]
fn c2_a_transaction_is_recorded_once_for_a_key() {
    const CLIENTS: usize = 50;
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let deposit = product(&app, "dd", "deposit", "CNY");
    let id = customer(&rm, "张三丰");
    let holding = text(&open(&rm, &id, &deposit, "0", today(&app)).expect(201).json()["id"]);
    let path = format!("/holdings/{holding}/transactions");
    let send = |client: &Client, amount: &str| {
        let new = json!({"day": today(&app), "kind": "deposit", "amount": amount});
        client.send("POST", &path, &[("Idempotency-Key", "c2-transaction")], Some(&new))
    };
    let barrier = Barrier::new(CLIENTS);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let (rm, barrier, send) = (rm.clone(), &barrier, &send);
                scope.spawn(move || {
                    barrier.wait();
                    loop {
                        let answer = send(&rm, "10");
                        if answer.status != 503 {
                            return answer;
                        }
                        std::thread::sleep(std::time::Duration::from_millis(50));
                    }
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a client")).collect()
    });
    let ids: BTreeSet<String> = answers
        .into_iter()
        .filter(|answer| answer.status != 409)
        .map(|answer| text(&answer.expect(201).json()["id"]))
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(send(&rm, "11").expect(422).code(), "idempotency_key_reused");
    assert_eq!(figures(&rm, &id).0, "10.0000");
    let page = rm.get(&path).expect(200).json();
    assert_eq!(page["data"].as_array().map(Vec::len), Some(1));
}

fn pick<'a, T>(rng: &mut ChaCha8Rng, from: &'a [T]) -> &'a T {
    &from[rng.next_u32() as usize % from.len()]
}

/// After any sequence of operations the figures are what an independent look at the holdings gives.
#[test]
fn whatever_is_done_the_figures_are_what_the_holdings_say() {
    let operations =
        if std::env::var("GUANXI_CHECK_FULL").is_ok_and(|value| value == "1") { 5000 } else { 600 };
    let app = TestApp::start();
    let (admin, head) = (app.role(Role::Admin), app.role(Role::OutletHead));
    let mut rng = ChaCha8Rng::seed_from_u64(20_261_126);
    for currency in ["USD", "HKD"] {
        rate(&app, currency, ago(&app, 400), "3.14159265");
    }
    let kinds = ["deposit", "fund", "card", "loan", "wealth", "precious_metal"];
    let products: Vec<String> = (0..12)
        .map(|n| product(&app, &format!("p{n}"), kinds[n % kinds.len()], ["CNY", "CNY", "USD", "HKD"][n % 4]))
        .collect();
    let customers: Vec<String> = (0..8).map(|n| customer(&head, &format!("王{n}"))).collect();
    let (mut held, mut entries): (Vec<String>, Vec<(String, String)>) = (Vec::new(), Vec::new());
    let mut done: BTreeMap<(u32, u16), u32> = BTreeMap::new();
    for n in 0..operations {
        let what = if held.len() < 10 { 0 } else { rng.next_u32() % 14 };
        let amount = Amount(i64::from(rng.next_u32() % 2_000_000_000) * if n % 9 == 0 { -1 } else { 1 });
        let day = ago(&app, u64::from(rng.next_u32() % 300));
        let path = held.get(rng.next_u32() as usize % held.len().max(1)).map(|id| format!("/holdings/{id}"));
        let path = path.unwrap_or_default();
        let answer = match what {
            0 | 1 => {
                let owner = pick::<String>(&mut rng, &customers).clone();
                let answer =
                    open(&head, &owner, pick::<String>(&mut rng, &products), &amount.to_string(), day);
                if answer.status == 201 {
                    held.push(text(&answer.json()["id"]));
                }
                answer
            }
            2..=6 => {
                let kind = *pick(&mut rng, guanxi_api::TransactionKind::CODES);
                let amount = if kind == "adjustment" { amount } else { Amount(amount.0.abs()) };
                let new = json!({"day": day, "kind": kind, "amount": amount.to_string()});
                let answer = head.post(&format!("{path}/transactions"), &new);
                if answer.status == 201 {
                    entries.push((path, text(&answer.json()["id"])));
                }
                answer
            }
            7 if !entries.is_empty() => {
                let (path, id) = pick(&mut rng, &entries);
                head.post(&format!("{path}/transactions/{id}/reverse"), &json!({"reason": "wrong entry"}))
            }
            8 => {
                let tag = head.get(&path).expect(200).tag();
                head.send("POST", &format!("{path}/close"), &[("If-Match", &tag)], Some(&json!({})))
            }
            9 => head.act(&format!("{path}/reopen"), &head.get(&path).expect(200).tag()),
            10 => {
                let status = *pick(&mut rng, &["active", "matured"]);
                let change = json!({"status": status, "amount": amount.to_string()});
                let change = if n % 2 == 0 { change } else { json!({"status": status, "currency": "HKD"}) };
                head.patch(&path, &head.get(&path).expect(200).tag(), &change)
            }
            11 => {
                let (currency, rate) = (*pick(&mut rng, &["USD", "HKD"]), rng.next_u32() % 900_000_000 + 1);
                let new =
                    json!({"currency": currency, "valid_from": day, "rate": guanxi_api::Rate(rate.into())});
                admin.post("/exchange-rates", &new)
            }
            12 => {
                let path = format!("/products/{}", pick::<String>(&mut rng, &products));
                let product = admin.get(&path).expect(200);
                match rng.next_u32() % 3 {
                    0 => {
                        let counts = product.json()["counts_as_asset"] == json!(false);
                        admin.patch(&path, &product.tag(), &json!({"counts_as_asset": counts}))
                    }
                    1 => admin.act(&format!("{path}/archive"), &product.tag()),
                    _ => admin.act(&format!("{path}/restore"), &product.tag()),
                }
            }
            _ => {
                let mut from = 0;
                let tiers: Vec<Value> = Tier::CODES
                    .iter()
                    .map(|tier| {
                        let rule = json!({
                            "tier": tier, "threshold": Amount(from).to_string(), "cadence_days": null,
                            "servicing_channel": "phone_centre",
                        });
                        from += i64::from(rng.next_u32()) * 3 + 1;
                        rule
                    })
                    .collect();
                let basis = *pick(&mut rng, guanxi_api::TierBasis::CODES);
                let rules = json!({
                    "tiers": tiers, "basis": basis, "grace_days": rng.next_u32() % 3,
                    "candidate_percent": rng.next_u32() % 99 + 1, "gem_amount": (rng.next_u32() % 9 + 1).to_string(),
                });
                admin.put("/tiers", &admin.get("/tiers").expect(200).tag(), &rules)
            }
        };
        assert!(matches!(answer.status, 200 | 201 | 409 | 422), "{what}: {}", answer.text());
        *done.entry((what, answer.status)).or_default() += 1;
        if n % 100 == 99 {
            work(&app);
            assert_eq!(wrong(&app), Vec::<String>::new(), "after {n} operations");
        } else if rng.next_u32().is_multiple_of(4) {
            let state = app.state.clone();
            app.db(move |conn| {
                let house = state.house();
                holdings::do_some_work(conn, &Actor::job(clock::now()), house)
            });
        }
    }
    for what in 0..14 {
        assert!(
            done.iter().any(|((kind, status), _)| *kind == what && *status < 300),
            "operation {what} was never done: {done:?}"
        );
    }
    // The check sees it when something is not as it should be.
    app.db(|conn| {
        use diesel::connection::SimpleConnection;
        conn.batch_execute(
            "UPDATE holding_balance SET amount = amount + 1; UPDATE customer_figures SET coverage = 99",
        )
        .map_err(|error| guanxi_db::DbError::from(error).into())
    });
    let found = wrong(&app);
    assert!(found.len() >= 2, "{found:?}");
}

/// A7: what a filter and an order give is what they mean, and paging shows each row once.
#[test]
fn a7_lists_of_holdings_are_what_their_filters_mean() {
    use crate::holdings::list::FIELDS;
    use crate::listing::Field;
    use crate::listing::filter::{self, FieldSpec, FieldType, FieldValue, TypedValue};

    let app = TestApp::start();
    let (head, auditor) = (app.role(Role::OutletHead), app.role(Role::Auditor));
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    rate(&app, "USD", ago(&app, 400), "7.1");
    let products: Vec<String> = [("a", "deposit", "CNY"), ("b", "fund", "USD"), ("c", "loan", "CNY")]
        .iter()
        .map(|(code, kind, currency)| product(&app, code, kind, currency))
        .collect();
    let customers: Vec<String> = (0..12).map(|n| customer(&head, &format!("王{n}"))).collect();
    for n in 0..150_u64 {
        let matures = (n % 3 > 0).then(|| today(&app).checked_add_days(Days::new(n % 40)).expect("a day"));
        let amount = ["10", "250000", "-3.5", "0"][n as usize % 4];
        let channel = guanxi_api::HoldingChannel::CODES[n as usize % 7];
        let new = json!({
            "product_id": pick::<String>(&mut rng, &products), "amount": amount, "channel": channel,
            "opened_on": ago(&app, n % 50), "matures_on": matures, "auto_renewal": n % 5 == 0,
        });
        let owner = pick::<String>(&mut rng, &customers);
        let opened = head.post(&format!("/customers/{owner}/holdings"), &new).expect(201);
        let path = format!("/holdings/{}", text(&opened.json()["id"]));
        match n % 7 {
            0 => drop(head.patch(&path, &opened.tag(), &json!({"status": "matured"})).expect(200)),
            1 => {
                let tag = [("If-Match", opened.tag())];
                let tag = [(tag[0].0, tag[0].1.as_str())];
                head.send("POST", &format!("{path}/close"), &tag, Some(&json!({}))).expect(200);
            }
            _ => {}
        }
    }
    let walk = |query: &str| {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = auditor.get(&format!("/holdings?limit=13{query}{cursor}")).expect(200).json();
            rows.extend(page["data"].as_array().expect("rows").iter().cloned());
            let Some(next) = page["page"]["next"].as_str() else { return rows };
            cursor = format!("&cursor={next}");
        }
    };
    let escape = |text: &str| text.replace(' ', "%20").replace('"', "%22").replace(',', "%2C");
    let all = walk(&format!("&filter={}", escape("status ne null")));
    assert_eq!(all.len(), 150);
    // The ends of what can be written are values like any others.
    let extremes = r#"status ne null and opened_on ge "0000-01-01" and opened_on le "9999-12-31" and value ge -922337203685477.5808"#;
    assert_eq!(walk(&format!("&filter={}", escape(extremes))).len(), 150);
    let field = |name: &str| FIELDS.iter().find(|field| field.name == name).expect("a field");
    let micros = |amount: &Value| Amount::parse(amount.as_str().expect("text")).expect("an amount").0;
    let units: BTreeMap<String, Value> = customers
        .iter()
        .map(|id| (id.clone(), head.get(&format!("/customers/{id}")).expect(200).json()))
        .collect();
    let value_of = |row: &Value, name: &str| -> FieldValue {
        let code = |value: &Value| {
            let FieldType::Code(codes) = field(name).kind else { panic!("no code") };
            TypedValue::Code(codes.iter().find(|code| value == **code).expect("a code"))
        };
        let day = |value: &Value| TypedValue::Date(value.as_str().expect("text").parse().expect("a day"));
        let id = |value: &Value| TypedValue::Id(value.as_str().expect("text").parse().expect("an id"));
        let customer = &units[row["customer"]["id"].as_str().expect("an id")];
        FieldValue::One(match name {
            "matures_on" if row["matures_on"].is_null() => return FieldValue::Null,
            "owner_id" if customer["owner"].is_null() => return FieldValue::Null,
            "matures_on" | "opened_on" => day(&row[name]),
            "status" | "channel" => code(&row[name]),
            "kind" => code(&row["product"]["kind"]),
            "tier" => code(&row["customer"]["tier"]),
            "value" => TypedValue::Money(micros(&row["value"]["amount"])),
            "amount" => TypedValue::Money(micros(&row["amount"])),
            "product_id" => id(&row["product"]["id"]),
            "org_unit_id" => id(&customer["org_unit"]["id"]),
            "owner_id" => id(&customer["owner"]["id"]),
            "auto_renewal" => TypedValue::Bool(row["auto_renewal"] == json!(true)),
            "customer_archived" => TypedValue::Bool(false),
            "currency" => TypedValue::Text(text(&row["currency"])),
            other => panic!("{other} is not known to this test"),
        })
    };
    let written = |value: &FieldValue| match value {
        FieldValue::One(TypedValue::Money(units)) => Amount(*units).to_string(),
        FieldValue::One(TypedValue::Bool(flag)) => flag.to_string(),
        FieldValue::One(TypedValue::Code(code)) => json!(code).to_string(),
        FieldValue::One(TypedValue::Text(text)) => json!(text).to_string(),
        FieldValue::One(TypedValue::Date(day)) => json!(day).to_string(),
        FieldValue::One(TypedValue::Id(id)) => json!(id).to_string(),
        _ => "null".to_owned(),
    };
    let (mut found, mut tried) = (0, 0);
    for _ in 0..200 {
        let mut terms: Vec<String> = (0..1 + rng.next_u32() % 3)
            .map(|_| {
                let field: &Field = pick(&mut rng, FIELDS);
                let value = written(&value_of(pick(&mut rng, &all), field.name));
                let ops: Vec<&str> = match &value {
                    text if text == "null" => vec!["eq", "ne"],
                    _ => field
                        .kind
                        .operators()
                        .iter()
                        .map(|op| op.as_str())
                        .filter(|op| *op != "in" && *op != "starts")
                        .collect(),
                };
                format!("{} {} {value}", field.name, pick(&mut rng, &ops))
            })
            .collect();
        terms.push("status ne null".to_owned());
        let filter = terms.join(*pick(&mut rng, &[" and ", " and not ", " or "]));
        let filter = format!("({filter}) and status ne null");
        let sort = *pick(
            &mut rng,
            &["matures_on", "-matures_on", "value", "-value", "status,-value", "-status,matures_on"],
        );
        let parsed = filter::parse(&filter).expect("a filter");
        let typed = filter::check(&parsed, &|name| {
            let field = FIELDS.iter().find(|field| field.name == name)?;
            Some(FieldSpec { field, kind: field.kind, filterable: true })
        })
        .unwrap_or_else(|error| panic!("{filter}: {error}"));
        let mut wanted: Vec<&Value> = all
            .iter()
            .filter(|row| filter::matches(&typed, &|field: &&'static Field| value_of(row, field.name)))
            .collect();
        let key = |row: &Value, name: &str| match name {
            "status" => text(&row["status"]),
            "value" => format!("{:020}", i128::from(micros(&row["value"]["amount"])) + (1_i128 << 62)),
            _ => row["matures_on"].as_str().unwrap_or("9999-12-31").to_owned(),
        };
        wanted.sort_by(|a, b| {
            let mut order = std::cmp::Ordering::Equal;
            let mut descends = false;
            for part in sort.split(',') {
                descends = part.starts_with('-');
                let name = part.trim_start_matches('-');
                let by = key(a, name).cmp(&key(b, name));
                order = order.then(if descends { by.reverse() } else { by });
            }
            let by = text(&a["id"]).cmp(&text(&b["id"]));
            order.then(if descends { by.reverse() } else { by })
        });
        let shown = walk(&format!("&sort={sort}&filter={}", escape(&filter)));
        let ids = |rows: &[&Value]| rows.iter().map(|row| text(&row["id"])).collect::<Vec<_>>();
        assert_eq!(ids(&shown.iter().collect::<Vec<_>>()), ids(&wanted), "{filter} by {sort}");
        found += shown.len();
        tried += 1;
    }
    assert!(found > tried, "hardly anything was found");
}
