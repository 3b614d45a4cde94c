//! What is done with a customer: contacts and tasks.

use yew::prelude::*;
use yew_router::Routable;

use super::page::{Subject, SubjectProps};
use crate::i18n::{Msg, use_i18n};
use crate::interactions::{ContactList, LogDialog, With};
use crate::route::{self, Route};
use crate::session::{may, right};
use crate::settings::use_settings;
use crate::tasks::{NewTaskDialog, TaskList};
use crate::ui::{Button, Icon, IconButton, Look};
use crate::{dom, fetch};

fn with(subject: &Subject) -> With {
    With { id: subject.id, name: subject.customer().profile.name.clone().into() }
}

#[derive(Properties, PartialEq)]
pub struct LogContactProps {
    pub subject: Subject,
    /// The form is to be open at once.
    pub open: bool,
    /// The tab that is shown.
    pub tab: &'static str,
}

/// The button that records a contact, by the key C too.
#[function_component]
pub fn LogContact(props: &LogContactProps) -> Html {
    let i = use_i18n();
    let open = use_state(|| props.open);
    let allowed = may(&props.subject.me, right::WRITE_INTERACTIONS);
    use_effect_with((props.open, allowed), {
        let open = open.setter();
        move |(now, _)| {
            if *now {
                open.set(true);
            }
        }
    });
    let keys = use_settings().now.shortcuts;
    use_effect_with(allowed && keys, {
        let open = open.setter();
        move |allowed| {
            let allowed = *allowed;
            let listener = dom::on_key(move |event| {
                let other = event.ctrl_key() || event.meta_key() || event.alt_key();
                let busy = dom::typing(event) || dom::composing(event) || dom::dialog_open();
                if allowed && !other && !busy && event.key().eq_ignore_ascii_case("c") {
                    event.prevent_default();
                    open.set(true);
                }
            });
            move || drop(listener)
        }
    });
    if !allowed {
        return html!();
    }
    let (subject, tab) = (&props.subject, props.tab);
    let place = move |id| {
        let path = Route::Customer { id }.to_path();
        if tab == "profile" { path } else { format!("{path}?tab={tab}") }
    };
    let leave = cb!((open, subject), |()| {
        open.set(false);
        route::replace(&place(subject.id));
    });
    let done = cb!((leave, subject), |()| {
        fetch::forget("contacts/");
        leave.emit(());
        subject.reload.emit(());
    });
    let start = cb!((open), |_: MouseEvent| open.set(true));
    html! {
        <>
            <Button look={Look::Primary} icon={Icon::MessageCircle} onclick={start}>{ i.t(Msg::LogAction) }</Button>
            if *open { <LogDialog with={with(subject)} ondone={done} onclose={leave} /> }
        </>
    }
}

/// The timeline of a customer, and the open tasks about it.
#[function_component]
pub fn ContactsTab(props: &SubjectProps) -> Html {
    let i = use_i18n();
    let subject = &props.subject;
    let adding = use_state(|| false);
    let stamp = use_state(|| 0_u32);
    // A new contact is a new state of the figures, and a reason to ask again.
    let last = subject.customer().figures.last_contacted_at.map_or(0, |at| at.micros() as u32);
    let tag = subject.etag().bytes().fold(last, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let start = cb!((adding), |_: MouseEvent| adding.set(true));
    let close = cb!((adding), |()| adding.set(false));
    let reload = subject.reload.clone();
    let done = cb!((adding, stamp, reload), |()| {
        adding.set(false);
        fetch::forget("tasks/");
        stamp.set(*stamp + 1);
        reload.emit(());
    });
    let worked = reload.clone();
    html! {
        <div class="split">
            <div><ContactList customer={with(subject)} stamp={tag} onchange={move |()| reload.emit(())} /></div>
            if may(&subject.me, right::VIEW_TASKS) {
                <div>
                    <div class="row"><h2>{ i.t(Msg::NavTasks) }</h2>
                        if may(&subject.me, right::WRITE_TASKS) { <IconButton small=true icon={Icon::Plus} label={i.t(Msg::TasksNew)} onclick={start} /> }
                    </div>
                    <TaskList customer={subject.id} stamp={tag.wrapping_add(*stamp)} onchange={move |()| worked.emit(())} />
                    if *adding { <NewTaskDialog customer={Some(with(subject))} ondone={done} onclose={close} /> }
                </div>
            }
        </div>
    }
}
