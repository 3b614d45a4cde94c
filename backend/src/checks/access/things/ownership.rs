//! What is made of the room of ownership.

use diesel::prelude::*;
use guanxi_db::schema::{
    care_plan, customer, handover, handover_customer, handover_receiver, leader_visit, pool_customer,
    stand_in,
};
use guanxi_db::{DbError, Id};
use uuid::Uuid;

use super::super::cells::{Caller, Place};
use super::{Thing, customers_of, today};
use crate::clock;
use crate::customers::CustomerId;
use crate::testing::TestApp;

/// A handover at each place, from the owner to whoever is in the team.
pub(super) fn make_handovers(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let customers = customers_of(app, batch, wanted);
    let rows: Vec<(Uuid, Uuid, Uuid)> = wanted
        .iter()
        .map(|(caller, place)| {
            let member = caller.username().filter(|_| place.in_team).unwrap_or("rm_a2");
            let owner = place.owner.filter(|owner| *owner != member).unwrap_or("rm2");
            (app.fixture.unit(place.unit), app.fixture.user(owner), app.fixture.user(member))
        })
        .collect();
    let day = today(app);
    app.db(move |conn| {
        let now = clock::now();
        let mut made = Vec::new();
        for (customer, (unit, from, to)) in customers.iter().zip(&rows) {
            let id: Id<()> = Id::new(Uuid::now_v7());
            let (unit, from, to): (Id<()>, Id<()>, Id<()>) = (Id::new(*unit), Id::new(*from), Id::new(*to));
            diesel::insert_into(handover::table)
                .values((
                    handover::id.eq(id),
                    handover::from_user_id.eq(from),
                    handover::org_unit_id.eq(unit),
                    handover::reason.eq("moves"),
                    handover::effective_on.eq(day),
                    handover::double_access_days.eq(30),
                    handover::state.eq("proposed"),
                    handover::customers.eq(1),
                    handover::moved.eq(0),
                    handover::skipped.eq(0),
                    handover::remaining.eq(0),
                    handover::version.eq(1_i64),
                    handover::created_at.eq(now),
                    handover::updated_at.eq(now),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            diesel::insert_into(handover_receiver::table)
                .values((
                    handover_receiver::handover_id.eq(id),
                    handover_receiver::user_id.eq(to),
                    handover_receiver::place.eq(0),
                    handover_receiver::customers.eq(1),
                    handover_receiver::state.eq("waiting"),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            diesel::insert_into(handover_customer::table)
                .values((
                    handover_customer::handover_id.eq(id),
                    handover_customer::customer_id.eq(customer),
                    handover_customer::user_id.eq(to),
                    handover_customer::place.eq(0),
                    handover_customer::state.eq("waiting"),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            made.push(Thing { id: id.uuid(), version: 1, ..Thing::default() });
        }
        Ok(made)
    })
}

fn thing(id: Id<()>) -> Thing {
    Thing { id: id.uuid(), version: 1, ..Thing::default() }
}

/// A stand-in at each place, for the owner by whoever is in the team.
pub(super) fn make_stand_ins(app: &TestApp, _: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let rows: Vec<(Uuid, Uuid, Uuid)> = wanted
        .iter()
        .map(|(caller, place)| {
            let stands_in = caller.username().filter(|_| place.in_team).unwrap_or("rm_a2");
            let absent = place.owner.filter(|owner| *owner != stands_in).unwrap_or("rm2");
            (app.fixture.unit(place.unit), app.fixture.user(absent), app.fixture.user(stands_in))
        })
        .collect();
    // Nobody who calls sees more by one that has not begun.
    let day = today(app) + chrono::Days::new(1);
    let start = app.state.settings.start_of(day);
    app.db(move |conn| {
        let now = clock::now();
        let mut made = Vec::new();
        for (unit, absent, user) in &rows {
            let id: Id<()> = Id::new(Uuid::now_v7());
            let (unit, absent, user): (Id<()>, Id<()>, Id<()>) =
                (Id::new(*unit), Id::new(*absent), Id::new(*user));
            diesel::insert_into(stand_in::table)
                .values((
                    stand_in::id.eq(id),
                    stand_in::absent_id.eq(absent),
                    stand_in::org_unit_id.eq(unit),
                    stand_in::user_id.eq(user),
                    stand_in::reason.eq("leave"),
                    stand_in::begins_on.eq(day),
                    stand_in::ends_on.eq(day),
                    stand_in::begins_at.eq(start),
                    stand_in::ends_at.eq(start.plus_seconds(86_400)),
                    stand_in::cancelled.eq(false),
                    stand_in::version.eq(1_i64),
                    stand_in::created_at.eq(now),
                    stand_in::updated_at.eq(now),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            made.push(thing(id));
        }
        Ok(made)
    })
}

/// A care plan of a customer at each place.
pub(super) fn make_plans(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let customers = customers_of(app, batch, wanted);
    let day = today(app);
    app.db(move |conn| {
        let now = clock::now();
        let mut made = Vec::new();
        for customer in &customers {
            let id: Id<()> = Id::new(Uuid::now_v7());
            diesel::insert_into(care_plan::table)
                .values((
                    care_plan::id.eq(id),
                    care_plan::customer_id.eq(*customer),
                    care_plan::goal.eq("Plans for old age"),
                    care_plan::starts_on.eq(day),
                    care_plan::review_on.eq(day),
                    care_plan::state.eq("active"),
                    care_plan::version.eq(1_i64),
                    care_plan::created_at.eq(now),
                    care_plan::updated_at.eq(now),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            made.push(thing(id));
        }
        Ok(made)
    })
}

/// A visit to a customer at each place, to be made by who calls where they own it or are in its team.
pub(super) fn make_visits(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let customers = customers_of(app, batch, wanted);
    let visitors: Vec<Uuid> = wanted
        .iter()
        .map(|(caller, place)| {
            let looks_after = |name: &&str| place.in_team || place.owner == Some(*name);
            app.fixture.user(caller.username().filter(looks_after).unwrap_or("rm_a2"))
        })
        .collect();
    let day = today(app);
    app.db(move |conn| {
        let now = clock::now();
        let mut made = Vec::new();
        for (customer, visitor) in customers.iter().zip(&visitors) {
            let id: Id<()> = Id::new(Uuid::now_v7());
            let visitor: Id<()> = Id::new(*visitor);
            diesel::insert_into(leader_visit::table)
                .values((
                    leader_visit::id.eq(id),
                    leader_visit::customer_id.eq(*customer),
                    leader_visit::user_id.eq(visitor),
                    leader_visit::role.eq("outlet_head"),
                    leader_visit::tier.eq("gold"),
                    leader_visit::rank.eq(1),
                    leader_visit::since.eq(now),
                    leader_visit::due_on.eq(day),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            made.push(thing(id));
        }
        Ok(made)
    })
}

/// A customer in the pool of each place.
pub(super) fn make_pooled(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let places: Vec<(Caller, Place)> = wanted
        .iter()
        .map(|(caller, place)| (*caller, Place { owner: None, in_team: false, ..*place }))
        .collect();
    let customers: Vec<CustomerId> = customers_of(app, batch, &places);
    let rows: Vec<Uuid> = places.iter().map(|(_, place)| app.fixture.unit(place.unit)).collect();
    let before: Id<()> = Id::new(app.fixture.user("rm_a2"));
    app.db(move |conn| {
        let now = clock::now();
        let mut made = Vec::new();
        for (customer, unit) in customers.iter().zip(&rows) {
            let unit: Id<()> = Id::new(*unit);
            diesel::insert_into(pool_customer::table)
                .values((
                    pool_customer::customer_id.eq(*customer),
                    pool_customer::org_unit_id.eq(unit),
                    pool_customer::previous_owner_id.eq(before),
                    pool_customer::fell_at.eq(now),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            let version: i64 = customer::table
                .find(*customer)
                .select(customer::version)
                .first(conn)
                .map_err(DbError::from)?;
            made.push(Thing { id: customer.uuid(), version, ..Thing::default() });
        }
        Ok(made)
    })
}
