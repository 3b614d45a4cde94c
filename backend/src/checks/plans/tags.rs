use guanxi_db::{Engine, Id};

use super::{actor, enlarge, faults, plans, populate};
use crate::access::Actor;
use crate::clock;
use crate::customers::{self, TagId};
use crate::error::Result;
use crate::listing::ListRequest;
use crate::testing::TestApp;

/// A tag that a third of the customers have, and one that a few have.
#[test]
fn plans_of_tags_follow_an_index() {
    let app = TestApp::start();
    populate(&app, 10_000);
    let keys = app.state.keys.clone();
    let (common, rare) = app.db(move |conn| {
        let tags =
            customers::list_tags(conn, &Actor::operator(clock::now()), &keys, &ListRequest::default())?.data;
        let of = |name: &str| TagId::new(tags.iter().find(|tag| tag.name == name).expect("it is there").id);
        Ok((of("common"), of("rare")))
    });
    assert_eq!(app.db(customers::wrong_tag_counts), 0);
    enlarge(&app);
    let engine = app.state.db.engine();
    let mut wrong = Vec::new();
    for (username, book) in
        [("auditor", false), ("rm", true), ("outlet_head", false), ("branch_manager", false)]
    {
        let actor = actor(&app, username);
        let filters = [
            format!(r#"tag_id eq "{common}""#),
            format!(r#"tag_id eq "{rare}""#),
            format!(r#"tag_id in ("{rare}", "{common}")"#),
            format!(r#"tag_id eq "{rare}" and status eq "active""#),
        ];
        for (filter, sort) in filters.iter().flat_map(|filter| [(filter, None), (filter, Some("-aum"))]) {
            let (state, by) = (app.state.clone(), actor.clone());
            let asked = ListRequest {
                filter: Some(filter.clone()),
                sort: sort.map(str::to_owned),
                limit: Some(20),
                ..ListRequest::default()
            };
            let found = app.db(move |conn| {
                let house = state.house();
                let mut asked = asked.clone();
                // The names of units and users are known after the first list.
                asked.cursor = customers::list(conn, &by, house, &asked)?.page.next;
                let first = ListRequest { cursor: None, ..asked.clone() };
                let mut found = plans(conn, |conn| customers::list(conn, &by, house, &first).map(drop))?;
                found.extend(plans(conn, |conn| customers::list(conn, &by, house, &asked).map(drop))?);
                Ok(found)
            });
            assert!(found.len() >= 2, "{} statements", found.len());
            for (sql, plan) in found {
                // What has a tag is found by its index and may be sorted.
                let faults = faults(engine, &plan, true, book);
                if !faults.is_empty() {
                    wrong.push(format!(
                        "{username} {filter} {sort:?}: {faults:#?}\n{sql}\n{}",
                        plan.join("\n")
                    ));
                }
            }
        }
        // A rare tag never has the whole list walked.
        let (state, by) = (app.state.clone(), actor.clone());
        let found = app.db(move |conn| -> Result<_> {
            let house = state.house();
            let asked = ListRequest {
                filter: Some(format!(r#"tag_id eq "{rare}""#)),
                limit: Some(20),
                ..ListRequest::default()
            };
            let first = customers::list(conn, &by, house, &asked)?;
            plans(conn, |conn| {
                customers::list(conn, &by, house, &asked)?;
                for customer in first.data.iter().take(1) {
                    customers::tags_of(conn, &by, Id::new(customer.id))?;
                }
                customers::list_tags(conn, &by, house.keys, &ListRequest::default()).map(drop)
            })
        });
        for (sql, plan) in found {
            let walks = |line: &&String| engine == Engine::Sqlite && line.starts_with("SCAN customer ");
            let faults: Vec<_> = faults(engine, &plan, true, book)
                .into_iter()
                .chain(plan.iter().filter(walks).cloned())
                .collect();
            if !faults.is_empty() {
                wrong.push(format!("{username}, rare: {faults:#?}\n{sql}\n{}", plan.join("\n")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} plans are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}
