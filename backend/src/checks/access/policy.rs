use std::collections::BTreeSet;

use serde_json::Value;

use crate::access::rights::Right;

/// Who may call an operation at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Anybody.
    Public,
    /// Whoever has a refresh cookie.
    Cookie,
    /// The roles that the policy gives the right.
    Needs(Right),
}

/// What an operation is done to, which decides what "outside the scope" means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Nothing,
    Session,
    Customer,
    CustomerList,
    FieldConflict,
    FieldConflictList,
    /// A relation of a customer with one whom everybody sees.
    Related,
    /// Of one customer.
    Household,
    HouseholdList,
    /// A customer to be put into one.
    HouseholdMember,
    NewCustomer,
    User,
    UserList,
    Unit,
    UnitList,
    Product,
    ProductList,
    /// A policy of tiers that is planned.
    TierPolicy,
    SegmentScheme,
    Segment,
    /// A customer of whom somebody has decided in which segment it is.
    Segmented,
    /// A tag of the catalogue.
    Tag,
    /// A customer with a tag.
    Tagged,
    /// From who owns the customers of its place, or a colleague there, to whoever is in the team, or somebody of another branch.
    Handover,
    HandoverList,
    /// The same, to be answered by who is to take it.
    HandoverToAnswer,
    /// Of who owns the customers of its place, or a colleague there, by whoever is in the team, or somebody of another branch.
    StandIn,
    StandInList,
    /// A customer who has no care plan, and one who has.
    Unplanned,
    CarePlan,
    CarePlanList,
    /// To be made by the caller where they own the customer or are in its team.
    LeaderVisit,
    LeaderVisitList,
    /// A customer of the place's unit whom nobody owns.
    Pooled,
    PooledList,
    /// Two customers of one place who may be one.
    Duplicate,
    DuplicateList,
    /// A customer that another one of its place may be merged into.
    Twins,
    /// One that was.
    Merge,
    MergeList,
    /// A customer of whom nobody has signed, to be signed for by the owner.
    Unsigned,
    Holding,
    HoldingList,
    Interaction,
    InteractionList,
    Task,
    TaskList,
    /// A contact that is due with a customer, which only its owner has in the list.
    TodayLine,
    /// One of everybody who has the right.
    Questionnaire,
    /// Seen by everybody who has the right, changed by those whose units hold it.
    Survey,
    /// Of a customer, through the survey.
    Invitation,
    InvitationList,
    NewInvitation,
    /// A customer, named by a line of a bulk call that is done whole or not at all.
    BulkLine,
    NewAnswer,
    AnswerList,
    /// A view of a list: the caller's own, else shared with the unit of its place.
    View,
    ViewsSeen,
    /// A file that somebody sent in.
    Upload,
    /// What somebody has kept of an import under a name.
    ImportMapping,
    /// An import of a file.
    NewImport,
    Job,
    /// A bulk action that has ended.
    BulkJob,
    /// What a job has made, which nobody gets but who started it.
    JobFile,
    JobList,
}

/// One operation of the API.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    pub method: &'static str,
    /// Below `/api/v1`, as the OpenAPI document has it.
    pub path: &'static str,
    pub guard: Guard,
    pub target: Target,
    /// The status when it is allowed.
    pub answers: u16,
}

impl Operation {
    /// Whether it is done to the one policy of its kind, from a version of it.
    pub fn sets_a_policy(&self) -> bool {
        self.method == "PUT" && !self.path.contains('{')
    }

    /// Whether its body is lines of JSON.
    pub fn takes_lines(&self) -> bool {
        self.path.starts_with("/bulk/")
    }

    /// Whether it must have an idempotency key.
    pub fn starts_a_job(&self) -> bool {
        ["/jobs/imports", "/jobs/exports", "/jobs/duplicate-searches", "/customers/bulk-actions"]
            .contains(&self.path)
            || ["/corrections", "/undo"].iter().any(|end| self.path.ends_with(end))
    }

    /// Whether it leaves the database as it was.
    pub fn only_reads(&self) -> bool {
        self.method == "GET"
            || ["/search", "/simulation", "/preview", "/duplicate-check"]
                .iter()
                .any(|end| self.path.ends_with(end))
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

const fn op(
    method: &'static str,
    path: &'static str,
    guard: Guard,
    target: Target,
    answers: u16,
) -> Operation {
    Operation { method, path, guard, target, answers }
}

use Guard::{Cookie, Needs, Public};
use Right::*;
use Target::*;

/// Every operation of the API and the right that it takes. A route that is missing here fails `b2`.
pub const OPERATIONS: &[Operation] = &[
    op("POST", "/auth/sign-in", Public, Nothing, 200),
    op("POST", "/auth/refresh", Cookie, Nothing, 200),
    op("POST", "/auth/sign-out", Public, Nothing, 204),
    op("POST", "/auth/sign-out-everywhere", Needs(UseOwnAccount), Nothing, 204),
    op("POST", "/auth/password", Needs(UseOwnAccount), Nothing, 204),
    op("GET", "/auth/sessions", Needs(UseOwnAccount), Nothing, 200),
    op("POST", "/auth/sessions/{id}/revoke", Needs(UseOwnAccount), Session, 204),
    op("GET", "/auth/jwks", Public, Nothing, 200),
    op("GET", "/me", Needs(UseOwnAccount), Nothing, 200),
    op("PATCH", "/me/preferences", Needs(UseOwnAccount), Nothing, 200),
    op("GET", "/org-units", Needs(ViewUnits), UnitList, 200),
    op("POST", "/org-units", Needs(ManageUnits), Nothing, 201),
    op("GET", "/org-units/{id}", Needs(ViewUnits), Unit, 200),
    op("PATCH", "/org-units/{id}", Needs(ManageUnits), Unit, 200),
    op("POST", "/org-units/{id}/archive", Needs(ManageUnits), Unit, 200),
    op("POST", "/org-units/{id}/restore", Needs(ManageUnits), Unit, 200),
    op("GET", "/org-units/{id}/history", Needs(ViewUnits), Unit, 200),
    op("GET", "/users", Needs(ViewUsers), UserList, 200),
    op("POST", "/users", Needs(ManageUsers), Nothing, 201),
    op("GET", "/users/{id}", Needs(ViewUsers), User, 200),
    op("PATCH", "/users/{id}", Needs(ManageUsers), User, 200),
    op("POST", "/users/{id}/archive", Needs(ManageUsers), User, 200),
    op("POST", "/users/{id}/restore", Needs(ManageUsers), User, 200),
    op("POST", "/users/{id}/reset-password", Needs(ManageUsers), User, 200),
    op("GET", "/users/{id}/history", Needs(ViewUsers), User, 200),
    op("GET", "/customers", Needs(ViewCustomers), CustomerList, 200),
    op("POST", "/customers", Needs(CreateCustomers), NewCustomer, 201),
    op("POST", "/customers/search", Needs(ViewCustomers), CustomerList, 200),
    op("PUT", "/customers/by-external/{source}/{external_id}", Needs(EditCustomers), Customer, 200),
    op("POST", "/bulk/customers", Needs(EditCustomers), BulkLine, 200),
    op("GET", "/customers/{id}", Needs(ViewCustomers), Customer, 200),
    op("PATCH", "/customers/{id}", Needs(EditCustomers), Customer, 200),
    op("GET", "/customers/{id}/overview", Needs(ViewCustomers), Customer, 200),
    op("POST", "/customers/{id}/archive", Needs(ArchiveCustomers), Customer, 200),
    op("POST", "/customers/{id}/restore", Needs(ArchiveCustomers), Customer, 200),
    op("GET", "/customers/{id}/history", Needs(ViewCustomerHistory), Customer, 200),
    op("POST", "/customers/{id}/reveal", Needs(RevealCustomers), Customer, 200),
    op("POST", "/customers/{id}/assign", Needs(AssignCustomers), Customer, 200),
    op("PUT", "/customers/{id}/team", Needs(AssignCustomers), Customer, 200),
    op("POST", "/customers/{id}/contact-points", Needs(EditCustomers), Customer, 200),
    op("PATCH", "/customers/{id}/contact-points/{contact_point_id}", Needs(EditCustomers), Customer, 200),
    op("DELETE", "/customers/{id}/contact-points/{contact_point_id}", Needs(EditCustomers), Customer, 200),
    op("PUT", "/customers/{id}/external-ids/{source}", Needs(EditCustomers), Customer, 200),
    op("DELETE", "/customers/{id}/external-ids/{source}", Needs(EditCustomers), Customer, 200),
    op("GET", "/customers/{id}/fields", Needs(ViewCustomers), Customer, 200),
    op("PUT", "/customers/{id}/fields/{field}/verification", Needs(EditCustomers), Customer, 200),
    op("GET", "/customers/{id}/fields/{field}/history", Needs(ViewCustomerHistory), Customer, 200),
    op("GET", "/field-conflicts", Needs(ViewFieldConflicts), FieldConflictList, 200),
    op("GET", "/field-conflicts/{id}", Needs(ViewFieldConflicts), FieldConflict, 200),
    op("POST", "/field-conflicts/{id}/resolve", Needs(EditCustomers), FieldConflict, 200),
    op("GET", "/reports/portfolio", Needs(ViewReports), Nothing, 200),
    op("GET", "/reports/data-quality", Needs(ViewReports), Nothing, 200),
    op("GET", "/reports/contacts", Needs(ViewReports), Nothing, 200),
    op("GET", "/reports/maturities", Needs(ViewReports), Nothing, 200),
    op("GET", "/reports/satisfaction", Needs(ViewReports), Nothing, 200),
    op("GET", "/audit-entries", Needs(ViewAudit), Nothing, 200),
    op("POST", "/customers/bulk-actions", Needs(RunBulkActions), Nothing, 202),
    op("POST", "/customers/bulk-actions/{id}/undo", Needs(RunBulkActions), BulkJob, 202),
    op("GET", "/tags", Needs(ViewTags), Nothing, 200),
    op("POST", "/tags", Needs(CreateTags), Nothing, 201),
    op("GET", "/tags/{id}", Needs(ViewTags), Tag, 200),
    op("PATCH", "/tags/{id}", Needs(ManageTags), Tag, 200),
    op("POST", "/tags/{id}/archive", Needs(ManageTags), Tag, 200),
    op("POST", "/tags/{id}/restore", Needs(ManageTags), Tag, 200),
    op("GET", "/tags/{id}/history", Needs(ViewTags), Tag, 200),
    op("GET", "/customers/{id}/tags", Needs(ViewCustomerTags), Customer, 200),
    op("PUT", "/customers/{id}/tags/{tag_id}", Needs(EditCustomers), Tagged, 200),
    op("DELETE", "/customers/{id}/tags/{tag_id}", Needs(EditCustomers), Tagged, 200),
    op("GET", "/views", Needs(UseViews), ViewsSeen, 200),
    op("POST", "/views", Needs(UseViews), Nothing, 201),
    op("GET", "/views/{id}", Needs(UseViews), View, 200),
    op("PATCH", "/views/{id}", Needs(UseViews), View, 200),
    op("DELETE", "/views/{id}", Needs(UseViews), View, 204),
    op("PUT", "/views/{id}/default", Needs(UseViews), View, 200),
    op("DELETE", "/views/{id}/default", Needs(UseViews), View, 200),
    op("GET", "/customers/{id}/ownership", Needs(ViewOwnership), Customer, 200),
    op("POST", "/customers/{id}/ownership/signature", Needs(SignOwnership), Unsigned, 200),
    op("POST", "/customers/{id}/team/completion", Needs(AssignCustomers), Unsigned, 200),
    op("GET", "/customer-losses", Needs(ViewOwnership), Nothing, 200),
    op("GET", "/team-rules", Needs(ViewTeamRules), Nothing, 200),
    op("PUT", "/team-rules", Needs(ManageTeamRules), Nothing, 200),
    op("GET", "/care-gaps", Needs(ViewOwnership), Nothing, 200),
    op("GET", "/handovers", Needs(ViewHandovers), HandoverList, 200),
    op("POST", "/handovers", Needs(ProposeHandovers), Nothing, 201),
    op("GET", "/handovers/{id}", Needs(ViewHandovers), Handover, 200),
    op("GET", "/handovers/{id}/customers", Needs(ViewHandovers), Handover, 200),
    op("POST", "/handovers/{id}/acceptance", Needs(AnswerHandovers), HandoverToAnswer, 200),
    op("POST", "/handovers/{id}/cancel", Needs(ProposeHandovers), Handover, 200),
    op("GET", "/stand-ins", Needs(ViewStandIns), StandInList, 200),
    op("POST", "/stand-ins", Needs(ManageStandIns), Nothing, 201),
    op("GET", "/stand-ins/{id}", Needs(ViewStandIns), StandIn, 200),
    op("PATCH", "/stand-ins/{id}", Needs(ManageStandIns), StandIn, 200),
    op("POST", "/stand-ins/{id}/end", Needs(ManageStandIns), StandIn, 200),
    op("GET", "/care-plans", Needs(ViewCarePlans), CarePlanList, 200),
    op("POST", "/customers/{id}/care-plans", Needs(WriteCarePlans), Unplanned, 201),
    op("GET", "/care-plans/{id}", Needs(ViewCarePlans), CarePlan, 200),
    op("PATCH", "/care-plans/{id}", Needs(WriteCarePlans), CarePlan, 200),
    op("POST", "/care-plans/{id}/steps", Needs(WriteCarePlans), CarePlan, 200),
    op("POST", "/care-plans/{id}/end", Needs(WriteCarePlans), CarePlan, 200),
    op("GET", "/leader-visits", Needs(ViewOwnership), LeaderVisitList, 200),
    op("POST", "/leader-visits/{id}/plan", Needs(PlanVisits), LeaderVisit, 200),
    op("GET", "/pool", Needs(ViewPool), PooledList, 200),
    op("POST", "/pool/{id}/claim", Needs(ClaimCustomers), Pooled, 200),
    op("GET", "/pool-warnings", Needs(ViewPool), Nothing, 200),
    op("GET", "/pool-policy", Needs(ViewPoolPolicy), Nothing, 200),
    op("PUT", "/pool-policy", Needs(ManagePool), Nothing, 200),
    op("GET", "/duplicates", Needs(ViewDuplicates), DuplicateList, 200),
    op("GET", "/duplicates/{id}", Needs(ViewDuplicates), Duplicate, 200),
    op("POST", "/duplicates/{id}/dismissal", Needs(DecideDuplicates), Duplicate, 200),
    op("POST", "/duplicates/{id}/reopen", Needs(DecideDuplicates), Duplicate, 200),
    op("POST", "/jobs/duplicate-searches", Needs(SearchDuplicates), Nothing, 202),
    op("POST", "/customers/duplicate-check", Needs(CreateCustomers), Nothing, 200),
    op("GET", "/customers/{id}/merge-preview", Needs(MergeCustomers), Twins, 200),
    op("POST", "/customers/{id}/merge", Needs(MergeCustomers), Twins, 201),
    op("GET", "/customer-merges", Needs(ViewDuplicates), MergeList, 200),
    op("GET", "/customer-merges/{id}", Needs(ViewDuplicates), Merge, 200),
    op("POST", "/customer-merges/{id}/undo", Needs(MergeCustomers), Merge, 200),
    op("GET", "/segment-schemes", Needs(ViewSegmentSchemes), Nothing, 200),
    op("POST", "/segment-schemes", Needs(ManageSegments), Nothing, 201),
    op("GET", "/segment-schemes/{id}", Needs(ViewSegmentSchemes), SegmentScheme, 200),
    op("PUT", "/segment-schemes/{id}", Needs(ManageSegments), SegmentScheme, 200),
    op("POST", "/segment-schemes/{id}/archive", Needs(ManageSegments), SegmentScheme, 200),
    op("POST", "/segment-schemes/{id}/restore", Needs(ManageSegments), SegmentScheme, 200),
    op("POST", "/segment-schemes/{id}/segments", Needs(ManageSegments), SegmentScheme, 201),
    op("POST", "/segments/preview", Needs(PreviewSegments), Nothing, 200),
    op("GET", "/segments/{id}", Needs(ViewSegmentSchemes), Segment, 200),
    op("PUT", "/segments/{id}", Needs(ManageSegments), Segment, 200),
    op("POST", "/segments/{id}/archive", Needs(ManageSegments), Segment, 200),
    op("POST", "/segments/{id}/restore", Needs(ManageSegments), Segment, 200),
    op("GET", "/customers/{id}/segments", Needs(ViewSegments), Customer, 200),
    op("PUT", "/customers/{id}/segments/{scheme_id}", Needs(EditCustomers), Segmented, 200),
    op("DELETE", "/customers/{id}/segments/{scheme_id}", Needs(EditCustomers), Segmented, 200),
    op("GET", "/reports/segments", Needs(ViewReports), Nothing, 200),
    op("GET", "/grade-policy", Needs(ViewGradePolicy), Nothing, 200),
    op("PUT", "/grade-policy", Needs(ManageGrades), Nothing, 200),
    op("GET", "/customers/{id}/grade", Needs(ViewHoldings), Customer, 200),
    op("GET", "/reports/value", Needs(ViewReports), Nothing, 200),
    op("GET", "/tiers", Needs(ViewTiers), Nothing, 200),
    op("PUT", "/tiers", Needs(ManageTiers), Nothing, 200),
    op("POST", "/tiers/simulation", Needs(SimulateTiers), Nothing, 200),
    op("GET", "/tier-policies", Needs(ViewTiers), Nothing, 200),
    op("POST", "/tier-policies", Needs(ManageTiers), Nothing, 201),
    op("GET", "/tier-policies/{id}", Needs(ViewTiers), TierPolicy, 200),
    op("PUT", "/tier-policies/{id}", Needs(ManageTiers), TierPolicy, 200),
    op("DELETE", "/tier-policies/{id}", Needs(ManageTiers), TierPolicy, 204),
    op("GET", "/customers/{id}/tier-history", Needs(ViewHoldings), Customer, 200),
    op("GET", "/products", Needs(ViewProducts), ProductList, 200),
    op("POST", "/products", Needs(ManageProducts), Nothing, 201),
    op("GET", "/products/{id}", Needs(ViewProducts), Product, 200),
    op("PATCH", "/products/{id}", Needs(ManageProducts), Product, 200),
    op("POST", "/products/{id}/archive", Needs(ManageProducts), Product, 200),
    op("POST", "/products/{id}/restore", Needs(ManageProducts), Product, 200),
    op("GET", "/products/{id}/history", Needs(ViewProducts), Product, 200),
    op("GET", "/exchange-rates", Needs(ViewRates), Nothing, 200),
    op("POST", "/exchange-rates", Needs(ManageRates), Nothing, 201),
    op("GET", "/holdings", Needs(ViewHoldings), HoldingList, 200),
    op("GET", "/customers/{id}/holdings", Needs(ViewHoldings), Customer, 200),
    op("POST", "/customers/{id}/holdings", Needs(EditHoldings), Customer, 201),
    op("GET", "/customers/{id}/transactions", Needs(ViewHoldings), Customer, 200),
    op("GET", "/holdings/{id}", Needs(ViewHoldings), Holding, 200),
    op("PATCH", "/holdings/{id}", Needs(EditHoldings), Holding, 200),
    op("POST", "/holdings/{id}/close", Needs(EditHoldings), Holding, 200),
    op("POST", "/holdings/{id}/reopen", Needs(EditHoldings), Holding, 200),
    op("GET", "/holdings/{id}/history", Needs(ViewHoldings), Holding, 200),
    op("GET", "/holdings/{id}/transactions", Needs(ViewHoldings), Holding, 200),
    op("POST", "/holdings/{id}/transactions", Needs(EditHoldings), Holding, 201),
    op("POST", "/holdings/{id}/transactions/{transaction_id}/reverse", Needs(EditHoldings), Holding, 201),
    op("GET", "/holdings/{id}/balances", Needs(ViewHoldings), Holding, 200),
    op("GET", "/holdings/{id}/co-owners", Needs(ViewHoldings), Holding, 200),
    op("PUT", "/holdings/{id}/co-owners", Needs(EditHoldings), Holding, 200),
    op("GET", "/customers/{id}/relations", Needs(ViewRelations), Customer, 200),
    op("POST", "/customers/{id}/relations", Needs(EditCustomers), Customer, 201),
    op("PATCH", "/customers/{id}/relations/{relation_id}", Needs(EditCustomers), Related, 200),
    op("POST", "/customers/{id}/relations/{relation_id}/archive", Needs(EditCustomers), Related, 200),
    op("POST", "/customers/{id}/relations/{relation_id}/restore", Needs(EditCustomers), Related, 200),
    op("GET", "/customers/{id}/network", Needs(ViewRelations), Customer, 200),
    op("GET", "/customers/{id}/referrals", Needs(ViewRelations), Customer, 200),
    op("GET", "/customers/{id}/households", Needs(ViewRelations), Customer, 200),
    op("GET", "/households", Needs(ViewRelations), HouseholdList, 200),
    op("POST", "/households/search", Needs(ViewRelations), Nothing, 200),
    op("POST", "/households", Needs(EditCustomers), HouseholdMember, 201),
    op("GET", "/households/{id}", Needs(ViewRelations), Household, 200),
    op("PATCH", "/households/{id}", Needs(EditCustomers), Household, 200),
    op("POST", "/households/{id}/archive", Needs(EditCustomers), Household, 200),
    op("POST", "/households/{id}/restore", Needs(EditCustomers), Household, 200),
    op("GET", "/households/{id}/history", Needs(ViewRelations), Household, 200),
    op("GET", "/households/{id}/balance-sheet", Needs(ViewHoldings), Household, 200),
    op("GET", "/interactions", Needs(ViewInteractions), InteractionList, 200),
    op("POST", "/interactions/search", Needs(ViewInteractions), InteractionList, 200),
    op("GET", "/interactions/{id}", Needs(ViewInteractions), Interaction, 200),
    op("PATCH", "/interactions/{id}", Needs(WriteInteractions), Interaction, 200),
    op("POST", "/interactions/{id}/archive", Needs(WriteInteractions), Interaction, 200),
    op("POST", "/interactions/{id}/restore", Needs(WriteInteractions), Interaction, 200),
    op("GET", "/interactions/{id}/history", Needs(ViewInteractions), Interaction, 200),
    op("GET", "/customers/{id}/interactions", Needs(ViewInteractions), Customer, 200),
    op("POST", "/customers/{id}/interactions", Needs(WriteInteractions), Customer, 201),
    op("GET", "/contact-targets", Needs(ViewContactTargets), Nothing, 200),
    op("PUT", "/contact-targets", Needs(ManageContactTargets), Nothing, 200),
    op("GET", "/today", Needs(ViewTasks), Nothing, 200),
    op("POST", "/today/{line}/complete", Needs(WriteTasks), TodayLine, 201),
    op("POST", "/today/{line}/postpone", Needs(WriteTasks), TodayLine, 201),
    op("GET", "/tasks", Needs(ViewTasks), TaskList, 200),
    op("POST", "/tasks", Needs(WriteTasks), Nothing, 201),
    op("GET", "/tasks/assignees", Needs(WriteTasks), Nothing, 200),
    op("GET", "/tasks/{id}", Needs(ViewTasks), Task, 200),
    op("PATCH", "/tasks/{id}", Needs(WriteTasks), Task, 200),
    op("POST", "/tasks/{id}/complete", Needs(WriteTasks), Task, 200),
    op("POST", "/tasks/{id}/postpone", Needs(WriteTasks), Task, 200),
    op("POST", "/tasks/{id}/hand-over", Needs(WriteTasks), Task, 200),
    op("POST", "/tasks/{id}/cancel", Needs(WriteTasks), Task, 200),
    op("POST", "/tasks/{id}/reopen", Needs(WriteTasks), Task, 200),
    op("GET", "/tasks/{id}/history", Needs(ViewTasks), Task, 200),
    op("GET", "/customers/{id}/tasks", Needs(ViewTasks), Customer, 200),
    op("GET", "/questionnaires", Needs(ViewSurveys), Nothing, 200),
    op("POST", "/questionnaires", Needs(ManageQuestionnaires), Nothing, 201),
    op("GET", "/questionnaires/{id}", Needs(ViewSurveys), Questionnaire, 200),
    op("PATCH", "/questionnaires/{id}", Needs(ManageQuestionnaires), Questionnaire, 200),
    op("POST", "/questionnaires/{id}/publish", Needs(ManageQuestionnaires), Questionnaire, 200),
    op("POST", "/questionnaires/{id}/new-version", Needs(ManageQuestionnaires), Questionnaire, 201),
    op("POST", "/questionnaires/{id}/archive", Needs(ManageQuestionnaires), Questionnaire, 200),
    op("POST", "/questionnaires/{id}/restore", Needs(ManageQuestionnaires), Questionnaire, 200),
    op("GET", "/questionnaires/{id}/history", Needs(ViewSurveys), Questionnaire, 200),
    op("GET", "/surveys", Needs(ViewSurveys), Nothing, 200),
    op("POST", "/surveys", Needs(ManageSurveys), Questionnaire, 201),
    op("GET", "/surveys/{id}", Needs(ViewSurveys), Survey, 200),
    op("PATCH", "/surveys/{id}", Needs(ManageSurveys), Survey, 200),
    op("POST", "/surveys/{id}/open", Needs(ManageSurveys), Survey, 200),
    op("POST", "/surveys/{id}/close", Needs(ManageSurveys), Survey, 200),
    op("GET", "/surveys/{id}/history", Needs(ViewSurveys), Survey, 200),
    op("GET", "/surveys/{id}/results", Needs(ViewSurveys), Survey, 200),
    op("GET", "/surveys/{id}/invitations", Needs(ViewSurveys), InvitationList, 200),
    op("POST", "/surveys/{id}/invitations", Needs(ManageSurveys), NewInvitation, 200),
    op("POST", "/surveys/{id}/invitations/{invitation_id}/revoke", Needs(ManageSurveys), Invitation, 200),
    op("POST", "/surveys/{id}/invitations/{invitation_id}/renew", Needs(ManageSurveys), Invitation, 200),
    op("GET", "/surveys/{id}/answers", Needs(ViewSurveys), AnswerList, 200),
    op("POST", "/surveys/{id}/answers", Needs(AnswerSurveys), NewAnswer, 201),
    op("GET", "/customers/{id}/survey-answers", Needs(ViewSurveys), Customer, 200),
    op("POST", "/uploads", Needs(RunImports), Nothing, 201),
    op("GET", "/uploads/{id}", Needs(RunImports), Upload, 200),
    op("POST", "/jobs/imports", Needs(RunImports), NewImport, 202),
    op("GET", "/import-mappings", Needs(RunImports), Nothing, 200),
    op("POST", "/import-mappings", Needs(RunImports), Nothing, 201),
    op("GET", "/import-mappings/{id}", Needs(RunImports), ImportMapping, 200),
    op("PUT", "/import-mappings/{id}", Needs(RunImports), ImportMapping, 200),
    op("DELETE", "/import-mappings/{id}", Needs(RunImports), ImportMapping, 204),
    op("POST", "/jobs/exports", Needs(RunExports), Nothing, 202),
    op("GET", "/jobs", Needs(ViewJobs), JobList, 200),
    op("GET", "/jobs/{id}", Needs(ViewJobs), Job, 200),
    op("POST", "/jobs/{id}/cancel", Needs(CancelJobs), Job, 200),
    op("GET", "/jobs/{id}/file", Needs(RunExports), JobFile, 200),
    op("GET", "/jobs/{id}/problems", Needs(ViewJobs), Job, 200),
    op("GET", "/jobs/{id}/duplicates", Needs(ViewJobs), Job, 200),
    op("GET", "/jobs/{id}/problems/file", Needs(RunImports), Job, 200),
    op("POST", "/jobs/{id}/corrections", Needs(RunImports), Job, 202),
    op("POST", "/jobs/{id}/undo", Needs(RunImports), Job, 202),
];

/// The OpenAPI document, which is made from the routes themselves.
pub fn document() -> Value {
    serde_json::to_value(crate::app::openapi()).expect("the document is JSON")
}

/// Method and path of every operation in the document.
fn documented(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("an item").keys();
        methods
            .filter(|method| {
                ["get", "post", "put", "patch", "delete", "head", "options"].contains(&method.as_str())
            })
            .map(move |method| format!("{} {}", method.to_uppercase(), path.trim_start_matches("/api/v1")))
    });
    operations.collect()
}

#[test]
fn b2_every_route_stands_in_the_policy_table() {
    let documented = documented(&document());
    let listed: BTreeSet<String> = OPERATIONS.iter().map(ToString::to_string).collect();
    assert_eq!(listed.len(), OPERATIONS.len(), "an operation stands in the table twice");
    let missing: Vec<_> = documented.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&documented).collect();
    assert!(missing.is_empty(), "routes without an entry in the policy table: {missing:#?}");
    assert!(gone.is_empty(), "entries of the policy table without a route: {gone:#?}");
}

#[test]
fn b2_every_right_is_taken_by_a_route_and_given_to_a_role() {
    // Asked for by what a body says; the tests of its room look at it.
    let of_bodies = [ExportRaw, ShareViews, PublishViews, ShareImportMappings];
    for right in Right::ALL {
        let taken = OPERATIONS.iter().any(|operation| operation.guard == Needs(*right));
        assert!(taken != of_bodies.contains(right), "no route takes {right:?}, or one does by now");
        assert!(!right.roles().is_empty(), "nobody has {right:?}");
    }
}
