use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use guanxi_db::Moment;
use uuid::Uuid;

use crate::access::sessions;

use crate::error::{Code, Error, Result};

/// Failed sign-ins a minute from one address. Successful ones are not counted: a whole branch sits behind one.
const FAILURES: NonZeroU32 = match NonZeroU32::new(30) {
    Some(failures) => failures,
    None => NonZeroU32::MIN,
};
/// Principals and addresses that are remembered before idle ones are dropped.
const ROOM: usize = 50_000;

/// How much one user, client or address may ask of this server.
pub struct Quotas {
    requests: Option<(NonZeroU32, DefaultKeyedRateLimiter<Uuid>)>,
    failures: DefaultKeyedRateLimiter<String>,
    /// Addresses whose failures are used up, so that looking does not count.
    spent: Mutex<HashMap<String, u64>>,
    /// Failures with names that are nobody's: they lock as accounts do, so that a lock does not tell who has one.
    nobody: Mutex<HashMap<String, (i32, Moment)>>,
    clock: DefaultClock,
}

impl std::fmt::Debug for Quotas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Quotas").finish_non_exhaustive()
    }
}

impl Quotas {
    /// So many requests a minute for each principal, or any number.
    pub fn new(requests_a_minute: Option<u32>) -> Self {
        let limit = requests_a_minute.and_then(NonZeroU32::new);
        Quotas {
            requests: limit.map(|limit| (limit, RateLimiter::keyed(Quota::per_minute(limit)))),
            failures: RateLimiter::keyed(Quota::per_minute(FAILURES)),
            spent: Mutex::default(),
            nobody: Mutex::default(),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request of a principal.
    ///
    /// # Errors
    /// 429 when the quota is used up.
    pub fn take(&self, principal: Uuid) -> Result<()> {
        let Some((limit, limiter)) = &self.requests else { return Ok(()) };
        if limiter.len() > ROOM {
            limiter.retain_recent();
        }
        limiter.check_key(&principal).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now()).as_secs() + 1;
            exceeded(wait).with_header("RateLimit-Policy", format!("\"default\";q={limit};w=60"))
        })
    }

    /// Whether one more attempt to sign in from an address, or with an account's own password, may be made.
    ///
    /// # Errors
    /// 429 after too many failures.
    pub fn check_failures(&self, from: &str) -> Result<()> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now_seconds();
        match spent.get(from) {
            Some(until) if *until > now => Err(exceeded(until - now)),
            Some(_) => {
                spent.remove(from);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Whether one more attempt with a name that is nobody's may be made.
    ///
    /// # Errors
    /// 429 while the name is locked, as an account would be.
    pub fn check_nobody(&self, name: &str, now: Moment) -> Result<()> {
        let nobody = self.nobody.lock().unwrap_or_else(PoisonError::into_inner);
        sessions::check_lock(nobody.get(name).map(|(_, until)| *until), now)
    }

    /// Counts a failure with a name that is nobody's.
    ///
    /// # Errors
    /// 429 when the name was locked meanwhile.
    pub fn note_nobody(&self, name: &str, now: Moment) -> Result<()> {
        let mut nobody = self.nobody.lock().unwrap_or_else(PoisonError::into_inner);
        if nobody.len() >= ROOM {
            nobody.retain(|_, (_, until)| *until > now);
            if nobody.len() >= ROOM {
                nobody.clear();
            }
        }
        let (failures, until) = nobody.entry(name.to_owned()).or_insert((0, Moment(0)));
        sessions::check_lock(Some(*until), now)?;
        *failures = failures.saturating_add(1);
        *until = sessions::locked_until(*failures, now).unwrap_or(*until);
        Ok(())
    }

    /// Counts a failure.
    pub fn note_failure(&self, from: &str) {
        if self.failures.len() > ROOM {
            self.failures.retain_recent();
        }
        let key = from.to_owned();
        if let Err(not_until) = self.failures.check_key(&key) {
            let wait = not_until.wait_time_from(self.clock.now()).as_secs() + 1;
            let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
            if spent.len() > ROOM {
                let now = now_seconds();
                spent.retain(|_, until| *until > now);
            }
            spent.insert(key, now_seconds() + wait);
        }
    }
}

fn now_seconds() -> u64 {
    u64::try_from(crate::clock::now().seconds()).unwrap_or_default()
}

fn exceeded(seconds: u64) -> Error {
    Error::new(Code::QuotaExceeded).with_header("Retry-After", seconds)
}
