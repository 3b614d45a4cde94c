//! Many relations at once, as a job has read them: looked at together, and noted, changed or found to be there already.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use guanxi_api::{Authority, CustomerKind, RelatedCustomer, RelationPatch, RelationRole};
use guanxi_db::{DbConn, Id};
use serde_json::json;
use uuid::Uuid;

use crate::access::Actor;
use crate::customers::{self, CustomerId, House};
use crate::error::{Error, FieldError, Result, Wrong};
use crate::relations::manage::{self, LONGEST_CHAIN, MOST};
use crate::relations::store::{self, RelationRow};
use crate::relations::{RelationId, known, rules};

/// What is said of a relation besides whom it is between. What is not said stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub share_percent: Option<i32>,
    pub title: Option<String>,
    pub authority: Option<Authority>,
    pub note: Option<String>,
    pub since: Option<NaiveDate>,
    pub until: Option<NaiveDate>,
}

impl Told {
    fn put_into(&self, row: &mut RelationRow) {
        row.share_percent = self.share_percent.or(row.share_percent);
        row.title = self.title.clone().or(row.title.take());
        row.authority =
            self.authority.map(|authority| authority.as_str().to_owned()).or(row.authority.take());
        row.note = self.note.clone().or(row.note.take());
        row.since = self.since.or(row.since);
        row.until = self.until.or(row.until);
    }
}

/// A relation that is to be there.
#[derive(Clone, Debug)]
pub struct Tie {
    pub customer_id: CustomerId,
    pub other_id: CustomerId,
    /// What the other is to the customer.
    pub role: RelationRole,
    pub told: Told,
    /// It was noted before by whoever asks for it; when it is there no longer, somebody has removed it.
    pub noted_before: bool,
}

/// A relation that is there.
#[derive(Clone, Debug)]
pub struct Tied {
    pub id: RelationId,
    pub version: i64,
    /// How it was, and its version then; none where it was made.
    pub before: Option<(RelationPatch, i64)>,
}

/// What is wrong with what is said of a relation, whoever the two are.
pub fn check_told(role: RelationRole, told: &Told, today: NaiveDate) -> Vec<FieldError> {
    let (one, other) = (Id::new(Uuid::nil()), Id::new(Uuid::max()));
    let mut wrong = Wrong::default();
    let moment = guanxi_db::Moment::EARLIEST;
    let mut row = manage::blank((Id::new(Uuid::nil()), moment), (one, other), role);
    told.put_into(&mut row);
    manage::clean(&mut row, role, today, &mut wrong);
    wrong.unless(Some(())).map_or_else(|error| error.fields, |()| Vec::new())
}

/// Why two customers of these kinds cannot be related so.
pub fn misfit(customer: CustomerKind, other: CustomerKind, role: RelationRole) -> Option<FieldError> {
    (!rules::fits(customer, other, role)).then(|| match other {
        CustomerKind::Person => FieldError::new("/role", "not_of_a_person"),
        CustomerKind::Organisation => FieldError::new("/role", "not_of_an_organisation"),
    })
}

/// Those of these customers who have relations or belong to households that are not archived.
///
/// # Errors
/// When the database fails.
pub fn tied_among(conn: &mut DbConn, ids: &[CustomerId]) -> Result<HashSet<CustomerId>> {
    let mut tied: HashSet<CustomerId> = HashSet::new();
    for part in ids.chunks(500) {
        for row in store::of_customers(conn, part)? {
            tied.extend([row.from_id, row.to_id]);
        }
        tied.extend(store::households_by_member(conn, part)?.into_keys());
    }
    tied.retain(|id| ids.contains(id));
    Ok(tied)
}

/// Notes relations, or changes those of the same two in the same role that are there, whichever side they were noted from; only looks whether that can be
/// done, unless `writes`. Gives what came of each, in order: a relation sees what those before it have done. What is said of one that cannot be is
/// found wrong by a member of [`guanxi_api::NewRelation`], `customer_out_of_reach` by none.
///
/// # Errors
/// When the database fails.
pub fn tie_many(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    ties: &[Tie],
    writes: bool,
) -> Result<Vec<std::result::Result<Tied, FieldError>>> {
    let mut ends: Vec<CustomerId> = ties.iter().flat_map(|tie| [tie.customer_id, tie.other_id]).collect();
    ends.sort_unstable();
    ends.dedup();
    if writes {
        customers::lock_all(conn, &ends)?;
    }
    let own: Vec<CustomerId> = ties.iter().map(|tie| tie.customer_id).collect();
    let referrers: Vec<CustomerId> = ties
        .iter()
        .filter_map(|tie| {
            Some(manage::ends(tie.role, tie.customer_id, tie.other_id))
                .filter(|(kind, _, _)| *kind == RelationRole::Referrer)
        })
        .map(|(_, from, _)| from)
        .collect();
    let mut batch = Batch {
        today: house.settings.day(actor.now()),
        seen: customers::related(conn, actor, house, &ends)?,
        own: customers::changeable_among(conn, actor, &own)?,
        rows: store::of_customers(conn, &ends)?,
        above: above(conn, referrers)?,
        made: Vec::new(),
        changed: Vec::new(),
    };
    let mut came = Vec::with_capacity(ties.len());
    for tie in ties {
        came.push(match batch.take(actor, tie) {
            Ok(tied) => Ok(tied),
            Err(error) if error.code.status() >= 500 => return Err(error),
            Err(error) => Err(error
                .fields
                .into_iter()
                .next()
                .unwrap_or_else(|| FieldError::new("", error.code.as_str()))),
        });
    }
    if writes {
        batch.write(conn, actor)?;
    }
    Ok(came)
}

/// Who has brought these customers, who has brought those, and so on, a statement for each step upwards.
fn above(conn: &mut DbConn, from: Vec<CustomerId>) -> Result<HashMap<CustomerId, CustomerId>> {
    let (mut above, mut at) = (HashMap::new(), from);
    for _ in 0..LONGEST_CHAIN {
        at.retain(|id| !above.contains_key(id));
        if at.is_empty() {
            break;
        }
        let found = store::referrers_of(conn, &at)?;
        at = found.iter().map(|(_, referrer)| *referrer).collect();
        above.extend(found);
    }
    Ok(above)
}

/// What has to be known of the bank for some relations, and what becomes of it.
struct Batch {
    today: NaiveDate,
    seen: HashMap<CustomerId, RelatedCustomer>,
    /// Those whom the actor looks after.
    own: HashSet<CustomerId>,
    /// All relations of the customers, as they will be.
    rows: Vec<RelationRow>,
    /// Who has brought whom, by the one who was brought.
    above: HashMap<CustomerId, CustomerId>,
    made: Vec<RelationId>,
    /// As they were.
    changed: Vec<RelationRow>,
}

impl Batch {
    fn take(&mut self, actor: &Actor, tie: &Tie) -> Result<Tied> {
        let Tie { customer_id: id, other_id: other, role, .. } = *tie;
        let Some(own) = self.seen.get(&id).filter(|_| self.own.contains(&id)) else {
            return Err(Error::field("", "customer_out_of_reach"));
        };
        if id == other {
            return Err(Error::field("/other_id", "itself"));
        }
        let kind_of_other = self.seen.get(&other).map(|other| other.kind);
        let kind_of_other = kind_of_other.ok_or_else(|| Error::field("/other_id", "not_in_scope"))?;
        if let Some(misfit) = misfit(own.kind, kind_of_other, role) {
            return Err(Error::fields(vec![misfit]));
        }
        let (kind, from, to) = manage::ends(role, id, other);
        let is_it =
            |row: &RelationRow| (row.from_id, row.to_id, row.kind.as_str()) == (from, to, kind.as_str());
        match self.rows.iter().position(is_it) {
            Some(at) => self.change(actor, at, &tie.told),
            None if tie.noted_before => Err(Error::conflict("/other_id", "relation_was_removed")),
            None => self.make(actor, (kind, from, to), &tie.told),
        }
    }

    /// The relations of either of two customers.
    fn near(&self, row: &RelationRow) -> Vec<RelationRow> {
        let ends = [row.from_id, row.to_id];
        let near =
            self.rows.iter().filter(|known| ends.contains(&known.from_id) || ends.contains(&known.to_id));
        near.cloned().collect()
    }

    fn make(
        &mut self,
        actor: &Actor,
        (kind, from, to): (RelationRole, CustomerId, CustomerId),
        told: &Told,
    ) -> Result<Tied> {
        let mut row = manage::blank((actor.new_id(), actor.now()), (from, to), kind);
        told.put_into(&mut row);
        let near = self.near(&row);
        for customer in [from, to] {
            let of = near.iter().filter(|known| known.from_id == customer || known.to_id == customer).count();
            if of >= MOST {
                return Err(Error::conflict("", "too_many_relations"));
            }
        }
        self.fit(&mut row, kind, &near)?;
        if kind == RelationRole::Referrer {
            self.above.insert(to, from);
        }
        let tied = Tied { id: row.id, version: row.version, before: None };
        self.made.push(row.id);
        self.rows.push(row);
        Ok(tied)
    }

    fn change(&mut self, actor: &Actor, at: usize, told: &Told) -> Result<Tied> {
        let before = self.rows.get(at).cloned().ok_or_else(|| Error::internal("a relation that is gone"))?;
        let kind = known(RelationRole::from_code(&before.kind))?;
        let mut row = before.clone();
        told.put_into(&mut row);
        let near = self.near(&row);
        self.fit(&mut row, kind, &near)?;
        let was = patch_to(&before, &row)?;
        if manage::audited(&row) != manage::audited(&before) {
            (row.version, row.updated_at) = (before.version + 1, actor.now());
            // Of one that was made or changed by an earlier record only the end is written.
            let is_new = self.made.contains(&row.id) || self.changed.iter().any(|one| one.id == row.id);
            if is_new {
                row.version = before.version;
            } else {
                self.changed.push(before.clone());
            }
        }
        let tied = Tied { id: row.id, version: row.version, before: Some((was, before.version)) };
        if let Some(place) = self.rows.get_mut(at) {
            *place = row;
        }
        Ok(tied)
    }

    /// That what is said of a relation keeps the rules, and that the two may have it beside the others.
    fn fit(&self, row: &mut RelationRow, kind: RelationRole, near: &[RelationRow]) -> Result<()> {
        let mut wrong = Wrong::default();
        manage::clean(row, kind, self.today, &mut wrong);
        wrong.unless(Some(()))?;
        manage::check_known(row, kind, near)?;
        if kind == RelationRole::Referrer {
            let mut at = row.from_id;
            for _ in 0..LONGEST_CHAIN {
                let Some(next) = self.above.get(&at) else { break };
                if *next == row.to_id {
                    return Err(Error::conflict("/role", "referral_circle"));
                }
                at = *next;
            }
        }
        Ok(())
    }

    fn write(self, conn: &mut DbConn, actor: &Actor) -> Result<()> {
        let made: Vec<RelationRow> =
            self.rows.iter().filter(|row| self.made.contains(&row.id)).cloned().collect();
        store::insert_all(conn, &made)?;
        for row in &made {
            manage::record(conn, actor, row, "created", &json!({}))?;
        }
        for before in &self.changed {
            let Some(row) = self.rows.iter().find(|row| row.id == before.id) else { continue };
            store::update(conn, row, before.version)?;
            manage::record(conn, actor, row, "updated", &manage::audited(before))?;
        }
        Ok(())
    }
}

/// The change that makes a relation again what it was.
fn patch_to(before: &RelationRow, after: &RelationRow) -> Result<RelationPatch> {
    let authority = before.authority.as_deref().map(|code| known(Authority::from_code(code))).transpose()?;
    Ok(RelationPatch {
        share_percent: (before.share_percent != after.share_percent).then_some(before.share_percent),
        title: (before.title != after.title).then(|| before.title.clone()),
        authority: (before.authority != after.authority).then_some(authority),
        note: (before.note != after.note).then(|| before.note.clone()),
        since: (before.since != after.since).then_some(before.since),
        until: (before.until != after.until).then_some(before.until),
    })
}
