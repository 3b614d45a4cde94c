//! The same for the list of customers: those that are asked for, and what the database holds of them.

use guanxi_api::TeamRole;

use super::*;
use crate::access::sessions;

const CITIES: [&str; 6] = ["上海", "杭州", "杭", "a%b", "a_b", "Å"];

/// Customers of few different values and many empty ones, so that filters meet equal, missing and bordering ones.
pub(super) fn varied(app: &TestApp, count: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(77);
    let now = clock::now();
    let day = |n: u32| chrono::NaiveDate::from_ymd_opt(1980, 1 + n % 12, 1 + n % 28).expect("a day");
    let colleague = UserId::new(app.fixture.user("adviser"));
    let mut prepared = Vec::new();
    for n in 0..count {
        let rng = &mut rng;
        let kind =
            if rng.next_u32().is_multiple_of(5) { CustomerKind::Organisation } else { CustomerKind::Person };
        let mut new = NewCustomer::named(
            kind,
            pick(rng, &["王伟", "王芳", "张三丰", "欧阳锋", "Wang", "王", "甲公司"]),
        );
        new.status = pick(rng, CustomerStatus::ALL);
        let city = pick(rng, &CITIES).to_owned();
        new.city = maybe(rng, city);
        new.province = maybe(rng, "浙江".to_owned());
        let industry = pick(rng, &["trade", "Trade", "贸易"]).to_owned();
        new.industry = maybe(rng, industry);
        let source = pick(rng, CustomerSource::ALL);
        new.source = maybe(rng, source);
        let risk = pick(rng, RiskAttribute::ALL);
        new.risk_attribute = maybe(rng, risk);
        let since = day(rng.next_u32());
        new.customer_since = maybe(rng, since);
        new.do_not_contact.all = rng.next_u32().is_multiple_of(4);
        if kind == CustomerKind::Person {
            let (gender, status, band) =
                (pick(rng, Gender::ALL), pick(rng, MaritalStatus::ALL), pick(rng, IncomeBand::ALL));
            new.gender = maybe(rng, gender);
            new.marital_status = maybe(rng, status);
            new.income_band = maybe(rng, band);
            new.occupation = maybe(rng, "教师".to_owned());
            let birthday = day(rng.next_u32());
            new.birth_date = maybe(rng, birthday);
        }
        let unit = pick(rng, &["a1", "a2", "b1"]);
        let owner = match unit {
            "a1" => "rm",
            "a2" => "rm_a2",
            _ => "rm_b1",
        };
        let created_at = now.plus_seconds(-i64::from(rng.next_u32() % 7) * 86_400);
        prepared.push(Prepared {
            org_unit_id: OrgUnitId::new(app.fixture.unit(unit)),
            owner_id: maybe(rng, UserId::new(app.fixture.user(owner))),
            team: if n % 5 == 0 { vec![(colleague, TeamRole::Adviser)] } else { Vec::new() },
            tier: pick(rng, Tier::ALL),
            aum: Amount(pick(rng, &[0, 1, -5_000, 10_000, 1_234_567, 50_000_000_000])),
            created_at,
            updated_at: Moment(created_at.0 + i64::from(rng.next_u32() % 3)),
            archived: rng.next_u32().is_multiple_of(6),
            new,
        });
    }
    let state = app.state.clone();
    app.db(move |conn| {
        let house = state.house();
        for chunk in prepared.chunks(100) {
            let ids = customers::create_many(conn, &Actor::operator(now), house, chunk)?;
            for (n, id) in ids.into_iter().enumerate().filter(|(n, _)| n % 3 > 0) {
                customers::set_last_contact(conn, id, now.plus_seconds(-86_400 * (n % 5) as i64))?;
            }
        }
        let keyed = "(SELECT customer.search_key FROM customer WHERE customer.id = customer_figures.customer_id)";
        let watched = format!(
            "UPDATE customer_figures SET average_aum = aum / 2, promotion_candidate = ({keyed} % 2 = 0), promotion_gap = {keyed} % 7, \
             in_grace = ({keyed} % 3 = 0), demotes_on = CASE WHEN {keyed} % 3 = 0 THEN CAST('2027-01-31' AS {day}) ELSE demotes_on END, \
             hidden_gem = ({keyed} % 5 = 0), largest_transaction = {keyed} % 4, largest_transaction_on = \
             CASE WHEN {keyed} % 4 > 0 THEN CAST('2026-11-02' AS {day}) ELSE NULL END",
            day = match conn.engine() {
                Engine::Sqlite => "text",
                Engine::Postgres => "date",
            }
        );
        let segmented = "INSERT INTO segment_member (customer_id, scheme_id, segment_id, applies, source, since, counted_aum) \
             SELECT customer.id, segment_scheme.id, segment.id, TRUE, 'rule', customer.created_at, 0 FROM customer \
             JOIN segment_scheme ON segment_scheme.place <= 2 LEFT JOIN segment ON segment.scheme_id = segment_scheme.id \
             AND segment.place = (customer.search_key % 6) * 10 WHERE customer.search_key % 4 > 0";
        let graded = format!(
            "UPDATE customer_figures SET grade = CASE WHEN {keyed} % 5 = 0 THEN NULL WHEN {keyed} % 3 = 0 THEN 'A' ELSE 'B' END, \
             grade_score = {keyed} % 101, contribution = {keyed} % 7 - 3, lifetime_value = ({keyed} % 5 - 2) * 10000, \
             completeness = {keyed} % 6 * 20, data_gap = ({keyed} % 7 = 0)"
        );
        let valued = "INSERT INTO customer_value (customer_id, org_unit_id, grade, contribution, recency, frequency, monetary, rfm_class, \
             last_purchase_on, lost_on) SELECT customer.id, customer.org_unit_id, 'A', 0, 1 + customer.search_key % 5, \
             1 + customer.search_key % 3, 1 + customer.search_key % 2, CASE WHEN customer.search_key % 2 = 0 THEN 'loyal' ELSE 'dormant' END, \
             customer.customer_since, NULL FROM customer WHERE customer.search_key % 4 > 0";
        let tagged = match conn.engine() {
            Engine::Sqlite => TAGGED.replace("$now", "0").replace("$no", "0").replace("$id", "randomblob(16)"),
            Engine::Postgres => TAGGED.replace("$now", "now()").replace("$no", "FALSE").replace("$id", "gen_random_uuid()"),
        };
        conn.batch_execute(&tagged).map_err(DbError::from)?;
        for statement in [watched.as_str(), segmented, graded.as_str(), valued] {
            conn.batch_execute(statement).map_err(DbError::from)?;
        }
        Ok(())
    });
}

/// Three tags, of which a customer has none to three.
const TAGGED: &str = "INSERT INTO tag (id, name, name_folded, name_sort, colour, customers, archived, version, created_at, updated_at) \
     VALUES ($id, 'a', 'a', 'a', 'grey', 0, $no, 1, $now, $now), ($id, 'b', 'b', 'b', 'grey', 0, $no, 1, $now, $now), \
     ($id, 'c', 'c', 'c', 'grey', 0, $no, 1, $now, $now); \
     INSERT INTO customer_tag (customer_id, tag_id, added_at) SELECT customer.id, tag.id, customer.created_at FROM customer \
     JOIN tag ON (tag.name = 'a' AND customer.search_key % 2 = 0) OR (tag.name = 'b' AND customer.search_key % 3 = 0) \
     OR (tag.name = 'c' AND customer.search_key % 5 = 0)";

type Texts = (String, String, String, String, String, Option<String>);
type MoreTexts = (
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);
type Days = (Option<chrono::NaiveDate>, Option<i32>, Option<chrono::NaiveDate>);
type Rest = (bool, bool, OrgUnitId, Option<UserId>, bool, Moment, Moment, String, i64, Moment);

type Worth = (Option<String>, i32, i64, i64, i32, bool);
type BoughtRow = (guanxi_db::Id<()>, String, i16, i16, i16, Option<chrono::NaiveDate>);
type Purchasing = HashMap<guanxi_db::Id<()>, (String, [i16; 3], Option<chrono::NaiveDate>)>;
type Watched = (i64, bool, i64, bool, chrono::NaiveDate, bool, i64, Option<chrono::NaiveDate>);

/// What the database holds, read without any filter.
fn known(app: &TestApp) -> Vec<Known> {
    use customer as c;
    let rows = app.db(|conn| {
        c::table
            .inner_join(customer_figures::table)
            .select((
                c::id,
                (c::kind, c::status, c::name, c::name_sort, c::customer_no, c::gender),
                (
                    c::marital_status,
                    c::province,
                    c::city,
                    c::occupation,
                    c::industry,
                    c::income_band,
                    c::source,
                    c::risk_attribute,
                ),
                (c::birth_date, c::birth_year, c::customer_since),
                (
                    c::do_not_contact,
                    c::restricted,
                    c::org_unit_id,
                    c::owner_id,
                    c::archived,
                    c::created_at,
                    c::updated_at,
                    customer_figures::tier,
                    customer_figures::aum,
                    customer_figures::last_contacted_at,
                ),
                (
                    customer_figures::average_aum,
                    customer_figures::promotion_candidate,
                    customer_figures::promotion_gap,
                    customer_figures::in_grace,
                    customer_figures::demotes_on,
                    customer_figures::hidden_gem,
                    customer_figures::largest_transaction,
                    customer_figures::largest_transaction_on,
                ),
                (
                    customer_figures::grade,
                    customer_figures::grade_score,
                    customer_figures::contribution,
                    customer_figures::lifetime_value,
                    customer_figures::completeness,
                    customer_figures::data_gap,
                ),
            ))
            .load::<(guanxi_db::Id<()>, Texts, MoreTexts, Days, Rest, Watched, Worth)>(conn)
            .map_err(|error| DbError::from(error).into())
    });
    let mut segments: HashMap<guanxi_db::Id<()>, BTreeSet<String>> = HashMap::new();
    let mut unplaced: HashMap<guanxi_db::Id<()>, BTreeSet<String>> = HashMap::new();
    let members: Vec<(guanxi_db::Id<()>, String, Option<String>)> = app.db(|conn| {
        use guanxi_db::schema::{segment, segment_member, segment_scheme};
        segment_member::table
            .inner_join(segment_scheme::table)
            .left_join(segment::table.on(segment::id.nullable().eq(segment_member::segment_id)))
            .select((segment_member::customer_id, segment_scheme::code, segment::code.nullable()))
            .load(conn)
            .map_err(|error| DbError::from(error).into())
    });
    for (id, scheme, segment) in members {
        match segment {
            Some(code) => segments.entry(id).or_default().insert(code),
            None => unplaced.entry(id).or_default().insert(scheme),
        };
    }
    let mut tags: HashMap<guanxi_db::Id<()>, BTreeSet<String>> = HashMap::new();
    let given: Vec<(guanxi_db::Id<()>, guanxi_db::Id<()>)> = app.db(|conn| {
        use guanxi_db::schema::customer_tag as t;
        t::table.select((t::customer_id, t::tag_id)).load(conn).map_err(|error| DbError::from(error).into())
    });
    for (id, tag) in given {
        tags.entry(id).or_default().insert(tag.to_string());
    }
    let purchasing: Purchasing = app.db(|conn| {
        use guanxi_db::schema::customer_value as v;
        let rows: Vec<BoughtRow> = v::table
            .select((
                v::customer_id,
                v::rfm_class,
                v::recency,
                v::frequency,
                v::monetary,
                v::last_purchase_on,
            ))
            .load(conn)
            .map_err(DbError::from)?;
        Ok(rows.into_iter().map(|(id, class, r, f, m, last)| (id, (class, [r, f, m], last))).collect())
    });
    let set = |of: &HashMap<guanxi_db::Id<()>, BTreeSet<String>>, id| {
        FieldValue::Many(of.get(&id).cloned().unwrap_or_default())
    };
    rows.into_iter()
        .map(|(id, (kind, status, name, sort, number, gender), more, days, rest, watched, value)| {
            let (grade, score, contribution, lifetime_value, completeness, data_gap) = value;
            let bought = purchasing.get(&id).cloned();
            let scores = bought.as_ref().map(|(_, scores, _)| *scores);
            let (marital, province, city, occupation, industry, income, source, risk) = more;
            let (birth_date, birth_year, since) = days;
            let (
                do_not_contact,
                restricted,
                unit,
                owner,
                archived,
                created_at,
                updated_at,
                tier,
                aum,
                contacted,
            ) = rest;
            let (average, candidate, gap, in_grace, demotes_on, gem, largest, largest_on) = watched;
            let one = |value: Option<TypedValue>| value.map_or(FieldValue::Null, FieldValue::One);
            let code = |name: &str, value: Option<String>| {
                let FieldType::Code(codes) = field_of(FIELDS, name).kind else { panic!("{name} is no code") };
                one(value.map(|value| {
                    TypedValue::Code(codes.iter().find(|code| **code == value).expect("a code"))
                }))
            };
            let text = |value: Option<String>| one(value.map(TypedValue::Text));
            let values = HashMap::from([
                ("kind", code("kind", Some(kind))),
                ("status", code("status", Some(status))),
                ("tier", code("tier", Some(tier))),
                ("aum", one(Some(TypedValue::Money(aum)))),
                ("grade", text(grade)),
                ("grade_score", one(Some(TypedValue::Integer(score.into())))),
                ("contribution", one(Some(TypedValue::Money(contribution)))),
                ("lifetime_value", one(Some(TypedValue::Money(lifetime_value)))),
                ("completeness", one(Some(TypedValue::Integer(completeness.into())))),
                ("data_gap", one(Some(TypedValue::Bool(data_gap)))),
                ("rfm_class", code("rfm_class", bought.as_ref().map(|(class, ..)| class.clone()))),
                ("rfm_recency", one(scores.map(|[r, ..]| TypedValue::Integer(r.into())))),
                ("rfm_frequency", one(scores.map(|[_, f, _]| TypedValue::Integer(f.into())))),
                ("rfm_monetary", one(scores.map(|[.., m]| TypedValue::Integer(m.into())))),
                ("last_purchase_on", one(bought.and_then(|(.., last)| last).map(TypedValue::Date))),
                ("segment", set(&segments, id)),
                ("unplaced", set(&unplaced, id)),
                ("tag_id", set(&tags, id)),
                ("average_aum", one(Some(TypedValue::Money(average)))),
                ("promotion_candidate", one(Some(TypedValue::Bool(candidate)))),
                ("promotion_gap", one(Some(TypedValue::Money(gap)))),
                ("in_grace", one(Some(TypedValue::Bool(in_grace)))),
                ("demotes_on", one(Some(TypedValue::Date(demotes_on)))),
                ("hidden_gem", one(Some(TypedValue::Bool(gem)))),
                ("largest_transaction", one(Some(TypedValue::Money(largest)))),
                ("largest_transaction_on", one(largest_on.map(TypedValue::Date))),
                ("name", text(Some(sort))),
                ("full_name", text(Some(name))),
                ("customer_no", text(Some(number))),
                ("gender", code("gender", gender)),
                ("birth_date", one(birth_date.map(TypedValue::Date))),
                ("birth_year", one(birth_year.map(|year| TypedValue::Integer(year.into())))),
                ("marital_status", code("marital_status", marital)),
                ("province", text(province)),
                ("city", text(city)),
                ("occupation", text(occupation)),
                ("industry", text(industry)),
                ("income_band", code("income_band", income)),
                ("source", code("source", source)),
                ("risk_attribute", code("risk_attribute", risk)),
                ("customer_since", one(since.map(TypedValue::Date))),
                ("do_not_contact", one(Some(TypedValue::Bool(do_not_contact)))),
                ("restricted", one(Some(TypedValue::Bool(restricted)))),
                ("org_unit_id", one(Some(TypedValue::Id(unit.uuid())))),
                ("owner_id", one(owner.map(|id| TypedValue::Id(id.uuid())))),
                ("archived", one(Some(TypedValue::Bool(archived)))),
                ("created_at", one(Some(TypedValue::Instant(created_at.0)))),
                ("updated_at", one(Some(TypedValue::Instant(updated_at.0)))),
                ("last_contacted_at", one(Some(TypedValue::Instant(contacted.0)))),
            ]);
            Known { id: id.uuid(), values }
        })
        .collect()
}

#[test]
fn a7_filters_and_orders_mean_the_same_in_sql_and_in_memory() {
    let app = TestApp::start();
    varied(&app, 400);
    let rows = known(&app);
    assert_eq!(rows.len(), 400);
    let present = ("archived", FieldValue::One(TypedValue::Bool(false)));
    compare(&app, &rows, FIELDS, &present, |conn, state, request| {
        let page = customers::list(conn, &Actor::operator(clock::now()), state.house(), request)?;
        Ok((page.data.iter().map(|row| row.id).collect(), page.page.next))
    });
}

/// The rows that somebody sees: those of their book or of their units, and without units those of the whole bank. Every fourth customer of
/// another book was handed over by them, half of these so long ago that they see it no more.
fn seen_by(app: &TestApp, rows: &mut Vec<Known>, username: &str, units: Option<&[&str]>) {
    let user = UserId::new(app.fixture.user(username));
    let id_in = |row: &Known, field: &str| match &row.values[field] {
        FieldValue::One(TypedValue::Id(id)) => Some(*id),
        _ => None,
    };
    if let Some(units) = units {
        let units: Vec<Uuid> = units.iter().map(|unit| app.fixture.unit(unit)).collect();
        return rows.retain(|row| id_in(row, "org_unit_id").is_some_and(|unit| units.contains(&unit)));
    }
    let teams: HashSet<Uuid> = app
        .db(move |conn| {
            use guanxi_db::schema::customer_team as t;
            let of_user = t::table.filter(t::user_id.eq(user)).select(t::customer_id);
            of_user.load::<guanxi_db::Id<()>>(conn).map_err(|error| DbError::from(error).into())
        })
        .into_iter()
        .map(|id| id.uuid())
        .collect();
    let is_own = |row: &Known| id_in(row, "owner_id") == Some(user.uuid()) || teams.contains(&row.id);
    let (own, others): (Vec<Known>, Vec<Known>) = std::mem::take(rows).into_iter().partition(is_own);
    let handed_over: Vec<(guanxi_db::Id<()>, bool)> = others
        .iter()
        .step_by(4)
        .enumerate()
        .map(|(n, row)| (guanxi_db::Id::new(row.id), n % 2 == 0))
        .collect();
    let still: HashSet<Uuid> =
        handed_over.iter().filter(|(_, still)| *still).map(|(id, _)| id.uuid()).collect();
    app.db(move |conn| {
        use guanxi_db::schema::customer_access as a;
        let now = clock::now();
        for (id, still) in &handed_over {
            let until = now.plus_seconds(if *still { 86_400 } else { -86_400 });
            diesel::insert_into(a::table)
                .values((a::customer_id.eq(*id), a::user_id.eq(user), a::until.eq(until)))
                .execute(conn)
                .map_err(DbError::from)?;
        }
        Ok(())
    });
    rows.extend(own.into_iter().chain(others.into_iter().filter(|row| still.contains(&row.id))));
}

#[test]
fn a7_filters_and_orders_find_nobody_whom_the_user_does_not_see() {
    let app = TestApp::start();
    varied(&app, 500);
    let present = ("archived", FieldValue::One(TypedValue::Bool(false)));
    let whole = known(&app).len();
    let users: [(&str, Option<&[&str]>); 4] = [
        ("rm", None),
        ("adviser", None),
        ("outlet_head", Some(&["a1"])),
        ("branch_manager", Some(&["a1", "a2"])),
    ];
    for (username, units) in users {
        let mut rows = known(&app);
        seen_by(&app, &mut rows, username, units);
        assert!(rows.len() > 50 && rows.len() < whole, "{username} sees {} of {whole}", rows.len());
        let user = UserId::new(app.fixture.user(username));
        compare(&app, &rows, FIELDS, &present, move |conn, state, request| {
            let actor = sessions::acting_for(conn, user, Uuid::nil(), clock::now())?.expect("an account");
            let page = customers::list(conn, &actor, state.house(), request)?;
            Ok((page.data.iter().map(|row| row.id).collect(), page.page.next))
        });
    }
}
