use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
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

/// Counts and tells how many are left.
type Counter<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// So many a minute for each key, all of them at once if need be.
fn counter<K: Clone + Eq + Hash>(limit: NonZeroU32) -> Counter<K> {
    RateLimiter::keyed(Quota::per_minute(limit)).with_middleware()
}

/// What a request leaves of its principal's quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests a minute.
    pub limit: u32,
    pub left: u32,
    /// Seconds until the whole quota is there again; after a refusal, until one more request is.
    pub seconds: u64,
    refused: bool,
}

impl Allowance {
    /// # Errors
    /// 429 when the quota was used up before this request.
    pub fn check(self) -> Result<()> {
        if self.refused { Err(exceeded(self.seconds)) } else { Ok(()) }
    }
}

/// How much one user, client or address may ask of this server.
pub struct Quotas {
    requests: Option<(NonZeroU32, Counter<Uuid>)>,
    exports: Option<u32>,
    failures: Counter<String>,
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
            requests: limit.map(|limit| (limit, counter(limit))),
            exports: None,
            failures: counter(FAILURES),
            spent: Mutex::default(),
            nobody: Mutex::default(),
            clock: DefaultClock::default(),
        }
    }

    /// The same with so many exports an hour for each user, or any number.
    #[must_use]
    pub fn with_exports(self, exports_an_hour: Option<u32>) -> Self {
        Quotas { exports: exports_an_hour, ..self }
    }

    /// How many exports a user may start within an hour. They are rows, by which they are counted exactly, whatever server starts them.
    pub fn exports(&self) -> Option<u32> {
        self.exports
    }

    /// Counts a request of a principal; gives what is left, if requests are limited.
    pub fn take(&self, principal: Uuid) -> Option<Allowance> {
        let (limit, counter) = self.requests.as_ref()?;
        if counter.len() > ROOM {
            counter.retain_recent();
        }
        let limit = limit.get();
        Some(match counter.check_key(&principal) {
            Ok(state) => {
                let left = state.remaining_burst_capacity();
                let spent = u64::from(limit.saturating_sub(left));
                Allowance { limit, left, seconds: (spent * 60).div_ceil(u64::from(limit)), refused: false }
            }
            Err(not_until) => {
                let seconds = not_until.wait_time_from(self.clock.now()).as_secs() + 1;
                Allowance { limit, left: 0, seconds, refused: true }
            }
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
        let wait = match self.failures.check_key(&key) {
            Ok(state) if state.remaining_burst_capacity() > 0 => return,
            // That was the last one; from now on there is one more for each share of a minute.
            Ok(_) => 60 / u64::from(FAILURES.get()) + 1,
            Err(not_until) => not_until.wait_time_from(self.clock.now()).as_secs() + 1,
        };
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.len() > ROOM {
            let now = now_seconds();
            spent.retain(|_, until| *until > now);
        }
        spent.insert(key, now_seconds() + wait);
    }
}

fn now_seconds() -> u64 {
    u64::try_from(crate::clock::now().seconds()).unwrap_or_default()
}

fn exceeded(seconds: u64) -> Error {
    Error::new(Code::QuotaExceeded).with_header("Retry-After", seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_failure_closes_the_door() {
        let quotas = Quotas::new(None);
        for n in 1..FAILURES.get() {
            quotas.note_failure("10.0.0.1");
            assert!(quotas.check_failures("10.0.0.1").is_ok(), "after {n} failures");
        }
        quotas.note_failure("10.0.0.1");
        assert_eq!(quotas.check_failures("10.0.0.1").unwrap_err().code, Code::QuotaExceeded);
        assert!(quotas.check_failures("10.0.0.2").is_ok());
    }

    #[test]
    fn an_allowance_counts_down_for_each_principal() {
        let quotas = Quotas::new(Some(3));
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for (left, seconds) in [(2, 20), (1, 40), (0, 60)] {
            let allowance = quotas.take(one).unwrap();
            assert_eq!(allowance, Allowance { limit: 3, left, seconds, refused: false });
            assert!(allowance.check().is_ok());
        }
        let refused = quotas.take(one).unwrap();
        assert!(refused.left == 0 && (1..=20).contains(&refused.seconds), "{refused:?}");
        let error = refused.check().unwrap_err();
        assert_eq!(
            (error.code, error.headers),
            (Code::QuotaExceeded, vec![("Retry-After", refused.seconds.to_string())])
        );
        assert_eq!(quotas.take(other).unwrap().left, 2);
        assert_eq!(Quotas::new(None).take(one), None);
    }
}
