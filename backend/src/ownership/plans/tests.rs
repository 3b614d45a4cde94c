use guanxi_api::Role;
use serde_json::{Value, json};

use crate::ownership::tests::{
    customer, day, enrich, first_code, id_of, ids, tagged, text, user, verified, work,
};
use crate::testing::TestApp;

fn new_plan(app: &TestApp) -> Value {
    json!({
        "goal": "Plans for old age within two years", "review_on": day(app, 90),
        "steps": [
            {"title": "Look at what there is", "due_on": day(app, 0)},
            {"title": "Bring the adviser along", "due_on": day(app, 14), "assignee_id": user(app, "outlet_head")},
        ],
    })
}

#[test]
fn the_steps_of_a_care_plan_are_tasks() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let rm = app.user("rm");
    let (path, _) = customer(&app, &head, "张三丰", Some("rm"));
    let made = rm.post(&format!("{path}/care-plans"), &new_plan(&app)).expect(201);
    let plan = made.json();
    assert_eq!((&plan["state"], &plan["customer"]["id"]), (&json!("active"), &json!(id_of(&path))));
    let steps = plan["steps"].as_array().expect("steps");
    // Nobody was named: it is the owner's.
    assert_eq!(steps[0]["assignee"]["id"], user(&app, "rm"));
    assert_eq!(steps[1]["assignee"]["id"], user(&app, "outlet_head"));
    let today = rm.get("/today").expect(200).json();
    let first =
        today["lines"].as_array().expect("lines").iter().find(|line| line["task"]["source"] == "care_plan");
    assert_eq!(first.expect("a line")["task"]["source_id"], plan["id"]);

    let again = rm.post(&format!("{path}/care-plans"), &new_plan(&app)).expect(409);
    assert_eq!(first_code(&again), "has_a_care_plan");
    let task = format!("/tasks/{}", text(&steps[0]["task_id"]));
    tagged(&rm, &format!("{task}/complete"), "\"1-0\"", &json!({"outcome": "Two flats"})).expect(200);
    let place = format!("/care-plans/{}", text(&plan["id"]));
    let seen = rm.get(&place).expect(200);
    let step = &seen.json()["steps"][0];
    assert_eq!(
        (&step["status"], &step["outcome"], &step["done_on"]),
        (&json!("done"), &json!("Two flats"), &json!(day(&app, 0)))
    );

    let grown = tagged(
        &rm,
        &format!("{place}/steps"),
        &seen.tag(),
        &json!({"title": "Sign", "due_on": day(&app, 30)}),
    )
    .expect(200);
    assert_eq!(grown.json()["steps"].as_array().map(Vec::len), Some(3));
    rm.patch(&place, &seen.tag(), &json!({"goal": "x"})).expect(412);
    let changed = rm
        .patch(&place, &grown.tag(), &json!({"goal": "Plans for old age", "review_on": day(&app, 60)}))
        .expect(200);
    assert_eq!(ids(&rm.get("/care-plans").expect(200).json()), [text(&plan["id"])]);

    let unsaid =
        tagged(&rm, &format!("{place}/end"), &changed.tag(), &json!({"achieved": false})).expect(422);
    assert_eq!(unsaid.fields(), [("/outcome".to_owned(), "required".to_owned())]);
    let ended =
        tagged(&rm, &format!("{place}/end"), &changed.tag(), &json!({"achieved": true})).expect(200).json();
    assert_eq!((&ended["state"], &ended["ended_on"]), (&json!("achieved"), &json!(day(&app, 0))));
    // What was done stays with it, what was not is taken back.
    assert_eq!(ended["steps"].as_array().map(Vec::len), Some(1));
    assert!(ids(&rm.get("/care-plans").expect(200).json()).is_empty());
    let all = rm.get("/care-plans?filter=state%20ne%20null").expect(200).json();
    assert_eq!(ids(&all), [text(&plan["id"])]);
    let late = rm.patch(&place, &rm.get(&place).expect(200).tag(), &json!({"goal": "x"})).expect(409);
    assert_eq!(first_code(&late), "care_plan_ended");
    rm.post(&format!("{path}/care-plans"), &new_plan(&app)).expect(201);
    app.user("rm2").get(&place).expect(404);
    verified(&app);
}

#[test]
fn what_is_wrong_with_a_plan_is_told_at_once() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let (path, _) = customer(&app, &head, "张三丰", Some("rm"));
    let wrong = json!({
        "goal": "  ", "review_on": "2026-01-01",
        "steps": [
            {"title": "x", "due_on": "2026-01-01"},
            {"title": "y", "due_on": day(&app, 1), "assignee_id": user(&app, "rm_b1")},
        ],
    });
    let answer = head.post(&format!("{path}/care-plans"), &wrong).expect(422);
    let mut found: Vec<String> = answer.fields().into_iter().map(|(at, _)| at).collect();
    found.sort();
    assert_eq!(found, ["/goal", "/review_on", "/steps/0/due_on", "/steps/1/assignee_id"]);
    assert!(ids(&head.get("/care-plans").expect(200).json()).is_empty(), "nothing half done");
    assert!(ids(&head.get("/tasks").expect(200).json()).is_empty());
}

#[test]
fn who_is_to_have_a_plan_and_has_none_is_listed() {
    let app = TestApp::start();
    let head = app.role(Role::OutletHead);
    let (path, _) = customer(&app, &head, "张三丰", Some("rm"));
    enrich(&app, &head, &path, "1500000");
    work(&app);
    let without = |client: &crate::testing::Client| {
        ids(&client.get("/care-gaps?filter=no_plan%20eq%20true").expect(200).json())
    };
    assert_eq!(without(&head), [id_of(&path)]);
    head.post(&format!("{path}/care-plans"), &new_plan(&app)).expect(201);
    work(&app);
    assert!(without(&head).is_empty());
    verified(&app);

    // By a rule that demands none nobody lacks one, and what is left out of the rules stays.
    let admin = app.role(Role::Admin);
    let rules = admin.get("/team-rules").expect(200);
    let platinum = |rules: &Value| {
        let rules = rules["rules"].as_array().expect("rules");
        rules.iter().find(|rule| rule["tier"] == "platinum").cloned().expect("platinum")
    };
    assert_eq!(platinum(&rules.json())["care_plan"], json!(true));
    assert_eq!(platinum(&rules.json())["visits"], json!([{"role": "deputy_manager", "days": 365}]));
    let mut new = rules.json();
    for rule in new["rules"].as_array_mut().expect("rules") {
        let members = rule.as_object_mut().expect("an object");
        members.remove("visits");
        if members["tier"] == "platinum" {
            members.insert("care_plan".into(), json!(false));
        }
    }
    let set = admin.put("/team-rules", &rules.tag(), &json!({"rules": new["rules"]})).expect(200).json();
    assert_eq!(platinum(&set)["care_plan"], json!(false));
    assert_eq!(platinum(&set)["visits"], json!([{"role": "deputy_manager", "days": 365}]));
}
