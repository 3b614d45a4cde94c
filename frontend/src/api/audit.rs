use guanxi_api::{AuditEntry, Page};

use super::{ApiError, Call, query};

pub async fn list(filter: &str, cursor: &str) -> Result<Page<AuditEntry>, ApiError> {
    Call::get(format!("/audit-entries{}", query(&[("filter", filter), ("cursor", cursor)]))).read().await
}
