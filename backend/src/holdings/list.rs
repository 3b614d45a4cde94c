use chrono::NaiveDate;
use guanxi_api::{Holding, HoldingChannel, HoldingStatus, Page, ProductKind, Tier};
use guanxi_db::{Condition, DbConn, Id, Value};

use crate::access::{Actor, Scope};
use crate::customers::{self, CustomerId, House};
use crate::error::Result;
use crate::holdings::store::{self, WholeRow};
use crate::holdings::view;
use crate::listing::filter::FieldType::{Bool, Code, Date, Id as Uuid, Money, Text};
use crate::listing::{Field, ListRequest, Resource, set_total};

/// What holdings can be filtered and sorted by.
pub(crate) static FIELDS: &[Field] = &[
    Field::new("matures_on", "holding.matures_on", Date).nullable().sortable_by("holding.maturity"),
    Field::new("status", "holding.status", Code(HoldingStatus::CODES)).sortable(),
    Field::new("value", "holding.value", Money).sortable(),
    Field::new("kind", "product.kind", Code(ProductKind::CODES)),
    Field::new("product_id", "holding.product_id", Uuid),
    Field::new("auto_renewal", "holding.auto_renewal", Bool),
    Field::new("currency", "holding.currency", Text),
    Field::new("amount", "holding.amount", Money),
    Field::new("opened_on", "holding.opened_on", Date),
    Field::new("channel", "holding.channel", Code(HoldingChannel::CODES)),
    Field::new("tier", "customer_figures.tier", Code(Tier::CODES)),
    Field::new("org_unit_id", "customer.org_unit_id", Uuid),
    Field::new("owner_id", "customer.owner_id", Uuid).nullable(),
    Field::new("customer_archived", "customer.archived", Bool),
];

pub(crate) static HOLDINGS: Resource = Resource {
    name: "holdings",
    fields: FIELDS,
    default_sort: "matures_on",
    id_column: "holding.id",
    unless_asked: Some(("status", active)),
};

pub(crate) static OF_CUSTOMER: Resource = Resource {
    name: "holdings-of-customer",
    fields: FIELDS,
    default_sort: "status,-value",
    id_column: "holding.id",
    unless_asked: None,
};

fn active() -> Condition {
    Condition::new()
        .sql("holding.status = ")
        .bind(Value::Text(HoldingStatus::Active.as_str().to_owned()))
        .sql(" AND customer.archived = ")
        .bind(Value::Bool(false))
}

/// The holdings of the customers that the actor sees, in the order of their maturity unless told otherwise. Unless the filter names
/// `status`, active ones of customers who are not archived.
///
/// # Errors
/// As every list.
pub fn list(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
) -> Result<Page<Holding>> {
    page(conn, actor, house, (&HOLDINGS, request), Condition::everything())
}

/// The holdings of one customer, active ones first, the greatest first.
///
/// # Errors
/// 404 for a customer that the actor does not see; else as every list.
pub fn of_customer(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    request: &ListRequest,
) -> Result<Page<Holding>> {
    customers::visible(conn, actor, id)?;
    let request = ListRequest { q: Some(id.to_string()), ..request.clone() };
    page(conn, actor, house, (&OF_CUSTOMER, &request), store::of_customer(id))
}

/// What one customer holds and has not closed, active ones first, the greatest first; nothing of a customer that the actor does not see.
///
/// # Errors
/// When the database fails.
pub fn held_by(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    most: u32,
) -> Result<Vec<Holding>> {
    let request = ListRequest { limit: Some(most), ..ListRequest::default() };
    let listing = request.read(&OF_CUSTOMER, actor, house.keys.cursor())?;
    let condition = store::of_customer(id).and(store::not_closed());
    let rows = store::list(conn, &Scope::of(actor), condition, &listing)?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    rows.into_iter().take(most).map(|row| view::wire(house, row)).collect()
}

/// The active holdings of somebody's own customers that mature from a day to a day and meet a condition, the soonest first.
///
/// # Errors
/// When the database fails.
pub fn maturing(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (from, to): (NaiveDate, NaiveDate),
    condition: Condition,
    most: u32,
) -> Result<Vec<Holding>> {
    let request = ListRequest { limit: Some(most), ..ListRequest::default() };
    let listing = request.read(&HOLDINGS, actor, house.keys.cursor())?;
    let due = active().and(store::in_own_books(actor)).and(store::maturing(from, to)).and(condition);
    let rows = store::list(conn, &Scope::of(actor), due, &listing)?;
    rows.into_iter().map(|row| view::wire(house, row)).collect()
}

fn page(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (resource, request): (&'static Resource, &ListRequest),
    of: Condition,
) -> Result<Page<Holding>> {
    let scope = Scope::of(actor);
    let listing = request.read(resource, actor, house.keys.cursor())?;
    let mut rows = store::list(conn, &scope, of.clone().and(listing.condition()), &listing)?;
    let mut info =
        listing.page(&mut rows, house.keys.cursor(), sort_value, |row| Id::new(row.holding.id.uuid()))?;
    if listing.total {
        set_total(&mut info, store::count(conn, &scope, of.and(listing.filter.clone()))?);
    }
    let data = rows.into_iter().map(|row| view::wire(house, row)).collect::<Result<_>>()?;
    Ok(Page { data, page: info })
}

fn sort_value(row: &WholeRow, field: &str) -> Value {
    match field {
        "status" => Value::Text(row.holding.status.clone()),
        "value" => Value::Integer(row.holding.value),
        _ => Value::Date(row.holding.maturity),
    }
}

/// What matures of some customers from a day to a day, the soonest first. Whoever asks decides what may be said of it.
///
/// # Errors
/// When the database fails.
pub fn maturing_among(
    conn: &mut DbConn,
    house: House<'_>,
    ids: &[CustomerId],
    days: (NaiveDate, NaiveDate),
) -> Result<Vec<(CustomerId, guanxi_api::HandoverMaturity)>> {
    let rows = store::maturing_among(conn, ids, days)?.into_iter();
    let wire = |(row, product_zh, product_en): (store::HoldingRow, String, String)| {
        let maturity = guanxi_api::HandoverMaturity {
            id: row.id.uuid(),
            product: guanxi_api::LocalName { zh_cn: product_zh, en: product_en },
            value: guanxi_api::Money {
                amount: guanxi_api::Amount(row.value),
                currency: house.settings.base_currency.clone(),
            },
            on: row.matures_on?,
        };
        Some((row.customer_id, maturity))
    };
    Ok(rows.filter_map(wire).collect())
}
