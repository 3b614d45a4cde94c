//! What the command palette finds and does: customers, pages, actions.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use guanxi_api::{CustomerSearch, CustomerSummary, Language, Me, Theme};
use yew::prelude::*;
use yew_router::Routable;

use crate::api;
use crate::customers::recent;
use crate::i18n::{Msg, use_i18n};
use crate::labels::Label;
use crate::route::Route;
use crate::session::{may, right};
use crate::settings::use_settings;
use crate::shell::use_sign_out;
use crate::ui::{CommandGroup, CommandItem, CommandPalette, Icon, TierMark};

/// Milliseconds of rest before a search is sent.
const REST: u32 = 60;
/// Characters from which on customers are looked for.
const LEAST: usize = 2;
/// Customers shown.
const MOST: u32 = 8;

#[derive(Clone, Properties, PartialEq)]
pub struct PaletteProps {
    pub me: Rc<Me>,
    pub onclose: Callback<()>,
}

/// What a text has found among the customers.
#[derive(PartialEq)]
struct Found {
    by: String,
    /// Nothing where the search has failed.
    customers: Option<Rc<Vec<CustomerSummary>>>,
}

/// Whether customers are looked for by a text.
fn is_looked_for(text: &str) -> bool {
    !text.starts_with('>') && text.chars().count() >= LEAST
}

/// The palette, filled.
#[function_component]
pub fn Palette(props: &PaletteProps) -> Html {
    let i = use_i18n();
    let settings = use_settings();
    let sign_out = use_sign_out();
    let text = use_state(String::new);
    let found = use_state(|| None::<Found>);
    let timer = use_mut_ref(|| None::<Timeout>);
    let turn = use_memo((), |()| std::cell::Cell::new(0_u32));

    let onsearch = cb!((text, found, timer, turn), |typed: String| {
        let typed = typed.trim().to_owned();
        turn.set(turn.get() + 1);
        let mine = turn.get();
        text.set(typed.clone());
        if !is_looked_for(&typed) {
            *timer.borrow_mut() = None;
            found.set(None);
            return;
        }
        let (found, turn) = (found.clone(), turn.clone());
        *timer.borrow_mut() = Some(Timeout::new(REST, move || {
            spawn!((found, turn), {
                let q = Some(typed.clone());
                let ask = CustomerSearch { q, limit: Some(MOST), ..CustomerSearch::default() };
                let customers = api::customers::search(&ask).await.ok().map(|page| Rc::new(page.data));
                // What an older text has found comes too late.
                if turn.get() == mine {
                    found.set(Some(Found { by: typed, customers }));
                }
            });
        }));
    });

    // With its name, to find it by.
    let item = |key: &str, icon: Icon, text: AttrValue, to: Option<Route>, run: Callback<()>| {
        let line = CommandItem {
            key: key.to_owned().into(),
            icon,
            text: html! { { &text } },
            note: AttrValue::default(),
            end: html!(),
            to: to.map(|route| route.to_path().into()),
            run,
        };
        (text, line)
    };
    let customer = |customer: &CustomerSummary| CommandItem {
        key: customer.id.to_string().into(),
        icon: Icon::User,
        text: marked(&customer.name, &text),
        note: [
            Some(customer.customer_no.as_str()),
            customer.phone.as_deref(),
            Some(customer.org_unit.name.in_language(i.lang)),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ")
        .into(),
        end: html! { { for customer.tier.map(|tier| html! { <TierMark {tier} /> }) } },
        to: Some(Route::Customer { id: customer.id }.to_path().into()),
        run: Callback::noop(),
    };

    let me = &props.me;
    let needle = text.to_lowercase();
    let mut pages = Vec::new();
    if may(me, right::VIEW_TASKS) {
        pages.push(("today", Icon::CalendarCheck, Msg::NavToday, Route::Home));
    }
    pages.push(("customers", Icon::Users, Msg::NavCustomers, Route::Customers));
    if may(me, right::VIEW_HOLDINGS) {
        pages.push(("holdings", Icon::Wallet, Msg::NavHoldings, Route::Holdings));
    }
    pages.push(("products", Icon::Package, Msg::NavProducts, Route::Products));
    if may(me, right::VIEW_TASKS) {
        pages.push(("tasks", Icon::CircleCheck, Msg::NavTasks, Route::Tasks));
    }
    if may(me, right::VIEW_INTERACTIONS) {
        pages.push(("contacts", Icon::MessageCircle, Msg::NavContacts, Route::Contacts));
    }
    if may(me, right::VIEW_SURVEYS) {
        pages.push(("surveys", Icon::Smile, Msg::NavSurveys, Route::Surveys));
    }
    if may(me, right::VIEW_RELATIONS) {
        pages.push(("households", Icon::House, Msg::HouseholdTitle, Route::Households));
    }
    if may(me, right::VIEW_HOLDINGS) {
        pages.push(("tier-watch", Icon::TrendingUp, Msg::NavTierWatch, Route::TierWatch));
    }
    if may(me, right::VIEW_FIELD_CONFLICTS) {
        pages.push(("conflicts", Icon::ListChecks, Msg::NavConflicts, Route::FieldConflicts));
    }
    if may(me, right::VIEW_DUPLICATES) {
        pages.push(("duplicates", Icon::Copy, Msg::NavDuplicates, Route::Duplicates));
    }
    if may(me, right::VIEW_REPORTS) {
        pages.push(("data-quality", Icon::ClipboardCheck, Msg::NavDataQuality, Route::DataQuality));
    }
    if may(me, right::VIEW_OWNERSHIP) || may(me, right::MANAGE_TEAM_RULES) {
        pages.push(("ownership", Icon::BadgeCheck, Msg::NavOwnership, Route::Ownership));
    }
    if may(me, right::VIEW_SEGMENT_SCHEMES) {
        pages.push(("segments", Icon::ChartPie, Msg::NavSegments, Route::Segments));
    }
    if may(me, right::VIEW_REPORTS) {
        pages.push(("value", Icon::Gem, Msg::NavValue, Route::Value));
        pages.push(("reports", Icon::ChartColumn, Msg::NavReports, Route::Reports));
    }
    if may(me, right::VIEW_JOBS) {
        pages.push(("jobs", Icon::Upload, Msg::NavJobs, Route::Jobs));
    }
    if may(me, right::VIEW_USERS) {
        pages.push(("users", Icon::IdCard, Msg::NavUsers, Route::Users));
        pages.push(("units", Icon::Network, Msg::NavUnits, Route::Units));
    }
    if may(me, right::VIEW_TIERS) {
        pages.push(("tiers", Icon::Layers, Msg::NavTiers, Route::Tiers));
    }
    if may(me, right::VIEW_GRADES) {
        pages.push(("grades", Icon::Award, Msg::NavGrades, Route::GradeRules));
    }
    if may(me, right::CREATE_TAGS) {
        pages.push(("tags", Icon::Tag, Msg::NavTags, Route::Tags));
    }
    if may(me, right::VIEW_RATES) {
        pages.push(("rates", Icon::ArrowLeftRight, Msg::NavRates, Route::Rates));
    }
    if may(me, right::VIEW_AUDIT) {
        pages.push(("audit", Icon::ScrollText, Msg::NavAudit, Route::Audit));
    }
    if may(me, right::VIEW_TARGETS) {
        pages.push(("contact-targets", Icon::Target, Msg::NavTargets, Route::ContactTargets));
    }
    pages.push(("preferences", Icon::Settings, Msg::NavPreferences, Route::Preferences));
    pages.push(("sessions", Icon::Laptop, Msg::NavSessions, Route::Sessions));
    pages.push(("help", Icon::CircleQuestionMark, Msg::NavHelp, Route::Help));

    let change = |apply: fn(&mut crate::settings::Settings)| cb!((settings), |()| settings.change(apply));
    let mut actions = Vec::new();
    if may(me, right::CREATE_CUSTOMERS) {
        actions.push(item(
            "new",
            Icon::Plus,
            i.t(Msg::CustomersNew),
            Some(Route::NewCustomer),
            Callback::noop(),
        ));
    }
    if may(me, right::WRITE_INTERACTIONS) {
        // With whom one has just been looking at, the likeliest first.
        for recent in recent().into_iter().take(3) {
            let (text, line) = item(
                &format!("log-{}", recent.id),
                Icon::MessageCircle,
                i.t(Msg::LogTitle { name: &recent.name }),
                None,
                Callback::noop(),
            );
            let to = format!("{}?tab=contacts&log=1", Route::Customer { id: recent.id }.to_path());
            actions
                .push((text, CommandItem { to: Some(to.into()), note: recent.customer_no.into(), ..line }));
        }
    }
    if may(me, right::RUN_IMPORTS) {
        actions.push(item(
            "new-import",
            Icon::Upload,
            i.t(Msg::JobsNew),
            Some(Route::NewImport),
            Callback::noop(),
        ));
    }
    if may(me, right::MANAGE_USERS) {
        actions.push(item(
            "new-user",
            Icon::UserPlus,
            i.t(Msg::UserNew),
            Some(Route::NewUser),
            Callback::noop(),
        ));
    }
    for language in Language::all().iter().copied().filter(|language| *language != i.lang) {
        let run = cb!((settings), |()| settings.change(|s| s.language = language));
        actions.push(item(
            language.code(),
            Icon::Languages,
            i.t(Msg::PaletteLanguage { language: &language.label(i) }),
            None,
            run,
        ));
    }
    actions.push(item("dark", Icon::Moon, i.t(Msg::PaletteDark), None, change(|s| s.theme = Theme::Dark)));
    actions.push(item("light", Icon::Sun, i.t(Msg::PaletteLight), None, change(|s| s.theme = Theme::Light)));
    actions.push(item("sign-out", Icon::LogOut, i.t(Msg::NavSignOut), None, sign_out));

    let only_actions = needle.strip_prefix('>').map(str::trim);
    let groups = if let Some(needle) = only_actions {
        vec![CommandGroup { title: i.t(Msg::PaletteActions), items: named(needle, actions) }]
    } else {
        let page = |(key, icon, label, route): (&str, Icon, Msg<'_>, Route)| {
            item(key, icon, i.t(label), Some(route), Callback::noop())
        };
        let recent = recent().into_iter().filter(|_| needle.is_empty()).map(|recent| {
            let to = Some(Route::Customer { id: recent.id });
            let (_, line) =
                item(&recent.id.to_string(), Icon::History, recent.name.into(), to, Callback::noop());
            CommandItem { note: recent.customer_no.into(), ..line }
        });
        vec![
            CommandGroup { title: i.t(Msg::PaletteRecent), items: recent.collect() },
            CommandGroup {
                title: i.t(Msg::NavCustomers),
                items: found
                    .iter()
                    .filter_map(|found| found.customers.as_ref())
                    .flat_map(|list| list.iter())
                    .map(customer)
                    .collect(),
            },
            CommandGroup {
                title: i.t(Msg::PalettePages),
                items: named(&needle, pages.into_iter().map(page)),
            },
            CommandGroup { title: i.t(Msg::PaletteActions), items: named(&needle, actions) },
        ]
    };
    let pending = is_looked_for(&text) && found.as_ref().is_none_or(|found| found.by != *text);
    let failed = !pending && found.as_ref().is_some_and(|found| found.customers.is_none());
    let nothing = match (failed, needle.chars().count() < LEAST, !pending) {
        (true, ..) => Msg::PaletteFailed,
        (_, true, _) => Msg::PaletteShort,
        (_, _, true) => Msg::PaletteNothing,
        _ => Msg::CommonLoading,
    };
    html! {
        <CommandPalette placeholder={i.t(Msg::PalettePlaceholder)} {groups} nothing={i.t(nothing)} {pending} {failed} {onsearch} onclose={props.onclose.clone()} />
    }
}

/// A name with the part that was typed set off.
fn marked(name: &str, typed: &str) -> Html {
    let lower = name.to_lowercase();
    let found = lower.find(&typed.to_lowercase()).filter(|_| lower.len() == name.len() && !typed.is_empty());
    let parts = found.and_then(|at| {
        Some((name.get(..at)?, name.get(at..at + typed.len())?, name.get(at + typed.len()..)?))
    });
    match parts {
        Some((before, hit, after)) => {
            html! { <>{ before.to_owned() }<mark>{ hit.to_owned() }</mark>{ after.to_owned() }</> }
        }
        None => html! { { name.to_owned() } },
    }
}

/// The lines whose name has the text, those first that begin with it.
fn named(needle: &str, lines: impl IntoIterator<Item = (AttrValue, CommandItem)>) -> Vec<CommandItem> {
    let mut found: Vec<(usize, CommandItem)> = lines
        .into_iter()
        .filter_map(|(name, item)| name.to_lowercase().find(needle).map(|at| (at.min(1), item)))
        .collect();
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, item)| item).collect()
}
