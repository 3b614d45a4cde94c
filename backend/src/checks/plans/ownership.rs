use diesel::connection::SimpleConnection;
use guanxi_db::{DbConn, DbError, Engine};

use super::{actor, add_visits, enlarge, faults, plans, populate};
use crate::access::Actor;
use crate::customers::{self, House};
use crate::error::{Error, Result};
use crate::listing::ListRequest;
use crate::ownership;
use crate::testing::TestApp;

type List = fn(&mut DbConn, &Actor, House<'_>, &ListRequest) -> Result<()>;

#[test]
fn plans_of_ownership_follow_an_index() {
    let app = TestApp::start();
    populate(&app, 10_000);
    enlarge(&app);
    // Where they are few beside the book that is looked at, they are read whole.
    add_visits(&app);
    // Every customer lacks something and was lost once.
    app.db(|conn| {
        if conn.engine() == Engine::Postgres {
            // However slow the machine is that makes them.
            conn.batch_execute("SET LOCAL statement_timeout = 0").map_err(DbError::from)?;
        }
        conn.batch_execute(
            "INSERT INTO customer_care (customer_id, tier, rank, no_owner, unsigned, incomplete, missing, since) \
             SELECT customer.id, 'gold', 1 + customer.search_key % 4, customer.search_key % 3 = 0, customer.search_key % 3 = 1, \
             customer.search_key % 3 = 2, 8, customer.created_at FROM customer; \
             INSERT INTO customer_loss (id, customer_id, org_unit_id, lost_at) \
             SELECT customer.id, customer.id, customer.org_unit_id, customer.created_at FROM customer; \
             INSERT INTO care_plan (id, customer_id, goal, starts_on, review_on, state, version, created_at, updated_at) \
             SELECT customer.id, customer.id, 'goal', '2026-01-01', '2027-01-01', \
             CASE customer.search_key % 4 WHEN 0 THEN 'achieved' ELSE 'active' END, 1, customer.created_at, customer.created_at FROM customer; \
             INSERT INTO task (id, customer_id, title, assignee_id, due_on, priority, status, source, source_id, version, created_at, updated_at) \
             SELECT customer.id, customer.id, 'step', (SELECT user_account.id FROM user_account WHERE user_account.username = 'rm'), '2027-01-01', 'normal', 'open', \
             CASE customer.search_key % 2 WHEN 0 THEN 'care_plan' ELSE 'leader_visit' END, customer.id, 1, customer.created_at, customer.created_at FROM customer; \
             INSERT INTO stand_in (id, absent_id, org_unit_id, user_id, reason, begins_on, ends_on, begins_at, ends_at, cancelled, version, created_at, updated_at) \
             SELECT customer.id, (SELECT user_account.id FROM user_account WHERE user_account.username = 'rm'), customer.org_unit_id, \
             (SELECT user_account.id FROM user_account WHERE user_account.username = 'rm2'), 'leave', '2020-01-01', '2020-01-02', customer.created_at, \
             customer.created_at, FALSE, 1, customer.created_at, customer.created_at FROM customer; \
             INSERT INTO pool_warning (customer_id, warned_on, falls_on) SELECT customer.id, '2026-01-01', '2027-01-01' FROM customer; \
             INSERT INTO pool_customer (customer_id, org_unit_id, previous_owner_id, fell_at) \
             SELECT customer.id, customer.org_unit_id, (SELECT user_account.id FROM user_account WHERE user_account.username = 'rm'), \
             customer.created_at FROM customer;",
        )
        .map_err(DbError::from)?;
        guanxi_db::analyse(conn).map_err(Error::from)
    });
    let lists: [(&str, Option<&str>, List); 8] = [
        ("gaps", None, |conn, actor, house, asked| ownership::gaps(conn, actor, house, asked).map(drop)),
        ("gaps without an owner", Some("no_owner eq true"), |conn, actor, house, asked| {
            ownership::gaps(conn, actor, house, asked).map(drop)
        }),
        ("plans", None, |conn, actor, house, asked| {
            ownership::plans::list(conn, actor, house, asked).map(drop)
        }),
        ("visits", None, |conn, actor, house, asked| {
            ownership::visits::list(conn, actor, house, asked).map(drop)
        }),
        ("the pool", None, |conn, actor, house, asked| {
            ownership::pool::list(conn, actor, house, asked).map(drop)
        }),
        ("warnings", None, |conn, actor, house, asked| {
            ownership::pool::warnings(conn, actor, house, asked).map(drop)
        }),
        ("stand-ins", None, |conn, actor, house, asked| {
            ownership::stand_ins::list(conn, actor, house, asked).map(drop)
        }),
        ("losses", None, |conn, actor, house, asked| customers::losses(conn, actor, house, asked).map(drop)),
    ];
    let mut wrong = Vec::new();
    for username in ["auditor", "rm", "outlet_head", "branch_manager"] {
        let (engine, caller) = (app.state.db.engine(), actor(&app, username));
        for (what, filter, list) in lists {
            let (caller, state) = (caller.clone(), app.state.clone());
            let found = app.db(move |conn| {
                let asked = ListRequest {
                    filter: filter.map(str::to_owned),
                    limit: Some(20),
                    ..ListRequest::default()
                };
                plans(conn, |conn| list(conn, &caller, state.house(), &asked))
            });
            for (n, (sql, plan)) in found.into_iter().enumerate() {
                // A book, and what a unit has, may be sorted, and so may the tasks of one page.
                let faults = faults(engine, &plan, username != "auditor" || n > 0, false);
                if !faults.is_empty() {
                    wrong.push(format!("{username}, {what}: {faults:#?}\n{sql}\n{}", plan.join("\n")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} plans are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}
