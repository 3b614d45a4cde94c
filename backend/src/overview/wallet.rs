//! Share of wallet: which part of what a customer owns lies here, as far as it is known.

use std::collections::BTreeMap;

use guanxi_api::{Amount, Money, OutsideAsset, OutsideAssetKind, Rate, ShareOfWallet};

use crate::products::rules::convert;

/// The share of wallet of a customer with these assets here, in the base currency: assets here ÷ (assets here + estimates at other banks),
/// in whole percent. What is owed there and cards are no assets; what has no estimate, or no rate, is left out and counted. None where nothing
/// is known of other banks.
pub(super) fn share(
    here: &Money,
    elsewhere: &[OutsideAsset],
    rates: &BTreeMap<String, Rate>,
) -> Option<ShareOfWallet> {
    let assets = elsewhere.iter().filter(|asset| is_asset(asset.kind));
    let (mut outside, mut left_out, mut oldest) = (0_i64, 0_u32, None);
    for asset in assets {
        let estimate = asset.estimate.as_ref();
        match estimate.and_then(|money| Some(convert(money.amount, *rates.get(&money.currency)?))) {
            Some(amount) => {
                outside = outside.saturating_add(amount.0);
                oldest = Some(oldest.map_or(asset.as_of, |day: chrono::NaiveDate| day.min(asset.as_of)));
            }
            None => left_out += 1,
        }
    }
    if oldest.is_none() && left_out == 0 {
        return None;
    }
    let (inside, outside) = (here.amount.0.max(0), outside.max(0));
    let all = i128::from(inside) + i128::from(outside);
    let percent = (i128::from(inside) * 100 + all / 2).checked_div(all);
    Some(ShareOfWallet {
        inside: here.clone(),
        outside: Money { amount: Amount(outside), currency: here.currency.clone() },
        // Without any estimate all would seem to be here.
        percent: oldest.and(percent).and_then(|percent| u8::try_from(percent).ok()),
        left_out,
        oldest,
    })
}

/// Whether something at another bank is owned, and not owed or a mere service.
const fn is_asset(kind: OutsideAssetKind) -> bool {
    match kind {
        OutsideAssetKind::Deposit
        | OutsideAssetKind::Wealth
        | OutsideAssetKind::Fund
        | OutsideAssetKind::Insurance
        | OutsideAssetKind::PreciousMetal
        | OutsideAssetKind::Other => true,
        OutsideAssetKind::Card | OutsideAssetKind::Loan => false,
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    fn money(units: i64, currency: &str) -> Money {
        Money { amount: Amount(units * 10_000), currency: currency.into() }
    }

    fn asset(kind: OutsideAssetKind, estimate: Option<Money>, year: i32) -> OutsideAsset {
        let as_of = NaiveDate::from_ymd_opt(year, 1, 1).expect("a day");
        OutsideAsset { institution: "别家".into(), kind, estimate, as_of }
    }

    fn rates() -> BTreeMap<String, Rate> {
        let rate = |text: &str| Rate::parse(text).expect("a rate");
        BTreeMap::from([("CNY".into(), rate("1")), ("USD".into(), rate("7"))])
    }

    #[test]
    fn the_share_is_what_is_here_of_all_that_is_known() {
        let known = [
            asset(OutsideAssetKind::Deposit, Some(money(300, "CNY")), 2024),
            asset(OutsideAssetKind::Fund, Some(money(100, "USD")), 2022),
            asset(OutsideAssetKind::Loan, Some(money(9_000, "CNY")), 2020),
            asset(OutsideAssetKind::Card, Some(money(9_000, "CNY")), 2020),
            asset(OutsideAssetKind::Other, Some(money(5, "XXX")), 2019),
            asset(OutsideAssetKind::Wealth, None, 2019),
        ];
        let share = share(&money(500, "CNY"), &known, &rates()).expect("known");
        assert_eq!((share.percent, share.left_out), (Some(33), 2));
        assert_eq!((share.inside, share.outside), (money(500, "CNY"), money(1_000, "CNY")));
        assert_eq!(share.oldest, NaiveDate::from_ymd_opt(2022, 1, 1), "of those that count");
    }

    #[test]
    fn without_an_estimate_there_is_no_share() {
        let here = money(500, "CNY");
        assert_eq!(share(&here, &[], &rates()), None);
        let owed = asset(OutsideAssetKind::Loan, Some(money(1, "CNY")), 2024);
        assert_eq!(share(&here, &[owed], &rates()), None);
        let unknown = asset(OutsideAssetKind::Deposit, None, 2024);
        let told = share(&here, &[unknown], &rates()).expect("it is there");
        assert_eq!((told.percent, told.left_out, told.oldest), (None, 1, None));
        let nothing = asset(OutsideAssetKind::Deposit, Some(money(0, "CNY")), 2024);
        assert_eq!(
            share(&money(0, "CNY"), std::slice::from_ref(&nothing), &rates()).expect("known").percent,
            None
        );
        assert_eq!(share(&here, &[nothing], &rates()).expect("known").percent, Some(100));
    }
}
