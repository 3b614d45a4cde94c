//! The same for every list that there is, on a demo bank. What a list shows is known from its rows, so that a list needs nothing of its own
//! here to be read page by page, with foreign cursors, and by filters and orders.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::access::sealing::Context;
use crate::app::LISTS;
use crate::listing::Resource;
use crate::{grades, ownership, segments};

/// Rows that tell of an order, those that are enough of a list, and the most that are read of one.
const FEW: usize = 3;
const ENOUGH: usize = 12;
const MOST: usize = 600;
/// Questions to each list.
const QUESTIONS: usize = 25;

/// Lists that have little to show in any bank.
const SHORT: &[&str] = &[
    "/customers/{id}/ownership",
    "/customers/{id}/survey-answers",
    "/customers/{id}/tier-history",
    "/handovers",
    "/jobs",
    "/pool-warnings",
    "/questionnaires",
    "/stand-ins",
    "/surveys",
    "/tier-policies",
];

/// Fields that rows do not show: of these only is asked who has none.
const NOT_SHOWN: &[(&str, &[&str])] = &[
    ("audit-entries", &["actor_id"]),
    ("care-gaps", &["incomplete"]),
    ("care-plans", &["org_unit_id", "owner_id"]),
    ("customer-losses", &["lost_at", "owner_id"]),
    ("customer_merges", &["undone_at"]),
    (
        "customers",
        &[
            "completeness",
            "do_not_contact",
            "industry",
            "last_contacted_at",
            "marital_status",
            "occupation",
            "province",
            "restricted",
            "risk_attribute",
            "source",
        ],
    ),
    ("handover-customers", &["place"]),
    ("holdings-of-customer", &["customer_archived", "org_unit_id", "owner_id"]),
    ("interactions", &["org_unit_id", "owner_id"]),
    ("ownership", &["from"]),
    ("stand-ins", &["cancelled"]),
    ("survey-answers", &["has_text", "nps", "owner_id"]),
    ("survey-invitations", &["answered", "opened", "revoked"]),
    ("views", &["created_at"]),
];

/// Everything that lists have, in the demo bank and beyond: merged customers, lost ones, changed ones, and records that were not taken.
fn bank() -> TestApp {
    let app = TestApp::start_with_demo(300);
    let head = app.role(Role::OutletHead);
    let made = |name: &str| head.post("/customers", &json!({"kind": "person", "name": name})).expect(201);
    for n in 0..4 {
        let (one, other) = (made(&format!("张三{n}")), made(&format!("张叁{n}")));
        let path = format!("/customers/{}", id_of(&one.json()));
        let body = json!({"other_id": other.json()["id"], "other_version": other.json()["version"]});
        head.send("POST", &format!("{path}/merge"), &[("If-Match", &one.tag())], Some(&body)).expect(201);
        let lost = made(&format!("李四{n}"));
        let path = format!("/customers/{}", id_of(&lost.json()));
        head.patch(&path, &lost.tag(), &json!({"status": "lost"})).expect(200);
    }
    // Of the first by the sound of their names it is asked what happened to them.
    let mut changed = made("阿一");
    for name in ["阿二", "阿三", "阿四"] {
        let path = format!("/customers/{}", id_of(&changed.json()));
        changed = head.patch(&path, &changed.tag(), &json!({"name": name})).expect(200);
    }
    let mapping = json!({"source": "core", "customer": [
        {"field": "external_id", "from": "{key}"}, {"field": "kind", "from": "person"}, {"field": "name", "from": "{name}"},
        {"field": "phone", "from": "{phone}"}, {"field": "birth_date", "from": "{born}"},
    ]});
    for turn in 0..2 {
        let mut text = "key,name,phone,born\n".to_owned();
        for n in 0..40 {
            let born = if n % 2 == 0 { "1980-01-01" } else { "1980-13-01" };
            text.push_str(&format!("{turn}-{n},张三,139001390{n:02},{born}\n"));
        }
        let upload =
            head.send_bytes("POST", "/uploads?name=c.csv", &[], Some(text.as_bytes())).expect(201).json();
        let new = json!({"upload_id": upload["id"], "mapping": mapping});
        let key = Uuid::now_v7().to_string();
        head.send("POST", "/jobs/imports", &[("Idempotency-Key", &key)], Some(&new)).expect(202);
        app.work();
    }
    settle(&app);
    app
}

/// Does what a server does beside its requests, until nothing is left.
fn settle(app: &TestApp) {
    loop {
        let state = app.state.clone();
        let more = app.db(move |conn| {
            let (actor, settings) = (Actor::job(clock::now()), &state.settings);
            crate::audit::publish(conn)?;
            let placed = segments::do_some_work(conn, &actor, settings)?;
            let graded = grades::do_some_work(conn, &actor, settings)?;
            let pooled = ownership::do_some_pool_work(conn, &actor, settings)?;
            Ok(placed | graded | pooled | ownership::do_some_work(conn, &actor, settings)?)
        });
        if !more {
            return;
        }
    }
}

/// Text as a part of a query.
fn percent(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

/// A list, at an address where it has something to show, and who sees it.
struct Place {
    /// As the contract has it, without the prefix of the API.
    template: String,
    path: String,
    resource: &'static Resource,
    client: Client,
}

impl Place {
    /// The address of the list with these parameters.
    fn at(&self, query: &[(&str, &str)]) -> String {
        let join = if self.path.contains('?') { "&" } else { "?" };
        let query: Vec<String> =
            query.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
        format!("{}{join}{}", self.path, query.join("&"))
    }

    /// A filter that takes what another one takes, left out by default or not.
    fn all(&self, filter: Option<&str>) -> Option<String> {
        let asks =
            self.resource.unless_asked.map(|(field, _)| format!("({field} eq null or {field} ne null)"));
        match (asks, filter) {
            (Some(asks), Some(filter)) => Some(format!("{asks} and ({filter})")),
            (asks, filter) => asks.or_else(|| filter.map(str::to_owned)),
        }
    }

    /// The rows of a list, in pages of so many; at most [`MOST`].
    fn rows(&self, filter: Option<&str>, sort: Option<&str>, limit: usize) -> Vec<Value> {
        let (filter, limit) = (self.all(filter), limit.to_string());
        let mut query = vec![("limit", limit.as_str())];
        query.extend(filter.as_deref().map(|filter| ("filter", filter)));
        query.extend(sort.map(|sort| ("sort", sort)));
        let (mut rows, mut cursor): (Vec<Value>, Option<String>) = (Vec::new(), None);
        loop {
            let mut query = query.clone();
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page = self.client.get(&self.at(&query)).expect(200).json();
            rows.extend(page["data"].as_array().expect("rows").iter().cloned());
            cursor = page["page"]["next"].as_str().map(str::to_owned);
            if cursor.is_none() || rows.len() >= MOST {
                return rows;
            }
        }
    }
}

/// Where every list of the contract has something to show.
fn places(app: &TestApp) -> Vec<Place> {
    let clients = [Role::Auditor, Role::Admin, Role::BranchManager, Role::OutletHead, Role::Rm]
        .map(|role| app.role(role));
    let document = serde_json::to_value(crate::app::openapi()).expect("JSON");
    let (mut places, mut nowhere) = (Vec::new(), Vec::new());
    for (path, item) in document["paths"].as_object().expect("paths") {
        let parameters = item["get"]["parameters"].as_array().cloned().unwrap_or_default();
        if !parameters.iter().any(|parameter| parameter["name"] == "filter") {
            continue;
        }
        let template = path.strip_prefix("/api/v1").expect("below the prefix").to_owned();
        let (_, resource) = LISTS
            .iter()
            .find(|(end, _)| template.ends_with(end))
            .unwrap_or_else(|| panic!("what {template} is filtered by does not stand in the contract"));
        let concrete = template.replace("{field}", "name");
        let length = |client: &Client, path: &str| {
            let answer = client.get(path);
            answer.json()["data"].as_array().map_or(0, Vec::len)
        };
        let mut best: Option<(usize, Place)> = None;
        for client in &clients {
            let paths = match concrete.split_once("/{id}") {
                None => vec![concrete.clone()],
                Some((parent, rest)) => {
                    let parents = client.get(&format!("{parent}?limit=60")).json();
                    let parents = parents["data"].as_array().cloned().unwrap_or_default();
                    parents
                        .iter()
                        .map(|row| format!("{parent}/{}{rest}", row["id"].as_str().expect("an id")))
                        .collect()
                }
            };
            for path in paths {
                if best.as_ref().is_some_and(|(count, _)| *count >= ENOUGH) {
                    break;
                }
                let path = if template == "/views" { format!("{path}?list=customers") } else { path };
                let place = Place { template: template.clone(), path, resource, client: client.clone() };
                let filter = place.all(None);
                let query: Vec<(&str, &str)> =
                    filter.as_deref().map(|filter| ("filter", filter)).into_iter().collect();
                let count = length(client, &place.at(&query));
                if best.as_ref().is_none_or(|(most, _)| count > *most) {
                    best = Some((count, place));
                }
            }
        }
        match best {
            Some((_, place)) => places.push(place),
            None => nowhere.push(template),
        }
    }
    assert!(nowhere.is_empty(), "nobody sees anything that has {nowhere:?}");
    places
}

/// The lists that can be read whole, and their rows.
fn whole_lists(app: &TestApp) -> Vec<(Place, Vec<Value>)> {
    let with_rows = |place: Place| {
        let rows = place.rows(None, None, 200);
        (place, rows)
    };
    places(app).into_iter().map(with_rows).filter(|(_, rows)| rows.len() < MOST).collect()
}

/// What has gone wrong, all of it: lists are many.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn compare<T: PartialEq + std::fmt::Debug>(&mut self, found: &T, wanted: &T, what: impl Fn() -> String) {
        if found != wanted {
            self.0.push(format!("{}: {found:?} instead of {wanted:?}", what()));
        }
    }

    fn tell(self) {
        let short: Vec<String> = self.0.iter().map(|fault| fault.chars().take(6000).collect()).collect();
        assert!(short.is_empty(), "{} faults:\n{}", short.len(), short.join("\n"));
    }
}

/// What identifies a row in its list: an id, or the line of a file.
fn key(row: &Value) -> Uuid {
    match (row["id"].as_str(), row["line"].as_u64()) {
        (Some(id), _) => id.parse().expect("a UUID"),
        (None, Some(line)) => Uuid::from_u128(line.into()),
        (None, None) => panic!("whose row is {row}"),
    }
}

fn keys(rows: &[Value]) -> Vec<Uuid> {
    rows.iter().map(key).collect()
}

/// The member of a row that says what it holds in a field: its own, that of whom it names, or that of its customer or product.
fn member<'a>(row: &'a Value, name: &str) -> Option<&'a Value> {
    let stem = name.strip_suffix("_id").unwrap_or(name);
    let named = [name, stem, stem.strip_suffix("_user").unwrap_or(stem)];
    let of = |about: &'a Value| {
        named
            .iter()
            .map(|name| &about[*name])
            .map(|value| if value["id"].is_string() { &value["id"] } else { value })
    };
    [row, &row["customer"], &row["product"]].into_iter().flat_map(of).find(|value| !value.is_null())
}

/// What a row holds in a field, where it shows it.
fn shown(row: &Value, field: &Field) -> Option<FieldValue> {
    let value = member(row, field.name);
    let Some(value) = value else {
        // Rows say since when they are archived.
        return (field.name == "archived")
            .then(|| FieldValue::One(TypedValue::Bool(row["archived_at"].is_string())));
    };
    let text = value.as_str();
    let typed = match field.kind {
        FieldType::Code(codes) => TypedValue::Code(codes.iter().find(|code| Some(**code) == text)?),
        FieldType::Codes(_) | FieldType::Texts | FieldType::Ids => {
            let members = value.as_array()?.iter();
            let members: Option<BTreeSet<String>> =
                members.map(|member| member.as_str().map(str::to_owned)).collect();
            return members.map(FieldValue::Many);
        }
        FieldType::Text => TypedValue::Text(text?.to_owned()),
        FieldType::Id => TypedValue::Id(text?.parse().ok()?),
        FieldType::Integer => TypedValue::Integer(value.as_i64()?),
        FieldType::Money => {
            let amount = value["amount"].as_str().or(text)?;
            TypedValue::Money(amount.replace('.', "").parse().ok()?)
        }
        FieldType::Date => TypedValue::Date(text?.parse().ok()?),
        FieldType::Instant => {
            TypedValue::Instant(chrono::DateTime::parse_from_rfc3339(text?).ok()?.timestamp_micros())
        }
        FieldType::Bool => TypedValue::Bool(value.as_bool()?),
    };
    Some(FieldValue::One(typed))
}

/// The fields of a list that its rows show, and what each row holds in them.
fn told(place: &Place, rows: &[Value]) -> (&'static [Field], Vec<Known>) {
    let mut fields = Vec::new();
    for field in place.resource.fields {
        let held: Vec<Option<FieldValue>> = rows.iter().map(|row| shown(row, field)).collect();
        let is_told =
            held.iter().any(Option::is_some) && (field.nullable || held.iter().all(Option::is_some));
        if matches!(field.privacy, Privacy::Personal | Privacy::Sensitive) || !is_told {
            continue;
        }
        // What ranks follow is not known here.
        let whole = held.iter().all(Option::is_some)
            && field.privacy == Privacy::Open
            && field.sort_column.is_none_or(|(_, kind)| kind == field.kind);
        fields.push(Field { sortable: field.sortable && whole, ..*field });
    }
    let fields: &'static [Field] = Box::leak(fields.into_boxed_slice());
    let known = |row: &Value| Known {
        id: key(row),
        values: fields
            .iter()
            .map(|field| (field.name, shown(row, field).unwrap_or(FieldValue::Null)))
            .collect(),
    };
    (fields, rows.iter().map(known).collect())
}

#[test]
fn a5_every_list_shows_each_row_once_in_every_order() {
    let app = bank();
    let (mut faults, mut short) = (Faults::default(), Vec::new());
    for (place, rows) in whole_lists(&app) {
        if rows.len() < FEW
            && !place.template.ends_with("{id}/history")
            && !SHORT.contains(&place.template.as_str())
        {
            short.push((place.template.clone(), rows.len()));
        }
        let page = (rows.len() / 4).max(1);
        let whole = keys(&rows);
        let members = |keys: &[Uuid]| keys.iter().copied().collect::<BTreeSet<Uuid>>();
        faults.compare(&members(&whole).len(), &whole.len(), || format!("{}: members", place.path));
        let paged = keys(&place.rows(None, None, page));
        faults.compare(&paged, &whole, || format!("{} in pages of {page}", place.path));
        let filter = place.all(None).unwrap_or_default();
        let mut query = vec![("limit", "1"), ("include", "total")];
        query.extend((!filter.is_empty()).then_some(("filter", filter.as_str())));
        let first = place.client.get(&place.at(&query)).expect(200).json();
        faults.compare(&first["page"]["total"], &json!(whole.len()), || format!("{}: total", place.path));
        for field in place.resource.fields.iter().filter(|field| field.sortable) {
            let rising = keys(&place.rows(None, Some(field.name), 200));
            let mut falling = keys(&place.rows(None, Some(&format!("-{}", field.name)), page));
            falling.reverse();
            let by = |what: &str| format!("{} by {}, {what}", place.path, field.name);
            faults.compare(&rising, &falling, || by("both ways"));
            faults.compare(&members(&rising), &members(&whole), || by("members"));
        }
    }
    faults.compare(&short, &Vec::new(), || "lists that are too short to tell".to_owned());
    faults.tell();
}

/// A cursor that a list has given, good until another moment.
fn resealed(app: &TestApp, given: &str, until: i64) -> String {
    let context = Context { table: "", column: "cursor", id: &[] };
    let sealed = URL_SAFE_NO_PAD.decode(given).expect("base64");
    let document = app.state.keys.cursor().open(&sealed, &context).expect("a cursor of this server");
    let mut document: Value = serde_json::from_slice(&document).expect("JSON");
    document["e"] = json!(until);
    let sealed =
        app.state.keys.cursor().seal(document.to_string().as_bytes(), &context).expect("it is sealed");
    URL_SAFE_NO_PAD.encode(sealed)
}

#[test]
fn a6_no_list_takes_a_cursor_but_an_untouched_one_of_its_own_and_in_time() {
    let app = bank();
    let places = places(&app);
    let next = |place: &Place, client: &Client| {
        let answer = client.get(&place.at(&[("limit", "1")]));
        (answer.status == 200).then(|| answer.json()["page"]["next"].as_str().map(str::to_owned)).flatten()
    };
    let (mut faults, mut tried) = (Faults::default(), BTreeMap::<&str, usize>::new());
    for (place, other) in places.iter().zip(places.iter().cycle().skip(1)) {
        let Some(own) = next(place, &place.client) else { continue };
        let with = |cursor: &str| place.at(&[("limit", "1"), ("cursor", cursor)]);
        place.client.get(&with(&own)).expect(200);
        let middle = own.len() / 2;
        let letter = if own.as_bytes()[middle] == b'A' { "B" } else { "A" };
        let mut bad = vec![
            ("changed", format!("{}{letter}{}", &own[..middle], &own[middle + 1..])),
            ("cut", own[..own.len() - 1].to_owned()),
        ];
        let resealed = |until: i64| resealed(&app, &own, until);
        let now = clock::now().0;
        place.client.get(&with(&resealed(now + cursor::LIFETIME_MICROS))).expect(200);
        bad.extend([("expired", resealed(now)), ("expired", resealed(now - cursor::LIFETIME_MICROS))]);
        bad.extend(next(other, &other.client).map(|cursor| ("of another list", cursor)));
        for role in [Role::BranchManager, Role::Auditor] {
            let client = app.role(role);
            if client.token != place.client.token {
                bad.extend(next(place, &client).map(|cursor| ("of another user", cursor)));
            }
        }
        for (what, cursor) in bad {
            let answer = place.client.get(&with(&cursor));
            let told = (answer.status, answer.code(), answer.json().get("data").is_some());
            let refusal = (400, "cursor_invalid".to_owned(), false);
            faults.compare(&told, &refusal, || format!("{} with one {what}", place.path));
            *tried.entry(what).or_default() += 1;
        }
    }
    let least = tried.values().copied().min().unwrap_or_default();
    faults.tell();
    assert!(tried.len() == 5 && least > 20, "{tried:?}");
}

#[test]
fn a6_no_search_takes_a_cursor_but_an_untouched_one_of_its_own_and_in_time() {
    let app = bank();
    let (client, other) = (app.role(Role::BranchManager), app.role(Role::OutletHead));
    let searches = ["/customers", "/households", "/interactions"].map(|list| format!("{list}/search"));
    // Searches by words go by nearness or by a list of what was found, those without words by the list's order.
    for name in ["张家甲", "张家乙"] {
        let head = other.post("/customers", &json!({"kind": "person", "name": "张三"})).expect(201).json();
        let members = json!([{"customer_id": head["id"], "role": "head"}]);
        other.post("/households", &json!({"name": name, "members": members})).expect(201);
    }
    const WORDS: [&str; 3] = ["", "张", "客户"];
    let asked = searches.iter().flat_map(|path| WORDS.map(|q| (path, q)));
    let ask = |client: &Client, path: &str, q: &str, cursor: Option<&str>| {
        let mut body = json!({"limit": 1});
        if !q.is_empty() {
            body["q"] = json!(q);
        }
        if let Some(cursor) = cursor {
            body["cursor"] = json!(cursor);
        }
        client.post(path, &body)
    };
    let next = |client: &Client, path: &str, q: &str| {
        ask(client, path, q, None).expect(200).json()["page"]["next"].as_str().map(str::to_owned)
    };
    let (mut faults, mut tried) = (Faults::default(), BTreeMap::<(&str, &str), usize>::new());
    for (path, q) in asked {
        let Some(own) = next(&client, path, q) else { continue };
        let now = clock::now().0;
        for good in [own.clone(), resealed(&app, &own, now + cursor::LIFETIME_MICROS)] {
            ask(&client, path, q, Some(&good)).expect(200);
        }
        let middle = own.len() / 2;
        let letter = if own.as_bytes()[middle] == b'A' { "B" } else { "A" };
        let mut bad = vec![
            ("changed", format!("{}{letter}{}", &own[..middle], &own[middle + 1..])),
            ("cut", own[..own.len() - 1].to_owned()),
            ("expired", resealed(&app, &own, now)),
            ("expired", resealed(&app, &own, now - cursor::LIFETIME_MICROS)),
        ];
        bad.extend(next(&other, path, q).map(|cursor| ("of another user", cursor)));
        for elsewhere in searches.iter().filter(|elsewhere| *elsewhere != path) {
            bad.extend(next(&client, elsewhere, q).map(|cursor| ("of another list", cursor)));
        }
        for words in WORDS.into_iter().filter(|words| *words != q) {
            bad.extend(next(&client, path, words).map(|cursor| ("of other words", cursor)));
        }
        for (what, cursor) in bad {
            let answer = ask(&client, path, q, Some(&cursor));
            let told = (answer.status, answer.code(), answer.json().get("data").is_some());
            let refusal = (400, "cursor_invalid".to_owned(), false);
            faults.compare(&told, &refusal, || format!("{path} for {q:?} with one {what}"));
            *tried.entry((path, what)).or_default() += 1;
        }
    }
    faults.tell();
    assert_eq!(tried.len(), 3 * 6, "{tried:?}");
}

#[test]
fn a7_filters_of_every_list_mean_what_its_rows_show() {
    let app = bank();
    let (mut faults, mut not_shown) = (Faults::default(), BTreeSet::new());
    for (place, rows) in whole_lists(&app).into_iter().filter(|(_, rows)| !rows.is_empty()) {
        let whole: BTreeSet<Uuid> = rows.iter().map(key).collect();
        let (fields, known) = told(&place, &rows);
        for field in place.resource.fields {
            let asked = matches!(field.privacy, Privacy::Open);
            if !asked || fields.iter().any(|shown| shown.name == field.name) {
                continue;
            }
            if !NOT_SHOWN
                .iter()
                .any(|(list, fields)| *list == place.resource.name && fields.contains(&field.name))
            {
                not_shown.insert((place.resource.name, field.name));
            }
            let of = |op: &str| {
                let filter = format!("{} {op} null", field.name);
                place.rows(Some(&filter), None, 200).iter().map(key).collect::<BTreeSet<_>>()
            };
            let (none, some) = (of("eq"), of("ne"));
            let about = |what: &str| format!("{}, {}: {what}", place.path, field.name);
            faults.compare(&(&none & &some), &BTreeSet::new(), || about("both null and not"));
            faults.compare(&(&none | &some), &whole, || about("null or not"));
        }
        if fields.iter().all(|field| field.privacy == Privacy::Order) {
            continue;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(17);
        let mut asked = 0;
        while asked < QUESTIONS {
            let text = expression(&mut rng, &known, fields, 1);
            let sortable = fields.iter().any(|field| field.sortable);
            let order = if sortable { order(&mut rng, fields) } else { Vec::new() };
            if filter::parse(&text).is_err() {
                continue;
            }
            asked += 1;
            let sort: Vec<String> = order
                .iter()
                .map(|(name, descending)| format!("{}{name}", if *descending { "-" } else { "" }))
                .collect();
            let sort = sort.join(",");
            let limit = pick(&mut rng, &[5, 50, 200]);
            let mut found = keys(&place.rows(Some(&text), sortable.then_some(sort.as_str()), limit));
            let mut wanted = expected(&known, fields, &("", FieldValue::Null), &text, &order);
            if !sortable {
                found.sort();
                wanted.sort();
            }
            let differing = |row: &&Value| found.contains(&key(row)) != wanted.contains(&key(row));
            let first = rows.iter().find(differing);
            faults.compare(&found, &wanted, || format!("{}: {text} by {sort}, of {first:?}", place.path));
        }
    }
    faults.compare(&not_shown, &BTreeSet::new(), || "fields that no row shows".to_owned());
    faults.tell();
}
