use guanxi_api::Role;
use serde_json::{Value, json};

use crate::testing::{Answer, Client, TestApp};
use crate::verify;

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn person(client: &Client, name: &str, owner: Option<uuid::Uuid>) -> String {
    text(
        &client
            .post("/customers", &json!({"kind": "person", "name": name, "owner_id": owner}))
            .expect(201)
            .json()["id"],
    )
}

fn new_tag(client: &Client, name: &str) -> String {
    text(&client.post("/tags", &json!({"name": name, "colour": "blue"})).expect(201).json()["id"])
}

fn give(client: &Client, customer: &str, tag: &str) -> Answer {
    client.send("PUT", &format!("/customers/{customer}/tags/{tag}"), &[], None)
}

fn take(client: &Client, customer: &str, tag: &str) -> Answer {
    client.send("DELETE", &format!("/customers/{customer}/tags/{tag}"), &[], None)
}

fn names(answer: &Value) -> Vec<String> {
    answer["tags"].as_array().expect("a list").iter().map(|given| text(&given["tag"]["name"])).collect()
}

fn found(client: &Client, filter: &str) -> Vec<String> {
    let filter = filter.replace(' ', "%20").replace('"', "%22");
    let rows = client.get(&format!("/customers?limit=200&filter={filter}")).expect(200).json();
    rows["data"].as_array().expect("rows").iter().map(|row| text(&row["name"])).collect()
}

#[test]
fn a_word_stands_in_the_catalogue_once() {
    let app = TestApp::start();
    let (admin, head) = (app.role(Role::Admin), app.role(Role::OutletHead));
    let made = head.post("/tags", &json!({"name": " VIP  活动 ", "description": "沙龙"})).expect(201);
    let tag = made.json();
    assert_eq!(
        (&tag["name"], &tag["colour"], &tag["customers"]),
        (&json!("VIP  活动"), &json!("grey"), &json!(0))
    );
    for same in ["vip 活动", "ＶＩＰ　活动", "Víp 活动"] {
        let refused = head.post("/tags", &json!({"name": same})).expect(409);
        assert_eq!(refused.fields()[0], ("/name".to_owned(), "taken".to_owned()), "{same}");
    }
    head.post("/tags", &json!({"name": "VIP活动"})).expect(201);
    for (body, pointer, code) in [
        (json!({"name": ""}), "/name", "length"),
        (json!({"name": "字".repeat(41)}), "/name", "length"),
        (json!({"name": " "}), "/name", "required"),
        (json!({"name": "x", "description": "字".repeat(201)}), "/description", "length"),
        (json!({"name": "a\u{7}b"}), "/name", "control_character"),
    ] {
        let fields = head.post("/tags", &body).expect(422).fields();
        assert_eq!(fields[0], (pointer.to_owned(), code.to_owned()), "{body}");
    }
    head.post("/tags", &json!({"name": "x", "colour": "pink"})).expect(422);
    // Heads add words; administrators keep order among them.
    let path = format!("/tags/{}", text(&tag["id"]));
    head.patch(&path, &made.tag(), &json!({"colour": "red"})).expect(403);
    app.role(Role::Rm).post("/tags", &json!({"name": "自己的"})).expect(403);
    let red = admin.patch(&path, &made.tag(), &json!({"colour": "red", "description": null})).expect(200);
    assert_eq!((&red.json()["colour"], &red.json()["description"]), (&json!("red"), &Value::Null));
    admin.patch(&path, &made.tag(), &json!({"colour": "teal"})).expect(412);
    admin.patch(&path, &red.tag(), &json!({"name": "vip活动"})).expect(409);
    let off = admin.act(&format!("{path}/archive"), &red.tag()).expect(200);
    let listed =
        |query: &str| head.get(&format!("/tags{query}")).expect(200).json()["data"].as_array().map(Vec::len);
    assert_eq!((listed(""), listed("?filter=archived%20in%20(true,false)")), (Some(1), Some(2)));
    // Its name stays taken, so that it can come back.
    head.post("/tags", &json!({"name": "VIP 活动"})).expect(409);
    admin.act(&format!("{path}/restore"), &off.tag()).expect(200);
    let history = head.get(&format!("{path}/history")).expect(200).json();
    let actions: Vec<String> =
        history["data"].as_array().expect("entries").iter().map(|entry| text(&entry["action"])).collect();
    assert_eq!(actions, ["tag.restored", "tag.archived", "tag.updated", "tag.created"]);
}

#[test]
fn customers_are_marked_and_found_by_their_tags() {
    let app = TestApp::start();
    let (head, rm) = (app.role(Role::OutletHead), app.role(Role::Rm));
    let own = person(&head, "张三", Some(app.fixture.user("rm")));
    let other = person(&head, "李四", Some(app.fixture.user("rm2")));
    let (vip, foreign) = (new_tag(&head, "VIP 活动"), new_tag(&head, "外语服务"));
    assert_eq!(names(&give(&rm, &own, &vip).expect(200).json()), ["VIP 活动"]);
    assert_eq!(names(&give(&rm, &own, &foreign).expect(200).json()).len(), 2);
    let before = rm.get(&format!("/customers/{own}/tags")).expect(200).json();
    // Again is nothing new.
    assert_eq!(give(&head, &own, &vip).expect(200).json(), before);
    give(&rm, &other, &vip).expect(404);
    give(&head, &other, &vip).expect(200);
    assert_eq!(head.get(&format!("/tags/{vip}")).expect(200).json()["customers"], json!(2));
    assert_eq!(found(&head, &format!("tag_id eq \"{foreign}\"")), ["张三"]);
    assert_eq!(found(&head, &format!("tag_id in (\"{foreign}\", \"{vip}\")")).len(), 2);
    assert_eq!(found(&rm, &format!("tag_id has \"{vip}\"")), ["张三"]);
    assert_eq!(found(&head, &format!("not tag_id eq \"{foreign}\"")), ["李四"]);
    assert_eq!(found(&head, "tag_id eq null"), Vec::<String>::new());
    head.get(&format!("/customers?filter=tag_id%20ne%20%22{vip}%22")).expect(400);
    // A line of the list, the page of the customer.
    let row = rm.get("/customers").expect(200).json()["data"][0].clone();
    assert_eq!(row["tags"].as_array().map(Vec::len), Some(2));
    assert_eq!(rm.get(&format!("/customers/{own}/overview")).expect(200).json()["tags"], before["tags"]);
    // Whoever sees customers masked sees no tags.
    let service = app.role(Role::Service);
    service.get(&format!("/customers/{own}/tags")).expect(403);
    assert_eq!(service.get(&format!("/customers/{own}/overview")).expect(200).json()["tags"], Value::Null);
    let masked = service.get("/customers?limit=200").expect(200).json();
    assert!(masked["data"].as_array().expect("rows").iter().all(|row| row["tags"].is_null()));
    service.get(&format!("/customers?filter=tag_id%20eq%20%22{vip}%22")).expect(403);

    assert_eq!(names(&take(&rm, &own, &vip).expect(200).json()), ["外语服务"]);
    take(&rm, &own, &vip).expect(200);
    assert_eq!(head.get(&format!("/tags/{vip}")).expect(200).json()["customers"], json!(1));
    let entries = app.role(Role::Auditor).get("/audit-entries?limit=50").expect(200).json();
    let of_tags: Vec<Value> = entries["data"]
        .as_array()
        .expect("entries")
        .iter()
        .filter(|entry| entry["resource_type"] == json!("customer_tag"))
        .cloned()
        .collect();
    assert_eq!(of_tags.len(), 4, "nothing is written where nothing changes");
    assert_eq!(
        (&of_tags[0]["action"], &of_tags[0]["resource_id"]),
        (&json!("customer_tag.removed"), &json!(own))
    );
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}

#[test]
fn what_cannot_be_marked_stays() {
    let app = TestApp::start();
    let (admin, head) = (app.role(Role::Admin), app.role(Role::OutletHead));
    let customer = person(&head, "张三", None);
    let tag = new_tag(&head, "老客户");
    give(&head, &customer, &uuid::Uuid::now_v7().to_string()).expect(404);
    give(&head, &customer, "x").expect(404);
    give(&head, &customer, &tag).expect(200);
    // An archived tag is given to nobody, kept by who has it, and can be taken.
    let path = format!("/tags/{tag}");
    let off = admin.act(&format!("{path}/archive"), &admin.get(&path).expect(200).tag()).expect(200);
    assert_eq!(off.json()["customers"], json!(1));
    let second = person(&head, "李四", None);
    assert_eq!(give(&head, &second, &tag).expect(409).fields()[0].1, "tag_archived");
    let kept = give(&head, &customer, &tag).expect(200).json();
    assert_eq!(kept["tags"][0]["tag"]["archived"], json!(true));
    take(&head, &customer, &tag).expect(200);
    for n in 0..30 {
        give(&head, &customer, &new_tag(&head, &format!("标签{n}"))).expect(200);
    }
    let more = new_tag(&head, "再一个");
    assert_eq!(give(&head, &customer, &more).expect(409).fields()[0].1, "too_many_tags_of_customer");
    // An archived customer stays as it is.
    let path = format!("/customers/{second}");
    head.act(&format!("{path}/archive"), &head.get(&path).expect(200).tag()).expect(200);
    assert_eq!(give(&head, &second, &more).expect(409).fields()[0].1, "archived");
    assert_eq!(app.db(verify::verify).wrong, Vec::<String>::new());
}
