use std::sync::{Arc, Mutex};

use diesel::connection::{Connection, Instrumentation, InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use guanxi_api::{CustomerSearch, IdentityDocument};
use guanxi_db::{DbConn, DbError, DbUuid, Engine, Id};

use crate::access::{Actor, OrgUnitId, UserId};
use crate::customers::{self, Prepared};
use crate::error::{Error, Result};
use crate::listing::ListRequest;
use crate::surveys::{self, SurveyId};
use crate::testing::TestApp;
use crate::{clock, demo, demo::generator, holdings, reports, segments, verify};

pub(super) use population::populate;
use population::{enlarge, populate_answers, populate_holdings, watch_some};

/// An actor for a user of the fixture, as the gate would make it.
pub(super) fn actor(app: &TestApp, username: &str) -> Actor {
    let now = clock::now();
    let token = app.user(username).token.expect("signed in");
    let session = app.state.signer.verify(&token, now).expect("its own token").session;
    app.db(move |conn| Actor::of_session(conn, session, now))
}

/// Keeps the text and the values of every statement that a connection runs.
struct Listener(Arc<Mutex<Vec<String>>>);

impl Instrumentation for Listener {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            self.0.lock().expect("no panic in here").push(query.to_string());
        }
    }
}

#[derive(QueryableByName)]
struct SqlitePlan {
    #[diesel(sql_type = Text)]
    detail: String,
    #[diesel(sql_type = Integer)]
    #[allow(dead_code)]
    id: i32,
}

#[derive(QueryableByName)]
struct PostgresPlan {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}

/// The plans of the statements that `act` runs on customers.
fn plans(
    conn: &mut DbConn,
    act: impl FnOnce(&mut DbConn) -> Result<()>,
) -> Result<Vec<(String, Vec<String>)>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    conn.set_instrumentation(Listener(Arc::clone(&heard)));
    let done = act(conn);
    conn.set_instrumentation(None::<Box<dyn Instrumentation>>);
    done?;
    let statements = std::mem::take(&mut *heard.lock().expect("no panic in here"));
    statements
        .into_iter()
        .filter(|statement| statement.contains("FROM"))
        .map(|statement| {
            let (sql, binds) = statement.split_once(" -- binds: ").unwrap_or((&statement, "[]"));
            let plan = explain(conn, sql, &literals(binds))?;
            Ok((sql.to_owned(), plan))
        })
        .collect()
}

/// The plan that the engine really chooses, which is the same for all values that are bound: SQLite is built so (QPSG), PostgreSQL told so
/// (`plan_cache_mode`).
fn explain(conn: &mut DbConn, sql: &str, literals: &[String]) -> Result<Vec<String>> {
    let plan = match conn {
        DbConn::Sqlite(conn) => diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}"))
            .load::<SqlitePlan>(conn)
            .map(|rows| rows.into_iter().map(|row| row.detail).collect()),
        DbConn::Pg(conn) => {
            conn.batch_execute(&format!("PREPARE looked_at AS {sql}")).map_err(DbError::from)?;
            let values = literals.join(", ");
            let values = if values.is_empty() { values } else { format!("({values})") };
            let plan = diesel::sql_query(format!("EXPLAIN EXECUTE looked_at{values}"))
                .load::<PostgresPlan>(conn)
                .map(|rows| rows.into_iter().map(|row| row.line).collect());
            conn.batch_execute("DEALLOCATE looked_at").map_err(DbError::from)?;
            plan
        }
    };
    Ok(plan.map_err(DbError::from)?)
}

/// The bound values of a statement as PostgreSQL writes them, from how diesel shows them: `["text", 5, true, Moment(7), 0193…, [1, 2]]`.
fn literals(binds: &str) -> Vec<String> {
    let mut items = Vec::new();
    let (mut depth, mut quoted, mut item) = (0, false, String::new());
    let inner = binds.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or_default();
    for c in inner.chars() {
        match c {
            '"' => quoted = !quoted,
            '[' | '(' if !quoted => depth += 1,
            ']' | ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                items.push(std::mem::take(&mut item));
                continue;
            }
            _ => {}
        }
        item.push(c);
    }
    items.push(item);
    items.iter().map(|item| literal(item.trim())).collect()
}

fn literal(item: &str) -> String {
    if let Some(micros) = item.strip_prefix("Moment(").and_then(|rest| rest.strip_suffix(')')) {
        return format!("(timestamptz 'epoch' + {micros} * interval '1 microsecond')");
    }
    if let Some(bytes) = item.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let parts: Vec<&str> = bytes.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        let read: Option<Vec<u8>> = parts.iter().map(|part| part.parse().ok()).collect();
        // Else it is an array of ids.
        return match read.filter(|bytes| !bytes.is_empty()) {
            Some(bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("'\\x{hex}'::bytea")
            }
            None => format!("'{{{}}}'", parts.join(",")),
        };
    }
    if let Some(text) = item.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    match item.parse::<i64>() {
        Ok(number) => number.to_string(),
        Err(_) if item == "true" || item == "false" => item.to_owned(),
        Err(_) => format!("'{item}'"),
    }
}

/// What is wrong with a plan: a table of the bank's size read from end to end, or sorted whole.
///
/// A book may be sorted, but never found by walking the bank in the list's order.
fn faults(engine: Engine, plan: &[String], may_sort: bool, is_book: bool) -> Vec<String> {
    const LARGE: [&str; 49] = [
        "duplicate_pair",
        "pair",
        "customer_merge",
        "customer_tag",
        "customer_value",
        "job_target",
        "saved_view",
        "known",
        "given",
        "import_duplicate",
        "customer_care",
        "care_plan",
        "leader_visit",
        "pool_customer",
        "pool_warning",
        "customer_loss",
        "customer_ownership",
        "segment_member",
        "aum_balance",
        "field_conflict",
        "relation",
        "household",
        "household_member",
        "belongs",
        "named",
        "holding_co_owner",
        "owned",
        "job",
        "import_change",
        "import_problem",
        "survey_invitation",
        "survey_answer",
        "survey_answer_value",
        "customer",
        "own",
        "customer_figures",
        "customer_pair",
        "customer_search",
        "contact_point",
        "identity_document",
        "external_id",
        "holding",
        "holding_transaction",
        "holding_balance",
        "customer_tier_history",
        "interaction",
        "interaction_search",
        "task",
        "worked",
    ];
    let mut faults = Vec::new();
    for line in plan {
        let words: Vec<&str> = line.trim_start_matches([' ', '-', '>']).split_whitespace().collect();
        let scans = match engine {
            // "SCAN customer" reads the table; "SCAN customer USING INDEX …" follows an order and stops with the page.
            Engine::Sqlite => {
                words.first() == Some(&"SCAN")
                    && words.get(1).is_some_and(|table| LARGE.contains(table))
                    && (is_book || !line.contains("USING"))
                    // The full-text index, asked for a match.
                    && !line.contains("VIRTUAL TABLE INDEX 0:M")
            }
            Engine::Postgres => {
                line.contains("Seq Scan on ")
                    && words
                        .iter()
                        .skip_while(|word| **word != "on")
                        .nth(1)
                        .is_some_and(|table| LARGE.contains(table))
            }
        };
        let sorts = match engine {
            Engine::Sqlite => line.contains("USE TEMP B-TREE FOR ORDER BY"),
            Engine::Postgres => words.first().is_some_and(|word| *word == "Sort"),
        };
        if scans || (sorts && !may_sort) {
            faults.push(line.trim().to_owned());
        }
    }
    faults
}

/// A leader is to visit every customer.
fn add_visits(app: &TestApp) {
    app.db(|conn| {
        if conn.engine() == Engine::Postgres {
            // However slow the machine is that makes them.
            conn.batch_execute("SET LOCAL statement_timeout = 0").map_err(DbError::from)?;
        }
        conn.batch_execute(
            "INSERT INTO leader_visit (id, customer_id, user_id, role, tier, rank, since, due_on) \
             SELECT customer.id, customer.id, (SELECT user_account.id FROM user_account WHERE user_account.username = \
             CASE customer.search_key % 3 WHEN 0 THEN 'branch_manager' WHEN 1 THEN 'deputy_manager' ELSE 'outlet_head' END), \
             'outlet_head', 'gold', 1, customer.created_at, '2027-01-01' FROM customer;",
        )
        .map_err(DbError::from)?;
        guanxi_db::analyse(conn).map_err(Error::from)
    });
}

#[test]
fn plans_of_lists_follow_an_index() {
    let app = TestApp::start();
    populate(&app, 10_000);
    watch_some(&app);
    enlarge(&app);
    let mut wrong = Vec::new();
    for (username, book) in [
        ("auditor", false),
        ("rm", true),
        ("rm_b1", true),
        ("adviser", true),
        ("outlet_head", false),
        ("branch_manager", false),
    ] {
        let actor = actor(&app, username);
        for (sort, filter) in [
            ("name", None),
            ("-aum", None),
            ("-updated_at", None),
            ("-created_at", None),
            ("-aum", Some(r#"tier eq "gold" and city eq "上海""#)),
            ("promotion_gap", Some("promotion_candidate eq true")),
            ("demotes_on", Some("in_grace eq true")),
            ("-largest_transaction", Some("hidden_gem eq true")),
            ("completeness", None),
            ("completeness", Some("data_gap eq true")),
        ] {
            // A book and an outlet are small beside the bank: what they hold may be sorted.
            let bounded = book || username == "outlet_head" || (username == "branch_manager");
            let state = app.state.clone();
            let (actor, engine) = (actor.clone(), app.state.db.engine());
            let found = app.db(move |conn| {
                let house = state.house();
                let mut request = ListRequest {
                    sort: Some(sort.to_owned()),
                    filter: filter.map(str::to_owned),
                    limit: Some(20),
                    ..ListRequest::default()
                };
                // The names of units and users are known after the first list.
                customers::list(conn, &actor, house, &request)?;
                let mut found = plans(conn, |conn| customers::list(conn, &actor, house, &request).map(drop))?;
                for _ in 0..3 {
                    request.cursor = customers::list(conn, &actor, house, &request)?.page.next;
                }
                found.extend(plans(conn, |conn| customers::list(conn, &actor, house, &request).map(drop))?);
                Ok(found)
            });
            // Tags are asked for where there are rows, and by those who see them.
            assert!([2, 4].contains(&found.len()), "a list is one statement, and one for its tags");
            for (n, (sql, plan)) in found.into_iter().enumerate() {
                let page = format!("statement {n}");
                let faults = faults(engine, &plan, bounded, book);
                if !faults.is_empty() {
                    wrong.push(format!(
                        "{username} {sort} {filter:?} {page}: {faults:#?}\n{sql}\n{}",
                        plan.join("\n")
                    ));
                }
            }
        }
        let state = app.state.clone();
        let found = app.db(move |conn| {
            let directory = state.house().directory;
            plans(conn, |conn| reports::data_quality(conn, &actor, directory).map(drop))
        });
        for (sql, plan) in found {
            // A book is read; of units only what is kept of their books, whose rows go by the name of customers.
            let faults = match book {
                true => faults(app.state.db.engine(), &plan, true, true),
                false => sql.contains("customer_figures").then_some(sql.clone()).into_iter().collect(),
            };
            if !faults.is_empty() {
                wrong.push(format!("{username} data quality: {faults:#?}\n{sql}\n{}", plan.join("\n")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} plans are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn plans_of_holdings_follow_an_index() {
    let app = TestApp::start();
    populate(&app, 10_000);
    populate_holdings(&app);
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new(), "demo data is what it says");
    enlarge(&app);
    let counted = app.db(|conn| {
        use guanxi_db::schema::holding;
        holding::table.count().get_result::<i64>(conn).map_err(|error| DbError::from(error).into())
    });
    assert!(counted >= 10_000, "{counted}");
    let mut wrong = Vec::new();
    let mut look = |what: String, bounded: bool, book: bool, found: Vec<(String, Vec<String>)>| {
        for (sql, plan) in found {
            let faults = faults(app.state.db.engine(), &plan, bounded, book);
            if !faults.is_empty() {
                wrong.push(format!("{what}: {faults:#?}\n{sql}\n{}", plan.join("\n")));
            }
        }
    };
    for (username, book) in [
        ("auditor", false),
        ("rm", true),
        ("adviser", true),
        ("outlet_head", false),
        ("branch_manager", false),
    ] {
        let actor = actor(&app, username);
        for (sort, filter) in [
            (None, None),
            (Some("-value"), None),
            (None, Some(r#"status eq "closed""#)),
            (
                None,
                Some(r#"status eq "active" and matures_on ge "2026-11-26" and matures_on le "2026-12-26""#),
            ),
        ] {
            let bounded = username != "auditor";
            let (state, by) = (app.state.clone(), actor.clone());
            let found = app.db(move |conn| {
                let house = state.house();
                let mut request = ListRequest {
                    sort: sort.map(str::to_owned),
                    filter: filter.map(str::to_owned),
                    limit: Some(20),
                    ..ListRequest::default()
                };
                let mut found = plans(conn, |conn| holdings::list(conn, &by, house, &request).map(drop))?;
                request.cursor = holdings::list(conn, &by, house, &request)?.page.next;
                found.extend(plans(conn, |conn| holdings::list(conn, &by, house, &request).map(drop))?);
                Ok(found)
            });
            assert_eq!(found.len(), 2, "a list is one statement");
            look(format!("{username} {sort:?} {filter:?}"), bounded, book, found);
        }
    }
    // What belongs to one customer or holding is small and may be sorted, but is never looked for in the whole bank.
    let (state, by) = (app.state.clone(), actor(&app, "auditor"));
    let found = app.db(move |conn| {
        let house = state.house();
        let request = ListRequest { limit: Some(20), ..ListRequest::default() };
        let first = holdings::list(conn, &by, house, &request)?.data.remove(0);
        let (id, customer) =
            (holdings::HoldingId::new(first.id), customers::CustomerId::new(first.customer.id));
        let days = guanxi_api::BalanceQuery::default();
        plans(conn, |conn| {
            holdings::of_customer(conn, &by, house, customer, &request)?;
            holdings::transactions_of_customer(conn, &by, house, customer, &request)?;
            customers::tier_history(conn, &by, house, customer, &request)?;
            holdings::transactions(conn, &by, house, id, &request)?;
            holdings::balances(conn, &by, house, id, &days)?;
            holdings::read(conn, &by, house, id).map(drop)
        })
    });
    assert!(found.len() >= 8, "{}", found.len());
    look("of one".to_owned(), true, true, found);
    assert!(wrong.is_empty(), "{} plans are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn plans_of_lists_of_surveys_follow_an_index() {
    let app = TestApp::start();
    populate(&app, 10_000);
    let (id, _) = populate_answers(&app);
    let customer = app.db(|conn| {
        use guanxi_db::schema::customer;
        let first = customer::table.select(customer::id).first::<customers::CustomerId>(conn);
        first.map_err(|error| DbError::from(error).into())
    });
    let mut wrong = Vec::new();
    for (username, bounded) in [("auditor", false), ("rm", true), ("branch_manager", true)] {
        let actor = actor(&app, username);
        let state = app.state.clone();
        let engine = app.state.db.engine();
        let found = app.db(move |conn| {
            let house = state.house();
            let asked = ListRequest { limit: Some(20), ..ListRequest::default() };
            let low = ListRequest { filter: Some("low eq false".into()), ..asked.clone() };
            let mut found = plans(conn, |conn| {
                surveys::list_invitations(conn, &actor, house.keys, id, &asked).map(drop)
            })?;
            found.extend(plans(conn, |conn| {
                surveys::list_answers(conn, &actor, house, id, &asked).map(drop)
            })?);
            found.extend(plans(conn, |conn| surveys::list_answers(conn, &actor, house, id, &low).map(drop))?);
            found.extend(plans(conn, |conn| {
                surveys::list_surveys(conn, &actor, house.keys, &asked).map(drop)
            })?);
            found.extend(plans(conn, |conn| {
                surveys::list_questionnaires(conn, &actor, house.keys, &asked).map(drop)
            })?);
            if username == "auditor" {
                let read = |conn: &mut DbConn| {
                    surveys::customer_answers(conn, &actor, house, customer, &asked).map(drop)
                };
                found.extend(plans(conn, read)?);
            }
            let token = "A".repeat(43);
            found.extend(plans(conn, |conn| surveys::open_by_token(conn, &token, clock::now()).map(drop))?);
            Ok(found)
        });
        assert!(found.len() > 8, "{} statements", found.len());
        for (sql, plan) in found {
            // A bank has few surveys and questionnaires, this one two: PostgreSQL rightly sorts them.
            let few = engine == Engine::Postgres
                && !["survey_invitation", "survey_answer"].iter().any(|t| sql.contains(t));
            let faults = faults(engine, &plan, bounded || few, false);
            if !faults.is_empty() {
                wrong.push(format!("{username}: {faults:#?}\n{sql}\n{}", plan.join("\n")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} plans are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn plans_with_a_scan_or_a_sort_are_noticed() {
    let line = |text: &str| vec![text.to_owned()];
    assert_eq!(faults(Engine::Sqlite, &line("SCAN customer"), true, false).len(), 1);
    assert!(
        faults(Engine::Sqlite, &line("SCAN customer USING INDEX customer_by_name"), true, false).is_empty()
    );
    assert_eq!(
        faults(Engine::Sqlite, &line("SCAN customer_search VIRTUAL TABLE INDEX 0:"), true, false).len(),
        1
    );
    assert!(
        faults(Engine::Sqlite, &line("SCAN customer_search VIRTUAL TABLE INDEX 0:M1"), true, false)
            .is_empty()
    );
    assert_eq!(
        faults(Engine::Sqlite, &line("SCAN customer USING INDEX customer_by_name"), true, true).len(),
        1
    );
    assert_eq!(faults(Engine::Sqlite, &line("USE TEMP B-TREE FOR ORDER BY"), false, false).len(), 1);
    assert_eq!(
        faults(Engine::Postgres, &line("  ->  Seq Scan on customer  (cost=0.00..1)"), true, false).len(),
        1
    );
    assert_eq!(
        faults(
            Engine::Postgres,
            &line("  ->  Parallel Seq Scan on customer_figures (cost=0.00..1)"),
            true,
            false
        )
        .len(),
        1
    );
    assert!(
        faults(Engine::Postgres, &line("->  Seq Scan on org_unit  (cost=0.00..1)"), false, false).is_empty()
    );
    assert_eq!(faults(Engine::Postgres, &line("  ->  Sort  (cost=1)"), false, false).len(), 1);

    // And end to end: an order without an index of its own.
    let app = TestApp::start();
    populate(&app, 500);
    let engine = app.state.db.engine();
    let found = app.db(|conn| {
        plans(conn, |conn| {
            use guanxi_db::schema::customer;
            let rows = customer::table
                .order(customer::occupation)
                .select(customer::name)
                .limit(5)
                .load::<String>(conn);
            rows.map(drop).map_err(|error| DbError::from(error).into())
        })
    });
    assert!(!faults(engine, &found[0].1, false, false).is_empty(), "{:?}", found[0]);
}

mod contacts;
mod duplicates;
mod jobs;
mod ownership;
mod population;
mod queues;
mod relations;
mod searches;
mod tags;
mod views;
