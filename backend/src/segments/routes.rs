use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use guanxi_api::{
    CustomerSegments, Segment, SegmentDefinition, SegmentOverride, SegmentPreview, SegmentReport,
    SegmentRule, SegmentScheme, SegmentSchemeDefinition, SegmentSchemes,
};
use guanxi_db::{DbConn, Id};
use serde::Serialize;
use uuid::Uuid;

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::customers::{CustomerId, CustomerMark};
use crate::error::{Error, Result};
use crate::idempotency::{self, Once};
use crate::segments::{self, SchemeId, SchemeMark, SegmentId, SegmentMark};
use crate::web::{self as answer, Document, IfMatch, Json, PathId};

/// What is set by administrators: it has an id and a version.
trait Versioned: Serialize + Send + 'static {
    const PLACE: &'static str;
    fn read(conn: &mut DbConn, id: Uuid) -> Result<Self>
    where
        Self: Sized;
    fn id(&self) -> Uuid;
    fn version(&self) -> i64;
}

impl Versioned for SegmentScheme {
    const PLACE: &'static str = "/api/v1/segment-schemes";
    fn read(conn: &mut DbConn, id: Uuid) -> Result<Self> {
        segments::scheme(conn, Id::new(id))
    }
    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for Segment {
    const PLACE: &'static str = "/api/v1/segments";
    fn read(conn: &mut DbConn, id: Uuid) -> Result<Self> {
        segments::segment(conn, Id::new(id))
    }
    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

/// Runs a change that may be repeated with the same Idempotency-Key; gives what was changed, and whether that was done before.
async fn done<T: Versioned>(
    actor: Actor,
    state: &web::Data<AppState>,
    once: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor) -> Result<T> + Send + 'static,
) -> Result<(T, bool)> {
    state
        .db
        .write(move |conn| {
            let act = |conn: &mut DbConn| act(conn, &actor);
            match idempotency::once(conn, &actor, &once, act, |made| Some(made.id()))? {
                Once::Done(made) => Ok((made, false)),
                Once::Replayed(id) => {
                    Ok::<_, Error>((T::read(conn, id.ok_or_else(Error::not_found)?)?, true))
                }
            }
        })
        .await
}

async fn created<T: Versioned>(
    who: Actor,
    state: &web::Data<AppState>,
    once: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor) -> Result<T> + Send + 'static,
) -> Result<HttpResponse> {
    let (made, replayed) = done(who.clone(), state, once, act).await?;
    let tag = Document::tag_of(&made, &who, made.version());
    Ok(answer::created(&made, &format!("{}/{}", T::PLACE, made.id()), &tag, replayed))
}

async fn changed<T: Versioned>(
    who: Actor,
    state: &web::Data<AppState>,
    once: idempotency::Request,
    act: impl Fn(&mut DbConn, &Actor) -> Result<T> + Send + 'static,
) -> Result<HttpResponse> {
    let (made, replayed) = done(who.clone(), state, once, act).await?;
    let mut response = answer::ok_tagged(&made, &Document::tag_of(&made, &who, made.version()));
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}

async fn shown<T: Versioned>(
    request: &HttpRequest,
    who: &Actor,
    state: &web::Data<AppState>,
    id: Uuid,
) -> Result<HttpResponse> {
    let found = state.db.read(move |conn| T::read(conn, id)).await?;
    let tag = Document::tag_of(&found, who, found.version());
    Ok(answer::not_modified(request, &tag).unwrap_or_else(|| answer::ok_tagged(&found, &tag)))
}

/// The schemes by which customers are put into segments, with their segments.
#[utoipa::path(operation_id = "listSegmentSchemes", tag = "segments",
    responses((status = 200, body = SegmentSchemes, description = "All schemes")))]
#[get("/segment-schemes")]
pub async fn list_segment_schemes(
    _who: May<kinds::ViewSegmentSchemes>,
    state: web::Data<AppState>,
) -> Result<HttpResponse> {
    let found = state.db.read(segments::schemes).await?;
    Ok(answer::ok(&found))
}

/// Make a scheme.
#[utoipa::path(operation_id = "createSegmentScheme", tag = "segments", request_body = SegmentSchemeDefinition,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes at most one for a key")),
    responses((status = 201, body = SegmentScheme, description = "The scheme, without segments",
        headers(("Location" = String, description = "Where it is"), ("ETag" = String, description = "Its version")))))]
#[post("/segment-schemes")]
pub async fn create_segment_scheme(
    request: HttpRequest,
    who: May<kinds::ManageSegments>,
    state: web::Data<AppState>,
    body: Json<SegmentSchemeDefinition>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let definition = body.0;
    created(who.actor(), &state, once, move |conn, actor| segments::create_scheme(conn, actor, &definition))
        .await
}

/// A scheme with its segments.
#[utoipa::path(operation_id = "getSegmentScheme", tag = "segments",
    params(("id" = uuid::Uuid, Path, description = "The scheme"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = SegmentScheme, description = "The scheme",
            headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed")))]
#[get("/segment-schemes/{id}")]
pub async fn get_segment_scheme(
    request: HttpRequest,
    who: May<kinds::ViewSegmentSchemes>,
    state: web::Data<AppState>,
    id: PathId<SchemeMark>,
) -> Result<HttpResponse> {
    let id = *id;
    let found = state.db.read(move |conn| segments::scheme(conn, id)).await?;
    let tag = Document::tag_of(&found, &who, found.version);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&found, &tag)))
}

/// Set a scheme: its name, and for whom it is.
#[utoipa::path(operation_id = "setSegmentScheme", tag = "segments", request_body = SegmentSchemeDefinition,
    params(("id" = uuid::Uuid, Path, description = "The scheme"),
        ("If-Match" = String, Header, description = "The tag that the change was made from", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = SegmentScheme, description = "The scheme after the change",
        headers(("ETag" = String, description = "Its new version")))))]
#[put("/segment-schemes/{id}")]
pub async fn set_segment_scheme(
    request: HttpRequest,
    who: May<kinds::ManageSegments>,
    state: web::Data<AppState>,
    id: PathId<SchemeMark>,
    version: IfMatch,
    body: Json<SegmentSchemeDefinition>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, definition): (SchemeId, _) = (*id, body.0);
    changed(who.actor(), &state, once, move |conn, actor| {
        segments::set_scheme(conn, actor, (id, version.0), &definition)
    })
    .await
}

/// Take a scheme out of use.
#[utoipa::path(operation_id = "archiveSegmentScheme", tag = "segments",
    params(("id" = uuid::Uuid, Path, description = "The scheme"),
        ("If-Match" = String, Header, description = "The tag of the scheme", example = "\"1-0\"")),
    responses((status = 200, body = SegmentScheme, description = "The archived scheme")))]
#[post("/segment-schemes/{id}/archive")]
pub async fn archive_segment_scheme(
    request: HttpRequest,
    who: May<kinds::ManageSegments>,
    state: web::Data<AppState>,
    id: PathId<SchemeMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let id = *id;
    changed(who.actor(), &state, once, move |conn, actor| {
        segments::archive_scheme(conn, actor, id, version.0)
    })
    .await
}

/// Take a scheme into use again.
#[utoipa::path(operation_id = "restoreSegmentScheme", tag = "segments",
    params(("id" = uuid::Uuid, Path, description = "The scheme"),
        ("If-Match" = String, Header, description = "The tag of the scheme", example = "\"1-0\"")),
    responses((status = 200, body = SegmentScheme, description = "The scheme")))]
#[post("/segment-schemes/{id}/restore")]
pub async fn restore_segment_scheme(
    request: HttpRequest,
    who: May<kinds::ManageSegments>,
    state: web::Data<AppState>,
    id: PathId<SchemeMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let id = *id;
    changed(who.actor(), &state, once, move |conn, actor| {
        segments::restore_scheme(conn, actor, id, version.0)
    })
    .await
}

/// Make a segment of a scheme.
///
/// All customers are put into segments anew, shortly.
#[utoipa::path(operation_id = "createSegment", tag = "segments", request_body = SegmentDefinition,
    params(("id" = uuid::Uuid, Path, description = "The scheme"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes at most one for a key")),
    responses((status = 201, body = Segment, description = "The segment",
        headers(("Location" = String, description = "Where it is"), ("ETag" = String, description = "Its version")))))]
#[post("/segment-schemes/{id}/segments")]
pub async fn create_segment(
    request: HttpRequest,
    who: May<kinds::ManageSegments>,
    state: web::Data<AppState>,
    id: PathId<SchemeMark>,
    body: Json<SegmentDefinition>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, definition) = (*id, body.0);
    created(who.actor(), &state, once, move |conn, actor| {
        segments::create_segment(conn, actor, id, &definition)
    })
    .await
}

/// Try a rule: whom would it find?
///
/// Nothing is kept.
#[utoipa::path(operation_id = "previewSegment", tag = "segments", request_body = SegmentRule,
    responses((status = 200, body = SegmentPreview, description = "How many, and the first of them")))]
#[post("/segments/preview")]
pub async fn preview_segment(
    who: May<kinds::PreviewSegments>,
    state: web::Data<AppState>,
    body: Json<SegmentRule>,
) -> Result<HttpResponse> {
    let (actor, shared, rule) = (who.actor(), state.clone(), body.0);
    let found = state.db.read(move |conn| segments::preview(conn, &actor, shared.house(), &rule)).await?;
    Ok(answer::ok(&found))
}

/// A segment.
#[utoipa::path(operation_id = "getSegment", tag = "segments",
    params(("id" = uuid::Uuid, Path, description = "The segment"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = Segment, description = "The segment",
            headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not changed")))]
#[get("/segments/{id}")]
pub async fn get_segment(
    request: HttpRequest,
    who: May<kinds::ViewSegmentSchemes>,
    state: web::Data<AppState>,
    id: PathId<SegmentMark>,
) -> Result<HttpResponse> {
    shown::<Segment>(&request, &who, &state, id.uuid()).await
}

/// Set a segment.
///
/// A new rule or rank puts all customers into segments anew, shortly.
#[utoipa::path(operation_id = "setSegment", tag = "segments", request_body = SegmentDefinition,
    params(("id" = uuid::Uuid, Path, description = "The segment"),
        ("If-Match" = String, Header, description = "The tag that the change was made from", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = Segment, description = "The segment after the change",
        headers(("ETag" = String, description = "Its new version")))))]
#[put("/segments/{id}")]
pub async fn set_segment(
    request: HttpRequest,
    who: May<kinds::ManageSegments>,
    state: web::Data<AppState>,
    id: PathId<SegmentMark>,
    version: IfMatch,
    body: Json<SegmentDefinition>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, definition): (SegmentId, _) = (*id, body.0);
    changed(who.actor(), &state, once, move |conn, actor| {
        segments::set_segment(conn, actor, (id, version.0), &definition)
    })
    .await
}

/// Take a segment out of use.
///
/// Whoever is in it comes into the next whose rule holds, shortly.
#[utoipa::path(operation_id = "archiveSegment", tag = "segments",
    params(("id" = uuid::Uuid, Path, description = "The segment"),
        ("If-Match" = String, Header, description = "The tag of the segment", example = "\"1-0\"")),
    responses((status = 200, body = Segment, description = "The archived segment")))]
#[post("/segments/{id}/archive")]
pub async fn archive_segment(
    request: HttpRequest,
    who: May<kinds::ManageSegments>,
    state: web::Data<AppState>,
    id: PathId<SegmentMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let id = *id;
    changed(who.actor(), &state, once, move |conn, actor| {
        segments::archive_segment(conn, actor, id, version.0)
    })
    .await
}

/// Take a segment into use again.
#[utoipa::path(operation_id = "restoreSegment", tag = "segments",
    params(("id" = uuid::Uuid, Path, description = "The segment"),
        ("If-Match" = String, Header, description = "The tag of the segment", example = "\"1-0\"")),
    responses((status = 200, body = Segment, description = "The segment")))]
#[post("/segments/{id}/restore")]
pub async fn restore_segment(
    request: HttpRequest,
    who: May<kinds::ManageSegments>,
    state: web::Data<AppState>,
    id: PathId<SegmentMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let id = *id;
    changed(who.actor(), &state, once, move |conn, actor| {
        segments::restore_segment(conn, actor, id, version.0)
    })
    .await
}

/// The segments of a customer, and why it is in them.
#[utoipa::path(operation_id = "getCustomerSegments", tag = "segments",
    params(("id" = uuid::Uuid, Path, description = "The customer")),
    responses((status = 200, body = CustomerSegments, description = "One for each scheme in use")))]
#[get("/customers/{id}/segments")]
pub async fn get_customer_segments(
    who: May<kinds::ViewSegments>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let found = state.db.read(move |conn| segments::of_customer(conn, &actor, shared.house(), id)).await?;
    Ok(answer::ok(&found))
}

/// Runs a decision about a customer that may be repeated with the same Idempotency-Key, and shows the segments after it.
async fn decided(
    actor: Actor,
    state: &web::Data<AppState>,
    once: idempotency::Request,
    id: CustomerId,
    act: impl Fn(&mut DbConn, &Actor, &AppState) -> Result<()> + Send + 'static,
) -> Result<HttpResponse> {
    let shared = state.clone();
    let (found, replayed) = state
        .db
        .write(move |conn| {
            let act = |conn: &mut DbConn| act(conn, &actor, &shared);
            let done = idempotency::once(conn, &actor, &once, act, |()| Some(id.uuid()))?;
            let found = segments::of_customer(conn, &actor, shared.house(), id)?;
            Ok::<_, Error>((found, matches!(done, Once::Replayed(_))))
        })
        .await?;
    let mut response = answer::ok(&found);
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}

fn scheme_of(request: &HttpRequest) -> Result<SchemeId> {
    let text = request.match_info().get("scheme_id").unwrap_or_default();
    Uuid::try_parse(text).map(Id::new).map_err(|_| Error::not_found())
}

/// Decide that a customer is in a segment of a scheme, or in none, whatever the rules say.
#[utoipa::path(operation_id = "overrideCustomerSegment", tag = "segments", request_body = SegmentOverride,
    params(("id" = uuid::Uuid, Path, description = "The customer"), ("scheme_id" = uuid::Uuid, Path, description = "The scheme"),
        ("Idempotency-Key" = Option<String>, Header, description = "Decides at most once for a key")),
    responses((status = 200, body = CustomerSegments, description = "The segments of the customer")))]
#[put("/customers/{id}/segments/{scheme_id}")]
pub async fn override_customer_segment(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    body: Json<SegmentOverride>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, scheme, decision) = (*id, scheme_of(&request)?, body.0);
    decided(who.actor(), &state, once, id, move |conn, actor, state| {
        segments::override_segment(conn, actor, state.house(), (id, scheme), &decision)
    })
    .await
}

/// End a decision: the rules say again where the customer belongs.
#[utoipa::path(operation_id = "endCustomerSegmentOverride", tag = "segments",
    params(("id" = uuid::Uuid, Path, description = "The customer"), ("scheme_id" = uuid::Uuid, Path, description = "The scheme"),
        ("Idempotency-Key" = Option<String>, Header, description = "8 to 128 visible characters; the same request with the same key is done once", nullable = false)),
    responses((status = 200, body = CustomerSegments, description = "The segments of the customer")))]
#[delete("/customers/{id}/segments/{scheme_id}")]
pub async fn end_customer_segment_override(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let (id, scheme) = (*id, scheme_of(&request)?);
    decided(who.actor(), &state, once, id, move |conn, actor, state| {
        segments::end_override(conn, actor, state.house(), (id, scheme))
    })
    .await
}

/// Customers and assets of everything that the caller sees, by segment.
#[utoipa::path(operation_id = "getSegmentReport", tag = "reports",
    responses((status = 200, body = SegmentReport, description = "The figures")))]
#[get("/reports/segments")]
pub async fn get_segment_report(
    who: May<kinds::ViewReports>,
    state: web::Data<AppState>,
) -> Result<HttpResponse> {
    let (actor, shared) = (who.actor(), state.clone());
    let report = state.db.read(move |conn| segments::report(conn, &actor, shared.house())).await?;
    Ok(answer::ok(&report))
}
