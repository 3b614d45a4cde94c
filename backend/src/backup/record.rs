//! Putting on record what the command line has done, beside a server that may be busy.

use std::sync::Arc;
use std::time::{Duration, Instant};

use guanxi_db::{DatabaseUrl, Db, DbConn, DbOptions, pending_migrations};

use crate::access::Actor;
use crate::error::{Error, Result};

/// How long a command that has done its work waits for a turn.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes what `entry` writes, as done by `actor`. A server that is busy writing leaves no turn for longer than a request would wait: then it is tried again, for
/// a minute. A database of an older schema is left as it is.
///
/// # Errors
/// When the database fails, or leaves no turn.
pub fn put_on_record(
    url: &DatabaseUrl,
    actor: &Actor,
    entry: impl Fn(&mut DbConn, &Actor) -> Result<()> + Send + Sync + 'static,
) -> Result<()> {
    let mut conn = url.connect().map_err(Error::from)?;
    if pending_migrations(&mut conn).map_err(Error::from)? > 0 {
        return Ok(());
    }
    drop(conn);
    let options = DbOptions { read_threads: 1, write_threads: 1, ..DbOptions::for_cores(url.clone(), 1) };
    let db = Db::open(&options).map_err(Error::from)?;
    let (work, give_up) = (Arc::new((entry, actor.clone())), Instant::now() + PATIENCE);
    loop {
        let work = Arc::clone(&work);
        match db.write_blocking(move |conn| (work.0)(conn, &work.1)) {
            Err(error) if error.code.status() == 503 && Instant::now() < give_up => {}
            recorded => return recorded,
        }
    }
}
