use std::collections::BTreeMap;

use diesel::RunQueryDsl;
use guanxi_api::Role;
use guanxi_db::{Condition, DbConn, Engine, Id, Statement};
use serde_json::{Value, json};

use crate::testing::{Client, TestApp};
use crate::verify;

fn person(client: &Client, name: &str, more: &Value) -> String {
    let mut new = json!({"kind": "person", "name": name, "status": "active"});
    new.as_object_mut().expect("members").extend(more.as_object().expect("members").clone());
    let made = client.post("/customers", &new).expect(201).json();
    made["id"].as_str().expect("an id").to_owned()
}

fn tag(client: &Client, path: &str) -> String {
    client.get(path).expect(200).tag()
}

fn version(client: &Client, id: &str) -> Value {
    client.get(&format!("/customers/{id}")).expect(200).json()["version"].clone()
}

fn merging(client: &Client, survivor: &str, other: &str, take: &[&str]) -> crate::testing::Answer {
    let path = format!("/customers/{survivor}");
    let body = json!({"other_id": other, "other_version": version(client, other), "take": take});
    client.send("POST", &format!("{path}/merge"), &[("If-Match", &tag(client, &path))], Some(&body))
}

fn undone(client: &Client, merge: &Value) -> crate::testing::Answer {
    let path = format!("/customer-merges/{}", merge["id"].as_str().expect("an id"));
    client.act(&format!("{path}/undo"), &tag(client, &path))
}

fn deposit(app: &TestApp) -> String {
    let new = json!({"code": "d", "kind": "deposit", "name": {"zh-CN": "存款", "en": "Deposit"}, "currency": "CNY"});
    app.role(Role::Admin).post("/products", &new).expect(201).json()["id"].as_str().expect("an id").to_owned()
}

fn hold(client: &Client, id: &str, product: &str, amount: &str) -> String {
    let new = json!({"product_id": product, "amount": amount, "opened_on": "2026-01-05"});
    let made = client.post(&format!("/customers/{id}/holdings"), &new).expect(201).json();
    made["id"].as_str().expect("an id").to_owned()
}

fn call(client: &Client, id: &str) -> Value {
    let new = json!({"kind": "call", "purpose": "service", "outcome": "reached", "notes": "谈了存款"});
    client.post(&format!("/customers/{id}/interactions"), &new).expect(201).json()
}

fn team(app: &TestApp, names: &[&str]) -> Value {
    let member = |name: &&str| json!({"user_id": app.fixture.user(name), "role": "rm"});
    json!({"members": names.iter().map(member).collect::<Vec<_>>()})
}

fn set_team(app: &TestApp, client: &Client, id: &str, names: &[&str]) {
    let path = format!("/customers/{id}");
    client.put(&format!("{path}/team"), &tag(client, &path), &team(app, names)).expect(200);
}

fn count(client: &Client, path: &str) -> usize {
    client.get(path).expect(200).json()["data"].as_array().expect("a list").len()
}

/// Every business column of every table, as text: not what says who did what and when, and not what counts changes.
fn snapshot(app: &TestApp) -> BTreeMap<String, Vec<String>> {
    const NOT: [&str; 18] = [
        "quality_share",
        "audit_entry",
        "audit_document",
        "change_event",
        "customer_merge",
        "customer_merge_row",
        "session",
        "refresh_token",
        "idempotency_key",
        "portfolio_change",
        "portfolio",
        "customer_follower",
        "lease",
        "signing_key",
        "job",
        "due_work",
        "duplicate_pair",
        "installation",
    ];
    let schema = include_str!("../../db/src/schema.rs");
    let mut tables: Vec<(String, Vec<String>)> = Vec::new();
    for line in schema.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [table, key, ..]
                if line.starts_with("    ") && !line.starts_with("     ") && key.starts_with('(') =>
            {
                tables.push(((*table).to_owned(), Vec::new()));
            }
            [column, "->", ..] if line.starts_with("        ") => {
                if let Some((_, columns)) = tables.last_mut() {
                    columns.push((*column).to_owned());
                }
            }
            _ => {}
        }
    }
    assert!(tables.len() > 60, "{} tables", tables.len());
    app.db(move |conn: &mut DbConn| {
        let mut found = BTreeMap::new();
        for (table, columns) in &tables {
            if NOT.contains(&table.as_str()) {
                continue;
            }
            let shown: Vec<String> = columns
                .iter()
                .filter(|column| !["version", "updated_at", "grade_version"].contains(&column.as_str()))
                .map(|column| match conn.engine() {
                    Engine::Sqlite => format!("quote({column})"),
                    Engine::Postgres => format!("COALESCE({column}::text, 'NULL')"),
                })
                .collect();
            let select = format!("SELECT {} AS line FROM {table} ORDER BY line", shown.join(" || '|' || "));
            let select: &'static str = Box::leak(select.into_boxed_str());
            let select = Condition::unkept().sql(select);
            let lines: Vec<String> = Statement::<diesel::sql_types::Text>::new(select)
                .load(conn)
                .map_err(guanxi_db::DbError::from)?;
            found.insert(table.clone(), lines);
        }
        Ok(found)
    })
}

/// What differs, by table.
fn differences(before: &BTreeMap<String, Vec<String>>, after: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut found = Vec::new();
    for (table, lines) in before {
        let now = &after[table];
        for line in lines.iter().filter(|line| !now.contains(line)) {
            found.push(format!("{table} - {line}"));
        }
        for line in now.iter().filter(|line| !lines.contains(line)) {
            found.push(format!("{table} + {line}"));
        }
    }
    found
}

fn verified(app: &TestApp) {
    let wrong = app.db(|conn| {
        while crate::customers::portfolio_has_changes(conn)? {
            crate::customers::fold_portfolio(conn)?;
        }
        verify::verify(conn).map(|report| report.wrong)
    });
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn everything_of_one_customer_goes_over_and_back() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let product = deposit(&app);
    let phones = |numbers: &[&str]| {
        let points = numbers.iter().map(|number| json!({"kind": "phone", "value": number}));
        json!({"contact_points": points.collect::<Vec<_>>(), "city": "宁波"})
    };
    let one = person(&head, "张三丰", &phones(&["13800138000"]));
    let other = person(&head, "張三豐", &phones(&["13800138000", "13900139000"]));
    let friend = person(&head, "李四", &json!({}));
    hold(&head, &one, &product, "150000");
    hold(&head, &other, &product, "900000");
    call(&head, &other);
    head.post("/tasks", &json!({"title": "回访", "due_on": "2026-12-24", "customer_id": other})).expect(201);
    head.post(&format!("/customers/{other}/relations"), &json!({"other_id": friend, "role": "friend"}))
        .expect(201);
    head.post(&format!("/customers/{other}/relations"), &json!({"other_id": one, "role": "sibling"}))
        .expect(201);
    let members = json!({"name": "张家", "members": [{"customer_id": other, "role": "head"}]});
    head.post("/households", &members).expect(201);
    let path = format!("/customers/{other}");
    head.patch(&path, &tag(&head, &path), &json!({"city": "杭州", "occupation": "工程师"})).expect(200);
    let before = snapshot(&app);

    let preview = head.get(&format!("/customers/{one}/merge-preview?other_id={other}")).expect(200).json();
    let fields: Vec<(&str, &str)> = preview["fields"]
        .as_array()
        .expect("fields")
        .iter()
        .map(|field| (field["field"].as_str().expect("a name"), field["suggested"].as_str().expect("a side")))
        .collect();
    assert_eq!(fields, [("name", "other"), ("city", "other"), ("occupation", "other")]);
    assert_eq!((&preview["moved"]["holdings"], &preview["moved"]["contact_points"]), (&json!(1), &json!(1)));

    let merged = merging(&head, &one, &other, &["city", "occupation"]).expect(201).json();
    assert_eq!(merged["taken"], json!(["city", "occupation"]));
    assert_eq!(
        merged["moved"],
        json!({"contact_points": 1, "holdings": 1, "co_owned_holdings": 0, "interactions": 1, "tasks": 1, "relations": 1,
            "households": 1, "team_members": 0, "tags": 0, "survey_invitations": 0, "survey_answers": 0})
    );
    let survivor = head.get(&format!("/customers/{one}")).expect(200).json();
    assert_eq!((&survivor["city"], &survivor["occupation"]), (&json!("杭州"), &json!("工程师")));
    assert_eq!(survivor["contact_points"].as_array().expect("phones").len(), 2);
    assert_eq!(survivor["figures"]["tier"], "platinum", "what both have is together {survivor}");
    assert_eq!(count(&head, &format!("/customers/{one}/interactions")), 1);
    assert_eq!(count(&head, &format!("/customers/{one}/holdings")), 2);
    let gone = head.get(&path).expect(200);
    assert!(gone.json()["archived_at"].is_string());
    assert_eq!(gone.json()["merged_into"], json!(one));
    let kept_out = head.act(&format!("{path}/restore"), &gone.tag()).expect(409);
    assert_eq!(kept_out.fields()[0].1, "is_merged");
    verified(&app);

    // Later, and after further edits: what is newer stays, what went over goes back.
    call(&head, &one);
    let path = format!("/customers/{one}");
    head.patch(&path, &tag(&head, &path), &json!({"city": "苏州"})).expect(200);
    let back = undone(&head, &merged).expect(200).json();
    assert!(back["undone_at"].is_string());
    assert_eq!(undone(&head, &merged).expect(409).fields()[0].1, "merge_undone");
    let survivor = head.get(&path).expect(200).json();
    assert_eq!((&survivor["city"], &survivor["occupation"]), (&json!("苏州"), &Value::Null));
    assert_eq!(count(&head, &format!("{path}/interactions")), 1, "the new one stays");
    let again = head.get(&format!("/customers/{other}")).expect(200).json();
    assert_eq!((&again["archived_at"], &again["city"]), (&Value::Null, &json!("杭州")));
    assert_eq!(again["contact_points"].as_array().expect("phones").len(), 2);
    verified(&app);
    let after = snapshot(&app);
    let of_other: Vec<String> = differences(&before, &after)
        .into_iter()
        .filter(|line| {
            !line.starts_with("interaction ")
                && !line.starts_with("customer ")
                && !line.starts_with("customer_figures ")
        })
        .collect();
    assert_eq!(of_other, Vec::<String>::new());
}

#[test]
fn what_cannot_be_merged_says_why() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let (one, other) = (person(&head, "张三丰", &json!({})), person(&head, "张三丰", &json!({})));
    let firm =
        head.post("/customers", &json!({"kind": "organisation", "name": "张三丰贸易"})).expect(201).json();
    let firm = firm["id"].as_str().expect("an id");
    let code = |answer: crate::testing::Answer| {
        answer.fields().first().map(|(at, code)| format!("{at} {code}")).unwrap_or_default()
    };
    assert_eq!(code(merging(&head, &one, &one, &[]).expect(409)), "/other_id same_customer");
    assert_eq!(code(merging(&head, &one, firm, &[]).expect(409)), "/other_id other_kind");
    assert_eq!(code(merging(&head, &one, &other, &["city", "nothing"]).expect(422)), "/take/1 no_field");
    assert_eq!(code(merging(&head, &one, &other, &["city", "city"]).expect(422)), "/take/1 duplicate");
    let path = format!("/customers/{one}/merge");
    let body = |version: i64| json!({"other_id": other, "other_version": version});
    let mine = tag(&head, &format!("/customers/{one}"));
    let sent = |client: &Client, tag: &str, version| {
        client.send("POST", &path, &[("If-Match", tag)], Some(&body(version)))
    };
    assert_eq!(code(sent(&head, &mine, 9).expect(409)), "/other_version changed_since");
    sent(&head, "\"9-0\"", 1).expect(412);
    sent(&app.user("rm"), &mine, 1).expect(403);
    sent(&app.user("head_b1"), &mine, 1).expect(404);

    // Of several merges into one customer the last one is undone first.
    let third = person(&head, "张三丰", &json!({}));
    let first = merging(&head, &one, &other, &[]).expect(201).json();
    let second = merging(&head, &one, &third, &[]).expect(201).json();
    assert_eq!(code(undone(&head, &first).expect(409)), " later_merge");
    let into = person(&head, "张三丰", &json!({}));
    let whole = merging(&head, &into, &one, &[]).expect(201).json();
    assert_eq!(code(undone(&head, &second).expect(409)), " survivor_is_merged");
    undone(&head, &whole).expect(200);
    undone(&head, &second).expect(200);
    undone(&head, &first).expect(200);
    assert_eq!(count(&head, "/customer-merges?filter=undone_at%20ne%20null"), 3);
    verified(&app);
}

/// A stream of numbers that is the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

#[test]
fn merging_and_undoing_leaves_every_column_as_it_was() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let product = deposit(&app);
    let mut draw = Draw(7);
    let mut ids: Vec<String> = Vec::new();
    for n in 0..14 {
        let mut more = json!({"city": (["宁波", "杭州", "苏州"][draw.below(3)]), "occupation": (["教师", "医生"][draw.below(2)])});
        let points = (0..draw.below(4)).map(|k| match k {
            0 => json!({"kind": "phone", "value": format!("1380013800{}", draw.below(10))}),
            1 => json!({"kind": "email", "value": format!("a{}@example.com", draw.below(4))}),
            _ => json!({"kind": "phone", "value": format!("1390013900{}", draw.below(10))}),
        });
        more["contact_points"] = json!(points.collect::<Vec<_>>());
        if draw.below(2) == 0 {
            more["identity"] = json!({"kind": "passport", "number": format!("E123456{n:02}")});
        }
        if draw.below(2) == 0 {
            more["owner_id"] = json!(app.fixture.user("rm"));
        }
        ids.push(person(&head, &format!("张三{}", ["丰", "风", "峰"][draw.below(3)]), &more));
    }
    let mut of_teams = Draw(11);
    for id in &ids {
        let names: Vec<&str> =
            ["rm2", "rm_a2", "adviser"].into_iter().filter(|_| of_teams.below(2) == 0).collect();
        set_team(&app, &head, id, &names);
    }
    let mut holdings = Vec::new();
    for id in &ids.clone() {
        for _ in 0..draw.below(3) {
            holdings.push((id.clone(), hold(&head, id, &product, &format!("{}0000", 1 + draw.below(90)))));
        }
        for _ in 0..draw.below(3) {
            call(&head, id);
        }
        let other = ids[draw.below(ids.len())].clone();
        for role in ["friend", "spouse", "referrer", "parent"] {
            if draw.below(2) == 0 {
                let relation = json!({"other_id": other, "role": role});
                head.post(&format!("/customers/{id}/relations"), &relation);
            }
        }
        let members = json!({"name": "张家", "members": [{"customer_id": id, "role": "head"}, {"customer_id": ids[draw.below(ids.len())], "role": "other"}]});
        head.post("/households", &members);
        head.post("/tasks", &json!({"title": "回访", "due_on": "2026-12-24", "customer_id": id})).expect(201);
    }
    for (owner, holding) in &holdings {
        let other = ids[draw.below(ids.len())].clone();
        let path = format!("/holdings/{holding}");
        if other != *owner {
            let owners = json!({"customer_ids": [other]});
            head.put(&format!("{path}/co-owners"), &tag(&head, &path), &owners).expect(200);
        }
    }
    let before = snapshot(&app);
    let rounds = if std::env::var("GUANXI_CHECK_FULL").is_ok() { 1_000 } else { 40 };
    let fields = ["name", "city", "occupation", "identity"];
    for round in 0..rounds {
        let one = draw.below(ids.len());
        let other = (one + 1 + draw.below(ids.len() - 1)) % ids.len();
        let take: Vec<&str> = fields.iter().copied().filter(|_| draw.below(2) == 0).collect();
        let merged = merging(&head, &ids[one], &ids[other], &take).expect(201).json();
        if round % 20 == 0 {
            verified(&app);
        }
        undone(&head, &merged).expect(200);
        let found = differences(&before, &snapshot(&app));
        assert!(found.is_empty(), "round {round}, {} <- {}, {take:?}: {found:#?}", ids[one], ids[other]);
    }
    verified(&app);
}

#[test]
fn a_merge_changes_teams_and_households_from_one_version_to_the_next() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let (one, other) = (person(&head, "张三丰", &json!({})), person(&head, "張三豐", &json!({})));
    set_team(&app, &head, &other, &["rm2"]);
    let new = json!({"name": "张家", "members": [{"customer_id": other, "role": "head"}]});
    let household = head.post("/households", &new).expect(201).json();
    let household = format!("/households/{}", household["id"].as_str().expect("an id"));
    let customer = format!("/customers/{one}");
    let preview = head.get(&format!("{customer}/merge-preview?other_id={other}")).expect(200).json();
    assert_eq!((&preview["moved"]["team_members"], &preview["moved"]["households"]), (&json!(1), &json!(1)));

    let tags = || (tag(&head, &customer), tag(&head, &household));
    let are_old = |(of_customer, of_household): (String, String)| {
        head.put(&format!("{customer}/team"), &of_customer, &team(&app, &[])).expect(412);
        head.patch(&household, &of_household, &json!({"name": "李家"})).expect(412);
    };
    // The last thing that the history has of something, and what was changed.
    let told = |path: &str| {
        let entry = head.get(&format!("{path}/history")).expect(200).json()["data"][0].clone();
        let changes = entry["changes"].as_array().expect("changes").iter();
        let fields: Vec<String> =
            changes.map(|change| change["field"].as_str().expect("a name").to_owned()).collect();
        (entry["action"].as_str().expect("an action").to_owned(), fields)
    };
    let of = |action: &str, field: &str| (action.to_owned(), vec![field.to_owned()]);

    let before = tags();
    let merged = merging(&head, &one, &other, &[]).expect(201).json();
    assert_eq!((&merged["moved"]["team_members"], &merged["moved"]["households"]), (&json!(1), &json!(1)));
    are_old(before);
    assert_eq!(told(&customer), of("customer.updated", "team"));
    assert_eq!(told(&household), of("household.updated", "members"));
    let who = |id: &str| {
        let team = head.get(&format!("/customers/{id}")).expect(200).json()["team"].clone();
        team.as_array().expect("a team").len()
    };
    assert_eq!((who(&one), who(&other)), (1, 0));

    let before = tags();
    undone(&head, &merged).expect(200);
    are_old(before);
    assert_eq!(told(&customer), of("customer.updated", "team"));
    assert_eq!(told(&household), of("household.updated", "members"));
    assert_eq!((who(&one), who(&other)), (0, 1));
    verified(&app);
}

#[test]
fn the_year_of_birth_goes_back_with_the_day() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let one = person(&head, "张三丰", &json!({"birth_year": 1978}));
    let other = person(&head, "张三丰", &json!({"birth_date": "1985-05-05"}));
    let born = || {
        let customer = head.get(&format!("/customers/{one}")).expect(200).json();
        (customer["birth_date"].clone(), customer["birth_year"].clone())
    };
    let merged = merging(&head, &one, &other, &["birth_date"]).expect(201).json();
    assert_eq!(merged["taken"], json!(["birth_date", "birth_year"]));
    assert_eq!(born(), (json!("1985-05-05"), json!(1985)));
    undone(&head, &merged).expect(200);
    assert_eq!(born(), (Value::Null, json!(1978)));
    verified(&app);
}

#[test]
fn who_went_up_in_another_customer_gets_nothing_that_is_to_go_back_to_it() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let (one, other) = (person(&head, "张三丰", &json!({})), person(&head, "張三豐", &json!({})));
    let friend = person(&head, "李四", &json!({}));
    set_team(&app, &head, &other, &["rm2"]);
    let household = |members: &[&str]| {
        let member = |id: &&str| json!({"customer_id": id, "role": "other"});
        json!({"name": "张家", "members": members.iter().map(member).collect::<Vec<_>>()})
    };
    let path_of = |made: Value| format!("/households/{}", made["id"].as_str().expect("an id"));
    let own = path_of(head.post("/households", &household(&[&other])).expect(201).json());
    let both = path_of(head.post("/households", &household(&[&one, &other])).expect(201).json());
    let relate = |id: &str, other: &str| {
        head.post(&format!("/customers/{id}/relations"), &json!({"other_id": other, "role": "friend"}))
    };
    relate(&other, &friend).expect(201);
    let before = snapshot(&app);
    let merged = merging(&head, &one, &other, &[]).expect(201).json();

    let refused = |answer: crate::testing::Answer, pointer: &str| {
        assert_eq!(answer.expect(409).fields(), [(pointer.to_owned(), "is_merged".to_owned())]);
    };
    let path = format!("/customers/{other}");
    refused(head.put(&format!("{path}/team"), &tag(&head, &path), &team(&app, &["rm2"])), "");
    refused(head.post("/households", &household(&[&other])), "/members/0/customer_id");
    refused(head.patch(&own, &tag(&head, &own), &household(&[&one, &other])), "/members/1/customer_id");
    refused(relate(&other, &friend), "");
    refused(relate(&friend, &other), "/other_id");
    // What has stayed with it does not keep others from changing the household.
    head.patch(&both, &tag(&head, &both), &household(&[&one, &other])).expect(200);

    undone(&head, &merged).expect(200);
    assert_eq!(differences(&before, &snapshot(&app)), Vec::<String>::new());
    verified(&app);
}

#[test]
fn what_a_customer_has_the_like_of_does_not_go_back_to_it() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let product = deposit(&app);
    let (one, other) = (person(&head, "张三丰", &json!({})), person(&head, "張三豐", &json!({})));
    let friend = person(&head, "李四", &json!({}));
    set_team(&app, &head, &other, &["rm2"]);
    let new = json!({"name": "张家", "members": [{"customer_id": other, "role": "head"}]});
    head.post("/households", &new).expect(201);
    let new = json!({"other_id": friend, "role": "guarantor"});
    head.post(&format!("/customers/{other}/relations"), &new).expect(201);
    let joint = format!("/holdings/{}", hold(&head, &friend, &product, "1000"));
    let owners = |ids: &[&str]| {
        let path = format!("{joint}/co-owners");
        head.put(&path, &tag(&head, &joint), &json!({"customer_ids": ids})).expect(200);
    };
    owners(&[&other]);
    let merged = merging(&head, &one, &other, &[]).expect(201).json();
    owners(&[&one, &other]);
    // Which no request gives it any more, and a bank may have from before.
    app.db(|conn: &mut DbConn| {
        let copies = [
            Condition::unkept().sql(
                "INSERT INTO customer_team (customer_id, user_id, role) SELECT customer_merge.merged_id, \
                 customer_team.user_id, customer_team.role FROM customer_team JOIN customer_merge \
                 ON customer_merge.survivor_id = customer_team.customer_id",
            ),
            Condition::unkept().sql(
                "INSERT INTO household_member (household_id, customer_id, role, is_primary) SELECT \
                 household_member.household_id, customer_merge.merged_id, household_member.role, false \
                 FROM household_member JOIN customer_merge ON customer_merge.survivor_id = household_member.customer_id",
            ),
            Condition::unkept()
                .sql("INSERT INTO relation (id, from_id, to_id, kind, archived, version, created_at, updated_at) SELECT ")
                .bind(guanxi_db::Value::Id(Id::new(uuid::Uuid::now_v7())))
                .sql(
                    ", relation.from_id, customer_merge.merged_id, relation.kind, relation.archived, relation.version, \
                     relation.created_at, relation.updated_at FROM relation JOIN customer_merge \
                     ON customer_merge.survivor_id = relation.to_id",
                ),
        ];
        for copy in copies {
            assert_eq!(Statement::new(copy).execute(conn)?, 1);
        }
        Ok(())
    });
    undone(&head, &merged).expect(200);
    let shown = |id: &str| {
        let customer = head.get(&format!("/customers/{id}")).expect(200).json();
        let households = head.get(&format!("/customers/{id}/households")).expect(200).json();
        let relations = head.get(&format!("/customers/{id}/relations")).expect(200).json();
        [&customer["team"], &households["households"], &relations["relations"]]
            .map(|list| list.as_array().expect("a list").len())
    };
    assert_eq!((shown(&one), shown(&other)), ([1; 3], [1; 3]));
    verified(&app);
}

#[test]
fn every_column_that_names_a_customer_has_its_place_in_a_merge() {
    // What goes over, what stays with the customer that is taken out of the lists because it is its past, and what is worked out anew.
    const MOVED: [&str; 16] = [
        "customer_tag",
        "holding",
        "holding_transaction",
        "interaction",
        "task",
        "care_plan",
        "holding_co_owner",
        "household_member",
        "customer_team",
        "survey_invitation",
        "survey_answer",
        "survey_follow_up",
        "contact_point",
        "relation",
        "identity_document",
        "imported_record",
    ];
    const ITS_PAST: [&str; 13] = [
        "external_id",
        "customer_tier_history",
        "import_change",
        "import_duplicate",
        "job_target",
        "field_conflict",
        "customer_ownership",
        "customer_loss",
        "handover_customer",
        "customer_access",
        "duplicate_pair",
        "customer_merge",
        "bulk_outcome",
    ];
    const WORKED_OUT: [&str; 9] = [
        "customer_figures",
        "aum_balance",
        "customer_pair",
        "segment_member",
        "customer_value",
        "customer_care",
        "leader_visit",
        "pool_warning",
        "pool_customer",
    ];
    let mut table = "";
    for line in include_str!("../../db/src/schema.rs").lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [name, key, ..]
                if line.starts_with("    ") && !line.starts_with("     ") && key.starts_with('(') =>
            {
                table = name
            }
            [column, "->", kind] if kind.contains("DbUuid") => {
                let names =
                    ["customer_id", "from_id", "to_id", "first_id", "second_id", "survivor_id", "merged_id"];
                let known = [&MOVED[..], &ITS_PAST[..], &WORKED_OUT[..]].concat().contains(&table);
                assert!(!names.contains(column) || known, "{table}.{column} has no place in a merge");
            }
            _ => {}
        }
    }
}
