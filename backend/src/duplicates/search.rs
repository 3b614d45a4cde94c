//! The search over the whole bank: reads every customer once, page by page, without holding anybody up; compares in memory those who share a key;
//! writes down the pairs that are worth a look. It begins anew when it is interrupted.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use guanxi_api::{DuplicateEvidence, DuplicateState, JobCounts, JobKind};
use guanxi_db::{DbConn, Doc, Moment};
use serde_json::json;

use crate::access::{Actor, Right};
use crate::customers::{self, CustomerId};
use crate::duplicates::likeness::{self, Traits, WORTH_A_LOOK};
use crate::duplicates::store::{self, PairRow};
use crate::error::{Error, Result};
use crate::jobs::{self, Advance, Bench, Claim, Ended, JobId, NewJob, Progress};

/// Customers of a page, and pages between two notes of how far the search is.
const PAGE: i64 = 2_000;
const PAGES: usize = 5;
/// Pairs that are written in one transaction.
const PAIRS: usize = 100;
/// What more customers share than this tells nobody from others: the telephone of an outlet, a date that stands for none.
const MOST_OF_A_KEY: usize = 60;

/// Starts a search, one at a time: each removes the open pairs that it has not found itself, and so those that another one has only just found.
///
/// # Errors
/// 403 without the right to, 409 while another one waits or runs.
pub fn start(conn: &mut DbConn, actor: &Actor) -> Result<JobId> {
    if !actor.may(Right::SearchDuplicates) {
        return Err(Error::forbidden());
    }
    store::lock_searches(conn)?;
    if store::is_under_way(conn)? {
        return Err(Error::conflict("", "search_under_way"));
    }
    let job = NewJob {
        kind: JobKind::DuplicateSearch,
        title: String::new(),
        dry_run: false,
        input: json!({}),
        audited: json!({}),
        reason: None,
    };
    jobs::create(conn, actor, job)
}

/// Works on a search until it ends or `stop` is set.
///
/// # Errors
/// When the database fails: then it begins anew later.
pub fn run(bench: &Bench, claim: &Claim, stop: &AtomicBool, now: fn() -> Moment) -> Result<Ended> {
    let told = |progress: Progress| {
        let claim = claim.clone();
        bench.db.write_blocking(move |conn| {
            let actor = Actor::operator_job(now(), claim.id.uuid());
            jobs::advance(conn, &actor, &claim, progress)
        })
    };
    {
        let claim = claim.clone();
        bench.db.write_blocking(move |conn| {
            let actor = Actor::operator_job(now(), claim.id.uuid());
            jobs::begin_anew(conn, &actor, &claim)?;
            let total = customers::count_in_lists(conn)?;
            jobs::set_total(conn, &actor, &claim, total)
        })?;
    }
    let stopped = || -> Result<Ended> {
        let claim = claim.clone();
        bench.db.write_blocking(move |conn| {
            jobs::let_go(conn, &Actor::operator_job(now(), claim.id.uuid()), &claim)
        })?;
        Ok(Ended::Stopped)
    };
    let mut finder = Finder::default();
    let (mut after, mut waiting, mut pages) = (None, 0, 0);
    loop {
        if stop.load(Ordering::SeqCst) {
            return stopped();
        }
        let page = bench.db.read_blocking(move |conn| customers::comparable_after(conn, after, PAGE))?;
        after = page.last().map(|(id, _)| *id);
        waiting += i64::try_from(page.len()).unwrap_or_default();
        pages += 1;
        for (id, customer) in &page {
            finder.add(*id, customer);
        }
        if page.is_empty() || pages % PAGES == 0 {
            let progress = Progress { processed: waiting, ..Progress::default() };
            if told(progress)? == Advance::Cancelled {
                return Ok(Ended::Over);
            }
            waiting = 0;
        }
        if page.is_empty() {
            break;
        }
    }
    let Some(found) = finder.pairs(|| stop.load(Ordering::SeqCst)) else { return stopped() };
    for pairs in found.chunks(PAIRS) {
        if stop.load(Ordering::SeqCst) {
            return stopped();
        }
        let (claim, pairs) = (claim.clone(), pairs.to_vec());
        let goes_on = bench.db.write_blocking(move |conn| {
            let actor = Actor::operator_job(now(), claim.id.uuid());
            let created = write(conn, &actor, claim.id, &pairs)?;
            let unchanged = i64::try_from(pairs.len()).unwrap_or_default() - created;
            let counts = JobCounts { created, unchanged, ..JobCounts::default() };
            jobs::advance(conn, &actor, &claim, Progress { counts, ..Progress::default() })
        })?;
        if goes_on == Advance::Cancelled {
            return Ok(Ended::Over);
        }
    }
    let claim = claim.clone();
    bench.db.write_blocking(move |conn| {
        let actor = Actor::operator_job(now(), claim.id.uuid());
        // What is open and was not found again is none any more.
        store::remove_open_of_others(conn, claim.id)?;
        jobs::finish(conn, &actor, &claim, json!({})).map(drop)
    })?;
    Ok(Ended::Over)
}

/// Searches within one transaction, for banks that are being made; gives how many pairs are new.
///
/// # Errors
/// When the database fails.
pub fn find_now(conn: &mut DbConn, actor: &Actor) -> Result<i64> {
    let mut finder = Finder::default();
    let mut after = None;
    loop {
        let page = customers::comparable_after(conn, after, PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        page.iter().for_each(|(id, customer)| finder.add(*id, customer));
    }
    let (search, mut new) = (actor.new_id(), 0);
    for pairs in finder.pairs(|| false).unwrap_or_default().chunks(PAIRS) {
        new += write(conn, actor, search, pairs)?;
    }
    Ok(new)
}

/// Two customers, the one with the lower id first, and how they compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) first: CustomerId,
    pub(super) second: CustomerId,
    pub(super) score: i32,
    pub(super) evidence: Vec<DuplicateEvidence>,
}

/// Customers in memory, by the keys that they share.
#[derive(Default)]
pub(super) struct Finder {
    customers: Vec<(CustomerId, Traits)>,
    keys: Vec<(u64, u32)>,
}

impl Finder {
    /// Adds the next customer by the order of ids.
    pub(super) fn add(&mut self, id: CustomerId, customer: &customers::Comparable) {
        let place = u32::try_from(self.customers.len()).unwrap_or(u32::MAX);
        let (traits, keys) = likeness::prepare(customer);
        self.customers.push((id, traits));
        self.keys.extend(keys.into_iter().map(|key| (key, place)));
    }

    /// The pairs that are worth a look; none when `stops` says so before they are found.
    pub(super) fn pairs(mut self, stops: impl Fn() -> bool) -> Option<Vec<Found>> {
        self.keys.sort_unstable();
        self.keys.dedup();
        let (mut found, mut met) = (Vec::new(), HashSet::new());
        for group in self.keys.chunk_by(|one, other| one.0 == other.0) {
            if stops() {
                return None;
            }
            if group.len() > MOST_OF_A_KEY {
                continue;
            }
            for (n, (_, first)) in group.iter().enumerate() {
                for (_, second) in group.iter().skip(n + 1) {
                    let both = (self.customers.get(*first as usize), self.customers.get(*second as usize));
                    let (Some((first_id, one)), Some((second_id, other))) = both else { continue };
                    let (score, evidence) = likeness::compare(one, other);
                    // Only those that are found are remembered: they are few.
                    if score >= WORTH_A_LOOK && met.insert((*first, *second)) {
                        found.push(Found { first: *first_id, second: *second_id, score, evidence });
                    }
                }
            }
        }
        Some(found)
    }
}

/// Writes down pairs; gives how many of them are new. What somebody has decided on stays decided.
fn write(conn: &mut DbConn, actor: &Actor, search: JobId, pairs: &[Found]) -> Result<i64> {
    let known = store::known(conn, pairs)?;
    let mut new = Vec::new();
    for pair in pairs {
        let evidence: Vec<&str> = pair.evidence.iter().map(|piece| piece.as_str()).collect();
        let row = PairRow {
            id: actor.new_id(),
            first_id: pair.first,
            second_id: pair.second,
            score: i16::try_from(pair.score).unwrap_or_default(),
            evidence: Doc(json!(evidence)),
            state: DuplicateState::Open.as_str().to_owned(),
            search_id: search,
            found_at: actor.now(),
            decided_at: None,
            decided_by: None,
            reason: None,
            version: 1,
        };
        match known.get(&(pair.first, pair.second)) {
            Some(before) => store::found_again(conn, before, &row)?,
            None => new.push(row),
        }
    }
    store::insert(conn, &new)?;
    Ok(i64::try_from(new.len()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use guanxi_api::ContactPointKind;
    use uuid::Uuid;

    use super::*;
    use crate::customers::Comparable;
    use crate::demo::generator::{self, DemoCustomer};

    /// What the bank would hold of a customer; the numbers stand for their hashes.
    fn comparable(demo: &DemoCustomer) -> Comparable {
        let new = &demo.new;
        let points = |kind: ContactPointKind| {
            let of_kind = new.contact_points.iter().filter(move |point| point.kind == kind);
            of_kind.map(|point| point.value.replace(' ', "").into_bytes()).collect::<Vec<_>>()
        };
        Comparable {
            kind: new.kind,
            name: new.name.clone(),
            birth_date: new.birth_date,
            birth_year: new.birth_date.map(|date| chrono::Datelike::year(&date)).or(new.birth_year),
            gender: new.gender.map(|gender| gender.as_str().to_owned()),
            city: new.city.clone(),
            employer: new.employer.clone(),
            identity: new
                .identity
                .as_ref()
                .map(|document| (document.kind.as_str().to_owned(), document.number.clone().into_bytes())),
            phones: points(ContactPointKind::Phone),
            emails: points(ContactPointKind::Email),
        }
    }

    #[test]
    fn most_of_those_who_are_entered_twice_are_found_and_few_others() {
        // Of a bank this large the chance that two people share a name and a birthday is not small.
        let customers = if std::env::var("GUANXI_CHECK_FULL").is_ok() { 1_000_000 } else { 60_000_u64 };
        let (seed, today) = (3, "2026-11-28".parse().expect("a day"));
        let bank = generator::bank(seed, customers);
        let id = |n: u64| CustomerId::new(Uuid::from_u128(u128::from(n)));
        let mut finder = Finder::default();
        for n in 0..customers {
            finder.add(id(n), &comparable(&generator::customer(seed, n, &bank, today)));
        }
        let planted: HashSet<(CustomerId, CustomerId)> = (0..customers / 50)
            .map(|k| {
                let n = k * 50;
                let original = generator::customer(seed, n, &bank, today);
                finder.add(id(customers + k), &comparable(&generator::copy(seed, n, &original)));
                (id(n), id(customers + k))
            })
            .collect();
        let found = finder.pairs(|| false).expect("not stopped");
        let right = found.iter().filter(|pair| planted.contains(&(pair.first, pair.second))).count();
        let (precision, recall) = (right as f64 / found.len() as f64, right as f64 / planted.len() as f64);
        println!("{} found, precision {precision:.4}, recall {recall:.4}", found.len());
        assert!(precision >= 0.95, "precision {precision}");
        assert!(recall >= 0.95, "recall {recall}");
    }
}
