//! What customers hold: the part of the customer's page, and the list of what matures.

mod dialogs;
mod list;
mod one;
mod tab;

pub use list::{HoldingsPage, maturing};
pub use tab::{HoldingsTab, HoldingsTabProps};

use guanxi_api::{Amount, HoldingStatus};
use yew::AttrValue;

use crate::checks::Errors;
use crate::i18n::{I18n, Msg};
use crate::ui::{Tone, date_of};

/// How a state stands out.
fn tone_of(status: HoldingStatus) -> Tone {
    match status {
        HoldingStatus::Active => Tone::Good,
        HoldingStatus::Matured => Tone::Warning,
        HoldingStatus::Closed => Tone::Neutral,
    }
}

/// A typed amount; what is none is noted as wrong. Nothing typed is nothing.
pub fn amount_of(text: &str, pointer: &str, errors: &mut Errors, i: I18n) -> Option<Amount> {
    let bare = text.trim().replace([',', '，', ' ', '\u{a0}'], "");
    if bare.is_empty() {
        return None;
    }
    let amount = Amount::parse(&bare);
    if amount.is_none() {
        errors.add(pointer, i.t(Msg::HoldingAmountWrong));
    }
    amount
}

/// A typed day; what is none is noted as wrong.
fn day_of(text: &str, pointer: &str, errors: &mut Errors, i: I18n) -> Option<chrono::NaiveDate> {
    match date_of(text, i) {
        Ok(day) => day,
        Err(wrong) => {
            errors.add(pointer, wrong);
            None
        }
    }
}

/// An amount as a form shows it, without needless decimals.
pub fn typed(amount: Amount) -> AttrValue {
    let text = amount.to_string();
    text.trim_end_matches('0').trim_end_matches('.').to_owned().into()
}
