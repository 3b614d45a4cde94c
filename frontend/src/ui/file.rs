use web_sys::{File, HtmlInputElement};
use yew::prelude::*;

use super::Icon;

#[derive(Properties, PartialEq)]
pub struct FileDropProps {
    pub id: AttrValue,
    /// What to do here.
    pub label: AttrValue,
    /// Which files fit.
    pub hint: AttrValue,
    /// The same for the browser's own dialog.
    pub accept: AttrValue,
    #[prop_or_default]
    pub disabled: bool,
    pub onfile: Callback<File>,
}

/// A place that takes a file, dropped or chosen.
#[function_component]
pub fn FileDrop(props: &FileDropProps) -> Html {
    let over = use_state(|| false);
    let drag = |on: bool| cb!((over), |_: DragEvent| over.set(on));
    let onfile = &props.onfile;
    let onchange = cb!((onfile), |event: Event| {
        let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
        let file = input.files().and_then(|files| files.get(0));
        // A file that was put right meanwhile can be chosen again.
        input.set_value("");
        if let Some(file) = file {
            onfile.emit(file);
        }
    });
    // The field itself lies over all of it, unseen: so the browser takes what is dropped, and keys work as in any field.
    html! {
        <label class={classes!("drop", over.then_some("is-over"))}>
            { Icon::Upload.draw() }
            <b>{ &props.label }</b>
            <span class="small muted">{ &props.hint }</span>
            <input type="file" id={&props.id} accept={&props.accept} disabled={props.disabled} {onchange}
                ondragenter={drag(true)} ondragleave={drag(false)} ondrop={drag(false)} />
        </label>
    }
}
