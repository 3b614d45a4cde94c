use guanxi_api::Role;
use serde_json::{Value, json};

use crate::clock;
use crate::testing::{Client, TestApp};

/// Creates a customer and gives its path and tag.
fn create(client: &Client, body: &Value) -> (String, String) {
    let answer = client.post("/customers", body).expect(201);
    (format!("/customers/{}", answer.json()["id"].as_str().expect("an id")), answer.tag())
}

/// The part of a tag that `If-Match` goes by.
fn version_of(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

#[test]
fn a_customer_is_created_found_changed_archived_and_restored() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let (path, tag) = create(
        &head,
        &json!({
            "kind": "person", "name": " 张三丰 ", "city": "杭州", "status": "active",
            "identity": {"kind": "resident_card", "number": "11010519491231002x"},
            "contact_points": [
                {"kind": "phone", "value": "138 0013 8000", "use": "work"},
                {"kind": "email", "value": "zhang@Example.com"}
            ],
            "external_ids": [{"source": "core", "id": "4711"}]
        }),
    );
    let customer = head.get(&path).expect(200).json();
    assert_eq!(customer["name"], "张三丰");
    assert_eq!(customer["birth_date"], "1949-12-31", "taken from the identity number");
    assert_eq!(customer["identity"]["number"], "110***********002X");
    assert_eq!(customer["contact_points"][1]["value"], "138****8000");
    assert_eq!(customer["contact_points"][1]["primary"], true);

    for q in
        ["三丰", "zhangsan", "sanfeng", "zsf", "张s", "8000", "13800138000", "4711", "11010519491231002X"]
    {
        let found = head.post("/customers/search", &json!({"q": q})).expect(200).json();
        assert_eq!(found["data"][0]["name"], "张三丰", "{q}");
    }
    let none = head.post("/customers/search", &json!({"q": "李四"})).expect(200).json();
    assert_eq!(none["data"], json!([]));

    let changed = head.patch(&path, &tag, &json!({"city": null, "employer": "武当派"})).expect(200);
    assert_eq!(changed.json()["city"], Value::Null);
    assert_eq!(changed.json()["employer"], "武当派");
    assert_eq!(changed.json()["version"], 2);
    let stale = head.patch(&path, &tag, &json!({"city": "上海"})).expect(412);
    assert_eq!(version_of(&stale.tag()), version_of(&changed.tag()), "the current version is told");

    let archived = head.act(&format!("{path}/archive"), &changed.tag()).expect(200);
    assert_eq!(head.get("/customers").expect(200).json()["data"], json!([]));
    let asked = head.get("/customers?filter=archived%20eq%20true").expect(200).json();
    assert_eq!(asked["data"][0]["name"], "张三丰");
    head.act(&format!("{path}/archive"), &archived.tag()).expect(409);
    head.act(&format!("{path}/restore"), &archived.tag()).expect(200);
    assert_eq!(head.get("/customers").expect(200).json()["data"][0]["name"], "张三丰");

    let history = head.get(&format!("{path}/history")).expect(200).json();
    let actions: Vec<&str> = history["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|entry| entry["action"].as_str())
        .collect();
    assert_eq!(actions, ["customer.restored", "customer.archived", "customer.updated", "customer.created"]);
    assert_eq!(
        history["data"][2]["changes"],
        json!([
            {"field": "city", "before": "杭州", "after": null},
            {"field": "employer", "before": null, "after": "武当派"},
        ])
    );
}

#[test]
fn masked_values_are_revealed_on_record_only() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let (path, _) = create(
        &rm,
        &json!({"kind": "person", "name": "李四", "contact_points": [{"kind": "phone", "value": "13912345678"}]}),
    );
    let point =
        rm.get(&path).expect(200).json()["contact_points"][0]["id"].as_str().expect("an id").to_owned();
    let reveal = format!("{path}/reveal");
    let revealed =
        rm.post(&reveal, &json!({"fields": [point], "reason": "call back as agreed"})).expect(200).json();
    assert_eq!(revealed["values"][0]["value"], "+8613912345678");
    let missing = rm.post(&reveal, &json!({"fields": ["identity"], "reason": "call back"})).expect(422);
    assert_eq!(missing.fields(), [("/fields/0".to_owned(), "not_found".to_owned())]);
    app.role(Role::Admin).post(&reveal, &json!({"fields": [point], "reason": "curious"})).expect(403);
    let history = rm.get(&format!("{path}/history")).expect(200).json();
    assert_eq!(history["data"][0]["action"], "customer.revealed");
    assert_eq!(history["data"][0]["reason"], "call back as agreed");
    assert!(!history.to_string().contains("13912345678"));
}

#[test]
fn every_wrong_field_of_a_body_is_named_at_once() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let refused = head
        .post(
            "/customers",
            &json!({
                "kind": "person", "name": " \u{3000} ", "birth_date": "2999-01-01", "credit_rating": "AAA",
                "identity": {"kind": "resident_card", "number": "110105194912310021"},
                "contact_points": [
                    {"kind": "phone", "value": "12"},
                    {"kind": "wechat", "value": "zhang_san"},
                    {"kind": "email", "value": "zhang at example"}
                ],
                "external_ids": [{"source": "core", "id": "1"}, {"source": "core", "id": "2"}],
                "org_unit_id": app.fixture.unit("b1"), "owner_id": app.fixture.user("teller"),
            }),
        )
        .expect(422);
    let mut fields = refused.fields();
    fields.sort();
    let wanted = [
        ("/birth_date", "in_the_future"),
        ("/contact_points/0/value", "phone_format"),
        ("/contact_points/2/value", "email_format"),
        ("/credit_rating", "only_for_organisations"),
        ("/external_ids/1/source", "duplicate"),
        ("/identity/number", "identity_check_character"),
        ("/name", "required"),
        ("/org_unit_id", "not_in_scope"),
        ("/owner_id", "not_a_relationship_manager"),
    ];
    assert_eq!(fields, wanted.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));

    let (path, tag) = create(&head, &json!({"kind": "person", "name": "李四"}));
    let refused = head
        .patch(
            &path,
            &tag,
            &json!({
                "birth_date": "2999-01-01", "restricted": {"reason": "Court order"},
                "identity": {"kind": "unified_social_credit_code", "number": "1"},
            }),
        )
        .expect(422);
    let mut fields = refused.fields();
    fields.sort();
    let wanted = [
        ("/birth_date", "in_the_future"),
        ("/identity/kind", "only_for_organisations"),
        ("/restricted", "incomplete"),
    ];
    assert_eq!(fields, wanted.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    let refused = head
        .patch(
            &path,
            &tag,
            &json!({
                "birth_date": "2999-01-01", "name": "张\u{202e}",
                "identity": {"kind": "resident_card", "number": "1"},
            }),
        )
        .expect(422);
    let mut fields = refused.fields();
    fields.sort();
    let wanted = [
        ("/birth_date", "in_the_future"),
        ("/identity/number", "identity_format"),
        ("/name", "control_character"),
    ];
    assert_eq!(fields, wanted.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    assert_eq!(head.get(&path).expect(200).json()["version"], 1);
}

/// The names that a search gives, in its order.
fn names_found(client: &Client, body: &Value) -> Vec<String> {
    let found = client.post("/customers/search", body).expect(200).json();
    let rows = found["data"].as_array().expect("a list");
    rows.iter().filter_map(|row| Some(row["name"].as_str()?.to_owned())).collect()
}

#[test]
fn names_that_begin_with_the_text_come_before_others() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    for name in ["王小丽", "黎明", "丽江茶行", "李雷", "陈丽", "Lin Li", "刘一"] {
        create(&head, &json!({"kind": "person", "name": name}));
    }
    let with_phone = json!({"kind": "person", "name": "安平",
        "contact_points": [{"kind": "phone", "value": "13900008000"}], "external_ids": [{"source": "core", "id": "li"}]});
    create(&head, &with_phone);
    create(&head, &json!({"kind": "organisation", "name": "商行8000"}));
    create(&head, &json!({"kind": "organisation", "name": "8000商行"}));

    for (q, wanted) in [
        ("li", vec!["丽江茶行", "李雷", "黎明", "Lin Li", "刘一", "安平", "陈丽", "王小丽"]),
        ("丽", vec!["丽江茶行", "陈丽", "王小丽"]),
        ("ll", vec!["李雷", "Lin Li"]),
        ("l", vec!["丽江茶行", "李雷", "黎明", "Lin Li", "刘一", "陈丽", "王小丽"]),
        ("8000", vec!["8000商行", "安平", "商行8000"]),
        ("lin li", vec!["Lin Li"]),
    ] {
        let found = names_found(&head, &json!({"q": q}));
        let mut sorted = (found.clone(), wanted.clone());
        sorted.0.sort();
        sorted.1.sort_unstable();
        assert_eq!(sorted.0, sorted.1, "{q} finds {found:?}");
        assert_eq!(found, wanted, "{q}");
    }
    let by_name = names_found(&head, &json!({"q": "li", "sort": "name"}));
    assert_eq!(by_name, ["安平", "陈丽", "丽江茶行", "李雷", "黎明", "Lin Li", "刘一", "王小丽"]);

    // A new name begins otherwise.
    let path = format!(
        "/customers/{}",
        head.post("/customers/search", &json!({"q": "黎明"})).expect(200).json()["data"][0]["id"]
            .as_str()
            .expect("an id")
    );
    let tag = head.get(&path).expect(200).tag();
    head.patch(&path, &tag, &json!({"name": "明黎"})).expect(200);
    let found = names_found(&head, &json!({"q": "li"}));
    assert_eq!(found, ["丽江茶行", "李雷", "Lin Li", "刘一", "安平", "陈丽", "明黎", "王小丽"]);
}

#[test]
fn a_cursor_of_a_search_goes_on_in_no_other_order() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    for name in ["李雷", "李四", "陈丽"] {
        create(&head, &json!({"kind": "person", "name": name}));
    }
    let page = |body: Value| head.post("/customers/search", &body);
    let next = |body: Value| page(body).expect(200).json()["page"]["next"].as_str().expect("more").to_owned();
    let ranked = next(json!({"q": "li", "limit": 1}));
    let sorted = next(json!({"q": "li", "limit": 1, "sort": "name"}));
    page(json!({"q": "li", "limit": 1, "cursor": ranked})).expect(200);
    page(json!({"q": "li", "limit": 1, "sort": "name", "cursor": sorted})).expect(200);
    for body in [
        json!({"q": "li", "limit": 1, "cursor": sorted}),
        json!({"q": "li", "limit": 1, "sort": "name", "cursor": ranked}),
        json!({"q": "l", "limit": 1, "cursor": ranked}),
        json!({"sort": "name", "limit": 1, "cursor": ranked}),
    ] {
        assert_eq!(page(body.clone()).expect(400).code(), "cursor_invalid", "{body}");
    }
}

/// Two characters have an index of their own; a count goes by the tokens. Both find the same in the same order.
#[test]
fn two_characters_find_the_same_by_their_pair_as_by_the_tokens() {
    let app = TestApp::start();
    let (head, rm) = (app.role(Role::OutletHead), app.role(Role::Rm));
    let names = [
        "王丽",
        "王丽华",
        "陈王丽",
        "李王丽丽",
        "小王 丽",
        "王力",
        "王麗",
        "丽王",
        "江王丽",
        "王丽",
        "王丽丽",
    ];
    for (n, name) in names.into_iter().cycle().take(33).enumerate() {
        let client = if n % 3 == 0 { &rm } else { &head };
        let city = if n % 2 == 0 { "杭州" } else { "上海" };
        create(
            client,
            &json!({"kind": if n % 5 == 0 { "organisation" } else { "person" }, "name": name, "city": city}),
        );
    }
    let ids = |found: &Value| -> Vec<String> {
        let rows = found["data"].as_array().expect("a list");
        rows.iter().filter_map(|row| Some(row["id"].as_str()?.to_owned())).collect()
    };
    for client in [&head, &rm] {
        for filter in ["archived eq false", r#"city eq "杭州""#] {
            let whole = json!({"q": "王丽", "limit": 200, "include": "total", "filter": filter});
            let wanted = ids(&client.post("/customers/search", &whole).expect(200).json());
            assert!(wanted.len() > 3, "{wanted:?}");
            for limit in [1, 3, 7, 100] {
                let mut found = Vec::new();
                let mut cursor = Value::Null;
                loop {
                    let mut asked = json!({"q": "王丽", "limit": limit, "filter": filter});
                    if !cursor.is_null() {
                        asked["cursor"] = cursor;
                    }
                    let page = client.post("/customers/search", &asked).expect(200).json();
                    found.extend(ids(&page));
                    cursor = page["page"]["next"].clone();
                    if cursor.is_null() {
                        break;
                    }
                }
                assert_eq!(found, wanted, "{limit} a page, {filter}");
            }
        }
    }
    // A changed name is found by its new pairs alone.
    let (path, tag) = create(&head, &json!({"kind": "person", "name": "赵云龙"}));
    assert_eq!(names_found(&head, &json!({"q": "云龙"})), ["赵云龙"]);
    head.patch(&path, &tag, &json!({"name": "赵子昂"})).expect(200);
    assert_eq!(names_found(&head, &json!({"q": "云龙"})), Vec::<String>::new());
    assert_eq!(names_found(&head, &json!({"q": "子昂"})), ["赵子昂"]);
    // An id in another system is found beside the names.
    let external =
        json!({"kind": "person", "name": "孙甲", "external_ids": [{"source": "core", "id": "子昂"}]});
    create(&head, &external);
    assert_eq!(names_found(&head, &json!({"q": "子昂"})), ["孙甲", "赵子昂"]);
}

#[test]
fn an_upsert_keeps_what_a_customer_is_found_by() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let path = "/customers/by-external/core/77";
    head.send("PUT", path, &[], Some(&json!({"kind": "person", "name": "张三"}))).expect(201);
    // As an older server left it.
    app.db(|conn| {
        use diesel::prelude::*;
        use guanxi_db::schema::customer;
        diesel::update(customer::table)
            .set((customer::search_version.eq(0), customer::beginnings.eq("")))
            .execute(conn)
            .map_err(|error| guanxi_db::DbError::from(error).into())
    });
    head.send("PUT", path, &[], Some(&json!({"kind": "person", "name": "李四"}))).expect(200);
    let (version, beginnings) = app.db(|conn| {
        use diesel::prelude::*;
        use guanxi_db::schema::customer;
        customer::table
            .select((customer::search_version, customer::beginnings))
            .first::<(i16, String)>(conn)
            .map_err(|error| guanxi_db::DbError::from(error).into())
    });
    assert_eq!(version, crate::names::search::SEARCH_VERSION);
    assert!(beginnings.contains(" lisi"), "{beginnings}");
    assert_eq!(names_found(&head, &json!({"q": "lisi"})), ["李四"]);
    assert_eq!(names_found(&head, &json!({"q": "zhangsan"})), Vec::<String>::new());
}

#[test]
fn customers_of_an_older_server_are_renewed() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    for name in ["李雷", "陈丽"] {
        create(&head, &json!({"kind": "person", "name": name}));
    }
    app.db(|conn| {
        use diesel::prelude::*;
        use guanxi_db::schema::customer;
        diesel::update(customer::table)
            .set((customer::search_version.eq(1), customer::beginnings.eq("")))
            .execute(conn)
            .map_err(|error| guanxi_db::DbError::from(error).into())
    });
    app.db(|conn| {
        use diesel::prelude::*;
        use guanxi_db::schema::customer_pair;
        diesel::delete(customer_pair::table)
            .execute(conn)
            .map_err(|error| guanxi_db::DbError::from(error).into())
    });
    assert_eq!(names_found(&head, &json!({"q": "li"})), ["陈丽", "李雷"], "found, if not in order");
    assert_eq!(names_found(&head, &json!({"q": "陈丽"})), ["陈丽"], "found without its pairs");
    assert_eq!(app.db(crate::customers::renew_search), 2);
    assert_eq!(app.db(crate::customers::renew_search), 0);
    assert_eq!(names_found(&head, &json!({"q": "陈丽"})), ["陈丽"]);
    assert_eq!(names_found(&head, &json!({"q": "li"})), ["李雷", "陈丽"]);
}

#[test]
fn a_team_is_of_the_customers_branch() {
    let app = TestApp::start();
    let (head, manager) = (app.role(Role::OutletHead), app.role(Role::BranchManager));
    let (path, mut tag) = create(&head, &json!({"kind": "person", "name": "张三"}));
    let team = format!("{path}/team");
    let user = |name: &str| app.fixture.user(name);
    let members = |names: &[&str]| {
        let members: Vec<Value> =
            names.iter().map(|name| json!({"user_id": user(name), "role": "adviser"})).collect();
        json!({ "members": members })
    };
    // The outlet beside, the branch above and the head office are near; another branch is not.
    tag = head.put(&team, &tag, &members(&["rm", "rm_a2", "deputy_manager", "auditor"])).expect(200).tag();
    for client in [&head, &manager] {
        let refused = client.put(&team, &tag, &members(&["rm_b1", "rm", "rm", "head_b1"])).expect(422);
        let wanted = [
            ("/members/0/user_id", "of_another_branch"),
            ("/members/2/user_id", "duplicate"),
            ("/members/3/user_id", "of_another_branch"),
        ];
        assert_eq!(refused.fields(), wanted.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    }
    let admin = app.role(Role::Admin);
    let adviser = format!("/users/{}", user("adviser"));
    admin.act(&format!("{adviser}/archive"), &admin.get(&adviser).expect(200).tag()).expect(200);
    let refused = head.put(&team, &tag, &members(&["adviser"])).expect(422);
    assert_eq!(refused.fields(), [("/members/0/user_id".to_owned(), "archived".to_owned())]);

    // Who manages both branches may take a member from the other one, who may then stay.
    let everywhere = json!({"org_unit_id": app.fixture.unit("head")});
    let account = format!("/users/{}", user("branch_manager"));
    admin.patch(&account, &admin.get(&account).expect(200).tag(), &everywhere).expect(200);
    let manager = app.anonymous().sign_in("branch_manager", crate::testing::PASSWORD);
    tag = manager.put(&team, &tag, &members(&["rm_b1", "rm"])).expect(200).tag();
    tag = head.put(&team, &tag, &members(&["rm_b1"])).expect(200).tag();
    tag = head.put(&team, &tag, &members(&[])).expect(200).tag();
    head.put(&team, &tag, &members(&["rm_b1"])).expect(422);
}

/// Names are kept in memory; a second server on the same database must not go on with older ones.
#[test]
fn a1_a_list_names_units_and_owners_as_they_are_called_now() {
    let app = TestApp::start();
    let other = TestApp::on(app.database().settings(), &app.fixture);
    let admin = app.role(Role::Admin);
    create(&app.user("rm"), &json!({"kind": "person", "name": "甲"}));
    let shown = |app: &TestApp| {
        let list = app.user("rm").get("/customers").expect(200).json();
        let line = &list["data"][0];
        (line["org_unit"]["name"]["en"].clone(), line["owner"]["display_name"].clone())
    };
    let (unit, owner) = shown(&app);
    assert_eq!(shown(&other), (unit, owner.clone()));

    let unit = format!("/org-units/{}", app.fixture.unit("a1"));
    let tag = admin.get(&unit).expect(200).tag();
    admin.patch(&unit, &tag, &json!({"name": {"zh-CN": "新名", "en": "New name"}})).expect(200);
    assert_eq!(shown(&app), (json!("New name"), owner.clone()));
    assert_eq!(shown(&other), (json!("New name"), owner));

    let user = format!("/users/{}", app.fixture.user("rm"));
    let tag = admin.get(&user).expect(200).tag();
    admin.patch(&user, &tag, &json!({"display_name": "Someone else"})).expect(200);
    assert_eq!(shown(&app), (json!("New name"), json!("Someone else")));
    assert_eq!(shown(&other), (json!("New name"), json!("Someone else")));
}

#[test]
fn a_change_of_what_looks_alike_when_masked_is_a_change() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let (path, tag) = create(
        &head,
        &json!({
            "kind": "person", "name": "张三丰",
            "identity": {"kind": "passport", "number": "E12345678"},
            "contact_points": [{"kind": "phone", "value": "13800005678", "verified": true}],
        }),
    );
    let points = head.get(&path).expect(200).json()["contact_points"].clone();
    let point = format!("{path}/contact-points/{}", points[0]["id"].as_str().expect("an id"));
    let same = json!({"value": "13800005678", "verified": true});
    let unchanged = head.patch(&point, &tag, &same).expect(200);
    assert_eq!(unchanged.tag(), tag, "the same number is no change");

    let other = json!({"value": "13811115678", "verified": true});
    let changed = head.patch(&point, &tag, &other).expect(200);
    head.patch(&point, &tag, &json!({"value": "13822225678"})).expect(412);
    assert_eq!(head.get(&path).expect(200).json()["version"], 2);
    let number = json!({"identity": {"kind": "passport", "number": "E12945678"}});
    let tag = head.get(&path).expect(200).tag();
    let renewed = head.patch(&path, &tag, &number).expect(200);
    assert_eq!(renewed.json()["version"], 3);
    assert_ne!(renewed.tag(), changed.tag());

    let history = head.get(&format!("{path}/history")).expect(200).json();
    let fields = |entry: &Value| entry["changes"][0]["field"].as_str().map(str::to_owned);
    let told: Vec<Option<String>> =
        history["data"].as_array().expect("entries").iter().take(2).map(fields).collect();
    assert_eq!(told, [Some("identity".to_owned()), Some("contact_points".to_owned())]);
}

#[test]
fn an_upsert_that_may_only_create_leaves_who_is_there_as_they_are() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let path = "/customers/by-external/erp/7";
    let put = |name: &str| {
        let body = json!({"kind": "person", "name": name});
        head.send("PUT", path, &[("If-None-Match", "*")], Some(&body))
    };
    let made = put("张三").expect(201);
    let refused = put("李四").expect(412);
    assert_eq!(refused.code(), "stale");
    assert!(refused.header("ETag").is_some_and(|tag| tag.starts_with("\"1-")));
    let customer = format!("/customers/{}", made.json()["id"].as_str().expect("an id"));
    assert_eq!(head.get(&customer).expect(200).json()["name"], "张三");
    let body = json!({"kind": "person", "name": "李四"});
    head.send("PUT", path, &[], Some(&body)).expect(200);
    assert_eq!(head.get(&customer).expect(200).json()["name"], "李四");
}

/// What is shown has names that change without a new version of what shows them.
#[test]
fn a_tag_is_of_all_that_is_shown() {
    let app = TestApp::start();
    let (admin, rm) = (app.role(Role::Admin), app.role(Role::Rm));
    let made = rm.post("/customers", &json!({"kind": "person", "name": "张三"})).expect(201);
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    let due = app.state.settings.day(clock::now()).to_string();
    let task = rm.post("/tasks", &json!({"title": "回访", "customer_id": id, "due_on": due})).expect(201);
    let shown = [
        (format!("/customers/{id}"), made.tag()),
        (format!("/tasks/{}", task.json()["id"].as_str().expect("an id")), task.tag()),
    ];
    let known = |(path, tag): &(String, String)| rm.send("GET", path, &[("If-None-Match", tag)], None).status;
    assert_eq!(shown.each_ref().map(known), [304, 304]);

    let account = format!("/users/{}", app.fixture.user("rm"));
    let tag = admin.get(&account).expect(200).tag();
    admin.patch(&account, &tag, &json!({"display_name": "王五"})).expect(200);
    assert_eq!(shown.each_ref().map(known), [200, 200]);
    // A change still goes by the version alone.
    let (path, tag) = &shown[0];
    rm.patch(path, tag, &json!({"name": "张三丰"})).expect(200);
}

#[test]
fn an_upsert_that_is_repeated_changes_nothing() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let path = "/customers/by-external/erp/7";
    let body = json!({
        "kind": "person", "name": "张三丰",
        "identity": {"kind": "resident_card", "number": "11010519491231002X"},
    });
    let made = head.send("PUT", path, &[], Some(&body)).expect(201).json();
    assert_eq!((&made["birth_date"], &made["gender"]), (&json!("1949-12-31"), &json!("female")));
    let again = head.send("PUT", path, &[], Some(&body)).expect(200).json();
    assert_eq!((&again["birth_date"], &again["version"]), (&json!("1949-12-31"), &json!(1)));
    // A key in another form of the same characters is the same key; one that is no text is none.
    let composed = head.send("PUT", "/customers/by-external/erp/%C3%A9", &[], Some(&body)).expect(201).json();
    let taken_apart = head.send("PUT", "/customers/by-external/erp/e%CC%81", &[], Some(&body)).expect(200);
    assert_eq!(taken_apart.json()["id"], composed["id"]);
    head.send("PUT", "/customers/by-external/erp/a%00b", &[], Some(&body)).expect(422);
    let customer = format!("/customers/{}", made["id"].as_str().expect("an id"));
    let tag = head.get(&customer).expect(200).tag();
    head.send("DELETE", &format!("{customer}/external-ids/%00"), &[("If-Match", &tag)], None).expect(404);
}
