use guanxi_api::{GradeMeasure, GradePartRule, GradePolicy, GradeRules};
use yew::prelude::*;

use super::draft::RFM;
use super::form::RulesForm;
use super::{code_words, margin, part_in_unit};
use crate::api::{self, Tagged};
use crate::fetch::use_query;
use crate::holdings::typed;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::session::{may, right, use_me};
use crate::ui::{ErrorPanel, HelpNote, Page, Panel, Skeleton, Time};

/// How customers are graded: for the administrator to set, for others to read.
#[function_component]
pub fn GradeRulesPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let query = use_query::<Tagged<GradePolicy>, _, _>(Some("grade-policy".into()), api::grades::policy);
    let manages = me.as_ref().is_some_and(|me| may(me, right::MANAGE_GRADES));
    let base = me.map(|me| me.base_currency.clone()).unwrap_or_default();
    let (set, reload) = (query.set.clone(), query.reload.clone());
    html! {
        <Page title={i.t(Msg::GradeRulesTitle)}>
            <HelpNote text={i.t(if manages { Msg::GradeRulesHelp } else { Msg::GradeRulesHelpRead })} />
            { match (&query.remote.data, &query.remote.error) {
                (Some(now), _) => html! {
                    <>
                        if manages {
                            <RulesForm now={(**now).clone()} {set} {reload} />
                        } else {
                            { shown(&now.value.rules, &base, i) }
                        }
                        <p class="small muted">{ i.t(Msg::FieldUpdatedAt) }{ " " }<Time at={now.value.updated_at} relative=true /></p>
                    </>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::GradeRulesFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                (None, None) => html! { <Skeleton bare=true rows=10 /> },
            } }
        </Page>
    }
}

/// The rules for those who read them.
fn shown(rules: &GradeRules, base: &str, i: I18n) -> Html {
    let table = |caption: Msg<'_>, heads: &[AttrValue], rows: Vec<(AttrValue, Vec<String>)>| {
        html! {
            <table class="figures figures--steps">
                <caption class="sr-only">{ i.t(caption) }</caption>
                <thead><tr>{ for heads.iter().enumerate().map(|(n, head)| html! { <th key={n} scope="col" class={(n > 0).then_some("number")}>{ head }</th> }) }</tr></thead>
                <tbody>{ for rows.into_iter().enumerate().map(|(n, (name, cells))| html! {
                    <tr key={n}><th scope="row">{ name }</th>{ for cells.into_iter().map(|cell| html! { <td class="number">{ cell }</td> }) }</tr>
                }) }</tbody>
            </table>
        }
    };
    let grades = rules.grades.iter().map(|grade| {
        let days =
            grade.cadence_days.map_or_else(|| i.t(Msg::TiersNoCadence).to_string(), |days| i.number(days));
        (grade.code.clone().into(), vec![grade.from_score.to_string(), days])
    });
    let income = rules.income.iter().map(|one| {
        (one.kind.label(i), vec![format!("{} %", margin(one.margin_basis_points)), i.figure(&typed(one.fee))])
    });
    let costs = [(i.t(Msg::ValueTabEveryYear), rules.costs.per_year)]
        .into_iter()
        .chain(rules.costs.contacts.iter().map(|one| (one.kind.label(i), one.cost)))
        .map(|(name, cost)| (name, vec![i.figure(&typed(cost))]));
    let counts = |counts: &[u32]| counts.iter().map(|count| i.number(*count)).collect::<Vec<_>>();
    let limits = [
        counts(&rules.rfm.recency_days),
        counts(&rules.rfm.frequency),
        rules.rfm.monetary.iter().map(|amount| i.short_amount(*amount)).collect(),
    ];
    let limits = RFM.iter().zip(limits).map(|((_, label), limits)| (i.t(*label), vec![limits.join(" · ")]));
    let attrition = rules
        .attrition_percent
        .iter()
        .enumerate()
        .map(|(kinds, percent)| (kinds_held(kinds, i), vec![format!("{percent} %")]));
    let of = |label: Msg<'_>| i.t(label);
    html! {
        // Nothing in it takes the focus, without which keys would not scroll the page.
        <div class="cards" tabindex="0" role="region" aria-label={i.t(Msg::GradeRulesTitle)}>
            <div class="stack">
                <Panel title={i.t(Msg::NavGrades)}>{ table(Msg::NavGrades, &[of(Msg::FieldGrade), of(Msg::GradeRulesFrom), of(Msg::TiersCadenceDays)], grades.collect()) }</Panel>
                <Panel title={i.t(Msg::GradeRulesPerson)}>{ parts(Msg::GradeRulesPerson, &rules.person, base, i) }</Panel>
                <Panel title={i.t(Msg::GradeRulesOrganisation)}>{ parts(Msg::GradeRulesOrganisation, &rules.organisation, base, i) }</Panel>
            </div>
            <div class="stack">
                <Panel title={i.t(Msg::GradeRulesIncome)}>{ table(Msg::GradeRulesIncome, &[of(Msg::GradeRulesKind), of(Msg::GradeRulesMargin), i.in_unit(Msg::GradeRulesFee, base)], income.collect()) }</Panel>
                <Panel title={i.t(Msg::GradeRulesCosts)}>{ table(Msg::GradeRulesCosts, &[of(Msg::GradeRulesContact), i.in_unit(Msg::GradeRulesCost, base)], costs.collect()) }</Panel>
                <Panel title={i.t(Msg::GradeRulesRfm)}>
                    <p class="small muted">{ i.t(Msg::GradeRulesRfmHint) }</p>
                    { table(Msg::GradeRulesRfm, &[of(Msg::GradeRulesScore), of(Msg::GradeRulesLimits)], limits.collect()) }
                </Panel>
                <Panel title={i.t(Msg::GradeRulesAttrition)}>
                    { table(Msg::GradeRulesAttrition, &[of(Msg::GradeRulesKinds), of(Msg::GradeRulesLostShare)], attrition.collect()) }
                    <p>{ i.t(Msg::GradeRulesDiscount) }{ " " }<b>{ rules.discount_percent }{ " %" }</b></p>
                </Panel>
            </div>
        </div>
    }
}

/// How many kinds of products somebody holds, in words.
pub(super) fn kinds_held(kinds: usize, i: I18n) -> AttrValue {
    match kinds {
        0 => i.t(Msg::GradeRulesNoKind),
        5.. => i.t(Msg::GradeRulesManyKinds),
        _ => i.t(Msg::GradeRulesSomeKinds { count: &kinds.to_string() }),
    }
}

fn parts(caption: Msg<'_>, parts: &[GradePartRule], base: &str, i: I18n) -> Html {
    let points = |rule: &GradePartRule| -> Vec<String> {
        if rule.part.measure() == GradeMeasure::Code {
            let codes = rule.codes.iter();
            return codes
                .map(|one| format!("{}: {}", code_words(rule.part, &one.code, i), one.points))
                .collect();
        }
        rule.steps.iter().map(|step| format!("≥ {}: {}", i.figure(&typed(step.from)), step.points)).collect()
    };
    html! {
        <table class="figures">
            <caption class="sr-only">{ i.t(caption) }</caption>
            <thead><tr>
                <th scope="col">{ i.t(Msg::GradeRulesPoints) }</th>
                <th scope="col" class="number">{ i.t(Msg::GradeRulesWeight) }</th>
            </tr></thead>
            <tbody>{ for parts.iter().map(|rule| html! {
                <tr key={rule.part.as_str()}>
                    <th scope="row">
                        <b>{ part_in_unit(rule.part, base, i) }</b>
                        <ul class="tags">{ for points(rule).into_iter().map(|words| html! { <li class="badge">{ words }</li> }) }</ul>
                    </th>
                    <td class="number">{ rule.weight }</td>
                </tr>
            }) }</tbody>
        </table>
    }
}
