use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use guanxi_api::Role;
use guanxi_db::schema::{audit_document, audit_entry, change_event, lease};
use guanxi_db::{Condition, DatabaseUrl, Db, DbConn, DbError, DbOptions, Doc, Engine, Id, Moment, Value};
use serde_json::json;
use uuid::Uuid;

use super::plans::{actor, populate};
use crate::audit;
use crate::background::publish_if_leader;
use crate::clock;
use crate::customers::{self, CustomerId};
use crate::testing::{TestApp, TestDatabase};

#[derive(QueryableByName)]
struct Reading {
    #[diesel(sql_type = Text)]
    value: String,
}

fn read(conn: &mut DbConn, sql: &str) -> Vec<String> {
    diesel::sql_query(sql)
        .load::<Reading>(conn)
        .expect("it is read")
        .into_iter()
        .map(|row| row.value)
        .collect()
}

fn pragma(conn: &mut DbConn, name: &str) -> String {
    read(conn, &format!("SELECT CAST({name} AS TEXT) AS value FROM pragma_{name}")).concat()
}

#[test]
fn d3_every_connection_is_set_up_and_read_back() {
    let database = TestDatabase::new();
    for _ in 0..3 {
        let mut conn = database.url().connect().expect("a connection");
        if conn.engine() == Engine::Sqlite {
            for (name, wanted) in [
                ("journal_mode", "wal"),
                ("synchronous", "2"),
                ("foreign_keys", "1"),
                ("cache_size", "-2000"),
                ("trusted_schema", "0"),
            ] {
                assert_eq!(pragma(&mut conn, name), wanted, "{name}");
            }
            assert_eq!(
                read(&mut conn, "SELECT CAST(timeout AS TEXT) AS value FROM pragma_busy_timeout"),
                ["5000"]
            );
            let version = read(&mut conn, "SELECT sqlite_version() AS value").concat();
            let parts: Vec<u32> = version.split('.').map(|part| part.parse().expect("a number")).collect();
            assert!(parts >= vec![3, 51, 3], "{version}");
            let options = read(&mut conn, "SELECT compile_options AS value FROM pragma_compile_options");
            for wanted in ["ENABLE_QPSG", "ENABLE_FTS5", "THREADSAFE=2", "DEFAULT_MEMSTATUS=0"] {
                assert!(options.iter().any(|option| option == wanted), "{wanted} is not in {options:?}");
            }
            for unwanted in ["ENABLE_MEMORY_MANAGEMENT", "ENABLE_API_ARMOR"] {
                assert!(!options.iter().any(|option| option == unwanted), "{unwanted}");
            }
        } else {
            for (name, wanted) in [
                ("fsync", "on"),
                ("full_page_writes", "on"),
                ("synchronous_commit", "on"),
                ("TimeZone", "UTC"),
                ("statement_timeout", "10s"),
                ("lock_timeout", "5s"),
                ("idle_in_transaction_session_timeout", "1min"),
            ] {
                assert_eq!(
                    read(&mut conn, &format!("SELECT current_setting('{name}') AS value")),
                    [wanted],
                    "{name}"
                );
            }
        }
    }
    database.url().check_engine().expect("a database that is as it must be");
}

#[test]
fn d3_a_database_that_could_lose_a_write_is_refused() {
    let database = TestDatabase::new();
    match database.url() {
        DatabaseUrl::Sqlite(_) => {
            // In memory there is no write-ahead log to be had.
            let refused = DatabaseUrl::Sqlite(":memory:".into()).connect().map(drop);
            assert!(
                matches!(&refused, Err(DbError::Unavailable(why)) if why.contains("journal_mode")),
                "{refused:?}"
            );
            let nowhere = DatabaseUrl::Sqlite("/no/such/folder/guanxi.db".into()).connect().map(drop);
            assert!(matches!(nowhere, Err(DbError::Unavailable(_))), "{nowhere:?}");
        }
        DatabaseUrl::Postgres(url) => {
            let weak = DatabaseUrl::Postgres(format!("{url}%20-c%20synchronous_commit%3Doff"));
            let refused = weak.check_engine();
            assert!(
                matches!(&refused, Err(DbError::Unavailable(why)) if why.contains("synchronous_commit")),
                "{refused:?}"
            );
            assert!(Db::open(&options(&weak, 4)).is_err(), "it is not opened");
        }
    }
}

fn options(url: &DatabaseUrl, queue: usize) -> DbOptions {
    DbOptions {
        url: url.clone(),
        read_threads: 1,
        write_threads: 1,
        queue,
        wait: Duration::from_millis(500),
        write_cache: 2000,
    }
}

fn mark(conn: &mut DbConn, name: &str) -> Result<(), DbError> {
    let row =
        (lease::name.eq(name), lease::holder.eq(Id::<()>::new(Uuid::nil())), lease::expires_at.eq(Moment(0)));
    diesel::insert_into(lease::table).values(row).execute(conn)?;
    Ok(())
}

fn marks(db: &Db) -> BTreeSet<String> {
    let names =
        db.read_blocking(|conn| Ok::<_, DbError>(lease::table.select(lease::name).load::<String>(conn)?));
    names.expect("names").into_iter().collect()
}

/// Keeps the one writing thread busy until the sender is used or dropped.
fn hold_writer(db: &Db) -> (mpsc::Sender<()>, std::thread::JoinHandle<Result<(), DbError>>) {
    let (release, held) = mpsc::channel::<()>();
    let (started, running) = mpsc::channel();
    let db = db.clone();
    let thread = std::thread::spawn(move || {
        db.write_blocking(move |_| {
            // Nobody waits when the closure runs once more.
            let _ = started.send(());
            // Either way the writer goes on.
            let _ = held.recv();
            Ok(())
        })
    });
    running.recv().expect("the closure runs");
    (release, thread)
}

#[test]
fn d3_a_failing_write_takes_no_neighbour_along() {
    let database = TestDatabase::new();
    let db =
        Db::open(&DbOptions { wait: Duration::from_secs(60), ..options(database.url(), 64) }).expect("opens");
    let (release, holder) = hold_writer(&db);
    // All of these wait while the writer is held, so that on SQLite they share one commit.
    let outcomes: Vec<(usize, Result<usize, DbError>)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..12)
            .map(|n| {
                let db = db.clone();
                scope.spawn(move || {
                    let outcome = db.write_blocking(move |conn| {
                        mark(conn, &format!("write-{n}"))?;
                        match n % 4 {
                            1 => Err(DbError::NotFound),
                            2 => panic!("a closure that panics"),
                            3 => mark(conn, &format!("write-{n}")).map(|()| n),
                            _ => Ok(n),
                        }
                    });
                    (n, outcome)
                })
            })
            .collect();
        // Until all of them wait; how long that takes does not matter.
        std::thread::sleep(Duration::from_millis(200));
        drop(release);
        threads.into_iter().map(|thread| thread.join().expect("an outcome")).collect()
    });
    holder.join().expect("no panic").expect("the holder commits");
    for (n, outcome) in &outcomes {
        match n % 4 {
            1 => assert!(matches!(outcome, Err(DbError::NotFound)), "{outcome:?}"),
            2 => assert!(
                matches!(outcome, Err(DbError::Panicked(text)) if text.contains("panics")),
                "{outcome:?}"
            ),
            3 => assert!(matches!(outcome, Err(DbError::Unique)), "{outcome:?}"),
            _ => assert!(matches!(outcome, Ok(value) if value == n), "{outcome:?}"),
        }
    }
    let kept: BTreeSet<String> = ["write-0", "write-4", "write-8"].map(str::to_owned).into();
    assert_eq!(marks(&db), kept, "exactly the writes that succeeded are there");
    db.write_blocking(|conn| mark(conn, "after")).expect("the writer lives on");
}

#[test]
fn d3_what_was_written_before_a_failing_write_is_written_once() {
    let database = TestDatabase::new();
    let db =
        Db::open(&DbOptions { wait: Duration::from_secs(60), ..options(database.url(), 64) }).expect("opens");
    let (release, holder) = hold_writer(&db);
    let system = actix_web::rt::System::new();
    let outcomes: Vec<Result<Vec<String>, DbError>> = system.block_on(async {
        let mut waiting = Vec::new();
        for n in 0..9 {
            let writer = db.clone();
            // In this order they wait, and on SQLite share one commit; each tells what it found.
            waiting.push(actix_web::rt::spawn(async move {
                writer
                    .write(move |conn| {
                        let found =
                            lease::table.select(lease::name).order(lease::name).load::<String>(conn)?;
                        match n {
                            2 | 7 => return Err(DbError::NotFound),
                            3 | 5 => {
                                mark(conn, &format!("lost-{n}"))?;
                                return Err(DbError::Conflict);
                            }
                            _ => mark(conn, &format!("write-{n}"))?,
                        }
                        Ok::<_, DbError>(found)
                    })
                    .await
            }));
            while db.in_flight() <= n {
                actix_web::rt::time::sleep(Duration::from_millis(1)).await;
            }
        }
        drop(release);
        let mut outcomes = Vec::new();
        for task in waiting {
            outcomes.push(task.await.expect("an answer"));
        }
        outcomes
    });
    holder.join().expect("no panic").expect("the holder commits");
    let mut kept: Vec<String> = Vec::new();
    for (n, outcome) in outcomes.into_iter().enumerate() {
        match n {
            2 | 7 => assert!(matches!(outcome, Err(DbError::NotFound)), "{n}: {outcome:?}"),
            3 | 5 => assert!(matches!(outcome, Err(DbError::Conflict)), "{n}: {outcome:?}"),
            _ => {
                assert_eq!(outcome.expect("a write"), kept, "what write {n} found");
                kept.push(format!("write-{n}"));
            }
        }
    }
    assert_eq!(marks(&db), kept.into_iter().collect());
}

#[test]
fn d3_a_planned_write_is_there_whole_or_not_at_all() {
    let database = TestDatabase::new();
    let db = Db::open(&options(database.url(), 64)).expect("opens");
    let insertion = |name: &&str| {
        let holder = Value::Id(Id::new(Uuid::nil()));
        Condition::new()
            .sql("INSERT INTO lease (name, holder, expires_at) VALUES (")
            .bind_all([Value::Text((*name).to_owned()), holder, Value::Moment(Moment(0))].map(Some))
            .sql(")")
    };
    let write = |names: &'static [&'static str]| {
        db.write_planned(move |_| {
            Ok::<_, DbError>((names.iter().map(insertion).collect::<Vec<_>>(), names.len()))
        })
    };
    let refused = |outcome: Result<usize, DbError>| matches!(outcome, Err(DbError::Unique));
    actix_web::rt::System::new().block_on(async {
        for names in [&["one"][..], &["two", "three"], &[]] {
            assert_eq!(write(names).await.expect("nothing stands in the way"), names.len());
        }
        assert!(refused(write(&["one"]).await));
        assert!(refused(write(&["four", "two"]).await), "the second is taken");
    });
    assert_eq!(marks(&db), ["one", "two", "three"].map(str::to_owned).into());
}

#[test]
fn d3_too_much_at_once_is_refused() {
    let database = TestDatabase::new();
    let db = Db::open(&options(database.url(), 2)).expect("opens");
    let (release, holder) = hold_writer(&db);
    let system = actix_web::rt::System::new();
    let (waited, refused) = system.block_on(async {
        let write = |name: &'static str| {
            let db = db.clone();
            async move { db.write(move |conn| mark(conn, name)).await }
        };
        let waiting: Vec<_> =
            ["one", "two"].map(|name| actix_web::rt::spawn(write(name))).into_iter().collect();
        while db.in_flight() < 2 {
            actix_web::rt::time::sleep(Duration::from_millis(5)).await;
        }
        let refused = write("three").await;
        // Longer than a request may wait.
        actix_web::rt::time::sleep(Duration::from_millis(800)).await;
        drop(release);
        let mut waited = Vec::new();
        for task in waiting {
            waited.push(task.await.expect("an answer"));
        }
        (waited, refused)
    });
    assert!(matches!(refused, Err(DbError::Overloaded)), "the queue is full: {refused:?}");
    for outcome in waited {
        assert!(matches!(outcome, Err(DbError::Overloaded)), "it waited too long: {outcome:?}");
    }
    holder.join().expect("no panic").expect("the holder commits");
    assert_eq!(marks(&db), BTreeSet::new(), "nothing that was refused was done");
    db.write_blocking(|conn| mark(conn, "after")).expect("the writer lives on");
}

/// The tables of `schema.rs`: name, then each column with its SQL type as written.
fn tables() -> BTreeMap<String, Vec<(String, String)>> {
    let text = include_str!("../../db/src/schema.rs");
    let mut tables = BTreeMap::new();
    for block in text.split("diesel::table! {").skip(1) {
        let mut lines =
            block.lines().map(str::trim).skip_while(|line| line.is_empty() || line.starts_with("use "));
        let head = lines.next().expect("a table");
        let name = head.split(' ').next().expect("a name").to_owned();
        let columns = lines
            .take_while(|line| *line != "}")
            .filter_map(|line| line.trim_end_matches(',').split_once(" -> "))
            .map(|(column, kind)| (column.to_owned(), kind.to_owned()))
            .collect();
        tables.insert(name, columns);
    }
    tables
}

/// A column as the database has it: its type and whether it may be null.
fn columns(conn: &mut DbConn, table: &str) -> BTreeMap<String, (String, bool)> {
    let rows = match conn.engine() {
        Engine::Sqlite => read(
            conn,
            &format!(
                "SELECT name || '|' || upper(type) || '|' || (\"notnull\" = 0 AND pk = 0) AS value FROM pragma_table_info('{table}')"
            ),
        ),
        Engine::Postgres => read(
            conn,
            &format!(
                "SELECT column_name || '|' || data_type || '|' || CASE is_nullable WHEN 'YES' THEN 1 ELSE 0 END AS value \
                 FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = '{table}'"
            ),
        ),
    };
    rows.into_iter()
        .map(|row| {
            let parts: Vec<&str> = row.split('|').collect();
            (parts[0].to_owned(), (parts[1].to_owned(), parts[2] == "1"))
        })
        .collect()
}

fn fits(engine: Engine, kind: &str, found: &str) -> bool {
    match engine {
        Engine::Sqlite => match kind {
            "Integer" | "BigInt" | "SmallInt" | "Bool" | "DbMoment" => found == "INTEGER",
            "Text" | "DbDoc" | "Date" => found == "TEXT",
            "DbUuid" | "Binary" => found == "BLOB",
            _ => false,
        },
        Engine::Postgres => match kind {
            "Integer" => found == "integer",
            "BigInt" => found == "bigint",
            "SmallInt" => found == "smallint",
            "Bool" => found == "boolean",
            "Text" => found == "text",
            "Date" => found == "date",
            "DbDoc" => found == "jsonb",
            "DbUuid" => found == "uuid",
            "Binary" => found == "bytea",
            "DbMoment" => found == "timestamp with time zone",
            _ => false,
        },
    }
}

#[test]
fn d3_the_schema_is_that_of_the_migrations() {
    let database = TestDatabase::new();
    let mut conn = database.url().connect().expect("a connection");
    let engine = conn.engine();
    let tables = tables();
    assert!(tables.len() >= 17, "{:?}", tables.keys());
    for (table, wanted) in &tables {
        let names: Vec<String> = wanted.iter().map(|(column, _)| format!("\"{column}\"")).collect();
        conn.batch_execute(&format!("SELECT {} FROM {table}", names.join(", ")))
            .unwrap_or_else(|error| panic!("{table}: {error}"));
        let found = columns(&mut conn, table);
        let known: BTreeSet<&String> = wanted.iter().map(|(column, _)| column).collect();
        assert_eq!(found.keys().collect::<BTreeSet<_>>(), known, "columns of {table}");
        for (column, kind) in wanted {
            let (kind, nullable) =
                match kind.strip_prefix("Nullable<").and_then(|rest| rest.strip_suffix('>')) {
                    Some(inner) => (inner, true),
                    None => (kind.as_str(), false),
                };
            let (found_kind, found_nullable) = &found[column];
            assert!(fits(engine, kind, found_kind), "{table}.{column} is {kind} here and {found_kind} there");
            assert_eq!(nullable, *found_nullable, "{table}.{column}: null");
        }
    }
}

#[test]
fn d3_both_engines_have_the_same_migrations() {
    let versions = |engine: &str| -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(engine);
        let entries = std::fs::read_dir(folder).expect("migrations");
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    };
    let sqlite = versions("sqlite");
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, versions("postgres"));
    for version in sqlite {
        assert_eq!(
            version.get(..4).and_then(|year| year.parse::<u32>().ok()).map(|year| year >= 2026),
            Some(true),
            "{version} is not dated"
        );
    }
}

fn publish_all(app: &TestApp) {
    let holder = Uuid::now_v7();
    while app.db(move |conn| publish_if_leader(conn, holder, clock::now())) > 0 {}
}

#[test]
fn d3_a_changed_audit_entry_is_found() {
    let app = TestApp::start();
    let rm = app.role(Role::Rm);
    for n in 0..5 {
        rm.post("/customers", &json!({"kind": "person", "name": format!("王{n}")})).expect(201);
    }
    publish_all(&app);
    let length = app.db(audit::verify_chain).expect("the chain holds");
    assert!(length >= 5);

    type Tamper = fn(&mut DbConn, Id<()>) -> QueryResult<usize>;
    let tampers: [(&str, Tamper); 7] = [
        ("the action", |conn, id| {
            diesel::update(audit_entry::table.find(id)).set(audit_entry::action.eq("x")).execute(conn)
        }),
        ("the instant", |conn, id| {
            diesel::update(audit_entry::table.find(id)).set(audit_entry::at.eq(Moment(1))).execute(conn)
        }),
        ("the actor", |conn, id| {
            diesel::update(audit_entry::table.find(id))
                .set(audit_entry::actor_id.eq(None::<Id<()>>))
                .execute(conn)
        }),
        ("the reason", |conn, id| {
            diesel::update(audit_entry::table.find(id)).set(audit_entry::reason.eq(Some("x"))).execute(conn)
        }),
        ("the document", |conn, id| {
            diesel::update(audit_document::table.find(id))
                .set(audit_document::document.eq(Doc(json!([{"field": "x"}]))))
                .execute(conn)
        }),
        ("its hash", |conn, id| {
            diesel::update(audit_entry::table.find(id))
                .set(audit_entry::hash.eq(Some(vec![0; 32])))
                .execute(conn)
        }),
        ("the whole entry", |conn, id| {
            diesel::delete(audit_document::table.find(id)).execute(conn)?;
            diesel::delete(audit_entry::table.find(id)).execute(conn)
        }),
    ];
    for (what, tamper) in tampers {
        let found = app.state.db.write_blocking(move |conn| {
            let id: Id<()> = audit_entry::table
                .filter(audit_entry::seq.eq(Some(length - 2)))
                .select(audit_entry::id)
                .first(conn)
                .map_err(DbError::from)?;
            assert_eq!(tamper(conn, id).map_err(DbError::from)?, 1);
            let found = audit::verify_chain(conn)?;
            // The error takes the change back.
            Err::<(), _>(crate::error::Error::internal(format!("{found:?}")))
        });
        let found = found.expect_err("taken back").to_string();
        assert!(
            found.contains("Err(") && found.contains(&format!("{}", length - 2)),
            "{what} was changed: {found}"
        );
    }
    assert_eq!(app.db(audit::verify_chain), Ok(length), "and nothing of it stayed");

    // An erased document breaks nothing: the chain is over its digest.
    app.db(move |conn| {
        let id: Id<()> = audit_entry::table
            .filter(audit_entry::seq.eq(Some(length - 2)))
            .select(audit_entry::id)
            .first(conn)
            .map_err(DbError::from)?;
        diesel::delete(audit_document::table.find(id)).execute(conn).map_err(DbError::from)?;
        Ok(())
    });
    assert_eq!(app.db(audit::verify_chain), Ok(length));
}

#[test]
fn d3_events_are_numbered_without_gaps_while_others_write() {
    const WRITERS: usize = 4;
    const CUSTOMERS: usize = 40;
    let app = TestApp::start();
    populate(&app, 10);
    let actor = actor(&app, "outlet_head");
    let done = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (app, actor, done) = (&app, &actor, &done);
            scope.spawn(move || {
                for n in 0..CUSTOMERS {
                    let (state, creator) = (app.state.clone(), actor.clone());
                    let id = app.db(move |conn| {
                        let house = state.house();
                        let new = guanxi_api::NewCustomer::named(
                            guanxi_api::CustomerKind::Person,
                            format!("王{writer}{n}"),
                        );
                        customers::create(conn, &creator, house, &new)
                            .map(|customer| CustomerId::new(customer.id))
                    });
                    let (actor, state) = (actor.clone(), app.state.clone());
                    // Every fifth transaction is taken back.
                    let fails = n % 5 == 4;
                    let outcome = state.db.write_blocking(move |conn| {
                        customers::archive(conn, &actor, id, 1)?;
                        if fails { Err(crate::error::Error::internal("taken back")) } else { Ok(()) }
                    });
                    assert_eq!(outcome.is_err(), fails);
                }
                done.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            });
        }
        // Two publishers, of which the lease lets one work at a time.
        for _ in 0..2 {
            let (app, done) = (&app, &done);
            scope.spawn(move || {
                let holder = Uuid::now_v7();
                while done.load(std::sync::atomic::Ordering::SeqCst) < WRITERS {
                    app.db(move |conn| publish_if_leader(conn, holder, clock::now()));
                }
            });
        }
    });
    let later = clock::now().plus_seconds(60);
    while app.db(move |conn| publish_if_leader(conn, Uuid::nil(), later)) > 0 {}
    let events: Vec<(Option<i64>, Id<()>, i64, String)> = app.db(|conn| {
        change_event::table
            .order(change_event::seq)
            .select((change_event::seq, change_event::resource_id, change_event::version, change_event::kind))
            .load(conn)
            .map_err(|error| DbError::from(error).into())
    });
    let numbers: Vec<i64> = events.iter().map(|(seq, ..)| seq.expect("a number")).collect();
    assert_eq!(
        numbers,
        (1..=i64::try_from(events.len()).expect("small")).collect::<Vec<_>>(),
        "dense from 1"
    );
    let archived = events.iter().filter(|(.., kind)| kind == "customer.archived").count();
    assert_eq!(archived, WRITERS * CUSTOMERS * 4 / 5, "a transaction that was taken back has no event");
    let mut versions: BTreeMap<Uuid, i64> = BTreeMap::new();
    for (_, id, version, kind) in events {
        let before = versions.insert(id.uuid(), version).unwrap_or(0);
        assert!(version > before, "{kind} of {id}: version {version} after {before}");
    }
    assert!(app.db(audit::verify_chain).is_ok(), "the audit chain holds as well");
}

/// A bank that is filled by its users is planned for as it is, though nobody tells the engine to look. PostgreSQL sees to that by itself.
#[test]
fn a5_a_bank_that_grows_is_looked_at() {
    let app = TestApp::start();
    if app.state.db.engine() == Engine::Postgres {
        return;
    }
    let looked_at = || {
        app.db(|conn| {
            let known = "SELECT name AS value FROM sqlite_schema WHERE name LIKE 'sqlite_stat_'";
            Ok(match read(conn, known).is_empty() {
                true => Vec::new(),
                false => read(conn, "SELECT stat AS value FROM sqlite_stat1 WHERE idx = 'customer_by_name'"),
            })
        })
    };
    assert!(looked_at().is_empty());
    let rm = app.role(Role::Rm);
    for n in 0..20 {
        rm.post("/customers", &json!({"kind": "person", "name": format!("王{n}")})).expect(201);
    }
    crate::background::keep_house(&app.state, clock::now()).expect("kept");
    let seen = looked_at();
    assert!(seen.concat().starts_with("20 "), "{seen:?}");
    let samples = app.db(|conn| Ok(read(conn, "SELECT CAST(count(*) AS TEXT) AS value FROM sqlite_stat4")));
    assert_eq!(samples, ["0"]);
    // Whoever analyses everything leaves no samples either.
    app.db(|conn| guanxi_db::analyse(conn).map_err(crate::error::Error::from));
    let samples = app.db(|conn| Ok(read(conn, "SELECT CAST(count(*) AS TEXT) AS value FROM sqlite_stat4")));
    assert_eq!(samples, ["0"]);
}
