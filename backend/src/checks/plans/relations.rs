//! The same for conflicts, relations and households.

use diesel::prelude::*;
use guanxi_api::HouseholdSearch;
use guanxi_db::schema::{
    customer, field_conflict, holding, holding_co_owner, household, household_member, relation,
};
use guanxi_db::{DbConn, DbError, Doc, Id, on_each};
use serde_json::json;

use super::{actor, enlarge, faults, plans, populate, populate_holdings};
use crate::access::{Actor, UserId};
use crate::customers::{self, CustomerId};
use crate::error::{Error, Result};
use crate::listing::ListRequest;
use crate::relations::HouseholdId;
use crate::testing::TestApp;
use crate::{clock, holdings, relations};

/// Gives every customer a conflict, a relation with the next one, half a household and a co-owner; a customer of the manager, and its household.
fn relate_all(app: &TestApp) -> (CustomerId, HouseholdId) {
    let rm = UserId::new(app.fixture.user("rm"));
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let now = actor.now();
        let own: CustomerId = customer::table
            .filter(customer::owner_id.eq(rm))
            .select(customer::id)
            .first(conn)
            .map_err(DbError::from)?;
        let mut ids: Vec<CustomerId> =
            customer::table.order(customer::id).select(customer::id).load(conn).map_err(DbError::from)?;
        ids.retain(|id| *id != own);
        ids.insert(0, own);
        let mut first = None;
        for pair in ids.chunks(2) {
            let [one, other] = pair else { continue };
            let household_id: HouseholdId = actor.new_id();
            first.get_or_insert(household_id);
            diesel::insert_into(household::table)
                .values((
                    household::id.eq(household_id),
                    household::name.eq("一家"),
                    household::name_sort.eq(format!("yi jia  {household_id}")),
                    household::archived.eq(false),
                    household::version.eq(1_i64),
                    household::created_at.eq(now),
                    household::updated_at.eq(now),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            let related: Id<()> = actor.new_id();
            diesel::insert_into(relation::table)
                .values((
                    relation::id.eq(related),
                    relation::from_id.eq(one),
                    relation::to_id.eq(other),
                    relation::kind.eq("referrer"),
                    relation::archived.eq(false),
                    relation::version.eq(1_i64),
                    relation::created_at.eq(now),
                    relation::updated_at.eq(now),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            for id in pair {
                diesel::insert_into(household_member::table)
                    .values((
                        household_member::household_id.eq(household_id),
                        household_member::customer_id.eq(id),
                        household_member::role.eq("other"),
                        household_member::is_primary.eq(id == one),
                    ))
                    .execute(conn)
                    .map_err(DbError::from)?;
                let conflict: Id<()> = actor.new_id();
                diesel::insert_into(field_conflict::table)
                    .values((
                        field_conflict::id.eq(conflict),
                        field_conflict::customer_id.eq(id),
                        field_conflict::field.eq("city"),
                        field_conflict::system.eq("core"),
                        field_conflict::offered.eq(Doc(json!("宁波"))),
                        field_conflict::state.eq("open"),
                        field_conflict::offered_at.eq(now),
                        field_conflict::version.eq(1_i64),
                    ))
                    .execute(conn)
                    .map_err(DbError::from)?;
            }
        }
        let held: Vec<(Id<holdings::HoldingMark>, CustomerId)> = holding::table
            .order(holding::id)
            .select((holding::id, holding::customer_id))
            .load(conn)
            .map_err(DbError::from)?;
        for rows in held.iter().zip(held.iter().skip(7)).collect::<Vec<_>>().chunks(500) {
            let rows: Vec<_> = rows
                .iter()
                .map(|((id, _), (_, owner))| {
                    (holding_co_owner::holding_id.eq(*id), holding_co_owner::customer_id.eq(*owner))
                })
                .collect();
            on_each!(conn => diesel::insert_into(holding_co_owner::table).values(&rows).execute(conn))
                .map_err(DbError::from)?;
        }
        guanxi_db::analyse(conn).map_err(Error::from)?;
        Ok((own, first.expect("a household")))
    })
}

type Question = (&'static str, Box<dyn Fn(&mut DbConn, &Actor) -> Result<()> + Send>);

#[test]
fn plans_of_conflicts_and_relations_follow_an_index() {
    let app = TestApp::start();
    populate(&app, 10_000);
    populate_holdings(&app);
    let (own, household) = relate_all(&app);
    enlarge(&app);
    let mut wrong = Vec::new();
    for username in ["auditor", "rm", "outlet_head", "branch_manager"] {
        let state = app.state.clone();
        let list = move |filter: Option<String>| {
            let state = state.clone();
            move |conn: &mut DbConn, actor: &Actor| {
                let request =
                    ListRequest { filter: filter.clone(), limit: Some(20), ..ListRequest::default() };
                customers::conflicts(conn, actor, &state.keys, &request).map(drop)
            }
        };
        let house =
            |act: fn(&mut DbConn, &Actor, customers::House<'_>, CustomerId, HouseholdId) -> Result<()>| {
                let state = app.state.clone();
                move |conn: &mut DbConn, actor: &Actor| act(conn, actor, state.house(), own, household)
            };
        let questions: Vec<Question> = vec![
            ("conflicts", Box::new(list(None))),
            ("conflicts of a customer", Box::new(list(Some(format!("customer_id eq \"{own}\""))))),
            (
                "relations",
                Box::new(house(|conn, actor, house, own, _| {
                    relations::relations(conn, actor, house, own).map(drop)
                })),
            ),
            (
                "a network",
                Box::new(house(|conn, actor, house, own, _| {
                    relations::network(conn, actor, house, own).map(drop)
                })),
            ),
            (
                "referrals",
                Box::new(house(|conn, actor, house, own, _| {
                    relations::referrals(conn, actor, house, own).map(drop)
                })),
            ),
            (
                "households",
                Box::new(house(|conn, actor, house, own, _| {
                    relations::households_of(conn, actor, house, own).map(drop)
                })),
            ),
            (
                "all households",
                Box::new(house(|conn, actor, house, _, _| {
                    let request = ListRequest { limit: Some(20), ..ListRequest::default() };
                    let first = relations::list_households(conn, actor, house, &request)?;
                    let next = ListRequest { cursor: first.page.next, ..request };
                    relations::list_households(conn, actor, house, &next).map(drop)
                })),
            ),
            (
                "a search for households",
                Box::new(house(|conn, actor, house, _, _| {
                    let search = HouseholdSearch { q: Some("一家".into()), ..HouseholdSearch::default() };
                    relations::search_households(conn, actor, house, &search).map(drop)
                })),
            ),
            (
                "households without a sound",
                Box::new(house(|conn, _, _, _, _| relations::renew_sounds(conn).map(drop))),
            ),
            (
                "a balance sheet",
                Box::new(house(|conn, actor, house, _, household| {
                    relations::balance_sheet(conn, actor, house, household).map(drop)
                })),
            ),
        ];
        let (engine, caller) = (app.state.db.engine(), actor(&app, username));
        for (what, ask) in questions {
            let caller = caller.clone();
            let mut ask = Some(ask);
            let found = app.db(move |conn| {
                let ask = ask.take().expect("once");
                plans(conn, |conn| ask(conn, &caller))
            });
            assert!((1..=12).contains(&found.len()), "{username} {what}: {} statements", found.len());
            for (sql, plan) in found {
                // Little is sorted: what one customer has, or what one manager's customers have.
                let faults = faults(
                    engine,
                    &plan,
                    !["conflicts", "all households"].contains(&what) || username != "auditor",
                    false,
                );
                if !faults.is_empty() {
                    wrong.push(format!("{username}, {what}: {faults:#?}\n{sql}\n{}", plan.join("\n")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} plans are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}
