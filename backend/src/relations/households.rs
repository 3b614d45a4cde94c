use std::collections::{HashMap, HashSet};

use guanxi_api::{
    AuditEntry, CustomerKind, CustomerSearch, Household, HouseholdMember, HouseholdPatch, HouseholdRole,
    HouseholdSearch, Households, Include, Instant, NewHousehold, NewHouseholdMember, Page, RelatedCustomer,
};
use guanxi_db::{Condition, DbConn, Id};
use serde_json::{Value, json};

use crate::access::{Actor, Scope};
use crate::audit;
use crate::customers::{self, CustomerId, House};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Privacy, Resource, set_total};
use crate::names::name_sort;
use crate::relations::store::{self, HouseholdRow, MemberRow, Wanted};
use crate::relations::{HouseholdId, known, manage};
use crate::text;

/// Most members of a household.
pub(super) const MOST_MEMBERS: usize = 30;
/// Most households of a customer.
pub(super) const MOST: usize = 20;

/// Most customers whose households a search text finds.
const MOST_FOUND: u32 = 200;
/// Households whose sound is worked out in one transaction.
const AT_ONCE: i64 = 500;

/// What households can be filtered and sorted by.
pub(crate) static HOUSEHOLDS: Resource = Resource {
    name: "households",
    fields: &[
        Field::new("name", "household.name_sort", FieldType::Text).sortable().privacy(Privacy::Order),
        Field::new("archived", "household.archived", FieldType::Bool),
    ],
    default_sort: "name",
    id_column: "household.id",
    unless_asked: Some(("archived", in_use)),
};

fn in_use() -> Condition {
    Condition::new().sql("household.archived = ").bind(guanxi_db::Value::Bool(false))
}

/// The households of which the actor sees a member, by how their names sound.
///
/// # Errors
/// As every list.
pub fn list_households(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
) -> Result<Page<Household>> {
    page(conn, actor, house, request, None)
}

/// Those whose name begins with a text, by its characters or their sound, or one of whose members the text finds among the customers that
/// the actor sees.
///
/// # Errors
/// As every list.
pub fn search_households(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    search: &HouseholdSearch,
) -> Result<Page<Household>> {
    let request = ListRequest {
        filter: search.filter.clone(),
        sort: search.sort.clone(),
        limit: search.limit,
        cursor: search.cursor.clone(),
        total: search.include == Some(Include::Total),
        q: search.q.clone(),
        in_body: true,
    };
    let text = search.q.as_deref().map(str::trim).unwrap_or_default();
    if text.is_empty() {
        return page(conn, actor, house, &request, None);
    }
    let asked =
        CustomerSearch { q: Some(text.to_owned()), limit: Some(MOST_FOUND), ..CustomerSearch::default() };
    let found = customers::search(conn, actor, house, &asked)?;
    let sound = sound_of(text);
    let wanted = Wanted {
        sound: (!sound.is_empty()).then_some(sound.as_str()),
        // What is typed in Latin letters is the sound itself.
        characters: (!text.is_ascii()).then_some(text),
        members: found.data.iter().map(|customer| CustomerId::new(customer.id)).collect(),
    };
    page(conn, actor, house, &request, Some(&wanted))
}

/// What the sort key of a name that begins with a text begins with.
fn sound_of(text: &str) -> String {
    let key = name_sort(CustomerKind::Person, text);
    key.split("  ").next().unwrap_or_default().trim().to_owned()
}

fn page(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    request: &ListRequest,
    wanted: Option<&Wanted<'_>>,
) -> Result<Page<Household>> {
    let listing = request.read(&HOUSEHOLDS, actor, house.keys.cursor())?;
    let scope = Scope::of(actor);
    let whose = (&scope, actor.reach());
    let mut rows = store::list_households(conn, whose, &listing, wanted)?;
    let key = |row: &HouseholdRow, _: &str| guanxi_db::Value::Text(row.name_sort.clone());
    let mut info = listing.page(&mut rows, house.keys.cursor(), key, |row| Id::new(row.id.uuid()))?;
    if listing.total {
        set_total(&mut info, store::count_households(conn, whose, &listing, wanted)?);
    }
    Ok(Page { data: wire_all(conn, actor, house, rows)?, page: info })
}

/// Works out how the names of some households sound where that is not known, as after an update of the server; gives how many were met.
///
/// # Errors
/// When the database fails.
pub fn renew_sounds(conn: &mut DbConn) -> Result<usize> {
    let rows = store::unsorted(conn, AT_ONCE)?;
    for (id, name) in &rows {
        store::sort(conn, *id, name, &name_sort(CustomerKind::Person, name))?;
    }
    Ok(rows.len())
}

/// A household of which the actor sees a member.
///
/// # Errors
/// 404 for any other.
pub fn household(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: HouseholdId) -> Result<Household> {
    let row = store::household(conn, id)?.ok_or_else(Error::not_found)?;
    let members = store::members(conn, &[id])?;
    let household = wire(&members, &seen_of(conn, actor, house, &members)?, row)?;
    if household.members.is_empty() { Err(Error::not_found()) } else { Ok(household) }
}

/// The households of a customer that are not archived.
///
/// # Errors
/// 404 for a customer that the actor does not see.
pub fn households_of(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
) -> Result<Households> {
    customers::visible(conn, actor, id)?;
    let rows = store::households_of(conn, id)?;
    Ok(Households { households: wire_all(conn, actor, house, rows)? })
}

/// The history of a household, newest first.
///
/// # Errors
/// 404 as [`household`]; else as every list.
pub fn household_history(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: HouseholdId,
    request: &ListRequest,
) -> Result<Page<AuditEntry>> {
    household(conn, actor, house, id)?;
    audit::history(conn, actor, house.keys, ("household", id.uuid()), request)
}

/// Households with their members, which are read at once.
fn wire_all(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    rows: Vec<HouseholdRow>,
) -> Result<Vec<Household>> {
    let ids: Vec<HouseholdId> = rows.iter().map(|row| row.id).collect();
    let members = store::members(conn, &ids)?;
    let seen = seen_of(conn, actor, house, &members)?;
    let mut of: HashMap<HouseholdId, Vec<MemberRow>> = HashMap::new();
    for member in members {
        of.entry(member.household_id).or_default().push(member);
    }
    rows.into_iter().map(|row| wire(&of.remove(&row.id).unwrap_or_default(), &seen, row)).collect()
}

/// Those of some members whom the actor sees.
fn seen_of(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    members: &[MemberRow],
) -> Result<HashMap<CustomerId, RelatedCustomer>> {
    let ids: HashSet<CustomerId> = members.iter().map(|member| member.customer_id).collect();
    customers::related(conn, actor, house, &ids.into_iter().collect::<Vec<_>>())
}

fn wire(
    members: &[MemberRow],
    seen: &HashMap<CustomerId, RelatedCustomer>,
    row: HouseholdRow,
) -> Result<Household> {
    let mut shown = Vec::with_capacity(members.len());
    for member in members {
        if let Some(customer) = seen.get(&member.customer_id).cloned() {
            let role = known(HouseholdRole::from_code(&member.role))?;
            shown.push(HouseholdMember { customer, role, primary: member.is_primary });
        }
    }
    shown.sort_by_key(|member| (!member.primary, member.role, member.customer.id));
    Ok(Household {
        id: row.id.uuid(),
        name: row.name,
        hidden_members: u32::try_from(members.len() - shown.len()).unwrap_or(u32::MAX),
        members: shown,
        archived_at: row.archived_at.map(|at| Instant(at.to_utc())),
        version: row.version,
        created_at: Instant(row.created_at.to_utc()),
        updated_at: Instant(row.updated_at.to_utc()),
    })
}

/// Forms a household; gives its id. Without a primary member the first one is it.
///
/// # Errors
/// 422 for a member that the actor does not see, one that is named twice, and every field that breaks a rule; 409 for a customer that is in too
/// many households, and for one that went up in another one.
pub fn create_household(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    new: &NewHousehold,
) -> Result<HouseholdId> {
    let mut wrong = Wrong::default();
    let name = name(&new.name, &mut wrong);
    let id: HouseholdId = actor.new_id();
    let members = members_of(conn, actor, house, id, &new.members, &mut wrong)?;
    let name = wrong.unless(name)?;
    one_is_changeable(conn, actor, &members)?;
    no_new_one_is_merged(conn, &members, &[])?;
    let row = HouseholdRow {
        id,
        name_sort: name_sort(CustomerKind::Person, &name),
        name,
        archived: false,
        archived_at: None,
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    };
    store::insert_household(conn, &row)?;
    write_members(conn, id, with_primary(members))?;
    let after = audited(conn, &row)?;
    record(conn, actor, &row, "created", &json!({}), &after)?;
    Ok(id)
}

fn name(given: &str, wrong: &mut Wrong) -> Option<String> {
    match text::line(given, 100) {
        Ok(name) => Some(name),
        Err(broken) => {
            wrong.add(FieldError::broken("/name", broken));
            None
        }
    }
}

/// The members that a body names, each a customer that the actor sees.
fn members_of(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: HouseholdId,
    new: &[NewHouseholdMember],
    wrong: &mut Wrong,
) -> Result<Vec<MemberRow>> {
    let ids = manage::ids(new.iter().map(|member| member.customer_id));
    let seen = customers::related(conn, actor, house, &ids)?;
    let (mut met, mut primary) = (HashSet::new(), false);
    let mut rows = Vec::with_capacity(new.len());
    for (n, member) in new.iter().enumerate() {
        let customer_id = CustomerId::new(member.customer_id);
        if !seen.contains_key(&customer_id) {
            wrong.add(FieldError::new(format!("/members/{n}/customer_id"), "not_in_scope"));
        } else if !met.insert(customer_id) {
            wrong.add(FieldError::new(format!("/members/{n}/customer_id"), "duplicate"));
        }
        if member.primary && std::mem::replace(&mut primary, true) {
            wrong.add(FieldError::new(format!("/members/{n}/primary"), "duplicate"));
        }
        rows.push(MemberRow {
            household_id: id,
            customer_id,
            role: member.role.as_str().to_owned(),
            is_primary: member.primary,
        });
    }
    Ok(rows)
}

/// 409 for a member who was none before and went up in another customer: undoing that would find two of the kind. Who is a member already may stay.
fn no_new_one_is_merged(conn: &mut DbConn, members: &[MemberRow], before: &[MemberRow]) -> Result<()> {
    let is_new = |id: CustomerId| before.iter().all(|member| member.customer_id != id);
    let new: Vec<(usize, CustomerId)> =
        members.iter().map(|member| member.customer_id).enumerate().filter(|(_, id)| is_new(*id)).collect();
    customers::lock_all(conn, &new.iter().map(|(_, id)| *id).collect::<Vec<_>>())?;
    for (n, id) in new {
        if customers::merged_into(conn, id)?.is_some() {
            return Err(Error::conflict(format!("/members/{n}/customer_id"), "is_merged"));
        }
    }
    Ok(())
}

pub(super) fn with_primary(mut members: Vec<MemberRow>) -> Vec<MemberRow> {
    if !members.iter().any(|member| member.is_primary)
        && let Some(first) = members.first_mut()
    {
        first.is_primary = true;
    }
    members
}

fn write_members(conn: &mut DbConn, id: HouseholdId, members: Vec<MemberRow>) -> Result<()> {
    if members.len() > MOST_MEMBERS {
        return Err(Error::conflict("/members", "too_many_members"));
    }
    store::replace_members(conn, id, &members)?;
    let customers: Vec<CustomerId> = members.iter().map(|member| member.customer_id).collect();
    if store::households_by_member(conn, &customers)?.values().any(|count| *count > MOST) {
        return Err(Error::conflict("/members", "too_many_households"));
    }
    Ok(())
}

/// Changes the name of a household, or those of its members whom the actor sees.
///
/// # Errors
/// 404 as [`household`], 412 when the version is no longer the newest, 409 and 422 as [`create_household`].
pub fn change_household(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: HouseholdId,
    version: i64,
    patch: &HouseholdPatch,
) -> Result<()> {
    edit(conn, actor, house, (id, version), "updated", |conn, row| {
        let mut wrong = Wrong::default();
        let renamed = patch.name.as_deref().map(|given| name(given, &mut wrong));
        let members = match &patch.members {
            None => None,
            Some(new) => Some(members_of(conn, actor, house, id, new, &mut wrong)?),
        };
        wrong.unless(Some(()))?;
        if let Some(Some(name)) = renamed {
            row.rename(name);
        }
        if let Some(mut members) = members {
            // Those whom the actor does not see stay, and one of them may be the primary one.
            let before = store::members(conn, &[id])?;
            no_new_one_is_merged(conn, &members, &before)?;
            let ids: Vec<CustomerId> = before.iter().map(|member| member.customer_id).collect();
            let seen = customers::related(conn, actor, house, &ids)?;
            let primary = members.iter().any(|member| member.is_primary);
            members.extend(
                before
                    .into_iter()
                    .filter(|member| !seen.contains_key(&member.customer_id))
                    .map(|member| MemberRow { is_primary: member.is_primary && !primary, ..member }),
            );
            write_members(conn, id, with_primary(members))?;
        }
        Ok(())
    })
}

/// Takes a household out of the lists.
///
/// # Errors
/// 409 for one that is archived; else as [`change_household`].
pub fn archive_household(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: HouseholdId,
    version: i64,
) -> Result<()> {
    edit(conn, actor, house, (id, version), "archived", |_, row| {
        if row.archived {
            return Err(Error::conflict("", "already_archived"));
        }
        row.archived = true;
        row.archived_at = Some(actor.now());
        Ok(())
    })
}

/// Puts an archived household back into the lists.
///
/// # Errors
/// 409 for one that is not archived; else as [`change_household`].
pub fn restore_household(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: HouseholdId,
    version: i64,
) -> Result<()> {
    edit(conn, actor, house, (id, version), "restored", |_, row| {
        if !row.archived {
            return Err(Error::conflict("", "not_archived"));
        }
        row.archived = false;
        row.archived_at = None;
        Ok(())
    })
}

pub(super) fn edit(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, version): (HouseholdId, i64),
    action: &'static str,
    act: impl FnOnce(&mut DbConn, &mut HouseholdRow) -> Result<()>,
) -> Result<()> {
    store::lock_household(conn, id)?;
    let current = household(conn, actor, house, id)?;
    if current.version != version {
        return Err(Error::new(Code::Stale).with_header("ETag", tag(actor, &current)));
    }
    let members = store::members(conn, &[id])?;
    one_is_changeable(conn, actor, &members)?;
    let mut row = store::household(conn, id)?.ok_or_else(Error::not_found)?;
    let before = audited(conn, &row)?;
    act(conn, &mut row)?;
    let after = audited(conn, &row)?;
    if before == after {
        return Ok(());
    }
    row.version = version + 1;
    row.updated_at = actor.now();
    if !store::update_household(conn, &row, version)? {
        return Err(Error::new(Code::Stale));
    }
    record(conn, actor, &row, action, &before, &after)
}

/// Makes concurrent changes of some households go one after the other, until the transaction ends. Whoever locks customers as well locks households
/// first.
///
/// # Errors
/// When the database fails.
pub fn lock_households(conn: &mut DbConn, ids: &[HouseholdId]) -> Result<()> {
    store::households(conn, ids, true).map(drop)
}

/// Lets `act` change the members of some households, archived ones as well, and records it with each that has others after it: for what is done to
/// customers as a whole.
///
/// # Errors
/// What `act` gives; when the database fails.
pub fn change_members(
    conn: &mut DbConn,
    actor: &Actor,
    ids: &[HouseholdId],
    act: impl FnOnce(&mut DbConn) -> Result<()>,
) -> Result<()> {
    let rows = store::households(conn, ids, true)?;
    let before = store::members(conn, ids)?;
    act(conn)?;
    let after = store::members(conn, ids)?;
    for row in rows {
        let told = |all: &[MemberRow]| {
            let of: Vec<MemberRow> =
                all.iter().filter(|member| member.household_id == row.id).cloned().collect();
            audited_with(&row, &of)
        };
        let (was, is) = (told(&before), told(&after));
        if was == is {
            continue;
        }
        let from = row.version;
        let row = HouseholdRow { version: from + 1, updated_at: actor.now(), ..row };
        if !store::update_household(conn, &row, from)? {
            return Err(Error::internal("a locked household changed"));
        }
        record(conn, actor, &row, "updated", &was, &is)?;
    }
    Ok(())
}

/// That the actor looks after one of the members.
fn one_is_changeable(conn: &mut DbConn, actor: &Actor, members: &[MemberRow]) -> Result<()> {
    let ids: Vec<CustomerId> = members.iter().map(|member| member.customer_id).collect();
    if customers::some_changeable(conn, actor, &ids)? { Ok(()) } else { Err(Error::forbidden()) }
}

fn audited(conn: &mut DbConn, row: &HouseholdRow) -> Result<Value> {
    Ok(audited_with(row, &store::members(conn, &[row.id])?))
}

/// A household as the audit trail has it.
pub(super) fn audited_with(row: &HouseholdRow, members: &[MemberRow]) -> Value {
    let mut members: Vec<&MemberRow> = members.iter().collect();
    members.sort_by_key(|member| member.customer_id);
    let members: Vec<Value> = members
        .into_iter()
        .map(|member| {
            json!({"id": member.customer_id.uuid(), "role": member.role, "primary": member.is_primary})
        })
        .collect();
    let archived = if row.archived { json!(true) } else { Value::Null };
    json!({"name": row.name, "archived": archived, "members": members})
}

pub(super) fn record(
    conn: &mut DbConn,
    actor: &Actor,
    row: &HouseholdRow,
    action: &'static str,
    before: &Value,
    after: &Value,
) -> Result<()> {
    audit::record(
        conn,
        actor,
        &audit::Change {
            resource_type: "household",
            resource_id: row.id.uuid(),
            action,
            version: row.version,
            changes: audit::changes_between(before, after),
            reason: None,
        },
    )
}

/// The tag of a household. What is shown of it changes with its members, without a new version.
pub(super) fn tag(actor: &Actor, household: &Household) -> String {
    crate::web::Document::tag_of(household, actor, household.version)
}

/// The members of a household that the actor sees, in order, and how many there are besides.
///
/// # Errors
/// 404 as [`household`].
pub(super) fn visible_members(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: HouseholdId,
) -> Result<(Vec<CustomerId>, u32)> {
    let household = household(conn, actor, house, id)?;
    let ids = household.members.iter().map(|member| Id::new(member.customer.id)).collect();
    Ok((ids, household.hidden_members))
}
