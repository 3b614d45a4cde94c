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
    /// What tasks are called that lines of Today become.
    task_titles: HashMap<String, String>,
    /// What is called after somebody: `{name}` is theirs.
    named_after: HashMap<String, String>,
    /// The page on which customers answer surveys.
    survey_page: HashMap<String, String>,
    /// What exported lists are called.
    pub(crate) export_names: HashMap<String, String>,
    /// The heads of the columns of exported lists.
    pub(crate) export_columns: HashMap<String, HashMap<String, String>>,
    /// The codes in exported lists, in words.
    pub(crate) export_codes: HashMap<String, HashMap<String, String>>,
}

#[derive(Deserialize)]
pub(crate) struct ProblemText {
    pub(crate) title: String,
    pub(crate) detail: String,
    /// What to do about it, for the page at `/problems/{code}`.
    pub(crate) help: String,
}

static ZH_CN: LazyLock<Option<Texts>> =
    LazyLock::new(|| toml::from_str(include_str!("../locales/zh-CN.toml")).ok());
static EN: LazyLock<Option<Texts>> =
    LazyLock::new(|| toml::from_str(include_str!("../locales/en.toml")).ok());

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

/// What a task is called that follows from something: `{name}` is the customer's, `{product}` what matures, `{day}` when.
pub fn task_title(language: Language, source: &str) -> &str {
    of(language).and_then(|texts| texts.task_titles.get(source)).map_or(source, String::as_str)
}

/// What a household is called for which nobody has given a name, after its primary member.
pub fn household_name(language: Language, primary: &str) -> String {
    let text = of(language).and_then(|texts| texts.named_after.get("household"));
    text.map_or_else(|| primary.to_owned(), |text| text.replace("{name}", primary))
}

/// A text of the page on which customers answer surveys; its name where there is none.
pub fn survey_page(language: Language, name: &str) -> &str {
    of(language).and_then(|texts| texts.survey_page.get(name)).map_or(name, String::as_str)
}

/// What is wrong with a field, with the figures of its rule. A rule with an upper bound only may have a text of its own, `{code}_max`.
pub fn field(language: Language, code: &str, params: &Map<String, Value>) -> String {
    let text = |code: &str| of(language).and_then(|texts| texts.fields.get(code));
    let bounded_above = params.contains_key("max") && !params.contains_key("min");
    let own = bounded_above.then(|| text(&format!("{code}_max"))).flatten();
    let mut text = own.or_else(|| text(code)).map_or(code, String::as_str).to_owned();
    for (name, value) in params {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text = text.replace(&format!("{{{name}}}"), &shown);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use super::*;

    /// Where a field's code stands in a call that makes one: the name of the function and the place of the argument. `wrong`,
    /// `refuse` and `refused` are what rooms call their own shorthand.
    const GIVES_A_CODE: [(&str, usize); 8] = [
        ("FieldError::new(", 1),
        ("Error::field(", 1),
        ("Error::conflict(", 1),
        ("Broken::new(", 0),
        ("ValidationError::new(", 0),
        ("wrong(", 0),
        ("refuse(", 0),
        ("refused(", 1),
    ];
    /// Codes that reach those calls through a variable, with the file that gives each.
    const THROUGH_A_VARIABLE: [(&str, &str); 7] = [
        ("org/store.rs", "has_units"),
        ("org/store.rs", "has_users"),
        ("org/store.rs", "has_customers"),
        ("customers/profile.rs", "only_for_persons"),
        ("customers/profile.rs", "only_for_organisations"),
        ("tasks/open.rs", "works_no_tasks"),
        ("tasks/open.rs", "sees_not_the_customer"),
    ];

    /// The source files of a folder without their tests and comments, by path.
    fn sources(folder: &Path) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in std::fs::read_dir(&next).expect("a folder of sources") {
                let path = entry.expect("an entry").path();
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                if path.is_dir() {
                    if !["checks", "testing", "demo"].contains(&name.as_str()) {
                        folders.push(path);
                    }
                } else if name.ends_with(".rs") && name != "tests.rs" {
                    let text = std::fs::read_to_string(&path).expect("UTF-8");
                    let own = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
                    let code: Vec<&str> =
                        own.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
                    let place =
                        path.strip_prefix(folder).expect("inside").to_string_lossy().replace('\\', "/");
                    found.insert(place, code.join("\n"));
                }
            }
        }
        found
    }

    /// The arguments of the call that `rest` stands behind the opening parenthesis of.
    fn arguments(rest: &str) -> Vec<String> {
        let (mut depth, mut in_string, mut escaped) = (0, false, false);
        let mut arguments = vec![String::new()];
        for character in rest.chars() {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_string = !in_string,
                _ if in_string => {}
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth == 0 => break,
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 0 => {
                    arguments.push(String::new());
                    continue;
                }
                _ => {}
            }
            arguments.last_mut().expect("one at least").push(character);
        }
        arguments
    }

    fn literals(text: &str) -> impl Iterator<Item = String> + '_ {
        let is_code =
            |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        text.split('"').skip(1).step_by(2).filter(is_code).map(str::to_owned)
    }

    /// Every field code that the sources can give.
    fn codes_in_sources() -> BTreeSet<String> {
        let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let own = sources(&crate_folder.join("src"));
        let contract = sources(&crate_folder.join("../openapi/src"));
        let mut codes = BTreeSet::new();
        for (place, code) in own.iter().chain(&contract) {
            for (call, at) in GIVES_A_CODE {
                for (start, _) in code.match_indices(call) {
                    let arguments = arguments(&code[start + call.len()..]);
                    // A shorthand may take the pointer first.
                    let at = if call == "wrong(" { arguments.len() - 1 } else { at };
                    codes.extend(arguments.get(at).into_iter().flat_map(|argument| literals(argument)));
                }
            }
            // The rules of `validator` are codes too.
            for (start, call) in code.match_indices("#[validate(") {
                for rule in arguments(&code[start + call.len()..]) {
                    let name = rule.trim().split('(').next().unwrap_or_default().to_owned();
                    if !["nested", "custom"].contains(&name.as_str()) {
                        codes.insert(name);
                    }
                }
            }
            if place.starts_with("listing/") {
                let of_lists = |code: &String| {
                    ["filter_", "sort_", "field_"].iter().any(|start| code.starts_with(start))
                };
                codes.extend(literals(code).filter(of_lists));
            }
        }
        for (place, code) in THROUGH_A_VARIABLE {
            assert!(own[place].contains(&format!("\"{code}\"")), "{place} no longer gives {code}");
            codes.insert(code.to_owned());
        }
        codes
    }

    #[test]
    fn a4_every_field_code_of_the_sources_has_a_text_in_both_languages() {
        let codes = codes_in_sources();
        for known in
            ["length", "range", "currency", "taken", "identity_format", "filter_bad_value", "not_in_scope"]
        {
            assert!(codes.contains(known), "the scan no longer finds {known}: {codes:?}");
        }
        for language in Language::ALL {
            let texts = &of(*language).expect("the locale file is valid TOML").fields;
            let missing: Vec<&String> = codes.iter().filter(|code| !texts.contains_key(*code)).collect();
            assert!(missing.is_empty(), "{language} has no text for {missing:?}");
            let idle: Vec<&String> = texts
                .keys()
                .filter(|code| !codes.contains(code.strip_suffix("_max").unwrap_or(code)))
                .collect();
            assert!(idle.is_empty(), "{language} has texts that nothing gives: {idle:?}");
        }
    }

    #[test]
    fn a4_texts_name_the_same_figures_in_both_languages() {
        let figures = |text: &str| -> BTreeSet<String> {
            text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect()
        };
        let (en, zh) = (of(Language::En).expect("valid TOML"), of(Language::ZhCn).expect("valid TOML"));
        for (code, text) in &en.fields {
            assert_eq!(figures(text), figures(&zh.fields[code]), "{code}");
        }
        for (code, text) in &en.problems {
            assert_eq!(figures(&text.detail), figures(&zh.problems[code].detail), "{code}");
        }
    }

    #[test]
    fn a4_the_figures_of_a_rule_stand_in_its_text() {
        let params = |value: Value| value.as_object().cloned().expect("an object");
        let both = params(serde_json::json!({"min": 3, "max": 64}));
        assert_eq!(field(Language::En, "length", &both), "The length must be from 3 to 64.");
        let most = params(serde_json::json!({"max": 20}));
        assert_eq!(field(Language::En, "length", &most), "There may be at most 20.");
        assert_eq!(field(Language::ZhCn, "length", &most), "最多 20 项。");
    }

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
