use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{ORIGIN, USER_AGENT};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, get, patch, post, web};
use guanxi_api::{Instant, Me, PasswordChange, PreferencesPatch, Sessions, SignIn, SignedIn};

use crate::access::actor::SessionMark;
use crate::access::rights::kinds::UseOwnAccount;
use crate::access::sessions::{self, Client, Granted, Refreshed};
use crate::access::{May, password};
use crate::app::AppState;
use crate::error::{Code, Error, FieldError, Result};
use crate::web::{Json, PathId, RequestContext, deleted, ok};

/// Sign in with a name and a password.
#[utoipa::path(operation_id = "signIn", tag = "access", request_body = SignIn, security(()),
    responses((status = 200, body = SignedIn, description = "Signed in; the refresh token comes as a cookie")))]
#[post("/auth/sign-in")]
pub async fn sign_in(
    request: HttpRequest,
    state: web::Data<AppState>,
    body: Json<SignIn>,
) -> Result<HttpResponse> {
    let context = context(&request)?;
    let address = context.address.map(|address| address.to_string()).unwrap_or_default();
    state.quotas.check_failures(&address)?;
    let actor = sessions::nobody(context.now, &context.request_id, context.language);
    let Json(SignIn { username, password }) = body;

    let (name, now) = (username.clone(), context.now);
    let candidate = state.db.read(move |conn| sessions::candidate(conn, &name, now)).await?;
    let name = username.to_lowercase();
    if candidate.is_none() {
        state.quotas.check_nobody(&name, now)?;
    }
    // An unknown name costs as much time as a wrong password: the same hash, and below a write.
    let stored = candidate.as_ref().map(|candidate| candidate.password_hash().to_owned());
    let checked = state.hasher.check(password, stored).await?;
    let candidate = match candidate {
        // One whose time is over looks like a wrong one.
        Some(candidate) if checked.right && !candidate.is_expired(now) => candidate,
        Some(candidate) => {
            state.quotas.note_failure(&address);
            state.db.write(move |conn| sessions::failed(conn, &actor, &candidate)).await?;
            return Err(Error::new(Code::SignInFailed));
        }
        None => {
            state.quotas.note_failure(&address);
            state.quotas.note_nobody(&name, now)?;
            state.db.write(move |conn| sessions::failed_for_nobody(conn, &actor)).await?;
            return Err(Error::new(Code::SignInFailed));
        }
    };
    let user_agent =
        request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let client = Client { user_agent: user_agent.chars().take(300).collect(), address };
    let shared = state.clone();
    let granted = state
        .db
        .write(move |conn| {
            let hash = checked.better_hash.as_deref();
            sessions::open(conn, &actor, &shared.keys, &shared.settings, &candidate, &client, hash)
        })
        .await?;
    signed_in(&state, &context, granted)
}

/// Replace the refresh token and get a new access token.
#[utoipa::path(operation_id = "refreshSession", tag = "access", security(("refresh_cookie" = [])),
    params(("X-Guanxi" = String, Header, description = "Always `1`: a form of another site cannot send it", example = "1")),
    responses((status = 200, body = SignedIn, description = "A new access token; the cookie is replaced")))]
#[post("/auth/refresh")]
pub async fn refresh(request: HttpRequest, state: web::Data<AppState>) -> Result<HttpResponse> {
    let context = context(&request)?;
    check_origin(&request, &state)?;
    let token = refresh_cookie(&request, &state).ok_or_else(|| Error::new(Code::SessionExpired))?;
    let actor = sessions::nobody(context.now, &context.request_id, context.language);
    let shared = state.clone();
    let refreshed = state
        .db
        .write(move |conn| sessions::refresh(conn, &actor, &shared.keys, &shared.settings, &token))
        .await?;
    match refreshed {
        Refreshed::Granted(granted) => signed_in(&state, &context, *granted),
        Refreshed::Reused(session_id) => {
            tracing::warn!(request_id = %context.request_id, session = %session_id, "an old refresh token came back; the session was ended");
            state.gate.forget_session(session_id);
            Err(Error::new(Code::SessionExpired))
        }
    }
}

/// End this session.
#[utoipa::path(operation_id = "signOut", tag = "access", security(("refresh_cookie" = [])),
    params(("X-Guanxi" = String, Header, description = "Always `1`: a form of another site cannot send it", example = "1")),
    responses((status = 204, description = "Signed out, or was not signed in")))]
#[post("/auth/sign-out")]
pub async fn sign_out(request: HttpRequest, state: web::Data<AppState>) -> Result<HttpResponse> {
    let context = context(&request)?;
    check_origin(&request, &state)?;
    if let Some(token) = refresh_cookie(&request, &state) {
        let actor = sessions::nobody(context.now, &context.request_id, context.language);
        let ended = state.db.write(move |conn| sessions::sign_out(conn, &actor, &token)).await?;
        if let Some(session_id) = ended {
            state.gate.forget_session(session_id);
        }
    }
    Ok(without_cookie(&state, deleted()))
}

/// End all of one's own sessions, on every device.
#[utoipa::path(operation_id = "signOutEverywhere", tag = "access",
    responses((status = 204, description = "All sessions have ended")))]
#[post("/auth/sign-out-everywhere")]
pub async fn sign_out_everywhere(
    who: May<UseOwnAccount>,
    state: web::Data<AppState>,
) -> Result<HttpResponse> {
    let actor = who.actor();
    state.db.write(move |conn| sessions::sign_out_everywhere(conn, &actor)).await?;
    if let Some(user) = who.user_id() {
        state.gate.forget_user(user);
    }
    Ok(without_cookie(&state, deleted()))
}

/// Change one's own password; all sessions end.
#[utoipa::path(operation_id = "changePassword", tag = "access", request_body = PasswordChange,
    responses((status = 204, description = "Changed; sign in again")))]
#[post("/auth/password")]
pub async fn change_password(
    who: May<UseOwnAccount>,
    state: web::Data<AppState>,
    body: Json<PasswordChange>,
) -> Result<HttpResponse> {
    let actor = who.actor();
    let Json(PasswordChange { current_password, new_password }) = body;
    state.quotas.check_failures(&actor.principal().to_string())?;
    let account = state.db.read(move |conn| sessions::own_account(conn, &actor)).await?;
    password::check(&new_password, account.username(), &[])
        .map_err(|broken| Error::fields(vec![FieldError::broken("/new_password", broken)]))?;
    let is_same = password::is_same(&current_password, &new_password);
    let checked = state.hasher.check(current_password, Some(account.password_hash().to_owned())).await?;
    if !checked.right {
        state.quotas.note_failure(&who.principal().to_string());
        return Err(Error::field("/current_password", "wrong_password"));
    }
    if is_same {
        // Whoever handed it over would go on knowing it.
        return Err(Error::field("/new_password", "password_unchanged"));
    }
    let hash = state.hasher.hash(new_password).await?;
    let actor = who.actor();
    state.db.write(move |conn| sessions::change_password(conn, &actor, &account, &hash)).await?;
    if let Some(user) = who.user_id() {
        state.gate.forget_user(user);
    }
    Ok(without_cookie(&state, deleted()))
}

/// One's own sessions.
#[utoipa::path(operation_id = "listSessions", tag = "access",
    responses((status = 200, body = Sessions, description = "Where one is signed in, newest first")))]
#[get("/auth/sessions")]
pub async fn list_sessions(who: May<UseOwnAccount>, state: web::Data<AppState>) -> Result<HttpResponse> {
    let actor = who.actor();
    Ok(ok(&state.db.read(move |conn| sessions::list(conn, &actor)).await?))
}

/// End one of one's own sessions.
#[utoipa::path(operation_id = "revokeSession", tag = "access", params(("id" = uuid::Uuid, Path, description = "The session")),
    responses((status = 204, description = "Ended")))]
#[post("/auth/sessions/{id}/revoke")]
pub async fn revoke_session(
    who: May<UseOwnAccount>,
    state: web::Data<AppState>,
    id: PathId<SessionMark>,
) -> Result<HttpResponse> {
    let (actor, id) = (who.actor(), *id);
    state.db.write(move |conn| sessions::revoke(conn, &actor, id)).await?;
    state.gate.forget_session(id);
    Ok(deleted())
}

/// The public keys of access tokens.
#[utoipa::path(operation_id = "getSigningKeys", tag = "access", security(()),
    responses((status = 200, body = Object, description = "A JSON Web Key Set (RFC 7517)")))]
#[get("/auth/jwks")]
pub async fn signing_keys(state: web::Data<AppState>) -> HttpResponse {
    ok(&state.signer.jwks())
}

/// The signed-in user.
#[utoipa::path(operation_id = "getMe", tag = "access", responses((status = 200, body = Me, description = "Who is signed in")))]
#[get("/me")]
pub async fn get_me(who: May<UseOwnAccount>, state: web::Data<AppState>) -> Result<HttpResponse> {
    let (actor, shared) = (who.actor(), state.clone());
    Ok(ok(&state.db.read(move |conn| sessions::me(conn, &actor, &shared.settings)).await?))
}

/// Change one's own preferences.
#[utoipa::path(operation_id = "changePreferences", tag = "access", request_body = PreferencesPatch,
    responses((status = 200, body = Me, description = "Changed")))]
#[patch("/me/preferences")]
pub async fn change_preferences(
    who: May<UseOwnAccount>,
    state: web::Data<AppState>,
    body: Json<PreferencesPatch>,
) -> Result<HttpResponse> {
    let (actor, shared, patch) = (who.actor(), state.clone(), body.0);
    let me = state
        .db
        .write(move |conn| sessions::change_preferences(conn, &actor, &shared.settings, &patch))
        .await?;
    Ok(ok(&me))
}

fn context(request: &HttpRequest) -> Result<RequestContext> {
    request.extensions().get::<RequestContext>().cloned().ok_or_else(|| Error::internal("no request context"))
}

fn signed_in(state: &AppState, context: &RequestContext, granted: Granted) -> Result<HttpResponse> {
    let (token, expires_at) = state
        .signer
        .issue((granted.user_id.uuid(), granted.session_id.uuid(), granted.auth_epoch), context.now)?;
    let mut response =
        ok(&SignedIn { access_token: token, expires_at: Instant(expires_at.to_utc()), me: granted.me });
    let cookie = cookie(state, granted.refresh_token, CookieDuration::seconds(granted.refresh_seconds));
    response.add_cookie(&cookie).map_err(Error::internal)?;
    Ok(response)
}

/// `__Host-` binds the cookie to this host and to https; on a loopback http address there is no https to bind it to.
fn cookie_name(state: &AppState) -> &'static str {
    if state.limits.https { "__Host-gx_rt" } else { "gx_rt" }
}

fn cookie(state: &AppState, value: String, max_age: CookieDuration) -> Cookie<'static> {
    Cookie::build(cookie_name(state), value)
        .path("/")
        .http_only(true)
        .secure(state.limits.https)
        .same_site(SameSite::Strict)
        .max_age(max_age)
        .finish()
}

fn without_cookie(state: &AppState, mut response: HttpResponse) -> HttpResponse {
    if let Err(error) = response.add_cookie(&cookie(state, String::new(), CookieDuration::ZERO)) {
        tracing::error!(%error, "the cookie could not be removed");
    }
    response
}

fn refresh_cookie(request: &HttpRequest, state: &AppState) -> Option<String> {
    request
        .cookie(cookie_name(state))
        .map(|cookie| cookie.value().to_owned())
        .filter(|value| !value.is_empty())
}

/// Only our own pages may use the cookie: the header needs a script, and the script needs our origin.
fn check_origin(request: &HttpRequest, state: &AppState) -> Result<()> {
    let refuse = |what: &'static str| {
        let field = FieldError::new(what, "origin_refused");
        Err(Error { fields: vec![field], ..Error::new(Code::OriginRefused) })
    };
    if request.headers().get("X-Guanxi").is_none_or(|value| value != "1") {
        return refuse("X-Guanxi");
    }
    let Some(origin) = request.headers().get(ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    let own =
        origin == state.public_origin || state.limits.allowed_origins.iter().any(|allowed| allowed == origin);
    let same_host = origin.split_once("://").map(|(_, host)| host)
        == request.headers().get("Host").and_then(|host| host.to_str().ok());
    if own || (same_host && !state.limits.https) { Ok(()) } else { refuse("Origin") }
}
