use yew::prelude::*;

use crate::route;

#[derive(Properties, PartialEq)]
pub struct LinkProps {
    /// A path of the app, with its query.
    pub to: AttrValue,
    #[prop_or_default]
    pub class: Classes,
    /// It leads to the page that is shown.
    #[prop_or_default]
    pub current: bool,
    #[prop_or_default]
    pub title: Option<AttrValue>,
    #[prop_or_default]
    pub label: Option<AttrValue>,
    #[prop_or_default]
    pub children: Html,
}

/// A link inside the app: a real address, followed without loading the page anew.
#[function_component]
pub fn Link(props: &LinkProps) -> Html {
    let to = &props.to;
    let onclick = cb!((to), |event: MouseEvent| {
        let plain = event.button() == 0
            && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
        if plain && !event.default_prevented() {
            event.prevent_default();
            route::go(&to);
        }
    });
    html! {
        <a href={&props.to} class={props.class.clone()} {onclick} title={props.title.clone()} aria-label={props.label.clone()}
            aria-current={props.current.then_some("page")}>
            { props.children.clone() }
        </a>
    }
}
