use guanxi_api::{
    AuditEntry, Invitation, Invited, NewInvitations, NewQuestionnaire, NewSurvey, NewSurveyAnswer, Page,
    Questionnaire, QuestionnairePatch, QuestionnaireSummary, RenewedInvitation, Survey, SurveyAnswer,
    SurveyPatch, SurveyResults,
};
use uuid::Uuid;

use super::{ApiError, Call, Tagged, query};

pub async fn questionnaires(filter: &str, cursor: &str) -> Result<Page<QuestionnaireSummary>, ApiError> {
    Call::get(format!("/questionnaires{}", query(&[("filter", filter), ("cursor", cursor)]))).read().await
}

pub async fn questionnaire(id: Uuid) -> Result<Tagged<Questionnaire>, ApiError> {
    Call::get(format!("/questionnaires/{id}")).read_tagged().await
}

pub async fn create_questionnaire(new: &NewQuestionnaire, key: &str) -> Result<Questionnaire, ApiError> {
    Call::post("/questionnaires").json(new).once(key).read().await
}

pub async fn patch_questionnaire(
    id: Uuid,
    etag: &str,
    patch: &QuestionnairePatch,
) -> Result<Tagged<Questionnaire>, ApiError> {
    Call::patch(format!("/questionnaires/{id}")).if_match(etag).json(patch).read_tagged().await
}

/// `publish`, `archive` or `restore`.
pub async fn act_on_questionnaire(
    id: Uuid,
    etag: &str,
    verb: &str,
) -> Result<Tagged<Questionnaire>, ApiError> {
    Call::post(format!("/questionnaires/{id}/{verb}")).if_match(etag).read_tagged().await
}

pub async fn new_version(id: Uuid, key: &str) -> Result<Questionnaire, ApiError> {
    Call::post(format!("/questionnaires/{id}/new-version")).once(key).read().await
}

pub async fn list(cursor: &str) -> Result<Page<Survey>, ApiError> {
    Call::get(format!("/surveys{}", query(&[("cursor", cursor)]))).read().await
}

pub async fn get(id: Uuid) -> Result<Tagged<Survey>, ApiError> {
    Call::get(format!("/surveys/{id}")).read_tagged().await
}

pub async fn create(new: &NewSurvey, key: &str) -> Result<Tagged<Survey>, ApiError> {
    Call::post("/surveys").json(new).once(key).read_tagged().await
}

pub async fn patch(id: Uuid, etag: &str, patch: &SurveyPatch) -> Result<Tagged<Survey>, ApiError> {
    Call::patch(format!("/surveys/{id}")).if_match(etag).json(patch).read_tagged().await
}

/// `open` or `close`.
pub async fn act(id: Uuid, etag: &str, verb: &str) -> Result<Tagged<Survey>, ApiError> {
    Call::post(format!("/surveys/{id}/{verb}")).if_match(etag).read_tagged().await
}

/// `surveys` or `questionnaires`.
pub async fn history(kind: &str, id: Uuid, cursor: &str) -> Result<Page<AuditEntry>, ApiError> {
    Call::get(format!("/{kind}/{id}/history{}", query(&[("cursor", cursor)]))).read().await
}

pub async fn invitations(id: Uuid, cursor: &str) -> Result<Page<Invitation>, ApiError> {
    Call::get(format!("/surveys/{id}/invitations{}", query(&[("cursor", cursor)]))).read().await
}

pub async fn invite(id: Uuid, new: &NewInvitations, key: &str) -> Result<Invited, ApiError> {
    Call::post(format!("/surveys/{id}/invitations")).json(new).once(key).read().await
}

pub async fn revoke(id: Uuid, invitation: &Invitation) -> Result<Invitation, ApiError> {
    let place = format!("/surveys/{id}/invitations/{}/revoke", invitation.id);
    Call::post(place).if_match(&format!("\"{}\"", invitation.version)).read().await
}

pub async fn renew(id: Uuid, invitation: &Invitation, key: &str) -> Result<RenewedInvitation, ApiError> {
    let place = format!("/surveys/{id}/invitations/{}/renew", invitation.id);
    Call::post(place).if_match(&format!("\"{}\"", invitation.version)).once(key).read().await
}

pub async fn results(id: Uuid, by: &str) -> Result<SurveyResults, ApiError> {
    Call::get(format!("/surveys/{id}/results{}", query(&[("by", by)]))).read().await
}

pub async fn answers(id: Uuid, filter: &str, cursor: &str) -> Result<Page<SurveyAnswer>, ApiError> {
    Call::get(format!("/surveys/{id}/answers{}", query(&[("filter", filter), ("cursor", cursor)])))
        .read()
        .await
}

pub async fn enter(id: Uuid, new: &NewSurveyAnswer, key: &str) -> Result<SurveyAnswer, ApiError> {
    Call::post(format!("/surveys/{id}/answers")).json(new).once(key).read().await
}

pub async fn of_customer(id: Uuid, cursor: &str) -> Result<Page<SurveyAnswer>, ApiError> {
    Call::get(format!("/customers/{id}/survey-answers{}", query(&[("cursor", cursor)]))).read().await
}
