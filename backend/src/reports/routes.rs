use actix_web::{HttpResponse, get, web};
use guanxi_api::PortfolioReport;

use crate::access::{May, kinds};
use crate::app::AppState;
use crate::error::Result;
use crate::reports;
use crate::web::ok;

/// Report customers and assets by tier and unit.
///
/// Over everything that the user sees: a relationship manager the own book, a manager the unit or the subtree.
#[utoipa::path(operation_id = "getPortfolioReport", tag = "reports",
    responses((status = 200, body = PortfolioReport, description = "The report")))]
#[get("/reports/portfolio")]
pub async fn get_portfolio_report(
    who: May<kinds::ViewReports>,
    state: web::Data<AppState>,
) -> Result<HttpResponse> {
    let (actor, shared) = (who.actor(), state.clone());
    let report = state.db.read(move |conn| reports::portfolio(conn, &actor, &shared.settings)).await?;
    Ok(ok(&report))
}
