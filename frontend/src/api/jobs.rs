use guanxi_api::{
    Delimiter, FileLayout, ImportCorrections, ImportProblem, Job, JobDetails, NewImport, Page, TextEncoding,
    Upload,
};
use uuid::Uuid;
use web_sys::{AbortSignal, Blob, File};

use super::{ApiError, Call, query};

/// Milliseconds that a file may be on its way: the largest one passes through 3 Mbit/s.
const UPLOAD_PATIENCE: u32 = 600_000;
/// Characters of a file's name at most.
const NAME: usize = 200;

pub async fn upload(file: File) -> Result<Upload, ApiError> {
    let name: String = file.name().chars().take(NAME).collect();
    Call::post(format!("/uploads{}", query(&[("name", &name)])))
        .file(file.into())
        .until(Some(AbortSignal::timeout_with_u32(UPLOAD_PATIENCE)))
        .read()
        .await
}

/// Reads a file that was sent in another way.
pub async fn read_again(id: Uuid, layout: &FileLayout) -> Result<Upload, ApiError> {
    let header = layout.header_record.map(|number| number.to_string()).unwrap_or_default();
    let query = query(&[
        ("encoding", layout.encoding.map_or("", TextEncoding::as_str)),
        ("delimiter", layout.delimiter.map_or("", Delimiter::as_str)),
        ("header_record", &header),
    ]);
    Call::get(format!("/uploads/{id}{query}")).read().await
}

pub async fn start_import(new: &NewImport, key: &str) -> Result<JobDetails, ApiError> {
    Call::post("/jobs/imports").json(new).once(key).read().await
}

pub async fn list(filter: &str, sort: &str, cursor: &str) -> Result<Page<Job>, ApiError> {
    let query = query(&[("filter", filter), ("sort", sort), ("cursor", cursor)]);
    Call::get(format!("/jobs{query}")).read().await
}

pub async fn get(id: Uuid) -> Result<JobDetails, ApiError> {
    Call::get(format!("/jobs/{id}")).read().await
}

pub async fn cancel(id: Uuid) -> Result<JobDetails, ApiError> {
    Call::post(format!("/jobs/{id}/cancel")).read().await
}

pub async fn problems(id: Uuid, cursor: &str) -> Result<Page<ImportProblem>, ApiError> {
    Call::get(format!("/jobs/{id}/problems{}", query(&[("cursor", cursor)]))).read().await
}

/// The records that were not taken, as a file.
pub async fn problems_file(id: Uuid) -> Result<Blob, ApiError> {
    Call::get(format!("/jobs/{id}/problems/file")).read_file().await
}

pub async fn correct(id: Uuid, records: &ImportCorrections, key: &str) -> Result<JobDetails, ApiError> {
    Call::post(format!("/jobs/{id}/corrections")).json(records).once(key).read().await
}
