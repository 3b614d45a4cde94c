use std::collections::HashMap;

use yew::prelude::*;

use super::filters::{FilterField, FilterTerm, TermValue};
use super::tree::{Edit, FilterGroup, FilterNode};
use super::{Button, Dialog, Icon, IconButton, Look, Notice, Select, Shape};
use crate::dom;
use crate::i18n::{I18n, Msg, use_i18n};

/// How deep groups may lie in each other.
const DEEPEST: usize = 4;
/// Most comparisons of a filter.
const MOST: usize = 20;
/// Most characters of a filter.
const LONGEST: usize = 2048;

/// Which of the members of a group have to hold, as a code to choose.
const JOINS: [(&str, bool, bool, Msg<'static>); 4] = [
    ("all", false, false, Msg::RuleAll),
    ("any", true, false, Msg::RuleAny),
    ("not_all", false, true, Msg::RuleNotAll),
    ("none", true, true, Msg::RuleNone),
];

#[derive(Clone, Properties, PartialEq)]
pub struct FilterDialogProps {
    pub fields: Vec<FilterField>,
    /// The filter as it is.
    pub text: AttrValue,
    /// Is given the filter that the list has from now on.
    pub onapply: Callback<String>,
    pub onclose: Callback<()>,
}

/// A filter put together from comparisons and groups of them.
#[function_component]
pub fn FilterDialog(props: &FilterDialogProps) -> Html {
    let i = use_i18n();
    let FilterDialogProps { fields, text, onapply, onclose } = props;
    let begin = || FilterGroup {
        any: false,
        not: false,
        members: fields.first().map(|field| FilterNode::Term(FilterTerm::of(field))).into_iter().collect(),
    };
    let known = use_memo(text.clone(), |text| FilterGroup::read(text, fields));
    let tree = use_state(|| (*known).clone().unwrap_or_else(begin));
    let strict = use_state(|| false);
    let edit = {
        let (tree, first) = (tree.clone(), begin());
        Callback::from(move |(path, edit): (Vec<usize>, Edit)| {
            let next = (*tree).clone().edited(&path, edit);
            // There is always something to fill in.
            tree.set(if next.members.is_empty() { first.clone() } else { next });
        })
    };
    let settle = |term: &FilterTerm| {
        let field = fields.iter().find(|field| field.key == term.field)?;
        term.settled(field, i)
    };
    let written = tree.with(&settle).map(|tree| tree.write());
    let long = written.as_ref().is_some_and(|text| text.chars().count() > LONGEST);
    let onsubmit = cb!((strict, onapply, written), |event: SubmitEvent| {
        event.prevent_default();
        strict.set(true);
        if let Some(text) = written.clone().filter(|_| !long) {
            onapply.emit(text);
        }
    });
    let close = onclose.clone();
    let unreadable = known.is_none() && !text.trim().is_empty();
    let unfinished = *strict && written.is_none();
    let mut number = 0;
    let drawing = Drawing { i, fields, edit, strict: *strict, full: tree.count() >= MOST };
    html! {
        <Dialog title={i.t(Msg::FilterAdvanced)} shape={Shape::Wide} onclose={onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                <p class="small muted">{ i.t(Msg::FilterAdvancedHelp) }</p>
                if unreadable { <Notice tone="warn">{ i.t(Msg::FilterUnreadable) }</Notice> }
                { drawn(&tree, &[], &mut number, &drawing) }
                <div aria-live="polite">
                    if unfinished { <p class="field__error">{ Icon::CircleAlert.draw() }<span>{ i.t(Msg::RuleUnfinished) }</span></p> }
                    if long { <p class="field__error">{ Icon::CircleAlert.draw() }<span>{ i.t(Msg::FilterTooLong) }</span></p> }
                </div>
                <div class="form__actions">
                    <Button submit=true look={Look::Primary}>{ i.t(Msg::FilterApply) }</Button>
                    <Button look={Look::Quiet} onclick={move |_| close.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Dialog>
    }
}

/// What drawing a tree takes along.
struct Drawing<'a> {
    i: I18n,
    fields: &'a [FilterField],
    edit: Callback<(Vec<usize>, Edit)>,
    strict: bool,
    /// There is room for no more comparisons.
    full: bool,
}

impl Drawing<'_> {
    fn field(&self, key: &str) -> Option<&FilterField> {
        self.fields.iter().find(|field| field.key == key)
    }
}

fn drawn(group: &FilterGroup, path: &[usize], number: &mut usize, with: &Drawing<'_>) -> Html {
    let i = with.i;
    let act = |what: Edit| {
        let (edit, path) = (with.edit.clone(), path.to_vec());
        move |_: MouseEvent| edit.emit((path.clone(), what.clone()))
    };
    let join = {
        let (edit, path) = (with.edit.clone(), path.to_vec());
        Callback::from(move |code: String| {
            if let Some((_, any, not, _)) = JOINS.iter().find(|(known, ..)| *known == code) {
                edit.emit((path.clone(), Edit::Join { any: *any, not: *not }));
            }
        })
    };
    let joined = JOINS.iter().find(|(_, any, not, _)| (*any, *not) == (group.any, group.not));
    let id = format!("filter-group{}", path.iter().map(|n| format!("-{n}")).collect::<String>());
    let members: Vec<Html> = group
        .members
        .iter()
        .enumerate()
        .map(|(n, member)| match member {
            FilterNode::Term(term) => {
                *number += 1;
                drawn_term(term, (path, n), *number, with)
            }
            FilterNode::Group(inner) => {
                let path: Vec<usize> = path.iter().copied().chain([n]).collect();
                html! { <li key={format!("group-{n}")}>{ drawn(inner, &path, number, with) }</li> }
            }
        })
        .collect();
    let first = with.fields.first().map(|field| FilterNode::Term(FilterTerm::of(field)));
    let inner = first
        .clone()
        .map(|first| FilterNode::Group(FilterGroup { any: true, not: false, members: vec![first] }));
    html! {
        <div class="rule__group" role="group" aria-label={i.t(Msg::RuleGroup)}>
            <div class="rule__head">
                <Select {id} label={i.t(Msg::RuleGroup)} quiet_label=true value={joined.map_or("all", |(code, ..)| code)} onchange={join}
                    options={JOINS.iter().map(|(code, _, _, words)| (AttrValue::Static(code), i.t(*words))).collect::<Vec<_>>()} />
                if let Some((last, parent)) = path.split_last() {
                    <IconButton small=true icon={Icon::X} label={i.t(Msg::RuleDropGroup)} onclick={{
                        let (edit, parent, last) = (with.edit.clone(), parent.to_vec(), *last);
                        move |_: MouseEvent| {
                            dom::focus("filter-group");
                            edit.emit((parent.clone(), Edit::Drop(last)));
                        }
                    }} />
                }
            </div>
            <ul class="rule__members">{ for members }</ul>
            <div class="row">
                if let Some(first) = first {
                    <Button small=true icon={Icon::Plus} disabled={with.full} onclick={act(Edit::Add(first))}>{ i.t(Msg::RuleAdd) }</Button>
                }
                if let Some(inner) = inner.filter(|_| path.len() + 1 < DEEPEST) {
                    <Button small=true look={Look::Quiet} icon={Icon::Plus} disabled={with.full} onclick={act(Edit::Add(inner))}>{ i.t(Msg::RuleAddGroup) }</Button>
                }
            </div>
        </div>
    }
}

fn drawn_term(term: &FilterTerm, (path, n): (&[usize], usize), number: usize, with: &Drawing<'_>) -> Html {
    let i = with.i;
    let Some(field) = with.field(&term.field) else { return html!() };
    let set = {
        let (edit, path) = (with.edit.clone(), path.to_vec());
        Callback::from(move |term: FilterTerm| edit.emit((path.clone(), Edit::Set(n, term))))
    };
    let starts: HashMap<AttrValue, FilterTerm> =
        with.fields.iter().map(|field| (field.key.clone(), FilterTerm::of(field))).collect();
    let choose_field = cb!((set), |key: String| {
        if let Some(term) = starts.get(&AttrValue::from(key)) {
            set.emit(term.clone());
        }
    });
    let choose_operator = cb!((set, term), |code: String| {
        if let Some(term) = term.compared_by(&code) {
            set.emit(term);
        }
    });
    let values = cb!((set, term), |values: Vec<AttrValue>| set.emit(FilterTerm { values, ..term.clone() }));
    let wrong = with.strict && term.settled(field, i).is_none();
    let drop = {
        let (edit, path) = (with.edit.clone(), path.to_vec());
        move |_: MouseEvent| {
            // The focus stays among the conditions.
            dom::focus(&format!("filter-{}-field", number.saturating_sub(1).max(1)));
            edit.emit((path.clone(), Edit::Drop(n)));
        }
    };
    let name = number.to_string();
    html! {
        <li key={format!("term-{n}-{}", term.field)} class="rule__line">
            <Select id={format!("filter-{number}-field")} label={i.t(Msg::RuleField { n: &name })} quiet_label=true value={term.field.clone()} onchange={choose_field}
                options={with.fields.iter().map(|field| (field.key.clone(), field.label.clone())).collect::<Vec<_>>()} />
            <Select id={format!("filter-{number}-operator")} label={i.t(Msg::RuleOperator { n: &name })} quiet_label=true value={term.operator_code()} onchange={choose_operator}
                options={field.comparisons(i)} />
            <div class="rule__value">
                <TermValue id={format!("filter-{number}-value")} label={i.t(Msg::RuleValue { n: &name })} quiet=true field={field.clone()} term={term.clone()} onchange={values} />
                if wrong { <p class="field__error">{ Icon::CircleAlert.draw() }<span>{ i.t(Msg::CheckRequired) }</span></p> }
            </div>
            <IconButton small=true icon={Icon::X} label={i.t(Msg::RuleDrop { n: &name })} onclick={drop} />
        </li>
    }
}
