use actix_web::{HttpRequest, HttpResponse, get, web};
use guanxi_api::{AuditEntry, ListQuery, Page};

use crate::access::{May, kinds};
use crate::app::AppState;
use crate::audit;
use crate::error::Result;
use crate::listing::ListRequest;
use crate::web::{Query, page};

/// The audit trail, newest first.
#[utoipa::path(operation_id = "listAuditEntries", tag = "audit", params(ListQuery),
    responses((status = 200, body = Page<AuditEntry>, description = "A page of entries")))]
#[get("/audit-entries")]
pub async fn list_entries(
    request: HttpRequest,
    who: May<kinds::ViewAudit>,
    state: web::Data<AppState>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let (actor, shared, asked) = (who.actor(), state.clone(), ListRequest::from(query.0));
    let entries = state.db.read(move |conn| audit::list(conn, &actor, &shared.keys, &asked)).await?;
    Ok(page(&request, &entries))
}
