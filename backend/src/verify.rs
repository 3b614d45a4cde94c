//! `guanxi verify`: looks for damage and for derived data that is not what it is derived from.

mod store;

use guanxi_db::DbConn;

use crate::audit;
use crate::error::Result;

/// What was looked at, and what was found wrong.
#[derive(Debug, Default)]
pub struct Report {
    pub checked: Vec<String>,
    pub wrong: Vec<String>,
}

/// Verifies the database: its files, the audit chain, and what is derived.
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
    Ok(report)
}
