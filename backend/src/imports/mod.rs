//! Imports: files of customers, as other systems write them. A file is sent in ([`uploads`]), a mapping says what its columns become,
//! and a job takes its records, two hundred in a transaction, over the plan of a bulk call ([`crate::customers::upsert_lines`]). How
//! far it is stands in the row of the job, written with the records, so a crash repeats and loses none. Records that are not
//! taken are kept, sealed, with what is wrong with each, to be put right and imported again. What a step has done is noted with how it was
//! before, so that a whole import can be taken back ([`undo`]) as long as its job is kept.

mod bank;
mod brought;
mod columns;
mod conditions;
mod duplicates;
mod mapping;
mod problems;
mod reading;
mod records;
mod rehearsal;
mod routes;
mod run;
mod saved;
mod start;
mod store;
mod templates;
#[cfg(test)]
mod tests;
mod ties;
mod undo;
mod uploads;
mod values;
mod words;
mod workbook;

use guanxi_api::{DuplicateAction, DuplicateDecision, FileLayout, ImportMapping};
use guanxi_db::Id;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use duplicates::DUPLICATES;
pub use duplicates::duplicates;
pub(crate) use problems::PROBLEMS;
pub use problems::{problems, problems_file};
pub use rehearsal::{rehearse, rehearse_workbook};
pub use run::run;
pub(crate) use saved::MAPPINGS;
pub use saved::{
    keep_mapping, keep_mapping_for, mapping as saved_mapping, mappings, remove_mapping, set_mapping,
    shared_mapping,
};
pub use start::{Checked, Corrected, check, correct, corrected_file, start, to_correct};
#[cfg(test)]
pub(crate) use store::last_changes;
pub use undo::start_undo;
pub use uploads::{
    MAX_UPLOAD, Received, Sent, Stored, expired, find, forget, inspect, is_known, receive,
    remove_expired_jobs, stored_files,
};

/// The routes of this room.
pub fn routes(config: &mut impl crate::web::Routes) {
    config
        .service(routes::send_file)
        .service(routes::get_upload)
        .service(routes::start_import)
        .service(routes::list_import_problems)
        .service(routes::get_import_problems_file)
        .service(routes::correct_import)
        .service(routes::list_import_duplicates)
        .service(routes::undo_import)
        .service(routes::list_import_mappings)
        .service(routes::keep_import_mapping)
        .service(routes::get_import_mapping)
        .service(routes::set_import_mapping)
        .service(routes::remove_import_mapping);
}

/// Marks ids of files that were sent in.
#[derive(Debug)]
pub enum UploadMark {}
/// Marks ids of records that were not taken.
#[derive(Debug)]
pub enum ImportProblemMark {}

/// Marks ids of records whose customer may be there already.
#[derive(Debug)]
pub enum ImportDuplicateMark {}
/// Marks ids of mappings that are kept under a name.
#[derive(Debug)]
pub enum SavedMappingMark {}

pub type UploadId = Id<UploadMark>;
pub type ImportProblemId = Id<ImportProblemMark>;
pub type ImportDuplicateId = Id<ImportDuplicateMark>;
pub type SavedMappingId = Id<SavedMappingMark>;

/// What an import is told to do, as its job keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Input {
    upload_id: Uuid,
    /// Size of the file in bytes.
    bytes: i64,
    /// SHA-256 of the file, in hexadecimal digits.
    digest: String,
    /// Nothing in it is left open.
    layout: FileLayout,
    mapping: ImportMapping,
    columns: Vec<String>,
    /// What is done with records whose customer may be there already.
    #[serde(default)]
    duplicates: DuplicateAction,
    /// By line.
    #[serde(default)]
    decisions: Vec<DuplicateDecision>,
}
