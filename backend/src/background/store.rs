use diesel::prelude::*;
use guanxi_db::schema::lease;
use guanxi_db::{DbConn, DbError, Id, Moment, on_each};

use crate::error::Result;

/// Takes or renews a lease; false while another holder has it. The row stays locked until the transaction ends.
pub(super) fn hold_lease(
    conn: &mut DbConn,
    name: &str,
    holder: Id<()>,
    now: Moment,
    until: Moment,
) -> Result<bool> {
    let taken = diesel::update(
        lease::table
            .filter(lease::name.eq(name))
            .filter(lease::holder.eq(holder).or(lease::expires_at.le(now))),
    )
    .set((lease::holder.eq(holder), lease::expires_at.eq(until)))
    .execute(conn)
    .map_err(DbError::from)?;
    if taken > 0 {
        return Ok(true);
    }
    let row = (lease::name.eq(name), lease::holder.eq(holder), lease::expires_at.eq(until));
    let made = on_each!(conn => diesel::insert_into(lease::table).values(row).on_conflict_do_nothing().execute(conn))
        .map_err(DbError::from)?;
    Ok(made > 0)
}
