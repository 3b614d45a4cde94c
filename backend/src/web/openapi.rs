use std::collections::BTreeMap;

use actix_web::dev::HttpServiceFactory;
use actix_web::{HttpResponse, get};
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{
    HttpMethod, Operation, Parameter, ParameterBuilder, ParameterIn, PathItem, Paths,
};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{Object, ObjectBuilder, Ref, Schema, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, OpenApi, RefOr, SecurityRequirement};
use utoipa::{PartialSchema, ToSchema};
use utoipa_actix_web::OpenApiFactory;

use super::Routes;
use crate::listing::{self, Resource};

/// The contract, as JSON. It is the committed document, which a test compares with what the handlers say.
pub const CONTRACT: &str = include_str!("../../../openapi/openapi.json");

/// The contract.
#[get("/api/openapi.json")]
pub async fn openapi_json() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(CONTRACT)
}

/// What the paths of the rooms begin with.
pub const API: &str = "/api/v1";

/// What handlers say of themselves. Most name the same schemas as others, so each is kept once, as it comes.
#[derive(Default)]
pub struct Description {
    paths: Paths,
    schemas: BTreeMap<String, RefOr<Schema>>,
}

impl Routes for Description {
    fn service<H>(&mut self, handler: H) -> &mut Self
    where
        H: HttpServiceFactory + utoipa::Path + OpenApiFactory + 'static,
    {
        self.paths.merge(handler.paths());
        let mut schemas = Vec::new();
        handler.schemas(&mut schemas);
        self.schemas.extend(schemas);
        self
    }
}

impl Description {
    /// A document with this in it.
    pub fn added_to(self, mut document: OpenApi) -> OpenApi {
        let paths = self.paths.paths.into_iter().map(|(path, item)| (format!("{API}{path}"), item));
        document.paths.paths.extend(paths);
        document.components.get_or_insert_with(Components::new).schemas.extend(self.schemas);
        document
    }
}

/// Adds to the generated document what every operation has: the ways to sign in, the answers when something is wrong, the headers
/// that may be sent, and what the lists at the ends of paths filter and sort by.
pub fn complete(mut document: OpenApi, lists: &[(&str, &Resource)]) -> OpenApi {
    let components = document.components.get_or_insert_with(Components::new);
    let mut schemas = Vec::new();
    guanxi_api::Problem::schemas(&mut schemas);
    schemas.push(("Problem".to_owned(), guanxi_api::Problem::schema()));
    for (name, schema) in schemas {
        components.schemas.insert(name, schema);
    }
    components.headers.extend(header_components());
    components.add_security_scheme(
        "bearer",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .description(Some("The access token of `POST /auth/sign-in`"))
                .build(),
        ),
    );
    components.add_security_scheme(
        "refresh_cookie",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            "gx_rt",
            "The refresh token; `__Host-gx_rt` over https",
        ))),
    );
    document.servers = None;
    let introduction = document.info.description.get_or_insert_default();
    *introduction = format!("{introduction}\n\n{}", listing::grammar());
    for (path, item) in &mut document.paths.paths {
        let list = lists.iter().find(|(end, _)| path.ends_with(end)).map(|(_, resource)| *resource);
        for (method, operation) in operations_of(item) {
            complete_operation(path, &method, operation);
            if let Some(resource) = list {
                describe_list(operation, resource);
            }
        }
    }
    for (path, resource) in lists {
        if let Some(search) = search_body(&mut document, path) {
            describe_search(search, resource);
        }
    }
    document
}

fn describe_list(operation: &mut Operation, resource: &Resource) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let more = match parameter.name.as_str() {
            "filter" => resource.filters_in_words(false),
            "sort" => resource.sorts_in_words(),
            _ => continue,
        };
        let said = parameter.description.take().unwrap_or_default();
        parameter.description = Some(format!("{said}\n\n{}", more.trim_start()));
    }
}

/// The schema of the body of a list's `POST …/search`, if it has one.
fn search_body<'a>(document: &'a mut OpenApi, path: &str) -> Option<&'a mut Object> {
    let end = format!("{path}/search");
    let item = document.paths.paths.iter().find(|(path, _)| path.ends_with(&end))?.1;
    let RefOr::T(body) = item.post.as_ref()?.request_body.as_ref()? else { return None };
    let RefOr::T(content) = body.content.get("application/json")? else { return None };
    let schema = content.schema.as_ref()?;
    let RefOr::Ref(reference) = schema else { return None };
    let name = reference.ref_location.rsplit('/').next()?.to_owned();
    match document.components.as_mut()?.schemas.get_mut(&name)? {
        RefOr::T(Schema::Object(object)) => Some(object),
        _ => None,
    }
}

fn describe_search(body: &mut Object, resource: &Resource) {
    for (name, more) in [("filter", resource.filters_in_words(true)), ("sort", resource.sorts_in_words())] {
        if let Some(RefOr::T(Schema::Object(member))) = body.properties.get_mut(name) {
            let said = member.description.take().unwrap_or_default();
            member.description = Some(format!("{said}\n\n{}", more.trim_start()));
        }
    }
}

fn operations_of(item: &mut PathItem) -> Vec<(HttpMethod, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [
        (HttpMethod::Get, get),
        (HttpMethod::Put, put),
        (HttpMethod::Post, post),
        (HttpMethod::Delete, delete),
        (HttpMethod::Patch, patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
    .collect()
}

fn complete_operation(path: &str, method: &HttpMethod, operation: &mut Operation) {
    let open = operation
        .security
        .as_ref()
        .is_some_and(|list| list.iter().all(|item| *item == SecurityRequirement::default()));
    let by_cookie = operation.security.is_some() && !open;
    if operation.security.is_none() {
        operation.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    }
    if open {
        operation.security = Some(Vec::new());
    }
    let has_header = |operation: &Operation, name: &str| {
        parameters_of(operation).any(|parameter| parameter.name.eq_ignore_ascii_case(name))
    };
    let if_match = has_header(operation, "If-Match");
    let body = operation.request_body.is_some();
    let mut statuses = vec![
        (400, "The request cannot be read"),
        (503, "Too much is asked of the server, or a part of it is down"),
    ];
    if !open {
        statuses.push((401, "Not signed in, or the session has ended"));
    }
    if !open && !by_cookie {
        statuses.extend([(403, "The role does not have this right"), (429, "The quota is used up")]);
    }
    if path.contains('{') {
        statuses.push((404, "There is none, or none that you may know of"));
    }
    if body {
        statuses.extend([
            (413, "The body is too large"),
            (415, "The body is not JSON"),
            (422, "A field breaks a rule"),
        ]);
    }
    if if_match {
        statuses.extend([(412, "It was changed since it was read"), (428, "If-Match is missing")]);
    }
    if matches!(method, HttpMethod::Post | HttpMethod::Patch | HttpMethod::Put) {
        statuses.push((409, "Its state does not allow it, or a unique value is taken"));
    }
    if path.ends_with("/sign-in") {
        statuses.extend([(401, "Wrong name or password"), (429, "Too many failures; wait")]);
    }
    for (status, description) in statuses {
        operation
            .responses
            .responses
            .entry(status.to_string())
            .or_insert_with(|| problem_response(description));
    }
    operation
        .responses
        .responses
        .entry("default".to_owned())
        .or_insert_with(|| problem_response("Something else is wrong"));

    let changes = operation.responses.responses.contains_key("200") && if_match;
    if changes && !has_header(operation, IDEMPOTENCY_KEY) {
        let key = ParameterBuilder::new()
            .name(IDEMPOTENCY_KEY)
            .parameter_in(ParameterIn::Header)
            .description(Some("8 to 128 visible characters; the same request with the same key is done once"))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .build();
        operation.parameters.get_or_insert_with(Vec::new).push(RefOr::T(key));
    }
    let tagged = if_match || has_header(operation, "If-None-Match");
    let repeatable = has_header(operation, IDEMPOTENCY_KEY);
    describe_headers(operation, tagged, repeatable);

    let parameters = operation.parameters.get_or_insert_with(Vec::new);
    let language = ParameterBuilder::new()
        .name("Accept-Language")
        .parameter_in(ParameterIn::Header)
        .description(Some("Language of texts: `zh-CN` or `en`"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).examples([serde_json::json!("zh-CN")])))
        .build();
    parameters.push(RefOr::T(language));
}

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
const REPLAYED: &str = "Idempotency-Replayed";
const RETRY_AFTER: &str = "Retry-After";
const TAG: &str = "The tag that it has now: for `If-None-Match`, and for `If-Match`, which goes by the version before the hyphen";

/// The headers that [`describe_headers`] refers to.
fn header_components() -> impl Iterator<Item = (String, RefOr<Header>)> {
    [
        ("ETag", Type::String, TAG),
        (REPLAYED, Type::String, "`true` when the request was done before"),
        (RETRY_AFTER, Type::Integer, "After how many seconds it may be tried again"),
    ]
    .into_iter()
    .map(|(name, kind, description)| {
        let header = HeaderBuilder::new()
            .schema(Some(ObjectBuilder::new().schema_type(kind)))
            .description(Some(description))
            .build();
        (name.to_owned(), header.into())
    })
}

/// Names the headers that answers have by rule and that their handlers do not name themselves.
fn describe_headers(operation: &mut Operation, tagged: bool, repeatable: bool) {
    for (status, answer) in &mut operation.responses.responses {
        let RefOr::T(answer) = answer else { continue };
        let mut add = |name: &str| {
            let place = format!("#/components/headers/{name}");
            answer.headers.entry(name.to_owned()).or_insert_with(|| RefOr::Ref(Ref::new(place)));
        };
        match status.as_str() {
            "200" | "201" | "202" | "207" => {
                if tagged && status != "207" {
                    add("ETag");
                }
                if repeatable {
                    add(REPLAYED);
                }
            }
            "304" | "412" => add("ETag"),
            "429" | "503" => add(RETRY_AFTER),
            _ => {}
        }
    }
}

fn problem_response(description: &str) -> utoipa::openapi::RefOr<utoipa::openapi::Response> {
    ResponseBuilder::new()
        .description(description)
        .content(
            "application/problem+json",
            ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build(),
        )
        .build()
        .into()
}

fn parameters_of(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    })
}
