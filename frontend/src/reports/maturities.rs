use guanxi_api::MaturityReport;
use yew::prelude::*;
use yew_router::Routable;

use super::{amount, figure, list, number};
use crate::holdings::maturing;
use crate::i18n::{I18n, Msg};
use crate::route::Route;

/// What matures soon.
pub(super) fn draw(report: &MaturityReport, i: I18n) -> Html {
    let currency = report.spans.first().map(|span| span.assets.currency.clone()).unwrap_or_default();
    html! {
        <table class="figures">
            <caption class="sr-only">{ i.t(Msg::ReportsMaturities) }</caption>
            <thead><tr>
                <th scope="col">{ i.t(Msg::ReportsWithin) }</th>
                <th scope="col" class="number">{ i.t(Msg::ReportsHoldings) }</th>
                <th scope="col" class="number">{ i.t(Msg::CustomerAumIn { currency: &currency }) }</th>
            </tr></thead>
            <tbody>{ for report.spans.iter().map(|span| {
                let to = list(&Route::Holdings.to_path(), &maturing(report.from, span.until), "matures_on");
                let name = i.t(Msg::HoldingsWithin { days: &span.days.to_string() });
                html! {
                    <tr key={span.days}>
                        <th scope="row">{ &name }{ " " }<small class="muted">{ i.t(Msg::ReportsUntil { day: &span.until.to_string() }) }</small></th>
                        <td class="number">{ figure(to.clone(), number(span.holdings, i), name.clone()) }</td>
                        <td class="number">{ amount(to, &span.assets, name, i) }</td>
                    </tr>
                }
            }) }</tbody>
        </table>
    }
}
