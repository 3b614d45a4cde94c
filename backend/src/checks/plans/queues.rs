use super::{plans, populate};
use crate::testing::TestApp;
use crate::{audit, customers};

/// PostgreSQL keeps the plan that a server's first look at an empty table makes, and a queue is empty then.
#[test]
fn a5_what_waits_is_not_compared_with_all_that_waits() {
    let app = TestApp::start();
    let found = app.db(|conn| {
        guanxi_db::analyse(conn)?;
        plans(conn, |conn| customers::fold_portfolio(conn).map(drop))
    });
    let (sql, plan) =
        found.iter().find(|(sql, _)| sql.contains("DELETE FROM portfolio_change")).expect("it takes");
    assert!(!plan.iter().any(|line| line.contains("Join Filter")), "{sql}\n{}", plan.join("\n"));
}

/// A load is looked at by the engine while all that it wrote still waits; by what it learns then, reading the whole table finds the first
/// that waits at once. When nothing waits any more that reads the table to its end, four times a second.
#[test]
fn a5_what_is_to_be_published_is_found_by_its_index() {
    let app = TestApp::start();
    populate(&app, 500);
    let found = app.db(|conn| {
        while audit::publish(conn)? > 0 {}
        plans(conn, |conn| audit::has_unpublished(conn).map(drop))
    });
    let (_, plan) = found.iter().find(|(sql, _)| sql.contains("audit_entry")).expect("it looks");
    assert!(plan.iter().any(|line| line.contains("audit_entry_unsealed")), "{}", plan.join("\n"));
    for (sql, plan) in &found {
        let by_index = |line: &String| line.contains("Index") || line.contains(" INDEX ");
        assert!(plan.iter().any(by_index), "{sql}\n{}", plan.join("\n"));
    }
}
