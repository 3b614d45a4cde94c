use std::io::Cursor;
use std::sync::atomic::{AtomicBool, Ordering};

use calamine::{Data, DataType, Reader, Xlsx};
use guanxi_api::{JobKind, Role, TaskPriority, TaskSource, TaskStatus};
use guanxi_db::Id;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::access::Actor;
use crate::jobs::Ended;
use crate::testing::{Answer, Client, TestApp};
use crate::{background, clock, exports, tasks};

/// With a key of its own, as job starts have to have.
fn post(client: &Client, new: &Value) -> Answer {
    let key = Uuid::now_v7().to_string();
    client.send("POST", "/jobs/exports", &[("Idempotency-Key", &key)], Some(new))
}

fn path(job: &Value) -> String {
    format!("/jobs/{}", job["id"].as_str().expect("an id"))
}

/// Starts an export, does it, and gives the job and its file.
fn exported(app: &TestApp, client: &Client, new: Value) -> (Value, Answer) {
    let job = post(client, &new).expect(202).json();
    assert_eq!(job["state"], "queued");
    app.export_all();
    let done = client.get(&path(&job)).expect(200).json();
    assert_eq!(done["state"], "succeeded", "{done}");
    let file = client.get(&format!("{}/file", path(&job))).expect(200);
    assert_eq!(done["file"]["bytes"], json!(file.body.len()));
    (done, file)
}

/// The records of a file, read by a reader that knows nothing of the writer.
fn records(file: &Answer) -> Vec<Vec<String>> {
    let bytes = file.body.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(&file.body);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    reader.records().map(|record| record.expect("a record").iter().map(str::to_owned).collect()).collect()
}

fn cells(file: &Answer) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file.body.clone())).expect("a workbook");
    let sheet = book.worksheet_range_at(0).expect("a sheet").expect("it can be read");
    sheet.rows().map(<[Data]>::to_vec).collect()
}

/// The values of a column by its head.
fn column(records: &[Vec<String>], head: &str) -> Vec<String> {
    let at = records[0].iter().position(|name| name == head).unwrap_or_else(|| panic!("no column {head}"));
    records[1..].iter().map(|record| record[at].clone()).collect()
}

fn sheet_column(rows: &[Vec<Data>], head: &str) -> Vec<Data> {
    let at = rows[0].iter().position(|name| name.as_string().as_deref() == Some(head)).expect("a column");
    rows[1..].iter().map(|row| row[at].clone()).collect()
}

fn new_customer(client: &Client, name: &str) -> Value {
    let new = json!({"kind": "person", "name": name, "city": "杭州", "gender": "female",
        "customer_since": "2020-02-29", "contact_points": [{"kind": "phone", "value": "13800138000"}]});
    client.post("/customers", &new).expect(201).json()
}

/// Gives a user so many tasks.
fn make_tasks(app: &TestApp, username: &str, many: usize) {
    let user = Id::new(app.fixture.user(username));
    let today = app.state.settings.day(clock::now());
    app.db(move |conn| {
        let prepared: Vec<tasks::Prepared> = (0..many)
            .map(|n| tasks::Prepared {
                customer_id: None,
                title: format!("任务{n}"),
                assignee_id: user,
                creator_id: Some(user),
                due_on: today,
                priority: TaskPriority::Normal,
                status: TaskStatus::Open,
                source: TaskSource::Manual,
                outcome: None,
                done_at: None,
                created_at: clock::now(),
            })
            .collect();
        for chunk in prepared.chunks(250) {
            tasks::create_many(conn, &Actor::operator(clock::now()), chunk)?;
        }
        Ok(())
    });
}

/// What harms table programs, and what harms those who write files.
const HOSTILE: [&str; 16] = [
    "=HYPERLINK(\"http://x.example\",\"y\")",
    "+86 138",
    "-1+1",
    "@SUM(A1)",
    "'=1+1",
    "''-1",
    "'quoted'",
    "a,b;c\"d\"",
    "\"",
    "\"\"=1",
    "_x000D_ _x0041_",
    "<b>&amp;</b>]]>",
    "%0D%0A=1",
    "名，字“三”",
    "|calc",
    "1e5",
];

#[test]
fn b12_a_list_becomes_the_same_rows_in_every_form() {
    let app = TestApp::start();
    let manager = app.role(Role::BranchManager);
    for name in HOSTILE {
        new_customer(&manager, name);
    }
    let all = manager.get("/customers?limit=200&sort=-customer_no").expect(200).json();
    let rows = all["data"].as_array().expect("a list");
    let of = |member: &str| -> Vec<String> {
        rows.iter().map(|row| row[member].as_str().unwrap_or_default().to_owned()).collect()
    };
    let asked = |format: &str, profile: &str| json!({"list": "customers", "sort": "-customer_no", "format": format, "profile": profile});

    let (job, file) = exported(&app, &manager, asked("csv", "raw"));
    assert_eq!(job["export"]["list"], "customers");
    assert_eq!(job["processed"], json!(rows.len()));
    assert_eq!(job["total"], job["processed"]);
    assert_eq!(file.header("Content-Type"), Some("text/csv; charset=utf-8"));
    let raw = records(&file);
    assert!(file.text().starts_with("id,customer_no,name,kind,"), "{}", file.text());
    assert!(file.body.ends_with(b"\r\n"));
    for (head, member) in
        [("id", "id"), ("name", "name"), ("kind", "kind"), ("phone", "phone"), ("status", "status")]
    {
        assert_eq!(column(&raw, head), of(member), "{head}");
    }
    assert_eq!(column(&raw, "currency"), vec!["CNY"; rows.len()]);
    assert_eq!(column(&raw, "aum"), vec!["0.0000"; rows.len()]);
    let created = rows[0]["created_at"].as_str().and_then(|at| chrono::DateTime::parse_from_rfc3339(at).ok());
    let written = &column(&raw, "created_at")[0];
    assert_eq!(chrono::DateTime::parse_from_rfc3339(written).ok(), created);
    assert!(written.ends_with("+08:00"), "{written}");

    let mut in_chinese = asked("csv", "spreadsheet");
    in_chinese["language"] = json!("zh-CN");
    let (job, file) = exported(&app, &manager, in_chinese);
    assert!(file.text().starts_with("\u{FEFF}客户号,姓名,类型,"), "{}", file.text());
    let name = job["file"]["name"].as_str().expect("a name");
    assert!(name.starts_with("客户-") && name.ends_with(".csv"), "{name}");
    let disposition = file.header("Content-Disposition").expect("a disposition");
    assert!(disposition.contains("filename*=UTF-8''%E5%AE%A2%E6%88%B7-"), "{disposition}");
    let words = records(&file);
    let names: Vec<String> =
        column(&words, "姓名").iter().map(|name| crate::spreadsheet::unguarded(name).to_owned()).collect();
    assert_eq!(names, of("name"));
    assert!(words.iter().flatten().all(|value| !value.starts_with(['=', '+', '-', '@', '\t', '\r', '\0'])));
    assert_eq!(column(&words, "类型"), vec!["个人"; rows.len()]);
    assert_eq!(column(&words, "性别"), vec!["女"; rows.len()]);

    for profile in ["spreadsheet", "raw"] {
        let (_, file) = exported(&app, &manager, asked("xlsx", profile));
        assert_eq!(
            file.header("Content-Type"),
            Some("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
        );
        let sheet = cells(&file);
        let (name, since, aum) = match profile {
            "raw" => ("name", "customer_since", "aum"),
            _ => ("Name", "Customer since", "Assets"),
        };
        let names: Vec<Data> = of("name").into_iter().map(Data::String).collect();
        assert_eq!(sheet_column(&sheet, name), names, "{profile}");
        // As days from the one from which table programs count.
        let Data::DateTime(day) = &sheet_column(&sheet, since)[0] else { panic!("no day") };
        assert_eq!(day.as_f64(), 43_890.0, "{profile}");
        assert_eq!(sheet_column(&sheet, aum)[0], Data::Float(0.0), "{profile}");
    }
}

#[test]
fn b12_notes_are_what_was_written_to_the_last_character() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let customer = new_customer(&rm, "=王伟")["id"].as_str().expect("an id").to_owned();
    let long: String = "长=\"\n".repeat(1000);
    let notes: Vec<String> = HOSTILE
        .iter()
        .map(|text| (*text).to_owned())
        .chain(["=1\n\t=2\n-3".to_owned(), long.trim().to_owned()])
        .collect();
    for note in &notes {
        let contact = json!({"kind": "call", "purpose": "service", "outcome": "reached", "notes": note});
        rm.post(&format!("/customers/{customer}/interactions"), &contact).expect(201);
    }
    let new = |format: &str| {
        let filter = format!("customer_id eq \"{customer}\"");
        json!({"list": "interactions", "filter": filter, "sort": "occurred_at", "format": format, "language": "zh-CN"})
    };
    let (_, text) = exported(&app, &rm, new("csv"));
    let found = column(&records(&text), "内容");
    let plain: Vec<&str> = found.iter().map(|note| crate::spreadsheet::unguarded(note)).collect();
    assert_eq!(plain, notes);
    let (_, book) = exported(&app, &rm, new("xlsx"));
    let sheet = cells(&book);
    let found: Vec<String> =
        sheet_column(&sheet, "内容").iter().map(|cell| cell.as_string().unwrap_or_default()).collect();
    assert_eq!(found, notes);
    // Ten characters of three bytes, or a form of Excel's own for it, are no different.
    assert_eq!(sheet_column(&sheet, "客户")[0], Data::String("=王伟".into()));
}

#[test]
fn everybody_gets_what_the_list_shows_them_and_nothing_else() {
    let app = TestApp::start();
    let manager = app.role(Role::BranchManager);
    for (name, unit, owner) in
        [("甲", "a1", Some("rm")), ("乙", "a1", Some("rm2")), ("丙", "a2", Some("rm_a2")), ("丁", "a1", None)]
    {
        let owner = owner.map(|owner| app.fixture.user(owner));
        let new =
            json!({"kind": "person", "name": name, "org_unit_id": app.fixture.unit(unit), "owner_id": owner});
        manager.post("/customers", &new).expect(201);
    }
    for role in [Role::Rm, Role::OutletHead, Role::DeputyManager, Role::BranchManager] {
        let client = app.role(role);
        let listed = client.get("/customers?limit=200").expect(200).json();
        let listed: Vec<&str> = listed["data"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|row| row["customer_no"].as_str())
            .collect();
        let (_, file) = exported(&app, &client, json!({"list": "customers", "format": "csv"}));
        assert_eq!(column(&records(&file), "Customer number"), listed, "{role}");
    }
    // A search text and a filter narrow the file as they narrow the list.
    let (_, file) = exported(&app, &manager, json!({"list": "customers", "q": "乙", "format": "csv"}));
    assert_eq!(column(&records(&file), "Name"), ["乙"]);
    let filter = json!({"list": "customers", "filter": "owner_id eq null", "format": "csv"});
    let (_, file) = exported(&app, &manager, filter);
    assert!(column(&records(&file), "Name").contains(&"丁".to_owned()));

    // The audit trail is the auditors', and nothing else is.
    let auditor = app.role(Role::Auditor);
    let trail = json!({"list": "audit_entries", "filter": "action eq \"customer.created\"", "format": "csv", "profile": "raw"});
    let (_, file) = exported(&app, &auditor, trail.clone());
    assert_eq!(column(&records(&file), "action"), vec!["customer.created"; 4]);
    assert_eq!(post(&manager, &trail).status, 403);
    for list in ["customers", "interactions", "tasks", "holdings"] {
        assert_eq!(post(&auditor, &json!({"list": list, "format": "csv"})).status, 403, "{list}");
        post(&app.role(Role::Rm), &json!({"list": list, "format": "csv"})).expect(202);
        let raw = json!({"list": list, "format": "csv", "profile": "raw"});
        assert_eq!(post(&app.role(Role::Rm), &raw).status, 403, "{list}");
    }
    for role in [Role::Adviser, Role::Teller, Role::Service, Role::Admin] {
        assert_eq!(
            post(&app.role(role), &json!({"list": "customers", "format": "csv"})).status,
            403,
            "{role}"
        );
    }
}

#[test]
fn a_file_is_for_who_started_it_and_lies_sealed() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    new_customer(&rm, "欧阳锋");
    let (job, file) = exported(&app, &rm, json!({"list": "customers", "q": "13800138000", "format": "csv"}));
    assert!(file.text().contains("欧阳锋") && file.text().contains("138****8000"), "{}", file.text());
    assert!(!file.text().contains("13800138000"));
    let place = format!("{}/file", path(&job));
    for role in [Role::OutletHead, Role::BranchManager, Role::Auditor] {
        assert_eq!(app.role(role).get(&place).status, 404, "{role}");
    }
    assert_eq!(app.role(Role::Admin).get(&place).status, 403);
    assert_eq!(app.anonymous().get(&place).status, 401);
    assert_eq!(app.role(Role::OutletHead).get(&path(&job)).status, 404);
    // Auditors see that it was made, of what, and not what was searched for.
    let seen = app.role(Role::Auditor).get(&path(&job)).expect(200);
    assert_eq!(seen.json()["export"]["searched"], true);
    assert!(!seen.text().contains("13800138000"));
    let folder = app.config.data.join("files");
    for stored in std::fs::read_dir(&folder).expect("a folder") {
        let stored = stored.expect("a file").path();
        let bytes = std::fs::read(&stored).expect("a file");
        assert!(!bytes.windows(9).any(|window| window == "欧阳锋".as_bytes()), "{}", stored.display());
    }
    let kept = app.db(|conn| {
        use diesel::prelude::*;
        use guanxi_db::schema::job;
        let inputs = job::table.select(job::input).load::<guanxi_db::Doc>(conn);
        Ok(inputs.map_err(guanxi_db::DbError::from)?)
    });
    assert!(!kept.iter().any(|input| input.0.to_string().contains("13800138000")));

    // The audit trail says what was taken out and how much it was.
    let entries =
        app.role(Role::Auditor).get("/audit-entries?filter=resource_type%20eq%20%22job%22").expect(200);
    let entries = entries.json();
    let after = |action: &str, field: &str| {
        let entry =
            entries["data"].as_array().expect("a list").iter().find(|entry| entry["action"] == action);
        let changes = entry.expect("an entry")["changes"].as_array().expect("changes").clone();
        changes.into_iter().find(|change| change["field"] == field).map(|change| change["after"].clone())
    };
    assert_eq!(after("job.created", "list"), Some(json!("customers")));
    assert_eq!(after("job.created", "format"), Some(json!("csv")));
    assert_eq!(after("job.ended", "rows"), Some(json!(1)));
    assert_eq!(after("job.ended", "digest"), Some(job["file"]["digest"].clone()));
}

#[test]
fn much_needs_a_reason() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    make_tasks(&app, "rm", 1000);
    let new = json!({"list": "tasks", "format": "csv"});
    let (job, file) = exported(&app, &rm, new.clone());
    assert_eq!(job["processed"], 1000);
    assert_eq!(records(&file).len(), 1001);

    // The list grows after it was counted: no more is written than may be without a reason.
    let waiting = post(&rm, &new).expect(202).json();
    make_tasks(&app, "rm", 1);
    app.export_all();
    let failed = rm.get(&path(&waiting)).expect(200).json();
    assert_eq!((&failed["state"], &failed["problem"]["code"]), (&json!("failed"), &json!("reason_needed")));
    assert_eq!(failed["file"], Value::Null);
    assert_eq!(rm.get(&format!("{}/file", path(&waiting))).status, 404);

    let refused = post(&rm, &new).expect(422);
    assert_eq!(refused.fields(), [("/reason".to_owned(), "reason_needed".to_owned())]);
    let mut with_reason = new.clone();
    with_reason["reason"] = json!("short");
    assert_eq!(post(&rm, &with_reason).expect(422).fields(), [("/reason".to_owned(), "length".to_owned())]);
    with_reason["reason"] = json!("for the yearly review");
    let (job, file) = exported(&app, &rm, with_reason);
    assert_eq!((&job["processed"], &job["total"]), (&json!(1001), &json!(1001)));
    let titles: std::collections::BTreeSet<String> = column(&records(&file), "Title").into_iter().collect();
    assert_eq!(titles.len(), 1000, "each task once; two have one title");
    let id = job["id"].as_str().expect("an id");
    let entries = app
        .role(Role::Auditor)
        .get(&format!(
            "/audit-entries?filter=action%20eq%20%22job.created%22%20and%20resource_id%20eq%20%22{id}%22"
        ))
        .expect(200)
        .json();
    assert_eq!(entries["data"][0]["reason"], "for the yearly review");
}

#[test]
fn what_cannot_be_listed_cannot_be_exported() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let refused = |body: Value| {
        let answer = post(&rm, &body);
        (answer.status, answer.fields().first().cloned().unwrap_or_default())
    };
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(
        refused(json!({"list": "customers", "format": "csv", "filter": "nothing eq 1"})),
        (400, pair("/filter", "filter_unknown_field"))
    );
    assert_eq!(refused(json!({"list": "tasks", "format": "csv", "sort": "title"})).0, 400);
    assert_eq!(
        refused(json!({"list": "tasks", "format": "csv", "q": "王伟"})),
        (422, pair("/q", "list_is_not_searched"))
    );
    assert_eq!(refused(json!({"list": "users", "format": "csv"})).0, 422);
    assert_eq!(refused(json!({"list": "tasks", "format": "pdf"})).0, 422);
    assert_eq!(rm.post("/jobs/exports", &json!({"list": "tasks", "format": "csv"})).status, 400);
    // The same key starts one job.
    let key = [("Idempotency-Key", "export-2026-11-26")];
    let new = json!({"list": "tasks", "format": "csv"});
    let first = rm.send("POST", "/jobs/exports", &key, Some(&new)).expect(202);
    let second = rm.send("POST", "/jobs/exports", &key, Some(&new)).expect(202);
    assert_eq!(first.json()["id"], second.json()["id"]);
    assert_eq!(second.header("Idempotency-Replayed"), Some("true"));
    // What belongs to imports, an export does not have.
    let job = path(&first.json());
    let manager = app.role(Role::BranchManager);
    let of_manager = path(&post(&manager, &new).expect(202).json());
    assert_eq!(rm.get(&format!("{job}/problems")).status, 404);
    assert_eq!(manager.get(&format!("{of_manager}/problems/file")).status, 404);
    assert_eq!(manager.get(&format!("{of_manager}/file")).status, 404, "it has not ended");
}

#[test]
fn so_many_exports_an_hour_and_no_more() {
    let app = TestApp::start_with(&[("export_limit", "2")]);
    let rm = app.role(Role::Rm);
    let new = json!({"list": "tasks", "format": "csv"});
    let key = [("Idempotency-Key", "export-the-first")];
    rm.send("POST", "/jobs/exports", &key, Some(&new)).expect(202);
    post(&rm, &new).expect(202);
    let refused = post(&rm, &new).expect(429);
    assert_eq!(refused.code(), "quota_exceeded");
    let wait: i64 = refused.header("Retry-After").unwrap().parse().unwrap();
    assert!((3000..=3600).contains(&wait), "{wait}");
    rm.send("POST", "/jobs/exports", &key, Some(&new)).expect(202);
    post(&app.role(Role::OutletHead), &new).expect(202);
}

#[test]
fn where_no_exports_are_allowed_there_are_none() {
    let app = TestApp::start_with(&[("export_limit", "0")]);
    let refused = post(&app.role(Role::Rm), &json!({"list": "tasks", "format": "csv"})).expect(429);
    assert_eq!((refused.code(), refused.header("Retry-After")), ("quota_exceeded".into(), Some("3600")));
}

#[test]
fn an_export_ends_when_it_is_told_to() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    make_tasks(&app, "rm", 900);
    let new = json!({"list": "tasks", "format": "xlsx"});
    let cancel = |job: &Value| rm.post(&format!("{}/cancel", path(job)), &json!(null));
    let waiting = post(&rm, &new).expect(202).json();
    assert_eq!(app.role(Role::Auditor).post(&format!("{}/cancel", path(&waiting)), &json!(null)).status, 403);
    assert_eq!(cancel(&waiting).expect(200).json()["state"], "cancelled");
    assert_eq!(cancel(&waiting).expect(200).json()["state"], "cancelled");

    let running = post(&rm, &new).expect(202).json();
    let claim = app.claim_job(JobKind::Export).expect("it waits");
    assert_eq!(cancel(&running).expect(200).json()["cancel_requested"], true);
    let stop = AtomicBool::new(false);
    assert_eq!(exports::run(&app.bench(), &claim, &stop, clock::now, |_| {}).unwrap(), Ended::Over);
    let ended = rm.get(&path(&running)).expect(200).json();
    assert_eq!((&ended["state"], &ended["file"]), (&json!("cancelled"), &Value::Null));
    assert_eq!(rm.get(&format!("{}/file", path(&running))).status, 404);
    assert_eq!(files(&app), 0, "nothing is left of it");
}

fn files(app: &TestApp) -> usize {
    std::fs::read_dir(app.config.data.join("files")).map_or(0, Iterator::count)
}

/// As if a server had died: its lease runs out.
fn let_lease_run_out(app: &TestApp) {
    app.db(|conn| {
        use diesel::prelude::*;
        use guanxi_db::schema::job;
        diesel::update(job::table)
            .set(job::lease_until.eq(clock::now()))
            .execute(conn)
            .map_err(guanxi_db::DbError::from)?;
        Ok(())
    });
}

#[test]
fn an_export_begins_anew_when_its_server_stops_or_dies() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    make_tasks(&app, "rm", 2500);
    let new = json!({"list": "tasks", "format": "csv", "reason": "for the yearly review"});
    let job = post(&rm, &new).expect(202).json();

    // One that stops lets go of it at once and leaves nothing behind.
    let stop = AtomicBool::new(false);
    let claim = app.claim_job(JobKind::Export).expect("the job waits");
    let ended = exports::run(&app.bench(), &claim, &stop, clock::now, |done| {
        stop.store(done >= 1000, Ordering::SeqCst);
    });
    assert_eq!(ended.expect("it stops"), Ended::Stopped);
    let half = rm.get(&path(&job)).expect(200).json();
    assert_eq!(
        (&half["state"], &half["processed"], &half["total"]),
        (&json!("running"), &json!(1000), &json!(2500))
    );
    assert_eq!(files(&app), 0);

    // One that is killed leaves half a file, which nobody takes for a whole one.
    let killed = app.claim_job(JobKind::Export).expect("it was let go");
    assert!(app.claim_job(JobKind::Export).is_none(), "somebody works on it");
    std::fs::create_dir_all(app.config.data.join("files")).expect("a folder");
    std::fs::write(app.config.data.join("files").join(format!("{}.part", Uuid::now_v7())), "half")
        .expect("a file");
    let_lease_run_out(&app);
    app.export_all();
    let done = rm.get(&path(&job)).expect(200).json();
    assert_eq!((&done["state"], &done["processed"]), (&json!("succeeded"), &json!(2500)));
    let file = rm.get(&format!("{}/file", path(&job))).expect(200);
    let titles = column(&records(&file), "Title");
    let once: std::collections::BTreeSet<&String> = titles.iter().collect();
    assert_eq!((titles.len(), once.len()), (2500, 2500));

    // Who comes back after that does nothing.
    let before = files(&app);
    let late = exports::run(&app.bench(), &killed, &AtomicBool::new(false), clock::now, |_| {}).unwrap_err();
    assert_eq!(late.fields[0].code, "lease_lost");
    assert_eq!(files(&app), before);
    assert_eq!(rm.get(&format!("{}/file", path(&job))).expect(200).body, file.body);

    // What dies again and again is given up.
    let doomed = post(&rm, &new).expect(202).json();
    for _ in 0..5 {
        app.claim_job(JobKind::Export).expect("it is tried again");
        let_lease_run_out(&app);
    }
    assert!(app.claim_job(JobKind::Export).is_none());
    assert_eq!(rm.get(&path(&doomed)).expect(200).json()["problem"]["code"], "job_given_up");
}

#[test]
fn a_row_that_moves_while_the_file_is_written_stands_in_it_once() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    make_tasks(&app, "rm", 1500);
    let new =
        json!({"list": "tasks", "sort": "updated_at", "format": "csv", "reason": "for the yearly review"});
    let job = post(&rm, &new).expect(202).json();
    let claim = app.claim_job(JobKind::Export).expect("it waits");
    let first = rm.get("/tasks?sort=updated_at&limit=1").expect(200).json()["data"][0].clone();
    let ended = exports::run(&app.bench(), &claim, &AtomicBool::new(false), clock::now, |done| {
        if done == 1000 {
            let place = format!("/tasks/{}", first["id"].as_str().expect("an id"));
            let tag = rm.get(&place).expect(200).tag();
            rm.patch(&place, &tag, &json!({"title": "后来"})).expect(200);
        }
    });
    assert_eq!(ended.expect("it ends"), Ended::Over);
    let file = rm.get(&format!("{}/file", path(&job))).expect(200);
    assert_eq!(records(&file).len(), 1501);
    assert!(!file.text().contains("后来"), "it is as its page was read");
}

#[test]
fn an_export_has_the_rights_that_its_user_has_by_now() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let job = post(&head, &json!({"list": "customers", "format": "csv"})).expect(202).json();
    let admin = app.role(Role::Admin);
    let user = format!("/users/{}", app.fixture.user("outlet_head"));
    let tag = admin.get(&user).expect(200).tag();
    admin.patch(&user, &tag, &json!({"role": "teller"})).expect(200);
    app.export_all();
    let ended = app.role(Role::Auditor).get(&path(&job)).expect(200).json();
    assert_eq!(
        (&ended["state"], &ended["problem"]["code"]),
        (&json!("failed"), &json!("may_export_no_longer"))
    );
    assert_eq!(files(&app), 0);
}

#[test]
fn files_go_with_their_jobs() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let (job, _) = exported(&app, &rm, json!({"list": "tasks", "format": "csv"}));
    let later = |days: i64| clock::now().plus_seconds(days * 24 * 3600);
    background::keep_house(&app.state, later(2)).expect("kept");
    assert_eq!(files(&app), 1, "it is known, however old it is");
    background::keep_house(&app.state, later(8)).expect("kept");
    assert_eq!(files(&app), 0);
    // By then the session has ended, too.
    let rm = app.anonymous().sign_in("rm", crate::testing::PASSWORD);
    assert_eq!(rm.get(&format!("{}/file", path(&job))).status, 404);
    assert_eq!(rm.get(&path(&job)).status, 404);
}

#[test]
fn b12_a_file_that_is_imported_again_changes_nothing() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let statuses = ["prospect", "active", "dormant", "lost"];
    let genders = ["female", "male", "other"];
    for (n, name) in HOSTILE.iter().enumerate() {
        let new = json!({
            "kind": if n % 5 == 0 { "organisation" } else { "person" }, "name": name, "status": statuses[n % 4], "city": "=杭州",
            "gender": if n % 5 == 0 { None } else { Some(genders[n % 3]) }, "customer_since": "2020-02-29",
        });
        let created = head.post("/customers", &new).expect(201);
        let customer = created.json();
        let place = format!("/customers/{}/external-ids/guanxi", customer["id"].as_str().expect("an id"));
        head.put(&place, &created.tag(), &json!({"id": customer["customer_no"]})).expect(200);
    }
    for (language, fields) in [
        ("zh-CN", ["客户号", "姓名", "类型", "状态", "性别", "城市", "成为客户"]),
        ("en", ["Customer number", "Name", "Kind", "Status", "Gender", "City", "Customer since"]),
    ] {
        let new = json!({"list": "customers", "format": "csv", "language": language});
        let (_, file) = exported(&app, &head, new);
        let upload = head.send_bytes("POST", "/uploads?name=c.csv", &[], Some(&file.body)).expect(201).json();
        let suggested = |name: &str| {
            let columns = upload["columns"].as_array().expect("columns");
            columns.iter().find(|column| column["name"] == name).expect("a column")["suggestion"].clone()
        };
        let codes = ["external_id", "name", "kind", "status", "gender", "city", "customer_since"];
        let mapped: Vec<Value> = codes
            .iter()
            .zip(fields)
            .map(|(code, name)| {
                assert_eq!(suggested(name), *code);
                json!({"field": code, "from": format!("{{{name}}}")})
            })
            .collect();
        let new = json!({
            "upload_id": upload["id"], "layout": {"profile": "spreadsheet"},
            "mapping": {"source": "guanxi", "customer": mapped},
        });
        let key = Uuid::now_v7().to_string();
        let job =
            head.send("POST", "/jobs/imports", &[("Idempotency-Key", &key)], Some(&new)).expect(202).json();
        let claim = app.claim_job(JobKind::Import).expect("it waits");
        crate::imports::run(&app.bench(), &claim, &AtomicBool::new(false), clock::now, |_| {})
            .expect("it is done");
        let done = head.get(&path(&job)).expect(200).json();
        assert_eq!(
            done["counts"],
            json!({"created": 0, "updated": 0, "unchanged": HOSTILE.len(), "failed": 0, "skipped": 0, "merged": 0, "duplicates": 0, "conflicts": 0}),
            "{}",
            head.get(&format!("{}/problems", path(&job))).text()
        );
    }
}

#[test]
fn chosen_customers_and_columns_become_a_file() {
    let app = TestApp::start();
    let (head, rm) = (app.role(Role::OutletHead), app.role(Role::Rm));
    let ids: Vec<String> = ["甲", "乙", "丙", "丁"]
        .iter()
        .map(|name| new_customer(&head, name)["id"].as_str().expect("an id").to_owned())
        .collect();
    let stranger = new_customer(&app.user("head_b1"), "外");
    let tag = head.post("/tags", &json!({"name": "春节礼品"})).expect(201).json()["id"].clone();
    let tag = tag.as_str().expect("an id").to_owned();
    head.send("PUT", &format!("/customers/{}/tags/{tag}", ids[1]), &[], None).expect(200);
    // Chosen is chosen, archived or not; whom one does not see is in no file.
    let path = format!("/customers/{}", ids[2]);
    head.act(&format!("{path}/archive"), &head.get(&path).expect(200).tag()).expect(200);
    let new = json!({"list": "customers", "format": "csv", "language": "en", "sort": "-customer_no",
        "ids": [ids[0], ids[1], ids[2], ids[1], stranger["id"]], "columns": ["tags", "name", "city"]});
    let (job, file) = exported(&app, &head, new);
    let rows = records(&file);
    assert_eq!(rows[0], ["Tags", "Name", "City"]);
    assert_eq!(column(&rows, "Name"), ["丙", "乙", "甲"]);
    assert_eq!(column(&rows, "Tags"), ["", "春节礼品", ""]);
    assert_eq!(
        (&job["export"]["chosen"], &job["total"], &job["processed"]),
        (&json!(4), &json!(3), &json!(3))
    );
    assert_eq!(job["export"]["columns"], json!(["tags", "name", "city"]));
    // Nobody gets more than they see.
    let book = json!({"list": "customers", "format": "csv", "ids": ids, "columns": ["name"]});
    let (_, file) = exported(&app, &rm, book);
    assert_eq!(records(&file).len(), 1, "the relationship manager owns none of them");
    let sheet = json!({"list": "customers", "format": "xlsx", "language": "en", "filter": format!("tag_id eq \"{tag}\""),
        "columns": ["name", "tags"]});
    let (_, file) = exported(&app, &head, sheet);
    assert_eq!(sheet_column(&cells(&file), "Tags"), [Data::String("春节礼品".into())]);
    let wrong = |more: Value| {
        let mut new = json!({"list": "customers", "format": "csv"});
        for (name, value) in more.as_object().expect("members") {
            new[name] = value.clone();
        }
        post(&head, &new).expect(422).fields().into_iter().next().expect("a field")
    };
    let pair = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(wrong(json!({"columns": ["name", "notes"]})), pair("/columns/1", "unknown_column"));
    assert_eq!(wrong(json!({"columns": ["name", "id"]})), pair("/columns/1", "unknown_column"));
    assert_eq!(wrong(json!({"columns": ["name", "name"]})), pair("/columns/1", "duplicate"));
    assert_eq!(
        wrong(json!({"ids": ids, "filter": "status eq \"active\""})),
        pair("/ids", "chosen_and_narrowed")
    );
    assert_eq!(wrong(json!({"list": "tasks", "ids": ids})), pair("/ids", "only_customers_are_chosen"));
    assert_eq!(wrong(json!({"ids": []})).0, "/ids");
    // Longer lists than a body may have are refused before they are read.
    wrong(json!({"ids": vec![Uuid::now_v7(); 1001]}));
}
