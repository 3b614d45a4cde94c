use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use guanxi_api::{AnswerSource, ResultsBy};
use guanxi_db::schema::{
    customer, customer_figures, directory, org_unit, questionnaire, survey, survey_answer,
    survey_answer_value, survey_follow_up, survey_invitation,
};
use guanxi_db::{Condition, DbConn, DbError, DbUuid, Doc, Moment, Statement, Value, insert_many};

use crate::access::{OrgUnitId, Scope, UserId};
use crate::customers::CustomerId;
use crate::error::Result;
use crate::listing::{COUNTED, Listing};
use crate::surveys::{AnswerId, FamilyId, InvitationId, QuestionnaireId, SurveyId};
use crate::tasks::TaskId;

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = questionnaire, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct QuestionnaireRow {
    pub(super) id: QuestionnaireId,
    pub(super) family_id: FamilyId,
    pub(super) number: i32,
    pub(super) state: String,
    pub(super) title_zh: String,
    pub(super) title_en: String,
    pub(super) questions: Doc,
    pub(super) published_at: Option<Moment>,
    pub(super) archived_at: Option<Moment>,
    pub(super) archived: bool,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

pub(super) fn questionnaire(conn: &mut DbConn, id: QuestionnaireId) -> Result<QuestionnaireRow> {
    let row = questionnaire::table
        .find(id)
        .select(QuestionnaireRow::as_select())
        .first(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn questionnaires(conn: &mut DbConn, ids: &[QuestionnaireId]) -> Result<Vec<QuestionnaireRow>> {
    let rows = questionnaire::table
        .filter(questionnaire::id.eq_any(ids.iter().copied()))
        .select(QuestionnaireRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn insert_questionnaire(conn: &mut DbConn, row: &QuestionnaireRow) -> Result<(), DbError> {
    diesel::insert_into(questionnaire::table).values(row).execute(conn)?;
    Ok(())
}

/// Writes a changed questionnaire over the version it was made from; false when that is no longer the version. What is published stays
/// as it is, whatever the row says: its texts are not among the columns then.
pub(super) fn update_questionnaire(
    conn: &mut DbConn,
    row: &QuestionnaireRow,
    from_version: i64,
) -> Result<bool, DbError> {
    let changed =
        diesel::update(questionnaire::table.find(row.id).filter(questionnaire::version.eq(from_version)))
            .set(row)
            .execute(conn)?;
    Ok(changed > 0)
}

pub(super) fn latest_number(conn: &mut DbConn, family: FamilyId) -> Result<i32> {
    let number = questionnaire::table
        .filter(questionnaire::family_id.eq(family))
        .order(questionnaire::number.desc())
        .select(questionnaire::number)
        .first(conn)
        .map_err(DbError::from)?;
    Ok(number)
}

pub(super) fn list_questionnaires(conn: &mut DbConn, listing: &Listing) -> Result<Vec<QuestionnaireRow>> {
    let rows = questionnaire::table
        .select(QuestionnaireRow::as_select())
        .into_boxed()
        .filter(listing.condition())
        .order(listing.ordering().first(listing.rows()))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_questionnaires(conn: &mut DbConn, listing: &Listing) -> Result<i64> {
    let counted = questionnaire::table
        .select(questionnaire::id)
        .into_boxed()
        .filter(listing.filter.clone())
        .limit(COUNTED + 1)
        .load::<QuestionnaireId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(counted.len()).unwrap_or(i64::MAX))
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone)]
#[diesel(table_name = survey, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct SurveyRow {
    pub(super) id: SurveyId,
    pub(super) name: String,
    pub(super) questionnaire_id: QuestionnaireId,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) language: String,
    pub(super) anonymous: bool,
    pub(super) status: String,
    pub(super) opens_at: Moment,
    pub(super) closes_at: Moment,
    pub(super) csat_low: i16,
    pub(super) nps_low: i16,
    pub(super) ces_low: i16,
    pub(super) version: i64,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
}

/// A survey with the title of its questionnaire and the names and path of its unit.
#[derive(Queryable, Clone)]
pub(super) struct PlacedSurvey {
    pub(super) survey: SurveyRow,
    pub(super) number: i32,
    pub(super) title_zh: String,
    pub(super) title_en: String,
    pub(super) unit_zh: String,
    pub(super) unit_en: String,
    pub(super) unit_path: String,
}

macro_rules! placed {
    () => {
        (
            SurveyRow::as_select(),
            questionnaire::number,
            questionnaire::title_zh,
            questionnaire::title_en,
            org_unit::name_zh,
            org_unit::name_en,
            org_unit::path,
        )
    };
}

pub(super) fn survey(conn: &mut DbConn, id: SurveyId) -> Result<PlacedSurvey> {
    let row = survey::table
        .inner_join(questionnaire::table)
        .inner_join(org_unit::table)
        .filter(survey::id.eq(id))
        .select(placed!())
        .first::<PlacedSurvey>(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

/// Holds every other change of a survey until the transaction ends. SQLite has one writer anyway.
pub(super) fn lock_survey(conn: &mut DbConn, id: SurveyId) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        survey::table
            .find(id)
            .select(survey::id)
            .for_no_key_update()
            .first::<SurveyId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// Keeps a survey as it is until the transaction ends: it is not closed while an answer comes in.
pub(super) fn keep_survey(conn: &mut DbConn, id: SurveyId) -> Result<()> {
    if let DbConn::Pg(conn) = conn {
        survey::table
            .find(id)
            .select(survey::id)
            .for_share()
            .first::<SurveyId>(conn)
            .optional()
            .map_err(DbError::from)?;
    }
    Ok(())
}

pub(super) fn insert_survey(conn: &mut DbConn, row: &SurveyRow) -> Result<()> {
    diesel::insert_into(survey::table).values(row).execute(conn).map_err(DbError::from)?;
    Ok(())
}

/// Writes a changed survey over the version it was made from; false when that is no longer the version.
pub(super) fn update_survey(conn: &mut DbConn, row: &SurveyRow, from_version: i64) -> Result<bool> {
    let changed = diesel::update(survey::table.find(row.id).filter(survey::version.eq(from_version)))
        .set(row)
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(changed > 0)
}

/// Surveys of a name that have been opened and are not anonymous, two at most.
pub(super) fn surveys_named(conn: &mut DbConn, name: &str) -> Result<Vec<SurveyRow>> {
    let rows = survey::table
        .filter(survey::name.eq(name))
        .filter(survey::status.ne("draft"))
        .filter(survey::anonymous.eq(false))
        .limit(2)
        .select(SurveyRow::as_select())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn list_surveys(conn: &mut DbConn, listing: &Listing) -> Result<Vec<PlacedSurvey>> {
    let rows = survey::table
        .inner_join(questionnaire::table)
        .inner_join(org_unit::table)
        .select(placed!())
        .into_boxed()
        .filter(listing.condition())
        .order(listing.ordering().first(listing.rows()))
        .load::<PlacedSurvey>(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// The condition that a survey is or was open.
pub(super) fn not_draft() -> Condition {
    Condition::new()
        .sql("survey.status <> ")
        .bind(Value::Text(guanxi_api::SurveyStatus::Draft.as_str().to_owned()))
}

pub(super) fn count_surveys(conn: &mut DbConn, listing: &Listing) -> Result<i64> {
    let counted = survey::table
        .select(survey::id)
        .into_boxed()
        .filter(listing.filter.clone())
        .limit(COUNTED + 1)
        .load::<SurveyId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(counted.len()).unwrap_or(i64::MAX))
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = survey_invitation, treat_none_as_default_value = false)]
pub(super) struct InvitationRow {
    pub(super) id: InvitationId,
    pub(super) survey_id: SurveyId,
    pub(super) customer_id: CustomerId,
    pub(super) token_hash: Vec<u8>,
    pub(super) opened: bool,
    pub(super) used: bool,
    pub(super) revoked: bool,
    pub(super) opened_at: Option<Moment>,
    pub(super) answered_at: Option<Moment>,
    pub(super) version: i64,
    pub(super) created_at: Moment,
}

/// An invitation with the number and name of its customer.
#[derive(Queryable, Clone)]
pub(super) struct NamedInvitation {
    pub(super) invitation: InvitationRow,
    pub(super) customer_no: String,
    pub(super) customer_name: String,
}

pub(super) fn insert_invitations(conn: &mut DbConn, rows: &[InvitationRow]) -> Result<()> {
    // SQLite takes a limited number of values in one statement.
    for chunk in rows.chunks(500) {
        insert_many!(conn, survey_invitation::table, chunk).map_err(DbError::from)?;
    }
    Ok(())
}

/// Those of these customers who are invited to a survey already.
pub(super) fn invited_of(
    conn: &mut DbConn,
    id: SurveyId,
    customers: &[CustomerId],
) -> Result<Vec<CustomerId>> {
    let rows = survey_invitation::table
        .filter(survey_invitation::survey_id.eq(id))
        .filter(survey_invitation::customer_id.eq_any(customers.iter().copied()))
        .select(survey_invitation::customer_id)
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// Those of these customers whose answer to a survey is there already.
pub(super) fn answered_of(
    conn: &mut DbConn,
    id: SurveyId,
    customers: &[CustomerId],
) -> Result<Vec<CustomerId>> {
    let rows = survey_answer::table
        .filter(survey_answer::survey_id.eq(id))
        .filter(survey_answer::customer_id.eq_any(customers.iter().copied()))
        .select(survey_answer::customer_id.assume_not_null())
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// The condition that a customer is neither invited to a survey nor has answered it.
pub(super) fn not_reached(id: SurveyId) -> Condition {
    let id = || Value::Id(guanxi_db::Id::new(id.uuid()));
    Condition::new()
        .sql("NOT EXISTS (SELECT 1 FROM survey_invitation WHERE survey_invitation.customer_id = customer.id AND survey_invitation.survey_id = ")
        .bind(id())
        .sql(") AND NOT EXISTS (SELECT 1 FROM survey_answer WHERE survey_answer.customer_id = customer.id AND survey_answer.survey_id = ")
        .bind(id())
        .sql(")")
}

pub(super) fn list_invitations(
    conn: &mut DbConn,
    scope: &Scope,
    id: SurveyId,
    listing: &Listing,
) -> Result<Vec<NamedInvitation>> {
    let rows = survey_invitation::table
        .inner_join(customer::table)
        .filter(survey_invitation::survey_id.eq(id))
        .filter(scope.customers().and(listing.condition()))
        .order(listing.ordering().first(listing.rows()))
        .select((InvitationRow::as_select(), customer::customer_no, customer::name))
        .load::<NamedInvitation>(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_invitations(
    conn: &mut DbConn,
    scope: &Scope,
    id: SurveyId,
    listing: &Listing,
) -> Result<i64> {
    let counted = survey_invitation::table
        .inner_join(customer::table)
        .filter(survey_invitation::survey_id.eq(id))
        .filter(scope.customers().and(listing.filter.clone()))
        .select(survey_invitation::id)
        .limit(COUNTED + 1)
        .load::<InvitationId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(counted.len()).unwrap_or(i64::MAX))
}

pub(super) fn invitation(
    conn: &mut DbConn,
    scope: &Scope,
    survey: SurveyId,
    id: InvitationId,
) -> Result<NamedInvitation> {
    let row = survey_invitation::table
        .inner_join(customer::table)
        .filter(survey_invitation::id.eq(id))
        .filter(survey_invitation::survey_id.eq(survey))
        .filter(scope.customer())
        .select((InvitationRow::as_select(), customer::customer_no, customer::name))
        .first::<NamedInvitation>(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

/// A new token, or none for an invitation that is withdrawn; false when the version is another one, or it was used.
pub(super) fn update_invitation(
    conn: &mut DbConn,
    id: InvitationId,
    version: i64,
    token_hash: Option<&[u8]>,
) -> Result<bool> {
    let target = survey_invitation::table
        .find(id)
        .filter(survey_invitation::version.eq(version))
        .filter(survey_invitation::used.eq(false));
    let next = survey_invitation::version.eq(survey_invitation::version + 1);
    let changed = match token_hash {
        Some(hash) => diesel::update(target)
            .set((survey_invitation::token_hash.eq(hash), survey_invitation::revoked.eq(false), next))
            .execute(conn),
        None => diesel::update(target).set((survey_invitation::revoked.eq(true), next)).execute(conn),
    };
    Ok(changed.map_err(DbError::from)? > 0)
}

/// Where a customer stood when it answered.
#[derive(Queryable, Clone, Debug)]
pub(super) struct Standing {
    pub(super) customer_id: CustomerId,
    pub(super) tier: String,
    pub(super) org_unit_id: OrgUnitId,
    pub(super) owner_id: Option<UserId>,
}

/// What a token opens.
#[derive(Queryable, Clone)]
pub(super) struct OpenedByToken {
    pub(super) invitation: InvitationRow,
    pub(super) survey: SurveyRow,
    pub(super) standing: Standing,
}

/// The invitation with a token that was not revoked. Takes no scope: whoever holds the token is the customer it was given to, and sees
/// nothing of the customer's data.
pub(super) fn by_token(conn: &mut DbConn, token_hash: &[u8]) -> Result<Option<OpenedByToken>> {
    let row = survey_invitation::table
        .inner_join(survey::table)
        .inner_join(customer::table.inner_join(customer_figures::table))
        .filter(survey_invitation::token_hash.eq(token_hash))
        .filter(survey_invitation::revoked.eq(false))
        .select((
            InvitationRow::as_select(),
            SurveyRow::as_select(),
            (customer::id, customer_figures::tier, customer::org_unit_id, customer::owner_id),
        ))
        .first::<OpenedByToken>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// A customer that a scope has, as staff answers for it.
pub(super) fn standing(conn: &mut DbConn, scope: &Scope, id: CustomerId) -> Result<Option<Standing>> {
    let row = customer::table
        .inner_join(customer_figures::table)
        .filter(customer::id.eq(id))
        .filter(scope.customer())
        .select((customer::id, customer_figures::tier, customer::org_unit_id, customer::owner_id))
        .first::<Standing>(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

/// Those of these customers that a scope has.
pub(super) fn standings(conn: &mut DbConn, scope: &Scope, ids: &[CustomerId]) -> Result<Vec<Standing>> {
    let rows = customer::table
        .inner_join(customer_figures::table)
        .filter(customer::id.eq_any(ids.iter().copied()))
        .filter(scope.customers())
        .select((customer::id, customer_figures::tier, customer::org_unit_id, customer::owner_id))
        .load::<Standing>(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// The first time that a customer opens the page; without the time where the survey is anonymous.
pub(super) fn mark_opened(conn: &mut DbConn, id: InvitationId, at: Option<Moment>) -> Result<()> {
    diesel::update(survey_invitation::table.find(id).filter(survey_invitation::opened.eq(false)))
        .set((survey_invitation::opened.eq(true), survey_invitation::opened_at.eq(at)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(())
}

/// Uses an invitation up; false when somebody else was first, or it was revoked. Without the time where the survey is anonymous.
pub(super) fn use_invitation(conn: &mut DbConn, id: InvitationId, at: Option<Moment>) -> Result<bool> {
    let target = survey_invitation::table
        .find(id)
        .filter(survey_invitation::used.eq(false))
        .filter(survey_invitation::revoked.eq(false));
    let used = diesel::update(target)
        .set((survey_invitation::used.eq(true), survey_invitation::answered_at.eq(at)))
        .execute(conn)
        .map_err(DbError::from)?;
    Ok(used > 0)
}

/// The invitation of a customer to a survey, used or not.
pub(super) fn invitation_of(
    conn: &mut DbConn,
    survey: SurveyId,
    customer: CustomerId,
) -> Result<Option<InvitationRow>> {
    let row = survey_invitation::table
        .filter(survey_invitation::survey_id.eq(survey))
        .filter(survey_invitation::customer_id.eq(customer))
        .select(InvitationRow::as_select())
        .first(conn)
        .optional()
        .map_err(DbError::from)?;
    Ok(row)
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = survey_answer, treat_none_as_default_value = false)]
pub(super) struct AnswerRow {
    pub(super) id: AnswerId,
    pub(super) survey_id: SurveyId,
    pub(super) customer_id: Option<CustomerId>,
    pub(super) invitation_id: Option<InvitationId>,
    pub(super) source: String,
    pub(super) language: String,
    pub(super) answers: Doc,
    pub(super) note: Option<String>,
    pub(super) low: bool,
    pub(super) has_text: bool,
    pub(super) nps: Option<i16>,
    pub(super) tier: Option<String>,
    pub(super) org_unit_id: Option<OrgUnitId>,
    pub(super) owner_id: Option<UserId>,
    pub(super) entered_by: Option<UserId>,
    pub(super) answered_on: chrono::NaiveDate,
    pub(super) answered_at: Moment,
}

#[derive(Insertable, Clone)]
#[diesel(table_name = survey_answer_value, treat_none_as_default_value = false)]
pub(super) struct ValueRow {
    pub(super) survey_id: SurveyId,
    pub(super) answer_id: AnswerId,
    pub(super) question: String,
    pub(super) value: String,
}

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = survey_follow_up, treat_none_as_default_value = false)]
pub(super) struct FollowUpRow {
    pub(super) answer_id: AnswerId,
    pub(super) customer_id: CustomerId,
    pub(super) assignee_id: Option<UserId>,
    pub(super) due_on: chrono::NaiveDate,
    pub(super) reason: String,
    pub(super) task_id: Option<TaskId>,
    pub(super) created_at: Moment,
}

pub(super) fn insert_answers(
    conn: &mut DbConn,
    rows: &[AnswerRow],
    values: &[ValueRow],
) -> Result<(), DbError> {
    for chunk in rows.chunks(500) {
        insert_many!(conn, survey_answer::table, chunk)?;
    }
    for chunk in values.chunks(2000) {
        insert_many!(conn, survey_answer_value::table, chunk)?;
    }
    Ok(())
}

pub(super) fn insert_follow_ups(conn: &mut DbConn, rows: &[FollowUpRow]) -> Result<()> {
    insert_many!(conn, survey_follow_up::table, rows).map_err(DbError::from)?;
    Ok(())
}

/// An answer with the names of its survey and its customer, and what follows from it.
#[derive(Queryable, Clone)]
pub(super) struct NamedAnswer {
    pub(super) answer: AnswerRow,
    pub(super) survey_name: String,
    pub(super) questionnaire_id: QuestionnaireId,
    pub(super) customer_no: Option<String>,
    pub(super) customer_name: Option<String>,
    pub(super) follow_up: Option<FollowUpRow>,
    /// Of the names of units and users.
    pub(super) directory_version: i64,
}

macro_rules! named_answer {
    () => {
        (
            AnswerRow::as_select(),
            survey::name,
            survey::questionnaire_id,
            customer::customer_no.nullable(),
            customer::name.nullable(),
            Option::<FollowUpRow>::as_select(),
            directory::table.select(directory::version).single_value().assume_not_null(),
        )
    };
}

/// Which answers: those of a survey or those of a customer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    Survey(SurveyId),
    Customer(CustomerId),
}

impl Of {
    fn condition(self) -> Condition {
        let (column, id) = match self {
            Of::Survey(id) => ("survey_answer.survey_id = ", id.uuid()),
            Of::Customer(id) => ("survey_answer.customer_id = ", id.uuid()),
        };
        Condition::new().sql(column).bind(Value::Id(guanxi_db::Id::new(id)))
    }
}

pub(super) fn list_answers(
    conn: &mut DbConn,
    scope: Condition,
    of: Of,
    listing: &Listing,
) -> Result<Vec<NamedAnswer>> {
    let rows = survey_answer::table
        .inner_join(survey::table)
        .left_join(customer::table)
        .left_join(survey_follow_up::table)
        .filter(of.condition().and(scope).and(listing.condition()))
        .order(listing.ordering().first(listing.rows()))
        .select(named_answer!())
        .load::<NamedAnswer>(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

pub(super) fn count_answers(conn: &mut DbConn, scope: Condition, of: Of, listing: &Listing) -> Result<i64> {
    let counted = survey_answer::table
        .left_join(customer::table)
        .filter(of.condition().and(scope).and(listing.filter.clone()))
        .select(survey_answer::id)
        .limit(COUNTED + 1)
        .load::<AnswerId>(conn)
        .map_err(DbError::from)?;
    Ok(i64::try_from(counted.len()).unwrap_or(i64::MAX))
}

/// One answer, without a scope: for the answer to the request that made it.
pub(super) fn answer(conn: &mut DbConn, scope: Condition, id: AnswerId) -> Result<NamedAnswer> {
    let row = survey_answer::table
        .inner_join(survey::table)
        .left_join(customer::table)
        .left_join(survey_follow_up::table)
        .filter(survey_answer::id.eq(id))
        .filter(scope)
        .select(named_answer!())
        .first::<NamedAnswer>(conn)
        .map_err(DbError::from)?;
    Ok(row)
}

pub(super) fn unit_names(conn: &mut DbConn, ids: &[OrgUnitId]) -> Result<Vec<(OrgUnitId, String, String)>> {
    let rows = org_unit::table
        .filter(org_unit::id.eq_any(ids.iter().copied()))
        .select((org_unit::id, org_unit::name_zh, org_unit::name_en))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// How many invitations that were not revoked there are, opened or not, used or not.
pub(super) fn invitation_counts(
    conn: &mut DbConn,
    scope: Condition,
    id: SurveyId,
) -> Result<Vec<(bool, bool, i64)>> {
    let rows = survey_invitation::table
        .inner_join(customer::table)
        .filter(survey_invitation::survey_id.eq(id))
        .filter(survey_invitation::revoked.eq(false))
        .filter(scope)
        .group_by((survey_invitation::opened, survey_invitation::used))
        .select((survey_invitation::opened, survey_invitation::used, count_star()))
        .load(conn)
        .map_err(DbError::from)?;
    Ok(rows)
}

/// What answers are grouped by: the tier or the unit as they were, or nothing.
pub(super) type GroupKey = (Option<String>, Option<OrgUnitId>);

/// How many answers there are in each group.
pub(super) fn answer_counts(
    conn: &mut DbConn,
    scope: Condition,
    id: SurveyId,
    by: ResultsBy,
) -> Result<Vec<(GroupKey, i64)>> {
    macro_rules! counted {
        ($column:expr, $key:expr) => {
            survey_answer::table
                .left_join(customer::table)
                .filter(survey_answer::survey_id.eq(id))
                .filter(scope)
                .group_by($column)
                .select(($column, count_star()))
                .load(conn)
                .map_err(DbError::from)?
                .into_iter()
                .map(|(key, count)| ($key(key), count))
                .collect()
        };
    }
    Ok(match by {
        ResultsBy::None => {
            let count = survey_answer::table
                .left_join(customer::table)
                .filter(survey_answer::survey_id.eq(id))
                .filter(scope)
                .select(count_star())
                .first::<i64>(conn)
                .map_err(DbError::from)?;
            vec![((None, None), count)]
        }
        ResultsBy::Tier => counted!(survey_answer::tier, |tier: Option<String>| (tier, None)),
        ResultsBy::Unit => counted!(survey_answer::org_unit_id, |unit: Option<OrgUnitId>| (None, unit)),
    })
}

/// How often each value was given to each question, in each group.
pub(super) fn value_counts(
    conn: &mut DbConn,
    scope: Condition,
    id: SurveyId,
    by: ResultsBy,
) -> Result<Vec<(GroupKey, String, String, i64)>> {
    Ok(match by {
        ResultsBy::None => survey_answer_value::table
            .inner_join(survey_answer::table.left_join(customer::table))
            .filter(survey_answer_value::survey_id.eq(id))
            .filter(scope)
            .group_by((survey_answer_value::question, survey_answer_value::value))
            .select((survey_answer_value::question, survey_answer_value::value, count_star()))
            .load::<(String, String, i64)>(conn)
            .map_err(DbError::from)?
            .into_iter()
            .map(|(question, value, count)| ((None, None), question, value, count))
            .collect(),
        ResultsBy::Tier => Statement::<(Nullable<Text>, Text, Text, BigInt)>::new(counted_by(
            "survey_answer.tier",
            scope,
            id,
        ))
        .load::<(Option<String>, String, String, i64)>(conn)
        .map_err(DbError::from)?
        .into_iter()
        .map(|(tier, question, value, count)| ((tier, None), question, value, count))
        .collect(),
        ResultsBy::Unit => {
            let counted = counted_by("survey_answer.org_unit_id", scope, id);
            Statement::<(Nullable<DbUuid>, Text, Text, BigInt)>::new(counted)
                .load::<(Option<OrgUnitId>, String, String, i64)>(conn)
                .map_err(DbError::from)?
                .into_iter()
                .map(|(unit, question, value, count)| ((None, unit), question, value, count))
                .collect()
        }
    })
}

/// The statement that counts values by a column of answers beside question and value: diesel groups by columns of one table only.
fn counted_by(column: &'static str, scope: Condition, id: SurveyId) -> Condition {
    Condition::new()
        .sql("SELECT ")
        .sql(column)
        .sql(
            ", survey_answer_value.question, survey_answer_value.value, COUNT(*) FROM survey_answer_value \
             INNER JOIN survey_answer ON survey_answer.id = survey_answer_value.answer_id \
             LEFT JOIN customer ON customer.id = survey_answer.customer_id WHERE survey_answer_value.survey_id = ",
        )
        .bind(Value::Id(guanxi_db::Id::new(id.uuid())))
        .sql(" AND (")
        .part(scope)
        .sql(") GROUP BY ")
        .sql(column)
        .sql(", survey_answer_value.question, survey_answer_value.value")
}

/// Those of these answers that came from elsewhere, that a scope has, and after which nothing was followed up; each with its invitation.
pub(super) fn removable(
    conn: &mut DbConn,
    scope: &Scope,
    ids: &[AnswerId],
) -> Result<Vec<(AnswerId, Option<InvitationId>)>> {
    let mut found = Vec::new();
    for ids in ids.chunks(500) {
        found.extend(
            survey_answer::table
                .inner_join(customer::table.on(customer::id.nullable().eq(survey_answer::customer_id)))
                .left_join(survey_follow_up::table.on(survey_follow_up::answer_id.eq(survey_answer::id)))
                .filter(survey_answer::id.eq_any(ids.iter().copied()))
                .filter(survey_answer::source.eq(AnswerSource::Imported.as_str()))
                .filter(survey_follow_up::answer_id.is_null())
                .filter(scope.customer())
                .select((survey_answer::id, survey_answer::invitation_id))
                .load::<(AnswerId, Option<InvitationId>)>(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

/// Removes answers with what was counted of them, and their invitations.
pub(super) fn remove_answers(conn: &mut DbConn, answers: &[(AnswerId, Option<InvitationId>)]) -> Result<()> {
    for answers in answers.chunks(500) {
        let ids: Vec<AnswerId> = answers.iter().map(|(id, _)| *id).collect();
        let invitations: Vec<InvitationId> =
            answers.iter().filter_map(|(_, invitation)| *invitation).collect();
        diesel::delete(survey_answer_value::table.filter(survey_answer_value::answer_id.eq_any(&ids)))
            .execute(conn)
            .map_err(DbError::from)?;
        diesel::delete(survey_answer::table.filter(survey_answer::id.eq_any(&ids)))
            .execute(conn)
            .map_err(DbError::from)?;
        diesel::delete(survey_invitation::table.filter(survey_invitation::id.eq_any(&invitations)))
            .execute(conn)
            .map_err(DbError::from)?;
    }
    Ok(())
}

/// Those of these customers who have answered a survey.
pub(super) fn answered_among(conn: &mut DbConn, customers: &[CustomerId]) -> Result<Vec<CustomerId>> {
    let mut found = Vec::new();
    for customers in customers.chunks(500) {
        found.extend(
            survey_answer::table
                .filter(survey_answer::customer_id.eq_any(customers.iter().copied()))
                .select(survey_answer::customer_id.assume_not_null())
                .distinct()
                .load::<CustomerId>(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}
