use std::collections::HashSet;

use chrono::NaiveDate;
use guanxi_api::{
    Authority, CustomerKind, Instant, NewRelation, RelatedCustomer, Relation, RelationPatch, RelationRole,
    Relations,
};
use guanxi_db::{DbConn, DbError, Id, Moment};
use serde_json::json;

use crate::access::Actor;
use crate::audit;
use crate::customers::{self, CustomerId, House};
use crate::error::{Code, Error, FieldError, Result, Wrong};
use crate::relations::store::{self, RelationRow};
use crate::relations::{RelationId, known, rules};
use crate::text;

/// Most relations that one customer has.
pub(super) const MOST: usize = 200;
/// How far a chain of referrals is followed upwards.
pub(super) const LONGEST_CHAIN: usize = 50;

/// The relations of a customer that are not archived, those that go on before those that are over.
///
/// # Errors
/// 404 for a customer that the actor does not see.
pub fn relations(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: CustomerId) -> Result<Relations> {
    customers::visible(conn, actor, id)?;
    let rows = store::of_customers(conn, &[id])?;
    let others: Vec<CustomerId> = rows.iter().map(|row| other_of(row, id)).collect();
    let seen = customers::related(conn, actor, house, &others)?;
    let mut relations: Vec<Relation> = rows
        .into_iter()
        .map(|row| {
            let other = seen.get(&other_of(&row, id)).cloned();
            wire(row, id, other)
        })
        .collect::<Result<_>>()?;
    relations.sort_by_key(|relation| (relation.until.is_some(), relation.role, relation.id));
    Ok(Relations { relations })
}

/// One relation of a customer, archived or not.
///
/// # Errors
/// 404 for a customer that the actor does not see, and for a relation that is not this customer's.
pub fn relation(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, relation): (CustomerId, RelationId),
) -> Result<Relation> {
    let row = found(conn, actor, (id, relation))?;
    let other = other_of(&row, id);
    let seen = customers::related(conn, actor, house, &[other])?.remove(&other);
    wire(row, id, seen)
}

/// The version of a relation, whoever sees it.
///
/// # Errors
/// 404 when there is none.
pub fn relation_stands(conn: &mut DbConn, relation: RelationId) -> Result<i64> {
    Ok(store::find(conn, relation)?.ok_or_else(Error::not_found)?.version)
}

fn found(conn: &mut DbConn, actor: &Actor, (id, relation): (CustomerId, RelationId)) -> Result<RelationRow> {
    customers::visible(conn, actor, id)?;
    let row = store::find(conn, relation)?.filter(|row| row.from_id == id || row.to_id == id);
    row.ok_or_else(Error::not_found)
}

fn other_of(row: &RelationRow, id: CustomerId) -> CustomerId {
    if row.from_id == id { row.to_id } else { row.from_id }
}

/// What the other one is to a customer.
pub(super) fn role_of(row: &RelationRow, id: CustomerId) -> Result<RelationRole> {
    let kind = known(RelationRole::from_code(&row.kind))?;
    // `from` is the kind to `to`.
    Ok(if row.to_id == id { kind } else { rules::inverse(kind) })
}

fn wire(row: RelationRow, id: CustomerId, other: Option<RelatedCustomer>) -> Result<Relation> {
    Ok(Relation {
        id: row.id.uuid(),
        role: role_of(&row, id)?,
        other,
        share_percent: row.share_percent,
        title: row.title,
        authority: row.authority.map(|code| known(Authority::from_code(&code))).transpose()?,
        note: row.note,
        since: row.since,
        until: row.until,
        archived_at: row.archived_at.map(|at| Instant(at.to_utc())),
        version: row.version,
        created_at: Instant(row.created_at.to_utc()),
        updated_at: Instant(row.updated_at.to_utc()),
    })
}

/// Notes that another customer is something to a customer; gives the relation's id.
///
/// # Errors
/// 404 for a customer that the actor does not see; 422 for another one that the actor does not see, a role that these two cannot have, and every
/// field that breaks a rule; 409 for what is noted already, a second spouse or referrer, one relation too many, and a customer that went up in another
/// one.
pub fn create(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    new: &NewRelation,
) -> Result<RelationId> {
    let other = CustomerId::new(new.other_id);
    customers::changeable(conn, actor, id)?;
    let seen = customers::related(conn, actor, house, &[id, other])?;
    let own = seen.get(&id).ok_or_else(Error::not_found)?;
    let mut wrong = Wrong::default();
    match seen.get(&other) {
        _ if other == id => wrong.add(FieldError::new("/other_id", "itself")),
        None => wrong.add(FieldError::new("/other_id", "not_in_scope")),
        Some(other) if !rules::fits(own.kind, other.kind, new.role) => wrong.add(match other.kind {
            CustomerKind::Person => FieldError::new("/role", "not_of_a_person"),
            CustomerKind::Organisation => FieldError::new("/role", "not_of_an_organisation"),
        }),
        Some(_) => {}
    }
    let (kind, from_id, to_id) = ends(new.role, id, other);
    let mut row = RelationRow {
        share_percent: new.share_percent,
        title: new.title.clone(),
        authority: new.authority.map(|authority| authority.as_str().to_owned()),
        note: new.note.clone(),
        since: new.since,
        until: new.until,
        ..blank((actor.new_id(), actor.now()), (from_id, to_id), kind)
    };
    clean(&mut row, kind, house.settings.day(actor.now()), &mut wrong);
    wrong.unless(Some(()))?;
    customers::lock(conn, id.min(other))?;
    customers::lock(conn, id.max(other))?;
    no_end_is_merged(conn, &[("", id), ("/other_id", other)])?;
    let known = store::of_customers(conn, &[id, other])?;
    for customer in [id, other] {
        let of = known.iter().filter(|row| row.from_id == customer || row.to_id == customer).count();
        if of >= MOST {
            return Err(Error::conflict("", "too_many_relations"));
        }
    }
    check_others(conn, &row, kind, &known)?;
    store::insert(conn, &row).map_err(|error| match error {
        DbError::Unique => Error::conflict("/other_id", "related_already"),
        other => other.into(),
    })?;
    record(conn, actor, &row, "created", &json!({}))?;
    Ok(row.id)
}

/// 409 for a customer that went up in another one: undoing that would find two of the kind. The caller has locked them.
fn no_end_is_merged(conn: &mut DbConn, ends: &[(&'static str, CustomerId)]) -> Result<()> {
    for (pointer, id) in ends {
        if customers::merged_into(conn, *id)?.is_some() {
            return Err(Error::conflict(*pointer, "is_merged"));
        }
    }
    Ok(())
}

/// The role under which a relation is stored, and of whom to whom.
pub(super) fn ends(
    role: RelationRole,
    id: CustomerId,
    other: CustomerId,
) -> (RelationRole, CustomerId, CustomerId) {
    match (rules::is_stored(role), rules::is_mutual(role)) {
        (_, true) => (role, id.min(other), id.max(other)),
        (true, false) => (role, other, id),
        (false, false) => (rules::inverse(role), id, other),
    }
}

/// A relation of which nothing is said but whom it is between.
pub(super) fn blank(
    (id, now): (RelationId, Moment),
    (from_id, to_id): (CustomerId, CustomerId),
    kind: RelationRole,
) -> RelationRow {
    RelationRow {
        id,
        from_id,
        to_id,
        kind: kind.as_str().to_owned(),
        share_percent: None,
        title: None,
        authority: None,
        note: None,
        since: None,
        until: None,
        archived: false,
        archived_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// That a customer has one spouse at a time and one referrer, and brings nobody by whom it was brought.
fn check_others(
    conn: &mut DbConn,
    row: &RelationRow,
    kind: RelationRole,
    known: &[RelationRow],
) -> Result<()> {
    check_known(row, kind, known)?;
    let in_circle = kind == RelationRole::Referrer && chain_above(conn, row.from_id)?.contains(&row.to_id);
    if in_circle { Err(Error::conflict("/role", "referral_circle")) } else { Ok(()) }
}

/// That a customer has one spouse at a time and one referrer, among all relations of the two.
pub(super) fn check_known(row: &RelationRow, kind: RelationRole, known: &[RelationRow]) -> Result<()> {
    let mut of_kind = known.iter().filter(|other| other.kind == row.kind && other.id != row.id);
    match kind {
        RelationRole::Spouse if row.until.is_none() && of_kind.any(|other| other.until.is_none()) => {
            Err(Error::conflict("/role", "has_a_spouse"))
        }
        RelationRole::Referrer if of_kind.any(|other| other.to_id == row.to_id) => {
            Err(Error::conflict("/role", "has_a_referrer"))
        }
        _ => Ok(()),
    }
}

/// Who has brought a customer, who has brought that one, and so on; the nearest first.
pub(super) fn chain_above(conn: &mut DbConn, id: CustomerId) -> Result<Vec<CustomerId>> {
    let (mut chain, mut met, mut at) = (Vec::new(), HashSet::from([id]), id);
    while let Some(above) = store::referrer_of(conn, at)? {
        if !met.insert(above) || chain.len() >= LONGEST_CHAIN {
            break;
        }
        chain.push(above);
        at = above;
    }
    Ok(chain)
}

/// Brings what is said of a relation into the form in which it is stored.
pub(super) fn clean(row: &mut RelationRow, kind: RelationRole, today: NaiveDate, wrong: &mut Wrong) {
    for (pointer, value, max) in [("/title", &mut row.title, 100), ("/note", &mut row.note, 500)] {
        if let Some(given) = value {
            match text::optional_line(given, max) {
                Ok(text) => *value = text,
                Err(broken) => wrong.add(FieldError::broken(pointer, broken)),
            }
        }
    }
    let foreign = [
        ("/share_percent", row.share_percent.is_some() && !rules::takes_share(kind)),
        ("/title", row.title.is_some() && !rules::takes_title(kind)),
        ("/authority", row.authority.is_some() && !rules::takes_authority(kind)),
    ];
    for (pointer, _) in foreign.into_iter().filter(|(_, given)| *given) {
        wrong.add(FieldError::new(pointer, "not_of_this_role"));
    }
    let earliest = NaiveDate::from_ymd_opt(1850, 1, 1).unwrap_or(NaiveDate::MIN);
    for (pointer, day) in [("/since", row.since), ("/until", row.until)] {
        match day {
            Some(day) if day > today => wrong.add(FieldError::new(pointer, "in_the_future")),
            Some(day) if day < earliest => wrong.add(FieldError::new(pointer, "too_long_ago")),
            _ => {}
        }
    }
    if row.since.zip(row.until).is_some_and(|(since, until)| until < since) {
        wrong.add(FieldError::new("/until", "before_since"));
    }
}

/// Changes what is said of a relation.
///
/// # Errors
/// 404 as [`relation`], 412 when the version is no longer the newest, 409 and 422 as [`create`].
pub fn change(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    which: (CustomerId, RelationId),
    version: i64,
    patch: &RelationPatch,
) -> Result<()> {
    let today = house.settings.day(actor.now());
    edit(conn, actor, which, version, "updated", |conn, row| {
        let kind = known(RelationRole::from_code(&row.kind))?;
        let take = |field: &mut Option<String>, patch: &Option<Option<String>>| {
            if let Some(value) = patch {
                field.clone_from(value);
            }
        };
        take(&mut row.title, &patch.title);
        take(&mut row.note, &patch.note);
        row.share_percent = patch.share_percent.unwrap_or(row.share_percent);
        row.since = patch.since.unwrap_or(row.since);
        row.until = patch.until.unwrap_or(row.until);
        if let Some(authority) = patch.authority {
            row.authority = authority.map(|authority| authority.as_str().to_owned());
        }
        let mut wrong = Wrong::default();
        clean(row, kind, today, &mut wrong);
        wrong.unless(Some(()))?;
        let known = store::of_customers(conn, &[row.from_id, row.to_id])?;
        check_others(conn, row, kind, &known)
    })
}

/// Gives the relations of one customer to another one, but for those between the two, those that the other one has itself, and a second spouse or
/// referrer; gives the ids of those that went over. Whoever calls it has locked both.
///
/// # Errors
/// When the database fails.
pub fn move_relations(
    conn: &mut DbConn,
    actor: &Actor,
    from: CustomerId,
    to: CustomerId,
) -> Result<Vec<RelationId>> {
    let mut own = store::of_customers(conn, &[to])?;
    let mut moved = Vec::new();
    for before in store::of_customers(conn, &[from])? {
        if other_of(&before, from) == to {
            continue;
        }
        let after = repointed(actor, &before, from, to)?;
        let kind = known(RelationRole::from_code(&after.kind))?;
        let fits = match check_others(conn, &after, kind, &own) {
            Ok(()) => !own.iter().any(|other| are_twins(other, &after)),
            Err(error) if error.code.status() == 409 => false,
            Err(error) => return Err(error),
        };
        if fits && own.len() < MOST {
            store::update(conn, &after, before.version)?;
            moved.push(after.id);
            own.push(after);
        }
    }
    Ok(moved)
}

/// Whether two relations are between the same two customers in the same role, of which there is one at a time.
fn are_twins(one: &RelationRow, other: &RelationRow) -> bool {
    (one.from_id, one.to_id, &one.kind) == (other.from_id, other.to_id, &other.kind)
}

/// Gives relations back that went from one customer to another one, as far as they are still there and it has not got the like of them since.
///
/// # Errors
/// When the database fails.
pub fn move_relations_back(
    conn: &mut DbConn,
    actor: &Actor,
    ids: &[RelationId],
    (now, back): (CustomerId, CustomerId),
) -> Result<()> {
    let own = store::of_customers(conn, &[back])?;
    for id in ids {
        let Some(before) = store::find(conn, *id)? else { continue };
        if before.from_id == now || before.to_id == now {
            let after = repointed(actor, &before, now, back)?;
            if after.archived || !own.iter().any(|other| are_twins(other, &after)) {
                store::update(conn, &after, before.version)?;
            }
        }
    }
    Ok(())
}

/// A relation with one customer in the place of another one.
fn repointed(actor: &Actor, row: &RelationRow, from: CustomerId, to: CustomerId) -> Result<RelationRow> {
    let of = |id: CustomerId| if id == from { to } else { id };
    let (mut from_id, mut to_id) = (of(row.from_id), of(row.to_id));
    if rules::is_mutual(known(RelationRole::from_code(&row.kind))?) {
        (from_id, to_id) = (from_id.min(to_id), from_id.max(to_id));
    }
    Ok(RelationRow { from_id, to_id, version: row.version + 1, updated_at: actor.now(), ..row.clone() })
}

/// Takes a relation out of the lists.
///
/// # Errors
/// 409 for one that is archived; else as [`change`].
pub fn archive(
    conn: &mut DbConn,
    actor: &Actor,
    which: (CustomerId, RelationId),
    version: i64,
) -> Result<()> {
    edit(conn, actor, which, version, "archived", |_, row| {
        if row.archived {
            return Err(Error::conflict("", "already_archived"));
        }
        row.archived = true;
        row.archived_at = Some(actor.now());
        Ok(())
    })
}

/// Puts an archived relation back into the lists.
///
/// # Errors
/// 409 for one that is not archived, that is noted anew, or of a customer that went up in another one; else as [`change`].
pub fn restore(
    conn: &mut DbConn,
    actor: &Actor,
    which: (CustomerId, RelationId),
    version: i64,
) -> Result<()> {
    edit(conn, actor, which, version, "restored", |conn, row| {
        if !row.archived {
            return Err(Error::conflict("", "not_archived"));
        }
        no_end_is_merged(conn, &[("", row.from_id), ("", row.to_id)])?;
        row.archived = false;
        row.archived_at = None;
        let kind = known(RelationRole::from_code(&row.kind))?;
        let known = store::of_customers(conn, &[row.from_id, row.to_id])?;
        check_others(conn, row, kind, &known)
    })
}

fn edit(
    conn: &mut DbConn,
    actor: &Actor,
    (id, relation): (CustomerId, RelationId),
    version: i64,
    action: &'static str,
    act: impl FnOnce(&mut DbConn, &mut RelationRow) -> Result<()>,
) -> Result<()> {
    let before = found(conn, actor, (id, relation))?;
    customers::changeable(conn, actor, id)?;
    customers::lock(conn, before.from_id.min(before.to_id))?;
    customers::lock(conn, before.from_id.max(before.to_id))?;
    let before = found(conn, actor, (id, relation))?;
    let stale = |version| Error::new(Code::Stale).with_header("ETag", crate::web::etag(actor, version, 0));
    if before.version != version {
        return Err(stale(before.version));
    }
    let mut row = before.clone();
    act(conn, &mut row)?;
    if audited(&row) == audited(&before) {
        return Ok(());
    }
    row.version = version + 1;
    row.updated_at = actor.now();
    let written = store::update(conn, &row, version).map_err(|error| match error {
        DbError::Unique => Error::conflict("", "related_already"),
        other => other.into(),
    })?;
    if !written {
        return Err(stale(version + 1));
    }
    record(conn, actor, &row, action, &audited(&before))
}

pub(super) fn audited(row: &RelationRow) -> serde_json::Value {
    json!({
        "from_id": row.from_id.uuid(),
        "to_id": row.to_id.uuid(),
        "role": row.kind,
        "share_percent": row.share_percent,
        "title": row.title,
        "authority": row.authority,
        "note": row.note,
        "since": row.since,
        "until": row.until,
        "archived": if row.archived { json!(true) } else { json!(null) },
    })
}

pub(super) fn record(
    conn: &mut DbConn,
    actor: &Actor,
    row: &RelationRow,
    action: &'static str,
    before: &serde_json::Value,
) -> Result<()> {
    audit::record(
        conn,
        actor,
        &audit::Change {
            resource_type: "relation",
            resource_id: row.id.uuid(),
            action,
            version: row.version,
            changes: audit::changes_between(before, &audited(row)),
            reason: None,
        },
    )
}

/// The tag of a relation. What is shown of it changes with the other customer, without a new version.
pub(super) fn tag(actor: &Actor, relation: &Relation) -> String {
    crate::web::Document::tag_of(relation, actor, relation.version)
}

/// Ids of customers, as relations have them.
pub(super) fn ids(uuids: impl IntoIterator<Item = uuid::Uuid>) -> Vec<CustomerId> {
    uuids.into_iter().map(Id::new).collect()
}
