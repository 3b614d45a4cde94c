use guanxi_api::{
    Amount, CloseHolding, Holding, HoldingChannel, HoldingPatch, HoldingStatus, NewHolding,
    NewHoldingTransaction, Page as Rows, Product, Quantity, QuantityUnit, Reversal, TransactionKind,
};
use uuid::Uuid;
use yew::prelude::*;

use super::{amount_of, day_of, typed};
use crate::api::{self, Tagged};
use crate::checks::Errors;
use crate::draft::{Values, YES, in_words, use_draft, use_seen, values, yes_or_no};
use crate::fetch::use_query;
use crate::form::{Form, use_form};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::once::use_once;
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

const PRODUCT: &str = "/product_id";
const CURRENCY: &str = "/currency";
const AMOUNT: &str = "/amount";
const COST: &str = "/cost";
const NUMBER: &str = "/quantity/number";
const UNIT: &str = "/quantity/unit";
const OPENED: &str = "/opened_on";
const MATURES: &str = "/matures_on";
const RENEWAL: &str = "/auto_renewal";
const CHANNEL: &str = "/channel";
const STATUS: &str = "/status";
const REFERENCE: &str = "/reference";
const NOTE: &str = "/note";

fn values_of(now: Option<&Holding>, i: I18n) -> Values {
    let amount = |amount: Option<Amount>| amount.map(typed).unwrap_or_default().to_string();
    let quantity = now.and_then(|now| now.quantity);
    values([
        (PRODUCT, now.map(|now| now.product.id.to_string()).unwrap_or_default()),
        (CURRENCY, now.map(|now| now.currency.clone()).unwrap_or_default()),
        (AMOUNT, amount(now.map(|now| now.amount))),
        (COST, amount(now.and_then(|now| now.cost))),
        (NUMBER, amount(quantity.map(|quantity| quantity.number))),
        (UNIT, quantity.map_or(QuantityUnit::Units, |quantity| quantity.unit).code().to_owned()),
        (OPENED, now.map_or_else(|| i.today(), |now| now.opened_on).to_string()),
        (MATURES, now.and_then(|now| now.matures_on).map(|day| day.to_string()).unwrap_or_default()),
        (RENEWAL, now.is_some_and(|now| now.auto_renewal).to_string()),
        (CHANNEL, now.map_or(HoldingChannel::Rm, |now| now.channel).code().to_owned()),
        (STATUS, now.map_or(HoldingStatus::Active, |now| now.status).code().to_owned()),
        // The stored one is masked, so an empty field leaves it as it is.
        (REFERENCE, String::new()),
        (NOTE, now.and_then(|now| now.note.clone()).unwrap_or_default()),
    ])
}

/// Opens or changes a holding.
#[function_component]
pub fn HoldingForm(props: &HoldingFormProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let before = use_seen(&props.now);
    let now = before.as_ref().map(|tagged| &tagged.value);
    let products = use_query::<Rows<Product>, _, _>(Some("products/choices".into()), api::products::choices);
    let draft = use_draft(values_of(now, i));
    let once = use_once();
    let fixed = now.is_some_and(|now| now.transactions > 0);

    let customer = props.customer;
    let onsubmit = cb!((form, before, draft, once), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let sum = amount_of(&draft.at(AMOUNT), AMOUNT, &mut errors, i);
        let cost = amount_of(&draft.at(COST), COST, &mut errors, i);
        let number = amount_of(&draft.at(NUMBER), NUMBER, &mut errors, i);
        let opened_on = day_of(&draft.at(OPENED), OPENED, &mut errors, i);
        let matures_on = day_of(&draft.at(MATURES), MATURES, &mut errors, i);
        let unit = by_code(&draft.at(UNIT)).unwrap_or(QuantityUnit::Units);
        let quantity = number.map(|number| Quantity { number, unit });
        let auto_renewal = draft.at(RENEWAL) == YES;
        let channel = by_code(&draft.at(CHANNEL)).unwrap_or(HoldingChannel::Rm);
        let missing = i.t(Msg::CheckRequired);
        if draft.at(AMOUNT).trim().is_empty() {
            errors.add(AMOUNT, missing.clone());
        }
        let currency = optional(&draft.at(CURRENCY)).map(|code| code.to_uppercase());
        let (reference, note) = (optional(&draft.at(REFERENCE)), optional(&draft.at(NOTE)));
        let (before, once) = (before.clone(), once.clone());
        let Some(tagged) = (*before).clone() else {
            let product = draft.at(PRODUCT);
            if product.is_empty() {
                errors.add(PRODUCT, missing.clone());
            }
            if draft.at(OPENED).trim().is_empty() {
                errors.add(OPENED, missing);
            }
            let new = NewHolding {
                product_id: Uuid::parse_str(&product).unwrap_or_default(),
                currency,
                amount: sum.unwrap_or_default(),
                quantity,
                cost,
                opened_on: opened_on.unwrap_or_default(),
                matures_on,
                auto_renewal,
                channel,
                reference,
                note,
            };
            if errors.is_empty() {
                errors = Errors::check(&new, i);
            }
            form.send(errors, async move {
                once.answered(api::holdings::open(customer, &new, &once.key(&new)).await)
            });
            return;
        };
        let old = tagged.value;
        let status = by_code(&draft.at(STATUS)).unwrap_or(old.status);
        let patch = HoldingPatch {
            status: (status != old.status).then_some(status),
            currency: currency.filter(|code| *code != old.currency),
            amount: sum.filter(|sum| *sum != old.amount),
            quantity: (quantity != old.quantity).then_some(quantity),
            cost: (cost != old.cost).then_some(cost),
            matures_on: (matures_on != old.matures_on).then_some(matures_on),
            auto_renewal: (auto_renewal != old.auto_renewal).then_some(auto_renewal),
            channel: (channel != old.channel).then_some(channel),
            reference: reference.map(Some),
            note: Some(note).filter(|note| *note != old.note),
        };
        if errors.is_empty() {
            errors = Errors::check(&patch, i);
        }
        form.send(errors, async move {
            let newest = async { api::holdings::get(old.id).await.map(Some) };
            before.save(api::holdings::patch(old.id, &tagged.etag, &patch), newest).await
        });
    });
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
                pointer: &str,
                kind: InputKind,
                disabled: bool,
                optional: bool| {
        html! { <TextField {id} label={i.t(label)} value={draft.at(pointer)} oninput={draft.set(pointer)} error={form.at(pointer)} {kind} {disabled} {optional} required={!optional} /> }
    };
    let words = |pointer: &str, value: &str| {
        let value = AttrValue::from(value.to_owned());
        match pointer {
            CURRENCY => (i.t(Msg::HoldingCurrency), value),
            AMOUNT => (i.t(Msg::HoldingAmount), value),
            COST => (i.t(Msg::HoldingCost), value),
            NUMBER => (i.t(Msg::HoldingQuantity), value),
            UNIT => (i.t(Msg::HoldingUnit), in_words::<QuantityUnit>(&value, i)),
            MATURES => (i.t(Msg::HoldingMaturity), value),
            RENEWAL => (i.t(Msg::HoldingAutoRenewal), yes_or_no(&value, i)),
            CHANNEL => (i.t(Msg::HoldingChannelLabel), in_words::<HoldingChannel>(&value, i)),
            STATUS => (i.t(Msg::FieldStatus), in_words::<HoldingStatus>(&value, i)),
            REFERENCE => (i.t(Msg::HoldingReference), value),
            _ => (i.t(Msg::HoldingNote), value),
        }
    };
    let set_renewal = draft.set(RENEWAL).reform(|on: bool| on.to_string());
    const SHOWN: [&str; 10] =
        [PRODUCT, CURRENCY, AMOUNT, COST, NUMBER, OPENED, MATURES, REFERENCE, NOTE, STATUS];
    let editing = now.is_some();
    html! {
        <Dialog title={i.t(if editing { Msg::HoldingEdit } else { Msg::HoldingOpen })} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.notice(&form, &SHOWN, words) }
                <Select id="holding-product" label={i.t(Msg::HoldingProduct)} options={choices} value={draft.at(PRODUCT)} disabled={editing}
                    none={(!editing).then(|| i.t(Msg::HoldingProductChoose))} error={form.at(PRODUCT)} onchange={draft.set(PRODUCT)} />
                <div class="form__grid">
                    { text("holding-amount", Msg::HoldingAmount, AMOUNT, InputKind::Number, fixed, false) }
                    { text("holding-currency", Msg::HoldingCurrency, CURRENCY, InputKind::Text, fixed, true) }
                    if !editing {
                        <DateField id="holding-opened" label={i.t(Msg::HoldingOpenedOn)} value={draft.at(OPENED)} oninput={draft.set(OPENED)} error={form.at(OPENED)} required=true />
                    }
                    <DateField id="holding-matures" label={i.t(Msg::HoldingMaturity)} value={draft.at(MATURES)} oninput={draft.set(MATURES)} error={form.at(MATURES)}
                        hint={(!editing).then(|| i.t(Msg::HoldingMaturityHint))} optional=true />
                    { text("holding-cost", Msg::HoldingCost, COST, InputKind::Number, false, true) }
                    { text("holding-number", Msg::HoldingQuantity, NUMBER, InputKind::Number, false, true) }
                    <Select id="holding-unit" label={i.t(Msg::HoldingUnit)} options={options::<QuantityUnit>(i)} value={draft.at(UNIT)}
                        onchange={draft.set(UNIT)} />
                    <Select id="holding-channel" label={i.t(Msg::HoldingChannelLabel)} options={options::<HoldingChannel>(i)} value={draft.at(CHANNEL)}
                        onchange={draft.set(CHANNEL)} />
                    if editing {
                        <Select id="holding-status" label={i.t(Msg::FieldStatus)} value={draft.at(STATUS)} error={form.at(STATUS)}
                            options={options::<HoldingStatus>(i).into_iter().filter(|(code, _)| code != "closed").collect::<Vec<_>>()}
                            onchange={draft.set(STATUS)} />
                    }
                    { text("holding-reference", Msg::HoldingReference, REFERENCE, InputKind::Text, false, true) }
                </div>
                <Check label={i.t(Msg::HoldingAutoRenewal)} checked={draft.at(RENEWAL) == YES} onchange={set_renewal} />
                <TextArea id="holding-note" label={i.t(Msg::HoldingNote)} value={draft.at(NOTE)} oninput={draft.set(NOTE)} error={form.at(NOTE)} optional=true />
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
    let once = use_once();
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
        let once = once.clone();
        form.send(
            errors,
            async move { once.answered(api::holdings::record(id, &new, &once.key(&new)).await) },
        );
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
    /// The holding as the user sees it.
    pub now: Tagged<Holding>,
    pub ondone: Callback<()>,
    pub onclose: Callback<()>,
}

/// What whoever closes a holding goes by.
fn standing_of(now: &Holding, i: I18n) -> Values {
    values([
        (STATUS, now.status.label(i).to_string()),
        (AMOUNT, format!("{} {}", i.amount(now.amount), now.currency)),
        (MATURES, now.matures_on.map(|day| day.to_string()).unwrap_or_default()),
        ("/updated_at", i.minute(now.updated_at)),
    ])
}

/// Closes a holding.
#[function_component]
pub fn CloseForm(props: &CloseFormProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let day = use_state(|| i.today().to_string());
    let before = use_seen(&props.now);
    let draft = use_draft(standing_of(&before.value, i));
    let onsubmit = cb!((form, day, before), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let how = CloseHolding { closed_on: day_of(&day, "/closed_on", &mut errors, i) };
        let before = before.clone();
        form.send(errors, async move {
            let id = before.value.id;
            before.save(api::holdings::close(id, &before.etag, &how), api::holdings::get(id)).await
        });
    });
    let words = |pointer: &str, value: &str| {
        let label = match pointer {
            AMOUNT => Msg::HoldingAmount,
            MATURES => Msg::HoldingMaturity,
            STATUS => Msg::FieldStatus,
            _ => Msg::FieldUpdatedAt,
        };
        (i.t(label), value.to_owned().into())
    };
    html! {
        <Dialog title={i.t(Msg::HoldingClose)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.standing(&form, &["/closed_on"], &props.ondone, words) }
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
    let once = use_once();
    let (id, transaction) = (props.id, props.transaction);
    let onsubmit = cb!((form, reason, once), |event: SubmitEvent| {
        event.prevent_default();
        let why = Reversal { reason: reason.trim().to_owned() };
        let once = once.clone();
        form.send(Errors::check(&why, i), async move {
            once.answered(api::holdings::reverse(id, transaction, &why, &once.key(&why)).await)
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
