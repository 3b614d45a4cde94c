use std::rc::Rc;

use chrono::{Days, NaiveDate};
use guanxi_api::{Holding, HoldingStatus, Page as Rows, ProductKind, Tier};
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::use_location;

use super::tone_of;
use crate::api;
use crate::fetch::use_query;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, options, yes_no};
use crate::org::{unit_options, use_units};
use crate::route::{self, Route};
use crate::session::use_me;
use crate::settings::use_settings;
use crate::ui::{
    Badge, Button, Column, EmptyState, ErrorPanel, FilterChips, FilterField, FilterKind, FilterTerm,
    HelpNote, Icon, Link, Look, OnPhone, Page, Pagination, Row, Skeleton, Sort, Table, TierMark,
};

const PAGE: u32 = 50;
/// The spans of days that the page offers; the second one is shown to someone who has asked for nothing.
const SPANS: [u64; 3] = [7, 30, 90];

fn row(holding: &Holding, i: I18n) -> Row {
    let to = format!("{}?tab=holdings", Route::Customer { id: holding.customer.id }.to_path());
    let matures = holding.matures_on.map(|day| day.to_string()).unwrap_or_default();
    Row {
        key: holding.id.to_string().into(),
        name: format!("{} · {}", holding.customer.name, holding.product.name.in_language(i.lang)).into(),
        off: holding.status == HoldingStatus::Closed,
        cells: vec![
            html! { <Link {to} class="table__link">{ &holding.customer.name }</Link> },
            html! { <TierMark tier={holding.customer.tier} /> },
            html! { { holding.product.name.in_language(i.lang).to_owned() } },
            html! { { holding.product.kind.label(i) } },
            html! { { matures } },
            html! { if holding.auto_renewal { { i.t(Msg::HoldingAutoRenewal) } } },
            html! { { i.amount(holding.value.amount) } },
            html! { <Badge tone={tone_of(holding.status)}>{ holding.status.label(i) }</Badge> },
        ],
    }
}

/// The filter on what matures from one day up to another. Without a status, the server lists active holdings of customers who are not
/// archived.
pub fn maturing(from: NaiveDate, until: NaiveDate) -> String {
    format!(r#"matures_on ge "{from}" and matures_on le "{until}""#)
}

/// The filter on what matures within so many days.
fn within(days: u64, i: I18n) -> String {
    let today = i.today();
    maturing(today, today.checked_add_days(Days::new(days)).unwrap_or(today))
}

/// Holdings and what matures of them.
#[function_component]
pub fn HoldingsPage() -> Html {
    let i = use_i18n();
    let settings = use_settings();
    let me = use_me();
    let units = use_units();
    let currency = me.map(|me| me.base_currency.clone()).unwrap_or_default();
    let location = use_location();
    let params = location.and_then(|l| UrlSearchParams::new_with_str(l.query_str()).ok());
    let get = |key: &str| params.as_ref().and_then(|p| p.get(key));
    let filter = get("filter").unwrap_or_else(|| within(SPANS[1], i));
    let sort = get("sort").unwrap_or_else(|| "matures_on".to_owned());
    let place = use_state(|| (String::new(), Vec::<String>::new()));
    let of = format!("{filter}&{sort}");
    let cursors = if place.0 == of { place.1.clone() } else { Vec::new() };
    let cursor = cursors.last().cloned().unwrap_or_default();
    let rows = use_query::<Rows<Holding>, _, _>(Some(format!("holdings?{of}&{cursor}")), {
        let (filter, sort) = (filter.clone(), sort.clone());
        move || async move { api::holdings::list(&filter, &sort, &cursor).await }
    });
    let columns = Rc::new(vec![
        Column::new("customer", i.t(Msg::CustomerTitle)).phone(OnPhone::Title),
        Column::new("tier", i.t(Msg::FieldTier)).phone(OnPhone::Mark),
        Column::new("product", i.t(Msg::HoldingProduct)).phone(OnPhone::Line).long(),
        Column::new("kind", i.t(Msg::ProductKindLabel)),
        Column::new("matures_on", i.t(Msg::HoldingMaturity)).sort("matures_on").phone(OnPhone::Line),
        Column::new("auto_renewal", i.t(Msg::HoldingAutoRenewal)),
        Column::new("value", i.t(Msg::HoldingValueIn { currency: &currency }))
            .number()
            .sort("value")
            .phone(OnPhone::Line),
        Column::new("status", i.t(Msg::FieldStatus)),
    ]);
    let field = |key: &'static str, label, kind, nullable| FilterField {
        key: key.into(),
        label: i.t(label),
        kind,
        nullable,
    };
    let fields = vec![
        field("matures_on", Msg::HoldingMaturity, FilterKind::Date, true),
        field("kind", Msg::ProductKindLabel, FilterKind::Codes(options::<ProductKind>(i)), false),
        field("status", Msg::FieldStatus, FilterKind::Codes(options::<HoldingStatus>(i)), false),
        field("tier", Msg::FieldTier, FilterKind::Codes(options::<Tier>(i)), false),
        field("auto_renewal", Msg::HoldingAutoRenewal, FilterKind::Codes(yes_no(i)), false),
        field("value", Msg::HoldingValue, FilterKind::Number, false),
        field("org_unit_id", Msg::FieldOrgUnit, FilterKind::Codes(unit_options(&units, i)), false),
    ];
    let path = |filter: &str, sort: &str| {
        // Without any filter the page would begin with its own one again.
        let filter = if filter.is_empty() { r#"status eq "active""# } else { filter };
        format!("{}{}", Route::Holdings.to_path(), api::query(&[("filter", filter), ("sort", sort)]))
    };
    let read = FilterTerm::read_all(&filter, &fields);
    let foreign = read.is_none().then(|| AttrValue::from(filter.clone()));
    let set_terms =
        cb!((sort), |terms: Vec<FilterTerm>| route::go(&path(&FilterTerm::write_all(&terms), &sort)));
    let onsort = cb!((filter), |sort: Sort| route::go(&path(&filter, &sort.write())));
    let spans = SPANS.iter().map(|days| {
        let chosen = filter == within(*days, i);
        let days = *days;
        let go = move |_: MouseEvent| route::go(&path(&within(days, i), "matures_on"));
        html! {
            <Button small=true look={if chosen { Look::Primary } else { Look::default() }} onclick={go}>
                { i.t(Msg::HoldingsWithin { days: &days.to_string() }) }
            </Button>
        }
    });
    let go_to = |cursors: Vec<String>| {
        let (place, of) = (place.clone(), of.clone());
        Callback::from(move |()| place.set((of.clone(), cursors.clone())))
    };
    let data = rows.remote.data.clone();
    let next = data
        .as_ref()
        .and_then(|rows| rows.page.next.clone())
        .map(|next| go_to(cursors.iter().cloned().chain([next]).collect()));
    let back = cursors.split_last().map(|(_, before)| go_to(before.to_vec()));
    html! {
        <Page title={i.t(Msg::HoldingsPage)} fill=true actions={html! { <>{ for spans }</> }}>
            <HelpNote text={i.t(Msg::HoldingsHelp)} />
            <div class="filters" role="search"><FilterChips {fields} terms={read.unwrap_or_default()} {foreign} onchange={set_terms} /></div>
            { match (data, &rows.remote.error) {
                (Some(data), _) if data.data.is_empty() => html! { <EmptyState icon={Icon::Wallet} title={i.t(Msg::HoldingsNoneFound)} text={i.t(Msg::UsersNoneText)} /> },
                (Some(data), _) => html! {
                    <>
                        <Table caption={i.t(Msg::HoldingsPage)} {columns} sort={Sort::read(&sort)} {onsort} letters={settings.now.shortcuts}
                            rows={data.data.iter().map(|holding| row(holding, i)).collect::<Vec<_>>()} />
                        <Pagination before={cursors.len() as u32 * PAGE} rows={data.data.len() as u32} last={data.page.next.is_none()} onback={back} onnext={next} />
                    </>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::HoldingsFailed)} error={error.clone()} retry={rows.reload.clone()} /> },
                (None, None) => html! { <Skeleton rows=10 /> },
            } }
        </Page>
    }
}
