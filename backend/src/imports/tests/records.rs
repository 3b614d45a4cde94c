//! What files bring besides customers, and the two files of real customers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use guanxi_api::{Amount, Role};
use serde_json::{Value, json};

use super::undo::{customer, left};
use super::{outcome, path, post, send, start};
use crate::testing::{Client, TestApp};
use crate::{clock, import_file, verify};

pub(super) fn product(admin: &Client, code: &str, kind: &str, currency: &str) {
    let new = json!({"code": code, "kind": kind, "name": {"zh-CN": code, "en": code}, "currency": currency});
    admin.post("/products", &new).expect(201);
}

/// A survey with one question, called as the mapping calls it.
pub(super) fn survey(head: &Client, name: &str) -> String {
    let question = json!({"key": "satisfaction", "kind": "csat", "required": true, "text": {"zh-CN": "满意吗？", "en": "Satisfied?"}});
    let new = json!({"title": {"zh-CN": "满意度", "en": "Satisfaction"}, "questions": [question]});
    let made = head.post("/questionnaires", &new).expect(201);
    let questionnaire = made.json()["id"].clone();
    let publish = format!("/questionnaires/{}/publish", questionnaire.as_str().expect("an id"));
    head.act(&publish, &made.tag()).expect(200);
    let new = json!({"name": name, "questionnaire_id": questionnaire, "anonymous": false, "closes_at": "2100-01-01T00:00:00.000000Z"});
    let made = head.post("/surveys", &new).expect(201);
    let id = made.json()["id"].as_str().expect("an id").to_owned();
    head.act(&format!("/surveys/{id}/open"), &made.tag()).expect(200);
    id
}

pub(super) fn filtered(list: &str, filter: &str, more: &str) -> String {
    if filter.is_empty() {
        return format!("/{list}?{more}");
    }
    let filter = filter.replace(' ', "%20").replace('"', "%22");
    format!("/{list}?filter={filter}&{more}")
}

pub(super) fn total(client: &Client, list: &str, filter: &str) -> i64 {
    let answer = client.get(&filtered(list, filter, "limit=1&include=total")).expect(200).json();
    answer["page"]["total"].as_i64().expect("a total")
}

/// All rows of a list, page by page.
pub(super) fn all(client: &Client, list: &str, filter: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&filtered(list, filter, &format!("limit=200{cursor}"))).expect(200).json();
        rows.extend(page["data"].as_array().expect("rows").iter().cloned());
        match page["page"]["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break rows,
        }
    }
}

fn units(text: &Value) -> i64 {
    Amount::parse(text.as_str().expect("an amount")).expect("an amount").0
}

pub(super) fn mapping() -> Value {
    json!({
        "source": "core",
        "customer": [
            {"field": "external_id", "from": "{客户号}"}, {"field": "kind", "from": "person"}, {"field": "name", "from": "{姓名}"},
        ],
        "records": [
            {"target": "holding", "key": "{账号}", "when": "\"余额\" ne null", "fields": [
                {"field": "product_code", "from": "D1"}, {"field": "amount", "from": "{余额}"}, {"field": "opened_on", "from": "2020-01-01"},
                {"field": "reference", "from": "{账号}"},
            ]},
            {"target": "interaction", "key": "complaint", "when": "\"投诉\" eq \"是\"", "fields": [
                {"field": "kind", "from": "电话"}, {"field": "purpose", "from": "投诉"}, {"field": "outcome", "from": "{结果}"},
                {"field": "occurred_on", "from": "2024-05-06"}, {"field": "notes", "from": "排队太久"},
            ]},
            {"target": "survey_answer", "key": "2024", "fields": [
                {"field": "survey_name", "from": "Taken over"}, {"field": "answered_on", "from": "2024-05-06"},
                {"field": "answer", "question": "satisfaction", "from": "{评分}"},
            ]},
        ],
    })
}

pub(super) const FILE: &str = "客户号,姓名,账号,余额,投诉,结果,评分\n\
    1,王一,6222000011112222,\"1,234.50\",是,已接通,5\n\
    2,李二,6222000033334444,-71,否,,2\n\
    3,赵三,,,否,,\n";

#[test]
fn a_file_brings_holdings_contacts_and_answers_and_finds_them_again() {
    let app = TestApp::start();
    let (admin, head) = (app.role(Role::Admin), app.role(Role::OutletHead));
    product(&admin, "D1", "deposit", "CNY");
    let survey = survey(&head, "Taken over");
    let import = |text: &str, mapping: Value, dry_run: bool| {
        let upload = send(&head, "c.csv", text.as_bytes()).expect(201).json();
        let job = start(&head, &upload, mapping, dry_run);
        app.work();
        (outcome(&head, &job), job)
    };
    let taken = |counts: [i64; 4]| ("succeeded".to_owned(), counts);
    assert_eq!(import(FILE, mapping(), true).0, taken([3, 0, 0, 0]));
    assert_eq!(total(&head, "customers", "kind eq \"person\""), total(&head, "customers", ""));
    let before = total(&head, "customers", "");
    assert_eq!(import(FILE, mapping(), false).0, taken([3, 0, 0, 0]));
    assert_eq!(total(&head, "customers", ""), before + 3);
    assert_eq!(import(FILE, mapping(), false).0, taken([0, 0, 3, 0]));

    let found = head.post("/customers/search", &json!({"q": "王一"})).expect(200).json();
    let id = found["data"][0]["id"].as_str().expect("an id").to_owned();
    let held = head.get(&format!("/customers/{id}/holdings")).expect(200).json();
    assert_eq!(
        (held["data"].as_array().unwrap().len(), &held["data"][0]["amount"]),
        (1, &json!("1234.5000"))
    );
    assert_eq!(held["data"][0]["reference"], "****2222");
    assert_eq!(
        head.get(&format!("/customers/{id}")).expect(200).json()["figures"]["aum"]["amount"],
        "1234.5000"
    );
    let contacts = head.get(&format!("/customers/{id}/interactions")).expect(200).json();
    let contact = &contacts["data"][0];
    assert_eq!((&contact["purpose"], &contact["outcome"]), (&json!("complaint"), &json!("reached")));
    // A day begins when it does in the zone of the bank.
    assert_eq!(contact["occurred_at"], "2024-05-05T16:00:00.000000Z");
    let answers = all(&head, &format!("surveys/{survey}/answers"), "");
    let scores: Vec<&Value> = answers.iter().map(|answer| &answer["answers"][0]["score"]).collect();
    assert_eq!((answers.len(), scores.iter().filter(|score| ***score == json!(2)).count()), (2, 1));
    assert!(answers.iter().all(|answer| answer["source"] == "imported" && answer["follow_up"].is_null()));

    // The next file of the same system: what differs is moved, not made again.
    let next =
        FILE.replace("1,234.50", "2000").replace("已接通", "成交").replace("赵三,,,", "赵三,62220000,10,");
    assert_eq!(import(&next, mapping(), false).0, taken([0, 2, 1, 0]));
    let held = head.get(&format!("/customers/{id}/holdings")).expect(200).json();
    assert_eq!(
        (held["data"].as_array().unwrap().len(), &held["data"][0]["amount"]),
        (1, &json!("2000.0000"))
    );
    let holding = held["data"][0]["id"].as_str().expect("an id");
    let moved = head.get(&format!("/holdings/{holding}/transactions")).expect(200).json();
    assert_eq!(
        (&moved["data"][0]["kind"], &moved["data"][0]["amount"]),
        (&json!("adjustment"), &json!("765.5000"))
    );
    assert_eq!(
        head.get(&format!("/customers/{id}/interactions")).expect(200).json()["data"][0]["outcome"],
        "sold"
    );
    assert_eq!(import(&next, mapping(), false).0, taken([0, 0, 3, 0]));
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn what_cannot_be_brought_keeps_its_record_out_whole() {
    let app = TestApp::start();
    let (admin, head) = (app.role(Role::Admin), app.role(Role::OutletHead));
    product(&admin, "D1", "deposit", "CNY");
    survey(&head, "Taken over");
    let import = |text: &str| {
        let upload = send(&head, "c.csv", text.as_bytes()).expect(201).json();
        let job = start(&head, &upload, mapping(), false);
        app.work();
        let wrong = head.get(&format!("{}/problems", path(&job))).expect(200).json();
        let told = wrong["data"].as_array().unwrap().iter().map(|record| {
            let problem = &record["problems"][0];
            (
                record["line"].as_i64().unwrap(),
                problem["column"].clone(),
                problem["code"].as_str().unwrap().to_owned(),
            )
        });
        (outcome(&head, &job).1, told.collect::<Vec<_>>())
    };
    assert_eq!(import(FILE).0, [3, 0, 0, 0]);
    let bad = "客户号,姓名,账号,余额,投诉,结果,评分\n\
        1,王一,6222000011112222,\"1,234.50\",是,已接通,3\n\
        3,赵三,62220000,viel,否,,\n\
        4,钱四,12,1,是,xyz,9\n\
        5,孙五,,,是,成交,x\n";
    let before = total(&head, "customers", "");
    let (counts, told) = import(bad);
    assert_eq!(counts, [0, 0, 0, 4]);
    let expected = [
        (2, json!("评分"), "answered_otherwise"),
        (3, json!("余额"), "no_amount"),
        (4, json!("账号"), "reference_format"),
        (5, json!("评分"), "no_answer_to_question"),
    ];
    assert_eq!(told, expected.map(|(line, column, code)| (line, column, code.to_owned())));
    assert_eq!(total(&head, "customers", ""), before);
    // A holding that was closed here is nobody else's to move.
    let found = head.post("/customers/search", &json!({"q": "王一"})).expect(200).json();
    let id = found["data"][0]["id"].as_str().expect("an id");
    let held = head.get(&format!("/customers/{id}/holdings")).expect(200).json()["data"][0].clone();
    let path = format!("/holdings/{}", held["id"].as_str().unwrap());
    let tag = head.get(&path).expect(200).tag();
    head.send("POST", &format!("{path}/close"), &[("If-Match", &tag)], Some(&json!({}))).expect(200);
    let (counts, told) = import(&FILE.replace("1,234.50", "7"));
    assert_eq!((counts, &told[0].2), ([0, 0, 2, 1], &"closed".to_owned()));
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

/// Has a customer go up in another one.
fn merge(client: &Client, survivor: &str, other: &str) {
    let path = format!("/customers/{survivor}");
    let tag = client.get(&path).expect(200).tag();
    let version = client.get(&format!("/customers/{other}")).expect(200).json()["version"].clone();
    let new = json!({"other_id": other, "other_version": version, "take": []});
    client.send("POST", &format!("{path}/merge"), &[("If-Match", &tag)], Some(&new)).expect(201);
}

/// How many holdings and contacts a customer has.
fn has(client: &Client, id: &str) -> [usize; 2] {
    ["holdings", "interactions"].map(|what| {
        let rows = client.get(&format!("/customers/{id}/{what}")).expect(200).json();
        rows["data"].as_array().expect("rows").len()
    })
}

fn id(customer: &Value) -> String {
    customer["id"].as_str().expect("an id").to_owned()
}

#[test]
fn what_is_said_of_who_went_up_in_another_customer_goes_to_that_one() {
    let app = TestApp::start();
    let (admin, head) = (app.role(Role::Admin), app.role(Role::OutletHead));
    product(&admin, "D1", "deposit", "CNY");
    survey(&head, "Taken over");
    let import = |text: &str| {
        let job = super::undo::import(&app, &head, text, mapping());
        outcome(&head, &job)
    };
    let done = |counts: [i64; 4]| ("succeeded".to_owned(), counts);
    let new = |name: &str| {
        id(&head.post("/customers", &json!({"kind": "person", "name": name})).expect(201).json())
    };
    assert_eq!(import(FILE), done([3, 0, 0, 0]));
    let gone = id(&customer(&head, "赵三"));
    let (survivor, last) = (new("赵叁"), new("赵参"));
    merge(&head, &survivor, &gone);
    let told = |more: &str| FILE.replace("3,赵三,,,否,,", &format!("3,赵三,{more},"));
    assert_eq!(import(&told("62220000,10,是,已接通")), done([0, 1, 2, 0]));
    assert_eq!((has(&head, &survivor), has(&head, &gone)), ([1, 1], [0, 0]));
    let figures = |id: &str| head.get(&format!("/customers/{id}")).expect(200).json()["figures"].clone();
    assert_eq!(figures(&survivor)["aum"]["amount"], "10.0000");
    assert_eq!(figures(&survivor)["last_contacted_at"], "2024-05-05T16:00:00.000000Z");
    // That one may have gone up in another one itself.
    merge(&head, &last, &survivor);
    assert_eq!(import(&told("62220001,20,是,未接通")), done([0, 1, 2, 0]));
    assert_eq!([&last, &survivor, &gone].map(|id| has(&head, id)), [[2, 1], [0, 0], [0, 0]]);
    assert_eq!(figures(&last)["aum"]["amount"], "30.0000");
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn what_is_said_of_who_went_out_of_reach_is_a_problem_of_its_record() {
    let app = TestApp::start();
    let (admin, head) = (app.role(Role::Admin), app.role(Role::OutletHead));
    let manager = app.role(Role::BranchManager);
    product(&admin, "D1", "deposit", "CNY");
    survey(&head, "Taken over");
    let import = |text: &str| {
        let job = super::undo::import(&app, &head, text, mapping());
        (outcome(&head, &job), left(&head, &job))
    };
    assert_eq!(import(FILE).0.1, [3, 0, 0, 0]);
    let new = json!({"kind": "person", "name": "王壹"});
    let survivor = id(&app.user("rm_a2").post("/customers", &new).expect(201).json());
    merge(&manager, &survivor, &id(&customer(&head, "王一")));
    let refused = |counts: [i64; 4]| {
        let told = vec![(2, "customer_out_of_reach".to_owned())];
        (("partially_succeeded".to_owned(), counts), told)
    };
    // A contact that is there, and a holding that is not.
    assert_eq!(import(&FILE.replace("已接通", "成交").replace("-71", "-70")), refused([0, 1, 1, 1]));
    assert_eq!(import(&FILE.replace("6222000011112222", "6222000077778888")), refused([0, 1, 1, 1]));
    assert_eq!(has(&manager, &survivor), [1, 1]);
    let contacts = manager.get(&format!("/customers/{survivor}/interactions")).expect(200).json();
    assert_eq!(contacts["data"][0]["outcome"], "reached");
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn only_who_may_write_something_may_bring_it() {
    let app = TestApp::start();
    let admin = app.role(Role::Admin);
    let upload = send(&admin, "c.csv", FILE.as_bytes()).expect(201).json();
    let new = json!({"upload_id": upload["id"], "mapping": mapping(), "dry_run": true});
    post(&admin, "/jobs/imports", &new).expect(403);
}

/// Where real data lies that is no part of the project; none on machines that do not have it.
fn real_data(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("GUANXI_TEST_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let file = folder.join(name);
    let found = file.is_file().then_some(file);
    if found.is_none() {
        eprintln!("not run: no data");
    }
    found
}

/// Imports a file by the mapping of its example, as the command line does: created, updated, unchanged, failed.
fn import_real(app: &TestApp, file: &Path, example: &str) -> [i64; 4] {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/examples").join(example);
    let mapping = std::fs::read_to_string(example).expect("the example").replace("\"0000\"", "\"a1\"");
    let folder = tempfile::tempdir().expect("a folder");
    let mapping_file = folder.path().join("mapping.json");
    std::fs::write(&mapping_file, mapping).expect("the mapping");
    let order =
        import_file::Order { file, mapping: &mapping_file, dry_run: false, duplicates: Default::default() };
    let done = import_file::import_file(&app.bench(), &order, clock::now, |_, _| {}).expect("the import");
    let counts = done.job.counts;
    [counts.created, counts.updated, counts.unchanged, counts.failed]
}

/// The records of a file, by the names of its columns.
fn records(file: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(file).expect("the file");
    reader.deserialize().collect::<Result<_, _>>().expect("its records")
}

fn rate_of_euro(admin: &Client) {
    admin
        .post(
            "/exchange-rates",
            &json!({"currency": "EUR", "valid_from": "2020-01-01", "rate": "7.80000000"}),
        )
        .expect(201);
}

#[test]
fn the_churn_file_is_ten_thousand_customers_with_all_that_they_have() {
    let Some(file) = real_data("bank-churn.csv") else { return };
    let app = TestApp::start();
    let (admin, head) = (app.role(Role::Admin), app.role(Role::OutletHead));
    rate_of_euro(&admin);
    for (code, kind) in
        [("EUR-DEPOSIT", "deposit"), ("EUR-UNSPECIFIED", "unspecified"), ("EUR-CREDIT-CARD", "card")]
    {
        product(&admin, code, kind, "EUR");
    }
    let survey = survey(&head, "Satisfaction, taken over");
    assert_eq!(import_real(&app, &file, "bank-churn.json"), [10_000, 0, 0, 0]);
    assert_eq!(import_real(&app, &file, "bank-churn.json"), [0, 0, 10_000, 0]);

    let records = records(&file);
    let count = |column: &str, value: &str| records.iter().filter(|record| record[column] == value).count();
    assert_eq!(total(&head, "customers", "status eq \"lost\""), 2_038);
    assert_eq!(total(&head, "customers", "gender eq \"female\"") as usize, count("Gender", "Female"));
    assert_eq!(total(&head, "interactions", "purpose eq \"complaint\""), 2_044);
    let held = all(&head, "holdings", "");
    let deposits: Vec<&Value> = held.iter().filter(|held| held["product"]["code"] == "EUR-DEPOSIT").collect();
    let balances: i64 =
        records.iter().map(|record| Amount::parse(&record["Balance"]).expect("an amount").0).sum();
    assert_eq!(deposits.len(), 10_000);
    assert_eq!(deposits.iter().map(|held| units(&held["amount"])).sum::<i64>(), balances);
    let products: i64 = records.iter().map(|record| record["Num_Of_Products"].parse::<i64>().unwrap()).sum();
    let cards = count("Has_Cr_Card", "1");
    assert_eq!(held.len(), usize::try_from(products).unwrap() + cards);
    let results = head.get(&format!("/surveys/{survey}/results")).expect(200).json();
    let shown = results["questions"][0]["distribution"].as_array().expect("a distribution");
    for score in 1..=5 {
        let counted = shown.iter().find(|one| one["value"] == json!(score.to_string())).expect("a score");
        assert_eq!(counted["count"], json!(count("Satisfaction_Score", &score.to_string())), "{score}");
    }
    let found = head.post("/customers/search", &json!({"q": "15634602"})).expect(200).json();
    let id = found["data"][0]["id"].as_str().expect("an id");
    let customer = head.get(&format!("/customers/{id}")).expect(200).json();
    assert_eq!((&customer["name"], &customer["birth_year"]), (&json!("Hargrave"), &json!(1977)));
    assert!(customer["birth_date"].is_null());
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn the_marketing_file_is_forty_five_thousand_calls_and_who_was_called() {
    let Some(file) = real_data("bank-marketing.csv") else { return };
    let app = TestApp::start();
    let (admin, head) = (app.role(Role::Admin), app.role(Role::OutletHead));
    rate_of_euro(&admin);
    for (code, kind) in
        [("EUR-DEPOSIT", "deposit"), ("EUR-HOUSING-LOAN", "loan"), ("EUR-PERSONAL-LOAN", "loan")]
    {
        product(&admin, code, kind, "EUR");
    }
    // A fifth of it, spread over the whole file: all of it takes as long as every other test together.
    let records = records(&file);
    let mut some = csv::Writer::from_writer(Vec::new());
    some.write_record(csv::Reader::from_path(&file).expect("the file").headers().expect("names")).unwrap();
    let whole = csv::Reader::from_path(&file).expect("the file").into_records();
    for record in whole.step_by(5) {
        some.write_record(&record.expect("a record")).unwrap();
    }
    let folder = tempfile::tempdir().expect("a folder");
    let part = folder.path().join("part.csv");
    std::fs::write(&part, some.into_inner().expect("the text")).expect("the file");
    let records: Vec<_> = records.into_iter().step_by(5).collect();
    let count = |column: &str, value: &str| {
        i64::try_from(records.iter().filter(|record| record[column] == value).count()).unwrap()
    };
    let all_of_it = i64::try_from(records.len()).unwrap();
    assert_eq!(import_real(&app, &part, "bank-marketing.json"), [all_of_it, 0, 0, 0]);
    assert_eq!(import_real(&app, &part, "bank-marketing.json"), [0, 0, all_of_it, 0]);
    assert_eq!(total(&head, "interactions", "purpose eq \"sale\""), all_of_it);
    assert_eq!(total(&head, "interactions", "outcome eq \"sold\""), count("y", "yes"));
    assert_eq!(total(&head, "interactions", "kind eq \"unknown\""), count("contact", "unknown"));
    let held = all(&head, "holdings", "");
    let of = |code: &str| held.iter().filter(|held| held["product"]["code"] == code).collect::<Vec<_>>();
    assert_eq!(i64::try_from(of("EUR-HOUSING-LOAN").len()).unwrap(), count("housing", "yes"));
    assert_eq!(i64::try_from(of("EUR-PERSONAL-LOAN").len()).unwrap(), count("loan", "yes"));
    let balances: i64 = records.iter().map(|record| record["balance"].parse::<i64>().unwrap() * 10_000).sum();
    assert_eq!(of("EUR-DEPOSIT").iter().map(|held| units(&held["amount"])).sum::<i64>(), balances);
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}
