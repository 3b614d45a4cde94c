use guanxi_api::Role;
use serde_json::{Value, json};

use crate::testing::{Answer, Client, TestApp};

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn view(name: &str, more: &Value) -> Value {
    let mut new = json!({"list": "customers", "name": name});
    new.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    new
}

fn made(client: &Client, name: &str, more: &Value) -> (String, String) {
    let answer = client.post("/views", &view(name, more)).expect(201);
    (format!("/views/{}", text(&answer.json()["id"])), answer.tag())
}

fn names(client: &Client) -> Vec<String> {
    let found = client.get("/views?list=customers&limit=200").expect(200).json();
    found["data"].as_array().expect("views").iter().map(|view| text(&view["name"])).collect()
}

fn wrong(answer: Answer, status: u16) -> (String, String) {
    answer.expect(status).fields().into_iter().next().expect("a field")
}

fn pair(pointer: &str, code: &str) -> (String, String) {
    (pointer.to_owned(), code.to_owned())
}

#[test]
fn a_view_is_its_owners_until_it_is_shared() {
    let app = TestApp::start();
    let (head, rm, other) = (app.role(Role::OutletHead), app.role(Role::Rm), app.user("rm_b1"));
    let (path, tag) = made(&head, "存款大户", &json!({"filter": "aum ge 100", "sort": "-aum"}));
    assert_eq!((names(&head).len(), names(&rm).len()), (1, 0));
    rm.get(&path).expect(404);
    rm.patch(&path, &tag, &json!({"name": "别的"})).expect(404);
    rm.delete(&path, &tag).expect(404);
    let tag = head.patch(&path, &tag, &json!({"sharing": "unit"})).expect(200).tag();
    assert_eq!((names(&rm), names(&other)), (vec!["存款大户".to_owned()], vec![]));
    // The unit above does not see what is shared below it.
    assert_eq!(names(&app.role(Role::BranchManager)), Vec::<String>::new());
    let seen = rm.get(&path).expect(200).json();
    assert_eq!(
        (&seen["can_change"], &seen["owner"]["display_name"]),
        (&json!(false), &json!("User outlet_head"))
    );
    rm.patch(&path, &tag, &json!({"name": "别的"})).expect(403);
    rm.delete(&path, &tag).expect(403);
    // Administrators keep order in what is shared, although they see assets masked.
    let admin = app.role(Role::Admin);
    let of_admin = admin.get(&path).expect(200);
    assert_eq!((&of_admin.json()["can_change"], &of_admin.json()["refused"]), (&json!(true), &json!(true)));
    let tag =
        admin.patch(&path, &of_admin.tag(), &json!({"name": "大户", "sharing": "bank"})).expect(200).tag();
    assert_eq!(names(&other), ["大户"]);
    let tag = head.patch(&path, &tag, &json!({"sharing": "private"})).expect(200).tag();
    assert_eq!((names(&other), names(&rm), names(&admin)), (vec![], vec![], vec![]));
    head.delete(&path, &tag).expect(204);
    head.get(&path).expect(404);
}

#[test]
fn who_may_share_how_far() {
    let app = TestApp::start();
    for role in Role::ALL {
        let client = app.role(*role);
        let unit = matches!(role, Role::OutletHead | Role::DeputyManager | Role::BranchManager | Role::Admin);
        for (sharing, may) in [("private", true), ("unit", unit), ("bank", *role == Role::Admin)] {
            let answer = client.post("/views", &view(sharing, &json!({"sharing": sharing})));
            if may {
                answer.expect(201);
            } else {
                assert_eq!(wrong(answer, 403), pair("/sharing", "may_not_share_so_far"), "{role}");
            }
        }
    }
    let manager = app.role(Role::BranchManager);
    let (path, tag) = made(&manager, "自己的", &json!({}));
    assert_eq!(wrong(manager.patch(&path, &tag, &json!({"sharing": "bank"})), 403).1, "may_not_share_so_far");
    // What a branch shares is seen in its outlets, not beside it; what the head office shares is seen everywhere.
    let whose = |client: &Client| {
        let found = client.get("/views?filter=sharing%20eq%20%22unit%22").expect(200).json();
        let views = found["data"].as_array().expect("views").clone();
        views.iter().map(|view| text(&view["owner"]["display_name"])).collect::<Vec<_>>()
    };
    let of_branch = ["User outlet_head", "User deputy_manager", "User branch_manager", "User admin"];
    assert_eq!(whose(&app.role(Role::Rm)), of_branch);
    assert_eq!(whose(&app.user("head_b1")), ["User admin"]);
}

#[test]
fn what_the_list_refuses_is_no_view() {
    let app = TestApp::start();
    let (rm, teller) = (app.role(Role::Rm), app.role(Role::Teller));
    let refused =
        |client: &Client, more: Value, status| wrong(client.post("/views", &view("x", &more)), status);
    assert_eq!(
        refused(&rm, json!({"filter": "nonsense eq 1"}), 422),
        pair("/filter", "filter_unknown_field")
    );
    assert_eq!(refused(&rm, json!({"filter": "status eq"}), 422), pair("/filter", "filter_unexpected"));
    assert_eq!(refused(&rm, json!({"sort": "phone"}), 422), pair("/sort", "sort_unknown_field"));
    // Names and phones stay out of addresses, and so out of views.
    assert_eq!(refused(&rm, json!({"filter": "full_name eq \"张三丰\""}), 422).1, "filter_unknown_field");
    assert_eq!(refused(&rm, json!({"columns": ["Name"]}), 422), pair("/columns", "column"));
    assert_eq!(refused(&rm, json!({"name": "\u{7}"}), 422).0, "/name");
    let masked = json!({"filter": "tier eq \"gold\""});
    assert_eq!(refused(&teller, masked.clone(), 403), pair("/filter", "field_not_filterable"));
    // Somebody else's filter over what the teller sees masked is shown as refused, and the list refuses it.
    made(&app.role(Role::OutletHead), "黄金", &json!({"filter": masked["filter"], "sharing": "unit"}));
    let found = teller.get("/views").expect(200).json();
    assert_eq!(found["data"][0]["refused"], json!(true));
    teller.get("/customers?filter=tier%20eq%20%22gold%22").expect(403);
    assert_eq!(rm.get("/views").expect(200).json()["data"][0]["refused"], json!(false));
    let (path, tag) = made(&teller, "本人", &json!({}));
    assert_eq!(wrong(teller.patch(&path, &tag, &masked), 403).1, "field_not_filterable");
    teller.patch(&path, &tag, &json!({"filter": null, "columns": ["name"]})).expect(200);
}

#[test]
fn days_ago_are_counted_when_the_list_is_asked() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    rm.post("/customers", &json!({"kind": "person", "name": "张三丰"})).expect(201);
    let count = |filter: &str| {
        let found = rm.get(&format!("/customers?filter={filter}")).expect(200).json();
        found["data"].as_array().expect("rows").len()
    };
    assert_eq!(count("created_at%20gt%20%22now-1d%22"), 1);
    assert_eq!(count("created_at%20lt%20%22now-1d%22"), 0);
    // Never contacted is longer ago than any day.
    assert_eq!(count("last_contacted_at%20lt%20%22now-14d%22"), 1);
    rm.get("/customers?filter=created_at%20gt%20%22now-1h%22").expect(400);
    made(&rm, "两周", &json!({"filter": "last_contacted_at lt \"now-14d\""}));
}

#[test]
fn each_user_chooses_what_they_see_first() {
    let app = TestApp::start();
    let (head, rm) = (app.role(Role::OutletHead), app.role(Role::Rm));
    let (shared, tag) = made(&head, "共享", &json!({"sharing": "unit"}));
    let (own, _) = made(&rm, "自己", &json!({}));
    let first = |client: &Client| {
        let found = client.get("/views").expect(200).json();
        let views = found["data"].as_array().expect("views").clone();
        views
            .iter()
            .filter(|view| view["is_default"] == true)
            .map(|view| text(&view["name"]))
            .collect::<Vec<_>>()
    };
    let choose = |client: &Client, path: &str| client.send("PUT", &format!("{path}/default"), &[], None);
    let chosen = choose(&rm, &own).expect(200);
    assert_eq!(chosen.json()["is_default"], json!(true));
    choose(&rm, &shared).expect(200);
    assert_eq!((first(&rm), first(&head)), (vec!["共享".to_owned()], vec![]));
    choose(&head, &own).expect(404);
    rm.send("DELETE", &format!("{own}/default"), &[], None).expect(200);
    assert_eq!(first(&rm), ["共享"]);
    rm.send("DELETE", &format!("{shared}/default"), &[], None).expect(200);
    assert_eq!(first(&rm), Vec::<String>::new());
    choose(&rm, &shared).expect(200);
    head.delete(&shared, &tag).expect(204);
    assert_eq!((first(&rm), names(&rm)), (vec![], vec!["自己".to_owned()]));
}

#[test]
fn names_and_numbers_have_limits_and_changes_are_on_record() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let (path, tag) = made(&rm, "一", &json!({"columns": ["name", "tier"]}));
    assert_eq!(wrong(rm.post("/views", &view("一", &json!({}))), 409), pair("/name", "taken"));
    let (second, second_tag) = made(&rm, "二", &json!({}));
    assert_eq!(wrong(rm.patch(&second, &second_tag, &json!({"name": "一"})), 409), pair("/name", "taken"));
    // Somebody else may call theirs the same.
    made(&app.user("rm2"), "一", &json!({}));
    let after = rm.patch(&path, &tag, &json!({"sort": "-created_at"})).expect(200);
    assert_eq!(after.json()["version"], json!(2));
    // Nothing changes, nothing is written.
    assert_eq!(rm.patch(&path, &after.tag(), &json!({"sort": "-created_at"})).expect(200).tag(), after.tag());
    rm.patch(&path, &tag, &json!({"sort": null})).expect(412);
    rm.send("PATCH", &path, &[], Some(&json!({"sort": null}))).expect(428);
    let key = [("Idempotency-Key", "the-third-view")];
    let third =
        || rm.send("POST", "/views", &key, Some(&view("三", &json!({})))).expect(201).json()["id"].clone();
    assert_eq!(third(), third());
    for n in 3..50 {
        made(&rm, &format!("第 {n} 个"), &json!({}));
    }
    assert_eq!(wrong(rm.post("/views", &view("太多", &json!({}))), 409).1, "too_many_views");
    // Pages follow each other.
    let mut seen = Vec::new();
    let mut path = "/views?limit=20&sort=-created_at".to_owned();
    loop {
        let page = rm.get(&path).expect(200).json();
        seen.extend(page["data"].as_array().expect("views").iter().map(|view| text(&view["name"])));
        let Some(next) = page["page"]["next"].as_str() else { break };
        path = format!("/views?limit=20&sort=-created_at&cursor={next}");
    }
    assert_eq!((seen.len(), seen.last()), (50, Some(&"一".to_owned())));
    let auditor = app.role(Role::Auditor);
    let entries =
        auditor.get("/audit-entries?filter=resource_type%20eq%20%22view%22&limit=200").expect(200).json();
    let actions: Vec<String> =
        entries["data"].as_array().expect("entries").iter().map(|entry| text(&entry["action"])).collect();
    assert_eq!(actions.iter().filter(|action| *action == "view.updated").count(), 1);
    assert_eq!(actions.iter().filter(|action| *action == "view.created").count(), 51);
}
