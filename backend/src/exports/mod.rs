//! Exports: lists as files, as CSV or as a workbook. A job reads the list page by page, with the rights, the scope and the masks that the
//! user who started it has at that moment, and writes the rows to a sealed file that only this user can fetch.
//!
//! Rows are as they were when their page was read: what changes while the file is written may stand in it before or after its change, and
//! what comes into a place that was passed already is not in it. No row stands in a file twice. An export that is taken
//! again, because its server stopped or died, begins its file anew; what was written before is nobody's and goes.

mod columns;
mod lists;
mod routes;
mod run;
mod start;
mod table;
#[cfg(test)]
mod tests;
mod words;

use guanxi_api::{CsvProfile, ExportFormat, ExportList, Language};
use serde::{Deserialize, Serialize};

pub use run::run;
pub use start::{Counted, count, start};

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config.service(routes::start_export);
}

/// Most rows of which a file may be made without a reason.
pub const ROWS_WITHOUT_REASON: i64 = 1_000;

/// What an export is told to do, as its job keeps it: what [`guanxi_api::ExportDetails`] shows, and the search text, sealed, since it
/// may be a phone or an identity number.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Input {
    list: ExportList,
    searched: bool,
    filter: Option<String>,
    sort: Option<String>,
    /// How many rows were chosen one by one; which ones, the targets of the job say.
    #[serde(default)]
    chosen: Option<i64>,
    #[serde(default)]
    columns: Option<Vec<String>>,
    format: ExportFormat,
    profile: CsvProfile,
    language: Language,
    reason: Option<String>,
    sealed_q: Option<Vec<u8>>,
    /// Rows, where they were counted to the end.
    rows: Option<i64>,
}
