use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{BulkDetails, BulkUndo, ExportDetails, ImportDetails, Instant, JobKind, JobState, UserRef};

/// Work that the server does by itself, in small steps that outlive a crash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Job {
    pub id: Uuid,
    pub kind: JobKind,
    pub state: JobState,
    /// What it works on, such as the name of a file.
    #[cfg_attr(feature = "schema", schema(example = "customers-2026-11.csv"))]
    pub title: String,
    /// Who started it; null for the command line.
    pub created_by: Option<UserRef>,
    /// It only tells what it would do.
    pub dry_run: bool,
    /// Records that are done.
    pub processed: i64,
    /// Records in all; null until they are counted.
    pub total: Option<i64>,
    pub counts: JobCounts,
    /// It ends after the records that it is at.
    pub cancel_requested: bool,
    /// Why it failed.
    pub problem: Option<JobProblem>,
    pub created_at: Instant,
    pub started_at: Option<Instant>,
    pub finished_at: Option<Instant>,
    /// When it and its files are removed.
    pub expires_at: Instant,
    pub version: i64,
}

/// What came of the records that are done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JobCounts {
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub failed: i64,
    /// Records of an import whose customer may be one that is there already.
    #[serde(default)]
    pub duplicates: i64,
    /// Those of them that have changed the customer that is there.
    #[serde(default)]
    pub merged: i64,
    /// Those of them that were left out.
    #[serde(default)]
    pub skipped: i64,
    /// Conflicts with verified fields that an import has opened.
    #[serde(default)]
    pub conflicts: i64,
}

/// Why a job failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JobProblem {
    #[cfg_attr(feature = "schema", schema(example = "record_too_long"))]
    pub code: String,
    pub message: String,
}

/// A job with what it was told to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JobDetails {
    #[serde(flatten)]
    pub job: Job,
    /// Of an import.
    pub import: Option<ImportDetails>,
    /// Of an export.
    pub export: Option<ExportDetails>,
    /// Of the undoing of an import.
    pub undo: Option<ImportUndo>,
    /// Of what is done to many customers.
    #[serde(default)]
    pub bulk: Option<BulkDetails>,
    /// Of the undoing of that.
    #[serde(default)]
    pub bulk_undo: Option<BulkUndo>,
    /// The job that undoes this import or bulk action.
    pub undone_by: Option<Uuid>,
    /// What it has made, at `/jobs/{id}/file` for the user who started it.
    pub file: Option<JobFile>,
}

/// What an undoing was told to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ImportUndo {
    /// The import that it takes back.
    pub import_id: Uuid,
}

/// A file that a job has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JobFile {
    #[cfg_attr(feature = "schema", schema(example = "customers-2026-11-26.csv"))]
    pub name: String,
    /// Size in bytes.
    pub bytes: i64,
    /// SHA-256 of the file, in hexadecimal digits.
    pub digest: String,
}
