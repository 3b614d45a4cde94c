use guanxi_api::{
    GroupResult, NetPromoterScore, QuestionResult, ResultFigures, ResultsBy, SurveyResults, WithheldBecause,
};
use uuid::Uuid;
use yew::prelude::*;

use super::charts::{Bar, Bars, Gauge, Stack, percent, signed};
use super::said;
use crate::api;
use crate::fetch::use_query;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, options};
use crate::ui::{EmptyState, ErrorPanel, Icon, Notice, Panel, Segments, Skeleton};

#[derive(Properties, PartialEq)]
pub struct ResultsTabProps {
    pub id: Uuid,
}

/// What came of a survey.
#[function_component]
pub fn ResultsTab(props: &ResultsTabProps) -> Html {
    let i = use_i18n();
    let id = props.id;
    let by = use_state(|| ResultsBy::None);
    let code = by.as_str();
    let query =
        use_query::<SurveyResults, _, _>(Some(format!("survey/{id}/results/{code}")), move || async move {
            api::surveys::results(id, code).await
        });
    let results = match (&query.remote.data, &query.remote.error) {
        (Some(results), _) => results.clone(),
        (None, Some(error)) => {
            return html! { <ErrorPanel what={i.t(Msg::SurveysFailed)} error={error.clone()} retry={query.reload.clone()} /> };
        }
        (None, None) => return html! { <Skeleton rows=8 /> },
    };
    let count = |label: Msg<'_>, value: String| html! { <div class="stat"><dt>{ i.t(label) }</dt><dd>{ value }</dd></div> };
    html! {
        <div class="stack">
            <dl class="stats">
                { count(Msg::ResultsInvited, results.invited.to_string()) }
                { count(Msg::ResultsOpened, results.opened.to_string()) }
                { count(Msg::ResultsAnswered, results.answered.to_string()) }
                { count(Msg::ResultsRate, results.response_rate.map_or("–".into(), percent)) }
            </dl>
            if let Some(why) = results.withheld {
                <Notice>{ withheld_words(why, i) }</Notice>
            } else if results.answered == 0 {
                <EmptyState icon={Icon::MessageCircle} title={i.t(Msg::ResultsNone)} text={i.t(Msg::ResultsNoneText)} />
            } else {
                if let Some(figures) = &results.figures { { whole(figures, &results, i) } }
                if !results.anonymous {
                    <Panel title={i.t(Msg::ResultsGroups)}>
                        <Segments label={i.t(Msg::ResultsBy)} name="results-by" options={options::<ResultsBy>(i)} value={by.code()}
                            onchange={cb!((by), |code: String| by.set(crate::labels::by_code(&code).unwrap_or(ResultsBy::None)))} />
                        if !results.groups.is_empty() { { groups(&results.groups, i) } }
                    </Panel>
                }
                { dimensions(&results, i) }
                { for results.questions.iter().filter(|question| !question.distribution.is_empty()).map(|question| one(question, i)) }
            }
        </div>
    }
}

/// Why there are no figures.
pub fn withheld_words(why: WithheldBecause, i: I18n) -> AttrValue {
    i.t(match why {
        WithheldBecause::TooFew => Msg::ResultsTooFew,
        WithheldBecause::UntilClosed => Msg::ResultsUntilClosed,
        WithheldBecause::OutsideScope => Msg::ResultsOutside,
    })
}

fn whole(figures: &ResultFigures, results: &SurveyResults, i: I18n) -> Html {
    html! {
        <div class="results">
            if let Some(satisfaction) = figures.satisfaction {
                <Panel title={i.t(Msg::ResultsSatisfaction)}>
                    <p class="results__figure">{ percent(satisfaction.share) }</p>
                    <Gauge caption={i.t(Msg::ResultsSatisfactionChart { share: &percent(satisfaction.share), target: &percent(results.target_satisfaction) })}
                        share={satisfaction.share} target={results.target_satisfaction} />
                    <p class="small muted">{ i.t(Msg::ResultsTarget { target: &percent(results.target_satisfaction), count: &satisfaction.count.to_string() }) }</p>
                </Panel>
            }
            if let Some(nps) = figures.nps { { promoters(&nps, i) } }
            if let Some(ces) = figures.ces {
                <Panel title={i.t(Msg::ResultsEffort)}>
                    <p class="results__figure">{ format!("{:.2}", ces.mean) }</p>
                    <p class="small muted">{ i.t(Msg::ResultsEffortNote { count: &ces.count.to_string() }) }</p>
                </Panel>
            }
        </div>
    }
}

fn promoters(nps: &NetPromoterScore, i: I18n) -> Html {
    let bar = |label: Msg<'_>, count| Bar { label: i.t(label), count };
    let count = (nps.promoters + nps.passives + nps.detractors).to_string();
    html! {
        <Panel title={i.t(Msg::ResultsNps)}>
            <p class="results__figure">{ signed(nps.score) }</p>
            <Stack caption={i.t(Msg::ResultsNps)} bars={[
                bar(Msg::ResultsDetractors, nps.detractors), bar(Msg::ResultsPassives, nps.passives), bar(Msg::ResultsPromoters, nps.promoters),
            ]} />
            <p class="small muted">{ i.t(Msg::ResultsInterval { low: &signed(nps.low), high: &signed(nps.high), count: &count }) }</p>
            if nps.uncertain { <Notice tone="warn">{ i.t(Msg::ResultsUncertain) }</Notice> }
        </Panel>
    }
}

fn groups(groups: &[GroupResult], i: I18n) -> Html {
    let name = |group: &GroupResult| match (group.tier, &group.org_unit) {
        (Some(tier), _) => tier.label(i),
        (None, Some(unit)) => unit.name.in_language(i.lang).to_owned().into(),
        (None, None) => i.t(Msg::CommonNone),
    };
    let figure = |group: &GroupResult, show: &dyn Fn(&ResultFigures) -> Option<String>| {
        group.figures.as_ref().and_then(show).unwrap_or_else(|| "–".into())
    };
    html! {
        <div class="scrolls" tabindex="0" role="region" aria-label={i.t(Msg::ResultsGroups)}>
            <table class="twin">
                <caption class="sr-only">{ i.t(Msg::ResultsGroups) }</caption>
                <thead><tr>
                    <th scope="col">{ i.t(Msg::ResultsGroup) }</th><th scope="col" class="num">{ i.t(Msg::ResultsAnswered) }</th>
                    <th scope="col" class="num">{ i.t(Msg::ResultsSatisfaction) }</th><th scope="col" class="num">{ i.t(Msg::ResultsNps) }</th><th scope="col" class="num">{ i.t(Msg::ResultsEffort) }</th>
                </tr></thead>
                <tbody>{ for groups.iter().map(|group| html! {
                    <tr>
                        <th scope="row">{ name(group) }</th>
                        <td class="num">{ group.answered.map_or_else(|| i.t(Msg::ResultsWithheld), |count| count.to_string().into()) }</td>
                        <td class="num">{ figure(group, &|figures| figures.satisfaction.map(|share| percent(share.share))) }</td>
                        <td class="num">{ figure(group, &|figures| figures.nps.map(|nps| signed(nps.score))) }</td>
                        <td class="num">{ figure(group, &|figures| figures.ces.map(|mean| format!("{:.2}", mean.mean))) }</td>
                    </tr>
                }) }</tbody>
            </table>
            if groups.iter().any(|group| group.withheld) { <p class="small muted">{ i.t(Msg::ResultsWithheldNote) }</p> }
        </div>
    }
}

fn dimensions(results: &SurveyResults, i: I18n) -> Html {
    if results.dimensions.is_empty() {
        return html!();
    }
    html! {
        <Panel title={i.t(Msg::ResultsDimensions)}>
            <dl class="details">
                { for results.dimensions.iter().map(|one| {
                    let share = percent(one.satisfaction.share);
                    html! { <><dt>{ one.dimension.label(i) }</dt><dd>
                        <Gauge caption={i.t(Msg::ResultsSatisfactionChart { share: &share, target: &percent(results.target_satisfaction) })} share={one.satisfaction.share} target={results.target_satisfaction} />
                        { i.t(Msg::ResultsDimension { share: &share, mean: &format!("{:.2}", one.mean), count: &one.satisfaction.count.to_string() }) }
                    </dd></> }
                }) }
            </dl>
        </Panel>
    }
}

fn one(question: &QuestionResult, i: I18n) -> Html {
    let bars = question.distribution.iter().map(|value| Bar {
        label: value.label.as_ref().map_or_else(|| value.value.clone(), |label| said(label, i)).into(),
        count: value.count,
    });
    let title = said(&question.text, i);
    let count = question.count.to_string();
    html! {
        <Panel title={title.clone()}>
            <p class="small muted">{ match question.mean {
                Some(mean) => i.t(Msg::ResultsMean { mean: &format!("{mean:.2}"), count: &count }),
                None => i.t(Msg::ResultsCount { count: &count }),
            } }</p>
            <Bars caption={title} bars={bars.collect::<Vec<_>>()} />
        </Panel>
    }
}
