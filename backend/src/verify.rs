//! `guanxi verify`: looks for damage and for derived data that is not what it is derived from.

mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use guanxi_api::{Amount, Rate};
use guanxi_db::DbConn;

use crate::error::Result;
use crate::products::rules::convert;
use crate::{audit, customers, due, grades, installation, ownership, segments};

/// What was looked at, and what was found wrong.
#[derive(Debug, Default)]
pub struct Report {
    pub checked: Vec<String>,
    pub wrong: Vec<String>,
}

/// Verifies the database: its files, the audit chain, what is derived, and that every owner of customers can be one. An account may be
/// closed at once, and a unit may move; the customers that this leaves behind are named here until they are handed over.
///
/// # Errors
/// When the database fails.
pub fn verify(conn: &mut DbConn) -> Result<Report> {
    let mut report = Report::default();
    let settings = &installation::read(conn)?;
    match store::integrity(conn)? {
        damage if damage.is_empty() => report.checked.push("the database file is whole".into()),
        damage => report.wrong.extend(damage),
    }
    match audit::verify_chain(conn)? {
        Ok(entries) => report.checked.push(format!("the audit chain of {entries} entries holds")),
        Err(why) => report.wrong.push(format!("audit chain: {why}")),
    }
    let mut found = store::differences(conn)?;
    found.extend(store::holdings(conn)?);
    match due::count(conn)? {
        0 => {
            found.extend(store::figures(conn)?);
            found.push(values(conn)?);
        }
        due => report.checked.push(format!(
            "figures were not compared with holdings: {due} changes of rates, products or tiers are being applied"
        )),
    }
    found.push(("the record of owners names the owner of each customer", customers::wrong_owners(conn)?));
    found.push(store::quality_shares(conn)?);
    match customers::wrong_completeness(conn)? {
        Some(count) => found.push(("the completeness of customers is what their data say", count)),
        None => report.checked.push(
            "the completeness of customers was not compared with their data: it is being worked out".into(),
        ),
    }
    found.push(("each tag says how many customers have it", customers::wrong_tag_counts(conn)?));
    match ownership::wrong_pool(conn, settings)? {
        Some(count) => {
            found.push(("who is about to fall back, or has, is what the rules of the pool say", count))
        }
        None => report
            .checked
            .push("the pool was not compared with its rules: customers are being looked at".into()),
    }
    match ownership::wrong_care(conn, settings)? {
        Some(count) => found.push(("what is kept of the care of customers is what the rules say", count)),
        None => report.checked.push(
            "the care of customers was not compared with the rules: customers are being looked at".into(),
        ),
    }
    match segments::misplaced(conn)? {
        Some(count) => {
            found.push(("customers are in the segments that the rules say, and counted there", count))
        }
        None => report
            .checked
            .push("segments were not compared with their rules: customers are being looked at".into()),
    }
    match grades::misgraded(conn)? {
        Some(count) => found.push(("customers have the grades that the rules say", count)),
        None => report
            .checked
            .push("grades were not compared with their rules: customers are being looked at".into()),
    }
    for (what, count) in found {
        if count == 0 {
            report.checked.push(what.to_owned());
        } else {
            report.wrong.push(format!("not so for {count} rows: {what}"));
        }
    }
    for (what, count, some) in store::owners(conn)? {
        if count == 0 {
            report.checked.push(what.to_owned());
        } else {
            report.wrong.push(format!("not so for {count} customers ({}, …): {what}", some.join(", ")));
        }
    }
    Ok(report)
}

/// Holdings looked at in one query.
const AT_ONCE: i64 = 1000;

/// For how many holdings the value is not the amount at the newest rate.
fn values(conn: &mut DbConn) -> Result<(&'static str, i64)> {
    let (base, rates) = store::rates(conn)?;
    // The last one of a currency wins.
    let mut rates: HashMap<String, Rate> =
        rates.into_iter().map(|(currency, rate)| (currency, Rate(rate))).collect();
    rates.insert(base, Rate::ONE);
    let (mut wrong, mut after) = (0, None);
    loop {
        let rows = store::valued_after(conn, after, AT_ONCE)?;
        let Some((last, ..)) = rows.last() else { break };
        after = Some(*last);
        let is_right = |currency: &String, amount, value| {
            rates.get(currency).is_some_and(|rate| convert(Amount(amount), *rate).0 == value)
        };
        let differ = rows.iter().filter(|(_, currency, amount, value)| !is_right(currency, *amount, *value));
        wrong += i64::try_from(differ.count()).unwrap_or(i64::MAX);
    }
    Ok(("the value of a holding is its amount at the rate of its currency", wrong))
}
