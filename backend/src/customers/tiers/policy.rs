//! Policies of tiers: the one in force, those planned for later days, and those of the past.

use chrono::NaiveDate;
use guanxi_api::{
    Amount, Instant, Page, PlannedTierPolicy, ServicingChannel, Tier, TierBasis, TierPolicy, TierPolicyState,
    TierRule, TierRules,
};
use guanxi_db::{DbConn, DbError, Id, Value};
use serde_json::json;

use crate::access::Actor;
use crate::customers::tiers::store::{self, PolicyRow, RuleRow};
use crate::customers::{House, TierPolicyId, known};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::installation::Settings;
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::{audit, due};

/// How far ahead a policy may be planned.
const MOST_DAYS_AHEAD: i64 = 1096;

static FIELDS: &[Field] = &[
    Field::new("valid_from", "tier_policy_set.valid_from", FieldType::Date).sortable(),
    Field::new("state", "tier_policy_set.state", FieldType::Code(TierPolicyState::CODES)),
];

pub(crate) static TIER_POLICIES: Resource = Resource {
    name: "tier-policies",
    fields: FIELDS,
    default_sort: "-valid_from",
    id_column: "tier_policy_set.id",
    unless_asked: None,
};

/// The policy in force.
///
/// # Errors
/// When the database fails.
pub fn tiers(conn: &mut DbConn) -> Result<TierPolicy> {
    let (row, rules) = store::in_force(conn)?;
    wire(row, rules)
}

/// The policies, the latest first unless told otherwise.
///
/// # Errors
/// As every list.
pub fn tier_policies(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
) -> Result<Page<TierPolicy>> {
    let listing = request.read(&TIER_POLICIES, actor, house.keys.cursor())?;
    let mut rows = store::policies(conn, &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |row, _| Value::Date(row.valid_from),
        |row| Id::new(row.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_policies(conn, &listing)?);
    }
    let ids: Vec<TierPolicyId> = rows.iter().map(|row| row.id).collect();
    let mut rules = store::rules_of(conn, &ids)?;
    let data = rows.into_iter().map(|row| {
        let own = rules.extract_if(.., |rule| rule.policy_id == row.id).collect();
        wire(row, own)
    });
    Ok(Page { data: data.collect::<Result<_>>()?, page: info })
}

/// A policy.
///
/// # Errors
/// 404 when there is none.
pub fn tier_policy(conn: &mut DbConn, id: TierPolicyId) -> Result<TierPolicy> {
    let row = store::policy(conn, id)?.ok_or_else(Error::not_found)?;
    let rules = store::rules_of(conn, &[id])?;
    wire(row, rules)
}

fn wire(row: PolicyRow, mut rules: Vec<RuleRow>) -> Result<TierPolicy> {
    rules.sort_by_key(|rule| rule.threshold);
    let count = |number: i32| u32::try_from(number).unwrap_or_default();
    let rule = |row: RuleRow| {
        Ok(TierRule {
            tier: known(Tier::from_code(&row.tier))?,
            threshold: Amount(row.threshold),
            cadence_days: row.cadence_days.map(count),
            servicing_channel: known(ServicingChannel::from_code(&row.servicing_channel))?,
        })
    };
    Ok(TierPolicy {
        id: row.id.uuid(),
        state: known(TierPolicyState::from_code(&row.state))?,
        valid_from: row.valid_from,
        basis: known(TierBasis::from_code(&row.basis))?,
        grace_days: count(row.grace_days),
        candidate_percent: count(row.candidate_percent),
        gem_amount: Amount(row.gem_amount),
        tiers: rules.into_iter().map(rule).collect::<Result<_>>()?,
        version: row.version,
        updated_at: Instant(row.updated_at.to_utc()),
    })
}

/// Changes the layers from today on. What decides on tiers makes all customers due to be sorted anew.
///
/// # Errors
/// 412 when the version is another one; 422 unless every tier stands there once, from the lowest to the highest, with rising thresholds
/// from 0 on.
pub fn set_tiers(
    conn: &mut DbConn,
    actor: &Actor,
    settings: &Settings,
    version: i64,
    rules: &TierRules,
) -> Result<TierPolicy> {
    let today = settings.day(actor.now());
    store::lock_policies(conn)?;
    put_in_force(conn, actor, today)?;
    let before = tiers(conn)?;
    check_rules(&rules.tiers, rules.gem_amount)?;
    must_be_at(actor, &before, version)?;
    let after = TierPolicy {
        basis: rules.basis.unwrap_or(before.basis),
        grace_days: rules.grace_days.unwrap_or(before.grace_days),
        candidate_percent: rules.candidate_percent.unwrap_or(before.candidate_percent),
        gem_amount: rules.gem_amount.unwrap_or(before.gem_amount),
        tiers: rules.tiers.clone(),
        ..before.clone()
    };
    if decisions(&before) == decisions(&after) && before.tiers == after.tiers {
        return Ok(before);
    }
    let after = if before.valid_from == today {
        let after = TierPolicy { version: version + 1, ..after };
        store::update_policy(conn, &row(actor, &after), &rule_rows(&after))?;
        after
    } else {
        store::set_state(conn, Id::new(before.id), TierPolicyState::Past)?;
        let id = actor.new_id::<crate::customers::TierPolicyMark>();
        let after = TierPolicy { id: id.uuid(), valid_from: today, version: version + 1, ..after };
        insert(conn, actor, &after)?;
        after
    };
    note(conn, actor, Some(&before), &after, "updated")?;
    if decisions(&before) != decisions(&after) {
        due::add(conn, actor, due::Kind::Tiers, "")?;
    }
    tiers(conn)
}

/// What decides on the tier of a customer and on the lists that follow from it.
fn decisions(policy: &TierPolicy) -> impl PartialEq + use<> {
    let thresholds: Vec<(Tier, Amount)> =
        policy.tiers.iter().map(|rule| (rule.tier, rule.threshold)).collect();
    (policy.basis, policy.grace_days, policy.candidate_percent, policy.gem_amount, thresholds)
}

fn must_be_at(actor: &Actor, policy: &TierPolicy, version: i64) -> Result<()> {
    if policy.version == version {
        return Ok(());
    }
    Err(Error::new(Code::Stale).with_header("ETag", crate::web::etag(actor, policy.version, 0)))
}

/// Plans a policy for a later day.
///
/// # Errors
/// 409 for the day of another policy; 422 as [`set_tiers`], and for a day that is not later than today or too far ahead.
pub fn plan_tiers(
    conn: &mut DbConn,
    actor: &Actor,
    settings: &Settings,
    planned: &PlannedTierPolicy,
) -> Result<TierPolicy> {
    store::lock_policies(conn)?;
    check_planned(conn, settings.day(actor.now()), planned, None)?;
    let id = actor.new_id::<crate::customers::TierPolicyMark>();
    let policy = of_plan(actor, planned, id, 1);
    insert(conn, actor, &policy)?;
    note(conn, actor, None, &policy, "created")?;
    tier_policy(conn, id)
}

/// Changes a planned policy.
///
/// # Errors
/// 404 when there is none; 409 for one that is in force or past; 412 when the version is another one; 422 as [`plan_tiers`].
pub fn change_planned_tiers(
    conn: &mut DbConn,
    actor: &Actor,
    settings: &Settings,
    (id, version): (TierPolicyId, i64),
    planned: &PlannedTierPolicy,
) -> Result<TierPolicy> {
    let before = planned_at(conn, actor, id, version)?;
    check_planned(conn, settings.day(actor.now()), planned, Some(id))?;
    let after = of_plan(actor, planned, id, version + 1);
    if before.valid_from == after.valid_from
        && decisions(&before) == decisions(&after)
        && before.tiers == after.tiers
    {
        return Ok(before);
    }
    store::update_policy(conn, &row(actor, &after), &rule_rows(&after))?;
    note(conn, actor, Some(&before), &after, "updated")?;
    tier_policy(conn, id)
}

/// Takes a planned policy back.
///
/// # Errors
/// 404 when there is none; 409 for one that is in force or past; 412 when the version is another one.
pub fn withdraw_planned_tiers(
    conn: &mut DbConn,
    actor: &Actor,
    (id, version): (TierPolicyId, i64),
) -> Result<()> {
    let before = planned_at(conn, actor, id, version)?;
    store::remove_policy(conn, id)?;
    let change = audit::Change {
        resource_type: "tier_policy",
        resource_id: id.uuid(),
        action: "removed",
        version: version + 1,
        changes: audit::changes_between(&document(&before), &json!({})),
        reason: None,
    };
    audit::record(conn, actor, &change)
}

fn planned_at(conn: &mut DbConn, actor: &Actor, id: TierPolicyId, version: i64) -> Result<TierPolicy> {
    store::lock_policies(conn)?;
    let policy = tier_policy(conn, id)?;
    if policy.state != TierPolicyState::Planned {
        return Err(Error::conflict("", "not_planned"));
    }
    must_be_at(actor, &policy, version)?;
    Ok(policy)
}

/// Puts policies into force whose day has come; all customers become due to be sorted anew. Gives how many there were.
///
/// # Errors
/// When the database fails.
pub fn put_in_force(conn: &mut DbConn, actor: &Actor, today: NaiveDate) -> Result<usize> {
    let due = store::planned_until(conn, today)?;
    for id in &due {
        // A server beside this one may have been faster.
        store::lock_policies(conn)?;
        let planned = tier_policy(conn, *id)?;
        if planned.state != TierPolicyState::Planned {
            continue;
        }
        let before = tiers(conn)?;
        store::set_state(conn, Id::new(before.id), TierPolicyState::Past)?;
        // A tag of either of them is old with it.
        let version = before.version.max(planned.version) + 1;
        let after = TierPolicy { state: TierPolicyState::InForce, version, ..planned.clone() };
        store::update_policy(conn, &row(actor, &after), &rule_rows(&after))?;
        note(conn, actor, Some(&planned), &after, "updated")?;
        due::add(conn, actor, due::Kind::Tiers, "")?;
    }
    Ok(due.len())
}

fn of_plan(actor: &Actor, planned: &PlannedTierPolicy, id: TierPolicyId, version: i64) -> TierPolicy {
    TierPolicy {
        id: id.uuid(),
        state: TierPolicyState::Planned,
        valid_from: planned.valid_from,
        basis: planned.basis,
        grace_days: planned.grace_days,
        candidate_percent: planned.candidate_percent,
        gem_amount: planned.gem_amount,
        tiers: planned.tiers.clone(),
        version,
        updated_at: Instant(actor.now().to_utc()),
    }
}

fn row(actor: &Actor, policy: &TierPolicy) -> PolicyRow {
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    PolicyRow {
        id: Id::new(policy.id),
        state: policy.state.as_str().to_owned(),
        valid_from: policy.valid_from,
        basis: policy.basis.as_str().to_owned(),
        grace_days: number(policy.grace_days),
        candidate_percent: number(policy.candidate_percent),
        gem_amount: policy.gem_amount.0,
        version: policy.version,
        created_at: actor.now(),
        updated_at: actor.now(),
    }
}

fn rule_rows(policy: &TierPolicy) -> Vec<RuleRow> {
    let row = |rule: &TierRule| RuleRow {
        policy_id: Id::new(policy.id),
        tier: rule.tier.as_str().to_owned(),
        threshold: rule.threshold.0,
        cadence_days: rule.cadence_days.and_then(|days| i32::try_from(days).ok()),
        servicing_channel: rule.servicing_channel.as_str().to_owned(),
    };
    policy.tiers.iter().map(row).collect()
}

fn insert(conn: &mut DbConn, actor: &Actor, policy: &TierPolicy) -> Result<()> {
    store::insert_policy(conn, &row(actor, policy), &rule_rows(policy)).map_err(|error| match error {
        DbError::Unique => Error::conflict("/valid_from", "taken"),
        other => Error::from(other),
    })
}

fn document(policy: &TierPolicy) -> serde_json::Value {
    json!({
        "state": policy.state,
        "valid_from": policy.valid_from,
        "basis": policy.basis,
        "grace_days": policy.grace_days,
        "candidate_percent": policy.candidate_percent,
        "gem_amount": policy.gem_amount,
        "tiers": policy.tiers,
    })
}

fn note(
    conn: &mut DbConn,
    actor: &Actor,
    before: Option<&TierPolicy>,
    after: &TierPolicy,
    action: &'static str,
) -> Result<()> {
    let change = audit::Change {
        resource_type: "tier_policy",
        resource_id: after.id,
        action,
        version: after.version,
        changes: audit::changes_between(&before.map_or_else(|| json!({}), document), &document(after)),
        reason: None,
    };
    audit::record(conn, actor, &change)
}

/// Every tier once, from the lowest to the highest, with rising thresholds from 0 on.
///
/// # Errors
/// 422 at each threshold that does not rise.
pub(super) fn check_thresholds(thresholds: &[(Tier, Amount)], wrong: &mut Wrong) {
    if thresholds.iter().map(|(tier, _)| *tier).ne(Tier::ALL.iter().copied()) {
        wrong.add(FieldError::new("/tiers", "all_tiers"));
    }
    for (n, (_, threshold)) in thresholds.iter().enumerate() {
        let before = n.checked_sub(1).and_then(|before| thresholds.get(before));
        if !before.map_or(threshold.0 == 0, |(_, before)| threshold > before) {
            wrong.add(FieldError::new(format!("/tiers/{n}/threshold"), "rising_thresholds"));
        }
    }
}

fn check_rules(rules: &[TierRule], gem_amount: Option<Amount>) -> Result<()> {
    let mut wrong = Wrong::default();
    note_wrong_rules(rules, gem_amount, &mut wrong);
    wrong.unless(Some(()))
}

fn note_wrong_rules(rules: &[TierRule], gem_amount: Option<Amount>, wrong: &mut Wrong) {
    let thresholds: Vec<(Tier, Amount)> = rules.iter().map(|rule| (rule.tier, rule.threshold)).collect();
    check_thresholds(&thresholds, wrong);
    if gem_amount.is_some_and(|amount| amount.0 <= 0) {
        wrong.add(FieldError::new("/gem_amount", "positive"));
    }
}

fn check_planned(
    conn: &mut DbConn,
    today: NaiveDate,
    planned: &PlannedTierPolicy,
    own: Option<TierPolicyId>,
) -> Result<()> {
    let mut wrong = Wrong::default();
    note_wrong_rules(&planned.tiers, Some(planned.gem_amount), &mut wrong);
    if planned.valid_from <= today {
        wrong.add(FieldError::new("/valid_from", "not_later"));
    } else if (planned.valid_from - today).num_days() > MOST_DAYS_AHEAD {
        wrong.add(FieldError::new("/valid_from", "too_far_ahead").with("max", MOST_DAYS_AHEAD));
    }
    wrong.unless(Some(()))?;
    match store::policy_of_day(conn, planned.valid_from)? {
        Some(other) if Some(other) != own => Err(Error::conflict("/valid_from", "taken")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(thresholds: [i64; 5]) -> Vec<TierRule> {
        Tier::ALL
            .iter()
            .zip(thresholds)
            .map(|(tier, threshold)| TierRule {
                tier: *tier,
                threshold: Amount(threshold),
                cadence_days: None,
                servicing_channel: ServicingChannel::RelationshipManager,
            })
            .collect()
    }

    #[test]
    fn layers_are_all_there_and_rise_from_nothing() {
        let check = |rules: &[TierRule]| check_rules(rules, None);
        assert!(check(&rules([0, 1, 2, 3, 4])).is_ok());
        let pointers = |rules: &[TierRule]| -> Vec<String> {
            check(rules).expect_err("refused").fields.into_iter().map(|field| field.pointer).collect()
        };
        assert_eq!(pointers(&rules([1, 2, 3, 4, 5])), ["/tiers/0/threshold"]);
        assert_eq!(pointers(&rules([0, 2, 2, 1, 5])), ["/tiers/2/threshold", "/tiers/3/threshold"]);
        assert_eq!(pointers(&rules([0, 1, 2, 3, 4])[..4]), ["/tiers"]);
        assert!(check_rules(&rules([0, 1, 2, 3, 4]), Some(Amount(0))).is_err());
    }
}
