use yew::prelude::*;

use super::contacts::ContactsCard;
use super::maturities::MaturitiesCard;
use super::portfolio::PortfolioCards;
use super::satisfaction::SatisfactionCard;
use crate::i18n::{Msg, use_i18n};
use crate::ui::{HelpNote, Page};

/// The reports, each of which comes by itself.
#[function_component]
pub fn ReportsPage() -> Html {
    let i = use_i18n();
    html! {
        <Page title={i.t(Msg::ReportsTitle)}>
            <HelpNote text={i.t(Msg::ReportsHelp)} />
            <div class="cards">
                <div class="stack"><PortfolioCards /></div>
                <div class="stack"><ContactsCard /><SatisfactionCard /><MaturitiesCard /></div>
            </div>
        </Page>
    }
}
