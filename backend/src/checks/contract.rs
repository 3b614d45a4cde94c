use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, web};
use guanxi_api::{Language, Role};
use guanxi_db::DbError;
use serde_json::{Value, json};

use crate::app::{self, AppState};
use crate::error::{Code, Error, Result};
use crate::messages;
use crate::testing::{Answer, Client, Serving, TestApp, wrong_problem};
use crate::web::envelope;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn document() -> Value {
    serde_json::to_value(app::openapi()).expect("the document is JSON")
}

/// Method, path and description of every operation.
pub(super) fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                found.push((method.to_uppercase(), path.clone(), operation.clone()));
            }
        }
    }
    found
}

/// The path of an operation with something in the place of each parameter.
pub(super) fn concrete(path: &str) -> String {
    path.replace("{source}", "erp")
        .replace("{external_id}", "C-1")
        .split('/')
        .map(
            |segment| {
                if segment.starts_with('{') { uuid::Uuid::now_v7().to_string() } else { segment.to_owned() }
            },
        )
        .collect::<Vec<_>>()
        .join("/")
}

/// What the handlers' attributes say: method and path of each route of the rooms.
fn routes_in_sources() -> BTreeSet<(String, String)> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    let below = |folder: &Path| {
        std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .map(|entry| entry.expect("an entry").path())
            .collect::<Vec<_>>()
    };
    let rooms = below(&sources);
    // A room that is split along its nouns has routes in its parts, too.
    let parts = rooms.iter().flat_map(|room| below(room));
    for place in rooms.iter().cloned().chain(parts) {
        let Ok(text) = std::fs::read_to_string(place.join("routes.rs")) else {
            continue;
        };
        for method in METHODS {
            for part in text.split(&format!("#[{method}(\"")).skip(1) {
                let path = part.split('"').next().expect("a path");
                found.insert((method.to_uppercase(), format!("/api/v1{path}")));
            }
        }
    }
    found
}

#[test]
fn a2_the_routes_are_those_of_the_document() {
    let documented: BTreeSet<(String, String)> =
        operations(&document()).into_iter().map(|(method, path, _)| (method, path)).collect();
    assert!(documented.len() > 30, "the document lost its operations");
    assert_eq!(routes_in_sources(), documented, "handlers (left) and operations (right)");

    // An operation without a route would get the router's 404 or 405: without a token it gets 401 before anything is looked up.
    let app = TestApp::start();
    let client = app.anonymous();
    for (method, path) in &documented {
        let answer = client.send(method, &format!("/{}", concrete(path)), &[("X-Guanxi", "1")], None);
        assert!(!matches!(answer.status, 404 | 405), "{method} {path} is not routed: {}", answer.status);
    }
    let unknown = client.get("/customers/1/2/3");
    assert_eq!(unknown.status, 404, "the router says 404 to what it does not know");
    let spelled_otherwise = client.get("/%63ustomers");
    assert_eq!(spelled_otherwise.status, 401, "a character may be written as %XX (RFC 3986, 6.2.2.2)");
}

#[test]
fn a2_every_operation_is_described() {
    let document = document();
    let (mut ids, mut bare) = (BTreeMap::new(), Vec::new());
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        let id = operation["operationId"]
            .as_str()
            .unwrap_or_else(|| panic!("{name} has no operationId"))
            .to_owned();
        if let Some(other) = ids.insert(id, name.clone()) {
            panic!("{name} and {other} have the same operationId");
        }
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name} has no summary");
        assert!(operation["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{name} has no tag");
        let tag = &operation["tags"][0];
        let tags = document["tags"].as_array().expect("tags");
        assert!(
            tags.iter().any(|known| known["name"] == *tag),
            "{name} has a tag that nobody describes: {tag}"
        );
        assert!(operation["security"].is_array(), "{name} does not say how to sign in");
        let responses = operation["responses"].as_object().expect("responses");
        assert!(responses.keys().any(|status| status.starts_with('2')), "{name} never succeeds");
        for (status, response) in responses {
            if status.starts_with('2') || status.starts_with('3') {
                continue;
            }
            let schema = &response["content"]["application/problem+json"]["schema"];
            assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{name} {status}");
        }
        assert!(responses.contains_key("default"), "{name} has no answer for other problems");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let described = parameter["description"].as_str().is_some_and(|text| !text.is_empty());
            assert!(described, "{name}: parameter {} has no description", parameter["name"]);
        }
        let bodies =
            operation.pointer("/requestBody/content").into_iter().chain(responses.iter().filter_map(
                |(status, response)| (status.starts_with('2')).then(|| response.get("content")).flatten(),
            ));
        for media in bodies.flat_map(|content| content.as_object().expect("content").values()) {
            let mut seen = BTreeSet::new();
            if !has_example(&document, media, &mut seen) {
                bare.push(format!("{name}: {media}"));
            }
        }
    }
    assert!(bare.is_empty(), "bodies without any example: {bare:#?}");
    for scheme in ["bearer", "refresh_cookie"] {
        assert!(document["components"]["securitySchemes"][scheme].is_object(), "{scheme}");
    }
}

#[test]
fn a2_every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 100, "{}", found.len());
    let leads = |reference: &String| document.pointer(reference.trim_start_matches('#')).is_some();
    let lost: Vec<&String> = found.iter().filter(|reference| !leads(reference)).collect();
    assert!(lost.is_empty(), "references to nothing: {lost:?}");
}

/// Whether a schema, or one it is made of, shows a value: an example, a default, a constant or its list of codes.
fn has_example(document: &Value, schema: &Value, seen: &mut BTreeSet<String>) -> bool {
    match schema {
        Value::Object(members) => {
            let shows = ["example", "examples", "default", "const", "enum"];
            if members.keys().any(|name| shows.contains(&name.as_str())) {
                return true;
            }
            // What is made up freely, such as a key set, has no example that would mean something.
            if members.len() <= 2 && members.get("type") == Some(&json!("object")) {
                return true;
            }
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                return seen.insert(reference.to_owned())
                    && document
                        .pointer(reference.trim_start_matches('#'))
                        .is_some_and(|schema| has_example(document, schema, seen));
            }
            members.values().any(|member| has_example(document, member, seen))
        }
        Value::Array(items) => items.iter().any(|item| has_example(document, item, seen)),
        _ => false,
    }
}

#[test]
fn a2_the_committed_document_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/openapi.json");
    let generated = app::openapi().to_pretty_json().expect("the document is JSON");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, format!("{}\n", generated.trim())).expect("the document is written");
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed.trim() == generated.trim(),
        "openapi/openapi.json is not what the handlers say: UPDATE_EXPECT=1 cargo test -p guanxi committed_document"
    );
}

/// A request that must fail, and how.
struct Case {
    client: Client,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
    code: Code,
}

/// A failing answer as the contract wants it, in the language that was asked for.
#[track_caller]
fn assert_problem(what: &str, answer: &Answer, code: Code, language: Language) {
    assert_eq!(answer.status, code.status(), "{what}: {}", answer.text());
    assert_eq!(answer.header("Content-Type"), Some("application/problem+json; charset=utf-8"), "{what}");
    let body = answer.json();
    assert_eq!(body["code"], code.as_str(), "{what}");
    assert_eq!(body["status"], code.status(), "{what}");
    assert_eq!(body["type"], format!("/problems/{}", code.as_str()), "{what}");
    assert_eq!(body["title"], messages::problem_title(language, code), "{what}");
    assert_ne!(body["title"], code.as_str(), "{what}: no text in {language:?}");
    assert_ne!(body["detail"], code.as_str(), "{what}: no text in {language:?}");
    let id = body["request_id"].as_str().expect("a request id");
    assert_eq!(Some(id), answer.header("X-Request-Id"), "{what}");
    assert!(!id.is_empty(), "{what}");
    assert_eq!(answer.header("Content-Language"), Some(language.as_str()), "{what}");
    for field in body["errors"].as_array().into_iter().flatten() {
        assert!(field["message"].as_str().is_some_and(|text| !text.is_empty()), "{what}: {field}");
        assert_ne!(field["message"], field["code"], "{what}: no text for {field} in {language:?}");
    }
    match answer.status {
        401 => assert!(answer.header("WWW-Authenticate").is_some(), "{what}"),
        405 => assert!(answer.header("Allow").is_some_and(|methods| !methods.is_empty()), "{what}"),
        429 | 503 => assert!(answer.header("Retry-After").is_some(), "{what}"),
        _ => {}
    }
    let text = answer.text();
    for secret in ["SELECT", "src/", "panicked", "/tmp"] {
        assert!(!text.contains(secret), "{what} tells {secret}: {text}");
    }
}

fn cases(app: &TestApp) -> Vec<Case> {
    let (rm, head, nobody) = (app.role(Role::Rm), app.role(Role::OutletHead), app.anonymous());
    let customer = rm.post(
        "/customers",
        &json!({"kind": "person", "name": "王伟", "external_ids": [{"source": "erp", "id": "A4"}]}),
    );
    let customer = customer.expect(201);
    let (tag, id) = (customer.tag(), customer.json()["id"].as_str().expect("an id").to_owned());
    let one = format!("/customers/{id}");
    let archived = head.act(&format!("{one}/archive"), &tag).expect(200).tag();
    let key = ("Idempotency-Key", "a4-a4-a4-a4".to_owned());
    let new = |name: &str| json!({"kind": "person", "name": name}).to_string().into_bytes();
    rm.send_bytes(
        "POST",
        "/customers",
        &[("Content-Type", "application/json"), (key.0, &key.1)],
        Some(&new("甲")),
    )
    .expect(201);
    let json_type = || ("Content-Type", "application/json".to_owned());
    let case = |client: &Client, method, path: &str, headers: Vec<_>, body: Option<Vec<u8>>, code| Case {
        client: client.clone(),
        method,
        path: path.to_owned(),
        headers,
        body,
        code,
    };
    let get = |client: &Client, path: &str, code| case(client, "GET", path, vec![], None, code);
    let post = |client: &Client, path: &str, body: &[u8], code| {
        case(client, "POST", path, vec![json_type()], Some(body.to_vec()), code)
    };
    let teller = app.role(Role::Teller);
    vec![
        get(&rm, "/nothing", Code::NotFound),
        get(&nobody, "//api/v2/customers", Code::NotFound),
        get(&nobody, "//problems/no_such_problem", Code::NotFound),
        get(&nobody, "//assets/no-such-file.js", Code::NotFound),
        get(&rm, "/customers/not-an-id", Code::NotFound),
        get(&rm, &format!("/customers/{}", uuid::Uuid::now_v7()), Code::NotFound),
        case(&rm, "PUT", "/customers", vec![], None, Code::MethodNotAllowed),
        case(&nobody, "DELETE", &one, vec![], None, Code::MethodNotAllowed),
        case(&nobody, "POST", "//customers", vec![], None, Code::MethodNotAllowed),
        case(&nobody, "POST", "//healthz", vec![], None, Code::MethodNotAllowed),
        case(&nobody, "DELETE", "//api/openapi.json", vec![], None, Code::MethodNotAllowed),
        post(&rm, "/customers", &vec![b' '; 1024 * 1024 + 1], Code::TooLarge),
        get(&rm, &format!("/customers?filter={}", "a".repeat(9_000)), Code::UriTooLong),
        case(&rm, "GET", "/me", vec![("X-Long", "a".repeat(17_000))], None, Code::HeadersTooLarge),
        case(
            &rm,
            "POST",
            "/customers",
            vec![("Content-Type", "text/plain".into())],
            Some(new("x")),
            Code::UnsupportedMediaType,
        ),
        case(
            &rm,
            "POST",
            "/customers",
            vec![json_type(), ("Content-Encoding", "gzip".into())],
            Some(new("x")),
            Code::UnsupportedMediaType,
        ),
        case(
            &rm,
            "POST",
            "/bulk/customers",
            vec![("Content-Type", "application/x-ndjson".into())],
            Some(b"{}".to_vec()),
            Code::IdempotencyKeyRequired,
        ),
        post(&rm, "/customers", b"{\"kind\":", Code::Malformed),
        post(&rm, "/customers", &[0xff, 0xfe], Code::Malformed),
        get(&rm, "/customers?limt=5", Code::UnknownParameter),
        get(&rm, "/me?x=1", Code::UnknownParameter),
        get(&rm, "/customers?limit=0", Code::InvalidParameter),
        get(&rm, "/customers?filter=city", Code::FilterInvalid),
        get(&rm, "/customers?sort=city", Code::SortInvalid),
        get(&rm, "/customers?cursor=abc", Code::CursorInvalid),
        case(
            &rm,
            "POST",
            "/customers",
            vec![json_type(), ("Idempotency-Key", "short".into())],
            Some(new("x")),
            Code::IdempotencyKeyInvalid,
        ),
        get(&nobody, "/me", Code::Unauthenticated),
        get(&nobody.with_token("x.y.z"), "/me", Code::Unauthenticated),
        post(
            &nobody,
            "/auth/sign-in",
            b"{\"username\":\"nobody\",\"password\":\"wrong-wrong-wrong\"}",
            Code::SignInFailed,
        ),
        case(&nobody, "POST", "/auth/refresh", vec![("X-Guanxi", "1".into())], None, Code::SessionExpired),
        case(&nobody, "POST", "/auth/refresh", vec![], None, Code::OriginRefused),
        get(&rm, "/audit-entries", Code::Forbidden),
        get(&teller, "/customers?filter=aum%20ge%201", Code::FieldNotFilterable),
        post(
            &rm,
            "/customers",
            json!({"kind": "person", "name": "乙", "external_ids": [{"source": "erp", "id": "A4"}]})
                .to_string()
                .as_bytes(),
            Code::StateConflict,
        ),
        case(
            &head,
            "POST",
            &format!("{one}/archive"),
            vec![("If-Match", archived)],
            None,
            Code::StateConflict,
        ),
        case(
            &rm,
            "PATCH",
            &one,
            vec![json_type(), ("If-Match", tag)],
            Some(b"{\"city\":\"x\"}".to_vec()),
            Code::Stale,
        ),
        case(
            &rm,
            "PATCH",
            &one,
            vec![json_type()],
            Some(b"{\"city\":\"x\"}".to_vec()),
            Code::PreconditionRequired,
        ),
        post(&rm, "/customers", b"{\"kind\":\"person\",\"name\":\"\"}", Code::ValidationFailed),
        post(&rm, "/customers", b"{\"kind\":\"pet\",\"name\":\"x\",\"owner\":1}", Code::ValidationFailed),
        case(&rm, "POST", "/customers", vec![json_type(), key], Some(new("乙")), Code::IdempotencyKeyReused),
    ]
}

#[test]
fn a4_every_error_is_a_problem_document_in_both_languages() {
    let app = TestApp::start();
    let mut codes = BTreeSet::new();
    for case in cases(&app) {
        for language in [Language::ZhCn, Language::En] {
            let mut headers: Vec<(&str, &str)> =
                case.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            headers.push(("Accept-Language", language.as_str()));
            let answer = case.client.send_bytes(case.method, &case.path, &headers, case.body.as_deref());
            let what = format!("{} {}", case.method, case.path.chars().take(60).collect::<String>());
            assert_problem(&what, &answer, case.code, language);
        }
        codes.insert(case.code.as_str());
    }

    // A lock, with the right password.
    let locked = || json!({"username": "rm_a2", "password": crate::testing::PASSWORD});
    for _ in 0..5 {
        let wrong = json!({"username": "rm_a2", "password": "wrong-wrong-wrong"});
        app.anonymous().post("/auth/sign-in", &wrong).expect(401);
    }
    for language in [Language::ZhCn, Language::En] {
        let headers = [("Accept-Language", language.as_str())];
        let answer = app.anonymous().send("POST", "/auth/sign-in", &headers, Some(&locked()));
        assert_problem("a locked account", &answer, Code::AccountLocked, language);
    }
    codes.insert(Code::AccountLocked.as_str());

    app.state.readiness.drain();
    for language in [Language::ZhCn, Language::En] {
        let answer = app.anonymous().send("GET", "//readyz", &[("Accept-Language", language.as_str())], None);
        assert_problem("a server that stops", &answer, Code::Unavailable, language);
    }
    codes.insert(Code::Unavailable.as_str());

    // The rest is proved elsewhere in this file, or needs 30 s, a second server or an administrator's reset.
    let elsewhere = [
        "quota_exceeded",
        "internal",
        "overloaded",
        "request_timeout",
        "idempotency_in_progress",
        "password_change_required",
    ];
    let all: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    codes.extend(elsewhere);
    assert_eq!(codes, all, "codes that no case shows");
}

#[test]
fn a4_an_error_that_is_no_problem_document_is_seen() {
    let app = TestApp::start();
    let good = app.anonymous().get("/me").expect(401);
    let wrong = |answer: &Answer| wrong_problem("/api/v1/me", answer).len();
    assert_eq!(wrong(&good), 0);
    for (member, value) in [
        ("code", json!("made_up")),
        ("code", json!("not_found")),
        ("code", Value::Null),
        ("type", json!("about:blank")),
        ("status", json!(400)),
        ("status", json!("401")),
        ("request_id", json!("another")),
        ("request_id", Value::Null),
    ] {
        let mut body = good.json();
        body[member] = value.clone();
        let answer = Answer { body: body.to_string().into_bytes(), ..good.clone() };
        assert!(wrong(&answer) > 0, "{member} {value}");
    }
    for media in ["application/json", "text/html; charset=utf-8", "application/problem+json"] {
        let mut answer = good.clone();
        let headers = answer.headers.iter_mut().filter(|(name, _)| name == "content-type");
        headers.for_each(|(_, value)| media.clone_into(value));
        assert_eq!(wrong(&answer), 1, "{media}");
        assert_eq!(wrong_problem("/s/x", &answer), Vec::<String>::new(), "surveys answer in pages");
    }
    assert_eq!(wrong(&Answer { status: 404, ..good }), 2);
}

#[test]
fn a4_the_quota_is_a_problem_document() {
    let app = TestApp::start_with(&[("rate_limit", "2")]);
    let rm = app.role(Role::Rm);
    for language in [Language::ZhCn, Language::En] {
        let mut last = None;
        for _ in 0..4 {
            last = Some(rm.send("GET", "/me", &[("Accept-Language", language.as_str())], None));
        }
        assert_problem("a used-up quota", &last.expect("an answer"), Code::QuotaExceeded, language);
    }
}

#[test]
fn a4_answers_under_a_quota_say_what_is_left() {
    let told = |answer: &Answer| {
        (answer.header("RateLimit-Policy").map(str::to_owned), answer.header("RateLimit").map(str::to_owned))
    };
    let app = TestApp::start_with(&[("rate_limit", "5")]);
    let teller = app.role(Role::Teller);
    let asked = [
        ("GET", "/me", 200),
        ("GET", "/customers/none", 404),
        ("GET", "/audit-entries", 403),
        ("POST", "/customers/search", 415),
        ("GET", "/customers?sort=city", 400),
        ("GET", "/me", 429),
    ];
    for (n, (method, path, status)) in asked.into_iter().enumerate() {
        let answer = teller.send(method, path, &[], None).expect(status);
        let (policy, left) = told(&answer);
        assert_eq!(policy.as_deref(), Some("\"default\";q=5;w=60"), "{method} {path}");
        let left = left.expect("what is left");
        let (count, seconds) = left.split_once(";t=").expect("how long");
        assert_eq!(count, format!("\"default\";r={}", 4_usize.saturating_sub(n)), "{method} {path}");
        let seconds: u64 = seconds.parse().expect("seconds");
        assert!((1..=60).contains(&seconds), "{method} {path}: {left}");
    }
    // Nobody's quota, and none at all.
    for answer in [
        app.anonymous().get("/me"),
        app.anonymous().get("/auth/jwks"),
        app.anonymous().send("GET", "//healthz", &[], None),
        TestApp::start().role(Role::Teller).get("/me"),
    ] {
        assert_eq!(told(&answer), (None, None));
    }
}

#[test]
fn a4_a_problem_with_a_parameter_names_it() {
    let app = TestApp::start();
    let (rm, admin) = (app.role(Role::Rm), app.role(Role::Admin));
    let cases = [
        ("/customers?limit=0", "limit", "range"),
        ("/customers?limit=abc", "limit", "wrong_type"),
        ("/customers?limit=5&limit=5", "limit", "duplicate_member"),
        ("/customers?include=13987654321", "include", "unknown_code"),
        ("/customers?sort=name,13987654321", "sort", "sort_unknown_field"),
        ("/customers?sort=-name,name", "sort", "sort_duplicate_field"),
        ("/customers?filter=wangwei%20eq%201", "filter", "filter_unknown_field"),
        ("/customers?filter=wangwei", "filter", "filter_unexpected"),
        ("/customers?cursor=13987654321", "cursor", "cursor_invalid"),
        ("/customers?limt=5", "limt", "unknown_member"),
        ("/customers?13987654321=5", "", "unknown_member"),
        ("/org-units?include=13987654321", "include", "unknown_code"),
        ("/users?sort=13987654321", "sort", "sort_unknown_field"),
    ];
    for (path, parameter, code) in cases {
        let client = if path.starts_with("/users") { &admin } else { &rm };
        let answer = client.get(path).expect(400);
        assert_eq!(answer.fields(), [(parameter.to_owned(), code.to_owned())], "{path}");
        let text = answer.text();
        assert!(!text.contains("13987654321") && !text.contains("wangwei"), "{path}: {text}");
    }
    // What is allowed is told instead, and only that.
    let allowed = |answer: &Answer| answer.json()["errors"][0]["params"]["allowed"].clone();
    assert_eq!(allowed(&rm.get("/customers?include=x")), "total");
    let (teller, sorts) = (app.role(Role::Teller), "/customers?sort=x");
    let of = |client: &Client, path: &str| allowed(&client.get(path)).as_str().expect("names").to_owned();
    assert!(of(&rm, sorts).contains("aum") && !of(&teller, sorts).contains("aum"));
    let filters = "/customers?filter=x%20eq%201";
    assert!(of(&rm, filters).contains("tier") && !of(&teller, filters).contains("tier"));

    // In a body the same stands at a pointer.
    for (member, value, code) in [
        ("limit", json!(0), "range"),
        ("include", json!("13987654321"), "unknown_code"),
        ("sort", json!("13987654321"), "sort_unknown_field"),
        ("filter", json!("wangwei eq 1"), "filter_unknown_field"),
        ("cursor", json!("13987654321"), "cursor_invalid"),
    ] {
        let answer = rm.post("/customers/search", &json!({"q": "x", member: value}));
        assert!(matches!(answer.status, 400 | 422), "{member}: {}", answer.text());
        assert_eq!(answer.fields(), [(format!("/{member}"), code.to_owned())]);
        assert!(!answer.text().contains("13987654321") && !answer.text().contains("wangwei"), "{member}");
    }
}

#[test]
fn a4_a_password_that_someone_else_knows_must_be_changed() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let user = format!("/users/{}", app.fixture.user("rm2"));
    let tag = admin.get(&user).expect(200).tag();
    let reset = admin.act(&format!("{user}/reset-password"), &tag).expect(200).json();
    let password = reset["password"].as_str().expect("a password");
    let rm = app.anonymous().sign_in("rm2", password);
    for language in [Language::ZhCn, Language::En] {
        let answer = rm.send("GET", "/customers", &[("Accept-Language", language.as_str())], None);
        assert_problem("a handed-over password", &answer, Code::PasswordChangeRequired, language);
    }
}

async fn panics() -> HttpResponse {
    panic!("a handler that panics")
}

async fn overloaded() -> Result<HttpResponse> {
    Err(Error::from(DbError::Overloaded))
}

async fn database_panics(state: web::Data<AppState>) -> Result<HttpResponse> {
    state.db.read(|_| -> Result<()> { panic!("a closure that panics") }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A server whose handlers fail, behind the same outermost layer.
fn failing_server(state: web::Data<AppState>) -> Serving {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    Serving::start(listener, move || {
        App::new()
            .app_data(state.clone())
            .route("/api/panics", web::get().to(panics))
            .route("/api/overloaded", web::get().to(overloaded))
            .route("/api/database-panics", web::get().to(database_panics))
            .wrap(from_fn(envelope))
    })
}

#[test]
fn a4_panics_and_overload_are_problem_documents() {
    let app = TestApp::start();
    let failing = failing_server(app.state.clone());
    let client = Client::new(failing.addr);
    for language in [Language::ZhCn, Language::En] {
        for (path, code) in [
            ("//api/panics", Code::Internal),
            ("//api/database-panics", Code::Internal),
            ("//api/overloaded", Code::Overloaded),
        ] {
            let answer = client.send("GET", path, &[("Accept-Language", language.as_str())], None);
            assert_problem(path, &answer, code, language);
            assert_eq!(answer.header("Cache-Control"), Some("no-store"), "{path}");
        }
    }
}
