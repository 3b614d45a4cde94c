//! Amounts of money by tier, in whole numbers only, so that every machine draws the same ones.

use guanxi_api::{Amount, Money, OutsideAsset, OutsideAssetKind, Tier};

use super::firms::earlier;
use super::{Draw, Subject, texts};

/// One unit of the currency.
const UNIT: i64 = 10_000;
/// A hundredth of it.
const CENT: i64 = 100;

/// Bounds of the tiers (product row A4), in whole units of the currency; nobody in the demo has more than the last.
const GOLD: i64 = 100_000;
const PLATINUM: i64 = 1_000_000;
const DIAMOND: i64 = 5_000_000;
const PRIVATE: i64 = 8_000_000;
const RICHEST: i64 = 300_000_000;

/// Assets of a customer of a tier: many small, few large ones, to the cent.
pub(super) fn assets(draw: &mut Draw, tier: Tier) -> Amount {
    match tier {
        Tier::Mass => mass(draw),
        Tier::Gold => long_tail(draw, GOLD, PLATINUM),
        Tier::Platinum => long_tail(draw, PLATINUM, DIAMOND),
        Tier::Diamond => long_tail(draw, DIAMOND, PRIVATE),
        Tier::Private => long_tail(draw, PRIVATE, RICHEST),
    }
}

/// Between about a hundred and a hundred thousand: evenly over doublings, the upper ones more often.
fn mass(draw: &mut Draw) -> Amount {
    let lowest = GOLD * UNIT / 1024;
    let doublings = draw
        .weighted(&[
            (20, 0),
            (30, 1),
            (40, 2),
            (60, 3),
            (80, 4),
            (110, 5),
            (150, 6),
            (180, 7),
            (180, 8),
            (150, 9),
        ])
        .unwrap_or(0);
    let from = lowest << doublings;
    cents(from + share(draw, from))
}

/// At least `from` and less than `to`, by the Pareto distribution of exponent 1 cut off at `to`.
fn long_tail(draw: &mut Draw, from: i64, to: i64) -> Amount {
    let (low, high) = (i128::from(from * UNIT), i128::from(to * UNIT));
    let whole = 1_i128 << 32;
    let drawn = i128::from(draw.next());
    let value = low * high * whole / (high * whole - drawn * (high - low));
    cents(i64::try_from(value).unwrap_or(from * UNIT))
}

/// An even part of an amount.
fn share(draw: &mut Draw, of: i64) -> i64 {
    i64::try_from((i128::from(of) * i128::from(draw.next())) >> 32).unwrap_or_default()
}

fn cents(units: i64) -> Amount {
    Amount(units / CENT * CENT)
}

/// What a customer holds elsewhere, rounded as people tell it.
pub(super) fn outside(draw: &mut Draw, subject: &Subject) -> Vec<OutsideAsset> {
    let told = match subject.tier {
        Tier::Mass => 60,
        Tier::Gold => 250,
        _ => 450,
    };
    if !draw.in_thousand(told) {
        return Vec::new();
    }
    let mut assets = Vec::new();
    for _ in 0..=draw.below(2) {
        let kind = draw.weighted(&[
            (320, OutsideAssetKind::Deposit),
            (200, OutsideAssetKind::Wealth),
            (150, OutsideAssetKind::Fund),
            (120, OutsideAssetKind::Insurance),
            (50, OutsideAssetKind::PreciousMetal),
            (60, OutsideAssetKind::Card),
            (100, OutsideAssetKind::Loan),
        ]);
        let institution = draw.word(match kind {
            Some(OutsideAssetKind::Insurance) => texts::INSURERS,
            Some(OutsideAssetKind::Fund) => texts::BROKERS,
            _ => texts::BANKS,
        });
        let days = draw.below(360) + 1;
        let estimated = kind != Some(OutsideAssetKind::Card) && draw.in_thousand(850);
        let estimate = share(draw, subject.aum.0.max(GOLD * UNIT / 2) * 2) / (1_000 * UNIT) * 1_000 * UNIT;
        let estimate = (estimated && estimate > 0)
            .then(|| Money { amount: Amount(estimate), currency: "CNY".to_owned() });
        if let (Some(kind), Some(as_of)) = (kind, earlier(subject.today, days)) {
            assets.push(OutsideAsset { institution: institution.to_owned(), kind, estimate, as_of });
        }
    }
    assets
}

#[cfg(test)]
mod tests {
    use super::super::Purpose;
    use super::*;

    #[test]
    fn assets_stay_in_their_tier_and_have_a_long_tail() {
        let bounds = [
            (Tier::Mass, 97, GOLD),
            (Tier::Gold, GOLD, PLATINUM),
            (Tier::Platinum, PLATINUM, DIAMOND),
            (Tier::Diamond, DIAMOND, PRIVATE),
            (Tier::Private, PRIVATE, RICHEST),
        ];
        for (tier, from, to) in bounds {
            let mut draw = Draw::new(3, Purpose::Customer, 0);
            let mut drawn: Vec<i64> = (0..20_000).map(|_| assets(&mut draw, tier).0).collect();
            drawn.sort_unstable();
            let (lowest, median, highest) = (drawn[0], drawn[10_000], drawn[19_999]);
            assert!(lowest >= from * UNIT && highest < to * UNIT, "{tier:?} {lowest} {highest}");
            let mean = drawn.iter().sum::<i64>() / 20_000;
            assert!(mean > median, "{tier:?} {mean} {median}");
            assert!(drawn.iter().all(|amount| amount % CENT == 0));
        }
    }
}
