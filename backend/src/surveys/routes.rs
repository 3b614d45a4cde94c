use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use guanxi_api::{
    AuditEntry, Invitation, Invited, ListQuery, NewInvitations, NewQuestionnaire, NewSurvey, NewSurveyAnswer,
    Page, Questionnaire, QuestionnairePatch, QuestionnaireSummary, RenewedInvitation, ResultsBy,
    ResultsQuery, Survey, SurveyAnswer, SurveyPatch, SurveyResults,
};
use guanxi_db::{DbConn, Id};
use uuid::Uuid;

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::customers::CustomerMark;
use crate::error::{Error, Result};
use crate::idempotency::{self, Once};
use crate::listing::ListRequest;
use crate::surveys::{self, InvitationId, QuestionnaireMark, SurveyId, SurveyMark, page};
use crate::web::{
    self as answer, IfMatch, Json, PathId, Query, created, mark_replayed, not_modified, ok, ok_tagged,
    path_id,
};

fn resource<T>(id: Option<Uuid>) -> Result<Id<T>> {
    id.map(Id::new).ok_or_else(|| Error::internal("an idempotency key without its resource"))
}

fn changed(mut response: HttpResponse, replayed: bool) -> HttpResponse {
    if replayed {
        mark_replayed(&mut response);
    }
    response
}

/// One write of a questionnaire, at most once for an idempotency key; whether it was done before.
async fn write_questionnaire(
    state: &AppState,
    actor: Actor,
    asked: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor) -> Result<Questionnaire> + Send + 'static,
) -> Result<(Questionnaire, bool)> {
    state
        .db
        .write(move |conn| {
            match idempotency::once(conn, &actor, &asked, |conn| act(conn, &actor), |made| Some(made.id))? {
                Once::Done(made) => Ok((made, false)),
                Once::Replayed(id) => Ok((surveys::questionnaire_details(conn, resource(id)?)?, true)),
            }
        })
        .await
}

/// One write of a survey, at most once for an idempotency key; whether it was done before.
async fn write_survey(
    state: &AppState,
    actor: Actor,
    asked: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor) -> Result<Survey> + Send + 'static,
) -> Result<(Survey, bool)> {
    state
        .db
        .write(move |conn| {
            match idempotency::once(conn, &actor, &asked, |conn| act(conn, &actor), |made| Some(made.id))? {
                Once::Done(made) => Ok((made, false)),
                Once::Replayed(id) => Ok((surveys::survey_details(conn, &actor, resource(id)?)?, true)),
            }
        })
        .await
}

/// List questionnaires.
///
/// Every version is a line of its own, those changed last first. Archived ones are left out unless the filter names `archived`.
#[utoipa::path(operation_id = "listQuestionnaires", tag = "surveys", params(ListQuery),
    responses((status = 200, body = Page<QuestionnaireSummary>, description = "A page of questionnaires",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/questionnaires")]
pub async fn list_questionnaires(
    request: HttpRequest,
    who: May<kinds::ViewSurveys>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page =
        state.db.read(move |conn| surveys::list_questionnaires(conn, &actor, &shared.keys, &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Create a questionnaire.
///
/// As the draft of its first version. What it lacks is said when it is published.
#[utoipa::path(operation_id = "createQuestionnaire", tag = "surveys", request_body = NewQuestionnaire,
    params(("Idempotency-Key" = Option<String>, Header, description = "Creates at most once for a key")),
    responses((status = 201, body = Questionnaire, description = "Created",
        headers(("Location" = String, description = "The questionnaire"), ("ETag" = String, description = "Its version")))))]
#[post("/questionnaires")]
pub async fn create_questionnaire(
    request: HttpRequest,
    who: May<kinds::ManageQuestionnaires>,
    state: web::Data<AppState>,
    body: Json<NewQuestionnaire>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let new = body.0;
    let (made, replayed) = write_questionnaire(&state, who.actor(), asked, move |conn, actor| {
        surveys::create_questionnaire(conn, actor, &new)
    })
    .await?;
    let place = format!("/api/v1/questionnaires/{}", made.id);
    Ok(created(&made, &place, &surveys::questionnaire_tag(&who, &made), replayed))
}

/// Read a questionnaire with its questions.
#[utoipa::path(operation_id = "getQuestionnaire", tag = "surveys",
    params(("id" = Uuid, Path, description = "The questionnaire"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = Questionnaire, description = "The questionnaire",
            headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed")))]
#[get("/questionnaires/{id}")]
pub async fn get_questionnaire(
    request: HttpRequest,
    who: May<kinds::ViewSurveys>,
    state: web::Data<AppState>,
    id: PathId<QuestionnaireMark>,
) -> Result<HttpResponse> {
    let id = *id;
    let found = state.db.read(move |conn| surveys::questionnaire_details(conn, id)).await?;
    let tag = surveys::questionnaire_tag(&who, &found);
    Ok(not_modified(&request, &tag).unwrap_or_else(|| ok_tagged(&found, &tag)))
}

/// Change a draft.
///
/// A published version is frozen: make a new one from it.
#[utoipa::path(operation_id = "changeQuestionnaire", tag = "surveys", request_body = QuestionnairePatch,
    params(("id" = Uuid, Path, description = "The questionnaire"),
        ("If-Match" = String, Header, description = "The tag that the change was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = Questionnaire, description = "Changed",
        headers(("ETag" = String, description = "Its new version")))))]
#[patch("/questionnaires/{id}")]
pub async fn change_questionnaire(
    request: HttpRequest,
    who: May<kinds::ManageQuestionnaires>,
    state: web::Data<AppState>,
    id: PathId<QuestionnaireMark>,
    version: IfMatch,
    body: Json<QuestionnairePatch>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let (id, version, patch) = (*id, version.0, body.0);
    let (made, replayed) = write_questionnaire(&state, who.actor(), asked, move |conn, actor| {
        surveys::change_questionnaire(conn, actor, id, version, &patch)
    })
    .await?;
    Ok(changed(ok_tagged(&made, &surveys::questionnaire_tag(&who, &made)), replayed))
}

/// Publish a draft.
///
/// From then on it is frozen, and surveys can ask it. Refused with every missing translation and every broken rule named.
#[utoipa::path(operation_id = "publishQuestionnaire", tag = "surveys",
    params(("id" = Uuid, Path, description = "The questionnaire"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Does it at most once for a key")),
    responses((status = 200, body = Questionnaire, description = "Published",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/questionnaires/{id}/publish")]
pub async fn publish_questionnaire(
    request: HttpRequest,
    who: May<kinds::ManageQuestionnaires>,
    state: web::Data<AppState>,
    id: PathId<QuestionnaireMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &())?;
    let (id, version) = (*id, version.0);
    let (made, replayed) = write_questionnaire(&state, who.actor(), asked, move |conn, actor| {
        surveys::publish_questionnaire(conn, actor, id, version)
    })
    .await?;
    Ok(changed(ok_tagged(&made, &surveys::questionnaire_tag(&who, &made)), replayed))
}

/// Begin the next version of a published questionnaire.
///
/// A draft with the same questions and the next number. There is one draft of a questionnaire at a time.
#[utoipa::path(operation_id = "newQuestionnaireVersion", tag = "surveys",
    params(("id" = Uuid, Path, description = "The version to begin from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Creates at most once for a key")),
    responses((status = 201, body = Questionnaire, description = "Created",
        headers(("Location" = String, description = "The new version"), ("ETag" = String, description = "Its version")))))]
#[post("/questionnaires/{id}/new-version")]
pub async fn new_questionnaire_version(
    request: HttpRequest,
    who: May<kinds::ManageQuestionnaires>,
    state: web::Data<AppState>,
    id: PathId<QuestionnaireMark>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &())?;
    let id = *id;
    let (made, replayed) = write_questionnaire(&state, who.actor(), asked, move |conn, actor| {
        surveys::new_version(conn, actor, id)
    })
    .await?;
    let place = format!("/api/v1/questionnaires/{}", made.id);
    Ok(created(&made, &place, &surveys::questionnaire_tag(&who, &made), replayed))
}

/// Take a questionnaire out of use.
///
/// No new survey can ask it; those that do go on.
#[utoipa::path(operation_id = "archiveQuestionnaire", tag = "surveys",
    params(("id" = Uuid, Path, description = "The questionnaire"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Does it at most once for a key")),
    responses((status = 200, body = Questionnaire, description = "Archived",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/questionnaires/{id}/archive")]
pub async fn archive_questionnaire(
    request: HttpRequest,
    who: May<kinds::ManageQuestionnaires>,
    state: web::Data<AppState>,
    id: PathId<QuestionnaireMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &())?;
    let (id, version) = (*id, version.0);
    let (made, replayed) = write_questionnaire(&state, who.actor(), asked, move |conn, actor| {
        surveys::archive_questionnaire(conn, actor, id, version)
    })
    .await?;
    Ok(changed(ok_tagged(&made, &surveys::questionnaire_tag(&who, &made)), replayed))
}

/// Take an archived questionnaire into use again.
#[utoipa::path(operation_id = "restoreQuestionnaire", tag = "surveys",
    params(("id" = Uuid, Path, description = "The questionnaire"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Does it at most once for a key")),
    responses((status = 200, body = Questionnaire, description = "In use again",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/questionnaires/{id}/restore")]
pub async fn restore_questionnaire(
    request: HttpRequest,
    who: May<kinds::ManageQuestionnaires>,
    state: web::Data<AppState>,
    id: PathId<QuestionnaireMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &())?;
    let (id, version) = (*id, version.0);
    let (made, replayed) = write_questionnaire(&state, who.actor(), asked, move |conn, actor| {
        surveys::restore_questionnaire(conn, actor, id, version)
    })
    .await?;
    Ok(changed(ok_tagged(&made, &surveys::questionnaire_tag(&who, &made)), replayed))
}

/// What happened to a questionnaire, newest first.
#[utoipa::path(operation_id = "getQuestionnaireHistory", tag = "surveys",
    params(("id" = Uuid, Path, description = "The questionnaire"), ListQuery),
    responses((status = 200, body = Page<AuditEntry>, description = "A page of entries",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/questionnaires/{id}/history")]
pub async fn questionnaire_history(
    request: HttpRequest,
    who: May<kinds::ViewSurveys>,
    state: web::Data<AppState>,
    id: PathId<QuestionnaireMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let page = state
        .db
        .read(move |conn| surveys::questionnaire_history(conn, &actor, &shared.keys, id, &asked))
        .await?;
    Ok(answer::page(&request, &page))
}

/// List surveys, the newest first.
#[utoipa::path(operation_id = "listSurveys", tag = "surveys", params(ListQuery),
    responses((status = 200, body = Page<Survey>, description = "A page of surveys",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/surveys")]
pub async fn list_surveys(
    request: HttpRequest,
    who: May<kinds::ViewSurveys>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state.db.read(move |conn| surveys::list_surveys(conn, &actor, &shared.keys, &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Prepare a survey.
///
/// It is held by your unit, and begins when it is opened.
#[utoipa::path(operation_id = "createSurvey", tag = "surveys", request_body = NewSurvey,
    params(("Idempotency-Key" = Option<String>, Header, description = "Creates at most once for a key")),
    responses((status = 201, body = Survey, description = "Created",
        headers(("Location" = String, description = "The survey"), ("ETag" = String, description = "Its version")))))]
#[post("/surveys")]
pub async fn create_survey(
    request: HttpRequest,
    who: May<kinds::ManageSurveys>,
    state: web::Data<AppState>,
    body: Json<NewSurvey>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let new = body.0;
    let (made, replayed) = write_survey(&state, who.actor(), asked, move |conn, actor| {
        surveys::create_survey(conn, actor, &new)
    })
    .await?;
    let place = format!("/api/v1/surveys/{}", made.id);
    Ok(created(&made, &place, &surveys::survey_tag(&who, &made), replayed))
}

/// Read a survey.
#[utoipa::path(operation_id = "getSurvey", tag = "surveys",
    params(("id" = Uuid, Path, description = "The survey"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = Survey, description = "The survey",
            headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed")))]
#[get("/surveys/{id}")]
pub async fn get_survey(
    request: HttpRequest,
    who: May<kinds::ViewSurveys>,
    state: web::Data<AppState>,
    id: PathId<SurveyMark>,
) -> Result<HttpResponse> {
    let (actor, id) = (who.actor(), *id);
    let found = state.db.read(move |conn| surveys::survey_details(conn, &actor, id)).await?;
    let tag = surveys::survey_tag(&who, &found);
    Ok(not_modified(&request, &tag).unwrap_or_else(|| ok_tagged(&found, &tag)))
}

/// Change a survey.
///
/// One of your own units or below. Once it is open, only name, end and low scores; once it has ended, nothing.
#[utoipa::path(operation_id = "changeSurvey", tag = "surveys", request_body = SurveyPatch,
    params(("id" = Uuid, Path, description = "The survey"),
        ("If-Match" = String, Header, description = "The tag that the change was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = Survey, description = "Changed",
        headers(("ETag" = String, description = "Its new version")))))]
#[patch("/surveys/{id}")]
pub async fn change_survey(
    request: HttpRequest,
    who: May<kinds::ManageSurveys>,
    state: web::Data<AppState>,
    id: PathId<SurveyMark>,
    version: IfMatch,
    body: Json<SurveyPatch>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let (id, version, patch) = (*id, version.0, body.0);
    let (made, replayed) = write_survey(&state, who.actor(), asked, move |conn, actor| {
        surveys::change_survey(conn, actor, id, version, &patch)
    })
    .await?;
    Ok(changed(ok_tagged(&made, &surveys::survey_tag(&who, &made)), replayed))
}

/// Let customers answer.
///
/// From its beginning to its end; what it asks does not change any more.
#[utoipa::path(operation_id = "openSurvey", tag = "surveys",
    params(("id" = Uuid, Path, description = "The survey"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Does it at most once for a key")),
    responses((status = 200, body = Survey, description = "Open",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/surveys/{id}/open")]
pub async fn open_survey(
    request: HttpRequest,
    who: May<kinds::ManageSurveys>,
    state: web::Data<AppState>,
    id: PathId<SurveyMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &())?;
    let (id, version) = (*id, version.0);
    let (made, replayed) = write_survey(&state, who.actor(), asked, move |conn, actor| {
        surveys::open_survey(conn, actor, id, version)
    })
    .await?;
    Ok(changed(ok_tagged(&made, &surveys::survey_tag(&who, &made)), replayed))
}

/// End a survey.
///
/// For good: its links open nothing any more.
#[utoipa::path(operation_id = "closeSurvey", tag = "surveys",
    params(("id" = Uuid, Path, description = "The survey"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Does it at most once for a key")),
    responses((status = 200, body = Survey, description = "Closed",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/surveys/{id}/close")]
pub async fn close_survey(
    request: HttpRequest,
    who: May<kinds::ManageSurveys>,
    state: web::Data<AppState>,
    id: PathId<SurveyMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &())?;
    let (id, version) = (*id, version.0);
    let (made, replayed) = write_survey(&state, who.actor(), asked, move |conn, actor| {
        surveys::close_survey(conn, actor, id, version)
    })
    .await?;
    Ok(changed(ok_tagged(&made, &surveys::survey_tag(&who, &made)), replayed))
}

/// What happened to a survey, newest first.
#[utoipa::path(operation_id = "getSurveyHistory", tag = "surveys",
    params(("id" = Uuid, Path, description = "The survey"), ListQuery),
    responses((status = 200, body = Page<AuditEntry>, description = "A page of entries",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/surveys/{id}/history")]
pub async fn survey_history(
    request: HttpRequest,
    who: May<kinds::ViewSurveys>,
    state: web::Data<AppState>,
    id: PathId<SurveyMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let page =
        state.db.read(move |conn| surveys::survey_history(conn, &actor, &shared.keys, id, &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// List invitations to a survey.
///
/// Of the customers that you see, the newest first.
#[utoipa::path(operation_id = "listSurveyInvitations", tag = "surveys",
    params(("id" = Uuid, Path, description = "The survey"), ListQuery),
    responses((status = 200, body = Page<Invitation>, description = "A page of invitations",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/surveys/{id}/invitations")]
pub async fn list_invitations(
    request: HttpRequest,
    who: May<kinds::ViewSurveys>,
    state: web::Data<AppState>,
    id: PathId<SurveyMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let page =
        state.db.read(move |conn| surveys::list_invitations(conn, &actor, &shared.keys, id, &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Invite customers.
///
/// Those with these ids, or the next 1,000 that a filter finds; of the customers that you see. Who is archived or wants no contact is
/// skipped, and named. The links are in this answer only: the server keeps no more than their hashes.
#[utoipa::path(operation_id = "inviteToSurvey", tag = "surveys", request_body = NewInvitations,
    params(("id" = Uuid, Path, description = "The survey"),
        ("Idempotency-Key" = Option<String>, Header, description = "Invites at most once for a key; the links are not shown again")),
    responses((status = 200, body = Invited, description = "Who is invited, with their links, and who is not")))]
#[post("/surveys/{id}/invitations")]
pub async fn invite_customers(
    request: HttpRequest,
    who: May<kinds::ManageSurveys>,
    state: web::Data<AppState>,
    id: PathId<SurveyMark>,
    body: Json<NewInvitations>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let (actor, shared, id, new) = (who.actor(), state.clone(), *id, body.0);
    let (made, replayed) = state
        .db
        .write(move |conn| {
            let invite = |conn: &mut DbConn| surveys::invite(conn, &actor, &shared.keys, id, &new);
            match idempotency::once(conn, &actor, &asked, invite, |_| Some(id.uuid()))? {
                Once::Done(made) => Ok((made, false)),
                Once::Replayed(_) => Ok::<_, Error>((surveys::NewLinks::default(), true)),
            }
        })
        .await?;
    let links = made.links(&state.public_origin);
    let qr = match links.as_slice() {
        [only] => Some(page::qr_code(&only.url)?),
        _ => None,
    };
    Ok(changed(ok(&Invited { links, skipped: made.skipped, more: made.more, qr }), replayed))
}

/// Withdraw an invitation.
///
/// Its link opens nothing any more. One that was used stays.
#[utoipa::path(operation_id = "revokeSurveyInvitation", tag = "surveys",
    params(("id" = Uuid, Path, description = "The survey"), ("invitation_id" = Uuid, Path, description = "The invitation"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Does it at most once for a key")),
    responses((status = 200, body = Invitation, description = "Withdrawn",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/surveys/{id}/invitations/{invitation_id}/revoke")]
pub async fn revoke_invitation(
    request: HttpRequest,
    who: May<kinds::ManageSurveys>,
    state: web::Data<AppState>,
    id: PathId<SurveyMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &())?;
    let ids: (SurveyId, InvitationId) = (*id, path_id(&request, "invitation_id")?);
    let (actor, version) = (who.actor(), version.0);
    let (invitation, replayed) = state
        .db
        .write(move |conn| {
            let revoke = |conn: &mut DbConn| surveys::revoke_invitation(conn, &actor, ids, version);
            match idempotency::once(conn, &actor, &asked, revoke, |made| Some(made.id))? {
                Once::Done(made) => Ok((made, false)),
                Once::Replayed(_) => {
                    Ok::<_, Error>((surveys::invitations::details(conn, &actor, ids)?, true))
                }
            }
        })
        .await?;
    Ok(changed(ok_tagged(&invitation, &surveys::invitation_tag(&who, &invitation)), replayed))
}

/// Give an invitation a new link.
///
/// Where the old one was lost or withdrawn; it opens nothing any more. The link is in this answer only.
#[utoipa::path(operation_id = "renewSurveyInvitation", tag = "surveys",
    params(("id" = Uuid, Path, description = "The survey"), ("invitation_id" = Uuid, Path, description = "The invitation"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Does it at most once for a key; the link is not shown again")),
    responses((status = 200, body = RenewedInvitation, description = "The invitation with its new link",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/surveys/{id}/invitations/{invitation_id}/renew")]
pub async fn renew_invitation(
    request: HttpRequest,
    who: May<kinds::ManageSurveys>,
    state: web::Data<AppState>,
    id: PathId<SurveyMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &())?;
    let ids: (SurveyId, InvitationId) = (*id, path_id(&request, "invitation_id")?);
    let (actor, version) = (who.actor(), version.0);
    let (renewal, replayed) = state
        .db
        .write(move |conn| {
            let renew = |conn: &mut DbConn| surveys::renew_invitation(conn, &actor, ids, version);
            match idempotency::once(conn, &actor, &asked, renew, |made| Some(made.invitation.id))? {
                Once::Done(made) => Ok((made, false)),
                Once::Replayed(_) => {
                    let invitation = surveys::invitations::details(conn, &actor, ids)?;
                    Ok::<_, Error>((surveys::Renewal { invitation, token: None }, true))
                }
            }
        })
        .await?;
    let url = renewal.token.map(|token| token.link(&state.public_origin));
    let qr = url.as_deref().map(page::qr_code).transpose()?;
    let tag = surveys::invitation_tag(&who, &renewal.invitation);
    Ok(changed(ok_tagged(&RenewedInvitation { invitation: renewal.invitation, url, qr }, &tag), replayed))
}

/// List answers to a survey.
///
/// Of the customers that you see, the newest first. Of an anonymous survey, without customers and in no order, when it has closed with
/// five answers or more, to those who lead its unit.
#[utoipa::path(operation_id = "listSurveyAnswers", tag = "surveys",
    params(("id" = Uuid, Path, description = "The survey"), ListQuery),
    responses((status = 200, body = Page<SurveyAnswer>, description = "A page of answers",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/surveys/{id}/answers")]
pub async fn list_survey_answers(
    request: HttpRequest,
    who: May<kinds::ViewSurveys>,
    state: web::Data<AppState>,
    id: PathId<SurveyMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let page =
        state.db.read(move |conn| surveys::list_answers(conn, &actor, shared.house(), id, &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Enter what a customer answered.
///
/// As in a phone interview; not for anonymous surveys. It uses the customer's invitation.
#[utoipa::path(operation_id = "enterSurveyAnswer", tag = "surveys", request_body = NewSurveyAnswer,
    params(("id" = Uuid, Path, description = "The survey"),
        ("Idempotency-Key" = Option<String>, Header, description = "Enters at most once for a key")),
    responses((status = 201, body = SurveyAnswer, description = "Entered",
        headers(("Location" = String, description = "The answers of the survey"), ("ETag" = String, description = "Its version")))))]
#[post("/surveys/{id}/answers")]
pub async fn enter_survey_answer(
    request: HttpRequest,
    who: May<kinds::AnswerSurveys>,
    state: web::Data<AppState>,
    id: PathId<SurveyMark>,
    body: Json<NewSurveyAnswer>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let (actor, shared, id, new) = (who.actor(), state.clone(), *id, body.0);
    let (made, replayed) = state
        .db
        .write(move |conn| {
            let enter = |conn: &mut DbConn| surveys::answer_by_staff(conn, &actor, shared.house(), id, &new);
            let (made, replayed) =
                match idempotency::once(conn, &actor, &asked, enter, |made| Some(made.uuid()))? {
                    Once::Done(made) => (made, false),
                    Once::Replayed(made) => (resource(made)?, true),
                };
            Ok::<_, Error>((surveys::answer_details(conn, &actor, shared.house(), made)?, replayed))
        })
        .await?;
    let place = format!("/api/v1/surveys/{}/answers", made.survey.id);
    Ok(created(&made, &place, &answer::etag(&who, 1, 0), replayed))
}

/// The results of a survey.
///
/// Over the customers that you see: response rate, satisfaction against its target, net promoter score with its interval, effort, every
/// question, every dimension, and by tier or unit. Small groups are withheld, and others with them that would give them away. Of an
/// anonymous survey when it has closed, to those who lead its unit, and not grouped.
#[utoipa::path(operation_id = "getSurveyResults", tag = "surveys",
    params(("id" = Uuid, Path, description = "The survey"), ResultsQuery),
    responses((status = 200, body = SurveyResults, description = "The results")))]
#[get("/surveys/{id}/results")]
pub async fn survey_results(
    who: May<kinds::ViewSurveys>,
    state: web::Data<AppState>,
    id: PathId<SurveyMark>,
    query: Query<ResultsQuery>,
) -> Result<HttpResponse> {
    let (actor, id, by) = (who.actor(), *id, query.0.by.unwrap_or(ResultsBy::None));
    let results: SurveyResults =
        state.db.snapshot(move |conn| surveys::results(conn, &actor, id, by)).await?;
    Ok(ok(&results))
}

/// What a customer answered to surveys.
///
/// The newest first; never to anonymous ones.
#[utoipa::path(operation_id = "listCustomerSurveyAnswers", tag = "surveys",
    params(("id" = Uuid, Path, description = "The customer"), ListQuery),
    responses((status = 200, body = Page<SurveyAnswer>, description = "A page of answers",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/customers/{id}/survey-answers")]
pub async fn customer_survey_answers(
    request: HttpRequest,
    who: May<kinds::ViewSurveys>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let page = state
        .db
        .read(move |conn| surveys::customer_answers(conn, &actor, shared.house(), id, &asked))
        .await?;
    Ok(answer::page(&request, &page))
}
