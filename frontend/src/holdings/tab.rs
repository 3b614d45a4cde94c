use std::collections::BTreeMap;

use guanxi_api::{Holding, HoldingStatus, Page as Rows, ProductKind, TierChange};
use uuid::Uuid;
use yew::prelude::*;

use super::dialogs::HoldingForm;
use super::one::HoldingDialog;
use super::{tone_of, typed};
use crate::api;
use crate::fetch::{self, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, EmptyState, ErrorPanel, HelpNote, Icon, Panel, ShareBar, Skeleton, TierMark, Time, swatch,
};

#[derive(Properties, PartialEq, Clone)]
pub struct HoldingsTabProps {
    /// The customer.
    pub id: Uuid,
    /// Whether the customer can take new holdings.
    pub open: bool,
    /// Something changed that the customer's figures follow from.
    pub onchange: Callback<()>,
}

#[derive(Clone, PartialEq)]
enum Doing {
    Opening,
    Looking(Uuid),
}

/// What one customer holds.
#[function_component]
pub fn HoldingsTab(props: &HoldingsTabProps) -> Html {
    let i = use_i18n();
    let id = props.id;
    let me = use_me();
    let edit = me.is_some_and(|me| may(&me, right::EDIT_HOLDINGS));
    let doing = use_state(|| None::<Doing>);
    let held = use_query::<Rows<Holding>, _, _>(Some(format!("holdings/of/{id}")), move || {
        api::holdings::of_customer(id)
    });
    let tiers = use_query::<Rows<TierChange>, _, _>(Some(format!("holdings/tiers/{id}")), move || {
        api::holdings::tier_history(id)
    });
    let (reload, reload_tiers, onchange) =
        (held.reload.clone(), tiers.reload.clone(), props.onchange.clone());
    let changed = cb!((reload, reload_tiers, onchange), |()| {
        fetch::forget("holdings");
        reload.emit(());
        reload_tiers.emit(());
        onchange.emit(());
    });
    let close = cb!((doing), |()| doing.set(None));
    let opened = cb!((doing, changed), |()| {
        doing.set(None);
        changed.emit(());
    });
    let start = cb!((doing), |_: MouseEvent| doing.set(Some(Doing::Opening)));
    let actions = html! {
        if edit && props.open { <Button small=true icon={Icon::Plus} onclick={start}>{ i.t(Msg::HoldingOpen) }</Button> }
    };
    let line = |holding: &Holding| {
        let look = {
            let (doing, id) = (doing.clone(), holding.id);
            move |_: MouseEvent| doing.set(Some(Doing::Looking(id)))
        };
        line(holding, look.into(), i)
    };
    let rows = held.remote.data.as_ref().map(|page| &page.data);
    html! {
        <>
            <HelpNote text={i.t(Msg::HoldingsHelpCustomer)} />
            <div class="split">
                <div>
                    <Panel title={i.t(Msg::HoldingsTitle)} {actions} flush=true>
                        { match (rows, &held.remote.error) {
                            (Some(rows), _) if rows.is_empty() => html! { <EmptyState icon={Icon::Wallet} title={i.t(Msg::HoldingsNone)} text={i.t(Msg::HoldingsNoneText)} /> },
                            (Some(rows), _) => html! { <ul class="lines">{ for rows.iter().map(line) }</ul> },
                            (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::HoldingsFailed)} error={error.clone()} retry={held.reload.clone()} /> },
                            (None, None) => html! { <Skeleton bare=true rows=4 /> },
                        } }
                    </Panel>
                </div>
                <div>
                    if let Some(rows) = rows { { allocation(rows, i) } }
                    <Panel title={i.t(Msg::HoldingsTierHistory)} flush=true>
                        { match &tiers.remote.data {
                            Some(page) if page.data.is_empty() => html! { <p class="combo__none">{ i.t(Msg::HoldingsTierNone) }</p> },
                            Some(page) => html! { <ul class="lines">{ for page.data.iter().map(|change| tier_line(change, i)) }</ul> },
                            None => html! { <Skeleton bare=true rows=2 /> },
                        } }
                    </Panel>
                </div>
            </div>
            { match (*doing).clone() {
                None => html!(),
                Some(Doing::Opening) => html! { <HoldingForm customer={id} ondone={opened} onclose={close} /> },
                Some(Doing::Looking(holding)) => html! { <HoldingDialog id={holding} edit={edit && props.open} onchange={changed} onclose={close} /> },
            } }
        </>
    }
}

fn line(holding: &Holding, look: Callback<MouseEvent>, i: I18n) -> Html {
    html! {
        <li key={holding.id.to_string()}>
            <span class="lines__main">
                <button type="button" class="link" onclick={look}>{ holding.product.name.in_language(i.lang).to_owned() }</button>
                <span class="small muted">
                    { holding.product.kind.label(i) }
                    if let Some(reference) = &holding.reference { { " · " }{ reference } }
                    if let Some(day) = holding.matures_on { { " · " }<span class="nowrap">{ i.t(Msg::HoldingMaturesOn { day: &day.to_string() }) }</span> }
                    if holding.auto_renewal { { " · " }{ i.t(Msg::HoldingAutoRenewal) } }
                </span>
            </span>
            <Badge tone={tone_of(holding.status)}>{ holding.status.label(i) }</Badge>
            <span class="lines__acts"><span>
                { i.amount(holding.amount) }{ " " }{ &holding.currency }
                if holding.currency != holding.value.currency {
                    <span class="small muted">{ " ≈ " }{ i.short_amount(holding.value.amount) }{ " " }{ &holding.value.currency }</span>
                }
            </span></span>
        </li>
    }
}

fn tier_line(change: &TierChange, i: I18n) -> Html {
    let why = change.average_aum.as_ref().zip(change.threshold.as_ref()).map(|(average, threshold)| {
        let figure = |amount| i.figure(&typed(amount));
        let (average, threshold, reached) =
            (figure(average.amount), figure(threshold.amount), average.amount >= threshold.amount);
        i.t(match reached {
            true => Msg::HoldingsTierReached { average: &average, threshold: &threshold },
            false => Msg::HoldingsTierMissed { average: &average, threshold: &threshold },
        })
    });
    html! {
        <li key={change.id.to_string()}>
            <span class="lines__main">
                <span>
                    if let Some(from) = change.from { <TierMark tier={from} />{ Icon::ChevronRight.draw() } }
                    <TierMark tier={change.to} />
                </span>
                <span class="small muted">
                    <Time at={change.at} />{ " · " }{ change.reason.label(i) }{ " · " }
                    { why.unwrap_or_else(|| format!("{} {}", i.short_amount(change.aum.amount), change.aum.currency).into()) }
                </span>
            </span>
        </li>
    }
}

/// The assets by kind: a bar, and the table that says the same.
fn allocation(rows: &[Holding], i: I18n) -> Html {
    let mut sums: BTreeMap<ProductKind, i64> = BTreeMap::new();
    let assets =
        rows.iter().filter(|holding| holding.status == HoldingStatus::Active && holding.counts_as_asset);
    for holding in assets {
        let sum = sums.entry(holding.product.kind).or_default();
        *sum = sum.saturating_add(holding.value.amount.0);
    }
    let mut parts: Vec<(ProductKind, i64)> = sums.into_iter().filter(|(_, sum)| *sum != 0).collect();
    parts.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
    if parts.is_empty() {
        return html!();
    }
    let whole: i128 = parts.iter().map(|(_, sum)| i128::from((*sum).max(0))).sum();
    let share = |sum: i64| {
        let tenths = if whole > 0 { i128::from(sum.max(0)) * 1000 / whole } else { 0 };
        format!("{}.{}%", tenths / 10, tenths % 10)
    };
    let currency = rows.first().map(|holding| holding.value.currency.clone()).unwrap_or_default();
    html! {
        <Panel title={i.t(Msg::HoldingsAllocation)}>
            <div class="stack">
                <ShareBar label={i.t(Msg::HoldingsAllocation)} parts={parts.iter().map(|(_, sum)| (*sum).max(0)).collect::<Vec<_>>()} />
                <table class="figures">
                    <caption class="sr-only">{ i.t(Msg::HoldingsAllocation) }</caption>
                    <thead><tr>
                        <th scope="col">{ i.t(Msg::ProductKindLabel) }</th>
                        <th scope="col" class="number">{ i.t(Msg::HoldingValueIn { currency: &currency }) }</th>
                        <th scope="col" class="number">{ i.t(Msg::HoldingsShare) }</th>
                    </tr></thead>
                    <tbody>
                        { for parts.iter().enumerate().map(|(n, (kind, sum))| html! {
                            <tr key={kind.code()}>
                                <th scope="row">{ swatch(n) }{ kind.label(i) }</th>
                                <td class="number">{ i.amount(guanxi_api::Amount(*sum)) }</td>
                                <td class="number">{ share(*sum) }</td>
                            </tr>
                        }) }
                    </tbody>
                </table>
            </div>
        </Panel>
    }
}
