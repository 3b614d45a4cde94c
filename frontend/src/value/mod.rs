//! What customers are worth: why a customer has a grade, who carries the bank, and the rules by which customers are graded.

mod curve;
mod draft;
mod form;
mod page;
mod purchases;
mod rules;
mod tab;

pub use page::ValuePage;
pub use rules::GradeRulesPage;
pub use tab::{ValueTab, ValueTabProps};

use guanxi_api::{Amount, BusinessState, GradeMeasure, GradePart, IncomeBand, Money, OrganisationSize};
use yew::AttrValue;

use crate::holdings::typed;
use crate::i18n::I18n;
use crate::labels::{Label, by_code, options};

/// The codes of a part with their words; none where they are numbers, or any text.
fn codes_of(part: GradePart, i: I18n) -> Option<Vec<(AttrValue, AttrValue)>> {
    match part {
        GradePart::IncomeBand => Some(options::<IncomeBand>(i)),
        GradePart::OrganisationSize => Some(options::<OrganisationSize>(i)),
        GradePart::BusinessState => Some(options::<BusinessState>(i)),
        _ => None,
    }
}

/// A code of a part in words.
fn code_words(part: GradePart, code: &str, i: I18n) -> AttrValue {
    let words = match part {
        GradePart::IncomeBand => by_code::<IncomeBand>(code).map(|code| code.label(i)),
        GradePart::OrganisationSize => by_code::<OrganisationSize>(code).map(|code| code.label(i)),
        GradePart::BusinessState => by_code::<BusinessState>(code).map(|code| code.label(i)),
        _ => None,
    };
    words.unwrap_or_else(|| code.to_owned().into())
}

/// A part and the unit of its value.
fn part_in_unit(part: GradePart, currency: &str, i: I18n) -> AttrValue {
    match part.measure() {
        GradeMeasure::Money => format!("{} ({currency})", part.label(i)).into(),
        GradeMeasure::Number | GradeMeasure::Code => part.label(i),
    }
}

/// Hundredths of a percent, as percent: `0.8`.
fn margin(basis_points: u32) -> String {
    typed(Amount(i64::from(basis_points) * 100)).to_string()
}

/// An amount to the cent with its currency.
fn exact(money: &Money, i: I18n) -> String {
    format!("{} {}", i.amount(money.amount), money.currency)
}
