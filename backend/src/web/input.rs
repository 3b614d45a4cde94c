use std::future::{Ready, ready};
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt;
use guanxi_db::Id;
use serde::de::DeserializeOwned;
use serde_json::Value;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use crate::error::{Code, Error, FieldError, Result};

/// Largest JSON body, in bytes.
pub const MAX_JSON: usize = 1024 * 1024;
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
        let body = collect(payload.take());
        Box::pin(async move {
            media?;
            let bytes = body.await?;
            let value = parse(&bytes)?;
            Ok(Json(value))
        })
    }
}

fn media_type(request: &HttpRequest) -> Result<()> {
    let header =
        request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = header.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let utf8 = parts.all(|part| {
        part.to_ascii_lowercase()
            .strip_prefix("charset=")
            .is_none_or(|charset| charset.trim_matches('"') == "utf-8")
    });
    let merge_patch =
        media == "application/merge-patch+json" && request.method() == actix_web::http::Method::PATCH;
    if (media == "application/json" || merge_patch)
        && utf8
        && !request.headers().contains_key("Content-Encoding")
    {
        Ok(())
    } else {
        Err(Error::new(Code::UnsupportedMediaType))
    }
}

async fn collect(mut payload: Payload) -> Result<web::BytesMut> {
    let mut bytes = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|error| Error { cause: Some(error.to_string()), ..Error::new(Code::Malformed) })?;
        if bytes.len() + chunk.len() > MAX_JSON {
            return Err(Error::new(Code::TooLarge));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Reads a JSON text into a type and checks its rules.
fn parse<T: DeserializeOwned + Validate>(bytes: &[u8]) -> Result<T> {
    check_shape(bytes)?;
    // serde would read a struct from a list of its members' values as well.
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') | None => {}
        Some(b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9')
            if serde_json::from_slice::<Value>(bytes).is_ok() =>
        {
            return Err(Error::field("", "wrong_type"));
        }
        Some(_) => return Err(Error::new(Code::Malformed)),
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value: T = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        if inner.is_data() { data_error(pointer, &inner.to_string()) } else { Error::new(Code::Malformed) }
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

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Unknown => {}
        }
    }
    pointer
}

/// serde tells these apart only by its texts.
fn data_error(pointer: String, message: &str) -> Error {
    let quoted = || message.split('`').nth(1).unwrap_or_default().to_owned();
    if message.starts_with("unknown field") {
        let name = quoted();
        let full = if pointer.ends_with(&format!("/{name}")) { pointer } else { format!("{pointer}/{name}") };
        return Error::field(full, "unknown_member");
    }
    if message.starts_with("missing field") {
        return Error::field(format!("{pointer}/{}", quoted()), "required");
    }
    if message.starts_with("duplicate field") {
        return Error::field(format!("{pointer}/{}", quoted()), "duplicate_member");
    }
    if message.starts_with("unknown variant") {
        let allowed: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        return Error::fields(vec![
            FieldError::new(pointer, "unknown_code").with("allowed", allowed.join(", ")),
        ]);
    }
    Error::field(pointer, "wrong_type")
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

fn read_query<T: DeserializeOwned + Validate>(text: &str) -> Result<T> {
    let value: T = web::Query::<T>::from_query(text)
        .map_err(|error| {
            let message = error.to_string();
            let name = message.split('`').nth(1).unwrap_or_default().to_owned();
            let code = if message.contains("unknown field") {
                Code::UnknownParameter
            } else {
                Code::InvalidParameter
            };
            let field = FieldError::new(
                name,
                if code == Code::UnknownParameter { "unknown_member" } else { "wrong_type" },
            );
            Error { fields: vec![field], ..Error::new(code) }
        })?
        .into_inner();
    value.validate().map_err(|errors| {
        let mut fields = rule_errors(&errors);
        for field in &mut fields {
            field.pointer = field.pointer.trim_start_matches('/').to_owned();
        }
        Error { fields, ..Error::new(Code::InvalidParameter) }
    })?;
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
    let state = request.app_data::<web::Data<crate::app::AppState>>();
    match state.and_then(|state| state.operations.methods(request.path())) {
        Some(methods) if !methods.contains(&request.method().as_str()) => {
            Error::new(Code::MethodNotAllowed).with_header("Allow", methods.join(", "))
        }
        _ => Error::not_found(),
    }
}

#[cfg(test)]
mod tests {
    use guanxi_api::{ListQuery, NewCustomer};

    use super::*;

    fn fields(text: &str) -> Vec<(String, String)> {
        let error = parse::<NewCustomer>(text.as_bytes()).unwrap_err();
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
    fn what_is_not_json_is_malformed() {
        for text in ["", "{", "{\"kind\":}", "[1]trailing", "nul"] {
            let error = parse::<NewCustomer>(text.as_bytes()).unwrap_err();
            assert!(matches!(error.code, Code::Malformed | Code::ValidationFailed), "{text}");
        }
        assert_eq!(parse::<NewCustomer>(b"{").unwrap_err().code, Code::Malformed);
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
        assert_eq!(read_query::<ListQuery>("limt=5").unwrap_err().code, Code::UnknownParameter);
        for text in ["limit=0", "limit=201", "limit=abc", "limit=-1", "include=rows", "limit=1&limit=2"] {
            assert_eq!(read_query::<ListQuery>(text).unwrap_err().code, Code::InvalidParameter, "{text}");
        }
        assert_eq!(read_query::<ListQuery>("limit=200").unwrap().limit, Some(200));
    }
}
