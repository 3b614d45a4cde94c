//! The key by which names are sorted, the same on every database: compared byte by byte.

use guanxi_api::CustomerKind;

use super::reading::{Unit, units, ways_to_read};

/// Longest part of a name whose sound goes into the key, in characters and words.
const MAX_UNITS: usize = 40;

/// The sort key of a name: its pinyin without tones, syllables and words separated by one space, then two spaces,
/// then the name itself (`张三` → `zhang san  张三`).
///
/// The separator is lower than every letter, so that 张三 comes before 张三丰; among names of one sound the code
/// points decide. Surnames are read as surnames (单 is shan), `ü`
/// is `v`, which puts 吕 after 鲁 as dictionaries do. Words of other scripts go in in lower case without accents, so
/// that Latin names stand among the Chinese ones by their letters; a character without a known reading stands for
/// itself, after all that have one.
pub fn name_sort(kind: CustomerKind, name: &str) -> String {
    let mut units = units(kind, name);
    units.truncate(MAX_UNITS);
    let ways = ways_to_read(&units);
    let sounds = ways.first().into_iter().flatten().zip(&units);
    let mut key = String::new();
    for (sound, unit) in sounds {
        match unit {
            Unit::Character(c, _) if sound.is_empty() => key.push(*c),
            _ => key.push_str(sound),
        }
        key.push(' ');
    }
    if key.is_empty() {
        key.push(' ');
    }
    key.push(' ');
    key.push_str(name);
    key
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys() {
        let person = |name| name_sort(CustomerKind::Person, name);
        assert_eq!(person("张三"), "zhang san  张三");
        assert_eq!(person("单雄信"), "shan xiong xin  单雄信");
        assert_eq!(person("Zoë O'Brien"), "zoe obrien  Zoë O'Brien");
        assert_eq!(person("𠮷"), "𠮷  𠮷");
        assert_eq!(person("?"), "  ?");
        assert_eq!(name_sort(CustomerKind::Organisation, "单位"), "dan wei  单位");
    }

    #[test]
    fn order() {
        let sorted = [
            "?",
            "3M",
            "阿里",
            "John Smith",
            "李四",
            "鲁迅",
            "吕布",
            "单雄信",
            "王五",
            "曾国藩",
            "查良镛",
            "张三",
            "章三",
            "张三丰",
            "Zoë",
        ];
        let mut names = sorted;
        names.reverse();
        names.sort_by_key(|name| name_sort(CustomerKind::Person, name));
        assert_eq!(names, sorted);
    }

    proptest! {
        #[test]
        fn tells_names_apart(a in any::<String>(), b in any::<String>()) {
            let key = |name: &str| name_sort(CustomerKind::Person, name);
            prop_assert!(key(&a).ends_with(&a));
            prop_assert_eq!(key(&a) == key(&b), a == b);
        }
    }
}
