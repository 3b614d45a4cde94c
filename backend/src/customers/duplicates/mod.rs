//! Which customers that are there somebody may be of whom another system tells: by the identity document, or by a phone and the name.

mod store;

use std::collections::{HashMap, HashSet};

use guanxi_api::{BulkCustomer, ContactPointKind, DuplicateLikeness, IdentityKind, LocalName};
use guanxi_db::DbConn;

use crate::access::{Actor, Scope};
use crate::customers::rules::{contact, identity};
use crate::customers::store as rows;
use crate::customers::{CustomerId, House, purpose};
use crate::error::Result;
use crate::names::reading::fold;
use crate::names::variants::one_of_its_variants;
use store::LikelyRow;

/// A customer that somebody may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Likely {
    pub id: CustomerId,
    pub likeness: DuplicateLikeness,
}

/// What is told of such a customer; who asks knows whether all of it may be told.
#[derive(Clone, Debug)]
pub struct LikelyTold {
    pub customer_no: String,
    pub name: String,
    pub unit: LocalName,
    /// Whether the actor sees the customer.
    pub seen: bool,
}

/// Finds whom lines may be about; customers that are archived are nobody. Of several, one that the actor sees comes first, then the oldest.
///
/// # Errors
/// When the database fails.
pub fn likely(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    lines: &[Option<&BulkCustomer>],
) -> Result<Vec<Option<Likely>>> {
    let today = house.settings.day(actor.now());
    let hash = |purpose: &str, text: &str| house.keys.keyed_hash(purpose, text).to_vec();
    let numbers: Vec<Option<Vec<u8>>> = lines
        .iter()
        .map(|line| {
            let document = line.as_ref()?.data.identity.as_ref()?;
            // A number of some other paper says nothing without what paper it is.
            if document.kind == IdentityKind::Other {
                return None;
            }
            let checked = identity::check(document.kind, &document.number, today).ok()?;
            Some(hash(purpose::IDENTITY, &checked.number))
        })
        .collect();
    let phones: Vec<Vec<Vec<u8>>> = lines
        .iter()
        .map(|line| {
            let points = line.iter().flat_map(|line| &line.data.contact_points);
            let phones = points.filter(|point| point.kind == ContactPointKind::Phone);
            let checked = phones.filter_map(|point| contact::check(point.kind, &point.value).ok());
            checked.map(|phone| hash(purpose::CONTACT, &phone.match_key)).collect()
        })
        .collect();
    let wanted: Vec<Vec<u8>> = numbers.iter().flatten().cloned().collect();
    let by_number = grouped(store::by_identity(conn, &wanted)?);
    let wanted: Vec<Vec<u8>> = phones.iter().flatten().cloned().collect();
    let by_phone = grouped(store::by_phone(conn, &wanted)?);
    let ids: HashSet<CustomerId> =
        by_number.values().chain(by_phone.values()).flatten().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(vec![None; lines.len()]);
    }
    let ids: Vec<CustomerId> = ids.into_iter().collect();
    let seen = rows::seen_among(conn, &Scope::of(actor), &ids)?;
    let best = |rows: &mut dyn Iterator<Item = &LikelyRow>, likeness: DuplicateLikeness| {
        let first = rows.map(|row| row.id).min_by_key(|id| (!seen.contains(id), *id))?;
        Some(Likely { id: first, likeness })
    };
    let found = lines.iter().zip(numbers.iter().zip(&phones)).map(|(line, (number, phones))| {
        let line = line.as_ref()?;
        let mut same = number.iter().filter_map(|number| by_number.get(number)).flatten();
        let by_number = best(&mut same, DuplicateLikeness::IdentityDocument);
        let name = compared(line.data.name.as_deref().unwrap_or_default());
        let mut same = phones
            .iter()
            .filter_map(|phone| by_phone.get(phone))
            .flatten()
            .filter(|row| !name.is_empty() && compared(&row.name) == name);
        by_number.or_else(|| best(&mut same, DuplicateLikeness::PhoneAndName))
    });
    Ok(found.collect())
}

/// A name without what spellings of it differ in, traditional and simplified characters among them.
fn compared(name: &str) -> String {
    fold(name).chars().filter(|character| character.is_alphanumeric()).map(one_of_its_variants).collect()
}

fn grouped(rows: Vec<LikelyRow>) -> HashMap<Vec<u8>, Vec<LikelyRow>> {
    let mut groups: HashMap<Vec<u8>, Vec<LikelyRow>> = HashMap::with_capacity(rows.len());
    for row in rows {
        groups.entry(row.hash.clone()).or_default().push(row);
    }
    groups
}

/// What is told of some of these customers, whether the actor sees them or not.
///
/// # Errors
/// When the database fails.
pub fn likely_told(
    conn: &mut DbConn,
    actor: &Actor,
    ids: &[CustomerId],
) -> Result<HashMap<CustomerId, LikelyTold>> {
    let seen = rows::seen_among(conn, &Scope::of(actor), ids)?;
    let rows = store::likely_told(conn, ids)?;
    let told = rows.into_iter().map(|(id, customer_no, name, zh_cn, en)| {
        (id, LikelyTold { customer_no, name, unit: LocalName { zh_cn, en }, seen: seen.contains(&id) })
    });
    Ok(told.collect())
}
