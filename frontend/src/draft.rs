//! A form over something that others may change meanwhile: what was typed stays, everything else follows the newest.

use std::collections::BTreeMap;
use std::future::Future;
use std::ops::Deref;

use yew::prelude::*;

use crate::api::ApiError;
use crate::form::Form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code};
use crate::ui::{Button, Notice};

/// What a form was filled from, and so the version that saving names. Nothing that is read in the background replaces it, only the newest
/// after a refusal, which the form then shows: nobody saves over what they have not seen.
#[derive(Clone)]
pub struct Seen<T: 'static>(UseStateHandle<T>);

/// What a form is filled from at first.
#[hook]
pub fn use_seen<T: Clone + 'static>(first: &T) -> Seen<T> {
    Seen(use_state(|| first.clone()))
}

impl<T> Deref for Seen<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Seen<T> {
    /// Goes on from what saving has made of it.
    pub fn take(&self, now: T) {
        self.0.set(now);
    }

    /// Sends a change; if somebody else was faster, reads the newest and goes on from it.
    pub async fn save<R>(
        &self,
        change: impl Future<Output = Result<R, ApiError>>,
        newest: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<R, ApiError> {
        let outcome = change.await;
        if outcome.as_ref().is_err_and(ApiError::is_conflict)
            && let Ok(now) = newest.await
        {
            self.0.set(now);
        }
        outcome
    }
}

/// Names a field and its value.
type Words<'a> = &'a dyn Fn(&str, &str) -> (AttrValue, AttrValue);

/// Values as a form shows them, by their JSON pointers.
pub type Values = BTreeMap<String, String>;

/// What a form holds.
#[derive(Clone)]
pub struct Draft {
    typed: UseStateHandle<Values>,
    /// What the form began with, or was given up for.
    first: UseStateHandle<Values>,
    /// What the server has now.
    now: Values,
    i: I18n,
}

/// A draft over the newest values.
#[hook]
pub fn use_draft(now: Values) -> Draft {
    let first = use_state(|| now.clone());
    Draft { typed: use_state(Values::new), first, now, i: use_i18n() }
}

impl Draft {
    /// What the field at a pointer shows.
    pub fn at(&self, pointer: &str) -> String {
        self.typed.get(pointer).or_else(|| self.now.get(pointer)).cloned().unwrap_or_default()
    }

    /// What was entered into a field whose value is not shown in it.
    pub fn typed(&self, pointer: &str) -> String {
        self.typed.get(pointer).cloned().unwrap_or_default()
    }

    /// What is to be saved of a field: nothing where it is as the server has it.
    pub fn changed(&self, pointer: &str) -> Option<String> {
        self.typed.get(pointer).filter(|typed| self.now.get(pointer) != Some(typed)).cloned()
    }

    /// Whether anything is to be saved.
    pub fn is_changed(&self) -> bool {
        self.typed.keys().any(|pointer| self.changed(pointer).is_some())
    }

    /// Goes on from what saving has made of it.
    pub fn saved(&self, now: Values) {
        self.typed.set(Values::new());
        self.first.set(now);
    }

    /// Takes what is entered into a field.
    pub fn set(&self, pointer: &str) -> Callback<String> {
        let (typed, pointer) = (self.typed.clone(), pointer.to_owned());
        Callback::from(move |text: String| {
            let mut next = (*typed).clone();
            next.insert(pointer.clone(), text);
            typed.set(next);
        })
    }

    /// Takes what follows for several fields from what is entered into one of them.
    pub fn set_each(&self, of: impl Fn(String) -> Vec<(&'static str, String)> + 'static) -> Callback<String> {
        let typed = self.typed.clone();
        Callback::from(move |text: String| {
            let mut next = (*typed).clone();
            next.extend(of(text).into_iter().map(|(pointer, text)| (pointer.to_owned(), text)));
            typed.set(next);
        })
    }

    /// What keeps a form from being saved, where none of the fields `shown` is to blame. Once somebody else has saved: that the form shows
    /// it, and which of their values saving would replace; theirs may be kept instead.
    pub fn notice(
        &self,
        form: &Form,
        shown: &[&str],
        words: impl Fn(&str, &str) -> (AttrValue, AttrValue),
    ) -> Html {
        let theirs = self.theirs(&words, |pointer| self.changed(pointer).is_some());
        if self.now == *self.first {
            return form.notice(shown);
        }
        let besides = form.notice_unless(ApiError::is_conflict, shown);
        let (draft, form) = (self.clone(), form.clone());
        let keep = Callback::from(move |_: MouseEvent| {
            draft.saved(draft.now.clone());
            form.forgive();
        });
        html! {
            <>
                { besides }
                <Notice tone="warn" alert=true>
                    <p>{ self.i.t(Msg::ConflictForm) }</p>
                    if !theirs.is_empty() { <p>{ self.i.t(Msg::ConflictReplaces) }</p> }
                    { listed(theirs) }
                    if self.is_changed() {
                        <Button small=true onclick={keep}>{ self.i.t(Msg::ConflictKeepTheirs) }</Button>
                    }
                </Notice>
            </>
        }
    }

    /// The same for a form that does not show what it changes: all that stands otherwise than before. `keep` leaves it so.
    pub fn standing(
        &self,
        form: &Form,
        shown: &[&str],
        keep: &Callback<()>,
        words: impl Fn(&str, &str) -> (AttrValue, AttrValue),
    ) -> Html {
        if self.now == *self.first {
            return form.notice(shown);
        }
        let keep = keep.reform(|_: MouseEvent| ());
        html! {
            <>
                { form.notice_unless(ApiError::is_conflict, shown) }
                <Notice tone="warn" alert=true>
                    <p>{ self.i.t(Msg::ConflictStands) }</p>
                    { listed(self.theirs(&words, |_| true)) }
                    <Button small=true onclick={keep}>{ self.i.t(Msg::ConflictKeepTheirs) }</Button>
                </Notice>
            </>
        }
    }

    fn theirs(&self, words: Words<'_>, wanted: impl Fn(&str) -> bool) -> Vec<(AttrValue, AttrValue)> {
        let news = self.now.iter().filter(|(pointer, now)| self.first.get(*pointer) != Some(now));
        news.filter(|(pointer, _)| wanted(pointer)).map(|(pointer, now)| words(pointer, now)).collect()
    }
}

fn listed(values: Vec<(AttrValue, AttrValue)>) -> Html {
    html! {
        if !values.is_empty() {
            <ul>{ for values.into_iter().map(|(label, value)| html! { <li>{ label }{ ": " }<b>{ if value.is_empty() { AttrValue::from("—") } else { value } }</b></li> }) }</ul>
        }
    }
}

/// A box that is ticked.
pub const YES: &str = "true";

/// Whether a box is ticked, in words.
pub fn yes_or_no(value: &str, i: I18n) -> AttrValue {
    i.t(if value == YES { Msg::CommonYes } else { Msg::CommonNo })
}

/// A code in words.
pub fn in_words<T: Label>(code: &str, i: I18n) -> AttrValue {
    by_code::<T>(code).map_or_else(|| code.to_owned().into(), |value| value.label(i))
}

/// Values by their pointers, as a form begins with them.
pub fn values<const N: usize>(of: [(&str, String); N]) -> Values {
    of.into_iter().map(|(pointer, value)| (pointer.to_owned(), value)).collect()
}
