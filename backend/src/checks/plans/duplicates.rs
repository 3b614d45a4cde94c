use diesel::connection::SimpleConnection;
use guanxi_db::{DbConn, DbError, Engine};

use super::{actor, enlarge, faults, plans, populate};
use crate::access::Actor;
use crate::customers::House;
use crate::error::{Error, Result};
use crate::listing::ListRequest;
use crate::testing::TestApp;
use crate::{duplicates, merging};

type List = fn(&mut DbConn, &Actor, House<'_>, &ListRequest) -> Result<()>;

#[test]
fn plans_of_duplicates_and_merges_follow_an_index() {
    let app = TestApp::start();
    populate(&app, 10_000);
    enlarge(&app);
    // Every customer is like the one after it, and went up in it once.
    app.db(|conn| {
        if conn.engine() == Engine::Postgres {
            // However slow the machine is that makes them.
            conn.batch_execute("SET LOCAL statement_timeout = 0").map_err(DbError::from)?;
        }
        conn.batch_execute(
            "INSERT INTO duplicate_pair (id, first_id, second_id, score, evidence, state, search_id, found_at, version) \
             SELECT one.id, one.id, other.id, 60 + one.search_key % 40, '[\"same_name\"]', \
             CASE WHEN one.search_key % 9 = 0 THEN 'dismissed' ELSE 'open' END, one.id, one.created_at, 1 \
             FROM customer AS one JOIN customer AS other ON other.search_key = one.search_key + 1; \
             INSERT INTO customer_merge (id, survivor_id, merged_id, taken, moved, kept, merged_at, undone_at, version) \
             SELECT one.id, one.id, one.id, '[]', '{}', '{}', one.created_at, \
             CASE WHEN one.search_key % 9 = 0 THEN one.created_at END, 2 FROM customer AS one;",
        )
        .map_err(DbError::from)?;
        guanxi_db::analyse(conn).map_err(Error::from)
    });
    let lists: [(&str, Option<&str>, List); 4] = [
        ("pairs", None, |conn, actor, house, asked| duplicates::pairs(conn, actor, house, asked).map(drop)),
        ("dismissed pairs", Some(r#"state eq "dismissed""#), |conn, actor, house, asked| {
            duplicates::pairs(conn, actor, house, asked).map(drop)
        }),
        ("merges", None, |conn, actor, house, asked| merging::merges(conn, actor, house, asked).map(drop)),
        ("merges that hold", Some("undone_at eq null"), |conn, actor, house, asked| {
            merging::merges(conn, actor, house, asked).map(drop)
        }),
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
            for (sql, plan) in found {
                // A book, and what a unit has, may be sorted.
                let faults = faults(engine, &plan, username != "auditor", false);
                if !faults.is_empty() {
                    wrong.push(format!("{username}, {what}: {faults:#?}\n{sql}\n{}", plan.join("\n")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} plans are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}
