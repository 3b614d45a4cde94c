use guanxi_api::{RfmClass, ValueReport};
use yew::prelude::*;

use super::page::customers;
use crate::i18n::{I18n, Msg};
use crate::labels::Label;
use crate::reports::{figure, number};

/// Shades of the cells, the first of which is none.
const SHADES: i64 = 5;

/// How much a cell stands out: by magnitudes, since few cells hold most customers.
fn shade(count: i64, most: i64) -> String {
    let size = |count: i64| (count.max(0) as f64 + 1.0).ln();
    let step = if most > 0 { size(count) / size(most) * (SHADES - 1) as f64 } else { 0.0 };
    format!("heat--{:.0}", step.ceil())
}

/// How many customers there are by recency and frequency of their purchases, and in each class.
pub(super) fn draw(report: &ValueReport, i: I18n) -> Html {
    let count = |recency: u32, frequency: u32| -> i64 {
        let here = report.rfm.iter().filter(|one| (one.recency, one.frequency) == (recency, frequency));
        here.map(|one| one.customers).sum()
    };
    let most = report.rfm.iter().map(|one| one.customers).max().unwrap_or(0);
    let cell = |recency: u32, frequency: u32| {
        let customers_here = count(recency, frequency);
        let class = RfmClass::of(recency, frequency).label(i);
        let label = i.t(Msg::ValueCell {
            recency: &recency.to_string(),
            frequency: &frequency.to_string(),
            class: &class,
        });
        let to =
            customers(&format!("rfm_recency eq {recency} and rfm_frequency eq {frequency}"), "-contribution");
        html! {
            <td key={frequency} class={classes!("heat", shade(customers_here, most))} title={label.clone()}>
                { figure(to, number(customers_here, i), label) }
            </td>
        }
    };
    let class_line = |class: &RfmClass| {
        let all: i64 = report.rfm.iter().filter(|one| one.class == *class).map(|one| one.customers).sum();
        let to = customers(&format!(r#"rfm_class eq "{class}""#), "-contribution");
        html! {
            <tr key={class.as_str()}>
                <th scope="row">{ class.label(i) }{ " " }<small class="muted">{ class_words(*class, i) }</small></th>
                <td class="number">{ figure(to, number(all, i), class.label(i)) }</td>
            </tr>
        }
    };
    html! {
        <>
            <p class="small muted">{ i.t(Msg::ValueMatrixNote) }</p>
            <table class="matrix">
                <caption class="sr-only">{ i.t(Msg::ValueMatrix) }</caption>
                <thead>
                    <tr><td></td><th scope="colgroup" colspan="5">{ i.t(Msg::FieldRfmFrequency) }</th></tr>
                    <tr><th scope="col">{ i.t(Msg::FieldRfmRecency) }</th>{ for (1..=5_u32).map(|n| html! { <th key={n} scope="col">{ n }</th> }) }</tr>
                </thead>
                <tbody>{ for (1..=5_u32).rev().map(|recency| html! {
                    <tr key={recency}><th scope="row">{ recency }</th>{ for (1..=5_u32).map(|frequency| cell(recency, frequency)) }</tr>
                }) }</tbody>
            </table>
            <table class="figures">
                <caption class="sr-only">{ i.t(Msg::ValueClasses) }</caption>
                <thead><tr>
                    <th scope="col">{ i.t(Msg::FieldRfmClass) }</th>
                    <th scope="col" class="number">{ i.t(Msg::CustomersTitle) }</th>
                </tr></thead>
                <tbody>{ for RfmClass::ALL.iter().map(class_line) }</tbody>
            </table>
        </>
    }
}

fn class_words(class: RfmClass, i: I18n) -> AttrValue {
    i.t(match class {
        RfmClass::Champion => Msg::ValueChampion,
        RfmClass::Loyal => Msg::ValueLoyal,
        RfmClass::Recent => Msg::ValueRecent,
        RfmClass::AtRisk => Msg::ValueAtRisk,
        RfmClass::Occasional => Msg::ValueOccasional,
        RfmClass::Dormant => Msg::ValueDormant,
    })
}
