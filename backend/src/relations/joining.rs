//! Many members of households at once, as a job has read them, and taking them back.

use std::collections::{HashMap, HashSet};

use guanxi_api::{HouseholdRole, Language, RelatedCustomer};
use guanxi_db::DbConn;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::access::Actor;
use crate::customers::{self, CustomerId, House};
use crate::error::{Code, Error, FieldError, Result};
use crate::messages;
use crate::names::reading::is_cjk;
use crate::relations::HouseholdId;
use crate::relations::households::{self, MOST, MOST_MEMBERS, audited_with, record, with_primary};
use crate::relations::store::{self, HouseholdRow, MemberRow};

/// Most characters of the name of a household.
const LONGEST_NAME: usize = 100;

/// Customers who are to be members of one household.
#[derive(Clone, Debug)]
pub struct Gathering {
    /// One that is there; without it a household is formed.
    pub id: Option<HouseholdId>,
    pub members: Vec<Joining>,
}

/// A customer who is to be a member of a household.
#[derive(Clone, Debug)]
pub struct Joining {
    /// None for one who is only to be created, where nothing is written.
    pub customer_id: Option<CustomerId>,
    pub role: HouseholdRole,
    /// As it is where nothing is said.
    pub primary: Option<bool>,
    /// What the household is to be called; it has the name of its primary member where nobody has said so.
    pub name: Option<String>,
}

/// What became of a customer who was to be a member.
#[derive(Clone, Debug)]
pub struct Joined {
    pub id: HouseholdId,
    pub version: i64,
    /// Its version before; none where it was formed.
    pub stood: Option<i64>,
    pub was: WasMember,
}

/// How a customer stood to a household.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WasMember {
    pub customer_id: Uuid,
    /// Role and whether it was the primary one; none for one who was no member.
    pub member: Option<(HouseholdRole, bool)>,
    /// What the household was called, where it has got another name.
    pub name: Option<String>,
    /// Who was the primary member, where another one has become it.
    pub primary: Option<Uuid>,
}

/// What has to be known of the bank.
struct Known {
    seen: HashMap<CustomerId, RelatedCustomer>,
    /// Those whom the actor looks after.
    own: HashSet<CustomerId>,
    /// In how many households they are.
    counts: HashMap<CustomerId, usize>,
}

/// A household in the making.
struct Draft {
    row: HouseholdRow,
    members: Vec<MemberRow>,
    /// As the audit trail has it before; none for one that is formed.
    before: Option<serde_json::Value>,
}

/// Whether a household of so many members takes no more.
pub fn is_household_full(members: usize) -> bool {
    members >= MOST_MEMBERS
}

/// Makes customers members of households, which are formed where they are not there; only looks whether that can be done, unless `writes`. Gives what
/// came of each, in the order of the gatherings and their members. `household_is_archived`, `household_out_of_reach`, `too_many_members` and
/// `too_many_households` are wrong with the household, `customer_out_of_reach` with the customer.
///
/// # Errors
/// When the database fails.
pub fn join_many(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    gatherings: &[Gathering],
    writes: bool,
) -> Result<Vec<Vec<std::result::Result<Joined, FieldError>>>> {
    let ids: Vec<HouseholdId> = gatherings.iter().filter_map(|gathering| gathering.id).collect();
    let rows = store::households(conn, &ids, writes)?;
    let mut members: HashMap<HouseholdId, Vec<MemberRow>> = HashMap::new();
    for member in store::members(conn, &ids)? {
        members.entry(member.household_id).or_default().push(member);
    }
    let joining = gatherings.iter().flat_map(|gathering| &gathering.members);
    let new: Vec<CustomerId> = joining.filter_map(|one| one.customer_id).collect();
    let there = members.values().flatten().map(|member| member.customer_id);
    let all: Vec<CustomerId> = new.iter().copied().chain(there).collect::<HashSet<_>>().into_iter().collect();
    if writes {
        customers::lock_all(conn, &new)?;
    }
    let mut known = Known {
        seen: customers::related(conn, actor, house, &all)?,
        own: customers::changeable_among(conn, actor, &all)?,
        counts: store::households_by_member(conn, &new)?,
    };
    let mut came = Vec::with_capacity(gatherings.len());
    for gathering in gatherings {
        let row = gathering.id.and_then(|id| rows.iter().find(|row| row.id == id)).cloned();
        let mut draft = match row {
            Some(row) => {
                let members = members.remove(&row.id).unwrap_or_default();
                Draft { before: Some(audited_with(&row, &members)), row, members }
            }
            None => Draft { row: blank(actor), members: Vec::new(), before: None },
        };
        came.push(draft.take(conn, actor, &mut known, &gathering.members, writes)?);
    }
    Ok(came)
}

fn blank(actor: &Actor) -> HouseholdRow {
    HouseholdRow {
        id: actor.new_id(),
        name: String::new(),
        name_sort: String::new(),
        archived: false,
        archived_at: None,
        version: 1,
        created_at: actor.now(),
        updated_at: actor.now(),
    }
}

impl Draft {
    fn take(
        &mut self,
        conn: &mut DbConn,
        actor: &Actor,
        known: &mut Known,
        joining: &[Joining],
        writes: bool,
    ) -> Result<Vec<std::result::Result<Joined, FieldError>>> {
        let wrong = |code: &'static str| FieldError::new("", code);
        // What the actor may not change looks as if somebody else had it.
        let of_others =
            self.before.is_some() && !self.members.iter().any(|one| known.own.contains(&one.customer_id));
        let stood = self.before.as_ref().map(|_| self.row.version);
        let mut came = Vec::with_capacity(joining.len());
        for one in joining {
            let refused = match one.customer_id {
                _ if of_others => Some(wrong("household_out_of_reach")),
                _ if self.row.archived => Some(wrong("household_is_archived")),
                Some(id) => self.hindrance(known, id),
                None => is_household_full(self.members.len()).then(|| wrong("too_many_members")),
            };
            came.push(match (refused, one.customer_id) {
                (Some(refused), _) => Err(refused),
                (None, None) => Ok(Joined { id: self.row.id, version: 0, stood, was: nobody() }),
                (None, Some(id)) => {
                    let was = self.join(known, id, one);
                    Ok(Joined { id: self.row.id, version: 0, stood, was })
                }
            });
        }
        if came.iter().all(std::result::Result::is_err) {
            return Ok(came);
        }
        self.members = with_primary(std::mem::take(&mut self.members));
        let after = audited_with(&self.row, &self.members);
        if self.before.as_ref().is_some_and(|before| *before != after) {
            (self.row.version, self.row.updated_at) = (self.row.version + 1, actor.now());
        }
        for joined in came.iter_mut().flatten() {
            joined.version = self.row.version;
        }
        if writes {
            self.write(conn, actor, stood, &after)?;
        }
        Ok(came)
    }

    fn hindrance(&self, known: &Known, id: CustomerId) -> Option<FieldError> {
        if !known.own.contains(&id) || !known.seen.contains_key(&id) {
            return Some(FieldError::new("", "customer_out_of_reach"));
        }
        if self.members.iter().any(|member| member.customer_id == id) {
            return None;
        }
        if is_household_full(self.members.len()) {
            return Some(FieldError::new("", "too_many_members"));
        }
        let many = known.counts.get(&id).is_some_and(|count| *count >= MOST);
        many.then(|| FieldError::new("", "too_many_households"))
    }

    fn join(&mut self, known: &mut Known, id: CustomerId, one: &Joining) -> WasMember {
        let before = self.members.iter().find(|member| member.is_primary).map(|member| member.customer_id);
        let usual = before.map(|id| usual_name(known, id));
        let at = self.members.iter().position(|member| member.customer_id == id);
        let role = one.role.as_str().to_owned();
        let was = match at.and_then(|at| self.members.get_mut(at)) {
            Some(member) => {
                let was = HouseholdRole::from_code(&std::mem::replace(&mut member.role, role));
                was.map(|was| (was, member.is_primary))
            }
            None => {
                let household_id = self.row.id;
                self.members.push(MemberRow { household_id, customer_id: id, role, is_primary: false });
                *known.counts.entry(id).or_default() += 1;
                None
            }
        };
        if let Some(primary) = one.primary {
            for member in &mut self.members {
                if member.customer_id == id {
                    member.is_primary = primary;
                } else if primary {
                    member.is_primary = false;
                }
            }
        }
        self.members = with_primary(std::mem::take(&mut self.members));
        let primary = self.members.iter().find(|member| member.is_primary).map(|member| member.customer_id);
        // A name that somebody has given stays when another member becomes the primary one.
        let is_usual = self.row.name.is_empty() || usual.is_some_and(|usual| usual == self.row.name);
        let name = match (&one.name, primary) {
            (Some(name), _) => Some(name.clone()),
            (None, Some(primary)) if is_usual => Some(usual_name(known, primary)),
            _ => None,
        };
        let old = name.filter(|name| *name != self.row.name).map(|name| self.row.rename(name));
        WasMember {
            customer_id: id.uuid(),
            member: was,
            name: old.filter(|old| !old.is_empty()),
            primary: before.filter(|before| Some(*before) != primary).map(|before| before.uuid()),
        }
    }

    fn write(
        &self,
        conn: &mut DbConn,
        actor: &Actor,
        stood: Option<i64>,
        after: &serde_json::Value,
    ) -> Result<()> {
        match (&self.before, stood) {
            (Some(before), Some(stood)) if before != after => {
                if !store::update_household(conn, &self.row, stood)? {
                    return Err(Error::new(Code::Stale));
                }
                store::replace_members(conn, self.row.id, &self.members)?;
                record(conn, actor, &self.row, "updated", before, after)
            }
            (Some(_), _) => Ok(()),
            (None, _) => {
                store::insert_household(conn, &self.row)?;
                store::replace_members(conn, self.row.id, &self.members)?;
                record(conn, actor, &self.row, "created", &json!({}), after)
            }
        }
    }
}

fn nobody() -> WasMember {
    WasMember { customer_id: Uuid::nil(), member: None, name: None, primary: None }
}

/// What a household is called after a member: in the language of the name, since a job has none.
fn usual_name(known: &Known, id: CustomerId) -> String {
    let name = known.seen.get(&id).map_or("", |customer| customer.name.as_str());
    let language = if name.chars().any(is_cjk) { Language::ZhCn } else { Language::En };
    messages::household_name(language, name).chars().take(LONGEST_NAME).collect()
}

/// The versions of some households.
///
/// # Errors
/// When the database fails.
pub fn household_stands(conn: &mut DbConn, ids: &[HouseholdId]) -> Result<HashMap<HouseholdId, i64>> {
    Ok(store::households(conn, ids, false)?.into_iter().map(|row| (row.id, row.version)).collect())
}

/// What a household is after members were taken back.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    pub version: i64,
    /// Nobody was left, so it is archived.
    pub archived: bool,
}

/// Puts members of a household back to how they stood to it, in this order; a household in which nobody would be left is archived.
///
/// # Errors
/// 404 for a household of which the actor sees no member, 403 where the actor looks after none, 412 when the version is no longer the newest.
pub fn leave(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    (id, version): (HouseholdId, i64),
    were: &[WasMember],
) -> Result<Left> {
    store::lock_household(conn, id)?;
    let mut back = store::household(conn, id)?.ok_or_else(Error::not_found)?;
    let mut members = store::members(conn, &[id])?;
    for was in were {
        members = put_back(&mut back, members, was);
    }
    let archived = members.is_empty();
    let action = if archived { "archived" } else { "updated" };
    households::edit(conn, actor, house, (id, version), action, |conn, row| {
        if archived {
            // Its members stay with it, as with every household that is dissolved.
            (row.archived, row.archived_at) = (true, Some(actor.now()));
            return Ok(());
        }
        row.rename(back.name);
        store::replace_members(conn, id, &with_primary(members))
    })?;
    let row = store::household(conn, id)?.ok_or_else(Error::not_found)?;
    Ok(Left { version: row.version, archived })
}

fn put_back(row: &mut HouseholdRow, mut members: Vec<MemberRow>, was: &WasMember) -> Vec<MemberRow> {
    match was.member {
        None => members.retain(|member| member.customer_id.uuid() != was.customer_id),
        Some((role, primary)) => {
            for member in members.iter_mut().filter(|member| member.customer_id.uuid() == was.customer_id) {
                (member.role, member.is_primary) = (role.as_str().to_owned(), primary);
            }
        }
    }
    if let Some(primary) = was.primary.filter(|id| members.iter().any(|one| one.customer_id.uuid() == *id)) {
        for member in &mut members {
            member.is_primary = member.customer_id.uuid() == primary;
        }
    }
    if let Some(name) = &was.name {
        row.rename(name.clone());
    }
    members
}
