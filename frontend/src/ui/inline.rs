use yew::prelude::*;

use super::{Button, Check, DateField, Icon, InputKind, Look, Select, TextArea, TextField};
use crate::dom;
use crate::i18n::{Msg, use_i18n};
use crate::leaving::{Unsaved, use_unsaved};

/// How a value is entered.
#[derive(Clone, PartialEq, Debug)]
pub enum InlineKind {
    Line(InputKind),
    Date,
    Lines,
    /// One code of several.
    One(Vec<(AttrValue, AttrValue)>),
    /// Any number of codes; the value is the codes joined by commas.
    Many(Vec<(AttrValue, AttrValue)>),
}

#[derive(Properties, PartialEq)]
pub struct InlineEditProps {
    pub id: AttrValue,
    pub label: AttrValue,
    /// As it is entered: text, code, codes joined by commas.
    pub value: AttrValue,
    /// As it is shown; nothing if there is none.
    pub shown: Html,
    pub kind: InlineKind,
    /// Without it the value can only be read.
    #[prop_or_default]
    pub onsave: Option<Callback<String>>,
    /// The editing begins, with the value as it is now.
    #[prop_or_default]
    pub onstart: Callback<()>,
    /// The value is on its way.
    #[prop_or_default]
    pub busy: bool,
    /// Why the last attempt was refused.
    #[prop_or_default]
    pub error: Option<AttrValue>,
    /// Counts the values saved: going up, it ends the editing.
    #[prop_or_default]
    pub saved: u32,
    /// The editing has been given up.
    #[prop_or_default]
    pub oncancel: Callback<()>,
    /// What else can be done with it, beside saving and giving up.
    #[prop_or_default]
    pub more: Html,
}

/// A value that turns into a field when pressed: Enter keeps (Ctrl+Enter in several lines), Escape gives up.
#[function_component]
pub fn InlineEdit(props: &InlineEditProps) -> Html {
    let i = use_i18n();
    let draft = use_state(|| None::<String>);
    // What stood in the field at first; another value may have come since.
    let first = use_mut_ref(AttrValue::default);
    let editing = draft.is_some();
    let changed = draft.as_deref().is_some_and(|text| text.trim() != first.borrow().as_str());
    use_unsaved((changed && !props.busy).then_some(Unsaved::OnPage));
    let field = AttrValue::from(format!("{}-field", props.id));
    let button = props.id.clone();

    // A field that is taken off the page may still say what stands in it.
    let listens = use_mut_ref(|| false);
    listens.replace(editing);
    use_effect_with(props.saved, {
        let draft = draft.clone();
        move |_| draft.set(None)
    });
    // The focus goes into the field, and back to the value when the field is gone.
    let was = use_mut_ref(|| false);
    use_effect_with(editing, {
        let (field, button, was) = (field.clone(), button.clone(), was.clone());
        move |editing| {
            if *editing {
                dom::focus(&field);
            } else if *was.borrow() {
                // A dialog that is just closing gives the focus to the field that is gone; this comes after it.
                gloo_timers::callback::Timeout::new(0, move || dom::focus(&button)).forget();
            }
            *was.borrow_mut() = *editing;
        }
    });

    let Some(onsave) = props.onsave.clone() else {
        return html! { <div class={classes!("inline", props.value.is_empty().then_some("inline--empty"))}>
            { if props.value.is_empty() { html!("—") } else { props.shown.clone() } }
        </div> };
    };
    let Some(text) = (*draft).clone() else {
        let (value, onstart) = (&props.value, &props.onstart);
        let start = cb!((draft, first, value, onstart), |_: MouseEvent| {
            first.replace(value.clone());
            draft.set(Some(value.to_string()));
            onstart.emit(());
        });
        return html! {
            <button type="button" id={button} class={classes!("inline", props.value.is_empty().then_some("inline--empty"))} onclick={start}>
                <span class="sr-only">{ i.t(Msg::InlineEdit { field: &props.label }) }</span>
                <span id={format!("{}-value", props.id)}>{ if props.value.is_empty() { html! { i.t(Msg::InlineAdd) } } else { props.shown.clone() } }</span>
                { Icon::Pencil.draw() }
            </button>
        };
    };

    let oncancel = &props.oncancel;
    let cancel = cb!((draft, oncancel), |()| {
        draft.set(None);
        oncancel.emit(());
    });
    let value = &props.value;
    let save = cb!((onsave, draft, first, value, cancel), |()| {
        match draft.as_deref().map(str::trim) {
            Some(text) if text == value.as_str() || text == first.borrow().as_str() => cancel.emit(()),
            Some(text) => onsave.emit(text.to_owned()),
            None => {}
        }
    });
    let long = props.kind == InlineKind::Lines;
    let onkeydown = cb!((save, cancel), |event: KeyboardEvent| {
        if dom::composing(&event) {
            return;
        }
        match event.key().as_str() {
            "Escape" => cancel.emit(()),
            "Enter" if !long || event.ctrl_key() || event.meta_key() => {
                // On a button Enter presses the button.
                if event.target().is_some_and(|t| {
                    use wasm_bindgen::JsCast;
                    t.has_type::<web_sys::HtmlButtonElement>()
                }) {
                    return;
                }
                save.emit(());
            }
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    });
    let input = cb!((draft, listens), |text: String| if *listens.borrow() {
        draft.set(Some(text));
    });
    let (label, error) = (props.label.clone(), props.error.clone());
    let control = match &props.kind {
        InlineKind::Line(kind) => html! {
            <TextField id={field} {label} quiet_label=true value={text} oninput={input} kind={*kind} {error} />
        },
        InlineKind::Date => html! {
            <DateField id={field} {label} quiet_label=true value={text} oninput={input} {error} />
        },
        InlineKind::Lines => html! {
            <TextArea id={field} {label} quiet_label=true value={text} oninput={input} {error} />
        },
        InlineKind::One(options) => html! {
            <Select id={field} {label} quiet_label=true value={text} onchange={input} options={options.clone()} none={i.t(Msg::CommonNone)} {error} />
        },
        InlineKind::Many(options) => {
            let chosen: Vec<String> =
                text.split(',').filter(|code| !code.is_empty()).map(str::to_owned).collect();
            html! {
                <div class="checks" role="group" aria-label={label} id={field} tabindex="-1">
                    { for options.iter().map(|(code, words)| {
                        let on = chosen.iter().any(|c| *c == **code);
                        let onchange = cb!((chosen, code, input), |on: bool| {
                            let mut next: Vec<String> = chosen.iter().filter(|c| **c != *code).cloned().collect();
                            if on {
                                next.push(code.to_string());
                            }
                            input.emit(next.join(","));
                        });
                        html! { <Check label={words} checked={on} {onchange} /> }
                    }) }
                    if let Some(error) = error { <p class="field__error">{ error }</p> }
                </div>
            }
        }
    };
    html! {
        <div class="inline-edit" {onkeydown} role="group" aria-label={&props.label}>
            { control }
            <div class="inline-edit__acts">
                <Button small=true look={Look::Primary} busy={props.busy} onclick={move |_| save.emit(())}>{ i.t(Msg::CommonSave) }</Button>
                <Button small=true look={Look::Quiet} onclick={move |_| cancel.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
                { props.more.clone() }
            </div>
        </div>
    }
}
