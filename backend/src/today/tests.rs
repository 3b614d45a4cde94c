use chrono::{Datelike, Days, NaiveDate};
use guanxi_api::{Amount, CustomerKind, NewCustomer, Role, Tier};
use guanxi_db::Id;
use serde_json::{Value, json};

use crate::access::Actor;
use crate::clock;
use crate::customers::{self, Prepared};
use crate::testing::{Answer, Client, TestApp};

fn today(app: &TestApp) -> NaiveDate {
    app.state.settings.day(clock::now())
}

fn in_days(app: &TestApp, days: u64) -> NaiveDate {
    today(app).checked_add_days(Days::new(days)).expect("a day")
}

/// A customer of an owner in a tier, since so many days.
fn customer(app: &TestApp, owner: &str, tier: Tier, since: i64, change: impl Fn(&mut NewCustomer)) -> String {
    many(app, 1, owner, tier, since, change).remove(0)
}

/// So many of them.
fn many(
    app: &TestApp,
    count: usize,
    owner: &str,
    tier: Tier,
    since: i64,
    change: impl Fn(&mut NewCustomer),
) -> Vec<String> {
    let mut new = NewCustomer::named(CustomerKind::Person, "张三丰");
    change(&mut new);
    let at = clock::now().plus_seconds(-since * 86_400);
    let unit = if owner == "rm_b1" { "b1" } else { "a1" };
    let prepared = Prepared {
        new,
        org_unit_id: Id::new(app.fixture.unit(unit)),
        owner_id: Some(Id::new(app.fixture.user(owner))),
        team: Vec::new(),
        tier,
        aum: Amount(0),
        created_at: at,
        updated_at: at,
        archived: false,
    };
    let state = app.state.clone();
    let made = app.db(move |conn| {
        let house = state.house();
        let all = vec![prepared.clone(); count];
        customers::create_many(conn, &Actor::operator(clock::now()), house, &all)
    });
    made.iter().map(|id| id.uuid().to_string()).collect()
}

fn list(client: &Client) -> Value {
    client.get("/today").expect(200).json()
}

/// Reason, customer, and id of each line.
fn lines(client: &Client) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = list(client);
    let lines = list["lines"].as_array().expect("lines");
    lines
        .iter()
        .map(|line| (text(&line["reason"]), text(&line["customer"]["id"]), text(&line["id"])))
        .collect()
}

fn ids_of(client: &Client, reason: &str) -> Vec<String> {
    lines(client).into_iter().filter(|line| line.0 == reason).map(|line| line.1).collect()
}

fn log(client: &Client, customer: &str, outcome: &str) -> Answer {
    let new = json!({"kind": "call", "purpose": "relationship", "outcome": outcome});
    client.post(&format!("/customers/{customer}/interactions"), &new).expect(201)
}

#[test]
fn a_segment_demands_contacts_as_well_and_the_stricter_one_decides() {
    let app = TestApp::start();
    let own = |tier, since, occupation: &str| {
        customer(&app, "rm", tier, since, |new| new.occupation = Some(occupation.to_owned()))
    };
    own(Tier::Mass, 13, "房东");
    let landlord = own(Tier::Mass, 14, "房东");
    let owner = own(Tier::Gold, 8, "董事长");
    let teacher = own(Tier::Platinum, 7, "中学教师");
    loop {
        let state = app.state.clone();
        let actor = crate::access::Actor::job(crate::clock::now());
        if !app.db(move |conn| crate::segments::do_some_work(conn, &actor, &state.settings)) {
            break;
        }
    }
    let today = app.user("rm").get("/today").expect(200).json();
    let lines = today["lines"].as_array().expect("lines").iter();
    let found: Vec<(String, u64)> = lines
        .map(|line| {
            let id = line["customer"]["id"].as_str().expect("an id").to_owned();
            (id, line["cadence_days"].as_u64().expect("days"))
        })
        .collect();
    assert_eq!(found, [(teacher, 7), (owner, 7), (landlord, 14)]);
}

#[test]
fn a_contact_is_due_when_the_tier_says_so() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let make = |tier, since| customer(&app, "rm", tier, since, |_| {});
    // Gold: every 14 days; platinum and above: every 7; mass: never.
    make(Tier::Mass, 400);
    make(Tier::Gold, 13);
    let gold = make(Tier::Gold, 14);
    make(Tier::Platinum, 6);
    let platinum = make(Tier::Platinum, 7);
    let longer = make(Tier::Platinum, 9);
    let private = make(Tier::Private, 8);
    customer(&app, "rm", Tier::Private, 90, |new| new.do_not_contact.all = true);
    customer(&app, "rm2", Tier::Private, 90, |_| {});
    let due = [&private, &longer, &platinum, &gold].map(Clone::clone);
    assert_eq!(ids_of(&rm, "contact_due"), due);
    let list = list(&rm);
    let line = &list["lines"][3];
    assert_eq!(
        (&line["cadence_days"], &line["due_on"], &line["customer"]["tier"]),
        (&json!(14), &json!(today(&app)), &json!("gold"))
    );
    assert_eq!(line["customer"]["last_contacted_at"], Value::Null);
    assert_eq!(list["lines"][1]["due_on"], json!(today(&app).checked_sub_days(Days::new(2))));
    let counted = json!({"reason": "contact_due", "lines": 4, "more": false});
    assert!(list["counts"].as_array().expect("counts").contains(&counted), "{list}");

    // Only a contact that reached the customer counts.
    log(&rm, &gold, "not_reached");
    assert_eq!(ids_of(&rm, "contact_due"), due);
    log(&rm, &gold, "reached");
    assert_eq!(ids_of(&rm, "contact_due"), due[..3]);
    // Nobody else has them in the list, whatever they see.
    for role in [Role::OutletHead, Role::BranchManager, Role::Adviser, Role::Service] {
        assert_eq!(lines(&app.role(role)), [], "{role}");
    }
    for role in [Role::Teller, Role::Admin] {
        app.role(role).get("/today").expect(403);
    }
}

#[test]
fn a_line_is_done_or_postponed_once_and_becomes_a_task() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let first = customer(&app, "rm", Tier::Private, 30, |_| {});
    let second = customer(&app, "rm", Tier::Gold, 30, |_| {});
    let line = |n: usize| lines(&rm)[n].2.clone();
    let (of_first, of_second) = (line(0), line(1));
    let postpone = |id: &str, body: Value| rm.post(&format!("/today/{id}/postpone"), &body);
    let complete = |id: &str, body: Value| rm.post(&format!("/today/{id}/complete"), &body);

    let refused = postpone(&of_first, json!({"due_on": "2001-01-01", "reason": " "})).expect(422);
    assert_eq!(
        refused.fields(),
        [("/due_on", "in_the_past"), ("/reason", "required")]
            .map(|(at, code)| (at.to_owned(), code.to_owned()))
    );
    assert_eq!(lines(&rm).len(), 2, "nothing was written");
    let later = json!({"due_on": in_days(&app, 3), "reason": "客户出差"});
    let made = postpone(&of_first, later.clone()).expect(201);
    let task = made.json();
    assert_eq!(
        (&task["source"], &task["due_on"], &task["status"], &task["customer"]["id"]),
        (&json!("contact_due"), &json!(in_days(&app, 3)), &json!("open"), &json!(first))
    );
    assert_eq!(task["title"], "Contact 张三丰");
    postpone(&of_first, later.clone()).expect(404);
    complete(&of_first, json!({})).expect(404);
    assert_eq!(ids_of(&rm, "contact_due"), std::slice::from_ref(&second));
    let history = rm.get(&format!("/tasks/{}/history", task["id"].as_str().expect("an id"))).expect(200);
    assert_eq!(history.json()["data"][0]["reason"], "客户出差");

    // Cancelled, the line is there again, and the task stays cancelled while the line is another task.
    let path = format!("/tasks/{}", task["id"].as_str().expect("an id"));
    let cancelled = rm.act(&format!("{path}/cancel"), &made.tag()).expect(200);
    assert_eq!(ids_of(&rm, "contact_due"), [first.clone(), second]);
    complete(&of_first, json!({"outcome": "在网点见过"})).expect(201);
    let again = rm.act(&format!("{path}/reopen"), &cancelled.tag()).expect(409);
    assert_eq!(again.fields(), [("/status".to_owned(), "has_another_task".to_owned())]);

    // The same request again gives the same task.
    let key = [("Idempotency-Key", "today-line-0001")];
    let done =
        || rm.send("POST", &format!("/today/{of_second}/complete"), &key, Some(&json!({}))).expect(201);
    let (once, twice) = (done(), done());
    assert_eq!(once.json()["id"], twice.json()["id"]);
    assert_eq!(twice.header("Idempotency-Replayed"), Some("true"));
    assert_eq!((&once.json()["status"], lines(&rm).len()), (&json!("done"), 0));

    for wrong in ["contact_due", "nothing-at-all", &of_first.replace("contact_due", "task_due")] {
        complete(wrong, json!({})).expect(404);
    }
    let yesterday = of_first.replace(&today(&app).to_string(), "2020-01-01");
    complete(&yesterday, json!({})).expect(404);
    app.role(Role::OutletHead).post(&format!("/today/{of_first}/complete"), &json!({})).expect(404);
    app.role(Role::Auditor).post(&format!("/today/{of_first}/complete"), &json!({})).expect(403);
}

#[test]
fn a_line_that_many_work_at_once_becomes_one_task() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    customer(&app, "rm", Tier::Private, 30, |_| {});
    let path = format!("/today/{}/complete", lines(&rm)[0].2);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| rm.post(&path, &json!({})).status)).collect();
        calls.into_iter().map(|call| call.join().expect("an answer")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 404].contains(status)), "{statuses:?}");
}

#[test]
fn birthdays_come_a_week_before() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let born = |days: u64| {
        let day = in_days(&app, days);
        move |new: &mut NewCustomer| {
            new.birth_date = NaiveDate::from_ymd_opt(1980, day.month(), day.day());
        }
    };
    let later = customer(&app, "rm", Tier::Mass, 1, born(7));
    let now = customer(&app, "rm", Tier::Mass, 1, born(0));
    customer(&app, "rm", Tier::Mass, 1, born(8));
    customer(&app, "rm", Tier::Mass, 1, born(300));
    customer(&app, "rm2", Tier::Mass, 1, born(0));
    assert_eq!(ids_of(&rm, "birthday"), [now, later]);
    let first = list(&rm)["lines"][0].clone();
    let age = today(&app).year() - 1980;
    assert_eq!((&first["due_on"], &first["age"]), (&json!(today(&app)), &json!(age)));
    let path = format!("/today/{}/complete", first["id"].as_str().expect("an id"));
    rm.post(&path, &json!({"outcome": "已祝贺"})).expect(201);
    assert_eq!(ids_of(&rm, "birthday").len(), 1);
}

#[test]
fn birthdays_of_today_are_there_however_many_come_next() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let born = |days: u64| {
        let day = in_days(&app, days);
        // A leap year has every day.
        move |new: &mut NewCustomer| new.birth_date = day.with_year(1980)
    };
    many(&app, 101, "rm", Tier::Private, 1, born(3));
    let now = many(&app, 2, "rm", Tier::Mass, 1, born(0));
    let found = ids_of(&rm, "birthday");
    let mut first = found[..2].to_vec();
    first.sort();
    let mut wanted = now.clone();
    wanted.sort();
    assert_eq!((found.len(), first), (100, wanted));
    let unique: std::collections::BTreeSet<&String> = found.iter().collect();
    assert_eq!(unique.len(), 100);
    let counted = json!({"reason": "birthday", "lines": 100, "more": true});
    assert!(list(&rm)["counts"].as_array().expect("counts").contains(&counted));
    // Worked, one leaves its place to the others.
    let line = lines(&rm)[0].2.clone();
    rm.post(&format!("/today/{line}/complete"), &json!({})).expect(201);
    assert_eq!(ids_of(&rm, "birthday").iter().filter(|id| now.contains(id)).count(), 1);
}

#[test]
fn maturities_come_a_month_before_and_press_in_the_last_week() {
    let app = TestApp::start();
    let (rm, admin) = (app.role(Role::Rm), app.role(Role::Admin));
    let new = json!({"code": "TD1", "kind": "deposit", "name": {"zh-CN": "定期存款", "en": "Time deposit"}, "currency": "CNY"});
    let product = admin.post("/products", &new).expect(201).json()["id"].clone();
    let owner = customer(&app, "rm", Tier::Mass, 5, |_| {});
    let silent = customer(&app, "rm", Tier::Private, 30, |_| {});
    let hold = |days: u64| {
        let new = json!({"product_id": product, "amount": "100", "opened_on": today(&app), "matures_on": in_days(&app, days)});
        rm.post(&format!("/customers/{owner}/holdings"), &new).expect(201).json()["id"].clone()
    };
    let (far, near) = (hold(30), hold(7));
    hold(31);
    let order: Vec<(String, String)> = lines(&rm).into_iter().map(|line| (line.0, line.1)).collect();
    let line = |reason: &str, id: &String| (reason.to_owned(), id.clone());
    assert_eq!(order, [line("maturity", &owner), line("contact_due", &silent), line("maturity", &owner)]);
    let list = list(&rm);
    assert_eq!((&list["lines"][0]["holding"]["id"], &list["lines"][2]["holding"]["id"]), (&near, &far));
    let path = format!("/today/{}/postpone", list["lines"][0]["id"].as_str().expect("an id"));
    let task =
        rm.post(&path, &json!({"due_on": in_days(&app, 5), "reason": "等客户回来"})).expect(201).json();
    assert_eq!(task["title"], format!("Time deposit of 张三丰 matures on {}", in_days(&app, 7)));
    assert_eq!((&task["source"], &task["source_id"]), (&json!("maturity"), &near));
    assert_eq!(ids_of(&rm, "maturity").len(), 1);
}

#[test]
fn tasks_stand_there_when_they_are_due_and_low_scores_at_once() {
    let app = TestApp::start();
    let (rm, head) = (app.role(Role::Rm), app.role(Role::OutletHead));
    let owner = customer(&app, "rm", Tier::Mass, 5, |_| {});
    let task = |title: &str, days: u64, priority: &str| {
        let new = json!({"title": title, "due_on": in_days(&app, days), "priority": priority, "customer_id": owner});
        rm.post("/tasks", &new).expect(201);
    };
    task("later", 1, "normal");
    task("today", 0, "normal");
    task("pressing", 0, "high");
    let survey = crate::surveys::running_survey(&head, false);
    let link = crate::surveys::link_for(&head, &survey, &owner);
    let low =
        "earlier=nps+csat+channel&shown=why&q.nps=3&q.csat=2&q.channel=branch&q.why=too+slow&action=continue";
    crate::surveys::post_form(&app.anonymous(), &link, low);
    let list = list(&rm);
    let found: Vec<(&Value, &Value)> = list["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| (&line["reason"], &line["task"]["title"]))
        .collect();
    let wanted = [("low_score", "低分回访 · Wave"), ("task_due", "pressing"), ("task_due", "today")]
        .map(|(reason, title)| (json!(reason), json!(title)));
    assert_eq!(found, wanted.iter().map(|(reason, title)| (reason, title)).collect::<Vec<_>>());
    assert_eq!(list["lines"][0]["customer"]["id"], json!(owner));
    assert_eq!(list["lines"][0]["customer"]["tier"], "mass");
}
