use guanxi_api::Role;
use guanxi_db::{DbConn, Id};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::access::{Actor, OrgUnitId};
use crate::testing::{Answer, Client, PASSWORD, TestApp};
use crate::{clock, org};

/// What these tests ask of a client, with bodies as values.
trait Asks {
    fn create(&self, path: &str, body: Value) -> Answer;
    fn once(&self, path: &str, key: &str, body: Value) -> Answer;
    fn change(&self, path: &str, tag: &str, body: Value) -> Answer;
}

impl Asks for Client {
    #[track_caller]
    fn create(&self, path: &str, body: Value) -> Answer {
        self.post(path, &body)
    }

    #[track_caller]
    fn once(&self, path: &str, key: &str, body: Value) -> Answer {
        self.send("POST", path, &[("Idempotency-Key", key)], Some(&body))
    }

    #[track_caller]
    fn change(&self, path: &str, tag: &str, body: Value) -> Answer {
        self.patch(path, tag, &body)
    }
}

/// What these tests look at in an answer.
trait Shows {
    fn refused(&self, status: u16, code: &str);
    fn refused_fields(&self, status: u16, fields: &[(&str, &str)]);
    fn etag(&self) -> &str;
    fn text_at(&self, pointer: &str) -> String;
    fn each(&self, member: &str) -> Vec<String>;
}

impl Shows for Answer {
    #[track_caller]
    fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{}", self.text());
    }

    #[track_caller]
    fn refused_fields(&self, status: u16, fields: &[(&str, &str)]) {
        let wanted: Vec<(String, String)> =
            fields.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect();
        assert_eq!((self.status, self.fields()), (status, wanted), "{}", self.text());
    }

    #[track_caller]
    fn etag(&self) -> &str {
        self.header("ETag").expect("an ETag")
    }

    #[track_caller]
    fn text_at(&self, pointer: &str) -> String {
        let body = self.json();
        let found = body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no {pointer}: {body:#}")).to_owned()
    }

    fn each(&self, member: &str) -> Vec<String> {
        let body = self.json();
        body["data"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| Some(row[member].as_str()?.to_owned()))
            .collect()
    }
}

fn name(text: &str) -> Value {
    json!({ "zh-CN": format!("{text}中"), "en": text })
}

fn new_unit(parent: Uuid, kind: &str, code: &str) -> Value {
    json!({ "parent_id": parent, "kind": kind, "code": code, "name": name(code) })
}

fn add(client: &Client, parent: Uuid, kind: &str, code: &str) -> (Uuid, String) {
    let reply = client.create("/org-units", new_unit(parent, kind, code)).expect(201);
    (reply.text_at("/id").parse().unwrap(), reply.etag().to_owned())
}

fn tag_of(client: &Client, path: &str) -> String {
    client.get(path).expect(200).etag().to_owned()
}

fn path_of(app: &TestApp, id: Uuid) -> String {
    app.db(move |conn: &mut DbConn| org::unit(conn, OrgUnitId::new(id))).unwrap().path
}

fn user_path(app: &TestApp, username: &str) -> String {
    format!("/users/{}", app.fixture.user(username))
}

/// A new user who has changed the password to [`PASSWORD`] and is signed in.
fn newcomer(app: &TestApp, username: &str, role: Role, unit: &str) -> Client {
    let new = json!({ "username": username, "display_name": username, "role": role,
        "org_unit_id": app.fixture.unit(unit) });
    let password = app.role(Role::Admin).create("/users", new).expect(201).text_at("/password");
    let client = app.anonymous().sign_in(username, &password);
    client
        .create("/auth/password", json!({ "current_password": password, "new_password": PASSWORD }))
        .expect(204);
    app.anonymous().sign_in(username, PASSWORD)
}

fn actions(reply: &Answer) -> Vec<String> {
    reply.each("action")
}

#[test]
fn units_are_created_once_below_what_may_stand_above_them() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let created =
        admin.once("/org-units", "unit-key-1", new_unit(app.fixture.unit("a"), "outlet", "0109")).expect(201);
    let id: Uuid = created.text_at("/id").parse().unwrap();
    assert_eq!(created.header("Location"), Some(format!("/api/v1/org-units/{id}").as_str()));
    assert_eq!((created.json()["depth"].as_i64(), created.json()["version"].as_i64()), (Some(2), Some(1)));
    assert_eq!(created.header("Idempotency-Replayed"), None);

    let again =
        admin.once("/org-units", "unit-key-1", new_unit(app.fixture.unit("a"), "outlet", "0109")).expect(201);
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    assert_eq!(again.json(), created.json());
    admin
        .once("/org-units", "unit-key-1", new_unit(app.fixture.unit("a"), "outlet", "0110"))
        .refused(422, "idempotency_key_reused");

    let unknown = Uuid::now_v7();
    let (sub_branch, _) = add(&admin, app.fixture.unit("a"), "sub_branch", "0120");
    for (body, status, field) in [
        (new_unit(app.fixture.unit("a"), "outlet", "0109"), 409, ("/code", "taken")),
        (new_unit(unknown, "outlet", "0111"), 422, ("/parent_id", "not_found")),
        (new_unit(id, "outlet", "0111"), 422, ("/kind", "kind_order")),
        (new_unit(sub_branch, "branch", "0111"), 422, ("/kind", "kind_order")),
        (new_unit(app.fixture.unit("head"), "head_office", "0111"), 422, ("/kind", "kind_order")),
        (new_unit(app.fixture.unit("head"), "branch", "01 1"), 422, ("/code", "format")),
        (new_unit(app.fixture.unit("head"), "kiosk", "0111"), 422, ("/kind", "unknown_code")),
    ] {
        admin.create("/org-units", body).refused_fields(status, &[field]);
    }
    let hidden = json!({ "parent_id": app.fixture.unit("head"), "kind": "branch", "code": "03",
        "name": { "zh-CN": "分\u{202e}行", "en": "  " } });
    admin
        .create("/org-units", hidden)
        .refused_fields(422, &[("/name/zh-CN", "control_character"), ("/name/en", "required")]);
    assert_eq!(actions(&admin.get(&format!("/org-units/{id}/history")).expect(200)), ["org_unit.created"]);
}

#[test]
fn the_tree_is_bounded_in_depth() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let mut parent = app.fixture.unit("head");
    for depth in 1..=8 {
        parent = add(&admin, parent, "branch", &format!("deep{depth}")).0;
    }
    admin
        .create("/org-units", new_unit(parent, "branch", "deep9"))
        .refused_fields(422, &[("/parent_id", "tree_too_deep")]);
    // The subtree counts, not only the unit that is moved.
    let (upper, tag) = add(&admin, app.fixture.unit("head"), "branch", "upper");
    add(&admin, upper, "branch", "lower");
    let seventh = admin.get("/org-units?filter=code%20eq%20%22deep7%22").expect(200).each("id")[0].to_owned();
    admin
        .change(&format!("/org-units/{upper}"), &tag, json!({ "parent_id": seventh }))
        .refused_fields(422, &[("/parent_id", "tree_too_deep")]);
}

#[test]
fn a_moved_unit_takes_its_subtree_along() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let manager = newcomer(&app, "manager.b", Role::BranchManager, "b");
    let of_clerk = user_path(&app, "rm");
    manager.get(&of_clerk).refused(404, "not_found");

    let (moved, b) = (app.fixture.unit("a"), app.fixture.unit("b"));
    let unit = format!("/org-units/{moved}");
    let outlet = format!("/org-units/{}", app.fixture.unit("a1"));
    let outlet_tag = tag_of(&admin, &outlet);
    let answer = admin.change(&unit, &tag_of(&admin, &unit), json!({ "parent_id": b })).expect(200);
    assert_eq!(answer.text_at("/parent_id"), b.to_string());
    let (above, below) = (path_of(&app, b), path_of(&app, moved));
    assert_eq!(below, format!("{above}{}/", moved.simple()));
    for code in ["a1", "a2"] {
        let outlet = app.fixture.unit(code);
        assert_eq!(path_of(&app, outlet), format!("{below}{}/", outlet.simple()));
    }
    // Units beside it stay where they were.
    let beside = app.fixture.unit("b1");
    assert_eq!(path_of(&app, beside), format!("{above}{}/", beside.simple()));
    // The gate has forgotten the old paths: what the manager sees follows at once.
    manager.get(&of_clerk).expect(200);

    // A deeper place shows in the depth of units whose own version stays.
    let shown = admin.get(&outlet).expect(200);
    assert_eq!((shown.json()["depth"].as_i64(), shown.json()["version"].as_i64()), (Some(3), Some(1)));
    assert_ne!(shown.etag(), outlet_tag);
    admin.change(&unit, &tag_of(&admin, &unit), json!({ "parent_id": app.fixture.unit("head") })).expect(200);
    assert_eq!(admin.get(&outlet).expect(200).etag(), outlet_tag);
    manager.get(&of_clerk).refused(404, "not_found");

    let history = admin.get(&format!("{unit}/history")).expect(200);
    assert_eq!(actions(&history), ["org_unit.updated", "org_unit.updated", "org_unit.created"]);
    assert_eq!(history.json()["data"][0]["changes"][0]["field"], "parent_id");
}

#[test]
fn impossible_moves_are_refused_and_change_nothing() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let moved = app.fixture.unit("a");
    let unit = format!("/org-units/{moved}");
    let (archived, tag) = add(&admin, app.fixture.unit("head"), "branch", "0900");
    admin.act(&format!("/org-units/{archived}/archive"), &tag).expect(200);
    let before = path_of(&app, moved);
    for (parent, code) in [
        (app.fixture.unit("a1"), "own_subtree"),
        (moved, "own_subtree"),
        (app.fixture.unit("b1"), "kind_order"),
        (archived, "archived"),
        (Uuid::now_v7(), "not_found"),
    ] {
        let tag = tag_of(&admin, &unit);
        admin
            .change(&unit, &tag, json!({ "parent_id": parent }))
            .refused_fields(422, &[("/parent_id", code)]);
    }
    let root = format!("/org-units/{}", app.fixture.unit("head"));
    let tag = tag_of(&admin, &root);
    admin
        .change(&root, &tag, json!({ "parent_id": app.fixture.unit("a") }))
        .refused_fields(409, &[("/parent_id", "root_unit")]);
    admin.act(&format!("{root}/archive"), &tag).refused_fields(409, &[("", "root_unit")]);
    assert_eq!(path_of(&app, moved), before);
    assert_eq!(admin.get(&format!("{unit}/history")).expect(200).each("action").len(), 1);
}

#[test]
fn units_change_only_from_their_newest_version() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let path = format!("/org-units/{}", app.fixture.unit("a"));
    let first = tag_of(&admin, &path);
    assert_eq!(admin.send("GET", &path, &[("If-None-Match", &first)], None).status, 304);
    let renamed = admin.change(&path, &first, json!({ "name": name("Renamed") })).expect(200);
    assert_eq!(renamed.json()["version"], 2);
    assert_eq!(admin.send("GET", &path, &[("If-None-Match", &first)], None).status, 200);
    let stale = admin.change(&path, &first, json!({ "code": "99" }));
    stale.refused(412, "stale");
    assert_eq!(stale.header("ETag"), Some(renamed.etag()));
    admin.send("PATCH", &path, &[], Some(&json!({ "code": "99" }))).refused(428, "precondition_required");
    admin.change(&path, renamed.etag(), json!({ "code": "b" })).refused_fields(409, &[("/code", "taken")]);
    // Nothing changed, nothing recorded.
    let same = admin.change(&path, renamed.etag(), json!({ "name": name("Renamed") })).expect(200);
    assert_eq!(same.json(), renamed.json());
    assert_eq!(admin.get(&format!("{path}/history")).expect(200).each("action").len(), 2);
}

#[test]
fn a_unit_in_use_is_not_archived() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let (unit, tag) = add(&admin, app.fixture.unit("a"), "sub_branch", "0177");
    let path = format!("/org-units/{unit}");
    let archive = |tag: &str| admin.act(&format!("{path}/archive"), tag);

    let (child, child_tag) = add(&admin, unit, "outlet", "017701");
    archive(&tag).refused_fields(409, &[("", "has_units")]);
    admin.act(&format!("/org-units/{child}/archive"), &child_tag).expect(200);

    let new = json!({ "username": "in.unit", "display_name": "In it", "role": "rm", "org_unit_id": unit });
    let of_user = format!("/users/{}", admin.create("/users", new).expect(201).text_at("/user/id"));
    archive(&tag).refused_fields(409, &[("", "has_users")]);
    admin.act(&format!("{of_user}/archive"), &tag_of(&admin, &of_user)).expect(200);

    let archived = archive(&tag).expect(200);
    assert!(archived.json()["archived_at"].is_string());
    archive(archived.etag()).refused_fields(409, &[("", "already_archived")]);

    // Archived rows stay readable by id and leave lists unless asked for.
    assert!(
        !admin
            .get("/org-units?limit=200")
            .expect(200)
            .each("code")
            .iter()
            .any(|code| code.starts_with("0177"))
    );
    let listed = admin.get("/org-units?limit=200&filter=archived%20eq%20true").expect(200);
    assert_eq!(listed.each("code"), ["0177", "017701"]);
    admin.get(&path).expect(200);

    // Nothing new goes into it, and what was in it comes back only after it.
    admin
        .create("/org-units", new_unit(unit, "outlet", "017702"))
        .refused_fields(422, &[("/parent_id", "archived")]);
    let new = json!({ "username": "late.comer", "display_name": "Late", "role": "rm", "org_unit_id": unit });
    admin.create("/users", new).refused_fields(422, &[("/org_unit_id", "archived")]);
    let of_child = format!("/org-units/{child}");
    admin
        .act(&format!("{of_child}/restore"), &tag_of(&admin, &of_child))
        .refused_fields(409, &[("/parent_id", "archived")]);
    admin
        .act(&format!("{of_user}/restore"), &tag_of(&admin, &of_user))
        .refused_fields(409, &[("/org_unit_id", "archived")]);

    let restored = admin.act(&format!("{path}/restore"), archived.etag()).expect(200);
    assert!(restored.json()["archived_at"].is_null());
    admin.act(&format!("{path}/restore"), restored.etag()).refused_fields(409, &[("", "not_archived")]);
    assert_eq!(
        actions(&admin.get(&format!("{path}/history")).expect(200)),
        ["org_unit.restored", "org_unit.archived", "org_unit.created"]
    );
}

#[test]
fn a_unit_with_customers_is_not_archived() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let (unit, tag) = add(&admin, app.fixture.unit("a"), "outlet", "0188");
    let manager = app.role(Role::BranchManager);
    let customer = manager
        .create("/customers", json!({ "kind": "person", "name": "王伟", "org_unit_id": unit }))
        .expect(201);
    let archive = format!("/org-units/{unit}/archive");
    admin.act(&archive, &tag).refused_fields(409, &[("", "has_customers")]);
    let of_customer = format!("/customers/{}/archive", customer.text_at("/id"));
    manager.act(&of_customer, customer.etag()).expect(200);
    admin.act(&archive, &tag).expect(200);
}

#[test]
fn units_are_listed_as_the_tree_and_page_by_page() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    // Everybody sees all units, in the order of the tree: each unit right before all that is below it.
    let all = rm.get("/org-units?limit=200&include=total").expect(200);
    assert_eq!(all.json()["page"]["total"], 6);
    let order = all.each("code");
    let mut sorted = order.clone();
    sorted.sort();
    assert_eq!(sorted, ["0000", "a", "a1", "a2", "b", "b1"]);
    let place = |code: &str| order.iter().position(|other| other == code).unwrap();
    assert_eq!(place("0000"), 0);
    assert_eq!(place("b1"), place("b") + 1);
    let mut of_a = [place("a1"), place("a2")];
    of_a.sort_unstable();
    assert_eq!(of_a, [place("a") + 1, place("a") + 2]);

    for sort in ["path", "code", "-code", "updated_at", "-updated_at"] {
        let whole = rm.get(&format!("/org-units?limit=200&sort={sort}")).expect(200);
        let mut found: Vec<String> = Vec::new();
        let mut next = format!("/org-units?limit=2&sort={sort}");
        loop {
            let page = rm.get(&next).expect(200);
            found.extend(page.each("code"));
            let body = page.json();
            let Some(cursor) = body["page"]["next"].as_str() else { break };
            next = format!("/org-units?limit=2&sort={sort}&cursor={cursor}");
        }
        assert_eq!(found, whole.each("code"), "{sort}");
    }
    for (filter, codes) in [
        ("kind eq \"outlet\"", vec!["a1", "a2", "b1"]),
        ("depth le 1", vec!["0000", "a", "b"]),
        ("code starts \"a\"", vec!["a", "a1", "a2"]),
        ("parent_id eq null", vec!["0000"]),
        ("archived eq true", vec![]),
        ("archived eq false and kind eq \"branch\"", vec!["a", "b"]),
    ] {
        let encoded = filter.replace(' ', "%20").replace('"', "%22");
        let reply = rm.get(&format!("/org-units?sort=code&filter={encoded}")).expect(200);
        assert_eq!(reply.each("code"), codes, "{filter}");
    }
    let of_parent = format!("/org-units?sort=code&filter=parent_id%20eq%20%22{}%22", app.fixture.unit("a"));
    assert_eq!(rm.get(&of_parent).expect(200).each("code"), ["a1", "a2"]);
    rm.get("/org-units?sort=depth").refused(400, "sort_invalid");
    rm.get("/org-units?filter=path%20starts%20%22/%22").refused(400, "filter_invalid");
    rm.get("/org-units/none").refused(404, "not_found");
    rm.get(&format!("/org-units/{}", Uuid::now_v7())).refused(404, "not_found");
}

#[test]
fn a_new_user_signs_in_with_the_password_that_is_shown_once() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let new = json!({ "username": "lin.rm", "display_name": " 林晓雨 ", "role": "rm", "org_unit_id": app.fixture.unit("a1") });
    let created = admin.once("/users", "user-key-1", new.clone()).expect(201);
    let id = created.text_at("/user/id").to_owned();
    assert_eq!(created.header("Location"), Some(format!("/api/v1/users/{id}").as_str()));
    assert_eq!(created.text_at("/user/display_name"), "林晓雨");
    assert_eq!(created.json()["user"]["must_change_password"], true);
    assert_eq!(created.text_at("/user/org_unit/id"), app.fixture.unit("a1").to_string());
    let password = created.text_at("/password").to_owned();
    assert!(password.len() >= 16, "{password}");

    let again = admin.once("/users", "user-key-1", new).expect(201);
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    assert_eq!((&again.json()["user"], &again.json()["password"]), (&created.json()["user"], &Value::Null));

    // Nothing but changing it until it is changed.
    let client = app.anonymous().sign_in("lin.rm", &password);
    client.get("/org-units").refused(403, "password_change_required");
    let change = json!({ "current_password": password, "new_password": "seven lanterns over the lake" });
    client.create("/auth/password", change).expect(204);
    app.anonymous().sign_in("lin.rm", "seven lanterns over the lake").get("/org-units").expect(200);

    // The password is in no entry.
    let history = admin.get(&format!("/users/{id}/history")).expect(200);
    assert!(actions(&history).contains(&"user.created".to_owned()), "{:?}", actions(&history));
    assert!(!history.text().contains(&password) && !history.text().contains("argon2"), "{}", history.text());
}

#[test]
fn users_that_cannot_be_are_refused() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let user = |username: &str, display_name: &str, unit: Uuid| json!({ "username": username, "display_name": display_name, "role": "rm", "org_unit_id": unit });
    for (body, status, fields) in [
        (user("rm2", "A", app.fixture.unit("a1")), 409, vec![("/username", "taken")]),
        (user("Lin.RM", "A", app.fixture.unit("a1")), 422, vec![("/username", "format")]),
        (user("lin.rm", "A", Uuid::now_v7()), 422, vec![("/org_unit_id", "not_found")]),
        (user("lin.rm", "A\u{0}", app.fixture.unit("a1")), 422, vec![("/display_name", "control_character")]),
        (
            user("1lin", " \u{3000} ", app.fixture.unit("a1")),
            422,
            vec![("/username", "format"), ("/display_name", "required")],
        ),
    ] {
        admin.create("/users", body).refused_fields(status, &fields);
    }
    // An archived user keeps the name.
    let path = user_path(&app, "teller");
    admin.act(&format!("{path}/archive"), &tag_of(&admin, &path)).expect(200);
    admin
        .create("/users", user("teller", "A", app.fixture.unit("a1")))
        .refused_fields(409, &[("/username", "taken")]);
}

#[test]
fn a_new_role_or_unit_ends_the_sessions_and_a_new_name_does_not() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let path = user_path(&app, "rm");
    let client = app.user("rm");
    client.get("/me").expect(200);

    let renamed = admin.change(&path, &tag_of(&admin, &path), json!({ "display_name": "王芳" })).expect(200);
    client.get("/me").expect(200);
    let promoted = admin.change(&path, renamed.etag(), json!({ "role": "outlet_head" })).expect(200);
    assert_eq!(promoted.text_at("/role"), "outlet_head");
    client.get("/me").refused(401, "unauthenticated");

    let client = app.anonymous().sign_in("rm", PASSWORD);
    assert_eq!(client.get("/me").expect(200).text_at("/role"), "outlet_head");
    let stale = admin.change(&path, renamed.etag(), json!({ "role": "teller" }));
    stale.refused(412, "stale");
    assert_eq!(stale.header("ETag"), Some(promoted.etag()));
    admin.change(&path, promoted.etag(), json!({ "org_unit_id": app.fixture.unit("b1") })).expect(200);
    client.get("/me").refused(401, "unauthenticated");

    let history = admin.get(&format!("{path}/history?filter=action%20eq%20%22user.updated%22")).expect(200);
    let changed: Vec<Value> = history.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["changes"][0]["field"].clone())
        .collect();
    assert_eq!(changed, ["org_unit_id", "role", "display_name"]);
}

#[test]
fn an_archived_user_is_out_at_once_and_a_restored_one_may_come_back() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let path = user_path(&app, "rm");
    let client = app.user("rm");
    let archived = admin.act(&format!("{path}/archive"), &tag_of(&admin, &path)).expect(200);
    client.get("/me").refused(401, "unauthenticated");
    let sign_in = json!({ "username": "rm", "password": PASSWORD });
    app.anonymous().create("/auth/sign-in", sign_in).refused(401, "sign_in_failed");
    assert!(!admin.get("/users?limit=200").expect(200).each("username").contains(&"rm".to_owned()));
    admin.act(&format!("{path}/archive"), archived.etag()).refused_fields(409, &[("", "already_archived")]);
    admin
        .send("POST", &format!("{path}/reset-password"), &[], None)
        .refused_fields(409, &[("", "already_archived")]);

    let restored = admin.act(&format!("{path}/restore"), archived.etag()).expect(200);
    admin.act(&format!("{path}/restore"), restored.etag()).refused_fields(409, &[("", "not_archived")]);
    client.get("/me").refused(401, "unauthenticated");
    app.anonymous().sign_in("rm", PASSWORD).get("/me").expect(200);
}

#[test]
fn an_administrator_cannot_shut_themselves_out() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let path = user_path(&app, "admin");
    let tag = tag_of(&admin, &path);
    admin.change(&path, &tag, json!({ "role": "auditor" })).refused_fields(409, &[("/role", "own_role")]);
    admin.act(&format!("{path}/archive"), &tag).refused_fields(409, &[("", "own_account")]);
    admin
        .send("POST", &format!("{path}/reset-password"), &[], None)
        .refused_fields(409, &[("", "own_account")]);
    assert_eq!(tag_of(&admin, &path), tag);
    admin.change(&path, &tag, json!({ "role": "admin", "display_name": "Still here" })).expect(200);
    admin.get("/me").expect(200);
}

#[test]
fn a_reset_password_replaces_the_old_one_and_opens_the_account() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let path = user_path(&app, "rm");
    let client = app.user("rm");
    let nobody = app.anonymous();
    for _ in 0..5 {
        let wrong = json!({ "username": "rm", "password": "wrong" });
        nobody.create("/auth/sign-in", wrong).refused(401, "sign_in_failed");
    }
    let right = json!({ "username": "rm", "password": PASSWORD });
    nobody.create("/auth/sign-in", right.clone()).refused(429, "account_locked");
    let locked = admin.get(&path).expect(200);
    assert!(locked.json()["locked_until"].is_string(), "{:#}", locked.json());

    let reset = format!("{path}/reset-password");
    let key = [("Idempotency-Key", "reset-key-1")];
    let first = admin.send("POST", &reset, &key, None).expect(200);
    let password = first.text_at("/password").to_owned();
    assert!(first.json()["user"]["locked_until"].is_null());
    let again = admin.send("POST", &reset, &key, None).expect(200);
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    assert!(again.json()["password"].is_null());

    client.get("/me").refused(401, "unauthenticated");
    nobody.create("/auth/sign-in", right).refused(401, "sign_in_failed");
    let client = nobody.sign_in("rm", &password);
    assert_eq!(client.get("/me").expect(200).json()["must_change_password"], true);
    let other = admin.send("POST", &reset, &[], None).expect(200);
    assert_ne!(other.text_at("/password"), password);
}

#[test]
fn users_are_seen_within_ones_own_units() {
    let app = TestApp::start();
    let sees = |client: &Client, username: &str| {
        let path = user_path(&app, username);
        let status = client.get(&path).status;
        assert_eq!(client.get(&format!("{path}/history")).status, status);
        let listed = client.get("/users?limit=200&include=total").expect(200);
        assert_eq!(listed.json()["page"]["total"], listed.each("id").len());
        assert_eq!(listed.each("username").contains(&username.to_owned()), status == 200);
        status == 200
    };
    for (role, expected) in [
        (Role::OutletHead, [true, false, false]),
        (Role::DeputyManager, [true, true, false]),
        (Role::BranchManager, [true, true, false]),
        (Role::Admin, [true, true, true]),
        (Role::Auditor, [true, true, true]),
    ] {
        let client = app.role(role);
        assert_eq!(["rm", "rm_a2", "rm_b1"].map(|username| sees(&client, username)), expected, "{role}");
    }
    for role in [Role::Rm, Role::Adviser, Role::Teller, Role::Service] {
        app.role(role).get("/users").refused(403, "forbidden");
    }
}

#[test]
fn only_administrators_change_units_and_users() {
    let app = TestApp::start();
    let (unit, account) = (format!("/org-units/{}", app.fixture.unit("a1")), user_path(&app, "rm2"));
    let before = app.role(Role::Auditor);
    let (unit_before, user_before) = (before.get(&unit).json(), before.get(&account).json());
    for role in Role::ALL.iter().filter(|role| **role != Role::Admin) {
        let client = app.role(*role);
        let forbidden = [
            client.create("/org-units", new_unit(app.fixture.unit("head"), "branch", "0300")),
            client.change(&unit, "\"1\"", json!({ "code": "0300" })),
            client.act(&format!("{unit}/archive"), "\"1\""),
            client.act(&format!("{unit}/restore"), "\"1\""),
            client.create(
                "/users",
                json!({ "username": "new.one", "display_name": "A", "role": "admin",
                "org_unit_id": app.fixture.unit("head") }),
            ),
            client.change(&account, "\"1\"", json!({ "role": "admin" })),
            client.act(&format!("{account}/archive"), "\"1\""),
            client.act(&format!("{account}/restore"), "\"1\""),
            client.send("POST", &format!("{account}/reset-password"), &[], None),
        ];
        for reply in forbidden {
            reply.refused(403, "forbidden");
        }
        client.get("/org-units").expect(200);
        client.get(&format!("{unit}/history")).expect(200);
    }
    let after = app.role(Role::Auditor);
    assert_eq!((after.get(&unit).json(), after.get(&account).json()), (unit_before, user_before));
    app.anonymous().get("/org-units").refused(401, "unauthenticated");
    app.anonymous().get("/users").refused(401, "unauthenticated");
}

#[test]
fn users_are_listed_by_the_sound_of_their_names() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    for (username, display_name) in
        [("u.zhang", "张三"), ("u.bao", "包青天"), ("u.lin", "林晓雨"), ("u.amy", "Amy")]
    {
        let new = json!({ "username": username, "display_name": display_name, "role": "teller",
            "org_unit_id": app.fixture.unit("a1") });
        admin.create("/users", new).expect(201);
    }
    let only = "filter=username%20starts%20%22u.%22";
    let names =
        |query: &str| admin.get(&format!("/users?{only}&{query}")).expect(200).each("username").join(" ");
    assert_eq!(names("limit=10"), "u.amy u.bao u.lin u.zhang");
    assert_eq!(names("sort=-display_name"), "u.zhang u.lin u.bao u.amy");
    assert_eq!(names("sort=username"), "u.amy u.bao u.lin u.zhang");
    assert_eq!(names("sort=created_at"), "u.zhang u.bao u.lin u.amy");
    let first = admin.get(&format!("/users?{only}&limit=3")).expect(200);
    assert!(first.header("Link").is_some_and(|link| link.ends_with("; rel=\"next\"")));
    let cursor = first.text_at("/page/next");
    let rest = admin.get(&format!("/users?{only}&limit=3&cursor={cursor}")).expect(200);
    assert_eq!(rest.each("username"), ["u.zhang"]);
    // A cursor is bound to its filter, its order and its owner.
    admin.get(&format!("/users?limit=3&cursor={cursor}")).refused(400, "cursor_invalid");
    app.role(Role::Auditor)
        .get(&format!("/users?{only}&limit=3&cursor={cursor}"))
        .refused(400, "cursor_invalid");
    // The sort key is not for filters.
    admin.get("/users?filter=display_name%20eq%20%22Amy%22").refused(400, "filter_invalid");
    let of_unit = format!("/users?filter=org_unit_id%20eq%20%22{}%22", app.fixture.unit("b1"));
    assert_eq!(admin.get(&of_unit).expect(200).each("username"), ["head_b1", "rm_b1"]);
}

#[test]
fn a_renamed_unit_shows_in_the_tag_of_its_users() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let path = user_path(&app, "rm");
    let tag = tag_of(&admin, &path);
    assert_eq!(admin.send("GET", &path, &[("If-None-Match", &tag)], None).status, 304);
    let unit = format!("/org-units/{}", app.fixture.unit("a1"));
    admin.change(&unit, &tag_of(&admin, &unit), json!({ "name": name("New name") })).expect(200);
    let now = admin.send("GET", &path, &[("If-None-Match", &tag)], None).expect(200);
    assert_eq!(now.text_at("/org_unit/name/en"), "New name");
    // The version is the same, so a change from the old representation is taken.
    admin.change(&path, &tag, json!({ "display_name": "Other" })).expect(200);
}

#[test]
fn every_write_leaves_an_entry_and_an_event_and_a_refused_one_none() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let (unit, tag) = add(&admin, app.fixture.unit("head"), "branch", "0400");
    admin.change(&format!("/org-units/{unit}"), &tag, json!({ "code": "b" })).refused(409, "state_conflict");
    admin.change(&format!("/org-units/{unit}"), &tag, json!({ "code": "0401" })).expect(200);
    let auditor = app.role(Role::Auditor);
    let filter = format!("resource_id%20eq%20%22{unit}%22");
    let entries = auditor.get(&format!("/audit-entries?filter={filter}")).expect(200);
    assert_eq!(actions(&entries), ["org_unit.updated", "org_unit.created"]);
    let change = &entries.json()["data"][0]["changes"];
    assert_eq!(*change, json!([{ "field": "code", "before": "0400", "after": "0401" }]));
}

#[test]
fn the_command_line_sets_up_what_the_api_does() {
    let app = TestApp::start();
    let (head, outlet) = (app.fixture.unit("head"), app.fixture.unit("a1"));
    let renamed = app.db(move |conn: &mut DbConn| {
        let root = org::root(conn)?;
        assert_eq!((root.id, root.depth, root.parent_id), (head, 0, None));
        let name = guanxi_api::LocalName { zh_cn: "江河银行".into(), en: "River Bank".into() };
        let actor = Actor::operator(clock::now());
        assert!(org::create_root(conn, &actor, "9999", &name).is_err());
        org::rename_root(conn, &actor, &name)
    });
    assert_eq!(renamed.name.en, "River Bank");
    let user = app.fixture.user("outlet_head");
    app.db(move |conn: &mut DbConn| {
        assert!(org::any_user(conn)?);
        assert_eq!(org::user_by_name(conn, "outlet_head")?, Some(Id::new(user)));
        assert_eq!(org::unit_by_code(conn, "a1")?, Some(Id::new(outlet)));
        assert_eq!(org::unit_by_code(conn, "nowhere")?, None);
        assert_eq!(org::unit_ref(conn, Id::new(outlet))?.name.en, "Unit a1");
        let summary = org::user_summary(conn, Id::new(user))?.unwrap();
        assert_eq!((summary.role, summary.archived), (Role::OutletHead, false));
        assert_eq!(summary.org_unit_id, Id::new(outlet));
        assert_eq!(summary.unit_path, org::unit(conn, Id::new(outlet))?.unwrap().path);
        assert_eq!(org::unit(conn, Id::new(Uuid::now_v7()))?, None);
        Ok(())
    });
}

#[test]
fn of_two_changes_from_one_version_one_is_made() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let path = format!("/org-units/{}", app.fixture.unit("a1"));
    for round in 0..5 {
        let tag = tag_of(&admin, &path);
        let mut statuses: Vec<u16> = std::thread::scope(|scope| {
            let attempts = ["x", "y"].map(|side| {
                let (admin, path, tag) = (admin.clone(), &path, &tag);
                scope.spawn(move || {
                    admin.change(path, tag, json!({ "code": format!("{side}{round}") })).status
                })
            });
            attempts.map(|attempt| attempt.join().unwrap()).to_vec()
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
    assert_eq!(admin.get(&path).expect(200).json()["version"], 6);
}

#[test]
fn users_are_found_by_parts_of_their_names() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    for (username, display_name) in [("lin.xy", "林晓雨"), ("li.wei2", "李伟"), ("z.brien", "Zoë O'Brien")]
    {
        let new = json!({ "username": username, "display_name": display_name, "role": "rm",
            "org_unit_id": app.fixture.unit("a1") });
        admin.create("/users", new).expect(201);
    }
    let found =
        |client: &Client, query: &str| client.get(&format!("/users?{query}")).expect(200).each("username");
    for (q, wanted) in [
        ("%E6%9E%97", vec!["lin.xy"]),
        ("%E6%99%93%E9%9B%A8", vec!["lin.xy"]),
        ("linxiaoyu", vec!["lin.xy"]),
        ("xiaoyu", vec!["lin.xy"]),
        ("lxy", vec!["lin.xy"]),
        ("lin.x", vec!["lin.xy"]),
        ("li", vec!["li.wei2", "lin.xy"]),
        ("wei2", vec!["li.wei2"]),
        ("obrien", vec!["z.brien"]),
        ("brien%20z", vec!["z.brien"]),
        ("ei2", vec![]),
        ("%3F", vec![]),
        ("%20or%20", vec![]),
    ] {
        assert_eq!(found(&admin, &format!("q={q}")), wanted, "{q}");
    }
    // Whom one does not see one does not find, and the other parameters hold.
    assert_eq!(found(&app.user("head_b1"), "q=lin"), Vec::<String>::new());
    assert_eq!(found(&app.user("outlet_head"), "q=lin"), ["lin.xy"]);
    assert_eq!(found(&admin, "q=rm&limit=2"), ["rm", "rm_a2"]);
    assert_eq!(found(&admin, "q=li&filter=role%20eq%20%22teller%22"), Vec::<String>::new());
    let first = admin.get("/users?q=rm&limit=2&include=total").expect(200).json();
    assert_eq!(first["page"]["total"], 4);
    let cursor = first["page"]["next"].as_str().expect("more");
    assert_eq!(found(&admin, &format!("q=rm&limit=2&cursor={cursor}")), ["rm_b1", "rm2"]);
    admin.get(&format!("/users?q=r&limit=2&cursor={cursor}")).refused(400, "cursor_invalid");
    admin.get("/users?q=").refused(400, "invalid_parameter");

    // A new name is found, the old one is not.
    let path = user_path(&app, "rm");
    admin.change(&path, &tag_of(&admin, &path), json!({ "display_name": "赵云" })).expect(200);
    assert_eq!(found(&admin, "q=zhaoyun"), ["rm"]);
    assert_eq!(found(&admin, "q=user%20rm"), ["rm_a2", "rm_b1", "rm2"]);

    // As an older server left them, until the job loop comes by.
    app.db(|conn| {
        use diesel::prelude::*;
        use guanxi_db::schema::user_account;
        diesel::update(user_account::table)
            .set((user_account::tokens.eq(""), user_account::search_version.eq(0)))
            .execute(conn)
            .map_err(|error| guanxi_db::DbError::from(error).into())
    });
    assert_eq!(found(&admin, "q=lxy"), Vec::<String>::new());
    assert_eq!(app.db(org::renew_search), 16);
    assert_eq!(app.db(org::renew_search), 0);
    assert_eq!(found(&admin, "q=lxy"), ["lin.xy"]);
}

#[test]
fn owners_keep_a_role_and_a_unit_with_which_they_can_be_owners() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let rm = app.role(Role::Rm);
    let mut paths = Vec::new();
    for name in ["张三", "李四"] {
        let created = rm.create("/customers", json!({ "kind": "person", "name": name })).expect(201);
        paths.push(format!("/customers/{}", created.text_at("/id")));
    }
    let account = user_path(&app, "rm");
    let change = |body: Value| admin.change(&account, &tag_of(&admin, &account), body);
    let refused = change(json!({ "role": "adviser" }));
    refused.refused_fields(409, &[("/role", "owns_customers")]);
    assert_eq!(refused.json()["errors"][0]["params"]["count"], 2);
    assert!(refused.json()["errors"][0]["message"].as_str().is_some_and(|text| text.contains('2')));
    change(json!({ "org_unit_id": app.fixture.unit("a2") }))
        .refused_fields(409, &[("/org_unit_id", "owns_customers")]);
    change(json!({ "role": "teller", "org_unit_id": app.fixture.unit("a") }))
        .refused_fields(409, &[("/role", "owns_customers")]);
    assert_eq!(admin.get(&account).expect(200).json()["version"], 1, "nothing is half done");
    rm.get("/me").expect(200);

    // A unit above the customers', and a name, are no matter.
    change(json!({ "org_unit_id": app.fixture.unit("a"), "display_name": "王芳" })).expect(200);
    change(json!({ "org_unit_id": app.fixture.unit("a1") })).expect(200);
    let head = app.role(Role::OutletHead);
    for path in &paths {
        let to = json!({ "owner_id": null });
        head.send("POST", &format!("{path}/assign"), &[("If-Match", &tag_of(&head, path))], Some(&to))
            .expect(200);
    }
    change(json!({ "role": "adviser" })).expect(200);
}

#[test]
fn no_unit_is_moved_from_below_the_owners_of_its_customers() {
    let app = TestApp::start();
    let (admin, head) = (app.role(Role::Admin), app.role(Role::OutletHead));
    let created = |username: &str| {
        let new = json!({ "kind": "person", "name": "张三" });
        app.user(username).create("/customers", new).expect(201).text_at("/id")
    };
    let (of_branch, of_outlet) = (created("rm"), created("rm2"));
    let (a, b) = (app.fixture.unit("a"), app.fixture.unit("b"));
    let account = user_path(&app, "rm");
    admin.change(&account, &tag_of(&admin, &account), json!({ "org_unit_id": a })).expect(200);

    let outlet = format!("/org-units/{}", app.fixture.unit("a1"));
    let move_to =
        |parent: Uuid| admin.change(&outlet, &tag_of(&admin, &outlet), json!({ "parent_id": parent }));
    let before = (path_of(&app, app.fixture.unit("a1")), tag_of(&admin, &outlet));
    let refused = move_to(b);
    refused.refused_fields(409, &[("/parent_id", "owns_customers")]);
    assert_eq!(refused.json()["errors"][0]["params"]["count"], 1, "who is in the outlet goes along");
    assert_eq!((path_of(&app, app.fixture.unit("a1")), tag_of(&admin, &outlet)), before);

    // Below the owner's unit it may stand anywhere.
    let (between, _) = add(&admin, a, "sub_branch", "0123");
    move_to(between).expect(200);
    let path = format!("/customers/{of_branch}");
    head.send(
        "POST",
        &format!("{path}/assign"),
        &[("If-Match", &tag_of(&head, &path))],
        Some(&json!({ "owner_id": null })),
    )
    .expect(200);
    move_to(b).expect(200);
    let kept = app.user("rm2").get(&format!("/customers/{of_outlet}")).expect(200);
    assert_eq!(kept.text_at("/owner/id"), app.fixture.user("rm2").to_string());
    assert_eq!(app.db(crate::verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn no_customer_is_handed_to_somebody_whose_role_is_changing() {
    let app = TestApp::start();
    let (admin, head) = (app.role(Role::Admin), app.role(Role::OutletHead));
    for round in 0..10 {
        let new = json!({ "username": format!("racer{round}"), "display_name": "Racer", "role": "rm",
            "org_unit_id": app.fixture.unit("a1") });
        let user = admin.create("/users", new).expect(201).text_at("/user/id");
        let created = head.create("/customers", json!({ "kind": "person", "name": "张三" })).expect(201);
        let assign = format!("/customers/{}/assign", created.text_at("/id"));
        let account = format!("/users/{user}");
        let tag = tag_of(&admin, &account);
        let (assigned, changed) = std::thread::scope(|scope| {
            let assigning = scope.spawn(|| {
                let to = json!({ "owner_id": user });
                head.send("POST", &assign, &[("If-Match", created.etag())], Some(&to)).status
            });
            let changing = scope.spawn(|| admin.change(&account, &tag, json!({ "role": "teller" })).status);
            (assigning.join().unwrap(), changing.join().unwrap())
        });
        assert!(matches!((assigned, changed), (200, 409) | (422, 200)), "{assigned} {changed}");
    }
}

#[test]
fn nobody_is_put_into_a_unit_that_is_being_archived() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    for round in 0..10 {
        let (unit, tag) = add(&admin, app.fixture.unit("a"), "sub_branch", &format!("r{round}"));
        let path = format!("/org-units/{unit}/archive");
        let (archived, created, child) = std::thread::scope(|scope| {
            let archiving = scope.spawn(|| admin.act(&path, &tag).status);
            let creating = scope.spawn(|| {
                let new = json!({ "username": format!("racer{round}"), "display_name": "Racer", "role": "rm",
                    "org_unit_id": unit });
                admin.create("/users", new).status
            });
            let below = scope.spawn(|| {
                let moved = format!("/org-units/{}", app.fixture.unit("b1"));
                admin.change(&moved, &tag_of(&admin, &moved), json!({ "parent_id": unit })).status
            });
            (archiving.join().unwrap(), creating.join().unwrap(), below.join().unwrap())
        });
        let outcome = (archived, created, child);
        assert!(matches!(outcome, (200, 422, 422) | (409, 201, 200)), "{outcome:?}");
    }
}
