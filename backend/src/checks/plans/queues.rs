use super::plans;
use crate::customers;
use crate::testing::TestApp;

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
