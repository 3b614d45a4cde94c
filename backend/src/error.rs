//! What can go wrong, once for everyone: codes with their status, and the problem document that a client gets.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use guanxi_api::{FieldProblem, Language, Problem};
use guanxi_db::DbError;
use serde_json::{Map, Value};

use crate::messages;

macro_rules! problems {
    ($($(#[$meta:meta])* $name:ident = $code:literal, $status:literal;)+) => {
        /// The kinds of problem; `as_str` is the stable code of the contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[$meta])* $name),+ }

        impl Code {
            pub const ALL: &'static [Code] = &[$(Code::$name),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code),+ }
            }

            pub const fn status(self) -> u16 {
                match self { $(Code::$name => $status),+ }
            }

            pub fn from_code(code: &str) -> Option<Code> {
                match code { $($code => Some(Code::$name),)+ _ => None }
            }
        }
    };
}

problems! {
    Malformed = "malformed", 400;
    UnknownParameter = "unknown_parameter", 400;
    InvalidParameter = "invalid_parameter", 400;
    FilterInvalid = "filter_invalid", 400;
    SortInvalid = "sort_invalid", 400;
    CursorInvalid = "cursor_invalid", 400;
    IdempotencyKeyInvalid = "idempotency_key_invalid", 400;
    IdempotencyKeyRequired = "idempotency_key_required", 400;
    Unauthenticated = "unauthenticated", 401;
    /// Wrong name or password: the same for both.
    SignInFailed = "sign_in_failed", 401;
    SessionExpired = "session_expired", 401;
    Forbidden = "forbidden", 403;
    OriginRefused = "origin_refused", 403;
    FieldNotFilterable = "field_not_filterable", 403;
    PasswordChangeRequired = "password_change_required", 403;
    NotFound = "not_found", 404;
    MethodNotAllowed = "method_not_allowed", 405;
    RequestTimeout = "request_timeout", 408;
    StateConflict = "state_conflict", 409;
    IdempotencyInProgress = "idempotency_in_progress", 409;
    Stale = "stale", 412;
    TooLarge = "too_large", 413;
    UriTooLong = "uri_too_long", 414;
    UnsupportedMediaType = "unsupported_media_type", 415;
    ValidationFailed = "validation_failed", 422;
    IdempotencyKeyReused = "idempotency_key_reused", 422;
    PreconditionRequired = "precondition_required", 428;
    QuotaExceeded = "quota_exceeded", 429;
    AccountLocked = "account_locked", 429;
    HeadersTooLarge = "headers_too_large", 431;
    Internal = "internal", 500;
    Overloaded = "overloaded", 503;
    Unavailable = "unavailable", 503;
}

/// A value that breaks a rule, named by a JSON pointer.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    pub pointer: String,
    pub code: Cow<'static, str>,
    pub params: Map<String, Value>,
}

impl FieldError {
    pub fn new(pointer: impl Into<String>, code: impl Into<Cow<'static, str>>) -> Self {
        FieldError { pointer: pointer.into(), code: code.into(), params: Map::new() }
    }

    /// A broken rule of a pure check.
    pub fn broken(pointer: impl Into<String>, broken: crate::text::Broken) -> Self {
        let params = broken.params.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
        FieldError { pointer: pointer.into(), code: Cow::Borrowed(broken.code), params: params.collect() }
    }

    /// Adds a figure of the rule, such as its maximum.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }
}

/// Why a request is not done. Becomes a problem document in the client's language at the edge.
#[derive(Clone, Debug)]
pub struct Error {
    pub code: Code,
    pub fields: Vec<FieldError>,
    /// Headers that belong to the answer, such as `Retry-After`.
    pub headers: Vec<(&'static str, String)>,
    /// What happened, for the log only.
    pub cause: Option<String>,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(code: Code) -> Self {
        Error { code, fields: Vec::new(), headers: Vec::new(), cause: None }
    }

    /// No such thing, or none that the actor may know of.
    pub fn not_found() -> Self {
        Error::new(Code::NotFound)
    }

    pub fn forbidden() -> Self {
        Error::new(Code::Forbidden)
    }

    /// One field is wrong.
    pub fn field(pointer: impl Into<String>, code: impl Into<Cow<'static, str>>) -> Self {
        Error::fields(vec![FieldError::new(pointer, code)])
    }

    /// These fields are wrong.
    pub fn fields(fields: Vec<FieldError>) -> Self {
        Error { fields, ..Error::new(Code::ValidationFailed) }
    }

    /// The state of the resource does not allow it, or a unique value is taken.
    pub fn conflict(pointer: impl Into<String>, code: impl Into<Cow<'static, str>>) -> Self {
        Error { fields: vec![FieldError::new(pointer, code)], ..Error::new(Code::StateConflict) }
    }

    /// Something that must not happen did.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Error { cause: Some(cause.to_string()), ..Error::new(Code::Internal) }
    }

    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// The document that a client gets.
    pub fn problem(&self, language: Language, request_id: &str) -> Problem {
        let errors = self.fields.iter().map(|field| FieldProblem {
            pointer: field.pointer.clone(),
            code: field.code.to_string(),
            params: field.params.clone(),
            message: messages::field(language, &field.code, &field.params),
        });
        Problem {
            kind: format!("/problems/{}", self.code.as_str()),
            title: messages::problem_title(language, self.code).to_owned(),
            status: self.code.status(),
            code: self.code.as_str().to_owned(),
            detail: messages::problem_detail(language, self.code, self.fields.len()),
            request_id: request_id.to_owned(),
            errors: errors.collect(),
        }
    }
}

/// Gathers what is wrong with the fields of one request, so that a client is told all of it at once.
#[derive(Debug, Default)]
pub struct Wrong(Vec<FieldError>);

impl Wrong {
    /// Adds a field, unless something is wrong with it already.
    pub fn add(&mut self, field: FieldError) {
        if !self.0.iter().any(|known| known.pointer == field.pointer) {
            self.0.push(field);
        }
    }

    /// What a check gives; none when it found wrong fields, which are added.
    ///
    /// # Errors
    /// What is no matter of fields.
    pub fn keep<T>(&mut self, checked: Result<T>) -> Result<Option<T>> {
        match checked {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.code == Code::ValidationFailed && !error.fields.is_empty() => {
                error.fields.into_iter().for_each(|field| self.add(field));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The value if nothing is wrong.
    ///
    /// # Errors
    /// 422 with every wrong field.
    pub fn unless<T>(self, value: Option<T>) -> Result<T> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Error::fields(self.0)),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())?;
        for field in &self.fields {
            write!(f, " {}={}", field.pointer, field.code)?;
        }
        match &self.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        let code = match &error {
            DbError::Overloaded => Code::Overloaded,
            DbError::Unavailable(_) | DbError::Conflict | DbError::LockTimeout => Code::Unavailable,
            DbError::NotFound => return Error::not_found(),
            DbError::Unique | DbError::ForeignKey | DbError::Panicked(_) | DbError::Query(_) => {
                Code::Internal
            }
        };
        let answer = Error { cause: Some(error.to_string()), ..Error::new(code) };
        if code == Code::Internal { answer } else { answer.with_header("Retry-After", 1) }
    }
}

/// The response carries the error; the outermost middleware, which knows language and request id, writes the document.
impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        response.extensions_mut().insert(self.clone());
        response
    }
}
