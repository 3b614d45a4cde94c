//! What of a customer's tier wants attention.

use guanxi_api::{CustomerFigures, Money};
use yew::prelude::*;

use crate::holdings::typed;
use crate::i18n::{I18n, Msg};
use crate::labels::Label;
use crate::ui::Notice;

/// Says that the customer is about to rise or to fall, or has more money than the tier tells.
pub fn standing(figures: &CustomerFigures, i: I18n) -> Html {
    let Some(standing) = &figures.standing else { return html!() };
    let money = |money: &Money| format!("{} {}", i.figure(&typed(money.amount)), money.currency);
    let tier = figures.tier.map(|tier| tier.label(i)).unwrap_or_default();
    let candidate = standing.promotion.as_ref().map(|next| {
        i.t(Msg::StandingCandidate { tier: &next.tier.label(i), missing: &money(&next.missing) })
    });
    let falls = standing.demotes_on.map(|day| {
        let when = i.in_days((day - i.today()).num_days());
        i.t(Msg::StandingFalls { tier: &tier, day: &day.to_string(), when: &when })
    });
    let gem = standing.gem.as_ref().map(|gem| {
        let amount = money(&gem.amount);
        match gem.day {
            Some(day) => i.t(Msg::StandingGem { amount: &amount, day: &day.to_string() }),
            None => i.t(Msg::StandingGemUndated { amount: &amount }),
        }
    });
    html! {
        <>
            if let Some(text) = falls { <Notice tone="warn">{ text }</Notice> }
            if let Some(text) = candidate { <Notice tone="good">{ text }</Notice> }
            if let Some(text) = gem { <Notice>{ text }</Notice> }
        </>
    }
}
