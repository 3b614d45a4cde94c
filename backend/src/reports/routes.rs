use actix_web::{HttpResponse, get, web};
use guanxi_api::{ContactReport, DataQualityReport, MaturityReport, PortfolioReport, SatisfactionReport};

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

/// Report the contacts of this week against their targets.
///
/// A relationship manager sees the own ones, a manager those of the relationship managers of the unit or the subtree. The targets are data
/// (`/contact-targets`).
#[utoipa::path(operation_id = "getContactReport", tag = "reports",
    responses((status = 200, body = ContactReport, description = "The report")))]
#[get("/reports/contacts")]
pub async fn get_contact_report(
    who: May<kinds::ViewReports>,
    state: web::Data<AppState>,
) -> Result<HttpResponse> {
    let (actor, shared) = (who.actor(), state.clone());
    let report = state.db.read(move |conn| reports::contacts(conn, &actor, &shared.settings)).await?;
    Ok(ok(&report))
}

/// Report what matures within 7, 30 and 90 days.
///
/// Over the active holdings of the customers that the user sees.
#[utoipa::path(operation_id = "getMaturityReport", tag = "reports",
    responses((status = 200, body = MaturityReport, description = "The report")))]
#[get("/reports/maturities")]
pub async fn get_maturity_report(
    who: May<kinds::ViewReports>,
    state: web::Data<AppState>,
) -> Result<HttpResponse> {
    let (actor, shared) = (who.actor(), state.clone());
    let report = state.db.read(move |conn| reports::maturities(conn, &actor, &shared.settings)).await?;
    Ok(ok(&report))
}

/// Report what came of the latest surveys.
///
/// Of the latest that are of units of the user or above. Over the customers that the user sees; results are withheld as those of each
/// survey are.
#[utoipa::path(operation_id = "getSatisfactionReport", tag = "reports",
    responses((status = 200, body = SatisfactionReport, description = "The report")))]
#[get("/reports/satisfaction")]
pub async fn get_satisfaction_report(
    who: May<kinds::ViewReports>,
    state: web::Data<AppState>,
) -> Result<HttpResponse> {
    let (actor, shared) = (who.actor(), state.clone());
    let report = state.db.read(move |conn| reports::satisfaction(conn, &actor, shared.house())).await?;
    Ok(ok(&report))
}

/// Report how complete the data of customers are.
///
/// Over everything that the user sees, by who is responsible and by unit. Customers at gold and above must reach 80 % of what is demanded:
/// phone, address, and who employs them (of an organisation, who represents it and what it does). The lists behind the figures are those of
/// `GET /customers` with `data_gap eq true` and `owner_id` or `org_unit_id`.
#[utoipa::path(operation_id = "getDataQualityReport", tag = "reports",
    responses((status = 200, body = DataQualityReport, description = "The report")))]
#[get("/reports/data-quality")]
pub async fn get_data_quality_report(
    who: May<kinds::ViewReports>,
    state: web::Data<AppState>,
) -> Result<HttpResponse> {
    let (actor, shared) = (who.actor(), state.clone());
    let report =
        state.db.read(move |conn| reports::data_quality(conn, &actor, shared.house().directory)).await?;
    Ok(ok(&report))
}
