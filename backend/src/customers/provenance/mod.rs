//! Whose word the fields of a customer are, which of them were checked, and what happens when another system says something else.
//!
//! [`Sources`] stands with the facts themselves, in `details`. A field that somebody has verified is no longer changed by other systems:
//! what they offer opens a conflict, which is resolved by taking either value.

mod conflicts;
pub(super) mod routes;
mod store;
#[cfg(test)]
mod tests;

pub use conflicts::{
    CONFLICTS, ConflictBefore, FieldConflictMark, OpenedConflict, conflict, conflicts, resolve,
    withdraw_conflict,
};
pub(super) use conflicts::{Offer, offer, would_open};

use std::collections::BTreeMap;

use chrono::Datelike as _;
use guanxi_api::{
    AuditEntry, CustomerProfile, CustomerStatus, FieldSource, FieldSources, Instant, Page, ProvidedBy,
    UserRef, ValueSource,
};
use guanxi_db::{DbConn, Moment};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::access::{Actor, MaskProfile, Scope, UserId};
use crate::audit;
use crate::customers::change::edit;
use crate::customers::store::CustomerRow;
use crate::customers::view::{self, Whole};
use crate::customers::{CustomerId, House, profile};
use crate::error::{Error, Result};
use crate::listing::ListRequest;

/// Under which name the sources stand among the details of a customer.
pub(super) const MEMBER: &str = "field_sources";

/// On whose word something is written.
#[derive(Clone, Debug)]
pub(super) struct Word {
    source: ValueSource,
    system: Option<String>,
    by: Option<Uuid>,
    at: Moment,
    verified: bool,
}

impl Word {
    /// That of the colleague who acts, or of the customer to that colleague.
    pub(super) fn of_actor(actor: &Actor, provided_by: Option<ProvidedBy>, verified: bool) -> Self {
        let source = match provided_by {
            Some(ProvidedBy::Customer) => ValueSource::Customer,
            Some(ProvidedBy::Staff) | None => ValueSource::Staff,
        };
        Word { source, system: None, by: actor.user_id().map(|id| id.uuid()), at: actor.now(), verified }
    }

    /// That of another system.
    pub(super) fn of_system(actor: &Actor, system: &str) -> Self {
        let source = if system.starts_with("core") {
            ValueSource::CoreSystem
        } else if system.starts_with("erp") {
            ValueSource::Erp
        } else {
            ValueSource::Import
        };
        Word { source, system: Some(system.to_owned()), by: None, at: actor.now(), verified: false }
    }
}

/// Where the fields of a customer come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sources {
    /// Whose word everything is of which nothing else is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<String, Said>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Origin {
    source: ValueSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<Uuid>,
}

/// Whose word a value is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Said {
    source: ValueSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<Uuid>,
    /// Microseconds.
    at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verified: Option<Verified>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Verified {
    at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<Uuid>,
}

impl Sources {
    /// Those of a new customer, all of it on one word.
    pub(super) fn new(word: &Word) -> Self {
        let known = word.source != ValueSource::Staff || word.by.is_some();
        Sources { origin: known.then(|| Origin::of(word)), fields: BTreeMap::new() }
    }

    /// Those that stand in a row.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn of(row: &CustomerRow) -> Result<Self> {
        match row.details.0.get(MEMBER) {
            None => Ok(Sources::default()),
            Some(value) => Sources::deserialize(value).map_err(Error::internal),
        }
    }

    /// As it stands in a row; none when there is nothing to say.
    pub(super) fn document(&self) -> Result<Option<Value>> {
        if *self == Sources::default() {
            return Ok(None);
        }
        serde_json::to_value(self).map(Some).map_err(Error::internal)
    }

    /// Notes whose word these fields are from now on. What was verified of another value is so no longer.
    pub(super) fn note<'a>(&mut self, fields: impl IntoIterator<Item = &'a str>, word: &Word) {
        for field in fields {
            let verified = word.verified.then_some(Verified { at: word.at.0, by: word.by });
            let said = Said::of(Origin::of(word), word.at.0, verified);
            self.fields.insert(field.to_owned(), said);
        }
    }

    pub(super) fn is_verified(&self, field: &str) -> bool {
        self.fields.get(field).is_some_and(|said| said.verified.is_some())
    }

    pub(super) fn has_verified(&self) -> bool {
        self.fields.values().any(|said| said.verified.is_some())
    }

    /// The names of what was verified, in order.
    pub(super) fn verified(&self) -> Vec<&str> {
        self.fields
            .iter()
            .filter(|(_, said)| said.verified.is_some())
            .map(|(field, _)| field.as_str())
            .collect()
    }

    /// What stands of a field; none where it came with everything else.
    pub(super) fn kept(&self, field: &str) -> Option<Said> {
        self.fields.get(field).cloned()
    }

    /// Sets what stands of a field.
    pub(super) fn put(&mut self, field: &str, said: Option<Said>) {
        match said {
            Some(said) => self.fields.insert(field.to_owned(), said),
            None => self.fields.remove(field),
        };
    }

    pub(super) fn said(&self, field: &str, created_at: Moment) -> Said {
        self.fields.get(field).cloned().unwrap_or_else(|| {
            let unknown = Origin { source: ValueSource::Staff, system: None, by: None };
            Said::of(self.origin.clone().unwrap_or(unknown), created_at.0, None)
        })
    }
}

impl Said {
    fn of(Origin { source, system, by }: Origin, at: i64, verified: Option<Verified>) -> Self {
        Said { source, system, by, at, verified }
    }

    pub(super) fn is_verified(&self) -> bool {
        self.verified.is_some()
    }

    pub(super) fn said_after(&self, other: &Said) -> bool {
        self.at > other.at
    }
}

impl Origin {
    fn of(word: &Word) -> Self {
        Origin { source: word.source, system: word.system.clone(), by: word.by }
    }
}

/// What another system says of a customer, with the fields that were verified as they are; gives what it says of those.
///
/// # Errors
/// When the profile cannot be read as JSON.
pub(super) fn keep_verified(
    before: &CustomerProfile,
    offered: &mut CustomerProfile,
    sources: &Sources,
) -> Result<Vec<(&'static str, Value)>> {
    if !sources.has_verified() {
        return Ok(Vec::new());
    }
    let differ = before.differences(offered);
    let mut kept: Vec<&'static str> =
        differ.iter().copied().filter(|field| sources.is_verified(field)).collect();
    // A day of another year would change the year with it.
    if kept.contains(&"birth_year") && differ.contains(&"birth_date") && !kept.contains(&"birth_date") {
        kept.push("birth_date");
    }
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    let before = serde_json::to_value(before).map_err(Error::internal)?;
    let mut document = serde_json::to_value(&*offered).map_err(Error::internal)?;
    let mut offers = Vec::with_capacity(kept.len());
    for field in kept {
        let mine = before.get(field).cloned().unwrap_or_default();
        offers.push((field, std::mem::replace(&mut document[field], mine)));
    }
    *offered = serde_json::from_value(document).map_err(Error::internal)?;
    // The year is that of the day that stays.
    if let Some(born) = offered.birth_date {
        offered.birth_year = Some(born.year());
    }
    Ok(offers)
}

/// Sets the status that another system tells of, unless it was verified: then it stays, and what is told is given to be offered.
pub(super) fn keep_status(
    row: &mut CustomerRow,
    told: CustomerStatus,
    sources: &Sources,
) -> Option<(&'static str, Value)> {
    if row.status == told.as_str() {
        return None;
    }
    if sources.is_verified("status") {
        return Some(("status", Value::from(told.as_str())));
    }
    told.as_str().clone_into(&mut row.status);
    None
}

/// The fields whose source is kept: the profile's, the status and the identity document.
fn is_field(name: &str) -> bool {
    matches!(name, "status" | "identity") || CustomerProfile::FIELDS.contains(&name)
}

/// The value of a field; null for none.
pub(super) fn value_of(whole: &Whole, field: &str) -> Result<Value> {
    let row = &whole.row.customer;
    Ok(match field {
        "status" => Value::from(row.status.as_str()),
        "identity" => whole.identity.as_ref().map_or(Value::Null, |document| document.masked.clone().into()),
        _ => {
            let document = serde_json::to_value(profile::load(row)?).map_err(Error::internal)?;
            document.get(field).cloned().unwrap_or_default()
        }
    })
}

/// Whether a value says nothing.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => {
            members.values().all(|value| is_nothing(value) || *value == Value::Bool(false))
        }
        _ => false,
    }
}

/// Where the values of a customer come from, without the fields that the actor sees masked.
///
/// # Errors
/// 404 for a customer that the actor does not see.
pub fn field_sources(conn: &mut DbConn, actor: &Actor, id: CustomerId) -> Result<FieldSources> {
    let whole = view::whole(conn, &Scope::of(actor), id)?;
    let sources = Sources::of(&whole.row.customer)?;
    let created_at = whole.row.customer.created_at;
    // What is hidden and empty looks like what is hidden and filled.
    let restricted = actor.mask_profile() == MaskProfile::Restricted;
    let shown = profile::load(&whole.row.customer)?;
    let document = serde_json::to_value(shown).map_err(Error::internal)?;
    let names = CustomerProfile::FIELDS.iter().copied().chain(["status", "identity"]);
    let told: Vec<(&str, Said)> = names
        .filter(|field| !restricted || !view::is_masked(field))
        .filter(|field| {
            let filled = match *field {
                "status" => true,
                "identity" => whole.identity.is_some(),
                _ => document.get(*field).is_some_and(|value| !is_nothing(value)),
            };
            filled || sources.fields.contains_key(*field)
        })
        .map(|field| (field, sources.said(field, created_at)))
        .collect();
    let ids = told.iter().flat_map(|(_, said)| {
        [said.by, said.verified.as_ref().and_then(|verified| verified.by)].into_iter().flatten()
    });
    let names = store::names(conn, ids.map(UserId::new).collect())?;
    let user = |id: Option<Uuid>| {
        let id = id?;
        let display_name = names.get(&UserId::new(id)).cloned().unwrap_or_default();
        Some(UserRef { id, display_name })
    };
    let instant = |micros: i64| Instant(Moment(micros).to_utc());
    let fields = told.into_iter().map(|(field, said)| FieldSource {
        field: field.to_owned(),
        source: said.source,
        system: said.system,
        set_at: instant(said.at),
        set_by: user(said.by),
        verified_at: said.verified.as_ref().map(|verified| instant(verified.at)),
        verified_by: user(said.verified.and_then(|verified| verified.by)),
    });
    Ok(FieldSources { fields: fields.collect() })
}

/// Notes that a field was checked with the customer or against a document, or that this no longer holds.
///
/// # Errors
/// 404 for a field that there is none of; 409 for one without a value; else as every change of a customer.
pub fn set_verified(
    conn: &mut DbConn,
    actor: &Actor,
    (id, field): (CustomerId, &str),
    version: i64,
    verified: bool,
) -> Result<()> {
    if !is_field(field) {
        return Err(Error::not_found());
    }
    edit(conn, actor, id, version, "updated", |_, whole| {
        if verified && is_nothing(&value_of(whole, field)?) {
            return Err(Error::conflict("", "nothing_to_verify"));
        }
        let row = &mut whole.row.customer;
        let mut sources = Sources::of(row)?;
        let mut said = sources.said(field, row.created_at);
        // Who has checked a field first stays its witness.
        let by = actor.user_id().map(|id| id.uuid());
        said.verified = verified.then(|| said.verified.take().unwrap_or(Verified { at: actor.now().0, by }));
        sources.fields.insert(field.to_owned(), said);
        profile::store_sources(&sources, row)
    })
}

/// The history of one field of a customer, newest first.
///
/// # Errors
/// 404 for a customer that the actor does not see, and for a field that there is none of; else as every list.
pub fn field_history(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, field): (CustomerId, &str),
    request: &ListRequest,
) -> Result<Page<AuditEntry>> {
    if !is_field(field) {
        return Err(Error::not_found());
    }
    view::visible(conn, actor, id)?;
    audit::history_of_field(conn, actor, house.keys, ("customer", id.uuid()), field, request)
}
