use guanxi_api::Role;
use serde_json::{Value, json};

use crate::testing::{Client, TestApp};
use crate::verify;

fn customer(client: &Client, kind: &str, name: &str) -> String {
    let made = client.post("/customers", &json!({"kind": kind, "name": name})).expect(201).json();
    made["id"].as_str().expect("an id").to_owned()
}

fn relate(client: &Client, id: &str, other: &str, role: &str) -> Value {
    let new = json!({"other_id": other, "role": role});
    client.post(&format!("/customers/{id}/relations"), &new).expect(201).json()
}

fn relations(client: &Client, id: &str) -> Vec<Value> {
    let answer = client.get(&format!("/customers/{id}/relations")).expect(200).json();
    answer["relations"].as_array().expect("relations").clone()
}

fn roles(client: &Client, id: &str) -> Vec<(String, String)> {
    let name = |relation: &Value| relation["other"]["name"].as_str().unwrap_or("?").to_owned();
    relations(client, id)
        .iter()
        .map(|relation| (relation["role"].as_str().expect("a role").to_owned(), name(relation)))
        .collect()
}

/// What refuses a relation, as pointer and code.
fn refused(client: &Client, id: &str, new: &Value, status: u16) -> (String, String) {
    let answer = client.post(&format!("/customers/{id}/relations"), new).expect(status);
    answer.fields().first().expect("a field").clone()
}

fn pair(role: &str, name: &str) -> (String, String) {
    (role.to_owned(), name.to_owned())
}

#[test]
fn a_relation_is_seen_from_both_sides() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let (wang, li) = (customer(&head, "person", "王伟"), customer(&head, "person", "李芳"));
    let (child, firm) = (customer(&head, "person", "王小明"), customer(&head, "organisation", "金桂贸易"));
    relate(&head, &wang, &li, "spouse");
    relate(&head, &wang, &child, "child");
    let new = json!({"other_id": wang, "role": "key_contact", "title": " 财务总监 ", "authority": "decision_maker", "since": "2020-01-01"});
    let made = head.post(&format!("/customers/{firm}/relations"), &new).expect(201);
    assert_eq!(made.header("location"), Some(format!("/api/v1/customers/{firm}/relations").as_str()));
    assert_eq!(made.json()["title"], "财务总监");
    assert_eq!(
        roles(&head, &wang),
        [pair("spouse", "李芳"), pair("child", "王小明"), pair("contact_for", "金桂贸易")]
    );
    assert_eq!(roles(&head, &li), [pair("spouse", "王伟")]);
    assert_eq!(roles(&head, &child), [pair("parent", "王伟")]);
    let contact = relations(&head, &firm)[0].clone();
    assert_eq!((&contact["role"], &contact["authority"]), (&json!("key_contact"), &json!("decision_maker")));

    // The same relation from the other side is the same relation.
    let again = refused(&head, &child, &json!({"other_id": wang, "role": "parent"}), 409);
    assert_eq!(again, pair("/other_id", "related_already"));
    let again = refused(&head, &li, &json!({"other_id": wang, "role": "spouse"}), 409);
    assert_eq!(again.1, "has_a_spouse");

    // Over, it stands last; archived, it is gone from both sides and comes back.
    let spouse = relations(&head, &wang)[0].clone();
    let path = format!("/customers/{li}/relations/{}", spouse["id"].as_str().expect("an id"));
    let ended =
        head.patch(&path, "\"1-0\"", &json!({"until": "2024-06-01", "note": "离异"})).expect(200).json();
    assert_eq!((&ended["role"], &ended["version"]), (&json!("spouse"), &json!(2)));
    assert_eq!(roles(&head, &wang).last(), Some(&pair("spouse", "李芳")));
    head.patch(&path, "\"1-0\"", &json!({"note": "x"})).expect(412);
    head.act(&format!("{path}/archive"), "\"2-0\"").expect(200);
    assert_eq!(roles(&head, &li), []);
    assert_eq!(head.act(&format!("{path}/archive"), "\"3-0\"").expect(409).fields()[0].1, "already_archived");
    head.act(&format!("{path}/restore"), "\"3-0\"").expect(200);
    assert_eq!(roles(&head, &li).len(), 1);
    let strange = format!("/customers/{child}/relations/{}", spouse["id"].as_str().expect("an id"));
    head.patch(&strange, "\"4-0\"", &json!({"note": "x"})).expect(404);
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn what_cannot_be_is_refused_with_its_field() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let (wang, li) = (customer(&head, "person", "王伟"), customer(&head, "person", "李芳"));
    let (zhao, firm) = (customer(&head, "person", "赵敏"), customer(&head, "organisation", "金桂贸易"));
    let elsewhere = customer(&app.user("rm_b1"), "person", "周芷若");
    let with = |other: &str, role: &str| json!({"other_id": other, "role": role});
    assert_eq!(refused(&head, &wang, &with(&wang, "friend"), 422), pair("/other_id", "itself"));
    assert_eq!(refused(&head, &wang, &with(&elsewhere, "friend"), 422), pair("/other_id", "not_in_scope"));
    let nobody = uuid::Uuid::now_v7().to_string();
    assert_eq!(refused(&head, &wang, &with(&nobody, "friend"), 422), pair("/other_id", "not_in_scope"));
    assert_eq!(refused(&head, &wang, &with(&firm, "spouse"), 422), pair("/role", "not_of_an_organisation"));
    assert_eq!(refused(&head, &firm, &with(&wang, "supplier"), 422), pair("/role", "not_of_a_person"));
    let more = |more: Value| {
        let mut new = with(&li, "friend");
        new.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        refused(&head, &wang, &new, 422)
    };
    assert_eq!(more(json!({"share_percent": 10})), pair("/share_percent", "not_of_this_role"));
    assert_eq!(more(json!({"title": "总监"})), pair("/title", "not_of_this_role"));
    assert_eq!(more(json!({"authority": "gatekeeper"})), pair("/authority", "not_of_this_role"));
    assert_eq!(more(json!({"since": "2999-01-01"})), pair("/since", "in_the_future"));
    for (member, day) in [("since", "1849-12-31"), ("since", "-9999-01-01"), ("until", "0001-01-01")] {
        assert_eq!(more(json!({member: day})), pair(&format!("/{member}"), "too_long_ago"));
    }
    assert_eq!(more(json!({"since": "2020-01-02", "until": "2020-01-01"})), pair("/until", "before_since"));
    assert_eq!(more(json!({"share_percent": 101})).0, "/share_percent");
    assert_eq!(more(json!({"role": "enemy"})).0, "/role");

    relate(&head, &wang, &li, "spouse");
    assert_eq!(refused(&head, &zhao, &with(&li, "spouse"), 409), pair("/role", "has_a_spouse"));
    // A spouse that was.
    let past = json!({"other_id": li, "role": "spouse", "until": "2010-01-01"});
    head.post(&format!("/customers/{zhao}/relations"), &past).expect(201);
}

#[test]
fn referrals_are_a_chain_without_circles() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let ids: Vec<String> = ["甲", "乙", "丙", "丁"].map(|name| customer(&head, "person", name)).to_vec();
    relate(&head, &ids[1], &ids[0], "referrer");
    relate(&head, &ids[1], &ids[2], "referred");
    relate(&head, &ids[3], &ids[2], "referrer");
    let of = |n: usize| head.get(&format!("/customers/{}/referrals", ids[n])).expect(200).json();
    let names = |list: &Value| {
        let list = list.as_array().expect("a list");
        list.iter().map(|other| other["name"].as_str().unwrap_or("?").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&of(3)["chain"]), ["甲", "乙", "丙"]);
    assert_eq!(names(&of(1)["referred"]), ["丙"]);
    assert_eq!(of(0)["chain"], json!([]));
    let new = json!({"other_id": ids[3], "role": "referrer"});
    assert_eq!(refused(&head, &ids[0], &new, 409), pair("/role", "referral_circle"));
    let new = json!({"other_id": ids[3], "role": "referrer"});
    assert_eq!(refused(&head, &ids[1], &new, 409), pair("/role", "has_a_referrer"));
}

#[test]
fn the_network_tells_of_those_whom_one_sees() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let manager = app.role(Role::BranchManager);
    let (own, near) = (customer(&head, "person", "甲"), customer(&head, "person", "乙"));
    let (far, farther) = (customer(&head, "person", "丙"), customer(&head, "person", "丁"));
    let hidden = customer(&app.user("rm_a2"), "person", "戊");
    relate(&head, &own, &near, "friend");
    relate(&head, &near, &far, "colleague");
    relate(&head, &own, &far, "sibling");
    relate(&head, &far, &farther, "relative");
    relate(&manager, &own, &hidden, "friend");
    let network = head.get(&format!("/customers/{own}/network")).expect(200).json();
    let nodes = network["nodes"].as_array().expect("nodes");
    let shown: Vec<(&str, u64)> = nodes
        .iter()
        .map(|node| {
            (node["customer"]["name"].as_str().expect("a name"), node["distance"].as_u64().expect("far"))
        })
        .collect();
    assert_eq!(shown, [("甲", 0), ("乙", 1), ("丙", 1), ("丁", 2)]);
    assert_eq!(network["edges"].as_array().expect("edges").len(), 4);
    assert_eq!(network["more"], false);
    let wider = manager.get(&format!("/customers/{own}/network")).expect(200).json();
    assert_eq!(wider["nodes"].as_array().expect("nodes").len(), 5);
    // That there is somebody is no secret, who it is is one.
    let unknown = relations(&head, &own).into_iter().find(|relation| relation["other"].is_null());
    assert_eq!(unknown.expect("the hidden one")["role"], "friend");
    for role in [Role::Teller, Role::Service, Role::Admin] {
        app.role(role).get(&format!("/customers/{own}/relations")).expect(403);
    }
}

fn product(app: &TestApp, code: &str, kind: &str) -> String {
    let new = json!({"code": code, "kind": kind, "name": {"zh-CN": code, "en": code}, "currency": "CNY"});
    let made = app.role(Role::Admin).post("/products", &new).expect(201).json();
    made["id"].as_str().expect("an id").to_owned()
}

fn hold(client: &Client, customer: &str, product: &str, amount: &str) -> String {
    let new = json!({"product_id": product, "amount": amount, "opened_on": "2026-01-05"});
    let made = client.post(&format!("/customers/{customer}/holdings"), &new).expect(201).json();
    made["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_household_counts_a_joint_account_once() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let (wang, li) = (customer(&head, "person", "王伟"), customer(&head, "person", "李芳"));
    let outsider = customer(&head, "person", "赵敏");
    let (deposit, loan) = (product(&app, "DEP", "deposit"), product(&app, "LOAN", "loan"));
    let joint = hold(&head, &wang, &deposit, "1000");
    hold(&head, &li, &deposit, "500");
    hold(&head, &li, &loan, "300");
    let shared_out = hold(&head, &outsider, &deposit, "70");
    let tag = |path: &str| head.get(path).expect(200).tag();
    let own = |holding: &str, owners: &[&str]| {
        let path = format!("/holdings/{holding}");
        head.put(&format!("{path}/co-owners"), &tag(&path), &json!({"customer_ids": owners}))
    };
    let changed = own(&joint, &[&li]).expect(200).json();
    assert_eq!(changed["version"], 2);
    own(&shared_out, &[&li]).expect(200);
    assert_eq!(own(&joint, &[&wang]).expect(422).fields()[0], pair("/customer_ids/0", "holder"));
    assert_eq!(own(&joint, &[&li, &li]).expect(422).fields()[0], pair("/customer_ids/1", "duplicate"));
    let owners = head.get(&format!("/holdings/{joint}/co-owners")).expect(200).json();
    assert_eq!(owners["co_owners"][0]["name"], "李芳");
    // What one co-owns is no asset of one's own.
    assert_eq!(
        head.get(&format!("/customers/{li}")).expect(200).json()["figures"]["aum"]["amount"],
        "500.0000"
    );

    let new = json!({"name": "王氏家庭", "members": [{"customer_id": wang, "role": "head"}, {"customer_id": li, "role": "spouse"}]});
    let made = head.post("/households", &new).expect(201).json();
    assert_eq!(made["members"][0]["primary"], true);
    let path = format!("/households/{}", made["id"].as_str().expect("an id"));
    let sheet = head.get(&format!("{path}/balance-sheet")).expect(200).json();
    let amount = |name: &str| sheet[name]["amount"].as_str().expect("an amount").to_owned();
    assert_eq!(
        (amount("assets"), amount("liabilities"), amount("net")),
        ("1570.0000".into(), "300.0000".into(), "1270.0000".into())
    );
    assert_eq!(sheet["joint_holdings"], 1);
    let by_member: Vec<&str> = sheet["members"]
        .as_array()
        .expect("members")
        .iter()
        .map(|member| member["assets"]["amount"].as_str().expect("an amount"))
        .collect();
    assert_eq!(by_member, ["1000.0000", "570.0000"]);
    assert_eq!(sheet["lines"][0]["holdings"], 3);
    assert_eq!(
        head.get(&format!("/customers/{li}/households")).expect(200).json()["households"][0]["name"],
        "王氏家庭"
    );
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn members_whom_one_does_not_see_stay_and_are_not_named() {
    let app = TestApp::start();
    let manager = app.role(Role::BranchManager);
    let own = customer(&app.role(Role::OutletHead), "person", "王伟");
    let other = customer(&app.user("rm_a2"), "person", "李芳");
    let new = json!({"name": "一家", "members": [
        {"customer_id": own, "role": "spouse"}, {"customer_id": other, "role": "head", "primary": true},
    ]});
    let made = manager.post("/households", &new).expect(201).json();
    assert_eq!(made["members"][0]["customer"]["name"], "李芳", "the primary one comes first");
    let path = format!("/households/{}", made["id"].as_str().expect("an id"));
    let head = app.role(Role::OutletHead);
    let seen = head.get(&path).expect(200).json();
    assert_eq!((&seen["hidden_members"], seen["members"].as_array().expect("members").len()), (&json!(1), 1));
    let child = customer(&head, "person", "王小明");
    let members =
        json!({"members": [{"customer_id": own, "role": "spouse"}, {"customer_id": child, "role": "child"}]});
    head.patch(&path, "\"1-0\"", &members).expect(200);
    let whole = manager.get(&path).expect(200).json();
    assert_eq!(whole["members"].as_array().expect("members").len(), 3);
    assert_eq!(whole["members"][0]["customer"]["name"], "李芳", "she is still the primary one");
    app.user("rm_b1").get(&path).expect(404);
    let twice =
        json!({"members": [{"customer_id": own, "role": "head"}, {"customer_id": own, "role": "child"}]});
    assert_eq!(
        head.patch(&path, "\"2-0\"", &twice).expect(422).fields()[0],
        pair("/members/1/customer_id", "duplicate")
    );
    head.act(&format!("{path}/archive"), "\"2-0\"").expect(200);
    assert_eq!(
        manager.get(&format!("/customers/{own}/households")).expect(200).json()["households"],
        json!([])
    );
    head.act(&format!("{path}/restore"), "\"3-0\"").expect(200);
    let history = head.get(&format!("{path}/history")).expect(200).json();
    assert_eq!(history["data"].as_array().expect("entries").len(), 4);
}

/// The names of a page of households.
fn names(page: &Value) -> Vec<String> {
    let rows = page["data"].as_array().expect("rows");
    rows.iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect()
}

/// Every page of the households that a client sees.
fn all_households(client: &Client, limit: usize) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/households?limit={limit}{cursor}")).expect(200).json();
        rows.extend(page["data"].as_array().expect("rows").iter().cloned());
        let Some(next) = page["page"]["next"].as_str() else { return rows };
        cursor = format!("&cursor={next}");
    }
}

#[test]
fn households_are_listed_by_the_sound_of_their_names_to_those_who_see_a_member() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let other = app.user("rm_a2");
    let form = |client: &Client, name: &str, member: &str| {
        let new = json!({"name": name, "members": [{"customer_id": member, "role": "head"}]});
        client.post("/households", &new).expect(201).json()
    };
    for (household, member) in
        [("赵家", "赵敏"), ("王氏家庭", "王伟"), ("汪家", "汪洋"), ("Adler", "Anna Adler"), ("李家", "李芳")]
    {
        form(&head, household, &customer(&head, "person", member));
    }
    let hidden = form(&other, "陈家", &customer(&other, "person", "陈静"));
    assert_eq!(
        names(&head.get("/households").expect(200).json()),
        ["Adler", "李家", "汪家", "王氏家庭", "赵家"]
    );
    // Among equal names the id decides, so that no page loses or repeats one.
    for _ in 0..7 {
        form(&head, "张家", &customer(&head, "person", "张伟"));
    }
    let manager = app.role(Role::BranchManager);
    for client in [&head, &other, &manager] {
        let whole = client.get("/households?limit=200&include=total").expect(200).json();
        let rows = all_households(client, 2);
        assert_eq!(Value::from(rows.clone()), whole["data"], "pages are the list");
        assert_eq!(whole["page"]["total"], rows.len());
        // Whoever sees it in the list sees it by itself, and the other way round.
        let seen = client.get(&format!("/households/{}", hidden["id"].as_str().expect("an id"))).status;
        assert_eq!(rows.iter().any(|row| row["id"] == hidden["id"]), seen == 200);
    }
    assert!(names(&manager.get("/households?limit=200").expect(200).json()).contains(&"陈家".to_owned()));

    let found = |client: &Client, q: &str| {
        names(&client.post("/households/search", &json!({"q": q})).expect(200).json())
    };
    assert_eq!(found(&head, "王"), ["王氏家庭"], "characters, not their sound alone");
    assert_eq!(found(&head, "wang"), ["汪家", "王氏家庭"]);
    assert_eq!(found(&head, "王伟"), ["王氏家庭"], "a member");
    assert_eq!(found(&head, "Anna"), ["Adler"]);
    assert_eq!(found(&head, "陈"), Vec::<String>::new());
    assert_eq!(found(&manager, "陈静"), ["陈家"]);
    assert_eq!(head.get("/households?filter=name%20eq%20%22x%22").expect(400).code(), "filter_invalid");

    let li = all_households(&head, 200)[1].clone();
    let path = format!("/households/{}", li["id"].as_str().expect("an id"));
    head.patch(&path, "\"1-0\"", &json!({"name": "周家"})).expect(200);
    head.act(&format!("{path}/archive"), "\"2-0\"").expect(200);
    assert_eq!(found(&head, "zhou"), Vec::<String>::new());
    let archived = head.get("/households?filter=archived%20eq%20true").expect(200).json();
    assert_eq!(names(&archived), ["周家"]);
    let asked = json!({"q": "zhou", "filter": "archived eq true"});
    assert_eq!(names(&head.post("/households/search", &asked).expect(200).json()), ["周家"]);
}

#[test]
fn households_of_before_get_their_sound() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    for name in ["赵家", "李家", "周家"] {
        let member = customer(&head, "person", name);
        let new = json!({"name": name, "members": [{"customer_id": member, "role": "head"}]});
        head.post("/households", &new).expect(201);
    }
    app.db(|conn| {
        use diesel::prelude::*;
        use guanxi_db::schema::household;
        diesel::update(household::table)
            .set(household::name_sort.eq(""))
            .execute(conn)
            .map_err(|error| guanxi_db::DbError::from(error).into())
    });
    assert_eq!(app.db(super::renew_sounds), 3);
    assert_eq!(app.db(super::renew_sounds), 0);
    assert_eq!(names(&head.get("/households").expect(200).json()), ["李家", "赵家", "周家"]);
}
