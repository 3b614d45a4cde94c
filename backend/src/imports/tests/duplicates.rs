//! Records whose customer may be there already, and conflicts that imports open.

use guanxi_api::Role;
use serde_json::{Value, json};

use super::{path, post, send};
use crate::testing::{Client, TestApp};
use crate::verify;

/// The number of a resident card (GB 11643-1999) of somebody born on the last day of 1949.
fn card(n: u32) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits = format!("11010519491231{n:03}");
    let sum: u32 = digits.chars().zip(WEIGHTS).map(|(c, weight)| c.to_digit(10).unwrap() * weight).sum();
    let check = "10X98765432".chars().nth((sum % 11) as usize).unwrap();
    format!("{digits}{check}")
}

fn person(name: &str, number: Option<String>, phone: Option<&str>) -> Value {
    let mut new = json!({"kind": "person", "name": name});
    if let Some(number) = number {
        new["identity"] = json!({"kind": "resident_card", "number": number});
    }
    if let Some(phone) = phone {
        new["contact_points"] = json!([{"kind": "phone", "value": phone}]);
    }
    new
}

fn mapping() -> Value {
    json!({"source": "core", "customer": [
        {"field": "external_id", "from": "{号}"}, {"field": "kind", "from": "person"}, {"field": "name", "from": "{名}"},
        {"field": "identity_number", "from": "{证}"}, {"field": "phone", "from": "{机}"}, {"field": "city", "from": "{市}"},
    ]})
}

/// Starts an import and waits for its end; gives the job.
fn import(app: &TestApp, client: &Client, text: &str, more: &Value) -> Value {
    let upload = send(client, "c.csv", text.as_bytes()).expect(201).json();
    let mut new = json!({"upload_id": upload["id"], "mapping": mapping()});
    for (name, value) in more.as_object().expect("members") {
        new[name] = value.clone();
    }
    let job = post(client, "/jobs/imports", &new).expect(202).json();
    app.work();
    client.get(&path(&job)).expect(200).json()
}

/// Of a job: created, updated, unchanged, failed; then duplicates, merged, skipped, conflicts.
fn counts(job: &Value) -> [i64; 8] {
    let names = ["created", "updated", "unchanged", "failed", "duplicates", "merged", "skipped", "conflicts"];
    let counts = names.map(|name| job["counts"][name].as_i64().unwrap_or_else(|| panic!("{name}: {job}")));
    assert_eq!(job["processed"], counts[..4].iter().sum::<i64>() + counts[6], "{job}");
    counts
}

fn found(client: &Client, q: &str) -> Vec<Value> {
    let found = client.post("/customers/search", &json!({"q": q})).expect(200).json();
    found["data"].as_array().expect("rows").clone()
}

fn duplicates(client: &Client, job: &Value) -> Vec<Value> {
    let rows = client.get(&format!("{}/duplicates", path(job))).expect(200).json();
    rows["data"].as_array().expect("rows").clone()
}

struct Bank {
    app: TestApp,
    head: Client,
    file: String,
}

fn bank() -> Bank {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    head.post("/customers", &person("王伟", Some(card(1)), None)).expect(201);
    head.post("/customers", &person("李娜", None, Some("13900139000"))).expect(201);
    app.user("rm_b1").post("/customers", &person("欧阳锋", Some(card(2)), None)).expect(201);
    let file = format!(
        "号,名,证,机,市\n\
         D-1,王伟伟,{},,杭州\n\
         D-2,李 娜,,139 0013 9000,\n\
         D-3,李四,,13900139000,\n\
         D-4,某人,{},,\n\
         D-5,新人,{},,\n\
         D-6,新人,{},,苏州\n\
         D-7,别人,,,\n",
        card(1).to_lowercase(),
        card(2),
        card(3),
        card(3)
    );
    Bank { app, head, file }
}

#[test]
fn a_dry_run_tells_whom_records_may_be() {
    let Bank { app, head, file } = bank();
    let job = import(&app, &head, &file, &json!({"dry_run": true}));
    assert_eq!(counts(&job), [7, 0, 0, 0, 4, 0, 0, 0]);
    let rows = duplicates(&head, &job);
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            let likeness = row["likeness"].as_str().unwrap();
            (
                row["line"].as_i64().unwrap(),
                likeness,
                row["customer"]["masked_name"].as_str(),
                row["of_line"].as_i64(),
            )
        })
        .collect();
    let (by_number, by_phone) = ("identity_document", "phone_and_name");
    assert_eq!(
        told,
        [
            (2, by_number, Some("王*"), None),
            (3, by_phone, Some("李*"), None),
            (5, by_number, None, None),
            (7, by_number, None, Some(6)),
        ]
    );
    // Of whom one does not see it is told where, and nothing else.
    let unit =
        app.role(Role::Admin).get(&format!("/org-units/{}", app.fixture.unit("b1"))).expect(200).json();
    assert_eq!(rows[2]["looked_after_by"], unit["name"]["en"]);
    assert_eq!((&rows[2]["customer"], &rows[0]["looked_after_by"]), (&Value::Null, &Value::Null));
    assert!(!rows[2].to_string().contains("欧阳"));
    app.role(Role::DeputyManager).get(&format!("{}/duplicates", path(&job))).expect(404);
    // Others are imported as ever, and by default those, too.
    let job = import(&app, &head, &file, &json!({}));
    assert_eq!(counts(&job), [7, 0, 0, 0, 4, 0, 0, 0]);
    let job = import(&app, &head, &file, &json!({"duplicates": "skip"}));
    assert_eq!(counts(&job), [0, 0, 7, 0, 0, 0, 0, 0], "who is found by a key is nobody's duplicate");
}

#[test]
fn records_are_merged_left_out_and_taken_back() {
    let Bank { app, head, file } = bank();
    let before = found(&head, "王伟")[0].clone();
    let merge = json!({"duplicates": "merge", "decisions": [{"row": 5, "action": "skip"}]});
    let mut tried = merge.clone();
    tried["dry_run"] = json!(true);
    let done = [3, 3, 0, 0, 4, 3, 1, 0];
    assert_eq!(counts(&import(&app, &head, &file, &tried)), done);
    let job = import(&app, &head, &file, &merge);
    assert_eq!((counts(&job), &job["state"]), (done, &json!("succeeded")));
    let now = found(&head, "王伟伟");
    assert_eq!((now.len(), &now[0]["id"], &now[0]["city"]), (1, &before["id"], &json!("杭州")));
    assert_eq!(found(&head, "D-2")[0]["name"], "李 娜", "it is found by its key from now on");
    let twice = found(&head, "新人");
    assert_eq!((twice.len(), &twice[0]["city"]), (1, &json!("苏州")));
    assert!(found(&head, "D-4").is_empty());

    // Once more, nothing is left to do: D-6 has no key of its own, and D-4 is left out again.
    assert_eq!(counts(&import(&app, &head, &file, &merge)), [0, 0, 6, 0, 2, 1, 1, 0]);

    let undo = post(&head, &format!("{}/undo", path(&job)), &json!({})).expect(202).json();
    app.work();
    let undone = head.get(&path(&undo)).expect(200).json();
    let left = head.get(&format!("{}/problems", path(&undo))).expect(200).text();
    assert_eq!(undone["state"], "succeeded", "{undone} {left}");
    assert!(found(&head, "新人").is_empty() && found(&head, "D-1").is_empty());
    assert_eq!(found(&head, "王伟")[0]["name"], "王伟");
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
    // And it can come again.
    assert_eq!(counts(&import(&app, &head, &file, &merge)), done);
}

#[test]
fn nobody_is_merged_whom_one_does_not_see() {
    let Bank { app, head, file } = bank();
    let job = import(
        &app,
        &head,
        &file,
        &json!({"duplicates": "skip", "decisions": [{"row": 5, "action": "merge"}]}),
    );
    assert_eq!(counts(&job), [3, 0, 0, 1, 4, 0, 3, 0]);
    let wrong = head.get(&format!("{}/problems", path(&job))).expect(200).json();
    assert_eq!(wrong["data"][0]["problems"][0]["code"], "customer_out_of_reach");
    let body = json!({"upload_id": job["import"]["upload_id"], "mapping": mapping(), "decisions": [{"row": 5, "action": "merge"}, {"row": 5, "action": "keep"}]});
    let fields = post(&head, "/jobs/imports", &body).expect(422).fields();
    assert_eq!(fields, [("/decisions/1/row".to_owned(), "duplicate".to_owned())]);
}

#[test]
fn later_steps_find_the_documents_of_earlier_ones() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    // More than a step, with the same document at both ends.
    let row = |n: u32| format!("K-{n},客户{n},{},,杭州\n", card(if n == 449 { 0 } else { n }));
    let text: String = std::iter::once("号,名,证,机,市\n".to_owned()).chain((0..450).map(row)).collect();
    let tried = import(&app, &head, &text, &json!({"duplicates": "merge", "dry_run": true}));
    assert_eq!(counts(&tried), [449, 1, 0, 0, 1, 1, 0, 0]);
    let job = import(&app, &head, &text, &json!({"duplicates": "merge"}));
    assert_eq!(counts(&job), [449, 1, 0, 0, 1, 1, 0, 0]);
    assert_eq!(duplicates(&head, &job)[0]["of_line"], 2);
}

#[test]
fn an_import_tells_of_the_conflicts_that_it_opens_and_withdraws_them() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let mut new = person("王伟", None, None);
    new["city"] = json!("上海");
    new["external_ids"] = json!([{"source": "core", "id": "K-1"}]);
    let made = head.post("/customers", &new).expect(201);
    let customer = format!("/customers/{}", made.json()["id"].as_str().unwrap());
    head.put(&format!("{customer}/fields/city/verification"), &made.tag(), &json!({"verified": true}))
        .expect(200);
    let state = |state: &str| {
        let found =
            head.get(&format!("/field-conflicts?filter=state%20eq%20%22{state}%22")).expect(200).json();
        found["data"].as_array().unwrap().len()
    };
    let text = |city: &str| format!("号,名,证,机,市\nK-1,王伟,,,{city}\n");
    assert_eq!(counts(&import(&app, &head, &text("杭州"), &json!({"dry_run": true})))[7], 1);
    assert_eq!(state("open"), 0);
    let first = import(&app, &head, &text("杭州"), &json!({}));
    assert_eq!(counts(&first), [0, 0, 1, 0, 0, 0, 0, 1]);
    assert_eq!(state("open"), 1);
    assert_eq!(
        counts(&import(&app, &head, &text("杭州"), &json!({})))[7],
        0,
        "offered again it opens nothing"
    );
    // Another value takes the place of the first one, and gives it back.
    let second = import(&app, &head, &text("苏州"), &json!({}));
    assert_eq!(counts(&second)[7], 1);
    let undo = |job: &Value| {
        let undo = post(&head, &format!("{}/undo", path(job)), &json!({})).expect(202).json();
        app.work();
        assert_eq!(head.get(&path(&undo)).expect(200).json()["state"], "succeeded");
    };
    undo(&second);
    let open = head.get("/field-conflicts").expect(200).json();
    assert_eq!(open["data"][0]["offered"], "杭州");
    undo(&first);
    assert_eq!((state("open"), state("withdrawn")), (0, 1));
    assert_eq!(head.get(&customer).expect(200).json()["city"], "上海");
    // What was withdrawn can be offered again.
    let third = import(&app, &head, &text("杭州"), &json!({}));
    assert_eq!((counts(&third)[7], state("open")), (1, 1));
    // What somebody has decided stands.
    let open = head.get("/field-conflicts").expect(200).json();
    let conflict = format!("/field-conflicts/{}", open["data"][0]["id"].as_str().unwrap());
    let tag = head.get(&conflict).expect(200).tag();
    head.send(
        "POST",
        &format!("{conflict}/resolve"),
        &[("If-Match", &tag)],
        Some(&json!({"take": "current"})),
    )
    .expect(200);
    undo(&third);
    assert_eq!((state("declined"), state("withdrawn")), (1, 0));
}
