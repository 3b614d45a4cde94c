use diesel::prelude::*;
use guanxi_db::schema::saved_view;
use guanxi_db::{DbError, Doc, Id, on_each};
use serde_json::json;

use super::{actor, faults, plans};
use crate::access::Actor;
use crate::error::{Error, Result};
use crate::listing::ListRequest;
use crate::testing::TestApp;
use crate::{clock, views};

/// Views of a bank: most of them private, some shared with units, a few with everybody.
#[test]
fn plans_of_views_follow_an_index() {
    let app = TestApp::start();
    let asking = ["rm", "branch_manager", "auditor"];
    let (own, others): (Vec<_>, Vec<_>) =
        app.fixture.users.clone().into_iter().partition(|(name, _)| asking.contains(&name.as_str()));
    let ids = |users: Vec<(String, uuid::Uuid)>| -> Vec<Id<()>> {
        users.into_iter().map(|(_, id)| Id::new(id)).collect()
    };
    let (own, others) = (ids(own), ids(others));
    let units: Vec<Id<()>> = app.fixture.units.clone().into_values().map(Id::new).collect();
    app.db(move |conn| {
        let operator = Actor::operator(clock::now());
        for chunk in 0..40_usize {
            let rows: Vec<_> = (0..250_usize)
                .map(|n| {
                    let n = chunk * 250 + n;
                    let sharing = match n % 500 {
                        0 => "bank",
                        1 => "unit",
                        _ => "private",
                    };
                    let unit = (sharing == "unit").then(|| units[n % units.len()]);
                    let id: Id<()> = operator.new_id();
                    let owners = if n < 90 { &own } else { &others };
                    (
                        saved_view::id.eq(id),
                        saved_view::list.eq("customers"),
                        saved_view::name.eq(format!("v{n}")),
                        saved_view::sharing.eq(sharing),
                        saved_view::owner_id.eq(owners[n % owners.len()]),
                        saved_view::org_unit_id.eq(unit),
                        saved_view::shown.eq(Doc(json!([]))),
                        saved_view::version.eq(1_i64),
                        saved_view::created_at.eq(operator.now()),
                        saved_view::updated_at.eq(operator.now()),
                    )
                })
                .collect();
            on_each!(conn => diesel::insert_into(saved_view::table).values(&rows).execute(conn))
                .map_err(DbError::from)?;
        }
        guanxi_db::analyse(conn).map_err(Error::from)
    });
    let engine = app.state.db.engine();
    let mut wrong = Vec::new();
    for username in asking {
        let (actor, state) = (actor(&app, username), app.state.clone());
        let found = app.db(move |conn| {
            let asked = ListRequest { limit: Some(20), ..ListRequest::default() };
            let list = Some(guanxi_api::ViewList::Customers);
            let mut first = None;
            let mut found = plans(conn, |conn| -> Result<()> {
                first = Some(views::list(conn, &actor, &state.keys, list, &asked)?);
                Ok(())
            })?;
            let first = first.expect("a page");
            let after = ListRequest { cursor: first.page.next, ..asked };
            found.extend(plans(conn, |conn| views::list(conn, &actor, &state.keys, list, &after).map(drop))?);
            let id = Id::new(first.data[0].id);
            found.extend(plans(conn, |conn| views::read(conn, &actor, &state.keys, id).map(drop))?);
            Ok(found)
        });
        assert!(found.len() >= 3, "{} statements", found.len());
        for (sql, plan) in found {
            // What somebody sees is found by three indexes and then sorted; it is some dozen views.
            let faults = faults(engine, &plan, true, false);
            if !faults.is_empty() {
                wrong.push(format!("{username}: {faults:#?}\n{sql}\n{}", plan.join("\n")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} plans are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}
