use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use guanxi_api::Role;
use guanxi_db::backup::{check_copy, check_empty};
use guanxi_db::{DatabaseUrl, DbConn, Engine, Moment, migrate, pending_migrations};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::manifest::{MANIFEST, Manifest};
use super::{BackupError, Made, Source, Work, folder, make, put_on_record, restore, verify};
use crate::access::{Actor, Keys, MasterKey};
use crate::background::{hold_lease, publish_if_leader};
use crate::config::{Backups, Config};
use crate::testing::{Client, PASSWORD, TestApp, TestDatabase};
use crate::web::Metrics;
use crate::{clock, installation};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(conn: &mut DbConn, sql: &str) -> Vec<String> {
    let rows: Vec<Line> = diesel::sql_query(sql).load(conn).unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.into_iter().map(|row| row.line).collect()
}

/// What a restore changes on purpose.
const RENEWED: [&str; 5] = [
    "installation.feed_epoch",
    "session.revoked_at",
    "session.revoked_because",
    "user_account.auth_epoch",
    "job.lease_until",
];

/// Every row of every table as text, in the order of the texts. Knows nothing of how backups are made.
fn rows(conn: &mut DbConn) -> BTreeMap<String, Vec<String>> {
    let tables = match conn.engine() {
        Engine::Sqlite => {
            "SELECT name AS line FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        }
        Engine::Postgres => {
            "SELECT tablename::text AS line FROM pg_tables WHERE schemaname = current_schema()"
        }
    };
    let mut found = BTreeMap::new();
    for table in lines(conn, tables) {
        let renewed = |column: &str| RENEWED.contains(&format!("{table}.{column}").as_str());
        let mut rows = match conn.engine() {
            Engine::Sqlite => {
                let columns = lines(conn, &format!("SELECT name AS line FROM pragma_table_info('{table}')"));
                let values: Vec<String> = columns
                    .iter()
                    .filter(|column| !renewed(column))
                    .map(|column| format!("'{column}=' || QUOTE(\"{column}\")"))
                    .collect();
                lines(conn, &format!("SELECT {} AS line FROM \"{table}\"", values.join(" || ' ' || ")))
            }
            Engine::Postgres => {
                let without: String = RENEWED
                    .iter()
                    .filter_map(|column| column.strip_prefix(&format!("{table}.")))
                    .map(|column| format!(" - '{column}'"))
                    .collect();
                lines(conn, &format!("SELECT (TO_JSONB(t){without})::text AS line FROM \"{table}\" AS t"))
            }
        };
        rows.sort_unstable();
        found.insert(table, rows);
    }
    found
}

fn keys(text: &str) -> Arc<Keys> {
    Arc::new(Keys::new(&MasterKey::from_text(text).unwrap()).unwrap())
}

fn source(database: &TestDatabase) -> Source {
    let config = Config::from_values(&database.settings()).unwrap();
    Source::of(&config, Arc::new(installation::existing_master_key(&config).unwrap()))
}

fn back_up(source: &Source, folder: &Path) -> Made {
    make(source, folder, clock::now(), &AtomicBool::new(false)).expect("a backup")
}

fn create(client: &Client, name: &str) -> String {
    let new = json!({"kind": "person", "name": name, "contact_points": [{"kind": "phone", "value": "13800138000"}]});
    client.post("/customers", &new).expect(201).json()["id"].as_str().unwrap().to_owned()
}

fn send(client: &Client, text: &str) -> Value {
    client.send_bytes("POST", "/uploads?name=customers.csv", &[], Some(text.as_bytes())).expect(201).json()
}

/// Starts an import that writes nothing.
fn start(client: &Client, upload: &Value) -> String {
    let mapping = json!({"source": "core", "customer": [
        {"field": "external_id", "from": "{id}"},
        {"field": "kind", "from": "person"},
        {"field": "name", "from": "{name}"},
    ]});
    let new = json!({"upload_id": upload["id"], "mapping": mapping, "dry_run": true});
    let key = Uuid::now_v7().to_string();
    let job =
        client.send("POST", "/jobs/imports", &[("Idempotency-Key", &key)], Some(&new)).expect(202).json();
    format!("/jobs/{}", job["id"].as_str().unwrap())
}

/// Starts an export; where its file will be.
fn export(client: &Client) -> String {
    let key = Uuid::now_v7().to_string();
    let new = json!({"list": "customers", "format": "csv"});
    let job =
        client.send("POST", "/jobs/exports", &[("Idempotency-Key", &key)], Some(&new)).expect(202).json();
    format!("/jobs/{}/file", job["id"].as_str().unwrap())
}

fn refresh(client: &Client) -> u16 {
    client.send("POST", "/auth/refresh", &[("X-Guanxi", "1")], None).status
}

const FILE: &str = "id,name\nK-1,王伟\nK-2,李娜\nK-3,赵敏\n";

#[test]
fn d6_what_is_restored_is_what_was_backed_up() {
    let app = TestApp::start();
    let (rm, head) = (app.role(Role::Rm), app.role(Role::OutletHead));
    let known = create(&rm, "王小明");
    (0..20).for_each(|n| drop(create(&rm, &format!("李{n}"))));
    let upload = send(&head, FILE);
    let job = start(&head, &upload);
    let running = app.claim().expect("a server works on it");
    let exported = export(&rm);
    app.export_all();
    let file = rm.get(&exported).expect(200).text().to_owned();
    let holder = Uuid::now_v7();
    while app.db(move |conn| publish_if_leader(conn, holder, clock::now())) > 0 {}

    let root = tempfile::tempdir().unwrap();
    let own = source(app.database());
    let mut conn = own.database.connect().unwrap();
    let before = rows(&mut conn);
    let made = back_up(&own, root.path());
    assert_eq!(rows(&mut conn), before, "making a backup changes nothing");
    let epoch = installation::feed_epoch(&mut conn, &own.keys).unwrap().unwrap();
    assert_eq!((made.manifest.feed_epoch, made.manifest.missing.len()), (epoch, 0));
    for (table, rows) in &before {
        // SQLite's own book-keeping is not counted.
        let counted = made.manifest.tables.get(table).copied();
        let rows = i64::try_from(rows.len()).unwrap();
        assert!(counted == Some(rows) || table.starts_with("sqlite_"), "{table}: {counted:?} of {rows}");
    }
    assert_eq!(verify(&made.folder, &own.keys).unwrap(), made.manifest);

    let later = create(&rm, "后来");
    let elsewhere = app.database().elsewhere();
    let target = source(&elsewhere);
    let restored = restore(&target, &made.folder, clock::now()).expect("restored");
    let mut conn = target.database.connect().unwrap();
    let found = rows(&mut conn);
    assert_eq!(found.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    for (table, rows) in &before {
        match table.as_str() {
            "lease" => assert_eq!(found[table], Vec::<String>::new(), "nobody holds a lease"),
            // The planner's figures are those of the engine.
            table if table.starts_with("sqlite_stat") => {}
            _ => assert_eq!(&found[table], rows, "{table}"),
        }
    }
    assert_ne!(restored.feed_epoch, epoch);
    assert_eq!(installation::feed_epoch(&mut conn, &target.keys).unwrap(), Some(restored.feed_epoch));
    drop(conn);

    let there = TestApp::on(elsewhere.settings(), &app.fixture);
    let mut old = there.anonymous();
    old.token.clone_from(&rm.token);
    assert_eq!(old.get("/me").status, 401, "an access token of before");
    old.cookie.clone_from(&rm.cookie);
    old.token = None;
    assert_eq!(refresh(&old), 401, "a refresh token of before");
    assert_eq!(refresh(&rm), 200, "which is still good where it comes from");

    let rm = there.anonymous().sign_in("rm", PASSWORD);
    let path = format!("/customers/{known}");
    let point = rm.get(&path).expect(200).json()["contact_points"][0]["id"].clone();
    let asked = json!({"fields": [point], "reason": "call back as agreed"});
    let revealed = rm.post(&format!("{path}/reveal"), &asked).expect(200).json();
    assert_eq!(revealed["values"][0]["value"], "+8613800138000", "what is encrypted can be read");
    rm.get(&format!("/customers/{later}")).expect(404);
    create(&rm, "新来");
    assert_eq!(rm.get(&exported).expect(200).text(), file, "what a job has made is there");
    let head = there.anonymous().sign_in("outlet_head", PASSWORD);
    let path = format!("/uploads/{}", upload["id"].as_str().unwrap());
    assert_eq!(
        head.get(&path).expect(200).json()["columns"].as_array().unwrap().len(),
        2,
        "the file is read"
    );
    assert_eq!(head.get(&job).expect(200).json()["state"], "running");
    there.work();
    let done = head.get(&job).expect(200).json();
    assert_eq!(
        (&done["state"], &done["counts"]["created"]),
        (&json!("succeeded"), &json!(3)),
        "{running:?} goes on"
    );
    let second = start(&head, &upload);
    there.work();
    assert_eq!(head.get(&second).expect(200).json()["state"], "succeeded");
    let report = there.db(crate::verify::verify);
    assert_eq!(report.wrong, Vec::<String>::new());
}

#[test]
fn d6_a_backup_while_others_write_is_of_one_moment() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    let root = tempfile::tempdir().unwrap();
    let own = source(app.database());
    let (stop, mut backups) = (AtomicBool::new(false), Vec::new());
    let acknowledged = std::sync::Mutex::new(Vec::<(Moment, String)>::new());
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let (rm, stop, acknowledged) = (&rm, &stop, &acknowledged);
            scope.spawn(move || {
                let mut n = 0;
                while !stop.load(Ordering::Relaxed) {
                    let id = create(rm, &format!("王{writer}{n}"));
                    acknowledged.lock().unwrap().push((clock::now(), id));
                    n += 1;
                }
            });
        }
        let begun = clock::now();
        while acknowledged.lock().unwrap().len() < 20 && clock::now() < begun.plus_seconds(60) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        for _ in 0..3 {
            backups.push(back_up(&own, root.path()));
        }
        stop.store(true, Ordering::Relaxed);
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    assert_eq!(folder::names(root.path()).len(), 3);
    for made in backups {
        verify(&made.folder, &own.keys).unwrap();
        let elsewhere = app.database().elsewhere();
        let target = source(&elsewhere);
        restore(&target, &made.folder, clock::now()).expect("restored");
        let mut conn = target.database.connect().unwrap();
        let ids = match conn.engine() {
            Engine::Sqlite => lines(&mut conn, "SELECT LOWER(HEX(id)) AS line FROM customer"),
            Engine::Postgres => lines(&mut conn, "SELECT REPLACE(id::text, '-', '') AS line FROM customer"),
        };
        let at = Moment::from(made.manifest.at);
        for (_, id) in acknowledged.iter().filter(|(moment, _)| *moment < at) {
            assert!(ids.contains(&id.replace('-', "")), "{id} was acknowledged before the backup began");
        }
        // A transaction is in it with all that it wrote, or not at all.
        for sql in [
            "SELECT CAST(COUNT(*) AS TEXT) AS line FROM customer_figures",
            "SELECT CAST(COUNT(*) AS TEXT) AS line FROM contact_point",
            "SELECT CAST(COUNT(*) AS TEXT) AS line FROM audit_entry WHERE action = 'customer.created'",
            "SELECT CAST(COUNT(*) AS TEXT) AS line FROM change_event WHERE kind = 'customer.created'",
        ] {
            assert_eq!(lines(&mut conn, sql), [ids.len().to_string()], "{sql}");
        }
        let report = crate::verify::verify(&mut conn).unwrap();
        assert_eq!(report.wrong, Vec::<String>::new());
    }
}

/// A small backup with a stored file.
fn small(app: &TestApp) -> (TempDir, Source, Made) {
    create(&app.role(Role::Rm), "王小明");
    send(&app.role(Role::OutletHead), FILE);
    let root = tempfile::tempdir().unwrap();
    let own = source(app.database());
    let made = back_up(&own, root.path());
    (root, own, made)
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, BackupError>, with: &str) {
    match outcome {
        Err(BackupError::Failed(why)) => {
            assert!(why.contains(with), "«{why}» does not say «{with}»");
            assert!(!why.contains('\n'), "{why}");
        }
        other => panic!("not refused with «{with}»: {other:?}"),
    }
}

#[test]
fn d6_a_changed_or_missing_file_is_named() {
    let app = TestApp::start();
    let (_root, own, made) = small(&app);
    let elsewhere = app.database().elsewhere();
    let target = source(&elsewhere);
    let names: Vec<PathBuf> = made.manifest.files.iter().map(|file| made.folder.join(&file.name)).collect();
    assert_eq!(names.len(), 2, "the database and a stored file");
    for path in names.iter().chain([&made.folder.join(MANIFEST)]) {
        let whole = fs::read(path).unwrap();
        for place in [0, whole.len() / 2, whole.len() - 2] {
            let mut changed = whole.clone();
            changed[place] ^= 0x10;
            fs::write(path, &changed).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap();
            refused(verify(&made.folder, &own.keys), name);
            refused(restore(&target, &made.folder, clock::now()), name);
        }
        fs::remove_file(path).unwrap();
        refused(restore(&target, &made.folder, clock::now()), path.to_str().unwrap());
        fs::write(path, &whole).unwrap();
    }
    assert_eq!(fs::read_dir(elsewhere.folder()).unwrap().count(), 0, "nothing was written");
    check_empty(&target.database).expect("no table either");

    // Damage that a hash made afterwards would not show.
    let database = &names[0];
    let whole = fs::read(database).unwrap();
    fs::write(database, &whole[..whole.len() / 2]).unwrap();
    let engine = own.database.engine();
    assert!(check_copy(engine, database).is_err(), "half a database");
    fs::write(database, &whole).unwrap();
    assert_eq!(check_copy(engine, database).unwrap(), made.manifest.tables);
    verify(&made.folder, &own.keys).expect("as it was");
}

/// Changes the manifest of a backup as only who has the key could.
fn forge(made: &Made, keys: &Keys, change: impl Fn(&mut Manifest)) {
    let mut manifest = made.manifest.clone();
    change(&mut manifest);
    fs::write(made.folder.join(MANIFEST), manifest.sealed(keys).unwrap().1).unwrap();
}

#[test]
fn d6_what_does_not_fit_is_refused() {
    let app = TestApp::start();
    let (_root, own, made) = small(&app);
    let elsewhere = app.database().elsewhere();
    let target = source(&elsewhere);

    let foreign = Source {
        keys: keys("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
        ..target.clone()
    };
    refused(restore(&foreign, &made.folder, clock::now()), "another master key");
    let database = own.database.clone();
    let nobodys = Source { database, ..foreign };
    let root = tempfile::tempdir().unwrap();
    refused(
        make(&nobodys, root.path(), clock::now(), &AtomicBool::new(false)),
        "the master key is not the one",
    );
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0, "and nothing is left of it");

    refused(
        restore(&own, &made.folder, clock::now()),
        if TestDatabase::is_postgres() { "not empty" } else { "is there already" },
    );
    let database = match own.database.engine() {
        Engine::Sqlite => "postgres://nobody@127.0.0.1:1/none".parse().unwrap(),
        Engine::Postgres => DatabaseUrl::Sqlite(elsewhere.folder().join("guanxi.db")),
    };
    refused(
        restore(&Source { database, ..target.clone() }, &made.folder, clock::now()),
        "the backup is one of",
    );
    forge(&made, &own.keys, |manifest| manifest.schema = "29991231000000".into());
    refused(restore(&target, &made.folder, clock::now()), "does not know");

    // What is found out when the data are there already: nothing of them stays.
    forge(&made, &own.keys, |manifest| *manifest.tables.get_mut("customer").unwrap() += 1);
    refused(verify(&made.folder, &own.keys), "of table customer there are 1 rows instead of 2");
    let with = if TestDatabase::is_postgres() { "table customer has not 2 rows" } else { "numbers of rows" };
    refused(restore(&target, &made.folder, clock::now()), with);
    check_empty(&target.database).expect("nothing has stayed");
    assert_eq!(fs::read_dir(&target.files).unwrap().count(), 0, "no file either");

    forge(&made, &own.keys, |_| {});
    restore(&target, &made.folder, clock::now()).expect("and then it is restored");
    let stopped = make(&own, root.path(), clock::now(), &AtomicBool::new(true));
    assert_eq!(stopped.map(|made| made.name), Err(BackupError::Stopped));
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

/// Takes the newest migration back, which made the table `directory`.
fn make_older(conn: &mut DbConn) {
    conn.batch_execute(
        "DROP TABLE directory; DELETE FROM __diesel_schema_migrations WHERE version = '20261127000020'",
    )
    .unwrap();
    assert_eq!(pending_migrations(conn).unwrap(), 1, "it was the newest");
}

#[test]
fn d6_a_backup_of_an_older_schema_is_brought_up_to_date() {
    let database = TestDatabase::new();
    let old = database.elsewhere();
    let own = source(&old);
    let mut conn = own.database.connect().unwrap();
    migrate(&mut conn).unwrap();
    let config = Config::from_values(&old.settings()).unwrap();
    let config = Config { calibrate: false, ..config };
    installation::open(&mut conn, &Actor::operator(clock::now()), &config, &own.keys).unwrap();
    make_older(&mut conn);
    let root = tempfile::tempdir().unwrap();
    let made = back_up(&own, root.path());
    assert!(!made.manifest.tables.contains_key("directory"), "{:?}", made.manifest.tables);
    assert_eq!(pending_migrations(&mut conn).unwrap(), 1, "the backup has migrated nothing");

    let elsewhere = database.elsewhere();
    let target = source(&elsewhere);
    restore(&target, &made.folder, clock::now()).expect("restored");
    let mut conn = target.database.connect().unwrap();
    assert_eq!(pending_migrations(&mut conn).unwrap(), 0);
    assert!(rows(&mut conn).contains_key("directory"));
    assert_eq!(rows(&mut conn)["installation"], rows(&mut own.database.connect().unwrap())["installation"]);
}

#[test]
fn d6_a_file_that_has_gone_does_not_hold_up_backups() {
    let app = TestApp::start();
    let upload = send(&app.role(Role::OutletHead), FILE);
    let id: Uuid = upload["id"].as_str().unwrap().parse().unwrap();
    app.state.files.remove(id).unwrap();
    let root = tempfile::tempdir().unwrap();
    let own = source(app.database());
    let made = back_up(&own, root.path());
    assert_eq!(made.manifest.missing, [id]);
    verify(&made.folder, &own.keys).unwrap();
    let elsewhere = app.database().elsewhere();
    restore(&source(&elsewhere), &made.folder, clock::now()).unwrap();
    let there = TestApp::on(elsewhere.settings(), &app.fixture);
    let head = there.anonymous().sign_in("outlet_head", PASSWORD);
    head.get(&format!("/uploads/{id}")).expect(404);
}

/// The clock of the schedule's test.
static NOW: AtomicI64 = AtomicI64::new(0);

fn test_clock() -> Moment {
    Moment(NOW.load(Ordering::SeqCst))
}

#[test]
fn d6_the_schedule_makes_one_a_day_and_keeps_the_newest() {
    let app = TestApp::start();
    let root = tempfile::tempdir().unwrap();
    let never = AtomicBool::new(false);
    let metrics = Metrics::new().unwrap();
    let at = chrono::NaiveTime::from_hms_opt(2, 0, 0).unwrap();
    let work = Work {
        db: app.state.db.clone(),
        source: source(app.database()),
        plan: Backups { folder: root.path().join("daily"), at, keep: 2 },
        zone: app.config.time_zone,
        metrics: metrics.backups().unwrap(),
        clock: test_clock,
    };
    let daily = work.plan.folder.clone();
    let made = || folder::names(&daily);
    // 26 November 2026, noon in Shanghai.
    let noon = Moment(1_795_665_600_000_000);
    let go_to = |seconds: i64| NOW.store(noon.plus_seconds(seconds).0, Ordering::SeqCst);
    let turn = || work.turn(&never).expect("the database answers");
    let (hour, day) = (3600, 24 * 3600);

    go_to(0);
    let somebody = Uuid::now_v7();
    app.db(move |conn| hold_lease(conn, "backup", somebody, noon, noon.plus_seconds(60)));
    turn();
    assert_eq!(made(), Vec::<String>::new(), "another server makes it");
    go_to(61);
    turn();
    assert_eq!(
        made(),
        ["20261126T040101Z"],
        "the other one has died; the time of this morning is made up for"
    );
    turn();
    go_to(13 * hour);
    turn();
    assert_eq!(made().len(), 1, "once is enough");
    go_to(14 * hour);
    turn();
    go_to(14 * hour + day);
    turn();
    assert_eq!(made(), ["20261126T180000Z", "20261127T180000Z"], "two are kept");
    let entries = app
        .role(Role::Auditor)
        .get("/audit-entries?filter=action%20eq%20%22backup.created%22")
        .expect(200)
        .json();
    let entries = entries["data"].as_array().unwrap().clone();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[0]["actor"]["kind"], "job");
    assert!(entries[0].to_string().contains("20261127T180000Z"), "{}", entries[0]);
    let text = metrics_text(&metrics);
    assert!(text.contains("guanxi_backup_failures_total 0"), "{text}");

    let elsewhere = daily.with_extension("moved");
    fs::rename(&daily, &elsewhere).unwrap();
    fs::write(&daily, "no folder").unwrap();
    go_to(14 * hour + 2 * day);
    turn();
    assert!(metrics_text(&metrics).contains("guanxi_backup_failures_total 1"));
    fs::remove_file(&daily).unwrap();
    fs::rename(&elsewhere, &daily).unwrap();
    go_to(14 * hour + 2 * day + 3599);
    turn();
    assert_eq!(made().len(), 2, "it waits for an hour");
    go_to(14 * hour + 2 * day + 3600);
    turn();
    assert_eq!(made(), ["20261127T180000Z", "20261128T190000Z"]);
    assert!(work.turn(&AtomicBool::new(true)).is_ok());
}

fn metrics_text(metrics: &Metrics) -> String {
    String::from_utf8(metrics.text(0)).unwrap()
}

#[test]
fn what_the_command_line_has_done_waits_for_its_turn_to_be_put_on_record() {
    // Longer than either engine lets a request wait for a lock.
    const HELD: std::time::Duration = std::time::Duration::from_secs(6);
    let app = TestApp::start();
    let (holding, held) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let busy = &app;
        scope.spawn(move || {
            busy.db(move |conn| {
                if let DbConn::Pg(conn) = conn {
                    conn.batch_execute("LOCK TABLE audit_entry IN EXCLUSIVE MODE").expect("it is free");
                }
                holding.send(()).expect("the test waits");
                std::thread::sleep(HELD);
                Ok(())
            });
        });
        held.recv().expect("the lock is held");
        let started = std::time::Instant::now();
        let operator = crate::access::Actor::operator(crate::clock::now());
        put_on_record(app.database().url(), &operator, |conn, actor| {
            crate::audit::note_many(conn, actor, "backup", "created", &[("rows", 1)])
        })
        .expect("it has its turn in the end");
        assert!(started.elapsed() > HELD / 2, "nothing stood in the way");
    });
    let recorded = app.db(|conn| {
        let counted =
            "SELECT CAST(COUNT(*) AS TEXT) AS line FROM audit_entry WHERE action = 'backup.created'";
        Ok(lines(conn, counted))
    });
    assert_eq!(recorded, ["1"]);
}
