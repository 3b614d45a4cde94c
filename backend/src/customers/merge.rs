//! What two customers who are one have in their profiles: what one takes over from the other, and how it is given back.

use std::collections::BTreeMap;

use guanxi_api::{CustomerKind, CustomerProfile, MergeField, MergeSide};
use guanxi_db::{DbConn, Id};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::access::{Actor, UserId};
use crate::customers::change::{edit, set_archived, write_profile};
use crate::customers::contact_points::{MOST, primary_phone};
use crate::customers::provenance::{self, Said, Sources};
use crate::customers::store::{ContactPointRow, IdentityRow, TeamRow};
use crate::customers::view::{self, Whole};
use crate::customers::{CustomerId, House, identity_context, known, open, profile, seal, store};
use crate::error::{Error, FieldError, Result, Wrong};

/// The field whose value stands in a row of its own.
const IDENTITY: &str = "identity";

/// What a customer took over from another one, with what it had before.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TakenOver {
    fields: BTreeMap<String, TakenField>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity: Option<TakenIdentity>,
    /// Contact points that went over, and whether they were the first choice.
    #[serde(skip)]
    pub contact_points: Vec<(Uuid, bool)>,
    /// Users of the team who went over.
    #[serde(skip)]
    pub team: Vec<Uuid>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct TakenField {
    before: Value,
    after: Value,
    /// Whose word the value before was.
    said: Option<Said>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct TakenIdentity {
    /// Sealed as it stood.
    before: Option<KeptIdentity>,
    said: Option<Said>,
    taken_hash: Vec<u8>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct KeptIdentity {
    kind: String,
    cipher: Vec<u8>,
    masked: String,
    value_hash: Vec<u8>,
}

/// Both customers, the one that stays first: of one kind, and in the lists.
fn both(conn: &mut DbConn, actor: &Actor, ids: (CustomerId, CustomerId)) -> Result<(Whole, Whole)> {
    let survivor = view::whole_to_change(conn, actor, ids.0)?;
    let other = view::whole_to_change(conn, actor, ids.1)?;
    if ids.0 == ids.1 {
        return Err(Error::conflict("/other_id", "same_customer"));
    }
    if survivor.row.customer.kind != other.row.customer.kind {
        return Err(Error::conflict("/other_id", "other_kind"));
    }
    if survivor.row.customer.archived || other.row.customer.archived {
        return Err(Error::conflict("/other_id", "already_archived"));
    }
    Ok((survivor, other))
}

/// In what two customers differ.
#[derive(Clone, Debug)]
pub struct Differences {
    pub fields: Vec<MergeField>,
    /// Of both.
    pub versions: (i64, i64),
    /// How many contact points would go over.
    pub contact_points: usize,
    /// How many members of the team would.
    pub team: usize,
}

/// In what two customers differ, with what is suggested: the value that somebody has verified, the only one that there is, or what was said last.
///
/// # Errors
/// 404 for a customer that the actor does not see, 403 for one that it does not look after; 409 for two of different kinds, one that is archived, and
/// one and the same.
pub fn differences(conn: &mut DbConn, actor: &Actor, ids: (CustomerId, CustomerId)) -> Result<Differences> {
    let (survivor, other) = both(conn, actor, ids)?;
    let (mine, theirs) = (Sources::of(&survivor.row.customer)?, Sources::of(&other.row.customer)?);
    let created = (survivor.row.customer.created_at, other.row.customer.created_at);
    // Numbers are shown masked: different ones may look the same.
    let hash = |whole: &Whole| whole.identity.as_ref().map(|row| row.value_hash.clone());
    let mut fields = Vec::new();
    for name in CustomerProfile::FIELDS.iter().copied().chain([IDENTITY]) {
        let (own, its) = (provenance::value_of(&survivor, name)?, provenance::value_of(&other, name)?);
        let differ = if name == IDENTITY { hash(&survivor) != hash(&other) } else { own != its };
        if !differ {
            continue;
        }
        let (said, also) = (mine.said(name, created.0), theirs.said(name, created.1));
        let suggested = match (provenance::is_nothing(&own), provenance::is_nothing(&its)) {
            (true, _) => MergeSide::Other,
            (_, true) => MergeSide::Survivor,
            _ if said.is_verified() && !also.is_verified() => MergeSide::Survivor,
            _ if also.is_verified() && !said.is_verified() => MergeSide::Other,
            _ if also.said_after(&said) => MergeSide::Other,
            _ => MergeSide::Survivor,
        };
        let shown = |value: Value| Some(value).filter(|value| !provenance::is_nothing(value));
        fields.push(MergeField {
            field: name.to_owned(),
            survivor: shown(own),
            other: shown(its),
            suggested,
        });
    }
    Ok(Differences {
        fields,
        versions: (survivor.row.customer.version, other.row.customer.version),
        contact_points: points_to_take(&survivor, &other).len(),
        team: other.team.iter().filter(|member| !is_in(&survivor.team, member)).count(),
    })
}

/// Gives the values of some fields, the contact points and the team of one customer to another one, and takes the first out of the lists.
///
/// # Errors
/// As [`differences`]; 412 when the version of the one that stays is another one, 409 for that of the other one, 422 for fields that are none.
pub fn take_over(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (survivor, version): (CustomerId, i64),
    (other, other_version): (CustomerId, i64),
    take: &[String],
) -> Result<TakenOver> {
    let (_, its) = both(conn, actor, (survivor, other))?;
    if its.row.customer.version != other_version {
        return Err(Error::conflict("/other_version", "changed_since"));
    }
    check_names(take)?;
    let today = house.settings.day(actor.now());
    let mut taken = TakenOver::default();
    edit(conn, actor, survivor, version, "updated", |conn, whole| {
        take_points(conn, whole, &its, &mut taken)?;
        taken.team = move_team(conn, (other, &its.team), (survivor, &whole.team), |_| true)?;
        let row = &mut whole.row.customer;
        let kind = known(CustomerKind::from_code(&row.kind))?;
        let (before, theirs) =
            (document(&profile::load(row)?)?, document(&profile::load(&its.row.customer)?)?);
        let (mut sources, also) = (Sources::of(row)?, Sources::of(&its.row.customer)?);
        let mut after = before.clone();
        for name in take {
            let said = sources.kept(name);
            if name == IDENTITY {
                if let Some(document) = &its.identity {
                    taken.identity = Some(TakenIdentity {
                        before: whole.identity.as_ref().map(KeptIdentity::of),
                        said,
                        taken_hash: document.value_hash.clone(),
                    });
                    let number = open(house.keys, &document.cipher, &identity_context(&other))?;
                    let cipher = seal(house.keys, &number, &identity_context(&survivor))?;
                    let copy = IdentityRow { customer_id: survivor, cipher, ..document.clone() };
                    store::replace_identity(conn, survivor, Some(&copy))?;
                    sources.put(name, Some(also.said(name, its.row.customer.created_at)));
                }
                continue;
            }
            let value = theirs.get(name).cloned().unwrap_or_default();
            after.as_object_mut().map(|after| after.insert(name.clone(), value.clone()));
            let field =
                TakenField { before: before.get(name).cloned().unwrap_or_default(), after: value, said };
            taken.fields.insert(name.clone(), field);
            sources.put(name, Some(also.said(name, its.row.customer.created_at)));
        }
        let mut profile: CustomerProfile = serde_json::from_value(after).map_err(Error::internal)?;
        profile::clean(kind, &mut profile, today)?;
        // What follows from a field that was taken goes back with it: the year of birth with the day.
        let written = document(&profile)?;
        for name in CustomerProfile::FIELDS.iter().copied() {
            let value = |of: &Value| of.get(name).cloned().unwrap_or_default();
            let (was, is) = (value(&before), value(&written));
            if let Some(field) = taken.fields.get_mut(name) {
                field.after = is;
            } else if was != is {
                let field = TakenField { before: was, after: is, said: sources.kept(name) };
                taken.fields.insert(name.to_owned(), field);
                sources.put(name, Some(also.said(name, its.row.customer.created_at)));
            }
        }
        write_profile(conn, kind, &profile, &sources, row)
    })?;
    edit(conn, actor, other, other_version, "merged", |conn, whole| {
        let row = &mut whole.row.customer;
        row.phone_masked = primary_phone(&store::contact_points(conn, other)?);
        set_archived(row, actor)
    })?;
    Ok(taken)
}

/// Every name is a field's, and stands once.
fn check_names(take: &[String]) -> Result<()> {
    let mut wrong = Wrong::default();
    for (n, name) in take.iter().enumerate() {
        let pointer = format!("/take/{n}");
        if name != IDENTITY && !CustomerProfile::FIELDS.contains(&name.as_str()) {
            wrong.add(FieldError::new(pointer, "no_field"));
        } else if take.iter().take(n).any(|other| other == name) {
            wrong.add(FieldError::new(pointer, "duplicate"));
        }
    }
    wrong.unless(Some(()))
}

fn document(profile: &CustomerProfile) -> Result<Value> {
    serde_json::to_value(profile).map_err(Error::internal)
}

fn points_to_take<'a>(whole: &Whole, its: &'a Whole) -> Vec<&'a ContactPointRow> {
    let own = &whole.contact_points;
    let is_new = |point: &&ContactPointRow| {
        !own.iter().any(|mine| mine.kind == point.kind && mine.value_hash == point.value_hash)
    };
    its.contact_points.iter().filter(is_new).take(MOST.saturating_sub(own.len())).collect()
}

/// Contact points go over unless the customer has them already, or has as many as one may have.
fn take_points(conn: &mut DbConn, whole: &mut Whole, its: &Whole, taken: &mut TakenOver) -> Result<()> {
    let survivor = whole.row.customer.id;
    let own = &whole.contact_points;
    for point in points_to_take(whole, its) {
        let first_choice = point.is_primary && !own.iter().any(|mine| mine.kind == point.kind);
        store::move_contact_point(conn, point.id, survivor, first_choice)?;
        taken.contact_points.push((point.id.uuid(), point.is_primary));
    }
    whole.row.customer.phone_masked = primary_phone(&store::contact_points(conn, survivor)?);
    Ok(())
}

/// A member of a team: the user, its name and its role.
type Member = (UserId, String, String);

fn is_in(team: &[Member], member: &Member) -> bool {
    team.iter().any(|(id, ..)| *id == member.0)
}

/// Gives members of one customer's team to another customer, but for those whom that one has itself; gives those who went over.
fn move_team(
    conn: &mut DbConn,
    (from, team): (CustomerId, &[Member]),
    (to, others): (CustomerId, &[Member]),
    goes: impl Fn(UserId) -> bool,
) -> Result<Vec<Uuid>> {
    let (going, staying): (Vec<&Member>, Vec<&Member>) =
        team.iter().partition(|member| goes(member.0) && !is_in(others, member));
    if going.is_empty() {
        return Ok(Vec::new());
    }
    let row = |customer_id: CustomerId, (user_id, _, role): &Member| TeamRow {
        customer_id,
        user_id: *user_id,
        role: role.clone(),
    };
    let left: Vec<TeamRow> = staying.into_iter().map(|member| row(from, member)).collect();
    let grown: Vec<TeamRow> =
        others.iter().chain(going.iter().copied()).map(|member| row(to, member)).collect();
    store::replace_team(conn, from, &left)?;
    store::replace_team(conn, to, &grown)?;
    Ok(going.into_iter().map(|(id, ..)| id.uuid()).collect())
}

/// Gives back what a customer took over, as far as it is still what was taken, and puts the other one back into the lists.
///
/// # Errors
/// 404 and 403 as [`differences`]; when the database fails.
pub fn give_back(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (survivor, other): (CustomerId, CustomerId),
    taken: &TakenOver,
) -> Result<()> {
    let today = house.settings.day(actor.now());
    let before = view::whole_to_change(conn, actor, survivor)?.row.customer.version;
    let its = view::whole_to_change(conn, actor, other)?;
    edit(conn, actor, survivor, before, "updated", |conn, whole| {
        let went = |user: UserId| taken.team.contains(&user.uuid());
        move_team(conn, (survivor, &whole.team), (other, &its.team), went)?;
        for (id, was_primary) in &taken.contact_points {
            if whole.contact_points.iter().any(|point| point.id.uuid() == *id) {
                store::move_contact_point(conn, Id::new(*id), other, *was_primary)?;
            }
        }
        let row = &mut whole.row.customer;
        let kind = known(CustomerKind::from_code(&row.kind))?;
        let mut sources = Sources::of(row)?;
        let mut now = document(&profile::load(row)?)?;
        for (name, field) in &taken.fields {
            if now.get(name).cloned().unwrap_or_default() == field.after {
                now.as_object_mut().map(|now| now.insert(name.clone(), field.before.clone()));
                sources.put(name, field.said.clone());
            }
        }
        if let Some(identity) = &taken.identity
            && whole.identity.as_ref().is_some_and(|row| row.value_hash == identity.taken_hash)
        {
            let before = identity.before.as_ref().map(|kept| kept.row(survivor));
            store::replace_identity(conn, survivor, before.as_ref())?;
            sources.put(IDENTITY, identity.said.clone());
        }
        let mut profile: CustomerProfile = serde_json::from_value(now).map_err(Error::internal)?;
        profile::clean(kind, &mut profile, today)?;
        row.phone_masked = primary_phone(&store::contact_points(conn, survivor)?);
        write_profile(conn, kind, &profile, &sources, row)
    })?;
    edit(conn, actor, other, its.row.customer.version, "restored", |conn, whole| {
        let row = &mut whole.row.customer;
        row.phone_masked = primary_phone(&store::contact_points(conn, other)?);
        row.archived = false;
        row.archived_at = None;
        Ok(())
    })
}

impl TakenOver {
    /// The names of the fields, in order.
    pub fn names(&self) -> Vec<String> {
        let identity = self.identity.iter().map(|_| IDENTITY.to_owned());
        self.fields.keys().cloned().chain(identity).collect()
    }
}

impl KeptIdentity {
    fn of(row: &IdentityRow) -> Self {
        let IdentityRow { kind, cipher, masked, value_hash, .. } = row.clone();
        KeptIdentity { kind, cipher, masked, value_hash }
    }

    fn row(&self, customer_id: CustomerId) -> IdentityRow {
        let KeptIdentity { kind, cipher, masked, value_hash } = self.clone();
        IdentityRow { customer_id, kind, cipher, masked, value_hash }
    }
}

/// The customer into which one went up, for one that did.
///
/// # Errors
/// When the database fails.
pub fn merged_into(conn: &mut DbConn, id: CustomerId) -> Result<Option<CustomerId>> {
    Ok(store::merged_into(conn, &[id])?.into_iter().next().map(|(_, survivor)| survivor))
}

/// 409 for a customer that went up in another one: only undoing that brings it back.
pub(super) fn is_no_merged_one(conn: &mut DbConn, id: CustomerId) -> Result<()> {
    match merged_into(conn, id)? {
        None => Ok(()),
        Some(_) => Err(Error::conflict("", "is_merged")),
    }
}
