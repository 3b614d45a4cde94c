//! How satisfied customers are: questionnaires, surveys, the page on which customers answer, and what came of it.
//!
//! A **questionnaire** has versions. A draft changes; a published version is frozen for ever, so that results of years ago still have
//! their questions; the next version is a new draft. A **survey** asks the questions of one version from one day to another. An
//! **invitation** is a link for one customer, of which only the hash of its token is kept; whoever holds the link answers once. An
//! **answer** keeps tier, unit and owner of the customer as they were. A low score opens a follow-up for the customer's owner in the
//! same transaction ([`loop_closing`]).
//!
//! **Anonymous surveys** keep an answer under a random id with a day and nothing else: neither invitation, customer, tier, unit, time,
//! nor an audit entry or event. The invitation only becomes used, without a time. Their results are shown when the survey has closed
//! and has enough answers, so that nobody learns an answer by watching them come in.

mod answers;
mod asked;
mod invitations;
mod loop_closing;
mod page;
mod questionnaires;
mod results;
mod routes;
mod rules;
mod store;
#[cfg(test)]
mod tests;
mod waves;

pub(crate) use answers::ANSWERS;
pub use answers::{
    Door, Opening, Recorded, Respondent, answer_by_staff, answer_details, customer_answers, latest_answers,
    list_answers, open_by_token, record_many,
};
pub use asked::{Asked, answered_among, asked_already, survey_named, withdraw_many};
pub(crate) use invitations::INVITATIONS;
pub use invitations::{
    NewLinks, Renewal, Token, invitation_tag, invite, list_invitations, renew_invitation, revoke_invitation,
};
pub(crate) use questionnaires::QUESTIONNAIRES;
pub use questionnaires::{
    archive_questionnaire, change_questionnaire, create_questionnaire, list_questionnaires, new_version,
    publish_questionnaire, questionnaire_details, questionnaire_history, questionnaire_tag,
    restore_questionnaire,
};
pub use results::results;
pub use rules::TARGET_SATISFACTION;
pub(crate) use waves::SURVEYS;
pub use waves::{
    change_survey, close_survey, create_survey, latest_surveys, list_surveys, open_survey, survey_details,
    survey_history, survey_tag,
};

#[cfg(test)]
pub(crate) use tests::{
    GOOD, customer as new_customer, invite as link_for, open_survey as running_survey, post as post_form,
};

pub use page::register as page_routes;

use guanxi_db::Id;

use crate::error::{Error, Result};

/// Marks ids of questionnaires.
#[derive(Debug)]
pub enum QuestionnaireMark {}
/// Marks what the versions of a questionnaire have in common.
#[derive(Debug)]
pub enum FamilyMark {}
/// Marks ids of surveys.
#[derive(Debug)]
pub enum SurveyMark {}
/// Marks ids of invitations.
#[derive(Debug)]
pub enum InvitationMark {}
/// Marks ids of answers.
#[derive(Debug)]
pub enum AnswerMark {}

pub type QuestionnaireId = Id<QuestionnaireMark>;
pub type FamilyId = Id<FamilyMark>;
pub type SurveyId = Id<SurveyMark>;
pub type InvitationId = Id<InvitationMark>;
pub type AnswerId = Id<AnswerMark>;

/// The routes of this room, below `/api/v1`.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::list_questionnaires)
        .service(routes::create_questionnaire)
        .service(routes::get_questionnaire)
        .service(routes::change_questionnaire)
        .service(routes::publish_questionnaire)
        .service(routes::new_questionnaire_version)
        .service(routes::archive_questionnaire)
        .service(routes::restore_questionnaire)
        .service(routes::questionnaire_history)
        .service(routes::list_surveys)
        .service(routes::create_survey)
        .service(routes::get_survey)
        .service(routes::change_survey)
        .service(routes::open_survey)
        .service(routes::close_survey)
        .service(routes::survey_history)
        .service(routes::list_invitations)
        .service(routes::invite_customers)
        .service(routes::revoke_invitation)
        .service(routes::renew_invitation)
        .service(routes::list_survey_answers)
        .service(routes::enter_survey_answer)
        .service(routes::survey_results)
        .service(routes::customer_survey_answers);
}

/// A code that the database holds, as its type.
fn known<T>(value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::internal("a code that is none"))
}
