//! Masked values in the clear: for a reason, on record, for a minute.

use gloo_timers::callback::Timeout;
use guanxi_api::Reveal;
use uuid::Uuid;
use yew::prelude::*;

use crate::api::{self, ApiError};
use crate::checks::Errors;
use crate::dom;
use crate::i18n::{Msg, use_i18n};
use crate::session::{may, right, use_me};
use crate::ui::{Button, Dialog, Icon, IconButton, Look, Notice, TextField, use_toasts};

/// Milliseconds after which a value is masked again.
const SHOWN: u32 = 60_000;

#[derive(Properties, PartialEq)]
pub struct SecretProps {
    pub customer: Uuid,
    /// `identity`, or the id of a contact point.
    pub field: AttrValue,
    /// What is revealed, in words.
    pub name: AttrValue,
    /// The value as everyone sees it.
    pub masked: AttrValue,
}

/// A masked value with the way to see it.
#[function_component]
pub fn Secret(props: &SecretProps) -> Html {
    let i = use_i18n();
    let me = use_me();
    let toasts = use_toasts();
    let asking = use_state(|| false);
    let clear = use_state(|| None::<AttrValue>);
    let timer = use_mut_ref(|| None::<Timeout>);
    let place = use_node_ref();

    // What was changed is another value.
    use_effect_with(props.masked.clone(), {
        let clear = clear.setter();
        move |_| clear.set(None)
    });
    let hide = cb!((clear, timer, place), |_: MouseEvent| {
        *timer.borrow_mut() = None;
        clear.set(None);
        focus_last(&place);
    });
    let ask = cb!((asking), |_: MouseEvent| asking.set(true));
    let onclose = cb!((asking), |()| asking.set(false));
    let onvalue = cb!((asking, clear, timer, place), |value: AttrValue| {
        asking.set(false);
        clear.set(Some(value));
        focus_last(&place);
        let clear = clear.setter();
        *timer.borrow_mut() = Some(Timeout::new(SHOWN, move || clear.set(None)));
    });
    if let Some(value) = (*clear).clone() {
        let copy = cb!((value, toasts), |_: MouseEvent| {
            dom::copy(&value);
            toasts.say(i.t(Msg::CommonCopied));
        });
        return html! {
            <span class="row" ref={place}>
                <span class="secret" role="status">{ value }</span>
                <IconButton small=true icon={Icon::Copy} label={i.t(Msg::CommonCopy)} onclick={copy} />
                <IconButton small=true icon={Icon::EyeOff} label={i.t(Msg::RevealHide { name: &props.name })} onclick={hide} />
            </span>
        };
    }
    html! {
        <span class="row" ref={place}>
            <span>{ &props.masked }</span>
            if me.is_some_and(|me| may(&me, right::REVEAL_CUSTOMERS)) {
                <IconButton small=true icon={Icon::Eye} label={i.t(Msg::RevealShow { name: &props.name })} onclick={ask} />
            }
            if *asking { <RevealDialog customer={props.customer} field={&props.field} name={&props.name} {onvalue} {onclose} /> }
        </span>
    }
}

/// Shown and hidden again, the value brings other buttons: the focus goes to the last of them once they stand.
fn focus_last(place: &NodeRef) {
    let place = place.clone();
    Timeout::new(0, move || {
        let buttons = place.cast::<web_sys::Element>().map(|root| dom::all(&root, "button"));
        if let Some(last) = buttons.as_ref().and_then(|list| list.last()) {
            let _ = last.focus();
        }
    })
    .forget();
}

#[derive(Properties, PartialEq)]
struct RevealDialogProps {
    customer: Uuid,
    field: AttrValue,
    name: AttrValue,
    onvalue: Callback<AttrValue>,
    onclose: Callback<()>,
}

#[function_component]
fn RevealDialog(props: &RevealDialogProps) -> Html {
    let i = use_i18n();
    let reason = use_state(String::new);
    let errors = use_state(Errors::default);
    let refused = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);
    let (customer, field, onvalue) = (props.customer, props.field.clone(), props.onvalue.clone());
    let onsubmit = cb!((reason, errors, refused, busy), |event: SubmitEvent| {
        event.prevent_default();
        let ask = Reveal { fields: vec![field.to_string()], reason: reason.trim().to_owned() };
        let found = Errors::check(&ask, i);
        errors.set(found.clone());
        if !found.is_empty() || *busy {
            return;
        }
        busy.set(true);
        spawn!((errors, refused, busy, onvalue), {
            match api::customers::reveal(customer, &ask).await {
                Ok(revealed) => {
                    if let Some(first) = revealed.values.into_iter().next() {
                        onvalue.emit(first.value.into());
                    }
                }
                Err(error) => {
                    busy.set(false);
                    errors.set(Errors::of(&error));
                    refused.set(Some(error));
                }
            }
        });
    });
    let oninput = cb!((reason), |text| reason.set(text));
    // The reasons that come up all the time, one press away.
    let usual = [Msg::RevealReasonCall, Msg::RevealReasonCheck, Msg::RevealReasonForm].map(|msg| {
        let text = i.t(msg);
        let onclick = cb!((reason, text), |_: MouseEvent| reason.set(text.to_string()));
        html! { <Button small=true {onclick}>{ text }</Button> }
    });
    let close = props.onclose.clone();
    html! {
        <Dialog title={i.t(Msg::RevealTitle { name: &props.name })} onclose={props.onclose.clone()}>
            <p>{ i.t(Msg::RevealText) }</p>
            <form class="form" {onsubmit} novalidate=true>
                if let Some(error) = refused.as_ref().filter(|e| e.errors.is_empty()) { <Notice tone="bad" alert=true>{ error.detail(i) }</Notice> }
                <div class="row">{ for usual }</div>
                <TextField id="reveal-reason" label={i.t(Msg::RevealReason)} value={(*reason).clone()} {oninput} error={errors.at("/reason")} required=true autofocus=true />
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} icon={Icon::Eye} busy={*busy}>{ i.t(Msg::RevealAction) }</Button>
                    <Button look={Look::Quiet} onclick={move |_| close.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Dialog>
    }
}
