use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

use crate::common::present;
use crate::{
    AnswerSource, CustomerRef, Dimension, Instant, InvitationState, Language, QuestionKind,
    QuestionnaireState, ResultsBy, SkipReason, SurveyStatus, Tier, UnitRef, UserRef, WithheldBecause,
};

/// A text in both languages; a draft may lack one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LocalText {
    #[serde(rename = "zh-CN")]
    #[validate(length(max = 500))]
    #[cfg_attr(feature = "schema", schema(max_length = 500, example = "您对我们的服务满意吗？"))]
    pub zh_cn: String,
    #[validate(length(max = 500))]
    #[cfg_attr(
        feature = "schema",
        schema(max_length = 500, example = "How satisfied are you with our service?")
    )]
    pub en: String,
}

impl LocalText {
    /// The text in one language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::ZhCn => &self.zh_cn,
            Language::En => &self.en,
        }
    }

    /// Whether neither language has a text.
    pub fn is_empty(&self) -> bool {
        self.zh_cn.is_empty() && self.en.is_empty()
    }
}

/// One thing to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct QuestionOption {
    #[validate(length(max = 30))]
    #[cfg_attr(feature = "schema", schema(max_length = 30, example = "branch"))]
    pub code: String,
    #[serde(default)]
    #[validate(nested)]
    pub label: LocalText,
}

/// The condition under which a question is asked: an earlier question was answered with a score of at most so much, or with an option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AskIf {
    /// The key of the earlier question.
    #[validate(length(max = 30))]
    #[cfg_attr(feature = "schema", schema(max_length = 30, example = "recommend"))]
    pub question: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(example = 6))]
    pub at_most: Option<i16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 30))]
    #[cfg_attr(feature = "schema", schema(max_length = 30))]
    pub option: Option<String>,
}

/// A question of a questionnaire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Names it in answers; unique in its questionnaire.
    #[validate(length(max = 30))]
    #[cfg_attr(feature = "schema", schema(max_length = 30, example = "recommend"))]
    pub key: String,
    pub kind: QuestionKind,
    #[serde(default)]
    #[validate(nested)]
    pub text: LocalText,
    /// A line below the question.
    #[serde(default)]
    #[validate(nested)]
    pub help: LocalText,
    #[serde(default)]
    pub required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimension: Option<Dimension>,
    /// For single and multiple choice.
    #[serde(default)]
    #[validate(length(max = 20), nested)]
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    pub options: Vec<QuestionOption>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(nested)]
    pub ask_if: Option<AskIf>,
}

/// A version of a questionnaire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Questionnaire {
    pub id: Uuid,
    /// The same for all versions of one questionnaire.
    pub family_id: Uuid,
    /// Which version it is, from 1.
    pub number: u32,
    pub state: QuestionnaireState,
    pub title: LocalText,
    pub questions: Vec<Question>,
    pub published_at: Option<Instant>,
    pub archived_at: Option<Instant>,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// A line of the list of questionnaires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct QuestionnaireSummary {
    pub id: Uuid,
    pub family_id: Uuid,
    pub number: u32,
    pub state: QuestionnaireState,
    pub title: LocalText,
    /// How many questions it has.
    pub questions: u32,
    pub published_at: Option<Instant>,
    pub archived_at: Option<Instant>,
    pub version: i64,
    pub updated_at: Instant,
}

/// A questionnaire to begin with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewQuestionnaire {
    #[validate(nested)]
    pub title: LocalText,
    #[serde(default)]
    #[validate(length(max = 40), nested)]
    #[cfg_attr(feature = "schema", schema(max_items = 40))]
    pub questions: Vec<Question>,
}

/// Changes to a draft; absent members stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct QuestionnairePatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(nested)]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub title: Option<LocalText>,
    /// All questions, in their order.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(max = 40), nested)]
    #[cfg_attr(feature = "schema", schema(nullable = false, max_items = 40))]
    pub questions: Option<Vec<Question>>,
}

/// A questionnaire, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct QuestionnaireRef {
    pub id: Uuid,
    pub number: u32,
    pub title: LocalText,
}

/// The scores at or below which an answer is low and is followed up. One below the scale means never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LowScore {
    #[validate(range(min = 0, max = 5))]
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 5, example = 2))]
    pub csat: i16,
    #[validate(range(min = -1, max = 10))]
    #[cfg_attr(feature = "schema", schema(minimum = -1, maximum = 10, example = 6))]
    pub nps: i16,
    #[validate(range(min = 0, max = 7))]
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 7, example = 3))]
    pub ces: i16,
}

impl Default for LowScore {
    fn default() -> Self {
        LowScore { csat: 2, nps: 6, ces: 3 }
    }
}

/// A wave of asking: which questions, from when to when, by which rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Survey {
    pub id: Uuid,
    pub name: String,
    pub questionnaire: QuestionnaireRef,
    /// The unit that holds it, that of who made it.
    pub org_unit: UnitRef,
    /// The language of the public page where the customer's browser asks for neither.
    pub language: Language,
    /// Answers are kept without anything that leads to the customer.
    pub anonymous: bool,
    pub status: SurveyStatus,
    pub opens_at: Instant,
    pub closes_at: Instant,
    pub low_score: LowScore,
    /// Whether whoever asks may change, open and close it.
    pub can_change: bool,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// A survey to prepare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewSurvey {
    /// What staff calls it; customers see the title of the questionnaire.
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100, example = "2026 Q4 客户满意度"))]
    pub name: String,
    /// A published version.
    pub questionnaire_id: Uuid,
    /// Chinese unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    #[serde(default)]
    pub anonymous: bool,
    /// Now unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<Instant>,
    pub closes_at: Instant,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(nested)]
    pub low_score: Option<LowScore>,
}

/// Changes to a survey; absent members stay as they are. Once it is open, only name, end and low scores change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SurveyPatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(length(min = 1, max = 100))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 100, nullable = false))]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub questionnaire_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub language: Option<Language>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub anonymous: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub opens_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub closes_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[validate(nested)]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub low_score: Option<LowScore>,
}

/// Whom to invite: either customers by their ids, or those that a filter of customers finds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewInvitations {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1000))]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 1000))]
    pub customer_ids: Option<Vec<Uuid>>,
    /// The grammar of the list of customers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 2048))]
    #[cfg_attr(
        feature = "schema",
        schema(min_length = 1, max_length = 2048, example = r#"tier in ("gold","platinum")"#)
    )]
    pub filter: Option<String>,
}

/// The link of one customer, shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct InvitationLink {
    pub invitation_id: Uuid,
    pub customer: CustomerRef,
    pub url: String,
}

/// A customer who was not invited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Skipped {
    pub customer_id: Uuid,
    pub reason: SkipReason,
}

/// What an invitation of many came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Invited {
    /// Empty when the request was repeated: links are shown once.
    pub links: Vec<InvitationLink>,
    pub skipped: Vec<Skipped>,
    /// The filter finds more customers than are invited at once: repeat the request.
    pub more: bool,
    /// The QR code of the link, as SVG, where there is only one.
    pub qr: Option<String>,
}

/// An invitation of a customer to a survey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Invitation {
    pub id: Uuid,
    pub customer: CustomerRef,
    pub state: InvitationState,
    /// Null in an anonymous survey.
    pub opened_at: Option<Instant>,
    /// Null in an anonymous survey.
    pub answered_at: Option<Instant>,
    pub version: i64,
    pub created_at: Instant,
}

/// An invitation with its new link, shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RenewedInvitation {
    pub invitation: Invitation,
    /// Null when the request was repeated.
    pub url: Option<String>,
    /// The QR code of the link, as SVG.
    pub qr: Option<String>,
}

/// The answer to one question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswerValue {
    /// The key of the question.
    #[validate(length(min = 1, max = 30))]
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 30, example = "recommend"))]
    pub question: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(example = 9))]
    pub score: Option<i16>,
    /// Codes of options; one of them for a single choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[validate(length(max = 20))]
    #[cfg_attr(feature = "schema", schema(max_items = 20))]
    pub choices: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 2000))]
    #[cfg_attr(feature = "schema", schema(max_length = 2000))]
    pub text: Option<String>,
}

/// An answer that staff enters for a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewSurveyAnswer {
    pub customer_id: Uuid,
    #[validate(length(max = 40), nested)]
    #[cfg_attr(feature = "schema", schema(max_items = 40))]
    pub answers: Vec<AnswerValue>,
    /// What the interviewer adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(max = 2000))]
    #[cfg_attr(feature = "schema", schema(max_length = 2000))]
    pub note: Option<String>,
}

/// A question and what was answered to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AnsweredQuestion {
    pub question: String,
    pub kind: QuestionKind,
    pub text: LocalText,
    pub score: Option<i16>,
    pub choices: Vec<LocalText>,
    pub comment: Option<String>,
}

/// A survey, named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SurveyRef {
    pub id: Uuid,
    pub name: String,
}

/// Who looks after a low score, until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FollowUp {
    pub assignee: Option<UserRef>,
    #[cfg_attr(feature = "schema", schema(value_type = String, format = Date))]
    pub due_on: chrono::NaiveDate,
    /// The questions with low scores.
    pub reason: String,
    pub task_id: Option<Uuid>,
}

/// One customer's answer to a survey; in an anonymous survey nobody's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SurveyAnswer {
    pub id: Uuid,
    pub survey: SurveyRef,
    /// Null in an anonymous survey.
    pub customer: Option<CustomerRef>,
    pub source: AnswerSource,
    pub language: Language,
    pub answers: Vec<AnsweredQuestion>,
    /// A score is at or below the survey's low score.
    pub low: bool,
    pub note: Option<String>,
    /// The customer's tier when it answered; null where you see it masked.
    pub tier: Option<Tier>,
    /// The customer's unit when it answered.
    pub org_unit: Option<UnitRef>,
    /// The customer's owner when it answered.
    pub owner: Option<UserRef>,
    /// Who entered it.
    pub entered_by: Option<UserRef>,
    pub follow_up: Option<FollowUp>,
    /// Null in an anonymous survey.
    pub answered_at: Option<Instant>,
}

/// How to group results.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "schema", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct ResultsQuery {
    /// `tier` or `unit`; `none` unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", param(nullable = false))]
    pub by: Option<ResultsBy>,
}

/// A share of answers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Share {
    /// From 0 to 1, four decimals.
    pub share: f64,
    /// Of how many answers.
    pub count: i64,
}

/// The net promoter score: promoters (9, 10) less detractors (0 to 6), in hundredths of those who answered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NetPromoterScore {
    /// From -100 to 100, one decimal.
    pub score: f64,
    /// Lower end of the 95 % interval (adjusted Wald).
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
    pub promoters: i64,
    pub passives: i64,
    pub detractors: i64,
    /// Fewer than 30 answers: the score moves by itself from wave to wave.
    pub uncertain: bool,
}

/// A mean of scores.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Mean {
    /// Two decimals.
    pub mean: f64,
    pub count: i64,
}

/// The figures of a set of answers; null where nobody answered such a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ResultFigures {
    /// The share of satisfaction scores of 4 and 5: of the questions of dimension `overall`, or of all where there is none.
    pub satisfaction: Option<Share>,
    pub nps: Option<NetPromoterScore>,
    /// The mean of customer effort scores, 1 to 7.
    pub ces: Option<Mean>,
}

/// How often a score or an option was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ValueCount {
    /// The score, or the option's code.
    pub value: String,
    /// The option's label.
    pub label: Option<LocalText>,
    pub count: i64,
}

/// What was answered to one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct QuestionResult {
    pub question: String,
    pub kind: QuestionKind,
    pub dimension: Option<Dimension>,
    pub text: LocalText,
    /// How many answered it.
    pub count: i64,
    /// Of scores, two decimals.
    pub mean: Option<f64>,
    /// Every score or option, also those that nobody chose; empty for texts.
    pub distribution: Vec<ValueCount>,
}

/// The satisfaction with one part of the relationship.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DimensionResult {
    pub dimension: Dimension,
    pub satisfaction: Share,
    pub mean: f64,
}

/// The figures of one tier or unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct GroupResult {
    pub tier: Option<Tier>,
    pub org_unit: Option<UnitRef>,
    /// Null when the group is withheld.
    pub answered: Option<i64>,
    /// Too few answers, or as many as would let another withheld group be worked out.
    pub withheld: bool,
    pub figures: Option<ResultFigures>,
}

/// The results of a survey, over the customers that you see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SurveyResults {
    pub survey: SurveyRef,
    pub as_of: Instant,
    pub anonymous: bool,
    /// Invitations that were not revoked.
    pub invited: i64,
    pub opened: i64,
    /// Answers, those that staff entered included.
    pub answered: i64,
    /// Invitations that were used, of those not revoked; from 0 to 1.
    pub response_rate: Option<f64>,
    /// The satisfaction rate to reach.
    pub target_satisfaction: f64,
    /// The smallest group that is shown.
    pub minimum_group: i64,
    /// Why there are no figures.
    pub withheld: Option<WithheldBecause>,
    pub figures: Option<ResultFigures>,
    pub questions: Vec<QuestionResult>,
    pub dimensions: Vec<DimensionResult>,
    pub groups: Vec<GroupResult>,
}
