use guanxi_api::{
    Amount, CustomerKind, CustomerSearch, CustomerStatus, CustomerSummary, Gender, Include, Instant,
    LocalName, Money, Page, Tier, UnitRef, UserRef,
};
use guanxi_db::{Condition, DbConn, Id, Value};

use crate::access::{Actor, MaskProfile, Scope};
use crate::customers::fields::CUSTOMERS;
use crate::customers::rules::search::{self, Exact};
use crate::customers::store::{self, Exactly, SummaryRow};
use crate::customers::{House, purpose};
use crate::error::{Error, Result};
use crate::listing::{ListRequest, Listing, set_total};

/// The customers that the actor sees.
///
/// # Errors
/// As every list.
pub fn list(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
) -> Result<Page<CustomerSummary>> {
    let listing = request.read(&CUSTOMERS, actor, house.keys.cursor())?;
    page(conn, actor, house, &listing, None, |_| true)
}

/// The customers that the actor sees and that a search text finds: by name or part of it, its sound, the tail of a phone, a whole
/// phone or identity number, the customer number or a key in another system.
///
/// # Errors
/// As every list.
pub fn search(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &CustomerSearch,
) -> Result<Page<CustomerSummary>> {
    let asked = ListRequest {
        filter: request.filter.clone(),
        sort: request.sort.clone(),
        limit: request.limit,
        cursor: request.cursor.clone(),
        total: request.include == Some(Include::Total),
        q: request.q.clone(),
        in_body: true,
    };
    let listing = asked.read(&CUSTOMERS, actor, house.keys.cursor())?;
    let Some(q) = &request.q else { return page(conn, actor, house, &listing, None, |_| true) };
    let query = search::query(q);
    let exactly = store::found_exactly(conn, &exact_values(house, &query.exact))?;
    let tokens: Vec<(String, bool)> =
        query.tokens.iter().map(|token| (token.text.clone(), token.prefix)).collect();
    let found = store::found_condition(conn, &tokens, &exactly);
    // The index finds every customer with the parts of the text; whether they stand together is seen here.
    let is_meant =
        |row: &SummaryRow| exactly.binary_search(&row.id).is_ok() || search::recheck(&query, &[&row.name]);
    page(conn, actor, house, &listing, Some(&found), is_meant)
}

fn exact_values(house: House<'_>, exact: &[Exact]) -> Vec<Exactly> {
    let hash = |purpose: &str, value: &str| house.keys.keyed_hash(purpose, value).to_vec();
    exact
        .iter()
        .map(|exact| match exact {
            Exact::PhoneTail(tail) => Exactly::PhoneTail(hash(purpose::PHONE_TAIL, tail)),
            Exact::Phone(value) | Exact::Email(value) => Exactly::ContactValue(hash(purpose::CONTACT, value)),
            Exact::Identity(number) => Exactly::Identity(hash(purpose::IDENTITY, number)),
            Exact::CustomerNo(number) => Exactly::CustomerNo(number.clone()),
            Exact::ExternalId(text) => Exactly::ExternalId(text.clone()),
        })
        .collect()
}

fn page(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    listing: &Listing,
    found: Option<&Condition>,
    is_meant: impl Fn(&SummaryRow) -> bool,
) -> Result<Page<CustomerSummary>> {
    let scope = Scope::of(actor);
    let mut rows = store::list(conn, &scope, found, listing)?;
    let mut info = listing.page(&mut rows, house.keys.cursor(), sort_value, |row| Id::new(row.id.uuid()))?;
    if listing.total {
        set_total(&mut info, store::count(conn, &scope, found, listing)?);
    }
    let restricted = actor.mask_profile() == MaskProfile::Restricted;
    let data = rows
        .into_iter()
        .filter(is_meant)
        .map(|row| summary(house, restricted, row))
        .collect::<Result<_>>()?;
    Ok(Page { data, page: info })
}

fn sort_value(row: &SummaryRow, field: &str) -> Value {
    match field {
        "aum" => Value::Integer(row.aum),
        "customer_no" => Value::Text(row.customer_no.clone()),
        "created_at" => Value::Moment(row.created_at),
        "updated_at" => Value::Moment(row.updated_at),
        _ => Value::Text(row.name_sort.clone()),
    }
}

fn known<T>(value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::internal("a code that is none"))
}

fn summary(house: House<'_>, restricted: bool, row: SummaryRow) -> Result<CustomerSummary> {
    let instant = |at: guanxi_db::Moment| Instant(at.to_utc());
    let money = || Money { amount: Amount(row.aum), currency: house.settings.base_currency.clone() };
    Ok(CustomerSummary {
        id: row.id.uuid(),
        kind: known(CustomerKind::from_code(&row.kind))?,
        status: known(CustomerStatus::from_code(&row.status))?,
        gender: row.gender.as_deref().and_then(Gender::from_code),
        city: row.city,
        org_unit: UnitRef {
            id: row.org_unit_id.uuid(),
            name: LocalName { zh_cn: row.unit_zh, en: row.unit_en },
        },
        owner: row
            .owner_id
            .map(|id| UserRef { id: id.uuid(), display_name: row.owner_name.unwrap_or_default() }),
        tier: if restricted { None } else { Some(known(Tier::from_code(&row.tier))?) },
        aum: (!restricted).then(money),
        phone: row.phone_masked,
        customer_since: row.customer_since,
        archived_at: row.archived_at.map(instant),
        version: row.version,
        created_at: instant(row.created_at),
        updated_at: instant(row.updated_at),
        customer_no: row.customer_no,
        name: row.name,
    })
}
