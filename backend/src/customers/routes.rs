use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put, web};
use guanxi_api::{
    Assignment, AuditEntry, BulkCustomer, BulkOutcome, BulkQuery, ContactPointPatch, Customer, CustomerPatch,
    CustomerSearch, CustomerSummary, ExternalId, ExternalIdValue, ListQuery, NewContactPoint, NewCustomer,
    Page, Reveal, Revealed, Team,
};
use guanxi_db::DbConn;

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::customers::{self, BulkOutcomeId, CustomerId, CustomerMark, House, Upserted};
use crate::error::{Error, Result};
use crate::idempotency::{self, Once};
use crate::listing::ListRequest;
use crate::web::{self as answer, CreateOnly, Document, IfMatch, Json, Lines, PageDocument, PathId, Query};

impl AppState {
    pub(crate) fn house(&self) -> House<'_> {
        House { keys: &self.keys, settings: &self.settings, directory: &self.directory }
    }
}

/// What most answers are: the customer as it is now, with its tag.
struct Shown {
    id: uuid::Uuid,
    document: Document,
    tag: String,
}

fn show(conn: &mut DbConn, actor: &Actor, state: &AppState, id: CustomerId) -> Result<Shown> {
    Shown::of(actor, &customers::read(conn, actor, state.house(), id)?)
}

impl Shown {
    fn of(actor: &Actor, customer: &Customer) -> Result<Self> {
        let document = Document::of(customer)?;
        let tag = document.tag(actor, customer.version);
        Ok(Shown { id: customer.id, document, tag })
    }
}

/// Runs a change that may be repeated with the same Idempotency-Key, and shows the customer after it.
pub(crate) async fn changed(
    actor: Actor,
    state: &web::Data<AppState>,
    request: idempotency::Request,
    id: CustomerId,
    act: impl Fn(&mut DbConn, &Actor, &AppState) -> Result<()> + Send + 'static,
) -> Result<HttpResponse> {
    let shared = state.clone();
    let (shown, replayed) = state
        .db
        .write(move |conn| {
            let once = idempotency::once(
                conn,
                &actor,
                &request,
                |conn| act(conn, &actor, &shared),
                |()| Some(id.uuid()),
            )?;
            Ok::<_, Error>((show(conn, &actor, &shared, id)?, matches!(once, Once::Replayed(_))))
        })
        .await?;
    let mut response = answer::ok_document(shown.document, &shown.tag);
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}

/// List customers.
///
/// Without a filter on `archived`, archived customers stay out. Search text and filters on names go through `POST /customers/search`.
#[utoipa::path(operation_id = "listCustomers", tag = "customers", params(ListQuery),
    responses((status = 200, body = Page<CustomerSummary>, description = "A page of customers")))]
#[get("/customers")]
pub async fn list_customers(
    request: HttpRequest,
    who: May<kinds::ViewCustomers>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let page = state
        .db
        .read(move |conn| PageDocument::of(&customers::list(conn, &actor, shared.house(), &asked)?))
        .await?;
    Ok(answer::page_document(&request, page))
}

/// Create a customer.
#[utoipa::path(operation_id = "createCustomer", tag = "customers", request_body = NewCustomer,
    params(("Idempotency-Key" = Option<String>, Header, description = "8 to 128 visible characters; the same request with the same key is done once", nullable = false)),
    responses((status = 201, body = Customer, description = "Created",
        headers(("Location" = String, description = "Where the customer is"), ("ETag" = String, description = "Its tag")))))]
#[post("/customers")]
pub async fn create_customer(
    request: HttpRequest,
    who: May<kinds::CreateCustomers>,
    state: web::Data<AppState>,
    body: Json<NewCustomer>,
) -> Result<HttpResponse> {
    let (actor, shared, new) = (who.actor(), state.clone(), body.0);
    let once = idempotency::Request::read(&request, &new)?;
    let (shown, replayed) = state
        .db
        .write(move |conn| {
            let create = |conn: &mut DbConn| customers::create(conn, &actor, shared.house(), &new);
            match idempotency::once(conn, &actor, &once, create, |customer| Some(customer.id))? {
                Once::Done(customer) => Ok((Shown::of(&actor, &customer)?, false)),
                Once::Replayed(id) => {
                    let id = id.map(CustomerId::new).ok_or_else(Error::not_found)?;
                    Ok::<_, Error>((show(conn, &actor, &shared, id)?, true))
                }
            }
        })
        .await?;
    let location = format!("/api/v1/customers/{}", shown.id);
    Ok(answer::created_document(shown.document, &location, &shown.tag, replayed))
}

/// Search customers.
///
/// By name or part of it, pinyin or its initials, the last four digits of a phone, a whole phone or identity number, customer number or
/// external id; with the filter grammar of the list. Without `sort`, customers whose name begins with the text, or its pinyin (as the
/// name is sorted) or the initials of it, come first and then the others, each by name. A page may hold fewer rows than its limit while
/// there is a next one.
#[utoipa::path(operation_id = "searchCustomers", tag = "customers", request_body = CustomerSearch,
    responses((status = 200, body = Page<CustomerSummary>, description = "A page of customers")))]
#[post("/customers/search")]
pub async fn search_customers(
    request: HttpRequest,
    who: May<kinds::ViewCustomers>,
    state: web::Data<AppState>,
    body: Json<CustomerSearch>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), body.0);
    let page = state
        .db
        .read(move |conn| PageDocument::of(&customers::search(conn, &actor, shared.house(), &asked)?))
        .await?;
    Ok(answer::page_document(&request, page))
}

/// Create or update the customer with a key of another system.
///
/// An existing customer gets the given profile; its contact points, identity document, unit and owner stay as they are.
#[utoipa::path(operation_id = "upsertCustomer", tag = "customers", request_body = NewCustomer,
    params(("source" = String, Path, description = "Short name of the other system", pattern = "^[a-z][a-z0-9_]{0,39}$"),
        ("external_id" = String, Path, description = "The customer's key there", max_length = 100),
        ("If-None-Match" = Option<String>, Header, description = "`*` to create only: 412 when the key has a customer", example = "*", nullable = false)),
    responses((status = 200, body = Customer, description = "Updated, or as it should be", headers(("ETag" = String, description = "Its tag"))),
        (status = 201, body = Customer, description = "Created",
            headers(("Location" = String, description = "Where the customer is"), ("ETag" = String, description = "Its tag"))),
        (status = 412, body = guanxi_api::Problem, content_type = "application/problem+json", description = "The key has a customer, and only a new one was asked for")))]
#[put("/customers/by-external/{source}/{external_id}")]
pub async fn upsert_customer(
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    path: web::Path<(String, String)>,
    create_only: CreateOnly,
    body: Json<NewCustomer>,
) -> Result<HttpResponse> {
    let (actor, shared, new) = (who.actor(), state.clone(), body.0);
    let (source, id) = path.into_inner();
    let external = ExternalId { source, id };
    let (shown, created) = state
        .db
        .write(move |conn| {
            let upserted = customers::upsert(conn, &actor, shared.house(), &external, (&new, create_only.0))?;
            let (id, created) = match upserted {
                Upserted::Created(id) => (id, true),
                Upserted::Kept(id) => (id, false),
            };
            Ok::<_, Error>((show(conn, &actor, &shared, id)?, created))
        })
        .await?;
    let location = format!("/api/v1/customers/{}", shown.id);
    Ok(if created {
        answer::created_document(shown.document, &location, &shown.tag, false)
    } else {
        answer::ok_document(shown.document, &shown.tag)
    })
}

/// Create or update many customers with keys of another system.
///
/// One JSON text a line, at most 1,000 of them and 5 MiB. A customer whose key is new is created; members that a line does not have stay
/// as they are on a customer that exists. A line whose `source_version` is lower than the one that is known is not applied.
#[utoipa::path(operation_id = "upsertCustomers", tag = "customers", params(BulkQuery,
        ("Idempotency-Key" = String, Header, description = "8 to 128 visible characters; the same call with the same key is done once", min_length = 8, max_length = 130)),
    request_body(content = BulkCustomer, content_type = "application/x-ndjson", description = "A line for each customer"),
    responses((status = 200, body = BulkOutcome, description = "Every line was applied, or did not have to be"),
        (status = 207, body = BulkOutcome, description = "Some lines failed")))]
#[post("/bulk/customers")]
pub async fn upsert_customers(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    query: Query<BulkQuery>,
    lines: Lines,
) -> Result<HttpResponse> {
    let (actor, shared, BulkQuery { mode, dry_run }) = (who.actor(), state.clone(), query.0);
    let body = lines.0;
    let once = idempotency::Request::of(&request, &[request.query_string().as_bytes(), &body])?.required()?;
    let (outcome, replayed) = if dry_run {
        let tried = state
            .db
            .write(move |conn| customers::try_upsert_many(conn, &actor, shared.house(), &body, mode))
            .await?;
        (tried, false)
    } else {
        state
            .db
            .write(move |conn| {
                let upsert =
                    |conn: &mut DbConn| customers::upsert_many(conn, &actor, shared.house(), &body, mode);
                match idempotency::once(conn, &actor, &once, upsert, |(id, _)| Some(id.uuid()))? {
                    Once::Done((_, outcome)) => Ok((outcome, false)),
                    Once::Replayed(id) => {
                        let id = id.map(BulkOutcomeId::new).ok_or_else(Error::not_found)?;
                        Ok::<_, Error>((customers::kept_outcome(conn, id)?, true))
                    }
                }
            })
            .await?
    };
    let status = if outcome.summary.failed == 0 { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    let mut response = HttpResponse::build(status).json(&outcome);
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}

/// Get a customer.
#[utoipa::path(operation_id = "getCustomer", tag = "customers", params(("id" = uuid::Uuid, Path, description = "The customer")),
    responses((status = 200, body = Customer, description = "The customer", headers(("ETag" = String, description = "Its tag"))),
        (status = 304, description = "The client has it already")))]
#[get("/customers/{id}")]
pub async fn get_customer(
    request: HttpRequest,
    who: May<kinds::ViewCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let shown = state.db.read(move |conn| show(conn, &actor, &shared, id)).await?;
    Ok(match answer::not_modified(&request, &shown.tag) {
        Some(unchanged) => unchanged,
        None => answer::ok_document(shown.document, &shown.tag),
    })
}

/// Change a customer.
///
/// A JSON merge patch (RFC 7396): absent members stay, `null` clears.
#[utoipa::path(operation_id = "changeCustomer", tag = "customers", request_body = CustomerPatch,
    params(("id" = uuid::Uuid, Path, description = "The customer"), ("If-Match" = String, Header, description = "The tag it was read with", example = "\"1-0\"")),
    responses((status = 200, body = Customer, description = "The customer after the change")))]
#[patch("/customers/{id}")]
pub async fn change_customer(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
    body: Json<CustomerPatch>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, patch) = (*id, body.0);
    changed(who.actor(), &state, once, id, move |conn, actor, state| {
        customers::change(conn, actor, state.house(), id, version.0, &patch)
    })
    .await
}

/// Archive a customer.
#[utoipa::path(operation_id = "archiveCustomer", tag = "customers",
    params(("id" = uuid::Uuid, Path, description = "The customer"), ("If-Match" = String, Header, description = "The tag it was read with", example = "\"1-0\"")),
    responses((status = 200, body = Customer, description = "Archived")))]
#[post("/customers/{id}/archive")]
pub async fn archive_customer(
    request: HttpRequest,
    who: May<kinds::ArchiveCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let id = *id;
    changed(who.actor(), &state, once, id, move |conn, actor, _| {
        customers::archive(conn, actor, id, version.0)
    })
    .await
}

/// Restore an archived customer.
#[utoipa::path(operation_id = "restoreCustomer", tag = "customers",
    params(("id" = uuid::Uuid, Path, description = "The customer"), ("If-Match" = String, Header, description = "The tag it was read with", example = "\"1-0\"")),
    responses((status = 200, body = Customer, description = "Restored")))]
#[post("/customers/{id}/restore")]
pub async fn restore_customer(
    request: HttpRequest,
    who: May<kinds::ArchiveCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let id = *id;
    changed(who.actor(), &state, once, id, move |conn, actor, _| {
        customers::restore(conn, actor, id, version.0)
    })
    .await
}

/// The history of a customer.
#[utoipa::path(operation_id = "getCustomerHistory", tag = "customers",
    params(("id" = uuid::Uuid, Path, description = "The customer"), ListQuery),
    responses((status = 200, body = Page<AuditEntry>, description = "Who did what, newest first")))]
#[get("/customers/{id}/history")]
pub async fn get_customer_history(
    request: HttpRequest,
    who: May<kinds::ViewCustomerHistory>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, ListRequest::from(query.0));
    let page =
        state.db.read(move |conn| customers::history(conn, &actor, shared.house(), id, &asked)).await?;
    Ok(answer::page(&request, &page))
}

/// Reveal masked values of a customer.
///
/// The request stands in the audit trail with its reason; at most 50 an hour.
#[utoipa::path(operation_id = "revealCustomer", tag = "customers", request_body = Reveal,
    params(("id" = uuid::Uuid, Path, description = "The customer")),
    responses((status = 200, body = Revealed, description = "The values in the clear")))]
#[post("/customers/{id}/reveal")]
pub async fn reveal_customer(
    who: May<kinds::RevealCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    body: Json<Reveal>,
) -> Result<HttpResponse> {
    let (actor, shared, id, asked) = (who.actor(), state.clone(), *id, body.0);
    let revealed =
        state.db.write(move |conn| customers::reveal(conn, &actor, shared.house(), id, &asked)).await?;
    Ok(answer::ok(&revealed))
}

/// Hand a customer to a unit and an owner.
#[utoipa::path(operation_id = "assignCustomer", tag = "customers", request_body = Assignment,
    params(("id" = uuid::Uuid, Path, description = "The customer"), ("If-Match" = String, Header, description = "The tag it was read with", example = "\"1-0\"")),
    responses((status = 200, body = Customer, description = "Handed over")))]
#[post("/customers/{id}/assign")]
pub async fn assign_customer(
    request: HttpRequest,
    who: May<kinds::AssignCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
    body: Json<Assignment>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, assignment) = (*id, body.0);
    changed(who.actor(), &state, once, id, move |conn, actor, _| {
        customers::assign(conn, actor, id, version.0, &assignment)
    })
    .await
}

/// Set the maintenance team of a customer.
///
/// Members are active users of the customer's branch or of a unit above it; those of another branch only where the caller may hand the
/// customer there, or where they are members already.
#[utoipa::path(operation_id = "setCustomerTeam", tag = "customers", request_body = Team,
    params(("id" = uuid::Uuid, Path, description = "The customer"), ("If-Match" = String, Header, description = "The tag it was read with", example = "\"1-0\"")),
    responses((status = 200, body = Customer, description = "The customer with its new team")))]
#[put("/customers/{id}/team")]
pub async fn set_customer_team(
    request: HttpRequest,
    who: May<kinds::AssignCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
    body: Json<Team>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, team) = (*id, body.0);
    changed(who.actor(), &state, once, id, move |conn, actor, _| {
        customers::set_team(conn, actor, id, version.0, &team)
    })
    .await
}

/// Add a contact point.
#[utoipa::path(operation_id = "addContactPoint", tag = "customers", request_body = NewContactPoint,
    params(("id" = uuid::Uuid, Path, description = "The customer"), ("If-Match" = String, Header, description = "The customer's tag", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "8 to 128 visible characters; the same request with the same key is done once", nullable = false)),
    responses((status = 200, body = Customer, description = "The customer with its new contact point")))]
#[post("/customers/{id}/contact-points")]
pub async fn add_contact_point(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
    body: Json<NewContactPoint>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let (id, new) = (*id, body.0);
    changed(who.actor(), &state, once, id, move |conn, actor, state| {
        customers::add_contact_point(conn, actor, state.house(), id, version.0, &new).map(drop)
    })
    .await
}

/// Change a contact point.
#[utoipa::path(operation_id = "changeContactPoint", tag = "customers", request_body = ContactPointPatch,
    params(("id" = uuid::Uuid, Path, description = "The customer"), ("contact_point_id" = uuid::Uuid, Path, description = "The contact point"),
        ("If-Match" = String, Header, description = "The customer's tag", example = "\"1-0\"")),
    responses((status = 200, body = Customer, description = "The customer after the change")))]
#[patch("/customers/{id}/contact-points/{contact_point_id}")]
pub async fn change_contact_point(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
    body: Json<ContactPointPatch>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let point = answer::path_id(&request, "contact_point_id")?;
    let (id, patch) = (*id, body.0);
    changed(who.actor(), &state, once, id, move |conn, actor, state| {
        customers::change_contact_point(conn, actor, state.house(), (id, point), version.0, &patch)
    })
    .await
}

/// Remove a contact point.
#[utoipa::path(operation_id = "removeContactPoint", tag = "customers",
    params(("id" = uuid::Uuid, Path, description = "The customer"), ("contact_point_id" = uuid::Uuid, Path, description = "The contact point"),
        ("If-Match" = String, Header, description = "The customer's tag", example = "\"1-0\"")),
    responses((status = 200, body = Customer, description = "The customer without it")))]
#[delete("/customers/{id}/contact-points/{contact_point_id}")]
pub async fn remove_contact_point(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let point = answer::path_id(&request, "contact_point_id")?;
    let id = *id;
    changed(who.actor(), &state, once, id, move |conn, actor, _| {
        customers::remove_contact_point(conn, actor, (id, point), version.0)
    })
    .await
}

/// Give a customer its key in another system.
#[utoipa::path(operation_id = "setExternalId", tag = "customers", request_body = ExternalIdValue,
    params(("id" = uuid::Uuid, Path, description = "The customer"),
        ("source" = String, Path, description = "Short name of the other system", pattern = "^[a-z][a-z0-9_]{0,39}$"),
        ("If-Match" = String, Header, description = "The customer's tag", example = "\"1-0\"")),
    responses((status = 200, body = Customer, description = "The customer with its key")))]
#[put("/customers/{id}/external-ids/{source}")]
pub async fn set_external_id(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
    body: Json<ExternalIdValue>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let source = request.match_info().get("source").unwrap_or_default().to_owned();
    let (id, external) = (*id, ExternalId { source, id: body.0.id });
    changed(who.actor(), &state, once, id, move |conn, actor, _| {
        customers::set_external_id(conn, actor, id, version.0, &external)
    })
    .await
}

/// Take from a customer its key in another system.
#[utoipa::path(operation_id = "removeExternalId", tag = "customers",
    params(("id" = uuid::Uuid, Path, description = "The customer"),
        ("source" = String, Path, description = "Short name of the other system", pattern = "^[a-z][a-z0-9_]{0,39}$"),
        ("If-Match" = String, Header, description = "The customer's tag", example = "\"1-0\"")),
    responses((status = 200, body = Customer, description = "The customer without the key")))]
#[delete("/customers/{id}/external-ids/{source}")]
pub async fn remove_external_id(
    request: HttpRequest,
    who: May<kinds::EditCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
    version: IfMatch,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &())?;
    let source = request.match_info().get("source").unwrap_or_default().to_owned();
    let id = *id;
    changed(who.actor(), &state, once, id, move |conn, actor, _| {
        customers::remove_external_id(conn, actor, id, version.0, &source)
    })
    .await
}
