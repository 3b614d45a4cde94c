use guanxi_api::{
    CloseHolding, Holding, HoldingChannel, HoldingPatch, HoldingStatus, NewHolding, NewHoldingTransaction,
    Page as Rows, Product, Quantity, QuantityUnit, Reversal, TransactionKind,
};
use uuid::Uuid;
use yew::prelude::*;

use super::{Form, amount_of, day_of, typed, use_form};
use crate::api::{self, Tagged};
use crate::checks::Errors;
use crate::dom;
use crate::fetch::use_query;
use crate::i18n::{Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::ui::{Button, Check, DateField, Dialog, InputKind, Look, Select, TextArea, TextField};

fn foot(form: &Form, action: AttrValue, close: &Callback<()>, cancel: AttrValue) -> Html {
    let close = close.clone();
    html! {
        <div class="form__actions">
            <Button submit=true look={Look::Primary} busy={form.busy()}>{ action }</Button>
            <Button look={Look::Quiet} onclick={move |_| close.emit(())}>{ cancel }</Button>
        </div>
    }
}

fn optional(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[derive(Properties, PartialEq)]
pub struct HoldingFormProps {
    pub customer: Uuid,
    /// The holding to change; without it, one is opened.
    #[prop_or_default]
    pub now: Option<Tagged<Holding>>,
    pub ondone: Callback<()>,
    pub onclose: Callback<()>,
}

/// Opens or changes a holding.
#[function_component]
pub fn HoldingForm(props: &HoldingFormProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let now = props.now.as_ref().map(|tagged| &tagged.value);
    let products = use_query::<Rows<Product>, _, _>(Some("products/choices".into()), api::products::choices);
    let product = use_state(|| now.map(|now| now.product.id.to_string()).unwrap_or_default());
    let currency = use_state(|| now.map(|now| now.currency.clone()).unwrap_or_default());
    let amount = use_state(|| now.map(|now| typed(now.amount)).unwrap_or_default().to_string());
    let cost = use_state(|| now.and_then(|now| now.cost).map(typed).unwrap_or_default().to_string());
    let number = use_state(|| {
        now.and_then(|now| now.quantity)
            .map(|quantity| typed(quantity.number))
            .unwrap_or_default()
            .to_string()
    });
    let unit =
        use_state(|| now.and_then(|now| now.quantity).map_or(QuantityUnit::Units, |quantity| quantity.unit));
    let opened = use_state(|| now.map_or_else(|| i.today(), |now| now.opened_on).to_string());
    let matures =
        use_state(|| now.and_then(|now| now.matures_on).map(|day| day.to_string()).unwrap_or_default());
    let renewal = use_state(|| now.is_some_and(|now| now.auto_renewal));
    let channel = use_state(|| now.map_or(HoldingChannel::Rm, |now| now.channel));
    let status = use_state(|| now.map_or(HoldingStatus::Active, |now| now.status));
    let reference = use_state(String::new);
    let note = use_state(|| now.and_then(|now| now.note.clone()).unwrap_or_default());
    let once = use_memo((), |()| dom::random_id());
    let fixed = now.is_some_and(|now| now.transactions > 0);

    let (customer, before) = (props.customer, props.now.clone());
    let onsubmit = cb!(
        (
            form, before, product, currency, amount, cost, number, unit, opened, matures, renewal, channel,
            status, reference, note, once
        ),
        |event: SubmitEvent| {
            event.prevent_default();
            let mut errors = Errors::default();
            let sum = amount_of(&amount, "/amount", &mut errors, i);
            let cost = amount_of(&cost, "/cost", &mut errors, i);
            let number = amount_of(&number, "/quantity/number", &mut errors, i);
            let opened_on = day_of(&opened, "/opened_on", &mut errors, i);
            let matures_on = day_of(&matures, "/matures_on", &mut errors, i);
            let quantity = number.map(|number| Quantity { number, unit: *unit });
            let missing = i.t(Msg::CheckRequired);
            if amount.trim().is_empty() {
                errors.add("/amount", missing.clone());
            }
            let once = (*once).clone();
            match &before {
                None => {
                    if product.is_empty() {
                        errors.add("/product_id", missing.clone());
                    }
                    if opened.trim().is_empty() {
                        errors.add("/opened_on", missing);
                    }
                    let new = NewHolding {
                        product_id: Uuid::parse_str(&product).unwrap_or_default(),
                        currency: optional(&currency).map(|code| code.to_uppercase()),
                        amount: sum.unwrap_or_default(),
                        quantity,
                        cost,
                        opened_on: opened_on.unwrap_or_default(),
                        matures_on,
                        auto_renewal: *renewal,
                        channel: *channel,
                        reference: optional(&reference),
                        note: optional(&note),
                    };
                    if errors.is_empty() {
                        errors = Errors::check(&new, i);
                    }
                    form.send(errors, async move { api::holdings::open(customer, &new, &once).await });
                }
                Some(before) => {
                    let old = before.value.clone();
                    let etag = before.etag.clone();
                    let patch = HoldingPatch {
                        status: (*status != old.status).then_some(*status),
                        currency: optional(&currency)
                            .map(|code| code.to_uppercase())
                            .filter(|code| *code != old.currency),
                        amount: sum.filter(|sum| *sum != old.amount),
                        quantity: (quantity != old.quantity).then_some(quantity),
                        cost: (cost != old.cost).then_some(cost),
                        matures_on: (matures_on != old.matures_on).then_some(matures_on),
                        auto_renewal: (*renewal != old.auto_renewal).then_some(*renewal),
                        channel: (*channel != old.channel).then_some(*channel),
                        reference: optional(&reference).map(Some),
                        note: Some(optional(&note)).filter(|note| *note != old.note),
                    };
                    if errors.is_empty() {
                        errors = Errors::check(&patch, i);
                    }
                    form.send(errors, async move { api::holdings::patch(old.id, &etag, &patch).await });
                }
            }
        }
    );
    let choices: Vec<(AttrValue, AttrValue)> = match (&products.remote.data, now) {
        (_, Some(now)) => {
            vec![(now.product.id.to_string().into(), now.product.name.in_language(i.lang).to_owned().into())]
        }
        (Some(page), None) => page
            .data
            .iter()
            .map(|product| {
                let words = format!("{} · {}", product.name.in_language(i.lang), product.currency);
                (product.id.to_string().into(), words.into())
            })
            .collect(),
        (None, None) => Vec::new(),
    };
    let text = |id: &'static str,
                label: Msg<'_>,
                state: &UseStateHandle<String>,
                pointer: &str,
                kind: InputKind,
                disabled: bool,
                optional: bool| {
        let oninput = cb!((state), |text| state.set(text));
        html! { <TextField {id} label={i.t(label)} value={(**state).clone()} {oninput} error={form.at(pointer)} {kind} {disabled} {optional} required={!optional} /> }
    };
    const SHOWN: [&str; 10] = [
        "/product_id",
        "/currency",
        "/amount",
        "/cost",
        "/quantity/number",
        "/opened_on",
        "/matures_on",
        "/reference",
        "/note",
        "/status",
    ];
    let editing = now.is_some();
    html! {
        <Dialog title={i.t(if editing { Msg::HoldingEdit } else { Msg::HoldingOpen })} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { form.notice(&SHOWN) }
                <Select id="holding-product" label={i.t(Msg::HoldingProduct)} options={choices} value={(*product).clone()} disabled={editing}
                    none={(!editing).then(|| i.t(Msg::HoldingProductChoose))} error={form.at("/product_id")} onchange={cb!((product), |id| product.set(id))} />
                <div class="form__grid">
                    { text("holding-amount", Msg::HoldingAmount, &amount, "/amount", InputKind::Number, fixed, false) }
                    { text("holding-currency", Msg::HoldingCurrency, &currency, "/currency", InputKind::Text, fixed, true) }
                    if !editing {
                        <DateField id="holding-opened" label={i.t(Msg::HoldingOpenedOn)} value={(*opened).clone()} oninput={cb!((opened), |day| opened.set(day))} error={form.at("/opened_on")} required=true />
                    }
                    <DateField id="holding-matures" label={i.t(Msg::HoldingMaturity)} value={(*matures).clone()} oninput={cb!((matures), |day| matures.set(day))} error={form.at("/matures_on")}
                        hint={(!editing).then(|| i.t(Msg::HoldingMaturityHint))} optional=true />
                    { text("holding-cost", Msg::HoldingCost, &cost, "/cost", InputKind::Number, false, true) }
                    { text("holding-number", Msg::HoldingQuantity, &number, "/quantity/number", InputKind::Number, false, true) }
                    <Select id="holding-unit" label={i.t(Msg::HoldingUnit)} options={options::<QuantityUnit>(i)} value={unit.code()}
                        onchange={cb!((unit), |code: String| unit.set(by_code(&code).unwrap_or(*unit)))} />
                    <Select id="holding-channel" label={i.t(Msg::HoldingChannelLabel)} options={options::<HoldingChannel>(i)} value={channel.code()}
                        onchange={cb!((channel), |code: String| channel.set(by_code(&code).unwrap_or(*channel)))} />
                    if editing {
                        <Select id="holding-status" label={i.t(Msg::FieldStatus)} value={status.code()} error={form.at("/status")}
                            options={options::<HoldingStatus>(i).into_iter().filter(|(code, _)| code != "closed").collect::<Vec<_>>()}
                            onchange={cb!((status), |code: String| status.set(by_code(&code).unwrap_or(*status)))} />
                    }
                    { text("holding-reference", Msg::HoldingReference, &reference, "/reference", InputKind::Text, false, true) }
                </div>
                <Check label={i.t(Msg::HoldingAutoRenewal)} checked={*renewal} onchange={cb!((renewal), |on| renewal.set(on))} />
                <TextArea id="holding-note" label={i.t(Msg::HoldingNote)} value={(*note).clone()} oninput={cb!((note), |text| note.set(text))} error={form.at("/note")} optional=true />
                if fixed { <p class="small muted">{ i.t(Msg::HoldingFixed) }</p> }
                { foot(&form, i.t(if editing { Msg::CommonSave } else { Msg::HoldingOpen }), &props.onclose, i.t(Msg::CommonCancel)) }
            </form>
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
pub struct TransactionFormProps {
    pub id: Uuid,
    pub currency: AttrValue,
    pub ondone: Callback<()>,
    pub onclose: Callback<()>,
}

/// Records a transaction.
#[function_component]
pub fn TransactionForm(props: &TransactionFormProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let kind = use_state(|| TransactionKind::Deposit);
    let day = use_state(|| i.today().to_string());
    let amount = use_state(String::new);
    let channel = use_state(|| HoldingChannel::Rm);
    let note = use_state(String::new);
    let once = use_memo((), |()| dom::random_id());
    let id = props.id;
    let onsubmit = cb!((form, kind, day, amount, channel, note, once), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let sum = amount_of(&amount, "/amount", &mut errors, i);
        let on = day_of(&day, "/day", &mut errors, i);
        for (text, pointer) in [(&amount, "/amount"), (&day, "/day")] {
            if text.trim().is_empty() {
                errors.add(pointer, i.t(Msg::CheckRequired));
            }
        }
        let new = NewHoldingTransaction {
            day: on.unwrap_or_default(),
            kind: *kind,
            amount: sum.unwrap_or_default(),
            channel: *channel,
            note: optional(&note),
        };
        let once = (*once).clone();
        form.send(errors, async move { api::holdings::record(id, &new, &once).await });
    });
    html! {
        <Dialog title={i.t(Msg::TransactionRecord)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { form.notice(&["/day", "/amount", "/note"]) }
                <Select id="move-kind" label={i.t(Msg::TransactionKindLabel)} options={options::<TransactionKind>(i)} value={kind.code()}
                    onchange={cb!((kind), |code: String| kind.set(by_code(&code).unwrap_or(*kind)))} />
                <TextField id="move-amount" label={i.t(Msg::HoldingAmountIn { currency: &props.currency })} value={(*amount).clone()} kind={InputKind::Number}
                    oninput={cb!((amount), |text| amount.set(text))} error={form.at("/amount")} required=true
                    hint={(*kind == TransactionKind::Adjustment).then(|| i.t(Msg::TransactionAdjustmentHint))} />
                <DateField id="move-day" label={i.t(Msg::TransactionDay)} value={(*day).clone()} oninput={cb!((day), |text| day.set(text))} error={form.at("/day")} required=true />
                <Select id="move-channel" label={i.t(Msg::HoldingChannelLabel)} options={options::<HoldingChannel>(i)} value={channel.code()}
                    onchange={cb!((channel), |code: String| channel.set(by_code(&code).unwrap_or(*channel)))} />
                <TextArea id="move-note" label={i.t(Msg::HoldingNote)} value={(*note).clone()} oninput={cb!((note), |text| note.set(text))} error={form.at("/note")} optional=true />
                { foot(&form, i.t(Msg::TransactionRecord), &props.onclose, i.t(Msg::CommonCancel)) }
            </form>
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
pub struct CloseFormProps {
    pub id: Uuid,
    pub etag: AttrValue,
    pub ondone: Callback<()>,
    pub onclose: Callback<()>,
}

/// Closes a holding.
#[function_component]
pub fn CloseForm(props: &CloseFormProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let day = use_state(|| i.today().to_string());
    let (id, etag) = (props.id, props.etag.clone());
    let onsubmit = cb!((form, day, etag), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let how = CloseHolding { closed_on: day_of(&day, "/closed_on", &mut errors, i) };
        let etag = etag.clone();
        form.send(errors, async move { api::holdings::close(id, &etag, &how).await });
    });
    html! {
        <Dialog title={i.t(Msg::HoldingClose)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { form.notice(&["/closed_on"]) }
                <p>{ i.t(Msg::HoldingCloseText) }</p>
                <DateField id="holding-closed" label={i.t(Msg::HoldingClosedOn)} value={(*day).clone()} oninput={cb!((day), |text| day.set(text))} error={form.at("/closed_on")} />
                { foot(&form, i.t(Msg::HoldingClose), &props.onclose, i.t(Msg::CommonCancel)) }
            </form>
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
pub struct ReverseFormProps {
    pub id: Uuid,
    pub transaction: Uuid,
    pub ondone: Callback<()>,
    pub onclose: Callback<()>,
}

/// Cancels a transaction.
#[function_component]
pub fn ReverseForm(props: &ReverseFormProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let reason = use_state(String::new);
    let once = use_memo((), |()| dom::random_id());
    let (id, transaction) = (props.id, props.transaction);
    let onsubmit = cb!((form, reason, once), |event: SubmitEvent| {
        event.prevent_default();
        let why = Reversal { reason: reason.trim().to_owned() };
        let once = (*once).clone();
        form.send(Errors::check(&why, i), async move {
            api::holdings::reverse(id, transaction, &why, &once).await
        });
    });
    html! {
        <Dialog title={i.t(Msg::TransactionReverse)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { form.notice(&["/reason"]) }
                <p>{ i.t(Msg::TransactionReverseText) }</p>
                <TextField id="reverse-reason" label={i.t(Msg::TransactionReason)} value={(*reason).clone()} oninput={cb!((reason), |text| reason.set(text))} error={form.at("/reason")} required=true />
                { foot(&form, i.t(Msg::TransactionReverse), &props.onclose, i.t(Msg::CommonCancel)) }
            </form>
        </Dialog>
    }
}
