use std::collections::{BTreeSet, HashMap};

use guanxi_api::{CoOwners, Holding, NewCoOwners, ProductKind};
use guanxi_db::DbConn;
use serde_json::json;

use crate::access::{Actor, Scope};
use crate::audit;
use crate::customers::{self, CustomerId, House};
use crate::error::{Code, Error, FieldError, Result};
use crate::holdings::view::known;
use crate::holdings::{HoldingId, manage, store, view};

/// Most co-owners of a holding.
const MOST: usize = 10;

/// Who holds something together with the customer under whom it is booked. A holding counts to the assets of that customer alone; a household counts
/// it once.
///
/// # Errors
/// 404 for a holding whose customer the actor does not see.
pub fn co_owners(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: HoldingId) -> Result<CoOwners> {
    store::find(conn, &Scope::of(actor), id)?;
    let ids = store::co_owners(conn, &[id])?.remove(&id).unwrap_or_default();
    let seen = customers::related(conn, actor, house, &ids)?;
    let hidden = u32::try_from(ids.len() - seen.len()).unwrap_or(u32::MAX);
    Ok(CoOwners { co_owners: ids.iter().filter_map(|id| seen.get(id).cloned()).collect(), hidden })
}

/// Sets the co-owners whom the actor sees; the others stay.
///
/// # Errors
/// 404 for a holding whose customer the actor does not see, 412 when its version is no longer the newest, 422 for a co-owner that the actor does not
/// see, that is named twice or is the holder, 409 for too many.
pub fn set_co_owners(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, version): (HoldingId, i64),
    new: &NewCoOwners,
) -> Result<Holding> {
    let whole = manage::at_version(conn, actor, house, id, version)?;
    let customer = whole.holding.customer_id;
    let ids: Vec<CustomerId> = new.customer_ids.iter().copied().map(CustomerId::new).collect();
    let before: BTreeSet<CustomerId> =
        store::co_owners(conn, &[id])?.remove(&id).unwrap_or_default().into_iter().collect();
    let all: Vec<CustomerId> = before.iter().chain(&ids).copied().collect();
    let seen = customers::related(conn, actor, house, &all)?;
    let mut after: BTreeSet<CustomerId> =
        before.iter().filter(|owner| !seen.contains_key(owner)).copied().collect();
    let mut wrong = Vec::new();
    for (n, owner) in ids.iter().enumerate() {
        let pointer = format!("/customer_ids/{n}");
        if *owner == customer {
            wrong.push(FieldError::new(pointer, "holder"));
        } else if !seen.contains_key(owner) {
            wrong.push(FieldError::new(pointer, "not_in_scope"));
        } else if !after.insert(*owner) {
            wrong.push(FieldError::new(pointer, "duplicate"));
        }
    }
    if !wrong.is_empty() {
        return Err(Error::fields(wrong));
    }
    if after.len() > MOST {
        return Err(Error::conflict("/customer_ids", "too_many_co_owners"));
    }
    if after == before {
        return view::wire(house, whole);
    }
    let mut row = whole.holding;
    row.version = version + 1;
    row.updated_at = actor.now();
    if !store::update(conn, &row, version)? {
        return Err(Error::new(Code::Stale));
    }
    store::replace_co_owners(conn, id, &after.iter().copied().collect::<Vec<_>>())?;
    let told = |owners: &BTreeSet<CustomerId>| {
        let ids: Vec<_> = owners.iter().map(|owner| owner.uuid()).collect();
        json!({"co_owners": if ids.is_empty() { json!(null) } else { json!(ids) }})
    };
    audit::record(
        conn,
        actor,
        &audit::Change {
            resource_type: "holding",
            resource_id: id.uuid(),
            action: "updated",
            version: row.version,
            changes: audit::changes_between(&told(&before), &told(&after)),
            reason: None,
        },
    )?;
    view::read(conn, actor, house, id)
}

/// An active holding and everybody who holds it.
#[derive(Clone, Debug)]
pub struct Shared {
    pub customer_id: CustomerId,
    pub co_owners: Vec<CustomerId>,
    pub kind: ProductKind,
    pub counts_as_asset: bool,
    /// In the base currency, 1/10000.
    pub value: i64,
}

/// The active holdings that some customers hold, alone or with others; each once.
///
/// # Errors
/// When the database fails.
pub fn shared_by(conn: &mut DbConn, customers: &[CustomerId]) -> Result<Vec<Shared>> {
    let rows = store::shared_by(conn, customers)?;
    let ids: Vec<HoldingId> = rows.iter().map(|row| row.0).collect();
    let mut co_owners: HashMap<HoldingId, Vec<CustomerId>> = store::co_owners(conn, &ids)?;
    let shared = rows.into_iter().map(|(id, customer_id, kind, counts_as_asset, value)| {
        Ok(Shared {
            customer_id,
            co_owners: co_owners.remove(&id).unwrap_or_default(),
            kind: known(ProductKind::from_code(&kind))?,
            counts_as_asset,
            value,
        })
    });
    shared.collect()
}
