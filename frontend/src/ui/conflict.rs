use yew::prelude::*;

use super::{Button, Dialog, Look, Shape};
use crate::i18n::{Msg, use_i18n};

/// A field that two people have changed.
#[derive(Clone, PartialEq)]
pub struct Clash {
    pub field: AttrValue,
    /// What both began with.
    pub original: AttrValue,
    /// What the other has saved.
    pub theirs: AttrValue,
    /// What was about to be saved.
    pub mine: AttrValue,
}

#[derive(Properties, PartialEq)]
pub struct ConflictDialogProps {
    pub clash: Clash,
    #[prop_or_default]
    pub busy: bool,
    /// Save mine over theirs.
    pub onmine: Callback<()>,
    /// Leave theirs.
    pub ontheirs: Callback<()>,
    /// Go back to the field.
    pub onclose: Callback<()>,
}

/// Someone else was faster: shows the three values and asks which one stands.
#[function_component]
pub fn ConflictDialog(props: &ConflictDialogProps) -> Html {
    let i = use_i18n();
    let shown = |text: &AttrValue| {
        if text.is_empty() {
            html! { <span class="muted">{ i.t(Msg::CommonNone) }</span> }
        } else {
            html! { { text } }
        }
    };
    let (mine, theirs) = (props.onmine.clone(), props.ontheirs.clone());
    let footer = html! {
        <>
            <Button onclick={move |_| theirs.emit(())}>{ i.t(Msg::ConflictKeepTheirs) }</Button>
            <Button look={Look::Primary} busy={props.busy} onclick={move |_| mine.emit(())}>{ i.t(Msg::ConflictSaveMine) }</Button>
        </>
    };
    html! {
        <Dialog title={i.t(Msg::ConflictTitle)} shape={Shape::Wide} onclose={props.onclose.clone()} {footer}>
            <p>{ i.t(Msg::ConflictText { field: &props.clash.field }) }</p>
            <table class="compare">
                <thead><tr>
                    <th scope="col">{ i.t(Msg::ConflictMine) }</th><th scope="col">{ i.t(Msg::ConflictTheirs) }</th><th scope="col">{ i.t(Msg::ConflictOriginal) }</th>
                </tr></thead>
                <tbody><tr>
                    <td><b>{ shown(&props.clash.mine) }</b></td><td>{ shown(&props.clash.theirs) }</td><td>{ shown(&props.clash.original) }</td>
                </tr></tbody>
            </table>
        </Dialog>
    }
}
