use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use guanxi_api::Language;

use super::form::{self, Action, Next, Step};
use super::render::{self, Note};
use crate::access::Actor;
use crate::app::AppState;
use crate::error::{Code, Error, Result};
use crate::surveys::answers::{self, Door, Outcome, Respondent};
use crate::web::RequestContext;

/// Nothing but its own style sheet and its own form.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const STYLES: &str = include_str!("survey.css");
/// Largest form, in bytes: every answer at its longest would not fit, what people write does.
const MAX_FORM: usize = 256 * 1024;

/// The routes of the page, outside of the API.
pub fn register(config: &mut web::ServiceConfig) {
    config.service(web::resource("/survey.css").route(web::get().to(styles))).service(
        web::resource("/s/{token}")
            .app_data(web::PayloadConfig::new(MAX_FORM))
            .route(web::get().to(show))
            .route(web::post().to(send)),
    );
}

async fn styles() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(STYLES)
}

fn page(status: StatusCode, language: Language, html: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_LANGUAGE, language.as_str()))
        .insert_header((VARY, "accept-language"))
        .body(html)
}

/// Who asks, and how.
struct Caller {
    context: RequestContext,
    /// What the address or the browser asks for.
    language: Option<Language>,
    /// Counts wrong links.
    from: String,
}

impl Caller {
    fn of(request: &HttpRequest) -> Result<Caller> {
        let context = request.extensions().get::<RequestContext>().cloned();
        let context =
            context.ok_or_else(|| Error::internal("the app is put together without its envelope"))?;
        let asked = request
            .query_string()
            .split('&')
            .find_map(|pair| pair.strip_prefix("lang="))
            .and_then(Language::from_code);
        let browser = request.headers().contains_key(ACCEPT_LANGUAGE).then_some(context.language);
        let address = context.address.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
        Ok(Caller { language: asked.or(browser), from: format!("survey {address}"), context })
    }

    fn speaks(&self, respondent: Option<&Respondent>) -> Language {
        self.language.or(respondent.map(|respondent| respondent.language)).unwrap_or(self.context.language)
    }

    fn note(&self, respondent: Option<&Respondent>, note: Note) -> HttpResponse {
        let language = self.speaks(respondent);
        let status = match note {
            Note::Unknown => StatusCode::NOT_FOUND,
            Note::Busy => StatusCode::TOO_MANY_REQUESTS,
            Note::Failed => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::OK,
        };
        page(status, language, render::note(language, note))
    }

    /// The page about what went wrong; what nobody can help is a problem of the server.
    fn failed(&self, error: Error) -> Result<HttpResponse> {
        let note = match error.code {
            Code::QuotaExceeded => Note::Busy,
            Code::Overloaded | Code::Unavailable => Note::Failed,
            _ => return Err(error),
        };
        let mut response = self.note(None, note);
        for (name, value) in &error.headers {
            if let Ok(value) = value.parse() {
                response
                    .headers_mut()
                    .insert(actix_web::http::header::HeaderName::from_static(lower(name)), value);
            }
        }
        Ok(response)
    }

    /// What a link opens. Wrong ones are counted against the address.
    async fn respondent(&self, state: &web::Data<AppState>, token: &str) -> Result<Option<Respondent>> {
        state.quotas.check_failures(&self.from)?;
        let (token, now) = (token.to_owned(), self.context.now);
        let found = state.db.read(move |conn| answers::open_by_token(conn, &token, now)).await?;
        if found.is_none() {
            state.quotas.note_failure(&self.from);
        }
        Ok(found)
    }
}

/// The only header that an error of these kinds carries, as HTTP/2 writes it.
fn lower(name: &str) -> &'static str {
    if name.eq_ignore_ascii_case("retry-after") { "retry-after" } else { "x-guanxi-detail" }
}

const fn note_of(door: Door) -> Note {
    match door {
        Door::Answered => Note::Answered,
        Door::Closed => Note::Closed,
        Door::NotYet | Door::Open => Note::NotYet,
    }
}

/// The page that a link opens.
async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
    token: web::Path<String>,
) -> Result<HttpResponse> {
    let caller = Caller::of(&request)?;
    let respondent = match caller.respondent(&state, &token).await {
        Ok(Some(respondent)) => respondent,
        Ok(None) => return Ok(caller.note(None, Note::Unknown)),
        Err(error) => return caller.failed(error),
    };
    if respondent.door != Door::Open {
        return Ok(caller.note(Some(&respondent), note_of(respondent.door)));
    }
    if let Some(opening) = respondent.unopened {
        let now = caller.context.now;
        let noted = state.db.write(move |conn| answers::note_opened(conn, opening, now)).await;
        if let Err(error) = noted {
            return caller.failed(error);
        }
    }
    let language = caller.speaks(Some(&respondent));
    let step = Step::first(&respondent.questions);
    Ok(page(StatusCode::OK, language, asked(language, &respondent, &step)))
}

fn asked(language: Language, respondent: &Respondent, step: &Step) -> String {
    let title = respondent.title.in_language(language);
    render::form(language, title, respondent.anonymous, &respondent.questions, step)
}

/// What the customer entered.
async fn send(
    request: HttpRequest,
    state: web::Data<AppState>,
    token: web::Path<String>,
    body: web::Bytes,
) -> Result<HttpResponse> {
    let mut caller = Caller::of(&request)?;
    let media = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media.starts_with("application/x-www-form-urlencoded") {
        return Err(Error::new(Code::UnsupportedMediaType));
    }
    let text = std::str::from_utf8(&body).map_err(|_| Error::new(Code::Malformed))?;
    let pairs =
        web::Query::<Vec<(String, String)>>::from_query(text).map_err(|_| Error::new(Code::Malformed))?;
    let respondent = match caller.respondent(&state, &token).await {
        Ok(Some(respondent)) => respondent,
        Ok(None) => return Ok(caller.note(None, Note::Unknown)),
        Err(error) => return caller.failed(error),
    };
    if respondent.door != Door::Open {
        return Ok(caller.note(Some(&respondent), note_of(respondent.door)));
    }
    let posted = form::read(&respondent.questions, &pairs);
    caller.language = match posted.action {
        Action::Language(language) => Some(language),
        _ => posted.language.or(caller.language),
    };
    let language = caller.speaks(Some(&respondent));
    let step = match posted.next(&respondent.questions) {
        Next::Show(step) => {
            let status =
                if step.wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
            return Ok(page(status, language, asked(language, &respondent, &step)));
        }
        Next::Send(step) => step,
    };
    let (shared, token, given) = (state.clone(), token.into_inner(), step.answers.clone());
    let context = caller.context.clone();
    let outcome = state
        .db
        .write(move |conn| {
            let actor = Actor::respondent(context.now, std::sync::Arc::clone(&context.request_id), language);
            answers::answer_by_token(conn, &actor, shared.house(), &token, language, &given)
        })
        .await;
    match outcome {
        Ok(Outcome::Thanks) => Ok(caller.note(Some(&respondent), Note::Thanks)),
        Ok(Outcome::Unknown) => Ok(caller.note(None, Note::Unknown)),
        Ok(Outcome::Refused(door)) => Ok(caller.note(Some(&respondent), note_of(door))),
        Ok(Outcome::Wrong(wrong)) => {
            let html = asked(language, &respondent, &step.refused(wrong));
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, language, html))
        }
        Err(error) if error.code == Code::StateConflict => Ok(caller.note(Some(&respondent), Note::Answered)),
        Err(error) => caller.failed(error),
    }
}
