use std::collections::HashMap;

use guanxi_api::{
    Amount, CustomerSegment, CustomerSegments, Instant, LocalName, SegmentOverride, SegmentReason,
    SegmentRef, SegmentSource, UserRef,
};
use guanxi_db::{DbConn, Id};
use serde_json::{Value, json};

use crate::access::{Actor, UserId};
use crate::audit;
use crate::customers::{self, CustomerId, House};
use crate::error::{Error, FieldError, Result, Wrong};
use crate::listing::filter::FieldType;
use crate::listing::{Comparison, Rule};
use crate::segments::evaluation::{self, Asked};
use crate::segments::fields::RULES;
use crate::segments::store::{self, MemberRow, SchemeRow, SegmentRow};
use crate::segments::{SchemeId, SegmentId, known};
use crate::text;

/// Where a customer stands in each scheme in use, and why.
///
/// # Errors
/// 404 for a customer that the actor does not see.
pub fn of_customer(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
) -> Result<CustomerSegments> {
    customers::visible(conn, actor, id)?;
    let members: HashMap<SchemeId, MemberRow> =
        store::members_of(conn, &[id])?.into_iter().map(|row| (row.scheme_id, row)).collect();
    let deciders: Vec<UserId> = members.values().filter_map(|row| row.decided_by).collect();
    let names: HashMap<UserId, String> = store::decided_by(conn, &deciders)?.into_iter().collect();
    let segments: HashMap<SegmentId, SegmentRow> =
        store::segments(conn)?.into_iter().map(|row| (row.id, row)).collect();
    let mut schemes = Vec::new();
    for scheme in store::schemes(conn)?.into_iter().filter(|scheme| !scheme.archived) {
        let member = members.get(&scheme.id);
        let of = |id: Option<SegmentId>| id.and_then(|id| segments.get(&id));
        let (segment, ruled) =
            (of(member.and_then(|row| row.segment_id)), of(member.and_then(|row| row.ruled_id)));
        let because = match segment.or(ruled) {
            Some(row) => because(conn, actor, house, id, &row.rule)?,
            None => Vec::new(),
        };
        let by = member.and_then(|row| row.decided_by);
        schemes.push(CustomerSegment {
            applies: member.is_some_and(|row| row.applies),
            segment: segment.map(segment_ref),
            by_rule: ruled.map(segment_ref),
            source: match member {
                Some(row) => known(SegmentSource::from_code(&row.source))?,
                None => SegmentSource::Rule,
            },
            since: member.map(|row| Instant(row.since.to_utc())),
            reason: member.and_then(|row| row.reason.clone()),
            until: member.and_then(|row| row.until),
            decided_by: by.map(|id| UserRef {
                id: id.uuid(),
                display_name: names.get(&id).cloned().unwrap_or_default(),
            }),
            because,
            cadence_days: segment.and_then(|row| row.cadence_days).and_then(|days| u32::try_from(days).ok()),
            scheme: scheme_ref(scheme),
        });
    }
    Ok(CustomerSegments { schemes })
}

fn segment_ref(row: &SegmentRow) -> SegmentRef {
    SegmentRef {
        id: row.id.uuid(),
        code: row.code.clone(),
        name: LocalName { zh_cn: row.name_zh.clone(), en: row.name_en.clone() },
    }
}

fn scheme_ref(row: SchemeRow) -> SegmentRef {
    SegmentRef { id: row.id.uuid(), code: row.code, name: LocalName { zh_cn: row.name_zh, en: row.name_en } }
}

/// The numbers of days after which some segment in use demands a contact, each once.
///
/// # Errors
/// When the database fails.
pub fn cadences(conn: &mut DbConn) -> Result<Vec<u32>> {
    let days = store::cadences(conn)?;
    Ok(days.into_iter().filter_map(|days| u32::try_from(days).ok()).collect())
}

/// After how many days the segments of customers demand a contact, the strictest of them.
///
/// # Errors
/// When the database fails.
pub fn cadences_of(conn: &mut DbConn, ids: &[CustomerId]) -> Result<HashMap<CustomerId, u32>> {
    let found = store::cadences_of(conn, ids)?;
    Ok(found.into_iter().filter_map(|(id, days)| Some((id, u32::try_from(days?).ok()?))).collect())
}

/// Every comparison of a rule, asked of a customer.
fn because(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    rule: &str,
) -> Result<Vec<SegmentReason>> {
    let comparisons = Rule::read(rule, &RULES, "")?.comparisons();
    let when = (house.settings, house.settings.day(actor.now()));
    let answers = store::asked(conn, when, id, &comparisons)?;
    let reason = |(comparison, (holds, value)): (Comparison, (bool, Option<String>))| SegmentReason {
        value: value.map(|value| shown(comparison.field.kind, value)),
        field: comparison.field.name.to_owned(),
        comparison: comparison.text,
        holds,
    };
    Ok(comparisons.into_iter().zip(answers).map(reason).collect())
}

/// A value as the engine writes it, as people read it.
fn shown(kind: FieldType, value: String) -> String {
    match kind {
        FieldType::Money => value.parse().map_or(value, |amount| Amount(amount).to_string()),
        FieldType::Bool => matches!(value.as_str(), "1" | "t" | "true").to_string(),
        _ => value,
    }
}

/// Puts a customer into a segment of a scheme, or into none of them, whatever the rules say.
///
/// # Errors
/// 404 for a customer that the actor does not see and for a scheme that is not in use; 422 for a segment that is not of the scheme or
/// archived, a day that is over, and a reason that is none.
pub fn override_segment(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, scheme): (CustomerId, SchemeId),
    decision: &SegmentOverride,
) -> Result<()> {
    customers::changeable(conn, actor, id)?;
    let scheme = in_use(conn, scheme)?;
    let mut wrong = Wrong::default();
    let today = house.settings.day(actor.now());
    if decision.until.is_some_and(|until| until < today) {
        wrong.add(FieldError::new("/until", "in_the_past"));
    }
    let segment_id: Option<SegmentId> = decision.segment_id.map(Id::new);
    let segment = segment_id.map(|id| store::segment(conn, id)).transpose()?.flatten();
    let is_its_own = segment.as_ref().is_some_and(|row| row.scheme_id == scheme.id && !row.archived);
    if segment_id.is_some() && !is_its_own {
        wrong.add(FieldError::new("/segment_id", "not_of_the_scheme"));
    }
    let reason = match text::line(&decision.reason, 500) {
        Ok(reason) => Some(reason),
        Err(broken) => {
            wrong.add(FieldError::broken("/reason", broken));
            None
        }
    };
    let reason = wrong.unless(reason)?;
    customers::lock(conn, id)?;
    let before = member(conn, id, scheme.id)?;
    let after = MemberRow {
        customer_id: id,
        scheme_id: scheme.id,
        segment_id,
        ruled_id: before.as_ref().and_then(|row| row.ruled_id),
        applies: before.as_ref().is_some_and(|row| row.applies),
        source: SegmentSource::Override.as_str().to_owned(),
        since: actor.now(),
        reason: Some(reason.clone()),
        until: decision.until,
        decided_by: actor.user_id(),
        counted_unit_id: before.as_ref().and_then(|row| row.counted_unit_id),
        counted_aum: before.as_ref().map_or(0, |row| row.counted_aum),
    };
    evaluation::write_members(conn, scheme.id, vec![(before.clone(), Some(after.clone()))])?;
    // What the rules say beside it, and where it is counted.
    let schemes = Asked::all(conn)?;
    evaluation::evaluate(conn, actor, house.settings, &schemes, &[id])?;
    note(conn, actor, &scheme, (before.as_ref(), Some(&after)), "overridden", Some(&reason))
}

/// Ends a decision: the rules put the customer where it belongs.
///
/// # Errors
/// 404 for a customer that the actor does not see and for a scheme that is not in use; 409 where nobody has decided.
pub fn end_override(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, scheme): (CustomerId, SchemeId),
) -> Result<()> {
    customers::changeable(conn, actor, id)?;
    let scheme = in_use(conn, scheme)?;
    customers::lock(conn, id)?;
    let before = member(conn, id, scheme.id)?;
    if before.as_ref().is_none_or(|row| row.source != SegmentSource::Override.as_str()) {
        return Err(Error::conflict("", "not_overridden"));
    }
    evaluation::write_members(conn, scheme.id, vec![(before.clone(), None)])?;
    let schemes = Asked::all(conn)?;
    evaluation::evaluate(conn, actor, house.settings, &schemes, &[id])?;
    let after = member(conn, id, scheme.id)?;
    note(conn, actor, &scheme, (before.as_ref(), after.as_ref()), "restored", None)
}

fn in_use(conn: &mut DbConn, id: SchemeId) -> Result<SchemeRow> {
    store::scheme(conn, id)?.filter(|row| !row.archived).ok_or_else(Error::not_found)
}

fn member(conn: &mut DbConn, id: CustomerId, scheme: SchemeId) -> Result<Option<MemberRow>> {
    Ok(store::members_of(conn, &[id])?.into_iter().find(|row| row.scheme_id == scheme))
}

fn note(
    conn: &mut DbConn,
    actor: &Actor,
    scheme: &SchemeRow,
    (before, after): (Option<&MemberRow>, Option<&MemberRow>),
    action: &'static str,
    reason: Option<&str>,
) -> Result<()> {
    let segments = store::segments(conn)?;
    let document = |row: Option<&MemberRow>| -> Value {
        let Some(row) = row else { return json!({}) };
        let code = segments.iter().find(|segment| Some(segment.id) == row.segment_id).map(|row| &row.code);
        json!({
            "scheme": scheme.code,
            "segment": code,
            "source": row.source,
            "until": row.until,
        })
    };
    let change = audit::Change {
        resource_type: "customer_segment",
        resource_id: after.or(before).map(|row| row.customer_id.uuid()).unwrap_or_default(),
        action,
        version: actor.now().0,
        changes: audit::changes_between(&document(before), &document(after)),
        reason,
    };
    audit::record(conn, actor, &change)
}
