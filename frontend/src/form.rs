use std::future::Future;

use yew::prelude::*;

use crate::api::ApiError;
use crate::checks::Errors;
use crate::i18n::{I18n, use_i18n};
use crate::ui::Notice;

/// What every form has: what is wrong with it, and whether it is on its way.
#[derive(Clone)]
pub struct Form {
    errors: UseStateHandle<Errors>,
    refused: UseStateHandle<Option<ApiError>>,
    busy: UseStateHandle<bool>,
    done: Callback<()>,
    i: I18n,
}

/// A form that closes by `done` when the server has taken it.
#[hook]
pub fn use_form(done: Callback<()>) -> Form {
    Form {
        errors: use_state(Errors::default),
        refused: use_state(|| None::<ApiError>),
        busy: use_state(|| false),
        done,
        i: use_i18n(),
    }
}

impl Form {
    /// What is wrong with the field at a pointer.
    pub fn at(&self, pointer: &str) -> Option<AttrValue> {
        self.errors.at(pointer)
    }

    /// Everything that is wrong with it.
    pub fn errors(&self) -> &Errors {
        &self.errors
    }

    pub fn busy(&self) -> bool {
        *self.busy
    }

    /// Forgets what was wrong with it, when what was entered is given up.
    pub fn forgive(&self) {
        self.errors.set(Errors::default());
        self.refused.set(None);
    }

    /// Why the server has not taken it, where no field is to blame that is in sight.
    pub fn notice(&self, shown: &[&str]) -> Html {
        self.notice_unless(|_| false, shown)
    }

    /// The same without a refusal of which something else tells.
    pub fn notice_unless(&self, told: fn(&ApiError) -> bool, shown: &[&str]) -> Html {
        let besides: Vec<AttrValue> = self.errors.besides(shown).map(|(_, message)| message).collect();
        html! {
            <>
                if let Some(error) = self.refused.as_ref().filter(|error| !told(error)) { <Notice tone="bad" alert=true>{ error.detail(self.i) }</Notice> }
                { for besides.into_iter().map(|message| html! { <Notice tone="bad" alert=true>{ message }</Notice> }) }
            </>
        }
    }

    /// Sends it, unless something was found wrong before or it is on its way.
    pub fn send(&self, found: Errors, request: impl Future<Output = Result<(), ApiError>> + 'static) {
        let stop = !found.is_empty() || *self.busy;
        self.errors.set(found);
        self.refused.set(None);
        if stop {
            return;
        }
        self.busy.set(true);
        let form = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let outcome = request.await;
            form.busy.set(false);
            match outcome {
                Ok(()) => form.done.emit(()),
                Err(error) => {
                    form.errors.set(Errors::of(&error));
                    form.refused.set(error.errors.is_empty().then_some(error));
                }
            }
        });
    }
}
