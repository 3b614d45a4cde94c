use guanxi_api::Role;

use super::policy::{Guard, OPERATIONS, Operation, Target};
use crate::access::rights::{Reach, Right};
use crate::testing::{Client, TestApp};

/// The units of the fixture and what stands above them.
const UNITS: [(&str, Option<&str>); 6] = [
    ("head", None),
    ("a", Some("head")),
    ("a1", Some("a")),
    ("a2", Some("a")),
    ("b", Some("head")),
    ("b1", Some("b")),
];

/// The unit of the fixture's user with a role.
pub fn home(role: Role) -> &'static str {
    match role {
        Role::Rm | Role::Adviser | Role::OutletHead | Role::Teller => "a1",
        Role::DeputyManager | Role::BranchManager => "a",
        Role::Service | Role::Admin | Role::Auditor => "head",
    }
}

pub fn parent(unit: &str) -> Option<&'static str> {
    UNITS.iter().find(|(code, _)| *code == unit).and_then(|(_, parent)| *parent)
}

fn is_within(unit: &str, top: &str) -> bool {
    unit == top || parent(unit).is_some_and(|above| is_within(above, top))
}

macro_rules! positions {
    ($($(#[$meta:meta])* $name:ident,)+) => {
        /// Where the target stands, seen from the caller.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Position { $($(#[$meta])* $name),+ }

        impl Position {
            const ALL: &'static [Position] = &[$(Position::$name),+];
        }
    };
}

positions! {
    /// The operation has no target.
    Nowhere,
    /// The caller's own.
    Own,
    /// The caller is in the team; unit and owner are of another branch.
    Team,
    /// The caller's unit, somebody else's.
    Unit,
    /// The caller's unit, nobody's.
    Unowned,
    /// An outlet beside `a1`.
    Sibling,
    /// The unit above the caller's.
    Parent,
    /// The branch beside `a`.
    SiblingBranch,
    /// An outlet of that branch.
    OtherBranch,
    /// The caller's own, archived.
    Deleted,
    /// Archived in another branch.
    DeletedElsewhere,
}

use Position::{
    Deleted, DeletedElsewhere, Nowhere, OtherBranch, Own, Parent, Sibling, SiblingBranch, Team, Unit, Unowned,
};

pub fn positions(target: Target) -> &'static [Position] {
    match target {
        Target::Nothing | Target::Questionnaire => &[Nowhere],
        Target::Survey => &[Unit, Sibling, Parent, SiblingBranch, OtherBranch],
        Target::Session => &[Own, Unit, OtherBranch],
        Target::Upload
        | Target::NewImport
        | Target::Job
        | Target::BulkJob
        | Target::ImportMapping
        | Target::JobFile
        | Target::JobList => &[Own, OtherBranch],
        // Everywhere that is somewhere.
        Target::Customer
        | Target::CustomerList
        | Target::Holding
        | Target::HoldingList
        | Target::Interaction
        | Target::InteractionList
        | Target::Invitation
        | Target::InvitationList
        | Target::NewInvitation
        | Target::BulkLine
        | Target::NewAnswer
        | Target::AnswerList => Position::ALL.split_at(1).1,
        Target::View | Target::ViewsSeen => &[Own, Unit, Sibling, Parent, SiblingBranch, OtherBranch],
        Target::Product | Target::ProductList => &[Own, Deleted],
        Target::TierPolicy | Target::SegmentScheme | Target::Segment | Target::Tag => &[Own],
        Target::TodayLine => {
            &[Own, Team, Unit, Unowned, Sibling, Parent, SiblingBranch, OtherBranch, Deleted]
        }
        // What is archived of these is not the customer.
        Target::Task
        | Target::TaskList
        | Target::FieldConflict
        | Target::FieldConflictList
        | Target::Duplicate
        | Target::DuplicateList
        | Target::Twins
        | Target::Merge
        | Target::MergeList
        | Target::Related
        | Target::Segmented
        | Target::Tagged
        | Target::Handover
        | Target::HandoverList
        | Target::HandoverToAnswer
        | Target::StandIn
        | Target::StandInList
        | Target::Unplanned
        | Target::CarePlan
        | Target::CarePlanList
        | Target::LeaderVisit
        | Target::LeaderVisitList
        | Target::Pooled
        | Target::PooledList
        | Target::Unsigned
        | Target::Household
        | Target::HouseholdList
        | Target::HouseholdMember => &[Own, Team, Unit, Unowned, Sibling, Parent, SiblingBranch, OtherBranch],
        Target::NewCustomer => &[Unit, Sibling, Parent, SiblingBranch, OtherBranch],
        Target::User | Target::UserList | Target::Unit | Target::UnitList => {
            &[Unit, Sibling, Parent, SiblingBranch, OtherBranch, Deleted, DeletedElsewhere]
        }
    }
}

/// Who calls; without a role, nobody that is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller(pub Option<Role>);

impl Caller {
    pub fn home(self) -> &'static str {
        self.0.map_or("a1", home)
    }

    pub fn username(self) -> Option<&'static str> {
        self.0.map(Role::as_str)
    }

    pub fn client(self, app: &TestApp) -> Client {
        self.username().map_or_else(|| app.anonymous(), |name| app.user(name))
    }
}

/// What a target is like.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub unit: &'static str,
    pub owner: Option<&'static str>,
    pub in_team: bool,
    pub archived: bool,
}

pub fn place(caller: Caller, position: Position) -> Place {
    let unit = caller.home();
    let of = |unit, owner| Place { unit, owner, in_team: false, archived: false };
    match position {
        Nowhere | Own => of(unit, caller.username()),
        Team => Place { in_team: true, ..of("b1", Some("rm_b1")) },
        Unit => of(unit, Some("rm2")),
        Unowned => of(unit, None),
        Sibling => of("a2", Some("rm_a2")),
        Parent => of(parent(unit).unwrap_or(unit), None),
        SiblingBranch => of("b", None),
        OtherBranch => of("b1", Some("rm_b1")),
        Deleted => Place { archived: true, ..of(unit, caller.username()) },
        DeletedElsewhere => Place { archived: true, ..of("b1", Some("rm_b1")) },
    }
}

/// Whether the policy lets a role see a customer.
pub fn sees_customer(role: Role, place: &Place) -> bool {
    match Reach::of(role) {
        Reach::Nobody => false,
        Reach::Team => place.owner == Some(role.as_str()) || place.in_team,
        Reach::Unit => place.unit == home(role),
        Reach::Subtree => is_within(place.unit, home(role)),
        Reach::All => true,
    }
}

/// Whether the policy lets a role see a task about a customer at this place, which is its owner's.
pub fn sees_task(role: Role, place: &Place) -> bool {
    let own = place.owner == Some(role.as_str());
    sees_customer(role, place) && (role != Role::Service || own)
}

/// Whether the policy lets a role see a handover from who owns the customers of this place to whoever is in their team.
pub fn sees_handover(role: Role, place: &Place) -> bool {
    match Reach::of(role) {
        Reach::Team => place.owner == Some(role.as_str()) || place.in_team,
        Reach::Unit | Reach::Subtree => is_within(place.unit, home(role)),
        Reach::All => true,
        Reach::Nobody => false,
    }
}

/// Whether the policy lets a role see who stands in for the owner of this place.
pub fn sees_stand_in(role: Role, place: &Place) -> bool {
    sees_user(role, place.unit) || place.owner == Some(role.as_str()) || place.in_team
}

/// Whether the policy lets a role see what is in the pool of this place.
pub fn sees_pool(role: Role, place: &Place) -> bool {
    sees_user(role, place.unit)
}

/// Whether the policy lets a role change a contact with a customer at this place, whose author is the customer's owner.
fn writes_contact(role: Role, place: &Place) -> bool {
    Right::AssignCustomers.roles().contains(&role) || place.owner == Some(role.as_str())
}

/// Whether the policy lets a role place customers in a unit.
pub fn places_in(role: Role, unit: &str) -> bool {
    match Reach::of(role) {
        Reach::Nobody => false,
        Reach::Team | Reach::Unit => unit == home(role),
        Reach::Subtree => is_within(unit, home(role)),
        Reach::All => true,
    }
}

/// Whether the policy lets a role see a user of a unit.
pub fn sees_user(role: Role, unit: &str) -> bool {
    Reach::of(role) == Reach::All || is_within(unit, home(role))
}

/// Whether a role sees a view that is shared with the unit of a place, or is its own.
pub fn sees_shared(role: Role, position: Position, place: &Place) -> bool {
    position == Own || role == Role::Admin || is_within(home(role), place.unit)
}

pub fn sees_view(role: Role, cell: &Cell) -> bool {
    sees_shared(role, cell.position, &cell.place())
}

/// What the policy says of a cell.
fn expected(operation: &Operation, caller: Caller, position: Position) -> u16 {
    let place = place(caller, position);
    let role = match (operation.guard, caller.0) {
        (Guard::Public, _) | (Guard::Cookie, Some(_)) => return operation.answers,
        (Guard::Cookie | Guard::Needs(_), None) => return 401,
        (Guard::Needs(right), Some(role)) if !right.roles().contains(&role) => return 403,
        (Guard::Needs(_), Some(role)) => role,
    };
    let refused = match operation.target {
        // Everybody knows the bank's units, products, tiers, segments and tags.
        Target::Nothing
        | Target::CustomerList
        | Target::UserList
        | Target::UnitList
        | Target::Unit
        | Target::Product
        | Target::ProductList
        | Target::TierPolicy
        | Target::SegmentScheme
        | Target::Segment
        | Target::Tag
        | Target::HoldingList
        | Target::JobList
        | Target::ViewsSeen => None,
        Target::View if !sees_shared(role, position, &place) => Some(404),
        Target::View if position == Own || role == Role::Admin => None,
        Target::View => (["PATCH", "DELETE"].contains(&operation.method)
            && !operation.path.ends_with("/default"))
        .then_some(403),
        Target::InteractionList
        | Target::TaskList
        | Target::FieldConflictList
        | Target::DuplicateList
        | Target::MergeList
        | Target::HandoverList
        | Target::StandInList
        | Target::CarePlanList
        | Target::LeaderVisitList
        | Target::HouseholdList
        | Target::PooledList => None,
        Target::StandIn if !sees_stand_in(role, &place) => Some(404),
        Target::StandIn if operation.only_reads() || place.owner == Some(role.as_str()) => None,
        Target::StandIn => (Reach::of(role) == Reach::Team || !sees_user(role, place.unit)).then_some(403),
        Target::Unplanned | Target::CarePlan => (!sees_customer(role, &place)).then_some(404),
        Target::LeaderVisit if !sees_customer(role, &place) => Some(404),
        Target::LeaderVisit => (place.owner != Some(role.as_str()) && !place.in_team).then_some(403),
        Target::Pooled => (!sees_pool(role, &place)).then_some(404),
        Target::Handover => (!sees_handover(role, &place)).then_some(404),
        // Whoever hands over sees it, and answers nothing.
        Target::HandoverToAnswer if place.in_team => None,
        Target::HandoverToAnswer => Some(if sees_handover(role, &place) { 403 } else { 404 }),
        Target::Unsigned if !sees_customer(role, &place) => Some(404),
        // One outlet has a head, whom its customers lack.
        Target::Unsigned if operation.path.ends_with("/completion") => (place.unit != "a1").then_some(409),
        Target::Unsigned => {
            (operation.path.ends_with("/signature") && place.owner != Some(role.as_str())).then_some(403)
        }
        Target::Interaction if !sees_customer(role, &place) => Some(404),
        Target::Interaction => (operation.method != "GET" && !writes_contact(role, &place)).then_some(403),
        Target::TodayLine => {
            (place.owner != Some(role.as_str()) || !sees_customer(role, &place) || place.archived)
                .then_some(404)
        }
        Target::Task => (!sees_task(role, &place)).then_some(404),
        Target::Questionnaire | Target::InvitationList | Target::AnswerList => None,
        // Customers that the caller does not see are skipped, and named as such.
        Target::NewInvitation => None,
        Target::Survey => (!operation.only_reads() && !sees_user(role, place.unit)).then_some(403),
        Target::Invitation => (!sees_customer(role, &place)).then_some(404),
        Target::NewAnswer => (!sees_customer(role, &place) || place.archived).then_some(422),
        Target::Session | Target::Upload | Target::ImportMapping => (position != Own).then_some(404),
        Target::Job if position != Own && role == Role::Auditor => {
            (operation.path.ends_with("/cancel")).then_some(403)
        }
        Target::Job | Target::BulkJob | Target::JobFile => (position != Own).then_some(404),
        Target::NewImport => (position != Own).then_some(422),
        Target::HouseholdMember => (!sees_customer(role, &place)).then_some(422),
        Target::Customer
        | Target::Holding
        | Target::FieldConflict
        | Target::Duplicate
        | Target::Twins
        | Target::Merge
        | Target::Related
        | Target::Segmented
        | Target::Tagged
        | Target::Household => (!sees_customer(role, &place)).then_some(404),
        Target::NewCustomer => (!places_in(role, place.unit)).then_some(422),
        Target::BulkLine => (!sees_customer(role, &place)).then_some(422),
        Target::User => (!sees_user(role, place.unit)).then_some(404),
    };
    let takes_no_archived =
        operation.path.ends_with("/archive") || operation.path.ends_with("/reset-password");
    let conflict = (place.archived && takes_no_archived).then_some(409);
    refused.or(conflict).unwrap_or(operation.answers)
}

/// One cell of the matrix.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    pub operation: &'static Operation,
    pub caller: Caller,
    pub position: Position,
    pub status: u16,
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let role = self.caller.0.map_or("nobody", Role::as_str);
        write!(f, "{} as {role}, {:?}", self.operation, self.position)
    }
}

impl Cell {
    /// Refused, or one that only looks: the database is the same after it.
    pub fn leaves_everything(&self) -> bool {
        self.status >= 400 || self.operation.only_reads()
    }

    pub fn place(&self) -> Place {
        let place = place(self.caller, self.position);
        // What is to be restored has to be archived, what is to be opened again has to be done.
        let undoes = ["/restore", "/reopen"].iter().any(|end| self.operation.path.ends_with(end));
        let archived = place.archived || (undoes && !self.leaves_everything());
        Place { archived, ..place }
    }
}

pub fn cells() -> Vec<Cell> {
    let callers = Role::ALL.iter().copied().map(Some).chain([None]).map(Caller);
    let mut cells = Vec::new();
    for caller in callers {
        for operation in OPERATIONS {
            for position in positions(operation.target) {
                let status = expected(operation, caller, *position);
                cells.push(Cell { operation, caller, position: *position, status });
            }
        }
    }
    cells
}
