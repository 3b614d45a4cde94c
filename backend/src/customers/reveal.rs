use guanxi_api::{FieldChange, Reveal, Revealed, RevealedValue};
use guanxi_db::DbConn;
use serde_json::json;

use crate::access::{Actor, Scope};
use crate::audit;
use crate::customers::{CustomerId, House, contact_context, identity_context, open, view};
use crate::error::{Code, Error, FieldError, Result};
use crate::text;

/// Reveals an hour for one user.
const QUOTA: u32 = 50;
const ACTION: &str = "customer.revealed";

/// Gives masked values in the clear, and records who asked for which and why.
///
/// # Errors
/// 404 outside the actor's scope, 422 for a field that the customer does not have, 429 after 50 in an hour.
pub fn reveal(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    request: &Reveal,
) -> Result<Revealed> {
    let whole = view::whole(conn, &Scope::of(actor), id)?;
    let reason = text::line(&request.reason, 500)
        .map_err(|broken| Error::fields(vec![FieldError::broken("/reason", broken)]))?;
    if let Some(seconds) = audit::seconds_to_wait(conn, actor, ACTION, QUOTA)? {
        return Err(Error::new(Code::QuotaExceeded).with_header("Retry-After", seconds));
    }
    let mut values = Vec::new();
    let mut named = Vec::new();
    for (n, field) in request.fields.iter().enumerate() {
        let (value, name) = if field == "identity" {
            let document =
                whole.identity.as_ref().map(|row| open(house.keys, &row.cipher, &identity_context(&id)));
            (document, "identity.number".to_owned())
        } else {
            let point = whole.contact_points.iter().find(|point| point.id.to_string() == *field);
            let name = point.map(|point| format!("{} {}", point.kind, point.masked)).unwrap_or_default();
            (point.map(|point| open(house.keys, &point.cipher, &contact_context(&point.id))), name)
        };
        let value = value.ok_or_else(|| Error::field(format!("/fields/{n}"), "not_found"))??;
        values.push(RevealedValue { field: field.clone(), value });
        named.push(FieldChange { field: name, before: None, after: Some(json!("revealed")) });
    }
    let entry = audit::Entry {
        action: ACTION.into(),
        resource_type: "customer",
        resource_id: Some(id.uuid()),
        changes: &named,
        reason: Some(&reason),
    };
    audit::note(conn, actor, &entry)?;
    Ok(Revealed { values })
}
