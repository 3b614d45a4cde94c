use std::collections::HashMap;

use guanxi_api::{
    AnswerSource, AnswerValue, AnsweredQuestion, CustomerRef, FieldChange, FollowUp, Instant, Language,
    LocalText, NewSurveyAnswer, Page, Question, QuestionKind, SurveyAnswer, SurveyRef, SurveyStatus, Tier,
};
use guanxi_db::{Condition, DbConn, DbError, Doc, Id, Moment, Value};
use serde_json::json;

use crate::access::{Actor, MaskProfile, OrgUnitId, Reach, Scope, UnitScope, UserId};
use crate::audit;
use crate::customers::{self, CustomerId, House};
use crate::error::{Code, Error, FieldError, Result};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Privacy, Resource, set_total};
use crate::org::Names;
use crate::surveys::invitations::{self, hash_of};
use crate::surveys::questionnaires::questions_of;
use crate::surveys::rules::{self, WrongAnswer};
use crate::surveys::store::{self, AnswerRow, NamedAnswer, Of, PlacedSurvey, Standing, SurveyRow, ValueRow};
use crate::surveys::{AnswerId, InvitationId, QuestionnaireId, SurveyId, known, loop_closing, waves};
use crate::text;

static FIELDS: &[Field] = &[
    Field::new("low", "survey_answer.low", FieldType::Bool),
    Field::new("has_text", "survey_answer.has_text", FieldType::Bool),
    Field::new("source", "survey_answer.source", FieldType::Code(AnswerSource::CODES)),
    Field::new("nps", "survey_answer.nps", FieldType::Integer).nullable(),
    Field::new("tier", "survey_answer.tier", FieldType::Code(Tier::CODES))
        .nullable()
        .privacy(Privacy::Sensitive),
    Field::new("org_unit_id", "survey_answer.org_unit_id", FieldType::Id).nullable(),
    Field::new("owner_id", "survey_answer.owner_id", FieldType::Id).nullable(),
    Field::new("answered_at", "survey_answer.answered_at", FieldType::Instant).sortable(),
];

pub(crate) static ANSWERS: Resource = Resource {
    name: "survey-answers",
    fields: FIELDS,
    default_sort: "-answered_at",
    id_column: "survey_answer.id",
    unless_asked: None,
};

/// What the holder of a link may do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    NotYet,
    Open,
    Answered,
    Closed,
}

/// What the page shows to the holder of a link. Nothing in it is of the customer.
#[derive(Clone, Debug)]
pub struct Respondent {
    pub door: Door,
    /// The language of the survey.
    pub language: Language,
    pub anonymous: bool,
    pub title: LocalText,
    pub questions: Vec<Question>,
    /// To be marked as opened, when this is the first time.
    pub unopened: Option<Opening>,
}

/// The first opening of a link.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    invitation: InvitationId,
    anonymous: bool,
}

/// What came of an answer by a link.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// It is kept.
    Thanks,
    /// No link of ours.
    Unknown,
    /// Not now, or not again.
    Refused(Door),
    /// These answers are wrong.
    Wrong(Vec<WrongAnswer>),
}

fn door(survey: &SurveyRow, used: bool, now: Moment) -> Result<Door> {
    Ok(match waves::status(survey, now)? {
        _ if used => Door::Answered,
        SurveyStatus::Closed => Door::Closed,
        SurveyStatus::Open if survey.opens_at <= now => Door::Open,
        SurveyStatus::Open | SurveyStatus::Draft => Door::NotYet,
    })
}

/// What a link opens; none when it is no link, or was withdrawn or replaced.
///
/// # Errors
/// When the database fails.
pub fn open_by_token(conn: &mut DbConn, token: &str, now: Moment) -> Result<Option<Respondent>> {
    let Some(hash) = hash_of(token) else { return Ok(None) };
    let Some(opened) = store::by_token(conn, &hash)? else { return Ok(None) };
    let questionnaire = store::questionnaire(conn, opened.survey.questionnaire_id)?;
    let door = door(&opened.survey, opened.invitation.used, now)?;
    let first = door == Door::Open && !opened.invitation.opened;
    Ok(Some(Respondent {
        door,
        language: known(Language::from_code(&opened.survey.language))?,
        anonymous: opened.survey.anonymous,
        questions: questions_of(&questionnaire)?,
        title: LocalText { zh_cn: questionnaire.title_zh, en: questionnaire.title_en },
        unopened: first
            .then_some(Opening { invitation: opened.invitation.id, anonymous: opened.survey.anonymous }),
    }))
}

/// Marks a link as opened. No audit entry: nobody of the bank did anything, and the customer has not answered yet.
///
/// # Errors
/// When the database fails.
pub(super) fn note_opened(conn: &mut DbConn, opening: Opening, now: Moment) -> Result<()> {
    store::mark_opened(conn, opening.invitation, (!opening.anonymous).then_some(now))
}

/// Keeps the answer of the holder of a link, once.
///
/// # Errors
/// 409 when another answer of the same customer came at the same moment.
pub(super) fn answer_by_token(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    token: &str,
    language: Language,
    given: &[AnswerValue],
) -> Result<Outcome> {
    let Some(hash) = hash_of(token) else { return Ok(Outcome::Unknown) };
    let Some(opened) = store::by_token(conn, &hash)? else { return Ok(Outcome::Unknown) };
    let (invitation, now) = (opened.invitation, actor.now());
    store::keep_survey(conn, opened.survey.id)?;
    let survey = store::survey(conn, opened.survey.id)?.survey;
    let door = door(&survey, invitation.used, now)?;
    if door != Door::Open {
        return Ok(Outcome::Refused(door));
    }
    let questions = questions_of(&store::questionnaire(conn, survey.questionnaire_id)?)?;
    let answers = match rules::check(&questions, given) {
        Ok(answers) => answers,
        Err(wrong) => return Ok(Outcome::Wrong(wrong)),
    };
    if !store::use_invitation(conn, invitation.id, (!survey.anonymous).then_some(now))? {
        return Ok(Outcome::Refused(Door::Answered));
    }
    let about = About { survey: &survey, questions: &questions, answers: &answers };
    if survey.anonymous {
        keep_anonymous(conn, actor, house, &about)?;
    } else {
        let by = By {
            standing: &opened.standing,
            invitation: Some(invitation.id),
            source: AnswerSource::Link,
            language: language.as_str(),
            note: None,
        };
        keep(conn, actor, house, &about, by)?;
    }
    Ok(Outcome::Thanks)
}

/// Enters what a customer answered, as in a phone interview; uses its invitation, if it has one.
///
/// # Errors
/// 404; 409 for a survey that is not open or anonymous, or that the customer has answered; 422 for a customer that the actor does not
/// see and for answers that do not fit, all at once.
pub fn answer_by_staff(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: SurveyId,
    new: &NewSurveyAnswer,
) -> Result<AnswerId> {
    store::keep_survey(conn, id)?;
    let survey = store::survey(conn, id)?.survey;
    match door(&survey, false, actor.now())? {
        Door::Open if survey.anonymous => return Err(Error::conflict("", "anonymous_survey")),
        Door::Open => {}
        Door::Closed => return Err(Error::conflict("", "survey_closed")),
        Door::NotYet | Door::Answered => return Err(Error::conflict("", "survey_not_open")),
    }
    let mut wrong = crate::error::Wrong::default();
    let questions = questions_of(&store::questionnaire(conn, survey.questionnaire_id)?)?;
    let checked = rules::check(&questions, &new.answers);
    let answers = match checked {
        Ok(answers) => answers,
        Err(list) => {
            list.into_iter().for_each(|problem| wrong.add(problem.field()));
            Vec::new()
        }
    };
    let note = match text::paragraphs(new.note.as_deref().unwrap_or_default(), rules::MAX_ANSWER) {
        Ok(note) => note,
        Err(broken) => {
            wrong.add(FieldError::broken("/note", broken));
            None
        }
    };
    let customer = CustomerId::new(new.customer_id);
    let brief =
        customers::changeable(conn, actor, customer).and_then(|()| customers::brief(conn, actor, customer));
    let standing = match brief {
        Ok(brief) if brief.archived => {
            wrong.add(FieldError::new("/customer_id", "archived"));
            None
        }
        Ok(_) => store::standing(conn, &Scope::of(actor), customer)?,
        Err(error) if error.code == Code::NotFound => {
            wrong.add(FieldError::new("/customer_id", "not_found"));
            None
        }
        Err(error) => return Err(error),
    };
    let standing = wrong.unless(standing)?;
    if !store::answered_of(conn, id, &[customer])?.is_empty() {
        return Err(answered());
    }
    let invitation = store::invitation_of(conn, id, customer)?.filter(|invitation| !invitation.revoked);
    if let Some(invitation) = &invitation
        && !store::use_invitation(conn, invitation.id, Some(actor.now()))?
    {
        return Err(answered());
    }
    let by = By {
        standing: &standing,
        invitation: invitation.map(|invitation| invitation.id),
        source: AnswerSource::Staff,
        language: actor.language().as_str(),
        note,
    };
    keep(conn, actor, house, &About { survey: &survey, questions: &questions, answers: &answers }, by)
}

fn answered() -> Error {
    Error::conflict("", "already_answered")
}

fn once(error: DbError) -> Error {
    match error {
        DbError::Unique => answered(),
        other => Error::from(other),
    }
}

/// Answers that were checked, and to what.
struct About<'a> {
    survey: &'a SurveyRow,
    questions: &'a [Question],
    answers: &'a [AnswerValue],
}

/// Whose answer it is and how it came.
struct By<'a> {
    standing: &'a Standing,
    invitation: Option<InvitationId>,
    source: AnswerSource,
    language: &'a str,
    note: Option<String>,
}

impl About<'_> {
    fn low(&self) -> Vec<&Question> {
        rules::low(self.questions, self.answers, waves::low_score(self.survey))
    }

    fn row(&self, id: AnswerId, answered_on: chrono::NaiveDate) -> AnswerRow {
        let nps = self.questions.iter().find(|question| question.kind == QuestionKind::Nps);
        let score = |question: &Question| {
            self.answers.iter().find(|answer| answer.question == question.key).and_then(|answer| answer.score)
        };
        AnswerRow {
            id,
            survey_id: self.survey.id,
            customer_id: None,
            invitation_id: None,
            source: AnswerSource::Link.as_str().to_owned(),
            language: self.survey.language.clone(),
            answers: Doc(json!(self.answers)),
            note: None,
            low: !self.low().is_empty(),
            has_text: self.answers.iter().any(|answer| answer.text.is_some()),
            nps: nps.and_then(score),
            tier: None,
            org_unit_id: None,
            owner_id: None,
            entered_by: None,
            answered_on,
            answered_at: Moment::EARLIEST,
        }
    }

    fn values(&self, id: AnswerId) -> Vec<ValueRow> {
        let value =
            |(question, value)| ValueRow { survey_id: self.survey.id, answer_id: id, question, value };
        rules::counted(self.answers).into_iter().map(value).collect()
    }
}

/// No entry, no event, no time, nothing that leads to anybody: see the room's story.
fn keep_anonymous(conn: &mut DbConn, actor: &Actor, house: House<'_>, about: &About<'_>) -> Result<()> {
    let id = actor.new_unordered_id();
    let row = about.row(id, house.settings.day(actor.now()));
    store::insert_answers(conn, &[row], &about.values(id)).map_err(Error::from)
}

fn keep(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    about: &About<'_>,
    by: By<'_>,
) -> Result<AnswerId> {
    let id: AnswerId = actor.new_id();
    let row = AnswerRow {
        customer_id: Some(by.standing.customer_id),
        invitation_id: by.invitation,
        source: by.source.as_str().to_owned(),
        language: by.language.to_owned(),
        note: by.note,
        tier: Some(by.standing.tier.clone()),
        org_unit_id: Some(by.standing.org_unit_id),
        owner_id: by.standing.owner_id,
        entered_by: actor.user_id(),
        answered_at: actor.now(),
        ..about.row(id, house.settings.day(actor.now()))
    };
    store::insert_answers(conn, &[row], &about.values(id)).map_err(once)?;
    let low = about.low();
    if !low.is_empty() {
        let reason: Vec<&str> = low.iter().map(|question| question.key.as_str()).collect();
        let about_whom = (by.standing, about.survey.name.as_str());
        loop_closing::open_task(conn, actor, house.settings, id, about_whom, reason.join(" "))?;
    }
    // What was answered stands in the answer alone.
    let said = |field: &str, after: serde_json::Value| FieldChange {
        field: field.into(),
        before: None,
        after: Some(after),
    };
    let change = audit::Change {
        resource_type: "survey_answer",
        resource_id: id.uuid(),
        action: "created",
        version: 1,
        changes: vec![
            said("survey_id", json!(about.survey.id.uuid())),
            said("customer_id", json!(by.standing.customer_id.uuid())),
            said("source", json!(by.source.as_str())),
        ],
        reason: None,
    };
    audit::record(conn, actor, &change)?;
    Ok(id)
}

/// What is known of one customer of a survey that was made elsewhere: invited, and answered unless it did not.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub customer_id: CustomerId,
    pub answers: Option<Vec<AnswerValue>>,
    /// When it answered.
    pub at: Moment,
    pub source: AnswerSource,
    /// Whether a low score is followed up; what is long past is not.
    pub followed_up: bool,
}

/// Records invitations and answers that were made elsewhere, with the follow-ups of low scores; one audit entry for all, and no event.
/// Nobody has their links. Not for anonymous surveys. Gives the ids of the answers, in the order of what was recorded.
///
/// # Errors
/// 404 for a survey or customer that is none; 409 for an anonymous survey and a customer that has answered; 422 for answers that do not fit.
pub fn record_many(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: SurveyId,
    recorded: &[Recorded],
) -> Result<Vec<AnswerId>> {
    let survey = store::survey(conn, id)?.survey;
    if survey.anonymous {
        return Err(Error::conflict("", "anonymous_survey"));
    }
    let questions = questions_of(&store::questionnaire(conn, survey.questionnaire_id)?)?;
    let ids: Vec<CustomerId> = recorded.iter().map(|one| one.customer_id).collect();
    let standings: HashMap<CustomerId, Standing> = store::standings(conn, &Scope::of(actor), &ids)?
        .into_iter()
        .map(|one| (one.customer_id, one))
        .collect();
    let mut assignees: HashMap<(Option<UserId>, OrgUnitId), Option<UserId>> = HashMap::new();
    let (mut invitations, mut rows, mut values, mut follow_ups) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for one in recorded {
        let standing = standings.get(&one.customer_id).ok_or_else(Error::not_found)?;
        let mut invitation = invitations::unsent(actor, id, one.customer_id)?;
        if let Some(given) = &one.answers {
            let fields =
                |wrong: Vec<WrongAnswer>| Error::fields(wrong.into_iter().map(WrongAnswer::field).collect());
            let answers = rules::check(&questions, given).map_err(fields)?;
            let about = About { survey: &survey, questions: &questions, answers: &answers };
            let answer_id: AnswerId = actor.new_id();
            (invitation.opened, invitation.used) = (true, true);
            (invitation.opened_at, invitation.answered_at) = (Some(one.at), Some(one.at));
            rows.push(AnswerRow {
                customer_id: Some(one.customer_id),
                invitation_id: Some(invitation.id),
                tier: Some(standing.tier.clone()),
                org_unit_id: Some(standing.org_unit_id),
                owner_id: standing.owner_id,
                source: one.source.as_str().to_owned(),
                answered_at: one.at,
                ..about.row(answer_id, house.settings.day(one.at))
            });
            values.extend(about.values(answer_id));
            let low = about.low();
            if one.followed_up && !low.is_empty() {
                let whose = (standing.owner_id, standing.org_unit_id);
                let assignee = match assignees.get(&whose) {
                    Some(assignee) => *assignee,
                    None => {
                        let assignee = loop_closing::assignee(conn, standing)?;
                        assignees.insert(whose, assignee);
                        assignee
                    }
                };
                let reason = low.iter().map(|question| question.key.as_str()).collect::<Vec<_>>().join(" ");
                let day = house.settings.day(one.at);
                follow_ups.push(loop_closing::row(answer_id, standing, assignee, day, reason, one.at));
            }
        }
        invitations.push(invitation);
    }
    store::insert_invitations(conn, &invitations)?;
    store::insert_answers(conn, &rows, &values).map_err(once)?;
    for chunk in follow_ups.chunks(500) {
        store::insert_follow_ups(conn, chunk)?;
    }
    audit::note_many(conn, actor, "survey_answer", "created_many", &[("count", rows.len())])?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Whether an actor sees the results of anonymous surveys of a unit: managers those of their own units, and who sees everything.
pub(super) fn sees_anonymous(actor: &Actor, unit_path: &str) -> bool {
    let leads = matches!(actor.reach(), Reach::Unit | Reach::Subtree | Reach::All);
    leads && UnitScope::of(actor).contains(unit_path)
}

/// Which answers of a survey an actor sees: those of their customers, or all where nobody's customers are known.
pub(super) fn answers_scope(actor: &Actor, survey: &SurveyRow) -> Condition {
    if survey.anonymous { Condition::everything() } else { Scope::of(actor).customers() }
}

/// Whether an anonymous survey shows its answers: to this actor, closed, and enough of them.
fn shows_answers(conn: &mut DbConn, actor: &Actor, placed: &PlacedSurvey) -> Result<bool> {
    let survey = &placed.survey;
    if !survey.anonymous {
        return Ok(true);
    }
    let counts = store::answer_counts(conn, Condition::everything(), survey.id, guanxi_api::ResultsBy::None)?;
    Ok(sees_anonymous(actor, &placed.unit_path)
        && waves::status(survey, actor.now())? == SurveyStatus::Closed
        && counts.iter().map(|(_, count)| count).sum::<i64>() >= rules::MINIMUM_GROUP)
}

/// What customers answered to a survey, the newest first; of an anonymous one in no order.
///
/// # Errors
/// 404 when there is no such survey; as every list.
pub fn list_answers(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: SurveyId,
    request: &ListRequest,
) -> Result<Page<SurveyAnswer>> {
    let placed = store::survey(conn, id)?;
    let scope = match shows_answers(conn, actor, &placed)? {
        true => answers_scope(actor, &placed.survey),
        false => Condition::nothing(),
    };
    page(conn, actor, house, scope, Of::Survey(id), request)
}

/// What a customer answered to surveys that were not anonymous, the newest first.
///
/// # Errors
/// 404 for a customer that the actor does not see; as every list.
pub fn customer_answers(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    request: &ListRequest,
) -> Result<Page<SurveyAnswer>> {
    customers::brief(conn, actor, id)?;
    page(conn, actor, house, Scope::of(actor).customer(), Of::Customer(id), request)
}

/// The last answers of a customer to surveys that were not anonymous, newest first; none of a customer that the actor does not see.
///
/// # Errors
/// When the database fails.
pub fn latest_answers(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    most: u32,
) -> Result<Vec<SurveyAnswer>> {
    let request = ListRequest { limit: Some(most), ..ListRequest::default() };
    let listing = request.read(&ANSWERS, actor, house.keys.cursor())?;
    let mut rows = store::list_answers(conn, Scope::of(actor).customer(), Of::Customer(id), &listing)?;
    rows.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    wire(conn, actor, house, rows)
}

fn page(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    scope: Condition,
    of: Of,
    request: &ListRequest,
) -> Result<Page<SurveyAnswer>> {
    let bound = ListRequest { q: Some(format!("{of:?}")), ..request.clone() };
    let listing = bound.read(&ANSWERS, actor, house.keys.cursor())?;
    let mut rows = store::list_answers(conn, scope.clone(), of, &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |row, _| Value::Moment(row.answer.answered_at),
        |row| Id::new(row.answer.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_answers(conn, scope, of, &listing)?);
    }
    Ok(Page { data: wire(conn, actor, house, rows)?, page: info })
}

/// An answer of a customer that the actor sees.
///
/// # Errors
/// 404 for any other.
pub fn answer_details(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: AnswerId,
) -> Result<SurveyAnswer> {
    let row = store::answer(conn, Scope::of(actor).customer(), id)?;
    wire(conn, actor, house, vec![row])?.pop().ok_or_else(Error::not_found)
}

fn wire(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    rows: Vec<NamedAnswer>,
) -> Result<Vec<SurveyAnswer>> {
    let Some(version) = rows.iter().map(|row| row.directory_version).max() else { return Ok(Vec::new()) };
    let names = house.directory.as_of(conn, version)?;
    let mut questionnaires: Vec<QuestionnaireId> = rows.iter().map(|row| row.questionnaire_id).collect();
    questionnaires.sort_unstable();
    questionnaires.dedup();
    let questions: HashMap<QuestionnaireId, Vec<Question>> = store::questionnaires(conn, &questionnaires)?
        .into_iter()
        .map(|row| Ok((row.id, questions_of(&row)?)))
        .collect::<Result<_>>()?;
    rows.into_iter().map(|row| one(actor, &names, &questions, row)).collect()
}

fn one(
    actor: &Actor,
    names: &Names,
    questions: &HashMap<QuestionnaireId, Vec<Question>>,
    row: NamedAnswer,
) -> Result<SurveyAnswer> {
    let answer = row.answer;
    let restricted = actor.mask_profile() == MaskProfile::Restricted;
    let values: Vec<AnswerValue> = serde_json::from_value(answer.answers.0).map_err(Error::internal)?;
    let questions = questions.get(&row.questionnaire_id).map(Vec::as_slice).unwrap_or_default();
    let answered = |value: AnswerValue| {
        let question = questions.iter().find(|question| question.key == value.question)?;
        let label = |code: &String| {
            question.options.iter().find(|option| option.code == *code).map(|option| option.label.clone())
        };
        Some(AnsweredQuestion {
            kind: question.kind,
            text: question.text.clone(),
            choices: value.choices.iter().filter_map(label).collect(),
            score: value.score,
            comment: value.text,
            question: value.question,
        })
    };
    let customer = match (answer.customer_id, row.customer_no, row.customer_name) {
        (Some(id), Some(customer_no), Some(name)) => Some(CustomerRef { id: id.uuid(), customer_no, name }),
        _ => None,
    };
    Ok(SurveyAnswer {
        id: answer.id.uuid(),
        survey: SurveyRef { id: answer.survey_id.uuid(), name: row.survey_name },
        // A day would tell an anonymous answer from the others.
        answered_at: customer.is_some().then(|| Instant(answer.answered_at.to_utc())),
        customer,
        source: known(AnswerSource::from_code(&answer.source))?,
        language: known(Language::from_code(&answer.language))?,
        answers: values.into_iter().filter_map(answered).collect(),
        low: answer.low,
        note: answer.note,
        tier: if restricted { None } else { answer.tier.as_deref().and_then(Tier::from_code) },
        org_unit: answer.org_unit_id.map(|id| names.unit(id)).transpose()?,
        owner: answer.owner_id.map(|id| names.user(id)).transpose()?,
        entered_by: answer.entered_by.map(|id| names.user(id)).transpose()?,
        follow_up: row.follow_up.map(|row| follow_up(names, row)).transpose()?,
    })
}

fn follow_up(names: &Names, row: store::FollowUpRow) -> Result<FollowUp> {
    Ok(FollowUp {
        assignee: row.assignee_id.map(|id| names.user(id)).transpose()?,
        due_on: row.due_on,
        reason: row.reason,
        task_id: row.task_id.map(Id::uuid),
    })
}
