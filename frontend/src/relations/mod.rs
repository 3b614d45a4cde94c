//! Which customers belong together: relations, households, referrals, and a drawing of them.

mod dialog;
mod household;
mod households;
mod network;
mod owners;

use guanxi_api::{CustomerSearch, CustomerSummary, RelatedCustomer, Relation, Relations};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use crate::api;
use crate::customers::Subject;
use crate::fetch::{self, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::names;
use crate::route::Route;
use crate::ui::{
    Badge, Button, Choice, ErrorPanel, HelpNote, Icon, Link, Menu, MenuItem, Panel, Search, Skeleton,
    TierMark, Tone, use_toasts,
};

use dialog::RelationDialog;
use household::HouseholdsPanel;
pub use households::{HouseholdPage, HouseholdsPage};
use network::{NetworkPanel, ReferralsPanel};
pub use owners::{OwnersPanel, OwnersProps};

/// How many customers a search offers.
const OFFERED: u32 = 8;

#[derive(Properties, PartialEq, Clone)]
pub struct RelationsTabProps {
    pub subject: Subject,
}

/// Everything that ties a customer to others.
#[function_component]
pub fn RelationsTab(props: &RelationsTabProps) -> Html {
    let i = use_i18n();
    let subject = &props.subject;
    let id = subject.id;
    let round = use_state(|| 0_u32);
    let changed = cb!((round), |()| {
        fetch::forget("relations");
        round.set(*round + 1);
    });
    html! {
        <>
            <HelpNote text={i.t(Msg::RelationsHelp)} />
            <div class="split" key={round.to_string()}>
                <div>
                    <RelationsPanel subject={subject.clone()} onchange={changed.clone()} />
                    <NetworkPanel {id} />
                </div>
                <div>
                    <HouseholdsPanel subject={subject.clone()} onchange={changed} />
                    <ReferralsPanel {id} />
                </div>
            </div>
        </>
    }
}

/// A customer by name, with the way there; of one whom the user does not see only that there is one.
fn name_of(customer: Option<&RelatedCustomer>, i: I18n) -> Html {
    match customer {
        Some(customer) => {
            let to = Route::Customer { id: customer.id }.to_path();
            html! {
                <>
                    <Link {to} class="link">{ &customer.name }</Link>
                    { " " }<TierMark tier={customer.tier} />
                    if customer.archived_at.is_some() { { " " }<Badge tone={Tone::Warning}>{ i.t(Msg::CommonArchived) }</Badge> }
                </>
            }
        }
        None => html! { <span class="muted">{ i.t(Msg::RelationsHidden) }</span> },
    }
}

/// Finds customers, for a field to choose from; not the one that it is about.
#[hook]
fn use_customers(except: Uuid) -> Callback<Search> {
    let i = use_i18n();
    use_callback((except, i.lang), move |search: Search, (except, _)| {
        let except = *except;
        spawn!((search), {
            let asked = CustomerSearch {
                q: Some(search.text.trim().to_owned()).filter(|text| !text.is_empty()),
                limit: Some(OFFERED),
                ..CustomerSearch::default()
            };
            let choice = |customer: CustomerSummary| {
                names::remember(customer.id, Some(customer.name.clone()));
                Choice {
                    key: customer.id.to_string().into(),
                    text: customer.name.into(),
                    note: format!("{} · {}", customer.customer_no, customer.kind.label(i)).into(),
                }
            };
            let found = api::customers::search(&asked).await;
            search.give.emit(found.map(|page| {
                page.data.into_iter().filter(|customer| customer.id != except).map(choice).collect()
            }));
        });
    })
}

#[derive(Properties, PartialEq)]
struct RelationsPanelProps {
    subject: Subject,
    onchange: Callback<()>,
}

#[derive(Clone, PartialEq)]
enum Doing {
    Adding,
    Editing(Box<Relation>),
}

/// The relations, each from the customer's side.
#[function_component]
fn RelationsPanel(props: &RelationsPanelProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let (subject, onchange) = (&props.subject, &props.onchange);
    let id = subject.id;
    let doing = use_state(|| None::<Doing>);
    let list = use_query::<Relations, _, _>(Some(format!("relations/of/{id}")), move || {
        api::relations::of_customer(id)
    });
    let start = cb!((doing), |_: MouseEvent| doing.set(Some(Doing::Adding)));
    let close = cb!((doing), |()| doing.set(None));
    let done = cb!((doing, onchange), |()| {
        doing.set(None);
        onchange.emit(());
    });
    let edit = subject.may_edit();
    let actions = html! { if edit { <Button small=true icon={Icon::Plus} onclick={start}>{ i.t(Msg::RelationsAdd) }</Button> } };
    let line = |relation: &Relation| {
        let change = cb!((doing, relation), |()| doing.set(Some(Doing::Editing(Box::new(relation.clone())))));
        let remove = cb!((relation, toasts, onchange), |()| {
            spawn!((relation, toasts, onchange), {
                match api::relations::archive(id, &relation).await {
                    Ok(()) => toasts.say(i.t(Msg::RelationsRemoved)),
                    Err(error) => toasts.fail(&error, i),
                }
                onchange.emit(());
            });
        });
        let name = relation
            .other
            .as_ref()
            .map_or_else(|| i.t(Msg::RelationsHidden), |other| other.name.clone().into());
        let items = vec![
            MenuItem::Action {
                icon: Some(Icon::Pencil),
                text: i.t(Msg::CommonEdit),
                danger: false,
                run: change,
            },
            MenuItem::Action {
                icon: Some(Icon::Archive),
                text: i.t(Msg::RelationsRemove),
                danger: false,
                run: remove,
            },
        ];
        html! {
            <li key={relation.id.to_string()}>
                <span class="lines__main">
                    <span>{ name_of(relation.other.as_ref(), i) }</span>
                    <span class="small muted">{ said(relation, i) }</span>
                </span>
                <Badge tone={if relation.until.is_some() { Tone::Neutral } else { Tone::Information }}>{ relation.role.label(i) }</Badge>
                if edit {
                    <span class="lines__acts"><Menu label={i.t(Msg::RelationsMenu { name: &name })} button={Icon::Ellipsis.draw()} {items} /></span>
                }
            </li>
        }
    };
    html! {
        <Panel title={i.t(Msg::RelationsTitle)} {actions} flush=true>
            { match (&list.remote.data, &list.remote.error) {
                (Some(found), _) if found.relations.is_empty() => html! { <p class="combo__none">{ i.t(Msg::RelationsNone) }</p> },
                (Some(found), _) => html! { <ul class="lines">{ for found.relations.iter().map(line) }</ul> },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::RelationsFailed)} error={error.clone()} retry={list.reload.clone()} /> },
                (None, None) => html! { <Skeleton bare=true rows=4 /> },
            } }
            { match (*doing).clone() {
                None => html!(),
                Some(Doing::Adding) => html! { <RelationDialog subject={subject.clone()} ondone={done} onclose={close} /> },
                Some(Doing::Editing(relation)) => html! { <RelationDialog subject={subject.clone()} relation={Some(*relation)} ondone={done} onclose={close} /> },
            } }
        </Panel>
    }
}

/// What is said of a relation besides who and what.
fn said(relation: &Relation, i: I18n) -> String {
    let span = match (relation.since, relation.until) {
        (None, None) => None,
        (since, until) => {
            let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
            Some(format!("{} – {}", day(since), day(until)))
        }
    };
    [
        relation.title.clone(),
        relation.authority.map(|authority| authority.label(i).to_string()),
        relation.share_percent.map(|share| format!("{share} %")),
        relation.note.clone(),
        span,
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(" · ")
}
