//! How the customers, the contacts and the satisfaction stand; every figure leads to the list behind it.

mod contacts;
mod maturities;
mod page;
mod portfolio;
mod satisfaction;
mod targets;

use guanxi_api::Money;
use yew::prelude::*;

pub use page::ReportsPage;
pub use targets::TargetsPage;

use crate::api;
use crate::fetch::Query;
use crate::i18n::{I18n, Msg};
use crate::ui::{ErrorPanel, Link, Skeleton};

/// Rows of a table that are shown before one asks for all.
const FIRST: usize = 8;

/// What a report shows, the outline of what is coming, or why nothing comes.
fn shown<T: 'static>(query: &Query<T>, i: I18n, draw: impl FnOnce(&T) -> Html) -> Html {
    match (&query.remote.data, &query.remote.error) {
        (Some(data), _) => draw(data),
        (None, Some(error)) => {
            html! { <ErrorPanel what={i.t(Msg::ReportsFailed)} error={error.clone()} retry={query.reload.clone()} /> }
        }
        (None, None) => html! { <Skeleton bare=true rows=5 /> },
    }
}

/// A list narrowed by a filter.
pub fn list(path: &str, filter: &str, sort: &str) -> AttrValue {
    format!("{path}{}", api::query(&[("filter", filter), ("sort", sort)])).into()
}

/// A figure that leads to its list.
pub fn figure(to: AttrValue, text: impl Into<AttrValue>, of: impl Into<AttrValue>) -> Html {
    let text = text.into();
    html! { <Link {to} class="figure" label={AttrValue::from(format!("{} {text}", of.into()))}>{ &text }</Link> }
}

/// An amount in few digits that leads to its list, to the cent when pointed at.
pub fn amount(to: AttrValue, money: &Money, of: impl Into<AttrValue>, i: I18n) -> Html {
    let short = i.short_amount(money.amount);
    let exact = format!("{} {}", i.amount(money.amount), money.currency);
    html! { <Link {to} class="figure" title={exact} label={AttrValue::from(format!("{} {short}", of.into()))}>{ &short }</Link> }
}

/// A count as people read it.
pub fn number(count: i64, i: I18n) -> String {
    i.figure(&count.to_string())
}
