use guanxi_api::{
    Amount, SimulatedTier, TierMove, TierPolicy, TierSimulation, TierThreshold, TierThresholds,
};
use yew::prelude::*;
use yew_router::Routable;

use crate::api;
use crate::checks::Errors;
use crate::form::use_form;
use crate::holdings::{amount_of, typed};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, HelpNote, Icon, InputKind, Link, Look, Notice, Panel, TextField, TierMark, Tone,
};

fn at(n: usize) -> String {
    format!("/tiers/{n}/threshold")
}

/// The thresholds of a policy, as people type them.
fn thresholds(policy: &TierPolicy, i: I18n) -> Vec<String> {
    policy.tiers.iter().map(|rule| i.figure(&typed(rule.threshold))).collect()
}

/// What was tried, and what came of it.
type Tried = (TierThresholds, TierSimulation);

#[derive(Properties, PartialEq)]
pub(super) struct SimulationProps {
    /// The policy in force.
    pub(super) policy: TierPolicy,
    /// Plans the thresholds that were tried, for those who may.
    pub(super) onplan: Option<Callback<Vec<TierThreshold>>>,
}

/// Tries other thresholds without changing anything.
#[function_component]
pub(super) fn Simulation(props: &SimulationProps) -> Html {
    let i = use_i18n();
    let form = use_form(Callback::noop());
    let me = use_me();
    let base = me.as_ref().map(|me| me.base_currency.clone()).unwrap_or_default();
    let policy = &props.policy;
    let figures = use_state(|| thresholds(policy, i));
    let tried = use_state(|| None::<Tried>);
    let onsubmit = cb!((form, figures, policy, tried), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let tiers = policy.tiers.iter().zip(figures.iter()).enumerate().map(|(n, (rule, figure))| {
            let threshold = amount_of(figure, &at(n), &mut errors, i);
            if figure.trim().is_empty() {
                errors.add(at(n), i.t(Msg::CheckRequired));
            }
            TierThreshold { tier: rule.tier, threshold: threshold.unwrap_or(rule.threshold) }
        });
        let ask = TierThresholds { tiers: tiers.collect() };
        form.send(errors, {
            let tried = tried.clone();
            async move {
                let found = api::tiers::simulate(&ask).await?;
                tried.set(Some((ask, found)));
                Ok(())
            }
        });
    });
    let reset = cb!((figures, policy), |_: MouseEvent| figures.set(thresholds(&policy, i)));
    let shown: Vec<String> = (0..policy.tiers.len()).map(at).collect();
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    let field = |(n, figure): (usize, &String)| {
        let label = policy.tiers.get(n).map(|rule| rule.tier.label(i)).unwrap_or_default();
        let oninput = cb!((figures), |text: String| {
            let mut next = (*figures).clone();
            if let Some(figure) = next.get_mut(n) {
                *figure = text;
            }
            figures.set(next);
        });
        html! {
            <TextField id={format!("simulated-{n}")} label={AttrValue::from(format!("{label} ({base})"))} kind={InputKind::Number} value={figure.clone()} required=true error={form.at(&at(n))} {oninput} />
        }
    };
    let lists = me.as_ref().is_some_and(|me| may(me, right::VIEW_HOLDINGS));
    html! {
        <Panel title={i.t(Msg::SimulationTitle)}>
            <HelpNote text={i.t(Msg::SimulationHelp)} />
            <form class="form" {onsubmit} novalidate=true>
                { form.notice(&shown) }
                // The lowest tier begins at nothing.
                <div class="form__grid">{ for figures.iter().enumerate().skip(1).map(field) }</div>
                <div class="form__actions">
                    <Button submit=true look={Look::Plain} icon={Icon::ChartColumn} busy={form.busy()}>{ i.t(Msg::SimulationAction) }</Button>
                    if *figures != thresholds(policy, i) { <Button look={Look::Quiet} onclick={reset}>{ i.t(Msg::SimulationReset) }</Button> }
                </div>
            </form>
            <div class="stack" aria-live="polite">
                if let Some((ask, found)) = &*tried { { outcome(ask, found, lists, props.onplan.as_ref(), i) } }
            </div>
        </Panel>
    }
}

fn outcome(
    ask: &TierThresholds,
    found: &TierSimulation,
    lists: bool,
    onplan: Option<&Callback<Vec<TierThreshold>>>,
    i: I18n,
) -> Html {
    let falls = found.moves.iter().any(|step| step.to < step.from);
    let currency = found.tiers.first().map(|tier| tier.aum.currency.as_str()).unwrap_or_default();
    let days = i.number(found.grace_days);
    let plan = onplan.map(|plan| {
        let tiers = &ask.tiers;
        let onclick = cb!((plan, tiers), |_: MouseEvent| plan.emit(tiers.clone()));
        html! { <div><Button small=true icon={Icon::Calendar} {onclick}>{ i.t(Msg::SimulationPlan) }</Button></div> }
    });
    html! {
        <>
            <Notice>
                <p>{ i.t(Msg::SimulationDone { basis: &found.basis.label(i), at: &i.minute(found.as_of) }) }</p>
                if falls && found.grace_days > 0 { <p>{ i.t(Msg::SimulationGrace { days: &days }) }</p> }
            </Notice>
            <table class="figures figures--steps">
                <caption>{ i.t(Msg::SimulationTiers) }</caption>
                <thead><tr>
                    <th scope="col">{ i.t(Msg::FieldTier) }</th>
                    <th scope="col" class="number wide-only">{ i.t(Msg::TiersThreshold { currency }) }</th>
                    <th scope="col" class="number">{ i.t(Msg::CustomersTitle) }</th>
                    <th scope="col" class="number">{ i.t(Msg::CustomerAumIn { currency }) }</th>
                </tr></thead>
                <tbody>{ for found.tiers.iter().map(|tier| tier_row(tier, i)) }</tbody>
            </table>
            if found.moves.is_empty() {
                <p>{ i.t(Msg::SimulationNone) }</p>
            } else {
                <table class="figures figures--steps">
                    <caption>{ i.t(Msg::SimulationMoves) }</caption>
                    <thead><tr>
                        <th scope="col">{ i.t(Msg::SimulationMove) }</th>
                        <th scope="col" class="number">{ i.t(Msg::CustomersTitle) }</th>
                        <th scope="col" class="number">{ i.t(Msg::CustomerAumIn { currency }) }</th>
                        if lists { <th scope="col"><span class="sr-only">{ i.t(Msg::SimulationList) }</span></th> }
                    </tr></thead>
                    <tbody>{ for found.moves.iter().map(|step| move_row(step, lists, i)) }</tbody>
                </table>
            }
            { plan.unwrap_or_default() }
        </>
    }
}

/// Two values that may differ, the second one with weight where it does.
fn step(now: String, then: String) -> Html {
    if now == then {
        return html! { { now } };
    }
    html! { <><span class="nowrap to">{ now }</span>{ " " }<b class="nowrap">{ then }</b></> }
}

fn count(customers: i64, i: I18n) -> String {
    i.figure(&customers.to_string())
}

fn tier_row(tier: &SimulatedTier, i: I18n) -> Html {
    let exact = format!("{} → {}", i.figure(&typed(tier.threshold_now)), i.figure(&typed(tier.threshold)));
    let short = |amount: Amount| i.short_amount(amount);
    html! {
        <tr key={tier.tier.code()}>
            <th scope="row"><TierMark tier={tier.tier} /></th>
            // On a phone they stand right above, in their fields.
            <td class="number wide-only" title={exact}>{ step(short(tier.threshold_now), short(tier.threshold)) }</td>
            <td class="number">{ step(count(tier.customers_now, i), count(tier.customers, i)) }</td>
            <td class="number">{ step(short(tier.aum_now.amount), short(tier.aum.amount)) }</td>
        </tr>
    }
}

fn move_row(step: &TierMove, lists: bool, i: I18n) -> Html {
    let (tone, way) = match step.to > step.from {
        true => (Tone::Good, Msg::SimulationUp),
        false => (Tone::Warning, Msg::SimulationDown),
    };
    let exact = format!("{} {}", i.amount(step.aum.amount), step.aum.currency);
    let query = api::query(&[("filter", &step.filter), ("sort", "-aum")]);
    let label = format!("{}: {} → {}", i.t(Msg::SimulationList), step.from.label(i), step.to.label(i));
    html! {
        <tr key={format!("{}-{}", step.from, step.to)}>
            <th scope="row">
                <span class="row tiers__move">
                    <span class="to"><TierMark tier={step.from} /></span><TierMark tier={step.to} />
                    <Badge {tone}>{ i.t(way) }</Badge>
                </span>
            </th>
            <td class="number">{ count(step.customers, i) }</td>
            <td class="number"><span class="nowrap" title={exact}>{ i.short_amount(step.aum.amount) }</span></td>
            if lists {
                <td class="number"><Link to={format!("{}{query}", Route::Customers.to_path())} class="link nowrap" label={AttrValue::from(label)}>{ i.t(Msg::SimulationList) }</Link></td>
            }
        </tr>
    }
}
