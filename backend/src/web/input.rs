mod strict;

use std::borrow::Cow;
use std::future::{Ready, ready};
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt;
use guanxi_db::Id;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use super::operations;
use crate::error::{Code, Error, FieldError, Result};
use strict::Strict;

/// Largest JSON body, in bytes.
pub const MAX_JSON: usize = 1024 * 1024;
/// Largest body of JSON lines, in bytes.
pub const MAX_JSON_LINES: usize = 5 * 1024 * 1024;
/// How deep objects and arrays may lie in each other.
const MAX_DEPTH: usize = 32;
/// Most elements of one array.
const MAX_ELEMENTS: usize = 1000;

/// A JSON body, read, checked against its type's rules, wrong fields named by JSON pointers.
///
/// Not JSON is 400, another media type 415, too much 413, a wrong type, an unknown member or a broken rule 422.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Json<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media = media_type(request);
        let body = collect(payload.take(), MAX_JSON);
        Box::pin(async move {
            media?;
            let bytes = body.await?;
            let value = read_json(&bytes)?;
            Ok(Json(value))
        })
    }
}

/// A body of JSON texts, each on a line of its own (`application/x-ndjson`).
///
/// Another media type is 415, too much 413. The lines are read one by one with [`read_json`].
#[derive(Debug)]
pub struct Lines(pub web::Bytes);

impl FromRequest for Lines {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (media, utf8) = media_of(request);
        let plain = media == "application/x-ndjson" && utf8;
        let body = collect(payload.take(), MAX_JSON_LINES);
        Box::pin(async move {
            if plain { Ok(Lines(body.await?.freeze())) } else { Err(Error::new(Code::UnsupportedMediaType)) }
        })
    }
}

fn media_type(request: &HttpRequest) -> Result<()> {
    let (media, utf8) = media_of(request);
    let merge_patch =
        media == "application/merge-patch+json" && request.method() == actix_web::http::Method::PATCH;
    if (media == "application/json" || merge_patch) && utf8 {
        Ok(())
    } else {
        Err(Error::new(Code::UnsupportedMediaType))
    }
}

/// The media type of a body, and whether it is UTF-8 as it stands.
fn media_of(request: &HttpRequest) -> (String, bool) {
    let header =
        request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = header.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let utf8 = parts.all(|part| {
        part.to_ascii_lowercase()
            .strip_prefix("charset=")
            .is_none_or(|charset| charset.trim_matches('"') == "utf-8")
    });
    (media, utf8 && !request.headers().contains_key("Content-Encoding"))
}

async fn collect(mut payload: Payload, most: usize) -> Result<web::BytesMut> {
    let mut bytes = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|error| Error { cause: Some(error.to_string()), ..Error::new(Code::Malformed) })?;
        if bytes.len() + chunk.len() > most {
            return Err(Error::new(Code::TooLarge));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Reads a JSON text into a type and checks its rules.
///
/// # Errors
/// As [`Json`].
pub fn read_json<T: DeserializeOwned + Validate>(bytes: &[u8]) -> Result<T> {
    check_shape(bytes)?;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value: T = serde_path_to_error::deserialize(Strict(&mut reader)).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        // What is wrong stands before the end: only a text that is JSON throughout has wrong members.
        if inner.is_data() && is_json(bytes) {
            Error::fields(vec![data_error(pointer, &inner.to_string())])
        } else {
            Error::new(Code::Malformed)
        }
    })?;
    reader.end().map_err(|_| Error::new(Code::Malformed))?;
    value.validate().map_err(|errors| Error::fields(rule_errors(&errors)))?;
    Ok(value)
}

/// Refuses texts that are nested too deeply or hold too long arrays before anything is built from them.
fn check_shape(bytes: &[u8]) -> Result<()> {
    let (mut in_string, mut escaped) = (false, false);
    let mut commas: Vec<Option<usize>> = Vec::new();
    for byte in bytes {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                commas.push((*byte == b'[').then_some(1));
                if commas.len() > MAX_DEPTH {
                    return Err(Error::field("", "too_deep"));
                }
            }
            b']' | b'}' => {
                commas.pop();
            }
            b',' => {
                if let Some(Some(elements)) = commas.last_mut() {
                    *elements += 1;
                    if *elements > MAX_ELEMENTS {
                        return Err(Error::field("", "too_many_elements"));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_json(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => pointer.push_str(&member(key)),
            Segment::Unknown => {}
        }
    }
    pointer
}

/// The part of a pointer that names a member.
fn member(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Whether a name that the contract does not know may be repeated in an answer: it looks like one of a member. Numbers,
/// addresses and people's names in the wrong place do not.
pub(super) fn is_plain_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// serde tells these apart only by its texts: `<what> `<name>`, expected …` or `<what> `<name>``.
fn data_error(pointer: String, message: &str) -> FieldError {
    let named = |start: &str| Some(message.strip_prefix(start)?.split('`').next().unwrap_or_default());
    // What a client wrote may hold anything, a backtick as well; what is expected comes last.
    let (before, expected) = message
        .rsplit_once("`, expected ")
        .or_else(|| message.rsplit_once("`, there are no "))
        .unwrap_or((message, ""));
    if let Some(name) = before.strip_prefix("unknown field `") {
        let parent = pointer.strip_suffix(&member(name)).unwrap_or(&pointer);
        let shown = if is_plain_name(name) { Cow::Owned(member(name)) } else { Cow::Borrowed("") };
        return FieldError::new(format!("{parent}{shown}"), "unknown_member");
    }
    if let Some(name) = named("missing field `") {
        return FieldError::new(format!("{pointer}/{name}"), "required");
    }
    if let Some(name) = named("duplicate field `") {
        return FieldError::new(format!("{pointer}/{name}"), "duplicate_member");
    }
    if before.starts_with("unknown variant `") {
        let allowed: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        return FieldError::new(pointer, "unknown_code").with("allowed", allowed.join(", "));
    }
    FieldError::new(pointer, "wrong_type")
}

/// Broken rules of `validator`, each with its pointer.
fn rule_errors(errors: &ValidationErrors) -> Vec<FieldError> {
    let mut found = Vec::new();
    walk_rules(errors, "", &mut found);
    found.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    found
}

fn walk_rules(errors: &ValidationErrors, at: &str, found: &mut Vec<FieldError>) {
    for (name, kind) in errors.errors() {
        let here = format!("{at}/{}", name.strip_prefix("r#").unwrap_or(name));
        match kind {
            ValidationErrorsKind::Field(broken) => {
                for rule in broken {
                    let mut field = FieldError::new(here.clone(), rule.code.clone());
                    for (param, value) in rule.params.iter().filter(|(param, _)| *param != "value") {
                        field.params.insert(param.to_string(), plain(value));
                    }
                    found.push(field);
                }
            }
            ValidationErrorsKind::Struct(inner) => walk_rules(inner, &here, found),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    walk_rules(inner, &format!("{here}/{index}"), found);
                }
            }
        }
    }
}

/// Whole numbers without a fraction.
fn plain(value: &Value) -> Value {
    match value.as_f64() {
        Some(number) if number.fract() == 0.0 && number.abs() < 1e15 => Value::from(number as i64),
        _ => value.clone(),
    }
}

/// Checks a type's rules; for values that did not come as a body.
///
/// # Errors
/// 422 with the fields that break one.
pub fn check_rules(value: &impl Validate) -> Result<()> {
    value.validate().map_err(|errors| Error::fields(rule_errors(&errors)))
}

/// Query parameters; an unknown or doubled one is 400.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Validate> FromRequest for Query<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read_query(request.query_string()).map(Query))
    }
}

/// What was read, or where and why it was not.
struct Traced<T>(Result<T, FieldError>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Traced<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = serde_path_to_error::deserialize(deserializer);
        Ok(Traced(read.map_err(|error| data_error(pointer(error.path()), &error.inner().to_string()))))
    }
}

fn read_query<T: DeserializeOwned + Validate>(text: &str) -> Result<T> {
    let refused = |mut fields: Vec<FieldError>| {
        for field in &mut fields {
            field.pointer = field.pointer.trim_start_matches('/').to_owned();
        }
        let unknown = fields.iter().any(|field| field.code == "unknown_member");
        let code = if unknown { Code::UnknownParameter } else { Code::InvalidParameter };
        Error { fields, ..Error::new(code) }
    };
    let web::Query(Traced(read)) = web::Query::from_query(text).map_err(|_| Error::new(Code::Malformed))?;
    let value: T = read.map_err(|field| refused(vec![field]))?;
    value.validate().map_err(|errors| refused(rule_errors(&errors)))?;
    Ok(value)
}

/// The id in a path; a malformed one is 404, as one that names nothing.
#[derive(Debug)]
pub struct PathId<T: 'static>(pub Id<T>);

impl<T> Deref for PathId<T> {
    type Target = Id<T>;

    fn deref(&self) -> &Id<T> {
        &self.0
    }
}

impl<T: 'static> FromRequest for PathId<T> {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(path_id(request, "id").map(PathId))
    }
}

/// An id in a path by its name.
///
/// # Errors
/// 404 for a malformed one.
pub fn path_id<T>(request: &HttpRequest, name: &str) -> Result<Id<T>> {
    request.match_info().get(name).and_then(|text| text.parse().ok()).ok_or_else(|| no_such(request))
}

/// What a path with a malformed id stands for: nothing, or a path of its own (`/customers/search`) asked by a wrong method.
fn no_such(request: &HttpRequest) -> Error {
    match operations::methods(request.path()) {
        Some(methods) if !methods.contains(&request.method().as_str()) => {
            Error::new(Code::MethodNotAllowed).with_header("Allow", methods.join(", "))
        }
        _ => Error::not_found(),
    }
}

#[cfg(test)]
mod tests {
    use guanxi_api::{ListQuery, NewCustomer};
    use serde_json::json;

    use super::*;

    fn fields(text: &str) -> Vec<(String, String)> {
        let error = read_json::<NewCustomer>(text.as_bytes()).unwrap_err();
        error.fields.into_iter().map(|field| (field.pointer, field.code.into_owned())).collect()
    }

    #[test]
    fn wrong_members_are_named_by_their_pointers() {
        for (text, pointer, code) in [
            (r#"{"kind":"person"}"#, "/name", "required"),
            (r#"{"kind":"person","name":""}"#, "/name", "length"),
            (r#"{"kind":"pet","name":"x"}"#, "/kind", "unknown_code"),
            (r#"{"kind":"person","name":1}"#, "/name", "wrong_type"),
            (r#"{"kind":"person","name":"x","owner":1}"#, "/owner", "unknown_member"),
            (r#"{"kind":"person","name":"x","name":"y"}"#, "/name", "duplicate_member"),
            (
                r#"{"kind":"person","name":"x","contact_points":[{"kind":"phone","value":""}]}"#,
                "/contact_points/0/value",
                "length",
            ),
            (
                r#"{"kind":"person","name":"x","contact_points":[{"kind":"phone","value":"1","primary":"yes"}]}"#,
                "/contact_points/0/primary",
                "wrong_type",
            ),
            (
                r#"{"kind":"person","name":"x","do_not_contact":{"hours":{"from":"24:00","to":"08:00"}}}"#,
                "/do_not_contact/hours/from",
                "time_of_day",
            ),
        ] {
            assert_eq!(fields(text), [(pointer.to_owned(), code.to_owned())], "{text}");
        }
    }

    #[test]
    fn a_list_is_no_object_at_any_depth() {
        let with = |member: &str| format!(r#"{{"kind":"person","name":"x",{member}}}"#);
        for (text, pointer) in [
            (r#"["person","x"]"#.to_owned(), ""),
            (with(r#""identity":[]"#), "/identity"),
            (with(r#""identity":["passport","E12345678"]"#), "/identity"),
            (with(r#""contact_points":[["phone","13800138000"]]"#), "/contact_points/0"),
            (with(r#""do_not_contact":{"hours":["21:00","08:00"]}"#), "/do_not_contact/hours"),
            (
                with(
                    r#""outside_assets":[{"institution":"x","kind":"fund","as_of":"2025-01-01","estimate":["1.0000","CNY"]}]"#,
                ),
                "/outside_assets/0/estimate",
            ),
            (with(r#""gender":{"female":null}"#), "/gender"),
        ] {
            assert_eq!(fields(&text), [(pointer.to_owned(), "wrong_type".to_owned())], "{text}");
        }
    }

    #[test]
    fn nothing_that_a_client_wrote_comes_back() {
        let error = |text: &str| read_json::<NewCustomer>(text.as_bytes()).unwrap_err().fields.remove(0);
        for name in ["13987654321", "王伟", "a@example.com", "wang wei", "x`y", ""] {
            let text = json!({"kind": "person", "name": "x", name: 1}).to_string();
            assert_eq!(
                (error(&text).pointer.as_str(), &*error(&text).code),
                ("", "unknown_member"),
                "{name}"
            );
            let text = json!({"kind": "person", "name": "x", "do_not_contact": {name: 1}}).to_string();
            assert_eq!(error(&text).pointer, "/do_not_contact", "{name}");
        }
        for code in ["pet", "139`876`54321", "`, expected one of `13987654321`", "王伟"] {
            let field = error(&json!({"kind": code, "name": "x"}).to_string());
            assert_eq!(
                field,
                FieldError::new("/kind", "unknown_code").with("allowed", "person, organisation")
            );
        }
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        for text in ["", "{", "{\"kind\":}", "[1]trailing", "nul"] {
            let error = read_json::<NewCustomer>(text.as_bytes()).unwrap_err();
            assert!(matches!(error.code, Code::Malformed | Code::ValidationFailed), "{text}");
        }
        // Whatever stands before the place where it breaks.
        for text in
            ["{", r#"{"kind":"pet""#, r#"["x"]x"#, r#"{"kind":5,"name":}"#, "{\"kind\":5,\"name\":\"\u{1}\"}"]
        {
            assert_eq!(
                read_json::<NewCustomer>(text.as_bytes()).unwrap_err().code,
                Code::Malformed,
                "{text}"
            );
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
        assert_eq!(check_shape(deep.as_bytes()).unwrap_err().fields[0].code, "too_deep");
        let long = format!("[{}1]", "1,".repeat(1000));
        assert_eq!(check_shape(long.as_bytes()).unwrap_err().fields[0].code, "too_many_elements");
        assert!(check_shape(format!("[{}1]", "1,".repeat(999)).as_bytes()).is_ok());
        assert!(check_shape(br#"{"text":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}"#).is_ok());
    }

    #[test]
    fn query_parameters_are_strict() {
        for (text, code, pointer, why) in [
            ("limt=5", Code::UnknownParameter, "limt", "unknown_member"),
            ("13987654321=5", Code::UnknownParameter, "", "unknown_member"),
            ("limit=0", Code::InvalidParameter, "limit", "range"),
            ("limit=201", Code::InvalidParameter, "limit", "range"),
            ("limit=abc", Code::InvalidParameter, "limit", "wrong_type"),
            ("limit=-1", Code::InvalidParameter, "limit", "wrong_type"),
            ("limit=", Code::InvalidParameter, "limit", "wrong_type"),
            ("include=rows", Code::InvalidParameter, "include", "unknown_code"),
            ("include=%60total%60", Code::InvalidParameter, "include", "unknown_code"),
            ("limit=1&limit=2", Code::InvalidParameter, "limit", "duplicate_member"),
        ] {
            let error = read_query::<ListQuery>(text).unwrap_err();
            let field = error.fields.first().expect("a field");
            assert_eq!((error.code, field.pointer.as_str(), &*field.code), (code, pointer, why), "{text}");
            let allowed = field.params.get("allowed").and_then(Value::as_str);
            assert_eq!(allowed, (why == "unknown_code").then_some("total"), "{text}");
        }
        assert_eq!(read_query::<ListQuery>("limit=200").unwrap().limit, Some(200));
    }
}
