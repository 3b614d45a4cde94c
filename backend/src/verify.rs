//! `guanxi verify`: looks for damage and for derived data that is not what it is derived from.

mod store;
#[cfg(test)]
mod tests;

use guanxi_db::DbConn;

use crate::audit;
use crate::error::Result;

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
    match store::integrity(conn)? {
        damage if damage.is_empty() => report.checked.push("the database file is whole".into()),
        damage => report.wrong.extend(damage),
    }
    match audit::verify_chain(conn)? {
        Ok(entries) => report.checked.push(format!("the audit chain of {entries} entries holds")),
        Err(why) => report.wrong.push(format!("audit chain: {why}")),
    }
    for (what, count) in store::differences(conn)? {
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
