use actix_web::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, ETAG, IF_NONE_MATCH, VARY};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::operations;
use crate::error::{Code, Error, Result};

/// The web app as `cargo xtask` built it, with its precompressed forms.
#[derive(RustEmbed)]
#[folder = "../frontend/dist"]
#[allow_missing = true]
struct WebApp;

/// What a server without a web app answers, so that the API can be worked on alone.
const NOT_BUILT: &str = "<!doctype html><meta charset=\"utf-8\"><title>Guanxi</title><p>The web app is not built in: <code>cargo xtask run</code>.</p>\n";

/// Every GET outside the API: a file of the web app, or its page.
///
/// # Errors
/// 404 for an unknown file or a path of the API, 405 for another method.
pub async fn app_page(request: HttpRequest) -> Result<HttpResponse> {
    let path = request.path();
    if let Some(methods) = operations::methods(path) {
        return Err(Error::new(Code::MethodNotAllowed).with_header("Allow", methods.join(", ")));
    }
    if matches!(path, "/api/docs" | "/api/openapi.json") {
        return Err(Error::new(Code::MethodNotAllowed).with_header("Allow", "GET"));
    }
    let only_read = ["/api/openapi.json", "/api/docs", "/healthz", "/readyz"];
    if only_read.contains(&path) || path.starts_with("/problems/") && *request.method() != Method::GET {
        return Err(Error::new(Code::MethodNotAllowed).with_header("Allow", "GET"));
    }
    if path.starts_with("/api/") || path == "/api" {
        return Err(Error::not_found());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Error::new(Code::MethodNotAllowed).with_header("Allow", "GET, HEAD"));
    }
    let name = path.trim_start_matches('/');
    if name.starts_with("assets/") {
        return file(&request, name, "public, max-age=31536000, immutable").ok_or_else(Error::not_found);
    }
    let exact = (!name.is_empty() && !name.ends_with(".br") && !name.ends_with(".gz")).then_some(name);
    let answer = exact
        .and_then(|name| file(&request, name, "no-cache"))
        .or_else(|| file(&request, "index.html", "no-cache"))
        .unwrap_or_else(|| HttpResponse::Ok().content_type("text/html; charset=utf-8").body(NOT_BUILT));
    Ok(answer)
}

/// A file in the best form that the client takes.
fn file(request: &HttpRequest, name: &str, cache: &str) -> Option<HttpResponse> {
    let plain = WebApp::get(name);
    let accepts =
        request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let takes = |coding: &str| {
        accepts.split(',').any(|item| {
            let (name, quality) = item.trim().split_once(';').unwrap_or((item.trim(), ""));
            name.eq_ignore_ascii_case(coding)
                && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
        })
    };
    let compressed = [("br", "br"), ("gz", "gzip")]
        .into_iter()
        .filter(|(_, coding)| takes(coding))
        .find_map(|(ending, coding)| Some((WebApp::get(&format!("{name}.{ending}"))?, coding)));
    let (body, coding) = match compressed {
        Some((body, coding)) => (body, Some(coding)),
        None => (plain?, None),
    };
    let tag = format!("\"{}\"", short_hash(&body));
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let fresh = known.is_some_and(|known| known.split(',').any(|item| item.trim() == tag));
    let mut answer = HttpResponse::build(if fresh { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    answer
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, cache))
        .insert_header((VARY, "accept-encoding"))
        .content_type(media_type(name));
    if fresh {
        return Some(answer.finish());
    }
    // The compression layer leaves alone what says how it is coded.
    answer.insert_header((CONTENT_ENCODING, coding.unwrap_or("identity")));
    Some(answer.body(body.data.into_owned()))
}

fn short_hash(file: &EmbeddedFile) -> String {
    file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" | "webmanifest" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
