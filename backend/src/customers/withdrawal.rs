//! Taking back what another system has brought.

use guanxi_api::{CustomerKind, CustomerProfile};
use guanxi_db::DbConn;
use serde::{Deserialize, Serialize};

use crate::access::Actor;
use crate::customers::change::{edit, set_archived, write_profile};
use crate::customers::provenance::Sources;
use crate::customers::store::{self, CustomerRow};
use crate::customers::{CustomerId, known, profile};
use crate::error::Result;

/// What lines of another system change of a customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CustomerState {
    status: String,
    profile: CustomerProfile,
    #[serde(default)]
    sources: Sources,
    /// The system whose key it has got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    linked: Option<String>,
}

impl CustomerState {
    /// How a customer was that has got a key of another system.
    pub(super) fn linked(self, source: &str) -> Self {
        CustomerState { linked: Some(source.to_owned()), ..self }
    }

    pub(super) fn of(row: &CustomerRow) -> Result<Self> {
        Ok(CustomerState {
            status: row.status.clone(),
            profile: profile::load(row)?,
            sources: Sources::of(row)?,
            linked: None,
        })
    }
}

/// Makes a customer what it was.
///
/// # Errors
/// As every change of a customer.
pub fn put_back(
    conn: &mut DbConn,
    actor: &Actor,
    id: CustomerId,
    version: i64,
    state: &CustomerState,
) -> Result<()> {
    edit(conn, actor, id, version, "updated", |conn, whole| {
        let row = &mut whole.row.customer;
        let kind = known(CustomerKind::from_code(&row.kind))?;
        row.status.clone_from(&state.status);
        if let Some(source) = &state.linked {
            store::delete_external_id(conn, id, source)?;
        }
        write_profile(conn, kind, &state.profile, &state.sources, row)
    })
}

/// Archives a customer and frees its key in another system, so that this system can bring it anew.
///
/// # Errors
/// 409 for one that is archived; else as every change of a customer.
pub fn withdraw(conn: &mut DbConn, actor: &Actor, id: CustomerId, version: i64, source: &str) -> Result<()> {
    edit(conn, actor, id, version, "archived", |conn, whole| {
        set_archived(&mut whole.row.customer, actor)?;
        store::delete_external_id(conn, id, source).map(drop)
    })
}
