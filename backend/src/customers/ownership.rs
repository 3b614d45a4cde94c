use guanxi_api::{Assignment, Role, Team};
use guanxi_db::DbConn;

use crate::access::{Actor, OrgUnitId, Reach, UnitScope, UserId};
use crate::customers::change::edit;
use crate::customers::store::TeamRow;
use crate::customers::{CustomerId, store};
use crate::error::{Error, FieldError, Result};
use crate::org;

/// Checks where a customer is to belong: a unit that the actor places customers in, and an owner who looks after customers and
/// whose unit is the customer's or above it.
///
/// # Errors
/// 422 naming the unit or the owner.
pub(super) fn check_placement(
    conn: &mut DbConn,
    actor: &Actor,
    unit_id: OrgUnitId,
    owner_id: Option<UserId>,
) -> Result<()> {
    let wrong = |pointer: &str, code: &'static str| Error::fields(vec![FieldError::new(pointer, code)]);
    let unit = match org::unit_for_new(conn, unit_id)? {
        Some(unit) if !unit.archived => unit,
        Some(_) => return Err(wrong("/org_unit_id", "archived")),
        None => return Err(wrong("/org_unit_id", "not_found")),
    };
    let in_reach = match actor.reach() {
        Reach::Nobody => false,
        Reach::Team | Reach::Unit => actor.org_unit_id() == Some(unit_id),
        Reach::Subtree | Reach::All => UnitScope::of(actor).contains(&unit.path),
    };
    if !in_reach {
        return Err(wrong("/org_unit_id", "not_in_scope"));
    }
    let Some(owner_id) = owner_id else { return Ok(()) };
    let owner = match org::user_summary(conn, owner_id)? {
        Some(owner) if !owner.archived => owner,
        Some(_) => return Err(wrong("/owner_id", "archived")),
        None => return Err(wrong("/owner_id", "not_found")),
    };
    if owner.role != Role::Rm {
        return Err(wrong("/owner_id", "not_a_relationship_manager"));
    }
    if !unit.path.starts_with(&owner.unit_path) {
        return Err(wrong("/owner_id", "unit_of_owner"));
    }
    // A relationship manager takes customers for themselves, not for colleagues.
    if actor.reach() == Reach::Team && actor.user_id() != Some(owner_id) {
        return Err(wrong("/owner_id", "not_in_scope"));
    }
    Ok(())
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

/// Sets the maintenance team.
///
/// # Errors
/// 422 naming the member that is unknown or named twice; else as every change of a customer.
pub fn set_team(conn: &mut DbConn, actor: &Actor, id: CustomerId, version: i64, team: &Team) -> Result<()> {
    edit(conn, actor, id, version, "team_changed", |conn, _| {
        let mut wrong = Vec::new();
        for (n, member) in team.members.iter().enumerate() {
            let pointer = format!("/members/{n}/user_id");
            if team.members.iter().take(n).any(|other| other.user_id == member.user_id) {
                wrong.push(FieldError::new(pointer, "duplicate"));
                continue;
            }
            match org::user_summary(conn, UserId::new(member.user_id))? {
                Some(user) if user.archived => wrong.push(FieldError::new(pointer, "archived")),
                Some(_) => {}
                None => wrong.push(FieldError::new(pointer, "not_found")),
            }
        }
        if !wrong.is_empty() {
            return Err(Error::fields(wrong));
        }
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
