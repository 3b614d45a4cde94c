mod store;

use chrono::NaiveDate;
use guanxi_api::{ContactPointKind, CustomerKind};
use guanxi_db::DbConn;
use serde_json::Value;

use crate::customers::{CustomerId, known};
use crate::error::Result;

/// What customers are compared by, for finding those who are entered twice. Of numbers and addresses only the keyed hashes.
#[derive(Clone, Debug)]
pub struct Comparable {
    pub kind: CustomerKind,
    pub name: String,
    pub birth_date: Option<NaiveDate>,
    pub birth_year: Option<i32>,
    pub gender: Option<String>,
    pub city: Option<String>,
    pub employer: Option<String>,
    /// Kind and number of the identity document.
    pub identity: Option<(String, Vec<u8>)>,
    pub phones: Vec<Vec<u8>>,
    pub emails: Vec<Vec<u8>>,
}

impl Default for Comparable {
    /// A person of whom nothing is known.
    fn default() -> Self {
        Comparable {
            kind: CustomerKind::Person,
            name: String::new(),
            birth_date: None,
            birth_year: None,
            gender: None,
            city: None,
            employer: None,
            identity: None,
            phones: Vec::new(),
            emails: Vec::new(),
        }
    }
}

/// How many customers are in the lists.
///
/// # Errors
/// When the database fails.
pub fn count_in_lists(conn: &mut DbConn) -> Result<i64> {
    store::count_in_lists(conn)
}

/// The next customers by their ids that are not archived, whoever looks after them.
///
/// # Errors
/// When the database fails.
pub fn comparable_after(
    conn: &mut DbConn,
    after: Option<CustomerId>,
    limit: i64,
) -> Result<Vec<(CustomerId, Comparable)>> {
    let mut found: Vec<(CustomerId, Comparable)> = Vec::new();
    for row in store::comparable_after(conn, after, limit)? {
        let employer = row.details.0.get("employer").and_then(Value::as_str).map(str::to_owned);
        let one = Comparable {
            kind: known(CustomerKind::from_code(&row.kind))?,
            name: row.name,
            birth_date: row.birth_date,
            birth_year: row.birth_year,
            gender: row.gender,
            city: row.city,
            employer,
            ..Comparable::default()
        };
        found.push((row.id, one));
    }
    let (Some((first, _)), Some((last, _))) = (found.first(), found.last()) else { return Ok(found) };
    let (first, last) = (*first, *last);
    let at = |found: &[(CustomerId, Comparable)], id| found.binary_search_by_key(&id, |(id, _)| *id).ok();
    for (id, kind, value) in store::identities_between(conn, first, last)? {
        if let Some((_, one)) = at(&found, id).and_then(|place| found.get_mut(place)) {
            one.identity = Some((kind, value));
        }
    }
    for (id, kind, value) in store::reached_between(conn, first, last)? {
        if let Some((_, one)) = at(&found, id).and_then(|place| found.get_mut(place)) {
            let points =
                if kind == ContactPointKind::Phone.as_str() { &mut one.phones } else { &mut one.emails };
            points.push(value);
        }
    }
    Ok(found)
}
