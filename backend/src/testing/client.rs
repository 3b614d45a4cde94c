use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use super::{answers, contract};

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// The tag of the resource.
    pub fn tag(&self) -> String {
        self.header("ETag").expect("an ETag").to_owned()
    }

    /// The stable code of a problem.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Pointer and code of every wrong field.
    pub fn fields(&self) -> Vec<(String, String)> {
        let body = self.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|e| (text(&e["pointer"]), text(&e["code"])))
            .collect()
    }

    /// Itself, when it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// Talks to the server as one user would.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    addr: SocketAddr,
    pub token: Option<String>,
    pub cookie: Option<String>,
    /// Whether answers are checked against the OpenAPI document.
    pub checks_contract: bool,
    /// Whether the server is told to be reached over https.
    pub https: bool,
}

impl Client {
    pub fn new(addr: SocketAddr) -> Client {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Client {
            agent: ureq::Agent::new_with_config(config),
            addr,
            token: None,
            cookie: None,
            checks_contract: true,
            https: false,
        }
    }

    /// The same client, signed in.
    #[track_caller]
    pub fn sign_in(mut self, username: &str, password: &str) -> Client {
        let answer =
            self.post("/auth/sign-in", &json!({"username": username, "password": password})).expect(200);
        self.token = answer.json()["access_token"].as_str().map(str::to_owned);
        self.cookie =
            answer.header("Set-Cookie").and_then(|cookie| cookie.split(';').next()).map(str::to_owned);
        self
    }

    /// The same client with this access token.
    pub fn with_token(&self, token: &str) -> Client {
        Client { token: Some(token.to_owned()), ..self.clone() }
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], Some(body))
    }

    /// POST without a body, from a version.
    #[track_caller]
    pub fn act(&self, path: &str, tag: &str) -> Answer {
        self.send("POST", path, &[("If-Match", tag)], None)
    }

    #[track_caller]
    pub fn patch(&self, path: &str, tag: &str, body: &Value) -> Answer {
        self.send("PATCH", path, &[("If-Match", tag)], Some(body))
    }

    #[track_caller]
    pub fn put(&self, path: &str, tag: &str, body: &Value) -> Answer {
        self.send("PUT", path, &[("If-Match", tag)], Some(body))
    }

    #[track_caller]
    pub fn delete(&self, path: &str, tag: &str) -> Answer {
        self.send("DELETE", path, &[("If-Match", tag)], None)
    }

    /// Any request; a path that does not begin with `//` is below `/api/v1`, one that does is taken as it is without one slash.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let bytes = body.map(|body| body.to_string().into_bytes());
        let mut headers = headers.to_vec();
        if body.is_some() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Content-Type")) {
            headers.push(("Content-Type", "application/json"));
        }
        self.send_bytes(method, path, &headers, bytes.as_deref())
    }

    /// Any request with any body.
    #[track_caller]
    pub fn send_bytes(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let path = path
            .strip_prefix('/')
            .filter(|rest| rest.starts_with('/'))
            .map_or_else(|| format!("/api/v1{path}"), str::to_owned);
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.addr));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", cookie);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let outcome = match body {
            Some(bytes) => self.agent.run(request.body(bytes).expect("a request")),
            None if matches!(method, "POST" | "PUT" | "PATCH") => {
                self.agent.run(request.body(&b""[..]).expect("a request"))
            }
            None => self.agent.run(request.body(()).expect("a request")),
        };
        let mut response = outcome.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response
                .headers()
                .iter()
                .map(|(name, value)| {
                    (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                })
                .collect(),
            body: response.body_mut().with_config().limit(64 << 20).read_to_vec().expect("the whole body"),
        };
        let origin = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("Origin"));
        answers::check(method, &path, &answer, self.https, origin.map(|(_, value)| *value));
        if self.checks_contract {
            contract::check(method, &path, &answer);
        }
        answer
    }
}
