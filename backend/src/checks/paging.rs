use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use guanxi_api::{
    Amount, CustomerKind, CustomerSource, CustomerStatus, Gender, IncomeBand, MaritalStatus, NewCustomer,
    RiskAttribute, Role, Tier,
};
use guanxi_db::schema::{customer, customer_figures};
use guanxi_db::{DbConn, DbError, Engine, Moment};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

use super::plans::populate;
use crate::access::sealing::Sealer;
use crate::access::{Actor, OrgUnitId, UserId};
use crate::clock;
use crate::customers::{self, FIELDS, Prepared};
use crate::error::Result;
use crate::listing::cursor::{self, Cursor, Key};
use crate::listing::filter::{self, FieldSpec, FieldType, FieldValue, Op, TypedValue};
use crate::listing::{Field, ListRequest, Privacy};
use crate::names::name_sort;
use crate::testing::{Client, TestApp};

/// Whether the check runs at its full length.
pub(super) fn is_full() -> bool {
    std::env::var("GUANXI_CHECK_FULL").is_ok_and(|value| value == "1")
}

/// Everything on a list, page by page, with the time of its first and last page.
fn walk(client: &Client, path: &str) -> Vec<Value> {
    let (mut rows, mut cursor, mut times) = (Vec::new(), None::<String>, Vec::new());
    loop {
        let next = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let started = Instant::now();
        let page = client.get(&format!("{path}{next}")).expect(200).json();
        times.push(started.elapsed());
        rows.extend(page["data"].as_array().expect("rows").iter().cloned());
        cursor = page["page"]["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    let tenth = (times.len() / 10).max(1);
    let middle = |times: &[std::time::Duration]| {
        let mut times = times.to_vec();
        times.sort();
        times.get(times.len() / 2).copied().unwrap_or_default()
    };
    let (first, last) = (middle(&times[..tenth]), middle(&times[times.len() - tenth..]));
    let met = if last <= first * 2 { "met" } else { "missed" };
    println!("{path}: {} pages; first {first:.1?}, last {last:.1?} (at most 2 x: {met})", times.len());
    rows
}

fn id_of(row: &Value) -> Uuid {
    row["id"].as_str().expect("an id").parse().expect("a UUID")
}

/// Creates customers, renames and archives its own, until it is told to stop; gives how much it did.
fn write_until(client: &Client, writer: usize, stop: &AtomicBool, done: &AtomicUsize) {
    const SURNAMES: [&str; 6] = ["安", "陈", "李", "王", "张", "邹"];
    let mut own: Vec<(String, String)> = Vec::new();
    let mut n = 0;
    while !stop.load(Ordering::SeqCst) {
        n += 1;
        let name =
            format!("{}{}", SURNAMES[(n + writer) % SURNAMES.len()], if n % 2 == 0 { "伟" } else { "芳" });
        let answer = match (n % 3, own.pop()) {
            (1, Some((id, tag))) => client.patch(&format!("/customers/{id}"), &tag, &json!({"name": name})),
            (2, Some((id, tag))) => client.act(&format!("/customers/{id}/archive"), &tag),
            _ => client.post("/customers", &json!({"kind": "person", "name": name})),
        };
        match answer.status {
            200 | 201 => {
                let body = answer.json();
                if body["archived_at"].is_null() {
                    own.push((body["id"].as_str().expect("an id").to_owned(), answer.tag()));
                }
                done.fetch_add(1, Ordering::SeqCst);
            }
            // Overload is an answer too; nothing was written.
            503 => {}
            other => panic!("{other}: {}", answer.text()),
        }
    }
}

#[test]
fn a5_pages_show_each_stable_row_once_while_others_write() {
    let app = TestApp::start();
    populate(&app, if is_full() { 100_000 } else { 10_000 });
    let auditor = app.role(Role::Auditor);
    let head = app.role(Role::OutletHead);
    let stable: HashSet<Uuid> = walk(&auditor, "/customers?limit=200").iter().map(id_of).collect();
    assert!(stable.len() >= 10_000, "{}", stable.len());

    let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
    let walks: Vec<(&str, Vec<Value>)> = std::thread::scope(|scope| {
        for writer in 0..4 {
            let (head, stop, done) = (head.clone(), &stop, &done);
            scope.spawn(move || write_until(&head, writer, stop, done));
        }
        let walks = ["name", "-aum", "-created_at"]
            .map(|sort| (sort, walk(&auditor, &format!("/customers?limit=200&sort={sort}"))));
        stop.store(true, Ordering::SeqCst);
        walks.into_iter().collect()
    });
    assert!(done.load(Ordering::SeqCst) > 20, "the writers wrote nothing");
    for (sort, rows) in walks {
        let mut times: HashMap<Uuid, usize> = HashMap::new();
        for row in &rows {
            *times.entry(id_of(row)).or_default() += 1;
        }
        let missed = stable.iter().filter(|id| !times.contains_key(*id)).count();
        let twice = stable.iter().filter(|id| times.get(*id).is_some_and(|times| *times > 1)).count();
        assert_eq!(
            (missed, twice),
            (0, 0),
            "{sort}: stable rows missed and shown twice, of {}",
            stable.len()
        );
        for pair in rows.windows(2) {
            let [a, b] = pair else { continue };
            let sorted = match sort {
                "name" => (name_key(a), id_of(a)) < (name_key(b), id_of(b)),
                "-aum" => (aum(a), id_of(a)) > (aum(b), id_of(b)),
                _ => (a["created_at"].as_str(), id_of(a)) > (b["created_at"].as_str(), id_of(b)),
            };
            assert!(sorted, "{sort}: {a} does not come before {b}");
        }
    }
}

fn name_key(row: &Value) -> String {
    let kind = CustomerKind::from_code(row["kind"].as_str().expect("a kind")).expect("a kind");
    name_sort(kind, row["name"].as_str().expect("a name"))
}

fn aum(row: &Value) -> i64 {
    row["aum"]["amount"].as_str().expect("an amount").replace('.', "").parse().expect("four decimals")
}

#[test]
fn a6_no_cursor_but_ones_own_of_this_list_is_taken() {
    let app = TestApp::start();
    populate(&app, 300);
    let (auditor, other) = (app.role(Role::Auditor), app.role(Role::BranchManager));
    let path = "/customers?limit=10&sort=name";
    let next = |client: &Client, path: &str| {
        client.get(path).expect(200).json()["page"]["next"].as_str().expect("a next page").to_owned()
    };
    let own = next(&auditor, path);
    let good = auditor.get(&format!("{path}&cursor={own}")).expect(200);
    assert_eq!(
        good.json()["data"].as_array().map(Vec::len),
        Some(10),
        "a cursor that nobody touched is taken"
    );

    let mut bad: Vec<(&str, String)> = Vec::new();
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    while bad.len() < 500 {
        let mut bytes = own.clone().into_bytes();
        let at = rng.next_u32() as usize % bytes.len();
        bytes[at] = ALPHABET[rng.next_u32() as usize % ALPHABET.len()];
        let text = String::from_utf8(bytes).expect("ASCII");
        if text != own {
            bad.push(("changed", text));
        }
    }
    for n in 0..100 {
        bad.push(("cut", own[..own.len() - 1 - n].to_owned()));
    }
    let foreign = next(&other, path);
    other.get(&format!("{path}&cursor={foreign}")).expect(200);
    let mine = |expires_at: i64, principal: &str, sort: &str, filter: &str| Cursor {
        sort: sort.to_owned(),
        filter_hash: cursor::filter_hash(&["customers", filter, ""]),
        keys: vec![Key::Text("a".into()), Key::Bytes(Uuid::nil().as_bytes().to_vec())],
        principal: principal.to_owned(),
        expires_at,
    };
    let (me, now) = (app.fixture.user("auditor").to_string(), clock::now().0);
    let later = now + cursor::LIFETIME_MICROS;
    let seal = |cursor: &Cursor| cursor::seal(app.state.keys.cursor(), cursor).expect("a sealed cursor");
    let control = seal(&mine(later, &me, "name", ""));
    auditor.get(&format!("{path}&cursor={control}")).expect(200);
    for n in 0..80_i64 {
        bad.push(("expired", seal(&mine(now - n * n * 1_000_000, &me, "name", ""))));
        bad.push((
            "of another user",
            seal(&mine(later, &Uuid::from_u128(u128::from(n.unsigned_abs())).to_string(), "name", "")),
        ));
        bad.push(("of another filter", seal(&mine(later, &me, "name", &format!("city eq \"{n}\"")))));
        let sort = ["-name", "name,-aum", "-aum", "created_at"][usize::try_from(n % 4).expect("small")];
        bad.push(("of another order", seal(&mine(later, &me, sort, ""))));
        let key = Sealer::new(&[u8::try_from(n).expect("small"); 32]).expect("a key");
        bad.push((
            "sealed with another key",
            cursor::seal(&key, &mine(later, &me, "name", "")).expect("a sealed cursor"),
        ));
    }
    bad.push(("of another user", foreign));
    bad.push((
        "of another filter",
        next(&auditor, "/customers?limit=10&sort=name&filter=kind%20eq%20%22person%22"),
    ));
    bad.push(("of another order", next(&auditor, "/customers?limit=10&sort=-aum")));
    bad.push(("of another list", next(&auditor, "/users?limit=2")));
    assert!(bad.len() >= 1_000);
    for (what, cursor) in bad {
        let answer = auditor.get(&format!("{path}&cursor={cursor}"));
        assert_eq!((answer.status, answer.code().as_str()), (400, "cursor_invalid"), "{what}: {cursor}");
        assert!(answer.json().get("data").is_none(), "{what}");
    }
    let search = json!({"sort": "name", "limit": 10, "cursor": own, "q": "王"});
    assert_eq!(auditor.post("/customers/search", &search).expect(400).code(), "cursor_invalid");
}

/// One customer as the oracle knows it.
struct Known {
    id: Uuid,
    values: HashMap<&'static str, FieldValue>,
}

fn pick<T: Copy>(rng: &mut ChaCha8Rng, from: &[T]) -> T {
    from[rng.next_u32() as usize % from.len()]
}

fn maybe<T>(rng: &mut ChaCha8Rng, value: T) -> Option<T> {
    (!rng.next_u32().is_multiple_of(3)).then_some(value)
}

const CITIES: [&str; 6] = ["上海", "杭州", "杭", "a%b", "a_b", "Å"];

/// Customers of few different values and many empty ones, so that filters meet equal, missing and bordering ones.
fn varied(app: &TestApp, count: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(77);
    let now = clock::now();
    let day = |n: u32| chrono::NaiveDate::from_ymd_opt(1980, 1 + n % 12, 1 + n % 28).expect("a day");
    let mut prepared = Vec::new();
    for _ in 0..count {
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
            team: Vec::new(),
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

fn field_of(fields: &'static [Field], name: &str) -> &'static Field {
    fields.iter().find(|field| field.name == name).unwrap_or_else(|| panic!("no field {name}"))
}

/// A value as the grammar writes it.
fn written(value: &TypedValue) -> String {
    match value {
        TypedValue::Code(code) => json!(code).to_string(),
        TypedValue::Text(text) => json!(text).to_string(),
        TypedValue::Id(id) => json!(id).to_string(),
        TypedValue::Integer(number) => number.to_string(),
        TypedValue::Money(units) => {
            let sign = if *units < 0 { "-" } else { "" };
            format!("{sign}{}.{:04}", units.unsigned_abs() / 10_000, units.unsigned_abs() % 10_000)
        }
        TypedValue::Date(date) => json!(date).to_string(),
        TypedValue::Instant(micros) => json!(guanxi_api::Instant(Moment(*micros).to_utc())).to_string(),
        TypedValue::Bool(flag) => flag.to_string(),
    }
}

/// A value that some customer has in a field, or one beside it.
fn value_for(rng: &mut ChaCha8Rng, rows: &[Known], field: &Field) -> String {
    for _ in 0..20 {
        let row = &rows[rng.next_u32() as usize % rows.len()];
        let value = match row.values.get(field.name) {
            Some(FieldValue::One(value)) => value,
            Some(FieldValue::Many(codes)) => match codes.iter().next() {
                Some(code) => return json!(code).to_string(),
                None => continue,
            },
            _ => continue,
        };
        let beside = rng.next_u32().is_multiple_of(5);
        return written(&match value {
            TypedValue::Integer(number) if beside => TypedValue::Integer(number + 1),
            TypedValue::Money(number) if beside => TypedValue::Money(number - 1),
            TypedValue::Instant(micros) if beside => TypedValue::Instant(micros + 1),
            TypedValue::Id(_) if beside => TypedValue::Id(Uuid::now_v7()),
            TypedValue::Text(text) if beside => TypedValue::Text(format!("{text}x")),
            other => other.clone(),
        });
    }
    match field.kind {
        FieldType::Code(codes) => json!(codes[0]).to_string(),
        FieldType::Bool => "true".into(),
        FieldType::Integer | FieldType::Money => "1980".into(),
        FieldType::Date => "\"1980-01-01\"".into(),
        FieldType::Instant => "\"2026-01-01T00:00:00Z\"".into(),
        FieldType::Id | FieldType::Ids => json!(Uuid::nil()).to_string(),
        _ => "\"x\"".into(),
    }
}

fn comparison(rng: &mut ChaCha8Rng, rows: &[Known], fields: &'static [Field]) -> String {
    let filterable: Vec<&Field> = fields.iter().filter(|field| field.privacy != Privacy::Order).collect();
    let field = filterable[rng.next_u32() as usize % filterable.len()];
    if rng.next_u32().is_multiple_of(6) {
        return format!("{} {} null", field.name, pick(rng, &["eq", "ne"]));
    }
    let op = match pick(rng, field.kind.operators()) {
        Op::Eq if field.kind == FieldType::Ids => Op::Eq,
        // A set is not one value.
        Op::Eq | Op::Ne if field.kind.is_set() => Op::Has,
        op => op,
    };
    match op {
        Op::In => {
            let count = 1 + rng.next_u32() % 4;
            let values: Vec<String> = (0..count).map(|_| value_for(rng, rows, field)).collect();
            format!("{} in ({})", field.name, values.join(", "))
        }
        Op::Starts => {
            let text: String = serde_json::from_str(&value_for(rng, rows, field)).expect("a text");
            let length = rng.next_u32() as usize % 4;
            format!("{} starts {}", field.name, json!(text.chars().take(length).collect::<String>()))
        }
        op => format!("{} {op} {}", field.name, value_for(rng, rows, field)),
    }
}

fn expression(rng: &mut ChaCha8Rng, rows: &[Known], fields: &'static [Field], depth: u32) -> String {
    match rng.next_u32() % 8 {
        0..=2 if depth < 3 => {
            let word = pick(rng, &[" and ", " or "]);
            let count = 2 + rng.next_u32() % 2;
            let members: Vec<String> = (0..count).map(|_| expression(rng, rows, fields, depth + 1)).collect();
            format!("({})", members.join(word))
        }
        3 if depth < 3 => format!("not ({})", expression(rng, rows, fields, depth + 1)),
        _ => comparison(rng, rows, fields),
    }
}

fn order(rng: &mut ChaCha8Rng, fields: &'static [Field]) -> Vec<(&'static str, bool)> {
    let mut sortable: Vec<&'static str> =
        fields.iter().filter(|field| field.sortable).map(|field| field.name).collect();
    let count = 1 + rng.next_u32() as usize % sortable.len().min(3);
    (0..count)
        .map(|_| {
            let name = sortable.remove(rng.next_u32() as usize % sortable.len());
            (name, rng.next_u32().is_multiple_of(2))
        })
        .collect()
}

/// The ids that a list must give, in order, by the meaning of filters in memory.
///
/// `usual` is what a row holds in a field while the filter does not name it.
fn expected(
    rows: &[Known],
    fields: &'static [Field],
    usual: &(&str, FieldValue),
    text: &str,
    order: &[(&'static str, bool)],
) -> Vec<Uuid> {
    let parsed = filter::parse(text).expect("a filter");
    let typed = filter::check(&parsed, &|name| {
        let field = fields.iter().find(|field| field.name == name)?;
        Some(FieldSpec { field: field.name, kind: field.kind, filterable: true })
    })
    .expect("a filter that fits");
    let asks = text.contains(&format!("{} ", usual.0));
    let get = |row: &Known, name: &str| row.values.get(name).cloned().expect("every field is known");
    let mut found: Vec<&Known> = rows
        .iter()
        .filter(|row| asks || get(row, usual.0) == usual.1)
        .filter(|row| filter::matches(&typed, &|name: &&'static str| get(row, name)))
        .collect();
    found.sort_by(|a, b| {
        for (name, descending) in order {
            let (FieldValue::One(x), FieldValue::One(y)) = (get(a, name), get(b, name)) else {
                panic!("{name} is null")
            };
            let ordering = if *descending { y.cmp(&x) } else { x.cmp(&y) };
            if ordering.is_ne() {
                return ordering;
            }
        }
        let last_descends = order.last().is_some_and(|(_, descending)| *descending);
        if last_descends { b.id.cmp(&a.id) } else { a.id.cmp(&b.id) }
    });
    found.iter().map(|row| row.id).collect()
}

/// A list asked by the command line, which sees everything: the ids of a page and its cursor.
type Ask = fn(&mut DbConn, &crate::app::AppState, &ListRequest) -> Result<(Vec<Uuid>, Option<String>)>;

/// Asks a list 2,000 random questions and compares with what the rows in memory say.
fn compare(
    app: &TestApp,
    rows: &[Known],
    fields: &'static [Field],
    usual: &(&'static str, FieldValue),
    ask: Ask,
) {
    let covered: BTreeSet<&str> = rows[0].values.keys().copied().collect();
    assert_eq!(
        covered,
        fields.iter().map(|field| field.name).collect(),
        "the oracle does not know every field"
    );
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut queries = Vec::new();
    while queries.len() < 2_000 {
        let (text, order) = (expression(&mut rng, rows, fields, 0), order(&mut rng, fields));
        let comparisons = text.matches("eq ").count() + text.matches("ne ").count();
        if filter::parse(&text).is_ok() && comparisons <= 20 {
            let limit = pick(&mut rng, &[7, 50, 200]);
            queries.push((text, order, limit));
        }
    }
    let wanted: Vec<Vec<Uuid>> =
        queries.iter().map(|(text, order, _)| expected(rows, fields, usual, text, order)).collect();
    let most = rows.len() * 3 / 4;
    let (empty, all) = (
        wanted.iter().filter(|ids| ids.is_empty()).count(),
        wanted.iter().filter(|ids| ids.len() > most).count(),
    );
    assert!(
        empty < 1_000 && all < 1_000,
        "the queries tell nothing: {empty} find nobody, {all} nearly everyone"
    );
    let state = app.state.clone();
    let asked = queries.clone();
    let found: Vec<Vec<Uuid>> = app
        .state
        .db
        .read_blocking(move |conn| {
            let mut found = Vec::new();
            for (text, order, limit) in &asked {
                let sort: Vec<String> = order
                    .iter()
                    .map(|(name, descending)| format!("{}{name}", if *descending { "-" } else { "" }))
                    .collect();
                let mut request = ListRequest {
                    filter: Some(text.clone()),
                    sort: Some(sort.join(",")),
                    limit: Some(*limit),
                    in_body: true,
                    ..ListRequest::default()
                };
                let mut ids = Vec::new();
                loop {
                    let (page, next) = ask(conn, &state, &request)?;
                    ids.extend(page);
                    request.cursor = next;
                    if request.cursor.is_none() {
                        break;
                    }
                }
                found.push(ids);
            }
            Ok::<_, crate::error::Error>(found)
        })
        .expect("every query runs");
    for (((text, order, _), wanted), found) in queries.iter().zip(wanted).zip(found) {
        assert_eq!(found, wanted, "{text} by {order:?}");
    }
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
        let actor = super::plans::actor(&app, username);
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

mod contacts;
mod every;
