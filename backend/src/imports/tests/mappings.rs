//! Mappings that are kept under a name.

use guanxi_api::Role;
use serde_json::{Value, json};

use super::{mapping, path, post, send, start};
use crate::testing::{Client, TestApp};
use crate::{clock, import_file, imports};

const PLACE: &str = "/import-mappings";

fn definition(name: &str, shared: bool) -> Value {
    json!({
        "name": name, "shared": shared, "columns": ["客户号", "姓名", "备注", "性别", "生日", "手机"], "mapping": mapping(),
    })
}

fn at(mapping: &Value) -> String {
    format!("{PLACE}/{}", mapping["id"].as_str().expect("an id"))
}

fn names(client: &Client, query: &str) -> Vec<String> {
    let rows = client.get(&format!("{PLACE}{query}")).expect(200).json();
    rows["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_mapping_is_kept_changed_and_removed() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let made = head.post(PLACE, &definition(" 月报 ", false)).expect(201);
    let kept = made.json();
    assert_eq!(
        (&kept["name"], &kept["shared"], &kept["version"]),
        (&json!("月报"), &json!(false), &json!(1))
    );
    assert_eq!(made.header("Location"), Some(format!("/api/v1{}", at(&kept)).as_str()));
    // What the mapping does not need is no matter of whether it fits.
    assert_eq!(kept["used_columns"], json!(["客户号", "姓名", "性别", "生日", "手机"]));
    assert_eq!(head.get(&at(&kept)).expect(200).json(), kept);
    assert_eq!(kept["mapping"]["customer"].as_array().unwrap().len(), 6);

    let taken = head.post(PLACE, &definition("月报", false)).expect(409);
    assert_eq!(taken.fields(), [("/name".to_owned(), "taken".to_owned())]);
    let changed = head.put(&at(&kept), &made.tag(), &definition("周报", false)).expect(200);
    assert_eq!(changed.json()["version"], 2);
    head.put(&at(&kept), &made.tag(), &definition("周报", false)).expect(412);
    let again = head.put(&at(&kept), &changed.tag(), &definition("周报", false)).expect(200);
    assert_eq!(again.json()["version"], 2, "nothing has changed");

    head.post(PLACE, &definition("A", false)).expect(201);
    assert_eq!(names(&head, ""), ["A", "周报"]);
    assert_eq!(names(&head, "?sort=-updated_at"), ["A", "周报"]);
    let page = head.get(&format!("{PLACE}?limit=1&include=total")).expect(200).json();
    assert_eq!(page["page"]["total"], 2);
    let next = page["page"]["next"].as_str().expect("another page");
    assert_eq!(names(&head, &format!("?limit=1&cursor={next}")), ["周报"]);

    let tag = head.get(&at(&kept)).expect(200).tag();
    head.send("DELETE", &at(&kept), &[("If-Match", &tag)], None).expect(204);
    head.get(&at(&kept)).expect(404);
    assert_eq!(names(&head, ""), ["A"]);
}

#[test]
fn what_does_not_fit_its_columns_is_not_kept() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let mut bad = definition("x", false);
    bad["columns"] = json!(["客户号", "姓名", "姓名", "性别", "生日"]);
    let fields = head.post(PLACE, &bad).expect(422).fields();
    let expected = [("/columns/2", "duplicate"), ("/mapping/customer/5/from", "no_such_column")];
    assert_eq!(fields, expected.map(|(at, code)| (at.to_owned(), code.to_owned())));
    let mut bad = definition("x", false);
    bad["mapping"]["customer"] = json!([{"field": "name", "from": "{姓名}"}]);
    let fields = head.post(PLACE, &bad).expect(422).fields();
    assert_eq!(fields, [("/mapping/customer".to_owned(), "external_id_is_not_mapped".to_owned())]);
}

#[test]
fn what_is_shared_is_everybodys_and_changed_by_those_who_may_share() {
    let app = TestApp::start();
    let (head, manager, admin) =
        (app.role(Role::OutletHead), app.role(Role::BranchManager), app.role(Role::Admin));
    head.post(PLACE, &definition("核心", true)).expect(403);
    let own = head.post(PLACE, &definition("核心", false)).expect(201);
    admin.get(&at(&own.json())).expect(404);
    head.put(&at(&own.json()), &own.tag(), &definition("核心", true)).expect(403);

    let shared = manager.post(PLACE, &definition("核心", true)).expect(201);
    let kept = shared.json();
    assert_eq!(names(&head, ""), ["核心", "核心"]);
    assert_eq!(names(&head, "?filter=shared%20eq%20true"), ["核心"]);
    assert_eq!(names(&admin, ""), ["核心"]);
    let tag = head.get(&at(&kept)).expect(200).tag();
    head.put(&at(&kept), &tag, &definition("核心", false)).expect(403);
    head.send("DELETE", &at(&kept), &[("If-Match", &tag)], None).expect(403);
    let tag = admin.get(&at(&kept)).expect(200).tag();
    admin.post(PLACE, &definition("核心", true)).expect(409);
    admin.put(&at(&kept), &tag, &definition("总账", true)).expect(200);
    let tag = admin.get(&at(&kept)).expect(200).tag();
    admin.send("DELETE", &at(&kept), &[("If-Match", &tag)], None).expect(204);
    app.role(Role::Rm).get(PLACE).expect(403);
}

#[test]
fn the_command_line_takes_a_shared_mapping_by_its_name() {
    let app = TestApp::start();
    let mut new = definition("核心月报", true);
    let unit = json!({"field": "unit_code", "from": "a1"});
    new["mapping"]["customer"].as_array_mut().unwrap().push(unit);
    app.role(Role::Admin).post(PLACE, &new).expect(201);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("c.csv");
    std::fs::write(&file, "姓名,客户号,备注,性别,生日,手机\n王伟,K-1,,男,1980-03-05,\n").expect("a file");
    let order = |mapping: &'static str| {
        let mapping = std::path::Path::new(mapping);
        let order =
            import_file::Order { file: &file, mapping, dry_run: false, duplicates: Default::default() };
        import_file::import_file(&app.bench(), &order, clock::now, |_, _| {})
    };
    assert_eq!(order("核心月报").expect("it is imported").job.counts.created, 1);
    assert!(order("没有").is_err());
}

#[test]
fn a_user_keeps_two_hundred_at_most() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let owner = crate::access::UserId::new(app.fixture.user("outlet_head"));
    let first = head.post(PLACE, &definition("0", false)).expect(201).json();
    app.db(move |conn| {
        use diesel::prelude::*;
        use guanxi_db::schema::import_mapping as m;
        use guanxi_db::{DbError, Doc, Id};
        let now = clock::now();
        for n in 1..200 {
            let id = Id::<()>::new(uuid::Uuid::now_v7());
            let empty = || Doc(json!([]));
            diesel::insert_into(m::table)
                .values((
                    (m::id.eq(id), m::name.eq(n.to_string()), m::shared.eq(false), m::created_by.eq(owner)),
                    (m::header.eq(empty()), m::used.eq(empty()), m::mapping.eq(empty())),
                    (m::version.eq(1_i64), m::created_at.eq(now), m::updated_at.eq(now)),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
        }
        Ok(())
    });
    let full = head.post(PLACE, &definition("200", false)).expect(409);
    assert_eq!(full.fields(), [(String::new(), "too_many_mappings".to_owned())]);
    let tag = head.get(&at(&first)).expect(200).tag();
    head.send("DELETE", &at(&first), &[("If-Match", &tag)], None).expect(204);
    head.post(PLACE, &definition("200", false)).expect(201);
}

#[test]
fn a_kept_mapping_is_what_an_import_takes() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let kept = head.post(PLACE, &definition("月报", false)).expect(201).json();
    let upload = send(&head, "c.csv", super::FILE.as_bytes()).expect(201).json();
    let job = start(&head, &upload, kept["mapping"].clone(), true);
    app.work();
    assert_eq!(head.get(&path(&job)).expect(200).json()["counts"]["created"], 3);
    assert!(imports::MAPPINGS.fields.len() > 2);
    post(&head, "/jobs/imports", &json!({"upload_id": upload["id"], "mapping": kept})).expect(422);
}
