use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use guanxi_api::{
    CareGap, Customer, CustomerLoss, Handover, HandoverAnswer, HandoverLine, ListQuery, NewHandover,
    OwnershipPeriod, Page, TeamRules, TeamRulesDefinition,
};
use guanxi_db::{DbConn, Id};

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::customers::{self, CustomerMark};
use crate::error::{Error, Result};
use crate::idempotency::{self, Once};
use crate::listing::ListRequest;
use crate::ownership::{self, HandoverId, HandoverMark};
use crate::web::{self as answer, Document, IfMatch, Json, PathId, Query};

/// Who was responsible for a customer.
///
/// The last first. Of whoever is responsible now `to` is null.
#[utoipa::path(operation_id = "getOwnership", tag = "ownership",
    params(("id" = uuid::Uuid, Path, description = "The customer"), ListQuery),
    responses((status = 200, body = Page<OwnershipPeriod>, description = "A page of times")))]
#[get("/customers/{id}/ownership")]
pub async fn get_ownership(
    request: HttpRequest,
    who: May<kinds::ViewOwnership>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let page =
        state.db.read(move |conn| customers::ownership_of(conn, &actor, shared.house(), id, &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Sign for a customer.
///
/// The owner accepts the assignment, once. What was so before the record began needs no signature.
#[utoipa::path(operation_id = "signOwnership", tag = "ownership",
    params(("id" = uuid::Uuid, Path, description = "The customer"),
        ("Idempotency-Key" = Option<String>, Header, description = "Signs at most once for a key")),
    responses((status = 200, body = OwnershipPeriod, description = "Signed")))]
#[post("/customers/{id}/ownership/signature")]
pub async fn sign_ownership(
    request: HttpRequest,
    who: May<kinds::SignOwnership>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let (period, replayed) = state
        .db
        .write(move |conn| {
            let sign = |conn: &mut DbConn| customers::sign(conn, &actor, shared.house(), id);
            match idempotency::once(conn, &actor, &once, sign, |_| Some(id.uuid()))? {
                Once::Done(period) => Ok((period, false)),
                Once::Replayed(_) => {
                    let asked = ListRequest { limit: Some(1), ..ListRequest::default() };
                    let page = customers::ownership_of(conn, &actor, shared.house(), id, &asked)?;
                    let last = page.data.into_iter().next().ok_or_else(Error::not_found)?;
                    Ok::<_, Error>((last, true))
                }
            }
        })
        .await?;
    let mut response = answer::ok(&period);
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}

/// List customers who were lost, and who was responsible then.
#[utoipa::path(operation_id = "listCustomerLosses", tag = "ownership", params(ListQuery),
    responses((status = 200, body = Page<CustomerLoss>, description = "A page of losses")))]
#[get("/customer-losses")]
pub async fn list_losses(
    request: HttpRequest,
    who: May<kinds::ViewOwnership>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state.db.read(move |conn| customers::losses(conn, &actor, shared.house(), &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Which roles look after the customers of each tier.
#[utoipa::path(operation_id = "getTeamRules", tag = "ownership",
    params(("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = TeamRules, description = "The rules",
            headers(("ETag" = String, description = "Their version"))),
        (status = 304, description = "Not changed")))]
#[get("/team-rules")]
pub async fn get_team_rules(
    request: HttpRequest,
    who: May<kinds::ViewTeamRules>,
    state: web::Data<AppState>,
) -> Result<HttpResponse> {
    let rules = state.db.read(ownership::team_rules).await?;
    let tag = Document::tag_of(&rules, &who, rules.version);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&rules, &tag)))
}

/// Set which roles look after the customers of each tier.
#[utoipa::path(operation_id = "setTeamRules", tag = "ownership", request_body = TeamRulesDefinition,
    params(("If-Match" = String, Header, description = "The tag that the change was made from", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = TeamRules, description = "The rules from now on",
        headers(("ETag" = String, description = "Their new version")))))]
#[put("/team-rules")]
pub async fn set_team_rules(
    request: HttpRequest,
    who: May<kinds::ManageTeamRules>,
    state: web::Data<AppState>,
    version: IfMatch,
    body: Json<TeamRulesDefinition>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let new = body.0;
    let set = move |conn: &mut DbConn, actor: &Actor| ownership::set_team_rules(conn, actor, version.0, &new);
    let (rules, replayed) = idempotency::set(&state, who.actor(), once, set, ownership::team_rules).await?;
    let mut response = answer::ok_tagged(&rules, &Document::tag_of(&rules, &who, rules.version));
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}

/// List customers whose care lacks something.
///
/// Nobody is responsible, whoever is has not signed, or the team has not all that the tier demands. The highest tiers first.
#[utoipa::path(operation_id = "listCareGaps", tag = "ownership", params(ListQuery),
    responses((status = 200, body = Page<CareGap>, description = "A page of customers")))]
#[get("/care-gaps")]
pub async fn list_care_gaps(
    request: HttpRequest,
    who: May<kinds::ViewOwnership>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state.db.read(move |conn| ownership::gaps(conn, &actor, shared.house(), &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Complete the team of a customer.
///
/// With the head of its unit and the managers above it, as far as the tier demands them and nobody fills their part.
#[utoipa::path(operation_id = "completeTeam", tag = "ownership",
    params(("id" = uuid::Uuid, Path, description = "The customer"), ("If-Match" = String, Header, description = "The tag it was read with", example = "\"1-0\"")),
    responses((status = 200, body = Customer, description = "The customer with its new team")))]
#[post("/customers/{id}/team/completion")]
pub async fn complete_team(
    request: HttpRequest,
    who: May<kinds::AssignCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let id = *id;
    customers::changed(who.actor(), &state, once, id, move |conn, actor, _| {
        ownership::complete_team(conn, actor, id, version.0)
    })
    .await
}

/// One write of a handover, at most once for an idempotency key; whether it was done before.
async fn written(
    state: &web::Data<AppState>,
    actor: Actor,
    once: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor, &AppState) -> Result<Handover> + Send + 'static,
) -> Result<(Handover, bool)> {
    let read = |conn: &mut DbConn, actor: &Actor, shared: &AppState, id| {
        ownership::handover(conn, actor, shared.house(), HandoverId::new(id))
    };
    idempotency::written(state, actor, once, act, (|made| made.id, read)).await
}

fn changed(who: &Actor, made: &Handover, replayed: bool) -> HttpResponse {
    let mut response = answer::ok_tagged(made, &Document::tag_of(made, who, made.version));
    if replayed {
        answer::mark_replayed(&mut response);
    }
    response
}

/// List handovers.
///
/// Relationship managers see those of their own book and those to them, heads those of their units. The newest first.
#[utoipa::path(operation_id = "listHandovers", tag = "ownership", params(ListQuery),
    responses((status = 200, body = Page<Handover>, description = "A page of handovers")))]
#[get("/handovers")]
pub async fn list_handovers(
    request: HttpRequest,
    who: May<kinds::ViewHandovers>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state.db.read(move |conn| ownership::list(conn, &actor, shared.house(), &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Propose a handover.
///
/// Of at most 5,000 customers of one relationship manager to others of the caller's units. Each customer goes to the first whose filter finds
/// it. It is carried out on its day, once everybody has answered and somebody accepts.
#[utoipa::path(operation_id = "proposeHandover", tag = "ownership", request_body = NewHandover,
    params(("Idempotency-Key" = Option<String>, Header, description = "Proposes at most one for a key")),
    responses((status = 201, body = Handover, description = "Proposed",
        headers(("Location" = String, description = "Where it is"), ("ETag" = String, description = "Its version")))))]
#[post("/handovers")]
pub async fn propose_handover(
    request: HttpRequest,
    who: May<kinds::ProposeHandovers>,
    state: web::Data<AppState>,
    body: Json<NewHandover>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let new = body.0;
    let (made, replayed) = written(&state, who.actor(), once, move |conn, actor, shared| {
        ownership::propose(conn, actor, shared.house(), &new)
    })
    .await?;
    let tag = Document::tag_of(&made, &who, made.version);
    Ok(answer::created(&made, &format!("/api/v1/handovers/{}", made.id), &tag, replayed))
}

/// A handover.
#[utoipa::path(operation_id = "getHandover", tag = "ownership",
    params(("id" = uuid::Uuid, Path, description = "The handover"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = Handover, description = "The handover",
            headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed")))]
#[get("/handovers/{id}")]
pub async fn get_handover(
    request: HttpRequest,
    who: May<kinds::ViewHandovers>,
    state: web::Data<AppState>,
    id: PathId<HandoverMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), Id::new(id.uuid()));
    let found = state.db.read(move |conn| ownership::handover(conn, &actor, shared.house(), id)).await?;
    let tag = Document::tag_of(&found, &who, found.version);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&found, &tag)))
}

/// Accept or decline what one is to take.
#[utoipa::path(operation_id = "answerHandover", tag = "ownership", request_body = HandoverAnswer,
    params(("id" = uuid::Uuid, Path, description = "The handover"),
        ("If-Match" = String, Header, description = "The tag that it was read with", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Answers at most once for a key")),
    responses((status = 200, body = Handover, description = "Answered",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/handovers/{id}/acceptance")]
pub async fn answer_handover(
    request: HttpRequest,
    who: May<kinds::AnswerHandovers>,
    state: web::Data<AppState>,
    id: PathId<HandoverMark>,
    version: IfMatch,
    body: Json<HandoverAnswer>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, said) = (*id, body.0);
    let (made, replayed) = written(&state, who.actor(), once, move |conn, actor, shared| {
        ownership::answer(conn, actor, shared.house(), (id, version.0), &said)
    })
    .await?;
    Ok(changed(&who, &made, replayed))
}

/// Cancel a handover.
///
/// As long as no customer was moved by it.
#[utoipa::path(operation_id = "cancelHandover", tag = "ownership",
    params(("id" = uuid::Uuid, Path, description = "The handover"),
        ("If-Match" = String, Header, description = "The tag that it was read with", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Cancels at most once for a key")),
    responses((status = 200, body = Handover, description = "Cancelled",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/handovers/{id}/cancel")]
pub async fn cancel_handover(
    request: HttpRequest,
    who: May<kinds::ProposeHandovers>,
    state: web::Data<AppState>,
    id: PathId<HandoverMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let id = *id;
    let (made, replayed) = written(&state, who.actor(), once, move |conn, actor, shared| {
        ownership::cancel(conn, actor, shared.house(), id, version.0)
    })
    .await?;
    Ok(changed(&who, &made, replayed))
}

/// The sheet of a handover: its customers with what is under way.
///
/// The largest assets first. Whoever is to take some sees those alone. Once a customer was handed over, skipped or kept, it stands there
/// only for whoever sees it.
#[utoipa::path(operation_id = "listHandoverCustomers", tag = "ownership",
    params(("id" = uuid::Uuid, Path, description = "The handover"), ListQuery),
    responses((status = 200, body = Page<HandoverLine>, description = "A page of customers")))]
#[get("/handovers/{id}/customers")]
pub async fn list_handover_customers(
    request: HttpRequest,
    who: May<kinds::ViewHandovers>,
    state: web::Data<AppState>,
    id: PathId<HandoverMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let page = state.db.read(move |conn| ownership::lines(conn, &actor, shared.house(), id, &asked)).await?;
    Ok(answer::page(&request, &page))
}
