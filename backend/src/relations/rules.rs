//! Which relations there are between which kinds of customers, and how they are stored: pure functions.

use guanxi_api::RelationRole::{
    Buyer, Child, Circle, Colleague, ContactFor, Controlled, Controller, Employee, Employer, Friend,
    Guaranteed, Guarantor, KeyContact, LegalRepresentative, Parent, ParentCompany, Referred, Referrer,
    Relative, Represented, Shareholder, Shareholding, Sibling, Spouse, Subsidiary, Supplier,
};
use guanxi_api::{CustomerKind, RelationRole};

/// What the customer is to the other one.
pub(super) const fn inverse(role: RelationRole) -> RelationRole {
    match role {
        Spouse | Sibling | Relative | Friend | Colleague | Circle => role,
        Parent => Child,
        Child => Parent,
        Referrer => Referred,
        Referred => Referrer,
        Guarantor => Guaranteed,
        Guaranteed => Guarantor,
        Employer => Employee,
        Employee => Employer,
        LegalRepresentative => Represented,
        Represented => LegalRepresentative,
        Shareholder => Shareholding,
        Shareholding => Shareholder,
        Controller => Controlled,
        Controlled => Controller,
        KeyContact => ContactFor,
        ContactFor => KeyContact,
        ParentCompany => Subsidiary,
        Subsidiary => ParentCompany,
        Supplier => Buyer,
        Buyer => Supplier,
    }
}

/// Whether a role is the same from both sides.
pub(super) fn is_mutual(role: RelationRole) -> bool {
    inverse(role) == role
}

/// Whether a relation is stored under this role; its inverse then is the same relation, seen from the other side.
pub(super) const fn is_stored(role: RelationRole) -> bool {
    matches!(
        role,
        Spouse
            | Sibling
            | Relative
            | Friend
            | Colleague
            | Circle
            | Parent
            | Referrer
            | Guarantor
            | Employer
            | LegalRepresentative
            | Shareholder
            | Controller
            | KeyContact
            | ParentCompany
            | Supplier
    )
}

/// Whether a customer of one kind can have another one of another kind in a role.
pub(super) fn fits(customer: CustomerKind, other: CustomerKind, role: RelationRole) -> bool {
    use CustomerKind::{Organisation, Person};
    let (from, to, role) =
        if is_stored(role) { (other, customer, role) } else { (customer, other, inverse(role)) };
    match role {
        Spouse | Sibling | Relative | Friend | Colleague | Circle | Parent => from == Person && to == Person,
        Employer => from == Organisation && to == Person,
        LegalRepresentative | KeyContact => from == Person && to == Organisation,
        Shareholder | Controller => to == Organisation,
        ParentCompany | Supplier => from == Organisation && to == Organisation,
        _ => true,
    }
}

/// What else is said of a relation in a role: a share, a title, what somebody decides.
pub(super) const fn takes_share(role: RelationRole) -> bool {
    matches!(role, Shareholder | Shareholding | Controller | Controlled)
}

pub(super) const fn takes_title(role: RelationRole) -> bool {
    matches!(role, Employer | Employee | KeyContact | ContactFor | LegalRepresentative | Represented)
}

pub(super) const fn takes_authority(role: RelationRole) -> bool {
    matches!(role, KeyContact | ContactFor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_an_inverse_of_which_it_is_the_inverse() {
        for role in RelationRole::ALL {
            assert_eq!(inverse(inverse(*role)), *role);
            let stored = is_stored(*role) || is_stored(inverse(*role));
            let once = is_mutual(*role) || is_stored(*role) != is_stored(inverse(*role));
            assert!(stored && once, "{role} is stored under one of its two names");
        }
    }

    #[test]
    fn a_role_fits_from_one_side_as_its_inverse_from_the_other() {
        for role in RelationRole::ALL {
            for customer in CustomerKind::ALL {
                for other in CustomerKind::ALL {
                    assert_eq!(
                        fits(*customer, *other, *role),
                        fits(*other, *customer, inverse(*role)),
                        "{role} between {customer} and {other}"
                    );
                }
            }
            for takes in [takes_share, takes_title, takes_authority] {
                assert_eq!(takes(*role), takes(inverse(*role)), "{role}");
            }
        }
        assert!(fits(CustomerKind::Person, CustomerKind::Organisation, Employer));
        assert!(!fits(CustomerKind::Organisation, CustomerKind::Person, Employer));
        assert!(!fits(CustomerKind::Person, CustomerKind::Organisation, Spouse));
        assert!(fits(CustomerKind::Organisation, CustomerKind::Person, KeyContact));
    }
}
