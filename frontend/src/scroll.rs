//! How far a page is scrolled, kept for each entry of the history.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_events::{EventListener, EventListenerOptions};
use gloo_timers::callback::Interval;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;
use yew_router::history::{BrowserHistory, History};
use yew_router::hooks::use_location;

use crate::kept::{Entry, SCROLLED, recall, remember};

/// Milliseconds between two looks at whether what was scrolled to is there by now, and how many of them there are.
const STEP: u32 = 50;
const LOOKS: u32 = 100;

/// Where the page is, and the table that fills it.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Place {
    page: i32,
    table: i32,
}

fn table(main: &HtmlElement) -> Option<Element> {
    main.query_selector(".page--fill .table-box").ok().flatten()
}

impl Place {
    fn of(main: &HtmlElement) -> Self {
        Place { page: main.scroll_top(), table: table(main).map_or(0, |table| table.scroll_top()) }
    }

    /// Whether somebody has scrolled away from it. A page that has become shorter shows less and stands at its end.
    fn was_left(self, main: &HtmlElement) -> bool {
        let now = Place::of(main);
        let end = main.scroll_height() - main.client_height();
        now.page > self.page || (now.page < self.page && now.page < end) || now.table != self.table
    }

    /// Goes there as far as there is something to see. Answers with where that is.
    fn go(self, main: &HtmlElement) -> Self {
        main.set_scroll_top(self.page);
        if let Some(table) = table(main) {
            table.set_scroll_top(self.table);
        }
        Place::of(main)
    }
}

/// What is shown, and the way back to where it was left.
#[derive(Default)]
struct Shown {
    entry: Entry,
    path: Option<String>,
    on_the_way: Option<Interval>,
}

/// Puts the page back to where it was left by whoever goes back to it; a new page begins at its top.
#[hook]
pub fn use_scroll(main: &NodeRef) {
    let location = use_location();
    let entry = location.as_ref().map(Entry::of).unwrap_or_default();
    let path = location.map(|location| location.path().to_owned());
    let shown = use_memo((), |()| RefCell::new(Shown::default()));
    use_effect_with(main.clone(), {
        let shown = Rc::clone(&shown);
        move |main| {
            let main = main.cast::<HtmlElement>();
            // What scrolls inside of the page tells only those who hear it on its way down.
            let options = EventListenerOptions::run_in_capture_phase();
            let listener = main.clone().zip(main).map(|(target, main)| {
                EventListener::new_with_options(&target, "scroll", options, move |_| {
                    let shown = shown.borrow();
                    // What goes away scrolls as well, when the address is another one already.
                    let here = Entry::of(&BrowserHistory::new().location());
                    if shown.on_the_way.is_none() && shown.entry == here {
                        remember(&shown.entry, &SCROLLED, Place::of(&main));
                    }
                })
            });
            move || drop(listener)
        }
    });
    use_effect_with((entry, path), {
        let main = main.clone();
        move |(entry, path)| {
            let Some(main) = main.cast::<HtmlElement>() else { return };
            let another = {
                let mut shown = shown.borrow_mut();
                shown.on_the_way = None;
                shown.entry.clone_from(entry);
                std::mem::replace(&mut shown.path, path.clone())
                    .is_some_and(|before| Some(&before) != path.as_ref())
            };
            match recall::<Place>(entry, &SCROLLED) {
                Some(aim) => {
                    let there = aim.go(&main);
                    if there != aim {
                        shown.borrow_mut().on_the_way = Some(follow(main, aim, there, Rc::clone(&shown)));
                    }
                }
                None => {
                    if another {
                        main.set_scroll_top(0);
                    }
                    remember(entry, &SCROLLED, Place::of(&main));
                }
            }
        }
    });
}

/// Goes on as more of the page comes, until somebody scrolls elsewhere.
fn follow(main: HtmlElement, aim: Place, mut there: Place, shown: Rc<RefCell<Shown>>) -> Interval {
    let mut looks = 0;
    Interval::new(STEP, move || {
        looks += 1;
        let moved = there.was_left(&main);
        if !moved {
            there = aim.go(&main);
        }
        if moved || there == aim || looks == LOOKS {
            let done = shown.borrow_mut().on_the_way.take();
            drop(done);
        }
    })
}
