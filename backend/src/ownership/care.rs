use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use guanxi_api::{
    CareGap, CustomerStatus, Instant, Page, TeamMember, TeamRole, TeamRule, TeamRuleDefinition, TeamRules,
    TeamRulesDefinition, Tier, VisitRule,
};
use guanxi_db::{DbConn, Id, Moment, Value};
use serde_json::json;

use crate::access::{Actor, OrgUnitId, Scope, UserId};
use crate::audit;
use crate::customers::{self, CustomerId, House};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::following::{self, Follower};
use crate::installation::Settings;
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::org;
use crate::ownership::rules::{self, Care, Demands};
use crate::ownership::store::{self, CareRow, GapRow};
use crate::ownership::visits::{self, Visitor};
use crate::ownership::{known, plans};

static FIELDS: &[Field] = &[
    Field::new("tier", "customer_care.tier", FieldType::Code(Tier::CODES))
        .sortable_by_rank("customer_care.rank"),
    Field::new("since", "customer_care.since", FieldType::Instant).sortable(),
    Field::new("no_owner", "customer_care.no_owner", FieldType::Bool),
    Field::new("unsigned", "customer_care.unsigned", FieldType::Bool),
    Field::new("no_plan", "customer_care.no_plan", FieldType::Bool),
    Field::new("incomplete", "customer_care.incomplete", FieldType::Bool),
    Field::new("org_unit_id", "customer.org_unit_id", FieldType::Id),
    Field::new("owner_id", "customer.owner_id", FieldType::Id).nullable(),
];

pub(crate) static GAPS: Resource = Resource {
    name: "care-gaps",
    fields: FIELDS,
    default_sort: "-tier",
    id_column: "customer_care.customer_id",
    unless_asked: None,
};

/// The rules as they are.
///
/// # Errors
/// When the database fails.
pub fn team_rules(conn: &mut DbConn) -> Result<TeamRules> {
    let (version, updated_at) = store::policy(conn)?;
    let demands = demands(conn)?;
    let visits_of = |tier: Tier| {
        let of_tier = demands.visits.iter().filter(move |((of, _), _)| *of == tier);
        of_tier.map(|((_, role), days)| VisitRule { role: *role, days: *days }).collect()
    };
    let rules = Tier::ALL
        .iter()
        .map(|tier| TeamRule {
            tier: *tier,
            roles: demands.roles.get(tier).cloned().unwrap_or_default(),
            care_plan: demands.plans.contains(tier),
            visits: visits_of(*tier),
        })
        .collect();
    Ok(TeamRules { rules, version, updated_at: Instant(updated_at.to_utc()) })
}

pub(super) fn demands(conn: &mut DbConn) -> Result<Demands> {
    let mut demands = Demands::default();
    for (tier, role) in store::rules(conn)? {
        let role = known(TeamRole::from_code(&role))?;
        demands.roles.entry(known(Tier::from_code(&tier))?).or_default().push(role);
    }
    demands.roles.values_mut().for_each(|roles| roles.sort_unstable());
    for tier in store::plan_rules(conn)? {
        demands.plans.insert(known(Tier::from_code(&tier))?);
    }
    for (tier, role, days) in store::visit_rules(conn)? {
        let who = (known(Tier::from_code(&tier))?, known(TeamRole::from_code(&role))?);
        demands.visits.insert(who, u32::try_from(days).map_err(Error::internal)?);
    }
    Ok(demands)
}

/// Sets the rules; all customers are then looked at anew.
///
/// # Errors
/// 412 when the version is no longer the newest, 422 for a tier that is missing or stands there twice, for a role twice, and for a visit of somebody who leads no unit.
pub fn set_team_rules(
    conn: &mut DbConn,
    actor: &Actor,
    version: i64,
    definition: &TeamRulesDefinition,
) -> Result<TeamRules> {
    store::lock_policy(conn)?;
    let before = team_rules(conn)?;
    if before.version != version {
        let tag = crate::web::etag(actor, before.version, 0);
        return Err(Error::new(Code::Stale).with_header("ETag", tag));
    }
    check_rules(definition)?;
    let wanted: Vec<TeamRule> = definition.rules.iter().map(|rule| whole_rule(rule, &before)).collect();
    let roles: Vec<_> = wanted
        .iter()
        .flat_map(|rule| rule.roles.iter().map(|role| (rule.tier.as_str(), role.as_str())))
        .collect();
    let plans: Vec<_> = wanted.iter().filter(|rule| rule.care_plan).map(|rule| rule.tier.as_str()).collect();
    let mut visits = Vec::new();
    for rule in &wanted {
        for visit in &rule.visits {
            let days = i32::try_from(visit.days).map_err(Error::internal)?;
            visits.push((rule.tier.as_str(), visit.role.as_str(), days));
        }
    }
    store::replace_rules(conn, &roles)?;
    store::replace_plan_rules(conn, &plans)?;
    store::replace_visit_rules(conn, &visits)?;
    let after = team_rules(conn)?;
    let changes = audit::changes_between(&audited(&before.rules), &audited(&after.rules));
    if changes.is_empty() {
        return Ok(before);
    }
    store::set_policy(conn, version + 1, actor.now())?;
    following::begin_walk(conn, Follower::Care)?;
    audit::record(
        conn,
        actor,
        &audit::Change {
            resource_type: "team_rules",
            resource_id: uuid::Uuid::nil(),
            action: "updated",
            version: version + 1,
            changes,
            reason: None,
        },
    )?;
    team_rules(conn)
}

fn check_rules(definition: &TeamRulesDefinition) -> Result<()> {
    let mut wrong = Wrong::default();
    let mut seen = BTreeSet::new();
    for (n, rule) in definition.rules.iter().enumerate() {
        if !seen.insert(rule.tier) {
            wrong.add(FieldError::new(format!("/rules/{n}/tier"), "duplicate"));
        }
        let roles: BTreeSet<TeamRole> = rule.roles.iter().copied().collect();
        if roles.len() < rule.roles.len() {
            wrong.add(FieldError::new(format!("/rules/{n}/roles"), "duplicate"));
        }
        let mut visitors = BTreeSet::new();
        for (m, visit) in rule.visits.iter().flatten().enumerate() {
            let at = format!("/rules/{n}/visits/{m}/role");
            if !rules::is_leader(visit.role) {
                wrong.add(FieldError::new(at, "leads_no_unit"));
            } else if !visitors.insert(visit.role) {
                wrong.add(FieldError::new(at, "duplicate"));
            }
        }
    }
    wrong.unless(Some(()))
}

/// A rule with what the definition leaves as it is.
fn whole_rule(rule: &TeamRuleDefinition, before: &TeamRules) -> TeamRule {
    let kept = before.rules.iter().find(|kept| kept.tier == rule.tier);
    TeamRule {
        tier: rule.tier,
        roles: rule.roles.clone(),
        care_plan: rule.care_plan.unwrap_or_else(|| kept.is_some_and(|kept| kept.care_plan)),
        visits: rule
            .visits
            .clone()
            .unwrap_or_else(|| kept.map(|kept| kept.visits.clone()).unwrap_or_default()),
    }
}

fn audited(rules: &[TeamRule]) -> serde_json::Value {
    let mut members = serde_json::Map::new();
    for rule in rules {
        let tier = rule.tier.as_str();
        members.insert(tier.to_owned(), json!(rule.roles));
        members.insert(format!("{tier}_care_plan"), json!(rule.care_plan));
        members.insert(format!("{tier}_visits"), json!(rule.visits));
    }
    serde_json::Value::Object(members)
}

/// Customers whose care lacks something, of those that the actor sees, the highest tiers first.
///
/// # Errors
/// As every list.
pub fn gaps(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
) -> Result<Page<CareGap>> {
    let listing = request.read(&GAPS, actor, house.keys.cursor())?;
    let scope = Scope::of(actor);
    let mut rows = store::gaps(conn, &scope, &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |row, field| match field {
            "since" => Value::Moment(row.care.since),
            _ => Value::Integer(row.care.rank.into()),
        },
        |row| Id::new(row.care.customer_id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_gaps(conn, &scope, &listing)?);
    }
    let ids: Vec<CustomerId> = rows.iter().map(|row| row.care.customer_id).collect();
    let customers = customers::related(conn, actor, house, &ids)?;
    let mut units: Vec<OrgUnitId> = rows.iter().map(|row| row.org_unit_id).collect();
    units.sort_unstable();
    units.dedup();
    let leaders = org::leaders_of(conn, &units)?;
    let names = house.directory.newest(conn)?;
    let wire = |row: GapRow| -> Result<CareGap> {
        let missing = rules::roles(row.care.missing);
        let of_unit = leaders.get(&row.org_unit_id).map(Vec::as_slice).unwrap_or_default();
        let proposed =
            proposals(&missing, of_unit).map(|(role, id)| Ok(TeamMember { user: names.user(id)?, role }));
        Ok(CareGap {
            id: row.care.customer_id.uuid(),
            customer: customers.get(&row.care.customer_id).cloned().ok_or_else(Error::not_found)?,
            org_unit: names.unit(row.org_unit_id)?,
            owner: row.owner_id.map(|id| names.user(id)).transpose()?,
            no_owner: row.care.no_owner,
            unsigned: row.care.unsigned,
            proposed: proposed.collect::<Result<_>>()?,
            missing,
            no_plan: row.care.no_plan,
            since: Instant(row.care.since.to_utc()),
            version: row.version,
        })
    };
    Ok(Page { data: rows.into_iter().map(wire).collect::<Result<_>>()?, page: info })
}

/// Who of a unit's leaders would fill which missing part.
fn proposals<'a>(
    missing: &'a [TeamRole],
    leaders: &'a [(guanxi_api::Role, UserId)],
) -> impl Iterator<Item = (TeamRole, UserId)> + 'a {
    missing.iter().filter_map(|part| {
        let found = leaders.iter().find(|(role, _)| role.as_str() == part.as_str());
        found.map(|(_, id)| (*part, *id))
    })
}

/// Fills what is missing in the team of a customer with those who lead its unit and the units above it.
///
/// # Errors
/// 409 when there is nothing to fill, or nobody to fill it with; else as every change of a customer.
pub fn complete_team(conn: &mut DbConn, actor: &Actor, id: CustomerId, version: i64) -> Result<()> {
    let brief = customers::brief(conn, actor, id)?;
    let demands = demands(conn)?;
    let seen = look(conn, &demands, &[id])?;
    let missing = seen.into_iter().find_map(|seen| seen.lacking).map(|row| rules::roles(row.missing));
    let leaders = org::leaders_of(conn, &[brief.org_unit_id])?;
    let of_unit = leaders.get(&brief.org_unit_id).map(Vec::as_slice).unwrap_or_default();
    let new: Vec<(UserId, TeamRole)> =
        proposals(missing.as_deref().unwrap_or_default(), of_unit).map(|(role, id)| (id, role)).collect();
    customers::add_to_team(conn, actor, id, version, &new)
}

/// What was found of a customer when it was looked at.
struct Seen {
    id: CustomerId,
    tier: Tier,
    /// Neither archived nor lost.
    present: bool,
    team: Vec<(UserId, TeamRole)>,
    lacking: Option<CareRow>,
}

/// What the care of customers lacks now.
fn look(conn: &mut DbConn, demands: &Demands, ids: &[CustomerId]) -> Result<Vec<Seen>> {
    let unsigned: BTreeSet<CustomerId> = customers::unsigned(conn, ids)?.into_iter().collect();
    let planned: BTreeSet<CustomerId> = plans::planned_for(conn, ids)?.into_iter().collect();
    let mut teams: HashMap<CustomerId, Vec<(UserId, TeamRole)>> = HashMap::new();
    for (id, user, role) in store::teams(conn, ids)? {
        teams.entry(id).or_default().push((user, known(TeamRole::from_code(&role))?));
    }
    let mut found = Vec::new();
    for row in store::cared_for(conn, ids)? {
        let tier = known(Tier::from_code(&row.tier))?;
        let team = teams.remove(&row.id).unwrap_or_default();
        let care = Care {
            owned: row.owner_archived == Some(false),
            signed: !unsigned.contains(&row.id),
            team: team.iter().map(|(_, role)| *role).collect(),
            planned: planned.contains(&row.id),
        };
        let present = !row.archived && row.status != CustomerStatus::Lost.as_str();
        let demanded = demands.roles.get(&tier).filter(|_| present).map(Vec::as_slice).unwrap_or_default();
        let demands_plan = present && demands.plans.contains(&tier);
        let lacking = rules::lack(demanded, demands_plan, &care).map(|lack| CareRow {
            customer_id: row.id,
            tier: row.tier.clone(),
            rank: rank(tier),
            no_owner: lack.no_owner,
            unsigned: lack.unsigned,
            incomplete: lack.incomplete,
            missing: lack.missing,
            since: Moment::EARLIEST,
            no_plan: lack.no_plan,
        });
        found.push(Seen { id: row.id, tier, present, team, lacking });
    }
    Ok(found)
}

/// The leaders of teams who are to visit customers, by the rules.
fn visitors(demands: &Demands, seen: &[Seen]) -> Vec<Visitor> {
    let present = seen.iter().filter(|one| one.present);
    let of = |one: &Seen| -> Vec<Visitor> {
        let visitor = |(user, role): &(UserId, TeamRole)| {
            let days = *demands.visits.get(&(one.tier, *role))?;
            Some(Visitor {
                customer: one.id,
                user: *user,
                role: *role,
                tier: one.tier,
                rank: rank(one.tier),
                days,
            })
        };
        one.team.iter().filter_map(visitor).collect()
    };
    present.flat_map(of).collect()
}

fn rank(tier: Tier) -> i32 {
    let place = Tier::ALL.iter().position(|other| *other == tier).unwrap_or_default();
    i32::try_from(place).unwrap_or_default()
}

/// Whether they lack the same, whenever it began.
fn is_same(a: &CareRow, b: &CareRow) -> bool {
    CareRow { since: b.since, ..a.clone() } == *b
}

fn look_at(conn: &mut DbConn, actor: &Actor, settings: &Settings, ids: &[CustomerId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let demands = demands(conn)?;
    let before: HashMap<CustomerId, CareRow> =
        store::care_of(conn, ids)?.into_iter().map(|row| (row.customer_id, row)).collect();
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    let seen = look(conn, &demands, ids)?;
    visits::keep(conn, (actor, settings), ids, &visitors(&demands, &seen))?;
    for Seen { id, lacking, .. } in seen {
        let was = before.get(&id);
        match (was, lacking) {
            (Some(was), Some(row)) if is_same(was, &row) => {}
            (was, row) => {
                if was.is_some() {
                    gone.push(id);
                }
                new.extend(row.map(|row| CareRow { since: was.map_or(actor.now(), |was| was.since), ..row }));
            }
        }
    }
    store::remove_care(conn, &gone)?;
    store::insert_care(conn, &new)
}

/// Whether there are customers to be looked at.
///
/// # Errors
/// When the database fails.
pub fn has_work(conn: &mut DbConn, today: NaiveDate) -> Result<bool> {
    following::has_work(conn, Follower::Care, today)
}

/// Does a chunk of that work; false when there is none, or another server does it.
///
/// # Errors
/// When the database fails.
pub fn do_some_work(conn: &mut DbConn, actor: &Actor, settings: &Settings) -> Result<bool> {
    let Some(step) = following::next(conn, Follower::Care, settings.day(actor.now()))? else {
        return Ok(false);
    };
    look_at(conn, actor, settings, &step.customers)?;
    Ok(true)
}

/// For how many customers, and visits of leaders, the rules say something else than is kept; none while there is work.
///
/// # Errors
/// When the database fails.
pub fn wrong_care(conn: &mut DbConn, settings: &Settings) -> Result<Option<i64>> {
    if following::settled_on(conn, Follower::Care)?.is_none() {
        return Ok(None);
    }
    let demands = demands(conn)?;
    let mut wrong = 0;
    following::walk(conn, |conn, ids| {
        let kept: HashMap<CustomerId, CareRow> =
            store::care_of(conn, ids)?.into_iter().map(|row| (row.customer_id, row)).collect();
        let seen = look(conn, &demands, ids)?;
        wrong += visits::wrong(conn, settings, ids, &visitors(&demands, &seen))?;
        for Seen { id, lacking, .. } in seen {
            let is_right = match (kept.get(&id), lacking) {
                (None, None) => true,
                (Some(kept), Some(row)) => is_same(kept, &row),
                _ => false,
            };
            wrong += i64::from(!is_right);
        }
        Ok(())
    })?;
    Ok(Some(wrong))
}
