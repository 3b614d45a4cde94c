use chrono::{Datelike, NaiveDate};
use guanxi_api::{CustomerKind, CustomerProfile, IdentityDocument, IdentityKind};
use guanxi_db::Id;
use guanxi_db::search::FoundByName;
use serde_json::{Map, Value, json};

use crate::customers::CustomerId;
use crate::customers::provenance::{self, Sources};
use crate::customers::rules::contact::not_masked;
use crate::customers::rules::identity::{self, Normalised};
use crate::customers::store::CustomerRow;
use crate::error::{Error, FieldError, Result};
use crate::names::{name_sort, search};
use crate::text;

/// Members that have columns of their own; the others are kept together in `details`.
const COLUMNS: [&str; 13] = [
    "name",
    "gender",
    "birth_date",
    "birth_year",
    "marital_status",
    "province",
    "city",
    "occupation",
    "industry",
    "income_band",
    "source",
    "risk_attribute",
    "customer_since",
];

/// Brings a profile into the form in which it is stored, and checks the rules that need no database.
///
/// # Errors
/// 422 with every field that breaks a rule.
pub(super) fn clean(kind: CustomerKind, profile: &mut CustomerProfile, today: NaiveDate) -> Result<()> {
    let mut wrong = Vec::new();
    clean_texts(profile, &mut wrong);
    check_dates(profile, today, &mut wrong);
    check_kind(kind, profile, &mut wrong);
    profile.needs.sort();
    profile.needs.dedup();
    profile.risks.sort();
    profile.risks.dedup();
    profile.goals.sort();
    profile.goals.dedup();
    profile.do_not_contact.channels.sort();
    profile.do_not_contact.channels.dedup();
    if let Some(date) = profile.birth_date {
        profile.birth_year = Some(date.year());
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::fields(wrong)) }
}

fn clean_texts(profile: &mut CustomerProfile, wrong: &mut Vec<FieldError>) {
    let mut required = |pointer: String, value: &mut String, max: usize| match text::line(value, max) {
        Ok(text) => *value = text,
        Err(broken) => wrong.push(FieldError::broken(pointer, broken)),
    };
    required("/name".into(), &mut profile.name, 200);
    if let Some(restriction) = &mut profile.restricted {
        required("/restricted/reason".into(), &mut restriction.reason, 500);
        required("/restricted/source".into(), &mut restriction.source, 200);
    }
    for (n, asset) in profile.outside_assets.iter_mut().enumerate() {
        required(format!("/outside_assets/{n}/institution"), &mut asset.institution, 100);
    }
    let lines: [(&str, &mut Option<String>, usize); 8] = [
        ("/form_of_address", &mut profile.form_of_address, 40),
        ("/province", &mut profile.province, 60),
        ("/city", &mut profile.city, 60),
        ("/employer", &mut profile.employer, 200),
        ("/occupation", &mut profile.occupation, 100),
        ("/industry", &mut profile.industry, 100),
        ("/credit_rating", &mut profile.credit_rating, 40),
        ("/legal_representative", &mut profile.legal_representative, 100),
    ];
    for (pointer, value, max) in lines {
        if let Some(given) = value {
            match not_masked(given).and_then(|()| text::optional_line(given, max)) {
                Ok(text) => *value = text,
                Err(broken) => wrong.push(FieldError::broken(pointer, broken)),
            }
        }
    }
    let paragraphs: [(&str, &mut Option<String>, usize); 5] = [
        ("/hobbies", &mut profile.hobbies, 500),
        ("/character", &mut profile.character, 500),
        ("/dislikes", &mut profile.dislikes, 500),
        ("/preferences", &mut profile.preferences, 1000),
        ("/notes", &mut profile.notes, 4000),
    ];
    for (pointer, value, max) in paragraphs {
        if let Some(given) = value {
            match text::paragraphs(given, max) {
                Ok(text) => *value = text,
                Err(broken) => wrong.push(FieldError::broken(pointer, broken)),
            }
        }
    }
}

fn check_dates(profile: &CustomerProfile, today: NaiveDate, wrong: &mut Vec<FieldError>) {
    let earliest = NaiveDate::from_ymd_opt(1850, 1, 1).unwrap_or(NaiveDate::MIN);
    for (pointer, date) in [("/birth_date", profile.birth_date), ("/customer_since", profile.customer_since)]
    {
        match date {
            Some(date) if date > today => wrong.push(FieldError::new(pointer, "in_the_future")),
            Some(date) if date < earliest => wrong.push(FieldError::new(pointer, "too_long_ago")),
            _ => {}
        }
    }
    if profile.birth_year.is_some_and(|year| year > today.year()) {
        wrong.push(FieldError::new("/birth_year", "in_the_future"));
    }
    for (n, asset) in profile.outside_assets.iter().enumerate() {
        if asset.as_of > today {
            wrong.push(FieldError::new(format!("/outside_assets/{n}/as_of"), "in_the_future"));
        }
    }
}

fn check_kind(kind: CustomerKind, profile: &CustomerProfile, wrong: &mut Vec<FieldError>) {
    let of_persons = [
        ("/gender", profile.gender.is_some()),
        ("/birth_date", profile.birth_date.is_some()),
        ("/birth_year", profile.birth_year.is_some()),
        ("/marital_status", profile.marital_status.is_some()),
        ("/children", profile.children.is_some()),
    ];
    let of_organisations = [
        ("/business_state", profile.business_state.is_some()),
        ("/organisation_size", profile.organisation_size.is_some()),
        ("/credit_rating", profile.credit_rating.is_some()),
        ("/legal_representative", profile.legal_representative.is_some()),
    ];
    let (foreign, code): (&[(&str, bool)], &'static str) = match kind {
        CustomerKind::Person => (&of_organisations, "only_for_organisations"),
        CustomerKind::Organisation => (&of_persons, "only_for_persons"),
    };
    wrong.extend(
        foreign.iter().filter(|(_, given)| *given).map(|(pointer, _)| FieldError::new(*pointer, code)),
    );
}

/// Checks an identity document, and takes over what its number says where the profile says nothing.
///
/// # Errors
/// 422 for a number that is not well formed, or a kind that is not of this kind of customer.
pub(super) fn check_identity(
    kind: CustomerKind,
    document: &IdentityDocument,
    profile: &mut CustomerProfile,
    today: NaiveDate,
) -> Result<Normalised> {
    let of_organisation = document.kind == IdentityKind::UnifiedSocialCreditCode;
    if document.kind != IdentityKind::Other && of_organisation != (kind == CustomerKind::Organisation) {
        let code = if of_organisation { "only_for_organisations" } else { "only_for_persons" };
        return Err(Error::field("/identity/kind", code));
    }
    let normalised = identity::check(document.kind, &document.number, today)
        .map_err(|broken| Error::fields(vec![FieldError::broken("/identity/number", broken)]))?;
    if kind == CustomerKind::Person {
        if profile.birth_date.is_none() {
            profile.birth_date = normalised.birth_date;
            profile.birth_year = normalised.birth_date.map(|date| date.year()).or(profile.birth_year);
        }
        profile.gender = profile.gender.or(normalised.gender);
    }
    Ok(normalised)
}

/// Writes a profile into the row, with everything by which the customer is sorted and found by name; gives what goes into the index.
///
/// # Errors
/// When the profile cannot be written as JSON.
pub(super) fn store(
    kind: CustomerKind,
    profile: &CustomerProfile,
    sources: &Sources,
    row: &mut CustomerRow,
) -> Result<FoundByName> {
    store_members(profile, sources, row)?;
    row.name_sort = name_sort(kind, &profile.name);
    row.beginnings = search::beginnings(kind, &profile.name);
    row.search_version = search::SEARCH_VERSION;
    Ok(found_by_name(row.id, row.search_key, kind, &profile.name))
}

/// By what a customer of this name is found.
pub(super) fn found_by_name(id: CustomerId, search_key: i64, kind: CustomerKind, name: &str) -> FoundByName {
    let (pairs, begins) = search::pairs(kind, name);
    FoundByName {
        id: Id::new(id.uuid()),
        search_key,
        tokens: search::index_tokens(kind, name, &[]).into_iter().collect(),
        pairs,
        begins,
        name_sort: name_sort(kind, name),
    }
}

/// The same without what finds the customer: for a profile whose name is the row's.
pub(super) fn store_members(
    profile: &CustomerProfile,
    sources: &Sources,
    row: &mut CustomerRow,
) -> Result<()> {
    let code = |code: Option<&'static str>| code.map(str::to_owned);
    row.name.clone_from(&profile.name);
    row.gender = code(profile.gender.map(|value| value.as_str()));
    row.birth_date = profile.birth_date;
    row.birth_year = profile.birth_year;
    row.marital_status = code(profile.marital_status.map(|value| value.as_str()));
    row.province.clone_from(&profile.province);
    row.city.clone_from(&profile.city);
    row.occupation.clone_from(&profile.occupation);
    row.industry.clone_from(&profile.industry);
    row.income_band = code(profile.income_band.map(|value| value.as_str()));
    row.source = code(profile.source.map(|value| value.as_str()));
    row.risk_attribute = code(profile.risk_attribute.map(|value| value.as_str()));
    row.customer_since = profile.customer_since;
    row.do_not_contact = profile.do_not_contact.all;
    row.restricted = profile.restricted.is_some();
    let mut details = serde_json::to_value(profile).map_err(Error::internal)?;
    if let Some(members) = details.as_object_mut() {
        members.retain(|name, value| !COLUMNS.contains(&name.as_str()) && !is_empty(value));
    }
    row.details = guanxi_db::Doc(details);
    store_sources(sources, row)
}

/// Writes into the row where the fields come from.
pub(super) fn store_sources(sources: &Sources, row: &mut CustomerRow) -> Result<()> {
    let document = sources.document()?;
    if let Some(members) = row.details.0.as_object_mut() {
        match document {
            Some(document) => members.insert(provenance::MEMBER.to_owned(), document),
            None => members.remove(provenance::MEMBER),
        };
    }
    Ok(())
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

/// Reads the profile out of the row.
pub(super) fn load(row: &CustomerRow) -> Result<CustomerProfile> {
    let mut members = match &row.details.0 {
        Value::Object(members) => members.clone(),
        _ => Map::new(),
    };
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            members.insert(name.to_owned(), value);
        }
    };
    put("name", json!(row.name));
    put("gender", json!(row.gender));
    put("birth_date", json!(row.birth_date));
    put("birth_year", json!(row.birth_year));
    put("marital_status", json!(row.marital_status));
    put("province", json!(row.province));
    put("city", json!(row.city));
    put("occupation", json!(row.occupation));
    put("industry", json!(row.industry));
    put("income_band", json!(row.income_band));
    put("source", json!(row.source));
    put("risk_attribute", json!(row.risk_attribute));
    put("customer_since", json!(row.customer_since));
    serde_json::from_value(Value::Object(members)).map_err(Error::internal)
}
