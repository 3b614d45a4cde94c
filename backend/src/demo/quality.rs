use guanxi_api::{BulkCustomer, CustomerUpsert, ExternalId};
use guanxi_db::DbConn;

use super::generator;
use crate::access::Actor;
use crate::customers::{self, BulkLine, House};
use crate::error::Result;

/// Among how many customers some fields are verified.
const LOOKED_AT: u64 = 60;

/// Verifies where some customers live; of every third of them the core system then says something else.
pub(super) fn make(conn: &mut DbConn, actor: &Actor, house: House<'_>) -> Result<()> {
    let keys: Vec<ExternalId> =
        (0..LOOKED_AT).map(generator::external_id).filter(|key| key.source == "core").collect();
    let ids = customers::ids_by_keys(conn, &keys.iter().collect::<Vec<_>>())?;
    let mut lines = Vec::new();
    for (n, key) in (0_u32..).zip(keys) {
        let Some(id) = ids.get(&key.id).copied() else { continue };
        let customer = customers::read(conn, actor, house, id)?;
        let Some(city) = customer.profile.city.filter(|_| customer.archived_at.is_none()) else { continue };
        customers::set_verified(conn, actor, (id, "city"), customer.version, true)?;
        if n.is_multiple_of(3) {
            let other = if city == "宁波" { "苏州" } else { "宁波" };
            let data = CustomerUpsert { city: Some(Some(other.to_owned())), ..CustomerUpsert::default() };
            let read = Ok(BulkCustomer { external: key, source_version: None, data });
            lines.push(BulkLine { number: n + 1, read, into: None });
        }
    }
    customers::upsert_lines(conn, actor, house, &lines, true).map(drop)
}
