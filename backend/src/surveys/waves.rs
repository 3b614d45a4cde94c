use guanxi_api::{
    AuditEntry, Instant, Language, LocalName, LocalText, LowScore, NewSurvey, Page, QuestionnaireRef,
    QuestionnaireState, Survey, SurveyPatch, SurveyStatus, UnitRef,
};
use guanxi_db::{DbConn, Id, Moment, Value};
use serde_json::json;

use crate::access::{Actor, Keys, Right, UnitScope};
use crate::audit::{self, changes_between};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::surveys::store::{self, PlacedSurvey, SurveyRow};
use crate::surveys::{QuestionnaireId, SurveyId, known};
use crate::{org, text};

static FIELDS: &[Field] = &[
    Field::new("questionnaire_id", "survey.questionnaire_id", FieldType::Id),
    Field::new("org_unit_id", "survey.org_unit_id", FieldType::Id),
    Field::new("anonymous", "survey.anonymous", FieldType::Bool),
    Field::new("opens_at", "survey.opens_at", FieldType::Instant),
    Field::new("closes_at", "survey.closes_at", FieldType::Instant),
    Field::new("created_at", "survey.created_at", FieldType::Instant).sortable(),
];

pub(crate) static SURVEYS: Resource = Resource {
    name: "surveys",
    fields: FIELDS,
    default_sort: "-created_at",
    id_column: "survey.id",
    unless_asked: None,
};

/// Where a survey stands at a moment: an open one is closed from its end on.
pub(super) fn status(row: &SurveyRow, now: Moment) -> Result<SurveyStatus> {
    let stored = known(SurveyStatus::from_code(&row.status))?;
    Ok(if stored == SurveyStatus::Open && row.closes_at <= now { SurveyStatus::Closed } else { stored })
}

pub(super) fn low_score(row: &SurveyRow) -> LowScore {
    LowScore { csat: row.csat_low, nps: row.nps_low, ces: row.ces_low }
}

/// A survey. Every actor with the right sees every survey; of what customers answered each sees their own.
///
/// # Errors
/// 404 when there is none.
pub fn survey_details(conn: &mut DbConn, actor: &Actor, id: SurveyId) -> Result<Survey> {
    wire(actor, store::survey(conn, id)?)
}

/// Surveys, the newest first.
///
/// # Errors
/// As every list.
pub fn list_surveys(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    request: &ListRequest,
) -> Result<Page<Survey>> {
    let listing = request.read(&SURVEYS, actor, keys.cursor())?;
    let mut rows = store::list_surveys(conn, &listing)?;
    let mut info = listing.page(
        &mut rows,
        keys.cursor(),
        |row, _| Value::Moment(row.survey.created_at),
        |row| Id::new(row.survey.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_surveys(conn, &listing)?);
    }
    Ok(Page { data: rows.into_iter().map(|row| wire(actor, row)).collect::<Result<_>>()?, page: info })
}

/// The latest surveys that are or were open, of the actor's units and of those above them, the newest first.
///
/// # Errors
/// When the database fails.
pub fn latest_surveys(conn: &mut DbConn, actor: &Actor, keys: &Keys, most: u32) -> Result<Vec<Survey>> {
    let request = ListRequest { limit: Some(most), ..ListRequest::default() };
    let mut listing = request.read(&SURVEYS, actor, keys.cursor())?;
    let near = UnitScope::of(actor).units_or_above();
    listing.filter = listing.filter.and(store::not_draft()).and(near);
    let rows = store::list_surveys(conn, &listing)?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    rows.into_iter().take(most).map(|row| wire(actor, row)).collect()
}

/// What happened to a survey, newest first.
///
/// # Errors
/// 404 when there is none; as every list.
pub fn survey_history(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    id: SurveyId,
    request: &ListRequest,
) -> Result<Page<AuditEntry>> {
    store::survey(conn, id)?;
    audit::history(conn, actor, keys, ("survey", id.uuid()), request)
}

fn checked_name(name: &str) -> Result<String> {
    text::line(name, 100).map_err(|broken| Error::fields(vec![FieldError::broken("/name", broken)]))
}

/// That a questionnaire can be asked.
fn check_questionnaire(conn: &mut DbConn, id: QuestionnaireId) -> Result<()> {
    let refuse = |code| Error::field("/questionnaire_id", code);
    match store::questionnaire(conn, id) {
        Ok(row) if row.archived => Err(refuse("archived")),
        Ok(row) if row.state != QuestionnaireState::Published.as_str() => Err(refuse("not_published")),
        Ok(_) => Ok(()),
        Err(error) if error.code == Code::NotFound => Err(refuse("not_found")),
        Err(error) => Err(error),
    }
}

fn check_period(opens_at: Moment, closes_at: Moment, now: Moment) -> Result<()> {
    if closes_at <= opens_at {
        Err(Error::field("/closes_at", "ends_before_it_begins"))
    } else if closes_at <= now {
        Err(Error::field("/closes_at", "in_the_past"))
    } else {
        Ok(())
    }
}

/// A new survey, as a draft, of the actor's unit.
///
/// # Errors
/// 422 for a name that is none, a questionnaire that cannot be asked, an end that lies in the past or before the beginning.
pub fn create_survey(conn: &mut DbConn, actor: &Actor, new: &NewSurvey) -> Result<Survey> {
    let mut wrong = Wrong::default();
    let opens_at = new.opens_at.map_or(actor.now(), |at| Moment(at.micros()));
    let closes_at = Moment(new.closes_at.micros());
    let name = wrong.keep(checked_name(&new.name))?;
    wrong.keep(check_questionnaire(conn, Id::new(new.questionnaire_id)))?;
    wrong.keep(check_period(opens_at, closes_at, actor.now()))?;
    let name = wrong.unless(name)?;
    let org_unit_id = match actor.org_unit_id() {
        Some(id) => id,
        None => Id::new(org::root(conn)?.id),
    };
    let low = new.low_score.unwrap_or_default();
    let row = SurveyRow {
        id: actor.new_id(),
        name,
        questionnaire_id: Id::new(new.questionnaire_id),
        org_unit_id,
        language: new.language.unwrap_or(Language::ZhCn).as_str().to_owned(),
        anonymous: new.anonymous,
        status: SurveyStatus::Draft.as_str().to_owned(),
        opens_at,
        closes_at,
        csat_low: low.csat,
        nps_low: low.nps,
        ces_low: low.ces,
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    };
    store::insert_survey(conn, &row)?;
    record(conn, actor, None, &row, "created")?;
    survey_details(conn, actor, row.id)
}

/// Changes a survey; once it is open, only name, end and low scores.
///
/// # Errors
/// 403 for one of other units; 404; 409 for a closed one, and for what is fixed in an open one; 412; 422 as for a new one.
pub fn change_survey(
    conn: &mut DbConn,
    actor: &Actor,
    id: SurveyId,
    version: i64,
    patch: &SurveyPatch,
) -> Result<Survey> {
    let before = to_change(conn, actor, id, version)?;
    let status = status(&before, actor.now())?;
    if status == SurveyStatus::Closed {
        return Err(Error::conflict("", "survey_closed"));
    }
    if status == SurveyStatus::Open {
        let fixed = [
            (
                "/questionnaire_id",
                patch.questionnaire_id.is_some_and(|id| id != before.questionnaire_id.uuid()),
            ),
            ("/language", patch.language.is_some_and(|language| language.as_str() != before.language)),
            ("/anonymous", patch.anonymous.is_some_and(|anonymous| anonymous != before.anonymous)),
            ("/opens_at", patch.opens_at.is_some_and(|at| at.micros() != before.opens_at.0)),
        ];
        if let Some((pointer, _)) = fixed.iter().find(|(_, changes)| *changes) {
            return Err(Error::conflict(*pointer, "survey_open"));
        }
    }
    let mut wrong = Wrong::default();
    let mut after = before.clone();
    if let Some(name) = &patch.name {
        after.name = wrong.keep(checked_name(name))?.unwrap_or_default();
    }
    if let Some(id) = patch.questionnaire_id.filter(|id| *id != before.questionnaire_id.uuid()) {
        wrong.keep(check_questionnaire(conn, Id::new(id)))?;
        after.questionnaire_id = Id::new(id);
    }
    after.language = patch.language.map_or(after.language, |language| language.as_str().to_owned());
    after.anonymous = patch.anonymous.unwrap_or(after.anonymous);
    after.opens_at = patch.opens_at.map_or(after.opens_at, |at| Moment(at.micros()));
    after.closes_at = patch.closes_at.map_or(after.closes_at, |at| Moment(at.micros()));
    if after.opens_at != before.opens_at || after.closes_at != before.closes_at {
        wrong.keep(check_period(after.opens_at, after.closes_at, actor.now()))?;
    }
    if let Some(low) = patch.low_score {
        (after.csat_low, after.nps_low, after.ces_low) = (low.csat, low.nps, low.ces);
    }
    wrong.unless(Some(()))?;
    if document(&before) == document(&after) {
        return survey_details(conn, actor, id);
    }
    write(conn, actor, &before, after, "updated")
}

/// Lets customers answer, from its beginning on.
///
/// # Errors
/// 403 for one of other units; 404; 409 unless it is a draft whose end lies ahead and whose questionnaire is in use; 412.
pub fn open_survey(conn: &mut DbConn, actor: &Actor, id: SurveyId, version: i64) -> Result<Survey> {
    let before = to_change(conn, actor, id, version)?;
    if before.status != SurveyStatus::Draft.as_str() {
        return Err(Error::conflict("", "survey_not_draft"));
    }
    if before.closes_at <= actor.now() {
        return Err(Error::conflict("/closes_at", "in_the_past"));
    }
    if store::questionnaire(conn, before.questionnaire_id)?.archived {
        return Err(Error::conflict("/questionnaire_id", "archived"));
    }
    let mut after = before.clone();
    after.status = SurveyStatus::Open.as_str().to_owned();
    write(conn, actor, &before, after, "opened")
}

/// Ends a survey for good.
///
/// # Errors
/// 403 for one of other units; 404; 409 unless it is open; 412.
pub fn close_survey(conn: &mut DbConn, actor: &Actor, id: SurveyId, version: i64) -> Result<Survey> {
    let before = to_change(conn, actor, id, version)?;
    if before.status != SurveyStatus::Open.as_str() {
        return Err(Error::conflict("", "survey_not_open"));
    }
    let mut after = before.clone();
    after.status = SurveyStatus::Closed.as_str().to_owned();
    after.closes_at = before.closes_at.min(actor.now());
    write(conn, actor, &before, after, "closed")
}

/// The tag of a survey. It closes by the clock, without a new version; and who may change it is a matter of who asks.
pub fn survey_tag(actor: &Actor, survey: &Survey) -> String {
    let closed = i64::from(survey.status == SurveyStatus::Closed);
    crate::web::etag(actor, survey.version, closed + 2 * i64::from(survey.can_change))
}

/// Whether an actor changes surveys of the unit with this path.
fn is_of_own_units(actor: &Actor, unit_path: &str) -> bool {
    UnitScope::of(actor).contains(unit_path)
}

/// A survey that the actor is about to change: one of their own units, at this version. Nobody else changes it meanwhile.
fn to_change(conn: &mut DbConn, actor: &Actor, id: SurveyId, version: i64) -> Result<SurveyRow> {
    store::lock_survey(conn, id)?;
    let placed = store::survey(conn, id)?;
    if !is_of_own_units(actor, &placed.unit_path) {
        return Err(Error::forbidden());
    }
    if placed.survey.version != version {
        let survey = wire(actor, placed)?;
        return Err(Error::new(Code::Stale).with_header("ETag", survey_tag(actor, &survey)));
    }
    Ok(placed.survey)
}

/// Raises the version of a survey that something was added to, and records it.
pub(super) fn touch(
    conn: &mut DbConn,
    actor: &Actor,
    before: &SurveyRow,
    action: &'static str,
    count: usize,
) -> Result<()> {
    let mut after = before.clone();
    after.version += 1;
    after.updated_at = actor.now();
    if !store::update_survey(conn, &after, before.version)? {
        return Err(Error::internal("a locked survey has another version"));
    }
    let change = audit::Change {
        resource_type: "survey",
        resource_id: after.id.uuid(),
        action,
        version: after.version,
        changes: vec![guanxi_api::FieldChange {
            field: "count".into(),
            before: None,
            after: Some(json!(count)),
        }],
        reason: None,
    };
    audit::record(conn, actor, &change)
}

fn write(
    conn: &mut DbConn,
    actor: &Actor,
    before: &SurveyRow,
    mut after: SurveyRow,
    action: &'static str,
) -> Result<Survey> {
    after.version = before.version + 1;
    after.updated_at = actor.now();
    if !store::update_survey(conn, &after, before.version)? {
        let survey = survey_details(conn, actor, before.id)?;
        return Err(Error::new(Code::Stale).with_header("ETag", survey_tag(actor, &survey)));
    }
    record(conn, actor, Some(before), &after, action)?;
    survey_details(conn, actor, after.id)
}

fn document(row: &SurveyRow) -> serde_json::Value {
    json!({
        "name": row.name,
        "questionnaire_id": row.questionnaire_id.uuid(),
        "org_unit_id": row.org_unit_id.uuid(),
        "language": row.language,
        "anonymous": row.anonymous,
        "status": row.status,
        "opens_at": Instant(row.opens_at.to_utc()),
        "closes_at": Instant(row.closes_at.to_utc()),
        "low_score": low_score(row),
    })
}

fn record(
    conn: &mut DbConn,
    actor: &Actor,
    before: Option<&SurveyRow>,
    after: &SurveyRow,
    action: &'static str,
) -> Result<()> {
    let change = audit::Change {
        resource_type: "survey",
        resource_id: after.id.uuid(),
        action,
        version: after.version,
        changes: changes_between(&before.map_or_else(|| json!({}), document), &document(after)),
        reason: None,
    };
    audit::record(conn, actor, &change)
}

fn wire(actor: &Actor, row: PlacedSurvey) -> Result<Survey> {
    let status = status(&row.survey, actor.now())?;
    let can_change = actor.may(Right::ManageSurveys) && is_of_own_units(actor, &row.unit_path);
    let low_score = low_score(&row.survey);
    let survey = row.survey;
    Ok(Survey {
        id: survey.id.uuid(),
        name: survey.name,
        questionnaire: QuestionnaireRef {
            id: survey.questionnaire_id.uuid(),
            number: u32::try_from(row.number).map_err(Error::internal)?,
            title: LocalText { zh_cn: row.title_zh, en: row.title_en },
        },
        org_unit: UnitRef {
            id: survey.org_unit_id.uuid(),
            name: LocalName { zh_cn: row.unit_zh, en: row.unit_en },
        },
        language: known(Language::from_code(&survey.language))?,
        anonymous: survey.anonymous,
        status,
        opens_at: Instant(survey.opens_at.to_utc()),
        closes_at: Instant(survey.closes_at.to_utc()),
        low_score,
        can_change,
        version: survey.version,
        created_at: Instant(survey.created_at.to_utc()),
        updated_at: Instant(survey.updated_at.to_utc()),
    })
}
