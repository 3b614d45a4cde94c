use guanxi_api::{Amount, PortfolioReport, TierShare, UnitShare};
use yew::prelude::*;
use yew_router::Routable;

use super::{FIRST, amount, figure, list, number};
use crate::i18n::{I18n, Msg};
use crate::labels::Label;
use crate::route::Route;
use crate::ui::{Button, Look, TierMark, meter};

/// The list of the customers that a filter lets through, those with the most assets first.
fn customers(filter: &str) -> AttrValue {
    list(&Route::Customers.to_path(), filter, "-aum")
}

/// A part of a whole from 0 to 1.
fn share(part: Amount, whole: Amount) -> f64 {
    if whole.0 > 0 { part.0.max(0) as f64 / whole.0 as f64 } else { 0.0 }
}

/// Customers and assets by tier.
pub(super) fn tiers(report: &PortfolioReport, i: I18n) -> Html {
    let most = report.tiers.iter().map(|tier| tier.customers).max().unwrap_or(0).max(1);
    let line = |share_of: &TierShare| {
        let to = customers(&format!(r#"tier eq "{}""#, share_of.tier));
        let name = share_of.tier.label(i);
        let part = share_of.customers as f64 / most as f64;
        html! {
            <tr key={share_of.tier.as_str()}>
                <th scope="row"><TierMark tier={share_of.tier} /></th>
                <td class="number">{ figure(to.clone(), number(share_of.customers, i), name.clone()) }</td>
                <td class="bar">{ meter(part, true) }</td>
                <td class="number">{ amount(to, &share_of.aum, name, i) }</td>
                <td class="bar">{ meter(share(share_of.aum.amount, report.aum.amount), true) }</td>
            </tr>
        }
    };
    html! {
        <>
            <dl class="stats">
                <div class="stat"><dt>{ i.t(Msg::CustomersTitle) }</dt><dd>{ figure(customers(""), number(report.customers, i), i.t(Msg::CustomersTitle)) }</dd></div>
                <div class="stat"><dt>{ i.t(Msg::CustomerAumIn { currency: &report.aum.currency }) }</dt><dd>{ amount(customers(""), &report.aum, i.t(Msg::FieldAum), i) }</dd></div>
            </dl>
            { table(i.t(Msg::ReportsTiers), i.t(Msg::FieldTier), &report.aum.currency, html! { { for report.tiers.iter().map(line) } }, i) }
        </>
    }
}

/// Customers and assets by unit, the first of them unless `all`.
pub(super) fn units(report: &PortfolioReport, all: &UseStateHandle<bool>, i: I18n) -> Html {
    let first = report.units.first();
    let most = report.units.iter().map(|unit| unit.customers).max().unwrap_or(0).max(1);
    let greatest = first.map(|unit| unit.aum.amount).unwrap_or_default();
    let line = |share_of: &UnitShare| {
        let to = customers(&format!(r#"org_unit_id eq "{}""#, share_of.unit.id));
        let name = share_of.unit.name.in_language(i.lang).to_owned();
        let part = share_of.customers as f64 / most as f64;
        html! {
            <tr key={share_of.unit.id.to_string()}>
                <th scope="row">{ &name }</th>
                <td class="number">{ figure(to.clone(), number(share_of.customers, i), name.clone()) }</td>
                <td class="bar">{ meter(part, true) }</td>
                <td class="number">{ amount(to, &share_of.aum, name, i) }</td>
                <td class="bar">{ meter(share(share_of.aum.amount, greatest), true) }</td>
            </tr>
        }
    };
    if first.is_none() {
        return html! { <p class="muted small">{ i.t(Msg::CustomersNoneText) }</p> };
    }
    let shown = if **all { report.units.len() } else { FIRST };
    let toggle = cb!((all), |_: MouseEvent| all.set(!*all));
    let count = number(report.units_in_all, i);
    let listed = i64::try_from(report.units.len()).unwrap_or(i64::MAX);
    html! {
        <>
            { table(i.t(Msg::ReportsUnits), i.t(Msg::FieldOrgUnit), &report.aum.currency, html! { { for report.units.iter().take(shown).map(line) } }, i) }
            if report.units.len() > FIRST {
                <div><Button small=true look={Look::Quiet} onclick={toggle}>
                    { if **all { i.t(Msg::ReportsFewer) } else { i.t(Msg::ReportsAll { count: &number(listed, i) }) } }
                </Button></div>
            }
            if report.units_in_all > listed { <p class="muted small">{ i.t(Msg::ReportsUnitsInAll { count: &count }) }</p> }
        </>
    }
}

fn table(caption: AttrValue, by: AttrValue, currency: &str, rows: Html, i: I18n) -> Html {
    html! {
        <table class="figures figures--bars">
            <caption class="sr-only">{ caption }</caption>
            <thead><tr>
                <th scope="col">{ by }</th>
                <th scope="col" class="number">{ i.t(Msg::CustomersTitle) }</th><td class="bar"></td>
                <th scope="col" class="number">{ i.t(Msg::CustomerAumIn { currency }) }</th><td class="bar"></td>
            </tr></thead>
            <tbody>{ rows }</tbody>
        </table>
    }
}
