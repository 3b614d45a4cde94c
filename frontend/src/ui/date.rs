//! A date: typed, or picked in a calendar of the app's own. The browser's calendar speaks the browser's language, not
//! the one that was chosen here.

use chrono::{Datelike, Days, Months, NaiveDate};
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement, HtmlSelectElement};
use yew::prelude::*;

use super::field::{TextFieldProps, described};
use super::{Button, Field, Icon, IconButton, Look};
use crate::dom;
use crate::i18n::{I18n, Msg, use_i18n};

/// Pixels between the field and its calendar, and between the calendar and the window's edge.
const GAP: f64 = 4.0;
/// Below this width of the window the calendar stands in its middle.
const NARROW: f64 = 720.0;
/// Milliseconds after which a date that was left is judged.
const REST: u32 = 250;
/// The years that the calendar offers. A date outside of them can still be typed.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2100;

/// Reads a date as people type it: `2026-11-22`, `2026/1/5`, `20261122`, `2026年1月5日`.
pub fn read_date(text: &str) -> Option<NaiveDate> {
    let text: String = text
        .trim()
        .trim_end_matches('日')
        .chars()
        .map(|c| match c {
            // Digits as a Chinese input method may write them.
            '０'..='９' => char::from_digit(c as u32 - '０' as u32, 10).unwrap_or(c),
            '/' | '.' | '年' | '月' | '－' => '-',
            other => other,
        })
        .collect();
    let parts: Vec<&str> = text.split('-').map(str::trim).collect();
    if parts.iter().any(|part| part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let (year, month, day) = match parts.as_slice() {
        [whole] if whole.len() == 8 => (whole.get(..4)?, whole.get(4..6)?, whole.get(6..)?),
        [year, month, day] if year.len() == 4 && month.len() <= 2 && day.len() <= 2 => (*year, *month, *day),
        _ => return None,
    };
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

/// What a form makes of a typed date: nothing for an empty field, or the words for what is none.
///
/// # Errors
/// The message for the field when the text is no date.
pub fn date_of(text: &str, i: I18n) -> Result<Option<NaiveDate>, AttrValue> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    read_date(text).map(Some).ok_or_else(|| i.t(Msg::CheckDate))
}

/// The six weeks around a month, each from Monday on.
fn weeks(month: NaiveDate) -> Vec<Vec<NaiveDate>> {
    let first = month.with_day(1).unwrap_or(month);
    let before = u64::from(first.weekday().num_days_from_monday());
    let start = first.checked_sub_days(Days::new(before)).unwrap_or(first);
    let days: Vec<NaiveDate> = start.iter_days().take(42).collect();
    days.chunks(7).map(<[NaiveDate]>::to_vec).collect()
}

/// The day that a key leads to.
fn led_to(at: NaiveDate, key: &str, shift: bool) -> Option<NaiveDate> {
    let into_week = u64::from(at.weekday().num_days_from_monday());
    match key {
        "ArrowLeft" => at.checked_sub_days(Days::new(1)),
        "ArrowRight" => at.checked_add_days(Days::new(1)),
        "ArrowUp" => at.checked_sub_days(Days::new(7)),
        "ArrowDown" => at.checked_add_days(Days::new(7)),
        "Home" => at.checked_sub_days(Days::new(into_week)),
        "End" => at.checked_add_days(Days::new(6 - into_week)),
        "PageUp" => at.checked_sub_months(Months::new(if shift { 12 } else { 1 })),
        "PageDown" => at.checked_add_months(Months::new(if shift { 12 } else { 1 })),
        _ => None,
    }
}

/// A date, typed or picked.
#[function_component]
pub fn DateField(props: &TextFieldProps) -> Html {
    let i = use_i18n();
    let open = use_state(|| false);
    // Only what was left is judged; half a date is not wrong yet.
    let left = use_state(|| false);
    let place = use_node_ref();

    let emit = &props.oninput;
    let oninput = cb!((emit, left), |event: InputEvent| {
        left.set(false);
        emit.emit(dom::value_of(&event));
    });
    let judge = use_mut_ref(|| None::<Timeout>);
    let onchange = cb!((emit, left, judge), |event: Event| {
        let typed = dom::value_of(&event);
        // Not at once: the message would push aside the button whose press has just taken the focus away.
        let left = left.clone();
        *judge.borrow_mut() = Some(Timeout::new(REST, move || left.set(true)));
        if let Some(date) = read_date(&typed).map(|date| date.to_string()).filter(|date| *date != typed) {
            emit.emit(date);
        }
    });
    let toggle = cb!((open), |_: MouseEvent| open.set(true));
    let onclose = cb!((open), |()| open.set(false));
    let onchoose = cb!((emit, open, left), |date: Option<NaiveDate>| {
        open.set(false);
        left.set(false);
        emit.emit(date.map(|date| date.to_string()).unwrap_or_default());
    });

    let id = &props.id;
    let wrong = || date_of(&props.value, i).err().filter(|_| *left);
    let error = props.error.clone().or_else(wrong);
    html! {
        <Field {id} label={&props.label} quiet_label={props.quiet_label} optional={props.optional} hint={props.hint.clone()}
            error={error.clone()} class={props.class.clone()}>
            <div class="date" ref={place.clone()}>
                <input class="input" {id} type="text" inputmode="numeric" autocomplete="off" spellcheck="false" value={&props.value} {oninput} {onchange}
                    placeholder={i.t(Msg::DatePattern)} autofocus={props.autofocus} disabled={props.disabled} aria-required={props.required.then_some("true")}
                    aria-invalid={error.is_some().then_some("true")} aria-describedby={described(id, props.hint.is_some(), error.is_some())} />
                <button type="button" class="date__open" onclick={toggle} disabled={props.disabled} aria-haspopup="dialog"
                    aria-expanded={if *open { "true" } else { "false" }} aria-label={i.t(Msg::DateChoose { field: &props.label })}
                    title={i.t(Msg::DateChoose { field: &props.label })}>{ Icon::Calendar.draw() }</button>
                if *open {
                    <Calendar label={i.t(Msg::DateChoose { field: &props.label })} chosen={read_date(&props.value)} {place}
                        clearable={!props.required && !props.value.is_empty()} {onchoose} {onclose} />
                }
            </div>
        </Field>
    }
}

#[derive(Properties, PartialEq)]
struct CalendarProps {
    label: AttrValue,
    chosen: Option<NaiveDate>,
    /// The field that it stands below.
    place: NodeRef,
    clearable: bool,
    onchoose: Callback<Option<NaiveDate>>,
    onclose: Callback<()>,
}

/// A month to pick a day from: the date picker dialog of the ARIA practices.
#[function_component]
fn Calendar(props: &CalendarProps) -> Html {
    let i = use_i18n();
    let today = i.today();
    let at = use_state(|| props.chosen.unwrap_or(today));
    let node = use_node_ref();
    // The keys take the focus along; the buttons and lists above the days keep it.
    let follow = use_mut_ref(|| true);

    use_effect_with((), {
        let (node, place) = (node.clone(), props.place.clone());
        move |()| {
            let dialog = node.cast::<HtmlDialogElement>();
            if let Some(dialog) = dialog.as_ref().filter(|dialog| !dialog.open()) {
                let _ = dialog.show_modal();
                if let Some(place) = place.cast::<HtmlElement>() {
                    stand_below(dialog, &place);
                }
            }
            // Closing before it leaves the page is what gives the focus back.
            move || {
                if let Some(dialog) = dialog {
                    dialog.close();
                }
            }
        }
    });
    use_effect_with(*at, {
        let (node, follow) = (node.clone(), follow.clone());
        move |_| {
            if follow.replace(false)
                && let Some(dialog) = node.cast::<HtmlDialogElement>()
                && let Some(day) = dom::all(&dialog, ".calendar__day[tabindex='0']").first()
            {
                let _ = day.focus();
            }
        }
    });

    // Once someone has chosen in a list, the attributes of its options count no more.
    let (year, month) = (use_node_ref(), use_node_ref());
    use_effect_with((at.year(), at.month()), {
        let lists = (year.clone(), month.clone());
        move |(year, month)| {
            for (list, value) in [(&lists.0, year.to_string()), (&lists.1, month.to_string())] {
                if let Some(list) = list.cast::<HtmlSelectElement>() {
                    list.set_value(&value);
                }
            }
        }
    });

    let onclose = &props.onclose;
    let onkeydown = cb!((at, follow, onclose), |event: KeyboardEvent| {
        // What is around the field must not take these keys for its own.
        event.stop_propagation();
        if event.key() == "Escape" {
            event.prevent_default();
            onclose.emit(());
            return;
        }
        let on_day = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlElement>().ok())
            .is_some_and(|element| element.class_list().contains("calendar__day"));
        if let Some(day) = led_to(*at, &event.key(), event.shift_key()).filter(|_| on_day) {
            event.prevent_default();
            follow.replace(true);
            at.set(day);
        }
    });
    let oncancel = cb!((onclose), |event: Event| {
        event.prevent_default();
        event.stop_propagation();
        onclose.emit(());
    });
    let onmousedown = cb!((onclose, node), |event: MouseEvent| {
        event.stop_propagation();
        // Only what is beside the dialog has the dialog itself as its target and lies outside of its box.
        let beside = node.cast::<HtmlElement>().is_some_and(|dialog| {
            let area = dialog.get_bounding_client_rect();
            let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
            x < area.left() || x > area.right() || y < area.top() || y > area.bottom()
        });
        if beside {
            onclose.emit(());
        }
    });
    let step = |months: i32| {
        cb!((at), |_: MouseEvent| {
            let by = Months::new(months.unsigned_abs());
            let next = if months < 0 { at.checked_sub_months(by) } else { at.checked_add_months(by) };
            at.set(next.unwrap_or(*at));
        })
    };
    // The day stays, or becomes the month's last one.
    let set_month = cb!((at), |event: Event| {
        if let Ok(month) = dom::value_of(&event).parse::<u32>() {
            let first = at.with_day(1).and_then(|first| first.with_month(month));
            at.set(first.and_then(|first| same_day(first, at.day())).unwrap_or(*at));
        }
    });
    let set_year = cb!((at), |event: Event| {
        if let Ok(year) = dom::value_of(&event).parse::<i32>() {
            let first = at.with_day(1).and_then(|first| first.with_year(year));
            at.set(first.and_then(|first| same_day(first, at.day())).unwrap_or(*at));
        }
    });
    let onchoose = &props.onchoose;
    let choose_today = cb!((onchoose), |_: MouseEvent| onchoose.emit(Some(today)));
    let clear = cb!((onchoose), |_: MouseEvent| onchoose.emit(None));

    let cell = |day: &NaiveDate| {
        let day = *day;
        let chosen = props.chosen == Some(day);
        let choose = cb!((onchoose), |_: MouseEvent| onchoose.emit(Some(day)));
        let class = classes!("calendar__day", (day.month() != at.month()).then_some("calendar__day--other"));
        html! {
            <td role="gridcell" aria-selected={if chosen { "true" } else { "false" }}>
                <button type="button" {class} tabindex={if day == *at { "0" } else { "-1" }} onclick={choose} aria-label={i.full_day(day)}
                    aria-current={(day == today).then_some("date")}>{ day.day() }</button>
            </td>
        }
    };
    let weeks = weeks(*at);
    let head = |day: &NaiveDate| html! { <th scope="col" abbr={i.weekday(*day, true)}>{ i.weekday(*day, false) }</th> };
    let years = (*YEARS.start()).min(at.year())..=(*YEARS.end()).max(at.year());
    html! {
        <dialog class="calendar" ref={node} aria-label={&props.label} {onkeydown} {oncancel} {onmousedown}>
            <div class="calendar__head">
                <IconButton small=true icon={Icon::ChevronLeft} label={i.t(Msg::DatePrevious)} onclick={step(-1)} />
                <div class="select"><select class="input" ref={year} aria-label={i.t(Msg::DateYear)} onchange={set_year}>
                    { for years.map(|year| html! { <option value={year.to_string()} selected={year == at.year()}>{ i.t(Msg::DateYearNamed { year: &year.to_string() }) }</option> }) }
                </select></div>
                <div class="select"><select class="input" ref={month} aria-label={i.t(Msg::DateMonth)} onchange={set_month}>
                    { for (1..=12).map(|month| html! { <option value={month.to_string()} selected={month == at.month()}>{ i.month_name(month) }</option> }) }
                </select></div>
                <IconButton small=true icon={Icon::ChevronRight} label={i.t(Msg::DateNext)} onclick={step(1)} />
            </div>
            <table class="calendar__days" role="grid" aria-label={i.month_of(*at)}>
                <thead><tr>{ for weeks.first().into_iter().flatten().map(head) }</tr></thead>
                <tbody>{ for weeks.iter().map(|week| html! { <tr>{ for week.iter().map(cell) }</tr> }) }</tbody>
            </table>
            <div class="calendar__foot">
                <Button small=true look={Look::Quiet} onclick={choose_today}>{ i.t(Msg::DateToday) }</Button>
                if props.clearable { <Button small=true look={Look::Quiet} onclick={clear}>{ i.t(Msg::DateClear) }</Button> }
            </div>
        </dialog>
    }
}

/// The day of a month that begins with `first`, or its last one.
fn same_day(first: NaiveDate, day: u32) -> Option<NaiveDate> {
    (1..=day).rev().find_map(|day| first.with_day(day))
}

/// Puts the calendar below its field, or above it where there is no room below. It lies above everything else, so a
/// dialog or a box that scrolls cuts nothing off.
fn stand_below(dialog: &HtmlDialogElement, place: &HtmlElement) {
    let window = gloo_utils::window();
    let size = |value: Result<wasm_bindgen::JsValue, _>| value.ok().and_then(|v| v.as_f64()).unwrap_or(0.0);
    let (width, height) = (size(window.inner_width()), size(window.inner_height()));
    if width < NARROW {
        return;
    }
    let (field, own) = (place.get_bounding_client_rect(), dialog.get_bounding_client_rect());
    let left = field.left().min(width - own.width() - GAP).max(GAP);
    let below = field.bottom() + GAP;
    let above = field.top() - GAP - own.height();
    let top = if below + own.height() <= height {
        below
    } else if above >= GAP {
        above
    } else {
        (height - own.height() - GAP).max(GAP)
    };
    let style = dialog.style();
    let _ = style.set_property("margin", "0");
    // Whole pixels: the code that writes fractions would weigh more than the calendar.
    let _ = style.set_property("inset", &format!("{}px auto auto {}px", top as i32, left as i32));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn dates_are_read_as_people_type_them() {
        for text in [
            "2026-01-05",
            "2026/1/5",
            "2026.01.05",
            "20260105",
            "2026年1月5日",
            "２０２６－０１－０５",
            " 2026-1-5 ",
        ] {
            assert_eq!(read_date(text), Some(day("2026-01-05")), "{text}");
        }
        for text in
            ["", "2026", "2026-13-01", "2026-02-30", "26-1-5", "1/5/2026", "2026-1", "today", "2026--1-5"]
        {
            assert_eq!(read_date(text), None, "{text}");
        }
    }

    #[test]
    fn a_month_stands_in_six_weeks_from_monday_on() {
        let weeks = weeks(day("2026-11-22"));
        assert_eq!(weeks.len(), 6);
        assert_eq!(weeks[0][0], day("2026-10-26"));
        assert_eq!(weeks[5][6], day("2026-12-06"));
        // A month that begins on a Monday begins in the first cell.
        assert_eq!(super::weeks(day("2026-06-30"))[0][0], day("2026-06-01"));
    }

    #[test]
    fn keys_lead_where_the_practices_say() {
        let at = day("2024-03-31");
        let led = |key, shift| led_to(at, key, shift).unwrap().to_string();
        assert_eq!(led("ArrowLeft", false), "2024-03-30");
        assert_eq!(led("ArrowDown", false), "2024-04-07");
        assert_eq!(led("Home", false), "2024-03-25");
        assert_eq!(led("End", false), "2024-03-31");
        assert_eq!(led("PageUp", false), "2024-02-29");
        assert_eq!(led("PageDown", true), "2025-03-31");
        assert_eq!(led_to(at, "a", false), None);
    }

    #[test]
    fn a_chosen_month_keeps_the_day_or_ends_earlier() {
        assert_eq!(same_day(day("2023-02-01"), 31), Some(day("2023-02-28")));
        assert_eq!(same_day(day("2024-02-01"), 30), Some(day("2024-02-29")));
        assert_eq!(same_day(day("2024-04-01"), 31), Some(day("2024-04-30")));
        assert_eq!(same_day(day("2024-04-01"), 7), Some(day("2024-04-07")));
    }
}
