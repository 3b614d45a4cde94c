use actix_web::{HttpRequest, HttpResponse, get, put, web};
use guanxi_api::{CustomerGrade, GradePolicy, GradeRules, ValueReport};
use guanxi_db::DbConn;

use crate::access::{Actor, May, kinds};
use crate::app::AppState;
use crate::customers::CustomerMark;
use crate::error::Result;
use crate::grades;
use crate::idempotency;
use crate::web::{self as answer, Document, IfMatch, Json, PathId};

/// How customers are graded, and what they are thought to bring and to cost.
#[utoipa::path(operation_id = "getGradePolicy", tag = "grades",
    params(("If-None-Match" = Option<String>, Header, description = "The tag of what is known already")),
    responses((status = 200, body = GradePolicy, description = "The rules",
            headers(("ETag" = String, description = "Their version"))),
        (status = 304, description = "Not changed")))]
#[get("/grade-policy")]
pub async fn get_grade_policy(
    request: HttpRequest,
    who: May<kinds::ViewGradePolicy>,
    state: web::Data<AppState>,
) -> Result<HttpResponse> {
    let policy = state.db.read(grades::policy).await?;
    let tag = Document::tag_of(&policy, &who, policy.version);
    Ok(answer::not_modified(&request, &tag).unwrap_or_else(|| answer::ok_tagged(&policy, &tag)))
}

/// Set the rules of grades, all together. Customers are graded anew, shortly.
#[utoipa::path(operation_id = "setGradePolicy", tag = "grades", request_body = GradeRules,
    params(("If-Match" = String, Header, description = "The tag that the change was made from", example = "\"1-0\""),
        ("Idempotency-Key" = Option<String>, Header, description = "Changes at most once for a key")),
    responses((status = 200, body = GradePolicy, description = "The rules from now on",
        headers(("ETag" = String, description = "Their new version")))))]
#[put("/grade-policy")]
pub async fn set_grade_policy(
    request: HttpRequest,
    who: May<kinds::ManageGrades>,
    state: web::Data<AppState>,
    version: IfMatch,
    body: Json<GradeRules>,
) -> Result<HttpResponse> {
    let once = idempotency::Request::read(&request, &body.0)?;
    let rules = body.0;
    let set = move |conn: &mut DbConn, actor: &Actor| grades::set_policy(conn, actor, version.0, &rules);
    let (policy, replayed) = idempotency::set(&state, who.actor(), once, set, grades::policy).await?;
    let mut response = answer::ok_tagged(&policy, &Document::tag_of(&policy, &who, policy.version));
    if replayed {
        answer::mark_replayed(&mut response);
    }
    Ok(response)
}

/// The grade of a customer with the parts of its score, what it brings and costs, its lifetime value, and what it buys.
#[utoipa::path(operation_id = "getCustomerGrade", tag = "grades",
    params(("id" = uuid::Uuid, Path, description = "The customer")),
    responses((status = 200, body = CustomerGrade, description = "The grade, worked out now")))]
#[get("/customers/{id}/grade")]
pub async fn get_customer_grade(
    who: May<kinds::ViewHoldings>,
    state: web::Data<AppState>,
    id: PathId<CustomerMark>,
) -> Result<HttpResponse> {
    let (actor, shared, id) = (who.actor(), state.clone(), *id);
    let grade = state.db.read(move |conn| grades::of_customer(conn, &actor, shared.house(), id)).await?;
    Ok(answer::ok(&grade))
}

/// Who carries the bank: what the customers that the caller sees bring, by grade and from the most valuable to the least.
#[utoipa::path(operation_id = "getValueReport", tag = "reports",
    responses((status = 200, body = ValueReport, description = "The figures")))]
#[get("/reports/value")]
pub async fn get_value_report(
    who: May<kinds::ViewReports>,
    state: web::Data<AppState>,
) -> Result<HttpResponse> {
    let (actor, shared) = (who.actor(), state.clone());
    let report = state.db.read(move |conn| grades::report(conn, &actor, shared.house())).await?;
    Ok(answer::ok(&report))
}
