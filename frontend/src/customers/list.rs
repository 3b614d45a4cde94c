use std::rc::Rc;

use gloo_timers::callback::Timeout;
use guanxi_api::{
    CustomerSearch, CustomerSelection, CustomerSummary, ExportList, Include, Page as Rows, PreferencesPatch,
    Role, Tag,
};
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::use_location;

use super::{Bulk, columns, listed};
use crate::api::segments::NamedSchemes;
use crate::exports::{ExportButton, order_words};
use crate::i18n::{Msg, use_i18n};
use crate::kept::use_kept;
use crate::org::{OWNERS, ids_in, unit_options, use_colleagues, use_units, use_user_names};
use crate::parts::{LazyBulkDialog, LazyViewBar};
use crate::route::Route;
use crate::session::{may, right, sees_masked, use_me};
use crate::settings::use_settings;
use crate::tags::use_tag_search;
use crate::ui::{
    Button, ColumnChooser, EmptyState, ErrorPanel, FilterChips, FilterKind, FilterTerm, HelpNote, Icon, Look,
    Page, Pagination, Selection, Skeleton, Sort, Table, use_composed, use_toasts,
};
use crate::views::{Address, DEFAULT_SORT};
use crate::{api, dom, fetch, route};

/// Milliseconds of rest after which what is typed is looked for.
const REST: u32 = 150;
/// Most customers that a bulk action takes one by one; more are chosen by their filter.
const MOST_NAMED: usize = 1000;
/// Rows of a page, as the server gives them unless told otherwise.
const PAGE: u32 = 50;

/// Where one is: cursors of the pages gone through, and whether all rows are to be counted.
#[derive(Clone, PartialEq, Default)]
struct Place {
    of: (Address, String),
    cursors: Vec<String>,
    count: bool,
}

/// Customers that were chosen, with their numbers, on whichever page of the list they stand.
#[derive(Clone, PartialEq, Default)]
struct Picked {
    of: (Address, String),
    customers: Vec<(AttrValue, String)>,
    /// All that the filter finds, how many they may be.
    all: bool,
}

/// The customer list.
#[function_component]
pub fn CustomersPage() -> Html {
    let i = use_i18n();
    let settings = use_settings();
    let me = use_me();
    let location = use_location();
    let view = Address::read(location.as_ref().map_or("", |l| l.query_str()));
    // What is looked for, and what the field shows: the two differ while somebody types.
    let text = use_kept("customers-text", String::new);
    let typed = use_kept("customers-typed", String::new);
    let timer = use_mut_ref(|| None::<Timeout>);
    let place = use_kept("customers-place", Place::default);
    let own_columns = use_state(|| None::<Vec<String>>);
    let units = use_units();
    let toasts = use_toasts();
    let picked = use_state(Picked::default);
    let sees_users = me.as_ref().is_some_and(|me| may(me, right::VIEW_USERS));
    let search_owners = use_colleagues(OWNERS);
    let names = use_user_names(ids_in(&view.filter, "owner_id"), sees_users);
    // Whoever looks up no colleagues still tells the own customers from those of others.
    let own = me
        .as_ref()
        .filter(|me| me.role == Role::Rm)
        .map(|me| FilterKind::Codes(vec![(me.id.to_string().into(), me.display_name.clone().into())]));
    let found = sees_users.then(|| FilterKind::Found { search: search_owners, names });
    let owners = found.or(own);

    // A place belongs to the view and text it was reached in.
    let of = (Address { columns: String::new(), ..view.clone() }, (*text).clone());
    let here = if place.of == of { (*place).clone() } else { Place { of: of.clone(), ..Place::default() } };

    let sort_text = if view.sort.is_empty() { DEFAULT_SORT.to_owned() } else { view.sort.clone() };
    let cursor = here.cursors.last().cloned().unwrap_or_default();
    let key = format!("customers?{}&{}&{}&{cursor}&{}", *text, view.filter, view.sort, here.count);
    // Until it is known which view comes first, any list could be the wrong one.
    let ready = use_state(|| false);
    let waits = view.waits() && (view.is_open() || !*ready);
    let rows = fetch::use_query::<Rows<CustomerSummary>, _, _>((!waits).then_some(key), {
        let (text, filter, sort, count) =
            ((*text).clone(), view.filter.clone(), sort_text.clone(), here.count);
        // Found names stand best match first unless a column was chosen.
        let chosen = !view.sort.is_empty();
        move || async move {
            if text.is_empty() {
                return api::customers::list(&filter, &sort, &cursor, count).await;
            }
            let some = |text: String| (!text.is_empty()).then_some(text);
            api::customers::search(&CustomerSearch {
                q: Some(text),
                filter: some(filter),
                sort: chosen.then_some(sort),
                limit: None,
                cursor: some(cursor),
                include: count.then_some(Include::Total),
            })
            .await
        }
    });
    // While another page of the same list is on its way, the one before stays in sight.
    let last = use_mut_ref(|| None::<Rc<Rows<CustomerSummary>>>);
    if let Some(data) = &rows.remote.data {
        *last.borrow_mut() = Some(Rc::clone(data));
    }
    let fresh = rows.remote.data.is_some();
    let data = rows.remote.data.clone().or_else(|| last.borrow().clone());
    use_effect_with(rows.remote.data.clone(), |data| {
        if let Some(data) = data {
            listed(data.data.iter().map(|customer| customer.id).collect());
        }
    });

    // What was chosen belongs to the list that it was chosen from.
    let chosen_here = if picked.of == of { picked.customers.clone() } else { Vec::new() };
    let selection = data.as_ref().map(|data| {
        let (data, now) = (Rc::clone(data), chosen_here.clone());
        let chosen: Vec<AttrValue> = chosen_here.iter().map(|(key, _)| key.clone()).collect();
        let (picked, of) = (picked.clone(), of.clone());
        let onchange = Callback::from(move |(keys, on): (Vec<AttrValue>, bool)| {
            let mut customers = now.clone();
            customers.retain(|(key, _)| !keys.contains(key));
            if on {
                let found = data
                    .data
                    .iter()
                    .map(|customer| (customer.id.to_string().into(), customer.customer_no.clone()));
                customers.extend(found.filter(|(key, _)| keys.contains(key)));
            }
            picked.set(Picked { of: of.clone(), customers, all: false });
        });
        Selection { chosen: Rc::new(chosen), onchange }
    });
    let all_picked = picked.of == of && picked.all && text.is_empty();
    let bulk = use_state(|| None::<Bulk>);
    let unpick = cb!((picked), |()| picked.set(Picked::default()));
    // Counted only when somebody asks for all; the list does not wait for it.
    let counted = fetch::use_query::<Rows<CustomerSummary>, _, _>(
        all_picked.then(|| format!("customers?count&{}", view.filter)),
        {
            let filter = view.filter.clone();
            move || async move { api::customers::list(&filter, DEFAULT_SORT, "", true).await }
        },
    );
    let counted = counted
        .remote
        .data
        .as_ref()
        .and_then(|rows| Some((rows.page.total?, rows.page.total_exact != Some(false))));
    let copy = cb!((chosen_here, toasts), |_: MouseEvent| {
        let numbers: Vec<&str> = chosen_here.iter().map(|(_, number)| number.as_str()).collect();
        dom::copy(&numbers.join("\n"));
        let count = i.number(numbers.len() as u32);
        toasts.say(i.t(Msg::CustomersNumbersCopied { count: &count }));
    });
    let pick_page = selection.clone().zip(data.clone()).and_then(|(selection, data)| {
        let keys: Vec<AttrValue> = data.data.iter().map(|customer| customer.id.to_string().into()).collect();
        let whole = keys.iter().all(|key| selection.chosen.contains(key));
        (!whole)
            .then(|| cb!((selection, keys), |_: MouseEvent| selection.onchange.emit((keys.clone(), true))))
    });

    let look = cb!((text, timer), |(value, rest): (String, u32)| {
        let text = text.clone();
        *timer.borrow_mut() = Some(Timeout::new(rest, move || text.set(value.trim().to_owned())));
    });
    let oninput = cb!((typed, look), |event: InputEvent| {
        let value = dom::value_of(&event);
        typed.set(value.clone());
        if !event.is_composing() {
            look.emit((value, REST));
        }
    });
    let field = use_node_ref();
    use_composed(&field, cb!((look), |text: String| look.emit((text, 0))));
    let onkeydown = cb!((look, typed), |event: KeyboardEvent| {
        if event.key() == "Escape" && !dom::composing(&event) && !typed.is_empty() {
            typed.set(String::new());
            look.emit((String::new(), 0));
        }
    });

    let limited = me.as_ref().is_some_and(|me| sees_masked(me));
    let currency = me.as_ref().map_or("CNY", |me| me.base_currency.as_str());
    let all = columns::all(i, currency, limited);
    let named = |text: &str| -> Vec<AttrValue> {
        text.split(',')
            .filter_map(|key| all.iter().find(|column| column.key == key))
            .map(|c| c.key.clone())
            .collect()
    };
    let mut shown = named(&view.columns);
    if shown.is_empty() {
        let kept =
            (*own_columns).clone().or_else(|| me.as_ref().map(|me| me.preferences.customer_columns.clone()));
        shown = named(&kept.unwrap_or_default().join(","));
    }
    if shown.is_empty() {
        shown = columns::DEFAULT.into_iter().map(AttrValue::from).collect();
    }
    let chosen: Rc<Vec<_>> =
        Rc::new(shown.iter().filter_map(|key| all.iter().find(|c| c.key == *key)).cloned().collect());
    let set_columns = cb!((view, own_columns), |keys: Vec<AttrValue>| {
        let names: Vec<String> = keys.iter().map(ToString::to_string).collect();
        if view.in_view() || !view.columns.is_empty() {
            route::replace(&Address { columns: names.join(","), ..view.clone() }.path());
        }
        // The columns of a view are not those of the user.
        if view.in_view() {
            return;
        }
        own_columns.set(Some(names.clone()));
        let patch = PreferencesPatch { customer_columns: Some(names), ..PreferencesPatch::default() };
        // A choice that could not be kept holds for this visit.
        spawn!((), {
            let _ = api::auth::set_preferences(&patch).await;
        });
    });

    let sees_segments = me.as_ref().is_some_and(|me| may(me, right::VIEW_SEGMENTS));
    let sees_tags = me.as_ref().is_some_and(|me| may(me, right::VIEW_CUSTOMER_TAGS));
    let search_tags = use_tag_search(false);
    // Names are needed where a filter says an id.
    let tags = fetch::use_query::<Vec<Tag>, _, _>(
        (sees_tags && view.filter.contains("tag_id")).then(|| "tags/names".into()),
        || api::tags::all("archived in (true, false)"),
    );
    let tag_names = tags
        .remote
        .data
        .as_ref()
        .map(|all| all.iter().map(|tag| (tag.id.to_string().into(), tag.name.clone().into())).collect());
    let tags = FilterKind::Found { search: search_tags, names: tag_names.unwrap_or_default() };
    let schemes = fetch::use_query::<NamedSchemes, _, _>(
        sees_segments.then(|| "segments/names".into()),
        api::segments::names,
    );
    let schemes = schemes.remote.data.as_ref().map(|all| all.schemes.as_slice()).unwrap_or_default();
    let fields = columns::filters(i, unit_options(&units, i), owners, (schemes, tags), limited);
    let read = FilterTerm::read_all(&view.filter, &fields);
    let foreign = read.is_none().then(|| AttrValue::from(view.filter.clone()));
    let set_terms = cb!((view), |terms: Vec<FilterTerm>| {
        route::go(&Address { filter: FilterTerm::write_all(&terms), ..view.clone() }.path());
    });
    let set_filter = cb!((view), |filter: String| route::go(&Address { filter, ..view.clone() }.path()));
    let onsort = cb!((view), |sort: Sort| route::go(&Address { sort: sort.write(), ..view.clone() }.path()));

    let go_to = |cursors: Vec<String>, count: bool| {
        let (place, of) = (place.clone(), of.clone());
        Callback::from(move |()| place.set(Place { of: of.clone(), cursors: cursors.clone(), count }))
    };
    let next = data
        .as_ref()
        .filter(|_| fresh)
        .and_then(|rows| rows.page.next.clone())
        .map(|next| go_to(here.cursors.iter().cloned().chain([next]).collect(), here.count));
    let back = here.cursors.split_last().map(|(_, before)| go_to(before.to_vec(), here.count));
    let may_create = me.as_ref().is_some_and(|me| may(me, right::CREATE_CUSTOMERS));
    let narrowed = !text.is_empty() || !view.filter.is_empty();
    let clear = cb!((typed, text), |_: MouseEvent| {
        // First, so that going back finds the text again.
        route::go(&Address::all().path());
        typed.set(String::new());
        text.set(String::new());
    });

    let has_more = here.cursors.len() + 1 > 1 || data.as_ref().is_some_and(|rows| rows.page.next.is_some());
    let whole = data.as_ref().is_some_and(|rows| !rows.data.is_empty()) && pick_page.is_none();
    let pick_all = (text.is_empty() && has_more && whole && !all_picked).then(|| {
        cb!((picked, chosen_here, of), |_: MouseEvent| {
            picked.set(Picked { of: of.clone(), customers: chosen_here.clone(), all: true });
        })
    });
    let holds = |what: &str| me.as_ref().is_some_and(|me| may(me, what));
    let may_bulk = holds(right::RUN_BULK_ACTIONS) && (all_picked || chosen_here.len() <= MOST_NAMED);
    let picked_bar = || {
        let count: AttrValue = match (all_picked, counted) {
            (false, _) => i.number(chosen_here.len() as u32).into(),
            (true, None) => "…".into(),
            (true, Some((rows, true))) => i.number(rows).into(),
            (true, Some((rows, false))) => i.t(Msg::ExportsMore { count: &i.number(rows) }),
        };
        let selection = if all_picked {
            CustomerSelection { filter: Some(view.filter.clone()), ids: None }
        } else {
            let ids = chosen_here.iter().filter_map(|(key, _)| uuid::Uuid::parse_str(key).ok());
            CustomerSelection { ids: Some(ids.collect()), filter: None }
        };
        let ask = |what: Bulk| cb!((bulk), |_: MouseEvent| bulk.set(Some(what)));
        let unpick = unpick.clone();
        html! {
            <div class="picked" role="region" aria-label={i.t(Msg::TableSelection)}>
                <span role="status">if !chosen_here.is_empty() { { i.t(Msg::TableSelected { count: &count }) } }</span>
                if !chosen_here.is_empty() {
                    if !all_picked { <Button small=true look={Look::Quiet} icon={Icon::Copy} onclick={copy}>{ i.t(Msg::CustomersCopyNumbers) }</Button> }
                    if may_bulk && holds(right::ASSIGN_CUSTOMERS) { <Button small=true icon={Icon::UserPlus} onclick={ask(Bulk::Assign)}>{ i.t(Msg::BulkAssign) }</Button> }
                    if may_bulk && holds(right::WRITE_TASKS) { <Button small=true icon={Icon::Plus} onclick={ask(Bulk::Task)}>{ i.t(Msg::BulkTask) }</Button> }
                    if may_bulk && holds(right::EDIT_CUSTOMERS) { <Button small=true icon={Icon::Tag} onclick={ask(Bulk::Tag)}>{ i.t(Msg::BulkTag) }</Button> }
                    if all_picked || chosen_here.len() <= MOST_NAMED {
                        <ExportButton small=true list={ExportList::Customers} ids={selection.ids.clone().unwrap_or_default()} columns={columns::of_file(&shown)}
                            filter={if all_picked { view.filter.clone() } else { String::new() }} sort={sort_text.clone()} order={order_words(&sort_text, &all)}
                            narrowed={if all_picked { FilterTerm::all_in_words(&view.filter, &fields, i) } else { Vec::new() }} />
                    }
                    if let Some(onclick) = pick_all { <Button small=true look={Look::Quiet} {onclick}>{ i.t(Msg::BulkPickAll) }</Button> }
                    if let Some(onclick) = pick_page { <Button small=true look={Look::Quiet} {onclick}>{ i.t(Msg::TableSelectPage) }</Button> }
                    <Button small=true look={Look::Quiet} onclick={move |_| unpick.emit(())}>{ i.t(Msg::TableClearSelection) }</Button>
                }
                if let Some(what) = *bulk { <LazyBulkDialog {what} {selection} {count} onclose={cb!((bulk), |()| bulk.set(None))} /> }
            </div>
        }
    };
    let export_sort =
        if text.is_empty() || !view.sort.is_empty() { sort_text.clone() } else { String::new() };
    let actions = html! {
        <>
        <ExportButton list={ExportList::Customers} q={(*text).clone()} filter={view.filter.clone()} order={order_words(&export_sort, &all)} sort={export_sort}
            narrowed={FilterTerm::all_in_words(&view.filter, &fields, i)} />
        <ColumnChooser all={all.iter().map(|c| (c.key.clone(), c.label.clone())).collect::<Vec<_>>()} shown={shown.clone()} fixed="name" onchange={set_columns} />
        </>
    };
    let sort = if text.is_empty() || !view.sort.is_empty() { Some(Sort::read(&sort_text)) } else { None };
    html! {
        <Page title={i.t(Msg::CustomersTitle)} fill=true {actions}>
            <HelpNote text={i.t(Msg::CustomersHelp)} />
            <LazyViewBar address={view.clone()} shown={shown.clone()} onready={cb!((ready), |()| ready.set(true))} />
            <div class="filters" role="search">
                <div class="filters__search">
                    { Icon::Search.draw() }
                    <input class="input" id="customer-search" type="text" autocomplete="off" spellcheck="false" value={(*typed).clone()}
                        placeholder={i.t(Msg::CustomersSearch)} aria-label={i.t(Msg::CustomersSearch)} {oninput} ref={field} {onkeydown} />
                </div>
                <FilterChips fields={fields.clone()} terms={read.unwrap_or_default()} {foreign} onchange={set_terms} onfilter={set_filter} />
            </div>
            { match (data, &rows.remote.error) {
                (_, Some(error)) if !fresh => html! {
                    <ErrorPanel what={i.t(Msg::CustomersFailed)} error={error.clone()} retry={rows.reload.clone()} />
                },
                (Some(data), _) if data.data.is_empty() && fresh => html! {
                    <EmptyState icon={Icon::Users}
                        title={i.t(if narrowed { Msg::CustomersNoneFound } else { Msg::CustomersNone })}
                        text={i.t(if narrowed { Msg::CustomersNoneFoundText } else { Msg::CustomersNoneText })}>
                        if narrowed {
                            <Button onclick={clear}>{ i.t(Msg::CustomersShowAll) }</Button>
                        } else if may_create {
                            <Button look={Look::Primary} icon={Icon::Plus} to={Route::NewCustomer.to_path()}>{ i.t(Msg::CustomersNew) }</Button>
                        }
                    </EmptyState>
                },
                (Some(data), _) => html! {
                    <>
                        <Table caption={i.t(Msg::CustomersTitle)} columns={chosen.clone()} {sort} {onsort} stale={!fresh} letters={settings.now.shortcuts} {selection}
                            rows={data.data.iter().map(|customer| columns::row(customer, &chosen, i)).collect::<Vec<_>>()} />
                        { picked_bar() }
                        <Pagination before={here.cursors.len() as u32 * PAGE} rows={data.data.len() as u32} last={fresh && data.page.next.is_none()} onback={back} onnext={next}
                            total={data.page.total.map(|total| (total, data.page.total_exact != Some(false)))}
                            oncount={go_to(here.cursors.clone(), true)} />
                    </>
                },
                (None, _) => html! { <Skeleton rows=14 /> },
            } }
        </Page>
    }
}
