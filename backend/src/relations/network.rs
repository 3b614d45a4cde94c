use std::collections::HashMap;

use guanxi_api::{
    Amount, Money, Network, NetworkEdge, NetworkNode, Referrals, RelatedCustomer, RelationRole,
};
use guanxi_db::DbConn;

use crate::access::Actor;
use crate::customers::{self, CustomerId, House};
use crate::error::{Error, Result};
use crate::relations::store::{self, RelationRow};
use crate::relations::{known, manage};

/// How far a network is followed.
const DISTANCE: u32 = 2;
/// Most customers that a network tells of.
const NODES: usize = 60;
/// Most customers whom one has brought that are told.
const REFERRED: usize = 200;

/// The customers around one, as far as two relations lead.
///
/// # Errors
/// 404 for a customer that the actor does not see.
pub fn network(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: CustomerId) -> Result<Network> {
    let own = seen(conn, actor, house, &[id])?.remove(&id).ok_or_else(Error::not_found)?;
    let mut nodes = vec![NetworkNode { customer: own, distance: 0 }];
    let mut places: HashMap<CustomerId, u32> = HashMap::from([(id, 0)]);
    let mut rows: HashMap<_, RelationRow> = HashMap::new();
    let (mut ring, mut more) = (vec![id], false);
    for distance in 1..=DISTANCE {
        let found = store::of_customers(conn, &ring)?;
        let mut others: Vec<CustomerId> = found
            .iter()
            .flat_map(|row| [row.from_id, row.to_id])
            .filter(|other| !places.contains_key(other))
            .collect();
        others.sort_unstable();
        others.dedup();
        rows.extend(found.into_iter().map(|row| (row.id, row)));
        let mut met: Vec<(CustomerId, RelatedCustomer)> =
            seen(conn, actor, house, &others)?.into_iter().collect();
        met.sort_by_key(|(id, _)| *id);
        let room = NODES - nodes.len();
        more |= met.len() > room;
        met.truncate(room);
        ring = met.iter().map(|(id, _)| *id).collect();
        places.extend(ring.iter().map(|id| (*id, distance)));
        nodes.extend(met.into_iter().map(|(_, customer)| NetworkNode { customer, distance }));
    }
    // What lies between two of the outermost is part of the picture, too.
    rows.extend(store::of_customers(conn, &ring)?.into_iter().map(|row| (row.id, row)));
    let mut rows: Vec<RelationRow> = rows
        .into_values()
        .filter(|row| places.contains_key(&row.from_id) && places.contains_key(&row.to_id))
        .collect();
    rows.sort_by_key(|row| row.id);
    let edge = |row: RelationRow| {
        Ok(NetworkEdge {
            relation_id: row.id.uuid(),
            from: row.to_id.uuid(),
            to: row.from_id.uuid(),
            role: known(RelationRole::from_code(&row.kind))?,
            ended: row.until.is_some(),
        })
    };
    Ok(Network { nodes, edges: rows.into_iter().map(edge).collect::<Result<_>>()?, more })
}

fn seen(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    ids: &[CustomerId],
) -> Result<HashMap<CustomerId, RelatedCustomer>> {
    customers::related(conn, actor, house, ids)
}

/// Who has brought a customer, and whom the customer has brought.
///
/// # Errors
/// 404 for a customer that the actor does not see.
pub fn referrals(conn: &mut DbConn, actor: &Actor, house: House<'_>, id: CustomerId) -> Result<Referrals> {
    customers::visible(conn, actor, id)?;
    let above = manage::chain_above(conn, id)?;
    let below: Vec<CustomerId> = store::referred_by(conn, id, REFERRED)?;
    let all: Vec<CustomerId> = above.iter().chain(&below).copied().collect();
    let seen = seen(conn, actor, house, &all)?;
    let mut referred: Vec<RelatedCustomer> = below.iter().filter_map(|id| seen.get(id).cloned()).collect();
    referred.sort_by(|a, b| b.aum.amount.0.cmp(&a.aum.amount.0).then(a.id.cmp(&b.id)));
    let sum = referred.iter().map(|customer| i128::from(customer.aum.amount.0)).sum::<i128>();
    let amount = Amount(i64::try_from(sum).unwrap_or(i64::MAX));
    Ok(Referrals {
        chain: above.iter().rev().map(|id| seen.get(id).cloned()).collect(),
        referred,
        referred_aum: Money { amount, currency: house.settings.base_currency.clone() },
    })
}
