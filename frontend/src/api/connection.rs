//! Whether the server is there: doubted when a request gets no answer, and then asked for until it answers again.

use std::cell::{Cell, RefCell};

use futures_channel::oneshot;
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestCache, RequestInit, Response};

use super::Event;

/// Milliseconds between two questions, at first and at most.
const FIRST: u32 = 1_000;
const LONGEST: u32 = 30_000;
/// Milliseconds for which an answer is waited for.
const PATIENCE: u32 = 5_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Here,
    /// One request got no answer, which may be that request's own fault.
    Doubted,
    Lost,
}

thread_local! {
    static STATE: Cell<State> = const { Cell::new(State::Here) };
    static WATCHING: Cell<bool> = const { Cell::new(false) };
    static SLEEPER: RefCell<Option<oneshot::Sender<()>>> = const { RefCell::new(None) };
}

/// Takes note that the server has answered.
pub fn seen() {
    if STATE.replace(State::Here) == State::Lost {
        super::tell(Event::Offline(false));
    }
    wake();
}

/// Looks whether the server is still there.
pub fn doubt() {
    if STATE.get() == State::Here {
        STATE.set(State::Doubted);
    }
    if !WATCHING.replace(true) {
        spawn!((), {
            watch().await;
            WATCHING.set(false);
        });
    }
}

/// Hears from the browser that the network has gone or has come back.
pub fn hear_network() {
    let window = gloo_utils::window();
    gloo_events::EventListener::new(&window, "offline", |_| doubt()).forget();
    gloo_events::EventListener::new(&window, "online", |_| wake()).forget();
}

async fn watch() {
    let mut pause = FIRST;
    while STATE.get() != State::Here {
        if answers().await {
            seen();
            continue;
        }
        match STATE.get() {
            State::Here => continue,
            State::Doubted => {
                STATE.set(State::Lost);
                super::tell(Event::Offline(true));
            }
            State::Lost => {}
        }
        // Each at a moment of its own, so that not all of a bank ask at once.
        sleep(pause + (js_sys::Math::random() * f64::from(pause) / 4.0) as u32).await;
        pause = (pause * 2).min(LONGEST);
    }
}

/// Waits, unless it is woken before.
async fn sleep(milliseconds: u32) {
    let (sender, woken) = oneshot::channel();
    SLEEPER.set(Some(sender));
    let timer = Timeout::new(milliseconds, wake);
    let _ = woken.await;
    drop(timer);
}

fn wake() {
    if let Some(sleeper) = SLEEPER.take() {
        let _ = sleeper.send(());
    }
}

async fn answers() -> bool {
    let init = RequestInit::new();
    init.set_cache(RequestCache::NoStore);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE)));
    let sent = gloo_utils::window().fetch_with_str_and_init("/healthz", &init);
    let answer = JsFuture::from(sent).await.ok().and_then(|answer| answer.dyn_into::<Response>().ok());
    answer.is_some_and(|answer| answer.ok())
}
