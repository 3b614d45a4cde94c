use yew::prelude::*;

use crate::i18n::{Msg, use_i18n};

/// A share in words: `71.4 %`.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A score with its sign: `+42.9`.
pub fn signed(score: f64) -> String {
    format!("{score:+.1}")
}

/// A bar of a chart.
#[derive(Clone, PartialEq)]
pub struct Bar {
    pub label: AttrValue,
    pub count: i64,
}

#[derive(Properties, PartialEq)]
pub struct BarsProps {
    /// What is counted.
    pub caption: AttrValue,
    pub bars: Vec<Bar>,
}

fn part(count: i64, whole: i64) -> f64 {
    if whole > 0 { count as f64 / whole as f64 } else { 0.0 }
}

/// How often each value was given: a table whose second column is drawn. Its words are text and not part of a drawing, which a phone
/// would make small.
#[function_component]
pub fn Bars(props: &BarsProps) -> Html {
    let i = use_i18n();
    let whole: i64 = props.bars.iter().map(|bar| bar.count).sum();
    let most = props.bars.iter().map(|bar| bar.count).max().unwrap_or(1).max(1);
    html! {
        <table class="bars">
            <caption class="sr-only">{ &props.caption }</caption>
            <thead class="sr-only"><tr>
                <th scope="col">{ i.t(Msg::ChartValue) }</th><td></td><th scope="col">{ i.t(Msg::ChartCount) }</th><th scope="col">{ i.t(Msg::ChartShare) }</th>
            </tr></thead>
            <tbody>{ for props.bars.iter().map(|bar| html! {
                <tr>
                    <th scope="row">{ &bar.label }</th>
                    <td class="bars__bar">{ strip(&[(part(bar.count, most), "chart__bar")], None) }</td>
                    <td class="num">{ bar.count }</td>
                    <td class="num muted">{ percent(part(bar.count, whole)) }</td>
                </tr>
            }) }</tbody>
        </table>
    }
}

/// Shares one after the other, as one bar, and perhaps a mark; whatever stands beside it says the same.
fn strip(parts: &[(f64, &'static str)], mark: Option<f64>) -> Html {
    let mut x = 0.0;
    html! {
        <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" class="chart__strip">
            { for parts.iter().map(|(share, class)| {
                let at = x;
                x += 100.0 * share;
                html! { <rect x={format!("{at:.2}")} y="0" width={format!("{:.2}", 100.0 * share)} height="10" class={*class} /> }
            }) }
            if let Some(mark) = mark.map(|mark| format!("{:.2}", 100.0 * mark)) {
                <line x1={mark.clone()} x2={mark} y1="0" y2="10" class="chart__target" />
            }
        </svg>
    }
}

#[derive(Properties, PartialEq)]
pub struct StackProps {
    pub caption: AttrValue,
    /// Detractors, passives, promoters.
    pub bars: [Bar; 3],
}

/// The three kinds of answers that make up a net promoter score, as one bar with its key.
#[function_component]
pub fn Stack(props: &StackProps) -> Html {
    let whole: i64 = props.bars.iter().map(|bar| bar.count).sum();
    let kinds = ["chart__low", "chart__middle", "chart__high"];
    let parts: Vec<_> =
        props.bars.iter().zip(kinds).map(|(bar, kind)| (part(bar.count, whole), kind)).collect();
    html! {
        <figure role="group" aria-label={&props.caption}>
            { strip(&parts, None) }
            <ul class="chart__key">
                { for props.bars.iter().zip(&parts).map(|(bar, (share, kind))| html! {
                    <li>
                        <svg class="chart__swatch" viewBox="0 0 12 12" aria-hidden="true"><rect width="12" height="12" rx="2" class={*kind} /></svg>
                        { &bar.label }{ " " }<b>{ bar.count }</b>{ " " }<span class="muted">{ percent(*share) }</span>
                    </li>
                }) }
            </ul>
        </figure>
    }
}

#[derive(Properties, PartialEq)]
pub struct GaugeProps {
    pub caption: AttrValue,
    pub share: f64,
    pub target: f64,
}

/// A share beside its target.
#[function_component]
pub fn Gauge(props: &GaugeProps) -> Html {
    let share = props.share.clamp(0.0, 1.0);
    let kind = if props.share >= props.target { "chart__high" } else { "chart__middle" };
    html! {
        <figure role="group" aria-label={&props.caption}>
            <figcaption class="sr-only">{ &props.caption }</figcaption>
            { strip(&[(share, kind), (1.0 - share, "chart__ground")], Some(props.target.clamp(0.0, 1.0))) }
        </figure>
    }
}
