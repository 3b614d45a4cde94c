use chrono::{Days, NaiveDate};
use guanxi_api::{ExportList, Holding, HoldingStatus, Page as Rows, ProductKind, Tier};
use yew::prelude::*;
use yew_router::Routable;

use super::tone_of;
use crate::api;
use crate::exports::{ExportButton, order_words};
use crate::fetch::use_query;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, options, yes_no};
use crate::listing::{ListBody, ListRows, ListWords, use_listing};
use crate::org::{unit_options, use_units};
use crate::route::Route;
use crate::session::use_me;
use crate::ui::{
    Badge, Button, Column, FilterField, FilterKind, FilterTerm, HelpNote, Icon, Link, Look, OnPhone, Page,
    Row, TierMark,
};

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
    let me = use_me();
    let units = use_units();
    let currency = me.map(|me| me.base_currency.clone()).unwrap_or_default();
    let listing = use_listing(Route::Holdings.to_path(), "matures_on").filtered(within(SPANS[1], i));
    let rows = use_query::<Rows<Holding>, _, _>(Some(listing.key("holdings")), {
        let (filter, sort, cursor) = (listing.filter.clone(), listing.sort.clone(), listing.cursor());
        move || async move { api::holdings::list(&filter, &sort, &cursor).await }
    });
    let columns = vec![
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
    ];
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
    let spans = SPANS.iter().map(|days| {
        let chosen = listing.filter == within(*days, i);
        let days = *days;
        let go = cb!((listing), |_: MouseEvent| listing.go(&within(days, i), "matures_on"));
        html! {
            <Button small=true look={if chosen { Look::Primary } else { Look::default() }} onclick={go}>
                { i.t(Msg::HoldingsWithin { days: &days.to_string() }) }
            </Button>
        }
    });
    let actions = html! {
        <>
            { for spans }
            <ExportButton list={ExportList::Holdings} filter={listing.filter.clone()} sort={listing.sort.clone()} order={order_words(&listing.sort, &columns)}
                narrowed={FilterTerm::all_in_words(&listing.filter, &fields, i)} />
        </>
    };
    html! {
        <Page title={i.t(Msg::HoldingsPage)} fill=true {actions}>
            <HelpNote text={i.t(Msg::HoldingsHelp)} />
            <ListBody {listing} {fields} {columns} rows={ListRows::of(&rows.remote, |holding| row(holding, i))} retry={rows.reload.clone()} words={ListWords {
                caption: i.t(Msg::HoldingsPage),
                icon: Icon::Wallet,
                none: i.t(Msg::HoldingsNoneFound),
                none_text: i.t(Msg::UsersNoneText),
                failed: i.t(Msg::HoldingsFailed),
            }} />
        </Page>
    }
}
