use guanxi_db::DbConn;

use super::generator::{self, Bank};
use crate::access::{Actor, OrgUnitId, UserId};
use crate::customers::{self, House, Prepared};
use crate::duplicates;
use crate::error::Result;

/// Customers a statement.
const CHUNK: u64 = 250;

/// Which customer the `k`th copy is one of.
fn copied(k: u64, customers: u64, copies: u64) -> u64 {
    k * (customers / copies.max(1)).max(1) + 3
}

/// Enters some customers of the bank a second time, every second of them in the unit that the next one belongs to.
pub(super) fn make(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (bank, seed, customers, copies): (&Bank, u64, u64, u64),
    (units, users): (&[OrgUnitId], &[UserId]),
) -> Result<()> {
    let today = house.settings.day(actor.now());
    let prepared = |k: u64| -> Option<Prepared> {
        let n = copied(k, customers, copies);
        let original = generator::customer(seed, n, bank, today);
        if n >= customers || original.archived {
            return None;
        }
        let copy = generator::copy(seed, n, &original);
        let place =
            if k.is_multiple_of(2) { original } else { generator::customer(seed, n + 1, bank, today) };
        Some(Prepared {
            org_unit_id: units.get(place.unit).copied()?,
            owner_id: place.owner.and_then(|index| users.get(index).copied()),
            team: Vec::new(),
            tier: guanxi_api::Tier::Mass,
            aum: guanxi_api::Amount(0),
            created_at: actor.now(),
            updated_at: actor.now(),
            archived: false,
            new: copy.new,
        })
    };
    for from in (0..copies).step_by(usize::try_from(CHUNK).unwrap_or(usize::MAX)) {
        let some: Vec<Prepared> = (from..(from + CHUNK).min(copies)).filter_map(prepared).collect();
        customers::create_many(conn, actor, house, &some)?;
    }
    Ok(())
}

/// Finds them, and whoever else may be one.
pub(super) fn search(conn: &mut DbConn, actor: &Actor) -> Result<()> {
    duplicates::find_now(conn, actor).map(drop)
}
