use guanxi_api::CustomerMerge;
use guanxi_db::{DbConn, Id};
use uuid::Uuid;

use crate::access::{Actor, Scope};
use crate::customers::{self, House};
use crate::duplicates;
use crate::error::{Code, Error, Result};
use crate::merging::CustomerMergeId;
use crate::merging::merge::{
    CONTACT_POINT, HOUSEHOLD, Kept, OWN_CO_OWNER, RELATION, TEAM, households_of, merge_of, record, refigure,
    repoint,
};
use crate::merging::store::{self, MergeRow, TARGETS};
use crate::relations;

/// Undoes a merge: what went over goes back, as far as it is still there; fields that were taken over get their values from before, unless somebody has
/// changed them since. What was added to the survivor since stays with it.
///
/// # Errors
/// 404 and 403 as merging; 412 when the version is another one; 409 for one that is undone, for a survivor that went up in another one itself, and while
/// a later merge into the same customer holds.
pub fn undo(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, version): (CustomerMergeId, i64),
) -> Result<CustomerMerge> {
    let mut row = store::find(conn, &Scope::of(actor), id)?;
    // Whoever changes a household locks it before its members.
    let households = households_of(&noted(conn, id, HOUSEHOLD)?);
    relations::lock_households(conn, &households)?;
    let mut both = [row.survivor_id, row.merged_id];
    both.sort_unstable();
    customers::lock_all(conn, &both)?;
    row = store::find(conn, &Scope::of(actor), id)?;
    customers::changeable(conn, actor, row.survivor_id)?;
    if row.version != version {
        let tag = crate::web::etag(actor, row.version, 0);
        return Err(Error::new(Code::Stale).with_header("ETag", tag));
    }
    if row.undone_at.is_some() {
        return Err(Error::conflict("", "merge_undone"));
    }
    if customers::merged_into(conn, row.survivor_id)?.is_some() {
        return Err(Error::conflict("", "survivor_is_merged"));
    }
    if store::has_later(conn, &row)? {
        return Err(Error::conflict("", "later_merge"));
    }
    let mut kept: Kept = serde_json::from_value(row.kept.0.clone()).map_err(Error::internal)?;
    kept.taken.contact_points = store::ledger(conn, id, CONTACT_POINT)?;
    kept.taken.team = noted(conn, id, TEAM)?;
    let ids = (row.survivor_id, row.merged_id);
    // Before the other one is put back into the lists: only a merge that holds keeps it out of them.
    let after = MergeRow {
        undone_at: Some(actor.now()),
        undone_by: actor.user_id(),
        version: row.version + 1,
        ..row.clone()
    };
    if !store::set_undone(conn, &after, row.version)? {
        return Err(Error::new(Code::Stale));
    }
    customers::give_back(conn, actor, house, ids, &kept.taken)?;
    for target in TARGETS.iter().rev() {
        repoint(conn, actor, id, target, ids)?;
    }
    let own = noted(conn, id, OWN_CO_OWNER)?;
    store::co_owner_again(conn, ids.0, &own)?;
    let related: Vec<_> = noted(conn, id, RELATION)?.into_iter().map(Id::new).collect();
    relations::move_relations_back(conn, actor, &related, ids)?;

    let at = (row.merged_at, house.settings.day(row.merged_at));
    customers::put_figures_back(conn, ids.0, &kept.survivor, at, Some(&kept.merged))?;
    customers::put_figures_back(conn, ids.1, &kept.merged, at, None)?;
    refigure(conn, actor, house, &both)?;
    duplicates::told_apart(conn, actor, ids.0, ids.1)?;
    record(conn, actor, &after, "undone")?;
    merge_of(conn, actor, house, id)
}

/// The rows that the ledger has of a target.
fn noted(conn: &mut DbConn, id: CustomerMergeId, target: &str) -> Result<Vec<Uuid>> {
    Ok(store::ledger(conn, id, target)?.into_iter().map(|(row, _)| row).collect())
}
