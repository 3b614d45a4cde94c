use std::rc::Rc;

use guanxi_api::{Amount, CustomerSummary, Money, Page as Rows, Tier, TierPolicy};
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::use_location;

use crate::api::{self, Tagged};
use crate::customers::listed;
use crate::fetch::use_query;
use crate::holdings::typed;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::kept::use_kept;
use crate::route::{self, Route};
use crate::session::use_me;
use crate::settings::use_settings;
use crate::ui::{
    Badge, Button, Column, EmptyState, ErrorPanel, HelpNote, Icon, Link, OnPhone, Page, Pagination, Row,
    Skeleton, Tab, Table, Tabs, TierMark, Time, Tone,
};

/// Rows of a page, as the server gives them unless told.
const PAGE: u32 = 50;
/// Days before a demotion from which on it stands out.
const SOON: i64 = 30;

/// The lists of customers who are about to move, or should.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Watch {
    Candidates,
    Demotions,
    Gems,
}

impl Watch {
    const ALL: [Watch; 3] = [Watch::Candidates, Watch::Demotions, Watch::Gems];

    const fn key(self) -> &'static str {
        match self {
            Watch::Candidates => "candidates",
            Watch::Demotions => "demotions",
            Watch::Gems => "gems",
        }
    }

    const fn title(self) -> Msg<'static> {
        match self {
            Watch::Candidates => Msg::TierWatchCandidates,
            Watch::Demotions => Msg::TierWatchDemotions,
            Watch::Gems => Msg::TierWatchGems,
        }
    }

    /// Why nobody is there, and who would be.
    const fn none(self) -> (Msg<'static>, Msg<'static>) {
        match self {
            Watch::Candidates => (Msg::TierWatchCandidatesNone, Msg::TierWatchCandidatesNoneText),
            Watch::Demotions => (Msg::TierWatchDemotionsNone, Msg::TierWatchDemotionsNoneText),
            Watch::Gems => (Msg::TierWatchGemsNone, Msg::TierWatchGemsNoneText),
        }
    }

    const fn filter(self) -> &'static str {
        match self {
            Watch::Candidates => "promotion_candidate eq true",
            Watch::Demotions => "in_grace eq true",
            Watch::Gems => "hidden_gem eq true",
        }
    }

    const fn sort(self) -> &'static str {
        match self {
            Watch::Candidates => "promotion_gap",
            Watch::Demotions => "demotes_on",
            Watch::Gems => "-largest_transaction",
        }
    }

    fn path(self) -> String {
        format!("{}?list={}", Route::TierWatch.to_path(), self.key())
    }

    /// The same customers where they can be narrowed, chosen and exported.
    fn in_list(self) -> AttrValue {
        let matters = self.sort().trim_start_matches('-');
        let columns = format!("name,customer_no,tier,aum,{matters},owner,last_contacted_at");
        let query = api::query(&[("filter", self.filter()), ("sort", self.sort()), ("columns", &columns)]);
        format!("{}{query}", Route::Customers.to_path()).into()
    }

    fn help(self, policy: Option<&TierPolicy>, i: I18n, base: &str) -> AttrValue {
        // Until the policy is here its figures are open.
        let figure = |of: fn(&TierPolicy, I18n) -> String| {
            policy.map_or_else(|| "…".to_owned(), |policy| of(policy, i))
        };
        match self {
            Watch::Candidates => {
                let percent = figure(|policy, i| i.number(policy.candidate_percent));
                i.t(Msg::TierWatchCandidatesHelp { percent: &percent })
            }
            Watch::Demotions => i.t(Msg::TierWatchDemotionsHelp),
            Watch::Gems => {
                let amount = figure(|policy, i| i.figure(&typed(policy.gem_amount)));
                i.t(Msg::TierWatchGemsHelp { amount: &format!("{amount} {base}") })
            }
        }
    }

    /// What of a customer matters here.
    fn columns(self, base: &str, i: I18n) -> Vec<Column> {
        match self {
            Watch::Candidates => vec![
                Column::new("next", i.t(Msg::TierWatchNext)).phone(OnPhone::Named),
                Column::new("missing", i.in_unit(Msg::FieldPromotionGap, base))
                    .number()
                    .phone(OnPhone::Named),
            ],
            Watch::Demotions => vec![
                Column::new("threshold", i.in_unit(Msg::TierWatchThreshold, base)).number(),
                Column::new("demotes_on", i.t(Msg::FieldDemotesOn)).phone(OnPhone::Named),
            ],
            Watch::Gems => vec![
                Column::new("largest", i.in_unit(Msg::FieldLargestTransaction, base))
                    .number()
                    .phone(OnPhone::Named),
                Column::new("day", i.t(Msg::FieldLargestTransactionOn)).phone(OnPhone::Line),
            ],
        }
    }

    fn cells(self, customer: &CustomerSummary, policy: Option<&TierPolicy>, i: I18n) -> Vec<Html> {
        let standing = customer.standing.as_ref();
        let money = |money: &Money| html! { { i.amount(money.amount) } };
        match self {
            Watch::Candidates => {
                let next = standing.and_then(|standing| standing.promotion.as_ref());
                vec![
                    html! { if let Some(next) = next { <TierMark tier={next.tier} /> } },
                    next.map(|next| money(&next.missing)).unwrap_or_default(),
                ]
            }
            Watch::Demotions => {
                let day = standing.and_then(|standing| standing.demotes_on);
                let left = |days| {
                    let tone = if days <= SOON { Tone::Warning } else { Tone::Neutral };
                    html! { <Badge {tone}>{ i.in_days(days) }</Badge> }
                };
                let threshold = customer.tier.and_then(|tier| threshold(policy?, tier));
                vec![
                    html! { { threshold.map(|threshold| i.amount(threshold)).unwrap_or_default() } },
                    html! {
                        if let Some(day) = day { { day.to_string() }{ " " }{ left((day - i.today()).num_days()) } }
                    },
                ]
            }
            Watch::Gems => {
                let gem = standing.and_then(|standing| standing.gem.as_ref());
                let day = gem.and_then(|gem| gem.day).map(|day| day.to_string());
                vec![
                    gem.map(|gem| money(&gem.amount)).unwrap_or_default(),
                    html! { { day.unwrap_or_default() } },
                ]
            }
        }
    }
}

/// From which assets on a tier begins.
fn threshold(policy: &TierPolicy, tier: Tier) -> Option<Amount> {
    policy.tiers.iter().find(|rule| rule.tier == tier).map(|rule| rule.threshold)
}

/// Who is about to rise, who is about to fall, and who has more money than the tier tells.
#[function_component]
pub fn TierWatchPage() -> Html {
    let i = use_i18n();
    let settings = use_settings();
    let base = use_me().map(|me| me.base_currency.clone()).unwrap_or_default();
    let params = use_location().and_then(|l| UrlSearchParams::new_with_str(l.query_str()).ok());
    let asked = params.and_then(|p| p.get("list")).unwrap_or_default();
    let watch = Watch::ALL.into_iter().find(|watch| watch.key() == asked).unwrap_or(Watch::Candidates);
    let place = use_kept("watch-place", || (watch, Vec::<String>::new()));
    // A place belongs to the list that it was reached in.
    let cursors = if place.0 == watch { place.1.clone() } else { Vec::new() };
    let cursor = cursors.last().cloned().unwrap_or_default();
    let policy = use_query::<Tagged<TierPolicy>, _, _>(Some("tiers".into()), api::tiers::in_force);
    let policy = policy.remote.data.as_deref().map(|tagged| &tagged.value);
    let key = format!("customers/watch/{}?{cursor}", watch.key());
    let rows = use_query::<Rows<CustomerSummary>, _, _>(Some(key), move || async move {
        api::customers::list(watch.filter(), watch.sort(), &cursor, false).await
    });
    let data = rows.remote.data.clone();
    use_effect_with(data.clone(), |data| {
        if let Some(data) = data {
            listed(data.data.iter().map(|customer| customer.id).collect());
        }
    });
    let go_to = |cursors: Vec<String>| {
        let place = place.clone();
        Callback::from(move |()| place.set((watch, cursors.clone())))
    };
    let mut columns = vec![
        Column::new("name", i.t(Msg::FieldName)).phone(OnPhone::Title),
        Column::new("tier", i.t(Msg::FieldTier)).phone(OnPhone::Mark),
        Column::new("owner", i.t(Msg::FieldOwner)).phone(OnPhone::Line),
        Column::new("aum", i.t(Msg::CustomerAumIn { currency: &base })).number(),
        Column::new("average_aum", i.in_unit(Msg::FieldAverageAum, &base)).number(),
    ];
    columns.extend(watch.columns(&base, i));
    columns.push(Column::new("last_contacted_at", i.t(Msg::FieldLastContactedAt)).phone(OnPhone::Named));
    let row = |customer: &CustomerSummary| {
        let amount =
            |amount: Option<Amount>| html! { { amount.map(|amount| i.amount(amount)).unwrap_or_default() } };
        let mut cells = vec![
            html! { <Link to={Route::Customer { id: customer.id }.to_path()} class="table__link">{ &customer.name }</Link> },
            customer.tier.map(|tier| html! { <TierMark {tier} /> }).unwrap_or_default(),
            html! { { customer.owner.as_ref().map(|owner| owner.display_name.clone()).unwrap_or_default() } },
            amount(customer.aum.as_ref().map(|money| money.amount)),
        ];
        cells.push(amount(customer.standing.as_ref().map(|standing| standing.average_aum.amount)));
        cells.extend(watch.cells(customer, policy, i));
        cells.push(match customer.last_contacted_at {
            Some(at) => html! { <Time {at} relative=true /> },
            None => html! { <span class="muted">{ i.t(Msg::TodayLastNever) }</span> },
        });
        Row { key: customer.id.to_string().into(), name: customer.name.clone().into(), off: false, cells }
    };
    let title = i.t(watch.title());
    let shown = match (data, &rows.remote.error) {
        (Some(data), _) if data.data.is_empty() && cursors.is_empty() => {
            let (title, text) = watch.none();
            html! { <EmptyState icon={Icon::TrendingUp} title={i.t(title)} text={i.t(text)} /> }
        }
        (Some(data), _) => {
            let next = data.page.next.clone();
            let onnext = next.map(|next| go_to(cursors.iter().cloned().chain([next]).collect()));
            let onback = cursors.split_last().map(|(_, before)| go_to(before.to_vec()));
            html! {
                <>
                    <Table plain=true caption={title} columns={Rc::new(columns)} letters={settings.now.shortcuts} rows={data.data.iter().map(row).collect::<Vec<_>>()} />
                    <Pagination before={cursors.len() as u32 * PAGE} rows={data.data.len() as u32} last={data.page.next.is_none()} {onback} {onnext} />
                </>
            }
        }
        (None, Some(error)) => {
            html! { <ErrorPanel what={i.t(Msg::TierWatchFailed)} error={error.clone()} retry={rows.reload.clone()} /> }
        }
        (None, None) => html! { <Skeleton rows=10 bare=true /> },
    };
    let tabs: Vec<Tab> =
        Watch::ALL.iter().map(|watch| Tab { key: watch.key().into(), text: i.t(watch.title()) }).collect();
    let onchoose = |key: AttrValue| {
        if let Some(watch) = Watch::ALL.into_iter().find(|watch| watch.key() == key) {
            route::replace(&watch.path());
        }
    };
    let actions =
        html! { <Button icon={Icon::Users} to={watch.in_list()}>{ i.t(Msg::TierWatchOpen) }</Button> };
    html! {
        <Page title={i.t(Msg::NavTierWatch)} {actions}>
            <Tabs label={i.t(Msg::NavTierWatch)} {tabs} chosen={watch.key()} {onchoose}>
                <HelpNote text={watch.help(policy, i, &base)} />
                { shown }
            </Tabs>
        </Page>
    }
}
