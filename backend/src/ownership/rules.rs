use std::collections::BTreeMap;

use guanxi_api::{TeamRole, Tier};

/// Which roles each tier demands.
pub(super) type Demands = BTreeMap<Tier, Vec<TeamRole>>;

/// The bit of a role in what is kept of missing ones.
const fn bit(role: TeamRole) -> i32 {
    match role {
        TeamRole::BranchManager => 1,
        TeamRole::DeputyManager => 2,
        TeamRole::OutletHead => 4,
        TeamRole::Rm => 8,
        TeamRole::Adviser => 16,
    }
}

/// Roles as they are kept.
pub(super) fn bits(roles: &[TeamRole]) -> i32 {
    roles.iter().fold(0, |bits, role| bits | bit(*role))
}

/// Kept roles in their order.
pub(super) fn roles(bits: i32) -> Vec<TeamRole> {
    TeamRole::ALL.iter().copied().filter(|role| bits & bit(*role) != 0).collect()
}

/// What is known of the care of a customer.
#[derive(Clone, Debug, Default)]
pub(super) struct Care {
    /// Somebody who still works here is responsible.
    pub(super) owned: bool,
    pub(super) signed: bool,
    /// The parts that active colleagues have in the team.
    pub(super) team: Vec<TeamRole>,
}

/// What the care of a customer lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lack {
    pub(super) no_owner: bool,
    pub(super) unsigned: bool,
    pub(super) incomplete: bool,
    pub(super) missing: i32,
}

/// What is lacking of the roles that a tier demands; none for nothing. Who is responsible fills the part `rm`.
pub(super) fn lack(demanded: &[TeamRole], care: &Care) -> Option<Lack> {
    let is_filled = |role: &TeamRole| match role {
        TeamRole::Rm => care.owned,
        other => care.team.contains(other),
    };
    let missing: Vec<TeamRole> = demanded.iter().copied().filter(|role| !is_filled(role)).collect();
    let demands_owner = demanded.contains(&TeamRole::Rm);
    let lack = Lack {
        no_owner: demands_owner && !care.owned,
        unsigned: demands_owner && care.owned && !care.signed,
        incomplete: missing.iter().any(|role| *role != TeamRole::Rm),
        missing: bits(&missing),
    };
    (lack.no_owner || lack.unsigned || lack.incomplete).then_some(lack)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tier_demands_and_nobody_has_is_lacking() {
        let demanded = [TeamRole::DeputyManager, TeamRole::OutletHead, TeamRole::Rm];
        let care =
            Care { owned: true, signed: true, team: vec![TeamRole::OutletHead, TeamRole::DeputyManager] };
        assert_eq!(lack(&demanded, &care), None);
        assert_eq!(lack(&[], &Care::default()), None, "the outlet as a whole looks after them");

        let found = lack(&demanded, &Care { signed: false, ..care.clone() }).expect("no signature");
        assert_eq!(
            (found.no_owner, found.unsigned, found.incomplete, found.missing),
            (false, true, false, 0)
        );

        let nobody = lack(&demanded, &Care { team: vec![TeamRole::OutletHead], ..Care::default() });
        let nobody = nobody.expect("much");
        assert!(nobody.no_owner && nobody.incomplete && !nobody.unsigned);
        assert_eq!(roles(nobody.missing), [TeamRole::DeputyManager, TeamRole::Rm]);
    }
}
