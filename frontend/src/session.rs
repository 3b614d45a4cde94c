//! Who is signed in.

use std::rc::Rc;

use guanxi_api::{Me, Role};
use yew::prelude::*;

/// Whether anyone is signed in, as far as is known.
#[derive(Clone, PartialEq)]
pub enum Session {
    /// The browser was signed in before; the server is being asked.
    Starting,
    SignedOut,
    SignedIn(Rc<Me>),
}

/// The session and the way to change it.
#[derive(Clone, PartialEq)]
pub struct SessionContext {
    pub now: Session,
    pub set: Callback<Session>,
}

/// The session of the page.
#[hook]
pub fn use_session() -> SessionContext {
    use_context::<SessionContext>()
        .unwrap_or_else(|| SessionContext { now: Session::SignedOut, set: Callback::noop() })
}

/// The signed-in user. Pages inside the shell always have one.
#[hook]
pub fn use_me() -> Option<Rc<Me>> {
    match use_session().now {
        Session::SignedIn(me) => Some(me),
        _ => None,
    }
}

/// Whether a user has a right.
pub fn may(me: &Me, right: &str) -> bool {
    me.rights.iter().any(|held| held == right)
}

/// Whether a user recognises customers or runs the system, and sees no tiers and assets.
pub fn sees_masked(me: &Me) -> bool {
    matches!(me.role, Role::Teller | Role::Service | Role::Admin)
}

/// The rights that pages ask for.
pub mod right {
    pub const CREATE_CUSTOMERS: &str = "customers:create";
    pub const EDIT_CUSTOMERS: &str = "customers:edit";
    pub const ARCHIVE_CUSTOMERS: &str = "customers:archive";
    pub const ASSIGN_CUSTOMERS: &str = "customers:assign";
    pub const REVEAL_CUSTOMERS: &str = "customers:reveal";
    pub const VIEW_CUSTOMER_HISTORY: &str = "customers:history";
    pub const MANAGE_UNITS: &str = "units:manage";
    pub const VIEW_USERS: &str = "users:view";
    pub const MANAGE_USERS: &str = "users:manage";
    pub const VIEW_AUDIT: &str = "audit:view";
    pub const MANAGE_PRODUCTS: &str = "products:manage";
    pub const VIEW_RATES: &str = "rates:view";
    pub const MANAGE_RATES: &str = "rates:manage";
    pub const VIEW_TIERS: &str = "tiers:view";
    pub const MANAGE_TIERS: &str = "tiers:manage";
    pub const SIMULATE_TIERS: &str = "tiers:simulate";
    pub const VIEW_GRADES: &str = "grade_policy:view";
    pub const MANAGE_GRADES: &str = "grades:manage";
    pub const VIEW_HOLDINGS: &str = "holdings:view";
    pub const EDIT_HOLDINGS: &str = "holdings:edit";
    pub const VIEW_INTERACTIONS: &str = "interactions:view";
    pub const WRITE_INTERACTIONS: &str = "interactions:write";
    pub const VIEW_TASKS: &str = "tasks:view";
    pub const WRITE_TASKS: &str = "tasks:write";
    pub const VIEW_SURVEYS: &str = "surveys:view";
    pub const MANAGE_QUESTIONNAIRES: &str = "questionnaires:manage";
    pub const MANAGE_SURVEYS: &str = "surveys:manage";
    pub const ANSWER_SURVEYS: &str = "surveys:answer";
    pub const VIEW_FIELD_CONFLICTS: &str = "field_conflicts:view";
    pub const VIEW_RELATIONS: &str = "relations:view";
    pub const VIEW_DUPLICATES: &str = "duplicates:view";
    pub const DECIDE_DUPLICATES: &str = "duplicates:decide";
    pub const SEARCH_DUPLICATES: &str = "duplicates:search";
    pub const MERGE_CUSTOMERS: &str = "customers:merge";
    pub const VIEW_OWNERSHIP: &str = "ownership:view";
    pub const SIGN_OWNERSHIP: &str = "ownership:sign";
    pub const VIEW_TEAM_RULES: &str = "team_rules:view";
    pub const MANAGE_TEAM_RULES: &str = "team_rules:manage";
    pub const VIEW_STAND_INS: &str = "stand_ins:view";
    pub const MANAGE_STAND_INS: &str = "stand_ins:manage";
    pub const VIEW_CARE_PLANS: &str = "care_plans:view";
    pub const WRITE_CARE_PLANS: &str = "care_plans:write";
    pub const PLAN_VISITS: &str = "visits:plan";
    pub const VIEW_POOL: &str = "pool:view";
    pub const CLAIM_CUSTOMERS: &str = "pool:claim";
    pub const MANAGE_POOL: &str = "pool_policy:manage";
    pub const VIEW_HANDOVERS: &str = "handovers:view";
    pub const PROPOSE_HANDOVERS: &str = "handovers:propose";
    pub const ANSWER_HANDOVERS: &str = "handovers:answer";
    pub const VIEW_SEGMENT_SCHEMES: &str = "segment_schemes:view";
    pub const VIEW_SEGMENTS: &str = "segments:view";
    pub const MANAGE_SEGMENTS: &str = "segments:manage";
    pub const PREVIEW_SEGMENTS: &str = "segments:preview";
    pub const CREATE_TAGS: &str = "tags:create";
    pub const MANAGE_TAGS: &str = "tags:manage";
    pub const VIEW_CUSTOMER_TAGS: &str = "customer_tags:view";
    pub const RUN_BULK_ACTIONS: &str = "bulk_actions:run";
    pub const SHARE_VIEWS: &str = "views:share";
    pub const PUBLISH_VIEWS: &str = "views:publish";
    pub const VIEW_REPORTS: &str = "reports:view";
    pub const VIEW_TARGETS: &str = "contact_targets:view";
    pub const MANAGE_TARGETS: &str = "contact_targets:manage";
    pub const RUN_IMPORTS: &str = "imports:run";
    pub const SHARE_MAPPINGS: &str = "import_mappings:share";
    pub const VIEW_JOBS: &str = "jobs:view";
    pub const CANCEL_JOBS: &str = "jobs:cancel";
    pub const RUN_EXPORTS: &str = "export:run";
    pub const EXPORT_RAW: &str = "export:raw";
}
