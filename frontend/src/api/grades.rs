use guanxi_api::{CustomerGrade, GradePolicy, GradeRules, ValueReport};
use uuid::Uuid;

use super::{ApiError, Call, Tagged};

pub async fn policy() -> Result<Tagged<GradePolicy>, ApiError> {
    Call::get("/grade-policy").read_tagged().await
}

pub async fn set_policy(etag: &str, rules: &GradeRules) -> Result<Tagged<GradePolicy>, ApiError> {
    Call::put("/grade-policy").if_match(etag).json(rules).read_tagged().await
}

/// The grade of a customer with everything that it follows from.
pub async fn of_customer(id: Uuid) -> Result<CustomerGrade, ApiError> {
    Call::get(format!("/customers/{id}/grade")).read().await
}

pub async fn report() -> Result<ValueReport, ApiError> {
    Call::get("/reports/value").read().await
}
