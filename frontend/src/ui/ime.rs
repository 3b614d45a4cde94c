use web_sys::Element;
use yew::prelude::*;

use crate::dom;

/// Emits what stands in a field when an input method has finished composing. Yew has no such event of its own.
#[hook]
pub fn use_composed(field: &NodeRef, emit: Callback<String>) {
    let latest = use_mut_ref(|| emit.clone());
    latest.replace(emit);
    use_effect_with(field.clone(), move |field| {
        let listener = field.cast::<Element>().map(|target| {
            gloo_events::EventListener::new(&target, "compositionend", move |event| {
                let emit = latest.borrow().clone();
                emit.emit(dom::value_of(event));
            })
        });
        move || drop(listener)
    });
}
