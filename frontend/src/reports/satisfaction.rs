use guanxi_api::{NetPromoterScore, SatisfactionReport, SurveyFigures, SurveyStatus};
use yew::prelude::*;
use yew_router::Routable;

use super::{figure, number};
use crate::i18n::{I18n, Msg};
use crate::labels::Label;
use crate::route::Route;
use crate::surveys::{Gauge, percent, signed, withheld_words};
use crate::ui::{Badge, Link, Tone};

/// What came of the latest surveys.
pub(super) fn draw(report: &SatisfactionReport, i: I18n) -> Html {
    html! {
        if report.surveys.is_empty() {
            <p class="combo__none">{ i.t(Msg::SurveysNoneText) }</p>
        } else {
            <ul class="lines">{ for report.surveys.iter().map(|survey| line(survey, report.target_satisfaction, i)) }</ul>
        }
    }
}

fn line(survey: &SurveyFigures, target: f64, i: I18n) -> Html {
    let place = Route::Survey { id: survey.survey.id }.to_path();
    let results: AttrValue = format!("{place}?tab=results").into();
    let answers: AttrValue = format!("{place}?tab=answers").into();
    let invitations: AttrValue = format!("{place}?tab=invitations").into();
    let tone = if survey.status == SurveyStatus::Open { Tone::Good } else { Tone::Neutral };
    let fact = |label: Msg<'_>, value: Html| html! { <div><dt>{ i.t(label) }</dt><dd>{ value }</dd></div> };
    let satisfaction = survey.figures.and_then(|figures| figures.satisfaction);
    let nps = survey.figures.and_then(|figures| figures.nps);
    html! {
        <li key={survey.survey.id.to_string()} class="survey-line">
            <div class="row">
                <Link to={results.clone()} class="table__link">{ &survey.survey.name }</Link>
                <Badge {tone}>{ survey.status.label(i) }</Badge>
            </div>
            <dl class="goals">
                { fact(Msg::ResultsAnswered, html! {
                    <>
                        { figure(answers, number(survey.answered, i), i.t(Msg::ResultsAnswered)) }
                        <span class="muted small">{ " / " }{ figure(invitations, number(survey.invited, i), i.t(Msg::ResultsInvited)) }
                            if let Some(rate) = survey.response_rate { { " · " }{ percent(rate) } }
                        </span>
                    </>
                }) }
                if let Some(satisfaction) = satisfaction {
                    { fact(Msg::ResultsSatisfaction, html! {
                        <>
                            { figure(results.clone(), percent(satisfaction.share), i.t(Msg::ResultsSatisfaction)) }
                            <span class="muted small">{ i.t(Msg::ReportsTarget { target: &percent(target) }) }</span>
                            <Gauge caption={i.t(Msg::ResultsSatisfactionChart { share: &percent(satisfaction.share), target: &percent(target) })}
                                share={satisfaction.share} {target} />
                        </>
                    }) }
                }
                if let Some(nps) = nps { { fact(Msg::ResultsNps, promoters(&nps, results, i)) } }
            </dl>
            if let Some(why) = survey.withheld { <p class="small muted">{ withheld_words(why, i) }</p> }
        </li>
    }
}

fn promoters(nps: &NetPromoterScore, to: AttrValue, i: I18n) -> Html {
    let count = number(nps.promoters + nps.passives + nps.detractors, i);
    html! {
        <>
            { figure(to, signed(nps.score), i.t(Msg::ResultsNps)) }
            <span class="muted small">{ i.t(Msg::ResultsInterval { low: &signed(nps.low), high: &signed(nps.high), count: &count }) }</span>
            if nps.uncertain { <Badge tone={Tone::Warning}>{ i.t(Msg::ReportsUncertain) }</Badge> }
        </>
    }
}
