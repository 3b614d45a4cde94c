//! The same for contacts and tasks.

use guanxi_api::{
    Direction, InteractionKind, InteractionOutcome, InteractionPurpose, Mood, TaskPriority, TaskSource,
    TaskStatus,
};
use guanxi_db::schema::{interaction, task};

use super::*;
use crate::{interactions, tasks};

/// A value as the oracle has it.
fn one(value: Option<TypedValue>) -> FieldValue {
    value.map_or(FieldValue::Null, FieldValue::One)
}

fn code(fields: &'static [Field], name: &str, value: Option<String>) -> FieldValue {
    let FieldType::Code(codes) = field_of(fields, name).kind else { panic!("{name} is no code") };
    one(value.map(|value| TypedValue::Code(codes.iter().find(|code| **code == value).expect("a code"))))
}

/// Customers, with contacts and tasks of few different values and some empty ones.
fn contacts(app: &TestApp, count: usize) {
    varied(app, 30);
    let mut rng = ChaCha8Rng::seed_from_u64(79);
    let now = clock::now();
    let today = app.state.settings.day(now);
    let users: Vec<UserId> =
        ["rm", "rm_a2", "rm_b1", "adviser"].iter().map(|name| UserId::new(app.fixture.user(name))).collect();
    app.db(move |conn| {
        let customers: Vec<customers::CustomerId> =
            customer::table.select(customer::id).load(conn).map_err(DbError::from)?;
        let (mut contacts, mut to_do) = (Vec::new(), Vec::new());
        for n in 0..count {
            let rng = &mut rng;
            let customer_id = pick(rng, &customers);
            let author = pick(rng, &users);
            let (mood, minutes) = (pick(rng, Mood::ALL), pick(rng, &[0, 5, 30]));
            contacts.push(interactions::Prepared {
                customer_id,
                author_id: maybe(rng, author),
                kind: pick(rng, &InteractionKind::ALL[..4]),
                direction: pick(rng, Direction::ALL),
                purpose: pick(rng, InteractionPurpose::ALL),
                outcome: pick(rng, InteractionOutcome::ALL),
                mood: maybe(rng, mood),
                duration_minutes: maybe(rng, minutes),
                occurred_at: now.plus_seconds(-i64::from(rng.next_u32() % 9) * 86_400),
                recorded_at: now,
                notes: Some(pick(rng, &["谈了存单", "谈了基金", "fund", "存单和基金"]).to_owned()),
            });
            let status = pick(rng, TaskStatus::ALL);
            to_do.push(tasks::Prepared {
                customer_id: maybe(rng, customer_id),
                title: format!("{n}"),
                assignee_id: pick(rng, &users),
                creator_id: maybe(rng, author),
                due_on: today + chrono::Duration::days(i64::from(rng.next_u32() % 9) - 4),
                priority: pick(rng, TaskPriority::ALL),
                status,
                source: pick(rng, TaskSource::ALL),
                outcome: None,
                done_at: (status == TaskStatus::Done).then_some(now),
                created_at: now.plus_seconds(-i64::from(rng.next_u32() % 5) * 86_400),
            });
        }
        for contacts in contacts.chunks(500) {
            interactions::create_many(conn, &Actor::operator(now), contacts)?;
        }
        tasks::create_many(conn, &Actor::operator(now), &to_do)?;
        // Every sixth is archived.
        let ids: Vec<interactions::InteractionId> = interaction::table
            .order(interaction::id)
            .select(interaction::id)
            .load(conn)
            .map_err(DbError::from)?;
        let archived: Vec<_> = ids.into_iter().step_by(6).collect();
        diesel::update(interaction::table.filter(interaction::id.eq_any(archived)))
            .set(interaction::archived.eq(true))
            .execute(conn)
            .map_err(DbError::from)?;
        Ok(())
    });
}

type InteractionCodes = (String, String, String, String, Option<String>);
type InteractionRest = (Option<i32>, Option<UserId>, guanxi_db::Id<()>, Moment, bool);

#[test]
fn a7_filters_of_contacts_mean_the_same_in_sql_and_in_memory() {
    use interaction as i;
    let app = TestApp::start();
    contacts(&app, 400);
    let fields = interactions::FIELDS;
    let rows = app.db(|conn| {
        i::table
            .inner_join(customer::table)
            .select((
                i::id,
                (i::kind, i::direction, i::purpose, i::outcome, i::mood),
                (i::duration_minutes, i::author_id, i::customer_id, i::occurred_at, i::archived),
                (customer::org_unit_id, customer::owner_id),
            ))
            .load::<(guanxi_db::Id<()>, InteractionCodes, InteractionRest, (OrgUnitId, Option<UserId>))>(conn)
            .map_err(|error| DbError::from(error).into())
    });
    let rows: Vec<Known> = rows
        .into_iter()
        .map(|(id, (kind, direction, purpose, outcome, mood), rest, (unit, owner))| {
            let (minutes, author, customer, at, archived) = rest;
            let values = HashMap::from([
                ("kind", code(fields, "kind", Some(kind))),
                ("direction", code(fields, "direction", Some(direction))),
                ("purpose", code(fields, "purpose", Some(purpose))),
                ("outcome", code(fields, "outcome", Some(outcome))),
                ("mood", code(fields, "mood", mood)),
                ("duration_minutes", one(minutes.map(|minutes| TypedValue::Integer(minutes.into())))),
                ("author_id", one(author.map(|id| TypedValue::Id(id.uuid())))),
                ("customer_id", one(Some(TypedValue::Id(customer.uuid())))),
                ("org_unit_id", one(Some(TypedValue::Id(unit.uuid())))),
                ("owner_id", one(owner.map(|id| TypedValue::Id(id.uuid())))),
                ("occurred_at", one(Some(TypedValue::Instant(at.0)))),
                ("archived", one(Some(TypedValue::Bool(archived)))),
            ]);
            Known { id: id.uuid(), values }
        })
        .collect();
    let present = ("archived", FieldValue::One(TypedValue::Bool(false)));
    compare(&app, &rows, fields, &present, |conn, state, request| {
        let page = interactions::list(conn, &Actor::operator(clock::now()), &state.keys, request)?;
        Ok((page.data.iter().map(|row| row.id).collect(), page.page.next))
    });
}

type TaskCodes = (String, String, String);
type TaskRest = (
    chrono::NaiveDate,
    UserId,
    Option<UserId>,
    Option<guanxi_db::Id<customers::CustomerMark>>,
    Moment,
    Moment,
);

#[test]
fn a7_filters_of_tasks_mean_the_same_in_sql_and_in_memory() {
    use task as t;
    let app = TestApp::start();
    contacts(&app, 400);
    let fields = tasks::FIELDS;
    let rows = app.db(|conn| {
        t::table
            .select((
                t::id,
                (t::status, t::priority, t::source),
                (t::due_on, t::assignee_id, t::creator_id, t::customer_id, t::created_at, t::updated_at),
            ))
            .load::<(guanxi_db::Id<()>, TaskCodes, TaskRest)>(conn)
            .map_err(|error| DbError::from(error).into())
    });
    let rows: Vec<Known> = rows
        .into_iter()
        .map(
            |(
                id,
                (status, priority, source),
                (due_on, assignee, creator, customer, created_at, updated_at),
            )| {
                let values = HashMap::from([
                    ("due_on", one(Some(TypedValue::Date(due_on)))),
                    ("status", code(fields, "status", Some(status))),
                    ("priority", code(fields, "priority", Some(priority))),
                    ("source", code(fields, "source", Some(source))),
                    ("assignee_id", one(Some(TypedValue::Id(assignee.uuid())))),
                    ("creator_id", one(creator.map(|id| TypedValue::Id(id.uuid())))),
                    ("customer_id", one(customer.map(|id| TypedValue::Id(id.uuid())))),
                    ("created_at", one(Some(TypedValue::Instant(created_at.0)))),
                    ("updated_at", one(Some(TypedValue::Instant(updated_at.0)))),
                ]);
                Known { id: id.uuid(), values }
            },
        )
        .collect();
    let open = ("status", code(fields, "status", Some("open".into())));
    compare(&app, &rows, fields, &open, |conn, state, request| {
        let page = tasks::list(conn, &Actor::operator(clock::now()), &state.keys, request)?;
        Ok((page.data.iter().map(|row| row.id).collect(), page.page.next))
    });
}

#[test]
fn a7_searches_in_notes_mean_the_same_however_many_they_find() {
    let app = TestApp::start();
    contacts(&app, 300);
    let all = app.db(|conn| {
        interaction::table
            .filter(interaction::archived.eq(false))
            .select((interaction::id, interaction::occurred_at, interaction::notes))
            .load::<(guanxi_db::Id<()>, Moment, Option<String>)>(conn)
            .map_err(|error| DbError::from(error).into())
    });
    for q in ["存单", "基金", "fund", "和", "存单 基金", "谈了", "没有"] {
        let mut wanted: Vec<(Moment, Uuid)> = all
            .iter()
            .filter(|row| {
                let notes = row.2.clone().unwrap_or_default();
                q.split(' ').all(|word| notes.contains(word))
            })
            .map(|(id, at, _)| (*at, id.uuid()))
            .collect();
        wanted.sort();
        let wanted: Vec<Uuid> = wanted.into_iter().rev().map(|(_, id)| id).collect();
        assert_eq!(wanted.is_empty(), q == "没有");
        for (limit, few) in [(200, [5000, 5000]), (7, [0, 0]), (7, [5000, 0]), (13, [0, 5000])] {
            let state = app.state.clone();
            let (found, total) = app.db(move |conn| {
                let actor = Actor::operator(clock::now());
                let mut request = guanxi_api::InteractionSearch {
                    q: Some(q.to_owned()),
                    limit: Some(limit),
                    include: Some(guanxi_api::Include::Total),
                    ..Default::default()
                };
                let (mut ids, mut total) = (Vec::new(), None);
                for turn in 0.. {
                    let page = interactions::search_by(conn, &actor, &state.keys, &request, few[turn % 2])?;
                    ids.extend(page.data.iter().map(|row| row.id));
                    total = page.page.total;
                    request.cursor = page.page.next;
                    if request.cursor.is_none() {
                        break;
                    }
                }
                Ok((ids, total))
            });
            assert_eq!(found, wanted, "{q} by {limit}, few are {few:?}");
            assert_eq!(total.map(|total| total as usize), Some(wanted.len()), "{q}");
        }
    }
}

/// Records contacts and tasks, archives and completes its own, until it is told to stop.
fn write_until(
    client: &Client,
    customer: &str,
    today: chrono::NaiveDate,
    stop: &AtomicBool,
    done: &AtomicUsize,
) {
    let mut n = 0;
    while !stop.load(Ordering::SeqCst) {
        n += 1;
        let contact = json!({"kind": "call", "purpose": "sale", "outcome": "reached", "notes": "谈了"});
        let due = today + chrono::Duration::days(n % 9);
        let made = [
            (
                client.post(&format!("/customers/{customer}/interactions"), &contact),
                "interactions",
                "archive",
            ),
            (client.post("/tasks", &json!({"title": "跟进", "due_on": due})), "tasks", "cancel"),
        ];
        for (made, room, verb) in made {
            // Overload is an answer too; nothing was written.
            if made.status == 503 || n % 2 == 0 {
                continue;
            }
            let path = format!("/{room}/{}/{verb}", made.json()["id"].as_str().expect("an id"));
            let over = client.act(&path, &made.tag());
            assert!(matches!(over.status, 200 | 503), "{}", over.text());
            done.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[test]
fn a5_contacts_and_tasks_show_each_stable_row_once_while_others_write() {
    let app = TestApp::start();
    contacts(&app, if is_full() { 100_000 } else { 6_000 });
    let (auditor, head) = (app.role(Role::Auditor), app.role(Role::OutletHead));
    let customer = head.post("/customers", &json!({"kind": "person", "name": "张三"})).expect(201).json();
    let customer = customer["id"].as_str().expect("an id").to_owned();
    let today = app.state.settings.day(clock::now());
    let lists = ["/interactions?limit=200", "/tasks?limit=200&filter=assignee_id%20ne%20null"];
    let stable = lists.map(|list| walk(&auditor, list).iter().map(id_of).collect::<HashSet<Uuid>>());
    assert!(stable[0].len() >= 5_000 && stable[1].len() >= 1_000);
    let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
    let walks = std::thread::scope(|scope| {
        for _ in 0..4 {
            let (head, customer, stop, done) = (head.clone(), &customer, &stop, &done);
            scope.spawn(move || write_until(&head, customer, today, stop, done));
        }
        let walks = lists.map(|list| walk(&auditor, list));
        stop.store(true, Ordering::SeqCst);
        walks
    });
    assert!(done.load(Ordering::SeqCst) > 5, "the writers wrote nothing");
    for ((list, stable), rows) in lists.iter().zip(&stable).zip(walks) {
        let mut times: HashMap<Uuid, usize> = HashMap::new();
        for row in &rows {
            *times.entry(id_of(row)).or_default() += 1;
        }
        let missed = stable.iter().filter(|id| !times.contains_key(*id)).count();
        let twice = stable.iter().filter(|id| times.get(*id).is_some_and(|times| *times > 1)).count();
        assert_eq!(
            (missed, twice),
            (0, 0),
            "{list}: stable rows missed and shown twice, of {}",
            stable.len()
        );
    }
}
