use diesel::prelude::*;
use guanxi_api::{JobKind, ListQuery};
use guanxi_db::schema::{import_change, import_duplicate, import_problem, job};
use guanxi_db::{DbError, Doc, Id, on_each};
use serde_json::json;
use uuid::Uuid;

use super::{actor, faults, plans};
use crate::access::{Actor, UserId};
use crate::error::Error;
use crate::jobs::{self, JobId, NewJob};
use crate::listing::ListRequest;
use crate::testing::TestApp;
use crate::{clock, imports};

/// As many jobs as a bank has in years, of several users, one of them with as many problems.
fn populate(app: &TestApp) -> JobId {
    const MANY: usize = 10_000;
    let (heads, state) = (UserId::new(app.fixture.user("outlet_head")), app.state.clone());
    let manager = UserId::new(app.fixture.user("branch_manager"));
    let input = json!({
        "upload_id": Uuid::nil(), "bytes": 0, "digest": "", "layout": {}, "columns": ["id"],
        "mapping": {"source": "core", "customer": [{"field": "external_id", "from": "{id}"}]},
    });
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let mut ids = Vec::with_capacity(MANY);
        for _ in 0..MANY {
            let new = NewJob {
                kind: JobKind::Import,
                title: "c.csv".into(),
                dry_run: true,
                input: input.clone(),
                audited: json!({}),
                reason: None,
            };
            ids.push(jobs::create(conn, &actor, new)?);
        }
        for (owner, from) in [(heads, 0), (manager, MANY / 2)] {
            for chunk in ids[from..from + MANY / 2].chunks(500) {
                diesel::update(job::table.filter(job::id.eq_any(chunk)))
                    .set((job::created_by.eq(Some(owner)), job::finished_at.eq(Some(actor.now()))))
                    .execute(conn)
                    .map_err(DbError::from)?;
            }
        }
        for of in ids.iter().take(20) {
            let customers: Vec<Uuid> = ids.iter().take(500).map(|id| id.uuid()).collect();
            jobs::add_targets(conn, *of, &customers)?;
        }
        let sealed = state.keys.data();
        let mut line = 0_i64;
        for chunk in ids.chunks(500) {
            let rows: Vec<_> = chunk
                .iter()
                .zip(1_i64..)
                .map(|(_, line)| {
                    let id: Id<()> = actor.new_id();
                    let place = *id.uuid().as_bytes();
                    let context = crate::access::sealing::Context {
                        table: "import_problem",
                        column: "record",
                        id: &place,
                    };
                    let record = sealed.seal(b"[\"1\"]", &context).expect("sealed");
                    (
                        import_problem::id.eq(id),
                        import_problem::job_id.eq(ids[0]),
                        import_problem::line.eq(line),
                        import_problem::record.eq(record),
                        import_problem::problems.eq(Doc(json!([]))),
                    )
                })
                .collect();
            on_each!(conn => diesel::insert_into(import_problem::table).values(&rows).execute(conn))
                .map_err(DbError::from)?;
            let rows: Vec<_> = chunk
                .iter()
                .zip(1_i64..)
                .map(|(_, line)| {
                    let id: Id<()> = actor.new_id();
                    (
                        import_duplicate::id.eq(id),
                        import_duplicate::job_id.eq(ids[0]),
                        import_duplicate::line.eq(line),
                        import_duplicate::of_line.eq(Some(1_i64)),
                        import_duplicate::likeness.eq("identity_document"),
                        import_duplicate::action.eq("keep"),
                    )
                })
                .collect();
            on_each!(conn => diesel::insert_into(import_duplicate::table).values(&rows).execute(conn))
                .map_err(DbError::from)?;
            let rows: Vec<_> = chunk
                .iter()
                .map(|of| {
                    line += 1;
                    (
                        import_change::job_id.eq(if line % 2 == 0 { ids[0] } else { *of }),
                        import_change::line.eq(line),
                        import_change::place.eq(0),
                        import_change::target.eq("customer"),
                        import_change::record_id.eq(Id::<()>::new(of.uuid())),
                        import_change::customer_id.eq(Id::<()>::new(of.uuid())),
                        import_change::version.eq(1_i64),
                    )
                })
                .collect();
            on_each!(conn => diesel::insert_into(import_change::table).values(&rows).execute(conn))
                .map_err(DbError::from)?;
        }
        guanxi_db::analyse(conn).map_err(Error::from)?;
        Ok(ids[0])
    })
}

#[test]
fn plans_of_jobs_and_their_problems_follow_an_index() {
    let app = TestApp::start();
    let id = populate(&app);
    let mut wrong = Vec::new();
    for username in ["auditor", "outlet_head"] {
        let (actor, state) = (actor(&app, username), app.state.clone());
        let engine = app.state.db.engine();
        let found = app.db(move |conn| {
            let mut found = Vec::new();
            let asked = ListRequest { limit: Some(20), ..ListRequest::default() };
            let mut next = None;
            found.extend(plans(conn, |conn| {
                next = jobs::list(conn, &actor, &state.keys, &asked)?.page.next;
                Ok(())
            })?);
            let after = ListRequest { cursor: next, ..asked };
            found.extend(plans(conn, |conn| jobs::list(conn, &actor, &state.keys, &after).map(drop))?);
            let query = ListQuery { limit: Some(20), ..ListQuery::default() };
            let mut next = None;
            found.extend(plans(conn, |conn| {
                next = imports::problems(conn, &actor, &state.keys, id, query.clone())?.page.next;
                Ok(())
            })?);
            let after = ListQuery { cursor: next, ..query };
            found.extend(plans(conn, |conn| {
                imports::problems(conn, &actor, &state.keys, id, after.clone()).map(drop)
            })?);
            let query = ListQuery { limit: Some(20), ..ListQuery::default() };
            let mut next = None;
            found.extend(plans(conn, |conn| {
                next = imports::duplicates(conn, &actor, &state.keys, id, query.clone())?.page.next;
                Ok(())
            })?);
            let after = ListQuery { cursor: next, ..query };
            found.extend(plans(conn, |conn| {
                imports::duplicates(conn, &actor, &state.keys, id, after.clone()).map(drop)
            })?);
            for kind in JobKind::ALL {
                found.extend(plans(conn, |conn| jobs::is_waiting(conn, *kind, clock::now()).map(drop))?);
            }
            found.extend(plans(conn, |conn| jobs::expired(conn, clock::now()).map(drop))?);
            found.extend(plans(conn, |conn| {
                jobs::seconds_to_wait(conn, &actor, JobKind::Export, 10).map(drop)
            })?);
            found.extend(plans(conn, |conn| imports::last_changes(conn, id, 200).map(drop))?);
            found.extend(plans(conn, |conn| jobs::targets(conn, id, jobs::WAITING, 100).map(drop))?);
            found.extend(plans(conn, |conn| jobs::count_all_targets(conn, id).map(drop))?);
            found.extend(plans(conn, |conn| jobs::is_file(conn, Uuid::nil()).map(drop))?);
            found.extend(plans(conn, |conn| jobs::details(conn, &actor, id).map(drop))?);
            Ok(found)
        });
        assert!(found.len() >= 6, "{} statements", found.len());
        for (sql, plan) in found {
            let faults = faults(engine, &plan, false, false);
            if !faults.is_empty() {
                wrong.push(format!("{username}: {faults:#?}\n{sql}\n{}", plan.join("\n")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} plans are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}
