use guanxi_db::DbConn;

use crate::access::Actor;
use crate::customers::{self, CustomerId};
use crate::error::Result;

/// Every so many customers the relationship manager has not signed yet.
const UNSIGNED: usize = 12;
const AT_ONCE: i64 = 500;

/// Has relationship managers sign for most of their customers.
pub(super) fn make(conn: &mut DbConn, actor: &Actor) -> Result<()> {
    let mut after: Option<CustomerId> = None;
    loop {
        let ids = customers::ids_after(conn, after, AT_ONCE)?;
        let Some(last) = ids.last() else { return Ok(()) };
        after = Some(*last);
        let signed = ids.iter().enumerate().filter(|(n, _)| n % UNSIGNED > 0);
        let signed: Vec<CustomerId> = signed.map(|(_, id)| *id).collect();
        customers::sign_all(conn, actor, &signed)?;
    }
}
