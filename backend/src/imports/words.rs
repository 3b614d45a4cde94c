//! What columns and codes are called in files, from `locales/imports.toml`.

use std::collections::HashMap;
use std::sync::LazyLock;

use guanxi_api::ImportField;
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

#[derive(Deserialize)]
struct Words {
    columns: HashMap<String, Vec<String>>,
    codes: HashMap<String, HashMap<String, Vec<String>>>,
}

struct Folded {
    columns: HashMap<String, ImportField>,
    codes: HashMap<String, HashMap<String, String>>,
}

static WORDS: LazyLock<Folded> = LazyLock::new(|| {
    let words: Option<Words> = toml::from_str(include_str!("../../locales/imports.toml")).ok();
    let Some(Words { columns, codes }) = words else {
        return Folded { columns: HashMap::new(), codes: HashMap::new() };
    };
    let mut named: HashMap<String, ImportField> =
        ImportField::ALL.iter().map(|field| (folded(field.as_str()), *field)).collect();
    for (code, names) in columns {
        if let Some(field) = ImportField::from_code(&code) {
            named.extend(names.iter().map(|name| (folded(name), field)));
        }
    }
    let codes = codes.into_iter().map(|(field, codes)| {
        let words = codes
            .into_iter()
            .flat_map(|(code, words)| words.into_iter().map(move |word| (folded(&word), code.clone())));
        (field, words.collect())
    });
    Folded { codes: codes.collect(), columns: named }
});

/// A word without what spellings differ in: width, case, spaces and punctuation.
fn folded(word: &str) -> String {
    word.nfkc().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What a column seems to hold, by its name.
pub(super) fn field_named(name: &str) -> Option<ImportField> {
    WORDS.columns.get(&folded(name)).copied()
}

/// The code that a word stands for, by the section of words for its field.
pub(super) fn code_named(section: &str, codes: &'static [&'static str], word: &str) -> Option<&'static str> {
    let wanted = folded(word);
    let known = WORDS.codes.get(section).and_then(|words| words.get(&wanted));
    codes.iter().copied().find(|code| known.is_some_and(|known| known == code) || folded(code) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_of_fields_and_codes_that_exist_and_each_says_one_thing() {
        let words: Words = toml::from_str(include_str!("../../locales/imports.toml")).unwrap();
        let mut seen = HashMap::new();
        for (field, names) in &words.columns {
            assert!(ImportField::from_code(field).is_some(), "{field}");
            for name in names {
                if let Some(other) = seen.insert(folded(name), field) {
                    assert_eq!(other, field, "{name} is the name of two fields");
                }
            }
        }
        for field in ImportField::ALL {
            assert!(words.columns.contains_key(field.as_str()), "no column is called {field}");
        }
        for (field, codes) in &words.codes {
            let of_customer = ImportField::from_code(field).and_then(crate::imports::mapping::codes_of);
            let of_records = || {
                let sections = crate::imports::records::coded_sections();
                sections.into_iter().find(|(section, _)| section == field).map(|(_, codes)| codes)
            };
            let known = of_customer.or_else(of_records).unwrap_or_else(|| panic!("{field} has no codes"));
            for (code, words) in codes {
                let found: Vec<_> = words.iter().map(|word| code_named(field, known, word)).collect();
                assert!(found.iter().all(|found| *found == Some(code.as_str())), "{field} {code}: {found:?}");
            }
        }
    }

    #[test]
    fn spellings_do_not_matter() {
        assert_eq!(field_named(" Customer_ID "), Some(ImportField::ExternalId));
        assert_eq!(field_named("手机号码"), Some(ImportField::Phone));
        assert_eq!(field_named("ＮＡＭＥ"), Some(ImportField::Name));
        assert_eq!(field_named("Row_Number"), None);
        let codes = &["female", "male"];
        assert_eq!(code_named("gender", codes, "Female"), Some("female"));
        assert_eq!(code_named("gender", codes, "男"), Some("male"));
        assert_eq!(code_named("gender", codes, "x"), None);
    }
}
