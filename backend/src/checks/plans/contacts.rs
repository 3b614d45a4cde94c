//! The same for contacts and tasks.

use guanxi_api::{
    Direction, InteractionKind, InteractionOutcome, InteractionPurpose, InteractionSearch, TaskPriority,
    TaskSource, TaskStatus,
};
use guanxi_db::schema::{customer, interaction};

use super::*;
use crate::customers::CustomerId;
use crate::{interactions, overview, reports, tasks, today};

/// Gives every customer three contacts and a task.
fn add_contacts(app: &TestApp) {
    let now = clock::now();
    let today = app.state.settings.day(now);
    let users: Vec<UserId> =
        ["rm", "rm2", "rm_a2", "rm_b1"].iter().map(|name| UserId::new(app.fixture.user(name))).collect();
    let customers: Vec<(CustomerId, Option<UserId>)> = app.db(|conn| {
        customer::table
            .select((customer::id, customer::owner_id))
            .load(conn)
            .map_err(|error| DbError::from(error).into())
    });
    let mut n: i64 = 0;
    for chunk in customers.chunks(500) {
        let (mut contacts, mut to_do) = (Vec::new(), Vec::new());
        for (customer, owner) in chunk {
            for _ in 0..3 {
                n += 1;
                contacts.push(interactions::Prepared {
                    customer_id: *customer,
                    author_id: *owner,
                    kind: InteractionKind::ALL[n as usize % 4],
                    direction: Direction::Outbound,
                    purpose: InteractionPurpose::Sale,
                    outcome: InteractionOutcome::Reached,
                    mood: None,
                    duration_minutes: None,
                    occurred_at: now.plus_seconds(-(n % 7919) * 3600),
                    recorded_at: now,
                    notes: Some(format!(
                        "客户{}，对理财产品有兴趣，约定下周再联系，请准备好产品说明书与风险评估问卷。",
                        if n % 2000 == 0 { "提到翡翠" } else { "来电" }
                    )),
                });
            }
            to_do.push(tasks::Prepared {
                customer_id: Some(*customer),
                title: "回访".into(),
                assignee_id: owner.unwrap_or(users[n as usize % users.len()]),
                creator_id: None,
                due_on: today + chrono::Duration::days(n % 60 - 30),
                priority: TaskPriority::Normal,
                status: if n % 4 == 0 { TaskStatus::Open } else { TaskStatus::Done },
                source: TaskSource::Manual,
                outcome: None,
                done_at: None,
                created_at: now,
            });
        }
        app.db(move |conn| {
            interactions::create_many(conn, &Actor::operator(now), &contacts)?;
            tasks::create_many(conn, &Actor::operator(now), &to_do)
        });
    }
    app.db(|conn| guanxi_db::analyse(conn).map_err(Error::from));
}

/// What is asked, and whether what it finds may be sorted because it is little beside the bank.
type Question =
    (&'static str, bool, Box<dyn Fn(&mut DbConn, &Actor, Option<String>) -> Result<Option<String>> + Send>);

fn questions(app: &TestApp, customer: CustomerId) -> Vec<Question> {
    let request = |filter: Option<&str>, cursor: Option<String>| ListRequest {
        filter: filter.map(str::to_owned),
        limit: Some(20),
        cursor,
        ..ListRequest::default()
    };
    let state = || app.state.clone();
    let mut questions: Vec<Question> = Vec::new();
    for (what, filter) in [("contacts", None), ("calls", Some(r#"kind eq "call""#))] {
        let state = state();
        questions.push((
            what,
            false,
            Box::new(move |conn, actor, cursor| {
                Ok(interactions::list(conn, actor, &state.keys, &request(filter, cursor))?.page.next)
            }),
        ));
    }
    for (what, q, few, sorts) in
        [("a rare word", "翡翠", 5000, true), ("a common word", "理财产品", 0, false)]
    {
        let state = state();
        questions.push((
            what,
            sorts,
            Box::new(move |conn, actor, cursor| {
                let search =
                    InteractionSearch { q: Some(q.into()), limit: Some(5), cursor, ..Default::default() };
                Ok(interactions::search_by(conn, actor, &state.keys, &search, few)?.page.next)
            }),
        ));
    }
    for (what, filter) in [("own tasks", None), ("all tasks", Some("assignee_id ne null"))] {
        let state = state();
        questions.push((
            what,
            false,
            Box::new(move |conn, actor, cursor| {
                Ok(tasks::list(conn, actor, &state.keys, &request(filter, cursor))?.page.next)
            }),
        ));
    }
    let timeline = state();
    questions.push((
        "a timeline",
        true,
        Box::new(move |conn, actor, cursor| {
            Ok(interactions::timeline(conn, actor, &timeline.keys, customer, &request(None, cursor))?
                .page
                .next)
        }),
    ));
    let of_customer = state();
    questions.push((
        "the tasks of a customer",
        true,
        Box::new(move |conn, actor, cursor| {
            Ok(tasks::of_customer(conn, actor, &of_customer.keys, customer, &request(None, cursor))?
                .page
                .next)
        }),
    ));
    let list_of_the_day = state();
    questions.push((
        "today",
        true,
        Box::new(move |conn, actor, _| {
            today::today(conn, actor, list_of_the_day.house())?;
            Ok(None)
        }),
    ));
    let whole = state();
    questions.push((
        "an overview",
        true,
        Box::new(move |conn, actor, _| {
            overview::overview(conn, actor, whole.house(), customer)?;
            Ok(None)
        }),
    ));
    let report = state();
    questions.push((
        "the contacts of the week",
        true,
        Box::new(move |conn, actor, _| {
            reports::contacts(conn, actor, &report.settings)?;
            Ok(None)
        }),
    ));
    questions
}

#[test]
fn plans_of_contacts_and_tasks_follow_an_index() {
    let app = TestApp::start();
    populate(&app, 10_000);
    populate_holdings(&app);
    populate_answers(&app);
    add_contacts(&app);
    add_visits(&app);
    enlarge(&app);
    let rm = UserId::new(app.fixture.user("rm"));
    let (customer, rows) = app.db(move |conn| {
        let customer: CustomerId = customer::table
            .filter(customer::owner_id.eq(rm))
            .select(customer::id)
            .first(conn)
            .map_err(DbError::from)?;
        let rows = interaction::table.count().get_result::<i64>(conn).map_err(DbError::from)?;
        Ok((customer, rows))
    });
    assert!(rows >= 30_000, "{rows}");
    let mut wrong = Vec::new();
    for (username, book) in [
        ("auditor", false),
        ("service", false),
        ("rm", true),
        ("outlet_head", false),
        ("branch_manager", false),
    ] {
        let actor = actor(&app, username);
        let bounded = book || ["outlet_head", "branch_manager"].contains(&username);
        for (what, sorts, ask) in questions(&app, customer) {
            let (actor, engine) = (actor.clone(), app.state.db.engine());
            let mut ask = Some(ask);
            let found = app.db(move |conn| {
                let ask = ask.take().expect("once");
                let mut next = None;
                let mut found = plans(conn, |conn| {
                    next = ask(conn, &actor, None)?;
                    Ok(())
                })?;
                if next.is_some() {
                    found.extend(plans(conn, |conn| ask(conn, &actor, next.clone()).map(drop))?);
                }
                Ok(found)
            });
            assert!((1..=12).contains(&found.len()), "{username} {what}: {} statements", found.len());
            // Only contacts are found by the book; tasks stand in an order of their own.
            let of_book = book && ["contacts", "calls", "a rare word", "today"].contains(&what);
            for (sql, plan) in found {
                let faults = faults(engine, &plan, sorts || bounded, of_book);
                if !faults.is_empty() {
                    wrong.push(format!("{username}, {what}: {faults:#?}\n{sql}\n{}", plan.join("\n")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} plans are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}
