use actix_web::{HttpRequest, HttpResponse, get, web};
use guanxi_api::CustomerOverview;

use crate::access::{May, kinds};
use crate::app::AppState;
use crate::customers::CustomerMark;
use crate::error::{Error, Result};
use crate::overview;
use crate::web::{self as answer, Document, PathId};

/// Get a customer with everything around it.
///
/// Profile, figures and owner, the last 20 contacts, holdings, open tasks, the last answers to surveys and what matures next. What the
/// caller's role does not see is null. The tag serves as `If-Match` for changes of the customer.
#[utoipa::path(operation_id = "getCustomerOverview", tag = "customers",
    params(("id" = uuid::Uuid, Path, description = "The customer")),
    responses((status = 200, body = CustomerOverview, description = "The overview",
        headers(("ETag" = String, description = "The customer's version, and a hash of what is shown"))),
        (status = 304, description = "The client has it already")))]
#[get("/customers/{id}/overview")]
pub async fn get_customer_overview(
    request: HttpRequest,
    who: May<kinds::ViewCustomers>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let (document, tag) = state
        .db
        .snapshot(move |conn| {
            let overview = overview::overview(conn, &actor, shared.house(), id)?;
            let document = Document::of(&overview)?;
            let tag = document.tag(&actor, overview.customer.version);
            Ok::<_, Error>((document, tag))
        })
        .await?;
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_document(document, &tag)))
}
