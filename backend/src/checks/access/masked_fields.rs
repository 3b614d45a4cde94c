use std::collections::{BTreeMap, BTreeSet};

use guanxi_api::Role;
use serde_json::{Value, json};

use super::super::contract::operations;
use super::super::paging::any_value;
use super::canaries::Watch;
use super::existence::encoded;
use super::sweep::{concrete, filled};
use crate::access::rights::MaskProfile;
use crate::app::LISTS;
use crate::customers::FIELDS;
use crate::listing::filter::Op;
use crate::listing::{Field, Privacy, Resource};
use crate::testing::{Answer, Client, TestApp};

fn is_restricted(role: Role) -> bool {
    MaskProfile::of(role) == MaskProfile::Restricted
}

/// Every way to name a field in a filter.
fn filters(field: &Field) -> Vec<String> {
    let (name, value) = (field.name, any_value(field.kind));
    let mut found = vec![format!("{name} eq null"), format!("not ({name} ne null)")];
    for op in field.kind.operators() {
        found.push(match op {
            Op::Eq | Op::Ne if field.kind.is_set() => format!("{name} {op} null"),
            Op::In => format!("{name} in ({value}, {value})"),
            op => format!("{name} {op} {value} or {name} {op} {value}"),
        });
    }
    found
}

/// A list, by its address or by a body, as somebody asks for it.
struct Asked<'a> {
    client: &'a Client,
    method: &'a str,
    path: &'a str,
}

impl Asked<'_> {
    fn with(&self, parameter: Option<(&str, &str)>) -> Answer {
        if self.method == "POST" {
            return match parameter {
                Some((name, value)) => self.client.post(self.path, &json!({name: value})),
                None => self.client.post(self.path, &json!({})),
            };
        }
        let query = parameter.map(|(name, value)| format!("?{name}={}", encoded(value)));
        self.client.get(&format!("{}{}", self.path, query.unwrap_or_default()))
    }
}

#[test]
fn b5_no_field_that_a_role_sees_masked_is_filtered_or_sorted_by() {
    let app = TestApp::start();
    let (_, filling) = filled(&app, &mut Watch::default());
    let document = serde_json::to_value(crate::app::openapi()).expect("the document is JSON");
    let mut refused: BTreeMap<(String, Role), usize> = BTreeMap::new();
    for (method, pattern, operation) in operations(&document) {
        let by_body = method == "POST" && pattern.ends_with("/search");
        let by_address = method == "GET"
            && operation["parameters"].as_array().into_iter().flatten().any(|of| of["name"] == "filter");
        if !by_body && !by_address {
            continue;
        }
        let list = pattern.trim_end_matches("/search");
        let resource: &Resource = LISTS
            .iter()
            .find_map(|(end, resource)| list.ends_with(end).then_some(*resource))
            .unwrap_or_else(|| panic!("{pattern} is filtered by what nobody declares"));
        let path = concrete(&pattern, &filling);
        for role in Role::ALL.iter().copied() {
            let client = app.role(role);
            let asked = Asked { client: &client, method: &method, path: &path };
            if asked.with(None).status != 200 {
                continue;
            }
            for field in resource.fields.iter().filter(|field| field.privacy == Privacy::Sensitive) {
                let sorts = [field.name.to_owned(), format!("-{}", field.name)];
                let ways = filters(field).into_iter().map(|text| ("filter", text, true));
                for (parameter, text, is_known) in
                    ways.chain(sorts.into_iter().map(|text| ("sort", text, field.sortable)))
                {
                    let answer = asked.with(Some((parameter, &text)));
                    let what = format!("{role} {method} {pattern} {parameter}={text}: {}", answer.text());
                    match (is_known, is_restricted(role)) {
                        (false, _) => assert_eq!(answer.status, 400, "{what}"),
                        (true, false) => assert_eq!(answer.status, 200, "{what}"),
                        (true, true) => {
                            assert_eq!(
                                (answer.status, answer.code().as_str()),
                                (403, "field_not_filterable"),
                                "{what}"
                            );
                            let body = answer.json();
                            assert!(body.get("data").is_none() && body.get("page").is_none(), "{what}");
                            *refused.entry((format!("{method} {pattern}"), role)).or_default() += 1;
                        }
                    }
                }
            }
        }
    }
    eprintln!("B5: refused {refused:?}");
    let fields = FIELDS.iter().filter(|field| field.privacy == Privacy::Sensitive).count();
    assert!(fields >= 25, "only {fields} fields of customers are declared to be masked");
    for role in [Role::Teller, Role::Service, Role::Admin] {
        for list in ["GET /api/v1/customers", "POST /api/v1/customers/search"] {
            let count = refused.get(&(list.to_owned(), role)).copied().unwrap_or_default();
            assert!(count > 5 * fields, "{role} was refused {count} times at {list}");
        }
    }
    for role in [Role::Service, Role::Admin] {
        for list in ["/surveys/{id}/answers", "/customers/{id}/survey-answers"] {
            assert!(refused.contains_key(&(format!("GET /api/v1{list}"), role)), "{role} {list}");
        }
    }
}

/// The members that one answer has a value in and another one has not, however deep.
fn taken_out(whole: &Value, shown: &Value, found: &mut BTreeSet<String>) {
    let is_empty = |value: &Value| value.is_null() || *value == json!([]);
    for (name, value) in whole.as_object().into_iter().flatten() {
        match &shown[name] {
            masked if is_empty(masked) && !is_empty(value) => drop(found.insert(name.clone())),
            below => taken_out(value, below, found),
        }
    }
}

#[test]
fn b5_what_an_answer_takes_out_is_declared_to_be_masked() {
    let app = TestApp::start();
    let (customer, _) = filled(&app, &mut Watch::default());
    let paths = [format!("/customers/{customer}"), "/customers?limit=200".to_owned()];
    let row = |client: &Client, path: &str| {
        let body = client.get(path).expect(200).json();
        let rows = body["data"].as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
        rows.into_iter().find(|row| row["id"] == json!(customer)).expect("the planted customer")
    };
    for role in [Role::Teller, Role::Service, Role::Admin] {
        let mut found = BTreeSet::new();
        for path in &paths {
            let (whole, shown) = (row(&app.role(Role::Auditor), path), row(&app.role(role), path));
            let told = shown["_masked"].as_array().into_iter().flatten();
            found.extend(told.filter_map(Value::as_str).map(str::to_owned));
            taken_out(&whole, &shown, &mut found);
        }
        let declared: Vec<&Field> = FIELDS.iter().filter(|field| found.contains(field.name)).collect();
        assert!(declared.len() >= 5, "{role}: of {found:?} only {declared:?} are fields");
        let open: Vec<&str> = declared
            .into_iter()
            .filter(|field| field.privacy != Privacy::Sensitive)
            .map(|field| field.name)
            .collect();
        assert!(open.is_empty(), "{role} sees these masked and may filter by them: {open:?}");
    }
}
