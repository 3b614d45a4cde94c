use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::{Button, Icon, IconButton, Look, Popover, Select};
use crate::dom;
use crate::i18n::{Msg, use_i18n};

/// What becomes of a column at the width of a phone, where a row is a card.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnPhone {
    /// What the card is about.
    Title,
    /// Beside the title.
    Mark,
    /// Below it.
    Line,
    /// Below it, after its heading: a card has none.
    Named,
    Hidden,
}

impl OnPhone {
    const fn class(self) -> Option<&'static str> {
        match self {
            OnPhone::Title => Some("on-title"),
            OnPhone::Mark => Some("on-mark"),
            OnPhone::Line | OnPhone::Named => Some("on-line"),
            OnPhone::Hidden => None,
        }
    }
}

/// A column of a table.
#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    pub key: AttrValue,
    /// With the unit, where its figures have one.
    pub label: AttrValue,
    /// Figures stand at the right.
    pub number: bool,
    /// The key it sorts by.
    pub sort: Option<AttrValue>,
    pub phone: OnPhone,
    /// Long texts, which share the width that the other columns leave and are cut off there.
    pub long: bool,
}

impl Column {
    /// A column of words.
    pub fn new(key: impl Into<AttrValue>, label: AttrValue) -> Self {
        Column { key: key.into(), label, number: false, sort: None, phone: OnPhone::Hidden, long: false }
    }

    pub fn number(mut self) -> Self {
        self.number = true;
        self
    }

    pub fn long(mut self) -> Self {
        self.long = true;
        self
    }

    pub fn sort(mut self, key: impl Into<AttrValue>) -> Self {
        self.sort = Some(key.into());
        self
    }

    pub fn phone(mut self, phone: OnPhone) -> Self {
        self.phone = phone;
        self
    }
}

/// A row: one cell for each column.
#[derive(Clone, PartialEq)]
pub struct Row {
    pub key: AttrValue,
    /// What the row is about, for those who hear its box.
    pub name: AttrValue,
    pub cells: Vec<Html>,
    /// Set back, such as what is archived.
    pub off: bool,
}

/// Which rows are chosen, by their keys.
#[derive(Clone, PartialEq)]
pub struct Selection {
    pub chosen: Rc<Vec<AttrValue>>,
    /// These rows become chosen, or are chosen no more.
    pub onchange: Callback<(Vec<AttrValue>, bool)>,
}

/// By what a table is sorted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sort {
    pub key: AttrValue,
    pub descending: bool,
}

impl Sort {
    /// As the API writes it.
    pub fn read(text: &str) -> Self {
        match text.strip_prefix('-') {
            Some(key) => Sort { key: key.to_owned().into(), descending: true },
            None => Sort { key: text.to_owned().into(), descending: false },
        }
    }

    /// As the API reads it.
    pub fn write(&self) -> String {
        format!("{}{}", if self.descending { "-" } else { "" }, self.key)
    }
}

#[derive(Properties, PartialEq)]
pub struct TableProps {
    /// What the table lists.
    pub caption: AttrValue,
    pub columns: Rc<Vec<Column>>,
    pub rows: Vec<Row>,
    #[prop_or_default]
    pub sort: Option<Sort>,
    #[prop_or_default]
    pub onsort: Callback<Sort>,
    /// Newer rows are on their way.
    #[prop_or_default]
    pub stale: bool,
    /// A frame of its own instead of the full width of the page.
    #[prop_or_default]
    pub plain: bool,
    /// The letters J and K move between rows.
    #[prop_or_default]
    pub letters: bool,
    /// Rows can be chosen: by their boxes, with Space, and in ranges with Shift.
    #[prop_or_default]
    pub selection: Option<Selection>,
}

/// A table of what the server sends, page by page. Arrow keys move between the links of the rows.
#[function_component]
pub fn Table(props: &TableProps) -> Html {
    let i = use_i18n();
    let node = use_node_ref();
    let links = |root: &Element| dom::all(root, "tbody .table__link");
    // Where a range begins, and whether Shift is held while a box is pressed.
    let anchor = use_mut_ref(|| None::<AttrValue>);
    let shifted = use_mut_ref(|| false);
    let keys: Rc<Vec<AttrValue>> = Rc::new(props.rows.iter().map(|row| row.key.clone()).collect());
    let choose = props.selection.clone().map(|selection| {
        let (keys, anchor) = (keys.clone(), anchor.clone());
        Callback::from(move |(key, range): (AttrValue, bool)| {
            let find = |key: &AttrValue| keys.iter().position(|other| other == key);
            let from = anchor.borrow().as_ref().filter(|_| range).and_then(find);
            match (from, find(&key)) {
                // A range takes on what its beginning is.
                (Some(from), Some(to)) => {
                    let on = keys.get(from).is_some_and(|first| selection.chosen.contains(first));
                    let all = keys.get(from.min(to)..=from.max(to)).unwrap_or_default();
                    selection.onchange.emit((all.to_vec(), on));
                }
                _ => {
                    let on = !selection.chosen.contains(&key);
                    anchor.replace(Some(key.clone()));
                    selection.onchange.emit((vec![key], on));
                }
            }
        })
    });
    let selection = props.selection.clone();
    let onkeydown = cb!((node, choose, anchor, selection, keys), |event: KeyboardEvent| {
        let Some(root) = node.cast::<Element>() else { return };
        let target = event.target().and_then(|t| t.dyn_into::<HtmlElement>().ok());
        let on_link = target.as_ref().is_some_and(|e| e.class_list().contains("table__link"));
        if !on_link {
            return;
        }
        let key_of = |element: &Element| {
            let row = element.closest("tr").ok().flatten()?;
            row.get_attribute("data-key").map(AttrValue::from)
        };
        let here = target.as_deref().and_then(key_of);
        let command = event.ctrl_key() || event.meta_key();
        match (event.key().as_str(), &choose, here) {
            ("ArrowDown" | "ArrowUp", Some(choose), Some(here)) if event.shift_key() => {
                // The range begins at the row that Shift was first pressed on, which belongs to it.
                let begun = anchor.borrow().is_some();
                let chosen = selection.as_ref().is_some_and(|selection| selection.chosen.contains(&here));
                if !begun || !chosen {
                    anchor.replace(Some(here.clone()));
                }
                let step = if event.key() == "ArrowDown" { 1 } else { -1 };
                let at = keys.iter().position(|key| *key == here);
                let next = at.and_then(|at| at.checked_add_signed(step)).and_then(|at| keys.get(at)).cloned();
                dom::move_focus(&links(&root), step, false);
                if let (Some(selection), Some(next)) = (&selection, next) {
                    selection.onchange.emit((vec![here, next], true));
                } else {
                    choose.emit((here, true));
                }
            }
            ("ArrowDown", ..) => dom::move_focus(&links(&root), 1, false),
            ("ArrowUp", ..) => dom::move_focus(&links(&root), -1, false),
            (" ", Some(choose), Some(here)) => choose.emit((here, event.shift_key())),
            ("a", Some(_), _) if command => {
                if let Some(selection) = &selection {
                    selection.onchange.emit((keys.to_vec(), true));
                }
            }
            _ => return,
        }
        event.prevent_default();
    });
    use_effect_with(props.letters, {
        let node = node.clone();
        move |letters| {
            let listener = letters.then(|| {
                dom::on_key(move |event| {
                    let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
                    if modified || dom::composing(event) || dom::typing(event) || dom::dialog_open() {
                        return;
                    }
                    let Some(root) = node.cast::<Element>() else { return };
                    match event.key().as_str() {
                        "j" => dom::move_focus(&links(&root), 1, false),
                        "k" => dom::move_focus(&links(&root), -1, false),
                        _ => {}
                    }
                })
            });
            move || drop(listener)
        }
    });

    let head = |column: &Column| {
        let sorted = props.sort.as_ref().filter(|sort| Some(&sort.key) == column.sort.as_ref());
        let aria = sorted.map(|sort| if sort.descending { "descending" } else { "ascending" });
        html! {
            <th scope="col" class={classes!(column.number.then_some("number"), column.long.then_some("long"))} aria-sort={aria}>
                if let Some(key) = &column.sort {
                    <button type="button" class="table__sort" onclick={{
                        let (onsort, next) = (props.onsort.clone(), Sort { key: key.clone(), descending: sorted.is_some_and(|s| !s.descending) });
                        move |_| onsort.emit(next.clone())
                    }}>
                        { &column.label }
                        { match sorted {
                            Some(sort) if sort.descending => Icon::ArrowDown.draw(),
                            Some(_) => Icon::ArrowUp.draw(),
                            None => Icon::ChevronsUpDown.draw(),
                        } }
                    </button>
                } else {
                    { &column.label }
                }
            </th>
        }
    };
    let cell = |(column, cell): (&Column, &Html)| {
        html! {
            <td class={classes!(column.number.then_some("number"), column.long.then_some("long"), column.phone.class())}
                data-heading={(column.phone == OnPhone::Named).then(|| column.label.clone())}>{ cell.clone() }</td>
        }
    };
    let count =
        props.selection.as_ref().map_or(0, |s| keys.iter().filter(|key| s.chosen.contains(*key)).count());
    let pick_all = props.selection.as_ref().map(|selection| {
        let whole = count == keys.len() && count > 0;
        let onchange = cb!((selection, keys), |_: Event| selection.onchange.emit((keys.to_vec(), !whole)));
        html! {
            <th class="pick"><label><input type="checkbox" checked={whole} ~indeterminate={count > 0 && !whole} {onchange} aria-label={i.t(Msg::TableSelectPage)} /></label></th>
        }
    });
    let pick = |row: &Row| {
        let (Some(selection), Some(choose)) = (&props.selection, &choose) else { return html!() };
        let key = &row.key;
        let onchange = cb!((choose, key, shifted), |_: Event| choose.emit((key.clone(), *shifted.borrow())));
        let onmousedown = cb!((shifted), |event: MouseEvent| {
            shifted.replace(event.shift_key());
            // Otherwise the browser marks the text between the two rows.
            if event.shift_key() {
                event.prevent_default();
            }
        });
        let onkeydown = cb!((shifted), |event: KeyboardEvent| {
            shifted.replace(event.shift_key());
        });
        // Space on the row's link does the same, and one stop for each row is enough on the way through the page.
        html! {
            <td class="pick" {onmousedown} {onkeydown}><label><input type="checkbox" tabindex="-1" checked={selection.chosen.contains(key)} {onchange}
                aria-label={i.t(Msg::TableSelect { name: &row.name })} /></label></td>
        }
    };
    let row = |row: &Row| {
        let chosen = props.selection.as_ref().is_some_and(|selection| selection.chosen.contains(&row.key));
        html! {
            <tr key={row.key.to_string()} data-key={&row.key} class={classes!(row.off.then_some("is-off"), chosen.then_some("is-chosen"))}>
                { pick(row) }
                { for props.columns.iter().zip(&row.cells).map(cell) }
            </tr>
        }
    };
    // Cards have no headings to sort by.
    let by: Vec<(AttrValue, AttrValue)> = props
        .columns
        .iter()
        .filter_map(|column| Some((column.sort.clone()?, column.label.clone())))
        .flat_map(|(key, label)| {
            [(Sort { key: key.clone(), descending: false }, "↑"), (Sort { key, descending: true }, "↓")].map(
                |(sort, arrow)| (AttrValue::from(sort.write()), AttrValue::from(format!("{label} {arrow}"))),
            )
        })
        .collect();
    let choose_sort = {
        let onsort = props.onsort.clone();
        move |text: String| onsort.emit(Sort::read(&text))
    };
    html! {
        <>
        if !by.is_empty() {
            <div class="table-sort">
                <Select id="table-sort" label={i.t(Msg::TableSort)} quiet_label=true options={by} value={props.sort.as_ref().map(Sort::write).unwrap_or_default()}
                    none={props.sort.is_none().then(|| i.t(Msg::TableSort))} onchange={choose_sort} />
            </div>
        }
        <div class={classes!("table-box", props.plain.then_some("table-box--plain"))} ref={node} {onkeydown} tabindex="0" role="region" aria-label={&props.caption}>
            <table class={classes!("table", "table--cards", props.selection.is_some().then_some("table--pick"), props.stale.then_some("table--stale"))} aria-busy={props.stale.then_some("true")}>
                <caption class="sr-only">{ &props.caption }{ i.t(if props.selection.is_some() { Msg::TableCaptionPick } else { Msg::TableCaptionHelp }) }</caption>
                <thead><tr>{ pick_all.unwrap_or_default() }{ for props.columns.iter().map(head) }</tr></thead>
                <tbody>
                    { for props.rows.iter().map(row) }
                </tbody>
            </table>
        </div>
        </>
    }
}

#[derive(Properties, PartialEq)]
pub struct PaginationProps {
    /// How many rows came before this page.
    pub before: u32,
    /// How many this page has.
    pub rows: u32,
    /// All rows, if counted, and whether that is exact.
    #[prop_or_default]
    pub total: Option<(u32, bool)>,
    /// Nothing comes after this page, so that all are known without counting.
    #[prop_or_default]
    pub last: bool,
    #[prop_or_default]
    pub oncount: Option<Callback<()>>,
    #[prop_or_default]
    pub onback: Option<Callback<()>>,
    #[prop_or_default]
    pub onnext: Option<Callback<()>>,
}

/// Where one is in a list, back and forward.
#[function_component]
pub fn Pagination(props: &PaginationProps) -> Html {
    let i = use_i18n();
    let (from, to) = (i.number(props.before + 1), i.number(props.before + props.rows));
    let (back, next) = (props.onback.clone(), props.onnext.clone());
    let total = props.total.or_else(|| props.last.then_some((props.before + props.rows, true)));
    html! {
        <nav class="table__foot" aria-label={i.t(Msg::TablePages)}>
            <span role="status">
                if props.rows > 0 { { i.t(Msg::TableRange { from: &from, to: &to }) } }
                if let Some((total, exact)) = total {
                    { " " }{ if exact { i.t(Msg::TableTotal { total: &i.number(total) }) } else { i.t(Msg::TableTotalMore { total: &i.number(total) }) } }
                }
            </span>
            if let (Some(count), None) = (props.oncount.clone(), total) {
                <Button small=true look={Look::Quiet} onclick={move |_| count.emit(())}>{ i.t(Msg::TableCount) }</Button>
            }
            <span class="row">
                <Button small=true disabled={back.is_none()} onclick={move |_| if let Some(back) = &back { back.emit(()) }}>{ i.t(Msg::TableBack) }</Button>
                <Button small=true disabled={next.is_none()} onclick={move |_| if let Some(next) = &next { next.emit(()) }}>{ i.t(Msg::TableNext) }</Button>
            </span>
        </nav>
    }
}

#[derive(Properties, PartialEq)]
pub struct ColumnChooserProps {
    /// Key and words of every column there is.
    pub all: Vec<(AttrValue, AttrValue)>,
    /// The keys of those shown, in order.
    pub shown: Vec<AttrValue>,
    /// A column that is always there.
    pub fixed: AttrValue,
    pub onchange: Callback<Vec<AttrValue>>,
}

/// Chooses the columns of a table and their order.
#[function_component]
pub fn ColumnChooser(props: &ColumnChooserProps) -> Html {
    let i = use_i18n();
    let (all, shown, fixed, onchange) =
        (props.all.clone(), props.shown.clone(), props.fixed.clone(), props.onchange.clone());
    let body = Callback::from(move |_: Callback<()>| {
        let rest = all.iter().filter(|(key, _)| !shown.contains(key));
        let in_order = shown.iter().filter_map(|key| all.iter().find(|(k, _)| k == key)).chain(rest);
        let last = shown.len().saturating_sub(1);
        html! {
            <div class="checks">
                { for in_order.map(|(key, words)| {
                    let at = shown.iter().position(|k| k == key);
                    let toggle = cb!((shown, key, onchange), |_: Event| {
                        let mut next: Vec<AttrValue> = shown.iter().filter(|k| **k != key).cloned().collect();
                        if next.len() == shown.len() {
                            next.push(key.clone());
                        }
                        onchange.emit(next);
                    });
                    let step = |by: isize| cb!((shown, onchange), |_: MouseEvent| {
                        let mut next = shown.clone();
                        if let Some(from) = at {
                            let to = from.saturating_add_signed(by).min(next.len().saturating_sub(1));
                            next.swap(from, to);
                        }
                        onchange.emit(next);
                    });
                    html! {
                        <div key={key.to_string()}>
                            <label><input type="checkbox" checked={at.is_some()} disabled={*key == fixed} onchange={toggle} />{ words }</label>
                            if let Some(at) = at {
                                <IconButton small=true icon={Icon::ArrowUp} label={i.t(Msg::TableColumnUp { column: words })} disabled={at == 0} onclick={step(-1)} />
                                <IconButton small=true icon={Icon::ArrowDown} label={i.t(Msg::TableColumnDown { column: words })} disabled={at == last} onclick={step(1)} />
                            }
                        </div>
                    }
                }) }
            </div>
        }
    });
    html! {
        <Popover end=true label={i.t(Msg::TableColumns)} {body} class={classes!("button", "button--quiet")}
            button={html! { <>{ Icon::Columns.draw() }<span>{ i.t(Msg::TableColumns) }</span></> }} />
    }
}
