use std::rc::Rc;

use yew::prelude::*;

use super::Icon;
use crate::dom;
use crate::i18n::{Msg, use_i18n};

#[derive(Properties, PartialEq)]
pub struct FieldProps {
    /// Id of the control.
    pub id: AttrValue,
    pub label: AttrValue,
    /// For those who hear it only; the place says it to those who see.
    #[prop_or_default]
    pub quiet_label: bool,
    #[prop_or_default]
    pub optional: bool,
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    #[prop_or_default]
    pub class: Classes,
    pub children: Html,
}

/// Label, control, hint and error, tied together by ids (`<id>-hint`, `<id>-error`).
#[function_component]
pub fn Field(props: &FieldProps) -> Html {
    let i = use_i18n();
    html! {
        <div class={classes!("field", props.class.clone())}>
            <label for={&props.id} class={if props.quiet_label { "sr-only" } else { "field__label" }}>
                { &props.label }
                if props.optional { { " " }<small>{ i.t(Msg::CommonOptional) }</small> }
            </label>
            { props.children.clone() }
            if let Some(hint) = &props.hint { <p class="field__hint" id={format!("{}-hint", props.id)}>{ hint }</p> }
            <div aria-live="polite">
                if let Some(error) = &props.error {
                    <p class="field__error" id={format!("{}-error", props.id)}>{ Icon::CircleAlert.draw() }<span>{ error }</span></p>
                }
            </div>
        </div>
    }
}

pub(super) fn described(id: &AttrValue, hint: bool, error: bool) -> Option<String> {
    match (hint, error) {
        (true, true) => Some(format!("{id}-error {id}-hint")),
        (true, false) => Some(format!("{id}-hint")),
        (false, true) => Some(format!("{id}-error")),
        (false, false) => None,
    }
}

fn typed(emit: &Callback<String>) -> Callback<InputEvent> {
    cb!((emit), |event: InputEvent| emit.emit(dom::value_of(&event)))
}

/// What a text field is for: the keyboard a phone shows and what a password manager offers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum InputKind {
    #[default]
    Text,
    Username,
    CurrentPassword,
    NewPassword,
    Phone,
    Email,
    Number,
}

impl InputKind {
    /// `type`, `autocomplete`, `inputmode`.
    const fn attributes(self) -> (&'static str, &'static str, Option<&'static str>) {
        match self {
            InputKind::Text => ("text", "off", None),
            InputKind::Username => ("text", "username", None),
            InputKind::CurrentPassword => ("password", "current-password", None),
            InputKind::NewPassword => ("password", "new-password", None),
            InputKind::Phone => ("text", "off", Some("tel")),
            InputKind::Email => ("text", "off", Some("email")),
            InputKind::Number => ("text", "off", Some("numeric")),
        }
    }
}

#[derive(Properties, PartialEq)]
pub struct TextFieldProps {
    pub id: AttrValue,
    pub label: AttrValue,
    pub value: AttrValue,
    pub oninput: Callback<String>,
    #[prop_or_default]
    pub kind: InputKind,
    #[prop_or_default]
    pub quiet_label: bool,
    #[prop_or_default]
    pub optional: bool,
    #[prop_or_default]
    pub required: bool,
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    #[prop_or_default]
    pub placeholder: Option<AttrValue>,
    /// Id of a `datalist` of what may be meant.
    #[prop_or_default]
    pub list: Option<AttrValue>,
    #[prop_or_default]
    pub autofocus: bool,
    #[prop_or_default]
    pub disabled: bool,
    #[prop_or_default]
    pub class: Classes,
}

/// A line of text.
#[function_component]
pub fn TextField(props: &TextFieldProps) -> Html {
    let (kind, autocomplete, inputmode) = props.kind.attributes();
    // Where it is off, some browsers offer nothing of the list either.
    let autocomplete = props.list.is_none().then_some(autocomplete);
    let name =
        matches!(props.kind, InputKind::Username | InputKind::CurrentPassword | InputKind::NewPassword)
            .then_some(autocomplete)
            .flatten();
    html! {
        <Field id={&props.id} label={&props.label} quiet_label={props.quiet_label} optional={props.optional} hint={props.hint.clone()}
            error={props.error.clone()} class={props.class.clone()}>
            <input class="input" id={&props.id} type={kind} {name} {autocomplete} {inputmode} value={&props.value}
                oninput={typed(&props.oninput)} placeholder={props.placeholder.clone()} list={props.list.clone()} autofocus={props.autofocus} disabled={props.disabled}
                spellcheck="false" autocapitalize="off" aria-required={props.required.then_some("true")}
                aria-invalid={props.error.is_some().then_some("true")}
                aria-describedby={described(&props.id, props.hint.is_some(), props.error.is_some())} />
        </Field>
    }
}

/// Several lines of text.
#[function_component]
pub fn TextArea(props: &TextFieldProps) -> Html {
    html! {
        <Field id={&props.id} label={&props.label} quiet_label={props.quiet_label} optional={props.optional} hint={props.hint.clone()}
            error={props.error.clone()} class={props.class.clone()}>
            <textarea class="input" id={&props.id} value={&props.value} oninput={typed(&props.oninput)} rows="3"
                placeholder={props.placeholder.clone()} autofocus={props.autofocus} disabled={props.disabled}
                aria-required={props.required.then_some("true")} aria-invalid={props.error.is_some().then_some("true")}
                aria-describedby={described(&props.id, props.hint.is_some(), props.error.is_some())} />
        </Field>
    }
}

/// The name of a group of choices, and code and words of each.
pub type OptionGroup = (AttrValue, Vec<(AttrValue, AttrValue)>);

#[derive(Properties, PartialEq)]
pub struct SelectProps {
    pub id: AttrValue,
    pub label: AttrValue,
    /// Code and words of each choice.
    #[prop_or_default]
    pub options: Vec<(AttrValue, AttrValue)>,
    /// More choices, where there are too many for one list.
    #[prop_or_default]
    pub groups: Rc<Vec<OptionGroup>>,
    /// The code of the chosen one; empty for none.
    pub value: AttrValue,
    pub onchange: Callback<String>,
    /// The words for choosing none.
    #[prop_or_default]
    pub none: Option<AttrValue>,
    #[prop_or_default]
    pub quiet_label: bool,
    #[prop_or_default]
    pub optional: bool,
    #[prop_or_default]
    pub required: bool,
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    #[prop_or_default]
    pub disabled: bool,
    #[prop_or_default]
    pub class: Classes,
}

/// One of a few.
#[function_component]
pub fn Select(props: &SelectProps) -> Html {
    let onchange = {
        let emit = props.onchange.clone();
        move |event: Event| emit.emit(dom::value_of(&event))
    };
    let option = |(code, words): &(AttrValue, AttrValue)| {
        html! { <option value={code} selected={*code == props.value}>{ words }</option> }
    };
    html! {
        <Field id={&props.id} label={&props.label} quiet_label={props.quiet_label} optional={props.optional} hint={props.hint.clone()}
            error={props.error.clone()} class={props.class.clone()}>
            <div class="select"><select class="input" id={&props.id} {onchange} disabled={props.disabled} aria-required={props.required.then_some("true")}
                aria-invalid={props.error.is_some().then_some("true")} aria-describedby={described(&props.id, props.hint.is_some(), props.error.is_some())}>
                if let Some(none) = &props.none { <option value="" selected={props.value.is_empty()}>{ none }</option> }
                { for props.options.iter().map(option) }
                { for props.groups.iter().map(|(name, options)| html! { <optgroup label={name}>{ for options.iter().map(option) }</optgroup> }) }
            </select></div>
        </Field>
    }
}

#[derive(Properties, PartialEq)]
pub struct SegmentsProps {
    /// What is chosen.
    pub label: AttrValue,
    pub name: AttrValue,
    pub options: Vec<(AttrValue, AttrValue)>,
    pub value: AttrValue,
    pub onchange: Callback<String>,
}

/// One of two to four, all in sight.
#[function_component]
pub fn Segments(props: &SegmentsProps) -> Html {
    html! {
        <fieldset class="field">
            <legend class="field__label">{ &props.label }</legend>
            <div class="segments">
                { for props.options.iter().map(|(code, words)| {
                    let onchange = {
                        let (emit, code) = (props.onchange.clone(), code.to_string());
                        move |_: Event| emit.emit(code.clone())
                    };
                    html! {
                        <label>
                            <input type="radio" name={&props.name} value={code} checked={*code == props.value} {onchange} />{ words }
                        </label>
                    }
                }) }
            </div>
        </fieldset>
    }
}

#[derive(Properties, PartialEq)]
pub struct CheckProps {
    pub label: AttrValue,
    pub checked: bool,
    pub onchange: Callback<bool>,
    #[prop_or_default]
    pub disabled: bool,
}

/// Yes or no.
#[function_component]
pub fn Check(props: &CheckProps) -> Html {
    let onchange = {
        let emit = props.onchange.clone();
        move |event: Event| emit.emit(dom::checked_of(&event))
    };
    html! {
        <label class="check">
            <input type="checkbox" checked={props.checked} {onchange} disabled={props.disabled} /><span>{ &props.label }</span>
        </label>
    }
}
