//! The pool: customers whom nobody has contacted for as long as the rule of their tier allows lose their owner and wait for somebody of their unit to take
//! them. Nobody falls back without notice. Who is about to is kept in `pool_warning` as customers are looked at once a day, and whenever one
//! of them changes or is contacted.

pub(super) mod routes;
mod rules;
mod store;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use guanxi_api::{
    CustomerKind, CustomerStatus, Instant, Page, PoolCustomer, PoolPolicy, PoolPolicyDefinition, PoolRule,
    PoolWarning, Tier,
};
use guanxi_db::{DbConn, Id, Moment, Value};
use serde_json::json;

use crate::access::{Actor, Right, Scope, UnitScope, UserId};
use crate::customers::{self, CustomerBrief, CustomerId, House};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::following::{self, Follower};
use crate::installation::Settings;
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::ownership::known;
use crate::ownership::rules::days_after;
use crate::{audit, tasks};
use rules::Standing;
use store::{FallenRow, LookedAtRow, PolicyRow, WarningRow};

/// Customers who fall back in one transaction.
const FALL_AT_ONCE: i64 = 50;

static FIELDS: &[Field] = &[
    Field::new("fell_at", "pool_customer.fell_at", FieldType::Instant).sortable(),
    Field::new("org_unit_id", "pool_customer.org_unit_id", FieldType::Id),
    Field::new("previous_owner_id", "pool_customer.previous_owner_id", FieldType::Id),
];

pub(crate) static POOL: Resource = Resource {
    name: "pool",
    fields: FIELDS,
    default_sort: "-fell_at",
    id_column: "pool_customer.customer_id",
    unless_asked: None,
};

static WARNING_FIELDS: &[Field] = &[
    Field::new("falls_on", "pool_warning.falls_on", FieldType::Date).sortable(),
    Field::new("org_unit_id", "customer.org_unit_id", FieldType::Id),
    Field::new("owner_id", "customer.owner_id", FieldType::Id).nullable(),
];

pub(crate) static WARNINGS: Resource = Resource {
    name: "pool-warnings",
    fields: WARNING_FIELDS,
    default_sort: "falls_on",
    id_column: "pool_warning.customer_id",
    unless_asked: None,
};

/// The rules as they are.
///
/// # Errors
/// When the database fails.
pub fn policy(conn: &mut DbConn) -> Result<PoolPolicy> {
    let row = store::policy(conn)?;
    let days = rules_of(conn)?;
    let number = |number: i32| u32::try_from(number).map_err(Error::internal);
    Ok(PoolPolicy {
        rules: days.into_iter().map(|(tier, days)| PoolRule { tier, days }).collect(),
        notice_days: number(row.notice_days)?,
        claims_per_day: row.claims_per_day.map(number).transpose()?,
        hold_days: number(row.hold_days)?,
        version: row.version,
        updated_at: Instant(row.updated_at.to_utc()),
    })
}

fn rules_of(conn: &mut DbConn) -> Result<BTreeMap<Tier, u32>> {
    let rules = store::rules(conn)?.into_iter();
    rules
        .map(|(tier, days)| {
            Ok((known(Tier::from_code(&tier))?, u32::try_from(days).map_err(Error::internal)?))
        })
        .collect()
}

/// Sets the rules; all customers are then looked at anew. Who would fall back at once is given notice first.
///
/// # Errors
/// 412 when the version is no longer the newest, 422 for a tier twice.
pub fn set_policy(
    conn: &mut DbConn,
    actor: &Actor,
    version: i64,
    new: &PoolPolicyDefinition,
) -> Result<PoolPolicy> {
    store::lock_policy(conn)?;
    let before = policy(conn)?;
    if before.version != version {
        let tag = crate::web::etag(actor, before.version, 0);
        return Err(Error::new(Code::Stale).with_header("ETag", tag));
    }
    let mut wrong = Wrong::default();
    let mut seen = BTreeSet::new();
    for (n, rule) in new.rules.iter().enumerate() {
        if !seen.insert(rule.tier) {
            wrong.add(FieldError::new(format!("/rules/{n}/tier"), "duplicate"));
        }
    }
    wrong.unless(Some(()))?;
    let document = |rules: &[PoolRule], notice: u32, claims: Option<u32>, hold: u32| {
        let days: BTreeMap<&str, u32> = rules.iter().map(|rule| (rule.tier.as_str(), rule.days)).collect();
        json!({"rules": days, "notice_days": notice, "claims_per_day": claims, "hold_days": hold})
    };
    let changes = audit::changes_between(
        &document(&before.rules, before.notice_days, before.claims_per_day, before.hold_days),
        &document(&new.rules, new.notice_days, new.claims_per_day, new.hold_days),
    );
    if changes.is_empty() {
        return Ok(before);
    }
    let number = |number: u32| i32::try_from(number).map_err(Error::internal);
    let mut rows = Vec::with_capacity(new.rules.len());
    for rule in &new.rules {
        rows.push((rule.tier.as_str(), number(rule.days)?));
    }
    let row = PolicyRow {
        notice_days: number(new.notice_days)?,
        claims_per_day: new.claims_per_day.map(number).transpose()?,
        hold_days: number(new.hold_days)?,
        version: version + 1,
        updated_at: actor.now(),
    };
    store::set_policy(conn, &row, &rows)?;
    following::begin_walk(conn, Follower::Pool)?;
    audit::record(
        conn,
        actor,
        &audit::Change {
            resource_type: "pool_policy",
            resource_id: uuid::Uuid::nil(),
            action: "updated",
            version: version + 1,
            changes,
            reason: None,
        },
    )?;
    policy(conn)
}

/// The customers in the pools of the actor's units, those who fell back last before others.
///
/// # Errors
/// As every list.
pub fn list(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
) -> Result<Page<PoolCustomer>> {
    let listing = request.read(&POOL, actor, house.keys.cursor())?;
    let units = UnitScope::of(actor);
    let mut rows = store::fallen(conn, &units, &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |row, _| Value::Moment(row.fallen.fell_at),
        |row| Id::new(row.fallen.customer_id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_fallen(conn, &units, &listing)?);
    }
    let names = house.directory.newest(conn)?;
    let hold_days = policy(conn)?.hold_days;
    let claims = actor.may(Right::ClaimCustomers);
    let data = rows.into_iter().map(|row| {
        Ok(PoolCustomer {
            id: row.fallen.customer_id.uuid(),
            claimable_from: claims.then(|| claimable_from(actor, house.settings, &row.fallen, hold_days)),
            customer_no: row.customer_no,
            name: row.name,
            kind: known(CustomerKind::from_code(&row.kind))?,
            tier: known(Tier::from_code(&row.tier))?,
            city: row.city,
            org_unit: names.unit(row.fallen.org_unit_id)?,
            previous_owner: names.user(row.fallen.previous_owner_id)?,
            fell_at: Instant(row.fallen.fell_at.to_utc()),
            last_contacted_at: contacted(row.last_contacted_at),
            version: row.version,
        })
    });
    Ok(Page { data: data.collect::<Result<_>>()?, page: info })
}

fn contacted(at: Moment) -> Option<Instant> {
    (at > Moment::EARLIEST).then(|| Instant(at.to_utc()))
}

/// The first day on which the actor may take a customer.
fn claimable_from(actor: &Actor, settings: &Settings, row: &FallenRow, hold_days: u32) -> NaiveDate {
    let fell_on = settings.day(row.fell_at);
    if actor.user_id() == Some(row.previous_owner_id) { days_after(fell_on, hold_days) } else { fell_on }
}

/// The customers that the actor sees who are about to fall back, the soonest first.
///
/// # Errors
/// As every list.
pub fn warnings(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
) -> Result<Page<PoolWarning>> {
    let listing = request.read(&WARNINGS, actor, house.keys.cursor())?;
    let scope = Scope::of(actor);
    let mut rows = store::warnings(conn, &scope, &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |row, _| Value::Date(row.warning.falls_on),
        |row| Id::new(row.warning.customer_id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_warnings(conn, &scope, &listing)?);
    }
    let ids: Vec<CustomerId> = rows.iter().map(|row| row.warning.customer_id).collect();
    let customers = customers::related(conn, actor, house, &ids)?;
    let names = house.directory.newest(conn)?;
    let data = rows.into_iter().map(|row| {
        Ok(PoolWarning {
            id: row.warning.customer_id.uuid(),
            customer: customers.get(&row.warning.customer_id).cloned().ok_or_else(Error::not_found)?,
            org_unit: names.unit(row.org_unit_id)?,
            owner: row.owner_id.map(|id| names.user(id)).transpose()?,
            last_contacted_at: contacted(row.last_contacted_at),
            falls_on: row.warning.falls_on,
        })
    });
    Ok(Page { data: data.collect::<Result<_>>()?, page: info })
}

/// Takes a customer from the pool: the actor becomes its owner, and has signed for it. What the last owner was to do about it goes over.
///
/// # Errors
/// 404 for a customer that is in no pool of the actor's units, 403 for who is no relationship manager, 412, 409 for whoever had it last and does not wait, and for one
/// who has taken as many today as they may.
pub fn claim(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: CustomerId, version: i64) -> Result<()> {
    let me = actor.user_id().ok_or_else(Error::forbidden)?;
    // Whoever takes several at once does so one after the other, so that they are counted.
    store::lock_user(conn, me)?;
    customers::lock(conn, id)?;
    let row = store::find_fallen(conn, &UnitScope::of(actor), id)?;
    let policy = policy(conn)?;
    let today = house.settings.day(actor.now());
    let had_it_last = row.previous_owner_id == me;
    if had_it_last && claimable_from(actor, house.settings, &row, policy.hold_days) > today {
        return Err(Error::conflict("", "had_it_last"));
    }
    if let Some(most) = policy.claims_per_day {
        let taken = store::claimed_since(conn, me, house.settings.start_of(today))?;
        if taken >= i64::from(most) {
            return Err(Error::conflict("", "took_enough_today"));
        }
    }
    customers::claim(conn, actor, id, version)?;
    store::remove_fallen(conn, &[id])?;
    tasks::pass_on(conn, actor, id, (row.previous_owner_id, me))
}

/// What is kept of customers when they are looked at.
struct Kept {
    days: BTreeMap<Tier, u32>,
    notice_days: u32,
    warnings: HashMap<CustomerId, WarningRow>,
}

impl Kept {
    fn read(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Self> {
        let warnings = store::warnings_of(conn, ids)?;
        Ok(Kept {
            days: rules_of(conn)?,
            notice_days: u32::try_from(store::policy(conn)?.notice_days).map_err(Error::internal)?,
            warnings: warnings.into_iter().map(|row| (row.customer_id, row)).collect(),
        })
    }

    /// The warning that a customer is to have on a day.
    fn warning(
        &self,
        settings: &Settings,
        row: &LookedAtRow,
        today: NaiveDate,
    ) -> Result<Option<WarningRow>> {
        let tier = known(Tier::from_code(&row.tier))?;
        let is_kept = row.archived || row.do_not_contact || row.status == CustomerStatus::Lost.as_str();
        let (Some(days), Some(began_at), false) = (self.days.get(&tier), row.began_at, is_kept) else {
            return Ok(None);
        };
        let standing = Standing {
            silent_since: settings.day(row.last_contacted_at.max(began_at)),
            warned_on: self.warnings.get(&row.id).map(|warning| warning.warned_on),
        };
        let warning = rules::warning(standing, *days, self.notice_days, today);
        Ok(warning.map(|(warned_on, falls_on)| WarningRow { customer_id: row.id, warned_on, falls_on }))
    }
}

fn look_at(conn: &mut DbConn, actor: &Actor, settings: &Settings, ids: &[CustomerId]) -> Result<()> {
    let kept = Kept::read(conn, ids)?;
    let fallen = store::fallen_among(conn, ids)?;
    if kept.days.is_empty() && kept.warnings.is_empty() && fallen.is_empty() {
        return Ok(());
    }
    let today = settings.day(actor.now());
    let (mut gone, mut new, mut taken) = (Vec::new(), Vec::new(), Vec::new());
    for row in store::looked_at(conn, ids)? {
        let warning = kept.warning(settings, &row, today)?;
        let was = kept.warnings.get(&row.id);
        if was != warning.as_ref() {
            gone.extend(was.map(|was| was.customer_id));
            new.extend(warning);
        }
        if let Some(fallen) = fallen.iter().find(|fallen| fallen.customer_id == row.id) {
            let waits =
                row.owner_id.is_none() && !row.archived && row.status != CustomerStatus::Lost.as_str();
            if !waits {
                taken.push(row.id);
            } else if fallen.org_unit_id != row.org_unit_id {
                store::move_fallen(conn, row.id, row.org_unit_id)?;
            }
        }
    }
    store::remove_warnings(conn, &gone)?;
    store::insert_warnings(conn, &new)?;
    store::remove_fallen(conn, &taken)
}

/// Whether there are customers to be looked at, or to fall back.
///
/// # Errors
/// When the database fails.
pub fn has_pool_work(conn: &mut DbConn, today: NaiveDate) -> Result<bool> {
    Ok(following::has_work(conn, Follower::Pool, today)? || store::has_due(conn, today)?)
}

/// Looks at some customers, and has some fall back whose day has come; false when there are none, or another server does it.
///
/// # Errors
/// When the database fails.
pub fn do_some_pool_work(conn: &mut DbConn, actor: &Actor, settings: &Settings) -> Result<bool> {
    let today = settings.day(actor.now());
    if let Some(step) = following::next(conn, Follower::Pool, today)? {
        look_at(conn, actor, settings, &step.customers)?;
        return Ok(true);
    }
    let due = store::own_due(conn, today, FALL_AT_ONCE)?;
    if due.is_empty() {
        return Ok(false);
    }
    customers::lock_all(conn, &due)?;
    // A contact of this moment keeps a customer.
    look_at(conn, actor, settings, &due)?;
    let still = store::warnings_of(conn, &due)?;
    for warning in still.into_iter().filter(|warning| warning.falls_on <= today) {
        fall_back(conn, actor, warning.customer_id)?;
    }
    Ok(true)
}

/// Has a customer fall back.
///
/// # Errors
/// When the database fails.
pub fn fall_back(conn: &mut DbConn, actor: &Actor, id: CustomerId) -> Result<()> {
    if let Some((previous_owner_id, org_unit_id)) = customers::fall_back(conn, actor, id)? {
        let row = FallenRow { customer_id: id, org_unit_id, previous_owner_id, fell_at: actor.now() };
        store::remove_fallen(conn, &[id])?;
        store::insert_fallen(conn, &row)?;
    }
    store::remove_warnings(conn, &[id])
}

/// Puts a customer whom nobody owns into the pool, as one that somebody has left behind.
///
/// # Errors
/// When the database fails.
pub fn put_in(
    conn: &mut DbConn,
    actor: &Actor,
    customer: &CustomerBrief,
    previous_owner_id: UserId,
) -> Result<()> {
    let row = FallenRow {
        customer_id: customer.id,
        org_unit_id: customer.org_unit_id,
        previous_owner_id,
        fell_at: actor.now(),
    };
    store::insert_fallen(conn, &row)
}

/// How many warnings are not what the rules say, and how many customers are in the pool who have an owner; none while there is work.
///
/// # Errors
/// When the database fails.
pub fn wrong_pool(conn: &mut DbConn, settings: &Settings) -> Result<Option<i64>> {
    let Some(day) = following::settled_on(conn, Follower::Pool)? else { return Ok(None) };
    let mut wrong = 0;
    following::walk(conn, |conn, ids| {
        let kept = Kept::read(conn, ids)?;
        let fallen: BTreeSet<CustomerId> =
            store::fallen_among(conn, ids)?.into_iter().map(|row| row.customer_id).collect();
        for row in store::looked_at(conn, ids)? {
            let is_right = kept.warnings.get(&row.id) == kept.warning(settings, &row, day)?.as_ref();
            wrong += i64::from(!is_right) + i64::from(row.owner_id.is_some() && fallen.contains(&row.id));
        }
        Ok(())
    })?;
    Ok(Some(wrong))
}
