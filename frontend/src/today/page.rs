use std::rc::Rc;

use guanxi_api::{Task, Today, TodayCount, TodayLine, TodayReason};
use wasm_bindgen::JsCast;
use web_sys::{Element, UrlSearchParams};
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::use_location;

use super::line::{Acts, draw};
use super::words;
use crate::api::{self, ApiError};
use crate::customers::listed;
use crate::fetch::{self, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::interactions::With;
use crate::labels::{Label, by_code};
use crate::parts::{LazyHandOverDialog, LazyLogDialog, LazyPostponeDialog};
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::settings::use_settings;
use crate::tasks::Postponed;
use crate::ui::{Button, EmptyState, ErrorPanel, HelpNote, Icon, Link, Page, Skeleton, use_toasts};
use crate::{dom, route};

/// Lines that have been worked and that the server may still have listed.
#[derive(Default, PartialEq)]
struct Gone(Vec<String>);

enum Change {
    Hide(String),
    Show(String),
    /// The lines that the server lists now; what it does not list any more may come back another day.
    Listed(Rc<Today>),
}

impl Reducible for Gone {
    type Action = Change;

    fn reduce(self: Rc<Self>, change: Change) -> Rc<Self> {
        let mut ids = self.0.clone();
        match change {
            Change::Hide(id) => ids.push(id),
            Change::Show(id) => ids.retain(|other| *other != id),
            Change::Listed(today) => ids.retain(|id| today.lines.iter().any(|line| line.id == *id)),
        }
        if ids == self.0 { self } else { Rc::new(Gone(ids)) }
    }
}

#[derive(Clone, PartialEq)]
enum Doing {
    Logging(TodayLine, With),
    Postponing(TodayLine),
    HandingOver(Task),
}

/// How a line was worked, and so how that is taken back.
#[derive(Clone, Copy)]
enum Verb {
    Completed,
    Postponed,
}

/// The list of the day: whom to contact, what to do, and why; each line is worked in its place.
#[function_component]
pub fn TodayPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let toasts = use_toasts();
    let letters = use_settings().now.shortcuts;
    let params = use_location().and_then(|l| UrlSearchParams::new_with_str(l.query_str()).ok());
    let chosen = params.and_then(|p| p.get("reason")).and_then(|code| by_code::<TodayReason>(&code));
    let query = use_query::<Today, _, _>(Some("today".into()), api::today::get);
    let gone = use_reducer(Gone::default);
    let doing = use_state(|| None::<Doing>);
    let list = use_node_ref();
    // Where the focus goes on when the line that has it is worked.
    let place = use_mut_ref(|| None::<(String, usize)>);

    let data = query.remote.data.clone();
    let lines: Rc<Vec<TodayLine>> = Rc::new(
        data.iter()
            .flat_map(|today| &today.lines)
            .filter(|line| !gone.0.contains(&line.id) && chosen.is_none_or(|reason| reason == line.reason))
            .cloned()
            .collect(),
    );
    use_effect_with(data.clone(), {
        let gone = gone.dispatcher();
        move |today| {
            if let Some(today) = today {
                gone.dispatch(Change::Listed(Rc::clone(today)));
            }
        }
    });
    let ids: Vec<String> = lines.iter().map(|line| line.id.clone()).collect();
    use_effect_with(ids, {
        let (list, place, lines) = (list.clone(), place.clone(), Rc::clone(&lines));
        move |_| {
            let mut customers = Vec::new();
            for id in lines.iter().filter_map(|line| Some(line.customer.as_ref()?.id)) {
                if !customers.contains(&id) {
                    customers.push(id);
                }
            }
            listed(customers);
            let Some((id, at)) = place.take() else { return };
            if lines.iter().any(|line| line.id == id) {
                return;
            }
            let links = list.cast::<Element>().map(|root| links(&root)).unwrap_or_default();
            match links.get(at.min(links.len().saturating_sub(1))) {
                Some(next) => drop(next.focus()),
                None => dom::focus("main"),
            }
        }
    });
    let reload = query.reload.clone();
    use_effect_with((), {
        let reload = reload.clone();
        move |()| {
            // The page stays open all day; whoever comes back to it sees the list as it is now.
            let document = gloo_utils::document();
            let listener =
                gloo_events::EventListener::new(&document.clone(), "visibilitychange", move |_| {
                    if !document.hidden() {
                        reload.emit(());
                    }
                });
            move || drop(listener)
        }
    });

    let leaves = {
        let (place, lines) = (place.clone(), Rc::clone(&lines));
        Callback::from(move |id: String| {
            let at = lines.iter().position(|line| line.id == id);
            place.replace(at.map(|at| (id, at)));
        })
    };
    let hide = {
        let (gone, leaves) = (gone.dispatcher(), leaves.clone());
        Callback::from(move |id: String| {
            leaves.emit(id.clone());
            gone.dispatch(Change::Hide(id));
        })
    };
    // Tab would take longer to the message than the message stays.
    let last = use_mut_ref(|| None::<Callback<()>>);
    let after = {
        let (gone, toasts, reload) = (gone.dispatcher(), toasts.clone(), reload.clone());
        let last = last.clone();
        Callback::from(move |(id, verb, outcome): (String, Verb, Result<Task, ApiError>)| {
            // Other lists show the tasks that lines become.
            fetch::forget("tasks/");
            match outcome {
                Ok(task) => {
                    let text = match verb {
                        Verb::Completed => i.t(Msg::TasksDone),
                        Verb::Postponed => i.t(Msg::TasksPostponed { day: &task.due_on.to_string() }),
                    };
                    let undo = undo(gone.clone(), reload.clone(), toasts.clone(), (id, verb, task), i);
                    last.replace(Some(undo.clone()));
                    toasts.offer(text, i.t(Msg::CommonUndo), undo);
                }
                Err(error) => {
                    gone.dispatch(Change::Show(id));
                    // Somebody else was faster; the list that comes next says how it is now.
                    if error.is_missing() { toasts.say(i.t(Msg::TodayGone)) } else { toasts.fail(&error, i) }
                }
            }
            reload.emit(());
        })
    };
    let act = {
        let allowed = |right: &str| me.as_ref().is_some_and(|me| may(me, right));
        let (logs, works) = (allowed(right::WRITE_INTERACTIONS), allowed(right::WRITE_TASKS));
        Acts {
            log: cb!((doing, toasts), |line: TodayLine| match &line.customer {
                Some(customer) if customer.do_not_contact => toasts.say(i.t(Msg::TodayRefuses)),
                Some(customer) if logs => {
                    let with = With { id: customer.id, name: customer.name.clone().into() };
                    doing.set(Some(Doing::Logging(line, with)));
                }
                _ => {}
            }),
            done: cb!((hide, after), |line: TodayLine| {
                if !works {
                    return;
                }
                hide.emit(line.id.clone());
                spawn!((after, line), {
                    let outcome = match &line.task {
                        Some(task) => api::tasks::complete(task).await,
                        None => api::today::complete(&line.id).await,
                    };
                    after.emit((line.id, Verb::Completed, outcome));
                });
            }),
            postpone: cb!((doing), |line: TodayLine| if works {
                doing.set(Some(Doing::Postponing(line)));
            }),
            hand_over: cb!((doing), |line: TodayLine| if let Some(task) = line.task.clone() {
                doing.set(Some(Doing::HandingOver(task)));
            }),
            undo: cb!((last), |()| if let Some(undo) = last.take() {
                undo.emit(());
            }),
        }
    };
    use_effect_with((letters, Rc::clone(&lines)), {
        let (list, act, lines) = (list.clone(), act.clone(), Rc::clone(&lines));
        move |(letters, _)| {
            let listener = letters
                .then(|| dom::on_key(move |event| on_letter(event, list.cast::<Element>(), &lines, &act)));
            move || drop(listener)
        }
    });
    let onkeydown = cb!((list), |event: KeyboardEvent| {
        let on_link = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok())
            .is_some_and(|element| element.class_list().contains("today__link"));
        let step = match event.key().as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            _ => return,
        };
        if let Some(root) = list.cast::<Element>().filter(|_| on_link) {
            event.prevent_default();
            dom::move_focus(&links(&root), step, false);
        }
    });

    let Some(me) = me else { return html!() };
    let body = match (&data, &query.remote.error) {
        (Some(today), _) => html! {
            <>
                { counts(today, &gone.0, chosen, i) }
                if lines.is_empty() { { empty(chosen, i) } } else {
                    <ol class="today" ref={list} {onkeydown} aria-label={i.t(Msg::TodayTitle)}>
                        { for lines.iter().map(|line| draw(line, today.day, &me, &act, i)) }
                    </ol>
                }
            </>
        },
        (None, Some(error)) => {
            html! { <ErrorPanel what={i.t(Msg::TodayFailed)} error={error.clone()} retry={reload.clone()} /> }
        }
        (None, None) => html! { <Skeleton bare=true rows=10 /> },
    };
    let day = data.as_ref().map_or_else(|| i.today(), |today| today.day);
    let close = cb!((doing), |()| doing.set(None));
    // A line that is gone meanwhile answers so; then the list is asked for again.
    let leave = cb!((doing, reload), |()| {
        doing.set(None);
        reload.emit(());
    });
    let dialog = match (*doing).clone() {
        None => html!(),
        Some(Doing::Logging(line, with)) => {
            let purpose = words::purpose(&line);
            let ondone = cb!((doing, leaves, reload), |()| {
                doing.set(None);
                fetch::forget("contacts/");
                // A contact that was due is gone then, if the customer was reached.
                leaves.emit(line.id.clone());
                reload.emit(());
            });
            html! { <LazyLogDialog {with} {purpose} {ondone} onclose={close} /> }
        }
        Some(Doing::Postponing(line)) => {
            let what = match line.task.clone() {
                Some(task) => Postponed::Task(task.into()),
                None => Postponed::Line(line.id.clone().into(), words::name(&line, day, i)),
            };
            let ondone = cb!((doing, hide, after, toasts, reload, last), |task: Task| {
                doing.set(None);
                if task.due_on > day {
                    hide.emit(line.id.clone());
                }
                if line.task.is_none() {
                    after.emit((line.id.clone(), Verb::Postponed, Ok(task)));
                } else {
                    // Its day before may be past, to which no task can be put back.
                    last.replace(None);
                    fetch::forget("tasks/");
                    toasts.say(i.t(Msg::TasksPostponed { day: &task.due_on.to_string() }));
                    reload.emit(());
                }
            });
            html! { <LazyPostponeDialog {what} {ondone} onclose={leave} /> }
        }
        Some(Doing::HandingOver(task)) => {
            let ondone = cb!((leave), |()| {
                fetch::forget("tasks/");
                leave.emit(());
            });
            html! { <LazyHandOverDialog {task} {ondone} onclose={close} /> }
        }
    };
    html! {
        <Page title={i.t(Msg::TodayTitle)} heading={heading(day, i)}>
            <HelpNote text={i.t(Msg::TodayHelp)} />
            { body }
            { dialog }
        </Page>
    }
}

fn heading(day: chrono::NaiveDate, i: I18n) -> Html {
    html! { <h1><span class="header__title"><span>{ i.t(Msg::TodayTitle) }</span><small class="today__day">{ i.full_day(day) }</small></span></h1> }
}

/// What moves the focus from line to line.
fn links(root: &Element) -> Vec<web_sys::HtmlElement> {
    dom::all(root, ".today__link")
}

/// Takes back what was done with a line.
fn undo(
    gone: UseReducerDispatcher<Gone>,
    reload: Callback<()>,
    toasts: crate::ui::Toasts,
    (id, verb, task): (String, Verb, Task),
    i: I18n,
) -> Callback<()> {
    let once = std::cell::Cell::new(false);
    Callback::from(move |()| {
        if once.replace(true) {
            return;
        }
        spawn!((gone, reload, toasts, id, task), {
            let outcome = match verb {
                Verb::Completed => api::tasks::reopen(&task).await,
                Verb::Postponed => api::tasks::cancel(&task).await,
            };
            match outcome {
                Ok(_) => toasts.say(i.t(Msg::TodayTakenBack)),
                Err(error) => toasts.fail(&error, i),
            }
            fetch::forget("tasks/");
            gone.dispatch(Change::Show(id));
            reload.emit(());
        });
    })
}

/// How many lines have which reason; each narrows the list to them, and the address says so.
fn counts(today: &Today, gone: &[String], chosen: Option<TodayReason>, i: I18n) -> Html {
    let left = |count: &TodayCount| {
        let hidden = today.lines.iter().filter(|line| line.reason == count.reason && gone.contains(&line.id));
        count.lines.saturating_sub(u32::try_from(hidden.count()).unwrap_or(u32::MAX))
    };
    let number = |lines: u32, more: bool| format!("{}{}", i.number(lines), if more { "+" } else { "" });
    let home = Route::Home.to_path();
    let all: u32 = today.counts.iter().map(left).sum();
    let more = today.counts.iter().any(|count| count.more);
    html! {
        <nav class="today__counts" aria-label={i.t(Msg::TodayNarrow)}>
            <Link to={home.clone()} class="today__count" current={chosen.is_none()}>{ i.t(Msg::TodayAll) }{ " " }{ number(all, more) }</Link>
            { for today.counts.iter().filter(|count| count.lines > 0 || chosen == Some(count.reason)).map(|count| html! {
                <Link key={count.reason.as_str()} to={format!("{home}?reason={}", count.reason)} class="today__count" current={chosen == Some(count.reason)}>
                    { count.reason.label(i) }{ " " }{ number(left(count), count.more) }
                </Link>
            }) }
        </nav>
    }
}

fn empty(chosen: Option<TodayReason>, i: I18n) -> Html {
    match chosen {
        None => html! {
            <EmptyState icon={Icon::CalendarCheck} title={i.t(Msg::TodayNone)} text={i.t(Msg::TodayNoneText)}>
                <Button to={Route::Customers.to_path()}>{ i.t(Msg::TodayToCustomers) }</Button>
            </EmptyState>
        },
        Some(_) => html! {
            <EmptyState icon={Icon::CalendarCheck} title={i.t(Msg::TodayNoneOfThese)} text={i.t(Msg::TodayNoneOfTheseText)}>
                <Button onclick={|_| route::go(&Route::Home.to_path())}>{ i.t(Msg::TodayShowAll) }</Button>
            </EmptyState>
        },
    }
}

/// J and K move from line to line; L, D and P work the line that one is on, U takes back what was done last.
fn on_letter(event: &KeyboardEvent, root: Option<Element>, lines: &[TodayLine], act: &Acts) {
    let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
    if modified || dom::composing(event) || dom::typing(event) || dom::dialog_open() {
        return;
    }
    let Some(root) = root else { return };
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let key = event.key();
    let run = match key.as_str() {
        "j" => return dom::move_focus(&links(&root), 1, false),
        "k" => return dom::move_focus(&links(&root), -1, false),
        "u" => return act.undo.emit(()),
        "l" => &act.log,
        "d" => &act.done,
        "p" => &act.postpone,
        _ => return,
    };
    let line = target.and_then(|element| element.closest("[data-line]").ok().flatten());
    let id = line.and_then(|line| line.get_attribute("data-line"));
    if let Some(line) = lines.iter().find(|line| Some(&line.id) == id.as_ref()) {
        event.prevent_default();
        run.emit(line.clone());
    }
}
