use web_sys::{Element, HtmlElement, Node};
use yew::prelude::*;

use super::Icon;
use crate::dom;

/// One line of a menu.
#[derive(Clone, PartialEq)]
pub enum MenuItem {
    Action {
        icon: Option<Icon>,
        text: AttrValue,
        danger: bool,
        run: Callback<()>,
    },
    /// One of several, the chosen one ticked.
    Option {
        text: AttrValue,
        chosen: bool,
        run: Callback<()>,
    },
    Link {
        icon: Option<Icon>,
        text: AttrValue,
        to: AttrValue,
    },
    Line,
    /// Not an action: who one is, what this is.
    Note(Html),
}

#[derive(Properties, PartialEq)]
pub struct MenuProps {
    /// The name of the button.
    pub label: AttrValue,
    /// What the button shows.
    pub button: Html,
    #[prop_or_else(|| classes!("button", "button--quiet", "button--icon"))]
    pub class: Classes,
    pub items: Vec<MenuItem>,
    #[prop_or_default]
    pub outer: Classes,
}

/// A button that opens a list of actions: arrows, Home, End and Escape as the ARIA practices have it.
#[function_component]
pub fn Menu(props: &MenuProps) -> Html {
    let open = use_state(|| false);
    let node = use_node_ref();
    let button = use_node_ref();

    use_effect_with(*open, {
        let node = node.clone();
        move |open| {
            if *open
                && let Some(first) = node
                    .cast::<Element>()
                    .and_then(|root| dom::all(&root, "[role^=menuitem]").into_iter().next())
            {
                let _ = first.focus();
            }
        }
    });

    let shut = cb!((open, button), |()| {
        open.set(false);
        if let Some(button) = button.cast::<HtmlElement>() {
            let _ = button.focus();
        }
    });
    let toggle = cb!((open), |_: MouseEvent| open.set(!*open));
    let onfocusout = cb!((open, node), |event: FocusEvent| {
        let inside = event.related_target().is_some_and(|target| {
            use wasm_bindgen::JsCast;
            node.cast::<Node>().is_some_and(|root| root.contains(target.dyn_ref::<Node>()))
        });
        if !inside {
            open.set(false);
        }
    });
    let onkeydown = cb!((open, node, shut), |event: KeyboardEvent| {
        let key = event.key();
        if !*open {
            if key == "ArrowDown" || key == "ArrowUp" {
                event.prevent_default();
                open.set(true);
            }
            return;
        }
        let items =
            node.cast::<Element>().map(|root| dom::all(&root, "[role^=menuitem]")).unwrap_or_default();
        match key.as_str() {
            "ArrowDown" => dom::move_focus(&items, 1, true),
            "ArrowUp" => dom::move_focus(&items, -1, true),
            "Home" => dom::move_focus(&items, -(items.len() as isize), false),
            "End" => dom::move_focus(&items, items.len() as isize, false),
            "Escape" => {
                event.stop_propagation();
                shut.emit(());
            }
            "Tab" => {
                open.set(false);
                return;
            }
            _ => return,
        }
        event.prevent_default();
    });

    let draw = |item: &MenuItem| match item {
        MenuItem::Line => html! { <div class="menu__line" role="separator"></div> },
        MenuItem::Note(note) => html! { <div class="menu__note" role="presentation">{ note.clone() }</div> },
        MenuItem::Link { icon, text, to } => {
            let onclick = cb!((open), |_: MouseEvent| open.set(false));
            html! {
                <span {onclick} role="none">
                    <a class="menu__item" role="menuitem" tabindex="-1" href={to} onclick={follow(to)}>{ icon.map(Icon::draw) }{ text }</a>
                </span>
            }
        }
        MenuItem::Action { icon, text, danger, run } => {
            let onclick = cb!((run, shut), |_: MouseEvent| {
                shut.emit(());
                run.emit(());
            });
            html! {
                <button type="button" class={classes!("menu__item", danger.then_some("menu__item--danger"))} role="menuitem"
                    tabindex="-1" {onclick}>{ icon.map(Icon::draw) }{ text }</button>
            }
        }
        MenuItem::Option { text, chosen, run } => {
            let onclick = cb!((run, shut), |_: MouseEvent| {
                shut.emit(());
                run.emit(());
            });
            html! {
                <button type="button" class="menu__item" role="menuitemradio" tabindex="-1" {onclick}
                    aria-checked={if *chosen { "true" } else { "false" }}>
                    { text }if *chosen { { Icon::Check.draw() } }
                </button>
            }
        }
    };

    html! {
        <div class={classes!("menu", props.outer.clone())} ref={node} {onfocusout} {onkeydown}>
            <button type="button" ref={button} class={props.class.clone()} onclick={toggle} title={&props.label} aria-label={&props.label}
                aria-haspopup="menu" aria-expanded={if *open { "true" } else { "false" }}>{ props.button.clone() }</button>
            if *open {
                <div class="menu__list" role="menu" aria-label={&props.label}>{ for props.items.iter().map(draw) }</div>
            }
        </div>
    }
}

fn follow(to: &AttrValue) -> Callback<MouseEvent> {
    cb!((to), |event: MouseEvent| {
        if event.button() == 0 && !event.ctrl_key() && !event.meta_key() {
            event.prevent_default();
            crate::route::go(&to);
        }
    })
}
