use std::collections::BTreeMap;

use guanxi_api::{
    Authority, CustomerKind, ExternalId, HouseholdRole, NewCoOwners, NewHousehold, NewHouseholdMember,
    NewRelation, RelationRole,
};
use guanxi_db::{DbConn, Id};

use super::generator;
use crate::access::{Actor, UserId};
use crate::customers::{self, CustomerId, House};
use crate::error::Result;
use crate::{holdings, relations};

/// Among how many customers relations are looked for.
const LOOKED_AT: u64 = 2_000;
/// Most circles of related customers.
const CIRCLES: usize = 60;

/// The customers of a relationship manager, by kind.
#[derive(Default)]
struct Book {
    persons: Vec<CustomerId>,
    firms: Vec<CustomerId>,
}

/// Ties some customers of each book to others: a couple with their household and a joint account, a friend, who has brought whom, and a firm with its key
/// contact.
pub(super) fn make(conn: &mut DbConn, actor: &Actor, house: House<'_>, customers: u64) -> Result<()> {
    let keys: Vec<ExternalId> = (0..customers.min(LOOKED_AT)).map(generator::external_id).collect();
    let mut books: BTreeMap<UserId, Book> = BTreeMap::new();
    for source in ["core", "erp"] {
        let of: Vec<&ExternalId> = keys.iter().filter(|key| key.source == source).collect();
        let known = customers::ids_by_keys(conn, &of)?;
        let ids: Vec<CustomerId> = of.iter().filter_map(|key| known.get(&key.id).copied()).collect();
        for part in ids.chunks(500) {
            let kinds = customers::related(conn, actor, house, part)?;
            for brief in customers::briefs(conn, actor, part)? {
                let (Some(owner), Some(customer)) = (brief.owner_id, kinds.get(&brief.id)) else { continue };
                let book = books.entry(owner).or_default();
                match customer.kind {
                    _ if brief.archived => {}
                    CustomerKind::Person => book.persons.push(brief.id),
                    CustomerKind::Organisation => book.firms.push(brief.id),
                }
            }
        }
    }
    let circles = books.values().flat_map(|book| {
        let mut firms = book.firms.iter();
        book.persons.chunks_exact(4).map(move |four| (four, firms.next())).collect::<Vec<_>>()
    });
    for (four, firm) in circles.take(CIRCLES) {
        circle(conn, actor, house, four, firm.copied())?;
    }
    Ok(())
}

fn relation(other: CustomerId, role: RelationRole) -> NewRelation {
    NewRelation {
        other_id: other.uuid(),
        role,
        share_percent: None,
        title: None,
        authority: None,
        note: None,
        since: None,
        until: None,
    }
}

fn circle(
    conn: &mut DbConn,
    actor: &Actor,
    house: House<'_>,
    four: &[CustomerId],
    firm: Option<CustomerId>,
) -> Result<()> {
    let [one, partner, friend, brought] = four else { return Ok(()) };
    for (of, other, role) in [
        (one, partner, RelationRole::Spouse),
        (one, friend, RelationRole::Friend),
        (one, brought, RelationRole::Referred),
        (partner, friend, RelationRole::Colleague),
    ] {
        relations::create(conn, actor, house, *of, &relation(*other, role))?;
    }
    if let Some(firm) = firm {
        let contact = NewRelation {
            title: Some("财务总监".to_owned()),
            authority: Some(Authority::DecisionMaker),
            ..relation(*one, RelationRole::KeyContact)
        };
        relations::create(conn, actor, house, firm, &contact)?;
    }
    let member =
        |id: &CustomerId, role, primary| NewHouseholdMember { customer_id: id.uuid(), role, primary };
    let customer = customers::read(conn, actor, house, *one)?;
    let household = NewHousehold {
        name: format!("{}的家庭", customer.profile.name),
        members: vec![member(one, HouseholdRole::Head, true), member(partner, HouseholdRole::Spouse, false)],
    };
    relations::create_household(conn, actor, house, &household)?;
    if let Some(held) = holdings::held_by(conn, actor, house, *one, 1)?.first() {
        let owners = NewCoOwners { customer_ids: vec![partner.uuid()] };
        holdings::set_co_owners(conn, actor, house, (Id::new(held.id), held.version), &owners)?;
    }
    Ok(())
}
