use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use guanxi_api::{AuditEntry, CustomerTags, ListQuery, NewTag, Page, Tag, TagPatch};
use guanxi_db::{DbConn, Id};
use uuid::Uuid;

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::customers::{CustomerId, CustomerMark, TagId, TagMark, tags};
use crate::error::{Error, Result};
use crate::idempotency::{self, Once};
use crate::listing::ListRequest;
use crate::web::{self as answer, IfMatch, Json, PathId, Query};

/// List the catalogue of tags, by name unless told otherwise.
///
/// Archived tags are left out unless the filter names `archived`.
#[utoipa::path(operation_id = "listTags", tag = "tags", params(ListQuery),
    responses((status = 200, body = Page<Tag>, description = "A page of tags",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/tags")]
pub async fn list_tags(
    request: HttpRequest,
    who: May<kinds::ViewTags>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let found = state.db.read(move |conn| tags::list_tags(conn, &actor, &shared.keys, &asked)).await?;
    Ok(answer::page(&request, &found))
}

/// Add a tag to the catalogue.
#[utoipa::path(operation_id = "createTag", tag = "tags", request_body = NewTag,
    params(("Idempotency-Key" = Option<String>, Header, description = "Creates at most once for a key")),
    responses((status = 201, body = Tag, description = "Created",
        headers(("Location" = String, description = "The tag"), ("ETag" = String, description = "Its version")))))]
#[post("/tags")]
pub async fn create_tag(
    request: HttpRequest,
    who: May<kinds::CreateTags>,
    state: web::Data<AppState>,
    body: Json<NewTag>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let new = body.0;
    let (tag, replayed) =
        written(&state, who.actor(), once, move |conn, actor| tags::create_tag(conn, actor, &new)).await?;
    Ok(answer::created(&tag, &format!("/api/v1/tags/{}", tag.id), &tags::tag_tag(&who, &tag), replayed))
}

/// Read a tag.
#[utoipa::path(operation_id = "getTag", tag = "tags",
    params(("id" = Uuid, Path, description = "The tag"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = Tag, description = "The tag",
            headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed")))]
#[get("/tags/{id}")]
pub async fn get_tag(
    request: HttpRequest,
    who: May<kinds::ViewTags>,
    state: web::Data<AppState>,
    id: PathId<TagMark>,
) -> Result<HttpResponse> {
    let id = *id;
    let found = state.db.read(move |conn| tags::tag(conn, id)).await?;
    let etag = tags::tag_tag(&who, &found);
    Ok(answer::not_modified(&request, &etag).unwrap_or_else(|| answer::ok_tagged(&found, &etag)))
}

/// Change a tag.
///
/// Customers that have it show its new name and colour.
#[utoipa::path(operation_id = "changeTag", tag = "tags", request_body = TagPatch,
    params(("id" = Uuid, Path, description = "The tag"),
        ("If-Match" = String, Header, description = "The tag that the change was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = Tag, description = "Changed",
        headers(("ETag" = String, description = "Its new version")))))]
#[patch("/tags/{id}")]
pub async fn change_tag(
    request: HttpRequest,
    who: May<kinds::ManageTags>,
    state: web::Data<AppState>,
    id: PathId<TagMark>,
    version: IfMatch,
    body: Json<TagPatch>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, version, patch) = (*id, version.0, body.0);
    changed(&state, who.actor(), once, move |conn, actor| {
        tags::change_tag(conn, actor, (id, version), &patch)
    })
    .await
}

/// Take a tag out of use: nobody is given it any more. Who has it keeps it.
#[utoipa::path(operation_id = "archiveTag", tag = "tags",
    params(("id" = Uuid, Path, description = "The tag"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Archives at most once for a key")),
    responses((status = 200, body = Tag, description = "Archived",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/tags/{id}/archive")]
pub async fn archive_tag(
    request: HttpRequest,
    who: May<kinds::ManageTags>,
    state: web::Data<AppState>,
    id: PathId<TagMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let (id, version) = (*id, version.0);
    changed(&state, who.actor(), once, move |conn, actor| tags::archive_tag(conn, actor, id, version)).await
}

/// Take a tag into use again.
#[utoipa::path(operation_id = "restoreTag", tag = "tags",
    params(("id" = Uuid, Path, description = "The tag"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Restores at most once for a key")),
    responses((status = 200, body = Tag, description = "In use again",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/tags/{id}/restore")]
pub async fn restore_tag(
    request: HttpRequest,
    who: May<kinds::ManageTags>,
    state: web::Data<AppState>,
    id: PathId<TagMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let (id, version) = (*id, version.0);
    changed(&state, who.actor(), once, move |conn, actor| tags::restore_tag(conn, actor, id, version)).await
}

/// What happened to a tag, newest first.
#[utoipa::path(operation_id = "getTagHistory", tag = "tags",
    params(("id" = Uuid, Path, description = "The tag"), ListQuery),
    responses((status = 200, body = Page<AuditEntry>, description = "A page of entries",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/tags/{id}/history")]
pub async fn tag_history(
    request: HttpRequest,
    who: May<kinds::ViewTags>,
    state: web::Data<AppState>,
    id: PathId<TagMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let entries =
        state.db.read(move |conn| tags::tag_history(conn, &actor, &shared.keys, id, &asked)).await?;
    Ok(answer::page(&request, &entries))
}

/// The tags of a customer, and who gave them.
#[utoipa::path(operation_id = "getCustomerTags", tag = "tags",
    params(("id" = Uuid, Path, description = "The customer")),
    responses((status = 200, body = CustomerTags, description = "The tags")))]
#[get("/customers/{id}/tags")]
pub async fn get_customer_tags(
    who: May<kinds::ViewCustomerTags>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
) -> Result<HttpResponse> {
    let (actor, id) = (who.actor(), *id);
    let found = state.db.read(move |conn| tags::tags_of(conn, &actor, id)).await?;
    Ok(answer::ok(&found))
}

/// Give a customer a tag.
///
/// Whoever has it already keeps it as it was given.
#[utoipa::path(operation_id = "giveCustomerTag", tag = "tags",
    params(("id" = Uuid, Path, description = "The customer"), ("tag_id" = Uuid, Path, description = "The tag")),
    responses((status = 200, body = CustomerTags, description = "The tags of the customer")))]
#[put("/customers/{id}/tags/{tag_id}")]
pub async fn give_customer_tag(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
) -> Result<HttpResponse> {
    let both = (*id, tag_of(&request)?);
    tagged(&state, who.actor(), both, |conn, actor, both| tags::give_tag(conn, actor, both, None).map(drop))
        .await
}

/// Take a tag from a customer, if it has it.
#[utoipa::path(operation_id = "takeCustomerTag", tag = "tags",
    params(("id" = Uuid, Path, description = "The customer"), ("tag_id" = Uuid, Path, description = "The tag")),
    responses((status = 200, body = CustomerTags, description = "The tags of the customer")))]
#[delete("/customers/{id}/tags/{tag_id}")]
pub async fn take_customer_tag(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
) -> Result<HttpResponse> {
    let both = (*id, tag_of(&request)?);
    tagged(&state, who.actor(), both, |conn, actor, both| tags::take_tag(conn, actor, both, None).map(drop))
        .await
}

fn tag_of(request: &HttpRequest) -> Result<TagId> {
    let text = request.match_info().get("tag_id").unwrap_or_default();
    Uuid::try_parse(text).map(Id::new).map_err(|_| Error::not_found())
}

async fn tagged(
    state: &web::Data<AppState>,
    actor: Actor,
    both: (CustomerId, TagId),
    act: impl Fn(&mut DbConn, &Actor, (CustomerId, TagId)) -> Result<()> + Send + 'static,
) -> Result<HttpResponse> {
    let found = state
        .db
        .write(move |conn| {
            act(conn, &actor, both)?;
            tags::tags_of(conn, &actor, both.0)
        })
        .await?;
    Ok(answer::ok(&found))
}

/// Runs a change that may be repeated with the same Idempotency-Key; gives the tag, and whether that was done before.
async fn written(
    state: &web::Data<AppState>,
    actor: Actor,
    once: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor) -> Result<Tag> + Send + 'static,
) -> Result<(Tag, bool)> {
    state
        .db
        .write(move |conn| {
            let act = |conn: &mut DbConn| act(conn, &actor);
            match idempotency::once(conn, &actor, &once, act, |made| Some(made.id))? {
                Once::Done(made) => Ok((made, false)),
                Once::Replayed(id) => {
                    Ok::<_, Error>((tags::tag(conn, Id::new(id.ok_or_else(Error::not_found)?))?, true))
                }
            }
        })
        .await
}

async fn changed(
    state: &web::Data<AppState>,
    actor: Actor,
    once: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor) -> Result<Tag> + Send + 'static,
) -> Result<HttpResponse> {
    let (tag, replayed) = written(state, actor.clone(), once, act).await?;
    let mut response = answer::ok_tagged(&tag, &tags::tag_tag(&actor, &tag));
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}
