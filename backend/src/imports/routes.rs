use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use futures_util::StreamExt;
use guanxi_api::{
    FileLayout, ImportCorrections, ImportDuplicate, ImportProblem, JobDetails, ListQuery, NewImport, Page,
    ProblemsFileQuery, SavedMapping, SavedMappingDefinition, SavedMappingRef, Upload, UploadQuery,
};
use guanxi_db::{DbConn, Id};

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::error::{Code, Error, Result};
use crate::idempotency::{self, Once};
use crate::imports::{self, Received, SavedMappingMark, UploadId, UploadMark};
use crate::jobs::{JobMark, accepted, started};
use crate::listing::ListRequest;
use crate::web::{self as answer, Document, IfMatch, Json, PathId, Query, in_background};

/// How much of a file is written at a time.
const WRITTEN_AT_ONCE: usize = 1024 * 1024;

/// Send a file.
///
/// Delimited text in UTF-8 or GB18030, packed by gzip or not, at most 200 MiB; or a workbook (XLSX) of 40 MiB at most, of which the cells of
/// one sheet become such text. The answer says how it is read and what its columns seem to hold. It is kept for seven days, sealed, for the user who sent it.
#[utoipa::path(operation_id = "sendFile", tag = "jobs", params(UploadQuery),
    request_body(content = String, content_type = "application/octet-stream", description = "The file", example = json!("id,name\n1,王伟\n")),
    responses((status = 201, body = Upload, description = "Kept",
        headers(("Location" = String, description = "Where what is known of the file is")))))]
#[post("/uploads")]
pub async fn send_file(
    who: May<kinds::RunImports>,
    state: web::Data<AppState>,
    query: Query<UploadQuery>,
    mut payload: web::Payload,
) -> Result<HttpResponse> {
    let (actor, files) = (who.actor(), state.files.clone());
    let (by, store) = (actor.clone(), files.clone());
    let mut received = in_background(move || Received::begin(&store, &by)).await?;
    let mut waiting = web::BytesMut::new();
    loop {
        let chunk = payload.next().await.transpose();
        let chunk =
            chunk.map_err(|error| Error { cause: Some(error.to_string()), ..Error::new(Code::Malformed) })?;
        let ended = chunk.is_none();
        waiting.extend_from_slice(&chunk.unwrap_or_default());
        if ended || waiting.len() >= WRITTEN_AT_ONCE {
            let piece = waiting.split();
            received = in_background(move || received.take(&piece).map(|()| received)).await?;
        }
        if ended {
            break;
        }
    }
    let (by, store, UploadQuery { name, sheet }) = (actor.clone(), files.clone(), query.0);
    let stored = in_background(move || received.end_as_text(&store, &by, sheet.as_deref())).await?;
    let id = stored.id();
    let by = actor.clone();
    let sent = state
        .db
        .write(move |conn| {
            imports::receive(conn, &by, &name, &stored)?;
            imports::find(conn, &by, id)
        })
        .await;
    let upload = match sent {
        Ok(sent) => {
            let files = files.clone();
            in_background(move || imports::inspect(&files, &sent, &FileLayout::default())).await
        }
        Err(error) => Err(error),
    };
    match upload {
        Ok(upload) => Ok(HttpResponse::Created()
            .insert_header((LOCATION, format!("/api/v1/uploads/{id}")))
            .json(&upload)),
        Err(error) => {
            // Nobody could use it.
            let forgotten = state.db.write(move |conn| imports::forget(conn, id)).await;
            let removed = in_background(move || files.remove(id.uuid()).map_err(Error::internal)).await;
            if let Err(cause) = forgotten.and(removed) {
                tracing::warn!(error = %cause, "a refused file was not removed; it goes when it expires");
            }
            Err(error)
        }
    }
}

/// Read what is known of a file.
///
/// With another encoding, delimiter or record of names, as the file is read then.
#[utoipa::path(operation_id = "getUpload", tag = "jobs", params(("id" = String, Path, description = "Id of the file"), FileLayout),
    responses((status = 200, body = Upload, description = "The file, how it is read, and its columns")))]
#[get("/uploads/{id}")]
pub async fn get_upload(
    who: May<kinds::RunImports>,
    state: web::Data<AppState>,
    id: PathId<UploadMark>,
    layout: Query<FileLayout>,
) -> Result<HttpResponse> {
    let (actor, id, files) = (who.actor(), id.0, state.files.clone());
    let sent = state.db.read(move |conn| imports::find(conn, &actor, id)).await?;
    let upload = in_background(move || imports::inspect(&files, &sent, &layout.0)).await?;
    Ok(answer::ok(&upload))
}

/// Start an import.
///
/// A dry run tells, record by record, what would be done. A record that cannot be taken does not keep the others from being taken.
/// Relations and households are entered when all customers of the file are there, so the other customer may stand in a later record; a record of which one
/// turns out to be impossible only then counts as failed, although its customer is there.
#[utoipa::path(operation_id = "startImport", tag = "jobs", request_body = NewImport,
    params(("Idempotency-Key" = String, Header, description = "8 to 128 visible characters; the same request with the same key is done once")),
    responses((status = 202, body = JobDetails, description = "The job is written down",
        headers(("Location" = String, description = "Where the job is"), ("Retry-After" = String, description = "When to ask for its progress, in seconds")))))]
#[post("/jobs/imports")]
pub async fn start_import(
    request: HttpRequest,
    who: May<kinds::RunImports>,
    state: web::Data<AppState>,
    body: Json<NewImport>,
) -> Result<HttpResponse> {
    let (actor, new, files) = (who.actor(), body.0, state.files.clone());
    let once = idempotency::Request::read(&request, &new)?.required()?;
    let (by, upload) = (actor.clone(), UploadId::new(new.upload_id));
    let sent = state.db.read(move |conn| imports::find(conn, &by, upload)).await.map_err(|error| {
        let no_upload = error.code == Code::NotFound;
        if no_upload { Error::field("/upload_id", "no_such_upload") } else { error }
    })?;
    let checked = in_background(move || imports::check(&files, &sent, &new)).await?;
    let (details, replayed) =
        started(&state, actor, once, move |conn, actor| imports::start(conn, actor, &checked)).await?;
    Ok(accepted(&details, replayed))
}

/// List the records that were not taken.
///
/// In the order of the file, each with what is wrong. What a record says is shown to the user who started the import.
#[utoipa::path(operation_id = "listImportProblems", tag = "jobs", params(("id" = String, Path, description = "Id of the job"), ListQuery),
    responses((status = 200, body = Page<ImportProblem>, description = "A page of records")))]
#[get("/jobs/{id}/problems")]
pub async fn list_import_problems(
    request: HttpRequest,
    who: May<kinds::ViewJobs>,
    state: web::Data<AppState>,
    id: PathId<JobMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, id, shared) = (who.actor(), id.0, state.clone());
    let page =
        state.db.read(move |conn| imports::problems(conn, &actor, &shared.keys, id, query.0.clone())).await?;
    Ok(answer::page(&request, &page))
}

/// Download the records that were not taken.
///
/// As a file in the form in which they came, with two more columns: the line, and what is wrong. Put right, it can be imported as it is.
#[utoipa::path(operation_id = "getImportProblemsFile", tag = "jobs", params(("id" = String, Path, description = "Id of the job"), ProblemsFileQuery),
    responses((status = 200, body = String, content_type = "text/csv", description = "The records", example = json!("id,name,guanxi_line,guanxi_problem\n"))))]
#[get("/jobs/{id}/problems/file")]
pub async fn get_import_problems_file(
    who: May<kinds::RunImports>,
    state: web::Data<AppState>,
    id: PathId<JobMark>,
    query: Query<ProblemsFileQuery>,
) -> Result<HttpResponse> {
    let (actor, id, shared, after) = (who.actor(), id.0, state.clone(), query.0.after_line.unwrap_or(0));
    let file =
        state.db.read(move |conn| imports::problems_file(conn, &actor, &shared.keys, id, after)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"problems-{id}.csv\"")))
        .body(file))
}

/// Import records that were put right.
///
/// They are a file of their own, with the mapping of the import that did not take them.
#[utoipa::path(operation_id = "correctImport", tag = "jobs", request_body = ImportCorrections,
    params(("id" = String, Path, description = "Id of the job that did not take them"),
        ("Idempotency-Key" = String, Header, description = "8 to 128 visible characters; the same request with the same key is done once")),
    responses((status = 202, body = JobDetails, description = "The job is written down",
        headers(("Location" = String, description = "Where the job is"), ("Retry-After" = String, description = "When to ask for its progress, in seconds")))))]
#[post("/jobs/{id}/corrections")]
pub async fn correct_import(
    request: HttpRequest,
    who: May<kinds::RunImports>,
    state: web::Data<AppState>,
    id: PathId<JobMark>,
    body: Json<ImportCorrections>,
) -> Result<HttpResponse> {
    let (actor, id, files, corrections) = (who.actor(), id.0, state.files.clone(), body.0);
    let once = idempotency::Request::read(&request, &corrections)?.required()?;
    let (by, asked) = (actor.clone(), corrections.clone());
    let of = state.db.read(move |conn| imports::to_correct(conn, &by, id, &asked)).await?;
    let by = actor.clone();
    let store = files.clone();
    let (of, stored) = in_background(move || {
        let stored = imports::corrected_file(&store, &by, &of, &corrections)?;
        Ok((of, stored))
    })
    .await?;
    let file = stored.id().uuid();
    let started =
        started(&state, actor, once, move |conn, actor| imports::correct(conn, actor, &of, &stored)).await;
    if !matches!(started, Ok((_, false))) {
        // The records have a file from the first time, or there is no job for them.
        in_background(move || files.remove(file).map_err(Error::internal)).await?;
    }
    let (details, replayed) = started?;
    Ok(accepted(&details, replayed))
}

/// Undo an import.
///
/// One's own that has ended, as long as it is kept. A job goes back through it: customers that it has created are archived and lose their key in the
/// system of the file, those that it has changed become what they were, and so do holdings, contacts, relations and households; what it has made of them is removed
/// or archived. What somebody has changed since, or a customer with whom something else has been recorded, stays as it is: `/jobs/{id}/problems`
/// of the new job tells the lines.
#[utoipa::path(operation_id = "undoImport", tag = "jobs",
    params(("id" = String, Path, description = "Id of the import"),
        ("Idempotency-Key" = String, Header, description = "8 to 128 visible characters; the same request with the same key is done once")),
    responses((status = 202, body = JobDetails, description = "The job that undoes it is written down",
        headers(("Location" = String, description = "Where the job is"), ("Retry-After" = String, description = "When to ask for its progress, in seconds")))))]
#[post("/jobs/{id}/undo")]
pub async fn undo_import(
    request: HttpRequest,
    who: May<kinds::RunImports>,
    state: web::Data<AppState>,
    id: PathId<JobMark>,
) -> Result<HttpResponse> {
    let (actor, id) = (who.actor(), id.0);
    let once = idempotency::Request::read(&request, &id.uuid())?.required()?;
    let (details, replayed) =
        started(&state, actor, once, move |conn, actor| imports::start_undo(conn, actor, id)).await?;
    Ok(accepted(&details, replayed))
}

/// List the records whose customer may be there already.
///
/// In the order of the file: those that are not found by their key but have the identity document of a customer, or the phone and the name,
/// and those that have the identity document of an earlier record. Of a customer whom the caller does not see it is told where it is looked after.
#[utoipa::path(operation_id = "listImportDuplicates", tag = "jobs", params(("id" = String, Path, description = "Id of the job"), ListQuery),
    responses((status = 200, body = Page<ImportDuplicate>, description = "A page of records")))]
#[get("/jobs/{id}/duplicates")]
pub async fn list_import_duplicates(
    request: HttpRequest,
    who: May<kinds::ViewJobs>,
    state: web::Data<AppState>,
    id: PathId<JobMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, id, shared) = (who.actor(), id.0, state.clone());
    let page = state
        .db
        .read(move |conn| imports::duplicates(conn, &actor, &shared.keys, id, query.0.clone()))
        .await?;
    Ok(answer::page(&request, &page))
}

/// List the mappings that are kept under a name.
///
/// One's own and those that are shared. A mapping fits a file that has all of its `used_columns`.
#[utoipa::path(operation_id = "listImportMappings", tag = "jobs", params(ListQuery),
    responses((status = 200, body = Page<SavedMappingRef>, description = "A page of mappings")))]
#[get("/import-mappings")]
pub async fn list_import_mappings(
    request: HttpRequest,
    who: May<kinds::RunImports>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state.db.read(move |conn| imports::mappings(conn, &actor, &shared.keys, &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Does a change of a mapping, once for an idempotency key; gives it, and whether that was done before.
async fn kept(
    actor: Actor,
    state: &web::Data<AppState>,
    once: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor) -> Result<SavedMapping> + Send + 'static,
) -> Result<(SavedMapping, bool)> {
    state
        .db
        .write(move |conn| {
            let act = |conn: &mut DbConn| act(conn, &actor);
            match idempotency::once(conn, &actor, &once, act, |made| Some(made.known.id))? {
                Once::Done(made) => Ok((made, false)),
                Once::Replayed(id) => {
                    let id = id.ok_or_else(Error::not_found)?;
                    Ok::<_, Error>((imports::saved_mapping(conn, &actor, Id::new(id))?, true))
                }
            }
        })
        .await
}

/// Keep a mapping under a name.
///
/// It is read against the columns that it was made for.
#[utoipa::path(operation_id = "keepImportMapping", tag = "jobs", request_body = SavedMappingDefinition,
    params(("Idempotency-Key" = Option<String>, Header, description = "Keeps at most one for a key")),
    responses((status = 201, body = SavedMapping, description = "The mapping",
        headers(("Location" = String, description = "Where it is"), ("ETag" = String, description = "Its version")))))]
#[post("/import-mappings")]
pub async fn keep_import_mapping(
    request: HttpRequest,
    who: May<kinds::RunImports>,
    state: web::Data<AppState>,
    body: Json<SavedMappingDefinition>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let definition = body.0;
    let act = move |conn: &mut DbConn, actor: &Actor| imports::keep_mapping(conn, actor, &definition);
    let (made, replayed) = kept(who.actor(), &state, once, act).await?;
    let tag = Document::tag_of(&made, &who, made.known.version);
    Ok(answer::created(&made, &format!("/api/v1/import-mappings/{}", made.known.id), &tag, replayed))
}

/// A mapping that is kept under a name.
#[utoipa::path(operation_id = "getImportMapping", tag = "jobs",
    params(("id" = uuid::Uuid, Path, description = "The mapping"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = SavedMapping, description = "The mapping",
            headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed")))]
#[get("/import-mappings/{id}")]
pub async fn get_import_mapping(
    request: HttpRequest,
    who: May<kinds::RunImports>,
    state: web::Data<AppState>,
    id: PathId<SavedMappingMark>,
) -> Result<HttpResponse> {
    let (actor, id) = (who.actor(), *id);
    let found = state.db.read(move |conn| imports::saved_mapping(conn, &actor, id)).await?;
    let tag = Document::tag_of(&found, &who, found.known.version);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&found, &tag)))
}

/// Set a mapping: its name, what it is made of, and whether it is shared.
#[utoipa::path(operation_id = "setImportMapping", tag = "jobs", request_body = SavedMappingDefinition,
    params(("id" = uuid::Uuid, Path, description = "The mapping"),
        ("If-Match" = String, Header, description = "The tag that the change was made from", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = SavedMapping, description = "The mapping after the change",
        headers(("ETag" = String, description = "Its new version")))))]
#[put("/import-mappings/{id}")]
pub async fn set_import_mapping(
    request: HttpRequest,
    who: May<kinds::RunImports>,
    state: web::Data<AppState>,
    id: PathId<SavedMappingMark>,
    version: IfMatch,
    body: Json<SavedMappingDefinition>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, definition) = (*id, body.0);
    let act = move |conn: &mut DbConn, actor: &Actor| {
        imports::set_mapping(conn, actor, (id, version.0), &definition)
    };
    let (made, replayed) = kept(who.actor(), &state, once, act).await?;
    let mut response = answer::ok_tagged(&made, &Document::tag_of(&made, &who, made.known.version));
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}

/// Remove a mapping.
///
/// Imports that were made by it keep what they were told.
#[utoipa::path(operation_id = "removeImportMapping", tag = "jobs",
    params(("id" = uuid::Uuid, Path, description = "The mapping"),
        ("If-Match" = String, Header, description = "The tag of the mapping", example = "\"1-0\"")),
    responses((status = 204, description = "It is gone")))]
#[delete("/import-mappings/{id}")]
pub async fn remove_import_mapping(
    who: May<kinds::RunImports>,
    state: web::Data<AppState>,
    id: PathId<SavedMappingMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let (actor, id) = (who.actor(), *id);
    state.db.write(move |conn| imports::remove_mapping(conn, &actor, (id, version.0))).await?;
    Ok(answer::deleted())
}
