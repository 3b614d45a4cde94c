use guanxi_api::Role;
use serde_json::json;

use crate::testing::TestApp;
use crate::verify::verify;

#[test]
fn owners_who_can_be_none_any_more_are_named_with_their_customers() {
    let app = TestApp::start();
    let (admin, rm) = (app.role(Role::Admin), app.role(Role::Rm));
    let created = rm.post("/customers", &json!({"kind": "person", "name": "张三"})).expect(201);
    let number = created.json()["customer_no"].as_str().expect("a number").to_owned();
    let wrong = || app.db(verify).wrong;
    assert_eq!(wrong(), Vec::<String>::new());

    let account = format!("/users/{}", app.fixture.user("rm"));
    let closed = admin.act(&format!("{account}/archive"), &admin.get(&account).expect(200).tag()).expect(200);
    let [found] = wrong().try_into().expect("one finding");
    assert!(found.contains("open account") && found.contains(&number) && found.contains("for 1 "), "{found}");

    admin.act(&format!("{account}/restore"), &closed.tag()).expect(200);
    assert_eq!(wrong(), Vec::<String>::new());
    demote_in_the_database(&app);
    let [found] = wrong().try_into().expect("one finding");
    assert!(found.contains("relationship manager") && found.contains(&number), "{found}");

    let archive = format!("/customers/{}/archive", created.json()["id"].as_str().expect("an id"));
    app.role(Role::BranchManager).act(&archive, &created.tag()).expect(200);
    assert_eq!(wrong(), Vec::<String>::new(), "an archived customer is nobody's work");
}

/// What no request does: a restored backup, or a hand on the database.
fn demote_in_the_database(app: &TestApp) {
    use diesel::prelude::*;
    use guanxi_db::schema::user_account;
    let id = crate::access::UserId::new(app.fixture.user("rm"));
    app.db(move |conn| {
        diesel::update(user_account::table.find(id))
            .set(user_account::role.eq("teller"))
            .execute(conn)
            .map_err(|error| guanxi_db::DbError::from(error).into())
    });
}
