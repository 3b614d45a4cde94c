use guanxi_api::CustomerRef;
use guanxi_db::{Condition, DbConn, Id, Moment, Value};

use crate::access::{Actor, Scope};
use crate::customers::{CustomerId, store};
use crate::error::{Error, Result};
use crate::org::UserSummary;

/// A customer that the actor sees, named.
///
/// # Errors
/// 404 for any other.
pub fn named(conn: &mut DbConn, actor: &Actor, id: CustomerId) -> Result<CustomerRef> {
    let row = store::named(conn, &Scope::of(actor), id)?.ok_or_else(Error::not_found)?;
    Ok(CustomerRef { id: row.0.uuid(), customer_no: row.1, name: row.2 })
}

/// Whether a colleague sees a customer, so that something about it may be given to them.
///
/// # Errors
/// When the database fails.
pub fn is_seen_by(conn: &mut DbConn, colleague: &UserSummary, id: CustomerId, at: Moment) -> Result<bool> {
    let unit = (colleague.org_unit_id, colleague.unit_path.as_str());
    let scope = Scope::of_colleague(conn, (colleague.role, colleague.id), unit, at)?;
    Ok(store::named(conn, &scope, id)?.is_some())
}

/// The statement that a customer was reached, for [`crate::audit::record_with`]. It always writes the row, so that on PostgreSQL it
/// waits for whoever recomputes the figure ([`set_last_contact`]) and then sees what they wrote.
pub fn contacted(id: CustomerId, at: Moment) -> Condition {
    let at = || Value::Moment(at);
    Condition::new()
        .sql("UPDATE customer_figures SET last_contacted_at = CASE WHEN last_contacted_at < ")
        .bind(at())
        .sql(" THEN ")
        .bind(at())
        .sql(" ELSE last_contacted_at END, version = version + 1 WHERE customer_id = ")
        .bind(Value::Id(Id::new(id.uuid())))
}

/// As [`contacted`] for many customers, for jobs.
///
/// # Errors
/// When the database fails.
pub fn contacted_many(conn: &mut DbConn, reached: &[(CustomerId, Moment)]) -> Result<()> {
    store::contacted_many(conn, reached)
}

/// Before the last contact is looked for anew: until the transaction ends nobody else writes the figures of the customer.
///
/// # Errors
/// When the database fails.
pub fn lock_figures(conn: &mut DbConn, id: CustomerId) -> Result<()> {
    store::lock_figures(conn, id)
}

/// Writes when a customer was last reached ([`Moment::EARLIEST`]: never), after [`lock_figures`].
///
/// # Errors
/// When the database fails.
pub fn set_last_contact(conn: &mut DbConn, id: CustomerId, at: Moment) -> Result<()> {
    store::set_last_contact(conn, id, at)
}

/// A last contact on the wire: none when there never was one.
pub(super) fn shown(at: Moment) -> Option<guanxi_api::Instant> {
    (at > Moment::EARLIEST).then(|| guanxi_api::Instant(at.to_utc()))
}
