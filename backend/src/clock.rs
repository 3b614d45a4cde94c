//! The only place that asks what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use guanxi_db::Moment;

/// Now, in UTC, to the microsecond.
pub fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
