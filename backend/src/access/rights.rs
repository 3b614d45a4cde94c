//! The policy: which role may do what, whose customers it sees, and what it sees of them. The access test reads the same table.

use guanxi_api::Role::{
    self, Admin, Adviser, Auditor, BranchManager, DeputyManager, OutletHead, Rm, Service, Teller,
};

const EVERYONE: &[Role] = Role::ALL;
const MANAGERS: &[Role] = &[OutletHead, DeputyManager, BranchManager];

macro_rules! rights {
    ($($(#[$meta:meta])* $name:ident = $code:literal, $roles:expr;)+) => {
        /// Something that a user may be allowed to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Right { $($(#[$meta])* $name),+ }

        impl Right {
            pub const ALL: &'static [Right] = &[$(Right::$name),+];

            /// The name that a client is told.
            pub const fn as_str(self) -> &'static str {
                match self { $(Right::$name => $code),+ }
            }

            /// The roles that have it.
            pub const fn roles(self) -> &'static [Role] {
                match self { $(Right::$name => $roles),+ }
            }
        }

        /// The rights as types, so that a handler's signature says what it takes: `May<rights::ViewCustomers>`.
        pub mod kinds {
            use super::Right;

            /// A right as a type.
            pub trait Kind: 'static {
                const RIGHT: Right;
            }
            $(
                #[derive(Debug)]
                pub enum $name {}
                impl Kind for $name {
                    const RIGHT: Right = Right::$name;
                }
            )+
        }
    };
}

rights! {
    /// One's own sessions, password and preferences.
    UseOwnAccount = "account:use", EVERYONE;
    ViewUnits = "units:view", EVERYONE;
    ManageUnits = "units:manage", &[Admin];
    ViewUsers = "users:view", &[OutletHead, DeputyManager, BranchManager, Admin, Auditor];
    ManageUsers = "users:manage", &[Admin];
    ViewCustomers = "customers:view", EVERYONE;
    CreateCustomers = "customers:create", &[Rm, OutletHead, DeputyManager, BranchManager];
    EditCustomers = "customers:edit", &[Rm, OutletHead, DeputyManager, BranchManager];
    ArchiveCustomers = "customers:archive", MANAGERS;
    AssignCustomers = "customers:assign", MANAGERS;
    RevealCustomers = "customers:reveal",
        &[Rm, Adviser, OutletHead, DeputyManager, BranchManager, Service, Auditor];
    ViewCustomerHistory = "customers:history",
        &[Rm, Adviser, OutletHead, DeputyManager, BranchManager, Auditor];
    /// Who belongs together, households, referrals: for those who see customers unmasked.
    ViewRelations = "relations:view", &[Rm, Adviser, OutletHead, DeputyManager, BranchManager, Auditor];
    /// The segments that there are, and their rules.
    ViewSegmentSchemes = "segment_schemes:view", EVERYONE;
    ManageSegments = "segments:manage", &[Admin];
    /// Who is in which segment, and why: for those who see customers unmasked.
    ViewSegments = "segments:view", &[Rm, Adviser, OutletHead, DeputyManager, BranchManager, Auditor];
    /// Trying rules on the customers that one sees.
    PreviewSegments = "segments:preview", &[OutletHead, DeputyManager, BranchManager, Admin, Auditor];
    /// The catalogue of tags.
    ViewTags = "tags:view", EVERYONE;
    /// Adding words to it.
    CreateTags = "tags:create", &[OutletHead, DeputyManager, BranchManager, Admin];
    /// Changing those that are there, and taking them out of use.
    ManageTags = "tags:manage", &[Admin];
    /// Who has which tag: for those who see customers unmasked.
    ViewCustomerTags = "customer_tags:view", &[Rm, Adviser, OutletHead, DeputyManager, BranchManager, Auditor];
    /// How customers are graded.
    ViewGradePolicy = "grade_policy:view", EVERYONE;
    ManageGrades = "grades:manage", &[Admin];
    /// Who is responsible for customers and was, whose care lacks something, who was lost: for those who see customers unmasked.
    ViewOwnership = "ownership:view", &[Rm, Adviser, OutletHead, DeputyManager, BranchManager, Auditor];
    /// Accepting customers that one was assigned.
    SignOwnership = "ownership:sign", &[Rm];
    /// Which roles look after the customers of a tier.
    ViewTeamRules = "team_rules:view", EVERYONE;
    ManageTeamRules = "team_rules:manage", &[Admin];
    ViewHandovers = "handovers:view", &[Rm, OutletHead, DeputyManager, BranchManager, Auditor];
    ProposeHandovers = "handovers:propose", MANAGERS;
    /// Accepting or declining what one is to take.
    AnswerHandovers = "handovers:answer", &[Rm];
    /// Who stands in for whom.
    ViewStandIns = "stand_ins:view", &[Rm, Adviser, OutletHead, DeputyManager, BranchManager, Auditor];
    /// Arranging it: heads and managers for their units, relationship managers for themselves.
    ManageStandIns = "stand_ins:manage", &[Rm, OutletHead, DeputyManager, BranchManager];
    ViewCarePlans = "care_plans:view", &[Rm, Adviser, OutletHead, DeputyManager, BranchManager, Auditor];
    WriteCarePlans = "care_plans:write", &[Rm, OutletHead, DeputyManager, BranchManager];
    /// Planning one's own visits to the customers of one's teams.
    PlanVisits = "visits:plan", MANAGERS;
    /// The customers who have fallen back, and those who are about to.
    ViewPool = "pool:view", &[Rm, OutletHead, DeputyManager, BranchManager, Auditor];
    ClaimCustomers = "pool:claim", &[Rm];
    /// By which rules customers fall back.
    ViewPoolPolicy = "pool_policy:view", EVERYONE;
    ManagePool = "pool_policy:manage", &[Admin];
    /// Customers who may be one, and those that were merged.
    ViewDuplicates = "duplicates:view", &[Rm, OutletHead, DeputyManager, BranchManager, Auditor];
    /// Saying that two customers are two.
    DecideDuplicates = "duplicates:decide", &[Rm, OutletHead, DeputyManager, BranchManager];
    /// Searching the whole bank for them.
    SearchDuplicates = "duplicates:search", &[BranchManager, Admin];
    /// Making one customer of two, and undoing it.
    MergeCustomers = "customers:merge", MANAGERS;
    /// Conflicts between verified fields and what other systems say.
    ViewFieldConflicts = "field_conflicts:view", &[Rm, OutletHead, DeputyManager, BranchManager, Auditor];
    /// Doing something to many customers at once, with the rights that one has on each.
    RunBulkActions = "bulk_actions:run", &[Rm, OutletHead, DeputyManager, BranchManager];
    /// Views of lists: one's own, and those that are shared with one.
    UseViews = "views:use", EVERYONE;
    /// Sharing a view with one's unit and those below.
    ShareViews = "views:share", &[OutletHead, DeputyManager, BranchManager, Admin];
    /// Sharing one with the bank, and keeping order in what is shared.
    PublishViews = "views:publish", &[Admin];
    ViewAudit = "audit:view", &[Auditor];
    ViewReports = "reports:view", &[Rm, Adviser, OutletHead, DeputyManager, BranchManager, Auditor];
    ViewProducts = "products:view", EVERYONE;
    ManageProducts = "products:manage", &[Admin];
    ViewRates = "rates:view", EVERYONE;
    ManageRates = "rates:manage", &[Admin];
    ViewTiers = "tiers:view", EVERYONE;
    ManageTiers = "tiers:manage", &[Admin];
    /// Trying other thresholds on the customers that one sees: nothing is shown but counts and sums.
    SimulateTiers = "tiers:simulate", &[DeputyManager, BranchManager, Admin, Auditor];
    /// For those who see assets unmasked.
    ViewHoldings = "holdings:view", &[Rm, Adviser, OutletHead, DeputyManager, BranchManager, Auditor];
    EditHoldings = "holdings:edit", &[Rm, Adviser, OutletHead, DeputyManager, BranchManager];
    ViewInteractions = "interactions:view",
        &[Rm, Adviser, OutletHead, DeputyManager, BranchManager, Service, Auditor];
    WriteInteractions = "interactions:write",
        &[Rm, Adviser, OutletHead, DeputyManager, BranchManager, Service];
    ViewContactTargets = "contact_targets:view", EVERYONE;
    ManageContactTargets = "contact_targets:manage", &[Admin];
    ViewTasks = "tasks:view", &[Rm, Adviser, OutletHead, DeputyManager, BranchManager, Service, Auditor];
    WriteTasks = "tasks:write", &[Rm, Adviser, OutletHead, DeputyManager, BranchManager, Service];
    /// Questionnaires, surveys, and of invitations, answers and results those of one's own customers.
    ViewSurveys = "surveys:view",
        &[Rm, Adviser, OutletHead, DeputyManager, BranchManager, Service, Admin, Auditor];
    ManageQuestionnaires = "questionnaires:manage", &[OutletHead, DeputyManager, BranchManager, Admin];
    ManageSurveys = "surveys:manage", &[OutletHead, DeputyManager, BranchManager, Admin];
    /// Entering what a customer answered, as in a phone interview.
    AnswerSurveys = "surveys:answer", &[Rm, OutletHead, DeputyManager, BranchManager, Service];
    /// One's own jobs; with the right to the audit trail, all.
    ViewJobs = "jobs:view", &[Rm, OutletHead, DeputyManager, BranchManager, Admin, Auditor];
    CancelJobs = "jobs:cancel", &[Rm, OutletHead, DeputyManager, BranchManager, Admin, Auditor];
    /// Lists as files: those that one works with, of auditors the audit trail.
    RunExports = "export:run", &[Rm, OutletHead, DeputyManager, BranchManager, Auditor];
    /// The same with codes and without the guard against formulas, for other systems.
    ExportRaw = "export:raw", &[OutletHead, DeputyManager, BranchManager, Auditor];
    RunImports = "imports:run", &[OutletHead, DeputyManager, BranchManager, Admin];
    /// Mappings of imports that everybody may use who imports.
    ShareImportMappings = "import_mappings:share", &[DeputyManager, BranchManager, Admin];
}

impl Right {
    pub fn is_given_to(self, role: Role) -> bool {
        self.roles().contains(&role)
    }

    /// The names of everything that a role may do.
    pub fn names_of(role: Role) -> Vec<String> {
        Right::ALL
            .iter()
            .filter(|right| right.is_given_to(role))
            .map(|right| right.as_str().to_owned())
            .collect()
    }
}

/// Whose customers a role sees. A customer without an owner is seen from `Unit` up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// No customer at all: before anyone has signed in.
    Nobody,
    /// Those one owns, and those whose maintenance team one belongs to.
    Team,
    /// Those of one's own unit.
    Unit,
    /// Those of one's unit and all below it.
    Subtree,
    All,
}

impl Reach {
    pub const fn of(role: Role) -> Reach {
        match role {
            Rm | Adviser => Reach::Team,
            OutletHead | Teller => Reach::Unit,
            DeputyManager | BranchManager => Reach::Subtree,
            Service | Admin | Auditor => Reach::All,
        }
    }
}

/// What a role sees masked. Identity numbers and contact points are masked for everyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskProfile {
    Standard,
    /// Also birthday, income, assets, tier, notes and what the customer holds elsewhere: for those who only recognise customers
    /// or run the system.
    Restricted,
}

impl MaskProfile {
    pub const fn of(role: Role) -> MaskProfile {
        match role {
            Teller | Service | Admin => MaskProfile::Restricted,
            Rm | Adviser | OutletHead | DeputyManager | BranchManager | Auditor => MaskProfile::Standard,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_auditor_changes_nothing_and_an_administrator_reveals_nothing() {
        for right in [
            Right::CreateCustomers,
            Right::EditCustomers,
            Right::ArchiveCustomers,
            Right::AssignCustomers,
            Right::EditHoldings,
        ] {
            assert!(!right.is_given_to(Auditor), "{right:?}");
            assert!(!right.is_given_to(Admin), "{right:?}");
            assert!(!right.is_given_to(Teller), "{right:?}");
        }
        // Whoever sees assets masked sees no holdings.
        for role in Role::ALL {
            let masked = MaskProfile::of(*role) == MaskProfile::Restricted;
            assert_eq!(Right::ViewHoldings.is_given_to(*role), !masked, "{role}");
            assert!(!masked || !Right::EditHoldings.is_given_to(*role), "{role}");
        }
        assert!(!Right::RevealCustomers.is_given_to(Admin));
        assert!(Right::RevealCustomers.is_given_to(Auditor));
    }
}
