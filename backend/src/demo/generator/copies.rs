//! Customers who were entered a second time, as people do: with a slip in the name, another phone, without the document.

use chrono::{Datelike, NaiveDate};
use guanxi_api::{ContactPointKind, CustomerKind, ExternalId, NewCustomer};

use super::{DemoCustomer, Draw, Purpose, external_id};
use crate::names::reading::{Unit, units};

/// Under which system the copies stand, so that one can tell which they are.
const SYSTEM: &str = "branch";

/// Customer `n`, entered once more. Beside the name, at least one of document, phone and birth date is the same or nearly so: without any of them
/// nobody could say that it is one customer.
pub fn copy(seed: u64, n: u64, original: &DemoCustomer) -> DemoCustomer {
    let mut draw = Draw::new(seed, Purpose::Copy, n);
    let draw = &mut draw;
    let mut copy = original.clone();
    let new = &mut copy.new;
    new.external_ids = vec![ExternalId { source: SYSTEM.to_owned(), id: external_id(n).id }];
    new.notes = None;
    rename(draw, new);
    if !draw.in_thousand(300) {
        new.identity = None;
    }
    if draw.in_thousand(600) {
        new.employer = None;
    }
    if draw.in_thousand(250) {
        new.city = None;
        new.province = None;
    }
    new.contact_points.retain(|point| point.kind == ContactPointKind::Phone || draw.in_thousand(300));
    if draw.in_thousand(250) && (new.identity.is_some() || new.birth_date.is_some()) {
        new.contact_points.retain(|point| point.kind != ContactPointKind::Phone);
    } else if new.kind == CustomerKind::Person {
        day_with_a_slip(draw, new);
    }
    copy.archived = false;
    copy
}

/// The name as another person writes it.
fn rename(draw: &mut Draw, new: &mut NewCustomer) {
    let name = new.name.clone();
    let letters: Vec<char> = name.chars().collect();
    match draw.below(20) {
        0 | 1 if new.kind == CustomerKind::Person => new.name = in_latin_letters(&name),
        2 if letters.len() > 2 => {
            new.name = letters
                .iter()
                .enumerate()
                .filter(|(n, _)| *n != letters.len() - 1)
                .map(|(_, letter)| *letter)
                .collect();
        }
        3 | 4 => new.name = letters.iter().map(char::to_string).collect::<Vec<_>>().join(" "),
        5 | 6 => new.name = traditional(&name),
        _ => {}
    }
}

/// Surname last, as in foreign papers.
fn in_latin_letters(name: &str) -> String {
    let sounds: Vec<String> = units(CustomerKind::Person, name)
        .iter()
        .map(|unit: &Unit| unit.sounds().first().cloned().unwrap_or_default())
        .collect();
    match sounds.split_first() {
        Some((surname, given)) if !given.is_empty() => format!("{} {surname}", given.concat()),
        _ => name.to_owned(),
    }
}

/// With the traditional form of some characters that names have.
fn traditional(name: &str) -> String {
    const FORMS: [(char, char); 16] = [
        ('张', '張'),
        ('陈', '陳'),
        ('刘', '劉'),
        ('杨', '楊'),
        ('赵', '趙'),
        ('吴', '吳'),
        ('孙', '孫'),
        ('马', '馬'),
        ('伟', '偉'),
        ('丽', '麗'),
        ('华', '華'),
        ('国', '國'),
        ('军', '軍'),
        ('兰', '蘭'),
        ('云', '雲'),
        ('风', '風'),
    ];
    name.chars()
        .map(|letter| FORMS.iter().find(|(simple, _)| *simple == letter).map_or(letter, |(_, form)| *form))
        .collect()
}

/// Sometimes the birth date has only its year, is not there, or has day and month the wrong way round.
fn day_with_a_slip(draw: &mut Draw, new: &mut NewCustomer) {
    if new.identity.is_some() {
        return;
    }
    let Some(date) = new.birth_date else { return };
    match draw.below(10) {
        0 => {
            new.birth_date = None;
            new.birth_year = Some(date.year());
        }
        1 => {
            new.birth_date = None;
            new.birth_year = None;
        }
        2 => new.birth_date = NaiveDate::from_ymd_opt(date.year(), date.day(), date.month()).or(Some(date)),
        _ => {}
    }
}
