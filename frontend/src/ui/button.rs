use yew::prelude::*;

use super::{Icon, Link};

/// How much a button asks for attention.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Look {
    #[default]
    Plain,
    /// The one thing that the page is for.
    Primary,
    Danger,
    Quiet,
}

impl Look {
    const fn class(self) -> Option<&'static str> {
        match self {
            Look::Plain => None,
            Look::Primary => Some("button--primary"),
            Look::Danger => Some("button--danger"),
            Look::Quiet => Some("button--quiet"),
        }
    }
}

#[derive(Properties, PartialEq)]
pub struct ButtonProps {
    #[prop_or_default]
    pub look: Look,
    #[prop_or_default]
    pub icon: Option<Icon>,
    #[prop_or_default]
    pub small: bool,
    #[prop_or_default]
    pub wide: bool,
    /// Sends the form around it.
    #[prop_or_default]
    pub submit: bool,
    /// What it started is still going on; it can't be started again.
    #[prop_or_default]
    pub busy: bool,
    #[prop_or_default]
    pub disabled: bool,
    #[prop_or_default]
    pub onclick: Callback<MouseEvent>,
    /// Leads to a page instead.
    #[prop_or_default]
    pub to: Option<AttrValue>,
    #[prop_or_default]
    pub class: Classes,
    #[prop_or_default]
    pub autofocus: bool,
    pub children: Html,
}

/// A button with words.
#[function_component]
pub fn Button(props: &ButtonProps) -> Html {
    let class = classes!(
        "button",
        props.look.class(),
        props.small.then_some("button--small"),
        props.wide.then_some("button--wide"),
        props.class.clone()
    );
    let inside = html! { <>{ props.icon.map(Icon::draw) }<span>{ props.children.clone() }</span></> };
    if let Some(to) = &props.to {
        return html! { <Link {to} {class}>{ inside }</Link> };
    }
    let onclick = if props.busy { Callback::noop() } else { props.onclick.clone() };
    html! {
        <button type={if props.submit && !props.busy { "submit" } else { "button" }} {class} {onclick} disabled={props.disabled}
            aria-busy={props.busy.then_some("true")} aria-disabled={props.busy.then_some("true")} autofocus={props.autofocus}>
            { inside }
        </button>
    }
}

#[derive(Properties, PartialEq)]
pub struct IconButtonProps {
    pub icon: Icon,
    /// What it does, for those who do not see the icon and those who point at it.
    pub label: AttrValue,
    #[prop_or_default]
    pub onclick: Callback<MouseEvent>,
    #[prop_or_default]
    pub small: bool,
    #[prop_or_default]
    pub disabled: bool,
    #[prop_or_default]
    pub pressed: Option<bool>,
    /// Left out of the round of the Tab key, because keys reach the same another way.
    #[prop_or_default]
    pub off_round: bool,
    #[prop_or_default]
    pub class: Classes,
}

/// A button that shows an icon only.
#[function_component]
pub fn IconButton(props: &IconButtonProps) -> Html {
    let class = classes!(
        "button",
        "button--quiet",
        "button--icon",
        props.small.then_some("button--small"),
        props.class.clone()
    );
    html! {
        <button type="button" {class} onclick={props.onclick.clone()} disabled={props.disabled} title={&props.label}
            aria-label={&props.label} tabindex={props.off_round.then_some("-1")} aria-pressed={props.pressed.map(|on| if on { "true" } else { "false" })}>
            { props.icon.draw() }
        </button>
    }
}
