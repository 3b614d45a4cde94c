use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use guanxi_api::{TeamRole, Tier};

/// What each tier demands.
#[derive(Debug, Default)]
pub(super) struct Demands {
    /// Which roles look after a customer.
    pub(super) roles: BTreeMap<Tier, Vec<TeamRole>>,
    /// The tiers whose customers have a care plan.
    pub(super) plans: BTreeSet<Tier>,
    /// After how many days a leader of the team visits a customer again.
    pub(super) visits: BTreeMap<(Tier, TeamRole), u32>,
}

/// Whether a role is a leader's, who visits customers by plan.
pub(super) const fn is_leader(role: TeamRole) -> bool {
    matches!(role, TeamRole::OutletHead | TeamRole::DeputyManager | TeamRole::BranchManager)
}

/// So many days after a day.
pub(super) fn days_after(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_days(Days::new(days.into())).unwrap_or(NaiveDate::MAX)
}

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
    /// A care plan is under way.
    pub(super) planned: bool,
}

/// What the care of a customer lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lack {
    pub(super) no_owner: bool,
    pub(super) unsigned: bool,
    pub(super) incomplete: bool,
    pub(super) missing: i32,
    pub(super) no_plan: bool,
}

/// What is lacking of the roles and the care plan that a tier demands; none for nothing. Who is responsible fills the part `rm`.
pub(super) fn lack(demanded: &[TeamRole], demands_plan: bool, care: &Care) -> Option<Lack> {
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
        no_plan: demands_plan && !care.planned,
    };
    (lack.no_owner || lack.unsigned || lack.incomplete || lack.no_plan).then_some(lack)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tier_demands_and_nobody_has_is_lacking() {
        let demanded = [TeamRole::DeputyManager, TeamRole::OutletHead, TeamRole::Rm];
        let care = Care {
            owned: true,
            signed: true,
            team: vec![TeamRole::OutletHead, TeamRole::DeputyManager],
            planned: false,
        };
        assert_eq!(lack(&demanded, false, &care), None);
        assert_eq!(lack(&[], false, &Care::default()), None, "the outlet as a whole looks after them");
        assert!(lack(&demanded, true, &care).expect("no plan").no_plan);
        assert_eq!(lack(&demanded, true, &Care { planned: true, ..care.clone() }), None);

        let found = lack(&demanded, false, &Care { signed: false, ..care.clone() }).expect("no signature");
        assert_eq!(
            (found.no_owner, found.unsigned, found.incomplete, found.missing),
            (false, true, false, 0)
        );

        let nobody = lack(&demanded, false, &Care { team: vec![TeamRole::OutletHead], ..Care::default() });
        let nobody = nobody.expect("much");
        assert!(nobody.no_owner && nobody.incomplete && !nobody.unsigned);
        assert_eq!(roles(nobody.missing), [TeamRole::DeputyManager, TeamRole::Rm]);
    }
}
