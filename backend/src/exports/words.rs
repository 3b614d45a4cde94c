//! What columns and codes are called in files, from `locales/`: the words that the screens of the lists use.

use guanxi_api::{ExportList, Language};

use crate::messages;

/// The head of a column.
pub(super) fn column(language: Language, list: ExportList, field: &'static str) -> &'static str {
    let words = messages::of(language).and_then(|texts| texts.export_columns.get(list.as_str()));
    words.and_then(|words| words.get(field)).map_or(field, String::as_str)
}

/// A code in words.
pub(super) fn code(language: Language, set: &'static str, code: &'static str) -> &'static str {
    let words = messages::of(language).and_then(|texts| texts.export_codes.get(set));
    words.and_then(|words| words.get(code)).map_or(code, String::as_str)
}

/// The name of a list, for files and sheets.
pub(super) fn list(language: Language, list: ExportList) -> &'static str {
    let name = messages::of(language).and_then(|texts| texts.export_names.get(list.as_str()));
    name.map_or(list.as_str(), String::as_str)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use guanxi_api::*;

    use super::*;
    use crate::exports::columns::heads;

    /// The sets of codes that stand in files.
    const SETS: [(&str, &[&str]); 18] = [
        ("customer_kind", CustomerKind::CODES),
        ("customer_status", CustomerStatus::CODES),
        ("tier", Tier::CODES),
        ("profile_piece", ProfilePiece::CODES),
        ("gender", Gender::CODES),
        ("interaction_kind", InteractionKind::CODES),
        ("direction", Direction::CODES),
        ("interaction_purpose", InteractionPurpose::CODES),
        ("interaction_outcome", InteractionOutcome::CODES),
        ("mood", Mood::CODES),
        ("task_priority", TaskPriority::CODES),
        ("task_status", TaskStatus::CODES),
        ("task_source", TaskSource::CODES),
        ("product_kind", ProductKind::CODES),
        ("holding_status", HoldingStatus::CODES),
        ("holding_channel", HoldingChannel::CODES),
        ("quantity_unit", QuantityUnit::CODES),
        ("truth", &["true", "false"]),
    ];

    #[test]
    fn every_code_has_a_word_that_says_one_thing() {
        for language in Language::ALL {
            let texts = &messages::of(*language).unwrap().export_codes;
            assert_eq!(texts.len(), SETS.len());
            for (set, codes) in SETS {
                let words: BTreeSet<&str> = codes.iter().map(|known| code(*language, set, known)).collect();
                assert_eq!(words.len(), codes.len(), "{language} {set}");
                assert!(codes.iter().all(|code| texts[set].contains_key(*code)), "{language} {set}");
                assert_eq!(texts[set].len(), codes.len(), "{language} {set}");
            }
        }
    }

    #[test]
    fn the_words_are_those_of_the_screens() {
        for language in Language::ALL {
            let file = format!("{}/../frontend/locales/{language}.toml", env!("CARGO_MANIFEST_DIR"));
            let screens: toml::Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
            // The screens call a piece of a profile what they call its field.
            for (set, codes) in SETS.iter().filter(|(set, _)| !["truth", "profile_piece"].contains(set)) {
                for known in *codes {
                    let shown = screens[*set][*known].as_str();
                    assert_eq!(Some(code(*language, set, known)), shown, "{language} {set}");
                }
            }
        }
    }

    /// The list of customers asks for a file of the columns that it shows.
    #[test]
    fn every_column_of_the_list_of_customers_can_stand_in_a_file() {
        let file = format!("{}/../frontend/src/customers/columns.rs", env!("CARGO_MANIFEST_DIR"));
        let screen = std::fs::read_to_string(file).unwrap();
        let shown: Vec<&str> =
            screen.split("Column::new(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(shown.len() > 20, "{shown:?}");
        let heads = heads(ExportList::Customers, CsvProfile::Spreadsheet);
        let missing: Vec<&&str> = shown.iter().filter(|column| !heads.contains(column)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_column_has_a_head_of_its_own() {
        for language in Language::ALL {
            for of in ExportList::ALL {
                let texts = &messages::of(*language).unwrap().export_columns[of.as_str()];
                for profile in CsvProfile::ALL {
                    let fields = heads(*of, *profile);
                    let words: HashMap<&str, &str> =
                        fields.iter().map(|field| (column(*language, *of, field), *field)).collect();
                    assert_eq!(words.len(), fields.len(), "{language} {of} has two columns of one name");
                }
                let shown: BTreeSet<&str> = heads(*of, CsvProfile::Spreadsheet).into_iter().collect();
                let known: BTreeSet<&str> = texts.keys().map(String::as_str).collect();
                assert_eq!(known, shown, "{language} {of}");
                assert_ne!(list(*language, *of), of.as_str(), "{language} {of} has no name");
            }
        }
    }
}
