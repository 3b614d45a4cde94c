use std::collections::{BTreeMap, BTreeSet};

use guanxi_api::{ExportList, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::contract::operations;
use super::canaries::{CONTACTS, GATED, HELD, RESTRICTED, Watch, canaries, whole};
use super::masking::plant;
use super::matrix::{kept_mapping, new_care_plan, new_handover, new_stand_in};
use super::things::{GROUPS, make_conflict, make_pair, planned_tiers};
use crate::access::Actor;
use crate::access::rights::MaskProfile;
use crate::clock;
use crate::customers::CustomerId;
use crate::surveys::{link_for, new_customer, post_form, running_survey};
use crate::testing::{Answer, Client, TestApp};

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn id_of(answer: &Answer) -> String {
    text(&answer.json()["id"])
}

fn first_of(client: &Client, list: &str) -> String {
    text(&client.get(list).expect(200).json()["data"][0]["id"])
}

fn once(client: &Client, path: &str, body: &Value) -> Answer {
    let key = Uuid::now_v7().to_string();
    client.send("POST", path, &[("Idempotency-Key", &key)], Some(body))
}

/// What stands in the place of a path's parameters: by the whole pattern, else by what is before the first parameter.
pub type Filling = BTreeMap<&'static str, String>;

/// Where the filling has another customer, to be compared with the first.
const OTHER: &str = "another customer";

/// A customer with canaries, and what every read can be asked about.
pub fn filled(app: &TestApp, watch: &mut Watch) -> (Uuid, Filling) {
    let (customer, _) = plant(app, watch);
    let mut filling = around_the_customer(app, customer);
    filling.extend(around_the_bank(app));
    (customer, filling)
}

/// The path of a pattern of the contract, with things that are there in the place of its parameters.
pub fn concrete(pattern: &str, filling: &Filling) -> String {
    let base = pattern.trim_start_matches("/api/v1");
    let parent = base.split("/{").next().unwrap_or_default();
    let path = base.replace("{field}", "notes");
    let id = || filling.get(base).or_else(|| filling.get(parent)).expect("something for every pattern");
    let path = if path.contains("{id}") { path.replace("{id}", id()) } else { path };
    assert!(!path.contains('{'), "{pattern} has a parameter that nothing fills");
    path
}

/// What belongs to the planted customer, with a canary wherever there is a text of its own.
fn around_the_customer(app: &TestApp, customer: Uuid) -> Filling {
    let (head, rm, admin) = (app.role(Role::OutletHead), app.role(Role::Rm), app.role(Role::Admin));
    let path = format!("/customers/{customer}");
    let others: Vec<String> =
        ["王大明", "王小明", "王中明"].iter().map(|name| new_customer(&rm, name, json!({}))).collect();
    let relation = json!({"other_id": others[0], "role": "friend", "note": "杜鹃一"});
    head.post(&format!("{path}/relations"), &relation).expect(201);
    let household = json!({"name": "杜鹃二", "members": [{"customer_id": customer, "role": "head"}]});
    let household = id_of(&head.post("/households", &household).expect(201));
    let mut plan = new_care_plan(app);
    plan["goal"] = json!("杜鹃三");
    let plan = id_of(&head.post(&format!("{path}/care-plans"), &plan).expect(201));
    let segment = json!({"segment_id": null, "reason": "杜鹃四"});
    head.send("PUT", &format!("{path}/segments/{GROUPS}"), &[], Some(&segment)).expect(200);

    let tag = admin.post("/tags", &json!({"name": "Golf", "colour": "teal"})).expect(201);
    head.send("PUT", &format!("{path}/tags/{}", id_of(&tag)), &[], None).expect(200);
    let (one, other) = (CustomerId::new(customer), CustomerId::new(others[0].parse().expect("an id")));
    let (pair, conflict) = app.db(move |conn| {
        let actor = Actor::operator(clock::now());
        Ok((
            make_pair(conn, &actor, (one, other), false)?,
            make_conflict(conn, &actor, one, "notes", "杜鹃五")?,
        ))
    });
    let merge = json!({"other_id": others[2], "other_version": 1, "reason": "杜鹃六"});
    let merge = head.send(
        "POST",
        &format!("/customers/{}/merge", others[1]),
        &[("If-Match", "\"1-0\"")],
        Some(&merge),
    );

    let survey = running_survey(&head, false);
    let link = link_for(&head, &survey, &customer.to_string());
    let form =
        "earlier=nps+csat+channel&shown=why&q.nps=3&q.csat=2&q.channel=branch&q.why=杜鹃七&action=continue";
    post_form(&app.anonymous(), &link, form).expect(200);

    BTreeMap::from([
        ("/customers", customer.to_string()),
        (OTHER, others[0].clone()),
        ("/holdings", first_of(&head, &format!("{path}/holdings"))),
        ("/interactions", first_of(&head, &format!("{path}/interactions"))),
        ("/tasks", first_of(&head, &format!("{path}/tasks"))),
        ("/households", household),
        ("/care-plans", plan),
        ("/tags", id_of(&tag)),
        ("/duplicates", pair.to_string()),
        ("/field-conflicts", conflict.to_string()),
        ("/customer-merges", id_of(&merge.expect(201))),
        ("/surveys", survey),
    ])
}

/// What stands beside customers: colleagues, rules, views, files and jobs.
fn around_the_bank(app: &TestApp) -> Filling {
    let (head, admin) = (app.role(Role::OutletHead), app.role(Role::Admin));
    new_customer(&app.user("rm2"), "王老明", json!({}));
    let mut handover = new_handover(app);
    handover["note"] = json!("杜鹃八");
    let mut stand_in = new_stand_in(app, None);
    stand_in["note"] = json!("杜鹃九");
    let view = json!({"list": "customers", "name": "夜鹰一", "filter": "tier eq \"private\" and aum ge 7654321.9876"});
    let segment =
        text(&admin.get(&format!("/segment-schemes/{GROUPS}")).expect(200).json()["segments"][0]["id"]);
    let sent = |client: &Client, file: &str| {
        client.send_bytes("POST", "/uploads?name=customers.csv", &[], Some(file.as_bytes())).expect(201)
    };
    let export = json!({"list": ExportList::Customers, "format": "csv", "profile": "raw"});
    let export = id_of(&once(&head, "/jobs/exports", &export).expect(202));
    app.export_all();

    // An administrator who has somebody's document in a file is not told whose it is.
    let upload = sent(&admin, "id,name,document\n1,王伟,11010519491231002X\n2,王强,123\n").json();
    let import = json!({"upload_id": upload["id"], "mapping": {"source": "core", "customer": [
        {"field": "external_id", "from": "{id}"}, {"field": "name", "from": "{name}"}, {"field": "kind", "from": "person"},
        {"field": "identity_number", "from": "{document}"},
    ]}});
    let import = id_of(&once(&admin, "/jobs/imports", &import).expect(202));
    app.work();

    BTreeMap::from([
        ("/handovers", id_of(&head.post("/handovers", &handover).expect(201))),
        ("/stand-ins", id_of(&head.post("/stand-ins", &stand_in).expect(201))),
        ("/views", id_of(&head.post("/views", &view).expect(201))),
        (
            "/tier-policies",
            id_of(&admin.post("/tier-policies", &json!(planned_tiers(&app.state.settings, 5))).expect(201)),
        ),
        ("/import-mappings", id_of(&admin.post("/import-mappings", &kept_mapping("Kept")).expect(201))),
        ("/uploads", id_of(&sent(&head, "id,name\n1,夜鹰二\n"))),
        ("/jobs", import),
        ("/jobs/{id}/file", export),
        ("/segment-schemes", GROUPS.to_string()),
        ("/segments", segment),
        ("/questionnaires", first_of(&admin, "/questionnaires")),
        ("/products", first_of(&admin, "/products")),
        ("/users", app.fixture.user("rm").to_string()),
        ("/org-units", app.fixture.unit("a1").to_string()),
    ])
}

/// The calls of an operation: with nothing, with the most rows, and with each code that a parameter knows.
fn calls(document: &Value, pattern: &str, operation: &Value, filling: &Filling) -> Vec<String> {
    let path = concrete(pattern, filling);
    if path.ends_with("/merge-preview") {
        return vec![format!("{path}?other_id={}", filling[OTHER])];
    }
    let mut found = vec![path.clone()];
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    for parameter in parameters.filter(|parameter| parameter["in"] == "query") {
        let name = parameter["name"].as_str().expect("a name");
        if name == "limit" {
            found.push(format!("{path}?limit=200"));
            continue;
        }
        let schema = &parameter["schema"];
        let named = schema["$ref"].as_str().and_then(|of| document.pointer(of.trim_start_matches('#')));
        for code in named.unwrap_or(schema)["enum"].as_array().into_iter().flatten() {
            found.push(format!("{path}?{name}={}", code.as_str().expect("a code")));
        }
    }
    found
}

/// Rules, which everybody may read, name codes that customers have.
const RULES: [&str; 3] = ["/segment-schemes", "/segments/", "/grade-policy"];

/// So many of the reads answer each role with 200, a little below what was counted; with less the sweep would look at refusals.
const ANSWERED: [(Role, usize); 9] = [
    (Role::Rm, 95),
    (Role::Adviser, 83),
    (Role::OutletHead, 103),
    (Role::Teller, 26),
    (Role::DeputyManager, 100),
    (Role::BranchManager, 100),
    (Role::Service, 44),
    (Role::Admin, 46),
    (Role::Auditor, 101),
];

#[test]
fn b4_every_read_shows_each_role_no_more_than_it_may_see() {
    let app = TestApp::start();
    let mut watch = Watch::default();
    let (_, filling) = filled(&app, &mut watch);
    let document = serde_json::to_value(crate::app::openapi()).expect("the document is JSON");
    let reads: Vec<_> = operations(&document).into_iter().filter(|(method, ..)| method == "GET").collect();

    let mut answered: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let all: Vec<&'static str> = [&RESTRICTED[..], &HELD, &CONTACTS]
        .concat()
        .into_iter()
        .chain(GATED.map(|(canary, _)| canary))
        .collect();
    for role in Role::ALL.iter().copied().map(Some).chain([None]) {
        let client = role.map_or_else(|| app.anonymous(), |role| app.role(role));
        for (_, pattern, operation) in &reads {
            for path in calls(&document, pattern, operation, &filling) {
                let answer = client.get(&path);
                let words: &[&str] =
                    if RULES.iter().any(|rules| path.starts_with(rules)) { &["above_5m"] } else { &[] };
                watch.look_but_for(&format!("GET {path}"), role, &answer, words);
                if let (200, Some(role)) = (answer.status, role) {
                    answered.entry(pattern.as_str()).or_default().insert(role.as_str());
                    if MaskProfile::of(role) != MaskProfile::Restricted {
                        seen.extend(canaries(&whole(&answer), &all));
                    }
                }
            }
        }
    }
    assert!(watch.leaks.is_empty(), "{} leaks:\n{}", watch.leaks.len(), watch.leaks.join("\n"));

    let unread: Vec<_> =
        reads.iter().filter(|(_, pattern, _)| !answered.contains_key(pattern.as_str())).collect();
    assert!(unread.is_empty(), "nobody got an answer of {unread:#?}");
    // All but the amount as it is stored.
    let unseen: Vec<_> =
        all.iter().filter(|canary| !seen.contains(**canary) && **canary != "76543219876").collect();
    assert!(unseen.is_empty(), "canaries that nobody saw who may: {unseen:?}");
    let counts = ANSWERED.map(|(role, least)| {
        let count = answered.values().filter(|roles| roles.contains(role.as_str())).count();
        (role.as_str(), least, count)
    });
    eprintln!("B4: of {} reads 200 to: {counts:?}", reads.len());
    assert!(counts.iter().all(|(_, least, count)| count >= least), "{counts:?}");
    assert_eq!(ANSWERED.len(), Role::ALL.len());
}
