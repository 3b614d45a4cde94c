use guanxi_api::{GradeShare, ValueReport};
use yew::prelude::*;
use yew_router::Routable;

use super::{curve, exact, purchases};
use crate::api;
use crate::fetch::use_query;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::reports::{amount, figure, number};
use crate::route::Route;
use crate::ui::{Button, ErrorPanel, HelpNote, Icon, Link, Page, Panel, Skeleton, Time};

/// Columns of a list of customers by their worth.
const COLUMNS: &str = "name,customer_no,tier,grade,contribution,lifetime_value,owner,last_contacted_at";

/// The list of customers that a filter lets through, with what they are worth.
pub(super) fn customers(filter: &str, sort: &str) -> AttrValue {
    let query = api::query(&[("filter", filter), ("sort", sort), ("columns", COLUMNS)]);
    format!("{}{query}", Route::Customers.to_path()).into()
}

/// Who carries the bank.
#[function_component]
pub fn ValuePage() -> Html {
    let i = use_i18n();
    let query = use_query::<ValueReport, _, _>(Some("reports/value".into()), api::grades::report);
    let actions = html! {
        <Button icon={Icon::Award} to={Route::GradeRules.to_path()}>{ i.t(Msg::GradeRulesTitle) }</Button>
    };
    html! {
        <Page title={i.t(Msg::ValueTitle)} {actions}>
            <HelpNote text={i.t(Msg::ValueHelp)} />
            { match (&query.remote.data, &query.remote.error) {
                (Some(report), _) => html! {
                    <>
                        <div class="cards">
                            <div class="stack">
                                <Panel title={i.t(Msg::ValueCurve)}>{ carried(report, i) }</Panel>
                                <Panel title={i.t(Msg::ValueGrades)}>{ grades(report, i) }</Panel>
                            </div>
                            <div class="stack">
                                <Panel title={i.t(Msg::ValueMatrix)}>{ purchases::draw(report, i) }</Panel>
                            </div>
                        </div>
                        <p class="small muted">{ i.t(Msg::ValueAsOf) }{ " " }<Time at={report.as_of} relative=true /></p>
                    </>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::ReportsFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                (None, None) => html! { <Skeleton bare=true rows=10 /> },
            } }
        </Page>
    }
}

fn carried(report: &ValueReport, i: I18n) -> Html {
    let carrying = match report.carrying {
        Some(carrying) => i.t(Msg::ValueCarrying {
            count: &number(carrying, i),
            percent: &curve::percent(carrying as f64, report.customers as f64),
        }),
        None => i.t(Msg::ValueNothing),
    };
    let lost = &report.unprofitable;
    let unprofitable =
        i.t(Msg::ValueUnprofitable { count: &number(lost.customers, i), sum: &exact(&lost.contribution, i) });
    html! {
        <>
            <dl class="stats">
                <div class="stat"><dt>{ i.t(Msg::CustomersTitle) }</dt><dd>{ figure(customers("", "-contribution"), number(report.customers, i), i.t(Msg::CustomersTitle)) }</dd></div>
                <div class="stat"><dt>{ i.in_unit(Msg::FieldContribution, &report.contribution.currency) }</dt><dd>{ amount(customers("", "-contribution"), &report.contribution, i.t(Msg::FieldContribution), i) }</dd></div>
            </dl>
            <p>
                if report.carrying.is_some() {
                    <Link to={customers("", "-contribution")} class="link">{ carrying.clone() }</Link>
                } else {
                    { carrying.clone() }
                }
            </p>
            <p><Link to={customers("contribution lt 0", "contribution")} class="link">{ unprofitable }</Link></p>
            { curve::draw(report, carrying, i) }
            { curve::table(report, i) }
        </>
    }
}

fn grades(report: &ValueReport, i: I18n) -> Html {
    let line = |share: &GradeShare| {
        let grade = &share.grade;
        let to = customers(&format!(r#"grade eq "{grade}""#), "-contribution");
        let name = i.t(Msg::ValueGrade { grade });
        html! {
            <tr key={grade.clone()}>
                <th scope="row"><span class="sr-only">{ &name }</span><span class="badge" aria-hidden="true">{ grade }</span></th>
                <td class="number">{ figure(to.clone(), number(share.customers, i), name.clone()) }</td>
                <td class="number wide-only">{ curve::percent(share.customers as f64, report.customers as f64) }{ " %" }</td>
                <td class="number">{ amount(to, &share.contribution, name, i) }</td>
                <td class="number wide-only">{ number(share.lost, i) }</td>
                <td class="number">if let Some(percent) = share.retention_percent { { percent }{ " %" } } else { { "–" } }</td>
            </tr>
        }
    };
    html! {
        <>
            <table class="figures figures--steps">
                <caption class="sr-only">{ i.t(Msg::ValueGrades) }</caption>
                <thead><tr>
                    <th scope="col">{ i.t(Msg::FieldGrade) }</th>
                    <th scope="col" class="number">{ i.t(Msg::CustomersTitle) }</th>
                    <th scope="col" class="number wide-only">{ i.t(Msg::ValueShare) }</th>
                    <th scope="col" class="number">{ i.in_unit(Msg::FieldContribution, &report.contribution.currency) }</th>
                    <th scope="col" class="number wide-only">{ i.t(Msg::ValueLost) }</th>
                    <th scope="col" class="number">{ i.t(Msg::ValueRetention) }</th>
                </tr></thead>
                <tbody>{ for report.grades.iter().map(line) }</tbody>
            </table>
            <p class="small muted">{ i.t(Msg::ValueGradesNote) }</p>
        </>
    }
}
