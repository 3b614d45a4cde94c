//! Charts as inline SVG. Each stands beside a table with the same figures, and no colour says anything alone.

use chrono::NaiveDate;
use guanxi_api::Amount;
use yew::prelude::*;

/// Colours that parts of a whole take in turn.
const COLOURS: usize = 8;
/// Inner size of a chart, in units of its own.
const WIDTH: i128 = 1000;
const HEIGHT: i128 = 200;

/// The class of the colour of a part.
pub fn colour(n: usize) -> Classes {
    classes!("chart__part", format!("chart__part--{}", n % COLOURS))
}

#[derive(Properties, PartialEq)]
pub struct ShareBarProps {
    /// What it shows, for those who hear it.
    pub label: AttrValue,
    /// The greatest first; none below nothing.
    pub parts: Vec<i64>,
}

/// Parts of a whole in one bar.
#[function_component]
pub fn ShareBar(props: &ShareBarProps) -> Html {
    let whole: i128 = props.parts.iter().map(|part| i128::from(*part)).sum();
    let mut at = 0_i128;
    html! {
        <svg class="chart chart--bar" viewBox="0 0 1000 28" preserveAspectRatio="none" role="img" aria-label={&props.label}>
            { for props.parts.iter().enumerate().filter(|_| whole > 0).map(|(n, part)| {
                let from = at * WIDTH / whole;
                at += i128::from(*part);
                let width = (at * WIDTH / whole - from - 2).max(1);
                html! { <rect class={colour(n)} x={from.to_string()} y="0" width={width.to_string()} height="28" /> }
            }) }
        </svg>
    }
}

/// The swatch that ties a line of the table to its part.
pub fn swatch(n: usize) -> Html {
    html! { <svg class="chart__swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class={colour(n)} width="10" height="10" /></svg> }
}

/// A bar beside the figure that says the same, from 0 to 1; `reached` is whether what it measures is as it should be.
pub fn meter(share: f64, reached: bool) -> Html {
    let width = format!("{:.1}", 100.0 * share.clamp(0.0, 1.0));
    html! {
        <svg class="meter" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect class="chart__ground" width="100" height="8" />
            <rect class={if reached { "chart__high" } else { "chart__middle" }} {width} height="8" />
        </svg>
    }
}

#[derive(Properties, PartialEq)]
pub struct StepLineProps {
    pub label: AttrValue,
    /// In the order of days; the last one is carried on to the end.
    pub points: Vec<(NaiveDate, Amount)>,
    pub until: NaiveDate,
}

/// An amount that stays until the next day on which it changes.
#[function_component]
pub fn StepLine(props: &StepLineProps) -> Html {
    let (Some(first), Some(last)) = (props.points.first(), props.points.last()) else { return html!() };
    let days = i128::from((props.until.max(last.0) - first.0).num_days().max(1));
    let amounts = || props.points.iter().map(|(_, amount)| i128::from(amount.0));
    let (low, high) = (amounts().min().unwrap_or(0).min(0), amounts().max().unwrap_or(0).max(1));
    let x = |day: NaiveDate| i128::from((day - first.0).num_days()) * WIDTH / days;
    let y = |amount: i128| HEIGHT - (amount - low) * HEIGHT / (high - low);
    let mut line = String::new();
    let mut before = None;
    for (day, amount) in &props.points {
        let (x, y) = (x(*day), y(i128::from(amount.0)));
        if let Some(before) = before {
            line.push_str(&format!("{x},{before} "));
        }
        line.push_str(&format!("{x},{y} "));
        before = Some(y);
    }
    if let Some(before) = before {
        line.push_str(&format!("{WIDTH},{before}"));
    }
    let zero = y(0).to_string();
    html! {
        <svg class="chart chart--line" viewBox="-4 -8 1008 216" preserveAspectRatio="none" role="img" aria-label={&props.label}>
            <line class="chart__axis" x1="0" x2="1000" y1={zero.clone()} y2={zero} />
            <polyline class="chart__line" points={line} />
        </svg>
    }
}
