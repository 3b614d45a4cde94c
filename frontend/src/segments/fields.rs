//! What rules of segments speak of, and how each field is compared.

use guanxi_api::{
    CustomerKind, CustomerSource, CustomerStatus, Gender, HoldingChannel, IdentityKind, IncomeBand,
    MaritalStatus, ProductKind, RiskAttribute, Tier,
};
use yew::AttrValue;

use crate::i18n::{I18n, Msg};
use crate::labels::{options, yes_no};

/// Codes and their words.
type Codes = fn(I18n) -> Vec<(AttrValue, AttrValue)>;

/// What a field holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Code(Codes),
    /// Any number of codes.
    Set(Codes),
    Text,
    Whole,
    Amount,
    Date,
    YesNo,
}

/// Where a field belongs in the list to choose from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Profile,
    Holdings,
    Behaviour,
}

impl About {
    pub(super) const ALL: [(About, Msg<'static>); 3] = [
        (About::Profile, Msg::RuleProfile),
        (About::Holdings, Msg::RuleHoldings),
        (About::Behaviour, Msg::RuleBehaviour),
    ];
}

/// A field of the rules.
pub(super) struct Field {
    /// Its name in the grammar.
    pub(super) key: &'static str,
    pub(super) label: Msg<'static>,
    pub(super) kind: Kind,
    /// Customers may lack it.
    pub(super) nullable: bool,
    pub(super) about: About,
}

const fn profile(key: &'static str, label: Msg<'static>, kind: Kind) -> Field {
    Field { key, label, kind, nullable: true, about: About::Profile }
}

const fn known(key: &'static str, label: Msg<'static>, kind: Kind, about: About) -> Field {
    Field { key, label, kind, nullable: false, about }
}

/// In the order in which they are offered.
pub(super) static FIELDS: [Field; 26] = [
    profile("age", Msg::RuleAge, Kind::Whole),
    profile("occupation", Msg::FieldOccupation, Kind::Text),
    profile("industry", Msg::FieldIndustry, Kind::Text),
    profile("income_band", Msg::FieldIncomeBand, Kind::Code(options::<IncomeBand>)),
    profile("gender", Msg::FieldGender, Kind::Code(options::<Gender>)),
    profile("marital_status", Msg::FieldMaritalStatus, Kind::Code(options::<MaritalStatus>)),
    profile("province", Msg::FieldProvince, Kind::Text),
    profile("city", Msg::FieldCity, Kind::Text),
    profile("identity_kind", Msg::IdentityKindLabel, Kind::Code(options::<IdentityKind>)),
    profile("risk_attribute", Msg::FieldRiskAttribute, Kind::Code(options::<RiskAttribute>)),
    profile("source", Msg::FieldSource, Kind::Code(options::<CustomerSource>)),
    profile("customer_since", Msg::FieldCustomerSince, Kind::Date),
    known("kind", Msg::FieldKind, Kind::Code(options::<CustomerKind>), About::Profile),
    known("status", Msg::FieldStatus, Kind::Code(options::<CustomerStatus>), About::Profile),
    known("tier", Msg::FieldTier, Kind::Code(options::<Tier>), About::Holdings),
    known("aum", Msg::FieldAum, Kind::Amount, About::Holdings),
    known("average_aum", Msg::FieldAverageAum, Kind::Amount, About::Holdings),
    Field {
        key: "deposit_share",
        label: Msg::RuleDepositShare,
        kind: Kind::Whole,
        nullable: true,
        about: About::Holdings,
    },
    known("product_kinds", Msg::RuleProductKinds, Kind::Set(options::<ProductKind>), About::Holdings),
    known("coverage", Msg::RuleCoverage, Kind::Whole, About::Holdings),
    known("familiar", Msg::RuleFamiliar, Kind::YesNo, About::Holdings),
    known("largest_transaction", Msg::FieldLargestTransaction, Kind::Amount, About::Behaviour),
    known("purchases_365_days", Msg::RulePurchases365Days, Kind::Whole, About::Behaviour),
    known("transactions_90_days", Msg::RuleTransactions90Days, Kind::Whole, About::Behaviour),
    known(
        "channels_365_days",
        Msg::RuleChannels365Days,
        Kind::Set(options::<HoldingChannel>),
        About::Behaviour,
    ),
    known("contacts_90_days", Msg::RuleContacts90Days, Kind::Whole, About::Behaviour),
];

/// The field of a name.
pub(super) fn field(key: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.key == key)
}

/// How a field is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Op {
    Eq,
    Ne,
    Ge,
    Le,
    Gt,
    Lt,
    In,
    NotIn,
    Starts,
    NotStarts,
    Has,
    NotHas,
    Missing,
    Present,
}

impl Op {
    pub(super) const ALL: [(Op, &'static str); 14] = [
        (Op::Eq, "eq"),
        (Op::Ne, "ne"),
        (Op::Ge, "ge"),
        (Op::Le, "le"),
        (Op::Gt, "gt"),
        (Op::Lt, "lt"),
        (Op::In, "in"),
        (Op::NotIn, "not_in"),
        (Op::Starts, "starts"),
        (Op::NotStarts, "not_starts"),
        (Op::Has, "has"),
        (Op::NotHas, "not_has"),
        (Op::Missing, "missing"),
        (Op::Present, "present"),
    ];

    /// A name of its own, for lists to choose from.
    pub(super) fn code(self) -> &'static str {
        Op::ALL.iter().find(|(op, _)| *op == self).map_or("", |(_, code)| code)
    }

    pub(super) fn takes_value(self) -> bool {
        !matches!(self, Op::Missing | Op::Present)
    }

    pub(super) fn takes_many(self) -> bool {
        matches!(self, Op::In | Op::NotIn)
    }

    /// What it denies, where the grammar says so by a word in front of the comparison.
    pub(super) fn denies(self) -> Option<Op> {
        match self {
            Op::NotIn => Some(Op::In),
            Op::NotStarts => Some(Op::Starts),
            Op::NotHas => Some(Op::Has),
            _ => None,
        }
    }

    /// The contrary that has a name here.
    pub(super) fn denied(self) -> Option<Op> {
        match self {
            Op::In => Some(Op::NotIn),
            Op::Starts => Some(Op::NotStarts),
            Op::Has => Some(Op::NotHas),
            _ => None,
        }
    }

    pub(super) fn words(self, kind: Kind, i: I18n) -> AttrValue {
        let (date, set, figure) = (
            matches!(kind, Kind::Date),
            matches!(kind, Kind::Set(_)),
            matches!(kind, Kind::Date | Kind::Whole | Kind::Amount),
        );
        i.t(match self {
            Op::Eq if figure => Msg::RuleEquals,
            Op::Ne if figure => Msg::RuleDiffers,
            Op::Eq => Msg::FilterIn,
            Op::Ne => Msg::RuleIsNot,
            Op::Ge if date => Msg::FilterFrom,
            Op::Le if date => Msg::FilterUntil,
            Op::Gt if date => Msg::RuleAfter,
            Op::Lt if date => Msg::RuleBefore,
            Op::Ge => Msg::FilterGe,
            Op::Le => Msg::FilterLe,
            Op::Gt => Msg::RuleGt,
            Op::Lt => Msg::FilterLt,
            Op::In if set => Msg::RuleHasOne,
            Op::NotIn if set => Msg::RuleHasNone,
            Op::In => Msg::RuleOneOf,
            Op::NotIn => Msg::RuleNoneOf,
            Op::Starts => Msg::FilterStarts,
            Op::NotStarts => Msg::RuleStartsNot,
            Op::Has => Msg::RuleHas,
            Op::NotHas => Msg::RuleHasNot,
            Op::Missing => Msg::FilterMissing,
            Op::Present => Msg::FilterPresent,
        })
    }
}

impl Field {
    /// The comparisons that the field knows; the usual one first.
    pub(super) fn operators(&self) -> Vec<Op> {
        let mut list = match self.kind {
            Kind::Code(_) => vec![Op::In, Op::NotIn, Op::Eq, Op::Ne],
            Kind::Set(_) => vec![Op::Has, Op::NotHas, Op::In, Op::NotIn],
            Kind::Text => vec![Op::In, Op::NotIn, Op::Eq, Op::Ne, Op::Starts, Op::NotStarts],
            Kind::Whole | Kind::Amount => {
                vec![Op::Ge, Op::Le, Op::Gt, Op::Lt, Op::Eq, Op::Ne, Op::In, Op::NotIn]
            }
            Kind::Date => vec![Op::Ge, Op::Le, Op::Gt, Op::Lt, Op::Eq, Op::Ne],
            Kind::YesNo => vec![Op::Eq, Op::Ne],
        };
        if self.nullable || matches!(self.kind, Kind::Set(_)) {
            list.extend([Op::Missing, Op::Present]);
        }
        list
    }

    /// The codes to choose from, where it has such.
    pub(super) fn codes(&self, i: I18n) -> Option<Vec<(AttrValue, AttrValue)>> {
        match self.kind {
            Kind::Code(codes) | Kind::Set(codes) => Some(codes(i)),
            Kind::YesNo => Some(yes_no(i)),
            Kind::Text | Kind::Whole | Kind::Amount | Kind::Date => None,
        }
    }

    /// A value of it as people read it.
    pub(super) fn value_words(&self, value: &str, i: I18n) -> String {
        if let Some(codes) = self.codes(i) {
            let named = codes.iter().find(|(code, _)| code == value);
            return named.map_or_else(|| value.to_owned(), |(_, words)| words.to_string());
        }
        match self.kind {
            Kind::Whole | Kind::Amount => i.figure(value),
            _ => value.to_owned(),
        }
    }
}
