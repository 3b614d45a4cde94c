use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::Instant;

/// Who did what, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    pub id: Uuid,
    /// Place in the chain; null for the second or so until the entry is sealed.
    pub seq: Option<String>,
    pub at: Instant,
    pub actor: AuditActor,
    /// Such as `customer.updated` or `customer.revealed`.
    #[cfg_attr(feature = "schema", schema(example = "customer.updated"))]
    pub action: String,
    pub resource_type: String,
    pub resource_id: Option<Uuid>,
    /// Names the request in the server's log.
    pub request_id: String,
    /// What changed; sensitive values are masked.
    pub changes: Vec<FieldChange>,
    /// The reason given, where one is asked for.
    pub reason: Option<String>,
}

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditActor {
    /// `user`, `client`, `job`, `operator`, `respondent` or `anonymous`.
    pub kind: String,
    pub id: Option<Uuid>,
    pub name: String,
}

/// One field before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FieldChange {
    pub field: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}
