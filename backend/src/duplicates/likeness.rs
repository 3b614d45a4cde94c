//! How likely two customers are one: pure functions over what is known of them.
//!
//! Every piece of evidence adds to a score or takes from it, as in Fellegi and Sunter, *A Theory for Record Linkage* (1969): the points stand for
//! the logarithm of how much more often a piece is seen of one customer than of two. They are set by hand and can be read off the evidence.

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{Datelike, NaiveDate};
use guanxi_api::{CustomerKind, DuplicateEvidence};

use crate::customers::Comparable;
use crate::names::reading::{Unit, fold, is_cjk, units};
use crate::names::variants::one_of_its_variants;

/// From this score on two customers are worth being looked at.
pub(super) const WORTH_A_LOOK: i32 = 60;

/// What tells one customer from others, as small as it can be: of a large bank a million of these are in memory at once. Numbers are hashes of
/// what was said, 0 where nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Traits {
    pub(super) is_organisation: bool,
    /// In the form in which names are compared.
    pub(super) name: Box<str>,
    /// The likeliest sound of the name.
    pub(super) sound: u64,
    /// The same with the first word last, where the name has several words of Latin letters.
    pub(super) turned: u64,
    pub(super) birth_date: Option<NaiveDate>,
    pub(super) birth_year: Option<i32>,
    pub(super) gender: u32,
    pub(super) city: u32,
    pub(super) employer: u32,
    pub(super) identity_kind: u32,
    pub(super) identity: u64,
    pub(super) phones: Box<[u64]>,
    pub(super) emails: Box<[u64]>,
}

/// What is compared of a customer, and its keys: whoever shares none is not compared. A key is the hash of something that is likely to be equal of
/// one customer who is entered twice.
pub(super) fn prepare(customer: &Comparable) -> (Traits, Vec<u64>) {
    let text = |text: &Option<String>| {
        text.as_deref().map_or(0, |text| small(&compared(CustomerKind::Person, text)))
    };
    let hashes = |values: &[Vec<u8>]| values.iter().map(hash).collect::<Box<[u64]>>();
    let (sound, turned) = sounds(customer.kind, &customer.name);
    let traits = Traits {
        is_organisation: customer.kind == CustomerKind::Organisation,
        name: compared(customer.kind, &customer.name).into(),
        sound: hash(&sound),
        turned: turned.as_ref().map_or(0, hash),
        birth_date: customer.birth_date,
        birth_year: customer.birth_year,
        gender: text(&customer.gender),
        city: text(&customer.city),
        employer: text(&customer.employer),
        identity_kind: customer.identity.as_ref().map_or(0, |(kind, _)| small(kind)),
        identity: customer.identity.as_ref().map_or(0, |(_, value)| hash(value)),
        phones: hashes(&customer.phones),
        emails: hashes(&customer.emails),
    };
    let mut keys = Vec::with_capacity(6);
    if traits.identity != 0 {
        keys.push(hash(&("identity", traits.identity)));
    }
    keys.extend(traits.phones.iter().map(|phone| hash(&("phone", phone))));
    keys.extend(traits.emails.iter().map(|email| hash(&("email", email))));
    let both = [traits.sound, traits.turned];
    let sounded = both.iter().filter(|sound| **sound != 0);
    if traits.is_organisation {
        keys.extend(sounded.map(|sound| hash(&("organisation", sound))));
        return (traits, keys);
    }
    if let Some(year) = traits.birth_date.map(|date| date.year()).or(traits.birth_year) {
        keys.extend(sounded.map(|sound| hash(&("name", sound, year))));
    }
    if let Some(date) = traits.birth_date {
        // A name with a mistake: born on the same day, and the name begins with the same sound.
        let beginning: String = sound.chars().take(3).collect();
        keys.push(hash(&("day", date, beginning)));
    }
    (traits, keys)
}

/// The same for the same value, on this machine and in this process.
fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish().max(1)
}

/// A hash for values of which there are few.
fn small(value: &str) -> u32 {
    let [a, b, c, d, ..] = hash(value).to_be_bytes();
    u32::from_be_bytes([a, b, c, d]).max(1)
}

/// A name as it is compared: folded, without spaces, each character as the one of its variants that stands for all of them; of an organisation
/// without what only says of what kind it is.
fn compared(kind: CustomerKind, name: &str) -> String {
    let folded: String = fold(name)
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| if is_cjk(character) { one_of_its_variants(character) } else { character })
        .collect();
    match kind {
        CustomerKind::Person => folded,
        CustomerKind::Organisation => core_of_organisation(&folded),
    }
}

/// The forms of companies, each in the form in which names are compared; the longest first.
const FORMS: [&str; 12] = [
    "股份有限公司",
    "有限责任公司",
    "有限公司",
    "分公司",
    "公司",
    "集团",
    "colimited",
    "coltd",
    "limited",
    "ltd",
    "inc",
    "corp",
];

fn core_of_organisation(folded: &str) -> String {
    let mut core = folded.to_owned();
    for form in FORMS {
        let form: String = form.chars().map(one_of_its_variants).collect();
        if let Some(rest) = core.strip_suffix(form.as_str()).filter(|rest| rest.chars().count() >= 2) {
            core = rest.to_owned();
        }
    }
    core
}

/// The sound of a name without spaces, and the same with the first word last.
fn sounds(kind: CustomerKind, name: &str) -> (String, Option<String>) {
    let units = units(kind, name);
    let first = |unit: &Unit| unit.sounds().first().cloned().unwrap_or_default();
    let sound: String = units.iter().map(first).collect();
    let is_latin = units.len() > 1 && units.iter().all(|unit| matches!(unit, Unit::Word(_)));
    let turned = is_latin.then(|| units.iter().skip(1).chain(units.first()).map(first).collect());
    (sound, turned)
}

/// How two customers compare: a score from 0 to 100, and what it is made of.
pub(super) fn compare(one: &Traits, other: &Traits) -> (i32, Vec<DuplicateEvidence>) {
    use DuplicateEvidence::{
        OtherBirthDate, OtherGender, OtherIdentity, OtherPhone, SameBirthDate, SameBirthYear, SameCity,
        SameEmail, SameEmployer, SameIdentity, SamePhone, SimilarBirthDate,
    };
    if one.is_organisation != other.is_organisation {
        return (0, Vec::new());
    }
    let mut score = 0;
    let mut evidence = Vec::new();
    let mut note = |piece: DuplicateEvidence, points: i32| {
        score += points;
        evidence.push(piece);
    };
    if one.identity != 0 && one.identity == other.identity {
        note(SameIdentity, 75);
    } else if one.identity != 0 && other.identity != 0 && one.identity_kind == other.identity_kind {
        note(OtherIdentity, -45);
    }
    let name = names(one, other);
    note(name, points_of_name(name, one.is_organisation));
    if shared(&one.phones, &other.phones) {
        note(SamePhone, 35);
    } else if !one.phones.is_empty() && !other.phones.is_empty() {
        note(OtherPhone, -5);
    }
    if shared(&one.emails, &other.emails) {
        note(SameEmail, 33);
    }
    match (one.birth_date, other.birth_date) {
        (Some(first), Some(second)) if first == second => note(SameBirthDate, 30),
        (Some(first), Some(second)) if is_slip(first, second) => note(SimilarBirthDate, 15),
        (Some(_), Some(_)) => note(OtherBirthDate, -35),
        _ => match (one.birth_year, other.birth_year) {
            (Some(first), Some(second)) if first == second => note(SameBirthYear, 10),
            (Some(_), Some(_)) => note(OtherBirthDate, -25),
            _ => {}
        },
    }
    if one.gender != 0 && other.gender != 0 && one.gender != other.gender {
        note(OtherGender, -20);
    }
    if one.employer != 0 && one.employer == other.employer {
        note(SameEmployer, 10);
    }
    if one.city != 0 && one.city == other.city {
        note(SameCity, if one.is_organisation { 12 } else { 5 });
    }
    (score.clamp(0, 100), evidence)
}

fn shared(one: &[u64], other: &[u64]) -> bool {
    one.iter().any(|value| other.contains(value))
}

fn names(one: &Traits, other: &Traits) -> DuplicateEvidence {
    let mine = [one.sound, one.turned];
    if one.name == other.name && !one.name.is_empty() {
        DuplicateEvidence::SameName
    } else if mine.iter().any(|sound| *sound != 0 && [other.sound, other.turned].contains(sound)) {
        DuplicateEvidence::SameSound
    } else if is_similar(&one.name, &other.name) {
        DuplicateEvidence::SimilarName
    } else {
        DuplicateEvidence::OtherName
    }
}

fn points_of_name(name: DuplicateEvidence, is_organisation: bool) -> i32 {
    match (name, is_organisation) {
        (DuplicateEvidence::SameName, false) => 32,
        (DuplicateEvidence::SameName, true) => 50,
        (DuplicateEvidence::SameSound, false) => 25,
        (DuplicateEvidence::SameSound, true) => 35,
        (DuplicateEvidence::SimilarName, _) => 15,
        _ => -40,
    }
}

/// Whether a name is another one with one mistake: of two characters or letters one more, one less or another one, or two next to each other
/// that changed places. In names of two characters nothing may differ, in long ones a fifth.
fn is_similar(one: &str, other: &str) -> bool {
    let longest = one.chars().count().max(other.chars().count());
    if longest < 3 {
        return false;
    }
    strsim::osa_distance(one, other) <= (longest / 5).max(1)
}

/// Whether one day may be the other one with a slip: day and month changed places, or one figure of them is another one.
fn is_slip(one: NaiveDate, other: NaiveDate) -> bool {
    if one.year() == other.year() && one.day() == other.month() && one.month() == other.day() {
        return true;
    }
    let (one, other) = (one.format("%Y%m%d").to_string(), other.format("%Y%m%d").to_string());
    one.bytes().zip(other.bytes()).filter(|(first, second)| first != second).count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use DuplicateEvidence::*;

    fn customer(kind: CustomerKind, name: &str) -> Comparable {
        Comparable { kind, name: name.to_owned(), ..Comparable::default() }
    }

    fn person(name: &str) -> Traits {
        prepare(&customer(CustomerKind::Person, name)).0
    }

    fn day(text: &str) -> Option<NaiveDate> {
        Some(text.parse().expect("a day"))
    }

    #[test]
    fn names_are_one_in_every_script() {
        let of = |one: &str, other: &str| names(&person(one), &person(other));
        assert_eq!(of("张三丰", "張三豐"), SameName);
        assert_eq!(of("张 三丰", "张三丰"), SameName);
        assert_eq!(of("张三丰", "Zhang Sanfeng"), SameSound);
        assert_eq!(of("张三丰", "Sanfeng ZHANG"), SameSound);
        assert_eq!(of("张三丰", "章三峰"), SameSound);
        assert_eq!(of("张三丰", "张三"), SimilarName);
        assert_eq!(of("张三", "张四"), OtherName);
    }

    #[test]
    fn companies_are_compared_without_their_form() {
        let company = |name: &str| compared(CustomerKind::Organisation, name);
        assert_eq!(company("宁波海风贸易有限公司"), company("寧波海風貿易股份有限公司"));
        assert_eq!(company("Haifeng Trading Co., Ltd."), company("HAIFENG TRADING LIMITED"));
        assert_ne!(company("公司"), "");
    }

    #[test]
    fn what_is_enough() {
        let enough = |one: &Traits, other: &Traits| compare(one, other).0 >= WORTH_A_LOOK;
        let with_phone = |name: &str, phone: u64| Traits { phones: [phone].into(), ..person(name) };
        assert!(enough(&with_phone("张三丰", 7), &with_phone("張三豐", 7)));
        assert!(!enough(&with_phone("张三丰", 7), &with_phone("李四", 7)), "a family has one phone");
        assert!(!enough(&person("张三丰"), &person("张三丰")), "a name alone");
        let born = |name: &str, date: &str| Traits { birth_date: day(date), ..person(name) };
        assert!(enough(&born("张三丰", "1980-03-04"), &born("张三丰", "1980-03-04")));
        assert!(!enough(&born("张三丰", "1980-03-04"), &born("张三丰", "1981-05-04")));
        let known = |identity: u64| Traits { identity, identity_kind: 1, ..born("张三丰", "1980-03-04") };
        assert!(!enough(&known(1), &known(2)), "two documents are two people");
        assert!(
            enough(&Traits { name: "x".into(), sound: 1, ..known(1) }, &known(1)),
            "one document is one person"
        );
        let slip = |date: &str| Traits { phones: [7].into(), ..born("张三丰", date) };
        let (score, evidence) = compare(&slip("1980-03-04"), &slip("1980-04-03"));
        assert_eq!((score, evidence), (82, vec![SameName, SamePhone, SimilarBirthDate]));
    }

    #[test]
    fn whoever_is_alike_shares_a_key() {
        let keys = |name: &str, date: Option<NaiveDate>| {
            let person = customer(CustomerKind::Person, name);
            prepare(&Comparable { birth_date: date, birth_year: Some(1980), ..person }).1
        };
        let share = |one: Vec<u64>, other: Vec<u64>| one.iter().any(|key| other.contains(key));
        let of = |name: &str| keys(name, day("1980-03-04"));
        assert!(share(of("张三丰"), of("張三豐")));
        assert!(share(of("张三丰"), of("Sanfeng Zhang")));
        assert!(share(of("张三丰"), of("张三")), "a mistake in the name");
        assert!(share(of("张三丰"), keys("张三丰", None)), "a birth date of which one knows only the year");
        assert!(!share(of("张三丰"), of("李四")));
        let (_, keys) =
            prepare(&Comparable { phones: vec![vec![1], vec![2]], ..customer(CustomerKind::Person, "x") });
        assert_eq!(keys.len(), 2);
    }

    proptest::proptest! {
        #[test]
        fn it_is_the_same_from_both_sides(
            a in "[张章李三四丰风a-c]{1,4}", b in "[张章李三四丰风a-c]{1,4}",
            phones in proptest::collection::vec(1_u64..4, 0..3), identity in 0_u64..3,
        ) {
            let one = Traits { phones: phones.into(), identity, ..person(&a) };
            let other = Traits { phones: [1, 2].into(), identity: 1, ..person(&b) };
            let ((score, mut first), (back, mut second)) = (compare(&one, &other), compare(&other, &one));
            first.sort();
            second.sort();
            proptest::prop_assert_eq!((score, first), (back, second));
            proptest::prop_assert!((0..=100).contains(&score));
        }
    }
}
