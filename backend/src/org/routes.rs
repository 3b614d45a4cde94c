use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, get, patch, post, web};
use guanxi_api::{
    AuditEntry, ListQuery, NewOrgUnit, NewUser, OrgUnit, OrgUnitPatch, Page, User, UserListQuery, UserPatch,
    UserWithPassword,
};
use guanxi_db::{DbConn, Id};
use uuid::Uuid;

use crate::access::{Actor, May, OrgUnitMark, UserMark, kinds};
use crate::app::AppState;
use crate::error::{Error, Result};
use crate::idempotency::{self, Once};
use crate::listing::ListRequest;
use crate::org;
use crate::web::{IfMatch, Json, PathId, Query, created, not_modified, ok_tagged, page};

/// List units, in the order of the tree unless told otherwise.
///
/// Filter by `code`, `kind`, `parent_id`, `depth`, `archived`, `updated_at`; sort by `path` (the order of the tree), `code`,
/// `updated_at`. Archived units are left out unless the filter names `archived`.
#[utoipa::path(operation_id = "listOrgUnits", tag = "org", params(ListQuery),
    responses((status = 200, body = Page<OrgUnit>, description = "A page of units",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/org-units")]
pub async fn list_units(
    request: HttpRequest,
    who: May<kinds::ViewUnits>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let units = state.db.read(move |conn| org::list_units(conn, &actor, &shared.keys, &asked)).await?;
    Ok(page(&request, &units))
}

/// Create a unit below another.
#[utoipa::path(operation_id = "createOrgUnit", tag = "org", request_body = NewOrgUnit,
    params(("Idempotency-Key" = Option<String>, Header, description = "Creates at most once for a key")),
    responses((status = 201, body = OrgUnit, description = "Created",
        headers(("Location" = String, description = "The unit"), ("ETag" = String, description = "Its version")))))]
#[post("/org-units")]
pub async fn create_unit(
    request: HttpRequest,
    who: May<kinds::ManageUnits>,
    state: web::Data<AppState>,
    body: Json<NewOrgUnit>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let new = body.0;
    let (unit, replayed) =
        write_unit(&state, who.actor(), asked, move |conn, actor| org::create_unit(conn, actor, &new))
            .await?;
    let place = format!("/api/v1/org-units/{}", unit.id);
    Ok(created(&unit, &place, &org::unit_tag(&who, &unit), replayed))
}

/// Read a unit.
#[utoipa::path(operation_id = "getOrgUnit", tag = "org",
    params(("id" = Uuid, Path, description = "The unit"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = OrgUnit, description = "The unit",
            headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed")))]
#[get("/org-units/{id}")]
pub async fn get_unit(
    request: HttpRequest,
    who: May<kinds::ViewUnits>,
    state: web::Data<AppState>,
    id: PathId<OrgUnitMark>,
) -> Result<HttpResponse> {
    let id = *id;
    let unit = state.db.read(move |conn| org::unit_details(conn, id)).await?;
    let tag = org::unit_tag(&who, &unit);
    Ok(not_modified(&request, &tag).unwrap_or_else(|| ok_tagged(&unit, &tag)))
}

/// Change a unit, or move it with everything below it.
#[utoipa::path(operation_id = "changeOrgUnit", tag = "org", request_body = OrgUnitPatch,
    params(("id" = Uuid, Path, description = "The unit"),
        ("If-Match" = String, Header, description = "The tag that the change was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = OrgUnit, description = "Changed",
        headers(("ETag" = String, description = "Its new version")))))]
#[patch("/org-units/{id}")]
pub async fn change_unit(
    request: HttpRequest,
    who: May<kinds::ManageUnits>,
    state: web::Data<AppState>,
    id: PathId<OrgUnitMark>,
    version: IfMatch,
    body: Json<OrgUnitPatch>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let (id, version, patch) = (*id, version.0, body.0);
    let moves = patch.parent_id.is_some();
    let (unit, replayed) = write_unit(&state, who.actor(), asked, move |conn, actor| {
        org::change_unit(conn, actor, id, version, &patch)
    })
    .await?;
    if moves {
        // Who sees what follows from the paths.
        state.gate.forget_all();
    }
    Ok(changed(ok_tagged(&unit, &org::unit_tag(&who, &unit)), replayed))
}

/// Take a unit out of use.
///
/// Refused while it has active units, users or customers.
#[utoipa::path(operation_id = "archiveOrgUnit", tag = "org",
    params(("id" = Uuid, Path, description = "The unit"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Archives at most once for a key")),
    responses((status = 200, body = OrgUnit, description = "Archived",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/org-units/{id}/archive")]
pub async fn archive_unit(
    request: HttpRequest,
    who: May<kinds::ManageUnits>,
    state: web::Data<AppState>,
    id: PathId<OrgUnitMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &())?;
    let (id, version) = (*id, version.0);
    let (unit, replayed) = write_unit(&state, who.actor(), asked, move |conn, actor| {
        org::archive_unit(conn, actor, id, version)
    })
    .await?;
    Ok(changed(ok_tagged(&unit, &org::unit_tag(&who, &unit)), replayed))
}

/// Take an archived unit into use again.
#[utoipa::path(operation_id = "restoreOrgUnit", tag = "org",
    params(("id" = Uuid, Path, description = "The unit"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Restores at most once for a key")),
    responses((status = 200, body = OrgUnit, description = "In use again",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/org-units/{id}/restore")]
pub async fn restore_unit(
    request: HttpRequest,
    who: May<kinds::ManageUnits>,
    state: web::Data<AppState>,
    id: PathId<OrgUnitMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &())?;
    let (id, version) = (*id, version.0);
    let (unit, replayed) = write_unit(&state, who.actor(), asked, move |conn, actor| {
        org::restore_unit(conn, actor, id, version)
    })
    .await?;
    Ok(changed(ok_tagged(&unit, &org::unit_tag(&who, &unit)), replayed))
}

/// What happened to a unit, newest first.
#[utoipa::path(operation_id = "getOrgUnitHistory", tag = "org",
    params(("id" = Uuid, Path, description = "The unit"), ListQuery),
    responses((status = 200, body = Page<AuditEntry>, description = "A page of entries",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/org-units/{id}/history")]
pub async fn unit_history(
    request: HttpRequest,
    who: May<kinds::ViewUnits>,
    state: web::Data<AppState>,
    id: PathId<OrgUnitMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let entries =
        state.db.read(move |conn| org::unit_history(conn, &actor, &shared.keys, id, &asked)).await?;
    Ok(page(&request, &entries))
}

/// List users, by name unless told otherwise.
///
/// Filter by `username`, `role`, `org_unit_id`, `archived`, `created_at`, `updated_at`; sort by `display_name`, `username`,
/// `created_at`, `updated_at`. Archived users are left out unless the filter names `archived`. `q` searches names, for pick lists.
#[utoipa::path(operation_id = "listUsers", tag = "users", params(UserListQuery),
    responses((status = 200, body = Page<User>, description = "A page of users",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/users")]
pub async fn list_users(
    request: HttpRequest,
    who: May<kinds::ViewUsers>,
    state: web::Data<AppState>,
    query: Query<UserListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), user_list(query.0));
    let users = state.db.read(move |conn| org::list_users(conn, &actor, &shared.keys, &asked)).await?;
    Ok(page(&request, &users))
}

fn user_list(query: UserListQuery) -> ListRequest {
    let UserListQuery { q, filter, sort, limit, cursor, include } = query;
    ListRequest { q, ..ListRequest::from(ListQuery { filter, sort, limit, cursor, include }) }
}

/// Create a user.
///
/// The answer carries a password to hand over, shown this once and good for seven days, which the user has to change at the first sign-in.
#[utoipa::path(operation_id = "createUser", tag = "users", request_body = NewUser,
    params(("Idempotency-Key" = Option<String>, Header, description = "Creates at most once for a key")),
    responses((status = 201, body = UserWithPassword, description = "Created",
        headers(("Location" = String, description = "The user"), ("ETag" = String, description = "Its version")))))]
#[post("/users")]
pub async fn create_user(
    request: HttpRequest,
    who: May<kinds::ManageUsers>,
    state: web::Data<AppState>,
    body: Json<NewUser>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let new = body.0;
    let password = org::one_time_password()?;
    let hash = state.hasher.hash(password.clone()).await?;
    let (user, replayed) = write_user(&state, who.actor(), asked, move |conn, actor| {
        let expires_at = Some(org::hand_over_until(actor.now()));
        org::create_user(conn, actor, &new, org::NewPassword { hash: &hash, must_change: true, expires_at })
    })
    .await?;
    let (place, tag) = (format!("/api/v1/users/{}", user.id), org::user_tag(&who, &user));
    let password = Some(password).filter(|_| !replayed);
    Ok(created(&UserWithPassword { user, password }, &place, &tag, replayed))
}

/// Read a user.
#[utoipa::path(operation_id = "getUser", tag = "users",
    params(("id" = Uuid, Path, description = "The user"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = User, description = "The user",
            headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed")))]
#[get("/users/{id}")]
pub async fn get_user(
    request: HttpRequest,
    who: May<kinds::ViewUsers>,
    state: web::Data<AppState>,
    id: PathId<UserMark>,
) -> Result<HttpResponse> {
    let (actor, id) = (who.actor(), *id);
    let user = state.db.read(move |conn| org::user_details(conn, &actor, id)).await?;
    let tag = org::user_tag(&who, &user);
    Ok(not_modified(&request, &tag).unwrap_or_else(|| ok_tagged(&user, &tag)))
}

/// Change a user.
///
/// A new role or unit ends all sessions of the user. Neither may leave customers with an owner who cannot be one: hand those over first.
#[utoipa::path(operation_id = "changeUser", tag = "users", request_body = UserPatch,
    params(("id" = Uuid, Path, description = "The user"),
        ("If-Match" = String, Header, description = "The tag that the change was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = User, description = "Changed",
        headers(("ETag" = String, description = "Its new version")))))]
#[patch("/users/{id}")]
pub async fn change_user(
    request: HttpRequest,
    who: May<kinds::ManageUsers>,
    state: web::Data<AppState>,
    id: PathId<UserMark>,
    version: IfMatch,
    body: Json<UserPatch>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &body.0)?;
    let (id, version, patch) = (*id, version.0, body.0);
    let (user, replayed) = write_user(&state, who.actor(), asked, move |conn, actor| {
        org::change_user(conn, actor, id, version, &patch)
    })
    .await?;
    state.gate.forget_user(id);
    Ok(changed(ok_tagged(&user, &org::user_tag(&who, &user)), replayed))
}

/// Close a user's account and end all its sessions.
#[utoipa::path(operation_id = "archiveUser", tag = "users",
    params(("id" = Uuid, Path, description = "The user"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Archives at most once for a key")),
    responses((status = 200, body = User, description = "Archived",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/users/{id}/archive")]
pub async fn archive_user(
    request: HttpRequest,
    who: May<kinds::ManageUsers>,
    state: web::Data<AppState>,
    id: PathId<UserMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &())?;
    let (id, version) = (*id, version.0);
    let (user, replayed) = write_user(&state, who.actor(), asked, move |conn, actor| {
        org::archive_user(conn, actor, id, version)
    })
    .await?;
    state.gate.forget_user(id);
    Ok(changed(ok_tagged(&user, &org::user_tag(&who, &user)), replayed))
}

/// Open a closed account again, with its old password.
#[utoipa::path(operation_id = "restoreUser", tag = "users",
    params(("id" = Uuid, Path, description = "The user"),
        ("If-Match" = String, Header, description = "The tag that the decision was made from"),
        ("Idempotency-Key" = Option<String>, Header, description = "Restores at most once for a key")),
    responses((status = 200, body = User, description = "Open again",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/users/{id}/restore")]
pub async fn restore_user(
    request: HttpRequest,
    who: May<kinds::ManageUsers>,
    state: web::Data<AppState>,
    id: PathId<UserMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &())?;
    let (id, version) = (*id, version.0);
    let (user, replayed) = write_user(&state, who.actor(), asked, move |conn, actor| {
        org::restore_user(conn, actor, id, version)
    })
    .await?;
    state.gate.forget_user(id);
    Ok(changed(ok_tagged(&user, &org::user_tag(&who, &user)), replayed))
}

/// Give a user a new password to hand over.
///
/// It is shown this once, good for seven days and has to be changed at the first sign-in. All sessions of the user end, a locked account is opened.
#[utoipa::path(operation_id = "resetPassword", tag = "users",
    params(("id" = Uuid, Path, description = "The user"),
        ("Idempotency-Key" = Option<String>, Header, description = "Resets at most once for a key")),
    responses((status = 200, body = UserWithPassword, description = "The user and the new password",
        headers(("ETag" = String, description = "Its new version")))))]
#[post("/users/{id}/reset-password")]
pub async fn reset_password(
    request: HttpRequest,
    who: May<kinds::ManageUsers>,
    state: web::Data<AppState>,
    id: PathId<UserMark>,
) -> Result<HttpResponse> {
    let asked = idempotency::Request::read(&request, &())?;
    let id = *id;
    let password = org::one_time_password()?;
    let hash = state.hasher.hash(password.clone()).await?;
    let (user, replayed) = write_user(&state, who.actor(), asked, move |conn, actor| {
        org::reset_password(conn, actor, id, &hash)
    })
    .await?;
    state.gate.forget_user(id);
    let tag = org::user_tag(&who, &user);
    let password = Some(password).filter(|_| !replayed);
    Ok(changed(ok_tagged(&UserWithPassword { user, password }, &tag), replayed))
}

/// What happened to a user and their account, newest first.
#[utoipa::path(operation_id = "getUserHistory", tag = "users",
    params(("id" = Uuid, Path, description = "The user"), ListQuery),
    responses((status = 200, body = Page<AuditEntry>, description = "A page of entries",
        headers(("Link" = String, description = "The next page, if there is one")))))]
#[get("/users/{id}/history")]
pub async fn user_history(
    request: HttpRequest,
    who: May<kinds::ViewUsers>,
    state: web::Data<AppState>,
    id: PathId<UserMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let entries =
        state.db.read(move |conn| org::user_history(conn, &actor, &shared.keys, id, &asked)).await?;
    Ok(page(&request, &entries))
}

/// One write of a unit, at most once for an idempotency key; whether it was done before.
async fn write_unit(
    state: &AppState,
    actor: Actor,
    asked: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor) -> Result<OrgUnit> + Send + 'static,
) -> Result<(OrgUnit, bool)> {
    state
        .db
        .write(move |conn| {
            match idempotency::once(conn, &actor, &asked, |conn| act(conn, &actor), |unit| Some(unit.id))? {
                Once::Done(unit) => Ok((unit, false)),
                Once::Replayed(id) => Ok((org::unit_details(conn, resource(id)?)?, true)),
            }
        })
        .await
}

/// One write of a user, at most once for an idempotency key; whether it was done before.
async fn write_user(
    state: &AppState,
    actor: Actor,
    asked: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor) -> Result<User> + Send + 'static,
) -> Result<(User, bool)> {
    state
        .db
        .write(move |conn| {
            match idempotency::once(conn, &actor, &asked, |conn| act(conn, &actor), |user| Some(user.id))? {
                Once::Done(user) => Ok((user, false)),
                Once::Replayed(id) => Ok((org::user_details(conn, &actor, resource(id)?)?, true)),
            }
        })
        .await
}

fn resource<T>(id: Option<Uuid>) -> Result<Id<T>> {
    id.map(Id::new).ok_or_else(|| Error::internal("an idempotency key without its resource"))
}

fn changed(mut response: HttpResponse, replayed: bool) -> HttpResponse {
    if replayed {
        let name = HeaderName::from_static("idempotency-replayed");
        response.headers_mut().insert(name, HeaderValue::from_static("true"));
    }
    response
}
