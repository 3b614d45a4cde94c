//! The few things that are asked of the page itself.

use wasm_bindgen::JsCast;
use web_sys::{
    Blob, Element, Event, HtmlElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement,
    KeyboardEvent, StorageEvent, Url,
};

/// Milliseconds since 1970 by the browser's clock.
pub fn now() -> f64 {
    js_sys::Date::now()
}

/// Hears every key on the page for as long as it is kept; `run` may prevent what the browser would do.
pub fn on_key(run: impl Fn(&KeyboardEvent) + 'static) -> gloo_events::EventListener {
    let options = gloo_events::EventListenerOptions::enable_prevent_default();
    gloo_events::EventListener::new_with_options(&gloo_utils::document(), "keydown", options, move |event| {
        if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
            run(event);
        }
    })
}

/// A random id, for an `Idempotency-Key` and for ids of elements.
pub fn random_id() -> String {
    gloo_utils::window()
        .crypto()
        .map(|crypto| crypto.random_uuid())
        .unwrap_or_else(|_| ((js_sys::Math::random() * 1e15) as u64).to_string())
}

/// What is typed into the field that an event came from.
pub fn value_of(event: &Event) -> String {
    let Some(target) = event.target() else { return String::new() };
    if let Some(input) = target.dyn_ref::<HtmlInputElement>() {
        input.value()
    } else if let Some(area) = target.dyn_ref::<HtmlTextAreaElement>() {
        area.value()
    } else {
        target.dyn_ref::<HtmlSelectElement>().map(HtmlSelectElement::value).unwrap_or_default()
    }
}

/// The text field that an event came from, with what stands in it.
pub fn text_field(event: &Event) -> Option<(Element, String)> {
    let field = event.target()?.dyn_into::<Element>().ok()?;
    let text = text_in(&field)?;
    Some((field, text))
}

/// What stands in a text field; nothing where an element is none.
pub fn text_in(field: &Element) -> Option<String> {
    if let Some(input) = field.dyn_ref::<HtmlInputElement>() {
        let typed =
            matches!(input.type_().as_str(), "text" | "search" | "password" | "tel" | "email" | "number");
        return typed.then(|| input.value());
    }
    field.dyn_ref::<HtmlTextAreaElement>().map(HtmlTextAreaElement::value)
}

/// Whether the box that an event came from is ticked.
pub fn checked_of(event: &Event) -> bool {
    event
        .target()
        .and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
        .is_some_and(|input| input.checked())
}

/// Whether a key belongs to an input method that is composing, and so is none of ours.
pub fn composing(event: &KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == 229
}

/// Whether a key is being typed into a field.
pub fn typing(event: &KeyboardEvent) -> bool {
    event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok()).is_some_and(|element| {
        element.is_content_editable()
            || matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
    })
}

/// Whether a dialog is open above the page.
pub fn dialog_open() -> bool {
    gloo_utils::document().query_selector("dialog[open]").is_ok_and(|found| found.is_some())
}

/// Every element below `root` that fits `selector`, in order.
pub fn all(root: &Element, selector: &str) -> Vec<HtmlElement> {
    let Ok(found) = root.query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|i| found.item(i)?.dyn_into().ok()).collect()
}

/// Moves the focus to the element with this id.
pub fn focus(id: &str) {
    if let Some(element) =
        gloo_utils::document().get_element_by_id(id).and_then(|e| e.dyn_into::<HtmlElement>().ok())
    {
        let _ = element.focus();
    }
}

/// Presses the element with this id, and brings it into sight.
pub fn press(id: &str) {
    if let Some(element) =
        gloo_utils::document().get_element_by_id(id).and_then(|e| e.dyn_into::<HtmlElement>().ok())
    {
        bring_into_sight(&element);
        element.click();
    }
}

/// Scrolls as little as it takes to see an element whole.
pub fn bring_into_sight(element: &HtmlElement) {
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// Moves the focus by `step` among `elements`, round the ends if `round`; from outside them to the first or last.
pub fn move_focus(elements: &[HtmlElement], step: isize, round: bool) {
    let count = elements.len() as isize;
    if count == 0 {
        return;
    }
    let active = gloo_utils::document().active_element();
    let at = active
        .and_then(|a| elements.iter().position(|e| e.is_same_node(Some(a.as_ref()))))
        .map(|i| i as isize);
    let next = match at {
        None => {
            if step > 0 {
                0
            } else {
                count - 1
            }
        }
        Some(i) if round => (i + step).rem_euclid(count),
        Some(i) => (i + step).clamp(0, count - 1),
    };
    if let Some(element) = elements.get(next as usize) {
        let _ = element.focus();
    }
}

/// A value kept by the browser beyond this visit; nothing that names a customer goes there.
pub fn stored(key: &str) -> Option<String> {
    gloo_utils::window().local_storage().ok()??.get_item(key).ok()?
}

/// Keeps a value, or forgets it.
pub fn store(key: &str, value: Option<&str>) {
    if let Ok(Some(storage)) = gloo_utils::window().local_storage() {
        let _ = match value {
            Some(value) => storage.set_item(key, value),
            None => storage.remove_item(key),
        };
    }
}

/// Hears what other tabs keep under `key`, or that they forget it, for as long as the page stands.
pub fn on_stored(key: &'static str, run: impl Fn(Option<String>) + 'static) {
    gloo_events::EventListener::new(&gloo_utils::window(), "storage", move |event| {
        if let Some(event) = event.dyn_ref::<StorageEvent>().filter(|e| e.key().as_deref() == Some(key)) {
            run(event.new_value());
        }
    })
    .forget();
}

/// Puts a text on the clipboard.
pub fn copy(text: &str) {
    let _ = gloo_utils::window().navigator().clipboard().write_text(text);
}

/// Saves a file under a name.
pub fn save(file: &Blob, name: &str) {
    let Ok(address) = Url::create_object_url_with_blob(file) else { return };
    let link = gloo_utils::document().create_element("a").ok();
    if let Some(link) = link.and_then(|link| link.dyn_into::<HtmlElement>().ok()) {
        let _ = link.set_attribute("href", &address);
        let _ = link.set_attribute("download", name);
        link.click();
    }
    // The browser begins to read it only after this.
    gloo_timers::callback::Timeout::new(10_000, move || {
        let _ = Url::revoke_object_url(&address);
    })
    .forget();
}

/// Names a moment for measurements, once.
pub fn mark(name: &str) {
    if let Some(performance) = gloo_utils::window().performance()
        && performance.get_entries_by_name(name).length() == 0
    {
        let _ = performance.mark(name);
    }
}

/// Loads the app anew.
pub fn print() {
    let _ = gloo_utils::window().print();
}

pub fn reload() {
    let _ = gloo_utils::window().location().reload();
}
