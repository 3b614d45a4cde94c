use std::collections::HashMap;

use guanxi_api::{CustomerMerge, CustomerRef, Instant, MergePreview, MovedThings, NewCustomerMerge, Page};
use guanxi_db::{DbConn, Doc, Id, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::access::{Actor, Scope};
use crate::audit;
use crate::customers::{self, CustomerId, House, KeptFigures, TakenOver};
use crate::error::{Error, FieldError, Result};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::merging::CustomerMergeId;
use crate::merging::store::{self, MergeRow, TARGETS, Target};
use crate::relations::HouseholdId;
use crate::{duplicates, holdings, interactions, relations, text};

static FIELDS: &[Field] = &[
    Field::new("merged_at", "customer_merge.merged_at", FieldType::Instant).sortable(),
    Field::new("undone_at", "customer_merge.undone_at", FieldType::Instant).nullable(),
    Field::new("survivor_id", "customer_merge.survivor_id", FieldType::Id),
    Field::new("merged_id", "customer_merge.merged_id", FieldType::Id),
    Field::new("merged_by", "customer_merge.merged_by", FieldType::Id),
];

pub(crate) static MERGES: Resource = Resource {
    name: "customer_merges",
    fields: FIELDS,
    default_sort: "-merged_at",
    id_column: "customer_merge.id",
    unless_asked: None,
};

/// What both customers were, for undoing it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) survivor: KeptFigures,
    pub(super) merged: KeptFigures,
    pub(super) taken: TakenOver,
}

/// The names of the ledger that are no target of the store's.
pub(super) const CONTACT_POINT: &str = "contact_point";
pub(super) const TEAM: &str = "team";
pub(super) const RELATION: &str = "relation";
pub(super) const OWN_CO_OWNER: &str = "own_co_owner";
/// The target whose rows are members of what has a version of its own.
pub(super) const HOUSEHOLD: &str = "household";

/// What merging two customers would do.
///
/// # Errors
/// As [`merge`].
pub fn preview(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (survivor, other): (CustomerId, CustomerId),
) -> Result<MergePreview> {
    let found = customers::differences(conn, actor, (survivor, other))?;
    let mut seen = customers::related(conn, actor, house, &[survivor, other])?;
    let mut moved = MovedThings::default();
    for target in &TARGETS {
        let rows = store::to_move(conn, target, (other, survivor))?;
        count(&mut moved, target.name, rows.len());
    }
    let relations = relations::relations(conn, actor, house, other)?.relations;
    let with_others = relations
        .iter()
        .filter(|relation| relation.other.as_ref().is_none_or(|one| one.id != survivor.uuid()));
    count(&mut moved, RELATION, with_others.count());
    count(&mut moved, CONTACT_POINT, found.contact_points);
    count(&mut moved, TEAM, found.team);
    Ok(MergePreview {
        survivor: seen.remove(&survivor).ok_or_else(Error::not_found)?,
        survivor_version: found.versions.0,
        other: seen.remove(&other).ok_or_else(Error::not_found)?,
        other_version: found.versions.1,
        fields: found.fields,
        moved,
    })
}

fn count(moved: &mut MovedThings, target: &str, rows: usize) {
    let rows = u32::try_from(rows).unwrap_or(u32::MAX);
    match target {
        CONTACT_POINT => moved.contact_points = rows,
        RELATION => moved.relations = rows,
        "holding" => moved.holdings = rows,
        "co_owner" => moved.co_owned_holdings = rows,
        "interaction" => moved.interactions = rows,
        "task" => moved.tasks = rows,
        HOUSEHOLD => moved.households = rows,
        TEAM => moved.team_members = rows,
        "tag" => moved.tags = rows,
        "survey_invitation" => moved.survey_invitations = rows,
        "survey_answer" => moved.survey_answers = rows,
        _ => {}
    }
}

/// Merges one customer into another one.
///
/// # Errors
/// 404 for a customer that the actor does not see, 403 for one that it does not look after; 412 when the version of the survivor is another one, 409 for
/// that of the other one, for two of different kinds, one that is archived, and one and the same; 422 for fields that are none.
pub fn merge(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (survivor, version): (CustomerId, i64),
    new: &NewCustomerMerge,
) -> Result<CustomerMerge> {
    let other = CustomerId::new(new.other_id);
    let reason = new.reason.as_deref().map(|reason| text::optional_line(reason, 500)).transpose();
    let reason =
        reason.map_err(|broken| Error::fields(vec![FieldError::broken("/reason", broken)]))?.flatten();
    // Whoever changes a household locks it before its members.
    for target in TARGETS.iter().filter(|target| target.name == HOUSEHOLD) {
        let households = store::to_move(conn, target, (other, survivor))?;
        relations::lock_households(conn, &households_of(&households))?;
    }
    let mut both = [survivor, other];
    both.sort_unstable();
    customers::lock_all(conn, &both)?;
    let other_version = new.other_version;
    let taken =
        customers::take_over(conn, actor, house, (survivor, version), (other, other_version), &new.take)?;
    let kept = Kept {
        survivor: customers::keep_figures(conn, survivor)?,
        merged: customers::keep_figures(conn, other)?,
        taken,
    };
    let mut row = MergeRow {
        id: actor.new_id(),
        survivor_id: survivor,
        merged_id: other,
        taken: Doc(json!(kept.taken.names())),
        moved: Doc(json!({})),
        kept: Doc(serde_json::to_value(&kept).map_err(Error::internal)?),
        reason,
        merged_at: actor.now(),
        merged_by: actor.user_id(),
        undone_at: None,
        undone_by: None,
        version: 1,
    };
    store::insert(conn, &row)?;
    let mut moved = MovedThings::default();
    for target in &TARGETS {
        let rows = store::to_move(conn, target, (other, survivor))?;
        let noted: Vec<(Uuid, bool)> = rows.iter().map(|id| (*id, false)).collect();
        store::note(conn, row.id, target.name, &noted)?;
        repoint(conn, actor, row.id, target, (other, survivor))?;
        count(&mut moved, target.name, rows.len());
    }
    let own: Vec<(Uuid, bool)> =
        store::no_longer_own_co_owner(conn, survivor)?.into_iter().map(|id| (id, false)).collect();
    store::note(conn, row.id, OWN_CO_OWNER, &own)?;
    let related = relations::move_relations(conn, actor, other, survivor)?;
    let noted: Vec<(Uuid, bool)> = related.iter().map(|id| (id.uuid(), false)).collect();
    store::note(conn, row.id, RELATION, &noted)?;
    count(&mut moved, RELATION, related.len());
    store::note(conn, row.id, CONTACT_POINT, &kept.taken.contact_points)?;
    count(&mut moved, CONTACT_POINT, kept.taken.contact_points.len());
    let team: Vec<(Uuid, bool)> = kept.taken.team.iter().map(|user| (*user, false)).collect();
    store::note(conn, row.id, TEAM, &team)?;
    count(&mut moved, TEAM, team.len());
    row.moved = Doc(serde_json::to_value(moved).map_err(Error::internal)?);
    store::set_moved(conn, row.id, &row.moved)?;

    customers::join_balances(conn, survivor, &kept.survivor, &kept.merged)?;
    refigure(conn, actor, house, &both)?;
    duplicates::merged(conn, actor, survivor, other)?;
    record(conn, actor, &row, "created")?;
    merge_of(conn, actor, house, row.id)
}

/// Gives the rows of a target that stand in the ledger from one customer to another one. A household is changed by it, and has a version by which
/// others change it.
pub(super) fn repoint(
    conn: &mut DbConn,
    actor: &Actor,
    merge: CustomerMergeId,
    target: &Target,
    ends: (CustomerId, CustomerId),
) -> Result<()> {
    if target.name != HOUSEHOLD {
        return store::repoint(conn, merge, target, ends);
    }
    let noted: Vec<Uuid> =
        store::ledger(conn, merge, target.name)?.into_iter().map(|(household, _)| household).collect();
    relations::change_members(conn, actor, &households_of(&noted), |conn| {
        store::repoint(conn, merge, target, ends)
    })
}

pub(super) fn households_of(rows: &[Uuid]) -> Vec<HouseholdId> {
    rows.iter().copied().map(HouseholdId::new).collect()
}

/// Works out anew what follows from the things that went over.
pub(super) fn refigure(conn: &mut DbConn, actor: &Actor, house: House<'_>, ids: &[CustomerId]) -> Result<()> {
    for id in ids {
        interactions::refresh_last_contact(conn, *id)?;
        let version = customers::figures_version(conn, *id)?;
        holdings::revalue_of(conn, actor, house, *id)?;
        // Valuing what went over tells of the figures itself, where it changes them.
        if customers::figures_version(conn, *id)? == version {
            customers::tell_of_figures(conn, actor, (*id, version))?;
        }
    }
    Ok(())
}

pub(super) fn record(conn: &mut DbConn, actor: &Actor, row: &MergeRow, action: &'static str) -> Result<()> {
    let (before, after) = if row.undone_at.is_some() {
        (json!({"undone": false}), json!({"undone": true}))
    } else {
        let document = json!({
            "survivor_id": row.survivor_id.uuid(), "merged_id": row.merged_id.uuid(), "taken": row.taken.0,
            "moved": row.moved.0, "undone": false,
        });
        (json!({}), document)
    };
    let change = audit::Change {
        resource_type: "customer_merge",
        resource_id: row.id.uuid(),
        action,
        version: row.version,
        changes: audit::changes_between(&before, &after),
        reason: row.reason.as_deref(),
    };
    audit::record(conn, actor, &change)
}

/// A merge into a customer that the actor sees.
///
/// # Errors
/// 404 for any other.
pub fn merge_of(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerMergeId,
) -> Result<CustomerMerge> {
    let row = store::find(conn, &Scope::of(actor), id)?;
    wire(conn, house, vec![row])?.pop().ok_or_else(Error::not_found)
}

/// Merges into customers that the actor sees, the last first.
///
/// # Errors
/// As every list.
pub fn merges(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
) -> Result<Page<CustomerMerge>> {
    let listing = request.read(&MERGES, actor, house.keys.cursor())?;
    let scope = Scope::of(actor);
    let mut rows = store::list(conn, &scope, &listing)?;
    let mut info = listing.page(
        &mut rows,
        house.keys.cursor(),
        |row, _| Value::Moment(row.merged_at),
        |row| Id::new(row.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count(conn, &scope, &listing)?);
    }
    Ok(Page { data: wire(conn, house, rows)?, page: info })
}

/// What went over; nothing of kinds that were not counted yet when it did.
fn moved_things(counted: serde_json::Value) -> Result<MovedThings> {
    let mut all = serde_json::to_value(MovedThings::default()).map_err(Error::internal)?;
    if let (Some(all), serde_json::Value::Object(counted)) = (all.as_object_mut(), counted) {
        all.extend(counted);
    }
    serde_json::from_value(all).map_err(Error::internal)
}

fn wire(conn: &mut DbConn, house: House<'_>, rows: Vec<MergeRow>) -> Result<Vec<CustomerMerge>> {
    let mut ids: Vec<CustomerId> = rows.iter().flat_map(|row| [row.survivor_id, row.merged_id]).collect();
    ids.sort_unstable();
    ids.dedup();
    let customers: HashMap<CustomerId, CustomerRef> = store::names(conn, &ids)?
        .into_iter()
        .map(|(id, customer_no, name)| (id, CustomerRef { id: id.uuid(), customer_no, name }))
        .collect();
    let names = house.directory.newest(conn)?;
    let customer = |id: CustomerId| customers.get(&id).cloned().ok_or_else(Error::not_found);
    let merge = |row: MergeRow| -> Result<CustomerMerge> {
        Ok(CustomerMerge {
            id: row.id.uuid(),
            survivor: customer(row.survivor_id)?,
            merged: customer(row.merged_id)?,
            taken: serde_json::from_value(row.taken.0).map_err(Error::internal)?,
            moved: moved_things(row.moved.0)?,
            reason: row.reason,
            merged_at: Instant(row.merged_at.to_utc()),
            merged_by: row.merged_by.map(|id| names.user(id)).transpose()?,
            undone_at: row.undone_at.map(|at| Instant(at.to_utc())),
            undone_by: row.undone_by.map(|id| names.user(id)).transpose()?,
            version: row.version,
        })
    };
    rows.into_iter().map(merge).collect()
}
