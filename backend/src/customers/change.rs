use chrono::NaiveDate;
use guanxi_api::{CustomerKind, CustomerPatch, CustomerProfile, Incomplete};
use guanxi_db::DbConn;

use crate::access::{Actor, Scope, UserId};
use crate::audit;
use crate::customers::portfolio::Moves;
use crate::customers::provenance::{Sources, Word};
use crate::customers::store::CustomerRow;
use crate::customers::view::{self, Whole};
use crate::customers::{CustomerId, House, completeness, create, known, merge, owners, profile, store};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::names::search;

/// Customers whose search tokens are renewed in one transaction.
const RENEWED_AT_ONCE: i64 = 200;

/// Changes one customer from a version on: reads it under lock, lets `act` change the row and what belongs to it, raises the
/// version and records what differs. Nothing is written when nothing differs.
///
/// # Errors
/// 404 outside the actor's scope, 412 when the version is no longer the newest, and what `act` gives.
pub(super) fn edit(
    conn: &mut DbConn,
    actor: &Actor,
    id: CustomerId,
    version: i64,
    action: &'static str,
    act: impl FnOnce(&mut DbConn, &mut Whole) -> Result<()>,
) -> Result<()> {
    edit_for(conn, actor, id, version, action, actor.user_id(), act)
}

/// The same on behalf of somebody, whom the record of owners names.
///
/// # Errors
/// As [`edit`].
pub(super) fn edit_for(
    conn: &mut DbConn,
    actor: &Actor,
    id: CustomerId,
    version: i64,
    action: &'static str,
    by: Option<UserId>,
    act: impl FnOnce(&mut DbConn, &mut Whole) -> Result<()>,
) -> Result<()> {
    store::lock(conn, id)?;
    let whole = view::whole_to_change(conn, actor, id)?;
    edit_whole(conn, actor, whole, version, (action, by), act)
}

/// The same of a customer that was read under lock already, for whoever may change it without looking after it.
///
/// # Errors
/// As [`edit`].
pub(super) fn edit_whole(
    conn: &mut DbConn,
    actor: &Actor,
    mut whole: Whole,
    version: i64,
    (action, by): (&'static str, Option<UserId>),
    act: impl FnOnce(&mut DbConn, &mut Whole) -> Result<()>,
) -> Result<()> {
    let id = whole.row.customer.id;
    let current = whole.row.customer.version;
    if current != version {
        return Err(stale(actor, current));
    }
    let before = view::audited(&whole)?;
    let sealed = view::Sealed::of(&whole);
    let unchanged_row = whole.row.customer.clone();
    let mut moves = Moves::default();
    moves.take(&unchanged_row, &whole.row.figures);
    act(conn, &mut whole)?;
    let mut row = whole.row.customer;
    row.version = current + 1;
    row.updated_at = actor.now();
    let figures_keys_changed = row.city != unchanged_row.city || row.archived != unchanged_row.archived;
    if !store::update(conn, &unchanged_row, &row)? {
        return Err(stale(actor, current + 1));
    }
    if figures_keys_changed {
        store::update_figures_keys(conn, id, row.city.as_deref(), row.archived)?;
    }
    let cause = owners::Cause { by, ..owners::Cause::of(actor, action) };
    owners::record(conn, actor, cause, &[(Some(&unchanged_row), &row)])?;
    // Read without the actor's scope: a handover may have taken the customer out of it.
    let mut after = view::whole(conn, &Scope::of(&Actor::operator(actor.now())), id)?;
    let shown = view::audited(&after)?;
    let mut changes = audit::changes_between(&before, &shown);
    sealed.add_changes(&after, (&before, &shown), &mut changes);
    if changes.is_empty() {
        store::update(conn, &row, &unchanged_row)?;
        return Ok(());
    }
    completeness::keep(conn, &mut after)?;
    moves.add(&after.row.customer, &after.row.figures);
    moves.record(conn)?;
    audit::record(
        conn,
        actor,
        &audit::Change {
            resource_type: "customer",
            resource_id: id.uuid(),
            action,
            version: current + 1,
            changes,
            reason: None,
        },
    )
}

pub(super) fn stale(actor: &Actor, version: i64) -> Error {
    Error::new(Code::Stale).with_header("ETag", crate::web::etag(actor, version, 0))
}

/// Changes the profile, the status or the identity document.
///
/// # Errors
/// 422 with every field that breaks a rule; else as every change.
pub fn change(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    version: i64,
    patch: &CustomerPatch,
) -> Result<()> {
    let today = house.settings.day(actor.now());
    edit(conn, actor, id, version, "updated", |conn, whole| {
        let row = &mut whole.row.customer;
        let kind = known(CustomerKind::from_code(&row.kind))?;
        let mut wrong = Wrong::default();
        let before = profile::load(row)?;
        let mut profile = patched(&before, patch, kind, today, &mut wrong)?;
        let identity = match &patch.identity {
            None => Some(None),
            Some(None) => Some(Some(None)),
            Some(Some(document)) => {
                let identity = create::identity_row(house, id, kind, document, &mut profile, today);
                wrong.keep(identity)?.map(|identity| Some(Some(identity)))
            }
        };
        if let Some(identity) = wrong.unless(identity)? {
            store::replace_identity(conn, id, identity.as_ref())?;
        }
        let mut changed = before.differences(&profile);
        if patch.identity.is_some() {
            changed.push("identity");
        }
        if let Some(status) =
            patch.status.map(|status| status.as_str()).filter(|status| *status != row.status)
        {
            status.clone_into(&mut row.status);
            changed.push("status");
        }
        let word = Word::of_actor(actor, patch.provided_by, patch.verified == Some(true));
        let mut sources = Sources::of(row)?;
        sources.note(changed, &word);
        write_profile(conn, kind, &profile, &sources, row)
    })
}

/// A profile after a patch, in the form in which it is stored; what is wrong with it goes to the others.
///
/// # Errors
/// What is no matter of fields.
pub(super) fn patched(
    profile: &CustomerProfile,
    patch: &CustomerPatch,
    kind: CustomerKind,
    today: NaiveDate,
    wrong: &mut Wrong,
) -> Result<CustomerProfile> {
    let mut profile = merged(profile, patch, wrong)?;
    wrong.keep(profile::clean(kind, &mut profile, today))?;
    Ok(profile)
}

/// A profile after a patch, checked by the contract's rules alone.
///
/// # Errors
/// What is no matter of fields.
pub(super) fn merged(
    profile: &CustomerProfile,
    patch: &CustomerPatch,
    wrong: &mut Wrong,
) -> Result<CustomerProfile> {
    let merged = match patch.applied_to(profile) {
        Ok(changed) => changed,
        // What else is wrong is told as well.
        Err(Incomplete) => {
            wrong.add(FieldError::new("/restricted", "incomplete"));
            let rest = CustomerPatch { restricted: None, ..patch.clone() };
            rest.applied_to(profile).map_err(|Incomplete| Error::internal("a patch is incomplete"))?
        }
    };
    wrong.keep(crate::web::check_rules(&merged))?;
    Ok(merged)
}

/// Writes a profile into the row, and into the search index when the name is another one.
pub(super) fn write_profile(
    conn: &mut DbConn,
    kind: CustomerKind,
    profile: &CustomerProfile,
    sources: &Sources,
    row: &mut CustomerRow,
) -> Result<()> {
    let renamed = row.name != profile.name || row.search_version != search::SEARCH_VERSION;
    let found_by = profile::store(kind, profile, sources, row)?;
    if renamed {
        guanxi_db::search::index_customer(conn, found_by)?;
    }
    Ok(())
}

/// Makes the search tokens of some customers anew after the rules for them have changed; gives how many.
///
/// # Errors
/// When the database fails.
pub fn renew_search(conn: &mut DbConn) -> Result<usize> {
    let outdated = store::outdated_tokens(conn, search::SEARCH_VERSION, RENEWED_AT_ONCE)?;
    for (id, search_key, kind, name) in &outdated {
        let kind = known(CustomerKind::from_code(kind))?;
        let by_name = profile::found_by_name(*id, *search_key, kind, name);
        let found_by = store::FoundBy {
            name_sort: by_name.name_sort.clone(),
            beginnings: search::beginnings(kind, name),
            search_version: search::SEARCH_VERSION,
        };
        guanxi_db::search::index_customer(conn, by_name)?;
        store::set_found_by(conn, *id, &found_by)?;
    }
    Ok(outdated.len())
}

/// Takes a customer out of the lists; it stays readable by its id.
///
/// # Errors
/// 409 for one that is archived; else as every change.
pub fn archive(conn: &mut DbConn, actor: &Actor, id: CustomerId, version: i64) -> Result<()> {
    edit(conn, actor, id, version, "archived", |_, whole| set_archived(&mut whole.row.customer, actor))
}

/// # Errors
/// 409 for one that is archived.
pub(super) fn set_archived(row: &mut CustomerRow, actor: &Actor) -> Result<()> {
    if row.archived {
        return Err(Error::conflict("", "already_archived"));
    }
    row.archived = true;
    row.archived_at = Some(actor.now());
    Ok(())
}

/// Puts an archived customer back into the lists.
///
/// # Errors
/// 409 for one that is not archived; else as every change.
pub fn restore(conn: &mut DbConn, actor: &Actor, id: CustomerId, version: i64) -> Result<()> {
    edit(conn, actor, id, version, "restored", |conn, whole| {
        merge::is_no_merged_one(conn, id)?;
        let row = &mut whole.row.customer;
        if !row.archived {
            return Err(Error::conflict("", "not_archived"));
        }
        row.archived = false;
        row.archived_at = None;
        Ok(())
    })
}
