use guanxi_api::{
    Channel, Instant, LocalName, LocalText, ProductKind, RiskAppetite, Segment, SegmentDefinition,
    SegmentLevel, SegmentPriority, SegmentScheme, SegmentSchemeDefinition, SegmentSchemes,
};
use guanxi_db::{DbConn, DbError, Doc, Id};
use serde_json::json;

use crate::access::Actor;
use crate::audit;
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::following::{self, Follower};
use crate::listing::Rule;
use crate::segments::fields::RULES;
use crate::segments::store::{self, SchemeRow, SegmentRow};
use crate::segments::{SchemeId, SegmentId, known};
use crate::text;

/// Most segments of a scheme that are in use, and most schemes.
const MOST: usize = 50;

/// All schemes with their segments.
///
/// # Errors
/// When the database fails.
pub fn schemes(conn: &mut DbConn) -> Result<SegmentSchemes> {
    let mut segments = store::segments(conn)?;
    let schemes = store::schemes(conn)?.into_iter().map(|row| {
        let own = segments.extract_if(.., |segment| segment.scheme_id == row.id).collect();
        wire(row, own)
    });
    Ok(SegmentSchemes { schemes: schemes.collect::<Result<_>>()? })
}

/// A scheme with its segments.
///
/// # Errors
/// 404 when there is none.
pub fn scheme(conn: &mut DbConn, id: SchemeId) -> Result<SegmentScheme> {
    let row = store::scheme(conn, id)?.ok_or_else(Error::not_found)?;
    let mut segments = store::segments(conn)?;
    segments.retain(|segment| segment.scheme_id == id);
    wire(row, segments)
}

/// A segment.
///
/// # Errors
/// 404 when there is none.
pub fn segment(conn: &mut DbConn, id: SegmentId) -> Result<Segment> {
    segment_wire(store::segment(conn, id)?.ok_or_else(Error::not_found)?)
}

fn wire(row: SchemeRow, segments: Vec<SegmentRow>) -> Result<SegmentScheme> {
    Ok(SegmentScheme {
        id: row.id.uuid(),
        code: row.code,
        name: LocalName { zh_cn: row.name_zh, en: row.name_en },
        applies_to: row.applies_to,
        segments: segments.into_iter().map(segment_wire).collect::<Result<_>>()?,
        evaluated_on: row.evaluated_on,
        archived_at: row.archived_at.map(|at| Instant(at.to_utc())),
        version: row.version,
        updated_at: Instant(row.updated_at.to_utc()),
    })
}

fn segment_wire(row: SegmentRow) -> Result<Segment> {
    let contribution = known(SegmentLevel::from_code(&row.contribution))?;
    let service_cost = known(SegmentLevel::from_code(&row.service_cost))?;
    let kinds = |doc: Doc| serde_json::from_value::<Vec<ProductKind>>(doc.0).map_err(Error::internal);
    let description = match (row.description_zh, row.description_en) {
        (None, None) => None,
        (zh_cn, en) => Some(LocalText { zh_cn: zh_cn.unwrap_or_default(), en: en.unwrap_or_default() }),
    };
    Ok(Segment {
        id: row.id.uuid(),
        scheme_id: row.scheme_id.uuid(),
        code: row.code,
        name: LocalName { zh_cn: row.name_zh, en: row.name_en },
        description,
        rank: row.place,
        rule: row.rule,
        risk_from: known(RiskAppetite::from_code(&row.risk_from))?,
        risk_to: known(RiskAppetite::from_code(&row.risk_to))?,
        contribution,
        service_cost,
        priority: SegmentPriority::of(contribution, service_cost),
        cadence_days: row.cadence_days.and_then(|days| u32::try_from(days).ok()),
        preferred_channel: row.preferred_channel.map(|code| known(Channel::from_code(&code))).transpose()?,
        product_preferences: kinds(row.product_preferences)?,
        product_exclusions: kinds(row.product_exclusions)?,
        acts_as_group: row.acts_as_group,
        archived_at: row.archived_at.map(|at| Instant(at.to_utc())),
        version: row.version,
        updated_at: Instant(row.updated_at.to_utc()),
    })
}

/// Makes a scheme without segments.
///
/// # Errors
/// 409 for a code that is taken, and when there are too many schemes; 422 with every field that breaks a rule.
pub fn create_scheme(
    conn: &mut DbConn,
    actor: &Actor,
    definition: &SegmentSchemeDefinition,
) -> Result<SegmentScheme> {
    let others = store::schemes(conn)?;
    if others.len() >= MOST {
        return Err(Error::conflict("", "too_many"));
    }
    let place = others.iter().map(|other| other.place).max().unwrap_or_default() + 1;
    let row = scheme_row(actor, definition, actor.new_id(), place)?;
    store::insert_scheme(conn, &row).map_err(taken)?;
    note_scheme(conn, actor, None, &row, "created")?;
    ask_everybody(conn)?;
    scheme(conn, row.id)
}

fn scheme_row(
    actor: &Actor,
    definition: &SegmentSchemeDefinition,
    id: SchemeId,
    place: i32,
) -> Result<SchemeRow> {
    let mut wrong = Wrong::default();
    check_code(&definition.code, &mut wrong);
    let name = name(&definition.name, &mut wrong);
    let applies_to = definition.applies_to.as_deref().map(|text| Rule::read(text, &RULES, "/applies_to"));
    let applies_to = wrong.keep(applies_to.transpose())?;
    let (name, applies_to) = wrong.unless(name.zip(applies_to))?;
    Ok(SchemeRow {
        id,
        code: definition.code.clone(),
        name_zh: name.zh_cn,
        name_en: name.en,
        applies_to: applies_to.map(|rule| rule.text()),
        place,
        evaluated_on: None,
        archived: false,
        archived_at: None,
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    })
}

fn check_code(code: &str, wrong: &mut Wrong) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let begins = code.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    if !begins || !code.chars().all(plain) || code.len() > 40 {
        wrong.add(FieldError::new("/code", "code_format"));
    }
}

fn name(given: &LocalName, wrong: &mut Wrong) -> Option<LocalName> {
    let mut line = |pointer: &'static str, given: &str| match text::line(given, 100) {
        Ok(line) => Some(line),
        Err(broken) => {
            wrong.add(FieldError::broken(pointer, broken));
            None
        }
    };
    let (zh_cn, en) = (line("/name/zh-CN", &given.zh_cn), line("/name/en", &given.en));
    zh_cn.zip(en).map(|(zh_cn, en)| LocalName { zh_cn, en })
}

fn taken(error: DbError) -> Error {
    match error {
        DbError::Unique => Error::conflict("/code", "taken"),
        other => Error::from(other),
    }
}

/// Sets a scheme, but for its code.
///
/// # Errors
/// 404 when there is none; 412 when the version is another one; 422 with every field that breaks a rule.
pub fn set_scheme(
    conn: &mut DbConn,
    actor: &Actor,
    (id, version): (SchemeId, i64),
    definition: &SegmentSchemeDefinition,
) -> Result<SegmentScheme> {
    let before = scheme_at(conn, actor, id, version)?;
    let row = scheme_row(actor, definition, id, before.place)?;
    if row.code != before.code {
        return Err(Error::field("/code", "cannot_change"));
    }
    let after = SchemeRow {
        name_zh: row.name_zh,
        name_en: row.name_en,
        applies_to: row.applies_to,
        updated_at: actor.now(),
        version: version + 1,
        ..before.clone()
    };
    if scheme_document(&before) == scheme_document(&after) {
        return scheme(conn, id);
    }
    write_scheme(conn, actor, &before, &after, "updated")
}

/// Takes a scheme out of use; who is in which of its segments is kept and shown no longer.
///
/// # Errors
/// 404 when there is none; 409 when it is archived; 412 when the version is another one.
pub fn archive_scheme(conn: &mut DbConn, actor: &Actor, id: SchemeId, version: i64) -> Result<SegmentScheme> {
    let before = scheme_at(conn, actor, id, version)?;
    if before.archived {
        return Err(Error::conflict("", "already_archived"));
    }
    let after = SchemeRow {
        archived: true,
        archived_at: Some(actor.now()),
        updated_at: actor.now(),
        version: version + 1,
        ..before.clone()
    };
    write_scheme(conn, actor, &before, &after, "archived")
}

/// Takes a scheme into use again.
///
/// # Errors
/// 404 when there is none; 409 when it is not archived; 412 when the version is another one.
pub fn restore_scheme(conn: &mut DbConn, actor: &Actor, id: SchemeId, version: i64) -> Result<SegmentScheme> {
    let before = scheme_at(conn, actor, id, version)?;
    if !before.archived {
        return Err(Error::conflict("", "not_archived"));
    }
    let after = SchemeRow {
        archived: false,
        archived_at: None,
        updated_at: actor.now(),
        version: version + 1,
        ..before.clone()
    };
    write_scheme(conn, actor, &before, &after, "restored")
}

fn scheme_at(conn: &mut DbConn, actor: &Actor, id: SchemeId, version: i64) -> Result<SchemeRow> {
    let row = store::scheme(conn, id)?.ok_or_else(Error::not_found)?;
    if row.version == version { Ok(row) } else { Err(stale(actor, row.version)) }
}

fn stale(actor: &Actor, version: i64) -> Error {
    Error::new(Code::Stale).with_header("ETag", crate::web::etag(actor, version, 0))
}

fn write_scheme(
    conn: &mut DbConn,
    actor: &Actor,
    before: &SchemeRow,
    after: &SchemeRow,
    action: &'static str,
) -> Result<SegmentScheme> {
    if !store::update_scheme(conn, after, before.version)? {
        return Err(stale(actor, before.version + 1));
    }
    note_scheme(conn, actor, Some(before), after, action)?;
    ask_everybody(conn)?;
    scheme(conn, after.id)
}

/// Has all customers be looked at again.
fn ask_everybody(conn: &mut DbConn) -> Result<()> {
    following::begin_walk(conn, Follower::Segments)
}

fn scheme_document(row: &SchemeRow) -> serde_json::Value {
    json!({
        "code": row.code,
        "name": {"zh-CN": row.name_zh, "en": row.name_en},
        "applies_to": row.applies_to,
        "archived": row.archived.then_some(true),
    })
}

fn note_scheme(
    conn: &mut DbConn,
    actor: &Actor,
    before: Option<&SchemeRow>,
    after: &SchemeRow,
    action: &'static str,
) -> Result<()> {
    let change = audit::Change {
        resource_type: "segment_scheme",
        resource_id: after.id.uuid(),
        action,
        version: after.version,
        changes: audit::changes_between(
            &before.map_or_else(|| json!({}), scheme_document),
            &scheme_document(after),
        ),
        reason: None,
    };
    audit::record(conn, actor, &change)
}

/// Makes a segment of a scheme.
///
/// # Errors
/// 404 for a scheme that is none; 409 for a code that is taken, for an archived scheme and when it has too many segments; 400 for a rule that
/// cannot be read; 422 with every other field that breaks a rule.
pub fn create_segment(
    conn: &mut DbConn,
    actor: &Actor,
    scheme: SchemeId,
    definition: &SegmentDefinition,
) -> Result<Segment> {
    let of = store::scheme(conn, scheme)?.ok_or_else(Error::not_found)?;
    if of.archived {
        return Err(Error::conflict("", "already_archived"));
    }
    let others = store::segments(conn)?;
    if others.iter().filter(|other| other.scheme_id == scheme && !other.archived).count() >= MOST {
        return Err(Error::conflict("", "too_many"));
    }
    let row = segment_row(actor, definition, scheme, actor.new_id())?;
    store::insert_segment(conn, &row).map_err(taken)?;
    note_segment(conn, actor, None, &row, "created")?;
    ask_everybody(conn)?;
    segment(conn, row.id)
}

fn segment_row(
    actor: &Actor,
    definition: &SegmentDefinition,
    scheme_id: SchemeId,
    id: SegmentId,
) -> Result<SegmentRow> {
    let mut wrong = Wrong::default();
    check_code(&definition.code, &mut wrong);
    let name = name(&definition.name, &mut wrong);
    let rule = wrong.keep(Rule::read(&definition.rule, &RULES, "/rule"))?;
    if definition.risk_to < definition.risk_from {
        wrong.add(FieldError::new("/risk_to", "before_risk_from"));
    }
    let both = definition.product_preferences.iter().any(|kind| definition.product_exclusions.contains(kind));
    if both {
        wrong.add(FieldError::new("/product_exclusions", "preferred_too"));
    }
    let description = definition.description.as_ref();
    let mut paragraph =
        |pointer: &'static str, given: Option<&str>| match given.map(|given| text::paragraphs(given, 500)) {
            None => Some(None),
            Some(Ok(text)) => Some(text),
            Some(Err(broken)) => {
                wrong.add(FieldError::broken(pointer, broken));
                None
            }
        };
    let description_zh = paragraph("/description/zh-CN", description.map(|text| text.zh_cn.as_str()));
    let description_en = paragraph("/description/en", description.map(|text| text.en.as_str()));
    let (((name, rule), description_zh), description_en) =
        wrong.unless(name.zip(rule).zip(description_zh).zip(description_en))?;
    let kinds = |kinds: &[ProductKind]| {
        let mut kinds = kinds.to_vec();
        kinds.sort();
        kinds.dedup();
        Doc(json!(kinds))
    };
    Ok(SegmentRow {
        id,
        scheme_id,
        code: definition.code.clone(),
        name_zh: name.zh_cn,
        name_en: name.en,
        description_zh,
        description_en,
        place: definition.rank,
        rule: rule.text(),
        risk_from: definition.risk_from.as_str().to_owned(),
        risk_to: definition.risk_to.as_str().to_owned(),
        contribution: definition.contribution.as_str().to_owned(),
        service_cost: definition.service_cost.as_str().to_owned(),
        cadence_days: definition.cadence_days.and_then(|days| i32::try_from(days).ok()),
        preferred_channel: definition.preferred_channel.map(|channel| channel.as_str().to_owned()),
        product_preferences: kinds(&definition.product_preferences),
        product_exclusions: kinds(&definition.product_exclusions),
        acts_as_group: definition.acts_as_group,
        archived: false,
        archived_at: None,
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    })
}

/// Sets a segment, but for its code.
///
/// # Errors
/// 404 when there is none; 412 when the version is another one; else as [`create_segment`].
pub fn set_segment(
    conn: &mut DbConn,
    actor: &Actor,
    (id, version): (SegmentId, i64),
    definition: &SegmentDefinition,
) -> Result<Segment> {
    let before = segment_at(conn, actor, id, version)?;
    let row = segment_row(actor, definition, before.scheme_id, id)?;
    if row.code != before.code {
        return Err(Error::field("/code", "cannot_change"));
    }
    let after = SegmentRow {
        archived: before.archived,
        archived_at: before.archived_at,
        version: version + 1,
        created_at: before.created_at,
        ..row
    };
    if segment_document(&before) == segment_document(&after) {
        return segment_wire(before);
    }
    write_segment(conn, actor, &before, &after, "updated")
}

/// Takes a segment out of use: whoever is in it comes into the next whose rule holds.
///
/// # Errors
/// 404 when there is none; 409 when it is archived; 412 when the version is another one.
pub fn archive_segment(conn: &mut DbConn, actor: &Actor, id: SegmentId, version: i64) -> Result<Segment> {
    let before = segment_at(conn, actor, id, version)?;
    if before.archived {
        return Err(Error::conflict("", "already_archived"));
    }
    let after = SegmentRow {
        archived: true,
        archived_at: Some(actor.now()),
        version: version + 1,
        updated_at: actor.now(),
        ..before.clone()
    };
    write_segment(conn, actor, &before, &after, "archived")
}

/// Takes a segment into use again.
///
/// # Errors
/// 404 when there is none; 409 when it is not archived; 412 when the version is another one.
pub fn restore_segment(conn: &mut DbConn, actor: &Actor, id: SegmentId, version: i64) -> Result<Segment> {
    let before = segment_at(conn, actor, id, version)?;
    if !before.archived {
        return Err(Error::conflict("", "not_archived"));
    }
    let after = SegmentRow {
        archived: false,
        archived_at: None,
        version: version + 1,
        updated_at: actor.now(),
        ..before.clone()
    };
    write_segment(conn, actor, &before, &after, "restored")
}

fn segment_at(conn: &mut DbConn, actor: &Actor, id: SegmentId, version: i64) -> Result<SegmentRow> {
    let row = store::segment(conn, id)?.ok_or_else(Error::not_found)?;
    if row.version == version { Ok(row) } else { Err(stale(actor, row.version)) }
}

fn write_segment(
    conn: &mut DbConn,
    actor: &Actor,
    before: &SegmentRow,
    after: &SegmentRow,
    action: &'static str,
) -> Result<Segment> {
    if !store::update_segment(conn, after, before.version)? {
        return Err(stale(actor, before.version + 1));
    }
    note_segment(conn, actor, Some(before), after, action)?;
    if (&before.rule, before.place, before.archived) != (&after.rule, after.place, after.archived) {
        ask_everybody(conn)?;
    }
    segment(conn, Id::new(after.id.uuid()))
}

fn segment_document(row: &SegmentRow) -> serde_json::Value {
    json!({
        "code": row.code,
        "name": {"zh-CN": row.name_zh, "en": row.name_en},
        "description": row.description_zh.as_ref().or(row.description_en.as_ref())
            .map(|_| json!({"zh-CN": row.description_zh, "en": row.description_en})),
        "rank": row.place,
        "rule": row.rule,
        "risk_from": row.risk_from,
        "risk_to": row.risk_to,
        "contribution": row.contribution,
        "service_cost": row.service_cost,
        "cadence_days": row.cadence_days,
        "preferred_channel": row.preferred_channel,
        "product_preferences": row.product_preferences.0,
        "product_exclusions": row.product_exclusions.0,
        "acts_as_group": row.acts_as_group,
        "archived": row.archived.then_some(true),
    })
}

fn note_segment(
    conn: &mut DbConn,
    actor: &Actor,
    before: Option<&SegmentRow>,
    after: &SegmentRow,
    action: &'static str,
) -> Result<()> {
    let change = audit::Change {
        resource_type: "segment",
        resource_id: after.id.uuid(),
        action,
        version: after.version,
        changes: audit::changes_between(
            &before.map_or_else(|| json!({}), segment_document),
            &segment_document(after),
        ),
        reason: None,
    };
    audit::record(conn, actor, &change)
}
