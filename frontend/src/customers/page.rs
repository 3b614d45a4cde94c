use std::rc::Rc;

use guanxi_api::{Customer, CustomerOverview, Me, Money, ShareOfWallet};
use uuid::Uuid;
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::use_location;

use super::actions::Actions;
use super::completeness::{CompletenessBar, Wanted};
use super::contacts::ContactPanel;
use super::dealings::{ContactsTab, LogContact};
use super::history::HistoryTab;
use super::identity::{ExternalIdPanel, IdentityPanel};
use super::overview::overview;
use super::profile::ProfileTab;
use super::standing::standing;
use super::team::TeamPanel;
use super::wealth::{OutsidePanel, RestrictionPanel};
use super::{Recent, neighbours, tone_of, visited};
use crate::api::{self, ApiError, Tagged};
use crate::dom;
use crate::fetch::use_query;
use crate::i18n::{Msg, use_i18n};
use crate::labels::Label;
use crate::parts::{
    LazyCareTab, LazyCustomerAnswers, LazyHoldingsTab, LazyOwnershipPanel, LazyRelationsTab, LazySegmentsTab,
    LazyTagLine, LazyValueTab,
};
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::ui::{
    Avatar, Badge, EmptyState, ErrorPanel, GradeMark, HelpNote, Icon, IconButton, Link, Notice, Page,
    Skeleton, Tab, Tabs, TierMark, Time, Tone,
};

/// The customer that a page is about, as its parts take it.
#[derive(Clone, PartialEq)]
pub struct Subject {
    pub id: Uuid,
    pub tagged: Rc<Tagged<Customer>>,
    pub me: Rc<Me>,
    /// Puts in what a change has answered.
    pub set: Callback<Tagged<Customer>>,
    /// Asks the server again.
    pub reload: Callback<()>,
}

impl Subject {
    pub fn customer(&self) -> &Customer {
        &self.tagged.value
    }

    pub fn etag(&self) -> &str {
        &self.tagged.etag
    }

    /// The customer as it is now, for a form as for the page behind it.
    pub async fn newest(&self) -> Result<Tagged<Customer>, ApiError> {
        let newest = api::customers::get(self.id).await?;
        self.set.emit(newest.clone());
        Ok(newest)
    }

    /// Whether this answer leaves out a member of the profile, because of the user's role.
    pub fn is_masked(&self, member: &str) -> bool {
        self.customer().masked.iter().any(|masked| masked == member)
    }

    /// Whether the user may change the profile; what is archived stays as it is.
    pub fn may_edit(&self) -> bool {
        may(&self.me, right::EDIT_CUSTOMERS) && self.customer().archived_at.is_none()
    }
}

#[derive(Properties, PartialEq)]
pub struct SubjectProps {
    pub subject: Subject,
}

/// What a panel takes that opens when something in it is wanted.
#[derive(Properties, PartialEq)]
pub struct WantedProps {
    pub subject: Subject,
    pub wanted: UseStateHandle<Wanted>,
}

#[derive(Properties, PartialEq)]
pub struct CustomerPageProps {
    pub id: Uuid,
}

/// Everything that is known of one customer.
#[function_component]
pub fn CustomerPage(props: &CustomerPageProps) -> Html {
    let i = use_i18n();
    let id = props.id;
    let me = use_me();
    let location = use_location();
    // One request fills the first tab; the others have lists of their own.
    let query = use_query::<Tagged<CustomerOverview>, _, _>(Some(format!("customer/{id}")), move || {
        api::customers::overview(id)
    });
    let parts = use_memo(query.remote.data.clone(), |data| {
        data.as_ref().map(|tagged| {
            let customer = Tagged { value: tagged.value.customer.clone(), etag: tagged.etag.clone() };
            (Rc::new(customer), Rc::new(tagged.value.clone()))
        })
    });

    let opened = parts
        .as_ref()
        .as_ref()
        .map(|(tagged, _)| (tagged.value.profile.name.clone(), tagged.value.customer_no.clone()));
    use_effect_with(opened, move |opened| {
        if let Some((name, customer_no)) = opened.clone() {
            visited(Recent { id, name, customer_no });
        }
    });

    let wanted = use_state(Wanted::default);
    let Some(me) = me else { return html!() };
    let Some((tagged, known)) = (*parts).clone() else {
        return html! {
            <Page title={i.t(Msg::CustomerTitle)}>
                { match &query.remote.error {
                    Some(error) if error.is_missing() => html! {
                        <EmptyState icon={Icon::User} title={i.t(Msg::CustomerMissing)} text={i.t(Msg::CustomerMissingText)}>
                            <Link to={Route::Customers.to_path()} class="link">{ i.t(Msg::CustomerBack) }</Link>
                        </EmptyState>
                    },
                    Some(error) => html! { <ErrorPanel what={i.t(Msg::CustomerFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                    None => html! { <Skeleton bare=true rows=12 /> },
                } }
            </Page>
        };
    };
    let subject = Subject {
        id,
        tagged: Rc::clone(&tagged),
        me: Rc::clone(&me),
        set: {
            let (set, known) = (query.set.clone(), Rc::clone(&known));
            Callback::from(move |changed: Tagged<Customer>| {
                let value = CustomerOverview { customer: changed.value, ..(*known).clone() };
                set.emit(Tagged { value, etag: changed.etag });
            })
        },
        reload: query.reload.clone(),
    };

    let history = may(&me, right::VIEW_CUSTOMER_HISTORY);
    let holdings = may(&me, right::VIEW_HOLDINGS);
    let contacts = may(&me, right::VIEW_INTERACTIONS);
    let surveys = may(&me, right::VIEW_SURVEYS);
    let relations = may(&me, right::VIEW_RELATIONS);
    let segments = may(&me, right::VIEW_SEGMENTS);
    let care = may(&me, right::VIEW_CARE_PLANS);
    let params = location.and_then(|l| UrlSearchParams::new_with_str(l.query_str()).ok());
    // The palette leads here with the form open.
    let logs = params.as_ref().and_then(|p| p.get("log")).is_some();
    let chosen = match params.and_then(|p| p.get("tab")).as_deref() {
        Some("history") if history => "history",
        Some("relations") if relations => "relations",
        Some("segments") if segments => "segments",
        Some("care") if care => "care",
        Some("holdings") if holdings => "holdings",
        Some("value") if holdings => "value",
        Some("contacts") if contacts => "contacts",
        Some("surveys") if surveys => "surveys",
        _ => "profile",
    };
    let onchoose = move |tab: AttrValue| {
        let path = Route::Customer { id }.to_path();
        route::replace(&if tab == "profile" { path } else { format!("{path}?tab={tab}") });
    };
    let mut tabs = vec![Tab { key: "profile".into(), text: i.t(Msg::CustomerProfile) }];
    if holdings {
        tabs.push(Tab { key: "holdings".into(), text: i.t(Msg::CustomerHoldings) });
        tabs.push(Tab { key: "value".into(), text: i.t(Msg::CustomerValue) });
    }
    if contacts {
        tabs.push(Tab { key: "contacts".into(), text: i.t(Msg::NavContacts) });
    }
    if relations {
        tabs.push(Tab { key: "relations".into(), text: i.t(Msg::RelationsTitle) });
    }
    if segments {
        tabs.push(Tab { key: "segments".into(), text: i.t(Msg::CustomerSegments) });
    }
    if care {
        tabs.push(Tab { key: "care".into(), text: i.t(Msg::CustomerCare) });
    }
    if surveys {
        tabs.push(Tab { key: "surveys".into(), text: i.t(Msg::NavSurveys) });
    }
    if history {
        tabs.push(Tab { key: "history".into(), text: i.t(Msg::CustomerHistory) });
    }
    let customer = &tagged.value;
    html! {
        <Page title={customer.profile.name.clone()} heading={heading(customer, i)} actions={html! { <><Walk {id} /><LogContact subject={subject.clone()} open={logs} tab={chosen} /><Actions subject={subject.clone()} /></> }}>
            { facts_line(customer, known.wallet.as_ref(), i) }
            if let Some(tags) = &known.tags { <LazyTagLine {id} tags={tags.clone()} open={subject.may_edit()} /> }
            { standing(&customer.figures, i) }
            if let Some(into) = customer.merged_into {
                <Notice tone="warn">{ i.t(Msg::MergeInto) }{ " " }<Link to={Route::Customer { id: into }.to_path()} class="link">{ i.t(Msg::MergeIntoLink) }</Link></Notice>
            }
            <HelpNote text={i.t(if subject.may_edit() { Msg::CustomerHelp } else { Msg::CustomerHelpRead })} />
            <Tabs label={i.t(Msg::CustomerTitle)} {tabs} {chosen} {onchoose}>
                if chosen == "contacts" {
                    <ContactsTab {subject} />
                } else if chosen == "history" {
                    <HistoryTab {id} kind={customer.kind} version={customer.version} />
                    if may(&subject.me, right::VIEW_OWNERSHIP) { <LazyOwnershipPanel {id} version={customer.version} /> }
                } else if chosen == "relations" {
                    <LazyRelationsTab {subject} />
                } else if chosen == "segments" {
                    <LazySegmentsTab {subject} />
                } else if chosen == "holdings" {
                    <LazyHoldingsTab {id} open={customer.archived_at.is_none()} onchange={query.reload.clone()} />
                } else if chosen == "care" {
                    <LazyCareTab {id} open={customer.archived_at.is_none()} />
                } else if chosen == "value" {
                    <LazyValueTab {id} />
                } else if chosen == "surveys" {
                    <LazyCustomerAnswers {id} />
                } else {
                    if let Some(completeness) = &customer.completeness {
                        <CompletenessBar completeness={completeness.clone()} edit={subject.may_edit()} wanted={wanted.clone()} />
                    }
                    { overview(&known, i) }
                    <div class="split">
                        <div><ProfileTab subject={subject.clone()} /></div>
                        <div>
                            <ContactPanel subject={subject.clone()} wanted={wanted.clone()} />
                            <IdentityPanel subject={subject.clone()} wanted={wanted.clone()} />
                            <TeamPanel subject={subject.clone()} />
                            <RestrictionPanel subject={subject.clone()} />
                            <OutsidePanel subject={subject.clone()} wallet={known.wallet.clone()} />
                            <ExternalIdPanel {subject} />
                        </div>
                    </div>
                }
            </Tabs>
        </Page>
    }
}

#[derive(Properties, PartialEq)]
struct WalkProps {
    id: Uuid,
}

/// The way to the customers before and after this one in the list that one came from, by Alt and arrow keys too.
#[function_component]
fn Walk(props: &WalkProps) -> Html {
    let i = use_i18n();
    let around = neighbours(props.id);
    let go = |to: Option<Uuid>| {
        if let Some(id) = to {
            // Back leads to the list, however many were looked at.
            route::replace(&Route::Customer { id }.to_path());
        }
    };
    use_effect_with(around.clone(), move |around| {
        let around = around.clone();
        let listener = dom::on_key(move |event| {
            let other = event.ctrl_key() || event.meta_key() || event.shift_key();
            if !event.alt_key() || other || dom::typing(event) || dom::dialog_open() {
                return;
            }
            let to = match (event.key().as_str(), &around) {
                ("ArrowUp", Some(around)) => around.before,
                ("ArrowDown", Some(around)) => around.after,
                _ => return,
            };
            event.prevent_default();
            go(to);
        });
        move || drop(listener)
    });
    let Some(around) = around else { return html!() };
    let (place, count) = (i.number(around.place as u32), i.number(around.count as u32));
    html! {
        <span class="walk">
            <span class="small muted nowrap">{ i.t(Msg::CustomerPlace { place: &place, count: &count }) }</span>
            <IconButton icon={Icon::ChevronUp} label={i.t(Msg::CustomerBefore)} disabled={around.before.is_none()} onclick={move |_| go(around.before)} />
            <IconButton icon={Icon::ChevronDown} label={i.t(Msg::CustomerAfter)} disabled={around.after.is_none()} onclick={move |_| go(around.after)} />
        </span>
    }
}

fn heading(customer: &Customer, i: crate::i18n::I18n) -> Html {
    html! {
        <h1>
            <Avatar name={customer.profile.name.clone()} large=true />
            <span class="header__title">
                <span>{ &customer.profile.name }</span>
                if let Some(tier) = customer.figures.tier { <span class="badge"><TierMark {tier} /></span> }
                if let Some(value) = &customer.figures.value { <GradeMark value={value.clone()} named=true /> }
                <Badge tone={tone_of(customer.status)}>{ customer.status.label(i) }</Badge>
                if customer.archived_at.is_some() { <Badge tone={Tone::Warning}>{ i.t(Msg::CommonArchived) }</Badge> }
                if customer.profile.do_not_contact.all { <Badge tone={Tone::Bad}>{ i.t(Msg::FieldDoNotContact) }</Badge> }
                if customer.profile.restricted.is_some() { <Badge tone={Tone::Bad}>{ i.t(Msg::RestrictionTitle) }</Badge> }
            </span>
        </h1>
    }
}

fn facts_line(customer: &Customer, wallet: Option<&ShareOfWallet>, i: crate::i18n::I18n) -> Html {
    let fact = |label: Msg<'_>, value: Html| html! { <span>{ i.t(label) }{ " " }<b>{ value }</b></span> };
    // In few digits, to the cent when pointed at.
    let money = |money: &Money| {
        html! {
            <data value={money.amount.to_string()} title={format!("{} {}", i.amount(money.amount), money.currency)}>{ i.short_amount(money.amount) }{ " " }{ &money.currency }</data>
        }
    };
    let team: Vec<&str> = customer.team.iter().map(|member| member.user.display_name.as_str()).collect();
    html! {
        <div class="header__facts">
            { fact(Msg::FieldCustomerNo, html! { { &customer.customer_no } }) }
            { fact(Msg::FieldKind, html! { { customer.kind.label(i) } }) }
            if let Some(aum) = &customer.figures.aum { { fact(Msg::FieldAum, money(aum)) } }
            if let Some(percent) = wallet.and_then(|wallet| wallet.percent) {
                { fact(Msg::FieldShareOfWallet, html! { <data value={percent.to_string()} title={i.t(Msg::OutsideFormula)}>{ i.number(u32::from(percent)) }{ " %" }</data> }) }
            }
            if let Some(average) = &customer.figures.average_aum { { fact(Msg::FieldAverageAum, money(average)) } }
            if let Some(value) = &customer.figures.value {
                { fact(Msg::FieldContribution, money(&value.contribution)) }
                { fact(Msg::FieldLifetimeValue, money(&value.lifetime_value)) }
            }
            { fact(Msg::FieldOwner, match &customer.owner {
                Some(owner) => html! { <span class="name">{ &owner.display_name }</span> },
                None => html! { { i.t(Msg::CustomerNoOwner) } },
            }) }
            { fact(Msg::FieldOrgUnit, html! { { customer.org_unit.name.in_language(i.lang).to_owned() } }) }
            if !team.is_empty() { { fact(Msg::FieldTeam, html! { { team.join(&i.t(Msg::CommonListComma)) } }) } }
            if let Some(at) = customer.figures.last_contacted_at { { fact(Msg::FieldLastContactedAt, html! { <Time {at} relative=true /> }) } }
            { fact(Msg::FieldUpdatedAt, html! { <Time at={customer.updated_at} relative=true /> }) }
        </div>
    }
}
