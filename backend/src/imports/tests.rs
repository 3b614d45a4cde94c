mod duplicates;
mod mappings;
mod records;
mod ties;
mod undo;

use std::sync::atomic::{AtomicBool, Ordering};

use guanxi_api::{JobKind, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::imports;
use crate::jobs::Ended;
use crate::testing::{Answer, Client, TestApp};
use crate::{clock, jobs};

impl TestApp {
    pub(crate) fn claim(&self) -> Option<jobs::Claim> {
        self.claim_job(JobKind::Import)
    }

    /// What the job loop of a server would do, until no job waits.
    pub(crate) fn work(&self) {
        let stop = AtomicBool::new(false);
        while let Some(claim) = self.claim().or_else(|| self.claim_job(JobKind::ImportUndo)) {
            let ended =
                imports::run(&self.bench(), &claim, &stop, clock::now, |_| {}).expect("the job is done");
            assert_eq!(ended, Ended::Over);
        }
    }
}

/// With a key of its own, as job starts have to have.
fn post(client: &Client, path: &str, body: &Value) -> Answer {
    let key = Uuid::now_v7().to_string();
    client.send("POST", path, &[("Idempotency-Key", &key)], Some(body))
}

/// Columns as people name them.
fn mapping() -> Value {
    json!({"source": "core", "customer": [
        {"field": "external_id", "from": "{客户号}"},
        {"field": "kind", "from": "person"},
        {"field": "name", "from": "{姓名}"},
        {"field": "gender", "from": "{性别}"},
        {"field": "birth_date", "from": "{生日}"},
        {"field": "phone", "from": "{手机}"},
    ]})
}

fn send(client: &Client, name: &str, bytes: &[u8]) -> Answer {
    client.send_bytes("POST", &format!("/uploads?name={name}"), &[], Some(bytes))
}

fn start(client: &Client, upload: &Value, mapping: Value, dry_run: bool) -> Value {
    let new = json!({"upload_id": upload["id"], "mapping": mapping, "dry_run": dry_run});
    let answer = post(client, "/jobs/imports", &new).expect(202);
    let job = answer.json();
    assert_eq!(
        answer.header("Location"),
        Some(format!("/api/v1/jobs/{}", job["id"].as_str().unwrap()).as_str())
    );
    assert_eq!(job["state"], "queued");
    job
}

fn path(job: &Value) -> String {
    format!("/jobs/{}", job["id"].as_str().expect("an id"))
}

/// State and counts: created, updated, unchanged, failed.
fn outcome(client: &Client, job: &Value) -> (String, [i64; 4]) {
    let job = client.get(&path(job)).expect(200).json();
    let counts =
        ["created", "updated", "unchanged", "failed"].map(|name| job["counts"][name].as_i64().unwrap());
    assert_eq!(job["processed"], counts.iter().sum::<i64>());
    assert_eq!(job["processed"], job["total"]);
    (job["state"].as_str().unwrap().to_owned(), counts)
}

fn customers(client: &Client) -> usize {
    client.get("/customers?limit=200").expect(200).json()["data"].as_array().expect("a list").len()
}

const FILE: &str = "客户号,姓名,性别,生日,手机\n\
    K-1,王伟,男,1980年3月5日,１３８００１３８０００\n\
    K-2,李娜,女,1990/12/31,13900139000\n\
    K-3,赵敏,人,31/12/1990,12\n\
    K-1,王伟,男,1980年3月5日,13800138000\n\
    K-4,\"孙\n丽\",女\n\
    K-5,=HYPERLINK(1),女,1970-01-01,\n";

#[test]
fn a_file_becomes_customers_and_what_is_wrong_is_put_right() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let (bytes, _, _) = encoding_rs::GB18030.encode(FILE);
    let upload = send(&head, "customers.csv", &bytes).expect(201).json();
    assert_eq!(upload["layout"]["encoding"], "gb18030");
    let suggested: Vec<&Value> =
        upload["columns"].as_array().unwrap().iter().map(|column| &column["suggestion"]).collect();
    assert_eq!(suggested, ["external_id", "name", "gender", "birth_date", "phone"]);

    let before = customers(&head);
    let tried = start(&head, &upload, mapping(), true);
    app.work();
    assert_eq!(outcome(&head, &tried), ("partially_succeeded".to_owned(), [3, 0, 0, 3]));
    assert_eq!(customers(&head), before, "a dry run writes nothing");

    let job = start(&head, &upload, mapping(), false);
    app.work();
    assert_eq!(outcome(&head, &job), ("partially_succeeded".to_owned(), [3, 0, 0, 3]));
    assert_eq!(customers(&head), before + 3);
    let found = head.post("/customers/search", &json!({"q": "K-1"})).expect(200).json();
    let one =
        head.get(&format!("/customers/{}", found["data"][0]["id"].as_str().unwrap())).expect(200).json();
    assert_eq!((&one["name"], &one["birth_date"]), (&json!("王伟"), &json!("1980-03-05")));
    assert_eq!(one["contact_points"][0]["value"], "138****8000");
    assert_eq!(one["org_unit"]["id"], app.fixture.unit("a1").to_string());

    let wrong = head.get(&format!("{}/problems", path(&job))).expect(200).json();
    let told = |row: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        let problems = row["problems"].as_array().unwrap().iter();
        problems.map(|problem| (text(&problem["column"]), text(&problem["code"]))).collect()
    };
    let pair = |column: &str, code: &str| (column.to_owned(), code.to_owned());
    let rows = wrong["data"].as_array().unwrap();
    let lines: Vec<&Value> = rows.iter().map(|row| &row["line"]).collect();
    assert_eq!(lines, [4, 5, 6]);
    let first = [pair("性别", "unknown_code"), pair("生日", "no_date")];
    assert_eq!(told(&rows[0]), first);
    assert_eq!(told(&rows[1]), [pair("客户号", "duplicate")]);
    assert_eq!(told(&rows[2]), [pair("", "ragged_record")]);
    assert_eq!(rows[0]["values"], json!(["K-3", "赵敏", "人", "31/12/1990", "12"]));

    // The file of what is wrong, put right by hand, is a file to import.
    let file = head.get(&format!("{}/problems/file", path(&job))).expect(200).text();
    assert!(
        file.starts_with('\u{FEFF}') && file.contains("guanxi_line") && file.contains("\"孙\n丽\""),
        "{file}"
    );
    let right = file.replace("人,31/12/1990,12", "女,1990-12-31,13700137000");
    let upload = send(&head, "corrected.csv", right.as_bytes()).expect(201).json();
    assert_eq!(upload["layout"]["profile"], "spreadsheet");
    let again = start(&head, &upload, mapping(), false);
    app.work();
    assert_eq!(outcome(&head, &again), ("partially_succeeded".to_owned(), [1, 0, 1, 1]));

    // What is put right in its place, too.
    let corrections = json!({"records": [{"line": 6, "values": ["K-4", "孙丽", "女", "", ""]}]});
    let corrected = post(&head, &format!("{}/corrections", path(&job)), &corrections).expect(202).json();
    app.work();
    assert_eq!(outcome(&head, &corrected), ("succeeded".to_owned(), [1, 0, 0, 0]));
    assert_eq!(customers(&head), before + 5);
    let short = json!({"records": [{"line": 6, "values": ["K-4"]}]});
    let answer = post(&head, &format!("{}/corrections", path(&job)), &short).expect(422);
    assert_eq!(answer.fields(), [("/records/0/values".to_owned(), "ragged_record".to_owned())]);
    let taken = json!({"records": [{"line": 3, "values": ["K-2", "李娜", "女", "", ""]}]});
    let answer = post(&head, &format!("{}/corrections", path(&job)), &taken).expect(422);
    assert_eq!(answer.fields(), [("/records/0/line".to_owned(), "no_such_record".to_owned())]);
    // Sent again, it is the same job, and leaves no file behind.
    let files = || std::fs::read_dir(app.config.data.join("files")).expect("a folder").count();
    let (before, key) = (files(), [("Idempotency-Key", "corrections-0001")]);
    let again = || {
        let path = format!("{}/corrections", path(&job));
        head.send("POST", &path, &key, Some(&corrections)).expect(202).json()["id"].clone()
    };
    assert_eq!(again(), again());
    assert_eq!(files(), before + 1);
    head.post(&format!("{}/corrections", path(&job)), &corrections).expect(400);
}

#[test]
fn a_second_run_changes_nothing_and_a_changed_file_only_what_changed() {
    let app = TestApp::start();
    let manager = app.role(Role::BranchManager);
    let rows = |city: &str| -> String {
        let rows = (0..450).map(|n| format!("K-{n},客户{n},{}\n", if n % 100 == 0 { city } else { "杭州" }));
        std::iter::once("id,name,city\n".to_owned()).chain(rows).collect()
    };
    let mapping = json!({"source": "core", "customer": [
        {"field": "external_id", "from": "{id}"}, {"field": "name", "from": "{name}"}, {"field": "city", "from": "{city}"},
        {"field": "kind", "from": "person"}, {"field": "status", "from": "active"},
    ]});
    let run = |text: &str| {
        let upload = send(&manager, "c.csv", text.as_bytes()).expect(201).json();
        let job = start(&manager, &upload, mapping.clone(), false);
        app.work();
        outcome(&manager, &job)
    };
    let done = |counts: [i64; 4]| ("succeeded".to_owned(), counts);
    assert_eq!(run(&rows("杭州")), done([450, 0, 0, 0]));
    assert_eq!(run(&rows("杭州")), done([0, 0, 450, 0]));
    assert_eq!(run(&rows("宁波")), done([0, 5, 445, 0]));
}

#[test]
fn a_job_goes_on_where_it_was_left_and_only_one_server_works_on_it() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let text: String = std::iter::once("客户号,姓名,性别,生日,手机\n".to_owned())
        .chain((0..1000).map(|n| format!("K-{n},客户{n},{},,\n", if n % 250 == 7 { "?" } else { "女" })))
        .collect();
    let upload = send(&head, "c.csv", text.as_bytes()).expect(201).json();
    let job = start(&head, &upload, mapping(), false);

    // A server that stops lets go of it at once.
    let stop = AtomicBool::new(false);
    let claim = app.claim().expect("the job waits");
    let ended = imports::run(&app.bench(), &claim, &stop, clock::now, |done| {
        stop.store(done >= 400, Ordering::SeqCst)
    });
    assert_eq!(ended.expect("it stops"), Ended::Stopped);
    let half = head.get(&path(&job)).expect(200).json();
    assert_eq!(
        (&half["state"], &half["processed"], &half["total"]),
        (&json!("running"), &json!(400), &json!(1000))
    );

    // One that is killed keeps it until its lease has run out.
    let killed = app.claim().expect("it was let go");
    assert!(app.claim().is_none(), "somebody works on it");
    app.db(|conn| {
        use diesel::prelude::*;
        use guanxi_db::schema::job;
        diesel::update(job::table)
            .set(job::lease_until.eq(clock::now()))
            .execute(conn)
            .map_err(guanxi_db::DbError::from)?;
        Ok(())
    });
    app.work();
    assert_eq!(outcome(&head, &job), ("partially_succeeded".to_owned(), [996, 0, 0, 4]));
    // Who comes back after that does nothing.
    let stop = AtomicBool::new(false);
    let late = imports::run(&app.bench(), &killed, &stop, clock::now, |_| {}).unwrap_err();
    assert_eq!(late.fields[0].code, "lease_lost");
    assert_eq!(outcome(&head, &job), ("partially_succeeded".to_owned(), [996, 0, 0, 4]));
    let wrong = head.get(&format!("{}/problems?limit=2", path(&job))).expect(200).json();
    let next = wrong["page"]["next"].as_str().expect("another page");
    let rest = head.get(&format!("{}/problems?limit=2&cursor={next}", path(&job))).expect(200).json();
    let lines: Vec<&Value> = [&wrong, &rest]
        .iter()
        .flat_map(|page| page["data"].as_array().unwrap())
        .map(|row| &row["line"])
        .collect();
    assert_eq!(lines, [9, 259, 509, 759]);
}

#[test]
fn a_job_ends_when_it_is_told_to() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let upload = send(&head, "c.csv", FILE.as_bytes()).expect(201).json();
    let waiting = start(&head, &upload, mapping(), false);
    let cancelled = head.post(&format!("{}/cancel", path(&waiting)), &json!(null)).expect(200).json();
    assert_eq!(cancelled["state"], "cancelled");
    let again = head.post(&format!("{}/cancel", path(&waiting)), &json!(null)).expect(200).json();
    assert_eq!(again["version"], cancelled["version"]);
    assert!(app.claim().is_none());

    let running = start(&head, &upload, mapping(), false);
    let claim = app.claim().expect("it waits");
    let asked = head.post(&format!("{}/cancel", path(&running)), &json!(null)).expect(200).json();
    assert_eq!((&asked["state"], &asked["cancel_requested"]), (&json!("running"), &json!(true)));
    let stop = AtomicBool::new(false);
    assert_eq!(imports::run(&app.bench(), &claim, &stop, clock::now, |_| {}).unwrap(), Ended::Over);
    assert_eq!(head.get(&path(&running)).expect(200).json()["state"], "cancelled");
}

#[test]
fn a_job_has_the_rights_that_its_user_has_by_now() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let upload = send(&head, "c.csv", FILE.as_bytes()).expect(201).json();
    let job = start(&head, &upload, mapping(), false);
    let admin = app.role(Role::Admin);
    let user = format!("/users/{}", app.fixture.user("outlet_head"));
    let tag = admin.get(&user).expect(200).tag();
    admin.patch(&user, &tag, &json!({"role": "teller"})).expect(200);
    app.work();
    let ended = app.role(Role::Auditor).get(&path(&job)).expect(200).json();
    assert_eq!(
        (&ended["state"], &ended["problem"]["code"]),
        (&json!("failed"), &json!("may_import_no_longer"))
    );
    assert_eq!(ended["counts"]["created"], 0);
}

#[test]
fn what_records_say_is_for_who_sent_them() {
    let app = TestApp::start();
    let (head, auditor) = (app.role(Role::OutletHead), app.role(Role::Auditor));
    let upload = send(&head, "c.csv", FILE.as_bytes()).expect(201).json();
    let job = start(&head, &upload, mapping(), true);
    app.work();
    let seen = auditor.get(&format!("{}/problems", path(&job))).expect(200).json();
    assert_eq!(seen["data"][0]["values"], Value::Null);
    assert_eq!(seen["data"][0]["problems"][0]["code"], "unknown_code");
    auditor.get(&format!("{}/problems/file", path(&job))).expect(403);
    app.role(Role::BranchManager).get(&path(&job)).expect(404);
    assert_eq!(app.role(Role::BranchManager).get("/jobs").expect(200).json()["data"], json!([]));
    assert_eq!(auditor.get("/jobs").expect(200).json()["data"][0]["id"], job["id"]);
    // Neither the file nor a record lies open on disk or in the database.
    let files = std::fs::read_dir(app.config.data.join("files")).expect("a folder").count();
    assert_eq!(files, 1);
}

#[test]
fn an_import_that_cannot_work_is_refused_before_it_starts() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let upload = send(&head, "c.csv", FILE.as_bytes()).expect(201).json();
    let refused = |new: Value| post(&head, "/jobs/imports", &new).expect(422).fields();
    let pair = |pointer: &str, code: &str| vec![(pointer.to_owned(), code.to_owned())];
    let mut new = json!({"upload_id": Uuid::now_v7(), "mapping": mapping()});
    assert_eq!(refused(new.clone()), pair("/upload_id", "no_such_upload"));
    new["upload_id"] = upload["id"].clone();
    new["layout"] = json!({"delimiter": "tab"});
    assert_eq!(refused(new.clone())[0], pair("/mapping/customer/0/from", "no_such_column")[0]);
    new["layout"] = json!({"header_record": 90});
    assert_eq!(refused(new.clone()), pair("/layout/header_record", "no_such_record"));
    new["layout"] = json!({});
    new["mapping"]["customer"][0]["field"] = json!("pet");
    assert_eq!(refused(new.clone()), pair("/mapping/customer/0/field", "unknown_code"));
    // The same key starts one job.
    new["mapping"] = mapping();
    let key = [("Idempotency-Key", "import-2026-11-26")];
    let first = head.send("POST", "/jobs/imports", &key, Some(&new)).expect(202);
    let second = head.send("POST", "/jobs/imports", &key, Some(&new)).expect(202);
    assert_eq!(first.json()["id"], second.json()["id"]);
    assert_eq!(second.header("Idempotency-Replayed"), Some("true"));
}

/// Files that are no table, and what is said of each.
fn bad_files() -> Vec<(String, Vec<u8>, &'static str)> {
    let mut files: Vec<(String, Vec<u8>, &'static str)> = vec![
        ("empty".into(), Vec::new(), "empty_file"),
        ("blank lines".into(), b"\n\r\n\n".to_vec(), "empty_file"),
        ("only a mark".into(), b"\xef\xbb\xbf".to_vec(), "empty_file"),
        ("commas".into(), b",,,\n,,,\n".to_vec(), "empty_file"),
        ("same names".into(), b"a,b,a\n1,2,3\n".to_vec(), "duplicate_column"),
        ("same names but for spaces".into(), b"a, a\n1,2\n".to_vec(), "duplicate_column"),
        ("a name is missing".into(), b"a,,b\n1,2,3\n".to_vec(), "column_without_name"),
        ("half a workbook".into(), b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0".to_vec(), "damaged_file"),
        ("an image".into(), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "not_text"),
        ("a program".into(), b"\x7fELF\x02\x01\x01\0\0\0\0".to_vec(), "not_text"),
        ("half a packed file".into(), b"\x1f\x8b\x08\0\0\0\0\0".to_vec(), "damaged_file"),
        ("no packed file".into(), b"\x1f\x8bnothing of the kind".to_vec(), "damaged_file"),
    ];
    for size in [70_000, 200_000, 255_000] {
        files.push((
            format!("a name of {size}"),
            [b"a,".as_slice(), &vec![b'x'; size]].concat(),
            "value_too_long",
        ));
    }
    for zeroes in 1..=20 {
        files.push((
            format!("{zeroes} NUL"),
            [b"a,b\n1,".as_slice(), &vec![0; zeroes], b"\n"].concat(),
            "not_text",
        ));
    }
    files
}

#[test]
fn c6_a_file_that_is_no_table_is_refused_in_words() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    for (what, bytes, code) in bad_files() {
        let answer = send(&head, "bad.csv", &bytes);
        assert_eq!(answer.status, 422, "{what}: {}", answer.text());
        assert_eq!(answer.fields()[0].1, code, "{what}");
    }
    let left = std::fs::read_dir(app.config.data.join("files")).expect("a folder").count();
    assert_eq!(left, 0, "what is refused is not kept");
    send(&head, "", b"a\n1\n").expect(400);
    send(&head, "a%00b", b"a\n1\n").expect(422);
}

#[test]
fn c6_what_is_wrong_further_on_is_told_with_its_line() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let mapping = json!({"source": "core", "customer": [
        {"field": "external_id", "from": "{id}"}, {"field": "name", "from": "{name}"}, {"field": "kind", "from": "person"},
    ]});
    let good: String = (0..9000).map(|n| format!("G-{n},好客户好客户好客户好客户{n}\n")).collect();
    let file = |bad: &[u8]| [b"id,name\n".as_slice(), good.as_bytes(), bad].concat();
    let ended = |bytes: &[u8], layout: Value| {
        let upload = send(&head, "c.csv", bytes).expect(201).json();
        let new = json!({"upload_id": upload["id"], "mapping": mapping, "dry_run": true, "layout": layout});
        let job = post(&head, "/jobs/imports", &new).expect(202).json();
        app.work();
        head.get(&path(&job)).expect(200).json()
    };
    // The file cannot be read on: the job fails and says where.
    for (bad, code) in [
        ([b"x,\"".as_slice(), &vec![b'y'; 1_200_000]].concat(), "record_too_long"),
        ([b"x,\"".as_slice(), &vec![b'y'; 100_000], b"\"\n"].concat(), "value_too_long"),
        (b"x,\0\n".to_vec(), "not_text"),
        ([b"x".as_slice(), &vec![b','; 300], b"\n"].concat(), "too_many_columns"),
    ] {
        let job = ended(&file(&bad), json!({}));
        assert_eq!((&job["state"], &job["problem"]["code"]), (&json!("failed"), &json!(code)));
        assert!(job["problem"]["message"].as_str().unwrap().contains("9002"), "{job}");
    }
    // One record cannot be read: the others are.
    for (bad, code) in [
        (b"x\n".to_vec(), "ragged_record"),
        (b"x,y,z\n".to_vec(), "ragged_record"),
        (b"x,\xff\xfe\n".to_vec(), "not_in_encoding"),
        (b",y\n".to_vec(), "required"),
        (b"G-5,y\n".to_vec(), "duplicate"),
        ([b"x,".as_slice(), &vec![b'y'; 300], b"\n"].concat(), "length"),
    ] {
        let job = ended(&file(&bad), json!({"encoding": "utf_8"}));
        assert_eq!(
            (&job["state"], &job["counts"]["failed"]),
            (&json!("partially_succeeded"), &json!(1)),
            "{code}"
        );
        let wrong = head.get(&format!("{}/problems", path(&job))).expect(200).json();
        assert_eq!(wrong["data"][0]["line"], 9002, "{code}");
        assert_eq!(wrong["data"][0]["problems"][0]["code"], code);
    }
}

#[test]
fn files_and_jobs_are_kept_for_a_while() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let upload = send(&head, "c.csv", FILE.as_bytes()).expect(201).json();
    let job = start(&head, &upload, mapping(), true);
    app.work();
    let later = |days: i64| clock::now().plus_seconds(days * 24 * 3600);
    assert_eq!(app.db(move |conn| imports::remove_expired_jobs(conn, later(6))), 0);
    let expired = |days| app.db(move |conn| imports::expired(conn, later(days), None)).len();
    assert_eq!((expired(6), expired(8)), (0, 1));
    // Its three records that were not taken go with it.
    assert_eq!(app.db(move |conn| imports::remove_expired_jobs(conn, later(8))), 4);
    assert_eq!(app.db(move |conn| imports::remove_expired_jobs(conn, later(8))), 0);
    head.get(&path(&job)).expect(404);
}
