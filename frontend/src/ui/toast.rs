use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::{Button, Icon, IconButton};
use crate::api::ApiError;
use crate::i18n::{I18n, Msg, use_i18n};

/// Milliseconds for which a message stays; long enough to undo.
const STAYS: u32 = 8_000;

#[derive(Clone, PartialEq)]
struct Toast {
    id: u32,
    text: AttrValue,
    /// Announced at once, and stays until it is put away.
    failure: bool,
    action: Option<(AttrValue, Callback<()>)>,
}

enum Change {
    Show(Toast),
    Drop(u32),
}

#[derive(Default, PartialEq)]
struct Shown(Vec<Toast>);

impl Reducible for Shown {
    type Action = Change;

    fn reduce(self: Rc<Self>, change: Change) -> Rc<Self> {
        let mut list = self.0.clone();
        match change {
            Change::Show(toast) => {
                list.push(toast);
                let extra = list.len().saturating_sub(3);
                list.drain(..extra);
            }
            Change::Drop(id) => list.retain(|toast| toast.id != id),
        }
        Rc::new(Shown(list))
    }
}

thread_local! {
    static LAST: Cell<u32> = const { Cell::new(0) };
}

/// Shows short messages at the lower edge.
#[derive(Clone, PartialEq, Default)]
pub struct Toasts(Option<UseReducerDispatcher<Shown>>);

impl Toasts {
    fn show(&self, text: AttrValue, failure: bool, action: Option<(AttrValue, Callback<()>)>) {
        let Some(dispatcher) = self.0.clone() else { return };
        let id = LAST.get() + 1;
        LAST.set(id);
        dispatcher.dispatch(Change::Show(Toast { id, text, failure, action }));
        if !failure {
            Timeout::new(STAYS, move || dispatcher.dispatch(Change::Drop(id))).forget();
        }
    }

    /// Says that something is done.
    pub fn say(&self, text: AttrValue) {
        self.show(text, false, None);
    }

    /// Says that something is done and offers to take it back.
    pub fn offer(&self, text: AttrValue, action: AttrValue, run: Callback<()>) {
        self.show(text, false, Some((action, run)));
    }

    /// Says that something has failed.
    pub fn fail(&self, error: &ApiError, i: I18n) {
        let text = match &error.request_id {
            Some(id) => i.t(Msg::ErrorWithId { text: &error.detail(i), id }),
            None => error.detail(i),
        };
        self.show(text, true, None);
    }
}

/// The way to show messages.
#[hook]
pub fn use_toasts() -> Toasts {
    use_context::<Toasts>().unwrap_or_default()
}

#[derive(Properties, PartialEq)]
pub struct ToastProviderProps {
    pub children: Html,
}

/// Gives everything below it the way to show messages, and shows them.
#[function_component]
pub fn ToastProvider(props: &ToastProviderProps) -> Html {
    let i = use_i18n();
    let shown = use_reducer(Shown::default);
    let toasts = Toasts(Some(shown.dispatcher()));
    let draw = |toast: &Toast| {
        let (dispatcher, id) = (shown.dispatcher(), toast.id);
        let drop = Callback::from(move |_: MouseEvent| dispatcher.dispatch(Change::Drop(id)));
        html! {
            <div class="toast" key={toast.id}>
                <span>{ &toast.text }</span>
                if let Some((text, run)) = toast.action.clone() {
                    <Button small=true class="button--act" onclick={{
                        let drop = drop.clone();
                        move |event| { drop.emit(event); run.emit(()); }
                    }}>{ text }</Button>
                }
                <IconButton icon={Icon::X} label={i.t(Msg::CommonClose)} small=true onclick={drop} />
            </div>
        }
    };
    html! {
        <ContextProvider<Toasts> context={toasts}>
            { props.children.clone() }
            <div class="toasts">
                <div role="status">{ for shown.0.iter().filter(|toast| !toast.failure).map(draw) }</div>
                <div role="alert">{ for shown.0.iter().filter(|toast| toast.failure).map(draw) }</div>
            </div>
        </ContextProvider<Toasts>>
    }
}
