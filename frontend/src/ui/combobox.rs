use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use web_sys::{AbortSignal, Element};
use yew::prelude::*;

use super::{Field, use_composed};
use crate::api::{Abandon, ApiError};
use crate::dom;
use crate::i18n::{Msg, use_i18n};

/// Milliseconds of rest before a search is sent.
const REST: u32 = 120;

/// Something that can be chosen.
#[derive(Clone, PartialEq, Debug)]
pub struct Choice {
    pub key: AttrValue,
    pub text: AttrValue,
    /// What tells it from others of the same name.
    pub note: AttrValue,
}

/// A text to look for, and what takes what is found.
#[derive(Clone, Debug)]
pub struct Search {
    pub text: String,
    /// Says when nobody waits for the answer any more.
    pub until: Option<AbortSignal>,
    pub give: Callback<Result<Vec<Choice>, ApiError>>,
}

/// What a search has come to.
#[derive(Clone, PartialEq)]
enum Found {
    Choices(Rc<Vec<Choice>>),
    Failed(AttrValue),
}

#[derive(Properties, PartialEq)]
pub struct ComboboxProps {
    pub id: AttrValue,
    pub label: AttrValue,
    /// What is chosen now.
    #[prop_or_default]
    pub chosen: Option<Choice>,
    pub onchoose: Callback<Option<Choice>>,
    /// Looks for a text and gives what it finds.
    pub search: Callback<Search>,
    #[prop_or_default]
    pub optional: bool,
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    #[prop_or_default]
    pub class: Classes,
}

/// A field that finds what it chooses from, as one types.
#[function_component]
pub fn Combobox(props: &ComboboxProps) -> Html {
    let i = use_i18n();
    // What is typed; `None` shows what is chosen.
    let text = use_state(|| None::<String>);
    let found = use_state(|| None::<Found>);
    let at = use_state(|| 0_usize);
    let timer = use_mut_ref(|| None::<Timeout>);
    // The search that is on its way; a newer one takes its place, which gives it up.
    let under_way = use_mut_ref(|| None::<Abandon>);
    let turn = use_memo((), |()| Cell::new(0_u32));
    let listed = use_node_ref();

    let look = {
        let (search, found, at, timer, under_way, turn) =
            (props.search.clone(), found.clone(), at.clone(), timer.clone(), under_way.clone(), turn.clone());
        Callback::from(move |(text, rest): (String, u32)| {
            turn.set(turn.get() + 1);
            let mine = turn.get();
            *under_way.borrow_mut() = None;
            let (search, found, at, under_way, turn) =
                (search.clone(), found.clone(), at.clone(), under_way.clone(), turn.clone());
            *timer.borrow_mut() = Some(Timeout::new(rest, move || {
                let abandon = Abandon::new();
                let until = abandon.signal();
                *under_way.borrow_mut() = Some(abandon);
                let give = Callback::from(move |outcome: Result<Vec<Choice>, ApiError>| {
                    if turn.get() == mine {
                        at.set(0);
                        found.set(Some(match outcome {
                            Ok(list) => Found::Choices(Rc::new(list)),
                            Err(error) => Found::Failed(error.detail(i)),
                        }));
                    }
                });
                search.emit(Search { text: text.trim().to_owned(), until, give });
            }));
        })
    };
    let oninput = cb!((look, text), |event: InputEvent| {
        let typed = dom::value_of(&event);
        text.set(Some(typed.clone()));
        if !event.is_composing() {
            look.emit((typed, REST));
        }
    });
    let field = use_node_ref();
    use_composed(&field, cb!((look), |text: String| look.emit((text, 0))));
    // What is typed takes the place of what is chosen.
    let onfocus = cb!((look), |event: FocusEvent| {
        if let Some(input) = event.target_dyn_into::<web_sys::HtmlInputElement>() {
            input.select();
        }
        look.emit((String::new(), 0));
    });
    let onchoose = &props.onchoose;
    let shut = cb!((text, found, timer, under_way, turn), |()| {
        turn.set(turn.get() + 1);
        *timer.borrow_mut() = None;
        *under_way.borrow_mut() = None;
        text.set(None);
        found.set(None);
    });
    let choose = cb!((onchoose, shut), |choice: Option<Choice>| {
        shut.emit(());
        onchoose.emit(choice);
    });
    let onblur = cb!((shut, text, onchoose), |_: FocusEvent| {
        if text.as_deref() == Some("") {
            onchoose.emit(None);
        }
        shut.emit(());
    });
    let list = match &*found {
        Some(Found::Choices(list)) => Rc::clone(list),
        _ => Rc::default(),
    };
    let onkeydown = cb!((list, at, choose, shut, found, look), |event: KeyboardEvent| {
        if dom::composing(&event) {
            return;
        }
        let key = event.key();
        match (key.as_str(), found.is_some()) {
            ("ArrowDown", false) => look.emit((String::new(), 0)),
            ("ArrowDown", true) if !list.is_empty() => at.set((*at + 1) % list.len()),
            ("ArrowUp", true) if !list.is_empty() => at.set((*at + list.len() - 1) % list.len()),
            ("Enter", true) => {
                if let Some(choice) = list.get(*at) {
                    choose.emit(Some(choice.clone()));
                }
            }
            ("Escape", true) => {
                event.stop_propagation();
                shut.emit(());
            }
            _ => return,
        }
        event.prevent_default();
    });
    // The active one stays in sight; the focus itself never leaves the field.
    use_effect_with((*at, list.len()), {
        let listed = listed.clone();
        move |(at, _)| {
            if let Some(root) = listed.cast::<Element>()
                && let Some(item) = dom::all(&root, "[role=option]").get(*at)
            {
                dom::bring_into_sight(item);
            }
        }
    });

    let id = &props.id;
    let open = !list.is_empty();
    let value = (*text)
        .clone()
        .map(AttrValue::from)
        .or_else(|| props.chosen.as_ref().map(|c| c.text.clone()))
        .unwrap_or_default();
    let expanded = if open { "true" } else { "false" };
    let active = list.get(*at).map(|_| format!("{id}-{}", *at));
    let said = match &*found {
        Some(Found::Choices(list)) if list.is_empty() => Some(i.t(Msg::CommonNothingFound)),
        Some(Found::Failed(why)) => Some(why.clone()),
        _ => None,
    };
    html! {
        <Field {id} label={&props.label} optional={props.optional} hint={props.hint.clone()} error={props.error.clone()} class={props.class.clone()}>
            <div class="combo">
                <input class="input" {id} role="combobox" type="text" autocomplete="off" spellcheck="false" {value} {oninput}
                    ref={field} {onfocus} {onblur} {onkeydown} aria-expanded={expanded} aria-autocomplete="list" aria-haspopup="listbox"
                    aria-controls={open.then(|| format!("{id}-list"))} aria-activedescendant={active}
                    aria-invalid={props.error.is_some().then_some("true")}
                    aria-describedby={super::field::described(id, props.hint.is_some(), props.error.is_some())} />
                if open {
                    <ul class="combo__list" id={format!("{id}-list")} role="listbox" aria-label={&props.label} ref={listed}>
                        { for list.iter().enumerate().map(|(index, choice)| {
                            // The press must not take the focus, or the list would be gone before the click.
                            let onmousedown = cb!((choose, choice), |event: MouseEvent| {
                                event.prevent_default();
                                choose.emit(Some(choice.clone()));
                            });
                            html! {
                                <li class="combo__item" role="option" id={format!("{id}-{index}")} {onmousedown}
                                    aria-selected={if index == *at { "true" } else { "false" }}>
                                    <span>{ &choice.text }</span><small>{ &choice.note }</small>
                                </li>
                            }
                        }) }
                    </ul>
                }
                // Always there, so that what comes into it is heard.
                <div role="status" class={said.is_some().then_some("combo__list")}>
                    if let Some(said) = said { <p class="combo__none">{ said }</p> }
                </div>
            </div>
        </Field>
    }
}
