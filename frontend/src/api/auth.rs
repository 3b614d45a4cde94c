use guanxi_api::{PasswordChange, PreferencesPatch, Sessions, SignIn, SignedIn};
use uuid::Uuid;

use super::{ApiError, Call, Event, token};
use crate::dom;

/// Whose session there may be to go on with, for all tabs; without it a first visit asks for none.
const HINT: &str = "guanxi.session";

/// Whether this browser was signed in when it was last here.
pub fn may_be_signed_in() -> bool {
    dom::stored(HINT).is_some()
}

/// Hears of those who sign in in other tabs.
pub fn hear_other_tabs() {
    dom::on_stored(HINT, |hint| {
        let user = hint.and_then(|hint| hint.parse::<Uuid>().ok());
        match user.and_then(token::met) {
            Some(true) => super::tell(Event::OwnAgain),
            Some(false) => super::tell(Event::SomeoneElse),
            None => {}
        }
    });
}

fn told_to_tabs(signed_in: SignedIn) -> SignedIn {
    dom::store(HINT, Some(&signed_in.me.id.to_string()));
    signed_in
}

/// Forgets that anyone was signed in here.
pub fn forget() {
    // What other tabs are told by now is of somebody else.
    if !token::is_taken() {
        dom::store(HINT, None);
    }
    token::leave();
}

pub async fn sign_in(credentials: &SignIn) -> Result<SignedIn, ApiError> {
    Call::post("/auth/sign-in").open().json(credentials).read().await.map(|signed_in| {
        token::keep(&signed_in);
        told_to_tabs(signed_in)
    })
}

/// Trades the refresh cookie for a new token. It is refused if the cookie is of another user than the page.
pub async fn refresh() -> Result<SignedIn, ApiError> {
    let signed_in = Call::post("/auth/refresh").open().read().await?;
    token::renew(&signed_in)?;
    Ok(told_to_tabs(signed_in))
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
