use guanxi_api::{
    AuditEntry, Instant, LocalText, NewQuestionnaire, Page, Question, Questionnaire, QuestionnairePatch,
    QuestionnaireState, QuestionnaireSummary,
};
use guanxi_db::{Condition, DbConn, DbError, Doc, Id, Value};
use serde_json::json;

use crate::access::{Actor, Keys};
use crate::audit::{self, changes_between};
use crate::error::{Code, Error, Result};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::surveys::store::{self, QuestionnaireRow};
use crate::surveys::{QuestionnaireId, known, rules};

static FIELDS: &[Field] = &[
    Field::new("state", "questionnaire.state", FieldType::Code(QuestionnaireState::CODES)),
    Field::new("family_id", "questionnaire.family_id", FieldType::Id),
    Field::new("archived", "questionnaire.archived", FieldType::Bool),
    Field::new("updated_at", "questionnaire.updated_at", FieldType::Instant).sortable(),
];

pub(crate) static QUESTIONNAIRES: Resource = Resource {
    name: "questionnaires",
    fields: FIELDS,
    default_sort: "-updated_at",
    id_column: "questionnaire.id",
    unless_asked: Some(("archived", present)),
};

fn present() -> Condition {
    Condition::new().sql("questionnaire.archived = ").bind(Value::Bool(false))
}

/// The questions of a version, as they are stored.
pub(super) fn questions_of(row: &QuestionnaireRow) -> Result<Vec<Question>> {
    serde_json::from_value(row.questions.0.clone()).map_err(Error::internal)
}

fn is_draft(row: &QuestionnaireRow) -> bool {
    row.state == QuestionnaireState::Draft.as_str()
}

/// A questionnaire with its questions.
///
/// # Errors
/// 404 when there is none.
pub fn questionnaire_details(conn: &mut DbConn, id: QuestionnaireId) -> Result<Questionnaire> {
    wire(store::questionnaire(conn, id)?)
}

/// Questionnaires, those changed last first.
///
/// # Errors
/// As every list.
pub fn list_questionnaires(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    request: &ListRequest,
) -> Result<Page<QuestionnaireSummary>> {
    let listing = request.read(&QUESTIONNAIRES, actor, keys.cursor())?;
    let mut rows = store::list_questionnaires(conn, &listing)?;
    let mut info = listing.page(
        &mut rows,
        keys.cursor(),
        |row, _| Value::Moment(row.updated_at),
        |row| Id::new(row.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_questionnaires(conn, &listing)?);
    }
    Ok(Page { data: rows.into_iter().map(summary).collect::<Result<_>>()?, page: info })
}

/// What happened to a questionnaire, newest first.
///
/// # Errors
/// 404 when there is none; as every list.
pub fn questionnaire_history(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    id: QuestionnaireId,
    request: &ListRequest,
) -> Result<Page<AuditEntry>> {
    store::questionnaire(conn, id)?;
    audit::history(conn, actor, keys, ("questionnaire", id.uuid()), request)
}

/// A new questionnaire, as the draft of its first version.
///
/// # Errors
/// 422 for texts with hidden characters and for names of questions that are none.
pub fn create_questionnaire(
    conn: &mut DbConn,
    actor: &Actor,
    new: &NewQuestionnaire,
) -> Result<Questionnaire> {
    let (title, questions) = rules::clean(&new.title, &new.questions)?;
    let family = actor.new_id();
    insert(conn, actor, (family, 1), title, &questions)
}

/// A draft of the next version, with the questions of this one.
///
/// # Errors
/// 404; 409 while it has not been published itself, or while there is a draft of the same questionnaire.
pub fn new_version(conn: &mut DbConn, actor: &Actor, id: QuestionnaireId) -> Result<Questionnaire> {
    let from = store::questionnaire(conn, id)?;
    if is_draft(&from) {
        return Err(Error::conflict("", "not_published"));
    }
    let number = store::latest_number(conn, from.family_id)? + 1;
    let title = LocalText { zh_cn: from.title_zh.clone(), en: from.title_en.clone() };
    let questions = questions_of(&from)?;
    insert(conn, actor, (from.family_id, number), title, &questions)
}

fn insert(
    conn: &mut DbConn,
    actor: &Actor,
    (family_id, number): (crate::surveys::FamilyId, i32),
    title: LocalText,
    questions: &[Question],
) -> Result<Questionnaire> {
    let row = QuestionnaireRow {
        id: actor.new_id(),
        family_id,
        number,
        state: QuestionnaireState::Draft.as_str().to_owned(),
        title_zh: title.zh_cn,
        title_en: title.en,
        questions: Doc(json!(questions)),
        published_at: None,
        archived_at: None,
        archived: false,
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    };
    store::insert_questionnaire(conn, &row).map_err(draft_exists)?;
    record(conn, actor, None, &row, "created")?;
    wire(row)
}

fn draft_exists(error: DbError) -> Error {
    match error {
        DbError::Unique => Error::conflict("", "draft_exists"),
        other => Error::from(other),
    }
}

/// Changes a draft.
///
/// # Errors
/// 404; 409 for a version that is published or archived; 412 when the version is another one; 422 as for a new one.
pub fn change_questionnaire(
    conn: &mut DbConn,
    actor: &Actor,
    id: QuestionnaireId,
    version: i64,
    patch: &QuestionnairePatch,
) -> Result<Questionnaire> {
    let before = at_version(conn, actor, id, version)?;
    if !is_draft(&before) {
        return Err(Error::conflict("", "not_draft"));
    }
    if before.archived {
        return Err(Error::conflict("", "archived"));
    }
    let own = LocalText { zh_cn: before.title_zh.clone(), en: before.title_en.clone() };
    let title = patch.title.as_ref().unwrap_or(&own);
    let own_questions = questions_of(&before)?;
    let questions = patch.questions.as_deref().unwrap_or(&own_questions);
    let (title, questions) = rules::clean(title, questions)?;
    let mut after = before.clone();
    after.title_zh = title.zh_cn;
    after.title_en = title.en;
    after.questions = Doc(json!(questions));
    if after.title_zh == before.title_zh
        && after.title_en == before.title_en
        && after.questions == before.questions
    {
        return wire(before);
    }
    write(conn, actor, &before, after, "updated")
}

/// Freezes a draft, so that surveys can use it.
///
/// # Errors
/// 404; 409 when it is published already or archived; 412; 422 with every missing translation and every broken rule.
pub fn publish_questionnaire(
    conn: &mut DbConn,
    actor: &Actor,
    id: QuestionnaireId,
    version: i64,
) -> Result<Questionnaire> {
    let before = at_version(conn, actor, id, version)?;
    if !is_draft(&before) {
        return Err(Error::conflict("", "not_draft"));
    }
    if before.archived {
        return Err(Error::conflict("", "archived"));
    }
    let title = LocalText { zh_cn: before.title_zh.clone(), en: before.title_en.clone() };
    rules::check_publishable(&title, &questions_of(&before)?)?;
    let mut after = before.clone();
    after.state = QuestionnaireState::Published.as_str().to_owned();
    after.published_at = Some(actor.now());
    write(conn, actor, &before, after, "published")
}

/// Takes a version out of use: no new survey can ask it.
///
/// # Errors
/// 404, 409 when it is archived already, 412.
pub fn archive_questionnaire(
    conn: &mut DbConn,
    actor: &Actor,
    id: QuestionnaireId,
    version: i64,
) -> Result<Questionnaire> {
    let before = at_version(conn, actor, id, version)?;
    if before.archived {
        return Err(Error::conflict("", "already_archived"));
    }
    let mut after = before.clone();
    after.archived = true;
    after.archived_at = Some(actor.now());
    write(conn, actor, &before, after, "archived")
}

/// Takes an archived version into use again.
///
/// # Errors
/// 404, 409 when it is in use, 412.
pub fn restore_questionnaire(
    conn: &mut DbConn,
    actor: &Actor,
    id: QuestionnaireId,
    version: i64,
) -> Result<Questionnaire> {
    let before = at_version(conn, actor, id, version)?;
    if !before.archived {
        return Err(Error::conflict("", "not_archived"));
    }
    let mut after = before.clone();
    after.archived = false;
    after.archived_at = None;
    write(conn, actor, &before, after, "restored")
}

/// The tag of a questionnaire.
pub fn questionnaire_tag(actor: &Actor, questionnaire: &Questionnaire) -> String {
    crate::web::etag(actor, questionnaire.version, 0)
}

fn write(
    conn: &mut DbConn,
    actor: &Actor,
    before: &QuestionnaireRow,
    mut after: QuestionnaireRow,
    action: &'static str,
) -> Result<Questionnaire> {
    after.version = before.version + 1;
    after.updated_at = actor.now();
    if !store::update_questionnaire(conn, &after, before.version).map_err(draft_exists)? {
        return Err(stale(actor, &store::questionnaire(conn, before.id)?));
    }
    record(conn, actor, Some(before), &after, action)?;
    wire(after)
}

fn at_version(
    conn: &mut DbConn,
    actor: &Actor,
    id: QuestionnaireId,
    version: i64,
) -> Result<QuestionnaireRow> {
    let row = store::questionnaire(conn, id)?;
    if row.version == version { Ok(row) } else { Err(stale(actor, &row)) }
}

fn stale(actor: &Actor, row: &QuestionnaireRow) -> Error {
    Error::new(Code::Stale).with_header("ETag", crate::web::etag(actor, row.version, 0))
}

fn record(
    conn: &mut DbConn,
    actor: &Actor,
    before: Option<&QuestionnaireRow>,
    after: &QuestionnaireRow,
    action: &'static str,
) -> Result<()> {
    let document = |row: &QuestionnaireRow| {
        json!({
            "title": LocalText { zh_cn: row.title_zh.clone(), en: row.title_en.clone() },
            "number": row.number,
            "questions": row.questions.0,
            "state": row.state,
            "archived": row.archived.then_some(true),
        })
    };
    let change = audit::Change {
        resource_type: "questionnaire",
        resource_id: after.id.uuid(),
        action,
        version: after.version,
        changes: changes_between(&before.map_or_else(|| json!({}), document), &document(after)),
        reason: None,
    };
    audit::record(conn, actor, &change)
}

fn wire(row: QuestionnaireRow) -> Result<Questionnaire> {
    Ok(Questionnaire {
        id: row.id.uuid(),
        family_id: row.family_id.uuid(),
        number: u32::try_from(row.number).map_err(Error::internal)?,
        state: known(QuestionnaireState::from_code(&row.state))?,
        questions: questions_of(&row)?,
        title: LocalText { zh_cn: row.title_zh, en: row.title_en },
        published_at: row.published_at.map(|at| Instant(at.to_utc())),
        archived_at: row.archived_at.map(|at| Instant(at.to_utc())),
        version: row.version,
        created_at: Instant(row.created_at.to_utc()),
        updated_at: Instant(row.updated_at.to_utc()),
    })
}

fn summary(row: QuestionnaireRow) -> Result<QuestionnaireSummary> {
    Ok(QuestionnaireSummary {
        id: row.id.uuid(),
        family_id: row.family_id.uuid(),
        number: u32::try_from(row.number).map_err(Error::internal)?,
        state: known(QuestionnaireState::from_code(&row.state))?,
        questions: row
            .questions
            .0
            .as_array()
            .map_or(0, |questions| u32::try_from(questions.len()).unwrap_or(u32::MAX)),
        title: LocalText { zh_cn: row.title_zh, en: row.title_en },
        published_at: row.published_at.map(|at| Instant(at.to_utc())),
        archived_at: row.archived_at.map(|at| Instant(at.to_utc())),
        version: row.version,
        updated_at: Instant(row.updated_at.to_utc()),
    })
}
