use std::rc::Rc;

use yew::prelude::*;

use super::plan::Values;
use crate::i18n::{Msg, use_i18n};
use crate::ui::{Button, Icon, Select, TextField};

/// A change to what values become.
pub type ValuesChange = Box<dyn FnOnce(&mut Values)>;
/// What a text that was entered does to them.
type Entered = Rc<dyn Fn(&mut Values, String)>;

#[derive(Properties, PartialEq)]
pub struct ValueTableProps {
    /// What ids of its fields begin with.
    pub id: AttrValue,
    pub values: Values,
    /// Codes to choose from, with their words.
    pub codes: Vec<(AttrValue, AttrValue)>,
    pub edit: Callback<ValuesChange>,
}

/// What the values of a column become.
#[function_component]
pub fn ValueTable(props: &ValueTableProps) -> Html {
    let i = use_i18n();
    let ValueTableProps { id, values, codes, edit } = props;
    // What stays as it is will hardly be what the field takes.
    let open = *use_memo((), |()| values.seen.iter().any(|(_, code)| code.is_empty()));
    let change = |change: Entered| {
        cb!((edit, change), |entered: String| {
            let change = Rc::clone(&change);
            edit.emit(Box::new(move |values: &mut Values| change(values, entered)));
        })
    };
    let code_of = |id: String, value: &str, code: &str, onchange: Callback<String>| {
        html! {
            <Select {id} label={i.t(Msg::ImportsValueBecomes { value })} quiet_label=true options={codes.clone()} value={code.to_owned()} none={i.t(Msg::ImportsAsIs)} {onchange} />
        }
    };
    let seen = |(n, (value, code)): (usize, &(String, String))| {
        let onchange = change(Rc::new(move |values: &mut Values, code: String| {
            if let Some(pair) = values.seen.get_mut(n) {
                pair.1 = code;
            }
        }));
        html! {
            <div class="values__one" key={format!("seen-{n}")}>
                <span class="values__text" title={value.clone()}>{ value }</span>
                { code_of(format!("{id}-seen-{n}"), value, code, onchange) }
            </div>
        }
    };
    let added = |(n, (value, code)): (usize, &(String, String))| {
        let name_value = change(Rc::new(move |values: &mut Values, value: String| {
            if let Some(pair) = values.added.get_mut(n) {
                pair.0 = value;
            }
        }));
        let onchange = change(Rc::new(move |values: &mut Values, code: String| {
            if let Some(pair) = values.added.get_mut(n) {
                pair.1 = code;
            }
        }));
        html! {
            <div class="values__one" key={format!("added-{n}")}>
                <TextField id={format!("{id}-value-{n}")} label={i.t(Msg::ImportsValue)} quiet_label=true placeholder={i.t(Msg::ImportsValue)} value={value.clone()} oninput={name_value} />
                { code_of(format!("{id}-added-{n}"), value, code, onchange) }
            </div>
        }
    };
    let add = change(Rc::new(|values: &mut Values, _| values.added.push((String::new(), String::new()))))
        .reform(|_: MouseEvent| String::new());
    let others = change(Rc::new(|values: &mut Values, code: String| values.otherwise = code));
    html! {
        <details class="more" {open}>
            <summary>{ i.t(Msg::ImportsValues { count: &(values.seen.len() + values.added.len()).to_string() }) }</summary>
            <div class="values">
                { for values.seen.iter().enumerate().map(seen) }
                { for values.added.iter().enumerate().map(added) }
                <div class="values__one">
                    <span class="values__text muted">{ i.t(Msg::ImportsOthers) }</span>
                    { code_of(format!("{id}-others"), &i.t(Msg::ImportsOthers), &values.otherwise, others) }
                </div>
                <div><Button small=true icon={Icon::Plus} onclick={add}>{ i.t(Msg::ImportsAddValue) }</Button></div>
            </div>
        </details>
    }
}
