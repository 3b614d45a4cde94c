//! The same for searches.

use super::*;

#[test]
fn plans_of_searches_follow_an_index() {
    let app = TestApp::start();
    populate(&app, 10_000);
    enlarge(&app);
    let today = app.state.settings.day(clock::now());
    let bank = generator::bank(7, 10_000);
    let persons: Vec<_> = (0..200).map(|n| generator::customer(7, n, &bank, today).new).collect();
    let phone = persons
        .iter()
        .flat_map(|new| &new.contact_points)
        .find(|point| point.value.len() >= 11)
        .expect("a phone");
    let identity: &IdentityDocument =
        persons.iter().find_map(|new| new.identity.as_ref()).expect("an identity");
    let external = persons.iter().flat_map(|new| &new.external_ids).next().expect("an external id");
    let name = &persons.iter().find(|new| new.name.chars().count() == 3).expect("a name").name;
    let tail: String = phone.value.chars().skip(phone.value.len() - 4).collect();
    let searches = [
        ("two characters", name.chars().take(2).collect::<String>(), true),
        ("pinyin", "wangwei".to_owned(), false),
        ("initials", "zw".to_owned(), false),
        ("the tail of a phone", tail, true),
        ("a whole phone", phone.value.clone(), true),
        ("a customer number", "C000000018".to_owned(), false),
        ("an external id", external.id.clone(), true),
        ("an identity number", identity.number.clone(), true),
    ];
    let mut wrong = Vec::new();
    for username in ["auditor", "rm", "outlet_head"] {
        let actor = actor(&app, username);
        for (what, q, must_find) in searches.clone() {
            let state = app.state.clone();
            let (actor, engine, text) = (actor.clone(), app.state.db.engine(), q.clone());
            let (rows, found) = app.db(move |conn| {
                let house = state.house();
                let request =
                    CustomerSearch { q: Some(text.clone()), limit: Some(20), ..CustomerSearch::default() };
                // The names of units and users are known after the first search that finds somebody.
                let mut rows = customers::search(conn, &actor, house, &request)?.data.len();
                let found = plans(conn, |conn| {
                    rows = customers::search(conn, &actor, house, &request)?.data.len();
                    Ok(())
                })?;
                Ok((rows, found))
            });
            assert!(rows > 0 || !must_find || username != "auditor", "{what} ({q}) finds nobody");
            assert!((1..=4).contains(&found.len()), "{what}: {} statements", found.len());
            for (sql, plan) in found {
                // What a search finds is sorted: it is little beside the bank.
                let faults = faults(engine, &plan, true, false);
                if !faults.is_empty() {
                    wrong.push(format!("{username}, {what}: {faults:#?}\n{sql}\n{}", plan.join("\n")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} plans are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn plans_of_searches_that_find_many_follow_the_order_of_names() {
    let app = TestApp::start();
    populate(&app, 10_000);
    enlarge(&app);
    let mut wrong = Vec::new();
    for (username, book) in [("auditor", false), ("rm", true), ("outlet_head", false)] {
        let actor = actor(&app, username);
        let asked =
            ["zhang", "王", "w", "li", "gongsi"].map(|q| (q, 20_000, 4)).into_iter().chain([("li", 0, 3)]);
        for (q, stretch, least) in asked {
            let reach = customers::Reach { few: 0, stretch };
            // Beyond the stretch all that are found are sorted.
            let sorted = book || stretch == 0;
            let state = app.state.clone();
            let (actor, engine) = (actor.clone(), app.state.db.engine());
            let found = app.db(move |conn| {
                let house = state.house();
                let mut request =
                    CustomerSearch { q: Some(q.to_owned()), limit: Some(5), ..CustomerSearch::default() };
                let mut search = |conn: &mut DbConn| {
                    let page = customers::search_by(conn, &actor, house, &request, reach)?;
                    request.cursor = page.page.next;
                    Ok(())
                };
                let mut found = plans(conn, &mut search)?;
                search(conn)?;
                found.extend(plans(conn, &mut search)?);
                Ok(found)
            });
            assert!(found.len() >= least, "{q}: {} statements", found.len());
            for (sql, plan) in found {
                // Only a book is sorted: what it holds is little beside the bank.
                let faults = faults(engine, &plan, sorted, sorted);
                if !faults.is_empty() {
                    wrong.push(format!("{username}, {q}: {faults:#?}\n{sql}\n{}", plan.join("\n")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} plans are wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}
