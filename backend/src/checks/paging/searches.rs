//! The same for searches in the order of nearness.

use super::*;

/// Customers whose names share characters, sounds and initials.
fn namesakes(app: &TestApp, count: u64) {
    const SURNAMES: [&str; 8] = ["李", "黎", "张", "章", "王", "林", "Lin ", "Bo "];
    const GIVEN: [&str; 10] = ["丽", "明", "军", "小丽", "立明", "波", "江林", "Li", "张", "李军"];
    let mut rng = ChaCha8Rng::seed_from_u64(78);
    let mut prepared = Vec::new();
    for n in 0..count {
        let name = format!("{}{}", pick(&mut rng, &SURNAMES), pick(&mut rng, &GIVEN));
        let (unit, owner) = pick(&mut rng, &[("a1", "rm"), ("a1", "rm2"), ("a2", "rm_a2"), ("b1", "rm_b1")]);
        prepared.push(Prepared {
            org_unit_id: OrgUnitId::new(app.fixture.unit(unit)),
            owner_id: Some(UserId::new(app.fixture.user(owner))),
            team: Vec::new(),
            tier: Tier::Mass,
            aum: Amount(0),
            created_at: clock::now(),
            updated_at: clock::now(),
            archived: n.is_multiple_of(9),
            new: NewCustomer::named(CustomerKind::Person, name),
        });
    }
    let state = app.state.clone();
    app.db(move |conn| {
        let house = state.house();
        for chunk in prepared.chunks(100) {
            customers::create_many(conn, &Actor::operator(clock::now()), house, chunk)?;
        }
        Ok(())
    });
}

/// Whether a name begins with a text, told from the name and its sort key alone.
fn begins(name: &str, sort_key: &str, text: &str) -> bool {
    let sounds: Vec<&str> = sort_key.split("  ").next().unwrap_or_default().split(' ').collect();
    let initials: String = sounds.iter().filter_map(|sound| sound.chars().next()).collect();
    [name.to_lowercase().replace(' ', ""), sounds.concat(), initials]
        .iter()
        .any(|beginning| beginning.starts_with(text))
}

#[test]
fn a7_searches_by_nearness_mean_the_same_in_sql_and_in_memory() {
    let app = TestApp::start();
    namesakes(&app, 400);
    let rows = app.db(|conn| {
        use customer as c;
        c::table
            .select((c::id, c::name, c::name_sort, c::org_unit_id, c::owner_id, c::archived))
            .load::<(guanxi_db::Id<()>, String, String, OrgUnitId, Option<UserId>, bool)>(conn)
            .map_err(|error| DbError::from(error).into())
    });
    let a1 = OrgUnitId::new(app.fixture.unit("a1"));
    let rm = UserId::new(app.fixture.user("rm"));
    let questions = [
        "li", "l", "丽", "李", "李军", "ll", "lm", "jun", "lin", "linli", "bo", "b", "王", "w", "zhang",
        "zz", "xiaoli", "q",
    ];
    let (mut told, mut asked) = (0, 0);
    for username in ["auditor", "outlet_head", "rm"] {
        let actor = crate::checks::plans::actor(&app, username);
        for q in questions {
            let query = crate::names::search::query(q);
            let mut wanted: Vec<(bool, &str, Uuid)> = rows
                .iter()
                .filter(|(_, name, _, unit, owner, archived)| {
                    let seen = match username {
                        "auditor" => true,
                        "outlet_head" => *unit == a1,
                        _ => *owner == Some(rm),
                    };
                    seen && !archived && crate::names::search::recheck(&query, &[name])
                })
                .map(|(id, name, key, ..)| (!begins(name, key, q), key.as_str(), id.uuid()))
                .collect();
            wanted.sort();
            told += usize::from(wanted.first().map(|row| row.0) != wanted.last().map(|row| row.0));
            let wanted: Vec<Uuid> = wanted.into_iter().map(|(_, _, id)| id).collect();
            // Sorted, walked, walked a stretch and then sorted, and each page by turns: how a page is found changes nothing about it.
            let sorted = customers::Reach { few: 2000, stretch: 0 };
            let walked = customers::Reach { few: 0, stretch: 20_000 };
            let part = customers::Reach { few: 0, stretch: 9 };
            for (limit, reach) in [
                (200, [sorted, sorted]),
                (7, [sorted, sorted]),
                (7, [walked, walked]),
                (1, [walked, sorted]),
                (5, [sorted, walked]),
                (7, [part, part]),
                (3, [walked, part]),
            ] {
                let state = app.state.clone();
                let actor = actor.clone();
                let (found, total) = app.db(move |conn| {
                    let house = state.house();
                    let mut request = guanxi_api::CustomerSearch {
                        q: Some(q.to_owned()),
                        limit: Some(limit),
                        include: Some(guanxi_api::Include::Total),
                        ..Default::default()
                    };
                    let (mut ids, mut total) = (Vec::new(), None);
                    for turn in 0.. {
                        let page = customers::search_by(conn, &actor, house, &request, reach[turn % 2])?;
                        ids.extend(page.data.iter().map(|row| row.id));
                        total = page.page.total;
                        request.cursor = page.page.next;
                        if request.cursor.is_none() {
                            break;
                        }
                    }
                    Ok((ids, total))
                });
                assert_eq!(found, wanted, "{username} asks {q} by {limit}, {reach:?}");
                assert_eq!(total.map(|total| total as usize), Some(wanted.len()), "{username} {q}");
                asked += 1;
            }
        }
    }
    assert!(told > 20 && asked == 378, "{told} questions tell beginnings from other places");
}
