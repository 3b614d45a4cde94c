use guanxi_api::{
    CustomerSearch, Delimiter, ExportList, FileLayout, ImportCorrections, ImportDuplicate, ImportProblem,
    Include, Job, JobDetails, NewExport, NewImport, Page, PageInfo, SavedMapping, SavedMappingDefinition,
    SavedMappingRef, TextEncoding, Upload,
};
use serde::Deserialize;
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

/// How many rows a list has, and whether they were counted to the end.
pub async fn count(of: &NewExport) -> Result<(u32, bool), ApiError> {
    #[derive(Deserialize)]
    struct Counted {
        page: PageInfo,
    }
    // Both searches read the same; what is searched for stays out of the address.
    let search = |path: &'static str| {
        Call::post(path).json(&CustomerSearch {
            q: of.q.clone(),
            filter: of.filter.clone(),
            limit: Some(1),
            include: Some(Include::Total),
            ..CustomerSearch::default()
        })
    };
    let plain = |path: &str| {
        let filter = of.filter.as_deref().unwrap_or_default();
        Call::get(format!("{path}{}", query(&[("filter", filter), ("limit", "1"), ("include", "total")])))
    };
    let call = match of.list {
        ExportList::Customers => search("/customers/search"),
        ExportList::Interactions => search("/interactions/search"),
        ExportList::Tasks => plain("/tasks"),
        ExportList::Holdings => plain("/holdings"),
        ExportList::AuditEntries => plain("/audit-entries"),
    };
    let Counted { page } = call.read().await?;
    Ok((page.total.unwrap_or_default(), page.total_exact != Some(false)))
}

pub async fn start_export(new: &NewExport, key: &str) -> Result<JobDetails, ApiError> {
    Call::post("/jobs/exports").json(new).once(key).read().await
}

/// What a job has made.
pub async fn file(id: Uuid) -> Result<Blob, ApiError> {
    Call::get(format!("/jobs/{id}/file"))
        .until(Some(AbortSignal::timeout_with_u32(UPLOAD_PATIENCE)))
        .read_file()
        .await
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

/// Starts the job that takes an import back.
pub async fn undo(id: Uuid, key: &str) -> Result<JobDetails, ApiError> {
    Call::post(format!("/jobs/{id}/undo")).once(key).read().await
}

pub async fn problems(id: Uuid, cursor: &str) -> Result<Page<ImportProblem>, ApiError> {
    Call::get(format!("/jobs/{id}/problems{}", query(&[("cursor", cursor)]))).read().await
}

pub async fn duplicates(id: Uuid, cursor: &str) -> Result<Page<ImportDuplicate>, ApiError> {
    Call::get(format!("/jobs/{id}/duplicates{}", query(&[("cursor", cursor)]))).read().await
}

/// The mappings that are kept under a name, as many as a page has.
pub async fn mappings() -> Result<Page<SavedMappingRef>, ApiError> {
    Call::get("/import-mappings?limit=200").read().await
}

pub async fn mapping(id: Uuid) -> Result<SavedMapping, ApiError> {
    Call::get(format!("/import-mappings/{id}")).read().await
}

pub async fn keep_mapping(new: &SavedMappingDefinition, key: &str) -> Result<SavedMapping, ApiError> {
    Call::post("/import-mappings").json(new).once(key).read().await
}

pub async fn set_mapping(
    id: Uuid,
    version: i64,
    to: &SavedMappingDefinition,
) -> Result<SavedMapping, ApiError> {
    Call::put(format!("/import-mappings/{id}")).if_match(&format!("\"{version}-0\"")).json(to).read().await
}

pub async fn remove_mapping(id: Uuid, version: i64) -> Result<(), ApiError> {
    let tag = format!("\"{version}-0\"");
    Call::delete(format!("/import-mappings/{id}")).if_match(&tag).send().await.map(drop)
}

/// The records that were not taken, as a file.
pub async fn problems_file(id: Uuid) -> Result<Blob, ApiError> {
    Call::get(format!("/jobs/{id}/problems/file")).read_file().await
}

pub async fn correct(id: Uuid, records: &ImportCorrections, key: &str) -> Result<JobDetails, ApiError> {
    Call::post(format!("/jobs/{id}/corrections")).json(records).once(key).read().await
}
