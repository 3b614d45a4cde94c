use std::rc::Rc;

use gloo_timers::callback::Timeout;
use guanxi_api::{Amount, Household, HouseholdRole, HouseholdSearch, Me, Page as Rows};
use serde_json::Value;
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::household::{Balance, HouseholdDialog};
use super::name_of;
use crate::api::{self, Tagged};
use crate::audit::{HistoryPages, Reading, field_words};
use crate::customers::listed;
use crate::dom;
use crate::fetch::{self, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::kept::use_kept;
use crate::labels::{Label, by_code};
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::settings::use_settings;
use crate::ui::{
    Badge, Button, Column, EmptyState, ErrorPanel, HelpNote, Icon, Link, OnPhone, Page, Pagination, Panel,
    Row, Skeleton, Table, Tone,
};

/// Milliseconds of rest after which what is typed is looked for.
const REST: u32 = 150;
/// Rows of a page, as the server gives them unless told.
const PAGE: u32 = 50;
/// Members of a line that are named.
const NAMED: usize = 4;

fn row(household: &Household, me: Option<&Me>, i: I18n) -> Row {
    let to = Route::Household { id: household.id }.to_path();
    let members = &household.members;
    let names: Vec<&str> = members.iter().take(NAMED).map(|member| member.customer.name.as_str()).collect();
    let count = u32::try_from(members.len()).unwrap_or(u32::MAX).saturating_add(household.hidden_members);
    let sum = members.iter().fold(0_i64, |sum, member| sum.saturating_add(member.customer.aum.amount.0));
    let sums = me.is_some_and(|me| may(me, right::VIEW_HOLDINGS));
    Row {
        key: household.id.to_string().into(),
        name: household.name.clone().into(),
        off: household.archived_at.is_some(),
        cells: vec![
            html! {
                <>
                    <Link {to} class="table__link">{ &household.name }</Link>
                    if household.archived_at.is_some() { { " " }<Badge>{ i.t(Msg::CommonArchived) }</Badge> }
                </>
            },
            html! { <>{ names.join(&i.t(Msg::CommonListComma)) }if members.len() > NAMED { { "…" } }</> },
            html! { { i.number(count) } },
            html! { if sums { { i.amount(Amount(sum)) } } },
        ],
    }
}

/// The households of which the user sees somebody, by name.
#[function_component]
pub fn HouseholdsPage() -> Html {
    let (i, settings, me) = (use_i18n(), use_settings(), use_me());
    let typed = use_kept("households-typed", String::new);
    let text = use_kept("households-text", String::new);
    let timer = use_mut_ref(|| None::<Timeout>);
    // Pages belong to the text that they were reached with.
    let place = use_kept("households-place", || (String::new(), Vec::<String>::new()));
    let cursors = if place.0 == *text { place.1.clone() } else { Vec::new() };
    let cursor = cursors.last().cloned().unwrap_or_default();
    let rows = use_query::<Rows<Household>, _, _>(Some(format!("relations/all?{}&{cursor}", *text)), {
        let text = (*text).clone();
        move || async move {
            if text.is_empty() {
                return api::relations::all_households(&cursor).await;
            }
            let cursor = (!cursor.is_empty()).then_some(cursor);
            let search = HouseholdSearch { q: Some(text), cursor, ..HouseholdSearch::default() };
            api::relations::search_households(&search).await
        }
    });
    let oninput = cb!((typed, text, timer), |event: InputEvent| {
        let now = dom::value_of(&event);
        typed.set(now.clone());
        let text = text.clone();
        *timer.borrow_mut() = Some(Timeout::new(REST, move || text.set(now.trim().to_owned())));
    });
    let currency = rows
        .remote
        .data
        .iter()
        .flat_map(|page| &page.data)
        .find_map(|household| household.members.first())
        .map(|member| member.customer.aum.currency.clone())
        .unwrap_or_default();
    let columns = Rc::new(vec![
        Column::new("name", i.t(Msg::HouseholdName)).phone(OnPhone::Title),
        Column::new("members", i.t(Msg::HouseholdMembers)).long().phone(OnPhone::Line),
        Column::new("count", i.t(Msg::HouseholdCount)).number(),
        Column::new("assets", i.in_unit(Msg::HouseholdAssets, &currency)).number().phone(OnPhone::Line),
    ]);
    let go_to = |cursors: Vec<String>| {
        let (place, text) = (place.clone(), (*text).clone());
        Callback::from(move |()| place.set((text.clone(), cursors.clone())))
    };
    html! {
        <Page title={i.t(Msg::HouseholdTitle)} fill=true>
            <HelpNote text={i.t(Msg::HouseholdHelp)} />
            <div class="filters" role="search">
                <div class="filters__search">
                    { Icon::Search.draw() }
                    <input class="input" id="household-search" type="text" autocomplete="off" spellcheck="false" value={(*typed).clone()}
                        placeholder={i.t(Msg::HouseholdSearch)} aria-label={i.t(Msg::HouseholdSearch)} {oninput} />
                </div>
            </div>
            { match (&rows.remote.data, &rows.remote.error) {
                (Some(page), _) if page.data.is_empty() => html! {
                    <EmptyState icon={Icon::House} title={i.t(if text.is_empty() { Msg::HouseholdNobody } else { Msg::HouseholdNotFound })}
                        text={i.t(if text.is_empty() { Msg::HouseholdNobodyText } else { Msg::HouseholdNotFoundText })} />
                },
                (Some(page), _) => {
                    let next = page.page.next.clone().map(|next| go_to(cursors.iter().cloned().chain([next]).collect()));
                    let back = cursors.split_last().map(|(_, before)| go_to(before.to_vec()));
                    html! {
                        <>
                            <Table caption={i.t(Msg::HouseholdTitle)} {columns} letters={settings.now.shortcuts}
                                rows={page.data.iter().map(|household| row(household, me.as_deref(), i)).collect::<Vec<_>>()} />
                            <Pagination before={cursors.len() as u32 * PAGE} rows={page.data.len() as u32} last={page.page.next.is_none()} onback={back} onnext={next} />
                        </>
                    }
                }
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::HouseholdFailed)} error={error.clone()} retry={rows.reload.clone()} /> },
                (None, None) => html! { <Skeleton rows=10 /> },
            } }
        </Page>
    }
}

#[derive(Properties, PartialEq)]
pub struct HouseholdPageProps {
    pub id: Uuid,
}

/// One household: who is in it, what they own and owe together, and what happened to it.
#[function_component]
pub fn HouseholdPage(props: &HouseholdPageProps) -> Html {
    let (i, me) = (use_i18n(), use_me());
    let id = props.id;
    let query = use_query::<Tagged<Household>, _, _>(Some(format!("relations/household/{id}")), move || {
        api::relations::household(id)
    });
    let editing = use_state(|| false);
    // One goes from member to member as through a list.
    use_effect_with(query.remote.data.clone(), |data: &Option<Rc<Tagged<Household>>>| {
        if let Some(tagged) = data {
            listed(tagged.value.members.iter().map(|member| member.customer.id).collect());
        }
    });
    let Some(tagged) = query.remote.data.clone() else {
        return html! {
            <Page title={i.t(Msg::HouseholdOne)}>
                { match &query.remote.error {
                    Some(error) if error.is_missing() => html! {
                        <EmptyState icon={Icon::House} title={i.t(Msg::HouseholdMissing)} text={i.t(Msg::HouseholdMissingText)}>
                            <Link to={Route::Households.to_path()} class="link">{ i.t(Msg::HouseholdTitle) }</Link>
                        </EmptyState>
                    },
                    Some(error) => html! { <ErrorPanel what={i.t(Msg::HouseholdFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                    None => html! { <Skeleton bare=true rows=8 /> },
                } }
            </Page>
        };
    };
    let household = &tagged.value;
    let holds = |right: &str| me.as_ref().is_some_and(|me| may(me, right));
    let reload = query.reload.clone();
    let done = cb!((editing, reload), |()| {
        editing.set(false);
        fetch::forget("relations");
        reload.emit(());
    });
    let close = cb!((editing), |()| editing.set(false));
    let edit = holds(right::EDIT_CUSTOMERS) && household.archived_at.is_none();
    let actions = html! {
        if edit { <Button icon={Icon::Pencil} onclick={cb!((editing), |_: MouseEvent| editing.set(true))}>{ i.t(Msg::HouseholdEdit) }</Button> }
    };
    let members = household.members.iter().map(|member| {
        html! {
            <li key={member.customer.id.to_string()}>
                <span class="lines__main">
                    <span>{ name_of(Some(&member.customer), i) }</span>
                    <span class="small muted">{ &member.customer.customer_no }</span>
                </span>
                if member.primary { <Badge tone={Tone::Good}>{ i.t(Msg::HouseholdPrimary) }</Badge> }
                <Badge>{ member.role.label(i) }</Badge>
            </li>
        }
    });
    let read = Callback::from(move |cursor: String| -> Reading<_> {
        Box::pin(async move { api::relations::household_history(id, &cursor).await })
    });
    let words = {
        let tagged = tagged.clone();
        Callback::from(move |(field, value): (String, Value)| {
            let (label, plain) = field_words(&field, &value, i);
            let said = (field == "members").then(|| members_in(&value, &tagged.value, i)).flatten();
            (label, said.unwrap_or(plain))
        })
    };
    html! {
        <Page title={household.name.clone()} {actions}>
            <HelpNote text={i.t(Msg::HouseholdOneHelp)} />
            if household.archived_at.is_some() { <p><Badge tone={Tone::Warning}>{ i.t(Msg::CommonArchived) }</Badge></p> }
            <div class="split">
                <div>
                    <Panel title={i.t(Msg::HouseholdMembers)} flush=true>
                        <ul class="lines">{ for members }</ul>
                        if household.hidden_members > 0 { <p class="combo__none">{ i.t(Msg::HouseholdHidden { count: &household.hidden_members.to_string() }) }</p> }
                    </Panel>
                    if holds(right::VIEW_HOLDINGS) { <Panel title={i.t(Msg::HouseholdSheet)}><Balance {id} version={household.version} /></Panel> }
                </div>
                <div>
                    <Panel title={i.t(Msg::CustomerHistory)}>
                        <HistoryPages key={household.version.to_string()} name={format!("relations/history/{id}/{}", household.version)} {read} {words} />
                    </Panel>
                </div>
            </div>
            if *editing { <HouseholdDialog household={Some(household.clone())} ondone={done} onclose={close} /> }
        </Page>
    }
}

/// The members that an entry of the history names: those that are known by their names, the others as somebody else.
fn members_in(value: &Value, household: &Household, i: I18n) -> Option<AttrValue> {
    let member = |entry: &Value| {
        let id = entry["id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
        let known = household.members.iter().find(|member| Some(member.customer.id) == id);
        let name = known.map_or_else(
            || i.t(Msg::RelationsHidden),
            |member| AttrValue::from(member.customer.name.clone()),
        );
        let role = entry["role"].as_str().and_then(by_code::<HouseholdRole>).map(|role| role.label(i));
        match role {
            Some(role) => format!("{name} ({role})"),
            None => name.to_string(),
        }
    };
    let names: Vec<String> = value.as_array()?.iter().map(member).collect();
    Some(names.join(&i.t(Msg::CommonListComma)).into())
}
