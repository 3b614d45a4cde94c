use guanxi_api::{
    BulkCustomer, ContactPointKind, ContactPointUse, CustomerUpsert, DuplicateCheck, DuplicateCheckResult,
    DuplicateFound, ExternalId, NewContactPoint,
};
use guanxi_db::DbConn;

use crate::access::Actor;
use crate::customers::{self, House};
use crate::error::{Error, Result};

/// Whether somebody is a customer of the bank already, by the identity document or by a phone and the name. Of a customer that the actor does not
/// see it tells where it is looked after, so that nobody is entered twice.
///
/// # Errors
/// When the database fails.
pub fn check(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    asked: &DuplicateCheck,
) -> Result<DuplicateCheckResult> {
    let phone = asked.phone.iter().map(|phone| NewContactPoint {
        kind: ContactPointKind::Phone,
        value: phone.clone(),
        r#use: ContactPointUse::Personal,
        primary: false,
        verified: false,
    });
    let line = BulkCustomer {
        external: ExternalId { source: String::new(), id: String::new() },
        source_version: None,
        data: CustomerUpsert {
            kind: Some(asked.kind),
            name: Some(asked.name.clone()),
            identity: asked.identity.clone(),
            contact_points: phone.collect(),
            ..CustomerUpsert::default()
        },
    };
    let found = customers::likely(conn, actor, house, &[Some(&line)])?.into_iter().flatten().next();
    let Some(found) = found else { return Ok(DuplicateCheckResult { found: None }) };
    let customer = customers::related(conn, actor, house, &[found.id])?.remove(&found.id);
    let (unit, _) = *customers::places(conn, &[found.id])?.get(&found.id).ok_or_else(Error::not_found)?;
    let org_unit = house.directory.newest(conn)?.unit(unit)?;
    Ok(DuplicateCheckResult { found: Some(DuplicateFound { likeness: found.likeness, customer, org_unit }) })
}
