//! Where the focus goes on when what has it is taken off the page, so that whoever works by keyboard does not begin at the top again.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlDialogElement, HtmlElement, MutationObserver, MutationObserverInit};
use yew::prelude::*;

use crate::dom;

/// What can have the focus by keyboard.
const STOPS: &str = "a[href], button:not([disabled]), input:not([disabled]), select:not([disabled]), textarea:not([disabled])";

/// An element, with what came after it and before it.
struct Level {
    element: Element,
    beside: [Option<Element>; 2],
}

/// What has the focus, and what it stands in, from the inside out.
struct Held {
    class: String,
    levels: Vec<Level>,
}

impl Held {
    fn of(element: Element) -> Self {
        let class = element.class_name();
        let mut levels = Vec::new();
        let mut at = Some(element);
        while let Some(element) = at {
            at = element.parent_element();
            let beside = [element.next_element_sibling(), element.previous_element_sibling()];
            levels.push(Level { element, beside });
        }
        Held { class, levels }
    }

    fn is_gone(&self) -> bool {
        self.levels.first().is_some_and(|level| !level.element.is_connected())
    }

    /// What comes next to what has gone, and of it what is most like it; nothing for a dialog, whose place is above the page.
    fn next(&self) -> Option<HtmlElement> {
        let outermost = self.levels.iter().rposition(|level| !level.element.is_connected())?;
        let level = self.levels.get(outermost)?;
        if level.element.has_type::<HtmlDialogElement>() {
            return None;
        }
        let around = self.levels.get(outermost + 1).map(|level| &level.element);
        let around = around.filter(|around| !around.matches("main, .page, body").unwrap_or(true));
        level.beside.iter().flatten().chain(around).find_map(|beside| self.in_it(beside))
    }

    fn in_it(&self, element: &Element) -> Option<HtmlElement> {
        if !element.is_connected() || element.has_type::<HtmlDialogElement>() {
            return None;
        }
        if element.matches(STOPS).unwrap_or(false) {
            return element.dyn_ref::<HtmlElement>().cloned();
        }
        let stops = dom::all(element, STOPS);
        stops.iter().find(|stop| stop.class_name() == self.class).or_else(|| stops.first()).cloned()
    }
}

/// Whether nothing has the focus.
fn is_nowhere() -> bool {
    let document = gloo_utils::document();
    let active: Option<JsValue> = document.active_element().map(Into::into);
    active.is_none() || active == document.body().map(Into::into)
}

/// Moves the focus on, unless somebody has done so by now.
fn move_on(held: &RefCell<Option<Held>>) {
    if !is_nowhere() {
        return;
    }
    let Some(next) = held.borrow_mut().take().filter(Held::is_gone).map(|held| held.next()) else { return };
    if let Some(next) = next {
        let _ = next.focus();
    }
    if is_nowhere() {
        dom::focus("main");
    }
}

/// Keeps the focus on the page, as long as the frame stands.
#[hook]
pub fn use_focus_kept() {
    use_effect_with((), |()| {
        let document = gloo_utils::document();
        let held = Rc::new(RefCell::new(None::<Held>));
        let comes = EventListener::new(&document, "focusin", {
            let held = Rc::clone(&held);
            move |event| {
                let target = event.target().and_then(|target| target.dyn_into().ok());
                held.replace(target.map(Held::of));
            }
        });
        let goes = EventListener::new(&document, "focusout", {
            let held = Rc::clone(&held);
            move |_| {
                let held = Rc::clone(&held);
                // Whoever presses where nothing is wants the focus nowhere.
                Timeout::new(0, move || {
                    if is_nowhere() && held.borrow().as_ref().is_some_and(|held| !held.is_gone()) {
                        held.replace(None);
                    }
                })
                .forget();
            }
        });
        let changed = Closure::<dyn FnMut()>::new(move || {
            if is_nowhere() && held.borrow().as_ref().is_some_and(Held::is_gone) {
                let held = Rc::clone(&held);
                // What the page itself does about it comes first.
                Timeout::new(0, move || move_on(&held)).forget();
            }
        });
        let observer = MutationObserver::new(changed.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(body)) = (&observer, document.body()) {
            let what = MutationObserverInit::new();
            what.set_child_list(true);
            what.set_subtree(true);
            let _ = observer.observe_with_options(&body, &what);
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop((comes, goes, changed));
        }
    });
}
