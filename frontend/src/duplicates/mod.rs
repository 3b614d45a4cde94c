//! Customers who may be one: the list, two of them side by side, and what was merged.

mod compare;
mod list;
mod merges;
mod page;

use guanxi_api::{DuplicateEvidence, DuplicatePair, DuplicateSide};
use yew::prelude::*;
use yew_router::Routable;

use crate::i18n::{I18n, Msg};
use crate::labels::Label;
use crate::route::Route;
use crate::ui::{Badge, Link, Tone};

pub use compare::DuplicatePage;
pub use page::DuplicatesPage;

const PAGE: u32 = 50;

/// What speaks for it and what against it, each in a word.
fn evidence(pair: &DuplicatePair, i: I18n) -> Html {
    let against = |piece: &DuplicateEvidence| piece.as_str().starts_with("other_");
    let (no, yes): (Vec<DuplicateEvidence>, Vec<DuplicateEvidence>) =
        pair.evidence.iter().copied().partition(against);
    html! {
        <span class="marks">
            { for yes.into_iter().map(|piece: DuplicateEvidence| html! { <Badge tone={Tone::Good}>{ piece.label(i) }</Badge> }) }
            { for no.into_iter().map(|piece: DuplicateEvidence| html! { <Badge tone={Tone::Warning}>{ piece.label(i) }</Badge> }) }
        </span>
    }
}

/// A customer, or where it is looked after if one does not see it.
fn side(side: &DuplicateSide, i: I18n) -> Html {
    let unit = side.org_unit.name.in_language(i.lang).to_owned();
    match &side.customer {
        Some(customer) => {
            let to = Route::Customer { id: customer.id }.to_path();
            html! {
                <span class="twin"><Link {to} class="table__link">{ &customer.name }</Link>
                    <span class="small muted">{ &customer.customer_no }{ " · " }{ unit }</span></span>
            }
        }
        None => html! {
            <span class="twin"><span class="muted">{ i.t(Msg::PairsHidden) }</span><span class="small muted">{ unit }</span></span>
        },
    }
}
