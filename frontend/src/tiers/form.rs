use guanxi_api::{PlannedTierPolicy, ServicingChannel, TierBasis, TierPolicy, TierRule, TierRules};
use uuid::Uuid;
use web_sys::Element;
use yew::prelude::*;

use crate::api::{self, ApiError};
use crate::checks::Errors;
use crate::dom;
use crate::draft::{Draft, Values, use_draft};
use crate::form::use_form;
use crate::holdings::{amount_of, typed};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::once::use_once;
use crate::session::use_me;
use crate::ui::{
    Button, DateField, Dialog, InputKind, Look, Notice, Select, Shape, TextField, TierMark, date_of,
};

/// What becomes of what the form says.
#[derive(Clone, PartialEq)]
pub(super) enum Task {
    /// It is in force from today on.
    Change { etag: String },
    /// It is planned.
    Plan,
    /// It takes the place of what was planned.
    Replan { id: Uuid, etag: String },
}

const VALID_FROM: &str = "/valid_from";
const BASIS: &str = "/basis";
const GRACE_DAYS: &str = "/grace_days";
const CANDIDATE_PERCENT: &str = "/candidate_percent";
const GEM_AMOUNT: &str = "/gem_amount";
/// What a policy says beside its tiers.
const RULES: [(&str, Msg<'static>); 5] = [
    (VALID_FROM, Msg::RateValidFrom),
    (BASIS, Msg::TiersBasis),
    (GRACE_DAYS, Msg::TiersGraceDays),
    (CANDIDATE_PERCENT, Msg::TiersCandidatePercent),
    (GEM_AMOUNT, Msg::TiersGem),
];
/// The parts of a tier that can be changed.
const PARTS: [(&str, Msg<'static>); 3] = [
    ("threshold", Msg::TiersFrom),
    ("cadence_days", Msg::TiersCadenceDays),
    ("servicing_channel", Msg::TiersChannel),
];

fn at(n: usize, part: usize) -> String {
    format!("/tiers/{n}/{}", PARTS.get(part).map_or("", |(name, _)| *name))
}

fn values(policy: &TierPolicy, i: I18n) -> Values {
    let rules = [
        (VALID_FROM, policy.valid_from.to_string()),
        (BASIS, policy.basis.code().to_owned()),
        (GRACE_DAYS, policy.grace_days.to_string()),
        (CANDIDATE_PERCENT, policy.candidate_percent.to_string()),
        (GEM_AMOUNT, i.figure(&typed(policy.gem_amount))),
    ];
    let parts = policy.tiers.iter().enumerate().flat_map(|(n, rule)| {
        let days = rule.cadence_days.map(|days| days.to_string()).unwrap_or_default();
        [
            (at(n, 0), i.figure(&typed(rule.threshold))),
            (at(n, 1), days),
            (at(n, 2), rule.servicing_channel.code().to_owned()),
        ]
    });
    rules.into_iter().map(|(pointer, value)| (pointer.to_owned(), value)).chain(parts).collect()
}

/// A field in words, and a value of it.
fn words(tiers: &[TierRule], pointer: &str, value: &str, i: I18n) -> (AttrValue, AttrValue) {
    if let Some((_, label)) = RULES.iter().find(|(rule, _)| *rule == pointer) {
        let basis = by_code::<TierBasis>(value).map(|basis| basis.label(i));
        return (i.t(*label), basis.unwrap_or_else(|| value.to_owned().into()));
    }
    let mut parts = pointer.split('/').skip(2);
    let tier = parts.next().and_then(|n| n.parse::<usize>().ok()).and_then(|n| tiers.get(n));
    let name = parts.next().unwrap_or_default();
    let part = PARTS.iter().find(|(part, _)| *part == name).map(|(_, words)| i.t(*words));
    let label =
        [tier.map(|rule| rule.tier.label(i)), part].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let value = match by_code::<ServicingChannel>(value) {
        Some(channel) => channel.label(i),
        None if value.is_empty() => i.t(Msg::TiersNoCadence),
        None => value.to_owned().into(),
    };
    (label.into(), value)
}

/// What is typed, as a policy for a day; what is wrong with it is noted, and stands as it was.
fn read(draft: &Draft, policy: &TierPolicy, errors: &mut Errors, i: I18n) -> PlannedTierPolicy {
    let amount = |pointer: &str, errors: &mut Errors| {
        let amount = amount_of(&draft.at(pointer), pointer, errors, i);
        if draft.at(pointer).trim().is_empty() {
            errors.add(pointer, i.t(Msg::CheckRequired));
        }
        amount
    };
    let count = |pointer: &str, errors: &mut Errors| {
        let typed = draft.at(pointer).trim().to_owned();
        let count = typed.parse::<u32>().ok();
        if count.is_none() {
            errors.add(pointer, i.t(if typed.is_empty() { Msg::CheckRequired } else { Msg::CheckNumber }));
        }
        count
    };
    let day = match date_of(&draft.at(VALID_FROM), i) {
        Ok(None) => {
            errors.add(VALID_FROM, i.t(Msg::CheckRequired));
            None
        }
        Ok(day) => day,
        Err(wrong) => {
            errors.add(VALID_FROM, wrong);
            None
        }
    };
    let mut tiers = Vec::with_capacity(policy.tiers.len());
    for (n, rule) in policy.tiers.iter().enumerate() {
        let pointer = at(n, 1);
        tiers.push(TierRule {
            tier: rule.tier,
            threshold: amount(&at(n, 0), errors).unwrap_or(rule.threshold),
            cadence_days: match draft.at(&pointer).trim().is_empty() {
                true => None,
                false => count(&pointer, errors),
            },
            servicing_channel: by_code(&draft.at(&at(n, 2))).unwrap_or(rule.servicing_channel),
        });
    }
    PlannedTierPolicy {
        valid_from: day.unwrap_or(policy.valid_from),
        basis: by_code(&draft.at(BASIS)).unwrap_or(policy.basis),
        grace_days: count(GRACE_DAYS, errors).unwrap_or(policy.grace_days),
        candidate_percent: count(CANDIDATE_PERCENT, errors).unwrap_or(policy.candidate_percent),
        gem_amount: amount(GEM_AMOUNT, errors).unwrap_or(policy.gem_amount),
        tiers,
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct PolicyFormProps {
    pub(super) task: Task,
    /// What the form begins with, as it is now.
    pub(super) policy: TierPolicy,
    pub(super) ondone: Callback<()>,
    /// Somebody else was faster, and the newest is wanted.
    pub(super) onstale: Callback<()>,
    pub(super) onclose: Callback<()>,
}

/// One form over a whole policy.
#[function_component]
pub(super) fn PolicyForm(props: &PolicyFormProps) -> Html {
    let i = use_i18n();
    let PolicyFormProps { task, policy, ondone, onstale, onclose } = props;
    let form = use_form(ondone.clone());
    let base = use_me().map(|me| me.base_currency.clone()).unwrap_or_default();
    let draft = use_draft(values(policy, i));
    let once = use_once();
    let later = !matches!(task, Task::Change { .. });
    let node = use_node_ref();
    let attempts = use_state(|| 0_u32);
    // What is wrong may stand out of sight.
    use_effect_with((*attempts, form.errors().clone()), {
        let node = node.clone();
        move |_| {
            let wrong = node.cast::<Element>().map(|form| dom::all(&form, "[aria-invalid=true]"));
            if let Some(first) = wrong.unwrap_or_default().first() {
                let _ = first.focus();
            }
        }
    });
    let onsubmit = cb!((form, draft, task, policy, onstale, once, attempts), |event: SubmitEvent| {
        event.prevent_default();
        attempts.set(*attempts + 1);
        let mut errors = Errors::default();
        let plan = read(&draft, &policy, &mut errors, i);
        for (pointer, message) in Errors::check(&plan, i).iter() {
            errors.add(pointer, message);
        }
        let (task, onstale, once) = (task.clone(), onstale.clone(), once.clone());
        form.send(errors, async move {
            let outcome = match task {
                Task::Change { etag } => {
                    let rules = TierRules {
                        tiers: plan.tiers,
                        basis: Some(plan.basis),
                        grace_days: Some(plan.grace_days),
                        candidate_percent: Some(plan.candidate_percent),
                        gem_amount: Some(plan.gem_amount),
                    };
                    api::tiers::change(&etag, &rules).await
                }
                Task::Plan => once.answered(api::tiers::plan(&plan, &once.key(&plan)).await),
                Task::Replan { id, etag } => api::tiers::replan(id, &etag, &plan).await,
            };
            if outcome.as_ref().is_err_and(ApiError::is_conflict) {
                onstale.emit(());
            }
            outcome.map(drop)
        });
    });
    let tiers = &policy.tiers;
    let shown: Vec<String> =
        (0..tiers.len()).flat_map(|n| (0..PARTS.len()).map(move |part| at(n, part))).collect();
    let rules = RULES.iter().map(|(pointer, _)| *pointer).filter(|pointer| later || *pointer != VALID_FROM);
    let shown: Vec<&str> = shown.iter().map(String::as_str).chain(rules).collect();
    let title = match task {
        Task::Change { .. } => Msg::TiersEdit,
        Task::Plan => Msg::TiersPlan,
        Task::Replan { .. } => Msg::TiersReplan,
    };
    html! {
        <Dialog title={i.t(title)} shape={Shape::Wide} onclose={onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true ref={node}>
                <Notice>{ i.t(if later { Msg::TiersRetierLater } else { Msg::TiersRetier }) }</Notice>
                <div class="form__grid">
                    if later {
                        <DateField id="tiers-valid-from" label={i.t(Msg::RateValidFrom)} value={draft.at(VALID_FROM)} required=true class="span"
                            error={form.at(VALID_FROM)} oninput={draft.set(VALID_FROM)} />
                    }
                    <Select id="tiers-basis" label={i.t(Msg::TiersBasis)} hint={i.t(Msg::TiersBasisHint)} options={options::<TierBasis>(i)} value={draft.at(BASIS)} required=true
                        error={form.at(BASIS)} onchange={draft.set(BASIS)} />
                    <TextField id="tiers-grace" label={i.t(Msg::TiersGraceDays)} hint={i.t(Msg::TiersGraceHint)} kind={InputKind::Number} value={draft.at(GRACE_DAYS)} required=true
                        error={form.at(GRACE_DAYS)} oninput={draft.set(GRACE_DAYS)} />
                    <TextField id="tiers-candidates" label={i.t(Msg::TiersCandidatePercent)} hint={i.t(Msg::TiersCandidateHint)} kind={InputKind::Number} value={draft.at(CANDIDATE_PERCENT)} required=true
                        error={form.at(CANDIDATE_PERCENT)} oninput={draft.set(CANDIDATE_PERCENT)} />
                    <TextField id="tiers-gem" label={i.in_unit(Msg::TiersGem, &base)} hint={i.t(Msg::TiersGemHint)} kind={InputKind::Number} value={draft.at(GEM_AMOUNT)} required=true
                        error={form.at(GEM_AMOUNT)} oninput={draft.set(GEM_AMOUNT)} />
                </div>
                { for tiers.iter().enumerate().map(|(n, rule)| html! {
                    <fieldset class="field tiers__one">
                        <legend class="field__label"><TierMark tier={rule.tier} /></legend>
                        <div class="form__grid form__grid--three">
                            <TextField id={format!("tier-{n}-threshold")} label={i.t(Msg::TiersThreshold { currency: &base })} kind={InputKind::Number} value={draft.at(&at(n, 0))} disabled={n == 0} required=true
                                error={form.at(&at(n, 0))} oninput={draft.set(&at(n, 0))} />
                            <TextField id={format!("tier-{n}-cadence")} label={i.t(Msg::TiersCadenceDays)} kind={InputKind::Number} value={draft.at(&at(n, 1))} optional=true
                                error={form.at(&at(n, 1))} oninput={draft.set(&at(n, 1))} />
                            <Select id={format!("tier-{n}-channel")} label={i.t(Msg::TiersChannel)} options={options::<ServicingChannel>(i)} value={draft.at(&at(n, 2))}
                                error={form.at(&at(n, 2))} onchange={draft.set(&at(n, 2))} />
                        </div>
                    </fieldset>
                }) }
                // Beside the button, since the form is taller than many windows.
                { draft.notice(&form, &shown, |pointer, value| words(tiers, pointer, value, i)) }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}
