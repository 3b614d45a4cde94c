//! The bank whose plans are looked at: large enough that an index is worth its while.

use super::*;

/// Customers a transaction.
const CHUNK: u64 = 250;

/// Gives the fixture's bank so many customers, spread over its outlets and their managers, and lets the engine look at them.
pub(in crate::checks) fn populate(app: &TestApp, customers: u64) {
    const OUTLETS: [(&str, &[&str]); 3] = [("a1", &["rm", "rm2"]), ("a2", &["rm_a2"]), ("b1", &["rm_b1"])];
    let now = clock::now();
    let bank = generator::bank(7, customers);
    let today = app.state.settings.day(now);
    let user = |name: &str| UserId::new(app.fixture.user(name));
    let prepare = |n: u64| {
        let demo = generator::customer(7, n, &bank, today);
        let (unit, managers) = OUTLETS[demo.unit % OUTLETS.len()];
        let owner = managers[demo.unit / OUTLETS.len() % managers.len()];
        Prepared {
            org_unit_id: OrgUnitId::new(app.fixture.unit(unit)),
            // A book is a few hundred customers, as in a bank with staff enough.
            owner_id: demo.owner.filter(|_| n.is_multiple_of(8)).map(|_| user(owner)),
            team: demo
                .team
                .first()
                .filter(|_| n.is_multiple_of(8))
                .map(|(_, role)| (user("adviser"), *role))
                .into_iter()
                .collect(),
            tier: demo.tier,
            aum: demo.aum,
            created_at: now.plus_seconds(-i64::from(demo.created_days_ago) * 86_400),
            updated_at: now.plus_seconds(-i64::from(demo.updated_days_ago) * 86_400),
            archived: false,
            new: demo.new,
        }
    };
    for from in (0..customers).step_by(usize::try_from(CHUNK).expect("small")) {
        let chunk: Vec<Prepared> = (from..(from + CHUNK).min(customers)).map(prepare).collect();
        let state = app.state.clone();
        app.db(move |conn| {
            let house = state.house();
            customers::create_many(conn, &Actor::operator(now), house, &chunk)
        });
    }
    tag_some(app);
    app.db(|conn| guanxi_db::analyse(conn).map_err(Error::from));
}

/// Gives every third customer of [`populate`] a tag, and one in 500 another one.
fn tag_some(app: &TestApp) {
    app.db(|conn| {
        for (name, every) in [("common", 3), ("rare", 500)] {
            let new = guanxi_api::NewTag {
                name: name.to_owned(),
                colour: guanxi_api::TagColour::Grey,
                description: None,
            };
            customers::create_tag(conn, &Actor::operator(clock::now()), &new)?;
            let given = format!(
                "INSERT INTO customer_tag (customer_id, tag_id, added_at) SELECT customer.id, tag.id, customer.created_at \
                 FROM customer, tag WHERE tag.name = '{name}' AND customer.search_key % {every} = 0; \
                 UPDATE tag SET customers = (SELECT COUNT(*) FROM customer_tag WHERE customer_tag.tag_id = tag.id)"
            );
            conn.batch_execute(&given).map_err(DbError::from)?;
        }
        Ok(())
    });
}

/// Puts one in twenty of the customers of [`populate`] on all lists that follow from tiers.
pub(super) fn watch_some(app: &TestApp) {
    app.db(|conn| {
        conn.batch_execute(
            "UPDATE customer_figures SET promotion_candidate = TRUE, promotion_gap = aum, in_grace = TRUE, demotes_on = '2027-01-31', \
             hidden_gem = TRUE, largest_transaction = aum, data_gap = TRUE \
             WHERE customer_id IN (SELECT customer.id FROM customer WHERE customer.search_key % 20 = 0)",
        )
        .map_err(DbError::from)?;
        guanxi_db::analyse(conn).map_err(Error::from)
    });
}

/// Gives the customers of [`populate`] what the generator has them hold, and their segments.
pub(super) fn populate_holdings(app: &TestApp) {
    let state = app.state.clone();
    app.db(move |conn| {
        use guanxi_db::schema::customer;
        let now = clock::now();
        let (actor, today) = (Actor::operator(now), state.settings.day(now));
        let house = state.house();
        let catalogue = demo::make_catalogue(conn, &state.settings)?;
        let ids: Vec<customers::CustomerId> = customer::table
            .order(customer::search_key)
            .select(customer::id)
            .load(conn)
            .map_err(DbError::from)?;
        let bank = generator::bank(7, ids.len() as u64);
        for (at, chunk) in ids.chunks(500).enumerate() {
            let mut loaded = Vec::new();
            for (n, id) in chunk.iter().enumerate() {
                let n = (at * 500 + n) as u64;
                let customer = generator::customer(7, n, &bank, today);
                for held in generator::holdings::holdings(7, n, &customer, today) {
                    loaded.push(demo::loaded(*id, now, &held, &catalogue, &state.settings)?);
                }
            }
            holdings::load(conn, &actor, house, &loaded)?;
        }
        Ok(())
    });
    let state = app.state.clone();
    while app.db({
        let settings = state.settings.clone();
        move |conn| segments::do_some_work(conn, &Actor::operator(clock::now()), &settings)
    }) {}
    app.db(|conn| guanxi_db::analyse(conn).map_err(Error::from));
}

/// Two surveys to which every customer of [`populate`] was invited and which everyone has answered.
pub(super) fn populate_answers(app: &TestApp) -> (SurveyId, SurveyId) {
    let head = app.role(guanxi_api::Role::BranchManager);
    let survey = crate::surveys::running_survey(&head, false);
    let other = crate::surveys::running_survey(&head, false);
    let (id, other): (SurveyId, SurveyId) =
        (Id::new(survey.parse().expect("an id")), Id::new(other.parse().expect("an id")));
    app.db(move |conn| {
        let random = match conn.engine() {
            Engine::Sqlite => "randomblob(16)",
            Engine::Postgres => "gen_random_uuid()",
        };
        let (hash, on) = match conn.engine() {
            Engine::Sqlite => ("randomblob(32)", "'2026-11-26'"),
            Engine::Postgres => ("decode(md5(random()::text) || md5(random()::text), 'hex')", "DATE '2026-11-26'"),
        };
        for survey in [id, other] {
            let statements = [
                format!(
                    "INSERT INTO survey_invitation (id, survey_id, customer_id, token_hash, opened, used, revoked, version, created_at) \
                     SELECT {random}, survey.id, customer.id, {hash}, customer.archived, customer.archived, customer.archived, 1, customer.created_at \
                     FROM customer, survey WHERE survey.id = $1"
                ),
                format!(
                    "INSERT INTO survey_answer (id, survey_id, customer_id, source, language, answers, low, has_text, tier, org_unit_id, \
                     owner_id, answered_on, answered_at) SELECT {random}, survey.id, customer.id, 'link', 'en', '[]', customer.archived, \
                     customer.archived, 'gold', customer.org_unit_id, customer.owner_id, {on}, customer.created_at \
                     FROM customer, survey WHERE survey.id = $1"
                ),
            ];
            for statement in statements {
                diesel::sql_query(statement).bind::<DbUuid, _>(survey).execute(conn).map_err(DbError::from)?;
            }
        }
        guanxi_db::analyse(conn).map_err(Error::from)
    });
    (id, other)
}

/// Adds nine copies of every customer and holding on PostgreSQL, so that a bank is large beside a book: in 10,000 rows PostgreSQL rightly reads
/// narrow tables from end to end. Nobody owns the copies and no search finds them, so books and findings stay as small as they are.
/// SQLite chooses the same plans for any number of rows, because it does not look at values.
pub(super) fn enlarge(app: &TestApp) {
    if app.state.db.engine() == Engine::Sqlite {
        return;
    }
    for n in 1..10 {
        app.db(move |conn| {
            let copies = [
                format!(
                    "INSERT INTO customer SELECT copy.* FROM customer AS c, LATERAL jsonb_populate_record(c, jsonb_build_object(\
                     'id', md5(c.id::text || {n})::uuid, 'customer_no', c.customer_no || '-{n}', 'owner_id', NULL, \
                     'search_key', c.search_key + {n} * 1000000000::bigint)) AS copy WHERE strpos(c.customer_no, '-') = 0"
                ),
                copy_of("customer_figures", "", n),
                copy_of("customer_search", ", 'tokens', md5(c.id::text)", n),
                copy_of("segment_member", "", n),
                copy_of("customer_tag", "", n),
                copy_of("holding", &format!(", 'id', md5(t.id::text || {n})::uuid"), n),
                format!(
                    "INSERT INTO household SELECT copy.* FROM household AS h, LATERAL jsonb_populate_record(h, jsonb_build_object(\
                     'id', md5(h.id::text || {n})::uuid, 'name', h.name || '-{n}')) AS copy WHERE strpos(h.name, '-') = 0"
                ),
                copy_of("household_member", &format!(", 'household_id', md5(t.household_id::text || {n})::uuid"), n),
            ];
            // However slow the machine is that makes them.
            let patience = "SET LOCAL statement_timeout = 0".to_owned();
            for copy in [patience].iter().chain(&copies) {
                conn.batch_execute(copy).map_err(DbError::from)?;
            }
            Ok(())
        });
    }
    app.db(|conn| guanxi_db::analyse(conn).map_err(Error::from));
}

/// What copies the rows of a table that belong to a customer, with other values in the columns of `changes`.
fn copy_of(table: &str, changes: &str, n: u32) -> String {
    format!(
        "INSERT INTO {table} SELECT copy.* FROM {table} AS t JOIN customer AS c ON c.id = t.customer_id, \
         LATERAL jsonb_populate_record(t, jsonb_build_object('customer_id', md5(c.id::text || {n})::uuid{changes})) AS copy \
         WHERE strpos(c.customer_no, '-') = 0"
    )
}
