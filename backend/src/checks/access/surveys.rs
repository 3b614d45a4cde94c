use std::collections::HashSet;

use diesel::prelude::*;
use guanxi_api::Role;
use guanxi_db::schema::survey;
use guanxi_db::{DbConn, DbError, Id};
use serde_json::{Value, json};

use super::canaries::{capture_log, logged, whole};
use super::rows::{Ledger, difference};
use crate::clock;
use crate::surveys::{
    self, GOOD, link_for as invite, new_customer as customer, open_by_token, post_form as post,
    running_survey as open_survey,
};
use crate::testing::{Client, TestApp};

fn token_of(link: &str) -> String {
    link.trim_start_matches("//s/").to_owned()
}

/// What members of staff can read of a survey.
fn everything(app: &TestApp, survey: &str, customers: &[String]) -> Vec<String> {
    let mut read = Vec::new();
    for role in Role::ALL {
        let client = app.role(*role);
        let mut paths = vec![
            format!("/surveys/{survey}"),
            format!("/surveys/{survey}/history?limit=200"),
            format!("/surveys/{survey}/invitations?limit=200"),
            format!("/surveys/{survey}/answers?limit=200"),
            format!("/surveys/{survey}/results?by=tier"),
            format!("/surveys/{survey}/results?by=unit"),
            "/surveys".to_owned(),
            "/audit-entries?limit=200".to_owned(),
        ];
        for id in customers {
            paths.push(format!("/customers/{id}"));
            paths.push(format!("/customers/{id}/history?limit=200"));
            paths.push(format!("/customers/{id}/survey-answers?limit=200"));
        }
        read.extend(paths.iter().map(|path| whole(&client.get(path))));
    }
    read
}

#[test]
fn b4_a_token_stands_in_one_answer_only_and_an_anonymous_answer_leads_to_nobody() {
    capture_log();
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let ledger = Ledger::of(&app);
    let survey = open_survey(&head, true);
    let customers: Vec<String> = (0..6).map(|_| customer(&head, "王小明", json!({}))).collect();
    let links: Vec<String> = customers.iter().map(|id| invite(&head, &survey, id)).collect();
    let before = ledger.rows(&app);
    for link in &links {
        app.anonymous().get(link).expect(200);
    }
    // Opening marks, without a time, an entry or an event.
    let opened = difference(&before, &ledger.rows(&app));
    assert!(opened.iter().all(|row| row[2..].starts_with("survey_invitation:")), "{opened:#?}");

    let said = "夜里的金丝雀";
    let mut answers: Vec<HashSet<String>> = Vec::new();
    for (n, link) in links.iter().enumerate() {
        let before = ledger.rows(&app);
        let form = format!("earlier=nps+csat+channel&shown=why&q.nps={n}&q.why={said}{n}&action=continue");
        post(&app.anonymous(), link, &form).expect(200);
        let changed = difference(&before, &ledger.rows(&app));
        // The answer with its values, and the invitation that is used now: no audit entry, no event, no follow-up.
        let tables: HashSet<&str> = changed.iter().filter_map(|row| row[2..].split(':').next()).collect();
        assert_eq!(
            tables,
            HashSet::from(["survey_answer", "survey_answer_value", "survey_invitation"]),
            "{changed:#?}"
        );
        let customer = customers[n].replace('-', "");
        for row in changed.iter().filter(|row| row.contains("survey_answer")) {
            let row = row.to_lowercase().replace('-', "");
            assert!(!row.contains(&customer), "{row}");
        }
        answers.push(changed.iter().filter(|row| row.starts_with("+ survey_answer:")).cloned().collect());
    }
    // Ids are random, not made of the time, and in no order of arrival.
    let head_id = |row: &String| {
        row.to_lowercase()
            .replace(['-', '\'', '('], "")
            .replace("+ survey_answer: x", "")
            .replace("+ survey_answer: ", "")
    };
    let ids: Vec<String> =
        answers.iter().flatten().map(|row| head_id(row).chars().take(32).collect()).collect();
    assert!(ids.iter().all(|id| id.as_bytes().get(12) == Some(&b'4')), "{ids:?}");

    let tag = head.get(&format!("/surveys/{survey}")).expect(200).tag();
    head.act(&format!("/surveys/{survey}/close"), &tag).expect(200);
    let shown = head.get(&format!("/surveys/{survey}/answers?limit=200")).expect(200).json();
    let shown = shown["data"].as_array().expect("answers");
    assert_eq!(shown.len(), 6);
    assert!(
        shown.iter().all(|answer| answer["customer"] == Value::Null && answer["answered_at"] == Value::Null)
    );
    let read = everything(&app, &survey, &customers);
    let rows = ledger.rows(&app);
    let log = logged();
    assert!(log.contains("/s/{token}"), "the log was not caught");
    for (n, link) in links.iter().enumerate() {
        let token = token_of(link);
        assert_eq!(token.len(), 43);
        for text in read.iter().chain(&rows) {
            assert!(!text.contains(&token), "a token in {text}");
        }
        assert!(!log.contains(&token), "a token in the log");
        assert!(!log.contains(said));
        // What a customer said stands with no customer.
        for text in read.iter().filter(|text| text.contains(&format!("{said}{n}"))) {
            assert!(customers.iter().all(|id| !text.contains(id.as_str())), "{text}");
        }
    }
}

#[test]
fn b9_unknown_withdrawn_and_replaced_links_get_the_same_answer() {
    let app = TestApp::start_with(&[("public_url", "https://survey.example")]);
    let head = app.role(Role::OutletHead);
    let survey = open_survey(&head, false);
    let links: Vec<String> =
        (0..2).map(|_| invite(&head, &survey, &customer(&head, "王小明", json!({})))).collect();
    let listed = head.get(&format!("/surveys/{survey}/invitations")).expect(200).json();
    let place = |n: usize| {
        format!("/surveys/{survey}/invitations/{}", listed["data"][n]["id"].as_str().expect("an id"))
    };
    head.act(&format!("{}/revoke", place(0)), "\"1-0\"").expect(200);
    head.act(&format!("{}/renew", place(1)), "\"1-0\"").expect(200);
    let stranger = app.anonymous();
    let unknown = format!("//s/{}", "A".repeat(43));
    let shape = |client: &Client, path: &str, method: &str| {
        let answer = if method == "GET" { client.get(path) } else { post(client, path, GOOD) };
        let headers: Vec<(String, String)> = answer
            .headers
            .iter()
            .filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()))
            .cloned()
            .collect();
        (answer.status, headers, answer.text())
    };
    for method in ["GET", "POST"] {
        let wanted = shape(&stranger, &unknown, method);
        assert_eq!(wanted.0, 404);
        for link in links.iter().map(String::as_str).chain(["//s/short", "//s/%2e%2e"]) {
            assert_eq!(shape(&stranger, link, method), wanted, "{method} {link}");
        }
    }
    // Links carry the name that the operator gave, whatever a request calls the server.
    let id = customer(&head, "王小明", json!({}));
    let headers = [("Host", "evil.example"), ("X-Forwarded-Host", "evil.example")];
    let made = head
        .send(
            "POST",
            &format!("/surveys/{survey}/invitations"),
            &headers,
            Some(&json!({"customer_ids": [id]})),
        )
        .expect(200);
    let url = made.json()["links"][0]["url"].as_str().expect("a link").to_owned();
    assert!(url.starts_with("https://survey.example/s/"), "{url}");
    let page = stranger
        .send("GET", &format!("/{}", &url["https://survey.example".len()..]), &headers, None)
        .expect(200);
    assert!(!page.text().contains("evil") && !page.text().contains("http"), "{}", page.text());
}

/// What a visitor can tell of an answer.
fn told(client: &Client, path: &str, form: Option<&str>) -> (u16, String) {
    let answer = form.map_or_else(|| client.get(path), |form| post(client, path, form));
    (answer.status, answer.text())
}

#[test]
fn b9_a_link_cannot_be_guessed_is_used_once_and_ends_with_the_survey() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let survey = open_survey(&head, false);
    let mut links: Vec<String> =
        (0..40).map(|_| invite(&head, &survey, &customer(&head, "王小明", json!({})))).collect();
    let tokens: Vec<String> = links.iter().map(|link| token_of(link)).collect();
    assert_eq!(tokens.iter().collect::<HashSet<_>>().len(), 40);
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    for token in &tokens {
        assert!(token.bytes().all(base64url) && token.len() * 6 >= 128, "{} characters", token.len());
    }
    // All of it is random: no place stands still, as one of a counter or of the time would. The last one holds four bits.
    for place in 0..tokens[0].len() {
        let there: HashSet<u8> = tokens.iter().map(|token| token.as_bytes()[place]).collect();
        assert!(there.len() >= 6, "at place {place} stand only {there:?}");
    }

    let ledger = Ledger::of(&app);
    let stranger = app.anonymous();
    let (first, second) = (links.remove(0), links.remove(0));
    for link in [&first, &second] {
        post(&stranger, link, GOOD).expect(200);
    }
    let before = ledger.rows(&app);
    let low = "earlier=nps+csat+channel&shown=why&q.nps=1&q.csat=1&q.channel=branch&q.why=x&action=continue";
    for form in [None, Some(GOOD), Some(low)] {
        let used = told(&stranger, &first, form);
        assert!(
            used.1.contains("<h1>") && !used.1.contains("王小明") && !used.1.contains("q.nps"),
            "{used:?}"
        );
        assert_eq!(used, told(&stranger, &second, form), "a used link tells nothing but that");
    }
    assert_eq!(difference(&before, &ledger.rows(&app)), Vec::<String>::new(), "a used link changes nothing");

    let id: surveys::SurveyId = Id::new(survey.parse().expect("an id"));
    app.db(move |conn| {
        let passed = clock::now().plus_seconds(-1);
        diesel::update(survey::table.find(id))
            .set((survey::opens_at.eq(passed.plus_seconds(-60)), survey::closes_at.eq(passed)))
            .execute(conn)
            .map_err(|error| DbError::from(error).into())
    });
    let before = ledger.rows(&app);
    for link in &links[..2] {
        for form in [None, Some(GOOD)] {
            let late = told(&stranger, link, form);
            assert!(!late.1.contains("q.nps") && !late.1.contains("王小明"), "{late:?}");
        }
    }
    assert_eq!(difference(&before, &ledger.rows(&app)), Vec::<String>::new(), "a late answer is not kept");
}

#[test]
fn b9_guessing_finds_nothing_and_is_stopped() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let survey = open_survey(&head, false);
    for _ in 0..20 {
        invite(&head, &survey, &customer(&head, "王小明", json!({})));
    }
    let stranger = app.anonymous();
    let mut stopped = 0;
    for n in 0..300 {
        let answer = stranger.get(&format!("//s/{n:0>43}"));
        assert!(matches!(answer.status, 404 | 429), "{}", answer.status);
        if answer.status == 429 {
            stopped += 1;
            assert!(answer.header("Retry-After").is_some() && answer.text().contains("<h1>"));
        }
    }
    assert!(stopped > 200, "only {stopped} of 300 wrong links were stopped");
    // What the stop holds off is tried against the function itself.
    let guesses: u64 = if super::super::paging::is_full() { 1_000_000 } else { 5_000 };
    let hits: usize = app.db(move |conn: &mut DbConn| {
        let mut hits = 0;
        for n in 0..guesses {
            // Spread over the whole space.
            let guess = format!("{:0>43}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            hits += usize::from(open_by_token(conn, &guess, clock::now())?.is_some());
        }
        Ok(hits)
    });
    assert_eq!(hits, 0);
    println!("B9: 0 of {guesses} guesses");
}
