use yew::prelude::*;

use crate::i18n::{I18n, Msg, use_i18n};

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

/// How often each value was given, as bars, with the same figures as a table for those who ask for it.
#[function_component]
pub fn Bars(props: &BarsProps) -> Html {
    let i = use_i18n();
    let whole: i64 = props.bars.iter().map(|bar| bar.count).sum();
    let most = props.bars.iter().map(|bar| bar.count).max().unwrap_or(1).max(1);
    let height = 22 * props.bars.len();
    html! {
        <figure class="chart" role="group" aria-label={&props.caption}>
            <figcaption class="sr-only">{ &props.caption }</figcaption>
            <svg viewBox={format!("0 0 400 {height}")} aria-hidden="true" class="chart__bars">
                { for props.bars.iter().enumerate().map(|(n, bar)| {
                    let (y, width) = (22 * n, (240.0 * part(bar.count, most)).max(1.0));
                    html! {
                        <g>
                            <text x="0" y={(y + 15).to_string()} class="chart__label">{ short(&bar.label) }</text>
                            <rect x="120" y={(y + 3).to_string()} width={format!("{width:.1}")} height="16" rx="2" class="chart__bar" />
                            <text x={format!("{:.1}", 126.0 + width)} y={(y + 15).to_string()} class="chart__value">{ bar.count }</text>
                        </g>
                    }
                }) }
            </svg>
            { twin(&props.caption, &props.bars, whole, i) }
        </figure>
    }
}

/// What fits before a bar.
fn short(label: &str) -> String {
    let wide = label.chars().filter(|c| !c.is_ascii()).count();
    let room = if wide > 0 { 8 } else { 17 };
    if label.chars().count() <= room {
        label.to_owned()
    } else {
        label.chars().take(room - 1).chain(['…']).collect()
    }
}

fn twin(caption: &AttrValue, bars: &[Bar], whole: i64, i: I18n) -> Html {
    html! {
        <details class="chart__twin">
            <summary>{ i.t(Msg::ChartTable) }</summary>
            <table class="twin">
                <caption class="sr-only">{ caption }</caption>
                <thead><tr><th scope="col">{ i.t(Msg::ChartValue) }</th><th scope="col" class="num">{ i.t(Msg::ChartCount) }</th><th scope="col" class="num">{ i.t(Msg::ChartShare) }</th></tr></thead>
                <tbody>{ for bars.iter().map(|bar| html! {
                    <tr><th scope="row">{ &bar.label }</th><td class="num">{ bar.count }</td><td class="num">{ percent(part(bar.count, whole)) }</td></tr>
                }) }</tbody>
            </table>
        </details>
    }
}

#[derive(Properties, PartialEq)]
pub struct StackProps {
    pub caption: AttrValue,
    /// Detractors, passives, promoters.
    pub bars: [Bar; 3],
}

/// The three kinds of answers that make up a net promoter score, as one bar.
#[function_component]
pub fn Stack(props: &StackProps) -> Html {
    let i = use_i18n();
    let whole: i64 = props.bars.iter().map(|bar| bar.count).sum();
    let mut x = 0.0;
    html! {
        <figure class="chart" role="group" aria-label={&props.caption}>
            <figcaption class="sr-only">{ &props.caption }</figcaption>
            <svg viewBox="0 0 400 44" aria-hidden="true" class="chart__bars">
                { for props.bars.iter().zip(["low", "middle", "high"]).map(|(bar, kind)| {
                    let width = 400.0 * part(bar.count, whole);
                    let at = x;
                    x += width;
                    html! {
                        <g>
                            <rect x={format!("{at:.1}")} y="0" width={format!("{width:.1}")} height="20" class={format!("chart__{kind}")} />
                            if width > 60.0 { <text x={format!("{:.1}", at + 2.0)} y="38" class="chart__label">{ short(&bar.label) }{ " " }{ bar.count }</text> }
                        </g>
                    }
                }) }
            </svg>
            { twin(&props.caption, &props.bars, whole, i) }
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
    let width = 400.0 * props.share.clamp(0.0, 1.0);
    let target = format!("{:.1}", 400.0 * props.target.clamp(0.0, 1.0));
    html! {
        <figure class="chart" role="group" aria-label={&props.caption}>
            <figcaption class="sr-only">{ &props.caption }</figcaption>
            <svg viewBox="0 0 400 28" aria-hidden="true" class="chart__bars">
                <rect x="0" y="4" width="400" height="20" class="chart__ground" />
                <rect x="0" y="4" width={format!("{width:.1}")} height="20" class={if props.share >= props.target { "chart__high" } else { "chart__middle" }} />
                <line x1={target.clone()} x2={target} y1="0" y2="28" class="chart__target" />
            </svg>
        </figure>
    }
}
