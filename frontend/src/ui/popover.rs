use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};
use yew::prelude::*;

use crate::dom;

#[derive(Properties, PartialEq)]
pub struct PopoverProps {
    /// What the button shows.
    pub button: Html,
    /// The name of what opens.
    pub label: AttrValue,
    #[prop_or_else(|| classes!("button", "button--small"))]
    pub class: Classes,
    /// Opens towards the left.
    #[prop_or_default]
    pub end: bool,
    /// Opens as soon as it is on the page.
    #[prop_or_default]
    pub open: bool,
    /// It has shut, by Escape or because the focus went elsewhere.
    #[prop_or_default]
    pub onshut: Callback<()>,
    /// Given a way to shut it.
    pub body: Callback<Callback<()>, Html>,
}

/// A button that opens a small form beside it. It is not modal: leaving it shuts it.
#[function_component]
pub fn Popover(props: &PopoverProps) -> Html {
    let open = use_state(|| props.open);
    let node = use_node_ref();
    let button = use_node_ref();

    use_effect_with(*open, {
        let node = node.clone();
        move |open| {
            let body = node.cast::<web_sys::Element>().filter(|_| *open);
            if let Some(first) = body.and_then(|root| {
                dom::all(&root, ".popover__body input, .popover__body select, .popover__body button")
                    .into_iter()
                    .next()
            }) {
                let _ = first.focus();
            }
        }
    });

    let onshut = &props.onshut;
    let shut = cb!((open, button, onshut), |()| {
        open.set(false);
        onshut.emit(());
        if let Some(button) = button.cast::<HtmlElement>() {
            let _ = button.focus();
        }
    });
    let onfocusout = cb!((open, node, onshut), |event: FocusEvent| {
        // Without a related target the window itself lost the focus, or a press went to nothing that takes it.
        let outside = event.related_target().is_some_and(|target| {
            !node.cast::<Node>().is_some_and(|root| root.contains(target.dyn_ref::<Node>()))
        });
        if outside && *open {
            open.set(false);
            onshut.emit(());
        }
    });
    let onkeydown = cb!((open, shut), |event: KeyboardEvent| {
        if *open && event.key() == "Escape" && !dom::composing(&event) {
            event.stop_propagation();
            shut.emit(());
        }
    });
    // A press elsewhere shuts it too.
    use_effect_with(*open, {
        let (open, node, onshut) = (open.clone(), node.clone(), props.onshut.clone());
        move |is_open| {
            // Before anyone else hears of it: afterwards what was pressed may be off the page, and nowhere inside.
            let listener = is_open.then(|| {
                gloo_events::EventListener::new_with_options(
                    &gloo_utils::document(),
                    "mousedown",
                    gloo_events::EventListenerOptions::run_in_capture_phase(),
                    move |event| {
                        let inside = event.target().is_some_and(|target| {
                            node.cast::<Node>().is_some_and(|root| root.contains(target.dyn_ref::<Node>()))
                        });
                        if !inside {
                            open.set(false);
                            onshut.emit(());
                        }
                    },
                )
            });
            move || drop(listener)
        }
    });

    let toggle = cb!((open), |_: MouseEvent| open.set(!*open));
    html! {
        <div class={classes!("popover", props.end.then_some("popover--end"))} ref={node} {onfocusout} {onkeydown}>
            <button type="button" ref={button} class={props.class.clone()} onclick={toggle} aria-haspopup="dialog"
                aria-expanded={if *open { "true" } else { "false" }}>{ props.button.clone() }</button>
            if *open {
                <div class="popover__body" role="dialog" aria-label={&props.label}>{ props.body.emit(shut) }</div>
            }
        </div>
    }
}
