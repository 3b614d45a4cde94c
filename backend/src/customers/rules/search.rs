//! Finding customers by name, part of a name, sound or number.
//!
//! At write time [`index_tokens`] makes the tokens of a customer's names; at read time [`query`] makes the tokens
//! that must all be among them, some as prefixes, and [`recheck`] decides over the names themselves, since the
//! tokens alone may find too much. Numbers of phones and documents never become tokens: they are
//! looked up by keyed hash, as [`Exact`] says.
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

use guanxi_api::{ContactPointKind, CustomerKind};
use unicode_normalization::UnicodeNormalization;

use super::reading::{Unit, fold, is_cjk, surname_length, units, ways_to_read};
use super::{contact, customer_no, identity};

/// Changes whenever [`index_tokens`] gives other tokens, so that stored ones are rebuilt.
pub const SEARCH_VERSION: i16 = 1;
/// Most tokens of one customer. A person's name has about 12; only organisations with several long names come near.
pub const MAX_TOKENS: usize = 160;
/// Longest token, in characters; a longer query is cut to it as well.
pub const MAX_TOKEN_LENGTH: usize = 32;
/// Most names of one customer that are indexed.
const MAX_NAMES: usize = 6;
/// Units of a name that are found by their characters.
const WRITTEN_UNITS: usize = 40;
/// Units of a name that are found by their sound.
const SOUNDED_UNITS: usize = 24;
/// Longest query that is looked at, in characters.
const MAX_QUERY: usize = 64;
/// Most tokens of one query; what is left out is still decided by [`recheck`].
const MAX_QUERY_TOKENS: usize = 12;
/// Digits from which on a query of digits is a number and no part of a name.
const NUMBER_DIGITS: usize = 7;

/// The tokens of a customer: of the name first, then of the aliases (former names, short names, the name in
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

fn initial(sound: &str) -> String {
    sound.chars().take(1).collect()
}

/// A token that a found customer has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Letters and digits only.
    pub text: String,
    /// Whether the customer's token may go on after it.
    pub prefix: bool,
}

/// A number or address that may have been typed, to be looked up by its own index.
#[derive(Clone, PartialEq, Eq)]
pub enum Exact {
    /// The last four digits of a phone.
    PhoneTail(String),
    /// A whole phone number, in E.164.
    Phone(String),
    /// An e-mail address, as its keyed hash wants it.
    Email(String),
    /// A number of an identity document, as [`identity::check`] stores it.
    Identity(String),
    /// A customer number in its written form.
    CustomerNo(String),
    /// Any text, as an id in another system.
    ExternalId(String),
}

/// Without the value: what is typed here is personal data.
impl std::fmt::Debug for Exact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::PhoneTail(_) => "PhoneTail",
            Self::Phone(_) => "Phone",
            Self::Email(_) => "Email",
            Self::Identity(_) => "Identity",
            Self::CustomerNo(_) => "CustomerNo",
            Self::ExternalId(_) => "ExternalId",
        })
    }
}

/// What a typed text looks for. A customer is found when it has every token and passes [`recheck`], or when one
/// of the exact values is its own.
#[derive(Clone, PartialEq, Eq)]
pub struct Query {
    /// All of them; none when the text cannot be part of a name.
    pub tokens: Vec<Token>,
    /// Any of them.
    pub exact: Vec<Exact>,
    words: Vec<Vec<Run>>,
}

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query")
            .field("tokens", &self.tokens.len())
            .field("exact", &self.exact)
            .finish_non_exhaustive()
    }
}

impl Query {
    /// Whether it can find nothing, as a query of spaces.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.exact.is_empty()
    }

    /// The tokens as a FTS5 query (`"张三" "zs"*`, where a space means "and"); `None` without tokens.
    pub fn to_fts5(&self) -> Option<String> {
        let part = |token: &Token| format!("\"{}\"{}", token.text, if token.prefix { "*" } else { "" });
        join(self.tokens.iter().map(part), " ")
    }

    /// The tokens as text of a PostgreSQL `tsquery` (`'张三' & 'zs':*`); `None` without tokens.
    pub fn to_tsquery(&self) -> Option<String> {
        let part = |token: &Token| format!("'{}'{}", token.text, if token.prefix { ":*" } else { "" });
        join(self.tokens.iter().map(part), " & ")
    }
}

fn join(parts: impl Iterator<Item = String>, glue: &str) -> Option<String> {
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(glue))
}

/// A stretch of a typed word.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Run {
    Characters(Vec<char>),
    Letters(String),
}

/// Reads a typed text. Words separated by spaces or signs are looked for each on its own, in any order.
pub fn query(text: &str) -> Query {
    let text: String = text.trim().chars().take(MAX_QUERY).collect();
    let exact = exact(&text);
    let is_number = {
        let digits = text.chars().filter(char::is_ascii_digit).count();
        let other = text.chars().any(|c| !c.is_ascii_digit() && !matches!(c, ' ' | '-' | '+' | '(' | ')'));
        digits >= NUMBER_DIGITS && !other
    };
    let mut words = Vec::new();
    if !is_number {
        words.extend(fold(&text).split(' ').filter(|word| !word.is_empty()).map(runs));
    }
    let mut tokens: Vec<Token> = Vec::new();
    for token in words.iter().flat_map(|word| word_tokens(word)) {
        if tokens.len() < MAX_QUERY_TOKENS && !tokens.contains(&token) {
            tokens.push(token);
        }
    }
    Query { tokens, exact, words }
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

/// What the text may be besides a name.
fn exact(text: &str) -> Vec<Exact> {
    let mut exact = Vec::new();
    if text.is_empty() {
        return exact;
    }
    let compact: String = text.nfkc().filter(|c| !matches!(c, ' ' | '-')).collect::<String>().to_uppercase();
    let digits = compact.chars().filter(char::is_ascii_digit).count();
    let all_digits = digits == compact.chars().count();
    if all_digits && digits == 4 {
        exact.push(Exact::PhoneTail(compact.clone()));
    }
    if (NUMBER_DIGITS..=15).contains(&digits) {
        exact.extend(contact::phone_to_e164(text).map(Exact::Phone));
    }
    if text.contains('@')
        && let Ok(contact::Normalised { match_key: address, .. }) =
            contact::check(ContactPointKind::Email, text)
    {
        exact.push(Exact::Email(address));
    }
    exact.extend(customer_no::normalise(&compact).map(Exact::CustomerNo));
    if (5..=18).contains(&compact.len()) && digits >= 4 && compact.chars().all(|c| c.is_ascii_alphanumeric())
    {
        let completed = identity::complete_resident_card(&compact);
        exact.extend(completed.map(Exact::Identity));
        exact.push(Exact::Identity(compact));
    }
    exact.push(Exact::ExternalId(text.to_owned()));
    exact
}

/// Whether every word of the query is in one of the names, at the units where it may begin: exact, to be asked
/// of every customer that the tokens found (not of those that an [`Exact`] value found).
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
                    beginnings(rest, sound).any(|taken| {
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
fn beginnings(letters: &str, sound: &str) -> impl Iterator<Item = usize> {
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

    fn exact_of(text: &str) -> Vec<Exact> {
        query(text).exact
    }

    #[test]
    fn numbers_are_recognised() {
        use Exact::{CustomerNo, Email, ExternalId, Identity, Phone, PhoneTail};
        let text = |value: &str| value.to_owned();
        assert!(exact_of("5678") == [PhoneTail(text("5678")), ExternalId(text("5678"))]);
        assert!(query("5678").tokens.len() == 1);
        assert!(
            exact_of("138 0000 5678")
                == [
                    Phone(text("+8613800005678")),
                    Identity(text("13800005678")),
                    ExternalId(text("138 0000 5678"))
                ]
        );
        assert!(query("138 0000 5678").tokens.is_empty());
        assert!(
            exact_of("11010519491231002x")
                == [Identity(text("11010519491231002X")), ExternalId(text("11010519491231002x"))]
        );
        assert!(exact_of("110105491231002").contains(&Identity(text("11010519491231002X"))));
        assert!(exact_of("110105491231002").contains(&Identity(text("110105491231002"))));
        assert!(exact_of("C000000018").contains(&CustomerNo(text("C000000018"))));
        assert!(exact_of("c000000018").contains(&CustomerNo(text("C000000018"))));
        assert!(exact_of("000000018").contains(&CustomerNo(text("C000000018"))));
        assert!(exact_of("E12345678").contains(&Identity(text("E12345678"))));
        assert!(exact_of("Z@Example.com").contains(&Email(text("z@example.com"))));
        assert!(exact_of("张三") == [ExternalId(text("张三"))]);
        assert!(exact_of(" ").is_empty() && query(" ").is_empty());
        assert_eq!(
            format!("{:?}", query("13800005678")),
            "Query { tokens: 0, exact: [Phone, Identity, ExternalId], .. }"
        );
    }

    #[test]
    fn queries_for_the_engines() {
        let query = query("张三 zs");
        assert_eq!(query.to_fts5().unwrap(), r#""张三" "zs"*"#);
        assert_eq!(query.to_tsquery().unwrap(), "'张三' & 'zs':*");
        assert_eq!(super::query("13800005678").to_fts5(), None);
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
