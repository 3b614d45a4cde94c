use guanxi_api::{ContactPointKind, ContactPointPatch, NewContactPoint, ValueSource};
use guanxi_db::DbConn;

use crate::access::Actor;
use crate::customers::change::edit;
use crate::customers::rules::contact::{self, Normalised};
use crate::customers::store::ContactPointRow;
use crate::customers::{ContactPointId, CustomerId, House, contact_context, open, purpose, seal, store};
use crate::error::{Error, FieldError, Result};

/// Most contact points that one customer has.
pub(super) const MOST: usize = 20;

/// Adds a contact point; gives its id.
///
/// # Errors
/// 422 for a value that is not well formed, 409 for one too many; else as every change of a customer.
pub fn add_contact_point(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    version: i64,
    new: &NewContactPoint,
) -> Result<ContactPointId> {
    let mut row = row(actor, house, id, new, "")?;
    let point_id = row.id;
    edit(conn, actor, id, version, "updated", move |conn, whole| {
        if whole.contact_points.len() >= MOST {
            return Err(Error::conflict("", "too_many_contact_points"));
        }
        let first = !whole.contact_points.iter().any(|point| point.kind == row.kind);
        row.is_primary |= first;
        if row.is_primary {
            store::demote_others(conn, id, &row.kind, row.id)?;
        }
        store::insert_contact_point(conn, &row)?;
        whole.row.customer.phone_masked = primary_phone(&store::contact_points(conn, id)?);
        Ok(())
    })?;
    Ok(point_id)
}

/// Changes a contact point. A new value is no longer verified unless the patch says so.
///
/// # Errors
/// 404 for one that the customer does not have; 422 for a value that is not well formed; else as every change of a customer.
pub fn change_contact_point(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, point_id): (CustomerId, ContactPointId),
    version: i64,
    patch: &ContactPointPatch,
) -> Result<()> {
    edit(conn, actor, id, version, "updated", |conn, whole| {
        let before = found(whole.contact_points.iter().find(|point| point.id == point_id))?;
        let mut row = before.clone();
        if let Some(value) = &patch.value {
            let kind = ContactPointKind::from_code(&row.kind)
                .ok_or_else(|| Error::internal("a kind that is none"))?;
            let normalised = checked(kind, value, "/value")?;
            if open(house.keys, &row.cipher, &contact_context(&row.id))? != normalised.value {
                fill(house, &mut row, &normalised)?;
            }
            row.verified = false;
        }
        row.usage = patch.r#use.map_or(row.usage, |usage| usage.as_str().to_owned());
        row.verified = patch.verified.unwrap_or(row.verified);
        row.is_primary = patch.primary.unwrap_or(row.is_primary);
        let of =
            |row: &ContactPointRow| (row.cipher.clone(), row.usage.clone(), row.verified, row.is_primary);
        if of(&row) == of(before) {
            return Ok(());
        }
        row.updated_at = actor.now();
        if row.is_primary {
            store::demote_others(conn, id, &row.kind, row.id)?;
        }
        store::update_contact_point(conn, &row)?;
        whole.row.customer.phone_masked = primary_phone(&store::contact_points(conn, id)?);
        Ok(())
    })
}

/// Removes a contact point.
///
/// # Errors
/// 404 for one that the customer does not have; else as every change of a customer.
pub fn remove_contact_point(
    conn: &mut DbConn,
    actor: &Actor,
    (id, point_id): (CustomerId, ContactPointId),
    version: i64,
) -> Result<()> {
    edit(conn, actor, id, version, "updated", |conn, whole| {
        found(whole.contact_points.iter().find(|point| point.id == point_id))?;
        store::delete_contact_point(conn, point_id)?;
        whole.row.customer.phone_masked = primary_phone(&store::contact_points(conn, id)?);
        Ok(())
    })
}

fn found<T>(point: Option<T>) -> Result<T> {
    point.ok_or_else(Error::not_found)
}

/// The contact points of a new customer. The first of each kind is the first choice unless another one is.
///
/// # Errors
/// 422 with every value that is not well formed.
pub(super) fn new_rows(
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    new: &[NewContactPoint],
) -> Result<Vec<ContactPointRow>> {
    let mut wrong = Vec::new();
    let mut rows: Vec<ContactPointRow> = Vec::with_capacity(new.len());
    for (n, point) in new.iter().enumerate() {
        match row(actor, house, id, point, &format!("/contact_points/{n}")) {
            Ok(mut row) => {
                row.is_primary &= !rows.iter().any(|other| other.kind == row.kind && other.is_primary);
                rows.push(row);
            }
            Err(error) => wrong.extend(error.fields),
        }
    }
    if !wrong.is_empty() {
        return Err(Error::fields(wrong));
    }
    for kind in ContactPointKind::CODES {
        if !rows.iter().any(|row| row.kind == *kind && row.is_primary)
            && let Some(first) = rows.iter_mut().find(|row| row.kind == *kind)
        {
            first.is_primary = true;
        }
    }
    Ok(rows)
}

/// The primary phone as lists show it.
pub(super) fn primary_phone(points: &[ContactPointRow]) -> Option<String> {
    let mut phones = points.iter().filter(|point| point.kind == ContactPointKind::Phone.as_str());
    let first = phones.clone().next();
    phones.find(|point| point.is_primary).or(first).map(|point| point.masked.clone())
}

fn checked(kind: ContactPointKind, value: &str, pointer: &str) -> Result<Normalised> {
    contact::check(kind, value).map_err(|broken| Error::fields(vec![FieldError::broken(pointer, broken)]))
}

fn row(
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    new: &NewContactPoint,
    pointer: &str,
) -> Result<ContactPointRow> {
    let normalised = checked(new.kind, &new.value, &format!("{pointer}/value"))?;
    let mut row = ContactPointRow {
        id: actor.new_id(),
        customer_id: id,
        kind: new.kind.as_str().to_owned(),
        usage: new.r#use.as_str().to_owned(),
        is_primary: new.primary,
        verified: new.verified,
        source: ValueSource::Staff.as_str().to_owned(),
        cipher: Vec::new(),
        masked: String::new(),
        value_hash: Vec::new(),
        tail_hash: None,
        created_at: actor.now(),
        updated_at: actor.now(),
    };
    fill(house, &mut row, &normalised)?;
    Ok(row)
}

fn fill(house: House<'_>, row: &mut ContactPointRow, normalised: &Normalised) -> Result<()> {
    let hash = |purpose: &str, value: &str| house.keys.keyed_hash(purpose, value).to_vec();
    row.cipher = seal(house.keys, &normalised.value, &contact_context(&row.id))?;
    row.masked.clone_from(&normalised.masked);
    row.value_hash = hash(purpose::CONTACT, &normalised.match_key);
    row.tail_hash = normalised.tail.as_ref().map(|tail| hash(purpose::PHONE_TAIL, tail));
    Ok(())
}
