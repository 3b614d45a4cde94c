use std::rc::Rc;

use gloo_timers::callback::Timeout;
use guanxi_api::{RelatedCustomer, SegmentPreview};
use yew::prelude::*;
use yew_router::Routable;

use super::fields::{About, FIELDS, Field, Kind, Op, field};
use super::rule::{Group, Line, Node};
use crate::api::{self, ApiError};
use crate::dom;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::route::Route;
use crate::ui::{
    Button, Check, DateField, Icon, IconButton, InputKind, Link, Look, Notice, Select, TextArea, TextField,
    TierMark,
};

/// Milliseconds of rest after which a rule is tried.
const REST: u32 = 500;
/// How deep groups may lie in each other.
const DEEPEST: usize = 4;
/// Most comparisons of a rule.
const MOST: usize = 20;
/// Where the server says what is wrong with a rule that is tried.
const RULE: &str = "/rule";

/// What becomes of the tree.
#[derive(Clone)]
enum Edit {
    /// Which of the members have to hold.
    Join {
        any: bool,
        not: bool,
    },
    AddLine,
    AddGroup,
    Drop(usize),
    Set(usize, Line),
}

fn edited(mut root: Group, path: &[usize], edit: Edit) -> Group {
    if let Some(group) = root.at(path) {
        match edit {
            Edit::Join { any, not } => (group.any, group.not) = (any, not),
            Edit::AddLine => group.members.extend(Group::empty().members),
            Edit::AddGroup => group.members.push(Node::Group(Group { any: true, ..Group::empty() })),
            Edit::Drop(n) if n < group.members.len() => drop(group.members.remove(n)),
            Edit::Drop(_) => {}
            Edit::Set(n, line) => {
                if let Some(member) = group.members.get_mut(n) {
                    *member = Node::Line(line);
                }
            }
        }
        // A group without members says nothing; the rule itself always has one to fill in.
        let (empty, parent) = (group.members.is_empty(), path.split_last());
        match parent {
            Some((last, parent)) if empty => return edited(root, parent, Edit::Drop(*last)),
            None if empty => return Group { members: Group::empty().members, ..root },
            _ => {}
        }
    }
    root
}

/// Which of the members of a group have to hold, as a code to choose.
const JOINS: [(&str, bool, bool, Msg<'static>); 4] = [
    ("all", false, false, Msg::RuleAll),
    ("any", true, false, Msg::RuleAny),
    ("not_all", false, true, Msg::RuleNotAll),
    ("none", true, true, Msg::RuleNone),
];

#[derive(Properties, PartialEq)]
pub(super) struct RuleBuilderProps {
    pub(super) label: AttrValue,
    /// The rule as the form has it.
    pub(super) text: String,
    /// The rule as it is now; nothing while it is not complete.
    pub(super) onchange: Callback<Option<String>>,
    #[prop_or_default]
    pub(super) error: Option<AttrValue>,
    /// Whatever is not complete is marked.
    #[prop_or_default]
    pub(super) strict: bool,
    /// Says how many customers the rule finds.
    #[prop_or_default]
    pub(super) preview: bool,
}

/// A rule put together from comparisons, or written as text.
#[function_component]
pub(super) fn RuleBuilder(props: &RuleBuilderProps) -> Html {
    let i = use_i18n();
    let comma = i.t(Msg::CommonListComma);
    let read = {
        let comma = comma.clone();
        move |text: &str| {
            if text.trim().is_empty() { Some(Group::empty()) } else { Group::read(text, &comma) }
        }
    };
    let tree = use_state(|| read(&props.text));
    let as_text = use_state(|| read(&props.text).is_none());
    // What this has last said; anything else comes from outside.
    let said = use_mut_ref(|| props.text.clone());
    use_effect_with(props.text.clone(), {
        let (tree, as_text, said, read) = (tree.clone(), as_text.clone(), said.clone(), read.clone());
        move |text: &String| {
            if *said.borrow() != *text {
                said.borrow_mut().clone_from(text);
                let found = read(text);
                as_text.set(*as_text || found.is_none());
                tree.set(found);
            }
        }
    });
    let onchange = &props.onchange;
    let tell = cb!((onchange, said), |text: Option<String>| {
        if let Some(text) = &text {
            said.borrow_mut().clone_from(text);
        }
        onchange.emit(text);
    });
    let edit = {
        let (tree, tell) = (tree.clone(), tell.clone());
        Callback::from(move |(path, edit): (Vec<usize>, Edit)| {
            if let Some(root) = &*tree {
                let next = edited(root.clone(), &path, edit);
                tell.emit(next.write());
                tree.set(Some(next));
            }
        })
    };
    let oninput = {
        let tell = tell.clone();
        Callback::from(move |text: String| tell.emit(Some(text)))
    };
    let whole = match &*tree {
        Some(root) if !*as_text => root.write(),
        _ => Some(props.text.clone()).filter(|text| !text.trim().is_empty()),
    };
    let found = use_preview(whole.clone().filter(|_| props.preview));
    let refused = found.as_ref().and_then(|found| found.as_ref().as_ref().err().cloned());
    let wrong = refused.as_ref().map(|error| {
        let of_rule = error.errors.iter().find(|problem| problem.pointer == RULE);
        of_rule.map_or_else(|| error.detail(i), |problem| problem.message.clone().into())
    });
    let error = props.error.clone().or(wrong);

    let readable = read(&props.text);
    let swap = {
        let (tree, as_text, readable) = (tree.clone(), as_text.clone(), readable.clone());
        move |_: MouseEvent| {
            if *as_text && let Some(root) = readable.clone() {
                tree.set(Some(root));
            }
            as_text.set(!*as_text);
        }
    };
    let mut number = 0;
    html! {
        <fieldset class="rule" data-wrong={error.is_some().then_some("true")} tabindex="-1">
            <legend class="field__label">{ &props.label }</legend>
            if *as_text {
                <TextArea id="rule-text" label={props.label.clone()} quiet_label=true value={props.text.clone()} {oninput} hint={i.t(Msg::RuleTextHint)} {error} class="rule__text" />
            } else {
                if let Some(root) = &*tree {
                    { drawn(root, &[], &mut number, &Drawing { i, edit, strict: props.strict, full: root.count() >= MOST }) }
                }
                <div aria-live="polite">
                    if let Some(error) = error { <p class="field__error">{ Icon::CircleAlert.draw() }<span>{ error }</span></p> }
                </div>
            }
            if *as_text && readable.is_none() {
                <p class="field__hint">{ i.t(Msg::RuleTextOnly) }</p>
            } else {
                <div><Button small=true look={Look::Quiet} onclick={swap}>{ i.t(if *as_text { Msg::RuleAsTree } else { Msg::RuleAsText }) }</Button></div>
            }
            if props.preview { <Found found={found.as_ref().and_then(|found| found.as_ref().as_ref().ok().cloned()).map(Rc::new)} complete={whole.is_some()} failed={refused.is_some()} /> }
        </fieldset>
    }
}

/// What drawing a tree takes along.
struct Drawing {
    i: I18n,
    edit: Callback<(Vec<usize>, Edit)>,
    strict: bool,
    /// There is room for no more comparisons.
    full: bool,
}

fn drawn(group: &Group, path: &[usize], number: &mut usize, with: &Drawing) -> Html {
    let Drawing { i, edit, full, .. } = with;
    let i = *i;
    let act = |what: Edit| {
        let (edit, path) = (edit.clone(), path.to_vec());
        move |_: MouseEvent| edit.emit((path.clone(), what.clone()))
    };
    let join = {
        let (edit, path) = (edit.clone(), path.to_vec());
        Callback::from(move |code: String| {
            if let Some((_, any, not, _)) = JOINS.iter().find(|(known, ..)| *known == code) {
                edit.emit((path.clone(), Edit::Join { any: *any, not: *not }));
            }
        })
    };
    let joined = JOINS.iter().find(|(_, any, not, _)| (*any, *not) == (group.any, group.not));
    let id = format!("rule-group{}", path.iter().map(|n| format!("-{n}")).collect::<String>());
    let members: Vec<Html> = group
        .members
        .iter()
        .enumerate()
        .map(|(n, member)| match member {
            Node::Line(line) => {
                *number += 1;
                drawn_line(line, (path, n), *number, with)
            }
            Node::Group(inner) => {
                let path: Vec<usize> = path.iter().copied().chain([n]).collect();
                html! { <li key={format!("group-{n}")}>{ drawn(inner, &path, number, with) }</li> }
            }
        })
        .collect();
    html! {
        <div class="rule__group" role="group" aria-label={i.t(Msg::RuleGroup)}>
            <div class="rule__head">
                <Select {id} label={i.t(Msg::RuleGroup)} quiet_label=true value={joined.map_or("all", |(code, ..)| code)} onchange={join}
                    options={JOINS.iter().map(|(code, _, _, words)| (AttrValue::Static(code), i.t(*words))).collect::<Vec<_>>()} />
                if let Some((last, parent)) = path.split_last() {
                    <IconButton small=true icon={Icon::X} label={i.t(Msg::RuleDropGroup)} onclick={{
                        let (edit, parent, last) = (edit.clone(), parent.to_vec(), *last);
                        move |_: MouseEvent| edit.emit((parent.clone(), Edit::Drop(last)))
                    }} />
                }
            </div>
            <ul class="rule__members">{ for members }</ul>
            <div class="row">
                <Button small=true icon={Icon::Plus} disabled={*full} onclick={act(Edit::AddLine)}>{ i.t(Msg::RuleAdd) }</Button>
                if path.len() + 1 < DEEPEST {
                    <Button small=true look={Look::Quiet} icon={Icon::Plus} disabled={*full} onclick={act(Edit::AddGroup)}>{ i.t(Msg::RuleAddGroup) }</Button>
                }
            </div>
        </div>
    }
}

fn drawn_line(line: &Line, (path, n): (&[usize], usize), number: usize, with: &Drawing) -> Html {
    let i = with.i;
    let Some(of) = field(line.field) else { return html!() };
    let set = {
        let (edit, path) = (with.edit.clone(), path.to_vec());
        Callback::from(move |line: Line| edit.emit((path.clone(), Edit::Set(n, line))))
    };
    let choose_field = cb!((set), |key: String| {
        if let Some(field) = field(&key) {
            set.emit(Line::of(field));
        }
    });
    let choose_op = cb!((set, line), |code: String| {
        if let Some((op, _)) = Op::ALL.iter().find(|(_, known)| *known == code) {
            // One value out of several, or none, leaves what fits.
            let mut values = if op.takes_value() { line.values.clone() } else { Vec::new() };
            if !op.takes_many() {
                values.truncate(1);
            }
            set.emit(Line { op: *op, values, ..line.clone() });
        }
    });
    let groups = About::ALL.map(|(about, words)| {
        let of_it = FIELDS.iter().filter(|field| field.about == about);
        (i.t(words), of_it.map(|field| (AttrValue::Static(field.key), i.t(field.label))).collect())
    });
    let id = |part: &str| format!("rule-{number}-{part}");
    let name = number.to_string();
    let drop = {
        let (edit, path) = (with.edit.clone(), path.to_vec());
        move |_: MouseEvent| {
            // The focus stays among the conditions.
            dom::focus(&format!("rule-{}-field", number.saturating_sub(1).max(1)));
            edit.emit((path.clone(), Edit::Drop(n)));
        }
    };
    html! {
        <li key={format!("line-{n}")} class="rule__line">
            <Select id={id("field")} label={i.t(Msg::RuleField { n: &name })} quiet_label=true groups={Rc::new(groups.to_vec())} value={line.field} onchange={choose_field} />
            <Select id={id("op")} label={i.t(Msg::RuleOperator { n: &name })} quiet_label=true value={line.op.code()} onchange={choose_op}
                options={of.operators().into_iter().map(|op| (AttrValue::Static(op.code()), op.words(of.kind, i))).collect::<Vec<_>>()} />
            <div class="rule__value">{ value_input(line, of, number, &set, with) }</div>
            <IconButton small=true icon={Icon::X} label={i.t(Msg::RuleDrop { n: &name })} onclick={drop} />
        </li>
    }
}

fn value_input(line: &Line, of: &'static Field, number: usize, set: &Callback<Line>, with: &Drawing) -> Html {
    let i = with.i;
    if !line.op.takes_value() {
        return html!();
    }
    let label = i.t(Msg::RuleValue { n: &number.to_string() });
    let id = format!("rule-{number}-value");
    let one = cb!((set, line), |text: String| {
        let values = if text.is_empty() { Vec::new() } else { vec![text] };
        set.emit(Line { values, ..line.clone() });
    });
    let missing = line.values.iter().all(|value| value.trim().is_empty());
    let error = match (line.write().is_some(), missing) {
        (true, _) => None,
        (false, true) => with.strict.then(|| i.t(Msg::CheckRequired)),
        (false, false) => Some(i.t(match of.kind {
            Kind::Amount => Msg::CheckAmount,
            Kind::Date => Msg::CheckDate,
            _ => Msg::CheckNumber,
        })),
    };
    if let Some(codes) = of.codes(i) {
        if !line.op.takes_many() {
            return html! {
                <Select {id} {label} quiet_label=true options={codes} none={i.t(Msg::CommonChoose)} value={line.typed().to_owned()} onchange={one} {error} />
            };
        }
        let check = |(code, words): &(AttrValue, AttrValue)| {
            let onchange = cb!((set, line, code), |on: bool| {
                let mut values: Vec<String> =
                    line.values.iter().filter(|value| code != value.as_str()).cloned().collect();
                if on {
                    values.push(code.to_string());
                }
                set.emit(Line { values, ..line.clone() });
            });
            html! { <Check label={words} checked={line.values.iter().any(|value| code == value.as_str())} {onchange} /> }
        };
        return html! {
            <>
                <div class="rule__checks" role="group" aria-label={label}>{ for codes.iter().map(check) }</div>
                if let Some(error) = error { <p class="field__error">{ Icon::CircleAlert.draw() }<span>{ error }</span></p> }
            </>
        };
    }
    let value = line.typed().to_owned();
    match of.kind {
        Kind::Date => {
            html! { <DateField {id} {label} quiet_label=true {value} oninput={one} {error} /> }
        }
        _ if line.op.takes_many() => {
            html! { <TextArea {id} {label} quiet_label=true {value} oninput={one} hint={i.t(Msg::RuleListHint)} {error} /> }
        }
        Kind::Text => html! { <TextField {id} {label} quiet_label=true {value} oninput={one} {error} /> },
        _ => {
            // The figure read aloud: it is easy to type a nought too many.
            let bare = value.replace([',', '，', ' '], "");
            let long = matches!(of.kind, Kind::Amount) && bare.len() > 4 && error.is_none();
            let hint = long.then(|| AttrValue::from(i.short_figure(&bare)));
            html! { <TextField {id} {label} quiet_label=true kind={InputKind::Number} {value} oninput={one} {hint} {error} /> }
        }
    }
}

/// Whom a rule finds, some time after it has last changed; nothing while that is not known.
#[hook]
fn use_preview(rule: Option<String>) -> Option<Rc<Result<SegmentPreview, ApiError>>> {
    let found = use_state(|| None::<(String, Rc<Result<SegmentPreview, ApiError>>)>);
    use_effect_with(rule.clone(), {
        let found = found.setter();
        move |rule: &Option<String>| {
            let timer = rule.clone().map(|rule| {
                Timeout::new(REST, move || {
                    spawn!((found, rule), {
                        let outcome = api::segments::preview(&rule).await;
                        found.set(Some((rule, Rc::new(outcome))));
                    });
                })
            });
            move || drop(timer)
        }
    });
    found.as_ref().filter(|(of, _)| Some(of) == rule.as_ref()).map(|(_, outcome)| Rc::clone(outcome))
}

#[derive(Properties, PartialEq)]
struct FoundProps {
    found: Option<Rc<SegmentPreview>>,
    complete: bool,
    failed: bool,
}

/// How many customers a rule finds, and the first of them.
#[function_component]
fn Found(props: &FoundProps) -> Html {
    let i = use_i18n();
    let count = match (&props.found, props.complete, props.failed) {
        (Some(found), ..) => {
            let count = i.figure(&found.customers.unwrap_or_default().to_string());
            i.t(match found.customers {
                None => Msg::RuleFindsFew,
                Some(0) => Msg::RuleFindsNone,
                Some(_) if found.more => Msg::RuleFindsMany { count: &count },
                Some(_) => Msg::RuleFinds { count: &count },
            })
        }
        (None, false, _) => i.t(Msg::RuleIncomplete),
        (None, true, true) => AttrValue::default(),
        (None, true, false) => i.t(Msg::CommonLoading),
    };
    let line = |customer: &RelatedCustomer| {
        let to = Route::Customer { id: customer.id }.to_path();
        html! {
            <li key={customer.id.to_string()}><Link {to} class="link">{ &customer.name }</Link>{ " " }<TierMark tier={customer.tier} /></li>
        }
    };
    html! {
        <Notice>
            <p role="status">{ i.t(Msg::RulePreview) }{ if i.lang == guanxi_api::Language::ZhCn { "：" } else { ": " } }<b class={classes!(props.found.is_none().then_some("muted"))}>{ count }</b></p>
            if let Some(found) = props.found.as_ref().filter(|found| !found.sample.is_empty()) {
                <details class="more small">
                    <summary>{ i.t(Msg::RulePreviewFirst) }</summary>
                    <ul class="rule__sample">{ for found.sample.iter().map(line) }</ul>
                </details>
            }
        </Notice>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_change_the_place_that_they_are_meant_for() {
        let read = |text: &str| Group::read(text, ",").unwrap();
        let root = read("age ge 1 and (age ge 2 or age ge 3)");
        let write = |group: Group| group.write().unwrap_or_default();
        assert_eq!(write(edited(root.clone(), &[], Edit::Drop(0))), "age ge 2 or age ge 3");
        assert_eq!(write(edited(root.clone(), &[1], Edit::Drop(0))), "age ge 1 and age ge 3");
        let none = edited(edited(root.clone(), &[1], Edit::Drop(1)), &[1], Edit::Drop(0));
        assert_eq!(write(none), "age ge 1", "a group without members goes");
        let denied = edited(root.clone(), &[1], Edit::Join { any: false, not: true });
        assert_eq!(write(denied), "age ge 1 and not (age ge 2 and age ge 3)");
        let longer = edited(root.clone(), &[1], Edit::AddLine);
        assert_eq!(longer.count(), 4);
        assert_eq!(longer.write(), None, "what is added has to be filled in");
        let only = edited(read("age ge 1"), &[], Edit::Drop(0));
        assert_eq!(only.count(), 1, "there is always something to fill in");
        let Node::Line(line) = &read("aum ge 5").members[0] else { panic!() };
        assert_eq!(
            write(edited(root, &[1], Edit::Set(1, line.clone()))),
            "age ge 1 and (age ge 2 or aum ge 5)"
        );
    }
}
