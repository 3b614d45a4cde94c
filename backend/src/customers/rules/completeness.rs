//! How complete the profile of a customer is: which pieces count, how much each weighs, and which of them a tier demands.
//!
//! The pieces and their weights are of this project; that gold and above must reach 80 % on address, phone and employer is that of A8. What
//! A8 calls the employer is told by two pieces, the employer and the occupation: who is retired or works for themselves has no
//! employer, and one of the two is enough (83 % of the demanded weight). Of an organisation it is told by who represents it and by its line of
//! business. So a customer without a phone, or without an address, or of whom neither of the two is known, does not reach the 80 %.

use guanxi_api::{CustomerKind, ProfilePiece, Tier};

/// What share of the demanded weight a customer at gold or above must have, in percent (A8).
pub const REQUIRED_PERCENT: i32 = 80;

const OF_PERSONS: &[ProfilePiece] = &[
    ProfilePiece::Phone,
    ProfilePiece::Address,
    ProfilePiece::Employer,
    ProfilePiece::Occupation,
    ProfilePiece::Identity,
    ProfilePiece::RiskAttribute,
    ProfilePiece::BirthDate,
    ProfilePiece::EmailOrWechat,
    ProfilePiece::City,
];

const OF_ORGANISATIONS: &[ProfilePiece] = &[
    ProfilePiece::Phone,
    ProfilePiece::Address,
    ProfilePiece::LegalRepresentative,
    ProfilePiece::Industry,
    ProfilePiece::Identity,
    ProfilePiece::OrganisationSize,
    ProfilePiece::BusinessState,
    ProfilePiece::CreditRating,
    ProfilePiece::EmailOrWechat,
    ProfilePiece::City,
];

/// The pieces that count for a kind of customer; their weights add up to 100.
pub const fn pieces(kind: CustomerKind) -> &'static [ProfilePiece] {
    match kind {
        CustomerKind::Person => OF_PERSONS,
        CustomerKind::Organisation => OF_ORGANISATIONS,
    }
}

/// How much of 100 a piece is worth.
pub const fn weight(piece: ProfilePiece) -> i32 {
    match piece {
        ProfilePiece::Phone | ProfilePiece::Address => 20,
        ProfilePiece::Identity => 15,
        ProfilePiece::Employer
        | ProfilePiece::Occupation
        | ProfilePiece::LegalRepresentative
        | ProfilePiece::Industry
        | ProfilePiece::RiskAttribute => 10,
        ProfilePiece::BirthDate
        | ProfilePiece::EmailOrWechat
        | ProfilePiece::City
        | ProfilePiece::OrganisationSize
        | ProfilePiece::BusinessState
        | ProfilePiece::CreditRating => 5,
    }
}

/// Whether a piece is demanded of customers at gold and above.
pub const fn is_required(piece: ProfilePiece) -> bool {
    matches!(
        piece,
        ProfilePiece::Phone
            | ProfilePiece::Address
            | ProfilePiece::Employer
            | ProfilePiece::Occupation
            | ProfilePiece::LegalRepresentative
            | ProfilePiece::Industry
    )
}

/// What the demanded pieces of either kind weigh together.
const REQUIRED_WEIGHT: i32 = 60;

/// The pieces that a customer lacks, as the database keeps them: a bit for each, in the order of [`ProfilePiece::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing(i32);

impl Missing {
    /// What of its kind's pieces a customer lacks who has those for which `has` holds.
    pub fn of(kind: CustomerKind, has: impl Fn(ProfilePiece) -> bool) -> Self {
        let lacking = pieces(kind).iter().filter(|piece| !has(**piece));
        Missing(lacking.fold(0, |bits, piece| bits | 1 << (*piece as i32)))
    }

    /// From the number that the database keeps.
    pub const fn from_bits(bits: i32) -> Self {
        Missing(bits)
    }

    /// The number that the database keeps.
    pub const fn bits(self) -> i32 {
        self.0
    }

    pub const fn has(self, piece: ProfilePiece) -> bool {
        self.0 & (1 << (piece as i32)) != 0
    }

    /// The pieces, the weightiest first.
    pub fn pieces(self) -> Vec<ProfilePiece> {
        let mut missing: Vec<ProfilePiece> =
            ProfilePiece::ALL.iter().copied().filter(|piece| self.has(*piece)).collect();
        missing.sort_by_key(|piece| std::cmp::Reverse(weight(*piece)));
        missing
    }

    fn weight(self, counts: impl Fn(ProfilePiece) -> bool) -> i32 {
        self.pieces().into_iter().filter(|piece| counts(*piece)).map(weight).sum()
    }

    /// How complete the profile is: 0 to 100.
    pub fn score(self) -> i32 {
        100 - self.weight(|_| true)
    }

    /// What share of the demanded weight is there: 0 to 100, rounded down.
    pub fn required_share(self) -> i32 {
        (REQUIRED_WEIGHT - self.weight(is_required)) * 100 / REQUIRED_WEIGHT
    }

    /// Whether a customer of a tier must be completed.
    pub fn is_gap(self, tier: Tier) -> bool {
        tier != Tier::Mass && self.required_share() < REQUIRED_PERCENT
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lacking(kind: CustomerKind, lacking: &[ProfilePiece]) -> Missing {
        Missing::of(kind, |piece| !lacking.contains(&piece))
    }

    #[test]
    fn weights_of_each_kind_add_up_and_no_piece_is_of_neither() {
        for kind in CustomerKind::ALL {
            let sum = |counts: fn(ProfilePiece) -> bool| -> i32 {
                pieces(*kind).iter().filter(|piece| counts(**piece)).map(|piece| weight(*piece)).sum()
            };
            assert_eq!((sum(|_| true), sum(is_required)), (100, REQUIRED_WEIGHT), "{kind}");
            assert_eq!(Missing::of(*kind, |_| false).score(), 0, "{kind}");
            assert_eq!(Missing::of(*kind, |_| true), Missing::default(), "{kind}");
        }
        for piece in ProfilePiece::ALL {
            assert!(OF_PERSONS.contains(piece) || OF_ORGANISATIONS.contains(piece), "{piece}");
        }
    }

    #[test]
    fn gold_and_above_need_a_phone_an_address_and_one_word_of_the_employer() {
        use ProfilePiece::{
            Address, City, Employer, Identity, Industry, LegalRepresentative, Occupation, Phone,
        };
        let gap = |kind, without: &[ProfilePiece]| lacking(kind, without).is_gap(Tier::Gold);
        for (kind, one, other) in [
            (CustomerKind::Person, Employer, Occupation),
            (CustomerKind::Organisation, LegalRepresentative, Industry),
        ] {
            assert!(!gap(kind, &[]) && !gap(kind, &[Identity, City]));
            assert!(gap(kind, &[Phone]) && gap(kind, &[Address]) && gap(kind, &[one, other]));
            assert!(!gap(kind, &[one]) && !gap(kind, &[other]));
            assert_eq!(lacking(kind, &[one]).required_share(), 83);
            assert_eq!(lacking(kind, &[Phone]).required_share(), 66);
        }
    }

    #[test]
    fn the_weightiest_piece_comes_first() {
        use ProfilePiece::{Address, BirthDate, Identity, Occupation};
        let missing = lacking(CustomerKind::Person, &[BirthDate, Identity, Occupation, Address]);
        assert_eq!(missing.pieces(), [Address, Identity, Occupation, BirthDate]);
        assert_eq!(missing.score(), 50);
    }

    proptest! {
        #[test]
        fn more_is_never_worse(bits in 0_u32..1 << 14, piece in 0_usize..14, person: bool) {
            let kind = if person { CustomerKind::Person } else { CustomerKind::Organisation };
            let before = Missing::of(kind, |piece| bits & (1 << piece as u32) != 0);
            let more = bits | 1 << piece;
            let after = Missing::of(kind, |piece| more & (1 << piece as u32) != 0);
            prop_assert!((0..=100).contains(&before.score()) && (0..=100).contains(&before.required_share()));
            prop_assert!(after.score() >= before.score() && after.required_share() >= before.required_share());
            prop_assert!(!before.is_gap(Tier::Mass));
            prop_assert!(before.is_gap(Tier::Gold) || !after.is_gap(Tier::Gold));
            prop_assert_eq!(before.is_gap(Tier::Gold), before.is_gap(Tier::Private));
            prop_assert_eq!(Missing::from_bits(before.bits()), before);
            prop_assert_eq!(before.score() == 100, before.pieces().is_empty());
        }
    }
}
