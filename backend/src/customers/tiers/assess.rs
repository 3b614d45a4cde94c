//! What the assets of a customer and a policy make of its tier: pure functions over values.

use chrono::{Days, NaiveDate};
use guanxi_api::{Amount, Tier, TierBasis, TierPolicy, TierReason, TierRule};

/// What lists sort those by who have no such day.
pub(crate) const NEVER: NaiveDate = match NaiveDate::from_ymd_opt(9999, 12, 31) {
    Some(day) => day,
    None => NaiveDate::MAX,
};
/// What lists sort those by who are no candidates for promotion.
pub(in crate::customers) const NO_GAP: i64 = i64::MAX;

/// The tier of some assets: the highest whose threshold they reach, or the lowest.
pub fn tier_for(rules: &[TierRule], assets: Amount) -> Tier {
    let reached = rules.iter().rev().find(|rule| rule.threshold <= assets);
    reached.or(rules.first()).map_or(Tier::Mass, |rule| rule.tier)
}

fn threshold(rules: &[TierRule], tier: Tier) -> Amount {
    rules.iter().find(|rule| rule.tier == tier).map_or(Amount(0), |rule| rule.threshold)
}

/// The average of the assets at the ends of the last days, today with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Average {
    pub(super) amount: Amount,
    /// Whether it will be another one on some day although nothing changes.
    pub(super) moves: bool,
}

/// The first day whose end counts on `today`.
pub(super) fn first_day(basis: TierBasis, today: NaiveDate) -> NaiveDate {
    today.checked_sub_days(Days::new(u64::from(basis.days()).saturating_sub(1))).unwrap_or(today)
}

/// The mean of the assets at the ends of the days of `basis` up to `today`, to the 1/10000 below. Days before the first balance do not
/// count: of a customer who came last week a month is one week long.
///
/// `balances` are those of the days on which the assets changed, in the order of days, from the last one not after [`first_day`] on.
pub(super) fn average(
    balances: &[(NaiveDate, i64)],
    now: Amount,
    basis: TierBasis,
    today: NaiveDate,
) -> Average {
    let still = Average { amount: now, moves: false };
    let Some((first, _)) = balances.first() else { return still };
    if basis == TierBasis::Today {
        return still;
    }
    let start = first_day(basis, today).max(*first);
    let end = today.checked_add_days(Days::new(1)).unwrap_or(today);
    let (mut sum, mut days, mut moves) = (0_i128, 0_i128, false);
    for (n, (day, amount)) in balances.iter().enumerate() {
        let until = balances.get(n + 1).map_or(end, |(next, _)| *next).min(end);
        let length = i128::from((until - start.max(*day)).num_days().max(0));
        sum += length * i128::from(*amount);
        days += length;
        moves |= length > 0 && *amount != now.0;
    }
    match i64::try_from(sum.div_euclid(days.max(1))) {
        Ok(amount) if days > 0 => Average { amount: Amount(amount), moves },
        _ => still,
    }
}

/// What a customer was before: its tier, and on which day a grace period ends, if one runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    pub(super) tier: Tier,
    pub(super) demotes_on: NaiveDate,
}

/// How a customer stands in its tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) tier: Tier,
    /// The end of the grace period, or [`NEVER`].
    pub(super) demotes_on: NaiveDate,
    /// What the average of a candidate lacks of the next threshold, or [`NO_GAP`].
    pub(super) promotion_gap: i64,
    pub(super) promotion_candidate: bool,
    pub(super) hidden_gem: bool,
    /// The next day on which something may be different although nothing changes, or [`NEVER`].
    pub(super) review_on: NaiveDate,
}

/// Who reaches a higher threshold rises at once; who falls below its own stays until the grace period ends.
pub(super) fn stand(
    policy: &TierPolicy,
    before: Before,
    average: Average,
    largest_transaction: i64,
    today: NaiveDate,
) -> Standing {
    let reached = tier_for(&policy.tiers, average.amount);
    let ends =
        today.checked_add_days(Days::new(policy.grace_days.into())).unwrap_or(NEVER).min(before.demotes_on);
    let (tier, demotes_on) =
        if reached < before.tier && ends > today { (before.tier, ends) } else { (reached, NEVER) };
    let next = policy.tiers.iter().find(|rule| rule.tier > tier).map(|rule| rule.threshold);
    let is_near = |threshold: &Amount| {
        i128::from(average.amount.0) * 100 >= i128::from(threshold.0) * i128::from(policy.candidate_percent)
    };
    let near = next.filter(|threshold| demotes_on == NEVER && is_near(threshold));
    let tomorrow = today.checked_add_days(Days::new(1)).unwrap_or(NEVER);
    Standing {
        tier,
        demotes_on,
        promotion_gap: near.map_or(NO_GAP, |threshold| threshold.0.saturating_sub(average.amount.0)),
        promotion_candidate: near.is_some(),
        hidden_gem: tier == Tier::Mass
            && policy.gem_amount.0 > 0
            && largest_transaction >= policy.gem_amount.0,
        review_on: if average.moves { tomorrow } else { demotes_on },
    }
}

/// Why a tier became another one, and the threshold that decided: what was reached on the way up, what is missed on the way down.
pub(super) fn because(
    policy: &TierPolicy,
    before: Before,
    after: Tier,
    otherwise: TierReason,
) -> (TierReason, Amount) {
    if after > before.tier {
        (otherwise, threshold(&policy.tiers, after))
    } else if before.demotes_on == NEVER {
        (otherwise, threshold(&policy.tiers, before.tier))
    } else {
        (TierReason::GraceEnded, threshold(&policy.tiers, before.tier))
    }
}

#[cfg(test)]
mod tests {
    use guanxi_api::{Instant, ServicingChannel, TierPolicyState};
    use proptest::prelude::*;

    use super::*;

    fn policy(thresholds: [i64; 5], grace_days: u32) -> TierPolicy {
        let rule = |(tier, threshold): (&Tier, i64)| TierRule {
            tier: *tier,
            threshold: Amount(threshold),
            cadence_days: None,
            servicing_channel: ServicingChannel::RelationshipManager,
        };
        TierPolicy {
            id: uuid::Uuid::nil(),
            state: TierPolicyState::InForce,
            valid_from: NaiveDate::MIN,
            basis: TierBasis::MonthlyAverage,
            grace_days,
            candidate_percent: 80,
            gem_amount: Amount(50),
            tiers: Tier::ALL.iter().zip(thresholds).map(rule).collect(),
            version: 1,
            updated_at: Instant(chrono::DateTime::UNIX_EPOCH),
        }
    }

    fn day(n: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day").checked_add_days(Days::new(n)).expect("a day")
    }

    fn still(amount: i64) -> Average {
        Average { amount: Amount(amount), moves: false }
    }

    #[test]
    fn tiers_begin_at_their_thresholds() {
        let rules = policy([0, 100, 200, 300, 400], 0).tiers;
        for (aum, tier) in [
            (-1, Tier::Mass),
            (0, Tier::Mass),
            (99, Tier::Mass),
            (100, Tier::Gold),
            (199, Tier::Gold),
            (200, Tier::Platinum),
            (399, Tier::Diamond),
            (400, Tier::Private),
            (i64::MAX, Tier::Private),
        ] {
            assert_eq!(tier_for(&rules, Amount(aum)), tier, "{aum}");
        }
    }

    #[test]
    fn a_month_is_the_last_thirty_evenings_or_those_since_the_first() {
        let at = |balances: &[(u64, i64)], now, today| {
            let balances: Vec<_> = balances.iter().map(|(n, amount)| (day(*n), *amount)).collect();
            let average = average(&balances, Amount(now), TierBasis::MonthlyAverage, day(today));
            (average.amount.0, average.moves)
        };
        assert_eq!(at(&[], 0, 40), (0, false));
        assert_eq!(at(&[(40, 900)], 900, 40), (900, false), "the first day");
        assert_eq!(at(&[(40, 900), (41, 0)], 0, 41), (450, true), "two days");
        assert_eq!(at(&[(0, 300), (60, 600)], 600, 60), (310, true), "one of thirty evenings");
        assert_eq!(at(&[(0, 300), (60, 600)], 600, 88), (590, true), "all but one");
        assert_eq!(at(&[(0, 300), (60, 600)], 600, 89), (600, false), "the change has left the month");
        assert_eq!(at(&[(0, -1)], -1, 2), (-1, false));
        assert_eq!(at(&[(0, 0), (1, -1)], -1, 1), (-1, true), "to the 1/10000 below");
    }

    #[test]
    fn who_falls_below_stays_until_the_grace_ends() {
        let policy = policy([0, 100, 200, 300, 400], 10);
        let gold = Before { tier: Tier::Gold, demotes_on: NEVER };
        let fallen = stand(&policy, gold, still(99), 0, day(0));
        assert_eq!((fallen.tier, fallen.demotes_on, fallen.review_on), (Tier::Gold, day(10), day(10)));
        assert!(!fallen.promotion_candidate, "of whoever is falling");
        let waiting = Before { tier: Tier::Gold, demotes_on: day(10) };
        assert_eq!(stand(&policy, waiting, still(99), 0, day(9)).tier, Tier::Gold);
        let ended = stand(&policy, waiting, still(99), 0, day(10));
        assert_eq!((ended.tier, ended.demotes_on), (Tier::Mass, NEVER));
        assert!(ended.promotion_candidate);
        assert_eq!(
            because(&policy, waiting, Tier::Mass, TierReason::Assets),
            (TierReason::GraceEnded, Amount(100))
        );
        let back = stand(&policy, waiting, still(100), 0, day(9));
        assert_eq!((back.tier, back.demotes_on, back.review_on), (Tier::Gold, NEVER, NEVER));
        let risen = stand(&policy, waiting, still(450), 0, day(9));
        assert_eq!((risen.tier, risen.promotion_gap), (Tier::Private, NO_GAP));
        let shorter = TierPolicy { grace_days: 0, ..policy };
        assert_eq!(
            stand(&shorter, waiting, still(99), 0, day(1)).tier,
            Tier::Mass,
            "a shorter grace is for all"
        );
    }

    #[test]
    fn candidates_and_gems_are_those_of_the_policy() {
        let policy = policy([0, 100, 200, 300, 400], 10);
        let mass = Before { tier: Tier::Mass, demotes_on: NEVER };
        let stand = |amount, largest| stand(&policy, mass, still(amount), largest, day(0));
        assert!(!stand(79, 0).promotion_candidate && stand(80, 0).promotion_candidate);
        assert_eq!(stand(80, 0).promotion_gap, 20);
        assert!(!stand(80, 49).hidden_gem && stand(80, 50).hidden_gem);
        assert!(!stand(100, 50).hidden_gem, "gold is no ordinary customer");
    }

    proptest! {
        #[test]
        fn more_assets_are_never_a_lower_tier(a in any::<i64>(), b in any::<i64>()) {
            let rules = policy([0, 1_000, 1_000_000, 1_000_000_000, 1_000_000_000_000], 0).tiers;
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(tier_for(&rules, Amount(low)) <= tier_for(&rules, Amount(high)));
        }

        /// The mean of the sparse balances is that of the days written out one by one.
        #[test]
        fn averages_are_those_of_single_days(
            changes in prop::collection::btree_map(0_u64..60, -1_000_i64..1_000_000, 1..12), today in 60_u64..80,
        ) {
            let balances: Vec<(NaiveDate, i64)> = changes.iter().map(|(n, amount)| (day(*n), *amount)).collect();
            let now = balances.last().map_or(0, |(_, amount)| *amount);
            let end_of = |n: u64| changes.range(..=n).next_back().map(|(_, amount)| *amount);
            let days: Vec<i64> = (today - 29..=today).filter_map(end_of).collect();
            let mean = days.iter().sum::<i64>().div_euclid(days.len() as i64);
            let read: Vec<_> = {
                let from = balances.iter().rposition(|(at, _)| *at <= day(today - 29)).unwrap_or(0);
                balances[from..].to_vec()
            };
            let found = average(&read, Amount(now), TierBasis::MonthlyAverage, day(today));
            prop_assert_eq!(found.amount.0, mean);
            prop_assert_eq!(found.moves, days.iter().any(|amount| *amount != now));
        }
    }
}
