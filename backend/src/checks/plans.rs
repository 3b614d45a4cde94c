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

/// Customers a transaction.
const CHUNK: u64 = 250;

/// Gives the fixture's bank so many customers, spread over its outlets and their managers, and lets the engine look at them.
pub(super) fn populate(app: &TestApp, customers: u64) {
    const OUTLETS: [(&str, &[&str]); 3] = [("a1", &["rm", "rm2"]), ("a2", &["rm_a2"]), ("b1", &["rm_b1"])];
    let now = clock::now();
    let bank = generator::bank(7, customers);
    let today = app.state.settings.day(now);
    let user = |name: &str| UserId::new(app.fixture.user(name));
    let prepare = |n: u64| {
        let demo = generator::customer(7, n, &bank, today);
        let (unit, managers) = OUTLETS[demo.unit % OUTLETS.len()];
        let owner = managers[demo.unit / OUTLETS.len() % managers.len()];
        Prepared {
            org_unit_id: OrgUnitId::new(app.fixture.unit(unit)),
            // A book is a few hundred customers, as in a bank with staff enough.
            owner_id: demo.owner.filter(|_| n.is_multiple_of(8)).map(|_| user(owner)),
            team: demo
                .team
                .first()
                .filter(|_| n.is_multiple_of(8))
                .map(|(_, role)| (user("adviser"), *role))
                .into_iter()
                .collect(),
            tier: demo.tier,
            aum: demo.aum,
            created_at: now.plus_seconds(-i64::from(demo.created_days_ago) * 86_400),
            updated_at: now.plus_seconds(-i64::from(demo.updated_days_ago) * 86_400),
            archived: false,
            new: demo.new,
        }
    };
    for from in (0..customers).step_by(usize::try_from(CHUNK).expect("small")) {
        let chunk: Vec<Prepared> = (from..(from + CHUNK).min(customers)).map(prepare).collect();
        let state = app.state.clone();
        app.db(move |conn| {
            let house = state.house();
            customers::create_many(conn, &Actor::operator(now), house, &chunk)
        });
    }
    tag_some(app);
    app.db(|conn| guanxi_db::analyse(conn).map_err(Error::from));
}

/// Gives every third customer of [`populate`] a tag, and one in 500 another one.
fn tag_some(app: &TestApp) {
    app.db(|conn| {
        for (name, every) in [("common", 3), ("rare", 500)] {
            let new = guanxi_api::NewTag {
                name: name.to_owned(),
                colour: guanxi_api::TagColour::Grey,
                description: None,
            };
            customers::create_tag(conn, &Actor::operator(clock::now()), &new)?;
            let given = format!(
                "INSERT INTO customer_tag (customer_id, tag_id, added_at) SELECT customer.id, tag.id, customer.created_at \
                 FROM customer, tag WHERE tag.name = '{name}' AND customer.search_key % {every} = 0; \
                 UPDATE tag SET customers = (SELECT COUNT(*) FROM customer_tag WHERE customer_tag.tag_id = tag.id)"
            );
            conn.batch_execute(&given).map_err(DbError::from)?;
        }
        Ok(())
    });
}

/// Puts one in twenty of the customers of [`populate`] on all lists that follow from tiers.
fn watch_some(app: &TestApp) {
    app.db(|conn| {
        conn.batch_execute(
            "UPDATE customer_figures SET promotion_candidate = TRUE, promotion_gap = aum, in_grace = TRUE, demotes_on = '2027-01-31', \
             hidden_gem = TRUE, largest_transaction = aum, data_gap = TRUE \
             WHERE customer_id IN (SELECT customer.id FROM customer WHERE customer.search_key % 20 = 0)",
        )
        .map_err(DbError::from)?;
        guanxi_db::analyse(conn).map_err(Error::from)
    });
}

/// Gives the customers of [`populate`] what the generator has them hold, and their segments.
pub(super) fn populate_holdings(app: &TestApp) {
    let state = app.state.clone();
    app.db(move |conn| {
        use guanxi_db::schema::customer;
        let now = clock::now();
        let (actor, today) = (Actor::operator(now), state.settings.day(now));
        let house = state.house();
        let catalogue = demo::make_catalogue(conn, &state.settings)?;
        let ids: Vec<customers::CustomerId> = customer::table
            .order(customer::search_key)
            .select(customer::id)
            .load(conn)
            .map_err(DbError::from)?;
        let bank = generator::bank(7, ids.len() as u64);
        for (at, chunk) in ids.chunks(500).enumerate() {
            let mut loaded = Vec::new();
            for (n, id) in chunk.iter().enumerate() {
                let n = (at * 500 + n) as u64;
                let customer = generator::customer(7, n, &bank, today);
                for held in generator::holdings::holdings(7, n, &customer, today) {
                    loaded.push(demo::loaded(*id, now, &held, &catalogue, &state.settings)?);
                }
            }
            holdings::load(conn, &actor, house, &loaded)?;
        }
        Ok(())
    });
    let state = app.state.clone();
    while app.db({
        let settings = state.settings.clone();
        move |conn| segments::do_some_work(conn, &Actor::operator(clock::now()), &settings)
    }) {}
    app.db(|conn| guanxi_db::analyse(conn).map_err(Error::from));
}

/// Two surveys to which every customer of [`populate`] was invited and which everyone has answered.
pub(super) fn populate_answers(app: &TestApp) -> (SurveyId, SurveyId) {
    let head = app.role(guanxi_api::Role::BranchManager);
    let survey = crate::surveys::running_survey(&head, false);
    let other = crate::surveys::running_survey(&head, false);
    let (id, other): (SurveyId, SurveyId) =
        (Id::new(survey.parse().expect("an id")), Id::new(other.parse().expect("an id")));
    app.db(move |conn| {
        let random = match conn.engine() {
            Engine::Sqlite => "randomblob(16)",
            Engine::Postgres => "gen_random_uuid()",
        };
        let (hash, on) = match conn.engine() {
            Engine::Sqlite => ("randomblob(32)", "'2026-11-26'"),
            Engine::Postgres => ("decode(md5(random()::text) || md5(random()::text), 'hex')", "DATE '2026-11-26'"),
        };
        for survey in [id, other] {
            let statements = [
                format!(
                    "INSERT INTO survey_invitation (id, survey_id, customer_id, token_hash, opened, used, revoked, version, created_at) \
                     SELECT {random}, survey.id, customer.id, {hash}, customer.archived, customer.archived, customer.archived, 1, customer.created_at \
                     FROM customer, survey WHERE survey.id = $1"
                ),
                format!(
                    "INSERT INTO survey_answer (id, survey_id, customer_id, source, language, answers, low, has_text, tier, org_unit_id, \
                     owner_id, answered_on, answered_at) SELECT {random}, survey.id, customer.id, 'link', 'en', '[]', customer.archived, \
                     customer.archived, 'gold', customer.org_unit_id, customer.owner_id, {on}, customer.created_at \
                     FROM customer, survey WHERE survey.id = $1"
                ),
            ];
            for statement in statements {
                diesel::sql_query(statement).bind::<DbUuid, _>(survey).execute(conn).map_err(DbError::from)?;
            }
        }
        guanxi_db::analyse(conn).map_err(Error::from)
    });
    (id, other)
}

/// Adds nine copies of every customer and holding on PostgreSQL, so that a bank is large beside a book: in 10,000 rows PostgreSQL rightly reads
/// narrow tables from end to end. Nobody owns the copies and no search finds them, so books and findings stay as small as they are.
/// SQLite chooses the same plans for any number of rows, because it does not look at values.
fn enlarge(app: &TestApp) {
    if app.state.db.engine() == Engine::Sqlite {
        return;
    }
    for n in 1..10 {
        app.db(move |conn| {
            let copies = [
                format!(
                    "INSERT INTO customer SELECT copy.* FROM customer AS c, LATERAL jsonb_populate_record(c, jsonb_build_object(\
                     'id', md5(c.id::text || {n})::uuid, 'customer_no', c.customer_no || '-{n}', 'owner_id', NULL, \
                     'search_key', c.search_key + {n} * 1000000000::bigint)) AS copy WHERE strpos(c.customer_no, '-') = 0"
                ),
                copy_of("customer_figures", "", n),
                copy_of("customer_search", ", 'tokens', md5(c.id::text)", n),
                copy_of("segment_member", "", n),
                copy_of("customer_tag", "", n),
                copy_of("holding", &format!(", 'id', md5(t.id::text || {n})::uuid"), n),
                format!(
                    "INSERT INTO household SELECT copy.* FROM household AS h, LATERAL jsonb_populate_record(h, jsonb_build_object(\
                     'id', md5(h.id::text || {n})::uuid, 'name', h.name || '-{n}')) AS copy WHERE strpos(h.name, '-') = 0"
                ),
                copy_of("household_member", &format!(", 'household_id', md5(t.household_id::text || {n})::uuid"), n),
            ];
            // However slow the machine is that makes them.
            let patience = "SET LOCAL statement_timeout = 0".to_owned();
            for copy in [patience].iter().chain(&copies) {
                conn.batch_execute(copy).map_err(DbError::from)?;
            }
            Ok(())
        });
    }
    app.db(|conn| guanxi_db::analyse(conn).map_err(Error::from));
}

/// What copies the rows of a table that belong to a customer, with other values in the columns of `changes`.
fn copy_of(table: &str, changes: &str, n: u32) -> String {
    format!(
        "INSERT INTO {table} SELECT copy.* FROM {table} AS t JOIN customer AS c ON c.id = t.customer_id, \
         LATERAL jsonb_populate_record(t, jsonb_build_object('customer_id', md5(c.id::text || {n})::uuid{changes})) AS copy \
         WHERE strpos(c.customer_no, '-') = 0"
    )
}

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
fn plans_of_searches_follow_an_index() {
    let app = TestApp::start();
    populate(&app, 10_000);
    enlarge(&app);
    let today = app.state.settings.day(clock::now());
    let bank = generator::bank(7, 10_000);
    let persons: Vec<_> = (0..200).map(|n| generator::customer(7, n, &bank, today).new).collect();
    let phone = persons
        .iter()
        .flat_map(|new| &new.contact_points)
        .find(|point| point.value.len() >= 11)
        .expect("a phone");
    let identity: &IdentityDocument =
        persons.iter().find_map(|new| new.identity.as_ref()).expect("an identity");
    let external = persons.iter().flat_map(|new| &new.external_ids).next().expect("an external id");
    let name = &persons.iter().find(|new| new.name.chars().count() == 3).expect("a name").name;
    let tail: String = phone.value.chars().skip(phone.value.len() - 4).collect();
    let searches = [
        ("two characters", name.chars().take(2).collect::<String>(), true),
        ("pinyin", "wangwei".to_owned(), false),
        ("initials", "zw".to_owned(), false),
        ("the tail of a phone", tail, true),
        ("a whole phone", phone.value.clone(), true),
        ("a customer number", "C000000018".to_owned(), false),
        ("an external id", external.id.clone(), true),
        ("an identity number", identity.number.clone(), true),
    ];
    let mut wrong = Vec::new();
    for username in ["auditor", "rm", "outlet_head"] {
        let actor = actor(&app, username);
        for (what, q, must_find) in searches.clone() {
            let state = app.state.clone();
            let (actor, engine, text) = (actor.clone(), app.state.db.engine(), q.clone());
            let (rows, found) = app.db(move |conn| {
                let house = state.house();
                let request =
                    CustomerSearch { q: Some(text.clone()), limit: Some(20), ..CustomerSearch::default() };
                // The names of units and users are known after the first search that finds somebody.
                let mut rows = customers::search(conn, &actor, house, &request)?.data.len();
                let found = plans(conn, |conn| {
                    rows = customers::search(conn, &actor, house, &request)?.data.len();
                    Ok(())
                })?;
                Ok((rows, found))
            });
            assert!(rows > 0 || !must_find || username != "auditor", "{what} ({q}) finds nobody");
            assert!((1..=4).contains(&found.len()), "{what}: {} statements", found.len());
            for (sql, plan) in found {
                // What a search finds is sorted: it is little beside the bank.
                let faults = faults(engine, &plan, true, false);
                if !faults.is_empty() {
                    wrong.push(format!("{username}, {what}: {faults:#?}\n{sql}\n{}", plan.join("\n")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} plans are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn plans_of_searches_that_find_many_follow_the_order_of_names() {
    let app = TestApp::start();
    populate(&app, 10_000);
    enlarge(&app);
    let mut wrong = Vec::new();
    for (username, book) in [("auditor", false), ("rm", true), ("outlet_head", false)] {
        let actor = actor(&app, username);
        let asked =
            ["zhang", "王", "w", "li", "gongsi"].map(|q| (q, 20_000, 4)).into_iter().chain([("li", 0, 3)]);
        for (q, stretch, least) in asked {
            let reach = customers::Reach { few: 0, stretch };
            // Beyond the stretch all that are found are sorted.
            let sorted = book || stretch == 0;
            let state = app.state.clone();
            let (actor, engine) = (actor.clone(), app.state.db.engine());
            let found = app.db(move |conn| {
                let house = state.house();
                let mut request =
                    CustomerSearch { q: Some(q.to_owned()), limit: Some(5), ..CustomerSearch::default() };
                let mut search = |conn: &mut DbConn| {
                    let page = customers::search_by(conn, &actor, house, &request, reach)?;
                    request.cursor = page.page.next;
                    Ok(())
                };
                let mut found = plans(conn, &mut search)?;
                search(conn)?;
                found.extend(plans(conn, &mut search)?);
                Ok(found)
            });
            assert!(found.len() >= least, "{q}: {} statements", found.len());
            for (sql, plan) in found {
                // Only a book is sorted: what it holds is little beside the bank.
                let faults = faults(engine, &plan, sorted, sorted);
                if !faults.is_empty() {
                    wrong.push(format!("{username}, {q}: {faults:#?}\n{sql}\n{}", plan.join("\n")));
                }
            }
        }
    }
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
mod queues;
mod relations;
mod tags;
mod views;
