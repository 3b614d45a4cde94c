//! Finding people and organisations by name, part of a name or sound.
//!
//! At write time [`index_tokens`] makes the tokens of a name; at read time [`query`] makes the tokens
//! that must all be among them, some as prefixes, and [`recheck`] decides over the names themselves, since the
//! tokens alone may find too much. [`beginnings`] holds the texts that a name begins with, by which the nearest
//! matches come first.
//!
//! | typed | finds 张三丰 by |
//! | --- | --- |
//! | 张, 三丰 | characters and pairs of characters |
//! | zhangsan, sanfeng | sound from any character on, as a prefix |
//! | zs, zsf, sf | initials from any character on, as a prefix |
//! | zhangsf | sound of the surname and initials |
//! | 张s, 张sf | character and initial of the next one, then as above |
//!
//! A token holds letters and digits only, so that SQLite's FTS5 with `tokenize='ascii'` and PostgreSQL's
//! `array_to_tsvector` keep it as it is.

use std::collections::{BTreeSet, HashSet};

use guanxi_api::CustomerKind;

use super::reading::{Unit, first_sounds, fold, is_cjk, surname_length, units, ways_to_read};

/// Changes whenever [`index_tokens`], [`pairs`] or [`beginnings`] give others, so that stored ones are rebuilt.
pub const SEARCH_VERSION: i16 = 4;
/// Most tokens of one name with its aliases. A person's name has about 12; only organisations with several long names come near.
pub const MAX_TOKENS: usize = 160;
/// Longest token, in characters; a longer query is cut to it as well.
pub const MAX_TOKEN_LENGTH: usize = 32;
/// Most names of one person or organisation that are indexed.
const MAX_NAMES: usize = 6;
/// Units of a name that are found by their characters.
const WRITTEN_UNITS: usize = 40;
/// Units of a name that are found by their sound.
const SOUNDED_UNITS: usize = 24;
/// Longest query that is looked at, in characters.
const MAX_QUERY: usize = 64;
/// Most ways to read a name whose sound it is found by as a beginning.
const BEGINNING_WAYS: usize = 4;
/// Characters that may stand before sound or initials in a beginning, as in 张三f.
const WRITTEN_BEFORE_SOUND: usize = 3;
/// Most tokens of one query; what is left out is still decided by [`recheck`].
const MAX_QUERY_TOKENS: usize = 12;

/// The tokens of a name: of the name first, then of the aliases (former names, short names, the name in
/// another script), until there are [`MAX_TOKENS`].
pub fn index_tokens(kind: CustomerKind, name: &str, aliases: &[&str]) -> BTreeSet<String> {
    let names: Vec<Vec<Unit>> = std::iter::once(name)
        .chain(aliases.iter().copied())
        .take(MAX_NAMES)
        .map(|name| units(kind, name))
        .collect();
    let mut tokens = Tokens::default();
    for units in &names {
        tokens.add_written(units);
    }
    let sounded = |units: &[Unit]| units.iter().take(SOUNDED_UNITS).cloned().collect::<Vec<_>>();
    let names: Vec<Vec<Unit>> = names.iter().map(|units| sounded(units)).collect();
    // The likeliest reading of every name goes before the alternatives of any.
    for skipped in [true, false] {
        for units in &names {
            let surname = if kind == CustomerKind::Person { surname_length(units) } else { 0 };
            let ways = ways_to_read(units);
            let ways = if skipped { ways.get(..1) } else { ways.get(1..) };
            for way in ways.unwrap_or_default() {
                tokens.add_sounded(way, surname);
            }
        }
    }
    tokens.0
}

#[derive(Default)]
struct Tokens(BTreeSet<String>);

impl Tokens {
    fn add(&mut self, token: &str) {
        if !token.is_empty() && self.0.len() < MAX_TOKENS {
            self.0.insert(token.chars().take(MAX_TOKEN_LENGTH).collect());
        }
    }

    /// Characters, pairs, and each character with the initial of what follows it.
    fn add_written(&mut self, units: &[Unit]) {
        for (index, unit) in units.iter().enumerate().take(WRITTEN_UNITS) {
            let Unit::Character(c, _) = unit else { continue };
            self.add(&c.to_string());
            if let Some(Unit::Character(next, _)) = units.get(index + 1) {
                self.add(&format!("{c}{next}"));
            }
            let sounded = units.iter().skip(index + 1).find(|unit| !unit.sounds().is_empty());
            if index < SOUNDED_UNITS {
                for sound in sounded.map(Unit::sounds).unwrap_or_default() {
                    self.add(&format!("{c}{}", initial(sound)));
                }
            }
        }
    }

    /// Sounds and initials from every unit on, and the surname's sound with the initials of the given name.
    fn add_sounded(&mut self, way: &[&str], surname: usize) {
        let initials = |sounds: &[&str]| sounds.iter().map(|sound| initial(sound)).collect::<String>();
        for start in 0..way.len() {
            let sounds = way.get(start..).unwrap_or_default();
            self.add(&sounds.concat());
            let initials = initials(sounds);
            // One initial alone is the beginning of its sound.
            if initials.chars().nth(1).is_some() {
                self.add(&initials);
            }
        }
        if let Some((surname, given)) = way.split_at_checked(surname)
            && !surname.is_empty()
            && !given.is_empty()
        {
            self.add(&format!("{}{}", surname.concat(), initials(given)));
        }
    }
}

/// The pairs of characters in a name, the one that it begins with first if there is one, and whether there is one. They are the tokens
/// of a name that most searches ask for, and the store keeps them in the order of names.
pub fn pairs(kind: CustomerKind, name: &str) -> (Vec<String>, bool) {
    let mut units = units(kind, name);
    units.truncate(WRITTEN_UNITS + 1);
    let mut found = Vec::new();
    let mut begins = false;
    for (index, pair) in units.windows(2).enumerate() {
        let [Unit::Character(first, _), Unit::Character(second, _)] = pair else { continue };
        let pair = format!("{first}{second}");
        if !found.contains(&pair) {
            found.push(pair);
            begins |= index == 0;
        }
    }
    (found, begins)
}

fn initial(sound: &str) -> String {
    sound.chars().take(1).collect()
}

/// The texts that a name begins with, each after a space: as it is written; its sound and its initials in the reading that it is
/// sorted by (and in others that begin with the same letter); the surname's sound with the initials of the given name;
/// and its first characters with sound or initials of the rest.
///
/// A name begins with a typed text when a space and [`Query::beginning`] are in it.
pub fn beginnings(kind: CustomerKind, name: &str) -> String {
    let mut units = units(kind, name);
    units.truncate(WRITTEN_UNITS);
    let written = |unit: &Unit| match unit {
        Unit::Character(c, _) => c.to_string(),
        Unit::Word(word) => word.clone(),
    };
    let surname = if kind == CustomerKind::Person { surname_length(&units) } else { 0 };
    let mut found = Vec::new();
    let mut add = |text: String| {
        let text: String = text.chars().take(MAX_QUERY).collect();
        if !text.is_empty() && !found.contains(&text) {
            found.push(text);
        }
    };
    add(units.iter().map(written).collect());
    let mut first_letter = None;
    for (rank, way) in ways_to_read(&units).into_iter().take(BEGINNING_WAYS).enumerate() {
        // What has no sound stands for itself, as in the sort key.
        let sounds: Vec<String> = way
            .iter()
            .zip(&units)
            .map(|(sound, unit)| if sound.is_empty() { written(unit) } else { (*sound).to_owned() })
            .collect();
        let letter = sounds.first().map(|sound| initial(sound));
        if *first_letter.get_or_insert_with(|| letter.clone()) != letter {
            continue;
        }
        let initials = |sounds: &[String]| sounds.iter().map(|sound| initial(sound)).collect::<String>();
        add(sounds.concat());
        add(initials(&sounds));
        if let Some((surname, given)) = sounds.split_at_checked(surname)
            && !surname.is_empty()
        {
            add(format!("{}{}", surname.concat(), initials(given)));
        }
        if rank == 0 {
            for count in 1..=WRITTEN_BEFORE_SOUND.min(units.len().saturating_sub(1)) {
                let (before, _) = units.split_at(count);
                let rest = sounds.get(count..).unwrap_or_default();
                let before: String = before.iter().map(written).collect();
                add(format!("{before}{}", rest.concat()));
                add(format!("{before}{}", initials(rest)));
            }
        }
    }
    found.iter().map(|text| format!(" {text}")).collect()
}

/// A token that a found name has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Letters and digits only.
    pub text: String,
    /// Whether the token of the name may go on after it.
    pub prefix: bool,
}

/// The names that a typed text looks for. A name is found when it has every token and passes [`recheck`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// All of them; none when the text cannot be part of a name.
    pub tokens: Vec<Token>,
    words: Vec<Vec<Run>>,
}

/// Without the text: what is typed here is personal data.
impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query").field("tokens", &self.tokens.len()).finish_non_exhaustive()
    }
}

impl Query {
    /// What a name begins with that the whole text is the beginning of; none when the text cannot be part of a name.
    pub fn beginning(&self) -> Option<String> {
        let text: String = self
            .words
            .iter()
            .flatten()
            .map(|run| match run {
                Run::Characters(characters) => characters.iter().collect(),
                Run::Letters(letters) => letters.clone(),
            })
            .collect();
        (!text.is_empty()).then_some(text)
    }

    /// The text when it is just two characters, which [`pairs`] then holds of every name that has them.
    pub fn pair(&self) -> Option<&str> {
        match (self.words.as_slice(), self.tokens.as_slice()) {
            ([word], [token]) if matches!(word.as_slice(), [Run::Characters(two)] if two.len() == 2) => {
                Some(&token.text)
            }
            _ => None,
        }
    }

    /// Where names that begin with the text lie among the sort keys: from the first text on and before the second, if there
    /// is an end.
    pub fn sorted_between(&self) -> Option<(String, Option<String>)> {
        let first = self.beginning()?.chars().next()?;
        let sounds = if is_cjk(first) { first_sounds(first) } else { Vec::new() };
        let own = first.to_string();
        let least = sounds.iter().min().unwrap_or(&own);
        let greatest = sounds.iter().max().unwrap_or(&own);
        Some((least.clone(), successor(greatest)))
    }
}

/// The least text that sorts after everything beginning with this one, by code points; none if there is none.
fn successor(text: &str) -> Option<String> {
    let mut chars: Vec<char> = text.chars().collect();
    let last = chars.pop()?;
    // A range of characters passes over the surrogates.
    chars.push((last..=char::MAX).nth(1)?);
    Some(chars.into_iter().collect())
}

/// A stretch of a typed word.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Run {
    Characters(Vec<char>),
    Letters(String),
}

/// As much of a typed text as is looked at.
pub fn looked_at(text: &str) -> String {
    text.trim().chars().take(MAX_QUERY).collect()
}

/// Reads a typed text. Words separated by spaces or signs are looked for each on its own, in any order.
pub fn query(text: &str) -> Query {
    let words: Vec<Vec<Run>> =
        fold(&looked_at(text)).split(' ').filter(|word| !word.is_empty()).map(runs).collect();
    let mut tokens: Vec<Token> = Vec::new();
    for token in words.iter().flat_map(|word| word_tokens(word)) {
        if tokens.len() < MAX_QUERY_TOKENS && !tokens.contains(&token) {
            tokens.push(token);
        }
    }
    Query { tokens, words }
}

fn runs(word: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    for c in word.chars() {
        match runs.last_mut() {
            Some(Run::Characters(characters)) if is_cjk(c) => characters.push(c),
            Some(Run::Letters(letters)) if !is_cjk(c) => letters.push(c),
            _ if is_cjk(c) => runs.push(Run::Characters(vec![c])),
            _ => runs.push(Run::Letters(c.to_string())),
        }
    }
    runs
}

fn word_tokens(word: &[Run]) -> Vec<Token> {
    let whole = |text: String| Token { text, prefix: false };
    let mut tokens = Vec::new();
    for (index, run) in word.iter().enumerate() {
        let next = word.get(index + 1);
        match run {
            Run::Characters(characters) => {
                tokens.extend(characters.windows(2).map(|pair| whole(pair.iter().collect())));
                match (characters.last(), next) {
                    (Some(c), Some(Run::Letters(letters))) => {
                        tokens.push(whole(format!("{c}{}", initial(letters))))
                    }
                    (Some(c), _) if characters.len() == 1 => tokens.push(whole(c.to_string())),
                    _ => {}
                }
            }
            Run::Letters(letters) => {
                // After a character one letter is in the pair with it already.
                if index == 0 || letters.chars().nth(1).is_some() {
                    let text: String = letters.chars().take(MAX_TOKEN_LENGTH).collect();
                    // Before a character the letters may end within a sound (`zh三`) or be an initial.
                    tokens.push(Token { text, prefix: true });
                }
            }
        }
    }
    tokens
}

/// Whether every word of the query is in one of the names, at the units where it may begin: exact, to be asked
/// of every name that the tokens found.
pub fn recheck(query: &Query, names: &[&str]) -> bool {
    // Read as a person's, a name has every reading it can have.
    let names: Vec<Vec<Unit>> = names.iter().map(|name| units(CustomerKind::Person, name)).collect();
    let found = |word: &Vec<Run>| {
        names
            .iter()
            .any(|units| (0..units.len()).any(|start| goes_on(word, 0, 0, units, start, &mut HashSet::new())))
    };
    !query.words.is_empty() && query.words.iter().all(found)
}

/// Whether the word from `run` and `offset` (in bytes) on goes on in the units from `at` on. `dead` holds the
/// places from which it does not, so that the work stays within their number.
fn goes_on(
    word: &[Run],
    run: usize,
    offset: usize,
    units: &[Unit],
    at: usize,
    dead: &mut HashSet<(usize, usize, usize)>,
) -> bool {
    let Some(wanted) = word.get(run) else { return true };
    let Some(unit) = units.get(at) else { return false };
    if dead.contains(&(run, offset, at)) {
        return false;
    }
    let goes = match (wanted, unit) {
        (Run::Characters(characters), Unit::Character(c, _)) => match characters.get(offset) {
            Some(first) if first == c && offset + 1 == characters.len() => {
                goes_on(word, run + 1, 0, units, at + 1, dead)
            }
            Some(first) if first == c => goes_on(word, run, offset + 1, units, at + 1, dead),
            _ => false,
        },
        (Run::Characters(_), Unit::Word(_)) => false,
        (Run::Letters(letters), unit) => {
            let rest = letters.get(offset..).unwrap_or_default();
            let silent = unit.sounds().is_empty();
            if silent {
                goes_on(word, run, offset, units, at + 1, dead)
            } else {
                unit.sounds().iter().any(|sound| {
                    common_beginnings(rest, sound).any(|taken| {
                        if taken == rest.len() {
                            goes_on(word, run + 1, 0, units, at + 1, dead)
                        } else {
                            goes_on(word, run, offset + taken, units, at + 1, dead)
                        }
                    })
                })
            }
        }
    };
    if !goes {
        dead.insert((run, offset, at));
    }
    goes
}

/// The lengths in bytes of what both texts begin with, from the longest to one character.
fn common_beginnings(letters: &str, sound: &str) -> impl Iterator<Item = usize> {
    let common = letters.char_indices().zip(sound.chars()).take_while(|((_, a), b)| a == b);
    let ends: Vec<usize> = common.map(|((index, c), _)| index + c.len_utf8()).collect();
    ends.into_iter().rev()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::reading::MAX_READINGS;
    use super::*;

    fn tokens(name: &str) -> BTreeSet<String> {
        index_tokens(CustomerKind::Person, name, &[])
    }

    fn finds_in(index: &BTreeSet<String>, text: &str, names: &[&str]) -> bool {
        let query = query(text);
        let has = |token: &Token| {
            if token.prefix {
                index.iter().any(|own| own.starts_with(&token.text))
            } else {
                index.contains(&token.text)
            }
        };
        !query.tokens.is_empty() && query.tokens.iter().all(has) && recheck(&query, names)
    }

    fn finds(kind: CustomerKind, name: &str, text: &str) -> bool {
        finds_in(&index_tokens(kind, name, &[]), text, &[name])
    }

    #[test]
    fn pairs_of_characters() {
        let of = |name: &str| pairs(CustomerKind::Person, name);
        assert_eq!(of("张三丰"), (vec!["张三".to_owned(), "三丰".to_owned()], true));
        assert_eq!(of("丽丽丽"), (vec!["丽丽".to_owned()], true));
        assert_eq!(of("A张三"), (vec!["张三".to_owned()], false));
        assert_eq!(of("Ann Lee"), (vec![], false));
        for (text, pair) in [
            ("三丰", Some("三丰")),
            ("张三", Some("张三")),
            ("三", None),
            ("张三丰", None),
            ("三f", None),
            ("张 三", None),
        ] {
            assert_eq!(query(text).pair(), pair, "{text}");
        }
    }

    #[test]
    fn a_persons_tokens() {
        let expected = [
            "三",
            "三f",
            "三丰",
            "丰",
            "张",
            "张s",
            "张三",
            "feng",
            "sanfeng",
            "sf",
            "zhangsanfeng",
            "zhangsf",
            "zsf",
        ];
        assert_eq!(tokens("张三丰"), expected.map(str::to_owned).into());
        assert_eq!(tokens("John Smith"), ["johnsmith", "js", "smith"].map(str::to_owned).into());
        assert!(tokens("?").is_empty());
    }

    #[test]
    fn people_are_found() {
        let cases = [
            (
                "张三丰",
                "张 三 丰 张三 三丰 张三丰 zhang zhangsan zhangsanf sanfeng san feng z zs zsf sf zhangs zhangsf 张s 张sf 张san 张三f 张三feng",
            ),
            ("单雄信", "shan shanxx sxx dan danxiongxin 单 单x"),
            ("曾国藩", "zeng zgf ceng 曾g"),
            ("解缙", "xie xj jie"),
            ("查良镛", "zha zly cha"),
            ("尉迟恭", "yuchi ycg yuchig weichi 尉c"),
            ("万俟卨", "moqi mqx"),
            ("吕布", "lv lvbu lb lubu lyu lü Lü"),
            ("张乐", "zhangle zhangyue zl zy"),
            ("张重庆", "chongqing zcq zhangchongqing zhangzhongqing"),
            ("朴志训", "piao pzx"),
            ("欧阳修", "ouyang ouyangx oyx 欧y 阳xiu"),
            ("John Smith", "john smith johnsmith js JOHN smi"),
            ("Zoë O'Brien", "zoe Zoë obrien o'brien O’Brien zo"),
            ("Müller", "muller Müller mul"),
            ("买买提·吐尔逊", "买买提 吐尔逊 提吐 买买提·吐尔逊 maimaiti tuerxun mmtt"),
            ("張三", "zhangsan 張 張三"),
            ("张𠮷三", "张𠮷 𠮷 𠮷三 zhangsan zs 张s"),
            ("Иванов", "иван ИВАНОВ"),
            ("김철수", "김 철수"),
        ];
        for (name, queries) in cases {
            for query in queries.split(' ') {
                assert!(
                    finds(CustomerKind::Person, name, query),
                    "{query} should find {name}: {:?}",
                    tokens(name)
                );
            }
        }
        assert!(finds(CustomerKind::Person, "张三丰", "zhang san feng"));
        assert!(finds(CustomerKind::Person, "张三丰", " 三丰 张 "));
        assert!(finds(CustomerKind::Person, "John Smith", "smith john"));
        assert!(finds(CustomerKind::Person, "John Smith", "john s"));
    }

    #[test]
    fn others_are_not_found() {
        let cases = [
            ("张三丰", "张丰 三张 丰三 李 hangsan anfeng zf sanf三 s张 zhangfeng 张f zsx 张三x q 张三丰丰"),
            ("John Smith", "ohn mith sj"),
            ("单雄信", "sanx"),
        ];
        for (name, queries) in cases {
            for query in queries.split(' ') {
                assert!(!finds(CustomerKind::Person, name, query), "{query} should not find {name}");
            }
        }
    }

    #[test]
    fn the_recheck_decides_where_tokens_do_not() {
        // All pairs of 甲乙丙甲乙 are in the name, in another order.
        let name = "乙丙甲乙";
        let text = "甲乙丙";
        assert!(query(text).tokens.iter().all(|token| tokens(name).contains(&token.text)));
        assert!(!recheck(&query(text), &[name]));
        assert!(recheck(&query(text), &["李四", "甲乙丙"]));
        assert!(!recheck(&query("?"), &["?"]));
    }

    #[test]
    fn organisations_are_found() {
        let name = "北京某某科技有限公司";
        for text in [
            "北京",
            "科技有限",
            "某某科技",
            "限公司",
            "北京某某科技有限公司",
            "beijing",
            "beijingmoumou",
            "kejiyouxian",
            "bjmm",
            "bjmmkjyxgs",
            "kj",
            "keji",
            "科技y",
            "某k",
            "beijingmoumoukejiyouxiangongsi",
            "北京 科技",
        ] {
            assert!(finds(CustomerKind::Organisation, name, text), "{text}");
        }
        assert!(!finds(CustomerKind::Organisation, name, "北京科技"));
        for text in ["icbc", "工商银行", "yinhang", "gsyh", "重庆", "chongqing", "cqfh"] {
            assert!(
                finds_in(
                    &index_tokens(CustomerKind::Organisation, "中国工商银行重庆分行", &["ICBC Chongqing"]),
                    text,
                    &["中国工商银行重庆分行", "ICBC Chongqing"]
                ),
                "{text}"
            );
        }
        for text in ["360", "360科技", "360k", "科技", "360keji"] {
            assert!(finds(CustomerKind::Organisation, "360科技", text), "{text}");
        }
        assert!(index_tokens(CustomerKind::Organisation, name, &[]).len() <= 64);
    }

    fn begins(kind: CustomerKind, name: &str, text: &str) -> bool {
        let text = query(text).beginning().unwrap_or_default();
        beginnings(kind, name).contains(&format!(" {text}"))
    }

    #[test]
    fn beginnings_are_told_from_other_places() {
        assert_eq!(
            beginnings(CustomerKind::Person, "张三丰"),
            " 张三丰 zhangsanfeng zsf zhangsf 张sanfeng 张sf 张三feng 张三f"
        );
        assert_eq!(beginnings(CustomerKind::Person, "John Smith"), " johnsmith js johns");
        assert_eq!(beginnings(CustomerKind::Person, "?"), "");
        for (name, yes, no) in [
            (
                "张三丰",
                "张 张三 张三丰 z zh zhangs zhangsan zsf zs zhangsf 张s 张sf 张san 张三f",
                "三 丰 sanfeng sf feng 三f",
            ),
            ("单雄信", "shan sxx 单", "dan xiong"),
            ("欧阳修", "ouyang oyx ouyangx 欧阳 欧y", "阳 yangxiu"),
            ("张乐", "zhangle zhangyue zl zy", "le yue"),
            ("Zoë O'Brien", "zoe Zoë zo zoeob zoeo", "obrien ob"),
            ("360科技", "360 360k 360科 360keji", "keji 科技"),
        ] {
            for text in yes.split(' ') {
                assert!(begins(CustomerKind::Person, name, text), "{name} begins with {text}");
            }
            for text in no.split(' ') {
                assert!(!begins(CustomerKind::Person, name, text), "{name} does not begin with {text}");
            }
        }
        assert!(begins(CustomerKind::Person, "张三丰", "zhang san"));
        assert!(!begins(CustomerKind::Person, "张三丰", "san zhang"));
        assert!(begins(CustomerKind::Organisation, "重庆银行", "chongq"));
        assert!(query(" ?").beginning().is_none());
    }

    #[test]
    fn long_words_end() {
        let name = "a".repeat(200);
        assert!(!recheck(&query(&format!("{}b", "a".repeat(63))), &[&name]));
        let name = "a ".repeat(100);
        assert!(!recheck(&query(&format!("{}b", "a".repeat(63))), &[&name]));
        let name = "张".repeat(200);
        assert!(!recheck(&query(&format!("{}b", "zhang".repeat(12))), &[&name]));
    }

    fn names(length: &str) -> impl Strategy<Value = String> + use<> {
        prop::string::string_regex(&format!("[张王李单曾解查吕乐行长重朝三丰伟秀英国银科技]{length}"))
            .unwrap()
    }

    proptest! {
        #[test]
        fn parts_of_names_are_found(name in names("{1,12}"), person in any::<bool>(),
            from in any::<prop::sample::Index>(), length in 1_usize..12) {
            let kind = if person { CustomerKind::Person } else { CustomerKind::Organisation };
            let characters: Vec<char> = name.chars().collect();
            let from = from.index(characters.len());
            let until = (from + length).min(characters.len());
            let part: String = characters[from..until].iter().collect();
            prop_assert!(finds(kind, &name, &part), "{}", part);

            let units = units(kind, &name);
            let full = index_tokens(kind, &name, &[]).len() == MAX_TOKENS;
            for way in ways_to_read(&units).into_iter().take(if full { 1 } else { MAX_READINGS }) {
                let sounds = way[from..until].concat();
                prop_assert!(finds(kind, &name, &sounds), "{}", sounds);
                let initials: String = way[from..until].iter().map(|sound| initial(sound)).collect();
                prop_assert!(finds(kind, &name, &initials), "{}", initials);
                if from + 1 < until {
                    let mixed = format!("{}{}", characters[from], initial(way[from + 1]));
                    prop_assert!(finds(kind, &name, &mixed), "{}", mixed);
                }
            }
        }

        /// Two characters find the same names by their pair as by the tokens, and in the same part of the list.
        #[test]
        fn two_characters_are_a_pair_of_the_names_that_they_find(name in names("{1,40}"), person in any::<bool>(), text in names("{2}")) {
            let kind = if person { CustomerKind::Person } else { CustomerKind::Organisation };
            let (pairs, begins_with_first) = pairs(kind, &name);
            for text in [text, name.chars().take(2).collect()] {
                let query = query(&text);
                let Some(pair) = query.pair() else { continue };
                let place = pairs.iter().position(|own| own == pair);
                prop_assert_eq!(place.is_some(), recheck(&query, &[&name]), "{} in {}", text, name);
                prop_assert_eq!(place == Some(0) && begins_with_first, begins(kind, &name, &text), "{} in {}", text, name);
            }
        }

        #[test]
        fn words_of_latin_names_are_found(first in "[A-Za-zéüñ]{1,12}", last in "[A-Za-z]{1,12}") {
            let name = format!("{first} {last}");
            for text in [&first, &last, &name, &format!("{last} {first}"), &format!("{first}{last}")] {
                prop_assert!(finds(CustomerKind::Person, &name, text), "{} {:?}", text, tokens(&name));
            }
        }

        #[test]
        fn tokens_hold_letters_and_digits_only(name in any::<String>(), alias in any::<String>(), text in any::<String>()) {
            let index = index_tokens(CustomerKind::Organisation, &name, &[&alias]);
            prop_assert!(index.len() <= MAX_TOKENS);
            let plain = |token: &str| !token.is_empty()
                && token.chars().count() <= MAX_TOKEN_LENGTH
                && token.chars().all(|c| if c.is_ascii() { matches!(c, 'a'..='z' | '0'..='9') } else { c.is_alphanumeric() });
            prop_assert!(index.iter().all(|token| plain(token)), "{:?}", index);
            let query = query(&text);
            prop_assert!(query.tokens.iter().all(|token| plain(&token.text)), "{:?}", query.tokens);
            let _ = recheck(&query, &[&name, &alias]);
        }

        /// The range of sort keys in which beginnings are looked for leaves none of them out.
        #[test]
        fn beginnings_lie_where_they_are_looked_for(name in names("{1,12}"), person in any::<bool>(), text in "[a-z]{1,3}|[张单曾解重长朝乐行]{1,2}") {
            let kind = if person { CustomerKind::Person } else { CustomerKind::Organisation };
            let own = ways_to_read(&units(kind, &name)).first().map(|way| way.concat()).unwrap_or_default();
            for text in [text, own, name.chars().take(2).collect()] {
                if begins(kind, &name, &text) {
                    let key = super::super::name_sort(kind, &name);
                    let (from, until) = query(&text).sorted_between().unwrap();
                    prop_assert!(key >= from && until.is_none_or(|until| key < until), "{} {}", text, key);
                }
            }
        }

        #[test]
        fn a_long_name_is_found_whole(name in names("{13,60}")) {
            let index = index_tokens(CustomerKind::Organisation, &name, &[]);
            prop_assert!(index.len() <= MAX_TOKENS);
            let written: Vec<char> = name.chars().take(WRITTEN_UNITS).collect();
            for pair in written.windows(2) {
                prop_assert!(index.contains(&pair.iter().collect::<String>()));
            }
        }
    }
}
