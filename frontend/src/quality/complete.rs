use std::rc::Rc;

use guanxi_api::{CustomerSummary, DataQualityReport, Me, Page as Rows, QualityFigures, Role};
use yew::prelude::*;
use yew_router::Routable;

use super::{customers, mean, share};
use crate::api;
use crate::customers::{listed, missing_words};
use crate::fetch::use_query;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::kept::use_kept;
use crate::reports::{figure, number};
use crate::route::{self, Route};
use crate::session::use_me;
use crate::settings::use_settings;
use crate::ui::{
    Button, Column, EmptyState, ErrorPanel, HelpNote, Icon, Link, OnPhone, Pagination, Row, Select, Skeleton,
    Table, TierMark, meter,
};

/// Rows of a page, as the server gives them unless told.
const PAGE: u32 = 50;

/// The filter of the customers who look after whom is asked: one's own, or all that one sees.
fn of_mine(me: &Me, filter: &str) -> String {
    match me.role {
        Role::Rm => format!("owner_id eq \"{}\" and {filter}", me.id),
        _ => filter.to_owned(),
    }
}

#[derive(Properties, PartialEq)]
pub struct CompleteTabProps {
    /// Everyone of whom something is missing, not only those whose tier demands it.
    pub all: bool,
}

/// Customers whose data are to be completed, the least complete first.
#[function_component]
pub fn CompleteTab(props: &CompleteTabProps) -> Html {
    let i = use_i18n();
    let settings = use_settings();
    let me = use_me();
    let all = props.all;
    let filter =
        me.as_ref().map(|me| of_mine(me, if all { "completeness lt 100" } else { "data_gap eq true" }));
    let filter = filter.unwrap_or_default();
    let place = use_kept("complete-place", || (all, Vec::<String>::new()));
    // A place belongs to the list that it was reached in.
    let cursors = if place.0 == all { place.1.clone() } else { Vec::new() };
    let cursor = cursors.last().cloned().unwrap_or_default();
    let report =
        use_query::<DataQualityReport, _, _>(Some("reports/data-quality".into()), api::reports::data_quality);
    let rows =
        use_query::<Rows<CustomerSummary>, _, _>(Some(format!("customers/complete/{all}?{cursor}")), {
            let filter = filter.clone();
            move || async move { api::customers::list(&filter, "completeness", &cursor, false).await }
        });
    let data = rows.remote.data.clone();
    use_effect_with(data.clone(), |data| {
        if let Some(data) = data {
            listed(data.data.iter().map(|customer| customer.id).collect());
        }
    });
    let Some(me) = me else { return html!() };
    let go_to = |cursors: Vec<String>| {
        let place = place.clone();
        Callback::from(move |()| place.set((all, cursors.clone())))
    };
    let mut columns = vec![
        Column::new("name", i.t(Msg::FieldName)).phone(OnPhone::Title),
        Column::new("tier", i.t(Msg::FieldTier)).phone(OnPhone::Mark),
        Column::new("completeness", i.in_unit(Msg::FieldCompleteness, "%")).number().phone(OnPhone::Named),
        Column::new("missing", i.t(Msg::FieldMissing)).long().phone(OnPhone::Named),
    ];
    // One's own list need not say whose it is.
    let others = me.role != Role::Rm;
    if others {
        columns.push(Column::new("owner", i.t(Msg::FieldOwner)).phone(OnPhone::Line));
    }
    let owner = |customer: &CustomerSummary| {
        let name = customer.owner.as_ref().map(|owner| owner.display_name.clone());
        html! { { name.unwrap_or_default() } }
    };
    let row = |customer: &CustomerSummary| {
        let to = Route::Customer { id: customer.id }.to_path();
        let known = customer.completeness.as_ref();
        let score = known.map(|known| html! { { known.score } });
        let missing = known.map(|known| html! { <span>{ missing_words(known, i) }</span> });
        let mut cells = vec![
            html! { <Link {to} class="table__link">{ &customer.name }</Link> },
            customer.tier.map(|tier| html! { <TierMark {tier} /> }).unwrap_or_default(),
            score.unwrap_or_default(),
            missing.unwrap_or_default(),
        ];
        cells.extend(others.then(|| owner(customer)));
        Row { key: customer.id.to_string().into(), name: customer.name.clone().into(), off: false, cells }
    };
    let shown = match (data, &rows.remote.error) {
        (Some(data), _) if data.data.is_empty() && cursors.is_empty() => html! {
            <EmptyState icon={Icon::CircleCheck} title={i.t(Msg::DataQualityNone)} text={i.t(Msg::DataQualityNoneText)} />
        },
        (Some(data), _) => {
            let next = data.page.next.clone();
            let onnext = next.map(|next| go_to(cursors.iter().cloned().chain([next]).collect()));
            let onback = cursors.split_last().map(|(_, before)| go_to(before.to_vec()));
            html! {
                <>
                    <Table plain=true caption={i.t(Msg::DataQualityToComplete)} columns={Rc::new(columns)} letters={settings.now.shortcuts} rows={data.data.iter().map(row).collect::<Vec<_>>()} />
                    <Pagination before={cursors.len() as u32 * PAGE} rows={data.data.len() as u32} last={data.page.next.is_none()} {onback} {onnext} />
                </>
            }
        }
        (None, Some(error)) => {
            html! { <ErrorPanel what={i.t(Msg::DataQualityFailed)} error={error.clone()} retry={rows.reload.clone()} /> }
        }
        (None, None) => html! { <Skeleton rows=10 bare=true /> },
    };
    let options = vec![
        (AttrValue::from("must"), i.t(Msg::DataQualityDemanded)),
        (AttrValue::from("all"), i.t(Msg::DataQualityAll)),
    ];
    let onchange = |list: String| {
        route::replace(&format!("{}?tab=complete&list={list}", Route::DataQuality.to_path()));
    };
    html! {
        <>
            <HelpNote text={i.t(Msg::DataQualityHelp)} />
            if let Some(report) = &report.remote.data { { figures(report, &me, i) } }
            <div class="list-bar">
                <Select id="quality-list" label={i.t(Msg::DataQualityWhich)} {options} value={if all { "all" } else { "must" }} {onchange} />
                <Button icon={Icon::Users} to={customers(&filter)}>{ i.t(Msg::DataQualityOpen) }</Button>
            </div>
            { shown }
        </>
    }
}

/// How one's own customers stand, or all that one sees.
fn figures(report: &DataQualityReport, me: &Me, i: I18n) -> Html {
    let own = report.books.iter().find(|book| book.owner.as_ref().is_some_and(|owner| owner.id == me.id));
    let figures = match me.role {
        Role::Rm => own.map(|book| book.figures).unwrap_or_default(),
        _ => report.total,
    };
    let QualityFigures { data_gaps, reached, .. } = figures;
    let goal = |label: AttrValue, value: Html, note: AttrValue| {
        html! { <div class="goal"><dt>{ label }</dt><dd><span class="goal__figure">{ value }</span><span class="muted small">{ note }</span></dd></div> }
    };
    let gaps = i.t(Msg::DataQualityGaps);
    html! {
        <dl class="goals">
            { goal(gaps.clone(), figure(customers(&of_mine(me, "data_gap eq true")), number(data_gaps, i), gaps), i.t(Msg::DataQualityOf { count: &number(figures.demanded, i) })) }
            <div class="goal">
                <dt>{ i.t(Msg::DataQualityReached) }</dt>
                <dd><span class="goal__figure">{ share(reached) }</span>{ meter(reached.unwrap_or(1.0), data_gaps == 0) }</dd>
            </div>
            { goal(i.t(Msg::DataQualityMean), html! { { mean(&figures) } }, i.t(Msg::DataQualityCustomers { count: &number(figures.customers, i) })) }
        </dl>
    }
}
