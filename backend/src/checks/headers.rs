use super::contract::{concrete, operations};
use crate::testing::{Answer, Client, TestApp};

const PAGE_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; \
     frame-ancestors 'none'";
const DATA_POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page on which customers answer surveys runs no script at all.
const SURVEY_POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What is missing of the headers that every answer has.
fn missing(path: &str, answer: &Answer, https: bool) -> Vec<String> {
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
    if path.starts_with("/s/") {
        wanted.push(("Cache-Control", "no-store"));
    }
    if path.starts_with("/api/") {
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
    for name in ["Server", "X-Powered-By", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"]
    {
        if answer.header(name).is_some() {
            wrong.push(format!("{path}: {name} is there"));
        }
    }
    if !https && answer.header("Strict-Transport-Security").is_some() {
        wrong.push(format!("{path}: HSTS over http"));
    }
    wrong
}

fn every_answer(app: &TestApp) -> Vec<(String, Answer)> {
    let document = serde_json::to_value(crate::app::openapi()).expect("the document is JSON");
    let mut answers = Vec::new();
    let (nobody, auditor) = (app.anonymous(), app.user("auditor"));
    for (method, pattern, _) in operations(&document) {
        let path = concrete(&pattern);
        for client in [&nobody, &auditor] {
            // Signing oneself out would end the walk.
            if !pattern.contains("/auth/") || method == "GET" || client.token.is_none() {
                answers.push((path.clone(), client.send(&method, &format!("/{path}"), &[], None)));
            }
        }
    }
    for path in [
        "/",
        "/customers",
        "/customers/1",
        "/assets/x",
        "/s/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "/survey.css",
        "/index.html",
        "/healthz",
        "/readyz",
        "/problems/not_found",
        "/problems/none",
        "/api/docs",
        "/api/openapi.json",
        "/api/none",
        "/api",
    ] {
        answers.push((path.to_owned(), nobody.send("GET", &format!("/{path}"), &[], None)));
        answers.push((path.to_owned(), nobody.send("POST", &format!("/{path}"), &[], None)));
    }
    let long = "a".repeat(9_000);
    answers.push(("/api/v1/me".to_owned(), nobody.get(&format!("/me?x={long}"))));
    answers
}

#[test]
fn b11_every_answer_has_the_headers() {
    let app = TestApp::start();
    let answers = every_answer(&app);
    assert!(answers.iter().any(|(_, answer)| answer.status == 200));
    let wrong: Vec<String> = answers.iter().flat_map(|(path, answer)| missing(path, answer, false)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn b11_over_https_browsers_are_told_to_stay_there() {
    let app = TestApp::start_with(&[("public_url", "https://guanxi.example")]);
    let mut wrong = Vec::new();
    for path in ["/", "/healthz", "/api/v1/me", "/api/docs", "/assets/x"] {
        wrong.extend(missing(path, &app.anonymous().send("GET", &format!("/{path}"), &[], None), true));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let client = app.user("rm");
    let cookie = client.cookie.expect("a cookie");
    assert!(cookie.starts_with("__Host-gx_rt="), "{cookie}");
}

#[test]
fn b11_the_refresh_cookie_is_out_of_reach() {
    let app = TestApp::start();
    let body = serde_json::json!({"username": "rm", "password": crate::testing::PASSWORD});
    let answer = app.anonymous().post("/auth/sign-in", &body).expect(200);
    let cookie = answer.header("Set-Cookie").expect("a cookie");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
}

#[test]
fn b11_pages_carry_no_script_of_their_own() {
    let app = TestApp::start();
    for path in ["/api/docs", "/", "/customers", "/problems/not_found"] {
        let page = app.anonymous().send("GET", &format!("/{path}"), &[], None).expect(200).text();
        for tag in page.split("<script").skip(1) {
            let (attributes, rest) = tag.split_once('>').expect("a closed tag");
            assert!(attributes.contains("src=\"/"), "{path}: a script without a file of ours");
            assert!(rest.trim_start().starts_with("</script>"), "{path}: a script in the page");
        }
        for inline in ["<style", " style=", " onclick=", " onload=", "javascript:", "http://", "https://"] {
            // The licence and standards that texts name are no resources.
            let found = page.replace("https://www.rfc-editor.org", "").contains(inline);
            assert!(!found, "{path} has {inline}");
        }
    }
    let docs = app.anonymous().send("GET", "//api/docs", &[], None).text();
    assert!(!docs.contains("<script"));
}

fn preflight(mut client: Client, origin: &str) -> Answer {
    let headers = [("Origin", origin), ("Access-Control-Request-Method", "GET")];
    // The browser's question before a call is no operation.
    client.checks_contract = false;
    client.send("OPTIONS", "/customers", &headers, None)
}

#[test]
fn b11_other_origins_stay_out_unless_listed() {
    const LISTED: &str = "https://crm.example";
    let closed = TestApp::start();
    for origin in [LISTED, "null", "*"] {
        let answer = closed.anonymous().send("GET", "/auth/jwks", &[("Origin", origin)], None).expect(200);
        assert_eq!(answer.header("Access-Control-Allow-Origin"), None, "{origin}");
        assert_eq!(
            preflight(closed.anonymous(), origin).header("Access-Control-Allow-Origin"),
            None,
            "{origin}"
        );
    }

    let open = TestApp::start_with(&[("allowed_origins", LISTED)]);
    let answer = open.anonymous().send("GET", "/auth/jwks", &[("Origin", LISTED)], None).expect(200);
    assert_eq!(answer.header("Access-Control-Allow-Origin"), Some(LISTED));
    assert!(
        answer
            .headers
            .iter()
            .any(|(name, value)| name.eq_ignore_ascii_case("vary") && value.contains("origin"))
    );
    let allowed = preflight(open.anonymous(), LISTED).expect(204);
    assert_eq!(allowed.header("Access-Control-Allow-Origin"), Some(LISTED));
    for origin in [
        "https://crm.example.evil.example",
        "http://crm.example",
        "https://crm.example:444",
        "https://CRM.example",
        "null",
    ] {
        let answer = open.anonymous().send("GET", "/auth/jwks", &[("Origin", origin)], None).expect(200);
        assert_eq!(answer.header("Access-Control-Allow-Origin"), None, "{origin}");
        assert_eq!(
            preflight(open.anonymous(), origin).header("Access-Control-Allow-Origin"),
            None,
            "{origin}"
        );
    }
    // Never with credentials: the cookie stays with our own pages.
    assert_eq!(answer.header("Access-Control-Allow-Credentials"), None);
}
