//! The demo bank: its units and its staff.

use guanxi_api::{Gender, LocalName, OrgUnitKind, Role, TeamRole, Tier};

use super::names::Name;
use super::places::{CITIES, REGIONS, STREETS};
use super::{Draw, Purpose};

/// A bank for a number of customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bank {
    pub name: LocalName,
    /// The head office first, every unit after its parent.
    pub units: Vec<DemoUnit>,
    /// The sign-ins that are printed first.
    pub users: Vec<DemoUser>,
    /// One user of each role, as indices into `users` in the order of [`Role::ALL`].
    pub showcase: Vec<usize>,
    /// Indices into `outlets`, for each of [`CITIES`]: where people of the city have their account.
    outlets_of_city: Vec<Vec<usize>>,
    outlets: Vec<Outlet>,
}

/// A unit of the demo bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoUnit {
    /// Unique; begins with the code of the parent below the head office.
    pub code: String,
    pub kind: OrgUnitKind,
    /// Index into [`Bank::units`]; nothing for the head office.
    pub parent: Option<usize>,
    pub name: LocalName,
}

/// A member of staff of the demo bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoUser {
    /// Unique.
    pub username: String,
    pub display_name: String,
    pub role: Role,
    /// Index into [`Bank::units`].
    pub unit: usize,
}

/// Who looks after the customers of an outlet, as indices into [`Bank::users`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Outlet {
    unit: usize,
    branch: usize,
    rms: Vec<usize>,
    head: Option<usize>,
    deputy: Option<usize>,
    manager: Option<usize>,
    advisers: Vec<usize>,
}

/// Outlets and branches of a bank of up to so many customers.
const SIZES: &[(u64, usize, usize)] = &[
    (2_000, 12, 3),
    (5_000, 18, 3),
    (10_000, 24, 3),
    (20_000, 30, 4),
    (50_000, 42, 4),
    (100_000, 50, 4),
    (200_000, 66, 5),
    (500_000, 92, 7),
];
const LARGEST: (usize, usize) = (120, 7);

/// Customers, with those whom the outlet itself looks after, for each relationship manager.
const CUSTOMERS_OF_AN_RM: u64 = 350;
const MOST_RMS: u64 = 2_000;

impl Bank {
    /// The bank for so many customers.
    pub(super) fn new(seed: u64, customers: u64) -> Bank {
        let mut bank = Bank {
            name: local("关系示范银行", "Guanxi Demo Bank"),
            units: Vec::new(),
            users: Vec::new(),
            showcase: Vec::new(),
            outlets_of_city: Vec::new(),
            outlets: Vec::new(),
        };
        bank.open_units(customers);
        bank.hire(seed, customers);
        bank
    }

    /// Whether a unit is another one or below it, by their indices.
    pub fn is_within(&self, unit: usize, other: usize) -> bool {
        std::iter::successors(Some(unit), |unit| self.units.get(*unit)?.parent).any(|unit| unit == other)
    }

    fn open_units(&mut self, customers: u64) {
        let size = SIZES.iter().find(|(up_to, ..)| customers <= *up_to);
        let (outlets, branches) = size.map_or(LARGEST, |(_, outlets, branches)| (*outlets, *branches));
        // The region itself once it has a branch, before that the one that stands in.
        let branch_of = |home: usize| {
            let stand_in = REGIONS.get(home).map_or(0, |region| region.until_then);
            if home < branches { home } else { stand_in }
        };
        let mut load = vec![0; branches];
        for city in CITIES {
            if let Some(load) = load.get_mut(branch_of(city.home)) {
                *load += u64::from(city.weight);
            }
        }
        let mut outlets_of_branch = vec![Vec::new(); branches];
        self.outlets_of_city = vec![Vec::new(); CITIES.len()];

        let head_office = self.open(
            "0000".to_owned(),
            OrgUnitKind::HeadOffice,
            None,
            local("关系示范银行总行", "Guanxi Demo Bank Head Office"),
        );
        let mut sub_branches_so_far = 0;
        let sub_branches = seats(&load, outlets / 2, 1);
        for (branch_index, (region, sub_branches)) in REGIONS.iter().zip(sub_branches).enumerate() {
            let code = format!("{:02}", branch_index + 1);
            let name = local(region.branch, region.english);
            let branch = self.open(code.clone(), OrgUnitKind::Branch, Some(head_office), name);
            let own = |home| home == branch_index;
            let weights: Vec<u64> =
                CITIES.iter().map(|city| if own(city.home) { u64::from(city.weight) } else { 0 }).collect();
            let mut number = 0;
            for (city_index, (city, of_city)) in
                CITIES.iter().zip(seats(&weights, sub_branches, 0)).enumerate()
            {
                for (index, round) in
                    (0..of_city).map(|i| (i % city.districts.len(), i / city.districts.len()))
                {
                    number += 1;
                    let (district, english) = city.districts.get(index).copied().unwrap_or_default();
                    let district =
                        district.trim_end_matches("新区").trim_end_matches(['区']).trim_end_matches("街道");
                    // Districts have two characters or more without the word for district.
                    let (again, again_english) = if round == 0 {
                        (String::new(), String::new())
                    } else {
                        (format!("第{}", round + 1), format!(" {}", round + 1))
                    };
                    let code = format!("{code}{number:02}");
                    let name = local(
                        format!("{}{district}{again}支行", city.name),
                        format!("{} {english}{again_english} Sub-branch", city.english),
                    );
                    let sub_branch = self.open(code.clone(), OrgUnitKind::SubBranch, Some(branch), name);
                    for outlet in 0..2 {
                        let street = STREETS.get((sub_branches_so_far * 2 + outlet) % STREETS.len());
                        let (street, street_english) = street.copied().unwrap_or_default();
                        let name = local(
                            format!("{}{district}{again}{street}网点", city.name),
                            format!("{} {english}{again_english} {street_english} Outlet", city.english),
                        );
                        let code = format!("{code}{:02}", outlet + 1);
                        let unit = self.open(code, OrgUnitKind::Outlet, Some(sub_branch), name);
                        let index = self.outlets.len();
                        self.outlets.push(Outlet { unit, branch, ..Outlet::default() });
                        if let Some(outlets) = self.outlets_of_city.get_mut(city_index) {
                            outlets.push(index);
                        }
                        if let Some(outlets) = outlets_of_branch.get_mut(branch_index) {
                            outlets.push(index);
                        }
                    }
                    sub_branches_so_far += 1;
                }
            }
        }
        for (city, outlets) in CITIES.iter().zip(&mut self.outlets_of_city) {
            if outlets.is_empty() {
                outlets.clone_from(outlets_of_branch.get(branch_of(city.home)).unwrap_or(&Vec::new()));
            }
        }
    }

    fn open(&mut self, code: String, kind: OrgUnitKind, parent: Option<usize>, name: LocalName) -> usize {
        self.units.push(DemoUnit { code, kind, parent, name });
        self.units.len() - 1
    }

    fn hire(&mut self, seed: u64, customers: u64) {
        let mut draw = Draw::new(seed, Purpose::Staff, 0);
        let branches: Vec<usize> = (0..self.units.len())
            .filter(|unit| self.units.get(*unit).is_some_and(|u| u.kind == OrgUnitKind::Branch))
            .collect();
        let first_branch = branches.first().copied().unwrap_or_default();
        let first_outlet = self.outlets.first().map(|outlet| outlet.unit).unwrap_or_default();
        for role in Role::ALL {
            let (username, display_name, unit) = match role {
                Role::Rm => ("lin.rm", "林若溪", first_outlet),
                Role::Adviser => ("adviser", "顾知远", first_branch),
                Role::OutletHead => ("chen.head", "陈景行", first_outlet),
                Role::DeputyManager => ("xu.deputy", "徐文澜", first_branch),
                Role::BranchManager => ("zhao.manager", "赵明远", first_branch),
                Role::Teller => ("zhou.teller", "周小禾", first_outlet),
                Role::Service => ("service", "苏念慈", 0),
                Role::Admin => ("admin", "何安平", 0),
                Role::Auditor => ("auditor", "沈静言", 0),
            };
            self.showcase.push(self.users.len());
            self.users.push(DemoUser {
                username: username.to_owned(),
                display_name: display_name.to_owned(),
                role: *role,
                unit,
            });
        }

        let count = |per: u64, most: u64| usize::try_from((customers / per).min(most)).unwrap_or_default();
        self.employ(&mut draw, Role::Auditor, 0, 1);
        self.employ(&mut draw, Role::Service, 0, 1 + count(20_000, 28));
        for branch in &branches {
            let filled = usize::from(*branch == first_branch);
            self.employ(&mut draw, Role::BranchManager, *branch, 1 - filled);
            self.employ(&mut draw, Role::DeputyManager, *branch, 1 - filled);
            self.employ(&mut draw, Role::Adviser, *branch, 2 + count(50_000, 10) - filled);
        }
        let rms = seats(&self.loads(), count(CUSTOMERS_OF_AN_RM, MOST_RMS).max(self.outlets.len()), 1);
        let outlets: Vec<usize> = self.outlets.iter().map(|outlet| outlet.unit).collect();
        for (outlet, rms) in outlets.into_iter().zip(rms) {
            let filled = usize::from(outlet == first_outlet);
            self.employ(&mut draw, Role::OutletHead, outlet, 1 - filled);
            self.employ(&mut draw, Role::Rm, outlet, rms - filled);
            self.employ(&mut draw, Role::Teller, outlet, 1 - filled);
        }

        for outlet in &mut self.outlets {
            for (index, user) in self.users.iter().enumerate() {
                match user.role {
                    Role::Rm if user.unit == outlet.unit => outlet.rms.push(index),
                    Role::OutletHead if user.unit == outlet.unit => outlet.head = Some(index),
                    Role::DeputyManager if user.unit == outlet.branch => outlet.deputy = Some(index),
                    Role::BranchManager if user.unit == outlet.branch => outlet.manager = Some(index),
                    Role::Adviser if user.unit == outlet.branch => outlet.advisers.push(index),
                    _ => {}
                }
            }
        }
    }

    fn employ(&mut self, draw: &mut Draw, role: Role, unit: usize, number: usize) {
        let suffix = match role {
            Role::Rm => "rm",
            Role::Adviser => "adviser",
            Role::OutletHead => "head",
            Role::DeputyManager => "deputy",
            Role::BranchManager => "manager",
            Role::Teller => "teller",
            Role::Service => "service",
            Role::Admin => "admin",
            Role::Auditor => "auditor",
        };
        for _ in 0..number {
            let gender = if draw.in_thousand(520) { Gender::Female } else { Gender::Male };
            let year = draw.between(1970, 2000);
            let name = Name::chinese(draw, gender, year);
            let username = format!("{}.{suffix}{}", name.latin, self.users.len());
            self.users.push(DemoUser { username, display_name: name.full, role, unit });
        }
    }

    /// How many customers each outlet may expect, in thousandths of a thousandth of all.
    fn loads(&self) -> Vec<u64> {
        let mut loads = vec![0; self.outlets.len()];
        for (city, outlets) in CITIES.iter().zip(&self.outlets_of_city) {
            let share = u64::from(city.weight) * 1_000 / u64::try_from(outlets.len().max(1)).unwrap_or(1);
            for outlet in outlets {
                if let Some(load) = loads.get_mut(*outlet) {
                    *load += share;
                }
            }
        }
        loads
    }

    /// The outlet of someone in a city, their relationship manager where they have one, and their maintenance team.
    ///
    /// The team is the tier's: head of the outlet from gold up, deputy manager from platinum, branch manager from diamond;
    /// some have an adviser beside them.
    pub(super) fn place(&self, draw: &mut Draw, city: usize, tier: Tier) -> Place {
        // Drawn in any case, so that the order of draws is the same for every bank.
        let (outlet, rm, owned, adviser, with_adviser) =
            (draw.next(), draw.next(), draw.in_thousand(MASS_WITH_OWNER), draw.next(), draw.in_thousand(350));
        let outlets = self.outlets_of_city.get(city).map(Vec::as_slice).unwrap_or_default();
        let Some(outlet) = nth(outlets, outlet).and_then(|index| self.outlets.get(index)) else {
            return Place::default();
        };
        let owner = if tier > Tier::Mass || owned { nth(&outlet.rms, rm) } else { None };
        let adviser = if with_adviser { nth(&outlet.advisers, adviser) } else { None };
        let members = [
            (Tier::Gold, outlet.head, TeamRole::OutletHead),
            (Tier::Platinum, outlet.deputy, TeamRole::DeputyManager),
            (Tier::Diamond, outlet.manager, TeamRole::BranchManager),
            (Tier::Platinum, adviser, TeamRole::Adviser),
        ];
        let members = members.into_iter().filter(|(from, ..)| tier >= *from);
        let team = members.filter_map(|(_, user, role)| Some((user?, role))).collect();
        Place { unit: outlet.unit, owner, team }
    }
}

/// Customers of a thousand below gold who have a relationship manager all the same.
const MASS_WITH_OWNER: u32 = 400;

/// Where a customer belongs.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub unit: usize,
    pub owner: Option<usize>,
    pub team: Vec<(usize, TeamRole)>,
}

fn nth(items: &[usize], drawn: u32) -> Option<usize> {
    let length = u64::try_from(items.len()).ok()?;
    items.get(usize::try_from((u64::from(drawn) * length) >> 32).ok()?).copied()
}

fn local(zh_cn: impl Into<String>, en: impl Into<String>) -> LocalName {
    LocalName { zh_cn: zh_cn.into(), en: en.into() }
}

/// Shares out seats by weight (method of D'Hondt), each of them at least so many where there are enough.
fn seats(weights: &[u64], total: usize, least: usize) -> Vec<usize> {
    let mut seats = vec![least; weights.len()];
    let quotient =
        |weight: u64, seats: usize| u64::try_from(seats + 1).map_or(0, |next| weight * 1_000 / next);
    for _ in least * weights.len()..total {
        let mut best = None;
        for (index, (weight, seats)) in weights.iter().zip(&seats).enumerate() {
            let quotient = quotient(*weight, *seats);
            if best.is_none_or(|(_, most)| quotient > most) {
                best = Some((index, quotient));
            }
        }
        if let Some(seats) = best.and_then(|(index, _)| seats.get_mut(index)) {
            *seats += 1;
        }
    }
    seats
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use guanxi_api::{NewOrgUnit, NewUser};
    use validator::Validate;

    use super::*;

    fn count(bank: &Bank, kind: OrgUnitKind) -> usize {
        bank.units.iter().filter(|unit| unit.kind == kind).count()
    }

    #[test]
    fn the_bank_grows_with_its_customers() {
        for (customers, branches, sub_branches, outlets, rms) in [
            (1, 3, 6, 12, 12),
            (2_000, 3, 6, 12, 12),
            (100_000, 4, 25, 50, 285),
            (1_000_000, 7, 60, 120, 2_000),
        ] {
            let bank = Bank::new(1, customers);
            assert_eq!(count(&bank, OrgUnitKind::HeadOffice), 1);
            assert_eq!(count(&bank, OrgUnitKind::Branch), branches, "{customers}");
            assert_eq!(count(&bank, OrgUnitKind::SubBranch), sub_branches, "{customers}");
            assert_eq!(count(&bank, OrgUnitKind::Outlet), outlets, "{customers}");
            assert_eq!(bank.users.iter().filter(|user| user.role == Role::Rm).count(), rms, "{customers}");
        }
    }

    #[test]
    fn units_and_users_fit_the_contract_and_have_names_of_their_own() {
        for customers in [2_000, 20_000, 1_000_000] {
            let bank = Bank::new(1, customers);
            let mut seen = HashSet::new();
            for (index, unit) in bank.units.iter().enumerate() {
                assert!(seen.insert(unit.code.clone()) && seen.insert(unit.name.zh_cn.clone()), "{unit:?}");
                assert!(seen.insert(unit.name.en.clone()), "{unit:?}");
                assert_eq!(unit.parent.is_none(), index == 0);
                let parent = unit.parent.map(|parent| bank.units[parent].kind);
                assert!(
                    parent.is_none_or(|parent| parent < unit.kind) && unit.parent.is_none_or(|p| p < index)
                );
                NewOrgUnit {
                    parent_id: uuid::Uuid::nil(),
                    kind: unit.kind,
                    code: unit.code.clone(),
                    name: unit.name.clone(),
                }
                .validate()
                .unwrap();
            }
            for user in &bank.users {
                assert!(seen.insert(user.username.clone()), "{user:?}");
                let first = user.username.starts_with(|c: char| c.is_ascii_lowercase());
                let rest =
                    user.username.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.');
                assert!(first && rest, "{user:?}");
                NewUser {
                    username: user.username.clone(),
                    display_name: user.display_name.clone(),
                    role: user.role,
                    org_unit_id: uuid::Uuid::nil(),
                }
                .validate()
                .unwrap();
                let kind = bank.units[user.unit].kind;
                let expected = match user.role {
                    Role::Rm | Role::OutletHead | Role::Teller => OrgUnitKind::Outlet,
                    Role::Adviser | Role::DeputyManager | Role::BranchManager => OrgUnitKind::Branch,
                    Role::Service | Role::Admin | Role::Auditor => OrgUnitKind::HeadOffice,
                };
                assert_eq!(kind, expected, "{user:?}");
            }
            let roles: Vec<Role> = bank.showcase.iter().map(|index| bank.users[*index].role).collect();
            assert_eq!(roles, Role::ALL);
        }
    }

    #[test]
    fn every_outlet_is_staffed() {
        for customers in [2_000, 1_000_000] {
            for outlet in &Bank::new(1, customers).outlets {
                let leaders = outlet.head.is_some() && outlet.deputy.is_some() && outlet.manager.is_some();
                assert!(leaders && !outlet.rms.is_empty() && !outlet.advisers.is_empty(), "{outlet:?}");
            }
        }
    }

    #[test]
    fn seats_follow_weights() {
        assert_eq!(seats(&[410, 310, 280], 6, 1), [2, 2, 2]);
        assert_eq!(seats(&[900, 50, 50], 6, 1), [4, 1, 1]);
        assert_eq!(seats(&[0, 0, 7], 3, 0), [0, 0, 3]);
        assert_eq!(seats(&[1, 1], 1, 1), [1, 1]);
    }
}
