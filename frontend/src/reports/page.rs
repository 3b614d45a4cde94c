use guanxi_api::{ContactReport, MaturityReport, PortfolioReport, SatisfactionReport};
use yew::prelude::*;
use yew_router::Routable;

use super::{contacts, maturities, portfolio, satisfaction, shown};
use crate::api;
use crate::fetch::use_query;
use crate::i18n::{Msg, use_i18n};
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::ui::{HelpNote, Link, Page, Panel};

/// The reports, each of which comes by itself.
#[function_component]
pub fn ReportsPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let assets =
        use_query::<PortfolioReport, _, _>(Some("reports/portfolio".into()), api::reports::portfolio);
    let week = use_query::<ContactReport, _, _>(Some("reports/contacts".into()), api::reports::contacts);
    let soon = use_query::<MaturityReport, _, _>(Some("reports/maturities".into()), api::reports::maturities);
    let asked = use_query::<SatisfactionReport, _, _>(
        Some("reports/satisfaction".into()),
        api::reports::satisfaction,
    );
    let (units, managers) = (use_state(|| false), use_state(|| false));
    let sees_targets = me.as_ref().is_some_and(|me| may(me, right::VIEW_TARGETS));
    let targets = html! {
        if sees_targets { <Link to={Route::ContactTargets.to_path()} class="link small">{ i.t(Msg::NavTargets) }</Link> }
    };
    html! {
        <Page title={i.t(Msg::ReportsTitle)}>
            <HelpNote text={i.t(Msg::ReportsHelp)} />
            <div class="cards">
                <div class="stack">
                    <Panel title={i.t(Msg::ReportsTiers)}>{ shown(&assets, i, |report| portfolio::tiers(report, i)) }</Panel>
                    <Panel title={i.t(Msg::ReportsUnits)}>{ shown(&assets, i, |report| portfolio::units(report, &units, i)) }</Panel>
                </div>
                <div class="stack">
                    <Panel title={i.t(Msg::ReportsContacts)} actions={targets}>{ shown(&week, i, |report| contacts::draw(report, &managers, i)) }</Panel>
                    <Panel title={i.t(Msg::ReportsSatisfaction)} flush=true>{ shown(&asked, i, |report| satisfaction::draw(report, i)) }</Panel>
                    <Panel title={i.t(Msg::ReportsMaturities)}>{ shown(&soon, i, |report| maturities::draw(report, i)) }</Panel>
                </div>
            </div>
        </Page>
    }
}
