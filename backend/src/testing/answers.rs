use super::Answer;
use crate::error::Code;

const PAGE_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; \
     frame-ancestors 'none'";
const DATA_POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page on which customers answer surveys runs no script at all.
const SURVEY_POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Fails the test when an answer lacks what every answer has, or is an error and no problem document.
#[track_caller]
pub fn check(method: &str, path: &str, answer: &Answer, https: bool, origin: Option<&str>) {
    let mut wrong = wrong_headers(path, answer, https, origin);
    wrong.extend(wrong_problem(path, answer));
    assert!(wrong.is_empty(), "{method} {path}: {wrong:#?}\n{}", answer.text());
}

/// What is wrong with the headers that every answer has. `origin` is the page of another origin that the request named.
pub fn wrong_headers(path: &str, answer: &Answer, https: bool, origin: Option<&str>) -> Vec<String> {
    let is_page = answer.header("Content-Type").is_some_and(|media| media.starts_with("text/html"));
    let mut wanted = vec![
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        (
            "Content-Security-Policy",
            match (is_page, path.starts_with("/s/")) {
                (true, true) => SURVEY_POLICY,
                (true, false) => PAGE_POLICY,
                (false, _) => DATA_POLICY,
            },
        ),
    ];
    if path.starts_with("/s/") || path.starts_with("/api/") {
        wanted.push(("Cache-Control", "no-store"));
    }
    if https {
        wanted.push(("Strict-Transport-Security", "max-age=31536000"));
    }
    let mut wrong: Vec<String> = wanted
        .into_iter()
        .filter(|(name, value)| {
            let found: Vec<&String> = answer
                .headers
                .iter()
                .filter(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
                .collect();
            found != [*value]
        })
        .map(|(name, _)| format!("{path} ({}): {name} is {:?}", answer.status, answer.header(name)))
        .collect();
    for name in ["X-Request-Id", "X-Guanxi-Build"] {
        if answer.header(name).is_none_or(str::is_empty) {
            wrong.push(format!("{path}: no {name}"));
        }
    }
    for name in ["Server", "X-Powered-By", "Access-Control-Allow-Credentials"] {
        if answer.header(name).is_some() {
            wrong.push(format!("{path}: {name} is there"));
        }
    }
    // Only who asks from another origin is told of one, and of no other than theirs.
    if answer.header("Access-Control-Allow-Origin").is_some_and(|allowed| origin != Some(allowed)) {
        wrong.push(format!("{path}: Access-Control-Allow-Origin is there"));
    }
    if !https && answer.header("Strict-Transport-Security").is_some() {
        wrong.push(format!("{path}: HSTS over http"));
    }
    wrong
}

/// What is wrong with an error as a problem document; nothing if it is none, or of the page of surveys, which tells customers in
/// pages what is the matter.
pub fn wrong_problem(path: &str, answer: &Answer) -> Vec<String> {
    if answer.status < 400 || path.starts_with("/s/") {
        return Vec::new();
    }
    let media = answer.header("Content-Type");
    if media != Some("application/problem+json; charset=utf-8") {
        return vec![format!("an error is {media:?}")];
    }
    let body = answer.json();
    let mut wrong = Vec::new();
    match body["code"].as_str().and_then(Code::from_code) {
        None => wrong.push(format!("the code {} is unknown", body["code"])),
        Some(code) if code.status() != answer.status => {
            wrong.push(format!("{} with the status {}", code.as_str(), answer.status));
        }
        Some(code) if body["type"] != format!("/problems/{}", code.as_str()) => {
            wrong.push(format!("{} with the type {}", code.as_str(), body["type"]));
        }
        Some(_) => {}
    }
    if body["status"] != answer.status {
        wrong.push(format!("the body says status {}", body["status"]));
    }
    let id = body["request_id"].as_str().unwrap_or_default();
    if id.is_empty() || Some(id) != answer.header("X-Request-Id") {
        wrong.push(format!("the body says request_id {}", body["request_id"]));
    }
    wrong
}
