use guanxi_api::{Holding, HoldingBalance, HoldingStatus, HoldingTransaction, Page as Rows};
use uuid::Uuid;
use yew::prelude::*;

use super::dialogs::{CloseForm, HoldingForm, ReverseForm, TransactionForm};
use super::tone_of;
use crate::api::{self, Tagged};
use crate::fetch::{self, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::parts::LazyOwnersPanel;
use crate::ui::{
    Badge, Button, Dialog, ErrorPanel, Icon, IconButton, Look, Shape, Skeleton, StepLine, use_toasts,
};

#[derive(Properties, PartialEq)]
pub struct HoldingDialogProps {
    pub id: Uuid,
    /// Whether the user may change it.
    pub edit: bool,
    pub onchange: Callback<()>,
    pub onclose: Callback<()>,
}

#[derive(Clone, PartialEq)]
enum Doing {
    Editing,
    Recording,
    Closing,
    Reversing(Uuid),
}

/// Everything of one holding: its facts, what moved it, and how its amount went.
#[function_component]
pub fn HoldingDialog(props: &HoldingDialogProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let id = props.id;
    let doing = use_state(|| None::<Doing>);
    let holding =
        use_query::<Tagged<Holding>, _, _>(Some(format!("holdings/{id}")), move || api::holdings::get(id));
    let moves =
        use_query::<Rows<HoldingTransaction>, _, _>(Some(format!("holdings/{id}/moves")), move || {
            api::holdings::transactions(id)
        });
    let balances = use_query::<Rows<HoldingBalance>, _, _>(Some(format!("holdings/{id}/days")), move || {
        api::holdings::balances(id)
    });
    let (a, b, c, onchange) =
        (holding.reload.clone(), moves.reload.clone(), balances.reload.clone(), props.onchange.clone());
    let done = cb!((doing, a, b, c, onchange), |()| {
        doing.set(None);
        fetch::forget("holdings");
        a.emit(());
        b.emit(());
        c.emit(());
        onchange.emit(());
    });
    let close = cb!((doing), |()| doing.set(None));
    let owned = cb!((a), |()| {
        fetch::forget("relations");
        a.emit(());
    });
    let start = |what: Doing| {
        let doing = doing.clone();
        Callback::from(move |_: MouseEvent| doing.set(Some(what.clone())))
    };
    let Some(tagged) = holding.remote.data.clone() else {
        return html! {
            <Dialog title={i.t(Msg::HoldingTitle)} onclose={props.onclose.clone()} shape={Shape::Wide}>
                { match &holding.remote.error {
                    Some(error) => html! { <ErrorPanel what={i.t(Msg::HoldingsFailed)} error={error.clone()} retry={holding.reload.clone()} /> },
                    None => html! { <Skeleton bare=true rows=6 /> },
                } }
            </Dialog>
        };
    };
    let it = &tagged.value;
    let closed = it.status == HoldingStatus::Closed;
    let reopen = cb!((tagged, done, toasts), |_: MouseEvent| {
        spawn!((tagged, done, toasts), {
            match api::holdings::reopen(tagged.value.id, &tagged.etag).await {
                Ok(()) => toasts.say(i.t(Msg::HoldingReopened)),
                Err(error) => toasts.fail(&error, i),
            }
            done.emit(());
        });
    });
    let reverse = |entry: &HoldingTransaction| start(Doing::Reversing(entry.id));
    html! {
        <>
            <Dialog title={it.product.name.in_language(i.lang).to_owned()} onclose={props.onclose.clone()} shape={Shape::Wide}>
                <div class="stack">
                    { facts(it, i) }
                    if props.edit {
                        <div class="form__actions">
                            if closed {
                                <Button small=true onclick={reopen}>{ i.t(Msg::HoldingReopen) }</Button>
                            } else {
                                <Button small=true look={Look::Primary} icon={Icon::Plus} onclick={start(Doing::Recording)}>{ i.t(Msg::TransactionRecord) }</Button>
                                <Button small=true icon={Icon::Pencil} onclick={start(Doing::Editing)}>{ i.t(Msg::HoldingEdit) }</Button>
                                <Button small=true onclick={start(Doing::Closing)}>{ i.t(Msg::HoldingClose) }</Button>
                            }
                        </div>
                    }
                    <section class="stack" aria-label={i.t(Msg::HoldingBalances)}>
                        <h3>{ i.t(Msg::HoldingBalances) }</h3>
                        { match &balances.remote.data {
                            Some(page) => balance_chart(it, &page.data, i),
                            None => html! { <Skeleton bare=true rows=3 /> },
                        } }
                    </section>
                    <section class="stack" aria-label={i.t(Msg::OwnersTitle)}>
                        <LazyOwnersPanel holding={it.clone()} etag={tagged.etag.clone()} edit={props.edit && !closed} onchange={owned} />
                    </section>
                    <section class="stack" aria-label={i.t(Msg::TransactionsTitle)}>
                        <h3>{ i.t(Msg::TransactionsTitle) }</h3>
                        { match &moves.remote.data {
                            Some(page) if page.data.is_empty() => html! { <p class="muted">{ i.t(Msg::TransactionsNone) }</p> },
                            Some(page) => html! { <ul class="lines">{ for page.data.iter().map(|entry| move_line(entry, (props.edit && !closed).then(|| reverse(entry)), i)) }</ul> },
                            None => html! { <Skeleton bare=true rows=3 /> },
                        } }
                    </section>
                </div>
            </Dialog>
            { match (*doing).clone() {
                None => html!(),
                Some(Doing::Editing) => html! { <HoldingForm customer={it.customer.id} now={(*tagged).clone()} ondone={done} onclose={close} /> },
                Some(Doing::Recording) => html! { <TransactionForm {id} currency={it.currency.clone()} ondone={done} onclose={close} /> },
                Some(Doing::Closing) => html! { <CloseForm now={(*tagged).clone()} ondone={done} onclose={close} /> },
                Some(Doing::Reversing(transaction)) => html! { <ReverseForm {id} {transaction} ondone={done} onclose={close} /> },
            } }
        </>
    }
}

fn facts(it: &Holding, i: I18n) -> Html {
    let fact = |label: Msg<'_>, value: String| {
        html! { if !value.is_empty() { <><dt>{ i.t(label) }</dt><dd>{ value }</dd></> } }
    };
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let quantity = it
        .quantity
        .map(|quantity| format!("{} {}", i.figure(&quantity.number.to_string()), quantity.unit.label(i)));
    html! {
        <dl class="details">
            <dt>{ i.t(Msg::FieldStatus) }</dt><dd><Badge tone={tone_of(it.status)}>{ it.status.label(i) }</Badge></dd>
            { fact(Msg::ProductKindLabel, it.product.kind.label(i).to_string()) }
            { fact(Msg::HoldingAmount, format!("{} {}", i.amount(it.amount), it.currency)) }
            { fact(Msg::HoldingValue, format!("{} {}", i.amount(it.value.amount), it.value.currency)) }
            { fact(Msg::HoldingQuantity, quantity.unwrap_or_default()) }
            { fact(Msg::HoldingCost, it.cost.map(|cost| format!("{} {}", i.amount(cost), it.currency)).unwrap_or_default()) }
            { fact(Msg::HoldingOpenedOn, it.opened_on.to_string()) }
            { fact(Msg::HoldingMaturity, day(it.matures_on)) }
            { fact(Msg::HoldingClosedOn, day(it.closed_on)) }
            { fact(Msg::HoldingChannelLabel, it.channel.label(i).to_string()) }
            { fact(Msg::HoldingReference, it.reference.clone().unwrap_or_default()) }
            { fact(Msg::HoldingNote, it.note.clone().unwrap_or_default()) }
        </dl>
    }
}

/// How the amount went: a line, and the table that says the same.
fn balance_chart(it: &Holding, newest_first: &[HoldingBalance], i: I18n) -> Html {
    let points: Vec<_> = newest_first.iter().rev().map(|balance| (balance.day, balance.amount)).collect();
    let until = it.closed_on.unwrap_or_else(|| i.today());
    html! {
        <>
            <StepLine label={i.t(Msg::HoldingBalances)} {points} {until} />
            <details>
                <summary>{ i.t(Msg::HoldingBalancesTable) }</summary>
                <table class="figures">
                    <caption class="sr-only">{ i.t(Msg::HoldingBalances) }</caption>
                    <thead><tr><th scope="col">{ i.t(Msg::TransactionDay) }</th><th scope="col" class="number">{ i.t(Msg::HoldingAmountIn { currency: &it.currency }) }</th></tr></thead>
                    <tbody>{ for newest_first.iter().map(|balance| html! {
                        <tr key={balance.day.to_string()}><td>{ balance.day.to_string() }</td><td class="number">{ i.amount(balance.amount) }</td></tr>
                    }) }</tbody>
                </table>
            </details>
        </>
    }
}

fn move_line(entry: &HoldingTransaction, reverse: Option<Callback<MouseEvent>>, i: I18n) -> Html {
    let plain = entry.reverses.is_none() && entry.reversed_by.is_none();
    let sign = if entry.effect.0 > 0 { "+" } else { "" };
    html! {
        <li key={entry.id.to_string()}>
            <span class="lines__main">
                <span>
                    { entry.kind.label(i) }{ " " }
                    if entry.reversed_by.is_some() { <Badge tone={crate::ui::Tone::Warning}>{ i.t(Msg::TransactionCancelled) }</Badge> }
                    if entry.reverses.is_some() { <Badge>{ i.t(Msg::TransactionCounter) }</Badge> }
                </span>
                <span class="small muted">
                    { entry.day.to_string() }{ " · " }{ entry.channel.label(i) }
                    if let Some(note) = &entry.note { { " · " }{ note } }
                </span>
            </span>
            <span class="lines__acts">
                <span>{ sign }{ i.amount(entry.effect) }{ " " }{ &entry.currency }</span>
                if let (true, Some(reverse)) = (plain, reverse) {
                    <IconButton small=true icon={Icon::X} label={i.t(Msg::TransactionReverse)} onclick={reverse} />
                }
            </span>
        </li>
    }
}
