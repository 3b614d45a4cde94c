use guanxi_api::{Page as Rows, SavedView, SavedViewPatch, ViewSharing};
use yew::prelude::*;

use super::dialog::ViewDialog;
use super::{Address, DEFAULT_SORT, FIRST};
use crate::api::ApiError;
use crate::i18n::{Msg, use_i18n};
use crate::labels::Label;
use crate::ui::{Button, ConfirmDialog, Icon, Link, Look, Menu, MenuItem, use_toasts};
use crate::{api, dom, fetch, route};

#[derive(Properties, PartialEq, Clone)]
pub struct ViewBarProps {
    pub address: Address,
    /// The columns that are shown.
    pub shown: Vec<AttrValue>,
    /// The list need not wait: no view comes before it.
    pub onready: Callback<()>,
}

/// What is asked of the user.
#[derive(Clone, Copy, PartialEq)]
enum Asked {
    Name,
    Edit,
    Delete,
}

/// The address of a view with everything that it holds.
fn address_of(view: &SavedView) -> Address {
    Address {
        view: view.id.to_string(),
        filter: view.filter.clone().unwrap_or_default(),
        sort: view.sort.clone().unwrap_or_else(|| DEFAULT_SORT.to_owned()),
        columns: view.columns.join(","),
    }
}

/// The whole list and the views as tabs, on a phone as a select, and what can be done with the one that is open.
#[function_component]
pub fn ViewBar(props: &ViewBarProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let asked = use_state(|| None::<Asked>);
    let busy = use_state(|| false);
    let query =
        fetch::use_query::<Rows<SavedView>, _, _>(Some("views/customers".into()), api::views::of_customers);
    let address = &props.address;
    let known = query.remote.data.clone();

    // An address that names a view only, or nothing although there is a first one, becomes that of the view.
    use_effect_with((known.clone(), query.remote.error.is_some(), address.clone()), {
        let (toasts, onready) = (toasts.clone(), props.onready.clone());
        move |(known, failed, address)| {
            let views = known.as_ref().map(|rows| rows.data.as_slice());
            let Some(views) = views.or(failed.then_some(&[])) else { return };
            if address.is_open() {
                match views.iter().find(|view| view.id.to_string() == address.view) {
                    Some(view) => route::replace(&address_of(view).path()),
                    None => {
                        toasts.say(i.t(Msg::ViewsGone));
                        route::replace(&Address::all().path());
                    }
                }
            } else if *address == Address::default() {
                let first = views.iter().find(|view| view.is_default && !view.refused);
                dom::store(FIRST, first.map(|_| "1"));
                match first {
                    Some(view) => route::replace(&address_of(view).path()),
                    None => onready.emit(()),
                }
            }
        }
    });

    let views: Vec<SavedView> = known.as_ref().map(|rows| rows.data.clone()).unwrap_or_default();
    let views: Vec<SavedView> = views.into_iter().filter(|view| !view.refused || view.can_change).collect();
    let open = views.iter().find(|view| view.id.to_string() == address.view).cloned();
    let here = Address { sort: sort_or_default(&address.sort), ..address.clone() };
    let differs = match &open {
        Some(view) => here != address_of(view),
        None => !address.filter.is_empty() || !address.sort.is_empty(),
    };

    let put = {
        let (set, known) = (query.set.clone(), known.clone());
        // Takes out the view with an id, puts one in where it was, and leaves at most one to be seen first.
        move |gone: Option<uuid::Uuid>, with: Option<&SavedView>| {
            let Some(rows) = &known else { return };
            let mut data = rows.data.clone();
            if let Some(view) = with {
                if view.is_default {
                    data.iter_mut().for_each(|other| other.is_default = false);
                }
                match data.iter_mut().find(|other| other.id == view.id) {
                    Some(place) => *place = view.clone(),
                    None => data.push(view.clone()),
                }
            }
            data.retain(|view| Some(view.id) != gone);
            set.emit(Rows { data, page: rows.page.clone() });
        }
    };
    let close = cb!((asked), |()| asked.set(None));
    let ondone = cb!((asked, put, open, toasts), |view: SavedView| {
        put(None, Some(&view));
        asked.set(None);
        toasts.say(i.t(Msg::ViewsSaved { name: &view.name }));
        if open.as_ref().is_none_or(|open| open.id != view.id) {
            route::go(&address_of(&view).path());
        }
    });
    let reload = query.reload.clone();
    let fail = cb!((toasts, reload), |error: ApiError| {
        // The next attempt is made from the newest.
        if error.is_conflict() {
            reload.emit(());
        }
        toasts.fail(&error, i);
    });
    let update = {
        let shown = &props.shown;
        cb!((open, put, busy, toasts, fail, address, shown), |_: MouseEvent| {
            let Some(view) = open.clone().filter(|_| !*busy) else { return };
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let columns = shown.iter().map(ToString::to_string).collect();
            let patch = SavedViewPatch {
                filter: Some(some(&address.filter)),
                sort: Some(some(&address.sort)),
                columns: Some(columns),
                ..SavedViewPatch::default()
            };
            busy.set(true);
            spawn!((put, busy, toasts, fail), {
                match api::views::change(&view, &patch).await {
                    Ok(view) => {
                        put(None, Some(&view));
                        route::replace(&address_of(&view).path());
                        toasts.say(i.t(Msg::ViewsSaved { name: &view.name }));
                    }
                    Err(error) => fail.emit(error),
                }
                busy.set(false);
            });
        })
    };
    let delete = cb!((open, put, busy, toasts, fail, asked), |()| {
        let Some(view) = open.clone().filter(|_| !*busy) else { return };
        busy.set(true);
        spawn!((put, busy, toasts, fail, asked), {
            match api::views::delete(&view).await {
                Ok(()) => {
                    put(Some(view.id), None);
                    toasts.say(i.t(Msg::ViewsDeleted { name: &view.name }));
                    route::replace(&Address::all().path());
                }
                Err(error) => fail.emit(error),
            }
            asked.set(None);
            busy.set(false);
        });
    });

    let ask = |what: Asked| cb!((asked), |()| asked.set(Some(what)));
    let action =
        |icon, text, danger, run| MenuItem::Action { icon: Some(icon), text: i.t(text), danger, run };
    let mut items = Vec::new();
    if let Some(view) = &open {
        let whose = match view.sharing {
            ViewSharing::Private => view.sharing.label(i),
            sharing => i.t(Msg::ViewsSharedBy { sharing: &sharing.label(i), name: &view.owner.display_name }),
        };
        items.push(MenuItem::Note(html! { { whose } }));
        let (id, first) = (view.id, !view.is_default);
        let see_first = cb!((put, toasts), |()| {
            spawn!((put, toasts), {
                match api::views::see_first(id, first).await {
                    Ok(view) => {
                        dom::store(FIRST, first.then_some("1"));
                        put(None, Some(&view));
                        toasts.say(i.t(if first { Msg::ViewsIsFirst } else { Msg::ViewsIsFirstNoMore }));
                    }
                    Err(error) => toasts.fail(&error, i),
                }
            });
        });
        items.push(MenuItem::Option {
            text: i.t(Msg::ViewsSeeFirst),
            chosen: view.is_default,
            run: see_first,
        });
        if view.can_change {
            items.push(action(Icon::Pencil, Msg::ViewsEdit, false, ask(Asked::Edit)));
        }
    }
    items.push(action(Icon::Plus, Msg::ViewsSaveAs, false, ask(Asked::Name)));
    if open.as_ref().is_some_and(|view| view.can_change) {
        items.push(MenuItem::Line);
        items.push(action(Icon::Trash, Msg::ViewsDelete, true, ask(Asked::Delete)));
    }

    let tab = |to: Address, name: &str, first: bool, current: bool| {
        html! {
            <Link to={to.path()} class="tab" {current} title={first.then(|| i.t(Msg::ViewsFirstMark))}>
                { name.to_owned() }if first { { " " }<span aria-hidden="true">{ "•" }</span> }
            </Link>
        }
    };
    let choose = cb!((views), |event: Event| {
        let chosen = dom::value_of(&event);
        let view = views.iter().find(|view| view.id.to_string() == chosen);
        route::go(&view.map_or_else(Address::all, address_of).path());
    });
    let ask_name = ask(Asked::Name).reform(|_: MouseEvent| ());
    html! {
        <div class="views">
            <nav class="views__tabs tabs" aria-label={i.t(Msg::ViewsTitle)}>
                { tab(Address::all(), &i.t(Msg::ViewsAll), false, open.is_none()) }
                { for views.iter().map(|view| tab(address_of(view), &view.name, view.is_default, open.as_ref().is_some_and(|open| open.id == view.id))) }
            </nav>
            <div class="select views__select"><select class="input" aria-label={i.t(Msg::ViewsTitle)} onchange={choose}>
                <option value={super::ALL} selected={open.is_none()}>{ i.t(Msg::ViewsAll) }</option>
                { for views.iter().map(|view| html! {
                    <option value={view.id.to_string()} selected={open.as_ref().is_some_and(|open| open.id == view.id)}>{ &view.name }</option>
                }) }
            </select></div>
            if differs && open.as_ref().is_some_and(|view| view.can_change) {
                <Button small=true icon={Icon::Check} busy={*busy} onclick={update}>{ i.t(Msg::ViewsUpdate) }</Button>
            } else if differs {
                <Button small=true look={Look::Quiet} icon={Icon::Plus} onclick={ask_name}>{ i.t(Msg::ViewsSaveAs) }</Button>
            }
            <Menu label={i.t(Msg::ViewsActions)} button={Icon::Ellipsis.draw()} {items} outer="views__menu" />
            { match *asked {
                Some(Asked::Name) => html! {
                    <ViewDialog address={address.clone()} shown={props.shown.clone()} {ondone} onstale={reload} onclose={close} />
                },
                Some(Asked::Edit) => html! {
                    <ViewDialog view={open} address={address.clone()} shown={props.shown.clone()} {ondone} onstale={reload} onclose={close} />
                },
                Some(Asked::Delete) => html! {
                    <ConfirmDialog title={i.t(Msg::ViewsDelete)} action={i.t(Msg::ViewsDelete)} danger=true busy={*busy} onconfirm={delete} onclose={close}>
                        <p>{ i.t(Msg::ViewsDeleteText { name: &open.map(|view| view.name).unwrap_or_default() }) }</p>
                    </ConfirmDialog>
                },
                None => html!(),
            } }
        </div>
    }
}

fn sort_or_default(sort: &str) -> String {
    if sort.is_empty() { DEFAULT_SORT.to_owned() } else { sort.to_owned() }
}
