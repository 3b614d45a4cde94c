//! The server's own texts, from `locales/`. A test demands every code in both languages.

use std::collections::HashMap;
use std::sync::LazyLock;

use guanxi_api::Language;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::Code;

/// The texts of one language.
#[derive(Deserialize)]
pub(crate) struct Texts {
    pub(crate) problems: HashMap<String, ProblemText>,
    pub(crate) fields: HashMap<String, String>,
}

#[derive(Deserialize)]
pub(crate) struct ProblemText {
    pub(crate) title: String,
    pub(crate) detail: String,
    /// What to do about it, for the page at `/problems/{code}`.
    pub(crate) help: String,
}

static ZH_CN: LazyLock<Option<Texts>> = LazyLock::new(|| toml::from_str(include_str!("../locales/zh-CN.toml")).ok());
static EN: LazyLock<Option<Texts>> = LazyLock::new(|| toml::from_str(include_str!("../locales/en.toml")).ok());

pub(crate) fn of(language: Language) -> Option<&'static Texts> {
    match language {
        Language::ZhCn => ZH_CN.as_ref(),
        Language::En => EN.as_ref(),
    }
}

pub(crate) fn problem(language: Language, code: Code) -> Option<&'static ProblemText> {
    of(language)?.problems.get(code.as_str())
}

/// What a kind of problem is called.
pub fn problem_title(language: Language, code: Code) -> &'static str {
    problem(language, code).map_or(code.as_str(), |text| text.title.as_str())
}

/// What a kind of problem means, with the number of fields concerned.
pub fn problem_detail(language: Language, code: Code, fields: usize) -> String {
    let detail = problem(language, code).map_or(code.as_str(), |text| text.detail.as_str());
    detail.replace("{count}", &fields.to_string())
}

/// What is wrong with a field, with the figures of its rule.
pub fn field(language: Language, code: &str, params: &Map<String, Value>) -> String {
    let text = of(language).and_then(|texts| texts.fields.get(code)).map_or(code, String::as_str);
    let mut text = text.to_owned();
    for (name, value) in params {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text = text.replace(&format!("{{{name}}}"), &shown);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a4_every_problem_has_texts_in_both_languages() {
        for language in Language::ALL {
            let texts = of(*language).expect("the locale file is valid TOML");
            for code in Code::ALL {
                assert!(texts.problems.contains_key(code.as_str()), "{language}: {}", code.as_str());
            }
            assert_eq!(texts.problems.len(), Code::ALL.len(), "{language} has a problem that no code names");
        }
    }

    #[test]
    fn a4_both_languages_know_the_same_field_codes() {
        let codes = |language| {
            let mut codes: Vec<&String> = of(language).expect("valid TOML").fields.keys().collect();
            codes.sort();
            codes
        };
        assert_eq!(codes(Language::ZhCn), codes(Language::En));
    }
}
