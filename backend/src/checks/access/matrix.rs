use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use guanxi_api::{NewUser, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use super::cells::Position::{OtherBranch, Own, Unit, Unowned};
use super::cells::{
    Caller, Cell, Place, cells, home, place, sees_customer, sees_handover, sees_pool, sees_stand_in,
    sees_task, sees_user, sees_view,
};
use super::policy::{Operation, Target};
use super::rows::{Ledger, difference};
use super::things::{
    GROUPS, Thing, hash, make_customers, make_things, planned_tiers, scheme_definition, segment_definition,
    today,
};
use crate::access::Actor;
use crate::testing::{Answer, Client, PASSWORD, TestApp};
use crate::{clock, org};

/// An access token lasts a quarter of an hour, and the matrix may take longer than that on a busy machine.
const RENEWED_AFTER: Duration = Duration::from_secs(480);

/// The current session of a client.
fn own_session(client: &Client) -> Uuid {
    let sessions = client.get("/auth/sessions").expect(200).json();
    let all = sessions["data"].as_array().expect("a list");
    let own = all.iter().find(|session| session["current"] == true).expect("the current session");
    own["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

/// The body that makes the operation do something.
pub fn body(operation: &Operation, app: &TestApp, caller: Caller, thing: &Thing) -> Option<Value> {
    let unique = || Uuid::now_v7().simple().to_string();
    let name = json!({"zh-CN": "新网点", "en": "New outlet"});
    let body = match (operation.method, operation.path) {
        ("POST", "/auth/sign-in") => {
            json!({"username": caller.username().unwrap_or("rm2"), "password": PASSWORD})
        }
        ("POST", "/auth/password") => {
            json!({"current_password": PASSWORD, "new_password": "seven lanterns over the lake"})
        }
        ("PATCH", "/me/preferences") => json!({"theme": "dark"}),
        ("POST", "/org-units") => {
            json!({"parent_id": app.fixture.unit("b"), "kind": "outlet", "code": &unique()[14..], "name": name})
        }
        ("PATCH", "/org-units/{id}") => json!({"name": name}),
        ("POST", "/users") => json!({
            "username": format!("u{}", unique()), "display_name": "New", "role": "rm", "org_unit_id": app.fixture.unit("a1"),
        }),
        ("PATCH", "/users/{id}") => json!({"display_name": "Somebody else", "role": "adviser"}),
        ("POST", "/customers") => json!({
            "kind": "person", "name": "王小明", "org_unit_id": thing.unit,
            "contact_points": [{"kind": "phone", "value": "13912345678"}],
        }),
        ("POST", "/customers/search") => json!({
            "q": thing.external_id, "filter": "archived eq true or archived eq false", "limit": 200,
        }),
        ("PUT", "/customers/by-external/{source}/{external_id}") => {
            json!({"kind": "person", "name": "王大明"})
        }
        ("POST", "/bulk/customers") => json!({
            "external": {"source": "core", "id": thing.external_id}, "source_version": 1, "data": {"name": "王大明"},
        }),
        ("PATCH", "/customers/{id}") => json!({"city": "苏州", "notes": "Changed"}),
        ("POST", "/customers/{id}/reveal") => {
            json!({"fields": ["identity", thing.contact_point], "reason": "the customer asked"})
        }
        ("POST", "/customers/{id}/assign") => {
            json!({"org_unit_id": app.fixture.unit(caller.home()), "owner_id": null})
        }
        ("PUT", "/customers/{id}/team") => {
            json!({"members": [{"user_id": app.fixture.user("rm_a2"), "role": "rm"}]})
        }
        ("POST", "/customers/{id}/contact-points") => json!({"kind": "phone", "value": "13900001111"}),
        ("PATCH", "/customers/{id}/contact-points/{contact_point_id}") => {
            json!({"use": "work", "verified": true})
        }
        ("PUT", "/customers/{id}/external-ids/{source}") => json!({"id": unique()}),
        ("PUT", "/holdings/{id}/co-owners") => json!({"customer_ids": [thing.partner]}),
        ("POST", "/customers/{id}/relations") => json!({"other_id": thing.partner, "role": "friend"}),
        ("PATCH", "/customers/{id}/relations/{relation_id}") => json!({"note": "Changed"}),
        ("POST", "/households") => {
            json!({"name": "张家", "members": [{"customer_id": thing.id, "role": "head"}]})
        }
        ("POST", "/households/search") => json!({"q": "张家", "limit": 200}),
        ("PATCH", "/households/{id}") => json!({"name": "张氏一家"}),
        ("PUT", "/customers/{id}/fields/{field}/verification") => json!({"verified": true}),
        ("POST", "/field-conflicts/{id}/resolve") => json!({"take": "offered"}),
        ("POST", "/duplicates/{id}/dismissal") => json!({"reason": "twins"}),
        ("POST", "/customers/duplicate-check") => {
            json!({"kind": "person", "name": "张三丰", "phone": "13800138000"})
        }
        ("POST", "/customers/{id}/merge") => json!({"other_id": thing.other, "other_version": 1}),
        ("PUT", "/tiers") => tiers(),
        ("PUT", "/grade-policy") => {
            let mut rules = app.role(Role::Admin).get("/grade-policy").json()["rules"].clone();
            rules["discount_percent"] = json!(11);
            rules
        }
        ("POST", "/tiers/simulation") => thresholds(),
        ("POST", "/customers/bulk-actions") => json!({
            "selection": {"ids": [Uuid::now_v7()]},
            "action": {"create_task": {"title": "回访", "due_on": today(app)}},
        }),
        ("POST", "/tags") => json!({"name": format!("n{}", unique()), "colour": "teal"}),
        ("PATCH", "/tags/{id}") => json!({"name": format!("n{}", unique()), "description": "Changed"}),
        ("POST", "/views") => {
            json!({"list": "customers", "name": format!("n{}", unique()), "filter": "status eq \"active\"", "columns": ["name"]})
        }
        ("PATCH", "/views/{id}") => json!({"name": format!("n{}", unique()), "sort": "-updated_at"}),
        ("PUT", "/team-rules") => team_rules(),
        ("POST", "/stand-ins") => new_stand_in(app, caller.username()),
        ("PATCH", "/stand-ins/{id}") => json!({"note": "Changed"}),
        ("POST", "/customers/{id}/care-plans") => new_care_plan(app),
        ("PATCH", "/care-plans/{id}") => json!({"goal": "Changed"}),
        ("POST", "/care-plans/{id}/steps") => {
            json!({"title": "Call", "due_on": today(app), "assignee_id": app.fixture.user(caller.username().unwrap_or("rm"))})
        }
        ("POST", "/care-plans/{id}/end") => json!({"achieved": true}),
        ("POST", "/leader-visits/{id}/plan") => json!({"planned_on": today(app)}),
        ("PUT", "/pool-policy") => pool_policy(),
        ("POST", "/handovers") => new_handover(app),
        ("POST", "/handovers/{id}/acceptance") => json!({"accepts": false, "reason": "too many"}),
        ("POST", "/segment-schemes") => json!(scheme_definition(&format!("n{}", unique()))),
        ("PUT", "/segment-schemes/{id}") => {
            let code =
                app.role(Role::Admin).get(&format!("/segment-schemes/{}", thing.id)).json()["code"].clone();
            json!({"code": code, "name": {"zh-CN": "改过", "en": "Changed"}, "applies_to": "age ge 3"})
        }
        ("POST", "/segment-schemes/{id}/segments") => json!(segment_definition(&format!("n{}", unique()))),
        ("POST", "/segments/preview") => json!({"rule": "age ge 20"}),
        ("PUT", "/segments/{id}") => {
            let mut body = json!(segment_definition(&thing.external_id));
            body["rank"] = json!(901);
            body
        }
        ("PUT", "/customers/{id}/segments/{scheme_id}") => {
            json!({"segment_id": null, "reason": "She said so"})
        }
        ("POST", "/tier-policies") => json!(planned_tiers(&app.state.settings, 900)),
        ("PUT", "/tier-policies/{id}") => json!(planned_tiers(&app.state.settings, 901)),
        ("PUT", "/contact-targets") => json!({"meetings_a_day": 6, "connected_calls_a_day": 21}),
        ("POST", "/today/{line}/complete") => json!({"outcome": "好了"}),
        ("POST", "/today/{line}/postpone") => json!({"due_on": today(app), "reason": "出差"}),
        ("POST", "/products") => json!({
            "code": unique(), "kind": "fund", "name": {"zh-CN": "基金", "en": "Fund"}, "currency": "CNY",
        }),
        ("PATCH", "/products/{id}") => json!({"terms": "Changed", "risk_grade": "r2"}),
        ("POST", "/exchange-rates") => {
            json!({"currency": "USD", "valid_from": "2026-01-01", "rate": "7.1"})
        }
        ("POST", "/customers/{id}/holdings") => {
            json!({"product_id": thing.product, "amount": "10000", "opened_on": "2026-01-05"})
        }
        ("PATCH", "/holdings/{id}") => json!({"note": "Changed", "auto_renewal": true}),
        ("POST", "/holdings/{id}/close") => json!({}),
        ("POST", "/holdings/{id}/transactions") => {
            json!({"day": app.state.settings.day(clock::now()), "kind": "withdrawal", "amount": "1"})
        }
        ("POST", "/holdings/{id}/transactions/{transaction_id}/reverse") => {
            json!({"reason": "entered twice"})
        }
        ("POST", "/interactions/search") => {
            json!({"q": "金桂", "filter": "archived eq true or archived eq false", "limit": 200})
        }
        ("PATCH", "/interactions/{id}") => json!({"notes": "改过", "outcome": "sold"}),
        ("POST", "/customers/{id}/interactions") => json!({
            "kind": "call", "purpose": "service", "outcome": "reached", "notes": "金桂开了",
            "next_step": {"title": "回访", "due_on": today(app)},
        }),
        ("POST", "/tasks") => json!({"title": "回访", "due_on": today(app)}),
        ("PATCH", "/tasks/{id}") => json!({"title": "再回访"}),
        ("POST", "/tasks/{id}/complete") => json!({"outcome": "好了"}),
        ("POST", "/tasks/{id}/postpone") => json!({"due_on": today(app), "reason": "出差"}),
        // Who sees every customer.
        ("POST", "/tasks/{id}/hand-over") => json!({"assignee_id": app.fixture.user("service")}),
        ("POST", "/questionnaires") => json!({"title": {"zh-CN": "新问卷", "en": "New"}}),
        ("PATCH", "/questionnaires/{id}") => json!({"title": {"zh-CN": "改过", "en": "Changed"}}),
        ("POST", "/surveys") => {
            json!({"name": "Wave", "questionnaire_id": thing.other, "closes_at": "2100-01-01T00:00:00.000000Z"})
        }
        ("PATCH", "/surveys/{id}") => json!({"name": "Another wave"}),
        ("POST", "/surveys/{id}/invitations") => json!({"customer_ids": [thing.customer]}),
        ("POST", "/surveys/{id}/answers") => {
            json!({"customer_id": thing.customer, "answers": [{"question": "nps", "score": 9}]})
        }
        // The text of a JSON text is a file with one column.
        ("POST", "/uploads") => json!("id"),
        ("POST", "/jobs/imports") => json!({"upload_id": thing.id, "mapping": mapping()}),
        ("POST", "/import-mappings") | ("PUT", "/import-mappings/{id}") => {
            kept_mapping(&unique().to_string())
        }
        ("POST", "/jobs/exports") => {
            let list = if caller.0 == Some(Role::Auditor) { "audit_entries" } else { "tasks" };
            json!({"list": list, "format": "csv", "reason": "for the meeting of the branch"})
        }
        ("POST", "/jobs/{id}/corrections") => json!({"records": [{"line": 2, "values": ["1", "王伟"]}]}),
        _ => return None,
    };
    Some(body)
}

/// What becomes of the columns of a file of the matrix.
pub fn mapping() -> Value {
    json!({"source": "core", "customer": [
        {"field": "external_id", "from": "{id}"}, {"field": "name", "from": "{name}"}, {"field": "kind", "from": "person"},
    ]})
}

/// The same, to be kept under a name.
pub fn kept_mapping(name: &str) -> Value {
    json!({"name": name, "columns": ["id", "name"], "mapping": mapping()})
}

/// The layers as they are, but for whom the phone centre serves.
/// [`tiers`] without what a simulation does not ask for.
pub fn thresholds() -> Value {
    let mut body = tiers();
    for rule in body["tiers"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        rule.retain(|name, _| name == "tier" || name == "threshold");
    }
    body
}

/// The rules, of which one is another one.
pub fn team_rules() -> Value {
    let rule = |tier: &str, roles: &[&str]| json!({"tier": tier, "roles": roles});
    json!({"rules": [
        rule("mass", &[]),
        rule("gold", &["rm"]),
        rule("platinum", &["deputy_manager", "outlet_head", "rm"]),
        rule("diamond", &["branch_manager", "deputy_manager", "outlet_head", "rm"]),
        rule("private", &["branch_manager", "deputy_manager", "outlet_head", "rm"]),
    ]})
}

/// A handover between relationship managers of one outlet.
pub fn new_handover(app: &TestApp) -> Value {
    json!({
        "from_user_id": app.fixture.user("rm2"), "to": [{"user_id": app.fixture.user("rm")}], "reason": "moves",
        "effective_on": today(app),
    })
}

/// A stand-in for a colleague, or for the caller who may name nobody else; each for a day of its own, for somebody is away once at a time.
pub fn new_stand_in(app: &TestApp, caller: Option<&str>) -> Value {
    static ARRANGED: AtomicU64 = AtomicU64::new(0);
    let ahead = ARRANGED.fetch_add(1, Ordering::Relaxed) % 360;
    let day = today(app) + chrono::Days::new(ahead);
    let absent = if caller == Some("rm") { "rm" } else { "rm2" };
    json!({
        "absent_user_id": app.fixture.user(absent), "stand_in_user_id": app.fixture.user("outlet_head"),
        "reason": "leave", "from": day, "until": day,
    })
}

pub fn new_care_plan(app: &TestApp) -> Value {
    json!({
        "goal": "Plans for old age", "review_on": today(app),
        "steps": [{"title": "Look at what there is", "due_on": today(app)}],
    })
}

pub fn pool_policy() -> Value {
    json!({"rules": [{"tier": "mass", "days": 200}], "notice_days": 20, "claims_per_day": 500, "hold_days": 40})
}

fn tiers() -> Value {
    let rule = |tier: &str, threshold: &str, channel: &str| json!({"tier": tier, "threshold": threshold, "cadence_days": 10, "servicing_channel": channel});
    json!({"tiers": [
        rule("mass", "0", "relationship_manager"),
        rule("gold", "100000", "relationship_manager"),
        rule("platinum", "1000000", "private_banking"),
        rule("diamond", "5000000", "private_banking"),
        rule("private", "8000000", "private_banking"),
    ]})
}

/// Where the operation is done to the thing, and the version that it is done from.
pub fn place_of(operation: &Operation, app: &TestApp, thing: &Thing) -> (String, i64) {
    let source =
        if operation.method == "PUT" && !operation.path.contains("by-external") { "crm" } else { "core" };
    let of_holding = matches!(operation.target, Target::Holding | Target::HoldingList);
    let in_other_state =
        ["/new-version", "/close", "/corrections", "/undo"].iter().any(|end| operation.path.ends_with(end));
    // What is undone of a merge is the merge itself.
    let in_other_state = in_other_state && operation.target != Target::Merge;
    let (id, version) = match (of_holding, in_other_state) {
        (true, _) => (thing.holding, thing.holding_version),
        (false, true) => (thing.other, 2),
        (false, false) => (thing.id, thing.version),
    };
    let mut path = operation
        .path
        .replace("{id}", &id.to_string())
        .replace("{line}", &format!("contact_due-{id}-{}", today(app)))
        .replace("{transaction_id}", &thing.transaction.to_string())
        .replace("{invitation_id}", &thing.invitation.to_string())
        .replace("{contact_point_id}", &thing.contact_point.to_string())
        .replace("{external_id}", &thing.external_id)
        .replace("{relation_id}", &thing.relation.to_string())
        .replace("{field}", "status")
        .replace("{scheme_id}", &GROUPS.to_string())
        // One that the customer does not have, and one that it has.
        .replace(
            "{tag_id}",
            &(if operation.method == "PUT" { thing.product } else { thing.other }).to_string(),
        )
        .replace("{source}", source);
    if operation.method == "GET" && operation.target == Target::CustomerList {
        path.push_str("?limit=200&filter=industry%20eq%20null%20and%20archived%20in%20(true,false)");
    }
    if operation.method == "GET"
        && matches!(operation.target, Target::UserList | Target::UnitList | Target::InteractionList)
    {
        path.push_str("?limit=200&filter=archived%20eq%20true%20or%20archived%20eq%20false");
    }
    if operation.method == "GET" && operation.target == Target::ProductList {
        path.push_str("?limit=200&filter=archived%20eq%20true%20or%20archived%20eq%20false");
    }
    if operation.takes_lines() {
        path.push_str("?mode=atomic");
    }
    if operation.path == "/uploads" {
        path.push_str("?name=customers.csv");
    }
    if operation.target == Target::HoldingList {
        path.push_str("?limit=200&filter=status%20ne%20null");
    }
    if operation.path.ends_with("/merge-preview") {
        path.push_str(&format!("?other_id={}", thing.other));
    }
    if matches!(
        operation.target,
        Target::FieldConflictList
            | Target::ViewsSeen
            | Target::HandoverList
            | Target::StandInList
            | Target::CarePlanList
            | Target::LeaderVisitList
            | Target::PooledList
            | Target::DuplicateList
            | Target::MergeList
    ) {
        path.push_str("?limit=200");
    }
    if operation.target == Target::TaskList {
        path.push_str("?limit=200&filter=assignee_id%20ne%20null");
    }
    (path, version)
}

fn call(client: &Client, app: &TestApp, cell: &Cell, thing: &Thing) -> Answer {
    let operation = cell.operation;
    let (path, version) = place_of(operation, app, thing);
    let tag = format!("\"{version}-0\"");
    let mut headers = vec![("X-Guanxi", "1")];
    let key = Uuid::now_v7().to_string();
    if operation.takes_lines() {
        headers.extend([("Content-Type", "application/x-ndjson"), ("Idempotency-Key", &key)]);
    }
    if operation.starts_a_job() {
        headers.push(("Idempotency-Key", &key));
    }
    if operation.path.contains("{id}") || operation.sets_a_policy() {
        headers.push(("If-Match", &tag));
    }
    let answer =
        client.send(operation.method, &path, &headers, body(operation, app, cell.caller, thing).as_ref());
    if operation.path == "/jobs/duplicate-searches" && answer.status == 202 {
        // There is one at a time.
        let job = answer.json()["id"].as_str().expect("an id").to_owned();
        client.post(&format!("/jobs/{job}/cancel"), &json!(null)).expect(200);
    }
    answer
}

/// Whether the answer's list has the target exactly when the policy lets the caller see it.
fn list_is_right(client: &Client, app: &TestApp, cell: &Cell, thing: &Thing, answer: &Answer) -> bool {
    let Some(role) = cell.caller.0 else { return true };
    let sees = match cell.operation.target {
        Target::CustomerList | Target::HoldingList | Target::InvitationList | Target::AnswerList => {
            sees_customer(role, &cell.place())
        }
        Target::UserList => sees_user(role, cell.place().unit),
        Target::UnitList | Target::ProductList => true,
        Target::InteractionList
        | Target::FieldConflictList
        | Target::DuplicateList
        | Target::MergeList
        | Target::CarePlanList
        | Target::HouseholdList
        | Target::LeaderVisitList => sees_customer(role, &cell.place()),
        Target::HandoverList => sees_handover(role, &cell.place()),
        Target::StandInList => sees_stand_in(role, &cell.place()),
        Target::PooledList => sees_pool(role, &cell.place()),
        Target::TaskList => sees_task(role, &cell.place()),
        Target::ViewsSeen => sees_view(role, cell),
        Target::JobList => cell.position == Own || role == Role::Auditor,
        _ => return true,
    };
    if answer.status != 200 {
        return true;
    }
    let is_it = |row: &Value| match cell.operation.target {
        Target::InvitationList | Target::AnswerList => row["customer"]["id"] == thing.customer.to_string(),
        Target::HoldingList => row["id"] == thing.holding.to_string(),
        _ => row["id"] == thing.id.to_string(),
    };
    let (mut page, mut listed) = (answer.json(), false);
    loop {
        listed |= page["data"].as_array().expect("a list").iter().any(is_it);
        let Some(next) = page["page"]["next"].as_str() else { break };
        assert_eq!(cell.operation.method, "GET", "the list is longer than this test reads");
        let path = place_of(cell.operation, app, thing).0;
        let joint = if path.contains('?') { '&' } else { '?' };
        page = client.get(&format!("{path}{joint}cursor={next}")).expect(200).json();
    }
    listed == sees
}

#[test]
fn b1_every_operation_for_every_role_on_every_customer() {
    let started = std::time::Instant::now();
    let app = TestApp::start();
    let ledger = Ledger::of(&app);
    let (quiet, writing): (Vec<Cell>, Vec<Cell>) = cells().into_iter().partition(Cell::leaves_everything);
    let mut wrong = Vec::new();

    let mut things = make_things(&app, "q", &quiet);
    // Sign everybody in before the rows are looked at.
    let strangers = [(Unit, own_session(&app.user("rm2"))), (OtherBranch, own_session(&app.user("rm_b1")))];
    for (thing, cell) in
        things.iter_mut().zip(&quiet).filter(|(_, cell)| cell.operation.target == Target::Session)
    {
        cell.caller.client(&app);
        thing.id = strangers
            .iter()
            .find(|(position, _)| *position == cell.position)
            .map_or_else(Uuid::now_v7, |found| found.1);
    }
    let mut signed_in = Instant::now();
    let mut rows = ledger.rows(&app);
    let mut calls = quiet.iter().zip(&things).peekable();
    while let Some((cell, thing)) = calls.next() {
        let client = cell.caller.client(&app);
        let answer = call(&client, &app, cell, thing);
        check(&mut wrong, cell, &answer);
        if !list_is_right(&client, &app, cell, thing, &answer) {
            wrong.push(format!("{cell}: the list is not what the policy says"));
        }
        // The rows are compared around all positions of one operation and role.
        let (operation, caller) = (cell.operation, cell.caller);
        if calls
            .peek()
            .is_none_or(|(next, _)| next.caller != caller || !std::ptr::eq(next.operation, operation))
        {
            let changed = difference(&rows, &ledger.rows(&app));
            assert!(
                changed.is_empty(),
                "{operation} as {:?} was refused or only read, and changed\n{}\n{}",
                caller.0,
                changed.join("\n"),
                wrong.join("\n")
            );
            if signed_in.elapsed() > RENEWED_AFTER {
                app.sign_in_anew();
                (signed_in, rows) = (Instant::now(), ledger.rows(&app));
            }
        }
    }

    let things = make_things(&app, "w", &writing);
    make_accounts(&app);
    app.sign_in_anew();
    (signed_in, rows) = (Instant::now(), ledger.rows(&app));
    for (cell, thing) in writing.iter().zip(&things) {
        if signed_in.elapsed() > RENEWED_AFTER {
            app.sign_in_anew();
            (signed_in, rows) = (Instant::now(), ledger.rows(&app));
        }
        let (client, thing) = caller_of(&app, cell, thing);
        let answer = call(&client, &app, cell, &thing);
        check(&mut wrong, cell, &answer);
        let after = ledger.rows(&app);
        let stays = cell.operation.path.starts_with("/auth/")
            || (cell.operation.path.ends_with("/assign") && cell.position == Unowned)
            || (cell.operation.path.ends_with("/default") && cell.operation.method == "DELETE")
            || !is_invited(cell, &answer);
        if answer.status < 300 && !stays && rows == after {
            wrong.push(format!("{cell}: nothing was written"));
        }
        rows = after;
    }
    assert!(
        wrong.is_empty(),
        "{} of {} cells:\n{}",
        wrong.len(),
        quiet.len() + writing.len(),
        wrong.join("\n")
    );
    eprintln!("B1: {} cells in {:?}", quiet.len() + writing.len(), started.elapsed());
}

/// Whether a customer was invited, which it is exactly when the caller sees it and it is not archived. Yes for every other operation.
fn is_invited(cell: &Cell, answer: &Answer) -> bool {
    let Some(role) =
        cell.caller.0.filter(|_| cell.operation.target == Target::NewInvitation && answer.status == 200)
    else {
        return true;
    };
    let made = answer.json();
    let (links, skipped) = (made["links"].as_array().expect("links").len(), &made["skipped"]);
    let place = cell.place();
    let reason = match sees_customer(role, &place) {
        false => Some("not_found"),
        true => place.archived.then_some("archived"),
    };
    assert_eq!(
        (links, skipped[0]["reason"].as_str()),
        (usize::from(reason.is_none()), reason),
        "{cell}: {made}"
    );
    links == 1
}

fn check(wrong: &mut Vec<String>, cell: &Cell, answer: &Answer) {
    if answer.status != cell.status {
        wrong.push(format!("{cell}: {} instead of {}", answer.status, cell.status));
    }
}

/// Two more accounts for each role: of one the sessions may end, of the other the password may change.
fn make_accounts(app: &TestApp) {
    let hash = hash();
    let new: Vec<NewUser> = Role::ALL
        .iter()
        .flat_map(|role| ["sessions", "password"].map(|purpose| (role, purpose)))
        .map(|(role, purpose)| NewUser {
            username: format!("{purpose}.{role}"),
            display_name: "Another account".into(),
            role: *role,
            org_unit_id: app.fixture.unit(home(*role)),
        })
        .collect();
    app.db(move |conn| {
        for new in &new {
            let password = org::NewPassword { hash: &hash, must_change: false, expires_at: None };
            org::create_user(conn, &Actor::operator(clock::now()), new, password)?;
        }
        Ok(())
    });
}

/// The client for a writing cell: what ends sessions is done by another account of the role.
fn caller_of(app: &TestApp, cell: &Cell, thing: &Thing) -> (Client, Thing) {
    let Some(role) = cell
        .caller
        .0
        .filter(|_| cell.operation.path.starts_with("/auth/") && cell.operation.path != "/auth/sign-in")
    else {
        return (cell.caller.client(app), thing.clone());
    };
    let purpose = if cell.operation.path == "/auth/password" { "password" } else { "sessions" };
    let client = app.anonymous().sign_in(&format!("{purpose}.{role}"), PASSWORD);
    let thing = match cell.operation.target {
        Target::Session => Thing { id: own_session(&client), ..thing.clone() },
        _ => thing.clone(),
    };
    (client, thing)
}

#[test]
fn b1_a_handover_needs_rights_on_both_sides() {
    let app = TestApp::start();
    let ledger = Ledger::of(&app);
    let unit = |code: &str| app.fixture.unit(code);
    let user = |name: &str| app.fixture.user(name);
    let cases = [
        (
            Role::OutletHead,
            json!({"org_unit_id": unit("a2"), "owner_id": null}),
            ("/org_unit_id", "not_in_scope"),
        ),
        (
            Role::OutletHead,
            json!({"org_unit_id": unit("a"), "owner_id": null}),
            ("/org_unit_id", "not_in_scope"),
        ),
        (
            Role::BranchManager,
            json!({"org_unit_id": unit("b1"), "owner_id": null}),
            ("/org_unit_id", "not_in_scope"),
        ),
        (
            Role::DeputyManager,
            json!({"org_unit_id": unit("head"), "owner_id": null}),
            ("/org_unit_id", "not_in_scope"),
        ),
        (Role::BranchManager, json!({"owner_id": user("rm_b1")}), ("/owner_id", "unit_of_owner")),
        (
            Role::BranchManager,
            json!({"owner_id": user("teller")}),
            ("/owner_id", "not_a_relationship_manager"),
        ),
        (Role::OutletHead, json!({"owner_id": Uuid::now_v7()}), ("/owner_id", "not_found")),
    ];
    let wanted: Vec<(Caller, Place)> = cases
        .iter()
        .map(|(role, ..)| (Caller(Some(*role)), Place { unit: "a1", ..place(Caller(Some(*role)), Unit) }))
        .collect();
    let things = make_customers(&app, "h", &wanted);
    for ((role, body, wrong), thing) in cases.iter().zip(&things) {
        let client = app.role(*role);
        let path = format!("/customers/{}", thing.id);
        client.get(&path).expect(200);
        let rows = ledger.rows(&app);
        let answer = client
            .send("POST", &format!("{path}/assign"), &[("If-Match", "\"1-0\"")], Some(body))
            .expect(422);
        assert_eq!(answer.fields(), [(wrong.0.to_owned(), wrong.1.to_owned())], "{role}: {body}");
        assert_eq!(difference(&rows, &ledger.rows(&app)), Vec::<String>::new(), "{role}: {body}");
    }
    // A relationship manager takes new customers for themselves only.
    let rm = app.role(Role::Rm);
    let rows = ledger.rows(&app);
    for (owner, code) in [("rm2", "not_in_scope"), ("rm_b1", "unit_of_owner")] {
        let new = json!({"kind": "person", "name": "王小明", "owner_id": user(owner)});
        let answer = rm.post("/customers", &new).expect(422);
        assert_eq!(answer.fields(), [("/owner_id".to_owned(), code.to_owned())], "{owner}");
    }
    assert_eq!(difference(&rows, &ledger.rows(&app)), Vec::<String>::new());
}

#[test]
fn b1_a_part_of_one_customer_is_not_reached_through_another() {
    let app = TestApp::start();
    let ledger = Ledger::of(&app);
    let caller = Caller(Some(Role::Rm));
    let things =
        make_customers(&app, "p", &[(caller, place(caller, Own)), (caller, place(caller, OtherBranch))]);
    let (own, foreign) = (&things[0], &things[1]);
    let client = app.role(Role::Rm);
    let rows = ledger.rows(&app);
    let point = format!("/customers/{}/contact-points/{}", own.id, foreign.contact_point);
    client.patch(&point, "\"1-0\"", &json!({"value": "13911112222"})).expect(404);
    client.delete(&point, "\"1-0\"").expect(404);
    let reveal = json!({"fields": [foreign.contact_point], "reason": "the customer asked"});
    client.post(&format!("/customers/{}/reveal", own.id), &reveal).expect(422);
    let taken = json!({"id": foreign.external_id});
    client.put(&format!("/customers/{}/external-ids/core", own.id), "\"1-0\"", &taken).expect(409);
    assert_eq!(difference(&rows, &ledger.rows(&app)), Vec::<String>::new());
}
