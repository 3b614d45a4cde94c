use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::prelude::*;
use guanxi_api::{AnswerSource, AnswerValue, Role};
use guanxi_db::schema::{customer_figures, survey_answer};
use guanxi_db::{DbError, Id};
use serde_json::{Value, json};

use crate::access::Actor;
use crate::customers::CustomerId;
use crate::surveys::{Recorded, SurveyId};
use crate::testing::{Answer, Client, TestApp};
use crate::{clock, surveys};

fn questions() -> Value {
    let text = |zh: &str, en: &str| json!({"zh-CN": zh, "en": en});
    json!([
        {"key": "nps", "kind": "nps", "text": text("您会推荐我们吗？", "Would you recommend us?"), "required": true, "dimension": "overall"},
        {"key": "why", "kind": "text", "text": text("为什么？", "Why?"), "ask_if": {"question": "nps", "at_most": 6}},
        {"key": "csat", "kind": "csat", "text": text("满意吗？", "Satisfied?"), "dimension": "attitude"},
        {"key": "channel", "kind": "single_choice", "text": text("渠道", "Channel"),
            "options": [{"code": "branch", "label": text("网点", "Branch")}, {"code": "phone", "label": text("电话", "Phone")}]},
    ])
}

/// A published questionnaire.
pub(crate) fn published(client: &Client) -> String {
    let new = json!({"title": {"zh-CN": "满意度", "en": "Satisfaction"}, "questions": questions()});
    let made = client.post("/questionnaires", &new).expect(201);
    let id = text(&made.json()["id"]);
    client.act(&format!("/questionnaires/{id}/publish"), &made.tag()).expect(200);
    id
}

/// An open survey.
pub(crate) fn open_survey(client: &Client, anonymous: bool) -> String {
    let new = json!({"name": "Wave", "questionnaire_id": published(client), "anonymous": anonymous, "closes_at": "2100-01-01T00:00:00.000000Z"});
    let made = client.post("/surveys", &new).expect(201);
    let id = text(&made.json()["id"]);
    client.act(&format!("/surveys/{id}/open"), &made.tag()).expect(200);
    id
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

pub(crate) fn customer(client: &Client, name: &str, more: Value) -> String {
    let mut new = json!({"kind": "person", "name": name});
    for (member, value) in more.as_object().into_iter().flatten() {
        new[member] = value.clone();
    }
    text(&client.post("/customers", &new).expect(201).json()["id"])
}

/// Invites a customer; the path of its link.
pub(crate) fn invite(client: &Client, survey: &str, customer: &str) -> String {
    let made = client
        .post(&format!("/surveys/{survey}/invitations"), &json!({"customer_ids": [customer]}))
        .expect(200);
    path_of(&text(&made.json()["links"][0]["url"]))
}

fn path_of(url: &str) -> String {
    let path = url.find("/s/").map(|at| &url[at..]).expect("a link");
    format!("/{path}")
}

pub(crate) fn post(client: &Client, path: &str, form: &str) -> Answer {
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    client.send_bytes("POST", path, &headers, Some(form.as_bytes()))
}

/// Everything on one page, as a browser sends it.
pub(crate) const GOOD: &str =
    "shown=nps+csat+channel&language=en&q.nps=9&q.csat=5&q.channel=phone&action=continue";
const LOW: &str =
    "earlier=nps+csat+channel&shown=why&q.nps=3&q.csat=2&q.channel=branch&q.why=too+slow&action=continue";

#[test]
fn a_questionnaire_is_drafted_published_and_continued() {
    let app = TestApp::start();
    let (admin, rm) = (app.role(Role::Admin), app.role(Role::Rm));
    let made = admin.post("/questionnaires", &json!({"title": {"zh-CN": "满意度", "en": ""}})).expect(201);
    let path = format!("/questionnaires/{}", text(&made.json()["id"]));
    let refused = admin.act(&format!("{path}/publish"), &made.tag()).expect(422);
    assert_eq!(
        refused.fields(),
        [("/title/en".into(), "translation_missing".into()), ("/questions".into(), "no_questions".into())]
    );
    let patch = json!({"title": {"zh-CN": " 满意度 ", "en": "Satisfaction"}, "questions": questions()});
    rm.patch(&path, &made.tag(), &patch).expect(403);
    admin.send("PATCH", &path, &[], Some(&patch)).expect(428);
    let changed = admin.patch(&path, &made.tag(), &patch).expect(200);
    assert_eq!(changed.json()["title"]["zh-CN"], "满意度");
    admin.patch(&path, &made.tag(), &patch).expect(412);
    assert_eq!(
        admin.patch(&path, &changed.tag(), &patch).expect(200).tag(),
        changed.tag(),
        "nothing changed"
    );
    assert_eq!(
        admin.post(&format!("{path}/new-version"), &json!(null)).status,
        409,
        "a draft has no next version"
    );
    let published = admin.act(&format!("{path}/publish"), &changed.tag()).expect(200);
    assert_eq!(published.json()["state"], "published");
    // Frozen for ever.
    let frozen =
        admin.patch(&path, &published.tag(), &json!({"title": {"zh-CN": "别", "en": "Other"}})).expect(409);
    assert_eq!(frozen.fields(), [(String::new(), "not_draft".into())]);
    admin.act(&format!("{path}/publish"), &published.tag()).expect(409);

    let next = admin.send("POST", &format!("{path}/new-version"), &[], None).expect(201).json();
    assert_eq!(
        (&next["number"], &next["state"], &next["family_id"]),
        (&json!(2), &json!("draft"), &published.json()["family_id"])
    );
    let twice = admin.send("POST", &format!("{path}/new-version"), &[], None).expect(409);
    assert_eq!(twice.fields(), [(String::new(), "draft_exists".into())]);

    let archived = admin.act(&format!("{path}/archive"), &published.tag()).expect(200);
    let listed = |client: &Client, query: &str| {
        client.get(&format!("/questionnaires{query}")).expect(200).json()["data"]
            .as_array()
            .expect("a list")
            .len()
    };
    assert_eq!((listed(&rm, ""), listed(&rm, "?filter=archived%20eq%20true")), (1, 1));
    let new = json!({"name": "Wave", "questionnaire_id": published.json()["id"], "closes_at": "2100-01-01T00:00:00.000000Z"});
    assert_eq!(
        admin.post("/surveys", &new).expect(422).fields(),
        [("/questionnaire_id".into(), "archived".into())]
    );
    admin.act(&format!("{path}/restore"), &archived.tag()).expect(200);
    admin.post("/surveys", &new).expect(201);
    let history = rm.get(&format!("{path}/history")).expect(200).json();
    let actions: Vec<String> =
        history["data"].as_array().expect("entries").iter().map(|e| text(&e["action"])).collect();
    let last = |action: &str| actions.iter().any(|known| known == &format!("questionnaire.{action}"));
    assert!(["created", "updated", "published", "archived", "restored"].into_iter().all(last), "{actions:?}");
}

#[test]
fn a_survey_runs_from_draft_to_its_end() {
    let app = TestApp::start();
    let (head, other) = (app.role(Role::OutletHead), app.user("head_b1"));
    let questionnaire = published(&head);
    let wrong = json!({"name": " ", "questionnaire_id": app.fixture.unit("a1"), "closes_at": "2001-01-01T00:00:00.000000Z"});
    let mut fields = head.post("/surveys", &wrong).expect(422).fields();
    fields.sort();
    let named =
        [("/closes_at", "ends_before_it_begins"), ("/name", "required"), ("/questionnaire_id", "not_found")];
    assert_eq!(fields, named.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    let new = json!({"name": "Wave", "questionnaire_id": questionnaire, "closes_at": "2100-01-01T00:00:00.000000Z"});
    let made = head.post("/surveys", &new).expect(201);
    assert_eq!(made.json()["low_score"], json!({"csat": 2, "nps": 6, "ces": 3}));
    let path = format!("/surveys/{}", text(&made.json()["id"]));
    other.get(&path).expect(200);
    other.patch(&path, &made.tag(), &json!({"name": "Mine"})).expect(403);
    head.act(&format!("{path}/close"), &made.tag()).expect(409);
    let changed = head.patch(&path, &made.tag(), &json!({"anonymous": true, "name": "Named"})).expect(200);
    let open = head.act(&format!("{path}/open"), &changed.tag()).expect(200);
    let fixed = head.patch(&path, &open.tag(), &json!({"anonymous": false})).expect(409);
    assert_eq!(fixed.fields(), [("/anonymous".into(), "survey_open".into())]);
    let longer = head.patch(
        &path,
        &open.tag(),
        &json!({"closes_at": "2101-01-01T00:00:00.000000Z", "low_score": {"csat": 3, "nps": 6, "ces": 3}}),
    );
    let closed = head.act(&format!("{path}/close"), &longer.expect(200).tag()).expect(200);
    assert_eq!(closed.json()["status"], "closed");
    head.patch(&path, &closed.tag(), &json!({"name": "Again"})).expect(409);
    head.act(&format!("{path}/open"), &closed.tag()).expect(409);
    let customer = customer(&head, "王小明", json!({}));
    head.post(&format!("{path}/invitations"), &json!({"customer_ids": [customer]})).expect(409);
}

#[test]
fn a_survey_says_who_may_change_it() {
    let app = TestApp::start();
    let path = format!("/surveys/{}", open_survey(&app.role(Role::OutletHead), false));
    let patch = json!({"name": "Renamed"});
    // Of the unit, of one above it and of the head office; of another branch, and without the right.
    for (user, can_change) in [
        ("outlet_head", true),
        ("branch_manager", true),
        ("admin", true),
        ("head_b1", false),
        ("rm", false),
        ("auditor", false),
    ] {
        let client = app.user(user);
        let shown = client.get(&path).expect(200);
        assert_eq!(shown.json()["can_change"], json!(can_change), "{user}");
        let listed = client.get("/surveys").expect(200).json();
        assert_eq!(listed["data"][0]["can_change"], json!(can_change), "{user}");
        client.patch(&path, &shown.tag(), &patch).expect(if can_change { 200 } else { 403 });
    }
    let tag = |user: &str| app.user(user).get(&path).expect(200).tag();
    assert_ne!(tag("outlet_head"), tag("head_b1"), "another answer has another tag");
}

#[test]
fn customers_are_invited_once_and_who_is_not_is_named() {
    let app = TestApp::start();
    let (head, rm) = (app.role(Role::OutletHead), app.role(Role::Rm));
    let survey = open_survey(&head, false);
    let own = customer(&head, "王小明", json!({"city": "杭州"}));
    let second = customer(&head, "李小红", json!({"city": "杭州"}));
    let quiet = customer(
        &head,
        "张静",
        json!({"city": "杭州", "do_not_contact": {"all": true, "channels": [], "hours": null}}),
    );
    let gone = customer(&head, "赵去", json!({"city": "杭州"}));
    head.act(&format!("/customers/{gone}/archive"), "\"1-0\"").expect(200);
    let foreign = customer(&app.user("head_b1"), "外人", json!({"city": "杭州"}));
    let path = format!("/surveys/{survey}/invitations");
    let key = [("Idempotency-Key", "invite-key-0001")];
    let body = json!({"customer_ids": [own, quiet, gone, foreign]});
    let made = head.send("POST", &path, &key, Some(&body)).expect(200).json();
    assert_eq!((made["links"].as_array().map(Vec::len), &made["more"]), (Some(1), &json!(false)));
    assert!(text(&made["qr"]).contains("<svg"), "one link has its code");
    let reasons: HashSet<(String, String)> = made["skipped"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|s| (text(&s["customer_id"]), text(&s["reason"])))
        .collect();
    let expected = [(&quiet, "do_not_contact"), (&gone, "archived"), (&foreign, "not_found")];
    assert_eq!(reasons, expected.iter().map(|(id, reason)| ((*id).clone(), (*reason).to_owned())).collect());
    // Repeated, it invites nobody and shows no link.
    let again = head.send("POST", &path, &key, Some(&body)).expect(200);
    assert_eq!(
        (again.json()["links"].as_array().map(Vec::len), again.header("Idempotency-Replayed")),
        (Some(0), Some("true"))
    );
    // By a filter: those who were not reached yet.
    let found = head.post(&path, &json!({"filter": "city eq \"杭州\""})).expect(200).json();
    assert_eq!(found["links"][0]["customer"]["id"], json!(second));
    assert_eq!(
        (found["links"].as_array().map(Vec::len), found["skipped"].as_array().map(Vec::len)),
        (Some(1), Some(1))
    );
    let none = head.post(&path, &json!({"filter": "city eq \"杭州\""})).expect(200).json();
    assert_eq!(none["links"], json!([]));
    for wrong in [json!({}), json!({"customer_ids": [own], "filter": "city eq \"杭州\""})] {
        assert_eq!(
            head.post(&path, &wrong).expect(422).fields(),
            [(String::new(), "either_ids_or_filter".into())]
        );
    }
    assert_eq!(head.post(&path, &json!({"filter": "nothing eq 1"})).expect(400).code(), "filter_invalid");
    assert_eq!(
        app.role(Role::Admin).post(&path, &json!({"filter": "aum gt 1"})).expect(403).code(),
        "field_not_filterable"
    );
    rm.post(&path, &json!({"customer_ids": [own]})).expect(403);

    // Withdrawn and renewed.
    let listed = head.get(&path).expect(200).json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(2));
    let row = listed["data"]
        .as_array()
        .expect("rows")
        .iter()
        .find(|row| row["customer"]["id"] == json!(own))
        .expect("own")
        .clone();
    assert_eq!(row["state"], "invited");
    let link = path_of(&text(&made["links"][0]["url"]));
    let place = format!("{path}/{}", text(&row["id"]));
    let revoked = head.act(&format!("{place}/revoke"), "\"1-0\"").expect(200);
    assert_eq!(revoked.json()["state"], "revoked");
    head.act(&format!("{place}/revoke"), "\"1-0\"").expect(412);
    head.act(&format!("{place}/revoke"), &revoked.tag()).expect(409);
    assert_eq!(app.anonymous().get(&link).status, 404);
    let renewed = head.act(&format!("{place}/renew"), &revoked.tag()).expect(200);
    let fresh = path_of(&text(&renewed.json()["url"]));
    assert_eq!((app.anonymous().get(&fresh).status, app.anonymous().get(&link).status), (200, 404));
    let answered = post(&app.anonymous(), &fresh, GOOD).expect(200);
    assert!(answered.text().contains("Thank you"), "{}", answered.text());
    assert_eq!(
        head.act(&format!("{place}/renew"), &renewed.tag()).expect(409).fields(),
        [(String::new(), "already_answered".into())]
    );
}

#[test]
fn a_customer_answers_by_the_link_and_a_low_score_is_followed_up() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let survey = open_survey(&head, false);
    let owned = customer(&head, "王小明", json!({"owner_id": app.fixture.user("rm")}));
    let unowned = customer(&head, "李小红", json!({}));
    let link = invite(&head, &survey, &owned);
    let page = app.anonymous().get(&link).expect(200);
    assert_eq!(page.header("Cache-Control"), Some("no-store"));
    assert_eq!(page.header("Referrer-Policy"), Some("no-referrer"));
    let policy = page.header("Content-Security-Policy").expect("a policy");
    assert!(policy.contains("form-action 'self'") && !policy.contains("script"), "{policy}");
    let styles = app.anonymous().get("//survey.css").expect(200);
    assert!(page.body.len() + styles.body.len() < 30_000, "{} + {}", page.body.len(), styles.body.len());
    // Without a header the language of the survey, else the browser's, else what the customer chose.
    assert!(page.text().contains("lang=\"zh-CN\"") && page.text().contains("您会推荐我们吗"));
    let english = app.anonymous().send("GET", &link, &[("Accept-Language", "en")], None).text();
    assert!(english.contains("Would you recommend us?") && english.contains("中文"));
    assert!(!english.contains("<script") && !english.contains("王小明"));
    let opened = head.get(&format!("/surveys/{survey}/invitations")).expect(200).json();
    assert_eq!(opened["data"][0]["state"], "opened");

    // What is wrong is said, and what was entered stays.
    let wrong = post(&app.anonymous(), &link, "shown=nps+csat+channel&language=en&q.csat=4&action=continue")
        .expect(422)
        .text();
    assert!(
        wrong.contains("role=\"alert\"")
            && wrong.contains("aria-invalid=\"true\"")
            && wrong.contains("value=\"4\" checked"),
        "{wrong}"
    );
    let second =
        post(&app.anonymous(), &link, "shown=nps+csat+channel&language=en&q.nps=3&q.csat=2&action=continue")
            .expect(200)
            .text();
    assert!(
        second.contains("Why?")
            && second.contains("name=\"q.nps\" value=\"3\"")
            && !second.contains("Satisfied?"),
        "{second}"
    );
    let chinese =
        post(&app.anonymous(), &link, "shown=nps+csat+channel&language=en&q.nps=3&action=language:zh-CN")
            .expect(200)
            .text();
    assert!(chinese.contains("value=\"3\" checked") && !chinese.contains("为什么"), "{chinese}");
    post(&app.anonymous(), &link, LOW).expect(200);
    let again = post(&app.anonymous(), &link, GOOD).expect(200).text();
    assert!(again.contains("Already answered") || again.contains("您已作答"), "{again}");

    let answers = app.role(Role::Rm).get(&format!("/surveys/{survey}/answers")).expect(200).json();
    let answer = &answers["data"][0];
    assert_eq!(
        (&answer["low"], &answer["source"], &answer["tier"]),
        (&json!(true), &json!("link"), &json!("mass"))
    );
    assert_eq!(answer["follow_up"]["assignee"]["id"], json!(app.fixture.user("rm")));
    assert_eq!(answer["follow_up"]["reason"], "nps csat");
    let tasks = app.role(Role::Rm).get("/tasks").expect(200).json();
    assert_eq!(tasks["data"][0]["source"], "survey", "{tasks}");
    assert_eq!(tasks["data"][0]["priority"], "high");
    assert_eq!(answer["answers"][1]["comment"], "too slow");
    assert_eq!(answer["answers"][3]["choices"][0]["en"], "Branch");
    // Service staff sees no tier; nobody else's manager sees the answer.
    let service = app.role(Role::Service).get(&format!("/surveys/{survey}/answers")).expect(200).json();
    assert_eq!(service["data"][0]["tier"], Value::Null);
    assert_eq!(
        app.user("rm2").get(&format!("/surveys/{survey}/answers")).expect(200).json()["data"],
        json!([])
    );
    let own = app.role(Role::Rm).get(&format!("/customers/{owned}/survey-answers")).expect(200).json();
    assert_eq!(own["data"].as_array().map(Vec::len), Some(1));
    app.user("rm_b1").get(&format!("/customers/{owned}/survey-answers")).expect(404);

    // Without an owner, the head of the unit.
    let link = invite(&head, &survey, &unowned);
    post(&app.anonymous(), &link, LOW).expect(200);
    let answers = head.get(&format!("/surveys/{survey}/answers?filter=low%20eq%20true")).expect(200).json();
    assert_eq!(answers["data"][0]["follow_up"]["assignee"]["id"], json!(app.fixture.user("outlet_head")));
}

#[test]
fn a_low_score_is_followed_up_by_the_head_where_the_owner_has_left() {
    let app = TestApp::start();
    let (head, admin) = (app.role(Role::OutletHead), app.role(Role::Admin));
    let survey = open_survey(&head, false);
    let owned = |name: &str| customer(&head, name, json!({"owner_id": app.fixture.user("rm2")}));
    let (by_link, recorded) = (owned("王小明"), owned("李小红"));
    let link = invite(&head, &survey, &by_link);
    let owner = format!("/users/{}", app.fixture.user("rm2"));
    admin.act(&format!("{owner}/archive"), &admin.get(&owner).expect(200).tag()).expect(200);

    post(&app.anonymous(), &link, LOW).expect(200);
    let (state, id) = (app.state.clone(), SurveyId::new(survey.parse().expect("an id")));
    let customer_id = CustomerId::new(recorded.parse().expect("an id"));
    app.db(move |conn| {
        let answer = AnswerValue { question: "nps".into(), score: Some(1), ..AnswerValue::default() };
        let one = Recorded {
            customer_id,
            answers: Some(vec![answer]),
            at: clock::now(),
            source: AnswerSource::Imported,
            followed_up: true,
        };
        surveys::record_many(conn, &Actor::operator(clock::now()), state.house(), id, &[one]).map(drop)
    });
    let answers = head.get(&format!("/surveys/{survey}/answers")).expect(200).json();
    let assignees: Vec<&Value> = answers["data"]
        .as_array()
        .expect("answers")
        .iter()
        .map(|answer| &answer["follow_up"]["assignee"]["id"])
        .collect();
    assert_eq!(assignees, [&json!(app.fixture.user("outlet_head")); 2]);
    let tasks = head.get("/tasks").expect(200).json();
    assert_eq!(tasks["data"][0]["source"], "survey", "{tasks}");
}

#[test]
fn staff_enters_what_a_customer_says_on_the_phone() {
    let app = TestApp::start();
    let (head, service) = (app.role(Role::OutletHead), app.role(Role::Service));
    let survey = open_survey(&head, false);
    let customer = customer(&head, "王小明", json!({}));
    let link = invite(&head, &survey, &customer);
    let path = format!("/surveys/{survey}/answers");
    let wrong = json!({"customer_id": app.fixture.unit("a1"), "answers": [{"question": "csat", "score": 6}]});
    let mut fields = service.post(&path, &wrong).expect(422).fields();
    fields.sort();
    let named =
        [("/answers", "question_required"), ("/answers/0/score", "range"), ("/customer_id", "not_found")];
    assert_eq!(fields, named.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    let body = json!({"customer_id": customer, "note": "Asked by phone", "answers": [{"question": "nps", "score": 10}]});
    app.role(Role::Auditor).post(&path, &body).expect(403);
    app.user("rm_b1").post(&path, &body).expect(422);
    let key = [("Idempotency-Key", "answer-key-0001")];
    let made = service.send("POST", &path, &key, Some(&body)).expect(201);
    assert_eq!((&made.json()["source"], &made.json()["note"]), (&json!("staff"), &json!("Asked by phone")));
    let again = service.send("POST", &path, &key, Some(&body)).expect(201);
    assert_eq!(
        (again.json()["id"].clone(), again.header("Idempotency-Replayed")),
        (made.json()["id"].clone(), Some("true"))
    );
    assert_eq!(service.post(&path, &body).expect(409).fields(), [(String::new(), "already_answered".into())]);
    assert!(post(&app.anonymous(), &link, GOOD).text().contains("您已作答"), "the link is used up");
    let anonymous = open_survey(&head, true);
    let refused = service.post(&format!("/surveys/{anonymous}/answers"), &body).expect(409);
    assert_eq!(refused.fields(), [(String::new(), "anonymous_survey".into())]);
}

#[test]
fn results_are_counted_and_small_groups_withheld() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let survey = open_survey(&head, false);
    // Ten of the mass tier, three gold, eight platinum.
    let tiers: Vec<&str> =
        [("mass", 10), ("gold", 3), ("platinum", 8)].iter().flat_map(|(tier, n)| vec![*tier; *n]).collect();
    let service = app.role(Role::Service);
    for (n, tier) in tiers.iter().enumerate() {
        let id = customer(
            &head,
            "王小明",
            json!({"owner_id": app.fixture.user(if n < 6 { "rm" } else { "rm2" })}),
        );
        let (row, tier): (CustomerId, String) = (Id::new(id.parse().expect("an id")), (*tier).to_owned());
        app.db(move |conn| {
            let done = diesel::update(customer_figures::table.find(row))
                .set(customer_figures::tier.eq(&tier))
                .execute(conn);
            done.map(drop).map_err(|error| DbError::from(error).into())
        });
        let score = if n % 4 == 0 {
            json!([{"question": "nps", "score": 2}, {"question": "csat", "score": 3}])
        } else {
            json!([{"question": "nps", "score": 10}, {"question": "csat", "score": 5}])
        };
        service
            .post(&format!("/surveys/{survey}/answers"), &json!({"customer_id": id, "answers": score}))
            .expect(201);
    }
    let path = format!("/surveys/{survey}/results");
    let whole = head.get(&path).expect(200).json();
    assert_eq!((&whole["answered"], &whole["invited"]), (&json!(21), &json!(0)));
    // Six of 21 are detractors, 15 promoters.
    assert_eq!(whole["figures"]["nps"]["score"], json!(42.9));
    assert_eq!(
        (&whole["figures"]["nps"]["uncertain"], &whole["figures"]["satisfaction"]["share"]),
        (&json!(true), &json!(0.7143))
    );
    assert_eq!(whole["questions"][2]["distribution"][4], json!({"value": "5", "label": null, "count": 15}));
    assert_eq!(whole["dimensions"][0]["dimension"], "attitude");
    let by_tier = head.get(&format!("{path}?by=tier")).expect(200).json();
    let groups: Vec<(String, bool, Value)> = by_tier["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .map(|group| (text(&group["tier"]), group["withheld"] == true, group["answered"].clone()))
        .collect();
    // The three of gold would be what is left of the whole, so the next smallest group goes with them.
    assert_eq!(
        groups,
        [
            ("mass".into(), false, json!(10)),
            ("gold".into(), true, Value::Null),
            ("platinum".into(), true, Value::Null)
        ]
    );
    let by_unit = head.get(&format!("{path}?by=unit")).expect(200).json();
    assert_eq!(
        (&by_unit["groups"][0]["answered"], &by_unit["groups"][0]["org_unit"]["id"]),
        (&json!(21), &json!(app.fixture.unit("a1")))
    );
    // A relationship manager counts their own customers, another branch none.
    assert_eq!(app.role(Role::Rm).get(&path).expect(200).json()["answered"], 6);
    assert_eq!(app.user("head_b1").get(&path).expect(200).json()["answered"], 0);
    head.get(&format!("{path}?by=city")).expect(400);
}

#[test]
fn anonymous_results_wait_for_the_end_and_for_five() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let survey = open_survey(&head, true);
    let path = format!("/surveys/{survey}");
    let links: Vec<String> =
        (0..6).map(|_| invite(&head, &survey, &customer(&head, "王小明", json!({})))).collect();
    let answer = |link: &String| {
        app.anonymous().get(link).expect(200);
        post(&app.anonymous(), link, LOW).expect(200);
    };
    links[..5].iter().for_each(answer);
    let open = head.get(&format!("{path}/results?by=tier")).expect(200).json();
    assert_eq!(
        (&open["withheld"], &open["figures"], &open["answered"]),
        (&json!("until_closed"), &Value::Null, &json!(5))
    );
    assert_eq!(head.get(&format!("{path}/answers")).expect(200).json()["data"], json!([]));
    let tag = head.get(&path).expect(200).tag();
    head.act(&format!("{path}/close"), &tag).expect(200);
    let closed = head.get(&format!("{path}/results?by=tier")).expect(200).json();
    assert_eq!((&closed["withheld"], &closed["figures"]["nps"]["detractors"]), (&Value::Null, &json!(5)));
    assert_eq!(closed["groups"], json!([]));
    let answers = head.get(&format!("{path}/answers")).expect(200).json();
    for answer in answers["data"].as_array().expect("answers") {
        for member in ["customer", "tier", "org_unit", "owner", "answered_at", "follow_up", "entered_by"] {
            assert_eq!(answer[member], Value::Null, "{member}");
        }
    }
    for client in [app.role(Role::Rm), app.user("head_b1")] {
        assert_eq!(client.get(&format!("{path}/results")).expect(200).json()["withheld"], "outside_scope");
        assert_eq!(client.get(&format!("{path}/answers")).expect(200).json()["data"], json!([]));
    }
    assert!(app.anonymous().get(&links[5]).expect(200).text().contains("调查已结束"));

    // Four are too few.
    let small = open_survey(&head, true);
    for _ in 0..4 {
        answer(&invite(&head, &small, &customer(&head, "王小明", json!({}))));
    }
    let tag = head.get(&format!("/surveys/{small}")).expect(200).tag();
    head.act(&format!("/surveys/{small}/close"), &tag).expect(200);
    assert_eq!(head.get(&format!("/surveys/{small}/results")).expect(200).json()["withheld"], "too_few");
    assert_eq!(head.get(&format!("/surveys/{small}/answers")).expect(200).json()["data"], json!([]));
}

#[test]
fn c2_fifty_submits_of_one_link_are_one_answer() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    for anonymous in [false, true] {
        let survey = open_survey(&head, anonymous);
        let link = invite(&head, &survey, &customer(&head, "王小明", json!({})));
        let (thanked, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..50 {
                let (client, link) = (app.anonymous(), &link);
                let (thanked, refused) = (&thanked, &refused);
                scope.spawn(move || {
                    let page = post(&client, link, GOOD);
                    let text = page.text();
                    match page.status {
                        200 if text.contains("Your answers have arrived.") => {
                            thanked.fetch_add(1, Ordering::SeqCst)
                        }
                        200 if text.contains("Already answered") || text.contains("您已作答") => {
                            refused.fetch_add(1, Ordering::SeqCst)
                        }
                        503 => 0,
                        other => panic!("{other}: {text}"),
                    };
                });
            }
        });
        let id: crate::surveys::SurveyId = Id::new(survey.parse().expect("an id"));
        let kept: i64 = app.db(move |conn| {
            let count = survey_answer::table.filter(survey_answer::survey_id.eq(id)).count().get_result(conn);
            count.map_err(|error| DbError::from(error).into())
        });
        assert_eq!((thanked.into_inner(), kept), (1, 1), "anonymous: {anonymous}");
        assert!(refused.into_inner() > 0);
    }
}

#[test]
fn c1_of_many_changes_from_one_version_one_is_made() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let survey = format!("/surveys/{}", open_survey(&head, false));
    let tag = head.get(&survey).expect(200).tag();
    let made = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for n in 0..20 {
            let (head, survey, tag, made) = (head.clone(), &survey, &tag, &made);
            scope.spawn(move || {
                let status = head.patch(survey, tag, &json!({"name": format!("Wave {n}")})).status;
                assert!(matches!(status, 200 | 412), "{status}");
                made.fetch_add(usize::from(status == 200), Ordering::SeqCst);
            });
        }
    });
    assert_eq!(made.into_inner(), 1);
}

#[test]
fn a5_pages_of_invitations_and_answers_show_each_row_once() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let survey = open_survey(&head, false);
    let ids: Vec<String> = (0..30).map(|_| customer(&head, "王小明", json!({}))).collect();
    head.post(&format!("/surveys/{survey}/invitations"), &json!({"customer_ids": ids})).expect(200);
    for id in &ids {
        let body = json!({"customer_id": id, "answers": [{"question": "nps", "score": 10}]});
        head.post(&format!("/surveys/{survey}/answers"), &body).expect(201);
    }
    for list in ["invitations", "answers"] {
        let (mut seen, mut cursor, mut next) = (Vec::new(), String::new(), Value::Null);
        loop {
            let page = head
                .get(&format!("/surveys/{survey}/{list}?limit=7&include=total{cursor}"))
                .expect(200)
                .json();
            assert_eq!(page["page"]["total"], 30);
            seen.extend(
                page["data"].as_array().expect("rows").iter().map(|row| text(&row["customer"]["id"])),
            );
            let Some(more) = page["page"]["next"].as_str() else { break };
            next = json!(more);
            cursor = format!("&cursor={more}");
        }
        let different: HashSet<&String> = seen.iter().collect();
        assert_eq!((seen.len(), different.len()), (30, 30), "{list}");
        // A cursor of one survey's list is none of another's.
        let other = open_survey(&head, false);
        let answer = head.get(&format!("/surveys/{other}/{list}?limit=7&cursor={}", text(&next))).expect(400);
        assert_eq!(answer.code(), "cursor_invalid");
    }
}
