use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::{Button, Icon, IconButton};
use crate::api::ApiError;
use crate::dom;
use crate::i18n::{I18n, Msg, use_i18n};

/// Milliseconds for which a message stays; long enough to undo.
const STAYS: f64 = 8_000.0;
/// Milliseconds for which it stays at least once the pointer or the focus has left it.
const STAYS_AFTER: f64 = 2_000.0;

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
    Open(u32),
    Close(u32),
}

#[derive(Clone, Default, PartialEq)]
struct Shown {
    toasts: Vec<Toast>,
    /// The open dialogs, the topmost last.
    dialogs: Vec<u32>,
}

impl Reducible for Shown {
    type Action = Change;

    fn reduce(self: Rc<Self>, change: Change) -> Rc<Self> {
        let mut next = (*self).clone();
        match change {
            Change::Show(toast) => {
                next.toasts.push(toast);
                let extra = next.toasts.len().saturating_sub(3);
                next.toasts.drain(..extra);
            }
            Change::Drop(id) => next.toasts.retain(|toast| toast.id != id),
            Change::Open(dialog) => next.dialogs.push(dialog),
            Change::Close(dialog) => next.dialogs.retain(|id| *id != dialog),
        }
        Rc::new(next)
    }
}

thread_local! {
    static LAST: Cell<u32> = const { Cell::new(0) };
}

fn next_id() -> u32 {
    LAST.set(LAST.get() + 1);
    LAST.get()
}

/// Shows short messages at the lower edge.
#[derive(Clone, PartialEq, Default)]
pub struct Toasts(Option<UseReducerDispatcher<Shown>>);

impl Toasts {
    fn show(&self, text: AttrValue, failure: bool, action: Option<(AttrValue, Callback<()>)>) {
        let Some(dispatcher) = self.0.clone() else { return };
        dispatcher.dispatch(Change::Show(Toast { id: next_id(), text, failure, action }));
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
    let shown = use_reducer(Shown::default);
    let toasts = Toasts(Some(shown.dispatcher()));
    html! {
        <ContextProvider<Toasts> context={toasts}>
            <ContextProvider<UseReducerHandle<Shown>> context={shown.clone()}>
                { props.children.clone() }
            </ContextProvider<UseReducerHandle<Shown>>>
            <div class="toasts">
                <div role="status">{ drawn(&shown, None, false) }</div>
                <div role="alert">{ drawn(&shown, None, true) }</div>
            </div>
        </ContextProvider<Toasts>>
    }
}

/// Where a modal dialog shows messages while it is the topmost one: nothing outside it can be pressed or is read out.
#[function_component]
pub fn ToastsOfDialog() -> Html {
    let shown = use_context::<UseReducerHandle<Shown>>();
    let id = *use_memo((), |()| next_id());
    use_effect_with((), {
        let dispatcher = shown.as_ref().map(UseReducerHandle::dispatcher);
        move |()| {
            if let Some(dispatcher) = &dispatcher {
                dispatcher.dispatch(Change::Open(id));
            }
            move || {
                if let Some(dispatcher) = dispatcher {
                    dispatcher.dispatch(Change::Close(id));
                }
            }
        }
    });
    let Some(shown) = shown else { return html!() };
    // Without the roles of the page's own, which are for what a dialog itself has to say.
    html! {
        <div class="toasts">
            <div aria-live="polite">{ drawn(&shown, Some(id), false) }</div>
            <div aria-live="assertive">{ drawn(&shown, Some(id), true) }</div>
        </div>
    }
}

/// The messages of one kind, if they belong to this dialog, or to the page where none is open.
fn drawn(shown: &UseReducerHandle<Shown>, dialog: Option<u32>, failures: bool) -> Html {
    let here = shown.dialogs.last().copied() == dialog;
    let toasts = shown.toasts.iter().filter(|toast| here && toast.failure == failures);
    let draw = |toast: &Toast| {
        html! { <Message key={toast.id} toast={toast.clone()} dispatcher={shown.dispatcher()} /> }
    };
    toasts.map(draw).collect()
}

#[derive(Properties, PartialEq)]
struct MessageProps {
    toast: Toast,
    dispatcher: UseReducerDispatcher<Shown>,
}

/// One message. Its time stands still while somebody points at it or has the focus in it.
#[function_component]
fn Message(props: &MessageProps) -> Html {
    let i = use_i18n();
    let MessageProps { toast, dispatcher } = props;
    let (pointed, focused) = (use_state(|| false), use_state(|| false));
    let left = use_mut_ref(|| STAYS);
    let drop_it = {
        let (dispatcher, id) = (dispatcher.clone(), toast.id);
        Callback::from(move |()| dispatcher.dispatch(Change::Drop(id)))
    };
    use_effect_with(*pointed || *focused || toast.failure, {
        let drop_it = drop_it.clone();
        move |stays| {
            let timer = (!stays).then(|| {
                let timer = Timeout::new(*left.borrow() as u32, move || drop_it.emit(()));
                (dom::now(), timer)
            });
            move || {
                if let Some((since, timer)) = timer {
                    timer.cancel();
                    let mut left = left.borrow_mut();
                    *left = (*left - (dom::now() - since)).max(STAYS_AFTER);
                }
            }
        }
    });
    let close = drop_it.reform(|_: MouseEvent| ());
    let action = toast.action.clone().map(|(text, run)| {
        let onclick = move |_: MouseEvent| {
            drop_it.emit(());
            run.emit(());
        };
        html! { <Button small=true class="button--act" {onclick}>{ text }</Button> }
    });
    let point = |on: bool| cb!((pointed), |_: MouseEvent| pointed.set(on));
    let focus = |on: bool| cb!((focused), |_: FocusEvent| focused.set(on));
    html! {
        <div class="toast" onmouseover={point(true)} onmouseout={point(false)} onfocusin={focus(true)} onfocusout={focus(false)}>
            <span>{ &toast.text }</span>
            { for action }
            <IconButton icon={Icon::X} label={i.t(Msg::CommonClose)} small=true onclick={close} />
        </div>
    }
}
