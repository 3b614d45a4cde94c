use chrono::{DateTime, TimeDelta, Utc};
use guanxi_api::Instant;
use yew::prelude::*;

use super::tree::filter_in_words;
use super::{
    Button, Check, Choice, Combobox, DateField, Icon, IconButton, InputKind, Look, Popover, Search, Select,
    TextField, read_date,
};
use crate::dom;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::parts::{LazyFilterDialog, LazyTermForm};

/// How a field is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    In,
    /// Of a set of codes: has one of them.
    Has,
    Eq,
    Ne,
    Starts,
    Ge,
    Le,
    Gt,
    Lt,
    Missing,
    Present,
}

impl Operator {
    const ALL: [Operator; 11] = [
        Operator::In,
        Operator::Has,
        Operator::Eq,
        Operator::Ne,
        Operator::Starts,
        Operator::Ge,
        Operator::Le,
        Operator::Gt,
        Operator::Lt,
        Operator::Missing,
        Operator::Present,
    ];

    const fn code(self) -> &'static str {
        match self {
            Operator::In => "in",
            Operator::Has => "has",
            Operator::Eq => "eq",
            Operator::Ne => "ne",
            Operator::Gt => "gt",
            Operator::Starts => "starts",
            Operator::Ge => "ge",
            Operator::Le => "le",
            Operator::Lt => "lt",
            Operator::Missing => "missing",
            Operator::Present => "present",
        }
    }

    fn words(self, date: bool, i: I18n) -> AttrValue {
        i.t(match self {
            Operator::In | Operator::Has => Msg::FilterIn,
            Operator::Eq => Msg::FilterEq,
            Operator::Ne => Msg::RuleIsNot,
            Operator::Gt => Msg::RuleGt,
            Operator::Starts => Msg::FilterStarts,
            Operator::Ge if date => Msg::FilterFrom,
            Operator::Le if date => Msg::FilterUntil,
            Operator::Lt if date => Msg::FilterBefore,
            Operator::Ge => Msg::FilterGe,
            Operator::Le => Msg::FilterLe,
            Operator::Lt => Msg::FilterLt,
            Operator::Missing => Msg::FilterMissing,
            Operator::Present => Msg::FilterPresent,
        })
    }

    const fn takes_value(self) -> bool {
        !matches!(self, Operator::Missing | Operator::Present)
    }
}

/// What a field holds.
#[derive(Clone, PartialEq, Debug)]
pub enum FilterKind {
    /// Codes and their words.
    Codes(Vec<(AttrValue, AttrValue)>),
    /// The same, of which a customer may have any number.
    Set(Vec<(AttrValue, AttrValue)>),
    /// Ids of things that are found by typing, there being too many to list, and the names of those that are known.
    Found {
        search: Callback<Search>,
        names: Vec<(AttrValue, AttrValue)>,
    },
    Text,
    Number,
    Date,
    /// An instant, of which people choose the day.
    Moment,
    /// An instant, of which people say how many days ago it was.
    Ago,
}

/// A field that can be filtered by.
#[derive(Clone, PartialEq, Debug)]
pub struct FilterField {
    /// Its name in the filter grammar.
    pub key: AttrValue,
    pub label: AttrValue,
    pub kind: FilterKind,
    /// Customers may lack it.
    pub nullable: bool,
}

impl FilterField {
    /// A value in words.
    fn words(&self, value: &AttrValue, i: I18n) -> AttrValue {
        let named = |names: &[(AttrValue, AttrValue)]| {
            names.iter().find(|(code, _)| code == value).map(|(_, words)| words.clone())
        };
        match &self.kind {
            FilterKind::Codes(codes) | FilterKind::Set(codes) => {
                named(codes).unwrap_or_else(|| value.clone())
            }
            // An id says nothing to anyone.
            FilterKind::Found { names, .. } => named(names).unwrap_or_else(|| "…".into()),
            FilterKind::Number => i.figure(value).into(),
            FilterKind::Ago => match days_ago(value) {
                Some(count) => i.t(Msg::FilterDaysAgo { count }),
                None => moment_words(value, i),
            },
            FilterKind::Moment => moment_words(value, i),
            FilterKind::Text | FilterKind::Date => value.clone(),
        }
    }

    const fn is_of_time(&self) -> bool {
        matches!(self.kind, FilterKind::Date | FilterKind::Moment | FilterKind::Ago)
    }

    /// Whether its values stand without quotes; a text that looks like a figure does not.
    const fn holds_figures(&self) -> bool {
        matches!(self.kind, FilterKind::Number)
    }

    /// A typed value as the grammar has it; nothing for what is no such value.
    fn read(&self, typed: &str, operator: Operator, i: I18n) -> Option<AttrValue> {
        let typed = typed.trim();
        match self.kind {
            FilterKind::Number => {
                let bare = typed.replace([',', '，', ' ', '\u{a0}'], "");
                is_figure(&bare).then(|| bare.into())
            }
            FilterKind::Ago => {
                let known = days_ago(typed).is_some() || read_moment(typed).is_some();
                let days = typed.parse::<u16>().ok().map(|days| format!("now-{days}d").into());
                if known { Some(typed.to_owned().into()) } else { days }
            }
            FilterKind::Date => read_date(typed).map(|date| date.to_string().into()),
            FilterKind::Moment => {
                let day = match read_moment(typed) {
                    Some(known) => i.day_of(known)?,
                    None => read_date(typed)?,
                };
                // A day counts from its first instant, and up to its last one.
                let at = match operator {
                    Operator::Le => Instant(
                        i.instant(day.succ_opt()?.and_hms_opt(0, 0, 0)?)?.0 - TimeDelta::microseconds(1),
                    ),
                    _ => i.instant(day.and_hms_opt(0, 0, 0)?)?,
                };
                Some(at.to_string().into())
            }
            _ => (!typed.is_empty()).then(|| typed.to_owned().into()),
        }
    }

    /// How it can be compared, as codes and words.
    pub fn comparisons(&self, i: I18n) -> Vec<(AttrValue, AttrValue)> {
        let time = self.is_of_time();
        self.operators().iter().map(|o| (o.code().into(), o.words(time, i))).collect()
    }

    fn operators(&self) -> Vec<Operator> {
        let mut list = match self.kind {
            FilterKind::Codes(_) | FilterKind::Found { .. } => vec![Operator::In],
            FilterKind::Set(_) => vec![Operator::Has],
            FilterKind::Text => vec![Operator::Eq, Operator::Ne, Operator::Starts],
            FilterKind::Number => vec![Operator::Ge, Operator::Le, Operator::Gt, Operator::Lt],
            FilterKind::Date | FilterKind::Moment => vec![Operator::Ge, Operator::Le],
            FilterKind::Ago => vec![Operator::Lt, Operator::Ge],
        };
        if self.nullable {
            list.extend([Operator::Missing, Operator::Present]);
        }
        list
    }
}

/// One comparison.
#[derive(Clone, PartialEq, Debug)]
pub struct FilterTerm {
    pub field: AttrValue,
    pub operator: Operator,
    pub values: Vec<AttrValue>,
    /// Its field holds figures.
    pub(super) figures: bool,
}

/// Whether a text is a decimal figure. Reading it as a float would bring tables of ten kilobytes into the app.
fn is_figure(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    [whole, part].iter().all(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// The days of what is so many days ago.
fn days_ago(text: &str) -> Option<&str> {
    let days = text.strip_prefix("now-")?.strip_suffix('d')?;
    (!days.is_empty() && days.bytes().all(|b| b.is_ascii_digit())).then_some(days)
}

fn read_moment(text: &str) -> Option<Instant> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| Instant(at.with_timezone(&Utc)))
}

/// The day of an instant, and its minute where it is neither the day's first nor its last one.
fn moment_words(value: &AttrValue, i: I18n) -> AttrValue {
    let Some(at) = read_moment(value) else { return value.clone() };
    let minute = i.minute(at);
    let day = [" 00:00", " 23:59"].iter().find_map(|edge| minute.strip_suffix(edge)).map(str::to_owned);
    day.unwrap_or(minute).into()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl FilterTerm {
    /// In the API's grammar. Figures and truth values stand without quotes.
    pub(super) fn write(&self) -> String {
        let literal = |text: &AttrValue| {
            let truth = self.operator == Operator::In && matches!(text.as_str(), "true" | "false");
            let bare = truth || (self.figures && is_figure(text));
            if bare { text.to_string() } else { quoted(text) }
        };
        let field = &self.field;
        let first = self.values.first().map(literal).unwrap_or_default();
        match self.operator {
            Operator::Missing => format!("{field} eq null"),
            Operator::Present => format!("{field} ne null"),
            Operator::In if self.values.len() == 1 => format!("{field} eq {first}"),
            Operator::Has if self.values.len() == 1 => format!("{field} has {first}"),
            Operator::In | Operator::Has => {
                let list: Vec<String> = self.values.iter().map(literal).collect();
                format!("{field} in ({})", list.join(","))
            }
            other => format!("{field} {} {first}", other.code()),
        }
    }

    pub(super) fn in_words(&self, field: &FilterField, i: I18n) -> AttrValue {
        let values: Vec<String> = self.values.iter().map(|value| field.words(value, i).to_string()).collect();
        let (words, joined) =
            (self.operator.words(field.is_of_time(), i), values.join(&i.t(Msg::CommonListComma)));
        format!("{} {words} {joined}", field.label).into()
    }

    /// A filter in words; as it stands where it speaks of something else.
    pub fn all_in_words(text: &str, fields: &[FilterField], i: I18n) -> Vec<AttrValue> {
        let Some(terms) = FilterTerm::read_all(text, fields) else {
            return vec![filter_in_words(text, fields, i).unwrap_or_else(|| text.to_owned().into())];
        };
        let field = |term: &FilterTerm| fields.iter().find(|field| field.key == term.field);
        terms.iter().filter_map(|term| Some(term.in_words(field(term)?, i))).collect()
    }

    /// A comparison of a field to begin with.
    pub fn of(field: &FilterField) -> Self {
        let operator = field.operators().first().copied().unwrap_or(Operator::Eq);
        FilterTerm { field: field.key.clone(), operator, values: Vec::new(), figures: field.holds_figures() }
    }

    /// With its values as the grammar has them; nothing while it is not complete.
    pub fn settled(&self, field: &FilterField, i: I18n) -> Option<Self> {
        let values = match (self.operator.takes_value(), self.values.is_empty()) {
            (false, _) => Vec::new(),
            (true, true) => return None,
            (true, false) => self
                .values
                .iter()
                .map(|value| field.read(value, self.operator, i))
                .collect::<Option<Vec<_>>>()?,
        };
        Some(FilterTerm { values, ..self.clone() })
    }

    /// Compared in the way of a code.
    pub fn compared_by(&self, code: &str) -> Option<Self> {
        let operator = Operator::ALL.into_iter().find(|operator| operator.code() == code)?;
        Some(FilterTerm { operator, ..self.clone() })
    }

    /// The code of how it compares.
    pub fn operator_code(&self) -> &'static str {
        self.operator.code()
    }

    /// All terms must hold.
    pub fn write_all(terms: &[FilterTerm]) -> String {
        terms.iter().map(FilterTerm::write).collect::<Vec<_>>().join(" and ")
    }

    /// Reads what `write_all` has written; `None` for anything that is not a plain list of comparisons of known fields.
    pub fn read_all(text: &str, fields: &[FilterField]) -> Option<Vec<FilterTerm>> {
        let mut words = Words::of(text);
        let mut terms = Vec::new();
        while !words.is_empty() {
            if !terms.is_empty() && !words.take_word("and") {
                return None;
            }
            terms.push(FilterTerm::read(&mut words, fields)?);
        }
        Some(terms)
    }

    /// Reads one comparison.
    pub(super) fn read(words: &mut Words<'_>, fields: &[FilterField]) -> Option<FilterTerm> {
        let name = words.word()?;
        let field = fields.iter().find(|field| field.key == name)?;
        let operator = words.word()?;
        let codes = matches!(field.kind, FilterKind::Codes(_) | FilterKind::Found { .. });
        let set = matches!(field.kind, FilterKind::Set(_));
        let known = |operator: Operator| field.operators().contains(&operator);
        let (operator, values) = match operator {
            "in" if set => (Operator::Has, words.list()?),
            "has" if set => (Operator::Has, vec![words.literal()?]),
            "in" => (Operator::In, words.list()?),
            "eq" | "ne" if words.take("null") => {
                (if operator == "eq" { Operator::Missing } else { Operator::Present }, Vec::new())
            }
            "eq" if codes => (Operator::In, vec![words.literal()?]),
            "eq" => (Operator::Eq, vec![words.literal()?]),
            "ne" if known(Operator::Ne) => (Operator::Ne, vec![words.literal()?]),
            "starts" => (Operator::Starts, vec![words.literal()?]),
            "ge" => (Operator::Ge, vec![words.literal()?]),
            "le" => (Operator::Le, vec![words.literal()?]),
            "gt" if known(Operator::Gt) => (Operator::Gt, vec![words.literal()?]),
            "lt" if known(Operator::Lt) => (Operator::Lt, vec![words.literal()?]),
            _ => return None,
        };
        Some(FilterTerm { field: field.key.clone(), operator, values, figures: field.holds_figures() })
    }
}

/// What is left of a filter that is being read.
pub(super) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Words { rest: text.trim() }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes this word, if it is the next one.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let before = self.rest;
        let found = self.word() == Some(word);
        if !found {
            self.rest = before;
        }
        found
    }

    fn word(&mut self) -> Option<&'a str> {
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        (!word.is_empty()).then_some(word)
    }

    pub(super) fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn literal(&mut self) -> Option<AttrValue> {
        let Some(inside) = self.rest.strip_prefix('"') else {
            return self.word().map(|w| w.to_owned().into());
        };
        let mut text = String::new();
        let mut letters = inside.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.rest = inside.get(at + 1..)?.trim_start();
                    return Some(text.into());
                }
                '\\' => text.push(letters.next()?.1),
                other => text.push(other),
            }
        }
        None
    }

    fn list(&mut self) -> Option<Vec<AttrValue>> {
        if !self.take("(") {
            return None;
        }
        let mut values = vec![self.literal()?];
        while self.take(",") {
            values.push(self.literal()?);
        }
        self.take(")").then_some(values)
    }
}

#[derive(Properties, PartialEq)]
pub struct FilterChipsProps {
    pub fields: Vec<FilterField>,
    pub terms: Vec<FilterTerm>,
    pub onchange: Callback<Vec<FilterTerm>>,
    /// A filter that is more than a list of comparisons.
    #[prop_or_default]
    pub foreign: Option<AttrValue>,
    /// Takes any filter, which is put together in a dialog.
    #[prop_or_default]
    pub onfilter: Option<Callback<String>>,
}

/// The comparisons a list is narrowed by: each can be changed and dropped, more can be added.
#[function_component]
pub fn FilterChips(props: &FilterChipsProps) -> Html {
    let i = use_i18n();
    let (fields, terms, onchange) = (&props.fields, &props.terms, &props.onchange);
    let chip = |(index, term): (usize, &FilterTerm)| {
        let field = fields.iter().find(|field| field.key == term.field)?;
        let values: Vec<String> = term.values.iter().map(|value| field.words(value, i).to_string()).collect();
        let joined = values.join(&i.t(Msg::CommonListComma));
        let drop = cb!((terms, onchange), |_: MouseEvent| {
            let mut next = terms.clone();
            next.remove(index);
            onchange.emit(next);
        });
        let body = {
            let (fields, term, terms, onchange) =
                (fields.clone(), term.clone(), terms.clone(), onchange.clone());
            Callback::from(move |shut: Callback<()>| {
                let apply = cb!((terms, onchange, shut), |term: FilterTerm| {
                    let mut next = terms.clone();
                    if let Some(place) = next.get_mut(index) {
                        *place = term;
                    }
                    shut.emit(());
                    onchange.emit(next);
                });
                html! { <LazyTermForm fields={fields.clone()} start={term.clone()} onapply={apply} /> }
            })
        };
        let label = term.in_words(field, i);
        // The others stay what they are when one is left out, and the focus finds its neighbour.
        let earlier = terms.iter().take(index).filter(|other| other.field == term.field).count();
        Some(html! {
            <span class="chip" key={format!("{}-{earlier}", term.field)}>
                <Popover label={i.t(Msg::FilterChange)} {body} class={classes!("chip__edit")} button={html! {
                    <><span>{ &field.label }{ " " }{ term.operator.words(field.is_of_time(), i) }</span><b>{ joined }</b></>
                }} />
                <button type="button" class="chip__drop" onclick={drop} aria-label={i.t(Msg::FilterDrop { filter: &label })} title={i.t(Msg::FilterDrop { filter: &label })}>{ Icon::X.draw() }</button>
            </span>
        })
    };
    let add = {
        let (fields, terms, onchange) = (fields.clone(), terms.clone(), onchange.clone());
        Callback::from(move |shut: Callback<()>| {
            let apply = cb!((terms, onchange, shut), |term: FilterTerm| {
                let mut next = terms.clone();
                next.push(term);
                shut.emit(());
                onchange.emit(next);
            });
            html! { <LazyTermForm fields={fields.clone()} onapply={apply} /> }
        })
    };
    let clear = cb!((onchange), |_: MouseEvent| onchange.emit(Vec::new()));
    let advanced = use_state(|| false);
    let open = cb!((advanced), |_: MouseEvent| advanced.set(true));
    let foreign = |text: &AttrValue| {
        let words = filter_in_words(text, fields, i);
        let editable = words.is_some() && props.onfilter.is_some();
        let (class, shown) = match words {
            Some(words) => (None, words),
            None => (Some("mono"), text.clone()),
        };
        html! {
            <span class="chip"><button type="button" class="chip__edit" disabled={!editable} onclick={open.clone()}><b {class}>{ shown }</b></button></span>
        }
    };
    let dialog = props.onfilter.as_ref().filter(|_| *advanced).map(|onfilter| {
        let text = props.foreign.clone().unwrap_or_else(|| FilterTerm::write_all(terms).into());
        let onapply = cb!((advanced, onfilter), |text: String| {
            advanced.set(false);
            onfilter.emit(text);
        });
        html! { <LazyFilterDialog fields={fields.clone()} {text} {onapply} onclose={cb!((advanced), |()| advanced.set(false))} /> }
    });
    html! {
        <>
            if let Some(text) = &props.foreign { { foreign(text) } }
            { for terms.iter().enumerate().filter_map(chip) }
            <Popover label={i.t(Msg::FilterAdd)} body={add} class={classes!("button", "button--quiet", "button--small")}
                button={html! { <>{ Icon::ListFilter.draw() }<span>{ i.t(Msg::FilterAdd) }</span></> }} />
            if props.onfilter.is_some() {
                <Button small=true look={Look::Quiet} icon={Icon::Network} onclick={open.clone()}>{ i.t(Msg::FilterAdvanced) }</Button>
            }
            if !terms.is_empty() || props.foreign.is_some() {
                <Button small=true look={Look::Quiet} onclick={clear}>{ i.t(Msg::FilterClear) }</Button>
            }
            { dialog.unwrap_or_default() }
        </>
    }
}

#[derive(Clone, Properties, PartialEq)]
pub struct TermFormProps {
    pub fields: Vec<FilterField>,
    #[prop_or_default]
    pub start: Option<FilterTerm>,
    pub onapply: Callback<FilterTerm>,
}

/// Which field, how it is compared, and with what.
#[function_component]
pub fn TermForm(props: &TermFormProps) -> Html {
    let i = use_i18n();
    let term = use_state(|| props.start.clone().or_else(|| props.fields.first().map(FilterTerm::of)));
    // It may come later than what it stands in has opened.
    use_effect_with((), |()| dom::focus("filter-field"));
    let Some(now) = (*term).clone() else { return html!() };
    let Some(field) = props.fields.iter().find(|field| field.key == now.field).cloned() else {
        return html!();
    };
    let fields = &props.fields;
    let choose_field = cb!((term, fields), |key: String| {
        if let Some(field) = fields.iter().find(|field| field.key == key) {
            term.set(Some(FilterTerm::of(field)));
        }
    });
    let choose_operator = cb!((term, now), |code: String| {
        if let Some(next) = now.compared_by(&code) {
            term.set(Some(next));
        }
    });
    let set_values = cb!((term, now), |values: Vec<AttrValue>| {
        term.set(Some(FilterTerm { values, ..now.clone() }));
    });
    let settled = now.settled(&field, i);
    let complete = settled.is_some();
    let onapply = &props.onapply;
    let onsubmit = cb!((onapply, settled), |event: SubmitEvent| {
        event.prevent_default();
        if let Some(term) = settled.clone() {
            onapply.emit(term);
        }
    });
    let operators = field.comparisons(i);
    html! {
        <form class="form" {onsubmit}>
            <Select id="filter-field" label={i.t(Msg::FilterField)} value={now.field.clone()} onchange={choose_field}
                options={props.fields.iter().map(|f| (f.key.clone(), f.label.clone())).collect::<Vec<_>>()} />
            if operators.len() > 1 {
                <Select id="filter-operator" label={i.t(Msg::FilterOperator)} value={now.operator.code()} onchange={choose_operator} options={operators} />
            }
            <TermValue id="filter-value" label={i.t(Msg::FilterValue)} field={field.clone()} term={now.clone()} onchange={set_values} />
            <Button submit=true look={Look::Primary} disabled={!complete}>{ i.t(Msg::FilterApply) }</Button>
        </form>
    }
}

#[derive(Properties, PartialEq)]
pub struct TermValueProps {
    pub id: AttrValue,
    pub label: AttrValue,
    /// The label is heard and not seen.
    #[prop_or_default]
    pub quiet: bool,
    pub field: FilterField,
    pub term: FilterTerm,
    /// Is given the values as they are typed or chosen.
    pub onchange: Callback<Vec<AttrValue>>,
}

/// What a field is compared with.
#[function_component]
pub fn TermValue(props: &TermValueProps) -> Html {
    let i = use_i18n();
    // The names of what was just found, which the field does not know yet.
    let picked = use_state(Vec::<(AttrValue, AttrValue)>::new);
    let TermValueProps { field, term: now, onchange: set_values, .. } = props;
    if !now.operator.takes_value() {
        return html!();
    }
    let (id, quiet_label) = (props.id.clone(), props.quiet);
    let type_value = cb!((set_values), |text: String| set_values.emit(vec![text.into()]));
    let value = now.values.first().cloned().unwrap_or_default();
    // Of choices the field itself is the better name where it is not beside them.
    let own = if quiet_label { props.label.clone() } else { field.label.clone() };
    match &field.kind {
        FilterKind::Codes(codes) | FilterKind::Set(codes) => html! {
            <div class="checks" role="group" aria-label={own}>
                { for codes.iter().map(|(code, words)| {
                    let onchange = cb!((set_values, now, code), |on: bool| {
                        let mut values: Vec<AttrValue> = now.values.iter().filter(|v| **v != code).cloned().collect();
                        if on {
                            values.push(code.clone());
                        }
                        set_values.emit(values);
                    });
                    html! { <Check label={words} checked={now.values.contains(code)} {onchange} /> }
                }) }
            </div>
        },
        FilterKind::Found { search, .. } => {
            let onchoose =
                cb!((set_values, now, picked), |choice: Option<Choice>| if let Some(choice) = choice {
                    let mut values: Vec<AttrValue> =
                        now.values.iter().filter(|v| **v != choice.key).cloned().collect();
                    values.push(choice.key.clone());
                    picked.set(picked.iter().cloned().chain([(choice.key, choice.text)]).collect());
                    set_values.emit(values);
                });
            let name = |value: &AttrValue| {
                let own = picked.iter().find(|(key, _)| key == value).map(|(_, name)| name.clone());
                own.unwrap_or_else(|| field.words(value, i))
            };
            html! {
                <>
                    <Combobox {id} label={own} search={search.clone()} {onchoose} />
                    if !now.values.is_empty() {
                        <ul class="picks">
                            { for now.values.iter().map(|value| {
                                let name = name(value);
                                let remove = cb!((set_values, now, value), |_: MouseEvent| {
                                    set_values.emit(now.values.iter().filter(|v| **v != value).cloned().collect());
                                });
                                html! {
                                    <li key={value.to_string()}><span>{ &name }</span>
                                        <IconButton small=true icon={Icon::X} label={i.t(Msg::FilterLeaveOut { name: &name })} onclick={remove} /></li>
                                }
                            }) }
                        </ul>
                    }
                </>
            }
        }
        FilterKind::Date | FilterKind::Moment => {
            // An instant is chosen by its day.
            let value =
                read_moment(&value).and_then(|at| i.day_of(at)).map_or(value, |day| day.to_string().into());
            html! { <DateField {id} label={&props.label} {quiet_label} {value} oninput={type_value} required=true /> }
        }
        FilterKind::Ago => {
            let value = days_ago(&value).map_or(value.clone(), |days| days.to_owned().into());
            html! { <TextField {id} label={i.t(Msg::FilterDays)} {value} oninput={type_value} kind={InputKind::Number} /> }
        }
        FilterKind::Number => {
            // The figure read aloud: it is easy to type a nought too many.
            let hint =
                field.read(&value, now.operator, i).map(|figure| AttrValue::from(i.short_figure(&figure)));
            html! { <TextField {id} label={&props.label} {quiet_label} {value} oninput={type_value} kind={InputKind::Number} {hint} /> }
        }
        FilterKind::Text => {
            html! { <TextField {id} label={&props.label} {quiet_label} {value} oninput={type_value} /> }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_and_dates_are_read_as_people_type_them() {
        let field = |kind| FilterField { key: "f".into(), label: "f".into(), kind, nullable: false };
        let (number, date) = (field(FilterKind::Number), field(FilterKind::Date));
        let i = I18n { lang: crate::i18n::Lang::En };
        let read = |field: &FilterField, text: &str| field.read(text, Operator::Ge, i);
        assert_eq!(read(&number, " 1,000,000.5 ").as_deref(), Some("1000000.5"));
        for no_figure in ["", "-", "ten", "inf", "1.2.3", ".5", "5."] {
            assert_eq!(read(&number, no_figure), None, "{no_figure}");
        }
        assert_eq!(read(&date, "2026/1/5").as_deref(), Some("2026-01-05"));
        assert_eq!(read(&date, "soon"), None);
        let ago = field(FilterKind::Ago);
        assert_eq!(read(&ago, "14").as_deref(), Some("now-14d"));
        assert_eq!(read(&ago, "now-14d").as_deref(), Some("now-14d"));
        assert_eq!(read(&ago, "a week"), None);
    }

    #[test]
    fn a_filter_is_read_as_it_was_written() {
        let field = |key: &'static str, kind| FilterField {
            key: key.into(),
            label: key.into(),
            kind,
            nullable: true,
        };
        let fields = [
            field("tier", FilterKind::Codes(vec![])),
            field("city", FilterKind::Text),
            field("aum", FilterKind::Number),
            field("at", FilterKind::Moment),
            field("last", FilterKind::Ago),
            field("segment", FilterKind::Set(vec![])),
        ];
        let term = |field: &'static str, operator, values: &[&'static str]| FilterTerm {
            field: field.into(),
            operator,
            values: values.iter().map(|v| AttrValue::from(*v)).collect(),
            figures: field == "aum",
        };
        let terms = [
            term("tier", Operator::In, &["gold", "private"]),
            term("tier", Operator::In, &["mass"]),
            term("city", Operator::Starts, &["a \"b\" \\ c"]),
            term("aum", Operator::Ge, &["100000.5"]),
            term("aum", Operator::Lt, &["200000"]),
            term("aum", Operator::Missing, &[]),
            term("segment", Operator::Has, &["hmt"]),
            term("segment", Operator::Has, &["hmt", "retiree"]),
            term("at", Operator::Ge, &["2026-11-22T16:00:00.000000Z"]),
            term("last", Operator::Lt, &["now-14d"]),
        ];
        let text = FilterTerm::write_all(&terms);
        assert_eq!(
            text,
            r#"tier in ("gold","private") and tier eq "mass" and city starts "a \"b\" \\ c" and aum ge 100000.5 and aum lt 200000 and aum eq null and segment has "hmt" and segment in ("hmt","retiree") and at ge "2026-11-22T16:00:00.000000Z" and last lt "now-14d""#
        );
        assert_eq!(FilterTerm::read_all(&text, &fields).as_deref(), Some(&terms[..]));
        for foreign in [
            r#"tier eq "gold" or tier eq "mass""#,
            "unknown eq 1",
            "(tier eq null)",
            "city eq \"open",
            "city lt 1",
            "city has \"x\"",
        ] {
            assert_eq!(FilterTerm::read_all(foreign, &fields), None, "{foreign}");
        }
    }

    #[test]
    fn a_figure_stands_bare_where_the_field_holds_figures() {
        let field = |key: &'static str, kind| FilterField {
            key: key.into(),
            label: key.into(),
            kind,
            nullable: true,
        };
        let fields = [
            field("rfm_recency", FilterKind::Number),
            field("grade", FilterKind::Text),
            field("archived", FilterKind::Codes(vec![])),
        ];
        let written =
            |text: &str| FilterTerm::read_all(text, &fields).map(|terms| FilterTerm::write_all(&terms));
        for same in [
            "rfm_recency eq 5",
            "rfm_recency in (4,5)",
            r#"grade eq "5""#,
            r#"grade ne "5" and rfm_recency eq 1"#,
            "archived eq true",
        ] {
            assert_eq!(written(same).as_deref(), Some(same));
        }
        assert_eq!(written(r#"rfm_recency eq "5""#).as_deref(), Some("rfm_recency eq 5"));
        let no_figure = r#"rfm_recency eq "5 or rfm_recency eq 4""#;
        assert_eq!(written(no_figure).as_deref(), Some(no_figure));
    }
}
