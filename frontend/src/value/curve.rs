use guanxi_api::{Amount, ValueReport};
use yew::prelude::*;

use crate::i18n::{I18n, Msg};
use crate::reports::number;

/// Inner size of the chart, in units of its own, and what surrounds it.
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 220.0;
/// What part of the contribution those bring who are marked.
const CARRIED: f64 = 0.8;

/// A part of a whole, to a tenth of a percent.
pub(super) fn percent(part: f64, whole: f64) -> String {
    if whole == 0.0 { "0".to_owned() } else { format!("{:.1}", 100.0 * part / whole) }
}

fn text(x: f64, y: f64, class: &'static str, words: String) -> Html {
    html! { <text {class} x={format!("{x:.1}")} y={format!("{y:.1}")}>{ words }</text> }
}

fn line(class: &'static str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> Html {
    let unit = |value: f64| format!("{value:.1}");
    html! { <line {class} x1={unit(x1)} y1={unit(y1)} x2={unit(x2)} y2={unit(y2)} /> }
}

fn joined(points: &[(f64, f64)]) -> String {
    points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}

/// Which part of the contribution the most valuable customers bring. Nothing where all together bring nothing.
pub(super) fn draw(report: &ValueReport, label: AttrValue, i: I18n) -> Html {
    let (customers, all) = (report.customers as f64, report.contribution.amount.0 as f64);
    if customers <= 0.0 || all <= 0.0 {
        return html!();
    }
    let shares: Vec<(f64, f64)> = [(0.0, 0.0)]
        .into_iter()
        .chain(
            report
                .curve
                .iter()
                .map(|point| (point.customers as f64 / customers, point.contribution.amount.0 as f64 / all)),
        )
        .collect();
    let high = shares.iter().map(|(_, share)| *share).fold(1.0_f64, f64::max);
    let low = shares.iter().map(|(_, share)| *share).fold(0.0_f64, f64::min);
    let place = |(x, y): (f64, f64)| (x * WIDTH, HEIGHT - (y - low) / (high - low) * HEIGHT);
    let peak = shares.iter().position(|(_, share)| *share >= high).unwrap_or(0);
    let points: Vec<(f64, f64)> = shares.iter().map(|share| place(*share)).collect();
    let (rising, falling) = (points.get(..=peak).unwrap_or_default(), points.get(peak..).unwrap_or_default());
    let tick_y = |share: f64| {
        let (_, y) = place((0.0, share));
        html! {
            <>
                { line("curve__grid", (0.0, y), (WIDTH, y)) }
                { text(-6.0, y + 4.0, "curve__end", format!("{:.0} %", share * 100.0)) }
            </>
        }
    };
    let tick_x = |share: f64| {
        let class = if share == 0.0 { "curve__start" } else { "curve__middle" };
        text(share * WIDTH, HEIGHT + 18.0, class, format!("{:.0} %", share * 100.0))
    };
    let mark = report.carrying.map(|carrying| {
        let (x, y) = place((carrying as f64 / customers, CARRIED));
        let (_, bottom) = place((0.0, low));
        html! {
            <>
                { line("curve__mark", (0.0, y), (x, y)) }
                { line("curve__mark", (x, y), (x, bottom)) }
                <circle class="curve__point" cx={format!("{x:.1}")} cy={format!("{y:.1}")} r="5" />
                { text(x + 9.0, y + 16.0, "curve__start", format!("80 % · {} %", percent(carrying as f64, customers))) }
            </>
        }
    });
    // Close to 100 % the peak has no room for a figure of its own.
    let peak_tick = (high >= 1.08).then(|| tick_y(high));
    html! {
        <figure class="curve">
            <svg viewBox="-52 -12 470 272" role="img" aria-label={label}>
                { for [0.0, 0.5, 1.0].into_iter().map(tick_y) }
                { peak_tick.unwrap_or_default() }
                { for [0.0, 0.25, 0.5, 0.75, 1.0].into_iter().map(tick_x) }
                { line("chart__axis", (0.0, 0.0), (0.0, HEIGHT)) }
                { line("chart__axis", place((0.0, 0.0)), place((1.0, 0.0))) }
                <polyline class="chart__line" points={joined(rising)} />
                if falling.len() > 1 { <polyline class="curve__fall" points={joined(falling)} /> }
                { mark.unwrap_or_default() }
            </svg>
            <figcaption class="small muted">{ i.t(Msg::ValueAxes) }</figcaption>
        </figure>
    }
}

/// The same in figures.
pub(super) fn table(report: &ValueReport, i: I18n) -> Html {
    let (customers, all) = (report.customers as f64, report.contribution.amount);
    let share = |amount: Amount| match all.0 > 0 {
        true => format!("{} %", percent(amount.0 as f64, all.0 as f64)),
        false => String::new(),
    };
    html! {
        <details class="more">
            <summary>{ i.t(Msg::ValueCurveTable) }</summary>
            <table class="figures">
                <caption class="sr-only">{ i.t(Msg::ValueCurve) }</caption>
                <thead><tr>
                    <th scope="col" class="number">{ i.t(Msg::CustomersTitle) }</th>
                    <th scope="col" class="number">{ i.t(Msg::ValueShareCustomers) }</th>
                    <th scope="col" class="number">{ i.in_unit(Msg::FieldContribution, &report.contribution.currency) }</th>
                    <th scope="col" class="number">{ i.t(Msg::ValueShare) }</th>
                </tr></thead>
                <tbody>{ for report.curve.iter().map(|point| html! {
                    <tr key={point.customers}>
                        <td class="number">{ number(point.customers, i) }</td>
                        <td class="number">{ percent(point.customers as f64, customers) }{ " %" }</td>
                        <td class="number" title={i.amount(point.contribution.amount)}>{ i.short_amount(point.contribution.amount) }</td>
                        <td class="number">{ share(point.contribution.amount) }</td>
                    </tr>
                }) }</tbody>
            </table>
        </details>
    }
}
