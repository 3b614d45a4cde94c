//! Relations and households that files bring.

use std::sync::atomic::{AtomicBool, Ordering};

use guanxi_api::Role;
use serde_json::{Value, json};

use super::records::total;
use super::undo::{customer, import, left, undo, undone};
use super::{outcome, path, send, start};
use crate::jobs::Ended;
use crate::testing::{Client, TestApp};
use crate::{clock, imports, verify};

fn mapping() -> Value {
    json!({
        "source": "core",
        "customer": [
            {"field": "external_id", "from": "{客户号}"}, {"field": "kind", "from": "person"}, {"field": "name", "from": "{姓名}"},
        ],
        "records": [
            {"target": "household", "key": "{家庭号}", "fields": [
                {"field": "household_name", "from": "{家庭名}"}, {"field": "member_role", "from": "{角色}"}, {"field": "primary", "from": "{主要}"},
            ]},
            {"target": "relation", "key": "one", "fields": [
                {"field": "other_external_id", "from": "{对方}"}, {"field": "other_role", "from": "{关系}"},
                {"field": "since", "from": "{自}"}, {"field": "until", "from": "{至}"}, {"field": "note", "from": "{备注}"},
                {"field": "title", "from": "{职务}"}, {"field": "share_percent", "from": "{持股}"}, {"field": "authority", "from": "{权限}"},
            ]},
        ],
    })
}

const HEADER: &str = "客户号,姓名,家庭号,家庭名,角色,主要,对方,关系,自,至,备注,职务,持股,权限\n";

/// Lines of a file whose last columns are empty.
fn file(lines: &[&str]) -> String {
    let filled = lines.iter().map(|line| {
        let missing = 13 - line.matches(',').count();
        format!("{line}{}\n", ",".repeat(missing))
    });
    HEADER.to_owned() + &filled.collect::<String>()
}

/// A couple that is told from both sides, with a child, and a man alone.
fn family() -> String {
    file(&[
        "1,王一,H1,,配偶,,2,配偶,2010-01-01",
        "2,李二,H1,,户主,是,1,配偶,,,同乡",
        "3,王三,H1,,子女,否,1,父亲",
        "4,赵四,H2,赵家,户主",
    ])
}

fn done(counts: [i64; 4]) -> (String, [i64; 4]) {
    ("succeeded".to_owned(), counts)
}

/// What somebody is related to, as role, name, first day and note.
fn relations(client: &Client, name: &str) -> Vec<(String, String, Value, Value)> {
    let id = customer(client, name)["id"].as_str().expect("an id").to_owned();
    let rows = client.get(&format!("/customers/{id}/relations")).expect(200).json();
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let told = |row: &Value| {
        (text(&row["role"]), text(&row["other"]["name"]), row["since"].clone(), row["note"].clone())
    };
    rows["relations"].as_array().expect("relations").iter().map(told).collect()
}

/// The households of somebody, each with its name and its members in their roles; the primary one stands first.
fn households(client: &Client, name: &str) -> Vec<(String, Vec<String>)> {
    let id = customer(client, name)["id"].as_str().expect("an id").to_owned();
    let rows = client.get(&format!("/customers/{id}/households")).expect(200).json();
    let told = |row: &Value| {
        let member = |member: &Value| {
            let (name, role) = (member["customer"]["name"].as_str(), member["role"].as_str());
            let primary = if member["primary"] == true { "*" } else { "" };
            format!("{} {}{primary}", name.unwrap_or("?"), role.unwrap_or("?"))
        };
        let members = row["members"].as_array().expect("members").iter().map(member).collect();
        (row["name"].as_str().expect("a name").to_owned(), members)
    };
    rows["households"].as_array().expect("households").iter().map(told).collect()
}

fn household(name: &str, members: &[&str]) -> Vec<(String, Vec<String>)> {
    vec![(name.to_owned(), members.iter().map(|member| (*member).to_owned()).collect())]
}

/// Lines that were not taken, each with the columns and codes of what is wrong.
fn wrong(client: &Client, job: &Value) -> Vec<(i64, Vec<(String, String)>)> {
    let rows = client.get(&format!("{}/problems", path(job))).expect(200).json();
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let told = |row: &Value| {
        let problems = row["problems"].as_array().expect("problems").iter();
        let problems = problems.map(|one| (text(&one["column"]), text(&one["code"]))).collect();
        (row["line"].as_i64().expect("a line"), problems)
    };
    rows["data"].as_array().expect("rows").iter().map(told).collect()
}

fn one(line: i64, column: &str, code: &str) -> (i64, Vec<(String, String)>) {
    (line, vec![(column.to_owned(), code.to_owned())])
}

#[test]
fn a_file_ties_its_customers_and_an_equal_one_changes_nothing() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let before = total(&head, "customers", "");
    let upload = send(&head, "c.csv", family().as_bytes()).expect(201).json();
    let tried = start(&head, &upload, mapping(), true);
    app.work();
    assert_eq!(outcome(&head, &tried), done([4, 0, 0, 0]));
    assert_eq!(total(&head, "customers", ""), before, "a dry run writes nothing");

    let first = import(&app, &head, &family(), mapping());
    assert_eq!(outcome(&head, &first), done([4, 0, 0, 0]));
    let married = |name: &str| ("spouse".to_owned(), name.to_owned(), json!("2010-01-01"), json!("同乡"));
    let kin = |role: &str, name: &str| (role.to_owned(), name.to_owned(), Value::Null, Value::Null);
    // What is told from both sides is one relation, of which both have said something.
    assert_eq!(relations(&head, "李二"), [married("王一")]);
    let of_one = [married("李二"), kin("child", "王三")];
    assert_eq!(relations(&head, "王一"), of_one);
    assert_eq!(relations(&head, "王三"), [kin("parent", "王一")]);
    // It is named after the primary member, whichever record says who that is.
    let family_of_two = household("李二的家庭", &["李二 head*", "王一 spouse", "王三 child"]);
    assert_eq!(households(&head, "王三"), family_of_two);
    assert_eq!(households(&head, "赵四"), household("赵家", &["赵四 head*"]));

    let again = import(&app, &head, &family(), mapping());
    assert_eq!(outcome(&head, &again), done([0, 0, 4, 0]));

    // Other words change what is there.
    let next = file(&[
        "1,王一,H1,王家,配偶,是,2,配偶,2011-01-01,,重新登记",
        "2,李二,H1,,户主,,1,配偶",
        "3,王三,H1,,子女,否,1,父亲",
        "4,赵四,H1,,其他",
    ]);
    let second = import(&app, &head, &next, mapping());
    assert_eq!(outcome(&head, &second), done([0, 3, 1, 0]));
    let note = json!("重新登记");
    let spouse = ("spouse".to_owned(), "李二".to_owned(), json!("2011-01-01"), note);
    assert_eq!(relations(&head, "王一")[0], spouse);
    let wang = household("王家", &["王一 spouse*", "李二 head", "王三 child", "赵四 other"]);
    assert_eq!(households(&head, "王三"), wang);
    assert_eq!(households(&head, "赵四").len(), 2, "who was in another household stays there as well");
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());

    // All of it is taken back, the later file first.
    let undoing = undo(&head, &second);
    app.work();
    assert_eq!(undone(&head, &undoing).2, 0, "{:?}", left(&head, &undoing));
    assert_eq!(relations(&head, "王一"), of_one);
    assert_eq!(households(&head, "王三"), family_of_two);
    assert_eq!(households(&head, "赵四"), household("赵家", &["赵四 head*"]));
    let again = import(&app, &head, &family(), mapping());
    assert_eq!(outcome(&head, &again), done([0, 0, 4, 0]), "what the first file said is known again");
    let [one, ..] = ["王一"].map(|name| customer(&head, name)["id"].as_str().expect("an id").to_owned());
    let undoing = undo(&head, &first);
    app.work();
    assert_eq!(undone(&head, &undoing).2, 0, "{:?}", left(&head, &undoing));
    assert_eq!(total(&head, "customers", ""), before);
    let none = |what: &str| head.get(&format!("/customers/{one}/{what}")).expect(200).json()[what].clone();
    assert_eq!((none("relations"), none("households")), (json!([]), json!([])));
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());

    // It can come anew.
    let anew = import(&app, &head, &family(), mapping());
    assert_eq!(outcome(&head, &anew), done([4, 0, 0, 0]));
    assert_eq!(households(&head, "王三"), family_of_two);
    assert_eq!(relations(&head, "王一"), of_one);
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn what_is_wrong_with_a_tie_is_told_with_its_column() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let bad = file(&[
        "1,王一,,,,,2,仇人",
        "2,李二,,,,,1",
        "3,王三,,,,,3,朋友",
        "4,赵四,,,,,99,朋友",
        "5,钱五,,,,,1,朋友,昨天",
        "6,孙六,,,,,1,朋友,2020-01-02,2020-01-01",
        "7,周七,,,,,1,朋友,2999-01-01",
        "8,吴八,,,,,1,朋友,,,,经理",
        "9,郑九,,,,,1,朋友,,,,,10",
        "10,冯十,,,,,1,朋友,,,,,101",
        "11,陈十一,,,,,1,朋友,,,,,,决策",
        "12,褚十二,,,,,1,朋友,,,,,,大",
        "13,卫十三,H1,,管家",
        "14,蒋十四,H1",
        "15,沈十五,H1,,户主,也许",
        "16,韩十六,H2,,户主,是",
        "17,杨十七,H2,,配偶,是",
    ]);
    let expected = vec![
        one(2, "关系", "unknown_code"),
        one(3, "关系", "required"),
        one(4, "对方", "itself"),
        one(5, "对方", "no_such_other"),
        one(6, "自", "no_date"),
        one(7, "至", "before_since"),
        one(8, "自", "in_the_future"),
        one(9, "职务", "not_of_this_role"),
        one(10, "持股", "not_of_this_role"),
        one(11, "持股", "range"),
        one(12, "权限", "not_of_this_role"),
        one(13, "权限", "unknown_code"),
        one(14, "角色", "unknown_code"),
        one(15, "角色", "required"),
        one(16, "主要", "unknown_code"),
        one(18, "主要", "second_primary"),
    ];
    for dry_run in [true, false] {
        let upload = send(&head, "c.csv", bad.as_bytes()).expect(201).json();
        let job = start(&head, &upload, mapping(), dry_run);
        app.work();
        assert_eq!(outcome(&head, &job).1, [1, 0, 0, 16]);
        assert_eq!(wrong(&head, &job), expected);
    }
    // A mapping that does not say who the other one is cannot work.
    let mut mapping = mapping();
    mapping["records"][1]["fields"].as_array_mut().expect("fields").remove(0);
    let upload = send(&head, "c.csv", bad.as_bytes()).expect(201).json();
    let new = json!({"upload_id": upload["id"], "mapping": mapping, "dry_run": true});
    let refused = super::post(&head, "/jobs/imports", &new).expect(422).fields();
    assert_eq!(refused, [("/mapping/records/1/fields".to_owned(), "field_is_not_mapped".to_owned())]);
}

#[test]
fn what_turns_out_when_all_are_there_is_a_problem_of_a_record_that_was_taken() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    // The third says that it has the husband of the second; the fifth is not taken, so the fourth has no friend.
    let text =
        file(&["1,王一", "2,李二,,,,,1,配偶", "3,王三,,,,,1,配偶", "4,赵四,,,,,5,朋友", "5,钱五,,,,,1,仇人"]);
    let job = import(&app, &head, &text, mapping());
    assert_eq!(outcome(&head, &job).1, [2, 0, 0, 3]);
    let expected =
        [one(4, "关系", "has_a_spouse"), one(5, "对方", "no_such_other"), one(6, "关系", "unknown_code")];
    assert_eq!(wrong(&head, &job), expected);
    customer(&head, "赵四");
    // Put right in its place, it is as if it had been so from the beginning.
    let empty = |count: usize| vec![""; count];
    let record = |line: i64, values: Vec<&str>| json!({"line": line, "values": values});
    let of = |id: &'static str, name: &'static str, other: &'static str, role: &'static str| {
        [vec![id, name], empty(4), vec![other, role], empty(6)].concat()
    };
    let right = json!({"records": [
        record(4, of("3", "王三", "1", "兄弟姐妹")), record(5, of("4", "赵四", "5", "朋友")), record(6, of("5", "钱五", "", "")),
    ]});
    let corrected = super::post(&head, &format!("{}/corrections", path(&job)), &right).expect(202).json();
    app.work();
    assert_eq!(outcome(&head, &corrected), done([1, 2, 0, 0]));
    assert_eq!(relations(&head, "王三")[0].0, "sibling");
    assert_eq!(relations(&head, "钱五")[0].1, "赵四");
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn who_has_brought_whom_makes_no_circle_and_a_household_has_room_for_thirty() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let brought = file(&[
        "1,王一,,,,,2,转介人",
        "2,李二,,,,,3,转介人",
        "3,王三,,,,,1,转介人",
        "4,赵四,,,,,1,被转介客户",
    ]);
    let job = import(&app, &head, &brought, mapping());
    let expected = [one(4, "关系", "referral_circle"), one(5, "关系", "has_a_referrer")];
    assert_eq!((outcome(&head, &job).1, wrong(&head, &job)), ([2, 0, 0, 2], expected.to_vec()));
    // Now that they are there, the dry run knows it as well, and the records are not taken at all.
    let upload = send(&head, "c.csv", brought.as_bytes()).expect(201).json();
    let tried = start(&head, &upload, mapping(), true);
    app.work();
    assert_eq!((outcome(&head, &tried).1, wrong(&head, &tried)), ([0, 0, 2, 2], expected.to_vec()));

    let lines: Vec<String> = (0..32).map(|n| format!("M-{n},第{n}人,H9,大家,其他")).collect();
    let job = import(&app, &head, &file(&lines.iter().map(String::as_str).collect::<Vec<_>>()), mapping());
    let full = [32, 33].map(|line| one(line, "家庭号", "too_many_members"));
    assert_eq!((outcome(&head, &job).1, wrong(&head, &job)), ([30, 0, 0, 2], full.to_vec()));
    assert_eq!(households(&head, "第0人")[0].1.len(), 30);
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn whom_one_does_not_see_is_nobody() {
    let app = TestApp::start();
    let (head, other) = (app.role(Role::OutletHead), app.role(Role::BranchManager));
    let elsewhere = app.user("rm_b1");
    let new = json!({"kind": "person", "name": "周芷若", "external_ids": [{"source": "core", "id": "B1"}]});
    elsewhere.post("/customers", &new).expect(201);
    let text = file(&["1,王一,,,,,B1,朋友", "2,李二,H1,,户主"]);
    let job = import(&app, &head, &text, mapping());
    assert_eq!(
        (outcome(&head, &job).1, wrong(&head, &job)),
        ([1, 0, 0, 1], vec![one(2, "对方", "no_such_other")])
    );
    // A household whose members somebody else looks after is joined by nobody.
    let id = customer(&head, "李二")["id"].as_str().expect("an id").to_owned();
    let unit = app.fixture.unit("a2").to_string();
    let tag = other.get(&format!("/customers/{id}")).expect(200).tag();
    let moved = json!({"org_unit_id": unit, "owner_id": null});
    other.send("POST", &format!("/customers/{id}/assign"), &[("If-Match", &tag)], Some(&moved)).expect(200);
    let job = import(&app, &head, &file(&["3,王三,H1,,子女"]), mapping());
    assert_eq!(wrong(&head, &job), [one(2, "家庭号", "household_out_of_reach")]);
    // Who may not change customers brings none.
    let upload = send(&app.role(Role::Admin), "c.csv", text.as_bytes()).expect(201).json();
    let new = json!({"upload_id": upload["id"], "mapping": mapping(), "dry_run": true});
    super::post(&app.role(Role::Admin), "/jobs/imports", &new).expect(403);
}

#[test]
fn ties_across_a_whole_file_are_noted_once_however_often_the_work_is_broken_off() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    // Everybody is a friend of somebody at the other end of the file, and each household is spread over it.
    let line = |n: usize| format!("K-{n},第{n}人,H{},,其他,,K-{},朋友", n % 150, 449 - n);
    let lines: Vec<String> = (0..450).map(line).collect();
    let text = file(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let upload = send(&head, "c.csv", text.as_bytes()).expect(201).json();
    let job = start(&head, &upload, mapping(), false);
    let count = |sql: &'static str| {
        app.db(move |conn| {
            use diesel::prelude::*;
            use guanxi_db::schema::{household, relation};
            let count: i64 = match sql {
                "relation" => relation::table.count().get_result(conn),
                _ => household::table.count().get_result(conn),
            }
            .map_err(guanxi_db::DbError::from)?;
            Ok(count)
        })
    };
    let run_until = |steps: usize| {
        let stop = AtomicBool::new(false);
        let mut taken = 0;
        let claim = app.claim().expect("the job waits");
        let ended = imports::run(&app.bench(), &claim, &stop, clock::now, |_| {
            taken += 1;
            stop.store(taken >= steps, Ordering::SeqCst);
        });
        assert_eq!(ended.expect("it stops"), Ended::Stopped);
    };
    run_until(3);
    assert_eq!((count("relation"), count("household")), (0, 0), "all customers come first");
    // Then it is broken off after the first two hundred of them have been tied, and begins anew.
    run_until(1);
    assert_eq!((count("relation"), count("household")), (200, 150));
    app.work();
    assert_eq!(outcome(&head, &job), done([450, 0, 0, 0]));
    assert_eq!((count("relation"), count("household")), (225, 150));
    assert_eq!(households(&head, "第0人")[0].1.len(), 3);
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
    let again = import(&app, &head, &text, mapping());
    assert_eq!(outcome(&head, &again), done([0, 0, 450, 0]));
    // Undoing does not mind where its steps begin.
    let undoing = undo(&head, &job);
    app.work();
    assert_eq!(undone(&head, &undoing), ("succeeded".to_owned(), 1350, 0));
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn ties_that_were_touched_since_stay_and_keep_their_customers() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let job = import(&app, &head, &family(), mapping());
    let id = |name: &str| customer(&head, name)["id"].as_str().expect("an id").to_owned();
    let of = head.get(&format!("/customers/{}/households", id("赵四"))).expect(200).json();
    let house = format!("/households/{}", of["households"][0]["id"].as_str().expect("an id"));
    head.patch(&house, "\"1-0\"", &json!({"name": "赵氏"})).expect(200);
    let related = head.get(&format!("/customers/{}/relations", id("王三"))).expect(200).json();
    let parent = format!(
        "/customers/{}/relations/{}",
        id("王三"),
        related["relations"][0]["id"].as_str().expect("an id")
    );
    head.patch(&parent, "\"1-0\"", &json!({"note": "养父"})).expect(200);
    let undoing = undo(&head, &job);
    app.work();
    let mut told = left(&head, &undoing);
    told.sort();
    let expected = [
        (2, "in_use_since"),
        (4, "in_use_since"),
        (4, "relation_changed_since"),
        (5, "household_changed_since"),
        (5, "in_use_since"),
    ];
    assert_eq!(told, expected.map(|(line, code)| (line, code.to_owned())));
    assert_eq!(households(&head, "赵四"), household("赵氏", &["赵四 head*"]));
    assert_eq!(households(&head, "王三"), []);
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn what_was_removed_here_does_not_come_back_by_itself() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    import(&app, &head, &family(), mapping());
    let id = |name: &str| customer(&head, name)["id"].as_str().expect("an id").to_owned();
    let related = head.get(&format!("/customers/{}/relations", id("王三"))).expect(200).json();
    let parent = format!(
        "/customers/{}/relations/{}",
        id("王三"),
        related["relations"][0]["id"].as_str().expect("an id")
    );
    head.act(&format!("{parent}/archive"), "\"1-0\"").expect(200);
    let of = head.get(&format!("/customers/{}/households", id("赵四"))).expect(200).json();
    let house = format!("/households/{}", of["households"][0]["id"].as_str().expect("an id"));
    head.act(&format!("{house}/archive"), "\"1-0\"").expect(200);
    let again = import(&app, &head, &family(), mapping());
    assert_eq!(outcome(&head, &again), done([0, 0, 4, 0]));
    let next = family().replace("H2,赵家,户主,", "H2,赵氏,户主,").replace("1,父亲,", "1,父亲,2000-01-01");
    let next = import(&app, &head, &next, mapping());
    let expected = vec![one(4, "对方", "relation_was_removed"), one(5, "家庭号", "household_is_archived")];
    assert_eq!(wrong(&head, &next), expected);
}

#[test]
fn keys_of_customers_that_were_merged_lead_to_those_who_stayed() {
    let app = TestApp::start();
    let manager = app.role(Role::BranchManager);
    let made = import(&app, &manager, &file(&["1,王一", "2,王一一", "3,李二"]), mapping());
    assert_eq!(outcome(&manager, &made), done([3, 0, 0, 0]));
    let [kept, gone] = ["王一", "王一一"].map(|name| {
        let found = manager.post("/customers/search", &json!({"q": name})).expect(200).json();
        let rows = found["data"].as_array().expect("rows").clone();
        let row = rows.iter().find(|row| row["name"] == name).expect("a customer").clone();
        row["id"].as_str().expect("an id").to_owned()
    });
    let of = |id: &str| manager.get(&format!("/customers/{id}")).expect(200);
    let merge = json!({"other_id": gone, "other_version": of(&gone).json()["version"], "take": []});
    let tag = of(&kept).tag();
    manager
        .send("POST", &format!("/customers/{kept}/merge"), &[("If-Match", &tag)], Some(&merge))
        .expect(201);
    let job = import(&app, &manager, &file(&["3,李二,H1,,户主,,2,朋友", "2,王一一,H1,,其他"]), mapping());
    assert_eq!(outcome(&manager, &job).1[3], 0, "{:?}", wrong(&manager, &job));
    assert_eq!(relations(&manager, "李二")[0].1, "王一");
    assert_eq!(households(&manager, "李二")[0].1, ["李二 head*", "王一 other"]);
}
