use super::contract::{concrete, operations};
use crate::testing::{Answer, Client, TestApp, wrong_headers};

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
    let wrong: Vec<String> =
        answers.iter().flat_map(|(path, answer)| wrong_headers(path, answer, false, None)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn b11_a_header_that_is_wrong_or_there_twice_is_seen() {
    let app = TestApp::start();
    let good = app.anonymous().get("/auth/jwks").expect(200);
    let wrong = |answer: &Answer| wrong_headers("/api/v1/auth/jwks", answer, false, None).len();
    assert_eq!(wrong(&good), 0);
    let looked_at = [
        "x-content-type-options",
        "referrer-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "permissions-policy",
        "content-security-policy",
        "cache-control",
        "x-request-id",
        "x-guanxi-build",
    ];
    for name in looked_at {
        let mut without = good.clone();
        without.headers.retain(|(key, _)| key != name);
        assert_eq!((without.headers.len(), wrong(&without)), (good.headers.len() - 1, 1), "{name}");
        let mut other = good.clone();
        other.headers.iter_mut().filter(|(key, _)| key == name).for_each(|(_, value)| value.clear());
        assert_eq!(wrong(&other), 1, "{name}");
    }
    for (name, value) in [
        ("cache-control", "public"),
        ("content-security-policy", "default-src *"),
        ("server", "x"),
        ("strict-transport-security", "max-age=1"),
        ("access-control-allow-origin", "*"),
        ("access-control-allow-credentials", "true"),
    ] {
        let mut more = good.clone();
        more.headers.push((name.to_owned(), value.to_owned()));
        assert_eq!(wrong(&more), 1, "{name}");
    }
}

#[test]
fn b11_over_https_browsers_are_told_to_stay_there() {
    let app = TestApp::start_with(&[("public_url", "https://guanxi.example")]);
    let mut wrong = Vec::new();
    for path in ["/", "/healthz", "/api/v1/me", "/api/docs", "/assets/x"] {
        let answer = app.anonymous().send("GET", &format!("/{path}"), &[], None);
        wrong.extend(wrong_headers(path, &answer, true, None));
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
