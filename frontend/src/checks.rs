//! The contract's own rules, checked before a form is sent, and what is wrong with each field.

use std::borrow::Cow;
use std::collections::BTreeMap;

use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};
use yew::AttrValue;

use crate::api::ApiError;
use crate::i18n::{I18n, Msg};

/// What is wrong, by JSON pointer into the body.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Errors(BTreeMap<String, AttrValue>);

impl Errors {
    /// What is wrong with the field at `pointer`.
    pub fn at(&self, pointer: &str) -> Option<AttrValue> {
        self.0.get(pointer).cloned()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a finding unless the field has one already.
    pub fn add(&mut self, pointer: impl Into<String>, message: AttrValue) {
        self.0.entry(pointer.into()).or_insert(message);
    }

    /// The fields that are wrong, apart from those in `shown`.
    pub fn besides<'a>(&'a self, shown: &'a [&str]) -> impl Iterator<Item = (&'a str, AttrValue)> {
        self.0
            .iter()
            .filter(|(pointer, _)| !shown.contains(&pointer.as_str()))
            .map(|(p, m)| (p.as_str(), m.clone()))
    }

    /// All findings.
    pub fn iter(&self) -> impl Iterator<Item = (&str, AttrValue)> {
        self.0.iter().map(|(pointer, message)| (pointer.as_str(), message.clone()))
    }

    /// What the server found wrong.
    pub fn of(error: &ApiError) -> Self {
        Errors(error.errors.iter().map(|e| (e.pointer.clone(), AttrValue::from(e.message.clone()))).collect())
    }

    /// Checks a body by the contract's rules.
    pub fn check(body: &impl Validate, i: I18n) -> Self {
        let mut errors = Errors::default();
        if let Err(found) = body.validate() {
            collect(&found, "", i, &mut errors);
        }
        errors
    }
}

fn collect(found: &ValidationErrors, at: &str, i: I18n, errors: &mut Errors) {
    for (field, kind) in found.errors() {
        // Members that are keywords in Rust or no identifiers carry other names on the wire.
        let name = match field.as_ref() {
            "zh_cn" => "zh-CN",
            other => other,
        };
        let pointer = format!("{at}/{name}");
        match kind {
            ValidationErrorsKind::Field(list) => {
                if let Some(first) = list.first() {
                    errors.add(pointer, message(first, i));
                }
            }
            ValidationErrorsKind::Struct(inner) => collect(inner, &pointer, i, errors),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    collect(inner, &format!("{pointer}/{index}"), i, errors);
                }
            }
        }
    }
}

fn message(error: &ValidationError, i: I18n) -> AttrValue {
    let figure = |name: &str| error.params.get(&Cow::from(name.to_owned())).map(ToString::to_string);
    let empty = error.params.get("value").is_some_and(|value| value.as_str() == Some(""));
    match (error.code.as_ref(), figure("min"), figure("max")) {
        ("length", Some(min), _) if empty && min != "0" => i.t(Msg::CheckRequired),
        ("length", Some(min), Some(max)) => i.t(Msg::CheckLength { min: &min, max: &max }),
        ("length", Some(min), None) => i.t(Msg::CheckMinLength { min: &min }),
        ("length", None, Some(max)) => i.t(Msg::CheckMaxLength { max: &max }),
        ("range", Some(min), Some(max)) => i.t(Msg::CheckRange { min: &min, max: &max }),
        ("time_of_day", ..) => i.t(Msg::CheckTime),
        ("system_name", ..) => i.t(Msg::CheckSystemName),
        _ => i.t(Msg::CheckInvalid),
    }
}
