use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::signature::Ed25519KeyPair;
use aws_lc_rs::{hmac, signature};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use diesel::prelude::*;
use guanxi_api::Role;
use guanxi_db::schema::{session, signing_key, user_account};
use guanxi_db::{DbError, Moment};
use serde_json::{Value, json};

use super::paging::is_full;
use crate::access::sealing::Context;
use crate::access::{SessionId, UserId};
use crate::clock;
use crate::testing::{Answer, Client, PASSWORD, TestApp};

/// The server's own signing key, to make tokens that only differ from good ones in what a case changes.
struct Forge {
    pair: Ed25519KeyPair,
    public: Vec<u8>,
    header: Value,
    claims: Value,
}

fn part(text: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).expect("base64url")).expect("JSON")
}

fn written(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

impl Forge {
    fn of(app: &TestApp, token: &str) -> Forge {
        let (kid, public, sealed) = app.db(|conn| {
            signing_key::table
                .select((signing_key::kid, signing_key::public_key, signing_key::private_key))
                .first::<(String, Vec<u8>, Vec<u8>)>(conn)
                .map_err(|error| DbError::from(error).into())
        });
        let context = Context { table: "signing_key", column: "private_key", id: kid.as_bytes() };
        let pkcs8 = app.state.keys.signing_keys().open(&sealed, &context).expect("the server's key");
        let mut parts = token.split('.');
        let mut next = || part(parts.next().expect("three parts"));
        Forge {
            pair: Ed25519KeyPair::from_pkcs8(&pkcs8).expect("a key"),
            public,
            header: next(),
            claims: next(),
        }
    }

    /// The same token with some members changed; null takes one out.
    fn token(&self, header: &Value, claims: &Value) -> String {
        let text = self.unsigned(header, claims);
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(self.pair.sign(text.as_bytes())))
    }

    fn unsigned(&self, header: &Value, claims: &Value) -> String {
        let changed = |from: &Value, patch: &Value| {
            let mut to = from.clone();
            let members = to.as_object_mut().expect("an object");
            for (name, value) in patch.as_object().expect("an object") {
                if value.is_null() {
                    members.remove(name)
                } else {
                    members.insert(name.clone(), value.clone())
                };
            }
            to
        };
        format!("{}.{}", written(&changed(&self.header, header)), written(&changed(&self.claims, claims)))
    }
}

#[track_caller]
fn assert_refused(what: &str, answer: &Answer) {
    assert_eq!(answer.status, 401, "{what}: {}", answer.text());
    assert!(
        matches!(answer.code().as_str(), "unauthenticated" | "session_expired"),
        "{what}: {}",
        answer.text()
    );
}

#[test]
fn b6_no_token_but_ones_own_is_taken() {
    let app = TestApp::start();
    let rm = app.user("rm");
    let token = rm.token.clone().expect("signed in");
    let forge = Forge::of(&app, &token);
    let none = json!({});
    let now = clock::now().seconds();
    rm.with_token(&forge.token(&none, &none)).get("/me").expect(200);
    rm.with_token(&forge.token(&none, &json!({"jti": "another"}))).get("/me").expect(200);

    let signed = |header: &Value, claims: &Value| forge.token(header, claims);
    let with_secret = |secret: &[u8]| {
        let text = forge.unsigned(&json!({"alg": "HS256"}), &none);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
    };
    let pem =
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&forge.public));
    let other = Ed25519KeyPair::generate().expect("a key");
    let by_other = |header: &Value| {
        let text = forge.unsigned(header, &none);
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(other.sign(text.as_bytes())))
    };
    let other_public = URL_SAFE_NO_PAD.encode(signature::KeyPair::public_key(&other).as_ref());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": other_public});
    let cut = |text: String, parts: usize| text.split('.').take(parts).collect::<Vec<_>>().join(".");
    let refresh =
        rm.cookie.as_deref().and_then(|cookie| cookie.split_once('=')).expect("a cookie").1.to_owned();
    let cases = vec![
        ("alg none", format!("{}.", forge.unsigned(&json!({"alg": "none"}), &none))),
        ("alg None", format!("{}.", forge.unsigned(&json!({"alg": "None"}), &none))),
        ("alg none with the good signature", signed(&json!({"alg": "none"}), &none)),
        ("no signature", format!("{}.", forge.unsigned(&none, &none))),
        ("two parts", forge.unsigned(&none, &none)),
        ("HS256 with the public key", with_secret(&forge.public)),
        (
            "HS256 with the public key in base64",
            with_secret(URL_SAFE_NO_PAD.encode(&forge.public).as_bytes()),
        ),
        ("HS256 with the public key in PEM", with_secret(pem.as_bytes())),
        ("HS256 with an empty secret", with_secret(b"")),
        ("alg RS256", signed(&json!({"alg": "RS256"}), &none)),
        ("no alg", signed(&json!({"alg": null}), &none)),
        ("another audience", signed(&none, &json!({"aud": "another-api"}))),
        ("two audiences", signed(&none, &json!({"aud": ["another-api"]}))),
        ("no audience", signed(&none, &json!({"aud": null}))),
        ("another issuer", signed(&none, &json!({"iss": "https://evil.example"}))),
        ("no issuer", signed(&none, &json!({"iss": null}))),
        ("typ JWT", signed(&json!({"typ": "JWT"}), &none)),
        ("an id token", signed(&json!({"typ": "JWT"}), &json!({"nonce": "1", "auth_time": now}))),
        ("no typ", signed(&json!({"typ": null}), &none)),
        ("another kid", signed(&json!({"kid": "another"}), &none)),
        ("a path as kid", signed(&json!({"kid": "../../dev/null"}), &none)),
        ("no kid", signed(&json!({"kid": null}), &none)),
        ("critical extensions", signed(&json!({"crit": ["b64"], "b64": false}), &none)),
        ("another key", by_other(&none)),
        ("another key, brought along", by_other(&json!({"jwk": jwk}))),
        (
            "another key, elsewhere",
            by_other(&json!({"jku": "https://evil.example/jwks", "x5u": "https://evil.example/x"})),
        ),
        ("no exp", signed(&none, &json!({"exp": null}))),
        ("exp as text", signed(&none, &json!({"exp": (now + 600).to_string()}))),
        ("exp as a fraction", signed(&none, &json!({"exp": "1e99"}))),
        ("exp below zero", signed(&none, &json!({"exp": -1}))),
        ("no nbf", signed(&none, &json!({"nbf": null}))),
        ("nbf as text", signed(&none, &json!({"nbf": "now"}))),
        ("expired", signed(&none, &json!({"exp": now - 1}))),
        ("not yet valid", signed(&none, &json!({"nbf": now + 300}))),
        ("no subject", signed(&none, &json!({"sub": null}))),
        ("another subject", signed(&none, &json!({"sub": app.fixture.user("admin")}))),
        ("no session", signed(&none, &json!({"sid": null}))),
        ("an unknown session", signed(&none, &json!({"sid": uuid::Uuid::now_v7()}))),
        ("an older epoch", signed(&none, &json!({"epoch": 0}))),
        ("a later epoch", signed(&none, &json!({"epoch": 99}))),
        ("the epoch as text", signed(&none, &json!({"epoch": "1"}))),
        (
            "changed claims",
            format!(
                "{}.{}",
                forge.unsigned(&none, &json!({"sub": app.fixture.user("admin")})),
                token.rsplit('.').next().expect("a signature")
            ),
        ),
        ("a cut signature", cut(token.clone(), 3)[..token.len() - 4].to_owned()),
        ("four parts", format!("{token}.x")),
        ("the refresh token", refresh),
        ("nothing", "x".to_owned()),
        ("a long one", "a".repeat(8_000)),
    ];
    for (what, token) in cases {
        assert_refused(what, &rm.with_token(&token).get("/me"));
        assert_refused(what, &rm.with_token(&token).get("/customers"));
    }
    let header = |value: &str| app.anonymous().send("GET", "/me", &[("Authorization", value)], None);
    assert_refused("another scheme", &header(&format!("Basic {token}")));
    assert_refused("no scheme", &header(&token));
    let twice = [("Authorization", format!("Bearer {token}")), ("Authorization", format!("Bearer {token}"))];
    let twice: Vec<(&str, &str)> = twice.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_refused("two tokens", &app.anonymous().send("GET", "/me", &twice, None));
    assert_refused("in the URL", &app.anonymous().get("/me"));
    header(&format!("Bearer {token}")).expect(200);
}

#[test]
fn b6_a_token_dies_with_its_session() {
    let app = TestApp::start();
    let sign_in = |name: &str| {
        let client = app.anonymous().sign_in(name, PASSWORD);
        client.get("/me").expect(200);
        client
    };
    let csrf = [("X-Guanxi", "1")];
    let admin = app.role(Role::Admin);
    let change = |user: &str, patch: &Value| {
        let path = format!("/users/{}", app.fixture.user(user));
        let tag = admin.get(&path).expect(200).tag();
        admin.patch(&path, &tag, patch).expect(200)
    };

    let (one, two) = (sign_in("rm"), sign_in("rm"));
    one.send("POST", "/auth/sign-out", &csrf, None).expect(204);
    assert_refused("after sign-out", &one.get("/me"));
    assert_refused("refreshing after sign-out", &one.send("POST", "/auth/refresh", &csrf, None));
    two.get("/me").expect(200);

    let three = sign_in("rm");
    two.post("/auth/sign-out-everywhere", &json!({})).expect(204);
    for client in [&two, &three] {
        assert_refused("after sign-out everywhere", &client.get("/me"));
        assert_refused(
            "refreshing after sign-out everywhere",
            &client.send("POST", "/auth/refresh", &csrf, None),
        );
    }

    let (one, two) = (sign_in("rm"), sign_in("rm"));
    let sessions = one.get("/auth/sessions").expect(200).json();
    let other =
        sessions["data"].as_array().expect("sessions").iter().find(|session| session["current"] == false);
    let id = other.expect("two sessions")["id"].as_str().expect("an id").to_owned();
    one.send("POST", &format!("/auth/sessions/{id}/revoke"), &[], None).expect(204);
    assert_refused("after its revocation", &two.get("/me"));
    one.get("/me").expect(200);

    let (one, two) = (sign_in("rm_a2"), sign_in("rm_a2"));
    let password = "violet-hammock-93-tundra";
    one.post("/auth/password", &json!({"current_password": PASSWORD, "new_password": password})).expect(204);
    for client in [&one, &two] {
        assert_refused("after a change of password", &client.get("/me"));
        assert_refused(
            "refreshing after a change of password",
            &client.send("POST", "/auth/refresh", &csrf, None),
        );
    }
    app.anonymous().sign_in("rm_a2", password).get("/me").expect(200);

    let client = sign_in("rm2");
    change("rm2", &json!({"role": "adviser"}));
    assert_refused("after a change of role", &client.get("/me"));

    let client = sign_in("head_b1");
    change("head_b1", &json!({"org_unit_id": app.fixture.unit("a1")}));
    assert_refused("after a change of unit", &client.get("/me"));

    let client = sign_in("teller");
    let path = format!("/users/{}", app.fixture.user("teller"));
    let tag = admin.get(&path).expect(200).tag();
    admin.act(&format!("{path}/archive"), &tag).expect(200);
    assert_refused("after the user was archived", &client.get("/me"));
    assert_refused(
        "refreshing after the user was archived",
        &client.send("POST", "/auth/refresh", &csrf, None),
    );
    let again = json!({"username": "teller", "password": PASSWORD});
    assert_eq!(app.anonymous().post("/auth/sign-in", &again).expect(401).code(), "sign_in_failed");

    let client = sign_in("adviser");
    let path = format!("/users/{}/reset-password", app.fixture.user("adviser"));
    admin
        .send(
            "POST",
            &path,
            &[("If-Match", &admin.get(&format!("/users/{}", app.fixture.user("adviser"))).tag())],
            None,
        )
        .expect(200);
    assert_refused("after a reset of the password", &client.get("/me"));
}

/// What ends sessions, the name of who is ended by it, and how it is done with a client of theirs.
type Ending = (&'static str, &'static str, fn(&TestApp, &Client));

const ENDINGS: [Ending; 7] = [
    ("sign-out", "rm", |_, client| {
        client.send("POST", "/auth/sign-out", &[("X-Guanxi", "1")], None).expect(204);
    }),
    ("sign-out everywhere", "rm2", |_, client| {
        client.post("/auth/sign-out-everywhere", &json!({})).expect(204);
    }),
    ("a revocation of the session", "rm_a2", |app, client| {
        let sessions = app.user("rm_a2").get("/auth/sessions").expect(200).json();
        let sessions = sessions["data"].as_array().cloned().expect("sessions");
        let own = session_of(app, client).uuid();
        assert!(sessions.iter().any(|session| session["id"] == json!(own)));
        app.user("rm_a2").send("POST", &format!("/auth/sessions/{own}/revoke"), &[], None).expect(204);
    }),
    ("a change of password", "rm_b1", |_, client| {
        let body = json!({"current_password": PASSWORD, "new_password": "violet-hammock-93-tundra"});
        client.post("/auth/password", &body).expect(204);
    }),
    ("a reset of the password", "adviser", |app, _| {
        let user = format!("/users/{}", app.fixture.user("adviser"));
        let admin = app.role(Role::Admin);
        admin.act(&format!("{user}/reset-password"), &admin.get(&user).expect(200).tag()).expect(200);
    }),
    ("the end of the account", "teller", |app, _| {
        let user = format!("/users/{}", app.fixture.user("teller"));
        let admin = app.role(Role::Admin);
        admin.act(&format!("{user}/archive"), &admin.get(&user).expect(200).tag()).expect(200);
    }),
    ("a change of role", "head_b1", |app, _| {
        let user = format!("/users/{}", app.fixture.user("head_b1"));
        let admin = app.role(Role::Admin);
        let tag = admin.get(&user).expect(200).tag();
        admin.patch(&user, &tag, &json!({"role": "teller"})).expect(200);
    }),
];

/// Servers remember for a while who a session is of, so the one that was not told goes on for as long.
#[test]
fn b6_another_server_takes_no_token_five_seconds_after_its_end() {
    const BAR: Duration = Duration::from_secs(5);
    let address = [("public_url", "http://127.0.0.1:8080")];
    let app = TestApp::start_with(&address);
    let mut values = app.database().settings();
    values.extend(address.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let other = TestApp::on(values, &app.fixture);
    let clients: Vec<(Client, Client)> = ENDINGS
        .iter()
        .map(|(what, name, _)| {
            let here = app.anonymous().sign_in(name, PASSWORD);
            let there = other.anonymous().with_token(here.token.as_deref().expect("a token"));
            assert_eq!(there.get("/me").status, 200, "{what}: a token of one server is one of the other");
            (here, there)
        })
        .collect();
    let stays = app.anonymous().sign_in("auditor", PASSWORD);
    let stays = other.anonymous().with_token(stays.token.as_deref().expect("a token"));
    let mut open: Vec<(usize, Instant)> = Vec::new();
    for (n, ((what, _, end), (here, there))) in ENDINGS.iter().zip(&clients).enumerate() {
        // The other server has just looked, so it remembers for as long as it ever does.
        there.get("/me").expect(200);
        end(&app, here);
        open.push((n, Instant::now()));
        assert_refused(&format!("{what}, at its own server"), &here.get("/me"));
    }
    let mut longest = Duration::ZERO;
    while !open.is_empty() {
        open.retain(|(n, ended)| {
            let asked = ended.elapsed();
            let answer = clients[*n].1.get("/me");
            let what = format!("{}, at another server after {asked:?}", ENDINGS[*n].0);
            if answer.status == 200 {
                assert!(asked <= BAR, "{what}");
                return true;
            }
            assert_refused(&what, &answer);
            longest = longest.max(asked);
            false
        });
        // Being asked all the time must not keep a remembered session alive.
        std::thread::sleep(Duration::from_millis(50));
    }
    for (n, (here, _)) in clients.iter().enumerate() {
        let cookie = here.cookie.clone().expect("a cookie");
        let mut there = other.anonymous();
        there.cookie = Some(cookie);
        let answer = there.send("POST", "/auth/refresh", &[("X-Guanxi", "1")], None);
        assert_refused(&format!("refreshing after {} at another server", ENDINGS[n].0), &answer);
    }
    stays.get("/me").expect(200);
    eprintln!("B6: the last token was refused by another server after {longest:.1?}");
}

fn refresh(client: &Client, cookie: &str) -> Answer {
    let mut client = client.clone();
    (client.token, client.cookie) = (None, Some(cookie.to_owned()));
    client.send("POST", "/auth/refresh", &[("X-Guanxi", "1")], None)
}

fn cookie_of(answer: &Answer) -> String {
    answer.header("Set-Cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned()
}

fn session_of(app: &TestApp, client: &Client) -> SessionId {
    let token = client.token.clone().expect("signed in");
    SessionId::new(app.state.signer.verify(&token, clock::now()).expect("its own token").session)
}

fn generation(app: &TestApp, id: SessionId) -> (i64, Option<Moment>) {
    app.db(move |conn| {
        session::table
            .find(id)
            .select((session::generation, session::revoked_at))
            .first(conn)
            .map_err(|error| DbError::from(error).into())
    })
}

/// Makes the last rotation so many seconds older.
fn age(app: &TestApp, id: SessionId, seconds: i64) {
    app.db(move |conn| {
        let now = clock::now();
        diesel::update(session::table.find(id))
            .set(session::rotated_at.eq(now.plus_seconds(-seconds)))
            .execute(conn)
            .map_err(|error| DbError::from(error).into())
    });
}

#[test]
fn b7_concurrent_refreshes_rotate_once() {
    let app = TestApp::start();
    let client = app.anonymous().sign_in("rm", PASSWORD);
    let first = client.cookie.clone().expect("a cookie");
    let id = session_of(&app, &client);
    assert_eq!(generation(&app, id).0, 1);
    let barrier = Barrier::new(20);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..20)
            .map(|_| {
                let (client, first, barrier) = (&client, &first, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    refresh(client, first)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a client")).collect()
    });
    let cookies: BTreeSet<String> =
        answers.into_iter().map(|answer| cookie_of(&answer.expect(200))).collect();
    assert_eq!(cookies.len(), 1, "all of them get the current token");
    assert_eq!(generation(&app, id), (2, None));
    let second = cookies.into_iter().next().expect("one");
    assert_ne!(second, first);

    // A lost answer: the token just replaced still gives the current one, and rotates nothing.
    assert_eq!(cookie_of(&refresh(&client, &first).expect(200)), second);
    assert_eq!(generation(&app, id).0, 2);
    let third = cookie_of(&refresh(&client, &second).expect(200));
    assert_eq!(generation(&app, id).0, 3);
    assert_ne!(third, second);
}

#[test]
fn b7_an_old_token_ends_the_session() {
    let app = TestApp::start();
    let client = app.anonymous().sign_in("rm", PASSWORD);
    let other = app.anonymous().sign_in("rm", PASSWORD);
    let first = client.cookie.clone().expect("a cookie");
    let id = session_of(&app, &client);
    let answer = refresh(&client, &first).expect(200);
    let (second, token) =
        (cookie_of(&answer), answer.json()["access_token"].as_str().expect("a token").to_owned());
    client.with_token(&token).get("/me").expect(200);
    age(&app, id, 29);
    refresh(&client, &first).expect(200);
    age(&app, id, 31);
    assert_refused("the replaced token, late", &refresh(&client, &first));
    assert!(generation(&app, id).1.is_some(), "the session is revoked");
    assert_refused("the newest token of the same session", &refresh(&client, &second));
    assert_refused("the access token of the same session", &client.with_token(&token).get("/me"));
    // Whoever copied the token had that session, not the others.
    refresh(&other, &other.cookie.clone().expect("a cookie")).expect(200);
}

#[test]
fn b7_a_token_two_generations_old_ends_the_session_at_once() {
    let app = TestApp::start();
    let client = app.anonymous().sign_in("rm", PASSWORD);
    let first = client.cookie.clone().expect("a cookie");
    let second = cookie_of(&refresh(&client, &first).expect(200));
    let third = cookie_of(&refresh(&client, &second).expect(200));
    assert_refused("two generations old", &refresh(&client, &first));
    assert_refused("the newest", &refresh(&client, &third));
}

#[test]
fn b7_sessions_end_by_idleness_and_age() {
    let app = TestApp::start();
    for (what, idle, old) in [("idle", 30 * 60 + 1, 0), ("old", 0, 12 * 3600 + 1)] {
        let client = app.anonymous().sign_in("rm", PASSWORD);
        let id = session_of(&app, &client);
        app.db(move |conn| {
            let now = clock::now();
            diesel::update(session::table.find(id))
                .set((
                    session::last_seen_at.eq(now.plus_seconds(-idle)),
                    session::expires_at.eq(now.plus_seconds(12 * 3600 - old)),
                ))
                .execute(conn)
                .map_err(|error| DbError::from(error).into())
        });
        assert_refused(what, &refresh(&client, &client.cookie.clone().expect("a cookie")));
    }
}

#[test]
fn b7_only_our_own_pages_may_refresh() {
    let app = TestApp::start();
    let mut client = app.anonymous().sign_in("rm", PASSWORD);
    client.token = None;
    let ask = |headers: &[(&str, &str)]| client.send("POST", "/auth/refresh", headers, None);
    for headers in [
        vec![],
        vec![("X-Guanxi", "0")],
        vec![("X-Guanxi", "1"), ("Origin", "https://evil.example")],
        vec![("X-Guanxi", "1"), ("Origin", "null")],
    ] {
        assert_eq!(ask(&headers).expect(403).code(), "origin_refused", "{headers:?}");
    }
    ask(&[("X-Guanxi", "1"), ("Origin", &app.config.public_url)]).expect(200);
}

fn attempt(app: &TestApp, address: &str, username: &str, password: &str) -> Answer {
    let body = json!({"username": username, "password": password});
    app.anonymous().send("POST", "/auth/sign-in", &[("X-Forwarded-For", address)], Some(&body))
}

fn seconds(answer: &Answer) -> i64 {
    answer.header("Retry-After").expect("when to come back").parse().expect("seconds")
}

/// What a client can tell of an answer: everything but the id of the request.
fn shown(answer: &Answer) -> (u16, Value, bool) {
    let mut body = answer.json();
    body["request_id"] = Value::Null;
    (answer.status, body, answer.header("Retry-After").is_some())
}

/// A server behind a proxy, so that each attempt can come from an address of its own.
fn behind_a_proxy() -> TestApp {
    TestApp::start_with(&[("trusted_proxies", "127.0.0.1")])
}

#[test]
fn b8_five_failures_lock_an_account_and_no_other() {
    let app = behind_a_proxy();
    let id = UserId::new(app.fixture.user("rm"));
    let mut n = 0;
    let mut fail = |username: &str, password: &str| {
        n += 1;
        attempt(&app, &format!("10.0.{}.{}", n / 250, n % 250 + 1), username, password)
    };
    for _ in 0..5 {
        assert_eq!(fail("rm", "wrong-wrong-wrong").expect(401).code(), "sign_in_failed");
    }
    let mut before = 0;
    for (failures, minutes) in [(5, 1), (6, 2), (7, 4), (8, 8), (9, 15), (10, 15)] {
        let locked = fail("rm", PASSWORD).expect(429);
        assert_eq!(locked.code(), "account_locked", "the right password is refused as well");
        let wait = seconds(&locked);
        assert!(wait > (minutes - 1) * 60 && wait <= minutes * 60 + 1, "after {failures} failures: {wait} s");
        assert!(wait >= before || minutes == 15, "the wait grows");
        before = wait;
        // The lock runs out; the next wrong password locks again.
        app.db(move |conn| {
            diesel::update(user_account::table.find(id))
                .set(user_account::locked_until.eq(Some(clock::now().plus_seconds(-1))))
                .execute(conn)
                .map_err(|error| DbError::from(error).into())
        });
        fail("rm", "wrong-wrong-wrong").expect(401);
    }
    attempt(&app, "10.9.9.9", "rm2", PASSWORD).expect(200);

    app.db(move |conn| {
        diesel::update(user_account::table.find(id))
            .set(user_account::locked_until.eq(Some(clock::now().plus_seconds(-1))))
            .execute(conn)
            .map_err(|error| DbError::from(error).into())
    });
    attempt(&app, "10.9.9.9", "rm", PASSWORD).expect(200);
    let failures: i32 = app.db(move |conn| {
        user_account::table
            .find(id)
            .select(user_account::failed_attempts)
            .first(conn)
            .map_err(|error| DbError::from(error).into())
    });
    assert_eq!(failures, 0, "a sign-in wipes the failures");
}

#[test]
fn b8_unknown_names_look_like_known_ones() {
    let app = behind_a_proxy();
    let tries = |username: &str, network: u8| -> Vec<(u16, Value, bool)> {
        (1..=8)
            .map(|n| shown(&attempt(&app, &format!("10.{network}.0.{n}"), username, "wrong-wrong-wrong")))
            .collect()
    };
    let known = tries("rm", 1);
    assert_eq!(known[4].0, 401);
    assert_eq!(known[5].0, 429, "the sixth meets the lock");
    assert_eq!(tries("nobody-of-that-name", 2), known, "an unknown name");
    assert_eq!(tries("NOBODY2", 3), known, "an unknown name in capitals");
    let admin = app.role(Role::Admin);
    let path = format!("/users/{}", app.fixture.user("teller"));
    let tag = admin.get(&path).expect(200).tag();
    admin.act(&format!("{path}/archive"), &tag).expect(200);
    assert_eq!(tries("teller", 4), known, "an archived user");
    // Case is no way around the lock.
    assert_eq!(attempt(&app, "10.5.0.1", "RM", PASSWORD).expect(429).code(), "account_locked");
}

#[test]
fn b8_a_burst_gets_no_more_than_five_guesses() {
    let app = behind_a_proxy();
    let barrier = Barrier::new(30);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..30)
            .map(|n| {
                let (app, barrier) = (&app, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    attempt(app, &format!("10.0.0.{}", n + 1), "rm", "wrong-wrong-wrong")
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a client")).collect()
    });
    assert!(answers.iter().all(|answer| matches!(answer.status, 401 | 429)));
    let id = UserId::new(app.fixture.user("rm"));
    let (failures, until): (i32, Option<Moment>) = app.db(move |conn| {
        user_account::table
            .find(id)
            .select((user_account::failed_attempts, user_account::locked_until))
            .first(conn)
            .map_err(|error| DbError::from(error).into())
    });
    let refused = i32::try_from(answers.iter().filter(|answer| answer.status == 401).count()).expect("small");
    assert_eq!((failures, refused), (5, 5), "five guesses were answered and counted, none is lost");
    assert!(until.is_some_and(|until| until > clock::now()), "the account is locked");
    // A guess that was on its way while the others failed does not get in.
    assert_eq!(attempt(&app, "10.0.1.1", "rm", PASSWORD).expect(429).code(), "account_locked");
}

#[test]
fn b8_failures_of_one_address_are_limited_before_any_account() {
    let app = behind_a_proxy();
    let mut refused_at = None;
    for n in 0..400 {
        let answer = attempt(&app, "10.0.0.1", &format!("someone-{n}"), "wrong-wrong-wrong");
        if answer.status == 429 {
            assert_eq!(answer.code(), "quota_exceeded");
            assert!(seconds(&answer) > 0);
            refused_at = Some(n);
            break;
        }
        answer.expect(401);
    }
    assert!(refused_at.is_some_and(|n| n >= 30), "thirty failures a minute are free: {refused_at:?}");
    // Somebody elsewhere signs in all the same.
    attempt(&app, "10.0.0.2", "rm", PASSWORD).expect(200);
}

#[test]
fn b9_a_handed_over_password_cannot_be_guessed_and_is_good_for_one_thing() {
    const ALPHABET: f64 = 31.0;
    let app = behind_a_proxy();
    let admin = app.role(Role::Admin);
    let user = format!("/users/{}", app.fixture.user("rm2"));
    let spoofed = [("Host", "evil.example"), ("X-Forwarded-Host", "evil.example")];
    let mut passwords: Vec<String> = Vec::new();
    for _ in 0..12 {
        let tag = admin.get(&user).expect(200).tag();
        let mut headers = spoofed.to_vec();
        headers.push(("If-Match", &tag));
        let reset = admin.send("POST", &format!("{user}/reset-password"), &headers, None).expect(200);
        assert!(!reset.text().contains("evil") && !reset.text().contains("http"), "{}", reset.text());
        passwords.push(reset.json()["password"].as_str().expect("a password").replace('-', ""));
        // Nobody is told a second time.
        assert!(!admin.get(&user).expect(200).text().contains("\"password\""));
    }
    for password in &passwords {
        let bits = password.len() as f64 * ALPHABET.log2();
        assert!(bits >= 128.0, "{} characters are {bits:.0} bits", password.len());
        assert!(password.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
    }
    for place in 0..passwords[0].len() {
        let there: BTreeSet<u8> = passwords.iter().map(|password| password.as_bytes()[place]).collect();
        assert!(there.len() >= 4, "at place {place} stand only {there:?}");
    }

    // Its time ends.
    let expire = |at: Option<Moment>| {
        let id = UserId::new(app.fixture.user("rm2"));
        app.db(move |conn| {
            diesel::update(user_account::table.find(id))
                .set(user_account::password_expires_at.eq(at))
                .execute(conn)
                .map_err(|error| DbError::from(error).into())
        });
    };
    let until: Option<Moment> = {
        let id = UserId::new(app.fixture.user("rm2"));
        app.db(move |conn| {
            let until = user_account::table.find(id).select(user_account::password_expires_at).first(conn);
            until.map_err(|error| DbError::from(error).into())
        })
    };
    let week = clock::now().plus_seconds(7 * 24 * 3600);
    assert!(until.is_some_and(|until| week.seconds_until(until) == 0 && until.seconds_until(week) < 60));
    let newest = passwords.last().expect("a password");
    let dashed: Vec<String> =
        newest.as_bytes().chunks(4).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    let dashed = dashed.join("-");
    let nobody = shown(&attempt(&app, "10.7.0.4", "nobody-of-that-name", &dashed));
    expire(Some(clock::now().plus_seconds(-1)));
    assert_eq!(shown(&attempt(&app, "10.7.0.5", "rm2", &dashed)), nobody, "an expired password");
    expire(until);
    app.anonymous().sign_in("rm2", &dashed).get("/me").expect(200);

    // The newest opens the account and nothing in it; the ones before look like those of nobody.
    let tag = admin.get(&user).expect(200).tag();
    let reset = admin.act(&format!("{user}/reset-password"), &tag).expect(200).json();
    let password = reset["password"].as_str().expect("a password").to_owned();
    let unknown = shown(&attempt(&app, "10.7.0.1", "nobody-of-that-name", &password));
    assert_eq!(shown(&attempt(&app, "10.7.0.2", "rm2", &passwords[0])), unknown, "a replaced password");
    let client = app.anonymous().sign_in("rm2", &password);
    assert_eq!(client.get("/customers").expect(403).code(), "password_change_required");
    let keep = json!({"current_password": password, "new_password": password});
    let kept = client.post("/auth/password", &keep).expect(422).fields();
    assert_eq!(kept, [("/new_password".to_owned(), "password_unchanged".to_owned())]);
    let change = json!({"current_password": password, "new_password": "violet-hammock-93-tundra"});
    client.post("/auth/password", &change).expect(204);
    assert_eq!(shown(&attempt(&app, "10.7.0.3", "rm2", &password)), unknown, "a used password");
}

/// Takes so much off what remains of an account's lock, as if that time had passed.
fn let_pass(app: &TestApp, id: UserId, micros: i64) {
    app.db(move |conn| {
        let until: Option<Moment> = user_account::table
            .find(id)
            .select(user_account::locked_until)
            .first(conn)
            .map_err(DbError::from)?;
        if let Some(until) = until {
            diesel::update(user_account::table.find(id))
                .set(user_account::locked_until.eq(Some(Moment(until.0 - micros))))
                .execute(conn)
                .map_err(DbError::from)?;
        }
        Ok(())
    });
}

fn percentile(times: &mut [Duration], hundredths: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * hundredths / 100).min(times.len() - 1)]
}

/// Whether a figure keeps its bar, for whoever reads it.
fn verdict(figure: Duration, bar: Duration) -> &'static str {
    if figure <= bar { "pass" } else { "miss" }
}

#[test]
fn b8_an_hour_of_guessing_gets_twenty_checks_at_most() {
    const HOUR_MICROS: i64 = 3_600_000_000;
    let attempts: u32 = if is_full() { 10_000 } else { 400 };
    let app = behind_a_proxy();
    let id = UserId::new(app.fixture.user("rm"));
    let over = AtomicBool::new(false);
    let (checked, mut times) = std::thread::scope(|scope| {
        // Meanwhile others sign in, each from a place of their own.
        let others = scope.spawn(|| {
            let mut times = Vec::new();
            while times.len() < 20 || !over.load(Ordering::Relaxed) {
                let n = times.len();
                let started = Instant::now();
                attempt(&app, &format!("10.1.{}.{}", n / 250 % 250, n % 250), "rm2", PASSWORD).expect(200);
                times.push(started.elapsed());
            }
            times
        });
        let mut checked = 0;
        for n in 0..attempts {
            // From ever other addresses, so that only the account's lock stands in the way.
            let address = format!("10.2.{}.{}", n / 250 % 250, n % 250);
            match attempt(&app, &address, "rm", "wrong-wrong-wrong").status {
                401 => checked += 1,
                429 => {}
                other => panic!("guess {n}: {other}"),
            }
            let_pass(&app, id, HOUR_MICROS / i64::from(attempts));
        }
        over.store(true, Ordering::Relaxed);
        (checked, others.join().expect("the others"))
    });
    assert!((5..=20).contains(&checked), "{checked} passwords were checked in an hour");
    let p99 = percentile(&mut times, 99);
    eprintln!(
        "B8: {checked} checks an hour in {attempts} guesses; p99 of {} other sign-ins {p99:.0?}: {}",
        times.len(),
        verdict(p99, Duration::from_secs(1))
    );
}

#[test]
fn b8_a_wrong_name_takes_as_long_as_a_wrong_password() {
    let pairs = if is_full() { 200 } else { 20 };
    let app = behind_a_proxy();
    let id = UserId::new(app.fixture.user("rm"));
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..pairs {
        for (times, name) in [(&mut known, "rm".to_owned()), (&mut unknown, format!("nobody-{n}"))] {
            let started = Instant::now();
            let answer = attempt(&app, &format!("10.3.{}.{}", n / 250, n % 250), &name, "wrong-wrong-wrong");
            times.push(started.elapsed());
            assert_eq!(answer.expect(401).code(), "sign_in_failed", "{name}");
        }
        app.db(move |conn| {
            diesel::update(user_account::table.find(id))
                .set((user_account::failed_attempts.eq(0), user_account::locked_until.eq(None::<Moment>)))
                .execute(conn)
                .map_err(|error| DbError::from(error).into())
        });
    }
    // Both are recorded, which takes a durable write each; the name of nobody is not.
    let filter = "action%20eq%20%22session.sign_in_failed%22%20and%20resource_id%20eq%20null";
    let recorded =
        app.role(Role::Auditor).get(&format!("/audit-entries?include=total&filter={filter}")).expect(200);
    assert_eq!(recorded.json()["page"]["total"], pairs);
    assert!(!recorded.text().contains("nobody-"), "{}", recorded.text());

    let (known, unknown) = (percentile(&mut known, 50), percentile(&mut unknown, 50));
    let difference = known.abs_diff(unknown);
    eprintln!(
        "B8: median of {pairs} pairs: known {known:.1?}, unknown {unknown:.1?}: {}",
        verdict(difference, Duration::from_millis(5))
    );
    // However busy the machine: without the hash it would be less than half.
    assert!(
        unknown * 2 > known,
        "an unknown name is answered after {unknown:?}, a known one after {known:?}"
    );
}

#[test]
fn b8_a_thousand_names_from_one_address_get_no_more_than_its_share() {
    let names = if is_full() { 1_000 } else { 150 };
    let app = behind_a_proxy();
    let started = Instant::now();
    let statuses: Vec<u16> = (0..names)
        .map(|n| attempt(&app, "10.4.0.1", &format!("name-{n}"), "wrong-wrong-wrong").status)
        .collect();
    let minutes = started.elapsed().as_secs_f64() / 60.0;
    let checked = statuses.iter().filter(|status| **status == 401).count();
    assert!(statuses.iter().all(|status| matches!(status, 401 | 429)));
    // Thirty at once, and thirty a minute from then on.
    let share = 31.0 + 30.0 * minutes;
    assert!(
        checked >= 30 && checked as f64 <= share,
        "{checked} of {names} were checked in {minutes:.2} minutes"
    );
    attempt(&app, "10.4.0.2", "rm", PASSWORD).expect(200);
}
