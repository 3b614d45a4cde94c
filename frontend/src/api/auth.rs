use guanxi_api::{PasswordChange, PreferencesPatch, Sessions, SignIn, SignedIn};
use uuid::Uuid;

use super::{ApiError, Call, token};
use crate::dom;

/// Says that there may be a session to go on with; without it a first visit asks for none.
const HINT: &str = "guanxi.session";

/// Whether this browser was signed in when it was last here.
pub fn may_be_signed_in() -> bool {
    dom::stored(HINT).is_some()
}

fn keep(signed_in: SignedIn) -> SignedIn {
    token::keep(&signed_in);
    dom::store(HINT, Some("1"));
    signed_in
}

/// Forgets that anyone was signed in here.
pub fn forget() {
    token::forget();
    dom::store(HINT, None);
}

pub async fn sign_in(credentials: &SignIn) -> Result<SignedIn, ApiError> {
    Call::post("/auth/sign-in").open().json(credentials).read().await.map(keep)
}

/// Trades the refresh cookie for a new token.
pub async fn refresh() -> Result<SignedIn, ApiError> {
    Call::post("/auth/refresh").open().read().await.map(keep)
}

pub async fn sign_out() -> Result<(), ApiError> {
    Call::post("/auth/sign-out").open().send().await?;
    forget();
    Ok(())
}

pub async fn sign_out_everywhere() -> Result<(), ApiError> {
    Call::post("/auth/sign-out-everywhere").marked().send().await?;
    forget();
    Ok(())
}

/// Changes the password, which ends all sessions, and signs in with the new one.
pub async fn change_password(username: &str, change: PasswordChange) -> Result<SignedIn, ApiError> {
    Call::post("/auth/password").json(&change).send().await?;
    token::forget();
    sign_in(&SignIn { username: username.to_owned(), password: change.new_password }).await
}

pub async fn sessions() -> Result<Sessions, ApiError> {
    Call::get("/auth/sessions").read().await
}

pub async fn revoke_session(id: Uuid) -> Result<(), ApiError> {
    Call::post(format!("/auth/sessions/{id}/revoke")).send().await.map(drop)
}

pub async fn set_preferences(patch: &PreferencesPatch) -> Result<(), ApiError> {
    Call::patch("/me/preferences").json(patch).send().await.map(drop)
}
