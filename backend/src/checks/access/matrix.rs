use std::collections::HashMap;

use guanxi_api::{
    Amount, ContactPointKind, CustomerKind, Direction, ExternalId, IdentityDocument, IdentityKind,
    InteractionKind, InteractionOutcome, InteractionPurpose, LocalName, NewContactPoint, NewCustomer,
    NewOrgUnit, NewUser, OrgUnitKind, Role, TaskPriority, TaskSource, TaskStatus, TeamRole, Tier,
};
use guanxi_api::{LocalText, NewQuestionnaire, NewSurvey, Question, QuestionKind};
use guanxi_db::schema::{
    contact_point, customer, external_id, interaction, survey, survey_answer, survey_invitation, task,
};
use guanxi_db::{DbConn, DbError, Id};
use serde_json::{Value, json};
use uuid::Uuid;

use diesel::prelude::*;

use super::cells::Position::{OtherBranch, Own, Unit, Unowned};
use super::cells::{
    Caller, Cell, Place, Position, cells, home, parent, place, sees_customer, sees_task, sees_user,
};
use super::policy::{Operation, Target};
use super::rows::{Ledger, difference};
use crate::access::password::Parameters;
use crate::access::{Actor, Hasher};
use crate::customers::{ContactPointId, CustomerId, House, Prepared, create_many};
use crate::error::Result;
use crate::interactions::{self, InteractionId};
use crate::tasks::{self, TaskId};
use crate::testing::{Answer, Client, PASSWORD, TestApp};
use crate::{clock, holdings, org, products, surveys};

/// A target as a request names it.
#[derive(Clone, Debug, Default)]
struct Thing {
    id: Uuid,
    contact_point: Uuid,
    external_id: String,
    version: i64,
    unit: Uuid,
    holding: Uuid,
    transaction: Uuid,
    holding_version: i64,
    product: Uuid,
    /// The same thing in its other state: a published questionnaire beside a draft, an open survey beside one.
    other: Uuid,
    customer: Uuid,
    invitation: Uuid,
}

/// A product that every test of the matrix holds something of.
fn make_product(conn: &mut DbConn, code: &str) -> Result<guanxi_api::Product> {
    let name = LocalName { zh_cn: "一年期定期".into(), en: "One year".into() };
    products::create_product(
        conn,
        &Actor::operator(clock::now()),
        &guanxi_api::NewProduct {
            code: code.to_owned(),
            kind: guanxi_api::ProductKind::Deposit,
            name,
            risk_grade: None,
            currency: "CNY".into(),
            counts_as_asset: None,
            term_days: Some(365),
            terms: None,
        },
    )
}

/// Gives each customer a holding with a transaction; those that are to be opened again are closed.
fn make_holdings(app: &TestApp, batch: &str, things: &mut [Thing], closed: &[bool]) {
    let (ids, closed): (Vec<Uuid>, Vec<bool>) =
        (things.iter().map(|thing| thing.id).collect(), closed.to_vec());
    let (code, state) = (format!("h{batch}"), app.state.clone());
    let made = app.db(move |conn| {
        let house = House { keys: &state.keys, settings: &state.settings };
        let actor = Actor::operator(clock::now());
        let today = state.settings.day(actor.now());
        let product = make_product(conn, &code)?;
        let mut made = Vec::new();
        for (id, closed) in ids.iter().zip(&closed) {
            let new = json!({"product_id": product.id, "amount": "1000", "opened_on": today});
            let new = serde_json::from_value(new).expect("a holding");
            let mut holding = holdings::open(conn, &actor, house, Id::new(*id), &new)?;
            let new = json!({"day": today, "kind": "deposit", "amount": "500"});
            let new = serde_json::from_value(new).expect("a transaction");
            let transaction = holdings::record(conn, &actor, house, Id::new(holding.id), &new)?;
            if *closed {
                let how = guanxi_api::CloseHolding::default();
                holding = holdings::close(conn, &actor, house, (Id::new(holding.id), holding.version), &how)?;
            }
            made.push((holding.id, transaction.id, holding.version, product.id));
        }
        Ok(made)
    });
    for (thing, made) in things.iter_mut().zip(made) {
        (thing.holding, thing.transaction, thing.holding_version, thing.product) = made;
    }
}

fn make_products(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let archived: Vec<bool> = wanted.iter().map(|(_, place)| place.archived).collect();
    let batch = batch.to_owned();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |(n, archived): (usize, &bool)| -> Result<Thing> {
            let mut product = make_product(conn, &format!("{batch}{n}"))?;
            if *archived {
                product = products::archive_product(conn, &actor, Id::new(product.id), product.version)?;
            }
            Ok(Thing { id: product.id, version: product.version, ..Thing::default() })
        };
        archived.iter().enumerate().map(make).collect()
    })
}

/// Makes one customer for each place.
fn make_customers(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let prepared: Vec<Prepared> = wanted
        .iter()
        .enumerate()
        .map(|(n, (caller, place))| Prepared {
            new: NewCustomer {
                identity: Some(IdentityDocument {
                    kind: IdentityKind::ResidentCard,
                    number: "11010519491231002X".into(),
                }),
                contact_points: vec![NewContactPoint {
                    kind: ContactPointKind::Phone,
                    value: "13800138000".into(),
                    r#use: guanxi_api::ContactPointUse::Personal,
                    primary: false,
                    verified: false,
                }],
                external_ids: vec![ExternalId { source: "core".into(), id: format!("{batch}-{n}") }],
                ..NewCustomer::named(CustomerKind::Person, "张三丰")
            },
            org_unit_id: Id::new(app.fixture.unit(place.unit)),
            owner_id: place.owner.map(|name| Id::new(app.fixture.user(name))),
            team: match caller.username().filter(|_| place.in_team) {
                Some(name) => vec![(Id::new(app.fixture.user(name)), TeamRole::Adviser)],
                None => Vec::new(),
            },
            tier: Tier::Gold,
            aum: Amount(5_000_000_000),
            // So long ago that a contact is due.
            created_at: clock::now().plus_seconds(-60 * 86_400),
            updated_at: clock::now(),
            archived: place.archived,
        })
        .collect();
    for chunk in prepared.chunks(100) {
        let (chunk, state) = (chunk.to_vec(), app.state.clone());
        app.db(move |conn| {
            let house = House { keys: &state.keys, settings: &state.settings };
            create_many(conn, &Actor::operator(clock::now()), house, &chunk)
        });
    }
    let (ids, points) = app.db(|conn: &mut DbConn| {
        let ids: Vec<(String, CustomerId)> = external_id::table
            .select((external_id::value, external_id::customer_id))
            .load(conn)
            .map_err(DbError::from)?;
        let points: Vec<(CustomerId, ContactPointId)> = contact_point::table
            .select((contact_point::customer_id, contact_point::id))
            .load(conn)
            .map_err(DbError::from)?;
        Ok((ids, points))
    });
    let (ids, points): (HashMap<_, _>, HashMap<_, _>) =
        (ids.into_iter().collect(), points.into_iter().collect());
    (0..wanted.len())
        .map(|n| {
            let external_id = format!("{batch}-{n}");
            let id = ids[&external_id];
            Thing {
                id: id.uuid(),
                contact_point: points[&id].uuid(),
                external_id,
                version: 1,
                ..Thing::default()
            }
        })
        .collect()
}

fn make_users(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let hash = hash();
    let new = |n: usize, place: &Place| NewUser {
        username: format!("{batch}.{n}"),
        display_name: format!("Target {n}"),
        role: Role::Teller,
        org_unit_id: app.fixture.unit(place.unit),
    };
    let new: Vec<(NewUser, bool)> =
        wanted.iter().enumerate().map(|(n, (_, place))| (new(n, place), place.archived)).collect();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |(new, archived): &(NewUser, bool)| -> Result<Thing> {
            let user =
                org::create_user(conn, &actor, new, org::NewPassword { hash: &hash, must_change: false })?;
            let version = if *archived {
                org::archive_user(conn, &actor, Id::new(user.id), user.version)?.version
            } else {
                user.version
            };
            Ok(Thing { id: user.id, version, ..Thing::default() })
        };
        new.iter().map(make).collect()
    })
}

/// A unit below the place's, or beside it where nothing stands below.
fn make_units(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let new = |n: usize, place: &Place| {
        let above = if place.unit.len() == 2 { parent(place.unit).unwrap_or("head") } else { place.unit };
        let name = format!("{batch} {n}");
        let new = NewOrgUnit {
            parent_id: app.fixture.unit(above),
            kind: OrgUnitKind::Outlet,
            code: format!("{batch}{n}"),
            name: LocalName { zh_cn: name.clone(), en: name },
        };
        (new, place.archived)
    };
    let new: Vec<(NewOrgUnit, bool)> =
        wanted.iter().enumerate().map(|(n, (_, place))| new(n, place)).collect();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |(new, archived): &(NewOrgUnit, bool)| -> Result<Thing> {
            let unit = org::create_unit(conn, &actor, new)?;
            let version = if *archived {
                org::archive_unit(conn, &actor, Id::new(unit.id), unit.version)?.version
            } else {
                unit.version
            };
            Ok(Thing { id: unit.id, version, ..Thing::default() })
        };
        new.iter().map(make).collect()
    })
}

fn today(app: &TestApp) -> chrono::NaiveDate {
    app.state.settings.day(clock::now())
}

/// A customer at each place, which is there itself whatever the target is like.
fn customers_of(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<CustomerId> {
    let wanted: Vec<(Caller, Place)> =
        wanted.iter().map(|(caller, place)| (*caller, Place { archived: false, ..*place })).collect();
    let customers: Vec<CustomerId> =
        make_customers(app, batch, &wanted).into_iter().map(|thing| Id::new(thing.id)).collect();
    let made = customers.clone();
    // They stand in no list of customers that is looked at: a list is read to its first 200 rows.
    app.db(move |conn| {
        diesel::update(customer::table.filter(customer::id.eq_any(&made)))
            .set(customer::industry.eq("of_another_room"))
            .execute(conn)
            .map_err(|error| DbError::from(error).into())
    });
    customers
}

/// A contact with a customer at each place; its author is the customer's owner.
fn make_interactions(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let customers = customers_of(app, batch, wanted);
    let contacts: Vec<interactions::Prepared> = customers
        .iter()
        .zip(wanted)
        .map(|(customer, (_, place))| interactions::Prepared {
            customer_id: *customer,
            author_id: place.owner.map(|name| Id::new(app.fixture.user(name))),
            kind: InteractionKind::Call,
            direction: Direction::Outbound,
            purpose: InteractionPurpose::Service,
            outcome: InteractionOutcome::Reached,
            mood: None,
            duration_minutes: None,
            occurred_at: clock::now(),
            notes: Some("金桂开了".into()),
        })
        .collect();
    let archived: Vec<CustomerId> = customers
        .iter()
        .zip(wanted)
        .filter(|(_, (_, place))| place.archived)
        .map(|(customer, _)| *customer)
        .collect();
    let ids: HashMap<CustomerId, InteractionId> = app
        .db(move |conn| {
            interactions::create_many(conn, &Actor::operator(clock::now()), &contacts)?;
            diesel::update(interaction::table.filter(interaction::customer_id.eq_any(&archived)))
                .set((interaction::archived.eq(true), interaction::archived_at.eq(clock::now())))
                .execute(conn)
                .map_err(DbError::from)?;
            let rows: Vec<(CustomerId, InteractionId)> = interaction::table
                .select((interaction::customer_id, interaction::id))
                .load(conn)
                .map_err(DbError::from)?;
            Ok(rows)
        })
        .into_iter()
        .collect();
    customers
        .iter()
        .map(|customer| Thing { id: ids[customer].uuid(), version: 1, ..Thing::default() })
        .collect()
}

/// A task about a customer at each place, set by the customer's owner.
fn make_tasks(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let customers = customers_of(app, batch, wanted);
    let prepared: Vec<tasks::Prepared> = customers
        .iter()
        .zip(wanted)
        .map(|(customer, (_, place))| tasks::Prepared {
            customer_id: Some(*customer),
            title: "回访".into(),
            assignee_id: Id::new(app.fixture.user("rm2")),
            creator_id: place.owner.map(|name| Id::new(app.fixture.user(name))),
            due_on: today(app).pred_opt().expect("a day"),
            priority: TaskPriority::Normal,
            status: if place.archived { TaskStatus::Done } else { TaskStatus::Open },
            source: TaskSource::Manual,
            outcome: None,
            done_at: place.archived.then(clock::now),
            created_at: clock::now(),
        })
        .collect();
    let ids: HashMap<Option<CustomerId>, TaskId> = app
        .db(move |conn| {
            tasks::create_many(conn, &Actor::operator(clock::now()), &prepared)?;
            let rows: Vec<(Option<CustomerId>, TaskId)> =
                task::table.select((task::customer_id, task::id)).load(conn).map_err(DbError::from)?;
            Ok(rows)
        })
        .into_iter()
        .collect();
    customers
        .iter()
        .map(|customer| Thing { id: ids[&Some(*customer)].uuid(), version: 1, ..Thing::default() })
        .collect()
}

/// A questionnaire as a draft and a published one.
fn make_questionnaires(app: &TestApp, _: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let archived: Vec<bool> = wanted.iter().map(|(_, place)| place.archived).collect();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |archived: &bool| -> Result<Thing> {
            let draft = surveys::create_questionnaire(conn, &actor, &questionnaire())?;
            let version = if *archived {
                surveys::archive_questionnaire(conn, &actor, Id::new(draft.id), draft.version)?.version
            } else {
                draft.version
            };
            let other = surveys::create_questionnaire(conn, &actor, &questionnaire())?.id;
            surveys::publish_questionnaire(conn, &actor, Id::new(other), 1)?;
            Ok(Thing { id: draft.id, version, other, ..Thing::default() })
        };
        archived.iter().map(make).collect()
    })
}

fn questionnaire() -> NewQuestionnaire {
    let text = LocalText { zh_cn: "推荐".into(), en: "Recommend".into() };
    let question = Question {
        key: "nps".into(),
        kind: QuestionKind::Nps,
        text: text.clone(),
        help: LocalText::default(),
        required: true,
        dimension: None,
        options: Vec::new(),
        ask_if: None,
    };
    NewQuestionnaire { title: text, questions: vec![question] }
}

/// A survey of a unit as a draft and an open one; its id is the draft's.
fn make_surveys(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let units: Vec<Uuid> = wanted.iter().map(|(_, place)| app.fixture.unit(place.unit)).collect();
    let name = batch.to_owned();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let made = surveys::create_questionnaire(conn, &actor, &questionnaire())?.id;
        surveys::publish_questionnaire(conn, &actor, Id::new(made), 1)?;
        let new = NewSurvey {
            name: name.clone(),
            questionnaire_id: made,
            language: None,
            anonymous: false,
            opens_at: None,
            closes_at: guanxi_api::Instant(actor.now().plus_seconds(86_400).to_utc()),
            low_score: None,
        };
        let make = |unit: &Uuid| -> Result<Thing> {
            let draft = surveys::create_survey(conn, &actor, &new)?.id;
            let open = surveys::create_survey(conn, &actor, &new)?.id;
            surveys::open_survey(conn, &actor, Id::new(open), 1)?;
            diesel::update(
                survey::table.filter(survey::id.eq_any([draft, open].map(Id::<surveys::SurveyMark>::new))),
            )
            .set(survey::org_unit_id.eq(Id::<crate::access::OrgUnitMark>::new(*unit)))
            .execute(conn)
            .map_err(DbError::from)?;
            Ok(Thing { id: draft, version: 1, other: open, ..Thing::default() })
        };
        units.iter().map(make).collect()
    })
}

/// An open survey for each customer.
fn make_uninvited(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let customers = make_customers(app, batch, wanted);
    let open = make_surveys(app, batch, wanted);
    let of = |(customer, survey): (Thing, Thing)| Thing {
        id: survey.other,
        version: 1,
        customer: customer.id,
        ..survey
    };
    customers.into_iter().zip(open).map(of).collect()
}

fn make_invited(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let mut things = make_uninvited(app, batch, wanted);
    for thing in &mut things {
        thing.invitation = Uuid::now_v7();
    }
    let made = things.clone();
    app.db(move |conn| {
        for thing in &made {
            let row = (
                survey_invitation::id.eq(Id::<surveys::InvitationMark>::new(thing.invitation)),
                survey_invitation::survey_id.eq(Id::<surveys::SurveyMark>::new(thing.id)),
                survey_invitation::customer_id.eq(CustomerId::new(thing.customer)),
                survey_invitation::token_hash.eq(thing.invitation.as_bytes().to_vec()),
                survey_invitation::opened.eq(false),
                survey_invitation::used.eq(false),
                survey_invitation::revoked.eq(false),
                survey_invitation::version.eq(1),
                survey_invitation::created_at.eq(clock::now()),
            );
            diesel::insert_into(survey_invitation::table).values(row).execute(conn).map_err(DbError::from)?;
        }
        Ok(())
    });
    things
}

fn make_answered(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let things = make_invited(app, batch, wanted);
    let made = things.clone();
    app.db(move |conn| {
        for thing in &made {
            let row = (
                survey_answer::id.eq(Id::<surveys::AnswerMark>::new(Uuid::now_v7())),
                survey_answer::survey_id.eq(Id::<surveys::SurveyMark>::new(thing.id)),
                survey_answer::customer_id.eq(CustomerId::new(thing.customer)),
                survey_answer::source.eq("staff"),
                survey_answer::language.eq("en"),
                survey_answer::answers.eq(guanxi_db::Doc(json!([{"question": "nps", "score": 9}]))),
                survey_answer::low.eq(false),
                survey_answer::has_text.eq(false),
                survey_answer::answered_on.eq(clock::now().to_utc().date_naive()),
                survey_answer::answered_at.eq(clock::now()),
            );
            diesel::insert_into(survey_answer::table).values(row).execute(conn).map_err(DbError::from)?;
        }
        Ok(())
    });
    things
}

fn hash() -> String {
    Hasher::new(Parameters::FLOOR, 1).and_then(|hasher| hasher.hash_blocking(PASSWORD)).expect("a hash")
}

/// The current session of a client.
fn own_session(client: &Client) -> Uuid {
    let sessions = client.get("/auth/sessions").expect(200).json();
    let all = sessions["data"].as_array().expect("a list");
    let own = all.iter().find(|session| session["current"] == true).expect("the current session");
    own["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

/// The body that makes the operation do something.
fn body(operation: &Operation, app: &TestApp, caller: Caller, thing: &Thing) -> Option<Value> {
    let unique = || Uuid::now_v7().simple().to_string();
    let name = json!({"zh-CN": "新网点", "en": "New outlet"});
    let body = match (operation.method, operation.path) {
        ("POST", "/auth/sign-in") => {
            json!({"username": caller.username().unwrap_or("rm2"), "password": PASSWORD})
        }
        ("POST", "/auth/password") => {
            json!({"current_password": PASSWORD, "new_password": "seven lanterns over the lake"})
        }
        ("PATCH", "/me/preferences") => json!({"theme": "dark"}),
        ("POST", "/org-units") => {
            json!({"parent_id": app.fixture.unit("b"), "kind": "outlet", "code": &unique()[14..], "name": name})
        }
        ("PATCH", "/org-units/{id}") => json!({"name": name}),
        ("POST", "/users") => json!({
            "username": format!("u{}", unique()), "display_name": "New", "role": "rm", "org_unit_id": app.fixture.unit("a1"),
        }),
        ("PATCH", "/users/{id}") => json!({"display_name": "Somebody else", "role": "adviser"}),
        ("POST", "/customers") => json!({
            "kind": "person", "name": "王小明", "org_unit_id": thing.unit,
            "contact_points": [{"kind": "phone", "value": "13912345678"}],
        }),
        ("POST", "/customers/search") => json!({
            "q": thing.external_id, "filter": "archived eq true or archived eq false", "limit": 200,
        }),
        ("PUT", "/customers/by-external/{source}/{external_id}") => {
            json!({"kind": "person", "name": "王大明"})
        }
        ("PATCH", "/customers/{id}") => json!({"city": "苏州", "notes": "Changed"}),
        ("POST", "/customers/{id}/reveal") => {
            json!({"fields": ["identity", thing.contact_point], "reason": "the customer asked"})
        }
        ("POST", "/customers/{id}/assign") => {
            json!({"org_unit_id": app.fixture.unit(caller.home()), "owner_id": null})
        }
        ("PUT", "/customers/{id}/team") => {
            json!({"members": [{"user_id": app.fixture.user("rm_a2"), "role": "rm"}]})
        }
        ("POST", "/customers/{id}/contact-points") => json!({"kind": "phone", "value": "13900001111"}),
        ("PATCH", "/customers/{id}/contact-points/{contact_point_id}") => {
            json!({"use": "work", "verified": true})
        }
        ("PUT", "/customers/{id}/external-ids/{source}") => json!({"id": unique()}),
        ("PUT", "/tiers") => tiers(),
        ("PUT", "/contact-targets") => json!({"meetings_a_day": 6, "connected_calls_a_day": 21}),
        ("POST", "/today/{line}/complete") => json!({"outcome": "好了"}),
        ("POST", "/today/{line}/postpone") => json!({"due_on": today(app), "reason": "出差"}),
        ("POST", "/products") => json!({
            "code": unique(), "kind": "fund", "name": {"zh-CN": "基金", "en": "Fund"}, "currency": "CNY",
        }),
        ("PATCH", "/products/{id}") => json!({"terms": "Changed", "risk_grade": "r2"}),
        ("POST", "/exchange-rates") => {
            json!({"currency": "USD", "valid_from": "2026-01-01", "rate": "7.1"})
        }
        ("POST", "/customers/{id}/holdings") => {
            json!({"product_id": thing.product, "amount": "10000", "opened_on": "2026-01-05"})
        }
        ("PATCH", "/holdings/{id}") => json!({"note": "Changed", "auto_renewal": true}),
        ("POST", "/holdings/{id}/close") => json!({}),
        ("POST", "/holdings/{id}/transactions") => {
            json!({"day": app.state.settings.day(clock::now()), "kind": "withdrawal", "amount": "1"})
        }
        ("POST", "/holdings/{id}/transactions/{transaction_id}/reverse") => {
            json!({"reason": "entered twice"})
        }
        ("POST", "/interactions/search") => {
            json!({"q": "金桂", "filter": "archived eq true or archived eq false", "limit": 200})
        }
        ("PATCH", "/interactions/{id}") => json!({"notes": "改过", "outcome": "sold"}),
        ("POST", "/customers/{id}/interactions") => json!({
            "kind": "call", "purpose": "service", "outcome": "reached", "notes": "金桂开了",
            "next_step": {"title": "回访", "due_on": today(app)},
        }),
        ("POST", "/tasks") => json!({"title": "回访", "due_on": today(app)}),
        ("PATCH", "/tasks/{id}") => json!({"title": "再回访"}),
        ("POST", "/tasks/{id}/complete") => json!({"outcome": "好了"}),
        ("POST", "/tasks/{id}/postpone") => json!({"due_on": today(app), "reason": "出差"}),
        // Who sees every customer.
        ("POST", "/tasks/{id}/hand-over") => json!({"assignee_id": app.fixture.user("service")}),
        ("POST", "/questionnaires") => json!({"title": {"zh-CN": "新问卷", "en": "New"}}),
        ("PATCH", "/questionnaires/{id}") => json!({"title": {"zh-CN": "改过", "en": "Changed"}}),
        ("POST", "/surveys") => {
            json!({"name": "Wave", "questionnaire_id": thing.other, "closes_at": "2100-01-01T00:00:00.000000Z"})
        }
        ("PATCH", "/surveys/{id}") => json!({"name": "Another wave"}),
        ("POST", "/surveys/{id}/invitations") => json!({"customer_ids": [thing.customer]}),
        ("POST", "/surveys/{id}/answers") => {
            json!({"customer_id": thing.customer, "answers": [{"question": "nps", "score": 9}]})
        }
        _ => return None,
    };
    Some(body)
}

/// The layers as they are, but for whom the phone centre serves.
fn tiers() -> Value {
    let rule = |tier: &str, threshold: &str, channel: &str| json!({"tier": tier, "threshold": threshold, "cadence_days": 10, "servicing_channel": channel});
    json!({"tiers": [
        rule("mass", "0", "relationship_manager"),
        rule("gold", "100000", "relationship_manager"),
        rule("platinum", "1000000", "private_banking"),
        rule("diamond", "5000000", "private_banking"),
        rule("private", "8000000", "private_banking"),
    ]})
}

/// Where the operation is done to the thing, and the version that it is done from.
fn place_of(operation: &Operation, app: &TestApp, thing: &Thing) -> (String, i64) {
    let source =
        if operation.method == "PUT" && !operation.path.contains("by-external") { "crm" } else { "core" };
    let of_holding = matches!(operation.target, Target::Holding | Target::HoldingList);
    let in_other_state = ["/new-version", "/close"].iter().any(|end| operation.path.ends_with(end));
    let (id, version) = match (of_holding, in_other_state) {
        (true, _) => (thing.holding, thing.holding_version),
        (false, true) => (thing.other, 2),
        (false, false) => (thing.id, thing.version),
    };
    let mut path = operation
        .path
        .replace("{id}", &id.to_string())
        .replace("{line}", &format!("contact_due-{id}-{}", today(app)))
        .replace("{transaction_id}", &thing.transaction.to_string())
        .replace("{invitation_id}", &thing.invitation.to_string())
        .replace("{contact_point_id}", &thing.contact_point.to_string())
        .replace("{external_id}", &thing.external_id)
        .replace("{source}", source);
    if operation.method == "GET" && operation.target == Target::CustomerList {
        path.push_str("?limit=200&filter=industry%20eq%20null%20and%20archived%20in%20(true,false)");
    }
    if operation.method == "GET"
        && matches!(operation.target, Target::UserList | Target::UnitList | Target::InteractionList)
    {
        path.push_str("?limit=200&filter=archived%20eq%20true%20or%20archived%20eq%20false");
    }
    if operation.method == "GET" && operation.target == Target::ProductList {
        path.push_str("?limit=200&filter=archived%20eq%20true%20or%20archived%20eq%20false");
    }
    if operation.target == Target::HoldingList {
        path.push_str("?limit=200&filter=status%20ne%20null");
    }
    if operation.target == Target::TaskList {
        path.push_str("?limit=200&filter=assignee_id%20ne%20null");
    }
    (path, version)
}

fn call(client: &Client, app: &TestApp, cell: &Cell, thing: &Thing) -> Answer {
    let operation = cell.operation;
    let (path, version) = place_of(operation, app, thing);
    let tag = format!("\"{version}-0\"");
    let mut headers = vec![("X-Guanxi", "1")];
    if operation.path.contains("{id}") || operation.sets_a_policy() {
        headers.push(("If-Match", &tag));
    }
    client.send(operation.method, &path, &headers, body(operation, app, cell.caller, thing).as_ref())
}

/// Whether the answer's list has the target exactly when the policy lets the caller see it.
fn list_is_right(client: &Client, app: &TestApp, cell: &Cell, thing: &Thing, answer: &Answer) -> bool {
    let Some(role) = cell.caller.0 else { return true };
    let sees = match cell.operation.target {
        Target::CustomerList | Target::HoldingList | Target::InvitationList | Target::AnswerList => {
            sees_customer(role, &cell.place())
        }
        Target::UserList => sees_user(role, cell.place().unit),
        Target::UnitList | Target::ProductList => true,
        Target::InteractionList => sees_customer(role, &cell.place()),
        Target::TaskList => sees_task(role, &cell.place()),
        _ => return true,
    };
    if answer.status != 200 {
        return true;
    }
    let is_it = |row: &Value| match cell.operation.target {
        Target::InvitationList | Target::AnswerList => row["customer"]["id"] == thing.customer.to_string(),
        Target::HoldingList => row["id"] == thing.holding.to_string(),
        _ => row["id"] == thing.id.to_string(),
    };
    let (mut page, mut listed) = (answer.json(), false);
    loop {
        listed |= page["data"].as_array().expect("a list").iter().any(is_it);
        let Some(next) = page["page"]["next"].as_str() else { break };
        assert_eq!(cell.operation.method, "GET", "the list is longer than this test reads");
        let path = place_of(cell.operation, app, thing).0;
        let joint = if path.contains('?') { '&' } else { '?' };
        page = client.get(&format!("{path}{joint}cursor={next}")).expect(200).json();
    }
    listed == sees
}

/// The things that the cells of one target need, made at once.
fn make_things(app: &TestApp, batch: &str, cells: &[Cell]) -> Vec<Thing> {
    let mut things = vec![Thing::default(); cells.len()];
    type Make = fn(&TestApp, &str, &[(Caller, Place)]) -> Vec<Thing>;
    let makers: [(&[Target], Make, &str); 12] = [
        (
            &[Target::Customer, Target::CustomerList, Target::Holding, Target::HoldingList],
            make_customers,
            "c",
        ),
        // Without holdings, which would bring them into the lowest tier.
        (&[Target::TodayLine], make_customers, "l"),
        (&[Target::Product, Target::ProductList], make_products, "p"),
        (&[Target::User, Target::UserList], make_users, "u"),
        (&[Target::Unit, Target::UnitList], make_units, "o"),
        (&[Target::Interaction, Target::InteractionList], make_interactions, "i"),
        (&[Target::Task, Target::TaskList], make_tasks, "t"),
        (&[Target::Questionnaire], make_questionnaires, "q"),
        (&[Target::Survey], make_surveys, "s"),
        (&[Target::NewInvitation], make_uninvited, "n"),
        (&[Target::Invitation, Target::InvitationList, Target::NewAnswer], make_invited, "v"),
        (&[Target::AnswerList], make_answered, "a"),
    ];
    for (targets, make, kind) in makers {
        // Cells that change nothing share one target for each caller and position.
        let mut wanted: Vec<(Caller, Place)> = Vec::new();
        let mut shared: HashMap<(Caller, Position), usize> = HashMap::new();
        let mut places: Vec<(usize, usize)> = Vec::new();
        let mut closed: Vec<bool> = Vec::new();
        for (n, cell) in cells.iter().enumerate().filter(|(_, cell)| targets.contains(&cell.operation.target))
        {
            let mut add = || {
                wanted.push((cell.caller, cell.place()));
                closed.push(cell.operation.path.ends_with("/reopen") && !cell.leaves_everything());
                wanted.len() - 1
            };
            let at = if cell.leaves_everything() {
                *shared.entry((cell.caller, cell.position)).or_insert_with(add)
            } else {
                add()
            };
            places.push((n, at));
        }
        let mut made = make(app, &format!("{kind}{batch}"), &wanted);
        if kind == "c" {
            make_holdings(app, batch, &mut made, &closed);
        }
        for (n, at) in places {
            things[n] = made[at].clone();
        }
    }
    for (thing, cell) in things.iter_mut().zip(cells) {
        if cell.operation.sets_a_policy() {
            thing.version = 1;
        }
        thing.unit = app.fixture.unit(cell.place().unit);
    }
    things
}

#[test]
fn b1_every_operation_for_every_role_on_every_customer() {
    let started = std::time::Instant::now();
    let app = TestApp::start();
    let ledger = Ledger::of(&app);
    let (quiet, writing): (Vec<Cell>, Vec<Cell>) = cells().into_iter().partition(Cell::leaves_everything);
    let mut wrong = Vec::new();

    let mut things = make_things(&app, "q", &quiet);
    // Sign everybody in before the rows are looked at.
    let strangers = [(Unit, own_session(&app.user("rm2"))), (OtherBranch, own_session(&app.user("rm_b1")))];
    for (thing, cell) in
        things.iter_mut().zip(&quiet).filter(|(_, cell)| cell.operation.target == Target::Session)
    {
        cell.caller.client(&app);
        thing.id = strangers
            .iter()
            .find(|(position, _)| *position == cell.position)
            .map_or_else(Uuid::now_v7, |found| found.1);
    }
    let rows = ledger.rows(&app);
    let mut calls = quiet.iter().zip(&things).peekable();
    while let Some((cell, thing)) = calls.next() {
        let client = cell.caller.client(&app);
        let answer = call(&client, &app, cell, thing);
        check(&mut wrong, cell, &answer);
        if !list_is_right(&client, &app, cell, thing, &answer) {
            wrong.push(format!("{cell}: the list is not what the policy says"));
        }
        // The rows are compared around all positions of one operation and role.
        let (operation, caller) = (cell.operation, cell.caller);
        if calls
            .peek()
            .is_none_or(|(next, _)| next.caller != caller || !std::ptr::eq(next.operation, operation))
        {
            let changed = difference(&rows, &ledger.rows(&app));
            assert!(
                changed.is_empty(),
                "{operation} as {:?} was refused or only read, and changed\n{}\n{}",
                caller.0,
                changed.join("\n"),
                wrong.join("\n")
            );
        }
    }

    let things = make_things(&app, "w", &writing);
    make_accounts(&app);
    let mut rows = ledger.rows(&app);
    for (cell, thing) in writing.iter().zip(&things) {
        let (client, thing) = caller_of(&app, cell, thing);
        let answer = call(&client, &app, cell, &thing);
        check(&mut wrong, cell, &answer);
        let after = ledger.rows(&app);
        let stays = cell.operation.path.starts_with("/auth/")
            || (cell.operation.path.ends_with("/assign") && cell.position == Unowned)
            || !is_invited(cell, &answer);
        if answer.status < 300 && !stays && rows == after {
            wrong.push(format!("{cell}: nothing was written"));
        }
        rows = after;
    }
    assert!(
        wrong.is_empty(),
        "{} of {} cells:\n{}",
        wrong.len(),
        quiet.len() + writing.len(),
        wrong.join("\n")
    );
    eprintln!("B1: {} cells in {:?}", quiet.len() + writing.len(), started.elapsed());
}

/// Whether a customer was invited, which it is exactly when the caller sees it and it is not archived. Yes for every other operation.
fn is_invited(cell: &Cell, answer: &Answer) -> bool {
    let Some(role) =
        cell.caller.0.filter(|_| cell.operation.target == Target::NewInvitation && answer.status == 200)
    else {
        return true;
    };
    let made = answer.json();
    let (links, skipped) = (made["links"].as_array().expect("links").len(), &made["skipped"]);
    let place = cell.place();
    let reason = match sees_customer(role, &place) {
        false => Some("not_found"),
        true => place.archived.then_some("archived"),
    };
    assert_eq!(
        (links, skipped[0]["reason"].as_str()),
        (usize::from(reason.is_none()), reason),
        "{cell}: {made}"
    );
    links == 1
}

fn check(wrong: &mut Vec<String>, cell: &Cell, answer: &Answer) {
    if answer.status != cell.status {
        wrong.push(format!("{cell}: {} instead of {}", answer.status, cell.status));
    }
}

/// Two more accounts for each role: of one the sessions may end, of the other the password may change.
fn make_accounts(app: &TestApp) {
    let hash = hash();
    let new: Vec<NewUser> = Role::ALL
        .iter()
        .flat_map(|role| ["sessions", "password"].map(|purpose| (role, purpose)))
        .map(|(role, purpose)| NewUser {
            username: format!("{purpose}.{role}"),
            display_name: "Another account".into(),
            role: *role,
            org_unit_id: app.fixture.unit(home(*role)),
        })
        .collect();
    app.db(move |conn| {
        for new in &new {
            let password = org::NewPassword { hash: &hash, must_change: false };
            org::create_user(conn, &Actor::operator(clock::now()), new, password)?;
        }
        Ok(())
    });
}

/// The client for a writing cell: what ends sessions is done by another account of the role.
fn caller_of(app: &TestApp, cell: &Cell, thing: &Thing) -> (Client, Thing) {
    let Some(role) = cell
        .caller
        .0
        .filter(|_| cell.operation.path.starts_with("/auth/") && cell.operation.path != "/auth/sign-in")
    else {
        return (cell.caller.client(app), thing.clone());
    };
    let purpose = if cell.operation.path == "/auth/password" { "password" } else { "sessions" };
    let client = app.anonymous().sign_in(&format!("{purpose}.{role}"), PASSWORD);
    let thing = match cell.operation.target {
        Target::Session => Thing { id: own_session(&client), ..thing.clone() },
        _ => thing.clone(),
    };
    (client, thing)
}

#[test]
fn b1_a_handover_needs_rights_on_both_sides() {
    let app = TestApp::start();
    let ledger = Ledger::of(&app);
    let unit = |code: &str| app.fixture.unit(code);
    let user = |name: &str| app.fixture.user(name);
    let cases = [
        (
            Role::OutletHead,
            json!({"org_unit_id": unit("a2"), "owner_id": null}),
            ("/org_unit_id", "not_in_scope"),
        ),
        (
            Role::OutletHead,
            json!({"org_unit_id": unit("a"), "owner_id": null}),
            ("/org_unit_id", "not_in_scope"),
        ),
        (
            Role::BranchManager,
            json!({"org_unit_id": unit("b1"), "owner_id": null}),
            ("/org_unit_id", "not_in_scope"),
        ),
        (
            Role::DeputyManager,
            json!({"org_unit_id": unit("head"), "owner_id": null}),
            ("/org_unit_id", "not_in_scope"),
        ),
        (Role::BranchManager, json!({"owner_id": user("rm_b1")}), ("/owner_id", "unit_of_owner")),
        (
            Role::BranchManager,
            json!({"owner_id": user("teller")}),
            ("/owner_id", "not_a_relationship_manager"),
        ),
        (Role::OutletHead, json!({"owner_id": Uuid::now_v7()}), ("/owner_id", "not_found")),
    ];
    let wanted: Vec<(Caller, Place)> = cases
        .iter()
        .map(|(role, ..)| (Caller(Some(*role)), Place { unit: "a1", ..place(Caller(Some(*role)), Unit) }))
        .collect();
    let things = make_customers(&app, "h", &wanted);
    for ((role, body, wrong), thing) in cases.iter().zip(&things) {
        let client = app.role(*role);
        let path = format!("/customers/{}", thing.id);
        client.get(&path).expect(200);
        let rows = ledger.rows(&app);
        let answer = client
            .send("POST", &format!("{path}/assign"), &[("If-Match", "\"1-0\"")], Some(body))
            .expect(422);
        assert_eq!(answer.fields(), [(wrong.0.to_owned(), wrong.1.to_owned())], "{role}: {body}");
        assert_eq!(difference(&rows, &ledger.rows(&app)), Vec::<String>::new(), "{role}: {body}");
    }
    // A relationship manager takes new customers for themselves only.
    let rm = app.role(Role::Rm);
    let rows = ledger.rows(&app);
    for (owner, code) in [("rm2", "not_in_scope"), ("rm_b1", "unit_of_owner")] {
        let new = json!({"kind": "person", "name": "王小明", "owner_id": user(owner)});
        let answer = rm.post("/customers", &new).expect(422);
        assert_eq!(answer.fields(), [("/owner_id".to_owned(), code.to_owned())], "{owner}");
    }
    assert_eq!(difference(&rows, &ledger.rows(&app)), Vec::<String>::new());
}

#[test]
fn b1_a_part_of_one_customer_is_not_reached_through_another() {
    let app = TestApp::start();
    let ledger = Ledger::of(&app);
    let caller = Caller(Some(Role::Rm));
    let things =
        make_customers(&app, "p", &[(caller, place(caller, Own)), (caller, place(caller, OtherBranch))]);
    let (own, foreign) = (&things[0], &things[1]);
    let client = app.role(Role::Rm);
    let rows = ledger.rows(&app);
    let point = format!("/customers/{}/contact-points/{}", own.id, foreign.contact_point);
    client.patch(&point, "\"1-0\"", &json!({"value": "13911112222"})).expect(404);
    client.delete(&point, "\"1-0\"").expect(404);
    let reveal = json!({"fields": [foreign.contact_point], "reason": "the customer asked"});
    client.post(&format!("/customers/{}/reveal", own.id), &reveal).expect(422);
    let taken = json!({"id": foreign.external_id});
    client.put(&format!("/customers/{}/external-ids/core", own.id), "\"1-0\"", &taken).expect(409);
    assert_eq!(difference(&rows, &ledger.rows(&app)), Vec::<String>::new());
}
