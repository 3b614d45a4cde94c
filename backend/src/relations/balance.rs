use std::collections::BTreeMap;

use guanxi_api::{
    Amount, BalanceClass, BalanceLine, BalanceSheet, Instant, MemberBalance, Money, ProductKind,
};
use guanxi_db::DbConn;

use crate::access::Actor;
use crate::customers::{CustomerId, House};
use crate::error::Result;
use crate::holdings::{self, Shared};
use crate::relations::{HouseholdId, households};

/// What the members of a household that the actor sees own and owe. A holding of several of them counts once.
///
/// # Errors
/// 404 for a household of which the actor sees no member.
pub fn balance_sheet(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    id: HouseholdId,
) -> Result<BalanceSheet> {
    let (members, hidden_members) = households::visible_members(conn, actor, house, id)?;
    let held = holdings::shared_by(conn, &members)?;
    let sheet = sum(&members, &held);
    let money = |amount: i128| Money {
        amount: Amount(i64::try_from(amount).unwrap_or(if amount < 0 { i64::MIN } else { i64::MAX })),
        currency: house.settings.base_currency.clone(),
    };
    let mut lines: Vec<BalanceLine> = sheet
        .lines
        .into_iter()
        .map(|((kind, class), (value, holdings))| BalanceLine { kind, class, value: money(value), holdings })
        .collect();
    lines.sort_by(|a, b| b.value.amount.0.cmp(&a.value.amount.0).then(a.kind.cmp(&b.kind)));
    Ok(BalanceSheet {
        assets: money(sheet.assets),
        liabilities: money(sheet.liabilities),
        net: money(sheet.assets - sheet.liabilities),
        lines,
        members: members
            .iter()
            .zip(sheet.by_member)
            .map(|(id, assets)| MemberBalance { customer_id: id.uuid(), assets: money(assets) })
            .collect(),
        joint_holdings: sheet.joint,
        hidden_members,
        as_of: Instant(actor.now().to_utc()),
    })
}

#[derive(Default)]
struct Sums {
    assets: i128,
    liabilities: i128,
    lines: BTreeMap<(ProductKind, BalanceClass), (i128, u32)>,
    by_member: Vec<i128>,
    joint: u32,
}

fn sum(members: &[CustomerId], held: &[Shared]) -> Sums {
    let mut sums = Sums { by_member: vec![0; members.len()], ..Sums::default() };
    for holding in held {
        let value = i128::from(holding.value);
        let class = match holding.kind {
            _ if holding.counts_as_asset => BalanceClass::Asset,
            ProductKind::Loan => BalanceClass::Liability,
            _ => BalanceClass::Other,
        };
        match class {
            BalanceClass::Asset => sums.assets += value,
            BalanceClass::Liability => sums.liabilities += value,
            BalanceClass::Other => {}
        }
        let line = sums.lines.entry((holding.kind, class)).or_default();
        line.0 += value;
        line.1 += 1;
        let owners = || std::iter::once(&holding.customer_id).chain(&holding.co_owners);
        let places: Vec<usize> =
            owners().filter_map(|owner| members.iter().position(|member| member == owner)).collect();
        sums.joint += u32::from(places.len() > 1);
        // The holder comes first; of co-owners alone the one who comes first in the household.
        let under = match places.as_slice() {
            [first, ..] if members.get(*first) == Some(&holding.customer_id) => Some(*first),
            rest => rest.iter().min().copied(),
        };
        if let (BalanceClass::Asset, Some(sum)) = (class, under.and_then(|n| sums.by_member.get_mut(n))) {
            *sum += value;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn customer(n: u8) -> CustomerId {
        CustomerId::new(uuid::Uuid::from_bytes([n; 16]))
    }

    fn holding(customer_id: u8, co_owners: &[u8], value: i64, kind: ProductKind) -> Shared {
        Shared {
            customer_id: customer(customer_id),
            co_owners: co_owners.iter().copied().map(customer).collect(),
            kind,
            counts_as_asset: !matches!(kind, ProductKind::Loan | ProductKind::Card),
            value,
        }
    }

    #[test]
    fn a_joint_holding_counts_once_and_under_its_holder() {
        let members = [customer(1), customer(2)];
        let held = [
            holding(1, &[2], 100, ProductKind::Deposit),
            holding(9, &[2, 1], 40, ProductKind::Fund),
            holding(2, &[], 30, ProductKind::Loan),
            holding(2, &[], 7, ProductKind::Card),
        ];
        let sums = sum(&members, &held);
        assert_eq!((sums.assets, sums.liabilities, sums.joint), (140, 30, 2));
        assert_eq!(sums.by_member, [140, 0]);
        assert_eq!(sums.lines[&(ProductKind::Card, BalanceClass::Other)], (7, 1));
    }

    proptest! {
        #[test]
        fn the_members_together_have_what_the_household_has(
            held in prop::collection::vec((0_u8..6, prop::collection::vec(0_u8..6, 0..4), -1_000_i64..1_000), 0..30)
        ) {
            let members = [customer(0), customer(1), customer(2)];
            let held: Vec<Shared> = held
                .into_iter()
                .map(|(by, with, value)| holding(by, &with, value, ProductKind::Deposit))
                .filter(|holding| {
                    std::iter::once(&holding.customer_id).chain(&holding.co_owners).any(|id| members.contains(id))
                })
                .collect();
            let sums = sum(&members, &held);
            prop_assert_eq!(sums.by_member.iter().sum::<i128>(), sums.assets);
            prop_assert_eq!(sums.assets, held.iter().map(|holding| i128::from(holding.value)).sum::<i128>());
        }
    }
}
