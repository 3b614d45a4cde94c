use web_sys::Element;
use yew::prelude::*;

use crate::dom;

/// One tab.
#[derive(Clone, PartialEq)]
pub struct Tab {
    pub key: AttrValue,
    pub text: AttrValue,
}

#[derive(Properties, PartialEq)]
pub struct TabsProps {
    /// What the tabs choose between.
    pub label: AttrValue,
    pub tabs: Vec<Tab>,
    pub chosen: AttrValue,
    pub onchoose: Callback<AttrValue>,
    /// The content of the chosen tab.
    pub children: Html,
}

/// Tabs with their panel: arrows move and choose, as the ARIA practices have it.
#[function_component]
pub fn Tabs(props: &TabsProps) -> Html {
    let node = use_node_ref();
    let onkeydown = cb!((node), |event: KeyboardEvent| {
        let tabs = node.cast::<Element>().map(|root| dom::all(&root, "[role=tab]")).unwrap_or_default();
        match event.key().as_str() {
            "ArrowRight" => dom::move_focus(&tabs, 1, true),
            "ArrowLeft" => dom::move_focus(&tabs, -1, true),
            "Home" => dom::move_focus(&tabs, -(tabs.len() as isize), false),
            "End" => dom::move_focus(&tabs, tabs.len() as isize, false),
            _ => return,
        }
        event.prevent_default();
        if let Some(tab) = gloo_utils::document().active_element() {
            use wasm_bindgen::JsCast;
            if let Some(tab) = tab.dyn_ref::<web_sys::HtmlElement>() {
                tab.click();
            }
        }
    });
    let panel = format!("panel-{}", props.chosen);
    html! {
        <div class="stack">
            <div class="tabs" role="tablist" aria-label={&props.label} ref={node} {onkeydown}>
                { for props.tabs.iter().map(|tab| {
                    let chosen = tab.key == props.chosen;
                    let onclick = {
                        let (choose, key) = (props.onchoose.clone(), tab.key.clone());
                        move |_| choose.emit(key.clone())
                    };
                    html! {
                        <button type="button" class="tab" role="tab" id={format!("tab-{}", tab.key)} {onclick}
                            aria-selected={if chosen { "true" } else { "false" }} tabindex={if chosen { "0" } else { "-1" }}
                            aria-controls={chosen.then(|| panel.clone())}>{ &tab.text }</button>
                    }
                }) }
            </div>
            <div role="tabpanel" id={panel} aria-labelledby={format!("tab-{}", props.chosen)} tabindex="0" class="stack">
                { props.children.clone() }
            </div>
        </div>
    }
}
