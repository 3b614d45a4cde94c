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

use filters::varied;

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
    any_value(field.kind)
}

/// A value of a type, as the grammar writes it.
pub(super) fn any_value(kind: FieldType) -> String {
    match kind {
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

/// Asks a list 2,000 random questions and compares with what the rows in memory say. A page is its ids and its cursor.
fn compare(
    app: &TestApp,
    rows: &[Known],
    fields: &'static [Field],
    usual: &(&'static str, FieldValue),
    ask: impl Fn(&mut DbConn, &crate::app::AppState, &ListRequest) -> Result<(Vec<Uuid>, Option<String>)>
    + Send
    + 'static,
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

mod contacts;
mod every;
mod filters;
mod searches;
