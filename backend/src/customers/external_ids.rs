use guanxi_api::{ExternalId, NewCustomer};
use guanxi_db::{DbConn, DbError};

use crate::access::Actor;
use crate::customers::change::{edit, stale, write_profile};
use crate::customers::provenance::{self, Offer, Sources, Word, keep_status, keep_verified};
use crate::customers::store::ExternalIdRow;
use crate::customers::{CustomerId, House, create, profile, store, view};
use crate::error::{Error, FieldError, Result};
use crate::text;

/// Checks the external ids of a new customer.
///
/// # Errors
/// 422 with every one that is not a line of text, or whose system was named before.
pub(super) fn check(ids: &[ExternalId]) -> Result<()> {
    let mut wrong = Vec::new();
    for (n, external) in ids.iter().enumerate() {
        if let Err(broken) = text::line(&external.id, 100) {
            wrong.push(FieldError::broken(format!("/external_ids/{n}/id"), broken));
        }
        if ids.iter().take(n).any(|other| other.source == external.source) {
            wrong.push(FieldError::new(format!("/external_ids/{n}/source"), "duplicate"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::fields(wrong)) }
}

/// A key in another system as it is kept and looked for.
///
/// # Errors
/// 422 at `at` for what is no line of text.
pub(super) fn key(id: &str, at: &'static str) -> Result<String> {
    text::line(id, 100).map_err(|broken| Error::fields(vec![FieldError::broken(at, broken)]))
}

/// Gives a customer its key in another system, in place of the one it had.
///
/// # Errors
/// 409 when another customer has it; else as every change of a customer.
pub fn set_external_id(
    conn: &mut DbConn,
    actor: &Actor,
    id: CustomerId,
    version: i64,
    external: &ExternalId,
) -> Result<()> {
    crate::web::check_rules(external)?;
    let value = key(&external.id, "/id")?;
    edit(conn, actor, id, version, "updated", |conn, _| {
        store::delete_external_id(conn, id, &external.source)?;
        let row =
            ExternalIdRow { source: external.source.clone(), value, customer_id: id, source_version: None };
        store::insert_external_ids(conn, &[row]).map_err(|error| match error {
            DbError::Unique => Error::conflict("/id", "taken"),
            other => other.into(),
        })
    })
}

/// Takes from a customer its key in another system.
///
/// # Errors
/// 404 when it has none there; else as every change of a customer.
pub fn remove_external_id(
    conn: &mut DbConn,
    actor: &Actor,
    id: CustomerId,
    version: i64,
    source: &str,
) -> Result<()> {
    // A system that cannot be named is none that the customer has a key in.
    crate::web::check_rules(&ExternalId { source: source.to_owned(), id: "-".to_owned() })
        .map_err(|_| Error::not_found())?;
    edit(conn, actor, id, version, "updated", |conn, _| {
        if store::delete_external_id(conn, id, source)? { Ok(()) } else { Err(Error::not_found()) }
    })
}

/// What an upsert did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upserted {
    Created(CustomerId),
    /// Updated, or found as it should be.
    Kept(CustomerId),
}

/// Creates the customer with a key of another system, or brings the one that has it to the given profile. Members that are
/// not given are cleared; contact points, identity and placement of an existing customer stay as they are.
///
/// # Errors
/// 404 when the customer with this key is outside the actor's scope; else as creating and changing.
pub fn upsert(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    external: &ExternalId,
    (new, create_only): (&NewCustomer, bool),
) -> Result<Upserted> {
    crate::web::check_rules(external)?;
    let external = &ExternalId { id: key(&external.id, "/id")?, ..external.clone() };
    let Some(id) = store::by_external_id(conn, &external.source, &external.id)? else {
        let mut new = new.clone();
        new.external_ids.retain(|other| other.source != external.source);
        new.external_ids.push(external.clone());
        let whole =
            create::create_whole(conn, actor, house, &new, &Word::of_system(actor, &external.source))?;
        return Ok(Upserted::Created(whole.row.customer.id));
    };
    let today = house.settings.day(actor.now());
    store::lock(conn, id)?;
    let whole = view::whole(conn, &crate::access::Scope::of(actor), id)?;
    if create_only {
        return Err(stale(actor, whole.row.customer.version));
    }
    if whole.row.customer.kind != new.kind.as_str() {
        return Err(Error::conflict("/kind", "kind_differs"));
    }
    edit(conn, actor, id, whole.row.customer.version, "updated", |conn, whole| {
        let row = &mut whole.row.customer;
        let before = profile::load(row)?;
        let mut profile = new.profile();
        profile::clean(new.kind, &mut profile, today)?;
        // What a number tells of a person is part of what the other system says, as it was when it created the customer.
        if let Some(document) = &new.identity {
            profile::check_identity(new.kind, document, &mut profile, today)?;
        }
        let mut sources = Sources::of(row)?;
        let mut values = keep_verified(&before, &mut profile, &sources)?;
        let mut changed = before.differences(&profile);
        let status = row.status.clone();
        values.extend(keep_status(row, new.status, &sources));
        if row.status != status {
            changed.push("status");
        }
        sources.note(changed, &Word::of_system(actor, &external.source));
        if !values.is_empty() {
            provenance::offer(conn, actor, &[Offer { customer_id: id, system: &external.source, values }])?;
        }
        write_profile(conn, new.kind, &profile, &sources, row)
    })?;
    Ok(Upserted::Kept(id))
}
