use guanxi_api::{DataQualityReport, QualityFigures};
use yew::prelude::*;

use super::{customers, mean, share};
use crate::api;
use crate::fetch::use_query;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::reports::{figure, number};
use crate::ui::{ErrorPanel, HelpNote, Panel, Skeleton, Time, meter};

/// How complete the data are by who is responsible, and by unit; every figure leads to its customers.
#[function_component]
pub fn BooksTab() -> Html {
    let i = use_i18n();
    let query =
        use_query::<DataQualityReport, _, _>(Some("reports/data-quality".into()), api::reports::data_quality);
    match (&query.remote.data, &query.remote.error) {
        (Some(report), _) => draw(report, i),
        (None, Some(error)) => {
            html! { <ErrorPanel what={i.t(Msg::DataQualityFailed)} error={error.clone()} retry={query.reload.clone()} /> }
        }
        (None, None) => html! { <Skeleton bare=true rows=10 /> },
    }
}

fn draw(report: &DataQualityReport, i: I18n) -> Html {
    let books = report.books.iter().map(|book| {
        let (name, filter) = match &book.owner {
            Some(owner) => {
                (AttrValue::from(owner.display_name.clone()), format!("owner_id eq \"{}\"", owner.id))
            }
            None => (i.t(Msg::CustomerNoOwner), "owner_id eq null".to_owned()),
        };
        line(name, &filter, &book.figures, i)
    });
    let units = report.units.iter().map(|one| {
        let name = one.unit.name.in_language(i.lang).to_owned();
        line(name.into(), &format!("org_unit_id eq \"{}\"", one.unit.id), &one.figures, i)
    });
    let more = |listed: usize, in_all: i64| {
        let listed = i64::try_from(listed).unwrap_or(i64::MAX);
        html! { if in_all > listed { <p class="muted small">{ i.t(Msg::DataQualityInAll { count: &number(in_all, i) }) }</p> } }
    };
    html! {
        <>
            <HelpNote text={i.t(Msg::DataQualityBooksHelp { percent: &report.required_percent.to_string() })} />
            <div class="stack">
                <Panel title={i.t(Msg::DataQualityBooks)}>
                    { table(Msg::FieldOwner, Msg::DataQualityBooks, books.collect(), i) }
                    { more(report.books.len(), report.books_in_all) }
                </Panel>
                <Panel title={i.t(Msg::DataQualityUnits)}>
                    { table(Msg::FieldOrgUnit, Msg::DataQualityUnits, units.collect(), i) }
                    { more(report.units.len(), report.units_in_all) }
                </Panel>
                <p class="small muted">{ i.t(Msg::ValueAsOf) }{ " " }<Time at={report.as_of} relative=true /></p>
            </div>
        </>
    }
}

fn table(of: Msg<'_>, caption: Msg<'_>, lines: Html, i: I18n) -> Html {
    html! {
        <table class="figures figures--bars">
            <caption class="sr-only">{ i.t(caption) }</caption>
            <thead><tr>
                <th scope="col">{ i.t(of) }</th>
                <th scope="col" class="number">{ i.t(Msg::DataQualityGaps) }</th>
                <th scope="col" class="number quality-more">{ i.t(Msg::DataQualityDemandedOf) }</th>
                <th scope="col" class="number">{ i.t(Msg::DataQualityReachedShort) }</th><td class="bar"></td>
                <th scope="col" class="number">{ i.t(Msg::FieldCompleteness) }</th>
            </tr></thead>
            <tbody>{ lines }</tbody>
        </table>
    }
}

fn line(name: AttrValue, filter: &str, figures: &QualityFigures, i: I18n) -> Html {
    let of = |what: &str| customers(&format!("{filter}{what}"));
    let label = |what: Msg<'_>| format!("{name}, {}", i.t(what));
    html! {
        <tr key={filter.to_owned()}>
            <th scope="row">{ &name }</th>
            <td class="number">{ figure(of(" and data_gap eq true"), number(figures.data_gaps, i), label(Msg::DataQualityGaps)) }</td>
            <td class="number quality-more">{ figure(of(" and tier ne \"mass\""), number(figures.demanded, i), label(Msg::DataQualityDemandedOf)) }</td>
            <td class="number">{ share(figures.reached) }</td>
            <td class="bar">{ meter(figures.reached.unwrap_or(1.0), figures.data_gaps == 0) }</td>
            <td class="number">{ figure(of(""), mean(figures), label(Msg::FieldCompleteness)) }</td>
        </tr>
    }
}
