//! Leaving what was typed: whoever would lose it by going elsewhere is asked first.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::BeforeUnloadEvent;
use yew::prelude::*;

use crate::ui::DiscardDialog;

/// Where something was typed that is not saved yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unsaved {
    OnPage,
    /// Nothing beside a dialog can be pressed, and what it leads to itself comes after saving.
    InDialog,
}

type Step = Rc<dyn Fn()>;

/// What stands in the way of leaving.
#[derive(Default)]
struct Guard {
    on_pages: u32,
    in_dialogs: u32,
    /// The state and the address of the page with the words.
    page: Option<(JsValue, String)>,
    /// Hears of the window's being closed while there are any.
    closing: Option<EventListener>,
    /// Asks, and takes the step then.
    ask: Option<Callback<Step>>,
    /// The next step back was agreed to.
    agreed: bool,
}

impl Guard {
    fn count(&mut self, place: Unsaved) -> &mut u32 {
        match place {
            Unsaved::OnPage => &mut self.on_pages,
            Unsaved::InDialog => &mut self.in_dialogs,
        }
    }

    const fn is_open(&self) -> bool {
        self.on_pages + self.in_dialogs == 0
    }
}

thread_local! {
    static GUARD: RefCell<Guard> = RefCell::new(Guard::default());
}

fn address() -> String {
    let location = gloo_utils::window().location();
    format!("{}{}", location.pathname().unwrap_or_default(), location.search().unwrap_or_default())
}

/// Has the user asked before words are lost, as long as there are any.
#[hook]
pub fn use_unsaved(place: Option<Unsaved>) {
    use_effect_with(place, |place| {
        let place = *place;
        if let Some(place) = place {
            GUARD.with_borrow_mut(|guard| {
                *guard.count(place) += 1;
                if guard.closing.is_none() {
                    guard.closing = Some(on_closing());
                }
                if guard.page.is_none() {
                    let state = gloo_utils::window().history().and_then(|history| history.state());
                    guard.page = state.ok().map(|state| (state, address()));
                }
            });
        }
        move || {
            if let Some(place) = place {
                GUARD.with_borrow_mut(|guard| {
                    *guard.count(place) -= 1;
                    if guard.is_open() {
                        guard.closing = None;
                        guard.page = None;
                    }
                });
            }
        }
    });
}

fn on_closing() -> EventListener {
    let options = EventListenerOptions::enable_prevent_default();
    EventListener::new_with_options(&gloo_utils::window(), "beforeunload", options, |event| {
        event.prevent_default();
        // Older browsers ask only if there is a text, which they do not show.
        if let Some(event) = event.dyn_ref::<BeforeUnloadEvent>() {
            event.set_return_value("1");
        }
    })
}

/// Takes a step to another page, or asks first where words on this one would be lost.
pub fn step(run: impl Fn() + 'static) {
    let ask = GUARD.with_borrow(|guard| guard.ask.clone().filter(|_| guard.on_pages > 0));
    match ask {
        Some(ask) => ask.emit(Rc::new(run)),
        None => run(),
    }
}

/// The browser goes back or on. Where words would be lost it comes here again at once, and the user is asked.
fn on_back(event: &Event) {
    let held = GUARD.with_borrow_mut(|guard| {
        if std::mem::take(&mut guard.agreed) || guard.is_open() {
            return None;
        }
        guard.page.clone().zip(guard.ask.clone())
    });
    let Some(((state, page), ask)) = held else { return };
    // A place on the same page is none to leave for.
    if page == address() {
        return;
    }
    event.stop_immediate_propagation();
    let Ok(history) = gloo_utils::window().history() else { return };
    if history.push_state_with_url(&state, "", Some(&page)).is_err() {
        return;
    }
    ask.emit(Rc::new(move || {
        GUARD.with_borrow_mut(|guard| guard.agreed = true);
        let _ = history.back();
    }));
}

/// Hears of steps back and on. A window calls its listeners in the order in which they came, so this one comes before the router's.
pub fn listen() {
    EventListener::new(&gloo_utils::window(), "popstate", on_back).forget();
}

/// Asks whoever leaves.
#[function_component]
pub fn LeaveGuard() -> Html {
    let asked = use_state(|| None::<Step>);
    use_effect_with((), {
        let asked = asked.setter();
        move |()| {
            GUARD.with_borrow_mut(|guard| {
                guard.ask = Some(Callback::from(move |step: Step| asked.set(Some(step))));
            });
            || GUARD.with_borrow_mut(|guard| guard.ask = None)
        }
    });
    let Some(step) = (*asked).clone() else { return html!() };
    let onconfirm = cb!((asked, step), |()| {
        asked.set(None);
        step();
    });
    html! { <DiscardDialog {onconfirm} onclose={cb!((asked), |()| asked.set(None))} /> }
}
