//! The REST contract, one function for each endpoint over the types of `guanxi-api`.
//!
//! `send` is the one way out: it adds the token, renews it, waits for the user to sign in again when the session has
//! ended, and reads problem documents.

pub mod audit;
pub mod auth;
mod connection;
pub mod customers;
pub mod duplicates;
mod error;
pub mod grades;
pub mod holdings;
pub mod interactions;
pub mod jobs;
pub mod org;
pub mod ownership;
pub mod products;
pub mod relations;
pub mod reports;
pub mod segments;
pub mod surveys;
pub mod tags;
pub mod tasks;
pub mod tiers;
pub mod today;
mod token;
pub mod users;
pub mod views;

use std::cell::{Cell, RefCell};

use futures_channel::oneshot;
use guanxi_api::Language;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, Blob, Headers, RequestCache, RequestCredentials, RequestInit, Response,
};
use yew::Callback;

pub use connection::{doubt, hear_network};
pub use error::{ApiError, Failure};

/// Where every path begins.
const BASE: &str = "/api/v1";
/// Milliseconds after which the connection counts as lost.
const PATIENCE: u32 = 30_000;

/// What the whole page should know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// The server could not be reached, or can be again.
    Offline(bool),
    /// The server is of another build than the one that this page came from.
    NewBuild,
    /// The session has ended; requests wait until `signed_in_again`.
    Expired,
    /// Somebody else has signed in in this browser; requests wait as well.
    SomeoneElse,
    /// The user of this page has signed in again in another tab.
    OwnAgain,
}

thread_local! {
    static LISTENER: RefCell<Callback<Event>> = RefCell::new(Callback::noop());
    static LANGUAGE: Cell<Language> = const { Cell::new(Language::ZhCn) };
    static BUILD: RefCell<Option<String>> = const { RefCell::new(None) };
    static WAITING: RefCell<Vec<oneshot::Sender<()>>> = const { RefCell::new(Vec::new()) };
}

/// Says who is told of events.
pub fn listen(listener: Callback<Event>) {
    LISTENER.set(listener);
}

fn tell(event: Event) {
    LISTENER.with_borrow(Callback::clone).emit(event);
}

/// Compares the server's build with the one that answered first.
fn note_build(build: Option<String>) {
    let changed = BUILD.with_borrow_mut(|first| match (first.as_ref(), build) {
        (Some(first), Some(now)) => *first != now,
        (None, Some(now)) => {
            *first = Some(now);
            false
        }
        _ => false,
    });
    if changed {
        tell(Event::NewBuild);
    }
}

/// Sets the language in which the server should answer.
pub fn set_language(language: Language) {
    LANGUAGE.set(language);
}

/// Lets the requests go on that waited for the session.
pub fn signed_in_again() {
    for waiting in WAITING.take() {
        let _ = waiting.send(());
    }
}

/// Gives up the requests that wait for the session.
pub fn give_up() {
    WAITING.take();
}

/// An answer whose status was a success.
pub struct Answer {
    pub body: String,
    pub etag: Option<String>,
    /// The answer as it came, where it was asked for as a file.
    file: Option<Blob>,
}

impl Answer {
    fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_str(&self.body).map_err(|error| ApiError::unreadable(&error.to_string()))
    }
}

/// A resource and the tag that a change to it has to name.
#[derive(Clone, PartialEq, Debug)]
pub struct Tagged<T> {
    pub value: T,
    pub etag: String,
}

/// Gives up the requests that wait for it, when it is dropped or after the usual patience.
#[derive(Debug)]
pub struct Abandon {
    controller: Option<AbortController>,
    _patience: gloo_timers::callback::Timeout,
}

impl Abandon {
    pub fn new() -> Self {
        let controller = AbortController::new().ok();
        let late = controller.clone();
        let patience = gloo_timers::callback::Timeout::new(PATIENCE, move || {
            if let Some(controller) = late {
                controller.abort();
            }
        });
        Abandon { controller, _patience: patience }
    }

    /// What a request takes along.
    pub fn signal(&self) -> Option<AbortSignal> {
        self.controller.as_ref().map(AbortController::signal)
    }
}

impl Drop for Abandon {
    fn drop(&mut self) {
        if let Some(controller) = &self.controller {
            controller.abort();
        }
    }
}

/// A request being put together.
pub struct Call {
    method: &'static str,
    path: String,
    body: Option<Result<String, ApiError>>,
    file: Option<Blob>,
    headers: Vec<(&'static str, String)>,
    open: bool,
    for_file: bool,
    until: Option<AbortSignal>,
}

impl Call {
    fn new(method: &'static str, path: impl Into<String>) -> Self {
        Call {
            method,
            path: path.into(),
            body: None,
            file: None,
            headers: Vec::new(),
            open: false,
            for_file: false,
            until: None,
        }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Call::new("GET", path)
    }

    pub fn post(path: impl Into<String>) -> Self {
        Call::new("POST", path)
    }

    pub fn patch(path: impl Into<String>) -> Self {
        Call::new("PATCH", path)
    }

    pub fn put(path: impl Into<String>) -> Self {
        Call::new("PUT", path)
    }

    pub fn delete(path: impl Into<String>) -> Self {
        Call::new("DELETE", path)
    }

    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.body =
            Some(serde_json::to_string(body).map_err(|error| ApiError::unreadable(&error.to_string())));
        self
    }

    /// Carries a file as it is.
    pub fn file(mut self, file: Blob) -> Self {
        self.file = Some(file);
        self
    }

    /// Only if the resource still is as it was read.
    pub fn if_match(mut self, etag: &str) -> Self {
        self.headers.push(("If-Match", etag.to_owned()));
        self
    }

    /// The effect happens once, however often this is sent.
    pub fn once(mut self, key: &str) -> Self {
        self.headers.push(("Idempotency-Key", key.to_owned()));
        self
    }

    /// Is given up when the signal says so.
    pub fn until(mut self, signal: Option<AbortSignal>) -> Self {
        self.until = signal;
        self
    }

    /// Carries the header that no other site's page can send.
    fn marked(mut self) -> Self {
        self.headers.push(("X-Guanxi", "1".into()));
        self
    }

    /// Needs no access token.
    fn open(mut self) -> Self {
        self.open = true;
        self.marked()
    }

    /// Sends it and reads the answer.
    pub async fn read<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        self.send().await?.read()
    }

    /// Sends it and reads the answer with its tag.
    pub async fn read_tagged<T: DeserializeOwned>(self) -> Result<Tagged<T>, ApiError> {
        let answer = self.send().await?;
        Ok(Tagged { value: answer.read()?, etag: answer.etag.unwrap_or_default() })
    }

    /// Sends it and takes the answer as it comes: reading it as text would drop the mark by which spreadsheets know its encoding.
    pub async fn read_file(mut self) -> Result<Blob, ApiError> {
        self.for_file = true;
        self.send().await?.file.ok_or_else(ApiError::unreachable)
    }

    /// Sends it, as often as signing in again makes necessary.
    pub async fn send(self) -> Result<Answer, ApiError> {
        if self.open {
            return self.attempt(None).await;
        }
        loop {
            let outcome = match token::bearer().await {
                Ok(bearer) => self.attempt(Some(&bearer)).await,
                Err(error) => Err(error),
            };
            match outcome {
                Err(error) if error.status == 401 => {}
                other => return other,
            }
            // A token that is refused although it has not run out is renewed once; then the user is asked.
            token::forget();
            if let Err(error) = token::bearer().await {
                if error.status != 401 {
                    return Err(error);
                }
                let (sender, signed_in) = oneshot::channel();
                WAITING.with_borrow_mut(|waiting| waiting.push(sender));
                let taken = error.failure == Failure::SomeoneElse;
                tell(if taken { Event::SomeoneElse } else { Event::Expired });
                if signed_in.await.is_err() {
                    return Err(error);
                }
            }
        }
    }

    async fn attempt(&self, bearer: Option<&str>) -> Result<Answer, ApiError> {
        let response = match self.fetch(bearer).await {
            Ok(response) => response,
            Err(Some(error)) => return Err(error),
            Err(None) => {
                doubt();
                return Err(ApiError::unreachable());
            }
        };
        let header = |name: &str| response.headers().get(name).ok().flatten();
        note_build(header("X-Guanxi-Build"));
        let (etag, request_id, retry_after) = (header("ETag"), header("X-Request-Id"), header("Retry-After"));
        if response.ok() {
            connection::seen();
        }
        if self.for_file && response.ok() {
            let file = match response.blob() {
                Ok(file) => JsFuture::from(file).await.ok().and_then(|file| file.dyn_into().ok()),
                Err(_) => None,
            };
            return Ok(Answer { body: String::new(), etag, file });
        }
        let text = match response.text() {
            Ok(text) => JsFuture::from(text).await.ok().and_then(|text| text.as_string()).unwrap_or_default(),
            Err(_) => String::new(),
        };
        if response.ok() {
            return Ok(Answer { body: text, etag, file: None });
        }
        let retry_after = retry_after.and_then(|s| s.parse().ok());
        let error = ApiError::from_answer(response.status(), &text, request_id, retry_after);
        // Whatever stands in front of a server that is gone answers in its stead, in its own words.
        if error.failure == Failure::Unreadable && matches!(error.status, 502..=504) {
            doubt();
        } else {
            connection::seen();
        }
        Err(error)
    }

    /// `Err(None)` is a lost connection.
    async fn fetch(&self, bearer: Option<&str>) -> Result<Response, Option<ApiError>> {
        let headers = Headers::new().map_err(|_| None)?;
        let set = |name: &str, value: &str| {
            let _ = headers.set(name, value);
        };
        let wanted = if self.for_file { "text/csv" } else { "application/json" };
        set("Accept", &format!("{wanted}, application/problem+json"));
        set("Accept-Language", LANGUAGE.get().as_str());
        if let Some(bearer) = bearer {
            set("Authorization", &format!("Bearer {bearer}"));
        }
        for (name, value) in &self.headers {
            set(name, value);
        }
        let init = RequestInit::new();
        init.set_method(self.method);
        init.set_credentials(RequestCredentials::SameOrigin);
        init.set_cache(RequestCache::NoStore);
        let signal = self.until.clone().unwrap_or_else(|| AbortSignal::timeout_with_u32(PATIENCE));
        init.set_signal(Some(&signal));
        if let Some(body) = &self.body {
            let body = body.as_ref().map_err(|error| Some(error.clone()))?;
            set("Content-Type", "application/json");
            init.set_body(&body.as_str().into());
        }
        if let Some(file) = &self.file {
            set("Content-Type", "application/octet-stream");
            init.set_body(file);
        }
        init.set_headers(&headers);
        let sent = gloo_utils::window().fetch_with_str_and_init(&format!("{BASE}{}", self.path), &init);
        // What was given up says nothing about the connection.
        let given_up = || self.until.as_ref().is_some_and(AbortSignal::aborted).then(ApiError::unreachable);
        let answer = JsFuture::from(sent).await.map_err(|_| given_up())?;
        answer.dyn_into().map_err(|_| None)
    }
}

/// A query string, empty values left out.
pub fn query(pairs: &[(&str, &str)]) -> String {
    let parts: Vec<String> = pairs
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("{key}={}", String::from(js_sys::encode_uri_component(value))))
        .collect();
    if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
}
