use guanxi_api::{
    Channel, LocalName, LocalText, ProductKind, RiskAppetite, Segment, SegmentDefinition, SegmentLevel,
    SegmentPriority, SegmentScheme, SegmentSchemeDefinition,
};
use uuid::Uuid;
use web_sys::Element;
use yew::prelude::*;

use super::builder::RuleBuilder;
use super::rule::in_words;
use crate::api::{self, ApiError};
use crate::checks::Errors;
use crate::dom;
use crate::draft::{Draft, Values, use_draft};
use crate::form::{Form, use_form};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::once::use_once;
use crate::ui::{Button, Check, Dialog, InputKind, Look, Select, Shape, TextArea, TextField};

const CODE: &str = "/code";
const NAME_ZH: &str = "/name/zh-CN";
const NAME_EN: &str = "/name/en";
const DESCRIPTION_ZH: &str = "/description/zh-CN";
const DESCRIPTION_EN: &str = "/description/en";
const RANK: &str = "/rank";
const RULE: &str = "/rule";
const RISK_FROM: &str = "/risk_from";
const RISK_TO: &str = "/risk_to";
const CONTRIBUTION: &str = "/contribution";
const SERVICE_COST: &str = "/service_cost";
const CADENCE: &str = "/cadence_days";
const CHANNEL: &str = "/preferred_channel";
const PREFERENCES: &str = "/product_preferences";
const EXCLUSIONS: &str = "/product_exclusions";
const GROUP: &str = "/acts_as_group";
const APPLIES_TO: &str = "/applies_to";

/// The fields of both forms and how they are called.
const FIELDS: [(&str, Msg<'static>); 17] = [
    (CODE, Msg::SegmentsCode),
    (NAME_ZH, Msg::UnitNameZh),
    (NAME_EN, Msg::UnitNameEn),
    (DESCRIPTION_ZH, Msg::SegmentsDescriptionZh),
    (DESCRIPTION_EN, Msg::SegmentsDescriptionEn),
    (RANK, Msg::SegmentsRank),
    (RULE, Msg::SegmentsRule),
    (RISK_FROM, Msg::SegmentsRiskFrom),
    (RISK_TO, Msg::SegmentsRiskTo),
    (CONTRIBUTION, Msg::SegmentsContribution),
    (SERVICE_COST, Msg::SegmentsCost),
    (CADENCE, Msg::TiersCadenceDays),
    (CHANNEL, Msg::FieldPreferredChannel),
    (PREFERENCES, Msg::SegmentsPrefersLong),
    (EXCLUSIONS, Msg::SegmentsExcludesLong),
    (GROUP, Msg::SegmentsGroup),
    (APPLIES_TO, Msg::SegmentsFor),
];

/// A field in words, and a value of it.
fn words(pointer: &str, value: &str, i: I18n) -> (AttrValue, AttrValue) {
    let label = FIELDS.iter().find(|(field, _)| *field == pointer).map(|(_, words)| i.t(*words));
    let word = |value: &str| {
        let label = by_code::<SegmentLevel>(value).map(|level| level.label(i));
        label
            .or_else(|| by_code::<RiskAppetite>(value).map(|appetite| appetite.label(i)))
            .or_else(|| by_code::<ProductKind>(value).map(|kind| kind.label(i)))
            .or_else(|| by_code::<Channel>(value).map(|channel| channel.label(i)))
            .unwrap_or_else(|| value.to_owned().into())
    };
    let value: AttrValue = match pointer {
        _ if value.is_empty() => i.t(Msg::CommonNone),
        RULE | APPLIES_TO => in_words(value, i).into(),
        GROUP => i.t(if value == "true" { Msg::CommonYes } else { Msg::CommonNo }),
        PREFERENCES | EXCLUSIONS => value
            .split(',')
            .map(|code| word(code).to_string())
            .collect::<Vec<_>>()
            .join(&i.t(Msg::CommonListComma))
            .into(),
        RISK_FROM | RISK_TO | CONTRIBUTION | SERVICE_COST | CHANNEL => word(value),
        _ => value.to_owned().into(),
    };
    (label.unwrap_or_default(), value)
}

/// Puts the focus on the first thing that is wrong, which may stand out of sight, whenever there was an attempt.
#[hook]
fn use_first_wrong(attempts: u32, form: &Form) -> NodeRef {
    let node = use_node_ref();
    use_effect_with((attempts, form.errors().clone()), {
        let node = node.clone();
        move |_| {
            let wrong =
                node.cast::<Element>().map(|form| dom::all(&form, "[aria-invalid=true], [data-wrong]"));
            if let Some(first) = wrong.unwrap_or_default().first() {
                let _ = first.focus();
            }
        }
    });
    node
}

/// What is wrong with a rule; that it is not complete only as long as that is so.
fn error_of_rule(form: &Form, pointer: &str, unfinished: bool, i: I18n) -> Option<AttrValue> {
    form.at(pointer).filter(|error| unfinished || *error != i.t(Msg::RuleUnfinished))
}

fn text(draft: &Draft, pointer: &str) -> String {
    draft.at(pointer).trim().to_owned()
}

fn names(draft: &Draft) -> LocalName {
    LocalName { zh_cn: text(draft, NAME_ZH), en: text(draft, NAME_EN) }
}

/// Code and names, which schemes and segments have.
fn named(draft: &Draft, form: &Form, is_new: bool, i: I18n) -> Html {
    html! {
        <>
            if is_new {
                <TextField id="segment-code" class="span" label={i.t(Msg::SegmentsCode)} hint={i.t(Msg::SegmentsCodeHint)} value={draft.at(CODE)} required=true
                    error={form.at(CODE)} oninput={draft.set(CODE)} />
            }
            <TextField id="segment-name-zh" label={i.t(Msg::UnitNameZh)} value={draft.at(NAME_ZH)} required=true error={form.at(NAME_ZH)} oninput={draft.set(NAME_ZH)} />
            <TextField id="segment-name-en" label={i.t(Msg::UnitNameEn)} value={draft.at(NAME_EN)} required=true error={form.at(NAME_EN)} oninput={draft.set(NAME_EN)} />
        </>
    }
}

fn segment_values(segment: Option<&Segment>, rank: i32) -> Values {
    let codes = |kinds: &[ProductKind]| kinds.iter().map(|kind| kind.code()).collect::<Vec<_>>().join(",");
    let of = |read: fn(&Segment) -> String, without: &str| segment.map_or_else(|| without.to_owned(), read);
    let described = |read: fn(&LocalText) -> &String| {
        segment.and_then(|s| s.description.as_ref()).map(read).cloned().unwrap_or_default()
    };
    [
        (CODE, of(|s| s.code.clone(), "")),
        (NAME_ZH, of(|s| s.name.zh_cn.clone(), "")),
        (NAME_EN, of(|s| s.name.en.clone(), "")),
        (DESCRIPTION_ZH, described(|text| &text.zh_cn)),
        (DESCRIPTION_EN, described(|text| &text.en)),
        (RANK, of(|s| s.rank.to_string(), &rank.to_string())),
        (RULE, of(|s| s.rule.clone(), "")),
        (RISK_FROM, of(|s| s.risk_from.code().to_owned(), RiskAppetite::Balanced.code())),
        (RISK_TO, of(|s| s.risk_to.code().to_owned(), RiskAppetite::Balanced.code())),
        (CONTRIBUTION, of(|s| s.contribution.code().to_owned(), SegmentLevel::Mid.code())),
        (SERVICE_COST, of(|s| s.service_cost.code().to_owned(), SegmentLevel::Mid.code())),
        (CADENCE, of(|s| s.cadence_days.map(|days| days.to_string()).unwrap_or_default(), "")),
        (CHANNEL, of(|s| s.preferred_channel.map(|c| c.code().to_owned()).unwrap_or_default(), "")),
        (PREFERENCES, segment.map(|s| codes(&s.product_preferences)).unwrap_or_default()),
        (EXCLUSIONS, segment.map(|s| codes(&s.product_exclusions)).unwrap_or_default()),
        (GROUP, of(|s| s.acts_as_group.to_string(), "false")),
    ]
    .into_iter()
    .map(|(pointer, value)| (pointer.to_owned(), value))
    .collect()
}

/// What is typed, as a segment; what is wrong with it is noted.
fn read(draft: &Draft, errors: &mut Errors, i: I18n) -> SegmentDefinition {
    let rank = text(draft, RANK).parse::<i32>();
    if rank.is_err() {
        errors.add(RANK, i.t(Msg::CheckNumber));
    }
    let cadence =
        Some(text(draft, CADENCE)).filter(|typed| !typed.is_empty()).map(|typed| typed.parse::<u32>());
    if matches!(cadence, Some(Err(_))) {
        errors.add(CADENCE, i.t(Msg::CheckNumber));
    }
    let level = |pointer: &str| by_code(&draft.at(pointer)).unwrap_or(SegmentLevel::Mid);
    let risk = |pointer: &str| by_code(&draft.at(pointer)).unwrap_or(RiskAppetite::Balanced);
    let kinds = |pointer: &str| draft.at(pointer).split(',').filter_map(by_code::<ProductKind>).collect();
    let description = LocalText { zh_cn: text(draft, DESCRIPTION_ZH), en: text(draft, DESCRIPTION_EN) };
    SegmentDefinition {
        code: text(draft, CODE),
        name: names(draft),
        description: Some(description).filter(|text| !text.zh_cn.is_empty() || !text.en.is_empty()),
        rank: rank.unwrap_or(1),
        rule: text(draft, RULE),
        risk_from: risk(RISK_FROM),
        risk_to: risk(RISK_TO),
        contribution: level(CONTRIBUTION),
        service_cost: level(SERVICE_COST),
        cadence_days: cadence.and_then(Result::ok),
        preferred_channel: by_code(&draft.at(CHANNEL)),
        product_preferences: kinds(PREFERENCES),
        product_exclusions: kinds(EXCLUSIONS),
        acts_as_group: draft.at(GROUP) == "true",
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct SegmentFormProps {
    pub(super) scheme: Uuid,
    /// The segment to be changed, as it is now; without it, a new one.
    #[prop_or_default]
    pub(super) segment: Option<Segment>,
    /// The place of a new one in the order.
    #[prop_or(10)]
    pub(super) rank: i32,
    pub(super) ondone: Callback<()>,
    /// Somebody else was faster, and the newest is wanted.
    pub(super) onstale: Callback<()>,
    pub(super) onclose: Callback<()>,
}

/// Makes a segment or changes it.
#[function_component]
pub(super) fn SegmentForm(props: &SegmentFormProps) -> Html {
    let i = use_i18n();
    let SegmentFormProps { scheme, segment, rank, ondone, onstale, onclose } = props;
    let scheme = *scheme;
    let form = use_form(ondone.clone());
    let draft = use_draft(segment_values(segment.as_ref(), *rank));
    let once = use_once();
    let attempts = use_state(|| 0_u32);
    let unfinished = use_state(|| segment.is_none());
    let node = use_first_wrong(*attempts, &form);
    let before = segment.as_ref().map(|segment| (segment.id, segment.version));
    let onsubmit = cb!((form, draft, onstale, once, attempts, unfinished), |event: SubmitEvent| {
        event.prevent_default();
        attempts.set(*attempts + 1);
        let mut errors = Errors::default();
        if *unfinished {
            errors.add(RULE, i.t(Msg::RuleUnfinished));
        }
        let definition = read(&draft, &mut errors, i);
        for (pointer, message) in Errors::check(&definition, i).iter() {
            errors.add(pointer, message);
        }
        let (onstale, once) = (onstale.clone(), once.clone());
        form.send(errors, async move {
            let outcome = match before {
                Some((id, version)) => api::segments::set(id, version, &definition).await,
                None => {
                    once.answered(api::segments::create(scheme, &definition, &once.key(&definition)).await)
                }
            };
            if outcome.as_ref().is_err_and(ApiError::is_conflict) {
                onstale.emit(());
            }
            outcome
        });
    });
    let set_rule = draft.set(RULE);
    let onrule = cb!((unfinished), |text: Option<String>| {
        unfinished.set(text.as_ref().is_none_or(|text| text.trim().is_empty()));
        if let Some(text) = text {
            set_rule.emit(text);
        }
    });
    let rule_error = error_of_rule(&form, RULE, *unfinished, i);
    let level = |pointer: &str| by_code(&draft.at(pointer)).unwrap_or(SegmentLevel::Mid);
    let priority = SegmentPriority::of(level(CONTRIBUTION), level(SERVICE_COST));
    let select = |id: &'static str,
                  pointer: &'static str,
                  label: Msg<'static>,
                  options: Vec<(AttrValue, AttrValue)>| {
        html! { <Select {id} label={i.t(label)} {options} value={draft.at(pointer)} error={form.at(pointer)} onchange={draft.set(pointer)} /> }
    };
    let products = |pointer: &'static str, label: Msg<'static>| {
        let now = draft.at(pointer);
        let set = draft.set(pointer);
        let check = |kind: &ProductKind| {
            let code = kind.code();
            let onchange = cb!((now, set), |on: bool| {
                let mut kept: Vec<&str> =
                    now.split(',').filter(|kept| !kept.is_empty() && *kept != code).collect();
                if on {
                    kept.push(code);
                }
                set.emit(kept.join(","));
            });
            html! { <Check label={kind.label(i)} checked={now.split(',').any(|kept| kept == code)} {onchange} /> }
        };
        html! {
            <fieldset class="field span">
                <legend class="field__label">{ i.t(label) }</legend>
                <div class="rule__checks">{ for ProductKind::all().iter().map(check) }</div>
                if let Some(error) = form.at(pointer) { <p class="field__error" data-wrong="true" tabindex="-1">{ error }</p> }
            </fieldset>
        }
    };
    let set_group = draft.set(GROUP);
    let shown: Vec<&str> = FIELDS
        .iter()
        .map(|(pointer, _)| *pointer)
        .filter(|pointer| segment.is_none() || *pointer != CODE)
        .collect();
    html! {
        <Dialog title={i.t(if segment.is_some() { Msg::SegmentsEdit } else { Msg::SegmentsNew })} shape={Shape::Wide} onclose={onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true ref={node}>
                <div class="form__grid">{ named(&draft, &form, segment.is_none(), i) }</div>
                <RuleBuilder label={i.t(Msg::SegmentsRule)} text={draft.at(RULE)} onchange={onrule} error={rule_error} strict={*attempts > 0} preview=true />
                <div class="form__grid">
                    <TextArea id="segment-description-zh" label={i.t(Msg::SegmentsDescriptionZh)} value={draft.at(DESCRIPTION_ZH)} optional=true error={form.at(DESCRIPTION_ZH)} oninput={draft.set(DESCRIPTION_ZH)} />
                    <TextArea id="segment-description-en" label={i.t(Msg::SegmentsDescriptionEn)} value={draft.at(DESCRIPTION_EN)} optional=true error={form.at(DESCRIPTION_EN)} oninput={draft.set(DESCRIPTION_EN)} />
                    { select("segment-risk-from", RISK_FROM, Msg::SegmentsRiskFrom, options::<RiskAppetite>(i)) }
                    { select("segment-risk-to", RISK_TO, Msg::SegmentsRiskTo, options::<RiskAppetite>(i)) }
                    { select("segment-contribution", CONTRIBUTION, Msg::SegmentsContribution, options::<SegmentLevel>(i)) }
                    { select("segment-cost", SERVICE_COST, Msg::SegmentsCost, options::<SegmentLevel>(i)) }
                    <p class="span small"><span class="muted">{ i.t(Msg::SegmentsPriority) }</span>{ " " }<b>{ priority.label(i) }</b>{ " " }<span class="muted">{ i.t(Msg::SegmentsPriorityHint) }</span></p>
                    <TextField id="segment-rank" label={i.t(Msg::SegmentsRank)} hint={i.t(Msg::SegmentsRankHint)} kind={InputKind::Number} value={draft.at(RANK)} required=true error={form.at(RANK)} oninput={draft.set(RANK)} />
                    <TextField id="segment-cadence" label={i.t(Msg::TiersCadenceDays)} kind={InputKind::Number} value={draft.at(CADENCE)} optional=true error={form.at(CADENCE)} oninput={draft.set(CADENCE)} />
                    <Select id="segment-channel" label={i.t(Msg::FieldPreferredChannel)} options={options::<Channel>(i)} none={i.t(Msg::CommonNone)} value={draft.at(CHANNEL)} error={form.at(CHANNEL)} onchange={draft.set(CHANNEL)} />
                    { products(PREFERENCES, Msg::SegmentsPrefersLong) }
                    { products(EXCLUSIONS, Msg::SegmentsExcludesLong) }
                    <div class="span"><Check label={i.t(Msg::SegmentsGroupHint)} checked={draft.at(GROUP) == "true"} onchange={Callback::from(move |on: bool| set_group.emit(on.to_string()))} /></div>
                </div>
                // Beside the button, since the form is taller than many windows.
                { draft.notice(&form, &shown, |pointer, value| words(pointer, value, i)) }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct SchemeFormProps {
    /// The scheme to be changed, as it is now; without it, a new one.
    #[prop_or_default]
    pub(super) scheme: Option<SegmentScheme>,
    pub(super) ondone: Callback<()>,
    /// Somebody else was faster, and the newest is wanted.
    pub(super) onstale: Callback<()>,
    pub(super) onclose: Callback<()>,
}

fn scheme_values(scheme: Option<&SegmentScheme>) -> Values {
    let of = |read: fn(&SegmentScheme) -> String| scheme.map(read).unwrap_or_default();
    [
        (CODE, of(|s| s.code.clone())),
        (NAME_ZH, of(|s| s.name.zh_cn.clone())),
        (NAME_EN, of(|s| s.name.en.clone())),
        (APPLIES_TO, of(|s| s.applies_to.clone().unwrap_or_default())),
    ]
    .into_iter()
    .map(|(pointer, value)| (pointer.to_owned(), value))
    .collect()
}

/// Makes a scheme or changes it.
#[function_component]
pub(super) fn SchemeForm(props: &SchemeFormProps) -> Html {
    let i = use_i18n();
    let SchemeFormProps { scheme, ondone, onstale, onclose } = props;
    let form = use_form(ondone.clone());
    let draft = use_draft(scheme_values(scheme.as_ref()));
    let once = use_once();
    let attempts = use_state(|| 0_u32);
    let some = use_state(|| scheme.as_ref().is_some_and(|scheme| scheme.applies_to.is_some()));
    let unfinished = use_state(|| false);
    let node = use_first_wrong(*attempts, &form);
    let before = scheme.as_ref().map(|scheme| (scheme.id, scheme.version));
    let onsubmit = cb!((form, draft, onstale, once, attempts, some, unfinished), |event: SubmitEvent| {
        event.prevent_default();
        attempts.set(*attempts + 1);
        let mut errors = Errors::default();
        let rule = text(&draft, APPLIES_TO);
        if *some && (*unfinished || rule.is_empty()) {
            errors.add(APPLIES_TO, i.t(Msg::RuleUnfinished));
        }
        let definition = SegmentSchemeDefinition {
            code: text(&draft, CODE),
            name: names(&draft),
            applies_to: Some(rule).filter(|rule| *some && !rule.is_empty()),
        };
        for (pointer, message) in Errors::check(&definition, i).iter() {
            errors.add(pointer, message);
        }
        let (onstale, once) = (onstale.clone(), once.clone());
        form.send(errors, async move {
            let outcome = match before {
                Some((id, version)) => api::segments::set_scheme(id, version, &definition).await,
                None => {
                    once.answered(api::segments::create_scheme(&definition, &once.key(&definition)).await)
                }
            };
            if outcome.as_ref().is_err_and(ApiError::is_conflict) {
                onstale.emit(());
            }
            outcome
        });
    });
    let set_rule = draft.set(APPLIES_TO);
    let onrule = cb!((unfinished), |text: Option<String>| {
        unfinished.set(text.is_none());
        if let Some(text) = text {
            set_rule.emit(text);
        }
    });
    let rule_error = error_of_rule(&form, APPLIES_TO, *unfinished, i);
    let is_new = scheme.is_none();
    let shown: Vec<&str> = [NAME_ZH, NAME_EN, APPLIES_TO].into_iter().chain(is_new.then_some(CODE)).collect();
    html! {
        <Dialog title={i.t(if is_new { Msg::SegmentsNewScheme } else { Msg::SegmentsEditScheme })} shape={Shape::Wide} onclose={onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true ref={node}>
                <div class="form__grid">{ named(&draft, &form, is_new, i) }</div>
                <Check label={i.t(Msg::SegmentsForSome)} checked={*some} onchange={cb!((some), |on: bool| some.set(on))} />
                if *some {
                    <RuleBuilder label={i.t(Msg::SegmentsFor)} text={draft.at(APPLIES_TO)} onchange={onrule} error={rule_error} strict={*attempts > 0} preview=true />
                }
                { draft.notice(&form, &shown, |pointer, value| words(pointer, value, i)) }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct TrialProps {
    pub(super) onclose: Callback<()>,
}

/// Tries a rule on the customers that the user sees; nothing is kept.
#[function_component]
pub(super) fn Trial(props: &TrialProps) -> Html {
    let i = use_i18n();
    let rule = use_state(String::new);
    let onchange = cb!((rule), |text: Option<String>| if let Some(text) = text {
        rule.set(text);
    });
    html! {
        <Dialog title={i.t(Msg::SegmentsTry)} shape={Shape::Wide} dirty=false onclose={props.onclose.clone()}>
            <RuleBuilder label={i.t(Msg::SegmentsRule)} text={(*rule).clone()} {onchange} preview=true />
        </Dialog>
    }
}
