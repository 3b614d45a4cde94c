use guanxi_api::{ContactTargetPolicy, ContactTargets, Instant};
use guanxi_db::DbConn;
use serde_json::json;
use uuid::Uuid;

use crate::access::Actor;
use crate::audit;
use crate::error::{Code, Error, Result};
use crate::interactions::store::{self, TargetRow};

/// The contacts that every relationship manager should have on a working day.
///
/// # Errors
/// When the database fails.
pub fn targets(conn: &mut DbConn) -> Result<ContactTargetPolicy> {
    let row = store::targets(conn)?;
    Ok(ContactTargetPolicy {
        targets: ContactTargets {
            meetings_a_day: row.meetings_a_day,
            connected_calls_a_day: row.connected_calls_a_day,
        },
        version: row.version,
        updated_at: Instant(row.updated_at.to_utc()),
    })
}

/// Sets the targets.
///
/// # Errors
/// 412 when the version is another one.
pub fn set_targets(
    conn: &mut DbConn,
    actor: &Actor,
    version: i64,
    new: &ContactTargets,
) -> Result<ContactTargetPolicy> {
    let before = targets(conn)?;
    let stale = |now: i64| Error::new(Code::Stale).with_header("ETag", crate::web::etag(actor, now, 0));
    if before.version != version {
        return Err(stale(before.version));
    }
    let changes = audit::changes_between(&json!(before.targets), &json!(new));
    if changes.is_empty() {
        return Ok(before);
    }
    let row = TargetRow {
        meetings_a_day: new.meetings_a_day,
        connected_calls_a_day: new.connected_calls_a_day,
        version: version + 1,
        updated_at: actor.now(),
    };
    if !store::set_targets(conn, &row, version)? {
        return Err(stale(targets(conn)?.version));
    }
    let change = audit::Change {
        resource_type: "contact_target",
        // There is one.
        resource_id: Uuid::nil(),
        action: "updated",
        version: version + 1,
        changes,
        reason: None,
    };
    audit::record(conn, actor, &change)?;
    targets(conn)
}
