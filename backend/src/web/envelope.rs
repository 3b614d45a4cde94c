use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse, ResponseError, web};
use futures_util::FutureExt;

use crate::access::Allowance;
use crate::app::AppState;
use crate::error::{Code, Error, FieldError};
use crate::imports::MAX_UPLOAD;
use crate::web::{MAX_JSON, MAX_JSON_LINES, RequestContext, operations};

/// The longest that a handler may take.
const HANDLER_TIME: Duration = Duration::from_secs(30);
/// The longest that a file may take to arrive, by whatever line.
const UPLOAD_TIME: Duration = Duration::from_secs(3600);
/// Longest request target, in bytes.
const MAX_TARGET: usize = 8 * 1024;
/// Most bytes of header names and values.
const MAX_HEADERS: usize = 16 * 1024;

/// What the outermost layer needs to know of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    pub trusted_proxies: Vec<IpAddr>,
    /// Answers tell browsers to come back over https only.
    pub https: bool,
    pub allowed_origins: Vec<String>,
}

/// The policy of pages: own scripts, styles and connections only.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; \
     frame-ancestors 'none'";
/// The policy of everything that is no page.
const DATA_POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The outermost layer: names the request, bounds it, turns every failure into a problem document and puts the headers on that
/// every answer has.
///
/// # Errors
/// Failures outside of any handler (a panic, the time limit): complete answers as well.
pub async fn envelope<B: MessageBody + 'static>(
    state: web::Data<AppState>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let context = RequestContext::read(&request, crate::clock::now(), &state.limits.trusted_proxies);
    let method = request.method().clone();
    let time = if is_upload(request.path()) { UPLOAD_TIME } else { HANDLER_TIME };
    let place = Place::of(request.path());
    let origin = allowed_origin(request.headers(), &state.limits.allowed_origins);
    let finish = |error: Error| Finished {
        error,
        context: context.clone(),
        limits: state.limits.clone(),
        place,
        origin: origin.clone(),
    };

    let mut response = if let Some(error) = refusal(&request) {
        let answer = problem(&error, &context);
        request.into_response(answer)
    } else if origin.is_some() && place == Place::Api && is_preflight(&request) {
        request.into_response(preflight_answer())
    } else {
        let call = AssertUnwindSafe(next.call(request)).catch_unwind();
        match actix_web::rt::time::timeout(time, call).await {
            Ok(Ok(Ok(response))) => settle(response.map_into_boxed_body(), &context),
            Ok(Ok(Err(error))) => return Err(finish(from_actix(&error)).into()),
            Ok(Err(_)) => return Err(finish(Error::internal("a handler panicked")).into()),
            Err(_) => {
                let error = Error {
                    cause: Some("the handler took too long".into()),
                    ..Error::new(Code::Unavailable)
                };
                return Err(finish(error.with_header("Retry-After", 5)).into());
            }
        }
    };
    let is_page = is_html(response.headers());
    dress(response.headers_mut(), &context, &state.limits, place, is_page, origin.as_ref());
    let allowance = response.request().extensions().get::<Allowance>().copied();
    if let Some(allowance) = allowance {
        tell_quota(response.headers_mut(), allowance);
    }

    let pattern = response.request().match_pattern();
    let elapsed = started.elapsed();
    state.metrics.observe(&method, pattern.as_deref(), response.status(), elapsed);
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let (route, status) = (pattern.as_deref().unwrap_or("-"), response.status().as_u16());
    tracing::debug!(request_id = %context.request_id, %method, route, status, micros, "answered");
    Ok(response)
}

/// What is refused before anything looks at it.
fn refusal(request: &ServiceRequest) -> Option<Error> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > MAX_TARGET {
        return Some(Error::new(Code::UriTooLong));
    }
    let headers: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers > MAX_HEADERS {
        return Some(Error::new(Code::HeadersTooLarge));
    }
    let declared =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let most = match request.path() {
        path if is_upload(path) => MAX_UPLOAD,
        path if path.starts_with("/api/v1/bulk/") => MAX_JSON_LINES as u64,
        _ => MAX_JSON as u64,
    };
    if declared.is_some_and(|length: u64| length > most) {
        return Some(Error::new(Code::TooLarge));
    }
    let known = operations::allows_query(request.method(), request.path(), request.query_string());
    if let Err(name) = known {
        let field = FieldError::new(name, "unknown_member");
        return Some(Error { fields: vec![field], ..Error::new(Code::UnknownParameter) });
    }
    None
}

/// Whether a file is sent in.
fn is_upload(path: &str) -> bool {
    path == "/api/v1/uploads"
}

fn is_preflight(request: &ServiceRequest) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight_answer() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE"))
        .insert_header((
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, Accept-Language, X-Request-Id",
        ))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"))
        .finish()
}

/// The origin of a browser's call if it is on the list.
fn allowed_origin(headers: &HeaderMap, allowed: &[String]) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let text = origin.to_str().ok()?;
    allowed.iter().any(|item| item == text).then(|| origin.clone())
}

/// Whom what stands at a path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Who calls the API.
    Api,
    /// The one customer who has the link.
    Survey,
    /// Everybody: the app, and what is told of the server.
    Pages,
}

impl Place {
    fn of(path: &str) -> Self {
        match path {
            path if path.starts_with("/api/") => Self::Api,
            path if path.starts_with("/s/") => Self::Survey,
            _ => Self::Pages,
        }
    }
}

fn is_html(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media.is_some_and(|media| media.starts_with("text/html"))
}

/// Gives a failure its problem document.
fn settle(response: ServiceResponse<BoxBody>, context: &RequestContext) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let carried = response.response().extensions().get::<Error>().cloned();
    let media = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    // The page of surveys speaks to customers, in pages.
    let speaks =
        |media: &str| media.starts_with("application/problem+json") || media.starts_with("text/html");
    if carried.is_none() && media.is_some_and(speaks) {
        return response;
    }
    let error = carried.unwrap_or_else(|| Error::new(code_for(status)));
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut answer = problem(&error, context);
    if let Some(allow) = allow {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    response.into_response(answer)
}

/// The problem that an answer without a document of its own stands for.
fn code_for(status: StatusCode) -> Code {
    match status.as_u16() {
        401 => Code::Unauthenticated,
        403 => Code::Forbidden,
        404 => Code::NotFound,
        405 => Code::MethodNotAllowed,
        408 => Code::RequestTimeout,
        413 => Code::TooLarge,
        414 => Code::UriTooLong,
        415 => Code::UnsupportedMediaType,
        431 => Code::HeadersTooLarge,
        503 => Code::Unavailable,
        400..=499 => Code::Malformed,
        _ => Code::Internal,
    }
}

fn from_actix(error: &actix_web::Error) -> Error {
    let response = error.error_response();
    let carried = response.extensions().get::<Error>().cloned();
    carried.unwrap_or_else(|| Error {
        cause: Some(error.to_string()),
        ..Error::new(code_for(response.status()))
    })
}

/// A problem document as an answer.
fn problem(error: &Error, context: &RequestContext) -> HttpResponse {
    if error.code.status() >= 500 {
        tracing::error!(request_id = %context.request_id, %error, "failed");
    }
    let document = error.problem(context.language, &context.request_id);
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = HttpResponse::build(status);
    answer.content_type("application/problem+json; charset=utf-8");
    answer.insert_header((header::CONTENT_LANGUAGE, context.language.as_str()));
    if status == StatusCode::UNAUTHORIZED {
        answer.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"guanxi\""));
    }
    for (name, value) in &error.headers {
        answer.insert_header((*name, value.as_str()));
    }
    answer.body(serde_json::to_vec(&document).unwrap_or_default())
}

/// Headers that every answer has.
fn dress(
    headers: &mut HeaderMap,
    context: &RequestContext,
    limits: &Limits,
    place: Place,
    is_page: bool,
    origin: Option<&HeaderValue>,
) {
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(HeaderName::from_static("x-request-id"), &context.request_id);
    set(HeaderName::from_static("x-guanxi-build"), crate::BUILD);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    );
    if limits.https {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if place != Place::Pages {
        set(header::CACHE_CONTROL, "no-store");
    }
    if place == Place::Api {
        set(header::CONTENT_LANGUAGE, context.language.as_str());
    }
    // A page may have a stricter one of its own.
    if !is_page || !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let policy = if is_page { PAGE_POLICY } else { DATA_POLICY };
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    let mut vary = |name: &'static str| headers.append(header::VARY, HeaderValue::from_static(name));
    if place == Place::Api {
        vary("accept-language");
    }
    if !limits.allowed_origins.is_empty() {
        vary("origin");
    }
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(
                "ETag, Link, Location, X-Request-Id, Retry-After, Idempotency-Replayed, RateLimit, RateLimit-Policy",
            ),
        );
    }
}

/// What is left of the quota that the request was counted against (draft-ietf-httpapi-ratelimit-headers).
fn tell_quota(headers: &mut HeaderMap, allowance: Allowance) {
    let Allowance { limit, left, seconds, .. } = allowance;
    for (name, value) in [
        ("ratelimit-policy", format!("\"default\";q={limit};w=60")),
        ("ratelimit", format!("\"default\";r={left};t={seconds}")),
    ] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// A failure outside of any handler, with everything that its answer needs.
#[derive(Debug)]
struct Finished {
    error: Error,
    context: RequestContext,
    limits: Limits,
    place: Place,
    origin: Option<HeaderValue>,
}

impl std::fmt::Display for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl ResponseError for Finished {
    fn status_code(&self) -> StatusCode {
        self.error.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = problem(&self.error, &self.context);
        dress(answer.headers_mut(), &self.context, &self.limits, self.place, false, self.origin.as_ref());
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_a_page_for_one_customer_is_not_kept_either() {
        let request = actix_web::test::TestRequest::default().to_srv_request();
        let failed = |path: &str| {
            let limits = Limits { trusted_proxies: Vec::new(), https: false, allowed_origins: Vec::new() };
            let finished = Finished {
                error: Error::internal("a handler panicked"),
                context: RequestContext::read(&request, crate::clock::now(), &[]),
                limits,
                place: Place::of(path),
                origin: None,
            };
            finished.error_response().headers().get(header::CACHE_CONTROL).cloned()
        };
        for (path, kept) in
            [("/api/v1/customers", Some("no-store")), ("/s/token", Some("no-store")), ("/", None)]
        {
            assert_eq!(
                failed(path).as_ref().map(|value| value.as_bytes()),
                kept.map(str::as_bytes),
                "{path}"
            );
        }
    }
}
