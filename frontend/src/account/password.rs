use std::rc::Rc;

use guanxi_api::{PasswordChange, SignedIn};
use yew::prelude::*;

use crate::api::{self, ApiError};
use crate::checks::Errors;
use crate::i18n::{Msg, use_i18n};
use crate::session::{Session, use_me, use_session};
use crate::shell::use_sign_out;
use crate::ui::{Button, Dialog, InputKind, Look, Notice, TextField, use_toasts};

/// Changes one's own password.
#[function_component]
pub fn PasswordForm() -> Html {
    let session = use_session();
    let me = use_me();
    let i = use_i18n();
    let toasts = use_toasts();
    let current = use_state(String::new);
    let new = use_state(String::new);
    let repeated = use_state(String::new);
    let errors = use_state(Errors::default);
    let refused = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);

    let onsubmit =
        cb!((current, new, repeated, errors, refused, busy, session, me, toasts), |event: SubmitEvent| {
            event.prevent_default();
            let change =
                PasswordChange { current_password: (*current).clone(), new_password: (*new).clone() };
            let mut found = Errors::check(&change, i);
            if *new != *repeated {
                found.add("/repeated", i.t(Msg::PasswordDiffers));
            }
            refused.set(None);
            errors.set(found.clone());
            if !found.is_empty() || *busy {
                return;
            }
            busy.set(true);
            spawn!((current, new, repeated, errors, refused, busy, session, me, toasts), {
                let username = me.as_ref().map_or("", |me| me.username.as_str());
                match api::auth::change_password(username, change).await {
                    Ok(SignedIn { me, .. }) => {
                        current.set(String::new());
                        new.set(String::new());
                        repeated.set(String::new());
                        toasts.say(i.t(Msg::PasswordChanged));
                        session.set.emit(Session::SignedIn(Rc::new(me)));
                    }
                    Err(error) => {
                        errors.set(Errors::of(&error));
                        refused.set(error.errors.is_empty().then_some(error));
                    }
                }
                busy.set(false);
            });
        });
    let field = |id: &'static str,
                 label: Msg<'_>,
                 kind,
                 state: &UseStateHandle<String>,
                 hint: Option<AttrValue>,
                 pointer: &str| {
        let oninput = cb!((state), |text| state.set(text));
        html! { <TextField {id} label={i.t(label)} {kind} value={(**state).clone()} {oninput} {hint} error={errors.at(pointer)} required=true /> }
    };
    html! {
        <form class="form" {onsubmit} novalidate=true>
            if let Some(error) = &*refused { <Notice tone="bad" alert=true>{ error.detail(i) }</Notice> }
            // Password managers keep the new one under this name.
            <input type="text" autocomplete="username" value={me.as_ref().map(|me| me.username.clone())} readonly=true hidden=true />
            { field("current-password", Msg::PasswordCurrent, InputKind::CurrentPassword, &current, None, "/current_password") }
            { field("new-password", Msg::PasswordNew, InputKind::NewPassword, &new, Some(i.t(Msg::PasswordHint)), "/new_password") }
            { field("repeated-password", Msg::PasswordRepeat, InputKind::NewPassword, &repeated, None, "/repeated") }
            <div class="form__actions"><Button submit=true look={Look::Primary} busy={*busy}>{ i.t(Msg::PasswordAction) }</Button></div>
        </form>
    }
}

/// The password was set by someone else: nothing goes on before it is changed.
#[function_component]
pub fn MustChangePassword() -> Html {
    let i = use_i18n();
    let sign_out = use_sign_out();
    let footer = html! { <Button look={Look::Quiet} onclick={move |_| sign_out.emit(())}>{ i.t(Msg::NavSignOut) }</Button> };
    html! {
        <Dialog title={i.t(Msg::PasswordMustTitle)} {footer}>
            <p>{ i.t(Msg::PasswordMustText) }</p>
            <PasswordForm />
        </Dialog>
    }
}
