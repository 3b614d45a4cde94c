use guanxi_api::{CustomerKind, GradePart, GradePolicy, InteractionKind, ProductKind};
use web_sys::Element;
use yew::prelude::*;

use super::draft::{ATTRITION, DISCOUNT, Draft, PER_YEAR, PartDraft, RFM};
use super::rules::kinds_held;
use super::{code_words, part_in_unit};
use crate::api::{self, Tagged};
use crate::checks::Errors;
use crate::dom;
use crate::fetch;
use crate::form::{Form, use_form};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code};
use crate::leaving::{Unsaved, use_unsaved};
use crate::session::use_me;
use crate::ui::{
    Badge, Button, Icon, IconButton, InputKind, Look, Notice, Panel, Select, TextField, Tone, use_toasts,
};

#[derive(Properties, PartialEq)]
pub(super) struct RulesFormProps {
    pub(super) now: Tagged<GradePolicy>,
    pub(super) set: Callback<Tagged<GradePolicy>>,
    pub(super) reload: Callback<()>,
}

/// One form over all rules.
#[function_component]
pub(super) fn RulesForm(props: &RulesFormProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let base = use_me().map(|me| me.base_currency.clone()).unwrap_or_default();
    let RulesFormProps { now, set, reload } = props;
    let draft = use_state(|| Draft::of(&now.value, i));
    // The version that the draft began with.
    let known = use_state(|| now.etag.clone());
    let form = use_form(cb!((toasts), |()| toasts.say(i.t(Msg::GradeRulesSaved))));
    let first = use_memo((*known).clone(), |_| (*draft).clone());
    use_unsaved((*draft != *first && !form.busy()).then_some(Unsaved::OnPage));
    let node = use_node_ref();
    let attempts = use_state(|| 0_u32);
    // What is wrong may stand out of sight.
    use_effect_with((*attempts, form.errors().clone()), {
        let node = node.clone();
        move |_| {
            let wrong =
                node.cast::<Element>().map(|form| dom::all(&form, "[aria-invalid=true], .rules__wrong"));
            if let Some(first) = wrong.unwrap_or_default().first() {
                let _ = first.focus();
            }
        }
    });
    let onsubmit = cb!((form, draft, known, now, set, reload, attempts), |event: SubmitEvent| {
        event.prevent_default();
        attempts.set(*attempts + 1);
        let mut errors = Errors::default();
        let rules = draft.read(&mut errors, i);
        for (pointer, message) in Errors::check(&rules, i).iter() {
            errors.add(pointer, message);
        }
        let (etag, draft, known) = (now.etag.clone(), draft.clone(), known.clone());
        let (set, reload) = (set.clone(), reload.clone());
        form.send(errors, async move {
            match api::grades::set_policy(&etag, &rules).await {
                Ok(tagged) => {
                    fetch::forget("grades/of/");
                    known.set(tagged.etag.clone());
                    draft.set(Draft::of(&tagged.value, i));
                    set.emit(tagged);
                    Ok(())
                }
                Err(error) => {
                    if error.is_conflict() {
                        reload.emit(());
                    }
                    Err(error)
                }
            }
        });
    });
    let stale = *known != now.etag;
    let take = cb!((draft, known, now), |_: MouseEvent| {
        draft.set(Draft::of(&now.value, i));
        known.set(now.etag.clone());
    });
    let pointers = draft.pointers(i);
    let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
    let drawing = Drawing { draft, form: form.clone(), base, i };
    html! {
        <form class="form" {onsubmit} novalidate=true ref={node}>
            <div class="cards">
                <div class="stack">
                    { drawing.grades() }
                    { drawing.parts(CustomerKind::Person) }
                    { drawing.parts(CustomerKind::Organisation) }
                </div>
                <div class="stack">
                    { drawing.income() }
                    { drawing.costs() }
                    { drawing.rfm() }
                    { drawing.attrition() }
                </div>
            </div>
            { form.notice(&pointers) }
            if stale {
                <Notice tone="warn" alert=true>
                    <p>{ i.t(Msg::GradeRulesStale) }</p>
                    <Button small=true onclick={take}>{ i.t(Msg::GradeRulesTake) }</Button>
                </Notice>
            }
            <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button></div>
        </form>
    }
}

/// What drawing a part of the form takes along.
struct Drawing {
    draft: UseStateHandle<Draft>,
    form: Form,
    base: String,
    i: I18n,
}

/// The parts of a kind of customers.
fn parts_of(draft: &mut Draft, kind: CustomerKind) -> &mut Vec<PartDraft> {
    match kind {
        CustomerKind::Person => &mut draft.person,
        CustomerKind::Organisation => &mut draft.organisation,
    }
}

/// Changes one of many, if it is still there.
fn at<T>(list: &mut [T], n: usize, change: impl FnOnce(&mut T)) {
    if let Some(one) = list.get_mut(n) {
        change(one);
    }
}

fn remove<T>(list: &mut Vec<T>, n: usize) {
    if n < list.len() {
        list.remove(n);
    }
}

fn id_of(pointer: &str) -> String {
    format!("rule{}", pointer.replace('/', "-"))
}

impl Drawing {
    fn change<E: 'static>(&self, apply: impl Fn(&mut Draft, E) + 'static) -> Callback<E> {
        let draft = self.draft.clone();
        Callback::from(move |entered: E| {
            let mut next = (*draft).clone();
            apply(&mut next, entered);
            draft.set(next);
        })
    }

    fn press(&self, apply: impl Fn(&mut Draft) + 'static) -> Callback<MouseEvent> {
        self.change(move |draft, _: MouseEvent| apply(draft))
    }

    /// A field in a row, named by what heads it and by its row.
    fn cell(
        &self,
        pointer: &str,
        label: String,
        value: &str,
        kind: InputKind,
        oninput: Callback<String>,
    ) -> Html {
        html! {
            <TextField id={id_of(pointer)} {label} quiet_label=true value={value.to_owned()} {kind} {oninput} error={self.form.at(pointer)} />
        }
    }

    fn field(&self, pointer: &str, label: AttrValue, value: &str, oninput: Callback<String>) -> Html {
        html! {
            <TextField id={id_of(pointer)} {label} value={value.to_owned()} kind={InputKind::Number} {oninput} error={self.form.at(pointer)} required=true />
        }
    }

    /// What is wrong with several fields together.
    fn wrong(&self, pointer: &str) -> Html {
        html! {
            <div aria-live="polite">
                if let Some(error) = self.form.at(pointer) {
                    <p class="field__error rules__wrong" tabindex="-1">{ Icon::CircleAlert.draw() }<span>{ error }</span></p>
                }
            </div>
        }
    }

    fn heads(&self, class: &'static str, heads: &[AttrValue]) -> Html {
        html! {
            <div class={classes!("rules__row", class, "small", "muted")} aria-hidden="true">
                { for heads.iter().map(|head| html! { <span>{ head }</span> }) }
            </div>
        }
    }

    fn removal(&self, name: &str, apply: impl Fn(&mut Draft) + 'static) -> Html {
        let label = self.i.t(Msg::GradeRulesRemove { name });
        html! { <IconButton small=true icon={Icon::Trash} {label} onclick={self.press(apply)} /> }
    }

    fn grades(&self) -> Html {
        let i = self.i;
        let labels = [i.t(Msg::FieldGrade), i.t(Msg::GradeRulesFrom), i.t(Msg::TiersCadenceDays)];
        let row = |(n, grade): (usize, &[String; 3])| {
            let cell = |member: usize, name: &str| {
                let label = format!("{} {}", labels.get(member).cloned().unwrap_or_default(), n + 1);
                let kind = if member == 0 { InputKind::Text } else { InputKind::Number };
                let oninput = self.change(move |draft, text: String| {
                    let text = if member == 0 { text.to_uppercase() } else { text };
                    at(&mut draft.grades, n, |grade| at(grade, member, |value| *value = text));
                });
                let value = grade.get(member).map_or("", String::as_str);
                self.cell(&format!("/grades/{n}/{name}"), label, value, kind, oninput)
            };
            html! {
                <div key={n} class="rules__row rules__row--three">
                    { cell(0, "code") }{ cell(1, "from_score") }{ cell(2, "cadence_days") }
                    { self.removal(&i.t(Msg::ValueGrade { grade: &grade[0] }), move |draft| remove(&mut draft.grades, n)) }
                </div>
            }
        };
        let add = self.press(|draft| draft.grades.push(Default::default()));
        html! {
            <Panel title={i.t(Msg::NavGrades)}>
                <p class="small muted">{ i.t(Msg::GradeRulesGradesHint) }</p>
                <div class="rules">
                    { self.heads("rules__row--three", &labels) }
                    { for self.draft.grades.iter().enumerate().map(row) }
                </div>
                { self.wrong("/grades") }
                <div><Button small=true icon={Icon::Plus} onclick={add}>{ i.t(Msg::GradeRulesAddGrade) }</Button></div>
            </Panel>
        }
    }

    fn parts(&self, kind: CustomerKind) -> Html {
        let i = self.i;
        let (parts, list, title) = match kind {
            CustomerKind::Person => (&self.draft.person, "/person", Msg::GradeRulesPerson),
            CustomerKind::Organisation => {
                (&self.draft.organisation, "/organisation", Msg::GradeRulesOrganisation)
            }
        };
        let sum: u32 = parts.iter().filter_map(|part| part.weight.trim().parse::<u32>().ok()).sum();
        let tone = if sum == 100 { Tone::Good } else { Tone::Warning };
        let actions = html! { <span role="status"><Badge {tone}>{ i.t(Msg::GradeRulesSum { sum: &sum.to_string() }) }</Badge></span> };
        let free = GradePart::ALL
            .iter()
            .filter(|part| part.is_for(kind) && !parts.iter().any(|used| used.part == **part))
            .map(|part| (AttrValue::Static(part.as_str()), part.label(i)));
        let onadd = self.change(move |draft, code: String| {
            if let Some(part) = by_code::<GradePart>(&code) {
                parts_of(draft, kind).push(PartDraft::new(part, i));
            }
        });
        html! {
            <Panel title={i.t(title)} {actions}>
                { self.wrong(list) }
                { for parts.iter().enumerate().map(|(n, part)| self.part(kind, list, n, part)) }
                <Adder id={id_of(&format!("{list}/add"))} label={i.t(Msg::GradeRulesAddPart)} options={free.collect::<Vec<_>>()} {onadd} />
            </Panel>
        }
    }

    fn part(&self, kind: CustomerKind, list: &str, n: usize, part: &PartDraft) -> Html {
        let i = self.i;
        let at_part = format!("{list}/{n}");
        let name = part.part.label(i);
        let fixed = part.is_fixed(i);
        let head =
            i.t(if part.members().0 == "codes" { Msg::GradeRulesCode } else { Msg::GradeRulesFromValue });
        let points = i.t(Msg::ValueTabPoints);
        let set = |line: usize, member: usize| {
            self.change(move |draft, text: String| {
                at(parts_of(draft, kind), n, |part| {
                    at(&mut part.lines, line, |line| at(line, member, |value| *value = text));
                });
            })
        };
        let row = |(line, [value, worth]): (usize, &[String; 2])| {
            let pointer = |member: usize| format!("{at_part}/{}", part.pointer(line, member, i));
            if fixed {
                let words = code_words(part.part, value, i);
                // Lines without points have no place on the wire, but an id of their own.
                let id = id_of(&format!("{at_part}/{value}"));
                let error = self.form.at(&pointer(1)).filter(|_| !worth.trim().is_empty());
                return html! {
                    <div key={line} class="rules__row">
                        <span aria-hidden="true">{ &words }</span>
                        <TextField {id} label={format!("{name}: {words}")} quiet_label=true value={worth.clone()} kind={InputKind::Number} oninput={set(line, 1)} {error} />
                    </div>
                };
            }
            let kind_of_value = if part.members().0 == "codes" { InputKind::Text } else { InputKind::Number };
            let label = |head: &str| format!("{name}: {head} {}", line + 1);
            let removal = self.removal(&label(&head), move |draft| {
                at(parts_of(draft, kind), n, |part| remove(&mut part.lines, line));
            });
            html! {
                <div key={line} class="rules__row">
                    { self.cell(&pointer(0), label(&head), value, kind_of_value, set(line, 0)) }
                    { self.cell(&pointer(1), label(&points), worth, InputKind::Number, set(line, 1)) }
                    { removal }
                </div>
            }
        };
        let weight =
            self.change(move |draft, text: String| at(parts_of(draft, kind), n, |part| part.weight = text));
        let add =
            self.press(move |draft| at(parts_of(draft, kind), n, |part| part.lines.push(Default::default())));
        let weight_at = format!("{at_part}/weight");
        html! {
            <fieldset key={part.part.as_str()} class="field rules">
                <legend class="field__label">{ part_in_unit(part.part, &self.base, i) }</legend>
                <div class="rules__row">
                    <span aria-hidden="true">{ i.t(Msg::GradeRulesWeight) }</span>
                    { self.cell(&weight_at, format!("{name}: {}", i.t(Msg::GradeRulesWeight)), &part.weight, InputKind::Number, weight) }
                    { self.removal(&name, move |draft| remove(parts_of(draft, kind), n)) }
                </div>
                { self.wrong(&format!("{at_part}/part")) }
                { self.heads("", &[head.clone(), points.clone()]) }
                { for part.lines.iter().enumerate().map(row) }
                { self.wrong(&format!("{at_part}/{}", part.members().0)) }
                if !fixed {
                    <div><Button small=true look={Look::Quiet} icon={Icon::Plus} onclick={add}>
                        <span aria-hidden="true">{ i.t(Msg::GradeRulesAddLine) }</span><span class="sr-only">{ i.t(Msg::GradeRulesAddLineTo { name: &name }) }</span>
                    </Button></div>
                }
            </fieldset>
        }
    }

    fn income(&self) -> Html {
        let i = self.i;
        let (margin, fee) = (i.t(Msg::GradeRulesMargin), i.in_unit(Msg::GradeRulesFee, &self.base));
        let income = &self.draft.income;
        let row = |(n, (kind, values)): (usize, &(ProductKind, [String; 2]))| {
            let name = kind.label(i);
            let set = |member: usize| {
                self.change(move |draft, text: String| {
                    at(&mut draft.income, n, |(_, values)| at(values, member, |value| *value = text));
                })
            };
            let [of_value, of_each] = values;
            html! {
                <div key={kind.as_str()} class="rules__row rules__row--three">
                    <span aria-hidden="true">{ &name }</span>
                    { self.cell(&format!("/income/{n}/margin_basis_points"), format!("{name}: {margin}"), of_value, InputKind::Number, set(0)) }
                    { self.cell(&format!("/income/{n}/fee"), format!("{name}: {fee}"), of_each, InputKind::Number, set(1)) }
                    { self.removal(&name, move |draft| remove(&mut draft.income, n)) }
                </div>
            }
        };
        let free = ProductKind::ALL
            .iter()
            .filter(|kind| !income.iter().any(|(used, _)| used == *kind))
            .map(|kind| (AttrValue::Static(kind.as_str()), kind.label(i)));
        let onadd = self.change(|draft, code: String| {
            if let Some(kind) = by_code::<ProductKind>(&code) {
                draft.income.push((kind, ["0".to_owned(), "0".to_owned()]));
            }
        });
        html! {
            <Panel title={i.t(Msg::GradeRulesIncome)}>
                <p class="small muted">{ i.t(Msg::GradeRulesIncomeHint) }</p>
                <div class="rules">
                    { self.heads("rules__row--three", &[i.t(Msg::GradeRulesKind), margin.clone(), fee.clone()]) }
                    { for income.iter().enumerate().map(row) }
                </div>
                <Adder id="rule-income-add" label={i.t(Msg::GradeRulesAddKind)} options={free.collect::<Vec<_>>()} {onadd} />
            </Panel>
        }
    }

    fn costs(&self) -> Html {
        let i = self.i;
        let cost = i.in_unit(Msg::GradeRulesCost, &self.base);
        let contacts = &self.draft.contacts;
        let row = |(n, (kind, value)): (usize, &(InteractionKind, String))| {
            let name = kind.label(i);
            let set = self
                .change(move |draft, text: String| at(&mut draft.contacts, n, |(_, value)| *value = text));
            html! {
                <div key={kind.as_str()} class="rules__row">
                    <span aria-hidden="true">{ &name }</span>
                    { self.cell(&format!("/costs/contacts/{n}/cost"), format!("{name}: {cost}"), value, InputKind::Number, set) }
                    { self.removal(&name, move |draft| remove(&mut draft.contacts, n)) }
                </div>
            }
        };
        let free = InteractionKind::ALL
            .iter()
            .filter(|kind| !contacts.iter().any(|(used, _)| used == *kind))
            .map(|kind| (AttrValue::Static(kind.as_str()), kind.label(i)));
        let onadd = self.change(|draft, code: String| {
            if let Some(kind) = by_code::<InteractionKind>(&code) {
                draft.contacts.push((kind, "0".to_owned()));
            }
        });
        let per_year = self.change(|draft, text: String| draft.per_year = text);
        html! {
            <Panel title={i.t(Msg::GradeRulesCosts)}>
                { self.field(PER_YEAR, i.in_unit(Msg::GradeRulesPerYear, &self.base), &self.draft.per_year, per_year) }
                <div class="rules">
                    { self.heads("", &[i.t(Msg::GradeRulesContact), cost.clone()]) }
                    { for contacts.iter().enumerate().map(row) }
                </div>
                <Adder id="rule-contacts-add" label={i.t(Msg::GradeRulesAddContact)} options={free.collect::<Vec<_>>()} {onadd} />
            </Panel>
        }
    }

    fn rfm(&self) -> Html {
        let i = self.i;
        let group = |(which, (pointer, label)): (usize, &(&'static str, Msg<'static>))| {
            let name = i.t(*label);
            let unit = match which {
                0 => i.t(Msg::GradeRulesRecencyUnit),
                1 => i.t(Msg::GradeRulesFrequencyUnit),
                _ => i.in_unit(Msg::ValueTabPurchased, &self.base),
            };
            let cell = |(n, value): (usize, &String)| {
                let set = self.change(move |draft, text: String| {
                    at(&mut draft.rfm, which, |limits| at(limits, n, |value| *value = text));
                });
                self.cell(
                    &format!("{pointer}/{n}"),
                    format!("{name} {}", n + 1),
                    value,
                    InputKind::Number,
                    set,
                )
            };
            html! {
                <fieldset key={which} class="field rules">
                    <legend class="field__label">{ &name }{ " " }<small class="muted">{ unit }</small></legend>
                    <div class="rules__row rules__row--four">{ for self.draft.rfm.get(which).into_iter().flatten().enumerate().map(cell) }</div>
                    { self.wrong(pointer) }
                </fieldset>
            }
        };
        html! {
            <Panel title={i.t(Msg::GradeRulesRfm)}>
                <p class="small muted">{ i.t(Msg::GradeRulesRfmHint) }</p>
                { for RFM.iter().enumerate().map(group) }
            </Panel>
        }
    }

    fn attrition(&self) -> Html {
        let i = self.i;
        let cell = |(kinds, value): (usize, &String)| {
            let set = self
                .change(move |draft, text: String| at(&mut draft.attrition, kinds, |value| *value = text));
            let label = format!("{} (%)", kinds_held(kinds, i));
            self.field(&format!("{ATTRITION}/{kinds}"), label.into(), value, set)
        };
        let discount = self.change(|draft, text: String| draft.discount = text);
        html! {
            <Panel title={i.t(Msg::GradeRulesAttrition)}>
                <p class="small muted">{ i.t(Msg::GradeRulesAttritionHint) }</p>
                <div class="form__grid form__grid--three">{ for self.draft.attrition.iter().enumerate().map(cell) }</div>
                { self.wrong(ATTRITION) }
                { self.field(DISCOUNT, i.in_unit(Msg::GradeRulesDiscount, "%"), &self.draft.discount, discount) }
            </Panel>
        }
    }
}

#[derive(Properties, PartialEq)]
struct AdderProps {
    id: AttrValue,
    label: AttrValue,
    options: Vec<(AttrValue, AttrValue)>,
    onadd: Callback<String>,
}

/// Adds one of what is not there yet.
#[function_component]
fn Adder(props: &AdderProps) -> Html {
    let i = use_i18n();
    let chosen = use_state(String::new);
    let AdderProps { id, label, options, onadd } = props;
    if options.is_empty() {
        return html!();
    }
    let known = options.iter().any(|(code, _)| code == chosen.as_str());
    let onclick = cb!((chosen, onadd), |_: MouseEvent| {
        if !known {
            return;
        }
        onadd.emit((*chosen).clone());
        chosen.set(String::new());
    });
    html! {
        <div class="rules__add">
            <Select id={id.clone()} label={label.clone()} options={options.clone()} value={if known { (*chosen).clone() } else { String::new() }} none={i.t(Msg::CommonChoose)}
                onchange={cb!((chosen), |code: String| chosen.set(code))} />
            <Button icon={Icon::Plus} {onclick}><span aria-hidden="true">{ i.t(Msg::GradeRulesAdd) }</span><span class="sr-only">{ label.clone() }</span></Button>
        </div>
    }
}
