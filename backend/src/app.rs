//! The table of contents: one line a room. Builds the actix app for the server and for the tests.

use std::sync::Arc;

use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, web};
use guanxi_db::Db;
use utoipa::OpenApi;

use crate::access::{Gate, Hasher, Keys, Quotas, Signer};
use crate::files::FileStore;
use crate::installation::Settings;
use crate::listing::Resource;
use crate::web::{Description, Limits, Metrics, Readiness, RouteTable, Routes, envelope};
use crate::{
    access, audit, bulk_actions, customers, duplicates, exports, grades, holdings, imports, interactions,
    jobs, merging, org, overview, ownership, products, relations, reports, segments, surveys, tasks, today,
    views,
};

/// What the handlers share. Nothing in it is the only copy of anything: servers keep no state of their own.
#[derive(Debug)]
pub struct AppState {
    pub db: Db,
    pub keys: Arc<Keys>,
    pub settings: Settings,
    pub directory: org::Directory,
    pub files: FileStore,
    pub signer: Signer,
    pub hasher: Hasher,
    pub gate: Gate,
    pub quotas: Quotas,
    pub limits: Limits,
    /// Scheme, host and port under which browsers see the server.
    pub public_origin: String,
    pub metrics: Metrics,
    pub readiness: Arc<Readiness>,
}

/// The rooms' routes, below `/api/v1`.
fn rooms(config: &mut impl Routes) {
    access::routes(config);
    org::routes(config);
    // Before what has an id in this place.
    bulk_actions::routes(config);
    duplicates::routes(config);
    customers::routes(config);
    products::routes(config);
    holdings::routes(config);
    relations::routes(config);
    segments::routes(config);
    grades::routes(config);
    views::routes(config);
    ownership::routes(config);
    tasks::routes(config);
    interactions::routes(config);
    reports::routes(config);
    audit::routes(config);
    surveys::routes(config);
    merging::routes(config);
    overview::routes(config);
    today::routes(config);
    // Before the routes of a job by its id, of which its path would be one.
    imports::routes(config);
    exports::routes(config);
    jobs::routes(config);
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Guanxi",
        description = "Relationship management for banks. Every operation follows the same conventions: problem documents \
                       (RFC 9457), keyset cursors, one filter grammar, ETag and If-Match, Idempotency-Key.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "access", description = "Signing in, sessions and the signed-in user"),
        (name = "customers", description = "The customers of the bank"),
        (name = "org", description = "The bank's units, in one tree"),
        (name = "users", description = "Members of staff who can sign in"),
        (name = "reports", description = "Figures over everything that a user sees"),
        (name = "products", description = "What the bank offers, and what currencies are worth"),
        (name = "holdings", description = "What customers hold, what moved it, and what it is worth"),
        (name = "relations", description = "Which customers belong together: relations, households, referrals"),
        (name = "ownership", description = "Who is responsible for customers and was, whose care lacks something, handovers of books, stand-ins, care plans, visits of leaders, and the pool"),
        (name = "segments", description = "Customers who are alike: schemes, segments and their rules, who is in which and why"),
        (name = "grades", description = "What customers are worth: grades by a score whose parts are shown, contribution, lifetime value, purchases"),
        (name = "duplicates", description = "Customers who may be one: finding them, deciding, merging and undoing it"),
        (name = "tags", description = "Words that customers are marked with: the catalogue, and who has which"),
        (name = "views", description = "Views of lists: filter, order and columns under a name, for oneself or shared"),
        (name = "interactions", description = "Contacts with customers, and the search in their notes"),
        (name = "tasks", description = "What is to be done, by whom and by when"),
        (name = "today", description = "Whom to contact and what to do today, and why"),
        (name = "audit", description = "Who saw and changed what"),
        (name = "jobs", description = "Files that are sent in, imports, exports, and how far they are"),
        (name = "surveys", description = "Questionnaires, surveys, and what customers answered"),
    ),
    // What only parameters name is not collected from the handlers.
    components(schemas(guanxi_api::BulkMode, guanxi_api::ResultsBy))
)]
struct Introduction;

/// The OpenAPI document as the handlers have it, of which [`crate::web::CONTRACT`] is the committed text. Servers never ask: what describes
/// the operations is a tenth of the program, and not in it.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut description = Description::default();
    rooms(&mut description);
    crate::web::complete(description.added_to(Introduction::openapi()), &LISTS)
}

/// What lists filter and sort by. A list of the end of a path is the same wherever it stands.
pub(crate) static LISTS: [(&str, &Resource); 39] = [
    ("/handovers/{id}/customers", &ownership::SHEET),
    ("/handovers", &ownership::HANDOVERS),
    ("/stand-ins", &ownership::STAND_INS),
    ("/care-plans", &ownership::PLANS),
    ("/leader-visits", &ownership::VISITS),
    ("/pool", &ownership::POOL),
    ("/pool-warnings", &ownership::WARNINGS),
    ("/care-gaps", &ownership::GAPS),
    ("/jobs/{id}/duplicates", &imports::DUPLICATES),
    ("/duplicates", &duplicates::DUPLICATES),
    ("/customer-merges", &merging::MERGES),
    ("/field-conflicts", &customers::CONFLICTS),
    ("/customer-losses", &customers::LOSSES),
    ("/ownership", &customers::OWNERSHIP),
    ("/customers", &customers::CUSTOMERS),
    ("/tags", &customers::TAGS),
    ("/households", &relations::HOUSEHOLDS),
    ("/org-units", &org::UNITS),
    ("/users", &org::USERS),
    ("/audit-entries", &audit::ENTRIES),
    ("/history", &audit::ENTRIES),
    ("/tier-history", &customers::TIER_HISTORY),
    ("/tier-policies", &customers::TIER_POLICIES),
    ("/products", &products::PRODUCTS),
    ("/exchange-rates", &products::RATES),
    ("/customers/{id}/holdings", &holdings::OF_CUSTOMER),
    ("/holdings", &holdings::HOLDINGS),
    ("/transactions", &holdings::TRANSACTIONS),
    ("/interactions", &interactions::INTERACTIONS),
    ("/tasks", &tasks::TASKS),
    ("/questionnaires", &surveys::QUESTIONNAIRES),
    ("/surveys", &surveys::SURVEYS),
    ("/invitations", &surveys::INVITATIONS),
    ("/answers", &surveys::ANSWERS),
    ("/survey-answers", &surveys::ANSWERS),
    ("/jobs", &jobs::JOBS),
    ("/views", &views::VIEWS),
    ("/problems", &imports::PROBLEMS),
    ("/import-mappings", &imports::MAPPINGS),
];

/// The app of one actix worker.
pub fn build(
    state: web::Data<AppState>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl actix_web::body::MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let mut table = RouteTable::default();
    rooms(&mut table);
    App::new()
        .app_data(state)
        .service(table.into_scope())
        .service(crate::web::openapi_json)
        .service(crate::web::reference_page)
        .service(crate::web::alive)
        .service(crate::web::ready)
        .service(crate::web::problem_page)
        .configure(surveys::page_routes)
        .default_service(web::to(crate::web::app_page))
        .wrap(Compress::default())
        .wrap(from_fn(envelope))
}
