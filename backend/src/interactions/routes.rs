use actix_web::{HttpRequest, HttpResponse, get, patch, post, put, web};
use guanxi_api::{
    AuditEntry, ContactTargetPolicy, ContactTargets, Interaction, InteractionPatch, InteractionSearch,
    ListQuery, NewInteraction, Page,
};
use guanxi_db::{DbConn, execute_all};

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::customers::CustomerMark;
use crate::error::{Error, Result};
use crate::idempotency::{self, Once};
use crate::interactions::{self, InteractionId, InteractionMark};
use crate::listing::ListRequest;
use crate::web::{self as answer, Document, IfMatch, Json, PageDocument, PathId, Query};

fn tag(actor: &Actor, interaction: &Interaction) -> String {
    Document::tag_of(interaction, actor, interaction.version)
}

/// Runs a change that may be repeated with the same Idempotency-Key, and shows the interaction after it.
async fn changed(
    actor: Actor,
    state: &web::Data<AppState>,
    request: idempotency::Request,
    id: InteractionId,
    act: impl Fn(&mut DbConn, &Actor) -> Result<Interaction> + Send + 'static,
) -> Result<HttpResponse> {
    let (interaction, tag, replayed) = state
        .db
        .write(move |conn| {
            let act = |conn: &mut DbConn| act(conn, &actor);
            let once = idempotency::once(conn, &actor, &request, act, |_| Some(id.uuid()))?;
            let (interaction, replayed) = match once {
                Once::Done(interaction) => (interaction, false),
                Once::Replayed(_) => (interactions::read(conn, &actor, id)?, true),
            };
            let tag = tag(&actor, &interaction);
            Ok::<_, Error>((interaction, tag, replayed))
        })
        .await?;
    let mut response = answer::ok_tagged(&interaction, &tag);
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}

/// List contacts with customers.
///
/// Newest first. Without a filter on `archived`, archived ones stay out. Words in notes go through `POST /interactions/search`.
#[utoipa::path(operation_id = "listInteractions", tag = "interactions", params(ListQuery),
    responses((status = 200, body = Page<Interaction>, description = "A page of contacts")))]
#[get("/interactions")]
pub async fn list_interactions(
    request: HttpRequest,
    who: May<kinds::ViewInteractions>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state
        .db
        .read(move |conn| PageDocument::of(&interactions::list(conn, &actor, &shared.keys, &asked)?))
        .await?;
    Ok(answer::page_document(&request, page))
}

/// Search contacts with customers.
///
/// By the words of their notes, with the filter grammar of the list; newest first.
#[utoipa::path(operation_id = "searchInteractions", tag = "interactions", request_body = InteractionSearch,
    responses((status = 200, body = Page<Interaction>, description = "A page of contacts")))]
#[post("/interactions/search")]
pub async fn search_interactions(
    request: HttpRequest,
    who: May<kinds::ViewInteractions>,
    state: web::Data<AppState>,
    body: Json<InteractionSearch>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), body.0);
    let page = state
        .db
        .read(move |conn| PageDocument::of(&interactions::search(conn, &actor, &shared.keys, &asked)?))
        .await?;
    Ok(answer::page_document(&request, page))
}

/// Get a contact.
#[utoipa::path(operation_id = "getInteraction", tag = "interactions", params(("id" = uuid::Uuid, Path, description = "The contact")),
    responses((status = 200, body = Interaction, description = "The contact", headers(("ETag" = String, description = "Its tag"))),
        (status = 304, description = "The client has it already")))]
#[get("/interactions/{id}")]
pub async fn get_interaction(
    request: HttpRequest,
    who: May<kinds::ViewInteractions>,
    state: web::Data<AppState>,
    id: PathId<InteractionMark>,
) -> Result<HttpResponse> {
    let (actor, id) = (who.actor(), *id);
    let interaction = state.db.read(move |conn| interactions::read(conn, &actor, id)).await?;
    let tag = tag(&who, &interaction);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&interaction, &tag)))
}

/// Change a contact.
///
/// A JSON merge patch (RFC 7396): absent members stay, `null` clears. Its author may for a day after recording it, and later with a
/// `reason`; a manager who sees the customer may always.
#[utoipa::path(operation_id = "changeInteraction", tag = "interactions", request_body = InteractionPatch,
    params(("id" = uuid::Uuid, Path, description = "The contact"), ("If-Match" = String, Header, description = "The tag it was read with", example = "\"1-0\"")),
    responses((status = 200, body = Interaction, description = "The contact after the change")))]
#[patch("/interactions/{id}")]
pub async fn change_interaction(
    request: HttpRequest,
    who: May<kinds::WriteInteractions>,
    state: web::Data<AppState>,
    id: PathId<InteractionMark>,
    version: IfMatch,
    body: Json<InteractionPatch>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, patch) = (*id, body.0);
    changed(who.actor(), &state, once, id, move |conn, actor| {
        interactions::change(conn, actor, id, version.0, &patch)
    })
    .await
}

/// Archive a contact.
///
/// Its author may for a day after recording it, a manager who sees the customer always.
#[utoipa::path(operation_id = "archiveInteraction", tag = "interactions",
    params(("id" = uuid::Uuid, Path, description = "The contact"), ("If-Match" = String, Header, description = "The tag it was read with", example = "\"1-0\"")),
    responses((status = 200, body = Interaction, description = "Archived")))]
#[post("/interactions/{id}/archive")]
pub async fn archive_interaction(
    request: HttpRequest,
    who: May<kinds::WriteInteractions>,
    state: web::Data<AppState>,
    id: PathId<InteractionMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let id = *id;
    changed(who.actor(), &state, once, id, move |conn, actor| {
        interactions::archive(conn, actor, id, version.0)
    })
    .await
}

/// Restore an archived contact.
#[utoipa::path(operation_id = "restoreInteraction", tag = "interactions",
    params(("id" = uuid::Uuid, Path, description = "The contact"), ("If-Match" = String, Header, description = "The tag it was read with", example = "\"1-0\"")),
    responses((status = 200, body = Interaction, description = "Restored")))]
#[post("/interactions/{id}/restore")]
pub async fn restore_interaction(
    request: HttpRequest,
    who: May<kinds::WriteInteractions>,
    state: web::Data<AppState>,
    id: PathId<InteractionMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let id = *id;
    changed(who.actor(), &state, once, id, move |conn, actor| {
        interactions::restore(conn, actor, id, version.0)
    })
    .await
}

/// The history of a contact.
#[utoipa::path(operation_id = "getInteractionHistory", tag = "interactions",
    params(("id" = uuid::Uuid, Path, description = "The contact"), ListQuery),
    responses((status = 200, body = Page<AuditEntry>, description = "Who did what, newest first")))]
#[get("/interactions/{id}/history")]
pub async fn get_interaction_history(
    request: HttpRequest,
    who: May<kinds::ViewInteractions>,
    state: web::Data<AppState>,
    id: PathId<InteractionMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let page =
        state.db.read(move |conn| interactions::history(conn, &actor, &shared.keys, id, &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// The contacts with a customer.
///
/// Newest first. Without a filter on `archived`, archived ones stay out.
#[utoipa::path(operation_id = "listCustomerInteractions", tag = "interactions",
    params(("id" = uuid::Uuid, Path, description = "The customer"), ListQuery),
    responses((status = 200, body = Page<Interaction>, description = "A page of contacts")))]
#[get("/customers/{id}/interactions")]
pub async fn list_customer_interactions(
    request: HttpRequest,
    who: May<kinds::ViewInteractions>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let page = state
        .db
        .read(move |conn| PageDocument::of(&interactions::timeline(conn, &actor, &shared.keys, id, &asked)?))
        .await?;
    Ok(answer::page_document(&request, page))
}

/// Record a contact with a customer.
///
/// Its author is whoever records it. A `next_step` becomes a task at the same time.
#[utoipa::path(operation_id = "createInteraction", tag = "interactions", request_body = NewInteraction,
    params(("id" = uuid::Uuid, Path, description = "The customer"),
        ("Idempotency-Key" = Option<String>, Header, description = "8 to 128 visible characters; the same request with the same key is done once", nullable = false)),
    responses((status = 201, body = Interaction, description = "Recorded",
        headers(("Location" = String, description = "Where the contact is"), ("ETag" = String, description = "Its tag")))))]
#[post("/customers/{id}/interactions")]
pub async fn create_interaction(
    request: HttpRequest,
    who: May<kinds::WriteInteractions>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    body: Json<NewInteraction>,
) -> Result<HttpResponse> {
    let (actor, shared, customer, new) = (who.actor(), state.clone(), *id, body.0);
    let once = idempotency::Request::read(&request, &new)?;
    let draft = interactions::draft(&actor, &new);
    let teller = actor.clone();
    let shown = move |interaction: &Interaction| {
        let location = format!("/api/v1/interactions/{}", interaction.id);
        let document = Document::of(interaction)?;
        let tag = document.tag(&teller, interaction.version);
        Ok::<_, Error>((document, location, tag))
    };
    let plan = {
        let actor = actor.clone();
        move |conn: &mut DbConn| interactions::plan(conn, &actor, shared.house(), customer, &new, &draft)
    };
    let ((document, location, tag), replayed) = if once.may_come_again() {
        state
            .db
            .write(move |conn| {
                let create = |conn: &mut DbConn| {
                    let (statements, interaction) = plan(conn)?;
                    execute_all(conn, statements)?;
                    Ok(interaction)
                };
                let done =
                    idempotency::once(conn, &actor, &once, create, |interaction| Some(interaction.id))?;
                let (interaction, replayed) = match done {
                    Once::Done(interaction) => (interaction, false),
                    Once::Replayed(id) => {
                        let id = id.map(InteractionId::new).ok_or_else(Error::not_found)?;
                        (interactions::read(conn, &actor, id)?, true)
                    }
                };
                Ok::<_, Error>((shown(&interaction)?, replayed))
            })
            .await?
    } else {
        let write = state.db.write_planned(move |conn| {
            let (statements, interaction) = plan(conn)?;
            Ok::<_, Error>((statements, shown(&interaction)?))
        });
        (write.await?, false)
    };
    Ok(answer::created_document(document, &location, &tag, replayed))
}

/// The contacts that every relationship manager should have on a working day.
#[utoipa::path(operation_id = "getContactTargets", tag = "interactions",
    responses((status = 200, body = ContactTargetPolicy, description = "The targets",
        headers(("ETag" = String, description = "Their version"))),
        (status = 304, description = "Not changed")))]
#[get("/contact-targets")]
pub async fn get_contact_targets(
    request: HttpRequest,
    who: May<kinds::ViewContactTargets>,
    state: web::Data<AppState>,
) -> Result<HttpResponse> {
    let policy = state.db.read(interactions::targets).await?;
    let tag = Document::tag_of(&policy, &who, policy.version);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&policy, &tag)))
}

/// Set the contacts that every relationship manager should have on a working day.
#[utoipa::path(operation_id = "setContactTargets", tag = "interactions", request_body = ContactTargets,
    params(("If-Match" = String, Header, description = "The tag that the change was made from", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key", nullable = false)),
    responses((status = 200, body = ContactTargetPolicy, description = "The targets from now on",
        headers(("ETag" = String, description = "Their new version")))))]
#[put("/contact-targets")]
pub async fn set_contact_targets(
    request: HttpRequest,
    who: May<kinds::ManageContactTargets>,
    state: web::Data<AppState>,
    version: IfMatch,
    body: Json<ContactTargets>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let new = body.0;
    let set = move |conn: &mut DbConn, actor: &Actor| interactions::set_targets(conn, actor, version.0, &new);
    let (policy, replayed) = idempotency::set(&state, who.actor(), once, set, interactions::targets).await?;
    let mut response = answer::ok_tagged(&policy, &Document::tag_of(&policy, &who, policy.version));
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}
