mod store;

use std::collections::BTreeMap;

use guanxi_api::{
    Amount, AuditEntry, ContactPoint, ContactPointKind, ContactPointUse, Customer, CustomerFigures,
    CustomerKind, CustomerProfile, CustomerStatus, ExternalId, FieldChange, IdentityDocument, IdentityKind,
    Instant, LocalName, Money, Page, TeamMember, TeamRole, Tier, UnitRef, UserRef, ValueSource,
};
use guanxi_db::{DbConn, Id};
use serde_json::{Value, json};

use crate::access::{Actor, MaskProfile, Scope};
use crate::audit;
use crate::customers::provenance::Sources;
use crate::customers::store::{self as rows, ContactPointRow, ValueRow, WatchedRow, WholeRow};
use crate::customers::{
    ContactPointId, CustomerId, House, completeness, contacted, grading, known, merge, profile, tiers,
};
use crate::error::{Code, Error, Result};
use crate::listing::ListRequest;

/// A customer with everything that belongs to it, as the database has it.
pub(super) struct Whole {
    pub(super) row: WholeRow,
    pub(super) identity: Option<rows::IdentityRow>,
    pub(super) contact_points: Vec<ContactPointRow>,
    pub(super) external_ids: Vec<rows::ExternalIdRow>,
    pub(super) team: Vec<(Id<crate::access::UserMark>, String, String)>,
}

/// Reads a customer that the scope has.
///
/// # Errors
/// 404 for any other.
pub(super) fn whole(conn: &mut DbConn, scope: &Scope, id: CustomerId) -> Result<Whole> {
    let row = rows::find(conn, scope, id)?;
    let store::Parts { identity, contact_points, external_ids, team } = store::parts(conn, id)?;
    Ok(Whole { row, identity, contact_points, external_ids, team })
}

/// Reads a customer that the actor looks after.
///
/// # Errors
/// As [`changeable`].
pub(super) fn whole_to_change(conn: &mut DbConn, actor: &Actor, id: CustomerId) -> Result<Whole> {
    match whole(conn, &Scope::to_change(actor), id) {
        Err(error) if error.code == Code::NotFound => Err(changeable(conn, actor, id).err().unwrap_or(error)),
        found => found,
    }
}

/// A customer, masked for the actor.
///
/// # Errors
/// 404 for one that the actor does not see.
pub fn read(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: CustomerId) -> Result<Customer> {
    let whole = whole(conn, &Scope::of(actor), id)?;
    let mut customer = render(actor, house, whole)?;
    if customer.archived_at.is_some() {
        customer.merged_into = merge::merged_into(conn, id)?.map(Id::uuid);
    }
    Ok(customer)
}

/// That the actor sees a customer: for rooms that keep something of customers.
///
/// # Errors
/// 404 for one that the actor does not see.
pub fn visible(conn: &mut DbConn, actor: &Actor, id: CustomerId) -> Result<()> {
    rows::named(conn, &Scope::of(actor), id)?.map(drop).ok_or_else(Error::not_found)
}

/// That the actor looks after a customer and so may change what is kept of it.
///
/// # Errors
/// 404 for one that the actor does not see, 403 for one that was handed over and is only seen for a while.
pub fn changeable(conn: &mut DbConn, actor: &Actor, id: CustomerId) -> Result<()> {
    match rows::named(conn, &Scope::to_change(actor), id)? {
        Some(_) => Ok(()),
        None => visible(conn, actor, id).and(Err(Error::forbidden())),
    }
}

/// Whether the actor looks after any of these customers.
///
/// # Errors
/// When the database fails.
pub fn some_changeable(conn: &mut DbConn, actor: &Actor, ids: &[CustomerId]) -> Result<bool> {
    Ok(!rows::seen_among(conn, &Scope::to_change(actor), ids)?.is_empty())
}

/// Those of these customers that the actor looks after.
///
/// # Errors
/// When the database fails.
pub fn changeable_among(
    conn: &mut DbConn,
    actor: &Actor,
    ids: &[CustomerId],
) -> Result<std::collections::HashSet<CustomerId>> {
    rows::seen_among(conn, &Scope::to_change(actor), ids)
}

/// The history of a customer, newest first.
///
/// # Errors
/// 404 for one that the actor does not see; else as every list.
pub fn history(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: CustomerId,
    request: &ListRequest,
) -> Result<Page<AuditEntry>> {
    rows::find(conn, &Scope::of(actor), id)?;
    audit::history(conn, actor, house.keys, ("customer", id.uuid()), request)
}

pub(super) fn render(actor: &Actor, house: House<'_>, whole: Whole) -> Result<Customer> {
    let missing = completeness::missing_of(&whole)?;
    let WholeRow { customer: row, figures, unit_zh, unit_en, owner_name } = whole.row;
    let mut profile = profile::load(&row)?;
    let mut masked: Vec<String> = Vec::new();
    if whole.identity.is_some() {
        masked.push("identity.number".into());
    }
    if !whole.contact_points.is_empty() {
        masked.push("contact_points.value".into());
    }
    let restricted = actor.mask_profile() == MaskProfile::Restricted;
    if restricted {
        mask_profile(&mut profile, &mut masked);
        masked.extend(
            ["tier", "aum", "average_aum", "standing", "value", "coverage"]
                .map(|name| format!("figures.{name}")),
        );
        masked.push("completeness.data_gap".into());
    }
    let verified = Sources::of(&row)?
        .verified()
        .into_iter()
        .filter(|field| !restricted || !is_masked(field))
        .map(str::to_owned)
        .collect();
    let instant = |at: guanxi_db::Moment| Instant(at.to_utc());
    let money = |amount| Money { amount: Amount(amount), currency: house.settings.base_currency.clone() };
    let tier = known(Tier::from_code(&figures.tier))?;
    let completeness = completeness::told(missing, (!restricted).then(|| missing.is_gap(tier)));
    Ok(Customer {
        id: row.id.uuid(),
        kind: known(CustomerKind::from_code(&row.kind))?,
        status: known(CustomerStatus::from_code(&row.status))?,
        org_unit: UnitRef { id: row.org_unit_id.uuid(), name: LocalName { zh_cn: unit_zh, en: unit_en } },
        owner: row.owner_id.map(|id| UserRef { id: id.uuid(), display_name: owner_name.unwrap_or_default() }),
        team: whole
            .team
            .into_iter()
            .map(|(id, display_name, role)| {
                let role = known(TeamRole::from_code(&role))?;
                Ok(TeamMember { user: UserRef { id: id.uuid(), display_name }, role })
            })
            .collect::<Result<_>>()?,
        profile,
        verified,
        identity: whole
            .identity
            .map(|identity| {
                let kind = known(IdentityKind::from_code(&identity.kind))?;
                Ok::<_, Error>(IdentityDocument { kind, number: identity.masked })
            })
            .transpose()?,
        contact_points: whole.contact_points.into_iter().map(contact_point).collect::<Result<_>>()?,
        external_ids: whole
            .external_ids
            .into_iter()
            .map(|external| ExternalId { source: external.source, id: external.value })
            .collect(),
        figures: CustomerFigures {
            tier: (!restricted).then_some(tier),
            aum: (!restricted).then(|| money(figures.aum)),
            average_aum: (!restricted).then(|| money(figures.average_aum)),
            standing: if restricted { None } else { tiers::standing(house, tier, &WatchedRow::of(&figures)) },
            value: if restricted { None } else { grading::value(house, &ValueRow::of(&figures)) },
            coverage: (!restricted).then(|| u32::try_from(figures.coverage).unwrap_or_default()),
            as_of: instant(figures.as_of),
            last_contacted_at: contacted::shown(figures.last_contacted_at),
        },
        completeness: Some(completeness),
        archived_at: row.archived_at.map(instant),
        merged_into: None,
        version: row.version,
        created_at: instant(row.created_at),
        updated_at: instant(row.updated_at),
        customer_no: row.customer_no,
        masked,
    })
}

fn contact_point(row: ContactPointRow) -> Result<ContactPoint> {
    Ok(ContactPoint {
        id: row.id.uuid(),
        kind: known(ContactPointKind::from_code(&row.kind))?,
        value: row.masked,
        r#use: known(ContactPointUse::from_code(&row.usage))?,
        primary: row.is_primary,
        verified: row.verified,
        source: known(ValueSource::from_code(&row.source))?,
        updated_at: Instant(row.updated_at.to_utc()),
    })
}

/// A member of the profile that only those see who look after customers, and what takes it out and says whether it had a value.
type Masked = (&'static str, fn(&mut CustomerProfile) -> bool);

const MASKED: [Masked; 10] = [
    ("birth_date", |profile| profile.birth_date.take().is_some()),
    ("birth_year", |profile| profile.birth_year.take().is_some()),
    ("income_band", |profile| profile.income_band.take().is_some()),
    ("notes", |profile| profile.notes.take().is_some()),
    ("character", |profile| profile.character.take().is_some()),
    ("dislikes", |profile| profile.dislikes.take().is_some()),
    ("outside_assets", |profile| !std::mem::take(&mut profile.outside_assets).is_empty()),
    ("goals", |profile| !std::mem::take(&mut profile.goals).is_empty()),
    ("needs", |profile| !std::mem::take(&mut profile.needs).is_empty()),
    ("risks", |profile| !std::mem::take(&mut profile.risks).is_empty()),
];

/// Whether only those see a member of the profile who look after customers.
pub(super) fn is_masked(member: &str) -> bool {
    MASKED.iter().any(|(name, _)| *name == member)
}

/// Takes those members out; names the ones that had a value.
fn mask_profile(profile: &mut CustomerProfile, masked: &mut Vec<String>) {
    let had = MASKED.iter().filter(|(_, take)| take(profile));
    masked.extend(had.map(|(name, _)| (*name).to_owned()));
}

/// The values that nobody sees in clear: two of them may look alike masked, and a change of one is a change all the same.
pub(super) struct Sealed {
    identity: Option<Vec<u8>>,
    contact_points: BTreeMap<ContactPointId, Vec<u8>>,
}

impl Sealed {
    pub(super) fn of(whole: &Whole) -> Self {
        let points = whole.contact_points.iter().map(|point| (point.id, point.cipher.clone()));
        Sealed {
            identity: whole.identity.as_ref().map(|document| document.value_hash.clone()),
            contact_points: points.collect(),
        }
    }

    /// Adds what has changed of them since and looks as it did.
    pub(super) fn add_changes(
        &self,
        after: &Whole,
        (before, shown): (&Value, &Value),
        changes: &mut Vec<FieldChange>,
    ) {
        let now = Sealed::of(after);
        for (field, same) in [
            ("identity", self.identity == now.identity),
            ("contact_points", self.contact_points == now.contact_points),
        ] {
            if same || changes.iter().any(|change| change.field == field) {
                continue;
            }
            let (before, after) = (before.get(field).cloned(), shown.get(field).cloned());
            changes.push(FieldChange { field: field.into(), before, after });
        }
    }
}

/// What the audit trail compares before and after a change: everything that can change, sensitive values masked.
pub(super) fn audited(whole: &Whole) -> Result<Value> {
    let row = &whole.row.customer;
    let mut members = serde_json::to_value(profile::load(row)?).map_err(Error::internal)?;
    let points: Vec<Value> = whole
        .contact_points
        .iter()
        .map(|point| {
            json!({
                "kind": point.kind, "value": point.masked, "use": point.usage,
                "primary": point.is_primary, "verified": point.verified,
            })
        })
        .collect();
    let external: Vec<Value> =
        whole.external_ids.iter().map(|item| json!({"source": item.source, "id": item.value})).collect();
    let team: Vec<Value> = whole
        .team
        .iter()
        .map(|(id, name, role)| json!({"id": id.uuid(), "name": name, "role": role}))
        .collect();
    if let Some(members) = members.as_object_mut() {
        let list = |items: Vec<Value>| if items.is_empty() { Value::Null } else { Value::Array(items) };
        members.insert("status".into(), json!(row.status));
        members.insert("archived".into(), if row.archived { json!(true) } else { Value::Null });
        members.insert("org_unit_id".into(), json!(row.org_unit_id.uuid()));
        members.insert(
            "owner".into(),
            match row.owner_id {
                Some(id) => json!({"id": id.uuid(), "name": whole.row.owner_name}),
                None => Value::Null,
            },
        );
        members.insert(
            "identity".into(),
            whole
                .identity
                .as_ref()
                .map_or(Value::Null, |document| json!({"kind": document.kind, "number": document.masked})),
        );
        members.insert("contact_points".into(), list(points));
        members.insert("external_ids".into(), list(external));
        members.insert("team".into(), list(team));
        let sources = Sources::of(row)?;
        members.insert("verified".into(), list(sources.verified().into_iter().map(Value::from).collect()));
        members.retain(|_, value| !value.as_array().is_some_and(Vec::is_empty));
        // The default of do-not-disturb says nothing.
        if members.get("do_not_contact") == Some(&json!({"all": false, "channels": [], "hours": null})) {
            members.remove("do_not_contact");
        }
    }
    Ok(members)
}
