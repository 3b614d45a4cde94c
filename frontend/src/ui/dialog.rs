use web_sys::HtmlDialogElement;
use yew::prelude::*;

use super::{Button, Icon, IconButton, Look, ToastsOfDialog};
use crate::dom;
use crate::i18n::{Msg, use_i18n};

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
    pub children: Html,
}

/// A modal dialog: the browser keeps the focus inside and gives it back. It is open while it exists.
#[function_component]
pub fn Dialog(props: &DialogProps) -> Html {
    let i = use_i18n();
    let node = use_node_ref();
    let title_id = use_memo((), |()| dom::random_id());
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
                dialog.close();
            }
        }
    });
    let close = props.onclose.clone();
    let oncancel = cb!((close), |event: Event| {
        event.prevent_default();
        event.stop_propagation();
        if let Some(close) = &close {
            close.emit(());
        }
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
            <dialog ref={node} class={classes!("dialog", class)} aria-label={&props.title} {oncancel} {onmousedown}>
                { props.children.clone() }
                <ToastsOfDialog />
            </dialog>
        };
    }
    html! {
        <dialog ref={node} class={classes!("dialog", class)} aria-labelledby={(*title_id).clone()} {oncancel} {onmousedown}>
            <div class="dialog__head">
                <h2 id={(*title_id).clone()}>{ &props.title }</h2>
                if let Some(close) = close {
                    <IconButton icon={Icon::X} label={i.t(Msg::CommonClose)} onclick={move |_| close.emit(())} />
                }
            </div>
            <div class="dialog__body">{ props.children.clone() }</div>
            if let Some(footer) = &props.footer { <div class="dialog__foot">{ footer.clone() }</div> }
            <ToastsOfDialog />
        </dialog>
    }
}

#[derive(Properties, PartialEq)]
pub struct ConfirmDialogProps {
    pub title: AttrValue,
    /// The word of the action, never just "OK".
    pub action: AttrValue,
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
            <Button onclick={move |_| close.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
            <Button look={if props.danger { Look::Danger } else { Look::Primary }} busy={props.busy}
                onclick={move |_| confirm.emit(())}>{ &props.action }</Button>
        </>
    };
    html! { <Dialog title={&props.title} onclose={props.onclose.clone()} {footer}>{ props.children.clone() }</Dialog> }
}
