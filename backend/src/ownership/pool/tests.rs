use diesel::prelude::*;
use guanxi_api::{Amount, CustomerKind, NewCustomer, Role, Tier};
use guanxi_db::schema::pool_warning;
use guanxi_db::{DbError, Id};
use serde_json::{Value, json};

use crate::access::Actor;
use crate::clock;
use crate::customers::{self, CustomerId, Prepared};
use crate::error::Code;
use crate::ownership::pool;
use crate::ownership::tests::{day, first_code, id_of, ids, tagged, text, user, verified, work, work_after};
use crate::testing::{Client, TestApp};

/// A customer of an owner since so many days.
fn customer(app: &TestApp, name: &str, owner: &str, since: i64) -> String {
    let at = clock::now().plus_seconds(-since * 86_400);
    let prepared = Prepared {
        new: NewCustomer::named(CustomerKind::Person, name),
        org_unit_id: Id::new(app.fixture.unit("a1")),
        owner_id: Some(Id::new(app.fixture.user(owner))),
        team: Vec::new(),
        tier: Tier::Mass,
        aum: Amount(0),
        created_at: at,
        updated_at: at,
        archived: false,
    };
    let state = app.state.clone();
    let made = app.db(move |conn| {
        customers::create_many(
            conn,
            &Actor::operator(clock::now()),
            state.house(),
            std::slice::from_ref(&prepared),
        )
    });
    format!("/customers/{}", made[0].uuid())
}

fn set_rules(app: &TestApp, rules: Value, claims_per_day: Option<u32>) {
    let admin = app.role(Role::Admin);
    let tag = admin.get("/pool-policy").expect(200).tag();
    let policy =
        json!({"rules": rules, "notice_days": 14, "claims_per_day": claims_per_day, "hold_days": 30});
    admin.put("/pool-policy", &tag, &policy).expect(200);
    work(app);
}

fn warned(client: &Client) -> Vec<(String, String)> {
    let list = client.get("/pool-warnings").expect(200).json();
    let rows = list["data"].as_array().expect("a list");
    rows.iter().map(|row| (text(&row["id"]), text(&row["falls_on"]))).collect()
}

fn log_call(client: &Client, path: &str) {
    let call =
        json!({"kind": "call", "direction": "outbound", "purpose": "relationship", "outcome": "reached"});
    client.post(&format!("{path}/interactions"), &call).expect(201);
}

#[test]
fn whoever_nobody_contacts_falls_back_after_notice_and_is_taken() {
    let app = TestApp::start();
    let (head, rm, rm2) = (app.role(Role::OutletHead), app.user("rm"), app.user("rm2"));
    let old = customer(&app, "张三丰", "rm", 400);
    let kept = customer(&app, "李四光", "rm", 400);
    let new = customer(&app, "王小明", "rm", 10);
    work(&app);
    assert!(warned(&head).is_empty(), "without a rule nobody falls back");

    set_rules(&app, json!([{"tier": "mass", "days": 180}]), Some(1));
    let mut both = vec![(id_of(&old), day(&app, 14)), (id_of(&kept), day(&app, 14))];
    both.sort();
    let mut found = warned(&rm);
    found.sort();
    assert_eq!(found, both, "the whole notice, however long nobody has called");
    log_call(&rm, &kept);
    work(&app);
    assert_eq!(warned(&rm), [(id_of(&old), day(&app, 14))]);
    let task = json!({"title": "Call", "customer_id": id_of(&old), "due_on": day(&app, 0)});
    rm.post("/tasks", &task).expect(201);
    verified(&app);

    // The day has come.
    let id: Id<()> = Id::new(id_of(&old).parse().expect("an id"));
    let today = app.state.settings.day(clock::now());
    app.db(move |conn| {
        diesel::update(pool_warning::table.find(id))
            .set((
                pool_warning::warned_on.eq(today - chrono::Days::new(14)),
                pool_warning::falls_on.eq(today),
            ))
            .execute(conn)
            .map_err(|error| DbError::from(error).into())
    });
    work(&app);
    rm.get(&old).expect(404);
    assert!(warned(&rm).is_empty());
    let pool = rm2.get("/pool").expect(200).json();
    assert_eq!(ids(&pool), [id_of(&old)]);
    let row = pool["data"][0].clone();
    assert_eq!((&row["name"], &row["previous_owner"]["id"]), (&json!("张三丰"), &json!(user(&app, "rm"))));
    assert_eq!(row["claimable_from"], day(&app, 0));
    assert_eq!(rm.get("/pool").expect(200).json()["data"][0]["claimable_from"], day(&app, 30));
    assert!(ids(&app.user("rm_b1").get("/pool").expect(200).json()).is_empty());
    let record = head.get(&format!("{old}/ownership")).expect(200).json();
    assert_eq!(
        (&record["data"][0]["ended_how"], &record["data"][0]["ended_by"]),
        (&json!("pool"), &Value::Null)
    );

    let claim = format!("/pool/{}/claim", id_of(&old));
    let tag = format!("\"{}-0\"", row["version"]);
    assert_eq!(first_code(&rm.act(&claim, &tag).expect(409)), "had_it_last");
    app.user("rm_b1").act(&claim, &tag).expect(404);
    rm2.act(&claim, "\"99-0\"").expect(412);
    let taken = rm2.act(&claim, &tag).expect(200).json();
    assert_eq!(taken["owner"]["id"], user(&app, "rm2"));
    rm2.act(&claim, &tag).expect(404);
    let record = rm2.get(&format!("{old}/ownership")).expect(200).json();
    assert_eq!(
        (&record["data"][0]["how"], &record["data"][0]["signed_on"]),
        (&json!("claimed"), &json!(day(&app, 0)))
    );
    assert_eq!(rm2.get("/tasks").expect(200).json()["data"][0]["title"], "Call");
    assert!(ids(&rm2.get("/pool").expect(200).json()).is_empty());
    // Whoever has just begun has the whole time.
    work(&app);
    assert!(warned(&rm2).is_empty());
    rm.get(&new).expect(200);
    verified(&app);
}

#[test]
fn whoever_takes_a_customer_still_works_there_as_a_relationship_manager() {
    let app = TestApp::start();
    customer(&app, "张三丰", "rm", 400);
    set_rules(&app, json!([{"tier": "mass", "days": 180}]), None);
    work_after(&app, 15);
    let row = app.user("rm2").get("/pool").expect(200).json()["data"][0].clone();
    let id: CustomerId = Id::new(text(&row["id"]).parse().expect("an id"));
    let version = row["version"].as_i64().expect("a version");
    // As a server remembers a session that was looked at before the account changed.
    let token = app.user("rm2").token.expect("signed in");
    let session = app.state.signer.verify(&token, clock::now()).expect("its own token").session;
    let actor = app.db(move |conn| Actor::of_session(conn, session, clock::now()));
    let claimed = || {
        let (actor, state) = (actor.clone(), app.state.clone());
        app.db(move |conn| {
            Ok(pool::claim(conn, &actor, state.house(), id, version).map_err(|error| error.code))
        })
    };
    let admin = app.role(Role::Admin);
    let account = format!("/users/{}", user(&app, "rm2"));
    let change = |body: Value| {
        let tag = admin.get(&account).expect(200).tag();
        admin.patch(&account, &tag, &body).expect(200);
    };
    change(json!({"org_unit_id": app.fixture.unit("a2")}));
    assert_eq!(claimed(), Err(Code::NotFound));
    change(json!({"org_unit_id": app.fixture.unit("a1"), "role": "adviser"}));
    assert_eq!(claimed(), Err(Code::Forbidden));
    change(json!({"role": "rm"}));
    admin.act(&format!("{account}/archive"), &admin.get(&account).expect(200).tag()).expect(200);
    assert_eq!(claimed(), Err(Code::Forbidden));
    assert_eq!(ids(&app.role(Role::OutletHead).get("/pool").expect(200).json()), [text(&row["id"])]);
}

#[test]
fn nobody_takes_more_than_may_be_taken_and_who_gets_an_owner_leaves_the_pool() {
    let app = TestApp::start();
    let (head, rm2) = (app.role(Role::OutletHead), app.user("rm2"));
    for name in ["张三丰", "李四光", "王小明"] {
        customer(&app, name, "rm", 400);
    }
    set_rules(&app, json!([{"tier": "mass", "days": 180}]), Some(1));
    // A walk of the day after the notice.
    work_after(&app, 15);
    let pool = rm2.get("/pool").expect(200).json();
    assert_eq!(pool["data"].as_array().map(Vec::len), Some(3));
    let claim = |row: &Value| {
        rm2.act(&format!("/pool/{}/claim", text(&row["id"])), &format!("\"{}-0\"", row["version"]))
    };
    claim(&pool["data"][0]).expect(200);
    assert_eq!(first_code(&claim(&pool["data"][1]).expect(409)), "took_enough_today");
    let row = &pool["data"][2];
    let path = format!("/customers/{}", text(&row["id"]));
    let tag = head.get(&path).expect(200).tag();
    tagged(&head, &format!("{path}/assign"), &tag, &json!({"owner_id": user(&app, "rm")})).expect(200);
    assert_eq!(rm2.get("/pool").expect(200).json()["data"].as_array().map(Vec::len), Some(1));
    let admin = app.role(Role::Admin);
    let twice = json!({"rules": [{"tier": "mass", "days": 60}, {"tier": "mass", "days": 90}], "notice_days": 14, "claims_per_day": null, "hold_days": 0});
    let tag = admin.get("/pool-policy").expect(200).tag();
    let refused = admin.put("/pool-policy", &tag, &twice).expect(422);
    assert_eq!(refused.fields(), [("/rules/1/tier".to_owned(), "duplicate".to_owned())]);
}
