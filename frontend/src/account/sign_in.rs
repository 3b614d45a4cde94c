use guanxi_api::{Me, SignIn};
use yew::prelude::*;

use crate::api::{self, ApiError, Failure};
use crate::checks::Errors;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::shell::{LanguageMenu, ThemeMenu};
use crate::ui::{Button, Dialog, InputKind, Look, Notice, TextField};

#[derive(Properties, PartialEq)]
pub struct SignInPageProps {
    pub onsignin: Callback<Me>,
}

/// The first page.
#[function_component]
pub fn SignInPage(props: &SignInPageProps) -> Html {
    let i = use_i18n();
    use_effect_with(i.lang, move |_| {
        gloo_utils::document().set_title(&i.t(Msg::AppWindowTitle { page: &i.t(Msg::SignInTitle) }));
    });
    html! {
        <div class="sign-in">
            <header class="sign-in__bar"><LanguageMenu /><ThemeMenu /></header>
            <main class="sign-in__card">
                <div class="sign-in__brand">
                    <span class="rail__seal" aria-hidden="true">{ "关" }</span>
                    <div><h1>{ i.t(Msg::AppName) }</h1><p class="muted">{ i.t(Msg::SignInText) }</p></div>
                </div>
                <SignInForm onsignin={props.onsignin.clone()} />
            </main>
            <footer class="sign-in__foot">{ i.t(Msg::SignInForgot) }</footer>
        </div>
    }
}

fn why(error: &ApiError, i: I18n) -> AttrValue {
    match (error.failure, error.retry_after) {
        // The account is closed for a while: say for how long.
        (Failure::Refused, Some(seconds)) => {
            let minutes = i.number(seconds.div_ceil(60));
            i.t(Msg::SignInWait { detail: &error.detail(i), minutes: &minutes })
        }
        _ => error.detail(i),
    }
}

#[derive(Properties, PartialEq)]
struct SignInFormProps {
    /// Who it is, when it can be nobody else.
    #[prop_or_default]
    username: Option<AttrValue>,
    onsignin: Callback<Me>,
}

#[function_component]
fn SignInForm(props: &SignInFormProps) -> Html {
    let i = use_i18n();
    let username = use_state(|| props.username.clone().unwrap_or_default().to_string());
    let password = use_state(String::new);
    let errors = use_state(Errors::default);
    let refused = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);

    let onsignin = &props.onsignin;
    let onsubmit = cb!((username, password, errors, refused, busy, onsignin), |event: SubmitEvent| {
        event.prevent_default();
        if *busy {
            return;
        }
        let credentials = SignIn { username: username.trim().to_owned(), password: (*password).clone() };
        let found = Errors::check(&credentials, i);
        errors.set(found.clone());
        refused.set(None);
        if !found.is_empty() {
            crate::dom::focus(if found.at("/username").is_some() { "username" } else { "password" });
            return;
        }
        busy.set(true);
        spawn!((password, refused, busy, onsignin), {
            match api::auth::sign_in(&credentials).await {
                Ok(signed_in) => onsignin.emit(signed_in.me),
                Err(error) => {
                    password.set(String::new());
                    refused.set(Some(error));
                    busy.set(false);
                    crate::dom::focus("password");
                }
            }
        });
    });
    let type_username = cb!((username), |text| username.set(text));
    let type_password = cb!((password), |text| password.set(text));
    html! {
        <form class="form" {onsubmit} novalidate=true>
            if let Some(error) = &*refused { <Notice tone="bad" alert=true>{ why(error, i) }</Notice> }
            <TextField id="username" label={i.t(Msg::SignInUsername)} kind={InputKind::Username} value={(*username).clone()} oninput={type_username}
                error={errors.at("/username")} required=true autofocus={props.username.is_none()} disabled={props.username.is_some()} />
            <TextField id="password" label={i.t(Msg::SignInPassword)} kind={InputKind::CurrentPassword} value={(*password).clone()} oninput={type_password}
                error={errors.at("/password")} required=true autofocus={props.username.is_some()} />
            <Button submit=true look={Look::Primary} wide=true busy={*busy}>{ i.t(Msg::SignInAction) }</Button>
        </form>
    }
}

#[derive(Properties, PartialEq)]
pub struct SomeoneElseProps {
    /// Whose page it is.
    pub name: AttrValue,
}

/// Somebody else has signed in in another tab: the page does nothing in their name. What is typed stays until it is loaded anew, and the page
/// goes on by itself once its own user is back.
#[function_component]
pub fn SomeoneElse(props: &SomeoneElseProps) -> Html {
    let i = use_i18n();
    let go_on = |_: MouseEvent| crate::dom::reload();
    let footer =
        html! { <Button look={Look::Primary} onclick={go_on}>{ i.t(Msg::SignInOtherAction) }</Button> };
    html! {
        <Dialog title={i.t(Msg::SignInOtherTitle)} {footer}>
            <p>{ i.t(Msg::SignInOtherText { name: &props.name }) }</p>
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
pub struct ReSignInProps {
    pub username: AttrValue,
    /// Signed in again, or not.
    pub ondone: Callback<Option<Me>>,
}

/// The session has ended: signs in again over the page, whose forms keep what is typed.
#[function_component]
pub fn ReSignIn(props: &ReSignInProps) -> Html {
    let i = use_i18n();
    let done = props.ondone.clone();
    let leave = cb!((done), |_: MouseEvent| done.emit(None));
    let onsignin = move |me: Me| done.emit(Some(me));
    html! {
        <Dialog title={i.t(Msg::SignInAgainTitle)} footer={html! { <Button look={Look::Quiet} onclick={leave}>{ i.t(Msg::SignInAgainLeave) }</Button> }}>
            <p>{ i.t(Msg::SignInAgainText) }</p>
            <SignInForm username={props.username.clone()} {onsignin} />
        </Dialog>
    }
}
