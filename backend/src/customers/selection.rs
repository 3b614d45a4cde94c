use std::collections::HashMap;

use guanxi_api::{Amount, CustomerKind, Instant, Money, RelatedCustomer, Tier};
use guanxi_db::{Condition, DbConn, Value};

use crate::access::{Actor, Keys, OrgUnitId, Scope, UserId};
use crate::customers::fields::CUSTOMERS;
use crate::customers::{CustomerId, House, known, store};
use crate::error::{Error, Result};
use crate::listing::ListRequest;

/// What other rooms need to know of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerBrief {
    pub id: CustomerId,
    pub customer_no: String,
    pub name: String,
    pub org_unit_id: OrgUnitId,
    pub owner_id: Option<UserId>,
    /// The customer wants no contact at all.
    pub do_not_contact: bool,
    pub archived: bool,
}

/// One customer that the actor sees.
///
/// # Errors
/// 404 for any other.
pub fn brief(conn: &mut DbConn, actor: &Actor, id: CustomerId) -> Result<CustomerBrief> {
    briefs(conn, actor, &[id])?.pop().ok_or_else(Error::not_found)
}

/// Those of these customers that the actor sees, archived or not, in no order.
///
/// # Errors
/// When the database fails.
pub fn briefs(conn: &mut DbConn, actor: &Actor, ids: &[CustomerId]) -> Result<Vec<CustomerBrief>> {
    store::briefs(conn, &Scope::of(actor), store::these(ids), ids.len())
}

/// The first `most` customers, by their ids, that the actor sees, that a filter finds and that meet a condition. The filter has the
/// grammar and the fields of the list of customers, and as there archived ones stay out unless it names them; an empty one finds all others.
///
/// # Errors
/// 400 for a filter that cannot be read, 403 for a field that the actor sees masked; the pointer is `/filter`.
pub fn briefs_by_filter(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    filter: &str,
    condition: Condition,
    most: usize,
) -> Result<Vec<CustomerBrief>> {
    let filter = (!filter.trim().is_empty()).then(|| filter.to_owned());
    let request = ListRequest { filter, in_body: true, ..ListRequest::default() };
    let listing = request.read(&CUSTOMERS, actor, keys.cursor())?;
    store::briefs(conn, &Scope::of(actor), listing.filter.and(condition), most)
}

/// The condition that a customer wants no contact at all, or that it does not say so.
pub fn wants_no_contact(wants: bool) -> Condition {
    Condition::new().sql("customer.do_not_contact = ").bind(Value::Bool(wants))
}

/// The next customers in the order of their ids, for jobs that look at all of them.
///
/// # Errors
/// When the database fails.
pub fn ids_after(conn: &mut DbConn, after: Option<CustomerId>, most: i64) -> Result<Vec<CustomerId>> {
    store::customers_after(conn, after, most)
}

/// Makes concurrent changes of what belongs to these customers go one after the other, until the transaction ends.
///
/// # Errors
/// When the database fails.
pub fn lock_all(conn: &mut DbConn, ids: &[CustomerId]) -> Result<()> {
    store::lock_many(conn, ids)
}

/// Where a customer belongs: its unit, and who is responsible.
pub type Place = (OrgUnitId, Option<UserId>);

/// Where some customers belong, whoever sees them.
///
/// # Errors
/// When the database fails.
pub fn places(conn: &mut DbConn, ids: &[CustomerId]) -> Result<HashMap<CustomerId, Place>> {
    let rows = store::places(conn, ids)?;
    Ok(rows.into_iter().map(|(id, unit, owner)| (id, (unit, owner))).collect())
}

/// Those of these customers that the actor sees, as relations name them.
///
/// # Errors
/// When the database fails.
pub fn related(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    ids: &[CustomerId],
) -> Result<HashMap<CustomerId, RelatedCustomer>> {
    let rows = store::related(conn, &Scope::of(actor), ids)?;
    let wire = |row: store::RelatedRow| {
        let customer = RelatedCustomer {
            id: row.id.uuid(),
            customer_no: row.customer_no,
            name: row.name,
            kind: known(CustomerKind::from_code(&row.kind))?,
            tier: known(Tier::from_code(&row.tier))?,
            aum: Money { amount: Amount(row.aum), currency: house.settings.base_currency.clone() },
            archived_at: row.archived_at.map(|at| Instant(at.to_utc())),
        };
        Ok((row.id, customer))
    };
    rows.into_iter().map(wire).collect()
}
