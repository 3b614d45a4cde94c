use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDialogElement};
use yew::prelude::*;

use super::{Button, Icon, IconButton, Look, ToastsOfDialog};
use crate::dom;
use crate::i18n::{Msg, use_i18n};
use crate::leaving::{Unsaved, use_unsaved};

/// How a dialog stands on the page.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Shape {
    #[default]
    Normal,
    Wide,
    /// At the lower edge of the window, as what a bar there opens.
    Sheet,
    /// The command palette brings its own head.
    Bare,
}

const ANSWERS: &str = ".dialog__body input, .dialog__body select, .dialog__body button, .dialog__foot button, .dialog__body nav a";

#[derive(Properties, PartialEq)]
pub struct DialogProps {
    pub title: AttrValue,
    /// Escape, the cross, or a press beside it; without it the dialog has to be answered.
    #[prop_or_default]
    pub onclose: Option<Callback<()>>,
    #[prop_or_default]
    pub shape: Shape,
    #[prop_or_default]
    pub footer: Option<Html>,
    /// Whether closing it loses something that was typed, which it asks about first. Unless told, it looks at its fields.
    #[prop_or_default]
    pub dirty: Option<bool>,
    pub children: Html,
}

/// A modal dialog: the browser keeps the focus inside and gives it back. It is open while it exists.
#[function_component]
pub fn Dialog(props: &DialogProps) -> Html {
    let i = use_i18n();
    let node = use_node_ref();
    let title_id = use_memo((), |()| dom::random_id());
    // The text fields that somebody has been in, each with what stood in it at first.
    let fields = use_mut_ref(Vec::<(Element, String)>::new);
    let typed = use_state_eq(|| false);
    let asking = use_state_eq(|| false);
    let loses = props.onclose.is_some() && props.dirty.unwrap_or(*typed);
    use_unsaved(loses.then_some(Unsaved::InDialog));
    use_effect_with(node.clone(), |node| {
        let dialog = node.cast::<HtmlDialogElement>();
        if let Some(dialog) = &dialog
            && !dialog.open()
        {
            let _ = dialog.show_modal();
            // Without a field that asks for it, the focus belongs to the first thing to answer with, not to the cross.
            if dom::all(dialog, "[autofocus]").is_empty()
                && let Some(first) = dom::all(dialog, ANSWERS).first()
            {
                let _ = first.focus();
            }
        }
        // Closing before it leaves the page is what gives the focus back.
        move || {
            if let Some(dialog) = dialog {
                // One that stands above it holds the focus, and everything else out of reach.
                for inner in dom::all(&dialog, "dialog[open]") {
                    if let Ok(inner) = inner.dyn_into::<HtmlDialogElement>() {
                        inner.close();
                    }
                }
                dialog.close();
            }
        }
    });
    let onfocusin = cb!((fields), |event: FocusEvent| {
        let mut fields = fields.borrow_mut();
        if let Some((field, text)) = dom::text_field(&event)
            && !fields.iter().any(|(known, _)| *known == field)
        {
            fields.push((field, text));
        }
    });
    let oninput = cb!((typed), |event: InputEvent| typed.set(*typed || dom::text_field(&event).is_some()));
    let (dirty, onclose) = (props.dirty, &props.onclose);
    let close = onclose.clone().map(|close| {
        cb!((fields, typed, asking, close), |()| {
            let differs = |(field, text): &(Element, String)| {
                field.is_connected() && dom::text_in(field).is_some_and(|now| now != *text)
            };
            if dirty.unwrap_or_else(|| *typed && fields.borrow().iter().any(differs)) {
                asking.set(true);
            } else {
                close.emit(());
            }
        })
    });
    let oncancel = cb!((close), |event: Event| {
        event.prevent_default();
        event.stop_propagation();
        if let Some(close) = &close {
            close.emit(());
        }
    });
    // The browser lets nobody hold a dialog open against a second Escape; this one is open while it exists.
    let onshut = cb!((node), |_: Event| {
        if let Some(dialog) = node.cast::<HtmlDialogElement>().filter(|dialog| !dialog.open()) {
            let _ = dialog.show_modal();
            // What it asks stands above it again.
            for inner in dom::all(&dialog, "dialog[open]") {
                if let Ok(inner) = inner.dyn_into::<HtmlDialogElement>() {
                    inner.close();
                    let _ = inner.show_modal();
                }
            }
        }
    });
    let question = asking.then(|| {
        let onconfirm = onclose.clone().unwrap_or_default();
        html! { <DiscardDialog {onconfirm} onclose={cb!((asking), |()| asking.set(false))} /> }
    });
    let onmousedown = cb!((close, node), |event: MouseEvent| {
        let beside = event.target().is_some_and(|target| {
            node.cast::<web_sys::Element>().is_some_and(|dialog| {
                let area = dialog.get_bounding_client_rect();
                let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
                let inside = x >= area.left() && x <= area.right() && y >= area.top() && y <= area.bottom();
                !inside && target == dialog.into()
            })
        });
        if let (true, Some(close)) = (beside, &close) {
            close.emit(());
        }
    });
    let class = match props.shape {
        Shape::Normal => None,
        Shape::Wide => Some("dialog--wide"),
        Shape::Sheet => Some("dialog--sheet"),
        Shape::Bare => Some("palette"),
    };
    if props.shape == Shape::Bare {
        return html! {
            <dialog ref={node} class={classes!("dialog", class)} aria-label={&props.title} {oncancel} onclose={onshut} {onmousedown} {onfocusin} {oninput}>
                { props.children.clone() }
                <ToastsOfDialog />
                { question.unwrap_or_default() }
            </dialog>
        };
    }
    html! {
        <dialog ref={node} class={classes!("dialog", class)} aria-labelledby={(*title_id).clone()} {oncancel} onclose={onshut} {onmousedown} {onfocusin} {oninput}>
            <div class="dialog__head">
                <h2 id={(*title_id).clone()}>{ &props.title }</h2>
                if let Some(close) = close {
                    <IconButton icon={Icon::X} label={i.t(Msg::CommonClose)} onclick={move |_| close.emit(())} />
                }
            </div>
            <div class="dialog__body">{ props.children.clone() }</div>
            if let Some(footer) = &props.footer { <div class="dialog__foot">{ footer.clone() }</div> }
            <ToastsOfDialog />
            { question.unwrap_or_default() }
        </dialog>
    }
}

#[derive(Properties, PartialEq)]
pub struct ConfirmDialogProps {
    pub title: AttrValue,
    /// The word of the action, never just "OK".
    pub action: AttrValue,
    /// The word for leaving things as they are, where it is not "cancel".
    #[prop_or_default]
    pub stay: Option<AttrValue>,
    #[prop_or_default]
    pub danger: bool,
    #[prop_or_default]
    pub busy: bool,
    pub onconfirm: Callback<()>,
    pub onclose: Callback<()>,
    pub children: Html,
}

/// Asks before something that is hard to take back.
#[function_component]
pub fn ConfirmDialog(props: &ConfirmDialogProps) -> Html {
    let i = use_i18n();
    let (close, confirm) = (props.onclose.clone(), props.onconfirm.clone());
    let footer = html! {
        <>
            <Button onclick={move |_| close.emit(())}>{ props.stay.clone().unwrap_or_else(|| i.t(Msg::CommonCancel)) }</Button>
            <Button look={if props.danger { Look::Danger } else { Look::Primary }} busy={props.busy}
                onclick={move |_| confirm.emit(())}>{ &props.action }</Button>
        </>
    };
    html! { <Dialog title={&props.title} onclose={props.onclose.clone()} {footer}>{ props.children.clone() }</Dialog> }
}

#[derive(Properties, PartialEq)]
pub struct DiscardDialogProps {
    pub onconfirm: Callback<()>,
    pub onclose: Callback<()>,
}

/// Asks before what was typed is lost.
#[function_component]
pub fn DiscardDialog(props: &DiscardDialogProps) -> Html {
    let i = use_i18n();
    html! {
        <ConfirmDialog title={i.t(Msg::LeavingTitle)} action={i.t(Msg::LeavingDiscard)} stay={i.t(Msg::LeavingStay)} danger=true
            onconfirm={props.onconfirm.clone()} onclose={props.onclose.clone()}>
            <p>{ i.t(Msg::LeavingText) }</p>
        </ConfirmDialog>
    }
}
