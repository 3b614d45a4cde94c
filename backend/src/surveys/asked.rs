use std::collections::HashSet;

use guanxi_api::{AnswerValue, Question, QuestionKind};
use guanxi_db::DbConn;

use crate::access::{Actor, Scope};
use crate::audit;
use crate::customers::CustomerId;
use crate::error::{FieldError, Result};
use crate::surveys::questionnaires::questions_of;
use crate::surveys::rules::{self, WrongAnswer};
use crate::surveys::store::{self, SurveyRow};
use crate::surveys::{AnswerId, SurveyId};

/// A survey whose answers were given elsewhere, with its questions.
#[derive(Clone, Debug)]
pub struct Asked {
    id: SurveyId,
    questions: Vec<Question>,
}

/// The one survey of a name that has been opened and is not anonymous; none where several are called so.
///
/// # Errors
/// When the database fails.
pub fn survey_named(conn: &mut DbConn, name: &str) -> Result<Option<Asked>> {
    let found = store::surveys_named(conn, name)?;
    let [SurveyRow { id, questionnaire_id, .. }] = found.as_slice() else { return Ok(None) };
    let questions = questions_of(&store::questionnaire(conn, *questionnaire_id)?)?;
    Ok(Some(Asked { id: *id, questions }))
}

/// Those of these customers who were invited to a survey or have answered it: nobody answers twice.
///
/// # Errors
/// When the database fails.
pub fn asked_already(conn: &mut DbConn, id: SurveyId, customers: &[CustomerId]) -> Result<Vec<CustomerId>> {
    let mut found = store::invited_of(conn, id, customers)?;
    found.extend(store::answered_of(conn, id, customers)?);
    Ok(found)
}

/// Removes answers that came from elsewhere, with their invitations, so that they can come anew; one audit entry for all of it. Those that
/// were followed up stay. Gives those that are gone.
///
/// # Errors
/// When the database fails.
pub fn withdraw_many(conn: &mut DbConn, actor: &Actor, ids: &[AnswerId]) -> Result<HashSet<AnswerId>> {
    let answers = store::removable(conn, &Scope::of(actor), ids)?;
    if !answers.is_empty() {
        store::remove_answers(conn, &answers)?;
        audit::note_many(conn, actor, "survey_answer", "removed_many", &[("count", answers.len())])?;
    }
    Ok(answers.into_iter().map(|(id, _)| id).collect())
}

/// Those of these customers who have answered a survey.
///
/// # Errors
/// When the database fails.
pub fn answered_among(conn: &mut DbConn, customers: &[CustomerId]) -> Result<Vec<CustomerId>> {
    store::answered_among(conn, customers)
}

impl Asked {
    pub fn id(&self) -> SurveyId {
        self.id
    }

    /// An answer as a file writes it: a score as a number, an option by its code or by its words in either language, several of them with
    /// semicolons between. None where it is no answer to a question of that key.
    pub fn answer(&self, question: &str, text: &str) -> Option<AnswerValue> {
        let question = self.questions.iter().find(|known| known.key == question)?;
        let empty = AnswerValue { question: question.key.clone(), ..AnswerValue::default() };
        let option = |text: &str| {
            let named = |option: &&guanxi_api::QuestionOption| {
                [&option.code, &option.label.zh_cn, &option.label.en].into_iter().any(|name| name == text)
            };
            question.options.iter().find(named).map(|option| option.code.clone())
        };
        match question.kind {
            QuestionKind::Text => Some(AnswerValue { text: Some(text.to_owned()), ..empty }),
            QuestionKind::SingleChoice => Some(AnswerValue { choices: vec![option(text)?], ..empty }),
            QuestionKind::MultipleChoice => {
                let choices = text.split([';', '；']).map(|choice| option(choice.trim()));
                Some(AnswerValue { choices: choices.collect::<Option<_>>()?, ..empty })
            }
            QuestionKind::Csat | QuestionKind::Nps | QuestionKind::Ces => {
                let digits = text.split_once('.').map_or(text, |(whole, fraction)| {
                    if fraction.bytes().all(|byte| byte == b'0') { whole } else { text }
                });
                Some(AnswerValue { score: Some(digits.parse().ok()?), ..empty })
            }
        }
    }

    /// Answers as they are kept.
    ///
    /// # Errors
    /// What is wrong with which of them.
    pub fn check(&self, answers: &[AnswerValue]) -> std::result::Result<Vec<AnswerValue>, Vec<FieldError>> {
        rules::check(&self.questions, answers)
            .map_err(|wrong| wrong.into_iter().map(WrongAnswer::field).collect())
    }
}
