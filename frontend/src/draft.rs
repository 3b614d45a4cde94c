//! A form over something that others may change meanwhile: what was typed stays, everything else follows the newest.

use std::collections::BTreeMap;
use std::rc::Rc;

use yew::prelude::*;

use crate::i18n::{I18n, Msg, use_i18n};
use crate::ui::Notice;

/// Values as a form shows them, by their JSON pointers.
pub type Values = BTreeMap<String, String>;

/// What a form holds.
#[derive(Clone)]
pub struct Draft {
    typed: UseStateHandle<Values>,
    /// What the form began with.
    first: Rc<Values>,
    /// What the server has now.
    now: Values,
    i: I18n,
}

/// A draft over the newest values.
#[hook]
pub fn use_draft(now: Values) -> Draft {
    let first = use_memo((), |()| now.clone());
    Draft { typed: use_state(Values::new), first, now, i: use_i18n() }
}

impl Draft {
    /// What the field at a pointer shows.
    pub fn at(&self, pointer: &str) -> String {
        self.typed.get(pointer).or_else(|| self.now.get(pointer)).cloned().unwrap_or_default()
    }

    /// What is to be saved of a field: nothing where it is as the server has it.
    pub fn changed(&self, pointer: &str) -> Option<String> {
        self.typed.get(pointer).filter(|typed| self.now.get(pointer) != Some(typed)).cloned()
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

    /// Once somebody else has saved: that the form shows it, and which of their values saving would replace. `words` names a field and
    /// its value.
    pub fn notice(&self, words: impl Fn(&str, &str) -> (AttrValue, AttrValue)) -> Html {
        let theirs: Vec<_> = self
            .now
            .iter()
            .filter(|(pointer, now)| self.changed(pointer).is_some() && self.first.get(*pointer) != Some(now))
            .map(|(pointer, now)| words(pointer, now))
            .collect();
        if self.now == *self.first {
            return html!();
        }
        html! {
            <Notice tone="warn" alert=true>
                <p>{ self.i.t(Msg::ConflictForm) }</p>
                if !theirs.is_empty() {
                    <p>{ self.i.t(Msg::ConflictReplaces) }</p>
                    <ul>{ for theirs.into_iter().map(|(label, value)| html! { <li>{ label }{ ": " }<b>{ value }</b></li> }) }</ul>
                }
            </Notice>
        }
    }
}
