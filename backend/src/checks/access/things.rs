//! What the matrix calls its operations on, made for every cell that needs one of its own.

use std::collections::HashMap;
use std::io::Write;

use diesel::prelude::*;
use guanxi_api::{
    Amount, ContactPointKind, CustomerKind, Direction, ExternalId, IdentityDocument, IdentityKind,
    InteractionKind, InteractionOutcome, InteractionPurpose, JobKind, LocalName, NewContactPoint,
    NewCustomer, NewOrgUnit, NewUser, OrgUnitKind, PlannedTierPolicy, RiskAppetite, Role, SegmentDefinition,
    SegmentLevel, SegmentOverride, SegmentSchemeDefinition, ServicingChannel, TaskPriority, TaskSource,
    TaskStatus, TeamRole, Tier, TierBasis, TierRule,
};
use guanxi_api::{LocalText, NewQuestionnaire, NewSurvey, Question, QuestionKind};
use guanxi_db::schema::{
    contact_point, customer, duplicate_pair, external_id, field_conflict, import_change, import_mapping,
    import_problem, interaction, job, job_file, relation, saved_view, survey, survey_answer,
    survey_invitation, task, upload,
};
use guanxi_db::{DbConn, DbError, Doc, Id};
use serde_json::json;
use uuid::Uuid;

use super::cells::{Caller, Cell, Place, Position, parent};
use super::matrix::mapping;
use super::policy::Target;
use crate::access::password::Parameters;
use crate::access::{Actor, Hasher};
use crate::customers::{self, ContactPointId, CustomerId, Prepared, create_many};
use crate::error::Result;
use crate::files::FileStore;
use crate::installation::Settings;
use crate::interactions::{self, InteractionId};
use crate::jobs::NewJob;
use crate::listing::ListRequest;
use crate::tasks::{self, TaskId};
use crate::testing::{Fixture, PASSWORD, TestApp};
use crate::{clock, holdings, imports, jobs, merging, org, products, relations, segments, surveys};

mod ownership;

/// A target as a request names it.
#[derive(Clone, Debug, Default)]
pub struct Thing {
    pub id: Uuid,
    pub contact_point: Uuid,
    pub external_id: String,
    pub version: i64,
    pub unit: Uuid,
    pub holding: Uuid,
    pub transaction: Uuid,
    pub holding_version: i64,
    pub product: Uuid,
    /// The same thing in its other state: a published questionnaire beside a draft, an open survey beside one.
    pub other: Uuid,
    pub customer: Uuid,
    pub invitation: Uuid,
    pub relation: Uuid,
    /// Another customer, whom everybody sees who may change customers.
    pub partner: Uuid,
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
        let house = state.house();
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

/// Plans as many policies of tiers, each for a day of its own.
fn make_tier_policies(app: &TestApp, _: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let (state, wanted) = (app.state.clone(), wanted.len());
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let request = ListRequest { limit: Some(200), ..ListRequest::default() };
        let others = customers::tier_policies(conn, &actor, state.house(), &request)?.data.len();
        let make = |n: usize| {
            let planned = planned_tiers(&state.settings, u64::try_from(others + n).unwrap_or_default());
            let policy = customers::plan_tiers(conn, &actor, &state.settings, &planned)?;
            Ok(Thing { id: policy.id, version: policy.version, ..Thing::default() })
        };
        (0..wanted).map(make).collect()
    })
}

/// The scheme by customer groups, as the migration makes it.
pub const GROUPS: Uuid = Uuid::from_u128(0x019ac0de_0000_7000_8000_000000000101);

/// A segment by its code, whose rule finds nobody.
pub fn segment_definition(code: &str) -> SegmentDefinition {
    SegmentDefinition {
        code: code.to_owned(),
        name: LocalName { zh_cn: "客群".into(), en: "Segment".into() },
        description: None,
        rank: 900,
        rule: "age gt 200".into(),
        risk_from: RiskAppetite::Conservative,
        risk_to: RiskAppetite::Balanced,
        contribution: SegmentLevel::Mid,
        service_cost: SegmentLevel::Low,
        cadence_days: Some(14),
        preferred_channel: None,
        product_preferences: Vec::new(),
        product_exclusions: Vec::new(),
        acts_as_group: false,
    }
}

/// A scheme by its code.
pub fn scheme_definition(code: &str) -> SegmentSchemeDefinition {
    let name = LocalName { zh_cn: "分群".into(), en: "Scheme".into() };
    SegmentSchemeDefinition { code: code.to_owned(), name, applies_to: None }
}

/// Makes as many schemes, each with a segment of the same code.
fn make_schemes(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let archived: Vec<bool> = wanted.iter().map(|(_, place)| place.archived).collect();
    let batch = batch.to_owned();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |(n, archived): (usize, &bool)| -> Result<Thing> {
            let mut scheme =
                segments::create_scheme(conn, &actor, &scheme_definition(&format!("{batch}{n}")))?;
            if *archived {
                scheme = segments::archive_scheme(conn, &actor, Id::new(scheme.id), scheme.version)?;
            }
            Ok(Thing { id: scheme.id, version: scheme.version, ..Thing::default() })
        };
        archived.iter().enumerate().map(make).collect()
    })
}

fn make_segments(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let archived: Vec<bool> = wanted.iter().map(|(_, place)| place.archived).collect();
    let batch = batch.to_owned();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |(n, archived): (usize, &bool)| -> Result<Thing> {
            let definition = segment_definition(&format!("{batch}{n}"));
            let mut segment = segments::create_segment(conn, &actor, Id::new(GROUPS), &definition)?;
            if *archived {
                segment = segments::archive_segment(conn, &actor, Id::new(segment.id), segment.version)?;
            }
            Ok(Thing {
                id: segment.id,
                version: segment.version,
                external_id: segment.code,
                ..Thing::default()
            })
        };
        archived.iter().enumerate().map(make).collect()
    })
}

/// A customer at each place of whom somebody has decided that it is in no segment.
fn make_segmented(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let customers = customers_of(app, batch, wanted);
    let state = app.state.clone();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let decision = SegmentOverride { segment_id: None, reason: "He said so".into(), until: None };
        let make = |customer: &CustomerId| -> Result<Thing> {
            let which = (*customer, Id::new(GROUPS));
            segments::override_segment(conn, &actor, state.house(), which, &decision)?;
            Ok(Thing { id: customer.uuid(), version: 1, ..Thing::default() })
        };
        customers.iter().map(make).collect()
    })
}

/// A view at each place: private where it is the caller's own, else shared with the unit.
/// Makes as many tags.
fn make_tags(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let archived: Vec<bool> = wanted.iter().map(|(_, place)| place.archived).collect();
    let batch = batch.to_owned();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |(n, archived): (usize, &bool)| {
            let mut tag = make_tag(conn, &actor, format!("{batch}{n}"))?;
            if *archived {
                tag = customers::archive_tag(conn, &actor, Id::new(tag.id), tag.version)?;
            }
            Ok(Thing { id: tag.id, version: tag.version, ..Thing::default() })
        };
        archived.iter().enumerate().map(make).collect()
    })
}

fn make_tag(conn: &mut DbConn, actor: &Actor, name: String) -> Result<guanxi_api::Tag> {
    let new = guanxi_api::NewTag { name, colour: guanxi_api::TagColour::Grey, description: None };
    customers::create_tag(conn, actor, &new)
}

/// A customer at each place that has a tag; there is another one that it could have.
fn make_tagged(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let mut things = make_customers(app, batch, wanted);
    let ids: Vec<Uuid> = things.iter().map(|thing| thing.id).collect();
    let batch = batch.to_owned();
    let (has, could_have) = app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let has = make_tag(conn, &actor, format!("{batch} has"))?.id;
        let could_have = make_tag(conn, &actor, format!("{batch} could have"))?.id;
        for id in &ids {
            customers::give_tag(conn, &actor, (Id::new(*id), Id::new(has)), None)?;
        }
        Ok((has, could_have))
    });
    for thing in &mut things {
        (thing.other, thing.product) = (has, could_have);
    }
    things
}

fn make_views(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let (fixture, batch) = (app.fixture.clone(), batch.to_owned());
    let wanted: Vec<(Option<&str>, Place)> =
        wanted.iter().map(|(caller, place)| (caller.username(), *place)).collect();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |(n, (caller, place)): (usize, &(Option<&str>, Place))| -> Result<Thing> {
            let id: Id<()> = actor.new_id();
            let own = place.owner.is_some() && place.owner == *caller;
            let shared = (!own).then(|| Id::<()>::new(fixture.unit(place.unit)));
            let owner = place.owner.filter(|_| own).unwrap_or("head_b1");
            diesel::insert_into(saved_view::table)
                .values((
                    saved_view::id.eq(id),
                    saved_view::list.eq("customers"),
                    saved_view::name.eq(format!("{batch}{n}")),
                    saved_view::sharing.eq(if own { "private" } else { "unit" }),
                    saved_view::owner_id.eq(Id::<()>::new(fixture.user(owner))),
                    saved_view::org_unit_id.eq(shared),
                    saved_view::shown.eq(Doc(json!(["name"]))),
                    saved_view::version.eq(1_i64),
                    saved_view::created_at.eq(actor.now()),
                    saved_view::updated_at.eq(actor.now()),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            Ok(Thing { id: id.uuid(), version: 1, ..Thing::default() })
        };
        wanted.iter().enumerate().map(make).collect()
    })
}

/// A customer at each place that somebody else has assigned.
fn make_unsigned(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let customers = customers_of(app, batch, wanted);
    customers.into_iter().map(|id| Thing { id: id.uuid(), version: 1, ..Thing::default() }).collect()
}

/// A policy of tiers for so many days after tomorrow.
pub fn planned_tiers(settings: &Settings, days: u64) -> PlannedTierPolicy {
    let rule = |(n, tier): (i64, &Tier)| TierRule {
        tier: *tier,
        threshold: Amount(n * 1_000_000_000),
        cadence_days: Some(7),
        servicing_channel: ServicingChannel::RelationshipManager,
    };
    PlannedTierPolicy {
        valid_from: settings.day(clock::now()) + chrono::Days::new(days + 2),
        basis: TierBasis::YearlyAverage,
        grace_days: 30,
        candidate_percent: 75,
        gem_amount: Amount(500_000_000),
        tiers: (0..).zip(Tier::ALL).map(rule).collect(),
    }
}

/// Makes one customer for each place.
pub fn make_customers(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
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
            let house = state.house();
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
            let user = org::create_user(
                conn,
                &actor,
                new,
                org::NewPassword { hash: &hash, must_change: false, expires_at: None },
            )?;
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

pub fn today(app: &TestApp) -> chrono::NaiveDate {
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
            recorded_at: clock::now(),
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

/// A customer whom all roles see that change customers and holdings.
fn make_partner(app: &TestApp, batch: &str) -> Uuid {
    let place = Place { unit: "a1", owner: Some("rm"), in_team: true, archived: false };
    make_customers(app, batch, &[(Caller(Some(Role::Adviser)), place)])[0].id
}

/// A customer at each place with a relation, which is archived where the place says so.
fn make_related(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let present: Vec<(Caller, Place)> =
        wanted.iter().map(|(caller, place)| (*caller, Place { archived: false, ..*place })).collect();
    let customers = customers_of(app, batch, &present);
    let partner = make_partner(app, &format!("{batch}-partner"));
    let archived: Vec<bool> = wanted.iter().map(|(_, place)| place.archived).collect();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |(customer, archived): (&CustomerId, &bool)| -> Result<Thing> {
            let id: Id<()> = actor.new_id();
            diesel::insert_into(relation::table)
                .values((
                    relation::id.eq(id),
                    relation::from_id.eq(customer),
                    relation::to_id.eq(CustomerId::new(partner)),
                    relation::kind.eq("guarantor"),
                    relation::archived.eq(archived),
                    relation::archived_at.eq(archived.then(|| actor.now())),
                    relation::version.eq(1_i64),
                    relation::created_at.eq(actor.now()),
                    relation::updated_at.eq(actor.now()),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            Ok(Thing { id: customer.uuid(), relation: id.uuid(), version: 1, ..Thing::default() })
        };
        customers.iter().zip(&archived).map(make).collect()
    })
}

/// A household of one customer at each place.
fn make_households(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let present: Vec<(Caller, Place)> =
        wanted.iter().map(|(caller, place)| (*caller, Place { archived: false, ..*place })).collect();
    let customers = customers_of(app, batch, &present);
    let archived: Vec<bool> = wanted.iter().map(|(_, place)| place.archived).collect();
    let state = app.state.clone();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |(customer, archived): (&CustomerId, &bool)| -> Result<Thing> {
            let new = json!({"name": "张家", "members": [{"customer_id": customer.uuid(), "role": "head"}]});
            let new = serde_json::from_value(new).expect("a household");
            let id = relations::create_household(conn, &actor, state.house(), &new)?;
            if *archived {
                relations::archive_household(conn, &actor, state.house(), id, 1)?;
            }
            Ok(Thing { id: id.uuid(), version: 1 + i64::from(*archived), ..Thing::default() })
        };
        customers.iter().zip(&archived).map(make).collect()
    })
}

/// An open conflict about a customer at each place.
fn make_conflicts(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let customers = customers_of(app, batch, wanted);
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |customer: CustomerId| -> Result<Thing> {
            let id = make_conflict(conn, &actor, customer, "city", "宁波")?;
            Ok(Thing { id, version: 1, ..Thing::default() })
        };
        customers.iter().copied().map(make).collect()
    })
}

/// What another system says of a field that somebody has verified.
pub fn make_conflict(
    conn: &mut DbConn,
    actor: &Actor,
    customer: CustomerId,
    field: &str,
    offered: &str,
) -> Result<Uuid> {
    let id: Id<()> = actor.new_id();
    diesel::insert_into(field_conflict::table)
        .values((
            field_conflict::id.eq(id),
            field_conflict::customer_id.eq(customer),
            field_conflict::field.eq(field),
            field_conflict::system.eq("core"),
            field_conflict::offered.eq(Doc(json!(offered))),
            field_conflict::state.eq("open"),
            field_conflict::offered_at.eq(actor.now()),
            field_conflict::version.eq(1_i64),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(id.uuid())
}

/// Two customers at each place.
fn twins_of(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<(CustomerId, CustomerId)> {
    let both = (customers_of(app, batch, wanted), customers_of(app, &format!("{batch}2"), wanted));
    both.0.into_iter().zip(both.1).collect()
}

fn make_twins(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let thing = |(one, other): (CustomerId, CustomerId)| Thing {
        id: one.uuid(),
        other: other.uuid(),
        version: 1,
        ..Thing::default()
    };
    twins_of(app, batch, wanted).into_iter().map(thing).collect()
}

/// Pairs, decided where they are to be opened again.
fn make_duplicates(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let twins = twins_of(app, batch, wanted);
    let decided: Vec<bool> = wanted.iter().map(|(_, place)| place.archived).collect();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |(both, decided): (&(CustomerId, CustomerId), &bool)| -> Result<Thing> {
            let id = make_pair(conn, &actor, *both, *decided)?;
            Ok(Thing { id, version: 1, ..Thing::default() })
        };
        twins.iter().zip(&decided).map(make).collect()
    })
}

/// Two customers who may be one, or of whom somebody has said that they are not.
pub fn make_pair(
    conn: &mut DbConn,
    actor: &Actor,
    (one, other): (CustomerId, CustomerId),
    dismissed: bool,
) -> Result<Uuid> {
    let id: Id<()> = actor.new_id();
    diesel::insert_into(duplicate_pair::table)
        .values((
            duplicate_pair::id.eq(id),
            duplicate_pair::first_id.eq(one.min(other)),
            duplicate_pair::second_id.eq(one.max(other)),
            duplicate_pair::score.eq(80_i16),
            duplicate_pair::evidence.eq(Doc(json!(["same_name"]))),
            duplicate_pair::state.eq(if dismissed { "dismissed" } else { "open" }),
            duplicate_pair::search_id.eq(id),
            duplicate_pair::found_at.eq(actor.now()),
            duplicate_pair::version.eq(1_i64),
        ))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(id.uuid())
}

fn make_merges(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let twins = twins_of(app, batch, wanted);
    let state = app.state.clone();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |(one, other): &(CustomerId, CustomerId)| -> Result<Thing> {
            let new = guanxi_api::NewCustomerMerge {
                other_id: other.uuid(),
                other_version: 1,
                take: Vec::new(),
                reason: None,
            };
            let made = merging::merge(conn, &actor, state.house(), (*one, 1), &new)?;
            Ok(Thing { id: made.id, version: 1, ..Thing::default() })
        };
        twins.iter().map(make).collect()
    })
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

/// A file of whoever owns the place.
fn make_upload(
    files: &FileStore,
    fixture: &Fixture,
    conn: &mut DbConn,
    place: &Place,
) -> Result<imports::Sent> {
    let actor = Actor::operator(clock::now());
    let mut received = imports::Received::begin(files, &actor)?;
    received.take("id,name\n1,王伟\n".as_bytes())?;
    let id = imports::receive(conn, &actor, "customers.csv", &received.end()?)?;
    let sent = imports::find(conn, &actor, id)?;
    let owner = place.owner.map(|name| Id::<()>::new(fixture.user(name)));
    diesel::update(upload::table.find(id))
        .set(upload::created_by.eq(owner))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(sent)
}

fn make_uploads(app: &TestApp, _: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let (state, fixture) = (app.state.clone(), app.fixture.clone());
    let places: Vec<Place> = wanted.iter().map(|(_, place)| *place).collect();
    app.db(move |conn| {
        let make = |place: &Place| {
            let sent = make_upload(&state.files, &fixture, conn, place)?;
            Ok(Thing { id: sent.id().uuid(), version: 1, ..Thing::default() })
        };
        places.iter().map(make).collect::<Result<_>>()
    })
}

/// A mapping that whoever owns the place keeps.
fn make_kept_mappings(app: &TestApp, batch: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let (fixture, batch) = (app.fixture.clone(), batch.to_owned());
    let places: Vec<Place> = wanted.iter().map(|(_, place)| *place).collect();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |(n, place): (usize, &Place)| {
            let owner = Id::<()>::new(fixture.user(place.owner.unwrap_or("branch_manager")));
            let id: Id<()> = actor.new_id();
            diesel::insert_into(import_mapping::table)
                .values((
                    import_mapping::id.eq(id),
                    import_mapping::name.eq(format!("{batch}{n}")),
                    import_mapping::shared.eq(false),
                    import_mapping::created_by.eq(owner),
                    import_mapping::header.eq(Doc(json!(["id", "name"]))),
                    import_mapping::used.eq(Doc(json!(["id", "name"]))),
                    import_mapping::mapping.eq(Doc(mapping())),
                    import_mapping::version.eq(1_i64),
                    import_mapping::created_at.eq(actor.now()),
                    import_mapping::updated_at.eq(actor.now()),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            Ok(Thing { id: id.uuid(), version: 1, ..Thing::default() })
        };
        places.iter().enumerate().map(make).collect::<Result<_>>()
    })
}

/// A job that waits and one that has ended, of whoever owns the place.
fn make_jobs(app: &TestApp, _: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let (state, fixture) = (app.state.clone(), app.fixture.clone());
    let places: Vec<Place> = wanted.iter().map(|(_, place)| *place).collect();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |place: &Place| {
            let owner = place.owner.map(|name| Id::<()>::new(fixture.user(name)));
            let sent = make_upload(&state.files, &fixture, conn, place)?;
            let new = json!({"upload_id": sent.id().uuid(), "mapping": mapping()});
            let new = serde_json::from_value(new).expect("an import");
            let checked = imports::check(&state.files, &sent, &new)?;
            let ids = [imports::start(conn, &actor, &checked)?, imports::start(conn, &actor, &checked)?];
            for (id, state, ended) in [(ids[0], "queued", None), (ids[1], "failed", Some(actor.now()))] {
                diesel::update(job::table.find(id))
                    .set((job::created_by.eq(owner), job::state.eq(state), job::finished_at.eq(ended)))
                    .execute(conn)
                    .map_err(DbError::from)?;
            }
            let id: Id<()> = actor.new_id();
            diesel::insert_into(import_problem::table)
                .values((
                    import_problem::id.eq(id),
                    import_problem::job_id.eq(ids[1]),
                    import_problem::line.eq(2_i64),
                    import_problem::record.eq(Vec::<u8>::new()),
                    import_problem::problems.eq(Doc(json!([]))),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            diesel::update(job::table.find(ids[1]))
                .set(job::created.eq(1_i64))
                .execute(conn)
                .map_err(DbError::from)?;
            diesel::insert_into(import_change::table)
                .values((
                    import_change::job_id.eq(ids[1]),
                    import_change::line.eq(3_i64),
                    import_change::place.eq(0),
                    import_change::target.eq("customer"),
                    import_change::record_id.eq(id),
                    import_change::customer_id.eq(id),
                    import_change::version.eq(1_i64),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            Ok(Thing { id: ids[0].uuid(), other: ids[1].uuid(), version: 1, ..Thing::default() })
        };
        places.iter().map(make).collect::<Result<_>>()
    })
}

/// A bulk action that has ended and has set a task, of whoever owns the place.
fn make_bulk_actions(app: &TestApp, _: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let fixture = app.fixture.clone();
    let places: Vec<Place> = wanted.iter().map(|(_, place)| *place).collect();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |place: &Place| {
            let action = json!({"create_task": {"title": "回访", "due_on": "2026-01-01"}});
            let new = NewJob {
                kind: JobKind::Bulk,
                title: "回访".into(),
                dry_run: false,
                input: json!({"kind": "create_task", "filter": null, "action": action}),
                audited: json!({}),
                reason: None,
            };
            let id = jobs::create(conn, &actor, new)?;
            let owner = place.owner.map(|name| Id::<()>::new(fixture.user(name)));
            diesel::update(job::table.find(id))
                .set((
                    job::created_by.eq(owner),
                    job::state.eq("succeeded"),
                    job::updated.eq(1_i64),
                    job::finished_at.eq(Some(actor.now())),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            jobs::add_targets(conn, id, &[Uuid::now_v7()])?;
            let target = jobs::targets(conn, id, jobs::WAITING, 1)?.pop().expect("a target");
            jobs::settle(conn, id, &jobs::Target { outcome: jobs::DONE.into(), ..target })?;
            Ok(Thing { id: id.uuid(), other: id.uuid(), version: 1, ..Thing::default() })
        };
        places.iter().map(make).collect::<Result<_>>()
    })
}

/// An export that has ended, of whoever owns the place, with a file.
fn make_exported(app: &TestApp, _: &str, wanted: &[(Caller, Place)]) -> Vec<Thing> {
    let (state, fixture) = (app.state.clone(), app.fixture.clone());
    let places: Vec<Place> = wanted.iter().map(|(_, place)| *place).collect();
    app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        let make = |place: &Place| {
            let new = NewJob {
                kind: JobKind::Export,
                title: "tasks.csv".into(),
                dry_run: false,
                input: json!({
                    "list": "tasks", "searched": false, "format": "csv", "profile": "raw", "language": "en",
                }),
                audited: json!({}),
                reason: None,
            };
            let id = jobs::create(conn, &actor, new)?;
            let owner = place.owner.map(|name| Id::<()>::new(fixture.user(name)));
            diesel::update(job::table.find(id))
                .set((
                    job::created_by.eq(owner),
                    job::state.eq("succeeded"),
                    job::finished_at.eq(Some(actor.now())),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            let file: Id<()> = actor.new_id();
            let mut writer = state.files.create(file.uuid()).expect("a file");
            writer.write_all(b"id\r\n").expect("a disk");
            writer.finish().expect("a disk");
            diesel::insert_into(job_file::table)
                .values((
                    job_file::job_id.eq(id),
                    job_file::file_id.eq(file),
                    job_file::name.eq("tasks.csv"),
                    job_file::format.eq("csv"),
                    job_file::bytes.eq(4_i64),
                    job_file::digest.eq(Vec::<u8>::new()),
                    job_file::expires_at.eq(actor.now().plus_seconds(3600)),
                ))
                .execute(conn)
                .map_err(DbError::from)?;
            Ok(Thing { id: id.uuid(), version: 1, ..Thing::default() })
        };
        places.iter().map(make).collect::<Result<_>>()
    })
}

pub fn hash() -> String {
    Hasher::new(Parameters::FLOOR, 1).and_then(|hasher| hasher.hash_blocking(PASSWORD)).expect("a hash")
}

/// The things that the cells of one target need, made at once.
pub fn make_things(app: &TestApp, batch: &str, cells: &[Cell]) -> Vec<Thing> {
    let mut things = vec![Thing::default(); cells.len()];
    type Make = fn(&TestApp, &str, &[(Caller, Place)]) -> Vec<Thing>;
    let makers: [(&[Target], Make, &str); 37] = [
        (
            &[Target::Handover, Target::HandoverList, Target::HandoverToAnswer],
            ownership::make_handovers,
            "ho",
        ),
        (&[Target::Unsigned, Target::Unplanned], make_unsigned, "un"),
        (&[Target::StandIn, Target::StandInList], ownership::make_stand_ins, "si"),
        (&[Target::CarePlan, Target::CarePlanList], ownership::make_plans, "cp"),
        (&[Target::LeaderVisit, Target::LeaderVisitList], ownership::make_visits, "lv"),
        (&[Target::Pooled, Target::PooledList], ownership::make_pooled, "po"),
        (
            &[Target::Customer, Target::CustomerList, Target::BulkLine, Target::Holding, Target::HoldingList],
            make_customers,
            "c",
        ),
        // Without holdings, which would bring them into the lowest tier.
        (&[Target::TodayLine], make_customers, "l"),
        (&[Target::Product, Target::ProductList], make_products, "p"),
        (&[Target::TierPolicy], make_tier_policies, "g"),
        (&[Target::SegmentScheme], make_schemes, "y"),
        (&[Target::Segment], make_segments, "z"),
        (&[Target::Segmented], make_segmented, "b"),
        (&[Target::Tag], make_tags, "tg"),
        (&[Target::Tagged], make_tagged, "td"),
        (&[Target::View, Target::ViewsSeen], make_views, "w"),
        (&[Target::User, Target::UserList], make_users, "u"),
        (&[Target::Unit, Target::UnitList], make_units, "o"),
        (&[Target::Interaction, Target::InteractionList], make_interactions, "i"),
        (&[Target::Task, Target::TaskList], make_tasks, "t"),
        (&[Target::Related], make_related, "r"),
        (&[Target::Household, Target::HouseholdList], make_households, "k"),
        (&[Target::HouseholdMember], make_customers, "m"),
        (&[Target::FieldConflict, Target::FieldConflictList], make_conflicts, "d"),
        (&[Target::Duplicate, Target::DuplicateList], make_duplicates, "du"),
        (&[Target::Twins], make_twins, "tw"),
        (&[Target::Merge, Target::MergeList], make_merges, "mg"),
        (&[Target::Questionnaire], make_questionnaires, "q"),
        (&[Target::Survey], make_surveys, "s"),
        (&[Target::NewInvitation], make_uninvited, "n"),
        (&[Target::Invitation, Target::InvitationList, Target::NewAnswer], make_invited, "v"),
        (&[Target::AnswerList], make_answered, "a"),
        (&[Target::Upload, Target::NewImport], make_uploads, "f"),
        (&[Target::ImportMapping], make_kept_mappings, "w"),
        (&[Target::Job, Target::JobList], make_jobs, "j"),
        (&[Target::BulkJob], make_bulk_actions, "h"),
        (&[Target::JobFile], make_exported, "e"),
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
    let partner = make_partner(app, &format!("x{batch}"));
    for (thing, cell) in things.iter_mut().zip(cells) {
        thing.partner = partner;
        if cell.operation.sets_a_policy() {
            thing.version = 1;
        }
        thing.unit = app.fixture.unit(cell.place().unit);
    }
    things
}
