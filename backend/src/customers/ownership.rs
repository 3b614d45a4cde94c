use guanxi_api::{Assignment, Role, Team, TeamRole};
use guanxi_db::DbConn;

use crate::access::{Actor, OrgUnitId, Reach, Right, Scope, UnitScope, UserId};
use crate::customers::change::edit;
use crate::customers::store::TeamRow;
use crate::customers::{CustomerId, merge, store, view};
use crate::error::{Error, FieldError, Result, Wrong};
use crate::org;

/// Where a customer is to belong.
pub(super) struct Placement {
    pub(super) unit: org::Unit,
    pub(super) owner: Option<org::UserSummary>,
}

/// Checks where a customer is to belong: a unit that the actor places customers in, and an owner who looks after customers and
/// whose unit is the customer's or above it. Until the transaction ends both stay what they are.
///
/// # Errors
/// 422 naming the unit, the owner or both.
pub(super) fn check_placement(
    conn: &mut DbConn,
    actor: &Actor,
    unit_id: OrgUnitId,
    owner_id: Option<UserId>,
) -> Result<Placement> {
    let mut wrong = Wrong::default();
    let unit = org::unit_for_new(conn, unit_id)?;
    let owner = owner_id.map(|id| org::user_for_owner(conn, id)).transpose()?;
    match &unit {
        None => wrong.add(FieldError::new("/org_unit_id", "not_found")),
        Some(unit) if unit.archived => wrong.add(FieldError::new("/org_unit_id", "archived")),
        Some(unit) if !places_in(actor, unit) => {
            wrong.add(FieldError::new("/org_unit_id", "not_in_scope"));
        }
        Some(_) => {}
    }
    if let Some(owner) = &owner {
        let mut refuse = |code| wrong.add(FieldError::new("/owner_id", code));
        match owner {
            None => refuse("not_found"),
            Some(owner) if owner.archived => refuse("archived"),
            Some(owner) if owner.role != Role::Rm => refuse("not_a_relationship_manager"),
            Some(owner) if unit.as_ref().is_some_and(|unit| !unit.path.starts_with(&owner.unit_path)) => {
                refuse("unit_of_owner");
            }
            // A relationship manager takes customers for themselves, not for colleagues.
            Some(owner) if actor.reach() == Reach::Team && actor.user_id() != Some(owner.id) => {
                refuse("not_in_scope");
            }
            Some(_) => {}
        }
    }
    wrong.unless(unit.map(|unit| Placement { unit, owner: owner.flatten() }))
}

fn places_in(actor: &Actor, unit: &org::Unit) -> bool {
    match actor.reach() {
        Reach::Nobody => false,
        Reach::Team | Reach::Unit => actor.org_unit_id() == Some(unit.id),
        Reach::Subtree | Reach::All => UnitScope::of(actor).contains(&unit.path),
    }
}

/// Hands a customer to a unit and an owner. The actor places customers in the old unit and in the new one.
///
/// # Errors
/// 422 naming the unit or the owner; else as every change of a customer.
pub fn assign(
    conn: &mut DbConn,
    actor: &Actor,
    id: CustomerId,
    version: i64,
    assignment: &Assignment,
) -> Result<()> {
    edit(conn, actor, id, version, "assigned", |conn, whole| {
        let unit_id = assignment.org_unit_id.map_or(whole.row.customer.org_unit_id, OrgUnitId::new);
        let owner_id = assignment.owner_id.map(UserId::new);
        check_placement(conn, actor, unit_id, owner_id)?;
        whole.row.customer.org_unit_id = unit_id;
        whole.row.customer.owner_id = owner_id;
        Ok(())
    })
}

/// Hands a customer over as it is now, for jobs that go through many: nobody has looked at a version of it.
///
/// # Errors
/// As [`assign`], but for the version.
pub fn assign_now(conn: &mut DbConn, actor: &Actor, id: CustomerId, assignment: &Assignment) -> Result<()> {
    store::lock(conn, id)?;
    let version = view::whole(conn, &Scope::of(actor), id)?.row.customer.version;
    assign(conn, actor, id, version, assignment)
}

/// Whether the actor places customers in a unit, and an owner may have customers there.
///
/// # Errors
/// 422 naming the unit, the owner or both.
pub fn can_place(
    conn: &mut DbConn,
    actor: &Actor,
    unit_id: OrgUnitId,
    owner_id: Option<UserId>,
) -> Result<()> {
    check_placement(conn, actor, unit_id, owner_id).map(drop)
}

/// Sets the maintenance team: colleagues who may see customers, from the customer's branch or a unit above it. Whoever may hand the
/// customer to another branch may take members from there as well, and members whom it has may stay.
///
/// # Errors
/// 409 for a customer that went up in another one, 422 with every member who cannot be one; else as every change of a customer.
pub fn set_team(conn: &mut DbConn, actor: &Actor, id: CustomerId, version: i64, team: &Team) -> Result<()> {
    edit(conn, actor, id, version, "team_changed", |conn, whole| {
        merge::is_no_merged_one(conn, id)?;
        let branch = org::branch_path(conn, whole.row.customer.org_unit_id)?;
        let mut wrong = Wrong::default();
        for (n, member) in team.members.iter().enumerate() {
            let mut refuse = |code| wrong.add(FieldError::new(format!("/members/{n}/user_id"), code));
            if team.members.iter().take(n).any(|other| other.user_id == member.user_id) {
                refuse("duplicate");
                continue;
            }
            let user_id = UserId::new(member.user_id);
            let stays = || whole.team.iter().any(|(id, _, _)| *id == user_id);
            match org::user_summary(conn, user_id)? {
                None => refuse("not_found"),
                Some(user) if user.archived => refuse("archived"),
                Some(user) if !Right::ViewCustomers.is_given_to(user.role) => refuse("sees_no_customers"),
                Some(user) if !is_near(&user.unit_path, &branch) => {
                    let hands_over = actor.may(Right::AssignCustomers)
                        && matches!(actor.reach(), Reach::Subtree | Reach::All)
                        && UnitScope::of(actor).contains(&user.unit_path);
                    if !hands_over && !stays() {
                        refuse("of_another_branch");
                    }
                }
                Some(_) => {}
            }
        }
        wrong.unless(Some(()))?;
        let rows: Vec<TeamRow> = team
            .members
            .iter()
            .map(|member| TeamRow {
                customer_id: id,
                user_id: UserId::new(member.user_id),
                role: member.role.as_str().to_owned(),
            })
            .collect();
        store::replace_team(conn, id, &rows)
    })
}

/// Adds colleagues to the maintenance team; who is in it already stays what they are.
///
/// # Errors
/// 409 when there is nobody to add; else as [`set_team`].
pub fn add_to_team(
    conn: &mut DbConn,
    actor: &Actor,
    id: CustomerId,
    version: i64,
    new: &[(UserId, TeamRole)],
) -> Result<()> {
    edit(conn, actor, id, version, "team_changed", |conn, whole| {
        merge::is_no_merged_one(conn, id)?;
        if new.is_empty() {
            return Err(Error::conflict("", "nobody_to_add"));
        }
        let mut rows: Vec<TeamRow> = whole
            .team
            .iter()
            .map(|(user_id, _, role)| TeamRow { customer_id: id, user_id: *user_id, role: role.clone() })
            .collect();
        for (user_id, role) in new {
            if rows.iter().all(|row| row.user_id != *user_id) {
                let role = role.as_str().to_owned();
                rows.push(TeamRow { customer_id: id, user_id: *user_id, role });
            }
        }
        store::replace_team(conn, id, &rows)
    })
}

/// Whether a unit is in a branch or above it.
fn is_near(unit_path: &str, branch_path: &str) -> bool {
    unit_path.starts_with(branch_path) || branch_path.starts_with(unit_path)
}

#[cfg(test)]
mod tests {
    use super::is_near;

    #[test]
    fn what_is_near_a_branch() {
        for unit in ["/r/", "/r/a/", "/r/a/1/"] {
            assert!(is_near(unit, "/r/a/"), "{unit}");
        }
        for unit in ["/r/b/", "/r/b/1/"] {
            assert!(!is_near(unit, "/r/a/"), "{unit}");
        }
    }
}
