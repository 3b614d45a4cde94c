use std::rc::Rc;

use gloo_timers::callback::Timeout;
use guanxi_api::{
    AuditEntry, Direction, ExportList, Include, Interaction, InteractionKind, InteractionOutcome,
    InteractionPurpose, InteractionSearch, Me, Mood, Page as Rows,
};
use serde_json::Value;
use uuid::Uuid;
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::use_location;

use super::{LogDialog, With, icon_of, may_change, name_of, tone_of};
use crate::api::{self, ApiError};
use crate::audit::{HistoryPages, Reading, field_words};
use crate::exports::ExportButton;
use crate::fetch::use_renewed;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::kept::use_kept;
use crate::labels::{Label, options};
use crate::org::{EVERYONE, ids_in, unit_options, use_colleagues, use_units, use_user_names};
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, Dialog, EmptyState, ErrorPanel, FilterChips, FilterField, FilterKind, FilterTerm,
    HelpNote, Icon, Link, Menu, MenuItem, Page, Skeleton, Time, Tone, use_composed, use_toasts,
};
use crate::{dom, fetch};

/// Milliseconds of rest after which what is typed is looked for.
const REST: u32 = 250;

/// What contacts are narrowed by; those of all customers also by their units and their authors.
fn fields(of_all: Option<(Vec<(AttrValue, AttrValue)>, FilterKind)>, i: I18n) -> Vec<FilterField> {
    let any = |key: &'static str, label, kind, nullable| FilterField {
        key: key.into(),
        label: i.t(label),
        kind,
        nullable,
    };
    let field =
        |key: &'static str, label, codes, nullable| any(key, label, FilterKind::Codes(codes), nullable);
    let mut fields = vec![
        field("kind", Msg::FieldContactKind, options::<InteractionKind>(i), false),
        field("purpose", Msg::FieldPurpose, options::<InteractionPurpose>(i), false),
        field("outcome", Msg::FieldOutcome, options::<InteractionOutcome>(i), false),
        field("mood", Msg::FieldMood, options::<Mood>(i), true),
        field("direction", Msg::FieldDirection, options::<Direction>(i), false),
        any("occurred_at", Msg::FieldDay, FilterKind::Moment, false),
        field("archived", Msg::CommonArchived, crate::labels::yes_no(i), false),
    ];
    if let Some((units, authors)) = of_all {
        fields.push(any("author_id", Msg::FieldAuthor, authors, false));
        if !units.is_empty() {
            fields.push(field("org_unit_id", Msg::FieldOrgUnit, units, false));
        }
    }
    fields
}

#[derive(Properties, PartialEq)]
pub struct ContactListProps {
    /// The customer whose timeline it is; without one, all contacts that one sees.
    #[prop_or_default]
    pub customer: Option<With>,
    #[prop_or_default]
    pub q: AttrValue,
    /// The filter, and who is told of another one, where it stands in the address; else it is kept here.
    #[prop_or_default]
    pub narrowed: Option<(AttrValue, Callback<String>)>,
    /// Another one asks again.
    #[prop_or_default]
    pub stamp: u32,
    /// Is told that a contact was changed.
    #[prop_or_default]
    pub onchange: Callback<()>,
}

async fn ask(
    customer: Option<Uuid>,
    q: String,
    filter: String,
    cursor: String,
) -> Result<Rows<Interaction>, ApiError> {
    match customer {
        Some(customer) => api::interactions::timeline(customer, &filter, &cursor).await,
        None => {
            let some = |text: String| (!text.is_empty()).then_some(text);
            let search = InteractionSearch {
                q: some(q),
                // Who narrows the list wants to know how many there are.
                include: (!filter.is_empty()).then_some(Include::Total),
                filter: some(filter),
                limit: Some(30),
                cursor: some(cursor),
                ..InteractionSearch::default()
            };
            api::interactions::search(&search).await
        }
    }
}

/// What stands below the first page.
#[derive(Clone, Default)]
struct Below {
    /// Below which first page.
    key: String,
    pages: usize,
    rows: Rc<Vec<Interaction>>,
    /// The cursor of what comes after it.
    next: Option<String>,
}

impl Below {
    fn with(&self, page: Rows<Interaction>) -> Self {
        Below {
            key: self.key.clone(),
            pages: self.pages + 1,
            rows: Rc::new(self.rows.iter().cloned().chain(page.data).collect()),
            next: page.page.next,
        }
    }
}

/// Contacts, newest first, month by month, more of them on demand.
#[function_component]
pub fn ContactList(props: &ContactListProps) -> Html {
    let i = use_i18n();
    let me = use_me();
    let toasts = use_toasts();
    let units = use_units();
    let terms = use_state(Vec::<FilterTerm>::new);
    let round = use_state(|| 0_u32);
    let more = use_state(Below::default);
    let wanted = use_kept("contacts-more", || (String::new(), 0_usize));
    let editing = use_state(|| None::<Interaction>);
    let history = use_state(|| None::<Interaction>);

    let customer = props.customer.as_ref().map(|with| with.id);
    let filter = match &props.narrowed {
        Some((filter, _)) => filter.to_string(),
        None => FilterTerm::write_all(&terms),
    };
    let sees_users = me.as_ref().is_some_and(|me| may(me, right::VIEW_USERS));
    let search = use_colleagues(EVERYONE);
    let names = use_user_names(ids_in(&filter, "author_id"), sees_users);
    let thing = format!("contacts/{}/{}/{filter}", customer.unwrap_or_default(), props.q);
    let state = format!("{}/{}", props.stamp, *round);
    let first = use_renewed::<Rows<Interaction>, _, _>(thing.clone(), state.clone(), {
        let (q, filter) = (props.q.to_string(), filter.clone());
        move || ask(customer, q, filter, String::new())
    });
    // A page that is read again may end elsewhere; then what stood below it begins elsewhere, too.
    let last = first.remote.data.as_ref().and_then(|page| page.data.last()).map(|contact| contact.id);
    let key = format!("{thing}/{state}/{}", last.unwrap_or_default());
    let below = match &first.remote.data {
        _ if more.key == key => (*more).clone(),
        Some(page) => Below { key: key.clone(), next: page.page.next.clone(), ..Below::default() },
        None => Below::default(),
    };
    let busy = wanted.0 == thing && below.pages < wanted.1 && below.next.is_some();
    use_effect_with((key, below.pages, busy), {
        let (more, below, wanted, toasts, q, filter, thing) = (
            more.clone(),
            below.clone(),
            wanted.clone(),
            toasts.clone(),
            props.q.to_string(),
            filter.clone(),
            thing.clone(),
        );
        move |_| {
            let Some(cursor) = below.next.clone().filter(|_| busy) else { return };
            spawn!((more, wanted, toasts), {
                match ask(customer, q, filter, cursor).await {
                    Ok(page) => more.set(below.with(page)),
                    Err(error) => {
                        toasts.fail(&error, i);
                        wanted.set((thing, below.pages));
                    }
                }
            });
        }
    });
    let onchange = &props.onchange;
    let changed = cb!((round, editing, onchange), |()| {
        editing.set(None);
        fetch::forget("contacts/");
        round.set(*round + 1);
        onchange.emit(());
    });
    let Some(me) = me else { return html!() };
    let told = props.narrowed.as_ref().map(|(_, told)| told.clone());
    let narrow = cb!((terms, told), |next: Vec<FilterTerm>| match &told {
        Some(told) => told.emit(FilterTerm::write_all(&next)),
        None => terms.set(next),
    });
    let of_all = customer.is_none().then(|| {
        let myself = vec![(me.id.to_string().into(), me.display_name.clone().into())];
        let authors =
            if sees_users { FilterKind::Found { search, names } } else { FilterKind::Codes(myself) };
        (unit_options(&units, i), authors)
    });
    let fields = fields(of_all, i);
    let export = customer.is_none().then(|| {
        let narrowed = FilterTerm::all_in_words(&filter, &fields, i);
        html! { <ExportButton list={ExportList::Interactions} q={&props.q} filter={filter.clone()} {narrowed} /> }
    });
    let read = FilterTerm::read_all(&filter, &fields);
    let foreign = read.is_none().then(|| AttrValue::from(filter.clone()));
    let total = first.remote.data.as_ref().and_then(|page| {
        let total = i.number(page.page.total?);
        Some(match page.page.total_exact {
            Some(false) => i.t(Msg::TableTotalMore { total: &total }),
            _ => i.t(Msg::TableTotal { total: &total }),
        })
    });
    let head = html! {
        <div class="row" role="search" aria-label={i.t(Msg::ContactsNarrow)}>
            { for export }
            <FilterChips {fields} terms={read.unwrap_or_default()} {foreign} onchange={narrow} />
            <span class="small muted" role="status">{ for total }</span>
        </div>
    };
    let Some(page) = first.remote.data.clone() else {
        return match &first.remote.error {
            Some(error) => {
                html! { <>{ head }<ErrorPanel what={i.t(Msg::ContactsFailed)} error={error.clone()} retry={first.reload.clone()} /></> }
            }
            None => html! { <>{ head }<Skeleton bare=true rows=6 /></> },
        };
    };
    let load = below.next.is_some().then(|| {
        let pages = below.pages + 1;
        cb!((wanted, thing), |_: MouseEvent| wanted.set((thing.clone(), pages)))
    });
    let put_away = {
        let (toasts, changed) = (toasts.clone(), changed.clone());
        Callback::from(move |contact: Interaction| {
            spawn!((toasts, changed), {
                let away = contact.archived_at.is_none();
                match api::interactions::put_away(contact.id, contact.version, away).await {
                    Ok(after) => {
                        let text = i.t(if away { Msg::ContactsArchived } else { Msg::ContactsRestored });
                        let undo = cb!((changed, toasts), |()| {
                            spawn!((changed, toasts), {
                                match api::interactions::put_away(after.id, after.version, !away).await {
                                    Ok(_) => changed.emit(()),
                                    Err(error) => toasts.fail(&error, i),
                                }
                            });
                        });
                        toasts.offer(text, i.t(Msg::CommonUndo), undo);
                    }
                    Err(error) => toasts.fail(&error, i),
                }
                changed.emit(());
            });
        })
    };
    let act = Acts {
        edit: cb!((editing), |contact: Interaction| editing.set(Some(contact))),
        put_away,
        history: cb!((history), |contact: Interaction| history.set(Some(contact))),
    };
    let all: Vec<&Interaction> = page.data.iter().chain(below.rows.iter()).collect();
    let empty = all.is_empty().then(|| {
        let narrowed = !filter.is_empty() || !props.q.is_empty();
        let text = i.t(if narrowed { Msg::ContactsNoneFound } else { Msg::ContactsNoneText });
        html! { <EmptyState icon={Icon::MessageCircle} title={i.t(Msg::ContactsNone)} {text} /> }
    });
    let months = by_month(&all, i);
    let named = customer.is_none();
    let close = cb!((editing), |()| editing.set(None));
    html! {
        <>
            { head }
            { for empty }
            { for months.into_iter().map(|(month, contacts)| html! {
                <section class="month" aria-label={month.clone()} key={month.clone()}>
                    <h2 class="month__head">{ &month }</h2>
                    <ol class="timeline">{ for contacts.into_iter().map(|contact| line(contact, &me, named, &act, i)) }</ol>
                </section>
            }) }
            if let Some(onclick) = load { <div><Button {busy} {onclick}>{ i.t(Msg::ContactsMore) }</Button></div> }
            if let Some(contact) = (*editing).clone() {
                <LogDialog with={With { id: contact.customer.id, name: contact.customer.name.clone().into() }} contact={Some(contact)} ondone={changed} onclose={close} />
            }
            if let Some(contact) = (*history).clone() {
                <ContactHistory {contact} onclose={cb!((history), |()| history.set(None))} />
            }
        </>
    }
}

/// Contacts under the names of their months, in their order.
fn by_month<'a>(contacts: &[&'a Interaction], i: I18n) -> Vec<(String, Vec<&'a Interaction>)> {
    let mut months: Vec<(String, Vec<&'a Interaction>)> = Vec::new();
    for contact in contacts {
        let month = i.day_of(contact.occurred_at).map(|day| i.month_of(day)).unwrap_or_default();
        match months.last_mut() {
            Some((last, list)) if *last == month => list.push(contact),
            _ => months.push((month, vec![contact])),
        }
    }
    months
}

/// What can be done with a contact.
struct Acts {
    edit: Callback<Interaction>,
    put_away: Callback<Interaction>,
    history: Callback<Interaction>,
}

fn line(contact: &Interaction, me: &Me, named: bool, act: &Acts, i: I18n) -> Html {
    let item = |icon, text: Msg<'_>, run: &Callback<Interaction>| MenuItem::Action {
        icon: Some(icon),
        text: i.t(text),
        danger: false,
        run: cb!((run, contact), |()| run.emit(contact.clone())),
    };
    let mut items = Vec::new();
    if may_change(me, contact) {
        if contact.archived_at.is_none() {
            items.push(item(Icon::Pencil, Msg::ContactsEdit, &act.edit));
            items.push(item(Icon::Archive, Msg::ContactsArchive, &act.put_away));
        } else {
            items.push(item(Icon::ArchiveRestore, Msg::ContactsRestore, &act.put_away));
        }
    }
    items.push(item(Icon::History, Msg::ContactsHistory, &act.history));
    let minutes = contact.duration_minutes.map(|minutes| i.number(minutes));
    html! {
        <li key={contact.id.to_string()} class="contact">
            <div class="timeline__head">
                { icon_of(contact.kind).draw() }
                if named {
                    <Link to={Route::Customer { id: contact.customer.id }.to_path()} class="link">{ &contact.customer.name }</Link>
                }
                <b>{ contact.kind.label(i) }</b>
                <span>{ contact.purpose.label(i) }</span>
                <Badge tone={tone_of(contact.outcome)}>{ contact.outcome.label(i) }</Badge>
                if let Some(mood) = contact.mood {
                    <Badge tone={if mood == Mood::Negative { Tone::Warning } else { Tone::Neutral }}>{ mood.label(i) }</Badge>
                }
                if contact.archived_at.is_some() { <Badge tone={Tone::Warning}>{ i.t(Msg::CommonArchived) }</Badge> }
                <Menu label={i.t(Msg::ContactsMenu { name: &name_of(contact, i) })} button={Icon::Ellipsis.draw()} {items} outer={classes!("contact__menu")}
                    class={classes!("button", "button--quiet", "button--icon", "button--small")} />
            </div>
            if let Some(notes) = &contact.notes { <p class="contact__notes">{ notes }</p> }
            <div class="small muted row">
                <Time at={contact.occurred_at} />
                <span>{ contact.direction.label(i) }</span>
                if let Some(minutes) = &minutes { <span>{ i.t(Msg::ContactsMinutes { minutes }) }</span> }
                if let Some(author) = &contact.author { <span>{ &author.display_name }</span> }
            </div>
        </li>
    }
}

#[derive(Properties, PartialEq)]
struct ContactHistoryProps {
    contact: Interaction,
    onclose: Callback<()>,
}

#[function_component]
fn ContactHistory(props: &ContactHistoryProps) -> Html {
    let i = use_i18n();
    let contact = &props.contact;
    let id = contact.id;
    let read = use_callback(id, |cursor: String, id| {
        let id = *id;
        Box::pin(async move { api::interactions::history(id, &cursor).await }) as Reading<Rows<AuditEntry>>
    });
    let words = Callback::from(move |(field, value): (String, Value)| field_words(&field, &value, i));
    html! {
        <Dialog title={name_of(contact, i)} onclose={props.onclose.clone()}>
            <HistoryPages name={format!("contact/{id}/history/{}", contact.version)} {read} {words} />
        </Dialog>
    }
}

/// All contacts that one sees, and the search in their notes. What is typed stays out of the address, the filter stands in it.
#[function_component]
pub fn ContactsPage() -> Html {
    let i = use_i18n();
    let location = use_location();
    let params = location.and_then(|l| UrlSearchParams::new_with_str(l.query_str()).ok());
    let filter: AttrValue = params.and_then(|p| p.get("filter")).unwrap_or_default().into();
    let onfilter = Callback::from(|filter: String| {
        route::go(&format!("{}{}", Route::Contacts.to_path(), api::query(&[("filter", &filter)])));
    });
    let typed = use_kept("contacts-typed", String::new);
    let q = use_kept("contacts-text", AttrValue::default);
    let timer = use_mut_ref(|| None::<Timeout>);
    let field = use_node_ref();
    let look = cb!((q, timer), |(text, rest): (String, u32)| {
        let q = q.clone();
        *timer.borrow_mut() = Some(Timeout::new(rest, move || q.set(text.trim().to_owned().into())));
    });
    let oninput = cb!((typed, look), |event: InputEvent| {
        let text = dom::value_of(&event);
        typed.set(text.clone());
        if !event.is_composing() {
            look.emit((text, REST));
        }
    });
    use_composed(&field, cb!((look), |text: String| look.emit((text, 0))));
    html! {
        <Page title={i.t(Msg::ContactsTitle)}>
            <HelpNote text={i.t(Msg::ContactsHelp)} />
            <div class="filters__search" role="search">
                { Icon::Search.draw() }
                <input class="input" id="contact-search" type="text" autocomplete="off" spellcheck="false" maxlength="100" value={(*typed).clone()}
                    placeholder={i.t(Msg::ContactsSearch)} aria-label={i.t(Msg::ContactsSearch)} {oninput} ref={field} />
            </div>
            <ContactList q={(*q).clone()} narrowed={Some((filter, onfilter))} />
        </Page>
    }
}
