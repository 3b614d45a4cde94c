//! The facts of a profile as data: which there are, how each is entered, shown and sent.

use guanxi_api::{
    BusinessState, Channel, Customer, CustomerKind, CustomerPatch, CustomerSource, CustomerStatus, Gender,
    Goal, IncomeBand, Language, LifeRisk, MaritalStatus, Need, OrganisationSize, RiskAttribute,
};
use serde_json::{Map, Value};
use yew::prelude::*;

use crate::checks::Errors;
use crate::i18n::{I18n, Msg};
use crate::labels::{options, yes_no};
use crate::ui::{Badge, InlineKind, InputKind, date_of};

type Options = fn(I18n) -> Vec<(AttrValue, AttrValue)>;

/// How a fact is entered.
#[derive(Clone, Copy)]
pub enum Kind {
    Text,
    Long,
    Number,
    Date,
    /// `21:00-09:00`.
    Hours,
    One(Options),
    Many(Options),
    YesNo,
}

/// A fact: its path in the profile, its name, how it is entered.
#[derive(Clone, Copy)]
pub struct Fact {
    /// Members from the outside in, joined by dots.
    pub path: &'static str,
    pub label: Msg<'static>,
    pub kind: Kind,
}

/// Facts that stand together.
pub struct Group {
    pub title: Msg<'static>,
    pub facts: &'static [Fact],
}

const fn fact(path: &'static str, label: Msg<'static>, kind: Kind) -> Fact {
    Fact { path, label, kind }
}

const PERSON: &[Group] = &[
    Group {
        title: Msg::FactsBasics,
        facts: &[
            fact("name", Msg::FieldName, Kind::Text),
            fact("form_of_address", Msg::FieldFormOfAddress, Kind::Text),
            fact("status", Msg::FieldStatus, Kind::One(options::<CustomerStatus>)),
            fact("gender", Msg::FieldGender, Kind::One(options::<Gender>)),
            fact("birth_date", Msg::FieldBirthDate, Kind::Date),
            fact("birth_year", Msg::FieldBirthYear, Kind::Number),
            fact("marital_status", Msg::FieldMaritalStatus, Kind::One(options::<MaritalStatus>)),
            fact("children", Msg::FieldChildren, Kind::Number),
            fact("province", Msg::FieldProvince, Kind::Text),
            fact("city", Msg::FieldCity, Kind::Text),
            fact("customer_since", Msg::FieldCustomerSince, Kind::Date),
            fact("source", Msg::FieldSource, Kind::One(options::<CustomerSource>)),
        ],
    },
    Group {
        title: Msg::FactsWork,
        facts: &[
            fact("employer", Msg::FieldEmployer, Kind::Text),
            fact("occupation", Msg::FieldOccupation, Kind::Text),
            fact("industry", Msg::FieldIndustry, Kind::Text),
            fact("income_band", Msg::FieldIncomeBand, Kind::One(options::<IncomeBand>)),
        ],
    },
    NEEDS,
    CONTACT,
    PERSONAL,
];

const ORGANISATION: &[Group] = &[
    Group {
        title: Msg::FactsBasics,
        facts: &[
            fact("name", Msg::FieldRegisteredName, Kind::Text),
            fact("form_of_address", Msg::FieldFormOfAddress, Kind::Text),
            fact("status", Msg::FieldStatus, Kind::One(options::<CustomerStatus>)),
            fact("industry", Msg::FieldIndustry, Kind::Text),
            fact("business_state", Msg::FieldBusinessState, Kind::One(options::<BusinessState>)),
            fact("organisation_size", Msg::FieldOrganisationSize, Kind::One(options::<OrganisationSize>)),
            fact("credit_rating", Msg::FieldCreditRating, Kind::Text),
            fact("legal_representative", Msg::FieldLegalRepresentative, Kind::Text),
            fact("province", Msg::FieldProvince, Kind::Text),
            fact("city", Msg::FieldCity, Kind::Text),
            fact("customer_since", Msg::FieldCustomerSince, Kind::Date),
            fact("source", Msg::FieldSource, Kind::One(options::<CustomerSource>)),
        ],
    },
    NEEDS,
    CONTACT,
    PERSONAL,
];

const NEEDS: Group = Group {
    title: Msg::FactsNeeds,
    facts: &[
        fact("risk_attribute", Msg::FieldRiskAttribute, Kind::One(options::<RiskAttribute>)),
        fact("needs", Msg::FieldNeeds, Kind::Many(options::<Need>)),
        fact("goals", Msg::FieldGoals, Kind::Many(options::<Goal>)),
        fact("risks", Msg::FieldRisks, Kind::Many(options::<LifeRisk>)),
    ],
};

const CONTACT: Group = Group {
    title: Msg::FactsContact,
    facts: &[
        fact("preferred_channel", Msg::FieldPreferredChannel, Kind::One(options::<Channel>)),
        fact("preferred_language", Msg::FieldPreferredLanguage, Kind::One(options::<Language>)),
        fact("do_not_contact.all", Msg::FieldDoNotContact, Kind::YesNo),
        fact("do_not_contact.channels", Msg::FieldDoNotContactChannels, Kind::Many(options::<Channel>)),
        fact("do_not_contact.hours", Msg::FieldDoNotContactHours, Kind::Hours),
    ],
};

const PERSONAL: Group = Group {
    title: Msg::FactsPersonal,
    facts: &[
        fact("hobbies", Msg::FieldHobbies, Kind::Long),
        fact("character", Msg::FieldCharacter, Kind::Long),
        fact("dislikes", Msg::FieldDislikes, Kind::Long),
        fact("preferences", Msg::FieldPreferences, Kind::Long),
        fact("notes", Msg::FieldNotes, Kind::Long),
    ],
};

/// The facts that a customer of this kind has.
pub const fn groups(kind: CustomerKind) -> &'static [Group] {
    match kind {
        CustomerKind::Person => PERSON,
        CustomerKind::Organisation => ORGANISATION,
    }
}

/// The fact at a path of a kind of customer.
pub fn find(kind: CustomerKind, path: &str) -> Option<Fact> {
    groups(kind).iter().flat_map(|group| group.facts).find(|fact| fact.path == path).copied()
}

/// A customer's profile as JSON, in which facts are found by their paths.
pub fn document(customer: &Customer) -> Value {
    let mut value = serde_json::to_value(&customer.profile).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.insert("status".into(), customer.status.as_str().into());
    }
    value
}

impl Fact {
    /// How the inline field enters it.
    pub fn inline(&self, i: I18n) -> InlineKind {
        match self.kind {
            Kind::Text | Kind::Hours => InlineKind::Line(InputKind::Text),
            Kind::Long => InlineKind::Lines,
            Kind::Number => InlineKind::Line(InputKind::Number),
            Kind::Date => InlineKind::Date,
            Kind::One(options) => InlineKind::One(options(i)),
            Kind::Many(options) => InlineKind::Many(options(i)),
            Kind::YesNo => InlineKind::One(yes_no(i)),
        }
    }

    /// Its value in a profile.
    pub fn value_in<'a>(&self, document: &'a Value) -> &'a Value {
        self.path.split('.').fold(document, |value, member| value.get(member).unwrap_or(&Value::Null))
    }

    /// A value as it is entered.
    pub fn text(&self, value: &Value) -> String {
        match value {
            Value::Null | Value::Bool(false) => String::new(),
            Value::String(text) => text.clone(),
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
            Value::Object(hours) => {
                let time = |key: &str| hours.get(key).and_then(Value::as_str).unwrap_or_default();
                format!("{}-{}", time("from"), time("to"))
            }
            other => other.to_string(),
        }
    }

    /// A value in words.
    pub fn words(&self, value: &Value, i: I18n) -> AttrValue {
        let text = self.text(value);
        let options = match self.kind {
            Kind::One(options) | Kind::Many(options) => options(i),
            Kind::YesNo => yes_no(i),
            _ => return text.into(),
        };
        let word = |code: &str| {
            options
                .iter()
                .find(|(c, _)| c == code)
                .map_or_else(|| code.to_owned(), |(_, words)| words.to_string())
        };
        let words: Vec<String> = text.split(',').filter(|code| !code.is_empty()).map(word).collect();
        words.join(&i.t(Msg::CommonListComma)).into()
    }

    /// A value as the page shows it.
    pub fn shown(&self, value: &Value, i: I18n) -> Html {
        match self.kind {
            Kind::Many(options) => {
                let options = options(i);
                let text = self.text(value);
                let tag = |code: &str| {
                    let words = options
                        .iter()
                        .find(|(c, _)| c == code)
                        .map_or_else(|| code.to_owned().into(), |(_, w)| w.clone());
                    html! { <Badge>{ words }</Badge> }
                };
                html! { <span class="tags">{ for text.split(',').filter(|code| !code.is_empty()).map(tag) }</span> }
            }
            _ => html! { { self.words(value, i) } },
        }
    }

    /// The change that sets it to what was entered, checked by the contract's rules.
    pub fn patch(&self, entered: &str, i: I18n) -> Result<CustomerPatch, AttrValue> {
        let value = match self.kind {
            Kind::Many(_) => entered.split(',').filter(|code| !code.is_empty()).map(Value::from).collect(),
            Kind::YesNo => Value::Bool(entered == "true"),
            _ if entered.is_empty() && matches!(self.path, "name" | "status") => {
                return Err(i.t(Msg::CheckRequired));
            }
            _ if entered.is_empty() => Value::Null,
            Kind::Number => Value::from(entered.parse::<i64>().map_err(|_| i.t(Msg::CheckNumber))?),
            Kind::Date => Value::from(date_of(entered, i)?.map(|date| date.to_string())),
            Kind::Hours => {
                let (from, to) = entered.split_once(['-', '–', '~']).ok_or_else(|| i.t(Msg::CheckHours))?;
                let hours = [("from", from), ("to", to)]
                    .map(|(key, time)| (key.to_owned(), Value::from(time.trim())));
                Value::Object(Map::from_iter(hours))
            }
            _ => Value::from(entered),
        };
        let nested = self
            .path
            .rsplit('.')
            .fold(value, |inner, member| Value::Object(Map::from_iter([(member.to_owned(), inner)])));
        // By its text, as everything else is read: reading values costs the program another copy of all that reads a patch.
        let patch: CustomerPatch =
            serde_json::from_str(&nested.to_string()).map_err(|_| i.t(Msg::CheckInvalid))?;
        match Errors::check(&patch, i).iter().next() {
            Some((_, message)) => Err(message),
            None => Ok(patch),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_has_a_place_in_the_contract() {
        let known = serde_json::to_value(guanxi_api::CustomerProfile::default()).unwrap();
        for fact in PERSON.iter().chain(ORGANISATION).flat_map(|group| group.facts) {
            let member = fact.path.split('.').next().unwrap();
            assert!(member == "status" || known.get(member).is_some(), "{}", fact.path);
        }
    }
}
